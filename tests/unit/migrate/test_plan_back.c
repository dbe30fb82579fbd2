/* test_plan_back.c: which versions go, and whether they can. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "migrate/plan_back.h"
#include "migrate/tell/report.h"

#define MAX 8

/* "1fr 2fdr 3f 9r": versions with their file, their way back (down), their row. */
struct world {
    struct source_migration files[MAX];
    struct ledger_row rows[MAX];
    char versions[MAX][4];
    struct plan_item items[MAX];
    struct plan plan;
};

static void
build(struct world *w, const char *text)
{
    *w = (struct world){.plan.items = w->items};
    while (*text) {
        size_t n = w->plan.n++;
        char *at;
        char *version = w->versions[n];
        snprintf(version, sizeof(w->versions[n]), "%lu", strtoul(text, &at, 10));
        struct migration id = {.version = version, .name = (char *)(uintptr_t)("n")};
        w->files[n] = (struct source_migration){.id = id, .file = version};
        w->rows[n] = (struct ledger_row){.id = id, .applied_at = (char *)(uintptr_t)("then")};
        for (text = at; *text && *text != ' '; text++) {
            if (*text == 'f')
                w->items[n].file = &w->files[n];
            else if (*text == 'd')
                w->files[n].down_file = version;
            else
                w->items[n].row = &w->rows[n];
        }
        w->items[n].step = true; /* as the way up would have it */
        text += *text == ' ';
    }
}

/* What the steps come to: "3 2", from the highest on. */
static void
goes(const char *text, const char *target, const char *wanted)
{
    struct world w;
    char all[64] = "";
    int exit = -1;
    const struct plan_item *item = NULL;
    size_t n = 0;
    build(&w, text);
    assert_int_equal(plan_back(&w.plan, target, &exit, &item, NULL), 0);
    assert_int_equal(exit, EXIT_DONE);
    assert_null(item);
    for (size_t i = w.plan.n; i-- > 0;) {
        if (!w.items[i].step)
            continue;
        n++;
        strcat(all, *all ? " " : "");
        strcat(all, w.versions[i]);
    }
    assert_string_equal(all, wanted);
    assert_int_equal(w.plan.steps, n);
}

static void
test_steps(void **state)
{
    (void)state;
    goes("", NULL, "");
    goes("1fdr 2fdr 3fdr", NULL, "3 2 1");
    goes("1fdr 2fdr 3fdr", "1", "3 2");
    goes("1fdr 2fdr 3fdr", "03", "");
    goes("1fdr 2fdr 3fdr", "2.5", "3"); /* gone meanwhile: nothing above it is to stay */
    goes("1fdr 2fd 3fdr 4f", "1", "3"); /* what is pending stays pending */
    goes("1fr 2r 3fdr", "2", "3");      /* below it nothing matters */
}

static void
stays(const char *text, const char *target, int status, const char *version, const char *says)
{
    struct world w;
    int exit = -1;
    const struct plan_item *item = NULL;
    struct err e = {0};
    build(&w, text);
    assert_int_equal(plan_back(&w.plan, target, &exit, &item, &e), -1);
    assert_int_equal(exit, status);
    assert_string_equal(plan_item_migration(item)->version, version);
    if (!strstr(e.msg, says))
        fail_msg("%s", e.msg);
}

static void
test_refused(void **state)
{
    (void)state;
    stays("1fdr 2fr 3fdr", NULL, EXIT_INPUT, "2",
          "version 2 cannot be undone: there is no .down.sql beside it");
    stays("1fr 2fr 3fr", NULL, EXIT_INPUT, "3", "nor beside 2 more");
    stays("1fdr 2fdr 3r", "1", EXIT_DRIFT, "3",
          "version 3 (n) was applied at then and has no file here");
    stays("1fdr 2r 3fdr", "1", EXIT_DRIFT, "2", "the release that applied it");
    stays("1fdr 2r 3fr", "1", EXIT_INPUT, "3", "cannot be undone"); /* the highest */
}

static void
test_target(void **state)
{
    (void)state;
    struct world w;
    build(&w, "1fdr 2fdr 3fd 4r");
    assert_string_equal(plan_back_target(&w.plan, 0), "4");
    assert_string_equal(plan_back_target(&w.plan, 1), "2");
    assert_string_equal(plan_back_target(&w.plan, 2), "1");
    assert_null(plan_back_target(&w.plan, 3));
    assert_null(plan_back_target(&w.plan, 1000));
}

static void
to(const char *text, const char *version, const char *wanted)
{
    struct world w;
    const char *target = "unset";
    build(&w, text);
    assert_int_equal(plan_back_to(&w.plan, version, &target, NULL), 0);
    if (wanted)
        assert_string_equal(target, wanted);
    else
        assert_null(target);
}

static void
not_to(const char *text, const char *version, const char *says)
{
    struct world w;
    const char *target = "unset";
    struct err e = {0};
    build(&w, text);
    assert_int_equal(plan_back_to(&w.plan, version, &target, &e), -1);
    assert_int_equal(e.code, ERR_USAGE);
    assert_string_equal(e.msg, says);
}

static void
test_to(void **state)
{
    (void)state;
    to("1fdr 2fdr", "01", "1");
    to("1fdr 2r", "2", "2");
    to("1fdr 2fdr", "0", NULL);
    to("0fdr 1fdr", "0", "0");
    to("", "0", NULL);
    not_to("1fdr 2fdr 3fd", "3",
           "--to 3: that version is not applied; the highest that is applied is 2");
    not_to("1fd", "1", "--to 1: that version is not applied; none is");
    not_to("1fdr 5fdr 9f", "7", "--to 7: no such version; the nearest is 5");
    not_to("3fdr", "2", "--to 2: no such version; the nearest is 3");
    not_to("", "2", "--to 2: no such version");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_target),
        cmocka_unit_test(test_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
