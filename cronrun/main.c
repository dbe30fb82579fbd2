/* main.c: which command. */
#include "cronrun/main.h"

#include "common/base/log.h"
#include "common/proc/selfcopy.h"
#include "cronrun/options.h"
#include "cronrun/run.h"

static int
own_failure(const char *event, const struct err *e)
{
    log_error(event, LOG_NONE, "%s", e->msg);
    return STATUS_OWN;
}

static int
dispatch(struct options *o, const struct opt_result *given)
{
    struct err e;
    if (given->command->id == CMD_COPY)
        return selfcopy(given->argv[0], "cronrun", &e) == 0 ? 0 : own_failure("copy", &e);
    if (options_settle(o, given->argv[0], &e) < 0)
        return own_failure("usage", &e);
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
