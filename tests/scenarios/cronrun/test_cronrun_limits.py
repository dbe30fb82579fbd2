"""cronrun daemon and what the system gives it: the limit of descriptors, and starts for which no process can be made."""

import resource
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from rig.base import wait_until
from rig.crondaemon import CronDaemon, children
from rig.nasty import wrap_of
from rig.program import NO_LEAKS

SHORT = 3  # descriptors: the standard ones are there, and nothing new can be opened


@pytest.fixture
def daemon(start, scratch):
    """daemon(crontab, wrap=, env=): started, and listening."""

    def call(crontab, wrap=(), env=None):
        scratch.chmod(0o755)
        return CronDaemon(start, scratch / "crontab", crontab, wrap=wrap, env=env)

    return call


def lack_descriptors(d):
    """What lifts it again."""
    before = resource.prlimit(d.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(d.process.pid, resource.RLIMIT_NOFILE, (SHORT, before[1]))
    return lambda: resource.prlimit(d.process.pid, resource.RLIMIT_NOFILE, before)


def failures(d, job):
    return d.metric("cronrun_job_runs_total", job=job, outcome="failure")


def test_limit_of_descriptors(daemon, scratch):
    """The daemon takes what it may have; a run and its command have what the daemon was given."""
    d = daemon(
        f"@every 1s [name=one lock=none] ulimit -Sn >{scratch}/soft; ulimit -Hn >{scratch}/hard; grep -h 'open files' /proc/$PPID/limits >{scratch}/run\n",
        wrap=["prlimit", "--nofile=100:300"],
    )
    d.wait_for("run_end", job="one")
    assert resource.prlimit(d.process.pid, resource.RLIMIT_NOFILE) == (300, 300)
    assert ((scratch / "soft").read_text(), (scratch / "hard").read_text()) == ("100\n", "300\n")
    assert (scratch / "run").read_text().split()[3:5] == ["100", "300"]


def test_limit_of_the_process_that_asks_stores(daemon):
    """It is started by the daemon, too, and has what the daemon was given; no core file, for it knows passwords."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        words = f"[name=a catchup=one lock=redis://127.0.0.1:{silent.getsockname()[1]}/0]"
        d = daemon(f"0 * * * * {words} true\n", wrap=["prlimit", "--nofile=100:300", "--core=1000:2000"])
        with silent.accept()[0]:
            (asks,) = children(d.process.pid)
            assert b"status" in Path(f"/proc/{asks}/cmdline").read_bytes().split(b"\0")
            assert resource.prlimit(asks, resource.RLIMIT_NOFILE) == (100, 300)
            soft, hard = resource.prlimit(asks, resource.RLIMIT_CORE)
            assert soft <= 1 and hard == 2000
            wait_until(lambda: resource.prlimit(d.process.pid, resource.RLIMIT_NOFILE) == (300, 300), 5, "the daemon has its own again")


def test_limit_that_is_lowered_meanwhile(daemon, scratch):
    """By somebody else: a start does not undo it."""
    d = daemon(f"@every 1s [name=one] echo $(ulimit -Sn) $(ulimit -Hn) >>{scratch}/out\n", wrap=["prlimit", "--nofile=100:300"])
    resource.prlimit(d.process.pid, resource.RLIMIT_NOFILE, (80, 200))
    n = len(d.wait_for("run_end", job="one"))
    d.wait_for("run_end", n + 2, job="one")
    assert (scratch / "out").read_text().splitlines()[-1] == "80 200"
    assert resource.prlimit(d.process.pid, resource.RLIMIT_NOFILE) == (80, 200)


def test_more_runs_than_the_soft_limit(daemon):
    """Each run costs the daemon a descriptor."""
    n = 30
    d = daemon("".join(f"@every 1s [name=job{i}] sleep 100\n" for i in range(n)), wrap=["prlimit", "--nofile=24:200"], env=NO_LEAKS)
    wait_until(lambda: d.metric("cronrun_running") == n, 30, "all run")
    assert not d.records("start_retries") and not d.records("start_failed")


def test_descriptors_are_there_again(daemon):
    d = daemon("@every 4s [name=tick] true\n")
    lift = lack_descriptors(d)
    said = d.wait_for("start_retries", job="tick")[0]
    assert "Too many open files" in said["msg"]
    lift()
    worked = d.wait_for("start_retried", job="tick")[0]
    assert worked["attempts"] >= 2 and worked["late_ms"] >= 200
    d.wait_for("run_end", job="tick", scheduled=worked["scheduled"], outcome="success")
    assert len(d.records("start_retries", scheduled=worked["scheduled"])) == 1
    assert worked["scheduled"] == said["scheduled"] or d.records("start_failed", scheduled=said["scheduled"])
    wait_until(lambda: d.metric("cronrun_job_runs_total", job="tick", outcome="success") >= 1, 10, "counted")
    assert failures(d, "tick") == len(d.records("start_failed", job="tick"))


def test_given_up(daemon):
    """At the starting deadline, and when the next time comes: once for each time, and each is a failure."""
    d = daemon("@every 4s [name=short starting_deadline=600ms] true\n@every 4s [name=long policy=queue] true\n")
    lift = lack_descriptors(d)
    short = d.wait_for("start_failed", 2, job="short")
    long = d.wait_for("start_failed", 2, job="long")
    lift()
    for job, failed in (("short", short), ("long", long)):
        times = [r["scheduled"] for r in failed]
        assert len(set(times)) == len(times)
        for at in times:
            assert len(d.records("start_retries", job=job, scheduled=at)) <= 1
    assert all(r["attempts"] <= 2 for r in short)  # after 0 and 250 ms; the next would be after 750
    assert max(r["attempts"] for r in long) > 2
    for job in ("short", "long"):
        d.wait_for("run_end", job=job, outcome="success")
        assert failures(d, job) == len(d.records("start_failed", job=job))
    assert not d.records("start_skipped")


def test_stopped_while_it_is_tried_again(daemon):
    d = daemon("@every 30s [name=first] true\n@every 2s [name=tick] true\n", env=NO_LEAKS)
    lack_descriptors(d)
    said = d.wait_for("start_retries", job="tick")[-1]
    d.process.send_signal(signal.SIGTERM)
    assert d.process.wait().status == 0
    assert d.records("start_skipped", job="tick", reason="draining", scheduled=said["scheduled"]) or d.records("start_failed", job="tick")
    assert not d.records("run_start")


def test_no_processes(daemon):
    """RLIMIT_NPROC: everything else works on meanwhile. The job that goes is told of, and the other one runs when there are some again."""
    alone = [word.replace("65534", "64223") for word in wrap_of("nobody")]  # an account that has no other process
    d = daemon("@every 20s [name=gone] true\n@every 20s [name=stays] true\n", wrap=[*alone, "prlimit", "--nproc=1:"])
    said = d.wait_for("start_retries", timeout=60, job="gone")[0]
    assert "Resource temporarily unavailable" in said["msg"]
    d.wait_for("start_retries", job="stays")
    wait_until(lambda: d.metric("cronrun_job_start_retrying", job="stays") == 1, 10, "it is shown")
    assert (d.metric("cronrun_job_running", job="stays"), failures(d, "stays")) == (0, 0)
    d.path.write_text("@every 20s [name=stays] true\n")
    d.process.send_signal(signal.SIGHUP)
    d.wait_for("start_skipped", job="gone", reason="removed", scheduled=said["scheduled"])
    subprocess.run([*alone, "prlimit", "--pid", str(d.process.pid), "--nproc=1000:"], check=True)
    worked = d.wait_for("start_retried", job="stays")[0]
    assert worked["attempts"] >= 2
    d.wait_for("run_end", job="stays", outcome="success", scheduled=worked["scheduled"])
    wait_until(lambda: d.metric("cronrun_job_start_retrying", job="stays") == 0, 10, "it is shown no more")
    assert not d.records("run_start", job="gone") and failures(d, "stays") == 0
