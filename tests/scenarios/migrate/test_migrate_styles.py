"""Migrations in the styles of ten kinds of projects: migrate makes the database that psql makes, by pg_dump's word."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from rig import postgres
from rig.dump import sort_rows
from rig.migrations import history

STYLES = Path(__file__).resolve().parent / "styles"
OUTSIDE = re.compile(rb"CONCURRENTLY|^VACUUM|^-- migrate: transaction=off", re.M)


def psql(pg, file):
    """A session of its own, in one transaction where that can be."""
    command = [postgres.psql_program(), "-Xq", "-v", "ON_ERROR_STOP=1", "-h", pg.server.socket_dir, "-p", str(pg.port)]
    command += ["-U", postgres.USER, "-d", pg.name, "-f", str(file)]
    if not OUTSIDE.search(file.read_bytes()):
        command.append("-1")
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "PGCLIENTENCODING": "UTF8"}
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=60)
    assert done.returncode == 0, (file.name, done.stderr)


def dump(pg):
    command = [str(postgres.bindir() / "pg_dump"), "-h", pg.server.socket_dir, "-p", str(pg.port), "-U", postgres.SUPERUSER]
    command += ["-d", pg.name, "--exclude-table=schema_history*"]
    text = subprocess.run(command, check=True, capture_output=True, text=True, cwd="/").stdout
    return re.sub(r"^\\(un)?restrict .*\n", "", sort_rows(text), flags=re.M)


@pytest.mark.parametrize("style", sorted(p.name for p in STYLES.iterdir()))
def test_the_same_as_psql(run, pg, style):
    folder = STYLES / style
    names = sorted(p.name for p in folder.iterdir())
    assert len(names) == 15
    done = run("migrate", "up", "--dir", folder, env={"DATABASE_URL": pg.url})
    assert done.status == 0, done.output
    assert history(pg) == [name[:4] for name in names]
    other = postgres.Database(pg.server, pg.name + "_x")
    try:
        for name in names:
            psql(other, folder / name)
        assert dump(pg) == dump(other)
    finally:
        other.drop()
