/* type.c: types of columns (pure). */
#include "migrate/lint/type.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *written;
    const char *name;
} aliases[] = {
    {"bigint", "int8"},         {"int", "int4"},
    {"integer", "int4"},        {"smallint", "int2"},
    {"decimal", "numeric"},     {"dec", "numeric"},
    {"real", "float4"},         {"boolean", "bool"},
    {"serial4", "serial"},      {"serial8", "bigserial"},
    {"serial2", "smallserial"}, {"char", "bpchar"},
    {"character", "bpchar"},    {"nchar", "bpchar"},
};

bool
lint_type_is_serial(const struct lint_type *t)
{
    return strcmp(t->name, "serial") == 0 || strcmp(t->name, "bigserial") == 0 ||
           strcmp(t->name, "smallserial") == 0;
}

static void
set_name(struct lint_type *t, const char *name)
{
    snprintf(t->name, sizeof(t->name), "%s", name);
}

/* (10, 2) */
static void
read_modifiers(struct cursor *c, struct lint_type *t)
{
    struct cursor in = *c;

    if (!cursor_is_char(c, '('))
        return;
    cursor_skip_parens(c);
    cursor_next(&in);
    while (in.t.kind == TOKEN_NUMBER && t->n_modifiers < 2) {
        char digits[16] = "";
        memcpy(digits, in.ts.text + in.t.offset,
               in.t.bytes < sizeof(digits) ? in.t.bytes : sizeof(digits) - 1);
        t->modifiers[t->n_modifiers++] = strtol(digits, NULL, 10);
        cursor_next(&in);
        cursor_accept_char(&in, ',');
    }
}

/* timestamp [(p)] [WITH|WITHOUT TIME ZONE] */
static void
read_zone(struct cursor *c, struct lint_type *t)
{
    bool with = cursor_is(c, "with");

    if (strcmp(t->name, "timestamp") != 0 && strcmp(t->name, "time") != 0)
        return;
    struct cursor ahead = *c;
    cursor_next(&ahead);
    if ((!with && !cursor_is(c, "without")) || !cursor_accept(&ahead, "time") ||
        !cursor_accept(&ahead, "zone"))
        return;
    *c = ahead;
    if (with)
        memcpy(t->name + strlen(t->name), "tz", sizeof("tz"));
}

static void
read_array(struct cursor *c, struct lint_type *t)
{
    if (cursor_accept(c, "array"))
        t->is_array = true;
    while (cursor_accept_char(c, '[')) {
        t->is_array = true;
        while (!cursor_at_end(c) && !cursor_accept_char(c, ']'))
            cursor_next(c);
    }
}

/* The words of a name that is more than one: "double precision", "character varying". */
static void
read_more_words(struct cursor *c, struct lint_type *t)
{
    if (strcmp(t->name, "national") == 0) {
        set_name(t, "bpchar");
        cursor_next(c);
    }
    if (strcmp(t->name, "double") == 0 && cursor_accept(c, "precision"))
        set_name(t, "float8");
    if (strcmp(t->name, "bpchar") == 0 && cursor_accept(c, "varying"))
        set_name(t, "varchar");
    if (strcmp(t->name, "bit") == 0 && cursor_accept(c, "varying"))
        set_name(t, "varbit");
    while (strcmp(t->name, "interval") == 0 &&
           (cursor_accept(c, "year") || cursor_accept(c, "month") || cursor_accept(c, "day") ||
            cursor_accept(c, "hour") || cursor_accept(c, "minute") || cursor_accept(c, "second") ||
            cursor_accept(c, "to")))
        t->n_modifiers = 2; /* of its own kind: fits no other */
}

void
lint_type_read(struct cursor *c, struct lint_type *ret)
{
    *ret = (struct lint_type){.name = ""};
    cursor_accept(c, "setof");
    if (c->t.kind != TOKEN_WORD && c->t.kind != TOKEN_IDENT)
        return;
    bool quoted = c->t.kind == TOKEN_IDENT;
    for (;;) {
        if (!token_value(&c->ts, &c->t, ret->name, sizeof(ret->name)))
            ret->name[0] = '\0';
        cursor_next(c);
        if (!cursor_accept_char(c, '.'))
            break;
    }
    for (size_t i = 0; !quoted && i < sizeof(aliases) / sizeof(aliases[0]); i++)
        if (strcmp(ret->name, aliases[i].written) == 0)
            set_name(ret, aliases[i].name);
    read_more_words(c, ret);
    read_modifiers(c, ret);
    read_zone(c, ret);
    read_array(c, ret);
}

static bool
is(const struct lint_type *t, const char *name)
{
    return strcmp(t->name, name) == 0;
}

/* One length or precision that may only grow; none is the longest. */
static bool
grows(const struct lint_type *from, const struct lint_type *to)
{
    return to->n_modifiers == 0 || (from->n_modifiers == 1 && to->n_modifiers == 1 &&
                                    from->modifiers[0] <= to->modifiers[0]);
}

/* numeric(p, s): more digits, the same scale. */
static bool
grows_numeric(const struct lint_type *from, const struct lint_type *to)
{
    long from_scale = from->n_modifiers == 2 ? from->modifiers[1] : 0;
    long to_scale = to->n_modifiers == 2 ? to->modifiers[1] : 0;

    if (to->n_modifiers == 0)
        return true;
    return from->n_modifiers > 0 && from->modifiers[0] <= to->modifiers[0] &&
           from_scale == to_scale;
}

static bool
is_same(const struct lint_type *a, const struct lint_type *b)
{
    return is(a, b->name) && a->n_modifiers == b->n_modifiers && a->is_array == b->is_array &&
           a->modifiers[0] == b->modifiers[0] && a->modifiers[1] == b->modifiers[1];
}

bool
lint_type_fits(const struct lint_type *from, const struct lint_type *to, bool utc)
{
    static const char *const grow[] = {"varchar", "varbit",    "time",
                                       "timetz",  "timestamp", "timestamptz"};

    if (!from->name[0] || !to->name[0])
        return false;
    if (is_same(from, to))
        return !is(from, "interval") || from->n_modifiers < 2;
    if (from->is_array || to->is_array)
        return false;
    if (is(to, "text"))
        return is(from, "varchar") || is(from, "text");
    if ((is(from, "text") && is(to, "varchar")) || (is(from, "bit") && is(to, "varbit")))
        return to->n_modifiers == 0;
    if (is(from, "cidr") && is(to, "inet"))
        return true;
    if (is(from, "numeric") && is(to, "numeric"))
        return grows_numeric(from, to);
    if (utc && ((is(from, "timestamp") && is(to, "timestamptz")) ||
                (is(from, "timestamptz") && is(to, "timestamp"))))
        return grows(from, to);
    for (size_t i = 0; i < sizeof(grow) / sizeof(grow[0]); i++)
        if (is(from, grow[i]) && is(to, grow[i]))
            return grows(from, to);
    return false;
}
