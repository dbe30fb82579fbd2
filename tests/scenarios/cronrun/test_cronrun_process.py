"""cronrun and processes: statuses, signals, and commands that do not want to end."""

import fcntl
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rig import forbid
from rig.base import SLOW, alive, descendants, proc_stat, wait_until
from rig.nasty import NOBODY, OWN_PROC, PID1, WAYS, have, nasty, wrap_of  # noqa: F401
from rig.program import BIN_DIR, records


def end_of(result):
    (record,) = records(result.stderr, "run_end")
    return record


@pytest.fixture(params=WAYS)
def way(request):
    return wrap_of(request.param)


@pytest.fixture
def cronrun(run):
    """cronrun(*words, wrap=…): without a lock unless words name one."""

    def call(*words, lock="none", **more):
        return run("cronrun", "run", "--lock", lock, *words, **more)

    return call


# --- Statuses ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [0, 1, 74, 75, 76, 79, 124, 125, 126, 127, 128, 137, 255])
def test_exit_statuses_pass(cronrun, nasty, status):
    result = cronrun(nasty, f"exit={status}")
    assert result.status == status
    assert end_of(result)["reason"] == "exit"
    assert end_of(result)["command_exit"] == status


@pytest.mark.parametrize("signo", [1, 3, 6, 9, 11, 15])
def test_death_by_signal(cronrun, nasty, way, signo):
    result = cronrun(nasty, f"die={signo}", wrap=way)
    assert result.status == 128 + signo
    assert end_of(result)["signal"] == signal.Signals(signo).name[3:]
    assert end_of(result)["reason"] == "signal"


def test_what_cannot_be_executed(cronrun, scratch):
    plain = scratch / "plain"
    plain.write_text("no program")
    plain.chmod(0o644)
    assert cronrun("no-such-command").status == 127
    assert cronrun("/no/such/command").status == 127
    assert cronrun(scratch).status == 126
    result = cronrun(plain)
    assert result.status == 126
    assert end_of(result)["reason"] == "cannot_execute"
    assert str(plain) in end_of(result)["msg"]


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "is empty"),
        (bytes(65536), "neither a program nor a script"),
        (b"\x7fELF\x02\x01\x01" + bytes(9), "another machine"),
        (b"#!/bin/sh\r\nexit 0\r\n", "CRLF"),
        (b"#!/no/such/php\nexit 0\n", "/no/such/php"),
    ],
    ids=["empty", "zeros", "machine", "crlf", "interpreter"],
)
def test_a_command_that_is_no_program(cronrun, scratch, content, words):
    """What a broken copy or image leaves; /bin/sh would call the first two a success."""
    command = scratch / "job"
    command.write_bytes(content)
    command.chmod(0o755)
    result = cronrun(command)
    assert result.status == 126
    assert end_of(result)["reason"] == "cannot_execute"
    assert str(command) in end_of(result)["msg"] and words in end_of(result)["msg"]


def test_a_script_without_interpreter(cronrun, scratch):
    command = scratch / "job"
    command.write_text("echo $0 $1; exit 3\n")
    command.chmod(0o755)
    result = cronrun(command, "word")
    assert result.status == 3
    assert result.stdout == f"{command} word\n"


@pytest.mark.parametrize(
    "words",
    [
        ["true"],
        ["--lock", "none"],
        ["--lock", "file:relative", "true"],
        ["--lock", "none", "--deadline", "-0.1", "true"],
        ["--lock", "none", "--deadline", "text", "true"],
        ["--lock", "none", "--nonsense", "true"],
        ["--lock", "postgres", "true"],
        ["--lock", "redis", "--name", "a", "true"],
    ],
)
def test_bad_usage(run, words):
    result = run("cronrun", *words)
    assert result.status == 125
    assert result.stderr


