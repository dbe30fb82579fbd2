"""Behind PgBouncer: nothing that belongs to a session is used, and each migration is applied once all the same."""

import json
import signal

import pytest

from rig import postgres
from rig.base import SLOW, rounds, wait_until
from rig.dump import dump
from rig.migrations import Holder, events, failure, history

MODES = ("session", "transaction")
LOCK_WAIT = f"{60 * SLOW:.0f}s"  # many runners on a slow machine


@pytest.fixture(params=MODES)
def pooler(request, pgbouncer, pg):
    return pgbouncer(pg, mode=request.param, default_pool_size="10", max_client_conn="200")


def reader(pg):
    """How a Holder is named among those who are in the way."""
    return pg.psql("SELECT format('pid %s (a reader)', pid) FROM pg_stat_activity WHERE application_name = 'a reader' AND datname = current_database()")


def write_files(files):
    files("0001_a.sql", "CREATE TABLE a (i int);\nINSERT INTO a VALUES (0);\n")
    files("0002_b.sql", "UPDATE a SET i = i + 1;\nSELECT pg_sleep(0.01);\n")
    files("0003_c.sql", "CREATE INDEX CONCURRENTLY a_i ON a (i);\nINSERT INTO a VALUES (10);\nCREATE UNIQUE INDEX CONCURRENTLY a_u ON a (i);\n")
    files("0004_d.sql", "UPDATE a SET i = i + 1;\n")


def building(pg):
    return pg.sessions("state = 'active' AND query LIKE 'CREATE INDEX%'")


@pytest.mark.parametrize("runners", [8, 32])
def test_many_at_once(start, files, pg, pooler, runners, record_property):
    """CONCURRENTLY among the files: each once, no deadlock, every exit 0."""
    write_files(files)
    said_before = len(pg.server.log_text())
    times = rounds(50, 2 if runners == 8 else 1)
    for _ in range(times):
        pg.psql("DROP SCHEMA public CASCADE", "CREATE SCHEMA public AUTHORIZATION app", user="postgres")
        ours = [start("migrate", "up", "--dir", files, "--lock-wait", LOCK_WAIT, env={"DATABASE_URL": pooler.url(pg.name)})
                for _ in range(runners)]
        results = [r.wait(120) for r in ours]
        assert [r.status for r in results] == [0] * runners, "\n".join(r.output for r in results if r.status)
        applied = [record["version"] for r in results for record in events(r, "applied")]
        assert sorted(applied) == ["0001", "0002", "0003", "0004"]
        assert pg.psql("SELECT string_agg(i::text, ',' ORDER BY i) FROM a") == "2,11"
    assert "deadlock detected" not in pg.server.log_text()[said_before:]
    record_property("measured", f"{times} rounds × {runners} runners: every exit 0, each of 4 migrations once, 0 deadlocks")


def test_that_the_lease_exists_is_no_notice(run, files, pg, pooler):
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    files("0002_b.sql", "CREATE INDEX CONCURRENTLY a_i ON a (i);\n")
    files("0003_c.sql", "CREATE INDEX CONCURRENTLY a_j ON a ((i + 1));\n")
    result = run("migrate", "up", "--dir", files, env={"DATABASE_URL": pooler.url(pg.name)})
    assert result.status == 0 and not events(result, "notice"), result.output


def test_the_result_is_that_of_a_direct_run(run, files, pg, pooler):
    write_files(files)
    result = run("migrate", "up", "--dir", files, env={"DATABASE_URL": pooler.url(pg.name)})
    assert result.status == 0, result.output
    said = events(result, "pooler")[0]
    assert (said["mode"], said["seen"]) == ("transaction", True)
    took = "\n".join(f"{r['version']}|{r['duration_ms']}" for r in events(result, "applied"))
    assert pg.psql("SELECT version, duration_ms FROM schema_history ORDER BY version") == took
    assert pg.psql("SELECT count(*) FROM schema_history_lease") == "0"
    pg.psql("DROP TABLE schema_history_lease")
    direct = postgres.Database(pg.server, pg.name + "_x")
    try:
        assert run("migrate", "up", "--dir", files, env={"DATABASE_URL": direct.url}).status == 0
        assert dump(pg) == dump(direct)
    finally:
        direct.drop()


def test_nothing_is_left_for_the_next_client(run, files, pg, pgbouncer):
    """One server connection for all: what a file sets is gone when it is done."""
    pooler = pgbouncer(pg, mode="transaction", default_pool_size="1")
    files("0001_a.sql", "SET statement_timeout = '77s';\nSET search_path TO pg_temp;\nCREATE TEMP TABLE t (i int);\nPREPARE p AS SELECT 1;\n")
    files("0002_b.sql", "CREATE TABLE public.seen AS SELECT current_setting('statement_timeout') AS st, current_setting('search_path') AS sp,"
                        " to_regclass('pg_temp.t') AS t, (SELECT count(*) FROM pg_prepared_statements) AS p;\n")
    result = run("migrate", "up", "--dir", files, env={"DATABASE_URL": pooler.url(pg.name)})
    assert result.status == 0, result.output
    assert pg.psql("SELECT * FROM seen") == '0|"$user", public||0'


