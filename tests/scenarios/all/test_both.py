"""A variable and the file that is named in its place: both set is an error of every program, whichever variable it is.

Which variables there are is read from the sources, so that a new one is asked about as well.
"""

import re
from pathlib import Path

import pytest
from rig.base import CANARY

ROOT = Path(__file__).resolve().parents[3]
SOURCES = {path: path.read_text() for top in ("common", "healthd", "migrate", "cronrun") for path in (ROOT / top).rglob("*.c")}
# Paths, and what libpq itself sends to the server: these have no file of their own.
PLAIN = {"PGSERVICEFILE", "PGSYSCONFDIR", "PGDATESTYLE", "PGTZ", "PGGEQO"}
PROGRAMS = {
    "healthd": ["healthd", "check"],
    "migrate": ["migrate", "wait"],
    "cronrun": ["cronrun", "run", "--name", "job", "--lock"],
}
USAGE = {"healthd": 2, "migrate": 23, "cronrun": 125}


def connection_variables():
    found = set()
    for path, text in SOURCES.items():
        if path.parent.name == "target":
            found |= set(re.findall(r'"((?:DATABASE|REDIS)_[A-Z_]+|PG[A-Z_]+)"', text))
    assert len(found - PLAIN) >= 35
    return sorted(found - PLAIN)


def option_variables(program):
    """Of options that can be in a file."""
    own = "".join(text for path, text in SOURCES.items() if path.relative_to(ROOT).parts[0] == program)
    return sorted(re.findall(rf'"({program.upper()}_[A-Z_]+)_FILE"', own))


def refused(run, program, words, name, scratch):
    kept = scratch / "kept"
    kept.write_text(CANARY)
    env = {"DATABASE_HOST": "127.0.0.1", "DATABASE_PORT": "1", "DATABASE_USER": "app", "MIGRATE_WAIT": "0s"}
    env |= {} if name == "REDIS_URL" else {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": "1"}
    result = run(*words, env=env | {name: CANARY, f"{name}_FILE": kept})
    assert f"{name} and {name}_FILE are both set" in result.output, f"{program}: {result}"
    assert result.status == USAGE[program], f"{program}: {result}"
    assert CANARY not in result.output


@pytest.mark.parametrize("program", PROGRAMS)
def test_connection_variables(run, program, scratch):
    asked = 0
    for name in connection_variables():
        words = list(PROGRAMS[program])
        if program == "migrate" and name.startswith("REDIS"):
            continue
        if program == "cronrun":
            words += ["redis" if name.startswith("REDIS") else "postgres", "--", "true"]
        refused(run, program, words, name, scratch)
        asked += 1
    assert asked >= 30


@pytest.mark.parametrize("program", PROGRAMS)
def test_variables_of_options(run, program, scratch):
    names = option_variables(program)
    assert program != "cronrun" or "CRONRUN_PING" in names
    for name in names:
        refused(run, program, {"cronrun": ["cronrun", "run", "--lock", "none", "--", "true"]}.get(program, PROGRAMS[program]), name, scratch)


def test_the_flag_wins(run, scratch):
    """Over both: neither variable counts then."""
    kept = scratch / "kept"
    kept.write_text("http://127.0.0.1:1/a\n")
    env = {"CRONRUN_PING": "http://127.0.0.1:1/b", "CRONRUN_PING_FILE": kept}
    assert run("cronrun", "run", "--lock", "none", "--ping", "http://127.0.0.1:1/c", "true", env=env).status == 0
