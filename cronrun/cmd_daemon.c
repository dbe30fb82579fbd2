/* cmd_daemon.c: `cronrun daemon`: its row. */
#include <stddef.h>

#include "cronrun/commands.h"
#include "cronrun/daemon/daemon.h"
#include "cronrun/options.h"

static int cmd_daemon_run(void *options, const struct opt_result *given);

#define FIELD(name_) offsetof(struct options, name_)

static const struct opt_row daemon_rows[] = {
    {.name = "listen",
     .kind = OPT_LIST,
     .arg = "ADDRESS",
     .offset = FIELD(listen),
     .def_text = "[::]:9181",
     .help =
         "daemon: address of the page, the metrics and the health probes: [::]:PORT, ADDRESS:PORT, unix:/path (may be "
         "repeated), or none",
     .more =
         "[::] serves IPv4 as well. With port 0 the kernel chooses the port; the log record `listening` names it."},
    {.name = "drain",
     .kind = OPT_DURATION,
     .offset = FIELD(drain_ms),
     .def = "30s",
     .help =
         "daemon: how long runs may go on after SIGTERM; then they are told to end, as on their deadline",
     .more =
         "A second signal tells them at once. terminationGracePeriodSeconds should be greater than this and the "
         "longest --grace of a job together."},
};

const struct opt_command cmd_daemon = {
    .name = "daemon",
    .args = "CRONTAB",
    .min_args = 1,
    .max_args = 1,
    .path = OPT_PATH_FILE,
    .summary = "start the jobs of a crontab, in time, until it is told to stop",
    .more =
        "Each start is a `cronrun run` of its own, with the job's options and a deadline, lock and process tree of its own; what the "
        "job's overlap policy allows is the daemon's. The crontab is read again on SIGHUP, and when it changes; runs go on, and a "
        "file with errors is refused as a whole. On SIGTERM, SIGINT or SIGQUIT nothing is started any more. Options of `cronrun "
        "run` in the environment (CRONRUN_DEADLINE, for example) are the defaults of all jobs. The daemon raises its soft limit "
        "of open files to the hard one; its runs get the soft limit that it was started with.",
    .options = OPT_NAMES("tz", "dialect", "dst", "termination-log"),
    .rows = daemon_rows,
    .n_rows = sizeof(daemon_rows) / sizeof(daemon_rows[0]),
    .run = cmd_daemon_run,
};

static int
cmd_daemon_run(void *options, const struct opt_result *given)
{
    return daemon_main(options, given);
}
