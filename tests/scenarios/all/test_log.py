"""Records and a reader that is slow: a pipe that is full when they come, and is read later."""

import os

import pytest
from rig.base import wait_until

PROGRAMS = ["healthd", "migrate", "cronrun"]
# A variable that nobody knows is a warning at the start; after it these say nothing at this level.
QUIET = ("--log", "json", "--log-level", "warn")


class FullPipe:
    """A pipe for stderr that takes nothing until it is read."""

    def __init__(self, path):
        os.mkfifo(path)
        self.path = path
        self.fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self.text = ""
        try:
            while True:
                os.write(self.fd, b"x" * 4095 + b"\n")
        except BlockingIOError:
            pass

    def read(self):
        try:
            while True:
                self.text += os.read(self.fd, 65536).decode()
        except BlockingIOError:
            return self.text

    def wrap(self):
        return ["sh", "-c", f'exec "$@" 2>{self.path}', "sh"]


@pytest.fixture
def pipe(scratch):
    full = FullPipe(scratch / "stderr")
    yield full
    os.close(full.fd)


def turns_its_loop(process):
    try:
        return any("eventpoll" in os.readlink(f"/proc/{process.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{process.pid}/fd"))
    except OSError:
        return False


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_record_goes_out_when_there_is_room(start, scratch, pipe, name):
    """Not with the next record, which never comes here."""
    env = {f"{name.upper()}_UNHEARD_OF": "1"}
    lock = f"file:{scratch / 'lock'}"
    words = {
        "healthd": ["--listen", "127.0.0.1:0", "--drain", "0s", "--sandbox", "off", "--check", "own tcp://127.0.0.1:1 after 1h optional"],
        "migrate": ["wait", "--database", "postgres://app@127.0.0.1:1/app", "--wait", "1h"],
        "cronrun": ["--lock", lock, "--name", "job"],
    }[name]
    command = ["sleep", "3600"] if name == "cronrun" else []
    process = start(name, *words, *QUIET, *command, env=env, wrap=pipe.wrap())
    wait_until(lambda: turns_its_loop(process), 15, "its loop")
    wait_until(lambda: "unknown_variable" in pipe.read(), 15, "the record")
    assert process.running()
    assert len([line for line in pipe.text.splitlines() if line.startswith("{")]) == 1


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_end_waits_two_seconds_for_a_reader(start, scratch, pipe, name):
    """Then it gives up: a collector that hangs keeps no pod from ending."""
    env = {f"{name.upper()}_UNHEARD_OF": "1"}
    words = {
        "healthd": ["wait", "--timeout", "1s"],
        "migrate": ["check", scratch],
        "cronrun": ["--lock", "none", "--name", "job"],
    }[name]
    command = ["true"] if name == "cronrun" else []
    process = start(name, *words, *QUIET, *command, env=env, wrap=pipe.wrap())
    assert process.wait().seconds >= 2
    assert "unknown_variable" not in pipe.read()
