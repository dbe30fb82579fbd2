/* options.c: the rows. */
#include "cronrun/options.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "common/base/clock.h"
#include "common/base/events.h"
#include "common/base/words.h"
#include "common/base/log.h"
#include "common/lease/lease.h"
#include "common/proc/signals.h"
#include "common/proc/termination.h"
#include "common/target/target.h"
#include "cronrun/commands.h"
#include "cronrun/cron/cron_next.h"
#include "cronrun/cron/cronexpr.h"
#include "cronrun/events.h"
#include "cronrun/formats.h"
#include "cronrun/run/instant.h"

static int
parse_on_busy(void *options, const struct opt_row *row, const char *value, struct err *e)
{
    (void)row;
    struct options *o = options;
    if (strcmp(value, "skip") == 0) {
        o->on_busy = BUSY_SKIP;
        return 0;
    }
    if (strcmp(value, "fail") == 0) {
        o->on_busy = BUSY_FAIL;
        return 0;
    }
    if (strncmp(value, "wait=", 5) != 0)
        return err_set(e, ERR_USAGE, "must be skip, fail or wait=DURATION, not \"%s\"", value);
    o->on_busy = BUSY_WAIT;
    return clock_parse_duration(value + 5, &o->busy_wait_ms, e);
}

static int
parse_signal(void *options, const struct opt_row *row, const char *value, struct err *e)
{
    (void)row;
    struct options *o = options;
    int signo;
    if (signals_parse(value, &signo, e) < 0)
        return -1;
    o->stop_signal = signo;
    return 0;
}

static int
parse_instant(void *options, const struct opt_row *row, const char *value, struct err *e)
{
    (void)row;
    return instant_parse(value, &((struct options *)options)->scheduled_ms, e);
}

#define FIELD(name_) offsetof(struct options, name_)

