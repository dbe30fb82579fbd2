"""Figures of healthd that bench_healthd prints besides answers under faults: start, memory, detection, load on the database, false
alarms, and requests per CPU second beside a bare epoll loop, and beside nginx, HAProxy, podinfo and a Go library where these can be had."""

import os
import re
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
from rig.base import Daemon, free_port, give_to_server_user, status_number, wait_until  # noqa: E402
from rig.healthd import Healthd  # noqa: E402
from rig.program import BIN_DIR, ROOT, Programs, http_get  # noqa: E402


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
        print(f"memory: {title}: {working_set(lab, checks)}")
    for thing in (server, redis, app):
        thing.close()


class Cgroup:
    """A control group of its own, version 1 or 2."""

    def __init__(self):
        first = Path("/sys/fs/cgroup/memory")
        self.path = (first if first.is_dir() else Path("/sys/fs/cgroup")) / f"rr-bench-{os.getpid()}"
        self.path.mkdir()
        names = ("memory.usage_in_bytes", "total_inactive_file") if first.is_dir() else ("memory.current", "inactive_file")
        self.usage, self.inactive = self.path / names[0], re.compile(rf"^{names[1]} (\d+)$", re.M)

    def working_set(self):
        """As a kubelet has it: what is charged, less file pages that nobody used lately."""
        return int(self.usage.read_text()) - int(self.inactive.search((self.path / "memory.stat").read_text()).group(1))


def forget_pages(path):
    """So that the group that reads the file next is charged for it."""
    with open(path, "rb") as f:
        os.fsync(f.fileno())
        os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def working_set(lab, checks):
    limit = 4096 if checks else 2048
    try:
        group = Cgroup()
    except OSError as e:
        return f"working set skipped, no control group can be made ({e.strerror})"
    programs = programs_of(lab)
    try:
        forget_pages(BIN_DIR / "healthd")
        into = ["sh", "-c", f'echo $$ >{group.path}/cgroup.procs; exec "$@"', "sh"]
        h = Healthd(programs.start, *[w for line in checks for w in ("--check", line)], wrap=into)
        wait_until(lambda: h.ready() == 200, 20)
        time.sleep(3)
        return f"working set of a control group of its own {group.working_set() // 1024} KiB ({limit})"
    finally:
        programs.finish()
        wait_until(lambda: not (group.path / "cgroup.procs").read_text(), 10)
        group.path.rmdir()


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


LOSSY = """
add table ip bench
add chain ip bench input {{ type filter hook input priority 0; }}
add rule ip bench input tcp dport {{ {ports} }} numgen random mod 100 < 1 counter drop
add rule ip bench input tcp sport {{ {ports} }} numgen random mod 100 < 1 counter drop
"""


def loss(lab, probes):
    """Inside a network namespace of its own: of the packets to and from the servers one in a hundred is lost."""
    server, redis = lab.postgres(), lab.redis()
    programs = programs_of(lab)
    h = Healthd(programs.start, "--check", f"database {server.url()} every 200ms", "--check", f"cache {redis.url()} every 200ms")
    until(h, 200)
    subprocess.run(["nft", "-f", "-"], input=LOSSY.format(ports=f"{server.port}, {redis.port}"), text=True, check=True)
    seconds, lab.seconds = lab.seconds, max(1, probes / 1000)
    result = lab.measure(h.port, "/health/ready")
    lab.seconds = seconds
    rules = subprocess.run(["nft", "list", "table", "ip", "bench"], capture_output=True, text=True, check=True).stdout
    lost = sum(int(n) for n in re.findall(r"packets (\d+)", rules))
    looks = sum(h.metric("healthd_check_duration_seconds_count", check=c) for c in ("database", "cache"))
    print(f"alarms: {result[0]} probes while 1 % of the servers' packets is lost ({lost} of them, {looks:.0f} looks): "
          f"{result[2]} wrong 503, {result[1]} errors (0)")  # fmt: skip
    programs.finish()
    server.close()
    redis.close()


