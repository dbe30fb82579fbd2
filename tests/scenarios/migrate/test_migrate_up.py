"""migrate up and status on a real server: what is applied, what is refused, and what is said about it."""

import json
import os
import re
import stat
import subprocess
import sys

import pytest

from rig.base import wait_until
from rig.migrations import events, failure, history, records
from rig.postgres import bindir
from rig.program import BIN_DIR


def shop(files):
    files("0001_shop.sql", "CREATE TABLE item (id int PRIMARY KEY, name text);\nINSERT INTO item VALUES (1, 'a;b');\n")
    files("0002_copy.sql", "COPY item FROM STDIN;\n2\tzwei\n3\tdrü\n\\.\nUPDATE item SET name = 'x' WHERE id = 2;\n")
    files("0003_index.sql", "CREATE INDEX CONCURRENTLY item_name ON item (name);\n")


def test_from_empty_and_again(up, files, pg):
    shop(files)
    first = up()
    assert first.status == 0, first.output
    assert [r["version"] for r in events(first, "applied")] == ["0001", "0002", "0003"]
    assert pg.psql("SELECT id, name FROM item ORDER BY id").splitlines() == ["1|a;b", "2|x", "3|drü"]
    assert pg.psql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'item_name'::regclass") == "t"
    assert history(pg) == ["0001", "0002", "0003"]
    again = up()
    assert again.status == 0
    assert events(again, "done")[0]["outcome"] == "nothing"
    assert not events(again, "applied")


def test_nothing_pending_takes_two_questions(up, files, pg, proxy):
    """Behind the login: the facts and whether there is a history; then its form and its rows."""
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    assert up().status == 0
    line = proxy(pg)
    line.at_message(0, "client", None)
    again = up(url=pg.url_with(port=line.port, sslmode="disable"))
    assert events(again, "done")[0]["outcome"] == "nothing", again.output
    wait_until(lambda: line.connections() == 0, what="the last message went through")
    login = 3  # who it is, and the password in two messages
    assert line.messages["client"] == login + 2 + 1  # and that it ends


@pytest.mark.parametrize("settings", [
    {"bytea_output": "escape"},
    {"datestyle": "SQL, DMY", "timezone": "Asia/Kolkata", "intervalstyle": "sql_standard"},
], ids=["bytea", "time"])
def test_the_history_is_read_whatever_the_login_prefers(up, files, pg, settings):
    for name, value in settings.items():
        pg.psql(f"ALTER ROLE app IN DATABASE {pg.name} SET {name} TO {value if ',' in value else repr(value)}", user="postgres")
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    assert up().status == 0
    assert events(up(), "done")[0]["outcome"] == "nothing"
    status = up("--json", command="status")
    assert status.status == 0, status.output
    at = json.loads(status.stdout)["migrations"][0]["applied_at"]
    assert at == pg.psql("SELECT to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') FROM schema_history")


def test_the_history_table_is_the_contracts(up, files, pg):
    files("0001_a.sql", "-- migrate: phase=expand\nSELECT 1;\n")
    assert up("--release", "v1.2").status == 0
    columns = pg.psql(
        "SELECT attname || ' ' || format_type(atttypid, -1) || CASE WHEN attnotnull THEN ' not null' ELSE '' END"
        " FROM pg_attribute WHERE attrelid = 'public.schema_history'::regclass AND attnum > 0 ORDER BY attnum"
    )
    assert columns.splitlines() == [
        "version text not null",
        "name text not null",
        "phase text not null",
        "sha256 bytea not null",
        "loose_sha256 bytea not null",
        "applied_at timestamp with time zone not null",
        "applied_by text not null",
        "duration_ms bigint not null",
        "release text",
        "tool text not null",
    ]
    row = pg.psql("SELECT version, name, phase, release, applied_by, octet_length(sha256), tool FROM schema_history")
    assert re.fullmatch(r"0001\|a\|expand\|v1\.2\|app\|32\|migrate .+", row)
    assert pg.psql("SELECT encode(sha256, 'hex') = encode(sha256('-- migrate: phase=expand\nSELECT 1;\n'), 'hex') FROM schema_history") == "t"


def test_refused_statement_rolls_back_and_names_the_place(up, files, pg):
    files("0001_good.sql", "CREATE TABLE a (i int);\n")
    files("0002_bad.sql", "CREATE TABLE b (i int);\r\nINSERT INTO b VALUES (1);\r\n\r\n  SELECT 'größe', nix FROM b;\r\nSELECT 2;\r\n")
    result = up()
    assert result.status == 20
    said = failure(result)
    assert (said["file"], said["line"], said["column"], said["sqlstate"]) == ("0002_bad.sql", 4, 19, "42703")
    line, caret = said["source"].splitlines()
    assert line.endswith("SELECT 'größe', nix FROM b;")
    assert line[caret.index("^")] == "n"
    assert history(pg) == ["0001"]
    assert pg.psql("SELECT to_regclass('b') IS NULL") == "t"
    # Mended, it goes on.
    files("0002_bad.sql", "CREATE TABLE b (i int);\n")
    assert up().status == 0
    assert history(pg) == ["0001", "0002"]


