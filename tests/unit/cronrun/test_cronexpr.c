/* Expressions in both dialects: what they mean, and where they are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cronrun/cron/civil.h"
#include "cronrun/cron/cron_next.h"
#include "cronrun/cron/cronexpr.h"

static int64_t
seconds(const char *text)
{
    struct civil c;
    int year, hour, minute, second;
    assert_int_equal(
        sscanf(text, "%d-%d-%dT%d:%d:%d", &year, &c.month, &c.day, &hour, &minute, &second), 6);
    c.year = year;
    return civil_to_days(c) * CIVIL_DAY_S + hour * INT64_C(3600) + minute * INT64_C(60) + second;
}

/* "2026-01-02T00:00" */
static const char *
text_of(char buf[32], int64_t s)
{
    struct civil c = civil_of_days(civil_floor_div(s, CIVIL_DAY_S));
    int rest = (int)(s - civil_floor_div(s, CIVIL_DAY_S) * CIVIL_DAY_S);
    snprintf(buf, 32, "%04d-%02d-%02dT%02d:%02d", (int)c.year, c.month, c.day, rest / 3600,
             rest / 60 % 60);
    return buf;
}

enum { V = 1, K = 2, BOTH = 3 }; /* the dialects that read it so */

/* The next times after from (2026-01-01T00:00:00 unless said), each given from where it differs from the one before. */
static const struct {
    const char *expression, *from, *times;
    int dialects;
} rows[] = {
    {"0 0 13 * 5", NULL, "2026-01-02T00:00 2026-01-09T00:00 2026-01-13T00:00 2026-01-16T00:00",
     BOTH},
    {"0 0 */2 * 1", NULL, "2026-01-03T00:00 2026-01-05T00:00 2026-01-07T00:00", K},
    {"0 0 */2 * 1", NULL, "2026-01-05T00:00 2026-01-19T00:00 2026-02-09T00:00", V},
    {"0 0 * * */2", NULL, "2026-01-03T00:00 2026-01-04T00:00 2026-01-06T00:00 2026-01-08T00:00",
     BOTH},
    {"0 0 1-31 * 1", NULL, "2026-01-02T00:00 2026-01-03T00:00 2026-01-04T00:00", BOTH},
    {"0 0 */1 * 1", NULL, "2026-01-05T00:00 2026-01-12T00:00", BOTH},
    {"0 0 *,10 * 1", NULL, "2026-01-05T00:00 2026-01-12T00:00", BOTH},
    {"0 0 10,* * 1", NULL, "2026-01-05T00:00 2026-01-12T00:00", K},
    {"0 0 10,* * 1", NULL, "2026-01-02T00:00 2026-01-03T00:00", V},
    {"0 0 1,15 * 3", NULL, "2026-01-07T00:00 2026-01-14T00:00 2026-01-15T00:00", BOTH},
    {"0 0 1-7 * 1", NULL, "2026-01-02T00:00 2026-01-03T00:00 2026-01-04T00:00", BOTH},
    {"0 0 * * 7", NULL, "2026-01-04T00:00 2026-01-11T00:00", V},
    {"0 0 * * 0", NULL, "2026-01-04T00:00 2026-01-11T00:00", BOTH},
    {"0 0 * * 5-7", NULL, "2026-01-02T00:00 2026-01-03T00:00 2026-01-04T00:00 2026-01-09T00:00", V},
    {"0 0 * * 0-7", NULL, "2026-01-02T00:00 2026-01-03T00:00 2026-01-04T00:00", V},
    {"0 0 * * sat-sun", NULL, "2026-01-03T00:00 2026-01-04T00:00 2026-01-10T00:00", V},
    {"0 0 * * 1/3", NULL, "2026-01-05T00:00 2026-01-08T00:00 2026-01-12T00:00", K},
    {"5/15 * * * *", NULL,
     "2026-01-01T00:05 2026-01-01T00:20 2026-01-01T00:35 2026-01-01T00:50 2026-01-01T01:05", K},
    {"*/35 * * * *", NULL, "2026-01-01T00:35 2026-01-01T01:00 2026-01-01T01:35", BOTH},
    {"*/90 * * * *", NULL, "2026-01-01T01:00 2026-01-01T02:00", BOTH},
    {"0 */23 * * *", NULL, "2026-01-01T23:00 2026-01-02T00:00", BOTH},
    {"0-10/20 * * * *", NULL, "2026-01-01T01:00 2026-01-01T02:00", BOTH},
    {"0 0 31 * *", NULL, "2026-01-31T00:00 2026-03-31T00:00 2026-05-31T00:00", BOTH},
    {"0 0 29 2 *", NULL, "2028-02-29T00:00 2032-02-29T00:00", BOTH},
    {"0 0 29 2 *", "2096-03-01T00:00:00", "2104-02-29T00:00", BOTH},
    {"1,2,,3 * * * *", NULL, "2026-01-01T00:01 2026-01-01T00:02 2026-01-01T00:03 2026-01-01T01:01",
     K},
    {",1, * * * *", NULL, "2026-01-01T00:01 2026-01-01T01:01", K},
    {"+5 * * * *", NULL, "2026-01-01T00:05", K},
    {"005 * * * *", NULL, "2026-01-01T00:05 2026-01-01T01:05", BOTH},
    {"0 0 * JAN-mar MON,Wed", NULL, "2026-01-05T00:00 2026-01-07T00:00", BOTH},
    {"0 0 ? * 1", NULL, "2026-01-05T00:00", K},
    {"@hourly", "2026-01-01T00:00:30", "2026-01-01T01:00 2026-01-01T02:00", BOTH},
    {"@weekly", "2026-01-01T00:00:30", "2026-01-04T00:00 2026-01-11T00:00", BOTH},
    {"@monthly", NULL, "2026-02-01T00:00", BOTH},
    {"@Daily", NULL, "2026-01-02T00:00", BOTH},
    {"@midnight", NULL, "2026-01-02T00:00", BOTH},
    {"@yearly", "2026-01-01T00:00:30", "2027-01-01T00:00 2028-01-01T00:00", BOTH},
    {"@annually", NULL, "2027-01-01T00:00", BOTH},
    {"@every 90s", NULL, "2026-01-01T00:01 2026-01-01T00:03 2026-01-01T00:04", BOTH},
    {"*/15 9-17 * * 1-5", "2026-01-02T17:45:00", "2026-01-05T09:00 2026-01-05T09:15", BOTH},
    {"0 0 * 2 *", "2024-02-28T23:59:00", "2024-02-29T00:00 2025-02-01T00:00", BOTH},
    {"0 12 */2 * *", "2026-01-30T12:00:00", "2026-01-31T12:00 2026-02-01T12:00 2026-02-03T12:00",
     BOTH},
    {"34 12 * * *", "2026-01-01T12:34:56", "2026-01-02T12:34", BOTH},
    {"34 12 * * *", "2026-01-01T12:33:59", "2026-01-01T12:34", BOTH},
    {"* * * * *", "2026-01-01T00:00:59", "2026-01-01T00:01 2026-01-01T00:02", BOTH},
    {"59 23 28-31 * *", "2026-02-27T23:59:59", "2026-02-28T23:59 2026-03-28T23:59", BOTH},
    {"  0\t0 *  * 1 ", NULL, "2026-01-05T00:00", BOTH},
    {"0 0 * * 0", "1969-12-30T00:00:00", "1970-01-04T00:00", BOTH},
    {"0 0 29 2 *", "1899-01-01T00:00:00", "1904-02-29T00:00", BOTH},
    {"0 0 31 12 6", "2026-12-30T00:00:00", "2026-12-31T00:00 2027-12-04T00:00", BOTH},
};

