/* main.c: which command. */
#include "cronrun/main.h"

#include "common/base/log.h"
#include "common/proc/child.h"
#include "common/proc/selfcopy.h"
#include "cronrun/options.h"
#include "cronrun/run.h"

static int
usage_error(const struct err *e)
{
    log_error("usage", LOG_NONE, "%s", e->msg);
    return STATUS_OWN;
}

int
cronrun_main(int argc, char **argv)
{
    struct options o = {.child_status = -1,
                        .starting_deadline_ms = UINT64_MAX,
                        .job_deadline_ms = UINT64_MAX,
                        .scheduled_ms = -1};
    struct opt_result given;
    struct err e;
    child_fill_standard_fds();
    int status = opt_start(&cronrun_program, argc, argv, &o, &given);
    if (status >= 0)
        return status;
    if (given.command->id == CMD_COPY) {
        if (selfcopy(given.argv[0], "cronrun", &e) == 0)
            return 0;
        log_error("copy", LOG_NONE, "%s", e.msg);
        return STATUS_OWN;
    }
    if (options_settle(&o, given.argv[0], &e) < 0)
        status = usage_error(&e);
    else
        status = run_main(&o, given.argv);
    opt_done(&cronrun_program, &o);
    log_finish(200);
    return status;
}

int
main(int argc, char **argv)
{
    return cronrun_main(argc, argv);
}