@pytest.mark.parametrize(
    "text, line, column, sqlstate",
    [
        # A run-time error without a position belongs to the statement behind the last one that was done.
        ("SELECT 1;\nSELECT 2;\nSELECT 1/0;\nSELECT 3;\n", 3, 1, "22012"),
        # Inside a body.
        ("SELECT 1;\nDO $$\nBEGIN\n  PERFORM 1;\n  RAISE EXCEPTION 'no';\nEND $$;\n", 5, 3, "P0001"),
        ("SELECT 1;\n\nDO $$\nBEGIN\n  PERFORM nix();\nEND $$;\n", 5, 3, "42883"),
        ("SELECT 1;\nCREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$\n  SELECT nix\n$$;\n", 3, 10, "42703"),
        # Data of COPY.
        ("CREATE TABLE t (i int);\nCOPY t FROM STDIN;\n1\n2\nx\n\\.\n", 5, 1, "22P02"),
        # Behind a byte order mark, behind COPY.
        ("\ufeffSELECT nix;\n", 1, 8, "42703"),
        ("CREATE TABLE t (i int);\nCOPY t FROM STDIN;\n1\n\\.\nSELECT 1;\n SELECT nix;\n", 6, 9, "42703"),
        # Syntax errors come before anything of the batch runs.
        ("SELECT 1;\nSELECT 2;\n  SELEC 3;\n", 3, 3, "42601"),
    ],
)
def test_places(up, files, text, line, column, sqlstate):
    files("0001_x.sql", text)
    result = up()
    said = failure(result)
    assert (result.status, said["line"], said["column"], said["sqlstate"]) == (20, line, column, sqlstate), said


def test_a_file_that_makes_itself_read_only_is_refused(up, files, pg):
    """Not a server to wait for: another start would end the same way."""
    files("0001_read_only.sql", "SET TRANSACTION READ ONLY;\nCREATE TABLE t (i int);\n")
    result = up()
    assert result.status == 20
    assert failure(result)["sqlstate"] == "25006"


def test_deferred_constraint_fails_at_commit(up, files, pg):
    files(
        "0001_x.sql",
        "CREATE TABLE a (i int PRIMARY KEY);\n"
        "CREATE TABLE b (i int REFERENCES a DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO b VALUES (7);\n",
    )
    result = up()
    assert result.status == 20
    assert failure(result)["sqlstate"] == "23503"
    assert "COMMIT" in failure(result)["msg"]
    assert pg.psql("SELECT to_regclass('a') IS NULL") == "t"


def test_a_notice_at_commit_has_no_line(up, files):
    files("0001_a.sql",
          "CREATE TABLE a (i int);\nCREATE FUNCTION say() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE NOTICE 'late'; RETURN NULL; END$$;\n"
          "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON a INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION say();\n"
          "INSERT INTO a VALUES (1);\n")
    (notice,) = events(up(), "notice")
    assert "line" not in notice
    assert notice["msg"] == "0001_a.sql: NOTICE: late"


def test_the_servers_detail_is_no_hint(up, files, scratch):
    files("0001_x.sql", "CREATE TABLE a (i int PRIMARY KEY);\nINSERT INTO a VALUES (1);\nINSERT INTO a VALUES (1);\n")
    message = scratch / "termination-log"
    message.write_text("")
    said = failure(up("--termination-log", message))
    assert said["detail"] == "Key (i)=(1) already exists." and "hint" not in said
    left = json.loads(message.read_text())
    assert left["message"].endswith(": Key (i)=(1) already exists.") and left["hint"] is None
    people = up("--log", "text").stderr
    assert "    detail: Key (i)=(1) already exists.\n" in people and "hint:" not in people


def test_own_begin_and_commit_are_elided(up, files, pg):
    files("0001_x.sql", "BEGIN ISOLATION LEVEL SERIALIZABLE;\nCREATE TABLE a AS SELECT current_setting('transaction_isolation') x;\nCOMMIT;\n")
    assert up().status == 0
    assert pg.psql("SELECT x FROM a") == "serializable"


def test_commit_in_the_middle_is_refused_before_anything_runs(up, files, pg):
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    files("0002_b.sql", "SELECT 1;\nCOMMIT;\nSELECT 2;\n")
    result = up()
    assert result.status == 23
    assert (failure(result)["file"], failure(result)["line"]) == ("0002_b.sql", 2)
    assert pg.psql("SELECT to_regclass('a') IS NULL AND to_regclass('schema_history') IS NULL") == "t"


def test_outside_a_transaction_part_way(up, files, pg):
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    files("0002_b.sql", "CREATE INDEX CONCURRENTLY a_i ON a (i);\nCREATE INDEX CONCURRENTLY a_j ON a (j);\n")
    result = up()
    assert result.status == 24
    said = failure(result)
    assert (said["file"], said["line"], said["sqlstate"]) == ("0002_b.sql", 2, "42703")
    assert "statement 2 of 2" in said["msg"] and "the next run resumes with this statement" in said["hint"]
    assert history(pg) == ["0001"]
    assert pg.psql("SELECT to_regclass('a_i') IS NOT NULL") == "t"


def test_transaction_off_in_the_header(up, files, pg):
    files("0001_a.sql", "-- migrate: transaction=off\nCREATE TABLE a (i int);\nINSERT INTO a VALUES (1);\nVACUUM a;\n")
    assert up().status == 0
    assert history(pg) == ["0001"]


