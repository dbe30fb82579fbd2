"""Many runners at once, and runners that are killed: each migration once, and the next run always converges."""

import os
import random
import shutil
import signal
import time

import pytest

from rig.base import rounds, wait_until
from rig.migrations import events, history

RUNNERS = 32
SEED = int(os.environ.get("RR_SEED", "0")) or random.randrange(1 << 30)


def reset(pg):
    pg.psql("DROP SCHEMA public CASCADE", "CREATE SCHEMA public AUTHORIZATION app", user="postgres")


def test_many_at_once_on_an_empty_database(start, files, pg, record_property):
    files("0001_a.sql", "CREATE TABLE a (i int);\nINSERT INTO a VALUES (0);\n")
    files("0002_b.sql", "UPDATE a SET i = i + 1;\n")
    files("0003_c.sql", "CREATE INDEX CONCURRENTLY a_i ON a (i);\n")
    files("0004_d.sql", "UPDATE a SET i = i + 1;\n")
    said_before = len(pg.server.log_text())
    times = rounds(50, 10)
    for _ in range(times):
        reset(pg)
        runners = [start("migrate", "up", "--dir", files, env={"DATABASE_URL": pg.socket_url}) for _ in range(RUNNERS)]
        results = [r.wait(120) for r in runners]
        assert [r.status for r in results] == [0] * RUNNERS, "\n".join(r.output for r in results if r.status)
        applied = [record["version"] for r in results for record in events(r, "applied")]
        assert sorted(applied) == ["0001", "0002", "0003", "0004"]
        assert pg.psql("SELECT i FROM a") == "2"
        assert not [record for r in results for record in events(r, "retry")]
    assert "deadlock detected" not in pg.server.log_text()[said_before:]
    record_property("measured", f"{times} rounds × {RUNNERS} runners: every exit 0, each of 4 migrations once, 0 deadlocks")


def test_eight_on_one_pending_update(run, start, files, pg):
    files("0001_a.sql", "CREATE TABLE counter (n int);\nINSERT INTO counter VALUES (0);\n")
    assert run("migrate", "up", "--dir", files, env={"DATABASE_URL": pg.url}).status == 0
    for i in range(rounds(20, 3)):
        files(f"1{i:03}_b.sql", "UPDATE counter SET n = n + 1;\n")
        runners = [start("migrate", "up", "--dir", files, env={"DATABASE_URL": pg.url}) for _ in range(8)]
        assert [r.wait(60).status for r in runners] == [0] * 8
        assert pg.psql("SELECT n FROM counter") == str(i + 1)


def test_killed_at_random_moments(start, run, files, pg, record_property):
    """kill -9 in files inside a transaction: whatever moment it was, one more run gives the undisturbed result."""
    chance = random.Random(SEED)
    files("0001_a.sql", "CREATE TABLE a (i int);\n" + "".join(f"INSERT INTO a VALUES ({i});\n" for i in range(50)))
    files("0002_b.sql", "COPY a FROM STDIN;\n" + "".join(f"{i}\n" for i in range(50, 2000)) + "\\.\nALTER TABLE a ADD j int;\n")
    files("0003_c.sql", "UPDATE a SET j = i + 1;\nCREATE INDEX a_j ON a (j);\nSELECT pg_sleep(0.005);\n")
    files("0004_d.sql", "INSERT INTO a SELECT i, 0 FROM generate_series(2000, 2999) i;\n")
    env = {"DATABASE_URL": pg.socket_url}
    began = time.monotonic()
    assert run("migrate", "up", "--dir", files, env=env).status == 0
    whole = time.monotonic() - began
    wanted = pg.psql("SELECT count(*), sum(i), sum(j) FROM a")
    met = set()
    times = rounds(200, 40)
    for i in range(times):
        reset(pg)
        process = start("migrate", "up", "--dir", files, env=env)
        time.sleep(chance.uniform(0, whole))
        process.send_signal(signal.SIGKILL)
        killed = process.wait()
        met.add(int(pg.psql("SELECT CASE WHEN to_regclass('schema_history') IS NULL THEN 0 ELSE 1 END")))
        after = run("migrate", "up", "--dir", files, env=env)
        assert after.status == 0, (SEED, i, killed.output, after.output)
        assert pg.psql("SELECT count(*), sum(i), sum(j) FROM a") == wanted, (SEED, i)
        assert history(pg) == ["0001", "0002", "0003", "0004"]
    assert met == {0, 1}, "the moments were no good: always before, or always after"
    record_property("measured", f"{times} × SIGKILL within {whole * 1000:.0f} ms: the next run exits 0, the data are the same")


@pytest.mark.plain_build
def test_nothing_is_kept_open_and_nothing_leaks(start, files, pg, scratch):
    """Under valgrind: no error, nothing lost, no descriptor left."""
    valgrind = shutil.which("valgrind")
    if not valgrind:
        pytest.skip("valgrind is not installed")
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    files("0002_b.sql", "COPY a FROM STDIN;\n1\n\\.\nCREATE TABLE b (i int);\n")
    files("0003_c.sql", "CREATE INDEX CONCURRENTLY a_i ON a (i);\n")
    files("0004_d.sql", "DO $$BEGIN RAISE NOTICE 'x'; END$$;\nSELECT nix;\n")
    wrap = [valgrind, "-q", "--error-exitcode=99", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect,possible",
            "--track-fds=yes", f"--log-file={scratch}/%p.log"]
    env = {"DATABASE_URL": pg.socket_url}

    def judge(process, status):
        result = process.wait(120)
        said = (scratch / f"{process.pid}.log").read_text()
        assert result.status == status, result.output + said
        own = [part for part in said.split("Open file descriptor")[1:] if "<inherited from parent>" not in part]
        assert not own, said

    def under(*args):
        return start("migrate", *args, env=env, wrap=wrap)

    judge(under("up", "--dir", files, "--to", "0003"), 0)
    judge(under("up", "--dir", files), 20)
    judge(under("status", "--dir", files, "--json"), 0)
    judge(under("wait"), 0)
    files("0004_d.sql", "SELECT pg_sleep(600);\n")
    process = under("up", "--dir", files)
    wait_until(lambda: pg.sessions("query LIKE '%pg_sleep(600)%' AND state = 'active'") == 1, 60, "the statement runs")
    process.terminate()
    judge(process, 13)
