/*
 * jobs.h: the jobs of a crontab, with what the daemon knows of each. A crontab that is read again replaces the old one job by job: one
 * that is still there under its name keeps its runs and its past, and, unless its schedule has changed, its next time.
 */
#ifndef RR_CRONRUN_JOBS_H
#define RR_CRONRUN_JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "cronrun/cron/zone.h"
#include "cronrun/daemon/due.h"
#include "cronrun/daemon/past.h"
#include "cronrun/tab/crontab.h"

/* A time of a job that is to be started. */
struct due_start {
    int64_t at_s;  /* the time */
    int64_t at_ms; /* its start, with jitter: what a starting deadline counts from */
};

struct job {
    char *name;
    const struct crontab_job
        *tab;              /* NULL: it is in the crontab no more, and goes with its last run */
    const char *zone_name; /* of tab, or the daemon's; borrowed */
    struct due due;
    struct past past;
    unsigned running; /* with one that is about to be started */
    bool waits;       /* `wait` is started when the earlier run has ended */
    bool starts;      /* `start` is about to be started */
    bool again;       /* no process could be made for `start`: at again_ms it is tried again */
    struct due_start wait, start;
    int64_t again_ms;         /* wall time */
    unsigned attempts;        /* of `start`, that have failed */
    struct job *next_start;   /* in the list of those that are */
    int64_t running_since_ms; /* wall time, of the latest run; -1: none has begun */
};

struct job_zone {
    const char *name; /* borrowed */
    struct zone *zone;
};

struct jobs {
    struct job **items; /* in the crontab's order */
    size_t n;
    struct crontab *tab;
    struct job_zone *zones;
    size_t n_zones;
    struct job **gone; /* in no crontab any more, still running */
    size_t n_gone;
};

struct jobs_change {
    size_t added, removed, changed;
};

/*
 * Takes tab, also when it fails; then jobs stays as it is. zone: of jobs that name none; outlives jobs. left, which may be NULL: of a job that goes while a start waits, or is to be tried again.
 * ERR_USAGE: a zone cannot be loaded; ERR_NOMEM.
 */
typedef void jobs_left_cb(const struct job *job, const struct due_start *start, void *arg);
struct jobs_source {
    struct crontab *tab;
    const char *zone;
    int64_t now_ms;
    jobs_left_cb *left;
    void *arg;
};
MUST_CHECK int jobs_set(struct jobs *jobs, const struct jobs_source *from,
                        struct jobs_change *ret_change, struct err *e);
/* A run of it has ended: frees a job that is gone and has no other; it is invalid then, and true is returned. */
bool jobs_let_go(struct jobs *jobs, struct job *job);
void jobs_done(struct jobs *jobs);

#endif
