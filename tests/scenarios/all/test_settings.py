"""Connection settings that all three programs read alike."""

import ctypes
import json
import re
import socket
import ssl
import struct
import threading

import pytest
from rig import postgres, tls
from rig.healthd import Healthd, slow

PROGRAMS = {
    "migrate": ["migrate", "wait", "--wait", "0s", "--log", "json"],
    "healthd": ["healthd", "check", "--log", "json"],
    "cronrun": ["cronrun", "run", "--log", "json", "--lock", "postgres", "--name", "job", "--", "true"],
}
USAGE = {"migrate": 23, "healthd": 2, "cronrun": 125}


def parts(pg):
    return {"PGHOST": "127.0.0.1", "PGPORT": pg.port, "PGUSER": postgres.USER, "PGDATABASE": pg.name}


def records(result):
    """Every line of stderr, each of them a record."""
    return [json.loads(line) for line in result.stderr.splitlines()]


@pytest.fixture
def passfile(scratch):
    path = scratch / "pgpass"
    path.write_text(f"*:*:*:*:{postgres.PASSWORD}\n")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("program", PROGRAMS)
def test_password_file(run, pg, passfile, program):
    """0600 works; 0644, which every Secret volume is, is one record, and the cause of what comes of it."""
    env = {**parts(pg), "PGPASSFILE": passfile}
    assert run(*PROGRAMS[program], env=env).status == 0
    passfile.chmod(0o644)
    result = run(*PROGRAMS[program], env=env)
    assert result.status not in (0, *USAGE.values()), result
    said = records(result)
    assert [r["level"] for r in said if r["event"] == "passfile"] == ["warn"]
    assert f"{passfile} is ignored because its mode 0644 gives access" in said[0]["msg"]
    assert "no password supplied" in result.output and result.output.count("0644") >= 2, result


def test_password_file_of_a_daemon(start, pg, passfile):
    """Told once, however many logins there are; mended without a restart."""
    passfile.chmod(0o640)
    env = {**parts(pg), "PGPASSFILE": passfile, "HEALTHD_CHECKS": "database postgres:// every 200ms connection each"}
    h = Healthd(start, env=env)
    h.until("failed: auth", slow(2))
    passfile.chmod(0o600)
    h.until("[+]database ok", slow(5))
    assert len(h.records("passfile")) == 1
    assert all(line.startswith("{") for line in h.process.stderr.splitlines())


@pytest.mark.plain_build
@pytest.mark.parametrize("program", PROGRAMS)
def test_keyword_of_a_newer_libpq(run, pg, program):
    version = ctypes.CDLL("libpq.so.5").PQlibVersion()
    if version >= 170000:
        pytest.skip("this libpq knows sslnegotiation")
    env = {"DATABASE_URL": pg.server.url(pg.name, sslnegotiation="direct", sslmode="require")}
    result = run(*PROGRAMS[program], env=env)
    assert result.status == USAGE[program]
    assert f"sslnegotiation is not supported by libpq {version // 10000}.{version % 10000}" in result.output


def test_settings_of_drivers(run, pg, pgbouncer, scratch):
    """GORM's TimeZone counts in migrations; the application's statement_timeout does not, and that is said."""
    (scratch / "0001_a.sql").write_text("CREATE TABLE t AS SELECT current_setting('timezone') AS zone, pg_sleep(0.05)::text;\n")
    dsn = f"host=127.0.0.1 port={pg.port} user={postgres.USER} password={postgres.PASSWORD} dbname={pg.name}"
    dsn += " sslmode=disable TimeZone=Asia/Shanghai statement_timeout=10"
    result = run("migrate", "up", "--dir", scratch, "--log", "json", env={"DATABASE_DSN": dsn})
    assert result.status == 0, result
    assert pg.psql("SELECT zone FROM t").strip() == "Asia/Shanghai"
    assert [r["setting"] for r in records(result) if r["event"] == "setting_unused"] == ["statement_timeout"]
    for program in ("healthd", "cronrun"):
        assert run(*PROGRAMS[program], env={"DATABASE_DSN": dsn}).status == 0
    pooler = pgbouncer(pg)  # refuses options
    dsn = dsn.replace(f"port={pg.port}", f"port={pooler.port}")
    assert run(*PROGRAMS["healthd"], env={"DATABASE_DSN": dsn}).status == 0


