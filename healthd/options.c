/* options.c: the rows of options, commands and exit statuses. */
#include "healthd/options.h"

#include <stddef.h>

#include "common/proc/termination.h"
#include "healthd/checkdocs.h"
#include "healthd/commands.h"
#include "healthd/events.h"
#include "healthd/formats.h"

static const char *const details_names[] = {"never", "local", "always", NULL};
static const char *const sandbox_names[] = {"auto", "off", "require", NULL};

static const struct opt_row rows[] = {
    {.name = "listen",
     .kind = OPT_LIST,
     .arg = "ADDRESS",
     .offset = offsetof(struct options, listen),
     .def_text = "[::]:9180",
     .help = "address to listen on: [::]:PORT, ADDRESS:PORT or unix:/path (may be repeated)",
     .more =
         "[::] serves IPv4 as well, and only IPv4 where IPv6 is disabled. With port 0 the kernel chooses "
         "the port; the log record `listening` names the address that was bound. unix:@name is an "
         "abstract socket."},
    {.name = "tls-cert",
     .kind = OPT_STRING,
     .arg = "FILE",
     .path = OPT_PATH_FILE,
     .offset = offsetof(struct options, tls_cert),
     .help =
         "certificate (PEM, with its chain) with which TCP listeners speak TLS; needs --tls-key",
     .more =
         "Both files are looked at again when a connection comes, so that a rotated certificate needs no restart. Unix "
         "sockets and addresses written plain:ADDRESS stay without TLS."},
    {.name = "tls-key",
     .kind = OPT_STRING,
     .arg = "FILE",
     .path = OPT_PATH_FILE,
     .offset = offsetof(struct options, tls_key),
     .help = "private key of that certificate (PEM, without a passphrase)"},
    {.name = "check",
     .kind = OPT_LIST,
     .arg = "LINE",
     .offset = offsetof(struct options, checks),
     .flags = OPT_SECRET,
     .env = "HEALTHD_CHECKS",
     .help = "a check: NAME URL [key value]... (may be repeated; in the variable, one per line)",
     .more =
         "A bare postgres:// or redis:// stands for the server that the environment names. Such a line, one "
         "with the same URL (passwords may differ), or one named database or redis replaces the check "
         "that would be made from the environment; any other line is an additional check. URLs and keys "
         "are listed below."},
    {.name = "config",
     .kind = OPT_STRING,
     .arg = "FILE",
     .path = OPT_PATH_FILE,
     .offset = offsetof(struct options, config),
     .help = "read checks from FILE, one per line; lines that begin with # are comments"},
    {.name = "database",
     .kind = OPT_STRING,
     .arg = "URL",
     .offset = offsetof(struct options, database),
     .flags = OPT_SECRET | OPT_NO_ENV,
     .help = "where PostgreSQL is, as a URL or DSN; takes precedence over DATABASE_URL"},
    {.name = "redis",
     .kind = OPT_STRING,
     .arg = "URL",
     .offset = offsetof(struct options, redis),
     .flags = OPT_SECRET | OPT_NO_ENV,
     .help = "where Redis is, as a URL; takes precedence over REDIS_URL"},
    {.name = "service-name",
     .kind = OPT_STRING,
     .arg = "NAME",
     .offset = offsetof(struct options, service),
     .env = "SERVICE_NAME",
     .help = "name of the service, shown by live and health"},
    {.name = "service-version",
     .kind = OPT_STRING,
     .arg = "VERSION",
     .offset = offsetof(struct options, version),
     .env = "SERVICE_VERSION",
     .help = "version of the service, shown by live and health"},
    {.name = "health-strict",
     .kind = OPT_BOOL,
     .offset = offsetof(struct options, health_strict),
     .help = "make /health answer like ready: 503 while not ready, instead of always 200"},
    {.name = "alias",
     .kind = OPT_LIST,
     .arg = "PATH=PAGE",
     .offset = offsetof(struct options, aliases),
     .help = "answer PATH as PAGE is answered (may be repeated; in the variable, one per line)",
     .more =
         "For clients whose path cannot be changed: --alias /api/health=/health. PAGE is any path that "
         "healthd answers, including those of groups, of --body and of other aliases. Queries, such as "
         "?verbose, have the same effect as with PAGE."},
    {.name = "body",
     .kind = OPT_LIST,
     .arg = "PATH=TEXT",
     .offset = offsetof(struct options, bodies),
     .help = "answer PATH with 200 and TEXT (may be repeated; in the variable, one per line)",
     .more =
         "{now} stands for the time of the answer, as in 2026-11-21T09:00:00Z; other braces have no meaning. "
         "The content type is application/json if the body is valid JSON, and text/plain otherwise. No "
         "check is considered."},
    {.name = "details",
     .kind = OPT_CHOICE,
     .offset = offsetof(struct options, details),
     .def = "never",
     .choices = details_names,
     .help = "who may see reasons, the history and /status: never (nobody), local or always",
     .more =
         "local: clients that connect over the loopback interface or a unix socket and send no Forwarded, "
         "X-Forwarded-*, X-Real-IP or Via header: kubectl port-forward, for example, but not a proxy in "
         "the same pod. All others see `reason withheld` in ?verbose, and /health?history and /status answer "
         "them with 403."},
    {.name = "drain",
     .kind = OPT_DURATION,
     .offset = offsetof(struct options, drain_ms),
     .def = "15s",
     .help =
         "how long to go on serving, not ready, after SIGTERM, SIGINT or SIGQUIT; a second signal ends it"},
    {.name = "sandbox",
     .kind = OPT_CHOICE,
     .offset = offsetof(struct options, sandbox),
     .def = "auto",
     .choices = sandbox_names,
     .help = "give up what is not needed to serve: auto (what the kernel offers), off or require",
     .more =
         "Files: only the directories of the files that the configuration names, and what the libraries read, can be opened "
         "(Landlock, Linux 5.13). System calls: executing a program, tracing and changing the identity end the process, "
         "other calls that are not needed fail (seccomp). /metrics and the log say what is in force."},
    {.name = "termination-log",
     .kind = OPT_STRING,
     .arg = "FILE",
     .path = OPT_PATH_FILE,
     .offset = offsetof(struct options, termination_log),
     .def = TERMINATION_PATH,
     .help = "where to write the termination message, if that file exists"},
};

