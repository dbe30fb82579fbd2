"""Real Redis, or Valkey: plain, with a password, over TLS, a replica."""

import os
import signal
import subprocess
from pathlib import Path
from urllib.parse import quote

from .base import CANARY, Daemon, free_port, give_to_server_user, has_ipv6, wait_until

PASSWORD = f"redis-{CANARY}"


class Redis:
    """A server of its own. password: requirepass; certificate, ca: TLS only, no plain port; sentinel: one that watches
    nobody; program: valkey-server is its twin."""

    def __init__(self, directory, password=None, certificate=None, ca=None, sentinel=False, program="redis-server", **settings):
        self.directory = Path(directory)
        self.socket = str(self.directory / "redis.sock")
        self.password = password
        self.certificate = certificate
        self.ca = ca
        self.mode = ["--sentinel"] if sentinel else []
        self.program = program
        self.settings = settings
        self.port = None
        self.daemon = None
        give_to_server_user(self.directory)

    def start(self):
        while True:
            self.port = self.port or free_port()
            self._write_config()
            self.daemon = Daemon([self.program, self.directory / "redis.conf", *self.mode], self.directory / "log")
            if wait_until(self._state, 20, "Redis ready") == "ready":
                return self
            assert "Address already in use" in self.daemon.log_text(), self.daemon.log_text()
            self.port = None

    def _state(self):
        if not self.daemon.running():
            return "ended"
        done = self._cli("PING")
        return "ready" if done.stdout and "refused" not in done.stdout + done.stderr else None

    def _write_config(self):
        lines = {
            "bind": "127.0.0.1 ::1" if has_ipv6() else "127.0.0.1",
            "port": self.port,
            "unixsocket": self.socket,
            "unixsocketperm": 777,
            "dir": self.directory,
            "save": '""',
            "appendonly": "no",
            "daemonize": "no",
        }
        if self.password:
            lines["requirepass"] = self.password
        if self.certificate:
            for name in ("cert", "key"):
                copy = self.directory / f"server.{name}"
                copy.write_bytes(Path(getattr(self.certificate, name)).read_bytes())
            (self.directory / "ca.crt").write_bytes(Path(self.ca).read_bytes())
            lines.update(port=0)
            lines["tls-port"] = self.port
            lines["tls-cert-file"] = self.directory / "server.cert"
            lines["tls-key-file"] = self.directory / "server.key"
            lines["tls-ca-cert-file"] = self.directory / "ca.crt"
            lines["tls-auth-clients"] = "no"
        lines.update({k.replace("_", "-"): v for k, v in self.settings.items()})
        (self.directory / "redis.conf").write_text("".join(f"{k} {v}\n" for k, v in lines.items()))
        give_to_server_user(self.directory)

    def _cli(self, *words):
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        if self.password:
            env["REDISCLI_AUTH"] = self.password
        command = ["redis-cli", "--no-auth-warning", "-s", self.socket, *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, env=env, timeout=30)

    def cli(self, *words):
        """redis-cli over the socket; the answer as text."""
        done = self._cli(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def url(self, host="127.0.0.1", db=None, password=None, user=""):
        password = self.password if password is None else password
        login = f"{user}:{quote(password, safe='')}@" if password else ""
        scheme = "rediss" if self.certificate else "redis"
        return f"{scheme}://{login}{host}:{self.port}" + (f"/{db}" if db is not None else "")

    def stop(self):
        self.daemon.end(signal.SIGTERM)

    def sigkill(self):
        self.daemon.sigkill()

    def sigstop_all(self):
        self.daemon.signal_tree(signal.SIGSTOP)

    def sigcont(self):
        self.daemon.signal_tree(signal.SIGCONT)

    def close(self):
        if self.daemon:
            self.daemon.end(signal.SIGTERM)

    def running(self):
        return self.daemon is not None and self.daemon.running()

    def log_text(self):
        return self.daemon.log_text()
