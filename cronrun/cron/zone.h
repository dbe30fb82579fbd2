/*
 * zone.h: a time zone: which offset from UTC held when. Read from TZif files (RFC 8536) or POSIX rules
 * ("CET-1CEST,M3.5.0,M10.5.0/3"); the rule at the end of a file is followed until the year 2500.
 */
#ifndef RR_CRONRUN_ZONE_H
#define RR_CRONRUN_ZONE_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

struct zone;

/* A stretch of time with one offset: [from_s, until_s) in seconds since the epoch. */
struct zone_span {
    int64_t from_s, until_s; /* INT64_MIN, INT64_MAX: without beginning, without end */
    int32_t offset_s;        /* local time is UTC + offset_s */
};

/*
 * name: "Europe/Berlin" in $TZDIR, /usr/share/zoneinfo, /usr/lib/zoneinfo or /share/zoneinfo; ":NAME", an absolute path,
 * or a POSIX rule. "UTC" needs no file. ERR_USAGE: there is no such zone; ERR_NOMEM.
 */
MUST_CHECK int zone_load(const char *name, struct zone **ret, struct err *e);
/* From a file's content; size bytes, any. */
MUST_CHECK int zone_parse(const unsigned char *data, size_t size, struct zone **ret, struct err *e);
void zone_free(struct zone *z); /* NULL allowed */

/* The span that holds the instant at_s. */
struct zone_span zone_at(const struct zone *z, int64_t at_s);

#endif
