/* A lease in Redis that is held: when it renews, asks to end, and is gone; and its release. */
#include "tests/unit/fakes/fake_lease_redis.h"

static void
test_counts_from_before_the_request(void **state)
{
    struct fixture *f = *state;
    acquire(f);
    connected();
    now_ms += 200; /* what the claim took does not count */
    answer_pair(1, "42");
    uint64_t sent_ms = now_ms;
    now_ms += 700; /* a slow answer */
    answer_integer(1);
    assert_int_equal(timers[RENEW].at_ms, sent_ms + 1000);
    assert_int_equal(timers[UNSURE].at_ms, sent_ms + 1500);
    assert_in_range(timers[GONE].at_ms, sent_ms + 2000, sent_ms + 2900);
}

static void
test_renews(void **state)
{
    struct fixture *f = *state;
    hold(f);
    char value[256];
    strcpy(value, conn.value);
    for (int i = 0; i < 3; i++) {
        fire(RENEW);
        assert_true(asks(RENEW_IT));
        assert_string_equal(conn.value, value);
        assert_int_equal(conn.deadline_ms, now_ms + 500);
        answer_integer(1);
        assert_int_equal(timers[RENEW].at_ms, now_ms + 1000);
        assert_int_equal(timers[UNSURE].at_ms, now_ms + 1500);
    }
    assert_int_equal(f->unsure + f->gone, 0);
}

static void
test_renewal_denied(void **state)
{
    struct fixture *f = *state;
    hold(f);
    fire(RENEW);
    answer_integer(0);
    assert_int_equal(f->unsure, 0);
    assert_int_equal(f->gone, 1);
    assert_int_equal(f->why.code, ERR_LOST);
    for (int i = 0; i < TIMERS; i++)
        assert_false(timers[i].pending);
    /* The release has nothing to do. */
    assert_int_equal(lease_release_start(f->lease, "x", now_ms + 1000, on_released, f, NULL), 0);
    turn(f);
    assert_true(f->released);
    assert_null(conn.reply_cb);
}

static void
test_silence(void **state)
{
    struct fixture *f = *state;
    hold(f);
    fire(RENEW);
    fire(UNSURE);
    assert_int_equal(f->unsure, 1);
    assert_int_equal(f->gone, 0);
    fire(GONE);
    assert_int_equal(f->gone, 1);
    assert_int_equal(f->unsure, 1);
}

/* Stopped for long: whoever looks before the timers fire is told. */
static void
test_check(void **state)
{
    struct fixture *f = *state;
    hold(f);
    now_ms = timers[GONE].at_ms - 1;
    lease_check(f->lease);
    assert_int_equal(f->gone, 0);
    now_ms++;
    lease_check(f->lease);
    assert_int_equal(f->gone, 1);
    lease_check(f->lease);
    assert_int_equal(f->gone, 1);
}

/* Stopped for long, and the timers are what is read first: it is over, and not to be asked about. */
static void
test_both_timers_are_due(void **state)
{
    struct fixture *f = *state;
    hold(f);
    timers[UNSURE].at_ms = timers[GONE].at_ms; /* fire() sets the clock by it */
    fire(UNSURE);
    assert_int_equal(f->unsure, 0);
    assert_int_equal(f->gone, 1);
    for (int i = 0; i < TIMERS; i++)
        assert_false(timers[i].pending);
}

static void
test_comes_back_in_time(void **state)
{
    struct fixture *f = *state;
    hold(f);
    uint64_t gone_ms = timers[GONE].at_ms;
    fire(RENEW);
    answer(&(struct err){.code = ERR_TIMEOUT, .msg = "slow"}, NULL);
    assert_true(timers[RENEW].at_ms - now_ms <= 100);
    assert_int_equal(timers[GONE].at_ms, gone_ms);
    fire(RENEW);
    connected(); /* a new connection: it asks whether the lock is still ours, and does not take it
                  */
    assert_true(asks(RENEW_IT));
    assert_false(asks(CLAIM));
    answer_integer(1);
    assert_true(timers[GONE].at_ms > gone_ms);
    assert_int_equal(f->unsure + f->gone, 0);
}

/* A server that is gone is not asked by all its holders at once, nor all the time. */
static void
test_backs_off(void **state)
{
    struct fixture *f = *state;
    hold(f);
    fire(RENEW);
    answer_lost();
    uint64_t most_ms = 0;
    bool differ = false;
    for (unsigned i = 0; i < 40; i++) {
        uint64_t pause_ms = timers[RENEW].at_ms - now_ms;
        uint64_t whole_ms = i < 3 ? 50u << i : 300;
        assert_in_range(pause_ms, whole_ms / 2, whole_ms);
        differ |= i > 3 && most_ms != pause_ms;
        most_ms = pause_ms;
        fire(RENEW);
        not_connected(ERR_REFUSED);
    }
    assert_true(differ);
    fire(RENEW);
    connected();
    answer_error("LOADING Redis is loading the dataset in memory"); /* asked over a new one, too */
    fire(RENEW);
    connected();
    answer_integer(1);
    fire(RENEW);
    answer_lost();
    assert_true(timers[RENEW].at_ms - now_ms <= 50); /* from the beginning */
}

