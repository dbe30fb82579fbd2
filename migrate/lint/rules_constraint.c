/* rules_constraint.c: constraints (pure). */
#include "migrate/lint/lint_rules.h"

static bool
checks_rows(const struct lint *l, const struct action *a, size_t *at)
{
    (void)l, (void)at;
    return action_has(a, HAS_CHECK) && !action_has(a, HAS_NOT_VALID);
}

/* A column that is added without a value has nothing to be looked up. */
static bool
looks_up_rows(const struct lint *l, const struct action *a, size_t *at)
{
    (void)l, (void)at;
    return action_has(a, HAS_REFERENCES) && !action_has(a, HAS_NOT_VALID) &&
           (a->kind != ACTION_ADD_COLUMN || action_has(a, HAS_DEFAULT));
}

static bool
builds_index(const struct lint *l, const struct action *a, size_t *at)
{
    (void)l;
    if (action_has(a, HAS_USING_INDEX))
        return false;
    if (action_has(a, HAS_PRIMARY))
        *at = a->at[HAS_PRIMARY];
    return action_has(a, HAS_UNIQUE) || action_has(a, HAS_PRIMARY);
}

static bool
excludes(const struct lint *l, const struct action *a, size_t *at)
{
    (void)l, (void)at;
    return action_has(a, HAS_EXCLUDE);
}

static bool
is_locked_already(const struct lint *l, const struct action *a, size_t *at)
{
    (void)at;
    return known_find(&l->known, KNOWN_LOCK, &a->table, "") != NULL;
}

static bool
checks_domain(const struct lint *l, const struct action *a, size_t *at)
{
    (void)at;
    return !lint_is_new(l, KNOWN_TYPE, &a->table) && !action_has(a, HAS_NOT_VALID) &&
           (action_has(a, HAS_CHECK) || action_has(a, HAS_NOT_NULL));
}

const struct lint_rule lint_rules_constraint[] = {
    {
        .name = "constraint-check",
        .level = LINT_ERROR,
        .what = "adding a CHECK constraint scans @ while all other access is blocked",
        .lock =
            "ACCESS EXCLUSIVE on the table until every row has been checked; reads and writes wait",
        .safe =
            "ADD CONSTRAINT … NOT VALID, which is enforced for new rows immediately; VALIDATE CONSTRAINT in a later file does not block others",
        .bad = "ALTER TABLE orders ADD CONSTRAINT net_positive CHECK (net > 0);\n",
        .good = "ALTER TABLE orders ADD CONSTRAINT net_positive CHECK (net > 0) NOT VALID;\n"
                "-- next file\n"
                "ALTER TABLE orders VALIDATE CONSTRAINT net_positive;\n",
        .kinds = ON(ADD_CONSTRAINT) | ON(ADD_COLUMN),
        .place = HAS_CHECK,
        .match = checks_rows,
    },
    {
        .name = "constraint-foreign-key",
        .level = LINT_ERROR,
        .what = "adding a foreign key blocks writes to @ and to the referenced table",
        .lock =
            "SHARE ROW EXCLUSIVE on both tables until every row has been checked. INSERT, UPDATE and DELETE wait on both",
        .safe =
            "ADD CONSTRAINT … NOT VALID, which takes the locks only briefly; VALIDATE CONSTRAINT in a later file does not block others",
        .bad = "ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers;\n",
        .good = "ALTER TABLE orders ADD CONSTRAINT orders_customer_fk\n"
                "    FOREIGN KEY (customer_id) REFERENCES customers NOT VALID;\n"
                "-- next file\n"
                "ALTER TABLE orders VALIDATE CONSTRAINT orders_customer_fk;\n",
        .kinds = ON(ADD_CONSTRAINT) | ON(ADD_COLUMN),
        .place = HAS_REFERENCES,
        .match = looks_up_rows,
    },
    {
        .name = "constraint-unique",
        .level = LINT_ERROR,
        .what =
            "adding UNIQUE or PRIMARY KEY builds an index while all other access to @ is blocked",
        .lock = "ACCESS EXCLUSIVE on the table until the index is built; reads and writes wait",
        .safe =
            "CREATE UNIQUE INDEX CONCURRENTLY in a file of its own, then ADD CONSTRAINT … USING INDEX. For a primary key, make the columns NOT NULL first (see column-not-null)",
        .bad = "ALTER TABLE orders ADD CONSTRAINT orders_number_key UNIQUE (number);\n",
        .good =
            "CREATE UNIQUE INDEX CONCURRENTLY orders_number_key ON orders (number);\n"
            "-- next file\n"
            "ALTER TABLE orders ADD CONSTRAINT orders_number_key UNIQUE USING INDEX orders_number_key;\n",
        .kinds = ON(ADD_CONSTRAINT) | ON(ADD_COLUMN),
        .place = HAS_UNIQUE,
        .match = builds_index,
    },
    {
        .name = "constraint-exclude",
        .level = LINT_ERROR,
        .what =
            "adding an exclusion constraint builds an index while all other access to @ is blocked",
        .lock =
            "ACCESS EXCLUSIVE on the table until the index is built and every row has been compared; reads and writes wait",
        .safe =
            "An exclusion constraint cannot be added to an existing table in any other way. Create a new table that has it from the beginning and fill it in batches, or choose a time at which the table may be unavailable",
        .bad = "ALTER TABLE bookings ADD EXCLUDE USING gist (room WITH =, during WITH &&);\n",
        .good = "CREATE TABLE bookings_new (room int, during tstzrange,\n"
                "    EXCLUDE USING gist (room WITH =, during WITH &&));\n",
        .kinds = ON(ADD_CONSTRAINT),
        .place = HAS_EXCLUDE,
        .match = excludes,
    },
    {
        .name = "constraint-validate",
        .level = LINT_ERROR,
        .what = "VALIDATE CONSTRAINT scans @ while a lock taken by an earlier statement is held",
        .lock =
            "VALIDATE CONSTRAINT itself takes only SHARE UPDATE EXCLUSIVE, but the stronger lock that this file has already taken on the table is held until the transaction ends",
        .safe = "VALIDATE CONSTRAINT in a file of its own",
        .bad = "ALTER TABLE orders ADD CONSTRAINT net_positive CHECK (net > 0) NOT VALID;\n"
               "ALTER TABLE orders VALIDATE CONSTRAINT net_positive;\n",
        .good = "ALTER TABLE orders ADD CONSTRAINT net_positive CHECK (net > 0) NOT VALID;\n"
                "-- next file\n"
                "ALTER TABLE orders VALIDATE CONSTRAINT net_positive;\n",
        .kinds = ON(VALIDATE),
        .place = HASES,
        .match = is_locked_already,
    },
    {
        .name = "domain-constraint",
        .level = LINT_ERROR,
        .what =
            "adding a constraint to the domain @ scans every table that has a column of this domain",
        .lock =
            "SHARE on each of these tables until all of them have been checked. INSERT, UPDATE and DELETE wait",
        .safe =
            "ALTER DOMAIN … ADD CONSTRAINT … NOT VALID. VALIDATE CONSTRAINT takes the same lock, so run it at a quiet time; or use a CHECK constraint on each table instead",
        .bad = "ALTER DOMAIN email ADD CONSTRAINT has_at CHECK (value LIKE '%@%');\n",
        .good = "ALTER DOMAIN email ADD CONSTRAINT has_at CHECK (value LIKE '%@%') NOT VALID;\n",
        .kinds = ON(ALTER_DOMAIN),
        .place = HAS_CHECK,
        .match = checks_domain,
    },
    {.name = NULL},
};
