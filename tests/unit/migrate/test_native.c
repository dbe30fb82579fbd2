/* native.c: file names, versions, header lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "migrate/layout/native.h"
#include "migrate/sql/lexer.h"

static void
name(const char *file, const char *version, const char *title, enum migration_direction direction)
{
    struct layout_name n;

    assert_int_equal(native_name_parse(file, &n, NULL), 0);
    assert_int_equal(n.version_bytes, strlen(version));
    assert_memory_equal(file, version, n.version_bytes);
    assert_int_equal(n.name_bytes, strlen(title));
    assert_memory_equal(file + n.name_offset, title, n.name_bytes);
    assert_int_equal(n.direction, direction);
}

static void
no_name(const char *file, const char *says)
{
    struct layout_name n;
    struct err e;

    assert_int_equal(native_name_parse(file, &n, &e), -1);
    assert_int_equal(e.code, ERR_INPUT);
    assert_null(strstr(e.msg, file)); /* it stands beside the message */
    if (!strstr(e.msg, says))
        fail_msg("%s", e.msg);
}

static void
test_names(void **state)
{
    (void)state;
    name("0001_shop.sql", "0001", "shop", MIGRATION_UP);
    name("0001_add_a_b.up.sql", "0001", "add_a_b", MIGRATION_UP);
    name("0001_x.down.sql", "0001", "x", MIGRATION_DOWN);
    name("20260101120000_x.y.sql", "20260101120000", "x.y", MIGRATION_UP);
    name("1.2-rc_x.sql", "1.2-rc", "x", MIGRATION_UP);
    name("1_x__y.sql", "1", "x__y", MIGRATION_UP);
    name("V_x.sql", "V", "x", MIGRATION_UP);
    no_name("0001.sql", "VERSION_name.sql");
    no_name("0001_.sql", "VERSION_name.sql");
    no_name("_x.sql", "VERSION_name.sql");
    no_name("0001_.up.sql", "VERSION_name.sql");
    no_name("0001_.down.sql", "VERSION_name.sql");
    no_name("0001_x.txt", ".sql");
    no_name("0001_gr\xf6\xdf"
            "e.sql",
            "UTF-8");
    no_name("001.do.create_x.sql", "postgrator");
    no_name("001.undo.create_x.sql", "postgrator");
    no_name("001.DO.sql", "postgrator");
    no_name("rollback_0001.sql", "direction");
    no_name("down_0001_x.sql", "direction");
    no_name("up_0001_x.sql", "direction");
    no_name("0001_x.undo.sql", "direction");
    no_name("0001_x.Rollback.sql", "direction");
    no_name("0001_x.revert.sql", "direction");
    name("0001_rollback_of_x.sql", "0001", "rollback_of_x", MIGRATION_UP);
    name("0001_undo.sql", "0001", "undo", MIGRATION_UP);
    name("1.do_x.sql", "1.do", "x", MIGRATION_UP);
    name("upper_x.sql", "upper", "x", MIGRATION_UP);
    no_name("V1__x.sql", "Flyway");
    no_name("V1_1__x.sql", "Flyway");
    no_name("R__views.sql", "Flyway");
}

static void
test_versions(void **state)
{
    (void)state;
    assert_true(migration_compare("9", "10") < 0);
    assert_true(migration_compare("0009", "10") < 0);
    assert_true(migration_compare("10", "9") > 0);
    assert_int_equal(migration_compare("0001", "1"), 0);
    assert_int_equal(migration_compare("0", "000"), 0);
    assert_true(migration_compare("0010", "0009") > 0);
    assert_true(migration_compare("190", "201") < 0); /* the first digit decides */
    assert_int_equal(migration_compare("20260301", "20260301"), 0);
    assert_true(migration_compare("99999999999999999999999", "100000000000000000000000") < 0);
    assert_true(migration_compare("1.9", "1.10") < 0);
    assert_true(migration_compare("1.10", "1.9") > 0);
    assert_true(migration_compare("1.99.1", "2") < 0);
    assert_true(migration_compare("2", "10.0") < 0);
    assert_true(migration_compare("1.2", "1.2.0") < 0);
    assert_true(migration_compare("1.2.0", "1.2") > 0);
    assert_int_equal(migration_compare("1.02", "01.2"), 0);
    assert_true(migration_compare("2026.01.09", "2026.1.10") < 0);
    assert_true(migration_compare("1.10-rc", "1.9") < 0); /* bytes */
    assert_true(migration_compare("1.", "1.0") < 0);
    assert_true(migration_compare("a", "b") < 0);
    assert_true(migration_compare("10", "9a") < 0);
    assert_true(migration_is_number("007"));
    assert_false(migration_is_number(""));
    assert_false(migration_is_number("7a"));
    assert_true(migration_is_number("1.10.0"));
    assert_false(migration_is_number("1..2"));
    assert_false(migration_is_number(".1"));
    assert_false(migration_is_number("1."));
}

