"""healthd and a PostgreSQL that dies, hangs, is full, refuses the login or cannot be found: at start, later, with a kept
session and with a login for each check."""

import json
import subprocess
import time

import pytest
from rig.base import as_server_user, has_ipv6, wait_until
from rig.healthd import Healthd, slow

BOUND = 2 + 2 * 1 + 0.5  # every + 2 x timeout + every/4 of the defaults


def check_line(connection, url="postgres://", more=""):
    return ["--check", f"database {url} connection {connection} {more}".strip()]


both = pytest.mark.parametrize("connection", ["keep", "each"])


def test_no_configuration(start, pg):
    h = Healthd(start, env={"DATABASE_URL": pg.url, "SERVICE_NAME": "shop", "SERVICE_VERSION": "1.2.3"})
    h.until("[+]database ok", slow(1))
    assert h.get("/health/ready").body == '{"status":"ready","database":"connected"}'
    assert h.get("/health/live").body == '{"status":"alive","service":"shop","version":"1.2.3"}'
    assert h.get("/health/startup").body == '{"status":"started"}'
    health = h.get("/health")
    assert health.status == 200
    stamp = json.loads(health.body)["timestamp"]
    assert health.body == (
        f'{{"status":"ok","service":"shop","version":"1.2.3","timestamp":"{stamp}","database":"connected"}}'
    )
    assert h.get("/health/check/database").body == '{"status":"ready","database":"connected"}'
    assert h.metric("healthd_check_up", check="database") == 1
    assert pg.sessions("application_name = 'healthd'") == 1


@pytest.mark.parametrize(
    "names",
    [
        ("DATABASE_HOST", "DATABASE_PORT", "DATABASE_NAME", "DATABASE_USER", "DATABASE_PASSWORD"),
        ("PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD"),
    ],
)
def test_from_parts(start, pg, names):
    from rig.postgres import PASSWORD, USER

    env = dict(zip(names, ("127.0.0.1", pg.port, pg.name, USER, PASSWORD)))
    h = Healthd(start, env=env)
    h.until("[+]database ok", slow(1))


def test_pguser_alone_is_no_database(start):
    h = Healthd(start, env={"PGUSER": "app", "PGPORT": "5432"})
    assert h.get("/health/ready").body == '{"status":"ready"}'
    assert len(h.records("no_checks")) == 1


@both
@pytest.mark.parametrize("way", ["fast", "immediate", "sigkill"])
def test_dies_and_comes_back(start, pg_server, connection, way):
    server = pg_server()
    h = Healthd(start, *check_line(connection, server.url()))
    h.until("[+]database ok", slow(1))
    if way == "sigkill":
        server.sigkill()
    else:
        server.stop(way)
    h.until("[-]database failed", slow(0.25 if connection == "keep" else 2))
    assert h.get("/health/ready").body == '{"status":"not_ready","database":"disconnected"}'
    assert h.ready() == 503
    h.until("failed: refused", slow(1))
    assert h.metric("healthd_check_reason", check="database", reason="refused") == 1
    assert h.json("/health")["status"] == "degraded"
    assert h.get("/health").status == 200
    server.start()
    h.until("[+]database ok", slow(1.2 * 0.5 + 0.1))
    assert h.ready() == 200


@both
def test_stopped_processes(start, pg_server, connection):
    server = pg_server()
    h = Healthd(start, *check_line(connection, server.url()))
    h.until("[+]database ok", slow(1))
    server.sigstop_all()
    took = h.until("failed: timeout", slow(BOUND))
    assert took > 1  # one time-out alone is not enough
    assert h.ready() == 503
    server.sigcont()
    h.until("[+]database ok", slow(1))


@both
def test_silent_network(start, pg, proxy, connection):
    between = proxy(pg)
    h = Healthd(start, *check_line(connection, pg.url_with(port=between.port)))
    h.until("[+]database ok", slow(1))
    between.silence()
    h.until("failed: timeout", slow(BOUND))
    between.resume()
    h.until("[+]database ok", slow(1))


def fill(server):
    """Sessions until no slot is left for role app. Nobody else connects meanwhile; a refusal counts when it is repeated,
    because a session that is just ending holds its slot for a moment."""
    held, refusals = [], 0
    command = ["psql", "-XAtq", server.socket_url(), "-c", "SELECT 'in'", "-c", "SELECT pg_sleep(600)"]
    while refusals < 5:
        p = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if p.stdout.readline() == "in\n":
            held.append(p)
            continue
        assert "connection" in p.communicate()[1]
        refusals += 1
        time.sleep(0.05)
    assert held
    return held


def empty(server, held):
    server.terminate("query LIKE 'SELECT pg_sleep%'")
    for p in held:
        p.kill()
        p.communicate()


def test_full_server_at_start_and_with_each(start, pg_server):
    server = pg_server(max_connections=8, superuser_reserved_connections=3)
    held = fill(server)
    try:
        h = Healthd(start, "--check", f"database {server.url()}", "--check", f"each {server.url()} connection each")
        h.until("failed: too_many_connections", slow(1))
        h.until("failed: too_many_connections", slow(1), "each")
        assert h.ready() == 503
    finally:
        empty(server, held)
    h.until("[+]database ok", slow(3))
    h.until("[+]each ok", slow(3), "each")


