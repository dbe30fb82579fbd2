/* apply_step.c: one statement of a file outside a transaction. */
#include <stdio.h>
#include <string.h>

#include "common/base/backoff.h"
#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "migrate/apply/apply_outside.h"
#include "migrate/apply/catalog.h"
#include "migrate/db/claim.h"
#include "migrate/events.h"
#include "migrate/sql/quote.h"
#include "migrate/tell/progress.h"

/* Between attempts to write a step. */
#define NOTE_FIRST_MS 100u
#define NOTE_MOST_MS 2000u

/* ---- around the file's settings ---- */

static bool
speaks(const struct apply *a)
{
    return strcmp(pgconn_setting(a->s->work, "client_encoding"), "UTF8") == 0 &&
           strcmp(pgconn_setting(a->s->work, "standard_conforming_strings"), "on") == 0;
}

int
outside_speak(struct outside *o, struct err *e)
{
    struct pgconn *c = o->a->s->work;
    if (speaks(o->a))
        return 0;
    snprintf(o->encoding, sizeof(o->encoding), "%s", pgconn_setting(c, "client_encoding"));
    snprintf(o->strings, sizeof(o->strings), "%s",
             pgconn_setting(c, "standard_conforming_strings"));
    return session_speak(o->a->s, e);
}

int
outside_hand_back(struct outside *o, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    if (!o->encoding[0])
        return 0;
    strbuf_adds(&sql, "SET client_encoding TO ");
    quote_literal(&sql, o->encoding);
    strbuf_addf(&sql, "; SET standard_conforming_strings TO %s", o->strings);
    o->encoding[0] = '\0';
    return session_sql(o->a->s, &sql, NULL, e);
}

int
outside_limit(struct outside *o, bool limited, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    uint64_t ms = 0;
    if (o->limits_self || o->limited == limited || o->a->s->stateless)
        return 0;
    if (limited)
        apply_lock_timeout(o->a, &ms);
    o->limited = limited;
    strbuf_addf(&sql, "SET lock_timeout TO %llu", (unsigned long long)ms);
    return session_sql(o->a->s, &sql, NULL, e);
}

/* ---- its step ---- */

/* Returns how many statements that are. */
static size_t
add_limit(const struct outside *o, struct strbuf *sql)
{
    uint64_t ms;
    if (o->limits_self || !apply_lock_timeout(o->a, &ms))
        return 0;
    strbuf_addf(sql, "SET LOCAL lock_timeout TO %llu; ", (unsigned long long)ms);
    return 1;
}

void
outside_sql_lease(const struct apply *a, struct strbuf *sql)
{
    strbuf_adds(sql, "SELECT 1 OPERATOR(pg_catalog./) CASE WHEN ");
    claim_sql_proof(a->claim, sql);
    strbuf_adds(sql, " THEN 1 ELSE 0 END");
}

enum apply_result
outside_lease_lost(struct outside *o)
{
    struct err e = {0};
    err_set(&e, ERR_BUSY, "the lease was lost: another runner took it over");
    return outside_refused(o, &e, 0);
}

static struct steps_row
row_of(const struct outside *o, const struct outside_work *w, enum step_state state,
       const char *indexes)
{
    return (struct steps_row){.version = o->key,
                              .n = w->st.n,
                              .sha256 = w->sha256,
                              .state = state,
                              .pooled = o->a->s->stateless,
                              .indexes = indexes};
}

static void
note_sql(struct outside *o, const struct outside_work *w, enum step_state state,
         const char *indexes, struct strbuf *sql)
{
    const struct steps_row row = row_of(o, w, state, indexes);
    strbuf_adds(sql, "BEGIN; SET LOCAL SESSION AUTHORIZATION DEFAULT; SET LOCAL ROLE NONE; ");
    add_limit(o, sql);
    ledger_sql_as(&o->steps.table, sql);
    if (state == STEP_INTENT && o->a->s->stateless) {
        outside_sql_lease(o->a, sql);
        strbuf_adds(sql, "; ");
    }
    if (state == STEP_INTENT)
        steps_sql_write(&o->steps, &row, sql);
    else
        steps_sql_state(&o->steps, &row, sql);
    strbuf_adds(sql, "; COMMIT");
}

