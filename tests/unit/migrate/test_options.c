/* test_options.c: the rows of options.c, through the parser. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/opt/opt_rows.h"
#include "migrate/cmd/cmd.h"
#include "migrate/formats.h"
#include "migrate/options.h"
#include "migrate/tell/report.h"

static int
parse(const char *line, const char *variable, struct options *o, struct opt_result *r)
{
    static char words[256];
    static char *argv[32];
    char *env[] = {(char *)(uintptr_t)variable, NULL};
    int argc = 0;
    struct err e = {0};
    struct opt_said said = {STRBUF_INIT, STRBUF_INIT};
    snprintf(words, sizeof(words), "migrate %s", line);
    for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    argv[argc] = NULL;
    *o = (struct options){0};
    const struct opt_input in = {.argc = argc, .argv = argv, .envp = env};
    int status = opt_parse(&migrate_program, &in, o, r, &said, &e);
    strbuf_done(&said.out);
    strbuf_done(&said.warnings);
    return status;
}

static void
test_defaults(void **state)
{
    (void)state;
    struct options o;
    struct opt_result r;
    assert_int_equal(parse("up", NULL, &o, &r), OPT_GO);
    assert_ptr_equal(r.command, &cmd_up);
    assert_string_equal(o.dir, "migrations");
    assert_null(o.table);
    assert_int_equal(o.wait_ms, 30000);
    assert_int_equal(o.lock_wait_ms, 60000);
    assert_int_equal(o.lock_timeout_ms, 2000);
    assert_true(o.statement_timeout_ms == CLOCK_NEVER);
    assert_true(o.deadline_ms == CLOCK_NEVER);
    assert_int_equal(o.out_of_order, ORDER_REFUSE);
    assert_int_equal(o.ahead, AHEAD_ALLOW);
    assert_int_equal(o.phase, PHASE_EXPAND);
    assert_int_equal(o.steps, 0);
    assert_null(o.to);
    assert_string_equal(o.termination_log, "/dev/termination-log");
}

/* A command that reads no variables has no option that could be one: it would be passed over. */
static void
test_variables(void **state)
{
    (void)state;
    struct options o;
    struct opt_result r;
    const struct opt_program *p = &migrate_program;

    assert_int_equal(parse("check", "MIGRATE_DIR=x", &o, &r), OPT_GO);
    assert_string_equal(o.dir, "x");
    assert_int_equal(parse("check", "MIGRATE_ALLOW_EMPTY=true", &o, &r), OPT_GO);
    assert_true(o.allow_empty);
    assert_int_equal(parse("check", "MIGRATE_DRI=x", &o, &r), EXIT_INPUT);
    for (size_t i = 0; i < p->n_commands; i++) {
        const struct opt_command *c = p->commands[i];
        for (size_t k = 0; (c->flags & OPT_CMD_NO_ENV) && k < p->n_rows; k++)
            if (opt_row_applies(p, &p->rows[k], c) && !(p->rows[k].flags & OPT_NO_ENV))
                fail_msg("%s: --%s has a variable", c->name, p->rows[k].name);
    }
    /* --to of down is another than that of up: no variable undoes anything. */
    for (size_t i = 0; i < cmd_down.n_rows; i++) {
        assert_true(opt_row_applies(p, &cmd_down.rows[i], &cmd_down));
        assert_false(opt_row_applies(p, &cmd_down.rows[i], &cmd_up));
    }
    assert_int_equal(parse("down", "MIGRATE_TO=3", &o, &r), OPT_GO);
    assert_null(o.to);
}

static void
test_values(void **state)
{
    (void)state;
    struct options o;
    struct opt_result r;
    assert_int_equal(
        parse(
            "up --out-of-order apply --ahead=refuse --phase all --lock-timeout none --deadline 5m "
            "--to 7 --steps 2 --termination-log=",
            NULL, &o, &r),
        OPT_GO);
    assert_int_equal(o.out_of_order, ORDER_APPLY);
    assert_int_equal(o.ahead, AHEAD_REFUSE);
    assert_int_equal(o.phase, PHASE_ALL);
    assert_true(o.lock_timeout_ms == CLOCK_NEVER);
    assert_int_equal(o.deadline_ms, 300000);
    assert_string_equal(o.to, "7");
    assert_int_equal(o.steps, 2);
    assert_string_equal(o.termination_log, "");
    assert_int_equal(parse("up", "MIGRATE_LOCK_WAIT=5s", &o, &r), OPT_GO);
    assert_int_equal(o.lock_wait_ms, 5000);
    assert_int_equal(parse("up --lock-wait 6s", "MIGRATE_LOCK_WAIT=5s", &o, &r), OPT_GO);
    assert_int_equal(o.lock_wait_ms, 6000);
    assert_int_equal(parse("check some/dir", NULL, &o, &r), OPT_GO);
    assert_string_equal(r.argv[0], "some/dir");
}

static void
test_refused(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "up --phase both",
        "up --lock-wait 5",
        "up --steps 0",
        "up extra",
        "status --to 3",
        "split",
        "split a b",
        "down extra",
        "down --phase all",
        "down --steps 0",
        "up --layout tern",
        "up --poolr session",
        "run",
        "up --deadline -1s",
        "up --out-of-order warn",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
        struct options o;
        struct opt_result r;
        if (parse(lines[i], NULL, &o, &r) != EXIT_INPUT)
            fail_msg("\"%s\" was not refused", lines[i]);
    }
}

/* A Service named migrate must not break the pod. */
static void
test_service_variables(void **state)
{
    (void)state;
    struct options o;
    struct opt_result r;
    assert_int_equal(parse("up --strict-env", "MIGRATE_PORT=tcp://10.0.0.7:80", &o, &r), OPT_GO);
    assert_int_equal(parse("up --strict-env", "MIGRATE_SERVICE_HOST=10.0.0.7", &o, &r), OPT_GO);
}

/* Each status is told once, and formats.md is made of the same words. */
static void
test_exits(void **state)
{
    (void)state;
    for (size_t i = 1; i < migrate_program.n_exits; i++)
        assert_true(migrate_program.exits[i - 1].status < migrate_program.exits[i].status);
    cleanup_strbuf struct strbuf out = STRBUF_INIT;
    formats_print(&out);
    assert_non_null(strstr(strbuf_str(&out),
                           "`unreachable` (10), `busy` (11), `deadline` (12), `signal` (13)"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),          cmocka_unit_test(test_values),
        cmocka_unit_test(test_variables),         cmocka_unit_test(test_refused),
        cmocka_unit_test(test_service_variables), cmocka_unit_test(test_exits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
