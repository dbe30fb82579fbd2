/* A command that fails is started again: how often, how long, and what ends that. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

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

/* ---- no process for it ---- */

static void
plan_no_process(int64_t retries, unsigned from, unsigned n, int sys_errno)
{
    plan_retries(retries);
    plan.fails_from = from;
    plan.unstarted = n;
    plan.fails_with = sys_errno;
}

/* Each is an attempt; what is started then is the first start, and its deadline counts from the first attempt. */
static void
test_no_process_for_a_moment(void **state)
{
    (void)state;
    static const int lacking[] = {EAGAIN, ENOMEM, EMFILE, ENFILE};
    for (size_t i = 0; i < 4; i++) {
        plan_no_process(3, 1, 1, lacking[i]);
        plan.o.deadline_ms = 60000;
        plan.o.retry_delay_ms = 30;
        plan.wait_status = 0;
        assert_int_equal(run(), 0);
        assert_int_equal(seen.tries, 2);
        assert_int_equal(seen.starts, 1);
        assert_in_range(seen.deadline_ms, 1, 60000 - 15);
        assert_string_equal(seen.released, "success");
        const char *record = record_of("retry");
        assert_non_null(strstr(record, "attempt 1 of 4 failed (cannot start a process: "));
        assert_non_null(strstr(record, "\"attempt\":1,\"delay_ms\":"));
        assert_non_null(strstr(record_of("run_start"), "mail started"));
        assert_false(told("\"retry_start\"") || told("command_exit\":3"));
        assert_non_null(strstr(record_of("run_end"), "\"attempts\":2,"));
    }
}

static void
test_no_process_at_all(void **state)
{
    (void)state;
    plan_no_process(2, 1, 9, EAGAIN);
    assert_int_equal(run(), STATUS_OWN);
    assert_int_equal(seen.tries, 3);
    assert_int_equal(seen.starts, 0);
    assert_string_equal(seen.released, "error");
    assert_non_null(
        strstr(record_of("run_refused"), "cannot start a process: Resource temporarily"));

    plan_no_process(0, 1, 9, EAGAIN);
    assert_int_equal(run(), STATUS_OWN);
    assert_int_equal(seen.tries, 1);
    assert_false(told("\"retry\""));
}

/* The command failed, and then there is no process for the next attempt. */
static void
test_no_process_for_the_next(void **state)
{
    (void)state;
    plan_no_process(3, 2, 1, ENOMEM);
    plan.good = 2;
    assert_int_equal(run(), 0);
    assert_int_equal(seen.tries, 3);
    assert_non_null(strstr(record_of("retry_start"), "\"attempt\":3,\"pid\":100"));

    plan_no_process(3, 2, 9, ENOMEM);
    assert_int_equal(run(), STATUS_OWN);
    assert_int_equal(seen.tries, 4);
    assert_non_null(strstr(record_of("run_end"), "cannot start a process"));
}

static void
test_what_does_not_pass(void **state)
{
    (void)state;
    plan_no_process(5, 1, 9, EPERM);
    assert_int_equal(run(), STATUS_OWN);
    assert_int_equal(seen.tries, 1);
}

static void
test_no_process_and_no_time(void **state)
{
    (void)state;
    plan_no_process(5, 2, 9, EAGAIN);
    plan.o.retries = 1000;
    plan.o.retry_delay_ms = 30;
    plan.o.deadline_ms = 200;
    assert_int_equal(run(), STATUS_OWN);
    assert_int_equal(seen.starts, 1);
    assert_non_null(strstr(record_of("run_end"), "\"outcome\":\"error\""));
}

static void
test_stopped_while_there_is_no_process(void **state)
{
    (void)state;
    plan_no_process(5, 1, 9, EAGAIN);
    plan.o.retry_delay_ms = 60000;
    plan.between_signal = SIGTERM;
    assert_int_equal(run(), STATUS_STOPPED);
    assert_int_equal(seen.tries, 1);
    assert_non_null(strstr(record_of("run_refused"), "\"outcome\":\"stopped\""));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_until_it_succeeds),
        cmocka_unit_test(test_until_there_are_no_more),
        cmocka_unit_test(test_what_is_not_retried),
        cmocka_unit_test(test_no_time_for_another),
        cmocka_unit_test(test_one_deadline_for_all),
        cmocka_unit_test(test_lost_between),
        cmocka_unit_test(test_stopped_between),
        cmocka_unit_test(test_no_process_for_a_moment),
        cmocka_unit_test(test_no_process_at_all),
        cmocka_unit_test(test_no_process_for_the_next),
        cmocka_unit_test(test_what_does_not_pass),
        cmocka_unit_test(test_no_process_and_no_time),
        cmocka_unit_test(test_stopped_while_there_is_no_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