static void
duration(const char *text, uint64_t want)
{
    uint64_t ms;

    assert_int_equal(native_duration_parse(text, strlen(text), &ms, NULL), 0);
    assert_int_equal(ms, want);
}

static void
test_durations(void **state)
{
    static const char *const bad[] = {
        "",      "5",   "5x",
        "-1s",   "s",   "min",
        "5mins", "30d", "1us2",
        "us",    " 5s", "1111111111111111111111111111111111111111111111111111111111111111111111s"};
    uint64_t ms;
    struct err e;

    (void)state;
    duration("0", 0);
    duration("none", 0);
    duration("250ms", 250);
    duration("5s", 5000);
    duration("2m", 120000);
    duration("10min", 600000);
    duration("1h30min", 5400000);
    duration("1h", 3600000);
    duration("2d", 172800000);
    duration("1.5s", 1500);
    duration("1500us", 2);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (native_duration_parse(bad[i], strlen(bad[i]), &ms, &e) == 0)
            fail_msg("%s is taken for %llu ms", bad[i], (unsigned long long)ms);
        assert_int_equal(e.code, ERR_INPUT);
    }
}

static void
header(const char *text, enum verdict_wish transaction, enum migration_phase phase, uint64_t lock,
       uint64_t statement)
{
    struct layout_header h;
    struct err e;

    if (native_header_parse(text, strlen(text), 0, &h, &e) < 0)
        fail_msg("%s", e.msg);
    assert_int_equal(h.transaction, transaction);
    assert_int_equal(h.phase, phase);
    assert_true(h.lock_timeout_ms == lock);
    assert_true(h.statement_timeout_ms == statement);
}

#define NONE VERDICT_AUTO, MIGRATION_EXPAND, LAYOUT_UNSET, LAYOUT_UNSET

static void
test_headers(void **state)
{
    (void)state;
    header("", NONE);
    header("select 1;", NONE);
    header("-- a note\n", NONE);
    header("-- migrate:\nx", NONE);
    header("-- migrate: transaction=off phase=contract lock_timeout=5s statement_timeout=10min\nx",
           VERDICT_OFF, MIGRATION_CONTRACT, 5000, 600000);
    header("/* licence\n */\n--\n\n--migrate:\tphase=expand\r\n-- migrate: transaction=on\r\nx",
           VERDICT_ON, MIGRATION_EXPAND, LAYOUT_UNSET, LAYOUT_UNSET);
    header("\xef\xbb\xbf-- migrate: lock_timeout=0", VERDICT_AUTO, MIGRATION_EXPAND, 0,
           LAYOUT_UNSET);
    header("select 1; -- migrate: transaction=off\n", NONE);
    header("--\xc2\xa0"
           "a note of migrate: nothing\n--\xc3\xa9 migrate: x",
           NONE);
    header("-- UP\n-- +goose Up\n-- migrate: marks=ignore\nx", NONE);
    header("-- migrate: marks=ignore\nx;\n---- create above / drop below ----\n", NONE);
    header("-- migrate: marks=refuse\nx", NONE);
    /* The way back is a note: statements that were commented out, right below. */
    header("-- adds a\n-- Rollback:\n--   DROP TABLE a;\n\nx", NONE);
    header("-- DOWN\r\n-- by hand:\r\n--\r\n--   drop table a; \r\nx", NONE);
    header("/* -- migrate: transaction=off\n */ x", NONE);
    header("/* open -- migrate: transaction=off", NONE);
}

