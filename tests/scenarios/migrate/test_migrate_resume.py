"""Files outside a transaction that are cut off: the next run looks what is there, goes on, and ends as one undisturbed."""

import json
import signal

import pytest

from rig import postgres
from rig.base import wait_until
from rig.dump import dump
from rig.migrations import Holder, events, failure, history

# A statement of the steps that waits while there is a row in gate: (n, state) of version 0002.
GATE = (
    "CREATE TABLE gate (n int, state text)",
    "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN WHILE EXISTS (SELECT FROM gate g WHERE g.n = NEW.n AND"
    " g.state = NEW.state AND NEW.version = '0002') LOOP PERFORM pg_sleep(0.02); END LOOP; RETURN NEW; END$$",
    "CREATE TRIGGER wait BEFORE INSERT OR UPDATE ON schema_history_step FOR EACH ROW EXECUTE FUNCTION wait()",
)
UNGATE = ("DROP TRIGGER wait ON schema_history_step", "DROP FUNCTION wait()", "DROP TABLE gate")

TABLES = "CREATE TABLE a (i int, j int, k int);\nINSERT INTO a SELECT n, n, n FROM generate_series(1, 100) n;\n"
THREE = "".join(f"CREATE INDEX CONCURRENTLY a_{c} ON a ({c});\n" for c in "ijk")


@pytest.fixture
def begun(up, files, pg):
    """The table, and the table of steps."""
    files("0001_a.sql", "-- migrate: transaction=off\n" + TABLES)
    assert up().status == 0


def steps(pg):
    return pg.psql("SELECT n, state FROM schema_history_step ORDER BY n").split()


def building(pg, n=1):
    return pg.sessions("state = 'active' AND query LIKE 'CREATE INDEX%'") >= n


def gone(pg):
    wait_until(lambda: pg.sessions("application_name LIKE 'migrate %'") == 0, 15, "no backend is left")


def undisturbed(run, files, pg):
    """The dump of a run that nothing disturbs, in a database of its own."""
    other = postgres.Database(pg.server, pg.name + "_x")
    try:
        assert run("migrate", "up", "--dir", files, env={"DATABASE_URL": other.url}).status == 0
        return dump(other)
    finally:
        other.drop()


# --- Killed ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("moment", ["intent", "inside", "done"])
def test_killed(run, start, up, files, pg, begun, n, moment):
    """kill -9 before, inside and after each of three CREATE INDEX CONCURRENTLY."""
    files("0002_three.sql", THREE)
    pg.psql(*GATE)
    column = "ijk"[n - 1]
    # CONCURRENTLY waits for whoever has written; the statements before it must not: inside begins with a wait for the intent, too.
    pg.psql(f"INSERT INTO gate VALUES ({n}, '{'intent' if moment == 'inside' else moment}')")
    process = start("migrate", "up", "--dir", files, env={"DATABASE_URL": pg.url})
    at_step = "state = 'active' AND query LIKE '%schema_history_step%' AND wait_event = 'PgSleep'"
    wait_until(lambda: pg.sessions(at_step) == 1, 20, "the step waits")
    if moment == "inside":
        with Holder(pg, "UPDATE a SET i = i WHERE i = 1;"):
            pg.psql("DELETE FROM gate")
            wait_until(lambda: building(pg), 20, "it builds")
            process.send_signal(signal.SIGKILL)
            process.wait()
            assert pg.psql(f"SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_{column}'::regclass") == "f"
            wait_until(lambda: not building(pg), 15, "the server has noticed")
    else:
        process.send_signal(signal.SIGKILL)
        process.wait()
    gone(pg)
    pg.psql("DELETE FROM gate")
    assert steps(pg) == [f"{i}|done" for i in range(1, n)] + ([] if moment == "intent" else [f"{n}|intent"])
    result = up()
    assert result.status == 0, result.output
    wanted = {"intent": [], "inside": ["drop"], "done": ["done"]}[moment]
    assert [r["action"] for r in events(result, "resume")] == wanted
    assert steps(pg) == []
    pg.psql(*UNGATE)
    assert dump(pg) == undisturbed(run, files, pg)


