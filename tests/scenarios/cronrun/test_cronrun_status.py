"""cronrun status: who holds which lock, asked of real stores, and nothing disturbed by it."""

import json
import os
import re
import signal
import subprocess

import pytest
from rig import postgres
from rig.base import CANARY, free_port, wait_until
from rig.nasty import nasty  # noqa: F401
from rig.program import BIN_DIR, records

INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


@pytest.fixture
def status(run):
    """status(*words): the jobs as --json has them, by name."""

    def call(*words, env=None, exits=0):
        result = run("cronrun", "status", "--json", *words, env=env or {})
        assert result.status == exits, result.output
        assert CANARY not in result.output
        return {job["job"]: job for job in map(json.loads, result.stdout.splitlines())}

    return call


class Store:
    def __init__(self, lock, env=None, server=None):
        self.lock = lock
        self.env = env or {}
        self.server = server


@pytest.fixture(params=["file", "postgres", "redis"])
def store(request, scratch):
    if request.param == "file":
        return Store(f"file:{scratch}/lock")
    if request.param == "postgres":
        database = request.getfixturevalue("pg")
        return Store("postgres", {"DATABASE_URL": database.url}, database)
    server = request.getfixturevalue("redis_server")(password=True)
    return Store("redis", {"REDIS_URL": server.url()}, server)


def test_one_job_from_first_to_last(run, start, nasty, status, store):
    words = ["--lock", store.lock, "--name", "mail"]
    job = status(*words, env=store.env)["mail"]
    assert (job["state"], job["fence"], job["last_start"]) == ("never", None, None)
    first = start("cronrun", *words, nasty, "ready", env=store.env)
    first.wait_for("ready")
    first.wait_for(r"run_start.*\n")  # the command may be sooner
    (begun,) = records(first.stderr, "run_start")
    job = status(*words, env=store.env)["mail"]
    assert job["state"] == "held"
    assert (job["holder_host"], job["holder_pid"], job["holder_run_id"]) == (os.uname().nodename, first.pid, begun["run_id"])
    assert job["fence"] == begun["fence"]
    assert re.fullmatch(INSTANT, job["holder_since"])
    assert job["last_end"] is None
    table = run("cronrun", "status", *words, env=store.env).stdout.splitlines()
    assert [line.split()[:2] for line in table] == [["JOB", "STATE"], ["mail", "held"]]
    assert f"{os.uname().nodename}, pid {first.pid}" in table[1]
    assert len({line.index(word) for line, word in zip(table, ("HOLDER", os.uname().nodename))}) == 1
    first.terminate()
    assert first.wait().status == 143
    job = status(*words, env=store.env)["mail"]
    assert (job["state"], job["holder_host"], job["holder_since"]) == ("free", None, None)
    assert job["fence"] == begun["fence"]
    assert re.fullmatch(INSTANT, job["last_start"])
    if store.lock == "postgres":
        assert job["last_outcome"] == "stopped"
        assert job["last_end"] >= job["last_start"]
    else:
        assert (job["last_outcome"], job["last_end"]) == (None, None)


def test_all_jobs_of_a_store(run, status, store):
    if store.lock.startswith("file:"):
        assert run("cronrun", "--lock", store.lock, "--name", "mail", "true").status == 0
        assert status("--lock", store.lock)[None]["state"] == "free"
        return
    for name in ("mail", "a/b-c+e", "mail.2"):
        assert run("cronrun", "--lock", store.lock, "--name", name, "true", env=store.env).status == 0
    jobs = status("--lock", store.lock, env=store.env)
    assert list(jobs) == ["a/b-c+e", "mail", "mail.2"]
    assert {job["state"] for job in jobs.values()} == {"free"}
    assert {job["lock"].split("://")[0] for job in jobs.values()} == {store.lock}
    assert list(status("--lock", store.lock, "--name", "mail", env=store.env)) == ["mail"]
    assert status("--lock", store.lock, "--name", "other", env=store.env)["other"]["state"] == "never"


