"""cronrun and a cgroup of the command's own, where it can make one: killed as one, and nothing of it is left."""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rig import forbid
from rig.base import SLOW, alive, is_free, kill_quietly, wait_until
from rig.cgroups import Cgroups, Elsewhere, copy_of, running
from rig.nasty import nasty  # noqa: F401
from rig.program import records

OURS = ["namespace", "marked", "owned"]
NOT_OURS = ["plain", "read-only", "unmounted"]
GUARD = pytest.mark.parametrize("guard", [[], ["--guard"]], ids=["alone", "guarded"])
CLONE3 = 435
# The folder of whoever asks, as its mount shows it.
OWN_FOLDER = 'own=/sys/fs/cgroup$(sed -n "s/^0:://p" /proc/self/cgroup); '


@pytest.fixture
def cgroups():
    ours = Cgroups()
    yield ours
    ours.close()


@pytest.fixture
def elsewhere():
    other = Elsewhere()
    yield other
    other.close()


@pytest.fixture
def mine(nasty, scratch):  # noqa: F811
    """nasty, of a name that is found again; what is left of it is ended."""
    path = copy_of(nasty, scratch / "mine")
    yield path
    for pid in running(path):
        kill_quietly(pid, 9)


def own_path(result):
    """That of a command that prints /proc/self/cgroup."""
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("0::")]
    return line[3:]


# --- Where it is made -------------------------------------------------------------------------------------------------


@GUARD
@pytest.mark.parametrize("way", OURS)
def test_ours(cgroups, start, way, guard):
    process = start("cronrun", "--lock", "none", "--log-level", "debug", *guard, "cat", "/proc/self/cgroup", wrap=cgroups.wrap(way))
    result = process.wait()
    (record,) = records(result.stderr, "cgroup")
    parent = "" if way == "namespace" else f"/{cgroups.folder.name}"
    assert result.status == 0
    assert own_path(result) == record["cgroup"] == f"{parent}/cronrun-{process.pid}"
    assert cgroups.below() == []


@GUARD
@pytest.mark.parametrize("way", NOT_OURS)
def test_not_ours(cgroups, run, way, guard):
    """No folder, no word but a debug record; the command is where cronrun is."""
    result = run("cronrun", "--lock", "none", "--log-level", "debug", *guard, "cat", "/proc/self/cgroup", wrap=cgroups.wrap(way))
    (record,) = records(result.stderr, "cgroup")
    assert result.status == 0
    assert own_path(result) == (f"/{cgroups.folder.name}" if way == "plain" else "/")
    assert "cgroup" not in record and record["level"] == "debug" and "no cgroup of its own: " in record["msg"]
    assert not any(json.loads(line)["level"] in ("warn", "error") for line in result.stderr.splitlines() if line.startswith("{"))
    assert cgroups.below() == []


def test_unit_of_a_users_systemd(cgroups, run):
    """All below user@UID.service is the user's, but his systemd's to arrange, except what that has marked."""
    unit = "user@65534.service/app.slice/run-1.scope"
    words = ["--lock", "none", "--log-level", "debug", "cat", "/proc/self/cgroup"]
    result = run("cronrun", *words, wrap=cgroups.wrap("owned", unit))
    (record,) = records(result.stderr, "cgroup")
    assert result.status == 0
    assert own_path(result) == f"/{cgroups.folder.name}/{unit}" and "not delegated" in record["msg"]
    os.setxattr(cgroups.folder / unit, "user.delegate", b"1")
    assert "/cronrun-" in own_path(run("cronrun", *words, wrap=cgroups.wrap("owned", unit)))


@GUARD
def test_clone3_is_forbidden(cgroups, run, guard):
    """As in the seccomp profile of an older container engine."""
    wrap = [*cgroups.wrap("namespace"), sys.executable, forbid.__file__, str(CLONE3)]
    result = run("cronrun", "--lock", "none", "--log-level", "debug", *guard, "cat", "/proc/self/cgroup", wrap=wrap)
    (record,) = records(result.stderr, "cgroup")
    assert result.status == 0 and own_path(result) == "/"
    assert "clone3" in record["msg"] and "cgroup" not in record
    assert cgroups.below() == []


