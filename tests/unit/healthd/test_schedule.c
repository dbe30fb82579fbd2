/*
 * The schedule on a fake clock, fake timers and scripted probes: when it looks, what it concludes,
 * whom it tells. Everything it calls outside its pure neighbours is defined here.
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
#include "common/base/digest.h"
#include "common/base/log.h"
#include "common/net/loop.h"
#include "healthd/schedule.h"
#include "tests/unit/fakes/schedule_world.h"

static void
test_looks_every_two_seconds(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "a redis://h after 3s", NULL);
    schedule_start(w.s);
    pass_to(3999);
    assert_int_equal(w.f->starts[PROBE_SESSION], 0);
    pass_to(4000);
    assert_int_equal(w.f->starts[PROBE_SESSION], 1);
    assert_int_equal(w.f->deadline_ms, 5000);
    expect(&w, VERDICT_UNKNOWN, REASON_NONE);
    pass_to(4300);
    answer(w.f, PROBE_SESSION, REASON_NONE);
    expect(&w, VERDICT_UP, REASON_NONE);
    assert_int_equal(told, 1);
    pass_to(5999);
    assert_int_equal(w.f->starts[PROBE_SESSION], 1);
    pass_to(6000); /* from start to start */
    assert_int_equal(w.f->starts[PROBE_SESSION], 2);
    answer(w.f, PROBE_SESSION, REASON_NONE);
    assert_int_equal(told, 1); /* nothing changed */
    chance = 999;
    pass_to(8000);
    answer(w.f, PROBE_SESSION, REASON_NONE);
    pass_to(9601);
    assert_int_equal(w.f->starts[PROBE_SESSION], 4); /* up to a fifth earlier, never later */
    close_world(&w);
}

/* The bound of the contract: every + 2 x timeout + every/4. */
static void
test_hang_is_seen_within_the_bound(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "a redis://h", NULL);
    schedule_start(w.s);
    pass_to(1000);
    answer(w.f, PROBE_SESSION, REASON_NONE);
    uint64_t hangs_ms = now_ms; /* just after a good answer: the worst moment */
    while (w.views[0].now.state == VERDICT_UP) {
        pass_to(now_ms + 1);
        if (w.f->running[PROBE_SESSION] && now_ms == w.f->deadline_ms)
            answer(w.f, PROBE_SESSION, REASON_TIMEOUT);
    }
    expect(&w, VERDICT_DOWN, REASON_TIMEOUT);
    assert_true(now_ms - hangs_ms <= 2000 + 2 * 1000 + 500);
    close_world(&w);
}

static void
test_lost_session_is_looked_at_at_once(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "a redis://h", NULL);
    schedule_start(w.s);
    pass_to(1000);
    answer(w.f, PROBE_SESSION, REASON_NONE);
    pass_to(1500);
    lose(w.f);
    assert_int_equal(w.f->starts[PROBE_SESSION], 2);
    expect(&w, VERDICT_UP, REASON_NONE); /* that alone is no failure */
    answer(w.f, PROBE_SESSION, REASON_REFUSED);
    expect(&w, VERDICT_DOWN, REASON_REFUSED);
    pass_to(2000);
    assert_int_equal(w.f->starts[PROBE_SESSION], 3); /* every/4 */
    answer(w.f, PROBE_SESSION, REASON_NONE);
    expect(&w, VERDICT_UP, REASON_NONE);
    assert_int_equal(changes_logged, 3);
    close_world(&w);
}

/* A server that hangs up after each login is not asked in a circle. */
static void
test_lost_again_and_again(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "a redis://h", NULL);
    schedule_start(w.s);
    pass_to(1000);
    for (int i = 0; i < 1000; i++) {
        pass_to(now_ms + 10);
        if (w.f->running[PROBE_SESSION])
            answer(w.f, PROBE_SESSION, REASON_NONE);
        else if (w.f->session)
            lose(w.f);
    }
    assert_true(w.f->starts[PROBE_SESSION] <= 10000 / 500 + 2);
    close_world(&w);
}

/* The first new connection landed in the queue of a listener that was about to be closed. */
static void
test_lost_twice_in_a_row(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "a redis://h every 10m", NULL);
    schedule_start(w.s);
    pass_to(1000);
    answer(w.f, PROBE_SESSION, REASON_NONE);
    for (unsigned looks = 2; looks <= 3; looks++) {
        pass_to(now_ms + 1);
        lose(w.f);
        assert_int_equal(w.f->starts[PROBE_SESSION], looks);
        answer(w.f, PROBE_SESSION, REASON_NONE);
    }
    lose(w.f); /* the third time it waits: the gap counts from the first */
    pass_to(1001 + 149999);
    assert_int_equal(w.f->starts[PROBE_SESSION], 3);
    pass_to(1001 + 150000);
    assert_int_equal(w.f->starts[PROBE_SESSION], 4);
    answer(w.f, PROBE_SESSION, REASON_NONE);
    pass_to(now_ms + 400000); /* calm again */
    lose(w.f);
    assert_int_equal(w.f->starts[PROBE_SESSION], 5);
    close_world(&w);
}

