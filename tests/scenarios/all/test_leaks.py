"""Nothing is left behind by 10,000 requests, checks and runs: no descriptor, no memory, no process, no lock.

RR_ROUNDS=full does the ten thousand; otherwise some hundreds. `measured` is what `make acceptance` prints.
"""

import fcntl
import http.client
import json
import os
import subprocess
import sys

import pytest
from rig.base import free_port, rounds, wait_until
from rig.leaks import SANITISED, held, many, no_more, peak_kib, sanitised
from rig.program import BIN_DIR, http_get

# Memory may grow by this much: the allocator's arenas, one log ring. A leak of 64 bytes each would show in 10,000.
RSS_MORE_KIB = 600


# --- cronrun ----------------------------------------------------------------------------------------------------------


def test_cronrun_leaves_nothing_behind(programs, scratch, record_property):
    """Runs of `true` under a file lock: exit 0 each, no process or zombie stays, the counter counted each, lock free."""
    lock = scratch / "lock"
    times = rounds(10_000, 150)
    words = [BIN_DIR / "cronrun", "run", "--lock", f"file:{lock}", "--deadline", "60s", "--log-level", "error"]
    spool = scratch / "tmp"
    spool.mkdir()
    many(times, [*words, "--", "/bin/true"], programs.env({"TMPDIR": spool}))
    assert json.loads(lock.read_text())["fence"] == times
    with open(lock, "rb") as f:
        fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert list(spool.iterdir()) == []
    record_property("measured", f"{times} runs, exit 0 each; 0 processes and files left, lock free, fence {times}")


def test_cronrun_command_inherits_only_what_it_should(run, scratch):
    """Standard streams and the lock; the listing's own descriptor is the fourth and ends with it."""
    listing = "import os; print(sorted(os.readlink(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd') if int(n) > 2"
    listing += " and os.path.exists(f'/proc/self/fd/{n}')))"
    result = run("cronrun", "run", "--lock", f"file:{scratch}/lock", "--", sys.executable, "-c", listing)
    assert result.status == 0
    assert result.stdout.strip() == f"['{scratch}/lock']"


def test_cronrun_reaps_ten_thousand_orphans(start, scratch, record_property):
    """One run whose command leaves children behind all the time: each is reaped at once, nothing grows."""
    times = rounds(10_000, 500)
    half = times // 10
    script = scratch / "orphans.sh"
    ready, go = scratch / "ready", scratch / "go"
    for fifo in (ready, go):
        os.mkfifo(fifo)
    # (cmd &) leaves an orphan; after a tenth and at the end it tells us and waits.
    script.write_text(
        f"i=0\nwhile [ $i -lt {times} ]; do (/bin/true &); i=$((i + 1))\n"
        f"  if [ $i -eq {half} ] || [ $i -eq {times} ]; then echo $i >{ready}; read -r line <{go}; fi\ndone\n"
    )
    words = ["--lock", f"file:{scratch}/lock", "--deadline", "600s", "--", "sh", script]
    process = start("cronrun", "run", *words, wrap=("nice",))

    def quiet():
        children = f"/proc/{process.pid}/task/{process.pid}/children"
        with open(children) as f:
            wait_until(lambda: (f.seek(0), len(f.read().split()) <= 1)[1], 20, "orphans reaped")

    assert ready.read_text().strip() == str(half)
    quiet()
    before = held(process.pid)
    go.write_text("on\n")
    assert ready.read_text().strip() == str(times)
    quiet()
    after = no_more(process.pid, before, sanitised(RSS_MORE_KIB))
    go.write_text("on\n")
    assert process.wait(60).status == 0
    record_property("measured", f"{times} orphans reaped; after {half}: {before}; after {times}: {after}")


# --- migrate ----------------------------------------------------------------------------------------------------------


def migration_dir(scratch, files):
    directory = scratch / "migrations"
    directory.mkdir(exist_ok=True)
    for name, text in files.items():
        (directory / name).write_text(text)
    return directory


def test_migrate_with_nothing_to_do_leaves_nothing_behind(programs, pg, scratch, record_property):
    directory = migration_dir(scratch, {"0001_item.sql": "CREATE TABLE item (n int);\n"})
    times = rounds(10_000, 60)
    env = programs.env({"DATABASE_URL": pg.socket_url})
    argv = [BIN_DIR / "migrate", "up", "--dir", directory, "--log-level", "error"]
    many(times, argv, env)
    wait_until(lambda: pg.sessions() == 0, 10, "no session left on the server")
    assert pg.psql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == "0"
    assert pg.psql("SELECT count(*) FROM schema_history") == "1"
    record_property("measured", f"{times} × up, exit 0 each; 0 processes, sessions and locks left")


