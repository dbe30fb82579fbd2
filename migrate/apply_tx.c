/* apply_tx.c: a file inside one transaction, together with its history row. */
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "migrate/apply.h"
#include "migrate/lock.h"
#include "migrate/progress.h"
#include "migrate/token.h"

/* Statements that stand side by side in the file and are sent as they stand. */
struct batch {
    size_t n; /* statements; 0: empty */
    size_t first_n;
    size_t offset;
    size_t line;
    size_t end;
    bool backslashes;
};

static bool
only_statement(const struct apply *a)
{
    size_t own = a->verdict.statements - (a->verdict.begin_n != 0) - (a->verdict.commit_n != 0);
    return own == 1;
}

static enum apply_result
roll_back(struct apply *a, enum apply_result result)
{
    static const char sql[] = "ROLLBACK";
    struct err e = {0};
    if (session_query(a->s, sql, sizeof sql - 1, NULL, &e) == 0)
        return result;
    apply_report_run(a, &e);
    return APPLY_FAILED;
}

/* Something of the transaction failed; completed: statements of what was sent that were done. */
static enum apply_result
failed(struct apply *a, const struct err *e, size_t completed)
{
    bool outside = strcmp(e->sqlstate, "25001") == 0 || strcmp(e->sqlstate, "2D000") == 0;
    if (e->code != ERR_SERVER && e->code != ERR_PROTOCOL) {
        apply_report_run(a, e);
        return APPLY_FAILED; /* the end of the run rolls back what is left to roll back */
    }
    if (apply_lock_failure(e)) {
        apply_note_retry(a, e);
        return roll_back(a, APPLY_RETRY);
    }
    if (outside && only_statement(a) && a->m->header.transaction == VERDICT_AUTO &&
        a->verdict.begin_n == 0) {
        apply_note_retry(a, e);
        return roll_back(a, APPLY_OUTSIDE);
    }
    apply_report(a, strcmp(e->sqlstate, "25006") == 0 ? EXIT_UNREACHABLE : EXIT_REFUSED, e,
                 completed);
    return roll_back(a, APPLY_FAILED);
}

static void
begin_sql(const struct apply *a, struct strbuf *sql)
{
    uint64_t ms;
    strbuf_adds(sql, "BEGIN; ");
    if (a->verdict.options_bytes) {
        strbuf_adds(sql, "SET TRANSACTION ");
        strbuf_add(sql, a->text.data + a->verdict.options_offset, a->verdict.options_bytes);
        strbuf_adds(sql, "; ");
    }
    if (apply_lock_timeout(a, &ms))
        strbuf_addf(sql, "SET LOCAL lock_timeout TO %llu; ", (unsigned long long)ms);
    if (apply_statement_timeout(a, &ms))
        strbuf_addf(sql, "SET LOCAL statement_timeout TO %llu; ", (unsigned long long)ms);
    ledger_sql_insert(&a->s->table, a->m, a->loose_sha256, a->s->o->release, 0, sql);
    strbuf_adds(sql, "; ");
    apply_sql_identity(a, true, sql);
}

static enum apply_result
begin(struct apply *a)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct err e = {0};
    begin_sql(a, &sql);
    if (session_sql(a->s, &sql, NULL, &e) == 0)
        return APPLY_DONE;
    if (strcmp(e.sqlstate, "23505") == 0)
        return roll_back(a, APPLY_SKIPPED);
    return failed(a, &e, 0);
}

/* ---- the statements ---- */

/* Which of the statements ended the transaction: the first whose tag says so, else the last. */
static size_t
culprit(const struct pgrows *rows)
{
    size_t i = 0;
    for (; rows && pgrows_next(rows); rows = pgrows_next(rows), i++)
        if (strcmp(pgrows_tag(rows), "COMMIT") == 0 || strcmp(pgrows_tag(rows), "ROLLBACK") == 0)
            break;
    return i;
}

