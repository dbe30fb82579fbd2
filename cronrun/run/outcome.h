/*
 * outcome.h: what became of a run: one word, one reason, one exit status. Pure.
 */
#ifndef RR_CRONRUN_OUTCOME_H
#define RR_CRONRUN_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

enum outcome_kind {
    OUTCOME_SUCCESS,
    OUTCOME_FAILURE,     /* the command's own */
    OUTCOME_SKIPPED,     /* busy, and that is no matter */
    OUTCOME_BUSY,        /* busy, and that is a failure */
    OUTCOME_UNREACHABLE, /* the lock could not be had or refused */
    OUTCOME_LOCK_LOST,
    OUTCOME_LATE,
    OUTCOME_STOPPED,
    OUTCOME_DEADLINE,
    OUTCOME_ERROR,        /* our own */
    OUTCOME_NOT_EXECUTED, /* 126, 127 */
    OUTCOME_KINDS
};

/* What happened, as far as it matters. */
struct outcome_facts {
    /* before a start */
    bool busy;        /* --on-busy skip found it held */
    bool busy_failed; /* fail, or the wait was over */
    bool unreachable;
    bool late;
    bool own_failure; /* ours, whenever */
    /* the command */
    bool started;
    int exec_status; /* 0, or 125 … 127 when it could not be executed */
    int wait_status; /* as of waitpid(2) */
    /* what came before it ended */
    bool lost; /* unsure or gone */
    bool deadline;
    int stop_signo; /* 0: not stopped from outside */
};

/* What options say about statuses. */
struct outcome_rules {
    int busy_status;
    int late_status;
    int child_status; /* -1: the command's own */
};

struct outcome {
    enum outcome_kind kind;
    const char *reason; /* a contract word: "exit", "signal", "deadline", "busy" … */
    int exit;           /* what we exit with */
    int child_exit;     /* the command's, -1 when it did not exit by itself */
    int child_signal;   /* the signal that ended it, 0 */
};

struct outcome outcome_of(const struct outcome_facts *f, const struct outcome_rules *r);
const char *outcome_name(enum outcome_kind kind);

#endif
