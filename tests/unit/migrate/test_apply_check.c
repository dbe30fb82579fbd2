/* test_apply_check.c: a file is read once for what is to be known of it, and looked at again for whether it is the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "migrate/apply/apply.h"

static void
put(const char *path, const char *text)
{
    cleanup_file FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
}

/* A runner that waits for the lock comes by again and again. */
static void
test_read_once(void **state)
{
    char dir[] = "/tmp/rr-apply-XXXXXX";
    char path[64];
    struct source s = SOURCE_INIT;
    struct facts facts = {.known = false};
    struct report r;

    (void)state;
    report_init(&r, false);
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/1_a.sql", dir);
    put(path, "select 1; select 2;");
    assert_int_equal(source_open(dir, &layout_native, false, &s, NULL), 0);
    assert_int_equal(apply_check(&s, s.migrations, MIGRATION_UP, &facts, &r), 0);
    assert_true(facts.known);
    assert_int_equal(facts.verdict.statements, 2);
    facts.verdict.statements = 7; /* stays: the text is not read for it once more */
    assert_int_equal(apply_check(&s, s.migrations, MIGRATION_UP, &facts, &r), 0);
    assert_int_equal(facts.verdict.statements, 7);
    put(path, "select 1; select 3;");
    assert_int_equal(apply_check(&s, s.migrations, MIGRATION_UP, &facts, &r), -1);
    assert_string_equal(r.err.msg, "the file was changed while migrate was running");
    assert_string_equal(r.file, "1_a.sql");
    assert_int_equal(r.line, 0);
    report_done(&r);
    source_done(&s);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
}

/* The way back has a header of its own, and stays what it was when it was looked at first. */
static void
test_way_back(void **state)
{
    char dir[] = "/tmp/rr-apply-XXXXXX";
    char up[64], down[64];
    struct source s = SOURCE_INIT;
    struct facts facts = {.known = false};
    struct report r;

    (void)state;
    report_init(&r, false);
    assert_non_null(mkdtemp(dir));
    snprintf(up, sizeof(up), "%s/1_a.sql", dir);
    snprintf(down, sizeof(down), "%s/1_a.down.sql", dir);
    put(up, "-- migrate: lock_timeout=7s\nselect 1;");
    put(down, "-- migrate: transaction=off lock_timeout=3s\nselect 1; select 2; select 3;");
    assert_int_equal(source_open(dir, &layout_native, false, &s, NULL), 0);
    assert_int_equal(apply_check(&s, s.migrations, MIGRATION_DOWN, &facts, &r), 0);
    assert_int_equal(facts.verdict.statements, 3);
    assert_false(facts.verdict.transaction);
    assert_int_equal(facts.header.lock_timeout_ms, 3000);
    assert_int_equal(apply_check(&s, s.migrations, MIGRATION_DOWN, &facts, &r), 0);
    put(down, "-- migrate: transaction=off lock_timeout=3s\nselect 1; select 2; select 4;");
    assert_int_equal(apply_check(&s, s.migrations, MIGRATION_DOWN, &facts, &r), -1);
    assert_string_equal(r.err.msg, "the file was changed while migrate was running");
    assert_string_equal(r.file, "1_a.down.sql");
    report_done(&r);
    report_init(&r, false);
    facts = (struct facts){.known = false};
    put(down, "\n-- migrate: lock_timeuot=3s\nselect 1;");
    assert_int_equal(apply_check(&s, s.migrations, MIGRATION_DOWN, &facts, &r), -1);
    assert_int_equal(r.line, 2);
    report_done(&r);
    source_done(&s);
    assert_int_equal(unlink(up) + unlink(down) + rmdir(dir), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_once),
        cmocka_unit_test(test_way_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
