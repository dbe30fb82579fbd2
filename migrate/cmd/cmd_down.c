/* cmd_down.c: `migrate down`: back to an earlier version, by the ways back that stand beside the files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "migrate/cmd/cmd.h"
#include "migrate/events.h"
#include "migrate/plan_back.h"
#include "migrate/turn/begun.h"
#include "migrate/turn/turn.h"

static int cmd_down_run(void *options, const struct opt_result *given);

/* Not from a variable: what is set for `up` must not undo anything. */
static const struct opt_row down_rows[] = {
    {.name = "to",
     .kind = OPT_STRING,
     .arg = "V",
     .offset = offsetof(struct options, to),
     .flags = OPT_NO_ENV,
     .help = "down: revert to this version, which stays applied; 0: revert all"},
    {.name = "steps",
     .kind = OPT_INT,
     .arg = "N",
     .offset = offsetof(struct options, steps),
     .flags = OPT_NO_ENV,
     .min = 1,
     .max = 1000000,
     .help = "down: revert the N highest applied versions",
     .more =
         "They are determined when the history is first read: a copy that had to wait for the lock reverts no others."},
};

const struct opt_command cmd_down = {
    .name = "down",
    .args = "--to V | --steps N",
    .summary = "revert applied migrations with their .down.sql files; --to or --steps says how far",
    .more =
        "Runs the down file of each version above --to V, or of the N highest ones with --steps N, starting with the highest, "
        "each in one transaction together with the deletion of its history row. All files are read before anything runs; "
        "a version without a .down.sql file, or without any file, is an error that names it. A migration that was edited "
        "after it was applied can still be reverted: its down file is run as it is now.\n\n"
        "A down file cannot restore data that the migration removed. On a database that is in use, write a new migration "
        "instead.",
    .options = OPT_NAMES("dir", "database", "table", "layout", "wait", "lock-wait", "lock-timeout",
                         "statement-timeout", "deadline", "dry-run", "pooler", "role",
                         "search-path", "json", "termination-log"),
    .rows = down_rows,
    .n_rows = sizeof(down_rows) / sizeof(*down_rows),
    .run = cmd_down_run,
};

struct down {
    bool aimed;
    char *target; /* that stays; NULL: before the first */
};

/* How far is settled once: --steps counts from what was applied when the run began. */
static int
aim(struct turn *t, struct down *d)
{
    struct err e = {0};
    const char *target = NULL;
    if (d->aimed)
        return 0;
    if (t->o->to && plan_back_to(&t->plan, t->o->to, &target, &e) != 0) {
        report_fail(&t->report, EXIT_INPUT, &e);
        return -1;
    }
    if (!t->o->to)
        target = plan_back_target(&t->plan, (size_t)t->o->steps);
    d->target = target ? strdup(target) : NULL;
    d->aimed = true;
    if (!target || d->target)
        return 0;
    err_nomem(&e);
    turn_fail(t, &e);
    return -1;
}

static int
refuse(struct turn *t, int exit, const struct plan_item *item, const struct err *e)
{
    report_fail(&t->report, (enum exit_status)exit, e);
    if (item->file) {
        report_place(&t->report, item->file->file, 0, 0);
        report_hint(&t->report, "nothing was reverted; write that file, or a new migration");
    }
    return -1;
}

static void
tell_end(struct turn *t)
{
    char took[CLOCK_DURATION_MAX];
    uint64_t took_ms = clock_mono_ms() - t->report.start_ms;
    size_t undone = t->report.steps_n;
    clock_format_duration(took, took_ms);
    if (undone == 0)
        t->report.outcome = "nothing";
    log_info(&event_done,
             LOG_FIELDS(LF_STR("outcome", report_outcome(&t->report)), LF_UINT("undone", undone),
                        LF_UINT("pending", t->report.pending), LF_UINT("duration_ms", took_ms)),
             undone ? "undid %zu in %s" : "nothing to undo (%zu undone, %s)", undone, took);
}

static const char dirty_hint[] =
    "look at what it did, then say so: migrate repair --dirty applied|reverted";

static int
down_look(struct turn *t)
{
    struct down *d = t->arg;
    struct err e = {0};
    int exit;
    const struct plan_item *item;
    turn_settle(t);
    if (aim(t, d) != 0)
        return -1;
    if (plan_not_dirty(&t->plan, &item, &e) != 0) {
        report_fail(&t->report, EXIT_PARTIAL, &e);
        report_hint(&t->report, dirty_hint);
        return -1;
    }
    if (plan_back(&t->plan, d->target, &exit, &item, &e) != 0)
        return refuse(t, exit, item, &e);
    if (t->plan.steps == 0) {
        tell_end(t);
        return 0;
    }
    return turn_check_files(t) == 0 ? 1 : -1;
}

