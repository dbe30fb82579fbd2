/* turn_apply.c: the steps of a plan, one by one, and what becomes of a connection that is lost between them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "common/target/target.h"
#include "migrate/apply/apply.h"
#include "migrate/db/connect.h"
#include "migrate/events.h"
#include "migrate/tell/progress.h"
#include "migrate/turn/begun.h"
#include "migrate/turn/turn.h"

/* How often a connection that was lost during COMMIT is made again within one run. */
#define LOSSES_MAX 3u

struct facts *
turn_facts(const struct turn *t, const struct source_migration *m)
{
    return &t->facts[m - t->source.migrations];
}

static int
make_facts(struct turn *t)
{
    struct err e = {0};
    if (!t->facts)
        t->facts = calloc(t->source.n + 1, sizeof(*t->facts));
    if (t->facts)
        return 0;
    err_nomem(&e);
    turn_fail(t, &e);
    return -1;
}

static int
read_digest(struct turn *t, const struct source_migration *m)
{
    CLEANUP_WITH(source_text_done) struct source_text text = SOURCE_TEXT_INIT;
    struct err e = {0};
    if (source_text_open(&t->source, m, MIGRATION_UP, &text, &e) == 0 &&
        facts_loose(&text, turn_facts(t, m)->loose_sha256, &e) == 0)
        return 0;
    report_fail(&t->report, report_exit_for(&e), &e);
    report_place(&t->report, m->file, text.error_line, 0);
    return -1;
}

int
turn_read_digests(struct turn *t)
{
    if (make_facts(t) != 0)
        return -1;
    for (size_t i = 0; i < t->plan.n; i++)
        if (t->plan.items[i].step && t->plan.items[i].state != PLAN_DIRTY &&
            read_digest(t, t->plan.items[i].file) != 0)
            return -1;
    return 0;
}

int
turn_check_files(struct turn *t)
{
    if (make_facts(t) != 0)
        return -1;
    for (size_t i = 0; i < t->plan.n; i++) {
        const struct plan_item *item = &t->plan.items[i];
        if (item->step && apply_check(&t->source, item->file, t->direction,
                                      turn_facts(t, item->file), &t->report) != 0)
            return -1;
    }
    return 0;
}

static enum apply_result
apply_step(struct turn *t, struct apply *a, size_t i, size_t number)
{
    const struct plan_item *item = &t->plan.items[i];
    const struct facts *facts = turn_facts(t, item->file);
    progress_file(t->s.progress, number, source_file(item->file, t->direction),
                  facts->verdict.statements);
    if (t->direction == MIGRATION_UP)
        return apply_file(a, item->file, NULL, facts);
    const struct apply_back back = {.row = plan_item_recorded(item),
                                    .before = plan_row_before(&t->plan, i)};
    return apply_file(a, item->file, &back, facts);
}

static void
count_step(struct turn *t)
{
    if (t->direction == MIGRATION_UP)
        t->report.pending--;
    else
        t->report.pending++;
}

/* With several hosts a server that is lost has a successor: what was open there is rolled back, and what is begun is resumed. */
static bool
may_move(const struct turn *t)
{
    const struct target_pg_host *hosts;
    return target_pg_hosts(t->s.target, &hosts) > 1 && t->losses < LOSSES_MAX;
}

static enum apply_result
apply_steps(struct turn *t)
{
    struct err e = {0};
    struct apply a = {.s = &t->s,
                      .ledger = &t->ledger,
                      .lock = &t->lock,
                      .claim = &t->claim,
                      .moves = may_move(t),
                      .report = &t->report,
                      .source = &t->source};
    size_t number = 0;
    err_clear(&t->lost);
    if (turn_make_claim(t, &e) != 0) {
        turn_fail(t, &e);
        return APPLY_FAILED;
    }
    for (size_t k = 0; k < t->plan.n; k++) {
        size_t i = t->direction == MIGRATION_UP ? k : t->plan.n - 1 - k;
        const struct plan_item *item = &t->plan.items[i];
        if (!item->step)
            continue;
        a.rest =
            begun_find(&t->begun, item->file->id.version, t->direction == MIGRATION_DOWN) != NULL;
        enum apply_result result = apply_step(t, &a, i, ++number);
        if (result == APPLY_UNKNOWN)
            t->uncertain = item->file->id.version;
        else if (result == APPLY_DONE && t->uncertain &&
                 strcmp(t->uncertain, item->file->id.version) == 0)
            t->uncertain = NULL; /* it had not been committed, and now it has */
        t->lost = a.lost;
        if (result == APPLY_BUSY)
            snprintf(t->busy, sizeof(t->busy), "%s", a.busy);
        if (result == APPLY_UNKNOWN || result == APPLY_FAILED || result == APPLY_BUSY)
            return result;
        count_step(t);
        lock_wait_over(&t->lock_wait);
        if (result == APPLY_LAST || (result == APPLY_SKIPPED && t->s.stateless))
            return result;
    }
    return APPLY_DONE;
}

