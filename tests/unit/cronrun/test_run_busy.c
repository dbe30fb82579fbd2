/* A run whose lock is busy: what --on-busy makes of it, and a holder that started this run. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/fakes/run_world.h"

#define OFTEN 1000000 /* as good as ever */

static const struct lease_holder other = {
    .host = "web-9", .pid = 4711, .since = "2026-11-21T08:59:00Z", .run_id = "0d1f"};

static void
plan_busy(enum on_busy on_busy, unsigned times)
{
    plan_run();
    plan.o.on_busy = on_busy;
    plan.o.busy_wait_ms = 3600000;
    plan.busy = times;
    plan.holder = &other;
}

static void
test_skip(void **state)
{
    (void)state;
    plan_busy(BUSY_SKIP, OFTEN);
    assert_int_equal(run(), 0);
    assert_false(seen.started);
    assert_false(seen.withdrawn);
    assert_string_equal(seen.released, ""); /* nothing was granted */
    assert_non_null(strstr(record_of("run_skipped"), "\"holder_host\":\"web-9\""));
    assert_false(told("lock_wait"));
}

static void
test_the_holder_is_unknown(void **state)
{
    (void)state;
    plan_busy(BUSY_SKIP, OFTEN);
    plan.holder = NULL;
    assert_int_equal(run(), 0);
    assert_non_null(strstr(record_of("run_skipped"), "held by another"));
}

static void
test_fail(void **state)
{
    (void)state;
    plan_busy(BUSY_FAIL, OFTEN);
    assert_int_equal(run(), STATUS_BUSY);
    assert_false(seen.started);
    assert_int_equal(seen.asked, 1);
}

static void
test_wait(void **state)
{
    (void)state;
    plan_busy(BUSY_WAIT, 2);
    assert_int_equal(run(), 0);
    assert_true(seen.started);
    assert_int_equal(seen.asked, 3);
    assert_non_null(strstr(record_of("lock_wait"), "held by web-9, pid 4711")); /* said once */
    assert_string_equal(seen.released, "success");
}

/* Said once, also of a holder that nobody knows. */
static void
test_wait_for_an_unknown_holder(void **state)
{
    (void)state;
    plan_busy(BUSY_WAIT, 2);
    plan.holder = NULL;
    assert_int_equal(run(), 0);
    assert_non_null(strstr(record_of("lock_wait"), "held by another"));
}

static void
test_the_wait_ends(void **state)
{
    (void)state;
    plan_busy(BUSY_WAIT, OFTEN);
    plan.o.busy_wait_ms = 50;
    uint64_t until_ms = clock_deadline(50);
    assert_int_equal(run(), STATUS_BUSY);
    assert_true(clock_left_ms(until_ms) == 0);
    assert_true(seen.asked > 1);
    assert_false(seen.started);

    plan.o.busy_wait_ms = 0;
    assert_int_equal(run(), STATUS_BUSY);
    assert_int_equal(seen.asked, 1);
    assert_false(told("lock_wait"));
}

/* Nothing is asked for in a pause: the run ends at once. */
static void
test_stopped_while_it_waits(void **state)
{
    (void)state;
    plan_busy(BUSY_WAIT, OFTEN);
    plan.signals[0] = SIGTERM;
    plan.signal_when_busy = true;
    assert_int_equal(run(), STATUS_STOPPED);
    assert_false(seen.withdrawn);
}

/* The pause has used up the time to start: it is not asked for again. */
static void
test_late_after_a_wait(void **state)
{
    (void)state;
    plan_busy(BUSY_WAIT, 1);
    plan.o.starting_deadline_ms = 1000;
    plan.takes_ms = 1001;
    assert_int_equal(run(), STATUS_LATE);
    assert_int_equal(seen.asked, 1);
}

static void
test_held_by_the_run_that_started_us(void **state)
{
    (void)state;
    plan_busy(BUSY_WAIT, OFTEN);
    setenv("CRONRUN_RUN_ID", other.run_id, 1);
    assert_int_equal(run(), STATUS_OWN);
    assert_false(seen.started);
    assert_non_null(strstr(record_of("run_refused"), "held by run 0d1f, which started this run"));

    plan.o.on_busy = BUSY_SKIP;
    setenv("CRONRUN_RUN_ID", "0d1e", 1);
    assert_int_equal(run(), 0);

    struct lease_holder nameless = {.host = "web-9", .pid = 4711};
    plan.holder = &nameless;
    setenv("CRONRUN_RUN_ID", "", 1);
    assert_int_equal(run(), 0);
    unsetenv("CRONRUN_RUN_ID");
}

/* What run() returns in a child, whose parent, on `host`, is the holder; comm: the child's name, NULL: its parent's. */
static int
run_below_the_holder(const char *host, const char *comm)
{
    struct lease_holder above = {.pid = getpid(), .run_id = "0d1f"};
    snprintf(above.host, sizeof(above.host), "%s", host);
    plan_busy(BUSY_SKIP, OFTEN);
    plan.holder = &above;
    pid_t child = fork();
    if (child == 0) {
        if (comm)
            prctl(PR_SET_NAME, comm);
        _exit(run());
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void
test_held_by_an_ancestor(void **state)
{
    (void)state;
    unsetenv("CRONRUN_RUN_ID");
    assert_int_equal(run_below_the_holder("web-1", NULL), STATUS_OWN);
    /* Another container's process has that pid, or another machine's. */
    assert_int_equal(run_below_the_holder("web-1", "another"), 0);
    assert_int_equal(run_below_the_holder("web-2", NULL), 0);
}

/* Beside us, not above: another run in this container. */
static void
test_held_by_a_neighbour(void **state)
{
    (void)state;
    pid_t neighbour = fork();
    if (neighbour == 0) {
        pause();
        _exit(0);
    }
    struct lease_holder beside = {.host = "web-1", .pid = neighbour, .run_id = "0d1f"};
    plan_busy(BUSY_SKIP, OFTEN);
    plan.holder = &beside;
    int status = run();
    kill(neighbour, SIGKILL);
    assert_int_equal(waitpid(neighbour, NULL, 0), neighbour);
    assert_int_equal(status, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_skip),
        cmocka_unit_test(test_the_holder_is_unknown),
        cmocka_unit_test(test_fail),
        cmocka_unit_test(test_wait),
        cmocka_unit_test(test_wait_for_an_unknown_holder),
        cmocka_unit_test(test_the_wait_ends),
        cmocka_unit_test(test_stopped_while_it_waits),
        cmocka_unit_test(test_late_after_a_wait),
        cmocka_unit_test(test_held_by_the_run_that_started_us),
        cmocka_unit_test(test_held_by_an_ancestor),
        cmocka_unit_test(test_held_by_a_neighbour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
