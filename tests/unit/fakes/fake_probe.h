/*
 * fake_probe.h: time that a test moves, timers that fire then, and scripted probes, in place of
 * clock.c, the loop's timers and probe.c. Included by one test program, behind cmocka.h.
 */
#ifndef RR_TESTS_FAKE_PROBE_H
#define RR_TESTS_FAKE_PROBE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/log.h"
#include "common/net/loop.h"
#include "healthd/schedule.h"

/* ---- time ---- */

static uint64_t now_ms;
static uint32_t chance;

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
    return 1700000000000 + (int64_t)now_ms;
}

uint32_t
digest_jitter(uint32_t bound)
{
    return chance < bound ? chance : bound - 1;
}

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

/* ---- records: counted, not written ---- */

static unsigned changes_logged;

void
log_write(enum log_level level, const char *event, const struct field *fields, size_t n,
          const char *fmt, ...)
{
    (void)fields;
    (void)n;
    (void)fmt;
    if (strcmp(event, "check_changed") == 0 && level != LOG_LEVEL_DEBUG)
        changes_logged++;
}

/* ---- scripted probes ---- */

struct fake {
    struct probe base;
    bool session, fail_start, running[PROBE_DEPTHS];
    unsigned starts[PROBE_DEPTHS];
    uint64_t started_ms, deadline_ms;
};

static struct fake *fakes[4];
static size_t n_fakes;

static int
fake_start(struct probe *p, enum probe_depth depth, uint64_t deadline_ms, struct err *e)
{
    struct fake *f = (struct fake *)p;
    assert_false(f->running[depth]); /* each depth only once at a time */
    f->starts[depth]++;
    f->started_ms = now_ms;
    f->deadline_ms = deadline_ms;
    if (f->fail_start)
        return err_set(e, ERR_REFUSED, "no");
    f->running[depth] = true;
    return 0;
}

static bool
fake_has_session(const struct probe *p)
{
    return ((const struct fake *)p)->session;
}

static void
fake_free(struct probe *p)
{
    free(p);
}

static const struct probe_ops fake_ops = {fake_start, fake_has_session, fake_free};

struct probe *
probe_new(const struct probe_context *x, const struct check_spec *spec, struct err *e)
{
    (void)x;
    (void)spec;
    (void)e;
    struct fake *f = calloc(1, sizeof(*f));
    f->base.ops = &fake_ops;
    fakes[n_fakes++] = f;
    return &f->base;
}

void
probe_free(struct probe *p)
{
    if (p)
        p->ops->free(p);
}

void
probe_result_from(struct probe_result *ret, const struct err *e, uint64_t deadline_ms)
{
    (void)deadline_ms;
    ret->reason = reason_of_err(e);
}

static void
answer(struct fake *f, enum probe_depth depth, enum reason reason)
{
    struct probe_result r = {.reason = reason, .timed_out = reason == REASON_TIMEOUT};
    f->running[depth] = false;
    f->session = reason == REASON_NONE || (depth == PROBE_LOGIN && f->session);
    f->base.done(&f->base, depth, &r, f->base.arg);
}

static void
lose(struct fake *f)
{
    f->session = false;
    f->base.lost(&f->base, f->base.arg);
}

#endif
