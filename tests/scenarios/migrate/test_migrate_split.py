"""migrate split and check, and the server's own word on what they say."""

import json
import re
import subprocess

import pytest

from rig.migrations import Migrations, failure


@pytest.fixture
def split(run, scratch):
    """split(text) -> the objects that split --json prints."""

    def go(text, status=0):
        file = scratch / "file.sql"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        result = run("migrate", "split", file, "--json")
        assert result.status == status, result.output
        return [json.loads(line) for line in result.stdout.splitlines()]

    return go


def test_the_objects_are_the_contracts(split):
    text = "-- é\nSELECT 1\n;\nCOPY t FROM STDIN;\n1\n2\n\\.\nVACUUM t -- end\n"
    data = text.encode()
    found = split(text)
    assert [list(x) for x in found] == [["n", "line", "end_line", "offset", "bytes", "kind", "transaction"]] * 3
    assert [data[x["offset"] : x["offset"] + x["bytes"]] for x in found] == [
        b"SELECT 1\n",
        b"COPY t FROM STDIN;\n1\n2\n",
        b"VACUUM t",
    ]
    assert [(x["n"], x["line"], x["end_line"]) for x in found] == [(1, 2, 3), (2, 4, 7), (3, 8, 8)]
    assert [(x["kind"], x["transaction"]) for x in found] == [("sql", True), ("copy", True), ("sql", False)]


@pytest.mark.parametrize(
    "text, line, column, says",
    [
        ("SELECT 1;\nSELECT 'x", 2, 8, "not closed"),
        ("SELECT 1;\r\nSELECT 'é', (\r\n", 2, 13, "parenthesis"),
        ("\\connect x\n", 1, 1, "\\connect"),
        ("COPY t FROM STDIN; SELECT 1;\n", 1, 20, "text behind"),
        (b"a\0b", 1, None, "NUL"),
        (b"SELECT 1;\n\xff", 2, None, "UTF-8"),
    ],
)
def test_bad_input_is_named_with_its_place(run, scratch, text, line, column, says):
    file = scratch / "bad.sql"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    result = run("migrate", "split", file)
    assert result.status == 23
    said = failure(result)
    assert says in said["msg"] and "bad.sql" in said["msg"]
    assert (said.get("line"), said.get("column")) == (line, column)


# --- Against the server: 25001 is what the verdict foretells ----------------------------------------------------------

PLACE = [
    "CREATE TABLE t (a int)",
    "CREATE INDEX i ON t (a)",
    "CREATE TABLE parent (a int) PARTITION BY LIST (a)",
    "CREATE TABLE p1 PARTITION OF parent FOR VALUES IN (1)",
    "CREATE TABLE p2 PARTITION OF parent FOR VALUES IN (2)",
    "CREATE TYPE mood AS ENUM ('good')",
    "CREATE MATERIALIZED VIEW m AS SELECT 1 AS a",
    "CREATE UNIQUE INDEX ON m (a)",
    "CREATE DATABASE other",
    "CREATE PUBLICATION pub",
    "CREATE SUBSCRIPTION sub CONNECTION 'dbname=x' PUBLICATION pub WITH (connect = false, slot_name = 'x')",
]

STATEMENTS = """
CREATE INDEX CONCURRENTLY ON t (a)
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS j ON t (a)
CREATE INDEX ON t (a)
DROP INDEX CONCURRENTLY i
DROP INDEX i
REINDEX TABLE t
REINDEX TABLE CONCURRENTLY t
REINDEX (CONCURRENTLY) INDEX i
REINDEX (CONCURRENTLY false) INDEX i
REINDEX SCHEMA public
REINDEX (VERBOSE) DATABASE postgres
REINDEX SYSTEM postgres
VACUUM
VACUUM (ANALYZE) t
ANALYZE t
CHECKPOINT
CLUSTER
CLUSTER VERBOSE
CLUSTER t USING i
CREATE DATABASE d
DROP DATABASE other
ALTER DATABASE other SET TABLESPACE pg_default
ALTER DATABASE other WITH TABLESPACE pg_default
ALTER DATABASE other TABLESPACE = pg_default
ALTER DATABASE other SET default_tablespace = 'pg_default'
ALTER DATABASE other CONNECTION LIMIT 3
CREATE TABLESPACE s LOCATION '/nowhere'
DROP TABLESPACE s
ALTER SYSTEM SET work_mem = '5MB'
ALTER SYSTEM RESET ALL
ALTER TABLE parent DETACH PARTITION p1 CONCURRENTLY
ALTER TABLE IF EXISTS ONLY public.parent DETACH PARTITION public.p1 CONCURRENTLY
ALTER TABLE parent DETACH PARTITION p2
DISCARD ALL
DISCARD PLANS
REFRESH MATERIALIZED VIEW CONCURRENTLY m
ALTER TYPE mood ADD VALUE 'bad'
CREATE SUBSCRIPTION s CONNECTION 'dbname=x' PUBLICATION pub
CREATE SUBSCRIPTION s CONNECTION 'dbname=x' PUBLICATION pub WITH (connect = false)
CREATE SUBSCRIPTION s CONNECTION 'dbname=x' PUBLICATION pub WITH (create_slot = true, enabled = false)
ALTER SUBSCRIPTION sub SET PUBLICATION pub, pub2 WITH (refresh = false)
ALTER SUBSCRIPTION sub SET (slot_name = NONE)
DROP SUBSCRIPTION sub
COMMIT PREPARED 'x'
ROLLBACK PREPARED 'x'
SAVEPOINT s
LOCK TABLE t
COPY t TO STDOUT
SET LOCAL work_mem = '5MB'
DO $$ BEGIN PERFORM 1; END $$
""".strip().splitlines()


