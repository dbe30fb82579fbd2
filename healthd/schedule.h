/*
 * schedule.h: when each check runs, and what becomes of its results. It owns time and policy;
 * protocols are the probes' (probe.h), decisions are pure (verdict.h, pace.h).
 *
 * `changed` is called whenever what an answer shows may have changed: a view, a drain. Requests
 * call schedule_age() alone, which starts no check.
 */
#ifndef RR_HEALTHD_SCHEDULE_H
#define RR_HEALTHD_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "healthd/check/checkline.h"
#include "healthd/check/pace.h"
#include "healthd/probe/probe.h"
#include "healthd/check/verdict.h"

struct loop;
struct loop_timer;
struct schedule;

#define CHECK_BUCKETS 9
/* Upper bounds of the duration histogram in seconds; the last bucket is +Inf. */
extern const double check_bucket_bounds[CHECK_BUCKETS - 1];

struct check_stats {
    uint64_t checks;  /* results over the session */
    uint64_t logins;  /* fresh logins that ended */
    uint64_t changes; /* of the view's state */
    uint64_t buckets[CHECK_BUCKETS];
    double seconds; /* sum of durations */
    double last_seconds;
};

/* Read by render, metrics and the tables; written by schedule.c alone. */
struct check {
    struct schedule *schedule;
    const struct check_spec *spec;
    struct probe *probe;
    struct verdict verdict;
    struct verdict_view view;
    int64_t since_ms; /* wall time of the view's last change */
    struct pace pace;
    struct loop_timer *due, *login_due;
    uint64_t started_us[PROBE_DEPTHS];
    bool running[PROBE_DEPTHS];
    uint64_t hurried_ms; /* until then looks for the sake of lost sessions are spoken for */
    bool again;          /* the session ended while a look was under way: look again at once */
    bool resting;        /* every 0: nothing to do until another check is down */
    struct check_stats stats;
    char cause[PROBE_CAUSE_MAX];
    enum reason last_failure; /* of this check, ever; for the termination message */
    int64_t last_failure_ms;  /* wall time */
};

typedef void schedule_cb(void *arg);

/* specs: n of them, borrowed, outlive the schedule. ERR_USAGE when a URL cannot be used,
 * ERR_NOMEM. */
struct schedule *schedule_new(const struct probe_context *x, const struct check_spec *specs,
                              size_t n, schedule_cb *changed, void *arg, struct err *e);
void schedule_free(struct schedule *s); /* NULL allowed */
/* First checks after `after` each; then at their pace. */
void schedule_start(struct schedule *s);
/* Each check once; changed is called as they end. */
void schedule_once(struct schedule *s);
/* Before an answer: a view whose time is over is renewed, even when a frozen process or a full loop
 * kept its timer waiting. */
void schedule_age(struct schedule *s);
/* True when every check has had a result. */
bool schedule_all_seen(const struct schedule *s);

size_t schedule_checks(const struct schedule *s, const struct check **ret);
/* The check that failed last, NULL when none ever did. */
const struct check *schedule_last_failure(const struct schedule *s);

#endif
