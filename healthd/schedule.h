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

/* specs: n of them, each borrowed until the schedule is without it. ERR_USAGE when a URL cannot be used,
 * ERR_NOMEM. */
struct schedule *schedule_new(const struct probe_context *x, struct check_spec *const *specs,
                              size_t n, schedule_cb *changed, void *arg, struct err *e);
void schedule_free(struct schedule *s); /* NULL allowed */
/* Other checks from now on. One whose spec (the same address) was there before goes on as if nothing had happened, a new one
 * is unknown until its first result. What schedule_views() returned is gone. On an error (as schedule_new) nothing has
 * changed. */
MUST_CHECK int
schedule_set(struct schedule *s, struct check_spec *const *specs, size_t n, struct err *e);
/* First checks after `after` each; then at their pace. */
void schedule_start(struct schedule *s);
/* Each check once; changed is called for each as it ends. */
void schedule_once(struct schedule *s);
/* Before an answer: a view whose time is over is renewed, even when a frozen process or a full loop
 * kept its timer waiting. */
void schedule_age(struct schedule *s);
/* True when every check has had a result. */
bool schedule_all_seen(const struct schedule *s);

/* One for each of the specs, in their order; kept up to date, borrowed until schedule_set(). */
const struct view *schedule_views(const struct schedule *s);
/* Of the check that failed last, NULL when none ever did. */
const struct view *schedule_last_failure(const struct schedule *s);

#endif
