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
    "ADD COLUMN alone, SET DEFAULT for new rows, then fill the old ones in batches from outside a migration's transaction"

const struct lint_rule lint_rules_column[] = {
    {
        .name = "column-volatile-default",
        .level = LINT_ERROR,
        .what = "ADD COLUMN with a default that is computed for each row writes @ anew",
        .lock =
            "ACCESS EXCLUSIVE on the table until all of it and its indexes are written: reads and writes wait. Constants, "
            "now() and other functions that are STABLE or IMMUTABLE cost nothing; a function that is not known counts as VOLATILE",
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
        .what = "a stored generated column writes @ anew",
        .lock =
            "ACCESS EXCLUSIVE on the table until all of it and its indexes are written: reads and writes wait",
        .safe =
            "an ordinary column that a trigger fills, and the old rows in batches; or an index on the expression; or a view",
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
        .what = "a serial or identity column writes @ anew",
        .lock =
            "ACCESS EXCLUSIVE on the table until every row has its number and all of it is written: reads and writes wait",
        .safe =
            "a plain column and a sequence: SET DEFAULT nextval(…) for new rows, the old ones in batches",
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
        .what = "ADD COLUMN NOT NULL without a default fails as soon as @ has a row",
        .lock = "ACCESS EXCLUSIVE on the table until it fails (23502)",
        .safe =
            "a constant default; or nullable first, filled in batches, and then made NOT NULL (see column-not-null)",
        .bad = "ALTER TABLE orders ADD COLUMN state text NOT NULL;\n",
        .good = "ALTER TABLE orders ADD COLUMN state text NOT NULL DEFAULT 'new';\n",
        .kinds = ON(ADD_COLUMN),
        .place = HAS_NOT_NULL,
        .match = has_no_value,
    },
    {
        .name = "column-type",
        .level = LINT_ERROR,
        .what = "another type of a column writes @ anew",
        .lock =
            "ACCESS EXCLUSIVE on the table until all of it and its indexes are written: reads and writes wait. Not so where the "
            "values stay as they are (varchar to text, a longer varchar, a numeric of more digits; timestamp to timestamptz where the file sets the time zone to UTC), which is seen when "
            "the files say what the type was",
        .safe =
            "a second column of the new type, kept equal by a trigger, filled in batches; the application changes over; a later "
            "contract file drops the old one",
        .bad = "ALTER TABLE orders ALTER COLUMN id TYPE bigint;\n",
        .good = "ALTER TABLE orders ADD COLUMN id_new bigint;\n",
        .kinds = ON(COLUMN_TYPE),
        .place = HASES,
        .match = rewrites,
    },
    {
        .name = "column-not-null",
        .level = LINT_ERROR,
        .what = "SET NOT NULL reads all of @ while nobody else can",
        .lock =
            "ACCESS EXCLUSIVE on the table until every row was looked at: reads and writes wait",
        .safe =
            "CHECK (column IS NOT NULL) NOT VALID; in a later file VALIDATE CONSTRAINT, which lets others go on; then SET NOT NULL "
            "finds the proof and looks at no row (PostgreSQL 12 and later)",
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
        .what = "DROP COLUMN breaks the release that still runs, if it uses that column of @",
        .lock = "ACCESS EXCLUSIVE on the table, for a moment; the data are lost to a rollback",
        .safe =
            "a release that does not use the column first; the file with phase=contract ships with a later one",
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
        .what = "RENAME COLUMN breaks the release that still runs: it asks @ for the old name",
        .lock = "ACCESS EXCLUSIVE on the table, for a moment",
        .safe =
            "a new column beside the old one, kept equal by a trigger; the application changes over; a contract file drops the old one",
        .bad = "ALTER TABLE orders RENAME COLUMN note TO remark;\n",
        .good = "ALTER TABLE orders ADD COLUMN remark text;\n",
        .flags = LINT_UNLESS_CONTRACT,
        .kinds = ON(RENAME_COLUMN),
        .place = HASES,
    },
    {.name = NULL},
};
