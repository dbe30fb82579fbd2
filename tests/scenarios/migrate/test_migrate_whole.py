"""A small file travels whole: from BEGIN to COMMIT in one message. What is said of it is what was said statement by statement."""

import re
import signal
import threading

import pytest

from rig.base import rounds, wait_until
from rig.migrations import Holder, events, failure, history

THREE = "CREATE TABLE {0} (id int PRIMARY KEY, name text);\nINSERT INTO {0} VALUES (1, 'one');\nCREATE INDEX {0}_name ON {0} (name);\n"
# Nothing of it talks, so that the file travels whole, and it takes its time.
SLOW_TABLE = "CREATE TABLE slow AS SELECT 1 AS i FROM pg_sleep({});\n"


@pytest.fixture
def through(pg, proxy):
    """A line to the server, and the URL of migrate's way over it."""
    line = proxy(pg)
    line.url = pg.url_with(port=line.port, sslmode="disable")
    return line


def slow(pg):
    return pg.sessions("wait_event = 'PgSleep' AND query LIKE 'BEGIN;%pg_sleep(%'")


def tables(pg):
    return pg.psql("SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class WHERE relkind = 'r' AND relname IN ('a', 'b', 'slow')")


def messages_of(up, pg, files, through, names):
    """How many messages migrate sends for these files."""
    pg.psql("DROP SCHEMA public CASCADE", "CREATE SCHEMA public AUTHORIZATION app", user="postgres")
    for name in names:
        files(f"00{name}_x.sql", THREE.format("t" + name))
    through.at_message(0, "client", None)
    assert up(url=through.url).status == 0
    return through.messages["client"]


def test_one_message_a_file(up, pg, files, through):
    few = messages_of(up, pg, files, through, ["10", "11"])
    many = messages_of(up, pg, files, through, [str(n) for n in range(10, 20)])
    assert many - few == 8
    assert len(history(pg)) == 10 and pg.psql("SELECT count(*) FROM t19") == "1"


def test_the_limits(up, pg, files, through):
    """A larger file, more statements, and one that may say something: more messages, the same result."""
    few = messages_of(up, pg, files, through, ["10", "11"])
    files("0020_many.sql", "CREATE TABLE many (i int);\n" + "INSERT INTO many VALUES (1);\n" * 100)
    files("0021_large.sql", "INSERT INTO many VALUES (length('" + "x" * 16384 + "'));\n")
    files("0022_says.sql", "INSERT INTO many VALUES (3);\nDROP TABLE IF EXISTS nothing;\n")
    pg.psql("DROP SCHEMA public CASCADE", "CREATE SCHEMA public AUTHORIZATION app", user="postgres")
    through.at_message(0, "client", None)
    result = up(url=through.url)
    assert result.status == 0, result.output
    assert through.messages["client"] - few >= 6
    assert [r["line"] for r in events(result, "notice")] == [2]
    assert pg.psql("SELECT count(*), max(i) FROM many") == "102|16384"


