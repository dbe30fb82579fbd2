/* test_ledger_sql.c: names, quoting and the statements of the history table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "migrate/db/ledger.h"
#include "migrate/db/lock.h"
#include "migrate/sql/quote.h"

static void
test_names(void **state)
{
    (void)state;
    static const struct {
        const char *text, *quoted;
    } rows[] = {
        {"schema_history", "\"public\".\"schema_history\""},
        {"App.History", "\"app\".\"history\""},
        {"\"App\".\"a.b\"\"c\"", "\"App\".\"a.b\"\"c\""},
        {"a$1._b", "\"a$1\".\"_b\""},
        {"größe", "\"public\".\"größe\""},
        {"", NULL},
        {".", NULL},
        {"a.", NULL},
        {".a", NULL},
        {"a.b.c", NULL},
        {"a b", NULL},
        {"a;drop", NULL},
        {"\"a", NULL},
        {"\"\"", NULL},
        {"\"a\"b", NULL},
        {"a12345678901234567890123456789012345678901234567890123456789012",
         "\"public\".\"a123456789012345678901234567890123456"
         "78901234567890123456789012\""},
        {"a123456789012345678901234567890123456789012345678901234567890123", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct ledger_table t = {0};
        struct err e = {0};
        int result = ledger_table_parse(rows[i].text, &t, &e);
        if ((result == 0) != (rows[i].quoted != NULL))
            fail_msg("row %zu \"%s\": %s", i, rows[i].text, e.msg);
        if (result == 0)
            assert_string_equal(t.quoted, rows[i].quoted);
        else
            assert_int_equal(e.code, ERR_USAGE);
        ledger_table_done(&t);
    }
}

static void
test_lock_key(void **state)
{
    (void)state;
    struct ledger_table a = {0};
    struct ledger_table b = {0};
    struct ledger_table c = {0};
    assert_int_equal(ledger_table_parse("schema_history", &a, NULL), 0);
    assert_int_equal(ledger_table_parse("PUBLIC.schema_history", &b, NULL), 0);
    assert_int_equal(ledger_table_parse("public.other", &c, NULL), 0);
    struct lock key[3];
    assert_int_equal(lock_init(&key[0], a.quoted, NULL), 0);
    assert_int_equal(lock_init(&key[1], b.quoted, NULL), 0);
    assert_int_equal(lock_init(&key[2], c.quoted, NULL), 0);
    assert_int_equal(key[0].key, key[1].key);
    assert_int_not_equal(key[0].key, key[2].key);
    /* The key must stay what it is: runners of two versions have to meet. */
    assert_true(key[0].key == INT64_C(-2600184735659623824));
    ledger_table_done(&a);
    ledger_table_done(&b);
    ledger_table_done(&c);
}

static void
test_quoting(void **state)
{
    (void)state;
    cleanup_strbuf struct strbuf b = STRBUF_INIT;
    quote_literal(&b, "it's");
    quote_literal(&b, "a\\'b");
    quote_ident(&b, "x\"y");
    assert_string_equal(strbuf_str(&b), "'it''s' E'a\\\\''b'\"x\"\"y\"");
}

static void
test_create(void **state)
{
    (void)state;
    const struct layout_place place = {.schema = "s", .table = "t", .quoted = "\"s\".\"t\""};
    cleanup_strbuf struct strbuf b = STRBUF_INIT;
    layout_native.sql_create(&place, &b);
    assert_string_equal(
        strbuf_str(&b),
        "CREATE TABLE IF NOT EXISTS \"s\".\"t\" (version pg_catalog.text PRIMARY KEY,"
        " name pg_catalog.text NOT NULL, phase pg_catalog.text NOT NULL DEFAULT 'expand',"
        " sha256 pg_catalog.bytea NOT NULL, loose_sha256 pg_catalog.bytea NOT NULL,"
        " applied_at pg_catalog.timestamptz NOT NULL, applied_by pg_catalog.text NOT NULL,"
        " duration_ms pg_catalog.int8 NOT NULL, release pg_catalog.text,"
        " tool pg_catalog.text NOT NULL)");
}

