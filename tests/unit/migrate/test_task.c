/* test_task.c: what a statement is to bring about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "migrate/sql/task.h"

static const struct {
    const char *sql;
    enum task_kind kind;
    enum task_object object;
    const char *name, *table; /* NULL: none */
} rows[] = {
    {"CREATE INDEX CONCURRENTLY i ON t (a)", TASK_CREATE_INDEX, TASK_INDEX, "i", "t"},
    {"create unique index concurrently if not exists \"I i\" on only s . \"T\" using btree (a)",
     TASK_CREATE_INDEX, TASK_INDEX, "\"I i\"", "s . \"T\""},
    {"CREATE INDEX CONCURRENTLY ON t (a)", TASK_CREATE_INDEX, TASK_INDEX, NULL, "t"},
    {"CREATE INDEX i ON t (a)", TASK_CREATE_INDEX, TASK_INDEX, "i", "t"},
    {"CREATE INDEX CONCURRENTLY U&\"i\" ON t (a)", TASK_UNKNOWN, TASK_INDEX, NULL, NULL},
    {"CREATE INDEX CONCURRENTLY i ON U&\"t\" (a)", TASK_UNKNOWN, TASK_INDEX, "i", NULL},
    {"CREATE UNIQUE DATABASE d", TASK_UNKNOWN, TASK_NOTHING, NULL, NULL},
    {"DROP INDEX CONCURRENTLY IF EXISTS s.i", TASK_DROP_INDEX, TASK_INDEX, "s.i", NULL},
    {"DROP INDEX CONCURRENTLY U&\"i\"", TASK_UNKNOWN, TASK_INDEX, NULL, NULL},
    {"DROP INDEX i", TASK_UNKNOWN, TASK_NOTHING, NULL, NULL},
    {"DROP TABLE t", TASK_UNKNOWN, TASK_NOTHING, NULL, NULL},
    {"DROP DATABASE IF EXISTS d (FORCE)", TASK_DROP, TASK_DATABASE, "d", NULL},
    {"DROP SUBSCRIPTION s", TASK_DROP, TASK_SUBSCRIPTION, "s", NULL},
    {"CREATE DATABASE d TEMPLATE template0", TASK_CREATE, TASK_DATABASE, "d", NULL},
    {"CREATE TABLESPACE x LOCATION '/y'", TASK_CREATE, TASK_TABLESPACE, "x", NULL},
    {"CREATE DATABASE U&\"d\"", TASK_UNKNOWN, TASK_DATABASE, NULL, NULL},
    {"CREATE TABLE t (i int)", TASK_UNKNOWN, TASK_NOTHING, NULL, NULL},
    {"ALTER TABLE IF EXISTS ONLY a.p DETACH PARTITION a.q CONCURRENTLY", TASK_DETACH, TASK_TABLE,
     "a.q", "a.p"},
    {"ALTER TABLE p DETACH PARTITION q", TASK_UNKNOWN, TASK_TABLE, "q", "p"},
    {"ALTER TABLE p * ADD COLUMN a int", TASK_UNKNOWN, TASK_NOTHING, NULL, "p"},
    {"ALTER SYSTEM SET work_mem = '1MB'", TASK_AGAIN, TASK_NOTHING, NULL, NULL},
    {"ALTER DATABASE d SET TABLESPACE x", TASK_AGAIN, TASK_NOTHING, NULL, NULL},
    {"ALTER TYPE e ADD VALUE 'x'", TASK_UNKNOWN, TASK_NOTHING, NULL, NULL},
    {"REINDEX INDEX CONCURRENTLY s.i", TASK_REINDEX, TASK_INDEX, "s.i", NULL},
    {"REINDEX (VERBOSE, CONCURRENTLY) TABLE t", TASK_REINDEX, TASK_TABLE, "t", NULL},
    {"REINDEX SCHEMA CONCURRENTLY s", TASK_REINDEX, TASK_SCHEMA, "s", NULL},
    {"REINDEX SYSTEM", TASK_REINDEX, TASK_DATABASE, NULL, NULL},
    {"VACUUM (ANALYZE) t", TASK_AGAIN, TASK_NOTHING, NULL, NULL},
    {"CLUSTER", TASK_AGAIN, TASK_NOTHING, NULL, NULL},
    {"SET lock_timeout = '5s'", TASK_SESSION, TASK_NOTHING, NULL, NULL},
    {"SET SESSION ROLE x", TASK_SESSION, TASK_NOTHING, NULL, NULL},
    {"SET LOCAL lock_timeout = '5s'", TASK_UNKNOWN, TASK_NOTHING, NULL, NULL},
    {"SET CONSTRAINTS ALL IMMEDIATE", TASK_UNKNOWN, TASK_NOTHING, NULL, NULL},
    {"RESET ALL", TASK_SESSION, TASK_NOTHING, NULL, NULL},
    {"PREPARE p AS SELECT 1", TASK_SESSION, TASK_NOTHING, NULL, NULL},
    {"PREPARE TRANSACTION 'p'", TASK_UNKNOWN, TASK_NOTHING, NULL, NULL},
    {"SELECT pg_catalog.set_config('search_path', '', false)", TASK_SESSION, TASK_NOTHING, NULL,
     NULL},
    {"select set_config('a.b', (SELECT 'c'), false)", TASK_SESSION, TASK_NOTHING, NULL, NULL},
    {"SELECT set_config('a.b', 'c', false) FROM t", TASK_UNKNOWN, TASK_NOTHING, NULL, NULL},
    {"SELECT 1", TASK_UNKNOWN, TASK_NOTHING, NULL, NULL},
    {"COMMIT PREPARED 'x'", TASK_DROP, TASK_PREPARED, "'x'", NULL},
    {"ROLLBACK PREPARED 'x'", TASK_DROP, TASK_PREPARED, "'x'", NULL},
    {"COMMIT", TASK_UNKNOWN, TASK_NOTHING, NULL, NULL},
    {"INSERT INTO t VALUES (1)", TASK_UNKNOWN, TASK_NOTHING, NULL, NULL},
    {"", TASK_UNKNOWN, TASK_NOTHING, NULL, NULL},
};

