/*
 * lock.h: one runner at a time.
 *
 * A session advisory lock on the working connection, so that it lives exactly as long as the
 * backend that works. It is polled (pg_try_advisory_lock) outside any transaction: a session that
 * waits inside pg_advisory_lock() holds a snapshot, and CREATE INDEX CONCURRENTLY of the holder
 * would wait for that snapshot, for ever.
 *
 * Where the history has another tool's layout, that tool's own lock is taken beside ours, so that both
 * can be used at the same time.
 */
#ifndef RR_MIGRATE_LOCK_H
#define RR_MIGRATE_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/strbuf.h"
#include "migrate/layout/layout.h"

struct session;

struct lock {
    int64_t key;                   /* advisory locks belong to one database */
    int64_t also[LAYOUT_KEYS_MAX]; /* of the layout's own tool: taken behind ours, let go with it */
    size_t also_n;
    unsigned connection; /* of the session, by which we hold it; 0: we do not */
};

struct lock_holder {
    int pid; /* 0: nobody holds it (any more) */
    char application[64];
    int64_t age_s; /* since it connected; -1: another role's, hidden from ours */
};

/* The lock of that history, named as "schema"."table". ERR_NOMEM. */
MUST_CHECK int lock_init(struct lock *l, const char *table, struct err *e);

/* The keys of the layout's own tool, too. Before the first attempt. */
void lock_add(struct lock *l, const struct layout *layout, const struct layout_place *at,
              const char *database);

/* One attempt at all of them; lock_held says the outcome. */
MUST_CHECK int lock_try(struct lock *l, struct session *s, struct err *e);
/* It is ours: we took it by the connection that the session has now. */
bool lock_held(const struct lock *l, const struct session *s);
/* It was lost otherwise: a script released it. */
void lock_forget(struct lock *l);
MUST_CHECK int
lock_find_holder(const struct lock *l, struct session *s, struct lock_holder *ret, struct err *e);
/* "NAME (pid 7, since 12 s)", as far as it is known; returns buf. */
const char *lock_describe(const struct lock_holder *h, char *buf, size_t size);
/* For cleanup: what fails is no matter, the lock ends with the session. */
void lock_release(struct lock *l, struct session *s);

/*
 * A statement, without semicolon: the transaction at hand takes the lock until it ends, or is refused (lock_guard_refused)
 * because another session or transaction has it. What runs behind a pooler is guarded so (pure).
 */
void lock_sql_guard(const struct lock *l, struct strbuf *out);
bool lock_guard_refused(const struct err *e);

/* A boolean expression: this session holds the lock (pure). */
void lock_sql_proof(const struct lock *l, struct strbuf *out);

#endif
