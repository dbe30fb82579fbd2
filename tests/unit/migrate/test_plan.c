/* test_plan.c: files and history side by side. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "migrate/layout/layouts.h"
#include "migrate/plan.h"
#include "migrate/tell/report.h"

#define MAX 8

/*
 * One letter a file or row: its digest; upper case: phase=contract. "1a 2b 3C" are versions 1, 2
 * and 3 (contract). A row whose digest differs from the file's is loosely equal when the letters
 * are neighbours of the same pair (a, b).
 */
struct world {
    struct source_migration files[MAX];
    struct ledger_row rows[MAX];
    char versions[2][MAX][4];
    struct source source;
    struct ledger ledger;
    struct plan plan;
    struct plan_rules rules;
};

static size_t
read_side(const char *text, char versions[MAX][4], char letters[MAX])
{
    size_t n = 0;
    while (*text) {
        char *end;
        unsigned long v = strtoul(text, &end, 10);
        snprintf(versions[n], 4, "%lu", v);
        letters[n++] = *end;
        text = end + 1 + (end[1] == ' ');
    }
    return n;
}

static int
differs(const struct source_migration *m, const struct ledger_row *row, void *arg, struct err *e)
{
    (void)e;
    ++*(int *)arg;
    return (m->sum[0] - 'a') / 2 != (row->sum[0] - 'a') / 2;
}

static void
build(struct world *w, const char *files, const char *rows)
{
    char letters[MAX];
    int asked = 0;
    w->source.n = read_side(files, w->versions[0], letters);
    w->source.migrations = w->files;
    for (size_t i = 0; i < w->source.n; i++) {
        bool contract = letters[i] < 'a';
        w->files[i] = (struct source_migration){
            .id = {.version = w->versions[0][i], .name = (char *)(uintptr_t)("n")},
            .file = w->versions[0][i]};
        w->files[i].id.phase = contract ? MIGRATION_CONTRACT : MIGRATION_EXPAND;
        w->files[i].sum[0] = (uint8_t)(letters[i] | 32);
    }
    w->ledger.n = read_side(rows, w->versions[1], letters);
    w->ledger.rows = w->rows;
    w->ledger.layout = &layout_native;
    for (size_t i = 0; i < w->ledger.n; i++) {
        bool contract = letters[i] < 'a';
        w->rows[i] =
            (struct ledger_row){.id = {.version = w->versions[1][i],
                                       .name = (char *)(uintptr_t)("n"),
                                       .phase = contract ? MIGRATION_CONTRACT : MIGRATION_EXPAND},
                                .has_sum = true,
                                .applied_at = (char *)(uintptr_t)("then")};
        w->rows[i].sum[0] = (uint8_t)(letters[i] | 32);
    }
    assert_int_equal(plan_make(&w->source, &w->ledger, &w->rules, differs, &asked, &w->plan, NULL),
                     0);
}

/* Makes the plan again, of rows that a test has changed. */
static void
again(struct world *w)
{
    int asked = 0;
    plan_done(&w->plan);
    assert_int_equal(plan_make(&w->source, &w->ledger, &w->rules, differs, &asked, &w->plan, NULL),
                     0);
}

/* "1 applied,2 pending*,": the star marks a step. */
static const char *
show(const struct plan *p)
{
    static char text[256];
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < p->n; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s %s%s", i ? "," : "",
                              plan_item_migration(&p->items[i])->version,
                              plan_state_name(p->items[i].state), p->items[i].step ? "*" : "");
    return text;
}

struct row {
    const char *files, *history;
    struct plan_rules rules;
    const char *plan;
    int exit;
    const char *offender;
};