def test_what_only_the_server_knows(up, files, pg):
    files("0001_p.sql", "CREATE TABLE p (i int) PARTITION BY RANGE (i);\nCREATE INDEX p_i ON p (i);\n"
                        "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9);\n")
    files("0002_one.sql", "REINDEX TABLE p;\n")
    result = up()
    assert result.status == 0, result.output
    assert events(result, "outside")[0]["sqlstate"] == "25001"
    files("0003_two.sql", "SELECT 1;\nREINDEX TABLE p;\n")
    result = up()
    assert result.status == 20
    assert failure(result)["sqlstate"] == "25001"
    assert "transaction=off" in failure(result)["hint"]
    assert failure(result)["line"] == 2


def test_a_call_that_commits(up, files, pg):
    files("0001_p.sql", "CREATE TABLE c (i int);\nCREATE PROCEDURE p() LANGUAGE plpgsql AS $$\nBEGIN\n  INSERT INTO c VALUES (1);\n"
                        "  COMMIT;\n  INSERT INTO c VALUES (2);\nEND $$;\n")
    files("0002_call.sql", "CALL p();\n")
    result = up()
    assert result.status == 0, result.output
    assert events(result, "outside")[0]["sqlstate"] == "2D000"
    assert pg.psql("SELECT count(*) FROM c") == "2"


def test_drift(up, files, pg):
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    files("0002_b.sql", "CREATE TABLE b (i int);\n")
    assert up().status == 0
    files("0001_a.sql", "-- a licence\n\nCREATE TABLE a\n  (i int);\n")
    edited = up()
    assert edited.status == 0
    assert events(edited, "edited")[0]["version"] == "0001"
    files("0001_a.sql", "CREATE TABLE a (i bigint);\n")
    changed = up()
    assert changed.status == 21
    assert failure(changed)["file"] == "0001_a.sql"
    files("0001_a.sql", "CREATE TABLE 'open;\n")
    assert up().status == 23
    files.remove("0001_a.sql")
    missing = up()
    assert missing.status == 21
    assert "0001" in failure(missing)["msg"]


def test_line_ends_are_no_drift(up, files, pg):
    """A checkout on Windows changes them everywhere, also inside a body, a literal and data."""
    text = ("CREATE TABLE a (i int, t text);\nDO $$\nBEGIN\n  PERFORM 1;\nEND\n$$;\nINSERT INTO a VALUES (1, 'x\ny');\n"
            "COPY a FROM STDIN;\n2\tz\n\\.\n")
    files("0001_a.sql", text)
    assert up().status == 0
    files("0001_a.sql", text.replace("\n", "\r\n"))
    again = up()
    assert again.status == 0, again.output
    assert events(again, "edited")[0]["version"] == "0001"


def test_late_and_ahead(up, files, pg, scratch):
    files("0001_a.sql", "SELECT 1;\n")
    files("0003_c.sql", "SELECT 3;\n")
    assert up().status == 0
    files("0002_b.sql", "CREATE TABLE b (i int);\n")
    late = up()
    assert late.status == 22
    assert failure(late)["file"] == "0002_b.sql"
    files("0004_d.sql", "SELECT 4;\n")
    message = scratch / "termination"
    message.write_text("")
    status = up("--json", "--exit-code", "--termination-log", message, command="status")
    said = json.loads(status.stdout)
    assert (status.status, said["late"], said["pending"]) == (22, 1, 1), status.output
    assert json.loads(message.read_text())["pending"] == 2
    files.remove("0004_d.sql")
    assert up("--out-of-order", "apply").status == 0
    assert history(pg) == ["0001", "0003", "0002"]
    files.remove("0003_c.sql")
    ahead = up()
    assert ahead.status == 0
    assert events(ahead, "done")[0]["outcome"] == "ahead"
    assert up("--ahead=refuse").status == 21


def test_to_steps_dry_run_and_phases(up, files, pg):
    for n in range(1, 6):
        files(f"{n}_x.sql", f"CREATE TABLE t{n} ();\n")
    files("2_x.sql", "-- migrate: phase=contract\nCREATE TABLE t2 ();\n")
    dry = up("--dry-run")
    assert dry.status == 0
    assert [line.split("\t")[0] for line in dry.stdout.splitlines()] == ["1", "3", "4", "5"]
    assert dry.stdout.splitlines()[0] == "1\t1_x.sql\t1 statement\ttransaction"
    told = [(r["version"], r["file"], r["phase"], r["transaction"], r["statements"]) for r in events(dry, "would_apply")]
    assert told == [(v, f"{v}_x.sql", "expand", True, 1) for v in "1345"]
    assert events(dry, "dry_run")[0]["pending"] == 4
    assert events(dry, "held")[0]["msg"] == "1 file waits for another --phase"
    assert pg.psql("SELECT to_regclass('schema_history') IS NULL") == "t"
    assert up("--steps", "1").status == 0
    assert history(pg) == ["1"]
    assert up("--to", "4").status == 0
    assert history(pg) == ["1", "3", "4"]
    assert up("--to", "9").status == 23
    assert up("--phase", "contract").status == 0
    assert up("--phase", "all").status == 0
    assert history(pg) == ["1", "3", "4", "2", "5"]
    assert pg.psql("SELECT phase FROM schema_history WHERE version = '2'") == "contract"


