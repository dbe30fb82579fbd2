"""migrate run: another migrator under the lock. The commands here are stand-ins that do what one does to the database."""

import json
import os
import re
import shlex
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import pytest
from rig.base import SLOW, alive, descendants, wait_until
from rig.migrations import Holder, events, failure, records
from rig.postgres import psql_program
from rig.program import BIN_DIR, process_state

@pytest.fixture
def wrapped(start, pg):
    """wrapped(*options, cmd=[…] or "shell text", env=…): migrate run, started."""

    def go(*options, cmd, env=None, url=None, **more):
        words = ["sh", "-c", cmd] if isinstance(cmd, str) else cmd
        return start("migrate", "run", *options, "--", *words, env={"DATABASE_URL": url or pg.url, **(env or {})}, **more)

    return go


def psql(pg, *statements):
    """A shell command that runs them as the application, in one session."""
    words = [psql_program(), "-XAtq", "-v", "ON_ERROR_STOP=1", pg.socket_url]
    for statement in statements:
        words += ["-c", statement]
    return " ".join(map(shlex.quote, words))


HELD = ("FROM pg_locks WHERE locktype = 'advisory' AND granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())")


def holders(pg):
    return int(pg.psql(f"SELECT count(*) {HELD}"))


def backend(pg):
    """The pid of the session that holds the lock."""
    return pg.psql(f"SELECT pid {HELD}")


def termination(path):
    return json.loads(Path(path).read_text())


# --- Statuses -------------------------------------------------------------------------------------------------------------


def test_it_runs_under_the_lock(wrapped, pg, scratch):
    log = scratch / "termination-log"
    log.touch()
    show = psql(pg, "CREATE TABLE t (i int)", f"SELECT count(*) {HELD}")
    result = wrapped("--termination-log", log, cmd=show + "; echo said >&2").wait()
    assert result.status == 0, result.output
    assert result.stdout == "1\n"
    assert "\nsaid\n" in "\n" + result.stderr
    assert [e["command_exit"] for e in events(result, "command_done")] == [0]
    said = termination(log)
    assert (said["outcome"], said["exit"], said["command_exit"], said["command_signal"]) == ("done", 0, 0, None)
    assert said["tail"] == "1\nsaid"
    assert holders(pg) == 0


@pytest.mark.parametrize("status", [1, 2, 10, 125, 255])
def test_a_failed_command_is_30(wrapped, scratch, status):
    log = scratch / "termination-log"
    log.touch()
    result = wrapped("--termination-log", log, cmd=f"echo no good >&2; exit {status}").wait()
    assert result.status == 30, result.output
    assert failure(result)["command_exit"] == status
    said = termination(log)
    assert (said["outcome"], said["exit"], said["command_exit"], said["tail"]) == ("failed", 30, status, "no good")
    assert said["message"] == f"sh exited with status {status}"


def test_a_killed_command_is_30(wrapped):
    result = wrapped(cmd="kill -SEGV $$").wait()
    assert result.status == 30, result.output
    assert failure(result)["command_signal"] == "SEGV"


def test_a_command_that_is_not_there_is_found_out_before_anything_else(start):
    result = start("migrate", "run", "--", "no-such-migrator", env={"DATABASE_URL": "postgres://u:p@127.0.0.1:1/x"}).wait()
    assert result.status == 23, result.output
    assert "cannot execute no-such-migrator: No such file or directory" in failure(result)["msg"]


def test_a_command_that_cannot_be_executed(wrapped, scratch):
    plain = scratch / "plain"
    plain.write_text("#!/no/such/interpreter\n")
    result = wrapped(cmd=[plain]).wait()
    assert result.status == 23 and "Permission denied" in failure(result)["msg"], result.output
    plain.chmod(0o755)
    result = wrapped(cmd=[plain]).wait()
    assert result.status == 23 and "its interpreter /no/such/interpreter" in failure(result)["msg"], result.output


def test_no_command_is_bad_usage(start, pg):
    assert start("migrate", "run", env={"DATABASE_URL": pg.url}).wait().status == 23


