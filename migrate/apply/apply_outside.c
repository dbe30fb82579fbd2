/*
 * apply_outside.c: a file outside a transaction: each statement commits by itself, what is done stands in the steps, and
 * the history row, behind the last, takes their place.
 */
#include "migrate/apply/apply_outside.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "migrate/db/claim.h"
#include "migrate/events.h"
#include "migrate/sql/cursor.h"
#include "migrate/tell/progress.h"

enum apply_result
outside_refused(struct outside *o, const struct err *e, size_t completed)
{
    struct apply *a = o->a;
    struct err said = *e;
    if (a->first_n)
        err_wrap(
            &said,
            "statement %zu of %zu, outside a transaction (earlier statements remain in effect)",
            a->first_n, a->verdict.statements);
    if (e->code == ERR_SERVER || e->code == ERR_PROTOCOL)
        apply_report(a, EXIT_PARTIAL, &said, completed);
    else
        apply_report_run(a, &said, completed);
    if (a->first_n > 1 && a->report->failed)
        report_add_hint(a->report, "the next run resumes with this statement");
    return APPLY_FAILED;
}

/* ---- before the first statement ---- */

static int
set_up(struct outside *o, struct err *e)
{
    struct apply *a = o->a;
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    uint64_t ms;
    if (a->s->stateless)
        return 0;
    strbuf_adds(&sql, "SET lock_timeout TO 0; ");
    if (apply_statement_timeout(a, &ms))
        strbuf_addf(&sql, "SET statement_timeout TO %llu; ", (unsigned long long)ms);
    apply_sql_role(a, false, &sql);
    return session_sql(a->s, &sql, NULL, e);
}

static enum apply_result
trial_failed(struct apply *a, struct err *e)
{
    if (e->code != ERR_SERVER && e->code != ERR_PROTOCOL) {
        apply_report_run(a, e, 0);
        return APPLY_FAILED;
    }
    if (apply_may_retry(a, e)) {
        apply_note_retry(a, e, 0);
        return apply_roll_back(a, APPLY_RETRY);
    }
    bool refused = apply_row_refused(a, e);
    apply_wrap_row(a, "cannot write the history, so the file is not run", e);
    if (refused) {
        enum apply_result result = apply_roll_back(a, APPLY_SKIPPED);
        return result == APPLY_SKIPPED ? apply_duplicate(a, EXIT_REFUSED, e) : result;
    }
    apply_report(a, EXIT_REFUSED, e, 0);
    return apply_roll_back(a, APPLY_FAILED);
}

/* What runs here stays, so it must be certain that step and row can be written: they are, and rolled back. */
static enum apply_result
try_row(struct outside *o)
{
    struct apply *a = o->a;
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct err e = {0};
    uint64_t ms;
    const struct steps_row row = {
        .version = a->m->id.version, .sha256 = a->m->sha256, .state = STEP_INTENT, .indexes = "{}"};
    strbuf_adds(&sql, "BEGIN; ");
    if (apply_lock_timeout(a, &ms))
        strbuf_addf(&sql, "SET LOCAL lock_timeout TO %llu; ", (unsigned long long)ms);
    ledger_sql_as(&a->ledger->table, &sql);
    steps_sql_write(&o->steps, &row, &sql);
    strbuf_adds(&sql, "; ");
    steps_sql_state(&o->steps, &row, &sql);
    strbuf_adds(&sql, "; ");
    steps_sql_forget(&o->steps, row.version, &sql);
    strbuf_adds(&sql, "; ");
    apply_sql_row(a, 0, NULL, &sql);
    strbuf_adds(&sql, "; SET CONSTRAINTS ALL IMMEDIATE; ROLLBACK");
    return session_sql(a->s, &sql, NULL, &e) == 0 ? APPLY_DONE : trial_failed(a, &e);
}

/* ---- what is done ---- */

static int
read_work(struct outside *o, const struct statement *st, struct outside_work *ret, struct err *e)
{
    struct apply *a = o->a;
    const char *sql = a->text.data + st->offset;
    struct verdict v;
    verdict_statement(sql, st->sql_bytes, st->backslashes, &v);
    *ret = (struct outside_work){.st = *st, .transaction = v.transaction};
    task_read(sql, st->sql_bytes, st->backslashes, &ret->task);
    ret->step = steps_find(&o->steps, st->n);
    return facts_statement(&a->text, st, ret->sha256, e);
}

