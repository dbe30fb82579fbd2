"""The rows of bench_cronrun beside overhead and deadlines: memory, trees, lost locks, the daemon, schedules, output, pings."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

from cronrun_lab import ENV, median_of, quantile  # noqa: E402
from rig.base import descendants, proc_stat, status_number, wait_until  # noqa: E402


def records(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith("{") and line.endswith("}")]


# --- Memory ---


def name_of(pid):
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def command_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def kib(pids, field):
    return sum(status_number(pid, field) for pid in pids)


def while_it_sleeps(argv, env=None):
    """(RSS, anonymous RSS) in KiB of everything but the sleeping command itself."""
    process = subprocess.Popen(argv, env={**ENV, **(env or {})}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def asleep():
        assert process.poll() is None, argv
        return [pid for pid in descendants(process.pid) if name_of(pid) == "sleep"]

    wait_until(asleep, 20, f"{argv} sleeps")
    time.sleep(1)
    ours = [pid for pid in [process.pid, *descendants(process.pid)] if name_of(pid) != "sleep"]
    found = kib(ours, "VmRSS"), kib(ours, "RssAnon"), len(ours)
    for pid in [*descendants(process.pid), process.pid]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()
    return found


def memory(lab, _rounds):
    print("\nresident set while the command sleeps, in MiB: all processes but the command\n")
    print("| | RSS | anonymous | processes |\n|---|---|---|---|")

    def row(title, argv, env=None):
        rss, anon, n = while_it_sleeps(argv, env)
        print(f"| {title} | {rss / 1024:.1f} | {anon / 1024:.1f} | {n} |", flush=True)
        return rss / 1024

    sleep = ["sleep", "1000"]
    flock, timeout = ["flock", "-n", str(lab.top / "flock")], ["timeout", "1h"]
    for name, words in (("tini", ["tini", "-s", "--"]), ("dumb-init", ["dumb-init", "--"]), ("catatonit", ["catatonit", "-g", "--"]),
                        ("tini + flock + timeout", ["tini", "-s", "--", *flock, *timeout]), ("chronic", ["chronic"])):  # fmt: skip
        if lab.have(words[0]):
            row(name, [*words, *sleep])
    one = [lab.cronrun, "run", "--deadline", "1h"]
    got = [("file lock", 2, row("cronrun, file lock", [*one, "--lock", f"file:{lab.top}/memory", *sleep]))]
    server = lab.postgres(with_tls=True)
    url = server.url(host="localhost", sslmode="verify-full", sslrootcert=lab.authority.cert)
    words = [*one, "--lock", "postgres", "--name", "it", *sleep]
    got.append(("PostgreSQL over TLS", 6, row("cronrun, PostgreSQL over TLS", words, {"DATABASE_URL": url})))
    cache = lab.redis(with_tls=True)
    env = {"REDIS_URL": cache.url(host="localhost"), "SSL_CERT_FILE": lab.authority.cert}
    got.append(("Redis over TLS", 6, row("cronrun, Redis over TLS", [*one, "--lock", "redis", "--name", "it", *sleep], env)))
    for thing in (server, cache):
        thing.close()
    tab = lab.top / "thousand"
    tab.write_text("".join(f"{i % 60} 3 1 1 * [name=job{i}] echo {i}\n" for i in range(1000)))
    with daemon(lab, tab) as d:
        time.sleep(1)
        rss = status_number(d.pid, "VmRSS") / 1024
        print(f"| cronrun daemon, 1,000 jobs | {rss:.1f} | {status_number(d.pid, 'RssAnon') / 1024:.1f} | 1 |")
        got.append(("daemon with 1,000 jobs", 6, rss))
        used = idle_share(d.pid)
    if lab.have("supercronic"):
        tab.write_text("0 3 1 1 * true\n")
        with supercronic(lab, tab) as s:
            time.sleep(1)
            print(f"| supercronic, one job | {kib([s.pid], 'VmRSS') / 1024:.1f} | {kib([s.pid], 'RssAnon') / 1024:.1f} | 1 |")
    for what, limit, rss in got:
        lab.goal(f"MiB resident, {what}", rss, limit)
    lab.goal("processor of an idle daemon with 1,000 jobs, %", used, 0.1)


# --- Trees and lost locks ---


def bare_kill_ms(lab, words):
    """A loop in C that looks for children in /proc and kills them until there is none."""
    process = subprocess.Popen([lab.build("spawn_wait", "-static"), "-k", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    wait_until(lambda: len(descendants(process.pid)) == 1001, 20, "the processes", every=0.1)
    time.sleep(0.5)
    return int(process.communicate("now\n")[0]) / 1000


def tree(lab, _rounds):
    """Wall time of the run beyond deadline and grace."""
    nasty = lab.build("nasty")
    words, over, bare = [nasty, "deaf", "many=1000", "setsid", "deaf"], [], []
    run = [lab.cronrun, "run", "--lock", "none", "--deadline", "3s", "--grace", "500ms", "--log", "json"]
    with lab.real_time():
        for _ in range(5):
            done = subprocess.run([*run, *words], env=ENV, stderr=subprocess.PIPE, text=True)
            (end,) = [r for r in records(done.stderr) if r["event"] == "run_end"]
            assert done.returncode == 124
            over.append(end["duration_ms"] - 3500)
            bare.append(bare_kill_ms(lab, words))
    left = [n for n in os.listdir("/proc") if n.isdigit() and nasty in command_of(n)]
    print(f"\n1,000 processes in as many sessions, deaf to TERM: all gone {min(over)}/{median_of(over):.0f}/{max(over)} ms after the grace; "
          f"killed and reaped by a bare loop in {min(bare):.0f}/{median_of(bare):.0f}/{max(bare):.0f} ms (min/median/max); left: {len(left)}")  # fmt: skip
    lab.goal("gone after the grace, ms at best", min(over), 250)
    lab.goal("left alive", len(left), 0)


def lost(lab, rounds):
    """From the call of pg_terminate_backend, by the server's clock, to the last stamp of the tree and to the end of the run."""
    nasty, stamped, ended = lab.build("nasty"), [], []
    call = ("SELECT extract(epoch FROM clock_timestamp()), count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE application_name = 'cronrun:it'")  # fmt: skip

    def one(n, server):
        stamps = lab.top / f"stamps{n}"
        stamps.touch()
        words = [lab.cronrun, "run", "--lock", "postgres", "--name", "it", "--lock-settle", "0", nasty, "deaf", f"stamp={stamps}"]
        process = subprocess.Popen(words, env={**ENV, "DATABASE_URL": server.url()}, stderr=subprocess.DEVNULL)
        wait_until(lambda: stamps.stat().st_size, 20, "stamps")
        offset_ns = time.time_ns() - time.monotonic_ns()
        at = float(server.psql(call).split("|")[0]) * 1e9 - offset_ns
        process.wait()
        ended.append((time.monotonic_ns() - at) / 1e6)
        stamped.append((int(stamps.read_text().splitlines()[-1].split()[0]) - at) / 1e6)

    with lab.real_time():
        server = lab.postgres()
        for n in range(min(rounds, 50)):
            one(n, server)
        server.close()
    print(f"\nlock in PostgreSQL, session terminated, {len(ended)} rounds: the tree's last sign of life after "
          f"{min(stamped):.0f}/{median_of(stamped):.0f}/{max(stamped):.0f} ms, the run's end after "
          f"{min(ended):.0f}/{median_of(ended):.0f}/{max(ended):.0f} ms (min/median/max)")  # fmt: skip
    lab.goal("last sign of life, ms", max(stamped), 100)