def test_the_database_is_waited_for(start, pg_server):
    server = pg_server(start=False)
    server.start()
    server.create_app()
    port = server.port
    server.stop()
    process = start("migrate", "run", "--", "echo", "ran", env={"DATABASE_URL": server.url()})
    process.wait_for("waiting for the database")
    server.start()
    assert server.port == port
    result = process.wait()
    assert (result.status, result.stdout) == (0, "ran\n"), result.output


def test_no_database_is_10(start):
    result = start("migrate", "run", "--wait", "0", "--", "true", env={"DATABASE_URL": "postgres://u:p@127.0.0.1:1/x"}).wait()
    assert result.status == 10, result.output


def test_a_pooler_is_refused_with_the_remedy(start, pg, pgbouncer):
    pooler = pgbouncer(pg.server, mode="transaction")
    result = start("migrate", "run", "--", "true", env={"DATABASE_URL": pooler.url(database=pg.name)}).wait()
    assert result.status == 23, result.output
    assert "pooler" in failure(result)["msg"] and "MIGRATE_DATABASE" in failure(result)["hint"]


# --- One at a time --------------------------------------------------------------------------------------------------------


def test_eight_at_once_run_one_after_the_other(wrapped, pg):
    pg.psql("CREATE TABLE runs (began timestamptz, ended timestamptz)")
    body = psql(pg, "INSERT INTO runs SELECT clock_timestamp(), NULL", "SELECT pg_sleep(0.05)",
                "UPDATE runs SET ended = clock_timestamp() WHERE ended IS NULL")
    results = [p.wait(60) for p in [wrapped(cmd=body) for _ in range(8)]]
    assert [r.status for r in results] == [0] * 8, "\n".join(r.output for r in results if r.status)
    assert pg.psql("SELECT count(*) FROM runs") == "8"
    assert pg.psql("SELECT count(*) FROM runs a, runs b WHERE a.ctid < b.ctid AND a.began < b.ended AND b.began < a.ended") == "0"


def test_up_and_run_exclude_each_other(wrapped, start, files, pg, scratch):
    files("0001_a.sql", "SELECT 1;")
    go = scratch / "go"
    process = wrapped(cmd=f"until [ -e {go} ]; do sleep 0.05; done")
    wait_until(lambda: holders(pg) == 1, 10, "the lock")
    env = {"DATABASE_URL": pg.url}
    busy = start("migrate", "up", "--dir", files, "--lock-wait", "200ms", env=env).wait()
    assert busy.status == 11 and "another runner held the lock" in busy.output, busy.output
    busy = start("migrate", "run", "--lock-wait", "200ms", "--", "true", env=env).wait()
    assert busy.status == 11, busy.output
    other = start("migrate", "run", "--table", "other.history", "--", "true", env=env).wait()
    assert other.status == 0, other.output
    go.touch()
    assert process.wait().status == 0


def test_the_command_builds_an_index_concurrently(wrapped, pg):
    """Nobody who waits for the lock, and not the holder either, has a snapshot that it would wait for."""
    pg.psql("CREATE TABLE t AS SELECT generate_series(1, 1000) i")
    body = psql(pg, "DROP INDEX CONCURRENTLY IF EXISTS t_i", "CREATE INDEX CONCURRENTLY t_i ON t (i)")
    results = [p.wait(60) for p in [wrapped(cmd=body) for _ in range(4)]]
    assert [r.status for r in results] == [0] * 4, "\n".join(r.output for r in results)


# --- The lock is lost -----------------------------------------------------------------------------------------------------


def test_a_lost_lock_ends_the_command(wrapped, pg, scratch):
    log = scratch / "termination-log"
    log.touch()
    process = wrapped("--termination-log", log, cmd="trap '' TERM; sleep 600 & wait; wait")
    wait_until(lambda: holders(pg) == 1, 10, "the lock")
    wait_until(lambda: len(descendants(process.pid)) == 2, 10, "the command")
    tree = descendants(process.pid)
    pg.psql(f"SELECT pg_terminate_backend({backend(pg)})")
    result = process.wait(5)
    assert result.status == 10, result.output
    assert "the lock was lost while sh was running" in failure(result)["msg"]
    assert termination(log)["command_signal"] == "KILL"
    assert not any(alive(pid) for pid in tree)