/* A server on its way up or down gives a new reason with each look: one line for the verdict, not for each of them. */
static void
test_a_reason_alone_is_no_change(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "a redis://h", NULL);
    schedule_start(w.s);
    pass_to(1000);
    answer(w.f, PROBE_SESSION, REASON_SHUTTING_DOWN);
    for (int i = 0; i < 20; i++) {
        pass_to(now_ms + 500);
        answer(w.f, PROBE_SESSION, i % 2 ? REASON_REFUSED : REASON_STARTING_UP);
    }
    expect(&w, VERDICT_DOWN, REASON_REFUSED);
    assert_int_equal(changes_logged, 1);
    assert_int_equal(told, 21); /* the answers say the new reason */
    pass_to(now_ms + 500);
    answer(w.f, PROBE_SESSION, REASON_NONE);
    assert_int_equal(changes_logged, 2);
    close_world(&w);
}

static void
test_lost_during_a_look(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "a redis://h", NULL);
    schedule_start(w.s);
    pass_to(1000);
    lose(w.f);
    assert_int_equal(w.f->starts[PROBE_SESSION], 1);
    answer(w.f, PROBE_SESSION, REASON_NONE);
    pass_to(1001);
    assert_int_equal(w.f->starts[PROBE_SESSION], 2);
    close_world(&w);
}

static void
test_fresh_logins(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "a redis://h every 10s", NULL);
    schedule_start(w.s);
    pass_to(1000);
    answer(w.f, PROBE_SESSION, REASON_NONE);
    for (uint64_t at = 11000; at < 55000; at += 10000) {
        pass_to(at);
        answer(w.f, PROBE_SESSION, REASON_NONE);
    }
    pass_to(54999);
    assert_int_equal(w.f->starts[PROBE_LOGIN], 0);
    pass_to(55000);
    assert_int_equal(w.f->starts[PROBE_LOGIN], 1);
    answer(w.f, PROBE_LOGIN, REASON_TOO_MANY_CONNECTIONS);
    expect(&w, VERDICT_DEGRADED, REASON_TOO_MANY_CONNECTIONS);
    pass_to(61000);
    answer(w.f, PROBE_SESSION, REASON_NONE);
    expect(&w, VERDICT_DEGRADED, REASON_TOO_MANY_CONNECTIONS);
    pass_to(64999);
    assert_int_equal(w.f->starts[PROBE_LOGIN], 1); /* 53300: never faster than every */
    pass_to(65000);
    assert_int_equal(w.f->starts[PROBE_LOGIN], 2);
    answer(w.f, PROBE_LOGIN, REASON_NONE);
    expect(&w, VERDICT_UP, REASON_NONE);
    close_world(&w);
}

static void
test_each_needs_no_fresh_login(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "a redis://h connection each every 20s", NULL);
    schedule_start(w.s);
    for (uint64_t at = 1000; at < 200000; at += 20000) {
        pass_to(at);
        answer(w.f, PROBE_SESSION, REASON_NONE);
    }
    assert_int_equal(w.f->starts[PROBE_LOGIN], 0);
    close_world(&w);
}

/* A login that fails while there is no session says nothing that the looks do not say. */
static void
test_login_during_an_outage(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "a redis://h every 10s timeout 5s stale 10m", NULL);
    schedule_start(w.s);
    pass_to(1000);
    answer(w.f, PROBE_SESSION, REASON_NONE);
    for (uint64_t at = 11000; at < 55000; at += 10000) {
        pass_to(at);
        answer(w.f, PROBE_SESSION, REASON_NONE);
    }
    pass_to(55000);
    assert_true(w.f->running[PROBE_LOGIN]);
    lose(w.f);
    answer(w.f, PROBE_SESSION, REASON_CLOSED);
    expect(&w, VERDICT_DOWN, REASON_CLOSED);
    answer(w.f, PROBE_LOGIN, REASON_TIMEOUT);
    expect(&w, VERDICT_DOWN, REASON_CLOSED);
    pass_to(57500);
    answer(w.f, PROBE_SESSION, REASON_NONE);
    expect(&w, VERDICT_UP, REASON_NONE);
    close_world(&w);
}

