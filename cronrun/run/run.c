/* run.c: the life of a run. */
#include "cronrun/run/run.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/log.h"
#include "common/pg/pgconn.h"
#include "common/net/resolve.h"
#include "common/target/target.h"
#include "common/proc/cores.h"
#include "common/proc/procfs.h"
#include "common/proc/tree.h"
#include "cronrun/events.h"
#include "cronrun/run/instant.h"
#include "cronrun/run/run_impl.h"

#define ACQUIRE_MS 10000
#define RELEASE_MS 3000
#define GIVE_BACK_MS 1000
/* Of the job's deadline, left for the end: a reader of the log that hangs takes all of LOG_FINISH_MS, and KILL and the release of
 * the lock come before that. With no more than LOG_FINISH_MS the Job's end would overtake ours. */
#define JOB_SPARE_MS (LOG_FINISH_MS + 1000)
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
    loop_quit(r->loop);
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

static void
fail(struct run *r, bool *fact, const struct err *e)
{
    *(e->code == ERR_NOMEM ? &r->facts.own_failure : fact) = true;
    if (e != &r->error)
        r->error = *e;
    run_finish(r);
}

/* ---- lock ---- */

static void acquire(struct run *r);

static void
on_run_lost(struct lease *l, enum lease_grade grade, const struct err *why, void *arg)
{
    (void)l;
    struct run *r = arg;
    if (r->ending)
        return;
    if (!r->facts.started) {
        fail(r, &r->facts.unreachable, why);
        return;
    }
    if (grade == LEASE_GONE)
        command_lost(r->command, why);
    else
        command_unsure(r->command, why);
    log_error(grade == LEASE_GONE ? &event_lock_lost : &event_lock_unsure,
              LOG_FIELDS(LF_STR("job", r->job), LF_STR("run_id", r->run_id)), "%s: %s", r->job,
              why->msg);
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
        fail(r, &r->facts.own_failure, &e);
        return;
    }
    if (r->o->on_busy == BUSY_SKIP ||
        (r->o->on_busy == BUSY_WAIT && clock_left_ms(r->busy_until_ms) == 0)) {
        fail(r, r->o->on_busy == BUSY_SKIP ? &r->facts.busy : &r->facts.busy_failed, &r->error);
        return;
    }
    if (r->o->on_busy == BUSY_FAIL) {
        fail(r, &r->facts.busy_failed, &r->error);
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
        fail(r, &r->facts.unreachable, e);
        return;
    }
    err_clear(&r->error);
    /* We may have been stopped since it was granted: then on_run_lost() ends the run. */
    lease_check(r->lease);
    if (r->ending)
        return;
    if (is_late(r))
        fail(r, &r->facts.late, &r->error);
    else
        run_command_start(r);
}

static void
acquire(struct run *r)
{
    struct err e;
    if (is_late(r))
        fail(r, &r->facts.late, &r->error);
    else if (lease_acquire_start(r->lease, clock_deadline(ACQUIRE_MS), on_run_acquired, r, &e) < 0)
        fail(r, &r->facts.unreachable, &e);
    else
        r->acquiring = true;
}

static void
on_run_busy_timer(void *arg)
{
    struct run *r = arg;
    if (r->ending)
        end(r);
    else
        acquire(r);
}

static struct lease *
pg_lease(struct run *r, struct err *e)
{
    if (target_pg_load(r->o->lock_where, NULL, &r->target_pg, e) < 0)
        return NULL;
    if (!r->target_pg) {
        err_set(
            e, ERR_USAGE,
            "--lock postgres: the location of PostgreSQL is not set (use DATABASE_URL or the like, or --database)");
        return NULL;
    }
    if (pgconn_supports(r->target_pg, e) < 0)
        return NULL;
    r->resolver = resolver_new(r->loop, e);
    if (!r->resolver)
        return NULL;
    return lease_pg_new(r->loop, r->resolver, r->target_pg, &r->owner, r->o->lock_settle_ms, e);
}

static struct lease *
redis_lease(struct run *r, struct err *e)
{
    if (target_redis_load(r->o->lock_where, NULL, &r->target_redis, e) < 0)
        return NULL;
    if (!r->target_redis) {
        err_set(
            e, ERR_USAGE,
            "--lock redis: the location of Redis is not set (use REDIS_URL or the like, or --redis)");
        return NULL;
    }
    r->resolver = resolver_new(r->loop, e);
    if (!r->resolver)
        return NULL;
    return lease_redis_new(r->loop, r->resolver, r->target_redis, &r->owner, r->o->lock_ttl_ms, e);
}

