/* verdict.c: what cannot run in a transaction, and what ends one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "migrate/sql/verdict.h"

static void
judge(const char *sql, struct verdict *ret)
{
    verdict_statement(sql, strlen(sql), false, ret);
}

static void
can(const char *sql)
{
    struct verdict v;

    judge(sql, &v);
    if (!v.transaction || v.what)
        fail_msg("%s: said to be %s", sql, v.what);
    assert_int_equal(v.control, VERDICT_NONE);
}

static void
cannot(const char *sql, const char *what)
{
    struct verdict v;

    judge(sql, &v);
    if (v.transaction)
        fail_msg("%s: said to run in a transaction", sql);
    assert_string_equal(v.what, what);
    assert_int_equal(v.control, VERDICT_NONE);
}

static void
test_indexes(void **state)
{
    (void)state;
    cannot("create index concurrently i on t (a)", "CREATE INDEX CONCURRENTLY");
    cannot("CREATE UNIQUE INDEX/**/CONCURRENTLY IF NOT EXISTS i ON t (a)",
           "CREATE INDEX CONCURRENTLY");
    cannot("create index concurrently on t (a)", "CREATE INDEX CONCURRENTLY");
    cannot("drop index concurrently if exists i", "DROP INDEX CONCURRENTLY");
    can("create index i on t (a)");
    can("create index \"concurrently\" on t (a)");
    can("create index if not exists i on concurrently (a)");
    can("create unique index i on t (a)");
    can("drop index i");
    can("drop index \"concurrently\"");
    can("create table concurrently_x (a int)");
    can("refresh materialized view concurrently v");
    can("select 'create index concurrently'");
}

static void
test_reindex(void **state)
{
    static const char all[] = "REINDEX SCHEMA, DATABASE or SYSTEM";
    static const char some[] = "REINDEX CONCURRENTLY";

    (void)state;
    cannot("reindex database d", all);
    cannot("reindex (verbose) schema s", all);
    cannot("reindex system concurrently d", all);
    cannot("reindex (tablespace x, verbose off) system", all);
    cannot("reindex table concurrently t", some);
    cannot("reindex index concurrently i", some);
    cannot("reindex (concurrently) table t", some);
    cannot("reindex (verbose, CONCURRENTLY true) index t", some);
    cannot("reindex (concurrently on) index t", some);
    can("reindex (concurrently false) index t");
    can("reindex (concurrently 0) index t");
    can("reindex (verbose) index t");
    cannot("reindex (1, concurrently) index t", some);
    cannot("reindex (tablespace (a, b), concurrently) index t", some);
    can("reindex (tablespace (a, concurrently), verbose) index t");
    cannot("reindex (concurrently -) index t", some);
    can("reindex table schema");
    can("reindex table t");
}

static void
test_whole_server(void **state)
{
    (void)state;
    cannot("create database d", "CREATE DATABASE");
    cannot("drop database if exists d with (force)", "DROP DATABASE");
    cannot("create tablespace s location '/x'", "CREATE TABLESPACE");
    cannot("drop tablespace s", "DROP TABLESPACE");
    cannot("alter database d set tablespace s", "ALTER DATABASE SET TABLESPACE");
    cannot("alter database d tablespace s", "ALTER DATABASE SET TABLESPACE");
    cannot("alter database d with tablespace = s", "ALTER DATABASE SET TABLESPACE");
    cannot("alter system set work_mem = '1GB'", "ALTER SYSTEM");
    cannot("alter system reset all", "ALTER SYSTEM");
    can("alter database d set default_tablespace = s");
    can("alter database tablespace rename to x");
    can("alter database d rename to tablespace");
    can("alter database d with connection limit 3");
    can("alter tablespace s rename to x");
    can("alter table t set tablespace s");
}

