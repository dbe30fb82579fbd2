/*
 * fake_lease_redis.h: what a lease in Redis stands on, scripted: its connection, its timers, and a clock that stands.
 * Included by the tests of leases in Redis.
 */
#ifndef RR_TESTS_FAKE_LEASE_REDIS_H
#define RR_TESTS_FAKE_LEASE_REDIS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdlib.h>

#include "common/lease/lease.h"
#include "common/net/loop.h"
#include "tests/unit/fakes/fake_boottimer.h"
#include "tests/unit/fakes/fake_redisconn.h"

enum { RENEW, UNSURE, GONE, TIMERS }; /* timers, in the order in which they are made */

/* ---- what a test does ---- */

struct fixture {
    struct loop *loop;
    struct lease *lease;
    bool free_it; /* within the callback */
    bool acquired, released;
    struct err e;
    uint64_t fence;
    struct lease_holder holder;
    int unsure, gone;
    struct err why;
};

static inline void
free_within(struct fixture *f)
{
    if (!f->free_it)
        return;
    lease_free(f->lease);
    f->lease = NULL;
}

static inline void
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
    free_within(f);
}

static inline void
on_lost(struct lease *l, enum lease_grade grade, const struct err *why, void *arg)
{
    (void)l;
    struct fixture *f = arg;
    if (grade == LEASE_UNSURE)
        f->unsure++;
    else
        f->gone++;
    f->why = *why;
    free_within(f);
}

static inline void
on_released(struct lease *l, const struct err *e, void *arg)
{
    (void)l;
    struct fixture *f = arg;
    assert_false(f->released);
    f->released = true;
    if (e)
        f->e = *e;
    free_within(f);
}

static inline void
on_turned(void *arg)
{
    *(bool *)arg = true;
}

/* Lets what waits for the next turn happen. */
static inline void
turn(struct fixture *f)
{
    bool turned = false;
    struct loop_timer *t = loop_timer_new(f->loop, on_turned, &turned);
    loop_timer_start(t, 0);
    assert_int_equal(loop_turn_until(f->loop, &turned, now_ms + 1000, NULL), 0);
    loop_timer_free(t);
}

static inline void
connected(void)
{
    redisconn_cb *cb = conn.connect_cb;
    assert_non_null(cb);
    conn.connect_cb = NULL;
    conn.connected = true;
    cb(&conn, NULL, conn.connect_arg);
}

static inline void
not_connected(enum err_code code)
{
    redisconn_cb *cb = conn.connect_cb;
    assert_non_null(cb);
    conn.connect_cb = NULL;
    cb(&conn, &(struct err){.code = code, .msg = "no connection"}, conn.connect_arg);
}

static inline void
answer(const struct err *e, const struct redis_reply *reply)
{
    redisconn_reply_cb *cb = conn.reply_cb;
    assert_non_null(cb);
    conn.reply_cb = NULL;
    if (e)
        conn.connected = false;
    cb(&conn, e, reply, conn.reply_arg);
}

/* It may have been carried out: nobody knows. */
static inline void
answer_lost(void)
{
    answer(&(struct err){.code = ERR_CLOSED, .msg = "the connection broke"}, NULL);
}

static inline void
answer_error(const char *text)
{
    answer(NULL, &(struct redis_reply){.kind = REDIS_ERROR, .text = text});
}

static inline void
answer_integer(long long n)
{
    answer(NULL, &(struct redis_reply){.kind = REDIS_INTEGER, .integer = n});
}

static inline void
answer_pair(long long n, const char *text)
{
    struct redis_reply first = {.kind = REDIS_INTEGER, .integer = n};
    struct redis_reply second = {.kind = REDIS_STRING, .text = text, .len = strlen(text)};
    const struct redis_reply *items[] = {&first, &second};
    answer(NULL, &(struct redis_reply){.kind = REDIS_ARRAY, .count = 2, .items = items});
}

static inline void
acquire(struct fixture *f)
{
    struct err e;
    f->acquired = false;
    assert_int_equal(lease_acquire_start(f->lease, now_ms + 10000, on_acquired, f, &e), 0);
    turn(f);
}

static inline bool
asks(const char *word)
{
    return conn.reply_cb && strstr(conn.script, word);
}

#define CLAIM "TIME"
#define CONFIRM "return 1"
#define RENEW_IT "== ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2])"
#define TAKE_BACK "'PEXPIRE', KEYS[1], 0"

/* The claim is granted and confirmed. Held since now_ms; fence 42. */
static inline void
hold(struct fixture *f)
{
    acquire(f);
    connected();
    assert_true(asks(CLAIM));
    answer_pair(1, "42");
    assert_true(asks(CONFIRM));
    assert_false(f->acquired);
    answer_integer(1);
    assert_true(f->acquired);
    assert_int_equal(f->e.code, ERR_NONE);
    assert_int_equal(f->fence, 42);
}

static inline int
setup(void **state)
{
    static const struct lease_owner owner = {.name = "mail", .host = "here", .run_id = "run-1"};
    struct fixture *f = calloc(1, sizeof(*f));
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

static inline int
teardown(void **state)
{
    struct fixture *f = *state;
    lease_free(f->lease);
    loop_free(f->loop);
    free(f);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
