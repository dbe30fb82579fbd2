/*
 * child.h: starts a command as a direct child.
 *
 * The child gets mask and dispositions as they were on the supervisor's entry, a process group of
 * its own (unless a terminal must keep its foreground group), KILL when the supervisor dies
 * (PR_SET_PDEATHSIG), and no descriptor of ours but the one that is handed to it on purpose (all
 * others are CLOEXEC); those that the supervisor was started with, unless `closes`. fork() of a small process; nothing here waits for
 * the exec: why one failed is asked after the child ended. With a guard (guard.h) it is the guard's child, and the guard's fork is waited for.
 * Where it can be had, the child is in a cgroup of its own (cgroup.h), and without one otherwise.
 */
#ifndef RR_PROC_CHILD_H
#define RR_PROC_CHILD_H

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "common/base/err.h"

struct cgroup;
struct guard_setup;
struct signals;

struct child_spec {
    char *const *argv;               /* NULL-ended; executed as exec.h says */
    char *const *envp;               /* NULL-ended "NAME=value" */
    const struct signals *signals;   /* borrowed; NULL: mask and dispositions stay */
    const struct rlimit *cores;      /* its limit of core files; borrowed; NULL: ours */
    int keep_fd;                     /* handed to the command under its number; -1: none */
    const struct guard_setup *guard; /* borrowed; NULL: none */
    int out_fd, err_fd;              /* become its standard output and error; 0: those are ours */
    const char *cgroup; /* the program that makes one, "cronrun"; NULL: none is wanted */
    bool own_group;
    bool closes; /* what the supervisor was started with, beyond the standard descriptors */
};

struct child {
    pid_t pid;                 /* 0: none */
    pid_t group;               /* its process group, 0 when it shares ours */
    int exec_fd;               /* CLOEXEC pipe: empty when exec worked */
    pid_t guard;               /* 0: none; the owner's to reap, and to forget then */
    int link;                  /* to it; -1: there never was one */
    struct cgroup *cgroup;     /* NULL: none, or removed */
    struct err without_cgroup; /* why there is none */
};

/* clang-format off */
#define CHILD_INIT { .exec_fd = -1, .link = -1 }
/* clang-format on */

/* ERR_SYSTEM when no process could be made. */
MUST_CHECK int child_start(struct child *c, const struct child_spec *spec, struct err *e);

/* To its group, or to it alone when that is ours. Until it is reaped: then neither can be another's. As kill(2). */
int child_signal(const struct child *c, int signo);

/* Removes the cgroup, in which nothing is left. */
void child_leave_cgroup(struct child *c);

/*
 * After the child ended: 0 when the command was executed; -1 with ERR_SYSTEM and sys_errno as exec
 * left it, or another errno with a message that names the step that failed before it. *ret_status
 * (on -1): 127 not found, 126 cannot be executed (exec.h), 125 something before exec.
 */
int child_exec_error(struct child *c, const char *command, int *ret_status, struct err *e);

/* Closes the pipe and the link: a guard ends all then. Kills nothing else, and removes the cgroup if nothing is left in it. */
void child_done(struct child *c);

/* True when the process has a controlling terminal and is in its foreground. */
bool child_has_terminal(void);

#endif