def test_a_server_that_is_silent_is_a_lost_lock(wrapped, pg, proxy):
    """Nothing ends the connection; it is asked for the lock, and does not answer."""
    way = proxy(pg.server.port)
    process = wrapped(cmd="exec sleep 600", url=pg.url.replace(f":{pg.server.port}/", f":{way.port}/"))
    wait_until(lambda: len(descendants(process.pid)) == 1, 10, "the command")
    way.silence()
    result = process.wait(40)
    assert result.status == 10, result.output
    assert "does not answer" in failure(result)["msg"]


def test_a_lock_that_cannot_be_proven_at_the_end_is_lost(wrapped, pg, proxy, scratch):
    """The server falls silent, and the command exits with 0 before anybody noticed."""
    go = scratch / "go"
    way = proxy(pg.server.port)
    process = wrapped(cmd=f"until [ -e {go} ]; do sleep 0.02; done", url=pg.url.replace(f":{pg.server.port}/", f":{way.port}/"))
    wait_until(lambda: holders(pg) == 1 and descendants(process.pid), 10, "the command")
    way.silence()
    go.touch()
    result = process.wait(40)
    assert result.status == 10, result.output
    assert "does not answer" in failure(result)["msg"] and failure(result)["command_exit"] == 0


def test_a_command_that_ended_after_the_lock_is_not_believed(wrapped, pg, scratch):
    """Both come at once: it exits with 0 as its end of the database dies with ours."""
    go = scratch / "go"
    process = wrapped(cmd=f"until [ -e {go} ]; do :; done; exit 0")
    wait_until(lambda: holders(pg) == 1, 10, "the lock")
    wait_until(lambda: len(descendants(process.pid)) == 1, 10, "the command")
    process.send_signal(signal.SIGSTOP)
    pg.psql(f"SELECT pg_terminate_backend({backend(pg)})")
    go.touch()
    wait_until(lambda: not any(alive(pid) for pid in descendants(process.pid)), 10, "its end")
    process.send_signal(signal.SIGCONT)
    result = process.wait(10)
    assert result.status == 10, result.output


def test_kill_9_takes_the_command_along(wrapped, pg):
    process = wrapped(cmd="exec sleep 600")
    wait_until(lambda: len(descendants(process.pid)) == 1 and holders(pg) == 1, 10, "the command")
    (child,) = descendants(process.pid)
    process.send_signal(signal.SIGKILL)
    wait_until(lambda: not alive(child), 5, "the command's end")
    wait_until(lambda: holders(pg) == 0, 5, "the lock's end")
    process.wait()


def test_stopped_and_continued_it_goes_on(wrapped, pg, scratch):
    go = scratch / "go"
    process = wrapped(cmd=f"until [ -e {go} ]; do sleep 0.05; done; echo done")
    wait_until(lambda: holders(pg) == 1, 10, "the lock")
    process.send_signal(signal.SIGSTOP)
    wait_until(lambda: process_state(process.pid) == "T", 5, "stopped")
    assert holders(pg) == 1
    process.send_signal(signal.SIGCONT)
    go.touch()
    result = process.wait()
    assert (result.status, result.stdout) == (0, "done\n"), result.output


def test_a_limit_of_the_login_does_not_end_the_session(wrapped, pg):
    pg.psql("ALTER ROLE app SET idle_session_timeout = '300ms'", user="postgres")
    try:
        result = wrapped(cmd="sleep 1").wait()
    finally:
        pg.psql("ALTER ROLE app RESET idle_session_timeout", user="postgres")
    assert result.status == 0, result.output


# --- Signals and deadline -------------------------------------------------------------------------------------------------


