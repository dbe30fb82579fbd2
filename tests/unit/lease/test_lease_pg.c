/*
 * The lock in PostgreSQL against a scripted session: which question follows which answer, what is
 * refused, when the settle time is waited, how a loss shows and how a release goes. The clock
 * stands.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdlib.h>

#include "common/lease/lease.h"
#include "common/net/loop.h"
#include "tests/unit/fakes/fake_boottimer.h"
#include "tests/unit/fakes/fake_pgconn.h"
#include "tests/unit/fakes/lease_rules.h"

enum { TIMER }; /* the one that a lease makes */

/* ---- what a test does ---- */

/* The question that is open has `part` in it, and this is its answer: one row. */
static void
answer(const char *part, const char *a, const char *b)
{
    if (!strstr(conn.sql, part))
        fail_msg("asked \"%s\", not \"%s\"", conn.sql, part);
    pg_answers(NULL, &(struct pgrows){.n = 1, .values = {a, b, "t"}});
}

static void
answer_nothing(const char *part)
{
    assert_non_null(strstr(conn.sql, part));
    pg_answers(NULL, &(struct pgrows){0});
}

static void
refuse(const char *part, const char *sqlstate)
{
    assert_non_null(strstr(conn.sql, part));
    struct err e;
    err_sql(&e, ERR_SERVER, sqlstate, "no");
    pg_answers(&e, NULL);
}

static void
acquire_connected(struct fixture *f)
{
    acquire(f);
    pg_connects(NULL);
}

static void
up_to_table(struct fixture *f)
{
    acquire_connected(f);
    answer("pg_backend_pid", "77", "f");
    assert_non_null(strstr(conn.sql, "idle_session_timeout = 0"));
    answer("synchronous_commit = on", NULL, NULL);
    answer("pg_try_advisory_lock('", "t", NULL);
}

static void
hold(struct fixture *f)
{
    up_to_table(f);
    answer("to_regclass", "t", NULL);
    answer("released_at IS NULL", "f", NULL);
    answer("fence + 1", "8", NULL);
    assert_true(f->acquired);
    assert_int_equal(f->e.code, ERR_NONE);
    assert_int_equal(f->fence, 8);
    assert_non_null(conn.watch_cb);
}

static void
test_clean_former(void **state)
{
    hold(*state);
}

static void
test_first_of_all(void **state)
{
    struct fixture *f = *state;
    up_to_table(f);
    answer("to_regclass", "f", NULL);
    answer_nothing("CREATE TABLE IF NOT EXISTS cronrun_job");
    answer_nothing("released_at IS NULL");
    answer("fence + 1", "1", NULL);
    assert_int_equal(f->fence, 1);
}

static void
test_another_makes_the_table(void **state)
{
    struct fixture *f = *state;
    up_to_table(f);
    answer("to_regclass", "f", NULL);
    refuse("CREATE TABLE", "23505");
    answer("to_regclass", "t", NULL);
    answer_nothing("released_at IS NULL");
    answer("fence + 1", "1", NULL);
    assert_int_equal(f->fence, 1);
}

static void
settles(struct fixture *f)
{
    assert_false(f->acquired);
    assert_non_null(conn.watch_cb);
    assert_int_equal(timers[TIMER].at_ms, now_ms + 20);
    fire(TIMER);
    assert_true(f->acquired);
    assert_int_equal(f->e.code, ERR_NONE);
}

static void
test_former_left(void **state)
{
    struct fixture *f = *state;
    up_to_table(f);
    answer("to_regclass", "t", NULL);
    answer("released_at IS NULL", "t", NULL);
    answer("fence + 1", "9", NULL);
    settles(f);
    assert_int_equal(f->fence, 9);
}

static void
test_no_right_to_a_table(void **state)
{
    struct fixture *f = *state;
    up_to_table(f);
    answer("to_regclass", "f", NULL);
    refuse("CREATE TABLE", "42501");
    answer("pg_logical_emit_message(true", "1234", NULL);
    settles(f);
    assert_int_equal(f->fence, 1234);
    /* No row to mark. */
    assert_int_equal(lease_release_start(f->lease, "success", now_ms + 1000, on_released, f, NULL),
                     0);
    turn(f);
    answer("pg_advisory_unlock", "t", NULL);
    assert_true(f->released);
}

static void
test_read_only_is_refused(void **state)
{
    struct fixture *f = *state;
    up_to_table(f);
    answer("to_regclass", "f", NULL);
    refuse("CREATE TABLE", "25006");
    assert_true(f->acquired);
    assert_int_equal(f->e.code, ERR_SERVER);
}

