"""How migrate applies a file: what it keeps in memory, whose settings hold, databases that are not UTF-8, places and hints."""

import json
import os
import re
import sys

import pytest

from rig.migrations import Holder, events, failure, history

MEASURE = "import resource as r, subprocess, sys; s = subprocess.call(sys.argv[1:]); " \
          "print(r.getrusage(r.RUSAGE_CHILDREN).ru_maxrss); sys.exit(s)"


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


def test_the_place_behind_a_statement_of_several_results(up, files, pg):
    """A rule may make several SELECTs of one INSERT: it is one statement all the same."""
    pg.psql("CREATE TABLE item(id int)", "CREATE RULE r AS ON INSERT TO item DO ALSO (SELECT 1; SELECT 2)")
    files("0001_a.sql", "INSERT INTO item VALUES (1);\nINSERT INTO item VALUES (2);\nSELECT 1/0;\nSELECT 2;\n")
    result = up()
    assert result.status == 20 and failure(result)["line"] == 3
    files("0001_a.sql", "INSERT INTO item VALUES (1);\nINSERT INTO item VALUES (2);\n")
    assert up().status == 0
    assert pg.psql("SELECT count(*) FROM item") == "2"


def test_the_place_in_a_large_statement(up, files):
    """Its text was given back when it was sent, and is read again for the place."""
    files("0001_a.sql", "SELECT 1;\nSELECT '" + "ü\n" * 3_000_000 + "',\n  nix;\n")
    result = up()
    assert (failure(result)["line"], failure(result)["column"]) == (3_000_003, 3)


# --- Settings that come with the login ----------------------------------------------------------------------------------


@pytest.fixture
def impatient(pg):
    """The login's statements end after 200 ms, its sessions after a second without any."""
    pg.psql(f"ALTER ROLE app IN DATABASE {pg.name} SET statement_timeout TO '200ms'",
            f"ALTER ROLE app IN DATABASE {pg.name} SET idle_session_timeout TO '1s'", user="postgres")


SLOW_INDEX = "CREATE INDEX CONCURRENTLY t_i ON t ((slow(i)));\n"


@pytest.fixture
def slow_table(pg):
    """Its index takes 400 ms."""
    slow = "CREATE FUNCTION slow(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$BEGIN PERFORM pg_sleep(0.4); RETURN 1; END$$"
    pg.psql("CREATE TABLE t (i int)", "INSERT INTO t VALUES (1)", slow)


def test_no_limit_means_none(up, files, pg, slow_table, impatient):
    files("0001_a.sql", SLOW_INDEX)
    files("0002_b.sql", "SELECT pg_sleep(0.4);\n")
    files("0003_c.sql", "RESET ALL;\nSELECT 1;\n")
    files("0004_d.sql", "-- migrate: transaction=off\nSELECT pg_sleep(0.4);\n")
    files("0005_e.sql", "-- migrate: statement_timeout=none\nSELECT pg_sleep(0.4);\n")
    result = up("--to", "0004")
    assert result.status == 0, result.output
    assert pg.psql("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_i'::regclass") == "t"
    result = up("--statement-timeout", "50ms")
    assert result.status == 0, result.output


def test_concurrently_has_a_limit_when_asked(up, files, pg, slow_table):
    files("0001_a.sql", SLOW_INDEX)
    result = up("--statement-timeout", "50ms")
    assert (result.status, failure(result)["sqlstate"]) == (24, "57014")


@pytest.mark.parametrize(
    "text, args, source",
    [
        ("SELECT pg_sleep(9);\n", ["--statement-timeout=50ms"], "50ms set by --statement-timeout (MIGRATE_STATEMENT_TIMEOUT)"),
        ("-- migrate: statement_timeout=60ms\nSELECT pg_sleep(9);\n", ["--statement-timeout=none"], "60ms set by the file's header"),
        ("SET statement_timeout TO 50;\nSELECT pg_sleep(9);\n", [], "migrate set no limit"),
    ],
    ids=["option", "header", "file"],
)
def test_the_hint_names_where_a_limit_comes_from(up, files, text, args, source):
    files("0001_a.sql", text)
    result = up(*args)
    assert (result.status, failure(result)["sqlstate"]) == (20, "57014")
    assert source in failure(result)["hint"]


