/*
 * events.h: what common/ logs: lists for every program, and for those with the part that logs it.
 */
#ifndef RR_BASE_EVENTS_H
#define RR_BASE_EVENTS_H

#include "common/base/event.h"

/* Of every program. */
#define COMMON_EVENTS(E)                                                                           \
    E(log_dropped, "dropped", "that many records were lost because their reader was slow")         \
    E(unknown_variable, "", "a variable with the program's prefix that nobody knows")              \
    E(copy, "", "copy: the program could not be put there")                                        \
    E(libevent, "", "the library of the loop complains")                                           \
    E(termination_log, "", "the termination message could not be written")

#define PGCONN_EVENTS(E)                                                                           \
    E(passfile, "", "the password file is not used: it is open to others, or no plain file")       \
    E(pg_state, "from, to", "debug: a PostgreSQL connection goes from one state to the next")

#define REDISCONN_EVENTS(E)                                                                        \
    E(redis_state, "", "debug: a Redis connection goes from one state to the next")

#define HTTPD_EVENTS(E)                                                                            \
    E(no_descriptor, "connections", "no file descriptor was left for a connection (once)")         \
    E(no_memory, "connections", "debug: the kernel had no memory for a connection")

#define LEASE_EVENTS(E)                                                                            \
    E(lock_settle, "job, run_id, settle_ms", "the last holder never released the lock")

COMMON_EVENTS(EVENT_DECLARE)
PGCONN_EVENTS(EVENT_DECLARE)
REDISCONN_EVENTS(EVENT_DECLARE)
HTTPD_EVENTS(EVENT_DECLARE)
LEASE_EVENTS(EVENT_DECLARE)

#endif
