/* main.c: migrate's commands. */
#include "migrate/main.h"

#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "common/proc/cores.h"
#include "common/proc/selfcopy.h"
#include "migrate/cmd/cmd.h"
#include "migrate/tell/report.h"

static int
cmd_copy(const char *dest)
{
    struct err e = {0};
    if (selfcopy(dest, "migrate", &e) == 0)
        return EXIT_DONE;
    log_error("copy", LOG_NONE, "%s", e.msg);
    return EXIT_INPUT;
}

static int
dispatch(const struct options *o, const struct opt_result *r)
{
    switch (r->command->id) {
    case CMD_UP:
        return cmd_up(o);
    case CMD_STATUS:
        return cmd_status(o);
    case CMD_WAIT:
        return cmd_wait(o);
    case CMD_CHECK:
        return cmd_check(o, r->argc ? r->argv[0] : NULL);
    case CMD_SPLIT:
        return cmd_split(o, r->argv[0]);
    case CMD_COPY:
        return cmd_copy(r->argv[0]);
    default:
        return EXIT_INPUT;
    }
}

int
migrate_main(int argc, char **argv)
{
    struct options o = {0};
    struct opt_result r;
    cores_off(NULL);
    int status = opt_start(&options_program, argc, argv, &o, &r);
    if (status == OPT_GO) {
        o.people = r.common.log_format == LOG_FORMAT_TEXT ||
                   (r.common.log_format == LOG_FORMAT_AUTO && isatty(STDERR_FILENO));
        status = dispatch(&o, &r);
        log_finish(LOG_FINISH_MS);
        opt_done(&options_program, &o);
    }
    return status;
}

int
main(int argc, char **argv)
{
    return migrate_main(argc, argv);
}
