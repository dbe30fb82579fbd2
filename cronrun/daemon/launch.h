/*
 * launch.h: starts a run: `cronrun run`, this very program, with the job's options, and its command by the job's shell.
 *
 * What may hold a password goes into its environment, never among its arguments. It has a process group of its own, so that the
 * terminal's signals reach the daemon alone, and signals as the daemon found them.
 */
#ifndef RR_CRONRUN_LAUNCH_H
#define RR_CRONRUN_LAUNCH_H

#include <stdint.h>
#include <sys/types.h>

#include "common/base/err.h"
#include "common/proc/spawn.h"
#include "cronrun/daemon/jobs.h"

struct launch {
    struct spawn spawn;
    const char *log_format, *log_level;
};

/* This very program, to be executed. Borrowed. */
const char *launch_program(void);

struct launch_words {
    char **argv, **envp; /* owned; the strings of envp that are not ours are borrowed */
    char **own;          /* the strings that are */
    size_t n_argv, n_envp, n_own;
};
/* What is executed for a start; environment: the daemon's. ERR_NOMEM. */
MUST_CHECK int
launch_words(const struct launch *l, const struct job *job, const struct due_start *start,
             char *const *environment, struct launch_words *ret, struct err *e);
void launch_words_done(struct launch_words *w);

/* *ret_fd: where its record (record.h) comes, not blocking; the caller closes it. ERR_SYSTEM, ERR_NOMEM. */
MUST_CHECK int
launch_start(const struct launch *l, const struct job *job, const struct due_start *start,
             pid_t *ret_pid, int *ret_fd, struct err *e);

#endif
