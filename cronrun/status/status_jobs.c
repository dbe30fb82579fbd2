/* status_jobs.c: which locks are meant. */
#include <stdlib.h>
#include <string.h>

#include "cronrun/status/status.h"

void
status_done(struct status *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->jobs[i].own_name);
        free(s->jobs[i].lock);
    }
    free(s->jobs);
    *s = (struct status){0};
}

/* o: with the lock; its kind and place are read. */
static int
set_lock(struct status_job *job, struct options *o, struct err *e)
{
    if (options_complete(o, "", e) < 0)
        return -1;
    job->kind = o->lock_kind;
    job->where = o->lock_where;
    return 0;
}

int
status_of_lock(const struct options *o, struct status *ret, struct err *e)
{
    struct options copy = *o;
    struct status_job job = {.name = o->name};
    if (!o->lock)
        return err_set(e, ERR_USAGE,
                       "--lock or a crontab is required: file:/path, postgres, redis, or a URL of "
                       "either, as the runs have it");
    if (set_lock(&job, &copy, e) < 0)
        return -1;
    if (job.kind == LOCK_NONE)
        return err_set(e, ERR_USAGE, "--lock none: a run without a lock leaves nothing to ask");
    ret->jobs = calloc(1, sizeof(*ret->jobs));
    if (!ret->jobs)
        return err_nomem(e);
    ret->jobs[ret->n++] = job;
    return 0;
}

/* The lock of a job: its own, or what its runs find in the environment; NULL: neither. */
static const char *
lock_of(const struct options *o, const struct crontab_job *tab)
{
    for (char **option = tab->run; *option; option++)
        if (strncmp(*option, "--lock=", 7) == 0)
            return *option + 7;
    return o->lock;
}

int
status_of_crontab(const struct options *o, const struct crontab *tab, struct status *ret,
                  struct err *e)
{
    ret->jobs = calloc(tab->n + 1, sizeof(*ret->jobs));
    if (!ret->jobs)
        return err_nomem(e);
    for (size_t i = 0; i < tab->n; i++) {
        const struct crontab_job *job = &tab->jobs[i];
        const char *lock = lock_of(o, job);
        struct options copy = {.lock = lock ? lock : "none", .child_status = -1};
        if (o->name && strcmp(o->name, job->name) != 0)
            continue;
        ret->jobs[ret->n] = (struct status_job){.name = job->name, .env = job->env};
        if (set_lock(&ret->jobs[ret->n], &copy, e) < 0)
            return -1;
        ret->n++;
    }
    return o->name && ret->n == 0
               ? err_set(e, ERR_USAGE, "no job of the crontab has the name %.200s", o->name)
               : 0;
}
