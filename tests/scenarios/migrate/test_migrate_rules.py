"""The rules of migrate check and the server: each example does what the rule says, and the safe way does not.

The examples are those of `migrate check --rules`. A statement runs in a transaction; pg_locks says which locks it took,
pg_class.relfilenode whether a table was written anew, pg_stat_xact_user_tables whether it was read from end to end.
"""

import json
import re
import subprocess

import pytest

from rig.base import wait_until
from rig.migrations import Holder
from rig.postgres import Database, psql_program
from rig.program import BIN_DIR

# The server is what is asked; the rules themselves have their unit tests on every build.
pytestmark = pytest.mark.plain_build

STRONG = {"ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"}  # against those who write
TABLES = """
CREATE TABLE customers (id int PRIMARY KEY, note_old text, expired boolean DEFAULT false);
CREATE SEQUENCE ids START 10000;
CREATE TABLE orders (id int PRIMARY KEY DEFAULT nextval('ids'), customer_id int, state text DEFAULT 'new', number int, net numeric DEFAULT 1,
                     tax numeric DEFAULT 1);
INSERT INTO customers SELECT n FROM generate_series(1, 1000) AS n;
INSERT INTO orders (id, customer_id, number) SELECT n, n, n FROM generate_series(1, 1000) AS n;
CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
"""
EVENTS = """
CREATE TABLE events (at timestamptz NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE events_2019 PARTITION OF events FOR VALUES FROM ('2019-01-01') TO ('2020-01-01');
CREATE TABLE events_2020 PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE events_2024 (at timestamptz NOT NULL);
INSERT INTO events_2019 VALUES ('2019-06-01');
INSERT INTO events_2024 VALUES ('2024-06-01');
"""

