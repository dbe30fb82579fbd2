/* From results to a verdict: rise, fall, staleness, degraded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "healthd/check/verdict.h"

static const struct verdict_rules usual = {
    .rise = 1, .fall = 1, .fall_timeout = 2, .stale_ms = 7000};

static void
feed(struct verdict *v, const struct verdict_rules *r, enum reason reason, uint64_t now)
{
    verdict_result(v, r,
                   (struct verdict_result){.reason = reason, .timed_out = reason == REASON_TIMEOUT},
                   now);
}

static void
expect(const struct verdict *v, const struct verdict_rules *r, uint64_t now, enum verdict_state s,
       enum reason reason)
{
    struct verdict_view view = verdict_view(v, r, now);
    assert_string_equal(verdict_text(view.state), verdict_text(s));
    assert_string_equal(reason_text(view.reason), reason_text(reason));
}

static void
test_unknown_is_never_up(void **state)
{
    (void)state;
    struct verdict v = {0};
    expect(&v, &usual, 0, VERDICT_UNKNOWN, REASON_NONE);
    assert_false(verdict_passes(VERDICT_UNKNOWN));
    assert_false(verdict_passes(VERDICT_DOWN));
    assert_true(verdict_passes(VERDICT_UP));
    assert_true(verdict_passes(VERDICT_DEGRADED));
    struct verdict_rules optional = usual;
    optional.optional = true;
    expect(&v, &optional, 0, VERDICT_UNKNOWN, REASON_NONE);
    assert_int_equal(verdict_next_change(&v, &usual, 0), CLOCK_NEVER);
}

static void
test_decisive_failure_counts_at_once(void **state)
{
    (void)state;
    struct verdict v = {0};
    feed(&v, &usual, REASON_NONE, 10);
    expect(&v, &usual, 10, VERDICT_UP, REASON_NONE);
    feed(&v, &usual, REASON_REFUSED, 20);
    expect(&v, &usual, 20, VERDICT_DOWN, REASON_REFUSED);
    feed(&v, &usual, REASON_STARTING_UP, 30);
    expect(&v, &usual, 30, VERDICT_DOWN, REASON_STARTING_UP);
    feed(&v, &usual, REASON_NONE, 40);
    expect(&v, &usual, 40, VERDICT_UP, REASON_NONE);
}

static void
test_two_timeouts(void **state)
{
    (void)state;
    struct verdict v = {0};
    feed(&v, &usual, REASON_NONE, 0);
    feed(&v, &usual, REASON_TIMEOUT, 1000);
    expect(&v, &usual, 1000, VERDICT_UP, REASON_NONE);
    feed(&v, &usual, REASON_NONE, 2000);
    feed(&v, &usual, REASON_TIMEOUT, 3000);
    expect(&v, &usual, 3000, VERDICT_UP, REASON_NONE); /* not two in a row */
    feed(&v, &usual, REASON_TIMEOUT, 4000);
    expect(&v, &usual, 4000, VERDICT_DOWN, REASON_TIMEOUT);
    v = (struct verdict){0};
    feed(&v, &usual, REASON_TIMEOUT, 0);
    expect(&v, &usual, 0, VERDICT_UNKNOWN, REASON_NONE);
    feed(&v, &usual, REASON_TIMEOUT, 1);
    expect(&v, &usual, 1, VERDICT_DOWN, REASON_TIMEOUT);
}

static void
test_a_timeout_then_refused(void **state)
{
    (void)state;
    struct verdict v = {0};
    feed(&v, &usual, REASON_NONE, 0);
    feed(&v, &usual, REASON_TIMEOUT, 1);
    feed(&v, &usual, REASON_REFUSED, 2);
    expect(&v, &usual, 2, VERDICT_DOWN, REASON_REFUSED);
}

/* A name server that does not answer is called dns, but it is a time-out. */
static void
test_timed_out_under_another_name(void **state)
{
    (void)state;
    struct verdict v = {0};
    feed(&v, &usual, REASON_NONE, 0);
    verdict_result(&v, &usual, (struct verdict_result){.reason = REASON_DNS, .timed_out = true}, 1);
    expect(&v, &usual, 1, VERDICT_UP, REASON_NONE);
    verdict_result(&v, &usual, (struct verdict_result){.reason = REASON_DNS, .timed_out = true}, 2);
    expect(&v, &usual, 2, VERDICT_DOWN, REASON_DNS);
}

