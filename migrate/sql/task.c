/* task.c: what a statement is to bring about, word by word. */
#include "migrate/sql/task.h"

#include "migrate/sql/cursor.h"

static bool
is_name(const struct cursor *c)
{
    return c->t.kind == TOKEN_WORD || (c->t.kind == TOKEN_IDENT && c->ts.text[c->t.offset] == '"');
}

/* a.b.c, and moves behind it; none where the token at hand is no name. */
static struct task_name
take_name(struct cursor *c)
{
    struct task_name n = {.text = c->ts.text + c->t.offset};
    bool named = is_name(c);
    while (named) {
        n.bytes = (size_t)(c->ts.text + c->t.offset - n.text) + c->t.bytes;
        cursor_next(c);
        if (!cursor_accept_char(c, '.'))
            return n;
        named = is_name(c);
    }
    return (struct task_name){0};
}

static void
skip_if_exists(struct cursor *c)
{
    if (cursor_accept(c, "if")) {
        cursor_accept(c, "not");
        cursor_accept(c, "exists");
    }
}

/* Behind INDEX: [CONCURRENTLY] [[IF NOT EXISTS] name] ON [ONLY] table */
static void
create_index(struct cursor *c, struct task *t)
{
    t->kind = TASK_CREATE_INDEX;
    t->object = TASK_INDEX;
    cursor_accept(c, "concurrently");
    t->unless = cursor_is(c, "if");
    skip_if_exists(c);
    bool named = !cursor_is(c, "on");
    if (named)
        t->name = take_name(c);
    if (cursor_accept(c, "on")) {
        cursor_accept(c, "only");
        t->table = take_name(c);
    }
    if (!t->table.text || (named && !t->name.text))
        t->kind = TASK_UNKNOWN;
}

