"""cronrun daemon: starts in time, overlap, reload, drain, and an end that leaves nothing."""

import os
import re
import signal
import socket
import time

import pytest
from rig.base import CANARY, alive, kill_quietly, wait_until
from rig.crondaemon import CronDaemon, children
from rig.nasty import wrap_of
from rig.program import process_state


@pytest.fixture
def daemon(start, scratch):
    """daemon(crontab, *options): started, and listening."""

    def call(crontab, *args, path=None, **more):
        return CronDaemon(start, path or scratch / "crontab", crontab, *args, **more)

    return call


def runs_of(d, job):
    return d.records("run_end", job=job)


# --- Starts -----------------------------------------------------------------------------------------------------------


def test_each_second_once(daemon, scratch):
    d = daemon(f"@every 1s [name=tick] echo $CRONRUN_SCHEDULED $CRONRUN_JOB >>{scratch}/out\n")
    d.wait_for("run_end", 4, job="tick")
    lines = (scratch / "out").read_text().splitlines()
    assert len(lines) >= 4
    assert len(set(lines)) == len(lines)  # no time came twice
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ tick", line) for line in lines)
    end = runs_of(d, "tick")[0]
    assert end["outcome"] == "success"
    assert end["scheduled"] == lines[0].split()[0]
    wait_until(lambda: d.metric("cronrun_job_runs_total", job="tick", outcome="success") >= 4, 10, "four are counted")
    assert d.metric("cronrun_job_last_outcome", job="tick", outcome="success") == 1


def test_environment_shell_and_input(daemon, scratch):
    d = daemon(
        "GREETING = hello there\n"
        f"@every 1s [name=plain] echo \"$GREETING\" $0 >{scratch}/plain\n"
        f"@every 1s [name=fed] cat >{scratch}/fed%first%second\n"
        f"@every 1s [name=empty] cat >{scratch}/empty; echo done >>{scratch}/empty\n"
        "SHELL = /bin/bash\n"
        f"@every 1s [name=bash] echo $0 ${{BASH_VERSION:+yes}} >{scratch}/bash\n"
    )
    for job in ("plain", "fed", "empty", "bash"):
        d.wait_for("run_end", job=job)
    assert (scratch / "plain").read_text() == "hello there /bin/sh\n"
    assert (scratch / "fed").read_text() == "first\nsecond\n"
    assert (scratch / "empty").read_text() == "done\n"
    assert (scratch / "bash").read_text() == "/bin/bash yes\n"


def test_options_of_a_job(daemon):
    d = daemon("@every 1s [name=late deadline=300ms grace=1s] sleep 60\n@every 1s [name=bad child-status=9] exit 3\n")
    end = d.wait_for("run_end", job="late")[0]
    assert (end["outcome"], end["exit"]) == ("deadline", 124)
    assert d.wait_for("run_end", job="bad")[0]["exit"] == 9
    wait_until(lambda: d.metric("cronrun_job_runs_total", job="late", outcome="deadline"), 10, "counted")
    assert d.metric("cronrun_job_last_outcome", job="bad", outcome="failure") == 1


def test_no_password_among_arguments(daemon, redis_server):
    """A lock's URL goes to the run through its environment; the lock is the job's all the same."""
    server = redis_server(password=True)
    d = daemon(f"@every 1s [name=locked lock={server.url()}] sleep 2\n")
    d.wait_for("run_start", job="locked")
    seen = [open(f"/proc/{pid}/cmdline", "rb").read() for pid in children(d.process.pid)]
    assert seen and not any(CANARY.encode() in line for line in seen)
    assert "fence" in d.wait_for("run_end", job="locked")[0]


def test_descriptors_and_signals_of_a_command(daemon, scratch):
    """As `cronrun run` gives them to its command."""
    d = daemon(
        f"@every 1s [name=fds] ls -l /proc/self/fd >{scratch}/fds; "
        f"grep -E 'SigBlk|SigIgn' /proc/self/status >{scratch}/signals\n"
    )
    d.wait_for("run_end", job="fds")
    names = re.findall(r" (\d+) -> (\S+)", (scratch / "fds").read_text())
    assert [n for n, target in names if "/proc/" not in target] == ["0", "1", "2"]
    blocked, ignored = re.findall(r"\t(\w+)", (scratch / "signals").read_text())
    assert int(blocked, 16) == 0
    assert int(ignored, 16) & (1 << (signal.SIGPIPE - 1) | 1 << (signal.SIGCHLD - 1)) == 0


