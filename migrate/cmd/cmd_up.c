/* cmd_up.c: `migrate up`: read, plan, lock, read again, apply. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "migrate/apply/apply.h"
#include "migrate/cmd/cmd.h"
#include "migrate/files/directory.h"
#include "migrate/db/ledger.h"
#include "migrate/db/lock.h"
#include "migrate/db/lock_wait.h"
#include "migrate/loose.h"
#include "migrate/db/origin.h"
#include "migrate/plan.h"
#include "migrate/tell/progress.h"
#include "migrate/tell/report.h"
#include "migrate/db/connect.h"
#include "migrate/db/session.h"
#include "migrate/files/source.h"
#include "migrate/db/watch.h"

static int cmd_up_run(void *options, const struct opt_result *given);

const struct opt_command cmd_up = {
    .name = "up",
    .args = "",
    .summary = "apply what is pending",
    .more =
        "Reads the directory and the history table, takes the lock when something is pending, and applies the pending "
        "migrations in the order of their versions, each in one transaction together with its row in the history "
        "table. A file that cannot run in a transaction (CREATE INDEX CONCURRENTLY, VACUUM …) is found by reading it "
        "and runs statement by statement.\n\n"
        "Any number of copies may start at once: one applies, the others wait for the lock and then find nothing "
        "to do.",
    .options =
        OPT_NAMES("dir", "allow-empty", "database", "table", "layout", "wait", "lock-wait",
                  "lock-timeout", "statement-timeout", "deadline", "out-of-order", "ahead", "phase",
                  "to", "steps", "dry-run", "role", "search-path", "release", "termination-log"),
    .run = cmd_up_run,
};

/* How often a connection that was lost during COMMIT is made again within one run. */
#define LOSSES_MAX 3u

enum step { STEP_AGAIN, STEP_END };

struct up {
    const struct options *o;
    struct report report;
    struct session s;
    struct source source;
    struct ledger ledger;
    struct lock lock;
    struct plan plan;
    struct plan_rules rules;
    struct facts *facts; /* of source.migrations, where known */
    struct lock_wait lock_wait;
    unsigned losses;       /* of the connection, during COMMIT */
    const char *uncertain; /* version whose COMMIT was not answered; borrowed from source */
    bool stays;            /* what that file did is there whatever became of its row */
};

/* Who is in the way: of a statement of ours, or of the lock. */
static const char *
in_the_way(const struct up *u)
{
    const char *blockers = u->s.watch ? watch_blockers(u->s.watch) : "";
    return *blockers ? blockers : u->lock_wait.holder;
}

static void
fail(struct up *u, const struct err *e)
{
    struct err said = *e;
    const char *who = in_the_way(u);
    if ((e->code == ERR_DEADLINE || e->code == ERR_STOPPED) && *who)
        err_set(&said, e->code, "%s; blocked by %s", e->msg, who);
    report_fail(&u->report, report_exit_for(e), &said);
}

/* ---- planning ---- */

static void
forget(struct up *u)
{
    plan_done(&u->plan);
    ledger_forget(&u->ledger);
}

static int
read_plan(struct up *u)
{
    struct err e = {0};
    struct loose loose = {.source = &u->source};
    forget(u);
    if (ledger_read(&u->ledger, &u->s, &e) != 0 ||
        plan_make(&u->source, &u->ledger, &u->rules, loose_differs, &loose, &u->plan, &e) != 0) {
        cleanup_strbuf struct strbuf hint = STRBUF_INIT;
        ledger_hint(&u->ledger.table, &e, &hint);
        fail(u, &e);
        report_place(&u->report, loose.file, loose.line, 0);
        report_hint(&u->report, strbuf_str(&hint));
        return -1;
    }
    u->report.planned = true;
    u->report.pending = u->plan.count[PLAN_PENDING] + u->plan.count[PLAN_LATE];
    int exit;
    const struct plan_item *item;
    if (plan_verdict(&u->plan, &u->rules, &exit, &item, &e) == 0)
        return 0;
    report_fail(&u->report, (enum exit_status)exit, &e);
    if (item && item->file)
        report_place(&u->report, item->file->file, 0, 0);
    if (exit == EXIT_ORDER && item && item->state == PLAN_LATE)
        report_hint(&u->report,
                    "give it a version above all others, or run with --out-of-order=apply");
    return -1;
}

