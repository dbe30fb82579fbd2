"""The process cases by their numbers, 1 to 32: each as PID 1 and not, as root and not, and nothing of it is left. RR_ROUNDS=full does each
a hundred times in each way. What belongs to a case in more detail is in test_cronrun_process.py; here it is short enough to be repeated."""

import fcntl
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
import test_cronrun_process as processes
from rig.base import SLOW, alive, descendants, proc_stat, rounds, wait_until
from rig.crondaemon import CronDaemon
from rig.nasty import NOBODY, have, nasty, wrap_of  # noqa: F401
from rig.program import BIN_DIR

WAYS = ["plain", "pid1", "nobody", "pid1-nobody"]
SLOW_ONES = {17, 22, 29, 30, 31}  # without RR_ROUNDS=full they are tried in two ways that differ in both respects
CASES = {}
ENV = {"PATH": "/usr/bin:/bin"}  # the caller's may hold directories of root's


def case(number, *ways):
    """Registers what the case does; ways: those in which it makes sense, all if none is named."""

    def keep(function):
        CASES[number] = (function, ways or WAYS)
        return function

    return keep


def words_of(way):
    if way == "pid1-nobody":
        wrap_of("nobody")
        return [*wrap_of("pid1"), *NOBODY]
    return wrap_of(way)


class Here:
    """One way of starting cronrun, and what a case needs."""

    def __init__(self, request, programs, nasty, scratch, way):  # noqa: F811
        self.request, self.programs, self.nasty, self.way = request, programs, nasty, way
        self.scratch = scratch / way
        self.scratch.mkdir(exist_ok=True)
        self.scratch.chmod(0o777)
        self.wrap = words_of(way)
        self.is_pid1 = way.startswith("pid1")

    def run(self, *words, lock="none", before=(), env=(), **more):
        words = ["run", "--lock", lock, "--grace", "150ms", *words]
        return self.programs.run("cronrun", *words, wrap=[*self.wrap, *before], env={**ENV, **dict(env)}, **more)

    def start(self, *words, lock="none"):
        return self.programs.start("cronrun", "run", "--lock", lock, "--grace", "150ms", *words, wrap=self.wrap, env=ENV)

    def target(self, process):
        """cronrun's own pid."""
        return process.pid if not self.is_pid1 else wait_until(lambda: descendants(process.pid), 5, "cronrun")[0]

    def ready(self, *words):
        """A run whose command stands; its pid."""
        process = self.start(*words)
        process.wait_for("ready")
        return process, self.target(process)


def before_exec(code):
    """Words that do something in Python before they become cronrun."""
    return ["/usr/bin/python3", "-S", "-c", f"import os, signal, sys\n{code}\nos.execv(sys.argv[1], sys.argv[1:])"]


def is_in_state(pid, state):
    return (proc_stat(pid) or "-")[0] == state


# --- Statuses and signals ---------------------------------------------------------------------------------------------------


@case(1)
def statuses_are_kept(h):
    for status in (0, 1, 125, 255):
        assert h.run(h.nasty, f"exit={status}").status == status


@case(2)
def death_by_signal(h):
    for signo, status in ((1, 129), (3, 131), (15, 143), (9, 137)):
        assert h.run(h.nasty, f"die={signo}").status == status


@case(3)
def what_cannot_be_executed(h):
    plain = h.scratch / "plain"
    plain.write_text("no program")
    plain.chmod(0o644)
    assert h.run("no-such-command").status == 127
    assert h.run(h.scratch).status == 126
    assert h.run(plain).status == 126
    assert h.run("--nonsense", "true").status == 125


@case(4)
def signals_arrive(h):
    process, pid = h.ready(h.nasty, "catch", "ready")
    for signo in processes.FORWARDED:
        os.kill(pid, signo)
        process.wait_for(f"got {signo}\n")
    os.kill(pid, signal.SIGTERM)
    assert process.wait().status == 137


