/*
 * The cases of schedules (1 to 61) and of changes of clocks (62 to 88) by their numbers: each is a test named after its own. They were
 * collected from what cronie, robfig/cron and supercronic do with the same line; where ours differs on purpose it is in the row. 43 to 50
 * and 58 to 60 are forms of supercronic and of robfig/cron with seconds: refused. The missed runs have numbers of their own, M1 to M9.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "cronrun/cron/cron_next.h"
#include "cronrun/daemon/due.h"
#include "cronrun/daemon/overlap.h"
#include "cronrun/run/instant.h"

enum { VIXIE = 1, K8S = 2, BOTH = 3 };

/* In UTC. times: those that follow from, NULL: refused, or never. */
struct schedule {
    int number, dialects;
    const char *expression, *from, *times;
};

/* Times in UTC under dst=vixie and dst=k8s, NULL: not said. */
struct change {
    int number;
    const char *zone, *expression, *from, *vixie, *k8s;
};

static const struct schedule schedules[] = {
    {1, BOTH, "0 0 13 * 5", "2026-01-01T00:00:00Z",
     "2026-01-02T00:00 2026-01-09T00:00 2026-01-13T00:00 2026-01-16T00:00"},
    {2, K8S, "0 0 */2 * 1", "2026-01-01T00:00:00Z",
     "2026-01-03T00:00 2026-01-05T00:00 2026-01-07T00:00"},
    {2, VIXIE, "0 0 */2 * 1", "2026-01-01T00:00:00Z",
     "2026-01-05T00:00 2026-01-19T00:00 2026-02-09T00:00"},
    {3, BOTH, "0 0 * * */2", "2026-01-01T00:00:00Z",
     "2026-01-03T00:00 2026-01-04T00:00 2026-01-06T00:00 2026-01-08T00:00"},
    {4, BOTH, "0 0 1-31 * 1", "2026-01-01T00:00:00Z",
     "2026-01-02T00:00 2026-01-03T00:00 2026-01-04T00:00"},
    {5, BOTH, "0 0 */1 * 1", "2026-01-01T00:00:00Z", "2026-01-05T00:00 2026-01-12T00:00"},
    {6, BOTH, "0 0 *,10 * 1", "2026-01-01T00:00:00Z", "2026-01-05T00:00 2026-01-12T00:00"},
    {7, K8S, "0 0 10,* * 1", "2026-01-01T00:00:00Z", "2026-01-05T00:00 2026-01-12T00:00"},
    {7, VIXIE, "0 0 10,* * 1", "2026-01-01T00:00:00Z", "2026-01-02T00:00 2026-01-03T00:00"},
    {8, BOTH, "0 0 1,15 * 3", "2026-01-01T00:00:00Z",
     "2026-01-07T00:00 2026-01-14T00:00 2026-01-15T00:00"},
    {9, BOTH, "0 0 1-7 * 1", "2026-01-01T00:00:00Z",
     "2026-01-02T00:00 2026-01-03T00:00 2026-01-04T00:00"},
    {10, VIXIE, "0 0 * * 7", "2026-01-01T00:00:00Z", "2026-01-04T00:00 2026-01-11T00:00"},
    {10, K8S, "0 0 * * 7", "2026-01-01T00:00:00Z", NULL},
    {11, VIXIE, "0 0 * * 5-7", "2026-01-01T00:00:00Z",
     "2026-01-02T00:00 2026-01-03T00:00 2026-01-04T00:00"},
    {11, K8S, "0 0 * * 5-7", "2026-01-01T00:00:00Z", NULL},
    {12, VIXIE, "0 0 * * 0-7", "2026-01-01T00:00:00Z",
     "2026-01-02T00:00 2026-01-03T00:00 2026-01-04T00:00 2026-01-05T00:00"},
    {12, K8S, "0 0 * * 0-7", "2026-01-01T00:00:00Z", NULL},
    {13, VIXIE, "0 0 * * sat-sun", "2026-01-01T00:00:00Z",
     "2026-01-03T00:00 2026-01-04T00:00 2026-01-10T00:00"},
    {13, K8S, "0 0 * * sat-sun", "2026-01-01T00:00:00Z", NULL},
    {14, BOTH, "0 0 * * fri-mon", "2026-01-01T00:00:00Z", NULL},
    {15, BOTH, "0 0 * * fri-sun/2", "2026-01-01T00:00:00Z", NULL},
    {16, BOTH, "0 22-2 * * *", "2026-01-01T00:00:00Z", NULL},
    {17, BOTH, "10-5 * * * *", "2026-01-01T00:00:00Z", NULL},
    {18, K8S, "5/15 * * * *", "2026-01-01T00:00:00Z",
     "2026-01-01T00:05 2026-01-01T00:20 2026-01-01T00:35 2026-01-01T00:50"},
    {18, VIXIE, "5/15 * * * *", "2026-01-01T00:00:00Z", NULL},
    {19, BOTH, "*/35 * * * *", "2026-01-01T00:00:00Z",
     "2026-01-01T00:35 2026-01-01T01:00 2026-01-01T01:35"},
    {20, BOTH, "*/90 * * * *", "2026-01-01T00:00:00Z", "2026-01-01T01:00 2026-01-01T02:00"},
    {21, BOTH, "0 */23 * * *", "2026-01-01T00:00:00Z", "2026-01-01T23:00 2026-01-02T00:00"},
    {22, BOTH, "0-10/20 * * * *", "2026-01-01T00:00:00Z", "2026-01-01T01:00 2026-01-01T02:00"},
    {23, BOTH, "0 0 31 * *", "2026-01-01T00:00:00Z",
     "2026-01-31T00:00 2026-03-31T00:00 2026-05-31T00:00"},
    {24, BOTH, "0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00 2032-02-29T00:00"},
    {25, BOTH, "0 0 29 2 *", "2096-03-01T00:00:00Z", "2104-02-29T00:00"},
    {26, BOTH, "0 0 30 2 *", "2026-01-01T00:00:00Z", NULL},
    {27, BOTH, "0 0 31 4,6,9,11 *", "2026-01-01T00:00:00Z", NULL},
    {28, K8S, "1,2,,3 * * * *", "2026-01-01T00:00:00Z",
     "2026-01-01T00:01 2026-01-01T00:02 2026-01-01T00:03"},
    {28, VIXIE, "1,2,,3 * * * *", "2026-01-01T00:00:00Z", NULL},
    {29, BOTH, ", * * * *", "2026-01-01T00:00:00Z", NULL},
    {30, K8S, "+5 * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:05"},
    {30, VIXIE, "+5 * * * *", "2026-01-01T00:00:00Z", NULL},
    {31, BOTH, "005 * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:05 2026-01-01T01:05"},
    {32, BOTH, "60 * * * *", "2026-01-01T00:00:00Z", NULL},
    {33, BOTH, "* 24 * * *", "2026-01-01T00:00:00Z", NULL},
    {34, BOTH, "* * 0 * *", "2026-01-01T00:00:00Z", NULL},
    {35, BOTH, "* * 32 * *", "2026-01-01T00:00:00Z", NULL},
    {36, BOTH, "* * * 0 *", "2026-01-01T00:00:00Z", NULL},
    {37, BOTH, "* * * 13 *", "2026-01-01T00:00:00Z", NULL},
    {38, BOTH, "* * * * 8", "2026-01-01T00:00:00Z", NULL},
    {39, BOTH, "*/0 * * * *", "2026-01-01T00:00:00Z", NULL},
    {40, BOTH, "1- * * * *", "2026-01-01T00:00:00Z", NULL},
    {41, BOTH, "5--5 * * * *", "2026-01-01T00:00:00Z", NULL},
    {42, BOTH, "*//2 * * * *", "2026-01-01T00:00:00Z", NULL},
    {43, BOTH, "0 0 L * *", "2026-01-01T00:00:00Z", NULL},
    {44, BOTH, "0 0 * * 5L", "2026-01-01T00:00:00Z", NULL},
    {45, BOTH, "0 0 * * mon#2", "2026-01-01T00:00:00Z", NULL},
    {46, BOTH, "0 0 15W * *", "2026-01-01T00:00:00Z", NULL},
    {47, BOTH, "0 0 * * 6#5", "2026-01-01T00:00:00Z", NULL},
    {48, BOTH, "0 0 14W * *", "2026-01-01T00:00:00Z", NULL},
    {49, BOTH, "0 0 30W * *", "2026-01-01T00:00:00Z", NULL},
    {50, BOTH, "0 0 LW * *", "2026-01-01T00:00:00Z", NULL},
    {51, BOTH, "0 0 * JAN-mar MON,Wed", "2026-01-01T00:00:00Z",
     "2026-01-05T00:00 2026-01-07T00:00"},
    {52, BOTH, "@hourly", "2026-01-01T00:00:30Z", "2026-01-01T01:00"},
    {52, BOTH, "@weekly", "2026-01-01T00:00:30Z", "2026-01-04T00:00"},
    {52, BOTH, "@yearly", "2026-01-01T00:00:30Z", "2027-01-01T00:00"},
    {52, BOTH, "@every 90s", "2026-01-01T00:00:00Z", "2026-01-01T00:01 2026-01-01T00:03"},
    {53, BOTH, "*/15 9-17 * * 1-5", "2026-01-02T17:45:00Z", "2026-01-05T09:00"},
    {54, BOTH, "0 0 * 2 *", "2024-02-28T23:59:00Z", "2024-02-29T00:00 2025-02-01T00:00"},
    {55, BOTH, "0 12 */2 * *", "2026-01-30T12:00:00Z",
     "2026-01-31T12:00 2026-02-01T12:00 2026-02-03T12:00"},
    {56, BOTH, "34 12 * * *", "2026-01-01T12:34:56Z", "2026-01-02T12:34"},
    {57, BOTH, "* * * * *", "2026-01-01T00:00:59.5Z", "2026-01-01T00:01"},
    {58, BOTH, "15/35 20-35/15 1/2 */2 * *", "2026-01-01T00:00:00Z", NULL},
    {59, BOTH, "0 0 0 * Feb Mon/2", "2026-01-01T00:00:00Z", NULL},
    {60, BOTH, "0 0 0 */5 Apr,Aug,Oct Mon", "2026-01-01T00:00:00Z", NULL},
    {61, BOTH, "59 23 28-31 * *", "2026-02-27T23:59:59Z", "2026-02-28T23:59 2026-03-28T23:59"},
};

