"""migrate baseline and migrate repair: rows of the history that come or change without a file being run."""

import json
import threading

import pytest

from rig.base import wait_until
from rig.migrations import Holder, events, failure, history

COLUMNS = "version, name, phase, encode(sha256, 'hex'), duration_ms, release, tool"


@pytest.fixture
def baseline(up):
    def go(*args, **more):
        return up(*args, command="baseline", **more)

    return go


@pytest.fixture
def repair(up):
    def go(*args, **more):
        return up(*args, command="repair", **more)

    return go


@pytest.fixture
def filled(files, pg):
    """A database with what 0001 and 0002 make, and files up to 0003."""
    pg.psql("CREATE TABLE a (i int)", "CREATE TABLE b (i int)")
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    files("0002_b.sql", "-- migrate: phase=contract\nCREATE TABLE b (i int);\n")
    files("0003_c.sql", "CREATE TABLE c (i int);\n")


@pytest.fixture
def applied(files, up):
    for n, name in enumerate("abc", 1):
        files(f"000{n}_{name}.sql", f"CREATE TABLE {name} (i int);\n")
    assert up().status == 0


def everything(pg):
    return pg.psql("SELECT * FROM schema_history ORDER BY version")


def cut_while(pg, line, query):
    """A thread that cuts the connection as soon as a statement like that runs."""

    def go():
        wait_until(lambda: pg.sessions(f"state = 'active' AND query LIKE '{query}'") == 1, what="COMMIT runs")
        line.cut(reset=True)

    cutter = threading.Thread(target=go)
    cutter.start()
    return cutter


# --- baseline -----------------------------------------------------------------------------------------------------------


def test_baseline(filled, baseline, up, pg):
    result = baseline("2", "--release", "v7")
    assert result.status == 0, result.output
    rows = [line.split("|") for line in pg.psql(f"SELECT {COLUMNS} FROM schema_history ORDER BY version").splitlines()]
    assert [(r[0], r[1], r[2], r[4], r[5], r[6].split()[0], r[6].split()[-1]) for r in rows] == [
        ("0001", "a", "expand", "0", "v7", "migrate", "baseline"),
        ("0002", "b", "contract", "0", "v7", "migrate", "baseline"),
    ]
    assert [r["version"] for r in events(result, "recording")] == ["0001", "0002"]
    done = events(result, "done")[0]
    assert (done["outcome"], done["recorded"], done["pending"]) == ("done", 2, 1)
    again = baseline("0002")
    assert (again.status, events(again, "done")[0]["outcome"]) == (0, "nothing")
    assert up().status == 0  # the digests are those of the files
    assert history(pg) == ["0001", "0002", "0003"]


def test_baseline_dry_run_and_json(filled, baseline, pg):
    dry = baseline("2", "--dry-run")
    assert (dry.status, dry.stdout) == (0, "0001\t0001_a.sql\n0002\t0002_b.sql\n")
    assert pg.psql("SELECT to_regclass('schema_history') IS NULL") == "t"
    said = json.loads(baseline("2", "--json").stdout)
    assert (said["command"], said["outcome"], said["exit"], said["pending"]) == ("baseline", "done", 0, 1)
    assert [(m["action"], m["version"]) for m in said["migrations"]] == [("recorded", "0001"), ("recorded", "0002")]
    assert json.loads(baseline("2", "--json").stdout)["outcome"] == "nothing"


def test_baseline_fills_what_is_missing(filled, baseline, up, pg):
    """A file that came late below what is recorded: its row is added, the others stay as they are."""
    assert baseline("1").status == 0
    before = everything(pg)
    assert baseline("2").status == 0
    assert everything(pg).startswith(before) and history(pg) == ["0001", "0002"]


@pytest.mark.parametrize("args, status, says", [
    (["7"], 23, "baseline 7: no such version; the nearest is 0003"),
    (["0"], 23, "the nearest is 0001"),
    ([], 23, "missing argument"),
    (["1"], 22, "version 0002, which is higher than 1, is already applied"),
])
def test_baseline_refused(filled, baseline, pg, args, status, says):
    assert baseline("2").status == 0
    before = everything(pg)
    result = baseline(*args)
    assert result.status == status, result.output
    assert says in result.stderr
    assert everything(pg) == before


