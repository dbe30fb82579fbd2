"""healthd and what lies on a disk: files that come, go and grow old, disks that fill, and file systems that hang."""

import os
import time

import pytest
from rig.base import wait_until
from rig.hang import hang, hang_library  # noqa: F401
from rig.healthd import Healthd, slow


def check(start, line, **kw):
    return Healthd(start, "--check", f"path {line}", **kw)


def threads(h):
    return len(os.listdir(f"/proc/{h.process.pid}/task"))


# --- Files ----------------------------------------------------------------------------------------------------------------


def test_a_file_comes_and_goes(start, scratch):
    path = scratch / "up to date"
    h = check(start, f"file:{str(path).replace(' ', '%20')} every 200ms groups ready,live")
    wait_until(lambda: "[-]path failed: absent" in h.verbose("path"), slow(1))
    assert (h.ready(), h.live()) == (503, 503)
    path.touch()
    wait_until(lambda: h.ready() == 200, slow(1))
    path.unlink()
    path.symlink_to(scratch)
    time.sleep(0.5)
    assert h.ready() == 200
    path.unlink()
    path.symlink_to(scratch / "nowhere")
    wait_until(lambda: "[-]path failed: absent" in h.verbose("path"), slow(1))
    record = h.records("check_changed")[-1]
    assert (record["reason"], record["cause"]) == ("absent", f"{path} does not exist")


def test_maintenance(start, scratch):
    """The switch takes the pod out of its Services, and no more than that."""
    switch = scratch / "maintenance"
    h = check(start, f"file:{switch} absent every 200ms words off,on")
    h.until("[+]path ok", slow(1), "path")
    assert h.json("/health/ready") == {"status": "ready", "path": "off"}
    switch.touch()
    h.until("[-]path failed: present", slow(1), "path")
    assert h.get("/health/ready").body == '{"status":"not_ready","path":"on"}'
    assert h.metric("healthd_check_up", check="path") == 0
    switch.unlink()
    h.until("[+]path ok", slow(1), "path")


def test_age(start, scratch):
    beat = scratch / "heartbeat"
    h = check(start, f"file:{beat} younger 1h every 200ms")
    h.until("[-]path failed: absent", slow(1), "path")
    beat.touch()
    h.until("[+]path ok", slow(1), "path")
    os.utime(beat, (time.time(), time.time() - 3601))
    h.until("[-]path failed: expired", slow(1), "path")
    os.utime(beat, (0, time.time() - 60))
    h.until("[+]path ok", slow(1), "path")
    os.utime(beat, (0, time.time() + 86400))
    time.sleep(0.5)
    assert "[+]path ok" in h.verbose("path")


@pytest.mark.skipif(os.geteuid() == 0 and not os.path.exists("/usr/bin/setpriv"), reason="root may look everywhere")
def test_a_path_that_may_not_be_looked_at(start, scratch):
    """Neither there nor absent: not known."""
    closed = scratch / "closed"
    closed.mkdir(mode=0)
    nobody = ["setpriv", "--reuid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    for more in ("", "absent"):
        h = check(start, f"file:{closed}/x {more}", wrap=nobody)
        h.until("[-]path failed: privilege", slow(1), "path")


# --- Disks ----------------------------------------------------------------------------------------------------------------


def test_disk(start, run, scratch):
    free = os.statvfs(scratch)
    rows = [
        (f"disk:{scratch} min-free 1B min-inodes 1", "up", "-"),
        (f"disk:{scratch} min-free 0 min-inodes 0", "up", "-"),
        (f"disk:{scratch} min-free {free.f_blocks * free.f_frsize + 1}B", "down", "full"),
        (f"disk:{scratch}/nowhere", "down", "absent"),
    ]
    if free.f_files:
        rows.append((f"disk:{scratch} min-free 0 min-inodes {free.f_files + 1}", "down", "full"))
    for line, state, reason in rows:
        result = run("healthd", "check", "--check", f"d {line}")
        assert (result.status, *result.stdout.split()[5:7]) == (0 if state == "up" else 1, state, reason), line
    h = check(start, f"disk:{scratch} min-free {free.f_blocks * free.f_frsize + 1}B")
    h.until("[-]path failed: full", slow(1), "path")
    assert "below min-free" in h.records("check_changed")[-1]["cause"]


# --- A file system that hangs -----------------------------------------------------------------------------------------------


@pytest.mark.dynamic_build
@pytest.mark.parametrize("scheme", ["file", "disk"])
def test_hangs(start, hang, scheme):  # noqa: F811
    """Answers go on, one call is outstanding and no other is made; when it is back the check is up at once."""
    more = "min-free 0 min-inodes 0" if scheme == "disk" else ""
    h = check(start, f"{scheme}:{hang.path} {more} every 1s timeout 200ms", env=hang.env)
    h.until("[+]path ok", slow(1), "path")
    hang.freeze()
    h.until("[-]path failed: timeout", slow(2), "path")
    before = hang.calls()
    looks = h.metric("healthd_check_duration_seconds_count", check="path")
    wait_until(lambda: h.metric("healthd_check_duration_seconds_count", check="path") >= looks + 3, slow(2))
    assert hang.calls() == before
    assert threads(h) == 2
    seconds = []
    for _ in range(50):
        began = time.monotonic()
        assert h.live() == 200
        seconds.append(time.monotonic() - began)
    assert sorted(seconds)[25] < slow(0.01)
    hang.thaw()
    h.until("[+]path ok", slow(0.5), "path")
    wait_until(lambda: threads(h) == 1, slow(1))
    h.process.terminate()
    assert h.process.wait().status == 0


@pytest.mark.dynamic_build
def test_ends_while_a_call_hangs(start, run, hang):  # noqa: F811
    hang.freeze()
    h = check(start, f"file:{hang.path} timeout 100ms", env=hang.env)
    h.until("[-]path failed: timeout", slow(3), "path")
    h.process.terminate()
    assert h.process.wait(slow(1)).status == 0
    result = run("healthd", "check", "--check", f"a file:{hang.path} timeout 100ms", env=hang.env)
    assert result.status == 1
    assert "timeout" in result.stdout
