/* test_rehearse_words.c: lock modes, amounts, what is shown of statements, what cannot run in a transaction. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "migrate/rehearse/amount.h"
#include "migrate/rehearse/brief.h"
#include "migrate/rehearse/lockmode.h"
#include "migrate/rehearse/outside.h"
#include "migrate/sql/verdict.h"

/* ---- lock modes ---- */

/* PostgreSQL's table of conflicts: with AccessShareLock (reads) and with RowExclusiveLock (writes). */
static void
test_who_waits(void **state)
{
    (void)state;
    static const struct {
        const char *name, *waits;
    } rows[] = {
        {"AccessShareLock", "ok"},          {"RowShareLock", "ok"},
        {"RowExclusiveLock", "ok"},         {"ShareUpdateExclusiveLock", "ok"},
        {"ShareLock", "BLOCKS WRITES"},     {"ShareRowExclusiveLock", "BLOCKS WRITES"},
        {"ExclusiveLock", "BLOCKS WRITES"}, {"AccessExclusiveLock", "BLOCKS READS"},
    };
    enum lockmode before = LOCKMODE_NONE;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        enum lockmode mode = lockmode_parse(rows[i].name);
        assert_true(mode > before); /* weakest first */
        before = mode;
        assert_string_equal(lockmode_name(mode), rows[i].name);
        assert_string_equal(lockmode_waits_text(lockmode_waits(mode)), rows[i].waits);
    }
    assert_int_equal(lockmode_parse("SIReadLock"), LOCKMODE_NONE);
    assert_int_equal(lockmode_parse("none"), LOCKMODE_NONE);
}

static void
test_sets_of_modes(void **state)
{
    (void)state;
    unsigned set = lockmode_bit(LOCKMODE_ACCESS_SHARE) | lockmode_bit(LOCKMODE_SHARE) |
                   lockmode_bit(LOCKMODE_ACCESS_EXCLUSIVE);
    assert_int_equal(lockmode_bit(LOCKMODE_NONE), 0);
    assert_int_equal(lockmode_strongest(0), LOCKMODE_NONE);
    assert_int_equal(lockmode_strongest(set), LOCKMODE_ACCESS_EXCLUSIVE);
    assert_int_equal(lockmode_strongest(lockmode_up_to(set, LOCKMODE_SHARE)), LOCKMODE_SHARE);
    assert_int_equal(lockmode_strongest(lockmode_up_to(set, LOCKMODE_ROW_EXCLUSIVE)),
                     LOCKMODE_ACCESS_SHARE);
    assert_int_equal(lockmode_up_to(set, LOCKMODE_NONE), 0);
}

/* ---- amounts ---- */

static void
test_amounts(void **state)
{
    (void)state;
    char buf[AMOUNT_MAX];
    assert_string_equal(amount_bytes(buf, -1), "-");
    assert_string_equal(amount_bytes(buf, 0), "0 B");
    assert_string_equal(amount_bytes(buf, 8192), "8.0 kB");
    assert_string_equal(amount_bytes(buf, 40960), "40 kB");
    assert_string_equal(amount_bytes(buf, 1288490189), "1.2 GB");
    assert_string_equal(amount_bytes(buf, INT64_MAX), "8388608 TB");
    assert_string_equal(amount_rows(buf, -1), "-");
    assert_string_equal(amount_rows(buf, 812), "812");
    assert_string_equal(amount_rows(buf, 4100000), "4.1 M");
    assert_string_equal(amount_rows(buf, 12000), "12 k");
    assert_string_equal(amount_us(buf, 999), "<1 ms");
    assert_string_equal(amount_us(buf, 2999), "2 ms");
    assert_string_equal(amount_us(buf, 3119999), "3.11 s");
    assert_string_equal(amount_us(buf, 125000000), "2 min 5 s");
}

static void
check_relation(const char *schema, const char *name, const char *wanted)
{
    cleanup_strbuf struct strbuf out = STRBUF_INIT;
    amount_relation(schema, name, &out);
    assert_string_equal(strbuf_str(&out), wanted);
}

static void
test_names_of_relations(void **state)
{
    (void)state;
    check_relation("public", "orders", "orders");
    check_relation("sales", "orders_2024", "sales.orders_2024");
    check_relation("public", "Orders", "\"Orders\"");
    check_relation("public", "a\"b\"", "\"a\"\"b\"\"\"");
    check_relation("public", "größe", "größe");
    check_relation("public", "2024", "\"2024\"");
    check_relation("public", "\033[31mred", "\"?[31mred\"");
    check_relation("public", "a\302\233m", "a?m");
}