def test_term_ends_the_command_and_is_13(wrapped, pg):
    process = wrapped(cmd="trap 'echo cleaned up; exit 3' TERM; echo ready; while :; do sleep 0.05; done")
    process.wait_for("ready")
    began = time.monotonic()
    process.terminate()
    result = process.wait()
    assert time.monotonic() - began < 1 * SLOW
    assert result.status == 13, result.output
    assert "cleaned up" in result.stdout
    assert failure(result)["command_exit"] == 3
    assert holders(pg) == 0


def test_a_second_signal_kills(wrapped):
    process = wrapped("--grace", "10m", cmd="trap '' TERM; echo ready; while :; do sleep 0.05; done")
    process.wait_for("ready")
    process.terminate()
    process.wait_for('"event":"stopping"')
    process.terminate()
    result = process.wait(10)
    assert result.status == 13, result.output
    assert failure(result)["command_signal"] == "KILL"


def test_a_signal_while_it_waits_for_the_lock(wrapped, pg):
    first = wrapped(cmd="sleep 600")
    wait_until(lambda: holders(pg) == 1, 10, "the lock")
    second = wrapped(cmd="echo never")
    second.wait_for('"event":"lock_wait"')
    second.terminate()
    result = second.wait(5)
    assert (result.status, result.stdout) == (13, ""), result.output
    assert "blocked by another runner" in failure(result)["msg"]
    first.terminate()
    assert first.wait().status == 13


def test_the_deadline_ends_all_that_descends_from_it(wrapped, pg, scratch):
    """TERM, then KILL after the grace; those too that left the session or were orphaned."""
    pids = scratch / "pids"
    tough = f"trap '' TERM; echo $$ >> {pids}; while :; do sleep 0.05; done"
    cmd = f"setsid sh -c {shlex.quote(tough)} & (sh -c {shlex.quote(tough)} &) ; {tough}"
    process = wrapped("--deadline", "1s", "--grace", "300ms", cmd=cmd)
    result = process.wait(20)
    assert result.status == 12, result.output
    assert failure(result)["command_signal"] == "KILL"
    assert [e["event"] for e in records(result) if e["event"] in ("overdue", "stopping", "killing")] == ["overdue", "stopping", "killing"]
    found = [int(pid) for pid in pids.read_text().split()]
    assert len(found) == 3 and not any(alive(pid) for pid in found)
    assert holders(pg) == 0


def test_the_deadline_counts_from_the_beginning(wrapped, pg):
    first = wrapped(cmd="sleep 600")
    wait_until(lambda: holders(pg) == 1, 10, "the lock")
    result = wrapped("--deadline", "500ms", cmd="echo never").wait(10)
    assert (result.status, result.stdout) == (12, ""), result.output
    first.terminate()
    first.wait()


def test_what_it_leaves_behind_is_ended(wrapped, scratch):
    pids = scratch / "pids"
    result = wrapped(cmd=f"setsid sh -c 'echo $$ > {pids}; exec sleep 600' & until [ -s {pids} ]; do sleep 0.01; done").wait()
    assert result.status == 0, result.output
    assert events(result, "left_behind")
    assert not alive(int(pids.read_text()))


# --- Output ---------------------------------------------------------------------------------------------------------------


def test_a_hundred_megabytes_pass_unchanged(wrapped):
    process = wrapped(cmd="head -c 100000000 /dev/zero | tr '\\0' 'x'; head -c 3000000 /dev/zero >&2; printf 'no line end'")
    status = process.proc.wait(60 * SLOW)
    out, err = Path(process._out.name).read_bytes(), Path(process._err.name).read_bytes()
    assert status == 0
    assert len(out) == 100_000_000 + 11 and out[:100_000_000].count(b"x") == 100_000_000 and out.endswith(b"xno line end")
    assert err.count(b"\0") == 3_000_000
    process.wait()


def test_two_streams_into_one_file_keep_their_order(start, pg, scratch):
    """2>&1: what came first stands first."""
    both = scratch / "both"
    inner = "for i in $(seq 200); do echo out $i; echo err $i >&2; done"
    text = f"exec {{}} run -- sh -c {shlex.quote(inner)} > {both} 2>&1"
    done = subprocess.run(["sh", "-c", text.format(BIN_DIR / "migrate")], env={"PATH": os.environ["PATH"], "DATABASE_URL": pg.url})
    assert done.returncode == 0
    lines = [line for line in both.read_text().splitlines() if not line.startswith("{")]
    assert lines == [f"{word} {i}" for i in range(1, 201) for word in ("out", "err")]


