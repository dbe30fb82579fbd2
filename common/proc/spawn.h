/*
 * spawn.h: another process of this very program, which is to find what this one found when it began: signals and limits.
 */
#ifndef RR_PROC_SPAWN_H
#define RR_PROC_SPAWN_H

#include <spawn.h>
#include <sys/resource.h>
#include <sys/types.h>

struct signals;

struct spawn {
    const struct signals *signals; /* borrowed */
    const struct rlimit *cores;    /* borrowed; NULL: ours */
    rlim_t descriptors;            /* the soft limit, as it was before descriptors_raise() */
};

/* posix_spawn(3), in a process group of its own; files: what becomes of descriptors. An errno, 0. */
int spawn_start(const struct spawn *s, const char *program, char *const *argv, char *const *envp,
                const posix_spawn_file_actions_t *files, pid_t *ret_pid);

#endif
