/* rehearse.c: the transaction of a rehearsal, and its files. */
#include "migrate/rehearse/rehearse.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "migrate/rehearse/look.h"
#include "migrate/rehearse/rehearse_impl.h"
#include "migrate/rehearse/rules.h"
#include "migrate/tell/progress.h"

#define SAVEPOINT "migrate_rehearsal"

/* ---- the end of a file ---- */

/*
 * COMMIT checks what was deferred. For what comes behind it every constraint is as it was declared again, by name: ALL would be for
 * constraints that later files make, too.
 */
static const char deferrable[] =
    "SELECT pg_catalog.string_agg(DISTINCT k.name, ', '),"
    " pg_catalog.string_agg(DISTINCT k.name, ', ') FILTER (WHERE k.deferred)"
    " FROM (SELECT pg_catalog.format('%I.%I', n.nspname, c.conname) AS name, c.condeferred"
    " AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint d WHERE NOT d.condeferrable"
    " AND d.conname OPERATOR(pg_catalog.=) c.conname"
    " AND d.connamespace OPERATOR(pg_catalog.=) c.connamespace) AS deferred"
    " FROM pg_catalog.pg_constraint c"
    " JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.connamespace"
    " WHERE c.condeferrable AND c.conrelid OPERATOR(pg_catalog.=) ANY (SELECT l.relation"
    " FROM pg_catalog.pg_locks l WHERE l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()"
    " AND l.locktype OPERATOR(pg_catalog.=) 'relation')) k";

static int
sql_checks(struct rehearsal *r, struct strbuf *now, struct strbuf *again, struct err *e)
{
    struct pgrows *rows = NULL;
    if (session_query(r->a.s, deferrable, sizeof(deferrable) - 1, &rows, e) != 0) {
        pgrows_free(rows);
        return -1;
    }
    const char *all = pgrows_count(rows) == 1 ? pgrows_value(rows, 0, 0) : NULL;
    const char *deferred = all ? pgrows_value(rows, 0, 1) : NULL;
    if (all)
        strbuf_addf(now, "SET CONSTRAINTS %s IMMEDIATE", all);
    if (deferred)
        strbuf_addf(again, "SET CONSTRAINTS %s DEFERRED; ", deferred);
    pgrows_free(rows);
    return 0;
}

/* What took time, or failed, is shown as the file's COMMIT. */
static int
note_commit(struct rehearsal *r, uint64_t us, enum picture_state state, struct err *e)
{
    static char text[] = "COMMIT: the deferred constraints";
    const struct picture_statement s = {.count = 1, .text = text, .us = us, .state = state};
    return picture_statement(r->picture, &s, NULL, 0, e);
}

static enum apply_result
check_deferred(struct rehearsal *r, struct strbuf *again)
{
    cleanup_strbuf struct strbuf now = STRBUF_INIT;
    struct err e = {0};
    struct err ignored = {0};
    if (sql_checks(r, &now, again, &e) != 0)
        return rehearse_broken(r, &e);
    if (now.len == 0)
        return APPLY_DONE;
    uint64_t since_us = clock_mono_us();
    int sent = session_sql(r->a.s, &now, NULL, &e);
    uint64_t us = clock_mono_us() - since_us;
    if (sent == 0)
        return note_commit(r, us, PICTURE_RAN, &e) == 0 ? APPLY_DONE : rehearse_broken(r, &e);
    IGNORED(note_commit(r, us, PICTURE_FAILED, &ignored));
    if (e.code == ERR_SERVER && !apply_lock_failure(&e))
        err_wrap(&e, "at COMMIT");
    return rehearse_failed(r, &e, 0);
}