static void
check_row(const char *expression, enum cron_dialect dialect, const char *from, const char *times)
{
    struct cronexpr x;
    struct zone *utc = NULL;
    struct err e = {0};
    char all[512] = "", one[32];
    if (cronexpr_parse(expression, dialect, &x, &e) < 0)
        fail_msg("%s: %s", expression, e.msg);
    assert_int_equal(zone_load("UTC", &utc, &e), 0);
    int64_t at_s = seconds(from ? from : "2026-01-01T00:00:00");
    while (strlen(all) < strlen(times)) {
        assert_true(cron_next(&x, utc, CRON_DST_VIXIE, at_s, &at_s));
        strcat(all, *all ? " " : "");
        strcat(all, text_of(one, at_s));
    }
    if (strcmp(all, times) != 0)
        fail_msg("%s (dialect %d): %s", expression, dialect, all);
    zone_free(utc);
}

static void
test_times(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].dialects & V)
            check_row(rows[i].expression, CRON_VIXIE, rows[i].from, rows[i].times);
        if (rows[i].dialects & K)
            check_row(rows[i].expression, CRON_K8S, rows[i].from, rows[i].times);
    }
}

static const struct {
    const char *expression;
    int dialects;
    const char *error; /* its beginning */
} refused[] = {
    {"60 * * * *", BOTH, "column 1: minute: 60 is out of range; a number from 0 to 59 is expected"},
    {"* 24 * * *", BOTH, "column 3: hour: 24 is out of range"},
    {"* * 0 * *", BOTH, "column 5: day of month: 0 is out of range; a number from 1 to 31"},
    {"* * 32 * *", BOTH, "column 5: day of month"},
    {"* * * 0 *", BOTH,
     "column 7: month: 0 is out of range; a number from 1 to 12, or a name of three letters, is expected"},
    {"* * * 13 *", BOTH, "column 7: month"},
    {"* * * * 8", BOTH, "column 9: day of week"},
    {"* * * * 7", K, "column 9: day of week: 7 is out of range; a number from 0 to 6"},
    {"* * * * 5-7", K, "column 11: day of week"},
    {"* * * * sat-sun", K, "column 9: the range ends before it begins"},
    {"*/0 * * * *", BOTH, "column 3: a step of 0"},
    {"1- * * * *", BOTH, "column 3: minute: a number"},
    {"5--5 * * * *", BOTH, "column 3: minute: a number"},
    {"*//2 * * * *", BOTH, "column 3: a step is expected"},
    {"*/ * * * *", BOTH, "column 3: a step is expected"},
    {"10-5 * * * *", BOTH, "column 1: the range ends before it begins, so it never matches"},
    {"0 22-2 * * *", BOTH, "column 3: the range ends"},
    {"0 5-0 * * *", BOTH, "column 3: the range ends"},
    {"1,3,10-5 * * * *", BOTH, "column 5: the range ends"},
    {"0 0 * * fri-mon", BOTH, "column 9: the range ends"},
    {"0 0 * * fri-sun/2", BOTH, "column 9: the range ends"},
    {"5/15 * * * *", V, "column 1: a step needs a range"},
    {"+5 * * * *", V, "column 1: minute: a number"},
    {"-5 * * * *", BOTH, "column 1: minute: a number"},
    {"1,2,,3 * * * *", V, "column 5: an item of the list is missing"},
    {", * * * *", BOTH, "column "},
    {",, * * * *", K, "column 3: an item of the list is missing"},
    {"1, * * * *", V, "column 3: an item of the list is missing"},
    {"4294967296 * * * *", BOTH, "column 1: minute: 4294967296 is out of range"},
    {"99999999999999999999999 * * * *", BOTH, "column 1: minute: 999999999999999 is out of range"},
    {"0 0 * january *", BOTH, "column 7: month: a number"},
    {"0 0 * ja *", BOTH, "column 7: month: a number"},
    {"0 0 mon * *", BOTH, "column 5: day of month: a number"},
    {"0 0 L * *", BOTH, "column 5: day of month: a number"},
    {"0 0 1x * *", BOTH, "column 6: ','"},
    {"* * * * mon#2", BOTH, "column 12: ','"},
    {"*5 * * * *", BOTH, "column 2: ','"},
    {"0~30 * * * *", BOTH, "column 2: '~'"},
    {"? * * * *", V, "column 1: minute: a number"},
    {"", BOTH, "column 1: 0 fields where five are expected"},
    {"   ", BOTH, "column 4: 0 fields"},
    {"* * * *", BOTH, "column 1: 4 fields"},
    {"0 0 1 1 * 2026", BOTH, "column 1: 6 fields"},
    {"@", BOTH, "column 1: unknown word"},
    {"@dialy", BOTH, "column 1: unknown word; did you mean @daily"},
    {"@daily x", BOTH, "column 1: unknown word"},
    {"@reboot", BOTH, "column 1: @reboot is not supported"},
    {"@every", BOTH, "column 7: "},
    {"@every 90", BOTH, "column 8: "},
    {"@every 500ms", BOTH, "column 8: less than a second"},
    {"TZ=Europe/Berlin 0 0 * * *", V, "column 1: a time zone in front"},
    {"TZ=Europe/Berlin", K, "column 1: a time zone and the fields"},
    {"TZ= 0 0 * * *", K, "column 1: a time zone and the fields"},
    {"CRON_TZ=X ", K, "column 11: 0 fields"},
};

