/* wrap.c: from the first connection to the report. */
#include "migrate/wrap/wrap.h"

#include <sys/wait.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/proc/exec.h"
#include "common/target/target.h"
#include "migrate/db/connect.h"
#include "migrate/events.h"
#include "migrate/wrap/ending.h"
#include "migrate/wrap/output.h"
#include "migrate/wrap/tools.h"
#include "migrate/wrap/wrap_env.h"
#include "migrate/wrap/wrap_impl.h"

#define EVIDENCE_MS 5000u
#define TAIL_BYTES 1024u

static void
fail(struct wrap *w, const struct err *e)
{
    struct err said = *e;
    if ((e->code == ERR_DEADLINE || e->code == ERR_STOPPED) && w->lock_wait.holder[0])
        err_set(&said, e->code, "%s; blocked by %s", e->msg, w->lock_wait.holder);
    report_fail(&w->report, report_exit_for(e), &said);
}

/* ---- before ---- */

static int
fit(struct wrap *w, struct err *e)
{
    if (w->s.in_recovery)
        return err_set(e, ERR_WRONG_ROLE, "cannot apply migrations on a standby");
    if (!w->s.pooled)
        return 0;
    err_set(
        e, ERR_USAGE,
        "cannot hold the lock through a connection pooler, which was detected because the protocol and the server report different process IDs");
    fail(w, e);
    report_hint(
        &w->report,
        "let migrate connect to PostgreSQL directly (--database, MIGRATE_DATABASE); the command may continue to use the pooler");
    return -1;
}

static int
take_lock(struct wrap *w, struct err *e)
{
    while (!lock_held(&w->lock, &w->s))
        if (lock_wait_try(&w->lock_wait, &w->lock, &w->s, e) != 0)
            return -1;
    return 0;
}

/* While we hold the lock nobody takes a lease; one that was taken before, behind a pooler, is waited for. */
static int
wait_for_lease(struct wrap *w, struct err *e)
{
    char owner[sizeof(w->claim.owner)];
    for (;;) {
        if (claim_find_other(&w->claim, owner, sizeof(owner), e) != 0)
            return -1;
        if (!owner[0])
            break;
        if (lock_wait_pause(&w->lock_wait, &w->lock, owner, &w->s, e) != 0)
            return -1;
    }
    lock_wait_over(&w->lock_wait);
    return 0;
}

/* ---- after ---- */

static void
note_new(const char *revision, void *arg)
{
    struct wrap *w = arg;
    report_applied(&w->report, revision);
    log_info(&event_revision,
             LOG_FIELDS(LF_STR("tool", w->spec->tool->name), LF_STR("revision", revision)),
             "%s added %s to its history", w->spec->tool->name, revision);
}

/* What the history shows, whatever the command's status says. */
static void
compare_history(struct wrap *w)
{
    struct evidence after;
    session_steady(&w->s, EVIDENCE_MS);
    if (w->lost)
        return;
    evidence_read(w->spec->tool, &w->s, &after);
    evidence_compare(&w->before, &after, note_new, w);
    evidence_done(&after);
}

/* The tool's files are an older release's: it said so, and the history bears it out. */
static bool
lacks_revision(struct wrap *w)
{
    cleanup_strbuf struct strbuf kept = STRBUF_INIT;
    char revision[256];
    const struct tool *t = w->spec->tool;
    output_kept(w->output, &kept);
    if (!t || (t->proof == TOOL_WARNS && w->end.wait_status != 0) ||
        !tool_lacks(t, strbuf_str(&kept), w->before.revisions, w->before.n, revision,
                    sizeof(revision)))
        return false;
    log_warn(
        &event_tool_ahead, LOG_FIELDS(LF_STR("tool", t->name), LF_OPT("revision", revision)),
        "the database is ahead of the files of %s%s%s; this may be an older release, or a rollback",
        t->name, revision[0] ? ", which lack " : "", revision);
    return true;
}

