/* apply.c: one migration, as often as it takes. */
#include "migrate/apply/apply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "migrate/apply/finding.h"
#include "migrate/tell/progress.h"
#include "migrate/db/watch.h"
#include "migrate/sql/quote.h"

#define BACKOFF_FIRST_MS 250u
#define BACKOFF_MAX_MS 5000u
#define BACKOFF_UNWAITED_MAX_MS 1000u /* nobody queues behind us */
/* Without a deadline: so often for what may say "again" for ever. */
#define UNWAITED_MAX 10u

int
apply_check(const struct source *source, const struct source_migration *m, struct facts *facts,
            struct report *report)
{
    struct source_text text = SOURCE_TEXT_INIT;
    struct err e = {0};
    int result = source_text_open(source, m, MIGRATION_UP, &text, &e);
    if (result == 0 && !facts->known)
        result = facts_read(&text, &m->header, facts, &e);
    if (result != 0)
        finding_report(report, m->file, &text, facts->verdict.error_offset,
                       facts->verdict.error_line, &e);
    source_text_done(&text);
    return result;
}

/* ---- what the options and the header want ---- */

static bool
timeout(uint64_t header_ms, uint64_t option_ms, uint64_t *ret_ms)
{
    if (header_ms != LAYOUT_UNSET) {
        *ret_ms = header_ms;
        return true;
    }
    *ret_ms = option_ms == CLOCK_NEVER ? 0 : option_ms;
    return option_ms != CLOCK_NEVER;
}

bool
apply_lock_timeout(const struct apply *a, uint64_t *ret_ms)
{
    timeout(a->m->header.lock_timeout_ms, a->s->o->lock_timeout_ms, ret_ms);
    return true; /* "none" is 0: no limit, whatever the server's default */
}

bool
apply_statement_timeout(const struct apply *a, uint64_t *ret_ms)
{
    return timeout(a->m->header.statement_timeout_ms, a->s->o->statement_timeout_ms, ret_ms);
}

size_t
apply_sql_role(const struct apply *a, bool local, struct strbuf *out)
{
    const struct options *o = a->s->o;
    if (o->role) {
        strbuf_adds(out, local ? "SET LOCAL ROLE " : "SET ROLE ");
        quote_ident(out, o->role);
        strbuf_adds(out, "; ");
    }
    return o->role != NULL;
}

void
apply_sql_row(const struct apply *a, int64_t duration_ms, const char *proof, struct strbuf *out)
{
    const struct layout_row row = {.migration = &a->m->id,
                                   .sha256 = a->m->sha256,
                                   .loose_sha256 = a->facts->loose_sha256,
                                   .release = a->s->o->release,
                                   .duration_ms = duration_ms};
    ledger_sql_insert(a->ledger, &row, proof, out);
}

/* ---- data ---- */

static void
on_copied(void *arg, size_t bytes)
{
    struct apply *a = arg;
    source_text_release(&a->text, a->copy_offset + bytes);
}

int
apply_copy(struct apply *a, const struct statement *st, struct err *e)
{
    const char *text = a->text.data;
    const struct session_copy copy = {.sql = text + st->offset,
                                      .sql_bytes = st->sql_bytes,
                                      .data = text + st->data_offset,
                                      .data_bytes = st->data_bytes,
                                      .copied = on_copied,
                                      .arg = a};
    a->copy_offset = st->data_offset;
    source_text_rewind(&a->text, st->data_offset); /* the splitter has passed it */
    if (source_text_same(&a->text, e) != 0 || session_copy(a->s, &copy, e) != 0)
        return -1;
    return source_text_same(&a->text, e); /* the data was read while it went out */
}

static void
on_text_copied(void *arg, size_t bytes)
{
    struct apply *a = arg;
    source_text_release(&a->text, a->sent_offset + bytes);
}

int
apply_text(struct apply *a, size_t from, size_t to, struct pgrows **ret, struct err *e)
{
    const struct session_text text = {
        .sql = a->text.data + from, .bytes = to - from, .copied = on_text_copied, .arg = a};
    source_text_rewind(&a->text, from); /* the splitter has passed it */
    return source_text_same(&a->text, e) != 0 ? -1 : session_run(a->s, &text, ret, e);
}