static const struct opt_row rows[] = {
    {.name = "lock",
     .kind = OPT_STRING,
     .arg = "LOCK",
     .offers = OPT_NAMES("file:", "postgres", "redis", "none"),
     .offset = FIELD(lock),
     .flags = OPT_SECRET,
     .help = "the lock: file:/path, postgres, redis, a URL of either, or none; required",
     .more =
         "file:/path uses flock(2) on a local file: one run per machine, or per volume. postgres uses a session-level "
         "advisory lock in the application's own database, redis a key that is renewed; both connect as the environment "
         "says, or to the URL given here. none has to be given explicitly, because a run without a lock may overlap "
         "with the next one."},
    {.name = "name",
     .kind = OPT_STRING,
     .arg = "JOB",
     .offset = FIELD(name),
     .def_text = "the CronJob's name, from the pod's host name",
     .help = "name of the job; runs with the same name and lock store exclude each other"},
    {.name = "on-busy",
     .kind = OPT_CUSTOM,
     .arg = "skip|fail|wait=DURATION",
     .offers = OPT_NAMES("skip", "fail", "wait="),
     .offset = FIELD(on_busy),
     .def = "skip",
     .parse = parse_on_busy,
     .help = "what to do when another run holds the lock"},
    {.name = "lock-ttl",
     .kind = OPT_DURATION,
     .offset = FIELD(lock_ttl_ms),
     .def = "30s",
     .min = 1000,
     .max = 86400000,
     .help = "Redis: how long the lock lasts without being renewed",
     .more =
         "The lock is renewed after each third of this time. If it could not be renewed for half of it, the command is asked "
         "to end; before the time is up, the process tree is killed."},
    {.name = "lock-settle",
     .kind = OPT_DURATION,
     .offset = FIELD(lock_settle_ms),
     .def = "2s",
     .help =
         "PostgreSQL: how long to hold the lock before starting if the previous holder never released it",
     .more =
         "A holder that loses its connection kills its command at once; this is the time allowed for that."},
    {.name = "deadline",
     .kind = OPT_DURATION,
     .offset = FIELD(deadline_ms),
     .flags = OPT_NONE_OK,
     .def = "none",
     .help =
         "how long the command may run; then it gets the stop signal and, after the grace, KILL"},
    {.name = "grace",
     .kind = OPT_DURATION,
     .offset = FIELD(grace_ms),
     .def = "5s",
     .help = "time between the stop signal and KILL",
     .more =
         "Deadline and grace together should be at least three seconds less than the Job's activeDeadlineSeconds, and the grace "
         "less than terminationGracePeriodSeconds."},
    {.name = "stop-signal",
     .kind = OPT_CUSTOM,
     .arg = "SIGNAL",
     .offers = OPT_NAMES("TERM", "INT", "QUIT", "HUP", "USR1", "USR2", "KILL"),
     .offset = FIELD(stop_signal),
     .def = "TERM",
     .parse = parse_signal,
     .help = "signal that asks the command to end",
     .more = "A name (TERM, SIGQUIT, RTMIN+3) or a number."},
    {.name = "guard",
     .kind = OPT_BOOL,
     .offset = FIELD(guard),
     .help =
         "put a small process between cronrun and the command, which kills the process tree if cronrun itself is killed",
     .more =
         "Without it, SIGKILL to cronrun ends the command itself, but not the processes that have left it; those keep a file lock. The "
         "guard sends KILL to all of them, and a file lock is free when none is left. As the first process of a container cronrun "
         "needs no guard, because the kernel does the same, and starts none."},
    {.name = "starting-deadline",
     .kind = OPT_DURATION,
     .offset = FIELD(starting_deadline_ms),
     .flags = OPT_NONE_OK,
     .def = "none",
     .help = "do not start the command later than this after its scheduled time",
     .more =
         "The scheduled time comes from --scheduled-at, or from the host name that Kubernetes gives a CronJob's pod. Without "
         "either (a Job created by hand) it is the time cronrun starts. Waiting for a busy lock counts."},
    {.name = "scheduled-at",
     .kind = OPT_CUSTOM,
     .arg = "INSTANT",
     .offset = FIELD(scheduled_ms),
     .def_text = "from the pod's host name",
     .parse = parse_instant,
     .help = "time at which the run was scheduled (RFC 3339)"},
    {.name = "job-deadline",
     .kind = OPT_DURATION,
     .offset = FIELD(job_deadline_ms),
     .flags = OPT_NONE_OK,
     .def = "none",
     .help =
         "the Job's activeDeadlineSeconds; the command is stopped three seconds plus the grace before",
     .more =
         "It counts from the scheduled time, or from cronrun's start where that is unknown (a Job created by "
         "hand), and can only shorten --deadline."},
    {.name = "retries",
     .kind = OPT_INT,
     .arg = "N",
     .offset = FIELD(retries),
     .def = "0",
     .min = 0,
     .max = 1000,
     .help = "how often the command is started again if it fails",
     .more =
         "Only after an exit status other than 0 or a signal that cronrun did not send, or if there was no process, memory or file "
         "descriptor to start it with, which is an attempt, too. The lock is kept between the attempts, and "
         "--deadline and --job-deadline apply to all of them together, pauses included: no attempt is started when the pause "
         "before it would not end in time."},
    {.name = "retry-delay",
     .kind = OPT_DURATION,
     .offset = FIELD(retry_delay_ms),
     .def = "5s",
     .min = 1,
     .max = 86400000,
     .help = "pause before the first retry; it doubles each time, up to five minutes",
     .more =
         "Up to half of each pause is left out at random, so that jobs that failed together are not retried together."},
    {.name = "ping",
     .kind = OPT_STRING,
     .arg = "URL",
     .offset = FIELD(ping),
     .flags = OPT_SECRET | OPT_ENV_FILE,
     .help =
         "report start and end of the run to a monitor that understands the pings of healthchecks.io",
     .more =
         "URL/start is requested when the command has been started, URL when the run succeeded, URL/STATUS when the command failed "
         "and URL/fail after any other end, each with the run ID as rid; with the last one, the end of the output (with --output lines and "
         "on-failure) and the reason are sent. A run that is skipped because the lock is busy is not reported. The command does not "
         "wait for a ping, and the end of the run for two seconds at most. The URL is a secret: better than in the option it is in "
         "CRONRUN_PING, or in a file named by CRONRUN_PING_FILE; setting both is an error."},
    {.name = "output",
     .kind = OPT_CHOICE,
     .arg = "pass|lines|on-failure",
     .choices = OPT_NAMES("pass", "lines", "on-failure"),
     .offset = FIELD(output),
     .def = "pass",
     .help =
         "what becomes of the command's output: passed on untouched, as a record per line, or shown only if the run fails",
     .more =
         "pass: the command has standard output and standard error as cronrun itself. lines: both are read, and each line is a JSON "
         "record on standard output with the time, the run ID and the name of the stream; no record exceeds 4,096 bytes. on-failure: "
         "the output is kept, and written to standard output and standard error if the run does not succeed: the first 64 MiB, and "
         "of more the last 1 MiB. With lines and on-failure the end of the output is part of the termination message."},
    {.name = "spool-dir",
     .kind = OPT_STRING,
     .arg = "DIR",
     .path = OPT_PATH_DIR,
     .offset = FIELD(spool_dir),
     .def_text = "TMPDIR, or /tmp",
     .help = "directory of the file that holds the output for --output on-failure",
     .more =
         "It should be on a local file system. The file has no name and needs no cleaning up. If it cannot be made, or its disk "
         "is full, only the last 1 MiB of the output is kept, in memory, and a record says so."},
    {.name = "busy-status",
     .kind = OPT_INT,
     .arg = "STATUS",
     .offset = FIELD(busy_status),
     .def = "0",
     .min = 0,
     .max = 255,
     .help = "exit status of a run that is skipped because the lock is busy"},
    {.name = "late-status",
     .kind = OPT_INT,
     .arg = "STATUS",
     .offset = FIELD(late_status),
     .def = "77",
     .min = 0,
     .max = 255,
     .help = "exit status of a run that is too late to start"},
    {.name = "child-status",
     .kind = OPT_INT,
     .arg = "STATUS",
     .offset = FIELD(child_status),
     .def_text = "the command's own",
     .min = 1,
     .max = 255,
     .help = "exit status for any failure of the command"},
    {.name = "database",
     .kind = OPT_STRING,
     .arg = "URL",
     .offset = FIELD(database),
     .flags = OPT_SECRET | OPT_NO_ENV,
     .help = "where PostgreSQL is, for --lock postgres (default: DATABASE_URL and the like)"},
    {.name = "redis",
     .kind = OPT_STRING,
     .arg = "URL",
     .offset = FIELD(redis),
     .flags = OPT_SECRET | OPT_NO_ENV,
     .help = "where Redis is, for --lock redis (default: REDIS_URL and the like)"},
    {.name = "record-fd",
     .kind = OPT_INT,
     .arg = "FD",
     .offset = FIELD(record_fd),
     .flags = OPT_HIDDEN | OPT_NO_ENV,
     .min = 3,
     .max = INT32_MAX,
     .help = "pipe of the daemon that started this run, for its result"},
    {.name = "termination-log",
     .kind = OPT_STRING,
     .arg = "FILE",
     .path = OPT_PATH_FILE,
     .offset = FIELD(termination_log),
     .flags = OPT_EMPTY_OK,
     .def = TERMINATION_PATH,
     .help = "where to write the termination message, if that file exists"},
    {.name = "tz",
     .kind = OPT_STRING,
     .arg = "ZONE",
     .offset = FIELD(tz),
     .def_text = "TZ, or UTC",
     .help = "time zone of schedules that name none, such as Europe/Berlin"},
    {.name = "dialect",
     .kind = OPT_CHOICE,
     .offset = FIELD(dialect),
     .def = "vixie",
     .choices = cron_dialect_names,
     .help =
         "how crontabs and expressions are read: vixie (as cronie does) or k8s (as Kubernetes reads a CronJob's "
         "schedule)"},
    {.name = "dst",
     .kind = OPT_CHOICE,
     .offset = FIELD(dst),
     .def = "vixie",
     .choices = cron_dst_names,
     .help = "what happens to times that the clocks skip or repeat: vixie, skip or k8s",
     .more =
         "vixie: a fixed time in a skipped hour comes once, at the first instant after it, and one in a repeated hour once; "
         "an expression whose minute or hour begins with a star follows real time. skip: skipped times do not come, repeated "
         "ones once. k8s: skipped times do not come, repeated ones twice, as with Kubernetes' own CronJobs."},
    {.name = "json",
     .kind = OPT_BOOL,
     .offset = FIELD(json),
     .flags = OPT_NO_ENV,
     .help = "one JSON object per line"},
};