def test_verdicts_are_the_servers(split, pg_server):
    server = pg_server()
    server.psql(*PLACE)
    said = split(";\n".join(STATEMENTS) + ";\n")
    assert len(said) == len(STATEMENTS)
    script = "\\set VERBOSITY sqlstate\n" + "".join(f"BEGIN;\n\\echo at {n}\n{sql};\nROLLBACK;\n" for n, sql in enumerate(STATEMENTS))
    done = subprocess.run(
        ["psql", "-XAtq", "-h", server.socket_dir, "-p", str(server.port), "-U", "postgres", "-d", "postgres", "-f", "-"],
        input=script, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd="/", timeout=60,
    )
    refused = {}
    for line in done.stdout.splitlines():
        if line.startswith("at "):
            n = int(line[3:])
        elif "ERROR:" in line:
            refused[n] = line.split()[-1]
    wrong = [(STATEMENTS[n], refused.get(n)) for n, x in enumerate(said) if x["transaction"] == (refused.get(n) == "25001")]
    assert not wrong, done.stdout
    assert list(refused.values()).count("25001") >= 25


# --- Against psql: what arrives at the server -----------------------------------------------------------------------------

TRICKY = r"""\restrict key
-- a comment; with a semicolon
CREATE TABLE t (a int, "b;c" text DEFAULT ';'); CREATE TABLE u (a int);
/* nested /* ; */ ; */ SELECT 1 /* ; */ + 2;
SELECT $a$ x $$a$ AS x; SELECT $a$ ; $b$ ; $a$; SELECT 'a' AS a$$; SELECT 1 AS b$c$;
SELECT E'it\'s;', 'it''s;\'; SELECT U&'d\0061t\+000061;\005C', B'01', X'1F', N'n;\';
CREATE RULE r AS ON INSERT TO u DO ALSO (INSERT INTO t VALUES (1); DELETE FROM t WHERE a = 2; );
CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql
BEGIN ATOMIC
  SELECT CASE WHEN x > 0 THEN 1 ELSE 2 END; -- END;
  SELECT x;
END; SELECT f(1);
CREATE FUNCTION g() RETURNS text AS $f$ BEGIN RETURN $g$;$g$; END $f$ LANGUAGE plpgsql;
SELECT 4 -- four;
 - -1 */**/ 2;
COPY t (a, "b;c") FROM STDIN WITH (DELIMITER '|');
1|'; DROP TABLE t; --
2|$$ \\. /*
\.
SELECT count(*) FROM t;;; SELECT "b;c" FROM t
  ; SET standard_conforming_strings = off; SET escape_string_warning = off;
SELECT 'it\'s;'; RESET standard_conforming_strings;
SELECT '\';
SELECT 'last'
"""


def logged(text):
    """The statements of the server's log."""
    found = []
    for line in text.splitlines():
        start = re.search(r"LOG:  statement: (.*)", line)
        if start:
            found.append(start[1])
        elif line.startswith("\t") and found:
            found[-1] += "\n" + line[1:]
    return found


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_server_gets_what_psql_sends(split, pg_server, scratch, newline):
    server = pg_server(log_statement="all")
    text = TRICKY.replace("\n", newline)
    file = scratch / "tricky.sql"
    file.write_bytes(text.encode())
    found = split(text)
    before = len(logged(server.log_text()))
    plain = scratch / "psql.sql"   # this psql may be too old for \restrict
    plain.write_bytes(text.split(newline, 1)[1].encode())
    command = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", server.socket_dir, "-p", str(server.port)]
    done = subprocess.run([*command, "-U", "postgres", "-d", "postgres", "-f", plain], capture_output=True, text=True, cwd="/", timeout=60)
    assert done.returncode == 0, done.stderr
    sent = [x for x in logged(server.log_text())[before:] if x.strip("\r\n ;")]   # psql sends empty ones too
    ours = []
    for x in found:
        piece = text.encode()[x["offset"] : x["offset"] + x["bytes"]].decode()
        ours.append(piece.split(";" + newline)[0] if x["kind"] == "copy" else piece)
    assert len(sent) == len(ours)
    for theirs, own in zip(sent, ours):
        # psql keeps the comments before a statement, and its semicolon
        theirs = theirs.replace("\r", "").rstrip().rstrip(";").rstrip()
        assert theirs.endswith(own.replace("\r", "").rstrip())


