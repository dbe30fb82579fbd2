/* turn_write.c: rows of the history that come or change without a file being run. */
#include <string.h>

#include "common/base/backoff.h"
#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "migrate/apply/apply.h"
#include "migrate/db/watch.h"
#include "migrate/events.h"
#include "migrate/turn/turn.h"

#define BACKOFF_FIRST_MS 250u
#define BACKOFF_MAX_MS 5000u
/* Deadlocks and their like; whoever holds a lock is waited for until the deadline. */
#define UNWAITED_MAX 10u

int
turn_create(struct turn *t)
{
    struct err e = {0};
    cleanup_strbuf struct strbuf hint = STRBUF_INIT;
    if (t->ledger.exists || ledger_create(&t->ledger, &t->s, &e) == 0)
        return 0;
    ledger_create_hint(&t->ledger.table, &e, &hint);
    turn_fail(t, &e);
    report_hint(&t->report, strbuf_str(&hint));
    return -1;
}

static int
send(struct turn *t, const struct strbuf *rows, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    uint64_t ms = t->o->lock_timeout_ms == CLOCK_NEVER ? 0 : t->o->lock_timeout_ms;
    strbuf_addf(&sql, "BEGIN; SET LOCAL lock_timeout TO %llu; ", (unsigned long long)ms);
    ledger_sql_as(&t->ledger.table, &sql);
    strbuf_add(&sql, strbuf_str(rows), rows->len);
    strbuf_adds(&sql, "COMMIT");
    sql.failed = sql.failed || rows->failed;
    return session_sql(&t->s, &sql, NULL, e);
}

static int
roll_back(struct turn *t, struct err *e)
{
    static const char sql[] = "ROLLBACK";
    if (pgconn_tx_state(t->s.work) == PGCONN_TX_IDLE)
        return 0;
    return session_query(&t->s, sql, sizeof(sql) - 1, NULL, e);
}

/* Rolls back and waits. -1: *e. */
static int
pause_before(struct turn *t, struct backoff *again, unsigned attempt, struct err *e)
{
    const struct err why = *e;
    const char *blockers = watch_blockers(t->s.watch);
    uint32_t pause_ms = backoff_next(again);
    log_warn(&event_retry,
             LOG_FIELDS(LF_STR("sqlstate", why.sqlstate), LF_OPT("blockers", blockers),
                        LF_UINT("attempt", attempt), LF_UINT("pause_ms", pause_ms)),
             "the history was not written, retrying in %u ms: %s%s%s", pause_ms, why.msg,
             *blockers ? "; blocked by " : "", blockers);
    return roll_back(t, e) != 0 ? -1 : session_pause(&t->s, pause_ms, e);
}

static void
refused(struct turn *t, struct err *e)
{
    cleanup_strbuf struct strbuf hint = STRBUF_INIT;
    ledger_hint(&t->ledger.table, e, &hint);
    bool unwritten = strcmp(e->sqlstate, t->ledger.layout->unwritten) == 0 &&
                     !pgconn_diag(t->s.work)->context[0];
    if (unwritten)
        err_set(
            e, ERR_PROTOCOL,
            "a row was not written: either a trigger on %s suppressed it (let the trigger return NEW), or another session has changed the row in the meantime",
            t->ledger.table.quoted);
    err_wrap(e, "cannot write the history");
    if (unwritten)
        report_fail(&t->report, EXIT_REFUSED, e);
    else
        turn_fail(t, e);
    report_hint(&t->report, strbuf_str(&hint));
}

enum turn_step
turn_write(struct turn *t, const struct strbuf *rows, const char *version, bool *ret_done)
{
    struct backoff again = {.first_ms = BACKOFF_FIRST_MS, .most_ms = BACKOFF_MAX_MS};
    struct err e = {0};
    *ret_done = false;
    for (unsigned attempt = 1; send(t, rows, &e) != 0; attempt++) {
        if (e.code != ERR_SERVER && !pgconn_connected(t->s.work) && t->s.interrupted == ERR_NONE) {
            t->uncertain = version;
            t->unsettled = true;
            return turn_read_after_loss(t);
        }
        bool waits = strcmp(e.sqlstate, "55P03") == 0;
        bool may = apply_lock_failure(&e) && (waits || attempt < UNWAITED_MAX);
        if (!may) {
            refused(t, &e);
            return TURN_END;
        }
        if (pause_before(t, &again, attempt, &e) != 0) {
            turn_fail(t, &e);
            return TURN_END;
        }
    }
    *ret_done = true;
    return TURN_END;
}

/* Only under the lock is the backend of before gone, and what is not there will not come. */
void
turn_settle_write(struct turn *t)
{
    if (!t->unsettled || (t->plan.steps > 0 && !lock_held(&t->lock, &t->s)))
        return;
    t->unsettled = false;
    if (t->plan.steps > 0)
        report_forget_steps(&t->report);
    else
        log_info(&event_commit_settled, LOG_FIELDS(LF_STR("version", t->uncertain)),
                 "the changes to the history were committed");
}
