"""Fixtures of the scenarios; what they hand out is described in rig/.

    run, start   our programs: run("migrate", "up", env={…}) waits (Result), start(…) does not (Process)
    pg           a fresh database on a server that all tests of the session share (never stop that one)
    pg_server    factory: a PostgreSQL of one's own, to stop, kill and freeze
    redis_server factory: a Redis of one's own; password=True, tls=True, replica_of=…
    pgbouncer    factory: a PgBouncer before a server
    fpm          factory: a PHP-FPM of one's own
    web, peer    factories: an application that answers over HTTP, one that says anything
    proxy        factory: a TCP proxy that falls silent, cuts, refuses
    ear, watched what the programs said, and their arguments as ps shows them, searched for passwords
    name_server  factory: a DNS server that answers, or never
    ca           a throwaway certificate authority
    scratch      a directory of the test's own (readable by the servers' user)

After each test its programs are ended; a password in their output, a sanitiser report or a process left behind fails
the test.
"""

import functools
import os
import shutil
import signal
import sys
import tempfile
import uuid
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from rig import base, dns, fpm as php, pgbouncer as bouncer, postgres, proxy as tcp_proxy, redis as red, tls, web as application  # noqa: E402
from rig.ear import Ear, Watcher  # noqa: E402
from rig.program import Programs  # noqa: E402


# A shell that starts pytest in the background leaves signals ignored; the programs would inherit that.
for _signum in signal.valid_signals():
    if signal.getsignal(_signum) == signal.SIG_IGN and _signum not in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(_signum, signal.default_int_handler if _signum == signal.SIGINT else signal.SIG_DFL)

# TERM and HUP end the session as Ctrl-C does: the servers are stopped first.
signal.signal(signal.SIGTERM, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.default_int_handler)


