"""migrate rehearse: what each statement locked on a real server, for how long, and that nothing of it stays."""

import json
import re
import signal
import subprocess

import pytest

from rig.base import wait_until
from rig.migrations import Holder, events, failure, history
from rig.postgres import bindir

RUN = ["--deadline", "60s"]


@pytest.fixture
def rehearse(up):
    """rehearse(*args) -> (the run, what it printed as JSON)."""

    def go(*args, **more):
        result = up("--json", *RUN, *args, command="rehearse", **more)
        said = json.loads(result.stdout)
        assert (said["command"], said["exit"], said["migrations"]) == ("rehearse", result.status, [])
        return result, {**said["rehearsal"], "outcome": said["outcome"]}

    return go


@pytest.fixture
def shop(pg):
    pg.psql("CREATE TABLE orders (id int PRIMARY KEY, total int, note text)",
            "INSERT INTO orders SELECT g, g FROM generate_series(1, 1000) g",
            "CREATE TABLE items (id int, order_id int)", "INSERT INTO items SELECT g, g FROM generate_series(1, 1000) g",
            "ANALYZE")
    return pg


def dump(pg):
    """All there is, but for the random word of newer versions."""
    command = [f"{bindir()}/pg_dump", "--no-owner", "-d", pg.url]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return re.sub(r"^\\(un)?restrict .*$", "", text, flags=re.M)


def statements(picture, file=0):
    return picture["files"][file]["statements"]


def locks(picture, statement=0, file=0):
    """{relation: (lock, verdict)} of one statement."""
    return {lock["relation"]: (lock["lock"], lock["verdict"]) for lock in statements(picture, file)[statement]["locks"]}


# --- What is found ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql, relation, lock, verdict",
    [
        ("ALTER TABLE orders ADD COLUMN a int", "orders", "AccessExclusiveLock", "BLOCKS READS"),
        ("ALTER TABLE orders ADD COLUMN a int DEFAULT 7", "orders", "AccessExclusiveLock", "BLOCKS READS"),
        ("CREATE INDEX orders_total ON orders (total)", "orders", "ShareLock", "BLOCKS WRITES"),
        ("CREATE TRIGGER t BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
         "orders", "ShareRowExclusiveLock", "BLOCKS WRITES"),
        ("LOCK TABLE orders IN EXCLUSIVE MODE", "orders", "ExclusiveLock", "BLOCKS WRITES"),
        ("ALTER TABLE orders SET (autovacuum_enabled = on)", "orders", "ShareUpdateExclusiveLock", "ok"),
        ("UPDATE orders SET total = 1", "orders", "RowExclusiveLock", "ok"),
        ("SELECT count(*) FROM orders", "orders", "AccessShareLock", "ok"),
        ("DROP TABLE items", "items", "AccessExclusiveLock", "BLOCKS READS"),
        ("TRUNCATE items", "items", "AccessExclusiveLock", "BLOCKS READS"),
    ],
)
def test_locks(rehearse, files, shop, sql, relation, lock, verdict):
    files("0001_a.sql", f"{sql};\n")
    result, picture = rehearse()
    assert result.status == 0, result.output
    assert locks(picture) == {relation: (lock, verdict)}
    assert statements(picture)[0]["verdict"] == verdict
    assert not statements(picture)[0]["locks"][0]["rewritten"]


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE orders ALTER COLUMN total TYPE bigint",
        "ALTER TABLE orders ADD COLUMN r float DEFAULT random()",
        "CLUSTER orders USING orders_pkey",
        "DO $$BEGIN ALTER TABLE orders ALTER COLUMN total TYPE bigint; END$$",
    ],
)
def test_a_rewrite(rehearse, files, shop, sql):
    files("0001_a.sql", f"SELECT 1;\n{sql};\n")
    result, picture = rehearse()
    assert result.status == 25, result.output
    found = statements(picture)[1]["locks"][0]
    assert (found["relation"], found["lock"], found["rewritten"]) == ("orders", "AccessExclusiveLock", True)
    assert [(f["file"], f["line"], f["level"], f["rule"]) for f in picture["findings"]] == [("0001_a.sql", 2, "error", "rewrite")]
    assert (failure(result)["file"], failure(result)["line"]) == ("0001_a.sql", 2)
    assert picture["outcome"] == "findings"
    assert events(result, "rehearsing")[0]["msg"].startswith("rehearsing 1 file: ")


