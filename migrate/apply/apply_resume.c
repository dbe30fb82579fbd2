/* apply_resume.c: a statement that an earlier run began, outside a transaction. */
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "migrate/apply/apply_outside.h"
#include "migrate/apply/catalog.h"
#include "migrate/apply/resume.h"
#include "migrate/events.h"
#include "migrate/sql/quote.h"

#define LOOK_FIRST_MS 50u
#define LOOK_MOST_MS 1000u
#define LOG_EVERY_MS 10000u
/* What was ended has so long to be gone. */
#define END_MS 5000u

/* ---- the backend of before ---- */

static const char *
describe(const struct catalog_worker *w, char *buf, size_t size)
{
    const char *name = w->application[0] ? w->application : "no name";
    if (w->age_s < 0)
        snprintf(buf, size, "%s (pid %d)", name, w->pid);
    else
        snprintf(buf, size, "%s (pid %d, for %lld s)", name, w->pid, (long long)w->age_s);
    return buf;
}

static int
end_worker(struct outside *o, const struct catalog_worker *w, struct err *e)
{
    char sql[80];
    int n = snprintf(sql, sizeof(sql), "SELECT pg_catalog.pg_terminate_backend(%d)", w->pid);
    log_warn(
        &event_step_end,
        LOG_FIELDS(LF_STR("version", o->a->m->id.version), LF_INT("holder_pid", w->pid)),
        "terminating the session with pid %d, which is still executing a statement of an earlier run",
        w->pid);
    return session_query(o->a->s, sql, (size_t)n, NULL, e);
}

struct patience {
    uint64_t until_ms, log_ms;
    bool ended; /* it was told to end */
    struct backoff again;
};

/* It is there still: a word to the log, a pause, and at last its end. -1: that cannot be had. */
static int
wait_a_little(struct outside *o, const struct catalog_worker *w, struct patience *p, struct err *e)
{
    char text[128];
    if (clock_left_ms(p->until_ms) == 0) {
        if (p->ended || !w->certain || end_worker(o, w, e) != 0) {
            const char *why = p->ended ? "does not end" : "could not be terminated";
            return err_set(e, ERR_CLOSED,
                           "a statement of an earlier run is still being executed and %s: %s", why,
                           describe(w, text, sizeof(text)));
        }
        p->ended = true;
        p->until_ms = clock_deadline(END_MS);
    }
    if (clock_left_ms(p->log_ms) == 0) {
        p->log_ms = clock_deadline(LOG_EVERY_MS);
        log_info(&event_step_wait,
                 LOG_FIELDS(LF_STR("version", o->a->m->id.version), LF_INT("holder_pid", w->pid),
                            LF_STR("holder", w->application)),
                 "a statement of an earlier run is still being executed: %s",
                 describe(w, text, sizeof(text)));
    }
    return session_pause(o->a->s, backoff_next(&p->again), e);
}

static int
wait_for_worker(struct outside *o, const struct outside_work *w, bool same, struct err *e)
{
    const struct catalog_question q = {.pid = w->step->pid,
                                       .since_us = w->step->since_us,
                                       .text = same ? o->a->text.data + w->st.offset : NULL,
                                       .bytes = w->st.sql_bytes,
                                       .task = &w->task};
    struct patience p = {.until_ms = clock_deadline(o->a->s->o->lock_wait_ms),
                         .again = {.first_ms = LOOK_FIRST_MS, .most_ms = LOOK_MOST_MS}};
    for (;;) {
        struct catalog_worker worker;
        if (catalog_find_worker(o->a->s, &q, &worker, e) != 0)
            return -1;
        if (worker.pid == 0)
            return 0;
        if (wait_a_little(o, &worker, &p, e) != 0)
            return -1;
    }
}

/* ---- what it left ---- */

static int
drop_all(struct outside *o, const struct strbuf *names, size_t n, struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        cleanup_strbuf struct strbuf sql = STRBUF_INIT;
        const char *name = strbuf_str(&names[i]);
        log_warn(&event_step_drop,
                 LOG_FIELDS(LF_STR("version", o->a->m->id.version), LF_STR("index", name)),
                 "dropping the INVALID index %s, which a failed attempt left behind", name);
        strbuf_addf(&sql, "DROP INDEX %sIF EXISTS %s",
                    strncmp(name, "pg_toast.", 9) == 0 ? "" : "CONCURRENTLY ", name);
        if (outside_limit(o, false, e) != 0 || session_sql(o->a->s, &sql, NULL, e) != 0)
            return err_wrap(e, "cannot drop the index %s", name);
    }
    return 0;
}

static int
finalize(struct outside *o, const struct task *t, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    strbuf_adds(&sql, "ALTER TABLE ");
    strbuf_add(&sql, t->table.text, t->table.bytes);
    strbuf_adds(&sql, " DETACH PARTITION ");
    strbuf_add(&sql, t->name.text, t->name.bytes);
    strbuf_adds(&sql, " FINALIZE");
    return session_sql(o->a->s, &sql, NULL, e);
}

