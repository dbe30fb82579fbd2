"""A password in every wrong place: each variable that a program reads gets texts with a password that belong elsewhere.

The variables come from the programs themselves and from PostgreSQL's manual, the forms from how connection strings look. What
is said at debug level, by ps, in the termination message and in the answers is searched.
"""

import itertools
import re
import signal
import zlib
from pathlib import Path

import pytest
from rig import postgres
from rig.base import CANARY, FULL, SLOW, free_port, wait_until
from rig.program import http_get

FORMS = [
    "postgres://app:{s}@127.0.0.1:1/x",
    "redis://:{s}@127.0.0.1:1/0",
    "host=127.0.0.1 user=app password={s}",
    "app:{s}@127.0.0.1:1/x",
    "//app:{s}@127.0.0.1",
    "pgsql:host=127.0.0.1;user=app;password={s}",
    "postgres://app:{s}@127.0.0.1:1/x\n",
]
BARE = "{s}"

# PostgreSQL's manual, "Environment Variables", and what our common manual adds to it.
PG = """PGHOST PGHOSTADDR PGPORT PGDATABASE PGUSER PGPASSFILE PGCHANNELBINDING PGREQUIREAUTH PGSERVICE PGSERVICEFILE PGOPTIONS
PGAPPNAME PGSSLMODE PGREQUIRESSL PGSSLCOMPRESSION PGSSLNEGOTIATION PGSSLCERT PGSSLKEY PGSSLCERTMODE PGSSLROOTCERT PGSSLCRL
PGSSLCRLDIR PGSSLSNI PGREQUIREPEER PGSSLMINPROTOCOLVERSION PGSSLMAXPROTOCOLVERSION PGGSSENCMODE PGKRBSRVNAME PGGSSLIB
PGCONNECT_TIMEOUT PGCLIENTENCODING PGTARGETSESSIONATTRS PGLOADBALANCEHOSTS PGDATESTYLE PGTZ PGGEQO PGSYSCONFDIR""".split()
DATABASE = "DATABASE_URL DATABASE_DSN DATABASE_HOST DATABASE_PORT DATABASE_NAME DATABASE_USER".split()
REDIS = "REDIS_URL REDIS_HOST REDIS_PORT REDIS_USERNAME REDIS_DB REDIS_TLS".split()

# A word alone is a name here, or a text for the server, which may repeat it: nothing tells it from a password.
NAMES = {"PGHOST", "PGDATABASE", "PGUSER", "PGSERVICE", "PGREQUIREPEER", "PGKRBSRVNAME", "PGOPTIONS", "PGTZ", "PGDATESTYLE"}
NAMES |= {"PGGEQO", "DATABASE_HOST", "DATABASE_NAME", "DATABASE_USER", "REDIS_HOST", "REDIS_USERNAME"}


def texts(name):
    """What is put into a variable: two forms of them all, which ones differs from name to name, and a word alone; or all."""
    at = zlib.crc32(name.encode()) % len(FORMS)
    forms = FORMS if FULL else (FORMS + FORMS)[at : at + (2 if SLOW == 1 else 1)]
    return [form.format(s=CANARY) for form in forms + ([] if name in NAMES or SLOW > 1 else [BARE])]


@pytest.fixture
def servers(pg_server, redis_server):
    return pg_server(tls=True), redis_server(password=True)


