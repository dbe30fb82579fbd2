"""healthd and PHP-FPM: free, busy, hung, reloaded, gone; and a peer that answers with malice."""

import signal
import socket
import time

import pytest
from rig.base import free_port, wait_until
from rig.fpm import answer, record
from rig.healthd import Healthd, slow
from rig.leaks import sanitised

BOUND = 2 + 2 * 1 + 0.5

both = pytest.mark.parametrize("unix", [False, True], ids=["tcp", "unix"])


def check(start, url, more="", **kw):
    return Healthd(start, "--check", f"php {url} {more}".strip(), **kw)


def with_page(app, more=""):
    return f"status-page {app.page_url()} {more}".strip()


def well(h, within):
    """Neither down nor degraded."""
    wait_until(lambda: h.verbose("php") == "[+]php ok", within)


def states(h):
    return [(r["state"], r.get("reason")) for r in h.records("check_changed")]


# --- Well, gone, hung ---


@both
def test_dies_and_comes_back(start, fpm, unix):
    app = fpm(unix=unix)
    h = check(start, app.url(), with_page(app, "groups ready,live"))
    well(h, slow(1))
    assert h.json("/health/ready") == {"status": "ready", "php": "connected"}
    app.sigkill()
    wait_until(lambda: "failed: refused" in h.verbose("php"), slow(2.2))
    assert (h.ready(), h.live()) == (503, 503)
    app.start()
    well(h, slow(1))
    assert (h.ready(), h.live()) == (200, 200)
    assert states(h) == [("up", None), ("down", "refused"), ("up", None)]


@both
def test_stopped(start, fpm, unix):
    """The kernel still accepts for it; nobody answers, not even the status page."""
    app = fpm(unix=unix)
    h = check(start, app.url(), with_page(app))
    well(h, slow(1))
    app.sigstop_all()
    h.until("failed: timeout", slow(BOUND), "php")
    app.sigcont()
    well(h, slow(1))


@both
def test_workers_that_hang_are_not_busy(start, fpm, unix):
    """They were idle when they were stopped: the page, which is the master's, says that they still are."""
    app = fpm(unix=unix)
    h = check(start, app.url(), with_page(app))
    well(h, slow(1))
    app.signal_workers(signal.SIGSTOP)
    h.until("failed: timeout", slow(BOUND), "php")
    app.signal_workers(signal.SIGCONT)
    well(h, slow(1))


# --- Busy ---


@both
def test_busy_is_not_dead(start, fpm, unix):
    app = fpm(unix=unix)
    h = check(start, app.url(), with_page(app, "timeout 500ms groups ready,live"))
    well(h, slow(1))
    held = app.fill()
    h.until("degraded", slow(BOUND), "php")
    assert states(h)[-1] == ("degraded", "busy")
    assert h.metric("healthd_check_reason", check="php", reason="busy") == 1
    assert (h.ready(), h.live()) == (200, 200)
    app.free()
    well(h, slow(1))
    assert "down" not in [s for s, _ in states(h)]
    for one in held:
        one.close()


def test_busy_counts_as_down_when_asked(start, fpm):
    app = fpm()
    h = check(start, app.url(), with_page(app, "timeout 300ms every 500ms on-full down"))
    well(h, slow(1))
    held = app.fill()
    h.until("failed: busy", slow(2), "php")
    assert h.ready() == 503
    app.free()
    well(h, slow(1))
    for one in held:
        one.close()


def test_without_the_status_page_a_full_pool_is_a_timeout(start, fpm):
    app = fpm()
    h = check(start, app.url(), "timeout 300ms every 500ms")
    well(h, slow(1))
    held = app.fill()
    h.until("failed: timeout", slow(2), "php")
    app.free()
    well(h, slow(1))
    for one in held:
        one.close()


def test_never_more_than_one_ping_waits(start, fpm):
    """What waits in the queue is carried out later, whoever has left: pings that pile up would keep a full pool full."""
    app = fpm()
    held = app.fill()
    before = app.count("accepted conn")
    h = check(start, app.url(), with_page(app, "timeout 200ms every 400ms"))
    wait_until(lambda: h.metric("healthd_check_duration_seconds_count", check="php") >= 8, slow(4))
    h.process.terminate()
    h.process.wait()
    app.free()
    wait_until(lambda: app.count("accepted conn") > before, 20, "the ping is taken")
    time.sleep(0.5)
    assert app.count("accepted conn") == before + 1
    for one in held:
        one.close()


def test_the_end_of_the_wait_is_seen_at_once(start, fpm):
    app = fpm()
    held = app.fill()
    h = check(start, app.url(), with_page(app, "timeout 200ms every 1h stale 2h"))
    h.until("degraded", slow(1), "php")
    app.free()
    well(h, slow(0.5))
    for one in held:
        one.close()


