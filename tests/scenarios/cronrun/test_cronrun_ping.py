"""cronrun --ping: a monitor hears of start and end; one that is slow, gone or broken is no matter to the run."""

import fcntl
import signal
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from rig.base import SLOW, free_port
from rig.program import records

SECRET = "b7c1fe0d-3ab5-4c8e-9f65-secret00ping"


class Monitor:
    """A server that writes down what it is asked; `answers` are the next statuses, 200 after them."""

    def __init__(self):
        self.heard, self.answers = [], []
        monitor = self

        class Handler(BaseHTTPRequestHandler):
            def hear(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                monitor.heard.append((self.command, self.path, body.decode()))
                self.send_response(monitor.answers.pop(0) if monitor.answers else 200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"OK")

            do_GET = do_POST = hear

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/{SECRET}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def pings(self):
        """[(method, what stands behind the URL)], and the run IDs."""
        found = [(method, *path.removeprefix(f"/{SECRET}").split("?")) for method, path, _ in self.heard]
        return [(method, rest) for method, rest, _ in found], {query for _, _, query in found}


@pytest.fixture
def monitor():
    m = Monitor()
    yield m
    m.server.shutdown()
    m.server.server_close()


@pytest.fixture
def cronrun(run):
    def call(url, *words, env=None, **more):
        result = run("cronrun", "run", "--lock", "none", *words, env={"CRONRUN_PING": url, **(env or {})}, **more)
        assert SECRET not in result.output
        return result

    return call


@pytest.mark.parametrize(
    "words, last",
    [
        (["true"], ""),
        (["sh", "-c", "exit 3"], "/3"),
        (["sh", "-c", "kill -9 $$"], "/137"),
        (["--deadline", "200ms", "sleep", "1000"], "/fail"),
        (["/no/such/command"], "/fail"),
    ],
)
def test_start_and_end(cronrun, monitor, words, last):
    result = cronrun(monitor.url, *words)
    pings, ids = monitor.pings()
    assert pings == [("GET", "/start"), ("POST", last)]
    (end,) = records(result.stderr, "run_end")
    assert ids == {f"rid={end['run_id']}"}
    assert monitor.heard[1][2] == end["msg"]
    assert records(result.stderr, "ping_failed") == []


def test_the_end_of_the_output_goes_with_it(cronrun, monitor):
    result = cronrun(monitor.url, "--output", "on-failure", "sh", "-c", "for i in $(seq 5000); do echo line $i; done; exit 1")
    assert result.status == 1
    lines = monitor.heard[1][2].splitlines()
    assert lines[-2:] == ["line 5000", "sh failed (exit 1)"]
    assert 900 < len(lines) and len(monitor.heard[1][2]) < 12000


def test_what_never_started(cronrun, monitor, run, scratch):
    assert cronrun(monitor.url, "--scheduled-at", "2020-01-01T00:00:00Z", "--starting-deadline", "20s", "true").status == 77
    assert monitor.pings()[0] == [("POST", "/fail")]
    with open(scratch / "lock", "a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert run("cronrun", "run", "--lock", f"file:{scratch}/lock", "true", env={"CRONRUN_PING": monitor.url}).status == 0
    assert len(monitor.heard) == 1


def test_one_run_of_several_attempts(cronrun, monitor):
    assert cronrun(monitor.url, "--retries", "2", "--retry-delay", "10ms", "false").status == 1
    assert monitor.pings()[0] == [("GET", "/start"), ("POST", "/1")]


def test_a_url_with_parameters(cronrun, monitor):
    cronrun(monitor.url + "/?create=1", "true")
    assert [path.split("rid=")[0] for _, path, _ in monitor.heard] == [f"/{SECRET}/start?create=1&", f"/{SECRET}?create=1&"]


def test_asked_again(cronrun, monitor):
    monitor.answers = [503, 200, 500, 429, 200]
    result = cronrun(monitor.url, "sleep", "0.5")
    assert monitor.pings()[0] == [("GET", "/start")] * 2 + [("POST", "")] * 3
    assert records(result.stderr, "ping_failed") == []


def test_refused(cronrun, monitor):
    monitor.answers = [404, 409]
    result = cronrun(monitor.url, "sleep", "0.3")
    assert result.status == 0
    assert len(monitor.heard) == 2
    assert [r["ping"] for r in records(result.stderr, "ping_failed")] == ["start", "end"]


@pytest.fixture
def black_hole():
    """It takes connections, and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/{SECRET}"


def test_a_black_hole_delays_nothing(cronrun, black_hole, scratch):
    result = cronrun(black_hole, "sh", "-c", f"date +%s.%N >{scratch}/began")
    assert result.status == 0
    (start,) = records(result.stderr, "run_start")
    assert result.seconds < 4 * SLOW
    assert records(result.stderr, "ping_failed")
    result = cronrun(black_hole, "--deadline", "300ms", "sleep", "1000")
    assert result.status == 124
    (end,) = records(result.stderr, "run_end")
    assert end["duration_ms"] < 2000 * SLOW


def test_the_lock_is_free_meanwhile(programs, run, black_hole, scratch):
    process = programs.start("cronrun", "run", "--lock", f"file:{scratch}/lock", "true", env={"CRONRUN_PING": black_hole})
    process.wait_for("run_end")
    assert run("cronrun", "run", "--lock", f"file:{scratch}/lock", "--on-busy", "wait=1s", "true").status == 0
    assert process.wait().status == 0


def test_a_stop_ends_the_wait(programs, black_hole):
    process = programs.start("cronrun", "run", "--lock", "none", "true", env={"CRONRUN_PING": black_hole})
    process.wait_for("run_end")
    process.send_signal(signal.SIGTERM)
    result = process.wait()
    assert result.status == 0
    assert "end" in [r["ping"] for r in records(result.stderr, "ping_failed")]


def test_nobody_there(cronrun):
    result = cronrun(f"http://127.0.0.1:{free_port()}/{SECRET}", "sh", "-c", "exit 3")
    assert result.status == 3
    assert {r["ping"] for r in records(result.stderr, "ping_failed")} == {"start", "end"}
    assert "refused" in records(result.stderr, "ping_failed")[-1]["msg"]
    assert "not answered before the run ended" in records(result.stderr, "ping_failed")[0]["msg"]
    result = cronrun(f"https://no-such-name.invalid/{SECRET}", "--log-level", "debug", "true")
    assert result.status == 0
    assert "no-such-name" not in result.output


def test_from_a_file(run, monitor, scratch):
    secret = scratch / "ping"
    secret.write_text(monitor.url + "\n")
    result = run("cronrun", "run", "--lock", "none", "env", env={"CRONRUN_PING_FILE": secret})
    assert monitor.pings()[0] == [("GET", "/start"), ("POST", "")]
    assert "PING" not in result.stdout
    assert run("cronrun", "run", "--lock", "none", "true", env={"CRONRUN_PING_FILE": scratch / "none"}).status == 125


@pytest.mark.parametrize("url", [f"ftp://host/{SECRET}", f"host/{SECRET}", f"{SECRET}", f"https://host/{SECRET} x", f"tcp://host:1/{SECRET}"])
def test_what_is_no_url(cronrun, url):
    result = cronrun(url, "true")
    assert result.status == 125
    assert "--ping" in result.stderr
