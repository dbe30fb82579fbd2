/* rules_table.c: tables as a whole, and what stands on them (pure). */
#include "migrate/lint/lint_rules.h"

static bool
cascades(const struct lint *l, const struct action *a, size_t *at)
{
    (void)l, (void)at;
    return action_has(a, HAS_CASCADE);
}

/* DROP a, b CASCADE is one finding. */
static bool
drops_more(const struct lint *l, const struct action *a, size_t *at)
{
    return cascades(l, a, at) &&
           (l->n_actions == 0 || a->kind == ACTION_DROP_COLUMN || a->kind == ACTION_ALTER);
}

static bool
does_not_cascade(const struct lint *l, const struct action *a, size_t *at)
{
    (void)l, (void)at;
    return !action_has(a, HAS_CASCADE);
}

static bool
is_strong(const struct lint *l, const struct action *a, size_t *at)
{
    (void)l, (void)at;
    return !action_has(a, HAS_WEAK);
}

static bool
is_full(const struct lint *l, const struct action *a, size_t *at)
{
    (void)l, (void)at;
    return action_has(a, HAS_FULL);
}

/* Without data it takes a moment. */
static bool
blocks_readers(const struct lint *l, const struct action *a, size_t *at)
{
    (void)l, (void)at;
    return !action_has(a, HAS_CONCURRENTLY) && !action_has(a, HAS_NO_DATA);
}

