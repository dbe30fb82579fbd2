/* jobs.c: from one crontab to the next. */
#include "cronrun/daemon/jobs.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"

static void
job_free(struct job *job)
{
    if (!job)
        return;
    past_done(&job->past);
    free(job->name);
    free(job);
}

/* ---- zones: each is loaded once ---- */

static const struct zone *
zone_of(struct jobs *jobs, const char *name, struct err *e)
{
    for (size_t i = 0; i < jobs->n_zones; i++)
        if (strcmp(jobs->zones[i].name, name) == 0)
            return jobs->zones[i].zone;
    struct job_zone *zones = reallocarray(jobs->zones, jobs->n_zones + 1, sizeof(*zones));
    if (!zones) {
        err_nomem(e);
        return NULL;
    }
    jobs->zones = zones;
    struct zone *zone = NULL;
    if (zone_load(name, &zone, e) < 0)
        return NULL;
    zones[jobs->n_zones++] = (struct job_zone){name, zone};
    return zone;
}

/* ---- a job ---- */

static uint64_t
hash(const char *text)
{
    uint64_t h = 0xcbf29ce484222325u; /* FNV-1a */
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 0x100000001b3u;
    return h;
}

static struct job *
job_new(struct jobs *jobs, const struct jobs_source *from, const struct crontab_job *tab,
        struct err *e)
{
    struct job *job = calloc(1, sizeof(*job));
    if (!job || !(job->name = strdup(tab->name))) {
        free(job);
        err_nomem(e);
        return NULL;
    }
    past_init(&job->past);
    job->running_since_ms = -1;
    job->tab = tab;
    job->zone_name = tab->zone ? tab->zone : from->zone;
    const struct due_rules rules = {.when = &tab->when,
                                    .zone = zone_of(jobs, job->zone_name, e),
                                    .dst = tab->dst,
                                    .jitter_ms = tab->jitter_ms,
                                    .starting_deadline_ms = tab->starting_deadline_ms,
                                    .catchup = tab->catchup,
                                    .seed = hash(tab->name)};
    if (!rules.zone) {
        job_free(job);
        return NULL;
    }
    due_begin(&job->due, &rules, from->now_ms);
    return job;
}

static bool
same_words(char *const *a, char *const *b)
{
    for (; *a && *b; a++, b++)
        if (strcmp(*a, *b) != 0)
            return false;
    return !*a && !*b;
}

static bool
same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool
same_schedule(const struct job *old, const struct job *fresh)
{
    return strcmp(old->tab->expression, fresh->tab->expression) == 0 &&
           strcmp(old->zone_name, fresh->zone_name) == 0 && old->tab->dst == fresh->tab->dst &&
           old->tab->jitter_ms == fresh->tab->jitter_ms;
}

static bool
same_job(const struct job *old, const struct job *fresh)
{
    const struct crontab_job *a = old->tab, *b = fresh->tab;
    return same_schedule(old, fresh) && a->policy == b->policy && a->catchup == b->catchup &&
           a->starting_deadline_ms == b->starting_deadline_ms && same_words(a->env, b->env) &&
           same_words(a->run, b->run) && same_text(a->command, b->command) &&
           same_text(a->input, b->input);
}

/* Old lives on as fresh, which is freed. True when something is different. */
static bool
job_become(struct job *old, struct job *fresh)
{
    bool changed = !same_job(old, fresh);
    if (same_schedule(old, fresh))
        old->due.rules = fresh->due.rules;
    else
        old->due = fresh->due;
    old->tab = fresh->tab;
    old->zone_name = fresh->zone_name;
    job_free(fresh);
    return changed;
}

/* ---- all of them ---- */

static int
by_name(const void *a, const void *b)
{
    return strcmp((*(struct job *const *)a)->name, (*(struct job *const *)b)->name);
}