def test_a_pause_is_longer_than_the_logins_patience(start, files, pg, impatient):
    """idle_session_timeout of the login would end the session while it waits to try again."""
    pg.psql("CREATE TABLE a (i int)")
    files("0001_a.sql", "ALTER TABLE a ADD COLUMN j int;\n")
    with Holder(pg, "LOCK TABLE a;"):
        process = start("migrate", "up", "--dir", files, "--lock-timeout", "50ms", env={"DATABASE_URL": pg.url})
        process.wait_for('"attempt":5')
    assert process.wait().status == 0


# --- 25001 --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["", "-- migrate: transaction=off\n"])
@pytest.mark.parametrize("more", ["", "SELECT 2;\n"], ids=["alone", "not alone"])
def test_what_a_function_cannot_do_anywhere(up, files, pg, header, more):
    pg.psql("CREATE TABLE t (i int)")
    files("0001_a.sql", f"{header}DO $$BEGIN EXECUTE 'CREATE INDEX CONCURRENTLY t_i ON t (i)'; END$$;\n{more}")
    result = up()
    assert (result.status, failure(result)["sqlstate"]) == (24 if header else 20, "25001")
    assert "write the statement itself" in failure(result)["hint"]
    assert "transaction=off" not in failure(result)["hint"]


def test_set_transaction_comes_first(up, files):
    files("0001_a.sql", "SELECT 1;\nSET TRANSACTION ISOLATION LEVEL SERIALIZABLE;\n")
    result = up()
    assert (result.status, failure(result)["sqlstate"], failure(result)["line"]) == (20, "25001", 2)
    assert "move it to the beginning of the file" in failure(result)["hint"]


def test_set_transaction_first_behind_all_that_we_set(up, files, pg):
    files("0001_a.sql", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;\n"
                        "CREATE TABLE a AS SELECT current_setting('transaction_isolation') x, current_setting('search_path') p;\n"
                        "SET search_path TO pg_catalog;\n")
    files("0002_b.sql", "CREATE TABLE b AS SELECT current_setting('search_path') p;\n")
    files("0003_c.sql", "-- migrate: transaction=off\nCREATE TABLE c AS SELECT current_setting('search_path') p;\n")
    result = up("--search-path", 'public, "$user"', "--role", "app", "--statement-timeout", "1m")
    assert result.status == 0, result.output
    assert pg.psql("SELECT x, p FROM a", "SELECT p FROM b", "SELECT p FROM c").splitlines() == [
        'serializable|public, "$user"', 'public, "$user"', 'public, "$user"']


def test_a_search_path_that_is_none(up, files, pg):
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    result = up("--search-path", '"open')
    assert result.status == 20
    assert "search_path" in failure(result)["msg"]
    assert pg.psql("SELECT to_regclass('schema_history') IS NULL") == "t"


# --- Databases that are not UTF-8 ---------------------------------------------------------------------------------------


class Encoded:
    """A database in an encoding."""

    def __init__(self, server, name, encoding):
        self.server = server
        self.name = name
        self.url = server.url(name)
        server.psql(f"CREATE DATABASE {name} OWNER app ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")

    def psql(self, *statements):
        return self.server.psql("SET client_encoding TO 'UTF8'", *statements, database=self.name)


@pytest.fixture
def encoded(pg):
    made = []

    def make(encoding):
        made.append(Encoded(pg.server, f"{pg.name}_{len(made)}", encoding))
        return made[-1]

    yield make
    for database in made:
        pg.server.psql(f"DROP DATABASE {database.name} WITH (FORCE)")


@pytest.mark.parametrize("header", ["", "-- migrate: transaction=off\n"])
def test_comments_that_the_database_cannot_hold(up, files, encoded, header):
    """psql loads such a file: what stands between statements is not sent."""
    database = encoded("LATIN1")
    files("0001_a.sql", f"{header}-- 10 €\nCREATE TABLE t (a text); -- 20 €\n/* ☃ */ INSERT INTO t VALUES ('größe');\n"
                        "INSERT INTO t VALUES ('b');\n-- 漢字\nINSERT INTO t VALUES ('c');\n-- 30 €\n")
    result = up(url=database.url)
    assert result.status == 0, result.output
    assert database.psql("SELECT a FROM t").splitlines() == ["größe", "b", "c"]


