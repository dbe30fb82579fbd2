/* apply_tx.c: a file inside one transaction, together with its history row. */
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "migrate/apply/apply.h"
#include "migrate/tell/progress.h"
#include "migrate/sql/token.h"

/* Statements that stand side by side in the file and are sent as they stand. */
struct batch {
    size_t n; /* statements; 0: empty */
    struct statement first;
    size_t end;
};

static bool
only_statement(const struct apply *a)
{
    size_t own = a->verdict.statements - (a->verdict.begin_n != 0) - (a->verdict.commit_n != 0);
    return own == 1;
}

/* It is the file's only statement, and can run outside a transaction; what a function asks for cannot. */
bool
apply_wants_outside(const struct apply *a, const struct err *e)
{
    struct statement st;
    if (!only_statement(a) || a->facts->header.transaction != VERDICT_AUTO ||
        a->verdict.begin_n != 0)
        return false;
    return strcmp(e->sqlstate, "2D000") == 0 ||
           (strcmp(e->sqlstate, "25001") == 0 && apply_find_statement(a, 1, &st) &&
            !apply_function_asked(a, &st));
}

/* Behind a pooler the file is guarded by a lock of its transaction, and by its history row, which is written first. */
static void
guard_sql(struct apply *a, struct strbuf *sql)
{
    if (!a->s->stateless)
        return;
    a->opening = true;
    a->guard_at = a->sent_own;
    lock_sql_guard(a->lock, sql);
    strbuf_adds(sql, "; ");
    a->row_at = a->guard_at + 1 + ledger_sql_as(&a->ledger->table, sql);
    a->row_at += apply_sql_row(a, 0, NULL, sql);
    strbuf_adds(sql, "; ");
    a->sent_own = a->row_at + 1;
}

/* That was refused: another runner is at work, or has done it. Anything else: RETRY, and nothing is done about it. */
static enum apply_result
guarded(struct apply *a, const struct err *e, size_t completed)
{
    struct err said = *e;
    if (!a->opening)
        return APPLY_RETRY;
    if (completed == a->guard_at && lock_guard_refused(e)) {
        a->busy[0] = '\0';
        return apply_roll_back(a, APPLY_BUSY);
    }
    if (completed != a->row_at && !(completed + 1 == a->row_at && ledger_is_applied(e)))
        return APPLY_RETRY;
    bool refused = apply_row_refused(a, e);
    if (!apply_lock_failure(e))
        apply_wrap_row(a, "cannot write the history", &said);
    if (!refused)
        return APPLY_RETRY;
    enum apply_result result = apply_roll_back(a, APPLY_SKIPPED);
    return result == APPLY_SKIPPED ? apply_duplicate(a, EXIT_REFUSED, &said) : result;
}

/* Something of the transaction failed; completed: statements of what was sent that were done. */
static enum apply_result
failed(struct apply *a, const struct err *e, size_t completed)
{
    if (e->code != ERR_SERVER && e->code != ERR_PROTOCOL) {
        apply_report_run(a, e, completed);
        return APPLY_FAILED; /* the end of the run rolls back what is left to roll back */
    }
    enum apply_result other = guarded(a, e, completed);
    if (other != APPLY_RETRY)
        return other;
    if (apply_may_retry(a, e)) {
        apply_note_retry(a, e, completed);
        return apply_roll_back(a, APPLY_RETRY);
    }
    if (apply_wants_outside(a, e)) {
        apply_note_retry(a, e, completed);
        return apply_roll_back(a, APPLY_OUTSIDE);
    }
    apply_report(a, EXIT_REFUSED, e, completed);
    return apply_roll_back(a, APPLY_FAILED);
}

