/* pgconn.c: life, state and the one end of every operation. */
#include "common/pg/pgconn.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/events.h"
#include "common/base/log.h"
#include "common/pg/pgconn_impl.h"

static const char *
state_name(enum pgconn_state state)
{
    static const char *const names[] = {"closed", "resolving", "connecting", "role",
                                        "ready",  "query",     "copy"};
    return names[state];
}

void
pgconn_set_state(struct pgconn *c, enum pgconn_state state)
{
    if (c->state == state)
        return;
    log_debug(&event_pg_state,
              LOG_FIELDS(LF_STR("from", state_name(c->state)), LF_STR("to", state_name(state))),
              "connection %s: %s", c->application_name, state_name(state));
    c->state = state;
}

bool
pgconn_op_active(const struct pgconn *c)
{
    return c->connect_cb || c->rows_cb;
}

static void
on_deadline(void *arg)
{
    struct pgconn *c = arg;
    struct err e = {0};
    if (c->connect_cb && c->at.best.code != ERR_NONE) {
        e = c->at.best; /* what the attempts said says more than the clock */
    } else {
        err_set(&e, ERR_TIMEOUT,
                c->connect_cb ? "no answer from %s in time"
                              : "no answer to the query from %s in time",
                target_pg_describe(c->target));
    }
    pgconn_close(c);
    pgconn_op_end(c, &e);
}

static void
pgconn_free_now(void *arg)
{
    struct pgconn *c = arg;
    free(c->application_name);
    free(c);
}

struct pgconn *
pgconn_new(struct loop *l, struct resolver *r, struct target_pg *target,
           const char *application_name, struct err *e)
{
    struct pgconn *c = calloc(1, sizeof(*c));
    if (!c) {
        err_nomem(e);
        return NULL;
    }
    c->loop = l;
    c->resolver = r;
    c->target = target;
    c->rows_tail = &c->rows;
    c->heard_tail = &c->heard;
    c->cancel.pipe = -1;
    pgdiag_done(&c->diag);
    c->application_name = strdup(application_name);
    c->timer = loop_timer_new(l, on_deadline, c);
    c->attempt_timer = pgconn_attempt_timer(c);
    if (!c->application_name || !c->timer || !c->attempt_timer) {
        err_nomem(e);
        pgconn_free(c);
        return NULL;
    }
    return c;
}

static void
op_release(struct pgconn *c)
{
    resolve_cancel(c->resolving);
    c->resolving = NULL;
    pgconn_verify_drop(c);
    loop_timer_cancel(c->timer);
    loop_timer_cancel(c->attempt_timer);
    c->copy_data = NULL;
    c->copy_left = 0;
    c->copy_wanted = false;
}

void
pgconn_free(struct pgconn *c)
{
    if (!c || c->dead)
        return;
    c->dead = true;
    c->connect_cb = NULL;
    c->rows_cb = NULL;
    c->idle_cb = NULL;
    op_release(c);
    pgconn_cancel_drop(c);
    pgconn_close(c);
    pgrows_free(pgconn_rows_take(c));
    pgconn_drop_heard(c);
    pgdiag_done(&c->diag);
    loop_timer_free(c->timer);
    loop_timer_free(c->attempt_timer);
    loop_defer(c->loop, &c->later, pgconn_free_now, c);
}

void
pgconn_close(struct pgconn *c)
{
    loop_watch_free(c->watch);
    c->watch = NULL;
    if (c->pg) {
        PQfinish(c->pg);
        c->pg = NULL;
    }
    pgconn_set_state(c, PGCONN_CLOSED);
}

int
pgconn_watch_socket(struct pgconn *c, loop_watch_cb *cb, int what, struct err *e)
{
    loop_watch_free(c->watch);
    c->watch = loop_watch_new(c->loop, PQsocket(c->pg), cb, c);
    c->watch_cb = cb;
    if (!c->watch || loop_watch_set(c->watch, what) != 0)
        return err_set(e, ERR_NOMEM, "out of memory for watching the connection");
    return 0;
}

void
pgconn_op_begin(struct pgconn *c, pgconn_cb *connect_cb, pgconn_rows_cb *rows_cb, void *arg,
                uint64_t deadline_ms)
{
    assert(!pgconn_op_active(c) && !c->dead);
    c->idle_cb = NULL;
    c->connect_cb = connect_cb;
    c->rows_cb = rows_cb;
    c->op_arg = arg;
    c->deadline_ms = deadline_ms;
    c->runs = false;
    c->op_failed = false;
    c->fatal_sqlstate[0] = '\0';
    c->fatal_message[0] = '\0';
    err_clear(&c->op_err);
    pgdiag_done(&c->diag);
    pgrows_free(pgconn_rows_take(c));
    loop_timer_start_at(c->timer, deadline_ms);
}