@pytest.mark.parametrize("header, status", [("", 20), ("-- migrate: transaction=off\n", 24)])
@pytest.mark.parametrize("before", ["", "CREATE TABLE t (a text);\nINSERT INTO t VALUES ('ü');\n"], ids=["first", "later"])
def test_the_place_of_a_character_that_the_database_cannot_hold(up, files, encoded, before, header, status):
    files("0001_a.sql", f"{header}{before}CREATE TABLE u (a text);\nINSERT INTO u VALUES ('ä');\nINSERT INTO u VALUES ('ä', '10 €');\n")
    result = up(url=encoded("LATIN1").url)
    said = failure(result)
    assert (result.status, said["sqlstate"]) == (status, "22P05")
    assert (said["line"], said["column"]) == (3 + header.count("\n") + before.count("\n"), 32)


@pytest.mark.parametrize("header, status", [("", 20), ("-- migrate: transaction=off\n", 24)])
def test_the_place_of_bytes_that_are_no_text(up, files, pg, header, status):
    """Of the declared encoding here; in a row of COPY, where the server says so, there."""
    files("0001_a.sql", f"{header}SELECT 1;\nSET client_encoding TO 'EUC_JP';\nSELECT 2, 'größe';\n")
    result = up()
    said = failure(result)
    assert (result.status, said["sqlstate"], said["line"], said["column"]) == (
        status, "22021", 3 + header.count("\n"), 15)
    pg.psql("DROP TABLE IF EXISTS schema_history_step")  # another file, not the same one edited
    files("0001_a.sql", f"{header}CREATE TEMP TABLE t (a text);\nCOPY t FROM STDIN;\na\n\\xff\n\\.\n")
    result = up()
    assert (result.status, failure(result)["sqlstate"], failure(result)["line"]) == (status, "22021", 4 + header.count("\n"))


@pytest.mark.parametrize("before", ["", "SELECT 1;\n"], ids=["first", "later"])
@pytest.mark.parametrize("literal", [r"E'a\xFF'", r"e'a\377'"])
def test_the_place_of_an_escape_that_makes_no_text(up, files, before, literal):
    """It fails before anything of its batch runs, and without a position."""
    files("0001_a.sql", f"{before}CREATE TABLE t (a text);\nINSERT INTO t VALUES ('\\xff');\nINSERT INTO t VALUES ({literal});\n")
    result = up()
    said = failure(result)
    assert (result.status, said["sqlstate"], said["line"], said["column"]) == (20, "22021", 3 + before.count("\n"), 26)


@pytest.mark.parametrize("header", ["", "-- migrate: transaction=off\n"])
@pytest.mark.parametrize("encoding", ["LATIN1", "UTF8"])
def test_the_row_is_not_written_in_the_files_encoding(up, files, encoded, encoding, header):
    database = encoded(encoding)
    files("0001_größe.sql", f"{header}SET standard_conforming_strings TO off;\nSET client_encoding TO 'LATIN1';\nCREATE TABLE t (a text);\n")
    files("0002_b.sql", "CREATE TABLE \"größe\".u (a text);\n")
    database.psql('CREATE SCHEMA "größe" AUTHORIZATION app')
    result = up("--release", "süß\\", "--search-path", 'public, "größe"', url=database.url)
    assert result.status == 0, result.output
    assert database.psql("SELECT name, release FROM schema_history ORDER BY 1").splitlines() == ["b|süß\\", "größe|süß\\"]


@pytest.mark.parametrize("encoding, before", [("SQL_ASCII", ""), ("LATIN1", ""), ("UTF8", ""), ("EUC_JP", ""),
                                              ("UTF8", "SET client_encoding TO 'LATIN1';\n"), ("UTF8", "SET client_encoding TO 'SQL_ASCII';\n"),
                                              ("LATIN1", "SET client_encoding TO 'SQL_ASCII';\n")])
def test_columns_count_characters(up, files, encoded, encoding, before):
    """However the server counts them: bytes where it does not know what the text is."""
    word = "größe" if encoding != "EUC_JP" else "漢字"
    database = encoded(encoding)
    for begun in ("", "SET lock_timeout TO 1000;\nSELECT 1;\n"):
        files("0001_a.sql", f"{begun}{before}SELECT '{word}',\n  '{word}', nix;\n")
        result = up(url=database.url)
        said = failure(result)
        assert (said["sqlstate"], said["line"], said["column"]) == (
            "42703", 2 + begun.count("\n") + before.count("\n"), 3 + len(f"'{word}', ")), said


# --- The terminal -------------------------------------------------------------------------------------------------------