@case(5)
def stops_and_goes_on(h):
    """The kernel does not let PID 1 stop itself; its command stops all the same."""
    process, pid = h.ready(h.nasty, "ready")
    (child,) = descendants(pid)
    for signo in (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU):
        os.kill(pid, signo)
        wait_until(lambda: is_in_state(child, "T") and (h.is_pid1 or is_in_state(pid, "T")), 5, "stopped")
        os.kill(pid, signal.SIGCONT)
        wait_until(lambda: is_in_state(child, "S") and is_in_state(pid, "S"), 5, "awake")
    for _ in range(50 if h.is_pid1 else 0):  # CONT may come while the stop is still handled
        os.kill(pid, signal.SIGTSTP)
        wait_until(lambda: is_in_state(child, "T"), 5, "stopped", every=0)
        os.kill(pid, signal.SIGCONT)
        wait_until(lambda: is_in_state(child, "S"), 5, "awake")
    os.kill(pid, signal.SIGTERM)
    assert process.wait().status == 143


@case(6)
def pipelines_in_the_background(h):
    process = h.start("sh", "-c", "yes | tail & yes | tail")
    pid = h.target(process)
    wait_until(lambda: len(descendants(pid)) >= 5, 10, "both pipelines")
    os.kill(pid, signal.SIGTERM)
    assert process.wait().status == 143


@case(7)
def the_main_child_ends_first(h):
    result = h.run(h.nasty, "left", "setsid", "catch", "ready", "/", "ms=100", "exit=7")
    assert result.status == 7
    assert "got 15\n" in result.stdout


@case(8)
def a_hundred_orphans(h):
    code = (f"{h.nasty} orphans=100 ms=200 exit=0; for i in 1 2 3 4 5 6 7 8 9 10; do "
            "z=$(cat /proc/[0-9]*/stat 2>/dev/null | grep -c \") Z $PPID \"); test $z = 0 && exit 0; sleep 0.2; done; exit 1")  # fmt: skip
    assert h.run("sh", "-c", code).status == 0


@case(9)
def an_orphans_orphan(h):
    result = h.run(h.nasty, "left", "away", "setsid", "away", "ms=20", "exit=9", "/", "ms=400", "exit=0")
    assert result.status == 0
    assert processes.records(result.stderr, "left_behind") == []


@case(10)
def a_signal_reaches_the_group(h):
    process, pid = h.ready(h.nasty, "deaf", "left", "catch", "ready", "/")
    os.kill(pid, signal.SIGUSR1)
    process.wait_for("got 10\n")
    os.kill(pid, signal.SIGTERM)
    assert process.wait().status == 137


@case(11)
def masks_and_dispositions(h):
    code = ("for s in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}: signal.signal(s, signal.SIG_DFL)\n"
            "for s in (22, 11, 2): signal.signal(s, signal.SIG_IGN)\n"
            "signal.pthread_sigmask(signal.SIG_SETMASK, [21, 4, 15])")  # fmt: skip
    result = h.run(h.nasty, "masks", "exit=0", before=before_exec(code), env={"ASAN_OPTIONS": "exitcode=99:handle_segv=0"})
    masks = dict(line.split(":\t") for line in result.stdout.splitlines())
    bits = lambda signals: sum(1 << (s - 1) for s in signals)  # noqa: E731
    assert int(masks["SigBlk"], 16) == bits([21, 4, 15])
    assert int(masks["SigIgn"], 16) & ~bits([25, 32, 33]) == bits([22, 11, 2])


@case(12)
def the_runner_is_killed(h):
    """Not as PID 1 the command dies by its parent-death signal, as PID 1 the kernel ends all."""
    process, pid = h.ready(h.nasty, "deaf", "ready")
    (child,) = descendants(pid)
    os.kill(pid, signal.SIGKILL)
    process.wait()
    wait_until(lambda: not alive(child), 5, "the command is gone")


@case(13)
def chld_is_ignored(h):
    before = before_exec("signal.signal(signal.SIGCHLD, signal.SIG_IGN)")
    assert h.run(h.nasty, "exit=3", before=before).status == 3
    assert h.run("--deadline", "200ms", h.nasty, before=before).status == 124