static enum apply_result
drifted(struct outside *o, const struct step *step, const struct statement *st)
{
    struct err e = {0};
    if (st)
        err_set(
            &e, ERR_INPUT,
            "statement %zu of %zu has changed since an earlier run executed it, and the file is not complete yet",
            step->n, o->a->verdict.statements);
    else
        err_set(
            &e, ERR_INPUT,
            "an earlier run executed statement %zu of this file, which now has %zu statements and is not complete yet",
            step->n, o->a->verdict.statements);
    apply_report_at(o->a, EXIT_DRIFT, &e, st);
    report_hint(
        o->a->report,
        "restore the statements as they were executed, and make the change in a file of its own");
    return APPLY_FAILED;
}

static bool
is_same(const struct outside_work *w)
{
    char hex[DIGEST_HEX_MAX];
    return strcmp(digest_hex(hex, w->sha256, DIGEST_BYTES), w->step->sha256) == 0;
}

/* What an earlier run did is what the file says now. */
static enum apply_result
check_done(struct outside *o)
{
    struct lexer lx;
    struct statement st;
    struct err e = {0};
    int rc;
    source_text_lexer(&o->a->text, &lx);
    while ((rc = lexer_next(&lx, &st, &e)) > 0) {
        struct outside_work w;
        const struct step *step = steps_find(&o->steps, st.n);
        if (!step || step->state != STEP_DONE)
            continue;
        if (read_work(o, &st, &w, &e) != 0)
            return outside_refused(o, &e, 0);
        if (!is_same(&w))
            return drifted(o, step, &st);
    }
    source_text_rewind(&o->a->text, 0);
    for (size_t i = 0; rc == 0 && i < o->steps.n; i++)
        if (o->steps.rows[i].n > o->a->verdict.statements && o->steps.rows[i].state == STEP_DONE)
            return drifted(o, &o->steps.rows[i], NULL);
    if (rc < 0) /* what was read without a fault before */
        IGNORED(source_text_same(&o->a->text, &e));
    return rc < 0 ? outside_refused(o, &e, 0) : APPLY_DONE;
}

static void
tell_resumed(const struct outside *o)
{
    size_t done = 0;
    for (size_t i = 0; i < o->steps.n; i++)
        done += o->steps.rows[i].state == STEP_DONE;
    log_info(&event_resumed,
             LOG_FIELDS(LF_STR("version", o->a->m->id.version), LF_STR("file", o->a->file),
                        LF_UINT("done", done), LF_UINT("statements", o->a->verdict.statements)),
             "%s: an earlier run completed %zu of %zu statements; resuming after them", o->a->file,
             done, o->a->verdict.statements);
}

static enum apply_result
open_steps(struct outside *o)
{
    struct apply *a = o->a;
    struct err e = {0};
    if (steps_create(&o->steps, a->s, &e) != 0 || steps_read(&o->steps, a->s, o->key, &e) != 0) {
        cleanup_strbuf struct strbuf hint = STRBUF_INIT;
        ledger_create_hint(&o->steps.table, &e, &hint);
        apply_report_at(a, report_exit_for(&e), &e, NULL);
        report_hint(a->report, strbuf_str(&hint));
        return APPLY_FAILED;
    }
    o->resumed = o->steps.n > 0;
    if (!o->resumed)
        return APPLY_DONE;
    tell_resumed(o);
    return check_done(o);
}

/* ---- the statements ---- */

/* SET [SESSION] lock_timeout: from there on it is the file's own. */
static bool
sets_lock_timeout(const struct apply *a, const struct statement *st)
{
    struct cursor c = cursor_on(a->text.data + st->offset, st->sql_bytes, st->backslashes);
    if (!cursor_accept(&c, "set"))
        return false;
    cursor_accept(&c, "session");
    return cursor_is(&c, "lock_timeout");
}

