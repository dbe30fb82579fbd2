/*
 * The lease in Redis against a scripted connection, scripted timers and a clock that stands: when
 * it renews, asks to end, and is gone; what each answer does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdlib.h>

#include "common/base/clock.h"
#include "common/net/boottimer.h"
#include "common/net/lease.h"
#include "common/net/loop.h"
#include "common/net/redisconn.h"

/* ---- the clock ---- */

static uint64_t now_ms;

uint64_t
clock_boot_ms(void)
{
    return now_ms;
}

uint64_t
clock_mono_ms(void)
{
    return now_ms;
}

uint64_t
clock_mono_us(void)
{
    return now_ms * 1000;
}

int64_t
clock_wall_ms(void)
{
    return 1795251600000;
}

/* ---- timers: renew, unsure, gone, in the order in which they are made ---- */

enum { RENEW, UNSURE, GONE, TIMERS };

struct boottimer {
    loop_cb *cb;
    void *arg;
    uint64_t at_ms;
    bool pending;
};

static struct boottimer timers[TIMERS];
static size_t timers_made;

struct boottimer *
boottimer_new(struct loop *l, loop_cb *cb, void *arg, struct err *e)
{
    (void)l;
    (void)e;
    assert_true(timers_made < TIMERS);
    timers[timers_made] = (struct boottimer){.cb = cb, .arg = arg};
    return &timers[timers_made++];
}

void
boottimer_free(struct boottimer *t)
{
    (void)t;
}

void
boottimer_start_at(struct boottimer *t, uint64_t at_ms)
{
    t->at_ms = at_ms;
    t->pending = true;
}

void
boottimer_cancel(struct boottimer *t)
{
    t->pending = false;
}

bool
boottimer_pending(const struct boottimer *t)
{
    return t->pending;
}

/* ---- the connection ---- */

struct redisconn {
    bool connected;
    redisconn_cb *connect_cb;
    void *connect_arg;
    redisconn_reply_cb *reply_cb;
    void *reply_arg;
    char script[512];
    char value[256];
    uint64_t deadline_ms;
};

static struct redisconn conn;

struct redisconn *
redisconn_new(struct loop *l, struct resolver *r, struct target_redis *target, struct err *e)
{
    (void)l;
    (void)r;
    (void)target;
    (void)e;
    conn = (struct redisconn){0};
    return &conn;
}

void
redisconn_free(struct redisconn *c)
{
    (void)c;
}

bool
redisconn_connected(const struct redisconn *c)
{
    return c->connected;
}

int
redisconn_connect_start(struct redisconn *c, uint64_t deadline_ms, redisconn_cb *cb, void *arg,
                        struct err *e)
{
    (void)e;
    assert_null(c->connect_cb);
    c->deadline_ms = deadline_ms;
    c->connect_cb = cb;
    c->connect_arg = arg;
    return 0;
}

int
redisconn_command_start(struct redisconn *c, int argc, const char *const *argv, const size_t *lens,
                        uint64_t deadline_ms, redisconn_reply_cb *cb, void *arg, struct err *e)
{
    (void)e;
    (void)lens;
    assert_null(c->reply_cb);
    assert_int_equal(argc, 7);
    assert_string_equal(argv[0], "EVAL");
    assert_string_equal(argv[3], "cronrun:{mail}:lock");
    assert_string_equal(argv[4], "cronrun:{mail}:fence");
    assert_string_equal(argv[6], "3000");
    strcpy(c->script, argv[1]);
    strcpy(c->value, argv[5]);
    c->deadline_ms = deadline_ms;
    c->reply_cb = cb;
    c->reply_arg = arg;
    return 0;
}

/* ---- what a test does ---- */

struct fixture {
    struct loop *loop;
    struct lease *lease;
    bool acquired, released;
    struct err e;
    uint64_t fence;
    struct lease_holder holder;
    int unsure, gone;
    struct err why;
};

static void
on_acquired(struct lease *l, const struct err *e, uint64_t fence, const struct lease_holder *holder,
            void *arg)
{
    (void)l;
    struct fixture *f = arg;
    assert_false(f->acquired);
    f->acquired = true;
    f->fence = fence;
    if (e)
        f->e = *e;
    if (holder)
        f->holder = *holder;
}

static void
on_lost(struct lease *l, enum lease_grade grade, const struct err *why, void *arg)
{
    (void)l;
    struct fixture *f = arg;
    if (grade == LEASE_UNSURE)
        f->unsure++;
    else
        f->gone++;
    f->why = *why;
}

static void
on_released(struct lease *l, const struct err *e, void *arg)
{
    (void)l;
    struct fixture *f = arg;
    assert_false(f->released);
    f->released = true;
    if (e)
        f->e = *e;
}

static void
on_turned(void *arg)
{
    *(bool *)arg = true;
}

/* Lets what waits for the next turn happen. */
static void
turn(struct fixture *f)
{
    bool turned = false;
    struct loop_timer *t = loop_timer_new(f->loop, on_turned, &turned);
    loop_timer_start(t, 0);
    assert_int_equal(loop_turn_until(f->loop, &turned, now_ms + 1000, NULL), 0);
    loop_timer_free(t);
}

static void
connected(void)
{
    redisconn_cb *cb = conn.connect_cb;
    assert_non_null(cb);
    conn.connect_cb = NULL;
    conn.connected = true;
    cb(&conn, NULL, conn.connect_arg);
}

