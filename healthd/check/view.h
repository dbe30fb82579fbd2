/*
 * view.h: what is published about a check: all that answers, metrics, tables and a history need. The schedule writes it;
 * who reads it knows nothing of timers, probes and how the verdict came about. Pure.
 */
#ifndef RR_HEALTHD_VIEW_H
#define RR_HEALTHD_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "healthd/check/checkline.h"
#include "healthd/check/hour.h"
#include "healthd/check/verdict.h"

#define VIEW_BUCKETS 9
/* Upper bounds of the duration histogram in seconds; the last bucket is +Inf. */
extern const double view_bucket_bounds[VIEW_BUCKETS - 1];

struct view_stats {
    uint64_t checks;  /* results over the session */
    uint64_t logins;  /* fresh logins that ended */
    uint64_t changes; /* of the state */
    uint64_t buckets[VIEW_BUCKETS];
    double seconds; /* sum of durations */
    double last_seconds;
};

struct view {
    const struct check_spec *spec; /* borrowed */
    struct verdict_view now;
    int64_t since_ms;         /* wall time of the state's last change */
    bool any;                 /* a result has come */
    bool was_up;              /* was up once */
    unsigned bad;             /* failures in a row */
    uint64_t result_ms;       /* monotonic, as verdict.result_ms */
    enum reason last_failure; /* of this check, ever; NONE: it never failed */
    int64_t last_failure_ms;  /* wall time */
    struct view_stats stats;
    struct hour hour;
};

/* One more result over the session. */
void view_count(struct view_stats *s, double seconds);

/* Nothing has to be done about it: up, degraded, or optional. */
bool view_is_well(const struct view *v);

#endif
