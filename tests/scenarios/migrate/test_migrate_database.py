"""What a database, its roles and its settings do to migrate: whose history it is, and what a file finds."""

import json
import os

import pytest

from rig.base import free_port, wait_until
from rig.migrations import Holder, events, failure, history
from rig.postgres import PASSWORD


@pytest.fixture
def roles(pg):
    """roles("a", login=True): a role of the test's own, by its name on the server."""
    made = []

    def make(word, *also, login=True):
        name = f"{word}_{pg.name}"
        password = f"PASSWORD '{PASSWORD}'" if login else ""
        pg.psql(f"CREATE ROLE {name} {'LOGIN' if login else ''} {password}", *also, user="postgres")
        made.append(name)
        return name

    yield make
    for name in reversed(made):
        pg.psql("SET default_transaction_read_only TO off", f"DROP OWNED BY {name} CASCADE", f"DROP ROLE {name}", user="postgres")


# --- The history is read in full, as the role that owns it -----------------------------------------------------------


@pytest.mark.parametrize("force", [True, False], ids=["forced on its owner", "of another owner"])
def test_row_security_is_no_empty_history(up, files, pg, roles, force):
    """Rows that a policy hides would be taken for files that were never applied."""
    files("0001_a.sql", "CREATE TABLE a (i int);\nINSERT INTO a VALUES (1);\n")
    assert up().status == 0
    files("0001_a.sql", "-- edited\nCREATE TABLE IF NOT EXISTS a (i int);\nINSERT INTO a VALUES (1);\n")
    pg.psql("ALTER TABLE schema_history ENABLE ROW LEVEL SECURITY")
    url = None
    if force:
        pg.psql("ALTER TABLE schema_history FORCE ROW LEVEL SECURITY")
    else:
        other = roles("other")
        pg.psql(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {other}")
        url = pg.url_with(user=other)
    for command in ("up", "status"):
        result = up(command=command, url=url)
        said = failure(result)
        assert (result.status, said["sqlstate"]) == (20, "42501"), result.output
        assert "schema_history" in said["msg"] and "DISABLE ROW LEVEL SECURITY" in said["hint"]
    assert pg.psql("SELECT count(*) FROM a") == "1"


@pytest.mark.parametrize("header", ["", "-- migrate: transaction=off\n"], ids=["transaction", "outside"])
def test_a_row_that_a_trigger_leaves_out(up, files, pg, header):
    """The file would be done and count as pending, so that each start runs it again."""
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    assert up().status == 0
    pg.psql("CREATE FUNCTION old() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
            "CREATE TRIGGER t BEFORE INSERT ON schema_history FOR EACH ROW EXECUTE FUNCTION old()")
    files("0002_b.sql", header + "INSERT INTO a VALUES (1);\n")
    for _ in range(2):
        result = up()
        assert (result.status, failure(result)["file"]) == (20, "0002_b.sql"), result.output
        assert '"schema_history" suppressed the row' in failure(result)["msg"]
    assert pg.psql("SELECT count(*) FROM a") == "0"
    pg.psql("CREATE OR REPLACE FUNCTION old() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM 1 / 0; RETURN NEW; END'")
    assert (up().status, "division by zero" in failure(up())["msg"]) == (20, True)
    pg.psql("DROP TRIGGER t ON schema_history")
    assert (up().status, up().status, pg.psql("SELECT count(*) FROM a")) == (0, 0, "1")


def test_a_file_that_drops_the_history(up, files, pg):
    files("0001_a.sql", "DROP SCHEMA public CASCADE;\nCREATE SCHEMA public;\n")
    pg.psql("ALTER SCHEMA public OWNER TO app", user="postgres")
    result = up()
    assert result.status == 20 and "--table" in failure(result)["hint"], result.output
    assert up("--table", "migrate.history").status == 0
    files("0002_b.sql", "CREATE TABLE c (i int);\n"
          "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM 1 FROM nowhere; RETURN NULL; END';\n"
          "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON c DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION f();\n"
          "INSERT INTO c VALUES (1);\n")
    said = failure(up("--table", "migrate.history"))
    assert (said["sqlstate"], "hint" in said) == ("42P01", False), said


def test_a_role_that_may_not_make_the_history(up, files, pg, roles):
    files("0001_a.sql", "SELECT 1;\n")
    pg.psql("REVOKE CREATE ON SCHEMA public FROM PUBLIC", user="postgres")
    result = up(url=pg.url_with(user=roles("lowly")))
    said = failure(result)
    assert (result.status, said["sqlstate"]) == (20, "42501"), result.output
    assert "CREATE privilege on schema public" in said["hint"]


def test_row_security_of_the_files_own_tables_stays_theirs(up, files, pg):
    """Only our own reads refuse it: a file sees what its role sees."""
    files("0001_a.sql", "CREATE TABLE a (i int);\nINSERT INTO a VALUES (1);\nALTER TABLE a ENABLE ROW LEVEL SECURITY;\n"
                        "ALTER TABLE a FORCE ROW LEVEL SECURITY;\n")
    files("0002_b.sql", "CREATE TABLE b AS SELECT count(*) AS n FROM a;\n")
    result = up()
    assert result.status == 0, result.output
    assert pg.psql("SELECT n FROM b") == "0"


def test_logins_that_rotate(up, files, pg, roles):
    """Two logins, members of one role: with --role the history is that role's, too; who logged in stays to be seen."""
    owner = roles("owner", login=False)
    pg.psql(f"GRANT CREATE ON SCHEMA public TO {owner}", user="postgres")
    logins = [roles(word) for word in ("v1", "v2")]
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    for n, login in enumerate(logins, 1):
        # in this order: from PostgreSQL 16 on a membership inherits as the role did when it was granted
        pg.psql(f"ALTER ROLE {login} NOINHERIT", f"GRANT {owner} TO {login}", user="postgres")
        files(f"000{n}_x.sql" if n > 1 else "0001_a.sql", f"CREATE TABLE a{n} (i int);\n")
        files(f"001{n}_outside.sql", f"CREATE INDEX CONCURRENTLY i{n} ON a{n} (i);\n")
        result = up("--role", owner, "--out-of-order=apply", url=pg.url_with(user=login))
        assert result.status == 0, result.output
    assert pg.psql("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'") == owner
    assert pg.psql("SELECT version, applied_by FROM schema_history ORDER BY version", user="postgres").splitlines() == [
        f"0001|{logins[0]}", f"0002|{logins[1]}", f"0011|{logins[0]}", f"0012|{logins[1]}"]
    assert up(command="status", url=pg.url_with(user=logins[1])).status == 20
    # Neither inherits the role's rights: status takes it on, too.
    assert up(command="status", url=pg.url_with(user=logins[1])).status == 20
    result = up("--role", owner, command="status", url=pg.url_with(user=logins[1]))
    assert result.status == 0 and "4 applied" in result.stdout, result.output
    # A history that a login made for itself: said, with what mends it.
    pg.psql(f"ALTER TABLE schema_history OWNER TO {logins[0]}", user="postgres")
    result = up("--role", owner, url=pg.url_with(user=logins[0]))
    assert (result.status, failure(result)["sqlstate"]) == (20, "42501")
    assert owner in failure(result)["hint"] and "OWNER TO" in failure(result)["hint"]


# --- What a file finds does not depend on the files before it in the run ----------------------------------------------


# What a script can leave in its session: how, and the question whose answer must be the same as in a fresh one.
LEFT_BEHIND = {
    "temporary table": ("CREATE TEMP TABLE item AS SELECT 1 AS id", "SELECT to_regclass('pg_temp.item')"),
    "temporary function": ("CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "SELECT to_regproc('pg_temp.f')"),
    "prepared statement": ("PREPARE p AS SELECT 1", "SELECT count(*) FROM pg_prepared_statements"),
    "held cursor": ("DECLARE c CURSOR WITH HOLD FOR SELECT 1", "SELECT count(*) FROM pg_cursors WHERE name = 'c'"),
    "listening": ("LISTEN news", "SELECT count(*) FROM pg_listening_channels()"),
    "sequence": ("SELECT nextval('numbers')", "SELECT lastval()"),
    "setting": ("SET work_mem TO '7MB'", "SELECT current_setting('work_mem')"),
    "transactions' setting": ("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
                              "SELECT current_setting('transaction_isolation')"),
    "role": ("SET ROLE pg_monitor", "SELECT current_user"),
}


@pytest.fixture
def monitor(pg):
    """Membership belongs to the server that all tests share: it is taken back."""
    pg.psql("GRANT pg_monitor TO app", user="postgres")
    yield
    pg.psql("REVOKE pg_monitor FROM app", user="postgres")


@pytest.mark.parametrize("header", ["", "-- migrate: transaction=off\n"], ids=["transaction", "outside"])
@pytest.mark.parametrize("left", LEFT_BEHIND)
def test_nothing_is_left_to_the_next_file(up, files, pg, monitor, left, header):
    leave, ask = LEFT_BEHIND[left]
    pg.psql("CREATE SEQUENCE numbers", "CREATE TABLE found (t text)", user="postgres")
    pg.psql("ALTER TABLE found OWNER TO app", "ALTER SEQUENCE numbers OWNER TO app", user="postgres")
    note = f"DO $$ BEGIN INSERT INTO found SELECT ({ask})::text; EXCEPTION WHEN OTHERS THEN INSERT INTO found VALUES (SQLSTATE); END $$;\n"
    files("0001_fresh.sql", note)
    files("0002_leave.sql", f"{header}{leave};\nSELECT 1;\n")
    files("0003_ask.sql", note)
    files("0004_leave.sql", f"{header}{leave};\nSELECT 1;\n")
    result = up()
    assert result.status == 0, result.output
    fresh, after = pg.psql("SELECT coalesce(t, 'null') FROM found ORDER BY ctid").splitlines()
    assert fresh == after


def test_a_temporary_table_hides_no_table(up, files, pg):
    files("0001_a.sql", "CREATE TABLE item (id int);\n")
    files("0002_b.sql", "CREATE TEMP TABLE item AS SELECT 1 AS id;\n")
    files("0003_c.sql", "INSERT INTO item VALUES (7);\n")
    assert up().status == 0
    assert pg.psql("SELECT id FROM public.item") == "7"


def test_nothing_is_left_to_the_next_attempt(up, files, pg):
    """ROLLBACK leaves what is not the transaction's: a prepared statement, a sequence's last value."""
    pg.psql("CREATE SEQUENCE tries")
    files("0001_a.sql", "PREPARE p AS SELECT 1;\nDO $$ BEGIN IF nextval('tries') = 1 THEN\n"
                        "  RAISE EXCEPTION 'once' USING ERRCODE = 'serialization_failure';\nEND IF; END $$;\n")
    result = up()
    assert result.status == 0, result.output
    assert [r["sqlstate"] for r in events(result, "retry")] == ["40001"]


# --- Outside a transaction nothing runs before its row is known to be writable ----------------------------------------


def counted(files, name="0002_count.sql"):
    """A file whose every run leaves a trace."""
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    files(name, "-- migrate: transaction=off\nINSERT INTO a VALUES (1);\nCREATE INDEX CONCURRENTLY a_i ON a (i);\n")


def no_insert(pg, database):
    """The history's owner has given it to somebody who lets others only read."""
    pg.psql("ALTER TABLE schema_history OWNER TO postgres", "GRANT SELECT ON schema_history TO app", user="postgres")
    return "42501"


def unique_index(pg, database):
    pg.psql("CREATE UNIQUE INDEX mine ON schema_history (tool)")
    return "23505"


def trigger_at_commit(pg, database):
    pg.psql("CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'no'; END$$",
            "CREATE CONSTRAINT TRIGGER no AFTER INSERT ON schema_history DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION no()")
    return "P0001"


@pytest.mark.parametrize("hinder", [no_insert, unique_index, trigger_at_commit])
def test_a_row_that_cannot_be_written_stops_before_the_file(up, files, pg, hinder):
    counted(files)
    assert up("--to", "0001").status == 0
    sqlstate = hinder(pg, pg.name)
    for _ in range(2):
        result = up()
        said = failure(result)
        assert (result.status, said["sqlstate"], said["file"]) == (20, sqlstate, "0002_count.sql"), result.output
        assert "the file is not run" in said["msg"]
    assert pg.psql("SELECT count(*) FROM a", "SELECT count(*) FROM pg_class WHERE relname = 'a_i'") == "0\n0"


def test_a_locked_history_is_waited_for_before_the_file(up, files, pg, start):
    counted(files)
    assert up("--to", "0001").status == 0
    with Holder(pg, "LOCK TABLE schema_history IN SHARE MODE;"):
        process = start("migrate", "up", "--dir", files, "--lock-timeout=50ms", env={"DATABASE_URL": pg.url})
        process.wait_for('"event":"retry"')
        assert pg.psql("SELECT count(*) FROM a") == "0"
    assert process.wait().status == 0
    assert pg.psql("SELECT count(*) FROM a") == "1"


def test_a_name_that_the_database_cannot_hold(up, files, pg):
    name = f"l_{pg.name}"
    pg.psql(f"CREATE DATABASE {name} OWNER app ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0", user="postgres")
    try:
        counted(files, "0002_→.sql")
        for _ in range(2):
            result = up(url=pg.server.url(name))
            assert (result.status, failure(result)["sqlstate"]) == (20, "22P05"), result.output
        assert pg.server.psql("SELECT count(*) FROM a", database=name) == "0"
    finally:
        pg.psql(f"DROP DATABASE {name}", user="postgres")


def test_a_name_that_is_not_utf8(up, files, pg):
    counted(files)
    os.rename(files.path / "0002_count.sql", bytes(files.path) + b"/0002_\xfc.sql")
    result = up()
    assert (result.status, "not UTF-8" in failure(result)["msg"]) == (23, True), result.output
    assert pg.psql("SELECT to_regclass('a') IS NULL") == "t"


# --- Whose table, whose database it is --------------------------------------------------------------------------------


def test_further_columns_of_the_history(up, files, pg):
    """Somebody's own column is no reason to stop, where a row can be written without it."""
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    assert up().status == 0
    pg.psql("ALTER TABLE schema_history ADD COLUMN ticket text, ADD COLUMN id int GENERATED ALWAYS AS IDENTITY NOT NULL,"
            " ADD COLUMN at date NOT NULL DEFAULT now()")
    files("0002_b.sql", "CREATE TABLE b (i int);\n")
    files("0003_c.sql", "CREATE INDEX CONCURRENTLY b_i ON b (i);\n")
    result = up()
    assert result.status == 0, result.output
    assert up(command="status").stdout.count("applied ") >= 3
    pg.psql("ALTER TABLE schema_history ALTER COLUMN at DROP DEFAULT")
    files("0004_d.sql", "CREATE TABLE d (i int);\n")
    result = up()
    assert result.status == 23
    assert "additional column at" in failure(result)["msg"] and "default" in failure(result)["msg"]
    assert pg.psql("SELECT to_regclass('d') IS NULL") == "t"


def test_a_row_refused_for_a_missing_value_is_no_lost_lock(up, files, pg):
    files("0001_a.sql", "CREATE TABLE a (i int);\nALTER TABLE schema_history ADD COLUMN x int NOT NULL;\n")
    result = up()
    assert (result.status, failure(result)["sqlstate"]) == (20, "23502"), result.output
    assert "lock" not in failure(result)["msg"]


@pytest.mark.parametrize("schema, table, columns, tool", [
    ("atlas_schema_revisions", "atlas_schema_revisions", "version varchar PRIMARY KEY, description varchar, hash varchar", "Atlas"),
    ("ops", "schema_migrations", "version varchar PRIMARY KEY", "dbmate"),
    ("Ops", "goose_db_version", "id serial, version_id bigint, is_applied boolean, tstamp timestamp", "goose"),
    ("public", "alembic_version", "version_num varchar(32) NOT NULL", "alembic"),
])
def test_a_history_of_another_tool_in_another_schema(up, files, pg, schema, table, columns, tool):
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    pg.psql(f'CREATE SCHEMA IF NOT EXISTS "{schema}"', f'CREATE TABLE "{schema}".{table} ({columns})')
    result = up()
    said = failure(result)
    assert result.status == 23, result.output
    assert tool in said["msg"] and f"{schema}.{table}" in said["msg"]
    assert "--layout=native" in said["msg"] + said.get("hint", "")
    assert pg.psql("SELECT to_regclass('a') IS NULL") == "t"
    assert up("--layout=native").status == 0


def test_a_history_that_the_role_may_not_see_is_somebody_elses(up, files, pg):
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    pg.psql("CREATE SCHEMA theirs", "CREATE TABLE theirs.schema_migrations (version varchar PRIMARY KEY)", user="postgres")
    assert up().status == 0


# --- An index that is not valid is none -------------------------------------------------------------------------------


@pytest.mark.parametrize("again, status", [
    ("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS one ON a (i);\n", 24),
    ("CREATE UNIQUE INDEX IF NOT EXISTS One ON ONLY public . \"a\" (i);\n", 20),
    ("-- migrate: transaction=off\nCREATE INDEX /* again */ IF NOT EXISTS \"one\" ON a (i);\n", 24),
    ("SET client_min_messages TO error;\nCREATE INDEX IF NOT EXISTS one ON a (i);\n", 20),
], ids=["concurrently", "in a transaction", "outside", "without notices"])
def test_an_invalid_index_is_not_taken_for_the_index(up, files, pg, again, status):
    """Somebody's CREATE INDEX CONCURRENTLY failed, and a file comes with IF NOT EXISTS."""
    files("0001_a.sql", "CREATE TABLE a (i int);\nINSERT INTO a VALUES (1), (1);\n")
    assert up().status == 0
    pg.psql("CREATE UNIQUE INDEX CONCURRENTLY one ON a (i)", check=False)
    pg.psql("DELETE FROM a")
    files("0002_i.sql", again)
    result = up()
    said = failure(result)
    assert result.status == status, result.output
    assert "INVALID" in said["msg"] and "DROP INDEX CONCURRENTLY" in said["msg"]
    assert said["line"] == again.count("\n")
    pg.psql("DROP INDEX one")
    for _ in range(2):  # made, and found to be valid
        result = up()
        assert result.status == 0, result.output
        files("0003_i.sql", again)
    assert pg.psql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'one'::regclass") == "t"


def test_a_partitioned_index_may_be_invalid(up, files, pg):
    """The parent's is, until each partition has its own."""
    files("0001_a.sql", "CREATE TABLE p (i int) PARTITION BY RANGE (i);\nCREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9);\n"
                        "CREATE INDEX p_i ON ONLY p (i);\nCREATE INDEX IF NOT EXISTS p_i ON ONLY p (i);\n")
    result = up()
    assert result.status == 0, result.output


# --- A session that cannot write --------------------------------------------------------------------------------------


@pytest.mark.parametrize("statement, said", [
    ("ALTER ROLE {role} SET default_transaction_read_only TO on", "ALTER ROLE {role} SET"),
    ("ALTER DATABASE {database} SET default_transaction_read_only TO on", "ALTER DATABASE {database} SET"),
    ("ALTER ROLE {role} IN DATABASE {database} SET default_transaction_read_only TO on", "ALTER ROLE {role} IN DATABASE {database} SET"),
    (None, "PGOPTIONS"),
], ids=["role", "database", "role in database", "options"])
def test_a_read_only_session_says_whose_setting_that_is(run, files, pg, roles, statement, said):
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    names = {"role": roles("reader"), "database": pg.name}
    env = {"DATABASE_URL": pg.url_with(user=names["role"])}
    if statement:
        pg.psql(statement.format(**names), user="postgres")
    else:
        env["PGOPTIONS"] = "-c default_transaction_read_only=on"
    result = run("migrate", "up", "--dir", files, env=env)
    assert result.status == 10, result.output
    assert "default_transaction_read_only" in failure(result)["msg"] and said.format(**names) in failure(result)["msg"]


# --- Two files of one version, one after the other --------------------------------------------------------------------


def test_a_version_that_belongs_to_another_file(up, files, pg):
    """Two branches took the same number: the applied one is named, not "changed since"."""
    files("0001_users.sql", "CREATE TABLE users (i int);\n")
    assert up().status == 0
    files.remove("0001_users.sql")
    files("0001_orders.sql", "CREATE TABLE orders (i int);\n")
    result = up()
    assert (result.status, failure(result)["file"]) == (21, "0001_orders.sql")
    assert '"users"' in failure(result)["msg"] and "changed" not in failure(result)["msg"]
    assert "orders (applied: users)" in up(command="status").stdout
    said = json.loads(up("--json", command="status").stdout)["migrations"]
    assert [(m["name"], m["applied_name"], m["state"]) for m in said] == [("orders", "users", "drifted")]
    # Only another name is no other file.
    files.remove("0001_orders.sql")
    files("0001_people.sql", "CREATE TABLE users (i int);\n")
    assert up().status == 0


# --- Who is in the way, and where -------------------------------------------------------------------------------------


BLOCKED = "CREATE TABLE b (i int);\nSELECT 1;\n\nALTER TABLE a ADD COLUMN j int;\nSELECT 2;\n"


@pytest.mark.parametrize("options, words", [
    (["--lock-timeout=none", "--deadline=4s"], ["deadline exceeded", "blocked by"]),
    (["--lock-timeout=500ms", "--deadline=5s"], ["deadline exceeded", "blocked by"]),
], ids=["in a statement", "between attempts"])
@pytest.mark.parametrize("header", ["", "-- migrate: transaction=off\n"], ids=["transaction", "outside"])
def test_a_deadline_names_blocker_and_line(run, files, pg, options, words, header):
    pg.psql("CREATE TABLE a (i int)")
    files("0001_a.sql", header + BLOCKED)
    with Holder(pg, "LOCK TABLE a;"):
        result = run("migrate", "up", "--dir", files, *options, env={"DATABASE_URL": pg.url})
    said = failure(result)
    assert result.status == 12, result.output
    assert all(word in said["msg"] for word in words) and "(a reader)" in said["msg"], result.output
    assert (said["file"], said["line"]) == ("0001_a.sql", 4 + header.count("\n"))


def test_a_deadline_without_a_blocker_names_the_line(run, files, pg):
    files("0001_a.sql", "SELECT 1;\nSELECT 2;\n  SELECT pg_sleep(600);\n")
    result = run("migrate", "up", "--dir", files, "--deadline=1s", env={"DATABASE_URL": pg.url})
    said = failure(result)
    assert (result.status, said["line"], said["column"]) == (12, 3, 3)
    assert "blocked" not in said["msg"]


def test_a_deadline_names_whom_migrate_itself_waited_for(run, start, files, pg):
    """The holder of its lock, of its table, and the database that did not accept."""
    files("0001_a.sql", "SELECT 1;\n")
    env = {"DATABASE_URL": pg.url}
    assert run("migrate", "up", "--dir", files, env=env).status == 0
    files("0002_b.sql", "SELECT pg_sleep(600);\n")
    holder = start("migrate", "up", "--dir", files, env=env)
    wait_until(lambda: pg.sessions("query LIKE '%pg_sleep%'"), what="the holder works")
    result = run("migrate", "up", "--dir", files, "--deadline=2s", env=env)
    holder.terminate()
    holder.wait()
    assert result.status == 12, result.output
    assert "blocked by another runner, migrate " in failure(result)["msg"]
    with Holder(pg, "LOCK TABLE schema_history;"):
        result = run("migrate", "up", "--dir", files, "--deadline=4s", env=env)
    assert result.status == 12, result.output
    assert "(a reader)" in failure(result)["msg"]
    result = run("migrate", "up", "--dir", files, "--deadline=2s", env={"DATABASE_URL": f"postgres://app@127.0.0.1:{free_port()}/x"})
    assert result.status == 12, result.output
    assert "waited for the database" in failure(result)["msg"] and "refused" in failure(result)["msg"].lower()


def test_a_prepared_transaction_is_named(run, start, files, pg_server):
    """It has no session: pg_blocking_pids gives 0 for it."""
    server = pg_server(max_prepared_transactions=4)
    env = {"DATABASE_URL": server.url()}
    server.psql("CREATE TABLE a (i int)", database="app", user="app")
    server.psql("BEGIN", "INSERT INTO a VALUES (1)", "PREPARE TRANSACTION 'left by it''s owner'", database="app", user="app")
    files("0001_a.sql", "CREATE TABLE b (i int);\nALTER TABLE a ADD COLUMN j int;\n")
    result = run("migrate", "up", "--dir", files, "--lock-timeout=1s", "--deadline=4s", env=env)
    who = "prepared transaction \"left by it's owner\" of app"
    assert result.status == 12, result.output
    assert who in failure(result)["msg"] and "ROLLBACK PREPARED" in failure(result)["msg"]
    assert any(who in r.get("blockers", "") for r in events(result, "retry"))
    # What cannot time out waits for it, and says so; after a restart, too.
    server.restart()
    files("0001_a.sql", "CREATE INDEX CONCURRENTLY a_i ON a (i);\n")
    process = start("migrate", "up", "--dir", files, env=env)
    process.wait_for('"event":"blocked".*left by it')
    server.psql("COMMIT PREPARED 'left by it''s owner'", database="app", user="app")
    assert process.wait().status == 0


def test_who_blocks_is_seen_past_operators_of_the_same_name(up, files, pg):
    """A search_path that puts a schema before pg_catalog does not lead the second connection astray."""
    pg.psql("CREATE TABLE public.a (i int)", "CREATE SCHEMA front",
            "CREATE FUNCTION front.astray(text, text) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''astray''; END'",
            "CREATE OPERATOR front.= (LEFTARG = text, RIGHTARG = text, FUNCTION = front.astray)")
    files("0001_a.sql", "ALTER TABLE public.a ADD COLUMN j int;\n")
    with Holder(pg, "LOCK TABLE a;"):
        result = up("--lock-timeout=1s", "--deadline=3s", url=pg.url + "?options=-csearch_path%3Dfront,pg_catalog,public")
    assert result.status == 12, result.output
    assert "(a reader)" in failure(result)["msg"]


# --- A script that releases the lock ----------------------------------------------------------------------------------


@pytest.mark.parametrize("text, line", [("DISCARD ALL;\n", 1), ("CREATE TABLE b (i int);\nDISCARD ALL;\n", 2)], ids=["alone", "behind another"])
def test_discard_all_is_refused_before_anything_runs(up, run, files, pg, text, line):
    """It takes migrate's lock with it: refused as long as nothing was done, not when all was."""
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    files("0002_b.sql", text)
    result = up()
    said = failure(result)
    assert (result.status, said["file"], said["line"]) == (23, "0002_b.sql", line), result.output
    assert "lock" in said["msg"]
    assert pg.psql("SELECT to_regclass('a') IS NULL AND to_regclass('schema_history') IS NULL") == "t"
    assert run("migrate", "check", files).status == 25


def test_a_lock_that_was_released_outside_a_transaction(up, files, pg, scratch):
    """All of it stays, and so does its row: that is said, and the next start goes on behind it."""
    message = scratch / "termination"
    message.write_text("")
    files("0001_a.sql", "-- migrate: transaction=off\nCREATE TABLE a (i int);\nSELECT pg_advisory_unlock_all();\n")
    files("0002_b.sql", "CREATE TABLE b (i int);\n")
    result = up("--termination-log", message)
    said = failure(result)
    assert (result.status, said["file"], said["line"]) == (24, "0001_a.sql", 3), result.output
    assert "applied and recorded" in said["msg"]
    assert [r["version"] for r in events(result, "applied")] == ["0001"]
    told = json.loads(message.read_text())
    assert (told["applied"], told["pending"]) == (["0001"], 1)
    assert up().status == 0
    assert history(pg) == ["0001", "0002"]