/* The way into the transaction; what it is made of is noted for the places of errors. */
static void
begin_sql(struct apply *a, struct strbuf *sql)
{
    uint64_t ms;
    size_t settings;
    strbuf_adds(sql, "BEGIN; ");
    a->sent_own = 1;
    if (a->verdict.options_bytes) {
        strbuf_adds(sql, "SET TRANSACTION ");
        strbuf_add(sql, a->text.data + a->verdict.options_offset, a->verdict.options_bytes);
        strbuf_adds(sql, "; ");
        a->sent_own++;
    }
    session_sql_begin(a->s, sql, &settings);
    a->sent_own += settings;
    if (apply_lock_timeout(a, &ms)) {
        strbuf_addf(sql, "SET LOCAL lock_timeout TO %llu; ", (unsigned long long)ms);
        a->sent_own++;
    }
    if (apply_statement_timeout(a, &ms)) {
        strbuf_addf(sql, "SET LOCAL statement_timeout TO %llu; ", (unsigned long long)ms);
        a->sent_own++;
    }
    guard_sql(a, sql);
    a->sent_own += apply_sql_role(a, true, sql);
    a->sent_own_chars = apply_count(a, strbuf_str(sql), sql->len);
    a->begun = true;
}

static void
own_nothing(struct apply *a)
{
    a->sent_own = 0;
    a->sent_own_chars = 0;
}

/* For what cannot travel together with it: COPY, and a file without statements. */
static enum apply_result
begin(struct apply *a)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct err e = {0};
    if (a->begun)
        return APPLY_DONE;
    a->first_n = 0;
    begin_sql(a, &sql);
    struct pgrows *rows = NULL;
    int sent = session_sql(a->s, &sql, &rows, &e);
    size_t completed = pgrows_count_statements(rows);
    pgrows_free(rows);
    own_nothing(a);
    if (sent != 0)
        return failed(a, &e, completed);
    a->opening = false;
    return APPLY_DONE;
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

enum apply_result
apply_check_open(struct apply *a, size_t culprit_index)
{
    size_t index = culprit_index > a->sent_own ? culprit_index - a->sent_own : 0;
    if (pgconn_tx_state(a->s->work) == PGCONN_TX_INTRANS)
        return APPLY_DONE;
    struct err e = {0};
    struct statement st;
    err_set(
        &e, ERR_INPUT,
        "this statement ended the transaction of its file, so the statements before it are either committed or lost");
    bool found = apply_find_statement(a, a->first_n + index, &st);
    apply_report_at(a, EXIT_PARTIAL, &e, found ? &st : NULL);
    return APPLY_FAILED;
}

/* The batch as it stands in the file; the first one of the file behind BEGIN. */
static int
send_text(struct apply *a, const struct batch *b, struct pgrows **rows, struct err *e)
{
    own_nothing(a);
    if (a->begun)
        return apply_text(a, b->first.offset, b->end, rows, e);
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    begin_sql(a, &sql);
    strbuf_add(&sql, a->text.data + b->first.offset, b->end - b->first.offset);
    if (sql.failed)
        return err_nomem(e);
    if (source_text_same(&a->text, e) != 0)
        return -1;
    const struct session_text text = {.sql = strbuf_str(&sql), .bytes = sql.len};
    return session_run(a->s, &text, rows, e);
}

/* What ran before it has changed how it would be read. */
static enum apply_result
check_reading(struct apply *a, const struct statement *st, size_t to)
{
    struct err e = {0};
    if (apply_check_reading(a, st, to, &e) == 0)
        return APPLY_DONE;
    apply_report_at(a, EXIT_REFUSED, &e, st);
    return apply_roll_back(a, APPLY_FAILED);
}

static enum apply_result
send_batch(struct apply *a, struct batch *b)
{
    if (b->n == 0)
        return APPLY_DONE;
    struct err e = {0};
    struct pgrows *rows = NULL;
    enum apply_result result = APPLY_DONE;
    if (a->begun)
        result = check_reading(a, &b->first, b->end);
    if (result == APPLY_DONE && b->end - b->first.offset > APPLY_BATCH_BYTES)
        result = begin(a); /* too large to be copied behind BEGIN */
    if (result != APPLY_DONE)
        return result;
    apply_note_sent(a, &b->first, b->n);
    progress_statement(a->s->progress, b->first.n);
    if (send_text(a, b, &rows, &e) != 0)
        result = failed(a, &e, pgrows_count_statements(rows));
    else
        result = apply_check_open(a, culprit(rows));
    a->opening = false;
    pgrows_free(rows);
    b->n = 0;
    return result;
}

static enum apply_result
send_copy(struct apply *a, const struct statement *st)
{
    struct err e = {0};
    enum apply_result result = begin(a);
    if (result == APPLY_DONE)
        result = check_reading(a, st, st->offset + st->sql_bytes);
    if (result != APPLY_DONE)
        return result;
    own_nothing(a);
    apply_note_sent(a, st, 1);
    progress_statement(a->s->progress, st->n);
    if (apply_copy(a, st, &e) != 0)
        return failed(a, &e, 0);
    return apply_check_open(a, 0);
}