def test_runs_are_not_disturbed(run, start, status, store, scratch):
    """Asked all the time: every run gets its lock, and a run that waits for it gets it, too."""
    words = ["--lock", store.lock, "--name", "mail"]
    ask = 'while :; do "$0" status "$@" >/dev/null; done'
    asking = subprocess.Popen(["sh", "-c", ask, f"{BIN_DIR}/cronrun", *words], env={**os.environ, **store.env}, start_new_session=True)
    try:
        for _ in range(10):
            assert run("cronrun", *words, "--on-busy", "fail", "true", env=store.env).status == 0
        first = start("cronrun", *words, "sh", "-c", "echo ready; sleep 1", env=store.env)
        first.wait_for("ready")
        assert run("cronrun", *words, "--on-busy", "wait=60s", "touch", scratch / "ran", env=store.env).status == 0
        assert (scratch / "ran").exists()
        assert first.wait().status == 0
    finally:
        os.killpg(asking.pid, signal.SIGKILL)
        asking.wait()


def test_a_crontab(run, start, nasty, status, pg, redis_server, scratch):
    """Each job with its own lock, and with the variables that its runs have."""
    server = redis_server(password=True)
    crontab = scratch / "crontab"
    crontab.write_text(
        f"@daily [name=f lock=file:{scratch}/lock] true\n"
        f'@daily [name=r lock="{server.url()}"] true\n'
        "@daily [name=default] true\n"
        f"DATABASE_URL = {pg.url}\n"
        "@daily [name=p1 lock=postgres] true\n"
        "OTHER = x\n"
        "@daily [name=p2 lock=postgres] true\n"
    )
    assert run("cronrun", "--lock", "postgres", "--name", "p2", "true", env={"DATABASE_URL": pg.url}).status == 0
    holder = start("cronrun", "--lock", server.url(), "--name", "r", nasty, "ready")
    holder.wait_for("ready")
    jobs = status(crontab)
    assert {name: job["state"] for name, job in jobs.items()} == {
        "f": "never",
        "r": "held",
        "default": "none",
        "p1": "never",
        "p2": "free",
    }
    assert list(jobs) == ["f", "r", "default", "p1", "p2"]
    assert server.password not in json.dumps(jobs)
    jobs = status(crontab, "--name", "default", env={"CRONRUN_LOCK": "redis", "REDIS_URL": server.url()})
    assert {name: job["state"] for name, job in jobs.items()} == {"default": "never"}
    crontab.write_text("61 * * * * true\n")
    refused = run("cronrun", "status", crontab)
    assert refused.status == 2
    assert "line 1, column 1" in refused.stderr


def test_a_store_that_cannot_be_asked(run, status, scratch):
    port = free_port()
    env = {"DATABASE_URL": f"postgres://app:{CANARY}@127.0.0.1:{port}/x", "REDIS_URL": f"redis://:{CANARY}@127.0.0.1:{port}/0"}
    for lock in ("postgres", "redis"):
        job = status("--lock", lock, "--name", "mail", env=env, exits=75)["mail"]
        assert job["state"] == "unknown"
        assert "refused" in job["error"]
    crontab = scratch / "crontab"
    crontab.write_text(f"@daily [name=a lock=file:{scratch}/lock] x\n@daily [name=b lock=redis] x\n@daily [name=c lock=redis] x\n")
    jobs = status(crontab, env=env, exits=75)
    assert [job["state"] for job in jobs.values()] == ["never", "unknown", "unknown"]
    (scratch / "lock").write_text("somebody's text")
    assert "was not written by cronrun" in status("--lock", f"file:{scratch}/lock", exits=75)[None]["error"]
    for words in ([], ["--lock", "none"], ["--lock", "postgres"], ["--lock", "sqlite"], ["--name", "z", crontab]):
        result = run("cronrun", "status", *words)
        assert result.status == 125, result.output


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


def test_a_row_is_not_believed(start, nasty, status, pg):
    """Whose session has ended holds nothing, though its row says so."""
    env = {"DATABASE_URL": pg.url}
    first = start("cronrun", "--lock", "postgres", "--name", "mail", nasty, "ready", env=env)
    first.wait_for("ready")
    assert status("--lock", "postgres", env=env)["mail"]["state"] == "held"
    first.kill()
    first.wait()
    wait_until(lambda: status("--lock", "postgres", env=env)["mail"]["state"] == "left", 20, "its session has ended")
    job = status("--lock", "postgres", env=env)["mail"]
    assert (job["holder_host"], job["holder_pid"], job["last_outcome"]) == (None, None, None)
    assert job["last_start"]