static int
make_lease(struct run *r, struct err *e)
{
    r->owner = (struct lease_owner){.name = r->job, .host = r->host, .run_id = r->run_id};
    switch (r->o->lock_kind) {
    case LOCK_NONE:
        r->lease = lease_none_new(r->loop, e);
        break;
    case LOCK_FILE:
        r->lease = lease_file_new(r->loop, r->o->lock_where, &r->owner, e);
        break;
    case LOCK_POSTGRES:
        r->lease = pg_lease(r, e);
        break;
    case LOCK_REDIS:
        r->lease = redis_lease(r, e);
        break;
    }
    if (!r->lease)
        return -1;
    lease_set_lost_cb(r->lease, on_run_lost, r);
    return 0;
}

/* ---- signals ---- */

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

void
run_signal(struct run *r, const struct signals_event *ev)
{
    if (ev->signo == SIGCHLD || command_runs(r->command))
        command_signal(r->command, ev);
    else if (!r->ending && !r->facts.started && !ev->ignored)
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

static int
make_run_id(char *buf, struct err *e)
{
    uint8_t b[16];
    if (digest_random(b, sizeof(b), e) < 0)
        return -1;
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    char hex[33];
    digest_hex(hex, b, sizeof(b));
    snprintf(buf, LEASE_RUN_ID_MAX, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
             hex + 20);
    return 0;
}

/* Letters that a holder's line may hold; the command's name may be anything. */
static void
copy_name(char *dest, size_t size, const char *name)
{
    snprintf(dest, size, "%s", name);
    for (char *p = dest; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == '"' || *p == '\\' || *p == 0x7f)
            *p = '_';
}

/* A deadline that counts from the scheduled instant counts from our start where that is unknown: a Job made by hand starts
 * when it was wanted, but a CronJob's that has lost its instant is never late. */
static void
tell_no_instant(const struct run *r)
{
    char why[INSTANT_WHY_MAX];
    bool starting = r->o->starting_deadline_ms != CLOCK_NEVER;
    if (!starting && r->o->job_deadline_ms == CLOCK_NEVER)
        return;
    bool lost = instant_why_missing(r->host, why);
    log_write(lost || starting ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, &event_no_instant,
              LOG_FIELDS(LF_STR("job", r->job), LF_STR("run_id", r->run_id)),
              "%s: %s counts from now, because %s; use --scheduled-at to set the scheduled time",
              r->job, starting ? "--starting-deadline" : "--job-deadline", why);
}

static int
name_run(struct run *r, struct err *e)
{
    char host[256] = "";
    gethostname(host, sizeof(host) - 1);
    copy_name(r->host, sizeof(r->host), host);
    char pod_name[LEASE_NAME_MAX + 1];
    int64_t pod_ms;
    bool from_pod = instant_from_pod(host, clock_wall_ms(), pod_name, sizeof(pod_name), &pod_ms);
    r->scheduled_ms = r->o->scheduled_ms >= 0 ? r->o->scheduled_ms : from_pod ? pod_ms : -1;
    r->job_since_ms = r->scheduled_ms >= 0 ? r->scheduled_ms : clock_wall_ms();
    const char *slash = strrchr(r->argv[0], '/');
    const char *base = slash && slash[1] ? slash + 1 : r->argv[0];
    bool remote = r->o->lock_kind == LOCK_POSTGRES || r->o->lock_kind == LOCK_REDIS;
    if (remote && !r->o->name && !from_pod) {
        char why[INSTANT_WHY_MAX];
        instant_why_missing(r->host, why);
        return err_set(
            e, ERR_USAGE,
            "--name is required: a lock in PostgreSQL or Redis needs the job's name, and %s", why);
    }
    copy_name(r->job, sizeof(r->job), r->o->name ? r->o->name : from_pod ? pod_name : base);
    if (make_run_id(r->run_id, e) < 0)
        return -1;
    if (r->scheduled_ms < 0)
        tell_no_instant(r);
    return 0;
}

static int
prepare(struct run *r, struct err *e)
{
    cores_off(&r->cores);
    if (signals_init(&r->signals, e) < 0)
        return -1;
    if (name_run(r, e) < 0)
        return -1;
    r->loop = loop_new(e);
    if (!r->loop)
        return -1;
    r->signal_watch = loop_watch_new(r->loop, r->signals.fd, on_run_signals, r);
    r->busy_timer = loop_timer_new(r->loop, on_run_busy_timer, r);
    if (!r->signal_watch || !r->busy_timer || loop_watch_set(r->signal_watch, LOOP_READ) < 0)
        return err_nomem(e);
    if (run_command_init(r, e) < 0 || run_record_init(r, e) < 0)
        return -1;
    return make_lease(r, e);
}

static void
tear_down(struct run *r)
{
    lease_free(r->lease);
    resolver_free(r->resolver);
    target_pg_free(r->target_pg);
    target_redis_free(r->target_redis);
    if (r->loop) {
        command_free(r->command);
        loop_timer_free(r->busy_timer);
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
        acquire(&r);
        loop_run(r.loop);
        status = r.outcome.exit;
    }
    tear_down(&r);
    return status;
}
