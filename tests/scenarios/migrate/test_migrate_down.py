"""migrate down: back by the ways back, each together with its row, whatever happens meanwhile."""

import json
import signal
import threading

import pytest

from rig.base import rounds, wait_until
from rig.migrations import Holder, events, failure, history

SLOW_DELETE = (
    "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM pg_sleep(600); RETURN OLD; END$$",
    "CREATE TRIGGER slow BEFORE DELETE ON schema_history FOR EACH ROW EXECUTE FUNCTION slow()",
)


@pytest.fixture
def down(up):
    """down(*args): migrate down on the directory of the test."""

    def go(*args, **more):
        return up(*args, command="down", **more)

    return go


@pytest.fixture
def three(files, up):
    """0001 to 0003, each a table and its way back; applied."""
    for n, name in enumerate("abc", 1):
        files(f"000{n}_{name}.up.sql", f"CREATE TABLE {name} (i int);\n")
        files(f"000{n}_{name}.down.sql", f"DROP TABLE {name};\n")
    assert up().status == 0


def tables(pg):
    return pg.psql("SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class WHERE relkind = 'r' AND relname IN ('a', 'b', 'c')")


def undone(result):
    return [r["version"] for r in events(result, "undone")]


def in_delete(pg):
    """Backends of migrate that are in the trigger of SLOW_DELETE."""
    return pg.sessions("state = 'active' AND query LIKE 'RESET SESSION%DELETE FROM%COMMIT;%'")


def locks(pg):
    sql = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    return int(pg.psql(sql))


# --- How far ------------------------------------------------------------------------------------------------------------


def test_to_a_version_which_stays(three, down, up, pg):
    result = down("--to", "1")
    assert result.status == 0, result.output
    assert undone(result) == ["0003", "0002"]
    assert [r["version"] for r in events(result, "undoing")] == ["0003", "0002"]
    assert (history(pg), tables(pg)) == (["0001"], "a")
    done = events(result, "done")[0]
    assert (done["outcome"], done["undone"], done["pending"]) == ("done", 2, 2)
    again = down("--to", "0001")
    assert (again.status, events(again, "done")[0]["outcome"]) == (0, "nothing")
    assert up().status == 0
    assert (history(pg), tables(pg)) == (["0001", "0002", "0003"], "a,b,c")


def test_steps(three, down, pg):
    assert undone(down("--steps", "1")) == ["0003"]
    assert undone(down("--steps=7")) == ["0002", "0001"]
    assert (history(pg), tables(pg)) == ([], "")
    assert events(down("--steps=1"), "done")[0]["outcome"] == "nothing"


def test_to_before_the_first(three, down, pg):
    result = down("--to", "0")
    assert (result.status, undone(result), history(pg)) == (0, ["0003", "0002", "0001"], []), result.output


def test_a_version_of_that_name_stays(files, up, down, pg):
    files("0_z.sql", "SELECT 1;\n")
    files("1_a.sql", "CREATE TABLE a (i int);\n")
    files("1_a.down.sql", "DROP TABLE a;\n")
    assert up().status == 0
    assert undone(down("--to", "0")) == ["1"]
    assert history(pg) == ["0"]


@pytest.mark.parametrize("args, says", [
    ([], "--to or --steps is required"),
    (["--to=1", "--steps=1"], "cannot be used together"),
    (["--to=7"], "--to 7: no such version; the nearest is 0004"),
    (["--to=4"], "--to 4: that version is not applied; the highest that is applied is 0003"),
])
def test_how_far_is_said(three, files, down, pg, args, says):
    files("0004_d.sql", "SELECT 1;\n")
    result = down(*args)
    assert result.status == 23, result.output
    assert says in failure(result)["msg"]
    assert history(pg) == ["0001", "0002", "0003"]


def test_never_by_a_variable(three, down, pg):
    """What a Deployment sets for `up` undoes nothing."""
    result = down(env={"MIGRATE_TO": "0001", "MIGRATE_STEPS": "1"})
    assert (result.status, len(history(pg))) == (23, 3), result.output


def test_dry_run(three, down, pg):
    result = down("--steps=2", "--dry-run")
    assert result.status == 0
    assert result.stdout.splitlines() == ["0003\t0003_c.down.sql\t1 statement\ttransaction", "0002\t0002_b.down.sql\t1 statement\ttransaction"]
    assert [r["version"] for r in events(result, "would_undo")] == ["0003", "0002"]
    assert (tables(pg), len(history(pg))) == ("a,b,c", 3)