static const struct opt_command *const commands[] = {COMMANDS(OPT_ENTRY)};

static const struct opt_exit exits[] = {
    {0, "the command's own", "passed through; 128+n if signal n ended the command"},
    {0, NULL, "also: skipped because the lock is busy (--busy-status)"},
    {2, NULL, "next, check, status: the expression or the crontab is refused, or never comes"},
    {STATUS_BUSY, NULL, "lock busy, with --on-busy fail or after the whole wait"},
    {STATUS_UNREACHABLE, NULL,
     "lock store unreachable; command not started; status: some job's state is unknown"},
    {STATUS_LOCK_LOST, NULL, "lock lost, or its file removed or replaced; command stopped"},
    {STATUS_LATE, NULL, "too late to start (--late-status)"},
    {STATUS_STOPPED, NULL,
     "stopped from outside before the command started, or the command exited with 0 after being told to stop"},
    {STATUS_DEADLINE, NULL, "deadline exceeded"},
    {STATUS_OWN, NULL,
     "failure of cronrun itself, invalid options, or standard output could not be written"},
    {STATUS_CANNOT_EXECUTE, NULL,
     "command cannot be executed: no permission, an empty file, not a program, or its interpreter is missing"},
    {STATUS_NOT_FOUND, NULL, "command not found"},
};