def test_what_the_header_allows(rehearse, up, files, shop):
    files("0001_a.sql", "-- migrate: allow=rewrite\nALTER TABLE orders ALTER COLUMN total TYPE bigint;\n")
    result, picture = rehearse()
    assert (result.status, picture["findings"]) == (0, []), result.output
    assert statements(picture)[0]["locks"][0]["rewritten"]
    assert "allow" not in up(command="check").stdout


def test_a_foreign_key_locks_both_tables(rehearse, files, shop):
    files("0001_a.sql", "ALTER TABLE items ADD CONSTRAINT items_fk FOREIGN KEY (order_id) REFERENCES orders NOT VALID;\n")
    files("0002_b.sql", "ALTER TABLE items VALIDATE CONSTRAINT items_fk;\n")
    result, picture = rehearse()
    assert result.status == 0, result.output
    both = ("ShareRowExclusiveLock", "BLOCKS WRITES")
    assert locks(picture) == {"items": both, "orders": both}
    assert locks(picture, file=1)["items"] == ("ShareUpdateExclusiveLock", "ok")
    assert statements(picture, 1)[0]["verdict"] == "ok"


def test_sizes_and_rows_of_before(rehearse, files, shop):
    size = int(shop.psql("SELECT pg_total_relation_size('orders')"))
    files("0001_a.sql", "INSERT INTO orders SELECT g FROM generate_series(2000, 9000) g;\nDROP TABLE orders;\n")
    _, picture = rehearse()
    for statement in statements(picture):
        assert (statement["locks"][0]["size_bytes"], statement["locks"][0]["rows"]) == (size, 1000)


def test_indexes_partitions_and_what_is_new(rehearse, files, pg):
    pg.psql("CREATE TABLE logs (at int, t text) PARTITION BY RANGE (at)",
            *[f"CREATE TABLE logs_{i} PARTITION OF logs FOR VALUES FROM ({i}) TO ({i + 1})" for i in range(3)],
            "CREATE INDEX logs_at ON logs (at)", "INSERT INTO logs VALUES (1, repeat('x', 9000))")
    files("0001_a.sql", "CREATE TABLE made (i int);\nCREATE INDEX made_i ON made (i);\nINSERT INTO made VALUES (1);\n"
                        "ALTER TABLE logs ADD COLUMN b int;\nCREATE INDEX logs_1_t ON logs_1 (t);\nREINDEX INDEX logs_0_at_idx;\n")
    result, picture = rehearse()
    assert result.status == 0, result.output
    assert [s["locks"] for s in statements(picture)[:3]] == [[], [], []]
    assert locks(picture, 3) == {"logs": ("AccessExclusiveLock", "BLOCKS READS")}
    assert statements(picture)[3]["locks"][0]["partitions"] == 3
    assert locks(picture, 4) == {"logs_1": ("ShareLock", "BLOCKS WRITES")}
    assert statements(picture)[5]["locks"][0]["index_rebuilt"]
    assert "logs_0" in locks(picture, 5)


def test_names_follow_a_rename(rehearse, files, shop):
    files("0001_a.sql", "ALTER TABLE orders RENAME TO sales;\nUPDATE sales SET total = 2;\n")
    files("0002_b.sql", "UPDATE sales SET total = 3;\n")
    result, picture = rehearse()
    assert result.status == 0, result.output
    assert [list(locks(picture, i)) for i in range(2)] == [["orders"], ["sales"]]
    assert locks(picture, file=1) == {"sales": ("RowExclusiveLock", "ok")}
    assert statements(picture, 1)[0]["locks"][0]["held_before"]


# --- For how long -------------------------------------------------------------------------------------------------------


def test_a_lock_lasts_to_the_end_of_its_file(rehearse, files, shop):
    files("0001_a.sql", "ALTER TABLE orders ADD COLUMN a int;\nSELECT pg_sleep(0.3);\nUPDATE items SET id = 1;\n")
    files("0002_b.sql", "ALTER TABLE items ADD COLUMN a int;\n")
    result, picture = rehearse("--max-blocking", "250ms")
    assert result.status == 25, result.output
    first = statements(picture)[0]
    assert first["duration_ms"] < 300 <= first["locks"][0]["held_ms"] <= picture["files"][0]["duration_ms"]
    assert statements(picture)[2]["locks"][0]["held_ms"] < 300
    assert statements(picture, 1)[0]["locks"][0]["held_ms"] == picture["files"][1]["duration_ms"]
    assert [(f["line"], f["rule"]) for f in picture["findings"]] == [(1, "max-blocking")]
    assert "line 2; move that statement to a file of its own" in picture["findings"][0]["message"]
    assert rehearse("--max-blocking", "20s")[0].status == 0
    assert rehearse("--max-blocking", "none")[0].status == 0