def test_json(three, down):
    dry = json.loads(down("--steps=1", "--dry-run", "--json").stdout)
    assert (dry["command"], dry["outcome"], [m["action"] for m in dry["migrations"]]) == ("down", "dry-run", ["would_undo"])
    said = json.loads(down("--steps=1", "--json").stdout)
    assert (said["outcome"], said["exit"], said["applied"], said["pending"]) == ("done", 0, [], 1)
    assert [(m["action"], m["version"], m["file"], m["statements"]) for m in said["migrations"]] == [("undone", "0003", "0003_c.down.sql", 1)]
    failed = json.loads(down("--to=9", "--json").stdout)
    assert (failed["outcome"], failed["exit"], failed["migrations"]) == ("input", 23, []) and "no such version" in failed["message"]


# --- What is refused before anything runs -------------------------------------------------------------------------------


def test_a_way_back_is_missing(three, files, down, pg):
    files.remove("0002_b.down.sql")
    result = down("--to=0")
    said = failure(result)
    assert (result.status, said["file"]) == (23, "0002_b.up.sql"), result.output
    assert "version 0002 cannot be undone" in said["msg"] and "nothing was reverted" in said["hint"]
    assert tables(pg) == "a,b,c"
    files.remove("0001_a.down.sql")
    assert "nor beside 1 more" in failure(down("--to=0"))["msg"]
    assert undone(down("--to=2")) == ["0003"]


@pytest.mark.parametrize("gone, state", [(3, "ahead"), (2, "missing")])
def test_a_file_is_missing(three, files, down, pg, gone, state):
    for way in ("up", "down"):
        files.remove(f"000{gone}_{'abc'[gone - 1]}.{way}.sql")
    result = down("--to=1")
    assert result.status == 21, result.output
    assert f"version 000{gone} ({'abc'[gone - 1]}) was applied at" in failure(result)["msg"]
    assert "the release that applied it" in failure(result)["msg"]
    assert tables(pg) == "a,b,c"
    if state == "missing":  # it is below what goes
        assert undone(down("--to=2")) == ["0003"]


@pytest.mark.parametrize("text, line, says", [
    (b"SELECT 1;\n\xff\n", 2, "is not UTF-8"),
    (b"SELECT 1;\nSELECT 'open;\n", 2, "is not closed"),
    (b"SELECT 1;\nCOMMIT;\nSELECT 2;\n", 2, "COMMIT"),
    (b"-- migrate: transction=off\nSELECT 1;\n", 1, "did you mean transaction?"),
])
def test_a_way_back_that_cannot_be_read(three, files, down, pg, text, line, says):
    files("0001_a.down.sql", text)
    result = down("--to=0")
    said = failure(result)
    assert (result.status, said["file"], said["line"]) == (23, "0001_a.down.sql", line), result.output
    assert says in said["msg"]
    assert tables(pg) == "a,b,c"


def test_an_edited_file_is_no_hindrance(three, files, up, down, pg):
    """Edit, undo, apply again: that is how one works on the newest file."""
    files("0003_c.up.sql", "CREATE TABLE c (i int, j int);\n")
    assert up().status == 21
    result = down("--steps=1")
    assert result.status == 0, result.output
    assert events(result, "drifted")[0]["file"] == "0003_c.up.sql"
    assert up().status == 0
    assert pg.psql("SELECT count(*) FROM pg_attribute WHERE attrelid = 'c'::regclass AND attnum > 0") == "2"


# --- While it runs ------------------------------------------------------------------------------------------------------


def test_a_refused_statement_rolls_back_with_its_row(three, files, down, pg):
    files("0002_b.down.sql", "DROP TABLE b;\nSELECT 1/0;\n")
    result = down("--to=0")
    said = failure(result)
    assert (result.status, said["file"], said["line"], said["sqlstate"]) == (20, "0002_b.down.sql", 2, "22012"), result.output
    assert (history(pg), tables(pg), locks(pg)) == (["0001", "0002"], "a,b", 0)


def test_outside_a_transaction(files, up, down, pg):
    files("0001_a.sql", "CREATE TABLE a (i int);\nCREATE INDEX a_i ON a (i);\n")
    files("0001_a.down.sql", "DROP INDEX CONCURRENTLY a_i;\nDROP TABLE a;\n")
    assert up().status == 0
    result = down("--steps=1")
    assert result.status == 0, result.output
    assert events(result, "undone")[0]["transaction"] is False
    assert (history(pg), tables(pg)) == ([], "")


