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
#include "tests/unit/fakes/lease_rules.h"

enum { RENEW, UNSURE, GONE, TIMERS }; /* timers, in the order in which they are made */

/* ---- what a test does ---- */

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

static inline void
answer_release(void)
{
    answer_integer(1);
}

static inline bool
has_ended(void)
{
    return conn.freed && all_timers_freed();
}

static inline int
setup(void **state)
{
    static const struct lease_kind kind = {hold, answer_release, has_ended};
    struct fixture *f = fixture_new(&kind);
    struct err e;
    return fixture_start(f, lease_redis_new(f->loop, NULL, NULL, &test_owner, 3000, &e), state);
}

#endif
