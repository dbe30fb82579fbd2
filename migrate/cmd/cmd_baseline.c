/* cmd_baseline.c: `migrate baseline`: a database that was filled before migrate came. */
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "migrate/cmd/cmd.h"
#include "migrate/events.h"
#include "migrate/turn/begun.h"
#include "migrate/turn/turn.h"

static int cmd_baseline_run(void *options, const struct opt_result *given);

const struct opt_command cmd_baseline = {
    .name = "baseline",
    .args = "V",
    .min_args = 1,
    .max_args = 1,
    .summary = "record the files up to version V as applied, and run none of them",
    .more =
        "For a database that already contains what these files create. Their history rows are written in one transaction, "
        "with the current digests of the files and a duration of 0; existing rows are kept, and a second call finds "
        "nothing to do. It is an error if a version above V is applied, or if no file has version V.",
    .options =
        OPT_NAMES("dir", "database", "table", "layout", "wait", "lock-wait", "lock-timeout",
                  "deadline", "dry-run", "pooler", "role", "release", "json", "termination-log"),
    .run = cmd_baseline_run,
};

/* The rules of a plan in which everything without a row is pending. */
static const struct plan_rules rules = {.phase = PHASE_ALL, .out_of_order = ORDER_APPLY};

static int
above(const struct turn *t, const char *version, const struct plan_item **ret_item, struct err *e)
{
    for (size_t i = 0; i < t->plan.n; i++) {
        const struct plan_item *item = &t->plan.items[i];
        if (!item->row || migration_compare(item->row->id.version, version) <= 0)
            continue;
        *ret_item = item;
        return err_set(
            e, ERR_INPUT,
            "version %s, which is higher than %s, is already applied: apply lower versions with migrate up",
            item->row->id.version, version);
    }
    return 0;
}

/* Exit status and *e, or 0. */
static int
judge(const struct turn *t, const char *version, const struct plan_item **ret_item, struct err *e)
{
    int exit;
    *ret_item = NULL;
    if (!source_find(&t->source, version))
        return plan_unknown_version(&t->plan, "baseline", version, e), EXIT_INPUT;
    if (above(t, version, ret_item, e) != 0)
        return EXIT_ORDER;
    return plan_verdict(&t->plan, &rules, &exit, ret_item, e) != 0 ? exit : EXIT_DONE;
}

static void
choose(struct turn *t, const char *version)
{
    t->plan.steps = 0;
    for (size_t i = 0; i < t->plan.n; i++) {
        struct plan_item *item = &t->plan.items[i];
        item->step = !item->row && migration_compare(item->file->id.version, version) <= 0;
        t->plan.steps += item->step;
    }
}

static void
tell_end(struct turn *t)
{
    size_t recorded = t->report.steps_n;
    if (recorded == 0)
        t->report.outcome = "nothing";
    log_info(&event_done,
             LOG_FIELDS(LF_STR("outcome", report_outcome(&t->report)),
                        LF_UINT("recorded", recorded), LF_UINT("pending", t->report.pending),
                        LF_UINT("duration_ms", clock_mono_ms() - t->report.start_ms)),
             recorded ? "recorded %zu as applied" : "nothing to record (%zu missing)", recorded);
}

static int
baseline_look(struct turn *t)
{
    const char *version = t->arg;
    const struct plan_item *item;
    struct err e = {0};
    int exit = judge(t, version, &item, &e);
    if (exit != EXIT_DONE) {
        report_fail(&t->report, (enum exit_status)exit, &e);
        report_place(&t->report, item && item->file ? item->file->file : NULL, 0, 0);
        return -1;
    }
    choose(t, version);
    turn_settle_write(t);
    if (t->plan.steps == 0) {
        tell_end(t);
        return 0;
    }
    return turn_read_digests(t) == 0 ? 1 : -1;
}

/* Each step, as an event and, below the word action, for --json. */
static void
tell_steps(struct turn *t, const char *action)
{
    bool would = t->o->dry_run;
    for (size_t i = 0; i < t->plan.n; i++) {
        if (!t->plan.items[i].step)
            continue;
        const struct source_migration *m = t->plan.items[i].file;
        const struct field fields[] = {LF_STR("version", m->id.version), LF_STR("name", m->id.name),
                                       LF_STR("file", m->file),
                                       LF_STR("phase", migration_phase_text(m->id.phase))};
        const size_t n = sizeof(fields) / sizeof(*fields);
        if (would && !t->o->json)
            printf("%s\t%s\n", m->id.version, m->file);
        if (would)
            log_info(&event_would_record, fields, n, "would record %s as applied", m->file);
        else
            log_info(&event_recording, fields, n, "recording %s as applied, without running it",
                     m->file);
        report_step(&t->report, action, fields, n);
    }
}

static void
baseline_show(struct turn *t)
{
    tell_steps(t, "would_record");
    report_output(&t->report);
    t->report.outcome = "dry-run";
    log_info(&event_dry_run, LOG_FIELDS(LF_UINT("pending", t->plan.steps)), "%zu would be recorded",
             t->plan.steps);
}

/* Of a file that was begun outside a transaction and given up: applied as a whole now, it has no statements left to do. */
static void
forget_steps(const struct begun *begun, const struct source_migration *m, struct strbuf *sql)
{
    const struct steps_begun *b = begun_find(begun, m->id.version, false);
    if (!b)
        return;
    steps_sql_forget(&begun->steps, b->version, sql);
    strbuf_adds(sql, "; ");
}

static void
add_rows(const struct turn *t, const struct begun *begun, struct strbuf *sql)
{
    for (size_t i = 0; i < t->plan.n; i++) {
        const struct source_migration *m = t->plan.items[i].file;
        if (!t->plan.items[i].step)
            continue;
        const struct layout_row row = {.migration = &m->id,
                                       .file = m->file,
                                       .sum = m->sum,
                                       .loose_sha256 = turn_facts(t, m)->loose_sha256,
                                       .release = t->o->release,
                                       .baseline = true};
        ledger_sql_insert(&t->ledger, &row, NULL, sql);
        strbuf_adds(sql, "; ");
        forget_steps(begun, m, sql);
    }
}

static enum turn_step
baseline_act(struct turn *t)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    CLEANUP_WITH(begun_done) struct begun begun = {.n = 0};
    struct err e = {0};
    bool done;
    if (turn_create(t) != 0)
        return TURN_END;
    if (begun_read(&begun, &t->ledger, &t->s, &e) != 0) {
        turn_fail(t, &e);
        return TURN_END;
    }
    add_rows(t, &begun, &sql);
    tell_steps(t, "recorded");
    enum turn_step step = turn_write(t, &sql, t->arg, &done);
    if (done) {
        t->report.pending -= t->plan.steps;
        tell_end(t);
    } else if (step == TURN_END) {
        report_forget_steps(&t->report);
    }
    return step;
}

static int
cmd_baseline_run(void *options, const struct opt_result *given)
{
    static const struct turn_work work = {
        .look = baseline_look, .show = baseline_show, .act = baseline_act};
    struct turn t;
    turn_init(&t, cmd_baseline.name, &work, options);
    t.arg = given->argv[0];
    t.rules = rules;
    turn_run(&t);
    return turn_done(&t);
}
