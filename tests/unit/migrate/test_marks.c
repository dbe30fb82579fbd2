/* marks.c: what comments say to a migrator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "migrate/marks.h"

static const char *
between(const char *text, size_t *ret_at)
{
    return marks_between(text, 0, strlen(text), ret_at);
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
    assert_non_null(strstr(between("-- +migrate Down", &at), "sql-migrate"));
    assert_non_null(strstr(between("---- tern: disable-tx ----", &at), "tern"));
    assert_non_null(strstr(between("--migrate:lock_timeout=1s", &at), "before the first"));
    assert_non_null(strstr(between("-- MIGRATE:  Transaction=off", &at), "before the first"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_comments),
        cmocka_unit_test(test_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
