/*
 * boottimer.h: a timer on CLOCK_BOOTTIME, which also runs while the machine is suspended: for
 * leases and for how long a command may run. A point that passed in suspend fires at resume.
 * timerfd_create(2).
 */
#ifndef RR_NET_BOOTTIMER_H
#define RR_NET_BOOTTIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/net/loop.h"

struct boottimer;

struct boottimer *boottimer_new(struct loop *l, loop_cb *cb, void *arg, struct err *e);
void boottimer_free(struct boottimer *t); /* NULL allowed; cancels */
/* at_ms: a point on clock_boot_ms(); one in the past fires on the next turn; CLOCK_NEVER cancels.
 * Restarts when pending. */
void boottimer_start_at(struct boottimer *t, uint64_t at_ms);
void boottimer_cancel(struct boottimer *t);
bool boottimer_pending(const struct boottimer *t);

#endif
