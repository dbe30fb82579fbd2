/*
 * lease_look.h: what a store knows of its locks, for whoever wants none of them.
 *
 * Nothing is changed, and no run is disturbed: PostgreSQL and Redis are only read. A file is locked shared for a moment, because
 * flock(2) has no other question; a run that meets that does not take it for a holder (lease_file.c).
 *
 * Sequential: these turn the loop until the answer is there or the deadline passes, and are never called from a callback.
 */
#ifndef RR_LEASE_LEASE_LOOK_H
#define RR_LEASE_LEASE_LOOK_H

#include <stddef.h>

#include "common/lease/lease.h"

#define LEASE_LOOKS_MAX 10000 /* of one store; more is an error */
#define LEASE_OUTCOME_MAX 32

enum lease_state {
    LEASE_NEVER, /* nobody has taken it so far, or the store has forgotten */
    LEASE_FREE,
    LEASE_LEFT, /* nobody holds it, but who held it last never released it (PostgreSQL) */
    LEASE_HELD,
};

struct lease_look {
    char name[LEASE_NAME_MAX + 1]; /* "" for a file */
    enum lease_state state;
    struct lease_holder
        holder;     /* who holds it or, when nobody does, held it last, as far as known */
    uint64_t fence; /* the last one; 0 unknown */
    /* Of the last run that released it; "" unknown. PostgreSQL alone knows them. */
    char last_outcome[LEASE_OUTCOME_MAX];
    char last_end[LEASE_SINCE_MAX]; /* RFC 3339, UTC */
};

struct lease_looks {
    struct lease_look *items; /* owned; by name */
    size_t n;
};
void lease_looks_done(struct lease_looks *looks);
/* NULL: it is not among them. */
const struct lease_look *lease_looks_find(const struct lease_looks *looks, const char *name);
const char *lease_state_name(enum lease_state state); /* "held" */

/* host: ours, to tell a holder that is gone. ERR_SYSTEM: the file cannot be read; ERR_INPUT: it is none of ours. */
MUST_CHECK int
lease_look_file(const char *path, const char *host, struct lease_look *ret, struct err *e);

/* The jobs of a database or a server: those of these names (each is in the answer), or all (names NULL). */
struct lease_asked {
    const char *const *names; /* borrowed; as lease_name_check() has them, none twice */
    size_t n;
};
/*
 * All: the rows of cronrun_job. Whether a lock is held is what pg_locks says, whatever the row says. A table that is missing is no
 * error when names are given: the locks are there without it. Errors as pgconn.h has them; ERR_SERVER for a standby, which shows no
 * locks of its primary, for a table that is missing, and for more than LEASE_LOOKS_MAX jobs.
 */
MUST_CHECK int lease_look_pg(struct loop *l, struct resolver *r, struct target_pg *target,
                             const struct lease_asked *asked, uint64_t deadline_ms,
                             struct lease_looks *ret, struct err *e);
/* All: what SCAN finds of cronrun:{*}:lock and :fence. Errors as redisconn.h has them, and ERR_SERVER for more than
 * LEASE_LOOKS_MAX jobs. */
MUST_CHECK int lease_look_redis(struct loop *l, struct resolver *r, struct target_redis *target,
                                const struct lease_asked *asked, uint64_t deadline_ms,
                                struct lease_looks *ret, struct err *e);

#endif
