/*
 * past.h: what became of a job's last times, and what it adds up to. Pure.
 */
#ifndef RR_CRONRUN_PAST_H
#define RR_CRONRUN_PAST_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "cronrun/record.h"

#define PAST_MOST 40 /* times that are kept of a job */

enum past_kind {
    PAST_SUCCESS,
    PAST_FAILURE,  /* the command's, or the lock's, or ours */
    PAST_DEADLINE, /* it took too long */
    PAST_STOPPED,  /* from outside, or to be replaced */
    PAST_SKIPPED,  /* an earlier run, or one elsewhere, was there */
    PAST_MISSED,   /* too late to start, or nobody was there */
    PAST_KINDS
};

struct past_time {
    int64_t at_s;       /* the scheduled time */
    int64_t started_ms; /* wall time; -1: it was not */
    int64_t failed_ms;  /* wall time at which that was known of a failure that was not started */
    uint32_t took_ms;
    uint32_t deadline_ms; /* 0: none */
    uint8_t kind;         /* enum past_kind */
    uint8_t exit;         /* of cronrun */
};

struct past {
    struct past_time *times; /* a ring, owned, as large as was needed so far */
    uint16_t n, size, first;
    uint64_t count[PAST_KINDS]; /* since the daemon was started */
    struct past_time
        last;            /* the last run, if there was any: the sum of count[] up to PAST_STOPPED */
    int64_t last_end_ms; /* wall time; -1: none has ended */
    int64_t last_success_ms; /* end of the last one; -1 */
};

void past_init(struct past *p);
void past_done(struct past *p);
/* Without memory it is counted, and not kept. */
void past_add(struct past *p, const struct past_time *t);
/* Times that were passed over without one of their own. */
void past_add_missed(struct past *p, uint64_t n);
/* i = 0: the oldest that is kept; i < p->n. */
const struct past_time *past_at(const struct past *p, size_t i);

enum past_kind past_kind_of(enum outcome_kind outcome);
const char *past_name(enum past_kind kind); /* "success" */

#endif