static void
show_step(struct turn *t, const struct source_migration *m)
{
    const struct verdict_file *v = &turn_facts(t, m)->verdict;
    const char *file = source_file(m, MIGRATION_DOWN);
    const struct field fields[] = {LF_STR("version", m->id.version), LF_STR("name", m->id.name),
                                   LF_STR("file", file), LF_BOOL("transaction", v->transaction),
                                   LF_UINT("statements", v->statements)};
    const size_t n = sizeof(fields) / sizeof(*fields);
    if (!t->o->json)
        printf("%s\t%s\t%zu statement%s\t%s\n", m->id.version, file, v->statements,
               v->statements == 1 ? "" : "s",
               v->transaction ? "transaction" : "outside a transaction");
    log_info(&event_would_undo, fields, n, "would undo version %s by %s", m->id.version, file);
    report_step(&t->report, "would_undo", fields, n);
}

static void
down_show(struct turn *t)
{
    for (size_t i = t->plan.n; i-- > 0;)
        if (t->plan.items[i].step)
            show_step(t, t->plan.items[i].file);
    report_output(&t->report);
    t->report.outcome = "dry-run";
    log_info(&event_dry_run, LOG_FIELDS(LF_UINT("pending", t->plan.steps)), "%zu would be undone",
             t->plan.steps);
}

/* Before anything runs: all that will go, and what is odd about it. */
static void
tell_plan(const struct turn *t)
{
    for (size_t i = t->plan.n; i-- > 0;) {
        const struct plan_item *item = &t->plan.items[i];
        if (!item->step)
            continue;
        log_info(&event_undoing,
                 LOG_FIELDS(LF_STR("version", plan_item_recorded(item)->version),
                            LF_STR("file", source_file(item->file, MIGRATION_DOWN)),
                            LF_STR("applied_at", item->row->applied_at)),
                 "version %s (%s), applied at %s, will be undone",
                 plan_item_recorded(item)->version, plan_item_recorded(item)->name,
                 item->row->applied_at);
        if (item->state == PLAN_DRIFTED)
            log_warn(&event_drifted,
                     LOG_FIELDS(LF_STR("version", item->file->id.version),
                                LF_STR("file", item->file->file)),
                     "%s was changed after it was applied; its down file is run as it is now",
                     item->file->file);
    }
}

/* What up began outside a transaction has no row, so nothing takes it back. -1: the report knows. */
static int
tell_begun(struct turn *t)
{
    CLEANUP_WITH(begun_done) struct begun begun = {.n = 0};
    struct err e = {0};
    if (begun_read(&begun, &t->ledger, &t->s, &e) != 0) {
        turn_fail(t, &e);
        return -1;
    }
    for (size_t i = 0; i < t->plan.n; i++) {
        const struct source_migration *m = t->plan.items[i].file;
        const struct steps_begun *b = m ? begun_find(&begun, m->id.version, false) : NULL;
        if (b)
            log_warn(
                &event_begun,
                LOG_FIELDS(LF_STR("version", m->id.version), LF_STR("file", m->file),
                           LF_UINT("done", b->done)),
                "%s was begun outside a transaction and is not done (statements done: %zu): what it did stays",
                m->file, b->done);
    }
    return 0;
}

static enum turn_step
down_act(struct turn *t)
{
    bool all_done;
    if (tell_begun(t) != 0)
        return TURN_END;
    tell_plan(t);
    enum turn_step step = turn_apply(t, &all_done);
    if (all_done)
        tell_end(t);
    return step;
}

static int
bounded(const struct options *o, struct err *e)
{
    if (o->to && o->steps)
        return err_set(e, ERR_USAGE, "--to and --steps cannot be used together");
    if (o->to || o->steps)
        return 0;
    return err_set(
        e, ERR_USAGE,
        "--to or --steps is required: --to V reverts all versions above V, --steps N the "
        "N highest; --dry-run shows which those are");
}

static int
cmd_down_run(void *options, const struct opt_result *given)
{
    static const struct turn_work work = {
        .look = down_look, .show = down_show, .act = down_act, .stateless = true};
    const struct options *o = options;
    struct down d = {.aimed = false};
    struct turn t;
    struct err e = {0};
    (void)given;
    turn_init(&t, cmd_down.name, &work, o);
    t.arg = &d;
    t.direction = MIGRATION_DOWN;
    t.rules = (struct plan_rules){.phase = PHASE_ALL, .out_of_order = ORDER_APPLY};
    if (bounded(o, &e) != 0)
        report_fail(&t.report, EXIT_INPUT, &e);
    turn_run(&t);
    int status = turn_done(&t);
    free(d.target);
    return status;
}
