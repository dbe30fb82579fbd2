/*
 * opt_fixture.h: a program with every kind of option, and parsing a line of words for it.
 */
#ifndef RR_TEST_OPT_FIXTURE_H
#define RR_TEST_OPT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/events.h"
#include "common/opt/opt.h"
#include "common/opt/opt_rows.h"
#include "common/proc/selfcopy.h"

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
     .flags = OPT_EVERYWHERE,
     .help = "where the files are",
     .more = "Read-only mounts work.\n\n.dots and -dashes \\ too."},
    {.name = "lock-wait",
     .kind = OPT_DURATION,
     .def = "60s",
     .offset = offsetof(struct options, lock_wait_ms),
     .min = 100,
     .max = 3600000,
     .help = "how long to wait for the lock"},
    {.name = "deadline",
     .kind = OPT_DURATION,
     .def = "none",
     .flags = OPT_EVERYWHERE | OPT_NONE_OK,
     .offset = offsetof(struct options, deadline_ms),
     .help = "the whole run ends by then"},
    {.name = "steps",
     .letter = 'n',
     .kind = OPT_INT,
     .min = 1,
     .max = 100,
     .offset = offsetof(struct options, steps),
     .help = "how many"},
    {.name = "batch",
     .kind = OPT_SIZE,
     .def = "256KiB",
     .offset = offsetof(struct options, batch_bytes),
     .flags = OPT_EVERYWHERE,
     .help = "bytes that travel together"},
    {.name = "out-of-order",
     .kind = OPT_CHOICE,
     .choices = orders,
     .def = "refuse",
     .offset = offsetof(struct options, order),
     .flags = OPT_EVERYWHERE,
     .help = "a late lower version: refuse or apply"},
    {.name = "dry-run",
     .kind = OPT_BOOL,
     .offset = offsetof(struct options, dry_run),
     .help = "only say what would be done"},
    {.name = "json",
     .letter = 'j',
     .kind = OPT_BOOL,
     .offset = offsetof(struct options, json),
     .help = "for machines"},
    {.name = "label",
     .letter = 'l',
     .kind = OPT_LIST,
     .env = "MIGRATE_LABELS",
     .offset = offsetof(struct options, labels),
     .flags = OPT_EVERYWHERE,
     .help = "kind:LABEL, as typed"},
    {.name = "database",
     .kind = OPT_STRING,
     .arg = "URL",
     .flags = OPT_EVERYWHERE | OPT_SECRET,
     .offset = offsetof(struct options, database),
     .help = "where PostgreSQL is"},
    {.name = "custom",
     .kind = OPT_CUSTOM,
     .parse = parse_custom,
     .flags = OPT_EVERYWHERE | OPT_BY_LINES,
     .help = "special"},
    {.name = "empty",
     .kind = OPT_STRING,
     .flags = OPT_EVERYWHERE | OPT_EMPTY_OK | OPT_HIDDEN,
     .offset = offsetof(struct options, empty),
     .help = "may be empty"},
};

/* Two commands have options of one name. */
static const struct opt_row run_rows[] = {
    {.name = "timeout",
     .kind = OPT_DURATION,
     .def = "1s",
     .offset = offsetof(struct options, run_timeout_ms),
     .help = "of run"},
};
static const struct opt_row up_rows[] = {
    {.name = "timeout",
     .kind = OPT_DURATION,
     .def = "60s",
     .offset = offsetof(struct options, up_timeout_ms),
     .help = "of up"},
};

static const struct opt_command up = {
    .name = "up",
    .args = "[--steps N]",
    .summary = "apply pending migrations",
    .options = OPT_NAMES("lock-wait", "steps", "dry-run"),
    .rows = up_rows,
    .n_rows = 1,
};
static const struct opt_command status = {
    .name = "status", .args = "", .summary = "what is applied", .options = OPT_NAMES("json")};
static const struct opt_command check = {.name = "check",
                                         .args = "[DIR]",
                                         .max_args = 1,
                                         .summary = "offline checks",
                                         .options = OPT_NAMES("json")};
static const struct opt_command wrap = {
    .name = "run",
    .args = "-- CMD [ARG…]",
    .min_args = 1,
    .max_args = -1,
    .flags = OPT_CMD_STOP,
    .summary = "wrap another migrator",
    .options = OPT_NAMES("lock-wait"),
    .rows = run_rows,
    .n_rows = 1,
};
static const struct opt_command *const commands[] = {&up,   &status,           &check,
                                                     &wrap, &selfcopy_command, &opt_version};

static const struct opt_exit exits[] = {{0, NULL, "done"}, {23, NULL, "bad input"}};
static const struct opt_pair examples[] = {{"migrate up --dir db", "Applies all:"}};

static const struct log_event applied = {
    .name = "applied", .fields = "version, name", .when = "each migration"};
static const struct log_event *const events[] = {&event_log_dropped, &applied, NULL};

static const struct opt_program program = {
    .name = "migrate",
    .env_prefix = "MIGRATE_",
    .summary = "apply SQL migrations",
    .description = "First.\n\nSecond `bold`.",
    .commands = commands,
    .n_commands = sizeof(commands) / sizeof(commands[0]),
    .rows = rows,
    .n_rows = sizeof(rows) / sizeof(rows[0]),
    .other_env = other_env,
    .exits = exits,
    .n_exits = 2,
    .examples = examples,
    .n_examples = 1,
    .see_also = "healthd(1)",
    .connections = OPT_CONN_POSTGRES,
    .usage_status = 23,
    .events = events,
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
    memset(x, 0, sizeof(*x));
    snprintf(x->line, sizeof(x->line), "%s", line);
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

/* The option was given, as flag or variable. */
static inline bool
was_given(const struct outcome *x, const char *name)
{
    int index = opt_row_find(&program, name, 0, x->r.command);
    assert_true(index >= 0);
    return x->r.set >> index & 1u;
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

#endif