static void
test_table(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"1a 2a", "", {0}, "1 pending*,2 pending*", 0, NULL},
        {"1a 2a", "1a 2a", {0}, "1 applied,2 applied", 0, NULL},
        {"", "", {0}, "", 0, NULL},
        {"1a 2a 10a", "1a", {0}, "1 applied,2 pending*,10 pending*", 0, NULL},
        /* digests */
        {"1b", "1a", {0}, "1 edited", 0, NULL},
        {"1c 2a", "1a", {0}, "1 drifted,2 pending*", EXIT_DRIFT, "1"},
        {"1a 3a", "1a 2a", {0}, "1 applied,2 missing,3 pending*", EXIT_DRIFT, "2"},
        /* ahead */
        {"1a", "1a 2a", {0}, "1 applied,2 ahead", 0, NULL},
        {"1a", "1a 2a", {.ahead = AHEAD_REFUSE}, "1 applied,2 ahead", EXIT_DRIFT, "2"},
        {"", "1a 2a", {0}, "1 ahead,2 ahead", 0, NULL},
        /* late */
        {"1a 2a 3a", "1a 3a", {0}, "1 applied,2 late*,3 applied", EXIT_ORDER, "2"},
        {"1a 2a 3a",
         "1a 3a",
         {.out_of_order = ORDER_APPLY},
         "1 applied,2 late*,3 applied",
         0,
         NULL},
        {"1a 2a", "1a 3a", {0}, "1 applied,2 late*,3 ahead", EXIT_ORDER, "2"},
        /* limits */
        {"1a 2a 3a", "", {.to = "2"}, "1 pending*,2 pending*,3 pending", 0, NULL},
        {"1a 2a 3a", "", {.to = "0002"}, "1 pending*,2 pending*,3 pending", 0, NULL},
        {"1a 2a 3a", "1a", {.steps = 1}, "1 applied,2 pending*,3 pending", 0, NULL},
        {"1a 2a", "", {.to = "9"}, "1 pending*,2 pending*", EXIT_INPUT, NULL},
        /* phases */
        {"1a 2A 3a", "", {0}, "1 pending*,2 held,3 pending*", 0, NULL},
        {"1a 2A 3a", "1a 3a", {.phase = PHASE_CONTRACT}, "1 applied,2 pending*,3 applied", 0, NULL},
        {"1a 2A 3a", "1a 3a", {.phase = PHASE_ALL}, "1 applied,2 pending*,3 applied", 0, NULL},
        {"1a 2A 3a", "", {.phase = PHASE_ALL}, "1 pending*,2 pending*,3 pending*", 0, NULL},
        {"1a 2A 3a", "", {.phase = PHASE_CONTRACT}, "1 held,2 pending*,3 held", EXIT_ORDER, "1"},
        {"1a 2A 3A",
         "1a 3A",
         {.phase = PHASE_CONTRACT},
         "1 applied,2 late*,3 applied",
         EXIT_ORDER,
         "2"},
        {"1a 2a 3A", "1a 3A", {0}, "1 applied,2 late*,3 applied", EXIT_ORDER, "2"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct world w = {.rules = rows[i].rules};
        struct err e = {0};
        int exit = -1;
        const struct plan_item *item = NULL;
        build(&w, rows[i].files, rows[i].history);
        if (strcmp(show(&w.plan), rows[i].plan) != 0)
            fail_msg("row %zu: \"%s\", not \"%s\"", i, show(&w.plan), rows[i].plan);
        int verdict = plan_verdict(&w.plan, &w.rules, &exit, &item, &e);
        if (exit != rows[i].exit || (verdict == 0) != (rows[i].exit == 0))
            fail_msg("row %zu: exit %d, not %d: %s", i, exit, rows[i].exit, e.msg);
        if (rows[i].offender)
            assert_string_equal(plan_item_migration(item)->version, rows[i].offender);
        else
            assert_null(item);
        plan_done(&w.plan);
    }
}

static void
test_counts(void **state)
{
    (void)state;
    struct world w = {0};
    build(&w, "1a 2b 3c 4a 5A 6a", "1a 2a 3a 9a");
    assert_int_equal(w.plan.count[PLAN_APPLIED], 1);
    assert_int_equal(w.plan.count[PLAN_EDITED], 1);
    assert_int_equal(w.plan.count[PLAN_DRIFTED], 1);
    assert_int_equal(w.plan.count[PLAN_LATE], 2);
    assert_int_equal(w.plan.count[PLAN_HELD], 1);
    assert_int_equal(w.plan.count[PLAN_AHEAD], 1);
    assert_int_equal(w.plan.steps, 2);
    plan_done(&w.plan);
}

static int
unreadable(const struct source_migration *m, const struct ledger_row *row, void *arg, struct err *e)
{
    (void)row;
    (void)arg;
    return err_set(e, ERR_INPUT, "%s is gone", m->file);
}

