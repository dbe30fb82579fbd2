#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/fakes/fake_clock.h"

static void
deadlines_saturate(void **state)
{
    (void)state;
    now_ms = 1000;
    assert_int_equal(clock_deadline(500), 1500);
    assert_true(clock_deadline(CLOCK_NEVER) == CLOCK_NEVER);
    assert_true(clock_deadline(CLOCK_NEVER - 1000) == CLOCK_NEVER);
    assert_true(clock_deadline(CLOCK_NEVER - 1001) == CLOCK_NEVER - 1);
    assert_int_equal(clock_left_ms(1500), 500);
    assert_int_equal(clock_left_ms(1000), 0);
    assert_int_equal(clock_left_ms(10), 0);
    assert_true(clock_left_ms(CLOCK_NEVER) == CLOCK_NEVER);
    assert_int_equal(clock_earlier(3, 4), 3);
    assert_int_equal(clock_earlier(CLOCK_NEVER, 4), 4);
}

static void
rfc3339(void **state)
{
    (void)state;
    char buf[CLOCK_RFC3339_MAX];
    assert_string_equal(clock_format_rfc3339(buf, 0, 0), "1970-01-01T00:00:00Z");
    assert_string_equal(clock_format_rfc3339(buf, INT64_C(1795251600123456), 0),
                        "2026-11-21T09:00:00Z");
    assert_string_equal(clock_format_rfc3339(buf, INT64_C(1795251600123456), 3),
                        "2026-11-21T09:00:00.123Z");
    assert_string_equal(clock_format_rfc3339(buf, INT64_C(1795251600123456), 6),
                        "2026-11-21T09:00:00.123456Z");
    assert_string_equal(clock_format_rfc3339(buf, INT64_C(1795251600000007), 6),
                        "2026-11-21T09:00:00.000007Z");
    assert_string_equal(clock_format_rfc3339(buf, -1, 6), "1969-12-31T23:59:59.999999Z");
    assert_string_equal(clock_format_rfc3339(buf, INT64_C(951782400000000), 0),
                        "2000-02-29T00:00:00Z");
    assert_string_equal(clock_format_rfc3339(buf, INT64_MAX, 0), "0000-00-00T00:00:00Z");
}

static void
durations_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ms;
    } good[] = {
        {"0", 0},
        {"250ms", 250},
        {"2s", 2000},
        {"5m", 300000},
        {"1h30m", 5400000},
        {"2d", 172800000},
        {"1.5s", 1500},
        {"0.25s", 250},
        {"1h1m1s1ms", 3661001},
        {"0ms", 0},
        {"1d12h", 129600000},
        {"10min", 600000},
        {"1h30min", 5400000},
        {"1min30s", 90000},
        {"1500us", 2},
        {"1us", 1},
        {"0us", 0},
        {"1s1000us", 1001},
        {"0.0015s", 1},
        {"00010s", 10000},
        {"18446744073709551614ms", UINT64_MAX - 1},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        uint64_t ms = 77;
        struct err e = {0};
        assert_int_equal(clock_parse_duration(good[i].text, &ms, &e), 0);
        assert_true(ms == good[i].ms);
    }
}

static void
durations_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "5",
        "1.5",
        "s",
        "-1s",
        "+1s",
        " 1s",
        "1s ",
        "1 s",
        "1m1h",
        "1s1s",
        "1S",
        "1M",
        "1ms1s",
        "1.s",
        ".5s",
        "1e3s",
        "1h30",
        "1,5s",
        "never",
        "1sec",
        "00",
        "18446744073709551615ms",
        "18446744073709551616ms",
        "213503982335d",
        "99999999999999999999s",
        "213503982334d25h61m9999999999999999s",
        "0x10s",
        "1w",
        "1mins",
        "1m2min",
        "1us1ms",
        "18446744073709551615ms1us",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint64_t ms = 77;
        struct err e = {0};
        if (clock_parse_duration(bad[i], &ms, &e) == 0)
            fail_msg("accepted '%s'", bad[i]);
        assert_int_equal(e.code, ERR_USAGE);
        assert_int_equal(ms, 77);
    }
}

static void
the_message_says_why(void **state)
{
    (void)state;
    uint64_t ms;
    struct err e;
    clock_parse_duration("30", &ms, &e);
    assert_string_equal(e.msg, "'30' is not a duration: it lacks a unit (ms, s, m, h, d)");
    clock_parse_duration("3 weeks", &ms, &e);
    assert_non_null(strstr(e.msg, "units are"));
}

static void
durations_are_written_shortest_and_read_back(void **state)
{
    (void)state;
    char buf[CLOCK_DURATION_MAX];
    assert_string_equal(clock_format_duration(buf, 0), "0ms");
    assert_string_equal(clock_format_duration(buf, 250), "250ms");
    assert_string_equal(clock_format_duration(buf, 1349), "1.349s");
    assert_string_equal(clock_format_duration(buf, 1500), "1.5s");
    assert_string_equal(clock_format_duration(buf, 60250), "1m0.25s");
    assert_string_equal(clock_format_duration(buf, 3601000), "1h1s");
    assert_string_equal(clock_format_duration(buf, 90000), "1m30s");
    assert_string_equal(clock_format_duration(buf, 86400000), "1d");
    assert_string_equal(clock_format_duration(buf, CLOCK_NEVER), "never");
    for (uint64_t ms = 1; ms < UINT64_MAX / 7; ms = ms * 7 + 3) {
        uint64_t again = 0;
        clock_format_duration(buf, ms);
        assert_int_equal(clock_parse_duration(buf, &again, NULL), 0);
        assert_true(again == ms);
    }
    clock_format_duration(buf, UINT64_MAX - 1);
    assert_true(strlen(buf) < CLOCK_DURATION_MAX - 1);
    assert_string_equal(buf + strlen(buf) - 4, "614s"); /* whole: nothing was cut off */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deadlines_saturate),
        cmocka_unit_test(rfc3339),
        cmocka_unit_test(durations_are_read),
        cmocka_unit_test(durations_are_refused),
        cmocka_unit_test(the_message_says_why),
        cmocka_unit_test(durations_are_written_shortest_and_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
