"""Real PostgreSQL: initdb once a session, copied for each server."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path
from urllib.parse import quote

from .base import CANARY, Daemon, as_server_user, free_port, give_to_server_user, has_ipv6, wait_until

SUPERUSER = "postgres"
USER = "app"
PASSWORD = f"app-{CANARY}"
DROPPED_AT_ONCE = 16  # well within the time that psql has

# Fast, and quiet about what nobody reads.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "16MB",
    "max_connections": "40",
    "logging_collector": "off",
    "log_connections": "on",
    "lc_messages": "C",
    "unix_socket_permissions": "0777",
}

HBA = """\
local   all all                trust
host    all all 127.0.0.1/32   scram-sha-256
host    all all ::1/128        scram-sha-256
"""


def bindir():
    """The newest installed version's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: float(p.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("postgres")
    assert on_path, "no PostgreSQL server is installed (make deps)"
    return Path(os.path.realpath(on_path)).parent


def psql_program():
    """psql itself: Debian's /usr/bin/psql is a wrapper that takes longer than most queries."""
    path = bindir() / "psql"
    return str(path) if path.exists() else "psql"


def make_template(directory):
    """initdb once; servers are copies of it."""
    directory.mkdir()
    give_to_server_user(directory)
    command = [bindir() / "initdb", "-D", directory, "-U", SUPERUSER, "-E", "UTF8", "--locale=C.UTF-8"]
    command += ["--auth=trust", "--no-sync", "--no-instructions"]
    subprocess.run(as_server_user(map(str, command)), check=True, cwd="/", stdout=subprocess.DEVNULL)
    return directory