static void
answer(const struct err *e, const struct redis_reply *reply)
{
    redisconn_reply_cb *cb = conn.reply_cb;
    assert_non_null(cb);
    conn.reply_cb = NULL;
    if (e)
        conn.connected = false;
    cb(&conn, e, reply, conn.reply_arg);
}

static void
answer_integer(long long n)
{
    answer(NULL, &(struct redis_reply){.kind = REDIS_INTEGER, .integer = n});
}

static void
answer_pair(long long n, const char *text)
{
    struct redis_reply first = {.kind = REDIS_INTEGER, .integer = n};
    struct redis_reply second = {.kind = REDIS_STRING, .text = text, .len = strlen(text)};
    const struct redis_reply *items[] = {&first, &second};
    answer(NULL, &(struct redis_reply){.kind = REDIS_ARRAY, .count = 2, .items = items});
}

static void
fire(int timer)
{
    assert_true(timers[timer].pending);
    now_ms = timers[timer].at_ms;
    timers[timer].pending = false;
    timers[timer].cb(timers[timer].arg);
}

static void
acquire(struct fixture *f)
{
    struct err e;
    f->acquired = false;
    assert_int_equal(lease_acquire_start(f->lease, now_ms + 10000, on_acquired, f, &e), 0);
    turn(f);
}

/* Held since now_ms; fence 42. */
static void
hold(struct fixture *f)
{
    acquire(f);
    connected();
    answer_pair(1, "42");
    assert_true(f->acquired);
    assert_int_equal(f->e.code, ERR_NONE);
    assert_int_equal(f->fence, 42);
}

static void
test_counts_from_before_the_request(void **state)
{
    struct fixture *f = *state;
    acquire(f);
    connected();
    uint64_t sent_ms = now_ms;
    now_ms += 700; /* a slow answer */
    answer_pair(1, "42");
    assert_int_equal(timers[RENEW].at_ms, sent_ms + 1000);
    assert_int_equal(timers[UNSURE].at_ms, sent_ms + 1500);
    assert_in_range(timers[GONE].at_ms, sent_ms + 2000, sent_ms + 2900);
}

static void
test_too_slow_an_answer_is_no_lock(void **state)
{
    struct fixture *f = *state;
    acquire(f);
    connected();
    now_ms += 1500;
    answer_pair(1, "42");
    assert_int_equal(f->e.code, ERR_TIMEOUT);
}

static void
test_busy(void **state)
{
    struct fixture *f = *state;
    acquire(f);
    connected();
    answer_pair(0, "0123456789012345678901234567890123456789 "
                   "{\"fence\":0,\"host\":\"a\",\"pid\":7,\"since\":\"s\",\"run_id\":\"r\"}");
    assert_int_equal(f->e.code, ERR_BUSY);
    assert_string_equal(f->holder.host, "a");
    assert_int_equal(f->holder.pid, 7);
    f->e.code = ERR_NONE;
    acquire(f); /* again, on the same connection, with another value */
    assert_null(conn.connect_cb);
    answer_pair(0, "somebody else's");
    assert_int_equal(f->e.code, ERR_BUSY);
    assert_string_equal(f->holder.host, "");
}

static void
test_strange_answers(void **state)
{
    struct fixture *f = *state;
    acquire(f);
    connected();
    answer_integer(1);
    assert_int_equal(f->e.code, ERR_PROTOCOL);
    acquire(f);
    answer(NULL, &(struct redis_reply){.kind = REDIS_ERROR, .text = "READONLY You can't write"});
    assert_int_equal(f->e.code, ERR_SERVER);
    assert_non_null(strstr(f->e.msg, "READONLY"));
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
        assert_non_null(strstr(conn.script, "PEXPIRE"));
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
    assert_non_null(strstr(conn.script, "PEXPIRE"));
    assert_null(strstr(conn.script, "'NX'"));
    answer_integer(1);
    assert_true(timers[GONE].at_ms > gone_ms);
    assert_int_equal(f->unsure + f->gone, 0);
}

static void
test_release(void **state)
{
    struct fixture *f = *state;
    hold(f);
    assert_int_equal(lease_release_start(f->lease, "success", now_ms + 1000, on_released, f, NULL),
                     0);
    turn(f);
    assert_non_null(strstr(conn.script, "DEL"));
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
    assert_non_null(strstr(conn.script, "DEL"));
    answer(&(struct err){.code = ERR_CLOSED, .msg = "gone"}, NULL);
    assert_true(f->released);
    assert_int_equal(f->e.code, ERR_CLOSED);
    assert_int_equal(f->gone, 0);
}

static int
setup(void **state)
{
    static const struct lease_owner owner = {.name = "mail", .host = "here", .run_id = "run-1"};
    struct fixture *f = calloc(1, sizeof *f);
    struct err e;
    timers_made = 0;
    now_ms = 1000000;
    f->loop = loop_new(&e);
    f->lease = lease_redis_new(f->loop, NULL, NULL, &owner, 3000, &e);
    if (!f->lease)
        return -1;
    lease_set_lost_cb(f->lease, on_lost, f);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;
    lease_free(f->lease);
    loop_free(f->loop);
    free(f);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_counts_from_before_the_request),
        TEST(test_too_slow_an_answer_is_no_lock),
        TEST(test_busy),
        TEST(test_strange_answers),
        TEST(test_renews),
        TEST(test_renewal_denied),
        TEST(test_silence),
        TEST(test_check),
        TEST(test_comes_back_in_time),
        TEST(test_release),
        TEST(test_release_behind_a_renewal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
