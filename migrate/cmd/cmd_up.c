/* cmd_up.c: `migrate up`: read, plan, lock, read again, apply. */
#include <stdio.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "migrate/cmd/cmd.h"
#include "migrate/cmd/up.h"
#include "migrate/events.h"
#include "migrate/turn/turn.h"

static int cmd_up_run(void *options, const struct opt_result *given);

const struct opt_command cmd_up = {
    .name = "up",
    .args = "",
    .summary = "apply pending migrations",
    .more =
        "Reads the directory and the history table, takes the lock if a migration is pending, and applies the pending "
        "migrations in the order of their versions, each in one transaction together with its row in the history "
        "table. A file that cannot run in a transaction (CREATE INDEX CONCURRENTLY, VACUUM …) is recognized from its "
        "text and runs statement by statement.\n\n"
        "Any number of copies can be started at once: one applies the migrations, the others wait for the lock and then "
        "find nothing to do.",
    .options = OPT_NAMES("dir", "allow-empty", "database", "table", "layout", "wait", "lock-wait",
                         "lock-timeout", "statement-timeout", "deadline", "out-of-order", "ahead",
                         "phase", "to", "steps", "dry-run", "rehearse", "max-blocking", "pooler",
                         "role", "search-path", "release", "json", "termination-log"),
    .run = cmd_up_run,
};

/* May the plan run? */
static int
judge(struct turn *t)
{
    struct err e = {0};
    int exit;
    const struct plan_item *item;
    if (plan_verdict(&t->plan, &t->rules, &exit, &item, &e) == 0)
        return 0;
    report_fail(&t->report, (enum exit_status)exit, &e);
    if (item && item->file)
        report_place(&t->report, item->file->file, 0, 0);
    if (exit == EXIT_PARTIAL)
        report_hint(&t->report, "look at what it did, then say so: migrate repair --dirty applied, "
                                "or reverted, which has it applied again");
    if (exit == EXIT_ORDER && item && item->state == PLAN_LATE)
        report_hint(&t->report,
                    "rename it to a version above all others, or run with --out-of-order=apply");
    return -1;
}

/* A first run where another tool worked before: its migrations must not be applied again. */
static int
check_database(struct turn *t)
{
    struct err e = {0};
    if (choice_no_foreign(&t->choice, &e) == 0)
        return 0;
    turn_fail(t, &e);
    if (e.code == ERR_INPUT)
        report_hint(&t->report, t->choice.foreign[0]
                                    ? "if that history belongs to other files, run once with "
                                      "--layout=native: then every file is applied"
                                    : "if these are no files of it, run once with "
                                      "--layout=native: then every .sql file is applied");
    return -1;
}

/* What down began outside a transaction and did not complete: its row is there, what the file made may not be. */
static void
tell_half_undone(struct turn *t)
{
    cleanup_strbuf struct strbuf list = STRBUF_INIT;
    struct json j = json_on(&list);
    bool any = false;
    json_array(&j);
    for (size_t i = 0; i < t->plan.n; i++) {
        const char *version = plan_item_migration(&t->plan.items[i])->version;
        const struct steps_begun *b =
            t->plan.items[i].row ? begun_find(&t->begun, version, true) : NULL;
        const struct migration *before = plan_row_before(&t->plan, i);
        if (!b)
            continue;
        any = true;
        json_str(&j, version);
        log_warn(
            &event_half_undone, LOG_FIELDS(LF_STR("version", version), LF_UINT("done", b->done)),
            "version %s is partly undone: migrate down did not complete its way back (statements done: %zu), and it "
            "still counts as applied: migrate down --to %s goes on with it",
            version, b->done, before ? before->version : "0");
    }
    json_end(&j);
    if (any && !list.failed)
        report_member(&t->report, "half_undone", strbuf_str(&list));
}

void
up_tell_plan(struct turn *t)
{
    tell_half_undone(t);
    for (size_t i = 0; i < t->plan.n; i++) {
        const struct plan_item *item = &t->plan.items[i];
        if (item->state == PLAN_EDITED)
            log_info(&event_edited,
                     LOG_FIELDS(LF_STR("version", item->file->id.version),
                                LF_STR("file", item->file->file)),
                     "%s: comments, white space or line ends changed since it was applied",
                     item->file->file);
    }
    if (t->plan.count[PLAN_AHEAD])
        log_warn(
            &event_ahead, LOG_FIELDS(LF_UINT("ahead", t->plan.count[PLAN_AHEAD])),
            "the database is ahead of the files by %zu: this is an older release, or a rollback",
            t->plan.count[PLAN_AHEAD]);
    if (t->plan.count[PLAN_HELD])
        log_info(&event_held, LOG_FIELDS(LF_UINT("held", t->plan.count[PLAN_HELD])),
                 t->plan.count[PLAN_HELD] == 1 ? "%zu file waits for another --phase"
                                               : "%zu files wait for another --phase",
                 t->plan.count[PLAN_HELD]);
}

