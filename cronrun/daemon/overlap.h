/*
 * overlap.h: what becomes of a start that comes while an earlier run of its job is there. Pure.
 */
#ifndef RR_CRONRUN_OVERLAP_H
#define RR_CRONRUN_OVERLAP_H

#include <stdbool.h>

#include "cronrun/tab/crontab.h"

#define OVERLAP_MOST 100 /* runs of one job with policy=allow */

enum overlap {
    OVERLAP_START,
    OVERLAP_SKIP,
    OVERLAP_WAIT,    /* until the earlier run has ended */
    OVERLAP_REPLACE, /* the earlier run is asked to end, and this one waits for it; it takes the place of one that waits */
};

/* running: runs of the job; waiting: a start waits already. */
enum overlap overlap_decide(enum tab_policy policy, unsigned running, bool waiting);

#endif
