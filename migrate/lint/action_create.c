/* action_create.c: CREATE, DROP, and changes of data (pure). */
#include <string.h>

#include "migrate/lint/action_read.h"

/* At an opening parenthesis: what stands within it; moves behind it. */
static struct cursor
inside(struct cursor *c)
{
    struct cursor in = *c;
    size_t depth = 0;
    size_t end;

    do {
        end = c->t.offset;
        depth += cursor_is_char(c, '(');
        depth -= depth && cursor_is_char(c, ')');
        cursor_next(c);
    } while (depth && !cursor_at_end(c));
    in.ts.len = end;
    cursor_next(&in);
    return in;
}

/* An element of CREATE TABLE that is no column. */
static bool
is_table_part(struct cursor *c)
{
    static const char *const words[] = {"constraint", "check",   "foreign", "primary",
                                        "unique",     "exclude", "like",    "period"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (cursor_is(c, words[i]))
            return true;
    return cursor_at_end(c);
}

static void
read_columns(struct reader *r, const struct action *table)
{
    struct cursor in = inside(&r->c);

    while (!cursor_at_end(&in)) {
        struct action a = *table;
        struct cursor piece = action_piece(&in);
        if (is_table_part(&piece))
            continue;
        a.kind = ACTION_COLUMN;
        a.offset = piece.t.offset;
        a.has = 0;
        action_read_column(&piece, &a);
        r->found(r->arg, &a);
    }
}

/* [IF NOT EXISTS] name {(columns) | PARTITION OF parent | AS query | OF type} */
static void
create_table(struct reader *r, struct action *a)
{
    struct cursor *c = &r->c;
    struct cursor rest;

    action_skip_if(c);
    lint_name_read(c, &a->table);
    rest = *c;
    while (!cursor_at_end(&rest)) {
        if (cursor_is(&rest, "as"))
            action_note(a, HAS_QUERY, &rest);
        if (cursor_is_char(&rest, '('))
            cursor_skip_parens(&rest);
        else
            cursor_next(&rest);
    }
    rest = *c;
    if (cursor_accept(&rest, "partition") && cursor_accept(&rest, "of"))
        lint_name_read(&rest, &a->other);
    a->kind = ACTION_CREATE_TABLE;
    r->found(r->arg, a);
    if (cursor_is_char(c, '('))
        read_columns(r, a);
}

/* [CONCURRENTLY] [[IF NOT EXISTS] name] ON [ONLY] table … */
static void
create_index(struct reader *r, struct action *a)
{
    struct cursor *c = &r->c;

    action_accept(c, "concurrently", a, HAS_CONCURRENTLY);
    action_skip_if(c);
    if (!cursor_is(c, "on"))
        lint_name_read(c, &a->other);
    cursor_accept(c, "on");
    action_accept(c, "only", a, HAS_ONLY);
    lint_name_read(c, &a->table);
    a->kind = ACTION_CREATE_INDEX;
    r->found(r->arg, a);
}

/* name … ON table … */
static void
create_trigger(struct reader *r, struct action *a)
{
    struct cursor *c = &r->c;

    lint_name_part(c, a->part);
    while (!cursor_at_end(c) && !cursor_is(c, "on"))
        cursor_next(c);
    cursor_accept(c, "on");
    lint_name_read(c, &a->table);
    a->kind = ACTION_CREATE_TRIGGER;
    r->found(r->arg, a);
}

/* name (…) … IMMUTABLE|STABLE … */
static void
create_function(struct reader *r, struct action *a)
{
    struct cursor *c = &r->c;

    lint_name_read(c, &a->table);
    if (cursor_is_char(c, '('))
        cursor_skip_parens(c);
    for (; !cursor_at_end(c); cursor_next(c))
        if (cursor_is(c, "immutable") || cursor_is(c, "stable"))
            action_note(a, HAS_STABLE, c);
    a->kind = ACTION_CREATE_FUNCTION;
    r->found(r->arg, a);
}

static void
create_other(struct reader *r, struct action *a)
{
    struct cursor *c = &r->c;

    a->kind = ACTION_OTHER;
    if (cursor_accept(c, "type") || cursor_accept(c, "domain")) {
        lint_name_read(c, &a->table);
        a->kind = ACTION_CREATE_TYPE;
    } else if (cursor_accept(c, "materialized") && cursor_accept(c, "view")) {
        action_skip_if(c);
        lint_name_read(c, &a->table);
        action_note(a, HAS_QUERY, c);
        a->kind = ACTION_CREATE_TABLE;
    }
    r->found(r->arg, a);
}

void
action_create(struct reader *r, struct action *a)
{
    struct cursor *c = &r->c;

    if (cursor_accept(c, "or"))
        cursor_accept(c, "replace");
    while (cursor_accept(c, "global") || cursor_accept(c, "local") || cursor_accept(c, "temp") ||
           cursor_accept(c, "temporary") || cursor_accept(c, "unlogged") ||
           cursor_accept(c, "foreign") || cursor_accept(c, "unique") ||
           cursor_accept(c, "constraint"))
        continue;
    if (cursor_accept(c, "table"))
        create_table(r, a);
    else if (cursor_accept(c, "index"))
        create_index(r, a);
    else if (cursor_accept(c, "trigger"))
        create_trigger(r, a);
    else if (cursor_accept(c, "function"))
        create_function(r, a);
    else
        create_other(r, a);
}

/* a, b …: an action each. */
static void
drop_each(struct reader *r, struct action *a, enum action_kind kind)
{
    struct cursor *c = &r->c;

    action_skip_if(c);
    a->kind = kind;
    do {
        if (lint_name_read(c, &a->table))
            r->found(r->arg, a);
        if (cursor_is_char(c, '('))
            cursor_skip_parens(c);
    } while (cursor_accept_char(c, ','));
}

/* DROP TRIGGER [IF EXISTS] name ON table */
static void
drop_trigger(struct reader *r, struct action *a)
{
    struct cursor *c = &r->c;

    action_skip_if(c);
    lint_name_part(c, a->part);
    cursor_accept(c, "on");
    lint_name_read(c, &a->table);
    a->kind = ACTION_DROP_TRIGGER;
    r->found(r->arg, a);
}

void
action_drop(struct reader *r, struct action *a)
{
    struct cursor *c = &r->c;

    action_read_cascade(*c, a);
    if (cursor_accept(c, "index")) {
        action_accept(c, "concurrently", a, HAS_CONCURRENTLY);
        drop_each(r, a, ACTION_DROP_INDEX);
    } else if (cursor_accept(c, "trigger")) {
        drop_trigger(r, a);
    } else if (cursor_accept(c, "table") || cursor_accept(c, "schema")) {
        drop_each(r, a, ACTION_DROP_TABLE);
    } else {
        cursor_accept(c, "materialized");
        cursor_next(c);
        drop_each(r, a, ACTION_DROP_OTHER);
    }
}

/* Behind the table: WHERE and FROM outside parentheses. */
static void
read_data_tail(struct cursor *c, struct action *a)
{
    while (!cursor_at_end(c)) {
        struct cursor at = *c;
        if (cursor_is_char(c, '(')) {
            cursor_skip_parens(c);
            continue;
        }
        action_accept(c, "where", a, HAS_WHERE);
        if (cursor_accept(c, "from")) {
            bool listed = cursor_accept_char(c, '(') && cursor_is(c, "values");
            if (!listed)
                action_note(a, HAS_FROM, &at);
            *c = at;
        }
        cursor_next(c);
    }
}

void
action_data(struct reader *r, struct action *a)
{
    struct cursor *c = &r->c;

    while (!cursor_at_end(c) && !cursor_is(c, "update") && !cursor_is(c, "delete") &&
           !cursor_is(c, "insert") && !cursor_is(c, "merge") && !cursor_is(c, "select")) {
        if (cursor_is_char(c, '('))
            cursor_skip_parens(c);
        else
            cursor_next(c);
    }
    a->kind = ACTION_OTHER;
    if (action_accept(c, "merge", a, HAS_WHERE) || cursor_accept(c, "update"))
        a->kind = ACTION_UPDATE;
    else if (cursor_accept(c, "delete"))
        a->kind = ACTION_DELETE;
    else if (cursor_accept(c, "insert"))
        a->kind = ACTION_INSERT;
    if (a->kind == ACTION_DELETE)
        cursor_accept(c, "from");
    else
        cursor_accept(c, "into");
    cursor_accept(c, "only");
    lint_name_read(c, &a->table);
    read_data_tail(c, a);
    r->found(r->arg, a);
}
