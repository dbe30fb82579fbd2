"""Very many runs that want one lock, while its store and its network break; `make soak-cronrun` does it for twenty minutes.

RR_SOAK_SECONDS is how long each store and each way of losing a lock takes; a few seconds otherwise. Each job leaves a child that is deaf
and notes the time every few milliseconds until it is dead: two runs whose times overlap are the fault that this looks for.
"""

import collections
import os
import random
import signal
import subprocess
import threading
import time

import pytest
from rig.base import SLOW, descendants, kill_quietly, wait_until
from rig.nasty import nasty  # noqa: F401
from rig.program import BIN_DIR
from test_cronrun_lock import FENCE, LOCK, PG, REDIS, Lose, lose_and_contend, one, overlaps, pg_env, records, redis_env

SECONDS = float(os.environ.get("RR_SOAK_SECONDS") or 0)
CONTENDERS = 32 if SECONDS else 8
SMOKE_S = 6


def told(text):
    print(text, flush=True)


class Contenders:
    """Threads that start one run after another. envs: of each in turn, which is how it comes to the store."""

    def __init__(self, programs, words, envs, command, seconds):
        self.programs, self.words, self.envs, self.command = programs, words, envs, command
        self.until = time.monotonic() + seconds
        self.statuses = collections.Counter()
        self.runs = {}  # of each thread the one that is there
        self.threads = [threading.Thread(target=self._work, args=(i,)) for i in range(CONTENDERS)]

    def _work(self, i):
        argv = [BIN_DIR / "cronrun", *self.words, "--on-busy", "wait=60s", "--grace", "20ms", "--log-level", "error", *self.command]
        env = self.programs.env(self.envs[i % len(self.envs)])
        while time.monotonic() < self.until:
            with subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
                self.runs[i] = run
                run.wait()
            self.statuses[run.returncode] += 1

    def contend(self, faults, pause_s):
        """faults: what breaks something, one of them chosen at a time; all of it is over when this returns."""
        counts = collections.Counter()
        for t in self.threads:
            t.start()
        while time.monotonic() < self.until - 2:
            time.sleep(random.uniform(0.5, 1.5) * pause_s)
            fault = random.choice(faults)
            fault(self)
            counts[fault.__name__] += 1
        for t in self.threads:
            t.join(120 * SLOW)
        assert not any(t.is_alive() for t in self.threads)
        return counts


def judge(programs, c, counts, stamps, store, record_property):
    """No overlap, nothing left, and only statuses that say what happened."""
    wait_until(lambda: not programs.leftovers(), 10, "nothing is left")
    assert overlaps(stamps) is None
    runs = len({line.split()[1] for line in stamps.read_text().splitlines()})
    words = f"{CONTENDERS} contenders, {runs} runs held the lock, 0 overlaps; ends {dict(c.statuses)}, faults {dict(counts)}"
    told(f"{store}: {words}")
    record_property("measured", f"{store}: {words}")
    assert runs > CONTENDERS / 2
    assert set(c.statuses) <= {0, 74, 75, 76, -signal.SIGKILL}, c.statuses


@pytest.fixture
def stamper(scratch, nasty):  # noqa: F811
    stamps = scratch / "stamps"
    stamps.touch()
    return stamps, [nasty, "left", "setsid", "deaf", f"stamp={stamps}", "/", "ms=8", "exit=0"]


# --- Overlap ------------------------------------------------------------------------------------------------------------


def test_file(programs, scratch, stamper, record_property):
    """Runners are stopped for a while, and killed: what is left of such a run holds the lock until it is dead, too."""
    stamps, command = stamper

    def someone(c):
        return random.choice([run for run in c.runs.values() if run.poll() is None] or [None])

    def stopped(c):
        run = someone(c)
        if run:
            kill_quietly(run.pid, signal.SIGSTOP)
            time.sleep(0.2)
            kill_quietly(run.pid, signal.SIGCONT)

    def killed(c):
        """When it has gone, its command is as good as dead and starts nothing any more."""
        run = someone(c)
        if run:
            kill_quietly(run.pid, signal.SIGKILL)
            wait_until(lambda: run.poll() is not None, 10, "the killed run has gone")
            for pid in orphans():
                kill_quietly(pid, signal.SIGKILL)

    def orphans():
        """What is below no run."""
        found, below = programs.leftovers(), descendants(os.getpid())
        return [pid for pid in found if pid not in below]

    c = Contenders(programs, ["--lock", f"file:{scratch}/lock"], [{}], command, SECONDS or SMOKE_S)
    judge(programs, c, c.contend([stopped, killed], 0.3), stamps, "file", record_property)