def test_full_server_is_no_outage_for_a_kept_session(start, pg_server):
    server = pg_server(max_connections=8, superuser_reserved_connections=3)
    h = Healthd(start, *check_line("keep", server.url(), "every 500ms"))
    h.until("[+]database ok", slow(1))
    held = fill(server)
    try:
        seen = h.metric("healthd_check_duration_seconds_count", check="database")
        wait_until(lambda: h.metric("healthd_check_duration_seconds_count", check="database") > seen + 3, slow(2))
        assert h.verbose() == "[+]database ok"
        assert h.ready() == 200
        assert [r["state"] for r in h.records("check_changed")] == ["up"]
    finally:
        empty(server, held)


@pytest.mark.slow
def test_login_faults_show_as_degraded(start, pg_server):
    """The kept session answers, but nobody could log in any more: degraded within 66 s, never down."""
    server = pg_server()
    h = Healthd(start, *check_line("keep", server.url()))
    h.until("[+]database ok", slow(1))
    server.psql("ALTER ROLE app PASSWORD 'another'")
    h.until("[+]database degraded: auth", 75)
    assert h.get("/health/ready").body == '{"status":"ready","database":"connected"}'
    assert h.json("/health")["status"] == "degraded"
    assert [r["state"] for r in h.records("check_changed")] == ["up", "degraded"]


@both
def test_wrong_password(start, pg, connection):
    h = Healthd(start, *check_line(connection, pg.url_with(password="c4nary-s3cret-wrong")))
    h.until("failed: auth", slow(1))
    assert h.ready() == 503
    assert "c4nary" not in h.get("/metrics").body + h.get("/health/ready?verbose").body


@both
def test_nobody_listens_at_start(start, pg_server, connection):
    server = pg_server()
    url = server.url()
    server.stop()
    h = Healthd(start, *check_line(connection, url))
    h.until("failed: refused", slow(1))
    assert h.ready() == 503
    server.start()
    h.until("[+]database ok", slow(1))


@both
def test_stopped_at_start(start, pg_server, connection):
    server = pg_server()
    server.sigstop_all()
    h = Healthd(start, *check_line(connection, server.url()))
    assert h.ready() == 503  # not known yet is not ready
    h.until("failed: timeout", slow(BOUND))
    server.sigcont()
    h.until("[+]database ok", slow(1))


@both
def test_name_that_does_not_resolve(start, pg, name_server, connection):
    dns = name_server({})
    url = f"postgres://app@db.test:{pg.port}/app"
    h = Healthd(start, *check_line(connection, url), env=dns.env)
    h.until("failed: dns", slow(2))
    assert h.ready() == 503


@both
def test_resolver_that_never_answers(start, pg, name_server, connection):
    dns = name_server({}, mode="silent")
    url = f"postgres://app@db.test:{pg.port}/app"
    h = Healthd(start, *check_line(connection, url), env=dns.env)
    h.until("failed: dns", slow(BOUND))
    assert h.ready() == 503
    assert h.metric("healthd_loop_stall_seconds") < 0.5


def test_resolver_that_falls_silent_later(start, pg, name_server):
    dns = name_server({"db.test": "127.0.0.1"})
    url = pg.url_with(host="db.test")
    h = Healthd(start, *check_line("each", url), env=dns.env)
    h.until("[+]database ok", slow(1))
    dns.mode = "silent"
    h.until("failed: dns", slow(BOUND))
    dns.mode = "answer"
    h.until("[+]database ok", slow(2))


def test_idle_session_ended_by_the_server_is_no_outage(start, pg):
    h = Healthd(start, *check_line("keep", pg.url))
    h.until("[+]database ok", slow(1))
    for _ in range(3):
        wait_until(lambda: pg.sessions("application_name = 'healthd'") == 1, slow(1))
        before = h.metric("healthd_check_duration_seconds_count", check="database")
        assert pg.terminate("application_name = 'healthd'") == 1
        wait_until(lambda: h.metric("healthd_check_duration_seconds_count", check="database") > before, slow(1))
    assert [r["state"] for r in h.records("check_changed")] == ["up"]


def test_role_and_query(start, pg):
    h = Healthd(
        start,
        "--check", f"wrong {pg.url} role standby",
        "--check", f"right {pg.url} role primary query 'SELECT 1'",
        "--check", f"none {pg.url} query 'SELECT 1 WHERE false'",
        "--check", f"bad {pg.url} query 'SELECT * FROM nowhere'",
        "--check", f"denied {pg.url} query 'SELECT * FROM pg_authid'",
    )  # fmt: skip
    h.until("failed: wrong_role", slow(1), "wrong")
    h.until("[+]right ok", slow(1), "right")
    h.until("failed: unexpected", slow(1), "none")
    h.until("failed: unexpected", slow(1), "bad")
    h.until("failed: privilege", slow(1), "denied")


