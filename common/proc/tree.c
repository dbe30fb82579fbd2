/* tree.c: finds, signals and reaps the descendants. */
#include "common/proc/tree.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/proc/cgroup.h"
#include "common/proc/procfs.h"

struct tree {
    pid_t self;
    pid_t guard;      /* 0: none */
    pid_t supervisor; /* of a guard's own tree; 0: this is not a guard */
    const struct cgroup *cgroup;
    bool proc;     /* /proc can be used */
    bool children; /* and has the children files */
    bool pidfds;   /* the kernel and the sandbox allow pidfds */
    struct procfs_list foreign;
    struct procfs_list asked; /* sorted by pid; who got a signal */
};

/* Among the first n, which are sorted. */
static const struct procfs_stat *
find_pid(const struct procfs_list *list, size_t n, pid_t pid)
{
    for (size_t low = 0, high = n; low < high;) {
        size_t middle = low + (high - low) / 2;
        const struct procfs_stat *at = &list->items[middle];
        if (at->pid == pid)
            return at;
        if (at->pid < pid)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static const struct procfs_stat *
list_find(const struct procfs_list *list, const struct procfs_stat *s)
{
    const struct procfs_stat *at = find_pid(list, list->n, s->pid);
    return at && at->start == s->start ? at : NULL;
}

/* Neither one that we had before, nor the guard. */
static bool
add(const struct tree *t, const struct procfs_stat *s, struct procfs_list *ret)
{
    return s->pid == t->guard || list_find(&t->foreign, s) || procfs_list_add(ret, s);
}

static bool
add_of_parent(const struct tree *t, const struct procfs_list *all, pid_t parent,
              struct procfs_list *ret)
{
    for (size_t i = 0; i < all->n; i++)
        if (all->items[i].ppid == parent && !add(t, &all->items[i], ret))
            return false;
    return true;
}

/* Without the kernel's lists: all of /proc once, then the children of each by their ppid. */
static bool
walk_parents(struct tree *t, struct procfs_list *ret)
{
    CLEANUP_WITH(procfs_list_done) struct procfs_list all = {0};
    if (!procfs_all(&all))
        return false;
    if (!add_of_parent(t, &all, t->self, ret) ||
        (t->guard && !add_of_parent(t, &all, t->guard, ret)))
        return false;
    for (size_t next = 0; next < ret->n; next++)
        if (!add_of_parent(t, &all, ret->items[next].pid, ret))
            return false;
    return true;
}

static bool
walk_children(struct tree *t, struct procfs_list *ret)
{
    CLEANUP_WITH(procfs_list_done) struct procfs_list own = {0};
    if (!procfs_children(t->self, &own))
        return false;
    for (size_t i = 0; i < own.n; i++)
        if (!add(t, &own.items[i], ret))
            return false;
    if (t->guard && !procfs_children(t->guard, ret))
        return false;
    for (size_t next = 0; next < ret->n; next++)
        if (!procfs_children(ret->items[next].pid, ret))
            return false;
    return true;
}

/* Somebody may have put us there, or whom we guard: it is not the command's alone then, and counts no more. */
static bool
has_cgroup(const struct tree *t)
{
    return t->cgroup && !cgroup_holds(t->cgroup, t->self) &&
           !(t->supervisor && cgroup_holds(t->cgroup, t->supervisor));
}

struct members {
    const struct tree *tree;
    struct procfs_list *found;
    size_t descendants; /* the first ones of found */
};

static void
on_member(pid_t pid, void *arg)
{
    struct members *m = arg;
    struct procfs_stat s;
    if (pid > 0 && pid != m->tree->self && !find_pid(m->found, m->descendants, pid) &&
        procfs_stat(pid, &s))
        IGNORED(add(m->tree, &s, m->found));
}

/* All descendants, and who else is in the cgroup; sorted, zombies too. What memory allows, when it runs out. */
static void
walk(struct tree *t, struct procfs_list *ret)
{
    if (!t->proc)
        return;
    if (t->children)
        walk_children(t, ret);
    else
        walk_parents(t, ret);
    procfs_list_sort(ret);
    struct members m = {.tree = t, .found = ret, .descendants = ret->n};
    if (!has_cgroup(t))
        return;
    cgroup_members(t->cgroup, on_member, &m);
    procfs_list_sort(ret);
}

static int
pidfd_open_of(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

static int
pidfd_signal(int fd, int signo)
{
    return (int)syscall(SYS_pidfd_send_signal, fd, signo, NULL, 0);
}

/*
 * Asked of ourselves, so that EPERM can only be the sandbox's: the seccomp profiles of older container engines do not
 * know these calls, and their EPERM is not to be taken for another user's process.
 */
static bool
pidfds_usable(pid_t self)
{
    cleanup_close int fd = pidfd_open_of(self);
    return fd >= 0 && pidfd_signal(fd, 0) == 0;
}

struct tree *
tree_new(struct err *e)
{
    struct tree *t = calloc(1, sizeof(*t));
    if (!t) {
        err_nomem(e);
        return NULL;
    }
    t->self = getpid();
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) {
        err_sys(e, errno, "cannot become a subreaper");
        tree_free(t);
        return NULL;
    }
    t->proc = procfs_usable();
    t->children = t->proc && procfs_has_children();
    t->pidfds = pidfds_usable(t->self);
    struct procfs_list before = {0};
    walk(t, &before);
    for (size_t i = 0; i < before.n; i++)
        if (before.items[i].ppid == t->self && !procfs_list_add(&t->foreign, &before.items[i]))
            break;
    procfs_list_done(&before);
    return t;
}

void
tree_free(struct tree *t)
{
    if (!t)
        return;
    procfs_list_done(&t->foreign);
    procfs_list_done(&t->asked);
    free(t);
}

bool
tree_sees_all(const struct tree *t)
{
    return t->proc || t->self == 1;
}

void
tree_set_guard(struct tree *t, pid_t guard)
{
    t->guard = guard;
}

void
tree_set_supervisor(struct tree *t, pid_t supervisor)
{
    t->supervisor = supervisor;
}

void
tree_set_cgroup(struct tree *t, const struct cgroup *g)
{
    t->cgroup = g;
}

static int
signal_pid(pid_t pid, int signo, bool wake)
{
    if (kill(pid, signo) < 0)
        return errno;
    if (wake)
        kill(pid, SIGCONT);
    return 0;
}

/* Held by a pidfd and looked at again, so that it is the one that was found. */
static int
signal_held(const struct procfs_stat *s, int signo, bool wake)
{
    struct procfs_stat now;
    cleanup_close int fd = pidfd_open_of(s->pid);
    if (fd < 0)
        return errno == ESRCH ? 0 : errno;
    if (!procfs_stat(s->pid, &now) || now.start != s->start)
        return 0;
    if (pidfd_signal(fd, signo) < 0)
        return errno;
    if (wake)
        pidfd_signal(fd, SIGCONT);
    return 0;
}

/* Our own children keep their pid until we reap them. */
static int
signal_one(const struct tree *t, const struct procfs_stat *s, int signo, bool wake)
{
    struct procfs_stat now;
    if (t->pidfds && s->ppid != t->self)
        return signal_held(s, signo, wake);
    if (!procfs_stat(s->pid, &now) || now.start != s->start)
        return 0;
    return signal_pid(s->pid, signo, wake);
}

/* A group exists for certain while a child of ours, dead or alive but not reaped, is in it. Of a guard's children only the command
 * is not reaped without our leave; it leads the group. */
static bool
group_is_ours(const struct tree *t, const struct procfs_list *found, pid_t group)
{
    for (size_t i = 0; i < found->n; i++)
        if (found->items[i].pgrp == group &&
            (found->items[i].ppid == t->self ||
             (found->items[i].ppid == t->guard && found->items[i].pid == group)))
            return true;
    return false;
}

static struct tree_count
signal_blind(const struct tree *t, int signo, bool wake, pid_t group)
{
    pid_t whom = t->self == 1 ? -1 : -group;
    if (whom == 0)
        return (struct tree_count){0};
    if (kill(whom, signo) == 0 && wake)
        kill(whom, SIGCONT);
    return (struct tree_count){.alive = kill(whom, 0) == 0};
}

struct tree_count
tree_signal(struct tree *t, int signo, bool wake, enum tree_scope scope, pid_t group)
{
    bool by_cgroup = signo == SIGKILL && has_cgroup(t) && cgroup_kill(t->cgroup);
    if (!t->proc)
        return signal_blind(t, signo, wake, group);
    CLEANUP_WITH(procfs_list_done) struct procfs_list found = {0};
    walk(t, &found);
    bool by_group = scope == TREE_ALL && group > 0 && group_is_ours(t, &found, group);
    /* A set-id member makes no difference: the call succeeds when one of them may be signalled. */
    if (by_group && kill(-group, signo) == 0 && wake)
        kill(-group, SIGCONT);
    struct tree_count count = {0};
    for (size_t i = 0; i < found.n; i++) {
        const struct procfs_stat *s = &found.items[i];
        if (procfs_is_dead(s))
            continue;
        count.alive++;
        if ((by_group && s->pgrp == group && signo != SIGKILL) ||
            (scope == TREE_UNASKED && list_find(&t->asked, s)))
            continue;
        if (signal_one(t, s, signo, wake) == EPERM &&
            !(by_cgroup && cgroup_holds(t->cgroup, s->pid)))
            count.denied++;
    }
    /* Whoever was found has been asked now, or was before. */
    procfs_list_done(&t->asked);
    t->asked = found;
    found = (struct procfs_list){0};
    return count;
}

void
tree_reap(struct tree *t, tree_reap_cb *cb, void *arg)
{
    (void)t;
    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, WNOHANG | __WALL);
        if (pid < 0 && errno == EINTR)
            continue;
        if (pid <= 0)
            return;
        if (cb)
            cb(pid, status, arg);
    }
}

