/*
 * events.h: what common/ logs: lists for every program, and for those with the part that logs it.
 */
#ifndef RR_BASE_EVENTS_H
#define RR_BASE_EVENTS_H

#include "common/base/event.h"

/* Of every program. */
#define COMMON_EVENTS(E)                                                                           \
    E(log_dropped, "dropped", "records were lost because their reader was too slow: how many")     \
    E(unknown_variable, "", "a variable has the program's prefix but an unknown name")             \
    E(copy, "", "copy: the program could not be copied")                                           \
    E(output_failed, "exit", "what was printed could not be written to standard output")           \
    E(libevent, "", "libevent reported a problem")                                                 \
    E(termination_log, "", "the termination message could not be written")

#define PGCONN_EVENTS(E)                                                                           \
    E(passfile, "", "the password file is ignored: others can read it, or it is not a plain file") \
    E(pg_state, "from, to", "debug: a PostgreSQL connection changed its state")

#define REDISCONN_EVENTS(E) E(redis_state, "", "debug: a Redis connection changed its state")

#define HTTPD_EVENTS(E)                                                                            \
    E(no_descriptor, "connections", "no file descriptor was left for a connection (logged once)")  \
    E(no_memory, "connections", "debug: the kernel had no memory for a connection")                \
    E(certificate_loaded, "file", "the files of the server's certificate were replaced")           \
    E(certificate_refused, "", "they were replaced by what cannot be used; the old one stays")

#define LEASE_EVENTS(E)                                                                            \
    E(lock_settle, "job, run_id, settle_ms", "the previous holder never released the lock")

COMMON_EVENTS(EVENT_DECLARE)
PGCONN_EVENTS(EVENT_DECLARE)
REDISCONN_EVENTS(EVENT_DECLARE)
HTTPD_EVENTS(EVENT_DECLARE)
LEASE_EVENTS(EVENT_DECLARE)

#endif
