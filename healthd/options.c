/* options.c: the rows of options, commands and exit statuses. */
#include "healthd/options.h"

#include <stddef.h>

#include "common/proc/termination.h"
#include "healthd/checkdocs.h"
#include "healthd/commands.h"
#include "healthd/formats.h"

static const char *const details_names[] = {"never", "local", "always", NULL};

static const struct opt_row rows[] = {
    {.name = "listen",
     .kind = OPT_LIST,
     .arg = "ADDRESS",
     .offset = offsetof(struct options, listen),
     .def_text = "[::]:9180",
     .help = "where to answer: [::]:PORT, ADDRESS:PORT, unix:/path (may be repeated)",
     .more = "[::] serves IPv4 too, and IPv4 alone where IPv6 is switched off. Port 0 is the "
             "kernel's choice; the record `listening` names what was bound. unix:@name is an "
             "abstract socket."},
    {.name = "check",
     .kind = OPT_LIST,
     .arg = "LINE",
     .offset = offsetof(struct options, checks),
     .flags = OPT_SECRET,
     .env = "HEALTHD_CHECKS",
     .help = "a check: NAME URL [key value]... (may be repeated; in the variable one a line)",
     .more =
         "postgres:// and redis:// with nothing behind stand for what the environment names. Such a "
         "line, one with the same URL (only passwords may differ), or one that is called database or "
         "redis takes the place of the check that the environment alone would make; others stand "
         "beside it. URLs and keys are listed below."},
    {.name = "config",
     .kind = OPT_STRING,
     .arg = "FILE",
     .path = OPT_PATH_FILE,
     .offset = offsetof(struct options, config),
     .help = "read check lines from FILE, one a line; # begins a comment line"},
    {.name = "database",
     .kind = OPT_STRING,
     .arg = "URL",
     .offset = offsetof(struct options, database),
     .flags = OPT_SECRET | OPT_NO_ENV,
     .help = "PostgreSQL, as URL or DSN; comes before DATABASE_URL"},
    {.name = "redis",
     .kind = OPT_STRING,
     .arg = "URL",
     .offset = offsetof(struct options, redis),
     .flags = OPT_SECRET | OPT_NO_ENV,
     .help = "Redis; comes before REDIS_URL"},
    {.name = "service-name",
     .kind = OPT_STRING,
     .arg = "NAME",
     .offset = offsetof(struct options, service),
     .env = "SERVICE_NAME",
     .help = "service in the answers of live and health; left out without it"},
    {.name = "service-version",
     .kind = OPT_STRING,
     .arg = "VERSION",
     .offset = offsetof(struct options, version),
     .env = "SERVICE_VERSION",
     .help = "version in the answers of live and health; left out without it"},
    {.name = "health-strict",
     .kind = OPT_BOOL,
     .offset = offsetof(struct options, health_strict),
     .help =
         "/health follows ready: 503 while not ready, instead of 200 while the process answers"},
    {.name = "details",
     .kind = OPT_CHOICE,
     .offset = offsetof(struct options, details),
     .def = "never",
     .choices = details_names,
     .help = "who sees reasons in ?verbose: never, local or always",
     .more =
         "local: who comes over the loopback or a unix socket without Forwarded, X-Forwarded-*, "
         "X-Real-IP or Via: a port-forward, but no proxy beside us. Others read `reason "
         "withheld`."},
    {.name = "drain",
     .kind = OPT_DURATION,
     .offset = offsetof(struct options, drain_ms),
     .def = "15s",
     .help =
         "how long to serve on after SIGTERM (or SIGINT, SIGQUIT) with ready at 503; a second signal ends it"},
    {.name = "termination-log",
     .kind = OPT_STRING,
     .arg = "FILE",
     .path = OPT_PATH_FILE,
     .offset = offsetof(struct options, termination_log),
     .def = TERMINATION_PATH,
     .help = "write the termination message there, if it exists"},
};

static const struct opt_command *const commands[] = {COMMANDS(OPT_ENTRY)};

static const struct opt_section sections[] = {
    {"URLs of checks", checkdocs_kind},
    {"Keys of checks", checkdocs_key},
};

static const struct opt_exit exits[] = {
    {0, NULL, "after a drain; probe, check, wait: healthy, ready"},
    {1, NULL, "probe, check, wait: not healthy, not ready, no answer"},
    {2, NULL, "bad usage or configuration"},
    {3, NULL, "cannot listen"},
};

static const struct opt_pair examples[] = {
    {"DATABASE_URL=postgres://app@db/app REDIS_URL=redis://cache healthd",
     "checks both and answers on port 9180"},
    {"healthd --check 'database postgres:// every 1s groups ready,startup'",
     "the database of the environment, checked "
     "each second, needed once for startup too"},
    {"healthd --check 'app http://127.0.0.1:8080/healthz groups ready,live'",
     "the application beside it: not ready, and restarted, while it does not answer"},
    {"healthd probe http://127.0.0.1:9180/health/live", "a HEALTHCHECK"},
    {"healthd wait --timeout 2m", "an init container that waits for the database"},
};

static void
usage_ended(const char *termination_log, const struct err *e)
{
    const struct field fields[] = {LF_STR("program", "healthd"), LF_STR("outcome", "usage"),
                                   LF_INT("exit", EXIT_USAGE),   LF_STR("check", NULL),
                                   LF_STR("reason", NULL),       LF_STR("since", NULL)};
    (void)e; /* the message has no place for it */
    IGNORED(termination_write(termination_log, fields, sizeof(fields) / sizeof(fields[0]), NULL));
}

const struct opt_program healthd_program = {
    .name = "healthd",
    .env_prefix = "HEALTHD_",
    .summary =
        "health proxy of a pod: checks PostgreSQL, Redis and the application in the background, "
        "answers probes at once",
    .description =
        "healthd checks what a pod depends on in the background and answers probes from the "
        "latest verdict, within a millisecond, whatever hangs. Without any configuration it "
        "checks the PostgreSQL and the Redis that the environment names (DATABASE_URL, "
        "DATABASE_HOST ..., PGHOST ..., REDIS_URL, REDIS_HOST ...).\n\n/health/live is 200 while "
        "the process answers and never looks at a dependency. /health/ready is 200 while every "
        "check of the group ready is well. /health/startup is 200 once every check of the group "
        "startup was well once. /health tells all of it and stays 200. /health/GROUP, "
        "/health/check/NAME and /metrics tell the rest. ?verbose gives a line per check, "
        "?exclude=NAME leaves one out, ?format=json|text chooses the form.\n\nOn SIGTERM, SIGINT or SIGQUIT ready "
        "turns 503 at once, and healthd serves on for --drain. It listens before the first check "
        "ends.",
    .commands = commands,
    .n_commands = sizeof(commands) / sizeof(commands[0]),
    .rows = rows,
    .n_rows = sizeof(rows) / sizeof(rows[0]),
    .sections = sections,
    .n_sections = sizeof(sections) / sizeof(sections[0]),
    .exits = exits,
    .n_exits = sizeof(exits) / sizeof(exits[0]),
    .examples = examples,
    .n_examples = sizeof(examples) / sizeof(examples[0]),
    .see_also = "migrate(1), cronrun(1)",
    .connections = OPT_CONN_POSTGRES | OPT_CONN_REDIS,
    .usage_status = EXIT_USAGE,
    .copy_status = EXIT_NOT_READY,
    .usage_event = "usage",
    .usage_ended = usage_ended,
    .print_formats = healthd_print_formats,
};
