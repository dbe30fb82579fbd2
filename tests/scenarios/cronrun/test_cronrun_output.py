"""cronrun --output: each line a record, or all of it only when the run fails; whoever reads it, and however slowly."""

import base64
import fcntl
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from rig.base import SLOW, alive, propagation, unmount, wait_until
from rig.nasty import nasty  # noqa: F401
from rig.program import BIN_DIR, records


def rebuilt(lines, stream):
    """The bytes that the command wrote, as docs/formats.md says."""
    out = b""
    for record in lines:
        if record["stream"] == stream:
            out += base64.b64decode(record["base64"]) if "base64" in record else record["msg"].encode()
            out += b"" if record.get("partial") else b"\n"
    return out


@pytest.fixture
def lines(run):
    def call(*words, **more):
        return run("cronrun", "run", "--lock", "none", "--name", "mail", "--output", "lines", *words, **more)

    return call


# --- lines --------------------------------------------------------------------------------------------------------------


def test_each_line_is_a_record(lines):
    result = lines("sh", "-c", "echo one; echo two; echo three >&2; printf half; exit 3")
    assert result.status == 3
    said = records(result.stdout)
    (end,) = records(result.stderr, "run_end")
    assert [r["msg"] for r in said if r["stream"] == "stdout"] == ["one", "two", "half"]
    assert [r["msg"] for r in said if r["stream"] == "stderr"] == ["three"]
    assert [r["msg"] for r in said if r.get("partial")] == ["half"]
    for record in said:
        assert record["event"] == "output" and record["job"] == "mail" and record["run_id"] == end["run_id"]
        assert record["time"].endswith("Z")


WRITER = """
import os, random, sys
rng = random.Random(int(sys.argv[1]))
for n in range(300):
    data = bytes(rng.choice(b"ab\\n\\xff\\x00\\xc3\\xa4\\x1b") for _ in range(rng.choice((1, 10, 900)))) if n % 3 else b"long" * rng.choice((1, 5000))
    fd = rng.choice((1, 2))
    with open(sys.argv[1 + fd], "ab") as copy:
        copy.write(data)
    while data:
        data = data[os.write(fd, data):]
"""


@pytest.mark.parametrize("seed", range(4))
def test_every_byte_can_be_recovered(lines, scratch, seed):
    out, err = scratch / "out", scratch / "err"
    result = lines(sys.executable, "-c", WRITER, seed, out, err)
    assert result.status == 0
    assert max(map(len, result.stdout.encode().split(b"\n"))) < 4096
    said = records(result.stdout)
    assert rebuilt(said, "stdout") == out.read_bytes()
    assert rebuilt(said, "stderr") == err.read_bytes()


def test_a_prompt_does_not_wait_for_its_line(programs, scratch):
    go = scratch / "go"
    process = programs.start(
        "cronrun", "run", "--lock", "none", "--output", "lines", "sh", "-c",
        f"printf 'is it there? '; until [ -e {go} ]; do sleep 0.05; done; echo yes",
    )
    process.wait_for("is it there")
    go.touch()
    result = process.wait()
    assert [(r["msg"], r.get("partial")) for r in records(result.stdout)] == [("is it there? ", True), ("yes", None)]


def test_memory_is_bounded(lines):
    """A line of 100 MB, and as many empty ones as 1 MB holds."""
    code = "import resource, subprocess, sys; p = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    for command in ("head -c 100000000 /dev/zero | tr '\\0' x", "head -c 1000000 /dev/zero | tr '\\0' '\\n'"):
        words = [sys.executable, "-c", code, BIN_DIR / "cronrun", "run", "--lock", "none", "--output", "lines", "sh", "-c", command]
        peak = subprocess.run([str(w) for w in words], capture_output=True, text=True, timeout=60 * SLOW, check=True).stdout
        if os.environ.get("RR_MODE") != "asan":
            assert int(peak) < 16 * 1024


@pytest.fixture
def stuck(scratch):
    """A pipe that nobody reads, full from the first record on; (reading end, writing end)."""
    read_end, write_end = os.pipe()
    fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, 4096)
    yield read_end, write_end
    os.close(read_end)