static const struct change changes[] = {
    {62, "America/New_York", "30 2 * * *", "2026-03-08T05:00:00Z",
     "2026-03-08T07:00 2026-03-09T06:30", "2026-03-09T06:30"},
    {63, "America/New_York", "0 * * * *", "2026-03-08T06:00:00Z", "2026-03-08T07:00",
     "2026-03-08T07:00"},
    {64, "America/New_York", "*/15 * * * *", "2026-03-08T06:45:00Z",
     "2026-03-08T07:00 2026-03-08T07:15", NULL},
    {65, "America/New_York", "*/30 2 * * *", "2026-03-08T05:00:00Z", "2026-03-09T06:00",
     "2026-03-09T06:00"},
    {66, "America/New_York", "30 1 * * *", "2026-11-01T04:00:00Z",
     "2026-11-01T05:30 2026-11-02T06:30", "2026-11-01T05:30 2026-11-01T06:30"},
    {67, "America/New_York", "0 * * * *", "2026-11-01T05:00:00Z",
     "2026-11-01T06:00 2026-11-01T07:00", "2026-11-01T06:00"},
    {68, "America/New_York", "* * * * *", "2026-11-01T05:59:00Z",
     "2026-11-01T06:00 2026-11-01T06:01", "2026-11-01T06:00"},
    {69, "America/New_York", "*/30 1 * * *", "2026-11-01T04:00:00Z",
     "2026-11-01T05:00 2026-11-01T05:30 2026-11-01T06:00 2026-11-01T06:30 2026-11-02T06:00",
     "2026-11-01T05:00 2026-11-01T05:30 2026-11-01T06:00 2026-11-01T06:30"},
    {70, "Europe/Berlin", "30 2 * * *", "2026-03-29T00:00:00Z", "2026-03-29T01:00 2026-03-30T00:30",
     "2026-03-30T00:30"},
    {71, "Europe/Berlin", "0 2 * * *", "2026-10-24T12:00:00Z", "2026-10-25T00:00 2026-10-26T01:00",
     "2026-10-25T00:00 2026-10-25T01:00"},
    {72, "Europe/Berlin", "*/30 * * * *", "2026-10-25T00:59:00Z", "2026-10-25T01:00", NULL},
    {73, "Europe/Berlin", "0 */2 * * *", "2026-03-28T22:00:00Z",
     "2026-03-28T23:00 2026-03-29T02:00", NULL},
    {74, "Europe/London", "30 1 * * *", "2026-03-28T12:00:00Z", "2026-03-29T01:00 2026-03-30T00:30",
     NULL},
    {75, "Europe/Dublin", "30 1 * * *", "2026-03-28T12:00:00Z", "2026-03-29T01:00 2026-03-30T00:30",
     NULL},
    {76, "Australia/Lord_Howe", "15 2 * * *", "2026-10-03T12:00:00Z",
     "2026-10-03T15:30 2026-10-04T15:15", NULL},
    {77, "Australia/Lord_Howe", "45 1 * * *", "2026-04-04T12:00:00Z",
     "2026-04-04T14:45 2026-04-05T15:15", "2026-04-04T14:45 2026-04-04T15:15"},
    {78, "America/Sao_Paulo", "0 0 * * *", "2018-11-03T12:00:00Z",
     "2018-11-04T03:00 2018-11-05T02:00", "2018-11-05T02:00"},
    {79, "America/Santiago", "0 0 * * *", "2026-09-05T12:00:00Z",
     "2026-09-06T04:00 2026-09-07T03:00", "2026-09-07T03:00"},
    {80, "America/Havana", "0 0 * * *", "2026-03-07T12:00:00Z", "2026-03-08T05:00 2026-03-09T04:00",
     "2026-03-09T04:00"},
    {81, "Africa/Cairo", "0 0 * * *", "2026-04-23T12:00:00Z", "2026-04-23T22:00 2026-04-24T21:00",
     "2026-04-24T21:00"},
    {82, "Pacific/Apia", "0 12 * * *", "2011-12-29T22:00:00Z", "2011-12-30T22:00", NULL},
    {83, "Antarctica/Troll", "30 1 * * *", "2026-03-28T12:00:00Z",
     "2026-03-29T01:00 2026-03-29T23:30", NULL},
    {84, "Africa/Casablanca", "30 2 * * *", "2026-02-14T12:00:00Z",
     "2026-02-15T01:30 2026-02-16T02:30", "2026-02-15T01:30 2026-02-15T02:30"},
    {84, "Africa/Casablanca", "30 2 * * *", "2026-03-21T12:00:00Z",
     "2026-03-22T02:00 2026-03-23T01:30", NULL},
    {85, "Pacific/Chatham", "15 3 * * *", "2026-04-04T00:00:00Z",
     "2026-04-04T13:30 2026-04-05T14:30", "2026-04-04T13:30 2026-04-04T14:30"},
    {86, "Asia/Kathmandu", "0 0 * * *", "2026-01-01T00:00:00Z", "2026-01-01T18:15", NULL},
    {87, "UTC", "30 1 * * *", "2022-10-30T00:00:00Z", "2022-10-30T01:30", NULL},
    {88, "America/Los_Angeles", "30 * * * *", "2019-11-03T07:00:00Z",
     "2019-11-03T07:30 2019-11-03T08:30 2019-11-03T09:30 2019-11-03T10:30",
     "2019-11-03T07:30 2019-11-03T08:30 2019-11-03T09:30 2019-11-03T10:30"},
};