# --- Overlap ----------------------------------------------------------------------------------------------------------


def stamps(path):
    """[(begin, end)] of a job that writes both; end None while it runs."""
    found = {}
    for line in path.read_text().splitlines():
        word, run_id, at = line.split()
        found.setdefault(run_id, {})[word] = float(at)
    return sorted((s["begin"], s.get("end")) for s in found.values())


def stamping(path, seconds):
    now = "$(cut -d' ' -f1 /proc/uptime)"
    return f'echo begin $CRONRUN_RUN_ID {now} >>{path}; sleep {seconds}; echo end $CRONRUN_RUN_ID {now} >>{path}'


def test_forbid(daemon, scratch):
    d = daemon(f"@every 1s [name=one] {stamping(scratch / 'out', 2.5)}\n")
    d.wait_for("run_end", 2, job="one")
    skipped = d.wait_for("start_skipped", 2, job="one")
    assert {r["reason"] for r in skipped} == {"running"}
    assert "running_since" in skipped[0]
    times = stamps(scratch / "out")
    assert all(a[1] is not None and a[1] <= b[0] for a, b in zip(times, times[1:]))
    assert d.metric("cronrun_job_skipped_total", job="one") >= 2


def test_allow(daemon, scratch):
    d = daemon(f"@every 1s [name=many policy=allow] {stamping(scratch / 'out', 4)}\n")
    d.wait_for("run_start", 3, job="many")
    wait_until(lambda: d.metric("cronrun_job_running", job="many") >= 3, 15, "three at once")
    assert not d.records("start_skipped")


def test_queue(daemon, scratch):
    d = daemon(f"@every 1s [name=one policy=queue] {stamping(scratch / 'out', 2.2)}\n")
    d.wait_for("start_waits", job="one")
    d.wait_for("start_skipped", job="one", reason="waiting")
    d.wait_for("run_end", 3, job="one")
    times = stamps(scratch / "out")
    assert all(a[1] is not None and a[1] <= b[0] for a, b in zip(times, times[1:]))


def test_replace(daemon, scratch):
    d = daemon(f"@every 2s [name=one policy=replace grace=2s] {stamping(scratch / 'out', 60)}\n")
    d.wait_for("start_replaces", 2, job="one")
    ends = d.wait_for("run_end", 2, job="one")
    assert {r["outcome"] for r in ends} == {"stopped"}
    assert d.wait_for("run_start", 3, job="one")
    wait_until(lambda: d.metric("cronrun_job_runs_total", job="one", outcome="stopped") >= 2, 15, "counted")


# --- The crontab changes ----------------------------------------------------------------------------------------------


def test_reload_leaves_runs_alone(daemon, scratch):
    d = daemon(f"@every 1s [name=long] sleep 4; echo through >>{scratch}/out\n@every 1s [name=old] true\n")
    started = d.wait_for("run_start", job="long")[0]
    d.path.write_text("@every 1s [name=new] true\n")
    change = d.wait_for("crontab_loaded", 2)[1]
    assert (change["jobs"], change["added"], change["removed"]) == (1, 1, 2)
    d.wait_for("run_end", 2, job="new")
    ends = d.wait_for("run_end", job="long")
    assert ends[0]["run_id"] == started["run_id"]
    assert ends[0]["outcome"] == "success"
    assert (scratch / "out").read_text() == "through\n"
    assert len(d.records("run_start", job="long")) == 1
    assert d.metric("cronrun_crontab_reloads_total", result="loaded") == 1


