/* test_watch.c: the second connection against a scripted one: whom it cancels, and whom not any more. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/net/loop.h"
#include "common/pg/pgconn.h"
#include "migrate/tell/progress.h"
#include "migrate/db/watch.h"

#define LONG_MS 20000
#define PID 7

/* ---- the connection ---- */

struct pgconn {
    bool connected;
    bool asked; /* an operation is under way */
    pgconn_cb *connect_cb;
    pgconn_rows_cb *rows_cb;
    void *arg;
    char sql[2048];
};

static struct pgconn conn;

struct pgconn *
pgconn_new(struct loop *l, struct resolver *r, struct target_pg *target,
           const char *application_name, struct err *e)
{
    (void)l;
    (void)r;
    (void)target;
    (void)application_name;
    (void)e;
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
pgconn_connect_start(struct pgconn *c, uint64_t deadline_ms, pgconn_cb *cb, void *arg,
                     struct err *e)
{
    (void)deadline_ms;
    (void)e;
    assert_false(c->asked);
    c->asked = true;
    c->connect_cb = cb;
    c->arg = arg;
    return 0;
}

int
pgconn_query_start(struct pgconn *c, const char *sql, size_t bytes, uint64_t deadline_ms,
                   pgconn_rows_cb *cb, void *arg, struct err *e)
{
    (void)deadline_ms;
    (void)e;
    assert_false(c->asked);
    assert_true(bytes < sizeof c->sql);
    memcpy(c->sql, sql, bytes);
    c->sql[bytes] = '\0';
    c->asked = true;
    c->rows_cb = cb;
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
    (void)r;
    return 0;
}

const char *
pgrows_value(const struct pgrows *r, int row, int column)
{
    (void)r;
    (void)row;
    (void)column;
    return NULL;
}

static void
connects(bool well)
{
    struct err e = {0};
    err_set(&e, ERR_REFUSED, "nobody there");
    assert_true(conn.asked);
    conn.asked = false;
    conn.connected = well;
    conn.connect_cb(&conn, well ? NULL : &e, conn.arg);
}

/* ---- the watch ---- */

static struct loop *loop;
static struct progress *bar;
static struct watch *w;

static int
setup(void **state)
{
    (void)state;
    struct err e;
    loop = loop_new(&e);
    bar = progress_new(loop, open("/dev/null", O_WRONLY | O_CLOEXEC), &e);
    w = watch_new(loop, NULL, NULL, bar, 1, &e);
    return loop && bar && w ? 0 : -1;
}

static int
teardown(void **state)
{
    (void)state;
    watch_free(w);
    progress_free(bar);
    loop_free(loop);
    return 0;
}

static void
wait_until_asked(void)
{
    struct err e;
    if (loop_turn_until(loop, &conn.asked, clock_deadline(LONG_MS), &e) != 0)
        fail_msg("it did not look");
}

static void
test_cancels(void **state)
{
    (void)state;
    watch_begin(w, PID, 150000, LONG_MS);
    assert_int_equal(watch_cancel_start(w, PID), 0);
    connects(true);
    assert_string_equal(conn.sql, "SELECT pg_catalog.pg_cancel_backend(7)");
}

/* The next statement of the same backend was not meant. */
static void
test_a_cancel_that_failed_is_over(void **state)
{
    (void)state;
    watch_begin(w, PID, 150000, LONG_MS);
    assert_int_equal(watch_cancel_start(w, PID), 0);
    connects(false);
    wait_until_asked(); /* it goes on looking */
    connects(true);
    assert_non_null(strstr(conn.sql, "pg_blocking_pids(7)"));
}

static void
test_a_cancel_ends_with_its_statement(void **state)
{
    (void)state;
    watch_begin(w, PID, 150000, LONG_MS);
    assert_int_equal(watch_cancel_start(w, PID), 0);
    watch_end(w);
    watch_begin(w, PID, 150000, LONG_MS);
    connects(true);
    assert_non_null(strstr(conn.sql, "pg_blocking_pids(7)"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_cancels, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_cancel_that_failed_is_over, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_cancel_ends_with_its_statement, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
