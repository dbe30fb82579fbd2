"""migrate against a world that misbehaves: locks, signals, deadlines, lost connections, logins, TLS, poolers."""

import contextlib
import json
import os
import re
import signal
import socket
import threading
import time

import pytest

from rig import tls
from rig.base import CANARY, SLOW, free_port, has_ipv6, rounds, wait_until
from rig.migrations import Holder, events, failure, history

SLEEP = "SELECT pg_sleep(600);\n"


@pytest.fixture
def env(pg):
    return {"DATABASE_URL": pg.url}


def working(pg):
    """Backends of migrate's working connection."""
    return pg.sessions("application_name LIKE 'migrate %' AND application_name <> 'migrate watch'")


def sleeping(pg):
    return pg.sessions("state = 'active' AND query LIKE '%pg_sleep(600)%'")


def advisory_locks(pg):
    sql = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    return int(pg.psql(sql))


# --- Files that change while they run -----------------------------------------------------------------------------------

GATE = "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM gate) LOOP PERFORM pg_sleep(0.02); END LOOP; END $$;\n"


def cut(path, size):
    os.truncate(path, size // 2)


def rewrite(path, size):
    """The same length, in place, and the time of before."""
    times = os.stat(path)
    text = path.read_bytes().replace(b"VALUES (1)", b"VALUES (2)")
    with path.open("r+b") as file:
        file.write(text)
    assert path.stat().st_size == size
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def grow(path, size):
    with path.open("ab") as file:
        file.write(b"INSERT INTO a VALUES (3);\n")


@pytest.mark.parametrize("change", [cut, rewrite, grow])
@pytest.mark.parametrize("outside", [False, True], ids=["transaction", "outside"])
@pytest.mark.parametrize("copy", [False, True], ids=["statements", "copy"])
def test_a_file_that_changes_while_it_runs(start, files, pg, env, change, outside, copy):
    """What runs is what the digest in the history says: a changed text is not sent, and a short one kills nobody."""
    rows = 130_000 if copy else 120_000
    text = "COPY a FROM STDIN;\n" + "VALUES (1)\n" * rows + "\\.\n" if copy else "INSERT INTO a VALUES (1);\n" * rows
    header = "-- migrate: transaction=off\n" if outside else ""
    pg.psql("CREATE TABLE gate ()", "CREATE TABLE a (i text)")
    path = files("0001_a.sql", header + "SELECT 1;\n" + GATE + text)
    process = start("migrate", "up", "--dir", files, env=env)
    wait_until(lambda: pg.sessions("state = 'active' AND query LIKE '%FROM gate%'") == 1, what="the statement runs")
    change(path, path.stat().st_size)
    pg.psql("INSERT INTO gate DEFAULT VALUES")
    result = process.wait()
    said = failure(result)
    assert (result.status, said["file"]) == (23, "0001_a.sql"), result.output
    assert "was changed while migrate was running" in said["msg"]
    assert pg.psql("SELECT count(*) FROM a") == "0"
    assert history(pg) == []


@pytest.mark.parametrize("change", [cut, rewrite])
def test_a_file_that_changes_in_the_last_statement(start, files, pg, env, change):
    """Its text is all sent, but nobody can tell whether it was read in time: rolled back."""
    pg.psql("CREATE TABLE gate ()", "CREATE TABLE a (i text)")
    path = files("0001_a.sql", "INSERT INTO a VALUES (1);\n" * 60_000 + GATE)
    process = start("migrate", "up", "--dir", files, env=env)
    wait_until(lambda: pg.sessions("state = 'active' AND query LIKE '%FROM gate%'") == 1, what="the statement runs")
    change(path, path.stat().st_size)
    pg.psql("INSERT INTO gate DEFAULT VALUES")
    result = process.wait()
    assert (result.status, failure(result)["file"]) == (23, "0001_a.sql"), result.output
    assert pg.psql("SELECT count(*) FROM a") == "0"


# --- Signals and deadlines ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_cancels_on_the_server(start, files, pg, env, number):
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    files("0002_b.sql", "CREATE TABLE b (i int);\n" + SLEEP)
    process = start("migrate", "up", "--dir", files, env=env)
    wait_until(lambda: sleeping(pg) == 1, what="the statement runs")
    process.send_signal(number)
    sent = time.monotonic()
    result = process.wait()
    assert result.status == 13, result.output
    assert time.monotonic() - sent < 1.0 * SLOW
    assert sleeping(pg) == 0
    assert advisory_locks(pg) == 0
    assert history(pg) == ["0001"]
    assert pg.psql("SELECT to_regclass('b') IS NULL") == "t"
    wait_until(lambda: working(pg) == 0, what="no backend is left")


def test_a_signal_outside_a_transaction(start, files, pg, env):
    files("0001_a.sql", "-- migrate: transaction=off\nSELECT 1;\n" + SLEEP)
    process = start("migrate", "up", "--dir", files, env=env)
    wait_until(lambda: sleeping(pg) == 1, what="the statement runs")
    process.terminate()
    result = process.wait()
    assert result.status == 13
    assert sleeping(pg) == 0 and advisory_locks(pg) == 0
    said = failure(result)
    assert "statement 2 of 2" in said["msg"] and "remain in effect" in said["msg"], said
    assert "the next run resumes with this statement" in said["hint"], said


def test_lost_outside_a_transaction(start, files, pg, env):
    files("0001_a.sql", "-- migrate: transaction=off\nCREATE TABLE a (i int);\n" + SLEEP)
    process = start("migrate", "up", "--dir", files, env=env)
    wait_until(lambda: sleeping(pg) == 1, what="the statement runs")
    pg.terminate("query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()")
    result = process.wait()
    assert (result.status, failure(result)["line"]) == (10, 3), result.output
    assert "statement 2 of 2" in failure(result)["msg"] and "the next run resumes with this statement" in failure(result)["hint"]


def test_a_second_signal_ends_at_once(start, files, pg, proxy):
    """The server does not answer the cancel: the first signal waits a little, the second does not."""
    line = proxy(pg)
    files("0001_a.sql", SLEEP)
    process = start("migrate", "up", "--dir", files, env={"DATABASE_URL": pg.url_with(port=line.port)})
    wait_until(lambda: sleeping(pg) == 1, what="the statement runs")
    line.silence()
    process.terminate()
    process.terminate()
    sent = time.monotonic()
    assert process.wait().status == 13
    assert time.monotonic() - sent < 1.0 * SLOW
    line.cut()
    pg.terminate("query LIKE '%pg_sleep%'")


def test_a_signal_while_nobody_answers(start, files, pg, proxy):
    line = proxy(pg)
    files("0001_a.sql", SLEEP)
    process = start("migrate", "up", "--dir", files, env={"DATABASE_URL": pg.url_with(port=line.port)})
    wait_until(lambda: sleeping(pg) == 1, what="the statement runs")
    line.silence()
    process.terminate()
    sent = time.monotonic()
    assert process.wait().status == 13
    assert time.monotonic() - sent < 1.5 * SLOW
    line.cut()
    pg.terminate("query LIKE '%pg_sleep%'")


def test_a_signal_while_waiting_for_the_database(start, files):
    files("0001_a.sql", SLEEP)
    process = start("migrate", "up", "--dir", files, env={"DATABASE_URL": f"postgres://app@127.0.0.1:{free_port()}/x"})
    process.wait_for("waiting for the database")
    process.terminate()
    assert process.wait().status == 13


def test_a_signal_while_the_server_hangs(start, files, pg, proxy):
    line = proxy(pg)
    line.silence()
    files("0001_a.sql", SLEEP)
    process = start("migrate", "up", "--dir", files, env={"DATABASE_URL": pg.url_with(port=line.port)})
    wait_until(lambda: line.connections() == 1, what="it connects")
    process.terminate()
    sent = time.monotonic()
    assert process.wait().status == 13
    assert time.monotonic() - sent < 0.4 * SLOW


def test_the_deadline_cancels(run, files, pg, env):
    files("0001_a.sql", "CREATE TABLE a (i int);\n" + SLEEP)
    result = run("migrate", "up", "--dir", files, "--deadline", "700ms", env=env)
    assert result.status == 12, result.output
    assert 0.6 < result.seconds < 2.5 * SLOW
    assert sleeping(pg) == 0 and advisory_locks(pg) == 0
    assert pg.psql("SELECT to_regclass('a') IS NULL") == "t"


def test_statement_timeout(run, files, pg, env):
    files("0001_a.sql", "-- migrate: statement_timeout=200ms\nSELECT 1;\n" + SLEEP)
    result = run("migrate", "up", "--dir", files, env=env)
    assert result.status == 20
    assert (failure(result)["sqlstate"], failure(result)["line"]) == ("57014", 3)


# --- Locks --------------------------------------------------------------------------------------------------------------


def test_lock_busy_names_the_holder(run, start, files, scratch, pg, env):
    files("0001_a.sql", SLEEP)
    holder = start("migrate", "up", "--dir", files, env=env)
    wait_until(lambda: sleeping(pg) == 1, what="the statement runs")
    pid = pg.psql("SELECT pid FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()")
    result = run("migrate", "up", "--dir", files, "--lock-wait", "300ms", env=env)
    assert result.status == 11, result.output
    assert f"pid {pid}" in failure(result)["msg"]
    waited = events(result, "lock_wait")
    assert waited and waited[0]["holder_pid"] == int(pid) and waited[0]["holder"].startswith("migrate ")
    status = json.loads(run("migrate", "status", "--json", "--dir", files, env=env).stdout)
    assert status["lock"]["pid"] == int(pid)
    holder.terminate()
    holder.wait()


def test_a_waiter_finds_nothing_left(start, files, pg, env):
    files("0001_a.sql", "CREATE TABLE a (i int);\nSELECT pg_sleep(0.5);\n")
    both = [start("migrate", "up", "--dir", files, env=env) for _ in range(2)]
    results = [p.wait() for p in both]
    assert [r.status for r in results] == [0, 0]
    assert sorted(len(events(r, "applied")) for r in results) == [0, 1]


def test_a_reader_is_never_in_the_way_for_long(start, files, pg, env):
    """lock_timeout, roll back, named blocker, again; done when the reader is."""
    pg.psql("CREATE TABLE a (i int)")
    files("0001_a.sql", "CREATE TABLE b (i int);\nALTER TABLE a ADD COLUMN j int;\n")
    with Holder(pg, "LOCK TABLE a IN ACCESS SHARE MODE;"):
        process = start("migrate", "up", "--dir", files, "--lock-timeout", "300ms", env=env)
        process.wait_for(r'"event":"retry".*\n(.*\n)*.*"event":"retry"')
        # In the pauses nobody waits behind us.
        wait_until(lambda: pg.psql("SELECT count(*) FROM pg_locks WHERE NOT granted") == "0", what="nobody waits")
    result = process.wait()
    assert result.status == 0, result.output
    retries = events(result, "retry")
    assert all(r["sqlstate"] == "55P03" for r in retries)
    assert any("a reader" in r.get("blockers", "") for r in retries), retries
    assert events(result, "applied")[0]["attempts"] == len(retries) + 1


def test_the_deadline_ends_the_retries(run, files, pg, env):
    pg.psql("CREATE TABLE a (i int)")
    files("0001_a.sql", "ALTER TABLE a ADD COLUMN j int;\n")
    with Holder(pg, "LOCK TABLE a;"):
        result = run("migrate", "up", "--dir", files, "--lock-timeout=100ms", "--deadline=1500ms", env=env)
    assert result.status == 12
    assert len(events(result, "retry")) >= 2
    assert history(pg) == []


def test_a_call_that_committed_is_not_sent_again(run, files, pg, env):
    """What it did before its COMMIT stays: a second CALL would do it twice."""
    pg.psql("CREATE TABLE a (i int)", "CREATE TABLE b (i int)",
            "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$BEGIN INSERT INTO b VALUES (1); COMMIT; LOCK TABLE a; END$$")
    files("0001_a.sql", "CALL p();\n")
    with Holder(pg, "LOCK TABLE a;"):
        result = run("migrate", "up", "--dir", files, "--lock-timeout=100ms", "--deadline=4s", env=env)
    assert result.status == 24, result.output
    assert "check what it did" in failure(result)["hint"]
    assert pg.psql("SELECT count(*) FROM b") == "1"


def test_a_blocker_of_another_role(run, files, pg, env):
    """Without pg_read_all_stats the server hides what others do: that is said, and no (null)."""
    pg.psql("CREATE TABLE a (i int)", "ALTER TABLE a OWNER TO app")
    files("0001_a.sql", "ALTER TABLE a ADD COLUMN j int;\n")
    with Holder(pg, "LOCK TABLE a;", user="postgres"):
        result = run("migrate", "up", "--dir", files, "--lock-timeout=300ms", "--deadline=2s", env=env)
    assert result.status == 12, result.output
    assert events(result, "blocked"), result.output
    assert "(null)" not in result.output


def test_concurrently_waits_without_lock_timeout(start, files, pg, env):
    """It waits for old transactions as long as it takes: a time-out would leave an invalid index."""
    pg.psql("CREATE TABLE a (i int)")
    files("0001_a.sql", "CREATE INDEX CONCURRENTLY a_i ON a (i);\n")
    with Holder(pg, "INSERT INTO a VALUES (1);"):
        process = start("migrate", "up", "--dir", files, "--lock-timeout", "100ms", env=env)
        process.wait_for('"event":"blocked".*a reader')
    assert process.wait().status == 0
    assert pg.psql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_i'::regclass") == "t"


@pytest.mark.parametrize("words", ["SET", "set Session"])
def test_a_lock_timeout_of_the_files_own(run, files, pg, env, words):
    """Outside a transaction ours is set and lifted statement by statement, but not where the file sets one."""
    files("0001_a.sql", f"{words} lock_timeout = '77ms';\nVACUUM;\nCREATE TABLE a AS SELECT current_setting('lock_timeout');\n")
    files("0002_b.sql", "VACUUM;\nCREATE TABLE b AS SELECT current_setting('lock_timeout');\n")
    result = run("migrate", "up", "--dir", files, env=env)
    assert result.status == 0, result.output
    assert pg.psql("TABLE a") == "77ms" and pg.psql("TABLE b") == "2s"


def test_a_deadlock_is_run_again(start, files, pg, env):
    pg.psql("CREATE TABLE a (i int)", "CREATE TABLE b (i int)")
    files("0001_a.sql", "LOCK TABLE a;\nSELECT pg_sleep(0.3);\nLOCK TABLE b;\nCREATE TABLE c (i int);\n")
    with Holder(pg, "LOCK TABLE b;") as other:
        process = start("migrate", "up", "--dir", files, "--lock-timeout=none", env=env)
        wait_until(lambda: pg.psql("SELECT count(*) FROM pg_locks WHERE granted AND relation = 'a'::regclass") == "1", what="a is locked")
        other.say("LOCK TABLE a;", "COMMIT;")
        result = process.wait()
    assert result.status == 0, result.output
    assert [r["sqlstate"] for r in events(result, "retry")] in ([], ["40P01"])  # [] when the other was the victim


# --- Connections -------------------------------------------------------------------------------------------------------


def test_a_backend_that_is_terminated(start, files, pg, env):
    files("0001_a.sql", SLEEP)
    process = start("migrate", "up", "--dir", files, env=env)
    wait_until(lambda: sleeping(pg) == 1, what="the statement runs")
    pg.terminate("query LIKE '%pg_sleep(600)%'")
    result = process.wait()
    assert result.status == 10
    assert failure(result)["sqlstate"] == "57P01"


def test_a_connection_that_is_cut(start, files, pg, proxy):
    line = proxy(pg)
    files("0001_a.sql", "CREATE TABLE a (i int);\n" + SLEEP)
    process = start("migrate", "up", "--dir", files, env={"DATABASE_URL": pg.url_with(port=line.port)})
    wait_until(lambda: sleeping(pg) == 1, what="the statement runs")
    line.cut(reset=True)
    assert process.wait().status == 10
    # The orphan ends by client_connection_check_interval, long before its 600 s.
    wait_until(lambda: sleeping(pg) == 0 and advisory_locks(pg) == 0, 8, "the orphan is gone")
    assert pg.psql("SELECT to_regclass('a') IS NULL") == "t"


def test_cut_at_every_message_the_next_run_converges(run, files, pg, proxy, env):
    """The connection is cut after n bytes to or from the server, for ever larger n; then one undisturbed run."""
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    files("0002_b.sql", "INSERT INTO a VALUES (1);\n")
    files("0003_c.sql", "INSERT INTO a VALUES (2);\n")
    line = proxy(pg)
    through = {"DATABASE_URL": pg.url_with(port=line.port, sslmode="disable")}
    steps = rounds(120, 16)
    for i in range(steps):
        pg.psql("DROP TABLE IF EXISTS a, schema_history")
        line.cut_after(1 + i * 6400 // steps, "client" if i % 2 else "server")
        cut = run("migrate", "up", "--dir", files, "--wait=0", env=through)
        line.cut_after(None)
        line.cut()
        assert cut.status in (0, 10), cut.output
        wait_until(lambda: advisory_locks(pg) == 0, 3, "the lock is free")
        after = run("migrate", "up", "--dir", files, env=env)
        assert after.status == 0, after.output
        assert pg.psql("SELECT string_agg(i::text, ',' ORDER BY i) FROM a") == "1,2", (i, cut.output)
        assert history(pg) == ["0001", "0002", "0003"]


def test_lost_during_commit_is_settled(run, files, pg, proxy):
    """A trigger holds COMMIT up; the connection is cut meanwhile; the history says that it was committed."""
    files("0001_a.sql", "CREATE TABLE a (i int);\n"
          "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM pg_sleep(1); RETURN NULL; END$$;\n"
          "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON a DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow();\n")
    line = proxy(pg)
    url = pg.url_with(port=line.port)
    assert run("migrate", "up", "--dir", files, env={"DATABASE_URL": url}).status == 0
    files("0002_b.sql", "INSERT INTO a VALUES (1);\n")
    files("0003_c.sql", "CREATE TABLE c (i int);\n")
    def cut_in_commit():
        wait_until(lambda: pg.sessions("state = 'active' AND query LIKE 'RESET SESSION%COMMIT;%'") == 1, what="COMMIT runs")
        line.cut(reset=True)

    cutter = threading.Thread(target=cut_in_commit)
    cutter.start()
    result = run("migrate", "up", "--dir", files, env={"DATABASE_URL": url})
    cutter.join()
    assert result.status == 0, result.output
    assert events(result, "commit_lost")[0]["version"] == "0002"
    assert history(pg) == ["0001", "0002", "0003"]
    assert pg.psql("SELECT count(*) FROM a") == "1"


@pytest.mark.parametrize("outside", [True, False], ids=["outside", "transaction"])
def test_lost_while_the_row_is_written(run, files, pg, env, outside):
    """What rolled back with its row is run again at once; of what stays the steps say that it is done."""
    files("0001_a.sql", "CREATE TABLE a (n int);\nINSERT INTO a VALUES (0);\nCREATE SEQUENCE s;\n")
    assert run("migrate", "up", "--dir", files, env=env).status == 0
    pg.psql("CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF nextval('s') = " + ("2" if outside else "1") +
            " THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NEW; END$$",
            "CREATE TRIGGER die AFTER INSERT ON schema_history FOR EACH ROW EXECUTE FUNCTION die()")
    files("0002_b.sql", ("-- migrate: transaction=off\n" if outside else "") + "UPDATE a SET n = n + 1;\n")
    result = run("migrate", "up", "--dir", files, env=env)
    assert events(result, "commit_lost")[0]["version"] == "0002", result.output
    assert pg.psql("SELECT n FROM a") == "1"
    assert (result.status, history(pg)) == (0, ["0001", "0002"]), result.output
    assert len(events(result, "resumed")) == int(outside)


def test_waits_for_the_database(start, files, pg_server):
    server = pg_server(start=False)
    port = server.port = free_port()
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    url = f"postgres://postgres@/postgres?host={server.socket_dir}&port={port}"
    process = start("migrate", "up", "--dir", files, env={"DATABASE_URL": url})
    process.wait_for("waiting for the database")
    server.start()
    assert server.port == port
    result = process.wait()
    assert result.status == 0, result.output


def test_nobody_there(run, files):
    files("0001_a.sql", "SELECT 1;\n")
    result = run("migrate", "up", "--dir", files, "--wait=500ms", env={"DATABASE_URL": f"postgres://app@127.0.0.1:{free_port()}/x"})
    assert result.status == 10
    assert 0.4 < result.seconds < 5 * SLOW
    assert run("migrate", "wait", "--wait=0", env={"DATABASE_URL": f"postgres://app@127.0.0.1:{free_port()}/x"}).status == 10


def test_the_last_words_of_wait(run, pg, scratch):
    """A record and the termination message, also when the run does not come as far as a connection."""
    message = scratch / "termination"
    nobody = f"postgres://app@127.0.0.1:{free_port()}/x"
    for env, status, outcome, says in (
        ({}, 23, "input", "no database given"),
        ({"DATABASE_URL": nobody}, 10, "unreachable", "refused"),
        ({"DATABASE_URL": pg.url}, 0, "done", None),
    ):
        message.write_text("")
        result = run("migrate", "wait", "--wait=0", "--termination-log", message, env=env)
        last = json.loads(message.read_text())
        assert (result.status, last["outcome"], last["exit"]) == (status, outcome, status), result.output
        if says:
            said = failure(result)
            assert (said["event"], said["exit"]) == (outcome, status) and says in said["msg"]
            assert last["message"] == said["msg"]
        else:
            assert events(result, "ready") and last["message"] is None


def test_a_server_that_hangs(run, files, pg, proxy):
    line = proxy(pg)
    line.silence()
    files("0001_a.sql", "SELECT 1;\n")
    result = run("migrate", "up", "--dir", files, "--wait=1s", env={"DATABASE_URL": pg.url_with(port=line.port)})
    assert result.status == 10
    assert result.seconds < 5 * SLOW


@pytest.mark.parametrize("values", [b"\0\1\0\0\0\x011", b"\0\3\0\0\0\x011" + 2 * b"\xff\xff\xff\xff"], ids=["short", "null"])
def test_a_server_that_answers_nonsense(run, files, values):
    """Too few columns, NULL where there is none: an error, no crash."""

    def message(kind, body):
        return kind + (len(body) + 4).to_bytes(4, "big") + body

    field = b"a\0" + bytes(6) + (25).to_bytes(4, "big") + b"\xff\xff\xff\xff\xff\xff\0\0"
    ready = message(b"Z", b"I")
    answer = message(b"T", values[:2] + values[1] * field) + message(b"D", values) + message(b"C", b"SELECT 1\0") + ready

    def serve(listener):
        with listener.accept()[0] as client, contextlib.suppress(OSError):
            client.recv(1000)
            client.sendall(b"N")
            client.recv(1000)
            client.sendall(message(b"R", bytes(4)) + message(b"K", b"\0\0\0\1\0\0\0\2") + ready)
            while client.recv(65536):
                client.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        url = f"postgresql://app@127.0.0.1:{listener.getsockname()[1]}/app?sslmode=prefer"
        result = run("migrate", "up", "--dir", files, "--allow-empty", "--wait=1s", env={"DATABASE_URL": url})
    assert result.status in (10, 23), result.output
    assert failure(result)


def test_refused_logins_end_at_once(run, files, pg):
    files("0001_a.sql", "SELECT 1;\n")
    wrong = run("migrate", "up", "--dir", files, env={"DATABASE_URL": pg.url_with(password=f"wrong-{CANARY}")})
    assert (wrong.status, failure(wrong)["sqlstate"]) == (10, "28P01")
    nowhere = run("migrate", "up", "--dir", files, env={"DATABASE_URL": pg.server.url("nowhere")})
    assert (nowhere.status, failure(nowhere)["sqlstate"]) == (10, "3D000")
    assert max(wrong.seconds, nowhere.seconds) < 5 * SLOW


def test_a_name_that_does_not_resolve(run, files, name_server):
    files("0001_a.sql", "SELECT 1;\n")
    for mode in ("answer", "silent"):
        server = name_server({}, mode=mode)
        result = run("migrate", "up", "--dir", files, "--wait=1s",
                     env={"DATABASE_URL": "postgres://app@db.test/x", **server.env})
        assert result.status == 10, result.output
        assert result.seconds < 5 * SLOW
        assert "db.test" in failure(result)["msg"]


def test_unix_socket_and_ipv6(run, files, pg):
    files("0001_a.sql", "SELECT 1;\n")
    assert run("migrate", "up", "--dir", files, env={"DATABASE_URL": pg.socket_url}).status == 0
    if not has_ipv6():
        pytest.skip("this machine has no IPv6")
    files("0002_b.sql", "SELECT 1;\n")
    result = run("migrate", "up", "--dir", files, env={"DATABASE_URL": pg.url_with(host="[::1]")})
    assert result.status == 0, result.output


def test_tls_verified(run, start, files, pg_server, ca, new_dir):
    server = pg_server(tls=True)
    files("0001_a.sql", "SELECT 1;\n")
    good = {"sslmode": "verify-full", "sslrootcert": ca().cert}
    result = run("migrate", "up", "--dir", files, env={"DATABASE_URL": server.url(host="localhost", **good)})
    assert result.status == 0, result.output
    other = tls.Authority(new_dir(), "another CA")
    bad = {"sslmode": "verify-full", "sslrootcert": other.cert}
    result = run("migrate", "up", "--dir", files, env={"DATABASE_URL": server.url(host="localhost", **bad)})
    assert result.status == 10
    assert "certificate" in failure(result)["msg"]
    # Cancelling needs TLS there, too.
    server.set_hba("local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\nhostssl all all ::1/128 scram-sha-256\n")
    files("0002_b.sql", SLEEP)
    process = start("migrate", "up", "--dir", files, env={"DATABASE_URL": server.url(host="localhost", **good)})
    wait_until(lambda: server.sessions("query LIKE '%pg_sleep(600)%' AND state = 'active'") == 1, what="the statement runs")
    process.terminate()
    assert process.wait().status == 13
    assert server.sessions("query LIKE '%pg_sleep(600)%' AND state = 'active'") == 0


def test_several_hosts(run, files, pg):
    files("0001_a.sql", "SELECT 1;\n")
    url = pg.url.replace(f"127.0.0.1:{pg.port}", f"127.0.0.1:{free_port()},127.0.0.1:{pg.port}")
    result = run("migrate", "up", "--dir", files, env={"DATABASE_URL": url + "?target_session_attrs=read-write"})
    assert result.status == 0, result.output
    standby = run("migrate", "wait", "--wait=300ms", env={"DATABASE_URL": url + "?target_session_attrs=standby"})
    assert standby.status == 10
    assert "standby" in failure(standby)["msg"]


def test_a_read_only_database(run, files, pg, env):
    files("0001_a.sql", "SELECT 1;\n")
    pg.psql(f"ALTER DATABASE {pg.name} SET default_transaction_read_only TO on")
    result = run("migrate", "up", "--dir", files, env=env)
    assert result.status == 10
    assert "read-only" in failure(result)["msg"]


def test_no_rights_in_the_schema(run, files, pg, env):
    pg.psql("REVOKE ALL ON SCHEMA public FROM app, public", "REVOKE ALL ON SCHEMA public FROM pg_database_owner", user="postgres")
    files("0001_a.sql", "SELECT 1;\n")
    result = run("migrate", "up", "--dir", files, env=env)
    assert (result.status, failure(result)["sqlstate"]) == (20, "42501")
    assert "history table" in failure(result)["msg"]


# --- Secrets -----------------------------------------------------------------------------------------------------------


def test_the_password_is_nowhere(start, files, pg, env):
    """Its outputs are searched by the fixture; here: the command line, and what others see of it on the server."""
    files("0001_a.sql", SLEEP)
    process = start("migrate", "up", "--dir", files, "--log-level", "debug", env=env)
    wait_until(lambda: sleeping(pg) == 1, what="the statement runs")
    with open(f"/proc/{process.pid}/cmdline", "rb") as f:
        assert CANARY.encode() not in f.read()
    assert pg.sessions(f"application_name LIKE '%{CANARY}%'") == 0
    process.terminate()
    process.wait()
    assert not re.search(CANARY, process.output)