# --- The daemon ---


@contextlib.contextmanager
def daemon(lab, tab, *words):
    log = open(f"{tab}.log", "w")
    process = subprocess.Popen([lab.cronrun, "daemon", "--listen", "127.0.0.1:0", "--log", "json", "--drain", "0", *words, str(tab)],
                               stdin=subprocess.DEVNULL, stderr=log, env=ENV)  # fmt: skip
    wait_until(lambda: '"event":"listening"' in Path(f"{tab}.log").read_text(), 20, "the daemon listens")
    try:
        yield process
    finally:
        process.terminate()
        process.wait()
        log.close()


@contextlib.contextmanager
def supercronic(lab, tab):
    process = subprocess.Popen([shutil.which("supercronic"), "-quiet", str(tab)], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENV)  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def each_second(lab, *words):
    """The least daemon: a loop that starts them."""
    process = subprocess.Popen([lab.build("each_second", "-static"), *words], stdin=subprocess.DEVNULL, env=ENV)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def idle_share(pid, seconds=20):
    """Percent of a core."""

    def used():
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9

    before = used()
    time.sleep(seconds)
    return 100 * (used() - before) / seconds


def late_starts(lab, make, seconds):
    """Milliseconds between the whole second and the command's first instruction, for a daemon that starts one each second."""
    stamps = lab.top / f"starts{lab.count}"
    lab.count += 1
    stamps.touch()
    with make(f"{lab.build('stamp_start', '-static')} {stamps}"):
        wait_until(lambda: len(stamps.read_text().splitlines()) >= seconds, seconds + 30, "the starts", every=0.5)
    late = [int(line.split()[0]) % 1_000_000_000 / 1e6 for line in stamps.read_text().splitlines()]
    return [ms - 1000 if ms > 900 else ms for ms in late][1:]