void
pgconn_op_end(struct pgconn *c, const struct err *e)
{
    struct err copy = {0};
    if (e)
        copy = *e;
    pgconn_tell_heard(c);
    c->runs = false;
    pgconn_cb *connect_cb = c->connect_cb;
    pgconn_rows_cb *rows_cb = c->rows_cb;
    struct pgrows *rows = pgconn_rows_take(c);
    c->connect_cb = NULL;
    c->rows_cb = NULL;
    op_release(c);
    if (c->watch) /* the next query finds it on; what comes before that turns it off */
        IGNORED(loop_watch_set(c->watch, c->watch_cb == pgconn_on_query_io ? LOOP_READ : 0));
    if (c->pg)
        pgconn_set_state(c, PGCONN_READY);
    if (connect_cb)
        connect_cb(c, e ? &copy : NULL, c->op_arg);
    else
        rows_cb(c, e ? &copy : NULL, rows, c->op_arg);
}

/* ---- the idle watch ---- */

void
pgconn_drop_notifies(struct pgconn *c)
{
    for (PGnotify *n = PQnotifies(c->pg); n; n = PQnotifies(c->pg))
        PQfreemem(n);
}

static void
on_idle_io(int fd, int what, void *arg)
{
    (void)fd;
    (void)what;
    struct pgconn *c = arg;
    int alive = PQconsumeInput(c->pg);
    (void)PQisBusy(c->pg); /* parses: notices, parameter changes */
    pgconn_drop_notifies(c);
    if (c->dead || (alive && PQstatus(c->pg) == CONNECTION_OK && !c->fatal_sqlstate[0]))
        return;
    struct err e = {0};
    if (c->fatal_message[0])
        pgconn_ended(&e, c->fatal_sqlstate, c->fatal_message);
    else
        err_set(&e, ERR_CLOSED, "the connection was closed");
    pgconn_cb *cb = c->idle_cb;
    c->idle_cb = NULL;
    pgconn_close(c);
    if (cb)
        cb(c, &e, c->idle_arg);
}

int
pgconn_watch_start(struct pgconn *c, pgconn_cb *cb, void *arg, struct err *e)
{
    assert(!pgconn_op_active(c));
    c->idle_cb = cb;
    c->idle_arg = arg;
    if (!cb) {
        if (c->watch)
            IGNORED(loop_watch_set(c->watch, 0));
        return 0;
    }
    if (!c->pg)
        return err_set(e, ERR_CLOSED, "not connected");
    if (pgconn_watch_socket(c, on_idle_io, LOOP_READ, e) != 0) {
        c->idle_cb = NULL;
        return -1;
    }
    return 0;
}

/* ---- state ---- */

bool
pgconn_connected(const struct pgconn *c)
{
    return c->pg && c->state >= PGCONN_READY && PQstatus(c->pg) == CONNECTION_OK;
}

enum pgconn_tx
pgconn_tx_state(const struct pgconn *c)
{
    switch (c->pg ? PQtransactionStatus(c->pg) : PQTRANS_UNKNOWN) {
    case PQTRANS_IDLE:
        return PGCONN_TX_IDLE;
    case PQTRANS_ACTIVE:
        return PGCONN_TX_ACTIVE;
    case PQTRANS_INTRANS:
        return PGCONN_TX_INTRANS;
    case PQTRANS_INERROR:
        return PGCONN_TX_INERROR;
    case PQTRANS_UNKNOWN:
        break;
    }
    return PGCONN_TX_UNKNOWN;
}

int
pgconn_backend_pid(const struct pgconn *c)
{
    return c->pg ? PQbackendPID(c->pg) : 0;
}

const char *
pgconn_setting(const struct pgconn *c, const char *name)
{
    const char *value = c->pg ? PQparameterStatus(c->pg, name) : NULL;
    return value ? value : "";
}

int
pgconn_server_version(const struct pgconn *c)
{
    return c->pg ? PQserverVersion(c->pg) : 0;
}

bool
pgconn_tls(const struct pgconn *c)
{
    return c->pg && PQsslInUse(c->pg);
}

const struct pgdiag *
pgconn_diag(const struct pgconn *c)
{
    return &c->diag;
}