/* ---- again ---- */

bool
apply_answer_lost(const struct apply *a, const struct err *e)
{
    return e->code == ERR_CLOSED || e->code == ERR_TIMEOUT ||
           (e->code == ERR_NOMEM && !pgconn_connected(a->s->work));
}

bool
apply_lock_failure(const struct err *e)
{
    return strcmp(e->sqlstate, "55P03") == 0 || strcmp(e->sqlstate, "40P01") == 0 ||
           strcmp(e->sqlstate, "40001") == 0;
}

/*
 * Somebody holds a lock, and will let go of it one day: lock_timeout passed. Told by the place in the server that says so
 * from LOCK … NOWAIT and from what a script raises itself.
 */
static bool
waited(const struct apply *a, const struct err *e)
{
    return strcmp(e->sqlstate, "55P03") == 0 &&
           strcmp(pgconn_diag(a->s->work)->source_function, "ProcessInterrupts") == 0;
}

bool
apply_may_retry(const struct apply *a, const struct err *e)
{
    return apply_lock_failure(e) &&
           (a->s->deadline_ms != CLOCK_NEVER || waited(a, e) || a->unwaited + 1 < UNWAITED_MAX);
}

void
apply_note_retry(struct apply *a, const struct err *e, size_t completed)
{
    a->why = *e;
    a->why_found = apply_find_failed(a, completed, &a->why_at);
    a->waited = waited(a, e);
    a->unwaited += !a->waited;
    snprintf(a->blockers, sizeof(a->blockers), "%s", watch_blockers(a->s->watch));
}

uint32_t
apply_next_pause(struct apply *a)
{
    a->again.most_ms = a->waited ? BACKOFF_MAX_MS : BACKOFF_UNWAITED_MAX_MS;
    return backoff_next(&a->again);
}

/* The deadline, or a signal, came in the pause. */
static void
give_up(struct apply *a, const struct err *e)
{
    struct err said = {0};
    err_set(&said, e->code, "%s before another attempt; the last one: %s%s%s", e->msg, a->why.msg,
            a->blockers[0] ? "; blocked by " : "", a->blockers);
    apply_report_at(a, report_exit_for(e), &said, a->why_found ? &a->why_at : NULL);
}

int
apply_back_off(struct apply *a)
{
    struct err e = {0};
    uint32_t pause_ms = apply_next_pause(a);
    log_warn("retry",
             LOG_FIELDS(LF_STR("version", a->m->id.version), LF_STR("file", a->m->file),
                        LF_STR("sqlstate", a->why.sqlstate), LF_OPT("blockers", a->blockers),
                        LF_UINT("attempt", a->attempts), LF_UINT("pause_ms", pause_ms)),
             "%s: rolled back, again in %u ms: %s%s%s", a->m->file, pause_ms, a->why.msg,
             a->blockers[0] ? "; blocked by " : "", a->blockers);
    if (session_pause(a->s, pause_ms, &e) == 0)
        return 0;
    give_up(a, &e);
    return -1;
}

static enum apply_result
attempt(struct apply *a)
{
    struct err e = {0};
    a->attempts++;
    a->first_n = 0;
    a->sent_commits = false;
    a->sent_own = 0;
    a->sent_own_chars = 0;
    if (session_reset(a->s, &e) != 0) {
        apply_report_run(a, &e, 0);
        return APPLY_FAILED;
    }
    a->s->pristine = false;
    return a->verdict.transaction ? apply_in_transaction(a) : apply_outside(a);
}

static enum apply_result
attempts(struct apply *a)
{
    for (;;) {
        enum apply_result result = attempt(a);
        if (result == APPLY_OUTSIDE) {
            log_warn("outside",
                     LOG_FIELDS(LF_STR("file", a->m->file), LF_STR("sqlstate", a->why.sqlstate)),
                     "%s: %s; it is the only statement, so it runs outside a transaction",
                     a->m->file, a->why.msg);
            a->verdict.transaction = false;
        } else if (result != APPLY_RETRY) {
            return result;
        } else if (apply_back_off(a) != 0) {
            return APPLY_FAILED;
        }
    }
}