def test_too_many(cgroups, run):
    """The kernel's own limit."""
    (cgroups.folder / "cgroup.max.descendants").write_text("0")
    result = run("cronrun", "--lock", "none", "cat", "/proc/self/cgroup", wrap=cgroups.wrap("namespace"))
    assert result.status == 0 and own_path(result) == "/"


def test_within_another(cgroups, run):
    """A command may make its own there, and a run is a command."""
    inner = ["--", "sh", "-c", "exec $RUN --lock none --name inner -- cat /proc/self/cgroup"]
    wrap = cgroups.wrap("marked")
    path = Path(os.environ.get("BIN_DIR", Path(__file__).parents[3] / "build/bin")).resolve() / "cronrun"
    result = run("cronrun", "--lock", "none", "--name", "outer", *inner, wrap=wrap, env={"RUN": path})
    assert result.status == 0
    assert own_path(result).count("/cronrun-") == 2
    assert cgroups.below() == []


def test_each_attempt_has_its_own(cgroups, run):
    words = ["--retries", "2", "--retry-delay", "1ms", "sh", "-c", "cat /proc/self/cgroup; sleep 1000 & exit 1"]
    result = run("cronrun", "--lock", "none", "--grace", "1s", *words, wrap=cgroups.wrap("namespace"))
    assert result.status == 1
    assert result.stdout.count("/cronrun-") == 3
    assert cgroups.below() == []


# --- It is killed with all that is in it ------------------------------------------------------------------------------


def escape(elsewhere, mine, *words):
    """Enters another PID namespace, is orphaned there, forgets its environment: a descendant of cronrun's no longer."""
    return f"nsenter --target {elsewhere.first} --pid env -i {mine} away away setsid {' '.join(words)} ready >{mine}.out"


def escaped(mine):
    return f"until test -s {mine}.out; do sleep 0.01; done"


def test_without_it_they_escape(cgroups, elsewhere, run, mine):
    """What it is for."""
    words = ["--grace", "100ms", "sh", "-c", f"{escape(elsewhere, mine, 'deaf')}; {escaped(mine)}"]
    assert run("cronrun", "--lock", "none", *words, wrap=cgroups.wrap("plain")).status == 0
    assert len(running(mine)) == 1


@GUARD
def test_escaped(cgroups, elsewhere, run, mine, guard):
    words = ["--deadline", "1s", "--grace", "300ms", "sh", "-c", f"{escape(elsewhere, mine, 'deaf')}; {mine} deaf"]
    result = run("cronrun", "--lock", "none", *guard, *words, wrap=cgroups.wrap("namespace"))
    assert result.status == 124
    assert running(mine) == []
    assert cgroups.below() == []


def test_a_look_that_fails_finds_nobody_gone(cgroups, elsewhere, start, mine, scratch):
    """No descriptor to look with: somebody may be there, and the lock is kept until it is known."""
    script = f"{escape(elsewhere, mine, 'deaf')}; {escaped(mine)}; until test -e {scratch}/go; do sleep 0.01; done"
    words = ["--lock", f"file:{scratch}/lock", "--grace", "300ms", "sh", "-c", script]
    process = start("cronrun", *words, wrap=cgroups.wrap("namespace"))
    wait_until(lambda: len(running(mine)) == 1, 15 * SLOW, "what escaped")
    soft, hard = resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (3, resource.prlimit(process.pid, resource.RLIMIT_NOFILE)[1]))
    (scratch / "go").touch()
    time.sleep(1.5)
    assert process.running() and not is_free(scratch / "lock") and len(running(mine)) == 1
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (soft, hard))
    assert process.wait().status == 0
    assert running(mine) == [] and is_free(scratch / "lock") and cgroups.below() == []


@GUARD
def test_escaped_and_left_behind(cgroups, elsewhere, run, mine, guard):
    """It is named, asked to end, and has its grace."""
    words = ["--grace", "400ms", "sh", "-c", f"{escape(elsewhere, mine, 'deaf')}; {escaped(mine)}"]
    result = run("cronrun", "--lock", "none", *guard, *words, wrap=cgroups.wrap("namespace"))
    (left,) = records(result.stderr, "left_behind")
    assert result.status == 0
    assert "(mine)" in left["processes"]
    assert records(result.stderr, "killing")
    assert running(mine) == []
    assert cgroups.below() == []