static int
send_note(struct outside *o, const struct strbuf *sql, struct err *e)
{
    struct session *s = o->a->s;
    struct err ignored = {0};
    if (session_sql(s, sql, NULL, e) == 0)
        return 0;
    if (pgconn_connected(s->work) && pgconn_tx_state(s->work) != PGCONN_TX_IDLE)
        IGNORED(session_query(s, "ROLLBACK", 8, NULL, &ignored));
    return -1;
}

int
outside_note(struct outside *o, const struct outside_work *w, enum step_state state,
             const char *indexes, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct backoff again = {.first_ms = NOTE_FIRST_MS, .most_ms = NOTE_MOST_MS};
    if (outside_speak(o, e) != 0)
        return -1;
    note_sql(o, w, state, indexes, &sql);
    while (send_note(o, &sql, e) != 0) { /* nothing but our own table is in the way */
        uint32_t pause_ms = backoff_next(&again);
        if (!apply_lock_failure(e))
            return err_wrap(e, "cannot write %s", o->steps.table.quoted);
        log_warn(&event_retry,
                 LOG_FIELDS(LF_STR("version", o->a->m->id.version), LF_STR("file", o->a->file),
                            LF_STR("sqlstate", e->sqlstate), LF_UINT("pause_ms", pause_ms)),
                 "%s: the step of statement %zu was not written, retrying in %u ms: %s", o->a->file,
                 w->st.n, pause_ms, e->msg);
        if (session_pause(o->a->s, pause_ms, e) != 0)
            return -1;
    }
    return 0;
}

/* ---- in a transaction ---- */

/* The step of a statement that runs in a transaction. A setting of the session may have one already. */
static void
unit_step_sql(const struct outside *o, const struct outside_work *w, struct strbuf *sql)
{
    struct steps_row row = row_of(o, w, STEP_DONE, NULL);
    row.first = w->step == NULL;
    steps_sql_write(&o->steps, &row, sql);
    strbuf_adds(sql, "; ");
}

/*
 * Behind a pooler: our settings, the lease, the step, and the role of the file. The step comes first, for the lease may run
 * out while the statement runs: who takes it over then waits for this transaction, and is refused. Returns how many statements.
 */
static size_t
unit_begin_stateless(struct outside *o, const struct outside_work *w, struct strbuf *sql)
{
    struct apply *a = o->a;
    size_t n;
    uint64_t ms;
    session_sql_begin(a->s, sql, &n);
    if (apply_statement_timeout(a, &ms)) {
        strbuf_addf(sql, "SET LOCAL statement_timeout TO %llu; ", (unsigned long long)ms);
        n++;
    }
    n += ledger_sql_as(&o->steps.table, sql);
    outside_sql_lease(a, sql);
    strbuf_adds(sql, "; ");
    unit_step_sql(o, w, sql);
    return n + 2 + apply_sql_role(a, true, sql);
}

/* BEGIN and what is ours behind it: what it is made of is noted for the places of errors. */
static void
unit_begin(struct outside *o, const struct outside_work *w, struct strbuf *sql)
{
    struct apply *a = o->a;
    strbuf_adds(sql, "BEGIN; ");
    a->sent_own = 1 + add_limit(o, sql);
    if (a->s->stateless)
        a->sent_own += unit_begin_stateless(o, w, sql);
    a->sent_own_chars = apply_count(a, strbuf_str(sql), sql->len);
}

/* The step; whatever role the file has set comes back with COMMIT. before: statements of what is sent before it. */
static void
unit_end(struct outside *o, const struct outside_work *w, size_t before, struct strbuf *sql)
{
    o->commit_at = before + 2;
    strbuf_adds(sql, "SET LOCAL SESSION AUTHORIZATION DEFAULT; SET LOCAL ROLE NONE; ");
    if (!o->a->s->stateless) {
        o->commit_at += ledger_sql_as(&o->steps.table, sql) + 1;
        unit_step_sql(o, w, sql);
    }
    o->commit_at += session_sql_end(o->a->s, sql);
    strbuf_adds(sql, "COMMIT");
}