def test_a_slow_reader_loses_nothing(pg):
    """The reader begins long after the command has ended, and after the two seconds in which its supervisor waits for output."""
    read_end, write_end = os.pipe()
    with open(os.devnull, "w") as null:
        process = subprocess.Popen(
            [BIN_DIR / "migrate", "run", "--", "sh", "-c", "head -c 100000 /dev/zero | tr '\\0' 'x'; echo end"],
            env={"PATH": os.environ["PATH"], "DATABASE_URL": pg.url}, stdout=write_end, stderr=null)
    os.close(write_end)
    wait_until(lambda: holders(pg) == 1, 10, "the lock")
    wait_until(lambda: not descendants(process.pid), 10, "the command's end")
    ended = time.monotonic()
    wait_until(lambda: time.monotonic() - ended > 3, 10, "the reader's beginning")
    with os.fdopen(read_end, "rb") as out:
        assert out.read() == b"x" * 100_000 + b"end\n"
    assert process.wait(30) == 0


def test_an_end_does_not_wait_for_a_slow_reader(pg):
    """Nobody reads what the command wrote before the deadline: migrate and its lock are gone soon after."""
    read_end, write_end = os.pipe()
    process = subprocess.Popen([BIN_DIR / "migrate", "run", "--deadline", "1s", "--grace", "1s", "--", "yes"],
                               env={"PATH": os.environ["PATH"], "DATABASE_URL": pg.url}, stdout=write_end, stderr=subprocess.DEVNULL)
    os.close(write_end)
    try:
        assert process.wait(6 * SLOW) == 12
    finally:
        os.close(read_end)
        process.wait()
    assert holders(pg) == 0


def test_a_reader_that_is_gone_is_the_commands_matter(pg):
    read_end, write_end = os.pipe()
    process = subprocess.Popen(
        [BIN_DIR / "migrate", "run", "--", "sh", "-c", "trap '' PIPE; while echo x; do :; done 2>/dev/null; exit 7"],
        env={"PATH": os.environ["PATH"], "DATABASE_URL": pg.url}, stdout=write_end, stderr=subprocess.PIPE, text=True)
    os.close(write_end)
    os.close(read_end)
    _, said = process.communicate(timeout=30 * SLOW)
    assert process.returncode == 30 and '"command_exit":7' in said, said


# --- The command's surroundings -------------------------------------------------------------------------------------------


def test_the_environment_is_ours_and_descriptors_are_not_leaked(wrapped, pg):
    env = {"DATABASE_PASSWORD": "kept", "MIGRATE_WAIT": "20s", "OTHER": "a b"}
    show = "env; ls /proc/self/fd | tr '\\n' ' '; grep -E 'Sig(Blk|Ign)' /proc/self/status"
    result = wrapped(cmd=show, env=env, url=pg.socket_url).wait()
    assert result.status == 0, result.output
    for name, value in {**env, "DATABASE_URL": pg.socket_url}.items():
        assert f"{name}={value}\n" in result.stdout
    assert "\n0 1 2 3 " in result.stdout  # 3 is ls' own
    assert "SigBlk:\t0000000000000000" in result.stdout
    ignored = int(re.search(r"SigIgn:\t([0-9a-f]+)", result.stdout)[1], 16)
    assert not ignored & 1 << (signal.SIGPIPE - 1)


