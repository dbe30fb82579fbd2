/* action_alter.c: ALTER TABLE and its kin, sub-command by sub-command (pure). */
#include <string.h>

#include "migrate/lint/action_read.h"

/* ADD [COLUMN] [IF NOT EXISTS] name type …, or a constraint */
static enum action_kind
read_add(struct cursor *c, struct action *a)
{
    struct cursor before = *c;

    if (!cursor_accept(c, "column")) {
        if (action_read_constraint(c, a))
            return ACTION_ADD_CONSTRAINT;
        *c = before;
    }
    action_skip_if(c);
    action_read_column(c, a);
    return ACTION_ADD_COLUMN;
}

static enum action_kind
read_drop(struct cursor *c, struct action *a)
{
    action_read_cascade(*c, a);
    if (cursor_accept(c, "constraint")) {
        action_skip_if(c);
        lint_name_part(c, a->part);
        return ACTION_ALTER;
    }
    cursor_accept(c, "column");
    action_skip_if(c);
    lint_name_part(c, a->column);
    return ACTION_DROP_COLUMN;
}

/* [COLLATE x] [USING expression]: column::type alone is what happens without it. */
static void
read_type_tail(struct cursor *c, struct action *a)
{
    char column[LINT_NAME_MAX];
    struct lint_type type;
    struct cursor at = *c;

    if (cursor_accept(c, "collate"))
        action_note(a, HAS_USING, &at);
    at = *c;
    if (!cursor_accept(c, "using"))
        return;
    lint_name_part(c, column);
    if (c->t.kind == TOKEN_OPERATOR && c->t.bytes == 2 && c->ts.text[c->t.offset] == ':') {
        cursor_next(c);
        lint_type_read(c, &type);
    } else if (!cursor_at_end(c)) {
        action_note(a, HAS_USING, &at);
    }
    if (!cursor_at_end(c) || strcmp(column, a->column) != 0)
        action_note(a, HAS_USING, &at);
}

/* ALTER [COLUMN] name … */
static enum action_kind
read_alter_column(struct cursor *c, struct action *a)
{
    cursor_accept(c, "column");
    lint_name_part(c, a->column);
    if (cursor_accept(c, "type")) {
        lint_type_read(c, &a->type);
        read_type_tail(c, a);
        return ACTION_COLUMN_TYPE;
    }
    if (cursor_accept(c, "drop"))
        return cursor_accept(c, "not") ? ACTION_DROP_NOT_NULL : ACTION_ALTER;
    if (!cursor_accept(c, "set"))
        return ACTION_ALTER; /* ADD GENERATED, RESTART */
    if (cursor_accept(c, "data") && cursor_accept(c, "type")) {
        lint_type_read(c, &a->type);
        read_type_tail(c, a);
        return ACTION_COLUMN_TYPE;
    }
    if (cursor_accept(c, "not"))
        return ACTION_SET_NOT_NULL;
    if (cursor_is(c, "expression"))
        return ACTION_SET_EXPRESSION;
    return cursor_is(c, "statistics") || cursor_is_char(c, '(') ? ACTION_ALTER_SOFT : ACTION_ALTER;
}

/* RENAME [COLUMN] a TO b | RENAME CONSTRAINT a TO b | RENAME TO b */
static enum action_kind
read_rename(struct cursor *c, struct action *a)
{
    if (cursor_accept(c, "to")) {
        lint_name_part(c, a->other.name);
        return ACTION_RENAME_TABLE;
    }
    if (cursor_is(c, "constraint"))
        return ACTION_ALTER;
    cursor_accept(c, "column");
    lint_name_part(c, a->column);
    cursor_accept(c, "to");
    lint_name_part(c, a->part);
    return ACTION_RENAME_COLUMN;
}

static enum action_kind
read_set(struct cursor *c, struct action *a)
{
    if (cursor_is(c, "logged") || cursor_is(c, "unlogged"))
        return ACTION_SET_LOGGED;
    if (cursor_is(c, "tablespace"))
        return ACTION_SET_TABLESPACE;
    if (cursor_accept(c, "access"))
        return ACTION_SET_ACCESS_METHOD;
    if (cursor_accept(c, "schema")) {
        lint_name_part(c, a->other.schema);
        memcpy(a->other.name, a->table.name, sizeof(a->other.name));
        return ACTION_RENAME_TABLE;
    }
    return cursor_is_char(c, '(') || cursor_is(c, "without") ? ACTION_ALTER_SOFT : ACTION_ALTER;
}

static enum action_kind
read_partition(struct cursor *c, struct action *a, enum action_kind kind)
{
    if (!cursor_accept(c, "partition"))
        return ACTION_ALTER; /* of an index */
    lint_name_read(c, &a->other);
    action_accept(c, "concurrently", a, HAS_CONCURRENTLY);
    if (kind == ACTION_DETACH && cursor_is(c, "finalize"))
        action_note(a, HAS_CONCURRENTLY, c);
    return kind;
}

