"""migrate check: lock hazards, told to people, machines and GitHub; allowed by a header; old files left alone."""

import json
from pathlib import Path

import pytest

from rig.migrations import Migrations, failure

ROOT = Path(__file__).resolve().parents[3]
INDEX = "CREATE INDEX i ON orders (a);\n"


@pytest.fixture
def check(run, scratch):
    files = Migrations(scratch)

    def go(status, *args, **more):
        result = run("migrate", "check", *args, files, **more)
        assert result.status == status, result.output
        return result

    return files, go


def found(result):
    """(file, line, column, level, rule) of each finding that --json tells."""
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    lines = [x for x in lines if x.get("rule") not in (None, "lock-order")]
    return [(x["file"], x["line"], x["column"], x["level"], x["rule"]) for x in lines]


def test_people_read_place_line_rule_and_the_safe_way(check):
    files, go = check
    files("0001_a.sql", "CREATE TABLE orders (a int);\nCREATE INDEX ON orders (a);\n")
    files("0002_b.sql", "-- why\n  ALTER TABLE \"Orders\" ADD b int,\n    ADD CHECK (b > 0);\nALTER TABLE c ADD CHECK (d);\n")
    said = go(25).stdout
    assert (
        "0002_b.sql:3:9: error: adding a CHECK constraint scans \"Orders\" while all other access is blocked [constraint-check]\n"
        "        ADD CHECK (b > 0);\n"
        "            ^\n"
        "    lock: ACCESS EXCLUSIVE on the table until every row has been checked; reads and writes wait\n"
        "    safe: ADD CONSTRAINT … NOT VALID"
    ) in said
    assert said.count("    safe: ADD CONSTRAINT … NOT VALID") == 1, "once is enough"
    assert "0002_b.sql:4:19: error:" in said and "0002_b.sql:4:15: warning:" in said
    assert said.endswith("2 files, 4 statements, 2 errors, 1 warning\n")


def test_machines_read_an_object_a_line(check):
    files, go = check
    files("0001_a.sql", INDEX + "DROP TABLE t;\n")
    result = go(25, "--json")
    assert found(result) == [
        ("0001_a.sql", 1, 1, "error", "index-create"),
        ("0001_a.sql", 2, 1, "warning", "table-drop"),
    ]
    first = [json.loads(line) for line in result.stdout.splitlines()][1]
    assert list(first) == ["file", "line", "column", "level", "rule", "message", "lock", "safe"]
    assert "CONCURRENTLY" in first["safe"]
    assert failure(result)["msg"] == "1 finding of level error"
    assert go(25, "--format", "json").stdout == result.stdout


def test_github_reads_annotations(check, run):
    files, go = check
    files("0001_a,b.sql", 'CREATE INDEX i ON "50%: \n" (a);\nDROP INDEX i, j;\n')
    said = go(25, "--format", "github").stdout.splitlines()
    assert said[0].startswith(
        f"::error file={files}/0001_a%2Cb.sql,line=1,col=1,title=index-create::CREATE INDEX blocks writes to \"50%25: %0A\" until"
    )
    assert "%0ALock: SHARE on the table" in said[0] and "%0ASafe: CREATE INDEX CONCURRENTLY" in said[0]
    assert said[1].startswith(f"::warning file={files}/0001_a%2Cb.sql,line=3,col=1,title=index-drop::")
    assert said[2:] == ["1 file, 2 statements, 1 error, 1 warning"]
    files("0002_b.sql", "SELECT 'x\n")
    assert "0002_b.sql,line=1,col=8,title=splitting::" in go(23, "--format", "github").stdout


@pytest.mark.parametrize("dir_, shown", [("./migrations/", "migrations/"), (".", ""), ("migrations", "migrations/")])
def test_github_wants_paths_from_the_root(run, scratch, dir_, shown):
    files = Migrations(scratch)
    files("0001_a.sql", INDEX)
    result = run("migrate", "check", "--format=github", dir_, cwd=files.path if dir_ == "." else scratch)
    assert result.stdout.startswith(f"::error file={shown}0001_a.sql,line=1,"), result.output


def test_warnings_alone_change_no_status(check):
    files, go = check
    files("0001_a.sql", "DROP TABLE a;\n")
    assert "1 file, 1 statement, 0 errors, 1 warning\n" in go(0).stdout


def test_a_header_allows(check):
    files, go = check
    files("0001_a.sql", "-- migrate: lock_timeout=5s allow=index-create,table-drop\n" + INDEX + "DROP TABLE a;\nTRUNCATE orders;\n")
    assert [x[4] for x in found(go(0, "--json"))] == ["table-truncate"]
    files("0002_b.sql", "-- migrate: allow=index-crate,\n" + INDEX)
    result = go(25, "--json")
    assert found(result)[1:] == [
        ("0002_b.sql", 1, 19, "error", "header"),
        ("0002_b.sql", 2, 1, "error", "index-create"),
    ]
    assert "there is no rule index-crate: did you mean index-create?" in result.stdout


def test_up_reads_the_header_too(up, files, pg):
    """A rule that this version does not know is no matter there."""
    files("0001_a.sql", "-- migrate: allow=some-rule,index-create\nCREATE TABLE orders (a int);\n" + INDEX)
    assert up().status == 0


def test_contract_files_may_drop(check):
    files, go = check
    files("0001_a.sql", "-- migrate: phase=contract\nDROP TABLE a;\nALTER TABLE b DROP c;\nALTER TABLE b RENAME TO d;\n")
    assert found(go(0, "--json")) == []


def test_since_leaves_old_files_alone(check):
    files, go = check
    files("2_a.sql", INDEX + "CREATE TABLE t (a varchar(10));\n")
    files("10_b.sql", INDEX + "ALTER TABLE t ALTER a TYPE varchar(20);\nCREATE TABLE n (a int);\n")
    files("11_c.sql", "CREATE INDEX ON n (a);\nALTER TABLE t ALTER a TYPE varchar(15);\n")
    assert [x[:2] for x in found(go(25, "--json"))] == [("2_a.sql", 1), ("10_b.sql", 1), ("11_c.sql", 1), ("11_c.sql", 2)]
    # 11_c meets the table as 10_b made it: empty; and its column as 10_b left it
    since = go(25, "--json", "--since", "2")
    assert [x[:2] for x in found(since)] == [("10_b.sql", 1), ("11_c.sql", 2)]
    assert go(25, "--json", env={"MIGRATE_SINCE": "2"}).stdout == since.stdout
    assert found(go(0, "--json", "--since", "11")) == []
    files("1_z.sql", "SELECT 1;\nCOMMIT;\n")
    assert found(go(25, "--json", "--since", "11")) == [("1_z.sql", 2, 1, "error", "transaction")]


def test_down_files_are_not_looked_at(check):
    files, go = check
    files("1_a.up.sql", "SELECT 1;\n")
    files("1_a.down.sql", INDEX + "DROP TABLE a;\n")
    assert found(go(0, "--json")) == []


def test_large_files_are_read_twice(check):
    """They are mapped, and their pages given back as they are read."""
    files, go = check
    rows = "".join(f"INSERT INTO t VALUES ({n}, 'CREATE INDEX ON t (a);');\n" for n in range(60000))
    files("1_a.sql", rows + INDEX)
    assert found(go(25, "--json")) == [("1_a.sql", 60001, 1, "error", "index-create")]
