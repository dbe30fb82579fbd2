/*
 * options.h: cronrun's options, one row each, and what they mean together.
 */
#ifndef RR_CRONRUN_OPTIONS_H
#define RR_CRONRUN_OPTIONS_H

#include <stdint.h>

#include "common/opt/opt.h"

/* Our own exit statuses; a command's that equals one is passed on as it is, and `reason` says which
 * it was. */
enum {
    STATUS_BUSY = 74,
    STATUS_UNREACHABLE = 75,
    STATUS_LOCK_LOST = 76,
    STATUS_LATE = 77,
    STATUS_STOPPED = 79,
    STATUS_DEADLINE = 124,
    STATUS_OWN = 125,
    STATUS_CANNOT_EXECUTE = 126,
    STATUS_NOT_FOUND = 127,
};

enum lock_kind { LOCK_NONE, LOCK_FILE, LOCK_POSTGRES, LOCK_REDIS };

enum output_mode { OUTPUT_PASS, OUTPUT_LINES, OUTPUT_ON_FAILURE };

enum on_busy { BUSY_SKIP, BUSY_FAIL, BUSY_WAIT };

struct options {
    /* as given */
    const char *lock; /* may hold a secret */
    const char *name;
    const char *database;
    const char *redis;
    const char *termination_log;
    enum on_busy on_busy;
    uint64_t busy_wait_ms; /* BUSY_WAIT */
    uint64_t lock_ttl_ms;
    uint64_t lock_settle_ms;
    uint64_t deadline_ms; /* CLOCK_NEVER: none */
    uint64_t grace_ms;
    int stop_signal;
    bool guard;
    int output; /* enum output_mode */
    const char *spool_dir;
    const char *ping; /* a secret */
    int64_t retries;
    uint64_t retry_delay_ms;
    int64_t busy_status;
    int64_t late_status;
    int64_t child_status;          /* -1: the command's own */
    uint64_t starting_deadline_ms; /* CLOCK_NEVER: off */
    uint64_t job_deadline_ms;      /* CLOCK_NEVER: off */
    int64_t scheduled_ms;          /* wall time, milliseconds since the epoch; -1: not given */
    int64_t record_fd;             /* the daemon's pipe for the result; 0: none */

    /* read out of them by options_complete() */
    enum lock_kind lock_kind;
    const char *lock_where; /* LOCK_FILE: path; LOCK_POSTGRES, LOCK_REDIS: URL, or NULL: as the
                               environment says */
    /* next, check, daemon */
    const char *tz; /* NULL: TZ, or UTC */
    int dialect;    /* enum cron_dialect */
    int dst;        /* enum cron_dst */
    bool json;
    /* daemon */
    struct opt_list listen;
    uint64_t drain_ms;
    /* next */
    int64_t next_n;
    int64_t next_from_ms; /* INT64_MIN: now */
};

extern const struct opt_program cronrun_program;

/* The lock's kind and place; checks what belongs together. command: the word that is to be run. ERR_USAGE. */
MUST_CHECK int options_complete(struct options *o, const char *command, struct err *e);
/* ERR_USAGE: it is no URL of http or https; the message repeats nothing of it. ERR_NOMEM. */
MUST_CHECK int options_check_ping(const char *url, struct err *e);

#endif