static void
test_start_that_fails(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "a redis://h", NULL);
    w.f->fail_start = true;
    schedule_start(w.s);
    pass_to(1000);
    expect(&w, VERDICT_DOWN, REASON_REFUSED);
    pass_to(3000);
    assert_int_equal(w.f->starts[PROBE_SESSION], 5); /* at every/4 */
    close_world(&w);
}

/* A probe that never comes back: its up becomes unknown, and who answers is told. */
static void
test_goes_stale_by_itself(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "a redis://h", NULL);
    schedule_start(w.s);
    pass_to(1000);
    answer(w.f, PROBE_SESSION, REASON_NONE);
    pass_to(7999);
    expect(&w, VERDICT_UP, REASON_NONE);
    assert_int_equal(told, 1);
    pass_to(8000);
    expect(&w, VERDICT_UNKNOWN, REASON_TIMEOUT);
    assert_int_equal(told, 2);
    close_world(&w);
}

static enum hour_state
slots_ago(const struct world *w, size_t n)
{
    return hour_at(&w->views[0].hour, now_ms, HOUR_SLOTS - 1 - n).worst;
}

/* The hour knows nothing before the first result, then each state, and no up of a time in which the process was frozen. */
static void
test_last_hour(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "a redis://h after 40s", NULL);
    schedule_start(w.s);
    schedule_age(w.s);
    pass_to(41000);
    pass_to(41300);
    answer(w.f, PROBE_SESSION, REASON_NONE);
    assert_int_equal(slots_ago(&w, 0), HOUR_UP);
    assert_int_equal(slots_ago(&w, 1), HOUR_NONE);
    assert_int_equal(hour_at(&w.views[0].hour, now_ms, HOUR_SLOTS - 1).longest_us, 300000);
    pass_to(43000);
    answer(w.f, PROBE_SESSION, REASON_REFUSED);
    assert_int_equal(slots_ago(&w, 0), HOUR_DOWN);
    pass_to(43500);
    answer(w.f, PROBE_SESSION, REASON_NONE);
    pass_to(65000);
    answer(w.f, PROBE_SESSION, REASON_NONE);
    now_ms = 600000;
    schedule_age(w.s);
    assert_int_equal(slots_ago(&w, 18), HOUR_UNKNOWN); /* stale since then: nothing came before */
    assert_int_equal(slots_ago(&w, 19), HOUR_DOWN);
    assert_int_equal(slots_ago(&w, 17), HOUR_UNKNOWN);
    assert_int_equal(slots_ago(&w, 1), HOUR_UNKNOWN);
    assert_int_equal(slots_ago(&w, 0), HOUR_UNKNOWN);
    close_world(&w);
}

/* A request that comes before the timer, because the process was frozen, sees the age too. */
static void
test_goes_stale_before_its_timer(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "a redis://h", NULL);
    schedule_start(w.s);
    schedule_age(w.s);
    assert_int_equal(told, 0);
    pass_to(1000);
    answer(w.f, PROBE_SESSION, REASON_NONE);
    now_ms = 7999;
    schedule_age(w.s);
    expect(&w, VERDICT_UP, REASON_NONE);
    assert_int_equal(told, 1);
    now_ms = 8000;
    schedule_age(w.s);
    schedule_age(w.s);
    expect(&w, VERDICT_UNKNOWN, REASON_TIMEOUT);
    assert_int_equal(told, 2);
    assert_int_equal(w.f->starts[PROBE_SESSION], 1); /* a request starts nothing */
    close_world(&w);
}

static void
test_shared_ends_by_itself(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "a redis://h shared degrade=30s", NULL);
    schedule_start(w.s);
    pass_to(1000);
    answer(w.f, PROBE_SESSION, REASON_NONE);
    w.f->fail_start = true;
    pass_to(3000);
    expect(&w, VERDICT_DEGRADED, REASON_REFUSED);
    pass_to(32999);
    expect(&w, VERDICT_DEGRADED, REASON_REFUSED);
    pass_to(33000);
    expect(&w, VERDICT_DOWN, REASON_REFUSED);
    close_world(&w);
}

