"""cronrun --retries: another attempt under the same lock, within the same deadline."""

import fcntl
import json
import os
import signal
import subprocess
import time

import pytest
from rig.base import SLOW, wait_until
from rig.nasty import wrap_of
from rig.program import BIN_DIR, NO_LEAKS, records


@pytest.fixture
def words(scratch):
    return ["run", "--lock", f"file:{scratch}/lock", "--name", "mail", "--retry-delay", "20ms"]


def test_until_it_succeeds(run, words, scratch):
    """The third attempt; one lock, one fence and one run ID for all."""
    script = f"echo $CRONRUN_FENCE $CRONRUN_RUN_ID >>{scratch}/log; [ $(wc -l <{scratch}/log) = 3 ]"
    result = run("cronrun", *words, "--retries", "5", "sh", "-c", script)
    assert result.status == 0
    lines = (scratch / "log").read_text().splitlines()
    assert len(lines) == 3 and len(set(lines)) == 1
    assert [r["attempt"] for r in records(result.stderr, "retry")] == [1, 2]
    assert [r["attempt"] for r in records(result.stderr, "retry_start")] == [2, 3]
    (start,) = records(result.stderr, "run_start")
    (end,) = records(result.stderr, "run_end")
    assert end["attempts"] == 3 and end["outcome"] == "success"
    assert end["started"] == start["started"]


def test_nothing_of_an_attempt_is_left_in_the_next(run, words, scratch):
    script = f"[ -e {scratch}/pid ] && kill -0 $(cat {scratch}/pid) && exit 9; setsid sleep 1000 & echo $! >{scratch}/pid; exit 1"
    result = run("cronrun", *words, "--retries", "2", "sh", "-c", script)
    assert result.status == 1


def test_the_lock_is_kept_in_the_pause(programs, run, words, scratch):
    first = programs.start("cronrun", *words, "--retries", "1", "--retry-delay", "600s", "false")
    first.wait_for('"retry"')
    assert run("cronrun", "run", "--lock", f"file:{scratch}/lock", "--on-busy", "fail", "true").status == 74
    first.send_signal(signal.SIGTERM)
    result = first.wait()
    assert result.status == 1
    (end,) = records(result.stderr, "run_end")
    assert end["outcome"] == "stopped"


def test_all_within_the_deadline(run, words):
    began = time.monotonic()
    result = run("cronrun", *words, "--retries", "1000", "--deadline", "1s", "--grace", "100ms", "sh", "-c", "sleep 0.1; exit 1")
    assert time.monotonic() - began < 10 * SLOW
    assert result.status in (1, 124)
    (end,) = records(result.stderr, "run_end")
    assert end["attempts"] > 1
    assert end["duration_ms"] < 10000 * SLOW


@pytest.mark.parametrize("mode", ["lines", "on-failure"])
def test_output_of_all_attempts(run, words, mode):
    result = run("cronrun", *words, "--retries", "2", "--output", mode, "sh", "-c", "echo out; exit 1")
    assert result.status == 1
    said = [r["msg"] for r in records(result.stdout)] if mode == "lines" else result.stdout.split()
    assert said == ["out"] * 3


def test_what_cannot_be_executed_is_not_retried(run, words):
    result = run("cronrun", *words, "--retries", "5", "/no/such/command")
    assert result.status == 127
    assert records(result.stderr, "retry") == []


# --- Told to end when the command has ended, but not all of its processes ------------------------------------------------


@pytest.fixture
def left(scratch):
    """A command that fails and leaves something deaf behind."""
    ready = f"until [ -e {scratch}/deaf ]; do sleep 0.02; done"
    return ["sh", "-c", f"echo run >>{scratch}/log; (trap '' TERM; : >{scratch}/deaf; exec sleep 1000) & {ready}; exit 1"]


def test_not_without_the_lock(programs, redis_server, left, scratch):
    server = redis_server()
    words = ["--lock", "redis", "--name", "mail", "--lock-ttl", "2s", "--retries", "2", "--retry-delay", "20ms", "--grace", "60s"]
    process = programs.start("cronrun", "run", *words, *left, env={"REDIS_URL": server.url()})
    process.wait_for("left_behind")
    server.cli("SET", "cronrun:{mail}:lock", "somebody else")
    result = process.wait()
    assert result.status == 1
    assert records(result.stderr, "lock_lost")
    assert records(result.stderr, "retry") == []
    assert (scratch / "log").read_text() == "run\n"


