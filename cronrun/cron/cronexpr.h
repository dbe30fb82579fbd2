/*
 * cronexpr.h: a cron expression, and the local times that it names. Pure.
 *
 * The grammars differ, so an expression is read in one declared dialect:
 *
 *                       vixie (as cronie reads it)          k8s (as Kubernetes' CronJobs: robfig/cron v3)
 *   day rule            either day field suffices unless     either suffices unless one has a star
 *                       one begins with a star               (a step above 1 makes it none)
 *   Sunday              0, 7; a range may end with it        0
 *   N/STEP              refused                              from N to the field's end
 *   ?                   refused                              a star
 *   @every D            yes                                  yes
 *   TZ=ZONE in front    refused (the file has CRON_TZ)       yes, CRON_TZ=ZONE too
 *
 * Where a dialect accepts what can never match (10-5, an empty item), this refuses it; where cronie's reading is an accident
 * (a number that does not fit, hour 5-0), too.
 */
#ifndef RR_CRONRUN_CRONEXPR_H
#define RR_CRONRUN_CRONEXPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

enum cron_dialect { CRON_VIXIE, CRON_K8S };
extern const char *const cron_dialect_names[]; /* "vixie", by the enum; NULL at the end */

#define CRONEXPR_ZONE_MAX 64

struct cronexpr {
    uint64_t minutes;  /* bits 0 … 59 */
    uint32_t hours;    /* bits 0 … 23 */
    uint32_t days;     /* bits 1 … 31 */
    uint32_t months;   /* bits 1 … 12 */
    uint32_t weekdays; /* bits 0 … 6, 0 is Sunday */
    bool either_day;   /* a day fits that fits one of both day fields */
    bool
        wild; /* the minute or the hour begins with a star: it follows real time when clocks change */
    uint64_t every_s;                 /* @every; 0: none. The fields mean nothing then */
    char zone[CRONEXPR_ZONE_MAX + 1]; /* "": none was written in front */
};

/* ERR_USAGE: what is wrong, and where: "column 5: …", counted in characters from 1. */
MUST_CHECK int
cronexpr_parse(const char *text, enum cron_dialect dialect, struct cronexpr *ret, struct err *e);

/* The same for one who says himself where that is: the message comes without the column, *ret_wrong is what is wrong, an offset
 * in bytes. e is not NULL. */
MUST_CHECK int cronexpr_read(const char *text, enum cron_dialect dialect, struct cronexpr *ret,
                             size_t *ret_wrong, struct err *e);

/* Local times are seconds since 1970-01-01T00:00:00 of the same clock. The first one that fits, not before from_s and before
 * until_s; false: there is none. Goes by fields, a month at a time. */
bool cronexpr_local(const struct cronexpr *x, int64_t from_s, int64_t until_s, int64_t *ret_s);

#endif
