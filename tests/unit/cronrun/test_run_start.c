/* What a run is called, when it was scheduled, and what its deadlines leave to the command. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/fakes/run_world.h"

#define POD "email-29920860-x7k2p" /* of a CronJob's pod scheduled at WALL_MS */

/* ---- late, and what is left ---- */

static void
plan_scheduled(int64_t ago_ms)
{
    plan_run();
    plan.o.scheduled_ms = WALL_MS - ago_ms;
}

static void
test_the_starting_deadline(void **state)
{
    (void)state;
    plan_scheduled(1000);
    plan.o.starting_deadline_ms = 1000;
    assert_int_equal(run(), 0);

    plan_scheduled(61001);
    plan.o.starting_deadline_ms = 60000;
    assert_int_equal(run(), STATUS_LATE);
    assert_int_equal(seen.asked, 0);
    assert_false(seen.started);
    assert_non_null(strstr(record_of("run_refused"), "the start is 61 s late"));

    plan.o.starting_deadline_ms = CLOCK_NEVER;
    assert_int_equal(run(), 0);
}

/* The lock took too long: it is given back. */
static void
test_late_when_it_is_granted(void **state)
{
    (void)state;
    plan_scheduled(0);
    plan.o.starting_deadline_ms = 1000;
    plan.takes_ms = 1001;
    assert_int_equal(run(), STATUS_LATE);
    assert_int_equal(seen.asked, 1);
    assert_false(seen.started);
    assert_string_equal(seen.released, "late");
}

/* Of the job's minute ten seconds are over; five are the grace, and the end has more than the log may take for its last records. */
static void
test_what_the_jobs_deadline_leaves(void **state)
{
    (void)state;
    const uint64_t left_ms = 60000 - 10000 - 5000 - (LOG_FINISH_MS + 1000);
    static const struct {
        uint64_t own_ms; /* 0: the command has none */
        bool own_counts;
    } rows[] = {{0, false}, {30000, true}, {50000, false}};
    for (size_t i = 0; i < 3; i++) {
        plan_scheduled(10000);
        plan.o.job_deadline_ms = 60000;
        plan.o.deadline_ms = rows[i].own_ms;
        assert_int_equal(run(), 0);
        assert_int_equal(seen.deadline_ms, rows[i].own_counts ? rows[i].own_ms : left_ms);
    }
}

static void
test_nothing_is_left_of_the_jobs_deadline(void **state)
{
    (void)state;
    const int64_t end_ms = 5000 + LOG_FINISH_MS + 1000;
    plan_scheduled(60000 - end_ms - 1);
    plan.o.job_deadline_ms = 60000;
    assert_int_equal(run(), 0);
    assert_int_equal(seen.deadline_ms, 1);

    plan.o.scheduled_ms--;
    assert_int_equal(run(), STATUS_LATE);
    assert_int_equal(seen.asked, 0);
    assert_non_null(strstr(record_of("run_refused"), "no time is left before the job's deadline"));

    plan.o.scheduled_ms -= 60000;
    assert_int_equal(run(), STATUS_LATE);
}

/* ---- the instant ---- */

static void
test_the_pods_name_has_the_instant(void **state)
{
    (void)state;
    plan_run();
    plan.host = POD;
    plan.o.job_deadline_ms = 60000;
    assert_int_equal(run(), 0);
    const char *start = record_of("run_start");
    assert_non_null(strstr(start, "\"job\":\"email\""));
    assert_non_null(strstr(start, "\"scheduled\":\"2026-11-21T09:00:00Z\""));
    assert_false(told("no_instant"));

    plan.o.scheduled_ms = WALL_MS - 1000; /* what was given comes first */
    plan.o.name = "mine";
    assert_int_equal(run(), 0);
    start = record_of("run_start");
    assert_non_null(strstr(start, "\"job\":\"mine\""));
    assert_non_null(strstr(start, "\"scheduled\":\"2026-11-21T08:59:59Z\""));
}

