/* Which starts that failed are tried again, and when. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "cronrun/again/again.h"

#define AT_MS INT64_C(1795251600000)

static int64_t
delay_of(const struct err *why, unsigned attempts)
{
    const struct again_failure f = {.why = why,
                                    .attempts = attempts,
                                    .now_ms = AT_MS,
                                    .at_ms = AT_MS,
                                    .next_ms = INT64_MAX,
                                    .starting_deadline_ms = CLOCK_NEVER};
    return again_delay_ms(&f);
}

static void
test_what_passes(void **state)
{
    (void)state;
    static const int lacks[] = {EMFILE, ENFILE, EAGAIN, ENOMEM},
                     others[] = {ENOENT, EACCES, E2BIG, EPERM, EINVAL, 0};
    struct err e;
    for (size_t i = 0; i < sizeof(lacks) / sizeof(lacks[0]); i++) {
        err_sys(&e, lacks[i], "cannot make a pipe");
        assert_int_equal(delay_of(&e, 1), AGAIN_FIRST_MS);
        e.code = ERR_SYSTEM;
        assert_int_equal(delay_of(&e, 1), AGAIN_FIRST_MS);
        e.code = ERR_INPUT;
        assert_int_equal(delay_of(&e, 1), AGAIN_NEVER);
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        err_sys(&e, others[i], "cannot start a process");
        assert_int_equal(delay_of(&e, 1), AGAIN_NEVER);
    }
    err_nomem(&e);
    assert_int_equal(delay_of(&e, 1), AGAIN_FIRST_MS);
}

static void
test_delays(void **state)
{
    (void)state;
    static const int64_t delays_ms[] = {250, 500, 1000, 2000, 2000, 2000};
    struct err e;
    err_sys(&e, EMFILE, "cannot make a pipe");
    for (unsigned i = 0; i < sizeof(delays_ms) / sizeof(delays_ms[0]); i++)
        assert_int_equal(delay_of(&e, i + 1), delays_ms[i]);
    assert_int_equal(delay_of(&e, UINT32_MAX), AGAIN_MOST_MS);
}

static void
test_limits(void **state)
{
    (void)state;
    static const struct {
        int64_t now_ms, next_ms;
        uint64_t deadline_ms;
        bool newer;
        int64_t delay_ms;
    } rows[] = {
        {AT_MS + 750, INT64_MAX, 1000, false, 250},
        {AT_MS + 751, INT64_MAX, 1000, false, AGAIN_NEVER},
        {AT_MS, INT64_MAX, 249, false, AGAIN_NEVER},
        {AT_MS, INT64_MAX, 0, false, AGAIN_NEVER},
        {AT_MS + 3600000, INT64_MAX, CLOCK_NEVER, false, 250},
        /* the clock was set back */
        {AT_MS - 3600000, INT64_MAX, 1000, false, 250},
        {AT_MS - 250, INT64_MAX, 0, false, 250},
        {AT_MS, AT_MS + 251, CLOCK_NEVER, false, 250},
        {AT_MS, AT_MS + 250, CLOCK_NEVER, false, AGAIN_NEVER},
        {AT_MS, AT_MS + 250, 1000, false, AGAIN_NEVER},
        {AT_MS, INT64_MAX, CLOCK_NEVER, true, AGAIN_NEVER},
    };
    struct err e;
    err_sys(&e, EAGAIN, "cannot start a process");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct again_failure f = {.why = &e,
                                        .attempts = 1,
                                        .now_ms = rows[i].now_ms,
                                        .at_ms = AT_MS,
                                        .next_ms = rows[i].next_ms,
                                        .starting_deadline_ms = rows[i].deadline_ms,
                                        .newer = rows[i].newer};
        assert_int_equal(again_delay_ms(&f), rows[i].delay_ms);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_passes),
        cmocka_unit_test(test_delays),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
