"""cronrun's locks on real servers: busy, lost, refused, released; and that no two runs overlap."""

import fcntl
import json
import os
import re
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from rig.base import CANARY, SLOW, alive, free_port, open_files, rounds, wait_until
from rig.nasty import nasty, wrap_of  # noqa: F401
from rig.program import BIN_DIR, records


def one(text, event):
    (record,) = records(text, event)
    return record


class Store:
    """A lock's place: the words and variables that choose it."""

    def __init__(self, kind, lock, env=None, server=None):
        self.kind = kind
        self.words = ["--lock", lock, "--name", "mail"]
        self.env = env or {}
        self.server = server


@pytest.fixture(params=["file", "postgres", "redis"])
def store(request, scratch):
    if request.param == "file":
        return Store("file", f"file:{scratch}/lock")
    if request.param == "postgres":
        database = request.getfixturevalue("pg")
        return Store("postgres", "postgres", {"DATABASE_URL": database.url}, database)
    server = request.getfixturevalue("redis_server")(password=True)
    return Store("redis", "redis", {"REDIS_URL": server.url()}, server)


def holding(start, store, nasty, *words, env=None):
    """A run that holds the lock until it is ended."""
    process = start("cronrun", *store.words, *words, nasty, "ready", env={**store.env, **(env or {})})
    process.wait_for("ready")
    return process


# --- What every lock does ---------------------------------------------------------------------------------------------


def test_one_runs_the_other_is_skipped(run, start, nasty, store, scratch):
    first = holding(start, store, nasty)
    run_id = one(first.stderr, "run_start")["run_id"]
    mark = scratch / "ran"
    second = run("cronrun", *store.words, "touch", mark, env=store.env)
    assert second.status == 0
    assert not mark.exists()
    skipped = one(second.stderr, "run_skipped")
    assert skipped["holder_run_id"] == run_id
    assert skipped["holder_pid"] == first.pid
    assert skipped["holder_host"] == os.uname().nodename
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", skipped["holder_since"])
    assert str(first.pid) in skipped["msg"]
    assert run("cronrun", *store.words, "--on-busy", "fail", "true", env=store.env).status == 74
    assert run("cronrun", *store.words, "--on-busy", "wait=300ms", "true", env=store.env).status == 74
    other = [*store.words]
    other[1], other[3] = other[1].replace("/lock", "/other"), "other"
    assert run("cronrun", *other, "true", env=store.env).status == 0
    first.terminate()
    assert first.wait().status == 143
    assert run("cronrun", *store.words, "touch", mark, env=store.env).status == 0
    assert mark.exists()


def test_wait_gets_it(start, nasty, store):
    first = holding(start, store, nasty)
    second = start("cronrun", *store.words, "--on-busy", "wait=20s", "true", env=store.env)
    second.wait_for('"lock_wait"')
    first.terminate()
    first.wait()
    result = second.wait()
    assert result.status == 0
    assert one(result.stderr, "run_start")


def test_stopped_while_it_waits(start, nasty, store):
    holding(start, store, nasty)
    second = start("cronrun", *store.words, "--on-busy", "wait=20s", "true", env=store.env)
    second.wait_for('"lock_wait"')
    second.terminate()
    result = second.wait(10)
    assert result.status == 79
    assert one(result.stderr, "run_refused")["reason"] == "stopped_before_start"


def test_fence_grows(run, store):
    fences = [int(run("cronrun", *store.words, "sh", "-c", "echo $CRONRUN_FENCE", env=store.env).stdout) for _ in range(5)]
    assert fences == sorted(set(fences))
    assert fences[0] > 0


def test_held_until_nothing_is_left(start, run, nasty, store):
    """The command ends, something deaf stays for the grace: busy until it is gone."""
    first = start(
        "cronrun", *store.words, "--grace", "1s", nasty, "left", "setsid", "deaf", "ready", "/", "ms=100", "exit=0", env=store.env
    )
    child = int(first.wait_for(r"ready (\d+)")[1])
    first.wait_for("left_behind")
    assert run("cronrun", *store.words, "--on-busy", "fail", "true", env=store.env).status == 74
    assert first.wait().status == 0
    assert not alive(child)
    assert run("cronrun", *store.words, "--on-busy", "fail", "true", env=store.env).status == 0


