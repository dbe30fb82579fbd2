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
    /*             exit               empty          deadline             stop                unsure
       lost            grace */
    {"lingering/sweep", "done/finish", "stopping/ask", "stopping/ask", "stopping/ask",
     "killing/kill", "running/nothing"},
    {"stopping/sweep", "done/finish", "stopping/nothing", "stopping/repeat", "stopping/nothing",
     "killing/kill", "killing/kill"},
    {"lingering/nothing", "done/finish", "lingering/nothing", "lingering/repeat",
     "lingering/nothing", "killing/kill", "killing/kill"},
    {"killing/nothing", "done/finish", "killing/nothing", "killing/nothing", "killing/nothing",
     "killing/nothing", "killing/nothing"},
    {"done/nothing", "done/nothing", "done/nothing", "done/nothing", "done/nothing", "done/nothing",
     "done/nothing"},
};

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
                         supervise_event_name((enum supervise_event)v), got, expected[s][v]);
        }
}

/* Every order of five events: an ending never goes back, LOST kills at once, FINISH comes with
 * EMPTY alone and once. */
static void
walk(enum supervise_state state, unsigned depth, bool finished)
{
    if (depth == 0)
        return;
    for (int v = 0; v < SUPERVISE_EVENTS; v++) {
        struct supervise_step step = supervise_next(state, (enum supervise_event)v);
        assert_true(step.next >= state ||
                    (state == SUPERVISE_LINGERING && step.next == SUPERVISE_LINGERING));
        if (v == SUPERVISE_LOST)
            assert_true(step.next >= SUPERVISE_KILLING);
        if (v == SUPERVISE_GRACE && state != SUPERVISE_RUNNING)
            assert_true(step.next >= SUPERVISE_KILLING);
        if (step.action == SUPERVISE_FINISH) {
            assert_false(finished);
            assert_int_equal(v, SUPERVISE_EMPTY);
        }
        if (state == SUPERVISE_KILLING || state == SUPERVISE_DONE)
            assert_true(step.action == SUPERVISE_NOTHING || step.action == SUPERVISE_FINISH);
        walk(step.next, depth - 1, finished || step.action == SUPERVISE_FINISH);
    }
}

static void
test_every_order(void **state)
{
    (void)state;
    walk(SUPERVISE_RUNNING, 6, false);
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
