/* Whose table of migrations it is, and how it is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/pg/history.h"

static void
is_read_by(const char *table, const char *columns, history_read *wanted)
{
    const struct history *h = history_find(table, columns);
    assert_non_null(h);
    assert_ptr_equal(h->read, wanted);
    assert_true(h->ordered);
}

static void
test_find(void **state)
{
    (void)state;
    is_read_by("schema_history", HISTORY_NATIVE_COLUMNS ",more", history_read_native);
    is_read_by("schema_migrations", "dirty,version", history_read_golang);
    is_read_by("schema_migrations", "version", history_read_dbmate);
    is_read_by("goose_db_version", HISTORY_GOOSE_COLUMNS, history_read_goose);
    is_read_by("flyway_schema_history", HISTORY_FLYWAY_COLUMNS, history_read_flyway);
    is_read_by("_sqlx_migrations", HISTORY_SQLX_COLUMNS, history_read_sqlx);
    const struct history *alembic = history_find("alembic_version", "version_num");
    assert_non_null(alembic);
    assert_false(alembic->ordered);
    assert_null(history_find("alembic_version", "version"));
    assert_null(history_find("schema_migrations", "versions,dirty"));
    assert_null(history_find("schema_history", "version"));
    assert_null(history_find("elsewhere", "version"));
}

/* A statement for each, of twelve columns, from the table alone. */
static void
test_read(void **state)
{
    (void)state;
    static const char *const tables[] = {"schema_history",   "schema_migrations",
                                         "goose_db_version", "flyway_schema_history",
                                         "_sqlx_migrations", "alembic_version"};
    struct strbuf find = STRBUF_INIT;
    history_find_sql(&find);
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        const struct history *h = history_find(
            tables[i], "version_num,dirty,version_id,is_applied,tstamp,id," HISTORY_NATIVE_COLUMNS
                       "," HISTORY_FLYWAY_COLUMNS "," HISTORY_SQLX_COLUMNS);
        struct strbuf sql = STRBUF_INIT;
        h->read("\"s\".\"t\"", &sql);
        assert_memory_equal(strbuf_str(&sql), "SELECT ", 7);
        assert_non_null(strstr(strbuf_str(&sql), "FROM \"s\".\"t\""));
        assert_non_null(strstr(strbuf_str(&find), tables[i]));
        strbuf_done(&sql);
    }
    strbuf_done(&find);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_find), cmocka_unit_test(test_read)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
