/* rules_column.c: columns (pure). */
#include <string.h>

#include "migrate/lint/lint_rules.h"

static bool
computes_each(const struct lint *l, const struct action *a, size_t *at)
{
    struct lint_name call = {.name = ""};

    (void)at;
    memcpy(call.name, a->call, sizeof(call.name));
    return action_has(a, HAS_CALLS) && !known_find(&l->known, KNOWN_STABLE, &call, "");
}

static bool
is_stored(const struct lint *l, const struct action *a, size_t *at)
{
    (void)l, (void)at;
    return a->kind == ACTION_SET_EXPRESSION || action_has(a, HAS_STORED);
}

static bool
is_serial(const struct lint *l, const struct action *a, size_t *at)
{
    (void)l, (void)at;
    return action_has(a, HAS_SERIAL);
}

static bool
has_no_value(const struct lint *l, const struct action *a, size_t *at)
{
    (void)l, (void)at;
    return (action_has(a, HAS_NOT_NULL) || action_has(a, HAS_PRIMARY)) &&
           !action_has(a, HAS_DEFAULT) && !action_has(a, HAS_SERIAL) && !action_has(a, HAS_STORED);
}

static bool
rewrites(const struct lint *l, const struct action *a, size_t *at)
{
    const struct known *old = known_find(&l->known, KNOWN_COLUMN, &a->table, a->column);

    (void)at;
    return action_has(a, HAS_USING) || !old || !lint_type_fits(&old->type, &a->type, l->utc);
}

static bool
looks_for_nulls(const struct lint *l, const struct action *a, size_t *at)
{
    (void)at;
    if (a->kind == ACTION_ADD_CONSTRAINT && !action_has(a, HAS_NOT_NULL))
        return false;
    return !action_has(a, HAS_NOT_VALID) &&
           !known_find(&l->known, KNOWN_NOT_NULL, &a->table, a->column);
}

#define IN_STEPS                                                                                   \
    "ADD COLUMN without a default, SET DEFAULT for new rows, then fill the existing rows in batches outside of migrations"