def test_nested_is_refused(run, store):
    inner = [BIN_DIR / "cronrun", *store.words, "--on-busy", "wait=20s", "true"]
    result = run("cronrun", *store.words, *inner, env=store.env, timeout=10)
    assert result.status == 125
    assert "which started this run" in result.stderr
    # Also with another job between, and without the variable.
    between = ["env", "-u", "CRONRUN_RUN_ID", BIN_DIR / "cronrun", "--lock", "none", "--name", "between", "--"]
    result = run("cronrun", *store.words, *between, *inner, env=store.env, timeout=10)
    assert result.status == 125


def test_sixteen_at_once(start, scratch, nasty, store):
    """Exactly one of those that do not wait runs."""
    log = scratch / "runs"
    many = [
        start("cronrun", *store.words, "sh", "-c", f"echo run >> {log}; sleep 2", env=store.env) for _ in range(16)
    ]
    assert [p.wait(60).status for p in many] == [0] * 16
    assert log.read_text() == "run\n"


def overlaps(path):
    """Intervals of the runs in a file of stamps; a pair that overlaps, or None."""
    spans = {}
    for line in Path(path).read_text().splitlines():
        at, run_id = line.split()
        low, high = spans.get(run_id, (int(at), int(at)))
        spans[run_id] = min(low, int(at)), max(high, int(at))
    ordered = sorted(spans.items(), key=lambda item: item[1])
    for (a, (_, end)), (b, (begin, _)) in zip(ordered, ordered[1:]):
        if begin <= end:
            return a, b, end - begin
    return None


def test_contenders_never_overlap(start, scratch, nasty, store, record_property):
    """Eight that wait, each leaves a deaf stamper behind: none starts before the last one's is dead."""
    stamps = scratch / "stamps"
    stamps.touch()
    times = rounds(20, 1)
    for _ in range(times):
        many = [
            start(
                "cronrun", *store.words, "--on-busy", "wait=60s", "--grace", "50ms",
                nasty, "left", "setsid", "deaf", f"stamp={stamps}", "/", "ms=30", "exit=0", env=store.env,
            )
            for _ in range(8)
        ]
        assert [p.wait(90).status for p in many] == [0] * 8
    assert overlaps(stamps) is None
    record_property("measured", f"{times} × 8 contenders, each leaves a deaf child: 0 overlaps")


# --- File ---------------------------------------------------------------------------------------------------------------


def test_file_line(run, scratch):
    path = scratch / "lock"
    for fence in (1, 2, 3):
        assert run("cronrun", "--lock", f"file:{path}", "true").status == 0
        text = path.read_text()
        assert len(text) == 256 and text.endswith("\n")
        line = json.loads(text)
        assert list(line) == ["fence", "host", "pid", "since", "run_id"]
        assert line["fence"] == fence


def test_file_is_not_ours(run, scratch):
    path = scratch / "lock"
    path.write_text("precious")
    result = run("cronrun", "--lock", f"file:{path}", "touch", scratch / "ran")
    assert result.status == 75
    assert not (scratch / "ran").exists()
    assert path.read_text() == "precious"
    assert run("cronrun", "--lock", f"file:{scratch}/no/such", "true").status == 75
    assert run("cronrun", "--lock", f"file:{scratch}", "true").status == 75


def test_file_survivors_keep_it_and_are_named(start, run, scratch, nasty):
    """The runner is killed; what descends from its command keeps the lock, and the busy line names it."""
    words = ["--lock", f"file:{scratch}/lock"]
    first = start("cronrun", *words, nasty, "left", "setsid", "deaf", "ready", "/")
    survivor = int(first.wait_for(r"ready (\d+)")[1])
    first.kill()
    second = run("cronrun", *words, "--on-busy", "fail", "true")
    assert second.status == 74
    assert f"{survivor} (nasty)" in one(second.stderr, "run_refused")["holder_pids"]
    os.kill(survivor, signal.SIGKILL)
    wait_until(lambda: not alive(survivor), 5, "the survivor is gone")
    assert run("cronrun", *words, "--on-busy", "fail", "true").status == 0


