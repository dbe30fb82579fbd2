"""The truth table: what a server says, in whatever language, and the one word that answer, metric and log give it."""

import socket
import struct
import threading

import pytest
from rig.base import wait_until
from rig.healthd import Healthd, slow


class Scripted:
    """Accepts on 127.0.0.1, lets a function talk to each connection in a thread of its own."""

    def __init__(self, talk):
        self.talk = talk
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(s,), daemon=True).start()

    def _serve(self, s):
        with s:
            try:
                self.talk(s)
            except OSError:
                pass

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@pytest.fixture
def scripted():
    made = []

    def make(talk):
        made.append(Scripted(talk))
        return made[-1]

    yield make
    for one in made:
        one.close()


def startup_packet(s):
    """Reads it; TLS and GSS are declined."""
    while True:
        size = struct.unpack("!I", s.recv(4, socket.MSG_WAITALL))[0]
        body = s.recv(size - 4, socket.MSG_WAITALL)
        if struct.unpack("!I", body[:4])[0] not in (80877103, 80877104):
            return body
        s.sendall(b"N")


def pg_error(sqlstate, text="Es ging schief, und zwar gründlich", severity="FATAL"):
    fields = {"S": "SCHWERWIEGEND", "V": severity, "C": sqlstate, "M": text}
    body = b"".join(k.encode() + v.encode() + b"\0" for k, v in fields.items()) + b"\0"
    return b"E" + struct.pack("!I", len(body) + 4) + body


def message(kind, body=b""):
    return kind + struct.pack("!I", len(body) + 4) + body


HELLO = message(b"R", struct.pack("!I", 0)) + message(b"Z", b"I")


def at_login(sqlstate):
    def talk(s):
        startup_packet(s)
        s.sendall(pg_error(sqlstate))

    return talk


def pooler(words):
    """PgBouncer: one SQLSTATE for all that it says."""

    def talk(s):
        startup_packet(s)
        s.sendall(pg_error("08P01", words))

    return talk


def pooler_at_query(words):
    """It lets everybody in, and looks for a server when the first query comes."""

    def talk(s):
        startup_packet(s)
        s.sendall(HELLO)
        if s.recv(1000):
            s.sendall(pg_error("08P01", words))

    return talk


def at_query(sqlstate, severity="ERROR"):
    def talk(s):
        startup_packet(s)
        s.sendall(HELLO)
        while s.recv(1000):
            s.sendall(pg_error(sqlstate, severity=severity) + message(b"Z", b"I"))

    return talk


def says(data):
    def talk(s):
        s.recv(1000)
        s.sendall(data)
        s.recv(1000)

    return talk


def hangs_up(s):
    s.recv(1)


def at_query_says(data):
    def talk(s):
        startup_packet(s)
        s.sendall(HELLO)
        while s.recv(1000):
            s.sendall(data)

    return talk


POSTGRES = [
    ("starting up", at_login("57P03"), "starting_up"),
    ("full", at_login("53300"), "too_many_connections"),
    ("wrong password", at_login("28P01"), "auth"),
    ("no pg_hba line", at_login("28000"), "auth"),
    ("no database", at_login("3D000"), "no_database"),
    ("no right to connect", at_login("42501"), "privilege"),
    ("disk full at login", at_login("53100"), "storage"),
    ("out of memory", at_login("53200"), "unexpected"),
    ("query: privilege", at_query("42501"), "privilege"),
    ("query: read only", at_query("25006"), "read_only"),
    ("query: disk full", at_query("53100"), "storage"),
    ("query: I/O error", at_query("58030"), "storage"),
    ("query: cancelled", at_query("57014"), "timeout"),
    ("query: unknown table", at_query("42P01"), "unexpected"),
    ("query: no row", at_query_says(message(b"C", b"SELECT 0\0") + message(b"Z", b"I")), "unexpected"),
    ("hangs up", hangs_up, "closed"),
    ("speaks HTTP", says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "protocol"),
]

POOLER = [
    ("wrong password", pooler("SASL authentication failed"), "auth"),
    ("unknown user", pooler("no such user: app"), "auth"),
    ("its own password", pooler("server login failed: wrong password type"), "auth"),
    ("no database", pooler("no such database: app"), "no_database"),
    ("full", pooler("no more connections allowed (max_client_conn)"), "too_many_connections"),
    ("the server is full", pooler("sorry, too many clients already"), "too_many_connections"),
    ("waits", pooler("query_wait_timeout"), "timeout"),
    ("no server", pooler("server login has been failing, try again later (server_login_retry)"), "refused"),
    ("ends", pooler("server shutting down"), "shutting_down"),
    ("parameter", pooler("unsupported startup parameter: options"), "protocol"),
    ("query: waits", pooler_at_query("query_wait_timeout"), "timeout"),
    ("query: no server", pooler_at_query("server login has been failing, cached error: connect failed (server_login_retry)"), "refused"),
    ("query: password", pooler_at_query('password authentication failed for user "app"'), "auth"),
]

# Ports that speak something else: the answer to the question for TLS is S, N or an error.
STRANGERS = [
    ("HTTP", says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "protocol"),
    ("garbage", says(b"\xde\xad\xbe\xef" * 20), "protocol"),
    ("NULs", says(b"\0" * 64), "protocol"),
    ("SSH", says(b"OSSH-2.0\r\n"), "protocol"),
]

