/* Escapes in what tcp:// sends and expects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "healthd/parse/probe_tcp_text.h"

static void
is(const char *text, const char *bytes, size_t len)
{
    struct probe_bytes b = {0};
    struct err e;
    if (probe_tcp_text(text, &b, &e) < 0)
        fail_msg("%s: %s", text, e.msg);
    assert_int_equal(b.len, len);
    assert_memory_equal(b.data, bytes, len);
    free(b.data);
}

static void
test_bytes(void **state)
{
    (void)state;
    is("PING", "PING", 4);
    is("\\r\\n\\t\\0\\\\\\\"\\'", "\r\n\t\0\\\"'", 7);
    is("a\\x00\\xfF\\x1b", "a\0\xff\x1b", 4);
    is("\\x414", "A4", 2);
    is("\xc3\xa9", "\xc3\xa9", 2);
    is("", "", 0);
}

static void
test_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"\\",    "a\\",   "\\q", "\\x", "\\x4",
                                        "\\xg0", "\\x0g", "\\1", "\\N", "\\x 1"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct probe_bytes b = {0};
        struct err e;
        assert_int_equal(probe_tcp_text(texts[i], &b, &e), -1);
        assert_int_equal(e.code, ERR_USAGE);
        assert_non_null(strstr(e.msg, "unknown escape"));
        assert_null(b.data);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bytes),
                                       cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