@contextmanager
def held_elsewhere(path, pid):
    """A lock file that somebody holds whose pid, under our host name, is this number."""
    line = {"fence": 1, "host": os.uname().nodename, "pid": pid, "since": "s", "run_id": "r"}
    path.write_text(json.dumps(line, separators=(",", ":")).ljust(255) + "\n")
    with open(path, "a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def test_file_of_another_container(run, scratch):
    """Containers may share a host name and a volume (those of one pod, and of the host's network) and not their pids: such a
    number says neither that the holder is gone nor that it runs us."""
    path = scratch / "lock"
    with held_elsewhere(path, os.getpid()):
        above = run("cronrun", "--lock", f"file:{path}", "true")
    assert above.status == 0
    assert f"held by {os.uname().nodename}, pid {os.getpid()}" in one(above.stderr, "run_skipped")["msg"]
    with held_elsewhere(path, 4194304):
        unseen = run("cronrun", "--lock", f"file:{path}", "true", wrap=wrap_of("pid1"))
    skipped = one(unseen.stderr, "run_skipped")
    assert "holder_pids" not in skipped
    assert "held by" in skipped["msg"] and "cannot be seen from here" in skipped["msg"]


@pytest.mark.parametrize("way", ["removed", "replaced"])
def test_file_replaced_while_it_runs(start, run, nasty, scratch, way, programs):
    """A second run finds another file and starts: the first is killed, and both are told apart by their status."""
    path = scratch / "lock"
    words = ["--lock", f"file:{path}"]
    first = start("cronrun", *words, nasty, "deaf", "many=2", "setsid", "ready")
    first.wait_for("ready")
    path.rename(scratch / "aside")
    if way == "replaced":
        path.touch()
    assert run("cronrun", *words, "--on-busy", "fail", "true").status == 0
    result = first.wait(20)
    assert result.status == 76
    assert programs.leftovers() == []
    assert str(path) in one(result.stderr, "lock_lost")["msg"]
    assert one(result.stderr, "run_end")["reason"] == "lock_lost"


def test_file_removed_by_its_own_command(run, scratch):
    """Seen at the end at the latest, though the command ended well."""
    path = scratch / "lock"
    result = run("cronrun", "--lock", f"file:{path}", "rm", path)
    assert result.status == 76
    assert one(result.stderr, "run_end")["command_exit"] == 0


def test_file_as_another_user(run, scratch, nasty):
    scratch.chmod(0o777)
    assert run("cronrun", "--lock", f"file:{scratch}/lock", "true", wrap=wrap_of("nobody")).status == 0


# --- PostgreSQL -----------------------------------------------------------------------------------------------------------


def pg_env(url):
    return {"DATABASE_URL": url}


PG = ["--lock", "postgres", "--name", "mail"]


def test_pg_row(run, pg):
    assert run("cronrun", *PG, "sh", "-c", "exit 3", env=pg_env(pg.url)).status == 3
    row = pg.psql("SELECT name, fence, last_outcome, released_at = last_end, holder::json->>'host' FROM cronrun_job")
    assert row == f"mail|1|failure|t|{os.uname().nodename}"
    assert run("cronrun", *PG, "true", env=pg_env(pg.url)).status == 0
    assert pg.psql("SELECT fence, last_outcome FROM cronrun_job") == "2|success"
    assert pg.psql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == "0"


def test_pg_key(start, nasty, pg):
    """The key of the contract, so that others can look for it."""
    process = start("cronrun", *PG, nasty, "ready", env=pg_env(pg.url))
    process.wait_for("ready")
    held = pg.psql(
        "SELECT count(*) FROM pg_locks, (SELECT ('x' || substr(encode(sha256('cronrun:mail'), 'hex'), 1, 16))::bit(64)::bigint k) w "
        "WHERE locktype = 'advisory' AND granted AND objsubid = 1 "
        "AND classid::bigint = (k >> 32) & 4294967295 AND objid::bigint = k & 4294967295"
    )
    assert held == "1"
    assert pg.sessions("application_name = 'cronrun:mail' AND state = 'idle'")


def test_pg_terminated(start, run, nasty, pg, programs):
    """KILL at once, 76; the next one settles and starts."""
    stamps = programs.directory / "stamps"
    first = start("cronrun", *PG, nasty, "deaf", "left", "setsid", f"stamp={stamps}", "/", "ready", env=pg_env(pg.url))
    first.wait_for("ready")
    wait_until(stamps.exists, 5, "stamps")
    before = time.monotonic_ns()
    pg.terminate("application_name = 'cronrun:mail'")
    result = first.wait(10)
    assert result.status == 76
    assert programs.leftovers() == []
    last = int(stamps.read_text().splitlines()[-1].split()[0])
    assert (last - before) / 1e6 < 1000 * SLOW, "milliseconds until the tree was dead (100 on an idle machine)"
    assert one(result.stderr, "lock_lost")
    assert one(result.stderr, "run_end")["outcome"] == "lock_lost"
    assert not records(result.stderr, "stopping"), "no grace"
    second = run("cronrun", *PG, "--lock-settle", "700ms", "true", env=pg_env(pg.url))
    assert second.status == 0
    assert one(second.stderr, "lock_settle")
    assert second.seconds >= 0.7
    third = run("cronrun", *PG, "true", env=pg_env(pg.url))
    assert not records(third.stderr, "lock_settle")


def lose_and_contend(start, nasty, words, stamps, env, lose, wait_s):
    """A holder loses its lock while another waits for it: the two never overlap."""
    stamps.touch()
    run_words = [nasty, "deaf", "many=2", "setsid", f"stamp={stamps}"]
    first = start("cronrun", *words, *run_words, env=env)
    wait_until(lambda: stamps.stat().st_size, 10, "the first stamps")
    second_env = {k: v for k, v in env.items()}
    second_env.update(lose.others_env)
    second = start(
        "cronrun", *words, "--on-busy", "wait=60s", "--deadline", f"{300 * SLOW:.0f}ms", "--grace", "50ms", *run_words, env=second_env
    )
    second.wait_for('"lock_wait"')
    lose()
    result = first.wait(wait_s)
    assert result.status == 76
    assert second.wait(60).status == 124
    assert overlaps(stamps) is None
    assert len({line.split()[1] for line in stamps.read_text().splitlines()}) == 2
    return result


class Lose:
    def __init__(self, call, others_env=None):
        self.call = call
        self.others_env = others_env or {}

    def __call__(self):
        self.call()


def test_pg_lost_never_overlaps(start, nasty, pg, scratch, record_property):
    times = rounds(50, 3)
    for i in range(times):
        holder = "pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted)"
        lose_and_contend(start, nasty, PG, scratch / f"stamps{i}", pg_env(pg.url), Lose(lambda: pg.terminate(holder)), 10)
    record_property("measured", f"{times} sessions ended while another waits: exit 76, 0 overlaps")


def test_pg_silent_network(start, nasty, pg, proxy, programs):
    """No answer to SELECT 1: killed within beat and answer time, before the server lets go."""
    between = proxy(pg)
    process = start("cronrun", *PG, nasty, "deaf", "ready", env=pg_env(pg.url_with(port=between.port)))
    process.wait_for("ready")
    between.silence()
    started = time.monotonic()
    result = process.wait(20)
    assert result.status == 76
    assert time.monotonic() - started < 9 * SLOW
    assert programs.leftovers() == []


def test_pg_waiting_session_ends(start, nasty, pg, scratch):
    """Who waits holds nothing yet: its session may end without a word, it makes another one."""
    first = start("cronrun", *PG, nasty, "ready", env=pg_env(pg.url))
    first.wait_for("ready")
    second = start("cronrun", *PG, "--on-busy", "wait=60s", "touch", scratch / "ran", env=pg_env(pg.url))
    second.wait_for('"lock_wait"')
    waiting = "application_name = 'cronrun:mail' AND pid NOT IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')"
    wait_until(lambda: pg.terminate(waiting + " AND state = 'idle'") == 1, 10, "the waiting session")
    wait_until(lambda: pg.sessions(waiting) == 1, 10, "another session")
    first.terminate()
    assert first.wait().status == 143
    assert second.wait(30).status == 0
    assert (scratch / "ran").exists()


@pytest.mark.parametrize("side", ["client", "server"])
def test_pg_waiting_session_is_cut_at_each_message(start, nasty, pg, proxy, scratch, side):
    """Wherever in an attempt it is: the next attempt makes another one."""
    between = proxy(pg)
    for n in range(1, 13):
        first = start("cronrun", *PG, nasty, "ready", env=pg_env(pg.url))
        first.wait_for("ready")
        ran = scratch / f"ran-{n}"
        second = start("cronrun", *PG, "--on-busy", "wait=60s", "touch", ran, env=pg_env(pg.url_with(port=between.port, sslmode="disable")))
        second.wait_for('"lock_wait"')
        cut = []
        between.at_message(n, side, lambda: bool(cut.append(1)))
        wait_until(lambda: cut, 10, "an attempt")
        wait_until(lambda: between.connections() == 1, 10, f"another session after a cut at message {n}")
        first.terminate()
        first.wait()
        assert second.wait(30).status == 0, n
        assert ran.exists()


def test_pg_server_killed(start, nasty, pg_server, programs):
    server = pg_server()
    process = start("cronrun", *PG, nasty, "deaf", "many=3", "setsid", "ready", env=pg_env(server.url()))
    process.wait_for("ready")
    server.sigkill()
    assert process.wait(10).status == 76
    assert programs.leftovers() == []


def test_pg_lost_while_it_settles(start, run, nasty, pg, scratch):
    first = start("cronrun", *PG, nasty, "ready", env=pg_env(pg.url))
    first.wait_for("ready")
    pg.terminate("application_name = 'cronrun:mail'")
    assert first.wait().status == 76
    second = start("cronrun", *PG, "--lock-settle", "20s", "touch", scratch / "ran", env=pg_env(pg.url))
    second.wait_for("lock_settle")
    pg.terminate("application_name = 'cronrun:mail'")
    assert second.wait(10).status == 75
    assert not (scratch / "ran").exists()


@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_pg_pooler_is_refused(run, pg, pgbouncer, scratch, mode):
    pooler = pgbouncer(pg, mode=mode)
    result = run("cronrun", *PG, "touch", scratch / "ran", env=pg_env(pooler.url(pg.name)))
    assert result.status == 75
    assert "pooler" in one(result.stderr, "run_refused")["msg"]
    assert not (scratch / "ran").exists()
    assert pg.psql("SELECT to_regclass('cronrun_job') IS NULL") == "t"


def test_pg_without_a_table(run, pg):
    """No right to make one: the fence is a transaction's number, the settle time is always waited."""
    pg.server.psql("REVOKE CREATE ON SCHEMA public FROM PUBLIC", "REVOKE ALL ON SCHEMA public FROM app", database=pg.name)
    pg.server.psql("ALTER SCHEMA public OWNER TO postgres", "GRANT USAGE ON SCHEMA public TO app", database=pg.name, check=False)
    fences = []
    for _ in range(2):
        result = run(
            "cronrun", *PG, "--lock-settle", "200ms", "sh", "-c", "echo $CRONRUN_FENCE", env=pg_env(pg.url)
        )
        assert result.status == 0, result.output
        assert one(result.stderr, "lock_settle")
        fences.append(int(result.stdout))
    assert 0 < fences[0] < fences[1]
    assert pg.psql("SELECT to_regclass('cronrun_job') IS NULL") == "t"


def test_pg_table_of_another_role(run, pg, scratch):
    """Made by an administrator: usable with the three rights, refused without."""
    run("cronrun", *PG, "true", env=pg_env(pg.url))
    pg.psql("ALTER TABLE cronrun_job OWNER TO postgres", user="postgres")
    refused = run("cronrun", *PG, "touch", scratch / "ran", env=pg_env(pg.url))
    assert refused.status == 75
    assert "permission denied" in one(refused.stderr, "run_refused")["msg"]
    assert not (scratch / "ran").exists()
    pg.psql("GRANT SELECT, INSERT, UPDATE ON cronrun_job TO app", user="postgres")
    assert run("cronrun", *PG, "true", env=pg_env(pg.url)).status == 0
    assert pg.psql("SELECT fence FROM cronrun_job", user="postgres") == "2"


def test_pg_holder_that_may_not_be_seen(start, run, nasty, pg):
    """Another role's session, of which pg_stat_activity shows a process number alone: no empty words, and no guess."""
    first = start("cronrun", *PG, nasty, "ready", env=pg_env(pg.server.socket_url(pg.name, user="postgres")))
    first.wait_for("ready")
    second = run("cronrun", *PG, "true", env=pg_env(pg.url))
    assert second.status == 0
    skipped = one(second.stderr, "run_skipped")
    assert skipped["msg"] == "mail skipped: held by another"
    assert not [key for key in skipped if key.startswith("holder_")]
    waiting = run("cronrun", *PG, "--on-busy", "wait=100ms", "true", env=pg_env(pg.url))
    assert waiting.status == 74
    told = one(waiting.stderr, "lock_wait")
    assert told["msg"] == "mail: waiting for the lock, held by another"
    assert "holder_pid" not in told


@pytest.mark.parametrize("why", ["refused", "no such name", "wrong password"])
def test_pg_unreachable(run, pg, scratch, why):
    url = {
        "refused": pg.url_with(port=free_port()),
        "no such name": pg.url_with(host="no-such-host.invalid"),
        "wrong password": pg.url_with(password="wrong-" + CANARY),
    }[why]
    result = run("cronrun", *PG, "touch", scratch / "ran", env=pg_env(url), timeout=20)
    assert result.status == 75
    assert not (scratch / "ran").exists()
    assert one(result.stderr, "run_refused")["outcome"] == "lock_unreachable"


def test_pg_over_tls(run, pg_server, ca):
    server = pg_server(tls=True)
    url = server.url(host="localhost", sslmode="verify-full", sslrootcert=ca().cert)
    assert run("cronrun", *PG, "true", env=pg_env(url)).status == 0


# --- Redis --------------------------------------------------------------------------------------------------------------------


REDIS = ["--lock", "redis", "--name", "mail", "--lock-ttl", "2s"]
LOCK, FENCE = "cronrun:{mail}:lock", "cronrun:{mail}:fence"


def redis_env(server, port=None):
    url = server.url()
    return {"REDIS_URL": url.replace(f":{server.port}", f":{port}") if port else url}


def test_redis_keys(start, nasty, redis_server):
    server = redis_server()
    process = start("cronrun", *REDIS, nasty, "ready", env=redis_env(server))
    process.wait_for("ready")
    assert 0 < int(server.cli("PTTL", LOCK)) <= 2000
    wait_until(lambda: int(server.cli("PTTL", LOCK)) > 1500, 5, "renewed")
    time.sleep(2.5)  # longer than the ttl: it lives by renewal
    assert int(server.cli("PTTL", LOCK)) > 0
    assert process.running()
    process.terminate()
    assert process.wait().status == 143
    assert server.cli("EXISTS", LOCK) == "0"
    assert server.cli("EXISTS", FENCE) == "1"


def test_redis_lost_key(start, nasty, redis_server, programs):
    """The key is gone or another's: killed at the next renewal; another's key is not touched."""
    server = redis_server()
    process = start("cronrun", *REDIS, nasty, "deaf", "many=2", "setsid", "ready", env=redis_env(server))
    process.wait_for("ready")
    server.cli("SET", LOCK, "somebody else")
    result = process.wait(10)
    assert result.status == 76
    assert result.seconds < 4 * SLOW
    assert programs.leftovers() == []
    assert server.cli("GET", LOCK) == "somebody else"


def test_redis_release_compares(start, nasty, redis_server):
    """Who lost the key without knowing it yet does not delete another's."""
    server = redis_server()
    words = ["--lock", "redis", "--name", "mail", "--lock-ttl", "30s"]
    process = start("cronrun", *words, nasty, "ready", env=redis_env(server))
    process.wait_for("ready")
    server.cli("SET", LOCK, "somebody else")
    process.terminate()
    result = process.wait()
    assert result.status == 143
    assert "already been lost" in one(result.stderr, "release_failed")["msg"]
    assert server.cli("GET", LOCK) == "somebody else"


def test_redis_silent_network(start, nasty, redis_server, proxy, scratch, record_property):
    """TERM at half of the ttl, dead before it is over: the next holder finds nobody."""
    server = redis_server()
    between = None
    times = rounds(20, 2)
    for i in range(times):
        between = proxy(server)
        lose = Lose(between.silence, redis_env(server))
        result = lose_and_contend(start, nasty, REDIS, scratch / f"stamps{i}", redis_env(server, between.port), lose, 10)
        assert one(result.stderr, "lock_unsure")
        assert one(result.stderr, "stopping")
    record_property("measured", f"{times} silences while another waits: exit 76, 0 overlaps")


def test_redis_polite_end(start, nasty, redis_server, proxy):
    """Who hears TERM at half of the ttl ends by itself: 76 all the same."""
    server = redis_server()
    between = proxy(server)
    process = start("cronrun", *REDIS, nasty, "zero", "ready", env=redis_env(server, between.port))
    process.wait_for("ready")
    between.silence()
    result = process.wait(10)
    assert result.status == 76
    assert not records(result.stderr, "killing")
    assert one(result.stderr, "run_end")["command_exit"] == 0


def test_redis_short_silence_is_survived(start, nasty, redis_server, proxy):
    """The connection is cut, the lock is renewed over a new one; it is never taken again."""
    server = redis_server()
    between = proxy(server)
    process = start("cronrun", *REDIS, nasty, "ready", env=redis_env(server, between.port))
    process.wait_for("ready")
    value = server.cli("GET", LOCK)
    for _ in range(3):
        accepted = between.accepted
        between.cut(reset=True)
        wait_until(lambda: between.accepted > accepted, 5, "a new connection")
    wait_until(lambda: int(server.cli("PTTL", LOCK)) > 1500, 5, "renewed")
    assert server.cli("GET", LOCK) == value
    assert process.running()
    process.terminate()
    assert process.wait().status == 143


def test_redis_stopped_past_its_lease(start, run, nasty, redis_server, scratch):
    """TSTP stops runner and command; when they are woken the lock is another's: the command runs no further."""
    server = redis_server()
    stamps = scratch / "stamps"
    process = start("cronrun", *REDIS, nasty, f"stamp={stamps}", env=redis_env(server))
    wait_until(lambda: stamps.exists() and stamps.stat().st_size, 5, "stamps")
    process.send_signal(signal.SIGTSTP)
    wait_until(lambda: server.cli("EXISTS", LOCK) == "0", 10, "the lock is over")
    before = stamps.read_text()
    assert run("cronrun", *REDIS, "--on-busy", "fail", "true", env=redis_env(server)).status == 0
    process.send_signal(signal.SIGCONT)
    result = process.wait(10)
    assert result.status == 76
    assert stamps.read_text() == before


def test_redis_stopped_while_it_asks(start, redis_server, proxy):
    """TERM between the lock's being set and our hearing of it: it is given back, not left to its ttl."""
    server = redis_server()
    far = proxy(server)
    far.delay(0.3 * SLOW)
    words = ["--lock", "redis", "--lock-ttl", "60s", "--name", "mail"]
    process = start("cronrun", *words, "true", env=redis_env(server, far.port))
    wait_until(lambda: server.cli("EXISTS", LOCK) == "1", 20, "the lock is set")
    process.terminate()
    result = process.wait(10)
    assert result.status == 79
    assert one(result.stderr, "run_refused")["reason"] == "stopped_before_start"
    assert server.cli("EXISTS", LOCK) == "0"


def test_stopped_while_nobody_answers(start, redis_server):
    """TERM while the server of the lock hangs: a second of waiting, no more."""
    server = redis_server()
    server.sigstop_all()
    process = start("cronrun", *REDIS, "true", env=redis_env(server))
    wait_until(lambda: any("socket:" in name for name in open_files(process.pid)), 10, "it is connected")
    began = time.monotonic()
    process.terminate()
    result = process.wait(10)
    server.sigcont()
    assert result.status == 79
    assert time.monotonic() - began < 4 * SLOW


def test_redis_frozen_server(start, nasty, redis_server, programs):
    server = redis_server()
    process = start("cronrun", *REDIS, nasty, "deaf", "ready", env=redis_env(server))
    process.wait_for("ready")
    server.sigstop_all()
    try:
        result = process.wait(10)
    finally:
        server.sigcont()
    assert result.status == 76
    assert programs.leftovers() == []


@pytest.mark.parametrize("why", ["refused", "no such name", "wrong password", "replica"])
def test_redis_unreachable(run, redis_server, scratch, why):
    server = redis_server(password=True)
    url = server.url()
    if why == "refused":
        url = url.replace(f":{server.port}", f":{free_port()}")
    elif why == "no such name":
        url = url.replace("127.0.0.1", "no-such-host.invalid")
    elif why == "wrong password":
        url = url.replace(server.password, "wrong-" + CANARY)
    else:
        url = redis_server(password=True, replica_of=server).url()
    result = run("cronrun", *REDIS, "touch", scratch / "ran", env={"REDIS_URL": url}, timeout=20)
    assert result.status == 75
    assert not (scratch / "ran").exists()
    assert one(result.stderr, "run_refused")["outcome"] == "lock_unreachable"


def test_silent_at_start(start, pg, redis_server, proxy, name_server, scratch):
    """Servers that accept and say nothing, a resolver that never answers: given up within its bound, nothing ran."""
    server = redis_server()
    mute_pg, mute_redis = proxy(pg), proxy(server)
    mute_pg.silence()
    mute_redis.silence()
    resolver = name_server(mode="silent")
    cases = [
        (PG, pg_env(pg.url_with(port=mute_pg.port))),
        (REDIS, redis_env(server, mute_redis.port)),
        (PG, {**pg_env(pg.url_with(host="db.test")), **resolver.env}),
        (REDIS, {"REDIS_URL": f"redis://cache.test:{server.port}", **resolver.env}),
    ]
    many = [start("cronrun", *words, "touch", scratch / "ran", env=env) for words, env in cases]
    for process in many:
        result = process.wait(20)
        assert result.status == 75
        assert result.seconds < 12 * SLOW
    assert not (scratch / "ran").exists()


def test_redis_over_tls(run, redis_server, ca):
    server = redis_server(password=True, tls=True)
    env = {"REDIS_URL": server.url(host="localhost"), "SSL_CERT_FILE": ca().cert}
    result = run("cronrun", *REDIS, "true", env=env)
    assert result.status == 0, result.output


# --- Secrets and memory ---------------------------------------------------------------------------------------------------------


def test_no_password_anywhere(start, nasty, pg, redis_server, scratch):
    """Not in ps, not in the termination message, not in what the command sees of our options."""
    message = scratch / "message"
    server = redis_server(password=True)
    cases = [
        (PG, {"DATABASE_URL": pg.url}),
        (["--name", "mail"], {"CRONRUN_LOCK": pg.url}),
        (REDIS, {"REDIS_URL": server.url()}),
        (["--name", "mail"], {"CRONRUN_LOCK": server.url()}),
    ]
    for words, env in cases:
        message.touch()
        process = start("cronrun", "--termination-log", message, "--log-level", "debug", *words, nasty, "ready", env=env)
        child = int(process.wait_for(r"ready (\d+)")[1])
        for pid in (process.pid, child):
            assert CANARY not in Path(f"/proc/{pid}/cmdline").read_text()
        assert "CRONRUN_LOCK" not in Path(f"/proc/{child}/environ").read_text()
        process.terminate()
        assert process.wait().status == 143
        assert CANARY not in message.read_text()


VALGRIND = [
    "valgrind", "-q", "--error-exitcode=97", "--leak-check=full", "--child-silent-after-fork=yes", "--track-fds=no",
]


@pytest.mark.plain_build
def test_valgrind(run, start, store, nasty):
    """A run, a skipped one, one over its deadline: no error, nothing lost."""
    if subprocess.run(["which", "valgrind"], capture_output=True).returncode != 0:
        pytest.skip("valgrind is not installed")
    words = [*store.words, "--grace", "100ms"]
    assert run("cronrun", *words, "true", env=store.env, wrap=VALGRIND, timeout=120).status == 0
    late = run("cronrun", *words, "--deadline", "300ms", nasty, "deaf", env=store.env, wrap=VALGRIND, timeout=120)
    assert late.status == 124, late.output
    first = holding(start, store, nasty)
    assert run("cronrun", *words, "--on-busy", "fail", "true", env=store.env, wrap=VALGRIND, timeout=120).status == 74
    first.terminate()
    first.wait()


def test_descriptors_stay(start, nasty, redis_server, proxy):
    """Connections that break and come anew leave no descriptor behind."""
    server = redis_server()
    between = proxy(server)
    process = start(
        "cronrun", "--lock", "redis", "--name", "mail", "--lock-ttl", "2s", nasty, "ready", env=redis_env(server, between.port)
    )
    process.wait_for("ready")
    before = process.fds()
    for _ in range(rounds(200, 10)):
        accepted = between.accepted
        between.cut()
        wait_until(lambda: between.accepted > accepted, 5, "a new connection")
        wait_until(lambda: int(server.cli("PTTL", LOCK)) > 1700, 5, "renewed over it")
    wait_until(lambda: process.fds() <= before, 5, f"{before} descriptors again")
    process.terminate()
    assert process.wait().status == 143
