"""Other tools' layouts: their files and their history, read and written as they do it themselves."""

import json
import os
import zlib

import pytest
from rig import peers
from rig.migrations import Holder, events, failure

LAYOUTS = sorted(peers.FILES)
VERSIONS = {
    "golang": ["0001", "0002", "0003", "0004"],
    "dbmate": [f"2024010100000{i}" for i in (1, 2, 3, 4)],
    "goose": ["00001", "00002", "00003", "00004"],
    "sqlx": ["1", "2", "3", "4"],
    "flyway": ["1", "1.1", "2", "R__a_view"],
}


@pytest.fixture(params=LAYOUTS)
def layout(request, shared_postgres, new_dir):
    if os.environ.get("RR_GOLDEN") and peers.find(request.param):
        peers.write_golden(request.param, shared_postgres, new_dir())
    return request.param


def write(files, layout, upto=None):
    for name, text in list(peers.FILES[layout].items())[:upto]:
        files(name, text)


def status(up, *args):
    result = up("--json", *args, command="status")
    assert result.status == 0, result.output
    return json.loads(result.stdout)


def states(up, *args):
    return [(m["version"], m["state"]) for m in status(up, *args)["migrations"]]


def applied(result):
    assert result.status == 0, result.output
    return [r["version"] for r in events(result, "applied")]


def flags(layout):
    """Files of golang-migrate and sqlx look like native ones: without a history somebody has to say it."""
    return [f"--layout={layout}"] if layout in ("golang", "sqlx") else []


# --- They apply half of it, migrate the rest --------------------------------------------------------------------------


def begin_with_half(layout, files, pg, scratch):
    """The first two files, by the tool where it is to be had, else as it left them."""
    write(files, layout)
    if not peers.find(layout):
        peers.restore(pg, peers.golden(layout, "half"))
        return
    half = scratch / "half"
    half.mkdir()
    for name, text in list(peers.FILES[layout].items())[: peers.HALF[layout]]:
        (half / name).write_text(text, newline="")
    peers.apply(layout, pg, half)


def test_the_rest_of_what_another_tool_began(layout, up, files, pg, scratch):
    begin_with_half(layout, files, pg, scratch)
    first, second, third, fourth = VERSIONS[layout]
    assert states(up) == [(first, "applied"), (second, "applied"), (third, "pending"), (fourth, "pending")]
    assert applied(up()) == [third, fourth]
    assert pg.psql("SELECT to_regclass('schema_history') IS NULL") == "t"
    assert states(up) == [(v, "applied") for v in VERSIONS[layout]]
    assert applied(up()) == []
    table = peers.TABLES[layout]
    assert peers.even(peers.dump(pg)) == peers.even(peers.golden(layout, "full")), table
    if peers.find(layout):
        assert peers.says_nothing_pending(layout, peers.apply(layout, pg, files))


def test_the_whole_of_it_looks_as_if_the_tool_had_done_it(layout, up, files, pg):
    write(files, layout)
    assert applied(up(*flags(layout))) == VERSIONS[layout]
    assert peers.even(peers.dump(pg)) == peers.even(peers.golden(layout, "full"))
    if peers.find(layout):
        assert peers.says_nothing_pending(layout, peers.apply(layout, pg, files))


def test_the_tool_goes_on_where_migrate_ended(layout, up, files, pg):
    if not peers.find(layout):
        peers.restore(pg, peers.golden(layout, "full"))
        write(files, layout)
        assert states(up) == [(v, "applied") for v in VERSIONS[layout]]
        return
    write(files, layout, peers.HALF[layout])
    assert applied(up(*flags(layout))) == VERSIONS[layout][:2]
    write(files, layout)
    peers.apply(layout, pg, files)
    assert peers.even(peers.dump(pg)) == peers.even(peers.golden(layout, "full"))
    assert states(up) == [(v, "applied") for v in VERSIONS[layout]]


# --- What stopped part-way, and who is at work ------------------------------------------------------------------------


def dirty_at_two(files, pg):
    write(files, "golang")
    pg.psql("CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL)",
            "INSERT INTO schema_migrations VALUES (2, true)")


def test_a_dirty_mark_is_for_a_person(up, files, pg):
    dirty_at_two(files, pg)
    result = up()
    assert result.status == 24, result.output
    said = failure(result)
    assert "version 2" in said["msg"] and "dirty" in said["msg"] and "repair" in said["hint"]
    assert states(up) == [("0001", "applied"), ("0002", "dirty"), ("0003", "pending"), ("0004", "pending")]


def test_another_tool_at_work_is_waited_for(up, files, pg):
    """golang-migrate's own key: crc32 of schema, table and the path of its URL."""
    dirty_at_two(files, pg)
    key = zlib.crc32(f"public\0schema_migrations\0/{pg.name}".encode()) * 1486364155 % 2**32
    with Holder(pg, f"SELECT pg_advisory_lock({key}) IS NULL \\g /dev/null"):
        assert up("--lock-wait", "0s").status == 11


# --- Files of one tool, the history of another ------------------------------------------------------------------------


def test_files_and_history_that_do_not_belong_together(up, files, pg):
    write(files, "dbmate")
    pg.psql("CREATE TABLE goose_db_version (id int, version_id bigint, is_applied boolean, tstamp timestamp)")
    result = up()
    assert result.status == 23, result.output
    assert "goose" in failure(result)["msg"] and "--layout=dbmate" in failure(result)["msg"]
    assert pg.psql("SELECT to_regclass('a') IS NULL") == "t"


def test_status_says_what_the_history_cannot_tell(up, files):
    write(files, "dbmate")
    assert "history of dbmate: versions alone" in up(command="status").stdout


def test_places_of_errors_are_those_of_the_file(up, files):
    files("1_a.sql", "-- migrate:up\nSELECT 1;\n  SELECT nothing;\n-- migrate:down\nDROP TABLE x;\n")
    result = up()
    said = failure(result)
    assert (result.status, said["line"], said["column"]) == (20, 3, 10), result.output


# --- Flyway -----------------------------------------------------------------------------------------------------------


def test_a_repeatable_file_runs_again_when_it_changed(up, files, pg):
    write(files, "flyway")
    assert up().status == 0
    files("R__a_view.sql", "CREATE OR REPLACE VIEW v AS SELECT i, 1 AS one FROM a;")
    assert applied(up()) == ["R__a_view"]
    assert applied(up()) == []
    assert pg.psql("SELECT one FROM v LIMIT 1") == "1"


def test_an_edited_file_is_drift(up, files):
    write(files, "flyway")
    assert up().status == 0
    files("V1__create_a.sql", "CREATE TABLE a (i int); -- edited\n")
    assert up().status == 21