static void
test_maintenance(void **state)
{
    (void)state;
    cannot("vacuum", "VACUUM");
    cannot("VACUUM (analyze) t", "VACUUM");
    cannot("cluster", "CLUSTER without a table");
    cannot("cluster verbose /* all */", "CLUSTER without a table");
    cannot("cluster (verbose)", "CLUSTER without a table");
    cannot("discard all", "DISCARD ALL");
    can("cluster t");
    can("cluster verbose t using i");
    can("cluster (verbose) t");
    can("cluster i on t");
    can("discard plans");
    can("analyze");
    can("checkpoint");
    can("alter type e add value 'x'");
    can("\"vacuum\"");
}

static void
test_detach(void **state)
{
    static const char what[] = "DETACH PARTITION CONCURRENTLY";

    (void)state;
    cannot("alter table t detach partition p concurrently", what);
    cannot("alter table if exists only a.t * detach partition \"b\".p concurrently", what);
    can("alter table t detach partition p");
    can("alter table t detach partition p finalize");
    can("alter table t add column concurrently int");
    can("alter table t rename to concurrently");
}

static void
test_subscriptions(void **state)
{
    static const char create[] = "CREATE SUBSCRIPTION with a slot";
    static const char refresh[] = "ALTER SUBSCRIPTION with refresh";

    (void)state;
    cannot("create subscription s connection 'x' publication p", create);
    cannot("create subscription s connection 'x' publication p, q with (enabled = false)", create);
    cannot("create subscription s connection 'x' publication p with (connect)", create);
    cannot("create subscription s connection 'x' publication p with (create_slot = true)", create);
    can("create subscription s connection 'x' publication p with (connect = false)");
    can("create subscription s connection 'x' publication p with (slot_name = 'a', create_slot = 'off')");
    can("create subscription s connection 'x' publication p with (copy_data = false, create_slot = 0)");
    cannot("drop subscription s", "DROP SUBSCRIPTION");
    cannot("alter subscription s refresh publication", "ALTER SUBSCRIPTION REFRESH");
    cannot("alter subscription s set publication p", refresh);
    cannot("alter subscription s add publication p with (copy_data = false)", refresh);
    cannot("alter subscription s drop publication p", refresh);
    cannot("alter subscription s set (failover = true)", "ALTER SUBSCRIPTION SET");
    can("alter subscription s set publication p with (refresh = false)");
    can("alter subscription s set (slot_name = none)");
    can("alter subscription s disable");
    can("alter subscription s rename to publication");
    can("alter subscription s owner to x");
}

static void
controls(const char *sql, enum verdict_control control, const char *what)
{
    struct verdict v;

    judge(sql, &v);
    assert_true(v.transaction);
    assert_int_equal(v.control, control);
    assert_string_equal(v.what, what);
}

static void
test_control(void **state)
{
    (void)state;
    controls("begin", VERDICT_BEGIN, "BEGIN");
    controls("start transaction", VERDICT_BEGIN, "START TRANSACTION");
    controls("COMMIT", VERDICT_COMMIT, "COMMIT");
    controls("commit work and no chain", VERDICT_COMMIT, "COMMIT");
    controls("end transaction", VERDICT_COMMIT, "END");
    controls("commit and chain", VERDICT_CHAIN, "COMMIT AND CHAIN");
    controls("end work and chain", VERDICT_CHAIN, "END AND CHAIN");
    controls("rollback", VERDICT_ROLLBACK, "ROLLBACK");
    controls("rollback transaction and chain", VERDICT_ROLLBACK, "ROLLBACK");
    controls("abort", VERDICT_ROLLBACK, "ABORT");
    controls("prepare transaction 'x'", VERDICT_PREPARE, "PREPARE TRANSACTION");
    cannot("commit prepared 'x'", "COMMIT PREPARED");
    cannot("rollback prepared 'x'", "ROLLBACK PREPARED");
    can("rollback to savepoint s");
    can("rollback work to s");
    can("savepoint s");
    can("release s");
    can("prepare transaction as select 1");
    can("prepare p as select 1");
    can("start");
    can("set transaction isolation level serializable");
    can("do $$ begin commit; end $$");
    can("");
}

static void
test_modes(void **state)
{
    static const char sql[] = "begin work isolation level serializable, read only -- x";
    struct verdict v;

    (void)state;
    judge(sql, &v);
    assert_int_equal(v.options_offset, 11);
    assert_int_equal(v.options_bytes, strlen("isolation level serializable, read only"));
    judge("begin", &v);
    assert_int_equal(v.options_bytes, 0);
}