# rule: (what must be there first, {relation: lock}, what is read from end to end, what is written anew)
CLAIMS = {
    "index-create": ("", {"orders": "ShareLock"}, "orders", ""),
    "index-drop": ("CREATE INDEX orders_customer ON orders (customer_id);", {"orders": "AccessExclusiveLock"}, "", ""),
    "index-reindex": ("", {"orders": "ShareLock", "orders_pkey": "AccessExclusiveLock"}, "orders", "orders_pkey"),
    "column-volatile-default": ("", {"orders": "AccessExclusiveLock"}, "orders", "orders"),
    "column-stored": ("", {"orders": "AccessExclusiveLock"}, "orders", "orders"),
    "column-serial": ("ALTER TABLE orders DROP number;", {"orders": "AccessExclusiveLock"}, "orders", "orders"),
    "column-type": ("", {"orders": "AccessExclusiveLock"}, "orders", "orders"),
    "column-not-null": ("", {"orders": "AccessExclusiveLock"}, "orders", ""),
    "column-drop": ("ALTER TABLE orders ADD note text;", {"orders": "AccessExclusiveLock"}, "", ""),
    "column-rename": ("ALTER TABLE orders ADD note text;", {"orders": "AccessExclusiveLock"}, "", ""),
    "constraint-check": ("", {"orders": "AccessExclusiveLock"}, "orders", ""),
    "constraint-foreign-key": ("", {"orders": "ShareRowExclusiveLock", "customers": "ShareRowExclusiveLock"}, "orders", ""),
    "constraint-unique": ("", {"orders": "AccessExclusiveLock"}, "orders", ""),
    "constraint-exclude": (
        "CREATE EXTENSION btree_gist; CREATE TABLE bookings (room int, during tstzrange);",
        {"bookings": "AccessExclusiveLock"}, "bookings", "",
    ),
    "constraint-validate": ("", {"orders": "AccessExclusiveLock"}, "orders", ""),
    "domain-constraint": (
        "CREATE DOMAIN email AS text; ALTER TABLE customers ADD mail email DEFAULT 'a@b';", {"customers": "ShareLock"}, "customers", "",
    ),
    "table-rename": ("", {"orders": "AccessExclusiveLock"}, "", ""),
    "table-drop": (
        "CREATE TABLE orders_old (id int REFERENCES customers);",
        {"orders_old": "AccessExclusiveLock", "customers": "AccessExclusiveLock"}, "", "",
    ),
    "drop-cascade": (
        "CREATE VIEW open_orders AS SELECT * FROM orders; CREATE VIEW late_orders AS SELECT * FROM open_orders;",
        {"open_orders": "AccessExclusiveLock", "late_orders": "AccessExclusiveLock"}, "", "",
    ),
    "table-truncate": ("CREATE TABLE sessions (id int, expires_at timestamptz);", {"sessions": "AccessExclusiveLock"}, "", "sessions"),
    "table-truncate-cascade": (
        "ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers ON DELETE CASCADE;",
        {"customers": "AccessExclusiveLock", "orders": "AccessExclusiveLock"}, "orders", "customers orders",
    ),
    "table-logged": ("CREATE UNLOGGED TABLE events (a int);", {"events": "AccessExclusiveLock"}, "events", "events"),
    "table-access-method": (
        "CREATE TABLE events (a int); CREATE ACCESS METHOD columnar TYPE TABLE HANDLER heap_tableam_handler;",
        {"events": "AccessExclusiveLock"}, "events", "events",
    ),
    "table-lock": ("", {"orders": "AccessExclusiveLock"}, "", ""),
    "table-cluster": ("", {"orders": "AccessExclusiveLock"}, "orders", "orders"),
    "view-refresh": (
        "CREATE MATERIALIZED VIEW sales AS SELECT id FROM orders; CREATE UNIQUE INDEX ON sales (id);",
        {"sales": "AccessExclusiveLock"}, "orders", "sales",
    ),
    "trigger-switch": (
        "CREATE TRIGGER audit AFTER UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION audit();", {"orders": "ShareRowExclusiveLock"}, "", "",
    ),
    "trigger-create": ("", {"orders": "ShareRowExclusiveLock"}, "", ""),
    "partition-attach": (EVENTS, {"events_2024": "AccessExclusiveLock", "events": "ShareUpdateExclusiveLock"}, "events_2024", ""),
    "partition-detach": (EVENTS, {"events": "AccessExclusiveLock", "events_2019": "AccessExclusiveLock"}, "", ""),
    "partition-create": (EVENTS, {"events": "AccessExclusiveLock"}, "", ""),
    "data-under-lock": ("", {"orders": "AccessExclusiveLock"}, "orders", ""),
    "lock-order": ("", {"orders": "AccessExclusiveLock", "customers": "AccessExclusiveLock"}, "", ""),
}
# The locks of these safe ways are short, but as strong: the rule is about the release that still runs, or says so.
SAFE_LOCKS = {
    "trigger-create": {"orders"}, "column-drop": {"orders"}, "table-drop": {"orders_old", "customers"},
    "drop-cascade": {"open_orders", "late_orders"}, "lock-order": {"orders", "customers"}, "column-rename": {"orders"},
}
# Not shown by locks: what fails, what a file does to itself or to others behind a pooler. Tests of their own, or none.
OTHERS = {"column-required", "enum-value-used", "outside-mixed", "session-set", "data-all-rows", "table-vacuum-full", "table-tablespace"}


@pytest.fixture(scope="module")
def rules():
    """rule: (the file that is found, [the safe files])"""
    text = subprocess.run([BIN_DIR / "migrate", "check", "--rules"], capture_output=True, text=True, check=True).stdout
    found = {}
    for name, bad, good in re.findall(r"^## (\S+)\n.*?```sql\n-- found\n(.*?)\n-- safe\n(.*?)```$", text, re.S | re.M):
        found[name] = (bad, good.split("-- next file\n"))
    return found


@pytest.fixture(scope="module")
def database(shared_postgres):
    database = Database(shared_postgres, "rules_of_check")
    yield database
    database.drop()


