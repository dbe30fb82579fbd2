/*
 * lease_look_impl.h: what the parts of lease_look share; nobody else includes it.
 */
#ifndef RR_LEASE_LEASE_LOOK_IMPL_H
#define RR_LEASE_LEASE_LOOK_IMPL_H

#include "common/lease/lease_look.h"

/* A request that is under way, and its end. */
struct look_wait {
    struct loop *loop;
    uint64_t deadline_ms;
    bool done;
    struct err e; /* why it failed */
};
void look_wait_begin(struct look_wait *w);
void
look_wait_end(struct look_wait *w, const struct err *e); /* e NULL: leaves an error that is set */
/* Turns the loop until the end. ERR_TIMEOUT, or what the end said. */
MUST_CHECK int look_wait_for(struct look_wait *w, struct err *e);

/* Appends an empty one of that name (len bytes); valid until the next is added. NULL: ERR_SERVER, there are too many, or ERR_NOMEM. */
struct lease_look *
lease_looks_add(struct lease_looks *looks, const char *name, size_t len, struct err *e);
/* Those whose names are given, sorted. */
MUST_CHECK int
lease_looks_asked(struct lease_looks *looks, const struct lease_asked *asked, struct err *e);
/* By name; of several of one name the first stays. */
void lease_looks_sort(struct lease_looks *looks);

#endif
