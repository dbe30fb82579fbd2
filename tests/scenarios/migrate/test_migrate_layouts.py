"""Other tools' layouts: their files and their history, read and written as they do it themselves."""

import json
import os
import zlib

import pytest
from rig import peers
from rig.base import SLOW, rounds
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
    assert "history of dbmate: only versions" in up(command="status").stdout


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


def test_a_migration_in_go_is_not_passed_over(up, run, files, pg):
    """goose would apply it between the others; other Go files of the folder are the program's."""
    write(files, "goose")
    for name in ("embed.go", "00002_fill_test.go"):
        files(name, "package migrations\n")
    assert applied(up("--steps", "1")) == ["00001"]
    files("00003_more.go", "package migrations\n")
    for result in (up(), up(command="status"), run("migrate", "check", files)):
        assert result.status == 23, result.output
        said = failure(result)
        assert said["file"] == "00003_more.go" and "goose" in said["msg"] and "migrate run --" in said["msg"], result.output
    assert pg.psql("SELECT max(version_id) FROM goose_db_version") == "1"


# --- Each command, on each layout -------------------------------------------------------------------------------------

# Files of tools whose way back is another file.
BACK = {
    "sqlx": {
        "1_create_a.up.sql": "CREATE TABLE a (i int);\n",
        "1_create_a.down.sql": "DROP TABLE a;\n",
        "2_fill_it.up.sql": "INSERT INTO a VALUES (1);\nINSERT INTO a VALUES (2);\n",
        "2_fill_it.down.sql": "DELETE FROM a;\n",
        "3_body.up.sql": peers.BODY,
        "3_body.down.sql": "DROP FUNCTION f();\n",
        "4_index.up.sql": f"-- no-transaction\n{peers.INDEX}",
        "4_index.down.sql": "DROP INDEX a_i;\n",
    },
    "flyway": {
        "V1__create_a.sql": "CREATE TABLE a (i int);\n",
        "U1__create_a.sql": "DROP TABLE a;\n",
        "V1_1__fill_it.sql": "INSERT INTO a VALUES (1);\nINSERT INTO a VALUES (2);\n",
        "U1_1__fill_it.sql": "DELETE FROM a;\n",
        "V2__body.sql": peers.BODY,
        "U2__body.sql": "DROP FUNCTION f();\n",
        "V10__index.sql": peers.INDEX,
        "U10__index.sql": "DROP INDEX a_i;\n",
    },
}
BACK_VERSIONS = {**VERSIONS, "flyway": ["1", "1.1", "2", "10"]}


def write_with_ways_back(files, layout):
    for name, text in BACK.get(layout, peers.FILES[layout]).items():
        files(name, text)
    return BACK_VERSIONS[layout]


def made(pg):
    return pg.psql("SELECT to_regclass('a') IS NOT NULL, to_regproc('f') IS NOT NULL, to_regclass('a_i') IS NOT NULL")


def test_back_and_up_again(layout, up, files, pg):
    versions = write_with_ways_back(files, layout)
    assert applied(up(*flags(layout))) == versions
    before = peers.even(peers.dump(pg))
    result = up("--steps", "2", command="down")
    assert result.status == 0, result.output
    assert [r["version"] for r in events(result, "undone")] == versions[:1:-1]
    assert made(pg) == "t|f|f"
    assert states(up) == [(v, "applied") for v in versions[:2]] + [(v, "pending") for v in versions[2:]]
    assert applied(up()) == versions[2:]
    assert peers.even(peers.dump(pg)) == before
    assert up("--to", "0", command="down").status == 0
    assert made(pg) == "f|f|f"
    assert states(up, *flags(layout)) == [(v, "pending") for v in versions]
    assert applied(up(*flags(layout))) == versions
    assert peers.even(peers.dump(pg)) == before


def test_back_from_what_the_tool_left(layout, up, files, pg):
    """Its own rows go, too; where the files hold no way back, that is said and nothing happens."""
    peers.restore(pg, peers.golden(layout, "full"))
    write(files, layout)
    result = up("--to", VERSIONS[layout][1], command="down")
    if layout in BACK:
        assert result.status == 23 and failure(result)["msg"], result.output
        assert states(up) == [(v, "applied") for v in VERSIONS[layout]]
        return
    assert result.status == 0, result.output
    assert states(up) == [(v, s) for v, s in zip(VERSIONS[layout], ["applied"] * 2 + ["pending"] * 2)]
    assert applied(up()) == VERSIONS[layout][2:]
    assert peers.even(peers.dump(pg)) == peers.even(peers.golden(layout, "full"))


