/*
 * cron_next.h: when an expression comes next, in a zone, with a rule for the hours that its clocks skip or repeat. Pure.
 *
 *                  a time in an hour that is skipped            a time in an hour that is repeated
 *   vixie, fixed   once, at the first instant after it          at its first occurrence
 *   vixie, wild    not at all                                   at both
 *   skip           not at all                                   at its first occurrence
 *   k8s            not at all                                   at both
 *
 * Wild is an expression whose minute or hour begins with a star: it follows real time. Several times of one skipped hour
 * come once. A jump of more than three hours is no such hour: its times are skipped, or come again, under each rule.
 */
#ifndef RR_CRONRUN_CRON_NEXT_H
#define RR_CRONRUN_CRON_NEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "cronrun/cron/cronexpr.h"
#include "cronrun/cron/zone.h"

enum cron_dst { CRON_DST_VIXIE, CRON_DST_SKIP, CRON_DST_K8S };
extern const char *const cron_dst_names[]; /* "vixie", by the enum; NULL at the end */

#define CRON_HORIZON_YEARS 40

/* Seconds since the epoch; the first instant after after_s. False: none within CRON_HORIZON_YEARS. */
bool cron_next(const struct cronexpr *x, const struct zone *z, enum cron_dst dst, int64_t after_s,
               int64_t *ret_s);

#endif