static bool
no_descendants(struct tree *t)
{
    siginfo_t info = {0};
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0 && errno == ECHILD)
        return true;
    if (!t->proc || t->guard || t->foreign.n == 0)
        return false;
    /* Foreign children live on: by the parents, for the kernel's list may miss one while others
     * end. */
    CLEANUP_WITH(procfs_list_done) struct procfs_list left = {0};
    return walk_parents(t, &left) && left.n == 0;
}

static bool
is_inhabited(const struct tree *t)
{
    return t->cgroup && cgroup_populated(t->cgroup) && has_cgroup(t);
}

bool
tree_empty(struct tree *t)
{
    return no_descendants(t) && !is_inhabited(t);
}

bool
tree_strays(struct tree *t)
{
    return no_descendants(t) && is_inhabited(t);
}

void
tree_describe(struct tree *t, size_t max, struct strbuf *out)
{
    CLEANUP_WITH(procfs_list_done) struct procfs_list found = {0};
    walk(t, &found);
    size_t alive = 0;
    for (size_t i = 0; i < found.n; i++) {
        if (procfs_is_dead(&found.items[i]))
            continue;
        if (++alive <= max)
            strbuf_addf(out, "%s%d (%s)", alive > 1 ? ", " : "", (int)found.items[i].pid,
                        found.items[i].comm);
    }
    if (alive > max)
        strbuf_addf(out, " and %zu more", alive - max);
    if (alive == 0)
        strbuf_adds(out, t->proc ? "processes that have ended since"
                                 : "processes that cannot be seen without /proc");
}

bool
tree_is_ancestor(pid_t pid)
{
    struct procfs_stat s;
    pid_t at = getppid();
    for (int depth = 0; at > 0 && depth < 4096; depth++) {
        if (at == pid)
            return true;
        if (!procfs_stat(at, &s))
            return false;
        at = s.ppid;
    }
    return false;
}
