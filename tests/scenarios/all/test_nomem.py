"""Memory that runs out: each allocation of a run fails in turn. It is told as what it is, and nothing is done by halves."""

import re

import pytest
from rig.base import rounds, wait_until
from rig.migrations import Migrations
from rig.nomem import nomem, nomem_library  # noqa: F401
from rig.program import http_get

pytestmark = pytest.mark.dynamic_build  # nothing can be preloaded into a static program


def says_so(result):
    """Its own words, libpq's, libevent's; and those of a session that was given up for it."""
    words = ("out of memory", "cannot allocate memory", "memory allocation failure", "not connected")
    return any(word in result.output.lower() for word in words)


@pytest.fixture(params=["none", "file", "redis", "postgres"])
def lock(request, scratch):
    if request.param == "redis":
        return f"redis://127.0.0.1:{request.getfixturevalue('redis_server')().port}"
    if request.param == "postgres":
        return request.getfixturevalue("pg").url + "?sslmode=disable"
    return {"none": "none", "file": f"file:{scratch / 'lock'}"}[request.param]


def test_cronrun(nomem, lock):  # noqa: F811
    """The command runs and its status counts, or it does not run, and that is a failure of ours: never "unreachable"."""
    words = ["cronrun", "--lock", lock, "--name", "job", "--lock-settle", "0", "--on-busy", "wait=30s", "echo", "ran"]
    for at in nomem.choice(*words):
        result = nomem.run(at, *words)
        where = f"allocation {at}: {result}"
        assert result.status == (0 if "ran" in result.stdout else 125), where
        assert result.status == 0 or says_so(result), where


def test_migrate(nomem, pg, scratch):  # noqa: F811
    """What is reported as applied is applied, and what is not is not; the next run does the rest."""
    migrations = Migrations(scratch)
    migrations("0001_a.sql", "CREATE TABLE a (id int); INSERT INTO a VALUES (1);")
    migrations("0002_b.sql", "CREATE TABLE b (id int);")
    words = ["migrate", "up", "--dir", migrations, "--database", pg.url + "?sslmode=disable", "--log", "json"]
    for at in nomem.choice(*words):
        pg.psql("DROP TABLE IF EXISTS a, b, schema_history")
        result = nomem.run(at, *words)
        where = f"allocation {at}: {result}"
        tables = pg.psql("SELECT relname FROM pg_class WHERE relname IN ('a', 'b') ORDER BY 1").split()
        known = pg.psql("SELECT to_regclass('schema_history') IS NOT NULL") == "t"
        rows = pg.psql("SELECT version FROM schema_history ORDER BY 1").split() if known else []
        assert len(tables) == len(rows), where
        assert result.status in (0, 10, 23), where
        assert len(rows) == 2 if result.status == 0 else says_so(result), where


def test_healthd_check(nomem, pg, redis_server):  # noqa: F811
    cache = redis_server()
    words = ["healthd", "check"]
    for check in (f"db {pg.url}?sslmode=disable", f"cache redis://127.0.0.1:{cache.port}", f"port tcp://127.0.0.1:{cache.port}"):
        words += ["--check", check + " timeout 20s"]
    for at in nomem.choice(*words):
        result = nomem.run(at, *words)
        assert result.status in (0, 1, 2), f"allocation {at}: {result}"
        assert result.status == 0 or says_so(result) or "unexpected" in result.stdout, f"allocation {at}: {result}"


def test_healthd(nomem, start, redis_server):  # noqa: F811
    """It does not start, and says why; or it serves, and is ready again soon."""
    cache = redis_server()
    words = ["healthd", "--listen", "127.0.0.1:0", "--log", "json", "--drain", "0"]
    words += ["--check", f"cache redis://127.0.0.1:{cache.port} every 200ms"]
    for at in range(1, 400, rounds(1, 3)):
        process = start(*words, env=nomem.env(at))
        wait_until(lambda: not process.running() or '"listening"' in process.stderr, 15, f"allocation {at}: a start or an end")
        address = re.search(r'"address":"127\.0\.0\.1:(\d+)"', process.stderr)
        if process.running():
            if address:  # or that record itself had no memory
                wait_until(lambda: ready(int(address[1])) == 200, 15, f"allocation {at}: ready")
            process.terminate()
            assert process.wait().status == 0
        else:
            assert process.wait().status in (2, 3), f"allocation {at}"
            assert "memory" in process.output, process.output


def ready(port):
    try:
        return http_get(port, "/health/ready").status
    except OSError:
        return 0
