"""healthd and an application that answers over HTTP: badly, late, never, or with malice."""

import contextlib
import gzip
import os
import shutil
import socket
import threading
import time

import pytest
from rig.base import CANARY, free_port, give_to_server_user, wait_until
from rig.healthd import Healthd, slow
from rig.leaks import sanitised

BOUND = 2 + 2 * 1 + 0.5

both = pytest.mark.parametrize("connection", ["keep", "each"])


def check(start, url, more="", **kw):
    return Healthd(start, "--check", f"app {url} {more}".strip(), **kw)


def url_of(server, scheme="http", path="/healthz"):
    return f"{scheme}://127.0.0.1:{server.port}{path}"


def threads(h):
    return len(os.listdir(f"/proc/{h.process.pid}/task"))


# --- Well, ill, gone ---


@both
def test_dies_and_comes_back(start, web, connection):
    app = web()
    h = check(start, url_of(app), f"connection {connection} groups ready,live")
    h.until("[+]app ok", slow(1), "app")
    assert h.json("/health/ready") == {"status": "ready", "app": "connected"}
    app.sigkill()
    wait_until(lambda: "failed: refused" in h.verbose("app"), slow(2.2))
    assert (h.ready(), h.live()) == (503, 503)
    app.start()
    wait_until(lambda: "[+]app ok" in h.verbose("app"), slow(1))
    assert (h.ready(), h.live()) == (200, 200)


def test_death_is_seen_at_once_on_the_kept_connection(start, web):
    app = web()
    h = check(start, url_of(app), "every 1h")
    h.until("[+]app ok", slow(1), "app")
    app.sigkill()  # its connections may end before its listener
    h.until("[-]app failed: ", slow(0.25), "app")


@both
def test_stopped_process(start, web, connection):
    """The kernel still accepts for it; nobody answers."""
    app = web()
    h = check(start, url_of(app), f"connection {connection}")
    h.until("[+]app ok", slow(1), "app")
    app.sigstop()
    h.until("failed: timeout", slow(BOUND), "app")
    app.sigcont()
    h.until("[+]app ok", slow(1), "app")


def test_accepts_and_never_answers(start):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        h = check(start, f"http://127.0.0.1:{listener.getsockname()[1]}/", "timeout 200ms")
        h.until("failed: timeout", slow(2), "app")


def test_nobody_there(start, name_server):
    h = check(start, f"http://127.0.0.1:{free_port()}/")
    h.until("failed: refused", slow(1), "app")
    for mode in ("answer", "silent"):
        dns = name_server({}, mode=mode)
        h = check(start, "http://app.test/", env=dns.env)
        h.until("failed: dns", slow(BOUND), "app")
        assert threads(h) == 1


# --- Statuses ---


@both
def test_status(start, web, connection):
    app = web()
    h = check(start, url_of(app), f"every 200ms connection {connection}")
    h.until("[+]app ok", slow(1), "app")
    app.say(500)
    h.until("failed: status", slow(0.5), "app")
    assert h.ready() == 503
    assert h.metric("healthd_check_up", check="app") == 0
    app.say(204)
    h.until("[+]app ok", slow(0.5), "app")
    changes = [(r["state"], r.get("reason")) for r in h.records("check_changed")]
    assert changes == [("up", None), ("down", "status"), ("up", None)]
    down = h.records("check_changed")[1]
    assert down["cause"] == f"http://127.0.0.1:{app.port}/healthz answered with status 500"


def test_redirects_are_not_followed(start, web):
    """As a kubelet's: healthy; where it leads to is not asked."""
    elsewhere, app = web(), web()
    app.say(302, f"Location: {url_of(elsewhere)}")
    h = Healthd(
        start,
        "--check", f"any {url_of(app)}",
        "--check", f"well {url_of(app)} status 200-299",
        "--check", f"moved {url_of(app)} status 302",
    )  # fmt: skip
    h.until("[+]any ok", slow(1), "any")
    h.until("[+]moved ok", slow(1), "moved")
    h.until("failed: status", slow(1), "well")
    assert elsewhere.accepted() == 0