def daemon_row(lab, _rounds):
    starts = int(os.environ.get("STARTS", "60"))
    cores = os.cpu_count()
    tab, other = lab.top / "every", lab.top / "supercrontab"

    def ours(command):
        tab.write_text(f"@every 1s [name=it] exec {command}\n")
        return daemon(lab, tab)

    def theirs(command):
        other.write_text(f"* * * * * * * exec {command}\n")
        return supercronic(lab, other)

    def shell(command):
        return "sh", "-c", f"exec {command}"

    ways = [("a loop that does nothing else", lambda command: each_second(lab, *shell(command))),
            ("the same with a process that waits for each", lambda command: each_second(lab, lab.build("spawn_wait", "-static"), *shell(command))),
            ("cronrun daemon", ours), *([("supercronic", theirs)] if lab.have("supercronic") else [])]  # fmt: skip
    print(f"\none start a second, {starts} starts: the command's first instruction, milliseconds after the second\n")
    print("| | min | median | p99 | max |\n|---|---|---|---|---|")
    for title, loops in (("idle", 0), (f"{cores} busy loops", cores)):
        with lab.busy(loops):
            for name, make in ways:
                late = late_starts(lab, make, starts)
                print(f"| {name}, {title} | {min(late):.2f} | {median_of(late):.2f} | {quantile(late, 0.99):.2f} | {max(late):.2f} |", flush=True)
                if name == "cronrun daemon":
                    reached = late
    lab.goal("late with busy cores, median ms", median_of(reached), 1)
    lab.goal("late with busy cores, p99 ms", quantile(reached, 0.99), 20)
    half = len(reached) // 2
    lab.goal("drift: median of the second half less that of the first, ms", abs(median_of(reached[half:]) - median_of(reached[:half])), 5)


# --- Schedules ---


def next_row(lab, _rounds):
    n = os.environ.get("EXPRESSIONS", "1000000")
    program = ROOT / "build/dev/tests/bench/speed_next"
    if not program.exists():
        print(f"\nnext: skipped, {program} is not built: make {program.relative_to(ROOT)}")
        return
    said = subprocess.run([program, n], check=True, capture_output=True, text=True).stdout.split(maxsplit=7)
    median, p99, worst, never, valid, nothing, refused = map(float, said[:7])
    print(f"\nthe next time of {valid:,.0f} made-up schedules: median {median:.0f} ns, p99 {p99:.0f} ns, worst {worst} µs ({said[7].strip()}); "
          f"{nothing:,.0f} without any, at worst {never} µs; {refused:,.0f} refused")  # fmt: skip
    lab.goal("next, median µs", median / 1000, 1)
    lab.goal("next, worst µs", worst, 100)


# --- Output ---


