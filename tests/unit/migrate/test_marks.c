/* marks.c: what comments say to a migrator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>

#include "common/base/cleanup.h"
#include "migrate/sql/marks.h"

static const char *
between(const char *text, size_t *ret_at)
{
    struct mark mark;
    if (!marks_between(text, 0, strlen(text), 0, &mark))
        return NULL;
    *ret_at = mark.offset;
    return mark.what;
}

static void
test_plain_comments(void **state)
{
    (void)state;
    static const char *const fine[] = {
        "",
        "-",
        "--",
        "/*",
        "/* -- +goose Down */",
        "/* /* */ -- migrate:down */ ;",
        "-- migrate: users to accounts",
        "-- migrate",
        "-- Migration of phase=contract",
        "-- +migrated",
        "-- what goes Down Migration shows",
        ";; \n -- tern\n",
    };
    for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
        size_t at;
        const char *what = between(fine[i], &at);
        if (what)
            fail_msg("%s: %s", fine[i], what);
    }
}

static void
test_marks(void **state)
{
    (void)state;
    size_t at = 0;
    assert_non_null(strstr(between("; -- x\n  --migrate:down", &at), "dbmate"));
    assert_int_equal(at, 9);
    assert_non_null(strstr(between("/* x */ --+Goose StatementBegin\r\n", &at), "goose"));
    assert_int_equal(at, 8);
    assert_non_null(strstr(between("-- - Down Migration", &at), "node-pg-migrate"));
    assert_non_null(strstr(between("-- Up Migration", &at), "node-pg-migrate"));
    assert_non_null(strstr(between("--! Previous: -", &at), "graphile-migrate"));
    assert_non_null(strstr(between("-- atlas:txmode none", &at), "Atlas"));
    assert_non_null(strstr(between("-- Deploy flipr:users to pg \r\n", &at), "sqitch"));
    assert_null(between("-- Deploy flipr:users to production", &at));
    assert_non_null(strstr(between("-- +migrate Down", &at), "sql-migrate"));
    assert_non_null(strstr(between("---- tern: disable-tx ----", &at), "tern"));
    assert_non_null(strstr(between("--migrate:lock_timeout=1s", &at), "before the first"));
    assert_non_null(strstr(between("-- MIGRATE:  Transaction=off", &at), "before the first"));
}

/* Lines that head a part of the file, in the dress of many tools, and of none. */
static void
test_headings(void **state)
{
    (void)state;
    static const char *const headings[] = {
        "-- DOWN",
        "--down",
        "-- Down:",
        "-- UP",
        "-- ====== DOWN ======",
        "-- ── DOWN ──",
        "--- !Ups",
        "-- !Downs",
        "-- //@UNDO",
        "--//@UNDO",
        "-- @undo",
        "-- +up",
        "-- +micrate Up",
        "-- +micrate Down",
        "-- rambler down",
        "-- drift:up",
        "-- drift:down",
        "-- migrate: down",
        "-- anything down",
        "-- [rollback]",
        "-- {{ revert }}",
        "-- Rollback script",
        "-- Migration: Up",
        "-- migration down",
        "-- SECTION UNDO",
        "-- roll back",
        "-- up/down",
        "\t -- down\r\n",
        "/* DOWN */",
        "/* ---- rollback ---- */",
        "/********\n * Down\n ********/",
    };
    for (size_t i = 0; i < sizeof(headings) / sizeof(headings[0]); i++) {
        size_t at;
        cleanup_free char *text = NULL;
        assert_true(asprintf(&text, "\n%s", headings[i]) > 0);
        if (!between(text, &at))
            fail_msg("%s is taken for a comment", headings[i]);
    }
}

/* Sentences, names, and statements that were commented out. */
static void
test_no_headings(void **state)
{
    (void)state;
    static const char *const fine[] = {
        "-- clean up",
        "-- Set up",
        "-- * clean up",
        "-- // Clean up",
        "-- sign-up",
        "-- drop-down",
        "-- breakdown",
        "-- is_down",
        "-- what goes down here",
        "-- rollback the counter",
        "-- undo 0003",
        "-- no rollback",
        "-- to undo",
        "-- Down under",
        "-- upside down and back",
        "-- ROLLBACK;",
        "-- down; ",
        "/* scale down */",
        "/* the way\n * down\n */",
        "/* down",
    };
    for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
        size_t at;
        const char *what = between(fine[i], &at);
        if (what)
            fail_msg("%s: %s", fine[i], what);
    }
}