static bool
committed(const struct pgrows *rows)
{
    const struct pgrows *last = rows;
    while (last && pgrows_next(last))
        last = pgrows_next(last);
    return last && strcmp(pgrows_tag(last), "COMMIT") == 0;
}

/* All of it as one message. *ret_completed: how many of it were done. */
static int
send_together(struct outside *o, const struct outside_work *w, size_t *ret_completed, struct err *e)
{
    struct apply *a = o->a;
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct pgrows *rows = NULL;
    unit_begin(o, w, &sql);
    strbuf_add(&sql, a->text.data + w->st.offset, w->st.sql_bytes);
    strbuf_adds(&sql, "\n; ");
    unit_end(o, w, a->sent_own + 1, &sql);
    if (sql.failed)
        return err_nomem(e);
    if (source_text_same(&a->text, e) != 0)
        return -1;
    const struct session_text text = {.sql = strbuf_str(&sql), .bytes = sql.len};
    int result = session_run(a->s, &text, &rows, e);
    *ret_completed = pgrows_count_statements(rows);
    if (result == 0 && !committed(rows))
        result = err_set(e, ERR_PROTOCOL, "the server rolled back instead of committing");
    pgrows_free(rows);
    return result;
}

static int
send_text(struct outside *o, const struct outside_work *w, struct err *e)
{
    struct apply *a = o->a;
    a->sent_own = 0;
    a->sent_own_chars = 0;
    if (w->st.kind == STATEMENT_COPY)
        return apply_copy(a, &w->st, e);
    return apply_text(a, w->st.offset, w->st.offset + w->st.sql_bytes, NULL, e);
}

/* What changes how a text is read, is large, has data, or has to be looked at before it is committed, travels by itself. */
static int
send_apart(struct outside *o, const struct outside_work *w, size_t *ret_completed, struct err *e)
{
    struct apply *a = o->a;
    cleanup_strbuf struct strbuf begin = STRBUF_INIT;
    cleanup_strbuf struct strbuf end = STRBUF_INIT;
    unit_begin(o, w, &begin);
    const size_t own = a->sent_own;
    int result = session_sql(a->s, &begin, NULL, e);
    a->sent_own = own;
    *ret_completed = 0;
    if (result != 0)
        return -1;
    if (send_text(o, w, e) != 0)
        return -1;
    if (pgconn_tx_state(a->s->work) != PGCONN_TX_INTRANS)
        return err_set(e, ERR_PROTOCOL, "this statement ended its transaction");
    if (outside_speak(o, e) != 0 || apply_check_index(a, &w->st, e) != 0)
        return -1;
    struct pgrows *rows = NULL;
    unit_end(o, w, 1, &end);
    result = session_sql(a->s, &end, &rows, e);
    *ret_completed = 1 + pgrows_count_statements(rows); /* a failure from here on is ours */
    pgrows_free(rows);
    return result;
}

static bool
travels_alone(const struct outside *o, const struct outside_work *w)
{
    return w->st.kind == STATEMENT_COPY || w->st.ends_batch || w->task.unless ||
           w->st.sql_bytes > APPLY_BATCH_BYTES || !speaks(o->a);
}

/* The server wants it outside a transaction; what a function asks for cannot be. */
static bool
wants_outside(const struct outside *o, const struct outside_work *w, const struct err *e)
{
    return strcmp(e->sqlstate, "2D000") == 0 ||
           (strcmp(e->sqlstate, "25001") == 0 && w->task.kind != TASK_SESSION &&
            !apply_function_asked(o->a, &w->st));
}

static enum apply_result
pause_before_retry(struct outside *o, const struct outside_work *w, const struct err *why,
                   unsigned n)
{
    struct apply *a = o->a;
    struct err e = {0};
    uint32_t pause_ms = apply_next_pause(a);
    log_warn(&event_retry,
             LOG_FIELDS(LF_STR("version", a->m->id.version), LF_STR("file", a->file),
                        LF_STR("sqlstate", why->sqlstate), LF_OPT("blockers", a->blockers),
                        LF_UINT("attempt", n), LF_UINT("pause_ms", pause_ms)),
             "%s: statement %zu failed, retrying in %u ms: %s", a->file, w->st.n, pause_ms,
             why->msg);
    if (session_pause(a->s, pause_ms, &e) == 0)
        return APPLY_RETRY;
    apply_give_up(a, &e);
    return APPLY_FAILED;
}