@pytest.fixture
def made(database):
    """made(statements): the database with these tables, and nothing else."""

    def go(*statements):
        database.psql("DROP ACCESS METHOD IF EXISTS columnar CASCADE", "DROP SCHEMA IF EXISTS public CASCADE", "CREATE SCHEMA public",
                      *statements, user="postgres")
        return database

    return go


class Facts:
    """What a file did to the relations that were there before, in a transaction."""

    def __init__(self, pg, sql, end="ROLLBACK"):
        lines = pg.psql(
            "CREATE TEMP TABLE before AS SELECT oid, relname, relfilenode FROM pg_class WHERE relnamespace = 'public'::regnamespace",
            "BEGIN",
            sql,
            "SELECT 'lock ' || relname || ' ' || mode FROM pg_locks JOIN before ON oid = relation WHERE pid = pg_backend_pid() AND granted",
            "SELECT 'scan ' || b.relname FROM pg_stat_xact_user_tables JOIN before AS b ON oid = relid WHERE seq_scan > 0",
            "SELECT 'node ' || b.relname FROM before AS b JOIN pg_class AS c USING (oid) WHERE b.relfilenode <> c.relfilenode",
            end,
            user="postgres",
        ).splitlines()
        words = [line.split() for line in lines]
        self.locks = {(w[1], w[2]) for w in words if w[0] == "lock"}
        self.scans = {w[1] for w in words if w[0] == "scan"}
        self.nodes = {w[1] for w in words if w[0] == "node"}


def test_each_rule_has_its_test(rules):
    assert set(rules) == set(CLAIMS) | OTHERS


@pytest.mark.parametrize("rule", CLAIMS)
def test_the_server_takes_the_lock_that_the_rule_names(rules, made, rule):
    before, locks, scans, nodes = CLAIMS[rule]
    pg = made(TABLES, before)
    facts = Facts(pg, rules[rule][0])
    for lock in locks.items():
        assert lock in facts.locks
    assert facts.scans >= set(scans.split()), facts.scans
    assert facts.nodes >= set(nodes.split()), facts.nodes
    if not scans:
        assert not facts.scans & set(locks)
    if not nodes:
        assert not facts.nodes & set(locks)


def is_concurrent(sql):
    return "CONCURRENTLY" in sql and "REFRESH" not in sql


@pytest.mark.parametrize("rule", CLAIMS)
def test_the_safe_way_keeps_nobody_waiting(rules, made, rule):
    """Nothing that was there is read or written anew under a lock that stops writers; and no such lock at all, but for a moment."""
    before, locks, scans, nodes = CLAIMS[rule]
    pg = made(TABLES, before)
    for sql in rules[rule][1]:
        if is_concurrent(sql):
            others_go_on(pg, sql, "events" if "events" in sql else "orders")
            continue
        facts = Facts(pg, sql, "COMMIT")
        strong = {table for table, mode in facts.locks if mode in STRONG and (table, mode) != ("sales", "ExclusiveLock")}
        assert not strong & (facts.scans | facts.nodes)
        if scans or nodes:
            continue   # what is short may be strong
        assert strong & set(locks) <= SAFE_LOCKS.get(rule, set())


def others_go_on(pg, sql, table):
    """While it waits for a transaction that wrote to the table, others read and write."""
    write = "INSERT INTO events VALUES ('2020-07-01')" if table == "events" else "INSERT INTO orders DEFAULT VALUES"
    command = [psql_program(), "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", pg.server.socket_dir, "-p", str(pg.port), "-U", "postgres", "-d", pg.name]
    with Holder(pg, write + ";", user="postgres"):
        process = subprocess.Popen([*command, "-c", "SET application_name TO concurrent", "-c", sql], cwd="/")
        waits = "application_name = 'concurrent' AND wait_event_type = 'Lock'"
        wait_until(lambda: process.poll() is not None or pg.sessions(waits), what="it runs")
        pg.psql("SET lock_timeout TO '500ms'", write, f"SELECT count(*) FROM {table}", user="postgres")
        modes = pg.psql(
            "SELECT DISTINCT l.mode FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)"
            f" WHERE a.application_name = 'concurrent' AND l.granted AND l.relation = '{table}'::regclass", user="postgres"
        ).split()
        assert not set(modes) & STRONG
    assert process.wait(30) == 0


