/* Hours that clocks skip and repeat: known cases, and every change of clocks against a walk by minutes with the C library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "cronrun/cron/civil.h"
#include "cronrun/cron/cron_next.h"
#include "cronrun/run/instant.h"

static struct zone *
load(const char *name)
{
    struct zone *z = NULL;
    struct err e = {0};
    if (zone_load(name, &z, &e) < 0)
        fail_msg("%s", e.msg);
    return z;
}

static struct cronexpr
parse(const char *expression)
{
    struct cronexpr x;
    struct err e = {0};
    if (cronexpr_parse(expression, CRON_VIXIE, &x, &e) < 0)
        fail_msg("%s", e.msg);
    return x;
}

static int64_t
instant(const char *text)
{
    int64_t ms;
    struct err e;
    assert_int_equal(instant_parse(text, &ms, &e), 0);
    return ms / 1000;
}

static const struct {
    const char *zone, *expression, *after, *times;
    enum cron_dst dst;
} rows[] = {
    {"America/New_York", "30 2 * * *", "2026-03-08T00:00:00-05:00",
     "2026-03-08T07:00:00Z 2026-03-09T06:30:00Z", CRON_DST_VIXIE},
    {"America/New_York", "30 2 * * *", "2026-03-08T00:00:00-05:00", "2026-03-09T06:30:00Z",
     CRON_DST_SKIP},
    {"America/New_York", "30 2 * * *", "2026-03-08T00:00:00-05:00", "2026-03-09T06:30:00Z",
     CRON_DST_K8S},
    {"America/New_York", "0 * * * *", "2026-03-08T01:00:00-05:00", "2026-03-08T07:00:00Z",
     CRON_DST_VIXIE},
    {"America/New_York", "*/15 * * * *", "2026-03-08T01:45:00-05:00", "2026-03-08T07:00:00Z",
     CRON_DST_VIXIE},
    {"America/New_York", "*/30 2 * * *", "2026-03-08T00:00:00-05:00", "2026-03-09T06:00:00Z",
     CRON_DST_VIXIE},
    {"America/New_York", "15,45 2 * * *", "2026-03-08T00:00:00-05:00",
     "2026-03-08T07:00:00Z 2026-03-09T06:15:00Z", CRON_DST_VIXIE},
    {"America/New_York", "0,30 2,3 * * *", "2026-03-08T00:00:00-05:00",
     "2026-03-08T07:00:00Z 2026-03-08T07:30:00Z", CRON_DST_VIXIE},
    {"America/New_York", "30 1 * * *", "2026-11-01T00:00:00-04:00",
     "2026-11-01T05:30:00Z 2026-11-02T06:30:00Z", CRON_DST_VIXIE},
    {"America/New_York", "30 1 * * *", "2026-11-01T00:00:00-04:00",
     "2026-11-01T05:30:00Z 2026-11-01T06:30:00Z", CRON_DST_K8S},
    {"America/New_York", "0 * * * *", "2026-11-01T01:00:00-04:00",
     "2026-11-01T06:00:00Z 2026-11-01T07:00:00Z", CRON_DST_VIXIE},
    {"America/New_York", "0 * * * *", "2026-11-01T01:00:00-04:00", "2026-11-01T07:00:00Z",
     CRON_DST_SKIP},
    {"America/New_York", "* * * * *", "2026-11-01T01:59:00-04:00",
     "2026-11-01T06:00:00Z 2026-11-01T06:01:00Z", CRON_DST_VIXIE},
    {"America/New_York", "*/30 1 * * *", "2026-11-01T00:00:00-04:00",
     "2026-11-01T05:00:00Z 2026-11-01T05:30:00Z 2026-11-01T06:00:00Z 2026-11-01T06:30:00Z 2026-11-02T06:00:00Z",
     CRON_DST_VIXIE},
    {"Europe/Berlin", "30 2 * * *", "2026-03-29T00:00:00Z",
     "2026-03-29T01:00:00Z 2026-03-30T00:30:00Z", CRON_DST_VIXIE},
    {"Europe/Berlin", "0 2 * * *", "2026-10-24T12:00:00Z",
     "2026-10-25T00:00:00Z 2026-10-26T01:00:00Z", CRON_DST_VIXIE},
    {"Europe/Berlin", "0 2 * * *", "2026-10-24T12:00:00Z",
     "2026-10-25T00:00:00Z 2026-10-25T01:00:00Z", CRON_DST_K8S},
    {"Europe/Berlin", "*/30 * * * *", "2026-10-25T00:59:00Z", "2026-10-25T01:00:00Z",
     CRON_DST_VIXIE},
    {"Europe/Berlin", "0 */2 * * *", "2026-03-28T22:00:00Z",
     "2026-03-28T23:00:00Z 2026-03-29T02:00:00Z", CRON_DST_VIXIE},
    {"Europe/London", "30 1 * * *", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z", CRON_DST_VIXIE},
    {"Europe/Dublin", "30 1 * * *", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z", CRON_DST_VIXIE},
    {"Australia/Lord_Howe", "15 2 * * *", "2026-10-03T12:00:00Z", "2026-10-03T15:30:00Z",
     CRON_DST_VIXIE},
    {"Australia/Lord_Howe", "45 1 * * *", "2026-04-04T12:00:00Z",
     "2026-04-04T14:45:00Z 2026-04-05T15:15:00Z", CRON_DST_VIXIE},
    {"Australia/Lord_Howe", "45 1 * * *", "2026-04-04T12:00:00Z",
     "2026-04-04T14:45:00Z 2026-04-04T15:15:00Z", CRON_DST_K8S},
    {"America/Sao_Paulo", "0 0 * * *", "2018-11-03T12:00:00Z",
     "2018-11-04T03:00:00Z 2018-11-05T02:00:00Z", CRON_DST_VIXIE},
    {"America/Havana", "0 0 * * *", "2026-03-07T12:00:00Z", "2026-03-08T05:00:00Z", CRON_DST_VIXIE},
    {"Africa/Cairo", "0 0 * * *", "2026-04-23T12:00:00Z", "2026-04-23T22:00:00Z", CRON_DST_VIXIE},
    {"Pacific/Apia", "0 12 * * *", "2011-12-29T23:00:00Z", "2011-12-30T22:00:00Z", CRON_DST_VIXIE},
    {"Pacific/Apia", "30 5 30 12 *", "2011-12-01T00:00:00Z", "2012-12-29T15:30:00Z",
     CRON_DST_VIXIE}, /* a day that was not */
    {"Antarctica/Troll", "30 1 * * *", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z",
     CRON_DST_VIXIE},
    {"Pacific/Chatham", "15 3 * * *", "2026-04-04T00:00:00Z",
     "2026-04-04T13:30:00Z 2026-04-05T14:30:00Z", CRON_DST_VIXIE},
    {"Pacific/Chatham", "15 3 * * *", "2026-04-04T00:00:00Z",
     "2026-04-04T13:30:00Z 2026-04-04T14:30:00Z", CRON_DST_K8S},
    {"Asia/Kathmandu", "0 0 * * *", "2026-01-01T00:00:00Z", "2026-01-01T18:15:00Z", CRON_DST_VIXIE},
    {"America/Los_Angeles", "30 * * * *", "2019-11-03T07:00:00Z",
     "2019-11-03T07:30:00Z 2019-11-03T08:30:00Z 2019-11-03T09:30:00Z 2019-11-03T10:30:00Z",
     CRON_DST_VIXIE},
    {"UTC", "30 1 * * *", "2022-10-30T00:00:00Z", "2022-10-30T01:30:00Z", CRON_DST_VIXIE},
};

static void
test_known(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct zone *z = load(rows[i].zone);
        struct cronexpr x = parse(rows[i].expression);
        char all[256] = "", one[CLOCK_RFC3339_MAX];
        int64_t at_s = instant(rows[i].after);
        while (strlen(all) < strlen(rows[i].times)) {
            assert_true(cron_next(&x, z, rows[i].dst, at_s, &at_s));
            strcat(all, *all ? " " : "");
            strcat(all, clock_format_rfc3339(one, at_s * 1000000, 0));
        }
        if (strcmp(all, rows[i].times) != 0)
            fail_msg("%s, %s, rule %d: %s", rows[i].zone, rows[i].expression, rows[i].dst, all);
        zone_free(z);
    }
}