def start_into(write_end, scratch, *words):
    log = open(scratch / "log", "w+")
    argv = [BIN_DIR / "cronrun", "run", "--lock", f"file:{scratch}/lock", *words]
    process = subprocess.Popen([str(a) for a in argv], stdout=write_end, stderr=log, stdin=subprocess.DEVNULL)
    os.close(write_end)
    return process, log


def test_a_blocked_reader_delays_no_deadline(stuck, scratch):
    began = time.monotonic()
    process, log = start_into(stuck[1], scratch, "--output", "lines", "--deadline", "500ms", "--grace", "200ms", "yes", "word")
    assert process.wait(timeout=20 * SLOW) == 124
    assert time.monotonic() - began < 10 * SLOW
    log.seek(0)
    text = log.read()
    (end,) = records(text, "run_end")
    assert end["outcome"] == "deadline"
    (lost,) = records(text, "output_lost")
    assert lost["bytes"] > 0


def test_a_blocked_reader_does_not_keep_the_lock(stuck, scratch, run):
    """Nothing is lost to one that is only slow: the lock is free meanwhile."""
    words = ["sh", "-c", "for i in $(seq 500); do echo line $i; done"]
    process, log = start_into(stuck[1], scratch, "--output", "lines", "--name", "mail", *words)
    wait_until(lambda: "run_end" in (scratch / "log").read_text(), 20 * SLOW, "the end of the run")
    assert process.poll() is None
    assert run("cronrun", "run", "--lock", f"file:{scratch}/lock", "--on-busy", "fail", "true").status == 0
    said = b""
    while piece := os.read(stuck[0], 65536):
        said += piece
    assert process.wait() == 0
    assert rebuilt(records(said.decode()), "stdout") == b"".join(b"line %d\n" % i for i in range(1, 501))


def test_a_stop_ends_the_wait_for_the_reader(stuck, scratch):
    process, log = start_into(stuck[1], scratch, "--output", "lines", "sh", "-c", "for i in $(seq 500); do echo line $i; done")
    wait_until(lambda: "run_end" in (scratch / "log").read_text(), 20 * SLOW, "the end of the run")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20 * SLOW) == 0
    assert records((scratch / "log").read_text(), "output_lost")


def test_a_stop_before_the_end_ends_the_wait_too(stuck, scratch):
    """The command has ended, what it left behind has not."""
    ready = f"until [ -e {scratch}/deaf ]; do sleep 0.02; done"
    script = f"for i in $(seq 500); do echo line $i; done; (trap '' TERM; : >{scratch}/deaf; exec sleep 1000) & {ready}; exit 0"
    process, log = start_into(stuck[1], scratch, "--output", "lines", "--grace", "2s", "sh", "-c", script)
    wait_until(lambda: "left_behind" in (scratch / "log").read_text(), 20 * SLOW, "the end of the command")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=40) == 0
    assert records((scratch / "log").read_text(), "output_lost")


@pytest.mark.parametrize("mode, status", [("lines", 0), ("on-failure", 3)])
def test_a_full_disk_is_not_a_reader_that_is_gone(scratch, mode, status):
    with open("/dev/full", "w") as full:
        write_end = os.dup(full.fileno())
    script = f"for i in $(seq 2000); do echo line $i; done; echo end >{scratch}/end; exit {status}"
    process, log = start_into(write_end, scratch, "--output", mode, "sh", "-c", script)
    assert process.wait(timeout=20 * SLOW) == status
    assert (scratch / "end").exists()
    (lost,) = records((scratch / "log").read_text(), "output_lost")
    assert lost["bytes"] >= 18893
    assert "No space left" in lost["msg"]


def test_a_reader_that_goes_away(scratch):
    read_end, write_end = os.pipe()
    process, log = start_into(write_end, scratch, "--output", "lines", "yes")
    os.read(read_end, 10)
    os.close(read_end)
    assert process.wait(timeout=20 * SLOW) == 128 + signal.SIGPIPE


