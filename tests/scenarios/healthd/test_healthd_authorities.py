"""The CA file of checks over TLS: however long it takes to read, healthd answers; and it is read no more often than is needed."""

import os
import time
from pathlib import Path

import pytest
from rig.base import wait_until
from rig.healthd import Healthd, slow


@pytest.fixture
def late(scratch, ca):
    """late(name) -> (path, feed): a CA file that is there, and read to its end only once somebody feeds it."""
    fed = []

    def make(name):
        path = scratch / name
        os.mkfifo(path)

        def feed():
            with open(path, "w", encoding="ascii") as f:
                f.write(Path(ca().cert).read_text(encoding="ascii"))

        fed.append(path)
        return path, feed

    yield make
    for path in fed:  # whoever reads it still
        os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))


@pytest.fixture
def huge(scratch, ca):
    """Takes seconds to read."""
    path = scratch / "huge.crt"
    path.write_text(Path(ca().cert).read_text(encoding="ascii") * 12000, encoding="ascii")
    return path


def test_a_file_that_takes_long(start, web, redis_server, late):
    """Every kind of check over TLS waits for it within its own time-out, and nobody else does."""
    app, redis = web(tls=True), redis_server(tls=True)
    common, feed_common = late("common.crt")
    own, feed_own = late("own.crt")
    h = Healthd(
        start,
        "--check", f"app https://127.0.0.1:{app.port}/ timeout 300ms every 300ms",
        "--check", f"port tls://127.0.0.1:{app.port} timeout 300ms every 300ms",
        "--check", f"redis rediss://localhost:{redis.port}/?ca_file={own} timeout 300ms every 300ms",
        "--check", f"plain tcp://127.0.0.1:{app.port} every 300ms",
        env={"SSL_CERT_FILE": str(common)},
    )  # fmt: skip
    for name in ("app", "port", "redis"):
        h.until(f"[-]{name} failed: timeout", slow(1), name)
    causes = {r["check"]: r["cause"] for r in h.records("check_changed") if r["state"] == "down"}
    assert str(common) in causes["app"] and str(common) in causes["port"] and str(own) in causes["redis"]
    h.until("[+]plain ok", slow(1), "plain")
    assert len(os.listdir(f"/proc/{h.process.pid}/task")) == 3  # one for each file, however many wait and however often
    feed_common()
    feed_own()
    for name in ("app", "port", "redis"):
        h.until(f"[+]{name} ok", slow(1), name)
    h.process.terminate()
    assert h.process.wait(slow(1)).status == 0


def test_a_file_that_takes_long_ends_with_healthd(start, web, late):
    app = web(tls=True)
    file, _ = late("ca.crt")
    h = Healthd(start, "--check", f"app https://127.0.0.1:{app.port}/ ca {file} timeout 200ms")
    h.until("[-]app failed: timeout", slow(1), "app")
    h.process.terminate()
    assert h.process.wait(slow(1)).status == 0


def test_a_huge_file(start, web, huge):
    """The loop turns while it is parsed."""
    app = web(tls=True)
    began = time.monotonic()
    h = Healthd(start, "--check", f"app tls://127.0.0.1:{app.port} ca {huge} timeout 5m every 10m")
    stalls = []

    def seen():
        stalls.append(h.metric("healthd_loop_stall_seconds"))
        return "[+]app ok" in h.verbose("app")

    wait_until(seen, slow(30), "read to its end")
    took = time.monotonic() - began
    assert max(stalls) < took / 3
    assert len(stalls) > 3


def test_ended_in_the_middle_of_it(start, web, huge):
    """What OpenSSL holds is not taken from the thread that parses."""
    app = web(tls=True)
    for _ in range(12):  # without care about one in ten crashes
        h = Healthd(start, "--check", f"app tls://127.0.0.1:{app.port} ca {huge} timeout 5m")
        wait_until(lambda h=h: len(os.listdir(f"/proc/{h.process.pid}/task")) > 1, slow(1), "it is read")
        h.process.terminate()
        assert h.process.wait(slow(1)).status == 0
