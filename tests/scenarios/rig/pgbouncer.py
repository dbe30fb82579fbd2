"""Real PgBouncer in front of a Postgres of ours."""

import shutil
import signal
from pathlib import Path
from urllib.parse import quote

from . import postgres
from .base import Daemon, free_port, give_to_server_user, wait_until


def program():
    return shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")


class PgBouncer:
    """mode: session, transaction or statement. Forwards every database of the server, or the lines of databases; settings go into [pgbouncer]."""

    def __init__(self, directory, server, mode="session", databases=None, **settings):
        self.directory = Path(directory)
        self.server = server
        self.databases = databases
        self.settings = {"pool_mode": mode, **settings}
        self.port = None
        self.daemon = None

    def start(self):
        while True:
            self.port = self.port or free_port()
            self._write_config()
            argv = [program(), self.directory / "pgbouncer.ini"]
            self.daemon = Daemon(argv, self.directory / "log")
            if wait_until(self._state, 20, "PgBouncer ready") == "ready":
                return self
            assert "in use" in self.daemon.log_text(), self.daemon.log_text()
            self.port = None

    def _state(self):
        if not self.daemon.running():
            return "ended"
        return "ready" if "process up" in self.daemon.log_text() else None

    def _write_config(self):
        lines = {
            "listen_addr": "127.0.0.1",
            "listen_port": self.port,
            "unix_socket_dir": "",
            "auth_type": "scram-sha-256",
            "auth_file": self.directory / "users.txt",
            "admin_users": postgres.USER,
            **self.settings,
        }
        target = (self.databases or f"* = host={self.server.socket_dir} port={self.server.port}") + "\n"
        text = f"[databases]\n{target}[pgbouncer]\n" + "".join(f"{k} = {v}\n" for k, v in lines.items())
        (self.directory / "pgbouncer.ini").write_text(text)
        (self.directory / "users.txt").write_text(f'"{postgres.USER}" "{postgres.PASSWORD}"\n')
        give_to_server_user(self.directory)

    def url(self, database=postgres.USER, user=postgres.USER, password=postgres.PASSWORD, **query):
        tail = "?" + "&".join(f"{k}={v}" for k, v in query.items()) if query else ""
        return f"postgres://{user}:{quote(password, safe='')}@127.0.0.1:{self.port}/{database}{tail}"

    def sigkill(self):
        self.daemon.sigkill()

    def sigstop_all(self):
        self.daemon.signal_tree(signal.SIGSTOP)

    def sigcont(self):
        self.daemon.signal_tree(signal.SIGCONT)

    def stop(self):
        self.daemon.end(signal.SIGTERM)

    def close(self):
        if self.daemon:
            self.daemon.end(signal.SIGTERM, timeout=3)

    def log_text(self):
        return self.daemon.log_text()