static const struct opt_pair files[] = {
    {TERMINATION_PATH, "the termination message, if Kubernetes has created the file"},
    {"the lock file", "created if missing, never removed; one line of 256 bytes says who holds it"},
};

static const struct opt_pair examples[] = {
    {"cronrun --lock file:/run/lock/mail.lock --deadline 50s -- php bin/console app:email:process",
     "one run at a time on this machine, at most 50 seconds"},
    {"cronrun --lock postgres --name nightly-export --deadline 2h -- ./export.sh",
     "one run at a time across all pods, using the application's database"},
    {"cronrun --lock redis --name report --on-busy wait=30s -- ./report.sh",
     "wait up to 30 seconds for the previous run"},
};

static const char *const other_env[] = {"CRONRUN_PING_FILE", "CRONRUN_RUN_ID",    "CRONRUN_FENCE",
                                        "CRONRUN_JOB",       "CRONRUN_SCHEDULED", NULL};

static void
usage_ended(const char *termination_log, const struct err *e)
{
    struct err why;
    const struct field fields[] = {
        LF_STR("program", "cronrun"),
        LF_NULL("job"),
        LF_NULL("run_id"),
        LF_STR("outcome", "usage"),
        LF_NULL("reason"),
        LF_INT("exit", STATUS_OWN),
        LF_NULL("signal"),
        LF_NULL("fence"),
        LF_NULL("scheduled"),
        LF_NULL("started"),
        LF_UINT("duration_ms", 0),
        LF_TAIL("tail", e->msg),
    };
    if (termination_write(termination_log, fields, sizeof(fields) / sizeof(fields[0]), &why) < 0)
        log_warn(&event_termination_log, LOG_NONE, "%s", why.msg);
}