def test_baseline_over_drift(filled, files, baseline, pg):
    assert baseline("1").status == 0
    files("0001_a.sql", "CREATE TABLE other (i int);\n")
    result = baseline("2")
    assert (result.status, failure(result)["file"]) == (21, "0001_a.sql"), result.output
    assert history(pg) == ["0001"]


def test_baseline_of_what_cannot_be_read(filled, files, baseline, pg):
    files("0002_b.sql", "SELECT 1;\nSELECT 'open;\n")
    result = baseline("2")
    assert (result.status, failure(result)["file"], failure(result)["line"]) == (23, "0002_b.sql", 2), result.output
    assert pg.psql("SELECT to_regclass('schema_history') IS NULL") == "t"


def test_baseline_of_a_file_that_was_begun(files, baseline, up, pg):
    """Given up outside a transaction, done by hand, recorded: undone and applied again it begins at its beginning."""
    way = files("0001_a.sql", "-- migrate: transaction=off\nCREATE TABLE a (i int);\nSELECT nowhere;\n")
    files("0001_a.down.sql", "DROP TABLE a;\n")
    assert up().status == 24 and pg.psql("SELECT count(*) FROM schema_history_step") != "0"
    way.write_text("-- migrate: transaction=off\nCREATE TABLE a (i int);\n")
    assert baseline("1").status == 0
    assert pg.psql("SELECT count(*) FROM schema_history_step") == "0"
    assert up("--steps=1", command="down").status == 0
    assert up().status == 0 and pg.psql("SELECT count(*) FROM a") == "0"


def test_baseline_beside_up(filled, start, files, pg):
    """Eight of each at once: the lock parts them; what baseline wrote is not run, or it comes second and is refused."""
    env = {"DATABASE_URL": pg.url}
    runners = [start("migrate", "baseline", "2", "--dir", files, env=env) for _ in range(8)]
    results = [r.wait(60) for r in runners]
    assert [r.status for r in results] == [0] * 8, "\n".join(r.output for r in results)
    assert sum(len(events(r, "recording")) for r in results) == 2
    assert history(pg) == ["0001", "0002"]


def test_baseline_and_up_take_the_same_lock(filled, start, files, pg):
    env = {"DATABASE_URL": pg.url}
    pg.psql("CREATE TABLE gate ()")
    gate = "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM gate) LOOP PERFORM pg_sleep(0.02); END LOOP; END $$;\n"
    files("0000_z.sql", gate)
    runner = start("migrate", "up", "--to=0", "--dir", files, env=env)
    wait_until(lambda: pg.sessions("state = 'active' AND query LIKE '%FROM gate%'") == 1, what="the statement runs")
    other = start("migrate", "baseline", "2", "--dir", files, env=env)
    other.wait_for("another runner holds the lock")
    pg.psql("INSERT INTO gate DEFAULT VALUES")
    assert (runner.wait().status, other.wait().status) == (0, 0)
    assert history(pg) == ["0000", "0001", "0002"]


def test_baseline_lost_during_commit(filled, run, files, baseline, pg, proxy):
    assert baseline("1").status == 0
    pg.psql("CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM pg_sleep(1); RETURN NULL; END$$",
            "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON schema_history DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()")
    line = proxy(pg)
    cutter = cut_while(pg, line, "BEGIN%INSERT%COMMIT")
    result = run("migrate", "baseline", "2", "--json", "--dir", files, env={"DATABASE_URL": pg.url_with(port=line.port)})
    cutter.join()
    assert result.status == 0, result.output
    assert events(result, "commit_lost") and events(result, "commit_settled")
    assert [m["version"] for m in json.loads(result.stdout)["migrations"]] == ["0002"]
    assert history(pg) == ["0001", "0002"]


