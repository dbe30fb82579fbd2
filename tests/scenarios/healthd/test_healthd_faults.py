"""The table of faults: what is broken in real servers, and what healthd makes of it.

faults.tsv is the table, one row a fault; docs/healthd.md shows it (scripts/docs). Here each row is given the line of its check, and
the fault is injected: the answer, its status, the metric and the log have to say what the row says. Where the fault passes, it is
undone, and the check has to come back by itself. What a server cannot be made to say is in test_healthd_truth.py.
"""

import csv
import re
import signal
import socket
import subprocess
import threading
from pathlib import Path

import pytest
from rig import tls
from rig.base import as_server_user, free_port, wait_until
from rig.healthd import Healthd, slow
from rig.postgres import PASSWORD, SUPERUSER, bindir

TABLE = Path(__file__).with_name("faults.tsv")
ROWS = {row["id"]: row for row in csv.DictReader(TABLE.open(), delimiter="\t")}

SHOWN = {"down": "[-]{id} failed: {reason}", "degraded": "[+]{id} degraded: {reason}"}


class Story:
    """Lines of checks that fail at once, or when begin() has run; cure() undoes that."""

    def __init__(self, lines, begin=None, cure=None, env=None):
        self.lines = lines
        self.begin = begin
        self.cure = cure
        self.env = env


def judge(h, row):
    name = row["id"]
    assert h.get(f"/health/check/{name}").status == int(row["status"]), row
    assert h.metric("healthd_check_reason", check=name, reason=row["reason"]) == 1, row

    def logged():
        return [(r["state"], r.get("reason")) for r in h.records("check_changed") if r["check"] == name][-1]

    wait_until(lambda: logged() == (row["state"], row["reason"]), slow(0.1), f"{name} in the log")


def tell(start, story, more=""):
    """Plays it; more: keys for all lines."""
    words = [w for name, line in story.lines.items() for w in ("--check", f"{name} {line} {more}".strip())]
    h = Healthd(start, *words, env={**(story.env or {}), "HEALTHD_LOG_LEVEL": "debug"})  # another reason alone is logged there
    if story.begin:
        for name in story.lines:
            h.until(f"[+]{name} ok", slow(2), name)
        story.begin()
    for name in story.lines:
        h.until(SHOWN[ROWS[name]["state"]].format(**ROWS[name]), slow(5), name)
        judge(h, ROWS[name])
    if not story.cure:
        assert not [n for n in story.lines if ROWS[n]["passes"] == "yes"], "passes, and is not cured"
        return
    story.cure()
    for name in story.lines:
        if ROWS[name]["passes"] == "yes":
            h.until(f"[+]{name} ok", slow(10), name)


both = pytest.mark.parametrize("connection", ["keep", "each"])


# --- PostgreSQL ---


