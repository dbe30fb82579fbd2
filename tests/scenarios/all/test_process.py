"""What all three programs owe to the process that they are: its standard descriptors, few descriptors, `copy`."""

import os
import socket
import stat

import pytest
from rig.base import free_port, wait_until

PROGRAMS = ["healthd", "migrate", "cronrun"]


def shell(line):
    """Words before a program: the shell does this first."""
    return ["sh", "-c", f'{line}; exec "$@"', "sh"]


# --- Descriptors ------------------------------------------------------------------------------------------------------


def waiting(start, name, wrap, scratch):
    """The program, doing nothing for long; started so that it says something first."""
    if name == "healthd":
        return start("healthd", "--listen", f"127.0.0.1:{free_port()}", "--drain", "0s", wrap=wrap)
    if name == "migrate":
        return start("migrate", "wait", "--database", "postgres://app@127.0.0.1:1/app", "--wait", "60s", wrap=wrap)
    return start("cronrun", "--lock", f"file:{scratch / 'lock'}", "sleep", "60", wrap=wrap)


def links(pid):
    """What its descriptors are, by number; {} when it has gone."""
    try:
        return {int(fd): os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
    except OSError:
        return {}


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("closed", ["<&- >&- 2>&-", "2>&-", ">&-"])
def test_started_without_standard_descriptors(start, scratch, name, closed):
    """None of ours may take their place: the log would go into it."""
    process = waiting(start, name, ["sh", "-c", f'exec "$@" {closed}', "sh"], scratch)
    wait_until(lambda: not process.running() or any("eventpoll" in to for to in links(process.pid).values()), 10, "its loop")
    seen = links(process.pid)
    ours = ("anon_inode:", "socket:")
    assert not [seen[fd] for fd in (0, 1, 2) if seen[fd].startswith(ours)]
    assert seen[{">&-": 1}.get(closed, 2)] == "/dev/null"


@pytest.mark.parametrize("limit", range(4, 17))
def test_few_descriptors(start, run, scratch, limit):
    """Too few of them is a failure of ours with our status, never the library's."""
    env = {"ASAN_OPTIONS": "exitcode=99:detect_leaks=0", "HEALTHD_DRAIN": "0s"}
    wrap = shell(f"ulimit -n {limit}")
    healthd = start("healthd", "--listen", "127.0.0.1:0", wrap=wrap, env=env)
    wait_until(lambda: not healthd.running() or "listening" in healthd.stderr, 10, "an end or a start")
    if not healthd.running():
        assert healthd.wait().status == 3
        assert "Too many open files" in healthd.stderr
    for lock in ("none", f"file:{scratch / 'lock'}"):
        result = run("cronrun", "--lock", lock, "true", wrap=wrap, env=env)
        assert result.status in ((125,) if limit < 8 else (0, 75, 125)), result.stderr
        assert result.status == 0 or "Too many open files" in result.stderr


# --- copy -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, status", [("healthd", 1), ("migrate", 23), ("cronrun", 125)])
@pytest.mark.parametrize("kind", ["device", "fifo", "socket", "link"])
def test_copy_replaces_files_only(run, scratch, name, status, kind):
    """`copy /dev/null` by root must not put a file there."""
    place = scratch / "place"
    if kind == "device":
        if os.geteuid() != 0:
            pytest.skip("a device of one's own needs root")
        os.mknod(place, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(str(place))
    else:
        os.mkfifo(scratch / "fifo" if kind == "link" else place)
    if kind == "link":
        place.symlink_to("fifo")
    before = os.lstat(place)
    result = run(name, "copy", place)
    assert result.status == status
    assert str(place) in result.stderr and "regular file" in result.stderr
    assert (os.lstat(place).st_ino, os.lstat(place).st_mode) == (before.st_ino, before.st_mode)
    assert len(os.listdir(scratch)) == (2 if kind == "link" else 1)
