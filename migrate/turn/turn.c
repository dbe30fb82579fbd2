/* turn.c: one turn at the database. */
#include "migrate/turn/turn.h"

#include <stdlib.h>

#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "migrate/db/connect.h"
#include "migrate/db/origin.h"
#include "migrate/db/watch.h"
#include "migrate/events.h"
#include "migrate/files/directory.h"
#include "migrate/loose.h"

/* Who is in the way: of a statement of ours, or of the lock. */
static const char *
in_the_way(const struct turn *t)
{
    const char *blockers = t->s.watch ? watch_blockers(t->s.watch) : "";
    return *blockers ? blockers : t->lock_wait.holder;
}

void
turn_fail(struct turn *t, const struct err *e)
{
    struct err said = *e;
    const char *who = in_the_way(t);
    if ((e->code == ERR_DEADLINE || e->code == ERR_STOPPED) && *who)
        err_set(&said, e->code, "%s; blocked by %s", e->msg, who);
    report_fail(&t->report, report_exit_for(e), &said);
}

static void
forget(struct turn *t)
{
    plan_done(&t->plan);
    begun_done(&t->begun);
    ledger_forget(&t->ledger);
}

static int
read_plan(struct turn *t)
{
    struct err e = {0};
    struct loose loose = {.source = &t->source};
    forget(t);
    if (choice_read(&t->choice, &e) != 0 ||
        (t->ledger.steps && begun_read(&t->begun, &t->ledger, &t->s, &e) != 0) ||
        plan_make(&t->source, &t->ledger, &t->rules, loose_differs, &loose, &t->plan, &e) != 0) {
        cleanup_strbuf struct strbuf hint = STRBUF_INIT;
        ledger_hint(&t->ledger.table, &e, &hint);
        turn_fail(t, &e);
        if (loose.file)
            report_place(&t->report, loose.file, loose.line, 0);
        else
            report_place(&t->report, t->source.fault_file, t->source.fault_line, 0);
        report_hint(&t->report, strbuf_str(&hint));
        return -1;
    }
    t->report.planned = true;
    t->report.pending = t->plan.count[PLAN_PENDING] + t->plan.count[PLAN_LATE];
    return 0;
}

static int
writable(struct turn *t, struct err *e)
{
    cleanup_strbuf struct strbuf origin = STRBUF_INIT;
    if (t->s.in_recovery)
        return err_set(e, ERR_WRONG_ROLE, "cannot apply migrations on a standby");
    if (!t->s.read_only)
        return 0;
    if (origin_of(&t->s, "default_transaction_read_only", &origin, e) != 0)
        return -1;
    return err_set(
        e, ERR_WRONG_ROLE,
        "cannot apply migrations in a read-only session: default_transaction_read_only is set to on by %s",
        strbuf_str(&origin));
}

/* While we hold the lock nobody takes a lease; one that was taken before, behind a pooler, is waited for. */
static enum turn_step
act_locked(struct turn *t)
{
    struct err e = {0};
    if (turn_make_claim(t, &e) != 0 ||
        claim_find_other(&t->claim, t->busy, sizeof(t->busy), &e) != 0) {
        cleanup_strbuf struct strbuf hint = STRBUF_INIT;
        ledger_hint(&t->claim.table, &e, &hint);
        turn_fail(t, &e);
        report_hint(&t->report, strbuf_str(&hint));
        return TURN_END;
    }
    return t->busy[0] ? turn_wait_for_others(t) : t->work->act(t);
}

/* Read, plan, and what the plan asks for. */
static enum turn_step
one_round(struct turn *t)
{
    struct err e = {0};
    bool was_locked = lock_held(&t->lock, &t->s);
    if (read_plan(t) != 0 || t->work->look(t) <= 0)
        return TURN_END;
    if (t->o->dry_run) {
        t->work->show(t);
        return TURN_END;
    }
    if (was_locked)
        return act_locked(t);
    bool fit = writable(t, &e) == 0;
    if (fit && t->s.stateless && t->work->stateless)
        return t->work->act(t);
    if (fit && lock_wait_try(&t->lock_wait, &t->lock, &t->s, &e) == 0)
        return TURN_AGAIN;
    turn_fail(t, &e);
    return TURN_END;
}

