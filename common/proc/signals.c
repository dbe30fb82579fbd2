/* signals.c: signalfd. */
#include "common/proc/signals.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void
note_ignored(struct signals *s)
{
    static const int all[] = {SIGHUP, SIGINT, SIGQUIT};
    struct sigaction entry;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        s->entry_ignored[all[i]] =
            sigaction(all[i], NULL, &entry) == 0 && entry.sa_handler == SIG_IGN;
}

int
signals_init(struct signals *s, struct err *e)
{
    *s = (struct signals){.fd = -1};
    note_ignored(s);
    sigset_t all;
    sigfillset(&all);
    if (sigprocmask(SIG_SETMASK, &all, &s->entry_mask) < 0)
        return err_sys(e, errno, "cannot block signals");
    struct sigaction chld = {.sa_handler = SIG_DFL};
    struct sigaction ignored = {.sa_handler = SIG_IGN};
    /* An ignored CHLD would reap children behind our back. */
    sigaction(SIGCHLD, &chld, &s->entry_chld);
    sigaction(SIGPIPE, &ignored, &s->entry_pipe);
    s->fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
    if (s->fd < 0)
        return err_sys(e, errno, "signalfd");
    return 0;
}

void
signals_done(struct signals *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

/* A write of our own to nobody, or to a file that may not grow (RLIMIT_FSIZE). */
static bool
is_by_own_write(const struct signalfd_siginfo *info)
{
    return (info->ssi_signo == SIGPIPE || info->ssi_signo == SIGXFSZ) &&
           (pid_t)info->ssi_pid == getpid();
}

bool
signals_read(struct signals *s, struct signals_event *ret)
{
    struct signalfd_siginfo info;
    for (;;) {
        ssize_t got = read(s->fd, &info, sizeof(info));
        if (got < 0 && errno == EINTR)
            continue;
        if (got != (ssize_t)sizeof(info))
            return false;
        if (is_by_own_write(&info))
            continue;
        *ret = (struct signals_event){
            .signo = (int)info.ssi_signo,
            .sender = (pid_t)info.ssi_pid,
            .terminal = info.ssi_code == SI_KERNEL,
            .ignored = info.ssi_signo <= SIGQUIT && s->entry_ignored[info.ssi_signo],
        };
        return true;
    }
}

void
signals_stop_self(void)
{
    if (getpid() == 1) /* the kernel does not stop it, but discards a CONT that waits */
        return;
    kill(getpid(), SIGSTOP);
}

void
signals_restore(const struct signals *s)
{
    sigaction(SIGCHLD, &s->entry_chld, NULL);
    sigaction(SIGPIPE, &s->entry_pipe, NULL);
    sigprocmask(SIG_SETMASK, &s->entry_mask, NULL);
}

int
signals_spawn(const struct signals *s, posix_spawnattr_t *attr)
{
    sigset_t defaults;
    sigemptyset(&defaults);
    if (s->entry_pipe.sa_handler != SIG_IGN)
        sigaddset(&defaults, SIGPIPE);
    int rc = posix_spawnattr_setsigmask(attr, &s->entry_mask);
    rc = rc ? rc : posix_spawnattr_setsigdefault(attr, &defaults);
    rc = rc ? rc : posix_spawnattr_setpgroup(attr, 0);
    return rc ? rc
              : posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                   POSIX_SPAWN_SETPGROUP);
}

const char *
signals_name(char *buf, int signo)
{
    const char *abbreviated = signo > 0 && signo < SIGRTMIN ? sigabbrev_np(signo) : NULL;
    if (abbreviated)
        snprintf(buf, SIGNALS_NAME_MAX, "%s", abbreviated);
    else if (signo >= SIGRTMIN && signo <= SIGRTMAX)
        snprintf(buf, SIGNALS_NAME_MAX, "RTMIN+%d", signo - SIGRTMIN);
    else
        snprintf(buf, SIGNALS_NAME_MAX, "%d", signo);
    return buf;
}

/* "RTMIN", "RTMIN+3", "RTMAX-1": real-time signals have no other names. */
static bool
parse_realtime(const char *name, int *ret_signo)
{
    bool upwards = strncasecmp(name, "RTMIN", 5) == 0;
    if (!upwards && strncasecmp(name, "RTMAX", 5) != 0)
        return false;
    const char *rest = name + 5;
    char *end = NULL;
    long steps = 0;
    if (*rest) {
        if (*rest != (upwards ? '+' : '-') || !isdigit((unsigned char)rest[1]))
            return false;
        steps = strtol(rest + 1, &end, 10);
    }
    if ((end && *end) || steps > SIGRTMAX - SIGRTMIN)
        return false;
    *ret_signo = upwards ? SIGRTMIN + (int)steps : SIGRTMAX - (int)steps;
    return true;
}

int
signals_parse(const char *text, int *ret_signo, struct err *e)
{
    const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
    for (int signo = 1; signo < 32; signo++) {
        const char *abbreviated = sigabbrev_np(signo);
        if (abbreviated && strcasecmp(abbreviated, name) == 0) {
            *ret_signo = signo;
            return 0;
        }
    }
    if (parse_realtime(name, ret_signo))
        return 0;
    char *end;
    long number = strtol(text, &end, 10);
    if (end == text || *end || number < 1 || number > SIGRTMAX)
        return err_set(e, ERR_USAGE, "\"%s\" is not a signal", text);
    *ret_signo = (int)number;
    return 0;
}
