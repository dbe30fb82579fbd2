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
     .help = "give the command this variable: one URL of all that says where the database is",
     .more =
         "It is made of the same sources that migrate itself connects by (DATABASE_HOST and its kin, DATABASE_URL_FILE …), with "
         "everything percent-encoded, and stands in the command's environment alone: in no argument and no record. The "
         "scheme is postgresql, or the one given: DATABASE_URL=postgresql+asyncpg is what SQLAlchemy wants for asyncpg, "
         "with that driver's parameters; postgres, pgsql and pdo-pgsql are known, too."},
    {.name = "tool",
     .kind = OPT_CHOICE,
     .offset = FIELD(tool),
     .def = "auto",
     .choices = tool_choices,
     .help = "which migrator the command is; auto: by its command line",
     .more =
         "Of a known one migrate reads the history table before and after, which says what was applied, and knows the "
         "words in which it says that its files lack a revision of the database's: then the database is ahead, as "
         "--ahead says."},
    {.name = "grace",
     .kind = OPT_DURATION,
     .offset = FIELD(grace_ms),
     .def = "10s",
     .help = "time between TERM and KILL, after a signal or the deadline",
     .more =
         "Keep deadline and grace together below the Job's activeDeadlineSeconds, and the grace below "
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
        "Waits for the database, takes the lock that `up` takes, runs the command, and proves every few seconds that the lock "
        "is still held; when it is lost the command is ended. Whatever descends from the command is ended with it. "
        "Its output is passed on unchanged, except that a terminal stays its own.\n\n"
        "Any number of copies may start at once: one runs the command, the others wait for the lock and run theirs "
        "then, which finds nothing to do.",
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
