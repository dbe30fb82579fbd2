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
            "renaming @, or moving it to another schema, breaks the release that is still running",
        .lock = "ACCESS EXCLUSIVE on the table, briefly",
        .safe =
            "A view with the new name on the table, which is updatable; after the application has switched to it, a contract file drops the view and renames the table",
        .bad = "ALTER TABLE orders RENAME TO purchases;\n",
        .good = "CREATE VIEW purchases AS SELECT * FROM orders;\n",
        .flags = LINT_UNLESS_CONTRACT,
        .kinds = ON(RENAME_TABLE),
        .place = HASES,
    },
    {
        .name = "table-drop",
        .level = LINT_WARNING,
        .what = "dropping @ breaks the release that is still running, if it uses it",
        .lock =
            "ACCESS EXCLUSIVE on the table and on the tables referenced by its foreign keys, briefly. The data is no longer available to a rollback",
        .safe =
            "First a release that does not use the table; then, in a later one, the file with phase=contract",
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
            "CASCADE also drops what depends on @ and is not named in the file: views, foreign keys, columns of other tables",
        .lock =
            "ACCESS EXCLUSIVE on each table that loses something. Which tables these are depends on the database",
        .safe =
            "DROP without CASCADE, after a DROP for each dependent object. The server reports what has been forgotten",
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
            "TRUNCATE locks @ against all access, and removes rows that the running release may need",
        .lock =
            "ACCESS EXCLUSIVE on the table until the transaction ends. It waits for every query on the table, and all later queries wait behind it",
        .safe = "DELETE in batches, outside of migrations",
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
        .what = "TRUNCATE @ CASCADE also empties every table that references it",
        .lock =
            "ACCESS EXCLUSIVE on all of these tables until the transaction ends. Which tables these are depends on the database",
        .safe =
            "Name all the tables that are to be emptied. The server reports any that are missing",
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
        .what = "SET LOGGED or SET UNLOGGED rewrites @",
        .lock =
            "ACCESS EXCLUSIVE on the table until the table and its indexes have been rewritten; reads and writes wait",
        .safe =
            "A new table of the desired kind, filled in batches, to which the application then switches",
        .bad = "ALTER TABLE events SET LOGGED;\n",
        .good = "CREATE TABLE events_logged (LIKE events INCLUDING ALL);\n",
        .kinds = ON(SET_LOGGED),
        .place = HASES,
    },
    {
        .name = "table-tablespace",
        .level = LINT_ERROR,
        .what = "SET TABLESPACE copies @ while all other access is blocked",
        .lock = "ACCESS EXCLUSIVE until everything has been copied; reads and writes wait",
        .safe =
            "For an index, REINDEX (TABLESPACE …, CONCURRENTLY) (PostgreSQL 14 and later). For a table, create a new one and fill it in batches",
        .bad = "ALTER TABLE orders SET TABLESPACE fast;\n",
        .good = "REINDEX (TABLESPACE fast, CONCURRENTLY) INDEX orders_pkey;\n",
        .kinds = ON(SET_TABLESPACE),
        .place = HASES,
    },
    {
        .name = "table-access-method",
        .level = LINT_ERROR,
        .what = "SET ACCESS METHOD rewrites @",
        .lock =
            "ACCESS EXCLUSIVE on the table until the table and its indexes have been rewritten; reads and writes wait",
        .safe =
            "A new table created with USING, filled in batches, to which the application then switches",
        .bad = "ALTER TABLE events SET ACCESS METHOD columnar;\n",
        .good = "CREATE TABLE events_columnar (LIKE events) USING columnar;\n",
        .kinds = ON(SET_ACCESS_METHOD),
        .place = HASES,
    },
    {
        .name = "table-lock",
        .level = LINT_WARNING,
        .what = "LOCK TABLE blocks access to @ until the transaction ends",
        .lock =
            "ACCESS EXCLUSIVE, unless another mode is specified. The table remains locked during all statements that follow",
        .safe =
            "Omit it, because each statement takes the lock it requires; or use the weakest sufficient mode in a short file",
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
        .what = "CLUSTER rewrites @ while all other access is blocked",
        .lock =
            "ACCESS EXCLUSIVE on the table until the table and its indexes have been rewritten; reads and writes wait",
        .safe = "The extension pg_repack, outside of migrations",
        .bad = "CLUSTER orders USING orders_pkey;\n",
        .good = "ALTER TABLE orders CLUSTER ON orders_pkey;\n",
        .kinds = ON(CLUSTER),
        .place = HASES,
    },
    {
        .name = "table-vacuum-full",
        .level = LINT_ERROR,
        .what = "VACUUM FULL rewrites @ while all other access is blocked",
        .lock =
            "ACCESS EXCLUSIVE on the table until the table and its indexes have been rewritten; reads and writes wait",
        .safe =
            "VACUUM without FULL, which does not block others; the extension pg_repack if the space must be returned to the operating system",
        .bad = "VACUUM FULL orders;\n",
        .good = "VACUUM orders;\n",
        .kinds = ON(VACUUM),
        .place = HAS_FULL,
        .match = is_full,
    },
    {
        .name = "view-refresh",
        .level = LINT_ERROR,
        .what = "REFRESH MATERIALIZED VIEW blocks reads of @ until its query has finished",
        .lock = "ACCESS EXCLUSIVE on the materialized view for as long as its query runs",
        .safe =
            "REFRESH MATERIALIZED VIEW CONCURRENTLY, which requires a unique index on the materialized view",
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
            "SHARE ROW EXCLUSIVE on the table. INSERT, UPDATE and DELETE wait until the rest of the file has been executed",
        .safe =
            "SET LOCAL session_replication_role = replica disables triggers for this session only, without a lock; or a file of its own",
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
            "SHARE ROW EXCLUSIVE on the table. This is brief if nothing follows in the file, but it waits for every transaction that has written to the table",
        .safe =
            "As the last statement of a short file, one table per file, with allow=trigger-create in the header",
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
