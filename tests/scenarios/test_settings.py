"""Connection settings that all three programs read alike."""

import ctypes
import json

import pytest
from rig import postgres
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
    assert f"{passfile} is not used: its mode is 0644" in said[0]["msg"]
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
    assert f"sslnegotiation is not known to libpq {version // 10000}.{version % 10000}" in result.output