def throughput(argv, size):
    """MB/s of the command's own output."""
    began = time.perf_counter()
    subprocess.run(argv, env=ENV, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return size / 1e6 / (time.perf_counter() - began)


def peak_mib(lab, argv):
    """Of the resident set; of the command, too."""
    read, write = os.pipe()
    command = ["sh", "-c", 'exec "$@" 3>&"$0" >/dev/null 2>&1', str(write), lab.build("stopwatch"), *argv]
    subprocess.run(command, env=ENV, pass_fds=[write], check=True)
    os.close(write)
    with os.fdopen(read) as said:
        return int(said.read().split()[1]) / 1024


def output(lab, _rounds):
    lines = lab.top / "lines"
    size = 200_000_000
    line = b"2026-11-21T02:33:27Z app[7]: the order 1234567 was sent to somebody, all is well\n"
    with open(lines, "wb") as out:
        for _ in range(size // (len(line) * 1000)):
            out.write(line * 1000)
    size = lines.stat().st_size
    one = [lab.cronrun, "run", "--lock", "none"]
    ways = {
        "cat into cat": ["sh", "-c", 'cat "$0" | cat', lines],
        **({"ts (moreutils)": ["sh", "-c", 'head -c 20000000 "$0" | ts', lines]} if lab.have("ts") else {}),
        "cronrun": [*one, "cat", lines],
        "cronrun --output lines": [*one, "--output", "lines", "cat", lines],
        "cronrun --output on-failure": [*one, "--output", "on-failure", "cat", lines],
    }
    got = {name: [] for name in ways}
    with lab.real_time():
        for name, argv in list(ways.items()) * 5:
            got[name].append(throughput(list(map(str, argv)), 20_000_000 if name.startswith("ts") else size))
    lines.unlink()
    print(f"\n{size / 1e6:.0f} MB of lines of {len(line)} bytes to /dev/null, five rounds in turns; MB/s\n")
    print("| | min | median | max |\n|---|---|---|---|")
    for name, rates in got.items():
        print(f"| {name} | {min(rates):.0f} | {median_of(rates):.0f} | {max(rates):.0f} |")
    lab.goal("--output lines, MB/s at best", max(got["cronrun --output lines"]), 300, least=True)
    long_line = ["sh", "-c", "head -c 1000000000 /dev/zero | tr '\\0' x"]
    lab.goal("a line of 1 GB through --output lines, MiB resident at the peak", peak_mib(lab, [*one, "--output", "lines", *long_line]), 4)


# --- Pings ---


@contextlib.contextmanager
def silent(backlog):
    """A port whose connections are accepted by the kernel and never answered; with backlog=0 not even that, once it is full."""
    held = []
    with socket.create_server(("127.0.0.1", 0), backlog=backlog) as listener:
        port = listener.getsockname()[1]
        for _ in range(3 if backlog == 0 else 0):
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex(("127.0.0.1", port))
            held.append(s)
        yield port
    for s in held:
        s.close()


def ping_times(lab, words, rounds):
    """Milliseconds before the command's first instruction, and after its end until ours."""
    stamps = lab.top / f"pings{lab.count}"
    lab.count += 1
    before, after = [], []
    for _ in range(rounds):
        stamps.unlink(missing_ok=True)
        argv = lab.command([*words, lab.build("stamp_start", "-static"), str(stamps)])
        began = time.monotonic_ns()
        lab.spawn(argv)
        ended = time.monotonic_ns()
        at = int(stamps.read_text().split()[1])
        before.append((at - began) / 1e6)
        after.append((ended - at) / 1e6)
    return before, after


def pings(lab, _rounds):
    one = [lab.cronrun, "run", "--lock", "none"]
    few = int(os.environ.get("PINGS", "9"))
    print("\na monitor that never answers; milliseconds (min/median/max)\n")
    print("| | before the command | after it |\n|---|---|---|")

    def row(name, words, rounds):
        got = ping_times(lab, words, rounds)
        cells = [f"{min(t):.2f}/{median_of(t):.2f}/{max(t):.2f}" for t in got]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
        return got

    with lab.real_time():
        plain = row("cronrun, no monitor", one, few * 5)
        for title, backlog in (("accepts and says nothing", 100), ("drops what comes", 0)):
            with silent(backlog) as port:
                url = f"http://127.0.0.1:{port}/x"
                got = row(f"cronrun, {title}", [*one, "--ping", url, "--"], few)
                lab.goal(f"{title}: more before the command, median ms", median_of(got[0]) - median_of(plain[0]), 1)
                lab.goal(f"{title}: after it, at most s", max(got[1]) / 1000, 2)
        if lab.have("runitor"):
            with silent(100) as port:
                row("runitor, accepts and says nothing", ["runitor", "-api-url", f"http://127.0.0.1:{port}", "-uuid", PING_ID, "--"], 1)


PING_ID = "00000000-0000-4000-8000-000000000000"
ROWS = {"memory": memory, "tree": tree, "lost": lost, "daemon": daemon_row, "next": next_row, "output": output, "pings": pings}
