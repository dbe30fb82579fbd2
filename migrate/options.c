/* options.c: options and exit statuses: one row each. */
#include "migrate/options.h"

#include "migrate/cmd/cmd.h"
#include "migrate/events.h"
#include "migrate/formats.h"
#include "migrate/layout/layouts.h"
#include "migrate/tell/report.h"

static const struct opt_command *const commands[] = {COMMANDS(OPT_ENTRY)};

static const char *const phases[] = {"expand", "contract", "all", NULL};
#define LAYOUT_NAME(name) #name,
static const char *const layouts[] = {"auto", LAYOUTS(LAYOUT_NAME) NULL};
static const char *const orders[] = {"refuse", "apply", NULL};
static const char *const poolers[] = {"auto", "session", "transaction", "refuse", NULL};
static const char *const aheads[] = {"allow", "refuse", NULL};

#define FIELD(name_) offsetof(struct options, name_)

static const struct opt_row rows[] = {
    {.name = "dir",
     .kind = OPT_STRING,
     .arg = "DIR",
     .path = OPT_PATH_DIR,
     .offset = FIELD(dir),
     .def = "migrations",
     .help = "directory that contains the migrations"},
    {.name = "allow-empty",
     .kind = OPT_BOOL,
     .offset = FIELD(allow_empty),
     .help = "accept a directory that is missing or contains no migrations"},
    {.name = "database",
     .kind = OPT_STRING,
     .arg = "URL",
     .offset = FIELD(database),
     .flags = OPT_SECRET,
     .help = "where PostgreSQL is, as a URL or DSN (default: DATABASE_URL and the like)",
     .more =
         "A password given here can be seen by everybody who can list processes: prefer DATABASE_URL_FILE, "
         "DATABASE_PASSWORD_FILE or a password file."},
    {.name = "table",
     .kind = OPT_STRING,
     .arg = "[SCHEMA.]TABLE",
     .offset = FIELD(table),
     .def_text = "the layout's own, in public: schema_history for native",
     .help = "history table; created if it is missing",
     .more =
         "As in SQL, the name is folded to lower case unless it is quoted. Without this option, "
         "another tool's history is found in any schema."},
    {.name = "layout",
     .kind = OPT_CHOICE,
     .offset = FIELD(layout),
     .def = "auto",
     .choices = layouts,
     .help = "layout of files and history: migrate's own, or another tool's",
     .more =
         "auto goes by the names of the files, by annotations in the first of them, and by the columns of the history "
         "table that it finds. Files of one tool beside the history of another are refused; so is a database with the "
         "history of a tool that is not handled and no history of ours: what that tool applied would be applied again. "
         "native applies every file all the same."},
    {.name = "wait",
     .kind = OPT_DURATION,
     .offset = FIELD(wait_ms),
     .flags = OPT_NONE_OK,
     .def = "30s",
     .help = "how long to wait for the database to accept connections; 0: a single attempt",
     .more =
         "Failures that may pass are retried: no answer, connection refused, server starting up, too many connections, not "
         "the wanted role. A rejected login, a missing database or an invalid certificate is reported at once."},
    {.name = "lock-wait",
     .kind = OPT_DURATION,
     .offset = FIELD(lock_wait_ms),
     .flags = OPT_NONE_OK,
     .def = "60s",
     .help = "how long to wait while another runner holds migrate's lock"},
    {.name = "lock-timeout",
     .kind = OPT_DURATION,
     .offset = FIELD(lock_timeout_ms),
     .flags = OPT_NONE_OK,
     .def = "2s",
     .help =
         "lock_timeout for migrations; when it is exceeded, the migration is rolled back and retried",
     .more =
         "A session that waits for a lock makes all later requests for conflicting locks wait behind it. A migration that "
         "does not get its locks within this time is rolled back, the sessions blocking it are named, and it is retried "
         "after a pause, until --deadline. Statements that run outside a transaction wait without this limit, because a "
         "timeout would leave an invalid index."},
    {.name = "statement-timeout",
     .kind = OPT_DURATION,
     .offset = FIELD(statement_timeout_ms),
     .flags = OPT_NONE_OK,
     .def = "none",
     .help = "statement_timeout for migrations",
     .more =
         "none means no limit, even where ALTER ROLE or ALTER DATABASE sets one. statement_timeout= in a file's header sets "
         "it for that file."},
    {.name = "deadline",
     .kind = OPT_DURATION,
     .offset = FIELD(deadline_ms),
     .flags = OPT_NONE_OK,
     .def = "none",
     .help =
         "limit for the whole run; when it is exceeded, the current statement is cancelled and rolled back",
     .more = "It should be less than the Job's activeDeadlineSeconds."},
    {.name = "out-of-order",
     .kind = OPT_CHOICE,
     .offset = FIELD(out_of_order),
     .def = "refuse",
     .choices = orders,
     .help = "what to do with a pending version that is lower than an applied one"},
    {.name = "ahead",
     .kind = OPT_CHOICE,
     .offset = FIELD(ahead),
     .def = "allow",
     .choices = aheads,
     .help =
         "whether applied versions above the newest file (after reverting to an older release) are allowed"},
    {.name = "phase",
     .kind = OPT_CHOICE,
     .offset = FIELD(phase),
     .def = "expand",
     .choices = phases,
     .help = "which files to apply: those with phase=contract only with contract or all"},
    {.name = "to",
     .kind = OPT_STRING,
     .arg = "V",
     .offset = FIELD(to),
     .help = "stop after this version"},
    {.name = "steps",
     .kind = OPT_INT,
     .arg = "N",
     .offset = FIELD(steps),
     .min = 1,
     .max = 1000000,
     .help = "apply at most N migrations"},
    {.name = "pooler",
     .kind = OPT_CHOICE,
     .offset = FIELD(pooler),
     .def = "auto",
     .choices = poolers,
     .help = "what to do behind a connection pooler such as PgBouncer",
     .more =
         "For up and down; the other commands need the session, and refuse a pooler unless session says that it is kept. A pooler shows in that the protocol names another backend than the server does. auto then uses nothing that "
         "belongs to a session, which is right whatever the pooler's mode is: each migration is guarded by its history row and "
         "a lock of its transaction, and a file outside a transaction by a lease. session: the pooler pools by sessions, so "
         "that all is as without it. transaction: as auto behind a pooler, also where none shows. refuse: a "
         "pooler is an error (23)."},
    {.name = "dry-run",
     .kind = OPT_BOOL,
     .offset = FIELD(dry_run),
     .help = "show what would be applied, without changing anything"},
    {.name = "rehearse",
     .kind = OPT_BOOL,
     .offset = FIELD(rehearse),
     .flags = OPT_NO_ENV,
     .help = "the same as the command rehearse: do it, show what it locks, and roll it back"},
    {.name = "max-blocking",
     .kind = OPT_DURATION,
     .offset = FIELD(max_blocking_ms),
     .flags = OPT_NONE_OK,
     .def = "1s",
     .help = "rehearse: how long a file may keep reads of a table waiting; longer is exit 25"},
    {.name = "role",
     .kind = OPT_STRING,
     .arg = "ROLE",
     .offset = FIELD(role),
     .help =
         "role to SET for each file; the history table is also created, read and written as this role"},
    {.name = "search-path",
     .kind = OPT_STRING,
     .arg = "PATH",
     .offset = FIELD(search_path),
     .help = "search_path for each file, written as after SET search_path ="},
    {.name = "release",
     .kind = OPT_STRING,
     .arg = "NAME",
     .offset = FIELD(release),
     .help = "name of the release, stored in the history with each migration"},
    {.name = "json",
     .kind = OPT_BOOL,
     .offset = FIELD(json),
     .flags = OPT_NO_ENV,
     .help = "print JSON"},
    {.name = "exit-code",
     .kind = OPT_BOOL,
     .offset = FIELD(exit_code),
     .flags = OPT_NO_ENV,
     .help = "exit with status 1 if a migration is pending"},
    {.name = "termination-log",
     .kind = OPT_STRING,
     .arg = "FILE",
     .path = OPT_PATH_FILE,
     .offset = FIELD(termination_log),
     .flags = OPT_EMPTY_OK,
     .def = "/dev/termination-log",
     .help = "where to write the termination message, if that file exists"},
};

