/*
 * schedule_world.h: the schedule of one or two checks, on scripted probes and a clock that the test moves. Included by one
 * test program, behind cmocka.h.
 */
#ifndef RR_TESTS_SCHEDULE_WORLD_H
#define RR_TESTS_SCHEDULE_WORLD_H

#include "common/base/clock.h"
#include "common/net/loop.h"
#include "common/net/tls.h"
#include "healthd/schedule.h"
#include "tests/unit/fakes/fake_kinds.h"
#include "tests/unit/fakes/fake_probe.h"

static unsigned told, told_more;
static const struct view *told_of;
static struct verdict_view told_from;

static void
on_changed(const struct view *view, struct verdict_view from, bool more, void *arg)
{
    (void)arg;
    told_of = view;
    told_from = from;
    told_more += more;
    told++;
}

/* No probe of these makes one. */
void
tls_client_free(struct tls_client *t)
{
    assert_null(t);
}

struct world {
    struct check_spec specs[3];
    struct schedule *s;
    const struct view *views;
    struct fake *f;
};

static void
open_world(struct world *w, const char *one, const char *two)
{
    struct err e;
    const struct probe_context x = {0};
    *w = (struct world){0};
    now_ms = 1000;
    n_fakes = 0;
    told = told_more = changes_logged = 0;
    chance = 0;
    assert_int_equal(checkline_parse(one, fake_kinds, &w->specs[0], &e), 0);
    if (two)
        assert_int_equal(checkline_parse(two, fake_kinds, &w->specs[1], &e), 0);
    struct check_spec *const both[] = {&w->specs[0], &w->specs[1]};
    w->s = schedule_new(&x, both, two ? 2 : 1, on_changed, NULL, &e);
    assert_non_null(w->s);
    w->views = schedule_views(w->s);
    w->f = fakes[0];
}

static void
close_world(struct world *w)
{
    schedule_free(w->s);
    for (size_t i = 0; i < 64; i++)
        assert_null(timers[i]);
    for (size_t i = 0; i < 3; i++)
        if (w->specs[i].kind)
            check_spec_done(&w->specs[i]);
}

/* Time goes on to at_ms; timers fire in their order. */
static void
pass_to(uint64_t at_ms)
{
    for (;;) {
        struct loop_timer *next = NULL;
        for (size_t i = 0; i < 64; i++)
            if (timers[i] && timers[i]->at_ms <= at_ms && (!next || timers[i]->at_ms < next->at_ms))
                next = timers[i];
        if (!next)
            break;
        now_ms = next->at_ms > now_ms ? next->at_ms : now_ms;
        next->at_ms = CLOCK_NEVER;
        next->cb(next->arg);
    }
    now_ms = at_ms;
}

static void
expect(const struct world *w, enum verdict_state s, enum reason reason)
{
    assert_string_equal(verdict_text(w->views[0].now.state), verdict_text(s));
    assert_string_equal(reason_text(w->views[0].now.reason), reason_text(reason));
}

#endif