/* It works, with a word of warning: good for all that counts results. */
static void
test_good_but_degraded(void **state)
{
    (void)state;
    const struct verdict_result busy = {.reason = REASON_BUSY, .degraded = true};
    struct verdict v = {0};
    verdict_result(&v, &usual, busy, 10);
    expect(&v, &usual, 10, VERDICT_DEGRADED, REASON_BUSY);
    assert_true(v.was_up);
    expect(&v, &usual, 7010, VERDICT_UNKNOWN, REASON_TIMEOUT);
    feed(&v, &usual, REASON_NONE, 7020);
    expect(&v, &usual, 7020, VERDICT_UP, REASON_NONE);
    verdict_result(&v, &usual, busy, 7030);
    feed(&v, &usual, REASON_TIMEOUT, 7040); /* the first of two */
    expect(&v, &usual, 7040, VERDICT_UP, REASON_NONE);
    verdict_result(&v, &usual, busy, 7050);
    feed(&v, &usual, REASON_REFUSED, 7060);
    expect(&v, &usual, 7060, VERDICT_DOWN, REASON_REFUSED);
    verdict_result(&v, &usual, busy, 7070);
    expect(&v, &usual, 7070, VERDICT_DEGRADED, REASON_BUSY);
    verdict_login(&v, REASON_AUTH);
    expect(&v, &usual, 7070, VERDICT_DEGRADED, REASON_AUTH);
}

static void
test_rise_and_fall(void **state)
{
    (void)state;
    struct verdict v = {0};
    const struct verdict_rules r = {
        .rise = 3, .fall = 2, .fall_timeout = 2, .stale_ms = CLOCK_NEVER};
    feed(&v, &r, REASON_NONE, 0);
    feed(&v, &r, REASON_NONE, 0);
    expect(&v, &r, 0, VERDICT_UNKNOWN, REASON_NONE);
    feed(&v, &r, REASON_NONE, 0);
    expect(&v, &r, 0, VERDICT_UP, REASON_NONE);
    feed(&v, &r, REASON_CLOSED, 0);
    expect(&v, &r, 0, VERDICT_UP, REASON_NONE);
    feed(&v, &r, REASON_CLOSED, 0);
    expect(&v, &r, 0, VERDICT_DOWN, REASON_CLOSED);
    feed(&v, &r, REASON_NONE, 0);
    feed(&v, &r, REASON_NONE, 0);
    expect(&v, &r, 0, VERDICT_DOWN, REASON_CLOSED);
    feed(&v, &r, REASON_CLOSED, 0);
    feed(&v, &r, REASON_NONE, 0);
    feed(&v, &r, REASON_NONE, 0);
    expect(&v, &r, 0, VERDICT_DOWN, REASON_CLOSED);
    feed(&v, &r, REASON_NONE, 0);
    expect(&v, &r, 0, VERDICT_UP, REASON_NONE);
}

static void
test_stale(void **state)
{
    (void)state;
    struct verdict v = {0};
    feed(&v, &usual, REASON_NONE, 100);
    assert_int_equal(verdict_next_change(&v, &usual, 100), 7100);
    expect(&v, &usual, 7099, VERDICT_UP, REASON_NONE);
    expect(&v, &usual, 7100, VERDICT_UNKNOWN, REASON_TIMEOUT);
    assert_int_equal(verdict_next_change(&v, &usual, 7100), CLOCK_NEVER);
    feed(&v, &usual, REASON_TIMEOUT, 7500); /* does not make it young again */
    expect(&v, &usual, 7500, VERDICT_UNKNOWN, REASON_TIMEOUT);
    feed(&v, &usual, REASON_NONE, 8000);
    expect(&v, &usual, 8000, VERDICT_UP, REASON_NONE);
    feed(&v, &usual, REASON_AUTH, 8001);
    expect(&v, &usual, 90000, VERDICT_DOWN,
           REASON_AUTH); /* a failure does not become better with age */
    const struct verdict_rules asleep = {
        .rise = 1, .fall = 1, .fall_timeout = 1, .stale_ms = CLOCK_NEVER};
    v = (struct verdict){0};
    feed(&v, &asleep, REASON_NONE, 5);
    assert_int_equal(verdict_next_change(&v, &asleep, 5), CLOCK_NEVER);
    expect(&v, &asleep, 1u << 30, VERDICT_UP, REASON_NONE);
}

