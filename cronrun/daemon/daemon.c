/* daemon.c: the life of the daemon. */
#include "cronrun/daemon/daemon.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/words.h"
#include "common/proc/cores.h"
#include "common/proc/descriptors.h"
#include "cronrun/daemon/daemon_impl.h"
#include "cronrun/events.h"
#include "cronrun/tabfile.h"

#define LOOK_AGAIN_MS 10000
#define RECALL_MS 120000
/* A file that has just been written may be written still; one that never rests is read all the same. */
#define FRESH_MS 1000
#define FRESH_LOOKS 10

/* ---- the crontab ---- */

static bool
same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static bool
is_fresh(const struct stat *s)
{
    int64_t age_ms =
        clock_wall_ms() - (s->st_mtim.tv_sec * INT64_C(1000) + s->st_mtim.tv_nsec / 1000000);
    return age_ms >= 0 && age_ms < FRESH_MS;
}

/* It is in the crontab no more, with a start that has waited. */
static void
on_job_left(const struct job *job, const struct due_start *start, void *arg)
{
    (void)arg;
    report_skipped(job, start, "removed");
}

/* Reads it, and adopts its jobs; what is wrong with it has been said. */
static int
load(struct daemon *d, struct err *e)
{
    const struct crontab_rules rules =
        tabfile_rules((enum cron_dialect)d->o->dialect, (enum cron_dst)d->o->dst);
    struct crontab_faults faults = {0};
    struct crontab *tab = NULL;
    struct jobs_change change;
    if (stat(d->path, &d->read) < 0)
        d->read = (struct stat){0};
    int rc = tabfile_read_kept(d->path, &rules, &tab, &faults, e);
    report_faults(d, &faults);
    if (rc == 0) {
        const struct jobs_source from = {.tab = tab,
                                         .zone = d->zone,
                                         .now_ms = d->clock.wall_ms, /* looked at so far */
                                         .left = on_job_left};
        rc = jobs_set(&d->jobs, &from, &change, e);
    }
    d->refused = rc < 0;
    if (rc < 0 && (e->code == ERR_SYSTEM || e->code == ERR_NOMEM))
        d->read = (struct stat){0}; /* the file is not at fault: it is tried again */
    if (rc == 0) {
        d->loaded_ms = clock_wall_ms();
        report_loaded(d, &change);
    } else if (d->loaded_ms >= 0) {
        report_refused(d, &faults, e);
    }
    crontab_faults_done(&faults);
    return rc;
}

static void
reload(struct daemon *d)
{
    struct err e;
    starts_look(d); /* what is due by the old one */
    if (load(d, &e) < 0)
        d->refusals++;
    else
        d->reloads++;
    if (d->watchfile)
        watchfile_renew(d->watchfile);
    starts_look(d);
}

/* Something happened where it is, or nothing was seen for a while: inotify does not see everything. */
static void
on_file(void *arg)
{
    struct daemon *d = arg;
    struct stat now;
    if (d->draining)
        return;
    if (stat(d->path, &now) < 0)
        now = (struct stat){0};
    if (!same_file(&now, &d->read) && is_fresh(&now) && d->fresh_looks++ < FRESH_LOOKS) {
        loop_timer_start(d->look_timer, FRESH_MS);
        return;
    }
    d->fresh_looks = 0;
    if (!same_file(&now, &d->read))
        reload(d);
    else if (d->watchfile)
        watchfile_renew(d->watchfile);
    loop_timer_start(d->look_timer, LOOK_AGAIN_MS);
}

/* ---- what was missed before ---- */

static bool
recall_wants(const char *name, void *arg)
{
    const struct daemon *d = arg;
    for (size_t i = 0; i < d->jobs.n; i++)
        if (strcmp(d->jobs.items[i]->name, name) == 0)
            return d->jobs.items[i]->tab->catchup;
    return false;
}

static void
on_recalled(const char *name, int64_t last_ms, void *arg)
{
    struct daemon *d = arg;
    for (size_t i = 0; i < d->jobs.n; i++)
        if (strcmp(d->jobs.items[i]->name, name) == 0)
            due_recall(&d->jobs.items[i]->due, last_ms / 1000);
}