@pytest.mark.parametrize("program", PROGRAMS)
def test_unknown_parameter_by_name(run, program):
    env = {"DATABASE_URL": "postgres://app:c4nary-s3cret@127.0.0.1:1/x?sslmod=require&pool=5"}
    result = run(*PROGRAMS[program], env=env)
    assert result.status == USAGE[program]
    assert "DATABASE_URL: unknown parameter sslmod at character" in result.output and "did you mean sslmode?" in result.output


class Demanding:
    """A TLS server that wants a certificate of its clients; it stays until they are gone, so that its alert is read."""

    def __init__(self, authority, certificate):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate.cert, certificate.key)
        self.context.load_verify_locations(authority)
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._refuse, args=(connection,), daemon=True).start()

    def _refuse(self, connection):
        session = self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        try:
            session.do_handshake()
        except ssl.SSLError:
            with socket.socket(fileno=session.detach()) as raw:
                while raw.recv(1000):
                    pass


def test_a_client_certificate_is_demanded(start, pg_server, ca):
    """It is a matter of TLS, whatever speaks above it; with TLS 1.3 it is said behind the handshake."""
    authority = ca()
    certificate = authority.issue()
    server = pg_server(tls=True)
    server.use_tls(certificate, authority.cert).set_hba("hostssl all all all scram-sha-256 clientcert=verify-ca\nlocal all all trust\n")
    server.restart()
    with Demanding(authority.cert, certificate) as demanding:
        h = Healthd(
            start,
            "--check", f"web https://127.0.0.1:{demanding.port}/",
            "--check", f"cache rediss://127.0.0.1:{demanding.port}/?ca_file={authority.cert}",
            "--check", f"database {server.url(sslmode='require')}",
            env={"SSL_CERT_FILE": authority.cert},
        )  # fmt: skip
        for name in ("web", "cache", "database"):
            h.until("failed: tls", slow(2), name)


@pytest.mark.parametrize("reset", [False, True])
def test_the_end_within_a_handshake(start, peer, reset):
    """As of a server that is killed: nothing is wrong with its TLS."""

    def talk(_, connection):
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    gone = peer(talk)
    h = Healthd(
        start,
        "--check", f"web https://127.0.0.1:{gone.port}/",
        "--check", f"cache rediss://127.0.0.1:{gone.port}/?verify=no",
        "--check", f"database postgres://app@127.0.0.1:{gone.port}/app?sslmode=require",
    )  # fmt: skip
    for name in ("web", "cache", "database"):
        h.until("failed: closed", slow(2), name)


def test_why_a_certificate_is_not_accepted(run, pg_server, ca, scratch):
    """libpq says that it is not; which of the usual reasons it is, is told, too."""
    authority, stranger = ca(), tls.Authority(scratch / "stranger")
    server = pg_server(tls=True)
    cases = {
        "certificate has expired": (authority.issue(days=-1), authority),
        "unable to get local issuer certificate|self-signed certificate": (authority.issue(), stranger),
    }
    for reason, (certificate, trusted) in cases.items():
        server.use_tls(certificate)
        server.restart()
        url = server.url(sslmode="verify-full", host="localhost", sslrootcert=trusted.cert)
        result = run("migrate", "wait", "--wait", "0s", "--log", "json", env={"DATABASE_URL": url})
        assert result.status == 10, result
        assert re.search(f"certificate verify failed.*({reason})", records(result)[-1]["msg"]), result


@pytest.mark.parametrize("mode", ["verify-ca", "require", "verify-full"])
def test_a_certificate_is_not_blamed_for_its_name(run, pg_server, ca, mode):
    """"certificate verify failed" is never about the name: two of these modes do not even look at it."""
    server = pg_server(start=False)
    server.use_tls(ca().issue(name="other.test", san="DNS:other.test", days=-1))
    server.start().create_app()
    url = server.url(sslmode=mode, sslrootcert=ca().cert)
    result = run("migrate", "wait", "--wait", "0s", "--log", "json", env={"DATABASE_URL": url})
    assert result.status == 10, result
    assert "certificate verify failed" in records(result)[-1]["msg"], result
    assert "certificate has expired" in records(result)[-1]["msg"], result
