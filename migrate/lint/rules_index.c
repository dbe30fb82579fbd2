/* rules_index.c: indexes (pure). */
#include "migrate/lint/lint_rules.h"

static bool
locks_for_build(const struct lint *l, const struct action *a, size_t *at)
{
    (void)l, (void)at;
    return !action_has(a, HAS_CONCURRENTLY) && !action_has(a, HAS_ONLY);
}

static bool
drops_old(const struct lint *l, const struct action *a, size_t *at)
{
    (void)at;
    return !action_has(a, HAS_CONCURRENTLY) && !lint_is_new(l, KNOWN_INDEX, &a->table);
}

static bool
is_not_concurrent(const struct lint *l, const struct action *a, size_t *at)
{
    (void)l, (void)at;
    return !action_has(a, HAS_CONCURRENTLY);
}

/* A statement that cannot be in a transaction stands beside one that can: at the second of them. SET is no matter. */
static bool
is_mixed(const struct lint *l, const struct action *a, size_t *at)
{
    (void)at;
    if (l->file.transaction || l->file.told || a->kind == ACTION_SET)
        return false;
    return l->alone ? l->seen_others : l->seen_alone;
}

const struct lint_rule lint_rules_index[] = {
    {
        .name = "index-create",
        .level = LINT_ERROR,
        .what = "CREATE INDEX blocks writes to @ until the index is built",
        .lock =
            "SHARE on the table until the transaction ends. INSERT, UPDATE and DELETE wait for the whole build; SELECT does not",
        .safe =
            "CREATE INDEX CONCURRENTLY in a file of its own, which migrate runs outside a transaction. For a partitioned table, use CREATE INDEX ON ONLY, build an index on each partition CONCURRENTLY, and then ALTER INDEX … ATTACH PARTITION",
        .bad = "CREATE INDEX orders_customer ON orders (customer_id);\n",
        .good = "CREATE INDEX CONCURRENTLY orders_customer ON orders (customer_id);\n",
        .kinds = ON(CREATE_INDEX),
        .place = HASES,
        .match = locks_for_build,
    },
    {
        .name = "index-drop",
        .level = LINT_WARNING,
        .what = "DROP INDEX @ locks its table against all access",
        .lock =
            "ACCESS EXCLUSIVE on the table until the transaction ends. The operation itself is short, but it waits for every transaction that uses the table, and all later queries wait behind it",
        .safe = "DROP INDEX CONCURRENTLY in a file of its own",
        .bad = "DROP INDEX orders_customer;\n",
        .good = "DROP INDEX CONCURRENTLY orders_customer;\n",
        .kinds = ON(DROP_INDEX),
        .place = HASES,
        .match = drops_old,
    },
    {
        .name = "index-reindex",
        .level = LINT_ERROR,
        .what =
            "REINDEX of @ blocks writes, and queries that could use the index, until it is rebuilt",
        .lock =
            "SHARE on the table and ACCESS EXCLUSIVE on the index for the whole build. Planning a query examines every index of its tables, so most reads wait as well",
        .safe = "REINDEX INDEX CONCURRENTLY or REINDEX TABLE CONCURRENTLY in a file of its own",
        .bad = "REINDEX TABLE orders;\n",
        .good = "REINDEX TABLE CONCURRENTLY orders;\n",
        .kinds = ON(REINDEX),
        .place = HASES,
        .match = is_not_concurrent,
    },
    {
        .name = "outside-mixed",
        .level = LINT_WARNING,
        .what =
            "the file runs outside a transaction because of one of its statements, so that each statement is committed separately",
        .lock = "None. However, if a statement fails, the statements before it are not rolled back",
        .safe =
            "A separate file for each statement that cannot run in a transaction; or transaction=off in the header, if this is intended",
        .bad = "ALTER TABLE orders ADD COLUMN note text;\n"
               "CREATE INDEX CONCURRENTLY orders_note ON orders (note);\n",
        .good = "ALTER TABLE orders ADD COLUMN note text;\n"
                "-- next file\n"
                "CREATE INDEX CONCURRENTLY orders_note ON orders (note);\n",
        .flags = LINT_NEW_TOO | LINT_ONCE,
        .kinds = ON_ANY,
        .place = HASES,
        .match = is_mixed,
    },
    {.name = NULL},
};
