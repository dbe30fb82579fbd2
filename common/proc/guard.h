/*
 * guard.h: a small process between a supervisor and its command, for the case that the supervisor is killed.
 *
 * The guard is the command's parent, and a subreaper: orphans come to it, and it reaps them. When the supervisor has died it
 * sends KILL to all that descends from it until nothing is left, and ends then; the descriptor that it keeps, a file lock's, is
 * open until that moment. It ends as well, by itself, when nothing is left of the command. It forwards nothing: the supervisor
 * signals the command's tree as it would without it, by tree_set_guard().
 *
 * Of the command's end it tells the supervisor, and reaps it no sooner than the supervisor has let it go: until then its pid
 * and group cannot be another's. What the command used is the guard's to wait for, hence the supervisor's when it reaps the
 * guard (getrusage(2), RUSAGE_CHILDREN).
 *
 * It has a process group of its own, in the session of the supervisor (with a session of its own the command's group would be
 * an orphaned one, which TSTP does not stop), and every signal is blocked, so that KILL and STOP alone reach it. A fork
 * without exec: it shares the supervisor's memory, and has no more of its descriptors than standard error, the one it keeps and
 * the cgroup's.
 * The command's cgroup (cgroup.h), if there is one, is killed with its descendants, and removed.
 *
 * It needs /proc, and has nothing to do where the supervisor is PID 1, whose end is that of all others.
 */
#ifndef RR_PROC_GUARD_H
#define RR_PROC_GUARD_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/base/err.h"

struct cgroup;

struct guard_setup {
    const char *name; /* of the process, at most 15 bytes */
    /* In the guard, when the supervisor was killed and nothing is left; may be NULL. Nothing that the supervisor had open but
     * standard error is. */
    void (*bereaved)(void *arg);
    void *arg;
};

struct guard_command {
    int keep_fd;           /* stays open in the guard, -1: none */
    bool own_group;        /* the command is to lead one */
    struct cgroup *cgroup; /* the command is to be in it; NULL: none */
};

/* The two ends of what they talk through, CLOEXEC: the supervisor's first. ERR_SYSTEM. */
MUST_CHECK int guard_link(int ret_ends[2], struct err *e);

/*
 * In a new child of the supervisor, with the guard's end and without the other one: becomes the guard, and does not return.
 * It returns in the process that is to become the command, a child of the guard, whose pid it gives, when the supervisor can hear
 * of it: a guard that is killed before then has no command.
 */
pid_t guard_become(const struct guard_setup *setup, int link, const struct guard_command *command);

/* ---- in the supervisor ---- */

/* Once, after the guard was started: the command's pid, and why it is not in the cgroup that it was to be in (an errno; 0).
 * Waits for a fork. ERR_SYSTEM: there is none. */
MUST_CHECK int guard_meet(int link, pid_t *ret_command, int *ret_refused, struct err *e);
/* True once: the command has ended, *ret_status as of waitpid(2). Never waits. */
bool guard_hear(int link, int *ret_status);
/* It is reaped: neither its pid nor its group are signalled any more. */
void guard_let_go(int link);
/* The command has ended, though the guard, which lives, may not have said so yet. Not after guard_let_go(). */
bool guard_command_ended(pid_t guard, pid_t command);
/* A guard that somebody has stopped goes on. */
void guard_wake(pid_t guard);

#endif