/* The step is there already: a runner whose lease had run out has done the statement meanwhile. */
static bool
is_done_by_other(const struct outside *o, const struct err *e, size_t completed)
{
    const size_t own = o->a->sent_own;
    bool at_step = o->a->s->stateless ? completed < own : completed > own;
    return at_step && steps_refused(e);
}

/* What was sent was refused, in a transaction that is open or not even begun. */
static enum apply_result
unit_failed(struct outside *o, const struct outside_work *w, struct err *e, size_t completed)
{
    struct apply *a = o->a;
    bool ours = completed > a->sent_own;
    struct err changed = {0};
    if (e->code == ERR_INPUT && w->task.unless && source_text_same(&a->text, &changed) == 0) {
        apply_report_at(a, EXIT_PARTIAL, e, &w->st); /* the index that is there is INVALID */
        return apply_roll_back(a, APPLY_FAILED);
    }
    if (e->code != ERR_SERVER && e->code != ERR_PROTOCOL)
        return outside_refused(o, e, completed);
    if (a->s->stateless && completed < a->sent_own && lock_guard_refused(e)) {
        enum apply_result lost = apply_roll_back(a, APPLY_BUSY);
        return lost == APPLY_BUSY ? outside_lease_lost(o) : lost;
    }
    if (is_done_by_other(o, e, completed)) {
        snprintf(a->busy, sizeof(a->busy), "one that has executed statement %zu in the meantime",
                 w->st.n);
        return apply_roll_back(a, APPLY_BUSY);
    }
    if (!ours && wants_outside(o, w, e))
        return apply_roll_back(a, APPLY_OUTSIDE);
    if (apply_may_retry(a, e)) {
        apply_note_retry(a, e, completed);
        return apply_roll_back(a, APPLY_RETRY);
    }
    if (ours && completed == o->commit_at) { /* what the statement had deferred */
        err_wrap(e, "at COMMIT");
        completed = a->sent_own;
    } else if (ours) {
        err_wrap(e, "cannot write %s", o->steps.table.quoted);
        a->first_n = 0;
    }
    outside_refused(o, e, completed);
    return apply_roll_back(a, APPLY_FAILED);
}

static enum apply_result
run_in_transaction(struct outside *o, const struct outside_work *w)
{
    struct apply *a = o->a;
    backoff_reset(&a->again);
    for (unsigned n = 1;; n++) {
        struct err e = {0};
        size_t completed = 0;
        if (outside_hand_back(o, &e) != 0)
            return outside_refused(o, &e, 0);
        apply_note_sent(a, &w->st, 1);
        int sent = travels_alone(o, w) ? send_apart(o, w, &completed, &e)
                                       : send_together(o, w, &completed, &e);
        if (sent == 0)
            return APPLY_DONE;
        enum apply_result result = unit_failed(o, w, &e, completed);
        if (result == APPLY_RETRY)
            result = pause_before_retry(o, w, &a->why, n);
        if (result != APPLY_RETRY)
            return result;
    }
}

/* ---- behind an intent ---- */

static int
write_intent(struct outside *o, const struct outside_work *w, struct err *e)
{
    cleanup_strbuf struct strbuf indexes = STRBUF_INIT;
    o->a->first_n = 0;
    if (outside_speak(o, e) != 0 || catalog_indexes(o->a->s, &w->task, &indexes, e) != 0)
        return -1;
    return outside_note(o, w, STEP_INTENT, strbuf_str(&indexes), e);
}

/* It was answered with an error, which is reported, unless it is worth another attempt. */
static enum apply_result
intent_failed(struct outside *o, const struct outside_work *w, struct err *e)
{
    struct apply *a = o->a;
    struct err ignored = {0};
    bool answered = e->code == ERR_SERVER || e->code == ERR_PROTOCOL;
    bool again =
        answered && !w->task.calls && w->task.kind != TASK_UNKNOWN && apply_may_retry(a, e);
    if (again)
        apply_note_retry(a, e, 0);
    else
        outside_refused(o, e, 0);
    if (answered && pgconn_tx_state(a->s->work) == PGCONN_TX_IDLE)
        IGNORED(outside_note(o, w, STEP_REFUSED, NULL, &ignored));
    return again ? APPLY_RETRY : APPLY_FAILED;
}

