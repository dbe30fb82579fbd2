/*
 * run_impl.h: what the parts of run share; nobody else includes it.
 *
 * run.c has the life of a run: start, signals, release, end. run_lock.c asks for the lock and waits for it, run_store.c makes the
 * lease, run_name.c says what the run is called. run_command.c hands it the command, which lives in common/proc/command.c.
 * run_report.c has what is said about all of it. All are callbacks on one loop.
 */
#ifndef RR_CRONRUN_RUN_IMPL_H
#define RR_CRONRUN_RUN_IMPL_H

#include <sys/types.h>

#include "common/base/backoff.h"
#include "common/base/strbuf.h"
#include "common/lease/lease.h"
#include "common/net/loop.h"
#include "common/proc/command.h"
#include "common/proc/signals.h"
#include "cronrun/options.h"
#include "cronrun/run/outcome.h"
#include "cronrun/output/output.h"

struct run {
    const struct options *o;
    char **argv;
    char job[LEASE_NAME_MAX + 1];
    char host[LEASE_HOST_MAX];
    char run_id[LEASE_RUN_ID_MAX];
    int64_t scheduled_ms; /* wall; -1 unknown */
    int64_t
        job_since_ms; /* wall; what deadlines of the Job count from: scheduled_ms, else our start */

    struct signals signals;
    struct rlimit cores; /* the command's */
    struct loop *loop;
    struct loop_watch *signal_watch;
    struct loop_watch *reader_watch; /* of the daemon that started us; NULL: none did */
    struct resolver *resolver;
    struct target_pg *target_pg;
    struct target_redis *target_redis;
    struct lease *lease;
    struct lease_owner owner;
    bool leased;                /* held, or was */
    uint64_t fence;             /* 0 none */
    struct lease_holder holder; /* of a busy lock */
    uint64_t busy_until_ms;     /* clock_mono_ms() */
    struct backoff busy_again;  /* until the next attempt */
    struct loop_timer *busy_timer;

    struct command *command;
    struct output *output;      /* NULL: the command has ours */
    uint64_t attempts;          /* to start the command, and those that failed count */
    bool unstarted;             /* the last one did */
    uint64_t deadline_at_ms;    /* clock_boot_ms(), of all attempts */
    uint64_t began_ms;          /* clock_mono_ms(), the first of them */
    struct backoff retry_again; /* until the next */
    struct loop_timer *retry_timer;
    uint64_t retry_waits_ms; /* clock_mono_ms(): until then, for a slow reader of the output */
    int64_t started_ms;      /* wall; -1 never */
    uint64_t took_ms;

    struct outcome_facts facts;
    struct err error; /* why it was not started, or what failed */
    struct outcome outcome;
    bool forsaken;     /* the lock was lost: nothing is started any more */
    bool told_to_stop; /* a stop signal came, if only after the command's end: likewise */
    bool ending;
    bool acquiring;        /* the lease is asked for, and has not answered */
    struct run_ping *ping; /* NULL: nobody wants to know */
    unsigned pending;      /* when it is over: what is not done yet */
    bool over;             /* all is told but the output */
};

/* ---- run.c ---- */
/* Nothing is left of the command, or it never started: release, tell, and pass on what it wrote. */
void run_finish(struct run *r);
/* A signal came, or what is to be treated as one. */
void run_signal(struct run *r, const struct signals_event *ev);
/* The same, because of that fact; with ERR_NOMEM it is our own failure. e is what is told about it. */
void run_fail(struct run *r, bool *fact, const struct err *e);

/* ---- run_lock.c ---- */
/* Asks for the lease, unless it is too late; what comes of it goes on from there. */
void run_acquire(struct run *r);
void run_lock_lost(struct lease *l, enum lease_grade grade, const struct err *why, void *arg);
/* What the job's own deadline leaves to the command, so that grace and release fit in, too; 0: nothing; CLOCK_NEVER: the job
 * has none. */
