"""Figures of healthd that bench_healthd prints besides answers under faults: start, memory, detection, load on the database, and
requests per CPU second beside a bare epoll loop, nginx and HAProxy where these are installed."""

import os
import shutil
import signal
import statistics
import subprocess
import sys
import time
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scenarios"))

from rig import kubelet, tls, web  # noqa: E402
from rig.base import Daemon, free_port, status_number, wait_until  # noqa: E402
from rig.healthd import Healthd  # noqa: E402
from rig.program import BIN_DIR, Programs, http_get  # noqa: E402


def programs_of(lab):
    return Programs(lab.directory(), uuid.uuid4().hex)


# --- Start ---


def start(lab):
    """From exec to the first answer, by a client that tries all the time."""
    took = []
    for _ in range(30):
        port = free_port()
        words = [BIN_DIR / "healthd", "--listen", f"127.0.0.1:{port}", "--log-level", "error", "--drain", "0"]
        began = time.monotonic()
        child = subprocess.Popen(words, env={"PATH": os.environ["PATH"]})
        while kubelet.probe(port, "/health/live").result != kubelet.SUCCESS:
            pass
        took.append((time.monotonic() - began) * 1000)
        child.terminate()
        child.wait()
    print(f"start: first answer after {min(took):.1f} ms at best, {statistics.median(took):.1f} ms in the median of {len(took)} (15)")


# --- Memory ---


def memory(lab):
    """Without checks; and with PostgreSQL over TLS, Redis and HTTP."""
    authority = tls.Authority(lab.directory())
    server = lab.postgres_with_tls(authority.issue())
    redis, app = lab.redis(), web.Web(lab.directory())
    url = server.url(host="localhost", sslmode="verify-full", sslrootcert=authority.cert)
    lines = [f"database {url}", f"cache {redis.url()}", f"app http://127.0.0.1:{app.port}/"]
    for title, checks, anon, whole in (("no checks", [], 1, 6), ("PostgreSQL over TLS, Redis, HTTP", lines, 3, 8)):
        programs = programs_of(lab)
        h = Healthd(programs.start, *[w for line in checks for w in ("--check", line)])
        wait_until(lambda h=h: h.ready() == 200, 20)
        time.sleep(3)
        pid = h.process.pid
        figures = f"RssAnon {status_number(pid, 'RssAnon')} KiB ({anon * 1024}), RSS {status_number(pid, 'VmRSS')} KiB ({whole * 1024})"
        before = lab.cpu_seconds(pid)
        time.sleep(lab.seconds)
        idle = 100 * (lab.cpu_seconds(pid) - before) / lab.seconds
        print(f"memory: {title}: {figures}; {idle:.2f} % of a core while idle (0.2)")
        programs.finish()
    for thing in (server, redis, app):
        thing.close()


# --- How soon a failure shows ---


def until(h, wanted, limit=20):
    began = time.monotonic()
    while h.ready() != wanted:
        if time.monotonic() - began > limit:
            return limit
        time.sleep(0.001)
    return time.monotonic() - began


def detection(lab, rounds):
    """Ready turns 503, and 200 again once the server accepts."""
    server, redis = lab.postgres(), lab.redis()
    ways = [
        ("pg_ctl stop -m fast", server, lambda: server.daemon.send_signal(signal.SIGINT)),
        ("pg_ctl stop -m immediate", server, lambda: server.daemon.send_signal(signal.SIGQUIT)),
        ("PostgreSQL SIGKILL", server, lambda: server.daemon.signal_tree(signal.SIGKILL)),
        ("Redis SIGKILL", redis, lambda: redis.daemon.signal_tree(signal.SIGKILL)),
    ]
    for title, of, act in ways:
        programs = programs_of(lab)
        h = Healthd(programs.start, "--check", f"it {of.url()}")
        seen, back = [], []
        for _ in range(rounds):
            until(h, 200)
            act()
            seen.append(until(h, 503) * 1000)
            of.daemon.wait()
            of.start()
            back.append(until(h, 200) * 1000)
        p99 = [sorted(values)[max(0, int(len(values) * 0.99) - 1)] for values in (seen, back)]
        print(f"detection: {title}: p99 of {rounds} rounds {p99[0]:.0f} ms (250), ready again {p99[1]:.0f} ms after it accepts (700)", flush=True)
        programs.finish()
    server.close()
    redis.close()