@pytest.mark.parametrize("moment", ["inside", "done"])
def test_the_server_is_killed(run, start, files, pg_server, moment):
    """kill -9 of the postmaster in the second statement, and after it."""
    server = pg_server()
    pg = postgres.Database(server, "shop")
    files("0001_a.sql", "-- migrate: transaction=off\n" + TABLES)
    env = {"DATABASE_URL": pg.url}
    assert run("migrate", "up", "--dir", files, env=env).status == 0
    files("0002_three.sql", THREE)
    pg.psql(*GATE, f"INSERT INTO gate VALUES (2, '{'intent' if moment == 'inside' else 'done'}')")
    process = start("migrate", "up", "--dir", files, env=env)
    wait_until(lambda: pg.sessions("wait_event = 'PgSleep'") == 1, 20, "the step waits")
    if moment == "inside":
        holder = Holder(pg, "UPDATE a SET i = i WHERE i = 1;").__enter__()
        pg.psql("DELETE FROM gate")
        wait_until(lambda: building(pg), 20, "it builds")
    server.sigkill()
    assert process.wait().status == 10
    server.start()
    if moment == "inside":
        holder.process.kill()
        holder.process.wait()
    assert steps(pg) == ["1|done", "2|intent"]
    pg.psql("TRUNCATE gate")
    result = run("migrate", "up", "--dir", files, env=env)
    assert result.status == 0, result.output
    assert [r["action"] for r in events(result, "resume")] == ["drop" if moment == "inside" else "done"]
    pg.psql(*UNGATE)
    assert dump(pg) == undisturbed(run, files, pg)


# --- Refused --------------------------------------------------------------------------------------------------------------


def test_a_duplicate_key_that_is_mended(run, up, files, pg, begun):
    """CREATE UNIQUE INDEX CONCURRENTLY fails, the data are mended, and the next start needs no word."""
    pg.psql("INSERT INTO a VALUES (1, 1, 1)")
    files("0002_u.sql", "CREATE INDEX CONCURRENTLY a_j ON a (j);\nCREATE UNIQUE INDEX CONCURRENTLY a_u ON a (i);\nVACUUM a;\n")
    result = up()
    assert (result.status, failure(result)["sqlstate"], failure(result)["line"]) == (24, "23505", 2), result.output
    assert pg.psql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_u'::regclass") == "f"
    assert steps(pg) == ["1|done", "2|refused"]
    again = up()
    assert again.status == 24 and [r["action"] for r in events(again, "resume")] == ["drop"]
    pg.psql("DELETE FROM a WHERE ctid = (SELECT max(ctid) FROM a)")
    mended = up()
    assert mended.status == 0, mended.output
    assert [r["action"] for r in events(mended, "resume")] == ["drop"]
    assert dump(pg) == undisturbed(run, files, pg)


def test_status_shows_how_far_it_came(up, files, pg, begun):
    files("0002_u.sql", "VACUUM;\nCREATE INDEX CONCURRENTLY x ON a (nix);\nVACUUM;\n")
    assert up().status == 24
    shown = json.loads(up("--json", command="status").stdout)["migrations"][1]
    assert (shown["state"], shown["statements"], shown["statements_done"], shown["statement_begun"]) == ("pending", 3, 1, 2)
    assert "1 of 3 statements done" in up(command="status").stdout


