/* The two lines of PHP-FPM's status page that are read, and pages that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "healthd/parse/probe_fcgi_page.h"

static void
test_page(void **state)
{
    (void)state;
    struct probe_fcgi_page p = {0};
    /* PHP 8.2 */
    assert_true(probe_fcgi_page_parse("pool:                 www\n"
                                      "process manager:      static\n"
                                      "start time:           29/Nov/2026:05:20:59 +0000\n"
                                      "start since:          2\n"
                                      "accepted conn:        4\n"
                                      "listen queue:         0\n"
                                      "max listen queue:     0\n"
                                      "listen queue len:     8\n"
                                      "idle processes:       1\n"
                                      "active processes:     12\n"
                                      "total processes:      13\n"
                                      "max active processes: 15\n"
                                      "max children reached: 0\n"
                                      "slow requests:        0\n",
                                      &p));
    assert_int_equal(p.idle, 1);
    assert_int_equal(p.active, 12);
    assert_true(probe_fcgi_page_parse("active processes:3\nidle processes:999999999", &p));
    assert_int_equal(p.idle, 999999999);
    assert_int_equal(p.active, 3);
}

static void
test_no_pages(void **state)
{
    (void)state;
    static const char *const pages[] = {
        "",
        "pong",
        "idle processes: 1\n",
        "active processes: 1\n",
        "max idle processes: 1\nmax active processes: 1\n",
        "idle processes: \nactive processes: 1\n",
        "idle processes: -1\nactive processes: 1\n",
        "idle processes: 1x\nactive processes: 1\n",
        "idle processes: 1234567890\nactive processes: 1\n",
        "{\"idle processes\":1,\"active processes\":1}",
    };
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        struct probe_fcgi_page p = {7, 7};
        if (probe_fcgi_page_parse(pages[i], &p))
            fail_msg("taken for a status page: %s", pages[i]);
        assert_int_equal(p.idle, 7);
    }
}

static void
test_full(void **state)
{
    (void)state;
    assert_true(probe_fcgi_page_is_full(&(struct probe_fcgi_page){.idle = 0, .active = 1}));
    assert_false(probe_fcgi_page_is_full(&(struct probe_fcgi_page){.idle = 1, .active = 9}));
    assert_false(probe_fcgi_page_is_full(&(struct probe_fcgi_page){.idle = 0, .active = 0}));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_no_pages),
        cmocka_unit_test(test_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
