/* starts.c: from what is due to what is started. */
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "cronrun/again/again.h"
#include "cronrun/daemon/daemon_impl.h"
#include "cronrun/daemon/overlap.h"
#include "cronrun/events.h"

#define STARTS_A_TURN 4 /* each takes about a millisecond, and other things are to be done, too */
#define LATE_SAID_MS 60000 /* a start that is later is worth a record */

static void on_starts(void *arg);

static void
remember(struct job *job, int64_t at_s, enum past_kind kind)
{
    const struct past_time t = {
        .at_s = at_s, .started_ms = -1, .failed_ms = clock_wall_ms(), .kind = (uint8_t)kind};
    past_add(&job->past, &t);
}

static void
skip(struct job *job, const struct due_start *start, const char *why)
{
    report_skipped(job, start, why);
    remember(job, start->at_s, PAST_SKIPPED);
}

/* ---- one after the other ---- */

static void
enqueue_start(struct daemon *d, struct job *job)
{
    job->starts = true;
    job->running++;
    job->next_start = NULL;
    if (d->last_start)
        d->last_start->next_start = job;
    else
        d->first_start = job;
    d->last_start = job;
    if (!d->starting) {
        d->starting = true;
        loop_defer(d->loop, &d->start_later, on_starts, d);
    }
}

static void
enqueue(struct daemon *d, struct job *job, const struct due_start *start)
{
    job->start = *start;
    job->attempts = 0;
    enqueue_start(d, job);
}

static struct job *
dequeue(struct daemon *d)
{
    struct job *job = d->first_start;
    d->first_start = job->next_start;
    if (!d->first_start)
        d->last_start = NULL;
    job->starts = false;
    return job;
}

static void
look_at_ms(struct daemon *d, int64_t at_ms)
{
    d->look_ms = at_ms;
    walltimer_start_at(d->timer, at_ms);
}

static void
give_up(struct job *job, const struct err *e)
{
    job->again = false;
    report_not_started(job, e);
    remember(job, job->start.at_s, PAST_FAILURE);
}

static void
not_started(struct daemon *d, struct job *job, const struct err *e)
{
    const struct again_failure failure = {.why = e,
                                          .attempts = ++job->attempts,
                                          .now_ms = clock_wall_ms(),
                                          .at_ms = job->start.at_ms,
                                          .next_ms = job->due.at_ms,
                                          .starting_deadline_ms = job->tab->starting_deadline_ms,
                                          .newer = job->waits};
    int64_t delay_ms = again_delay_ms(&failure);
    if (delay_ms == AGAIN_NEVER) {
        give_up(job, e);
        return;
    }
    job->again = true;
    job->again_ms = failure.now_ms + delay_ms;
    if (job->attempts == 1)
        report_tried_again(job, e);
    if (job->again_ms < d->look_ms)
        look_at_ms(d, job->again_ms);
}

static void
start_one(struct daemon *d, struct job *job)
{
    struct err e;
    if (job->tab && runs_start(d, job, &e) == 0) {
        if (job->attempts > 0)
            report_started_at_last(job);
        return;
    }
    job->running--;
    if (job->tab)
        not_started(d, job, &e);
    else
        report_skipped(job, &job->start, "removed");
    starts_go_on(d, job);
}

static void
on_starts(void *arg)
{
    struct daemon *d = arg;
    for (size_t i = 0; i < STARTS_A_TURN && d->first_start; i++)
        start_one(d, dequeue(d));
    d->starting = d->first_start != NULL;
    if (d->starting)
        loop_defer(d->loop, &d->start_later, on_starts, d);
}

/* ---- what is due ---- */

static void
offer(struct daemon *d, struct job *job, const struct due_start *start)
{
    if (job->again) {
        struct err e;
        err_set(&e, ERR_DEADLINE, "its next time has come");
        give_up(job, &e);
    }
    enum overlap what = overlap_decide(job->tab->policy, job->running, job->waits);
    if (what == OVERLAP_START && job->starts) /* nothing is so far behind that this is missed */
        what = OVERLAP_SKIP;
    switch (what) {
    case OVERLAP_START:
        enqueue(d, job, start);
        return;
    case OVERLAP_SKIP:
        skip(job, start, job->waits ? "waiting" : "running");
        return;
    case OVERLAP_REPLACE:
        if (job->starts && job->running == 1) { /* nothing of it runs yet */
            skip(job, &job->start, "replaced");
            job->start = *start;
            return;
        }
        if (job->waits)
            skip(job, &job->wait, "replaced");
        runs_stop(d, job);
        break;
    case OVERLAP_WAIT:
        break;
    }
    job->wait = *start;
    job->waits = true;
    report_waits(job, start);
}

