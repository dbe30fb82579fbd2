"""cronrun --guard: whoever kills the runner, nothing of the command is left, and the lock is free only then."""

import os
import random
import re
import signal
import time
from pathlib import Path

import pytest
from rig.base import SLOW, alive, descendants, is_free, proc_stat, rounds, wait_until
from rig.crondaemon import CronDaemon, children
from rig.nasty import nasty, wrap_of  # noqa: F401
from rig.program import BIN_DIR, NO_LEAKS, records

# Double-forked, in sessions of their own, deaf to TERM, stopped: what SIGKILL to the runner leaves behind without a guard.
TREE = ["left", "away", "setsid", "away", "deaf", "ready", "/", "left", "setsid", "deaf", "many=3", "ready", "/"]
TREE += ["left", "setsid", "deaf", "ready", "stop", "/", "deaf", "ready"]
READY = 6  # of TREE


def child_of(pid):
    """The kernel's list may miss one while another is reaped."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return int(wait_until(lambda: path.read_text().split(), 5, "a child")[0])


def guard_of(runner):
    guard = child_of(runner)
    assert Path(f"/proc/{guard}/comm").read_text() == "cronrun-guard\n"
    return guard


def runner_of(process, wrap):
    """cronrun's own pid: below the words before it."""
    return process.pid if not wrap or wrap[0] == "setpriv" else child_of(process.pid)


def ready(process, n=READY):
    process.wait_for("(?s)" + r"(ready \d+.*?){%d}" % n)
    return [int(pid) for pid in re.findall(r"ready (\d+)", process.stdout)]


@pytest.fixture
def guarded(start, nasty):  # noqa: F811
    def call(*options, words=TREE, lock="none", wrap=(), env=None):
        return start("cronrun", "--lock", lock, "--guard", *options, nasty, *words, wrap=wrap, env=env)

    return call


# --- The runner is killed ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["plain", "nobody"])
def test_runner_killed(programs, guarded, run, scratch, way):
    """Nothing is left when the lock is free, and the next run gets it."""
    lock = scratch / "lock"
    scratch.chmod(0o777)
    process = guarded(lock=f"file:{lock}", wrap=wrap_of(way))
    pids = ready(process)
    guard = guard_of(process.pid)
    process.kill()
    wait_until(lambda: is_free(lock), 10, "the lock is free")
    assert [pid for pid in [guard, *pids] if alive(pid)] == []
    assert programs.leftovers() == []
    (record,) = records(process.wait().stderr, "runner_killed")
    assert record["pid"] == process.pid and record["level"] == "error" and record["job"] == "nasty"
    assert run("cronrun", "--lock", f"file:{lock}", "--on-busy", "fail", "true").status == 0


def test_without_it_they_live_on(programs, start, scratch, nasty):  # noqa: F811
    """What it is for; and that the tree above is one that would be left."""
    process = start("cronrun", "--lock", f"file:{scratch}/lock", nasty, *TREE)
    pids = ready(process)
    process.kill()
    process.wait()
    wait_until(lambda: sum(alive(pid) for pid in pids) == READY - 1, 5, "the end of the command itself")
    assert not is_free(scratch / "lock")
    for pid in programs.leftovers():
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not programs.leftovers(), 5, "the end of what was left")


@pytest.mark.parametrize("kind", ["postgres", "redis"])
def test_runner_killed_elsewhere(programs, guarded, run, request, kind):
    """With a lock that is no descriptor: the next one has it when the store has noticed, and finds nothing that runs."""
    if kind == "postgres":
        lock, words, env = "postgres", [], {"DATABASE_URL": request.getfixturevalue("pg").url}
    else:
        lock, words, env = "redis", ["--lock-ttl", "1s"], {"REDIS_URL": request.getfixturevalue("redis_server")().url()}
    process = guarded("--name", "mail", *words, lock=lock, env=env)
    pids = ready(process)
    process.kill()
    options = ["--lock", lock, "--name", "mail", "--on-busy", "wait=30s"]
    look = f"for p in {' '.join(map(str, pids))}; do kill -0 $p && exit 9; done; exit 0"
    assert run("cronrun", *options, "sh", "-c", look, env=env, timeout=60).status == 0
    assert programs.leftovers() == []