const struct lint_rule lint_rules_table[] = {
    {
        .name = "table-rename",
        .level = LINT_WARNING,
        .what =
            "a new name or schema of @ breaks the release that still runs: it asks for the old one",
        .lock = "ACCESS EXCLUSIVE on the table, for a moment",
        .safe =
            "the new name as a view on the table, which can be written through; the application changes over; then, in a contract file, "
            "the view gives way to the table",
        .bad = "ALTER TABLE orders RENAME TO purchases;\n",
        .good = "CREATE VIEW purchases AS SELECT * FROM orders;\n",
        .flags = LINT_UNLESS_CONTRACT,
        .kinds = ON(RENAME_TABLE),
        .place = HASES,
    },
    {
        .name = "table-drop",
        .level = LINT_WARNING,
        .what = "DROP of @ breaks the release that still runs, if it uses it",
        .lock =
            "ACCESS EXCLUSIVE on the table, and on those that its foreign keys refer to, for a moment; the data are lost to a rollback",
        .safe =
            "a release that does not use the table first; the file with phase=contract ships with a later one",
        .bad = "DROP TABLE orders_old;\n",
        .good = "-- migrate: phase=contract\n"
                "DROP TABLE orders_old;\n",
        .flags = LINT_UNLESS_CONTRACT,
        .kinds = ON(DROP_TABLE),
        .place = HASES,
    },
    {
        .name = "drop-cascade",
        .level = LINT_WARNING,
        .what =
            "CASCADE drops what depends on @, which the file does not name: views, foreign keys, columns of other tables",
        .lock =
            "ACCESS EXCLUSIVE on each table that loses something; which ones, only the database knows",
        .safe =
            "DROP without CASCADE, after a DROP for each thing that depends on it: the server refuses what was forgotten",
        .bad = "DROP VIEW open_orders CASCADE;\n",
        .good = "DROP VIEW late_orders;\n"
                "DROP VIEW open_orders;\n",
        .kinds = ON(DROP_TABLE) | ON(DROP_OTHER) | ON(DROP_INDEX) | ON(DROP_COLUMN) | ON(ALTER),
        .place = HAS_CASCADE,
        .match = drops_more,
    },
    {
        .name = "table-truncate",
        .level = LINT_WARNING,
        .what =
            "TRUNCATE locks @ against everybody, and its rows are gone for the release that still runs",
        .lock =
            "ACCESS EXCLUSIVE on the table, until the transaction ends; it waits for every query on the table, and all others wait behind it",
        .safe = "DELETE in batches, from outside a migration's transaction",
        .bad = "TRUNCATE sessions;\n",
        .good =
            "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < now() LIMIT 10000);\n",
        .kinds = ON(TRUNCATE),
        .place = HASES,
        .match = does_not_cascade,
    },
    {
        .name = "table-truncate-cascade",
        .level = LINT_WARNING,
        .what = "TRUNCATE of @ with CASCADE empties every table that refers to it, too",
        .lock =
            "ACCESS EXCLUSIVE on all of these tables, until the transaction ends; which ones, only the database knows",
        .safe = "name the tables that are to be emptied: the server refuses when one is missing",
        .bad = "TRUNCATE customers CASCADE;\n",
        .good =
            "DELETE FROM customers WHERE id IN (SELECT id FROM customers WHERE expired LIMIT 10000);\n",
        .kinds = ON(TRUNCATE),
        .place = HAS_CASCADE,
        .match = cascades,
    },
    {
        .name = "table-logged",
        .level = LINT_ERROR,
        .what = "SET LOGGED or UNLOGGED writes @ anew",
        .lock =
            "ACCESS EXCLUSIVE on the table until all of it and its indexes are written: reads and writes wait",
        .safe = "a new table of the wanted kind, filled in batches; the application changes over",
        .bad = "ALTER TABLE events SET LOGGED;\n",
        .good = "CREATE TABLE events_logged (LIKE events INCLUDING ALL);\n",
        .kinds = ON(SET_LOGGED),
        .place = HASES,
    },
    {
        .name = "table-tablespace",
        .level = LINT_ERROR,
        .what = "SET TABLESPACE copies @ while nobody can use it",
        .lock = "ACCESS EXCLUSIVE until all of it is copied: reads and writes wait",
        .safe =
            "for an index: a new one with TABLESPACE, built CONCURRENTLY, and the old one dropped so; REINDEX (TABLESPACE …, "
            "CONCURRENTLY) does both (PostgreSQL 14 and later). For a table: a new one, filled in batches",
        .bad = "ALTER TABLE orders SET TABLESPACE fast;\n",
        .good = "REINDEX (TABLESPACE fast, CONCURRENTLY) INDEX orders_pkey;\n",
        .kinds = ON(SET_TABLESPACE),
        .place = HASES,
    },
    {
        .name = "table-access-method",
        .level = LINT_ERROR,
        .what = "SET ACCESS METHOD writes @ anew",
        .lock =
            "ACCESS EXCLUSIVE on the table until all of it and its indexes are written: reads and writes wait",
        .safe = "a new table with USING, filled in batches; the application changes over",
        .bad = "ALTER TABLE events SET ACCESS METHOD columnar;\n",
        .good = "CREATE TABLE events_columnar (LIKE events) USING columnar;\n",
        .kinds = ON(SET_ACCESS_METHOD),
        .place = HASES,
    },
    {
        .name = "table-lock",
        .level = LINT_WARNING,
        .what = "LOCK TABLE keeps others from @ until the transaction ends",
        .lock =
            "ACCESS EXCLUSIVE unless another mode is written: whatever the file does behind it, it does with the table locked",
        .safe =
            "leave it out: each statement takes the lock that it needs; or the weakest mode that is enough, in a short file",
        .bad = "LOCK TABLE orders;\n"
               "INSERT INTO orders (number) VALUES (1);\n",
        .good = "INSERT INTO orders (number) VALUES (1);\n",
        .kinds = ON(LOCK),
        .place = HASES,
        .match = is_strong,
    },
    {
        .name = "table-cluster",
        .level = LINT_ERROR,
        .what = "CLUSTER writes @ anew while nobody can use it",
        .lock =
            "ACCESS EXCLUSIVE on the table until all of it and its indexes are written: reads and writes wait",
        .safe = "the extension pg_repack, from outside of migrations",
        .bad = "CLUSTER orders USING orders_pkey;\n",
        .good = "ALTER TABLE orders CLUSTER ON orders_pkey;\n",
        .kinds = ON(CLUSTER),
        .place = HASES,
    },
    {
        .name = "table-vacuum-full",
        .level = LINT_ERROR,
        .what = "VACUUM FULL writes @ anew while nobody can use it",
        .lock =
            "ACCESS EXCLUSIVE on the table until all of it and its indexes are written: reads and writes wait",
        .safe =
            "VACUUM, which lets others go on; the extension pg_repack where the space must go back to the system",
        .bad = "VACUUM FULL orders;\n",
        .good = "VACUUM orders;\n",
        .kinds = ON(VACUUM),
        .place = HAS_FULL,
        .match = is_full,
    },
    {
        .name = "view-refresh",
        .level = LINT_ERROR,
        .what = "REFRESH MATERIALIZED VIEW keeps readers from @ until its query is done",
        .lock = "ACCESS EXCLUSIVE on the view, for as long as its query runs",
        .safe = "REFRESH MATERIALIZED VIEW CONCURRENTLY, which wants a unique index on the view",
        .bad = "REFRESH MATERIALIZED VIEW sales;\n",
        .good = "REFRESH MATERIALIZED VIEW CONCURRENTLY sales;\n",
        .kinds = ON(REFRESH),
        .place = HASES,
        .match = blocks_readers,
    },
    {
        .name = "trigger-switch",
        .level = LINT_WARNING,
        .what = "ENABLE or DISABLE TRIGGER blocks writes to @ until the transaction ends",
        .lock =
            "SHARE ROW EXCLUSIVE on the table: INSERT, UPDATE and DELETE wait while the file goes on",
        .safe =
            "SET LOCAL session_replication_role = replica silences triggers for this session alone, without a lock; or a file of its own",
        .bad = "ALTER TABLE orders DISABLE TRIGGER audit;\n",
        .good = "SET LOCAL session_replication_role = replica;\n",
        .kinds = ON(SWITCH_TRIGGER),
        .place = HASES,
    },
    {
        .name = "trigger-create",
        .level = LINT_WARNING,
        .what = "CREATE TRIGGER blocks writes to @ until the transaction ends",
        .lock =
            "SHARE ROW EXCLUSIVE on the table, for a moment if the file ends there; it waits for every transaction that has "
            "written to the table",
        .safe =
            "as the last statement of a short file, one table to a file; say allow=trigger-create there",
        .bad =
            "CREATE TRIGGER audit AFTER UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION audit();\n",
        .good =
            "-- migrate: allow=trigger-create\n"
            "CREATE TRIGGER audit AFTER UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION audit();\n",
        .kinds = ON(CREATE_TRIGGER),
        .place = HASES,
    },
    {.name = NULL},
};