def test_baseline_waits_for_a_lock(filled, start, files, baseline, pg):
    assert baseline("1").status == 0
    with Holder(pg, "LOCK TABLE schema_history IN SHARE MODE;"):
        process = start("migrate", "baseline", "2", "--lock-timeout=200ms", "--dir", files, env={"DATABASE_URL": pg.url})
        process.wait_for('"event":"retry".*a reader')
    assert process.wait().status == 0
    assert history(pg) == ["0001", "0002"]


# --- repair -------------------------------------------------------------------------------------------------------------


def test_repair(applied, files, repair, up, pg):
    kept = "SELECT version, name, applied_at, applied_by, duration_ms, release, tool FROM schema_history ORDER BY version"
    before = pg.psql(kept)
    files("0001_a.sql", "-- now with a licence\nCREATE TABLE a (i int);\n")
    files("0002_b.sql", "CREATE TABLE b (i bigint);\n")
    assert up().status == 21
    dry = repair("--dry-run")
    assert dry.status == 0, dry.output
    lines = [line.split("\t") for line in dry.stdout.splitlines()]
    assert [(x[0], x[1], x[4]) for x in lines] == [("0001", "0001_a.sql", "comments and white space"), ("0002", "0002_b.sql", "statements")]
    assert pg.psql("SELECT left(encode(sha256, 'hex'), 12) FROM schema_history WHERE version = '0002'") == lines[1][2]
    assert up().status == 21
    result = repair()
    assert result.status == 0, result.output
    assert [(r["version"], r["comments"], r["was"], r["now"]) for r in events(result, "accepting")] == [
        ("0001", True, *lines[0][2:4]), ("0002", False, *lines[1][2:4])]
    assert events(result, "done")[0]["accepted"] == 2
    assert pg.psql(kept) == before
    after = up()
    assert after.status == 0 and not events(after, "edited"), after.output
    assert events(repair(), "done")[0]["outcome"] == "nothing"
    files("0002_b.sql", "-- a comment\nCREATE TABLE b (i bigint);\n")
    assert events(up(), "edited")  # the loose digest was accepted, too


def test_repair_one_of_two(applied, files, repair, up):
    files("0001_a.sql", "CREATE TABLE a (i bigint);\n")
    files("0002_b.sql", "CREATE TABLE b (i bigint);\n")
    said = json.loads(repair("2", "--json").stdout)
    assert [(m["action"], m["version"], m["comments"]) for m in said["migrations"]] == [("accepted", "0002", False)]
    assert failure(up())["file"] == "0001_a.sql"
    assert repair("1", "2").status == 0
    assert up().status == 0


@pytest.mark.parametrize("args, says", [
    (["9"], "repair 9: no such version; the nearest is 0004"),
    (["4"], "repair 4: that version is not applied"),
])
def test_repair_of_what_was_not_applied(applied, files, repair, args, says):
    files("0004_d.sql", "SELECT 1;\n")
    result = repair(*args)
    assert result.status == 23 and says in failure(result)["msg"], result.output


def test_a_missing_file_is_not_accepted(applied, files, repair, pg):
    """What can be accepted is; the rest is named, and nothing is forgotten."""
    files.remove("0001_a.sql")
    files("0002_b.sql", "CREATE TABLE b (i bigint);\n")
    result = repair()
    assert result.status == 21, result.output
    assert "version 0001 (a)" in failure(result)["msg"] and "restore the file" in failure(result)["hint"]
    assert [r["version"] for r in events(result, "accepting")] == ["0002"]
    assert repair("2").status == 0
    assert repair("1").status == 21
    assert history(pg) == ["0001", "0002", "0003"]


def test_a_file_of_another_name_is_asked_for(applied, files, repair, up):
    """Two branches took one version: to accept the second file unasked would mean that it never runs."""
    files.remove("0003_c.sql")
    files("0003_other.sql", "CREATE TABLE other (i int);\n")
    result = repair()
    assert result.status == 21, result.output
    assert "\"c\", and this is another file" in failure(result)["msg"] and "migrate repair 0003" in failure(result)["hint"]
    assert repair("--dry-run").status == 21
    assert up().status == 21
    assert repair("0003").status == 0
    assert up().status == 0