def test_refused_part_way_outside_a_transaction(files, up, down, pg):
    files("0001_a.sql", "CREATE TABLE a (i int);\nCREATE INDEX a_i ON a (i);\n")
    way = files("0001_a.down.sql", "DROP INDEX CONCURRENTLY IF EXISTS a_i;\nDROP TABLE nowhere;\n")
    assert up().status == 0
    result = down("--steps=1")
    said = failure(result)
    assert (result.status, said["file"], said["line"]) == (24, "0001_a.down.sql", 2), result.output
    assert "remain in effect" in said["msg"]
    assert history(pg) == ["0001"]
    way.write_text("DROP INDEX CONCURRENTLY IF EXISTS a_i;\nDROP TABLE a;\n")
    assert (down("--steps=1").status, history(pg), tables(pg)) == (0, [], "")


def test_beside_a_file_that_was_begun(three, files, up, down, pg):
    """What up began outside a transaction has no row: it is told, and left alone."""
    files("0004_d.sql", "-- migrate: transaction=off\nCREATE TABLE d (i int);\nSELECT nowhere;\n")
    assert up().status == 24
    result = down("--to=2")
    assert (result.status, undone(result)) == (0, ["0003"]), result.output
    assert [(r["file"], r["done"]) for r in events(result, "begun")] == [("0004_d.sql", 1)]
    assert pg.psql("SELECT to_regclass('d') IS NOT NULL") == "t"


def test_a_header_of_its_own(three, files, down, pg):
    files("0003_c.down.sql", "-- migrate: statement_timeout=200ms\nSELECT pg_sleep(600);\n")
    result = down("--steps=1")
    assert (result.status, failure(result)["sqlstate"], failure(result)["line"]) == (20, "57014", 2), result.output
    assert "the file's header" in failure(result)["hint"]


def test_a_lock_is_waited_for(three, start, files, pg):
    with Holder(pg, "LOCK TABLE c IN ACCESS SHARE MODE;"):
        process = start("migrate", "down", "--steps=1", "--dir", files, "--lock-timeout=200ms", env={"DATABASE_URL": pg.url})
        process.wait_for(r'"event":"retry".*\n(.*\n)*.*"event":"retry"')
    result = process.wait()
    assert result.status == 0, result.output
    assert any("a reader" in r.get("blockers", "") for r in events(result, "retry"))
    assert len(history(pg)) == 2


def test_a_trigger_that_keeps_the_row(three, down, pg):
    pg.psql("CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$",
            "CREATE TRIGGER keep BEFORE DELETE ON schema_history FOR EACH ROW EXECUTE FUNCTION keep()")
    result = down("--steps=1")
    assert result.status == 20, result.output
    assert "a trigger kept the row (let it return OLD)" in failure(result)["msg"]
    assert (len(history(pg)), tables(pg)) == (3, "a,b,c")


@pytest.mark.parametrize("outside", [False, True], ids=["transaction", "outside"])
def test_a_script_that_releases_the_lock(three, files, down, pg, outside):
    files("0003_c.down.sql", ("-- migrate: transaction=off\n" if outside else "") + "DROP TABLE c;\nDO $$BEGIN PERFORM pg_advisory_unlock_all(); END$$;\n")
    result = down("--to=0")
    assert (result.status, failure(result)["file"]) == (24 if outside else 23, "0003_c.down.sql"), result.output
    assert "released migrate's lock" in failure(result)["msg"]
    assert tables(pg) == ("a,b" if outside else "a,b,c")
    assert len(history(pg)) == (2 if outside else 3)


def test_somebody_else_undid_it(three, start, files, pg):
    """Without heed to the lock: what is gone already is not undone a second time."""
    pg.psql("CREATE TABLE gate ()")
    files("0003_c.down.sql", "DROP TABLE c;\nDO $$ BEGIN WHILE NOT EXISTS (SELECT FROM gate) LOOP PERFORM pg_sleep(0.02); END LOOP; END $$;\n")
    process = start("migrate", "down", "--steps=1", "--dir", files, env={"DATABASE_URL": pg.url})
    wait_until(lambda: pg.sessions("state = 'active' AND query LIKE '%FROM gate%'") == 1, what="the statement runs")
    pg.psql("DELETE FROM schema_history WHERE version = '0003'", "INSERT INTO gate DEFAULT VALUES")
    result = process.wait()
    assert (result.status, events(result, "skipped")[0]["file"], undone(result)) == (0, "0003_c.down.sql", []), result.output
    assert tables(pg) == "a,b,c"


def test_a_file_that_deletes_its_row(three, files, down, pg):
    files("0003_c.down.sql", "DELETE FROM schema_history WHERE version = '0003';\nDROP TABLE c;\n")
    result = down("--steps=1")
    assert result.status == 20 and "the file itself deleted it" in failure(result)["msg"], result.output
    assert (len(history(pg)), tables(pg)) == (3, "a,b,c")