@case(14)
def alrm_is_blocked(h):
    before = before_exec("signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])")
    assert h.run("--deadline", "200ms", h.nasty, before=before).status == 124


@case(15)
def a_foreign_child(h):
    assert h.run("--deadline", "300ms", h.nasty, before=["sh", "-c", 'sleep 0.1 & exec "$@"', "sh"]).status == 124


@case(16)
def it_is_pid_1(h):
    result = h.run("sh", "-c", "echo $PPID")
    assert (result.stdout == "1\n") == h.is_pid1


@case(17)
def odd_deadlines(h):
    assert h.run("--deadline", "0", "sleep", "0.1").status == 0
    assert h.run("--deadline", "1ms", "sleep", "60").status == 124
    assert h.run("--deadline", "365d", "true").status == 0
    for text in ("1e-10000", "42D", "-0.1", "text"):
        assert h.run("--deadline", text, "true").status == 125


@case(18)
def nested(h):
    inner = [BIN_DIR / "cronrun", "--lock", "none", h.nasty, "many=3", "setsid", "deaf"]
    assert h.run("--deadline", "300ms", *inner).status == 124


@case(19)
def stderr_is_a_closed_pipe(h):
    reader, writer = os.pipe()
    os.close(reader)
    words = [*h.wrap, BIN_DIR / "cronrun", "--lock", "none", "--deadline", "100ms", h.nasty]
    with os.fdopen(writer, "w") as dead:
        assert subprocess.run(words, stderr=dead, env=h.programs.env(), timeout=20 * SLOW).returncode == 124


# --- Nothing survives ---------------------------------------------------------------------------------------------------------


@case(20)
def term_is_ignored(h):
    result = h.run("--deadline", f"{300 * SLOW:.0f}ms", h.nasty, "deaf")
    assert result.status == 124
    assert processes.records(result.stderr, "killing")


@case(21)
def setsid_double_fork_nohup(h):
    words = ["left", "setsid", "deaf", "/", "left", "away", "setsid", "away", "deaf", "/"]
    script = f"nohup {h.nasty} deaf >/dev/null 2>&1 & exec {h.nasty} {' '.join(words)}"
    assert h.run("--deadline", f"{300 * SLOW:.0f}ms", "sh", "-c", script).status == 124


@case(22)
def five_hundred(h):
    assert h.run("--deadline", "1s", h.nasty, "deaf", "many=500", "setsid", "deaf", timeout=60).status == 124


@case(23)
def forking_while_it_is_killed(h):
    words = ["deaf", "left", "chain=3000", "/", "left", "setsid", "chain=3000", "/"]
    assert h.run("--deadline", "50ms", h.nasty, *words).status == 124


@case(24)
def a_stopped_tree(h):
    words = ["deaf", "left", "setsid", "deaf", "stop", "/", "left", "stop", "/", "stop"]
    assert h.run("--deadline", "200ms", h.nasty, *words).status == 124


@case(25)
def tini_below(h):
    if not have("tini"):
        pytest.skip("tini is not installed")
    assert h.run("--deadline", "300ms", "tini", "-s", "--", h.nasty, "many=3", "setsid", "deaf").status == 124


@case(26)
def output_is_held_open(h):
    words = [*h.wrap, BIN_DIR / "cronrun", "--lock", "none", "--grace", "100ms", "--output", "lines", h.nasty, "left", "setsid", "deaf", "/", "exit=0"]
    began = time.monotonic()
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=h.programs.env(), timeout=30 * SLOW)
    assert done.returncode == 0
    assert time.monotonic() - began < 5 * SLOW


@case(27, "plain")
def on_a_terminal(h):
    processes.test_terminal(h.programs, h.nasty)


@case(28)
def descriptors(h):
    assert h.run(h.nasty, "fds", "exit=0").stdout.strip() == "fds 0 1 2"
    assert len(h.run(h.nasty, "fds", "exit=0", lock=f"file:{h.scratch}/fds").stdout.split()) == 5


# --- Locks, the daemon, memory --------------------------------------------------------------------------------------------------