def test_repair_lost_during_commit(applied, run, files, up, pg, proxy):
    files("0002_b.sql", "CREATE TABLE b (i bigint);\n")
    pg.psql("CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM pg_sleep(1); RETURN NULL; END$$",
            "CREATE CONSTRAINT TRIGGER slow AFTER UPDATE ON schema_history DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()")
    line = proxy(pg)
    cutter = cut_while(pg, line, "BEGIN%UPDATE%COMMIT")
    result = run("migrate", "repair", "--dir", files, env={"DATABASE_URL": pg.url_with(port=line.port)})
    cutter.join()
    assert result.status == 0, result.output
    assert events(result, "commit_settled") and events(result, "done")[0]["accepted"] == 1
    assert up().status == 0


def test_repair_rolled_back_is_done_again(applied, run, files, up, pg):
    """The backend dies before COMMIT: another start does it."""
    files("0002_b.sql", "CREATE TABLE b (i bigint);\n")
    pg.psql("CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END$$",
            "CREATE TRIGGER die BEFORE UPDATE ON schema_history FOR EACH ROW EXECUTE FUNCTION die()")
    result = run("migrate", "repair", "--json", "--dir", files, env={"DATABASE_URL": pg.url})
    assert result.status == 10 and json.loads(result.stdout)["migrations"] == [], result.output
    pg.psql("DROP TRIGGER die ON schema_history")
    assert run("migrate", "repair", "--dir", files, env={"DATABASE_URL": pg.url}).status == 0
    assert up().status == 0


def test_a_trigger_that_leaves_the_row_out(applied, files, repair, pg):
    files("0002_b.sql", "CREATE TABLE b (i bigint);\n")
    pg.psql("CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$",
            "CREATE TRIGGER keep BEFORE UPDATE ON schema_history FOR EACH ROW EXECUTE FUNCTION keep()")
    result = repair()
    assert result.status == 20 and "a trigger on" in failure(result)["msg"], result.output


# --- Another tool's dirty mark --------------------------------------------------------------------------------------------


@pytest.fixture
def dirty(files, pg):
    """golang-migrate was killed in version 2."""
    for n, name in enumerate("abc", 1):
        files(f"{n}_{name}.up.sql", f"CREATE TABLE {name} (i int);\n")
        files(f"{n}_{name}.down.sql", f"DROP TABLE {name};\n")
    pg.psql("CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL)",
            "INSERT INTO schema_migrations VALUES (2, true)", "CREATE TABLE a (i int)")


@pytest.mark.parametrize("command, args", [("up", []), ("down", ["--steps=1"]), ("repair", [])])
def test_a_dirty_mark_is_left_to_a_person(dirty, up, pg, command, args):
    result = up(*args, command=command)
    assert result.status == 24, result.output
    assert "version 2" in failure(result)["msg"] and "repair --dirty" in failure(result)["hint"]
    assert pg.psql("TABLE schema_migrations") == "2|t"


def test_a_dirty_version_that_is_there(dirty, repair, up, pg):
    pg.psql("CREATE TABLE b (i int)")
    dry = repair("--dirty=applied", "--dry-run")
    assert (dry.status, dry.stdout, pg.psql("TABLE schema_migrations")) == (0, "2\t2_b.up.sql\tdirty\tapplied\n", "2|t"), dry.output
    result = repair("--dirty=applied")
    assert (result.status, pg.psql("TABLE schema_migrations")) == (0, "2|f"), result.output
    assert [(r["version"], r["as"]) for r in events(result, "settling")] == [("2", "applied")]
    after = up()
    assert (after.status, [r["version"] for r in events(after, "applied")]) == (0, ["3"]), after.output
    assert pg.psql("TABLE schema_migrations") == "3|f"


def test_a_dirty_version_that_is_not_there(dirty, repair, up, pg):
    said = json.loads(repair("2", "--dirty=reverted", "--json").stdout)
    assert [(m["action"], m["version"], m["as"]) for m in said["migrations"]] == [("settled", "2", "reverted")]
    assert pg.psql("TABLE schema_migrations") == "1|f"
    after = up()
    assert (after.status, [r["version"] for r in events(after, "applied")]) == (0, ["2", "3"]), after.output