/* The connection went while COMMIT was under way: a new one, and the history says what became of
 * it. */
enum turn_step
turn_read_after_loss(struct turn *t)
{
    struct err e = {0};
    log_warn(&event_commit_lost, LOG_FIELDS(LF_STR("version", t->uncertain)),
             "the connection was lost during COMMIT of version %s; reading the history again",
             t->uncertain);
    if (++t->losses > LOSSES_MAX)
        err_set(&e, ERR_CLOSED, "the connection was lost during COMMIT repeatedly");
    else if (connect_open(&t->s, &e) == 0)
        return TURN_AGAIN;
    report_fail(&t->report, report_exit_for_connect(&e), &e);
    return TURN_END;
}

/* That version, whose COMMIT was not answered, is where it was to go. */
static bool
is_settled(const struct turn *t, const struct plan_item *item)
{
    bool there = item->row != NULL;
    return item->file && strcmp(item->file->id.version, t->uncertain) == 0 &&
           there == (t->direction == MIGRATION_UP);
}

static void
settled(struct turn *t, const struct source_migration *m)
{
    const bool up = t->direction == MIGRATION_UP;
    const struct field fields[] = {LF_STR("version", m->id.version), LF_STR("name", m->id.name),
                                   LF_STR("file", source_file(m, t->direction)),
                                   LF_STR("phase", migration_phase_text(m->id.phase))};
    log_info(&event_commit_settled, LOG_FIELDS(LF_STR("version", m->id.version)),
             up ? "version %s was committed" : "the undoing of version %s was committed",
             m->id.version);
    report_step(&t->report, up ? "applied" : "undone", fields, sizeof(fields) / sizeof(*fields));
    if (up)
        report_applied(&t->report, m->id.version);
}

void
turn_settle(struct turn *t)
{
    for (size_t i = 0; t->uncertain && i < t->plan.n; i++) {
        if (is_settled(t, &t->plan.items[i])) {
            settled(t, t->plan.items[i].file);
            t->uncertain = NULL;
        }
    }
}

/* Nothing uncertain was under way: again, by the server that is there now. */
static enum turn_step
move(struct turn *t)
{
    struct err e = {0};
    t->losses++;
    log_warn(&event_connection_lost, LOG_FIELDS(LF_OPT("sqlstate", t->lost.sqlstate)),
             "the connection was lost: %s; trying all hosts again", t->lost.msg);
    if (connect_open(&t->s, &e) == 0)
        return TURN_AGAIN;
    report_fail(&t->report, report_exit_for_connect(&e), &e);
    return TURN_END;
}

int
turn_make_claim(struct turn *t, struct err *e)
{
    return t->claim.s ? 0 : claim_init(&t->claim, &t->ledger.table, &t->s, e);
}

/* Behind a pooler others work beside us: whose turn it is shows in the next look. */
enum turn_step
turn_wait_for_others(struct turn *t)
{
    struct err e = {0};
    if (lock_wait_pause(&t->lock_wait, &t->lock, t->busy, &t->s, &e) == 0)
        return TURN_AGAIN;
    turn_fail(t, &e);
    return TURN_END;
}

enum turn_step
turn_apply(struct turn *t, bool *ret_all_done)
{
    *ret_all_done = false;
    progress_begin(t->s.progress, t->plan.steps);
    enum apply_result result = apply_steps(t);
    progress_end(t->s.progress);
    if (result == APPLY_UNKNOWN)
        return turn_read_after_loss(t);
    if (result == APPLY_FAILED && t->lost.code != ERR_NONE)
        return move(t);
    if (result == APPLY_BUSY)
        return turn_wait_for_others(t);
    if (result == APPLY_SKIPPED)
        return TURN_AGAIN;
    *ret_all_done = result == APPLY_DONE;
    return TURN_END;
}