@case(29)
def as_flock_does(h):
    """flock's -n, -w and -E; a holder that is killed; a file that is removed."""
    path = h.scratch / "lock"
    path.touch()
    path.chmod(0o666)
    with open(path, "a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert h.run("--on-busy", "fail", "true", lock=f"file:{path}").status == 74
        assert h.run("--on-busy", "wait=50ms", "true", lock=f"file:{path}").status == 74
        assert h.run("--busy-status", "123", "true", lock=f"file:{path}").status == 123
    holder = h.start(h.nasty, "deaf", "ready", lock=f"file:{path}")
    holder.wait_for("ready")
    os.kill(h.target(holder), signal.SIGKILL)
    assert h.run("--on-busy", "wait=20s", "true", lock=f"file:{path}").status == 0
    holder = h.start(h.nasty, "ready", lock=f"file:{path}")
    holder.wait_for("ready")
    path.unlink()
    assert holder.wait().status == 76


@case(30)
def a_crontab_behind_a_link(h):
    """As Kubernetes swaps a ConfigMap: read again, the job that runs is not touched."""
    for name in ("one", "two"):
        (h.scratch / name).write_text("@every 1s [name=stays] sleep 1000\n" + ("" if name == "one" else "@every 1s [name=comes] true\n"))
    link = h.scratch / "crontab"
    link.symlink_to("one")
    d = CronDaemon(h.programs.start, link, None, wrap=h.wrap)
    (first,) = d.wait_for("run_start", job="stays")[:1]
    os.symlink("two", h.scratch / "next")
    os.replace(h.scratch / "next", link)
    d.wait_for("run_end", job="comes")
    assert [r["run_id"] for r in d.records("run_start", job="stays")] == [first["run_id"]]
    os.kill(h.target(d.process), signal.SIGKILL)
    d.process.wait()
    link.unlink()


@case(31)
def term_in_the_daemon(h):
    d = CronDaemon(h.programs.start, h.scratch / "tab", f"@every 1s [name=deaf grace=200ms] exec {h.nasty} deaf\n", "--drain", "300ms", wrap=h.wrap)
    d.wait_for("run_start")
    began = time.monotonic()
    os.kill(h.target(d.process), signal.SIGTERM)
    d.process.wait()
    assert time.monotonic() - began < 4 * SLOW


@case(32, "plain", "pid1")
def out_of_memory(h):
    """The kernel kills the command in its control group; 137."""
    group = Path(f"/sys/fs/cgroup/memory/rr-case-{os.getpid()}")
    try:
        group.mkdir()
    except OSError:
        pytest.skip("no control group for memory can be made here")
    try:
        (group / "memory.limit_in_bytes").write_text("30M")
        hog = f"echo 0 > {group}/cgroup.procs; exec /usr/bin/python3 -S -c 'b = bytearray(1 << 30)'"
        assert h.run("sh", "-c", hog).status == 137
    finally:
        wait_until(lambda: not (group / "cgroup.procs").read_text(), 5, "the group is empty")
        group.rmdir()


# --- Each of them -----------------------------------------------------------------------------------------------------------------


def test_all_are_here():
    assert sorted(CASES) == list(range(1, 33))


@pytest.mark.parametrize("number", sorted(CASES), ids=lambda number: f"case-{number:02}")
def test_case(request, programs, nasty, scratch, number, record_property):  # noqa: F811
    function, ways = CASES[number]
    times = rounds(100, 1)
    if number in SLOW_ONES and times == 1:
        ways = ["plain", "pid1-nobody"]
    for way in ways:
        here = Here(request, programs, nasty, scratch, way)
        for n in range(times):
            function(here)
            wait_until(lambda: programs.leftovers() == [], 5, f"case {number}, {way}, round {n}: nothing is left")
            for process in [p for p in programs.started if not p.running()]:
                programs.started.remove(process)  # hundreds of them would slow the end of the test
                os.unlink(process._out.name)
                os.unlink(process._err.name)
    record_property("measured", f"case {number}: {times} × {', '.join(ways)}: 0 left")
