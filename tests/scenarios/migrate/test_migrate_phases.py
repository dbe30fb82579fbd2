"""Phases, being ahead, and the one object of --json."""

import json
import threading

import pytest

from rig.base import free_port, wait_until
from rig.migrations import events, failure, history

CONTRACT = "-- migrate: phase=contract\n"


@pytest.fixture
def expand_and_contract(files):
    """Release 1 adds a column, and its successor takes the old one away."""
    files("0001_people.sql", "CREATE TABLE people (name text);\n")
    files("0002_add_full_name.sql", "ALTER TABLE people ADD full_name text;\n")
    files("0003_drop_name.sql", CONTRACT + "ALTER TABLE people DROP name;\n")


def columns(pg):
    return pg.psql("SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'people'::regclass AND attnum > 0 AND NOT attisdropped")


# --- Phases -------------------------------------------------------------------------------------------------------------


def test_a_release_expands_and_a_later_one_contracts(expand_and_contract, files, up, pg):
    first = up()
    assert (first.status, history(pg), columns(pg)) == (0, ["0001", "0002"], "name,full_name"), first.output
    assert events(first, "held")[0]["held"] == 1
    assert up("--phase=expand").status == 0 and columns(pg) == "name,full_name"
    second = up("--phase=contract")
    assert (second.status, columns(pg)) == (0, "full_name"), second.output
    assert [r["phase"] for r in events(second, "applied")] == ["contract"]
    files("0004_index.sql", "CREATE INDEX people_i ON people (full_name);\n")
    assert up().status == 0 and history(pg)[-1] == "0004"


def test_expand_files_pass_a_contract_file_that_waits(expand_and_contract, files, up, pg):
    """It waits by design: what passes it does not make it late."""
    files("0004_index.sql", "CREATE INDEX people_i ON people (full_name);\n")
    assert up().status == 0 and history(pg) == ["0001", "0002", "0004"]
    assert up("--phase=contract").status == 0 and history(pg)[-1] == "0003"


def test_contract_comes_behind_what_it_stands_on(expand_and_contract, up, pg):
    result = up("--phase=contract")
    assert result.status == 22, result.output
    assert "comes before 0003_drop_name.sql: apply it first (--phase expand, or all)" in failure(result)["msg"]
    assert up("--phase=all").status == 0 and history(pg) == ["0001", "0002", "0003"]


def test_phase_in_status_and_by_variable(expand_and_contract, up):
    assert up().status == 0
    assert up("--exit-code", command="status").status == 0
    assert up("--exit-code", "--phase=all", command="status").status == 1
    said = json.loads(up("--json", command="status").stdout)
    assert (said["held"], said["pending"], said["migrations"][2]["state"], said["migrations"][2]["phase"]) == (1, 0, "held", "contract")
    assert len(events(up(env={"MIGRATE_PHASE": "contract"}), "applied")) == 1


# --- Ahead --------------------------------------------------------------------------------------------------------------


def test_ahead(files, up, pg):
    """A rollback by git: the old files meet the new history."""
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    files("0002_b.sql", "CREATE TABLE b (i int);\n")
    assert up().status == 0
    files.remove("0002_b.sql")
    allowed = up()
    assert (allowed.status, events(allowed, "ahead")[0]["ahead"], events(allowed, "done")[0]["outcome"]) == (0, 1, "ahead")
    refused = up("--ahead=refuse")
    said = failure(refused)
    assert refused.status == 21, refused.output
    assert "the database is ahead: version 0002 (b) was applied at" in said["msg"]
    assert up(env={"MIGRATE_AHEAD": "refuse"}).status == 21
    assert [up("--exit-code", f"--ahead={x}", command="status").status for x in ("allow", "refuse")] == [0, 21]
    files("0003_c.sql", "CREATE TABLE c (i int);\n")  # and now it is missing below the newest
    assert up().status == 21
    assert history(pg) == ["0001", "0002"]