def test_what_a_savepoint_lets_go_of(rehearse, files, shop):
    files("0001_a.sql", "SAVEPOINT s;\nALTER TABLE orders ADD COLUMN a int;\nROLLBACK TO s;\nSELECT pg_sleep(0.3);\n")
    result, picture = rehearse("--max-blocking", "250ms")
    assert result.status == 0, result.output
    assert statements(picture)[1]["locks"][0]["held_ms"] < 300


# --- As up does it ------------------------------------------------------------------------------------------------------


def test_nothing_stays(rehearse, up, files, shop):
    shop.psql("CREATE SEQUENCE s")
    before = dump(shop)
    files("0001_a.sql", "CREATE SCHEMA x;\nCREATE TABLE x.t (i int);\nDROP TABLE items;\nUPDATE orders SET total = 0;\n"
                        "SET SESSION lock_timeout TO 7;\nCREATE TYPE e AS ENUM ('a');\nCOMMENT ON TABLE orders IS 'c';\n")
    files("0002_b.sql", "INSERT INTO x.t VALUES (1);\nALTER TABLE orders DROP COLUMN note;\n")
    result, picture = rehearse()
    assert result.status == 0, result.output
    assert [f["rehearsed"] for f in picture["files"]] == [True, True]
    assert dump(shop) == before
    assert shop.psql("SELECT to_regclass('schema_history')") == ""
    assert shop.psql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == "0"
    assert up().status == 0
    assert history(shop) == ["0001", "0002"]
    before = dump(shop)
    files("0003_c.sql", "SELECT 1 / count(*) FROM schema_history WHERE version = '0002';\nDROP TABLE orders;\n")
    files("0004_d.sql", "SELECT 1 / count(*) FROM schema_history WHERE version = '0003';\n")
    result, picture = rehearse()
    assert result.status == 0, result.output
    assert dump(shop) == before
    assert all("schema_history" not in s["locks"] for f in (0, 1) for s in statements(picture, f))


def test_a_sequence_is_not_set(rehearse, files, shop):
    """setval() stays after a rollback: on a sequence that was there before it is not run, on a new one it is."""
    shop.psql("CREATE SEQUENCE numbers", "SELECT setval('numbers', 1000)")
    files("0001_a.sql", "SELECT pg_catalog.setval('public.Numbers', 7);\nCREATE TABLE new (id serial PRIMARY KEY);\n"
                        "INSERT INTO new VALUES (1);\nSELECT setval('new_id_seq', 1, true);\nINSERT INTO new DEFAULT VALUES;\n")
    result, picture = rehearse()
    assert result.status == 0, result.output
    assert [s["state"] for s in statements(picture)] == ["not run"] + 4 * ["done"]
    assert shop.psql("SELECT last_value FROM numbers") == "1000"


def test_an_error_has_its_place(rehearse, files, shop):
    before = dump(shop)
    files("0001_a.sql", "CREATE TABLE x (i int);\n")
    files("0002_b.sql", "-- ü\nUPDATE orders SET total = 1;\nSELECT 'ü',\n  nix FROM x;\nDROP TABLE orders;\n")
    result, picture = rehearse()
    assert result.status == 20
    assert (failure(result)["file"], failure(result)["line"], failure(result)["column"]) == ("0002_b.sql", 4, 3)
    assert failure(result)["sqlstate"] == "42703"
    assert picture["outcome"] == "refused"
    assert [s["state"] for s in statements(picture, 1)] == ["done", "failed"]
    assert dump(shop) == before


def test_an_error_among_inserts(rehearse, files, shop):
    files("0001_a.sql", "INSERT INTO orders (id) VALUES (5001);\n" + "".join(f"INSERT INTO orders (id) VALUES ({i});\n" for i in range(6000, 6100))
          + "INSERT INTO orders (id) VALUES (1);\nINSERT INTO orders (id) VALUES (7000);\n")
    result, picture = rehearse()
    assert (result.status, failure(result)["line"], failure(result)["sqlstate"]) == (20, 102, "23505")
    assert statements(picture)[-1]["line"] == 102