static void
test_release(void **state)
{
    struct fixture *f = *state;
    hold(f);
    assert_int_equal(lease_release_start(f->lease, "success", now_ms + 1000, on_released, f, NULL),
                     0);
    turn(f);
    assert_true(asks(TAKE_BACK));
    assert_false(f->released);
    answer_integer(1);
    assert_true(f->released);
    for (int i = 0; i < TIMERS; i++)
        assert_false(timers[i].pending);
}

/* A renewal is under way when the release comes: its answer starts nothing. */
static void
test_release_behind_a_renewal(void **state)
{
    struct fixture *f = *state;
    hold(f);
    fire(RENEW);
    assert_int_equal(lease_release_start(f->lease, "success", now_ms + 1000, on_released, f, NULL),
                     0);
    turn(f);
    answer_integer(1);
    for (int i = 0; i < TIMERS; i++)
        assert_false(timers[i].pending);
    now_ms += 20;
    while (!conn.reply_cb) /* libevent's own clock goes on: its timer comes in its time */
        turn(f);
    assert_true(asks(TAKE_BACK));
    now_ms += 1000;
    answer_lost();
    assert_true(f->released);
    assert_int_equal(f->e.code, ERR_CLOSED);
    assert_int_equal(f->gone, 0);
}

/* The answer of a release is lost: it is released again, and that nothing is left of it is well. */
static void
test_release_again(void **state)
{
    struct fixture *f = *state;
    hold(f);
    lease_release_start(f->lease, "success", now_ms + 3000, on_released, f, NULL);
    turn(f);
    answer_lost();
    assert_false(f->released);
    fire(RENEW);
    connected();
    assert_true(asks(TAKE_BACK));
    answer_integer(0);
    assert_true(f->released);
    assert_int_equal(f->e.code, ERR_NONE);
}

static void
test_release_of_another(void **state)
{
    struct fixture *f = *state;
    hold(f);
    lease_release_start(f->lease, "success", now_ms + 3000, on_released, f, NULL);
    turn(f);
    answer_integer(0);
    assert_int_equal(f->e.code, ERR_LOST);
}

/* A renewal that hangs gets a third of the time; then the release goes its own way. */
static void
test_release_past_a_hanging_renewal(void **state)
{
    struct fixture *f = *state;
    hold(f);
    fire(RENEW);
    lease_release_start(f->lease, "success", now_ms + 3000, on_released, f, NULL);
    now_ms += 1000;
    while (!conn.connect_cb)
        turn(f);
    connected();
    assert_true(asks(TAKE_BACK));
    answer_integer(1);
    assert_true(f->released);
    assert_int_equal(f->e.code, ERR_NONE);
}

/* Nobody may look at what was freed within its own callback; see the build with the address sanitiser. */
static void
test_free_inside_refused(void **state)
{
    struct fixture *f = *state;
    f->free_it = true;
    acquire(f);
    not_connected(ERR_REFUSED);
    assert_int_equal(f->e.code, ERR_REFUSED);
    freed(f);
}

static void
test_free_inside_unsure(void **state)
{
    struct fixture *f = *state;
    hold(f);
    f->free_it = true;
    fire(UNSURE);
    assert_int_equal(f->unsure, 1);
    freed(f);
}

static void
test_free_inside_gone(void **state)
{
    struct fixture *f = *state;
    hold(f);
    f->free_it = true;
    fire(RENEW);
    answer_integer(0);
    assert_int_equal(f->gone, 1);
    freed(f);
}

static void
test_free_inside_check(void **state)
{
    struct fixture *f = *state;
    hold(f);
    f->free_it = true;
    now_ms = timers[GONE].at_ms;
    lease_check(f->lease);
    assert_int_equal(f->gone, 1);
    freed(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        LEASE_RULES,
        TEST(test_free_inside_refused),
        TEST(test_free_inside_unsure),
        TEST(test_free_inside_gone),
        TEST(test_free_inside_check),
        TEST(test_counts_from_before_the_request),
        TEST(test_renews),
        TEST(test_renewal_denied),
        TEST(test_silence),
        TEST(test_check),
        TEST(test_both_timers_are_due),
        TEST(test_comes_back_in_time),
        TEST(test_backs_off),
        TEST(test_release),
        TEST(test_release_behind_a_renewal),
        TEST(test_release_again),
        TEST(test_release_of_another),
        TEST(test_release_past_a_hanging_renewal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
