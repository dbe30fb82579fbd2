#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/size.h"

static void
sizes_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t bytes;
    } good[] = {
        {"0", 0},
        {"512", 512},
        {"512B", 512},
        {"64KiB", 65536},
        {"64kib", 65536},
        {"64Ki", 65536},
        {"10MiB", 10485760},
        {"10MB", 10000000},
        {"1kB", 1000},
        {"1KB", 1000},
        {"1.5GiB", 1610612736},
        {"0.5KiB", 512},
        {"2TiB", UINT64_C(2199023255552)},
        {"1.0000001KiB", 1024},
        {"18446744073709551614", UINT64_MAX - 1},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        uint64_t bytes = 77;
        if (size_parse(good[i].text, &bytes, NULL) < 0)
            fail_msg("refused '%s'", good[i].text);
        assert_true(bytes == good[i].bytes);
    }
}

static void
sizes_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "KiB",
        "-1",
        "+1",
        " 1",
        "1 KiB",
        "1K",
        "1k",
        "1M",
        "1g",
        "1t",
        "1KiBs",
        "1.",
        ".5KiB",
        "1x",
        "0x10",
        "1PiB",
        "18446744073709551615",
        "18446744073709551616",
        "16777216TiB",
        "16777215.9999999TiB5",
        "99999999999999999999",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint64_t bytes = 77;
        struct err e = {0};
        if (size_parse(bad[i], &bytes, &e) == 0)
            fail_msg("accepted '%s'", bad[i]);
        assert_int_equal(e.code, ERR_USAGE);
        assert_int_equal(bytes, 77);
    }
}

static void
a_lone_letter_is_explained(void **state)
{
    (void)state;
    uint64_t bytes;
    struct err e;
    size_parse("64k", &bytes, &e);
    assert_string_equal(e.msg, "'64k' is ambiguous: write KiB (1024s) or kB (1000s)");
    size_parse("64m", &bytes, &e);
    assert_string_equal(e.msg, "'64m' is ambiguous: write MiB (1024s) or MB (1000s)");
}

static void
sizes_are_written(void **state)
{
    (void)state;
    char buf[SIZE_FORMAT_MAX];
    assert_string_equal(size_format(buf, 0), "0B");
    assert_string_equal(size_format(buf, 1000), "1000B");
    assert_string_equal(size_format(buf, 65536), "64KiB");
    assert_string_equal(size_format(buf, 1536), "1536B");
    assert_string_equal(size_format(buf, UINT64_C(3) << 40), "3TiB");
    for (uint64_t v = 1; v < UINT64_MAX / 5; v = v * 5 + 1) {
        uint64_t again = 0;
        assert_int_equal(size_parse(size_format(buf, v), &again, NULL), 0);
        assert_true(again == v);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_read),
        cmocka_unit_test(sizes_are_refused),
        cmocka_unit_test(a_lone_letter_is_explained),
        cmocka_unit_test(sizes_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