@pytest.mark.parametrize(
    "rule, before, sqlstate",
    [
        ("column-required", "ALTER TABLE orders DROP state;", "23502"),
        ("enum-value-used", "CREATE TYPE state AS ENUM ('new'); ALTER TABLE orders DROP state, ADD state state;", "55P04"),
    ],
)
def test_what_cannot_succeed_fails(rules, made, rule, before, sqlstate):
    pg = made(TABLES, before)
    command = [psql_program(), "-XAtq", "-v", "VERBOSITY=sqlstate", "-h", pg.server.socket_dir, "-p", str(pg.port), "-U", "postgres", "-d", pg.name]
    done = subprocess.run([*command, "-c", rules[rule][0]], capture_output=True, text=True, cwd="/")
    assert done.returncode != 0 and sqlstate in done.stderr
    for sql in rules[rule][1]:
        pg.psql(sql, user="postgres")


def node(pg, relation):
    return pg.psql(f"SELECT pg_relation_filepath('{relation}')", user="postgres")


def test_vacuum_full_writes_the_table_anew(rules, made):
    pg = made(TABLES)
    before = node(pg, "orders")
    pg.psql(rules["table-vacuum-full"][1][0], user="postgres")
    assert node(pg, "orders") == before
    with Holder(pg, "SELECT FROM orders LIMIT 1;", user="postgres"):
        pg.psql("SET lock_timeout TO '100ms'", rules["table-vacuum-full"][0], user="postgres", check=False)
        assert node(pg, "orders") == before, "a reader is in its way, and so it is in a reader's"
    pg.psql(rules["table-vacuum-full"][0], user="postgres")
    assert node(pg, "orders") != before


def test_another_tablespace_is_a_copy(rules, pg_server):
    pg = pg_server()
    pg.psql("SET allow_in_place_tablespaces TO on", "CREATE TABLESPACE fast LOCATION ''")
    pg.psql(TABLES)
    before = pg.psql("SELECT pg_relation_filepath('orders')")
    modes = pg.psql("BEGIN", rules["table-tablespace"][0], "SELECT mode FROM pg_locks WHERE relation = 'orders'::regclass AND pid = pg_backend_pid()", "COMMIT")
    assert "AccessExclusiveLock" in modes.split()
    assert pg.psql("SELECT pg_relation_filepath('orders')") != before
    pg.psql(rules["table-tablespace"][1][0])


# What no rule speaks of: a lock for a moment, and no row of what was there is looked at.
HARMLESS = [
    "ALTER TABLE orders ADD a timestamptz NOT NULL DEFAULT now(), ADD b numeric(10, 2) DEFAULT 0, ADD c text[] DEFAULT ARRAY['a'];",
    "ALTER TABLE orders ADD a int REFERENCES customers;",
    "ALTER TABLE orders ADD a uuid; ALTER TABLE orders ALTER a SET DEFAULT gen_random_uuid();",
    "ALTER TABLE orders ALTER id SET NOT NULL;",
    "CREATE TABLE n (a int); CREATE INDEX ON n (a); ALTER TABLE n ADD UNIQUE (a); ALTER TABLE n ADD b uuid DEFAULT gen_random_uuid();",
    "TRUNCATE customers; ALTER TABLE customers ADD a int NOT NULL;",
    "CREATE FUNCTION one() RETURNS int STABLE LANGUAGE sql AS 'SELECT 1'; ALTER TABLE orders ADD a int DEFAULT one();",
]


