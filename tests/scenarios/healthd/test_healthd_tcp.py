"""healthd and an application that listens, dies, hangs, hangs up, or was never there."""

import re
import socket
import threading
import time

import pytest
from rig.base import free_port, has_ipv6, wait_until
from rig.healthd import Healthd, slow

BOUND = 2 + 2 * 1 + 0.5

both = pytest.mark.parametrize("connection", ["keep", "each"])


class Door:
    """A listener on 127.0.0.1 that greets whoever comes and holds the connection, or closes it at once."""

    def __init__(self, host="127.0.0.1", greeting=b"", hold=True):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.create_server((host, 0), family=family)
        self.port = self.listener.getsockname()[1]
        self.greeting, self.hold = greeting, hold
        self.accepted, self.open = 0, []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            try:
                peer.sendall(self.greeting)
            except OSError:
                pass
            if self.hold:
                self.open.append(peer)
            else:
                peer.close()

    def close(self):
        """As a process that dies: the listener and every connection at once."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self._thread.join(10)
        for peer in self.open:
            peer.close()


@pytest.fixture
def door():
    made = []

    def make(*args, **kw):
        made.append(Door(*args, **kw))
        return made[-1]

    yield make
    for one in made:
        try:
            one.close()
        except OSError:
            pass


def check(start, port, more="", host="127.0.0.1", **kw):
    return Healthd(start, "--check", f"app tcp://{host}:{port} {more}".strip(), **kw)


@both
def test_listens_dies_and_comes_back(start, redis_server, connection):
    app = redis_server()
    h = check(start, app.port, f"connection {connection} groups ready,live")
    h.until("[+]app ok", slow(1), "app")
    assert h.ready() == 200
    assert h.json("/health/ready") == {"status": "ready", "app": "connected"}
    app.sigkill()
    wait_until(lambda: "failed: refused" in h.verbose("app"), slow(2.2))
    assert h.ready() == 503
    assert h.live() == 503
    app.start()
    wait_until(lambda: "[+]app ok" in h.verbose("app"), slow(1))
    assert h.live() == 200


def test_death_is_seen_at_once_on_a_held_connection(start, door):
    app = door()
    h = check(start, app.port, "connection keep every 1h")
    h.until("[+]app ok", slow(1), "app")
    app.close()
    h.until("[-]app failed: ", slow(0.25), "app")


def test_death_is_seen_when_the_listener_dies_last(start):
    """The connection that replaces the held one lands in the queue of the dying listener, and ends with it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        h = check(start, listener.getsockname()[1], "connection keep every 1h")
        held, _ = listener.accept()
        h.until("[+]app ok", slow(1), "app")
        held.close()
        wait_until(lambda: h.metric("healthd_check_duration_seconds_count", check="app") == 2, slow(1))
    h.until("[-]app failed: refused", slow(0.25), "app")


def test_a_greeting_is_no_end(start, door):
    app = door(greeting=b"220 mail.test\r\n" * 10000)
    h = check(start, app.port, "connection keep every 200ms")
    wait_until(lambda: app.accepted >= 5, slow(2))
    assert "[+]app ok" in h.verbose("app")
    assert [r["state"] for r in h.records("check_changed")] == ["up"]


def test_nothing_is_held_unasked(start, door):
    """A server with one worker would serve nobody else meanwhile."""
    app = door()
    h = check(start, app.port, "every 100ms")
    wait_until(lambda: len(app.open) >= 5, slow(2))
    first = app.open[0]
    first.settimeout(slow(1))
    assert first.recv(1) == b""
    assert "[+]app ok" in h.verbose("app")


def test_one_that_hangs_up_is_looked_at_in_measure(start, door):
    app = door(hold=False)
    h = check(start, app.port, "connection keep every 2s")
    h.until("[+]app ok", slow(1), "app")
    time.sleep(2)
    assert app.accepted <= 8
    assert "[+]app ok" in h.verbose("app")