def test_somebody_outside_keeps_the_pipe_open(programs, scratch):
    """Not the tree's: it got the descriptor by other ways, and is not ended. The run ends all the same."""
    go = scratch / "pid"
    keeper = subprocess.Popen(
        [sys.executable, "-c", f"import os, time\nwhile not os.path.exists('{go}'): time.sleep(0.01)\n"
         f"os.open('/proc/' + open('{go}').read().strip() + '/fd/1', os.O_WRONLY)\nopen('{go}.ok', 'w')\ntime.sleep(1000)"]
    )
    try:
        process = programs.start(
            "cronrun", "run", "--lock", "none", "--output", "lines", "sh", "-c",
            f"echo $$ > {go}.new; mv {go}.new {go}; until [ -e {go}.ok ]; do sleep 0.02; done; echo done",
        )
        result = process.wait(30)
        assert result.status == 0
        assert [r["msg"] for r in records(result.stdout)] == ["done"]
        assert alive(keeper.pid)
    finally:
        keeper.kill()
        keeper.wait()


# --- on-failure -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def kept(run):
    def call(*words, **more):
        return run("cronrun", "run", "--lock", "none", "--output", "on-failure", *words, **more)

    return call


def test_only_a_failure_is_shown(kept):
    script = "echo out; echo err >&2; exit "
    result = kept("sh", "-c", script + "0")
    assert result.status == 0
    assert result.stdout == "" and "err\n" not in result.stderr
    result = kept("sh", "-c", script + "3")
    assert result.status == 3
    assert result.stdout == "out\n"
    assert "\nerr\n" in "\n" + result.stderr
    result = kept("--deadline", "300ms", "sh", "-c", "echo out; sleep 1000")
    assert result.status == 124
    assert result.stdout == "out\n"


def test_one_file_for_both_keeps_the_order(scratch):
    with open(scratch / "both", "w+b") as both:
        words = [BIN_DIR / "cronrun", "run", "--lock", "none", "--output", "on-failure", "sh", "-c"]
        words.append("for i in 1 2 3 4 5 6 7 8 9; do echo o$i; echo e$i >&2; done; exit 1")
        status = subprocess.run([str(w) for w in words], stdout=both, stderr=both, timeout=20 * SLOW).returncode
    assert status == 1
    said = [line for line in (scratch / "both").read_text().splitlines() if not line.startswith("{")]
    assert said == [f"{c}{i}" for i in range(1, 10) for c in "oe"]


def test_what_is_dropped_is_told(kept, scratch):
    for words in (["--spool-dir", "/no/such/directory"], ["--spool-dir", scratch]):
        result = kept(*words, "sh", "-c", "head -c 70000000 /dev/zero | tr '\\0' x; echo; echo the end; exit 1", timeout=120)
        assert result.status == 1
        assert result.stdout.endswith("x\nthe end\n")
        (dropped,) = records("\n".join(line for line in result.stderr.splitlines() if line.startswith("{")), "output_dropped")
        assert dropped["bytes"] == 70000009 - len(result.stdout)
        failed = records(result.stderr, "spool_failed")
        assert len(failed) == (words[1] != scratch)
        assert list(scratch.glob("cronrun-*")) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk(kept, scratch):
    disk = scratch / "disk"
    disk.mkdir()
    words = f'mount -t tmpfs -o size=256k tmpfs {disk} && exec "$@"'
    wrap = ["unshare", "--mount", "--propagation", propagation(), "sh", "-c", words, "sh"]
    result = kept("--spool-dir", disk, "sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x; echo; echo the end; exit 1", wrap=wrap)
    unmount(disk)
    assert result.status == 1
    assert result.stdout.endswith("x\nthe end\n")
    assert len(records(result.stderr, "spool_failed")) == 1
    (dropped,) = records(result.stderr, "output_dropped")
    assert dropped["bytes"] == 3000009 - len(result.stdout)


# --- The termination message ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["lines", "on-failure"])
def test_the_last_lines_are_in_the_message(run, scratch, mode):
    message = scratch / "message"
    message.touch()
    words = ["--termination-log", message, "--name", "mail", "--output", mode]
    run("cronrun", "run", "--lock", "none", *words, "sh", "-c", "for i in $(seq 1000); do echo line $i; done; exit 1")
    raw = message.read_bytes()
    assert len(raw) <= 4096
    tail = json.loads(raw)["tail"].splitlines()
    assert tail[-2:] == ["line 1000", "mail failed (exit 1)"]
    first = int(tail[0].split()[1])
    assert tail[:-1] == [f"line {i}" for i in range(first, 1001)]
    assert len(tail) > 100