def test_eight_at_once(three, start, files, pg):
    """All read the same history, so all mean the same version, and it goes once."""
    pg.psql("CREATE TABLE counter (n int)", "INSERT INTO counter VALUES (0)", "ALTER TABLE counter OWNER TO app")
    files("0003_c.down.sql", "DROP TABLE c;\nUPDATE counter SET n = n + 1;\nSELECT pg_sleep(0.3);\n")
    with Holder(pg, "LOCK TABLE c IN ACCESS SHARE MODE;"):  # so that the first is not done before the last has read
        runners = [start("migrate", "down", "--steps=1", "--dir", files, env={"DATABASE_URL": pg.url}) for _ in range(8)]
        wait_until(lambda: sum("holds the lock" in r.output or "retry" in r.output for r in runners) == 8, what="all have read")
    results = [r.wait(60) for r in runners]
    assert [r.status for r in results] == [0] * 8, "\n".join(r.output for r in results)
    assert sorted(len(undone(r)) for r in results) == [0] * 7 + [1]
    assert (pg.psql("SELECT n FROM counter"), history(pg)) == ("1", ["0001", "0002"])


# --- Killed, cut, told to stop ------------------------------------------------------------------------------------------


def test_killed_between_statement_and_commit(three, start, files, down, pg):
    pg.psql(*SLOW_DELETE)
    process = start("migrate", "down", "--to=0", "--dir", files, env={"DATABASE_URL": pg.url})
    wait_until(lambda: in_delete(pg) == 1, what="the row is going")
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_until(lambda: locks(pg) == 0, 8, "the orphan is gone")
    assert (tables(pg), len(history(pg))) == ("a,b,c", 3)
    pg.psql("DROP TRIGGER slow ON schema_history")
    result = down("--to=0")
    assert (result.status, undone(result), history(pg), tables(pg)) == (0, ["0003", "0002", "0001"], [], ""), result.output


def test_a_signal_between_statement_and_commit(three, start, files, pg):
    pg.psql(*SLOW_DELETE)
    process = start("migrate", "down", "--to=0", "--dir", files, env={"DATABASE_URL": pg.url})
    wait_until(lambda: in_delete(pg) == 1, what="the row is going")
    process.terminate()
    result = process.wait()
    assert result.status == 13, result.output
    assert (tables(pg), len(history(pg)), locks(pg)) == ("a,b,c", 3, 0)


def test_lost_during_commit_is_settled(three, run, files, pg, proxy):
    """A deferred trigger holds COMMIT up; the connection is cut meanwhile; the history says that it was committed."""
    pg.psql("CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM pg_sleep(1); RETURN NULL; END$$",
            "CREATE CONSTRAINT TRIGGER slow AFTER DELETE ON schema_history DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
            " WHEN (OLD.version = '0002') EXECUTE FUNCTION slow()")
    line = proxy(pg)

    def cut_in_commit():
        wait_until(lambda: pg.sessions("state = 'active' AND query LIKE 'RESET SESSION%''0002''%COMMIT;%'") == 1, what="COMMIT runs")
        line.cut(reset=True)

    cutter = threading.Thread(target=cut_in_commit)
    cutter.start()
    result = run("migrate", "down", "--steps=2", "--json", "--dir", files, env={"DATABASE_URL": pg.url_with(port=line.port)})
    cutter.join()
    assert result.status == 0, result.output
    assert events(result, "commit_lost")[0]["version"] == events(result, "commit_settled")[0]["version"] == "0002"
    assert [m["version"] for m in json.loads(result.stdout)["migrations"]] == ["0003", "0002"]
    assert (history(pg), tables(pg)) == (["0001"], "a")  # two steps, and not three


def test_cut_at_every_message_the_next_run_converges(run, files, pg, proxy, up, down):
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    files("0001_a.down.sql", "DROP TABLE a;\n")
    files("0002_b.sql", "INSERT INTO a VALUES (1);\n")
    files("0002_b.down.sql", "DELETE FROM a WHERE i = 1;\n")
    line = proxy(pg)
    through = {"DATABASE_URL": pg.url_with(port=line.port, sslmode="disable")}
    steps = rounds(80, 12)
    for i in range(steps):
        assert up().status == 0
        line.cut_after(1 + i * 6000 // steps, "client" if i % 2 else "server")
        cut = run("migrate", "down", "--to=0", "--dir", files, "--wait=0", env=through)
        line.cut_after(None)
        line.cut()
        assert cut.status in (0, 10), cut.output
        wait_until(lambda: locks(pg) == 0, 3, "the lock is free")
        after = down("--to=0")
        assert after.status == 0, after.output
        assert (history(pg), tables(pg)) == ([], ""), (i, cut.output)
