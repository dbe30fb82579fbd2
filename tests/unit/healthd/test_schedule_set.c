/* Other checks while the schedule runs, as a reload makes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/fakes/schedule_world.h"

/* What was there before goes on, with its session, its verdict and its pace; the rest begins or ends. */
static void
test_other_checks(void **state)
{
    (void)state;
    struct world w;
    struct err e;
    open_world(&w, "a redis://h", "b redis://h");
    assert_int_equal(checkline_parse("c redis://h", fake_kinds, &w.specs[2], &e), 0);
    schedule_start(w.s);
    pass_to(1000);
    answer(fakes[0], PROBE_SESSION, REASON_NONE);
    answer(fakes[1], PROBE_SESSION, REASON_REFUSED);
    int64_t since_ms = w.views[1].since_ms;
    struct check_spec *const others[] = {&w.specs[2], &w.specs[1]};
    told = 0;
    assert_int_equal(schedule_set(w.s, others, 2, &e), 0);
    w.views = schedule_views(w.s);
    assert_int_equal(told, 0); /* the one who reads the views does not know them yet */
    assert_ptr_equal(w.views[0].spec, &w.specs[2]);
    assert_int_equal(w.views[0].now.state, VERDICT_UNKNOWN);
    assert_int_equal(w.views[1].now.state, VERDICT_DOWN);
    assert_int_equal(w.views[1].since_ms, since_ms);
    pass_to(1000);
    assert_int_equal(fakes[2]->starts[PROBE_SESSION], 1); /* at once */
    answer(fakes[2], PROBE_SESSION, REASON_NONE);
    assert_ptr_equal(told_of, &w.views[0]);
    pass_to(1500);
    assert_int_equal(fakes[1]->starts[PROBE_SESSION], 2); /* when it was due anyway */
    answer(fakes[1], PROBE_SESSION, REASON_NONE);
    assert_ptr_equal(told_of, &w.views[1]);
    assert_int_equal(w.views[1].now.state, VERDICT_UP);
    lose(fakes[1]); /* its session is still watched */
    assert_int_equal(fakes[1]->starts[PROBE_SESSION], 3);
    close_world(&w);
}

static void
test_other_checks_that_cannot_be(void **state)
{
    (void)state;
    struct world w;
    struct err e;
    open_world(&w, "a redis://h", "b redis://h");
    assert_int_equal(checkline_parse("c redis://h", fake_kinds, &w.specs[2], &e), 0);
    schedule_start(w.s);
    pass_to(1000);
    answer(fakes[0], PROBE_SESSION, REASON_NONE);
    answer(fakes[1], PROBE_SESSION, REASON_NONE);
    struct check_spec *const others[] = {&w.specs[1], &w.specs[2]};
    refused_check = "c";
    assert_int_equal(schedule_set(w.s, others, 2, &e), -1);
    refused_check = NULL;
    assert_int_equal(e.code, ERR_USAGE);
    assert_ptr_equal(schedule_views(w.s), w.views);
    pass_to(3000);
    assert_int_equal(fakes[0]->starts[PROBE_SESSION], 2);
    assert_int_equal(fakes[1]->starts[PROBE_SESSION], 2);
    answer(fakes[0], PROBE_SESSION, REASON_REFUSED);
    assert_ptr_equal(told_of, &w.views[0]);
    assert_int_equal(schedule_set(w.s, NULL, 0, &e), 0);
    assert_true(schedule_all_seen(w.s));
    close_world(&w);
}

/* An up whose time is over while the checks change is told of later, from the loop. */
static void
test_other_checks_after_a_freeze(void **state)
{
    (void)state;
    struct world w;
    struct err e;
    open_world(&w, "a redis://h", NULL);
    schedule_start(w.s);
    pass_to(1000);
    answer(w.f, PROBE_SESSION, REASON_NONE);
    struct check_spec *const same[] = {&w.specs[0]};
    now_ms = 100000;
    told = 0;
    assert_int_equal(schedule_set(w.s, same, 1, &e), 0);
    assert_int_equal(told, 0);
    w.views = schedule_views(w.s);
    schedule_age(w.s);
    assert_int_equal(told, 1);
    expect(&w, VERDICT_UNKNOWN, REASON_TIMEOUT);
    close_world(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_other_checks),
        cmocka_unit_test(test_other_checks_that_cannot_be),
        cmocka_unit_test(test_other_checks_after_a_freeze),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
