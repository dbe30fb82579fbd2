/* test_memory.c: what is kept in memory while memory runs out: an error each time, and nothing half done. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "migrate/lint/lint.h"
#include "migrate/plan.h"
#include "migrate/rehearse/brief.h"
#include "migrate/rehearse/picture.h"
#include "tests/unit/fakes/fake_memory.h"

static struct err why;

/* -1, as run() is to say it; a failure has no other code. */
static int
out_of_memory(void)
{
    assert_int_equal(why.code, ERR_NOMEM);
    why = (struct err){0};
    return -1;
}

static int
make_plan(void)
{
    struct source_migration file = {.id = {.version = (char *)(uintptr_t)("1")}};
    const struct source files = {.migrations = &file, .n = 1};
    const struct ledger ledger = {.layout = &layout_native};
    const struct plan_rules rules = {0};
    struct plan p = {0};
    if (plan_make(&files, &ledger, &rules, NULL, NULL, &p, &why) != 0)
        return out_of_memory();
    plan_done(&p);
    return 0;
}

static void
test_plan(void **state)
{
    (void)state;
    assert_int_equal(memory_fails_each(make_plan), 1);
}

/* Twenty names, four of them in a body. */
static int
collect_names(void)
{
    static const char sql[] = "a b c d e f g h i j k l m n o p; DO $x$ q r s t $x$";
    struct brief_names names = {0};
    if (brief_names_of(sql, sizeof(sql) - 1, false, &names, &why) != 0) {
        assert_null(names.all);
        return out_of_memory();
    }
    assert_int_equal(names.n, 21); /* DO is one of them */
    brief_names_done(&names);
    return 0;
}

static void
test_names(void **state)
{
    (void)state;
    assert_int_equal(memory_fails_each(collect_names), 21 + 2);
}

static const struct relation orders = {
    .oid = 7, .kind = 'r', .filenode = 1, .schema = "public", .name = "orders"};

/* One relation, locked, renamed and asked about. */
static int
use_relations(void)
{
    struct relations r = {0};
    const struct relations_lock lock = {
        .oid = 7, .mode = LOCKMODE_SHARE, .schema = "public", .name = "sales"};
    struct taking *takings = NULL;
    size_t n = 0;
    int rc = relations_add(&r, &orders, &why);
    if (rc == 0)
        rc = relations_ready(&r, &why);
    if (rc == 0) {
        relations_look(&r);
        relations_see(&r, &lock);
        rc = relations_takings(&r, NULL, NULL, &takings, &n, &why);
    }
    if (rc == 0) {
        rc = relations_rename(&r, &lock, &why);
        assert_string_equal(relations_find(&r, 7)->name, rc == 0 ? "sales" : "orders");
    }
    free(takings);
    relations_done(&r);
    return rc == 0 ? 0 : out_of_memory();
}

static void
test_relations(void **state)
{
    (void)state;
    assert_int_equal(memory_fails_each(use_relations), 7);
}

/* A file with one statement that rewrites its table and holds its lock for too long, and a wait before it. */
static int
draw(struct picture *p)
{
    static const struct source_migration m = {.file = "0001_a.sql"};
    static char text[] = "ALTER TABLE orders";
    const struct picture_statement s = {.line = 1, .count = 1, .text = text, .us = 5000000};
    const struct taking t = {
        .table = &orders, .held = &orders, .mode = LOCKMODE_ACCESS_EXCLUSIVE, .rewritten = true};
    p->max_blocking_ms = 1000;
    if (picture_file(p, &m, NULL, &why) != 0)
        return -1;
    if (picture_waited(p, "0001_a.sql", 1, "blocked by pid 7", &why) != 0) {
        assert_int_equal(p->waits_n, 0);
        return -1;
    }
    if (picture_statement(p, &s, &t, 1, &why) != 0) {
        assert_int_equal(p->files[0].n, 0);
        return -1;
    }
    return picture_judge(p, &why);
}

static int
draw_picture(void)
{
    struct picture p = {0};
    int rc = draw(&p);
    assert_int_equal(p.findings_n < 2, rc != 0);
    picture_done(&p);
    return rc == 0 ? 0 : out_of_memory();
}

static void
test_picture(void **state)
{
    (void)state;
    assert_true(memory_fails_each(draw_picture) > 8);
}

static void
found(void *arg, const struct lint_finding *f)
{
    (void)f;
    ++*(size_t *)arg;
}

/* What a check could not learn of a file is not missing in silence. */
static int
lint_text(void)
{
    static const char text[] = "CREATE TABLE t (a int, b int); ALTER TABLE t ADD CHECK (a > 0);";
    size_t n = 0;
    struct lint l = {.found = found, .arg = &n};
    struct lexer lx;
    struct statement st;
    lexer_init(&lx, text, sizeof(text) - 1);
    lint_file(&l, &(struct lint_file){.text = text, .transaction = true});
    while (lexer_next(&lx, &st, NULL) > 0)
        lint_statement(&l, &st);
    bool failed = l.known.failed;
    if (!failed)
        assert_int_equal(n, 0); /* the table is new */
    lint_done(&l);
    return failed ? -1 : 0;
}

static void
test_lint(void **state)
{
    (void)state;
    assert_int_equal(memory_fails_each(lint_text), 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan),      cmocka_unit_test(test_names),
        cmocka_unit_test(test_relations), cmocka_unit_test(test_picture),
        cmocka_unit_test(test_lint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