def test_a_hundred_times(programs, guarded, scratch):
    """At any moment of the command's life: while the guard is being made, too. With the group, it is no less. (The process that
    looks for leaks at the end of one outlives it by a moment.)"""
    dice = random.Random(int(os.environ.get("RR_SEED", "7")))
    lock = scratch / "lock"
    for i in range(rounds(25, 100)):
        words = dice.choice([TREE, ["deaf", "bomb=4"], ["left", "setsid", "chain=200", "/", "deaf", "chain=200"], ["exit=0"]])
        process = guarded("--deadline", "60s", "--grace", "1ms", words=words, lock=f"file:{lock}", env=NO_LEAKS)
        time.sleep(dice.random() * 0.06)
        process.kill()
        process.wait()
        wait_until(lambda: is_free(lock), 10, f"round {i}: the lock is free")
        assert programs.leftovers() == [], f"round {i}: {words}"


def test_killed_while_it_ends(programs, guarded, scratch):
    """In the grace, when the command itself has ended."""
    lock = scratch / "lock"
    words = ["left", "setsid", "deaf", "many=3", "ready", "/", "ready", "ms=500", "exit=0"]
    process = guarded("--grace", "60s", words=words, lock=f"file:{lock}")
    process.wait_for("left_behind")
    assert not is_free(lock)
    process.kill()
    wait_until(lambda: is_free(lock), 10, "the lock is free")
    assert programs.leftovers() == []


# --- It makes no other difference -------------------------------------------------------------------------------------


def test_stopped_runner_is_not_dead(guarded, scratch):
    process = guarded(words=["left", "setsid", "deaf", "ready", "/", "deaf", "ready"], lock=f"file:{scratch}/lock")
    pids = ready(process, 2)
    process.send_signal(signal.SIGSTOP)
    wait_until(lambda: proc_stat(process.pid)[0] == "T", 5, "cronrun is stopped")
    time.sleep(0.5)
    assert all(alive(pid) for pid in pids)
    process.send_signal(signal.SIGCONT)
    process.terminate()
    os.kill(pids[0], signal.SIGKILL)
    os.kill(pids[1], signal.SIGKILL)
    assert process.wait().status == 137


def test_signals_to_the_guard(guarded):
    """One that reaches it, by its pid or its group, changes nothing; nor does STOP."""
    process = guarded(words=["catch", "ready"])
    process.wait_for("ready")
    guard = guard_of(process.pid)
    wait_until(lambda: os.getpgid(guard) == guard, 5, "the guard in a group of its own")  # the command may be quicker
    assert os.getsid(guard) == os.getsid(process.pid)
    for signo in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP, signal.SIGUSR1):
        os.killpg(guard, signo)
    os.kill(guard, signal.SIGSTOP)
    wait_until(lambda: proc_stat(guard)[0] == "S", 5, "the guard goes on")
    process.send_signal(signal.SIGUSR1)
    process.wait_for("got 10\n")
    assert "got 15" not in process.stdout
    process.terminate()
    process.wait_for("got 15\n")
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_until(lambda: not alive(guard), 10, "the guard has ended")


def test_group_of_the_runner_is_killed(programs, guarded):
    """By a shell's `kill -9 %1`, for example."""
    process = guarded(wrap=["setsid", "-w"])
    ready(process)
    os.killpg(child_of(process.pid), signal.SIGKILL)
    process.wait()
    wait_until(lambda: not programs.leftovers(), 10, "nothing is left")


def test_what_the_command_used(run, nasty):  # noqa: F811
    """CPU and memory of a command and of its children are counted through the guard."""
    code = "x=0; while [ $x -lt 60000 ]; do x=$((x+1)); done"
    for words in (["sh", "-c", code], ["sh", "-c", f"sh -c '{code}' & wait"]):
        figures = []
        for option in ("--no-guard", "--guard"):
            result = run("cronrun", "--lock", "none", option, *words)
            (end,) = records(result.stderr, "run_end")
            figures.append((end["user_ms"] + end["system_ms"], end["max_rss_bytes"]))
        assert figures[0][0] / 3 <= figures[1][0] <= figures[0][0] * 3 + 20
        assert figures[1][1] <= figures[0][1] + 1024 * 1024
        assert figures[1][0] > 5


def test_memory_of_its_own(guarded, record_property):
    process = guarded(words=["ready"])
    process.wait_for("ready")
    rollup = Path(f"/proc/{guard_of(process.pid)}/smaps_rollup").read_text()
    own = sum(int(n) for n in re.findall(r"Private_\w+: +(\d+)", rollup))
    record_property("measured", f"the guard has {own} KiB of its own")
    assert own < 512 or os.environ.get("RR_MODE") != "dev"
    process.terminate()
    assert process.wait().status == 143


