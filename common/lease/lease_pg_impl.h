/*
 * lease_pg_impl.h: what the parts of lease_pg share; nobody else includes it.
 *
 * lease_pg_steps.c asks the server, lease_pg.c knows what its answers mean.
 */
#ifndef RR_LEASE_LEASE_PG_IMPL_H
#define RR_LEASE_LEASE_PG_IMPL_H

#include "common/net/boottimer.h"
#include "common/lease/lease_impl.h"
#include "common/net/loop.h"
#include "common/pg/pgconn.h"

enum lease_pg_step {
    STEP_CONNECT,
    STEP_CHECK, /* pooler? standby? */
    STEP_SETUP,
    STEP_TRY,
    STEP_WHO,     /* busy: the session */
    STEP_WHO_ROW, /* busy: the row */
    STEP_TABLE,
    STEP_CREATE,
    STEP_FORMER,
    STEP_TAKE,
    STEP_TAKE_BARE,
    STEP_SETTLE,
    STEP_HELD,
    STEP_BEAT,
    STEP_RELEASE,
    STEP_UNLOCK,
    STEP_OVER,
};

struct lease_pg {
    struct lease lease;
    struct pgconn *conn;
    struct boottimer *timer; /* settle, then the next beat: at once after a suspend */
    enum lease_pg_step step;
    uint64_t deadline_ms;
    uint64_t settle_ms;
    int64_t key;
    uint64_t fence;
    bool has_table;
    bool former_left;    /* the last holder never released */
    bool release_wanted; /* as soon as it is not */
    bool kept;           /* this attempt began on the session of the last one */
    char outcome[32];
    struct lease_holder holder;
};

/* ---- lease_pg_steps.c ---- */
/* Makes it the step that is under way and begins it. Its answer comes to lease_pg_on_rows(), its
 * end to lease_pg_failed(). */
void lease_pg_go(struct lease_pg *p, enum lease_pg_step step);

/* ---- lease_pg.c ---- */
void lease_pg_on_rows(struct pgconn *c, const struct err *e, struct pgrows *rows, void *arg);
/* The step under way cannot end well. p may be dead afterwards. */
void lease_pg_failed(struct lease_pg *p, const struct err *e);
/* The idle session is watched; the next beat comes in its time. False: it cannot be, which lease_pg_failed() was told. */
bool lease_pg_hold(struct lease_pg *p);
void lease_pg_settle(struct lease_pg *p);

#endif
