/*
 * status.h: the locks of jobs as their stores know them: `cronrun status`.
 *
 * status_jobs.c says which locks are meant, status_ask.c asks their stores, status_line.c is a job as a line of JSON, status_table.c all
 * of them for people.
 */
#ifndef RR_CRONRUN_STATUS_STATUS_H
#define RR_CRONRUN_STATUS_STATUS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "common/base/strbuf.h"
#include "common/lease/lease_look.h"
#include "cronrun/options.h"
#include "cronrun/tab/crontab.h"

struct status_job {
    const char *name; /* borrowed; NULL: a file without --name, or all jobs of a store */
    char *own_name;   /* owned: of a job that the store named; NULL */
    enum lock_kind kind;
    const char *where; /* as options.h has lock_where; borrowed */
    char *const *env;  /* variables before those of the process, NULL-ended; or NULL; borrowed */
    char *
        lock; /* for people and programs: "file:/path", "redis://cache:6379/0", "none"; owned; "" unknown */
    bool asked;
    bool known; /* look is what the store said; else why says why it did not */
    struct lease_look look;
    struct err why;
};

struct status {
    struct status_job *jobs; /* owned */
    size_t n;
};
void status_done(struct status *s);

/* The lock of --lock; and --name. ERR_USAGE: there is none, or it is none; ERR_NOMEM. */
MUST_CHECK int status_of_lock(const struct options *o, struct status *ret, struct err *e);
/* Each job of the crontab, or the one of --name, with its own lock, CRONRUN_LOCK's or none, as the daemon has it. Both are borrowed.
 * ERR_USAGE: no job has that name; ERR_NOMEM. */
MUST_CHECK int status_of_crontab(const struct options *o, const struct crontab *tab,
                                 struct status *ret, struct err *e);

/* Asks each store once, one after the other, each for at most ten seconds, and has a job for each of its jobs when all were asked
 * for. What cannot be had is in the jobs (why): ERR_USAGE: where the store is is not set, or wrong. Else ERR_NOMEM, ERR_SYSTEM. */
MUST_CHECK int status_ask(struct status *s, struct err *e);

/* ---- what is printed ---- */
#define STATUS_NONE "none"       /* the state of a job without a lock */
#define STATUS_UNKNOWN "unknown" /* the state of one whose store could not be asked */
const char *status_state(const struct status_job *job);
/* Whether its store keeps how a run ended. */
bool status_keeps_outcome(const struct status_job *job);
void status_line(const struct status_job *job, struct strbuf *out);
/* now_ms: wall time. */
void status_table(const struct status *s, int64_t now_ms, struct strbuf *out);

#endif