def test_one_url_is_made_of_the_parts(wrapped, start, pg, scratch):
    """Each letter that means something in a URL; and the URL connects."""
    name, password = 'na me"/?', "p%40@:/ ?#[]&=+ü'"
    quoted = name.replace('"', '""')
    pg.psql(f'CREATE ROLE "{quoted}" LOGIN PASSWORD \'{password.replace(chr(39), chr(39) * 2)}\'', user="postgres")
    secret = scratch / "secret"
    secret.write_text(password + "\n")
    env = {"DATABASE_HOST": "127.0.0.1", "DATABASE_PORT": str(pg.server.port), "DATABASE_NAME": pg.name,
           "DATABASE_USER": name, "DATABASE_PASSWORD_FILE": str(secret), "DATABASE_URL": None}
    probe = [psql_program(), "-XAtq", "-c", "SELECT current_user"]
    try:
        result = start("migrate", "run", "--export-url", "APP_URL", "--", "sh", "-c",
                       " ".join(map(shlex.quote, probe)) + ' "$APP_URL"; printf "%s\\n" "$APP_URL"', env=env).wait()
        assert result.status == 0, result.output
        who, url = result.stdout.splitlines()
        assert who == name
        parts = urlsplit(url)
        assert (unquote(parts.username), unquote(parts.password)) == (name, password)
        assert password not in result.stderr and parts.password not in result.stderr
        driver = start("migrate", "run", "--export-url", "APP_URL=postgresql+asyncpg", "--", "sh", "-c", "echo $APP_URL",
                       env={**env, "PGSSLMODE": "disable"}).wait()
        assert driver.stdout.startswith("postgresql+asyncpg://") and driver.stdout.endswith("?ssl=disable\n"), driver.output
    finally:
        pg.psql(f'DROP ROLE "{quoted}"', user="postgres")


@pytest.mark.parametrize("text", ["", "1A", "A-B", "A=mysql", "A=postgresql+", "A=postgresql://", "=postgresql"])
def test_a_bad_name_or_scheme(start, pg, text):
    result = start("migrate", "run", f"--export-url={text}", "--", "true", env={"DATABASE_URL": pg.url}).wait()
    assert result.status == 23, result.output