# --- What the database notices ---


def database_load(lab):
    """Sessions, queries and logins while 1,000 requests a second come."""
    server = lab.postgres(log_statement="all")
    programs = programs_of(lab)
    h = Healthd(programs.start, "--check", f"database {server.url()}")
    until(h, 200)
    before, began = server.log_text(), time.monotonic()
    result = lab.measure(h.port, "/health/ready")
    took = time.monotonic() - began
    log = server.log_text()[len(before) :]
    sessions = server.sessions("application_name = 'healthd'")
    queries = log.count("SELECT 1") / took
    print(f"load: {result[0]} requests in {took:.1f} s: {sessions} session (1), {queries:.2f} queries/s (0.5 to 0.63), "
          f"{log.count('connection authorized: user=app')} logins (at most 1 a minute)")  # fmt: skip
    programs.finish()
    server.close()


# --- What is no outage ---


def alarms(lab, probes):
    """Ready while servers close idle sessions, no slot is left, and a core is busy: each 503 is one too many."""
    server, redis = lab.postgres(max_connections=8, idle_session_timeout="1s"), lab.redis(timeout=1)
    programs = programs_of(lab)
    h = Healthd(programs.start, "--check", f"database {server.url()} every 2s", "--check", f"cache {redis.url()} every 2s")
    until(h, 200)
    held = [subprocess.Popen(["psql", "-XAtq", server.socket_url(), "-c", "SELECT pg_sleep(6000)"], stderr=subprocess.DEVNULL) for _ in range(8)]
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    seconds, lab.seconds = lab.seconds, max(1, probes / 1000)
    result = lab.measure(h.port, "/health/ready")
    lab.seconds = seconds
    print(f"alarms: {result[0]} probes while idle sessions are closed, slots full and a core busy: {result[2]} wrong 503, {result[1]} errors (0)")
    for p in (*held, busy):
        p.kill()
        p.wait()
    programs.finish()
    server.close()
    redis.close()


# --- Requests per CPU second, side by side ---


def nginx(lab, port):
    directory = lab.directory()
    config = directory / "nginx.conf"
    config.write_text(
        f"daemon off; master_process off; error_log stderr crit; pid {directory}/pid; events {{ worker_connections 1024; }}\n"
        f"http {{ access_log off; keepalive_requests 100000000;\n"
        f'server {{ listen 127.0.0.1:{port}; location / {{ return 200 "ok"; }} }} }}\n'
    )
    return Daemon(["nginx", "-p", directory, "-c", config], directory / "log")


def haproxy(lab, port):
    directory = lab.directory()
    config = directory / "haproxy.cfg"
    config.write_text(
        "global\n    nbthread 1\ndefaults\n    mode http\n    timeout client 5s\n    timeout server 5s\n    timeout connect 5s\n"
        f"frontend f\n    bind 127.0.0.1:{port}\n    monitor-uri /health/ready\n"
    )
    return Daemon(["haproxy", "-db", "-f", config], directory / "log")


def peers(lab):
    """Those that are installed: (name, port, pid), and what ends them; each on the machine as it comes from Debian."""
    found, made = [], []
    for name, begin in (("nginx", nginx), ("haproxy", haproxy)):
        if not shutil.which(name):
            print(f"speed: {name} is not installed and left out")
            continue
        port = free_port()
        daemon = begin(lab, port)
        made.append(daemon)
        wait_until(lambda port=port: http_get(port, "/health/ready").status == 200, 10, f"{name} answers", every=0.1)
        found.append((name, port, daemon.pid))
    return found, made
