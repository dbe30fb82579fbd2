/* loop_event.c: timers, signals and descriptors of a loop. */
#include <event2/event.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/net/loop.h"

/* Longer timers are armed in pieces: no overflow, and the early-firing check below covers it. */
#define TIMER_PIECE_MS (24ULL * 3600 * 1000)

/* In libevent's heap from its birth to its end, at rest with a time far off: so starting it needs no memory. */
struct loop_timer {
    struct loop *loop;
    struct event *event;
    loop_cb *cb;
    void *arg;
    uint64_t deadline_ms; /* CLOCK_NEVER: at rest */
};

struct loop_signal {
    struct loop *loop;
    struct event *event;
    loop_signal_cb *cb;
    void *arg;
};

struct loop_watch {
    struct loop *loop;
    struct event *event;
    loop_watch_cb *cb;
    void *arg;
    int fd;
    int what;
};

/* ---- timers ---- */

static int
timer_arm(struct loop_timer *t)
{
    uint64_t left_ms = clock_left_ms(t->deadline_ms);
    if (left_ms > TIMER_PIECE_MS)
        left_ms = TIMER_PIECE_MS;
    struct timeval tv = {
        .tv_sec = (time_t)(left_ms / 1000),
        .tv_usec = (suseconds_t)(left_ms % 1000 * 1000),
    };
    return event_add(t->event, &tv);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct loop_timer *t = arg;
    /* libevent counts from the start of the turn on a coarse clock: never fire before the deadline. */
    if (clock_left_ms(t->deadline_ms) > 0) {
        timer_arm(t);
        return;
    }
    struct loop *l = t->loop;
    uint64_t start_us = clock_mono_us();
    loop_timer_cancel(t);
    t->cb(t->arg);
    loop_meter(l, start_us);
}

struct loop_timer *
loop_timer_new(struct loop *l, loop_cb *cb, void *arg)
{
    struct loop_timer *t = malloc(sizeof(*t));
    if (!t)
        return NULL;
    *t = (struct loop_timer){.loop = l, .cb = cb, .arg = arg, .deadline_ms = CLOCK_NEVER};
    t->event = evtimer_new(loop_base(l), on_timer, t);
    if (!t->event || timer_arm(t) != 0) {
        loop_timer_free(t);
        return NULL;
    }
    return t;
}

void
loop_timer_free(struct loop_timer *t)
{
    if (t) {
        if (t->event)
            event_free(t->event);
        free(t);
    }
}

void
loop_timer_start(struct loop_timer *t, uint64_t delay_ms)
{
    loop_timer_start_at(t, clock_deadline(delay_ms));
}

void
loop_timer_start_at(struct loop_timer *t, uint64_t deadline_ms)
{
    t->deadline_ms = deadline_ms;
    timer_arm(t);
}

void
loop_timer_cancel(struct loop_timer *t)
{
    if (t)
        loop_timer_start_at(t, CLOCK_NEVER);
}

bool
loop_timer_pending(const struct loop_timer *t)
{
    return t->deadline_ms != CLOCK_NEVER;
}

/* ---- signals ---- */

static void
on_signal(evutil_socket_t signo, short what, void *arg)
{
    (void)what;
    struct loop_signal *s = arg;
    struct loop *l = s->loop;
    uint64_t start_us = clock_mono_us();
    s->cb((int)signo, s->arg);
    loop_meter(l, start_us);
}

struct loop_signal *
loop_signal_new(struct loop *l, int signo, loop_signal_cb *cb, void *arg)
{
    struct loop_signal *s = malloc(sizeof(*s));
    if (!s)
        return NULL;
    *s = (struct loop_signal){.loop = l, .cb = cb, .arg = arg};
    s->event = evsignal_new(loop_base(l), signo, on_signal, s);
    if (!s->event || evsignal_add(s->event, NULL) != 0) {
        loop_signal_free(s);
        return NULL;
    }
    return s;
}

void
loop_signal_free(struct loop_signal *s)
{
    if (s) {
        if (s->event)
            event_free(s->event);
        free(s);
    }
}

/* ---- descriptors ---- */

static void
on_watch(evutil_socket_t fd, short what, void *arg)
{
    struct loop_watch *w = arg;
    struct loop *l = w->loop;
    int told = (what & EV_READ ? LOOP_READ : 0) | (what & EV_WRITE ? LOOP_WRITE : 0);
    uint64_t start_us = clock_mono_us();
    w->cb((int)fd, told, w->arg);
    loop_meter(l, start_us);
}

struct loop_watch *
loop_watch_new(struct loop *l, int fd, loop_watch_cb *cb, void *arg)
{
    struct loop_watch *w = malloc(sizeof(*w));
    if (!w)
        return NULL;
    *w = (struct loop_watch){.loop = l, .cb = cb, .arg = arg, .fd = fd};
    w->event = event_new(loop_base(l), fd, EV_PERSIST, on_watch, w);
    if (!w->event) {
        free(w);
        return NULL;
    }
    return w;
}

void
loop_watch_free(struct loop_watch *w)
{
    if (w) {
        event_free(w->event);
        free(w);
    }
}

int
loop_watch_set(struct loop_watch *w, int what)
{
    if (what == w->what)
        return 0;
    event_del(w->event);
    w->what = 0;
    if (what == 0)
        return 0;
    short flags = EV_PERSIST;
    flags = (short)(flags | (what & LOOP_READ ? EV_READ : 0) | (what & LOOP_WRITE ? EV_WRITE : 0));
    if (event_assign(w->event, loop_base(w->loop), w->fd, flags, on_watch, w) != 0 ||
        event_add(w->event, NULL) != 0)
        return -1;
    w->what = what;
    return 0;
}