@pytest.mark.parametrize("sql", HARMLESS)
def test_what_is_not_found_is_harmless(run, files, made, sql):
    files("1_tables.sql", TABLES)
    files("2_x.sql", sql)
    result = run("migrate", "check", "--json", files)
    assert '"level":"error"' not in result.stdout, result.output
    facts = Facts(made(TABLES), sql)
    assert facts.scans <= ({"customers"} if "TRUNCATE" in sql else set())
    assert facts.nodes <= ({"customers", "customers_pkey"} if "TRUNCATE" in sql else set())


TYPES = [
    ("varchar(20)", "text"), ("varchar(20)", "varchar"), ("varchar(20)", "varchar(30)"), ("text", "varchar"), ("text", "text"),
    ("numeric(8, 2)", "numeric(10, 2)"), ("numeric(8, 2)", "numeric"), ("numeric(8)", "numeric(9)"), ("numeric(8)", "numeric(9, 0)"),
    ("timestamp(3)", "timestamp(6)"), ("timestamp(3)", "timestamp"), ("timestamptz(3)", "timestamptz"), ("time(3)", "time"),
    ("bit varying(3)", "varbit(4)"), ("bit varying(3)", "varbit"), ("cidr", "inet"), ("int", "integer"), ("int[]", "integer[]"),
    ("double precision", "float8"), ("character varying(9)", "varchar(9)"), ("interval", "interval"),
    ("varchar(20)", "varchar(10)"), ("text", "varchar(20)"), ("varchar", "varchar(20)"), ("char(3)", "text"), ("char(3)", "char(4)"),
    ("text", "char(3)"), ("numeric(8, 2)", "numeric(8, 3)"), ("numeric(8, 2)", "numeric(7, 2)"), ("numeric", "numeric(8, 2)"),
    ("numeric(8, 2)", "numeric(8)"), ("timestamp(3)", "timestamp(2)"), ("timestamp", "timestamp(3)"), ("timestamp", "timestamptz"),
    ("timestamptz", "timestamp"), ("int", "bigint"), ("bigint", "int"), ("int", "text"), ("int", "numeric"), ("real", "float8"),
    ("int[]", "bigint[]"), ("bit(3)", "bit varying"), ("inet", "text"), ("date", "timestamp"), ("json", "text"), ("bit(3)", "varbit(3)"),
    ("interval(3)", "interval(2)"), ("varchar(20)[]", "varchar(10)[]"),
]  # fmt: skip


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_types_that_fit(run, files, made, zone):
    """Each pair: check finds it exactly where the server writes the table anew."""
    pg = made()
    columns = ", ".join(f"c{n} {old}" for n, (old, _) in enumerate(TYPES))
    files("1_tables.sql", f"CREATE TABLE t ({columns});")
    changes = [f"ALTER TABLE t ALTER c{n} TYPE {new};" for n, (_, new) in enumerate(TYPES)]
    files("2_x.sql", "\n".join([f"SET LOCAL timezone TO '{zone}';", *changes]))
    found = {json.loads(x)["line"] - 2 for x in run("migrate", "check", "--json", files).stdout.splitlines() if "column-type" in x}
    nodes = []
    for n, (old, _) in enumerate(TYPES):
        nodes += [f"CREATE TABLE t (c{n} {old})", "SELECT pg_relation_filenode('t')", changes[n], "SELECT pg_relation_filenode('t')", "DROP TABLE t"]
    lines = pg.psql(f"SET timezone TO '{zone}'", *nodes, user="postgres").splitlines()
    written = {n for n in range(len(TYPES)) if lines[2 * n] != lines[2 * n + 1]}
    assert [TYPES[n] for n in sorted(written - found)] == [], "missed"
    assert [TYPES[n] for n in sorted(found - written)] == [], "found, but harmless"