def test_baseline_writes_the_tools_rows(layout, up, files, pg):
    """On a database that has what the files make: rows as the tool's, but for what it keeps of the run."""
    versions = write_with_ways_back(files, layout)
    result = up(versions[1], *flags(layout), command="baseline")
    assert result.status == 0, result.output
    assert made(pg) == "f|f|f"
    assert states(up) == [(v, s) for v, s in zip(versions, ["applied"] * 2 + ["pending"] * 2)]
    if layout == "golang":
        assert pg.psql("TABLE schema_migrations") == "2|f"
    again = up(versions[1], command="baseline")
    assert again.status == 0 and not events(again, "recorded"), again.output
    pg.psql("CREATE TABLE a (i int)")
    assert applied(up()) == versions[2:]


def test_repair_takes_an_edited_file_for_the_applied_one(layout, up, files, pg):
    peers.restore(pg, peers.golden(layout, "full"))
    write(files, layout)
    name, text = list(peers.FILES[layout].items())[0]
    files(name, text.replace("(i int)", "(i  int)"))
    drift = layout in ("flyway", "sqlx")  # the others keep no digest
    assert up().status == (21 if drift else 0)
    result = up(command="repair")
    assert result.status == 0, result.output
    assert [r["version"] for r in events(result, "accepting")] == (VERSIONS[layout][:1] if drift else [])
    assert applied(up()) == []
    if drift and peers.find(layout):
        assert peers.says_nothing_pending(layout, peers.apply(layout, pg, files))


def test_rehearse_leaves_the_tools_history_alone(layout, up, files, pg):
    peers.restore(pg, peers.golden(layout, "half"))
    write(files, layout)
    before = peers.even(peers.dump(pg))
    result = up("--deadline", "60s", command="rehearse")
    assert result.status == 0, result.output
    assert peers.even(peers.dump(pg)) == before
    assert applied(up()) == VERSIONS[layout][2:]


def test_rehearse_on_an_empty_database(layout, up, files, pg):
    write(files, layout)
    before = peers.dump(pg)
    result = up("--deadline", "60s", *flags(layout), command="rehearse")
    assert result.status == 0, result.output
    assert peers.dump(pg) == before


def test_status_on_an_empty_database(layout, up, files, pg):
    write(files, layout)
    said = status(up, *flags(layout))
    assert [(m["version"], m["state"]) for m in said["migrations"]] == [(v, "pending") for v in VERSIONS[layout]]
    assert pg.psql(f"SELECT to_regclass('{peers.TABLES[layout]}') IS NULL") == "t"


def test_as_a_role(layout, up, files, pg, request):
    """The history is that role's, and so is what the files make."""
    owner = f"owner_{pg.name}"
    pg.psql(f"CREATE ROLE {owner}", f"GRANT {owner} TO app", f"GRANT CREATE ON SCHEMA public TO {owner}", user="postgres")
    request.addfinalizer(lambda: pg.psql(f"DROP OWNED BY {owner} CASCADE", f"DROP ROLE {owner}", user="postgres"))
    write(files, layout)
    assert applied(up("--role", owner, *flags(layout))) == VERSIONS[layout]
    owners = f"SELECT DISTINCT relowner::regrole FROM pg_class WHERE relname IN ('a', '{peers.TABLES[layout]}')"
    assert pg.psql(owners) == owner
    assert applied(up("--role", owner)) == []


@pytest.mark.parametrize("way", ["direct", "session", "transaction"])
def test_many_at_once(layout, way, start, files, pg, pgbouncer, record_property):
    """Each file once, every exit 0, and the tool's own table as it would have it."""
    pooler = way != "direct" and pgbouncer(pg, mode=way, default_pool_size="10", max_client_conn="200")
    write(files, layout)
    env = {"DATABASE_URL": pooler.url(pg.name) if pooler else pg.url}
    said_before = len(pg.server.log_text())
    runners, times = rounds(32, 8), rounds(50, 1)
    wait = f"{60 * SLOW:.0f}s"  # so many, on a slow machine
    for _ in range(times):
        pg.psql("DROP OWNED BY app", user="postgres")
        ours = [start("migrate", "up", "--dir", files, "--lock-wait", wait, *flags(layout), env=env) for _ in range(runners)]
        results = [r.wait(120) for r in ours]
        assert [r.status for r in results] == [0] * runners, "\n".join(r.output for r in results if r.status)
        assert sorted(record["version"] for r in results for record in events(r, "applied")) == VERSIONS[layout]
        pg.psql(f"DROP TABLE IF EXISTS {peers.TABLES[layout]}_lease")
        assert peers.even(peers.dump(pg)) == peers.even(peers.golden(layout, "full"))
    assert "deadlock detected" not in pg.server.log_text()[said_before:]
    record_property("measured", f"{times} rounds × {runners} runners: every exit 0, each of 4 files once, 0 deadlocks")