/* ---- what a row says ---- */

static int64_t
seconds(const char *text)
{
    int64_t ms;
    struct err e;
    assert_int_equal(instant_parse(text, &ms, &e), 0);
    return ms / 1000;
}

/* "2026-01-02T00:00" and what follows it, as long as what is wanted. */
static void
check_times(const struct cronexpr *x, const struct zone *z, enum cron_dst dst, const char *from,
            const char *times)
{
    char all[256] = "", one[CLOCK_RFC3339_MAX];
    int64_t at_s = seconds(from);
    while (strlen(all) < strlen(times)) {
        if (!cron_next(x, z, dst, at_s, &at_s))
            break;
        clock_format_rfc3339(one, at_s * 1000000, 0);
        snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%.16s", *all ? " " : "", one);
    }
    assert_string_equal(all, times);
}

static struct zone *
load(const char *name)
{
    struct zone *z = NULL;
    struct err e = {0};
    if (zone_load(name, &z, &e) < 0)
        fail_msg("%s", e.msg);
    return z;
}

static void
check_schedule(const struct schedule *s, enum cron_dialect dialect)
{
    struct zone *utc = load("UTC");
    struct cronexpr x;
    struct err e = {0};
    int64_t at_s;
    if (cronexpr_parse(s->expression, dialect, &x, &e) < 0) {
        if (s->times)
            fail_msg("%s: %s", s->expression, e.msg);
    } else if (!s->times) {
        assert_false(cron_next(&x, utc, CRON_DST_VIXIE, seconds(s->from), &at_s));
    } else {
        check_times(&x, utc, CRON_DST_VIXIE, s->from, s->times);
    }
    zone_free(utc);
}