def test_migrate_holds_no_more_for_more_statements(start, pg, scratch, record_property):
    """Statements, files inside and outside a transaction: the tenfold costs no more than its text does."""
    few, lots = rounds(1_000, 100), rounds(10_000, 1_000)
    peaks = {}
    for version, count in ((1, few), (2, lots)):
        text = f"CREATE TABLE t{version} (n int);\n" + f"INSERT INTO t{version} VALUES (1);\n" * (count // 2)
        outside = "-- migrate: transaction=off\n" + f"INSERT INTO t{version} VALUES (2);\n" * (count // 10)
        directory = migration_dir(scratch, {f"000{version}1_in.sql": text, f"000{version}2_out.sql": outside})
        process = start("migrate", "up", "--dir", directory, "--log-level", "error", env={"DATABASE_URL": pg.socket_url})
        peaks[count] = peak_kib(process)
        assert process.wait().status == 0, process.output
        assert pg.psql(f"SELECT count(*) FROM t{version}") == str(count // 2 + count // 10)
    more = sum(f.stat().st_size for f in directory.iterdir()) // 1024
    assert peaks[lots] <= peaks[few] + sanitised(RSS_MORE_KIB + 2 * more), peaks
    record_property("measured", f"peak at {few} statements {peaks[few]} KiB, at {lots} {peaks[lots]} KiB")


# --- healthd ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def healthd(start):
    """healthd(*args, env=…) -> (Process, port)"""

    def begin(*args, env=None, wrap=("nice",)):
        common = ["--listen", "127.0.0.1:0", "--log", "json", "--log-level", "error", "--drain", "0s"]
        process = start("healthd", *common, *args, env=env, wrap=wrap)
        port = int(listening_port(process))
        return process, port

    return begin


def listening_port(process):
    """The port that it listens on, from the kernel: its log is silent here."""

    def find():
        text = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=True).stdout
        for line in text.splitlines():
            if f"pid={process.pid}," in line:
                return line.split()[3].rsplit(":", 1)[1]
        assert process.running(), process.output
        return None

    return wait_until(find, 15, "healthd listens")


PATHS = ("/health/live", "/health/ready", "/health", "/health/ready?verbose", "/metrics", "/nothing")


def ask_often(port, times, keep):
    """So many requests over one connection, or each on its own; all have to be answered."""
    connection = None
    for n in range(times):
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", PATHS[n % len(PATHS)])
        answer = connection.getresponse()
        answer.read()
        assert answer.status in (200, 404, 503)
        if not keep:
            connection.close()
            connection = None
    if connection:
        connection.close()


def test_healthd_requests_leave_nothing_behind(healthd, pg, redis_server, record_property):
    """Requests on kept and on new connections, and rude ones: descriptors and memory stay as they were."""
    process, port = healthd(env={"DATABASE_URL": pg.url, "REDIS_URL": redis_server().url()})
    wait_until(lambda: http_get(port, "/health/ready").status == 200, 15, "ready")
    times = rounds(10_000, 600)
    ask_often(port, max(300, times // 10), True)
    ask_often(port, max(300, times // 10), False)
    wait_until(lambda: open_connections(port) == 1, 15, "connections closed")
    before = held(process.pid)
    ask_often(port, times, True)
    ask_often(port, times, False)
    be_rude(port, times // 10)
    wait_until(lambda: open_connections(port) == 1, 15, "connections closed")
    after = no_more(process.pid, before, sanitised(RSS_MORE_KIB))
    record_property("measured", f"{times} kept + {times} new + {times // 10} rude: {before} -> {after}")


def open_connections(port):
    for line in http_get(port, "/metrics").body.splitlines():
        if line.startswith("healthd_http_connections "):
            return int(float(line.split()[1]))
    return None


def be_rude(port, times):
    """No HTTP, half a request, a body, closed at once: each leaves by itself."""
    import socket

    said = (b"\0\0\0\n\n", b"GET /health/live HTTP/1.1\r\nHost", b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabcde", b"")
    for n in range(times):
        with socket.create_connection(("127.0.0.1", port), 5) as s:
            s.sendall(said[n % len(said)])


def checks_done(port):
    """How many checks ended so far, over all of them."""
    total = 0
    for line in http_get(port, "/metrics").body.splitlines():
        if line.startswith("healthd_check_duration_seconds_count{"):
            total += int(float(line.rsplit(" ", 1)[1]))
    return total


@pytest.mark.slow
def test_healthd_checks_leave_nothing_behind(healthd, pg_server, redis_server, record_property):
    """Checks that succeed, that meet a closed port, a wrong password, and servers that come and go."""
    server, cache = pg_server(max_connections=100), redis_server()
    closed = free_port()
    pace = "every 100ms timeout 1s"
    lines = []
    for n in range(8):
        lines += [f"each{n} {server.url()} {pace} connection each", f"keep{n} {server.url()} {pace}"]
        lines += [f"cache{n} {cache.url()} {pace}", f"refused{n} postgres://app@127.0.0.1:{closed}/app {pace}"]
        lines += [f"norefused{n} redis://127.0.0.1:{closed} {pace}"]
    lines += [f"auth {server.url(password='wrong')} {pace}"]
    process, port = healthd(env={"HEALTHD_CHECKS": "\n".join(lines)})
    times = rounds(10_000, 600)

    def flap():
        cache.sigkill()
        server.restart("immediate")
        cache.start()

    def settle():
        """All sessions are there again: each kept check is up."""
        def ready():
            body = http_get(port, "/health").body
            good = [json.loads(body).get(f"{kind}{n}") for n in range(8) for kind in ("keep", "cache")]
            return good == ["connected"] * 16
        wait_until(ready, 40, "kept sessions back")

    def run_until(count):
        wait_until(lambda: checks_done(port) >= count, 200, f"{count} checks", every=0.2)

    run_until(times // 10)
    flap()
    settle()
    before = least(process.pid)
    started = checks_done(port)
    for part in range(1, 4):
        run_until(started + times * part // 3)
        flap()
    settle()
    done = checks_done(port) - started
    after = least(process.pid)
    assert after.fds <= before.fds + 6, f"{before.names}\n{after.names}"
    assert after.rss_kib <= before.rss_kib + sanitised(RSS_MORE_KIB), f"{before} -> {after}"
    assert done >= times
    record_property("measured", f"{done} checks, 3 restarts of both servers: {before} -> {after} (the least)")


def test_healthd_application_checks_leave_nothing_behind(healthd, web, fpm, peer, ca, record_property):
    """Over HTTP, TLS, TCP and FastCGI, kept and each; refused, cut short, too long, silent; and an application that comes and goes."""
    app, safe = web(), web(tls=True)
    half = peer(lambda _, c: c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"))
    long = peer(lambda _, c: c.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(1_000_000)))
    silent = peer(lambda one, _: one.over.wait(600))
    closed, php = free_port(), fpm()
    pace = "every 100ms timeout 1s"
    urls = [f"{php.url()} status-page {php.page_url()}", f"{php.url('/none')} status-page fcgi://127.0.0.1:{closed}"]
    urls += [f"fcgi://127.0.0.1:{p}" for p in (closed, half.port, long.port)]
    urls += [f"fcgi://127.0.0.1:{silent.port} status-page fcgi://127.0.0.1:{silent.port}"]
    lines = [f"php{n} {url} {pace}" for n, url in enumerate(urls)]
    for way in ("keep", "each"):
        urls = [f"http://127.0.0.1:{app.port}/", f"https://localhost:{safe.port}/", f"tcp://127.0.0.1:{app.port}"]
        urls += [f"http://127.0.0.1:{p}/" for p in (closed, half.port, long.port)] + [f"tcp://127.0.0.1:{closed}"]
        lines += [f"{way}{n} {url} {pace} connection {way}" for n, url in enumerate(urls)]
    process, port = healthd(env={"HEALTHD_CHECKS": "\n".join(lines), "SSL_CERT_FILE": ca().cert})
    times = rounds(10_000, 600)

    def flap():
        for server in (app, safe):
            server.sigkill()
            server.start()

    def settle():
        def ready():
            body = json.loads(http_get(port, "/health").body)
            return all(body[f"{way}{n}"] == "connected" for way in ("keep", "each") for n in (0, 1, 2, 5))

        wait_until(ready, 40, "the application is well again")

    def run_until(count):
        wait_until(lambda: checks_done(port) >= count, 200, f"{count} checks", every=0.2)

    run_until(times // 5)
    flap()
    settle()
    before = least(process.pid)
    started = checks_done(port)
    for part in range(1, 4):
        run_until(started + times * part // 3)
        flap()
    settle()
    done = checks_done(port) - started
    after = least(process.pid)
    assert after.fds <= before.fds + 6, f"{before.names}\n{after.names}"
    assert after.rss_kib <= before.rss_kib + sanitised(RSS_MORE_KIB), f"{before} -> {after}"
    record_property("measured", f"{done} checks, 3 restarts of both applications: {before} -> {after} (the least)")


def least(pid, samples=40):
    """The least that it held in a while: connections of running checks come and go, what has leaked is always there."""
    seen = []

    def sample():
        seen.append(held(pid))
        return len(seen) >= samples

    wait_until(sample, 30, "samples", every=0.05)
    return min(seen, key=lambda h: (h.fds, h.rss_kib))