static void
check_name(const char *sql, const struct task_name *name, const char *wanted)
{
    if (!wanted ? name->text != NULL
                : !name->text || name->bytes != strlen(wanted) ||
                      memcmp(name->text, wanted, name->bytes) != 0)
        fail_msg("%s: a name is \"%.*s\", not %s", sql, (int)name->bytes,
                 name->text ? name->text : "", wanted ? wanted : "none");
}

static void
test_tasks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct task t;
        task_read(rows[i].sql, strlen(rows[i].sql), false, &t);
        if (t.kind != rows[i].kind || t.object != rows[i].object)
            fail_msg("%s: %s, object %d", rows[i].sql, task_kind_text(t.kind), (int)t.object);
        check_name(rows[i].sql, &t.name, rows[i].name);
        check_name(rows[i].sql, &t.table, rows[i].table);
    }
}

static void
test_flags(void **state)
{
    (void)state;
    struct task t;
    task_read("CALL p()", 8, false, &t);
    assert_true(t.calls && t.kind == TASK_UNKNOWN);
    task_read("DO 'x'", 6, false, &t);
    assert_true(t.calls);
    task_read("CREATE INDEX IF NOT EXISTS i ON t (a)", 37, false, &t);
    assert_true(t.unless && !t.calls);
    task_read("CREATE INDEX i ON t (a)", 23, false, &t);
    assert_false(t.unless);
}

static void
test_words(void **state)
{
    (void)state;
    static const char *const words[] = {
        [TASK_UNKNOWN] = "another statement",
        [TASK_SESSION] = "a setting of the session",
        [TASK_CREATE_INDEX] = "CREATE INDEX",
        [TASK_DROP_INDEX] = "DROP INDEX",
        [TASK_REINDEX] = "REINDEX",
        [TASK_DETACH] = "DETACH PARTITION",
        [TASK_AGAIN] = "VACUUM or its like",
        [TASK_CREATE] = "CREATE",
        [TASK_DROP] = "DROP",
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        assert_string_equal(task_kind_text((enum task_kind)i), words[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_tasks), cmocka_unit_test(test_flags),
                                       cmocka_unit_test(test_words)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
