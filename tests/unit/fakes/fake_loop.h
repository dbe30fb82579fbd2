/*
 * fake_loop.h: timers of both sorts on fake_clock.h, which fire in one order when a test moves the time, and what is deferred;
 * in place of the loop's and of boottimer.c. Included by one test program, behind cmocka.h.
 */
#ifndef RR_TESTS_FAKE_LOOP_H
#define RR_TESTS_FAKE_LOOP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/net/boottimer.h"
#include "common/net/loop.h"
#include "tests/unit/fakes/fake_clock.h"

/* ---- timers ---- */

struct fake_timer {
    loop_cb *cb;
    void *arg;
    uint64_t at_ms; /* CLOCK_NEVER: not pending */
};

static struct fake_timer *fake_timers[16];

static void *
fake_timer_new(loop_cb *cb, void *arg)
{
    for (size_t i = 0; i < 16; i++) {
        if (fake_timers[i])
            continue;
        fake_timers[i] = calloc(1, sizeof(*fake_timers[i]));
        assert_non_null(fake_timers[i]);
        *fake_timers[i] = (struct fake_timer){cb, arg, CLOCK_NEVER};
        return fake_timers[i];
    }
    fail_msg("more timers than the fake has");
    return NULL;
}

static void
fake_timer_free(void *t)
{
    for (size_t i = 0; t && i < 16; i++)
        if (fake_timers[i] == t)
            fake_timers[i] = NULL;
    free(t);
}

struct loop_timer {
    struct fake_timer t;
};

struct loop_timer *
loop_timer_new(struct loop *l, loop_cb *cb, void *arg)
{
    (void)l;
    return fake_timer_new(cb, arg);
}

void
loop_timer_free(struct loop_timer *t)
{
    fake_timer_free(t);
}

void
loop_timer_start(struct loop_timer *t, uint64_t delay_ms)
{
    t->t.at_ms = now_ms + delay_ms;
}

void
loop_timer_cancel(struct loop_timer *t)
{
    if (t)
        t->t.at_ms = CLOCK_NEVER;
}

struct boottimer {
    struct fake_timer t;
};

struct boottimer *
boottimer_new(struct loop *l, loop_cb *cb, void *arg, struct err *e)
{
    (void)l;
    (void)e;
    return fake_timer_new(cb, arg);
}

void
boottimer_free(struct boottimer *t)
{
    fake_timer_free(t);
}

void
boottimer_start_at(struct boottimer *t, uint64_t at_ms)
{
    t->t.at_ms = at_ms;
}

void
boottimer_cancel(struct boottimer *t)
{
    t->t.at_ms = CLOCK_NEVER;
}

bool
boottimer_pending(const struct boottimer *t)
{
    return t->t.at_ms != CLOCK_NEVER;
}

/* ---- descriptors: one is watched at a time ---- */

struct loop_watch {
    loop_watch_cb *cb; /* NULL: it is free */
    void *arg;
    int what;
};

static struct loop_watch fake_watch;
static bool watch_fails;

struct loop_watch *
loop_watch_new(struct loop *l, int fd, loop_watch_cb *cb, void *arg)
{
    (void)l;
    (void)fd;
    assert_null(fake_watch.cb);
    fake_watch = (struct loop_watch){.cb = cb, .arg = arg};
    return &fake_watch;
}

void
loop_watch_free(struct loop_watch *w)
{
    if (w)
        w->cb = NULL;
}

int
loop_watch_set(struct loop_watch *w, int what)
{
    w->what = what;
    return watch_fails ? -1 : 0;
}

/* ---- the loop ---- */

static struct loop_later *deferred;

void
loop_defer(struct loop *l, struct loop_later *later, loop_cb *cb, void *arg)
{
    (void)l;
    *later = (struct loop_later){.next = deferred, .cb = cb, .arg = arg};
    deferred = later;
}

/* What a test that failed has left is none of the next one's. */
static void
reset_time(uint64_t at_ms)
{
    now_ms = at_ms;
    deferred = NULL;
    fake_watch.cb = NULL;
    watch_fails = false;
    for (size_t i = 0; i < 16; i++)
        fake_timers[i] = NULL;
}

static void
turn(void)
{
    while (deferred) {
        struct loop_later *later = deferred;
        deferred = later->next;
        later->cb(later->arg);
    }
}

/* Time goes on to at_ms; timers fire in their order, each in a turn of its own. */
static void
pass_to(uint64_t at_ms)
{
    for (;;) {
        struct fake_timer *next = NULL;
        for (size_t i = 0; i < 16; i++)
            if (fake_timers[i] && fake_timers[i]->at_ms <= at_ms &&
                (!next || fake_timers[i]->at_ms < next->at_ms))
                next = fake_timers[i];
        if (!next)
            break;
        now_ms = next->at_ms > now_ms ? next->at_ms : now_ms;
        next->at_ms = CLOCK_NEVER;
        next->cb(next->arg);
        turn();
    }
    now_ms = at_ms;
}

static size_t
timers_pending(void)
{
    size_t n = 0;
    for (size_t i = 0; i < 16; i++)
        n += fake_timers[i] && fake_timers[i]->at_ms != CLOCK_NEVER;
    return n;
}

static size_t
timers_left(void)
{
    size_t n = 0;
    for (size_t i = 0; i < 16; i++)
        n += fake_timers[i] != NULL;
    return n;
}

#endif