def test_as_pid1(programs, guarded):
    """The kernel does it: there is no guard."""
    wrap = wrap_of("pid1")
    process = guarded(wrap=wrap)
    ready(process)
    runner = runner_of(process, wrap)
    comms = [Path(f"/proc/{pid}/comm").read_text().strip() for pid in descendants(runner)]
    assert set(comms) == {"nasty"}
    os.kill(runner, signal.SIGKILL)
    process.wait()
    wait_until(lambda: not programs.leftovers(), 10, "the kernel ended all")


def test_by_variable(guarded, start, nasty):  # noqa: F811
    process = start("cronrun", "--lock", "none", nasty, "ready", env={"CRONRUN_GUARD": "true"})
    process.wait_for("ready")
    guard_of(process.pid)
    process.terminate()
    assert process.wait().status == 143


def test_retries_have_one_each(run, scratch):
    script = f"cat /proc/$PPID/comm >>{scratch}/above; exit 3"
    words = ["--lock", "none", "--guard", "--retries", "2", "--retry-delay", "10ms"]
    assert run("cronrun", *words, "sh", "-c", script).status == 3
    assert (scratch / "above").read_text() == "cronrun-guard\n" * 3


# --- The guard is killed ----------------------------------------------------------------------------------------------


def test_guard_killed(programs, guarded, scratch):
    """The command ends with it, the rest is killed, and it is no end of the command's own."""
    lock = scratch / "lock"
    process = guarded("--retries", "3", "--retry-delay", "10ms", lock=f"file:{lock}")
    pids = ready(process)
    os.kill(guard_of(process.pid), signal.SIGKILL)
    result = process.wait()
    assert result.status == 125
    assert [pid for pid in pids if alive(pid)] == [] and programs.leftovers() == []
    assert is_free(lock)
    assert len(records(result.stderr, "guard_lost")) == 1
    (end,) = records(result.stderr, "run_end")
    assert (end["outcome"], end["reason"], end["exit"]) == ("error", "own_failure", 125)
    assert "guard was killed (signal 9)" in end["msg"]
    assert records(result.stderr, "retry") == []


def test_guard_killed_when_the_command_has_ended(programs, guarded):
    words = ["left", "setsid", "deaf", "ready", "/", "ready", "ms=1000", "exit=7"]  # what is left must be deaf by then
    process = guarded("--grace", "60s", words=words)
    process.wait_for("left_behind")
    began = time.monotonic()
    os.kill(guard_of(process.pid), signal.SIGKILL)
    result = process.wait()
    assert result.status == 7
    assert time.monotonic() - began < 20 * SLOW
    assert programs.leftovers() == []


def test_no_process_for_the_command(run):
    """The guard is there, and the limit is reached."""
    wrap = [w.replace("65534", "64222") for w in wrap_of("nobody")]
    result = run("cronrun", "--lock", "none", "--guard", "true", wrap=[*wrap, "prlimit", "--nproc=2"], env=NO_LEAKS)
    assert result.status == 125
    (record,) = records(result.stderr, "run_refused")
    assert "cannot start a process: Resource temporarily unavailable" in record["msg"]


def test_nested(programs, start, scratch, nasty):  # noqa: F811
    """A guarded runner below a guarded one: the outer one's death ends all."""
    outer, inner = scratch / "outer", scratch / "inner"
    words = [BIN_DIR / "cronrun", "--guard", "--lock", f"file:{inner}", nasty, *TREE]
    process = start("cronrun", "--guard", "--lock", f"file:{outer}", *words)
    pids = ready(process)
    process.kill()
    wait_until(lambda: is_free(outer) and is_free(inner), 10, "both locks are free")
    assert [pid for pid in pids if alive(pid)] == [] and programs.leftovers() == []


def test_daemon_and_run_are_killed_together(programs, start, scratch):
    """By one signal to a session, say: nobody but the guard is left to end the job."""
    tab = scratch / "crontab"
    d = CronDaemon(start, tab, f"@every 1s [name=long guard lock=file:{scratch}/lock] setsid sleep 1000 & exec sleep 1000\n")
    d.wait_for("run_start", job="long")
    (runner,) = children(d.process.pid)
    guard = guard_of(runner)
    wait_until(lambda: len(descendants(guard)) == 2, 10, "the whole tree")
    for pid in (d.process.pid, runner):
        os.kill(pid, signal.SIGSTOP)
    for pid in (d.process.pid, runner):
        os.kill(pid, signal.SIGKILL)
    d.process.proc.wait()
    wait_until(lambda: is_free(scratch / "lock") and not programs.leftovers(), 15, "all gone")
