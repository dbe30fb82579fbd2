"""A cgroup of version 2 that is a test's own, and ways to start a program in it; the machine's own mounts are not touched."""

import contextlib
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from .base import alive, keeper, kill_quietly, wait_until
from .nasty import wrap_of

# In a chroot / is no mount point, but /sys is one.
PRIVATE = "{ mount --make-rprivate / || mount --make-rprivate /sys; } 2>/dev/null && "
MOUNT = PRIVATE + 'mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec "$@"'
READ_ONLY = PRIVATE + 'mount -t cgroup2 cgroup2 /sys/fs/cgroup && mount -o remount,bind,ro /sys/fs/cgroup && exec "$@"'
NOTHING = PRIVATE + 'mount -t tmpfs tmpfs /sys/fs/cgroup && exec "$@"'
UNSHARE = ["unshare", "--mount", "--propagation", "unchanged"]


class Cgroups:
    """folder: the test's own cgroup, as the machine sees it; wrap(): words before a program that is to run in it."""

    def __init__(self):
        if os.geteuid() != 0:
            pytest.skip("a cgroup of one's own needs root")
        # Holds a mount for us to look through.
        self.holder = subprocess.Popen(
            [*UNSHARE, "sh", "-c", MOUNT, "sh", "sh", "-c", "echo ready && exec sleep 86400"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        keeper().add(self.holder.pid)
        if self.holder.stdout.readline() != "ready\n":
            fault = self.holder.communicate()[1].strip()
            keeper().drop(self.holder.pid)
            pytest.skip(f"cgroups of version 2 cannot be mounted here: {fault}")
        self.folder = Path(f"/proc/{self.holder.pid}/root/sys/fs/cgroup/rr-{os.getpid()}-{time.monotonic_ns()}")
        try:
            self.folder.mkdir()
        except OSError as e:
            self.close()
            pytest.skip(f"no cgroup can be made here: {e.strerror}")
        if not (self.folder / "cgroup.kill").exists():
            self.close()
            pytest.skip("the kernel has no cgroup.kill")

    def wrap(self, way, below=""):
        """In the test's cgroup, or one below it. namespace: the root of a cgroup namespace; marked: delegated as systemd does it; owned: by the user who runs it;
        plain: root's as any other; read-only and unmounted: what it says, of a namespace's root."""
        namespace = ["--cgroup"] if way in ("namespace", "read-only", "unmounted") else []
        script = {"read-only": READ_ONLY, "unmounted": NOTHING}.get(way, MOUNT)
        user = []
        folder = self.folder / below
        folder.mkdir(parents=True, exist_ok=True)
        if way == "marked":
            os.setxattr(folder, "user.delegate", b"1")
        if way == "owned":
            for path in (folder, *(folder / f"cgroup.{name}" for name in ("procs", "threads", "subtree_control"))):
                os.chown(path, 65534, 65534)
            user = wrap_of("nobody")
        enter = ["sh", "-c", 'echo $$ >"$0" && exec "$@"', f"{folder}/cgroup.procs"]
        return [*enter, *UNSHARE, *namespace, "sh", "-c", script, "sh", *user]

    def below(self):
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_dir())

    def close(self):
        with contextlib.suppress(OSError):
            (self.folder / "cgroup.kill").write_text("1")
        if self.folder.exists():
            wait_until(lambda: "populated 0" in (self.folder / "cgroup.events").read_text(), 10, "the test's cgroup is empty")
            for name in reversed(self.below()):
                (self.folder / name).rmdir()
            self.folder.rmdir()
        kill_quietly(self.holder.pid, 9)
        self.holder.wait()
        keeper().drop(self.holder.pid)


class Elsewhere:
    """Another PID namespace, beside the program: what enters it and is orphaned there descends from its first process."""

    def __init__(self):
        self.process = subprocess.Popen(["unshare", "--pid", "--fork", "--kill-child", "sleep", "86400"])
        keeper().add(self.process.pid)
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        wait_until(lambda: children.read_text().split() or self.process.poll() is not None, 5, "its first process")
        if self.process.poll() is not None:
            keeper().drop(self.process.pid)
            pytest.skip("no PID namespaces here")
        self.first = int(children.read_text())

    def close(self):
        kill_quietly(self.process.pid, 9)
        self.process.wait()
        keeper().drop(self.process.pid)


def running(program):
    """Pids of the processes whose program this file is, whatever their environment says, and whatever it is called where they are."""
    found, file = [], os.stat(program)
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            if name.isdigit() and os.path.samestat(os.stat(f"/proc/{name}/exe"), file) and alive(int(name)):
                found.append(int(name))
    return found


def copy_of(program, path, mode=0o755):
    """A program that no other test runs."""
    shutil.copy(program, path)
    path.chmod(mode)
    return path