def test_what_it_sends(start, web, run):
    app = web()
    h = check(start, url_of(app, path="/a/../healthz?full=%201"), "every 100ms")
    wait_until(lambda: app.requests() >= 5, slow(2))
    version = run("healthd", "--version").stdout.split()[1]
    lines = {line for line in app.log().splitlines() if line.startswith("asked for")}
    assert lines == {f"asked for /a/../healthz?full=%201 healthd/{version} False"}
    assert app.accepted() == 1
    assert "[+]app ok" in h.verbose("app")


def test_each(start, web):
    app = web()
    check(start, url_of(app), "every 100ms connection each")
    wait_until(lambda: app.requests() >= 5, slow(2))
    assert app.accepted() >= 5


def test_a_server_that_closes_idle_connections_is_well(start, peer):
    def talk(_, connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    app = peer(talk)
    h = check(start, url_of(app), "every 2s")
    h.until("[+]app ok", slow(1), "app")
    time.sleep(2)
    assert app.accepted <= 8
    assert [r["state"] for r in h.records("check_changed")] == ["up"]


def test_an_answer_that_nobody_asked_for_is_nobodys(start, peer):
    """It lies on the connection when the next request is sent there: the next answer, for a careless reader."""
    ill = threading.Event()

    def talk(one, connection):
        while True:
            connection.sendall((b"HTTP/1.1 503 Ill" if ill.is_set() else OK.strip()) + b"\r\nContent-Length: 0\r\n\r\n")
            one.over.wait(0.02)
            connection.sendall(OK + b"Content-Length: 0\r\n\r\n")
            if not connection.recv(65536):
                return

    app = peer(talk)
    h = check(start, url_of(app), "every 2s")
    h.until("[+]app ok", slow(1), "app")
    ill.set()
    h.until("failed: status", slow(2.5), "app")
    before = app.accepted
    wait_until(lambda: app.accepted >= before + 4, slow(5), "each on a connection of its own")
    assert [r["state"] for r in h.records("check_changed")] == ["up", "down"]


def test_by_name(start, web, name_server):
    app = web()
    dns = name_server({"app.test": "127.0.0.1"})
    h = check(start, f"http://app.test:{app.port}/", env={**dns.env, "http_proxy": "http://127.0.0.1:1"})
    h.until("[+]app ok", slow(1), "app")
    assert threads(h) == 1
    h = check(start, f"http://localhost:{app.port}/", "groups live")
    h.until("[+]app ok", slow(1), "app")


def test_once(run, web):
    app = web()
    assert run("healthd", "check", "--check", f"app {url_of(app)}").status == 0
    assert run("healthd", "wait", "--timeout", "5s", "--check", f"app {url_of(app)}").status == 0
    app.say(503)
    ill = run("healthd", "check", "--check", f"app {url_of(app)}")
    assert (ill.status, "status" in ill.stdout) == (1, True)
    assert run("healthd", "wait", "--timeout", "1s", "--check", f"app {url_of(app)}").status == 1


# --- TLS ---


def test_tls(start, web, ca):
    app, old, plain = web(tls=True), web(certificate=ca().issue(days=-1)), web()
    h = Healthd(
        start,
        "--check", f"app {url_of(app, 'https')}",
        "--check", f"name https://localhost:{app.port}/",
        "--check", f"each https://localhost:{app.port}/ connection each every 200ms",
        "--check", f"old {url_of(old, 'https')}",
        "--check", f"plain {url_of(plain, 'https')}",
        env={"SSL_CERT_FILE": ca().cert},
    )  # fmt: skip
    for name in ("app", "name", "each"):
        h.until(f"[+]{name} ok", slow(1), name)
    h.until("failed: expired", slow(1), "old")
    h.until("failed: tls", slow(1), "plain")
    wait_until(lambda: threads(h) == 1, slow(1), "none but those that look at the CA file")
    app.sigkill()
    h.until("failed: refused", slow(0.5), "app")
    app.start()
    h.until("[+]app ok", slow(1), "app")


def test_unknown_authority(start, web):
    app = web(tls=True)
    h = check(start, url_of(app, "https"))
    h.until("failed: tls", slow(1), "app")
    assert app.requests() == 0
    h = check(start, url_of(app, "https"), env={"SSL_CERT_FILE": "/nonexistent"})
    h.until("failed: tls", slow(1), "app")


def test_plain_to_a_tls_port(start, web):
    app = web(tls=True)
    h = check(start, url_of(app))
    wait_until(lambda: any(f"failed: {r}" in h.verbose("app") for r in ("closed", "protocol")), slow(1))


# --- Secrets ---


@both
def test_user(start, web, connection):
    """The rig searches what healthd says for CANARY."""
    app = web()
    url = f"http://{CANARY}:{CANARY}%3A@127.0.0.1:{app.port}/healthz?token={CANARY}"
    h = check(start, url, f"every 200ms connection {connection}", env={"HEALTHD_LOG_LEVEL": "debug"})
    h.until("[+]app ok", slow(1), "app")
    assert "True" in app.log()
    app.say(401)
    h.until("failed: status", slow(1), "app")
    app.sigkill()
    h.until("failed: refused", slow(1), "app")
    for path in ("/health", "/health/ready?verbose", "/health/check/app", "/metrics"):
        assert CANARY not in h.get(path).body


# --- Malice ---


def endless(piece, begin=b""):
    def talk(one, connection):
        connection.sendall(begin)
        while not one.over.is_set():
            connection.sendall(piece)

    return talk


def saying(*pieces, pause=0.0, hold=False):
    def talk(one, connection):
        for piece in pieces:
            connection.sendall(piece)
            if one.over.wait(pause):
                return
        if hold:
            one.over.wait(60)

    return talk


OK = b"HTTP/1.1 200 OK\r\n"
BOMB = gzip.compress(bytes(50_000_000))

MALICE = {
    "headers without end": (endless(b"X-Header: some value\r\n" * 500, OK), "protocol"),
    "a header without end": (endless(b"x" * 65536, OK + b"X: "), "protocol"),
    "a status line without end": (endless(b"x" * 65536, b"HTTP/1.1 200 "), "protocol"),
    "interim answers without end": (endless(b"HTTP/1.1 100 Continue\r\n\r\n" * 500), "protocol"),
    "a body without end": (endless(b"x" * 65536, OK + b"\r\n"), None),
    "chunks without end": (endless(b"1\r\nx\r\n" * 5000, OK + b"Transfer-Encoding: chunked\r\n\r\n"), None),
    "a chunk's extension without end": (
        endless(b"x" * 65536, OK + b"Transfer-Encoding: chunked\r\n\r\n1;"),
        "protocol",
    ),
    "slow headers": (saying(*[bytes([b]) for b in OK * 50], pause=0.02), "timeout"),
    "a slow body": (saying(OK + b"Content-Length: 500\r\n\r\n", *[b"x"] * 500, pause=0.02), "timeout"),
    "a bomb": (
        saying(OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB) + BOMB, hold=True),
        None,
    ),
    "HTTP/0.9": (saying(b"<html>hello</html>\n"), "protocol"),
    "a greeting of another protocol": (saying(b"220 mail.test ESMTP\r\n", hold=True), "protocol"),
    "a length too great": (saying(OK + b"Content-Length: 100\r\n\r\nhalf"), "closed"),
    "a length too small": (saying(OK + b"Content-Length: 2\r\n\r\n" + b"x" * 5000, hold=True), None),
    "two lengths": (saying(OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nokx", hold=True), None),
    "a length that is none": (saying(OK + b"Content-Length: -1\r\n\r\n", hold=True), "protocol"),
    "no answer": (saying(b""), "closed"),
    "half a head": (saying(OK + b"Content-Le"), "closed"),
    "half a chunk": (saying(OK + b"Transfer-Encoding: chunked\r\n\r\nff\r\nhalf"), "closed"),
    "nonsense": (saying(bytes(range(256)) * 16), "protocol"),
    "a NUL": (saying(OK + b"X: a\0b\r\n\r\n"), "protocol"),
    "silence": (saying(hold=True), "timeout"),
}


@pytest.mark.parametrize("what", MALICE)
@both
def test_malice(start, peer, what, connection):
    talk, reasons = MALICE[what]
    app = peer(talk)
    h = check(start, url_of(app), f"every 200ms timeout 500ms connection {connection}")
    if reasons is None:
        h.until("[+]app ok", slow(1), "app")
    else:
        wanted = [f"failed: {r}" for r in reasons.split()]
        wait_until(lambda: any(w in h.verbose("app") for w in wanted), slow(1.5), f"{what}: {reasons}")
    before = app.accepted
    first = h.process.rss_kib()
    wait_until(lambda: app.accepted >= before + 3, slow(3), "it is looked at again")
    assert h.process.rss_kib() < first + sanitised(2048)
    assert threads(h) == 1
    seconds = sorted(h.get("/health/live").seconds for _ in range(20))
    assert seconds[len(seconds) // 2] < slow(0.02)
    assert seconds[-1] < slow(0.1)


# --- What is asked and answered --------------------------------------------------------------------------------------------


@both
def test_body(start, web, connection):
    """Web says: what it says does not matter."""
    app = web()
    keys = f"every 200ms connection {connection}"
    rows = [
        ('body "does not matter"', "[+]app ok"),
        ("body 'DOES NOT'", "[-]app failed: body"),
        ("match '^what.*(does|will) not matter$'", "[+]app ok"),
        ("match '^does'", "[-]app failed: body"),
        ("match 'nothing|not'", "[+]app ok"),
        ("match '(x+x+)+y|what it says does$'", "[-]app failed: body"),
        ("match 'm[a-z]{5}$' body what status 200", "[+]app ok"),
        ("match 'm[a-z]{5}$' body nothing", "[-]app failed: body"),
        ("status 500-599 body what", "[-]app failed: status"),
    ]
    for more, line in rows:
        h = check(start, url_of(app), f"{more} {keys}")
        h.until(line, slow(1), "app")
    app.say(500)
    h = check(start, url_of(app), f"status 500 body what {keys}")
    h.until("[+]app ok", slow(1), "app")


def test_a_regular_expression_takes_no_time(start, peer):
    """Over 64 KiB, whatever the expression: else it would take years, in which nobody is answered."""
    app = peer(lambda _, connection: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 65536))
    h = check(start, f"http://127.0.0.1:{app.port}/", "match '(x+x+)+[yz]' every 200ms")
    h.until("[-]app failed: body", slow(1), "app")
    assert "the expression needs too many steps" in h.records("check_changed")[0]["cause"]
    assert h.metric("healthd_check_duration_seconds_sum", check="app") < slow(0.5)


def test_another_body_over_a_kept_connection(start, peer):
    """It counts only when a new connection says so, too: the name may lead elsewhere by now."""
    said = []

    def talk(one, connection):
        while True:
            body = b"old" if one.accepted == 1 and said else b"new"
            said.append(body)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n" + body)
            if not connection.recv(65536):
                return

    app = peer(talk)
    h = check(start, f"http://127.0.0.1:{app.port}/", "body new every 200ms")
    wait_until(lambda: b"old" in said and len(said) > 3, slow(2))
    assert "[+]app ok" in h.verbose("app")
    assert [r["state"] for r in h.records("check_changed")] == ["up"]


def test_headers(start, run):
    """The rig searches what healthd says for CANARY."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        h = check(start, url, f'header "Authorization: Bearer {CANARY}" header "Host: shop.test" header X-A:b every 1h timeout 20s',
                  env={"HEALTHD_LOG_LEVEL": "debug"})
        one, _ = listener.accept()
        with one:
            got = one.recv(65536).decode()
            one.sendall(b"HTTP/1.1 204 No\r\n\r\n")
            h.until("[+]app ok", slow(1), "app")
    assert f"Authorization: Bearer {CANARY}\r\n" in got
    assert "Host: shop.test\r\n" in got
    assert "X-A:b\r\n" in got
    assert got.count("Host:") == 1
    for header in (f"{CANARY}", f"A: {CANARY}\x01", f"Connection: {CANARY}", f": {CANARY}", f"A b: {CANARY}", "A:"):
        refused = run("healthd", "check", "--check", f'app {url} header "{header}"')
        assert refused.status == 2
        assert "header: " in refused.stderr


def heard(listener, answer=b"HTTP/1.1 204 No\r\nConnection: close\r\n\r\n"):
    one, _ = listener.accept()
    with one:
        got = one.recv(65536).decode()
        one.sendall(answer)
    return got


def test_secret_headers(start, scratch):
    """From a file, read for each request, and from a variable; a file that is not there is the reason auth."""
    token = scratch / "token"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        line = f"header-file 'Authorization: {token}' header-env 'X-Key: SHOP_KEY' header A:b every 100ms timeout 5s connection each"
        h = check(start, url, line, env={"HEALTHD_LOG_LEVEL": "debug", "SHOP_KEY": CANARY})
        h.until("failed: auth", slow(1), "app")
        assert str(token) in h.records("check_changed")[-1]["cause"]
        token.write_text(f"Bearer one-{CANARY}\n")
        got = heard(listener)
        assert f"Authorization: Bearer one-{CANARY}\r\n" in got and f"X-Key: {CANARY}\r\n" in got and "A:b\r\n" in got
        h.until("[+]app ok", slow(1), "app")
        token.write_text("Bearer two")
        heard(listener)  # it may be on its way already
        assert "Authorization: Bearer two\r\n" in heard(listener)
        token.write_text("two\nlines")
        listener.settimeout(1)
        with contextlib.suppress(TimeoutError):
            while True:
                heard(listener)
        h.until("failed: auth", slow(1), "app")


@pytest.mark.parametrize(
    "more, words",
    [
        ("header-env 'A: NOT_SET'", "the variable NOT_SET is not set"),
        ("header-env 'A: hunter2secret'", "the variable that is named is not set"),
        ("header-file 'A:'", "not of the form"),
        ("match '('", "not a valid regular expression"),
        ("match '((a{1000}){1000}){1000}'", "regular expression is too large"),
        ("match ''", "the expression is empty"),
        ("body ''", "the text is empty"),
        ("days 3", "'days' is only allowed for https://"),
        ("ca /x", "'ca' is only allowed for https://"),
        ("verify no", "'verify' is only allowed for https://"),
        ("body a body b", "given twice"),
    ],
)
def test_bad_keys(run, more, words):
    result = run("healthd", "check", "--check", f"app http://127.0.0.1:1/ {more}")
    assert result.status == 2
    assert words in result.stderr


def test_certificates(start, web, ca):
    app, old, soon = web(tls=True), web(certificate=ca().issue(days=-1)), web(certificate=ca().issue(days=5))
    other = web(certificate=ca().issue(name="x", san="DNS:shop.test"))
    trusted = f"ca {ca().cert}"
    rows = [
        (app, "", "[-]app failed: tls"),
        (app, trusted, "[+]app ok"),
        (app, "verify no", "[+]app ok"),
        (app, f"{trusted} days 9", "[+]app ok"),
        (app, f"{trusted} days 11", "[-]app failed: expired"),
        (soon, f"{trusted} days 7 connection each", "[-]app failed: expired"),
        (soon, "verify no days 7", "[-]app failed: expired"),
        (old, trusted, "[-]app failed: expired"),
        (other, trusted, "[-]app failed: tls"),
        (other, "verify no", "[+]app ok"),
        (app, "ca /nowhere", "[-]app failed: tls"),
    ]
    for server, more, line in rows:
        h = check(start, url_of(server, "https"), more)
        h.until(line, slow(1), "app")


def test_a_renewed_certificate(start, web, ca):
    """Seen on a new connection, which every look makes until it is there."""
    app = web(certificate=ca().issue(days=5))
    h = check(start, url_of(app, "https"), f"ca {ca().cert} days 7 every 300ms")
    h.until("[-]app failed: expired", slow(1), "app")
    app.sigkill()
    fresh = ca().issue(days=20)
    for source, target in zip((fresh.cert, fresh.key), app.certificate, strict=True):
        shutil.copy(source, target)
        give_to_server_user(app.directory)
    app.start()
    h.until("[+]app ok", slow(1), "app")