@pytest.mark.parametrize("connection, language", [("keep", "de"), ("each", "en")])
def test_postgres_says_no(start, pg_server, scratch, connection, language):
    """Whatever its language. In C.UTF-8 a newer glibc asks no catalogue: hence a locale of its own."""
    subprocess.run(["localedef", "--no-archive", "-i", "de_DE", "-f", "UTF-8", scratch / "de_DE.UTF-8"], check=True)
    server = pg_server(start=False, lc_messages="de_DE.UTF-8")
    server.before = ("env", f"LOCPATH={scratch}", f"LANGUAGE={language}")
    server.hba = "local all all trust\nhost all stranger 127.0.0.1/32 reject\nhost all all 127.0.0.1/32 scram-sha-256\n"
    server.start().create_app()
    roles = [f"CREATE ROLE {r} PASSWORD '{PASSWORD}' {more or 'LOGIN'}" for r, more in (
        ("hasty", ""), ("reader", ""), ("crowd", "LOGIN CONNECTION LIMIT 0"), ("retired", "NOLOGIN"), ("stranger", ""))]  # fmt: skip
    server.psql(
        *roles, "ALTER ROLE hasty SET statement_timeout = '20ms'", "ALTER ROLE reader SET default_transaction_read_only = on",
        "CREATE DATABASE closed", "REVOKE CONNECT ON DATABASE closed FROM PUBLIC", "CREATE DATABASE small CONNECTION LIMIT 0",
        "CREATE DATABASE locked ALLOW_CONNECTIONS false",
    )  # fmt: skip
    server.psql("CREATE TABLE numbers (n int)", "GRANT ALL ON numbers TO PUBLIC", database="app")

    def cure():
        server.psql(
            f"ALTER ROLE retired LOGIN PASSWORD '{PASSWORD}'", "ALTER ROLE crowd CONNECTION LIMIT 9", "CREATE DATABASE missing",
            "GRANT CONNECT ON DATABASE closed TO PUBLIC", "ALTER DATABASE small CONNECTION LIMIT 9",
            "ALTER DATABASE locked ALLOW_CONNECTIONS true", f"CREATE ROLE unknown LOGIN PASSWORD '{PASSWORD}'",
        )  # fmt: skip
        server.psql("CREATE TABLE nowhere (n int)", "GRANT ALL ON nowhere TO PUBLIC", "INSERT INTO nowhere VALUES (1)",
                    "GRANT SELECT ON pg_authid TO app", "INSERT INTO numbers VALUES (1)", database="app")  # fmt: skip
        server.hba = server.hba.replace("reject", "scram-sha-256")
        server._write_config()
        server.daemon.send_signal(signal.SIGHUP)

    url = server.url()
    tell(start, Story({
        "pg-password": server.url(password="c4nary-s3cret-wrong"),
        "pg-no-password": server.url(password=""),
        "pg-unknown-user": server.url(user="unknown"),
        "pg-rejected": server.url(user="stranger"),
        "pg-no-login": server.url(user="retired"),
        "pg-no-database": server.url("missing"),
        "pg-no-connect": server.url("closed"),
        "pg-locked-database": server.url("locked"),
        "pg-full-role": server.url(user="crowd"),
        "pg-full-database": server.url("small"),
        "pg-no-tls": server.url(sslmode="require"),
        "pg-query-denied": f"{url} query 'SELECT 1 FROM pg_authid'",
        "pg-no-table": f"{url} query 'SELECT * FROM nowhere'",
        "pg-no-row": f"{url} query 'SELECT 1 FROM numbers'",
        "pg-false": f"{url} query \"SELECT current_setting('transaction_read_only') = 'on'\"",
        "pg-zero": f"{url} query 'SELECT 1/0'",
        "pg-syntax": f"{url} query 'SELEC 1'",
        "pg-slow-query": f"{server.url(user='hasty')} query 'SELECT 1 FROM pg_sleep(5)'",
        "pg-read-only": f"{server.url(user='reader')} query 'INSERT INTO numbers VALUES (1) RETURNING 1'",
        "pg-role": f"{url} role standby",
        "pg-schema": f"{url} schema 7",
    }, cure=cure), f"every 300ms timeout 6s connection {connection}")  # fmt: skip
    assert ("Passwort" in server.log_text()) == (language == "de"), server.log_text()[-2000:]


@both
def test_postgres_certificates(start, pg_server, ca, scratch, connection):
    well, old, other = (pg_server(start=False) for _ in range(3))
    well.use_tls(ca().issue())
    old.use_tls(ca().issue(days=-1))
    other.use_tls(ca().issue(name="x", san="DNS:shop.test"))
    for server in (well, old, other):
        server.start().create_app()
    foreign = tls.Authority(scratch / "foreign", "foreign CA")
    full = {"host": "localhost", "sslmode": "verify-full"}
    tell(start, Story({
        "pg-wrong-ca": well.url(**full, sslrootcert=foreign.cert),
        "pg-expired": old.url(**full, sslrootcert=ca().cert),
        "pg-wrong-name": other.url(**full, sslrootcert=ca().cert),
    }), f"every 300ms timeout 6s connection {connection}")  # fmt: skip