static void
note_command(struct wrap *w)
{
    struct report_command *c = &w->report.command;
    cleanup_strbuf struct strbuf kept = STRBUF_INIT;
    cleanup_strbuf struct strbuf last = STRBUF_INIT;
    bool executed = w->end.exec_status == 0;
    output_kept(w->output, &kept);
    cleanup_free char *shown = target_pg_redact(w->s.target, strbuf_str(&kept));
    if (shown)
        output_last(shown, TAIL_BYTES, &last);
    c->ran = true;
    c->exit = executed && WIFEXITED(w->end.wait_status) ? WEXITSTATUS(w->end.wait_status) : -1;
    c->signo = executed && WIFSIGNALED(w->end.wait_status) ? WTERMSIG(w->end.wait_status) : 0;
    c->tail = last.len ? strbuf_steal(&last) : NULL;
}

static void
tell_end(struct wrap *w, bool lacks)
{
    char took[CLOCK_DURATION_MAX];
    uint64_t took_ms = clock_mono_ms() - w->report.start_ms;
    clock_format_duration(took, took_ms);
    if (w->report.applied_n == 0 && lacks)
        w->report.outcome = "ahead";
    else if (w->report.applied_n == 0 && w->before.n > 0) /* else nobody knows what it did */
        w->report.outcome = "nothing";
    log_info(&event_command_done,
             LOG_FIELDS(LF_STR("outcome", report_outcome(&w->report)),
                        LF_UINT("applied", w->report.applied_n),
                        LF_INT("command_exit", w->report.command.exit),
                        LF_UINT("duration_ms", took_ms)),
             "%s completed in %s", w->spec->argv[0], took);
}

static void
conclude(struct wrap *w)
{
    struct err e = {0};
    bool lacks = lacks_revision(w);
    const struct ending_facts facts = {
        .command = w->spec->argv[0],
        .exec_status = w->end.exec_status,
        .wait_status = w->end.wait_status,
        .stop_signo = w->cause == CAUSE_STOP ? w->end.stop_signo : 0,
        .deadline = w->cause == CAUSE_DEADLINE && w->end.deadline,
        .lost = w->lost,
        .why = w->lost ? &w->why : &w->end.error,
        .lacks = lacks,
        .refuse_ahead = w->o->ahead == AHEAD_REFUSE,
    };
    note_command(w);
    enum exit_status exit = ending_of(&facts, &e);
    if (exit == EXIT_DONE)
        tell_end(w, lacks);
    else
        report_fail(&w->report, exit, &e);
}

/* ---- the way ---- */

static int
run(struct wrap *w, struct err *e)
{
    if (connect_open(&w->s, e) != 0) {
        report_fail(&w->report, report_exit_for_connect(e), e);
        return -1;
    }
    if (fit(w, e) != 0 || take_lock(w, e) != 0 || wait_for_lease(w, e) != 0)
        return -1;
    evidence_read(w->spec->tool, &w->s, &w->before);
    if (wrap_command_run(w, e) != 0)
        return -1;
    compare_history(w);
    conclude(w);
    session_cleanup(&w->s);
    lock_release(&w->lock, &w->s);
    return 0;
}

static int
prepare(struct wrap *w, struct err *e)
{
    if (exec_look(w->spec->argv[0], e) != 0 || signals_init(&w->signals, e) != 0 ||
        ledger_table_parse(w->o->table ? w->o->table : layout_native.table, &w->table, e) != 0 ||
        lock_init(&w->lock, w->table.quoted, e) != 0 ||
        session_init_unsignalled(&w->s, w->o, e) != 0 ||
        claim_init(&w->claim, &w->table, &w->s, e) != 0)
        return -1;
    return wrap_command_init(w, e);
}

static void
tear_down(struct wrap *w)
{
    if (w->s.loop) {
        wrap_command_done(w);
        claim_done(&w->claim);
        session_done(&w->s);
    }
    signals_done(&w->signals);
    evidence_done(&w->before);
    ledger_table_done(&w->table);
}

int
wrap_run(const struct wrap_spec *spec)
{
    struct err e = {0};
    struct wrap w = {.spec = spec, .o = spec->o, .signals.fd = -1};
    report_init(&w.report, log_is_text());
    lock_wait_init(&w.lock_wait);
    if (prepare(&w, &e) != 0 || run(&w, &e) != 0)
        fail(&w, &e);
    int status = report_finish(&w.report, spec->o->termination_log);
    tear_down(&w);
    report_done(&w.report);
    return status;
}
