/* Which times of a job are started, and how often, while the clock is moved about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "cronrun/daemon/due.h"
#include "cronrun/run/instant.h"

static struct cronexpr expr;
static struct zone *utc;
static struct due due;
static struct due_rules rules;

static int64_t
ms(const char *text)
{
    int64_t ret;
    struct err e;
    assert_int_equal(instant_parse(text, &ret, &e), 0);
    return ret;
}

/* "10:00:02" of 2026-03-02, a Monday */
static int64_t
at(const char *time)
{
    char text[40];
    snprintf(text, sizeof(text), "2026-03-02T%sZ", time);
    return ms(text);
}

static void
job(const char *expression)
{
    struct err e;
    if (cronexpr_parse(expression, CRON_VIXIE, &expr, &e) < 0)
        fail_msg("%s", e.msg);
    if (!utc)
        assert_int_equal(zone_load("UTC", &utc, &e), 0);
    rules = (struct due_rules){
        .when = &expr, .zone = utc, .starting_deadline_ms = CLOCK_NEVER, .seed = 7};
}

static void
begin(const char *now)
{
    due_begin(&due, &rules, at(now));
}

/* What is found at `now`: the time that is started, or "none"; missed: how many are not. */
static void
look(const char *now, const char *start, uint64_t missed)
{
    struct due_found f = {0};
    bool found = due_look(&due, at(now), &f);
    if (strcmp(start, "none") == 0) {
        assert_false(found && f.start);
    } else {
        assert_true(found && f.start);
        assert_int_equal(f.at_s * 1000, at(start));
    }
    assert_int_equal(f.missed, missed);
    assert_false(due_look(&due, at(now), &f)); /* once */
}

static void
step(const char *from, const char *to)
{
    due_step(&due, at(to) - at(from), at(to));
}

static void
next_is(const char *time)
{
    assert_int_equal(due.next_s * 1000, at(time));
}

/* ---- time that goes on as it should ---- */

static void
test_each_time_once(void **state)
{
    (void)state;
    job("*/5 * * * *");
    begin("09:58:00");
    next_is("10:00:00");
    look("09:59:59.999", "none", 0);
    look("10:00:00", "10:00:00", 0);
    look("10:04:59.9", "none", 0);
    look("10:05:00.2", "10:05:00", 0);
    next_is("10:10:00");
}

static void
test_what_is_now_has_been(void **state)
{
    (void)state;
    job("0 10 * * *");
    begin("10:00:00.300"); /* whoever restarted us may have started it */
    assert_int_equal(due.next_s * 1000, at("10:00:00") + 86400000);
}

static void
test_every(void **state)
{
    (void)state;
    job("@every 90s");
    begin("10:00:00.400");
    next_is("10:01:30");
    look("10:01:30", "10:01:30", 0);
    look("10:06:05", "10:06:00", 2); /* 10:03 and 10:04:30 are gone by */
    next_is("10:07:30");
}

static void
test_never(void **state)
{
    (void)state;
    job("0 0 30 2 *");
    begin("10:00:00");
    assert_int_equal(due.at_ms, DUE_NEVER);
    look("23:00:00", "none", 0);
    step("23:00:00", "10:00:00");
    step("10:00:00", "23:00:00");
    assert_int_equal(due.next_s, DUE_NEVER);
}

/* ---- whoever comes late ---- */

static void
test_late_hourly(void **state)
{
    (void)state;
    job("0 8-20 * * *"); /* fixed minute, no star at its beginning */
    begin("09:50:00");
    look("09:53:00", "none", 0);
    look("10:00:02", "10:00:00", 0);
    look("10:02:00", "none", 0);
    look("13:05:00", "13:00:00", 2);
    next_is("14:00:00");
}

static void
test_late_with_a_star(void **state)
{
    (void)state;
    job("0 * * * *");
    begin("09:50:00");
    look("10:00:59", "10:00:00", 0);
    look("12:05:00", "none", 2);
    look("13:00:00", "13:00:00", 0);
}