/* ---- every change of clocks ---- */

static bool
fits(const struct cronexpr *x, int64_t local_s)
{
    int64_t days = civil_floor_div(local_s, CIVIL_DAY_S);
    struct civil c = civil_of_days(days);
    int rest = (int)(local_s - days * CIVIL_DAY_S);
    bool day = x->days >> c.day & 1, weekday = x->weekdays >> civil_weekday(days) & 1;
    return x->months >> c.month & 1 && x->hours >> rest / 3600 & 1 &&
           x->minutes >> rest / 60 % 60 & 1 && rest % 60 == 0 &&
           (x->either_day ? day || weekday : day && weekday);
}

/* The C library's local time, as if it were UTC. */
static int64_t
local_of(int64_t at_s)
{
    time_t t = (time_t)at_s;
    struct tm tm;
    localtime_r(&t, &tm);
    return (int64_t)timegm(&tm);
}

#define HOUR_S INT64_C(3600)
#define WALK_MINUTES 3600
static int64_t locals[WALK_MINUTES + 1]; /* of the minute before the walk, and of each of it */

/* The instants from from_s on at which x comes, found minute by minute. */
static size_t
walk(const struct cronexpr *x, enum cron_dst dst, int64_t from_s, int64_t *found)
{
    size_t n = 0;
    bool late = dst == CRON_DST_VIXIE && !x->wild, once = dst == CRON_DST_SKIP || late;
    int64_t highest = locals[0];
    for (int i = 1; i <= WALK_MINUTES; i++) {
        int64_t local = locals[i], step = local - locals[i - 1] - 60;
        bool comes = false;
        if (step < -3 * HOUR_S)
            highest = local - 60; /* a large step back begins anew */
        if (late && step > 0 && step <= 3 * HOUR_S)
            for (int64_t skipped = locals[i - 1] + 60; skipped < local; skipped += 60)
                comes |= fits(x, skipped);
        comes |= fits(x, local) && (!once || local > highest);
        if (local > highest)
            highest = local;
        if (comes)
            found[n++] = from_s + (int64_t)(i - 1) * 60;
    }
    return n;
}

