"""Each program under valgrind over a representative run on real servers, faults included: no error, nothing lost, no
descriptor left open at the end. There are no suppressions: the libraries are clean, too."""

import re
import shutil
import signal

import pytest
from rig.base import free_port, wait_until
from rig.program import http_get

KINDS = "definite,indirect,possible"
pytestmark = pytest.mark.skipif(not shutil.which("valgrind"), reason="valgrind is not installed (make deps)")


class Valgrind:
    """Words before a program, and what valgrind said of the processes started so."""

    def __init__(self, directory):
        self.directory = directory
        self.judged = 0
        self.wrap = [
            *("nice", "valgrind", "--error-exitcode=99", "--leak-check=full", f"--errors-for-leak-kinds={KINDS}"),
            *(f"--show-leak-kinds={KINDS}", "--track-fds=yes", "--child-silent-after-fork=yes", "--num-callers=30"),
            f"--log-file={directory}/%p.valgrind",
        ]

    def judge(self, process, status, timeout=180):
        """Waits for its end; asserts its own exit status and a clean report."""
        result = process.wait(timeout)
        said = (self.directory / f"{process.pid}.valgrind").read_text()
        assert result.status == status, f"exit {result.status}, not {status}\n{result.output}\n{said}"
        assert "ERROR SUMMARY: 0 errors" in said, said
        assert not self._left_open(said), said
        self.judged += 1
        return result

    @staticmethod
    def _left_open(said):
        """Descriptors open at the end, but the inherited ones and valgrind's own log."""
        parts = re.split(r"^==\d+== Open ", said, flags=re.MULTILINE)[1:]
        return [p for p in parts if "<inherited from parent>" not in p and ".valgrind" not in p]


@pytest.fixture
def valgrind(scratch, record_property):
    one = Valgrind(scratch)
    yield one
    record_property("measured", f"{one.judged} processes: 0 errors, 0 bytes lost ({KINDS}), 0 descriptors left")


# --- healthd ----------------------------------------------------------------------------------------------------------

PATHS = ["/health", "/health/live", "/health/ready?verbose", "/health/startup", "/metrics", "/nope", "/health/ready?exclude=x"]


def test_healthd(start, pg_server, redis_server, proxy, name_server, ca, valgrind):
    """Requests and checks; PostgreSQL killed and back; Redis frozen; wrong password, silence, no such name, TLS; a drain."""
    server, cache, over_tls = pg_server(), redis_server(password=True), pg_server(tls=True)
    silent = proxy(server)
    silent.silence()
    pace = "every 500ms timeout 3s"
    trusted = over_tls.url(host="localhost", sslmode="verify-full", sslrootcert=ca().cert)
    lines = [
        f"kept {server.url()} {pace}",
        f"each {server.url()} {pace} connection each",
        f"tls {trusted} {pace} optional",
        f"cache {cache.url()} {pace}",
        f"refused redis://127.0.0.1:{free_port()} {pace} optional",
        f"auth {server.url(password='wrong')} {pace} optional",
        f"silent {server.url(port=silent.port)} every 500ms timeout 500ms optional",
        f"name postgres://app@nothing.test/app {pace} optional",
    ]
    env = {"HEALTHD_CHECKS": "\n".join(lines), **name_server({"localhost": "127.0.0.1"}).env}
    words = ["--listen", "127.0.0.1:0", "--log", "json", "--details", "always", "--drain", "300ms"]
    process = start("healthd", *words, env=env, wrap=valgrind.wrap)
    port = int(process.wait_for(r'"address":"127\.0\.0\.1:(\d+)"', 60).group(1))

    def ready(status):
        wait_until(lambda: http_get(port, "/health/ready", timeout=60).status == status, 60, f"ready {status}")

    def ask():
        for path in PATHS * 20:
            assert http_get(port, path, timeout=60).status in (200, 404, 503)

    ready(200)
    ask()
    server.sigkill()
    ready(503)
    ask()
    server.start()
    ready(200)
    cache.sigstop_all()
    ready(503)
    cache.sigcont()
    ready(200)
    process.send_signal(signal.SIGHUP)
    for line in ("tls", "refused", "auth", "silent", "name"):
        http_get(port, f"/health/check/{line}?verbose", timeout=60)
    process.terminate()
    valgrind.judge(process, 0)


def test_healthd_commands(start, pg, redis_server, valgrind):
    patient = "database postgres:// timeout 20s\nredis redis:// timeout 20s"
    env = {"DATABASE_URL": pg.url, "REDIS_URL": redis_server().url(), "HEALTHD_CHECKS": patient}
    valgrind.judge(start("healthd", "check", env=env, wrap=valgrind.wrap), 0)
    valgrind.judge(start("healthd", "wait", "--timeout", "60s", env=env, wrap=valgrind.wrap), 0)
    broken = {"DATABASE_URL": f"postgres://app@127.0.0.1:{free_port()}/app"}
    valgrind.judge(start("healthd", "check", env=broken, wrap=valgrind.wrap), 1)
    valgrind.judge(start("healthd", "check", "--check", "db postgres:// evry 2s", env=env, wrap=valgrind.wrap), 2)
    url = f"http://127.0.0.1:{free_port()}/health/live"
    valgrind.judge(start("healthd", "probe", url, wrap=valgrind.wrap), 1)
    valgrind.judge(start("healthd", "--help", wrap=valgrind.wrap), 0)


# --- migrate ----------------------------------------------------------------------------------------------------------


