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
#include "migrate/tell/progress.h"
#include "migrate/db/watch.h"
#include "tests/unit/fakes/fake_pgconn.h"

#define LONG_MS 20000
#define PID 7

static void
connects(bool well)
{
    struct err e = {0};
    err_set(&e, ERR_REFUSED, "nobody there");
    pg_connects(well ? NULL : &e);
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
    w = watch_new(loop, NULL, NULL, "migrate it's", bar, 1, &e);
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

/* Behind a pooler nobody knows the backend's number: it is the one that has the connection's name. */
static void
test_a_backend_by_its_name(void **state)
{
    (void)state;
    watch_begin(w, WATCH_BY_NAME, 150000, LONG_MS);
    wait_until_asked();
    connects(true);
    assert_non_null(strstr(conn.sql, "pg_blocking_pids(a.pid)"));
    assert_non_null(strstr(conn.sql, "OPERATOR(pg_catalog.=) 'migrate it''s'"));
    assert_null(strstr(conn.sql, "-1"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_cancels, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_cancel_that_failed_is_over, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_cancel_ends_with_its_statement, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_backend_by_its_name, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
