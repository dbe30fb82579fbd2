"""cronrun next: when an expression comes, as a person or a program asks."""

import json

import pytest


def times(run, *args, **kw):
    result = run("cronrun", "next", *args, **kw)
    assert result.status == 0, result.output
    return result.stdout.splitlines()


def test_for_people(run):
    lines = times(run, "-n", "2", "--from", "2026-03-07T12:00:00Z", "--tz", "America/New_York", "30 2 * * *")
    assert lines == [
        "Sun  2026-03-08T03:00:00-04:00  2026-03-08T07:00:00Z",
        "Mon  2026-03-09T02:30:00-04:00  2026-03-09T06:30:00Z",
    ]


def test_json(run):
    lines = times(run, "--json", "-n", "3", "--from", "2026-01-01T00:00:59.5Z", "* * * * *")
    assert [json.loads(line) for line in lines] == [
        {"at": f"2026-01-01T00:0{n}:00Z", "local": f"2026-01-01T00:0{n}:00+00:00"} for n in (1, 2, 3)
    ]
    (before_zones,) = times(run, "--json", "-n1", "--from", "1850-01-01T00:00:00Z", "--tz", "America/New_York", "0 0 * * *")
    assert json.loads(before_zones) == {"at": "1850-01-01T04:56:02Z", "local": "1850-01-01T00:00:00-04:56:02"}


def test_which_zone(run):
    """In front of the expression, else --tz, else TZ, else UTC."""

    def hour(*args, **kw):
        return times(run, "-n1", "--from", "2026-01-01T06:00:00Z", *args, **kw)[0].rsplit("T", 1)[1][:2]

    assert hour("0 12 * * *", env={"TZ": ""}) == "12"
    assert hour("0 12 * * *", env={"TZ": "Asia/Tokyo"}) == "03"
    assert hour("--tz", "Europe/Berlin", "0 12 * * *", env={"TZ": "Asia/Tokyo"}) == "11"
    assert hour("--tz", "Europe/Berlin", "--dialect", "k8s", "TZ=Asia/Kolkata 0 12 * * *") == "06"
    assert hour("--tz", "CET-1CEST,M3.5.0,M10.5.0/3", "0 12 * * *") == "11"
    assert hour("--tz", "UTC", "0 12 * * *", env={"TZDIR": "/nowhere"}) == "12"  # in an image without tzdata


def test_from_now(run):
    assert len(times(run, "@hourly")) == 10


@pytest.mark.parametrize(
    "args, words",
    [
        (["60 * * * *"], "column 1: minute: 60 is out of range"),
        (["* * * *"], "4 fields where five"),
        (["* * * * * *"], "6 fields where five"),
        (["0 0 30 2 *"], "it never comes: no date within 40 years matches"),
        (["10-5 * * * *"], "column 1: the range ends before it begins"),
        (["nonsense"], "is neither an expression"),
        (["@dialy"], "did you mean @daily"),
        (["--tz", "Nowhere/City", "* * * * *"], "there is no time zone 'Nowhere/City'"),
        (["--tz", "../../etc/passwd", "* * * * *"], "there is no time zone"),
        (["--tz", "/etc/passwd", "* * * * *"], "not a file of a time zone"),
    ],
)
def test_refused(run, args, words):
    result = run("cronrun", "next", *args)
    assert result.status == 2, result.output
    assert words in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("args", [[], ["--from", "yesterday", "* * * * *"], ["--dialect", "quartz", "* * * * *"], ["*", "*", "*", "*", "*"]])
def test_bad_usage(run, args):
    assert run("cronrun", "next", *args).status == 125