def test_records_do_not_tear_the_progress_line(up, files, pg):
    """Whoever logs, the line is wiped first."""
    pg.psql("CREATE TABLE a (i int)")
    files("0001_a.sql", "-- migrate: transaction=off\nALTER TABLE a ADD COLUMN j int;\n")
    spawn = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
    with Holder(pg, "LOCK TABLE a;"):
        result = up("--lock-timeout=500ms", "--deadline=3s", env={"TERM": "xterm"}, wrap=[sys.executable, "-c", spawn])
    assert result.status == 12, result.output
    assert re.search(r"\x1b\[K(\x1b\[\d+m)?(▕|\[)", result.stdout), result.stdout
    records = [m for m in re.finditer(r"\d\d:\d\d:\d\d (info|warn|error)", result.stdout)]
    assert len(records) >= 2
    for record in records:
        assert result.stdout[: record.start()].endswith(("\n", "\x1b[K")) or record.start() == 0, result.stdout


# --- Again and again ----------------------------------------------------------------------------------------------------


RAISE = "DO $$BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '{}'; END$$;\n"


@pytest.mark.parametrize("header, status", [("", 20), ("-- migrate: transaction=off\nSELECT 1;\n", 24)])
@pytest.mark.parametrize("sqlstate", ["40001", "55P03"])
def test_what_a_script_raises_ends_without_a_deadline(up, files, pg, header, status, sqlstate):
    """Outside a transaction a DO block that does not commit is in one of its own, and is sent again as any other."""
    files("0001_a.sql", header + RAISE.format(sqlstate))
    result = up()
    assert (result.status, failure(result)["sqlstate"]) == (status, sqlstate)
    assert len(events(result, "retry")) == 9
    assert "10 attempts" in failure(result)["hint"]
    assert history(pg) == []


def test_nowait_ends_without_a_deadline(up, files, pg):
    pg.psql("CREATE TABLE a (i int)", "INSERT INTO a VALUES (1)")
    files("0001_a.sql", "-- migrate: transaction=off\nSELECT * FROM a FOR UPDATE NOWAIT;\n")
    with Holder(pg, "UPDATE a SET i = 2;"):
        result = up()
    assert (result.status, failure(result)["sqlstate"], len(events(result, "retry"))) == (24, "55P03", 9)


def test_with_a_deadline_it_is_the_deadline(up, files):
    files("0001_a.sql", "SELECT 1;\n" + RAISE.format("40001"))
    result = up("--deadline=2s")
    assert result.status == 12
    assert events(result, "retry")


def test_a_lock_is_waited_for_longer_than_that(start, files, pg):
    pg.psql("CREATE TABLE a (i int)")
    files("0001_a.sql", "-- migrate: transaction=off\nALTER TABLE a ADD COLUMN j int;\n")
    with Holder(pg, "LOCK TABLE a;"):
        process = start("migrate", "up", "--dir", files, "--lock-timeout=20ms", env={"DATABASE_URL": pg.url})
        process.wait_for('"attempt":11', timeout=60)  # the pauses before it double, up to 5 s
    assert process.wait().status == 0


# --- No database --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parts, args, sqlstate, words",
    [
        ({"database": "nowhere"}, [], "3D000", "(not retried: create the database"),
        ({"user": "nobody_here"}, [], "28P01", "(not retried: create the role"),
        ({"sslmode": "require"}, [], None, "(not retried: correct the server's TLS"),
        ({"port": 1}, ["--wait=0"], None, "(not retried: --wait is 0)"),
        ({"port": 1}, ["--wait=300ms"], None, "(waited for 300ms)"),
    ],
    ids=["database", "role", "tls", "no wait", "waited"],
)
def test_what_is_missing_and_whether_it_was_waited_for(run, files, pg, scratch, parts, args, sqlstate, words):
    files("0001_a.sql", "SELECT 1;\n")
    message = scratch / "termination"
    message.write_text("")
    env = {"DATABASE_URL": pg.server.url(**{"database": pg.name, **parts})}
    for command in (["up", "--dir", files], ["status", "--dir", files], ["wait"]):
        result = run("migrate", *command, *args, "--termination-log", message, env=env)
        said = failure(result)
        assert (result.status, said.get("sqlstate")) == (10, sqlstate), result.output
        assert words in said["msg"]
        assert json.loads(message.read_text())["pending"] is None