uint64_t run_left_ms(const struct run *r);

/* ---- run_store.c ---- */
/* r->lease, and what it needs. ERR_USAGE: the lock's place is not set, or wrong. */
MUST_CHECK int run_lease_make(struct run *r, struct err *e);

/* ---- run_name.c ---- */
/* r->host, job, run_id, scheduled_ms and job_since_ms. ERR_USAGE: a name is required. */
MUST_CHECK int run_name(struct run *r, struct err *e);

/* ---- run_command.c ---- */
MUST_CHECK int run_command_init(struct run *r, struct err *e);
/* r->command for another start, in place of the one before; that stays if it fails. */
MUST_CHECK int run_command_new(struct run *r, struct err *e);
/* Starts it, as the first attempt or the next. */
void run_command_start(struct run *r);

/* ---- run_retry.c ---- */
/* The command has ended. True: there will be another attempt. */
bool run_retry(struct run *r);
/* It could not be started (r->error): there will be another attempt, or the run ends as a failure of ours. */
void run_retry_unstarted(struct run *r);
void run_retry_due(void *arg); /* of r->retry_timer */
/* What the deadline, or the earlier end of the Job's, leaves of the time; CLOCK_NEVER: there is none. */
uint64_t run_retry_left_ms(const struct run *r);

/* ---- run_after.c ---- */
/* For a reader of the output who takes nothing: he may be a pager. */
#define RUN_PATIENCE_MS 60000
/* All is told: what is still to be passed on is, and the loop ends. */
void run_after(struct run *r);
/* A stop signal came meanwhile. */
void run_after_stop(struct run *r);
void run_after_passed(void *arg); /* output.h */
void run_after_pinged(struct run *r);

/* ---- run_ping.c ---- */
/* ERR_USAGE: --ping is no URL, or its file cannot be read. */
MUST_CHECK int run_ping_init(struct run *r, struct err *e);
void run_ping_done(struct run *r);
/* The command has been started. */
void run_ping_start(struct run *r);
/* False: there is nothing to report. Else run_after_pinged() follows from the loop, within two seconds. */
bool run_ping_end(struct run *r);
void run_ping_give_up(struct run *r);

/* ---- run_env.c ---- */
/* The command's environment: an owned NULL-ended array and the strings that are ours. ERR_NOMEM. */
struct run_env {
    char **envp;
    char *own[4];
    size_t own_n;
};
MUST_CHECK int
run_env_make(const struct run *r, char *const *from, struct run_env *ret, struct err *e);
void run_env_done(struct run_env *env);

/* ---- run_report.c ---- */
#define HOLDER_MAX (LEASE_HOST_MAX + LEASE_SINCE_MAX + LEASE_RUN_ID_MAX + 128)
/* "web-1, pid 12, since …, run …", as far as known; "another" when nothing is. */
void run_report_holder(const struct lease_holder *h, char *buf, size_t size);
/* first: nothing of it has been started before. */
void run_report_start(const struct run *r, bool first);
/* An attempt failed; the next comes after the pause, or not at all. */
void run_report_retry(const struct run *r, bool comes, uint64_t pause_ms);
void run_report_note(const struct run *r, const struct command_note *note);
/* By the guard: the runner was killed, and nothing is left. */
void run_report_bereaved(const struct run *r, pid_t runner);
void run_report_end(const struct run *r);
/* What is said about its end; size: LOG_LINE_MAX / 2. */
void run_report_message(const struct run *r, char *buf, size_t size);
/* Appends the last lines of the output, at most max_bytes, and the message behind them. */
void run_report_tail(const struct run *r, size_t max_bytes, const char *msg, struct strbuf *out);

/* ---- run_record.c ---- */
/* Watches whoever reads --record-fd; without that option nothing. */
MUST_CHECK int run_record_init(struct run *r, struct err *e);
/* Writes the result there. */
void run_record_end(const struct run *r);

#endif