def test_not_after_a_stop(programs, words, left, scratch):
    process = programs.start("cronrun", *words, "--retries", "2", "--grace", "2s", *left)
    process.wait_for("left_behind")
    process.send_signal(signal.SIGTERM)
    result = process.wait()
    assert result.status == 1
    assert records(result.stderr, "retry") == []
    assert (scratch / "log").read_text() == "run\n"


# --- A slow reader --------------------------------------------------------------------------------------------------------


def test_a_slow_reader_gets_all_attempts(words, scratch):
    """The next one waits until he has all of the one before; a line that was broken off stays by itself."""
    read_end, write_end = os.pipe()
    fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, 4096)
    script = "for i in $(seq 1000); do echo line $i; done; printf half; exit 1"
    argv = [BIN_DIR / "cronrun", *words, "--retries", "1", "--output", "lines", "sh", "-c", script]
    with open(scratch / "err", "w") as log:
        process = subprocess.Popen([str(a) for a in argv], stdout=write_end, stderr=log, stdin=subprocess.DEVNULL)
    os.close(write_end)
    wait_until(lambda: '"retry"' in (scratch / "err").read_text(), 20 * SLOW, "the pause")
    time.sleep(1)
    assert "retry_start" not in (scratch / "err").read_text()
    said = b""
    while piece := os.read(read_end, 65536):
        said += piece
    os.close(read_end)
    assert process.wait() == 1
    told = [r["msg"] for r in records(said.decode())]
    assert told == ([f"line {i}" for i in range(1, 1001)] + ["half"]) * 2
    assert records((scratch / "err").read_text(), "output_lost") == []


# --- No process for the command -------------------------------------------------------------------------------------------


@pytest.fixture
def alone(scratch):
    """Words before cronrun: an account that has no other process, and may have no second one."""
    words = [word.replace("65534", "64224") for word in wrap_of("nobody")]
    scratch.chmod(0o777)
    return words


@pytest.mark.parametrize("how", [[], ["--guard"], ["--output", "lines"]])
def test_no_process_for_a_moment(start, words, scratch, alone, how):
    words = [*words, *how, "--retry-delay", "100ms", "--retries", "1000"]
    process = start("cronrun", *words, "sh", "-c", f"echo ran >>{scratch}/log", wrap=[*alone, "prlimit", "--nproc=1:"], env=NO_LEAKS)
    process.wait_for('"retry"')
    subprocess.run([*alone, "prlimit", "--pid", str(process.pid), "--nproc=1000:"], check=True)
    result = process.wait()
    assert result.status == 0, result
    assert (scratch / "log").read_text() == "ran\n"
    retries = records(result.stderr, "retry")
    assert all("cannot start a process: Resource temporarily unavailable" in r["msg"] for r in retries)
    assert [r["attempt"] for r in retries] == list(range(1, len(retries) + 1))
    assert len(records(result.stderr, "run_start")) == 1 and not records(result.stderr, "retry_start")
    (end,) = records(result.stderr, "run_end")
    assert (end["attempts"], end["outcome"]) == (len(retries) + 1, "success")


@pytest.mark.parametrize("how", [[], ["--guard"]])
def test_no_process_at_all(run, words, alone, scratch, how):
    message = scratch / "message"
    message.write_text("")
    message.chmod(0o666)
    words = [*words, *how, "--retries", "2", "--termination-log", message]
    result = run("cronrun", *words, "true", wrap=[*alone, "prlimit", "--nproc=1:"], env=NO_LEAKS)
    assert result.status == 125
    assert [r["attempt"] for r in records(result.stderr, "retry")] == [1, 2]
    (end,) = records(result.stderr, "run_refused")
    assert (end["outcome"], end["reason"]) == ("error", "own_failure")
    assert "Resource temporarily unavailable" in end["msg"]
    assert json.loads(message.read_text())["exit"] == 125
