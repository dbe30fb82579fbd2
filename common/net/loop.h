/*
 * loop.h: the event base, the only place that waits.
 *
 * Programs are callbacks on one `struct loop`. A sequential program (migrate) turns the loop itself with
 * loop_turn_until(), never from inside a callback (asserted). Deadlines are points on clock_mono_ms(). While it turns,
 * log records that wait for a slow reader are sent as soon as there is room.
 * Nothing here is thread-safe.
 */
#ifndef RR_NET_LOOP_H
#define RR_NET_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"

struct event_base;
struct loop;

/* Ignores SIGPIPE for the process. NULL with *e filled when memory or descriptors run out. */
struct loop *loop_new(struct err *e);
void loop_free(struct loop *l); /* NULL allowed; every timer and watch must be freed before; runs
                                                      what is still deferred, for it frees memory */
struct event_base *loop_base(struct loop *l); /* borrowed, for the rooms that own a library */

/* ---- running ---- */
void loop_run(struct loop *l);  /* until loop_quit() */
void loop_quit(struct loop *l); /* ends loop_run() after the current callback */

/* Stop signals. After loop_stop_on(l, SIGTERM) the first arrival marks the loop stopped and calls the stop
 * callback (if set) from the loop; later arrivals call it again with count 2, 3 … */
MUST_CHECK int loop_stop_on(struct loop *l, int signo, struct err *e);
/* The same, by an owner who reads the signals himself (common/proc/signals.h); from a callback. */
void loop_stop(struct loop *l, int signo);
typedef void loop_stop_cb(int signo, int count, void *arg);
void loop_set_stop_cb(struct loop *l, loop_stop_cb *cb, void *arg);
int loop_stopped(const struct loop *l); /* the signal's number, 0 when none came */
/* Forgets the stop so that a cancel path can wait again with its own deadline. */
void loop_clear_stop(struct loop *l);

/* Turns the loop until *done is true (0), the deadline passes (ERR_TIMEOUT) or a stop signal came
 * (ERR_STOPPED; at once, even when it came before the call). Returns -1 with *e filled. */
MUST_CHECK int
loop_turn_until(struct loop *l, const bool *done, uint64_t deadline_ms, struct err *e);

/* ---- timers: one shot; starting one never fails ---- */
typedef void loop_cb(void *arg);
struct loop_timer;
struct loop_timer *loop_timer_new(struct loop *l, loop_cb *cb, void *arg); /* NULL: out of memory */
void loop_timer_free(struct loop_timer *t);                           /* NULL allowed; cancels */
void loop_timer_start(struct loop_timer *t, uint64_t delay_ms);       /* restarts when pending */
void loop_timer_start_at(struct loop_timer *t, uint64_t deadline_ms); /* CLOCK_NEVER: cancels */
void loop_timer_cancel(struct loop_timer *t);                         /* NULL allowed */
bool loop_timer_pending(const struct loop_timer *t);

/* ---- signals ---- */
struct loop_signal;
typedef void loop_signal_cb(int signo, void *arg);
struct loop_signal *loop_signal_new(struct loop *l, int signo, loop_signal_cb *cb, void *arg);
void loop_signal_free(struct loop_signal *s);

/* ---- descriptors ---- */
#define LOOP_READ 1
#define LOOP_WRITE 2
struct loop_watch;
typedef void loop_watch_cb(int fd, int what, void *arg); /* what: LOOP_READ | LOOP_WRITE */
/* Level-triggered and persistent, first disabled. Free it BEFORE the descriptor is closed. */
struct loop_watch *loop_watch_new(struct loop *l, int fd, loop_watch_cb *cb, void *arg);
void loop_watch_free(struct loop_watch *w); /* NULL allowed */
MUST_CHECK int
loop_watch_set(struct loop_watch *w, int what); /* 0 disables; -1: cannot be watched */

/*
 * ---- later: how objects die ----
 *
 * x_free() may be called from anywhere, from inside the object's own callbacks too. It marks the object dead, cancels all that
 * is under way at once, so that nothing fires any more, and leaves the memory to the next turn by loop_defer(). So whoever
 * called a callback may look at the object afterwards, and finds it dead. There is no other way: nobody counts the calls
 * on the stack, and no callback says what must not be done in it. Whoever frees the object's surroundings (what it
 * borrowed) right after x_free() may do so.
 */
struct loop_later { /* lies in the object, so that dying needs no memory; cb may free it */
    struct loop_later *next;
    loop_cb *cb;
    void *arg;
};
/* Calls cb once from the next turn. later must not be waiting already. Never fails. */
void loop_defer(struct loop *l, struct loop_later *later, loop_cb *cb, void *arg);

/* Longest time in seconds that one callback kept the loop from turning since the last call with reset. Timers, watches,
 * signals and deferred calls are measured here; who gets called by libevent itself (bufferevents) reports with
 * loop_meter(l, the clock_mono_us() at its start). */
double loop_stall_seconds(struct loop *l, bool reset);
void loop_meter(struct loop *l, uint64_t start_us);

#endif
