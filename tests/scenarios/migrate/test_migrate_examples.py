"""The SQL of the example systems, on a real server, by the options that their charts give migrate."""

from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[3] / "chart" / "examples"
CHAT = EXAMPLES / "kubechat" / "files"


@pytest.fixture
def chat(run, pg):
    """chat(command, *args): migrate on KubeChat's files; prepare() what db-init does before them."""

    def go(command, *args):
        return run("migrate", command, "--dir", CHAT / "migrations", "--layout", "golang", *args, env={"DATABASE_URL": pg.url})

    return go


@pytest.fixture
def prepare(run, pg):
    return lambda: run("migrate", "up", "--dir", CHAT / "db-init", "--table", "db_init_history", env={"DATABASE_URL": pg.url})


def tables(pg):
    listed = "SELECT table_schema || '.' || table_name FROM information_schema.tables WHERE table_schema IN ('public', 'audit') ORDER BY 1"
    return set(pg.psql(listed).splitlines())


def test_kubechat_goes_up_and_back_001_14(chat, prepare, pg):
    assert prepare().status == 0
    assert chat("up").status == 0 and chat("up").status == 0
    assert pg.psql("SELECT version, dirty FROM schema_migrations") == "3|f"
    assert {"public.conversation", "public.message", "audit.command"} < tables(pg)
    for left in ("2|f", "1|f"):
        done = chat("down", "--steps", "1")
        assert done.status == 0, done.output
        assert pg.psql("SELECT version, dirty FROM schema_migrations") == left
    assert chat("down", "--steps", "1").status == 0
    assert not {"public.conversation", "public.message", "audit.command"} & tables(pg)


def test_kubechats_first_sql_leaves_a_database_in_use_alone_001_7(chat, prepare, pg):
    """One that golang-migrate itself has brought to its second version, with data, and whose administrator made the rest."""
    pg.psql("CREATE SCHEMA audit", "CREATE EXTENSION pg_trgm")
    pg.psql("CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL)")
    for name in ("000001_conversations", "000002_audit"):
        pg.psql((CHAT / "migrations" / f"{name}.up.sql").read_text())
    pg.psql("INSERT INTO schema_migrations VALUES (2, false); INSERT INTO conversation (owner) VALUES ('ann')")
    for _ in range(2):
        done = prepare()
        assert done.status == 0, done.output
    done = chat("up")
    assert done.status == 0, done.output
    assert pg.psql("SELECT version, dirty FROM schema_migrations") == "3|f"
    assert pg.psql("SELECT owner FROM conversation") == "ann"