const struct lint_rule lint_rules_column[] = {
    {
        .name = "column-volatile-default",
        .level = LINT_ERROR,
        .what = "adding a column with a volatile default rewrites @",
        .lock =
            "ACCESS EXCLUSIVE on the table until the table and its indexes have been rewritten; reads and writes wait. Constants, now() and other STABLE or IMMUTABLE functions do not cause a rewrite. A function that is not known is assumed to be VOLATILE",
        .safe = IN_STEPS,
        .bad = "ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid();\n",
        .good = "ALTER TABLE orders ADD COLUMN token uuid;\n"
                "ALTER TABLE orders ALTER COLUMN token SET DEFAULT gen_random_uuid();\n",
        .kinds = ON(ADD_COLUMN),
        .place = HAS_CALLS,
        .match = computes_each,
    },
    {
        .name = "column-stored",
        .level = LINT_ERROR,
        .what = "adding a stored generated column rewrites @",
        .lock =
            "ACCESS EXCLUSIVE on the table until the table and its indexes have been rewritten; reads and writes wait",
        .safe =
            "An ordinary column that is maintained by a trigger, with existing rows filled in batches; or an index on the expression; or a view",
        .bad =
            "ALTER TABLE orders ADD COLUMN gross numeric GENERATED ALWAYS AS (net * 1.19) STORED;\n",
        .good = "CREATE INDEX CONCURRENTLY orders_gross ON orders ((net * 1.19));\n",
        .kinds = ON(ADD_COLUMN) | ON(SET_EXPRESSION),
        .place = HAS_STORED,
        .match = is_stored,
    },
    {
        .name = "column-serial",
        .level = LINT_ERROR,
        .what = "adding a serial or identity column rewrites @",
        .lock =
            "ACCESS EXCLUSIVE on the table until every row has been numbered and the table rewritten; reads and writes wait",
        .safe =
            "A plain column and a sequence: SET DEFAULT nextval(…) for new rows, and existing rows filled in batches",
        .bad = "ALTER TABLE orders ADD COLUMN number bigserial;\n",
        .good = "CREATE SEQUENCE orders_number;\n"
                "ALTER TABLE orders ADD COLUMN number bigint;\n"
                "ALTER TABLE orders ALTER COLUMN number SET DEFAULT nextval('orders_number');\n",
        .kinds = ON(ADD_COLUMN),
        .place = HAS_SERIAL,
        .match = is_serial,
    },
    {
        .name = "column-required",
        .level = LINT_ERROR,
        .what = "adding a NOT NULL column without a default fails if @ contains any rows",
        .lock = "ACCESS EXCLUSIVE on the table until the statement fails (23502)",
        .safe =
            "A constant default; or a nullable column, filled in batches and then made NOT NULL (see column-not-null)",
        .bad = "ALTER TABLE orders ADD COLUMN state text NOT NULL;\n",
        .good = "ALTER TABLE orders ADD COLUMN state text NOT NULL DEFAULT 'new';\n",
        .kinds = ON(ADD_COLUMN),
        .place = HAS_NOT_NULL,
        .match = has_no_value,
    },
    {
        .name = "column-type",
        .level = LINT_ERROR,
        .what = "changing the type of a column rewrites @",
        .lock =
            "ACCESS EXCLUSIVE on the table until the table and its indexes have been rewritten; reads and writes wait. Changes that leave the stored values as they are (varchar to text, a longer varchar, a numeric of higher precision; timestamp to timestamptz if the file sets the time zone to UTC) are not reported, provided that the files tell what the type was",
        .safe =
            "A second column of the new type, synchronized by a trigger and filled in batches; after the application has switched to it, a contract file drops the old column",
        .bad = "ALTER TABLE orders ALTER COLUMN id TYPE bigint;\n",
        .good = "ALTER TABLE orders ADD COLUMN id_new bigint;\n",
        .kinds = ON(COLUMN_TYPE),
        .place = HASES,
        .match = rewrites,
    },
    {
        .name = "column-not-null",
        .level = LINT_ERROR,
        .what = "SET NOT NULL scans @ while all other access is blocked",
        .lock =
            "ACCESS EXCLUSIVE on the table until every row has been checked; reads and writes wait",
        .safe =
            "ADD CONSTRAINT … CHECK (column IS NOT NULL) NOT VALID; in a later file VALIDATE CONSTRAINT, which does not block others; SET NOT NULL then relies on the constraint and does not scan the table (PostgreSQL 12 and later)",
        .bad = "ALTER TABLE orders ALTER COLUMN state SET NOT NULL;\n",
        .good = "ALTER TABLE orders ADD CONSTRAINT state_set CHECK (state IS NOT NULL) NOT VALID;\n"
                "-- next file\n"
                "ALTER TABLE orders VALIDATE CONSTRAINT state_set;\n"
                "-- next file\n"
                "ALTER TABLE orders ALTER COLUMN state SET NOT NULL;\n"
                "ALTER TABLE orders DROP CONSTRAINT state_set;\n",
        .kinds = ON(SET_NOT_NULL) | ON(ADD_CONSTRAINT),
        .place = HASES,
        .match = looks_for_nulls,
    },
    {
        .name = "column-drop",
        .level = LINT_WARNING,
        .what = "DROP COLUMN on @ breaks the release that is still running, if it uses the column",
        .lock =
            "ACCESS EXCLUSIVE on the table, briefly. The data is no longer available to a rollback",
        .safe =
            "First a release that does not use the column; then, in a later one, the file with phase=contract",
        .bad = "ALTER TABLE orders DROP COLUMN note;\n",
        .good = "-- migrate: phase=contract\n"
                "ALTER TABLE orders DROP COLUMN note;\n",
        .flags = LINT_UNLESS_CONTRACT,
        .kinds = ON(DROP_COLUMN),
        .place = HASES,
    },
    {
        .name = "column-rename",
        .level = LINT_WARNING,
        .what =
            "RENAME COLUMN breaks the release that is still running, which uses the old name in @",
        .lock = "ACCESS EXCLUSIVE on the table, briefly",
        .safe =
            "A new column beside the old one, synchronized by a trigger; after the application has switched to it, a contract file drops the old column",
        .bad = "ALTER TABLE orders RENAME COLUMN note TO remark;\n",
        .good = "ALTER TABLE orders ADD COLUMN remark text;\n",
        .flags = LINT_UNLESS_CONTRACT,
        .kinds = ON(RENAME_COLUMN),
        .place = HASES,
    },
    {.name = NULL},
};
