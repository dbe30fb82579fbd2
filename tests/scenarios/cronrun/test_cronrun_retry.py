"""cronrun --retries: another attempt under the same lock, within the same deadline."""

import json
import signal
import time

import pytest
from rig.base import SLOW


def records(text, event=None):
    found = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [r for r in found if event is None or r["event"] == event]


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