def test_what_is_unchanged_goes_on(daemon):
    d = daemon("@every 3s [name=same] true\n")
    d.wait_for("run_end", job="same")
    for i in range(5):
        d.process.send_signal(signal.SIGHUP)
        d.wait_for("crontab_loaded", 2 + i)
    times = [r["scheduled"] for r in d.wait_for("run_end", 3, job="same")]
    seconds = [time.mktime(time.strptime(t, "%Y-%m-%dT%H:%M:%SZ")) for t in times]
    assert [b - a for a, b in zip(seconds, seconds[1:])] == [3] * (len(seconds) - 1)
    assert d.records("crontab_loaded")[-1]["changed"] == 0


def test_a_bad_crontab_is_refused_whole(daemon):
    d = daemon("@every 1s [name=good] true\n")
    d.wait_for("run_end", job="good")
    d.path.write_text("@every 1s [name=fresh] true\n61 * * * * true\n0 0 30 2 * true\n* * * * * [colour=red] true\n* * * * * [lock=redis://h:x] true\n")
    refused = d.wait_for("crontab_refused")[0]
    assert refused["errors"] == 4
    assert [(r["line"], r["column"]) for r in d.records("crontab_fault")][2:] == [(4, 12), (5, 17)]
    assert [r["line"] for r in d.records("crontab_fault")] == [2, 3, 4, 5]
    n = len(runs_of(d, "good"))
    d.wait_for("run_end", n + 2, job="good")
    assert not d.records("run_start", job="fresh")
    assert d.metric("cronrun_crontab_ok") == 0
    assert d.get("/health/ready").status == 200
    d.path.write_text("@every 1s [name=fresh] true\n")
    d.wait_for("run_end", job="fresh")
    assert d.metric("cronrun_crontab_ok") == 1
    d.path.unlink()
    d.wait_for("crontab_refused", 2)
    n = len(runs_of(d, "fresh"))
    d.wait_for("run_end", n + 2, job="fresh")


def test_a_link_above_the_crontab_is_swapped(daemon, scratch):
    """Nothing happens in a directory that is watched; it is found by looking, though."""
    for name in ("one", "two"):
        (scratch / name / "etc").mkdir(parents=True)
        (scratch / name / "etc" / "crontab").write_text(f"@every 1s [name={name}] true\n")
    (scratch / "current").symlink_to("one")
    d = daemon(None, path=scratch / "current" / "etc" / "crontab")
    d.wait_for("run_end", job="one")
    (scratch / "next").symlink_to("two")
    os.rename(scratch / "next", scratch / "current")
    d.wait_for("run_end", job="two", timeout=60)
    assert not d.records("crontab_refused")


def test_a_start_that_waits_for_a_job_that_goes(daemon):
    d = daemon("@every 1s [name=long policy=queue] sleep 1000\n")
    d.wait_for("start_waits", job="long")
    d.path.write_text("@every 1s [name=other] true\n")
    d.wait_for("start_skipped", job="long", reason="removed")


def test_a_pipe_in_the_place_of_the_crontab(daemon):
    """Nobody writes to it; the daemon does not wait for that, and hears of its end."""
    d = daemon("@every 1s [name=good] true\n")
    d.wait_for("run_end", job="good")
    os.mkfifo(d.path.with_name("pipe"))
    os.rename(d.path.with_name("pipe"), d.path)
    d.wait_for("crontab_refused")
    d.process.send_signal(signal.SIGHUP)
    d.wait_for("crontab_refused", 2)
    n = len(runs_of(d, "good"))
    d.wait_for("run_end", n + 2, job="good")
    d.process.send_signal(signal.SIGTERM)
    wait_until(lambda: not d.process.running(), 15, "the end")


def test_a_bad_crontab_at_the_start(run, scratch):
    (scratch / "crontab").write_text("61 * * * * true\n* * * * * [x=y] true\n")
    result = run("cronrun", "daemon", "--log", "json", "--listen", "none", scratch / "crontab")
    assert result.status == 125
    assert "line 1, column 1" in result.stderr
    assert len(re.findall('"event":"crontab_fault"', result.stderr)) == 2
    assert run("cronrun", "daemon", "--listen", "none", scratch / "missing").status == 125
    assert run("cronrun", "daemon").status == 125
    assert run("cronrun", "daemon", "--listen", "none", "-").status == 125


