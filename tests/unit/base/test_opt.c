#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/opt.h"

enum { UP, STATUS, CHECK, RUN, COPY, VERSION };

struct options {
    const char *dir;
    uint64_t lock_wait_ms;
    uint64_t deadline_ms;
    int64_t steps;
    uint64_t batch_bytes;
    int order;
    bool dry_run;
    bool json;
    struct opt_list labels;
    uint64_t run_timeout_ms;
    uint64_t up_timeout_ms;
    const char *database;
    int customs;
    const char *empty;
};

static int
parse_custom(void *options, const struct opt_row *row, const char *value, struct err *e)
{
    struct options *o = options;
    (void)row;
    if (strcmp(value, "bad") == 0)
        return err_set(e, ERR_USAGE, "that is bad");
    o->customs++;
    return 0;
}

static const char *const orders[] = {"refuse", "apply", NULL};
static const char *const other_env[] = {"MIGRATE_RUN_ID", NULL};

static const struct opt_row rows[] = {
    {.name = "dir",
     .kind = OPT_STRING,
     .arg = "DIR",
     .def = "migrations",
     .offset = offsetof(struct options, dir),
     .help = "where the files are",
     .more = "Read-only mounts work.\n\n.dots and -dashes \\ too."},
    {.name = "lock-wait",
     .kind = OPT_DURATION,
     .def = "60s",
     .offset = offsetof(struct options, lock_wait_ms),
     .commands = OPT_IN(UP) | OPT_IN(RUN),
     .min = 100,
     .max = 3600000,
     .help = "how long to wait for the lock"},
    {.name = "deadline",
     .kind = OPT_DURATION,
     .def = "none",
     .flags = OPT_NONE_OK,
     .offset = offsetof(struct options, deadline_ms),
     .help = "the whole run ends by then"},
    {.name = "steps",
     .letter = 'n',
     .kind = OPT_INT,
     .min = 1,
     .max = 100,
     .offset = offsetof(struct options, steps),
     .commands = OPT_IN(UP),
     .help = "how many"},
    {.name = "batch",
     .kind = OPT_SIZE,
     .def = "256KiB",
     .offset = offsetof(struct options, batch_bytes),
     .help = "bytes that travel together"},
    {.name = "out-of-order",
     .kind = OPT_CHOICE,
     .choices = orders,
     .def = "refuse",
     .offset = offsetof(struct options, order),
     .help = "a late lower version: refuse or apply"},
    {.name = "dry-run",
     .kind = OPT_BOOL,
     .commands = OPT_IN(UP),
     .offset = offsetof(struct options, dry_run),
     .help = "only say what would be done"},
    {.name = "json",
     .letter = 'j',
     .kind = OPT_BOOL,
     .commands = OPT_IN(STATUS) | OPT_IN(CHECK),
     .offset = offsetof(struct options, json),
     .help = "for machines"},
    {.name = "label",
     .letter = 'l',
     .kind = OPT_LIST,
     .env = "MIGRATE_LABELS",
     .offset = offsetof(struct options, labels),
     .help = "a label"},
    {.name = "timeout",
     .kind = OPT_DURATION,
     .def = "1s",
     .commands = OPT_IN(RUN),
     .offset = offsetof(struct options, run_timeout_ms),
     .help = "of run"},
    {.name = "timeout",
     .kind = OPT_DURATION,
     .def = "60s",
     .commands = OPT_IN(UP),
     .offset = offsetof(struct options, up_timeout_ms),
     .help = "of up"},
    {.name = "database",
     .kind = OPT_STRING,
     .arg = "URL",
     .flags = OPT_SECRET,
     .offset = offsetof(struct options, database),
     .help = "where PostgreSQL is"},
    {.name = "custom",
     .kind = OPT_CUSTOM,
     .parse = parse_custom,
     .flags = OPT_BY_LINES,
     .help = "special"},
    {.name = "empty",
     .kind = OPT_STRING,
     .flags = OPT_EMPTY_OK | OPT_HIDDEN,
     .offset = offsetof(struct options, empty),
     .help = "may be empty"},
};