def test_what_the_pooler_option_says(run, files, pg, pooler):
    env = {"DATABASE_URL": pooler.url(pg.name)}
    files("0001_a.sql", "SELECT 1;\n")
    result = run("migrate", "up", "--dir", files, "--pooler=refuse", env=env)
    assert result.status == 23 and "pooler" in failure(result)["msg"] and failure(result)["hint"]
    assert pg.psql("SELECT to_regclass('schema_history') IS NULL") == "t"
    result = run("migrate", "up", "--dir", files, "--pooler=transaction", env={"DATABASE_URL": pg.url})
    assert result.status == 0 and (events(result, "pooler")[0]["mode"], events(result, "pooler")[0]["seen"]) == ("transaction", False)


def test_a_session_that_is_kept(run, files, pg, pgbouncer):
    """--pooler=session: the advisory lock, and what belongs to a session, as without a pooler."""
    pooler = pgbouncer(pg, mode="session")
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    files("0002_b.sql", "SET maintenance_work_mem TO '7MB';\nCREATE INDEX CONCURRENTLY a_i ON a (i);\n")
    env = {"DATABASE_URL": pooler.url(pg.name)}
    result = run("migrate", "up", "--dir", files, env=env)
    said = failure(result)
    assert (result.status, said["line"]) == (23, 1) and "--pooler=session" in said["hint"], result.output
    assert history(pg) == ["0001"] and pg.psql("SELECT to_regclass('a_i') IS NULL") == "t"
    result = run("migrate", "up", "--dir", files, "--pooler=session", env=env)
    assert result.status == 0, result.output
    assert events(result, "pooler")[0]["mode"] == "session"
    assert pg.psql("SELECT to_regclass('schema_history_lease') IS NULL") == "t"


@pytest.mark.parametrize("option", ["--role=app", "--search-path=public", "--statement-timeout=1min"])
def test_what_would_need_a_session(run, files, pg, pooler, option):
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    files("0002_b.sql", "CREATE INDEX CONCURRENTLY a_i ON a (i);\n")
    result = run("migrate", "up", "--dir", files, option, env={"DATABASE_URL": pooler.url(pg.name)})
    assert result.status == 23 and "pooler" in failure(result)["msg"], result.output
    assert history(pg) == ["0001"]


def test_a_busy_guard_is_waited_for(start, run, files, pg, pooler):
    """A direct runner under the advisory lock, and one behind the pooler: one after the other."""
    files("0001_a.sql", f"CREATE TABLE a (i int);\nSELECT pg_sleep({1.5 * SLOW});\n")
    direct = start("migrate", "up", "--dir", files, env={"DATABASE_URL": pg.url})
    wait_until(lambda: pg.sessions("query LIKE '%pg_sleep%' AND state = 'active'") == 1, 20, "the statement runs")
    busy = run("migrate", "up", "--dir", files, "--lock-wait=100ms", env={"DATABASE_URL": pooler.url(pg.name)})
    assert busy.status == 11 and "pid" in failure(busy)["msg"], busy.output
    result = run("migrate", "up", "--dir", files, env={"DATABASE_URL": pooler.url(pg.name)})
    assert (direct.wait().status, result.status) == (0, 0), result.output
    assert history(pg) == ["0001"]


def test_a_lease_is_waited_for(start, run, files, pg, pooler):
    """Another runner behind the pooler, and a direct one, wait for the holder of the lease, by name."""
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    assert run("migrate", "up", "--dir", files, env={"DATABASE_URL": pg.url}).status == 0
    files("0002_b.sql", "CREATE INDEX CONCURRENTLY a_i ON a (i);\n")
    with Holder(pg, "INSERT INTO a VALUES (1);"):
        first = start("migrate", "up", "--dir", files, env={"DATABASE_URL": pooler.url(pg.name)})
        wait_until(lambda: building(pg) == 1, 20, "it builds")
        owner = pg.psql("SELECT owner FROM schema_history_lease")
        status = run("migrate", "status", "--dir", files, env={"DATABASE_URL": pg.url})
        assert f"lease held by {owner} (expires in " in status.stdout, status.output
        lease = json.loads(run("migrate", "status", "--json", "--dir", files, env={"DATABASE_URL": pooler.url(pg.name)}).stdout)["lease"]
        assert lease["owner"] == owner and 0 < lease["expires_in_s"] <= 20
        for url in (pooler.url(pg.name), pg.url):
            busy = run("migrate", "up", "--dir", files, "--lock-wait=200ms", env={"DATABASE_URL": url})
            assert busy.status == 11 and "lease" in failure(busy)["msg"], busy.output
    assert first.wait().status == 0
    assert history(pg) == ["0001", "0002"]
    status = run("migrate", "status", "--json", "--dir", files, env={"DATABASE_URL": pg.url})
    assert json.loads(status.stdout)["lease"] is None


