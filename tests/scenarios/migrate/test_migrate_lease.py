"""A runner that is late: its lease ran out, its plan is old, or it never came to give the lease back."""

import os
import signal

import pytest

from rig.base import wait_until
from rig.migrations import Holder, events, failure, history

RUNNERS = 8


@pytest.fixture
def pooler(pgbouncer, pg):
    return pgbouncer(pg, mode="transaction", default_pool_size="10", max_client_conn="200")


def sleeping(pg):
    return pg.sessions("query LIKE '%pg_sleep%' AND state = 'active'")


def outdate(pg):
    """The lease's time is over, as after 20 seconds without a renewal."""
    pg.psql("UPDATE schema_history_lease SET expires_at = now() - interval '1 s'")


STYLES = {
    "golang": ("{n}_{name}.up.sql", "", "schema_migrations"),
    "goose": ("{n:05}_{name}.sql", "-- +goose Up\n", "goose_db_version"),
    "flyway": ("V{n}__{name}.sql", "", "flyway_schema_history"),
    "dbmate": ("{n}_{name}.sql", "-- migrate:up\n", "schema_migrations"),
    "sqlx": ("{n}_{name}.sql", "", "_sqlx_migrations"),
}


@pytest.mark.parametrize("style", STYLES)
def test_many_at_once_in_each_layout(start, files, pg, pooler, style):
    """Some of these tables would take a second row of a version: what keeps it out is the look under the guard."""
    name, head, _ = STYLES[style]
    write = lambda n, title, text: files(name.format(n=n, name=title), head + text)  # noqa: E731
    write(1, "a", "CREATE TABLE a (i int);\nINSERT INTO a VALUES (0);\n")
    write(2, "b", "UPDATE a SET i = i + 1;\nSELECT pg_sleep(0.01);\n")
    off = " transaction:false" if style == "dbmate" else ""
    files(name.format(n=3, name="c"), head.rstrip("\n") + off + "\nCREATE INDEX CONCURRENTLY a_i ON a (i);\n" if head else "CREATE INDEX CONCURRENTLY a_i ON a (i);\n")
    write(4, "d", "UPDATE a SET i = i + 1;\n")
    for _ in range(4):
        pg.psql("DROP SCHEMA public CASCADE", "CREATE SCHEMA public AUTHORIZATION app", user="postgres")
        env = {"DATABASE_URL": pooler.url(pg.name)}
        ours = [start("migrate", "up", "--dir", files, "--layout", style, env=env) for _ in range(RUNNERS)]
        results = [r.wait(120) for r in ours]
        assert [r.status for r in results] == [0] * RUNNERS, "\n".join(r.output for r in results if r.status)
        assert len([x for r in results for x in events(r, "applied")]) == 4
        assert pg.psql("SELECT i FROM a") == "2"


def test_how_long_it_took_is_not_known_beforehand(run, files, pg, pooler):
    """Behind a pooler the row comes first, and Flyway's table has nothing to say of it later: no time is made up."""
    files("V1__a.sql", "CREATE TABLE a (i int);\nSELECT pg_sleep(0.01);\n")
    files("V2__b.sql", "INSERT INTO a VALUES (0);\n")
    result = run("migrate", "up", "--dir", files, "--layout", "flyway", env={"DATABASE_URL": pooler.url(pg.name)})
    assert result.status == 0, result.output
    assert pg.psql("SELECT version, execution_time FROM flyway_schema_history ORDER BY installed_rank").split() == ["1|0", "2|0"]


def test_a_statement_longer_than_the_lease(start, run, files, pg, pooler):
    """Its runner is stopped, and does not renew; who takes over does not do again what is about to be committed."""
    files("0001_a.sql", "CREATE TABLE a (i int);\nINSERT INTO a VALUES (0);\n")
    files("0002_b.sql", "-- migrate: transaction=off\nUPDATE a SET i = i + 1 WHERE pg_sleep(3) IS NOT NULL;\n")
    env = {"DATABASE_URL": pooler.url(pg.name)}
    first = start("migrate", "up", "--dir", files, env=env)
    wait_until(lambda: sleeping(pg) == 1, 20, "it works")
    first.send_signal(signal.SIGSTOP)
    outdate(pg)
    try:
        result = run("migrate", "up", "--dir", files, env=env)
    finally:
        first.send_signal(signal.SIGCONT)
    assert result.status in (0, 11), result.output
    assert first.wait(60).status in (0, 11)
    assert run("migrate", "up", "--dir", files, env=env).status == 0
    assert pg.psql("SELECT i FROM a") == "1"
    assert history(pg) == ["0001", "0002"]


