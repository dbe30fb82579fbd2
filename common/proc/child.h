/*
 * child.h: starts a command as a direct child.
 *
 * The child gets mask and dispositions as they were on the supervisor's entry, a process group of
 * its own (unless a terminal must keep its foreground group), KILL when the supervisor dies
 * (PR_SET_PDEATHSIG), and no descriptor of ours but the one that is handed to it on purpose (all
 * others are CLOEXEC); those that the supervisor was started with, unless `closes`. fork() of a small process; nothing here waits: why an exec failed is asked
 * after the child ended.
 */
#ifndef RR_PROC_CHILD_H
#define RR_PROC_CHILD_H

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "common/base/err.h"

struct signals;

struct child_spec {
    char *const *argv;             /* NULL-ended; executed as exec.h says */
    char *const *envp;             /* NULL-ended "NAME=value" */
    const struct signals *signals; /* borrowed; NULL: mask and dispositions stay */
    const struct rlimit *cores;    /* its limit of core files; borrowed; NULL: ours */
    int keep_fd;                   /* handed to the command under its number; -1: none */
    int out_fd, err_fd;            /* become its standard output and error; 0: those are ours */
    bool own_group;
    bool closes; /* what the supervisor was started with, beyond the standard descriptors */
};

struct child {
    pid_t pid;   /* 0: none */
    pid_t group; /* its process group, 0 when it shares ours */
    int exec_fd; /* CLOEXEC pipe: empty when exec worked */
};

/* clang-format off */
#define CHILD_INIT { .exec_fd = -1 }
/* clang-format on */

/* ERR_SYSTEM when no process could be made. */
MUST_CHECK int child_start(struct child *c, const struct child_spec *spec, struct err *e);

/* To its group, or to it alone when that is ours. Until it is reaped: then neither can be another's. As kill(2). */
int child_signal(const struct child *c, int signo);

/*
 * After the child ended: 0 when the command was executed; -1 with ERR_SYSTEM and sys_errno as exec
 * left it, or another errno with a message that names the step that failed before it. *ret_status
 * (on -1): 127 not found, 126 cannot be executed (exec.h), 125 something before exec.
 */
int child_exec_error(struct child *c, const char *command, int *ret_status, struct err *e);

void child_done(struct child *c); /* closes the pipe; kills nothing */

/* True when the process has a controlling terminal and is in its foreground. */
bool child_has_terminal(void);

#endif