def test_words_of_the_table(cronrun, run, nasty, scratch):
    assert cronrun("--child-status", "9", nasty, "exit=3").status == 9
    assert cronrun("--child-status", "9", nasty, "exit=0").status == 0
    assert cronrun("--child-status", "9", "no-such-command").status == 127
    lock = scratch / "l"
    with open(lock, "a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert run("cronrun", "--lock", f"file:{lock}", "true").status == 0
        assert run("cronrun", "--lock", f"file:{lock}", "--busy-status", "5", "true").status == 5
        assert run("cronrun", "--lock", f"file:{lock}", "--on-busy", "fail", "true").status == 74
        assert run("cronrun", "--lock", f"file:{lock}", "--on-busy", "wait=100ms", "true").status == 74


def test_late(cronrun, scratch):
    mark = scratch / "ran"
    result = cronrun("--scheduled-at", "2020-01-01T00:00:00Z", "--starting-deadline", "20s", "touch", mark)
    assert result.status == 77
    assert not mark.exists()
    (record,) = records(result.stderr, "run_refused")
    assert record["outcome"] == "late"
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    result = cronrun("--scheduled-at", now, "--starting-deadline", "60s", "sh", "-c", "echo $CRONRUN_SCHEDULED")
    assert result.status == 0
    assert result.stdout.strip() == now
    assert end_of(result)["lag_ms"] < 60000


def test_starting_deadline_without_an_instant(cronrun, run, scratch):
    """A Job that somebody makes by hand: it counts from the start, and that is said; the wait for a lock still counts."""
    result = cronrun("--starting-deadline", "20s", "echo", "ran")
    assert result.status == 0
    assert result.stdout == "ran\n"
    (record,) = records(result.stderr, "no_instant")
    assert record["level"] == "warn"
    assert "--starting-deadline counts from now" in record["msg"]
    with open(scratch / "lock", "a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        words = ["--lock", f"file:{scratch}/lock", "--on-busy", "wait=60s", "--starting-deadline", "300ms"]
        assert run("cronrun", *words, "true", timeout=50).status == 77


def with_host_name(name):
    if os.geteuid() != 0 or not have("hostname"):
        pytest.skip("a host name of one's own needs root")
    return ["unshare", "--uts", "sh", "-c", f'hostname {name}; exec "$@"', "sh"]


@pytest.mark.parametrize(
    "host, why",
    [("email-29384756-0", "Indexed Job"), ("x" * 50 + "-2938475bcdfg", "truncated to 63 characters")],
)
def test_lost_instants_say_why(run, host, why):
    wrap = with_host_name(host)
    for words in (["--job-deadline", "60s"], ["--starting-deadline", "60s"]):
        result = run("cronrun", "--lock", "none", *words, "true", wrap=wrap)
        assert result.status == 0
        (record,) = records(result.stderr, "no_instant")
        assert record["level"] == "warn"
        assert why in record["msg"] and host in record["msg"]
    nameless = run("cronrun", "--lock", "redis://127.0.0.1:1", "true", wrap=wrap)
    assert nameless.status == 125
    assert "--name is required" in nameless.stderr and why in nameless.stderr


def test_job_deadline_without_an_instant(cronrun):
    """A Job that somebody makes from a CronJob by hand: its pod's name holds no instant, so the start counts."""
    began = time.monotonic()
    result = cronrun("--job-deadline", "5s", "--grace", "1s", "sleep", "30")
    assert result.status == 124
    assert time.monotonic() - began < 5 * SLOW
    assert "scheduled" not in end_of(result)
    assert cronrun("--job-deadline", "60s", "true").status == 0


def test_pod_name_gives_job_and_instant(run):
    minute = int(time.time()) // 60
    result = run(
        "cronrun", "--lock", "none", "sh", "-c", "echo $CRONRUN_JOB $CRONRUN_SCHEDULED",
        wrap=with_host_name(f"email-{minute}-x7k2p"),
    )
    assert result.status == 0
    assert result.stdout.split() == ["email", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(minute * 60))]
    assert 0 <= end_of(result)["lag_ms"] < 120000


# --- Records and the termination message ------------------------------------------------------------------------------


def test_records_and_message(cronrun, scratch, nasty):
    message = scratch / "message"
    message.write_text("old" * 2000)
    result = cronrun("--termination-log", message, "--name", "nightly", nasty, "exit=3", lock=f"file:{scratch}/l")
    (start,) = records(result.stderr, "run_start")
    end = end_of(result)
    for record in (start, end):
        assert record["job"] == "nightly"
        assert record["fence"] == 1
        assert record["program"] == "cronrun"
    assert start["run_id"] == end["run_id"]
    assert end["duration_ms"] < 5000 * SLOW
    assert end["max_rss_bytes"] > 0
    assert {"user_ms", "system_ms", "started", "outcome", "reason", "exit"} <= end.keys()
    said = json.loads(message.read_text())
    assert list(said) == [
        "program", "job", "run_id", "outcome", "reason", "exit", "signal", "fence", "scheduled", "started", "duration_ms", "tail",
    ]
    assert said["outcome"] == "failure" and said["exit"] == 3 and said["signal"] is None and said["fence"] == 1
    missing = scratch / "missing"
    assert cronrun("--termination-log", missing, "true").status == 0
    assert not missing.exists()


def test_records_are_as_documented(run, nasty, scratch):
    """Each event and each field of what cronrun logs stands in --print-formats."""
    documented = {}
    for line in run("cronrun", "--print-formats").stdout.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `") and len(cells) == 3:
            documented[cells[0].strip("`")] = set(cells[1].split(", "))
    lock = ["--lock", f"file:{scratch}/l", "--log-level", "debug", "--scheduled-at", "2026-01-01T00:00:00Z"]
    texts = [
        run("cronrun", *lock, nasty, "exit=3").stderr,
        run("cronrun", *lock, nasty, "die=9").stderr,
        run("cronrun", *lock, "--grace", "50ms", "--deadline", "100ms", nasty, "deaf").stderr,
        run("cronrun", *lock, "--grace", "50ms", nasty, "left", "deaf", "/", "ms=50", "exit=0").stderr,
        run("cronrun", *lock, "--starting-deadline", "1s", "true").stderr,
        run("cronrun", "--lock", f"file:{scratch}", "true").stderr,
        run("cronrun", "true").stderr,
    ]
    with open(scratch / "l", "a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        texts += [
            run("cronrun", *lock, "true").stderr,
            run("cronrun", *lock, "--on-busy", "wait=50ms", "true").stderr,
        ]
    seen = set()
    for record in [r for text in texts for r in records(text)]:
        event = record["event"]
        seen.add(event)
        assert event in documented
        extra = set(record) - {"time", "level", "program", "event", "msg"} - documented[event]
        assert not extra, f"{event} has {extra}"
    assert {"run_start", "run_end", "run_skipped", "run_refused", "lock_wait", "deadline", "killing", "left_behind", "usage"} <= seen


def test_environment(cronrun, nasty):
    result = cronrun("env", env={"CRONRUN_GRACE": "1s", "CRONRUN_RUN_ID": "outer", "CRONRUN_FENCE": "9", "OTHER": "stays"})
    lines = result.stdout.splitlines()
    assert "OTHER=stays" in lines
    ours = [line for line in lines if line.startswith("CRONRUN_")]
    assert sorted(line.split("=")[0] for line in ours) == ["CRONRUN_JOB", "CRONRUN_RUN_ID"]
    assert "CRONRUN_JOB=env" in ours and "CRONRUN_RUN_ID=outer" not in ours


# --- What the command inherits ----------------------------------------------------------------------------------------


def test_descriptors(cronrun, nasty, scratch):
    assert cronrun(nasty, "fds", "exit=0").stdout.strip() == "fds 0 1 2"
    got = cronrun(nasty, "fds", "exit=0", lock=f"file:{scratch}/l").stdout.split()
    assert got[:4] == ["fds", "0", "1", "2"] and len(got) == 5


def test_descriptors_of_the_caller_are_closed(run, nasty, scratch):
    """Of a shell that has more of them open; the lock's is none of these."""
    wrap = ["sh", "-c", f'exec "$@" 3<{scratch} 5>/dev/null 9</dev/null', "sh"]
    assert run("cronrun", "--lock", "none", nasty, "fds", "exit=0", wrap=wrap).stdout.strip() == "fds 0 1 2"
    got = run("cronrun", "--lock", f"file:{scratch}/l", nasty, "fds", "exit=0", wrap=wrap).stdout.split()
    assert got[:4] == ["fds", "0", "1", "2"] and len(got) == 5 and got[4] not in ("3", "5", "9")


def test_a_deadline_within_the_grace_of_a_stop(programs, nasty):
    """What ends it is the stop."""
    process = programs.start("cronrun", "run", "--lock", "none", "--deadline", "3s", "--grace", "5s", nasty, "deaf", "ready")
    process.wait_for("ready")
    process.terminate()
    result = process.wait()
    assert result.status == 137
    assert end_of(result)["outcome"] == "stopped"
    assert records(result.stderr, "deadline") == []


def test_masks_and_dispositions_are_kept(run, nasty):
    ignored = {signal.SIGTTOU, signal.SIGSEGV, signal.SIGINT, signal.SIGCHLD, signal.SIGUSR2}
    blocked = {signal.SIGTTIN, signal.SIGILL, signal.SIGTERM, signal.SIGALRM}
    code = (
        "import os, signal, sys\n"
        "for s in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}: signal.signal(s, signal.SIG_DFL)\n"
        f"for s in {[int(s) for s in ignored]}: signal.signal(s, signal.SIG_IGN)\n"
        f"signal.pthread_sigmask(signal.SIG_SETMASK, {[int(s) for s in blocked]})\n"
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    env = {"ASAN_OPTIONS": "exitcode=99:handle_segv=0"}  # its own handler would hide what was ignored
    result = run("cronrun", "--lock", "none", nasty, "masks", "exit=0", wrap=["python3", "-S", "-c", code], env=env)
    assert result.status == 0
    masks = dict(line.split(":\t") for line in result.stdout.splitlines())
    bits = lambda signals: sum(1 << (s - 1) for s in signals)  # noqa: E731
    assert int(masks["SigBlk"], 16) == bits(blocked)
    others = bits({signal.SIGXFSZ, 32, 33})  # Python's, and glibc's own that a threaded parent may leave ignored
    assert int(masks["SigIgn"], 16) & ~others == bits(ignored)


@pytest.mark.parametrize("closed", ["0", "1", "2", "012"])
def test_closed_standard_descriptors(run, nasty, scratch, closed):
    """Each of the three, the first and the last alone too: the command finds all of them, and not the lock or a log in them."""
    out = scratch / "out"
    close = " ".join(f"{fd}>&-" for fd in closed)
    result = run(
        "cronrun", "--lock", f"file:{scratch}/lock", "sh", "-c", f"(ls -l /proc/$$/fd > {out}); true",
        wrap=["sh", "-c", f'exec "$@" {close}', "sh"],
    )
    assert result.status == 0
    found = dict(re.findall(r" (\d+) -> (.*)", out.read_text()))
    assert {"0", "1", "2"} <= set(found)
    assert [found[fd] for fd in closed] == ["/dev/null"] * len(closed)


# --- Signals ----------------------------------------------------------------------------------------------------------


FORWARDED = [s for s in range(1, 32) if s not in (2, 3, 9, 15, 17, 18, 19, 20, 21, 22)]


def target_of(process, wrap):
    """cronrun's own pid: below the words before it."""
    if not wrap or wrap[0] == "setpriv":
        return process.pid
    return wait_until(lambda: descendants(process.pid), 5, "cronrun")[0]


def test_signals_are_forwarded(start, nasty, way):
    process = start("cronrun", "--lock", "none", "--grace", "500ms", nasty, "catch", "ready", wrap=way)
    process.wait_for("ready")
    pid = target_of(process, way)
    for signo in FORWARDED:
        os.kill(pid, signo)
        process.wait_for(f"got {signo}\n")
    os.kill(pid, signal.SIGTERM)
    process.wait_for("got 15\n")
    os.kill(pid, signal.SIGINT)
    process.wait_for("got 2\n")
    assert process.running()
    result = process.wait()
    assert result.status == 137
    assert end_of(result)["reason"] == "stopped"


def test_signal_reaches_the_group(start, nasty):
    """The command is deaf, its child is not."""
    process = start("cronrun", "--lock", "none", nasty, "left", "catch", "ready", "/", "deaf")
    process.wait_for("ready")
    process.send_signal(signal.SIGUSR1)
    process.wait_for("got 10\n")
    process.kill()
    # The direct child died with cronrun; the one below it is ours to end.
    for pid in [int(line.split()[1]) for line in process.stdout.splitlines() if line.startswith("ready")]:
        if alive(pid):
            os.kill(pid, signal.SIGKILL)


def test_stop_and_continue(start, nasty):
    process = start("cronrun", "--lock", "none", nasty, "ready")
    child = int(process.wait_for(r"ready (\d+)")[1])
    for signo in (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU):
        process.send_signal(signo)
        wait_until(lambda: state(process.pid) == "T" and state(child) == "T", 5, f"both stopped by {signo}")
        process.send_signal(signal.SIGCONT)
        wait_until(lambda: state(process.pid) == "S" and state(child) == "S", 5, "both awake")
    process.terminate()
    assert process.wait().status == 143


def state(pid):
    return (proc_stat(pid) or "-")[0]


def test_stopped_from_outside(start, nasty, way):
    process = start("cronrun", "--lock", "none", nasty, "zero", "ready", wrap=way)
    process.wait_for("ready")
    os.kill(target_of(process, way), signal.SIGTERM)
    result = process.wait()
    assert result.status == 79
    assert end_of(result)["command_exit"] == 0


def test_ended_before_the_signal(start):
    """Both are heard of at once: what had ended by itself was not stopped."""
    process = start("cronrun", "--lock", "none", "sh", "-c", "trap 'exit 0' USR1; echo ready $$; while :; do sleep 0.01; done")
    child = int(process.wait_for(r"ready (\d+)")[1])
    process.send_signal(signal.SIGSTOP)
    wait_until(lambda: state(process.pid) == "T", 5, "cronrun stopped")
    os.kill(child, signal.SIGUSR1)
    wait_until(lambda: state(child) == "Z", 5, "the command has ended")
    process.terminate()
    process.send_signal(signal.SIGCONT)
    result = process.wait()
    assert result.status == 0
    assert end_of(result)["reason"] == "exit"


def test_own_stop_signal(start, nasty):
    process = start("cronrun", "--lock", "none", "--stop-signal", "USR1", nasty, "ready")
    process.wait_for("ready")
    process.terminate()
    assert process.wait().status == 128 + signal.SIGUSR1


def pending(pid):
    """Whether signals wait to be read."""
    return any(int(mask, 16) for mask in re.findall(r"(?:Sig|Shd)Pnd:\t(\w+)", Path(f"/proc/{pid}/status").read_text()))


def test_own_failure_is_no_bad_usage(run, scratch):
    """What the machine lacks is not told as a wrong option."""
    message = scratch / "termination"
    message.touch()
    wrap = ["sh", "-c", 'ulimit -n 6; exec "$@"', "sh"]
    result = run("cronrun", "--lock", "none", "--termination-log", message, "true", wrap=wrap)
    assert result.status == 125
    assert records(result.stderr, "usage") == []
    (record,) = records(result.stderr, "run_refused")
    assert (record["outcome"], record["reason"], record["exit"]) == ("error", "own_failure", 125)
    assert "Too many open files" in record["msg"]
    told = json.loads(message.read_text())
    assert (told["outcome"], told["job"], told["scheduled"], told["exit"]) == ("error", "true", None, 125)


def test_own_log_that_is_full(run, nasty, scratch):
    """A limit of file sizes (ulimit -f) stops our log in a file; the XFSZ that we get for it is not the command's."""
    wrap = ["sh", "-c", f'ulimit -f 0; exec "$@" 2>>{scratch}/log', "sh"]
    result = run("cronrun", "--lock", "none", nasty, "catch", "ms=200", "exit=3", wrap=wrap)
    assert result.status == 3
    assert "got" not in result.stdout


IGNORED = ["sh", "-c", 'trap "" HUP INT QUIT; exec "$@"', "sh"]


@pytest.mark.parametrize("signo", [signal.SIGHUP, signal.SIGINT, signal.SIGQUIT])
def test_ignored_before_is_no_stop(start, scratch, nasty, signo):
    """nohup and a script's "&" mean it: neither the wait nor the command ends by what they made ignored; TERM does."""
    lock = scratch / "lock"
    with open(lock, "a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        words = ["--lock", f"file:{lock}", "--on-busy", "wait=60s", "--grace", "100ms", nasty, "ready"]
        process = start("cronrun", *words, wrap=IGNORED)
        process.wait_for("lock_wait")
        process.send_signal(signo)
        wait_until(lambda: not pending(process.pid), 10, "the signals are read")
    process.wait_for("ready")
    process.send_signal(signo)
    wait_until(lambda: not pending(process.pid), 10, "the signal is read")
    process.terminate()
    result = process.wait()
    assert result.status == 143
    assert [r["signal"] for r in records(result.stderr, "stopping")] == ["TERM"]


def test_ignored_before_is_forwarded(start, nasty):
    """A command that listens again hears it."""
    process = start("cronrun", "--lock", "none", nasty, "catch", "ready", wrap=IGNORED)
    process.wait_for("ready")
    process.send_signal(signal.SIGINT)
    process.wait_for("got 2\n")
    process.terminate()
    assert records(process.wait().stderr, "stopping")[0]["signal"] == "TERM"


# --- Nothing survives -------------------------------------------------------------------------------------------------

BAD = {
    "deaf": ["deaf", "ready"],
    "deaf children": ["deaf", "many=5", "ready"],
    "double fork": ["left", "away", "setsid", "away", "deaf", "ready", "/", "deaf"],
    "setsid": ["many=3", "setsid", "deaf", "ready"],
    "stops itself": ["spawn", "ready", "stop"],
    "stopped and deaf": ["deaf", "spawn", "setsid", "ready", "stop"],
    "bomb": ["deaf", "ready", "bomb=5"],
    "chain": ["left", "deaf", "chain=200", "ready", "/", "deaf"],
    "keeps forking": ["deaf", "ready", "left", "chain=3000", "/", "left", "setsid", "chain=3000", "/", "ms=1"],
}


@pytest.mark.parametrize("name", BAD)
def test_deadline_ends_the_tree(programs, run, nasty, way, name):
    result = run("cronrun", "--lock", "none", "--deadline", "250ms", "--grace", "200ms", nasty, *BAD[name], wrap=way)
    assert programs.leftovers() == []
    end = end_of(result)
    # "stops itself" wakes by CONT and dies of TERM.
    assert result.status == 124
    assert end["outcome"] == "deadline"
    assert 240 <= end["duration_ms"] < 450 + 2000 * SLOW


@pytest.mark.parametrize("name", BAD)
def test_what_is_left_behind_is_ended(programs, run, nasty, way, name):
    """The command ends by itself; its status stays, what it left goes."""
    words = ["left", *BAD[name], "/", "ms=100", "exit=7"]
    if "/" in BAD[name]:
        words = ["left", "away", *[w for w in BAD[name] if w not in ("/", "left")], "/", "ms=100", "exit=7"]
    result = run("cronrun", "--lock", "none", "--grace", "200ms", nasty, *words, wrap=way)
    assert programs.leftovers() == []
    assert result.status == 7


def test_term_reaches_everybody(programs, run, nasty, way):
    """In another session, an orphan, stopped: each hears TERM and then has its grace."""
    words = [
        "left", "setsid", "catch", "/", "left", "away", "setsid", "catch", "/", "left", "setsid", "catch", "stop", "/",
        "left", "away", "setsid", "catch", "stop", "/", "spawn", "setsid", "spawn", "catch",
    ]
    result = run("cronrun", "--lock", "none", "--deadline", f"{int(400 * SLOW)}ms", "--grace", "400ms", nasty, *words, wrap=way)
    assert result.status == 124
    assert result.stdout.splitlines().count("got 15") == 5
    assert programs.leftovers() == []


PIDFD_SEND_SIGNAL, PIDFD_OPEN = 424, 434


@pytest.mark.parametrize("numbers", [[PIDFD_OPEN], [PIDFD_SEND_SIGNAL], [PIDFD_OPEN, PIDFD_SEND_SIGNAL]])
def test_pidfds_are_forbidden(start, nasty, numbers):
    """The seccomp profile of an older container engine: TERM and KILL reach other sessions still."""
    wrap = [sys.executable, forbid.__file__, ",".join(map(str, numbers))]
    process = start("cronrun", "--lock", "none", "--grace", "500ms", nasty, "spawn", "setsid", "catch", "ready", wrap=wrap)
    process.wait_for("ready")
    process.terminate()
    process.wait_for("got 15\n")
    result = process.wait()
    assert result.status == 143
    assert records(result.stderr, "not_dying") == []


def test_500_setsid_ignorers(programs, run, nasty):
    started = time.monotonic()
    result = run(
        "cronrun", "--lock", "none", "--deadline", "1s", "--grace", "500ms", nasty, "deaf", "many=500", "setsid", "deaf", timeout=60
    )
    assert programs.leftovers() == []
    assert result.status == 124
    assert time.monotonic() - started < 20 * SLOW


def test_orphans_are_reaped(run, nasty, way):
    """A hundred orphans end while the command runs: none stays a zombie."""
    code = (
        f"{nasty} orphans=100 ms=300 exit=0; for i in 1 2 3 4 5 6 7 8 9 10; do "
        "z=$(cat /proc/[0-9]*/stat 2>/dev/null | grep -c \") Z $PPID \"); test $z = 0 && exit 0; sleep 0.2; done; exit 1"
    )
    result = run("cronrun", "--lock", "none", "sh", "-c", code, wrap=way)
    assert result.status == 0


def test_output_held_open_is_no_matter(programs, nasty, tmp_path):
    """Whoever reads our output sees its end when the run ends: nobody is left to hold it."""
    started = time.monotonic()
    done = subprocess.run(
        [BIN_DIR / "cronrun", "--lock", "none", "--grace", "100ms", nasty, "left", "setsid", "deaf", "/", "exit=0"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=programs.env(), timeout=30 * SLOW,
    )
    assert done.returncode == 0
    assert time.monotonic() - started < 10 * SLOW


def test_foreign_child_is_left_alone(programs, run, scratch):
    """A child that the process had before it became cronrun is neither waited for nor ended."""
    pid_file = scratch / "pid"
    result = run(
        "cronrun", "--lock", "none", "true", wrap=["sh", "-c", f'sleep 300 & echo $! > {pid_file}; exec "$@"', "sh"], timeout=10
    )
    assert result.status == 0
    pid = int(pid_file.read_text())
    assert alive(pid)
    os.kill(pid, signal.SIGKILL)


def test_foreign_child_ends_first(run):
    result = run(
        "cronrun", "--lock", "none", "--deadline", "300ms", "sleep", "60", wrap=["sh", "-c", 'sleep 0.1 & exec "$@"', "sh"]
    )
    assert result.status == 124


def test_nested(run, nasty, programs):
    """A runner below a runner: its tree is its own, and all of it ends."""
    inner = [BIN_DIR / "cronrun", "--lock", "none", nasty, "many=3", "setsid", "deaf"]
    result = run("cronrun", "--lock", "none", "--deadline", "300ms", "--grace", "200ms", *inner)
    assert result.status == 124
    assert programs.leftovers() == []


def test_nested_keeps_the_outer_lock(run, programs, start, scratch):
    """Of an outer run that was killed; what the inner one's command left behind lives on."""
    outer, inner = f"file:{scratch}/outer", f"file:{scratch}/inner"
    script = f"setsid sh -c 'echo $$ >{scratch}/pid; exec sleep 1000' & until [ -s {scratch}/pid ]; do sleep 0.05; done; echo there; wait"
    process = start("cronrun", "--lock", outer, BIN_DIR / "cronrun", "--lock", inner, "sh", "-c", script)
    process.wait_for("there")
    process.kill()
    pid = int((scratch / "pid").read_text())
    try:
        assert alive(pid)
        assert run("cronrun", "--lock", outer, "--on-busy", "fail", "true").status == 74
    finally:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not alive(pid), 5 * SLOW, "the end of what was left")
    assert run("cronrun", "--lock", outer, "--on-busy", "wait=20s", "true").status == 0


def test_tini_below(run, nasty, programs):
    if not have("tini"):
        pytest.skip("tini is not installed")
    result = run(
        "cronrun", "--lock", "none", "--deadline", "300ms", "--grace", "200ms", "tini", "-s", "--", nasty, "many=3", "setsid", "deaf"
    )
    assert result.status == 124
    assert programs.leftovers() == []


def test_runner_killed_takes_the_command_with_it(start, nasty):
    process = start("cronrun", "--lock", "none", nasty, "deaf", "ready")
    child = int(process.wait_for(r"ready (\d+)")[1])
    process.kill()
    wait_until(lambda: not alive(child), 5, "the command is gone")


def test_killed_as_pid1(programs, start, nasty):
    wrap = wrap_of("pid1")
    process = start("cronrun", "--lock", "none", nasty, "many=5", "setsid", "deaf", "ready", wrap=wrap)
    process.wait_for("(?s)(ready.*){5}")
    os.kill(target_of(process, wrap), signal.SIGKILL)
    process.wait()
    wait_until(lambda: not programs.leftovers(), 5, "the kernel ended all")


def test_without_proc(programs, run, nasty):
    """In a PID namespace with the parent's /proc: PID 1 still ends everything."""
    wrap_of("pid1")
    wrap = ['exec "$@"' if w == OWN_PROC else w for w in PID1]
    result = run(
        "cronrun", "--lock", "none", "--deadline", "200ms", "--grace", "100ms", nasty, "many=3", "setsid", "deaf", wrap=wrap
    )
    assert result.status == 124
    assert records(result.stderr, "blind") == []
    assert programs.leftovers() == []


@pytest.mark.plain_build
def test_lists_without_proc(run, nasty, scratch):
    """No /proc at all: what is left behind is ended, and the records say that it could not be seen."""
    wrap_of("pid1")
    hidden = 'mount --make-rprivate /proc && mount -t tmpfs none /proc && exec "$@"'
    wrap = [hidden if w == OWN_PROC else w for w in PID1]
    result = run(
        "cronrun", "--lock", "none", "--grace", "100ms", nasty, "left", "setsid", "deaf", "/", "ms=50", "exit=0", wrap=wrap
    )
    assert result.status == 0
    (left,) = records(result.stderr, "left_behind")
    assert left["processes"] == "processes that cannot be seen without /proc"
    lock = scratch / "lock"
    gone = {"fence": 1, "host": os.uname().nodename, "pid": 4194304, "since": "s", "run_id": "r"}
    lock.write_text(json.dumps(gone, separators=(",", ":")).ljust(255) + "\n")
    with open(lock, "a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        busy = run("cronrun", "--lock", f"file:{lock}", "true", wrap=wrap)
    (skipped,) = records(busy.stderr, "run_skipped")
    assert "holder_pids" not in skipped
    assert "cannot be seen from here" in skipped["msg"]


def test_dead_stderr(programs, nasty):
    """Nobody reads what we say: still 124."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as dead:
        done = subprocess.run(
            [BIN_DIR / "cronrun", "--lock", "none", "--deadline", "100ms", nasty], stderr=dead, env=programs.env(), timeout=20 * SLOW
        )
    assert done.returncode == 124


@pytest.fixture
def full_pipe():
    """Reader and writer of a pipe in which there is no room."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETFL, os.O_NONBLOCK)
    try:
        while True:
            os.write(writer, b"x" * 4096)
    except BlockingIOError:
        pass
    fcntl.fcntl(writer, fcntl.F_SETFL, 0)
    yield reader, writer
    os.close(reader)
    os.close(writer)


def test_blocked_stderr_delays_nothing(programs, nasty, full_pipe):
    started = time.monotonic()
    done = subprocess.run(
        [BIN_DIR / "cronrun", "--lock", "none", "--deadline", "200ms", nasty],
        stderr=full_pipe[1],
        env=programs.env(),
        timeout=20 * SLOW,
    )
    assert done.returncode == 124
    assert time.monotonic() - started < 3 * SLOW


def test_a_record_that_met_a_full_pipe(programs, nasty, full_pipe):
    """It comes when there is room, not with the next record: the command may run for hours, or cronrun be killed."""
    reader, writer = full_pipe
    words = [BIN_DIR / "cronrun", "--lock", "none", nasty, "ready"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=writer, env=programs.env()) as process:
        process.stdout.readline()
        os.set_blocking(reader, False)
        seen = b""

        def more():
            nonlocal seen
            try:
                seen += os.read(reader, 65536)
            except BlockingIOError:
                pass
            return b'"event":"run_start"' in seen

        try:
            wait_until(more, 10, "the record")
        finally:
            process.kill()


def test_deadline_zero_is_none(cronrun):
    assert cronrun("--deadline", "0", "sleep", "0.3").status == 0
    assert cronrun("--deadline", "365d", "true").status == 0


def test_terminal(programs, nasty):
    """Ctrl-C reaches the command once: by the terminal, not by us again; then the grace runs."""
    pid, fd = pty.fork()
    if pid == 0:
        words = [str(BIN_DIR / "cronrun"), "--lock", "none", "--grace", "400ms", str(nasty), "catch", "ready"]
        os.execve(words[0], words, programs.env())
    seen = b""
    try:
        while b"ready" not in seen:
            seen += os.read(fd, 4096)
        os.write(fd, b"\x03")
        while True:
            seen += os.read(fd, 4096)
    except OSError:
        pass  # the terminal is closed when the last one ends
    _, status = os.waitpid(pid, 0)
    os.close(fd)
    assert os.waitstatus_to_exitcode(status) == 137
    assert seen.count(b"got 2\r\n") == 1
    assert programs.leftovers() == []


@pytest.mark.plain_build
@pytest.mark.parametrize("deaf", [[], ["deaf"]])
def test_terminal_without_proc(programs, nasty, deaf):
    """Neither a group of its own nor /proc to find it by: the command itself is ended all the same."""
    wrap_of("pid1")
    hidden = 'mount --make-rprivate /proc && mount -t tmpfs none /proc && exec "$@"'
    words = ["unshare", "--mount", "--propagation", "unchanged", "sh", "-c", hidden, "sh", str(BIN_DIR / "cronrun")]
    words += ["--lock", "none", "--deadline", "200ms", "--grace", "100ms", str(nasty), *deaf, "ready"]
    pid, fd = pty.fork()
    if pid == 0:
        os.execvpe(words[0], words, programs.env())
    ended = []
    try:
        wait_until(lambda: ended.append(os.waitpid(pid, os.WNOHANG)) or ended[-1][0], 15, "cronrun has ended")
    finally:
        if not ended[-1][0]:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        os.close(fd)
    assert os.waitstatus_to_exitcode(ended[-1][1]) == 124
    assert programs.leftovers() == []