static enum apply_result
check_open(struct apply *a, size_t culprit_index)
{
    if (pgconn_tx_state(a->s->work) == PGCONN_TX_INTRANS)
        return APPLY_DONE;
    struct err e = {0};
    struct statement st;
    err_set(
        &e, ERR_INPUT,
        "this statement ended the transaction of its file: what stands before it is committed or lost");
    bool found = apply_find_statement(a, a->first_n + culprit_index, &st);
    apply_report_at(a, EXIT_PARTIAL, &e, found ? &st : NULL);
    return APPLY_FAILED;
}

static enum apply_result
send_batch(struct apply *a, struct batch *b)
{
    if (b->n == 0)
        return APPLY_DONE;
    struct err e = {0};
    struct pgrows *rows = NULL;
    a->first_n = b->first_n;
    a->sent_offset = b->offset;
    a->sent_line = b->line;
    a->sent_backslashes = b->backslashes;
    progress_statement(a->s->progress, b->first_n);
    int sent = session_query(a->s, a->text.data + b->offset, b->end - b->offset, &rows, &e);
    enum apply_result result =
        sent == 0 ? check_open(a, culprit(rows)) : failed(a, &e, pgrows_count_statements(rows));
    pgrows_free(rows);
    source_text_release(&a->text, b->offset);
    b->n = 0;
    return result;
}

static enum apply_result
send_copy(struct apply *a, const struct statement *st)
{
    struct err e = {0};
    a->first_n = st->n;
    a->sent_offset = st->offset;
    a->sent_line = st->line;
    a->sent_backslashes = st->backslashes;
    progress_statement(a->s->progress, st->n);
    const char *text = a->text.data;
    if (session_copy(a->s, text + st->offset, st->sql_bytes, text + st->data_offset, st->data_bytes,
                     &e) != 0)
        return failed(a, &e, 0);
    return check_open(a, 0);
}

static bool
fits(const struct batch *b, const struct statement *st)
{
    return b->n == 0 || (st->offset + st->sql_bytes - b->offset <= APPLY_BATCH_BYTES &&
                         b->n < APPLY_BATCH_STATEMENTS);
}

static void
batch_add(struct batch *b, const struct statement *st)
{
    if (b->n == 0)
        *b = (struct batch){.first_n = st->n,
                            .offset = st->offset,
                            .line = st->line,
                            .backslashes = st->backslashes};
    b->n++;
    b->end = st->offset + st->sql_bytes;
}

/*
 * Whether it may make the server talk. libpq hands out notices before it hands out the result that
 * stands before them, so that within a batch a notice would be given to the statement before its
 * own: these travel alone.
 */
static bool
talks(const struct apply *a, const struct statement *st)
{
    static const char *const quiet[] = {"insert", "update",  "delete", "grant",
                                        "revoke", "comment", "set",    NULL};
    static const char *const ddl[] = {"create", "alter", "drop", "truncate", NULL};
    struct token_scan scan = token_on(a->text.data + st->offset, st->sql_bytes, st->backslashes);
    struct token t;
    if (!token_next(&scan, &t))
        return false;
    for (size_t i = 0; quiet[i]; i++)
        if (token_is(&scan, &t, quiet[i]))
            return false;
    bool known = false;
    for (size_t i = 0; ddl[i]; i++)
        known = known || token_is(&scan, &t, ddl[i]);
    while (known &&
           token_next(&scan, &t)) /* IF NOT EXISTS: "skipping"; CASCADE: "drop cascades to" */
        known = !token_is(&scan, &t, "if") && !token_is(&scan, &t, "cascade");
    return !known;
}

