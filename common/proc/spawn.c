/* spawn.c: limits that are lent to a child for the moment of its start. */
#include "common/proc/spawn.h"

#include "common/proc/signals.h"

struct limits {
    struct rlimit cores, descriptors;
};

/* A process begins with those of its parent. Of the descriptors, the soft one alone: the hard one is as it was, or as somebody has set it
 * since by prlimit(2). */
static void
take_its_limits(const struct spawn *s, struct limits *ret_ours)
{
    getrlimit(RLIMIT_CORE, &ret_ours->cores);
    if (s->cores)
        setrlimit(RLIMIT_CORE, s->cores);
    getrlimit(RLIMIT_NOFILE, &ret_ours->descriptors);
    struct rlimit its = ret_ours->descriptors;
    if (its.rlim_cur > s->descriptors)
        its.rlim_cur = s->descriptors;
    setrlimit(RLIMIT_NOFILE, &its);
}

static void
take_own_limits(const struct limits *ours)
{
    setrlimit(RLIMIT_CORE, &ours->cores);
    setrlimit(RLIMIT_NOFILE, &ours->descriptors);
}

int
spawn_start(const struct spawn *s, const char *program, char *const *argv, char *const *envp,
            const posix_spawn_file_actions_t *files, pid_t *ret_pid)
{
    posix_spawnattr_t attr;
    struct limits ours;
    int rc = posix_spawnattr_init(&attr);
    if (rc)
        return rc;
    rc = signals_spawn(s->signals, &attr);
    if (rc == 0) {
        take_its_limits(s, &ours);
        rc = posix_spawn(ret_pid, program, files, &attr, argv, envp);
        take_own_limits(&ours);
    }
    posix_spawnattr_destroy(&attr);
    return rc;
}
