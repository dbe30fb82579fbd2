/* verdict.c: one statement, word by word. */
#include "migrate/sql/verdict.h"

#include <string.h>
#include <strings.h>

#include "migrate/sql/token.h"

/* Reads a statement word by word: t is the token at hand, TOKEN_END behind the last. */
struct cursor {
    struct token_scan ts;
    struct token t;
};

static void
next(struct cursor *c)
{
    token_next(&c->ts, &c->t);
}

static bool
at_end(const struct cursor *c)
{
    return c->t.kind == TOKEN_END;
}

static bool
is(const struct cursor *c, const char *word)
{
    return token_is(&c->ts, &c->t, word);
}

static bool
accept(struct cursor *c, const char *word)
{
    bool yes = is(c, word);
    if (yes)
        next(c);
    return yes;
}

static bool
accept_char(struct cursor *c, char ch)
{
    bool yes = token_is_char(&c->ts, &c->t, ch);
    if (yes)
        next(c);
    return yes;
}

/* a.b.c */
static void
skip_name(struct cursor *c)
{
    do
        next(c);
    while (accept_char(c, '.'));
}

/* One option of a list in parentheses. */
struct pair {
    char name[32];
    bool off; /* = false, off, 0 */
};

static void
read_value(struct cursor *c, struct pair *p)
{
    char v[8] = "";

    if (c->t.kind == TOKEN_NUMBER && c->t.bytes == 1)
        v[0] = c->ts.text[c->t.offset];
    else if (!token_value(&c->ts, &c->t, v, sizeof(v)))
        v[0] = '\0';
    p->off = strcasecmp(v, "false") == 0 || strcasecmp(v, "off") == 0 || strcmp(v, "0") == 0;
}

/* Within ( … ): the next option. False behind the closing parenthesis. */
static bool
read_pair(struct cursor *c, struct pair *ret)
{
    size_t depth = 0;

    *ret = (struct pair){.name = ""};
    if (at_end(c) || accept_char(c, ')'))
        return false;
    if (!token_value(&c->ts, &c->t, ret->name, sizeof(ret->name)))
        ret->name[0] = '\0';
    next(c);
    accept_char(c, '=');
    if (!token_is_char(&c->ts, &c->t, ',') && !token_is_char(&c->ts, &c->t, ')'))
        read_value(c, ret);
    while (!at_end(c) &&
           (depth || (!token_is_char(&c->ts, &c->t, ',') && !token_is_char(&c->ts, &c->t, ')')))) {
        depth += token_is_char(&c->ts, &c->t, '(');
        depth -= depth && token_is_char(&c->ts, &c->t, ')');
        next(c);
    }
    accept_char(c, ',');
    return true;
}

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
    if (!accept(c, "work"))
        accept(c, "transaction");
    if (at_end(c))
        return;
    v->options_offset = c->t.offset;
    for (; !at_end(c); next(c))
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
    if (is(c, "transaction")) {
        control(v, VERDICT_BEGIN, "START TRANSACTION");
        judge_begin(c, v);
    }
}

/* Behind COMMIT, END, ROLLBACK, ABORT: [WORK|TRANSACTION] AND CHAIN. */
static bool
chains(struct cursor *c)
{
    if (!accept(c, "work"))
        accept(c, "transaction");
    return accept(c, "and") && is(c, "chain");
}