def test_bad_input(up, run, files, pg, scratch):
    none = run("migrate", "up", "--dir", scratch / "nowhere", env={"DATABASE_URL": pg.url})
    assert none.status == 23
    assert "nowhere" in failure(none)["msg"]
    assert up().status == 23
    assert up("--allow-empty").status == 0
    files("0001_a.sql", b"SELECT '\xff';\n")
    assert up().status == 23
    files("0001_a.sql", "SELECT 'open;\n")
    result = up()
    assert (result.status, failure(result)["line"]) == (23, 1)
    files("0001_a.sql", "SELECT 1;\n")
    files("1_b.sql", "SELECT 1;\n")
    assert up().status == 23
    files.remove("1_b.sql")
    files("0002_b.SQL", "SELECT 1;\n")  # passed over in silence it would never be applied
    result = up()
    assert (result.status, failure(result)["file"]) == (23, "0002_b.SQL")
    files.remove("0002_b.SQL")
    assert up("--nonsense").status == 23
    assert run("migrate", "up", "--dir", files).status == 23
    assert pg.psql("SELECT to_regclass('schema_history') IS NULL") == "t"


@pytest.mark.parametrize(
    "mark",
    ["-- //@UNDO", "-- !Downs", "-- rambler down", "-- drift:down", "-- +micrate Down", "-- DOWN", "--- rollback ---",
     "/* UNDO */"],
)
def test_a_way_back_in_the_same_file_is_not_run(up, files, pg, mark):
    """In the file of a tool that we do not know: run whole, it would unmake what it made, and count as applied."""
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    files("0002_b.sql", f"CREATE TABLE b (i int);\n\n{mark}\nDROP TABLE a;\n")
    result = up()
    said = failure(result)
    assert (result.status, said["file"], said["line"]) == (23, "0002_b.sql", 3)
    assert mark in said["msg"] and "marks=ignore" in said["msg"]
    assert pg.psql("SELECT to_regclass('schema_history') IS NULL") == "t"
    files("0002_b.sql", f"-- migrate: marks=ignore\nCREATE TABLE b (i int);\n\n{mark}\nDROP TABLE a;\n")
    assert up().status == 0
    assert pg.psql("SELECT to_regclass('a') IS NULL AND to_regclass('b') IS NOT NULL") == "t"


@pytest.mark.parametrize("mark", ["-- Rollback:", "-- DOWN", "-- ==== Undo ====", "-- Down Migration"])
def test_a_way_back_that_is_a_comment_is_a_note(up, run, files, pg, mark):
    """Nothing of it would run: behind the last statement, or before the first as commented-out statements."""
    files("0001_a.sql", f"CREATE TABLE a (i int);\n\n{mark}\n-- DROP TABLE a;\n")
    files("0002_b.sql", f"-- b\n{mark}\n--   DROP TABLE\n--     b;\n\nCREATE TABLE b (i int);\n")
    assert run("migrate", "check", files).status == 0
    assert up().status == 0
    assert pg.psql("SELECT to_regclass('a') IS NOT NULL AND to_regclass('b') IS NOT NULL") == "t"
    files("0003_c.sql", f"CREATE TABLE c (i int);\n{mark}\n-- DROP TABLE x;\nDROP TABLE c;\n")
    assert up().status == 23


@pytest.mark.parametrize(
    "text, line, column, says",
    [
        ("CREATE TABLE a (i int);\nCREATE TABLE b\u200b (i int);\n", 2, 15, "U+200B (zero width space)"),
        ("SELECT 1;\n\ufeffCREATE TABLE b (i int);\n", 2, 1, "U+FEFF (byte order mark)"),
        ("CREATE\u00a0TABLE b (i int);\n", 1, 7, "U+00A0 (no-break space)"),
        ("SELECT 1;\n".encode("utf-16"), 1, None, "UTF-16"),
    ],
)
def test_what_nobody_sees_is_named(up, files, pg, text, line, column, says):
    files("0001_a.sql", text)
    result = up()
    said = failure(result)
    assert (result.status, said["line"], said.get("column")) == (23, line, column)
    assert says in said["msg"]
    assert pg.psql("SELECT to_regclass('a') IS NULL AND to_regclass('schema_history') IS NULL") == "t"


@pytest.mark.parametrize(
    "name", ["001.do.create_x.sql", "001.undo.create_x.sql", "rollback_0001.sql", "Copy of 0001_a.sql", "seed_data.sql"]
)
def test_names_that_are_no_migrations(up, files, pg, name):
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    files(name, "CREATE TABLE b (i int);\n")
    result = up()
    assert (result.status, failure(result)["file"]) == (23, name)
    assert pg.psql("SELECT to_regclass('schema_history') IS NULL") == "t"


def test_dotted_versions_in_the_order_of_their_numbers(up, run, files, pg):
    for version in ("1.10", "1.2", "1.9"):
        files(f"{version}_x.sql", "SELECT 1;\n")
    assert up("--to", "1.9").status == 0
    assert history(pg) == ["1.2", "1.9"]
    assert up().status == 0
    assert history(pg) == ["1.2", "1.9", "1.10"]
    shown = run("migrate", "status", "--json", "--dir", files, env={"DATABASE_URL": pg.url})
    assert [m["state"] for m in json.loads(shown.stdout)["migrations"]] == ["applied"] * 3


