"""healthd's answers, its life from listening to the end of the drain, hostile clients, and what never gets out."""

import json
import os
import re
import resource
import select
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
from rig.base import CANARY, SLOW, free_port, has_ipv6, rounds, wait_until
from rig.healthd import Healthd, slow
from rig.leaks import sanitised
from rig.program import http_get


def raw(port, data, timeout=10.0):
    """Sends bytes, reads until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout) as s:
        s.sendall(data)
        got = b""
        while True:
            try:
                piece = s.recv(65536)
            except ConnectionResetError:
                return got
            if not piece:
                return got
            got += piece


# --- Answers --------------------------------------------------------------------------------------------------------------


def test_headers_methods_and_paths(start):
    h = Healthd(start)
    for path in ("/health", "/health/live", "/health/ready", "/health/startup"):
        answer = h.get(path)
        assert answer.status == 200
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == "no-store"
        assert int(answer.headers["content-length"]) == len(answer.body)
        head = h.get(path, method="HEAD")
        assert (head.status, head.body, head.headers["content-length"]) == (200, "", str(len(answer.body)))
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "PURGE"):
            refused = h.get(path, method=method)
            assert (refused.status, refused.headers["allow"]) == (405, "GET, HEAD")
            assert refused.headers["cache-control"] == "no-store"
        assert h.get(path + "/").status == 200
        assert h.get(path + "//").status == 404
    for path in ("/", "/healthz", "/health/nope", "/health/check", "/health/check/x", "//health/live", "/HEALTH", "/%68ealth"):
        assert h.get(path).status == 404
        assert h.get(path, method="POST").status == 404
    assert h.get("/metrics").headers["content-type"].startswith("text/plain; version=0.0.4")
    assert h.get("/health/ready?verbose").headers["content-type"].startswith("text/plain")
    assert h.get("/health/ready?unknown=1&x").body == '{"status":"ready"}'
    assert h.get("/health/ready?format=xml").status == 400


def test_requests_that_are_not(start):
    h = Healthd(start)
    rows = [
        (b"GET /health HTTP/1.1\nHost: x\n\n", b"HTTP/1.1 400 "),
        (b"GET /health HTTP/1.1\r\nHost : x\r\n\r\n", b"HTTP/1.1 400 "),
        (b"GET /health HTTP/1.9\r\n\r\n", b"HTTP/1.1 505 "),
        (b"GET /health HTTP/2.0\r\n\r\n", b"HTTP/1.1 505 "),
        (b"POST /health HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", b"HTTP/1.1 413 "),
        (b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"HTTP/1.1 400 "),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", b"HTTP/1.1 414 "),
        (b"GET /health HTTP/1.1\r\nA: " + b"a" * 9000 + b"\r\n\r\n", b"HTTP/1.1 431 "),
        (b"GET /health HTTP/1.1\r\n" + b"A: a\r\n" * 200 + b"\r\n", b"HTTP/1.1 431 "),
    ]
    for request, status in rows:
        got = raw(h.port, request)
        assert got.startswith(status), (request[:40], got[:80])
        assert b"Connection: close" in got
    assert raw(h.port, b"GET /health/live HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200 OK\r\n")


def test_pipelined_in_order(start):
    h = Healthd(start)
    names = [b"live", b"ready", b"startup"] * 50
    request = b"".join(b"GET /health/%s HTTP/1.1\r\n\r\n" % n for n in names)
    got = raw(h.port, request + b"GET /health/live HTTP/1.1\r\nConnection: close\r\n\r\n")
    words = [b.split(b'"')[3] for b in got.split(b"\r\n\r\n")[1:]]
    assert words == [b"alive", b"ready", b"started"] * 50 + [b"alive"]


def test_details(start):
    url = f"redis://127.0.0.1:{free_port()}"
    for details, headers, shown in [
        ("never", {}, False),
        ("local", {}, True),
        ("local", {"X-Forwarded-For": "1.2.3.4"}, False),
        ("local", {"Via": "1.1 proxy"}, False),
        ("always", {"X-Forwarded-For": "1.2.3.4"}, True),
    ]:
        h = Healthd(start, "--details", details, "--check", f"cache {url}")
        wait_until(lambda: h.metric("healthd_check_state", check="cache", state="down") == 1, slow(1))
        line = h.get("/health/ready?verbose", headers=headers).body.splitlines()[0]
        assert line == f"[-]cache failed: {'refused' if shown else 'reason withheld'}"
        history = h.get("/health?history", headers=headers)
        assert history.status == (200 if shown else 403)
        assert ("refused" in history.body) == shown


def test_details_by_way(start, run, scratch):
    """A unix socket is local; what came through a proxy is not, by whichever header."""
    h = Healthd(start, "--details", "local", "--listen", f"unix:{scratch}/h.sock")
    assert h.get("/health?history").body == '{"history":[]}'
    for header in ("Forwarded", "x-forwarded-proto", "X-Forwarded-Host", "X-REAL-IP", "via"):
        assert h.get("/health?history", headers={header: "x"}).status == 403
    for header in ("X-Forwarded", "X-Real", "Viaduct", "User-Agent"):
        assert h.get("/health?history", headers={header: "x"}).status == 200
    near = run("healthd", "probe", f"http://unix:{scratch}/h.sock:/health?history")
    assert near.status == 0


def test_history(start, redis_server):
    redis = redis_server()
    h = Healthd(start, "--check", f"cache {redis.url()} every 200ms", "--alias", "/h=/health")
    h.until("[+]cache ok", slow(1), "cache")
    redis.sigkill()
    h.until("failed: refused", slow(1), "cache")
    redis.start()
    h.until("[+]cache ok", slow(1), "cache")
    wait_until(lambda: len(h.json("/h?history")["history"]) == 3, slow(1), "three changes")
    up, down, first = h.json("/health?history")["history"]
    assert first == {"time": first["time"], "check": "cache", "from": "unknown", "state": "up", "reason": None}
    assert (down["from"], down["state"], down["reason"] in ("refused", "closed")) == ("up", "down", True)
    assert (up["from"], up["state"], up["reason"]) == ("down", "up", None)
    assert first["time"] < down["time"] < up["time"]
    logged = [(r["since"], r["state"]) for r in h.records("check_changed")]
    assert logged == [(c["time"], c["state"]) for c in (first, down, up)]


def test_groups_words_optional_and_exclude(start, redis_server):
    redis = redis_server()
    dead = f"redis://127.0.0.1:{free_port()}"
    h = Healthd(
        start,
        "--check", f"good {redis.url()} groups ready,web words yes,no",
        "--check", f"bad {dead} groups web,worker words yes,no",
        "--check", f"maybe {dead} optional",
    )  # fmt: skip
    wait_until(lambda: h.metric("healthd_check_state", check="bad", state="down") == 1, slow(1))
    wait_until(lambda: h.metric("healthd_check_state", check="maybe", state="degraded") == 1, slow(1))
    wait_until(lambda: h.metric("healthd_check_state", check="good", state="up") == 1, slow(1))
    assert h.get("/health/ready").body == '{"status":"ready","good":"yes","maybe":"connected"}'
    web = h.get("/health/web")
    assert (web.status, web.body) == (503, '{"status":"not_ready","good":"yes","bad":"no"}')
    assert h.get("/health/web?exclude=bad").body == '{"status":"ready","good":"yes"}'
    assert h.get("/health/web?exclude=bad").status == 200
    assert h.get("/health/worker").status == 503
    assert h.get("/health/check/bad").body == '{"status":"not_ready","bad":"no"}'
    assert h.json("/health")["status"] == "degraded"
    text = h.get("/health/web?verbose&exclude=bad&exclude=nobody").body
    assert text == (
        "[+]good ok\n[+]bad excluded: ok\n"
        'warn: some health checks cannot be excluded: no matches for "nobody"\nweb check passed\n'
    )
    assert "no matches for 'nobody'" in h.get("/health/web?exclude=nobody").headers["warning"]


def test_aliases_and_bodies(start):
    """The body is the one that a front end answers with today, byte for byte."""
    body = '{"status":"ok","service":"todo-frontend","timestamp":"{now}"}'
    h = Healthd(
        start,
        "--check", f"cache redis://127.0.0.1:{free_port()} groups ready,web",
        "--alias", "/healthz=/livez", "--alias", "/livez=/health/live",
        "--alias", "/readyz=/health/web", "--alias", "/internal/metrics=/metrics",
        "--body", f"/api/health={body}",
        env={"HEALTHD_BODY": "/ignored=because the flags replace it"},
    )  # fmt: skip
    wait_until(lambda: h.metric("healthd_check_state", check="cache", state="down") == 1, slow(1))
    assert h.get("/healthz").body == h.get("/health/live").body == '{"status":"alive"}'
    web = h.get("/readyz?verbose")
    assert (web.status, web.body) == (503, "[-]cache failed: refused\nweb check failed\n")
    assert h.get("/readyz?exclude=cache").status == 200
    assert h.get("/internal/metrics").headers["content-type"].startswith("text/plain; version=0.0.4")
    answer = h.get("/api/health")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    stamp = json.loads(answer.body)["timestamp"]
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", stamp)
    assert answer.body == body.replace("{now}", stamp)
    wait_until(lambda: h.json("/api/health")["timestamp"] > stamp, slow(1.5), "a later time")
    assert h.get("/ignored").status == 404
    h = Healthd(start, env={"HEALTHD_ALIAS": "/a=/b\n/b=/health", "HEALTHD_BODY": "/ping=pong"})
    assert h.json("/a")["status"] == "ok"
    assert (h.get("/ping").body, h.get("/ping").headers["content-type"]) == ("pong", "text/plain; charset=utf-8")


def test_health_strict(start):
    dead = f"redis://127.0.0.1:{free_port()}"
    h = Healthd(start, "--health-strict", "--check", f"cache {dead}")
    wait_until(lambda: h.metric("healthd_check_state", check="cache", state="down") == 1, slow(1))
    assert h.get("/health").status == 503
    assert h.live() == 200


# --- From start to end ------------------------------------------------------------------------------------------------------


def test_startup_latch(start, redis_server):
    redis = redis_server(start=False)
    redis.port = free_port()
    h = Healthd(start, "--check", f"cache redis://127.0.0.1:{redis.port} every 300ms groups ready,startup")
    answer = h.get("/health/startup")
    assert (answer.status, answer.body) == (503, '{"status":"starting"}')
    assert h.live() == 200
    redis.start()
    wait_until(lambda: h.get("/health/startup").status == 200, slow(1))
    redis.sigkill()
    wait_until(lambda: h.ready() == 503, slow(1))
    answer = h.get("/health/startup")
    assert (answer.status, answer.body) == (200, '{"status":"started"}')
    assert len(h.records("started")) == 1


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGQUIT"])
def test_stop_signals(start, run, name):
    """QUIT too: the STOPSIGNAL of php-fpm's and nginx's images."""
    stop = getattr(signal, name)
    h = Healthd(start, "--drain", "60s")
    h.process.send_signal(stop)
    wait_until(lambda: h.ready() == 503, slow(0.25))
    assert h.live() == 200
    h.process.send_signal(stop)
    assert h.process.wait(slow(1)).status == 0
    waiting = start("healthd", "wait", "--check", f"cache redis://127.0.0.1:{free_port()}")
    waiting.wait_for("refused")
    waiting.send_signal(stop)
    result = waiting.wait(slow(1))
    assert result.status == 1
    assert "not ready: cache (refused)" in result.stderr


def test_drain(start, redis_server, scratch):
    redis = redis_server()
    message = scratch / "termination"
    message.touch()
    h = Healthd(start, "--drain", "60s", "--termination-log", message, "--check", f"cache {redis.url()}")
    wait_until(lambda: h.ready() == 200, slow(1))
    h.process.terminate()
    wait_until(lambda: h.ready() == 503, slow(0.25))
    assert h.get("/health/ready").body == '{"status":"draining"}'
    assert h.get("/health/startup").status == 200
    assert h.get("/health").status == 200
    assert h.get("/health/check/cache").status == 200
    assert h.get("/health/ready?verbose").body.endswith("[-]shutdown failed: draining\nready check failed\n")
    assert h.live() == 200
    assert h.process.running()
    h.process.terminate()
    assert h.process.wait(slow(1)).status == 0
    assert json.loads(message.read_text()) == {
        "program": "healthd", "outcome": "stopped", "exit": 0, "check": None, "reason": None, "since": None,
    }  # fmt: skip


def test_drain_ends_by_itself(start, scratch):
    message = scratch / "termination"
    message.touch()
    dead = f"redis://127.0.0.1:{free_port()}"
    h = Healthd(start, "--drain", "300ms", "--termination-log", message, "--check", f"cache {dead}")
    wait_until(lambda: h.records("check_changed"), slow(1))
    h.process.terminate()
    result = h.process.wait(slow(1))
    assert result.status == 0
    left = json.loads(message.read_text())
    assert (left["outcome"], left["check"], left["reason"]) == ("drained", "cache", "refused")


def test_listens_on_ipv4_and_ipv6_and_a_socket(start, scratch):
    path = scratch / "s"
    p = start("healthd", "--log", "json", "--drain", "0", "--listen", "[::]:0", "--listen", f"unix:{path}")
    port = int(p.wait_for(r'"address":"(?:\[::\]|0\.0\.0\.0):(\d+)"').group(1))
    p.wait_for("unix:/")
    assert http_get(port, "/health/live").status == 200
    if has_ipv6():
        assert http_get(port, "/health/live", host="::1").status == 200
    answer = subprocess.run(["curl", "-s", "--unix-socket", path, "http://x/health/live"], capture_output=True, text=True)
    assert answer.stdout == '{"status":"alive"}'
    p.terminate()
    p.wait()
    assert not path.exists()


def test_address_in_use(start, run):
    h = Healthd(start)
    result = run("healthd", "--listen", f"127.0.0.1:{h.port}")
    assert result.status == 3
    assert "cannot listen" in result.stderr
    (record,) = map(json.loads, run("healthd", "--log", "json", "--listen", f"127.0.0.1:{h.port}").stderr.splitlines())
    assert (record["event"], record["exit"]) == ("cannot_listen", 3)


@pytest.mark.parametrize(
    "args, words",
    [
        (["--chek", "a redis://h"], "did you mean --check"),
        (["--check", "a redis://h evry 2s"], "did you mean 'every'"),
        (["--check", "a redis://h every 2"], "every"),
        (["--check", "a tls://h"], "write tls://HOST:PORT"),
        (["--check", "a tcp://h:1 days 7"], "only allowed for tls://"),
        (["--check", "a tcp://h:1 send x"], "of no use without"),
        (["--check", "a http://127.0.0.1.evil.com/ groups live"], "outside the pod"),
        (["--check", "a https://[2001:db8::1]/ groups live"], "outside the pod"),
        (["--check", "a http:///x"], "host is missing"),
        (["--check", "a http://h/ status 2xx"], "neither a status"),
        (["--check", "a tcp://h:1 status 200"], "only allowed for http:// and https://"),
        (["--check", "a redis://h", "--check", "a redis://h"], "there is already a check"),
        (["--check", "a redis://far groups live"], "outside the pod"),
        (["--check", "a postgres://far/x groups live"], "outside the pod"),
        (["--check", "a tcp://far:80 groups live"], "outside the pod"),
        (["--check", "a tcp://127.evil.com:80 groups live"], "outside the pod"),
        (["--check", "a redis://127.0.0.1.evil.com groups live"], "outside the pod"),
        (["--check", "a postgres://127.evil.com/x groups live"], "outside the pod"),
        (["--check", "a tcp://127.1:80 groups live"], "neither a name nor an address"),
        (["--check", "a tcp://"], "host is missing"),
        (["--check", "a tcp://h"], "port is missing"),
        (["--check", "a tcp://h:80/x"], "nothing may follow the port"),
        (["--check", "a postgres://"], "no variable names a PostgreSQL"),
        (["--listen", "localhost:80"], "names are not resolved"),
        (["--check", "a fcgi://h:1/ping connection keep"], "would occupy a worker"),
        (["--config", "/nowhere/file"], "/nowhere/file"),
        (["--drain", "15"], "15"),
        (["--details", "sometimes"], "never"),
        (["--alias", "/a=/health/reddy"], "did you mean '/health/ready'?"),
        (["--alias", "/a=/b", "--alias", "/b=/a"], "leads back to itself"),
        (["--body", "/metrics=x"], "there is already a page '/metrics'"),
    ],
)
def test_bad_input(run, args, words):
    result = run("healthd", *args)
    assert result.status == 2
    assert words in result.stderr
    assert "listening" not in result.stderr
    record = json.loads(run("healthd", "--log", "json", *args).stderr.splitlines()[-1])
    assert (record["event"], record["exit"]) == ("usage", 2)


def test_config_file(start, run, redis_server, scratch):
    redis = redis_server()
    config = scratch / "checks"
    config.write_text(f"# what we need\n\ncache {redis.url()}\n  other {redis.url()} optional\n")
    h = Healthd(start, "--config", config)
    wait_until(lambda: h.ready() == 200, slow(1))
    assert list(h.json("/health/ready")) == ["status", "cache", "other"]
    config.write_text("# x\ncache redis://h\nbad redis://h optionl\n")
    result = run("healthd", "--config", config)
    assert result.status == 2
    assert f"{config}:3: check 'bad': unknown key 'optionl'; did you mean 'optional'?" in result.stderr


def test_checks_in_the_environment(start, redis_server):
    redis = redis_server()
    h = Healthd(start, env={"HEALTHD_CHECKS": f"one {redis.url()}\ntwo {redis.url()}\n"})
    wait_until(lambda: h.ready() == 200, slow(1))
    assert list(h.json("/health/ready")) == ["status", "one", "two"]


# --- Other commands --------------------------------------------------------------------------------------------------------


def test_probe(start, run, scratch):
    path = scratch / "s"
    h = Healthd(start, "--listen", f"unix:{path}", "--check", f"cache redis://127.0.0.1:{free_port()}")
    url = f"http://127.0.0.1:{h.port}/health"
    wait_until(lambda: h.records("check_changed"), slow(1))
    result = run("healthd", "probe", f"{url}/live")
    assert (result.status, result.stdout) == (0, '{"status":"alive"}\n')
    result = run("healthd", "probe", f"{url}/ready")
    assert (result.status, result.stdout) == (1, '{"status":"not_ready","cache":"disconnected"}\n')
    assert "status 503, expected 200" in result.stderr
    assert run("healthd", "probe", "--expect", "503", f"{url}/ready").status == 0
    assert run("healthd", "probe", f"http://unix:{path}:/health/live").status == 0
    assert run("healthd", "probe", f"http://localhost:{h.port}/health/live").status == 0
    assert run("healthd", "probe", f"http://127.0.0.1:{free_port()}/").status == 1
    assert run("healthd", "probe", "https://127.0.0.1/").status == 2
    assert run("healthd", "probe").status == 2
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        began = time.monotonic()
        result = run("healthd", "probe", "--timeout", "200ms", f"http://127.0.0.1:{mute.getsockname()[1]}/")
        assert result.status == 1
        assert time.monotonic() - began < slow(0.5)


def test_probe_reads_chunks(run, peer):
    def answer(end):
        def talk(_, connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nok \r\n4\r\nthen\r\n" + end)

        return f"http://127.0.0.1:{peer(talk).port}/"

    result = run("healthd", "probe", answer(b"0\r\n\r\n"))
    assert (result.status, result.stdout) == (0, "ok then\n")
    result = run("healthd", "probe", answer(b"5\r\nmo"))
    assert (result.status, result.stdout) == (1, "")
    assert "cut short" in result.stderr
    result = run("healthd", "probe", answer(b"more\r\n"))
    assert result.status == 1 and "malformed" in result.stderr


def test_probe_goes_on_to_the_next_address(start, run, name_server):
    """The first address swallows what is sent to it: a listener whose queue is full."""
    dns = name_server({"two.test": ["127.0.0.2", "127.0.0.1"]})
    h = Healthd(start)
    with socket.create_server(("127.0.0.2", h.port), backlog=0):
        held = fill_queue(("127.0.0.2", h.port))
        result = run("healthd", "probe", "--timeout", "6s", f"http://two.test:{h.port}/health/live", env=dns.env)
        assert (result.status, result.stdout) == (0, '{"status":"alive"}\n'), result.stderr
        for s in held:
            s.close()


def fill_queue(address):
    """Connections until the kernel drops the next one: the last is still under way."""
    held = []
    while True:
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex(address)
        held.append(s)
        if not select.select([], [s], [], 0.5 * SLOW)[1]:
            return held


def test_probe_says_what_the_resolver_said(run, name_server):
    for mode, words in (("answer", "no such name"), ("silent", "did not answer"), ("servfail", "failed")):
        dns = name_server({}, mode=mode)
        result = run("healthd", "probe", "--timeout", "1s", "http://app.test/", env=dns.env)
        assert result.status == 1
        assert words in result.stderr and "app.test" in result.stderr


def test_check_and_wait(start, run, redis_server, pg):
    redis = redis_server()
    env = {"DATABASE_URL": pg.url, "REDIS_URL": redis.url()}
    result = run("healthd", "check", env=env)
    assert result.status == 0
    table = [line.split()[:3] for line in result.stdout.splitlines()]
    assert table == [["CHECK", "STATE", "REASON"], ["database", "up", "-"], ["redis", "up", "-"]]
    assert run("healthd", "wait", env=env).status == 0
    redis.stop()
    result = run("healthd", "check", env=env)
    assert result.status == 1
    assert result.stdout.splitlines()[2].split()[:3] == ["redis", "down", "refused"]
    result = run("healthd", "wait", "--timeout", "500ms", env=env)
    assert result.status == 1
    assert "not ready: redis (refused)" in result.stderr
    assert "database" not in result.stderr.splitlines()[-1]
    waiting = start("healthd", "wait", "--timeout", "60s", env=env)
    waiting.wait_for("refused")
    redis.start()
    assert waiting.wait(slow(2)).status == 0
    assert run("healthd", "check").status == 0  # nothing to check
    assert run("healthd", "check", "--check", "a redis://h evry 1s").status == 2


def test_wait_names_what_hung(run, peer):
    """A time-out alone settles nothing yet; it is told all the same."""
    silent = peer(lambda p, _: p.over.wait(30))
    line = f"database postgres://app@127.0.0.1:{silent.port}/app timeout 200ms fall 100"
    result = run("healthd", "wait", "--timeout", "3s", "--check", line)
    assert result.status == 1
    assert "not ready: database (timeout)" in result.stderr
    line = f"app tcp://127.0.0.1:{silent.port} rise 100"
    result = run("healthd", "wait", "--timeout", "500ms", "--check", line)
    assert "not ready: app (not yet healthy often enough)" in result.stderr


@pytest.mark.parametrize("command", ["wait", "check"])
def test_without_descriptors(run, command):
    result = run("healthd", command, "--check", "app tcp://127.0.0.1:1", wrap=("prlimit", "--nofile=5"))
    assert result.status == 1, result
    assert "Too many open files" in result.stderr
    assert result.stdout == ""


def test_sleep_copy_version(run, scratch):
    assert run("healthd", "sleep", "20ms").status == 0
    assert run("healthd", "sleep", "20").status == 2
    assert run("healthd", "copy", scratch).status == 0
    copy = scratch / "healthd"
    assert os.access(copy, os.X_OK)
    assert subprocess.run([copy, "version"], capture_output=True, text=True).stdout == run("healthd", "version").stdout


# --- Hostile clients --------------------------------------------------------------------------------------------------------


def test_slow_and_idle_connections_do_not_keep_a_probe_from_its_answer(start):
    h = Healthd(start)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    many = min(rounds(10000, 900), hard - 200)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, many + 200), hard))
    held, seconds = [], []
    try:
        for i in range(many):
            s = socket.create_connection(("127.0.0.1", h.port), 10)
            held.append(s)
            if i % 2:
                s.sendall(b"GET /health/li")
            if i % 50 == 0:
                answer = h.get("/health/live", timeout=2)
                assert answer.status == 200
                seconds.append(answer.seconds)
        assert sorted(seconds)[len(seconds) // 2] < slow(0.01)
        assert max(seconds) < slow(0.1)
        assert h.metric("healthd_http_connections") <= 512
        assert h.metric("healthd_http_evicted_total") > 0
    finally:
        for s in held:
            s.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    wait_until(lambda: h.metric("healthd_http_connections") < 10, slow(1))


def test_a_request_has_two_seconds_however_it_dribbles(start):
    h = Healthd(start)
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", h.port), 30) as s:
        s.settimeout(0.2)
        got = b""
        while b"\r\n\r\n" not in got and time.monotonic() - began < slow(2):
            try:
                s.sendall(b"G" if time.monotonic() == began else b"E")
                got += s.recv(4096)
            except TimeoutError:
                pass
    assert got.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert time.monotonic() - began >= 1.9


def test_few_descriptors(start):
    h = Healthd(start, wrap=["prlimit", "--nofile=40:40"])
    held = [socket.create_connection(("127.0.0.1", h.port), 10) for _ in range(100)]
    for _ in range(20):
        assert h.get("/health/live", timeout=2).status == 200
    for s in held:
        s.close()
    assert h.process.stderr.count("no_descriptor") <= 1


# --- Nothing leaks ----------------------------------------------------------------------------------------------------------


def requests(h, n):
    """n requests, a hundred on each connection."""
    for _ in range(n // 100):
        got = raw(h.port, b"GET /health/live?verbose HTTP/1.1\r\n\r\n" * 99 + b"GET /metrics HTTP/1.0\r\n\r\n", 60)
        assert got.count(b"HTTP/1.1 200") == 100


def lines(pg, redis, dead):
    """Check lines: two databases, as many Redis, and servers that are not there; all logging in each time."""
    found = [f"db{i} {pg.url} every 100ms connection each" for i in range(2)]
    found += [f"cache{i} {redis.url()} every 100ms connection each" for i in range(20)]
    found += [f"dead{i} redis://127.0.0.1:{free_port()} every 100ms optional" for i in range(dead)]
    return [word for line in found for word in ("--check", line)]


def checks_made(h):
    samples = [s for s in h.get("/metrics", timeout=60).body.splitlines() if s.startswith("healthd_check_duration_seconds_count")]
    return sum(int(s.rsplit(" ", 1)[1]) for s in samples)


def test_no_descriptor_or_memory_leaks(start, pg, redis_server):
    h = Healthd(start, *lines(pg, redis_server(password=True), dead=10))
    wait_until(lambda: h.ready() == 200, slow(2))
    wait_until(lambda: checks_made(h) > 300, slow(5))
    requests(h, 1000)
    fds, rss, before = h.process.fds(), h.process.rss_kib(), checks_made(h)
    requests(h, 10000)
    wanted = rounds(10000, 500)
    wait_until(lambda: checks_made(h) >= before + wanted, slow(wanted / 50), every=0.1)
    assert h.process.rss_kib() - rss < sanitised(2048)
    wait_until(lambda: h.process.fds() <= fds + 3, slow(2))


@pytest.mark.plain_build
def test_valgrind(start, redis_server, pg):
    redis = redis_server(password=True)
    more = [f"more{i} {redis.url()} every 100ms timeout 5s connection each" for i in range(rounds(15, 0))]
    h = Healthd(
        start,
        *[word for line in more for word in ("--check", line)],
        "--check", f"database {pg.url} every 300ms timeout 5s connection each",
        "--check", f"kept {pg.url} every 300ms timeout 5s",
        "--check", f"redis {redis.url()} every 100ms timeout 5s",
        "--check", f"each {redis.url()} every 100ms timeout 5s connection each",
        "--check", f"dead redis://127.0.0.1:{free_port()} every 100ms optional",
        wrap=["valgrind", "-q", "--error-exitcode=99", "--leak-check=full", "--errors-for-leak-kinds=definite"],
    )  # fmt: skip
    wait_until(lambda: h.ready() == 200, slow(6))
    for path in ("/health", "/health/ready?verbose&exclude=x", "/metrics", "/nope"):
        h.get(path, timeout=30)
    requests(h, 10000)
    wait_until(lambda: checks_made(h) >= rounds(10000, 100), slow(rounds(1000, 10)), every=0.1)
    redis.sigkill()
    wait_until(lambda: h.ready() == 503, slow(3))
    h.process.terminate()
    assert h.process.wait(slow(3)).status == 0


def test_no_password_anywhere(start, pg, redis_server, scratch):
    redis = redis_server(password=True)
    message = scratch / "termination"
    message.touch()
    h = Healthd(
        start,
        "--log-level", "debug",
        "--termination-log", message,
        env={
            "DATABASE_URL": pg.url_with(password=f"{CANARY}-wrong"),
            "REDIS_URL": redis.url(password=f"{CANARY}-wrong"),
        },
    )  # fmt: skip
    h.until("failed: auth", slow(1))
    h.until("failed: auth", slow(1), "redis")
    pages = [h.get(p).body for p in ("/health", "/health/ready?verbose", "/metrics", "/health/check/database?verbose")]
    cmdline = Path(f"/proc/{h.process.pid}/cmdline").read_text()
    h.process.terminate()
    result = h.process.wait()
    for text in [*pages, cmdline, result.output, message.read_text()]:
        assert CANARY not in text
