/* main.c: which command. */
#include "cronrun/main.h"

#include "common/base/log.h"
#include "common/proc/selfcopy.h"
#include "cronrun/options.h"
#include "cronrun/run/run.h"

static int
copy_to(const char *dest)
{
    struct err e;
    if (selfcopy(dest, "cronrun", &e) == 0)
        return 0;
    log_error("copy", LOG_NONE, "%s", e.msg);
    return STATUS_OWN;
}

static int
dispatch(struct options *o, const struct opt_result *given)
{
    struct err e;
    if (given->command->id == CMD_COPY)
        return copy_to(given->argv[0]);
    if (options_settle(o, given->argv[0], &e) < 0)
        return opt_usage_failed(&cronrun_program, o->termination_log, &e);
    return run_main(o, given->argv);
}

int
cronrun_main(int argc, char **argv)
{
    struct options o = {.child_status = -1,
                        .starting_deadline_ms = UINT64_MAX,
                        .job_deadline_ms = UINT64_MAX,
                        .scheduled_ms = -1};
    struct opt_result given;
    int status = opt_start(&cronrun_program, argc, argv, &o, &given);
    if (status >= 0)
        return status;
    status = dispatch(&o, &given);
    opt_done(&cronrun_program, &o);
    log_finish(LOG_FINISH_MS);
    return status;
}

int
main(int argc, char **argv)
{
    return cronrun_main(argc, argv);
}
