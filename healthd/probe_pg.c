/* PostgreSQL: connect, ask, judge the row. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/strbuf.h"
#include "common/net/pgconn.h"
#include "common/net/target.h"
#include "healthd/probe.h"

struct probe_pg;

struct lane {
    struct probe_pg *p;
    enum probe_depth depth;
    struct pgconn *c;
    uint64_t deadline_ms;
    bool running;
    bool kept; /* what runs is the first question over a session that was there already */
};

struct probe_pg {
    struct probe base;
    struct probe_context x;
    const struct check_spec *spec;
    struct target_pg *target;
    struct strbuf sql;
    struct lane lanes[PROBE_DEPTHS];
    struct pgconn *next; /* a fresh session, to be taken when the session's lane is free */
    bool shutdown_seen;  /* it ended with 57P01 or 57P02, and no login went well since */
};

static void on_connected(struct pgconn *c, const struct err *e, void *arg);
static void on_rows(struct pgconn *c, const struct err *e, struct pgrows *rows, void *arg);

/* ---- sessions ---- */

static void
note_end(struct probe_pg *p, const struct err *e)
{
    if (strcmp(e->sqlstate, "57P01") == 0 || strcmp(e->sqlstate, "57P02") == 0)
        p->shutdown_seen = true;
}

static void
on_session_lost(struct pgconn *c, const struct err *e, void *arg)
{
    struct probe_pg *p = arg;
    if (e)
        note_end(p, e);
    pgconn_free(c);
    p->lanes[PROBE_SESSION].c = NULL;
    p->base.lost(&p->base, p->base.arg);
}

static void
session_watch(struct probe_pg *p)
{
    struct lane *l = &p->lanes[PROBE_SESSION];
    struct err e;
    if (l->c && pgconn_watch_start(l->c, on_session_lost, p, &e) < 0) {
        pgconn_free(l->c);
        l->c = NULL;
    }
}

static void
session_take(struct probe_pg *p, struct pgconn *c)
{
    struct lane *l = &p->lanes[PROBE_SESSION];
    if (l->running) {
        pgconn_free(p->next);
        p->next = c;
        return;
    }
    pgconn_free(l->c);
    l->c = c;
    session_watch(p);
}

/* ---- the end of a look ---- */

static void
finish(struct lane *l, const struct probe_result *r)
{
    struct probe_pg *p = l->p;
    struct pgconn *c = l->c;
    l->running = false;
    l->c = NULL;
    bool usable = c && pgconn_connected(c) && pgconn_tx_state(c) == PGCONN_TX_IDLE;
    if (p->next && l->depth == PROBE_SESSION) {
        pgconn_free(c);
        c = p->next;
        p->next = NULL;
        usable = true;
    }
    if (usable && !p->spec->each && (l->depth == PROBE_SESSION || r->reason == REASON_NONE))
        session_take(p, c);
    else
        pgconn_free(c);
    p->base.done(&p->base, l->depth, r, p->base.arg);
}

/* 57P03 says starting up and shutting down alike; the words are translated, so what came before
 * counts too. */
static enum reason
name_57p03(const struct probe_pg *p, const struct err *e)
{
    if (strcmp(e->sqlstate, "57P03") != 0)
        return REASON_NONE;
    if (strstr(e->msg, "starting up"))
        return REASON_STARTING_UP;
    return p->shutdown_seen || strstr(e->msg, "shutting down") ? REASON_SHUTTING_DOWN
                                                               : REASON_STARTING_UP;
}

static void
finish_err(struct lane *l, const struct err *e)
{
    struct probe_result r = {0};
    probe_result_from(&r, e, l->deadline_ms);
    enum reason named = name_57p03(l->p, e);
    if (named != REASON_NONE)
        r.reason = named;
    else if (r.reason == REASON_REFUSED)
        l->p->shutdown_seen = false; /* it is down now: what says 57P03 next is starting */
    finish(l, &r);
}

static void
finish_reason(struct lane *l, enum reason reason, const char *cause)
{
    struct probe_result r = {.reason = reason};
    snprintf(r.cause, sizeof(r.cause), "%s", cause);
    finish(l, &r);
}

/* ---- asking ---- */

/* The session's end, as a server or a pooler says it: not yet a failure. */
static bool
is_end_of_session(const struct err *e)
{
    if (e->code == ERR_CLOSED)
        return true;
    return strncmp(e->sqlstate, "57P0", 4) == 0 || strncmp(e->sqlstate, "08", 2) == 0;
}

static int
connect_start(struct lane *l, struct err *e)
{
    struct probe_pg *p = l->p;
    pgconn_free(l->c);
    l->kept = false;
    l->c = pgconn_new(p->x.loop, p->x.resolver, p->target, "healthd", e);
    return l->c ? pgconn_connect_start(l->c, l->deadline_ms, on_connected, l, e) : -1;
}