def test_a_full_queue(start, fpm):
    """A unix socket says so at once; over TCP the kernel is silent."""
    app = fpm(workers=1, unix=True, listen__backlog=1)
    h = check(start, app.url(), "every 200ms timeout 200ms")
    well(h, slow(1))
    held = [app.occupy()]
    fillers = []
    for _ in range(4):
        fillers.append(socket.socket(socket.AF_UNIX))
        fillers[-1].setblocking(False)
        fillers[-1].connect_ex(app.main)
    # A ping may have got into the queue before them: it ends with its worker, and then there is no room for the next.
    wait_until(lambda: "failed: " in h.verbose("php"), slow(1))
    h2 = check(start, app.url(), "every 200ms timeout 200ms")
    h2.until("failed: busy", slow(1), "php")
    h3 = check(start, app.url(), with_page(app))
    h3.until("degraded", slow(1), "php")
    assert states(h3) == [("degraded", "busy")]
    for one in held + fillers:
        one.close()


def test_a_request_that_is_terminated(start, fpm):
    """request_terminate_timeout frees the worker: the pool heals by itself."""
    app = fpm(workers=1, request_terminate_timeout="1s")
    h = check(start, app.url(), with_page(app, "timeout 200ms every 400ms"))
    well(h, slow(1))
    held = app.fill(workers=1)
    h.until("degraded", slow(1), "php")
    well(h, slow(3))
    assert "down" not in [s for s, _ in states(h)]
    for one in held:
        one.close()


# --- No false alarm ---


@both
def test_reloads(start, fpm, unix):
    app = fpm(unix=unix)
    h = check(start, app.url(), with_page(app, "every 100ms"))
    well(h, slow(1))
    for _ in range(5):
        app.reload()
    before = h.metric("healthd_check_duration_seconds_count", check="php")
    wait_until(lambda: h.metric("healthd_check_duration_seconds_count", check="php") > before + 3, slow(1))
    assert "down" not in [s for s, _ in states(h)]
    well(h, slow(1))


@pytest.mark.parametrize("settings", [{"pm": "ondemand"}, {"pm__max_requests": 1}], ids=["ondemand", "recycled"])
def test_workers_that_come_and_go(start, fpm, settings):
    app = fpm(**settings)
    h = check(start, app.url(), with_page(app, "every 100ms"))
    wait_until(lambda: h.metric("healthd_check_duration_seconds_count", check="php") >= 15, slow(3))
    assert states(h) == [("up", None)]


def test_no_worker_is_held(start, fpm):
    """It waits until its client has closed: the look ends with the answer."""
    app = fpm(workers=1)
    check(start, app.url(), "every 100ms")
    wait_until(lambda: app.count("accepted conn") >= 10, slow(2))
    wait_until(lambda: app.count("active processes") == 0, slow(2), "the worker between two looks")


# --- Settings ---


def test_settings(start, fpm):
    app = fpm(ping__response="tut")
    h = check(start, app.url(), "response tut")
    well(h, slow(1))
    h = check(start, app.url())
    h.until("failed: body", slow(1), "php")
    h = check(start, app.url("/nothing"))
    h.until("failed: status", slow(1), "php")
    h = check(start, app.url(), f"response tut status-page {app.page_url('/nothing')}")
    h.until("degraded", slow(1), "php")
    assert states(h) == [("degraded", "status")]
    h = check(start, app.url(), f"response tut status-page {app.page_url('/ping')}")
    h.until("degraded", slow(1), "php")
    assert states(h) == [("degraded", "body")]


def test_who_may_not_ask(start, fpm):
    app = fpm(listen__allowed_clients="127.0.0.2")
    h = check(start, app.url())
    h.until("failed: closed", slow(1), "php")


def test_nobody_there(start, scratch, name_server):
    for url in (f"fcgi://127.0.0.1:{free_port()}/ping", f"fcgi://unix:{scratch}/none.sock"):
        h = check(start, url)
        h.until("failed: refused", slow(1), "php")
    dns = name_server({})
    h = check(start, "fcgi://php.test/ping", env=dns.env)
    h.until("failed: dns", slow(BOUND), "php")


def test_once(run, fpm):
    app = fpm()
    line = f"php {app.url()} {with_page(app)}"
    assert run("healthd", "check", "--check", line).status == 0
    assert run("healthd", "wait", "--timeout", "5s", "--check", line).status == 0
    held = app.fill()
    busy = run("healthd", "check", "--check", f"{line} timeout 300ms")
    assert busy.status == 0
    assert "degraded  busy" in busy.stdout
    for one in held:
        one.close()


REFUSED = {
    "fcgi://h connection keep": "occupy a worker",
    "fcgi://h?json": "cannot contain a query",
    "fcgi://u@h/": "cannot contain a user name",
    "fcgi://unix:/run/x.sock:/p?full": "cannot contain a query",
    f"fcgi://unix:/{'x' * 108}": "longer than 107 bytes",
    "fcgi://h status-page http://h/status": "not a fcgi:// URL",
    "fcgi://h status-page 127.0.0.1:9001": "status-page: the URL must begin with",
    "fcgi://127.0.0.1 groups live status-page fcgi://h/": "outside the pod",
    "fcgi://h groups live": "outside the pod",
    "fcgi://h on-full up": "on-full",
    "fcgi://h status-pag x": "did you mean 'status-page'",
    "fgci://h": "did you mean 'fcgi'",
}