static void
on_recall_done(bool failed, void *arg)
{
    struct daemon *d = arg;
    report_recalled(d, failed);
    recall_free(d->recall);
    d->recall = NULL;
    starts_look(d);
}

/* Of jobs with catchup=one, when they ran last. Without an answer they go on from now. */
static void
recall(struct daemon *d)
{
    struct err e;
    bool wanted = false;
    for (size_t i = 0; i < d->jobs.n; i++)
        wanted = wanted || d->jobs.items[i]->tab->catchup;
    if (!wanted)
        return;
    const struct spawn spawn = {.signals = &d->signals, /* no core file: it is one of ours */
                                .descriptors = d->launch.spawn.descriptors};
    const struct recall_request request = {.program = launch_program(),
                                           .path = d->path,
                                           .dialect = cron_dialect_names[d->o->dialect],
                                           .dst = cron_dst_names[d->o->dst],
                                           .spawn = spawn,
                                           .deadline_ms = clock_deadline(RECALL_MS),
                                           .wants = recall_wants,
                                           .cb = on_recalled,
                                           .done = on_recall_done,
                                           .arg = d};
    d->recall = recall_new(d->loop, &request, &e);
    if (!d->recall)
        report_recalled(d, true);
}

/* ---- the end ---- */

void
daemon_look_for_end(struct daemon *d)
{
    if (d->draining && d->n_runs == 0 && !d->strays)
        loop_quit(d->loop);
}

static void
on_drain_over(void *arg)
{
    struct daemon *d = arg;
    log_warn(&event_drain_over, LOG_FIELDS(LF_UINT("running", d->n_runs)),
             "%zu runs are still there, and are told to end", d->n_runs);
    runs_stop(d, NULL);
    d->strays = false;
    daemon_look_for_end(d);
}

static void
stop(struct daemon *d)
{
    char text[CLOCK_DURATION_MAX];
    if (++d->stops > 1) {
        loop_timer_cancel(d->drain_timer);
        on_drain_over(d);
        return;
    }
    log_info(&event_draining,
             LOG_FIELDS(LF_UINT("running", d->n_runs), LF_UINT("drain_ms", d->o->drain_ms)),
             "stopping: no more starts; %zu runs may go on for another %s", d->n_runs,
             clock_format_duration(text, d->o->drain_ms));
    d->draining = true;
    starts_drop(d);
    loop_timer_start(d->drain_timer, d->o->drain_ms);
    daemon_look_for_end(d);
}

/* ---- signals ---- */

static void
on_signal(struct daemon *d, const struct signals_event *ev)
{
    switch (ev->signo) {
    case SIGCHLD:
        runs_reap(d);
        return;
    case SIGTERM:
        stop(d);
        return;
    case SIGINT:
    case SIGQUIT:
        if (!ev->ignored)
            stop(d);
        return;
    case SIGHUP:
        if (!d->draining)
            reload(d);
        return;
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
        signals_stop_self();
        starts_look(d);
        return;
    default:
        return;
    }
}

static void
on_daemon_signals(int fd, int what, void *arg)
{
    (void)fd;
    (void)what;
    struct daemon *d = arg;
    struct signals_event ev;
    while (signals_read(&d->signals, &ev))
        on_signal(d, &ev);
}

/* ---- from start to end ---- */

static void
on_time(void *arg)
{
    starts_look(arg);
}

/* What a run that was killed leaves comes to us, and not to an init that knows nothing of it. */
static int
adopt_orphans(struct daemon *d, struct err *e)
{
    if (!procfs_children(getpid(), &d->foreign))
        return err_nomem(e);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    return 0;
}

