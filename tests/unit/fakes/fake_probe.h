/*
 * fake_probe.h: scripted probes, on fake_clock.h and fake_timer.h, in place of probe.c. Included by one test program.
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

#include "common/base/digest.h"
#include "common/base/log.h"
#include "healthd/events.h"
#include "healthd/schedule.h"
#include "tests/unit/fakes/fake_timer.h"

/* ---- chance ---- */

static uint32_t chance;

uint32_t
digest_jitter(uint32_t bound)
{
    return chance < bound ? chance : bound - 1;
}

/* ---- records: counted, not written ---- */

static unsigned changes_logged;

void
log_write(enum log_level level, const struct log_event *event, const struct field *fields, size_t n,
          const char *fmt, ...)
{
    (void)fields;
    (void)n;
    (void)fmt;
    if (event == &event_check_changed && level != LOG_LEVEL_DEBUG)
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
static const char *refused_check; /* the name of one whose URL cannot be used */

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

static const struct probe_ops fake_ops = {
    .start = fake_start, .has_session = fake_has_session, .close = fake_free};

struct probe *
probe_new(const struct probe_context *x, const struct check_spec *spec, struct err *e)
{
    (void)x;
    if (refused_check && strcmp(spec->name, refused_check) == 0) {
        err_set(e, ERR_USAGE, "no such thing");
        return NULL;
    }
    struct fake *f = calloc(1, sizeof(*f));
    f->base.ops = &fake_ops;
    fakes[n_fakes++] = f;
    return &f->base;
}

void
probe_free(struct probe *p)
{
    if (p)
        p->ops->close(p);
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