static void
tell_end(struct turn *t)
{
    char took[CLOCK_DURATION_MAX];
    uint64_t took_ms = clock_mono_ms() - t->report.start_ms;
    clock_format_duration(took, took_ms);
    size_t applied = t->report.applied_n;
    if (applied == 0)
        t->report.outcome = t->plan.count[PLAN_AHEAD] ? "ahead" : "nothing";
    log_info(
        &event_done,
        LOG_FIELDS(LF_STR("outcome", report_outcome(&t->report)), LF_UINT("applied", applied),
                   LF_UINT("pending", t->report.pending), LF_UINT("held", t->plan.count[PLAN_HELD]),
                   LF_UINT("ahead", t->plan.count[PLAN_AHEAD]), LF_UINT("duration_ms", took_ms)),
        applied ? "applied %zu in %s" : "nothing to do (%zu pending, %s)",
        applied ? applied : t->report.pending, took);
}

static void
show_step(struct turn *t, const struct source_migration *m)
{
    const struct verdict_file *v = &turn_facts(t, m)->verdict;
    const char *how = v->transaction ? "transaction" : "outside a transaction";
    const char *s = v->statements == 1 ? "" : "s";
    const struct field fields[] = {LF_STR("version", m->id.version),
                                   LF_STR("name", m->id.name),
                                   LF_STR("file", m->file),
                                   LF_STR("phase", migration_phase_text(m->id.phase)),
                                   LF_BOOL("transaction", v->transaction),
                                   LF_UINT("statements", v->statements)};
    const size_t n = sizeof(fields) / sizeof(*fields);
    if (!t->o->json)
        printf("%s\t%s\t%zu statement%s\t%s\n", m->id.version, m->file, v->statements, s, how);
    log_info(&event_would_apply, fields, n, "would apply %s", m->file);
    report_step(&t->report, "would_apply", fields, n);
}

void
up_show(struct turn *t)
{
    up_tell_plan(t);
    for (size_t i = 0; i < t->plan.n; i++)
        if (t->plan.items[i].step)
            show_step(t, t->plan.items[i].file);
    report_output(&t->report);
    t->report.outcome = "dry-run";
    log_info(&event_dry_run, LOG_FIELDS(LF_UINT("pending", t->plan.steps)), "%zu would be applied",
             t->plan.steps);
}

/* --steps counts from the beginning of the run: what was done before a connection was lost is no step any more. */
static void
keep_to_steps(struct turn *t)
{
    size_t left = (size_t)t->o->steps - t->report.applied_n;
    for (size_t i = 0; t->o->steps && i < t->plan.n; i++) {
        struct plan_item *item = &t->plan.items[i];
        if (item->step && left == 0) {
            item->step = false;
            t->plan.steps--;
        } else if (item->step) {
            left--;
        }
    }
}

/* Begun and not ended, which may be the other tool at work: its lock says so. Behind a pooler, and for --dry-run, it is
 * taken as it stands. */
static bool
is_under_way(const struct turn *t)
{
    return t->plan.count[PLAN_DIRTY] && !t->o->dry_run && !t->s.stateless &&
           !lock_held(&t->lock, &t->s);
}

int
up_look(struct turn *t)
{
    if (is_under_way(t))
        return 1;
    if (judge(t) != 0)
        return -1;
    turn_settle(t);
    keep_to_steps(t);
    if (t->plan.steps == 0) {
        up_tell_plan(t);
        tell_end(t);
        return 0;
    }
    return turn_check_files(t) == 0 && check_database(t) == 0 ? 1 : -1;
}

static enum turn_step
up_act(struct turn *t)
{
    bool all_done;
    up_tell_plan(t);
    if (turn_create(t) != 0)
        return TURN_END;
    enum turn_step step = turn_apply(t, &all_done);
    if (all_done)
        tell_end(t);
    return step;
}

/* For people at a terminal: what was done, as a table. */
static void
print_table(const struct turn *t)
{
    if (t->o->json || !isatty(STDOUT_FILENO) || t->report.applied_n == 0)
        return;
    printf("\n%-20s %s\n", "VERSION", "FILE");
    for (size_t i = 0; i < t->report.applied_n; i++) {
        const struct source_migration *m = source_find(&t->source, t->report.applied[i]);
        printf("%-20s %s\n", t->report.applied[i], m ? m->file : "");
    }
}

static int
cmd_up_run(void *options, const struct opt_result *given)
{
    static const struct turn_work work = {
        .look = up_look, .show = up_show, .act = up_act, .stateless = true};
    struct turn t;
    const struct options *o = options;
    if (o->rehearse)
        return cmd_rehearse_go(o, given);
    turn_init(&t, cmd_up.name, &work, o);
    turn_run(&t);
    print_table(&t);
    return turn_done(&t);
}
