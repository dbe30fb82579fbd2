"""SIGHUP: the checks are read again; what has not changed goes on, and what is wrong changes nothing."""

import signal

from rig.base import wait_until
from rig.healthd import Healthd, slow


def reload(h, event="reloaded"):
    before = len(h.records(event))
    h.process.send_signal(signal.SIGHUP)
    wait_until(lambda: len(h.records(event)) > before, slow(1), event)
    return h.records(event)[-1]


def logins(redis):
    line = next(line for line in redis.cli("INFO", "stats").splitlines() if line.startswith("total_connections_received"))
    return int(line.split(":")[1])


def test_reload(start, redis_server, scratch):
    redis, other = redis_server(), redis_server()
    config = scratch / "checks"
    config.write_text(f"cache {redis.url()} every 1h stale 2h\ngone {redis.url()}\nchanged {redis.url()}\n")
    h = Healthd(start, "--config", config)
    wait_until(lambda: h.ready() == 200, slow(1))
    config.write_text(f"new {other.url()} groups ready,extra\ncache {redis.url()} every 1h stale 2h\nchanged {other.url()}\n")
    record = reload(h)
    assert (record["checks"], record["added"], record["removed"]) == (3, 2, 2)
    assert "connected" in h.get("/health/check/cache").body  # at once: it goes on with what it knew
    wait_until(lambda: h.ready() == 200, slow(1))
    assert list(h.json("/health/ready")) == ["status", "new", "cache", "changed"]
    assert h.get("/health/extra").status == 200
    assert h.get("/health/check/new").status == 200
    assert h.get("/health/check/gone").status == 404
    assert 'check="gone"' not in h.get("/metrics").body
    seen = [record["check"] for record in h.records("check_changed")]
    assert (seen.count("cache"), seen.count("changed")) == (1, 2)
    other.sigkill()
    h.until("failed: refused", slow(1), "new")
    assert h.until("[+]cache ok", slow(1), "cache") is not None


def test_same_again_under_requests(start, redis_server, scratch):
    """No answer is lost, no session made anew, and readiness stays."""
    redis = redis_server()
    config = scratch / "checks"
    config.write_text(f"cache {redis.url()} every 200ms\n")
    h = Healthd(start, "--config", config)
    wait_until(lambda: h.ready() == 200, slow(1))
    before = logins(redis)
    for _ in range(50):
        h.process.send_signal(signal.SIGHUP)
        assert h.ready() == 200
    wait_until(lambda: h.records("reloaded"), slow(1))
    assert h.records("reloaded")[-1]["added"] == 0
    assert logins(redis) <= before + 1  # the counting itself
    assert len(h.records("check_changed")) == 1


def test_refused(start, redis_server, scratch):
    redis = redis_server()
    config = scratch / "checks"
    config.write_text(f"cache {redis.url()} groups ready,web\n")
    h = Healthd(start, "--config", config, "--alias", "/web=/health/web")
    wait_until(lambda: h.ready() == 200, slow(1))
    for text, words in (
        (f"cache {redis.url()}\n", "--alias (HEALTHD_ALIAS) 1: there is no page '/health/web'"),
        (f"cache {redis.url()} evry 2s\n", f"{config}:1: check 'cache': unknown key 'evry'"),
        (f"other {redis.url()} groups ready,web\nfpm fcgi://127.0.0.1:9/ping connection keep\n", "check 'fpm'"),
        (None, str(config)),
    ):
        if text:
            config.write_text(text)
        else:
            config.unlink()
        message = reload(h, "reload_failed")["msg"]
        assert "stays in force" in message and words in message
        assert list(h.json("/health/ready")) == ["status", "cache"]
    assert not h.records("reloaded")
    redis.sigkill()
    h.until("failed: refused", slow(1), "cache")


def test_without_a_file(start, redis_server):
    redis = redis_server()
    h = Healthd(start, env={"REDIS_URL": redis.url()})
    wait_until(lambda: h.ready() == 200, slow(1))
    assert reload(h)["added"] == 0
    assert h.ready() == 200


def test_while_draining(start, redis_server, scratch):
    redis = redis_server()
    config = scratch / "checks"
    config.write_text(f"cache {redis.url()}\n")
    h = Healthd(start, "--config", config, "--drain", "10m")
    wait_until(lambda: h.ready() == 200, slow(1))
    h.process.terminate()
    wait_until(lambda: h.ready() == 503, slow(1))
    config.write_text(f"other {redis.url()}\n")
    reload(h)
    assert h.json("/health/ready") == {"status": "draining"}
    h.process.terminate()
    assert h.process.wait().status == 0
