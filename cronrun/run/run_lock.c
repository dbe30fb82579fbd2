/* run_lock.c: the lock of a run: asked for, waited for, lost. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/proc/procfs.h"
#include "common/proc/tree.h"
#include "cronrun/events.h"
#include "cronrun/run/run_impl.h"

#define ACQUIRE_MS 10000
/* Of the job's deadline, left for the end: a reader of the log that hangs takes all of LOG_FINISH_MS, and KILL and the release of
 * the lock come before that. With no more than LOG_FINISH_MS the Job's end would overtake ours. */
#define JOB_SPARE_MS (LOG_FINISH_MS + 1000)

void
run_lock_lost(struct lease *l, enum lease_grade grade, const struct err *why, void *arg)
{
    (void)l;
    struct run *r = arg;
    if (r->ending)
        return;
    if (!r->facts.started) {
        run_fail(r, &r->facts.unreachable, why);
        return;
    }
    r->forsaken = true;
    bool between = !command_runs(r->command); /* two attempts */
    if (grade == LEASE_GONE)
        command_lost(r->command, why);
    else
        command_unsure(r->command, why);
    log_error(grade == LEASE_GONE ? &event_lock_lost : &event_lock_unsure,
              LOG_FIELDS(LF_STR("job", r->job), LF_STR("run_id", r->run_id)), "%s: %s", r->job,
              why->msg);
    if (between)
        run_fail(r, &r->facts.lost, why);
}

uint64_t
run_left_ms(const struct run *r)
{
    if (r->o->job_deadline_ms == CLOCK_NEVER)
        return CLOCK_NEVER;
    int64_t left_ms = r->job_since_ms + (int64_t)r->o->job_deadline_ms - (int64_t)r->o->grace_ms -
                      JOB_SPARE_MS - clock_wall_ms();
    return left_ms > 0 ? (uint64_t)left_ms : 0;
}

static bool
is_late(struct run *r)
{
    int64_t now_ms = clock_wall_ms();
    if (r->o->starting_deadline_ms != CLOCK_NEVER &&
        now_ms - r->job_since_ms > (int64_t)r->o->starting_deadline_ms) {
        err_set(&r->error, ERR_DEADLINE,
                "the start is %lld s late, which exceeds the starting deadline",
                (long long)(now_ms - r->job_since_ms) / 1000);
        return true;
    }
    if (run_left_ms(r) == 0) {
        err_set(&r->error, ERR_DEADLINE, "no time is left before the job's deadline");
        return true;
    }
    return false;
}

/* A holder's pid may be another container's where several share a host name (those of one pod, or a node's): one of our
 * ancestors is the holder only when it is a cronrun, too. */
static bool
is_runner_above(pid_t pid)
{
    struct procfs_stat above, self;
    return tree_is_ancestor(pid) && procfs_stat(pid, &above) && procfs_stat(getpid(), &self) &&
           strcmp(above.comm, self.comm) == 0;
}

/* True when the holder is the run that started us, or one that it runs in: it would wait for
 * itself. */
static bool
is_nested(const struct run *r)
{
    const char *outer = getenv("CRONRUN_RUN_ID");
    if (outer && r->holder.run_id[0] && strcmp(outer, r->holder.run_id) == 0)
        return true;
    return r->holder.pid > 1 && strcmp(r->holder.host, r->host) == 0 &&
           is_runner_above((pid_t)r->holder.pid);
}

static void
meet_busy(struct run *r)
{
    if (is_nested(r)) {
        struct err e;
        err_set(&e, ERR_USAGE, "the lock is held by run %s, which started this run",
                r->holder.run_id);
        run_fail(r, &r->facts.own_failure, &e);
        return;
    }
    if (r->o->on_busy == BUSY_SKIP ||
        (r->o->on_busy == BUSY_WAIT && clock_left_ms(r->busy_until_ms) == 0)) {
        run_fail(r, r->o->on_busy == BUSY_SKIP ? &r->facts.busy : &r->facts.busy_failed, &r->error);
        return;
    }
    if (r->o->on_busy == BUSY_FAIL) {
        run_fail(r, &r->facts.busy_failed, &r->error);
        return;
    }
    loop_timer_start_at(r->busy_timer, clock_earlier(clock_deadline(backoff_next(&r->busy_again)),
                                                     r->busy_until_ms));
}

static void
tell_waiting(struct run *r)
{
    const struct lease_holder *h = &r->holder;
    char who[HOLDER_MAX];
    run_report_holder(h, who, sizeof(who));
    log_info(&event_lock_wait,
             LOG_FIELDS(LF_STR("job", r->job), LF_STR("run_id", r->run_id),
                        LF_OPT("holder_host", h->host),
                        h->pid ? LF_INT("holder_pid", h->pid) : LF_OPT("holder_pid", NULL),
                        LF_OPT("holder_since", h->since), LF_OPT("holder_run_id", h->run_id)),
             "%s: waiting for the lock, held by %s", r->job, who);
}

static void
on_run_acquired(struct lease *l, const struct err *e, uint64_t fence,
                const struct lease_holder *holder, void *arg)
{
    (void)l;
    struct run *r = arg;
    r->acquiring = false;
    if (!e) {
        r->leased = true;
        r->fence = fence;
    }
    if (r->ending) {
        /* A stop signal came meanwhile; run_finish() waited for this. */
        r->ending = false;
        run_finish(r);
        return;
    }
    if (e && e->code == ERR_BUSY) {
        bool first = r->error.code == ERR_NONE;
        r->error = *e;
        r->holder = holder ? *holder : (struct lease_holder){0};
        if (first && r->o->on_busy == BUSY_WAIT && r->o->busy_wait_ms > 0)
            tell_waiting(r);
        meet_busy(r);
        return;
    }
    if (e) {
        run_fail(r, &r->facts.unreachable, e);
        return;
    }
    err_clear(&r->error);
    /* We may have been stopped since it was granted: then on_run_lost() ends the run. */
    lease_check(r->lease);
    if (r->ending)
        return;
    if (is_late(r))
        run_fail(r, &r->facts.late, &r->error);
    else
        run_command_start(r);
}

void
run_acquire(struct run *r)
{
    struct err e;
    if (is_late(r))
        run_fail(r, &r->facts.late, &r->error);
    else if (lease_acquire_start(r->lease, clock_deadline(ACQUIRE_MS), on_run_acquired, r, &e) < 0)
        run_fail(r, &r->facts.unreachable, &e);
    else
        r->acquiring = true;
}