def test_a_folder_with_migrations_is_told(up, run, files, pg):
    """Passed over in silence it would never be applied."""
    (files.path / "v2").mkdir()
    files("v2/0002_b.sql", "SELECT 1;\n")
    result = up()
    assert result.status == 23 and "v2" in failure(result)["msg"]
    files("0001_a.sql", "SELECT 1;\n")
    for result in (up(), run("migrate", "check", files), run("migrate", "status", "--dir", files, env={"DATABASE_URL": pg.url})):
        assert result.status == 0, result.output
        told = events(result, "folder")[0]
        assert (told["level"], told["folder"], told["dir"]) == ("warn", "v2", str(files))


def test_a_missing_directory(run, scratch, pg):
    """An error unless --allow-empty; told in both cases."""
    nowhere = scratch / "nowhere"
    for command in (["up"], ["status"], ["check"]):
        env = {"DATABASE_URL": pg.url, "MIGRATE_DIR": str(nowhere)}
        refused = run("migrate", *command, env=env)
        assert refused.status == 23 and "nowhere" in failure(refused)["msg"]
        allowed = run("migrate", *command, "--allow-empty", env=env)
        assert allowed.status == 0, allowed.output
        told = events(allowed, "no_directory")[0]
        assert (told["level"], told["dir"]) == ("warn", str(nowhere))


def test_a_table_of_another_tool(up, files, pg):
    files("0001_a.sql", "SELECT 1;\n")
    pg.psql("CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL)")
    result = up("--table", "schema_migrations")
    assert result.status == 23
    assert "golang-migrate" in failure(result)["msg"]


def test_a_database_of_another_tool(up, files, pg):
    """What it applied must not be applied again by a first run of ours."""
    files("0001_a.up.sql", "CREATE TABLE IF NOT EXISTS a (i int);\nINSERT INTO a VALUES (1);\n")
    pg.psql("CREATE TABLE pgmigrations (id serial PRIMARY KEY, name varchar(255) NOT NULL, run_on timestamp NOT NULL)")
    for more in ([], ["--dry-run"]):
        result = up(*more)
        assert result.status == 23
        assert "node-pg-migrate" in failure(result)["msg"] and "--layout=native" in failure(result)["hint"]
    assert pg.psql("SELECT to_regclass('a') IS NULL AND to_regclass('schema_history') IS NULL") == "t"
    assert up("--layout=native").status == 0
    assert up().status == 0
    assert history(pg) == ["0001"]


def test_table_role_and_search_path(up, files, pg):
    role = f"owner_{pg.name}"
    pg.psql(f"CREATE ROLE {role}", f"GRANT {role} TO app", "CREATE SCHEMA shop", f"GRANT ALL ON SCHEMA shop TO {role}",
            f"GRANT CREATE ON DATABASE {pg.name} TO {role}", user="postgres")
    files("0001_a.sql", "CREATE TABLE a (i int);\nSET search_path TO pg_catalog;\nRESET ROLE;\n")
    files("0002_b.sql", "CREATE TABLE b (i int);\n")
    try:
        result = up("--table", '"Meta".history', "--role", role, "--search-path", "shop, public")
        assert result.status == 0, result.output
        assert pg.psql("SELECT tableowner FROM pg_tables WHERE schemaname = 'shop'").splitlines() == [role, role]
        assert history(pg, '"Meta".history') == ["0001", "0002"]
    finally:
        pg.psql(f"DROP OWNED BY {role}", "DROP SCHEMA shop CASCADE", f"DROP ROLE {role}", user="postgres")


def test_a_baseline_by_pg_dump_leaves_nothing_behind(up, files, pg):
    files("0001_dump.sql", "\\restrict abc\nSET standard_conforming_strings = off;\nSET client_encoding = 'LATIN1';\n"
                           "SELECT pg_catalog.set_config('search_path', '', false);\nSET default_table_access_method = heap;\n"
                           "CREATE TABLE public.a (t text);\nINSERT INTO public.a VALUES ('it\\'s');\n\\unrestrict abc\n")
    files("0002_b.sql", "CREATE TABLE b AS SELECT '\\x' AS t;\n")
    result = up()
    assert result.status == 0, result.output
    assert pg.psql("SELECT t FROM a", "SELECT t FROM public.b").splitlines() == ["it's", "\\x"]


HIDDEN = {  # standard_conforming_strings, changed by what no text shows
    "a block": "DO $$BEGIN SET standard_conforming_strings = off; END$$;\n",
    "an expression": "SELECT set_config('standard_conforming_' || 'strings', 'off', false);\n",
    "the catalog": "UPDATE pg_settings SET setting = 'off' WHERE name = 'standard_conforming_strings';\n",
    "a savepoint": "SET standard_conforming_strings = off;\nSAVEPOINT s;\nSET standard_conforming_strings = on;\nROLLBACK TO s;\n",
    "no transaction": "-- migrate: transaction=off\nDO $$BEGIN SET standard_conforming_strings = off; END$$;\n",
}


@pytest.mark.parametrize("by", HIDDEN)
def test_a_text_that_the_server_would_read_otherwise(by, up, files, pg):
    """One that has no backslash reads the same, whatever was set; one that has is refused, not read by half."""
    files("0001_a.sql", "CREATE TABLE a (t text);\n")
    files("0002_b.sql", HIDDEN[by] + "INSERT INTO a VALUES ('x;y');\n")
    files("0003_c.sql", HIDDEN[by] + "INSERT INTO a VALUES ('x\\ny');\n")
    result = up()
    said = failure(result)
    assert result.status == (24 if by == "no transaction" else 20), result.output
    assert said["file"] == "0003_c.sql" and said["line"] == HIDDEN[by].count("\n") + 1, result.output
    assert "standard_conforming_strings is " in said["msg"] and history(pg) == ["0001", "0002"]
    assert pg.psql("SELECT t FROM a") == "x;y"