static void
test_ignore(void **state)
{
    (void)state;
    struct mark mark;
    static const char text[] = "; -- x\n-- DOWN\n-- +goose Down\n-- migrate: phase=contract\n";
    size_t len = sizeof(text) - 1;
    struct err e;

    assert_true(marks_between(text, 0, len, 0, &mark));
    assert_int_equal(mark.offset, 7);
    assert_int_equal(mark.bytes, 7);
    assert_int_equal(marks_refuse(text, &mark, &e), -1);
    assert_int_equal(strncmp(e.msg, "\"-- DOWN\" heads a part", 22), 0);
    /* A header line is never ignored. */
    assert_true(marks_between(text, 0, len, MARKS_ALL, &mark));
    assert_non_null(strstr(mark.what, "before the first"));
    /* Behind a statement on its line it is no heading. */
    assert_false(marks_between("drop table a; -- undo", 12, 21, 0, &mark));
}

/* A heading is shown on one line, without what is not to be seen, and not at any length. */
static void
test_what_is_shown(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shown;
    } rows[] = {
        {"-- DOWN", "\"-- DOWN\" heads a part of the file"},
        {"-- DOWN \t \r\n", "\"-- DOWN\" heads a part of the file"},
        {"/*\n *\x7f \t Down\n */", "\"/* * Down */\" heads a part of the file"},
        {"-- ============================================================ DOWN",
         "\"-- =========================================================\" heads a part"},
        {"-- migrate:down", "an annotation of dbmate's"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct mark mark;
        struct err e = {0};
        assert_true(marks_between(rows[i].text, 0, strlen(rows[i].text), 0, &mark));
        assert_int_equal(marks_refuse(rows[i].text, &mark, &e), -1);
        assert_int_equal(e.code, ERR_INPUT);
        if (strncmp(e.msg, rows[i].shown, strlen(rows[i].shown)) != 0)
            fail_msg("%s", e.msg);
    }
}

/* In a file whose name says the direction its own heading is only a title. */
static void
test_titles(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        const char *text;
        bool refused;
    } rows[] = {
        {"1_a.up.sql", "-- Up", false},
        {"1_a.up.sql", "-- Migration: up", false},
        {"1_a.up.sql", "-- Down", true},
        {"1_a.up.sql", "-- up/down", true},
        {"1_a.up.sql", "-- rollback", true},
        {"1_a.up.sql", "-- +goose Up", true},
        {"1_a.down.sql", "-- Down", false},
        {"1_a.down.sql", "-- roll back", false},
        {"1_a.down.sql", "-- Up", true},
        {"1_a.sql", "-- Up", true},
        {"1_a.down.sql", "-- Rollback script", false},
        {"1_a.down.sql", "-- Down migration is a no-op: the old values are gone", false},
        {"1_a.up.sql", "-- Down Migration", true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct mark mark;
        const char *text = rows[i].text;
        if (marks_between(text, 0, strlen(text), marks_fine_for(rows[i].file), &mark) !=
            rows[i].refused)
            fail_msg("%s in %s", text, rows[i].file);
    }
}

/* A part that goes back, and below it nothing but comments: the way back is written down, not meant to run. */
static void
test_notes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool note;
    } rows[] = {
        {"-- Rollback\n-- drop table a;\n", true},
        {"-- Rollback\r\n \t -- drop table a; \r\n", true},
        {"-- Rollback\n-- first this\n--drop table a;", true},
        {"-- Rollback\n-- drop table a\n", false},
        {"-- Rollback\n\n-- drop table a;\n", false},
        {"-- Rollback\ndrop table a;\n", false},
        {"-- Rollback\n-", false},
        {"-- Rollback", false},
        {"-- up\n-- create table a;\n", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct mark m;
        if (!marks_between(rows[i].text, 0, strlen(rows[i].text), 0, &m))
            fail_msg("row %zu is no mark", i);
        if (marks_is_note(rows[i].text, strlen(rows[i].text), &m) != rows[i].note)
            fail_msg("row %zu", i);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_shown), cmocka_unit_test(test_plain_comments),
        cmocka_unit_test(test_notes),         cmocka_unit_test(test_marks),
        cmocka_unit_test(test_headings),      cmocka_unit_test(test_no_headings),
        cmocka_unit_test(test_ignore),        cmocka_unit_test(test_titles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