def test_a_lock_without_a_row(status, pg):
    """Held by a session that has not written its row yet, or cannot: the server says who."""
    env = {"DATABASE_URL": pg.url}
    name = "SELECT pg_advisory_lock(('x' || left(encode(sha256('cronrun:mail'), 'hex'), 16))::bit(64)::bigint)"
    session = subprocess.Popen([postgres.psql_program(), "-X", "-q", pg.url, "-c", name, "-c", "SELECT pg_sleep(600)"], stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: status("--lock", "postgres", "--name", "mail", env=env)["mail"]["state"] == "held", 20, "it is held")
        job = status("--lock", "postgres", "--name", "mail", env=env)["mail"]
        assert job["holder_host"]
        assert job["fence"] is None
    finally:
        session.kill()
        session.wait()
    nothing = status("--lock", "postgres", env=env, exits=75)
    assert "use --name" in nothing[None]["error"]


# --- Redis ------------------------------------------------------------------------------------------------------------


def test_keys_of_others(status, redis_server):
    """What only looks like a job's key is none, a claim is no lock, and a key of another kind is no answer."""
    server = redis_server()
    for words in (
        ["SET", "cronrun:{claimed}:lock", "?" + "a" * 40 + " {}"],
        ["SET", "cronrun:{a b}:lock", "x"],
        ["SET", "cronrun:{}:lock", "x"],
        ["SET", "cronrun:{x}:other", "x"],
        ["SET", f"cronrun:{{{'n' * 201}}}:lock", "x"],
        ["SET", "cronrun:{odd}:lock", "x"],
        ["LPUSH", "cronrun:{list}:fence", "x"],
        ["SET", "cronrun:{text}:fence", "soon"],
    ):
        server.cli(*words)
    jobs = status("--lock", "redis", env={"REDIS_URL": server.url()})
    assert {name: job["state"] for name, job in jobs.items()} == {"claimed": "free", "odd": "held", "list": "never", "text": "free"}
    assert {job["fence"] for job in jobs.values()} == {None}


def test_all_jobs_are_asked_about_together(status, redis_server, proxy, scratch):
    """A server that is far away: one after the other would take ten minutes. Each answer belongs to its job."""
    server = redis_server()
    far = proxy(server)
    far.delay(0.5)
    jobs = [f"job-{i:03}" for i in range(600)]
    fences = {jobs[i]: 1795251600000000 + i for i in (0, 255, 256, 511, 512, 599)}
    for name, fence in fences.items():
        server.cli("SET", f"cronrun:{{{name}}}:fence", fence)
    server.cli("SET", "cronrun:{job-300}:lock", "x")
    (scratch / "crontab").write_text("".join(f"@daily [name={name} lock=redis] x\n" for name in jobs))
    found = status(scratch / "crontab", env={"REDIS_URL": f"redis://127.0.0.1:{far.port}/0"})
    assert list(found) == jobs
    assert {name: job["fence"] for name, job in found.items() if job["fence"]} == fences
    assert {name for name, job in found.items() if job["state"] == "free"} == set(fences)
    assert [name for name, job in found.items() if job["state"] == "held"] == ["job-300"]
    found = status("--lock", "redis", env={"REDIS_URL": f"redis://127.0.0.1:{far.port}/0"})  # those that SCAN finds
    assert {name: job["fence"] for name, job in found.items() if job["fence"]} == fences and len(found) == 7


def test_an_answer_that_is_none(status, peer):
    """Fewer values than keys: nothing is made of them."""
    server = peer(lambda _, connection: connection.sendall(b"*1\r\n$-1\r\n"))
    job = status("--lock", "redis", "--name", "mail", env={"REDIS_URL": f"redis://127.0.0.1:{server.port}/0"}, exits=75)["mail"]
    assert job["state"] == "unknown"
    assert "unexpected reply from Redis to MGET" in job["error"]