@GUARD
def test_escaped_and_willing(cgroups, elsewhere, run, mine, guard):
    """No signal tells of its end, but it is noticed; the grace is not waited for."""
    words = ["--grace", "60s", "sh", "-c", f"{escape(elsewhere, mine)}; {escaped(mine)}"]
    began = time.monotonic()
    result = run("cronrun", "--lock", "none", *guard, *words, wrap=cgroups.wrap("namespace"))
    assert result.status == 0
    assert records(result.stderr, "left_behind") and not records(result.stderr, "killing")
    assert time.monotonic() - began < 10 * SLOW
    assert running(mine) == []


@pytest.mark.parametrize("when", ["running", "left"])
def test_escaped_and_the_runner_is_killed(cgroups, elsewhere, start, mine, scratch, when):
    """The guard kills it before the lock is free, and removes the cgroup."""
    lock = scratch / "lock"
    rest = f"{mine} deaf ready" if when == "running" else escaped(mine)
    words = ["--grace", "60s", "sh", "-c", f"{escape(elsewhere, mine, 'deaf')}; {rest}"]
    process = start("cronrun", "--lock", f"file:{lock}", "--guard", *words, wrap=cgroups.wrap("namespace"))
    process.wait_for("ready" if when == "running" else "left_behind")
    wait_until(lambda: running(mine), 5, "what escaped")
    process.kill()
    wait_until(lambda: is_free(lock), 10, "the lock is free")
    assert running(mine) == []
    assert records(process.wait().stderr, "runner_killed")
    assert cgroups.below() == []


def test_of_another_user(cgroups, run, nasty, scratch):  # noqa: F811
    """Which may not be signalled, but is in the cgroup."""
    set_id = copy_of(nasty, scratch / "set-id", 0o4755)
    if os.statvfs(set_id).f_flag & os.ST_NOSUID:
        pytest.skip("the file system has no set-id programs")
    words = ["--deadline", "500ms", "--grace", "100ms", set_id, "owner", "deaf", "many=3", "setsid", "deaf"]
    result = run("cronrun", "--lock", "none", *words, wrap=cgroups.wrap("owned"))
    assert result.status == 124
    assert running(set_id) == []
    assert records(result.stderr, "not_dying") == []
    assert cgroups.below() == []


def test_storm(cgroups, run, mine):
    """Each forks the next one and ends, for ever, in sessions of their own."""
    words = ["--deadline", "1s", "--grace", "100ms", mine, "deaf", "many=4", "setsid", "chain=2000000000"]
    result = run("cronrun", "--lock", "none", *words, wrap=cgroups.wrap("namespace"), timeout=60)
    assert result.status == 124
    assert running(mine) == []
    assert cgroups.below() == []


def test_nested(cgroups, run, mine):
    """Cgroups that the command made, with processes and without, are part of it."""
    make = OWN_FOLDER + "mkdir -p $own/a/b/c $own/d; "
    put = f"{mine} deaf setsid & echo $! >$own/a/b/cgroup.procs; {mine} deaf & echo $! >$own/d/cgroup.procs; cat /proc/$!/cgroup; {mine} deaf"
    result = run("cronrun", "--lock", "none", "--deadline", "1s", "--grace", "200ms", "sh", "-c", make + put, wrap=cgroups.wrap("namespace"))
    assert result.status == 124
    assert own_path(result).endswith("/d")
    assert running(mine) == []
    assert cgroups.below() == []


def test_moved_away(cgroups, run, mine):
    """What left the cgroup is found by its descent, as ever."""
    move = OWN_FOLDER + f"{mine} deaf setsid & echo $! >$own/../cgroup.procs; cat /proc/$!/cgroup; {mine} deaf"
    result = run("cronrun", "--lock", "none", "--deadline", "1s", "--grace", "200ms", "sh", "-c", move, wrap=cgroups.wrap("namespace"))
    assert result.status == 124 and own_path(result) == "/"
    assert running(mine) == []
    assert cgroups.below() == []


