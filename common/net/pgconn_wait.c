/* pgconn_wait.c: the same operations for programs that go step by step. */
#include <assert.h>

#include "common/net/pgconn_impl.h"

static void
on_simple(struct pgconn *c, const struct err *e, void *arg)
{
    (void)c;
    struct pgconn_waiter *w = arg;
    w->failed = e != NULL;
    if (e)
        w->err = *e;
    w->done = true;
}

static void
on_rows(struct pgconn *c, const struct err *e, struct pgrows *rows, void *arg)
{
    struct pgconn_waiter *w = arg;
    w->rows = rows;
    on_simple(c, e, w);
}

/* Before a start: a stop that is already known starts nothing. */
static int
wait_begin(struct pgconn *c, struct pgconn_waiter *w, struct err *e)
{
    assert(!w->pending);
    if (loop_stopped(c->loop))
        return err_set(e, ERR_STOPPED, "stopped by signal %d", loop_stopped(c->loop));
    pgrows_free(w->rows);
    *w = (struct pgconn_waiter){.pending = true};
    return 0;
}

/* Ends when the operation did; -1 with ERR_STOPPED leaves it pending. */
static int
wait_done(struct pgconn *c, struct pgconn_waiter *w, uint64_t deadline_ms, struct err *e)
{
    if (loop_turn_until(c->loop, &w->done, deadline_ms, e) != 0)
        return -1;
    w->pending = false;
    if (!w->failed)
        return 0;
    if (e)
        *e = w->err;
    return -1;
}

/* The rest of every _wait: started is what x_start returned. */
static int
wait_rows(struct pgconn *c, int started, struct pgrows **ret, struct err *e)
{
    struct pgconn_waiter *w = &c->wait;
    if (started != 0) {
        w->pending = false;
        return -1;
    }
    /* The operation's own deadline ends it. */
    int result = wait_done(c, w, CLOCK_NEVER, e);
    if (w->pending)
        return -1;
    if (ret)
        *ret = w->rows;
    else
        pgrows_free(w->rows);
    w->rows = NULL;
    return result;
}

int
pgconn_connect_wait(struct pgconn *c, uint64_t deadline_ms, struct err *e)
{
    if (wait_begin(c, &c->wait, e) != 0)
        return -1;
    return wait_rows(c, pgconn_connect_start(c, deadline_ms, on_simple, &c->wait, e), NULL, e);
}

int
pgconn_query_wait(struct pgconn *c, const char *sql, size_t bytes, uint64_t deadline_ms,
                  struct pgrows **ret, struct err *e)
{
    if (wait_begin(c, &c->wait, e) != 0)
        return -1;
    return wait_rows(c, pgconn_query_start(c, sql, bytes, deadline_ms, on_rows, &c->wait, e), ret,
                     e);
}

int
pgconn_exec_wait(struct pgconn *c, const char *sql, int nparams, const char *const *params,
                 uint64_t deadline_ms, struct pgrows **ret, struct err *e)
{
    if (wait_begin(c, &c->wait, e) != 0)
        return -1;
    return wait_rows(
        c, pgconn_exec_start(c, sql, nparams, params, deadline_ms, on_rows, &c->wait, e), ret, e);
}

int
pgconn_copy_in_wait(struct pgconn *c, const char *sql, size_t sql_bytes, const char *data,
                    size_t data_bytes, uint64_t deadline_ms, struct pgrows **ret, struct err *e)
{
    if (wait_begin(c, &c->wait, e) != 0)
        return -1;
    return wait_rows(c,
                     pgconn_copy_in_start(c, sql, sql_bytes, data, data_bytes, deadline_ms, on_rows,
                                          &c->wait, e),
                     ret, e);
}

int
pgconn_drain_wait(struct pgconn *c, uint64_t deadline_ms, struct err *e)
{
    struct pgconn_waiter *w = &c->wait;
    if (!w->pending)
        return 0;
    int result = wait_done(c, w, deadline_ms, e);
    pgrows_free(w->rows);
    w->rows = NULL;
    return result;
}

int
pgconn_cancel_wait(struct pgconn *c, uint64_t deadline_ms, struct err *e)
{
    struct pgconn_waiter *w = &c->cancel_wait;
    if (wait_begin(c, w, e) != 0)
        return -1;
    if (pgconn_cancel_start(c, deadline_ms, on_simple, w, e) != 0) {
        w->pending = false;
        return -1;
    }
    int result = wait_done(c, w, CLOCK_NEVER, e);
    if (w->pending) { /* a stop: the request is not worth a second wait */
        pgconn_cancel_drop(c);
        w->pending = false;
    }
    return result;
}