# --- Places -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "third, sqlstate, column",
    [
        ("INSERT INTO a VALUES ('ü', 1/0)", "22012", 1),
        ("INSERT INTO a (/* üü */ nix) VALUES (1)", "42703", 25),
        ("CREATE TABLE a (i int)", "42P07", 1),
        ("CREATE TABLE b (i int prymary key)", "42601", 23),
        ("COMMENT ON TABLE ä IS 'x'", "42P01", 1),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_an_error_names_its_line(up, pg, files, third, sqlstate, column, newline):
    """In the third statement, on line 5, as it would be by itself."""
    text = f"-- über\nCREATE TABLE a (t text, i int);\nINSERT INTO a VALUES ('äöü', 1);\n\n{third};\nCREATE TABLE b ();\n"
    files("0001_a.sql", text.replace("\n", newline))
    result = up()
    assert result.status == 20, result.output
    said = failure(result)
    assert (said["file"], said["line"], said["column"], said["sqlstate"]) == ("0001_a.sql", 5, column, sqlstate), said
    assert tables(pg) == "" and history(pg) == []
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    assert up().status == 0 and history(pg) == ["0001"]


def test_a_constraint_that_is_deferred(up, pg, files):
    files("0001_a.sql", "CREATE TABLE a (i int PRIMARY KEY, j int REFERENCES a DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO a VALUES (1, 2);\n")
    result = up()
    assert (result.status, failure(result)["sqlstate"]) == (20, "23503"), result.output
    assert ": at COMMIT: " in failure(result)["msg"] and failure(result)["file"] == "0001_a.sql"
    assert tables(pg) == "" and history(pg) == []


def test_a_row_that_is_suppressed(up, pg, files):
    """The row and what it stands for come together, or not at all."""
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    assert up().status == 0
    pg.psql("CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$",
            "CREATE TRIGGER no BEFORE INSERT ON schema_history FOR EACH ROW EXECUTE FUNCTION no()")
    files("0002_b.sql", "CREATE TABLE b (i int);\n")
    result = up()
    assert result.status == 20 and "suppressed the row" in failure(result)["msg"], result.output
    assert tables(pg) == "a"


def test_a_lock_that_is_released(up, pg, files):
    """The proof of the lock travels with the file: it is rolled back, and the line is named."""
    files("0001_a.sql", "CREATE TABLE a (i int);\nCREATE TABLE b AS SELECT pg_advisory_unlock_all()::text;\n")
    result = up()
    assert (result.status, failure(result)["line"]) == (23, 2), result.output
    assert "released migrate's lock" in failure(result)["msg"]
    assert tables(pg) == "" and history(pg) == []


def test_notices(up, pg, files):
    """What a statement says carries its line, and what is said at COMMIT carries none."""
    say = "RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE NOTICE '%', TG_ARGV[0]; RETURN NULL; END$$"
    pg.psql("CREATE TABLE a (i int)", f"CREATE FUNCTION say() {say}",
            "CREATE TRIGGER now AFTER INSERT ON a FOR EACH ROW EXECUTE FUNCTION say('now')",
            "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON a DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION say('late')")
    files("0001_a.sql", "\nINSERT INTO a VALUES (1);\nCREATE TABLE b (i int);\n")
    result = up()
    assert result.status == 0, result.output
    assert [(r["line"], re.sub(".*NOTICE: ", "", r["msg"])) for r in events(result, "notice")] == [(2, "now"), (0, "late")]


@pytest.mark.parametrize("layout, column, unit", [("native", "duration_ms", 1), ("flyway", "execution_time", 1), ("sqlx", "execution_time", 10**6)])
def test_how_long_it_took(up, pg, files, layout, column, unit):
    """The row is written by the message that runs the file: the server says how long it has run by then."""
    files("V1__a.sql" if layout == "flyway" else "0001_a.sql", SLOW_TABLE.format(0.5))
    result = up("--layout", layout)
    assert result.status == 0, result.output
    table = {"native": "schema_history", "flyway": "flyway_schema_history", "sqlx": "_sqlx_migrations"}[layout]
    took = int(pg.psql(f"SELECT {column} FROM {table} ORDER BY {column} DESC LIMIT 1")) / unit
    assert 500 <= took <= events(result, "applied")[0]["duration_ms"]


def test_the_way_back(up, pg, files):
    files("0001_a.up.sql", THREE.format("a"))
    files("0001_a.down.sql", "DELETE FROM a;\nDROP TABLE a;\n")
    assert up().status == 0
    result = up("--steps", "1", command="down")
    assert result.status == 0, result.output
    assert tables(pg) == "" and history(pg) == []


# --- Time -------------------------------------------------------------------------------------------------------------


def test_a_lock_that_is_waited_for(start, files, pg):
    """lock_timeout within the message: all of it is rolled back and run again."""
    pg.psql("CREATE TABLE a (i int)")
    files("0001_a.sql", "CREATE TABLE b (i int);\nALTER TABLE a ADD COLUMN j int;\nINSERT INTO b VALUES (1);\n")
    with Holder(pg, "LOCK TABLE a IN ACCESS SHARE MODE;"):
        process = start("migrate", "up", "--dir", files, "--lock-timeout", "300ms", env={"DATABASE_URL": pg.url})
        process.wait_for(r'"event":"retry".*\n(.*\n)*.*"event":"retry"')
    result = process.wait()
    assert result.status == 0, result.output
    retries = events(result, "retry")
    assert {r["sqlstate"] for r in retries} == {"55P03"}
    assert events(result, "applied")[0]["attempts"] == len(retries) + 1
    assert pg.psql("SELECT count(*) FROM b") == "1" and history(pg) == ["0001"]


def test_statement_timeout_is_one_for_each(up, pg, files):
    head = "-- migrate: statement_timeout=2s\n"
    files("0001_a.sql", head + SLOW_TABLE.format(1.2) + SLOW_TABLE.format(1.2).replace("slow", "b"))
    assert up().status == 0
    files("0002_b.sql", head + "CREATE TABLE a (i int);\n" + SLOW_TABLE.format(30).replace("slow", "c"))
    result = up()
    assert (result.status, failure(result)["sqlstate"], failure(result)["line"]) == (20, "57014", 3), result.output
    assert tables(pg) == "b,slow"


def test_a_signal(start, files, pg):
    files("0001_a.sql", "CREATE TABLE a (i int);\n" + SLOW_TABLE.format(600))
    process = start("migrate", "up", "--dir", files, env={"DATABASE_URL": pg.url})
    wait_until(lambda: slow(pg) == 1, what="the statement runs")
    process.terminate()
    result = process.wait()
    assert (result.status, failure(result)["line"]) == (13, 2), result.output
    assert slow(pg) == 0 and tables(pg) == "" and history(pg) == []


# --- Lost -------------------------------------------------------------------------------------------------------------


def test_a_backend_that_is_terminated(start, files, pg):
    """The server says so in place of the answer to a statement: COMMIT was not reached, and nothing is tried again."""
    files("0001_a.sql", "CREATE TABLE a (i int);\n" + SLOW_TABLE.format(600))
    process = start("migrate", "up", "--dir", files, env={"DATABASE_URL": pg.url})
    wait_until(lambda: slow(pg) == 1, what="the statement runs")
    pg.terminate("query LIKE 'BEGIN;%pg_sleep(600)%' AND pid <> pg_backend_pid()")
    result = process.wait()
    assert (result.status, failure(result)["line"], failure(result)["sqlstate"]) == (10, 2, "57P01"), result.output
    assert tables(pg) == "" and history(pg) == []


@pytest.mark.parametrize("seconds", [1, 600], ids=["committed", "ended"])
def test_killed_in_the_middle(start, up, files, pg, seconds):
    """The server has all of it: it commits, or finds the client gone; the next run waits for that and knows which."""
    files("0001_a.sql", "CREATE TABLE a (i int);\n" + SLOW_TABLE.format(seconds))
    files("0002_b.sql", "CREATE TABLE b (i int);\n")
    process = start("migrate", "up", "--dir", files, env={"DATABASE_URL": pg.url})
    wait_until(lambda: slow(pg) == 1, what="the statement runs")
    process.send_signal(signal.SIGKILL)
    process.wait()
    files("0001_a.sql", "CREATE TABLE a (i int);\n" + SLOW_TABLE.format(1)) if seconds > 1 else None
    result = up()
    assert result.status == 0, result.output
    assert history(pg) == ["0001", "0002"] and tables(pg) == "a,b,slow"
    assert pg.psql("SELECT count(*) FROM slow") == "1"


def test_cut_in_the_middle(run, files, pg, through):
    """Nobody knows whether it was committed: the history is read again."""
    files("0001_a.sql", "CREATE TABLE a (i int);\n" + SLOW_TABLE.format(1))
    files("0002_b.sql", "CREATE TABLE b (i int);\n")

    def cut():
        wait_until(lambda: slow(pg) == 1, what="the statement runs")
        through.cut(reset=True)

    cutter = threading.Thread(target=cut)
    cutter.start()
    result = run("migrate", "up", "--dir", files, env={"DATABASE_URL": through.url})
    cutter.join()
    assert result.status == 0, result.output
    assert events(result, "commit_lost")[0]["version"] == "0001"
    assert history(pg) == ["0001", "0002"] and tables(pg) == "a,b,slow"


@pytest.mark.parametrize("side", ["client", "server"])
def test_cut_at_every_message(run, up, files, pg, through, side):
    """Whatever was or was not answered: what runs next ends with each file applied once."""
    files("0001_a.sql", "CREATE TABLE a (i int PRIMARY KEY);\nINSERT INTO a VALUES (0);\n")
    files("0002_b.sql", "INSERT INTO a VALUES (1);\nCREATE TABLE b (i int);\nINSERT INTO b SELECT i FROM a;\n")
    files("0003_c.sql", "UPDATE b SET i = i + 10;\n")
    through.at_message(0, side, None)
    assert up(url=through.url).status == 0
    total = through.messages[side]
    every = range(1, total + 1, 1 if side == "client" else max(1, total // rounds(total, 12)))
    for n in every:
        pg.psql("DROP TABLE a, b, schema_history" if pg.psql("SELECT to_regclass('b') IS NOT NULL") == "t" else "DROP TABLE IF EXISTS a, schema_history")
        through.at_message(n, side, lambda: False)
        cut = run("migrate", "up", "--dir", files, "--wait=0", env={"DATABASE_URL": through.url})
        assert cut.status in (0, 10), (n, cut.output)
        wait_until(lambda: pg.sessions("application_name LIKE 'migrate %'") == 0, 15, "no backend is left")
        after = up()
        assert after.status == 0, (n, cut.output, after.output)
        assert history(pg) == ["0001", "0002", "0003"]
        assert pg.psql("SELECT string_agg(i::text, ',' ORDER BY i) FROM b") == "10,11", (n, cut.output)


def test_a_pooler_sees_the_old_way(run, files, pg, pgbouncer):
    """Behind one, what became of a lost connection is harder to know: row, statements and COMMIT travel apart."""
    pooler = pgbouncer(pg, mode="transaction")
    for name in ("a", "b"):
        files(f"000{'ab'.index(name) + 1}_{name}.sql", THREE.format(name))
    result = run("migrate", "up", "--dir", files, env={"DATABASE_URL": pooler.url(pg.name)})
    assert result.status == 0, result.output
    assert tables(pg) == "a,b" and history(pg) == ["0001", "0002"]
    files("0003_c.sql", "INSERT INTO a VALUES (2, 'two');\nINSERT INTO b VALUES (1, 'again');\n")
    refused = run("migrate", "up", "--dir", files, env={"DATABASE_URL": pooler.url(pg.name)})
    assert (refused.status, failure(refused)["line"], failure(refused)["sqlstate"]) == (20, 2, "23505"), refused.output
    assert pg.psql("SELECT count(*) FROM a") == "1"
