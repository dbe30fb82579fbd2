/*
 * lock.h: one runner at a time.
 *
 * A session advisory lock on the working connection, so that it lives exactly as long as the
 * backend that works. It is polled (pg_try_advisory_lock) outside any transaction: a session that
 * waits inside pg_advisory_lock() holds a snapshot, and CREATE INDEX CONCURRENTLY of the holder
 * would wait for that snapshot, for ever.
 */
#ifndef RR_MIGRATE_LOCK_H
#define RR_MIGRATE_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/strbuf.h"
#include "migrate/db/ledger.h"

struct session;

struct lock_holder {
    int pid; /* 0: nobody holds it (any more) */
    char application[64];
    int64_t age_s; /* since it connected; -1: another role's, hidden from ours */
};

/* One attempt; s->locked says the outcome. */
int lock_try(struct session *s, struct err *e);
int lock_find_holder(struct session *s, struct lock_holder *ret, struct err *e);
/* "NAME (pid 7, since 12 s)", as far as it is known; returns buf. */
const char *lock_describe(const struct lock_holder *h, char *buf, size_t size);
/* For cleanup: what fails is no matter, the lock ends with the session. */
void lock_release(struct session *s);

/* A boolean expression: this session holds the lock (pure). */
void lock_sql_proof(const struct ledger_table *t, struct strbuf *out);

#endif