static void
on_commit(struct cursor *c, struct verdict *v)
{
    if (is(c, "prepared")) {
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
    if (is(c, "prepared")) {
        cannot(v, "ROLLBACK PREPARED");
        return;
    }
    if (!accept(c, "work"))
        accept(c, "transaction");
    if (!is(c, "to"))
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
    if (accept(c, "transaction") && c->t.kind == TOKEN_STRING)
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
    struct pair p;

    accept(c, "verbose");
    if (accept_char(c, '('))
        while (read_pair(c, &p))
            continue;
    if (at_end(c))
        cannot(v, "CLUSTER without a table");
}

static void
on_discard(struct cursor *c, struct verdict *v)
{
    if (!is(c, "all"))
        return;
    cannot(v, "DISCARD ALL");
    v->unlocks = true;
}

/* The slot is made on the other server unless connect or create_slot says no. */
static bool
makes_no_slot(struct cursor *c)
{
    struct pair p;
    bool none = false;

    while (!at_end(c)) {
        if (!accept(c, "with")) {
            next(c);
        } else if (accept_char(c, '(')) {
            while (read_pair(c, &p))
                none |=
                    p.off && (strcmp(p.name, "connect") == 0 || strcmp(p.name, "create_slot") == 0);
        }
    }
    return none;
}

static void
on_create(struct cursor *c, struct verdict *v)
{
    accept(c, "unique");
    if (accept(c, "index")) {
        if (is(c, "concurrently"))
            cannot(v, "CREATE INDEX CONCURRENTLY");
    } else if (is(c, "database")) {
        cannot(v, "CREATE DATABASE");
    } else if (is(c, "tablespace")) {
        cannot(v, "CREATE TABLESPACE");
    } else if (is(c, "subscription") && !makes_no_slot(c)) {
        cannot(v, "CREATE SUBSCRIPTION with a slot");
    }
}

static void
on_drop(struct cursor *c, struct verdict *v)
{
    if (accept(c, "index")) {
        if (is(c, "concurrently"))
            cannot(v, "DROP INDEX CONCURRENTLY");
    } else if (is(c, "database")) {
        cannot(v, "DROP DATABASE");
    } else if (is(c, "tablespace")) {
        cannot(v, "DROP TABLESPACE");
    } else if (is(c, "subscription")) {
        cannot(v, "DROP SUBSCRIPTION");
    }
}

static void
alter_database(struct cursor *c, struct verdict *v)
{
    skip_name(c);
    if (!accept(c, "set"))
        accept(c, "with");
    if (is(c, "tablespace"))
        cannot(v, "ALTER DATABASE SET TABLESPACE");
}

static void
alter_table(struct cursor *c, struct verdict *v)
{
    if (accept(c, "if"))
        accept(c, "exists");
    accept(c, "only");
    skip_name(c);
    accept_char(c, '*');
    if (!accept(c, "detach") || !accept(c, "partition"))
        return;
    skip_name(c);
    if (is(c, "concurrently"))
        cannot(v, "DETACH PARTITION CONCURRENTLY");
}

/* PUBLICATION …: refreshes unless WITH (refresh = false) says no. */
static bool
refreshes(struct cursor *c)
{
    struct pair p;
    bool yes = accept(c, "publication");

    while (yes && !at_end(c)) {
        if (!accept(c, "with"))
            next(c);
        else if (accept_char(c, '('))
            while (read_pair(c, &p))
                yes &= !(p.off && strcmp(p.name, "refresh") == 0);
    }
    return yes;
}

/* Changing the publications talks to the other server; so does setting some parameters. */
static void
alter_subscription(struct cursor *c, struct verdict *v)
{
    struct pair p;

    skip_name(c);
    if (accept(c, "refresh")) {
        cannot(v, "ALTER SUBSCRIPTION REFRESH");
    } else if (accept(c, "set") && accept_char(c, '(')) {
        while (read_pair(c, &p))
            if (strcmp(p.name, "failover") == 0 || strcmp(p.name, "two_phase") == 0)
                cannot(v, "ALTER SUBSCRIPTION SET");
    } else {
        if (!is(c, "publication"))
            next(c); /* ADD, DROP; SET is behind us */
        if (refreshes(c))
            cannot(v, "ALTER SUBSCRIPTION with refresh");
    }
}

static void
on_alter(struct cursor *c, struct verdict *v)
{
    if (is(c, "system"))
        cannot(v, "ALTER SYSTEM");
    else if (accept(c, "database"))
        alter_database(c, v);
    else if (accept(c, "table"))
        alter_table(c, v);
    else if (accept(c, "subscription"))
        alter_subscription(c, v);
}

static void
on_reindex(struct cursor *c, struct verdict *v)
{
    struct pair p;
    bool concurrently = false;

    if (accept_char(c, '(')) {
        while (read_pair(c, &p))
            if (strcmp(p.name, "concurrently") == 0)
                concurrently = !p.off;
    }
    if (is(c, "schema") || is(c, "database") || is(c, "system")) {
        cannot(v, "REINDEX SCHEMA, DATABASE or SYSTEM");
        return;
    }
    next(c); /* INDEX, TABLE */
    if (concurrently || is(c, "concurrently"))
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
    struct cursor c = {.ts = token_on(sql, len, backslashes)};

    *ret = (struct verdict){.transaction = true};
    next(&c);
    for (size_t i = 0; i < sizeof(judges) / sizeof(judges[0]); i++) {
        if (accept(&c, judges[i].word)) {
            judges[i].judge(&c, ret);
            return;
        }
    }
}