/* ---- statements ---- */

static void
check_brief(const char *sql, size_t max, const char *wanted)
{
    cleanup_strbuf struct strbuf out = STRBUF_INIT;
    brief_format(sql, strlen(sql), false, max, &out);
    assert_string_equal(strbuf_str(&out), wanted);
}

static void
test_brief(void **state)
{
    (void)state;
    check_brief("ALTER  TABLE t -- why\n\tADD /* x */ COLUMN a int", 80,
                "ALTER TABLE t ADD COLUMN a int");
    check_brief("CREATE ROLE app PASSWORD 'secret'", 80, "CREATE ROLE app PASSWORD '...'");
    check_brief("DO $$ BEGIN x('secret'); END $$", 80, "DO '...'");
    check_brief("COPY t(a,b) FROM stdin", 80, "COPY t(a,b) FROM stdin");
    check_brief("SELECT aaaaaaaaaa", 12, "SELECT aa...");
    check_brief("SELECT aaaaa", 12, "SELECT aaaaa");
    check_brief("SELECT ääääää b", 12, "SELECT ää...");
    check_brief("SELECT abc defghijk", 13, "SELECT abc...");
    check_brief("SELECT abcdef", 10, "SELECT...");
    check_brief("SELECT \"a\033[2Jb\"", 80, "SELECT \"a?[2Jb\"");
}

static enum lockmode
most(const char *sql)
{
    return brief_most(sql, strlen(sql), false);
}

static void
test_what_kinds_lock_at_most(void **state)
{
    (void)state;
    assert_int_equal(most("UPDATE t SET a = 1"), LOCKMODE_ROW_EXCLUSIVE);
    assert_int_equal(most("/* x */ select 1"), LOCKMODE_ROW_EXCLUSIVE);
    assert_int_equal(most("CREATE UNIQUE INDEX i ON t (a)"), LOCKMODE_SHARE);
    assert_int_equal(most("CREATE TRIGGER x BEFORE INSERT ON t"), LOCKMODE_SHARE_ROW_EXCLUSIVE);
    assert_int_equal(most("ANALYZE t"), LOCKMODE_SHARE_UPDATE_EXCLUSIVE);
    assert_int_equal(most("SET a = 1"), LOCKMODE_NONE);
    assert_int_equal(most("CREATE OR REPLACE VIEW v AS SELECT 1"), LOCKMODE_ACCESS_EXCLUSIVE);
    assert_int_equal(most("ALTER TABLE t ADD a int"), LOCKMODE_ACCESS_EXCLUSIVE);
    assert_int_equal(most("DO 'x'"), LOCKMODE_ACCESS_EXCLUSIVE);
    assert_int_equal(most(""), LOCKMODE_ACCESS_EXCLUSIVE);
    assert_true(brief_truncates("truncate t", 10, false));
    assert_false(brief_truncates("ALTER t", 7, false));
}

static bool
same(const char *a, const char *b)
{
    return brief_same_insert(a, strlen(a), b, strlen(b), false);
}

static void
test_inserts_side_by_side(void **state)
{
    (void)state;
    assert_true(same("INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2, 3)"));
    assert_true(same("INSERT INTO s.t (a) VALUES (1)", "insert into s.t(a) values (2)"));
    assert_false(same("INSERT INTO t VALUES (1)", "INSERT INTO u VALUES (1)"));
    assert_false(same("INSERT INTO t VALUES (1)", "INSERT INTO t SELECT 1"));
    assert_false(same("INSERT INTO t SELECT 1", "INSERT INTO t SELECT 1"));
    assert_false(same("INSERT INTO t VALUES (1)", "UPDATE t SET a = 1"));
    assert_false(same("SELECT 1", "SELECT 1"));
    assert_false(same("INSERT INTO", "INSERT INTO"));
}