@pytest.mark.parametrize("line", REFUSED)
def test_refused(run, line):
    done = run("healthd", "check", "--check", f"php {line}")
    assert done.status == 2
    assert REFUSED[line] in done.stderr


# --- Malice ---

PONG = b"Content-type: text/plain\r\n\r\npong"
PAGE = PONG.replace(b"pong", b"idle processes: 0\nactive processes: 5\n")


def saying(data, hold=False):
    def talk(one, connection):
        connection.sendall(data)
        if hold:
            one.over.wait(30)

    return talk


def without_end(piece, first=b""):
    def talk(one, connection):
        connection.sendall(first)
        while not one.over.is_set():
            connection.sendall(piece)

    return talk


def dripping(data):
    def talk(one, connection):
        for at in range(len(data)):
            connection.sendall(data[at : at + 1])
            one.over.wait(0.05)

    return talk


# What it does, and the reason; None: it is well.
MALICE = {
    "in one piece": (saying(answer(PONG)), None),
    "more behind the end": (without_end(b"x" * 4096, answer(PONG)), None),
    "padded": (saying(record(6, PONG, 255) + record(7, b"a warning", 3) + record(3, bytes(8), 9)), None),
    "held after the end": (saying(answer(PONG), hold=True), None),
    "another word": (saying(answer(PONG + b"\n")), "body"),
    "a NUL": (saying(answer(PONG + b"\0")), "body"),
    "an error": (saying(answer(b"Status: 500 Internal Server Error\r\n" + PONG)), "status"),
    "a redirect": (saying(answer(b"Status: 302 Found\r\nLocation: /\r\n\r\n")), "status"),
    "a status that is none": (saying(answer(b"Status: ok\r\n" + PONG)), "protocol"),
    "no head": (saying(answer(b"pong")), "protocol"),
    "nothing": (saying(answer(b"")), "protocol"),
    "overloaded": (saying(answer(b"", status=2)), "busy"),
    "another role": (saying(answer(b"", status=3)), "protocol"),
    "another request": (saying(record(6, PONG, request=2) + record(3, bytes(8), request=2)), "protocol"),
    "another version": (saying(b"\x02" + answer(PONG)[1:]), "protocol"),
    "output without an end": (without_end(record(6, b"A: b\r\n" * 1000)), "protocol"),
    "errors without an end": (without_end(record(7, bytes(65535))), "protocol"),
    "empty records without an end": (without_end(record(6) * 100), "protocol"),
    "HTTP": (saying(b"HTTP/1.1 400 Bad Request\r\n\r\n", hold=True), "protocol"),
    "no answer": (saying(b""), "closed"),
    "half a record": (saying(record(6, PONG)[:20]), "closed"),
    "no end": (saying(record(6, PONG)), "closed"),
    "half a record, held": (saying(record(6, PONG)[:20], hold=True), "timeout"),
    "dripping": (dripping(record(7, bytes(2000)) + answer(PONG)), "timeout"),
    "silence": (saying(b"", hold=True), "timeout"),
    "a page in its stead": (saying(answer(PAGE)), "body"),
}


@pytest.mark.parametrize("what", MALICE)
def test_malice(start, peer, what):
    talk, reason = MALICE[what]
    app = peer(talk)
    h = check(start, f"fcgi://127.0.0.1:{app.port}/ping", "every 200ms timeout 500ms")
    if reason is None:
        well(h, slow(1))
    else:
        h.until(f"failed: {reason}", slow(1.5), "php")
    first = h.process.rss_kib()
    before = h.metric("healthd_check_duration_seconds_count", check="php")
    wait_until(lambda: h.metric("healthd_check_duration_seconds_count", check="php") > before + 3, slow(3))
    assert h.process.rss_kib() < first + sanitised(2048)
    if reason == "timeout":
        assert app.accepted == 1
    seconds = sorted(h.get("/health/live").seconds for _ in range(20))
    assert seconds[len(seconds) // 2] < slow(0.02)
    assert seconds[-1] < slow(0.1)


@pytest.mark.parametrize("what", [w for w in MALICE if MALICE[w][1] not in (None, "timeout") and w != "a page in its stead"])
def test_malice_of_the_status_page(start, fpm, peer, what):
    """It can take away that a busy pool is known as such; it never makes one that answers down, nor one that hangs up."""
    talk, reason = MALICE[what]
    app = fpm()
    page = peer(talk)
    h = check(start, app.url(), f"every 200ms timeout 500ms status-page fcgi://127.0.0.1:{page.port}")
    h.until("degraded", slow(1), "php")
    assert states(h) == [("degraded", reason)]
    app.sigstop_all()
    h.until("failed: timeout", slow(2), "php")