def test_a_baseline_with_large_objects(up, files, pg):
    """pg_dump puts them between BEGIN and COMMIT of their own: those are elided, so that all of the file is one transaction."""
    pg.psql("CREATE TABLE doc (body oid)", "INSERT INTO doc SELECT lo_from_bytea(0, 'first'::bytea)",
            "INSERT INTO doc SELECT lo_from_bytea(0, 'second'::bytea)")
    dump = subprocess.run([f"{bindir()}/pg_dump", "--no-owner", "--no-acl", "-d", pg.url], check=True, capture_output=True, text=True).stdout
    assert "\nBEGIN;" in dump and "lo_open" in dump
    pg.psql("SELECT lo_unlink(body) FROM doc", "DROP TABLE doc")
    files("0001_baseline.sql", dump)
    files("0002_bad.sql", dump.replace("CREATE TABLE public.doc", "CREATE TABLE public.doc2"))
    result = up("--to", "1")
    assert result.status == 0, result.output
    assert pg.psql("SELECT convert_from(lo_get(body), 'UTF8') FROM doc ORDER BY 1").split() == ["first", "second"]
    result = up()
    assert result.status == 20, result.output  # they exist
    assert pg.psql("SELECT to_regclass('doc2') IS NULL") == "t"


def test_restrict_between_statements_is_never_sent(up, files, pg):
    files("0001_two_dumps.sql", "CREATE TABLE a (i int);\n\\unrestrict abc\n\\restrict def\nCREATE TABLE b (i int);\n\\unrestrict def\n")
    result = up()
    assert result.status == 0, result.output
    assert pg.psql("SELECT to_regclass('a') IS NOT NULL AND to_regclass('b') IS NOT NULL") == "t"


def test_a_row_that_is_refused_is_not_taken_for_applied(up, files, pg):
    """A unique index of somebody else's on the history, or a file that writes its own row."""
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    assert up().status == 0
    pg.psql("CREATE UNIQUE INDEX mine ON schema_history (name)")
    files("0002_a.sql", "CREATE TABLE b (i int);\n")
    result = up()
    assert (result.status, failure(result)["sqlstate"], failure(result)["file"]) == (20, "23505", "0002_a.sql")
    pg.psql("DROP INDEX mine")
    own = "INSERT INTO schema_history SELECT '0002', name, phase, sha256, loose_sha256, now(), 'me', 1, NULL, 'me' FROM schema_history;\n"
    files("0002_a.sql", own)
    assert up().status == 20
    assert history(pg) == ["0001"]
    files("0002_a.sql", "-- migrate: transaction=off\n" + own)
    result = up()
    assert result.status == 0, result.output
    assert events(result, "skipped")


def test_a_script_that_releases_the_lock(up, files, pg):
    files("0001_a.sql", "CREATE TABLE a (i int);\nSELECT pg_advisory_unlock_all();\n")
    result = up()
    assert result.status == 23
    assert failure(result)["line"] == 2
    assert pg.psql("SELECT to_regclass('a') IS NULL") == "t"


def test_notices_name_their_line(up, files):
    files("0001_a.sql", "SELECT 1;\nDO $$BEGIN RAISE NOTICE 'hello'; END$$;\nSELECT 2;\n"
                        "DO $$BEGIN RAISE WARNING 'hot'; END$$;\n")
    result = up()
    assert [(r["line"], r["severity"], r["level"]) for r in events(result, "notice")] == [
        (2, "NOTICE", "info"),
        (4, "WARNING", "warn"),
    ]


def test_a_notice_of_the_first_statement(up, files, pg):
    pg.psql("CREATE TABLE a (i int)")
    files("0001_a.sql", "\nCREATE TABLE IF NOT EXISTS a (i int);\n")
    result = up()
    assert result.status == 0
    assert [r["line"] for r in events(result, "notice")] == [2]


SPEAKER = (
    "CREATE FUNCTION speak() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE NOTICE '%', new.t; RETURN new; END$$;\n"
    "CREATE TABLE words (t text);\nCREATE TABLE others (t text);\n"
    "CREATE TRIGGER speak BEFORE INSERT OR UPDATE ON words FOR EACH ROW EXECUTE FUNCTION speak();\n"
)


def heard(result):
    """(line, message) of each notice."""
    assert result.status == 0, result.output
    return [(r["line"], r["msg"].rsplit(": ", 1)[1]) for r in events(result, "notice")]


