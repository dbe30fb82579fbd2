"""Real PHP-FPM: one pool, its ping, its status page on a listener of its own; and what a front of it sends."""

import re
import signal
import socket
import struct
from pathlib import Path

from .base import Daemon, alive, free_port, give_to_server_user, kill_quietly, wait_until

SLEEP = '<?php usleep((int) (1e6 * (float) $_GET["s"])); echo "slept";\n'


def binary():
    """Debian's name holds PHP's version: php-fpm8.2."""
    found = sorted(Path("/usr/sbin").glob("php-fpm[0-9]*"))
    assert found, "PHP-FPM is not installed: scripts/deps check"
    return str(found[-1])


# --- FastCGI ---


def record(kind, content=b"", padding=0, request=1):
    return struct.pack("!BBHHBB", 1, kind, request, len(content), padding, 0) + content + bytes(padding)


def answer(text, status=0):
    """A whole one; status: FastCGI's own."""
    return record(6, text) + record(3, struct.pack("!IB3x", 0, status))


def request(script, query=""):
    params = {"REQUEST_METHOD": "GET", "SCRIPT_NAME": script, "SCRIPT_FILENAME": script, "QUERY_STRING": query}
    packed = b"".join(struct.pack("!BB", len(k), len(v)) + k.encode() + v.encode() for k, v in params.items())
    return record(1, struct.pack("!HB5x", 1, 0)) + record(4, packed) + record(4) + record(5)


class Fpm:
    """.url(), .page_url(); workers: of a static pool; unix: listens on sockets; settings: of the pool (dots as double underscores)."""

    def __init__(self, directory, workers=2, unix=False, **settings):
        self.directory = Path(directory)
        self.unix = unix
        self.daemon = None
        self.sleeper = self.directory / "sleep.php"
        self.sleeper.write_text(SLEEP)
        self.log = self.directory / "fpm.log"
        where = [str(self.directory / "fpm.sock"), str(self.directory / "page.sock")] if unix else [free_port(), free_port()]
        self.main, self.page = where
        pool = {
            "listen": self.main if unix else f"127.0.0.1:{self.main}",
            "pm": "static",
            "pm.max_children": workers,
            "ping.path": "/ping",
            "pm.status_path": "/status",
            "pm.status_listen": self.page if unix else f"127.0.0.1:{self.page}",
        }
        pool.update({k.replace("__", "."): v for k, v in settings.items()})
        lines = ["[global]", "daemonize = no", f"error_log = {self.log}", "[pool]"]
        lines += [f"{k} = {v}" for k, v in pool.items() if v is not None]
        (self.directory / "fpm.conf").write_text("\n".join(lines) + "\n")
        give_to_server_user(self.directory)
        self.start()

    def start(self):
        before = self.log_text().count("ready to handle connections")
        self.daemon = Daemon([binary(), "-n", "-y", self.directory / "fpm.conf"], self.directory / "out")
        wait_until(lambda: self.log_text().count("ready to handle connections") > before, 20, "PHP-FPM ready")
        return self

    def _url(self, where, path):
        return f"fcgi://unix:{where}:{path}" if self.unix else f"fcgi://127.0.0.1:{where}{path}"

    def url(self, path="/ping"):
        return self._url(self.main, path)

    def page_url(self, path="/status"):
        return self._url(self.page, path)

    def connect(self, where=None):
        where = where or self.main
        if not self.unix:
            return socket.create_connection(("127.0.0.1", where), 20)
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(20)
        s.connect(where)
        return s

    def occupy(self, seconds=600.0):
        """One worker is busy for so long, or until the connection that is returned has been read and closed."""
        s = self.connect()
        s.sendall(request(str(self.sleeper), f"s={seconds}"))
        return s

    def fill(self, workers=2, seconds=600.0):
        held = [self.occupy(seconds) for _ in range(workers)]
        wait_until(lambda: self.count("active processes") == workers, 20, "every worker is busy")
        return held

    def count(self, what):
        """Of the status page: "accepted conn", "active processes" …"""
        with self.connect(self.page) as s:
            s.sendall(request("/status"))
            return int(re.search(rf"{what}: +(\d+)".encode(), s.recv(65536))[1])

    def workers(self):
        """Pids of the pool's own processes."""
        names = {pid: Path(f"/proc/{pid}/cmdline").read_text() for pid in self.daemon.tree()[1:] if alive(pid)}
        return [pid for pid, name in names.items() if name.strip("\0 ") == "php-fpm: pool pool"]

    def signal_workers(self, signum):
        for pid in self.workers():
            kill_quietly(pid, signum)

    def free(self):
        """The workers start anew, without what they were busy with."""
        self.signal_workers(signal.SIGKILL)

    def reload(self):
        before = self.log_text().count("ready to handle connections")
        self.daemon.send_signal(signal.SIGUSR2)
        wait_until(lambda: self.log_text().count("ready to handle connections") > before, 20, "PHP-FPM reloaded")

    def sigstop_all(self):
        self.daemon.signal_tree(signal.SIGSTOP)

    def sigcont(self):
        self.daemon.signal_tree(signal.SIGCONT)

    def sigkill(self):
        self.daemon.sigkill()

    def close(self):
        if self.daemon:
            self.daemon.end()

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""
