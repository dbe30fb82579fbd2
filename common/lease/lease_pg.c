/*
 * lease_pg.c: a session's advisory lock in PostgreSQL.
 *
 * PostgreSQL's manual, "Advisory Locks": held until released or the session ends, so the session is
 * ours alone, outside any transaction, and never behind a pooler. The server frees the lock when it
 * learns that the session is gone; the holder learns it at the same time or, on a silent network,
 * by its own SELECT 1 (every 5 s, answered within 3 s: together less than the server's keepalives
 * of 5 + 3 x 2 s and tcp_user_timeout of 10 s take). Who gets the lock and finds that the last
 * holder never released it waits the settle time while holding it: that is the time in which the
 * other kills its tree.
 *
 * cronrun_job: one row a job. Where no table may be made the fence is a transaction's number, made
 * durable by a logical message in the same transaction (a number alone repeats after a crash), and
 * the settle time is always waited.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/events.h"
#include "common/base/log.h"
#include "common/lease/lease_pg_impl.h"

#define BEAT_MS 5000

static struct lease_pg *
of(struct lease *l)
{
    return (struct lease_pg *)l;
}

/* ---- ends ---- */

static void
refuse(struct lease_pg *p, const struct err *e, const struct lease_holder *holder)
{
    if (!holder)
        p->step = STEP_CONNECT; /* the next attempt begins anew */
    lease_acquired(&p->lease, e, 0, holder);
}

static void
lost(struct lease_pg *p, const struct err *e)
{
    struct err why = *e;
    if (why.code != ERR_NOMEM) /* ours, and no word of the server's */
        why.code = ERR_LOST;
    boottimer_cancel(p->timer);
    p->step = STEP_OVER;
    lease_tell(&p->lease, LEASE_GONE, &why);
}

void
lease_pg_failed(struct lease_pg *p, const struct err *e)
{
    switch (p->step) {
    case STEP_HELD:
    case STEP_BEAT:
        if (p->release_wanted) {
            p->step = STEP_OVER;
            lease_released(&p->lease, e);
        } else {
            lost(p, e);
        }
        return;
    case STEP_RELEASE:
    case STEP_UNLOCK:
        p->step = STEP_OVER;
        lease_released(&p->lease, e);
        return;
    case STEP_OVER:
        return;
    default:
        boottimer_cancel(p->timer);
        if (p->step == STEP_TRY && p->kept && e->code == ERR_CLOSED) {
            p->kept = false;
            lease_pg_go(
                p, STEP_CONNECT); /* it ended while idle: that says nothing of the server now */
            return;
        }
        refuse(p, e, NULL);
        return;
    }
}
/* ---- holding ---- */

static void
on_watch(struct pgconn *c, const struct err *e, void *arg)
{
    (void)c;
    lease_pg_failed(arg, e);
}

/* False: it was told as the end of what is under way, and p may be dead. */
static bool
watch(struct lease_pg *p)
{
    struct err e;
    if (pgconn_watch_start(p->conn, on_watch, p, &e) == 0)
        return true;
    lease_pg_failed(p, &e);
    return false;
}

bool
lease_pg_hold(struct lease_pg *p)
{
    boottimer_start_at(p->timer, clock_boot_ms() + BEAT_MS);
    return watch(p);
}

void
lease_pg_settle(struct lease_pg *p)
{
    log_info(&event_lock_settle,
             LOG_FIELDS(LF_STR("job", p->lease.owner.name), LF_STR("run_id", p->lease.owner.run_id),
                        LF_UINT("settle_ms", p->settle_ms)),
             "%s: %s; starting in %" PRIu64 " ms", p->lease.owner.name,
             p->has_table ? "the last holder never released the lock"
                          : "there is no table to show how the last run ended",
             p->settle_ms);
    boottimer_start_at(p->timer, clock_boot_ms() + p->settle_ms);
    watch(p);
}

static void
held(struct lease_pg *p)
{
    if (!lease_pg_hold(p)) /* the acquisition ends; nothing was lost, for nobody had it */
        return;
    p->step = STEP_HELD;
    lease_acquired(&p->lease, NULL, p->fence, NULL);
}