static const struct opt_command commands[] = {
    {.id = UP, .name = "up", .args = "[--steps N]", .summary = "apply what is pending"},
    {.id = STATUS, .name = "status", .args = "", .summary = "what is applied"},
    {.id = CHECK, .name = "check", .args = "[DIR]", .max_args = 1, .summary = "offline checks"},
    {.id = RUN,
     .name = "run",
     .args = "-- CMD [ARG…]",
     .min_args = 1,
     .max_args = -1,
     .flags = OPT_CMD_STOP,
     .summary = "wrap another migrator"},
    OPT_COMMAND_COPY(COPY),
    OPT_COMMAND_VERSION(VERSION),
};

static const struct opt_exit exits[] = {{0, NULL, "done"}, {23, NULL, "bad input"}};
static const struct opt_pair examples[] = {{"migrate up --dir db", "Applies all:"}};

static const struct opt_program program = {
    .name = "migrate",
    .env_prefix = "MIGRATE_",
    .summary = "apply SQL migrations",
    .description = "First.\n\nSecond `bold`.",
    .commands = commands,
    .n_commands = sizeof commands / sizeof commands[0],
    .rows = rows,
    .n_rows = sizeof rows / sizeof rows[0],
    .other_env = other_env,
    .exits = exits,
    .n_exits = 2,
    .examples = examples,
    .n_examples = 1,
    .see_also = "healthd(1)",
    .connections = OPT_CONN_POSTGRES,
    .usage_status = 23,
};

/* The same with a default command that takes a command line, and one that takes no words. */
static const struct opt_command stop_commands[] = {
    {.id = RUN,
     .name = "run",
     .args = "-- CMD",
     .min_args = 1,
     .max_args = -1,
     .flags = OPT_CMD_STOP | OPT_CMD_DEFAULT},
    {.id = STATUS, .name = "status"},
};
static const struct opt_command plain_commands[] = {
    {.id = UP, .name = NULL, .args = "[options]", .flags = OPT_CMD_DEFAULT},
    {.id = STATUS, .name = "status", .summary = "s"},
};

struct outcome {
    struct options o;
    struct opt_result r;
    struct opt_said said;
    struct err e;
    int status;
    char *argv[32];
    char line[512];
};

static void
parse_with(const struct opt_program *p, struct outcome *x, const char *line, char **envp)
{
    memset(x, 0, sizeof *x);
    snprintf(x->line, sizeof x->line, "%s", line);
    int argc = 0;
    for (char *s = strtok(x->line, " "); s; s = strtok(NULL, " "))
        x->argv[argc++] = s;
    struct opt_input in = {.argc = argc, .argv = x->argv, .envp = envp};
    x->status = opt_parse(p, &in, &x->o, &x->r, &x->said, &x->e);
}

static void
done(struct outcome *x)
{
    opt_done(&program, &x->o);
    strbuf_done(&x->said.out);
    strbuf_done(&x->said.warnings);
}

static char *no_env[] = {NULL};

#define PARSE(x, line)                                                                             \
    CLEANUP_WITH(done) struct outcome x;                                                           \
    parse_with(&program, &x, line, no_env)