def test_a_config_map_is_swapped(daemon, scratch):
    """As the kubelet does: a new directory, and the link ..data renamed onto the old one."""
    volume = scratch / "volume"
    volume.mkdir()

    def publish(name, text):
        (volume / name).mkdir()
        (volume / name / "crontab").write_text(text)
        (volume / "..data_tmp").symlink_to(name)
        os.rename(volume / "..data_tmp", volume / "..data")

    publish("..1", "@every 1s [name=one] true\n")
    (volume / "crontab").symlink_to("..data/crontab")
    d = daemon(None, path=volume / "crontab")
    d.wait_for("run_end", job="one")
    for i in (2, 3):
        publish(f"..{i}", f"@every 1s [name=job{i}] true\n")
        (volume / f"..{i - 1}" / "crontab").unlink()
        d.wait_for("run_end", job=f"job{i}")
    assert not d.records("crontab_refused")


# --- The end ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["plain", "pid1"])
def test_drain_lets_runs_finish(daemon, scratch, way):
    d = daemon(f"@every 1s [name=long] sleep 3; echo through >>{scratch}/out\n", wrap=wrap_of(way))
    d.wait_for("run_start", job="long")
    stop(d, signal.SIGTERM)
    d.wait_for("draining")
    answer = d.get("/health/ready")
    assert answer.status == 503
    assert d.get("/health/live").status == 200
    assert d.process.wait().status == 0
    assert (scratch / "out").read_text() == "through\n"
    assert len(d.records("run_start")) == 1


def stop(d, signum):
    """To the daemon itself, which may be the first process of a namespace."""
    pid = d.process.pid
    while (below := children(pid)) and open(f"/proc/{pid}/comm").read().strip() != "cronrun":
        pid = below[0]
    os.kill(pid, signum)


@pytest.mark.parametrize("way", ["plain", "pid1"])
def test_drain_is_over(daemon, way):
    d = daemon(
        "@every 1s [name=stubborn grace=500ms] trap '' TERM; setsid sleep 1000 & while :; do sleep 1; done\n",
        "--drain",
        "500ms",
        wrap=wrap_of(way),
    )
    d.wait_for("run_start", job="stubborn")
    stop(d, signal.SIGTERM)
    assert d.process.wait().status == 0
    assert d.records("drain_over")[0]["running"] == 1
    (end,) = d.records("run_end")
    assert (end["outcome"], end["signal"]) == ("stopped", "KILL")


def test_a_second_signal_ends_at_once(daemon):
    d = daemon("@every 1s [name=long] sleep 1000\n", "--drain", "1h")
    d.wait_for("run_start", job="long")
    d.process.send_signal(signal.SIGINT)
    d.wait_for("draining")
    d.process.terminate()
    assert d.process.wait().status == 0
    assert d.records("run_end")[0]["outcome"] == "stopped"


def test_idle_ends_at_once(daemon):
    d = daemon("0 0 1 1 * [name=rare] true\n", "--drain", "1h")
    d.process.terminate()
    assert d.process.wait().status == 0


@pytest.mark.parametrize("way", ["plain", "pid1"])
def test_killed_daemon_leaves_nothing(daemon, programs, way):
    """Otherwise than as the container's first process its runs notice that nobody reads their results."""
    d = daemon("@every 1s [name=long grace=1s] setsid sleep 1000 & sleep 1000\n", wrap=wrap_of(way))
    d.wait_for("run_start", job="long")
    stop(d, signal.SIGKILL)
    wait_until(lambda: not programs.leftovers(), 15, "all gone")
    d.process.proc.wait()


def test_killed_run(daemon, programs):
    """What a run leaves that was killed itself is the daemon's to end; the job goes on."""
    d = daemon("@every 1s [name=long] setsid sleep 1000 & exec sleep 1000\n")
    d.wait_for("run_start", job="long")
    (victim,) = children(d.process.pid)
    wait_until(lambda: len(programs.leftovers()) >= 3, 10, "the whole tree")
    before = set(programs.leftovers())
    os.kill(victim, signal.SIGKILL)
    gone = d.wait_for("run_vanished", job="long")[0]
    assert (gone["pid"], gone["signal"]) == (victim, "KILL")
    wait_until(lambda: not any(alive(pid) for pid in before), 15, "its tree is gone")
    d.wait_for("run_start", 2, job="long")
    assert d.metric("cronrun_job_runs_total", job="long", outcome="failure") == 1


