/* The last hour of a check, half minute by half minute. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "healthd/check/hour.h"

static struct hour h;
static const uint64_t hour_ms = (uint64_t)HOUR_SLOTS * HOUR_SLOT_MS;

/* The hour as letters, the present slot last. */
static const char *
picture(uint64_t now_ms)
{
    static char text[HOUR_SLOTS + 1];
    for (size_t i = 0; i < HOUR_SLOTS; i++)
        text[i] = ".ud?D"[hour_at(&h, now_ms, i).worst];
    return text;
}

static void
expect_end(uint64_t now_ms, const char *end)
{
    const char *text = picture(now_ms);
    assert_string_equal(text + HOUR_SLOTS - strlen(end), end);
}

static void
test_worst(void **state)
{
    (void)state;
    h = (struct hour){0};
    expect_end(0, "....");
    uint64_t t = 100 * HOUR_SLOT_MS;
    hour_set(&h, t, VERDICT_UP);
    expect_end(t, "...u");
    hour_set(&h, t + 10, VERDICT_DOWN);
    hour_set(&h, t + 20, VERDICT_UP); /* a moment is enough */
    expect_end(t + HOUR_SLOT_MS - 1, "...D");
    expect_end(t + HOUR_SLOT_MS, "..Du");
    hour_set(&h, t + 3 * HOUR_SLOT_MS, VERDICT_UNKNOWN);
    hour_set(&h, t + 3 * HOUR_SLOT_MS, VERDICT_DEGRADED);
    expect_end(t + 3 * HOUR_SLOT_MS, ".Duu?");
    expect_end(t + 5 * HOUR_SLOT_MS, ".Duu?dd");
}

/* Nothing is written while nothing happens; the state goes on. */
static void
test_time_passes(void **state)
{
    (void)state;
    h = (struct hour){0};
    hour_set(&h, 0, VERDICT_UP);
    expect_end(0, "...u");
    expect_end(hour_ms - 1, "uuuu");
    assert_int_equal(strspn(picture(hour_ms - 1), "u"), HOUR_SLOTS);
    hour_set(&h, 50 * hour_ms, VERDICT_DOWN);
    const char *text = picture(50 * hour_ms);
    assert_int_equal(strspn(text, "u"), HOUR_SLOTS - 1);
    assert_int_equal(text[HOUR_SLOTS - 1], 'D');
    assert_int_equal(strspn(picture(52 * hour_ms), "D"), HOUR_SLOTS);
    /* An hour ago is still there, a slot more is not. */
    hour_set(&h, 52 * hour_ms, VERDICT_UP);
    assert_int_equal(picture(53 * hour_ms - 1)[0], 'D');
    assert_int_equal(picture(53 * hour_ms)[0], 'u');
}

/* A reader whose clock is behind the last change sees what it overwrote as nothing. */
static void
test_overwritten(void **state)
{
    (void)state;
    h = (struct hour){0};
    hour_set(&h, 2 * hour_ms, VERDICT_UP);
    assert_int_equal(hour_at(&h, hour_ms, HOUR_SLOTS - 1).worst, HOUR_NONE);
}

static void
test_longest(void **state)
{
    (void)state;
    h = (struct hour){0};
    uint64_t t = 500 * HOUR_SLOT_MS;
    hour_count(&h, t, 0);
    assert_int_equal(hour_at(&h, t, HOUR_SLOTS - 1).longest_us, 1);
    hour_count(&h, t, 900);
    hour_count(&h, t, 300);
    hour_count(&h, t + HOUR_SLOT_MS, UINT64_MAX);
    uint64_t now_ms = t + 2 * HOUR_SLOT_MS;
    assert_int_equal(hour_at(&h, now_ms, HOUR_SLOTS - 3).longest_us, 900);
    assert_int_equal(hour_at(&h, now_ms, HOUR_SLOTS - 2).longest_us, UINT32_MAX);
    assert_int_equal(hour_at(&h, now_ms, HOUR_SLOTS - 1).longest_us, 0);
    hour_count(&h, t + 3 * hour_ms, 5); /* what was there before is gone */
    for (size_t i = 0; i + 1 < HOUR_SLOTS; i++)
        assert_int_equal(hour_at(&h, t + 3 * hour_ms, i).longest_us, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worst),
        cmocka_unit_test(test_time_passes),
        cmocka_unit_test(test_overwritten),
        cmocka_unit_test(test_longest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
