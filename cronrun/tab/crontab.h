/*
 * crontab.h: a crontab file as a list of jobs. Pure: what a value of a run's option, a job's name or a time zone may be is
 * asked of the caller.
 *
 *     # comment                                    on a line of its own
 *     NAME = value                                 environment of the jobs below; CRON_TZ= and TZ= also their time zone
 *     minute hour day month weekday [option=value ...] command
 *     @daily [option=value ...] command            and @hourly, @every 90s and their like
 *
 * Options: name, policy, jitter, starting_deadline, catchup, dst, tz, and those of a run that crontab_rules names; with
 * "-" or "_", a value in double quotes where it holds blanks or "]". "[" with a blank behind it begins a command.
 *
 * In the dialect vixie, "%" ends the command, as in cronie; in the dialect k8s it is a character like any other, and
 * TZ=ZONE may stand in front of the five fields. Refused where cronie would silently do nothing: a last line without a line
 * end (vixie), what can never come, a line that ends with a backslash.
 */
#ifndef RR_CRONRUN_CRONTAB_H
#define RR_CRONRUN_CRONTAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "cronrun/cron/cron_next.h"
#include "cronrun/cron/cronexpr.h"

#define CRONTAB_BYTES_MAX 1048576 /* of a file */
#define CRONTAB_LINE_MAX 65536    /* bytes of a line */
#define CRONTAB_JOBS_MAX 10000
#define CRONTAB_ENV_MAX 500    /* different variables */
#define CRONTAB_FAULTS_MAX 200 /* told; then one that says so */

/* What a start does that comes while an earlier run of the same job is there. */
enum tab_policy {
    TAB_FORBID,  /* it is skipped */
    TAB_ALLOW,   /* both run */
    TAB_REPLACE, /* the earlier run is ended first */
    TAB_QUEUE,   /* it waits for the end of the earlier run; at most one waits */
};

struct crontab_job {
    unsigned line; /* from 1 */
    /*
     * [name=...], unique within the file. Else derived: the program's name (and the script's, where a path follows) and eight
     * hexadecimal digits of a hash over time zone, expression and command: "php-console-1f2e3d4c". It stays while other
     * lines change; of lines alike in all of that, the second is "...-2", and so on. No other word of the command gets into it:
     * a command may hold a password.
     */
    char *name;
    char *expression; /* as written, without TZ= in front of it */
    struct cronexpr when;
    char *zone; /* NULL: the daemon's. It was asked about */
    enum cron_dst dst;
    enum tab_policy policy;
    uint64_t jitter_ms;            /* 0: none */
    uint64_t starting_deadline_ms; /* CLOCK_NEVER: off */
    bool catchup;                  /* catchup=one */
    /* NAME=VALUE, NULL-ended: the environment lines above, each name once. SHELL is among them where it was set: the shell that
     * runs the command, as with cron; else /bin/sh. */
    char **env;
    /*
     * Options of `cronrun run`, "--deadline=50s" (or "--name", where it was written without a value), NULL-ended, in the file's
     * order, each once. A value may hold a password (--lock=redis://:secret@host): such an option belongs into the
     * run's environment (CRONRUN_LOCK), not among its arguments.
     */
    char **run;
    char *command; /* for the shell; vixie: up to the first unescaped "%", "\%" is "%" */
    char *input; /* vixie: what follows "%", lines with line ends, for standard input; NULL: none */
};

struct crontab {
    struct crontab_job *jobs; /* in the file's order */
    size_t n;
    struct crontab_store *store; /* what the jobs share */
};

struct crontab_fault {
    unsigned line, column; /* from 1; the column in characters */
    bool
        is_error; /* else a warning: another dialect reads it differently, or it does nothing here */
    char *text;   /* one line; never a secret */
};

struct crontab_faults {
    struct crontab_fault *items; /* in the file's order */
    size_t n;
    size_t n_errors;
};
void crontab_faults_done(struct crontab_faults *faults);

struct crontab_rules {
    enum cron_dialect dialect;
    enum cron_dst dst;          /* of jobs that do not say */
    const char *const *options; /* of a run that a job may have, with "-", NULL-ended; NULL: none */
    /*
     * Is value one for the option `name`, or a job's name ("name"), or a time zone ("tz")? value is NULL where an option stands
     * without one. The message goes into the fault as it is: it repeats no secret. NULL: all are.
     */
    int (*check)(void *arg, const char *name, const char *value, struct err *e);
    void *arg;
};

/*
 * text: len bytes of any kind. faults is empty before and gets every fault, warnings too, also when all is well. ERR_INPUT:
 * there are errors, and the message is the first one ("line 3, column 5: ..."); *ret is not set. ERR_NOMEM.
 */
MUST_CHECK int crontab_parse(const char *text, size_t len, const struct crontab_rules *rules,
                             struct crontab **ret, struct crontab_faults *faults, struct err *e);
void crontab_free(struct crontab *tab); /* NULL allowed */

#endif
