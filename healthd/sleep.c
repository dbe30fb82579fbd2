/* sleep.c: `healthd sleep`. */
#include <stdio.h>

#include "common/base/clock.h"
#include "common/net/loop.h"
#include "healthd/commands.h"
#include "healthd/lifetime.h"
#include "healthd/options.h"

static int sleep_run(void *options, const struct opt_result *given);

const struct opt_command sleep_command = {
    .name = "sleep",
    .args = "DURATION",
    .min_args = 1,
    .max_args = 1,
    .flags = OPT_CMD_NO_ENV,
    .summary = "sleep for DURATION: for a preStop hook in an image without a shell",
    .run = sleep_run,
};

static int
sleep_run(void *options, const struct opt_result *given)
{
    (void)options;
    uint64_t ms = 0;
    bool never = false;
    struct err e;
    if (clock_parse_duration(given->argv[0], &ms, &e) < 0) {
        fprintf(stderr, "healthd: sleep: %s\n", e.msg);
        return EXIT_USAGE;
    }
    struct loop *l = loop_new(&e);
    if (!l || lifetime_stop_signals(l, &e) < 0) {
        fprintf(stderr, "healthd: sleep: %s\n", e.msg);
        loop_free(l);
        return EXIT_NOT_READY;
    }
    IGNORED(
        loop_turn_until(l, &never, clock_deadline(ms), &e)); /* the code says which end it was */
    loop_free(l);
    return e.code == ERR_TIMEOUT ? EXIT_OK : EXIT_NOT_READY;
}