/* A file may look into the history; and nobody else may be at work. */
static enum apply_result
write_row(struct rehearsal *r)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    cleanup_strbuf struct strbuf proof = STRBUF_INIT;
    struct err e = {0};
    struct statement st;
    struct apply *a = &r->a;
    strbuf_adds(&sql, "RESET SESSION AUTHORIZATION; RESET ROLE; ");
    ledger_sql_as(&a->ledger->table, &sql);
    lock_sql_proof(a->lock, &proof);
    apply_sql_row(a, (int64_t)(clock_mono_ms() - a->start_ms),
                  a->s->stateless ? NULL : strbuf_str(&proof), &sql);
    sql.failed = sql.failed || proof.failed;
    if (session_sql(a->s, &sql, NULL, &e) == 0)
        return APPLY_DONE;
    if (apply_proof_failed(a, &e)) {
        err_set(&e, ERR_LOST, "the script released migrate's lock");
        bool found = apply_find_unlock(a, &st);
        apply_report_at(a, EXIT_INPUT, &e, found ? &st : NULL);
        lock_forget(a->lock);
        return APPLY_FAILED;
    }
    if (e.code == ERR_SERVER && !apply_lock_failure(&e))
        apply_wrap_row(a, "cannot write the history", &e);
    return rehearse_failed(r, &e, 0);
}

/* What the next file begins with, within the transaction. */
static void
reset_sql(const struct session *s, struct strbuf *sql)
{
    size_t n;
    if (!s->stateless) {
        session_sql_reset(s, sql);
        return;
    }
    session_sql_end(s, sql);
    session_sql_begin(s, sql, &n);
}

enum apply_result
rehearse_end(struct rehearsal *r)
{
    cleanup_strbuf struct strbuf again = STRBUF_INIT;
    struct pgrows *rows = NULL;
    struct err e = {0};
    struct apply *a = &r->a;
    a->first_n = 0;
    if (source_text_same(&a->text, &e) != 0 || session_speak(a->s, &e) != 0)
        return rehearse_failed(r, &e, 0);
    enum apply_result result = check_deferred(r, &again);
    if (result == APPLY_DONE)
        result = write_row(r);
    if (result != APPLY_DONE)
        return result;
    reset_sql(a->s, &again);
    strbuf_adds(&again, "RELEASE SAVEPOINT " SAVEPOINT);
    int ended = session_sql(a->s, &again, NULL, &e);
    if (ended == 0)
        ended = session_speak(a->s, &e);
    if (ended == 0) /* names that a file of another encoding hid */
        ended = look_now(a->s, &r->before, &rows, &e);
    if (ended == 0)
        ended = look_renamed(rows, &r->before, &e);
    pgrows_free(rows);
    return ended == 0 ? APPLY_DONE : rehearse_failed(r, &e, 0);
}

/* ---- a file ---- */

static enum apply_result
begin_file(struct rehearsal *r)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct err e = {0};
    uint64_t ms;
    const struct apply *a = &r->a;
    strbuf_adds(&sql, "SAVEPOINT " SAVEPOINT "; ");
    if (apply_lock_timeout(a, &ms))
        strbuf_addf(&sql, "SET LOCAL lock_timeout TO %llu; ", (unsigned long long)ms);
    if (apply_statement_timeout(a, &ms))
        strbuf_addf(&sql, "SET LOCAL statement_timeout TO %llu; ", (unsigned long long)ms);
    apply_sql_role(a, true, &sql);
    if (session_sql(a->s, &sql, NULL, &e) != 0)
        return rehearse_failed(r, &e, 0);
    if (picture_file(r->picture, a->m, NULL, &e) != 0)
        return rehearse_broken(r, &e);
    r->picture->files[r->picture->n - 1].allowed = rules_allowed(a->text.data, &a->m->header);
    return APPLY_DONE;
}

/* The server wants it outside a transaction: what was tried is undone, and it is listed. */
static enum apply_result
list_instead(struct rehearsal *r)
{
    static const char sql[] = "ROLLBACK TO SAVEPOINT " SAVEPOINT "; RELEASE SAVEPOINT " SAVEPOINT;
    struct err e = {0};
    picture_drop_file(r->picture);
    if (session_query(r->a.s, sql, sizeof(sql) - 1, NULL, &e) != 0)
        return rehearse_broken(r, &e);
    return rehearse_list(r, "rejected by the server") == 0 ? APPLY_DONE : APPLY_FAILED;
}