/* What is done is passed over, but for what another session has to be told again. */
static enum apply_result
one_statement(struct outside *o, const struct statement *st)
{
    struct outside_work w;
    struct err e = {0};
    bool done = false;
    enum apply_result result = APPLY_DONE;
    o->a->first_n = 0;
    if (read_work(o, st, &w, &e) != 0)
        return outside_refused(o, &e, 0);
    if (w.step && w.step->state == STEP_DONE)
        done = w.task.kind != TASK_SESSION;
    else if (w.step)
        result = outside_resume(o, &w, &done);
    o->limits_self |= sets_lock_timeout(o->a, st);
    if (result == APPLY_DONE && !done)
        result = outside_run(o, &w);
    return result;
}

static enum apply_result
statements(struct outside *o)
{
    struct apply *a = o->a;
    struct lexer lx;
    struct statement st;
    struct err e = {0};
    int rc;
    source_text_lexer(&a->text, &lx);
    while ((rc = lexer_next(&lx, &st, &e)) > 0) {
        if (verdict_elides(&a->verdict, a->text.data, &st))
            continue;
        enum apply_result result = one_statement(o, &st);
        if (result != APPLY_DONE)
            return result;
    }
    if (rc < 0) /* what was read without a fault before */
        IGNORED(source_text_same(&a->text, &e));
    a->first_n = 0;
    return rc < 0 ? outside_refused(o, &e, 0) : APPLY_DONE;
}

/* ---- the row ---- */

/* What it did stays, and so does the row; but somebody else may have worked beside it. */
static enum apply_result
lock_lost(struct apply *a)
{
    struct err e = {0};
    struct statement st;
    err_set(
        &e, ERR_LOST,
        "the script released migrate's lock; the file was %s and recorded, but another runner may have run at the same time; check what it did, then run migrate again",
        a->back ? "undone" : "applied");
    bool found = apply_find_unlock(a, &st);
    apply_report_at(a, EXIT_PARTIAL, &e, found ? &st : NULL);
    lock_forget(a->lock);
    return APPLY_LAST;
}

/* The lock, or behind a pooler the lease, which has to be ours for the row to be written. */
static void
add_proof(const struct apply *a, struct strbuf *sql)
{
    if (!a->s->stateless) {
        strbuf_adds(sql, "SELECT ");
        lock_sql_proof(a->lock, sql);
    } else {
        ledger_sql_as(&a->ledger->table, sql);
        outside_sql_lease(a, sql);
    }
    strbuf_adds(sql, "; ");
}

/* One transaction: the steps go, the row comes. */
static enum apply_result
write_row(struct outside *o)
{
    struct apply *a = o->a;
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct err e = {0};
    struct pgrows *rows = NULL;
    add_proof(a, &sql);
    a->duration_ms = clock_mono_ms() - a->start_ms;
    ledger_sql_as(&a->ledger->table, &sql);
    steps_sql_forget(&o->steps, o->key, &sql);
    strbuf_adds(&sql, "; ");
    apply_sql_row(a, (int64_t)a->duration_ms, NULL, &sql);
    int sent = session_sql(a->s, &sql, &rows, &e);
    bool proven = a->s->stateless || session_is(rows, 0, "t");
    size_t completed = pgrows_count_statements(rows);
    pgrows_free(rows);
    if (sent == 0 && proven)
        return APPLY_DONE;
    if (sent == 0)
        return lock_lost(a);
    if (a->s->stateless && completed <= 1 && lock_guard_refused(&e))
        return outside_lease_lost(o);
    if (apply_row_refused(a, &e)) {
        apply_wrap_row(a, "cannot write the history", &e);
        return apply_duplicate(a, EXIT_PARTIAL, &e);
    }
    if (apply_answer_lost(a, &e))
        return APPLY_UNKNOWN;
    if (e.code == ERR_SERVER)
        apply_wrap_row(a, "cannot write the history", &e);
    return outside_refused(o, &e, 0);
}

/* ---- behind a pooler ---- */

