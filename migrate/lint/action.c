/* action.c: which statement it is (pure). */
#include "migrate/lint/action.h"

#include <string.h>

#include "migrate/lint/action_read.h"

void
action_note(struct action *a, enum action_has what, const struct cursor *c)
{
    if (!action_has(a, what))
        a->at[what] = c->t.offset;
    a->has |= 1u << what;
}

bool
action_accept(struct cursor *c, const char *word, struct action *a, enum action_has what)
{
    if (!cursor_is(c, word))
        return false;
    action_note(a, what, c);
    cursor_next(c);
    return true;
}

void
action_skip_if(struct cursor *c)
{
    if (!cursor_accept(c, "if"))
        return;
    cursor_accept(c, "not");
    cursor_accept(c, "exists");
}

void
action_read_cascade(struct cursor c, struct action *a)
{
    struct cursor last = c;

    for (; !cursor_at_end(&c); cursor_next(&c))
        last = c;
    if (cursor_is(&last, "cascade"))
        action_note(a, HAS_CASCADE, &last);
}

struct cursor
action_piece(struct cursor *c)
{
    struct cursor piece = *c;
    size_t depth = 0;

    while (!cursor_at_end(c) && (depth || !cursor_is_char(c, ','))) {
        bool opens = cursor_is_char(c, '(') || cursor_is_char(c, '[');
        bool closes = cursor_is_char(c, ')') || cursor_is_char(c, ']');
        depth += opens;
        depth -= closes && depth;
        cursor_next(c);
    }
    piece.ts.len = c->t.offset;
    cursor_next(c);
    /* What was read of the piece may reach beyond its end: an empty one. */
    if (piece.t.offset >= piece.ts.len)
        piece.t = (struct token){.kind = TOKEN_END, .offset = piece.ts.len};
    return piece;
}

static void
tell(struct reader *r, struct action *a, enum action_kind kind)
{
    a->kind = kind;
    r->found(r->arg, a);
}

/* REINDEX [(options)] TABLE|INDEX|SCHEMA|… [CONCURRENTLY] name */
static void
on_reindex(struct reader *r, struct action *a)
{
    struct cursor *c = &r->c;
    struct cursor_pair p;

    if (cursor_accept_char(c, '(')) {
        struct cursor open = *c;
        while (cursor_next_pair(c, &p))
            if (strcmp(p.name, "concurrently") == 0 && !p.off)
                action_note(a, HAS_CONCURRENTLY, &open);
    }
    cursor_next(c); /* INDEX, TABLE */
    action_accept(c, "concurrently", a, HAS_CONCURRENTLY);
    lint_name_read(c, &a->table);
    tell(r, a, ACTION_REINDEX);
}

/* CLUSTER [(options)|VERBOSE] [table [USING index]] */
static void
on_cluster(struct reader *r, struct action *a)
{
    cursor_accept(&r->c, "verbose");
    if (cursor_is_char(&r->c, '('))
        cursor_skip_parens(&r->c);
    lint_name_read(&r->c, &a->table);
    tell(r, a, ACTION_CLUSTER);
}

/* VACUUM [(FULL, …)] | VACUUM [FULL] [FREEZE] [VERBOSE] [ANALYZE]; then tables */
static void
on_vacuum(struct reader *r, struct action *a)
{
    struct cursor *c = &r->c;
    struct cursor_pair p;

    if (cursor_is_char(c, '(')) {
        struct cursor open = *c;
        cursor_next(c);
        while (cursor_next_pair(c, &p))
            if (strcmp(p.name, "full") == 0 && !p.off)
                action_note(a, HAS_FULL, &open);
    } else {
        action_accept(c, "full", a, HAS_FULL);
        while (cursor_accept(c, "freeze") || cursor_accept(c, "verbose") ||
               cursor_accept(c, "analyze") || cursor_accept(c, "analyse"))
            continue;
    }
    lint_name_read(c, &a->table);
    tell(r, a, ACTION_VACUUM);
}

