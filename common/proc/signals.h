/*
 * signals.h: all signals of the process through one descriptor (signalfd(2)), and the way back for
 * a child.
 *
 * For a supervisor: everything that can be blocked is blocked, so nothing is lost or acted upon
 * before it is read, also as PID 1, where a signal at its default disposition is dropped unless it
 * is blocked. Signals coalesce: one SIGCHLD may stand for many children. A process that execs gets
 * mask and dispositions as they were on entry (signals_restore).
 */
#ifndef RR_PROC_SIGNALS_H
#define RR_PROC_SIGNALS_H

#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/types.h>

#include "common/base/err.h"

struct signals {
    int fd; /* readable when a signal waits; not blocking, CLOEXEC */
    sigset_t entry_mask;
    struct sigaction entry_pipe;
    struct sigaction entry_chld;
    bool entry_ignored[SIGQUIT + 1]; /* HUP, INT, QUIT: by nohup, or a shell for its background */
};

/* Before anything changes a disposition. Sets CHLD to its default and ignores PIPE. ERR_SYSTEM. */
MUST_CHECK int signals_init(struct signals *s, struct err *e);
void signals_done(struct signals *s); /* closes the descriptor; the signals stay blocked */

struct signals_event {
    int signo;
    pid_t sender;  /* 0 from outside our PID namespace, or from the kernel */
    bool terminal; /* the kernel sent it to the whole foreground group */
    bool ignored;  /* HUP, INT or QUIT, and whoever started us wanted nothing ended by it */
};

/* The next signal; false when none waits. PIPE and XFSZ by our own writes are left out. */
bool signals_read(struct signals *s, struct signals_event *ret);

/* What TSTP, TTIN and TTOU would have done at their default: returns when we are continued. PID 1 cannot be stopped: at once. */
void signals_stop_self(void);

/* In a child, before exec: mask and dispositions as on entry. Safe after fork. */
void signals_restore(const struct signals *s);
/* The same for posix_spawn(3), and a process group of its own. An errno, 0; attr: initialised. */
int signals_spawn(const struct signals *s, posix_spawnattr_t *attr);

/* "TERM", "RTMIN+2" …: into buf of SIGNALS_NAME_MAX; returns buf. */
#define SIGNALS_NAME_MAX 16
const char *signals_name(char *buf, int signo);
/* "TERM", "SIGTERM", "15", "RTMIN+3", "RTMAX-1"; -1 with ERR_USAGE. */
MUST_CHECK int signals_parse(const char *text, int *ret_signo, struct err *e);

#endif