def test_notices_of_triggers_in_a_batch(up, files):
    """Statements that travel together, some of which speak: each notice is that of its own statement."""
    files("0001_a.sql", SPEAKER)
    assert up().status == 0
    talk = ["INSERT INTO words VALUES ('2');", "INSERT INTO others VALUES ('3');", "INSERT INTO words VALUES ('4'), ('4');",
            "UPDATE words SET t = '5' WHERE t = '4';", "INSERT INTO others VALUES ('6');", "INSERT INTO others VALUES ('7');",
            "INSERT INTO words VALUES ('8');"]
    files("0002_b.sql", "-- talk\n" + "\n".join(talk) + "\n")
    said = heard(up())
    assert [line for line, _ in said] == [2, 4, 4, 5, 5, 8]
    assert all(str(line) == text for line, text in said)
    many = "".join(f"INSERT INTO {'words' if i % 3 else 'others'} VALUES ('{i + 1}');\n" for i in range(5000))
    files("0003_c.sql", many)
    said = heard(up())
    assert len(said) == 3333 and all(str(line) == text for line, text in said)


def test_notices_before_rows_and_among_them(up, files):
    files("0001_a.sql", SPEAKER +
          "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE NOTICE '3'; RETURN NULL; END$$;\n"
          "CREATE TRIGGER none BEFORE INSERT ON words FOR EACH ROW WHEN (new.t = '3') EXECUTE FUNCTION nothing();\n")
    assert up().status == 0
    files("0002_b.sql", "INSERT INTO others VALUES ('1');\nINSERT INTO words VALUES ('2'), ('2') RETURNING t;\n"
                        "INSERT INTO words VALUES ('3') returning t;\nINSERT INTO others VALUES ('4');\nINSERT INTO words VALUES ('5');\n"
                        "SELECT 6;\nINSERT INTO words VALUES ('7');\n")
    assert heard(up()) == [(2, "2"), (2, "2"), (3, "3"), (5, "5"), (7, "7")]


def test_notices_of_ddl_in_a_batch(up, files, pg):
    pg.psql("CREATE TABLE a (i int)", "CREATE TABLE b (i int)", "CREATE VIEW v AS SELECT * FROM b")
    files("0001_a.sql", "CREATE TABLE c (i int);\nCREATE TABLE IF NOT EXISTS a (i int);\nDROP TABLE b CASCADE;\nDROP TABLE IF EXISTS nix;\n"
                        "ALTER TABLE c ADD j int;\nALTER TABLE c ADD COLUMN IF NOT EXISTS j int;\n")
    result = up()
    assert result.status == 0
    assert [r["line"] for r in events(result, "notice")] == [2, 3, 4, 6]


def test_notices_of_the_parser(up, files):
    """It reads what travels together as a whole, before any of it is done."""
    long, other = "n" * 70, "o" * 64
    files("0001_a.sql", f"CREATE TABLE a (i int);\nCREATE TABLE b ({long} int,\n  \"{other}\" int);\nINSERT INTO a VALUES (1);\n"
                        f"CREATE INDEX {other} ON a (i);\nCREATE INDEX {'p' * 63} ON a (i);\n")
    result = up()
    assert result.status == 0
    assert [(r["line"], r["sqlstate"]) for r in events(result, "notice")] == [(2, "42622"), (2, "42622"), (5, "42622")]
    files("0002_b.sql", "SET standard_conforming_strings TO off;\nINSERT INTO a VALUES (1);\nCREATE TABLE c (t text);\n"
                        "COMMENT ON TABLE c IS\n  'a\\ttab';\n")
    result = up()
    assert result.status == 0
    assert [(r["line"], r["sqlstate"]) for r in events(result, "notice")] == [(5, "22P06")]


def test_a_rule_with_rows_counts_as_one_statement(up, files):
    """Its several results are one statement's: the error, and what is said, are told to their own statement."""
    files("0001_a.sql", SPEAKER + "CREATE RULE one AS ON INSERT TO others DO ALSO SELECT 1;\n"
                        "CREATE RULE two AS ON INSERT TO others DO ALSO SELECT 1, 2;\nCREATE TABLE once (i int PRIMARY KEY);\n")
    assert up().status == 0
    files("0002_b.sql", "INSERT INTO others VALUES ('1');\nINSERT INTO others VALUES ('2');\nINSERT INTO words VALUES ('3');\n")
    assert heard(up()) == [(3, "3")]
    files("0003_c.sql", "INSERT INTO others VALUES ('1');\nINSERT INTO once VALUES (1);\nINSERT INTO once VALUES (1);\nINSERT INTO once VALUES (2);\n")
    result = up()
    assert (result.status, failure(result)["line"]) == (20, 3), result.output


def test_status(up, run, files, pg):
    shop(files)
    env = {"DATABASE_URL": pg.url}
    assert run("migrate", "status", "--dir", files, env=env).status == 0
    assert run("migrate", "status", "--exit-code", "--dir", files, env=env).status == 1
    assert up("--to", "0002").status == 0
    result = run("migrate", "status", "--json", "--dir", files, env=env)
    said = json.loads(result.stdout)
    assert [(m["version"], m["state"]) for m in said["migrations"]] == [
        ("0001", "applied"), ("0002", "applied"), ("0003", "pending")]
    assert said["lock"] is None
    assert up().status == 0
    assert run("migrate", "status", "--exit-code", "--dir", files, env=env).status == 0
    text = run("migrate", "status", "--dir", files, env=env).stdout
    assert "0003" in text and "3 applied" in text


def test_termination_message(up, files, scratch):
    shop(files)
    message = scratch / "termination"
    assert up("--termination-log", message).status == 0
    assert not message.exists()
    message.write_text("")
    files("0004_bad.sql", "SELECT 1;\nSELECT nix;\n")
    assert up("--termination-log", message).status == 20
    said = json.loads(message.read_text())
    assert said["outcome"] == "refused" and said["exit"] == 20 and said["pending"] == 1
    assert (said["file"], said["line"], said["column"], said["sqlstate"]) == ("0004_bad.sql", 2, 8, "42703")