/* every 0: at start, then only while another check is down. */
static void
test_every_0(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "a redis://h every 0", "b redis://i");
    schedule_start(w.s);
    pass_to(1000);
    answer(fakes[0], PROBE_SESSION, REASON_NONE);
    answer(fakes[1], PROBE_SESSION, REASON_NONE);
    for (uint64_t at = 3000; at < 600000; at += 2000) {
        pass_to(at);
        answer(fakes[1], PROBE_SESSION, REASON_NONE);
    }
    assert_int_equal(fakes[0]->starts[PROBE_SESSION], 1);
    expect(&w, VERDICT_UP, REASON_NONE);
    pass_to(now_ms + 2000);
    answer(fakes[1], PROBE_SESSION, REASON_REFUSED);
    pass_to(now_ms);
    assert_int_equal(fakes[0]->starts[PROBE_SESSION], 2);
    answer(fakes[0], PROBE_SESSION, REASON_REFUSED);
    expect(&w, VERDICT_DOWN, REASON_REFUSED);
    close_world(&w);
}

/* While another is down it is looked at at a pace, not in a circle; afterwards it rests again. */
static void
test_every_0_while_another_is_down(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "a redis://h every 0", "b redis://i");
    schedule_start(w.s);
    pass_to(1000);
    answer(fakes[0], PROBE_SESSION, REASON_NONE);
    answer(fakes[1], PROBE_SESSION, REASON_REFUSED);
    pass_to(1000);
    assert_int_equal(fakes[0]->starts[PROBE_SESSION], 2);
    answer(fakes[0], PROBE_SESSION, REASON_NONE);
    pass_to(2999);
    assert_int_equal(fakes[0]->starts[PROBE_SESSION], 2);
    pass_to(3000);
    assert_int_equal(fakes[0]->starts[PROBE_SESSION], 3);
    answer(fakes[1], PROBE_SESSION, REASON_NONE);
    answer(fakes[0], PROBE_SESSION, REASON_NONE);
    pass_to(4999);
    assert_int_equal(fakes[0]->starts[PROBE_SESSION], 3);
    close_world(&w);
}

static void
test_last_failure(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "a redis://h", "b redis://i");
    assert_null(schedule_last_failure(w.s));
    schedule_once(w.s);
    pass_to(1000);
    assert_false(schedule_all_seen(w.s));
    answer(fakes[1], PROBE_SESSION, REASON_TLS);
    assert_string_equal(schedule_last_failure(w.s)->spec->name, "b");
    pass_to(1005);
    answer(fakes[0], PROBE_SESSION, REASON_AUTH);
    assert_true(schedule_all_seen(w.s));
    assert_string_equal(schedule_last_failure(w.s)->spec->name, "a");
    pass_to(100000);
    assert_int_equal(fakes[0]->starts[PROBE_SESSION] + fakes[1]->starts[PROBE_SESSION],
                     2); /* once */
    close_world(&w);
}

/* Who is told learns which check changed, and from what; what changes at one moment comes in a row. */
static void
test_told_of_each_change(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "a redis://h", "b redis://i");
    schedule_start(w.s);
    pass_to(1000);
    answer(fakes[1], PROBE_SESSION, REASON_NONE);
    assert_ptr_equal(told_of, &w.views[1]);
    assert_int_equal(told_from.state, VERDICT_UNKNOWN);
    answer(fakes[0], PROBE_SESSION, REASON_NONE);
    assert_ptr_equal(told_of, &w.views[0]);
    assert_int_equal(told, 2);
    assert_int_equal(told_more, 0);
    now_ms = 100000; /* as after a freeze: both are too old */
    schedule_age(w.s);
    assert_int_equal(told, 4);
    assert_int_equal(told_more, 1);
    assert_int_equal(told_from.state, VERDICT_UP);
    assert_int_equal(w.views[0].now.state, VERDICT_UNKNOWN);
    close_world(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_looks_every_two_seconds),
        cmocka_unit_test(test_hang_is_seen_within_the_bound),
        cmocka_unit_test(test_lost_session_is_looked_at_at_once),
        cmocka_unit_test(test_lost_again_and_again),
        cmocka_unit_test(test_lost_twice_in_a_row),
        cmocka_unit_test(test_a_reason_alone_is_no_change),
        cmocka_unit_test(test_lost_during_a_look),
        cmocka_unit_test(test_fresh_logins),
        cmocka_unit_test(test_each_needs_no_fresh_login),
        cmocka_unit_test(test_login_during_an_outage),
        cmocka_unit_test(test_start_that_fails),
        cmocka_unit_test(test_goes_stale_by_itself),
        cmocka_unit_test(test_last_hour),
        cmocka_unit_test(test_goes_stale_before_its_timer),
        cmocka_unit_test(test_shared_ends_by_itself),
        cmocka_unit_test(test_every_0),
        cmocka_unit_test(test_every_0_while_another_is_down),
        cmocka_unit_test(test_last_failure),
        cmocka_unit_test(test_told_of_each_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