@GUARD
def test_cronrun_is_put_there(cgroups, run, mine, guard):
    """By its own command: it does not kill itself, and waits for no end of itself."""
    move = OWN_FOLDER + f"echo $PPID >$own/cgroup.procs; {mine} deaf setsid & cat /proc/$PPID/cgroup; exec {mine} deaf"
    words = ["--deadline", "1s", "--grace", "200ms", "sh", "-c", move]
    result = run("cronrun", "--lock", "none", *guard, *words, wrap=cgroups.wrap("namespace"))
    assert result.status == 124 and "/cronrun-" in own_path(result)
    assert running(mine) == []


PUT_CRONRUN = {
    "alone": "cronrun=$PPID; ",
    "guarded": 'cronrun=$(sed -n "s/^PPid:[^0-9]*//p" /proc/$PPID/status); ',
}


@pytest.mark.parametrize("end", ["exits", "overdue"])
@pytest.mark.parametrize("guard", PUT_CRONRUN)
def test_cronrun_itself_and_others_are_put_there(cgroups, start, mine, guard, end):
    """Then it is not the command's own: nobody is waited for or killed because he is there, and the guard waits for no end of cronrun."""
    other = subprocess.Popen(["sleep", "86400"])
    put = PUT_CRONRUN[guard] + OWN_FOLDER + f"for i in $cronrun {other.pid}; do echo $i >$own/cgroup.procs || exit 9; done; cat /proc/$cronrun/cgroup"
    rest = "" if end == "exits" else f"; {mine} deaf setsid & exec {mine} deaf"
    words = [*(["--guard"] if guard == "guarded" else []), "--deadline", "1s", "--grace", "300ms", "sh", "-c", put + rest]
    try:
        process = start("cronrun", "--lock", "none", *words, wrap=cgroups.wrap("namespace"))
        wait_until(lambda: not alive(process.pid), 5, "its end")
        result = process.wait()
        assert result.status == (0 if end == "exits" else 124) and own_path(result) == f"/cronrun-{process.pid}"
        assert running(mine) == []
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_lock_lost(cgroups, elsewhere, start, redis_server, mine):
    """At once."""
    server = redis_server()
    words = ["--name", "mail", "--lock-ttl", "2s", "sh", "-c", f"{escape(elsewhere, mine, 'deaf')}; {mine} deaf ready"]
    process = start("cronrun", "--lock", "redis", *words, wrap=cgroups.wrap("namespace"), env={"REDIS_URL": server.url()})
    process.wait_for("ready")
    server.stop()
    assert process.wait().status == 76
    assert running(mine) == []
    assert cgroups.below() == []


# --- What a killed runner leaves --------------------------------------------------------------------------------------


def test_next_one_tidies_up(cgroups, start, run, mine):
    """Without a guard the folder stays; the next run removes it as soon as nothing is left in it, and no sooner."""
    wrap = cgroups.wrap("namespace")
    process = start("cronrun", "--lock", "none", mine, "left", "setsid", "deaf", "ready", "/", "deaf", "ready", wrap=wrap)
    process.wait_for(r"(?s)ready.*ready")
    process.kill()
    process.wait()
    (folder,) = cgroups.below()
    assert folder == f"cronrun-{process.pid}"
    assert run("cronrun", "--lock", "none", "true", wrap=wrap).status == 0
    assert cgroups.below() == [folder]
    for pid in running(mine):
        kill_quietly(pid, 9)
    wait_until(lambda: not any(alive(pid) for pid in running(mine)), 5, "their end")
    assert run("cronrun", "--lock", "none", "true", wrap=wrap).status == 0
    assert cgroups.below() == []


# --- migrate ----------------------------------------------------------------------------------------------------------


def test_migrate_has_one_too(cgroups, elsewhere, start, pg, mine):
    words = ["--deadline", "2s", "--grace", "300ms", "--", "sh", "-c", f"cat /proc/self/cgroup; {escape(elsewhere, mine, 'deaf')}; {mine} deaf"]
    process = start("migrate", "run", "--log-level", "debug", *words, wrap=cgroups.wrap("namespace"), env={"DATABASE_URL": pg.url})
    result = process.wait()
    assert result.status != 0
    assert own_path(result) == f"/migrate-{process.pid}" == records(result.stderr, "cgroup")[0]["cgroup"]
    assert running(mine) == []
    assert cgroups.below() == []
