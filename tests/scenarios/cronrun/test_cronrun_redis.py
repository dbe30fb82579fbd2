"""A lock in Redis that nobody holds: answers that are lost, servers that stand still, scripts that fail half-way."""

import socket

import pytest
from rig.base import free_port, wait_until
from rig.nasty import nasty  # noqa: F401
from test_cronrun_lock import FENCE, LOCK, one, records, redis_env

TTL_S = 60
WORDS = ["--lock", "redis", "--name", "mail", "--lock-ttl", f"{TTL_S}s"]


def ran(result):
    return result.status == 0 and result.stdout == "ran\n"


def run_it(run, env):
    """A run whose command says that it ran; one that waits for a lock of nobody would take its ttl."""
    result = run("cronrun", *WORDS, "echo", "ran", env=env, timeout=40)
    assert result.seconds < TTL_S / 2
    return result


def test_a_server_that_stood_still(run, redis_server):
    """It reads what was asked of it while it stood still, long after who asked has given up."""
    server = redis_server()
    server.sigstop_all()
    try:
        first = run_it(run, redis_env(server))
    finally:
        server.sigcont()
    assert first.status == 75
    assert one(first.stderr, "run_refused")["reason"] == "lock_unreachable"
    second = run_it(run, redis_env(server))
    assert ran(second), second.output
    assert server.cli("EXISTS", LOCK) == "0"


@pytest.mark.parametrize("direction", ["client", "server"])
@pytest.mark.parametrize("step", ["claim", "confirmation", "release"])
def test_one_connection_lost(run, redis_server, proxy, step, direction):
    """What was sent, or its answer, is lost with the connection: it runs all the same, once, and leaves no lock behind."""
    server = redis_server()
    between = proxy(server)
    between.lose(["claim", "confirmation", "release"].index(step) + 1, direction)
    first = run_it(run, redis_env(server, between.port))
    assert between.lost()
    assert ran(first), first.output
    assert not records(first.stderr, "release_failed")
    assert server.cli("EXISTS", LOCK) == "0"
    assert ran(run_it(run, redis_env(server)))


def test_lost_and_away(run, start, redis_server, proxy):
    """The answer is lost and Redis stays away: 75, which says what may be left; a claim holds nobody up for long."""
    server = redis_server()
    between = proxy(server)
    between.silence()
    process = start("cronrun", *WORDS, "echo", "ran", env=redis_env(server, between.port))
    wait_until(lambda: between.accepted, 10, "a connection")
    between.lose(1, "server")
    between.resume()
    wait_until(between.lost, 10, "the answer is lost")
    between.refuse()
    assert process.wait(40).status == 75
    assert ran(run_it(run, redis_env(server)))


def test_a_claim_is_no_holder(run, redis_server):
    """Who died between asking and hearing is no reason to be skipped: its claim is waited for."""
    server = redis_server()
    server.cli("SET", LOCK, "?" + "0" * 40 + " {}", "PX", 1500)
    result = run_it(run, redis_env(server))
    assert ran(result), result.output


def second_user(server, *rules):
    server.cli("ACL", "SETUSER", "job", "reset", "on", ">job", "~*", *rules)
    return {"REDIS_URL": server.url(user="job", password="job")}


RIGHTS = ["+eval", "+get", "+set", "+pexpire", "+time"]


def test_the_rights_that_are_named_suffice(run, redis_server):
    server = redis_server()
    assert ran(run_it(run, second_user(server, *RIGHTS)))
    assert server.cli("EXISTS", LOCK) == "0"


@pytest.mark.parametrize("missing", RIGHTS)
def test_a_right_is_missing(run, redis_server, missing):
    """Found out before anything runs, told by the message, and no lock is left."""
    server = redis_server()
    env = second_user(server, *[r for r in RIGHTS if r != missing])
    first = run_it(run, env)
    assert first.status == 75
    assert first.stdout == ""
    assert "the user needs permission for EVAL, GET, SET, PEXPIRE and TIME" in one(first.stderr, "run_refused")["msg"]
    assert ran(run_it(run, redis_env(server)))