static void
check_change(const struct change *c)
{
    struct zone *z = load(c->zone);
    struct cronexpr x;
    struct err e;
    assert_int_equal(cronexpr_parse(c->expression, CRON_VIXIE, &x, &e), 0);
    check_times(&x, z, CRON_DST_VIXIE, c->from, c->vixie);
    if (c->k8s)
        check_times(&x, z, CRON_DST_K8S, c->from, c->k8s);
    zone_free(z);
}

#define CASES 88
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Every row that has the number. */
static void
test_case(void **state)
{
    int number = *(const int *)*state, found = 0;
    for (size_t i = 0; i < COUNT(schedules); i++)
        for (int dialect = 0; dialect < 2; dialect++)
            if (schedules[i].number == number && schedules[i].dialects >> dialect & 1) {
                check_schedule(&schedules[i], (enum cron_dialect)dialect);
                found++;
            }
    for (size_t i = 0; i < COUNT(changes); i++)
        if (changes[i].number == number) {
            check_change(&changes[i]);
            found++;
        }
    assert_true(found > 0);
}

/* ---- missed runs, of a job that comes hourly and catches up one ---- */

/* last: NULL, it is new. wanted: the time that is started now, NULL: none; missed: how many others there were. */
struct missed {
    const char *name, *created, *last, *now, *wanted;
    int starting_deadline_s;
    uint64_t missed;
};

