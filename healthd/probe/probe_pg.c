/* PostgreSQL: connect, ask, judge the row. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/strbuf.h"
#include "common/pg/pgconn.h"
#include "common/target/target.h"
#include "healthd/probe/probe_session.h"

struct probe_pg {
    struct probe_session session;
    struct target_pg *target;
    struct strbuf sql;
    bool shutdown_seen; /* it ended with 57P01 or 57P02, and no login went well since */
};

static struct probe_pg *
pg_of(const struct session_lane *l)
{
    return (struct probe_pg *)l->s;
}

static void
note_end(struct probe_pg *p, const struct err *e)
{
    if (strcmp(e->sqlstate, "57P01") == 0 || strcmp(e->sqlstate, "57P02") == 0)
        p->shutdown_seen = true;
}

/* ---- the end of a look ---- */

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
finish_err(struct session_lane *l, const struct err *e)
{
    struct probe_result r = {0};
    probe_result_from(&r, e, l->deadline_ms);
    enum reason named = name_57p03(pg_of(l), e);
    if (named != REASON_NONE)
        r.reason = named;
    else if (r.reason == REASON_REFUSED)
        pg_of(l)->shutdown_seen = false; /* it is down now: what says 57P03 next is starting */
    probe_session_finish(l, &r);
}

static void
finish_reason(struct session_lane *l, enum reason reason, const char *cause)
{
    struct probe_result r = {.reason = reason};
    snprintf(r.cause, sizeof(r.cause), "%s", cause);
    probe_session_finish(l, &r);
}

/* ---- asking ---- */

static void on_rows(struct pgconn *c, const struct err *e, struct pgrows *rows, void *arg);

/* The session's end, as a server or a pooler says it: not yet a failure. */
static bool
is_end_of_session(const struct err *e)
{
    if (e->code == ERR_CLOSED)
        return true;
    return strncmp(e->sqlstate, "57P0", 4) == 0 || strncmp(e->sqlstate, "08", 2) == 0;
}

static int
query_start(struct session_lane *l, struct err *e)
{
    const struct strbuf *sql = &pg_of(l)->sql;
    return pgconn_query_start(l->conn, sql->data, sql->len, l->deadline_ms, on_rows, l, e);
}

static const char *
first_value(const struct pgrows *rows)
{
    return rows && pgrows_count(rows) > 0 && pgrows_columns(rows) > 0 ? pgrows_value(rows, 0, 0)
                                                                      : NULL;
}

static void
judge(struct session_lane *l, const struct pgrows *rows)
{
    const struct check_spec *spec = l->s->spec;
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
    struct session_lane *l = arg;
    if (!e) {
        judge(l, rows);
        pgrows_free(rows);
        return;
    }
    pgrows_free(rows);
    bool ended = l->kept && is_end_of_session(e);
    if (ended)
        note_end(pg_of(l), e);
    if (!ended || !probe_session_again(l))
        finish_err(l, e);
}

/* ---- sessions ---- */

static void
on_connected(struct pgconn *c, const struct err *e, void *arg)
{
    (void)c;
    struct session_lane *l = arg;
    struct err own;
    if (e) {
        finish_err(l, e);
        return;
    }
    pg_of(l)->shutdown_seen = false;
    if (query_start(l, &own) < 0)
        finish_err(l, &own);
}

static void *
conn_new(struct probe_session *s, struct err *e)
{
    struct probe_pg *p = (struct probe_pg *)s;
    return pgconn_new(s->x.loop, s->x.resolver, p->target, "healthd", e);
}

static void
conn_free(void *conn)
{
    pgconn_free(conn);
}

static bool
usable(const void *conn)
{
    return pgconn_connected(conn) && pgconn_tx_state(conn) == PGCONN_TX_IDLE;
}

static int
connect_start(struct session_lane *l, struct err *e)
{
    return pgconn_connect_start(l->conn, l->deadline_ms, on_connected, l, e);
}

static void
on_session_lost(struct pgconn *c, const struct err *e, void *arg)
{
    (void)c;
    if (e)
        note_end(arg, e);
    probe_session_lost(arg);
}

static int
watch(struct probe_session *s, void *conn)
{
    return pgconn_watch_start(conn, on_session_lost, s, NULL);
}

static void
unwatch(void *conn)
{
    (void)conn; /* the query takes its place */
}

static void
pg_free(struct probe_session *s)
{
    struct probe_pg *p = (struct probe_pg *)s;
    target_pg_free(p->target);
    strbuf_done(&p->sql);
    free(p);
}

static const struct session_steps steps = {
    .conn_new = conn_new,
    .conn_free = conn_free,
    .usable = usable,
    .connect = connect_start,
    .ask = query_start,
    .watch = watch,
    .unwatch = unwatch,
    .free = pg_free,
};

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
    if (pgconn_supports(target, e) < 0) {
        target_pg_free(target);
        err_wrap(e, "check '%s'", spec->name);
        return NULL;
    }
    struct probe_pg *p = calloc(1, sizeof(*p));
    if (!p) {
        target_pg_free(target);
        err_nomem(e);
        return NULL;
    }
    strbuf_adds(&p->sql, spec->role != CHECK_ROLE_ANY ? "SELECT pg_is_in_recovery()"
                         : spec->query                ? ""
                                                      : "SELECT 1");
    if (spec->query)
        strbuf_addf(&p->sql, "%s%s", p->sql.len > 0 ? "; " : "", spec->query);
    if (p->sql.failed) { /* half of what is to be asked would pass */
        strbuf_done(&p->sql);
        free(p);
        target_pg_free(target);
        err_nomem(e);
        return NULL;
    }
    p->target = target;
    probe_session_init(&p->session, &steps, x, spec);
    return &p->session.base;
}