static void
test_no_instant(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        uint64_t starting_ms, job_ms;
        const char *level; /* NULL: nothing is said */
        const char *option;
    } rows[] = {
        {"web-1", CLOCK_NEVER, CLOCK_NEVER, NULL, NULL},
        {"web-1", 60000, CLOCK_NEVER, "\"warn\"", "--starting-deadline counts"},
        {"web-1", 60000, 60000, "\"warn\"", "--starting-deadline counts"},
        {"web-1", CLOCK_NEVER, 60000, "\"info\"", "--job-deadline counts"},
        {"email-29920860-0", CLOCK_NEVER, 60000, "\"warn\"", "--job-deadline counts"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        plan_run();
        plan.host = rows[i].host;
        plan.o.starting_deadline_ms = rows[i].starting_ms;
        plan.o.job_deadline_ms = rows[i].job_ms;
        assert_int_equal(run(), 0);
        assert_null(strstr(record_of("run_start"), "\"scheduled\""));
        assert_int_equal(told("\"event\":\"no_instant\""), rows[i].level != NULL);
        if (rows[i].level) {
            assert_non_null(strstr(record_of("no_instant"), rows[i].level));
            assert_non_null(strstr(record_of("no_instant"), rows[i].option));
        }
    }
}

static void
test_the_instant_is_known(void **state)
{
    (void)state;
    plan_scheduled(0);
    plan.o.starting_deadline_ms = 60000;
    assert_int_equal(run(), 0);
    assert_false(told("no_instant"));
}

/* ---- the name ---- */

static void
test_the_job_is_called_like_its_command(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"/usr/bin/mail", "\"job\":\"mail\""},
        {"mail all\"\\\177", "\"job\":\"mail_all___\""},
        {"bin/", "\"job\":\"bin/\""},
    };
    for (size_t i = 0; i < 3; i++) {
        plan_run();
        plan.command = rows[i][0];
        assert_int_equal(run(), 0);
        assert_non_null(strstr(record_of("run_start"), rows[i][1]));
    }
}

/* One command may be several jobs: what others see needs a name that is meant. */
static void
test_a_lock_elsewhere_needs_a_name(void **state)
{
    (void)state;
    const enum lock_kind kinds[] = {LOCK_POSTGRES, LOCK_REDIS};
    for (size_t i = 0; i < 2; i++) {
        plan_run();
        plan.o.lock_kind = kinds[i];
        plan.o.lock_where = i ? "redis://127.0.0.1:1" : "postgres://app@127.0.0.1:1/app";
        assert_int_equal(run(), STATUS_OWN);
        assert_int_equal(seen.asked, 0);

        plan.o.name = "mine";
        assert_int_equal(run(), 0);
        plan.o.name = NULL;
        plan.host = POD;
        assert_int_equal(run(), 0);
        assert_int_equal(seen.asked, 1);
    }
}

static void
test_a_lock_that_is_a_file(void **state)
{
    (void)state;
    plan_run();
    plan.o.lock_kind = LOCK_FILE;
    plan.o.lock_where = "/run/lock/mail";
    assert_int_equal(run(), 0);
    assert_string_equal(seen.path, "/run/lock/mail");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_starting_deadline),
        cmocka_unit_test(test_late_when_it_is_granted),
        cmocka_unit_test(test_what_the_jobs_deadline_leaves),
        cmocka_unit_test(test_nothing_is_left_of_the_jobs_deadline),
        cmocka_unit_test(test_the_pods_name_has_the_instant),
        cmocka_unit_test(test_no_instant),
        cmocka_unit_test(test_the_instant_is_known),
        cmocka_unit_test(test_the_job_is_called_like_its_command),
        cmocka_unit_test(test_a_lock_elsewhere_needs_a_name),
        cmocka_unit_test(test_a_lock_that_is_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