def test_who_is_in_the_way_is_named(start, run, files, pg, pooler):
    """Which backend works for us only the server knows: it is found by its name, in a transaction and outside."""
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    env = {"DATABASE_URL": pooler.url(pg.name)}
    assert run("migrate", "up", "--dir", files, env=env).status == 0
    files("0002_b.sql", "CREATE INDEX CONCURRENTLY a_i ON a (i);\n")
    with Holder(pg, "INSERT INTO a VALUES (1);") as holder:
        pid = reader(pg)
        process = start("migrate", "up", "--dir", files, env=env)
        process.wait_for('"event":"blocked"', timeout=120)
        holder.say("COMMIT;")
        result = process.wait(60)
    assert result.status == 0 and pid in events(result, "blocked")[0]["blockers"], result.output
    # Last: PgBouncer 1.18 may crash on the request to cancel that ends it.
    files("0003_c.sql", "ALTER TABLE a ADD j int;\n")
    with Holder(pg, "SELECT i FROM a WHERE false;"):
        pid = reader(pg)
        result = run("migrate", "up", "--dir", files, "--lock-timeout=4s", "--deadline=14s", env=env)
        assert result.status == 12 and pid in failure(result)["msg"], result.output
        assert any(pid in r.get("blockers", "") for r in events(result, "retry")), result.output


def test_a_lease_that_is_taken_over(start, files, pg, pooler):
    """Its holder finds that out, cancels what it runs, and says so: 11."""
    files("0001_a.sql", "-- migrate: transaction=off\nSELECT 1;\nSELECT pg_sleep(600);\n")
    process = start("migrate", "up", "--dir", files, env={"DATABASE_URL": pooler.url(pg.name)})
    wait_until(lambda: pg.sessions("query LIKE '%pg_sleep(600)%' AND state = 'active'") == 1, 20, "the statement runs")
    pg.psql("UPDATE schema_history_lease SET owner = 'another'")
    result = process.wait(60)
    assert result.status == 11 and "another runner took it over" in failure(result)["msg"], result.output
    wait_until(lambda: pg.sessions("query LIKE '%pg_sleep(600)%' AND state = 'active'") == 0, 20, "it is cancelled")
    assert pg.psql("SELECT owner FROM schema_history_lease") == "another"


def test_a_killed_runner(start, run, files, pg, pooler):
    """kill -9 in CREATE INDEX CONCURRENTLY: the backend works on; whoever takes the expired lease over waits for it."""
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    files("0002_b.sql", "CREATE INDEX CONCURRENTLY a_i ON a (i);\nCREATE INDEX CONCURRENTLY a_j ON a ((i + 1));\n")
    env = {"DATABASE_URL": pooler.url(pg.name)}
    pg.psql("CREATE TABLE other (i int)")
    assert run("migrate", "up", "--dir", files, "--to=0001", env=env).status == 0
    with Holder(pg, "INSERT INTO a VALUES (1);") as holder:
        process = start("migrate", "up", "--dir", files, env=env)
        wait_until(lambda: building(pg) == 1, 20, "it builds")
        process.send_signal(signal.SIGKILL)
        process.wait()
        next_one = start("migrate", "up", "--dir", files, env=env)
        next_one.wait_for('"event":"lock_wait"', timeout=60)
        pg.psql("UPDATE schema_history_lease SET expires_at = now() - interval '1 s'")
        if building(pg):
            next_one.wait_for('"event":"step_wait"', timeout=60)
        holder.say("COMMIT;")
        result = next_one.wait(90)
    assert result.status == 0, result.output
    assert events(result, "resume")[0]["action"] in ("done", "drop", "again")
    assert history(pg) == ["0001", "0002"]
    assert pg.psql("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == "0"


def test_an_error_has_its_place(run, files, pg, pooler):
    """Our own text before the file's is not counted."""
    files("0001_a.sql", "CREATE TABLE a (i int);\nINSERT INTO a VALUES (1);\nSELECT nix;\n")
    result = run("migrate", "up", "--dir", files, "--search-path=public", env={"DATABASE_URL": pooler.url(pg.name)})
    said = failure(result)
    assert (result.status, said["sqlstate"], said["line"], said["column"]) == (20, "42703", 3, 8), result.output
    files("0001_a.sql", "-- migrate: transaction=off\nCREATE TABLE a (i int);\nSELECT nix;\n")
    result = run("migrate", "up", "--dir", files, env={"DATABASE_URL": pooler.url(pg.name)})
    said = failure(result)
    assert (result.status, said["sqlstate"], said["line"], said["column"]) == (24, "42703", 3, 8), result.output