/* A comment with characters that the database's encoding may not have: psql would not send it. */
static bool
is_foreign(const struct apply *a, size_t from, size_t to)
{
    while (from < to && (unsigned char)a->text.data[from] < 0x80)
        from++;
    if (from == to)
        return false;
    const char *encoding = pgconn_setting(a->s->work, "server_encoding");
    return strcmp(encoding, "UTF8") != 0 && strcmp(encoding, "SQL_ASCII") != 0;
}

/* What stands between two statements goes out with them, but for psql's \restrict and what is foreign. */
static bool
fits(const struct apply *a, const struct batch *b, const struct statement *st)
{
    return b->n == 0 || (st->offset + st->sql_bytes - b->first.offset <= APPLY_BATCH_BYTES &&
                         b->n < APPLY_BATCH_STATEMENTS &&
                         !memchr(a->text.data + b->end, '\\', st->offset - b->end) &&
                         !is_foreign(a, b->end, st->offset));
}

static void
batch_add(struct batch *b, const struct statement *st)
{
    if (b->n == 0)
        b->first = *st;
    b->n++;
    b->end = st->offset + st->sql_bytes;
}

static bool
has_word(struct token_scan *scan, const char *word)
{
    struct token t;
    while (token_next(scan, &t))
        if (token_is(scan, &t, word))
            return true;
    return false;
}

/*
 * What travels alone: a statement that may return rows, because what the server says behind the columns' names could be taken
 * for words about the next statement (pgconn.h; rows of RETURNING come when all of them are there); and CREATE … IF NOT
 * EXISTS, because of an index that exists (apply_index.c).
 */
static bool
travels_alone(const struct apply *a, const struct statement *st)
{
    static const char *const rowless[] = {"insert", "update",   "delete", "grant",
                                          "revoke", "comment",  "set",    "alter",
                                          "drop",   "truncate", NULL};
    const char *text = a->text.data + st->offset;
    struct token_scan scan = token_on(text, st->sql_bytes, st->backslashes);
    struct token t;
    if (!token_next(&scan, &t))
        return false;
    for (size_t i = 0; rowless[i]; i++)
        if (token_is(&scan, &t, rowless[i]))
            return false;
    return !token_is(&scan, &t, "create") || has_word(&scan, "if");
}

static enum apply_result
send_alone(struct apply *a, struct batch *b, const struct statement *st)
{
    struct err e = {0};
    enum apply_result result = send_batch(a, b);
    if (result != APPLY_DONE || apply_check_index(a, st, &e) == 0)
        return result;
    if (e.code != ERR_INPUT)
        return failed(a, &e, 0);
    apply_report_at(a, EXIT_REFUSED, &e, st);
    return apply_roll_back(a, APPLY_FAILED);
}

/* One more statement: into the batch, or the batch goes before it. */
static enum apply_result
take(struct apply *a, struct batch *b, const struct statement *st)
{
    bool elided = verdict_elides(&a->verdict, a->text.data, st);
    enum apply_result result = APPLY_DONE;
    bool alone = travels_alone(a, st);
    if (elided || alone || st->kind == STATEMENT_COPY || !fits(a, b, st))
        result = send_batch(a, b);
    if (result != APPLY_DONE || elided)
        return result;
    if (st->kind == STATEMENT_COPY)
        return send_copy(a, st);
    batch_add(b, st);
    if (alone)
        return send_alone(a, b, st);
    return st->ends_batch ? send_batch(a, b) : APPLY_DONE;
}

static enum apply_result
statements(struct apply *a)
{
    struct lexer lx;
    struct statement st;
    struct err e = {0};
    struct batch b = {0};
    int rc;
    source_text_lexer(&a->text, &lx);
    while ((rc = lexer_next(&lx, &st, &e)) > 0) {
        enum apply_result result = take(a, &b, &st);
        if (result != APPLY_DONE)
            return result;
    }
    if (source_text_same(&a->text, &e) != 0 || rc < 0)
        return failed(a, &e, 0);
    return send_batch(a, &b);
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
    report_hint(a->report, "pg_advisory_unlock_all() releases every advisory lock of the session");
    lock_forget(a->lock);
    return apply_roll_back(a, APPLY_FAILED);
}

