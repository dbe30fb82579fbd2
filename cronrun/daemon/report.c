/* report.c: what the daemon says; a run speaks for itself. */
#include <inttypes.h>
#include <sys/wait.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/words.h"
#include "cronrun/daemon/daemon_impl.h"
#include "cronrun/events.h"

static const char *
instant(char buf[CLOCK_RFC3339_MAX], int64_t at_s)
{
    return clock_format_rfc3339(buf, at_s * 1000000, 0);
}

void
report_loaded(const struct daemon *d, const struct jobs_change *change)
{
    log_info(&event_crontab_loaded,
             LOG_FIELDS(LF_STR("file", words_showable(d->path)), LF_UINT("jobs", d->jobs.n),
                        LF_UINT("added", change->added), LF_UINT("changed", change->changed),
                        LF_UINT("removed", change->removed)),
             "%s: %zu jobs, %zu new, %zu changed, %zu removed", words_showable(d->path), d->jobs.n,
             change->added, change->changed, change->removed);
}

void
report_faults(const struct daemon *d, const struct crontab_faults *faults)
{
    for (size_t i = 0; i < faults->n; i++) {
        const struct crontab_fault *f = &faults->items[i];
        if (!f->is_error) /* what another dialect would do is for `check` to tell */
            continue;
        log_error(&event_crontab_fault,
                  LOG_FIELDS(LF_STR("file", words_showable(d->path)), LF_UINT("line", f->line),
                             LF_UINT("column", f->column)),
                  "%s:%u:%u: %s", words_showable(d->path), f->line, f->column, f->text);
    }
}

void
report_refused(const struct daemon *d, const struct crontab_faults *faults, const struct err *e)
{
    log_error(
        &event_crontab_refused,
        LOG_FIELDS(LF_STR("file", words_showable(d->path)), LF_UINT("errors", faults->n_errors)),
        "the previous crontab stays in force: %s", e->msg);
}

void
report_recalled(const struct daemon *d, bool failed)
{
    size_t n = 0;
    for (size_t i = 0; i < d->jobs.n; i++)
        n += d->jobs.items[i]->tab->catchup;
    log_write(
        failed ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, &event_recalled,
        LOG_FIELDS(LF_STR("file", words_showable(d->path)), LF_UINT("jobs", n)),
        failed
            ? "it is not known of all jobs with catchup=one when they ran last, and what those have "
              "missed is not made up for; cronrun status with this crontab says why"
            : "it is known when jobs with catchup=one ran last");
}

void
report_missed(const struct job *job, const struct due_found *found)
{
    char text[CLOCK_RFC3339_MAX];
    bool last = !found->start;
    log_warn(&event_start_missed,
             LOG_FIELDS(LF_STR("job", job->name), LF_STR("scheduled", instant(text, found->at_s)),
                        LF_UINT("missed", found->missed), LF_INT("late_ms", found->late_ms)),
             "%s: %" PRIu64 "%s of its times missed%s", job->name, found->missed,
             found->or_more ? " or more" : "", last ? "" : "; the latest is started");
}

void
report_late(const struct job *job, const struct due_found *found)
{
    char text[CLOCK_RFC3339_MAX];
    log_info(&event_start_late,
             LOG_FIELDS(LF_STR("job", job->name), LF_STR("scheduled", instant(text, found->at_s)),
                        LF_INT("late_ms", found->late_ms)),
             "%s is started %" PRId64 " s late", job->name, found->late_ms / 1000);
}

void
report_skipped(const struct job *job, const struct due_start *start, const char *why)
{
    char text[CLOCK_RFC3339_MAX];
    char since[CLOCK_RFC3339_MAX];
    bool running = job->running_since_ms >= 0;
    log_info(
        &event_start_skipped,
        LOG_FIELDS(
            LF_STR("job", job->name), LF_STR("scheduled", instant(text, start->at_s)),
            LF_STR("reason", why),
            LF_OPT("running_since",
                   running ? clock_format_rfc3339(since, job->running_since_ms * 1000, 0) : NULL)),
        "%s skipped: %s", job->name, why);
}

void
report_waits(const struct job *job, const struct due_start *start)
{
    char text[CLOCK_RFC3339_MAX];
    bool replaces = job->tab->policy == TAB_REPLACE;
    log_info(replaces ? &event_start_replaces : &event_start_waits,
             LOG_FIELDS(LF_STR("job", job->name), LF_STR("scheduled", instant(text, start->at_s))),
             replaces ? "%s: the earlier run is ended for a new one"
                      : "%s waits for the end of the earlier run",
             job->name);
}

void
report_tried_again(const struct job *job, const struct err *e)
{
    char text[CLOCK_RFC3339_MAX];
    log_warn(
        &event_start_retries,
        LOG_FIELDS(LF_STR("job", job->name), LF_STR("scheduled", instant(text, job->start.at_s))),
        "%s cannot be started yet, and is tried again: %s", job->name, e->msg);
}

void
report_started_at_last(const struct job *job)
{
    char text[CLOCK_RFC3339_MAX];
    int64_t late_ms = clock_wall_ms() - job->start.at_ms;
    log_info(&event_start_retried,
             LOG_FIELDS(LF_STR("job", job->name),
                        LF_STR("scheduled", instant(text, job->start.at_s)),
                        LF_UINT("attempts", job->attempts + 1u), LF_INT("late_ms", late_ms)),
             "%s is started at last, after %u attempts that failed", job->name, job->attempts);
}

void
report_not_started(const struct job *job, const struct err *e)
{
    char text[CLOCK_RFC3339_MAX];
    log_error(&event_start_failed,
              LOG_FIELDS(LF_STR("job", job->name),
                         LF_STR("scheduled", instant(text, job->start.at_s)),
                         LF_UINT("attempts", job->attempts)),
              "%s not started: %s", job->name, e->msg);
}

void
report_vanished(const struct daemon_run *run, int wait_status)
{
    char name[SIGNALS_NAME_MAX];
    log_error(&event_run_vanished,
              LOG_FIELDS(LF_STR("job", run->job->name), LF_INT("pid", run->pid),
                         LF_STR("signal", signals_name(name, WTERMSIG(wait_status)))),
              "%s: its cronrun was ended by signal %s; what it has left is killed", run->job->name,
              name);
}
