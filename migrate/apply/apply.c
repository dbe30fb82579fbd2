/* apply.c: one migration, as often as it takes. */
#include "migrate/apply/apply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "migrate/apply/finding.h"
#include "migrate/events.h"
#include "migrate/tell/progress.h"
#include "migrate/db/watch.h"
#include "migrate/sql/quote.h"
#include "migrate/sql/reading.h"

#define BACKOFF_FIRST_MS 250u
#define BACKOFF_MAX_MS 5000u
#define BACKOFF_UNWAITED_MAX_MS 1000u /* nobody queues behind us */
/* Without a deadline: so often for what may say "again" for ever. */
#define UNWAITED_MAX 10u

/* The header of an up file was read with the directory. */
static int
read_header(const struct source *source, const struct source_migration *m,
            enum migration_direction direction, struct source_text *t, struct facts *facts,
            struct err *e)
{
    struct layout_header *h = &facts->header;
    *h = m->header;
    if (direction == MIGRATION_UP)
        return 0;
    if (digest_sha256(t->data, t->len, facts->back_sha256, e) != 0)
        return -1;
    if (source_text_header(source, t, source_file(m, direction), direction, h, e) == 0)
        return 0;
    facts->verdict.error_offset = h->error_offset;
    facts->verdict.error_line = h->error_line;
    return -1;
}

/* An up file is proven when it is opened; a way back stands nowhere else than in what was read of it. */
static int
same_back(const struct source_text *t, const struct facts *facts, struct err *e)
{
    uint8_t sum[DIGEST_BYTES];
    if (digest_sha256(t->data, t->len, sum, e) != 0)
        return -1;
    if (memcmp(sum, facts->back_sha256, sizeof(sum)) != 0)
        return err_set(e, ERR_INPUT, "the file was changed while migrate was running");
    return 0;
}

static int
read_facts(const struct source *source, const struct source_migration *m,
           enum migration_direction direction, struct source_text *t, struct facts *facts,
           struct err *e)
{
    if (facts->known)
        return direction == MIGRATION_DOWN ? same_back(t, facts, e) : 0;
    if (read_header(source, m, direction, t, facts, e) != 0)
        return -1;
    if (facts->header.unusable) {
        facts->verdict.error_offset = facts->header.error_offset;
        facts->verdict.error_line = facts->header.error_line;
        return err_set(e, ERR_INPUT, "%s", facts->header.unusable);
    }
    return facts_read(t, &facts->header, facts, e);
}

int
apply_check(const struct source *source, const struct source_migration *m,
            enum migration_direction direction, struct facts *facts, struct report *report)
{
    struct source_text text = SOURCE_TEXT_INIT;
    const char *file = source_file(m, direction);
    struct err e = {0};
    facts->verdict.error_line = 0;
    int result = source_text_open(source, m, direction, &text, &e);
    if (result == 0)
        result = read_facts(source, m, direction, &text, facts, &e);
    if (result != 0)
        finding_report(report, file, &text, facts->verdict.error_offset, facts->verdict.error_line,
                       &e);
    if (result != 0 && text.error_line)
        report_place(report, file, text.error_line, 0);
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
    timeout(a->facts->header.lock_timeout_ms, a->s->o->lock_timeout_ms, ret_ms);
    return true; /* "none" is 0: no limit, whatever the server's default */
}

bool
apply_statement_timeout(const struct apply *a, uint64_t *ret_ms)
{
    return timeout(a->facts->header.statement_timeout_ms, a->s->o->statement_timeout_ms, ret_ms);
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

int
apply_check_reading(const struct apply *a, const struct statement *st, size_t to, struct err *e)
{
    const struct pgconn *c = a->s->work;
    const struct reading r = {.strings = pgconn_setting(c, "standard_conforming_strings"),
                              .encoding = pgconn_setting(c, "client_encoding")};
    return reading_check(&r, a->text.data + st->offset, to - st->offset, st->backslashes, e);
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

void
apply_give_up(struct apply *a, const struct err *e)
{
    struct err said = {0};
    err_set(&said, e->code, "%s before another attempt; the last attempt failed: %s%s%s", e->msg,
            a->why.msg, a->blockers[0] ? "; blocked by " : "", a->blockers);
    apply_report_at(a, report_exit_for(e), &said, a->why_found ? &a->why_at : NULL);
}

int
apply_back_off(struct apply *a)
{
    struct err e = {0};
    uint32_t pause_ms = apply_next_pause(a);
    log_warn(&event_retry,
             LOG_FIELDS(LF_STR("version", a->m->id.version), LF_STR("file", a->file),
                        LF_STR("sqlstate", a->why.sqlstate), LF_OPT("blockers", a->blockers),
                        LF_UINT("attempt", a->attempts), LF_UINT("pause_ms", pause_ms)),
             "%s: rolled back, retrying in %u ms: %s%s%s", a->file, pause_ms, a->why.msg,
             a->blockers[0] ? "; blocked by " : "", a->blockers);
    if (session_pause(a->s, pause_ms, &e) == 0)
        return 0;
    apply_give_up(a, &e);
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
            log_warn(&event_outside,
                     LOG_FIELDS(LF_STR("file", a->file), LF_STR("sqlstate", a->why.sqlstate)),
                     "%s: %s; because it is the only statement, it is run outside a transaction",
                     a->file, a->why.msg);
            a->verdict.transaction = false;
            a->outright = true;
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

/* ---- the file ---- */

static int
open_text(struct apply *a, struct err *e)
{
    enum migration_direction direction = a->back ? MIGRATION_DOWN : MIGRATION_UP;
    a->text = (struct source_text)SOURCE_TEXT_INIT;
    if (source_text_open(a->source, a->m, direction, &a->text, e) != 0)
        return -1;
    source_text_narrow(&a->text, &a->facts->header);
    return a->back ? same_back(&a->text, a->facts, e) : 0;
}

int
apply_open(struct apply *a, const struct source_migration *m, const struct facts *facts)
{
    struct err e = {0};
    a->m = m;
    a->file = source_file(m, a->back ? MIGRATION_DOWN : MIGRATION_UP);
    a->facts = facts;
    a->verdict = facts->verdict;
    a->verdict.transaction &= !a->rest;
    a->attempts = 0;
    a->outright = false;
    a->again = (struct backoff){.first_ms = BACKOFF_FIRST_MS};
    a->why_found = false;
    a->unwaited = 0;
    a->start_ms = clock_mono_ms();
    if (open_text(a, &e) != 0) {
        report_fail(a->report, EXIT_INPUT, &e);
        report_place(a->report, a->file, 0, 0);
        return -1;
    }
    a->s->notice = apply_on_notice;
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
apply_file(struct apply *a, const struct source_migration *m, const struct apply_back *back,
           const struct facts *facts)
{
    a->back = back;
    enum apply_result result = apply_open(a, m, facts) == 0 ? attempts(a) : APPLY_FAILED;
    apply_close(a);
    if (result == APPLY_DONE || result == APPLY_LAST)
        apply_tell(a);
    return result;
}
