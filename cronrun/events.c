/* events.c: the rows of what cronrun logs. */
#include "cronrun/events.h"

#include <stddef.h>

#include "common/base/events.h"

CRONRUN_EVENTS(EVENT_DEFINE)
DAEMON_EVENTS(EVENT_DEFINE)

/* clang-format off */
const struct log_event *const cronrun_events[] = {
    COMMON_EVENTS(EVENT_ENTRY)
    PGCONN_EVENTS(EVENT_ENTRY)
    REDISCONN_EVENTS(EVENT_ENTRY)
    LEASE_EVENTS(EVENT_ENTRY)
    HTTPD_EVENTS(EVENT_ENTRY)
    CRONRUN_EVENTS(EVENT_ENTRY)
    DAEMON_EVENTS(EVENT_ENTRY)
    NULL,
};
