/* cmd_run.c: `migrate run`: another migrator under our lock. */
#include <string.h>

#include "migrate/cmd/cmd.h"
#include "migrate/wrap/tools.h"
#include "migrate/wrap/wrap.h"
#include "migrate/wrap/wrap_env.h"

static int cmd_run_run(void *options, const struct opt_result *given);

#define FIELD(name_) offsetof(struct options, name_)

static const struct opt_row rows[] = {
    {.name = "export-url",
     .kind = OPT_STRING,
     .arg = "VAR[=SCHEME]",
     .offset = FIELD(export_url),
     .help = "set this variable for the command: a URL that contains all connection settings",
     .more =
         "The URL is made from the settings with which migrate itself connects (DATABASE_HOST and the like, DATABASE_URL_FILE …), "
         "percent-encoded. It is placed in the command's environment only, and appears in no argument or log record. The "
         "scheme is postgresql unless another is given: DATABASE_URL=postgresql+asyncpg, for example, is what SQLAlchemy "
         "needs for asyncpg, with that driver's parameters; postgres, pgsql and pdo-pgsql are also supported."},
    {.name = "tool",
     .kind = OPT_CHOICE,
     .offset = FIELD(tool),
     .def = "auto",
     .choices = tool_choices,
     .help = "which migrator the command is; auto: determined from the command line",
     .more =
         "For a known migrator, its history table is read before and after, to report what was applied, and its message "
         "that a revision in the database has no file is recognized: the database is ahead then, and --ahead "
         "applies."},
    {.name = "grace",
     .kind = OPT_DURATION,
     .offset = FIELD(grace_ms),
     .def = "10s",
     .help = "time between TERM and KILL, after a signal or the deadline",
     .more =
         "Deadline and grace together should be less than the Job's activeDeadlineSeconds, and the grace less than "
         "terminationGracePeriodSeconds."},
};

const struct opt_command cmd_run = {
    .name = "run",
    .args = "-- CMD [ARG...]",
    .min_args = 1,
    .max_args = -1,
    .flags = OPT_CMD_STOP,
    .summary = "run another migrator under the same lock, with the same deadline and exit statuses",
    .more =
        "Waits for the database, takes the same lock as `up`, runs the command, and verifies every few seconds that the lock "
        "is still held; if it is lost, the command is stopped. All descendants of the command are ended with it. "
        "Its output is passed on unchanged, except that a terminal stays its own.\n\n"
        "Any number of copies can be started at once: one runs the command, the others wait for the lock and then run "
        "theirs, which finds nothing to do.",
    .options =
        OPT_NAMES("database", "table", "wait", "lock-wait", "deadline", "ahead", "termination-log"),
    .rows = rows,
    .n_rows = sizeof(rows) / sizeof(*rows),
    .run = cmd_run_run,
};

static int
cmd_run_run(void *options, const struct opt_result *given)
{
    const struct options *o = options;
    struct wrap_export url;
    struct err e = {0};
    if (wrap_export_parse(o->export_url, &url, &e) != 0)
        return opt_usage_failed(given->program, o->termination_log, &e);
    const char *name = tool_choices[o->tool];
    struct wrap_spec spec = {.o = o, .argv = given->argv, .url = &url, .tool = tool_find(name)};
    if (strcmp(name, "auto") == 0)
        spec.tool = tool_of_command(given->argv);
    return wrap_run(&spec);
}