static const struct opt_command *const commands[] = {COMMANDS(OPT_ENTRY)};

static const struct opt_section sections[] = {
    {"URLs of checks", checkdocs_kind},
    {"Keys of checks", checkdocs_key},
};

static const struct opt_exit exits[] = {
    {0, NULL, "ended after draining; probe: healthy; check, wait: ready"},
    {1, NULL,
     "probe: not healthy, or no answer; check, wait: not ready; explain: later than --bound; also, "
     "except probe: standard output could not be written"},
    {2, NULL, "invalid options or configuration"},
    {3, NULL, "cannot listen on an address"},
};

static const struct opt_pair examples[] = {
    {"DATABASE_URL=postgres://app@db/app REDIS_URL=redis://cache healthd",
     "check both and answer on port 9180"},
    {"healthd --check 'database postgres:// every 1s groups ready,startup'",
     "check the database that the environment "
     "names every second, also for startup"},
    {"healthd --check 'app http://127.0.0.1:8080/healthz groups ready,live'",
     "check the application in the same pod: not ready, and restarted, while it does not answer"},
    {"healthd probe http://127.0.0.1:9180/health/live", "a HEALTHCHECK for an image"},
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
        "health proxy for a pod: checks PostgreSQL, Redis and the application in the background and "
        "answers probes immediately",
    .description =
        "healthd checks a pod's dependencies in the background and answers probes from the latest "
        "result, within a millisecond even while a dependency hangs. Without any configuration it "
        "checks the PostgreSQL and Redis servers that the environment names (DATABASE_URL, "
        "DATABASE_HOST ..., PGHOST ..., REDIS_URL, REDIS_HOST ...).\n\n/health/live is 200 while "
        "the process answers, whatever the state of its dependencies. /health/ready is 200 while every "
        "check in the group ready is healthy. /health/startup is 200 once every check in the group "
        "startup has been healthy. /health shows everything and stays 200. There are also /health/GROUP, "
        "/health/check/NAME and /metrics. ?verbose shows a line per check, ?exclude=NAME leaves one out, "
        "?format=json|text chooses the format, /health?history lists the last changes, and /status is a page for people.\n\nOn SIGTERM, SIGINT or SIGQUIT ready turns 503 at once, and healthd "
        "goes on serving for --drain. On SIGHUP it reads the checks again: one whose line has not changed goes on undisturbed, and "
        "an invalid configuration leaves the present one in force. It listens before the first check has finished.",
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
    .failure_status = EXIT_NOT_READY,
    .usage_event = &event_usage,
    .usage_ended = usage_ended,
    .events = healthd_events,
    .print_formats = healthd_print_formats,
};