def test_migrate(start, pg, scratch, valgrind):
    """Applied inside and outside a transaction, COPY, nothing to do, refused, drift, waiting for the lock, stopped."""
    files = scratch / "migrations"
    files.mkdir()
    (files / "0001_a.sql").write_text("CREATE TABLE a (i int);\n" + "INSERT INTO a VALUES (1);\n" * 200)
    (files / "0002_b.sql").write_text("COPY a FROM STDIN;\n1\n2\n\\.\nCREATE TABLE b (i int);\n")
    (files / "0003_c.sql").write_text("CREATE INDEX CONCURRENTLY a_i ON a (i);\nVACUUM a;\n")
    bad = files / "0004_d.sql"
    env = {"DATABASE_URL": pg.url}

    def begin(*words):
        return start("migrate", *words, env=env, wrap=valgrind.wrap)

    def judge(status, *words):
        return valgrind.judge(begin(*words), status)

    judge(0, "up", "--dir", files)
    judge(0, "up", "--dir", files)
    bad.write_text("DO $$BEGIN RAISE NOTICE 'x'; END$$;\nSELECT nothing;\n")
    judge(20, "up", "--dir", files)
    bad.write_text("VACUUM a;\nCREATE INDEX CONCURRENTLY b_i ON b (nothing);\n")
    judge(24, "up", "--dir", files)
    bad.write_text("SELECT 'open;\n")
    judge(23, "up", "--dir", files)
    judge(23, "check", files)
    judge(23, "split", bad)
    bad.write_text("SELECT pg_sleep(600);\n")
    judge(0, "split", files / "0002_b.sql", "--json")
    judge(0, "status", "--dir", files, "--json")
    judge(0, "wait")
    judge(12, "up", "--dir", files, "--deadline", "8s")
    running = begin("up", "--dir", files)
    wait_until(lambda: pg.sessions("query LIKE '%pg_sleep%'") == 1, 60, "statement runs")
    judge(11, "up", "--dir", files, "--lock-wait", "1s")
    running.terminate()
    valgrind.judge(running, 13)
    running = begin("up", "--dir", files)
    wait_until(lambda: pg.sessions("query LIKE '%pg_sleep%'") == 1, 60, "statement runs")
    pg.terminate()
    valgrind.judge(running, 10)
    (files / "0001_a.sql").write_text("CREATE TABLE a (i bigint);\n")
    judge(21, "up", "--dir", files)


def test_migrate_without_a_database(start, scratch, pg, valgrind):
    files = scratch / "migrations"
    files.mkdir()
    (files / "0001_a.sql").write_text("CREATE TABLE a (i int);\n")
    for url in (pg.url_with(password="wrong"), f"postgres://app@127.0.0.1:{free_port()}/app"):
        words = ["up", "--dir", files, "--wait", "1s"]
        valgrind.judge(start("migrate", *words, env={"DATABASE_URL": url}, wrap=valgrind.wrap), 10)
    valgrind.judge(start("migrate", "up", wrap=valgrind.wrap), 23)
    valgrind.judge(start("migrate", "--help", wrap=valgrind.wrap), 0)


# --- cronrun ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["file", "postgres", "redis", "none"])
def test_cronrun(start, scratch, pg, redis_server, valgrind, kind):
    """Done, failed, over its deadline with a child that ignores TERM, stopped, busy, lock lost."""
    cache = redis_server(password=True) if kind == "redis" else None
    lock = {"file": f"file:{scratch}/lock"}.get(kind, kind)
    env = {"CRONRUN_LOCK": lock, "DATABASE_URL": pg.url, "REDIS_URL": cache.url() if cache else None}
    common = ["run", "--name", "job", "--grace", "300ms", "--lock-settle", "100ms", "--log", "json"]

    def begin(*words, command=("true",)):
        return start("cronrun", *common, *words, "--", *command, env=env, wrap=valgrind.wrap)

    def running(*words):
        process = begin(*words, command=("sleep", "600"))
        process.wait_for("run_start", 60)
        return process

    valgrind.judge(begin(), 0)
    valgrind.judge(begin(command=("sh", "-c", "exit 3")), 3)
    valgrind.judge(begin(command=("/nonexistent",)), 127)
    ignores = ("sh", "-c", "trap '' TERM; (trap '' TERM; setsid sleep 600) & while :; do sleep 1; done")
    valgrind.judge(begin("--deadline", "1s", command=ignores), 124)
    holder = running()
    if kind != "none":
        valgrind.judge(begin(), 0)
        valgrind.judge(begin("--on-busy", "wait=1s"), 74)
    holder.terminate()
    valgrind.judge(holder, 143)
    if kind == "postgres":
        holder = running()
        pg.terminate()
        valgrind.judge(holder, 76)
    if kind == "redis":
        holder = running("--lock-ttl", "3s")
        cache.cli("DEL", "cronrun:{job}:lock")
        valgrind.judge(holder, 76)


@pytest.mark.parametrize("kind", ["postgres", "redis"])
def test_cronrun_without_a_store(start, valgrind, kind):
    port = free_port()
    env = {"DATABASE_URL": f"postgres://app@127.0.0.1:{port}/app", "REDIS_URL": f"redis://127.0.0.1:{port}"}
    words = ["run", "--lock", kind, "--name", "job", "--", "true"]
    valgrind.judge(start("cronrun", *words, env=env, wrap=valgrind.wrap), 75)
    valgrind.judge(start("cronrun", "--help", wrap=valgrind.wrap), 0)
