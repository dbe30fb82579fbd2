/*
 * tree.h: everything that descends from this process, also after double fork, setsid or setpgid.
 *
 * The process becomes a subreaper (PR_SET_CHILD_SUBREAPER), so orphans come to it and not to init;
 * descendants are read from /proc/<pid>/task/<tid>/children, or by the parents in /proc/<pid>/stat
 * where the kernel has no such file. A process is signalled through a pidfd after its start time
 * was compared, so that a recycled pid is never hit; by kill(2) right after the comparison where
 * kernel or sandbox allow no pidfds. Children that the process had already when the
 * tree began (a shell's, before it exec'ed us) are foreign: reaped, but never signalled.
 *
 * With a cgroup of its own (cgroup.h) the tree is all that is in that as well, and KILL reaches it at once; unless this process or
 * the supervisor was put there, too.
 *
 * Where /proc is not there, or is another PID namespace's: PID 1 signals everything, others their
 * command's process group alone (tree_sees_all() is false then).
 */
#ifndef RR_PROC_TREE_H
#define RR_PROC_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/base/err.h"
#include "common/base/strbuf.h"

struct cgroup;
struct tree;

struct tree *tree_new(struct err *e); /* before the first child is started. ERR_SYSTEM, ERR_NOMEM */
void tree_free(struct tree *t);       /* NULL allowed; the process stays a subreaper */
bool tree_sees_all(const struct tree *t);
/* A child of ours that stands between us and the command (guard.h): what descends from it is found, it is not, and nothing is
 * empty while it is there. 0: it has been reaped. */
void tree_set_guard(struct tree *t, pid_t guard);
/* In a guard: whom it guards. */
void tree_set_supervisor(struct tree *t, pid_t supervisor);
void tree_set_cgroup(struct tree *t, const struct cgroup *g); /* borrowed; NULL: none any more */

enum tree_scope {
    TREE_ALL,
    TREE_UNASKED, /* only those that got no signal of tree_signal() before */
};

struct tree_count {
    size_t alive;  /* found, zombies left out */
    size_t denied; /* of these: another user's; not what dies with its cgroup */
};

/*
 * One pass: signo, and CONT after it when `wake`, to what is found. group: the command's process
 * group (0 none), signalled in one call when it certainly exists still, so that a fork under way
 * cannot slip through.
 */
struct tree_count
tree_signal(struct tree *t, int signo, bool wake, enum tree_scope scope, pid_t group);

/* Reaps all that ended, foreign children too. cb (may be NULL) for each; status: waitpid(2). */
typedef void tree_reap_cb(pid_t pid, int status, void *arg);
void tree_reap(struct tree *t, tree_reap_cb *cb, void *arg);

/* Nothing of the tree is left. Call after tree_reap(). */
bool tree_empty(struct tree *t);
/* What is left is in the cgroup alone, and descends from us no longer: no SIGCHLD will tell of its end. Call after tree_reap(). */
bool tree_strays(struct tree *t);

/* "123 (sleep), 124 (sh)": what is alive, at most max of them and then "and N more"; never nothing: what cannot be seen, or
 * has ended meanwhile, is said to be so. */
void tree_describe(struct tree *t, size_t max, struct strbuf *out);

/* True when pid is a parent, or a parent's parent …, of this process. */
bool tree_is_ancestor(pid_t pid);

#endif
