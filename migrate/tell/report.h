/*
 * report.h: how a run ended: exit status, last log record, error with its place in the file,
 * termination message.
 *
 * Leaves fill a struct err; who knows what it means for the run calls report_fail once. The first
 * failure stays: the cause decides.
 */
#ifndef RR_MIGRATE_REPORT_H
#define RR_MIGRATE_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/field.h"
#include "common/base/strbuf.h"

enum exit_status {
    EXIT_DONE = 0,
    EXIT_PENDING = 1,
    EXIT_UNREACHABLE = 10,
    EXIT_BUSY = 11,
    EXIT_DEADLINE = 12,
    EXIT_SIGNAL = 13,
    EXIT_REFUSED = 20,
    EXIT_DRIFT = 21,
    EXIT_ORDER = 22,
    EXIT_INPUT = 23,
    EXIT_PARTIAL = 24,
    EXIT_FINDINGS = 25,
    EXIT_COMMAND = 30,
};

/* Of the command that `run` wraps. */
struct report_command {
    bool ran;   /* it was started */
    int exit;   /* -1: it did not exit by itself */
    int signo;  /* that ended it; 0: none */
    char *tail; /* what it wrote last; owned; NULL: nothing that is known */
};

struct report {
    const char *json; /* --json: the command's name; NULL: no such object is wanted */
    bool people;      /* somebody reads along: the source line stands below the record, not in it */
    uint64_t start_ms;
    enum exit_status exit;
    const char *outcome; /* a word of the contract; NULL: that of the exit status */
    char **applied;      /* versions, owned */
    size_t applied_n;
    struct strbuf
        steps; /* what was done, or would be, as objects of JSON with commas between them */
    size_t steps_n;
    const char *member; /* one key more for that object, static; NULL: none */
    char *member_json;  /* and its value; owned */
    size_t pending;     /* still pending, … */
    bool planned;       /* … as soon as files and history were read; before that nobody knows */
    /* the failure; empty when there was none */
    bool failed;
    bool unsaid; /* there is no record of it */
    struct err err;
    char *file;          /* owned; NULL: none */
    size_t line, column; /* 0: none */
    char *detail;        /* what the server said beside its message; owned; NULL: none */
    char *hint;          /* owned; NULL: none */
    struct report_command command;
    char *source; /* the line with a caret, for people; owned; NULL: none */
};

void report_init(struct report *r, bool people);
void report_done(struct report *r);

/* Takes the first failure; later ones are dropped. e is copied. */
void report_fail(struct report *r, enum exit_status exit, const struct err *e);
/* Adds to that failure; copies. NULL allowed. */
void report_place(struct report *r, const char *file, size_t line, size_t column);
void report_detail(struct report *r, const char *detail);
void report_hint(struct report *r, const char *hint);
/* One hint more: a sentence behind what is there. NULL and "" add nothing. */
void report_add_hint(struct report *r, const char *hint);
void report_source(struct report *r, const char *source);

/* Behind what was printed on standard output: it got out, or that is the failure. */
void report_output(struct report *r);

void report_applied(struct report *r, const char *version);
/* One thing that was done, for --json: "applied", "would_apply", "undone" …, with the fields of its log record. Counts, too. */
void report_step(struct report *r, const char *action, const struct field *fields, size_t n);
/* They were not done after all. */
void report_forget_steps(struct report *r);

/* A key of a command's own in the object of --json: json is its value, copied. */
void report_member(struct report *r, const char *key, const char *json);

/* "done", "pending", "unreachable", "busy", "deadline", "signal", "refused", "drift" … */
const char *report_outcome(const struct report *r);
/* The exit status for a failure of the connection or the run itself (not of a migration's
 * statement). */
enum exit_status report_exit_for(const struct err *e);
/* The same while connecting: whatever the server answers there, it cannot be reached. */
enum exit_status report_exit_for_connect(const struct err *e);

/*
 * Logs the failure, or nothing; prints the object of --json on standard output, and writes the termination message;
 * returns the exit status.
 */
int report_finish(struct report *r, const char *termination_log);
/* The termination message of a run that did not begin, for its options were bad. */
void report_usage(const char *termination_log, const struct err *e);

#endif
