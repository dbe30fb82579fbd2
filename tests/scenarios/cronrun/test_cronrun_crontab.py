"""cronrun check and cronrun next on crontab files."""

import json
import re

import pytest

GOOD = """\
# what the shop does at night
SHELL=/bin/bash
CRON_TZ=Europe/Berlin
*/20 * * * * [name=mail deadline=50s policy=forbid lock=redis] php bin/console app:email:process
30 2 * * * [name=export] ./export.sh
@every 90m [name=poll tz=Asia/Kolkata] ./poll.sh
"""


@pytest.fixture
def crontab(tmp_path):
    def write(text):
        path = tmp_path / "crontab"
        path.write_bytes(text.encode())
        return path

    return write


def check(run, path, *args, status=2, **kw):
    result = run("cronrun", "check", *args, path, **kw)
    assert result.status == status, result.output
    assert result.stderr == "" or status == 2
    return result.stdout.replace(f"{path}:", "").splitlines()


def test_a_good_one(run, crontab):
    path = crontab(GOOD)
    assert check(run, path, status=0) == [" 3 jobs"]
    assert check(run, path, "--json", status=0) == []


def test_every_fault_with_line_and_column(run, crontab):
    path = crontab("60 * * * * a\n# b\n10,10-5 24 * * * [dedline=3s policy=forbit] c\n@daily\nA='b\n")
    faults = [line.split(": ", 1) for line in check(run, path)[:-1]]
    assert [place for place, _ in faults] == ["1:1", "3:4", "3:9", "3:19", "3:37", "4:7", "5:3"]
    texts = " | ".join(text for _, text in faults)
    for words in ("60 is out of range", "ends before it begins", "did you mean deadline?", "did you mean forbid?", "command is missing", "quote"):
        assert words in texts
    as_json = [json.loads(line) for line in check(run, path, "--json")]
    assert [f"{f['line']}:{f['column']}" for f in as_json] == [place for place, _ in faults]
    assert as_json[0] == {
        "file": str(path),
        "line": 1,
        "column": 1,
        "level": "error",
        "message": "minute: 60 is out of range; a number from 0 to 59 is expected",
    }


def test_where_the_other_dialect_differs(run, crontab):
    text = "0 0 */2 * 1 a\n0 9 * * 7 b\n@daily date +%F\n@daily date +\\%F\n"
    vixie = check(run, crontab(text), status=0)
    assert [line.split(": ")[:2] for line in vixie[:-1]] == [["1:5", "warning"], ["2:9", "warning"], ["3:14", "warning"]]
    k8s = check(run, crontab(text), "--dialect", "k8s")
    assert [line.split(": ")[:2] for line in k8s[:-1]] == [["1:5", "warning"], ["2:9", "error"], ["3:14", "warning"], ["4:14", "warning"]]
    assert check(run, crontab(text), env={"CRONRUN_DIALECT": "k8s"}) == k8s
    assert "vixie" in check(run, crontab("TZ=Asia/Tokyo 5/15 * * * * a\n"), "--dialect=k8s", status=0)[0]


def test_options_are_those_of_run(run, crontab):
    values = {
        "deadline": "50",
        "grace": "x",
        "lock": "mysql",
        "lock_ttl": "10ms",
        "lock-settle": "5",
        "on_busy": "wait",
        "stop_signal": "SIGFOO",
        "child_status": "300",
        "name": "a*b",
        "tz": "Nowhere/City",
        "scheduled_at": "2026-01-01T00:00:00Z",
        "database": "postgres://h/d",
        "jitter": "1",
        "dst": "never",
        "catchup": "all",
        "starting_deadline": "soon",
    }
    lines = check(run, crontab("".join(f"@daily [{key}={value}] x\n" for key, value in values.items())))
    assert [line.split(":")[:2] for line in lines[:-1]] == [[str(n), str(10 + len(key))] for n, key in enumerate(values, 1)]
    good = "[deadline=50s grace=2s lock=none on-busy=wait=5s lock-ttl=20s lock_settle=0 stop_signal=SIGINT child_status=3 starting-deadline=none catchup=one]"
    assert check(run, crontab(f"@daily {good} x\n"), status=0) == [" 1 job"]


def test_urls_of_locks_are_read(run, crontab):
    """Before a run needs them; what they leave open, and the files they name, are the run's to find."""
    bad = {
        "redis://:hunter2@cache:6379x/0": "port",
        "redis://:hunter2@cache/zero": "not a number",
        "rediss://cache/0?verfy=no": "did you mean verify?",
        "postgres://app:hunter2@db:5432x/shop": "port",
        "postgres://app:hunter2@db/shop?sslmode=hunter2": "sslmode",
        "postgresql+psycopg2://app:hunter2@db/shop?hunter2": "=",
    }
    lines = check(run, crontab("".join(f"@daily [name=job{n} lock=\"{url}\"] x\n" for n, url in enumerate(bad))))
    assert [line.split(":")[:2] for line in lines[:-1]] == [[str(n), "24"] for n in range(1, len(bad) + 1)]
    for line, words in zip(lines, bad.values()):
        assert words in line
        assert "hunter2" not in line
    good = ["redis://app@cache", "unix:///run/redis.sock?db=2", "postgres:///shop", "postgres://a,b/d?password_file=/no/such"]
    assert check(run, crontab("".join(f"@daily [lock={url}] x\n" for url in good)), status=0, env={"PGPORT": "none"}) == [" 4 jobs"]