class Postgres:
    """A server of its own: start, stop, kill, freeze. Role app (password PASSWORD) owns database app."""

    def __init__(self, directory, template, **settings):
        self.directory = Path(directory)
        self.data = self.directory / "data"
        self.socket_dir = str(self.directory)
        self.settings = {**SETTINGS, **{k: str(v) for k, v in settings.items()}}
        self.hba = HBA
        self.before = ()  # of Daemon
        self.dropped = []  # databases that are not needed any more
        self.daemon = None
        self.port = None
        subprocess.run(["cp", "-a", "--reflink=auto", str(template), str(self.data)], check=True)
        give_to_server_user(self.directory)

    def make_standby(self, directory):
        """A hot standby of this server, which streams from it over the socket; not started."""
        other = Postgres.__new__(Postgres)
        other.__dict__.update(vars(self), directory=Path(directory), data=Path(directory) / "data", socket_dir=str(directory),
                              settings={**self.settings, "hot_standby": "on"}, daemon=None, port=None)
        self.set_hba(self.hba + "local replication all trust\n")
        give_to_server_user(other.directory)
        command = [bindir() / "pg_basebackup", "-D", other.data, "-h", self.socket_dir, "-p", self.port, "-U", SUPERUSER]
        subprocess.run(as_server_user(map(str, [*command, "-X", "stream", "-c", "fast", "--no-sync"])), check=True, cwd="/")
        other.settings["primary_conninfo"] = f"host={self.socket_dir} port={self.port} user={SUPERUSER}"
        (other.data / "standby.signal").touch()
        give_to_server_user(other.data / "standby.signal")
        return other

    def promote(self):
        assert self.psql("SELECT pg_promote(true, 30)") == "t"

    # --- Life ---

    def start(self):
        assert self.daemon is None or not self.daemon.running()
        while True:
            self.port = self.port or free_port()
            self._write_config()
            self.daemon = Daemon([bindir() / "postgres", "-D", self.data], self.directory / "log", before=self.before)
            if self._wait_ready():
                break
            assert "Address already in use" in self.daemon.log_text(), self.daemon.log_text()
            self.port = None
        return self

    def create_app(self):
        """The role and the database that tests use; needed once."""
        self.psql(f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'", f"CREATE DATABASE {USER} OWNER {USER}")
        return self

    def stop(self, mode="fast"):
        """As pg_ctl stop -m smart|fast|immediate."""
        self.daemon.send_signal({"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}[mode])
        self.daemon.wait()

    def restart(self, mode="fast"):
        self.stop(mode)
        self.start()

    def sigkill(self):
        self.daemon.sigkill()

    def sigstop_all(self):
        self.daemon.signal_tree(signal.SIGSTOP)

    def sigcont(self):
        self.daemon.signal_tree(signal.SIGCONT)

    def close(self):
        if self.daemon:
            self.daemon.end(signal.SIGQUIT)

    def running(self):
        return self.daemon is not None and self.daemon.running()

    def log_text(self):
        return self.daemon.log_text()

    # --- Configuration ---

    def set(self, **settings):
        """Changes settings and reloads; None removes one."""
        for key, value in settings.items():
            if value is None:
                self.settings.pop(key, None)
            else:
                self.settings[key] = str(value)
        self.reload()

    def set_hba(self, text):
        """pg_hba.conf as a whole; the default is HBA of this module."""
        self.hba = text
        self.reload()

    def reload(self):
        self._write_config()
        before = self.log_text().count("reloading configuration files")
        self.daemon.send_signal(signal.SIGHUP)
        wait_until(lambda: self.log_text().count("reloading configuration files") > before, 5, "reload")

    def use_tls(self, certificate, ca=None):
        """Before start(), or with a restart: certificate is a Certificate of tls.py."""
        for name, source in (("server.crt", certificate.cert), ("server.key", certificate.key)):
            shutil.copy(source, self.data / name)
            os.chmod(self.data / name, 0o600)
        self.settings.update(ssl="on", ssl_cert_file="server.crt", ssl_key_file="server.key")
        if ca:
            shutil.copy(ca, self.data / "ca.crt")
            self.settings["ssl_ca_file"] = "ca.crt"
        give_to_server_user(self.data)
        return self

    def _write_config(self):
        listen = "127.0.0.1,::1" if has_ipv6() else "127.0.0.1"
        lines = {**self.settings, "listen_addresses": self.settings.get("listen_addresses", listen)}
        lines.update(port=str(self.port), unix_socket_directories=self.socket_dir)
        text = "".join(f"{k} = '{v}'\n" for k, v in lines.items())
        for name, content in (("postgresql.auto.conf", text), ("pg_hba.conf", self.hba)):
            (self.data / name).write_text(content)
            give_to_server_user(self.data / name)

    def _wait_ready(self):
        """True when it accepts connections, False when it ended instead."""
        pid_file = self.data / "postmaster.pid"

        def state():
            if not self.daemon.running():
                return "ended"
            try:
                lines = pid_file.read_text().splitlines()
            except OSError:
                return None
            return "ready" if lines and lines[0] == str(self.daemon.pid) and lines[-1].strip() == "ready" else None

        return wait_until(state, 30, "PostgreSQL ready") == "ready"

    # --- Talking to it ---

    def psql(self, *statements, database="postgres", user=SUPERUSER, check=True):
        """Runs statements one by one over the socket; returns the unaligned output of all, stripped."""
        command = [psql_program(), "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", self.socket_dir, "-p", str(self.port)]
        command += ["-U", user, "-d", database]
        for statement in statements:
            command += ["-c", statement]
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", env=env, timeout=60)
        if check and done.returncode != 0:
            raise AssertionError(f"psql: {done.stderr}")
        return done.stdout.strip()

    def url(self, database=USER, user=USER, password=PASSWORD, host="127.0.0.1", port=None, **query):
        """postgres:// URL over TCP; host may be a name, or "[::1]"."""
        login = quote(user, safe="") + (":" + quote(password, safe="") if password else "")
        tail = "?" + "&".join(f"{k}={quote(str(v), safe='')}" for k, v in query.items()) if query else ""
        return f"postgres://{login}@{host}:{port or self.port}/{database}{tail}"

    def socket_url(self, database=USER, user=USER, **query):
        """postgres:// URL over the unix socket, where everyone is trusted."""
        query = {"host": self.socket_dir, "port": self.port, **query}
        tail = "&".join(f"{k}={quote(str(v), safe='')}" for k, v in query.items())
        return f"postgres://{quote(user, safe='')}@/{database}?{tail}"

    def sessions(self, where="true", database="postgres"):
        """Number of client sessions, ours not counted; where: a condition on pg_stat_activity."""
        sql = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
        return int(self.psql(f"{sql} AND pid <> pg_backend_pid() AND ({where})", database=database))

    def terminate(self, where="true"):
        """pg_terminate_backend for the client sessions that match; returns how many."""
        sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'client backend'"
        return int(self.psql(f"{sql} AND pid <> pg_backend_pid() AND ({where})"))

    def drop_databases(self):
        """Those that are not needed any more."""
        self.psql(*[f"DROP DATABASE IF EXISTS {name} WITH (FORCE)" for name in self.dropped], check=False)
        self.dropped.clear()


class Database:
    """A fresh database on the session's shared server: what most tests want."""

    def __init__(self, server, name):
        self.server = server
        self.name = name
        if name in server.dropped:
            server.drop_databases()
        server.psql(f"CREATE DATABASE {name} OWNER {USER} STRATEGY file_copy")  # half the work, where nothing is synced

    @property
    def port(self):
        return self.server.port

    @property
    def url(self):
        return self.server.url(self.name)

    @property
    def socket_url(self):
        return self.server.socket_url(self.name)

    def url_with(self, **parts):
        return self.server.url(self.name, **parts)

    def psql(self, *statements, user=USER, check=True):
        return self.server.psql(*statements, database=self.name, user=user, check=check)

    def sessions(self, where="true"):
        return self.server.sessions(f"datname = '{self.name}' AND ({where})")

    def terminate(self, where="true"):
        return self.server.terminate(f"datname = '{self.name}' AND ({where})")

    def drop(self):
        """Its sessions end now; it goes with others: ext4 is slow to make files when as many have just been removed."""
        self.server.psql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{self.name}'", check=False)
        self.server.dropped.append(self.name)
        if len(self.server.dropped) == DROPPED_AT_ONCE:
            self.server.drop_databases()


def database_name(test_name):
    """A valid name made of a test's."""
    return re.sub(r"[^a-z0-9]+", "_", test_name.lower())[:40].strip("_")