static struct facts *
facts_of(const struct up *u, const struct source_migration *m)
{
    return &u->facts[m - u->source.migrations];
}

/* Every file that is to run is read before the first one runs; while the lock is waited for, once. */
static int
check_files(struct up *u)
{
    struct err e = {0};
    if (!u->facts)
        u->facts = calloc(u->source.n + 1, sizeof(*u->facts));
    if (!u->facts) {
        err_nomem(&e);
        fail(u, &e);
        return -1;
    }
    for (size_t i = 0; i < u->plan.n; i++) {
        const struct plan_item *item = &u->plan.items[i];
        if (item->step &&
            apply_check(&u->source, item->file, facts_of(u, item->file), &u->report) != 0)
            return -1;
    }
    return 0;
}

/* A first run where another tool worked before: its migrations must not be applied again. */
static int
check_database(struct up *u)
{
    struct err e = {0};
    if (u->ledger.exists || u->o->layout != LAYOUT_AUTO ||
        ledger_no_foreign(&u->ledger, &u->s, &e) == 0)
        return 0;
    fail(u, &e);
    if (e.code == ERR_INPUT)
        report_hint(&u->report, "if that history belongs to other files than these, run once with "
                                "--layout=native: every file is applied then");
    return -1;
}

static void
tell_plan(struct up *u)
{
    for (size_t i = 0; i < u->plan.n; i++) {
        const struct plan_item *item = &u->plan.items[i];
        if (item->state == PLAN_EDITED)
            log_info("edited",
                     LOG_FIELDS(LF_STR("version", item->file->id.version),
                                LF_STR("file", item->file->file)),
                     "%s: comments, white space or line ends changed since it was applied",
                     item->file->file);
    }
    if (u->plan.count[PLAN_AHEAD])
        log_warn("ahead", LOG_FIELDS(LF_UINT("ahead", u->plan.count[PLAN_AHEAD])),
                 "the database is ahead of the files by %zu: an older release, or a rollback",
                 u->plan.count[PLAN_AHEAD]);
    if (u->plan.count[PLAN_HELD])
        log_info("held", LOG_FIELDS(LF_UINT("held", u->plan.count[PLAN_HELD])),
                 u->plan.count[PLAN_HELD] == 1 ? "%zu file waits for another --phase"
                                               : "%zu files wait for another --phase",
                 u->plan.count[PLAN_HELD]);
}

static void
tell_end(struct up *u)
{
    char took[CLOCK_DURATION_MAX];
    uint64_t took_ms = clock_mono_ms() - u->report.start_ms;
    clock_format_duration(took, took_ms);
    size_t applied = u->report.applied_n;
    if (applied == 0)
        u->report.outcome = u->plan.count[PLAN_AHEAD] ? "ahead" : "nothing";
    log_info(
        "done",
        LOG_FIELDS(LF_STR("outcome", report_outcome(&u->report)), LF_UINT("applied", applied),
                   LF_UINT("pending", u->report.pending), LF_UINT("held", u->plan.count[PLAN_HELD]),
                   LF_UINT("ahead", u->plan.count[PLAN_AHEAD]), LF_UINT("duration_ms", took_ms)),
        applied ? "applied %zu in %s" : "nothing to do (%zu pending, %s)",
        applied ? applied : u->report.pending, took);
}

static void
tell_step(const struct source_migration *m, const struct verdict_file *v)
{
    const char *how = v->transaction ? "transaction" : "outside a transaction";
    const char *s = v->statements == 1 ? "" : "s";
    printf("%s\t%s\t%zu statement%s\t%s\n", m->id.version, m->file, v->statements, s, how);
    log_info("would_apply",
             LOG_FIELDS(LF_STR("version", m->id.version), LF_STR("name", m->id.name),
                        LF_STR("file", m->file), LF_STR("phase", migration_phase_text(m->id.phase)),
                        LF_BOOL("transaction", v->transaction),
                        LF_UINT("statements", v->statements)),
             "would apply %s", m->file);
}

static enum step
dry_run(struct up *u)
{
    tell_plan(u);
    for (size_t i = 0; i < u->plan.n; i++)
        if (u->plan.items[i].step)
            tell_step(u->plan.items[i].file, &facts_of(u, u->plan.items[i].file)->verdict);
    report_output(&u->report);
    u->report.outcome = "dry-run";
    log_info("dry_run", LOG_FIELDS(LF_UINT("pending", u->plan.steps)), "%zu would be applied",
             u->plan.steps);
    return STEP_END;
}

