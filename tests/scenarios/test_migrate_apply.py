"""How migrate applies a file: what it keeps in memory, whose settings hold, databases that are not UTF-8, places and hints."""

import os
import sys

import pytest

from rig.migrations import Migrations, events, failure, history

MEASURE = "import resource as r, subprocess, sys; s = subprocess.call(sys.argv[1:]); " \
          "print(r.getrusage(r.RUSAGE_CHILDREN).ru_maxrss); sys.exit(s)"


@pytest.fixture
def files(scratch):
    return Migrations(scratch)


@pytest.fixture
def up(run, files, pg):
    """up(*args, url=…): migrate up on the directory of the test."""

    def go(*args, url=None, env=None, **more):
        env = {"DATABASE_URL": url or pg.url, **(env or {})}
        return run("migrate", "up", "--dir", files, *args, env=env, **more)

    return go


# --- Memory -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def resident(up):
    """resident() -> KiB at most, of a run that ends well (of an interpreter before it, too)."""

    def go(*args):
        result = up(*args, wrap=[sys.executable, "-c", MEASURE])
        assert result.status == 0, result.output
        return int(result.stdout)

    return go


def bounded(kib, limit_mib):
    """Sanitisers keep what was freed: there only that it works is asked."""
    assert "asan" in os.environ.get("BIN_DIR", "") or kib < limit_mib * 1024


@pytest.mark.parametrize("header", ["", "-- migrate: transaction=off\n"])
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT g, md5(g::text) FROM generate_series(1, 500000) g;",
        "INSERT INTO t SELECT g, md5(g::text) FROM generate_series(1, 200000) g RETURNING *;",
        "COPY (SELECT g, md5(g::text) FROM generate_series(1, 500000) g) TO STDOUT;",
        "DO $$BEGIN PERFORM pg_notify('talk', g::text || repeat('x', 1000)) FROM generate_series(1, 30000) g; END$$;",
    ],
    ids=["select", "returning", "copy-out", "notify"],
)
def test_answers_that_nobody_reads_are_not_kept(resident, files, statement, header):
    files("0001_a.sql", "CREATE TABLE t (i int, m text);\n")
    files("0002_b.sql", f"{header}LISTEN talk;\n{statement}\nSELECT 1;\n")
    bounded(resident(), 24)


def test_a_large_statement(resident, files, pg):
    """Once for libpq, and twice within it; what the file holds is given back before."""
    files("0001_a.sql", "CREATE TABLE t (a text);\nINSERT INTO t VALUES ('" + "y" * 18_000_000 + "');\n")
    bounded(resident(), 72)
    assert pg.psql("SELECT length(a) FROM t") == "18000000"


def test_the_place_in_a_large_statement(up, files):
    """Its text was given back when it was sent, and is read again for the place."""
    files("0001_a.sql", "SELECT 1;\nSELECT '" + "ü\n" * 3_000_000 + "',\n  nix;\n")
    result = up()
    assert (failure(result)["line"], failure(result)["column"]) == (3_000_003, 3)
