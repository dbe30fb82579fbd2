/* options.c: options and exit statuses: one row each. */
#include "migrate/options.h"

#include "migrate/cmd/cmd.h"
#include "migrate/events.h"
#include "migrate/formats.h"
#include "migrate/tell/report.h"

static const struct opt_command *const commands[] = {COMMANDS(OPT_ENTRY)};

static const char *const phases[] = {"expand", "contract", "all", NULL};
static const char *const layouts[] = {"auto", "native", NULL};
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
     .help = "directory of the migrations"},
    {.name = "allow-empty",
     .kind = OPT_BOOL,
     .offset = FIELD(allow_empty),
     .help = "a directory without migrations, or none at all, is no error"},
    {.name = "database",
     .kind = OPT_STRING,
     .arg = "URL",
     .offset = FIELD(database),
     .flags = OPT_SECRET,
     .help = "where PostgreSQL is: URL or keywords; otherwise DATABASE_URL and its kin",
     .more =
         "A password given here is seen by everybody who can list processes: prefer DATABASE_URL_FILE, "
         "DATABASE_PASSWORD_FILE or a passfile."},
    {.name = "table",
     .kind = OPT_STRING,
     .arg = "[SCHEMA.]TABLE",
     .offset = FIELD(table),
     .def = "public.schema_history",
     .help = "history table; made when it is missing",
     .more = "Read as SQL reads it: folded to lower case unless quoted."},
    {.name = "layout",
     .kind = OPT_CHOICE,
     .offset = FIELD(layout),
     .def = "auto",
     .choices = layouts,
     .help = "layout of files and history; native is the only one that this version handles",
     .more =
         "auto refuses a database that has another tool's history table beside the place of ours and no history of "
         "ours: what that tool applied would be applied again. native applies every file all the same."},
    {.name = "wait",
     .kind = OPT_DURATION,
     .offset = FIELD(wait_ms),
     .flags = OPT_NONE_OK,
     .def = "30s",
     .help = "how long to wait for the database to accept; 0: one attempt",
     .more =
         "Tried again is what time may mend: no answer, refused, starting up, too many connections, not the wanted "
         "role. A refused login, a missing database or a bad certificate end at once."},
    {.name = "lock-wait",
     .kind = OPT_DURATION,
     .offset = FIELD(lock_wait_ms),
     .flags = OPT_NONE_OK,
     .def = "60s",
     .help = "how long to wait for another runner's lock"},
    {.name = "lock-timeout",
     .kind = OPT_DURATION,
     .offset = FIELD(lock_timeout_ms),
     .flags = OPT_NONE_OK,
     .def = "2s",
     .help = "lock_timeout of a migration's transaction; then it rolls back and tries again",
     .more =
         "Whoever waits for a lock makes everybody behind it wait too. A migration that does not get its locks in this "
         "time is rolled back, its blockers are named, and it is tried again after a pause, until --deadline. "
         "Statements that run outside a transaction wait without this limit: a time-out would leave an invalid "
         "index."},
    {.name = "statement-timeout",
     .kind = OPT_DURATION,
     .offset = FIELD(statement_timeout_ms),
     .flags = OPT_NONE_OK,
     .def = "none",
     .help = "statement_timeout of the migrations",
     .more =
         "none is no limit, also where ALTER ROLE or ALTER DATABASE sets one for the login. A header line statement_timeout= "
         "says it for one file."},
    {.name = "deadline",
     .kind = OPT_DURATION,
     .offset = FIELD(deadline_ms),
     .flags = OPT_NONE_OK,
     .def = "none",
     .help = "how long all of it may take; then the statement is cancelled and rolled back",
     .more = "Keep it below the Job's activeDeadlineSeconds."},
    {.name = "out-of-order",
     .kind = OPT_CHOICE,
     .offset = FIELD(out_of_order),
     .def = "refuse",
     .choices = orders,
     .help = "what to do with a pending version below an applied one"},
    {.name = "ahead",
     .kind = OPT_CHOICE,
     .offset = FIELD(ahead),
     .def = "allow",
     .choices = aheads,
     .help = "applied versions above the newest file (a rollback by git): allowed or an error"},
    {.name = "phase",
     .kind = OPT_CHOICE,
     .offset = FIELD(phase),
     .def = "expand",
     .choices = phases,
     .help = "which files are wanted: those with phase=contract wait for contract or all"},
    {.name = "to",
     .kind = OPT_STRING,
     .arg = "V",
     .offset = FIELD(to),
     .help = "up to this version, and no further"},
    {.name = "steps",
     .kind = OPT_INT,
     .arg = "N",
     .offset = FIELD(steps),
     .min = 1,
     .max = 1000000,
     .help = "at most so many migrations"},
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
     .help = "say what would be applied; change nothing"},
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
     .help = "SET ROLE for each file; the history is made, read and written as that role, too"},
    {.name = "search-path",
     .kind = OPT_STRING,
     .arg = "PATH",
     .offset = FIELD(search_path),
     .help = "search_path for each file, as one would write it after SET search_path ="},
    {.name = "release",
     .kind = OPT_STRING,
     .arg = "NAME",
     .offset = FIELD(release),
     .help = "stored with each row: which release brought it"},
    {.name = "json",
     .kind = OPT_BOOL,
     .offset = FIELD(json),
     .flags = OPT_NO_ENV,
     .help = "print JSON"},
    {.name = "exit-code",
     .kind = OPT_BOOL,
     .offset = FIELD(exit_code),
     .flags = OPT_NO_ENV,
     .help = "exit 1 when something is pending"},
    {.name = "termination-log",
     .kind = OPT_STRING,
     .arg = "FILE",
     .path = OPT_PATH_FILE,
     .offset = FIELD(termination_log),
     .flags = OPT_EMPTY_OK,
     .def = "/dev/termination-log",
     .help = "where Kubernetes looks for the last words; written only when it exists"},
};

#define EXIT_ROW(name, exit, when) {exit, NULL, when},
static const struct opt_exit exits[] = {
    {EXIT_DONE, NULL, "done, nothing to do, or the database is ahead of the files"},
    {EXIT_PENDING, NULL, "status --exit-code: something is pending"},
    MIGRATE_FAILURES(EXIT_ROW)};

static const struct opt_pair files[] = {
    {"0001_name.sql, 0001_name.up.sql",
     "a migration: version, underscore, name. Versions compare as numbers when all are "
     "digits, part by part when dots stand between (1.9 before 1.10), else byte by byte. Beside "
     "versions that begin with a digit others are refused."},
    {"0001_name.down.sql", "its way back, for down"},
    {"-- migrate: transaction=off phase=contract lock_timeout=5s statement_timeout=10min",
     "header line before the first statement; each key is optional"},
    {"-- migrate: allow=index-create,column-drop",
     "the same: these rules of check find nothing in this file"},
    {"-- migrate: marks=ignore",
     "the same: this file's comments are nothing but comments. Without it a line like -- DOWN or "
     "-- //@UNDO, which heads the way back in the files of many tools, is refused, for migrate runs "
     "all of a file."},
};

static const struct opt_pair examples[] = {
    {"migrate up --dir migrations --database postgres://app@db/shop", "apply what is pending"},
    {"migrate rehearse --deadline 5m --database postgres://app@staging/shop",
     "see what that would lock, and for how long; nothing of it stays"},
    {"migrate status --exit-code", "exit 1 when something is pending"},
    {"migrate check migrations", "look at the files without a database"},
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
    .copy_status = EXIT_INPUT,
    .usage_event = &event_input,
    .usage_ended = report_usage,
    .events = migrate_events,
    .print_formats = formats_print,
};
