/* action_column.c: the definition of a column, and constraints (pure). */
#include <string.h>

#include "migrate/lint/action_read.h"
#include "migrate/lint/volatile.h"

/* Words that begin what stands behind the default of a column. */
static bool
ends_default(const struct cursor *c)
{
    static const char *const words[] = {"constraint", "not",        "null",       "check",
                                        "unique",     "primary",    "references", "generated",
                                        "collate",    "deferrable", "initially"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (cursor_is(c, words[i]))
            return true;
    return false;
}

/* A name is at hand: behind it, and what it calls is noted. */
static void
read_call(struct cursor *c, struct action *a)
{
    struct cursor at = *c;
    struct lint_name name;

    lint_name_read(c, &name);
    if (!cursor_is_char(c, '(') || lint_call_is_stable(name.name) || action_has(a, HAS_CALLS))
        return;
    action_note(a, HAS_CALLS, &at);
    memcpy(a->call, name.name, sizeof(a->call));
}

/* Behind DEFAULT: its expression. */
static void
read_default(struct cursor *c, struct action *a)
{
    struct lint_type type;
    size_t depth = 0;
    bool first = true;

    for (; !cursor_at_end(c) && (first || depth || !ends_default(c)); first = false) {
        depth += cursor_is_char(c, '(');
        depth -= depth && cursor_is_char(c, ')');
        if (c->t.kind == TOKEN_WORD || c->t.kind == TOKEN_IDENT) {
            read_call(c, a);
        } else if (c->t.kind == TOKEN_OPERATOR && c->ts.text[c->t.offset] == ':') {
            cursor_next(c);
            lint_type_read(c, &type);
        } else {
            cursor_next(c);
        }
    }
}

/* GENERATED {ALWAYS|BY DEFAULT} AS {IDENTITY [(…)] | (expression) [STORED|VIRTUAL]} */
static void
read_generated(struct cursor *c, struct action *a)
{
    struct cursor at = *c;

    cursor_next(c);
    cursor_accept(c, "always");
    if (cursor_accept(c, "by"))
        cursor_accept(c, "default");
    cursor_accept(c, "as");
    if (cursor_accept(c, "identity")) {
        action_note(a, HAS_SERIAL, &at);
        if (cursor_is_char(c, '('))
            cursor_skip_parens(c);
        return;
    }
    if (cursor_is_char(c, '('))
        cursor_skip_parens(c);
    if (cursor_is(c, "stored"))
        action_note(a, HAS_STORED, &at);
}

/* REFERENCES t [(a)] [MATCH x] [ON DELETE …] [ON UPDATE …] */
static void
read_references(struct cursor *c, struct action *a)
{
    action_note(a, HAS_REFERENCES, c);
    cursor_next(c);
    lint_name_read(c, &a->other);
    while (!cursor_at_end(c)) {
        if (cursor_is_char(c, '(')) {
            cursor_skip_parens(c);
        } else if (cursor_accept(c, "match")) {
            cursor_next(c);
        } else if (cursor_accept(c, "on")) {
            cursor_next(c); /* DELETE, UPDATE */
            if (!cursor_accept(c, "set"))
                cursor_accept(c, "no");
            cursor_next(c); /* NULL, DEFAULT; ACTION; CASCADE, RESTRICT */
        } else {
            return;
        }
    }
}

/* At a CHECK's parenthesis: it says (column IS NOT NULL), and nothing else. */
static void
read_nullness(struct cursor c, struct action *a)
{
    struct cursor at = c;
    char column[LINT_NAME_MAX];
    size_t depth = 0;

    while (cursor_accept_char(&c, '('))
        depth++;
    lint_name_part(&c, column);
    if (!cursor_accept(&c, "is") || !cursor_accept(&c, "not") || !cursor_accept(&c, "null"))
        return;
    while (depth && cursor_accept_char(&c, ')'))
        depth--;
    if (depth)
        return;
    action_note(a, HAS_NULLNESS, &at);
    memcpy(a->column, column, sizeof(a->column));
}

/* Behind the kind of a table's constraint: what else it says. */
static void
read_tail(struct cursor *c, struct action *a)
{
    while (!cursor_at_end(c)) {
        struct cursor at = *c;
        if (cursor_is_char(c, '(')) {
            cursor_skip_parens(c);
        } else if (cursor_is(c, "references")) {
            read_references(c, a);
        } else if (cursor_accept(c, "not")) {
            if (cursor_is(c, "valid"))
                action_note(a, HAS_NOT_VALID, &at);
        } else if (cursor_accept(c, "using")) {
            if (cursor_accept(c, "index") && !cursor_is(c, "tablespace"))
                action_note(a, HAS_USING_INDEX, &at);
        } else {
            cursor_next(c);
        }
    }
}

bool
action_read_constraint(struct cursor *c, struct action *a)
{
    if (cursor_accept(c, "constraint"))
        lint_name_part(c, a->part);
    struct cursor at = *c;
    if (action_accept(c, "check", a, HAS_CHECK))
        read_nullness(*c, a);
    else if (cursor_accept(c, "foreign"))
        action_note(a, HAS_REFERENCES, &at);
    else if (cursor_accept(c, "primary"))
        action_note(a, HAS_PRIMARY, &at);
    else if (cursor_accept(c, "not") && cursor_accept(c, "null")) {
        action_note(a, HAS_NOT_NULL, &at);
        lint_name_part(c, a->column);
    } else if (!action_accept(c, "unique", a, HAS_UNIQUE) &&
               !action_accept(c, "exclude", a, HAS_EXCLUDE)) {
        return false;
    }
    read_tail(c, a);
    return true;
}

/* One constraint of a column, or what else may stand there. */
static void
read_column_part(struct cursor *c, struct action *a)
{
    struct cursor at = *c;

    if (cursor_accept(c, "constraint")) {
        cursor_next(c);
        at = *c;
    }
    if (cursor_is(c, "generated")) {
        read_generated(c, a);
    } else if (action_accept(c, "default", a, HAS_DEFAULT)) {
        read_default(c, a);
    } else if (cursor_is(c, "references")) {
        read_references(c, a);
    } else if (cursor_accept(c, "not")) {
        if (cursor_accept(c, "null"))
            action_note(a, HAS_NOT_NULL, &at);
    } else if (cursor_is_char(c, '(')) {
        cursor_skip_parens(c);
    } else if (!action_accept(c, "check", a, HAS_CHECK) &&
               !action_accept(c, "unique", a, HAS_UNIQUE) &&
               !action_accept(c, "primary", a, HAS_PRIMARY)) {
        cursor_next(c);
    }
}

void
action_read_column(struct cursor *c, struct action *a)
{
    lint_name_part(c, a->column);
    struct cursor at = *c;
    lint_type_read(c, &a->type);
    if (lint_type_is_serial(&a->type))
        action_note(a, HAS_SERIAL, &at);
    while (!cursor_at_end(c))
        read_column_part(c, a);
}
