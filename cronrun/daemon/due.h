/*
 * due.h: when a job of a crontab is to be started next, whatever the clock does. Pure.
 *
 * Each time of the expression is started at most once. A clock that is set back over times that have been started does not bring them
 * again; times that were passed over because the clock was set forward have not been started, and come when it is set back.
 * @every counts real time: it moves with the clock when that is set.
 *
 * Whoever looks late (the machine was suspended, the clock was set forward, the program was restarted) finds the latest time
 * alone; earlier ones are missed. It is started if it is not later than:
 *
 *     the job's starting deadline, if it has one
 *     any time       with catchup, and for @every
 *     3 hours        a fixed time of day, as with the hour that daylight saving time skips
 *     1 minute       an expression whose minute or hour begins with a star: it comes again soon
 */
#ifndef RR_CRONRUN_DUE_H
#define RR_CRONRUN_DUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cronrun/cron/cron_next.h"

#define DUE_NEVER INT64_MAX
#define DUE_STRETCHES 8

struct due_rules {
    const struct cronexpr *when; /* both borrowed */
    const struct zone *zone;
    enum cron_dst dst;
    uint64_t jitter_ms;            /* a start is put off by up to this, but not beyond the next */
    uint64_t starting_deadline_ms; /* CLOCK_NEVER: none */
    bool catchup;
    uint64_t seed; /* of the jitter: another one for each job */
};

/* Times after from_s up to to_s that are done with. */
struct due_stretch {
    int64_t from_s, to_s;
};

struct due {
    struct due_rules rules;
    int64_t next_s;         /* the next time, seconds since the epoch; DUE_NEVER: there is none */
    int64_t at_ms;          /* when to start it: with jitter; DUE_NEVER */
    struct due_stretch now; /* the present stretch: from_s on, what is done up to to_s */
    struct due_stretch done[DUE_STRETCHES];
    size_t n_done;
};

struct due_found {
    int64_t
        at_s; /* the latest time that is due; where its start is yet to come, one that is missed */
    int64_t late_ms; /* by how much now is after its start */
    bool start;      /* false: it is missed, too */
    uint64_t missed; /* times that are not started, at_s included if start is false */
    bool or_more;    /* they were too many to be counted */
};

/* From now on. */
void due_begin(struct due *d, const struct due_rules *rules, int64_t now_ms);

/* last_s: the job's last start, or end, before this program was started. With catchup, the times since then are as if they had been
 * waited for, unless one has come meanwhile: they would be older than what was started. Without: nothing. */
void due_recall(struct due *d, int64_t last_s);

/* What is due, and the next time; false: nothing is. Now is never before an earlier one, but for due_step(). */
bool due_look(struct due *d, int64_t now_ms, struct due_found *ret);

/* The clock was set, by step_ms, and says now_ms. Before the next due_look(). */
void due_step(struct due *d, int64_t step_ms, int64_t now_ms);

/* ---- the clock ---- */

struct due_clock {
    int64_t wall_ms;
    uint64_t boot_ms;
};

/* By how much the wall clock was set since the last call; less than a second is none. */
int64_t due_clock_step(struct due_clock *c, int64_t wall_ms, uint64_t boot_ms);

#endif