static void
test_pooler_and_standby(void **state)
{
    struct fixture *f = *state;
    acquire_connected(f);
    answer("pg_backend_pid", "78", "f");
    assert_int_equal(f->e.code, ERR_SERVER);
    assert_non_null(strstr(f->e.msg, "pooler"));
    conn.connected = false;
    acquire_connected(f);
    answer("pg_backend_pid", "77", "t");
    assert_non_null(strstr(f->e.msg, "standby"));
}

static void
test_busy_by_row(void **state)
{
    struct fixture *f = *state;
    acquire_connected(f);
    answer("pg_backend_pid", "77", "f");
    answer("synchronous_commit", NULL, NULL);
    answer("pg_try_advisory_lock", "f", NULL);
    answer("pg_locks", "10.0.0.3", "2026-11-21T09:00:00Z");
    assert_string_equal(conn.params[0], "mail");
    answer("SELECT holder, fence",
           "{\"fence\":0,\"host\":\"web-1\",\"pid\":7,\"since\":\"s\",\"run_id\":\"r\"}", "5");
    assert_int_equal(f->e.code, ERR_BUSY);
    assert_string_equal(f->holder.host, "web-1");
    assert_int_equal(f->holder.fence, 5);
    /* The next attempt goes on with the same session. */
    acquire(f);
    answer("pg_try_advisory_lock", "f", NULL);
    answer("pg_locks", "10.0.0.3", "2026-11-21T09:00:00Z");
    answer_nothing("SELECT holder, fence");
    assert_string_equal(f->holder.host, "10.0.0.3");
    acquire(f);
    answer("pg_try_advisory_lock", "f", NULL);
    refuse("pg_locks", "42501"); /* whoever it is: busy */
    assert_int_equal(f->e.code, ERR_BUSY);
}

static void
test_unreachable(void **state)
{
    struct fixture *f = *state;
    acquire(f);
    pg_connects(&(struct err){.code = ERR_REFUSED, .msg = "refused"});
    assert_int_equal(f->e.code, ERR_REFUSED);
    acquire_connected(f); /* and again */
    conn.connected = false;
    pg_answers(&(struct err){.code = ERR_CLOSED, .msg = "gone"}, NULL);
    assert_int_equal(f->e.code, ERR_CLOSED);
}

static void
test_session_ends(void **state)
{
    struct fixture *f = *state;
    hold(f);
    conn.connected = false;
    conn.watch_cb(&conn, &(struct err){.code = ERR_CLOSED, .msg = "57P01"}, conn.arg);
    assert_int_equal(f->gone, 1);
    assert_int_equal(f->unsure, 0);
    assert_int_equal(f->why.code, ERR_LOST);
    assert_int_equal(
        lease_release_start(f->lease, "lock_lost", now_ms + 1000, on_released, f, NULL), 0);
    turn(f);
    assert_true(f->released);
    assert_null(conn.rows_cb);
}

static void
test_beats(void **state)
{
    struct fixture *f = *state;
    hold(f);
    for (int i = 0; i < 3; i++) {
        uint64_t before_ms = now_ms;
        fire(TIMER);
        assert_int_equal(now_ms, before_ms + 5000);
        assert_int_equal(conn.deadline_ms, now_ms + 3000);
        answer("SELECT 1", "1", NULL);
        assert_non_null(conn.watch_cb);
    }
    fire(TIMER);
    conn.connected = false;
    pg_answers(&(struct err){.code = ERR_TIMEOUT, .msg = "slow"}, NULL);
    assert_int_equal(f->gone, 1);
    assert_int_equal(f->unsure, 0);
    assert_false(timers[TIMER].pending);
}

/* The wish to release comes while a beat is under way: it goes on from the answer. */
static void
test_release_behind_a_beat(void **state)
{
    struct fixture *f = *state;
    hold(f);
    fire(TIMER);
    assert_int_equal(lease_release_start(f->lease, "success", now_ms + 1000, on_released, f, NULL),
                     0);
    turn(f);
    answer("SELECT 1", "1", NULL);
    answer("SET released_at = now()", NULL, NULL);
    answer("pg_advisory_unlock", "t", NULL);
    assert_true(f->released);
}

static void
test_release_marks_then_unlocks(void **state)
{
    struct fixture *f = *state;
    hold(f);
    assert_int_equal(lease_release_start(f->lease, "success", now_ms + 1000, on_released, f, NULL),
                     0);
    turn(f);
    assert_string_equal(conn.params[0], "mail");
    assert_string_equal(conn.params[1], "success");
    assert_string_equal(conn.params[2], "8");
    answer("SET released_at = now()", NULL, NULL);
    answer("pg_advisory_unlock('", "t", NULL);
    assert_true(f->released);
    assert_int_equal(f->e.code, ERR_NONE);
    assert_int_equal(f->gone, 0);
}

