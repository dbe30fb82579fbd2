"""Ten files, disturbed at each step on their way: the next run ends as one that nothing disturbed, with nothing typed.

What is compared is what pg_dump says. Where rows lie in their table may differ, for what was rolled back takes room.
"""

import os
import signal
import subprocess
import threading

import pytest

from rig import postgres
from rig.base import as_server_user, propagation, rounds, unmount, wait_until
from rig.dump import dump
from rig.migrations import events, failure

FILES = {
    "0001_item.sql": "CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL, price numeric);\n"
    "INSERT INTO item SELECT n, 'item ' || n, n FROM generate_series(1, 50) n;\n",
    "0002_log.sql": "CREATE TABLE log (note text);\n"
    "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n  INSERT INTO log (note) VALUES (NEW.name);\n"
    "  RETURN NEW;\nEND;\n$$;\nCREATE TRIGGER note AFTER INSERT ON item FOR EACH ROW EXECUTE FUNCTION note();\n",
    "0003_copy.sql": "COPY item (id, name, price) FROM STDIN;\n" + "".join(f"{n}\tcopied {n}\t1\n" for n in range(60, 90)) + "\\.\n",
    "0004_data.sql": "DO $$ BEGIN FOR n IN 100..120 LOOP INSERT INTO item VALUES (n, 'made ' || n, n); END LOOP; END $$;\n",
    "0005_index.sql": "CREATE INDEX CONCURRENTLY item_name ON item (name);\n"
    "UPDATE item SET price = price + 1;\nCREATE INDEX CONCURRENTLY item_price ON item (price);\n",
    "0006_kind.sql": "CREATE TYPE kind AS ENUM ('a', 'b');\nALTER TABLE item ADD COLUMN kind kind NOT NULL DEFAULT 'a';\n",
    "0007_parts.sql": "CREATE TABLE part (at int, n int) PARTITION BY RANGE (at);\n"
    "CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (10);\nINSERT INTO part VALUES (1, 1), (2, 2);\n",
    "0008_view.sql": "CREATE VIEW dear AS SELECT id, name FROM item WHERE price > 100;\nUPDATE part SET n = n + 1;\n",
    "0009_swap.sql": "CREATE UNIQUE INDEX CONCURRENTLY log_note ON log (note);\nDROP INDEX CONCURRENTLY item_name;\n"
    "ALTER TYPE kind ADD VALUE 'c';\n",
    "0010_end.sql": "BEGIN;\nUPDATE item SET kind = 'b' WHERE id = 1;\nUPDATE log SET note = note || '.';\nCOMMIT;\n",
}
# What a run may end with that was disturbed: done, unreachable, and those that say that another start helps.
CUT = (0, 10)


@pytest.fixture
def ten(files):
    for name, text in FILES.items():
        files(name, text)
    return files