#define PARSE_ENV(x, line, ...)                                                                    \
    CLEANUP_WITH(done) struct outcome x;                                                           \
    char *x##_env[] = {__VA_ARGS__, NULL};                                                         \
    parse_with(&program, &x, line, x##_env)
#define ASSERT_GO(x)                                                                               \
    do {                                                                                           \
        if (x.status != OPT_GO)                                                                    \
            fail_msg("%s", x.e.msg);                                                               \
    } while (0)
#define ASSERT_REFUSED(x, text)                                                                    \
    do {                                                                                           \
        assert_int_equal(x.status, 23);                                                            \
        assert_int_equal(x.e.code, ERR_USAGE);                                                     \
        assert_string_equal(x.e.msg, text);                                                        \
    } while (0)

static void
defaults(void **state)
{
    (void)state;
    PARSE(x, "migrate up");
    ASSERT_GO(x);
    assert_int_equal(x.r.command->id, UP);
    assert_string_equal(x.o.dir, "migrations");
    assert_int_equal(x.o.lock_wait_ms, 60000);
    assert_true(x.o.deadline_ms == CLOCK_NEVER);
    assert_int_equal(x.o.batch_bytes, 262144);
    assert_int_equal(x.o.order, 0);
    assert_int_equal(x.o.up_timeout_ms, 60000);
    assert_int_equal(x.o.run_timeout_ms, 0); /* the other command's row */
    assert_int_equal(x.r.common.log_format, LOG_FORMAT_AUTO);
    assert_int_equal(x.r.common.log_level, LOG_LEVEL_INFO);
    assert_int_equal(x.r.argc, 0);
    assert_null(x.r.argv[0]);
    assert_int_equal(x.r.set, 0);
}

static void
flags_in_all_their_forms(void **state)
{
    (void)state;
    PARSE(
        x,
        "migrate --dir=a up --lock-wait 2s -n5 --out-of-order apply --dry-run -l x --label=y --batch 1MiB "
        "--deadline 1h --log kv --log-level=debug");
    ASSERT_GO(x);
    assert_string_equal(x.o.dir, "a");
    assert_int_equal(x.o.lock_wait_ms, 2000);
    assert_int_equal(x.o.steps, 5);
    assert_int_equal(x.o.order, 1);
    assert_true(x.o.dry_run);
    assert_int_equal(x.o.labels.n, 2);
    assert_string_equal(x.o.labels.items[1], "y");
    assert_int_equal(x.o.batch_bytes, 1048576);
    assert_int_equal(x.o.deadline_ms, 3600000);
    assert_int_equal(x.r.common.log_format, LOG_FORMAT_KV);
    assert_int_equal(x.r.common.log_level, LOG_LEVEL_DEBUG);
    assert_true(opt_given(&program, &x.r, "dir"));
    assert_false(opt_given(&program, &x.r, "database"));
    assert_true(opt_given(&program, &x.r, "log"));
}

static void
switches_can_be_turned_off(void **state)
{
    (void)state;
    PARSE(a, "migrate up --dry-run --no-dry-run");
    ASSERT_GO(a);
    assert_false(a.o.dry_run);
    PARSE(b, "migrate up --dry-run=false");
    assert_false(b.o.dry_run);
    PARSE(c, "migrate up --dry-run=YES");
    assert_true(c.o.dry_run);
    PARSE(d, "migrate up --dry-run=perhaps");
    ASSERT_REFUSED(d, "--dry-run: 'perhaps' is neither true nor false");
    PARSE(f, "migrate up --no-dir");
    ASSERT_REFUSED(f, "--no-dir is not an option: only switches can be negated");
    PARSE(g, "migrate up --no-dry-run=true");
    assert_int_equal(g.status, 23);
}

static void
words_are_handed_back(void **state)
{
    (void)state;
    PARSE(a, "migrate check db --json");
    ASSERT_GO(a);
    assert_int_equal(a.r.argc, 1);
    assert_string_equal(a.r.argv[0], "db");
    assert_null(a.r.argv[1]);
    assert_true(a.o.json);
    PARSE(b, "migrate check -- --json");
    ASSERT_GO(b);
    assert_string_equal(b.r.argv[0], "--json");
    assert_false(b.o.json);
    PARSE(c, "migrate check -");
    ASSERT_GO(c);
    assert_string_equal(c.r.argv[0], "-");
    PARSE(d, "migrate check a b");
    ASSERT_REFUSED(d, "unexpected word 'b': migrate check [DIR]");
    PARSE(f, "migrate copy");
    ASSERT_REFUSED(f, "something is missing: migrate copy DEST");
}

static void
a_command_line_is_left_alone(void **state)
{
    (void)state;
    PARSE(a, "migrate run --lock-wait 1s -- alembic --dir x up -- y");
    ASSERT_GO(a);
    assert_int_equal(a.r.argc, 6);
    assert_string_equal(a.r.argv[0], "alembic");
    assert_string_equal(a.r.argv[1], "--dir");
    assert_string_equal(a.r.argv[4], "--");
    assert_null(a.r.argv[6]);
    assert_string_equal(a.o.dir, "migrations");
    PARSE(b, "migrate run alembic --dir x");
    ASSERT_GO(b);
    assert_int_equal(b.r.argc, 3);
    PARSE(c, "migrate run --lock-wait 1s --");
    ASSERT_REFUSED(c, "something is missing: migrate run -- CMD [ARG…]");
}

static void
a_default_command_may_be_left_out(void **state)
{
    (void)state;
    struct opt_program p = program;
    p.commands = stop_commands;
    p.n_commands = 2;
    CLEANUP_WITH(done) struct outcome x;
    parse_with(&p, &x, "cronrun --lock-wait 1s -- status --json", no_env);
    ASSERT_GO(x);
    assert_int_equal(x.r.command->id, RUN);
    assert_int_equal(x.o.lock_wait_ms, 1000);
    assert_string_equal(x.r.argv[0], "status");
    assert_int_equal(x.r.argc, 2);
    parse_with(&p, &x, "cronrun php -n --lock-wait", no_env);
    ASSERT_GO(x);
    assert_string_equal(x.r.argv[0], "php");
    assert_int_equal(x.r.argc, 3);
    parse_with(&p, &x, "cronrun status", no_env);
    assert_int_equal(x.r.command->id, STATUS);
}

static void
a_default_command_without_words_refuses_them(void **state)
{
    (void)state;
    struct opt_program p = program;
    p.commands = plain_commands;
    p.n_commands = 2;
    CLEANUP_WITH(done) struct outcome x;
    parse_with(&p, &x, "healthd --dry-run", no_env);
    ASSERT_GO(x);
    assert_true(x.o.dry_run);
    parse_with(&p, &x, "healthd statsu", no_env);
    ASSERT_REFUSED(x, "unknown command 'statsu'; did you mean 'status'?");
}

static void
errors_name_the_nearest(void **state)
{
    (void)state;
    PARSE(a, "migrate up --lok-wait 1s");
    ASSERT_REFUSED(a, "unknown option --lok-wait; did you mean --lock-wait?");
    PARSE(b, "migrate up --lock-wiat=1s");
    ASSERT_REFUSED(b, "unknown option --lock-wiat; did you mean --lock-wait?");
    PARSE(c, "migrate pu");
    ASSERT_REFUSED(c, "unknown command 'pu'; did you mean 'up'?");
    PARSE(d, "migrate up --out-of-order aply");
    ASSERT_REFUSED(d, "--out-of-order: 'aply' is none of refuse, apply; did you mean apply?");
    PARSE(f, "migrate up --qqqqqqqqqqqq");
    ASSERT_REFUSED(f, "unknown option --qqqqqqqqqqqq; migrate --help lists them");
    PARSE(g, "migrate status --jsn"); /* only options of that command are named */
    ASSERT_REFUSED(g, "unknown option --jsn; did you mean --json?");
    PARSE(h, "migrate xyzzyxyzzy");
    ASSERT_REFUSED(h, "unknown command 'xyzzyxyzzy'; migrate --help lists them");
    PARSE(i, "migrate");
    ASSERT_REFUSED(
        i, "which command? one of up, status, check, run, copy, version; see migrate --help");
    PARSE(j, "migrate up -x");
    ASSERT_REFUSED(j, "unknown option -x; migrate --help lists them");
}

static void
options_belong_to_commands(void **state)
{
    (void)state;
    PARSE(a, "migrate status --lock-wait 1s");
    ASSERT_REFUSED(a, "--lock-wait is no option of 'migrate status' (but of up, run)");
    PARSE(b, "migrate status -n 3");
    ASSERT_REFUSED(b, "--steps is no option of 'migrate status' (but of up)");
    PARSE(c, "migrate run --timeout 5s x");
    ASSERT_GO(c);
    assert_int_equal(c.o.run_timeout_ms, 5000);
    assert_int_equal(c.o.up_timeout_ms, 0);
    PARSE(d, "migrate --timeout 5s up");
    ASSERT_GO(d);
    assert_int_equal(d.o.up_timeout_ms, 5000);
}

static void
values_are_checked(void **state)
{
    (void)state;
    PARSE(a, "migrate up --lock-wait");
    ASSERT_REFUSED(a, "--lock-wait needs a value: DURATION");
    PARSE(b, "migrate up --dir --steps 3");
    ASSERT_REFUSED(b, "--dir needs a value: DIR (a value that begins with -- is written --dir=…)");
    PARSE(c, "migrate up --dir=");
    ASSERT_REFUSED(c, "--dir: the value is empty");
    PARSE(d, "migrate up --steps 101");
    ASSERT_REFUSED(d, "--steps: 101 is not between 1 and 100");
    PARSE(f, "migrate up --steps 99999999999999999999");
    assert_int_equal(f.status, 23);
    PARSE(g, "migrate up -n 3x");
    ASSERT_REFUSED(g, "-n: '3x' is not a whole number");
    PARSE(h, "migrate up --lock-wait 30");
    ASSERT_REFUSED(h, "--lock-wait: '30' is not a duration: it lacks a unit (ms, s, m, h, d)");
    PARSE(i, "migrate up --lock-wait 2h");
    ASSERT_REFUSED(i, "--lock-wait: 2h is not between 100ms and 1h");
    PARSE(j, "migrate up --lock-wait none");
    assert_int_equal(j.status, 23);
    PARSE(k, "migrate up --batch 1K");
    ASSERT_REFUSED(k, "--batch: '1K' is ambiguous: write KiB (1024s) or KB (1000s)");
    PARSE(l, "migrate up --custom bad");
    ASSERT_REFUSED(l, "--custom: that is bad");
    PARSE(m, "migrate up --empty=");
    ASSERT_GO(m);
    assert_string_equal(m.o.empty, "");
    PARSE(n, "migrate up --dir --");
    ASSERT_REFUSED(n, "--dir needs a value: DIR");
    PARSE(o, "migrate status -jx");
    ASSERT_REFUSED(o, "-j takes no value: write one switch at a time");
}

static void
variables_fill_and_flags_win(void **state)
{
    (void)state;
    PARSE_ENV(a, "migrate up --dir flag", "MIGRATE_DIR=variable", "MIGRATE_LOCK_WAIT=3s",
              "MIGRATE_DRY_RUN=1", "MIGRATE_LABELS=one\n\n two\r\n", "MIGRATE_LOG=json",
              "MIGRATE_CUSTOM=x\ny", "MIGRATE_STEPS=");
    ASSERT_GO(a);
    assert_string_equal(a.o.dir, "flag");
    assert_int_equal(a.o.lock_wait_ms, 3000);
    assert_true(a.o.dry_run);
    assert_int_equal(a.o.labels.n, 2);
    assert_string_equal(a.o.labels.items[0], "one");
    assert_string_equal(a.o.labels.items[1], " two");
    assert_int_equal(a.r.common.log_format, LOG_FORMAT_JSON);
    assert_int_equal(a.o.customs, 2);
    assert_int_equal(a.o.steps, 0);
    assert_true(opt_given(&program, &a.r, "lock-wait"));
    assert_false(opt_given(&program, &a.r, "steps"));
    PARSE_ENV(b, "migrate up -l three", "MIGRATE_LABELS=one\ntwo");
    assert_int_equal(b.o.labels.n, 1);
    assert_string_equal(b.o.labels.items[0], "three");
    PARSE_ENV(c, "migrate up --no-dry-run", "MIGRATE_DRY_RUN=true");
    assert_false(c.o.dry_run);
}

static void
bad_variables_are_named(void **state)
{
    (void)state;
    PARSE_ENV(a, "migrate up", "MIGRATE_LOCK_WAIT=soon");
    ASSERT_REFUSED(
        a, "MIGRATE_LOCK_WAIT: 'soon' is not a duration: write it as 250ms, 2s, 5m, 1h30m or 2d");
    PARSE_ENV(b, "migrate up --lock-wait 1s",
              "MIGRATE_LOCK_WAIT=soon"); /* the flag wins: not even read */
    ASSERT_GO(b);
    PARSE_ENV(c, "migrate status", "MIGRATE_LOCK_WAIT=soon"); /* not of this command */
    ASSERT_GO(c);
    PARSE_ENV(d, "migrate copy x", "MIGRATE_DIR=a", "MIGRATE_BATCH=bad",
              "MIGRATE_LOK_WAIT=1"); /* reads none */
    ASSERT_GO(d);
    assert_string_equal(d.o.dir, "migrations");
}

static void
unknown_variables(void **state)
{
    (void)state;
    PARSE_ENV(a, "migrate up", "MIGRATE_SOMETHING_ELSE=1", "OTHER=1", "MIGRATES=1");
    ASSERT_GO(a);
    assert_string_equal(strbuf_str(&a.said.warnings), "unknown variable MIGRATE_SOMETHING_ELSE\n");
    PARSE_ENV(b, "migrate up", "MIGRATE_LOCKWAIT=1s");
    ASSERT_REFUSED(b, "unknown variable MIGRATE_LOCKWAIT; did you mean MIGRATE_LOCK_WAIT?");
    PARSE_ENV(h, "migrate up", "MIGRATE_LOKWAIT=1s"); /* two edits */
    ASSERT_REFUSED(h, "unknown variable MIGRATE_LOKWAIT; did you mean MIGRATE_LOCK_WAIT?");
    PARSE_ENV(i, "migrate up", "MIGRATE_LOKWAI=1s"); /* three */
    ASSERT_GO(i);
    assert_string_equal(strbuf_str(&i.said.warnings),
                        "unknown variable MIGRATE_LOKWAI; the nearest is MIGRATE_LOCK_WAIT\n");
    PARSE_ENV(c, "migrate up --strict-env", "MIGRATE_SOMETHING_ELSE=1");
    ASSERT_REFUSED(c, "unknown variable MIGRATE_SOMETHING_ELSE (--strict-env)");
    PARSE_ENV(d, "migrate up", "MIGRATE_SOMETHING_ELSE=1", "MIGRATE_STRICT_ENV=yes");
    assert_int_equal(d.status, 23);
    PARSE_ENV(f, "migrate up", "MIGRATE_RUN_ID=7");
    ASSERT_GO(f);
    assert_string_equal(strbuf_str(&f.said.warnings), "");
    PARSE_ENV(g, "migrate status", "MIGRATE_LOCK_WAIT=1s"); /* another command's is known */
    ASSERT_GO(g);
    assert_string_equal(strbuf_str(&g.said.warnings), "");
}

static void
a_service_named_like_us_changes_nothing(void **state)
{
    (void)state;
    PARSE_ENV(a, "migrate up --strict-env", "MIGRATE_PORT=tcp://10.0.0.7:5432",
              "MIGRATE_SERVICE_HOST=10.0.0.7", "MIGRATE_SERVICE_PORT=5432",
              "MIGRATE_SERVICE_PORT_HTTP=80", "MIGRATE_PORT_5432_TCP=tcp://10.0.0.7:5432",
              "MIGRATE_PORT_5432_TCP_PROTO=tcp", "MIGRATE_PORT_5432_TCP_ADDR=10.0.0.7",
              "MIGRATE_API_PORT=udp://10.0.0.8:53", "MIGRATE_DIR_SERVICE_HOST=10.0.0.9");
    ASSERT_GO(a);
    assert_string_equal(strbuf_str(&a.said.warnings), "");
    assert_string_equal(a.o.dir, "migrations");
}

static void
service_variables(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
        bool is;
    } cases[] = {
        {"REDIS_PORT", "tcp://10.0.0.7:6379", true},
        {"REDIS_PORT", "udp://10.0.0.7:6379", true},
        {"REDIS_PORT", "sctp://10.0.0.7:6379", true},
        {"REDIS_PORT", "6379", false},
        {"REDIS_PORT", "", false},
        {"REDIS_PORT", "http://x", false},
        {"DATABASE_SERVICE_HOST", "10.0.0.7", true},
        {"DATABASE_SERVICE_PORT", "5432", true},
        {"DATABASE_SERVICE_PORT_PG", "5432", true},
        {"DATABASE_SERVICE_PORTAL", "x", false},
        {"DATABASE_PORT_5432_TCP", "tcp://x", true},
        {"DATABASE_PORT_5432_TCP_ADDR", "x", true},
        {"DATABASE_PORT_5432", "x", false},
        {"DATABASE_PORT_X_TCP", "x", false},
        {"A_PORT_X_PORT_80_TCP", "x", true},
        {"DATABASE_PORT", "5432", false},
        {"DATABASE_URL", "tcp://x", false},
        {"_PORT", "tcp://x", false},
        {"_SERVICE_HOST", "x", false},
        {"_SERVICE_PORT", "x", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (opt_is_service_variable(cases[i].name, cases[i].value) != cases[i].is)
            fail_msg("%s=%s", cases[i].name, cases[i].value);
    assert_false(opt_is_service_variable("X_PORT", NULL));
}

static void
nearest(void **state)
{
    (void)state;
    static const char *const known[] = {"every", "timeout", "rise", "fall", "stale"};
    unsigned d = 99;
    assert_string_equal(opt_nearest("evrey", known, 5, &d), "every");
    assert_int_equal(d, 1); /* a swap is one edit */
    assert_string_equal(opt_nearest("timeout", known, 5, &d), "timeout");
    assert_int_equal(d, 0);
    assert_string_equal(opt_nearest("timout", known, 5, &d), "timeout");
    assert_int_equal(d, 1);
    assert_string_equal(opt_nearest("ries", known, 5, NULL), "rise");
    assert_null(opt_nearest("zzzzzz", known, 5, NULL));
    assert_null(opt_nearest("", known, 5, NULL));
    assert_null(opt_nearest("x", known, 0, NULL));
    char longest[300];
    memset(longest, 'a', sizeof longest - 1);
    longest[299] = '\0';
    assert_null(opt_nearest(longest, known, 5, NULL));
}

static void
secrets_in_the_wrong_place_are_not_repeated(void **state)
{
    (void)state;
    PARSE(a, "migrate up postgres://u:canary@h/db");
    assert_null(strstr(a.e.msg, "canary"));
    PARSE(b, "migrate postgres://u:canary@h/db");
    assert_null(strstr(b.e.msg, "canary"));
    PARSE(c, "migrate up --databse=postgres://u:canary@h/db");
    ASSERT_REFUSED(c, "unknown option --databse; did you mean --database?");
    PARSE(d, "migrate up --postgres://u:canary@h/db");
    assert_null(strstr(d.e.msg, "canary"));
    PARSE(f, "migrate up host=x,password=canary");
    assert_null(strstr(f.e.msg, "canary"));
    PARSE(g, "migrate up u:canary@h/db");
    assert_null(strstr(g.e.msg, "canary"));
    PARSE(h, "migrate up plain");
    assert_non_null(strstr(h.e.msg, "'plain'"));
}

static void
help_wins_and_is_per_command(void **state)
{
    (void)state;
    PARSE(a, "migrate --help");
    assert_int_equal(a.status, 0);
    assert_non_null(strstr(strbuf_str(&a.said.out), "migrate - apply SQL migrations\n"));
    assert_non_null(strstr(strbuf_str(&a.said.out), "  migrate run -- CMD [ARG…]\n"));
    assert_non_null(strstr(strbuf_str(&a.said.out), "--lock-wait DURATION"));
    assert_non_null(strstr(strbuf_str(&a.said.out), "(default: 60s)"));
    assert_non_null(strstr(strbuf_str(&a.said.out), "23                      bad input"));
    assert_null(strstr(strbuf_str(&a.said.out), "--empty"));
    PARSE(b, "migrate status --help --lock-wait 1s");
    assert_int_equal(b.status, 0);
    assert_non_null(strstr(strbuf_str(&b.said.out), "migrate status - what is applied"));
    assert_null(strstr(strbuf_str(&b.said.out), "--lock-wait"));
    PARSE(c, "migrate help status");
    assert_string_equal(strbuf_str(&c.said.out), strbuf_str(&b.said.out));
    PARSE(d, "migrate -h");
    assert_string_equal(strbuf_str(&d.said.out), strbuf_str(&a.said.out));
    PARSE(f, "migrate run x --help"); /* the wrapped command's */
    ASSERT_GO(f);
}

static void
help_fits_a_terminal(void **state)
{
    (void)state;
    PARSE(a, "migrate --help");
    size_t wide = 0;
    for (const char *s = strbuf_str(&a.said.out); *s; s++) {
        wide = *s == '\n' ? 0 : wide + (((unsigned char)*s & 0xC0) != 0x80);
        if (wide > 80)
            fail_msg("a line of help is longer than 80 columns");
    }
}

static void
the_version(void **state)
{
    (void)state;
    PARSE(a, "migrate --version");
    assert_int_equal(a.status, 0);
    assert_string_equal(strbuf_str(&a.said.out), "migrate " RR_VERSION "\n");
    PARSE(b, "migrate version");
    assert_string_equal(strbuf_str(&b.said.out), "migrate " RR_VERSION "\n");
    PARSE(c, "migrate -V");
    assert_string_equal(strbuf_str(&c.said.out), "migrate " RR_VERSION "\n");
}

static void
the_manual(void **state)
{
    (void)state;
    PARSE(a, "migrate --print-options=man");
    assert_int_equal(a.status, 0);
    static const char *const sections[] = {"NAME",        "SYNOPSIS", "DESCRIPTION",
                                           "COMMANDS",    "OPTIONS",  "ENVIRONMENT",
                                           "EXIT STATUS", "EXAMPLES", "SEE ALSO"};
    const char *at = strbuf_str(&a.said.out);
    assert_memory_equal(at, ".TH MIGRATE 1 ", 14);
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        char heading[64];
        snprintf(heading, sizeof heading, "\n.SH %s\n", sections[i]);
        at = strstr(at, heading);
        assert_non_null(at);
    }
    assert_non_null(strstr(strbuf_str(&a.said.out), "\\&.dots and \\-dashes \\e too."));
    assert_non_null(strstr(strbuf_str(&a.said.out), "Second \\fBbold\\fR."));
    assert_non_null(strstr(strbuf_str(&a.said.out), "Variable: \\fBMIGRATE_LOCK_WAIT\\fR"));
    assert_non_null(strstr(strbuf_str(&a.said.out), "[\\fIARG\\fR\\[u2026]]"));
    assert_non_null(strstr(strbuf_str(&a.said.out), "can be seen by every user"));
    assert_non_null(strstr(strbuf_str(&a.said.out), "DATABASE_URL"));
    assert_null(strstr(strbuf_str(&a.said.out), "REDIS_URL"));
}

static void
markdown_and_completion(void **state)
{
    (void)state;
    PARSE(a, "migrate --print-options markdown");
    assert_non_null(strstr(
        strbuf_str(&a.said.out),
        "| `--lock-wait DURATION` | `MIGRATE_LOCK_WAIT` | 60s | how long to wait for the lock "
        "(up, run) |\n"));
    PARSE(b, "migrate --print-options=completion");
    assert_non_null(strstr(strbuf_str(&b.said.out), "complete -F _migrate migrate\n"));
    assert_non_null(strstr(strbuf_str(&b.said.out), "up) words='--dir --lock-wait"));
    assert_non_null(strstr(strbuf_str(&b.said.out), "compgen -W 'refuse apply'"));
    PARSE(c, "migrate --print-options=mna");
    ASSERT_REFUSED(
        c, "--print-options: 'mna' is none of man, markdown, completion; did you mean man?");
    PARSE(d, "migrate --print-formats");
    assert_non_null(strstr(strbuf_str(&d.said.out), "| `time` |"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(flags_in_all_their_forms),
        cmocka_unit_test(switches_can_be_turned_off),
        cmocka_unit_test(words_are_handed_back),
        cmocka_unit_test(a_command_line_is_left_alone),
        cmocka_unit_test(a_default_command_may_be_left_out),
        cmocka_unit_test(a_default_command_without_words_refuses_them),
        cmocka_unit_test(errors_name_the_nearest),
        cmocka_unit_test(options_belong_to_commands),
        cmocka_unit_test(values_are_checked),
        cmocka_unit_test(variables_fill_and_flags_win),
        cmocka_unit_test(bad_variables_are_named),
        cmocka_unit_test(unknown_variables),
        cmocka_unit_test(a_service_named_like_us_changes_nothing),
        cmocka_unit_test(service_variables),
        cmocka_unit_test(nearest),
        cmocka_unit_test(secrets_in_the_wrong_place_are_not_repeated),
        cmocka_unit_test(help_wins_and_is_per_command),
        cmocka_unit_test(help_fits_a_terminal),
        cmocka_unit_test(the_version),
        cmocka_unit_test(the_manual),
        cmocka_unit_test(markdown_and_completion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