/* --- files --- */

static int
file(const char *text, enum verdict_wish wish, struct verdict_file *ret, struct err *e)
{
    struct lexer lx;

    lexer_init(&lx, text, strlen(text));
    return verdict_file(&lx, wish, 0, ret, e);
}

static void
test_files(void **state)
{
    struct verdict_file f;

    (void)state;
    assert_int_equal(file("", VERDICT_AUTO, &f, NULL), 0);
    assert_true(f.transaction);
    assert_int_equal(f.statements, 0);

    assert_int_equal(file("a; b", VERDICT_AUTO, &f, NULL), 0);
    assert_true(f.transaction);
    assert_null(f.cannot);
    assert_int_equal(f.statements, 2);

    assert_int_equal(file("a;\nvacuum;\nalter system x", VERDICT_AUTO, &f, NULL), 0);
    assert_false(f.transaction);
    assert_int_equal(f.cannot_line, 2);
    assert_string_equal(f.cannot, "VACUUM");

    assert_int_equal(file("a; b", VERDICT_OFF, &f, NULL), 0);
    assert_false(f.transaction);
    assert_int_equal(file("a; vacuum", VERDICT_OFF, &f, NULL), 0);
    assert_int_equal(file("a; b", VERDICT_ON, &f, NULL), 0);
    assert_true(f.transaction);
}

static bool
elided(const char *text, const struct verdict_file *f, size_t n)
{
    struct lexer lx;
    struct statement st = {.n = 0};

    lexer_init(&lx, text, strlen(text));
    while (st.n != n)
        assert_int_equal(lexer_next(&lx, &st, NULL), 1);
    return verdict_elides(f, text, &st);
}

static void
test_outer(void **state)
{
    static const char text[] = "-- x\nstart transaction read write;\na;\nb;\nend";
    struct verdict_file f;

    (void)state;
    assert_int_equal(file("begin; a; commit; -- done", VERDICT_AUTO, &f, NULL), 0);
    assert_true(f.transaction);
    assert_int_equal(f.begin_n, 1);
    assert_int_equal(f.commit_n, 3);
    assert_int_equal(f.options_bytes, 0);
    assert_int_equal(file("begin; commit", VERDICT_ON, &f, NULL), 0);
    assert_int_equal(f.commit_n, 2);
    assert_int_equal(file(text, VERDICT_AUTO, &f, NULL), 0);
    assert_int_equal(f.commit_n, 4);
    assert_memory_equal(text + f.options_offset, "read write", f.options_bytes);
    for (size_t n = 1; n <= 4; n++)
        assert_int_equal(elided(text, &f, n), n == 1 || n == 4);
    assert_int_equal(f.options_bytes, 10);
}

/* pg_dump writes large objects between BEGIN and COMMIT of their own. */
static void
test_large_objects(void **state)
{
    static const char text[] =
        "a;\nbegin;\nselect pg_catalog.lo_open('1', 131072);\nselect pg_catalog.lowrite(0, '');\n"
        "SELECT lo_close(0);\ncommit;\nbegin; select lo_open(2, 3); commit; b;";
    static const char first[] = "begin; select lo_open(1, 2); commit; a";
    static const char last[] = "a; begin; select lo_open(1, 2); end";
    static const char whole[] = "begin; a; select lo_open(1, 2); commit";
    struct verdict_file f;

    (void)state;
    assert_int_equal(file(text, VERDICT_AUTO, &f, NULL), 0);
    assert_true(f.transaction);
    assert_int_equal(f.begin_n, 0);
    assert_int_equal(f.commit_n, 0);
    for (size_t n = 1; n <= 10; n++)
        assert_int_equal(elided(text, &f, n), n == 2 || n == 6 || n == 7 || n == 9);
    assert_int_equal(file(first, VERDICT_AUTO, &f, NULL), 0);
    for (size_t n = 1; n <= 4; n++)
        assert_int_equal(elided(first, &f, n), n == 1 || n == 3);
    assert_int_equal(file(last, VERDICT_ON, &f, NULL), 0);
    for (size_t n = 1; n <= 4; n++)
        assert_int_equal(elided(last, &f, n), n == 2 || n == 4);
    assert_int_equal(file(whole, VERDICT_AUTO, &f, NULL), 0);
    assert_int_equal(f.commit_n, 4);
    assert_int_equal(file("a; b", VERDICT_AUTO, &f, NULL), 0);
    assert_false(elided("a; b", &f, 1));
}