def test_ahead_refused_before_anything_runs(files, up, pg):
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    files("0003_c.sql", "CREATE TABLE c (i int);\n")
    assert up().status == 0
    files.remove("0003_c.sql")
    files("0002_b.sql", "CREATE TABLE b (i int);\n")
    assert up("--ahead=refuse", "--out-of-order=apply").status == 21
    assert history(pg) == ["0001", "0003"]
    allowed = up("--out-of-order=apply")
    assert (allowed.status, history(pg)) == (0, ["0001", "0003", "0002"]), allowed.output


# --- One object -----------------------------------------------------------------------------------------------------------


def test_json_of_up(expand_and_contract, files, up):
    dry = json.loads(up("--dry-run", "--json").stdout)
    assert (dry["outcome"], dry["applied"], [(m["action"], m["version"]) for m in dry["migrations"]]) == (
        "dry-run", [], [("would_apply", "0001"), ("would_apply", "0002")])
    said = json.loads(up("--json").stdout)
    assert list(said) == ["program", "command", "outcome", "exit", "applied", "pending", "file", "line", "column", "sqlstate", "message", "hint",
                          "duration_ms", "migrations"]
    assert (said["program"], said["command"], said["outcome"], said["exit"], said["applied"]) == ("migrate", "up", "done", 0, ["0001", "0002"])
    assert [(m["action"], m["file"], m["phase"], m["transaction"], m["statements"], m["attempts"]) for m in said["migrations"]] == [
        ("applied", "0001_people.sql", "expand", True, 1, 1), ("applied", "0002_add_full_name.sql", "expand", True, 1, 1)]
    assert json.loads(up("--json").stdout)["outcome"] == "nothing"
    files("0004_bad.sql", "CREATE TABLE x (i int);\nSELECT nowhere;\n")
    failed = json.loads(up("--json").stdout)
    assert (failed["outcome"], failed["exit"], failed["file"], failed["line"], failed["sqlstate"], failed["migrations"]) == (
        "refused", 20, "0004_bad.sql", 2, "42703", [])


def test_json_when_there_is_no_database(files, up, run):
    files("0001_a.sql", "SELECT 1;\n")
    url = f"postgres://app@127.0.0.1:{free_port()}/x"
    for command in ("up", "status", "wait"):
        where = [] if command == "wait" else ["--dir", str(files)]
        result = run("migrate", command, *where, "--wait=0", "--json", env={"DATABASE_URL": url})
        said = json.loads(result.stdout)
        assert (result.status, said["command"], said["exit"], said["outcome"]) == (10, command, 10, "unreachable"), result.output


def test_json_of_wait(run, pg):
    said = json.loads(run("migrate", "wait", "--json", env={"DATABASE_URL": pg.url}).stdout)
    assert (said["command"], said["outcome"], said["exit"], said["migrations"]) == ("wait", "done", 0, [])


def test_steps_counts_over_a_lost_connection(run, files, pg, proxy):
    """The second of two steps is committed while its connection goes: no third one follows."""
    files("0001_a.sql", "CREATE TABLE a (i int);\n"
          "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM pg_sleep(1); RETURN NULL; END$$;\n"
          "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON a DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow();\n")
    files("0002_b.sql", "INSERT INTO a VALUES (1);\n")
    files("0003_c.sql", "INSERT INTO a VALUES (2);\n")
    line = proxy(pg)

    def cut_in_commit():
        wait_until(lambda: pg.sessions("state = 'active' AND query LIKE 'RESET SESSION%''0002''%COMMIT;%'") == 1, what="COMMIT runs")
        line.cut(reset=True)

    cutter = threading.Thread(target=cut_in_commit)
    cutter.start()
    result = run("migrate", "up", "--steps=2", "--json", "--dir", files, env={"DATABASE_URL": pg.url_with(port=line.port)})
    cutter.join()
    assert result.status == 0, result.output
    assert history(pg) == ["0001", "0002"]
    said = json.loads(result.stdout)
    assert (said["applied"], [m["version"] for m in said["migrations"]]) == (["0001", "0002"], ["0001", "0002"])