def test_the_password_is_nowhere_but_in_the_environment(wrapped, pg, scratch):
    """Its own: what the command prints is passed on as it is, and the rig would find the usual one there."""
    role, password = f"other_{pg.name}", "gre%at/secret"
    pg.psql(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'", user="postgres")
    log = scratch / "termination-log"
    log.touch()
    cmd = f'printf "cannot connect to %s with %s\\n" "$APP_URL" {password} >&2; echo ready; until [ -e go ]; do sleep 0.05; done; exit 1'
    try:
        process = wrapped("--termination-log", log, "--export-url", "APP_URL", "--log-level", "debug", cmd=cmd, cwd=scratch,
                          url=pg.url_with(user=role, password=password))
        process.wait_for("ready")
        assert password not in Path(f"/proc/{process.pid}/cmdline").read_text().replace(cmd, "")
        assert quote(password, safe="") not in Path(f"/proc/{process.pid}/cmdline").read_text()
        (scratch / "go").touch()
        result = process.wait()
    finally:
        pg.psql(f"DROP ROLE {role}", user="postgres")
    assert f"cannot connect to postgresql://{role}:{quote(password, safe='')}@" in result.stderr
    for said in (json.dumps(records(result)), log.read_text()):
        assert password not in said and quote(password, safe="") not in said
    assert re.fullmatch(r"cannot connect to postgresql://\S+:\*\*\*@\S+ with \*\*\*\nready", termination(log)["tail"])


def test_a_password_that_is_cut_stays_secret(wrapped, pg, scratch):
    """A line is longer than what is told of it, and its cut goes through the password."""
    role, password = f"cut_{pg.name}", "gre%at/secret"
    pg.psql(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'", user="postgres")
    log = scratch / "termination-log"
    log.touch()
    cmd = 'printf "%3000s%s%1020s" "" "$PGPASSWORD" ""; exit 1'
    try:
        result = wrapped("--termination-log", log, cmd=cmd, url=pg.url_with(user=role, password=password),
                         env={"PGPASSWORD": password}).wait()
    finally:
        pg.psql(f"DROP ROLE {role}", user="postgres")
    assert result.status == 30, result.stderr
    assert "cret" not in log.read_text()


# --- What the tool's history shows ----------------------------------------------------------------------------------------

ALEMBIC = "CREATE TABLE IF NOT EXISTS alembic_version (version_num varchar(32) PRIMARY KEY)"


def test_new_revisions_are_what_was_applied(wrapped, pg, scratch):
    log = scratch / "termination-log"
    log.touch()
    body = psql(pg, ALEMBIC, "DELETE FROM alembic_version", "INSERT INTO alembic_version VALUES ('ae1027a6acf')")
    result = wrapped("--tool", "alembic", "--termination-log", log, cmd=body).wait()
    assert result.status == 0, result.output
    assert [e["revision"] for e in events(result, "revision")] == ["ae1027a6acf"]
    assert termination(log)["applied"] == ["ae1027a6acf"]
    again = wrapped("--tool", "alembic", "--termination-log", log, cmd=body).wait()
    assert again.status == 0 and termination(log)["applied"] == []


def test_a_history_that_is_locked_is_not_waited_for(wrapped, pg):
    """It is only to tell; the command may well have another opinion."""
    pg.psql(ALEMBIC)
    with Holder(pg, "LOCK alembic_version;"):
        result = wrapped("--tool", "alembic", "--deadline", "60s", cmd="echo it ran").wait()
    assert result.status == 0, result.output
    assert "it ran" in result.stdout


def test_doctrine_is_recognised_by_its_command_and_its_columns(wrapped, pg, scratch):
    """A console's command line; a table that is not called as usual; a warning whose lines are wrapped, and which is no failure."""
    versions = "(version varchar(191) PRIMARY KEY, executed_at timestamp, execution_time int)"
    pg.psql(f"CREATE TABLE doctrine_migrations {versions}",
            "INSERT INTO doctrine_migrations VALUES ('DoctrineMigrations\\Version1', now(), 3)")
    console = scratch / "console"
    console.write_text("#!/bin/sh\nset -e\n"
                       "echo ' [WARNING] You have 1 previously executed migrations in the database that are'\n"
                       "echo '           not registered migrations.'\n"
                       f"[ -z \"$ADD\" ] || {psql(pg, 'INSERT INTO doctrine_migrations VALUES ($$V2$$, now(), 3)')}\n"
                       "exit ${STATUS:-0}\n")
    console.chmod(0o755)
    cmd = [console, "migrations:migrate", "--no-interaction"]
    added = wrapped(cmd=cmd, env={"ADD": "1"}).wait()
    assert added.status == 0, added.output
    assert [(e["tool"], e["revision"]) for e in events(added, "revision")] == [("doctrine", "V2")]
    assert events(added, "command_done")[0]["outcome"] == "done"
    nothing = wrapped(cmd=cmd).wait()
    assert nothing.status == 0 and events(nothing, "command_done")[0]["outcome"] == "ahead", nothing.output
    failed = wrapped(cmd=cmd, env={"STATUS": "3"}).wait()
    assert failed.status == 30 and not events(failed, "tool_ahead"), failed.output


@pytest.mark.parametrize("named, status", [("ae1027a6acf", 0), ("typo", 30)])
def test_ahead_is_believed_when_the_history_bears_it_out(wrapped, pg, scratch, named, status):
    log = scratch / "termination-log"
    log.touch()
    pg.psql(ALEMBIC, "INSERT INTO alembic_version VALUES ('ae1027a6acf')")
    words = f"FAILED: Can't locate revision identified by '{named}'"
    cmd = f"echo {shlex.quote(words)}; exit 255"
    result = wrapped("--tool", "alembic", "--termination-log", log, cmd=cmd).wait()
    assert result.status == status, result.output
    assert termination(log)["outcome"] == ("ahead" if status == 0 else "failed")
    assert termination(log)["command_exit"] == 255
    if status == 0:
        refused = wrapped("--tool", "alembic", "--ahead", "refuse", cmd=cmd).wait()
        assert refused.status == 21 and "is ahead" in failure(refused)["msg"], refused.output
        unknown = wrapped("--tool", "none", cmd=cmd).wait()
        assert unknown.status == 30, unknown.output