static void
test_optional(void **state)
{
    (void)state;
    struct verdict v = {0};
    struct verdict_rules r = usual;
    r.optional = true;
    feed(&v, &r, REASON_REFUSED, 0);
    expect(&v, &r, 0, VERDICT_DEGRADED, REASON_REFUSED);
    assert_int_equal(verdict_next_change(&v, &r, 0), CLOCK_NEVER);
    assert_false(v.was_up);
}

static void
test_shared(void **state)
{
    (void)state;
    struct verdict v = {0};
    struct verdict_rules r = usual;
    r.shared_ms = 30000;
    feed(&v, &r, REASON_REFUSED, 0);
    expect(&v, &r, 0, VERDICT_DOWN,
           REASON_REFUSED); /* it never was up here: that is this pod's own trouble */
    feed(&v, &r, REASON_NONE, 1000);
    feed(&v, &r, REASON_REFUSED, 2000);
    expect(&v, &r, 2000, VERDICT_DEGRADED, REASON_REFUSED);
    assert_int_equal(verdict_next_change(&v, &r, 2000), 32000);
    feed(&v, &r, REASON_REFUSED, 20000);
    expect(&v, &r, 31999, VERDICT_DEGRADED, REASON_REFUSED);
    expect(&v, &r, 32000, VERDICT_DOWN, REASON_REFUSED);
    assert_int_equal(verdict_next_change(&v, &r, 32000), CLOCK_NEVER);
}

static void
test_login_beside_the_session(void **state)
{
    (void)state;
    struct verdict v = {0};
    feed(&v, &usual, REASON_NONE, 0);
    verdict_login(&v, REASON_TOO_MANY_CONNECTIONS);
    expect(&v, &usual, 1, VERDICT_DEGRADED, REASON_TOO_MANY_CONNECTIONS);
    feed(&v, &usual, REASON_NONE, 100);
    expect(&v, &usual, 100, VERDICT_DEGRADED, REASON_TOO_MANY_CONNECTIONS);
    struct verdict_rules down = usual;
    down.on_full_down = true;
    expect(&v, &down, 100, VERDICT_DOWN, REASON_TOO_MANY_CONNECTIONS);
    verdict_login(&v, REASON_AUTH);
    expect(&v, &down, 100, VERDICT_DEGRADED, REASON_AUTH);
    expect(&v, &usual, 7100, VERDICT_UNKNOWN, REASON_TIMEOUT);
    feed(&v, &usual, REASON_CLOSED, 200);
    expect(&v, &usual, 200, VERDICT_DOWN, REASON_CLOSED);
    feed(&v, &usual, REASON_NONE, 300); /* it logged in again: what the login said is past */
    expect(&v, &usual, 300, VERDICT_UP, REASON_NONE);
    verdict_login(&v, REASON_DNS);
    verdict_login(&v, REASON_NONE);
    expect(&v, &usual, 300, VERDICT_UP, REASON_NONE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_is_never_up),
        cmocka_unit_test(test_decisive_failure_counts_at_once),
        cmocka_unit_test(test_two_timeouts),
        cmocka_unit_test(test_a_timeout_then_refused),
        cmocka_unit_test(test_timed_out_under_another_name),
        cmocka_unit_test(test_good_but_degraded),
        cmocka_unit_test(test_rise_and_fall),
        cmocka_unit_test(test_stale),
        cmocka_unit_test(test_optional),
        cmocka_unit_test(test_shared),
        cmocka_unit_test(test_login_beside_the_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
