"""migrate run around Alembic and Django themselves: eight at once, what was applied, and an older release's files."""

import shutil
import subprocess

import pytest
from rig.base import rounds
from rig.migrations import events, failure

PYTHON = "/usr/bin/python3"  # Debian's, which the packages are for


def has(module):
    return subprocess.run([PYTHON, "-c", f"import psycopg2, {module}"], capture_output=True).returncode == 0


class Alembic:
    """A project of three revisions; `older` has the first two."""

    tool = "alembic"
    command = [PYTHON, "-m", "alembic", "upgrade", "head"]
    ENV = """
import os
from alembic import context
from sqlalchemy import create_engine, pool
engine = create_engine(os.environ["APP_URL"], poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
    REVISION = """
revision = {revision!r}
down_revision = {down!r}
from alembic import op
def upgrade():
    op.execute({sql!r})
def downgrade():
    pass
"""
    SQL = ["CREATE TABLE counter (n int)", "INSERT INTO counter VALUES (0)", "UPDATE counter SET n = n + 1"]
    revisions = ["1975ea83b712", "27c6a30d7c24", "ae1027a6acf0"]
    applied = ["ae1027a6acf0"]  # its table has the heads alone

    def __init__(self, directory):
        self.directory = directory
        (directory / "versions").mkdir(parents=True)
        (directory / "alembic.ini").write_text("[alembic]\nscript_location = .\n")
        (directory / "env.py").write_text(self.ENV)
        (directory / "script.py.mako").write_text("")
        for i, (revision, sql) in enumerate(zip(self.revisions, self.SQL)):
            down = self.revisions[i - 1] if i else None
            (directory / "versions" / f"{revision}.py").write_text(self.REVISION.format(revision=revision, down=down, sql=sql))

    def older(self):
        (self.directory / "versions" / f"{self.revisions[-1]}.py").unlink()
        shutil.rmtree(self.directory / "versions" / "__pycache__", ignore_errors=True)


class Django:
    """An application of three migrations; `older` has the first two."""

    tool = "django"
    command = [PYTHON, "manage.py", "migrate", "--no-input"]
    SETTINGS = """
import os
from urllib.parse import parse_qs, unquote, urlsplit
url = urlsplit(os.environ["APP_URL"])
query = parse_qs(url.query)
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": url.path[1:], "USER": unquote(url.username),
    "PASSWORD": unquote(url.password or ""), "HOST": query.get("host", [url.hostname])[0], "PORT": query.get("port", [url.port])[0]}}
INSTALLED_APPS = ["shop"]
USE_TZ = True
SECRET_KEY = "none"
"""
    MIGRATION = """
from django.db import migrations
class Migration(migrations.Migration):
    dependencies = {depends!r}
    operations = [migrations.RunSQL({sql!r})]
"""
    names = ["0001_counter", "0002_row", "0003_one_more"]
    applied = [f"shop.{name}" for name in names]

    def __init__(self, directory):
        self.directory = directory
        self.files = directory / "shop" / "migrations"
        self.files.mkdir(parents=True)
        for package in (directory / "shop", self.files):
            (package / "__init__.py").write_text("")
        (directory / "settings.py").write_text(self.SETTINGS)
        (directory / "manage.py").write_text(
            "import os, sys\nos.environ['DJANGO_SETTINGS_MODULE'] = 'settings'\n"
            "from django.core.management import execute_from_command_line\nexecute_from_command_line(sys.argv)\n")
        for i, (name, sql) in enumerate(zip(self.names, Alembic.SQL)):
            depends = [("shop", self.names[i - 1])] if i else []
            (self.files / f"{name}.py").write_text(self.MIGRATION.format(depends=depends, sql=sql))

    def older(self):
        (self.files / f"{self.names[-1]}.py").unlink()


@pytest.fixture(params=[Alembic, Django], ids=lambda kind: kind.tool)
def project(request, scratch):
    if not has(request.param.tool):
        pytest.skip(f"python3-{request.param.tool} or python3-psycopg2 is not installed (make deps)")
    return request.param(scratch / "project")


@pytest.fixture
def wrapped(start, pg, project):
    def go(*options, cmd=None):
        return start("migrate", "run", "--export-url", "APP_URL", *options, "--", *(cmd or project.command),
                     env={"DATABASE_URL": pg.url, "PYTHONDONTWRITEBYTECODE": "1"}, cwd=project.directory)

    return go


def test_what_it_applied_is_told(wrapped, project, pg):
    first = wrapped().wait(60)
    assert first.status == 0, first.output
    assert [e["revision"] for e in events(first, "revision")] == project.applied
    assert {e["tool"] for e in events(first, "revision")} == {project.tool}
    assert events(first, "command_done")[0]["outcome"] == "done"
    again = wrapped().wait(60)
    assert again.status == 0 and not events(again, "revision"), again.output
    assert events(again, "command_done")[0]["outcome"] == "nothing"
    assert pg.psql("SELECT n FROM counter") == "1"


def test_eight_at_once(wrapped, project, pg, record_property):
    """Each of them alone would run into the others: on an empty database they make their history table together."""
    times = rounds(10, 1)
    for _ in range(times):
        pg.psql("DROP SCHEMA public CASCADE", "CREATE SCHEMA public AUTHORIZATION app", user="postgres")
        results = [p.wait(120) for p in [wrapped() for _ in range(8)]]
        assert [r.status for r in results] == [0] * 8, "\n".join(r.output for r in results if r.status)
        told = [e["revision"] for r in results for e in events(r, "revision")]
        assert sorted(told) == sorted(project.applied)
        assert pg.psql("SELECT n FROM counter") == "1"
    record_property("measured", f"{times} × 8 starts: every exit 0, each migration once")


def test_an_older_releases_files(wrapped, project, pg):
    """A rollback by git: the files are older than the database. Alembic fails, Django does not mind; neither is a failure."""
    assert wrapped().wait(60).status == 0
    project.older()
    result = wrapped().wait(60)
    assert result.status == 0, result.output
    ahead = events(result, "tool_ahead")
    if project.tool == "alembic":
        assert [e["revision"] for e in ahead] == [project.revisions[-1]], result.output
        assert events(result, "command_done")[0]["outcome"] == "ahead"
        refused = wrapped("--ahead", "refuse").wait(60)
        assert refused.status == 21, refused.output
    else:
        named = wrapped(cmd=[*project.command, "shop", project.names[-1]]).wait(60)
        assert named.status == 0, named.output
        assert [e["revision"] for e in events(named, "tool_ahead")] == [project.applied[-1]]


def test_a_name_that_nobody_knows_is_a_failure(wrapped, project):
    assert wrapped().wait(60).status == 0
    cmd = [*project.command[:-1], "nonsense"] if project.tool == "alembic" else [*project.command, "shop", "0009"]
    result = wrapped(cmd=cmd).wait(60)
    assert result.status == 30 and failure(result)["command_exit"] != 0, result.output


def test_sql_that_the_server_refuses(wrapped, project, pg):
    """Its own words are in its output, its status in the report; mended, the next start goes on."""
    pg.psql("CREATE TABLE counter (n int)")
    result = wrapped().wait(60)
    assert result.status == 30 and "already exists" in result.output, result.output
    pg.psql("DROP TABLE counter")
    assert wrapped().wait(60).status == 0