def test_secrets_are_not_told(run, crontab):
    url = "redis://:hunter2@cache:6379/0"
    path = crontab(
        f"@daily [lock={url}x:y] a\n@daily [lock={url}] b\n@daily [lok={url}] c\n@daily [{url}] d\n@daily [name={url}] e\n"
        f"@daily [tz={url} deadline={url} jitter={url} policy={url}] f\nCRON_TZ={url}\nTZ=x 0 0 * * * curl hunter2\n* * * * * * hunter2\n"
    )
    for args in ([], ["--json"], ["--dialect", "k8s"]):
        assert "hunter2" not in run("cronrun", "check", *args, path).output
    assert "hunter2" not in run("cronrun", "next", path).output
    path = crontab(f"@daily [lock={url}] PGPASSWORD=hunter2 /usr/bin/curl -u hunter2 http://hunter2@host/\n@daily hunter2=x hunter2\n")
    told = run("cronrun", "next", "-n1", path).output
    assert re.search(r"  curl-[0-9a-f]{8}$", told, re.M), told
    assert "hunter2" not in told


def test_a_file_that_is_none(run, tmp_path, crontab):
    for path in (tmp_path / "missing", tmp_path):
        result = run("cronrun", "check", path)
        assert (result.status, result.stdout) == (2, "")
        assert str(path) in result.stderr
    assert "larger than" in check(run, crontab("# x\n" * 300000))[0]
    assert check(run, crontab(""), status=0) == [" 0 jobs"]


def test_next_of_all_jobs(run, crontab):
    args = ["next", "-n", "7", "--from", "2026-03-29T00:10:00Z", crontab(GOOD)]
    result = run("cronrun", *args)
    assert result.status == 0, result.output
    assert result.stdout.splitlines() == [
        "Sun  2026-03-29T01:20:00+01:00  2026-03-29T00:20:00Z  mail",
        "Sun  2026-03-29T01:40:00+01:00  2026-03-29T00:40:00Z  mail",
        "Sun  2026-03-29T03:00:00+02:00  2026-03-29T01:00:00Z  mail",
        "Sun  2026-03-29T03:00:00+02:00  2026-03-29T01:00:00Z  export",
        "Sun  2026-03-29T03:20:00+02:00  2026-03-29T01:20:00Z  mail",
        "Sun  2026-03-29T03:40:00+02:00  2026-03-29T01:40:00Z  mail",
        "Sun  2026-03-29T07:10:00+05:30  2026-03-29T01:40:00Z  poll",
    ]
    as_json = [json.loads(line) for line in run("cronrun", args[0], "--json", *args[1:]).stdout.splitlines()]
    assert as_json[3] == {"at": "2026-03-29T01:00:00Z", "local": "2026-03-29T03:00:00+02:00", "job": "export"}
    assert len(as_json) == 7


def test_next_zones_and_dst(run, crontab):
    def first(text, *args, **kw):
        result = run("cronrun", "next", "-n1", "--from", "2026-03-08T00:00:00Z", *args, crontab(text), **kw)
        assert result.status == 0, result.output
        return result.stdout.split()[1]

    line = "30 2 * * * x\n"
    assert first(line, env={"TZ": ""}).endswith("T02:30:00+00:00")
    assert first(line, "--tz", "Asia/Tokyo").endswith("+09:00")
    assert first(line, env={"CRONRUN_TZ": "Asia/Tokyo", "TZ": "UTC"}).endswith("+09:00")
    assert first("TZ=Asia/Tokyo\n" + line, "--tz", "UTC").endswith("+09:00")
    assert first("CRON_TZ=Asia/Tokyo\nTZ=UTC\n" + line).endswith("+09:00")
    assert first("CRON_TZ=Asia/Tokyo\nCRON_TZ=\n" + line, "--tz", "UTC").endswith("+00:00")
    assert first("TZ=Asia/Tokyo " + line, "--dialect", "k8s").endswith("+09:00")
    new_york = "30 2 * * * [tz=America/New_York{}] x\n"
    assert first(new_york.format("")) == "2026-03-08T03:00:00-04:00"
    assert first(new_york.format(""), "--dst", "skip") == "2026-03-09T02:30:00-04:00"
    assert first(new_york.format(" dst=k8s")) == "2026-03-09T02:30:00-04:00"


def test_next_refuses(run, crontab):
    path = crontab("@daily a\n0 0 30 2 * b\n61 * * * * c\n")
    result = run("cronrun", "next", path)
    assert (result.status, result.stdout) == (2, "")
    assert f"{path}: line 2, column 1: it never runs" in result.stderr
    assert "2 errors" in result.stderr
    result = run("cronrun", "next", "no/such/file")
    assert (result.status, result.stdout) == (2, "")
    assert "neither an expression" in result.stderr and "nor a file" in result.stderr


def test_names_stay(run, crontab):
    """A derived name is that of the line, not of its place."""

    def names(text):
        result = run("cronrun", "next", "-n", "4", "--from", "2026-01-01T12:00:00Z", crontab(text))
        assert result.status == 0, result.output
        return sorted(line.split()[-1] for line in result.stdout.splitlines())

    two = "@yearly php bin/console a\n@yearly php bin/console b\n"
    before = names("@yearly true\n" + two + "@yearly [name=x] true\n")
    after = names("A=b\n" + two + "# c\n@yearly [name=y] x\n@yearly true\n")
    assert set(before) - {"x"} == set(after) - {"y"}
    assert len({name for name in before if name.startswith("php-console-")}) == 2
    same = names("@yearly a\n@yearly a\n@yearly a\n@yearly b\n")
    assert len(set(same)) == 4
