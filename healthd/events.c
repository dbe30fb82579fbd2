/* events.c: the rows of what healthd logs. */
#include "healthd/events.h"

#include <stddef.h>

#include "common/base/events.h"

HEALTHD_EVENTS(EVENT_DEFINE)

/* clang-format off */
const struct log_event *const healthd_events[] = {
    COMMON_EVENTS(EVENT_ENTRY)
    PGCONN_EVENTS(EVENT_ENTRY)
    REDISCONN_EVENTS(EVENT_ENTRY)
    HTTPD_EVENTS(EVENT_ENTRY)
    HEALTHD_EVENTS(EVENT_ENTRY)
    NULL,
};