/* ---- applying ---- */

static int
writable(struct up *u, struct err *e)
{
    cleanup_strbuf struct strbuf origin = STRBUF_INIT;
    if (u->s.in_recovery)
        return err_set(e, ERR_WRONG_ROLE, "the server is a standby, nothing can be applied there");
    if (!u->s.read_only)
        return 0;
    if (origin_of(&u->s, "default_transaction_read_only", &origin, e) != 0)
        return -1;
    return err_set(
        e, ERR_WRONG_ROLE,
        "the session is read-only, nothing can be applied: default_transaction_read_only "
        "is on by %s",
        strbuf_str(&origin));
}

static enum apply_result
apply_steps(struct up *u)
{
    struct apply a = {.s = &u->s,
                      .ledger = &u->ledger,
                      .lock = &u->lock,
                      .report = &u->report,
                      .source = &u->source};
    size_t number = 0;
    for (size_t i = 0; i < u->plan.n; i++) {
        const struct plan_item *item = &u->plan.items[i];
        if (!item->step)
            continue;
        const struct facts *facts = facts_of(u, item->file);
        progress_file(u->s.progress, ++number, item->file->file, facts->verdict.statements);
        enum apply_result result = apply_file(&a, item->file, facts);
        if (result == APPLY_UNKNOWN) {
            u->uncertain = item->file->id.version;
            u->stays = !a.verdict.transaction;
        }
        if (result == APPLY_UNKNOWN || result == APPLY_FAILED)
            return result;
        u->report.pending--;
        if (result == APPLY_LAST)
            return result;
    }
    return APPLY_DONE;
}

/* The connection went while COMMIT was under way: a new one, and the history says what became of
 * it. */
static enum step
read_after_loss(struct up *u)
{
    struct err e = {0};
    log_warn("commit_lost", LOG_FIELDS(LF_STR("version", u->uncertain)),
             "the connection was lost during COMMIT of version %s: reading the history again",
             u->uncertain);
    if (++u->losses > LOSSES_MAX)
        err_set(&e, ERR_CLOSED, "the connection was lost during COMMIT, again and again");
    else if (connect_open(&u->s, &e) == 0)
        return STEP_AGAIN;
    report_fail(&u->report, report_exit_for_connect(&e), &e);
    return STEP_END;
}

static void
note_committed(struct up *u)
{
    for (size_t i = 0; u->uncertain && i < u->plan.n; i++) {
        const struct plan_item *item = &u->plan.items[i];
        if (item->file && item->row && strcmp(item->file->id.version, u->uncertain) == 0) {
            log_info("commit_settled", LOG_FIELDS(LF_STR("version", u->uncertain)),
                     "version %s was committed", u->uncertain);
            report_applied(&u->report, u->uncertain);
            u->uncertain = NULL;
        }
    }
}

/* A file outside a transaction is done, but nothing says so: another run of it is for a person to decide. */
static bool
left_unrecorded(struct up *u)
{
    struct err e = {0};
    if (!u->uncertain || !u->stays)
        return false;
    err_set(
        &e, ERR_CLOSED,
        "the connection was lost while its history row was written, and there is no such row: what the "
        "file did stays, and another start runs it again");
    report_fail(&u->report, EXIT_PARTIAL, &e);
    report_place(&u->report, source_find(&u->source, u->uncertain)->file, 0, 0);
    report_hint(&u->report,
                "look at what it did, and undo that or write the file so that it may be "
                "run again (IF NOT EXISTS, ON CONFLICT DO NOTHING)");
    return true;
}

static enum step
apply_all(struct up *u)
{
    struct err e = {0};
    if (!u->ledger.exists && ledger_create(&u->ledger, &u->s, &e) != 0) {
        cleanup_strbuf struct strbuf hint = STRBUF_INIT;
        ledger_create_hint(&u->ledger.table, &e, &hint);
        fail(u, &e);
        report_hint(&u->report, strbuf_str(&hint));
        return STEP_END;
    }
    progress_begin(u->s.progress, u->plan.steps);
    enum apply_result result = apply_steps(u);
    progress_end(u->s.progress);
    if (result == APPLY_UNKNOWN)
        return read_after_loss(u);
    if (result == APPLY_DONE)
        tell_end(u);
    return STEP_END;
}

