/* The soft limit of descriptors goes up, never down, and never past the hard one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/proc/descriptors.h"

static void
test_raise(void **state)
{
    (void)state;
    static const struct {
        rlim_t soft, hard, most, wanted;
    } rows[] = {
        {64, 256, RLIM_INFINITY, 256},  {64, 256, 128, 128},
        {64, 256, 4096, 256},           {64, 256, 32, 64},
        {256, 256, RLIM_INFINITY, 256},
    };
    struct rlimit now;
    for (size_t i = sizeof(rows) / sizeof(rows[0]); i-- > 0;) {
        const struct rlimit given = {rows[i].soft, rows[i].hard};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &given), 0);
        assert_int_equal(descriptors_raise(rows[i].most), rows[i].soft);
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
        assert_int_equal(now.rlim_cur, rows[i].wanted);
        assert_int_equal(now.rlim_max, rows[i].hard);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_raise)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