# psql reads line by line and takes a literal that goes on for two; it counts each BEGIN of a CREATE FUNCTION. The server
# does neither.
BEYOND_PSQL = r"""CREATE OR REPLACE FUNCTION begin() RETURNS int LANGUAGE sql RETURN (SELECT 1);
SELECT E'a'
  '\';'; SELECT E'a' -- comment ' ;
  '\';';
"""


def test_up_runs_all_of_it(run, scratch, pg):
    files = Migrations(scratch)
    files("1_tricky.sql", TRICKY + ";\n" + BEYOND_PSQL)
    result = run("migrate", "up", "--dir", files, env={"DATABASE_URL": pg.url})
    assert result.status == 0, result.output
    assert pg.psql('SELECT * FROM t ORDER BY a') == "1|'; DROP TABLE t; --\n2|$$ \\. /*"
    assert pg.psql("SELECT f(7), g(), begin()") == "7|;|1"


# --- check ------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def check(run, scratch):
    files = Migrations(scratch)

    def go(status, *args):
        result = run("migrate", "check", *args, files)
        assert result.status == status, result.output
        return result

    return files, go


def test_check_says_what_will_happen(check):
    files, go = check
    files("0001_a.sql", "BEGIN;\nCREATE TABLE a ();\nCOMMIT;\n")
    files("0002_b.sql", "-- migrate: phase=contract\nSELECT 1;\nVACUUM;\n")
    lines = [x for x in map(json.loads, go(0, "--json").stdout.splitlines()) if "rule" not in x]
    assert [(x["file"], x["statements"], x["transaction"], x["phase"]) for x in lines] == [
        ("0001_a.sql", 3, True, "expand"),
        ("0002_b.sql", 2, False, "contract"),
    ]
    assert (lines[1]["cannot"], lines[1]["cannot_line"]) == ("VACUUM", 3)
    assert "2 files, 5 statements, 0 errors, 1 warning\n" in go(0).stdout


def test_check_finds_what_up_would_refuse(check):
    files, go = check
    files("0001_a.sql", "SELECT 1;\nCOMMIT;\n")
    files("0002_b.sql", "-- migrate: transaction=on\nVACUUM;\n")
    files("0002_b.down.sql", "ROLLBACK;\n")
    result = go(25, "--json")
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(x["file"], x["line"], x["level"]) for x in found] == [
        ("0001_a.sql", 2, "error"),
        ("0002_b.sql", 2, "error"),
        ("0002_b.down.sql", 1, "error"),
    ]
    assert "COMMIT;\n    ^" in go(25).stdout
    files("0003_c.sql", "SELECT 'x\n")
    assert "0003_c.sql:1:8" in go(23).stdout


@pytest.mark.parametrize(
    "name, text, says",
    [
        ("1_b.sql", "", "of one version"),
        ("oops.sql", "", "oops.sql"),
        ("2_b.sql", b"SELECT 1;\n\xff", "2_b.sql:2"),
        ("2_b.sql", "-- migrate: transction=off\n", "2_b.sql:1"),
        ("2_b.down.sql", "", "2_b.down.sql"),
        ("V2__b.sql", "", "Flyway"),
    ],
)
def test_bad_directories(check, name, text, says):
    files, go = check
    files("01_a.sql", "")
    files(name, text)
    assert says in failure(go(23))["msg"]


def test_places_stand_beside_the_message(check, run, scratch):
    """In fields of their own, whatever finds them: the message names neither the file nor a line."""
    files, go = check
    files("0001_a.sql", "SELECT 1;\n")
    down = files.path / "0001_a.down.sql"
    down.write_text("-- migrate: phase=expand\n  -- migrate: x=1\nSELECT 2;\n")
    found = [json.loads(line) for line in go(23, "--json").stdout.splitlines()][1]
    assert (found["rule"], found["line"], found["column"]) == ("header", 2, 3)
    assert found["message"] == "unknown key x in a -- migrate: line"
    assert "0001_a.down.sql:2:3: error: unknown key x in a -- migrate: line [header]\n      -- migrate: x=1\n      ^\n" in go(23).stdout
    down.write_bytes(b"SELECT 2;\n\xff;\n")
    found = [json.loads(line) for line in go(23, "--json").stdout.splitlines()][1]
    assert (found["rule"], found["line"], found["message"]) == ("input", 2, "byte 0xff is not UTF-8")
    assert "column" not in found
    assert "0001_a.down.sql:2: error: byte 0xff is not UTF-8 [input]\n" in go(23).stdout
    split = failure(run("migrate", "split", down))
    assert (split["file"], split["line"], split["msg"]) == (str(down), 2, f"{down}:2: byte 0xff is not UTF-8")
