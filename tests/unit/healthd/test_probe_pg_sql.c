/* What a check asks PostgreSQL: a statement for each thing, in one order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "healthd/probe/probe_pg_sql.h"

static struct strbuf sql;

static const char *
asked(const struct probe_pg_own *own, const char *table, const char *columns)
{
    const struct history *h = table ? history_find(table, columns) : NULL;
    probe_pg_sql(&sql, own, h, table);
    return strbuf_str(&sql);
}

static int
teardown(void **state)
{
    (void)state;
    strbuf_done(&sql);
    return 0;
}

static void
test_nothing_else(void **state)
{
    (void)state;
    assert_string_equal(asked(&(struct probe_pg_own){0}, NULL, NULL), "SELECT 1");
    assert_true(probe_pg_asks_query(&(struct probe_pg_own){0}));
    assert_false(probe_pg_asks_query(&(struct probe_pg_own){.role = PROBE_PG_STANDBY}));
    assert_false(probe_pg_asks_query(&(struct probe_pg_own){.max_lag_ms = 1}));
    assert_false(probe_pg_asks_query(&(struct probe_pg_own){.schema = (char *)"1"}));
    assert_true(
        probe_pg_asks_query(&(struct probe_pg_own){.max_lag_ms = 1, .query = (char *)"TABLE x"}));
}

static void
test_order(void **state)
{
    (void)state;
    const struct probe_pg_own all = {.role = PROBE_PG_STANDBY,
                                     .max_lag_ms = 1,
                                     .schema = (char *)"7",
                                     .query = (char *)"TABLE mine"};
    const char *role = strstr(asked(&all, "schema_migrations", "version"), "pg_is_in_recovery()");
    const char *lag = strstr(strbuf_str(&sql), "; SELECT CASE WHEN NOT");
    const char *schema = strstr(strbuf_str(&sql), "; SELECT bool_or(");
    const char *query = strstr(strbuf_str(&sql), "; TABLE mine");
    assert_true(role && lag > role && schema > lag && query > schema);
    const struct probe_pg_own role_only = {.role = PROBE_PG_PRIMARY};
    assert_string_equal(asked(&role_only, NULL, NULL), "SELECT pg_is_in_recovery()");
}

static void
compares(const char *version, const char *table, const char *columns, const char *how)
{
    const struct probe_pg_own own = {.schema = (char *)version};
    if (!strstr(asked(&own, table, columns), how))
        fail_msg("no %s in: %s", how, strbuf_str(&sql));
}

static void
test_versions(void **state)
{
    (void)state;
    static const char bytes[] = "bool_or(v.version COLLATE \"C\" OPERATOR(pg_catalog.>=) '";
    static const char numbers[] = "string_to_array('1.10', '.')::pg_catalog.numeric[] ELSE";
    compares("1.10", "schema_migrations", "version", numbers);
    compares("1.9,1.10", "schema_migrations", "version", numbers); /* the last is wanted */
    static const char *const words[] = {"v7", "1..2", ".1", "1."};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        compares(words[i], "schema_migrations", "version", bytes);
    compares("a,b", "alembic_version", "version_num",
             "bool_or(v.version OPERATOR(pg_catalog.=) 'b'), false OR ");
    compares("a,b", "alembic_version", "version_num", "string_to_array('a,b', ',')");
    compares("7", "schema_migrations", "version", "true OR ");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_teardown(test_nothing_else, teardown),
                                       cmocka_unit_test_teardown(test_order, teardown),
                                       cmocka_unit_test_teardown(test_versions, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