static void
look_at(struct daemon *d, struct job *job, int64_t now_ms)
{
    struct due_found found;
    if (!due_look(&job->due, now_ms, &found))
        return;
    if (found.missed > 0) {
        report_missed(job, &found);
        past_add_missed(&job->past, found.missed - !found.start);
    }
    if (!found.start) {
        remember(job, found.at_s, PAST_MISSED);
        return;
    }
    if (found.late_ms >= LATE_SAID_MS)
        report_late(job, &found);
    const struct due_start start = {found.at_s, now_ms - found.late_ms};
    offer(d, job, &start);
}

/* A clock that was set back does not put it off. */
static void
try_again(struct daemon *d, struct job *job, int64_t now_ms)
{
    int64_t wait_ms = job->again_ms - now_ms;
    if (!job->again || (wait_ms > 0 && wait_ms <= AGAIN_MOST_MS))
        return;
    job->again = false;
    enqueue_start(d, job);
}

static void
follow_clock(struct daemon *d, int64_t now_ms)
{
    int64_t step_ms = due_clock_step(&d->clock, now_ms, clock_boot_ms());
    if (step_ms == 0)
        return;
    log_warn(&event_clock_set, LOG_FIELDS(LF_INT("step_ms", step_ms)),
             "the clock was set %s by %lld s", step_ms < 0 ? "back" : "forward",
             (long long)(step_ms < 0 ? -step_ms : step_ms) / 1000);
    for (size_t i = 0; i < d->jobs.n; i++)
        due_step(&d->jobs.items[i]->due, step_ms, now_ms);
}

void
starts_look(struct daemon *d)
{
    int64_t now_ms = clock_wall_ms(), next_ms = DUE_NEVER;
    if (d->draining)
        return;
    follow_clock(d, now_ms);
    for (size_t i = 0; i < d->jobs.n; i++) {
        struct job *job = d->jobs.items[i];
        look_at(d, job, now_ms);
        try_again(d, job, now_ms);
        if (job->due.at_ms < next_ms)
            next_ms = job->due.at_ms;
        if (job->again && job->again_ms < next_ms)
            next_ms = job->again_ms;
    }
    look_at_ms(d, next_ms);
}

/* ---- when a run has ended ---- */

static bool
too_late(const struct job *job)
{
    uint64_t most_ms = job->tab->starting_deadline_ms;
    int64_t late_ms = clock_wall_ms() - job->wait.at_ms;
    return most_ms != CLOCK_NEVER && late_ms > 0 && (uint64_t)late_ms > most_ms;
}

void
starts_go_on(struct daemon *d, struct job *job)
{
    if (job->tab && job->waits && job->running == 0) {
        job->waits = false;
        if (too_late(job)) {
            const struct due_found found = {
                .at_s = job->wait.at_s, .late_ms = clock_wall_ms() - job->wait.at_ms, .missed = 1};
            report_missed(job, &found);
            remember(job, job->wait.at_s, PAST_MISSED);
        } else {
            enqueue(d, job, &job->wait);
        }
    }
    jobs_let_go(&d->jobs, job);
    daemon_look_for_end(d);
}

void
starts_drop(struct daemon *d)
{
    while (d->first_start) {
        struct job *job = dequeue(d);
        skip(job, &job->start, "draining");
        job->running--;
        jobs_let_go(&d->jobs, job);
    }
    for (size_t i = 0; i < d->jobs.n; i++) {
        struct job *job = d->jobs.items[i];
        if (job->waits)
            skip(job, &job->wait, "draining");
        if (job->again)
            skip(job, &job->start, "draining");
        job->waits = job->again = false;
    }
}