/* Read, plan, and what the plan asks for. */
static enum step
one_round(struct up *u)
{
    struct err e = {0};
    bool was_locked = lock_held(&u->lock, &u->s);
    if (read_plan(u) != 0)
        return STEP_END;
    note_committed(u);
    if (u->plan.steps == 0) {
        tell_plan(u);
        tell_end(u);
        return STEP_END;
    }
    if (check_files(u) != 0 || check_database(u) != 0)
        return STEP_END;
    if (u->o->dry_run)
        return dry_run(u);
    if (was_locked &&
        left_unrecorded(u)) /* under the lock, so that the backend of before is gone */
        return STEP_END;
    if (was_locked) {
        tell_plan(u);
        return apply_all(u);
    }
    if (writable(u, &e) == 0 && lock_wait_try(&u->lock_wait, &u->lock, &u->s, &e) == 0)
        return STEP_AGAIN;
    fail(u, &e);
    return STEP_END;
}

static int
no_pooler(struct up *u, struct err *e)
{
    if (!u->s.pooled)
        return 0;
    return err_set(
        e, ERR_USAGE,
        "a connection pooler stands before the database: the protocol names another backend than the "
        "server does");
}

/* Whatever happened: nothing stays open, nothing stays locked. */
static void
clean_up(struct up *u)
{
    static const char rollback[] = "ROLLBACK";
    struct err ignored = {0};
    session_cleanup(&u->s);
    if (pgconn_connected(u->s.work)) {
        enum pgconn_tx tx = pgconn_tx_state(u->s.work);
        if (tx == PGCONN_TX_INTRANS || tx == PGCONN_TX_INERROR)
            IGNORED(session_query(&u->s, rollback, sizeof(rollback) - 1, NULL, &ignored));
    }
    lock_release(&u->lock, &u->s);
}

static void
run(struct up *u)
{
    struct err e = {0};
    if (connect_open(&u->s, &e) != 0) {
        report_fail(&u->report, report_exit_for_connect(&e), &e);
        return;
    }
    if (no_pooler(u, &e) != 0) {
        fail(u, &e);
        report_hint(
            &u->report,
            "connect to PostgreSQL itself, not to the pooler; this version needs the session");
        return;
    }
    while (one_round(u) == STEP_AGAIN) {
    }
    forget(u);
    clean_up(u);
}

/* For people at a terminal: what was done, as a table. */
static void
print_table(const struct up *u)
{
    if (!isatty(STDOUT_FILENO) || u->report.applied_n == 0)
        return;
    printf("\n%-20s %s\n", "VERSION", "FILE");
    for (size_t i = 0; i < u->report.applied_n; i++) {
        const struct source_migration *m = source_find(&u->source, u->report.applied[i]);
        printf("%-20s %s\n", u->report.applied[i], m ? m->file : "");
    }
}

static int
cmd_up_run(void *options, const struct opt_result *given)
{
    (void)given;
    const struct options *o = options;
    struct up u = {.o = o, .source = SOURCE_INIT};
    struct err e = {0};
    u.rules = (struct plan_rules){.phase = (enum options_phase)o->phase,
                                  .out_of_order = (enum options_order)o->out_of_order,
                                  .ahead = (enum options_ahead)o->ahead,
                                  .to = o->to,
                                  .steps = (size_t)o->steps};
    lock_wait_init(&u.lock_wait);
    report_init(&u.report, log_is_text());
    if (ledger_init(&u.ledger, &layout_native, o->table, o->role, &e) != 0 ||
        lock_init(&u.lock, u.ledger.table.quoted, &e) != 0 || session_init(&u.s, o, &e) != 0) {
        fail(&u, &e);
    } else { /* from here on signals are caught: process 1 of a container hears no others */
        if (directory_open(o->dir, &layout_native, o->allow_empty, &u.source, &e) != 0) {
            report_fail(&u.report, EXIT_INPUT, &e);
            report_place(&u.report, u.source.fault_file, u.source.fault_line, 0);
        } else {
            run(&u);
            print_table(&u);
        }
        session_done(&u.s);
    }
    int status = report_finish(&u.report, o->termination_log);
    free(u.facts);
    source_done(&u.source);
    ledger_done(&u.ledger);
    report_done(&u.report);
    return status;
}
