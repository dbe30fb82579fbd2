"""Other tools' layouts: their files and their history, read and written as they do it themselves."""

import json
import os

import pytest
from rig import peers
from rig.migrations import events, failure

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