static const struct missed missed[] = {
    {"M1 created at 09:50, now 09:53", "09:50:00", NULL, "09:53:00", NULL, 0, 0},
    {"M2 created at 09:50, now 10:00:02", "09:50:00", NULL, "10:00:02", "10:00:00", 0, 0},
    {"M3 last 10:00, now 10:02", "10:01:00", "10:00:00", "10:02:00", NULL, 0, 0},
    {"M4 last 10:00, now 11:05", "11:05:00", "10:00:00", "11:05:00", "11:00:00", 0, 0},
    {"M5 last 09:00, now 11:05", "11:05:00", "09:00:00", "11:05:00", "11:00:00", 0, 1},
    {"M6 last midnight, now a day later", "23:59:00", "00:00:00", "23:59:00", "23:00:00", 0, 22},
    {"M7 starting deadline of 10 s, now 10:01", "09:50:00", NULL, "10:01:00", NULL, 10, 1},
};

static int64_t
today_s(const char *hour)
{
    char text[32];
    snprintf(text, sizeof(text), "2026-01-01T%sZ", hour);
    return seconds(text);
}

static void
begin_hourly(struct due *d, struct cronexpr *hourly, const struct zone *utc, const struct missed *m)
{
    struct err e;
    assert_int_equal(cronexpr_parse("0 * * * *", CRON_VIXIE, hourly, &e), 0);
    const struct due_rules rules = {
        .when = hourly,
        .zone = utc,
        .starting_deadline_ms =
            m->starting_deadline_s ? (uint64_t)m->starting_deadline_s * 1000 : CLOCK_NEVER,
        .catchup = m->starting_deadline_s == 0};
    due_begin(d, &rules, today_s(m->created) * 1000);
    if (m->last)
        due_recall(d, today_s(m->last));
}