static int
init(struct daemon *d, struct err *e)
{
    cores_off(&d->cores);
    d->launch.spawn = (struct spawn){
        .signals = &d->signals,
        .cores = &d->cores,
        .descriptors = descriptors_raise(RLIM_INFINITY), /* each run costs one */
    };
    if (signals_init(&d->signals, e) < 0 || adopt_orphans(d, e) < 0)
        return -1;
    d->loop = loop_new(e);
    if (!d->loop)
        return -1;
    d->signal_watch = loop_watch_new(d->loop, d->signals.fd, on_daemon_signals, d);
    d->drain_timer = loop_timer_new(d->loop, on_drain_over, d);
    d->look_timer = loop_timer_new(d->loop, on_file, d);
    if (!d->signal_watch || !d->drain_timer || !d->look_timer ||
        loop_watch_set(d->signal_watch, LOOP_READ) < 0)
        return err_nomem(e);
    d->timer = walltimer_new(d->loop, on_time, d, e);
    return d->timer ? 0 : -1;
}

static void
fill_view(struct view *ret, void *arg)
{
    const struct daemon *d = arg;
    *ret = (struct view){.jobs = d->jobs.items,
                         .n = d->jobs.n,
                         .now_ms = clock_wall_ms(),
                         .begun_ms = d->begun_ms,
                         .loaded_ms = d->loaded_ms,
                         .running = d->n_runs,
                         .reloads = d->reloads,
                         .refusals = d->refusals,
                         .draining = d->draining,
                         .refused = d->refused};
}

static int
listen_all(struct daemon *d, struct err *e)
{
    d->web = web_new(d->loop, &d->o->listen, fill_view, d, e);
    if (!d->web)
        return e->code == ERR_NONE ? 0 : -1;
    for (size_t i = 0; web_bound(d->web, i); i++)
        log_info(&event_listening, LOG_FIELDS(LF_STR("address", web_bound(d->web, i))),
                 "listening on %s", web_bound(d->web, i));
    return 0;
}

/* Without it the daemon does all the rest. */
static void
watch_file(struct daemon *d)
{
    struct err e;
    d->watchfile = watchfile_new(d->loop, d->path, on_file, d, &e);
    if (!d->watchfile)
        log_warn(&event_not_watched, LOG_FIELDS(LF_STR("file", words_showable(d->path))),
                 "changes of the crontab are noticed within ten seconds, or on SIGHUP: %s", e.msg);
}

static void
done(struct daemon *d)
{
    if (d->loop) {
        web_free(d->web);
        recall_free(d->recall);
        watchfile_free(d->watchfile);
        walltimer_free(d->timer);
        loop_timer_free(d->drain_timer);
        loop_timer_free(d->look_timer);
        loop_watch_free(d->signal_watch);
    }
    runs_done(d);
    jobs_done(&d->jobs);
    procfs_list_done(&d->foreign);
    loop_free(d->loop);
    signals_done(&d->signals);
}

static int
own_failure(const struct err *e)
{
    log_error(&event_cannot_start, LOG_FIELDS(LF_INT("exit", STATUS_OWN)), "%s", e->msg);
    return STATUS_OWN;
}

static int
serve(struct daemon *d, struct err *e)
{
    watch_file(d); /* before it is read, so that no change is overlooked */
    d->begun_ms = clock_wall_ms();
    d->clock = (struct due_clock){d->begun_ms, clock_boot_ms()};
    if (load(d, e) < 0 || listen_all(d, e) < 0)
        return -1;
    loop_timer_start(d->look_timer, LOOK_AGAIN_MS);
    recall(d);
    starts_look(d);
    loop_run(d->loop);
    log_info(&event_stopped, LOG_NONE, "stopped");
    return 0;
}

int
daemon_main(const struct options *o, const struct opt_result *given)
{
    const char *variable = getenv("TZ");
    struct daemon d = {.o = o,
                       .path = given->argv[0],
                       .zone = o->tz                   ? o->tz
                               : variable && *variable ? variable
                                                       : "UTC",
                       .signals.fd = -1,
                       .loaded_ms = -1,
                       .launch = {.log_format = log_format_names[given->common.log_format],
                                  .log_level = log_level_names[given->common.log_level]}};
    struct err e;
    int status = 0;
    if (init(&d, &e) < 0)
        status = own_failure(&e);
    else if (serve(&d, &e) < 0)
        status = e.code == ERR_USAGE || e.code == ERR_INPUT
                     ? opt_usage_failed(given->program, o->termination_log, &e)
                     : own_failure(&e);
    done(&d);
    return status;
}
