/* supervise.c: the table. */
#include "common/proc/supervise.h"

#include <assert.h>

/* clang-format off */
static const struct supervise_step table[SUPERVISE_STATES][SUPERVISE_EVENTS] = {
    [SUPERVISE_RUNNING] = {
        [SUPERVISE_EXIT]     = {SUPERVISE_LINGERING, SUPERVISE_SWEEP},
        [SUPERVISE_EMPTY]    = {SUPERVISE_DRAINING,  SUPERVISE_DRAIN},
        [SUPERVISE_OUTPUT]   = {SUPERVISE_RUNNING,   SUPERVISE_NOTHING},
        [SUPERVISE_DEADLINE] = {SUPERVISE_STOPPING,  SUPERVISE_ASK},
        [SUPERVISE_STOP]     = {SUPERVISE_STOPPING,  SUPERVISE_ASK},
        [SUPERVISE_UNSURE]   = {SUPERVISE_STOPPING,  SUPERVISE_ASK},
        [SUPERVISE_LOST]     = {SUPERVISE_KILLING,   SUPERVISE_KILL},
        [SUPERVISE_GRACE]    = {SUPERVISE_RUNNING,   SUPERVISE_NOTHING},
    },
    [SUPERVISE_STOPPING] = {
        /* What its own handler started to clean up is left alone until the command ends. */
        [SUPERVISE_EXIT]     = {SUPERVISE_STOPPING,  SUPERVISE_SWEEP},
        [SUPERVISE_EMPTY]    = {SUPERVISE_DRAINING,  SUPERVISE_DRAIN},
        [SUPERVISE_OUTPUT]   = {SUPERVISE_STOPPING,  SUPERVISE_NOTHING},
        [SUPERVISE_DEADLINE] = {SUPERVISE_STOPPING,  SUPERVISE_NOTHING},
        [SUPERVISE_STOP]     = {SUPERVISE_STOPPING,  SUPERVISE_REPEAT},
        [SUPERVISE_UNSURE]   = {SUPERVISE_STOPPING,  SUPERVISE_NOTHING},
        [SUPERVISE_LOST]     = {SUPERVISE_KILLING,   SUPERVISE_KILL},
        [SUPERVISE_GRACE]    = {SUPERVISE_KILLING,   SUPERVISE_KILL},
    },
    [SUPERVISE_LINGERING] = {
        [SUPERVISE_EXIT]     = {SUPERVISE_LINGERING, SUPERVISE_NOTHING},
        [SUPERVISE_EMPTY]    = {SUPERVISE_DRAINING,  SUPERVISE_DRAIN},
        [SUPERVISE_OUTPUT]   = {SUPERVISE_LINGERING, SUPERVISE_NOTHING},
        [SUPERVISE_DEADLINE] = {SUPERVISE_LINGERING, SUPERVISE_NOTHING},
        [SUPERVISE_STOP]     = {SUPERVISE_LINGERING, SUPERVISE_REPEAT},
        [SUPERVISE_UNSURE]   = {SUPERVISE_LINGERING, SUPERVISE_NOTHING},
        [SUPERVISE_LOST]     = {SUPERVISE_KILLING,   SUPERVISE_KILL},
        [SUPERVISE_GRACE]    = {SUPERVISE_KILLING,   SUPERVISE_KILL},
    },
    [SUPERVISE_KILLING] = {
        [SUPERVISE_EXIT]     = {SUPERVISE_KILLING,   SUPERVISE_NOTHING},
        [SUPERVISE_EMPTY]    = {SUPERVISE_DRAINING,  SUPERVISE_DRAIN},
        [SUPERVISE_OUTPUT]   = {SUPERVISE_KILLING,   SUPERVISE_NOTHING},
        [SUPERVISE_DEADLINE] = {SUPERVISE_KILLING,   SUPERVISE_NOTHING},
        [SUPERVISE_STOP]     = {SUPERVISE_KILLING,   SUPERVISE_NOTHING},
        [SUPERVISE_UNSURE]   = {SUPERVISE_KILLING,   SUPERVISE_NOTHING},
        [SUPERVISE_LOST]     = {SUPERVISE_KILLING,   SUPERVISE_NOTHING},
        [SUPERVISE_GRACE]    = {SUPERVISE_KILLING,   SUPERVISE_NOTHING},
    },
    [SUPERVISE_DRAINING] = {
        [SUPERVISE_EXIT]     = {SUPERVISE_DRAINING,  SUPERVISE_NOTHING},
        [SUPERVISE_EMPTY]    = {SUPERVISE_DRAINING,  SUPERVISE_NOTHING},
        [SUPERVISE_OUTPUT]   = {SUPERVISE_DONE,      SUPERVISE_FINISH},
        [SUPERVISE_DEADLINE] = {SUPERVISE_DRAINING,  SUPERVISE_NOTHING},
        [SUPERVISE_STOP]     = {SUPERVISE_DRAINING,  SUPERVISE_NOTHING},
        [SUPERVISE_UNSURE]   = {SUPERVISE_DRAINING,  SUPERVISE_NOTHING},
        [SUPERVISE_LOST]     = {SUPERVISE_DRAINING,  SUPERVISE_NOTHING},
        [SUPERVISE_GRACE]    = {SUPERVISE_DONE,      SUPERVISE_FINISH},
    },
    [SUPERVISE_DONE] = {
        [SUPERVISE_EXIT]     = {SUPERVISE_DONE, SUPERVISE_NOTHING},
        [SUPERVISE_EMPTY]    = {SUPERVISE_DONE, SUPERVISE_NOTHING},
        [SUPERVISE_OUTPUT]   = {SUPERVISE_DONE, SUPERVISE_NOTHING},
        [SUPERVISE_DEADLINE] = {SUPERVISE_DONE, SUPERVISE_NOTHING},
        [SUPERVISE_STOP]     = {SUPERVISE_DONE, SUPERVISE_NOTHING},
        [SUPERVISE_UNSURE]   = {SUPERVISE_DONE, SUPERVISE_NOTHING},
        [SUPERVISE_LOST]     = {SUPERVISE_DONE, SUPERVISE_NOTHING},
        [SUPERVISE_GRACE]    = {SUPERVISE_DONE, SUPERVISE_NOTHING},
    },
};
/* clang-format on */

struct supervise_step
supervise_next(enum supervise_state state, enum supervise_event event)
{
    assert((unsigned)state < SUPERVISE_STATES && (unsigned)event < SUPERVISE_EVENTS);
    return table[state][event];
}

const char *
supervise_state_name(enum supervise_state state)
{
    static const char *const names[SUPERVISE_STATES] = {"running", "stopping", "lingering",
                                                        "killing", "draining", "done"};
    return names[state];
}

const char *
supervise_event_name(enum supervise_event event)
{
    static const char *const names[SUPERVISE_EVENTS] = {"exit", "empty",  "output", "deadline",
                                                        "stop", "unsure", "lost",   "grace"};
    return names[event];
}

const char *
supervise_action_name(enum supervise_action action)
{
    static const char *const names[SUPERVISE_ACTIONS] = {"nothing", "ask",   "repeat", "sweep",
                                                         "kill",    "drain", "finish"};
    return names[action];
}