static void
test_names_in_a_statement(void **state)
{
    (void)state;
    static const char sql[] =
        "ALTER TABLE Sales.\"Order s\" ADD a int; DO $x$ BEGIN UPDATE inner_t "
        "SET a = 'literal' || $y$ deep $y$; END $x$";
    struct brief_names names;
    struct err e = {0};
    assert_int_equal(brief_names_of(sql, strlen(sql), false, &names, &e), 0);
    assert_true(brief_has_name(&names, "sales"));
    assert_true(brief_has_name(&names, "Order s"));
    assert_true(brief_has_name(&names, "inner_t"));
    assert_false(brief_has_name(&names, "literal"));
    assert_false(brief_has_name(&names, "deep"));
    assert_false(brief_has_name(&names, "Sales"));
    brief_names_done(&names);
    assert_int_equal(brief_names_of("", 0, false, &names, &e), 0);
    assert_false(brief_has_name(&names, "a"));
    brief_names_done(&names);
    assert_int_equal(brief_names_of("a $$ b", 6, false, &names, &e), 0); /* never closed */
    assert_true(brief_has_name(&names, "a"));
    brief_names_done(&names);
    /* neither a literal nor what is opened and not closed is a body */
    assert_int_equal(brief_names_of("a 'b' $x$", 9, false, &names, &e), 0);
    assert_int_equal(names.n, 1);
    assert_true(brief_has_name(&names, "a"));
    brief_names_done(&names);
}

/* ---- outside ---- */

static enum lockmode
outside(const char *sql)
{
    struct verdict v;
    verdict_statement(sql, strlen(sql), false, &v);
    return outside_of(v.transaction ? NULL : v.what, sql, strlen(sql), false).mode;
}

static void
test_outside(void **state)
{
    (void)state;
    assert_int_equal(outside("CREATE INDEX CONCURRENTLY i ON t (a)"),
                     LOCKMODE_SHARE_UPDATE_EXCLUSIVE);
    assert_int_equal(outside("DROP INDEX CONCURRENTLY i"), LOCKMODE_SHARE_UPDATE_EXCLUSIVE);
    assert_int_equal(outside("REINDEX INDEX CONCURRENTLY i"), LOCKMODE_SHARE_UPDATE_EXCLUSIVE);
    assert_int_equal(outside("ALTER TABLE t DETACH PARTITION p CONCURRENTLY"),
                     LOCKMODE_SHARE_UPDATE_EXCLUSIVE);
    assert_int_equal(outside("VACUUM t"), LOCKMODE_SHARE_UPDATE_EXCLUSIVE);
    assert_int_equal(outside("VACUUM (ANALYZE, FULL false) t"), LOCKMODE_SHARE_UPDATE_EXCLUSIVE);
    assert_int_equal(outside("VACUUM FULL t"), LOCKMODE_ACCESS_EXCLUSIVE);
    assert_int_equal(outside("VACUUM (VERBOSE, FULL) t"), LOCKMODE_ACCESS_EXCLUSIVE);
    assert_int_equal(outside("CLUSTER"), LOCKMODE_ACCESS_EXCLUSIVE);
    assert_int_equal(outside("REINDEX DATABASE d"), LOCKMODE_SHARE);
    assert_int_equal(outside("ALTER SYSTEM SET a = 1"), LOCKMODE_NONE);
    assert_int_equal(outside("SELECT 1"), LOCKMODE_NONE);
}

static void
test_sequences_that_are_set(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        bool sets;
    } rows[] = {
        {"SELECT pg_catalog.setval('a', 1)", true},
        {"select SETVAL ('a', 1)", true},
        {"WITH m AS (SELECT 1) SELECT setval('a', 1) FROM m", true},
        {"SELECT 'setval(1)', setval FROM t", false},
        {"INSERT INTO t VALUES (1)", false},
        {"DO $$ BEGIN PERFORM setval('a', 1); END $$", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_int_equal(brief_sets_sequence(rows[i].sql, strlen(rows[i].sql), false),
                         rows[i].sets);
    static const char sql[] = "SELECT setval('public.Orders_id_seq', 1)";
    assert_true(brief_mentions(sql, sizeof(sql) - 1, "orders_id_seq"));
    assert_false(brief_mentions(sql, sizeof(sql) - 1, "orders"));
    assert_false(brief_mentions(sql, sizeof(sql) - 1, "id_seq"));
    assert_false(brief_mentions(sql, sizeof(sql) - 1, ""));
    assert_true(brief_mentions("orders", 6, "orders"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_waits),
        cmocka_unit_test(test_sets_of_modes),
        cmocka_unit_test(test_amounts),
        cmocka_unit_test(test_names_of_relations),
        cmocka_unit_test(test_brief),
        cmocka_unit_test(test_what_kinds_lock_at_most),
        cmocka_unit_test(test_inserts_side_by_side),
        cmocka_unit_test(test_names_in_a_statement),
        cmocka_unit_test(test_outside),
        cmocka_unit_test(test_sequences_that_are_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