#define EXIT_ROW(name, exit, when) {exit, NULL, when},
static const struct opt_exit exits[] = {
    {EXIT_DONE, NULL, "done, nothing to do, or the database is ahead of the files"},
    {EXIT_PENDING, NULL, "status --exit-code: a migration is pending"},
    MIGRATE_FAILURES(EXIT_ROW)};

static const struct opt_pair files[] = {
    {"0001_name.sql, 0001_name.up.sql",
     "a migration: version, underscore, name. Versions compare as numbers when all are "
     "digits, part by part when dots stand between (1.9 before 1.10), else byte by byte. Beside "
     "versions that begin with a digit others are refused."},
    {"0001_name.down.sql", "its way back, for down"},
    {"-- migrate: transaction=off phase=contract lock_timeout=5s statement_timeout=10min",
     "header line, before the first statement; each key is optional"},
    {"-- migrate: allow=index-create,column-drop",
     "the same: these rules of check find nothing in this file"},
    {"-- migrate: marks=ignore",
     "the same: this file's comments are nothing but comments. Without it a line like -- DOWN or "
     "-- //@UNDO, which heads the way back in the files of many tools, is refused, for migrate runs "
     "all of a file."},
};

static const struct opt_pair examples[] = {
    {"migrate up --dir migrations --database postgres://app@db/shop", "apply pending migrations"},
    {"migrate rehearse --deadline 5m --database postgres://app@staging/shop",
     "see what that would lock, and for how long; nothing of it stays"},
    {"migrate status --exit-code", "exit with status 1 if a migration is pending"},
    {"migrate check migrations", "check the files without a database"},
    {"migrate check --since 0041 --format github",
     "in a pull request: lock hazards of the files above version 0041, as annotations"},
    {"migrate run --deadline 10m -- alembic upgrade head", "another migrator, one at a time"},
};

