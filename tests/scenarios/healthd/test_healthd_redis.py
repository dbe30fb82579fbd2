"""healthd and a Redis that dies, hangs, loads, is busy, refuses the login or lost its master."""

from pathlib import Path

import pytest
from rig.base import wait_until
from rig.healthd import Healthd, slow

BOUND = 2 + 2 * 1 + 0.5

both = pytest.mark.parametrize("connection", ["keep", "each"])


def check(start, url, more="", **kw):
    return Healthd(start, "--check", f"redis {url} {more}".strip(), **kw)


def test_no_configuration(start, pg, redis_server):
    redis = redis_server(password=True)
    h = Healthd(start, env={"DATABASE_URL": pg.url, "REDIS_URL": redis.url(db=3)})
    h.until("[+]redis ok", slow(1), "redis")
    h.until("[+]database ok", slow(1))
    assert h.get("/health/ready").body == '{"status":"ready","database":"connected","redis":"connected"}'
    redis.sigkill()
    h.until("[-]redis failed: refused", slow(0.25), "redis")
    assert h.get("/health/ready").body == '{"status":"not_ready","database":"connected","redis":"disconnected"}'
    assert h.get("/health/ready?verbose").body == (
        "[+]database ok\n[-]redis failed: refused\nready check failed\n"
    )
    assert h.get("/health/ready?exclude=redis").body == '{"status":"ready","database":"connected"}'
    redis.start()
    h.until("[+]redis ok", slow(1), "redis")


def test_from_parts(start, redis_server):
    redis = redis_server(password=True)
    h = Healthd(start, env={"REDIS_HOST": "127.0.0.1", "REDIS_PORT": redis.port, "REDIS_PASSWORD": redis.password})
    h.until("[+]redis ok", slow(1), "redis")


def test_a_service_called_redis_is_no_configuration(start):
    h = Healthd(start, env={"REDIS_PORT": "tcp://10.0.0.7:6379", "REDIS_SERVICE_HOST": "10.0.0.7"})
    assert h.get("/health/ready").body == '{"status":"ready"}'


@both
def test_stopped_process(start, redis_server, connection):
    redis = redis_server()
    h = check(start, redis.url(), f"connection {connection}")
    h.until("[+]redis ok", slow(1), "redis")
    redis.sigstop_all()
    h.until("failed: timeout", slow(BOUND), "redis")
    assert h.ready() == 503
    redis.sigcont()
    h.until("[+]redis ok", slow(1), "redis")


@both
def test_dies_and_comes_back(start, redis_server, connection):
    redis = redis_server()
    h = check(start, redis.url(), f"connection {connection}")
    h.until("[+]redis ok", slow(1), "redis")
    redis.sigkill()
    h.until("failed: refused", slow(2), "redis")
    redis.start()
    h.until("[+]redis ok", slow(1), "redis")


def test_silent_network(start, redis_server, proxy):
    between = proxy(redis_server())
    h = check(start, f"redis://127.0.0.1:{between.port}")
    h.until("[+]redis ok", slow(1), "redis")
    between.silence()
    h.until("failed: timeout", slow(BOUND), "redis")
    between.resume()
    h.until("[+]redis ok", slow(1), "redis")


def test_roles_and_a_replica_without_master(start, redis_server):
    master = redis_server()
    replica = redis_server(replica_of=master)
    wait_until(lambda: "master_link_status:up" in replica.cli("INFO", "replication"), 20, "replica in step")
    h = Healthd(
        start,
        "--check", f"master {master.url()} role master every 300ms",
        "--check", f"replica {replica.url()} role replica every 300ms",
        "--check", f"wrong {replica.url()} role master every 300ms",
        "--check", f"maybe {replica.url()} optional every 300ms",
    )  # fmt: skip
    h.until("[+]master ok", slow(1), "master")
    h.until("[+]replica ok", slow(1), "replica")
    h.until("failed: wrong_role", slow(1), "wrong")
    master.sigkill()
    h.until("failed: stale_replica", slow(2), "replica")
    h.until("[+]maybe degraded: stale_replica", slow(2), "maybe")
    assert h.get("/health/check/maybe").body == '{"status":"ready","maybe":"connected"}'
    replica.cli("CONFIG", "SET", "replica-serve-stale-data", "no")
    h.until("failed: master_down", slow(1), "replica")


def test_a_user_who_may_only_ping(start, redis_server):
    redis = redis_server()
    redis.cli("ACL", "SETUSER", "probe", "on", ">c4nary-s3cret-p", "+ping")
    h = Healthd(
        start,
        "--check", f"redis {redis.url(user='probe', password='c4nary-s3cret-p')}",
        "--check", f"role {redis.url(user='probe', password='c4nary-s3cret-p')} role master",
        "--check", f"other {redis.url(user='probe', password='c4nary-s3cret-p', db=1)}",
    )  # fmt: skip
    h.until("[+]redis ok", slow(1), "redis")
    h.until("failed: privilege", slow(1), "role")
    h.until("failed: privilege", slow(1), "other")  # no SELECT


def test_idle_connection_closed_by_the_server_is_no_outage(start, redis_server):
    redis = redis_server()
    h = check(start, redis.url())
    h.until("[+]redis ok", slow(1), "redis")
    for _ in range(3):
        before = h.metric("healthd_check_duration_seconds_count", check="redis")
        redis.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        wait_until(lambda: h.metric("healthd_check_duration_seconds_count", check="redis") > before, slow(1))
    assert [r["state"] for r in h.records("check_changed")] == ["up"]


def test_tls(start, redis_server, ca):
    redis = redis_server(tls=True, password=True)
    h = Healthd(start, "--check", f"stranger {redis.url(host='localhost')}")
    h.until("failed: tls", slow(1), "stranger")
    friend = Healthd(start, env={"REDIS_URL": redis.url(host="localhost"), "SSL_CERT_FILE": ca().cert})
    friend.until("[+]redis ok", slow(1), "redis")
    redis.sigkill()
    friend.until("[-]redis failed", slow(1), "redis")


def test_unix_socket(start, redis_server):
    redis = redis_server()
    h = check(start, f"unix://{redis.socket}")
    h.until("[+]redis ok", slow(1), "redis")


@pytest.mark.parametrize("way", ["keep", "each"])
def test_authorities_are_kept(start, redis_server, ca, scratch, way):
    """The file is loaded once for all connections, and anew when it changes; half of a new one takes nothing from anybody."""
    redis = redis_server(tls=True)
    trusted = scratch / "ca.crt"
    trusted.write_text(Path(ca().cert).read_text())
    h = Healthd(start, "--check", f"redis rediss://localhost:{redis.port}/?ca_file={trusted} every 200ms connection {way}")
    h.until("ok", slow(2), "redis")
    trusted.write_text("-----BEGIN CERTIFICATE-----\nMIIB")
    if way == "keep":
        redis.sigkill()
        h.until("refused", slow(2), "redis")
        redis.start()
    else:
        looks = "healthd_check_duration_seconds_count"
        before = h.metric(looks, check="redis")
        wait_until(lambda: h.metric(looks, check="redis") > before + 3, slow(2), "further looks")
    h.until("ok", slow(2), "redis")
    assert not [r for r in h.records("check_changed") if r.get("reason") == "tls"]
