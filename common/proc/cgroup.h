/*
 * cgroup.h: a control group of a command's own, which the kernel kills as one: also what no longer descends from the command
 * (a process that entered another PID namespace), what forks faster than it is found, and what may not be signalled.
 *
 * Version 2 only, below the cgroup of this process, and only where that is ours: mounted at /sys/fs/cgroup or
 * /sys/fs/cgroup/unified, not the root of the hierarchy, and delegated, which is one of: the root of our cgroup namespace; owned
 * by our user, who is not root, and not below user@UID.service, where systemd's user manager owns them all; marked by systemd
 * (the extended attribute user.delegate or trusted.delegate is "1"). Processes are
 * started in it and never moved, and no controller is enabled, so nothing changes but that it can be killed. For the same reason
 * there is none below a cgroup with a limit of memory or CPU (cgroup_limited). Linux 5.14 and newer (CLONE_INTO_CGROUP,
 * cgroup.kill). Source: the kernel's admin-guide/cgroup-v2, systemd's CGROUP_DELEGATION.
 *
 * Whatever fails, a command can be started without one. A folder that a killed process left behind is removed by the next one that
 * makes its own beside it.
 */
#ifndef RR_PROC_CGROUP_H
#define RR_PROC_CGROUP_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/base/err.h"

struct cgroup;

/* Makes PROGRAM-PID. NULL: there is none, and e says why; ERR_SYSTEM, ERR_NOMEM. */
struct cgroup *cgroup_new(const char *program, struct err *e);
/* Removes it with all that the command made below it, unless a process is left there. NULL allowed. */
void cgroup_free(struct cgroup *g);

/* As /proc/PID/cgroup shows it, "/app/cronrun-12"; lives as long as g. */
const char *cgroup_path(const struct cgroup *g);
/* The descriptor that it needs, CLOEXEC; -1 when g is NULL. */
int cgroup_fd(const struct cgroup *g);

/*
 * As fork(2) of a process with one thread, for a child that calls exec: the child is in the cgroup. Where kernel or sandbox refuse
 * that, and when g is NULL, it is where this process is. *ret_refused: the errno of that, 0.
 */
pid_t cgroup_fork(const struct cgroup *g, int *ret_refused);

/*
 * The cgroup whose folder this is has a limit of its own in memory.max or cpu.max. Java before 24 and Go's runtime read these of
 * the cgroup that they are in and look no higher: one below, without controllers, would hide the limit from them.
 */
bool cgroup_limited(int folder);

/* KILL to all that is in it and below. False: not done, because the kernel refused it, or this process itself was put there. */
bool cgroup_kill(const struct cgroup *g);
/* A process is in it, or below; zombies do not count. */
bool cgroup_populated(const struct cgroup *g);
/* This one is, or was until it ended. */
bool cgroup_holds(const struct cgroup *g, pid_t pid);
/* cb for each process in it and below; pid 0: one that our PID namespace does not have. */
typedef void cgroup_member_cb(pid_t pid, void *arg);
void cgroup_members(const struct cgroup *g, cgroup_member_cb *cb, void *arg);

#endif
