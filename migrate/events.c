/* events.c: the rows of what migrate logs. */
#include "migrate/events.h"

#include <stddef.h>

#include "common/base/events.h"

MIGRATE_EVENTS(EVENT_DEFINE)
MIGRATE_FAILURES(MIGRATE_FAILURE_DEFINE)

/* clang-format off */
const struct log_event *const migrate_events[] = {
    COMMON_EVENTS(EVENT_ENTRY)
    PGCONN_EVENTS(EVENT_ENTRY)
    MIGRATE_EVENTS(EVENT_ENTRY)
    MIGRATE_FAILURES(MIGRATE_FAILURE_ENTRY)
    NULL,
};