/* Which statements of the end are the proof of the lock, the row (which may be the proof) and COMMIT. */
struct end_places {
    size_t proof;
    size_t row;
    size_t commit;
};

/* Behind a pooler the row is there, and nothing of the session may be left for the next client. */
static struct end_places
end_stateless_sql(struct apply *a, struct strbuf *sql)
{
    a->duration_ms = clock_mono_ms() - a->start_ms;
    strbuf_adds(sql, "RESET SESSION AUTHORIZATION; RESET ROLE; ");
    size_t row = 2 + ledger_sql_as(&a->ledger->table, sql);
    size_t commit = row + apply_sql_took(a, (int64_t)a->duration_ms, sql);
    commit += session_sql_end(a->s, sql);
    strbuf_adds(sql, "COMMIT");
    return (struct end_places){.proof = SIZE_MAX, .row = SIZE_MAX, .commit = commit};
}

static struct end_places
end_sql(struct apply *a, struct strbuf *sql)
{
    if (a->s->stateless)
        return end_stateless_sql(a, sql);
    cleanup_strbuf struct strbuf proof = STRBUF_INIT;
    lock_sql_proof(a->lock, &proof);
    a->duration_ms = clock_mono_ms() - a->start_ms;
    strbuf_adds(sql, "RESET SESSION AUTHORIZATION; RESET ROLE; ");
    size_t first = 2 + ledger_sql_as(&a->ledger->table, sql);
    size_t row = first + apply_sql_row(a, (int64_t)a->duration_ms, strbuf_str(&proof), sql);
    sql->failed |= proof.failed;
    strbuf_adds(sql, "; COMMIT; ");
    session_sql_reset(a->s, sql);
    return (struct end_places){.proof = first, .row = row, .commit = row + 1};
}

static enum apply_result
end_failed(struct apply *a, struct err *e, size_t completed, const struct end_places *places)
{
    if (apply_answer_lost(a, e))
        return APPLY_UNKNOWN;
    if (completed == places->proof && apply_proof_failed(a, e))
        return lock_lost(a);
    if (completed == places->row && apply_row_refused(a, e)) {
        apply_wrap_row(a, "cannot write the history", e);
        enum apply_result result = apply_roll_back(a, APPLY_SKIPPED);
        return result == APPLY_SKIPPED ? apply_duplicate(a, EXIT_REFUSED, e) : result;
    }
    if (e->code == ERR_SERVER && !apply_lock_failure(e))
        apply_wrap_row(a, completed == places->commit ? "at COMMIT" : "cannot write the history",
                       e);
    return failed(a, e, 0);
}

/* The history row, which is refused when we are not alone any more; COMMIT; and our own settings again. */
static enum apply_result
end(struct apply *a)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct err e = {0};
    struct pgrows *rows = NULL;
    own_nothing(a);
    a->first_n = 0;
    if (source_text_same(&a->text, &e) != 0) /* or what ran was not what the digest says */
        return failed(a, &e, 0);
    if (session_speak(a->s, &e) != 0)
        return failed(a, &e, 0);
    const struct end_places places = end_sql(a, &sql);
    int sent = session_sql(a->s, &sql, &rows, &e);
    size_t completed = pgrows_count_statements(rows);
    const struct pgrows *commit = rows;
    for (size_t i = 0; commit && i < places.commit; i++)
        commit = pgrows_next(commit);
    bool committed = commit && strcmp(pgrows_tag(commit), "COMMIT") == 0;
    pgrows_free(rows);
    a->s->pristine = sent == 0 && committed;
    if (committed)
        return APPLY_DONE; /* whatever came behind it: settling for the next file meets it, too */
    if (sent == 0)
        err_set(&e, ERR_PROTOCOL, "the server rolled back instead of committing");
    return end_failed(a, &e, completed, &places);
}

enum apply_result
apply_in_transaction(struct apply *a)
{
    a->begun = false;
    a->opening = false;
    enum apply_result result = statements(a);
    if (result == APPLY_DONE)
        result = begin(a);
    if (result == APPLY_DONE)
        result = end(a);
    return result;
}
