/*
 * fake_boottimer.h: timers on fake_clock.h, in place of boottimer.c: each fires when the test says so.
 */
#ifndef RR_TESTS_FAKE_BOOTTIMER_H
#define RR_TESTS_FAKE_BOOTTIMER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/net/boottimer.h"
#include "tests/unit/fakes/fake_clock.h"

struct boottimer {
    loop_cb *cb;
    void *arg;
    uint64_t at_ms;
    bool pending;
    bool freed;
};

/* In the order in which they were made; a test begins with timers_made = 0. */
static struct boottimer timers[4];
static size_t timers_made;

struct boottimer *
boottimer_new(struct loop *l, loop_cb *cb, void *arg, struct err *e)
{
    (void)l;
    (void)e;
    assert_true(timers_made < sizeof(timers) / sizeof(timers[0]));
    timers[timers_made] = (struct boottimer){.cb = cb, .arg = arg};
    return &timers[timers_made++];
}

void
boottimer_free(struct boottimer *t)
{
    if (t)
        t->freed = true;
}

static inline bool
all_timers_freed(void)
{
    for (size_t i = 0; i < timers_made; i++)
        if (!timers[i].freed)
            return false;
    return true;
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

static inline void
fire(int timer)
{
    assert_true(timers[timer].pending);
    now_ms = timers[timer].at_ms;
    timers[timer].pending = false;
    timers[timer].cb(timers[timer].arg);
}

#endif