def test_status_shows_what_is_half_undone(up, files, pg, begun):
    """Its row is there, so it counts as applied; but down has done a part of its way back."""
    files("0002_u.up.sql", "CREATE INDEX CONCURRENTLY x ON a (i);\n")
    files("0002_u.down.sql", "DROP INDEX CONCURRENTLY x;\nCREATE INDEX CONCURRENTLY y ON a (nix);\n")
    assert up().status == 0
    assert up("--steps=1", command="down").status == 24
    shown = json.loads(up("--json", command="status").stdout)["migrations"][1]
    assert (shown["state"], shown["undo_statements_done"]) == ("applied", 1) and "statements_done" not in shown
    assert "partly undone" in up(command="status").stdout
    files("0003_v.sql", "SELECT 1;\n")
    for more in ([], [], ["--json"]):  # with something to do, with nothing, as an object
        result = up(*more)
        said = events(result, "half_undone")
        assert result.status == 0 and [(r["level"], r["version"], r["done"]) for r in said][0] == ("warn", "0002", 1), result.output
        assert "migrate down --to 0001 " in said[0]["msg"]
    assert json.loads(result.stdout)["half_undone"] == ["0002"]
    files("0002_u.down.sql", "DROP INDEX CONCURRENTLY x;\nCREATE INDEX CONCURRENTLY y ON a (i);\n")
    files("0003_v.down.sql", "SELECT 1;\n")
    assert up("--to=0001", command="down").status == 0
    assert not events(up(), "half_undone")


@pytest.mark.parametrize("apart", ["", "COPY a FROM STDIN;\n3\t3\t3\n\\.\n"])
def test_what_is_deferred_to_commit(up, files, pg, apart):
    """The statement is named, not the table of steps, and nothing of it stays."""
    files("0001_a.sql", "CREATE TABLE a (i int UNIQUE DEFERRABLE INITIALLY DEFERRED, j int, k int);\nINSERT INTO a VALUES (3, 3, 3);\n")
    files("0002_u.sql", "-- migrate: transaction=off\nVACUUM a;\n" + (apart or "INSERT INTO a VALUES (3, 3, 3);\n"))
    result = up()
    said = failure(result)
    assert (result.status, said["sqlstate"], said["line"]) == (24, "23505", 3) and "at COMMIT" in said["msg"], result.output
    assert "_step" not in said["msg"] and steps(pg) == ["1|done"]
    pg.psql("DELETE FROM a")
    assert up().status == 0 and pg.psql("SELECT count(*) FROM a") == "1"


def test_an_edited_file(up, files, pg, begun):
    """What is done must stay as it is, but for comments; what is not done may be mended."""
    files("0002_u.sql", "CREATE TABLE b (i int);\nVACUUM;\nCREATE INDEX CONCURRENTLY x ON b (nix);\n")
    assert up().status == 24
    files("0002_u.sql", "CREATE TABLE b (i bigint);\nVACUUM;\nCREATE INDEX CONCURRENTLY x ON b (i);\n")
    result = up()
    said = failure(result)
    assert (result.status, said["line"]) == (21, 1) and "statement 1 of 3" in said["msg"], result.output
    files("0002_u.sql", "CREATE TABLE b (i int);\n")
    result = up()
    assert result.status == 21 and "executed statement 2" in failure(result)["msg"]
    files("0002_u.sql", "-- a comment\nCREATE TABLE  b (i int /* here */);\nVACUUM;\nCREATE INDEX CONCURRENTLY x ON b (i);\n")
    result = up()
    assert result.status == 0, result.output
    assert history(pg) == ["0001", "0002"]


def test_a_file_that_is_mended_into_one_of_a_transaction(up, files, pg, begun):
    """It ends where it began: what is done is not done again."""
    files("0002_u.sql", "CREATE TABLE b (i int);\nCREATE INDEX CONCURRENTLY x ON b (nix);\n")
    assert up().status == 24
    files("0002_u.sql", "CREATE TABLE b (i int);\nCREATE INDEX x ON b (i);\n")
    result = up()
    assert result.status == 0, result.output
    assert pg.psql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'x'::regclass") == "t"


# --- Kinds ----------------------------------------------------------------------------------------------------------------


