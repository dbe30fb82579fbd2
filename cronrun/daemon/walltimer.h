/*
 * walltimer.h: a timer on the wall clock, which also fires when that is set. timerfd_create(2), TFD_TIMER_CANCEL_ON_SET.
 */
#ifndef RR_CRONRUN_WALLTIMER_H
#define RR_CRONRUN_WALLTIMER_H

#include <stdint.h>

#include "common/base/err.h"
#include "common/net/loop.h"

struct walltimer;

/* cb: the time has come, or the clock was set; whoever is called looks for himself. ERR_SYSTEM, ERR_NOMEM. */
struct walltimer *walltimer_new(struct loop *l, loop_cb *cb, void *arg, struct err *e);
void walltimer_free(struct walltimer *t); /* NULL allowed; cancels */
/* at_ms: milliseconds since the epoch; one in the past fires on the next turn; INT64_MAX: only when the clock is set. */
void walltimer_start_at(struct walltimer *t, int64_t at_ms);

#endif
