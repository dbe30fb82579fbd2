/* verdict.c: one statement, word by word. */
#include "migrate/sql/verdict.h"

#include <string.h>

#include "migrate/sql/cursor.h"

static void
cannot(struct verdict *v, const char *what)
{
    v->transaction = false;
    v->what = what;
}

static void
control(struct verdict *v, enum verdict_control kind, const char *what)
{
    v->control = kind;
    v->what = what;
}

static void
judge_begin(struct cursor *c, struct verdict *v)
{
    if (!cursor_accept(c, "work"))
        cursor_accept(c, "transaction");
    if (cursor_at_end(c))
        return;
    v->options_offset = c->t.offset;
    for (; !cursor_at_end(c); cursor_next(c))
        v->options_bytes = c->t.offset + c->t.bytes - v->options_offset;
}

static void
on_begin(struct cursor *c, struct verdict *v)
{
    control(v, VERDICT_BEGIN, "BEGIN");
    judge_begin(c, v);
}

static void
on_start(struct cursor *c, struct verdict *v)
{
    if (cursor_is(c, "transaction")) {
        control(v, VERDICT_BEGIN, "START TRANSACTION");
        judge_begin(c, v);
    }
}

/* Behind COMMIT, END, ROLLBACK, ABORT: [WORK|TRANSACTION] AND CHAIN. */
static bool
chains(struct cursor *c)
{
    if (!cursor_accept(c, "work"))
        cursor_accept(c, "transaction");
    return cursor_accept(c, "and") && cursor_is(c, "chain");
}

static void
on_commit(struct cursor *c, struct verdict *v)
{
    if (cursor_is(c, "prepared")) {
        cannot(v, "COMMIT PREPARED");
        return;
    }
    control(v, VERDICT_COMMIT, "COMMIT");
    if (chains(c))
        control(v, VERDICT_CHAIN, "COMMIT AND CHAIN");
}

static void
on_end(struct cursor *c, struct verdict *v)
{
    control(v, VERDICT_COMMIT, "END");
    if (chains(c))
        control(v, VERDICT_CHAIN, "END AND CHAIN");
}

static void
on_rollback(struct cursor *c, struct verdict *v)
{
    if (cursor_is(c, "prepared")) {
        cannot(v, "ROLLBACK PREPARED");
        return;
    }
    if (!cursor_accept(c, "work"))
        cursor_accept(c, "transaction");
    if (!cursor_is(c, "to"))
        control(v, VERDICT_ROLLBACK, "ROLLBACK");
}

static void
on_abort(struct cursor *c, struct verdict *v)
{
    (void)c;
    control(v, VERDICT_ROLLBACK, "ABORT");
}

static void
on_prepare(struct cursor *c, struct verdict *v)
{
    if (cursor_accept(c, "transaction") && c->t.kind == TOKEN_STRING)
        control(v, VERDICT_PREPARE, "PREPARE TRANSACTION");
}

static void
on_vacuum(struct cursor *c, struct verdict *v)
{
    (void)c;
    cannot(v, "VACUUM");
}

/* Without a table: every table that was clustered before, each in a transaction of its own. */
static void
on_cluster(struct cursor *c, struct verdict *v)
{
    struct cursor_pair p;

    cursor_accept(c, "verbose");
    if (cursor_accept_char(c, '('))
        while (cursor_next_pair(c, &p))
            continue;
    if (cursor_at_end(c))
        cannot(v, "CLUSTER without a table");
}

static void
on_discard(struct cursor *c, struct verdict *v)
{
    if (!cursor_is(c, "all"))
        return;
    cannot(v, "DISCARD ALL");
    v->unlocks = true;
}

/* The slot is made on the other server unless connect or create_slot says no. */
static bool
makes_no_slot(struct cursor *c)
{
    struct cursor_pair p;
    bool none = false;

    while (!cursor_at_end(c)) {
        if (!cursor_accept(c, "with")) {
            cursor_next(c);
        } else if (cursor_accept_char(c, '(')) {
            while (cursor_next_pair(c, &p))
                none |=
                    p.off && (strcmp(p.name, "connect") == 0 || strcmp(p.name, "create_slot") == 0);
        }
    }
    return none;
}

static void
on_create(struct cursor *c, struct verdict *v)
{
    cursor_accept(c, "unique");
    if (cursor_accept(c, "index")) {
        if (cursor_is(c, "concurrently"))
            cannot(v, "CREATE INDEX CONCURRENTLY");
    } else if (cursor_is(c, "database")) {
        cannot(v, "CREATE DATABASE");
    } else if (cursor_is(c, "tablespace")) {
        cannot(v, "CREATE TABLESPACE");
    } else if (cursor_is(c, "subscription") && !makes_no_slot(c)) {
        cannot(v, "CREATE SUBSCRIPTION with a slot");
    }
}