/* ENABLE|DISABLE [ALWAYS|REPLICA] TRIGGER …; RULE and ROW LEVEL SECURITY are others */
static enum action_kind
read_switch(struct cursor *c, struct action *a)
{
    if (!cursor_accept(c, "always"))
        cursor_accept(c, "replica");
    if (!cursor_accept(c, "trigger"))
        return ACTION_ALTER;
    lint_name_part(c, a->part);
    return ACTION_SWITCH_TRIGGER;
}

static enum action_kind
read_validate(struct cursor *c, struct action *a)
{
    cursor_accept(c, "constraint");
    lint_name_part(c, a->part);
    return ACTION_VALIDATE;
}

/* One sub-command, c: all of it. */
static enum action_kind
read_sub_command(struct cursor *c, struct action *a)
{
    if (cursor_accept(c, "add"))
        return read_add(c, a);
    if (cursor_accept(c, "drop"))
        return read_drop(c, a);
    if (cursor_accept(c, "alter"))
        return cursor_accept(c, "constraint") ? ACTION_ALTER : read_alter_column(c, a);
    if (cursor_accept(c, "rename"))
        return read_rename(c, a);
    if (cursor_accept(c, "set"))
        return read_set(c, a);
    if (cursor_accept(c, "attach"))
        return read_partition(c, a, ACTION_ATTACH);
    if (cursor_accept(c, "detach"))
        return read_partition(c, a, ACTION_DETACH);
    if (cursor_accept(c, "enable") || cursor_accept(c, "disable"))
        return read_switch(c, a);
    if (cursor_accept(c, "validate"))
        return read_validate(c, a);
    return cursor_is(c, "cluster") || cursor_is(c, "reset") ? ACTION_ALTER_SOFT : ACTION_ALTER;
}

/* The sub-commands behind the name of the table. */
static void
read_sub_commands(struct reader *r, const struct action *head)
{
    struct action a = *head;

    if (cursor_at_end(&r->c)) {
        a.kind = ACTION_OTHER; /* it was cut off */
        r->found(r->arg, &a);
        return;
    }
    do {
        a = *head;
        struct cursor piece = action_piece(&r->c);
        a.offset = piece.t.offset;
        a.kind = read_sub_command(&piece, &a);
        r->found(r->arg, &a);
    } while (!cursor_at_end(&r->c));
}

/* Behind ALTER [FOREIGN] TABLE, MATERIALIZED VIEW, VIEW, INDEX. */
void
action_alter_table(struct reader *r, struct action *a)
{
    struct cursor *c = &r->c;

    action_skip_if(c);
    action_accept(c, "only", a, HAS_ONLY);
    if (cursor_is(c, "all")) {
        a->kind = ACTION_SET_TABLESPACE;
        r->found(r->arg, a);
        return;
    }
    lint_name_read(c, &a->table);
    cursor_accept_char(c, '*');
    read_sub_commands(r, a);
}

/* ALTER TYPE name ADD VALUE [IF NOT EXISTS] 'x' … */
static enum action_kind
read_type(struct cursor *c, struct action *a)
{
    lint_name_read(c, &a->table);
    if (!cursor_accept(c, "add") || !cursor_accept(c, "value"))
        return ACTION_ALTER_SOFT;
    action_skip_if(c);
    if (!token_value(&c->ts, &c->t, a->part, sizeof(a->part)))
        a->part[0] = '\0';
    return ACTION_ADD_VALUE;
}

/* ALTER DOMAIN name {ADD [CONSTRAINT x] CHECK (…) [NOT VALID] | SET NOT NULL | …} */
static enum action_kind
read_domain(struct cursor *c, struct action *a)
{
    struct cursor at = *c;

    lint_name_read(c, &a->table);
    if (cursor_accept(c, "add"))
        action_read_constraint(c, a);
    else if (cursor_accept(c, "set") && cursor_accept(c, "not"))
        action_note(a, HAS_NOT_NULL, &at);
    return ACTION_ALTER_DOMAIN;
}

void
action_alter(struct reader *r, struct action *a)
{
    struct cursor *c = &r->c;

    cursor_accept(c, "foreign");
    cursor_accept(c, "materialized");
    if (cursor_accept(c, "table") || cursor_accept(c, "view")) {
        action_alter_table(r, a);
        return;
    }
    a->kind = ACTION_OTHER;
    if (cursor_accept(c, "index")) {
        struct action index = *a;
        action_skip_if(c);
        lint_name_read(c, &index.table);
        while (!cursor_at_end(c) && !cursor_is(c, "tablespace"))
            cursor_next(c);
        index.kind = cursor_at_end(c) ? ACTION_OTHER : ACTION_SET_TABLESPACE;
        r->found(r->arg, &index);
        return;
    }
    if (cursor_accept(c, "type"))
        a->kind = read_type(c, a);
    else if (cursor_accept(c, "domain"))
        a->kind = read_domain(c, a);
    r->found(r->arg, a);
}