def test_inserts_side_by_side_are_one(rehearse, files, shop):
    files("0001_a.sql", "".join(f"INSERT INTO items VALUES ({i}, {i}); -- x\n" for i in range(5000)) + "INSERT INTO orders VALUES (-1);\n")
    result, picture = rehearse()
    assert result.status == 0, result.output
    assert [(s["line"], s["count"]) for s in statements(picture)] == [(1, 5000), (5001, 1)]
    assert locks(picture) == {"items": ("RowExclusiveLock", "ok")}
    assert locks(picture, 1) == {"orders": ("RowExclusiveLock", "ok")}


def test_copy_data(rehearse, files, shop):
    files("0001_a.sql", "COPY items FROM stdin;\n1\t2\n3\t4\n\\.\nSELECT 1 / count(*) FROM items WHERE order_id = 4;\n")
    result, picture = rehearse()
    assert result.status == 0, result.output
    assert locks(picture) == {"items": ("RowExclusiveLock", "ok")}
    files("0002_b.sql", "SELECT 1;\nCOPY items FROM stdin;\n1\t2\nx\t4\n\\.\nSELECT 2;\n")
    result, picture = rehearse()
    assert (result.status, failure(result)["file"], failure(result)["line"]) == (20, "0002_b.sql", 4)
    assert [(s["line"], s["state"]) for s in statements(picture, 1)] == [(1, "done"), (2, "failed")]


def test_what_commit_would_refuse(rehearse, files, shop):
    shop.psql("ALTER TABLE items ADD CONSTRAINT items_fk FOREIGN KEY (order_id) REFERENCES orders DEFERRABLE INITIALLY DEFERRED")
    files("0001_a.sql", "INSERT INTO items VALUES (1, 9999);\nINSERT INTO orders VALUES (9999);\n")
    files("0002_b.sql", "CREATE TABLE later (i int REFERENCES orders DEFERRABLE INITIALLY DEFERRED);\n"
                        "INSERT INTO later VALUES (7777);\nINSERT INTO items VALUES (1, 7777);\nINSERT INTO orders VALUES (7777);\n")
    result, picture = rehearse()
    assert result.status == 0, result.output
    files("0003_c.sql", "INSERT INTO items VALUES (1, 5555);\n")
    result, picture = rehearse()
    assert (result.status, failure(result)["file"], failure(result)["sqlstate"]) == (20, "0003_c.sql", "23503")
    assert "at COMMIT" in failure(result)["msg"]


def test_each_file_begins_as_in_up(rehearse, files, shop):
    files("0001_a.sql", "BEGIN ISOLATION LEVEL SERIALIZABLE;\nSET LOCAL search_path TO nowhere;\nSET my.x TO 'a';\nCREATE TEMP TABLE tt (i int);\n"
                        "SET client_encoding TO 'LATIN1';\nSET standard_conforming_strings TO off;\nCOMMIT;\n")
    files("0002_b.sql", "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;\nSELECT 1 / (current_setting('search_path') <> 'nowhere')::int;\n"
                        "CREATE TEMP TABLE tt (i int);\nSELECT 1 / (current_setting('client_encoding') = 'UTF8')::int;\n"
                        "SELECT 1 / (current_setting('lock_timeout') = '2s')::int;\nSELECT 1 / (length('a\\') = 2)::int;\n")
    result, picture = rehearse()
    assert result.status == 0, result.output
    assert statements(picture, 1)[0]["state"] == "not run"


def test_settings_of_a_script_hold_until_its_end(rehearse, files, shop):
    shop.psql('ALTER TABLE orders RENAME TO "größe €"')
    files("0001_a.sql", "SET client_encoding TO 'LATIN1';\nSET standard_conforming_strings TO off;\nSET search_path TO '';\n"
                        "UPDATE public.items SET id = 1;\nSELECT 1 / (current_setting('client_encoding') = 'LATIN1')::int;\n"
                        "DO $$BEGIN EXECUTE 'ALTER TABLE public.' || quote_ident((SELECT max(relname) FROM pg_class WHERE relname LIKE 'gr%')) || ' ADD a int'; END$$;\n"
                        "SELECT 1 / (length('a\\\\') = 2)::int;\n")
    result, picture = rehearse()
    assert result.status == 0, result.output
    assert '"größe €"' in locks(picture, 5)


# --- What is not run ----------------------------------------------------------------------------------------------------


