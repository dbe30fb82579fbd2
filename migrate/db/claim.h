/*
 * claim.h: one runner at a time where a session cannot hold a lock: a row that names its owner and expires.
 *
 *     schema_history_lease(name text primary key, owner text, expires_at timestamptz)
 *
 * Behind a pooler, a file outside a transaction runs under such a lease. The table stands beside the history and is made
 * when it is first needed. Expiry is by the server's clock. While it is held, a connection of its own renews it; when
 * that finds it taken over, or cannot renew it in time, the session is interrupted (session_abort). A runner that works
 * under the advisory lock is in the way of a lease, too, and so is a lease in its way (claim_find_other).
 */
#ifndef RR_MIGRATE_CLAIM_H
#define RR_MIGRATE_CLAIM_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/strbuf.h"
#include "migrate/db/ledger.h"

struct lock;
struct loop_timer;
struct pgconn;
struct session;

struct claim {
    struct ledger_table table; /* role borrowed */
    struct session *s;         /* borrowed */
    struct loop_timer *timer;
    struct pgconn *conn; /* of the renewals */
    bool busy;           /* it has an operation */
    bool held;
    char owner[96];
    uint64_t sent_ms;  /* of the renewal under way */
    uint64_t until_ms; /* it holds at least so long, by our clock */
};

/* For that history; its role and s are borrowed. ERR_NOMEM, ERR_SYSTEM. On error nothing is left. */
MUST_CHECK int
claim_init(struct claim *c, const struct ledger_table *history, struct session *s, struct err *e);
void claim_done(struct claim *c);

/*
 * One attempt; c->held says the outcome. Made in a transaction that holds lock's key, which nobody else may hold. *ret_other (of
 * other_bytes): who has it, "" when that is not known.
 */
MUST_CHECK int claim_try(struct claim *c, const struct lock *lock, char *ret_other,
                         size_t other_bytes, struct err *e);
/* Whose lease it is. */
struct claim_holder {
    char owner[96]; /* "": nobody's */
    int64_t left_s; /* until it expires, unless it is renewed */
};
/* Who holds an unexpired lease that is not ours, if there is a table of it; of claim_find_other the owner alone. */
MUST_CHECK int claim_find_holder(struct claim *c, struct claim_holder *ret, struct err *e);
MUST_CHECK int
claim_find_other(struct claim *c, char *ret_other, size_t other_bytes, struct err *e);
/* By our own clock it is ours for a while yet: a runner that was stopped finds out before it goes on. */
bool claim_holds(const struct claim *c);
/* For cleanup: what fails is no matter, it expires. */
void claim_release(struct claim *c);

/* A boolean expression: it is still ours (pure). */
void claim_sql_proof(const struct claim *c, struct strbuf *out);

#endif
