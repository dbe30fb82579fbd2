/* test_steps_sql.c: the name of the table of steps, and the statements around it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "migrate/db/steps.h"

static void
name_of(const char *table, char *ret, size_t size)
{
    cleanup_strbuf struct strbuf out = STRBUF_INIT;
    struct err e = {0};
    assert_int_equal(steps_sql_name(table, &out, &e), 0);
    assert_true(out.len < size);
    memcpy(ret, strbuf_str(&out), out.len + 1);
}

static void
test_names(void **state)
{
    (void)state;
    char a[128];
    char b[128];
    char table[64];
    name_of("schema_history", a, sizeof(a));
    assert_string_equal(a, "schema_history_step");
    memset(table, 'x', 63);
    table[63] = '\0';
    table[58] = '\0';
    name_of(table, a, sizeof(a));
    assert_int_equal(strlen(a), 63);
    assert_int_equal(strspn(a, "x"), 58); /* it just fits */
    table[58] = 'x';
    name_of(table, a, sizeof(a));
    assert_int_equal(strlen(a), 63);
    table[62] = 'y';
    name_of(table, b, sizeof(b));
    assert_string_not_equal(a, b);
    assert_string_equal(a + 58, "_step");
    memcpy(table + 48, "\xe2\x82\xac", 3); /* the cut is in the middle of a character */
    name_of(table, b, sizeof(b));
    assert_int_equal(strspn(b, "x"), 48);
    assert_int_equal(b[48], '_');
}

static void
test_statements(void **state)
{
    (void)state;
    char name[] = "\"s\".\"t_step\"";
    const uint8_t sum[DIGEST_BYTES] = {0xab};
    const struct steps s = {.table.quoted = name};
    struct steps_row row = {
        .version = "o'x", .n = 3, .sha256 = sum, .state = STEP_INTENT, .indexes = "{7}"};
    cleanup_strbuf struct strbuf out = STRBUF_INIT;
    steps_sql_write(&s, &row, &out);
    assert_non_null(strstr(strbuf_str(&out), "INSERT INTO \"s\".\"t_step\""));
    assert_non_null(strstr(strbuf_str(&out), "'o''x', 3, pg_catalog.decode('ab00"));
    assert_non_null(strstr(strbuf_str(&out), "pg_backend_pid()"));
    assert_non_null(strstr(strbuf_str(&out), "'intent', '{7}'::pg_catalog.oid[]"));
    row.pooled = true;
    row.indexes = NULL;
    strbuf_clear(&out);
    steps_sql_write(&s, &row, &out);
    assert_null(strstr(strbuf_str(&out), "pg_backend_pid()"));
    assert_non_null(strstr(strbuf_str(&out), "NULL, NULL, 'intent', NULL::"));
    assert_non_null(strstr(strbuf_str(&out), "ON CONFLICT (version, n) DO UPDATE"));
    row.first = true;
    strbuf_clear(&out);
    steps_sql_write(&s, &row, &out);
    assert_non_null(strstr(strbuf_str(&out), "WITH written AS (INSERT INTO \"s\".\"t_step\""));
    assert_non_null(
        strstr(strbuf_str(&out), "ON CONFLICT DO NOTHING RETURNING 1) SELECT pg_catalog.sqrt("));
    row.state = STEP_REFUSED;
    strbuf_clear(&out);
    steps_sql_state(&s, &row, &out);
    assert_non_null(strstr(strbuf_str(&out), "SET state = 'refused'"));
    assert_non_null(strstr(strbuf_str(&out), "n OPERATOR(pg_catalog.=) 3"));
    strbuf_clear(&out);
    steps_sql_forget(&s, "v", &out);
    assert_string_equal(strbuf_str(&out),
                        "DELETE FROM \"s\".\"t_step\" WHERE version OPERATOR(pg_catalog.=) 'v'");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names),
                                       cmocka_unit_test(test_statements)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
