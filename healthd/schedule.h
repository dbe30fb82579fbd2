/*
 * schedule.h: when each check runs, and what becomes of its results. It owns time and policy;
 * protocols are the probes' (probe.h), decisions are pure (verdict.h, pace.h).
 *
 * `changed` is called for each check whose view changed. Requests call schedule_age() alone, which starts no check.
 */
#ifndef RR_HEALTHD_SCHEDULE_H
#define RR_HEALTHD_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "healthd/check/view.h"
#include "healthd/probe/probe.h"

struct schedule;

/* view is not any more what `from` says. more: at this same moment further checks changed, whose calls follow. */
typedef void schedule_cb(const struct view *view, struct verdict_view from, bool more, void *arg);

/* specs: n of them, borrowed, outlive the schedule. ERR_USAGE when a URL cannot be used,
 * ERR_NOMEM. */
struct schedule *schedule_new(const struct probe_context *x, const struct check_spec *specs,
                              size_t n, schedule_cb *changed, void *arg, struct err *e);
void schedule_free(struct schedule *s); /* NULL allowed */
/* First checks after `after` each; then at their pace. */
void schedule_start(struct schedule *s);
/* Each check once; changed is called for each as it ends. */
void schedule_once(struct schedule *s);
/* Before an answer: a view whose time is over is renewed, even when a frozen process or a full loop
 * kept its timer waiting. */
void schedule_age(struct schedule *s);
/* True when every check has had a result. */
bool schedule_all_seen(const struct schedule *s);

/* One for each of the specs, in their order; kept up to date, borrowed. */
const struct view *schedule_views(const struct schedule *s);
/* Of the check that failed last, NULL when none ever did. */
const struct view *schedule_last_failure(const struct schedule *s);

#endif
