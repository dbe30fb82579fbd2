/* The life of a run on a scripted lease and a scripted command: what a loss means before the start, while it runs, and what the
 * run ends with. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/fakes/run_world.h"

static void
test_it_runs(void **state)
{
    (void)state;
    plan_run();
    assert_int_equal(run(), 0);
    assert_true(seen.started);
    assert_true(seen.deadline_ms == CLOCK_NEVER); /* 0 says so, too */
    assert_string_equal(seen.released, "success");
    assert_non_null(strstr(record_of("run_start"), "\"fence\":7"));
    assert_false(told("release_failed"));
    assert_false(seen.withdrawn);
}

static void
test_the_word_at_the_release(void **state)
{
    (void)state;
    plan_run();
    plan.wait_status = 3 << 8;
    assert_int_equal(run(), 3);
    assert_string_equal(seen.released, "failure");
    plan.o.child_status = 9;
    assert_int_equal(run(), 9);
    assert_string_equal(seen.released, "failure");
}

/* Whether it is told while nobody has the lock yet, or by the look before the start; doubt is enough: nothing is started, and
 * what was granted is given back. */
static void
test_lost_before_the_start(void **state)
{
    (void)state;
    const enum at when[] = {WHILE_ASKED, AT_THE_LOOK};
    const enum lease_grade grades[] = {LEASE_GONE, LEASE_UNSURE};
    for (size_t i = 0; i < 4; i++) {
        plan_run();
        plan.loss = when[i / 2];
        plan.grade = grades[i % 2];
        assert_int_equal(run(), STATUS_UNREACHABLE);
        assert_false(seen.started);
        assert_false(seen.lost || seen.unsure); /* there is no command to tell */
        assert_int_equal(seen.withdrawn, plan.loss == WHILE_ASKED);
        assert_string_equal(seen.released, "lock_unreachable");
        assert_non_null(strstr(record_of("run_refused"), "the connection was lost"));
    }
}

static void
test_lost_while_it_runs(void **state)
{
    (void)state;
    const enum lease_grade grades[] = {LEASE_GONE, LEASE_UNSURE};
    for (size_t i = 0; i < 2; i++) {
        plan_run();
        plan.loss = WHILE_IT_RUNS;
        plan.grade = grades[i];
        assert_int_equal(run(), STATUS_LOCK_LOST);
        assert_int_equal(seen.lost, plan.grade == LEASE_GONE);
        assert_int_equal(seen.unsure, plan.grade == LEASE_UNSURE);
        assert_int_equal(told("\"event\":\"lock_lost\""), plan.grade == LEASE_GONE);
        assert_int_equal(told("\"event\":\"lock_unsure\""), plan.grade == LEASE_UNSURE);
        assert_string_equal(seen.released, "lock_lost");
    }
}

/* The command has ended well by then: nothing of it was done without the lock. */
static void
test_lost_at_the_release(void **state)
{
    (void)state;
    plan_run();
    plan.loss = AT_THE_RELEASE;
    plan.grade = LEASE_GONE;
    assert_int_equal(run(), 0);
    assert_false(seen.lost);
    assert_false(told("\"event\":\"lock_lost\""));
}

static void
test_the_release_fails(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        plan_run();
        *(i ? &plan.bad_release : &plan.no_release) = ERR_TIMEOUT;
        assert_int_equal(run(), 0); /* the command has done its work */
        const char *why = i ? "mail: it is not ours any more" : "mail: it cannot be released";
        assert_non_null(strstr(record_of("release_failed"), why));
    }
}

static void
test_no_answer_about_the_lock(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        enum err_code code = i % 2 ? ERR_NOMEM : ERR_TIMEOUT;
        plan_run();
        *(i < 2 ? &plan.refused : &plan.failed) = code;
        assert_int_equal(run(), code == ERR_NOMEM ? STATUS_OWN : STATUS_UNREACHABLE);
        assert_false(seen.started);
        assert_string_equal(seen.released, "");
        const char *why = i < 2 ? "it cannot be asked" : "nobody answers";
        assert_non_null(strstr(record_of("run_refused"), why));
    }
}

static void
test_stopped_before_the_start(void **state)
{
    (void)state;
    const int signals[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP};
    for (size_t i = 0; i < 4; i++) {
        plan_run();
        plan.signals[0] = signals[i];
        assert_int_equal(run(), STATUS_STOPPED);
        assert_false(seen.started);
        assert_true(seen.withdrawn);
        assert_string_equal(seen.released, "stopped"); /* it was granted in between */
    }
}

static void
test_the_first_signal_counts(void **state)
{
    (void)state;
    plan_run();
    plan.signals[0] = SIGINT;
    plan.signals[1] = SIGTERM;
    assert_int_equal(run(), STATUS_STOPPED);
    assert_non_null(strstr(record_of("run_refused"), "stopped by signal 2 before"));
}

static void
test_signals_that_stop_nothing(void **state)
{
    (void)state;
    plan_run();
    plan.signals[0] = SIGUSR1;
    assert_int_equal(run(), 0);
    assert_true(seen.started);
    assert_int_equal(seen.signalled, 0); /* there was no command yet */

    plan.signals[0] = SIGCHLD;
    assert_int_equal(run(), 0);
    assert_int_equal(seen.signalled, SIGCHLD);

    plan.signals[0] = SIGHUP; /* nohup */
    signal(SIGHUP, SIG_IGN);
    assert_int_equal(run(), 0);
    signal(SIGHUP, SIG_DFL);
}

static void
test_a_signal_while_it_runs(void **state)
{
    (void)state;
    plan_run();
    plan.command_signal = SIGTERM;
    assert_int_equal(run(), 0); /* what it means, the command knows */
    assert_int_equal(seen.signalled, SIGTERM);
}

/* The lock's server hangs: what it may have granted is waited for, but not for ever. */
static void
test_stopped_while_nobody_answers(void **state)
{
    (void)state;
    plan_run();
    plan.signals[0] = SIGTERM;
    plan.silent = true;
    assert_int_equal(run(), STATUS_STOPPED);
    assert_true(seen.asked && seen.withdrawn);
    assert_false(seen.started);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_runs),
        cmocka_unit_test(test_the_word_at_the_release),
        cmocka_unit_test(test_lost_before_the_start),
        cmocka_unit_test(test_lost_while_it_runs),
        cmocka_unit_test(test_lost_at_the_release),
        cmocka_unit_test(test_the_release_fails),
        cmocka_unit_test(test_no_answer_about_the_lock),
        cmocka_unit_test(test_stopped_before_the_start),
        cmocka_unit_test(test_the_first_signal_counts),
        cmocka_unit_test(test_signals_that_stop_nothing),
        cmocka_unit_test(test_a_signal_while_it_runs),
        cmocka_unit_test(test_stopped_while_nobody_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