/* Everything that may fail, before anything is changed. */
static int
make_fresh(struct jobs *fresh, const struct jobs *old, const struct jobs_source *from,
           struct err *e)
{
    *fresh = (struct jobs){.tab = from->tab};
    fresh->items = calloc(from->tab->n + 1, sizeof(void *));
    fresh->gone = calloc(old->n_gone + old->n + 1, sizeof(void *));
    if (!fresh->items || !fresh->gone)
        return err_nomem(e);
    for (; fresh->n < from->tab->n; fresh->n++) {
        fresh->items[fresh->n] = job_new(fresh, from, &from->tab->jobs[fresh->n], e);
        if (!fresh->items[fresh->n])
            return -1;
    }
    return 0;
}

/* It is in the crontab no more: freed, unless it runs. */
static void
job_leave(struct jobs *fresh, const struct jobs_source *from, struct job *old)
{
    if (old->waits && from->left)
        from->left(old, &old->wait, from->arg);
    if (old->again && from->left)
        from->left(old, &old->start, from->arg);
    old->tab = NULL;
    old->waits = old->again = false;
    if (old->running > 0)
        fresh->gone[fresh->n_gone++] = old;
    else
        job_free(old);
}

/* Those that were there already take their places; sorted: the old ones by name, each NULL that has been found. */
static void
adopt(struct jobs *fresh, struct job **sorted, size_t n_old, struct jobs_change *change)
{
    for (size_t i = 0; i < fresh->n; i++) {
        struct job **found =
            n_old ? bsearch(&fresh->items[i], sorted, n_old, sizeof(void *), by_name) : NULL;
        if (!found) {
            change->added++;
            continue;
        }
        struct job *old = *found;
        bool back = !old->tab;
        if (back) { /* it was gone, and runs still */
            old->tab = fresh->items[i]->tab;
            old->due = fresh->items[i]->due;
            old->zone_name = fresh->items[i]->zone_name;
            job_free(fresh->items[i]);
            change->added++;
        } else if (job_become(old, fresh->items[i])) {
            change->changed++;
        }
        fresh->items[i] = old;
    }
}

static bool
is_kept(const struct jobs *fresh, const struct job *old)
{
    return old->tab >= fresh->tab->jobs && old->tab < fresh->tab->jobs + fresh->tab->n;
}

int
jobs_set(struct jobs *jobs, const struct jobs_source *from, struct jobs_change *ret_change,
         struct err *e)
{
    struct jobs fresh;
    size_t n_old = jobs->n + jobs->n_gone;
    cleanup_free struct job **sorted = calloc(n_old + 1, sizeof(void *));
    if (make_fresh(&fresh, jobs, from, e) < 0 || !sorted) {
        jobs_done(&fresh);
        return sorted ? -1 : err_nomem(e);
    }
    for (size_t i = 0; i < n_old; i++)
        sorted[i] = i < jobs->n ? jobs->items[i] : jobs->gone[i - jobs->n];
    if (n_old > 0)
        qsort(sorted, n_old, sizeof(void *), by_name);
    *ret_change = (struct jobs_change){0};
    adopt(&fresh, sorted, n_old, ret_change);
    for (size_t i = 0; i < n_old; i++) {
        if (is_kept(&fresh, sorted[i]))
            continue;
        ret_change->removed += sorted[i]->tab != NULL;
        job_leave(&fresh, from, sorted[i]);
    }
    jobs->n = jobs->n_gone = 0; /* they have all been moved */
    jobs_done(jobs);
    *jobs = fresh;
    return 0;
}

bool
jobs_let_go(struct jobs *jobs, struct job *job)
{
    if (job->tab || job->running > 0)
        return false;
    for (size_t i = 0; i < jobs->n_gone; i++)
        if (jobs->gone[i] == job)
            jobs->gone[i] = jobs->gone[--jobs->n_gone];
    job_free(job);
    return true;
}

void
jobs_done(struct jobs *jobs)
{
    for (size_t i = 0; jobs->items && i < jobs->n; i++)
        job_free(jobs->items[i]);
    for (size_t i = 0; jobs->gone && i < jobs->n_gone; i++)
        job_free(jobs->gone[i]);
    for (size_t i = 0; i < jobs->n_zones; i++)
        zone_free(jobs->zones[i].zone);
    free(jobs->items);
    free(jobs->gone);
    free(jobs->zones);
    crontab_free(jobs->tab);
    *jobs = (struct jobs){0};
}