def test_no_zombies_no_descriptors(daemon):
    """Orphans, and ten runs; the number of descriptors stays."""
    d = daemon("@every 1s [name=quick] (setsid sleep 0.1 &) ; true\n@every 1s [name=other] true\n")
    d.wait_for("run_end", 2, job="quick")
    wait_until(lambda: not children(d.process.pid), 10, "between two runs")
    fds = d.process.fds()
    d.wait_for("run_end", 7, job="quick")
    wait_until(lambda: not children(d.process.pid), 10, "between two runs")
    assert d.process.fds() <= fds
    assert all(process_state(pid) != "Z" for pid in children(d.process.pid))


def test_stopped_and_continued(daemon):
    """Of the times that have passed meanwhile the latest alone is made up for."""
    d = daemon("@every 1s [name=tick] true\n")
    d.wait_for("run_end", job="tick")
    d.process.send_signal(signal.SIGSTOP)
    time.sleep(3.5)
    kill_quietly(d.process.pid, signal.SIGCONT)
    missed = d.wait_for("start_missed", job="tick")[0]
    assert missed["missed"] >= 1
    d.wait_for("run_end", 3, job="tick")
    times = [r["scheduled"] for r in d.records("run_start", job="tick")]
    assert len(set(times)) == len(times)


def a_year_earlier(kind, store, lock):
    """What the store of the job `hourly` says of its last run, but a year before."""
    if kind == "file":
        line = lock.read_text()
        since = re.search(r'"since":"(\d{4})', line).group(1)
        lock.write_text(line.replace(f'"since":"{since}', f'"since":"{int(since) - 1}'))
    elif kind == "postgres":
        store.psql(
            "UPDATE cronrun_job SET since = since - interval '365 days', last_end = last_end - interval '365 days', "
            "holder = regexp_replace(holder, '\"since\":\"[0-9]{4}', '\"since\":\"' || extract(year FROM now()) - 1)"
        )
    else:
        store.cli("SET", "cronrun:{hourly}:fence", str(int((time.time() - 365 * 86400) * 1e6)))


@pytest.mark.parametrize("kind", ["file", "postgres", "redis"])
def test_catch_up_after_a_restart(request, daemon, run, scratch, kind):
    """The lock's store knows when a job ran last; of the hours since then the latest is made up for, once."""
    lock, store, env = scratch / "lock", None, {}
    words = {"file": f"file:{lock}"}.get(kind, kind)
    if kind == "postgres":
        store = request.getfixturevalue("pg")
        env = {"DATABASE_URL": store.url}
    elif kind == "redis":
        store = request.getfixturevalue("redis_server")(password=True)
        env = {"REDIS_URL": store.url()}
    assert run("cronrun", "--lock", words, "--name", "hourly", "true", env=env).status == 0
    a_year_earlier(kind, store, lock)
    env["CRONRUN_NAME"] = "other"  # no job's name by itself
    crontab = f"0 * * * * [name=hourly catchup=one lock={words}] true\n0 * * * * [name=other lock={words}] true\n"
    crontab += f"0 * * * * [name=new catchup=one lock={words.replace('lock', 'new')}] true\n"
    d = daemon(crontab, env=env)
    (end,) = d.wait_for("run_end", job="hourly")
    assert end["scheduled"].endswith(":00:00Z")
    assert end["outcome"] == "success"
    assert d.records("recalled")[0]["level"] == "info"
    assert d.records("start_missed", job="hourly")[0]["missed"] >= 1000
    assert {r["job"] for r in d.records("run_start")} == {"hourly"}
    d.process.terminate()
    assert d.process.wait().status == 0
    d = daemon(crontab, env=env)
    d.wait_for("recalled")
    d.process.terminate()
    assert d.process.wait().status == 0
    assert not d.records("run_start")