/* One more statement: into the batch, or the batch goes before it. */
static enum apply_result
take(struct apply *a, struct batch *b, const struct statement *st)
{
    bool elided = st->n == a->verdict.begin_n || st->n == a->verdict.commit_n;
    enum apply_result result = APPLY_DONE;
    bool alone = talks(a, st);
    if (elided || alone || st->kind == STATEMENT_COPY || !fits(b, st))
        result = send_batch(a, b);
    if (result != APPLY_DONE || elided)
        return result;
    if (st->kind == STATEMENT_COPY)
        return send_copy(a, st);
    batch_add(b, st);
    return alone || st->ends_batch ? send_batch(a, b) : APPLY_DONE;
}

static enum apply_result
statements(struct apply *a)
{
    struct lexer lx;
    struct statement st;
    struct err e = {0};
    struct batch b = {0};
    int rc;
    lexer_init(&lx, a->text.data, a->text.len);
    while ((rc = lexer_next(&lx, &st, &e)) > 0) {
        enum apply_result result = take(a, &b, &st);
        if (result != APPLY_DONE)
            return result;
    }
    return rc < 0 ? failed(a, &e, 0) : send_batch(a, &b);
}

/* ---- the end ---- */

static enum apply_result
lock_lost(struct apply *a)
{
    struct err e = {0};
    struct statement st;
    err_set(&e, ERR_LOST, "the script released migrate's lock");
    bool found = apply_find_unlock(a, &st);
    apply_report_at(a, EXIT_INPUT, &e, found ? &st : NULL);
    report_hint(a->report,
                "pg_advisory_unlock_all() and DISCARD ALL release every lock of the session");
    a->s->locked = false;
    return roll_back(a, APPLY_FAILED);
}

/* Duration, and the proof that we are alone still. */
static enum apply_result
prepare_commit(struct apply *a)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct err e = {0};
    struct pgrows *rows = NULL;
    a->first_n = 0;
    a->duration_ms = clock_mono_ms() - a->start_ms;
    strbuf_adds(&sql, "RESET SESSION AUTHORIZATION; RESET ROLE; ");
    ledger_sql_finish(&a->s->table, a->m->version, (int64_t)a->duration_ms, &sql);
    strbuf_adds(&sql, "; ");
    lock_sql_proof(&a->s->table, &sql);
    enum apply_result result = APPLY_DONE;
    if (session_sql(a->s, &sql, &rows, &e) != 0) {
        result = failed(a, &e, 0);
    } else {
        const struct pgrows *last = rows;
        while (pgrows_next(last))
            last = pgrows_next(last);
        if (pgrows_count(last) != 1 || pgrows_value(last, 0, 0)[0] != 't')
            result = lock_lost(a);
    }
    pgrows_free(rows);
    return result;
}

static enum apply_result
commit_failed(struct apply *a, struct err *e)
{
    if (e->code == ERR_CLOSED || e->code == ERR_TIMEOUT)
        return APPLY_UNKNOWN;
    if (e->code == ERR_SERVER && !apply_lock_failure(e))
        err_wrap(e, "at COMMIT");
    return failed(a, e, 0);
}

static enum apply_result
commit(struct apply *a)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct err e = {0};
    struct pgrows *rows = NULL;
    strbuf_adds(&sql, "COMMIT; ");
    apply_sql_reset(a, &sql);
    int sent = session_sql(a->s, &sql, &rows, &e);
    bool done = rows && strcmp(pgrows_tag(rows), "COMMIT") == 0;
    bool undone = rows && strcmp(pgrows_tag(rows), "ROLLBACK") == 0;
    pgrows_free(rows);
    if (done)
        return APPLY_DONE; /* whatever came behind it: the next statement sees it, too */
    if (sent == 0 || undone)
        err_set(&e, ERR_PROTOCOL, "the server rolled back instead of committing");
    return commit_failed(a, &e);
}

enum apply_result
apply_in_transaction(struct apply *a)
{
    enum apply_result result = begin(a);
    if (result == APPLY_DONE)
        result = statements(a);
    if (result == APPLY_DONE)
        result = prepare_commit(a);
    if (result == APPLY_DONE)
        result = commit(a);
    return result;
}