static const char *const walked[] = {
    "30 2 * * *",     "0 0 * * *",      "*/30 * * * *",       "15 1,2,3 * * *",
    "59 23 * * *",    "*/20 0-3 * * *", "7 */2 * * *",        "0 0 29 2 *",
    "45 0-4 1-7 * 0", "* * * * *",      "5,35 * * * sat-sun", "0 1-3 31 * *",
};
#define WALKED (sizeof(walked) / sizeof(walked[0]))

static void
compare(const char *name, const struct zone *z, const char *expression, int64_t change_s)
{
    static int64_t found[WALK_MINUTES];
    struct cronexpr x = parse(expression);
    int64_t from_s = civil_floor_div(change_s, 60) * 60 - 30 * HOUR_S,
            until_s = from_s + WALK_MINUTES * INT64_C(60);
    for (int i = 0; i <= WALK_MINUTES; i++)
        locals[i] = local_of(from_s + (int64_t)(i - 1) * 60);
    for (int dst = CRON_DST_VIXIE; dst <= CRON_DST_K8S; dst++) {
        size_t n = walk(&x, (enum cron_dst)dst, from_s, found);
        int64_t at_s = from_s - 1;
        for (size_t i = 0; i <= n; i++) {
            int64_t wanted = i < n ? found[i] : until_s;
            bool any = cron_next(&x, z, (enum cron_dst)dst, at_s, &at_s);
            if (i < n ? !any || at_s != wanted : any && at_s < wanted)
                fail_msg("%s, '%s', rule %d around %lld: %lld instead of %lld", name, expression,
                         dst, (long long)change_s, (long long)at_s, (long long)wanted);
        }
    }
}

/* Nearest to the beginning of the epoch some zones had offsets with seconds, which a walk by minutes does not meet. */
static void
test_every_change(void **state)
{
    static const char *const zones[] = {
        "America/New_York", "Europe/Berlin",    "Europe/Dublin",     "Australia/Lord_Howe",
        "Antarctica/Troll", "Pacific/Apia",     "Africa/Casablanca", "America/Havana",
        "Asia/Tehran",      "Pacific/Chatham",  "America/St_Johns",  "Asia/Gaza",
        "America/Asuncion", "Antarctica/Casey",
    };
    unsigned changes = 0;
    (void)state;
    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
        struct zone *z = load(zones[i]);
        setenv("TZ", zones[i], 1);
        tzset();
        int64_t end_s = instant("2037-12-01T00:00:00Z");
        for (struct zone_span s = zone_at(z, instant("1972-06-01T00:00:00Z")); s.until_s < end_s;
             s = zone_at(z, s.until_s)) {
            assert_int_equal(local_of(s.until_s - 1) - (s.until_s - 1), s.offset_s);
            compare(zones[i], z, walked[changes % WALKED], s.until_s);
            compare(zones[i], z, walked[(changes + 5) % WALKED], s.until_s);
            changes++;
        }
        zone_free(z);
    }
    unsetenv("TZ");
    tzset();
    print_message("%u changes\n", changes);
    assert_true(changes > 1000);
}

