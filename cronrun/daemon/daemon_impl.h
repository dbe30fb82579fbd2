/*
 * daemon_impl.h: what the parts of the daemon share; nobody else includes it.
 *
 * daemon.c has its life: start, signals, reload, drain, end. starts.c looks what is due and says what becomes of it, runs.c has the
 * processes, report.c what is said about all of it. All are callbacks on one loop.
 */
#ifndef RR_CRONRUN_DAEMON_IMPL_H
#define RR_CRONRUN_DAEMON_IMPL_H

#include <sys/stat.h>
#include <sys/types.h>

#include "common/net/loop.h"
#include "common/proc/procfs.h"
#include "common/proc/signals.h"
#include "cronrun/daemon/daemon.h"
#include "cronrun/daemon/due.h"
#include "cronrun/daemon/jobs.h"
#include "cronrun/daemon/launch.h"
#include "cronrun/daemon/walltimer.h"
#include "cronrun/daemon/watchfile.h"
#include "cronrun/daemon/web.h"
#include "cronrun/recall/recall.h"

/* A process of ours: `cronrun run`. */
struct daemon_run {
    struct daemon_run *next;
    struct job *job;
    pid_t pid;
    int fd; /* its record */
    struct due_start start;
    int64_t begun_ms; /* wall time */
    bool replaced;    /* it was asked to end, for the sake of a newer one */
};

struct daemon {
    const struct options *o;
    const char *path; /* of the crontab */
    const char *zone;
    struct signals signals;
    struct rlimit cores; /* as they were */
    struct launch launch;
    struct loop *loop;
    struct loop_watch *signal_watch;
    struct loop_timer *drain_timer;
    struct loop_timer
        *look_timer;      /* looks at the crontab's file, also when nothing was heard of it */
    unsigned fresh_looks; /* in a row, at a file that was just being written */
    struct walltimer *timer;
    int64_t look_ms; /* wall time at which it fires */
    struct watchfile *watchfile;
    struct stat read; /* the crontab, as it was read */
    struct due_clock clock;
    struct web *web;       /* NULL: nothing listens */
    struct recall *recall; /* NULL: nothing is asked */

    struct jobs jobs;
    struct daemon_run *runs;
    size_t n_runs;
    struct job *first_start, *last_start; /* about to be started */
    struct loop_later start_later;
    bool starting; /* start_later is under way */

    struct procfs_list foreign; /* children that we had from the beginning */
    bool strays;                /* a run was killed: what it left has come to us */

    unsigned stops; /* signals that told us to stop */
    bool draining;
    bool refused; /* the latest change of the crontab was */
    uint64_t reloads, refusals;
    int64_t begun_ms, loaded_ms; /* wall time */
};

/* ---- daemon.c ---- */
/* Ends the loop when there is nothing left to wait for. */
void daemon_look_for_end(struct daemon *d);

/* ---- starts.c ---- */
/* What is due, and the timer for what is due next. */
void starts_look(struct daemon *d);
/* A run of the job has ended: what has waited for it is started. The job may be freed. */
void starts_go_on(struct daemon *d, struct job *job);
/* Nothing that waits is started any more. */
void starts_drop(struct daemon *d);

/* ---- runs.c ---- */
/* ERR_SYSTEM, ERR_NOMEM: no process could be made. */
MUST_CHECK int runs_start(struct daemon *d, struct job *job, struct err *e);
/* Children have ended. */
void runs_reap(struct daemon *d);
/* TERM to the runs of the job, or of all (NULL). */
void runs_stop(struct daemon *d, const struct job *job);
/* What is not ended by then is left alone. */
void runs_done(struct daemon *d);

/* ---- report.c ---- */
void report_loaded(const struct daemon *d, const struct jobs_change *change);
void report_faults(const struct daemon *d, const struct crontab_faults *faults);
void
report_refused(const struct daemon *d, const struct crontab_faults *faults, const struct err *e);
/* The stores were asked when jobs ran last. */
void report_recalled(const struct daemon *d, bool failed);
void report_missed(const struct job *job, const struct due_found *found);
void report_late(const struct job *job, const struct due_found *found);
/* why: "running", "waiting", "replaced", "draining", "removed" */
void report_skipped(const struct job *job, const struct due_start *start, const char *why);
void report_waits(const struct job *job, const struct due_start *start);
/* Of job->start: it is tried again; it has worked at last; it has not, and is given up. */
void report_tried_again(const struct job *job, const struct err *e);
void report_started_at_last(const struct job *job);
void report_not_started(const struct job *job, const struct err *e);
void report_vanished(const struct daemon_run *run, int wait_status);

#endif
