/* The table of supervise: each cell, and what must hold whatever the order of events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/proc/supervise.h"

/* One word per cell, "next/action", in the order of the events. */
static const char *const expected[SUPERVISE_STATES][SUPERVISE_EVENTS] = {
    /*             exit               empty          output             deadline             stop                unsure
       lost            grace */
    {"lingering/sweep", "draining/drain", "running/nothing", "stopping/ask", "stopping/ask",
     "stopping/ask", "killing/kill", "running/nothing"},
    {"stopping/sweep", "draining/drain", "stopping/nothing", "stopping/nothing", "stopping/repeat",
     "stopping/nothing", "killing/kill", "killing/kill"},
    {"lingering/nothing", "draining/drain", "lingering/nothing", "lingering/nothing",
     "lingering/repeat", "lingering/nothing", "killing/kill", "killing/kill"},
    {"killing/nothing", "draining/drain", "killing/nothing", "killing/nothing", "killing/nothing",
     "killing/nothing", "killing/nothing", "killing/nothing"},
    {"draining/nothing", "draining/nothing", "done/finish", "draining/nothing", "draining/nothing",
     "draining/nothing", "draining/nothing", "done/finish"},
    {"done/nothing", "done/nothing", "done/nothing", "done/nothing", "done/nothing", "done/nothing",
     "done/nothing", "done/nothing"},
};

static const char *const event_names[SUPERVISE_EVENTS] = {"exit", "empty",  "output", "deadline",
                                                          "stop", "unsure", "lost",   "grace"};

static void
test_every_cell(void **state)
{
    (void)state;
    for (int s = 0; s < SUPERVISE_STATES; s++)
        for (int v = 0; v < SUPERVISE_EVENTS; v++) {
            struct supervise_step step =
                supervise_next((enum supervise_state)s, (enum supervise_event)v);
            char got[64];
            strcpy(got, supervise_state_name(step.next));
            strcat(got, "/");
            strcat(got, supervise_action_name(step.action));
            if (strcmp(got, expected[s][v]) != 0)
                fail_msg("[%s][%s] is %s, not %s", supervise_state_name((enum supervise_state)s),
                         event_names[v], got, expected[s][v]);
        }
}

/* Every order of six events: an ending never goes back, LOST kills at once while anybody is left, FINISH comes once, and
 * only after EMPTY, with the end of the output or of the time for it. */
static void
walk(enum supervise_state state, unsigned depth, bool empty, bool finished)
{
    if (depth == 0)
        return;
    for (int v = 0; v < SUPERVISE_EVENTS; v++) {
        struct supervise_step step = supervise_next(state, (enum supervise_event)v);
        assert_true(step.next >= state);
        if (v == SUPERVISE_LOST)
            assert_true(step.next >= SUPERVISE_KILLING);
        if (v == SUPERVISE_GRACE && state != SUPERVISE_RUNNING)
            assert_true(step.next >= SUPERVISE_KILLING);
        if (step.action == SUPERVISE_FINISH) {
            assert_false(finished);
            assert_true(empty);
            assert_true(v == SUPERVISE_OUTPUT || v == SUPERVISE_GRACE);
        }
        if (state >= SUPERVISE_KILLING)
            assert_true(step.action == SUPERVISE_NOTHING || step.action == SUPERVISE_DRAIN ||
                        step.action == SUPERVISE_FINISH);
        walk(step.next, depth - 1, empty || v == SUPERVISE_EMPTY,
             finished || step.action == SUPERVISE_FINISH);
    }
}

static void
test_every_order(void **state)
{
    (void)state;
    walk(SUPERVISE_RUNNING, 6, false, false);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_cell),
        cmocka_unit_test(test_every_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