REDIS = [
    ("loading", says(b"-LOADING Redis is loading the dataset in memory\r\n"), "loading"),
    ("busy", says(b"-BUSY Redis is busy running a script.\r\n-BUSY Redis is busy running a script.\r\n"), "busy"),
    ("master down", says(b"-MASTERDOWN Link with MASTER is down\r\n*5\r\n$5\r\nslave\r\n$1\r\nh\r\n:1\r\n$7\r\nconnect\r\n:-1\r\n"), "master_down"),
    ("no login", says(b"-NOAUTH Authentication required.\r\n-NOAUTH Authentication required.\r\n"), "auth"),
    ("cannot save", says(b"-MISCONF Redis is configured to save\r\n-MISCONF x\r\n"), "storage"),
    ("read only", says(b"-READONLY You can't write against a read only replica.\r\n"), "read_only"),
    ("no right", says(b"-NOPERM this user has no permissions\r\n-NOPERM x\r\n"), "privilege"),
    ("full", says(b"-ERR max number of clients reached\r\n"), "too_many_connections"),
    ("stale replica", says(b"+PONG\r\n-ERR no cluster\r\n*5\r\n$5\r\nslave\r\n$1\r\nh\r\n:1\r\n$4\r\nsync\r\n:-1\r\n"), "stale_replica"),
    ("Sentinel", says(b"+PONG\r\n-ERR unknown command\r\n*2\r\n$8\r\nsentinel\r\n*0\r\n"), "wrong_role"),
    ("failed cluster", says(b"+PONG\r\n$18\r\ncluster_state:fail\r\n*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"), "master_down"),
    ("cluster down", says(b"-CLUSTERDOWN The cluster is down\r\n"), "master_down"),
    ("not PONG", says(b"+PING\r\n*0\r\n"), "protocol"),
    ("speaks HTTP", says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "protocol"),
    ("hangs up", hangs_up, "closed"),
]


def judge(start, scripted, rows, url):
    lines, wanted = [], {}
    for number, (_, talk, reason) in enumerate(rows):
        server = scripted(talk)
        for connection in ("keep", "each"):
            name = f"{connection}{number}"
            lines += ["--check", f"{name} {url.format(server.port)} timeout 2s connection {connection}"]
            wanted[name] = reason
    h = Healthd(start, *lines)

    def seen():
        body = h.get("/health?verbose").body.splitlines()
        return {line[3:].split()[0]: line.rsplit(" ", 1)[1] for line in body if " failed: " in line}

    def complete():
        return len([v for v in seen().values() if v != "yet"]) == len(wanted)

    wait_until(complete, slow(2), "all judged")
    titles = {f"{c}{n}": row[0] for n, row in enumerate(rows) for c in ("keep", "each")}
    wrong = {titles[k] + " " + k: (v, wanted[k]) for k, v in seen().items() if v != wanted[k]}
    assert not wrong
    for name, reason in wanted.items():
        assert h.metric("healthd_check_reason", check=name, reason=reason) == 1
    logged = {r["check"]: r["reason"] for r in h.records("check_changed")}
    assert logged == wanted
    public = h.get("/health").body + h.get("/metrics").body + h.get("/health/ready?verbose").body
    assert "schief" not in public and "Redis is" not in public


def test_postgres(start, scripted):
    judge(start, scripted, POSTGRES, "postgres://app:c4nary-s3cret@127.0.0.1:{}/app?sslmode=disable")


def test_pooler(start, scripted):
    judge(start, scripted, POOLER, "postgres://app:c4nary-s3cret@127.0.0.1:{}/app?sslmode=disable")


@pytest.mark.parametrize("mode", ["prefer", "require"])
def test_no_postgres_there(start, scripted, mode):
    judge(start, scripted, STRANGERS, "postgres://app:c4nary-s3cret@127.0.0.1:{}/app?sslmode=" + mode)


def test_redis(start, scripted):
    judge(start, scripted, REDIS, "redis://127.0.0.1:{}")


def test_shutting_down_is_told_from_starting_up(start, scripted):
    """57P03 after the session ended with 57P01 is a shutdown, whatever the language."""
    state = {"up": True}

    def talk(s):
        startup_packet(s)
        if not state["up"]:
            s.sendall(pg_error("57P03"))
            return
        s.sendall(HELLO)
        row = message(b"T", struct.pack("!H", 1) + b"?\0" + struct.pack("!IHIhih", 0, 0, 23, 4, -1, 0))
        row += message(b"D", struct.pack("!HI", 1, 1) + b"1") + message(b"C", b"SELECT 1\0") + message(b"Z", b"I")
        s.settimeout(0.05)
        while state["up"]:
            try:
                if not s.recv(1000):
                    return
                s.sendall(row)
            except TimeoutError:
                pass
        s.sendall(pg_error("57P01"))

    server = scripted(talk)
    h = Healthd(start, "--check", f"database postgres://app@127.0.0.1:{server.port}/app?sslmode=disable")
    h.until("[+]database ok", slow(1))
    state["up"] = False
    h.until("failed: shutting_down", slow(1))