/* What is done about a pooler, which is said. */
static int
meet_pooler(struct turn *t, struct err *e)
{
    const char *mode = t->s.stateless ? "transaction" : "session";
    bool refuse = t->o->pooler == POOLER_REFUSE || (t->s.stateless && !t->work->stateless);
    if (t->s.pooled && refuse)
        return err_set(
            e, ERR_USAGE,
            "a connection pooler was detected: the protocol and the server report different process IDs");
    if (t->s.pooled || t->s.stateless)
        log_info(&event_pooler, LOG_FIELDS(LF_STR("mode", mode), LF_BOOL("seen", t->s.pooled)),
                 t->s.stateless ? "%s%sused" : "%s%sused because of --pooler=session",
                 t->s.pooled ? "a connection pooler was detected: " : "",
                 t->s.stateless ? "nothing that belongs to a session is " : "the session is ");
    return 0;
}

/* Whatever happened: nothing stays open, nothing stays locked. */
static void
clean_up(struct turn *t)
{
    static const char rollback[] = "ROLLBACK";
    struct err ignored = {0};
    session_cleanup(&t->s);
    if (pgconn_connected(t->s.work)) {
        enum pgconn_tx tx = pgconn_tx_state(t->s.work);
        if (tx == PGCONN_TX_INTRANS || tx == PGCONN_TX_INERROR)
            IGNORED(session_query(&t->s, rollback, sizeof(rollback) - 1, NULL, &ignored));
    }
    claim_release(&t->claim);
    lock_release(&t->lock, &t->s);
}

/* The first thing that is asked of the history comes with the connection. */
static int
open_session(struct turn *t, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    enum connect_answer there;
    ledger_sql_there(&t->ledger.table, &sql);
    if (connect_open_asking(&t->s, &sql, &there, e) != 0)
        return -1;
    t->ledger.asked = there != CONNECT_REFUSED;
    t->ledger.there = there == CONNECT_YES;
    return 0;
}

void
turn_run(struct turn *t)
{
    struct err e = {0};
    if (t->report.failed)
        return;
    if (open_session(t, &e) != 0) {
        report_fail(&t->report, report_exit_for_connect(&e), &e);
        return;
    }
    if (meet_pooler(t, &e) != 0) {
        turn_fail(t, &e);
        report_hint(
            &t->report,
            t->work->stateless
                ? "connect to PostgreSQL directly, or omit --pooler=refuse"
                : "connect to PostgreSQL directly; or, if the pooler is in session mode, run with --pooler=session");
        return;
    }
    while (one_round(t) == TURN_AGAIN) {
    }
    forget(t);
    clean_up(t);
}

void
turn_init(struct turn *t, const char *command, const struct turn_work *work,
          const struct options *o)
{
    struct err e = {0};
    *t = (struct turn){.work = work, .o = o, .source = SOURCE_INIT};
    t->rules = (struct plan_rules){.phase = (enum options_phase)o->phase,
                                   .out_of_order = (enum options_order)o->out_of_order,
                                   .ahead = (enum options_ahead)o->ahead,
                                   .to = o->to,
                                   .steps = (size_t)o->steps};
    t->choice = (struct choice){
        .o = o, .s = &t->s, .source = &t->source, .ledger = &t->ledger, .lock = &t->lock};
    lock_wait_init(&t->lock_wait);
    report_init(&t->report, log_is_text());
    if (o->json)
        t->report.json = command;
    const struct layout *layout = choice_of_files(o, o->dir);
    if (ledger_init(&t->ledger, layout, o->table, o->role, &e) != 0 ||
        session_init(&t->s, o, &e) != 0) {
        turn_fail(t, &e);
        return;
    }
    t->ready = true; /* from here on signals are caught: process 1 of a container hears no others */
    if (directory_open(o->dir, layout, o->allow_empty, &t->source, &e) != 0) {
        report_fail(&t->report, EXIT_INPUT, &e);
        report_place(&t->report, t->source.fault_file, t->source.fault_line, 0);
    }
}

int
turn_done(struct turn *t)
{
    if (t->ready) {
        claim_done(&t->claim);
        session_done(&t->s);
    }
    int status = report_finish(&t->report, t->o->termination_log);
    free(t->facts);
    source_done(&t->source);
    ledger_done(&t->ledger);
    report_done(&t->report);
    return status;
}