static void
test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        for (int d = 0; d < 2; d++) {
            struct cronexpr x;
            struct err e = {0};
            if (!(refused[i].dialects >> d & 1))
                continue;
            if (cronexpr_parse(refused[i].expression, (enum cron_dialect)d, &x, &e) == 0)
                fail_msg("'%s' is read in dialect %d", refused[i].expression, d);
            assert_int_equal(e.code, ERR_USAGE);
            if (strncmp(e.msg, refused[i].error, strlen(refused[i].error)) != 0)
                fail_msg("'%s' (dialect %d): %s", refused[i].expression, d, e.msg);
        }
    }
}

static void
test_never(void **state)
{
    static const char *const lines[] = {"0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 31 2 *"};
    struct zone *utc = NULL;
    struct err e;
    (void)state;
    assert_int_equal(zone_load("UTC", &utc, &e), 0);
    for (size_t i = 0; i < 3; i++) {
        struct cronexpr x;
        int64_t at_s;
        assert_int_equal(cronexpr_parse(lines[i], CRON_VIXIE, &x, &e), 0);
        assert_false(cron_next(&x, utc, CRON_DST_VIXIE, 0, &at_s));
        assert_false(cron_next(&x, utc, CRON_DST_VIXIE, INT64_C(250000000000), &at_s));
    }
    zone_free(utc);
}

