"""What the stories of migrate share: a directory of files, and migrate up on it."""

import pytest
from rig.migrations import Migrations


@pytest.fixture
def files(scratch):
    """files("0001_a.sql", "SELECT 1;"): a file of the test's directory."""
    return Migrations(scratch)


@pytest.fixture
def up(run, files, pg):
    """up(*args, url=…, command="up"): migrate on the directory of the test."""

    def go(*args, url=None, env=None, command="up", **more):
        env = {"DATABASE_URL": url or pg.url, **(env or {})}
        return run("migrate", command, "--dir", files, *args, env=env, **more)

    return go