@pytest.mark.parametrize("key", [LOCK, FENCE])
@pytest.mark.parametrize("what", ["list", "word"])
def test_a_key_of_another_kind(run, redis_server, key, what):
    """Left as it is; the message names the keys; what is not the fault's is as it was."""
    server = redis_server()
    if what == "list":
        server.cli("LPUSH", key, "precious")
    else:
        server.cli("SET", key, "precious")
    first = run_it(run, redis_env(server))
    assert first.stdout == ""
    if (key, what) == (LOCK, "word"):
        assert first.status == 0  # another's lock, for all we know
        assert "held by another" in one(first.stderr, "run_skipped")["msg"]
    else:
        assert first.status == 75
        assert f"{LOCK} or {FENCE} was not written by cronrun" in one(first.stderr, "run_refused")["msg"]
    assert server.cli("TYPE", key) == {"list": "list", "word": "string"}[what]
    server.cli("DEL", key)
    assert server.cli("EXISTS", LOCK) == "0"
    assert ran(run_it(run, redis_env(server)))


def test_out_of_memory(run, redis_server):
    """A server at maxmemory that evicts nothing refuses: 75, and nothing is left."""
    server = redis_server(maxmemory="1mb", maxmemory_policy="noeviction")
    server.cli("CONFIG", "SET", "maxmemory", "1")
    first = run_it(run, redis_env(server))
    assert first.status == 75
    assert "maxmemory" in one(first.stderr, "run_refused")["msg"]
    server.cli("CONFIG", "SET", "maxmemory", "0")
    assert ran(run_it(run, redis_env(server)))


@pytest.mark.parametrize("addresses", [["127.0.0.2", "127.0.0.1"], ["127.0.0.1", "127.0.0.2"]])
def test_the_second_address(run, redis_server, name_server, addresses):
    """The first one accepts and never answers: the other gets its share of the time."""
    server = redis_server()
    with socket.create_server(("127.0.0.2", server.port)):
        resolver = name_server({"cache.test": addresses})
        env = {"REDIS_URL": f"redis://cache.test:{server.port}", **resolver.env}
        result = run_it(run, env)
    assert ran(result), result.output
    assert server.cli("EXISTS", LOCK) == "0"


def stale_replica(redis_server, port):
    """At 127.0.0.2: it serves what it has, which is nothing, and knows no primary."""
    replica = redis_server(start=False, bind="127.0.0.2", replicaof=f"127.0.0.1 {free_port()}")
    replica.port = port
    return replica.start()


@pytest.mark.parametrize("step", ["claim", "confirmation", "release"])
def test_what_a_replica_lacks_proves_nothing(run, redis_server, proxy, name_server, step):
    """The answer is lost, and the next address is a replica that has never seen the lock: the primary has it all the same."""
    primary = redis_server()
    between = proxy(primary)
    stale_replica(redis_server, between.port)
    resolver = name_server({"cache.test": ["127.0.0.1", "127.0.0.2"]})
    between.lose(["claim", "confirmation", "release"].index(step) + 1, "server" if step != "release" else "client")
    env = {"REDIS_URL": f"redis://cache.test:{between.port}", **resolver.env}
    result = run_it(run, env)
    assert between.lost()
    assert ran(result), result.output
    assert primary.cli("EXISTS", LOCK) == "0"


def test_a_renewal_asks_no_replica(start, nasty, redis_server, proxy, name_server):
    """The connection breaks, the next address is such a replica: the lock is not lost, the primary renews it."""
    primary = redis_server()
    between = proxy(primary)
    stale_replica(redis_server, between.port)
    resolver = name_server({"cache.test": ["127.0.0.1", "127.0.0.2"]})
    env = {"REDIS_URL": f"redis://cache.test:{between.port}", **resolver.env}
    words = ["--lock", "redis", "--name", "mail", "--lock-ttl", "6s"]
    process = start("cronrun", *words, nasty, "ready", env=env)
    process.wait_for("ready")
    between.lose(1, "server")
    wait_until(between.lost, 10, "a renewal's answer is lost")
    renewed = between.server_bytes
    wait_until(lambda: between.server_bytes > renewed, 10, "the next renewal's answer")
    assert process.running()
    process.terminate()
    assert process.wait().status == 143
    assert not records(process.stderr, "lock_lost")


def test_a_replica_among_the_addresses(run, redis_server, name_server):
    """It refuses to write; the primary behind the same name is asked."""
    primary = redis_server(bind="127.0.0.1")
    # The replica has to have the primary's port, on another address.
    replica = redis_server(start=False, bind="127.0.0.2", replicaof=f"127.0.0.1 {primary.port}")
    replica.port = primary.port
    replica.start()
    wait_until(lambda: "master_link_status:up" in replica.cli("INFO", "replication"), 20, "replicating")
    resolver = name_server({"cache.test": ["127.0.0.2", "127.0.0.1"]})
    env = {"REDIS_URL": f"redis://cache.test:{primary.port}", **resolver.env}
    result = run_it(run, env)
    assert ran(result), result.output
