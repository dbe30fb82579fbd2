/* test_report.c: exit statuses, the failure as text, the progress line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <errno.h>

#include "common/base/cleanup.h"
#include "migrate/tell/progress.h"
#include "migrate/tell/report.h"
#include "migrate/db/connect.h"
#include "migrate/db/session.h"

static void
test_exits(void **state)
{
    (void)state;
    static const struct {
        enum err_code code;
        const char *sqlstate;
        enum exit_status exit;
    } rows[] = {
        {ERR_STOPPED, "", EXIT_SIGNAL},
        {ERR_DEADLINE, "", EXIT_DEADLINE},
        {ERR_BUSY, "", EXIT_BUSY},
        {ERR_USAGE, "", EXIT_INPUT},
        {ERR_INPUT, "", EXIT_INPUT},
        {ERR_REFUSED, "", EXIT_UNREACHABLE},
        {ERR_DNS, "", EXIT_UNREACHABLE},
        {ERR_TIMEOUT, "", EXIT_UNREACHABLE},
        {ERR_TLS, "", EXIT_UNREACHABLE},
        {ERR_AUTH, "28P01", EXIT_UNREACHABLE},
        {ERR_CLOSED, "57P01", EXIT_UNREACHABLE},
        {ERR_WRONG_ROLE, "", EXIT_UNREACHABLE},
        {ERR_SERVER, "57P03", EXIT_UNREACHABLE},
        {ERR_SERVER, "53300", EXIT_UNREACHABLE},
        {ERR_SERVER, "42501", EXIT_REFUSED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct err e = {0};
        err_sql(&e, rows[i].code, rows[i].sqlstate, "x");
        if (report_exit_for(&e) != rows[i].exit)
            fail_msg("row %zu: %d", i, report_exit_for(&e));
    }
    struct err e = {0};
    err_sql(&e, ERR_SERVER, "3D000", "x");
    assert_int_equal(report_exit_for_connect(&e), EXIT_UNREACHABLE);
    err_set(&e, ERR_STOPPED, "x");
    assert_int_equal(report_exit_for_connect(&e), EXIT_SIGNAL);
    err_sys(&e, EMFILE, "x");
    assert_int_equal(report_exit_for_connect(&e), EXIT_UNREACHABLE);
}

static void
test_retryable(void **state)
{
    (void)state;
    static const struct {
        enum err_code code;
        const char *sqlstate;
        bool again;
    } rows[] = {
        {ERR_SYSTEM, "", true},      {ERR_REFUSED, "", true},     {ERR_TIMEOUT, "", true},
        {ERR_DNS, "", true},         {ERR_WRONG_ROLE, "", true},  {ERR_CLOSED, "", true},
        {ERR_SERVER, "57P03", true}, {ERR_SERVER, "53300", true}, {ERR_SERVER, "3D000", false},
        {ERR_AUTH, "28P01", false},  {ERR_TLS, "", false},        {ERR_STOPPED, "", false},
        {ERR_DEADLINE, "", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct err e = {0};
        err_sql(&e, rows[i].code, rows[i].sqlstate, "x");
        if (connect_retryable(&e) != rows[i].again)
            fail_msg("row %zu", i);
    }
}

static void
test_first_failure_stays(void **state)
{
    (void)state;
    struct report r;
    struct err e = {0};
    report_init(&r, false);
    assert_string_equal(report_outcome(&r), "done");
    err_sql(&e, ERR_SERVER, "42P01", "relation \"x\" does not exist");
    report_fail(&r, EXIT_REFUSED, &e);
    report_place(&r, "0001_a.sql", 3, 7);
    report_source(&r, "    select x\n           ^\n");
    report_detail(&r, "It is so.");
    report_hint(&r, "Mend it.");
    report_add_hint(&r, "or else");
    report_add_hint(&r, "");
    report_add_hint(&r, NULL);
    err_set(&e, ERR_CLOSED, "gone");
    report_fail(&r, EXIT_UNREACHABLE, &e);
    assert_int_equal(r.exit, EXIT_REFUSED);
    assert_string_equal(report_outcome(&r), "refused");
    assert_string_equal(r.file, "0001_a.sql");
    assert_int_equal(r.line, 3);
    assert_int_equal(r.column, 7);
    assert_string_equal(r.err.sqlstate, "42P01");
    assert_string_equal(r.err.msg, "relation \"x\" does not exist");
    assert_string_equal(r.source, "    select x\n           ^\n");
    assert_string_equal(r.detail, "It is so.");
    assert_string_equal(r.hint, "Mend it; or else");
    report_done(&r);
}

/* Nothing and an empty text are the same: no text. */
static void
test_empty_texts(void **state)
{
    (void)state;
    static const char *const empty[] = {NULL, ""};
    struct report r;
    report_init(&r, false);
    for (size_t i = 0; i < 2; i++) {
        report_place(&r, "0001_a.sql", 3, 7);
        report_detail(&r, "It is so.");
        report_hint(&r, "Mend it.");
        report_source(&r, "select x");
        report_add_hint(&r, empty[i]);
        assert_string_equal(r.hint, "Mend it.");
        report_place(&r, empty[i], 0, 0);
        report_detail(&r, empty[i]);
        report_hint(&r, empty[i]);
        report_source(&r, empty[i]);
        assert_null(r.file);
        assert_null(r.detail);
        assert_null(r.hint);
        assert_null(r.source);
        report_add_hint(&r, empty[i]);
        assert_null(r.hint);
    }
    report_done(&r);
}

