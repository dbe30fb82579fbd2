/* crontab_impl.h: the inside of the reading of a crontab. Pure; for crontab*.c alone. */
#ifndef RR_CRONRUN_CRONTAB_IMPL_H
#define RR_CRONRUN_CRONTAB_IMPL_H

#include "common/base/strbuf.h"
#include "cronrun/tab/crontab.h"

/* A name that is taken. */
struct crontab_taken {
    const char *name; /* borrowed from the store */
    unsigned line;
    unsigned copies; /* of a derived one: so many names were made of it */
};

/* Where the reading is. Once memory ran out, `failed` is set and nothing more is told. */
struct crontab_reader {
    const struct crontab_rules *rules;
    struct crontab *tab;
    struct crontab_faults *faults;
    struct strbuf text; /* the line under way, without its end */
    unsigned line;
    bool ended;     /* it has a line end */
    bool continued; /* the line before ended with a backslash */
    bool carriage_told, failed;
    char **env; /* in force, n_env of them; from the store */
    size_t n_env, env_size;
    char **
        env_shared; /* the same as an array of the store; NULL: none was asked for since the last change */
    char *cron_tz, *tz; /* NULL or "": none; from the store */
    void *taken;        /* tsearch: struct crontab_taken */
    size_t jobs_size;
};

/* crontab_fault.c */
enum crontab_level { CRONTAB_WARNING, CRONTAB_ERROR };
/* at: in r->text. */
void crontab_tell(struct crontab_reader *r, enum crontab_level level, const char *at,
                  const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* What may be said about a value that was refused with e, which may repeat it. */
const char *crontab_value_error(const char *value, const struct err *e);

/* crontab_store.c: memory that goes with the crontab. NULL, and r->failed, when there is none. */
void *crontab_keep(struct crontab_reader *r, void *allocated);
char *crontab_keep_text(struct crontab_reader *r, const char *at, size_t len);
void crontab_store_free(struct crontab_store *store);

/* crontab_env.c */
/* The line at r->text is a setting of a variable, well-formed or not. */
bool crontab_is_env(const struct crontab_reader *r, const char *at);
void crontab_read_env(struct crontab_reader *r, const char *at);
/* The variables in force, NULL-ended, in the store; NULL when memory ran out. */
char **crontab_env(struct crontab_reader *r);

/* crontab_schedule.c */
/* The expression at `at`, into job; *ret_end is behind it. Tells each fault. False: there were some. */
bool crontab_read_schedule(struct crontab_reader *r, const char *at, struct crontab_job *job,
                           const char **ret_end);

/* crontab_option.c */
/* at is behind "[". Returns what is behind "]"; NULL: the reading could not go on, which is told. */
const char *crontab_read_options(struct crontab_reader *r, const char *at, struct crontab_job *job);

/* crontab_command.c */
void crontab_read_command(struct crontab_reader *r, const char *at, struct crontab_job *job);

/* crontab_name.c */
/* The line that has the name; 0: nobody had, and now this job has it. */
unsigned crontab_take_name(struct crontab_reader *r, const char *name, unsigned line);
/* Names for the jobs that have none. */
void crontab_derive_names(struct crontab_reader *r);
void crontab_names_done(struct crontab_reader *r);

#endif