def test_ipv6_and_unix_socket(start, pg):
    lines = ["--check", f"socket {pg.socket_url}"]
    if has_ipv6():
        lines += ["--check", f"six {pg.url_with(host='[::1]')}"]
    h = Healthd(start, *lines)
    h.until("[+]socket ok", slow(1), "socket")
    if has_ipv6():
        h.until("[+]six ok", slow(1), "six")


def test_several_hosts(start, pg, pg_server):
    other = pg_server()
    other.stop()
    from rig.postgres import PASSWORD

    url = f"postgres://app:{PASSWORD}@127.0.0.1:{other.port},127.0.0.1:{pg.port}/{pg.name}?target_session_attrs=read-write"
    h = Healthd(start, "--check", f"database {url}")
    h.until("[+]database ok", slow(1))


def test_tls(start, pg_server, ca):
    server = pg_server(tls=True)
    good = server.url(host="localhost", sslmode="verify-full", sslrootcert=ca().cert)
    h = Healthd(
        start,
        "--check", f"database {good}",
        "--check", f"stranger {server.url(sslmode='verify-full', host='localhost', sslrootcert='/etc/ssl/certs/ca-certificates.crt')}",
    )  # fmt: skip
    h.until("[+]database ok", slow(1))
    h.until("failed: tls", slow(1), "stranger")


def test_through_pgbouncer(start, pg, pgbouncer):
    pooler = pgbouncer(pg, mode="transaction")
    h = Healthd(start, *check_line("keep", pooler.url(pg.name)))
    h.until("[+]database ok", slow(1))
    pooler.sigkill()
    h.until("failed: refused", slow(1))


def test_pgbouncer_tells_its_reasons(start, run, pg_server, pgbouncer):
    """Real ones: it gives every error the same SQLSTATE; a wrong password ends migrate at once."""
    server = pg_server()
    pooler = pgbouncer(server, max_client_conn=10)
    wrong = pooler.url(password="c4nary-s3cret-wrong")
    strict = pgbouncer(server, databases=f"app = host={server.socket_dir} port={server.port}")
    h = Healthd(
        start,
        "--check", f"wrong {wrong} every 500ms timeout 2s",
        "--check", f"stranger {pooler.url(user='nobody_here')} every 500ms timeout 2s",
        "--check", f"none {strict.url('nothing')} every 500ms timeout 2s",
    )  # fmt: skip
    h.until("failed: auth", slow(1), "wrong")
    h.until("failed: auth", slow(1), "stranger")
    h.until("failed: no_database", slow(1), "none")
    result = run("migrate", "wait", "--wait", "60s", "--database", wrong)
    assert result.status == 10 and "waiting" not in result.stderr, result


def processes(server, most=None):
    """How many its user may have, from now on; the limit until then."""
    words = ["prlimit", "--pid", str(server.daemon.pid)]
    before = subprocess.check_output(as_server_user([*words, "--nproc", "--noheadings", "--output", "SOFT"]), text=True)
    if most:
        subprocess.run(as_server_user([*words, f"--nproc={most}:"]), check=True)
    return before.strip()


@pytest.mark.parametrize("secure", [False, True])
def test_server_that_cannot_fork(start, run, pg_server, secure):
    """It says so in the protocol's old form, without a SQLSTATE, and over TLS libpq tells no word of it."""
    server = pg_server(tls=secure)
    most = processes(server)
    h = Healthd(start, *check_line("each", server.url(), "every 300ms"))
    h.until("[+]database ok", slow(1))
    processes(server, 1)
    h.until("failed: refused", slow(2))
    result = run("migrate", "wait", "--wait", "100ms", "--log", "json", env={"DATABASE_URL": server.url()})
    assert result.status == 10
    assert "not retried" not in result.stderr
    processes(server, most)
    h.until("[+]database ok", slow(5))


def test_pgbouncer_without_its_server(start, pg_server, pgbouncer):
    """It lets clients in and then has no server for them."""
    server = pg_server()
    pooler = pgbouncer(server, mode="transaction", server_login_retry=1, query_wait_timeout=1)
    h = Healthd(start, "--check", f"database {pooler.url()} every 300ms timeout 5s")
    h.until("[+]database ok", slow(1))
    server.stop("immediate")
    h.until("failed: refused", slow(5))


def test_password_rotation_needs_no_restart(start, pg_server, scratch):
    from rig.postgres import PASSWORD

    server = pg_server()
    secret = scratch / "password"
    secret.write_text(PASSWORD)
    env = {
        "DATABASE_HOST": "127.0.0.1",
        "DATABASE_PORT": server.port,
        "DATABASE_NAME": "app",
        "DATABASE_USER": "app",
        "DATABASE_PASSWORD_FILE": secret,
    }
    h = Healthd(start, *check_line("each", more="every 300ms"), env=env)
    h.until("[+]database ok", slow(1))
    server.psql("ALTER ROLE app PASSWORD 'c4nary-s3cret-2'")
    h.until("failed: auth", slow(1))
    secret.write_text("c4nary-s3cret-2")
    h.until("[+]database ok", slow(2))