class Trial:
    """Fresh databases of one server, and what an undisturbed run makes of one."""

    def __init__(self, run, server, ten, line):
        self.run = run
        self.server = server
        self.ten = ten
        self.line = line
        self.made = 0
        self.wanted = None
        self.through = None
        self.counts = None

    def database(self):
        self.made += 1
        database = postgres.Database(self.server, f"converge_{os.getpid()}_{self.made}")
        self.through = {"DATABASE_URL": database.url_with(port=self.line.port, sslmode="disable")}
        return database

    def undisturbed(self):
        """Also counts the messages."""
        database = self.database()
        self.line.at_message(0, "client", None)
        done = self.run("migrate", "up", "--dir", self.ten, env=self.through)
        assert done.status == 0, done.output
        self.counts = dict(self.line.messages)
        self.wanted = dump(database)
        database.drop()

    def places(self, side, full, smoke):
        """Numbers of messages, from the first to the last, evenly."""
        total = self.counts[side]
        n = min(rounds(total if full is None else full, smoke), total)
        return [1 + i * (total - 1) // max(n - 1, 1) for i in range(n)]

    def converges(self, database, what):
        wait_until(lambda: database.sessions("application_name LIKE 'migrate %'") == 0, 15, "no backend is left")
        after = self.run("migrate", "up", "--dir", self.ten, "--log-level=debug", env={"DATABASE_URL": database.url})
        assert after.status == 0, (what, after.output)
        assert dump(database) == self.wanted, what
        status = self.run("migrate", "status", "--exit-code", "--dir", self.ten, env={"DATABASE_URL": database.url})
        assert status.status == 0, (what, status.output)
        database.drop()


@pytest.fixture
def trial(run, pg, ten, proxy):
    made = Trial(run, pg.server, ten, proxy(pg))
    made.undisturbed()
    return made


@pytest.mark.parametrize("side", ["client", "server"])
def test_cut_at_a_message(trial, run, ten, side):
    """The connection is lost before the n-th message of either side, whatever it is."""
    for n in trial.places(side, None, 6):
        database = trial.database()
        trial.line.at_message(n, side, lambda: False)
        cut = run("migrate", "up", "--dir", ten, "--wait=0", env=trial.through)
        assert cut.status in CUT, (side, n, cut.output)
        trial.converges(database, (side, n, cut.output))


@pytest.mark.parametrize("side", ["client", "server"])
def test_killed_at_a_message(trial, start, ten, side):
    """kill -9 before the n-th message goes on its way: between two statements (client), within one or behind it (server)."""
    for n in trial.places(side, None, 5):
        database = trial.database()
        process = []

        def kill():
            wait_until(lambda: process, 5, "the process is known")
            process[0].send_signal(signal.SIGKILL)
            return True

        trial.line.at_message(n, side, kill)
        process.append(start("migrate", "up", "--dir", ten, env=trial.through))
        assert process[0].wait().status in (-signal.SIGKILL, 0)
        trial.converges(database, (side, n))


def test_the_server_dies_at_a_message(run, pg_server, ten, proxy):
    """The whole server is killed and started again, before the n-th message of the client."""
    server = pg_server(fsync="off")
    line = proxy(server)
    trial = Trial(run, server, ten, line)
    trial.undisturbed()

    again = threading.Event()

    def restart():
        server.sigkill()
        server.start()
        again.set()
        return False

    for n in trial.places("client", 40, 3):
        database = trial.database()
        again.clear()
        line.at_message(n, "client", restart)
        cut = run("migrate", "up", "--dir", ten, "--wait=20s", env=trial.through)
        assert again.wait(30)
        assert cut.status in CUT, (n, cut.output)
        trial.converges(database, (n, cut.output))


def test_idle_in_transaction(run, up, files, pg):
    """The server ends sessions that are idle in a transaction, and ours is, for an instant, between two statements."""
    pg.server.psql(f"ALTER DATABASE {pg.name} SET idle_in_transaction_session_timeout = '1ms'")
    for name, text in FILES.items():
        files(name, text)
    assert up().status == 0
    assert up().status == 0
    other = postgres.Database(pg.server, pg.name + "_x")
    try:
        assert run("migrate", "up", "--dir", files, env={"DATABASE_URL": other.url}).status == 0
        assert dump(pg) == dump(other)
    finally:
        other.drop()


def test_a_script_that_commits(up, files, pg):
    """It is refused before anything runs; mended, all of it runs."""
    files("0001_a.sql", "CREATE TABLE a (i int);\nINSERT INTO a VALUES (1);\nCOMMIT;\nINSERT INTO a VALUES (2);\n")
    refused = up()
    assert refused.status == 23, refused.output
    assert failure(refused)["line"] == 3
    assert pg.psql("SELECT to_regclass('a') IS NULL") == "t"
    files("0001_a.sql", "CREATE TABLE a (i int);\nINSERT INTO a VALUES (1);\nINSERT INTO a VALUES (2);\n")
    assert up().status == 0
    assert pg.psql("SELECT count(*) FROM a") == "2"


# --- A full disk ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(pg_server, new_dir):
    """A server with a table space of 4 MiB, in a mount namespace of its own; grow() makes room."""
    if os.geteuid() != 0:
        pytest.skip("needs root: a file system of its own for the server")
    where = new_dir()
    server = pg_server(start=False)
    mount = 'mount -t tmpfs -o size=4m,mode=0777 small "$0" && exec "$@"'
    server.before = ("unshare", "--mount", "--propagation", propagation(), "sh", "-c", mount, str(where))
    server.start().create_app()
    inside = ["nsenter", "--mount", "--root", "--target", str(server.daemon.pid), "--wd=/"]
    subprocess.run([*inside, *as_server_user(["mkdir", "-m", "700", f"{where}/space"])], check=True)
    server.psql(f"CREATE TABLESPACE small LOCATION '{where}/space'", "GRANT CREATE ON TABLESPACE small TO app")
    grow = [*inside, "mount", "-o", "remount,size=64m", str(where)]
    yield server, lambda: subprocess.run(grow, check=True)
    unmount(where)


@pytest.mark.parametrize("outside", [False, True], ids=["transaction", "outside"])
def test_the_disk_is_full(run, ten, small_disk, outside):
    """53100 within a file: what ran of it is rolled back, or stays and is known; with room again the rest runs."""
    server, grow = small_disk
    head = "-- migrate: transaction=off\n" if outside else ""
    fill = "INSERT INTO fat SELECT n, repeat(md5(n::text), 30) FROM generate_series(1, 8000) n;\n"
    ten("0011_fat.sql", head + "CREATE TABLE fat (n int, t text) TABLESPACE small;\n" + fill + "INSERT INTO fat VALUES (0, 'last');\n")
    database = postgres.Database(server, "disk_full")
    env = {"DATABASE_URL": database.url}
    full = run("migrate", "up", "--dir", ten, env=env)
    assert full.status == (24 if outside else 20), full.output
    assert (failure(full)["sqlstate"], failure(full)["file"], failure(full)["line"]) == ("53100", "0011_fat.sql", 2 + outside)
    assert len(events(full, "applied")) == 10
    grow()
    after = run("migrate", "up", "--dir", ten, env=env)
    assert after.status == 0, after.output
    assert database.psql("SELECT count(*), count(DISTINCT n) FROM fat") == "8001|8001"
