/*
 * fake_timer.h: the loop's timers on fake_clock.h, in place of the loop's own: a test moves the time and calls what is due.
 */
#ifndef RR_TESTS_FAKE_TIMER_H
#define RR_TESTS_FAKE_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "common/net/loop.h"
#include "tests/unit/fakes/fake_clock.h"

struct loop_timer {
    loop_cb *cb;
    void *arg;
    uint64_t at_ms;
};

static struct loop_timer *timers[64];

struct loop_timer *
loop_timer_new(struct loop *l, loop_cb *cb, void *arg)
{
    (void)l;
    for (size_t i = 0; i < 64; i++) {
        if (!timers[i]) {
            timers[i] = calloc(1, sizeof(*timers[i]));
            *timers[i] = (struct loop_timer){cb, arg, CLOCK_NEVER};
            return timers[i];
        }
    }
    return NULL;
}

void
loop_timer_free(struct loop_timer *t)
{
    for (size_t i = 0; i < 64; i++)
        if (timers[i] == t)
            timers[i] = NULL;
    free(t);
}

void
loop_timer_start(struct loop_timer *t, uint64_t delay_ms)
{
    t->at_ms = now_ms + delay_ms;
}

void
loop_timer_start_at(struct loop_timer *t, uint64_t deadline_ms)
{
    t->at_ms = deadline_ms;
}

void
loop_timer_cancel(struct loop_timer *t)
{
    t->at_ms = CLOCK_NEVER;
}

bool
loop_timer_pending(const struct loop_timer *t)
{
    return t->at_ms != CLOCK_NEVER;
}

#endif