static int
query_start(struct lane *l, struct err *e)
{
    const struct strbuf *sql = &l->p->sql;
    return pgconn_query_start(l->c, sql->data, sql->len, l->deadline_ms, on_rows, l, e);
}

static void
on_connected(struct pgconn *c, const struct err *e, void *arg)
{
    (void)c;
    struct lane *l = arg;
    struct err own;
    if (e) {
        finish_err(l, e);
        return;
    }
    l->p->shutdown_seen = false;
    if (query_start(l, &own) < 0)
        finish_err(l, &own);
}

static const char *
first_value(const struct pgrows *rows)
{
    return rows && pgrows_count(rows) > 0 && pgrows_columns(rows) > 0 ? pgrows_value(rows, 0, 0)
                                                                      : NULL;
}

static void
judge(struct lane *l, const struct pgrows *rows)
{
    const struct check_spec *spec = l->p->spec;
    const char *value = first_value(rows);
    if (spec->role != CHECK_ROLE_ANY) {
        bool standby = value && value[0] == 't';
        if (!value || standby != (spec->role == CHECK_ROLE_REPLICA)) {
            finish_reason(l, REASON_WRONG_ROLE,
                          standby ? "the server is a standby" : "the server is a primary");
            return;
        }
        rows = pgrows_next(rows);
        value = rows ? first_value(rows) : spec->query ? NULL : value;
    }
    if (!value || (spec->query && strcmp(value, "f") == 0)) {
        finish_reason(l, REASON_UNEXPECTED,
                      !value ? "the query returned no row" : "the query returned false");
        return;
    }
    finish_reason(l, REASON_NONE, "");
}

static void
on_rows(struct pgconn *c, const struct err *e, struct pgrows *rows, void *arg)
{
    (void)c;
    struct lane *l = arg;
    struct err own;
    if (e && l->kept && is_end_of_session(e) && clock_mono_ms() < l->deadline_ms) {
        pgrows_free(rows);
        note_end(l->p, e);
        if (connect_start(l, &own) < 0)
            finish_err(l, &own);
        return;
    }
    if (e)
        finish_err(l, e);
    else
        judge(l, rows);
    pgrows_free(rows);
}

static int
pg_start(struct probe *base, enum probe_depth depth, uint64_t deadline_ms, struct err *e)
{
    struct probe_pg *p = (struct probe_pg *)base;
    struct lane *l = &p->lanes[depth];
    l->deadline_ms = deadline_ms;
    int rc = -1;
    if (l->c && pgconn_connected(l->c)) {
        l->kept = true;
        rc = query_start(l, e);
    }
    if (rc < 0)
        rc = connect_start(l, e);
    l->running = rc == 0;
    return rc;
}

static bool
pg_has_session(const struct probe *base)
{
    const struct probe_pg *p = (const struct probe_pg *)base;
    return p->lanes[PROBE_SESSION].c != NULL;
}

static void
pg_free(struct probe *base)
{
    struct probe_pg *p = (struct probe_pg *)base;
    for (int i = 0; i < PROBE_DEPTHS; i++)
        pgconn_free(p->lanes[i].c);
    pgconn_free(p->next);
    target_pg_free(p->target);
    strbuf_done(&p->sql);
    free(p);
}

static const struct probe_ops ops = {
    .start = pg_start, .has_session = pg_has_session, .free = pg_free};

struct probe *
probe_pg_new(const struct probe_context *x, const struct check_spec *spec, struct err *e)
{
    struct target_pg *target = NULL;
    int rc = spec->url ? target_pg_parse(spec->url, &target, e)
                       : target_pg_load(x->database, NULL, &target, e);
    if (rc < 0) {
        err_wrap(e, "check '%s'", spec->name);
        return NULL;
    }
    if (!target) {
        err_set(e, ERR_USAGE,
                "check '%s': no variable names a PostgreSQL server (DATABASE_URL, DATABASE_HOST, "
                "PGHOST ...)",
                spec->name);
        return NULL;
    }
    struct probe_pg *p = calloc(1, sizeof(*p));
    if (!p) {
        target_pg_free(target);
        err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    *p = (struct probe_pg){.base.ops = &ops, .x = *x, .spec = spec, .target = target};
    for (int i = 0; i < PROBE_DEPTHS; i++)
        p->lanes[i] = (struct lane){.p = p, .depth = (enum probe_depth)i};
    strbuf_adds(&p->sql, spec->role != CHECK_ROLE_ANY ? "SELECT pg_is_in_recovery()"
                         : spec->query                ? ""
                                                      : "SELECT 1");
    if (spec->query)
        strbuf_addf(&p->sql, "%s%s", p->sql.len > 0 ? "; " : "", spec->query);
    return &p->base;
}