def cut_off(pg, start, files, text, n=1):
    """The file is killed when statement n is done, and not yet said to be."""
    files("0002_x.sql", text)
    pg.psql(*GATE, f"INSERT INTO gate VALUES ({n}, 'done')")
    process = start("migrate", "up", "--dir", files, env={"DATABASE_URL": pg.url})
    wait_until(lambda: pg.sessions("wait_event = 'PgSleep' AND query LIKE '%schema_history_step%'") == 1, 20, "the step waits")
    process.send_signal(signal.SIGKILL)
    process.wait()
    gone(pg)
    pg.psql(*UNGATE)


@pytest.mark.parametrize("before, text, action", [
    ("", "CREATE INDEX CONCURRENTLY ON a (i);\n", "done"),
    ("CREATE INDEX x ON a (i)", "DROP INDEX CONCURRENTLY x;\n", "done"),
    ("", "VACUUM a;\n", "again"),
    ("CREATE INDEX x ON a (i)", "REINDEX TABLE CONCURRENTLY a;\n", "again"),
    ("CREATE TABLE p (i int) PARTITION BY LIST (i); CREATE TABLE q PARTITION OF p FOR VALUES IN (1)",
     "ALTER TABLE p DETACH PARTITION q CONCURRENTLY;\n", "done"),
], ids=["unnamed", "drop", "vacuum", "reindex", "detach"])
def test_a_statement_that_was_done(run, start, up, files, pg, begun, before, text, action):
    if before:
        pg.psql(before)
    cut_off(pg, start, files, text)
    result = up()
    assert result.status == 0, result.output
    assert [r["action"] for r in events(result, "resume")] == [action]
    assert history(pg) == ["0001", "0002"] and steps(pg) == []


def test_a_partition_that_is_half_detached(start, up, files, pg, begun):
    pg.psql("CREATE TABLE p (i int) PARTITION BY LIST (i)", "CREATE TABLE q PARTITION OF p FOR VALUES IN (1)")
    files("0002_d.sql", "ALTER TABLE p DETACH PARTITION q CONCURRENTLY;\n")
    with Holder(pg, "LOCK TABLE p IN ACCESS SHARE MODE;"):
        process = start("migrate", "up", "--dir", files, env={"DATABASE_URL": pg.url})
        wait_until(lambda: pg.psql("SELECT count(*) FROM pg_inherits WHERE inhdetachpending") == "1", 20, "half of it is done")
        process.send_signal(signal.SIGKILL)
        process.wait()
        gone(pg)
    result = up()
    assert result.status == 0, result.output
    assert [r["action"] for r in events(result, "resume")] == ["finalize"]
    assert pg.psql("SELECT count(*) FROM pg_inherits") == "0"


def test_the_remains_of_reindex(start, up, files, pg, begun):
    pg.psql("CREATE INDEX x ON a (i)")
    files("0002_r.sql", "REINDEX INDEX CONCURRENTLY x;\n")
    with Holder(pg, "UPDATE a SET i = i WHERE i = 1;"):
        process = start("migrate", "up", "--dir", files, env={"DATABASE_URL": pg.url})
        wait_until(lambda: pg.psql("SELECT count(*) FROM pg_class WHERE relname = 'x_ccnew'") == "1", 20, "it builds")
        process.send_signal(signal.SIGKILL)
        process.wait()
        gone(pg)
    result = up()
    assert result.status == 0, result.output
    assert [r["action"] for r in events(result, "resume")] == ["drop"]
    assert pg.psql("SELECT string_agg(relname, ',') FROM pg_class WHERE relname LIKE 'x%'") == "x"


PROCEDURE = "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$BEGIN INSERT INTO a VALUES (-1); COMMIT; INSERT INTO a VALUES (-2); END$$"


def test_what_nobody_can_know(start, up, files, pg, begun):
    """A CALL that commits stops with 24, and says how to say that it is done."""
    pg.psql(PROCEDURE)
    cut_off(pg, start, files, "CALL p();\n")
    result = up()
    said = failure(result)
    assert (result.status, said["line"]) == (24, 1), result.output
    assert "cannot be determined" in said["msg"] and "SET state = 'done'" in said["hint"] and "DELETE FROM" in said["hint"]
    word = said["hint"].split("record that: ")[1].split(";")[0]
    pg.psql(word)
    assert up().status == 0
    assert pg.psql("SELECT count(*) FROM a WHERE i < 0") == "2"