static void
test_zone_in_front(void **state)
{
    struct cronexpr x;
    struct err e;
    (void)state;
    assert_int_equal(cronexpr_parse("CRON_TZ=Asia/Kathmandu 0 0 * * *", CRON_K8S, &x, &e), 0);
    assert_string_equal(x.zone, "Asia/Kathmandu");
    assert_int_equal(cronexpr_parse(" TZ=UTC @daily", CRON_K8S, &x, &e), 0);
    assert_string_equal(x.zone, "UTC");
    assert_true(cronexpr_parse("0 0 * * *", CRON_K8S, &x, &e) == 0 && x.zone[0] == '\0');
}

static void
test_wild(void **state)
{
    static const struct {
        const char *expression;
        bool wild;
    } lines[] = {{"*/30 2 * * *", true}, {"0 */2 * * *", true}, {"0,*/30 2 * * *", false},
                 {"0 2 * * *", false},   {"@hourly", true},     {"@daily", false},
                 {"* * * * *", true},    {"0 2,* * * *", false}};
    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct cronexpr x;
        struct err e;
        assert_int_equal(cronexpr_parse(lines[i].expression, CRON_VIXIE, &x, &e), 0);
        assert_int_equal(x.wild, lines[i].wild);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_never), cmocka_unit_test(test_zone_in_front),
        cmocka_unit_test(test_wild),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
