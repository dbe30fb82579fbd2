"""Waiting, ports, process trees and the keeper of leftovers."""

import contextlib
import fcntl
import os
import pwd
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

# Every password in the tests contains this; no output of our programs may.
CANARY = "c4nary-s3cret"

# Bounds on time are multiplied with this: sanitised builds are slower (tests/run sets it).
SLOW = float(os.environ.get("RR_SLOW", "1"))

# Heavy tests (hundreds of rounds) take their number of rounds from rounds(); RR_ROUNDS=full runs them all.
FULL = os.environ.get("RR_ROUNDS") == "full"


def rounds(full, smoke):
    """How often to repeat: `full` for RR_ROUNDS=full, `smoke` otherwise."""
    return full if FULL else smoke


def wait_until(predicate, timeout=10.0, what="condition", every=0.01):
    """Waits until predicate() is true and returns its value; an AssertionError after timeout × SLOW seconds."""
    end = time.monotonic() + timeout * SLOW
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout * SLOW:g} s: {what}")
        time.sleep(every)


def propagation():
    """How `unshare --mount` has to propagate mounts: in a chroot / is no mount point, and nothing can be changed there."""
    tried = subprocess.run(["unshare", "--mount", "--propagation", "private", "true"], capture_output=True)
    return "private" if tried.returncode == 0 else "unchanged"


def unmount(directory):
    """What was mounted in a namespace may have come here from there."""
    if os.path.ismount(directory):
        subprocess.run(["umount", "--lazy", str(directory)], check=True)


def free_port():
    """A TCP port that was free on 127.0.0.1 and [::1] a moment ago, from the kernel."""
    while True:
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
            if not has_ipv6():
                return port
            with socket.socket(socket.AF_INET6) as s6:
                try:
                    s6.bind(("::1", port))
                except OSError:
                    continue
                return port


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
        return True
    except OSError:
        return False


# --- Users: servers never run as root ---------------------------------------------------------------------------------


def server_user():
    """(uid, gid) that servers run as, or None when we are not root anyway."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("nobody")
    return entry.pw_uid, entry.pw_gid


def as_server_user(argv):
    user = server_user()
    if user is None:
        return list(argv)
    return ["setpriv", f"--reuid={user[0]}", f"--regid={user[1]}", "--clear-groups", "--", *argv]


def give_to_server_user(path):
    """Hands a file or a whole directory over."""
    user = server_user()
    if user is None:
        return
    os.chown(path, *user)
    if os.path.isdir(path) and not os.path.islink(path):
        for name in os.listdir(path):
            give_to_server_user(os.path.join(path, name))


# --- Process trees ----------------------------------------------------------------------------------------------------


def proc_stat(pid):
    """(state, parent, start time), or None when there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text[text.rindex(")") + 2 :].split()
    return fields[0], int(fields[1]), int(fields[19])


def open_files(pid):
    """What its descriptors are, sorted: paths, "socket:[…]". What is closed while one looks is left out; [] when it has gone."""
    names = []
    try:
        for fd in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                names.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
    except OSError:
        pass
    return sorted(names)


def status_number(pid, field):
    """A number of /proc/PID/status; 0 when the process has gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith(field + ":")), 0)


def descendants(pid):
    """Pids of everything below pid, itself not included."""
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            stat = proc_stat(int(name))
            if stat:
                children.setdefault(stat[1], []).append(int(name))
    found, todo = [], [pid]
    while todo:
        for child in children.get(todo.pop(), []):
            found.append(child)
            todo.append(child)
    return found


def kill_quietly(pid, signum):
    try:
        os.kill(pid, signum)
    except ProcessLookupError:
        pass


def alive(pid):
    """True while pid exists and is no zombie."""
    stat = proc_stat(pid)
    return stat is not None and stat[0] != "Z"


# --- The keeper: ends what we started, even when pytest itself is killed -------------------------------------------------


class Keeper:
    """A process that reads "+PID START" and "-PID" lines and kills what is left when its input ends."""

    def __init__(self):
        self.proc = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("keeper.py"))],
            stdin=subprocess.PIPE,
            text=True,
            bufsize=1,
            start_new_session=True,
        )

    def add(self, pid):
        stat = proc_stat(pid)
        if stat:
            self.proc.stdin.write(f"+{pid} {stat[2]}\n")

    def drop(self, pid):
        self.proc.stdin.write(f"-{pid}\n")

    def close(self):
        self.proc.stdin.close()
        self.proc.wait()


_keeper = None


def keeper():
    global _keeper
    if _keeper is None:
        _keeper = Keeper()
    return _keeper


def close_keeper():
    global _keeper
    if _keeper is not None:
        _keeper.close()
        _keeper = None


# --- A server process -----------------------------------------------------------------------------------------------------


class Daemon:
    """One process of a server, in a session of its own (Ctrl-C reaches pytest only), logging to a file."""

    def __init__(self, argv, log, cwd="/", env=None, before=()):
        """before: a command that runs the rest of its arguments, as us."""
        self.log = Path(log)
        with open(self.log, "ab") as out:
            self.proc = subprocess.Popen(
                [*before, *as_server_user(argv)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=cwd,
                env=env or {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
                start_new_session=True,
            )
        self.pid = self.proc.pid
        keeper().add(self.pid)

    def running(self):
        return self.proc.poll() is None

    def wait(self, timeout=20.0):
        self.proc.wait(timeout * SLOW)
        keeper().drop(self.pid)

    def send_signal(self, signum):
        if self.running():
            self.proc.send_signal(signum)

    def tree(self):
        return [self.pid, *descendants(self.pid)]

    def signal_tree(self, signum):
        """Every process of the server, repeated until no new one appeared meanwhile."""
        seen = set()
        while True:
            new = [pid for pid in self.tree() if pid not in seen]
            if not new:
                return
            for pid in new:
                kill_quietly(pid, signum)
                seen.add(pid)

    def sigkill(self):
        """SIGKILL for every process; returns when all are gone."""
        pids = self.tree()
        self.signal_tree(signal.SIGKILL)
        self.wait()
        wait_until(lambda: not any(alive(p) for p in pids), 10, f"processes {pids} gone")

    def end(self, signum=signal.SIGTERM, timeout=10.0):
        """Ends it kindly, then not."""
        if not self.running():
            return
        self.signal_tree(signal.SIGCONT)
        self.proc.send_signal(signum)
        try:
            self.wait(timeout)
        except subprocess.TimeoutExpired:
            self.sigkill()

    def log_text(self):
        return self.log.read_text(errors="replace")


def is_free(path):
    """A file lock that nobody holds."""
    with open(path, "a") as f:
        try:
            fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