static void
refused(const char *text, enum verdict_wish wish, size_t line, const char *begins)
{
    struct verdict_file f;
    struct err e;

    assert_int_equal(file(text, wish, &f, &e), -1);
    assert_int_equal(e.code, ERR_INPUT);
    char shown[sizeof(e.msg) + 32];
    snprintf(shown, sizeof(shown), "line %zu: %s", f.error_line, e.msg);
    if (strncmp(shown, begins, strlen(begins)) != 0)
        fail_msg("%s: %s", text, shown);
    assert_int_equal(f.error_line, line);
}

/* What nobody sees is a letter to PostgreSQL. */
static void
test_invisible(void **state)
{
    static const char *const fine[] = {
        "select '\xc2\xa0', \"\xe2\x80\x8b\", $$\xef\xbb\xbf$$, e'\xe3\x80\x80';",
        "-- \xc2\xa0\nselect /* \xe2\x80\x8b */ 1; -- \xef\xbb\xbf",
        "\xef\xbb\xbfselect 1",
        "select gr\xc3\xb6\xc3\x9f"
        "e, \xe2\x80\x8c, \xe4\xb8\xad, \xf0\x9f\x98\x80",
        "copy t from stdin;\n\xc2\xa0\n\\.\n",
        "create function f() language plpgsql as $x$ a\xc2\xa0"
        "b $x$",
    };
    struct verdict_file f;
    struct err e;

    (void)state;
    for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
        if (file(fine[i], VERDICT_AUTO, &f, &e) < 0)
            fail_msg("%s: %s", fine[i], e.msg);
    refused("a;\nb,\n\xc2\xa0 c", VERDICT_AUTO, 3,
            "line 3: U+00A0 (no-break space) outside quotes");
    assert_int_equal(file("select '\xc2\xa0' as\xc2\xa0x", VERDICT_AUTO, &f, &e), -1);
    assert_int_equal(f.error_offset, 14);
    assert_string_equal(f.rule, "characters");
    refused("create table t\xe2\x80\x8b ()", VERDICT_AUTO, 1, "line 1: U+200B (zero width space)");
    refused("a;\n\xef\xbb\xbfselect 1", VERDICT_AUTO, 2, "line 2: U+FEFF (byte order mark)");
    refused("\xef\xbb\xbf\xef\xbb\xbf"
            "a",
            VERDICT_AUTO, 1, "line 1: U+FEFF");
    refused("select 1\xe3\x80\x80", VERDICT_AUTO, 1, "line 1: U+3000 (ideographic space)");
    refused("copy t\xc2\xad from stdin;\n1\n", VERDICT_AUTO, 1, "line 1: U+00AD (soft hyphen)");
}

