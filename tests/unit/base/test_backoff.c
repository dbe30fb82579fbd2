/* Pauses between attempts: they double, are bounded, and differ. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/backoff.h"

static void
doubles_up_to_the_most(void **state)
{
    (void)state;
    static const uint32_t due[] = {25, 50, 100, 200, 400, 800, 1000, 1000};
    struct backoff b = {.first_ms = 25, .most_ms = 1000};
    for (int round = 0; round < 100; round++) {
        for (size_t i = 0; i < sizeof(due) / sizeof(due[0]); i++)
            assert_in_range(backoff_next(&b), due[i] / 2, due[i]);
        backoff_reset(&b);
    }
}

/* Both ends of a pause occur, and nothing beyond. */
static void
is_a_matter_of_chance(void **state)
{
    (void)state;
    bool seen[9] = {0};
    for (int i = 0; i < 2000; i++) {
        struct backoff b = {.first_ms = 8, .most_ms = 8};
        uint32_t pause_ms = backoff_next(&b);
        assert_in_range(pause_ms, 4, 8);
        seen[pause_ms] = true;
    }
    for (size_t i = 4; i <= 8; i++)
        assert_true(seen[i]);
}

static void
the_most_may_change(void **state)
{
    (void)state;
    struct backoff b = {.first_ms = 100, .most_ms = 1000};
    for (int i = 0; i < 8; i++)
        backoff_next(&b);
    b.most_ms = 300;
    assert_in_range(backoff_next(&b), 150, 300);
    b.most_ms = 5000;
    assert_in_range(backoff_next(&b), 300, 600);
}

static void
the_largest_values_are_fine(void **state)
{
    (void)state;
    struct backoff b = {.first_ms = UINT32_MAX / 2 + 1, .most_ms = UINT32_MAX};
    assert_in_range(backoff_next(&b), UINT32_MAX / 4, UINT32_MAX / 2 + 1);
    assert_in_range(backoff_next(&b), UINT32_MAX / 2, UINT32_MAX);
    struct backoff small = {.first_ms = 50, .most_ms = 1};
    assert_in_range(backoff_next(&small), 0, 1);
    struct backoff zero = {0};
    assert_int_equal(backoff_next(&zero), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doubles_up_to_the_most),
        cmocka_unit_test(is_a_matter_of_chance),
        cmocka_unit_test(the_most_may_change),
        cmocka_unit_test(the_largest_values_are_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