static void
on_timer(void *arg)
{
    struct lease_pg *p = arg;
    if (p->step == STEP_SETTLE)
        held(p);
    else if (p->step == STEP_HELD)
        lease_pg_go(p, STEP_BEAT);
}
static bool
is_true(const struct pgrows *rows, int column)
{
    const char *value = pgrows_count(rows) > 0 ? pgrows_value(rows, 0, column) : NULL;
    return value && value[0] == 't';
}

static void
checked(struct lease_pg *p, const struct pgrows *rows)
{
    struct err e;
    const char *pid = pgrows_count(rows) == 1 ? pgrows_value(rows, 0, 0) : NULL;
    if (!pid || strtol(pid, NULL, 10) != pgconn_backend_pid(p->conn)) {
        err_set(
            &e, ERR_SERVER,
            "cannot hold the lock through a connection pooler such as PgBouncer (the connection's process ID is %d, but pg_backend_pid() returned %s); connect to PostgreSQL directly",
            pgconn_backend_pid(p->conn), pid ? pid : "nothing");
        lease_pg_failed(p, &e);
    } else if (is_true(rows, 1)) {
        err_set(&e, ERR_SERVER,
                "cannot take the lock on a standby, whose locks are separate from the primary's");
        lease_pg_failed(p, &e);
    } else {
        lease_pg_go(p, STEP_SETUP);
    }
}

static void
busy(struct lease_pg *p)
{
    struct err e;
    err_set(&e, ERR_BUSY, "the lock is held by another run");
    refuse(p, &e, &p->holder);
}

static void
got_who(struct lease_pg *p, const struct pgrows *rows)
{
    p->holder = (struct lease_holder){0};
    if (pgrows_count(rows) == 0) {
        busy(p); /* gone meanwhile */
        return;
    }
    const char *host = pgrows_value(rows, 0, 0);
    const char *since = pgrows_value(rows, 0, 1);
    snprintf(p->holder.host, sizeof(p->holder.host), "%s", host ? host : "");
    snprintf(p->holder.since, sizeof(p->holder.since), "%s", since ? since : "");
    if (is_true(rows, 2))
        lease_pg_go(p, STEP_WHO_ROW);
    else
        busy(p);
}

static void
got_who_row(struct lease_pg *p, const struct pgrows *rows)
{
    struct lease_holder h;
    const char *line = pgrows_count(rows) > 0 ? pgrows_value(rows, 0, 0) : NULL;
    if (line && lease_holder_parse(line, strlen(line), &h)) {
        const char *fence = pgrows_value(rows, 0, 1);
        h.fence = fence ? strtoull(fence, NULL, 10) : 0;
        p->holder = h;
    }
    busy(p);
}

static void
took(struct lease_pg *p, const struct pgrows *rows)
{
    const char *fence = pgrows_count(rows) > 0 ? pgrows_value(rows, 0, 0) : NULL;
    p->fence = fence ? strtoull(fence, NULL, 10) : 0;
    if (p->former_left && p->settle_ms > 0)
        lease_pg_go(p, STEP_SETTLE);
    else
        held(p);
}

static void
beaten(struct lease_pg *p)
{
    if (p->release_wanted)
        lease_pg_go(p, p->has_table ? STEP_RELEASE : STEP_UNLOCK);
    else
        lease_pg_go(p, STEP_HELD);
}

/* Errors that change the way instead of ending it. True when it went on. */
static bool
went_round(struct lease_pg *p, const struct err *e)
{
    if (p->step == STEP_WHO || p->step == STEP_WHO_ROW) {
        busy(p); /* held by another for certain, whoever it is; even if this session has ended */
        return true;
    }
    if (p->step != STEP_CREATE || !pgconn_connected(p->conn))
        return false;
    static const char *const made_by_another[] = {"23505", "42P07", "42710"};
    for (size_t i = 0; i < sizeof(made_by_another) / sizeof(made_by_another[0]); i++)
        if (strcmp(e->sqlstate, made_by_another[i]) == 0) {
            lease_pg_go(p, STEP_TABLE);
            return true;
        }
    if (strcmp(e->sqlstate, "42501") == 0 || strcmp(e->sqlstate, "3F000") == 0) {
        lease_pg_go(p, STEP_TAKE_BARE);
        return true;
    }
    return false;
}

