/*
 * apply_outside.c: a file outside a transaction: each statement commits by itself, the history row
 * comes behind the last.
 */
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "migrate/apply/apply.h"
#include "migrate/tell/progress.h"
#include "migrate/sql/token.h"

/* A statement was refused, or not answered: what ran before it stays. */
static enum apply_result
refused(struct apply *a, const struct err *e)
{
    struct err said = *e;
    if (a->first_n)
        err_wrap(&said, "statement %zu of %zu, outside a transaction (what ran before it stays)",
                 a->first_n, a->verdict.statements);
    if (e->code == ERR_SERVER || e->code == ERR_PROTOCOL)
        apply_report(a, EXIT_PARTIAL, &said, 0);
    else
        apply_report_run(a, &said, 0);
    if (a->first_n > 1)
        report_add_hint(a->report, "another start runs the file from its first statement on");
    return APPLY_FAILED;
}

static int
set_up(struct apply *a, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    uint64_t ms;
    if (apply_statement_timeout(a, &ms))
        strbuf_addf(&sql, "SET statement_timeout TO %llu; ", (unsigned long long)ms);
    apply_sql_role(a, false, &sql);
    return sql.len ? session_sql(a->s, &sql, NULL, e) : 0;
}

/* A lock_timeout in CREATE INDEX CONCURRENTLY and its like leaves an invalid index: those wait as
 * long as it takes. */
static int
set_lock_timeout(struct apply *a, bool can_roll_back, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    uint64_t ms = 0;
    if (can_roll_back)
        apply_lock_timeout(a, &ms);
    strbuf_addf(&sql, "SET lock_timeout TO %llu", (unsigned long long)ms);
    return session_sql(a->s, &sql, NULL, e);
}

static int
send_statement(struct apply *a, const struct statement *st, struct err *e)
{
    apply_note_sent(a, st);
    progress_statement(a->s->progress, st->n);
    if (st->kind == STATEMENT_COPY)
        return apply_copy(a, st, e);
    return apply_text(a, st->offset, st->offset + st->sql_bytes, NULL, e);
}

static enum apply_result
check_idle(struct apply *a, const struct statement *st)
{
    if (pgconn_tx_state(a->s->work) == PGCONN_TX_IDLE)
        return APPLY_DONE;
    struct err e = {0};
    err_set(&e, ERR_INPUT,
            "this statement left a transaction open in a file outside a transaction");
    apply_report_at(a, EXIT_PARTIAL, &e, st);
    return APPLY_FAILED;
}

/* A procedure's or block's own COMMIT keeps what it did, whatever fails behind it. */
static bool
may_commit(const struct apply *a, const struct statement *st)
{
    return apply_begins(a, st, "call") || apply_begins(a, st, "do");
}

static enum apply_result
one_statement(struct apply *a, const struct statement *st, bool can_roll_back)
{
    struct err e = {0};
    a->sent_commits = may_commit(a, st);
    backoff_reset(&a->again);
    for (unsigned i = 0; send_statement(a, st, &e) != 0; i++) {
        /* What committed nothing may be sent again by itself. */
        if (!can_roll_back || a->sent_commits || !apply_may_retry(a, &e))
            return refused(a, &e);
        apply_note_retry(a, &e, 0);
        uint32_t pause_ms = apply_next_pause(a);
        log_warn("retry",
                 LOG_FIELDS(LF_STR("version", a->m->id.version), LF_STR("file", a->file),
                            LF_STR("sqlstate", e.sqlstate), LF_OPT("blockers", a->blockers),
                            LF_UINT("attempt", i + 1), LF_UINT("pause_ms", pause_ms)),
                 "%s: statement %zu again in %u ms: %s", a->file, st->n, pause_ms, e.msg);
        if (session_pause(a->s, pause_ms, &e) != 0)
            return refused(a, &e);
    }
    if (apply_check_index(a, st, &e) == 0)
        return check_idle(a, st);
    if (e.code != ERR_INPUT)
        return refused(a, &e);
    apply_report_at(a, EXIT_PARTIAL, &e, st);
    return APPLY_FAILED;
}

/* SET [SESSION] lock_timeout: from there on it is the file's own. */
static bool
sets_lock_timeout(const struct apply *a, const struct statement *st)
{
    struct token_scan scan = token_on(a->text.data + st->offset, st->sql_bytes, st->backslashes);
    struct token t;
    if (!token_next(&scan, &t) || !token_is(&scan, &t, "set") || !token_next(&scan, &t))
        return false;
    if (token_is(&scan, &t, "session") && !token_next(&scan, &t))
        return false;
    return token_is(&scan, &t, "lock_timeout");
}

