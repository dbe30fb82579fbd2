/*
 * fake_pgconn.h: a scripted connection to PostgreSQL, in place of pgconn.c: what was asked lies in `conn`, and the test answers.
 */
#ifndef RR_TESTS_FAKE_PGCONN_H
#define RR_TESTS_FAKE_PGCONN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/pg/pgconn.h"

struct pgrows {
    int n;
    const char *values[3];
};

struct pgconn {
    bool connected;
    bool freed;
    bool asked;    /* an operation is under way */
    bool no_watch; /* memory for one runs out */
    char application_name[64];
    pgconn_cb *connect_cb;
    pgconn_cb *watch_cb;
    pgconn_rows_cb *rows_cb;
    void *arg;
    char sql[8192];
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
    conn = (struct pgconn){0};
    snprintf(conn.application_name, sizeof(conn.application_name), "%s", application_name);
    return &conn;
}

void
pgconn_free(struct pgconn *c)
{
    if (c)
        c->freed = true;
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
    assert_false(c->asked);
    c->asked = true;
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
    assert_false(c->asked); /* one at a time */
    c->asked = true;
    assert_true(bytes < sizeof(c->sql));
    memcpy(c->sql, sql, bytes);
    c->sql[bytes] = '\0';
    c->watch_cb = NULL;
    c->deadline_ms = deadline_ms;
    c->rows_cb = cb;
    c->arg = arg;
    return 0;
}

int
pgconn_exec_start(struct pgconn *c, const char *sql, const struct pgconn_params *params,
                  uint64_t deadline_ms, pgconn_rows_cb *cb, void *arg, struct err *e)
{
    for (int i = 0; i < params->n; i++)
        strcpy(c->params[i], params->values[i]);
    return pgconn_query_start(c, sql, strlen(sql), deadline_ms, cb, arg, e);
}

int
pgconn_watch_start(struct pgconn *c, pgconn_cb *cb, void *arg, struct err *e)
{
    assert_false(c->asked);
    if (c->no_watch)
        return err_nomem(e);
    c->watch_cb = cb;
    c->arg = arg;
    return 0;
}

void
pgrows_free(struct pgrows *r)
{
    (void)r;
}

const struct pgrows *
pgrows_next(const struct pgrows *r)
{
    return r;
}

size_t
pgrows_count_statements(const struct pgrows *r)
{
    (void)r;
    return 0;
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

/* ---- what the server does ---- */

/* e: NULL when the connection is made. */
static inline void
pg_connects(const struct err *e)
{
    assert_true(conn.asked);
    conn.asked = false;
    conn.connected = !e;
    conn.connect_cb(&conn, e, conn.arg);
}

static inline void
pg_answers(const struct err *e, struct pgrows *rows)
{
    pgconn_rows_cb *cb = conn.rows_cb;
    assert_non_null(cb);
    conn.rows_cb = NULL;
    conn.asked = false;
    cb(&conn, e, rows, conn.arg);
}

#endif