static void
test_release_fails(void **state)
{
    struct fixture *f = *state;
    hold(f);
    assert_int_equal(lease_release_start(f->lease, "success", now_ms + 1000, on_released, f, NULL),
                     0);
    turn(f);
    conn.connected = false;
    pg_answers(&(struct err){.code = ERR_TIMEOUT, .msg = "slow"}, NULL);
    assert_true(f->released);
    assert_int_equal(f->e.code, ERR_TIMEOUT);
    assert_int_equal(f->gone, 0);
}

/* The session ends between the wish to release and its first question. */
static void
test_release_and_loss_cross(void **state)
{
    struct fixture *f = *state;
    hold(f);
    assert_int_equal(lease_release_start(f->lease, "success", now_ms + 1000, on_released, f, NULL),
                     0);
    conn.watch_cb(&conn, &(struct err){.code = ERR_CLOSED, .msg = "57P01"}, conn.arg);
    assert_true(f->released);
    assert_int_equal(f->gone, 0);
    turn(f);
}

/* Nobody may look at what was freed within its own callback; see the build with the address sanitiser. */
static void
test_free_inside_refused(void **state)
{
    struct fixture *f = *state;
    f->free_it = true;
    acquire_connected(f);
    answer("pg_backend_pid", "77", "f");
    answer("synchronous_commit", NULL, NULL);
    answer("pg_try_advisory_lock", "f", NULL);
    answer_nothing("pg_locks");
    assert_int_equal(f->e.code, ERR_BUSY);
    freed(f);
}

static void
test_free_inside_unreachable(void **state)
{
    struct fixture *f = *state;
    f->free_it = true;
    acquire(f);
    pg_connects(&(struct err){.code = ERR_REFUSED, .msg = "refused"});
    freed(f);
}

static void
test_free_inside_lost(void **state)
{
    struct fixture *f = *state;
    hold(f);
    f->free_it = true;
    conn.watch_cb(&conn, &(struct err){.code = ERR_CLOSED, .msg = "57P01"}, conn.arg);
    assert_int_equal(f->gone, 1);
    assert_int_equal(f->unsure, 0);
    freed(f);
}

/* A lock that cannot be watched was not had: the acquisition ends, and nothing was lost. Behind a beat it is a loss. */
static void
test_cannot_watch(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 2; i++) {
        conn.no_watch = true;
        conn.connected = false;
        up_to_table(f);
        answer("to_regclass", "t", NULL);
        answer("released_at IS NULL", i ? "t" : "f", NULL);
        answer("fence + 1", "8", NULL);
        assert_true(f->acquired);
        assert_int_equal(f->e.code, ERR_NOMEM);
        assert_int_equal(f->gone, 0);
        assert_false(timers[TIMER].pending);
    }
    conn.no_watch = false;
    conn.connected = false;
    hold(f);
    fire(TIMER);
    conn.no_watch = true;
    f->free_it = true;
    answer("SELECT 1", "1", NULL);
    assert_int_equal(f->gone, 1);
    assert_int_equal(f->unsure, 0);
    freed(f);
}

static void
answer_release(void)
{
    answer("SET released_at = now()", NULL, NULL);
    answer("pg_advisory_unlock('", "t", NULL);
}

static bool
has_ended(void)
{
    return conn.freed && all_timers_freed();
}

static int
setup(void **state)
{
    static const struct lease_kind kind = {hold, answer_release, has_ended};
    struct fixture *f = fixture_new(&kind);
    struct err e;
    struct lease *l = lease_pg_new(f->loop, NULL, NULL, &test_owner, 20, &e);
    assert_string_equal(conn.application_name, "cronrun:mail");
    return fixture_start(f, l, state);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        LEASE_RULES,
        TEST(test_free_inside_refused),
        TEST(test_free_inside_unreachable),
        TEST(test_free_inside_lost),
        TEST(test_cannot_watch),
        TEST(test_clean_former),
        TEST(test_first_of_all),
        TEST(test_another_makes_the_table),
        TEST(test_former_left),
        TEST(test_no_right_to_a_table),
        TEST(test_read_only_is_refused),
        TEST(test_pooler_and_standby),
        TEST(test_busy_by_row),
        TEST(test_unreachable),
        TEST(test_session_ends),
        TEST(test_beats),
        TEST(test_release_behind_a_beat),
        TEST(test_release_marks_then_unlocks),
        TEST(test_release_fails),
        TEST(test_release_and_loss_cross),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