static enum apply_result
statements(struct apply *a)
{
    struct lexer lx;
    struct statement st;
    struct err e = {0};
    int rc;
    int limited = -1;         /* whether lock_timeout is set: not known yet */
    bool limits_self = false; /* the file has set it */
    source_text_lexer(&a->text, &lx);
    while ((rc = lexer_next(&lx, &st, &e)) > 0) {
        if (verdict_elides(&a->verdict, a->text.data, &st))
            continue;
        struct verdict v;
        verdict_statement(a->text.data + st.offset, st.sql_bytes, st.backslashes, &v);
        a->first_n = 0;
        if (!limits_self && limited != (int)v.transaction &&
            set_lock_timeout(a, v.transaction, &e) != 0)
            return refused(a, &e);
        limited = (int)v.transaction;
        limits_self |= sets_lock_timeout(a, &st);
        enum apply_result result = one_statement(a, &st, v.transaction);
        if (result != APPLY_DONE)
            return result;
    }
    if (rc < 0) /* what was read without a fault before */
        IGNORED(source_text_same(&a->text, &e));
    return rc < 0 ? refused(a, &e) : APPLY_DONE;
}

/* ---- the row ---- */

/* What it did stays, and so does the row; but somebody else may have worked beside it. */
static enum apply_result
lock_lost(struct apply *a)
{
    struct err e = {0};
    struct statement st;
    err_set(&e, ERR_LOST,
            "the script released migrate's lock; it is %s and recorded, but another runner "
            "may have worked beside it: look at what it did, then start again",
            a->back ? "undone" : "applied");
    bool found = apply_find_unlock(a, &st);
    apply_report_at(a, EXIT_PARTIAL, &e, found ? &st : NULL);
    lock_forget(a->lock);
    return APPLY_LAST;
}

static enum apply_result
write_row(struct apply *a)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct err e = {0};
    struct pgrows *rows = NULL;
    strbuf_adds(&sql, "SELECT ");
    lock_sql_proof(a->lock, &sql);
    strbuf_adds(&sql, "; ");
    a->duration_ms = clock_mono_ms() - a->start_ms;
    ledger_sql_as(&a->ledger->table, &sql);
    apply_sql_row(a, (int64_t)a->duration_ms, NULL, &sql);
    int sent = session_sql(a->s, &sql, &rows, &e);
    bool proven = session_is(rows, 0, "t");
    pgrows_free(rows);
    if (sent == 0 && proven)
        return APPLY_DONE;
    if (sent == 0)
        return lock_lost(a);
    if (apply_row_refused(a, &e)) {
        apply_wrap_row(a, "cannot write the history", &e);
        return apply_duplicate(a, EXIT_PARTIAL, &e);
    }
    if (apply_answer_lost(a, &e))
        return APPLY_UNKNOWN;
    if (e.code == ERR_SERVER)
        apply_wrap_row(a, "cannot write the history", &e);
    return refused(a, &e);
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
    apply_wrap_row(a, "cannot write the history, so nothing of the file is run", e);
    if (refused) {
        enum apply_result result = apply_roll_back(a, APPLY_SKIPPED);
        return result == APPLY_SKIPPED ? apply_duplicate(a, EXIT_REFUSED, e) : result;
    }
    apply_report(a, EXIT_REFUSED, e, 0);
    return apply_roll_back(a, APPLY_FAILED);
}

/* What runs here stays, so it must be certain that the row can be written behind it: it is written
 * and rolled back. */
static enum apply_result
try_row(struct apply *a)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct err e = {0};
    uint64_t ms;
    strbuf_adds(&sql, "BEGIN; ");
    if (apply_lock_timeout(a, &ms))
        strbuf_addf(&sql, "SET LOCAL lock_timeout TO %llu; ", (unsigned long long)ms);
    ledger_sql_as(&a->ledger->table, &sql);
    apply_sql_row(a, 0, NULL, &sql);
    strbuf_adds(&sql, "; SET CONSTRAINTS ALL IMMEDIATE; ROLLBACK");
    return session_sql(a->s, &sql, NULL, &e) == 0 ? APPLY_DONE : trial_failed(a, &e);
}

enum apply_result
apply_outside(struct apply *a)
{
    struct err e = {0};
    enum apply_result result = try_row(a);
    if (result != APPLY_DONE)
        return result;
    if (set_up(a, &e) != 0)
        return refused(a, &e);
    result = statements(a);
    if (result != APPLY_DONE)
        return result;
    a->first_n = 0;
    if (session_reset(a->s, &e) != 0)
        return refused(a, &e);
    return write_row(a);
}