/* The names of rules are kept as they stand in the file, after the last line that gives them. */
static void
test_allowed_rules(void **state)
{
    (void)state;
    static const char text[] = "-- x\n-- migrate: phase=contract allow=rewrite,table-lock\t\nx";
    struct layout_header h;
    struct err e;

    assert_int_equal(native_header_parse(text, strlen(text), 0, &h, &e), 0);
    assert_int_equal(h.allow_bytes, strlen("rewrite,table-lock"));
    assert_memory_equal(text + h.allow_offset, "rewrite,table-lock", h.allow_bytes);
    assert_int_equal(h.phase, MIGRATION_CONTRACT);
    assert_int_equal(native_header_parse("x", 1, 0, &h, &e), 0);
    assert_int_equal(h.allow_bytes, 0);
}

static void
no_header(const char *text, size_t line, const char *says)
{
    struct layout_header h;
    struct err e;

    assert_int_equal(native_header_parse(text, strlen(text), 0, &h, &e), -1);
    assert_int_equal(e.code, ERR_INPUT);
    assert_int_equal(h.error_line, line);
    assert_int_equal(lexer_count_lines(text, h.error_offset) + 1, line);
    char shown[ERR_MSG_MAX + 32];
    snprintf(shown, sizeof(shown), "line %zu: %s", h.error_line, e.msg);
    if (!strstr(shown, says))
        fail_msg("%s", shown);
}

static void
test_bad_headers(void **state)
{
    (void)state;
    no_header("\n-- migrate: transction=off", 2,
              "line 2: unknown key transction in a -- migrate: line; did you mean transaction?");
    no_header("-- migrate: zzz=1", 1, "line 1: unknown key zzz in a -- migrate: line");
    no_header("-- migrate: this adds a table", 1, "unknown key this");
    no_header("-- migrate: transaction=maybe", 1, "transaction must be on or off, not maybe");
    no_header("-- migrate: transaction=OFF", 1, "transaction must be on or off, not OFF");
    no_header("-- migrate: phase=", 1, "phase needs a value");
    no_header("-- migrate: phase", 1, "phase needs a value");
    no_header("-- migrate: phase=both", 1, "phase must be expand or contract, not both");
    no_header("-- migrate: lock_timeout=5", 1, "lock_timeout: 5 is not a duration");
    no_header("-- migrate: statement_timeout=25d", 1, "statement_timeout: 25d exceeds");
    no_header("-- migrate: phase=expand\n-- migrate: phase=expand", 2, "phase is given twice");
    no_header("-- migrate: allow=a allow=b", 1, "allow is given twice");
    no_header("-- migrate: allow", 1, "allow needs a value");
    no_header("-- migrate:up\ncreate table t();\n-- migrate:down\n", 1, "dbmate");
    no_header("-- +goose Up\n", 1, "goose");
    no_header("-- +migrate Up\n", 1, "sql-migrate");
    no_header("--liquibase formatted sql\n--changeset a:1 context:test\n", 1, "Liquibase");
    no_header("-- Down Migration\n", 1, "node-pg-migrate");
    no_header("---- tern: disable-tx ----\n", 1, "tern");
    no_header("--\xc2\xa0migrate: transaction=off", 1,
              "line 1: a -- migrate: line contains U+00A0 (no-break space)");
    no_header("-- migrate:\xe2\x80\x8btransaction=off", 1, "U+200B (zero width space)");
    no_header("-- \xef\xbb\xbf migrate: phase=contract", 1, "U+FEFF (byte order mark)");
    no_header("-- migrate: marks=maybe\n", 1, "marks must be refuse or ignore, not maybe");
    no_header("\n\n-- !Ups\n-- migrate: phase=expand\n", 3,
              "line 3: \"-- !Ups\" heads a part of the file that goes up or back");
    no_header("-- Rollback:\n-- removes a\nDROP TABLE a;", 1, "heads a part");
    no_header("-- Rollback:\n\n-- DROP TABLE a;\nDROP TABLE b;", 1, "heads a part");
    no_header("-- Up\n-- CREATE TABLE a;\nx", 1, "heads a part");
    no_header("-- Rollback:\n--   DROP TABLE a;\n-- UP\nx", 3, "heads a part");
    no_header("/*\n * DOWN\n */\n", 1, "\"/* * DOWN */\" heads a part");
    no_header("select 1;\n---- create above / drop below ----\nselect 2;", 2, "tern");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),       cmocka_unit_test(test_versions),
        cmocka_unit_test(test_durations),   cmocka_unit_test(test_headers),
        cmocka_unit_test(test_bad_headers), cmocka_unit_test(test_allowed_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