def fill(server):
    held = []
    for _ in range(20):
        p = subprocess.Popen(["psql", "-XAtq", server.socket_url(), "-c", "SELECT 'in'", "-c", "SELECT pg_sleep(600)"],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)  # fmt: skip
        held.append(p)
        p.stdout.readline()
    return held


def promote(standby):
    subprocess.run(as_server_user([str(bindir() / "pg_ctl"), "promote", "-D", str(standby.data)]), check=True, capture_output=True, cwd="/")


def test_postgres_later(start, pg_server, proxy, new_dir):
    killed, frozen, full = pg_server(), pg_server(), pg_server(max_connections=8, superuser_reserved_connections=3)
    between, held = proxy(frozen), []
    primary = pg_server()
    standby = primary.make_standby(new_dir()).start()
    cold = primary.make_standby(new_dir())
    port = cold.port = free_port()

    def begin():
        between.silence()
        killed.sigkill()
        held.extend(fill(full))
        standby.psql("SELECT pg_wal_replay_pause()")
        primary.psql("CREATE TABLE late (n int)")

    def cure():
        between.resume()
        killed.start()
        full.terminate("query LIKE 'SELECT pg_sleep%'")
        standby.psql("SELECT pg_wal_replay_resume()")
        for p in held:
            p.kill()
            p.communicate()

    each = "connection each every 300ms"
    try:
        wait_until(lambda: primary.psql("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == "1", 20)
        primary.psql("CREATE TABLE early (n int)")
        tell(start, Story({
            "pg-killed": f"{killed.url()} every 300ms",
            "pg-silent": f"{frozen.url(port=between.port)} every 300ms",
            "pg-full": f"{full.url()} {each}",
            "pg-lagging": f"{standby.socket_url(user=SUPERUSER)} max-lag 1s every 300ms",
        }, begin, cure))  # fmt: skip
        tell(start, Story({"pg-frozen": f"{frozen.url()} every 300ms"}, frozen.sigstop_all, frozen.sigcont))
        tell(start, Story({
            "pg-standby-role": f"{standby.url()} role primary every 300ms",
            "pg-standby-write": f"{standby.url()} query 'CREATE TABLE t (n int)' every 300ms",
        }, cure=standby.promote))  # fmt: skip
        primary.sigkill()
        # A standby that waits for its primary's WAL and lets nobody in meanwhile.
        cold.settings["hot_standby"] = "off"
        cold._write_config()
        cold._wait_ready = lambda: wait_until(lambda: "hot standby" in cold.log_text() or "starting" in cold.log_text(), 20) and True
        cold.start()
        tell(start, Story({"pg-recovering": f"{cold.url(port=port)} every 300ms"}, cure=lambda: promote(cold)))
    finally:
        standby.close()
        cold.close()


def test_pgbouncer(start, pg_server, pgbouncer):
    server = pg_server()
    users = {"auth_type": "scram-sha-256"}
    pooler, full = pgbouncer(server, **users), pgbouncer(server, max_client_conn=2)
    dead, lost = pgbouncer(server), pgbouncer(server, mode="transaction", server_login_retry=1, query_wait_timeout=1)
    frozen = pgbouncer(server)
    strict = pgbouncer(server, databases=f"app = host={server.socket_dir} port={server.port}")
    each = "connection each every 300ms"
    tell(start, Story({
        "bouncer-password": f"{pooler.url(password='c4nary-s3cret-wrong')} {each}",
        "bouncer-user": f"{pooler.url(user='nobody_here')} {each}",
        "bouncer-database": f"{strict.url('nothing')} {each}",
    }))  # fmt: skip
    held = []

    def begin():
        held.extend(socket.create_connection(("127.0.0.1", full.port)) for _ in range(2))
        dead.sigkill()
        frozen.sigstop_all()

    def cure():
        for s in held:
            s.close()
        dead.start()
        frozen.sigcont()

    tell(start, Story({
        "bouncer-full": f"{full.url()} {each}",
        "bouncer-killed": f"{dead.url()} every 300ms",
        "bouncer-frozen": f"{frozen.url()} every 300ms",
    }, begin, cure))  # fmt: skip
    tell(start, Story({"bouncer-no-server": f"{lost.url()} every 300ms timeout 5s"}, lambda: server.stop("immediate"), server.start))


# --- Redis ---


@both
def test_redis_says_no(start, redis_server, ca, scratch, connection):
    secret, full, secure = redis_server(password=True), redis_server(), redis_server(tls=True)
    disk = redis_server(enable_protected_configs="yes")
    secret.cli("ACL", "SETUSER", "probe", "on", ">c4nary-s3cret-p", "+ping")
    full.cli("CONFIG", "SET", "maxclients", "1")
    held = socket.create_connection(("127.0.0.1", full.port))
    kept = disk.cli("CONFIG", "GET", "dir").splitlines()[1]
    disk.cli("CONFIG", "SET", "dir", "/proc")
    disk.cli("CONFIG", "SET", "save", "3600 1")
    subprocess.run(["redis-cli", "-s", disk.socket, "SAVE"], capture_output=True)
    disk.cli("BGSAVE")
    wait_until(lambda: "rdb_last_bgsave_status:err" in disk.cli("INFO", "persistence"), 20, "a save that failed")
    foreign = tls.Authority(scratch / "foreign", "foreign CA")
    limited = secret.url(user="probe", password="c4nary-s3cret-p")

    def cure():
        held.close()
        secret.cli("ACL", "SETUSER", "probe", "+role", "+select")
        subprocess.run(["redis-cli", "-s", disk.socket, "CONFIG", "SET", "dir", kept], capture_output=True)
        disk.cli("CONFIG", "SET", "stop-writes-on-bgsave-error", "no")

    tell(start, Story({
        "redis-no-password": f"redis://127.0.0.1:{secret.port}",
        "redis-password": secret.url(password="c4nary-s3cret-wrong"),
        "redis-unknown-user": secret.url(user="nobody_here"),
        "redis-no-role": f"{limited} role master",
        "redis-no-select": secret.url(user="probe", password="c4nary-s3cret-p", db=1),
        "redis-full": full.url(),
        "redis-cannot-save": disk.url(),
        "redis-wrong-ca": f"rediss://localhost:{secure.port}/?ca_file={foreign.cert}",
        "redis-role": f"{secret.url()} role replica",
    }, cure=cure), f"every 300ms timeout 6s connection {connection}")  # fmt: skip


def test_redis_later(start, redis_server):
    killed, frozen, master, demoted = redis_server(), redis_server(), redis_server(), redis_server()
    busy = redis_server(lua_time_limit=50)
    stale, strict = redis_server(replica_of=master), redis_server(replica_of=master, replica_serve_stale_data="no")
    for r in (stale, strict):
        wait_until(lambda r=r: "master_link_status:up" in r.cli("INFO", "replication"), 20, "replica in step")
    loading = redis_server(enable_debug_command="yes")
    loading.cli("DEBUG", "POPULATE", "20000", "key", "100")
    loading.cli("CONFIG", "SET", "loading-process-events-interval-bytes", "1024")
    loading.cli("CONFIG", "SET", "key-load-delay", "200")
    threads = []

    def aside(server, *words):
        threads.append(threading.Thread(target=lambda: subprocess.run(["redis-cli", "-s", server.socket, *words], capture_output=True)))
        threads[-1].start()

    def begin():
        killed.sigkill()
        frozen.sigstop_all()
        demoted.cli("REPLICAOF", "127.0.0.1", "1")
        master.sigkill()
        aside(busy, "EVAL", "while true do end", "0")
        aside(loading, "DEBUG", "RELOAD")

    def cure():
        killed.start()
        frozen.sigcont()
        demoted.cli("REPLICAOF", "NO", "ONE")
        master.start()
        busy.cli("SCRIPT", "KILL")
        loading.cli("CONFIG", "SET", "key-load-delay", "0")

    every = "every 300ms"
    try:
        tell(start, Story({
            "redis-killed": f"{killed.url()} {every}",
            "redis-frozen": f"{frozen.url()} {every}",
            "redis-demoted": f"{demoted.url()} role master {every}",
            "redis-stale": f"{stale.url()} {every}",
            "redis-stale-optional": f"{stale.url()} optional {every}",
            "redis-master-down": f"{strict.url()} {every}",
            "redis-busy": f"{busy.url()} {every}",
            "redis-loading": f"{loading.url()} {every}",
        }, begin, cure))  # fmt: skip
    finally:
        loading.sigkill()
        for t in threads:
            t.join()


# --- Valkey ---


@both
def test_valkey(start, valkey_server, connection):
    secret, killed, frozen, demoted, primary = valkey_server(password=True), *(valkey_server() for _ in range(4))
    stale = valkey_server(replica_of=primary)
    wait_until(lambda: "master_link_status:up" in stale.cli("INFO", "replication"), 20, "replica in step")

    def begin():
        killed.sigkill()
        frozen.sigstop_all()
        demoted.cli("REPLICAOF", "127.0.0.1", "1")
        primary.sigkill()

    def cure():
        killed.start()
        frozen.sigcont()
        demoted.cli("REPLICAOF", "NO", "ONE")
        primary.start()

    keys = f"every 300ms connection {connection}"
    tell(start, Story({
        "valkey-killed": f"{killed.url()} {keys}",
        "valkey-frozen": f"{frozen.url()} {keys}",
        "valkey-demoted": f"{demoted.url()} role master {keys}",
        "valkey-stale": f"{stale.url()} {keys}",
    }, begin, cure))  # fmt: skip
    tell(start, Story({"valkey-no-password": f"{secret.url(password='')} {keys}"}))


# --- PHP-FPM ---


def test_fpm(start, fpm):
    seen, blind, dead, hung = fpm(), fpm(), fpm(), fpm()
    held = []

    def begin():
        held.extend(seen.fill() + blind.fill())
        dead.sigkill()
        hung.signal_workers(signal.SIGSTOP)

    def cure():
        seen.free()
        blind.free()
        dead.start()
        hung.signal_workers(signal.SIGCONT)
        for s in held:
            s.close()

    keys = "every 500ms timeout 500ms"
    tell(start, Story({
        "fpm-full": f"{seen.url()} status-page {seen.page_url()} {keys}",
        "fpm-full-unseen": f"{blind.url()} {keys}",
        "fpm-killed": f"{dead.url()} {keys}",
        "fpm-hung": f"{hung.url()} status-page {hung.page_url()} {keys}",
    }, begin, cure))  # fmt: skip
    tell(start, Story({"fpm-no-page": f"{seen.url('/pong')} {keys}"}))


# --- Names ---


def test_names(start, redis_server, name_server):
    """A name that is gone, a resolver that fails or falls silent, a name that leads to where nobody listens."""
    redis = redis_server()
    for name, mode in (("dns-gone", "answer"), ("dns-fails", "servfail"), ("dns-silent", "silent"), ("dns-moved", "answer")):
        names = name_server({"cache.test": "127.0.0.1"})

        def begin(names=names, mode=mode, name=name):
            names.mode = mode
            names.names = {"dns-gone": {}, "dns-moved": {"cache.test": "127.0.0.77"}}.get(name, names.names)

        def cure(names=names):
            names.mode, names.names = "answer", {"cache.test": "127.0.0.1"}

        line = f"redis://cache.test:{redis.port} connection each every 300ms"
        tell(start, Story({name: line}, begin, cure, names.env))


def test_search_domains(start, redis_server, name_server):
    """A short name that nothing completes any more, or another domain first."""
    redis = redis_server()
    line = f"redis://cache:{redis.port} connection each every 300ms"
    here = {"cache.svc.test": "127.0.0.1"}

    def change(names, to):
        names.names = to

    gone, shadowed = (name_server(here, search=("shop.svc.test", "svc.test")) for _ in range(2))
    tell(start, Story({"dns-search-gone": line}, lambda: change(gone, {}), lambda: change(gone, here), gone.env))
    assert {"cache.shop.svc.test", "cache.svc.test", "cache"} <= {name for name, _ in gone.queries}
    nearer = {**here, "cache.shop.svc.test": "127.0.0.77"}
    tell(start, Story({"dns-search-nearer": line}, lambda: change(shadowed, nearer), lambda: change(shadowed, here), shadowed.env))


# --- Over HTTP, TCP and in the file system ---


def cut(peer, connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")


def garbage(peer, connection):
    connection.sendall(b"220 mail.test ESMTP\r\n")


def test_http_says_no(start, web, ca, peer):
    app, old, soon, other = web(tls=True), web(certificate=ca().issue(days=-1)), web(certificate=ca().issue(days=5)), web()
    foreign = web(certificate=ca().issue(name="x", san="DNS:shop.test"))
    trusted = f"ca {ca().cert}"

    def url(server, scheme="https"):
        return f"{scheme}://127.0.0.1:{server.port}/"

    tell(start, Story({
        "https-expired": f"{url(old)} {trusted}",
        "https-expires-soon": f"{url(soon)} {trusted} days 7",
        "https-wrong-ca": url(app),
        "https-wrong-name": f"{url(foreign)} {trusted}",
        "https-no-tls": f"{url(other)} {trusted}",
        "tls-expired": f"tls://127.0.0.1:{old.port} {trusted}",
        "tls-wrong-ca": f"tls://127.0.0.1:{app.port}",
        "http-cut": url(peer(cut), "http") + " body whole",
        "http-garbage": url(peer(garbage), "http"),
        "http-body": f"{url(other, 'http')} body database",
        "http-match": f"{url(other, 'http')} match '^ok$'",
        "tcp-greeting": f"tcp://127.0.0.1:{peer(garbage).port} send x expect '+PONG'",
        "tcp-refused": f"tcp://127.0.0.1:{free_port()}",
    }), "every 300ms timeout 2s")  # fmt: skip


@both
def test_http_later(start, web, scratch, connection):
    ill, killed, frozen, moved = web(), web(), web(), web()
    here, switch = scratch / "here", scratch / "maintenance"
    here.write_text("x")

    def begin():
        ill.say(503)
        moved.say(302, "Location: /login")
        killed.sigkill()
        frozen.sigstop()
        here.unlink()
        switch.write_text("x")

    def cure():
        ill.say(200)
        moved.say(200)
        killed.start()
        frozen.sigcont()
        here.write_text("x")
        switch.unlink()

    def url(server):
        return f"http://127.0.0.1:{server.port}/ connection {connection} every 300ms"

    tell(start, Story({
        "http-503": url(ill),
        "http-redirect": f"{url(moved)} status 200",
        "http-killed": url(killed),
        "http-frozen": url(frozen),
        "file-gone": f"file:{here} every 300ms",
        "file-there": f"file:{switch} absent every 300ms",
    }, begin, cure))  # fmt: skip
    tell(start, Story({"disk-full": f"disk:{scratch} min-free 900000GiB every 300ms"}))


# --- The table itself ---


def test_every_row_has_its_story():
    """A row whose line no test of this file holds is none; and the other way about."""
    told = re.findall(r'[ {]"([a-z0-9-]+)": f?[^ }]', Path(__file__).read_text())
    told += re.findall(r'"(dns-[a-z]+)", "', Path(__file__).read_text())
    told = {name for name in told if "-" in name}
    assert told == set(ROWS), told ^ set(ROWS)
    assert len(ROWS) >= 40