def test_postgres(programs, pg_server, proxy, stamper, record_property):
    """Half of them come through a network that is cut and falls silent."""
    server, (stamps, command) = pg_server(), stamper
    between = proxy(server)

    def session_ended(c):
        server.psql("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted", check=False)

    def sessions_ended(c):
        server.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cronrun:mail'", check=False)

    def restarted(c):
        server.restart(random.choice(["fast", "immediate"]))

    def network_cut(c):
        between.cut(reset=random.random() < 0.5)

    def network_silent(c):
        between.silence()
        time.sleep(random.uniform(0.5, 8 if SECONDS else 2))
        between.cut(reset=True)
        between.resume()

    envs = [pg_env(server.url()), pg_env(server.url(port=between.port, sslmode="disable"))]
    c = Contenders(programs, PG, envs, command, SECONDS or SMOKE_S)
    faults = [session_ended] * 4 + [sessions_ended, restarted, network_cut, network_silent]
    judge(programs, c, c.contend(faults, 4 if SECONDS else 1.5), stamps, "PostgreSQL", record_property)


def test_redis(programs, redis_server, proxy, stamper, record_property):
    """The server keeps what it was told (appendfsync always), is killed and started again, and stands still."""
    server, (stamps, command) = redis_server(appendonly="yes", appendfsync="always"), stamper
    between = proxy(server)

    def restarted(c):
        server.sigkill()
        time.sleep(random.uniform(0, 0.5))
        server.start()

    def still(c):
        server.sigstop_all()
        time.sleep(random.uniform(0.2, 3))
        server.sigcont()

    def network_cut(c):
        between.cut(reset=random.random() < 0.5)

    def network_silent(c):
        between.silence()
        time.sleep(random.uniform(0.2, 4))
        between.resume()

    c = Contenders(programs, REDIS, [redis_env(server), redis_env(server, between.port)], command, SECONDS or SMOKE_S)
    judge(programs, c, c.contend([restarted, still, network_cut, network_silent], 2 if SECONDS else 1), stamps, "Redis", record_property)


# --- Locks that are lost ----------------------------------------------------------------------------------------------------


def test_silence_before_the_next_holder(start, nasty, redis_server, proxy, scratch, record_property):  # noqa: F811
    """Redis, a lease of 2 s: the tree is dead before the next holder starts, each time."""
    server, n, began = redis_server(), 0, time.monotonic()
    while n == 0 or time.monotonic() - began < SECONDS:
        between = proxy(server)
        lose = Lose(between.silence, redis_env(server))
        lose_and_contend(start, nasty, REDIS, scratch / f"stamps{n}", redis_env(server, between.port), lose, 10)
        between.close()
        n += 1
    told(f"Redis, silent network: {n} of {n} trees were dead before the next holder started")
    record_property("measured", f"{n} silences, lease 2 s: each tree dead before the next holder starts")


TABLE = "CREATE TABLE ledger (job text PRIMARY KEY, fence bigint NOT NULL, writer text)"
WRITE = ("INSERT INTO ledger VALUES ('mail', {fence}, '{who}') ON CONFLICT (job) DO UPDATE SET fence = excluded.fence, "
         "writer = excluded.writer WHERE ledger.fence <= excluded.fence RETURNING fence")  # fmt: skip


def test_a_stale_holder(start, run, nasty, redis_server, pg, scratch, record_property):  # noqa: F811
    """Only the runner stands still, beyond its lease, and its command goes on: a table that checks the fence refuses it. When the
    runner wakes it sees first of all that the lock is another's, and kills the command without asking it."""
    server, n, began = redis_server(), 0, time.monotonic()
    pg.psql(TABLE)
    while n == 0 or time.monotonic() - began < SECONDS:
        stamps = scratch / f"stale{n}"
        script = f"echo $CRONRUN_FENCE > {stamps}.fence; exec {nasty} deaf stamp={stamps}"
        first = start("cronrun", *REDIS, "--on-busy", "wait=20s", "sh", "-c", script, env=redis_env(server))
        wait_until(lambda: not first.running() or (stamps.exists() and stamps.stat().st_size), 10, "stamps")
        assert first.running(), first.stderr
        old = int((scratch / f"stale{n}.fence").read_text())
        assert pg.psql(WRITE.format(fence=old, who="first")) == str(old)
        first.send_signal(signal.SIGSTOP)
        wait_until(lambda: server.cli("EXISTS", LOCK) == "0", 10, "the lock is over")
        second = run("cronrun", *REDIS, "--on-busy", "fail", "sh", "-c", "echo $CRONRUN_FENCE", env=redis_env(server))
        new = int(second.stdout)
        assert new > old
        assert pg.psql(WRITE.format(fence=new, who="second")) == str(new)
        size = stamps.stat().st_size
        wait_until(lambda: stamps.stat().st_size > size, 10, "the stale command goes on")
        assert pg.psql(WRITE.format(fence=old, who="first")) == "", "a stale fence was taken"
        first.send_signal(signal.SIGCONT)
        woken = time.monotonic()
        result = first.wait(10)
        assert result.status == 76
        assert time.monotonic() - woken < 1 * SLOW
        assert not records(result.stderr, "stopping"), "it was asked instead of killed"
        assert one(result.stderr, "run_end")["outcome"] == "lock_lost"
        assert pg.psql("SELECT fence, writer FROM ledger") == f"{new}|second"
        assert int(server.cli("GET", FENCE)) >= new
        n += 1
    told(f"a runner that was stopped past its lease: {n} of {n} stale fences refused, each command killed when it woke")
    record_property("measured", f"{n} stale fences refused; each command killed when its runner woke")
