/* view_metrics.c: the metrics. Names are contract. */
#include "common/base/prom.h"
#include "cronrun/daemon/view.h"

typedef double job_value(const struct job *job, int64_t now_ms);

static void
per_job(const struct view *v, struct strbuf *out, const char *name, const char *type,
        const char *help, job_value *value)
{
    prom_family(out, name, type, help);
    for (size_t i = 0; i < v->n; i++) {
        double x = value(v->jobs[i], v->now_ms);
        if (x >= 0)
            prom_sample(out, name, &(struct prom_label){"job", v->jobs[i]->name}, 1, x);
    }
}

static double
seconds(int64_t ms)
{
    return ms < 0 ? -1 : (double)ms / 1000;
}

/* Whole, because nine digits are printed of others. */
static double
timestamp(int64_t wall_ms)
{
    int64_t wall_s = wall_ms < 0 ? -1 : wall_ms / 1000;
    return (double)wall_s;
}

static bool
has_run(const struct job *job)
{
    return job->past.last_end_ms >= 0;
}

static bool
has_started(const struct job *job)
{
    return has_run(job) && job->past.last.started_ms >= 0;
}

static double
last_start(const struct job *job, int64_t now_ms)
{
    (void)now_ms;
    return has_started(job) ? timestamp(job->past.last.started_ms) : -1;
}

static double
last_end(const struct job *job, int64_t now_ms)
{
    (void)now_ms;
    return timestamp(job->past.last_end_ms);
}

static double
last_success(const struct job *job, int64_t now_ms)
{
    (void)now_ms;
    return timestamp(job->past.last_success_ms);
}

static double
last_duration(const struct job *job, int64_t now_ms)
{
    (void)now_ms;
    return has_started(job) ? seconds(job->past.last.took_ms) : -1;
}

static double
last_lag(const struct job *job, int64_t now_ms)
{
    (void)now_ms;
    int64_t lag_ms = job->past.last.started_ms - job->past.last.at_s * 1000;
    return has_started(job) ? seconds(lag_ms < 0 ? 0 : lag_ms) : -1;
}

static double
next_start(const struct job *job, int64_t now_ms)
{
    (void)now_ms;
    return job->due.next_s == DUE_NEVER ? -1 : (double)job->due.next_s;
}

static double
running(const struct job *job, int64_t now_ms)
{
    (void)now_ms;
    return job->running;
}

static double
running_for(const struct job *job, int64_t now_ms)
{
    int64_t for_ms = now_ms - job->running_since_ms;
    return job->running_since_ms < 0 ? -1 : seconds(for_ms < 0 ? 0 : for_ms);
}

static double
waiting(const struct job *job, int64_t now_ms)
{
    (void)now_ms;
    return job->waits;
}

static double
retrying(const struct job *job, int64_t now_ms)
{
    (void)now_ms;
    return job->again;
}

static double
skipped(const struct job *job, int64_t now_ms)
{
    (void)now_ms;
    return (double)job->past.count[PAST_SKIPPED];
}

static double
missed(const struct job *job, int64_t now_ms)
{
    (void)now_ms;
    return (double)job->past.count[PAST_MISSED];
}

static void
put_runs(const struct view *v, struct strbuf *out)
{
    prom_family(out, "cronrun_job_runs_total", "counter",
                "Runs that have ended since the daemon was started, by outcome.");
    for (size_t i = 0; i < v->n; i++)
        for (enum past_kind kind = 0; kind <= PAST_STOPPED; kind++) {
            const struct prom_label labels[] = {{"job", v->jobs[i]->name},
                                                {"outcome", past_name(kind)}};
            prom_sample(out, "cronrun_job_runs_total", labels, 2,
                        (double)v->jobs[i]->past.count[kind]);
        }
    prom_family(out, "cronrun_job_last_outcome", "gauge", "1 for the outcome of the last run.");
    for (size_t i = 0; i < v->n; i++) {
        const struct past *past = &v->jobs[i]->past;
        const struct prom_label labels[] = {
            {"job", v->jobs[i]->name}, {"outcome", past_name((enum past_kind)past->last.kind)}};
        if (has_run(v->jobs[i]))
            prom_sample(out, "cronrun_job_last_outcome", labels, 2, 1);
    }
}

static void
put_one(struct strbuf *out, const char *name, const char *type, const char *help, double value)
{
    prom_family(out, name, type, help);
    prom_sample(out, name, NULL, 0, value);
}

static void
put_daemon(const struct view *v, struct strbuf *out)
{
    put_one(out, "cronrun_jobs", "gauge", "Jobs of the crontab in force.", (double)v->n);
    put_one(out, "cronrun_running", "gauge", "Runs that are under way.", (double)v->running);
    put_one(out, "cronrun_draining", "gauge", "1 after a signal to stop.", v->draining);
    put_one(out, "cronrun_crontab_ok", "gauge",
            "1 if the crontab in force is the file's latest content, 0 if that was refused.",
            !v->refused);
    put_one(out, "cronrun_crontab_loaded_timestamp_seconds", "gauge",
            "When the crontab in force was read.", timestamp(v->loaded_ms));
    prom_family(out, "cronrun_crontab_reloads_total", "counter",
                "Times that the crontab was read again, by result.");
    prom_sample(out, "cronrun_crontab_reloads_total", &(struct prom_label){"result", "loaded"}, 1,
                (double)v->reloads);
    prom_sample(out, "cronrun_crontab_reloads_total", &(struct prom_label){"result", "refused"}, 1,
                (double)v->refusals);
    put_one(out, "cronrun_start_time_seconds", "gauge", "When the daemon was started.",
            timestamp(v->begun_ms));
    put_one(out, "cronrun_loop_stall_seconds", "gauge",
            "Longest time that one callback took since the last scrape.", v->stall_seconds);
    put_one(out, "cronrun_http_requests_total", "counter", "HTTP requests answered.",
            (double)v->http_requests);
}

void
view_metrics(const struct view *v, struct strbuf *out)
{
    put_daemon(v, out);
    put_runs(v, out);
    per_job(v, out, "cronrun_job_last_start_timestamp_seconds", "gauge",
            "When the last run that has ended was started.", last_start);
    per_job(v, out, "cronrun_job_last_end_timestamp_seconds", "gauge", "When it ended.", last_end);
    per_job(v, out, "cronrun_job_last_success_timestamp_seconds", "gauge",
            "When the last successful run ended.", last_success);
    per_job(v, out, "cronrun_job_last_duration_seconds", "gauge", "How long the last run took.",
            last_duration);
    per_job(v, out, "cronrun_job_last_lag_seconds", "gauge",
            "From its scheduled time to the start of the last run's command.", last_lag);
    per_job(v, out, "cronrun_job_next_timestamp_seconds", "gauge",
            "The next scheduled time, without jitter.", next_start);
    per_job(v, out, "cronrun_job_running", "gauge", "Runs that are under way.", running);
    per_job(v, out, "cronrun_job_running_seconds", "gauge",
            "How long the latest run has been under way.", running_for);
    per_job(v, out, "cronrun_job_waiting", "gauge",
            "1 while a start waits for the end of an earlier run.", waiting);
    per_job(v, out, "cronrun_job_start_retrying", "gauge",
            "1 while a start for which no process could be made waits to be tried again.",
            retrying);
    per_job(v, out, "cronrun_job_skipped_total", "counter",
            "Starts that were skipped because of an earlier run, or of one elsewhere.", skipped);
    per_job(v, out, "cronrun_job_missed_total", "counter",
            "Times that have passed without a start.", missed);
}