static void
test_unreadable_file(void **state)
{
    (void)state;
    struct world w = {0};
    struct err e = {0};
    build(&w, "1a", "1c");
    plan_done(&w.plan);
    assert_int_equal(plan_make(&w.source, &w.ledger, &w.rules, unreadable, NULL, &w.plan, &e), -1);
    assert_string_equal(e.msg, "1 is gone");
}

/* A version has its file's name, and without a file its row's; a file that drifted may be another one altogether. */
static void
test_names(void **state)
{
    (void)state;
    struct world w = {0};
    struct err e = {0};
    int exit = 0;
    const struct plan_item *item = NULL;
    build(&w, "1c", "1a 2a");
    w.rows[0].id.name = (char *)(uintptr_t)("first");
    w.rows[1].id.name = (char *)(uintptr_t)("second");
    plan_done(&w.plan);
    assert_int_equal(plan_make(&w.source, &w.ledger, &w.rules, differs, &exit, &w.plan, &e), 0);
    assert_string_equal(plan_item_migration(&w.plan.items[0])->name, "n");
    assert_string_equal(plan_item_migration(&w.plan.items[1])->name, "second");
    assert_string_equal(plan_applied_name(&w.plan.items[0]), "first");
    assert_null(plan_applied_name(&w.plan.items[1]));
    assert_int_equal(plan_verdict(&w.plan, &w.rules, &exit, &item, &e), -1);
    assert_string_equal(e.msg,
                        "this is not what was applied as version 1 at then: that was \"first\"; "
                        "give the new file a version of its own");
    plan_done(&w.plan);
}

/* What the verdict says, with its exit status: "21 the file …"; "0": it may run. */
static void
says(const struct world *w, const char *wanted)
{
    char text[ERR_MSG_MAX + 16] = "0";
    struct err e = {0};
    int exit = -1;
    const struct plan_item *item = NULL;
    if (plan_verdict(&w->plan, &w->rules, &exit, &item, &e) != 0)
        snprintf(text, sizeof(text), "%d %s", exit, e.msg);
    else
        assert_int_equal(exit, EXIT_DONE);
    assert_string_equal(text, wanted);
}