static void
test_insert(void **state)
{
    (void)state;
    const struct migration m = {.version = (char *)(uintptr_t)("0001"),
                                .name = (char *)(uintptr_t)("o'neil"),
                                .phase = MIGRATION_CONTRACT};
    const uint8_t sum[DIGEST_BYTES] = {0};
    const uint8_t loose[DIGEST_BYTES] = {0xab};
    struct layout_row row = {.migration = &m, .sum = sum, .loose_sha256 = loose, .duration_ms = 7};
    cleanup_strbuf struct strbuf b = STRBUF_INIT;
    layout_native.sql_insert("\"s\".\"t\"", &row, NULL, &b);
    assert_non_null(strstr(strbuf_str(&b), "INSERT INTO \"s\".\"t\" ("));
    assert_non_null(
        strstr(strbuf_str(&b), "('0001', 'o''neil', 'contract', pg_catalog.decode('0000"));
    assert_non_null(strstr(strbuf_str(&b), "SESSION_USER, 7, NULL, 'migrate "));
    strbuf_clear(&b);
    row.release = "v1";
    layout_native.sql_insert("\"s\".\"t\"", &row, "true", &b);
    assert_non_null(
        strstr(strbuf_str(&b), "SESSION_USER, CASE WHEN true THEN 7 END, 'v1', 'migrate "));
    assert_null(strstr(strbuf_str(&b), "baseline"));
    strbuf_clear(&b);
    row.baseline = true;
    layout_native.sql_insert("\"s\".\"t\"", &row, NULL, &b);
    assert_non_null(strstr(strbuf_str(&b), "'migrate " RR_VERSION " baseline') RETURNING 1)"
                                           " SELECT 1 OPERATOR(pg_catalog./)"));
}

/* One row, or the statement is refused: a version is quoted, and so is the digest that is to be replaced. */
static void
test_delete_and_accept(void **state)
{
    (void)state;
    const struct migration m = {.version = (char *)(uintptr_t)("1'"),
                                .name = (char *)(uintptr_t)("a")};
    const uint8_t sum[DIGEST_BYTES] = {0x01}, loose[DIGEST_BYTES] = {0x02}, was[DIGEST_BYTES] = {3};
    const struct layout_row row = {.migration = &m, .sum = sum, .loose_sha256 = loose};
    cleanup_strbuf struct strbuf b = STRBUF_INIT;
    layout_native.sql_delete("\"s\".\"t\"", &m, NULL, &b);
    assert_string_equal(strbuf_str(&b),
                        "WITH written AS (DELETE FROM \"s\".\"t\" h WHERE h.version"
                        " OPERATOR(pg_catalog.=) '1''' RETURNING 1)"
                        " SELECT 1 OPERATOR(pg_catalog./) pg_catalog.count(*) FROM written");
    strbuf_clear(&b);
    layout_native.sql_accept("\"s\".\"t\"", &row, was, &b);
    assert_non_null(
        strstr(strbuf_str(&b), "UPDATE \"s\".\"t\" h SET sha256 = pg_catalog.decode('01"));
    assert_non_null(strstr(strbuf_str(&b), "loose_sha256 = pg_catalog.decode('02"));
    assert_non_null(strstr(strbuf_str(&b), "h.version OPERATOR(pg_catalog.=) '1'''"));
    assert_non_null(
        strstr(strbuf_str(&b), "h.sha256 OPERATOR(pg_catalog.=) pg_catalog.decode('03"));
    assert_non_null(strstr(strbuf_str(&b), "RETURNING 1) SELECT 1 OPERATOR(pg_catalog./)"));
}

