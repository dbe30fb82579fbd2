/* What a view says by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "healthd/check/view.h"

/* Each duration is counted in the first bucket whose bound it does not pass; the last has no bound. */
static void
test_count(void **state)
{
    (void)state;
    struct view_stats s = {0};
    view_count(&s, 0.001);
    view_count(&s, 0.0011);
    view_count(&s, 1.0);
    view_count(&s, 7.5);
    const uint64_t wanted[VIEW_BUCKETS] = {1, 1, 0, 0, 0, 0, 0, 1, 1};
    assert_memory_equal(s.buckets, wanted, sizeof(wanted));
    assert_int_equal(s.checks, 4);
    assert_true(s.seconds > 8.5 && s.seconds < 8.503);
    assert_true(s.last_seconds > 7.4);
}

static void
test_is_well(void **state)
{
    (void)state;
    static const bool well[VERDICT_STATES] = {[VERDICT_UP] = true, [VERDICT_DEGRADED] = true};
    struct check_spec spec = {0};
    for (int i = 0; i < VERDICT_STATES; i++) {
        const struct view v = {.spec = &spec, .now = {(enum verdict_state)i, REASON_NONE}};
        spec.rules.optional = false;
        assert_int_equal(view_is_well(&v), well[i]);
        spec.rules.optional = true;
        assert_true(view_is_well(&v));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_is_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