const struct opt_program migrate_program = {
    .name = "migrate",
    .env_prefix = "MIGRATE_",
    .summary = "apply SQL migrations to PostgreSQL exactly once",
    .description =
        "migrate applies the SQL files of a directory to PostgreSQL, each exactly once, however many copies start "
        "together, and leaves evidence: a row for each file, one log record for each step, and a termination "
        "message that names file, line and column.\n\n"
        "A file runs in one transaction with its row: killed at any instant, the next run goes on without a command, and "
        "nothing is ever marked dirty. A file that cannot run in a transaction runs statement by statement, and what is done is "
        "recorded as it goes; cut off part-way, the next run looks what is there and goes on.",
    .commands = commands,
    .n_commands = sizeof(commands) / sizeof(commands[0]),
    .rows = rows,
    .n_rows = sizeof(rows) / sizeof(*rows),
    .exits = exits,
    .n_exits = sizeof(exits) / sizeof(*exits),
    .files = files,
    .n_files = sizeof(files) / sizeof(*files),
    .examples = examples,
    .n_examples = sizeof(examples) / sizeof(*examples),
    .see_also = "cronrun(1), healthd(1), psql(1)",
    .connections = OPT_CONN_POSTGRES,
    .usage_status = EXIT_INPUT,
    .failure_status = EXIT_INPUT,
    .usage_event = &event_input,
    .usage_ended = report_usage,
    .events = migrate_events,
    .print_formats = formats_print,
};