def loss_in_a_namespace(command):
    """The command's status; 0 with a line that says why where there is no such namespace."""
    able = ["unshare", "--net", "sh", "-c", "ip link set lo up && nft add table ip bench"]
    tried = subprocess.run(able, capture_output=True, text=True) if shutil.which("nft") else None
    if not tried or tried.returncode != 0:
        why = tried.stderr.strip().splitlines()[-1] if tried and tried.stderr.strip() else "nft is not installed"
        print(f"alarms: packet loss skipped: {why}")
        return 0
    return subprocess.call(["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *command])


# --- Requests per CPU second, side by side ---


def nginx(lab, port):
    directory = lab.directory()
    config = directory / "nginx.conf"
    places = " ".join(f"{what}_temp_path {directory}/{what};" for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    config.write_text(
        f"daemon off; master_process off; error_log stderr crit; pid {directory}/pid; events {{ worker_connections 1024; }}\n"
        f"http {{ access_log off; {places} keepalive_requests 100000000;\n"
        f'server {{ listen 127.0.0.1:{port}; location / {{ return 200 "ok"; }} }} }}\n'
    )
    give_to_server_user(directory)
    return Daemon(["nginx", "-p", directory, "-c", config], directory / "log")


def haproxy(lab, port):
    directory = lab.directory()
    config = directory / "haproxy.cfg"
    config.write_text(
        "global\n    nbthread 1\ndefaults\n    mode http\n    timeout client 5s\n    timeout server 5s\n    timeout connect 5s\n"
        f"frontend f\n    bind 127.0.0.1:{port}\n    monitor-uri /health/ready\n"
    )
    return Daemon(["haproxy", "-db", "-f", config], directory / "log")


PODINFO = "github.com/stefanprodan/podinfo/cmd/podinfo@v1.8.1-0.20250910200901-e86405a8674e"
KEPT = ROOT / "build" / "bench"


def built(name, *words, cwd):
    """Made by Go once, in build/bench; None with a line that says why not."""
    program = KEPT / name
    if program.exists():
        return program
    if not shutil.which("go"):
        print(f"speed: {name} is left out, Go is not installed")
        return None
    KEPT.mkdir(parents=True, exist_ok=True)
    try:
        done = subprocess.run(["go", *words], cwd=cwd, env={**os.environ, "GOBIN": str(KEPT)}, capture_output=True, text=True, timeout=900)
        why = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
    except subprocess.TimeoutExpired:
        why = ["it takes too long"]
    if program.exists():
        return program
    print(f"speed: {name} is left out, it cannot be built: {why[0]}")
    return None


def podinfo(lab, port):
    program = built("podinfo", "install", PODINFO, cwd=lab.directory())
    return program and Daemon([program, "--host", "127.0.0.1", "--port", str(port), "--level", "error"], lab.directory() / "log")


def go_health(lab, port):
    """alexliesenfeld/health, with a check that runs by itself."""
    program = built("go_health", "build", "-o", KEPT / "go_health", ".", cwd=Path(__file__).with_name("go_health"))
    return program and Daemon([program, f"127.0.0.1:{port}"], lab.directory() / "log")


def installed(name, begin):
    def start(lab, port):
        if shutil.which(name):
            return begin(lab, port)
        print(f"speed: {name} is not installed and left out")
        return None

    return start


PEERS = [
    ("nginx", installed("nginx", nginx), "/health/ready"),
    ("haproxy", installed("haproxy", haproxy), "/health/ready"),
    ("podinfo", podinfo, "/readyz"),
    ("Go library", go_health, "/health/ready"),
]


def peers(lab):
    """Those that can be had: (name, port, pid, path), and what ends them."""
    found, made = [], []
    for name, begin, path in PEERS:
        port = free_port()
        daemon = begin(lab, port)
        if not daemon:
            continue
        made.append(daemon)
        wait_until(lambda port=port, path=path: answers(port, path), 20, f"{name} answers", every=0.1)
        found.append((name, port, daemon.pid, path))
    return found, made


def answers(port, path):
    try:
        return http_get(port, path).status == 200
    except OSError:
        return False
