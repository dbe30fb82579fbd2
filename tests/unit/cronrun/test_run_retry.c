/* A command that fails is started again: how often, how long, and what ends that. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/fakes/run_world.h"

static void
plan_retries(int64_t retries)
{
    plan_run();
    plan.o.retries = retries;
    plan.o.retry_delay_ms = 1;
    plan.wait_status = 3 << 8;
}

static void
test_until_it_succeeds(void **state)
{
    (void)state;
    plan_retries(5);
    plan.good = 2;
    assert_int_equal(run(), 0);
    assert_int_equal(seen.starts, 2);
    assert_string_equal(seen.released, "success");
    assert_int_equal(seen.asked, 1);
    const char *record = record_of("retry");
    assert_non_null(strstr(record, "attempt 1 of 6 failed (exit 3); the next follows in 1ms"));
    assert_non_null(strstr(record, "\"attempt\":1,\"command_exit\":3,\"delay_ms\":1}"));
    assert_non_null(strstr(record_of("retry_start"), "\"attempt\":2,\"pid\":100"));
    assert_non_null(strstr(record_of("run_start"), "mail started"));
    assert_non_null(strstr(record_of("run_end"), "\"attempts\":2,"));
}

static void
test_until_there_are_no_more(void **state)
{
    (void)state;
    plan_retries(2);
    plan.wait_status = SIGSEGV;
    assert_int_equal(run(), 139);
    assert_int_equal(seen.starts, 3);
    assert_string_equal(seen.released, "failure");
    assert_non_null(strstr(record_of("run_end"), "\"attempts\":3,"));

    plan_retries(0);
    assert_int_equal(run(), 3);
    assert_int_equal(seen.starts, 1);
    assert_false(told("attempts") || told("\"retry\""));
}

/* What was done to it is no failure of its own. */
static void
test_what_is_not_retried(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        plan_retries(5);
        plan.deadline = i == 0;
        plan.stop_signo = i == 1 ? SIGTERM : 0;
        plan.loss = i == 2 ? WHILE_IT_RUNS : NOWHEN;
        run();
        assert_int_equal(seen.starts, 1);
        assert_false(told("\"retry\""));
    }
}

static void
test_no_time_for_another(void **state)
{
    (void)state;
    plan_retries(5);
    plan.o.deadline_ms = 60000;
    plan.o.retry_delay_ms = 120000;
    assert_int_equal(run(), 3);
    assert_int_equal(seen.starts, 1);
    assert_non_null(strstr(record_of("retry"), "no time is left for another"));
    assert_false(told("delay_ms"));
}

/* It counts from the first start. */
static void
test_one_deadline_for_all(void **state)
{
    (void)state;
    plan_retries(1);
    plan.o.deadline_ms = 60000;
    plan.o.retry_delay_ms = 30;
    run();
    assert_int_equal(seen.starts, 2);
    assert_in_range(seen.deadline_ms, 1, 60000 - 15);
}

static void
test_lost_between(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        plan_retries(5);
        plan.loss = BETWEEN_ATTEMPTS;
        plan.grade = i ? LEASE_GONE : LEASE_UNSURE;
        assert_int_equal(run(), STATUS_LOCK_LOST);
        assert_int_equal(seen.starts, 1);
        assert_string_equal(seen.released, "lock_lost");
        assert_non_null(strstr(record_of("run_end"), "the connection was lost"));
    }
}

static void
test_stopped_between(void **state)
{
    (void)state;
    plan_retries(5);
    plan.o.retry_delay_ms = 60000;
    plan.between_signal = SIGTERM;
    assert_int_equal(run(), 3);
    assert_int_equal(seen.starts, 1);
    assert_non_null(strstr(record_of("run_end"), "\"outcome\":\"stopped\""));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_until_it_succeeds),    cmocka_unit_test(test_until_there_are_no_more),
        cmocka_unit_test(test_what_is_not_retried),  cmocka_unit_test(test_no_time_for_another),
        cmocka_unit_test(test_one_deadline_for_all), cmocka_unit_test(test_lost_between),
        cmocka_unit_test(test_stopped_between),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