def test_for_people(up, files):
    files("0001_bad.sql", "SELECT 1;\nSELECT nix;\n")
    result = up("--log", "text")
    assert result.status == 20
    assert "0001_bad.sql:2:8: column" in result.stderr
    assert "    SELECT nix;\n           ^\n" in result.stderr


@pytest.mark.parametrize("env, columns, line", [
    ({}, 80, "\x1b[32m▕[█▉▊▋▌▍▎▏]+ *▏\x1b[0m 2/2  0.\\ds  0002_b.sql  1/2 statements"),
    ({"NO_COLOR": "1"}, 80, "▕[█▉▊▋▌▍▎▏]+ *▏ 2/2  0.\\ds  0002_b.sql  1/2 statements"),
    ({"NO_COLOR": "1", "LC_ALL": "C"}, 80, "\\[=+> +\\] 2/2  0.\\ds  0002_b.sql  1/2 statements"),
    ({"NO_COLOR": "1", "LC_ALL": "C"}, 30, "\\[=====>    \\] 2/2  0.\\ds  0002_(?=[\r\n])"),
], ids=["colour", "utf-8", "c", "narrow"])
def test_on_a_terminal(up, files, env, columns, line):
    """A progress line that fits the terminal and is wiped, and a table of what was applied."""
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    files("0002_b.sql", "SELECT pg_sleep(0.5);\nSELECT 1;\n")
    spawn = ("import fcntl, os, pty, struct, sys, termios\n"
             "fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 24, int(sys.argv[1]), 0, 0))\n"
             "os.execvp(sys.argv[2], sys.argv[2:])\n")
    spawn = ["import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))", sys.executable, "-c", spawn]
    result = up(env={"TERM": "xterm", **env}, wrap=[sys.executable, "-c", *spawn, str(columns)])
    assert result.status == 0, result.output
    assert re.search("\x1b\\[K" + line.replace("\x1b[", "\x1b\\["), result.stdout), result.stdout
    if columns == 80:
        assert re.search(r"VERSION +FILE\s+0001 +0001_a.sql\s+0002 +0002_b.sql", result.stdout)
    assert "applied 0002_b.sql in" in result.stdout.split("\x1b[K")[-1]

def test_as_a_configmap_mounts_it(up, files, scratch):
    """..data is a link to a directory with a date, the files are links through it; all of it read-only."""
    real = files.path / "..2026_11_21"
    real.mkdir()
    (real / "0001_a.sql").write_text("SELECT 1;\n")
    os.symlink("..2026_11_21", files.path / "..data")
    os.symlink("..data/0001_a.sql", files.path / "0001_a.sql")
    real.chmod(stat.S_IRUSR | stat.S_IXUSR)
    result = up()
    assert result.status == 0, result.output
    assert events(result, "applied")[0]["file"] == "0001_a.sql"


def test_large_files_in_batches(up, files, pg):
    lines = ["CREATE TABLE a (i int, t text);\n"]
    lines += [f"INSERT INTO a VALUES ({i}, 'zeile ü {i}');\n" for i in range(20000)]
    files("0001_a.sql", "".join(lines))
    result = up()
    assert result.status == 0, result.output
    assert pg.psql("SELECT count(*), sum(i) FROM a") == "20000|199990000"
    # The place stays exact deep in a batch.
    lines.insert(15000, "INSERT INTO a VALUES (1, 'ü', 'zu viel');\n")
    files("0002_b.sql", "".join(["DROP TABLE a;\n"] + lines))
    result = up()
    assert result.status == 20
    assert (failure(result)["line"], failure(result)["column"]) == (15002, 31)


def test_copy_in_constant_memory(up, files, pg):
    """40 MB of data. The bound is far below that, and above what the interpreter in between had."""
    row = "y" * 99
    files("0001_a.sql", "CREATE TABLE a (t text);\nCOPY a FROM STDIN;\n" + f"{row}\n" * 400_000 + "\\.\nSELECT 1;\n")
    measure = "import resource as r, subprocess, sys; s = subprocess.call(sys.argv[1:]); " \
              "print(r.getrusage(r.RUSAGE_CHILDREN).ru_maxrss); sys.exit(s)"
    result = up(wrap=[sys.executable, "-c", measure])
    assert result.status == 0, result.output
    assert pg.psql("SELECT count(*) FROM a") == "400000"
    if "asan" not in os.environ.get("BIN_DIR", ""):
        assert int(result.stdout) < 24 * 1024


def test_an_answer_that_cannot_be_written_is_no_success(files, pg):
    files("0001_a.sql", "SELECT 1;\n")
    for command in (["status"], ["status", "--json"], ["up", "--dry-run"]):
        with open("/dev/full", "wb") as full:
            line = [BIN_DIR / "migrate", *command, "--dir", files]
            result = subprocess.run(line, stdout=full, stderr=subprocess.PIPE, env={"DATABASE_URL": pg.url})
        assert (result.returncode, b"standard output" in result.stderr) == (23, True), command


def test_every_record_is_json(up, files):
    shop(files)
    result = up()
    assert len(records(result)) == len(result.stderr.splitlines())
