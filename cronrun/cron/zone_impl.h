/* zone_impl.h: the inside of a zone. For zone*.c alone. */
#ifndef RR_CRONRUN_ZONE_IMPL_H
#define RR_CRONRUN_ZONE_IMPL_H

#include "cronrun/cron/zone.h"

struct zone_start {
    int64_t from_s; /* of the first: INT64_MIN */
    int32_t offset_s;
};

struct zone {
    struct zone_start *starts;
    size_t n, size;
};

/* From from_s on, later than what is there. Nothing when the offset does not change. ERR_NOMEM. */
MUST_CHECK int zone_add(struct zone *z, int64_t from_s, int32_t offset_s, struct err *e);
/* Follows a POSIX rule (TZ of POSIX, with RFC 8536's hours) behind what is there. ERR_USAGE: it is none. */
MUST_CHECK int zone_add_rule(struct zone *z, const char *rule, struct err *e);

#endif