static enum apply_result
run_file(struct rehearsal *r)
{
    if (!r->a.verdict.transaction)
        return rehearse_list(r, r->a.verdict.cannot ? r->a.verdict.cannot : "transaction=off") == 0
                   ? APPLY_DONE
                   : APPLY_FAILED;
    enum apply_result result = begin_file(r);
    if (result == APPLY_DONE)
        result = rehearse_statements(r);
    if (result == APPLY_OUTSIDE)
        return list_instead(r);
    return result == APPLY_DONE ? rehearse_end(r) : result;
}

/* How often it was tried is the rehearsal's, not the file's. */
static enum apply_result
one_file(struct rehearsal *r, const struct source_migration *m)
{
    struct apply *a = &r->a;
    const struct apply tried = *a;
    enum apply_result result = APPLY_FAILED;
    int opened = apply_open(a, m, turn_facts(r->t, m));
    a->attempts = tried.attempts;
    a->unwaited = tried.unwaited;
    if (tried.again.first_ms)
        a->again = tried.again;
    a->first_n = 0;
    a->sent_commits = false;
    a->sent_own = 0;
    a->sent_own_chars = 0;
    if (opened == 0)
        result = run_file(r);
    apply_close(a);
    return result;
}

/* ---- the transaction ---- */

/* Behind a pooler the transaction takes the lock; while another runner has it, none is open. */
static int
open_transaction(struct turn *t, struct err *e)
{
    static const char rollback[] = "ROLLBACK";
    uint64_t ms = t->o->lock_timeout_ms == CLOCK_NEVER ? 0 : t->o->lock_timeout_ms;
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    size_t n;
    strbuf_addf(&sql, "BEGIN; SET LOCAL lock_timeout TO %llu; ", (unsigned long long)ms);
    session_sql_begin(&t->s, &sql, &n);
    if (t->s.stateless)
        lock_sql_guard(&t->lock, &sql);
    while (session_sql(&t->s, &sql, NULL, e) != 0) {
        if (!t->s.stateless || !lock_guard_refused(e) ||
            session_query(&t->s, rollback, sizeof(rollback) - 1, NULL, e) != 0 ||
            lock_wait_pause(&t->lock_wait, &t->lock, "", &t->s, e) != 0)
            return -1;
    }
    lock_wait_over(&t->lock_wait);
    return 0;
}

static int
begin(struct rehearsal *r)
{
    struct err e = {0};
    struct turn *t = r->t;
    relations_done(&r->before);
    free(r->picture->database);
    r->picture->database = NULL;
    picture_again(r->picture);
    if (session_reset(&t->s, &e) == 0) {
        t->s.pristine = false;
        if (open_transaction(t, &e) == 0 &&
            look_before(&t->s, &t->ledger.table, &r->before, &r->picture->database, &e) == 0)
            return turn_create(t);
    }
    turn_fail(t, &e);
    return -1;
}

static enum apply_result
attempt(struct rehearsal *r)
{
    struct turn *t = r->t;
    enum apply_result result = APPLY_DONE;
    size_t number = 0;
    r->a.attempts++;
    if (begin(r) != 0)
        return APPLY_FAILED;
    for (size_t i = 0; i < t->plan.n && result == APPLY_DONE; i++) {
        const struct source_migration *m = t->plan.items[i].file;
        if (!t->plan.items[i].step)
            continue;
        progress_file(t->s.progress, ++number, m->file, turn_facts(t, m)->verdict.statements);
        result = one_file(r, m);
    }
    return t->report.failed ? APPLY_FAILED : apply_roll_back(&r->a, result);
}

int
rehearse(struct turn *t, struct picture *picture)
{
    struct rehearsal r = {.t = t, .picture = picture};
    r.a = (struct apply){.s = &t->s,
                         .ledger = &t->ledger,
                         .lock = &t->lock,
                         .report = &t->report,
                         .source = &t->source};
    enum apply_result result;
    progress_begin(t->s.progress, t->plan.steps);
    do {
        result = attempt(&r);
    } while (result == APPLY_RETRY && apply_back_off(&r.a) == 0);
    progress_end(t->s.progress);
    relations_done(&r.before);
    return result == APPLY_DONE ? 0 : -1;
}