static enum task_object
take_object(struct cursor *c)
{
    static const struct {
        const char *word;
        enum task_object object;
    } words[] = {
        {"database", TASK_DATABASE},
        {"tablespace", TASK_TABLESPACE},
        {"subscription", TASK_SUBSCRIPTION},
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (cursor_accept(c, words[i].word))
            return words[i].object;
    return TASK_NOTHING;
}

static void
of_object(struct cursor *c, struct task *t, enum task_kind kind)
{
    t->object = take_object(c);
    if (t->object == TASK_NOTHING)
        return;
    skip_if_exists(c);
    t->name = take_name(c);
    if (t->name.text)
        t->kind = kind;
}

static void
on_create(struct cursor *c, struct task *t)
{
    bool unique = cursor_accept(c, "unique");
    if (cursor_accept(c, "index"))
        create_index(c, t);
    else if (!unique)
        of_object(c, t, TASK_CREATE);
}

static void
on_drop(struct cursor *c, struct task *t)
{
    if (!cursor_accept(c, "index")) {
        of_object(c, t, TASK_DROP);
    } else if (cursor_accept(c, "concurrently")) {
        skip_if_exists(c);
        t->object = TASK_INDEX;
        t->name = take_name(c);
        t->kind = t->name.text ? TASK_DROP_INDEX : TASK_UNKNOWN;
    }
}

/* [IF EXISTS] [ONLY] parent DETACH PARTITION name CONCURRENTLY */
static void
alter_table(struct cursor *c, struct task *t)
{
    skip_if_exists(c);
    cursor_accept(c, "only");
    t->table = take_name(c);
    cursor_accept_char(c, '*');
    if (!cursor_accept(c, "detach") || !cursor_accept(c, "partition"))
        return;
    t->object = TASK_TABLE;
    t->name = take_name(c);
    if (t->table.text && t->name.text && cursor_is(c, "concurrently"))
        t->kind = TASK_DETACH;
}

static void
on_alter(struct cursor *c, struct task *t)
{
    if (cursor_accept(c, "table"))
        alter_table(c, t);
    else if (cursor_is(c, "system") || cursor_is(c, "database") || cursor_is(c, "subscription"))
        t->kind = TASK_AGAIN;
}

static void
on_reindex(struct cursor *c, struct task *t)
{
    static const struct {
        const char *word;
        enum task_object object;
    } words[] = {
        {"index", TASK_INDEX},       {"table", TASK_TABLE},     {"schema", TASK_SCHEMA},
        {"database", TASK_DATABASE}, {"system", TASK_DATABASE},
    };
    if (cursor_is_char(c, '('))
        cursor_skip_parens(c);
    t->kind = TASK_REINDEX;
    for (size_t i = 0; i < sizeof(words) / sizeof(*words) && !t->object; i++)
        if (cursor_accept(c, words[i].word))
            t->object = words[i].object;
    cursor_accept(c, "concurrently");
    t->name = take_name(c);
}

static void
again(struct cursor *c, struct task *t)
{
    (void)c;
    t->kind = TASK_AGAIN;
}

static void
of_session(struct cursor *c, struct task *t)
{
    (void)c;
    t->kind = TASK_SESSION;
}

/* SET LOCAL, SET TRANSACTION and SET CONSTRAINTS end with their own transaction. */
static void
on_set(struct cursor *c, struct task *t)
{
    if (!cursor_is(c, "local") && !cursor_is(c, "transaction") && !cursor_is(c, "constraints"))
        t->kind = TASK_SESSION;
}

static void
on_prepare(struct cursor *c, struct task *t)
{
    if (!cursor_is(c, "transaction"))
        t->kind = TASK_SESSION;
}

/* SELECT [pg_catalog.]set_config(…) alone, as pg_dump writes it. */
static void
on_select(struct cursor *c, struct task *t)
{
    if (cursor_accept(c, "pg_catalog"))
        cursor_accept_char(c, '.');
    if (cursor_accept(c, "set_config") && cursor_is_char(c, '(')) {
        cursor_skip_parens(c);
        if (cursor_at_end(c))
            t->kind = TASK_SESSION;
    }
}

static void
on_end_of_prepared(struct cursor *c, struct task *t)
{
    if (!cursor_accept(c, "prepared") || c->t.kind != TOKEN_STRING)
        return;
    t->kind = TASK_DROP;
    t->object = TASK_PREPARED;
    t->name = (struct task_name){.text = c->ts.text + c->t.offset, .bytes = c->t.bytes};
}

static void
calls(struct cursor *c, struct task *t)
{
    (void)c;
    t->calls = true;
}

void
task_read(const char *sql, size_t len, bool backslashes, struct task *ret)
{
    static const struct {
        const char *word;
        void (*read)(struct cursor *c, struct task *t); /* c: behind the word */
    } words[] = {
        {"create", on_create},
        {"drop", on_drop},
        {"alter", on_alter},
        {"reindex", on_reindex},
        {"vacuum", again},
        {"cluster", again},
        {"analyze", again},
        {"checkpoint", again},
        {"set", on_set},
        {"reset", of_session},
        {"load", of_session},
        {"listen", of_session},
        {"unlisten", of_session},
        {"deallocate", of_session},
        {"discard", of_session},
        {"prepare", on_prepare},
        {"select", on_select},
        {"commit", on_end_of_prepared},
        {"rollback", on_end_of_prepared},
        {"call", calls},
        {"do", calls},
    };
    struct cursor c = cursor_on(sql, len, backslashes);
    *ret = (struct task){.kind = TASK_UNKNOWN};
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        if (cursor_accept(&c, words[i].word)) {
            words[i].read(&c, ret);
            return;
        }
    }
}

const char *
task_kind_text(enum task_kind kind)
{
    static const char *const names[] = {
        "another statement", "a setting of the session", "CREATE INDEX", "DROP INDEX", "REINDEX",
        "DETACH PARTITION",  "VACUUM or its like",       "CREATE",       "DROP"};
    return names[kind];
}