/* ---- zones ---- */

static void
test_rules(void **state)
{
    static const struct {
        const char *rule, *at;
        int32_t offset_s;
    } lines[] = {
        {"UTC0", "2026-07-01T00:00:00Z", 0},
        {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T00:59:59Z", 3600},
        {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T01:00:00Z", 7200},
        {"CET-1CEST,M3.5.0,M10.5.0/3", "2499-07-01T00:00:00Z", 7200},
        {"EST5EDT", "2026-07-01T00:00:00Z", -4 * 3600}, /* a file */
        {"XST5XDT", "2026-07-01T00:00:00Z", -4 * 3600},
        {"XST5XDT", "2026-11-02T00:00:00Z", -5 * 3600},
        {"XST5:00:30", "2026-11-02T00:00:00Z", -18030},
        {"<+0545>-5:45", "2026-07-01T00:00:00Z", 20700},
        {"NZST-12NZDT,M9.5.0,M4.1.0/3", "2026-01-01T00:00:00Z", 13 * 3600},
        {"NZST-12NZDT,M9.5.0,M4.1.0/3", "2026-07-01T00:00:00Z", 12 * 3600},
        {"EST5EDT,0/0,J365/25", "2026-01-01T06:00:00Z", -4 * 3600}, /* always, RFC 8536, 3.3.1 */
        {"EST5EDT,0/0,J365/25", "2027-01-01T04:30:00Z", -4 * 3600},
        {"XXX0YYY,J60,J300", "2024-03-01T03:00:00Z", 3600}, /* the leap day is not counted */
        {"XXX0YYY,60,300", "2024-03-01T03:00:00Z", 3600},   /* it is */
        {"XXX0YYY,60,300", "2025-03-01T03:00:00Z", 0},
    };
    static const char *const bad[] = {"",
                                      "X0",
                                      "XYZ",
                                      "CET-1CEST,M3.5.0",
                                      "CET-25",
                                      "<CET-1",
                                      "CET-1:60",
                                      "XST5:00:60",
                                      "XST5XDT99",
                                      "X",
                                      "XST5XDT4X",
                                      "CET-1CEST,M13.1.0,M1.1.0",
                                      "CET-1CEST,M3.5.7,M10.5.0",
                                      "CET-1CEST,J0,J1",
                                      "../etc",
                                      "/dev/null",
                                      "Europe/Nowhere",
                                      "CET-1CEST,M3.5.0,M10.5.0/168"};
    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct zone *z = load(lines[i].rule);
        if (zone_at(z, instant(lines[i].at)).offset_s != lines[i].offset_s)
            fail_msg("%s at %s: %d", lines[i].rule, lines[i].at,
                     zone_at(z, instant(lines[i].at)).offset_s);
        zone_free(z);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct zone *z = NULL;
        struct err e = {0};
        if (zone_load(bad[i], &z, &e) == 0)
            fail_msg("'%s' is a zone", bad[i]);
        assert_int_equal(e.code, ERR_USAGE);
    }
}

/* A file that is cut off anywhere, or has a byte changed, is refused or read; never more than it holds. */
static void
test_damaged_files(void **state)
{
    unsigned char data[8192];
    FILE *f = fopen("/usr/share/zoneinfo/America/New_York", "re");
    (void)state;
    assert_non_null(f);
    size_t size = fread(data, 1, sizeof(data), f);
    fclose(f);
    assert_true(size > 1000 && size < sizeof(data));
    for (size_t n = 0; n < size; n++) {
        unsigned char *copy = malloc(n + 1);
        struct zone *z = NULL;
        struct err e;
        memcpy(copy, data, n);
        if (zone_parse(copy, n, &z, &e) == 0)
            assert_true(n > 1000); /* only the rule is missing */
        zone_free(z);
        free(copy);
    }
    for (size_t i = 0; i < size; i++) {
        unsigned char kept = data[i];
        struct zone *z = NULL;
        struct err e;
        data[i] = (unsigned char)(kept ^ 0xff);
        if (zone_parse(data, size, &z, &e) == 0)
            zone_at(z, 0);
        zone_free(z);
        data[i] = kept;
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_every_change),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_damaged_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