static void
on_drop(struct cursor *c, struct verdict *v)
{
    if (cursor_accept(c, "index")) {
        if (cursor_is(c, "concurrently"))
            cannot(v, "DROP INDEX CONCURRENTLY");
    } else if (cursor_is(c, "database")) {
        cannot(v, "DROP DATABASE");
    } else if (cursor_is(c, "tablespace")) {
        cannot(v, "DROP TABLESPACE");
    } else if (cursor_is(c, "subscription")) {
        cannot(v, "DROP SUBSCRIPTION");
    }
}

static void
alter_database(struct cursor *c, struct verdict *v)
{
    cursor_skip_name(c);
    if (!cursor_accept(c, "set"))
        cursor_accept(c, "with");
    if (cursor_is(c, "tablespace"))
        cannot(v, "ALTER DATABASE SET TABLESPACE");
}

static void
alter_table(struct cursor *c, struct verdict *v)
{
    if (cursor_accept(c, "if"))
        cursor_accept(c, "exists");
    cursor_accept(c, "only");
    cursor_skip_name(c);
    cursor_accept_char(c, '*');
    if (!cursor_accept(c, "detach") || !cursor_accept(c, "partition"))
        return;
    cursor_skip_name(c);
    if (cursor_is(c, "concurrently"))
        cannot(v, "DETACH PARTITION CONCURRENTLY");
}

/* PUBLICATION …: refreshes unless WITH (refresh = false) says no. */
static bool
refreshes(struct cursor *c)
{
    struct cursor_pair p;
    bool yes = cursor_accept(c, "publication");

    while (yes && !cursor_at_end(c)) {
        if (!cursor_accept(c, "with"))
            cursor_next(c);
        else if (cursor_accept_char(c, '('))
            while (cursor_next_pair(c, &p))
                yes &= !(p.off && strcmp(p.name, "refresh") == 0);
    }
    return yes;
}

/* Changing the publications talks to the other server; so does setting some parameters. */
static void
alter_subscription(struct cursor *c, struct verdict *v)
{
    struct cursor_pair p;

    cursor_skip_name(c);
    if (cursor_accept(c, "refresh")) {
        cannot(v, "ALTER SUBSCRIPTION REFRESH");
    } else if (cursor_accept(c, "set") && cursor_accept_char(c, '(')) {
        while (cursor_next_pair(c, &p))
            if (strcmp(p.name, "failover") == 0 || strcmp(p.name, "two_phase") == 0)
                cannot(v, "ALTER SUBSCRIPTION SET");
    } else {
        if (!cursor_is(c, "publication"))
            cursor_next(c); /* ADD, DROP; SET is behind us */
        if (refreshes(c))
            cannot(v, "ALTER SUBSCRIPTION with refresh");
    }
}

static void
on_alter(struct cursor *c, struct verdict *v)
{
    if (cursor_is(c, "system"))
        cannot(v, "ALTER SYSTEM");
    else if (cursor_accept(c, "database"))
        alter_database(c, v);
    else if (cursor_accept(c, "table"))
        alter_table(c, v);
    else if (cursor_accept(c, "subscription"))
        alter_subscription(c, v);
}

static void
on_reindex(struct cursor *c, struct verdict *v)
{
    struct cursor_pair p;
    bool concurrently = false;

    if (cursor_accept_char(c, '(')) {
        while (cursor_next_pair(c, &p))
            if (strcmp(p.name, "concurrently") == 0)
                concurrently = !p.off;
    }
    if (cursor_is(c, "schema") || cursor_is(c, "database") || cursor_is(c, "system")) {
        cannot(v, "REINDEX SCHEMA, DATABASE or SYSTEM");
        return;
    }
    cursor_next(c); /* INDEX, TABLE */
    if (concurrently || cursor_is(c, "concurrently"))
        cannot(v, "REINDEX CONCURRENTLY");
}

static const struct {
    const char *word;
    void (*judge)(struct cursor *c, struct verdict *v); /* c: behind the word */
} judges[] = {
    {"alter", on_alter},       {"create", on_create},   {"drop", on_drop},
    {"begin", on_begin},       {"commit", on_commit},   {"end", on_end},
    {"rollback", on_rollback}, {"abort", on_abort},     {"start", on_start},
    {"prepare", on_prepare},   {"vacuum", on_vacuum},   {"reindex", on_reindex},
    {"cluster", on_cluster},   {"discard", on_discard},
};

void
verdict_statement(const char *sql, size_t len, bool backslashes, struct verdict *ret)
{
    struct cursor c = cursor_on(sql, len, backslashes);

    *ret = (struct verdict){.transaction = true};
    for (size_t i = 0; i < sizeof(judges) / sizeof(judges[0]); i++) {
        if (cursor_accept(&c, judges[i].word)) {
            judges[i].judge(&c, ret);
            return;
        }
    }
}