def test_files_outside_a_transaction_are_listed(rehearse, files, shop):
    files("0001_a.sql", "CREATE INDEX CONCURRENTLY i ON orders (total);\nSELECT 1;\n")
    files("0002_b.sql", "VACUUM FULL orders;\n")
    files("0003_c.sql", "-- migrate: transaction=off\nSELECT 1;\n")
    files("0004_d.sql", "CREATE TABLE made (i int);\n")
    result, picture = rehearse()
    assert result.status == 0, result.output
    assert [(f["rehearsed"], f["cannot"]) for f in picture["files"]] == [
        (False, "CREATE INDEX CONCURRENTLY"), (False, "VACUUM"), (False, "transaction=off"), (True, None)]
    first, full = statements(picture)[0], statements(picture, 1)[0]
    assert (first["state"], first["lock"], first["verdict"]) == ("not run", "ShareUpdateExclusiveLock", "ok")
    assert (full["lock"], full["verdict"]) == ("AccessExclusiveLock", "BLOCKS READS")
    assert full["does"]


def test_what_needs_a_file_that_was_not_run(rehearse, files, shop):
    files("0001_a.sql", "CREATE UNIQUE INDEX CONCURRENTLY i ON orders (total);\n")
    files("0002_b.sql", "ALTER TABLE orders ADD CONSTRAINT u UNIQUE USING INDEX i;\n")
    result, _ = rehearse()
    assert result.status == 20
    assert "0001_a.sql cannot run in a transaction and was not rehearsed" in failure(result)["hint"]


def test_what_only_the_server_knows_to_be_outside(rehearse, files, shop):
    shop.psql("CREATE PROCEDURE p() LANGUAGE plpgsql AS $$BEGIN COMMIT; END$$")
    files("0001_a.sql", "CALL p();\n")
    files("0002_b.sql", "CREATE TABLE made (i int);\n")
    result, picture = rehearse()
    assert result.status == 0, result.output
    assert [f["rehearsed"] for f in picture["files"]] == [False, True]


# --- Others -------------------------------------------------------------------------------------------------------------


def test_a_lock_that_is_not_got_is_waited_for(start, files, shop):
    files("0001_a.sql", "CREATE TABLE made (i int);\n")
    files("0002_b.sql", "SELECT 1;\nALTER TABLE orders ADD COLUMN a int;\n")
    with Holder(shop, "LOCK TABLE orders IN ACCESS SHARE MODE;"):
        process = start("migrate", "rehearse", "--json", "--dir", files, "--lock-timeout", "500ms", *RUN, env={"DATABASE_URL": shop.url})
        process.wait_for('"event":"retry"')
        assert shop.psql("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted") == "0"
    result = process.wait()
    assert result.status == 0, result.output
    waited = json.loads(result.stdout)["rehearsal"]["waited"]
    assert (waited[0]["file"], waited[0]["line"]) == ("0002_b.sql", 2)
    assert "a reader" in waited[0]["message"]
    assert len(json.loads(result.stdout)["rehearsal"]["files"]) == 2


def test_sizes_do_not_wait_for_a_lock(rehearse, files, shop):
    files("0001_a.sql", "UPDATE items SET id = 1;\n")
    with Holder(shop, "LOCK TABLE orders;"):
        result, picture = rehearse("--lock-timeout", "300ms")
    assert result.status == 0, result.output
    assert picture["waited"] == []


def test_one_at_a_time(rehearse, start, files, shop):
    """It takes the lock of the history: up and rehearse wait for each other."""
    files("0001_a.sql", "SELECT pg_sleep(0.5);\n")
    process = start("migrate", "rehearse", "--dir", files, *RUN, env={"DATABASE_URL": shop.url})
    process.wait_for('"event":"rehearsing"')
    result, _ = rehearse("--lock-wait", "20s")
    assert events(result, "lock_wait")
    assert process.wait().status == 0


def test_a_script_that_releases_the_lock(rehearse, files, shop):
    files("0001_a.sql", "SELECT 1;\nSELECT pg_advisory_unlock_all();\n")
    result, _ = rehearse()
    assert (result.status, failure(result)["line"]) == (23, 2)