def pytest_collection_modifyitems(config, items):
    """What a build cannot be asked is no test of it: valgrind of a sanitised or static one, images of the others.
    RR_OWN: what another build is asked, too, is left to that one."""
    mode = os.environ.get("RR_MODE", "dev")
    asked = {"plain_build": ("dev",), "dynamic_build": ("dev", "asan"), "release_build": ("release",)}
    foreign = [mark for mark, builds in asked.items() if mode not in builds]
    left_out = [item for item in items if any(item.get_closest_marker(mark) for mark in foreign)]
    if os.environ.get("RR_OWN"):
        own = [mark for mark, builds in asked.items() if builds == (mode,)]
        left_out = [item for item in items if not any(item.get_closest_marker(mark) for mark in own)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


# --- Directories ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def top():
    """A short path, because a socket's is at most 107 bytes; servers' user may pass through."""
    directory = Path(tempfile.mkdtemp(prefix="rr-", dir="/tmp"))
    directory.chmod(0o755)
    yield directory
    base.close_keeper()
    if not os.environ.get("RR_KEEP"):
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def new_dir(top):
    numbers = iter(range(1, 1_000_000))

    def make():
        directory = top / str(next(numbers))
        directory.mkdir()
        directory.chmod(0o755)
        return directory

    return make


@pytest.fixture
def scratch(new_dir):
    return new_dir()


# --- Our programs -----------------------------------------------------------------------------------------------------


@pytest.fixture
def programs(new_dir):
    ours = Programs(new_dir(), uuid.uuid4().hex)
    yield ours
    complaints = ours.finish()
    if complaints:
        pytest.fail("\n".join(complaints))


@pytest.fixture
def run(programs):
    return programs.run


@pytest.fixture
def start(programs):
    return programs.start


@pytest.fixture
def ear():
    return Ear()


@pytest.fixture
def watched(programs, ear):
    """All of the test is watched; the arguments seen count as heard."""
    with Watcher(programs.mark) as watcher:
        programs.at_exec = watcher.look
        yield watcher
    assert watcher.looks >= len(programs.started) > 0
    assert not watcher.found


# --- Servers ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def pg_template(top):
    return postgres.make_template(top / "template")


@pytest.fixture(scope="session")
def shared_postgres(pg_template, new_dir):
    server = postgres.Postgres(new_dir(), pg_template, max_connections=100).start().create_app()
    yield server
    server.close()


@pytest.fixture
def pg(shared_postgres, request):
    """postgres.Database: .url, .socket_url, .psql(sql), .name, .port, .server"""
    name = postgres.database_name(request.node.name) + "_" + uuid.uuid4().hex[:6]
    database = postgres.Database(shared_postgres, "t_" + name)
    yield database
    database.drop()


@pytest.fixture
def pg_server(pg_template, new_dir, ca):
    """pg_server(tls=False, start=True, **postgresql_conf) -> postgres.Postgres with role and database app."""
    made = []

    def make(tls=False, start=True, **settings):
        server = postgres.Postgres(new_dir(), pg_template, **settings)
        made.append(server)
        if tls:
            server.use_tls(ca().issue())
        if start:
            server.start().create_app()
        return server

    yield make
    for server in made:
        server.close()


@pytest.fixture
def redis_server(new_dir, ca):
    """redis_server(password=False, tls=False, replica_of=None, start=True, **redis_conf) -> redis.Redis"""
    made = []

    def make(password=False, tls=False, replica_of=None, start=True, **settings):
        if replica_of:
            settings["replicaof"] = f"127.0.0.1 {replica_of.port}"
            if replica_of.password:
                settings["masterauth"] = replica_of.password
        certificate = ca().issue() if tls else None
        authority = ca().cert if tls else None
        server = red.Redis(new_dir(), red.PASSWORD if password else None, certificate, authority, **settings)
        made.append(server)
        return server.start() if start else server

    yield make
    for server in reversed(made):
        server.close()


@pytest.fixture
def valkey_server(redis_server):
    """As redis_server. Debian has Valkey from 13 on."""
    if not shutil.which("valkey-server"):
        pytest.skip("valkey-server is not installed")
    return functools.partial(redis_server, program="valkey-server")


@pytest.fixture
def pgbouncer(new_dir):
    """pgbouncer(server, mode="session", **settings) -> pgbouncer.PgBouncer"""
    made = []

    def make(server, mode="session", **settings):
        if isinstance(server, postgres.Database):
            server = server.server
        pooler = bouncer.PgBouncer(new_dir(), server, mode, **settings).start()
        made.append(pooler)
        return pooler

    yield make
    for pooler in made:
        pooler.close()


@pytest.fixture
def fpm(new_dir):
    """fpm(workers=2, unix=False, **pool_settings) -> fpm.Fpm"""
    made = []

    def make(**settings):
        made.append(php.Fpm(new_dir(), **settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def web(new_dir, ca):
    """web(tls=False, certificate=None) -> web.Web: an application that answers"""
    made = []

    def make(tls=False, certificate=None):
        one = application.Web(new_dir(), certificate or (ca().issue() if tls else None))
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()


@pytest.fixture
def peer():
    """peer(talk) -> web.Peer: talk(peer, connection) says what it likes to whoever asked"""
    made = []

    def make(talk):
        made.append(application.Peer(talk))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def proxy():
    """proxy(port or server) -> proxy.Proxy"""
    made = []

    def make(target, host="127.0.0.1"):
        one = tcp_proxy.Proxy(getattr(target, "port", target), host)
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()


@pytest.fixture
def name_server(new_dir):
    """name_server({"db.test": "127.0.0.1"}, mode="answer", search=()) -> dns.NameServer; give its .env to the program."""
    made = []

    def make(names=None, mode="answer", search=()):
        one = dns.NameServer(new_dir(), names, mode, search=search)
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="session")
def ca(new_dir):
    """ca() -> tls.Authority, made when first asked for."""
    made = []

    def get():
        if not made:
            made.append(tls.Authority(new_dir()))
        return made[0]

    return get
