"""healthd explain: what it promises is what one sees, and a promise that is asked for is judged."""

import re
import time

import pytest
from rig.healthd import Healthd, slow

CHECK = "cache {} every 400ms timeout 300ms"


def explain(run, *args, status=0, **kw):
    result = run("healthd", "explain", *args, **kw)
    assert result.status == status, result.output
    return result.stdout


def milliseconds(text):
    number, unit = re.fullmatch(r"([0-9.]+)(ms|s)", text).groups()
    return float(number) * (1000 if unit == "s" else 1)


def worst(text, failure):
    """503 AFTER and 200 AFTER of that failure, in seconds."""
    cells = re.split(r"  +", next(line for line in text.splitlines() if failure in line))
    return milliseconds(cells[2]) / 1000, milliseconds(cells[4]) / 1000


def test_settings_and_times(run):
    env = {"DATABASE_URL": "postgres://app:geheim@db/shop?sslmode=disable", "REDIS_URL": "redis://:geheim@cache"}
    text = explain(run, "--check", "app http://127.0.0.1:8080/h groups ready,live", "--drain", "4s", env=env)
    assert "geheim" not in text
    for words in (
        r"^drain +4s$",
        r"^app .* keep +ready,live +http://127.0.0.1:8080/h$",
        r"^database +2s +1s +1 +1, timeouts 2 +7s +keep +ready +postgres://app@db:5432/shop$",
        r"^database +no answer +4.5s +34.5s +1.5s +11.5s$",
        r"^Unready after 34.5s at worst \(app: no answer\); ready again within 11.5s, or 13s after",
    ):
        assert re.search(words, text, re.M), text


def test_own_paths(run):
    """What serving refuses is refused here, too; groups are those of the checks."""
    body = '/api={"status":"ok","timestamp":"{now}"}'
    text = explain(run, "--check", "cache redis://cache groups web", "--alias", "/ready=/health/web", "--body", body)
    assert f"\nalias          /ready=/health/web\nbody           {body}\n" in text
    for args, words in (
        (["--alias", "/ready=/health/wbe"], "there is no page '/health/wbe'"),
        (["--body", "/health=x"], "there is already a page '/health'"),
    ):
        result = run("healthd", "explain", *args, "--check", "cache redis://cache groups web")
        assert result.status == 2 and words in result.stderr and result.stdout == ""


def test_bound(run):
    args = ["--check", "cache redis://cache", "--bound", "15s"]
    assert "The bound of 15s is broken." in explain(run, *args, status=1)
    assert "The bound of 15s holds." in explain(run, *args, "--probe", "period=2s,failures=2,timeout=1s")
    only_optional = explain(run, "--check", "cache redis://cache optional", "--bound", "1ms")
    assert "never" in only_optional and "No check of the group ready can make the pod unready." in only_optional
    assert "Nothing to check" in explain(run, "--bound", "1ms")


@pytest.mark.parametrize(
    "args, words",
    [
        (["--probe", "perid=2s"], "did you mean period"),
        (["--probe", "period"], "expected FIELD=VALUE"),
        (["--probe", "period=2"], "period"),
        (["--probe", "failures=0"], "out of range"),
        (["--probe", "failures=-1"], "not a number"),
        (["--bound", "15"], "--bound"),
        (["--check", "a redis://h evry 2s"], "did you mean 'every'"),
    ],
)
def test_bad_input(run, args, words):
    result = run("healthd", "explain", *args)
    assert result.status == 2
    assert words in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("connection", ["keep", "each"])
def test_times_as_measured(start, run, redis_server, connection):
    """A server that stops answers nothing: the 503 comes in time at whatever moment it stopped, and not much sooner than told."""
    redis = redis_server()
    line = CHECK.format(redis.url()) + f" connection {connection}"
    down, back = worst(explain(run, "--check", line), "no answer")
    h = Healthd(start, "--check", line)
    seen = []
    for phase in range(5):
        h.until("[+]cache ok", slow(1), "cache")
        time.sleep(0.4 + phase * 0.08)
        redis.sigstop_all()
        began = time.monotonic()
        h.until("failed: timeout", slow(down), "cache")
        seen.append(time.monotonic() - began)
        redis.sigcont()
        h.until("[+]cache ok", slow(back), "cache")
    assert max(seen) > down - 0.4, seen
