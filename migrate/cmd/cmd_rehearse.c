/* cmd_rehearse.c: `migrate rehearse`: what up would do, done on the real server and rolled back. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "migrate/cmd/cmd.h"
#include "migrate/cmd/up.h"
#include "migrate/events.h"
#include "migrate/rehearse/rehearse.h"

static int cmd_rehearse_run(void *options, const struct opt_result *given);

const struct opt_command cmd_rehearse = {
    .name = "rehearse",
    .args = "",
    .summary = "do what up would do, show what it locks and for how long, and roll it back",
    .more =
        "Runs the pending files on the real server, under the same lock and with the same lock_timeout as up, in one "
        "transaction that is rolled back at the end. For each statement it prints how long it took, the strongest lock "
        "that it took on each relation that existed before, how large that is, whether it was rewritten, how long the "
        "lock would have been held (until its file commits), and who would have waited: BLOCKS READS, BLOCKS WRITES or "
        "ok. What cannot run in a transaction is listed with what it would do.\n\n"
        "The locks are real while it runs, and so are the reads, the writes and the WAL: run it on staging, on a "
        "restored copy, or in an hour of your choice. It asks for a --deadline.\n\n"
        "The exit status is 25 when a table was rewritten, or an AccessExclusiveLock was held longer than "
        "--max-blocking.",
    .options = OPT_NAMES("dir", "allow-empty", "database", "table", "layout", "wait", "lock-wait",
                         "lock-timeout", "statement-timeout", "deadline", "out-of-order", "ahead",
                         "phase", "to", "steps", "dry-run", "pooler", "role", "search-path",
                         "release", "max-blocking", "json", "termination-log"),
    .run = cmd_rehearse_run,
};

struct show {
    struct picture picture;
    bool begun; /* there was something to rehearse */
};

static void
print(struct turn *t, struct show *s)
{
    cleanup_strbuf struct strbuf out = STRBUF_INIT;
    struct err e = {0};
    s->picture.took_ms = clock_mono_ms() - t->report.start_ms;
    if (t->o->json)
        picture_json(&s->picture, &out);
    else
        picture_text(&s->picture, isatty(STDOUT_FILENO) && !getenv("NO_COLOR"), &out);
    if (out.failed) {
        err_nomem(&e);
        turn_fail(t, &e);
        return;
    }
    if (t->o->json) { /* the object is printed at the end, with what is in the report */
        report_member(&t->report, "rehearsal", strbuf_str(&out));
        return;
    }
    log_flush();
    fwrite(strbuf_str(&out), 1, out.len, stdout);
    report_output(&t->report);
}

/* What a finding means for the run: the first one is its place. */
static void
judge(struct turn *t, struct show *s)
{
    struct err e = {0};
    if (picture_judge(&s->picture, &e) != 0) {
        turn_fail(t, &e);
        return;
    }
    if (s->picture.findings_n == 0)
        return;
    const struct picture_finding *first = &s->picture.findings[0];
    size_t others = s->picture.findings_n - 1;
    if (others)
        err_set(&e, ERR_INPUT, "%s, and %zu finding%s more", first->message, others,
                others == 1 ? "" : "s");
    else
        err_set(&e, ERR_INPUT, "%s", first->message);
    report_fail(&t->report, EXIT_FINDINGS, &e);
    report_place(&t->report, first->file, first->line, 0);
}

static enum turn_step
rehearse_act(struct turn *t)
{
    struct show *s = t->arg;
    up_tell_plan(t);
    s->begun = true;
    s->picture.server_version = pgconn_server_version(t->s.work);
    s->picture.max_blocking_ms = t->o->max_blocking_ms;
    log_warn(&event_rehearsing, LOG_FIELDS(LF_UINT("pending", t->plan.steps)),
             "rehearsing %zu file%s: real locks are held until all of it is rolled back",
             t->plan.steps, t->plan.steps == 1 ? "" : "s");
    if (rehearse(t, &s->picture) != 0)
        return TURN_END;
    judge(t, s);
    if (!t->report.failed)
        t->report.outcome = "rehearsed";
    log_info(&event_rehearsed,
             LOG_FIELDS(LF_UINT("files", s->picture.n), LF_UINT("findings", s->picture.findings_n),
                        LF_UINT("duration_ms", clock_mono_ms() - t->report.start_ms)),
             "rehearsed %zu file%s; all of it is rolled back", s->picture.n,
             s->picture.n == 1 ? "" : "s");
    return TURN_END;
}

int
cmd_rehearse_go(const struct options *o, const struct opt_result *given)
{
    static const struct turn_work work = {
        .look = up_look, .show = up_show, .act = rehearse_act, .stateless = true};
    struct show s = {.begun = false};
    struct turn t;
    struct err e = {0};
    if (o->deadline_ms == CLOCK_NEVER) {
        err_set(
            &e, ERR_USAGE,
            "a rehearsal holds real locks while it runs: say how long it may take, as in --deadline 5m");
        return opt_usage_failed(given->program, o->termination_log, &e);
    }
    turn_init(&t, cmd_rehearse.name, &work, o);
    t.arg = &s;
    turn_run(&t);
    if (s.begun || (o->json && !o->dry_run))
        print(&t, &s);
    int status = turn_done(&t);
    picture_done(&s.picture);
    return status;
}

static int
cmd_rehearse_run(void *options, const struct opt_result *given)
{
    return cmd_rehearse_go(options, given);
}