/* How to say what nobody but a person can know. */
static void
stop_hint(struct outside *o, const struct outside_work *w)
{
    cleanup_strbuf struct strbuf hint = STRBUF_INIT;
    const char *table = o->steps.table.quoted;
    strbuf_addf(
        &hint,
        "check what it did; if it is complete, record that: UPDATE %s SET state = 'done' WHERE version = ",
        table);
    quote_literal(&hint, o->key);
    strbuf_addf(
        &hint,
        " AND n = %zu; if it can be run again from the beginning: DELETE FROM %s WHERE version = ",
        w->st.n, table);
    quote_literal(&hint, o->key);
    strbuf_addf(&hint, " AND n = %zu; then run migrate again", w->st.n);
    report_hint(o->a->report, strbuf_str(&hint));
}

static enum apply_result
stop(struct outside *o, const struct outside_work *w)
{
    struct err e = {0};
    err_set(
        &e, ERR_INPUT,
        "an earlier run was interrupted in this statement (%zu of %zu), and it cannot be determined whether the statement completed",
        w->st.n, o->a->verdict.statements);
    apply_report_at(o->a, EXIT_PARTIAL, &e, &w->st);
    stop_hint(o, w);
    return APPLY_FAILED;
}

static enum apply_result
drift(struct outside *o, const struct outside_work *w)
{
    struct err e = {0};
    err_set(
        &e, ERR_INPUT,
        "statement %zu of %zu was changed after an earlier run had begun it, and what it created then still exists",
        w->st.n, o->a->verdict.statements);
    apply_report_at(o->a, EXIT_DRIFT, &e, &w->st);
    stop_hint(o, w);
    return APPLY_FAILED;
}

static enum apply_result
act(struct outside *o, const struct outside_work *w, enum resume_action action,
    const struct strbuf *drop, size_t n, bool *ret_done)
{
    struct err e = {0};
    int result = 0;
    *ret_done = action == RESUME_DONE || action == RESUME_FINALIZE;
    if (action == RESUME_STOP)
        return stop(o, w);
    if (action == RESUME_DRIFT)
        return drift(o, w);
    if (action == RESUME_DROP)
        result = drop_all(o, drop, n, &e);
    if (action == RESUME_FINALIZE)
        result = finalize(o, &w->task, &e);
    if (result == 0 && *ret_done)
        result = outside_note(o, w, STEP_DONE, NULL, &e);
    return result == 0 ? APPLY_DONE : outside_refused(o, &e, 0);
}

static void
tell(const struct outside *o, const struct outside_work *w, enum resume_action action)
{
    const char *text = resume_action_text(action);
    log_warn(&event_resume,
             LOG_FIELDS(LF_STR("version", o->a->m->id.version), LF_STR("file", o->a->file),
                        LF_UINT("statement", w->st.n), LF_UINT("line", w->st.line),
                        LF_STR("action", text)),
             "%s: statement %zu (%s) was begun by an earlier run: %s", o->a->file, w->st.n,
             task_kind_text(w->task.kind), text);
}

enum apply_result
outside_resume(struct outside *o, const struct outside_work *w, bool *ret_done)
{
    struct err e = {0};
    struct strbuf *drop = NULL;
    char hex[DIGEST_HEX_MAX];
    struct resume_seen seen = {
        .same = strcmp(digest_hex(hex, w->sha256, DIGEST_BYTES), w->step->sha256) == 0,
        .refused = w->step->state == STEP_REFUSED};
    o->a->first_n = 0;
    *ret_done = false;
    int result = outside_speak(o, &e);
    if (result == 0 && !seen.refused)
        result = wait_for_worker(o, w, seen.same, &e);
    if (result == 0)
        result = catalog_look(o->a->s, &w->task, w->step->indexes, &seen, &drop, &e);
    enum apply_result end = APPLY_FAILED;
    if (result == 0) {
        enum resume_action action = resume_decide(w->task.kind, &seen);
        tell(o, w, action);
        end = act(o, w, action, drop, seen.leftovers, ret_done);
    } else {
        outside_refused(o, &e, 0);
    }
    catalog_drop_free(drop, seen.leftovers);
    return end;
}

enum apply_result
outside_mend(struct outside *o, const struct outside_work *w, bool *ret_done)
{
    struct err e = {0};
    *ret_done = false;
    if (steps_read(&o->steps, o->a->s, o->key, &e) != 0)
        return outside_refused(o, &e, 0);
    struct outside_work again = *w;
    again.step = steps_find(&o->steps, w->st.n);
    return again.step ? outside_resume(o, &again, ret_done) : APPLY_DONE;
}