static void
test_missed(void **state)
{
    const struct missed *m = *state;
    struct zone *utc = load("UTC");
    struct cronexpr hourly;
    struct due d;
    struct due_found f = {0};
    begin_hourly(&d, &hourly, utc, m);
    bool found = due_look(&d, today_s(m->now) * 1000, &f);
    assert_int_equal(found && f.start, m->wanted != NULL);
    if (m->wanted)
        assert_int_equal(f.at_s, today_s(m->wanted));
    assert_int_equal(found ? f.missed : 0, m->missed);
    assert_false(due_look(&d, today_s(m->now) * 1000, &f)); /* once */
    zone_free(utc);
}

/* M8: with forbid a busy job's time is skipped, with queue it waits, with replace the run is ended. */
static void
test_missed_while_busy(void **state)
{
    (void)state;
    assert_int_equal(overlap_decide(TAB_FORBID, 1, false), OVERLAP_SKIP);
    assert_int_equal(overlap_decide(TAB_QUEUE, 1, false), OVERLAP_WAIT);
    assert_int_equal(overlap_decide(TAB_REPLACE, 1, false), OVERLAP_REPLACE);
}

/* M9: a clock that is set back over a time that was started does not bring it again. */
static void
test_missed_set_back(void **state)
{
    (void)state;
    struct zone *utc = load("UTC");
    struct cronexpr hourly;
    struct due d;
    struct due_found f;
    begin_hourly(&d, &hourly, utc, &missed[1]);
    assert_true(due_look(&d, today_s("10:00:02") * 1000, &f) && f.start);
    due_step(&d, -120000, today_s("09:58:02") * 1000);
    assert_false(due_look(&d, today_s("09:58:02") * 1000, &f));
    assert_false(due_look(&d, today_s("10:00:02") * 1000, &f));
    assert_true(due_look(&d, today_s("11:00:02") * 1000, &f) && f.start);
    zone_free(utc);
}

/* ---- all of them ---- */

int
main(void)
{
    static struct CMUnitTest tests[CASES + COUNT(missed) + 2];
    static char names[CASES][16];
    static int numbers[CASES];
    size_t n = 0;
    for (int i = 0; i < CASES; i++) {
        numbers[i] = i + 1;
        snprintf(names[i], sizeof(names[i]), "case_%d", i + 1);
        tests[n++] = (struct CMUnitTest){
            .name = names[i], .test_func = test_case, .initial_state = &numbers[i]};
    }
    for (size_t i = 0; i < COUNT(missed); i++)
        tests[n++] = (struct CMUnitTest){
            .name = missed[i].name, .test_func = test_missed, .initial_state = (void *)&missed[i]};
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_missed_while_busy);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_missed_set_back);
    return cmocka_run_group_tests_name("cases", tests, NULL, NULL);
}