const struct opt_program cronrun_program = {
    .name = "cronrun",
    .env_prefix = "CRONRUN_",
    .summary = "run a command once, in time, and leave nothing behind",
    .description =
        "cronrun runs a command under a lock, so that it runs only once however many pods start it; with a deadline, so "
        "that it ends in time; and ends its whole process tree, so that nothing is left behind. It is designed to be "
        "the first process of a CronJob's container: it forwards signals and reaps orphaned processes.\n\n"
        "One record is logged when a run starts and one when it ends. If the lock is busy, the record names its holder.",
    .commands = commands,
    .n_commands = sizeof(commands) / sizeof(commands[0]),
    .rows = rows,
    .n_rows = sizeof(rows) / sizeof(rows[0]),
    .other_env = other_env,
    .exits = exits,
    .n_exits = sizeof(exits) / sizeof(exits[0]),
    .files = files,
    .n_files = sizeof(files) / sizeof(files[0]),
    .examples = examples,
    .n_examples = sizeof(examples) / sizeof(examples[0]),
    .see_also = "healthd(1), migrate(1), flock(1), timeout(1)",
    .connections = OPT_CONN_POSTGRES | OPT_CONN_REDIS,
    .usage_status = STATUS_OWN,
    .failure_status = STATUS_OWN,
    .usage_event = &event_usage,
    .usage_ended = usage_ended,
    .events = cronrun_events,
    .print_formats = formats_print,
};

static bool
begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static int
read_lock(struct options *o, const char *command, struct err *e)
{
    const char *lock = o->lock;
    if (!lock)
        return err_set(
            e, ERR_USAGE,
            "--lock is required: file:/path, postgres, redis, or none for a run that may overlap "
            "(\"%s\" is taken as the command to run; cronrun's own commands are run, daemon, next, check, status, copy and version)",
            words_showable(command));
    o->lock_where = NULL;
    if (strcmp(lock, "none") == 0) {
        o->lock_kind = LOCK_NONE;
    } else if (begins(lock, "file:")) {
        o->lock_kind = LOCK_FILE;
        o->lock_where = begins(lock, "file:///") ? lock + 7 : lock + 5;
        if (o->lock_where[0] != '/')
            return err_set(e, ERR_USAGE, "--lock file: needs an absolute path");
    } else if (strcmp(lock, "postgres") == 0 || strcmp(lock, "postgresql") == 0) {
        o->lock_kind = LOCK_POSTGRES;
        o->lock_where = o->database;
    } else if (begins(lock, "postgres://") || begins(lock, "postgresql://") ||
               begins(lock, "postgresql+")) {
        o->lock_kind = LOCK_POSTGRES;
        o->lock_where = lock;
    } else if (strcmp(lock, "redis") == 0) {
        o->lock_kind = LOCK_REDIS;
        o->lock_where = o->redis;
    } else if (begins(lock, "redis://") || begins(lock, "rediss://") || begins(lock, "unix:")) {
        o->lock_kind = LOCK_REDIS;
        o->lock_where = lock;
    } else {
        return err_set(e, ERR_USAGE,
                       "--lock must be file:/path, postgres, redis, a URL of either, or none");
    }
    return 0;
}

int
options_check_ping(const char *url, struct err *e)
{
    struct target_peer *t = NULL;
    if (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0)
        return err_set(e, ERR_USAGE, "--ping: the URL must begin with https:// or http://");
    if (target_peer_parse(url, &t, e) < 0)
        return err_wrap(e, "--ping");
    target_peer_free(t);
    return 0;
}

int
options_complete(struct options *o, const char *command, struct err *e)
{
    if (read_lock(o, command, e) < 0)
        return -1;
    if (o->name && lease_name_check(o->name, e) < 0)
        return err_wrap(e, "--name");
    if (o->ping && options_check_ping(o->ping, e) < 0)
        return -1;
    if (o->database && (o->lock_kind != LOCK_POSTGRES || o->lock_where != o->database))
        return err_set(e, ERR_USAGE, "--database is for --lock postgres");
    if (o->redis && (o->lock_kind != LOCK_REDIS || o->lock_where != o->redis))
        return err_set(e, ERR_USAGE, "--redis is for --lock redis");
    return 0;
}
