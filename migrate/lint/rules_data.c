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
        .what = "a value that this file adds to an enum cannot be used before it is committed",
        .lock = "none: the statement fails (55P04)",
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
        .what = "rows are changed while @ stays locked by a statement before",
        .lock =
            "the lock of that statement (often ACCESS EXCLUSIVE) is kept until the transaction ends, so for as long as "
            "this one takes: reads or writes wait",
        .safe =
            "the change of the schema in one file, that of the rows in a later one, or in batches from outside",
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
        .what = "every row of @ is changed by one statement",
        .lock =
            "each row, until the transaction ends: other writers of these rows wait; the table can grow to twice its size, and VACUUM "
            "can remove nothing meanwhile",
        .safe =
            "batches of some thousand rows from outside a migration's transaction; in a file: a DO block that commits, with transaction=off",
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
        .what = "the lock on @ is kept while this statement waits for another table's",
        .lock =
            "both until the transaction ends: with a transaction that takes them in the other order that is a deadlock, and while "
            "it waits for the second, the first one keeps everybody waiting",
        .safe = "a file for each table: each has a transaction of its own",
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
        .what = "SET without LOCAL outlives the transaction",
        .lock =
            "none; migrate resets its own session behind each file, but a pooler that hands out connections by transaction "
            "gives what was set to whoever comes next",
        .safe =
            "SET LOCAL, which ends with the transaction; time-outs in the header: lock_timeout=, statement_timeout=",
        .bad = "SET search_path TO shop;\n",
        .good = "SET LOCAL search_path TO shop;\n",
        .flags = LINT_NEW_TOO | LINT_ONCE,
        .kinds = ON(SET),
        .place = HASES,
        .match = outlives_file,
    },
    {.name = NULL},
};