def test_catch_up_of_its_own_jobs(daemon, run, scratch):
    """What is not known of a job that makes up for nothing is no matter."""
    assert run("cronrun", "--lock", f"file:{scratch}/lock", "--name", "hourly", "true").status == 0
    d = daemon(
        f"0 * * * * [name=hourly catchup=one lock=file:{scratch}/lock] true\n"
        "0 * * * * [name=other lock=postgres://127.0.0.1:1/x] true\n"
    )
    assert d.wait_for("recalled")[0]["level"] == "info"


def test_catch_up_leaves_nobody_behind(daemon):
    """A daemon that ends while a store is silent takes the process that asks it along."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        d = daemon(f"0 * * * * [name=a catchup=one lock=redis://127.0.0.1:{silent.getsockname()[1]}/0] true\n")
        with silent.accept()[0] as asked:
            d.process.terminate()
            assert d.process.wait().status == 0
            asked.settimeout(5)  # a store is asked for ten seconds
            while asked.recv(4096):
                pass


def test_catch_up_without_the_store(daemon, scratch):
    """The daemon serves and starts what is due meanwhile, and says that it does not know."""
    env = {"DATABASE_URL": f"postgres://app:{CANARY}@127.0.0.1:1/x"}
    d = daemon("0 0 1 1 * [name=yearly catchup=one lock=postgres] true\n@every 1s [name=tick] true\n", env=env)
    assert d.wait_for("recalled")[0]["level"] == "warn"
    d.wait_for("run_end", 2, job="tick")
    assert not d.records("run_start", job="yearly")
    assert CANARY not in d.process.output


# --- HTTP -------------------------------------------------------------------------------------------------------------


def test_page(daemon):
    d = daemon(
        "@every 3s [name=well deadline=20s] true\n"
        "@every 3s [name=ill] echo secret-word; exit 3\n"
        "@every 3s [name=busy policy=replace] sleep 1000\n"
        "0 3 * * * [name=nightly tz=Europe/Berlin] backup --password secret-word\n"
    )
    d.wait_for("run_end", job="well")
    d.wait_for("run_end", job="ill")
    words = ("A job has failed", "Last succeeded", "Last failed</b> with exit status 3", "Europe/Berlin", "0 3 * * *")
    words += ("the deadline of 20.0 s",)

    def seen():
        """How the two went is told while neither of them runs."""
        answer = d.get("/")
        return answer if all(word in answer.body for word in words) else None

    answer = wait_until(seen, 10, "all of it is seen")
    assert answer.status == 200
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "secret-word" not in answer.body
    assert "<script" not in answer.body
    assert answer.body.count("<svg class=\"timeline\"") == 4
    assert "refresh" in answer.headers
    assert "refresh" not in d.get("/?pause").headers
    assert d.get("/nowhere").status == 404
    assert d.get("/", method="POST").status == 405


def test_pages_of_many_jobs(daemon):
    d = daemon("".join(f"0 3 * * * [name=job{i:04}] true\n" for i in range(1000)))
    first, last = d.get("/").body, d.get("/?from=950").body
    assert first.count("<article") == last.count("<article") == 50
    assert "job0000" in first and "job0999" in last and "job0000" not in last
    assert "Jobs 951 to 1000 of 1000" in last
    assert d.get("/?from=99999999999999999999").status == 200
    assert d.get("/?from=-1").body.count("<article") == 50
    assert d.metric("cronrun_jobs") == 1000


def test_nothing_listens(start, scratch):
    (scratch / "crontab").write_text("@every 1s [name=tick] true\n")
    process = start("cronrun", "daemon", "--listen", "none", "--log", "json", scratch / "crontab")
    process.wait_for('"event":"run_end"')
    assert '"event":"listening"' not in process.stderr


def test_address_in_use(daemon, run, scratch):
    d = daemon("@every 1h [name=rare] true\n")
    result = run("cronrun", "daemon", "--listen", f"127.0.0.1:{d.port}", "--log", "json", d.path)
    assert result.status == 125
    assert '"event":"cannot_start"' in result.stderr