def base(name, server, cache, authority):
    """Settings under which `name` counts: TLS that verifies, so that files of certificates are looked at."""
    at = {"HOST": "127.0.0.1", "PORT": server.port, "USER": postgres.USER, "PASSWORD": postgres.PASSWORD}
    env = {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": cache.port, "REDIS_PASSWORD": cache.password}
    env |= {f"PG{k}" if name.startswith("PG") else f"DATABASE_{k}": v for k, v in at.items()}
    env |= {"PGSSLMODE": "verify-ca", "PGSSLROOTCERT": authority, "MIGRATE_WAIT": "0s"}
    if name in ("DATABASE_URL", "DATABASE_DSN"):
        del env["DATABASE_HOST"]
    if name == "REDIS_URL":
        del env["REDIS_HOST"]
    return env


PROGRAMS = {
    "migrate": ["migrate", "wait", "--log-level", "debug"],
    "healthd": ["healthd", "check", "--log-level", "debug"],
    "cronrun": ["cronrun", "run", "--log-level", "debug", "--name", "job"],
}


def ask(run, ear, program, name, env, message):
    """Runs it with that environment; everything that it said is heard."""
    words = list(PROGRAMS[program])
    if program == "cronrun":
        words += ["--lock", "redis" if name.startswith("REDIS") else "postgres"]
    if program != "healthd":
        words += ["--termination-log", message]
    message.write_text("")
    result = run(*words, *(["--", "true"] if program == "cronrun" else []), env=env)
    ear.hear_result(f"{program} {name}={env[name]!r}", result)
    ear.hear_file(message)
    return result


def test_connection_variables(run, ear, watched, servers, ca, name_server, scratch, record_property):
    """DATABASE_*, PG* and REDIS_*, plain and as the path of a file, in each program."""
    names = name_server().env
    message, kept = scratch / "termination", scratch / "kept"
    others = itertools.cycle(PROGRAMS)
    for name in [*DATABASE, *PG, *REDIS]:
        own = "healthd" if name.startswith("REDIS") else "migrate"
        env = names | base(name, *servers, ca().cert)
        for text in texts(name):
            ask(run, ear, own, name, env | {name: text}, message)
        first = FORMS[1 if name in ("DATABASE_URL", "DATABASE_DSN") else 0].format(s=CANARY)
        for program in PROGRAMS if FULL else [next(others)]:
            ask(run, ear, program, name, env | {name: first}, message)
        by_file = {k: v for k, v in env.items() if k != name}
        for text in texts(f"{name}_FILE")[: None if FULL else 1]:
            ask(run, ear, own, f"{name}_FILE", by_file | {f"{name}_FILE": text}, message)
        kept.write_text(first)
        ask(run, ear, own, f"{name}_FILE", by_file | {f"{name}_FILE": str(kept)}, message)
    ear.judge(record_property)


def variables_of(run, program):
    """The variables of its options, as its own table names them."""
    table = run(program, "--print-options=markdown").stdout
    found = set(re.findall(rf"`((?:{program.upper()}|SERVICE)_[A-Z_]+)`", table))
    assert len(found) >= 10
    return sorted(found)


@pytest.mark.parametrize("program", ["healthd", "migrate", "cronrun"])
def test_variables_of_options(run, start, ear, watched, program, scratch, record_property):
    """Every option as a variable: what is no connection string of its kind is refused, or works without being shown."""
    (scratch / "migrations").mkdir()
    (scratch / "migrations" / "0001_a.sql").write_text("SELECT 1;\n")
    closed = {"DATABASE_HOST": "127.0.0.1", "DATABASE_PORT": free_port(), "DATABASE_USER": "app"}
    closed |= {"MIGRATE_WAIT": "0s", "MIGRATE_DIR": str(scratch / "migrations"), "CRONRUN_LOCK": "none"}
    closed |= {"CRONRUN_NAME": "job", "HEALTHD_LISTEN": "127.0.0.1:0"}
    words = {"healthd": [], "migrate": ["up"], "cronrun": ["run", "--", "true"]}[program]
    (scratch / "crontab").write_text("@every 1h true\n")
    daemons = ("CRONRUN_TZ", "CRONRUN_DIALECT", "CRONRUN_DST", "CRONRUN_LISTEN", "CRONRUN_DRAIN")
    for name in variables_of(run, program):
        if name in daemons:
            words, closed["CRONRUN_LISTEN"] = ["daemon", scratch / "crontab"], "none"
        elif program == "cronrun":
            words = ["run", "--", "true"]
        for text in texts(name):
            if text == CANARY:
                continue  # a word alone is a name
            level = {} if name.endswith("_LOG_LEVEL") else {f"{program.upper()}_LOG_LEVEL": "debug"}
            process = start(program, *words, env={**closed, **level, name: text})
            if program == "healthd":
                listen(process, ear, f"{name}={text}")
            result = ear.hear_result(f"{program} {name}={text}", process.wait())
            assert result.status != 0 or name in ("CRONRUN_LOCK",), f"{name}={text}: {result}"
    ear.judge(record_property)


def listen(process, ear, what):
    """A daemon ends at once, or it answers: then its answers are heard, too."""

    def bound():
        return re.search(r'"address":"127\.0\.0\.1:(\d+)"', process.output)

    wait_until(lambda: bound() or not process.running(), 15, "listening, or its end")
    if bound():
        for page in ("/health", "/health/live", "/health/ready?verbose", "/metrics", "/status"):
            answer = http_get(int(bound()[1]), page)
            ear.hear(f"{what}: {page}", f"{answer.headers} {answer.body}")
        process.kill()


@pytest.mark.parametrize("program", PROGRAMS)
def test_no_core_file(start, program, scratch):
    """However many are allowed: what a program read, and its environment, would lie on a disk."""
    allowed = ("sh", "-c", 'ulimit -c unlimited && exec "$@"', "sh")
    env = {"DATABASE_URL": f"postgres://app:{CANARY}@127.0.0.1:{free_port()}/x", "CRONRUN_LOCK": "none"}
    env["ASAN_OPTIONS"] = "exitcode=99:detect_leaks=1:disable_coredump=0"  # else it lowers the limit before we do
    words = {
        "healthd": ["--listen", "127.0.0.1:0"],
        "migrate": ["wait", "--wait", "60s"],
        "cronrun": ["run", "--name", "job", "--", "sh", "-c", "echo command: $(ulimit -c); exec sleep 60"],
    }[program]
    process = start(program, *words, env=env, cwd=scratch, wrap=allowed)
    process.wait_for({"healthd": "listening", "migrate": "waiting", "cronrun": r"command: unlimited"}[program])
    limits = Path(f"/proc/{process.pid}/limits").read_text()
    assert re.search(r"Max core file size +1 ", limits), limits
    if program == "cronrun":
        return  # it hands every signal on to its command
    process.send_signal(signal.SIGILL)
    process.proc.wait()
    assert process.proc.returncode == -signal.SIGILL
    assert not list(scratch.iterdir())