static void
test_refused(void **state)
{
    (void)state;
    refused("a;\ncommit;\nb", VERDICT_AUTO, 2, "line 2: COMMIT inside a file");
    refused("a;\ncommit", VERDICT_AUTO, 2, "line 2: COMMIT inside a file");
    refused("begin;\na;\ncommit;\nb", VERDICT_AUTO, 3, "line 3: COMMIT inside a file");
    refused("begin;\ncommit;\nbegin;\ncommit;", VERDICT_AUTO, 2, "line 2: COMMIT inside a file");
    refused("begin; a;\nrollback", VERDICT_AUTO, 2, "line 2: ROLLBACK inside a file");
    refused("begin; a;\ncommit and chain", VERDICT_AUTO, 2,
            "line 2: COMMIT AND CHAIN inside a file");
    refused("a;\nbegin; b; end", VERDICT_AUTO, 2, "line 2: BEGIN inside a file");
    refused("begin;\nbegin; b; end", VERDICT_AUTO, 2, "line 2: BEGIN inside a file");
    refused("prepare transaction 'x'", VERDICT_AUTO, 1,
            "line 1: PREPARE TRANSACTION inside a file");
    refused("a;\nbegin; select lo_open(1, 2);\nb; commit", VERDICT_AUTO, 2,
            "line 2: BEGIN inside a file");
    refused("a;\nbegin;\ncommit", VERDICT_AUTO, 2, "line 2: BEGIN inside a file");
    refused("a;\nbegin; select pg_catalog; commit", VERDICT_AUTO, 2, "line 2: BEGIN inside a file");
    refused("a;\nbegin; select pg_catalog.now(); commit", VERDICT_AUTO, 2,
            "line 2: BEGIN inside a file");
    refused("a;\nbegin read only; select lo_open(1, 2); commit", VERDICT_AUTO, 2,
            "line 2: BEGIN inside a file");
    refused("a;\nbegin; select lo_open(1, 2);\nrollback", VERDICT_AUTO, 3,
            "line 3: ROLLBACK inside a file");
    refused("a;\nbegin; select lo_open(1, 2)", VERDICT_AUTO, 2, "line 2: BEGIN without a COMMIT");
    refused("begin; a; select lo_open(1, 2);\ncommit; b", VERDICT_AUTO, 2,
            "line 2: COMMIT inside a file");
    refused("a; begin; select lo_open(1, 2); commit;\nvacuum", VERDICT_AUTO, 2,
            "line 2: VACUUM cannot run in a transaction, and the file begins one");
    refused("a;\nbegin; select lo_open(1, 2); commit", VERDICT_OFF, 2,
            "line 2: BEGIN in a file with transaction=off");
    refused("discard all", VERDICT_AUTO, 1, "line 1: DISCARD ALL would release migrate's lock");
    refused("vacuum;\nDiscard /* */ All", VERDICT_OFF, 2, "line 2: DISCARD ALL would release");
    refused("begin; a", VERDICT_AUTO, 1, "line 1: BEGIN without a COMMIT");
    refused("begin", VERDICT_AUTO, 1, "line 1: BEGIN without a COMMIT");
    refused("begin;\nvacuum; commit", VERDICT_AUTO, 2,
            "line 2: VACUUM cannot run in a transaction, and the file begins one");
    refused("a;\nvacuum", VERDICT_ON, 2,
            "line 2: VACUUM cannot run in a transaction, and the header says");
    refused("begin; a; commit", VERDICT_OFF, 1, "line 1: BEGIN in a file with transaction=off");
    refused("a;\n-- migrate:down\nb", VERDICT_AUTO, 2, "line 2: an annotation of dbmate's");
    refused("a; -- +goose Down", VERDICT_AUTO, 1, "line 1: an annotation of goose's");
    refused("a;\n\n-- +migrate Down\nb;", VERDICT_AUTO, 3,
            "line 3: an annotation of sql-migrate's");
    refused("a;\n--  Down Migration\nb;", VERDICT_AUTO, 2, "line 2: an annotation of node-pg-");
    refused("a;\n-- migrate: phase=contract\nb;", VERDICT_AUTO, 2, "line 2: a -- migrate: line");
    refused("copy a from stdin;\n-- migrate:down\n\\.\n-- Migrate: phase=contract\n", VERDICT_AUTO,
            4, "line 4: a -- migrate: line");
    refused("a;\n'b", VERDICT_AUTO, 2, "line 2: this quoted string is not closed");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_indexes),      cmocka_unit_test(test_reindex),
        cmocka_unit_test(test_whole_server), cmocka_unit_test(test_maintenance),
        cmocka_unit_test(test_detach),       cmocka_unit_test(test_subscriptions),
        cmocka_unit_test(test_control),      cmocka_unit_test(test_modes),
        cmocka_unit_test(test_files),        cmocka_unit_test(test_outer),
        cmocka_unit_test(test_refused),      cmocka_unit_test(test_large_objects),
        cmocka_unit_test(test_invisible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