static void
step_done(struct lease_pg *p, const struct pgrows *rows)
{
    switch (p->step) {
    case STEP_CHECK:
        checked(p, rows);
        return;
    case STEP_SETUP:
        lease_pg_go(p, STEP_TRY);
        return;
    case STEP_TRY:
        lease_pg_go(p, is_true(rows, 0) ? STEP_TABLE : STEP_WHO);
        return;
    case STEP_WHO:
        got_who(p, rows);
        return;
    case STEP_WHO_ROW:
        got_who_row(p, rows);
        return;
    case STEP_TABLE:
        p->has_table = is_true(rows, 0);
        lease_pg_go(p, p->has_table ? STEP_FORMER : STEP_CREATE);
        return;
    case STEP_CREATE:
        p->has_table = true;
        lease_pg_go(p, STEP_FORMER);
        return;
    case STEP_FORMER:
        p->former_left = is_true(rows, 0);
        lease_pg_go(p, STEP_TAKE);
        return;
    case STEP_TAKE:
    case STEP_TAKE_BARE:
        took(p, rows);
        return;
    case STEP_BEAT:
        beaten(p);
        return;
    case STEP_RELEASE:
        lease_pg_go(p, STEP_UNLOCK);
        return;
    case STEP_UNLOCK:
        p->step = STEP_OVER;
        lease_released(&p->lease, NULL);
        return;
    default:
        return;
    }
}

void
lease_pg_on_rows(struct pgconn *c, const struct err *e, struct pgrows *rows, void *arg)
{
    (void)c;
    struct lease_pg *p = arg;
    if (e && !went_round(p, e))
        lease_pg_failed(p, e);
    else if (!e)
        step_done(p, rows);
    pgrows_free(rows);
}

/* ---- the interface ---- */

static void
begin(struct lease *l)
{
    struct lease_pg *p = of(l);
    p->kept = p->step != STEP_CONNECT && pgconn_connected(p->conn);
    lease_pg_go(p, p->kept ? STEP_TRY : STEP_CONNECT);
}

static int
pg_acquire(struct lease *l, uint64_t deadline_ms, struct err *e)
{
    (void)e;
    of(l)->deadline_ms = deadline_ms;
    lease_soon(l, begin);
    return 0;
}

/* Unless a beat is under way (it goes on to the release), or the loss came first. */
static void
begin_release(struct lease *l)
{
    struct lease_pg *p = of(l);
    if (p->step == STEP_OVER)
        lease_released(l, NULL); /* nothing of it is left here */
    else if (p->step == STEP_HELD)
        beaten(p);
}

static int
pg_release(struct lease *l, const char *outcome, uint64_t deadline_ms, struct err *e)
{
    struct lease_pg *p = of(l);
    (void)e;
    boottimer_cancel(p->timer);
    snprintf(p->outcome, sizeof(p->outcome), "%s", outcome);
    p->deadline_ms = deadline_ms;
    p->release_wanted = true;
    lease_soon(l, begin_release);
    return 0;
}

static void
pg_close(struct lease *l)
{
    struct lease_pg *p = of(l);
    pgconn_free(p->conn);
    boottimer_free(p->timer);
}

struct lease *
lease_pg_new(struct loop *loop, struct resolver *r, struct target_pg *target,
             const struct lease_owner *owner, uint64_t settle_ms, struct err *e)
{
    static const struct lease_ops ops = {
        .acquire = pg_acquire, .release = pg_release, .close = pg_close};
    char application[64];
    struct lease_pg *p = calloc(1, sizeof(*p));
    if (!p) {
        err_nomem(e);
        return NULL;
    }
    p->settle_ms = settle_ms;
    snprintf(application, sizeof(application), "cronrun:%.50s", owner->name);
    int rc = lease_init(&p->lease, &ops, loop, owner, e);
    if (rc == 0)
        rc = lease_pg_key(owner->name, &p->key, e);
    if (rc == 0) {
        p->timer = boottimer_new(loop, on_timer, p, e);
        rc = p->timer ? 0 : -1;
    }
    if (rc == 0) {
        p->conn = pgconn_new(loop, r, target, application, e);
        rc = p->conn ? 0 : -1;
    }
    if (rc < 0) {
        lease_free(&p->lease);
        return NULL;
    }
    return &p->lease;
}
