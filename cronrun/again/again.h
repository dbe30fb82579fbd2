/*
 * again.h: whether a start that failed is tried again, and when: the daemon's of a run, and a run's of its command. Pure.
 *
 * A process that cannot be made for want of descriptors (EMFILE, ENFILE), processes (EAGAIN: RLIMIT_NPROC, pids.max; fork(2)) or memory
 * (ENOMEM) can often be made a moment later. Anything else that is in the way stays there.
 */
#ifndef RR_CRONRUN_AGAIN_H
#define RR_CRONRUN_AGAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"

#define AGAIN_NEVER (-1)
#define AGAIN_FIRST_MS 250
#define AGAIN_MOST_MS 2000

struct again_failure {
    const struct err *why;         /* borrowed */
    unsigned attempts;             /* of this start, with the one that has just failed: 1 or more */
    int64_t now_ms;                /* wall time, as the other two */
    int64_t at_ms;                 /* when it was to be: what the starting deadline counts from */
    int64_t next_ms;               /* the job's next start; INT64_MAX: there is none */
    uint64_t starting_deadline_ms; /* CLOCK_NEVER: none */
    bool newer;                    /* a later start of the job waits already */
};

/* Of such a kind. why: of the start. */
bool again_passes(const struct err *why);

/* Of a run. Milliseconds until the next attempt: AGAIN_FIRST_MS, doubled each time up to AGAIN_MOST_MS. AGAIN_NEVER: it is given up, because of what
 * it is, or because that would be after the starting deadline or not before the job's next start. */
int64_t again_delay_ms(const struct again_failure *f);

#endif
