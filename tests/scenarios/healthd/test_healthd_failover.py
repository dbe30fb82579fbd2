"""healthd when its server answers and is not the wanted one: a failover, a cluster that fails, a Sentinel."""

import pytest
from rig.base import free_port, wait_until
from rig.healthd import Healthd, slow


def looks(h, name):
    return h.metric("healthd_check_duration_seconds_count", check=name)


def after_a_look(h, name):
    """Two looks more: the second one began after this call."""
    before = looks(h, name)
    wait_until(lambda: looks(h, name) >= before + 2, slow(2), f"a look of {name}")


# --- The name leads to another server than the kept session ---------------------------------------------------------------


@pytest.fixture
def demoted(redis_server, proxy):
    """(a master, another master, a proxy to the first): demote() makes the first a replica without a master."""
    old, new = redis_server(), redis_server()
    return old, new, proxy(old)


def demote(redis):
    redis.cli("REPLICAOF", "127.0.0.1", "1")


def test_redis_name_moves_after_the_demotion(start, demoted):
    old, new, between = demoted
    h = Healthd(start, "--check", f"redis redis://127.0.0.1:{between.port} role master every 300ms")
    h.until("[+]redis ok", slow(1), "redis")
    demote(old)
    h.until("failed: wrong_role", slow(1), "redis")
    between.target = ("127.0.0.1", new.port)
    h.until("[+]redis ok", slow(1), "redis")


def test_redis_name_moves_before_the_demotion(start, demoted):
    old, new, between = demoted
    h = Healthd(start, "--check", f"redis redis://127.0.0.1:{between.port} role master every 300ms")
    h.until("[+]redis ok", slow(1), "redis")
    between.target = ("127.0.0.1", new.port)
    demote(old)
    wait_until(lambda: between.accepted >= 2, slow(1), "a fresh connection")
    after_a_look(h, "redis")
    assert [r["state"] for r in h.records("check_changed")] == ["up"]


def test_redis_stale_replica_and_master_down(start, redis_server, proxy):
    master = redis_server()
    stale, well = redis_server(replica_of=master), redis_server(replica_of=master)
    for r in (stale, well):
        wait_until(lambda r=r: "master_link_status:up" in r.cli("INFO", "replication"), 20, "replica in step")
    between = proxy(stale)
    h = Healthd(start, "--check", f"redis redis://127.0.0.1:{between.port} every 300ms")
    h.until("[+]redis ok", slow(1), "redis")
    for serve, reason in (("yes", "stale_replica"), ("no", "master_down")):
        between.target = ("127.0.0.1", stale.port)
        between.cut()
        stale.cli("CONFIG", "SET", "replica-serve-stale-data", serve)
        demote(stale)
        h.until(f"failed: {reason}", slow(1), "redis")
        between.target = ("127.0.0.1", well.port)
        h.until("[+]redis ok", slow(1), "redis")


def test_application_name_moves_after_it_said_no(start, web, proxy):
    """One that is being drained answers 503 over the connection that is kept, for as long as it lives."""
    old, new = web(), web()
    between = proxy(old)
    h = Healthd(start, "--check", f"app http://127.0.0.1:{between.port}/ every 300ms")
    h.until("[+]app ok", slow(1), "app")
    old.say(503)
    h.until("failed: status", slow(1), "app")
    between.target = ("127.0.0.1", new.port)
    h.until("[+]app ok", slow(1), "app")


def test_application_name_moves_before_it_says_no(start, web, proxy):
    old, new = web(), web()
    between = proxy(old)
    h = Healthd(start, "--check", f"app http://127.0.0.1:{between.port}/ every 300ms")
    h.until("[+]app ok", slow(1), "app")
    between.target = ("127.0.0.1", new.port)
    old.say(503)
    wait_until(lambda: between.accepted >= 2, slow(1), "a fresh connection")
    after_a_look(h, "app")
    assert [r["state"] for r in h.records("check_changed")] == ["up"]


def test_application_that_says_no_is_asked_once_a_look(start, web, proxy):
    old = web()
    between = proxy(old)
    h = Healthd(start, "--check", f"app http://127.0.0.1:{between.port}/ every 300ms")
    h.until("[+]app ok", slow(1), "app")
    old.say(503)
    h.until("failed: status", slow(1), "app")
    after_a_look(h, "app")
    asked, looked = old.requests(), looks(h, "app")
    wait_until(lambda: looks(h, "app") >= looked + 4, slow(2), "further looks")
    assert old.requests() - asked <= looks(h, "app") - looked + 1


def test_application_says_no_and_then_nothing(start, peer):
    """What it said itself is told, not that the fresh connection failed."""

    def talk(app, connection):
        if app.accepted == 1:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
            connection.recv(65536)

    app = peer(talk)
    h = Healthd(start, "--check", f"app http://127.0.0.1:{app.port}/ every 300ms")
    h.until("failed: closed", slow(1), "app")
    assert [r.get("reason") for r in h.records("check_changed")] == [None, "status"]


def test_postgres_name_moves(start, pg_server, proxy):
    standbys = [pg_server(), pg_server()]
    for server in standbys:
        server.stop()
        (server.data / "standby.signal").touch()
        server.start()
    between = proxy(standbys[0])
    h = Healthd(start, "--check", f"database {standbys[0].url(port=between.port)} role standby every 300ms")
    h.until("[+]database ok", slow(1))
    assert standbys[0].psql("SELECT pg_promote()") == "t"
    h.until("failed: wrong_role", slow(1))
    between.target = ("127.0.0.1", standbys[1].port)
    h.until("[+]database ok", slow(1))


def test_a_server_that_answers_wrongly_counts_when_nobody_else_does(start, demoted):
    old, new, between = demoted
    h = Healthd(start, "--check", f"redis redis://127.0.0.1:{between.port} role master every 300ms timeout 2s")
    h.until("[+]redis ok", slow(1), "redis")
    between.target = ("127.0.0.1", 1)  # the name leads to a port that is closed
    demote(old)
    h.until("failed: ", slow(1), "redis")
    first = h.records("check_changed")[1]
    assert (first["state"], first["reason"]) == ("down", "wrong_role")


# --- Servers that are none --------------------------------------------------------------------------------------------------


def test_a_cluster_in_state_fail(start, redis_server):
    redis = redis_server(cluster_enabled="yes", cluster_port=free_port())
    h = Healthd(start, "--check", f"redis {redis.url()} every 300ms")
    h.until("failed: master_down", slow(1), "redis")
    redis.cli("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
    h.until("[+]redis ok", slow(5), "redis")
    redis.cli("CLUSTER", "DELSLOTSRANGE", "0", "100")  # while a session is kept
    h.until("failed: master_down", slow(5), "redis")


def test_a_server_without_a_cluster_is_asked_at_login_only(start, redis_server):
    redis = redis_server()
    h = Healthd(start, "--check", f"redis {redis.url()} every 300ms")
    h.until("[+]redis ok", slow(1), "redis")
    after_a_look(h, "redis")
    calls = [l for l in redis.cli("INFO", "commandstats").splitlines() if l.startswith("cmdstat_cluster|info:")]
    assert len(calls) == 1 and "calls=1," in calls[0]


def test_a_sentinel_is_not_the_server_with_the_data(start, redis_server):
    sentinel = redis_server(sentinel=True)
    h = Healthd(start, "--check", f"redis redis://127.0.0.1:{sentinel.port} every 300ms")
    h.until("failed: wrong_role", slow(1), "redis")
