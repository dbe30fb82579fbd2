/* rules_data.c: rows, values and sessions; what statements of a file do to each other (pure). */
#include <string.h>

#include "migrate/lint/lint_rules.h"

/* A string of the statement is a value that this file added to an enum. */
static bool
uses_new_value(const struct lint *l, const struct action *a, size_t *at)
{
    const struct statement *st = l->st;
    struct token_scan ts = token_on(l->file.text + st->offset, st->sql_bytes, st->backslashes);
    struct token t;
    char value[LINT_NAME_MAX];

    (void)a;
    if (!l->file.transaction || l->n_actions || !known_first(&l->known, KNOWN_VALUE))
        return false;
    while (token_next(&ts, &t)) {
        if (t.kind != TOKEN_STRING || ts.text[t.offset] == '$' ||
            !token_value(&ts, &t, value, sizeof(value)))
            continue;
        for (size_t i = 0; i < l->known.n; i++)
            if (l->known.items[i].kind == KNOWN_VALUE &&
                strcmp(l->known.items[i].part, value) == 0) {
                *at = t.offset;
                return true;
            }
    }
    return false;
}

static bool
may_take_long(const struct lint *l, const struct action *a)
{
    if (a->kind == ACTION_INSERT)
        return action_has(a, HAS_FROM);
    if (lint_is_new(l, KNOWN_TABLE, &a->table))
        return false;
    return !action_has(a, HAS_WHERE) || known_find(&l->known, KNOWN_LOCK, &a->table, "");
}

static bool
keeps_lock(const struct lint *l, const struct action *a, size_t *at)
{
    (void)at;
    return lint_locked(l) && may_take_long(l, a);
}

static bool
changes_all(const struct lint *l, const struct action *a, size_t *at)
{
    return !action_has(a, HAS_WHERE) && !keeps_lock(l, a, at);
}

static bool
locks_another(const struct lint *l, const struct action *a, size_t *at)
{
    const struct lint_name *first = lint_locked(l);

    (void)at;
    return l->file.transaction && first && lint_locks(a) && !lint_name_same(first, &a->table);
}

static bool
outlives_file(const struct lint *l, const struct action *a, size_t *at)
{
    (void)at;
    return l->file.transaction && !action_has(a, HAS_LOCAL);
}

const struct lint_rule lint_rules_data[] = {
    {
        .name = "enum-value-used",
        .level = LINT_ERROR,
        .what = "an enum value added by this file cannot be used before it is committed",
        .lock = "None. The statement fails (55P04)",
        .safe = "ALTER TYPE … ADD VALUE in a file of its own, before this one",
        .bad = "ALTER TYPE state ADD VALUE 'archived';\n"
               "UPDATE orders SET state = 'archived' WHERE number = 1;\n",
        .good = "ALTER TYPE state ADD VALUE 'archived';\n"
                "-- next file\n"
                "UPDATE orders SET state = 'archived' WHERE number = 1;\n",
        .flags = LINT_NEW_TOO,
        .kinds = ON_ANY & ~(ON(ADD_VALUE) | ON(ALTER_SOFT)),
        .place = HASES,
        .match = uses_new_value,
    },
    {
        .name = "data-under-lock",
        .level = LINT_ERROR,
        .what = "rows are modified while @ is locked by an earlier statement",
        .lock =
            "The lock taken by that statement, often ACCESS EXCLUSIVE, is held until the transaction ends, and therefore while the rows are modified; reads or writes wait",
        .safe =
            "Change the schema in one file and the rows in a later one, or in batches outside of migrations",
        .bad = "ALTER TABLE orders ADD COLUMN total numeric;\n"
               "UPDATE orders SET total = net + tax;\n",
        .good = "ALTER TABLE orders ADD COLUMN total numeric;\n",
        .flags = LINT_NEW_TOO | LINT_ABOUT_LOCKED,
        .kinds = ON(UPDATE) | ON(DELETE) | ON(INSERT),
        .place = HASES,
        .match = keeps_lock,
    },
    {
        .name = "data-all-rows",
        .level = LINT_WARNING,
        .what = "a single statement modifies every row of @",
        .lock =
            "A lock on each row until the transaction ends, for which other writers wait. The table can grow to twice its size, and VACUUM cannot remove dead rows in the meantime",
        .safe =
            "Batches of a few thousand rows, outside of migrations; or, in a file with transaction=off, a DO block that commits",
        .bad = "UPDATE orders SET total = net + tax;\n",
        .good =
            "UPDATE orders SET total = net + tax WHERE id BETWEEN 1 AND 5000 AND total IS NULL;\n",
        .kinds = ON(UPDATE) | ON(DELETE),
        .place = HASES,
        .match = changes_all,
    },
    {
        .name = "lock-order",
        .level = LINT_WARNING,
        .what = "the lock on @ is held while this statement waits for a lock on another table",
        .lock =
            "Both until the transaction ends. Another transaction that takes them in the opposite order causes a deadlock, and while the second lock is awaited, queries on the first table wait as well",
        .safe = "A separate file for each table, which runs in a transaction of its own",
        .bad = "ALTER TABLE orders ADD COLUMN note text;\n"
               "ALTER TABLE customers ADD COLUMN note text;\n",
        .good = "ALTER TABLE orders ADD COLUMN note text;\n"
                "-- next file\n"
                "ALTER TABLE customers ADD COLUMN note text;\n",
        .flags = LINT_ABOUT_LOCKED | LINT_ONCE,
        .kinds = ON_ANY,
        .place = HASES,
        .match = locks_another,
    },
    {
        .name = "session-set",
        .level = LINT_WARNING,
        .what = "SET without LOCAL remains in effect after the transaction",
        .lock =
            "None. migrate resets its own session after each file, but a connection pooler in transaction mode passes the setting on to another client",
        .safe =
            "SET LOCAL, which ends with the transaction; for timeouts, lock_timeout= and statement_timeout= in the header",
        .bad = "SET search_path TO shop;\n",
        .good = "SET LOCAL search_path TO shop;\n",
        .flags = LINT_NEW_TOO | LINT_ONCE,
        .kinds = ON(SET),
        .place = HASES,
        .match = outlives_file,
    },
    {.name = NULL},
};