static enum apply_result
check_idle(struct outside *o, const struct outside_work *w)
{
    struct err e = {0};
    if (pgconn_tx_state(o->a->s->work) == PGCONN_TX_IDLE)
        return APPLY_DONE;
    err_set(&e, ERR_INPUT,
            "this statement left a transaction open in a file outside a transaction");
    apply_report_at(o->a, EXIT_PARTIAL, &e, &w->st);
    return APPLY_FAILED;
}

/* It went well; but IF NOT EXISTS may have passed over an index that is INVALID. */
static enum apply_result
intent_done(struct outside *o, const struct outside_work *w)
{
    struct err e = {0};
    enum apply_result result = check_idle(o, w);
    if (result != APPLY_DONE)
        return result;
    int fine = outside_speak(o, &e) == 0 ? apply_check_index(o->a, &w->st, &e) : -1;
    if (fine != 0 && e.code == ERR_INPUT) {
        struct err ignored = {0};
        apply_report_at(o->a, EXIT_PARTIAL, &e, &w->st);
        IGNORED(outside_note(o, w, STEP_REFUSED, NULL, &ignored));
        return APPLY_FAILED;
    }
    if (fine != 0 || outside_note(o, w, STEP_DONE, NULL, &e) != 0)
        return outside_refused(o, &e, 0);
    return APPLY_DONE;
}

/* The server, or an earlier run, has said that it cannot run in a transaction. */
static int
refuse_stateless(struct outside *o, struct outside_work *w)
{
    struct err e = {0};
    w->transaction = false;
    const char *why = outside_needs_session(o, w);
    if (!why)
        return 0;
    err_set(&e, ERR_INPUT, "%s, which is not preserved by a connection pooler", why);
    apply_report_at(o->a, EXIT_INPUT, &e, &w->st);
    return -1;
}

static enum apply_result
run_behind_intent(struct outside *o, struct outside_work *w)
{
    struct apply *a = o->a;
    bool done = false;
    if (a->s->stateless && refuse_stateless(o, w) != 0)
        return APPLY_FAILED;
    a->sent_commits = w->task.calls;
    backoff_reset(&a->again);
    for (unsigned n = 1;; n++) {
        struct err e = {0};
        if (write_intent(o, w, &e) != 0)
            return a->s->stateless && lock_guard_refused(&e) ? outside_lease_lost(o)
                                                             : outside_refused(o, &e, 0);
        if (outside_limit(o, w->task.calls, &e) != 0 || outside_hand_back(o, &e) != 0)
            return outside_refused(o, &e, 0);
        apply_note_sent(a, &w->st, 1);
        if (a->s->stateless && !claim_holds(a->claim))
            return outside_lease_lost(o);
        if (send_text(o, w, &e) == 0)
            return intent_done(o, w);
        enum apply_result result = intent_failed(o, w, &e);
        if (result == APPLY_RETRY)
            result = pause_before_retry(o, w, &a->why, n);
        if (result == APPLY_RETRY)
            result = outside_mend(o, w, &done);
        if (result != APPLY_DONE || done)
            return result;
    }
}

enum apply_result
outside_run(struct outside *o, struct outside_work *w)
{
    struct apply *a = o->a;
    a->sent_commits = false;
    progress_statement(a->s->progress, w->st.n);
    bool begun = w->step && w->step->state != STEP_DONE;
    struct err e = {0};
    if (outside_hand_back(o, &e) != 0)
        return outside_refused(o, &e, 0);
    if (apply_check_reading(a, &w->st, w->st.offset + w->st.sql_bytes, &e) != 0) {
        apply_report_at(a, EXIT_PARTIAL, &e, &w->st);
        return APPLY_FAILED;
    }
    if (w->transaction && !begun && !o->outright) {
        enum apply_result result = run_in_transaction(o, w);
        if (result != APPLY_OUTSIDE)
            return result;
    }
    return run_behind_intent(o, w);
}