const char *
outside_needs_session(const struct outside *o, const struct outside_work *w)
{
    uint64_t ms;
    const struct options *opt = o->a->s->o;
    if (w->task.kind == TASK_SESSION)
        return "this statement changes the state of the session";
    if (w->transaction && !o->outright)
        return NULL;
    if (opt->role || opt->search_path)
        return "this statement cannot run in a transaction, so --role and --search-path must be set for the session";
    if (apply_statement_timeout(o->a, &ms) && ms)
        return "this statement cannot run in a transaction, so its statement_timeout must be set for the session";
    return NULL;
}

/* Nothing of the file is run that would need what a pooler does not keep. */
static enum apply_result
check_stateless(struct outside *o)
{
    struct lexer lx;
    struct statement st;
    struct err e = {0};
    source_text_lexer(&o->a->text, &lx);
    while (lexer_next(&lx, &st, &e) > 0) {
        struct outside_work w;
        if (read_work(o, &st, &w, &e) != 0)
            return outside_refused(o, &e, 0);
        const char *why = outside_needs_session(o, &w);
        if (!why)
            continue;
        err_set(&e, ERR_INPUT, "%s, which is not preserved by a connection pooler", why);
        apply_report_at(o->a, EXIT_INPUT, &e, &st);
        report_hint(
            o->a->report,
            "connect to PostgreSQL directly; or, if the pooler is in session mode, run with --pooler=session");
        return APPLY_FAILED;
    }
    source_text_rewind(&o->a->text, 0);
    return APPLY_DONE;
}

/* Others may work at the file, or at another one outside a transaction, under a lease. Who has the lock has looked. */
static enum apply_result
claim_file(struct outside *o)
{
    struct apply *a = o->a;
    struct err e = {0};
    if (!a->s->stateless)
        return APPLY_DONE;
    if (claim_try(a->claim, a->lock, a->busy, sizeof(a->busy), &e) != 0) {
        cleanup_strbuf struct strbuf hint = STRBUF_INIT;
        ledger_create_hint(&a->ledger->table, &e, &hint);
        apply_report_at(a, report_exit_for(&e), &e, NULL);
        report_hint(a->report, strbuf_str(&hint));
        return APPLY_FAILED;
    }
    return a->claim->held ? APPLY_DONE : APPLY_BUSY;
}

static enum apply_result
run_file(struct outside *o)
{
    struct err e = {0};
    enum apply_result result = o->a->s->stateless ? check_stateless(o) : APPLY_DONE;
    if (result == APPLY_DONE)
        result = claim_file(o);
    if (result == APPLY_DONE)
        result = open_steps(o);
    if (result == APPLY_DONE)
        result = try_row(o);
    if (result != APPLY_DONE)
        return result;
    if (set_up(o, &e) != 0)
        return outside_refused(o, &e, 0);
    result = statements(o);
    if (result != APPLY_DONE)
        return result;
    if (session_reset(o->a->s, &e) != 0)
        return outside_refused(o, &e, 0);
    return write_row(o);
}

/* Its row came, or went, by somebody else: steps that stayed would be taken for those of another time that it is run. */
static enum apply_result
forget(struct outside *o)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct err e = {0};
    ledger_sql_as(&o->steps.table, &sql);
    steps_sql_forget(&o->steps, o->key, &sql);
    o->a->first_n = 0;
    if (session_reset(o->a->s, &e) == 0 && session_sql(o->a->s, &sql, NULL, &e) == 0)
        return APPLY_SKIPPED;
    err_wrap(&e, "cannot write %s", o->steps.table.quoted);
    return outside_refused(o, &e, 0);
}

enum apply_result
apply_outside(struct apply *a)
{
    cleanup_strbuf struct strbuf key = STRBUF_INIT;
    struct outside o = {.a = a, .outright = a->outright};
    struct err e = {0};
    steps_key(a->m->id.version, a->back != NULL, &key);
    o.key = strbuf_str(&key);
    int made = key.failed ? err_nomem(&e) : steps_init(&o.steps, a->ledger, &e);
    if (made != 0) {
        apply_report_at(a, report_exit_for(&e), &e, NULL);
        return APPLY_FAILED;
    }
    enum apply_result result = run_file(&o);
    if (result == APPLY_SKIPPED)
        result = forget(&o);
    steps_done(&o.steps);
    if (a->s->interrupted == ERR_NONE) /* else the end of the run gives it back */
        claim_release(a->claim);
    return result;
}
