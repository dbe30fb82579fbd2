"""The rig itself: each server starts, misbehaves and ends as the other scenarios rely on."""

import socket
import subprocess

import pytest
from rig.base import CANARY, alive, has_ipv6, wait_until
from rig.ear import Watcher
from rig.postgres import PASSWORD


def connect(url):
    done = subprocess.run(
        ["psql", "-XAtq", url, "-c", "SELECT 1"], capture_output=True, text=True, timeout=20, env={"PGCONNECT_TIMEOUT": "2"}
    )
    return done.stdout.strip() or done.stderr


def test_postgres_lives_and_dies(pg_server):
    server = pg_server()
    assert connect(server.url()) == "1"
    assert connect(server.socket_url()) == "1"
    if has_ipv6():
        assert connect(server.url(host="[::1]")) == "1"
    assert "authentication failed" in connect(server.url(password="wrong"))
    server.set_hba("host all all 127.0.0.1/32 reject\nlocal all all trust\n")
    assert "rejects" in connect(server.url())
    pids = server.daemon.tree()
    server.sigkill()
    assert not any(alive(p) for p in pids)
    server.start()
    server.sigstop_all()
    assert "timeout expired" in connect(server.url())
    server.sigcont()
    server.restart("immediate")


def test_postgres_over_tls(pg_server, ca):
    server = pg_server(tls=True)
    assert connect(server.url(host="localhost", sslmode="verify-full", sslrootcert=ca().cert)) == "1"


def test_a_database_of_its_own(pg):
    pg.psql("CREATE TABLE t (n int)", "INSERT INTO t VALUES (7)")
    assert pg.psql("SELECT n FROM t") == "7"
    assert connect(pg.url) == "1"
    assert connect(pg.socket_url) == "1"


def test_redis_kinds(redis_server):
    plain = redis_server()
    assert plain.cli("SET", "a", "1") == "OK"
    secret = redis_server(password=True)
    assert secret.cli("PING") == "PONG"
    replica = redis_server(replica_of=plain)
    wait_until(lambda: "master_link_status:up" in replica.cli("INFO", "replication"), 15, "replica in step")
    over_tls = redis_server(tls=True)
    assert over_tls.url().startswith("rediss://")
    plain.sigkill()
    plain.start()


@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_pgbouncer(pg, pgbouncer, mode):
    pooler = pgbouncer(pg, mode=mode)
    assert connect(pooler.url(pg.name)) == "1"


def test_proxy_silent_and_cut(pg, proxy):
    between = proxy(pg)
    assert connect(pg.url_with(port=between.port)) == "1"
    between.silence()
    assert "timeout expired" in connect(pg.url_with(port=between.port))
    between.resume()
    assert connect(pg.url_with(port=between.port)) == "1"
    between.refuse()
    assert "refused" in connect(pg.url_with(port=between.port))
    between.resume()
    between.cut_after(20)
    assert connect(pg.url_with(port=between.port)) != "1"
    assert PASSWORD not in connect(pg.url_with(port=between.port))


@pytest.mark.parametrize("direction", ["client", "server"])
def test_proxy_loses_one(redis_server, proxy, direction):
    between = proxy(redis_server())
    between.lose(2, direction)
    answers = []
    for _ in range(2):
        with socket.create_connection(("127.0.0.1", between.port), 5) as s:
            for _ in range(2):
                try:
                    s.sendall(b"PING\r\n")
                    answers.append(s.recv(64))
                except ConnectionError:
                    answers.append(b"")
    assert answers == [b"+PONG\r\n", b"", b"+PONG\r\n", b"+PONG\r\n"]
    assert between.lost()


def test_name_server_answers_or_not(name_server):
    query = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x02db\x04test\x00\x00\x01\x00\x01"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(5)
        s.sendto(query, ("127.0.0.1", name_server({"db.test": "127.0.0.9"}).port))
        assert s.recv(512).endswith(b"\x7f\x00\x00\x09")
        s.sendto(query, ("127.0.0.1", name_server().port))
        assert s.recv(512)[3] & 15 == 3
        s.settimeout(0.2)
        silent = name_server(mode="silent")
        s.sendto(query, ("127.0.0.1", silent.port))
        with pytest.raises(TimeoutError):
            s.recv(512)
        assert silent.queries == [("db.test", 1)]


def test_what_ends_at_once_has_been_looked_at(programs):
    """Each program itself, however soon it ends."""
    watcher = Watcher(programs.mark)  # not entered: it looks at the exec alone
    programs.at_exec = watcher.look
    for n in range(10):
        programs.run("healthd", "--version", wrap=("true",))
        assert watcher.looks == n + 1 and not watcher.found
    programs.run("healthd", CANARY, wrap=("true",))
    assert len(watcher.found) == 1