static void
test_what_a_refusal_says(void **state)
{
    (void)state;
    static const struct {
        const char *files, *history;
        struct plan_rules rules;
        const char *says;
    } rows[] = {
        {"1a", "1a", {0}, "0"},
        {"1c", "1a", {0}, "21 the file was applied at then and has been changed since"},
        {"3a",
         "2a 3a",
         {0},
         "21 version 2 (n) was applied at then, but its file is missing below the newest file"},
        {"1a",
         "2a",
         {.ahead = AHEAD_REFUSE, .out_of_order = ORDER_APPLY},
         "21 the database is ahead: version 2 (n) was applied at then and has no file"},
        {"1a 2a", "2a", {0}, "22 pending, but a higher version is already applied"},
        {"1a 2A",
         "",
         {.phase = PHASE_CONTRACT},
         "22 pending, and comes before 2: apply it first (--phase expand, or all)"},
        {"3a 5a", "", {.to = "4"}, "23 --to 4: no such version; the nearest is 3"},
        {"3a", "5a", {.to = "9"}, "23 --to 9: no such version; the nearest is 5"},
        {"3a 5a", "", {.to = "1"}, "23 --to 1: no such version; the nearest is 3"},
        {"", "", {.to = "1"}, "23 --to 1: no such version"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct world w = {.rules = rows[i].rules};
        build(&w, rows[i].files, rows[i].history);
        says(&w, rows[i].says);
        plan_done(&w.plan);
    }
}

/* Begun and not ended is dirty, with a file or without one, and nothing runs before somebody has looked. */
static void
test_dirty(void **state)
{
    (void)state;
    struct world w = {0};
    struct err e = {0};
    const struct plan_item *item = NULL;
    build(&w, "1c 2a 3a", "1a 2a");
    assert_int_equal(plan_not_dirty(&w.plan, &item, &e), 0);
    assert_null(item);
    w.rows[1].begun = true;
    again(&w);
    assert_string_equal(show(&w.plan), "1 drifted,2 dirty,3 pending*");
    says(&w, "24 version 2 was begun and not ended: the history says that it is dirty, or failed");
    assert_int_equal(plan_not_dirty(&w.plan, &item, &e), -1);
    assert_ptr_equal(item, &w.plan.items[1]);
    plan_done(&w.plan);

    build(&w, "1a", "1a 2a");
    w.rows[1].begun = true;
    again(&w);
    assert_string_equal(show(&w.plan), "1 applied,2 dirty");
    assert_int_equal(w.plan.count[PLAN_DIRTY], 1);
    says(&w, "24 version 2 was begun and not ended: the history says that it is dirty, or failed");
    plan_done(&w.plan);
}

/* A repeatable file runs behind all numbers, again whenever it changed, and makes no number late. */
static void
test_repeatable(void **state)
{
    (void)state;
    struct world w = {0};
    char name[] = "R__v";
    build(&w, "1a 2a 9a", "9a");
    w.files[2].id = (struct migration){.version = name, .name = name, .repeatable = true};
    w.rows[0].id = w.files[2].id;
    again(&w);
    assert_string_equal(show(&w.plan), "1 pending*,2 pending*,R__v applied");
    says(&w, "0");
    w.files[2].sum[0] = 'c';
    again(&w);
    assert_string_equal(show(&w.plan), "1 pending*,2 pending*,R__v pending*");
    assert_null(w.plan.items[2].row); /* as if it had never run */
    says(&w, "0");
    w.ledger.n = 0;
    again(&w);
    assert_string_equal(show(&w.plan), "1 pending*,2 pending*,R__v pending*");
    w.rules.phase = PHASE_CONTRACT;
    again(&w);
    assert_string_equal(show(&w.plan), "1 held,2 held,R__v held");
    plan_done(&w.plan);

    w.rules.phase = PHASE_EXPAND;
    build(&w, "1a 9a", "1a 2a"); /* a number above the newest number is ahead, not missing */
    w.files[1].id = (struct migration){.version = name, .name = name, .repeatable = true};
    again(&w);
    assert_string_equal(show(&w.plan), "1 applied,2 ahead,R__v pending*");
    plan_done(&w.plan);
}

/* Where the history keeps the highest version alone, that row stands for all files below it, without a digest. */
static void
test_one_row_for_all(void **state)
{
    (void)state;
    struct world w = {0};
    build(&w, "1a 2c 3a 4a", "3c");
    w.ledger.layout = &layout_golang;
    w.rows[0].covers = true;
    w.rows[0].id.name = (char *)(uintptr_t)("");
    again(&w);
    assert_string_equal(show(&w.plan), "1 applied,2 applied,3 applied,4 pending*");
    says(&w, "0");
    for (size_t i = 0; i < 3; i++) {
        assert_ptr_equal(w.plan.items[i].row, &w.rows[0]);
        assert_ptr_equal(plan_item_recorded(&w.plan.items[i]), &w.files[i].id);
    }
    assert_null(w.plan.items[3].row);
    assert_null(plan_row_before(&w.plan, 0));
    assert_string_equal(plan_row_before(&w.plan, 1)->version, "1");
    assert_string_equal(plan_row_before(&w.plan, 3)->version, "3");
    plan_done(&w.plan);
}

static void
test_row_before(void **state)
{
    (void)state;
    struct world w = {.rules = {.out_of_order = ORDER_APPLY}};
    build(&w, "1a 2a 3a 4a", "1a 3a 5a");
    assert_string_equal(show(&w.plan), "1 applied,2 late*,3 applied,4 late*,5 ahead");
    assert_null(plan_row_before(&w.plan, 0));
    assert_ptr_equal(plan_row_before(&w.plan, 2),
                     &w.rows[0].id); /* what is not applied is not there */
    assert_ptr_equal(plan_row_before(&w.plan, 4), &w.rows[1].id);
    assert_ptr_equal(plan_row_before(&w.plan, 5), &w.rows[2].id); /* behind all of them */
    plan_done(&w.plan);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),           cmocka_unit_test(test_what_a_refusal_says),
        cmocka_unit_test(test_dirty),           cmocka_unit_test(test_repeatable),
        cmocka_unit_test(test_one_row_for_all), cmocka_unit_test(test_row_before),
        cmocka_unit_test(test_counts),          cmocka_unit_test(test_unreadable_file),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
