/* cmd_run.c: `cronrun run`: what its options mean together, then the run. */
#include "cronrun/commands.h"
#include "cronrun/options.h"
#include "cronrun/run/run.h"

static int cmd_run_run(void *options, const struct opt_result *given);

const struct opt_command cmd_run = {
    .name = "run",
    .args = "-- CMD [ARG...]",
    .min_args = 1,
    .max_args = -1,
    .flags = OPT_CMD_DEFAULT | OPT_CMD_STOP,
    .summary = "run a command under a lock and with a deadline, and leave nothing of it behind",
    .more =
        "The word `run` can be omitted.\n\n"
        "The command's environment has CRONRUN_RUN_ID and CRONRUN_JOB, with a lock also CRONRUN_FENCE (a number that only "
        "increases), and CRONRUN_SCHEDULED if the scheduled time is known; the variables of cronrun's own options are "
        "removed. It has standard input, output and error, and with a file lock the lock's descriptor, which keeps the lock until the last "
        "process has ended; all other descriptors that cronrun was started with are closed, except within another run, whose lock may be one of them. All of its descendants, even after a double fork and setsid, are ended with it; the lock is released "
        "when none is left. Where a control group (version 2) has been delegated to cronrun, the command has one of its own below it, "
        "which is killed as a whole (cgroup.kill), and removed.",
    .options = OPT_NAMES("lock", "name", "on-busy", "lock-ttl", "lock-settle", "deadline", "grace",
                         "stop-signal", "guard", "starting-deadline", "scheduled-at",
                         "job-deadline", "retries", "retry-delay", "ping", "output", "spool-dir",
                         "busy-status", "late-status", "child-status", "database", "redis",
                         "record-fd", "termination-log"),
    .run = cmd_run_run,
};

static int
cmd_run_run(void *options, const struct opt_result *given)
{
    struct options *o = options;
    struct err e;
    if (options_complete(o, given->argv[0], &e) < 0)
        return opt_usage_failed(given->program, o->termination_log, &e);
    return run_main(o, given->argv);
}
