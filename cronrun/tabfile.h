/*
 * tabfile.h: a crontab from its file, its jobs' options checked by the rows of `cronrun run`.
 */
#ifndef RR_CRONRUN_TABFILE_H
#define RR_CRONRUN_TABFILE_H

#include "common/base/err.h"
#include "cronrun/tab/crontab.h"

/* Options of `cronrun run`, job names and time zones as cronrun knows them; those of its options that are no job's are refused with
 * the reason. */
struct crontab_rules tabfile_rules(enum cron_dialect dialect, enum cron_dst dst);

/*
 * path: a file, a pipe, or "-" for standard input, of at most CRONTAB_BYTES_MAX. faults: as crontab_parse has it. ERR_INPUT: it has errors, and faults has
 * them; ERR_SYSTEM, ERR_USAGE: it cannot be read; ERR_NOMEM. The message begins with the path.
 */
MUST_CHECK int tabfile_read(const char *path, const struct crontab_rules *rules,
                            struct crontab **ret, struct crontab_faults *faults, struct err *e);

/* The same of a file that is to be read again: ERR_USAGE for standard input, a pipe or anything else that is no regular file. Does
 * not wait. */
MUST_CHECK int
tabfile_read_kept(const char *path, const struct crontab_rules *rules, struct crontab **ret,
                  struct crontab_faults *faults, struct err *e);

/* What messages show of the path: all of it, unless it is a connection string in the wrong place. Borrows. */
const char *tabfile_shown(const char *path);

#endif