enum apply_result
apply_roll_back(struct apply *a, enum apply_result result)
{
    static const char sql[] = "ROLLBACK";
    struct err e = {0};
    a->first_n = 0;
    if (pgconn_tx_state(a->s->work) == PGCONN_TX_IDLE)
        return result; /* the server did not even begin: a syntax error in what was sent first */
    if (session_query(a->s, sql, sizeof(sql) - 1, NULL, &e) == 0)
        return result;
    apply_report_run(a, &e, 0);
    return APPLY_FAILED;
}

enum apply_result
apply_duplicate(struct apply *a, enum exit_status exit, const struct err *e)
{
    bool known = false;
    struct err why = {0};
    if (ledger_has(a->ledger, a->s, a->m->id.version, &known, &why) != 0) {
        apply_report_run(a, &why, 0);
        return APPLY_FAILED;
    }
    if (!known) {
        apply_report_at(a, exit, e, NULL);
        return APPLY_FAILED;
    }
    log_warn("skipped", LOG_FIELDS(LF_STR("version", a->m->id.version), LF_STR("file", a->m->file)),
             "%s: somebody else, who does not heed migrate's lock, applied it meanwhile",
             a->m->file);
    return APPLY_SKIPPED;
}

static void
tell_applied(struct apply *a)
{
    char took[CLOCK_DURATION_MAX];
    log_info("applied",
             LOG_FIELDS(LF_STR("version", a->m->id.version), LF_STR("name", a->m->id.name),
                        LF_STR("file", a->m->file),
                        LF_STR("phase", migration_phase_text(a->m->id.phase)),
                        LF_BOOL("transaction", a->verdict.transaction),
                        LF_UINT("statements", a->verdict.statements),
                        LF_UINT("attempts", a->attempts), LF_UINT("duration_ms", a->duration_ms)),
             "applied %s in %s", a->m->file, clock_format_duration(took, a->duration_ms));
    report_applied(a->report, a->m->id.version);
}

/* ---- notices ---- */

static void
on_notice(const char *severity, const char *sqlstate, const char *message, void *arg)
{
    struct apply *a = arg;
    struct statement st;
    size_t line = 0;
    size_t done = pgconn_statements_done(a->s->work);
    size_t before = done > a->sent_own ? done - a->sent_own : 0; /* ours say nothing */
    if (a->first_n && apply_find_statement(a, a->first_n + before, &st))
        line = st.line;
    bool warning = strcmp(severity, "WARNING") == 0;
    log_write(warning ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "notice",
              LOG_FIELDS(LF_STR("severity", severity), LF_STR("file", a->m->file),
                         LF_UINT("line", line),
                         LF_OPT("sqlstate", strcmp(sqlstate, "00000") == 0 ? "" : sqlstate)),
              "%s:%zu: %s: %s", a->m->file, line, severity, message);
}

int
apply_open(struct apply *a, const struct source_migration *m, const struct facts *facts)
{
    struct err e = {0};
    a->m = m;
    a->facts = facts;
    a->verdict = facts->verdict;
    a->text = (struct source_text)SOURCE_TEXT_INIT;
    a->attempts = 0;
    a->again = (struct backoff){.first_ms = BACKOFF_FIRST_MS};
    a->why_found = false;
    a->unwaited = 0;
    a->start_ms = clock_mono_ms();
    if (source_text_open(a->source, m, MIGRATION_UP, &a->text, &e) != 0) {
        report_fail(a->report, EXIT_INPUT, &e);
        report_place(a->report, m->file, 0, 0);
        return -1;
    }
    a->s->notice = on_notice;
    a->s->notice_arg = a;
    return 0;
}

void
apply_close(struct apply *a)
{
    a->s->notice = NULL;
    source_text_done(&a->text);
}

enum apply_result
apply_file(struct apply *a, const struct source_migration *m, const struct facts *facts)
{
    enum apply_result result = apply_open(a, m, facts) == 0 ? attempts(a) : APPLY_FAILED;
    apply_close(a);
    if (result == APPLY_DONE || result == APPLY_LAST)
        tell_applied(a);
    return result;
}