/* A second hint follows the first one, whose full stop goes. */
static void
test_add_hint(void **state)
{
    (void)state;
    static const struct {
        const char *first, *second, *both;
    } rows[] = {
        {NULL, "or else", "or else"},   {"a.", "or else", "a; or else"},
        {"a", "or else", "a; or else"}, {".", "or else", "or else"},
        {"a..", "b.", "a.; b."},        {"a. b", "c", "a. b; c"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct report r;
        report_init(&r, false);
        report_hint(&r, rows[i].first);
        report_add_hint(&r, rows[i].second);
        assert_string_equal(r.hint, rows[i].both);
        report_done(&r);
    }
}

static void
test_termination(void **state)
{
    (void)state;
    char path[] = "/tmp/test_report-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    struct report r;
    struct err e = {0};
    report_init(&r, false);
    report_applied(&r, "0001");
    report_applied(&r, "0002");
    r.planned = true;
    r.pending = 3;
    err_sql(&e, ERR_SERVER, "22012", "division by zero");
    report_fail(&r, EXIT_REFUSED, &e);
    report_place(&r, "0003_c.sql", 2, 0);
    report_detail(&r, "In row 7.");
    assert_int_equal(report_finish(&r, path), EXIT_REFUSED);
    cleanup_file FILE *f = fopen(path, "r");
    char text[4096] = "";
    assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
    unlink(path);
    const char *wanted =
        "{\"program\":\"migrate\",\"outcome\":\"refused\",\"exit\":20,\"applied\":[\"0001\",\"0002\"],"
        "\"pending\":3,\"file\":\"0003_c.sql\",\"line\":2,\"column\":null,\"sqlstate\":\"22012\","
        "\"message\":\"division by zero: In row 7.\",\"hint\":null,\"duration_ms\":";
    if (strncmp(text, wanted, strlen(wanted)) != 0)
        fail_msg("%s", text);
    report_done(&r);
}

/* Parted by commas, with their action first; counted without --json, too. */
static void
test_steps(void **state)
{
    (void)state;
    struct report r;
    report_init(&r, false);
    report_step(&r, "applied", LOG_FIELDS(LF_STR("version", "1")));
    assert_int_equal(r.steps_n, 1);
    assert_int_equal(r.steps.len, 0);
    r.json = "up";
    report_step(&r, "applied", LOG_FIELDS(LF_STR("version", "2"), LF_OPT("left", NULL)));
    report_step(&r, "undone", LOG_FIELDS(LF_BOOL("transaction", true)));
    assert_int_equal(r.steps_n, 3);
    assert_string_equal(
        strbuf_str(&r.steps),
        "{\"action\":\"applied\",\"version\":\"2\"},{\"action\":\"undone\",\"transaction\":true}");
    report_forget_steps(&r);
    assert_int_equal(r.steps_n, 0);
    assert_string_equal(strbuf_str(&r.steps), "");
    report_done(&r);
}

static void
test_progress_line(void **state)
{
    (void)state;
    struct progress_view v = {.files = 4,
                              .number = 3,
                              .file = "0003_größe.sql",
                              .statements = 20,
                              .statement = 7,
                              .elapsed_ms = 4321,
                              .server = "waiting"};
    cleanup_strbuf struct strbuf b = STRBUF_INIT;
    progress_format(&v, 200, &b);
    assert_string_equal(
        strbuf_str(&b),
        "[===========>        ] 3/4  4.3s  0003_größe.sql  7/20 statements  waiting");
    strbuf_clear(&b);
    progress_format(&v, 32, &b); /* within the ö: cut before it */
    assert_string_equal(strbuf_str(&b), "[=====>    ] 3/4  4.3s  0003_gr");
    strbuf_clear(&b);
    v.utf8 = v.colour = true;
    progress_format(&v, 200, &b);
    assert_string_equal(strbuf_str(&b), "\033[33m▕███████████▌        ▏\033[0m 3/4  4.3s  "
                                        "0003_größe.sql  7/20 statements  waiting");
    strbuf_clear(&b);
    v.server = "";
    progress_format(&v, 4, &b); /* the bar is never cut within its colour */
    assert_string_equal(strbuf_str(&b), "\033[32m▕█████▊    ▏\033[0m");
    struct progress_view none = {.file = "", .server = ""};
    strbuf_clear(&b);
    progress_format(&none, 80, &b);
    assert_string_equal(strbuf_str(&b), "[>                   ] 0/0  0.0s  ");
    struct progress_view last = {
        .files = 1, .number = 1, .statements = 2, .statement = 2, .file = "a", .server = ""};
    strbuf_clear(&b);
    progress_format(&last, 80, &b);
    assert_string_equal(strbuf_str(&b), "[==========>         ] 1/1  0.0s  a  2/2 statements");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exits),
        cmocka_unit_test(test_retryable),
        cmocka_unit_test(test_first_failure_stays),
        cmocka_unit_test(test_empty_texts),
        cmocka_unit_test(test_add_hint),
        cmocka_unit_test(test_termination),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_progress_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