static void
test_foreign_tables(void **state)
{
    (void)state;
    static const struct {
        const char *columns, *words;
        bool exists;
        const char *needed;
    } rows[] = {
        {NULL, NULL, false, NULL},
        {"version,name,phase,sha256,loose_sha256,applied_at,applied_by,duration_ms,release,tool",
         NULL, true,
         "version,name,phase,sha256,loose_sha256,applied_at,applied_by,duration_ms,tool"},
        {"version,name,phase,sha256,loose_sha256,applied_at,applied_by,duration_ms,release,tool,note",
         NULL, true, "version"},
        {"tool,version,name,phase,sha256,loose_sha256,applied_at,applied_by,duration_ms,release",
         NULL, true, NULL},
        {"version,name,phase,sha256,loose_sha256,applied_at,applied_by,duration_ms,release,tool,note",
         "additional column note that is NOT NULL", true, "version,note"},
        {"version,name,phase,sha256,loose_sha256,applied_at,applied_by,duration_ms,release",
         "not a history table of migrate", true, "version"},
        {"version,dirty", "golang-migrate", true, NULL},
        {"id,version_id,is_applied,tstamp", "goose", true, NULL},
        {"version_num", "alembic", true, NULL},
        {"version", "dbmate", true, NULL},
        {"a,b", "not a history table of migrate; its columns are a,b", true, NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct err e = {0};
        bool exists = !rows[i].exists;
        const struct layout_columns c = {.names = rows[i].columns, .needed = rows[i].needed};
        assert_int_equal(layouts_check_columns(&layout_native, "\"s\".\"t\"", &c, &exists, &e),
                         rows[i].words ? -1 : 0);
        assert_int_equal(exists, rows[i].exists);
        if (rows[i].words)
            assert_non_null(strstr(e.msg, rows[i].words));
    }
}

static void
test_exactly(void **state)
{
    (void)state;
    static const struct {
        const struct layout *layout;
        const char *names, *type;
        bool is;
    } rows[] = {
        {&layout_native,
         "version,name,phase,sha256,loose_sha256,applied_at,applied_by,duration_ms,release,tool",
         "text", true},
        {&layout_native,
         "tool,version,name,phase,sha256,loose_sha256,applied_at,applied_by,duration_ms,release",
         "text", true},
        {&layout_native,
         "version,name,phase,sha256,loose_sha256,applied_at,applied_by,duration_ms,release,tool,note",
         "text", false},
        {&layout_native,
         "version,name,phase,sha256,loose_sha256,applied_at,applied_by,duration_ms,release", "text",
         false},
        {&layout_golang, "version,dirty", "bigint", true},
        {&layout_golang, "version,dirty", "another", false},
        {&layout_native, "", "another", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct layout_columns c = {.names = rows[i].names, .first_type = rows[i].type};
        assert_int_equal(layouts_is_exactly(rows[i].layout, &c), rows[i].is);
    }
}

static void
test_times(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"2026-03-01 12:00:00.123456+00", "2026-03-01T12:00:00.123Z"},
        {"2026-03-01 12:00:00.25+00", "2026-03-01T12:00:00.250Z"},
        {"2026-03-01 12:00:00+00", "2026-03-01T12:00:00.000Z"},
        {"2026-03-01T12:00:00.25Z", "2026-03-01T12:00:00.25Z"},
        {"infinity", "infinity"},
        {"10000-01-01 00:00:00+00", "10000-01-01 00:00:00+00"},
        {"0044-03-15 12:00:00+00 BC", "0044-03-15 12:00:00+00 BC"},
        {"2026-03-01 12:00:00+01", "2026-03-01 12:00:00+01"},
        {"2026-03-01 12:00:00.", "2026-03-01 12:00:00."},
        {"", ""},
        {NULL, ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char *text = ledger_time(rows[i][0]);
        assert_string_equal(text, rows[i][1]);
        free(text);
    }
}

/* Names are compared by the catalog's index, and a role comes before anything is looked at. */
static void
test_messages(void **state)
{
    (void)state;
    struct ledger l = {.layout = &layout_native};
    struct strbuf sql = STRBUF_INIT;
    assert_int_equal(ledger_table_parse("a.h", &l.table, NULL), 0);
    l.table.role = "owner";
    ledger_sql_there(&l.table, &sql);
    assert_string_equal(
        strbuf_str(&sql),
        "SELECT pg_catalog.set_config('row_security', 'off', true), pg_catalog.set_config('role', 'owner', true);"
        " SELECT pg_catalog.to_regclass('\"a\".\"h\"') IS NOT NULL");
    strbuf_clear(&sql);
    ledger_sql_read(&l, &sql);
    assert_non_null(strstr(strbuf_str(&sql),
                           "'timezone', 'GMT', true), pg_catalog.set_config('role', "
                           "'owner', true); SELECT * FROM \"a\".\"h\" LIMIT 0; SELECT version"));
    strbuf_clear(&sql);
    ledger_sql_any_known(&sql);
    assert_non_null(strstr(strbuf_str(&sql), "'schema_migrations'"));
    assert_null(strstr(strbuf_str(&sql), "relname::"));
    strbuf_done(&sql);
    ledger_table_done(&l.table);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_lock_key),
        cmocka_unit_test(test_quoting),
        cmocka_unit_test(test_create),
        cmocka_unit_test(test_insert),
        cmocka_unit_test(test_foreign_tables),
        cmocka_unit_test(test_delete_and_accept),
        cmocka_unit_test(test_exactly),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