static void
test_too_late(void **state)
{
    (void)state;
    job("0 3 * * *");
    begin("02:00:00");
    look("06:00:00.001", "none", 1);
    begin("02:00:00");
    look("05:59:59", "03:00:00", 0);
    rules.catchup = true;
    begin("02:00:00");
    look("23:00:00", "03:00:00", 0);
}

static void
test_starting_deadline(void **state)
{
    (void)state;
    job("0 * * * *");
    rules.starting_deadline_ms = 10000;
    rules.catchup = true; /* the deadline is nearer */
    begin("09:50:00");
    look("10:00:10", "10:00:00", 0);
    look("11:01:00", "none", 1);
    rules.starting_deadline_ms = 1800000; /* further than the minute of a star */
    begin("09:50:00");
    look("10:25:00", "10:00:00", 0);
}

static void
test_many_missed(void **state)
{
    (void)state;
    static const struct {
        const char *expression, *now, *start;
    } rows[] = {
        {"* 0-16 * * *", "2026-03-02T18:00:00Z", "2026-03-02T16:59:00Z"},
        {"* * * * *", "2026-03-09T10:00:30Z", "2026-03-09T10:00:00Z"},
        {"* 3 * * *", "2026-04-09T10:00:30Z", "2026-04-09T03:59:00Z"},
        {"* 3 1 * *", "2028-12-31T10:00:30Z", "2028-12-01T03:59:00Z"},
        {"* 3 1 2 *", "2060-01-01T10:00:30Z", "2059-02-01T03:59:00Z"},
        {"* * 29 2 *", "2035-01-01T00:00:30Z", "2032-02-29T23:59:00Z"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct due_found f;
        job(rows[i].expression);
        rules.catchup = true;
        due_begin(&due, &rules, at("00:00:00") - 60000);
        assert_true(due_look(&due, ms(rows[i].now), &f));
        assert_true(f.start);
        assert_int_equal(f.at_s * 1000, ms(rows[i].start));
        assert_true(f.missed >= 1000);
        assert_true(due.next_s * 1000 > ms(rows[i].now));
    }
}

/* ---- a restart ---- */

static void
test_catchup(void **state)
{
    (void)state;
    static const struct {
        const char *last, *now, *start;
        uint64_t missed;
    } rows[] = {
        {"10:00:00", "10:02:00", "none", 0},     {"10:00:03", "11:05:00", "11:00:00", 0},
        {"09:00:00", "11:05:00", "11:00:00", 1}, {"00:00:00", "20:05:00", "20:00:00", 19},
        {"12:00:00", "11:05:00", "none", 0}, /* a last time in the future is none */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        job("0 * * * *");
        rules.catchup = true;
        due_begin(&due, &rules, at(rows[i].now));
        due_recall(&due, at(rows[i].last) / 1000);
        look(rows[i].now, rows[i].start, rows[i].missed);
    }
    job("0 * * * *");
    due_begin(&due, &rules, at("11:05:00"));
    due_recall(&due, at("09:00:00") / 1000);
    look("11:05:00", "none", 0); /* not wanted */
    rules.catchup = true;
    due_begin(&due, &rules, at("11:05:00"));
    look("12:00:00", "12:00:00", 0);
    due_recall(&due, at("09:00:00") / 1000);
    look("12:01:00", "none", 0); /* a newer one has come before the answer */
    rules.jitter_ms = 1800000;
    due_begin(&due, &rules, at("12:00:01"));
    int64_t without_ms = due.at_ms;
    due_recall(&due, at("11:10:00") / 1000);
    assert_int_equal(due.next_s,
                     at("12:00:00") / 1000); /* put off by jitter when the program was stopped */
    assert_true(due.at_ms > at("12:00:00") && due.at_ms < without_ms);
}

/* ---- a clock that is set ---- */

static void
test_set_back(void **state)
{
    (void)state;
    job("*/10 * * * *");
    begin("09:55:00");
    look("10:00:00", "10:00:00", 0);
    look("10:10:00", "10:10:00", 0);
    step("10:12:00", "09:40:00");
    next_is("09:50:00"); /* before we began: it has not been */
    look("09:50:00", "09:50:00", 0);
    look("10:00:00", "none", 0);
    look("10:10:00", "none", 0);
    look("10:20:00", "10:20:00", 0);
}

static void
test_set_back_and_forth(void **state)
{
    (void)state;
    job("0,30 9-20 * * *");
    begin("09:55:00");
    look("10:00:00", "10:00:00", 0);
    for (int i = 0; i < 50; i++) {
        step("10:05:00", "09:56:00");
        look("09:57:00", "none", 0);
        step("09:57:00", "10:05:00");
        look("10:05:00", "none", 0);
    }
    look("10:30:00", "10:30:00", 0);
}

static void
test_set_forward_by_mistake(void **state)
{
    (void)state;
    job("0 8-20 * * *");
    begin("09:55:00");
    look("10:00:00", "10:00:00", 0);
    step("10:01:00", "19:00:00");
    look("19:00:00", "19:00:00", 8);
    step("19:01:00", "10:02:00"); /* the times that were passed over come after all */
    look("11:00:00", "11:00:00", 0);
    look("12:00:00", "12:00:00", 0);
    look("18:00:00", "18:00:00", 5);
    look("19:00:00", "none", 0);
    look("20:00:00", "20:00:00", 0);
}

/* However often the clock jumps: nothing is started twice. */
static void
test_at_most_once(void **state)
{
    (void)state;
    static uint8_t started[3 * 1440];
    srand(1);
    for (int round = 0; round < 60; round++) {
        memset(started, 0, sizeof(started));
        job(round % 2 ? "*/7 * * * *" : "13,14 3-20 * * *");
        rules.jitter_ms = round % 3 ? 0 : 45000;
        int64_t base_ms = at("00:00:00"), now_ms = base_ms + 86400000;
        due_begin(&due, &rules, now_ms);
        for (int i = 0; i < 400; i++) {
            struct due_found f;
            if (rand() % 8 == 0) {
                int64_t to_ms = base_ms + rand() % (3 * 1440) * INT64_C(60000);
                due_step(&due, to_ms - now_ms, to_ms);
                now_ms = to_ms;
            } else {
                now_ms += rand() % 600000;
            }
            if (!due_look(&due, now_ms, &f) || !f.start)
                continue;
            int64_t minute = f.at_s / 60 - base_ms / 60000;
            if (minute < 0 || minute >= 3 * 1440)
                continue;
            assert_int_equal(started[minute]++, 0);
        }
    }
}

static void
test_every_moves_along(void **state)
{
    (void)state;
    job("@every 5m");
    begin("10:00:00");
    look("10:05:00", "10:05:00", 0);
    step("10:06:00", "07:00:00");
    next_is("07:04:00");
    look("07:04:00", "07:04:00", 0);
    step("07:05:00", "12:00:00");
    next_is("12:04:00");
}

static void
test_clock(void **state)
{
    (void)state;
    struct due_clock c = {1000000, 50};
    assert_int_equal(due_clock_step(&c, 1060000, 60050), 0);
    assert_int_equal(due_clock_step(&c, 1060900, 60050), 0); /* slewed */
    assert_int_equal(due_clock_step(&c, 1160900, 61050), 99000);
    assert_int_equal(due_clock_step(&c, 160900, 62050), -1001000);
    assert_int_equal(due_clock_step(&c, 161900, 63050), 0);
    assert_int_equal(due_clock_step(&c, 161900 + 86400000, 63050 + 86400000), 0); /* suspended */
}

/* ---- jitter ---- */

static void
test_jitter(void **state)
{
    (void)state;
    int64_t least = INT64_MAX, most = INT64_MIN;
    job("0 * * * *");
    rules.jitter_ms = 600000;
    begin("00:00:30");
    for (int i = 0; i < 500; i++) {
        struct due_found f;
        int64_t late_ms = due.at_ms - due.next_s * 1000;
        assert_true(late_ms >= 0 && late_ms <= 600000);
        least = late_ms < least ? late_ms : least;
        most = late_ms > most ? late_ms : most;
        assert_false(due_look(&due, due.at_ms - 1, &f));
        int64_t now_ms = due.at_ms;
        assert_true(due_look(&due, now_ms, &f));
        assert_true(f.start);
        assert_int_equal(f.late_ms, 0); /* what was meant is not late */
        assert_int_equal(f.missed, 0);
    }
    assert_true(least < 30000 && most > 570000);
}

static void
test_jitter_ends_before_the_next(void **state)
{
    (void)state;
    job("* * * * *");
    rules.jitter_ms = 3600000;
    begin("00:00:30");
    for (int i = 0; i < 200; i++) {
        struct due_found f;
        assert_true(due.at_ms < due.next_s * 1000 + 60000);
        assert_true(due_look(&due, due.at_ms, &f));
        assert_int_equal(f.missed, 0);
    }
}

static void
test_jitter_after_missed_ones(void **state)
{
    (void)state;
    struct due_found f;
    job("0 * * * *");
    rules.jitter_ms = 1800000;
    begin("00:00:30");
    int64_t now_ms = at("12:00:00"); /* the start of 12:00 is yet to come */
    assert_true(due_look(&due, now_ms, &f));
    assert_false(f.start);
    assert_int_equal(f.missed, 11);
    assert_int_equal(due.next_s * 1000, at("12:00:00"));
    assert_true(due.at_ms > now_ms);
    assert_true(due_look(&due, due.at_ms, &f));
    assert_true(f.start);
    assert_int_equal(f.at_s * 1000, at("12:00:00"));
    /* A clock that is set back before a start that has not been brings it again. */
    job("0 12 * * *");
    rules.jitter_ms = 1800000;
    begin("11:00:30");
    step("12:00:01", "11:30:00");
    next_is("12:00:00");
}

/* Set back by a little while the start of a time that has come is put off. */
static void
test_set_back_within_jitter(void **state)
{
    (void)state;
    struct due_found f;
    job("0 * * * *");
    rules.jitter_ms = 1800000;
    do {
        rules.seed++;
        begin("09:30:00");
    } while (due.at_ms < at("10:05:00"));
    int64_t at_ms = due.at_ms;
    step("10:01:00", "10:00:58");
    next_is("10:00:00");
    assert_int_equal(due.at_ms, at_ms);
    assert_true(due_look(&due, at_ms, &f));
    assert_true(f.start);
    assert_int_equal(f.at_s * 1000, at("10:00:00"));
    next_is("11:00:00");
    step("10:40:00", "09:50:00"); /* and does not come again */
    next_is("11:00:00");
}

static int
done(void **state)
{
    (void)state;
    zone_free(utc);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_time_once),
        cmocka_unit_test(test_what_is_now_has_been),
        cmocka_unit_test(test_every),
        cmocka_unit_test(test_never),
        cmocka_unit_test(test_late_hourly),
        cmocka_unit_test(test_late_with_a_star),
        cmocka_unit_test(test_too_late),
        cmocka_unit_test(test_starting_deadline),
        cmocka_unit_test(test_many_missed),
        cmocka_unit_test(test_catchup),
        cmocka_unit_test(test_set_back),
        cmocka_unit_test(test_set_back_and_forth),
        cmocka_unit_test(test_set_forward_by_mistake),
        cmocka_unit_test(test_at_most_once),
        cmocka_unit_test(test_every_moves_along),
        cmocka_unit_test(test_clock),
        cmocka_unit_test(test_jitter),
        cmocka_unit_test(test_jitter_ends_before_the_next),
        cmocka_unit_test(test_jitter_after_missed_ones),
        cmocka_unit_test(test_set_back_within_jitter),
    };
    return cmocka_run_group_tests(tests, NULL, done);
}
