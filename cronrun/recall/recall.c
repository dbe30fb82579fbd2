/* recall.c: the process, and what it says. */
#include "cronrun/recall/recall.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/lease/lease.h"

struct recall {
    struct loop *loop;
    struct recall_request request;
    int fd;
    pid_t pid;
    struct loop_watch *watch;
    struct loop_timer *deadline;
    char line[RECALL_LINE_MAX];
    size_t len;
    bool heard, failed, dead;
    struct loop_later later;
};

/* ---- what it says ---- */

static void
read_one(struct recall *r, const char *line)
{
    char name[LEASE_NAME_MAX + 1];
    int64_t last_ms;
    int found = recall_read(line, name, sizeof(name), &last_ms);
    r->heard = true;
    if (found < 0 && (!name[0] || r->request.wants(name, r->request.arg)))
        r->failed = true;
    if (found > 0)
        r->request.cb(name, last_ms, r->request.arg);
}

static void
read_lines(struct recall *r)
{
    char *end;
    while (!r->dead && (end = memchr(r->line, '\n', r->len))) {
        size_t n = (size_t)(end + 1 - r->line);
        *end = '\0';
        read_one(r, r->line);
        r->len -= n;
        memmove(r->line, end + 1, r->len);
    }
}

static void
finish(struct recall *r)
{
    loop_watch_free(r->watch);
    r->watch = NULL;
    loop_timer_cancel(r->deadline);
    if (!r->dead)
        r->request.done(r->failed || !r->heard || r->len > 0, r->request.arg);
}

static void
on_recall_says(int fd, int what, void *arg)
{
    (void)what;
    struct recall *r = arg;
    ssize_t n = read(fd, r->line + r->len, sizeof(r->line) - r->len);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        finish(r);
        return;
    }
    r->len += (size_t)n;
    read_lines(r);
    if (r->len == sizeof(r->line)) /* no line of ours is so long */
        finish(r);
}

static void
on_recall_late(void *arg)
{
    struct recall *r = arg;
    r->failed = true;
    finish(r);
}

/* ---- the process ---- */

/* Ours, but for a name that would be asked about alone. Owned; the strings are borrowed. */
static char **
environment(void)
{
    size_t n = 0, kept = 0;
    while (environ[n])
        n++;
    char **copy = calloc(n + 1, sizeof(*copy));
    for (size_t i = 0; copy && i < n; i++)
        if (strncmp(environ[i], "CRONRUN_NAME=", 13) != 0)
            copy[kept++] = environ[i];
    return copy;
}

static int
actions(posix_spawn_file_actions_t *files, int out)
{
    int rc = posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDONLY, 0);
    rc = rc ? rc : posix_spawn_file_actions_adddup2(files, out, 1);
    return rc ? rc : posix_spawn_file_actions_addopen(files, 2, "/dev/null", O_WRONLY, 0);
}

/* An errno, 0. */
static int
spawn(const struct recall_request *q, int out, pid_t *ret_pid)
{
    char dialect[32], dst[32];
    snprintf(dialect, sizeof(dialect), "--dialect=%s", q->dialect);
    snprintf(dst, sizeof(dst), "--dst=%s", q->dst);
    char *argv[] = {(char *)"cronrun",
                    (char *)"status",
                    (char *)"--json",
                    dialect,
                    dst,
                    (char *)"--",
                    (char *)q->path,
                    NULL};
    cleanup_free char **envp = environment();
    posix_spawn_file_actions_t files;
    int rc = envp ? posix_spawn_file_actions_init(&files) : ENOMEM;
    if (rc)
        return rc;
    rc = actions(&files, out);
    rc = rc ? rc : spawn_start(&q->spawn, q->program, argv, envp, &files, ret_pid);
    posix_spawn_file_actions_destroy(&files);
    return rc;
}

struct recall *
recall_new(struct loop *loop, const struct recall_request *request, struct err *e)
{
    int pipe_fds[2];
    if (pipe2(pipe_fds, O_CLOEXEC) < 0 || fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK) < 0) {
        err_sys(e, errno, "cannot make a pipe");
        return NULL;
    }
    cleanup_close int read_fd = pipe_fds[0];
    cleanup_close int write_fd = pipe_fds[1];
    struct recall *r = calloc(1, sizeof(*r));
    if (!r) {
        err_nomem(e);
        return NULL;
    }
    *r = (struct recall){.loop = loop, .request = *request, .fd = -1};
    r->watch = loop_watch_new(loop, read_fd, on_recall_says, r);
    r->deadline = loop_timer_new(loop, on_recall_late, r);
    bool watched = r->watch && loop_watch_set(r->watch, LOOP_READ) == 0 && r->deadline;
    int rc = watched ? spawn(request, write_fd, &r->pid) : ENOMEM;
    if (rc) {
        err_sys(e, rc, "cannot start a process");
        recall_free(r);
        return NULL;
    }
    r->fd = steal_fd(&read_fd);
    loop_timer_start_at(r->deadline, request->deadline_ms);
    return r;
}

/* Who has the other end of the pipe lives, and its pid is not another's. */
static void
stop(const struct recall *r)
{
    struct pollfd p = {.fd = r->fd, .events = POLLIN};
    if (poll(&p, 1, 0) == 0 || (p.revents & (POLLHUP | POLLERR)) == 0)
        kill(r->pid, SIGKILL);
}

void
recall_free(struct recall *r)
{
    if (!r || r->dead)
        return;
    r->dead = true;
    loop_watch_free(r->watch);
    loop_timer_free(r->deadline);
    if (r->fd >= 0) {
        stop(r);
        close(r->fd);
    }
    loop_defer(r->loop, &r->later, free, r);
}