def test_hangs(start):
    """The process is stopped: the kernel still accepts, until its queue is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        fillers = []
        h = check(start, port, "every 500ms timeout 300ms")
        h.until("[+]app ok", slow(1), "app")
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
            fillers.append(one)
        h.until("failed: timeout", slow(2), "app")
        listener.setblocking(False)

        def freed():
            try:
                listener.accept()[0].close()
            except BlockingIOError:
                pass
            return "[+]app ok" in h.verbose("app")

        wait_until(freed, slow(2))
        for one in fillers:
            one.close()


def test_unknown_name_and_silent_resolver(start, name_server):
    dns = name_server({}, mode="silent")
    h = check(start, 80, host="app.test", env=dns.env)
    h.until("failed: dns", slow(BOUND), "app")
    dns = name_server({})
    h = check(start, 80, host="app.test", env=dns.env)
    h.until("failed: dns", slow(BOUND), "app")


def test_by_name_and_over_ipv6(start, door, name_server):
    app = door()
    dns = name_server({"app.test": "127.0.0.1"})
    h = check(start, app.port, host="app.test", env=dns.env)
    h.until("[+]app ok", slow(1), "app")
    h = check(start, app.port, host="localhost", more="groups live")
    h.until("[+]app ok", slow(1), "app")
    if has_ipv6():
        app = door("::1")
        h = check(start, app.port, host="[::1]", more="groups live")
        h.until("[+]app ok", slow(1), "app")


def test_the_other_keys(start, door):
    port = free_port()
    h = check(start, port, "optional words yes,no every 300ms")
    h.until("degraded", slow(1), "app")
    assert h.json("/health/ready") == {"status": "ready", "app": "yes"}
    h = check(start, port, "fall 3 every 200ms")
    h.until("failed: refused", slow(2), "app")
    failed = [r for r in h.records("check_changed") if r["state"] == "down"]
    assert len(failed) == 1
    app = door()
    h = check(start, app.port, "after 1h")
    assert h.ready() == 503
    assert app.accepted == 0
    h = check(start, app.port, "every 0")
    h.until("[+]app ok", slow(1), "app")


def test_once(run, door):
    app = door()
    assert run("healthd", "check", "--check", f"app tcp://127.0.0.1:{app.port}").status == 0
    assert run("healthd", "wait", "--timeout", "5s", "--check", f"app tcp://127.0.0.1:{app.port}").status == 0
    gone = run("healthd", "check", "--check", f"app tcp://127.0.0.1:{free_port()}")
    assert gone.status == 1
    assert "refused" in gone.stdout


# --- What is said ---------------------------------------------------------------------------------------------------------


def test_a_real_protocol(start, redis_server):
    app = redis_server()
    ping = r'send "PING\r\n" expect "+PONG\r\n" every 300ms timeout 200ms'
    h = check(start, app.port, ping)
    h.until("[+]app ok", slow(1), "app")
    app.sigstop_all()  # the kernel goes on accepting
    h.until("[-]app failed: timeout", slow(2), "app")
    app.sigcont()
    h.until("[+]app ok", slow(1), "app")
    h = check(start, app.port, r'send "GET x\r\n" expect "+PONG" every 300ms timeout 200ms')
    h.until("[-]app failed: body", slow(2), "app")
    assert "does not contain" in h.records("check_changed")[-1]["cause"]


def test_a_greeting_is_expected(start, door):
    app = door(greeting=b"220 mail.test ESMTP\r\n")
    h = check(start, app.port, 'expect "220 " connection keep every 1h')
    h.until("[+]app ok", slow(1), "app")
    app.close()
    h.until("[-]app failed: ", slow(0.25), "app")


@pytest.mark.parametrize(
    "greeting, hold, reason",
    [
        (b"", False, "closed"),
        (b"421 too busy\r\n", False, "body"),
        (b"421 too busy\r\n", True, "body"),
        (b"", True, "timeout"),
        (b"no\r\n" * 30000, True, "body"),
    ],
)
def test_what_was_not_expected(start, door, greeting, hold, reason):
    app = door(greeting=greeting, hold=hold)
    h = check(start, app.port, 'expect "220 " every 500ms timeout 300ms')
    h.until(f"[-]app failed: {reason}", slow(2), "app")


def test_bytes(start):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        h = check(start, listener.getsockname()[1], r"""send "\x00\t\\""'q" expect '\0b\xFFc' every 1h timeout 20s""")
        peer, _ = listener.accept()
        with peer:
            assert peer.recv(100) == b"\x00\t\\\"'q"
            peer.sendall(b"a\0b")
            peer.sendall(b"\xffc")
            h.until("[+]app ok", slow(1), "app")


# --- TLS ------------------------------------------------------------------------------------------------------------------


def tls(start, port, more="", host="127.0.0.1", **kw):
    return Healthd(start, "--check", f"app tls://{host}:{port} {more}".strip(), **kw)


GET = r'send "GET / HTTP/1.0\r\n\r\n" expect "HTTP/1.1 200"'


@both
def test_tls(start, web, ca, connection):
    app = web(tls=True)
    h = tls(start, app.port, f"ca {ca().cert} {GET} connection {connection}")
    h.until("[+]app ok", slow(1), "app")
    app.say(500)
    if connection == "keep":
        h.until("[-]app failed: body", slow(3), "app")
        return
    app.sigstop()
    h.until("[-]app failed: timeout", slow(BOUND), "app")
    app.sigcont()
    app.sigkill()
    h.until("[-]app failed: refused", slow(3), "app")


def test_a_held_tls_connection_ends(start, web, ca):
    app = web(tls=True)
    h = tls(start, app.port, f"ca {ca().cert} connection keep every 1h")
    h.until("[+]app ok", slow(1), "app")
    app.sigkill()
    h.until("[-]app failed: ", slow(0.25), "app")


def test_tls_certificates(start, web, ca):
    """Verified by default: chain, name and age."""
    app, old, soon = web(tls=True), web(certificate=ca().issue(days=-1)), web(certificate=ca().issue(days=5))
    other, plain = web(certificate=ca().issue(name="x", san="DNS:shop.test")), web()
    env = {"SSL_CERT_FILE": ca().cert}
    rows = [
        (app, "", "[+]app ok"),
        (app, "days 9", "[+]app ok"),
        (app, "days 11", "[-]app failed: expired"),
        (soon, "", "[+]app ok"),
        (soon, "days 7", "[-]app failed: expired"),
        (old, "", "[-]app failed: expired"),
        (other, "", "[-]app failed: tls"),
        (other, "server-name shop.test", "[+]app ok"),
        (app, "server-name shop.test", "[-]app failed: tls"),
        (app, "ca /nowhere/ca.crt", "[-]app failed: tls"),
        (other, "verify no", "[+]app ok"),
        (old, "verify no", "[+]app ok"),
        (soon, "verify no days 7", "[-]app failed: expired"),
        (plain, "", "[-]app failed: tls"),
    ]
    for server, more, line in rows:
        h = tls(start, server.port, more, env=env)
        h.until(line, slow(1), "app")
    h = tls(start, soon.port, "days 7", env=env)
    h.until("failed: expired", slow(1), "app")
    assert re.search("the certificate expires in [45] days", h.records("check_changed")[-1]["cause"])
    h = tls(start, app.port)
    h.until("[-]app failed: tls", slow(1), "app")


def test_the_ca_file_is_read_again(start, web, ca, scratch):
    app = web(tls=True)
    file = scratch / "ca.crt"
    h = tls(start, app.port, f"ca {file} every 300ms")
    h.until("[-]app failed: tls", slow(1), "app")
    file.write_text(open(ca().cert).read())
    h.until("[+]app ok", slow(1), "app")