@pytest.mark.parametrize("mode", ["transaction", "session"])
def test_behind_a_pooler(rehearse, up, start, pgbouncer, files, shop, mode):
    """What files set and what the database sets for every session is as in up: neither reaches the file that follows."""
    before = dump(shop)
    shop.psql(f'ALTER DATABASE "{shop.name}" SET statement_timeout TO \'77s\'')
    url = pgbouncer(shop, mode).url(shop.name)
    files("0001_a.sql", "SET search_path TO nowhere;\nALTER TABLE public.orders ADD COLUMN a int;\nSET client_encoding TO 'LATIN1';\n"
                        "SELECT 1 / (current_setting('statement_timeout') = '0')::int;\n")
    files("0002_b.sql", "SELECT 1 / (current_setting('search_path') <> 'nowhere')::int;\nUPDATE orders SET a = 2;\n"
                        "SELECT 1 / (current_setting('client_encoding') = 'UTF8')::int;\nSELECT pg_sleep(0.5);\n")
    process = start("migrate", "rehearse", "--dir", files, *RUN, env={"DATABASE_URL": url})
    process.wait_for('"event":"rehearsing"')
    result, picture = rehearse(url=url)
    assert result.status == 0, result.output
    assert process.wait().status == 0
    assert locks(picture, 1) == {"orders": ("AccessExclusiveLock", "BLOCKS READS")}
    assert locks(picture, 1, file=1) == {"orders": ("RowExclusiveLock", "ok")}
    assert dump(shop) == before
    assert up(url=url).status == 0


@pytest.mark.parametrize("signo, status", [(signal.SIGTERM, 13), (signal.SIGKILL, -9)])
def test_an_end_in_the_middle_leaves_nothing(start, files, shop, signo, status):
    before = dump(shop)
    files("0001_a.sql", "DROP TABLE items;\nSELECT pg_sleep(600);\n")
    process = start("migrate", "rehearse", "--dir", files, *RUN, env={"DATABASE_URL": shop.url})
    sleeps = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid() AND state = 'active'"
    wait_until(lambda: shop.psql(sleeps) == "1", 20, "the statement runs")
    process.send_signal(signo)
    assert process.wait().status == status
    wait_until(lambda: shop.psql(sleeps) == "0", 10, "the backend ends")
    assert dump(shop) == before


def test_the_deadline(rehearse, files, shop):
    files("0001_a.sql", "ALTER TABLE orders ADD COLUMN a int;\nSELECT pg_sleep(600);\n")
    result, picture = rehearse("--deadline", "1s")
    assert (result.status, failure(result)["line"]) == (12, 2)
    assert [s["state"] for s in statements(picture)] == ["done", "failed"]


def test_a_deadline_is_asked_for(up, files, shop):
    files("0001_a.sql", "SELECT 1;\n")
    for args in ([], ["--deadline", "none"]):
        result = up(*args, command="rehearse")
        assert result.status == 23
        assert "--deadline 5m" in result.stderr
    assert up("--rehearse").status == 23


def test_names_do_not_speak_to_the_terminal(start, files, shop):
    """What the server says of a lock has a name in it that holds escapes; a file's name may, too."""
    shop.psql('CREATE TABLE "e\033[31m" (id int)')
    files("0001_a\033[31m.sql", 'LOCK TABLE "e\033[31m" NOWAIT;\n')
    with Holder(shop, 'LOCK TABLE "e\033[31m";'):
        process = start("migrate", "rehearse", "--dir", files, *RUN, env={"DATABASE_URL": shop.url})
        process.wait_for('"event":"retry"')
    result = process.wait()
    assert result.status == 0, result.output
    assert 'waited: 0001_a?[31m.sql:1: could not obtain lock on relation "e?[31m"' in result.stdout
    assert "\033" not in result.stdout


# --- What is printed ----------------------------------------------------------------------------------------------------


def test_for_people(up, files, shop):
    files("0001_a.sql", "ALTER TABLE orders ADD COLUMN a int;\nCREATE ROLE x PASSWORD 'hunter2';\n")
    result = up("--rehearse", *RUN, "--to", "0001")
    assert result.status == 20  # not a superuser
    assert "hunter2" not in result.stdout
    files("0001_a.sql", "ALTER TABLE orders ADD COLUMN a int;\nUPDATE items SET id = 2;\n")
    result = up("--rehearse", *RUN)
    assert result.status == 0, result.output
    assert re.search(r"^ +BLOCKS READS +orders +AccessExclusiveLock +\d+ kB +1.0 k ", result.stdout, re.M)
    assert re.search(r"^ +ok +items +RowExclusiveLock ", result.stdout, re.M)
    assert re.search(r"^  orders +\[#+\] reads and writes wait ", result.stdout, re.M)
    assert "\033" not in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 120
    assert [r["files"] for r in events(result, "rehearsed")] == [1]


def test_nothing_pending(rehearse, up, files, shop):
    files("0001_a.sql", "SELECT 1;\n")
    assert up().status == 0
    result, picture = rehearse()
    assert (result.status, picture["files"], picture["findings"]) == (0, [], [])
