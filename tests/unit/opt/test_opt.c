#include "tests/unit/fakes/opt_fixture.h"

/* The same with a default command that takes a command line, and one that takes no words. */
static const struct opt_command stop_run = {
    .name = "run",
    .args = "-- CMD",
    .min_args = 1,
    .max_args = -1,
    .flags = OPT_CMD_STOP | OPT_CMD_DEFAULT,
    .options = OPT_NAMES("lock-wait"),
    .rows = run_rows,
    .n_rows = 1,
};
static const struct opt_command *const stop_commands[] = {&stop_run, &status};
static const struct opt_command plain_up = {
    .name = NULL,
    .args = "[options]",
    .flags = OPT_CMD_DEFAULT,
    .options = OPT_NAMES("lock-wait", "steps", "dry-run"),
    .rows = up_rows,
    .n_rows = 1,
};
static const struct opt_command plain_status = {
    .name = "status", .summary = "s", .options = OPT_NAMES("json")};
static const struct opt_command *const plain_commands[] = {&plain_up, &plain_status};

static void
defaults(void **state)
{
    (void)state;
    PARSE(x, "migrate up");
    ASSERT_GO(x);
    assert_ptr_equal(x.r.command, &up);
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
    assert_true(was_given(&x, "dir"));
    assert_false(was_given(&x, "database"));
    assert_true(was_given(&x, "log"));
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
    ASSERT_REFUSED(f, "--no-dir is not an option: only switches can be turned off this way");
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
    ASSERT_REFUSED(d, "unexpected argument 'b': migrate check [DIR]");
    PARSE(f, "migrate copy");
    ASSERT_REFUSED(f, "missing argument: migrate copy DEST");
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
    ASSERT_REFUSED(c, "missing argument: migrate run -- CMD [ARG…]");
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
    assert_ptr_equal(x.r.command, &stop_run);
    assert_int_equal(x.o.lock_wait_ms, 1000);
    assert_string_equal(x.r.argv[0], "status");
    assert_int_equal(x.r.argc, 2);
    parse_with(&p, &x, "cronrun php -n --lock-wait", no_env);
    ASSERT_GO(x);
    assert_string_equal(x.r.argv[0], "php");
    assert_int_equal(x.r.argc, 3);
    parse_with(&p, &x, "cronrun status", no_env);
    assert_ptr_equal(x.r.command, &status);
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
    ASSERT_REFUSED(d, "--out-of-order: 'aply' is not one of refuse, apply; did you mean apply?");
    PARSE(f, "migrate up --qqqqqqqqqqqq");
    ASSERT_REFUSED(f, "unknown option --qqqqqqqqqqqq; migrate --help lists them");
    PARSE(g, "migrate status --jsn"); /* only options of that command are named */
    ASSERT_REFUSED(g, "unknown option --jsn; did you mean --json?");
    PARSE(h, "migrate xyzzyxyzzy");
    ASSERT_REFUSED(h, "unknown command 'xyzzyxyzzy'; migrate --help lists them");
    PARSE(i, "migrate");
    ASSERT_REFUSED(
        i,
        "no command given; the commands are up, status, check, run, copy, version (see migrate --help)");
    PARSE(j, "migrate up -x");
    ASSERT_REFUSED(j, "unknown option -x; migrate --help lists them");
}

static void
options_belong_to_commands(void **state)
{
    (void)state;
    PARSE(a, "migrate status --lock-wait 1s");
    ASSERT_REFUSED(a, "--lock-wait is not an option of 'migrate status' (but of up, run)");
    PARSE(b, "migrate status -n 3");
    ASSERT_REFUSED(b, "--steps is not an option of 'migrate status' (but of up)");
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
    assert_true(was_given(&a, "lock-wait"));
    assert_false(was_given(&a, "steps"));
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
line_ends_of_variables(void **state)
{
    (void)state;
    char dir[] = "MIGRATE_DIR=here\r\n", order[] = "MIGRATE_OUT_OF_ORDER=apply\n",
         wait[] = "MIGRATE_LOCK_WAIT=\n";
    PARSE_ENV(a, "migrate up", dir, order, wait);
    ASSERT_GO(a);
    assert_string_equal(a.o.dir, "here");
    assert_false(was_given(&a, "lock-wait"));
    char two[] = "MIGRATE_DIR=a\nb";
    PARSE_ENV(b, "migrate up", two);
    ASSERT_REFUSED(b, "MIGRATE_DIR contains more than one line of text");
    char mark[] = "MIGRATE_DIR=\xEF\xBB\xBFx";
    PARSE_ENV(c, "migrate up", mark);
    ASSERT_REFUSED(c, "MIGRATE_DIR begins with a byte order mark (U+FEFF); remove it");
}

/* Whatever the row takes: a connection string with a password in it goes nowhere where it would be shown. */
static void
passwords_in_the_wrong_place(void **state)
{
    (void)state;
    PARSE_ENV(a, "migrate up", "MIGRATE_DIR=postgres://app:SECRET@db/x");
    ASSERT_REFUSED(a, "MIGRATE_DIR: the value is a connection string, not DIR");
    PARSE(b, "migrate up --dir=app:SECRET@db");
    ASSERT_REFUSED(b, "--dir: the value is a connection string, not DIR");
    PARSE_ENV(c, "migrate up", "MIGRATE_LABELS=one\nhost=x password=SECRET");
    ASSERT_REFUSED(c, "MIGRATE_LABELS: the value is a connection string, not TEXT");
    PARSE(d, "migrate up --database postgres://app:SECRET@db/x"); /* takes one */
    ASSERT_GO(d);
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
        cmocka_unit_test(line_ends_of_variables),
        cmocka_unit_test(passwords_in_the_wrong_place),
        cmocka_unit_test(unknown_variables),
        cmocka_unit_test(a_service_named_like_us_changes_nothing),
        cmocka_unit_test(secrets_in_the_wrong_place_are_not_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
