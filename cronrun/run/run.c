/* run.c: the life of a run. */
#include "cronrun/run/run.h"

#include <signal.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/net/resolve.h"
#include "common/target/target.h"
#include "common/proc/cores.h"
#include "cronrun/events.h"
#include "cronrun/run/run_impl.h"

#define RELEASE_MS 3000
#define GIVE_BACK_MS 1000
#define BUSY_PAUSE_MS 40
#define BUSY_PAUSE_MOST_MS 1000

/* ---- end ---- */

static void
conclude(struct run *r)
{
    struct outcome_rules rules = {.busy_status = (int)r->o->busy_status,
                                  .late_status = (int)r->o->late_status,
                                  .child_status = (int)r->o->child_status};
    r->outcome = outcome_of(&r->facts, &rules);
    run_report_end(r);
    run_record_end(r);
}

static void
end(struct run *r)
{
    conclude(r);
    run_after(r);
}

static void
on_run_released(struct lease *l, const struct err *e, void *arg)
{
    (void)l;
    struct run *r = arg;
    if (e)
        log_warn(&event_release_failed,
                 LOG_FIELDS(LF_STR("job", r->job), LF_STR("run_id", r->run_id)), "%s: %s", r->job,
                 e->msg);
    end(r);
}

void
run_finish(struct run *r)
{
    if (r->ending)
        return;
    r->ending = true;
    loop_timer_cancel(r->busy_timer);
    loop_timer_cancel(r->retry_timer);
    if (!r->leased && r->acquiring) {
        /* It may be granted already, and a lock in Redis would outlive us: on_run_acquired() gives it back. */
        lease_withdraw(r->lease);
        loop_timer_start(r->busy_timer, GIVE_BACK_MS);
        return;
    }
    if (!r->leased) {
        end(r);
        return;
    }
    struct outcome_rules rules = {.child_status = -1};
    const char *word = outcome_name(outcome_of(&r->facts, &rules).kind);
    struct err e;
    if (lease_release_start(r->lease, word, clock_deadline(RELEASE_MS), on_run_released, r, &e) < 0)
        on_run_released(r->lease, &e, r);
}

void
run_fail(struct run *r, bool *fact, const struct err *e)
{
    *(e->code == ERR_NOMEM ? &r->facts.own_failure : fact) = true;
    if (e != &r->error)
        r->error = *e;
    run_finish(r);
}

/* ---- signals ---- */

/* Also while it waits for its next attempt. */
static void
before_start(struct run *r, const struct signals_event *ev)
{
    switch (ev->signo) {
    case SIGTERM:
    case SIGINT:
    case SIGQUIT:
    case SIGHUP:
        r->facts.stop_signo = ev->signo;
        err_set(&r->error, ERR_STOPPED, "stopped by signal %d before the command started",
                ev->signo);
        run_finish(r);
        return;
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
        signals_stop_self();
        return;
    default:
        return;
    }
}

static bool
is_stop(const struct signals_event *ev)
{
    return !ev->ignored && (ev->signo == SIGTERM || ev->signo == SIGINT || ev->signo == SIGQUIT ||
                            ev->signo == SIGHUP);
}

void
run_signal(struct run *r, const struct signals_event *ev)
{
    if (is_stop(ev) && ev->signo != SIGHUP) /* which is no more than forwarded to the command */
        r->told_to_stop = true;
    if (ev->signo == SIGCHLD || command_runs(r->command))
        command_signal(r->command, ev);
    else if (r->over && is_stop(ev))
        run_after_stop(r);
    else if (!r->ending && !ev->ignored)
        before_start(r, ev);
}

static void
on_run_signals(int fd, int what, void *arg)
{
    (void)fd;
    (void)what;
    struct run *r = arg;
    struct signals_event ev;
    while (signals_read(&r->signals, &ev))
        run_signal(r, &ev);
}

/* ---- start ---- */

static void
on_run_busy_timer(void *arg)
{
    struct run *r = arg;
    if (r->ending)
        end(r);
    else
        run_acquire(r);
}

static int
prepare(struct run *r, struct err *e)
{
    cores_off(&r->cores);
    if (signals_init(&r->signals, e) < 0)
        return -1;
    if (run_name(r, e) < 0)
        return -1;
    r->loop = loop_new(e);
    if (!r->loop)
        return -1;
    r->signal_watch = loop_watch_new(r->loop, r->signals.fd, on_run_signals, r);
    r->busy_timer = loop_timer_new(r->loop, on_run_busy_timer, r);
    r->retry_timer = loop_timer_new(r->loop, run_retry_due, r);
    if (!r->signal_watch || !r->busy_timer || !r->retry_timer ||
        loop_watch_set(r->signal_watch, LOOP_READ) < 0)
        return err_nomem(e);
    if (run_command_init(r, e) < 0 || run_record_init(r, e) < 0)
        return -1;
    if (run_ping_init(r, e) < 0)
        return -1;
    return run_lease_make(r, e);
}

static void
tear_down(struct run *r)
{
    run_ping_done(r);
    lease_free(r->lease);
    resolver_free(r->resolver);
    target_pg_free(r->target_pg);
    target_redis_free(r->target_redis);
    if (r->loop) {
        output_free(r->output);
        command_free(r->command);
        loop_timer_free(r->busy_timer);
        loop_timer_free(r->retry_timer);
        loop_watch_free(r->signal_watch);
        loop_watch_free(r->reader_watch);
    }
    loop_free(r->loop);
    signals_done(&r->signals);
}

/* Wrong options and settings are the user's to mend, anything else is ours. */
static int
not_prepared(struct run *r, const struct err *e)
{
    if (e->code == ERR_USAGE)
        return opt_usage_failed(&cronrun_program, r->o->termination_log, e);
    r->facts.own_failure = true;
    r->error = *e;
    conclude(r);
    return r->outcome.exit;
}

int
run_main(const struct options *o, char **argv)
{
    struct run r = {.o = o,
                    .argv = argv,
                    .signals.fd = -1,
                    .scheduled_ms = -1,
                    .started_ms = -1,
                    .busy_again = {.first_ms = BUSY_PAUSE_MS, .most_ms = BUSY_PAUSE_MOST_MS}};
    struct err e;
    int status;
    if (prepare(&r, &e) < 0) {
        status = not_prepared(&r, &e);
    } else {
        r.busy_until_ms = o->on_busy == BUSY_WAIT ? clock_deadline(o->busy_wait_ms) : 0;
        run_acquire(&r);
        loop_run(r.loop);
        status = r.outcome.exit;
    }
    tear_down(&r);
    return status;
}