def test_a_lease_that_ran_out_is_not_renewed(start, files, pg, pooler):
    """Somebody may have looked meanwhile, found no lease, and work without one: under the advisory lock."""
    files("0001_a.sql", "-- migrate: transaction=off\nSELECT 1;\nSELECT pg_sleep(600);\n")
    process = start("migrate", "up", "--dir", files, env={"DATABASE_URL": pooler.url(pg.name)})
    wait_until(lambda: sleeping(pg) == 1, 20, "it works")
    outdate(pg)
    result = process.wait(60)
    assert result.status == 11 and "lease was lost" in failure(result)["msg"], result.output
    wait_until(lambda: sleeping(pg) == 0, 20, "it is cancelled")


def test_a_signal_gives_the_lease_back(start, run, files, pg, pooler):
    files("0001_a.sql", "-- migrate: transaction=off\nSELECT 1;\nSELECT pg_sleep(600);\n")
    process = start("migrate", "up", "--dir", files, env={"DATABASE_URL": pooler.url(pg.name)})
    wait_until(lambda: sleeping(pg) == 1, 20, "it works")
    process.send_signal(signal.SIGTERM)
    assert process.wait(20).status == 13
    assert pg.psql("SELECT count(*) FROM schema_history_lease") == "0"


@pytest.mark.parametrize("command", [["baseline", "0002"], ["repair"], ["down", "--to=0"]])
def test_a_lease_is_in_the_way_of_every_command(start, run, files, pg, pooler, command):
    files("0001_a.up.sql", "CREATE TABLE a (i int);\n")
    files("0001_a.down.sql", "DROP TABLE a;\n")
    assert run("migrate", "up", "--dir", files, env={"DATABASE_URL": pg.url}).status == 0
    files("0001_a.up.sql", "CREATE TABLE a (i int); -- a comment\n")
    files("0002_b.up.sql", "CREATE INDEX CONCURRENTLY a_i ON a (i);\n")
    files("0002_b.down.sql", "DROP INDEX a_i;\n")
    with Holder(pg, "INSERT INTO a VALUES (1);"):
        first = start("migrate", "up", "--dir", files, env={"DATABASE_URL": pooler.url(pg.name)})
        wait_until(lambda: pg.sessions("state = 'active' AND query LIKE 'CREATE INDEX%'") == 1, 20, "it builds")
        busy = run("migrate", *command, "--dir", files, "--lock-wait=200ms", "--lock-timeout=100ms", env={"DATABASE_URL": pg.url})
        assert busy.status == 11 and "lease" in failure(busy)["msg"], busy.output
        wrapped = run("migrate", "run", "--lock-wait=200ms", "--", "echo", "ran", env={"DATABASE_URL": pg.url})
        assert wrapped.status == 11 and "lease" in failure(wrapped)["msg"], wrapped.output
        assert "ran" not in wrapped.stdout
    assert first.wait().status == 0
    assert history(pg) == ["0001", "0002"]


def test_a_history_that_the_login_does_not_see(run, files, pg):
    """The lease is looked for as the history's role; who logs in has to be told nothing of its schema."""
    role = f"role_{os.getpid()}"
    pg.psql(f"CREATE ROLE {role}", f"CREATE ROLE {role}_login LOGIN PASSWORD 'x' NOINHERIT", f"GRANT {role} TO {role}_login",
            f"CREATE SCHEMA h AUTHORIZATION {role}", user="postgres")
    try:
        files("0001_a.sql", "CREATE TABLE h.a (i int);\n")
        files("0002_b.sql", "CREATE INDEX CONCURRENTLY a_i ON h.a (i);\n")
        url = pg.url_with(user=f"{role}_login", password="x")
        result = run("migrate", "up", "--dir", files, "--role", role, "--table", "h.history", env={"DATABASE_URL": url})
        assert result.status == 0, result.output
    finally:
        pg.psql(f"DROP OWNED BY {role}", f"DROP ROLE {role}_login", f"DROP ROLE {role}", user="postgres")


def test_steps_do_not_outlive_the_row(run, files, pg):
    """Somebody else wrote the row: steps that stayed would pass over statements of another time that the file is run."""
    files("0001_a.sql", "CREATE TABLE a (i int);\nINSERT INTO a VALUES (0);\n")
    files("0002_b.sql", "-- migrate: transaction=off\nUPDATE a SET i = i + 1;\nVACUUM a;\nINSERT INTO schema_history SELECT '0002', 'b', 'expand', sha256,"
                        " loose_sha256, now(), 'x', 0, NULL, 'x' FROM schema_history;\n")
    env = {"DATABASE_URL": pg.url}
    result = run("migrate", "up", "--dir", files, env=env)
    assert result.status == 0 and events(result, "skipped"), result.output
    assert pg.psql("SELECT count(*) FROM schema_history_step") == "0"
