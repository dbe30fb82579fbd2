/*
 * fake_session.h: a clock that stands, a timer that a test fires, and a scripted PostgreSQL session
 * in place of clock.c, boottimer.c and pgconn.c. Included by one test program, behind cmocka.h.
 */
#ifndef RR_TESTS_FAKE_SESSION_H
#define RR_TESTS_FAKE_SESSION_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/net/boottimer.h"
#include "common/net/loop.h"
#include "common/pg/pgconn.h"

/* ---- the clock ---- */

static uint64_t now_ms;

uint64_t
clock_mono_ms(void)
{
    return now_ms;
}

uint64_t
clock_mono_us(void)
{
    return now_ms * 1000;
}

uint64_t
clock_boot_ms(void)
{
    return now_ms;
}

int64_t
clock_wall_ms(void)
{
    return 1795251600000;
}

/* ---- the timer ---- */

struct boottimer {
    loop_cb *cb;
    void *arg;
    uint64_t at_ms;
    bool pending;
};

static struct boottimer timer;

struct boottimer *
boottimer_new(struct loop *l, loop_cb *cb, void *arg, struct err *e)
{
    (void)l;
    (void)e;
    timer = (struct boottimer){.cb = cb, .arg = arg};
    return &timer;
}

void
boottimer_free(struct boottimer *t)
{
    (void)t;
}

void
boottimer_start_at(struct boottimer *t, uint64_t at_ms)
{
    t->at_ms = at_ms;
    t->pending = true;
}

void
boottimer_cancel(struct boottimer *t)
{
    t->pending = false;
}

static void
fire(void)
{
    assert_true(timer.pending);
    timer.pending = false;
    now_ms = timer.at_ms;
    timer.cb(timer.arg);
}

/* ---- the session ---- */

struct pgrows {
    int n;
    const char *values[3];
};

struct pgconn {
    bool connected;
    pgconn_cb *connect_cb;
    pgconn_cb *watch_cb;
    pgconn_rows_cb *rows_cb;
    void *arg;
    char sql[1024];
    char params[3][256];
    uint64_t deadline_ms;
};

static struct pgconn conn;

struct pgconn *
pgconn_new(struct loop *l, struct resolver *r, struct target_pg *target,
           const char *application_name, struct err *e)
{
    (void)l;
    (void)r;
    (void)target;
    (void)e;
    assert_string_equal(application_name, "cronrun:mail");
    conn = (struct pgconn){0};
    return &conn;
}

void
pgconn_free(struct pgconn *c)
{
    (void)c;
}

bool
pgconn_connected(const struct pgconn *c)
{
    return c->connected;
}

int
pgconn_backend_pid(const struct pgconn *c)
{
    (void)c;
    return 77;
}

int
pgconn_server_version(const struct pgconn *c)
{
    (void)c;
    return 150004;
}

int
pgconn_connect_start(struct pgconn *c, uint64_t deadline_ms, pgconn_cb *cb, void *arg,
                     struct err *e)
{
    (void)e;
    c->deadline_ms = deadline_ms;
    c->connect_cb = cb;
    c->arg = arg;
    return 0;
}

int
pgconn_query_start(struct pgconn *c, const char *sql, size_t bytes, uint64_t deadline_ms,
                   pgconn_rows_cb *cb, void *arg, struct err *e)
{
    (void)e;
    assert_null(c->rows_cb); /* one at a time */
    assert_true(bytes < sizeof c->sql);
    memcpy(c->sql, sql, bytes);
    c->sql[bytes] = '\0';
    c->watch_cb = NULL;
    c->deadline_ms = deadline_ms;
    c->rows_cb = cb;
    c->arg = arg;
    return 0;
}

int
pgconn_exec_start(struct pgconn *c, const char *sql, int nparams, const char *const *params,
                  uint64_t deadline_ms, pgconn_rows_cb *cb, void *arg, struct err *e)
{
    for (int i = 0; i < nparams; i++)
        strcpy(c->params[i], params[i]);
    return pgconn_query_start(c, sql, strlen(sql), deadline_ms, cb, arg, e);
}

int
pgconn_watch_start(struct pgconn *c, pgconn_cb *cb, void *arg, struct err *e)
{
    (void)e;
    assert_null(c->rows_cb);
    c->watch_cb = cb;
    c->arg = arg;
    return 0;
}

void
pgrows_free(struct pgrows *r)
{
    (void)r;
}

int
pgrows_count(const struct pgrows *r)
{
    return r->n;
}

const char *
pgrows_value(const struct pgrows *r, int row, int column)
{
    assert_int_equal(row, 0);
    return r->values[column];
}

#endif