def test_settings_of_the_session_are_said_again(up, files, pg, begun):
    """SET in what is done holds for what is not, in the session of the next run."""
    pg.psql("CREATE SCHEMA s", "CREATE TABLE s.t (i int)", "INSERT INTO s.t VALUES (1), (1)")
    files("0002_s.sql", "SET search_path TO s;\nSET client_encoding TO LATIN1;\nCREATE UNIQUE INDEX CONCURRENTLY u ON t (i);\n"
                        "CREATE TABLE made AS SELECT current_setting('client_encoding');\n")
    assert up().status == 24
    pg.psql("TRUNCATE s.t")
    result = up()
    assert result.status == 0, result.output
    assert pg.psql("TABLE s.made") == "LATIN1"


def test_a_role_that_the_file_takes(up, files, pg, begun):
    """SET ROLE holds from statement to statement, and does not keep the steps from being written."""
    pg.psql("CREATE ROLE weak", "GRANT weak TO app", user="postgres")
    try:
        files("0002_r.sql", "SET ROLE weak;\nVACUUM;\nCREATE TEMP TABLE who AS SELECT current_user;\nRESET ROLE;\nCREATE TABLE w AS TABLE who;\n")
        result = up()
        assert result.status in (0, 24), result.output
        files("0002_r.sql", "SET ROLE weak;\nVACUUM;\nSET ROLE app;\nCREATE TABLE w AS SELECT current_user;\n")
        pg.psql("DELETE FROM schema_history_step", "DELETE FROM schema_history WHERE version = '0002'", "DROP TABLE IF EXISTS w")
        assert up().status == 0
        assert pg.psql("TABLE w") == "app"
    finally:
        pg.psql("DROP OWNED BY weak", "DROP ROLE weak", user="postgres", check=False)


def test_nothing_runs_that_could_not_be_recorded(up, files, pg, begun):
    """The table of steps is somebody else's: not a statement is run."""
    pg.psql("DROP TABLE schema_history_step", "CREATE TABLE schema_history_step (i int)")
    files("0002_x.sql", "CREATE INDEX CONCURRENTLY x ON a (i);\n")
    result = up()
    assert result.status == 23 and "schema_history_step" in failure(result)["msg"], result.output
    pg.psql("DROP TABLE schema_history_step", "CREATE TABLE schema_history_step (version text, n int, sha256 bytea, pid int,"
            " backend_start timestamptz, state text, indexes oid[])")
    result = up()
    assert result.status == 20, result.output
    assert pg.psql("SELECT to_regclass('x') IS NULL") == "t"


def test_a_step_that_is_refused(up, files, pg, begun):
    """It is no fault of the statement that travels with it, which is undone: its line is not named."""
    pg.psql("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'no step today'; END$$",
            "CREATE TRIGGER refuse BEFORE INSERT ON schema_history_step FOR EACH ROW WHEN (NEW.n = 2) EXECUTE FUNCTION refuse()")
    files("0002_x.sql", "VACUUM a;\nCREATE TABLE x (i int);\nCREATE INDEX CONCURRENTLY y ON a (i);\n" + 4 * "SELECT 1;\n")
    result = up()
    said = failure(result)
    assert (said["file"], said.get("line")) == ("0002_x.sql", None), result.output
    assert "schema_history_step" in said["msg"] and "no step today" in said["msg"]
    assert pg.psql("SELECT to_regclass('x') IS NULL AND to_regclass('y') IS NULL") == "t"
    assert steps(pg) == ["1|done"]
    pg.psql("DROP TRIGGER refuse ON schema_history_step")
    assert up().status == 0