/* TRUNCATE [TABLE] [ONLY] a [*], b … [CASCADE] */
static void
on_truncate(struct reader *r, struct action *a)
{
    struct cursor *c = &r->c;

    cursor_accept(c, "table");
    action_read_cascade(*c, a);
    do {
        cursor_accept(c, "only");
        lint_name_read(c, &a->table);
        cursor_accept_char(c, '*');
        tell(r, a, ACTION_TRUNCATE);
    } while (cursor_accept_char(c, ','));
}

/* IN mode MODE: of the three that let others write. */
static bool
is_weak(struct cursor c)
{
    if (cursor_accept(&c, "row"))
        return cursor_is(&c, "share") || cursor_is(&c, "exclusive");
    if (cursor_accept(&c, "access"))
        return cursor_is(&c, "share");
    return cursor_accept(&c, "share") && cursor_accept(&c, "update");
}

/* LOCK [TABLE] [ONLY] a, b [IN … MODE] [NOWAIT] */
static void
on_lock(struct reader *r, struct action *a)
{
    struct cursor *c = &r->c;
    struct cursor mode;

    cursor_accept(c, "table");
    for (mode = *c; !cursor_at_end(&mode) && !cursor_is(&mode, "in"); cursor_next(&mode))
        continue;
    if (cursor_accept(&mode, "in") && is_weak(mode))
        action_note(a, HAS_WEAK, &mode);
    do {
        cursor_accept(c, "only");
        lint_name_read(c, &a->table);
        cursor_accept_char(c, '*');
        tell(r, a, ACTION_LOCK);
    } while (cursor_accept_char(c, ','));
}

/* REFRESH MATERIALIZED VIEW [CONCURRENTLY] name [WITH [NO] DATA] */
static void
on_refresh(struct reader *r, struct action *a)
{
    struct cursor *c = &r->c;

    cursor_accept(c, "materialized");
    cursor_accept(c, "view");
    action_accept(c, "concurrently", a, HAS_CONCURRENTLY);
    lint_name_read(c, &a->table);
    if (cursor_accept(c, "with"))
        action_accept(c, "no", a, HAS_NO_DATA);
    tell(r, a, ACTION_REFRESH);
}

/* SET [SESSION|LOCAL] name …; what ends with the transaction anyway counts as LOCAL */
static void
on_set(struct reader *r, struct action *a)
{
    struct cursor *c = &r->c;

    if (cursor_is(c, "local") || cursor_is(c, "transaction") || cursor_is(c, "constraints"))
        action_note(a, HAS_LOCAL, c);
    if (!cursor_accept(c, "session"))
        cursor_accept(c, "local");
    lint_name_part(c, a->part);
    if (strcmp(a->part, "time") == 0 && cursor_accept(c, "zone"))
        memcpy(a->part, "timezone", sizeof("timezone"));
    else if (!cursor_accept(c, "to"))
        cursor_accept_char(c, '=');
    if (!token_value(&c->ts, &c->t, a->value, sizeof(a->value)))
        a->value[0] = '\0';
    tell(r, a, ACTION_SET);
}

static void
on_comment(struct reader *r, struct action *a)
{
    tell(r, a, ACTION_ALTER_SOFT);
}

static const struct {
    const char *word;
    void (*read)(struct reader *r, struct action *a); /* r->c: behind the word */
} readers[] = {
    {"alter", action_alter}, {"create", action_create}, {"drop", action_drop},
    {"update", action_data}, {"delete", action_data},   {"insert", action_data},
    {"merge", action_data},  {"with", action_data},     {"reindex", on_reindex},
    {"cluster", on_cluster}, {"vacuum", on_vacuum},     {"truncate", on_truncate},
    {"lock", on_lock},       {"refresh", on_refresh},   {"set", on_set},
    {"comment", on_comment},
};

void
action_read(const char *sql, size_t len, bool backslashes, action_cb found, void *arg)
{
    struct reader r = {.c = cursor_on(sql, len, backslashes), .found = found, .arg = arg};
    struct action a = {.offset = r.c.t.offset};

    for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
        struct cursor before = r.c;
        if (!cursor_accept(&r.c, readers[i].word))
            continue;
        if (readers[i].read == action_data)
            r.c = before;
        readers[i].read(&r, &a);
        return;
    }
    tell(&r, &a, ACTION_OTHER);
}
