/*
 * pgconn_cancel.c: the cancel request, beside a running operation.
 *
 * libpq 17 steps it for us. Older ones only have PQcancel(), which waits for the network: it runs
 * in a forked child that does nothing else (the call is async-signal-safe) and answers through a
 * pipe. The child is reaped by its own number.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/pg/pgconn_impl.h"

#define CANCEL_CHILD_MS 500u

bool
pgconn_cancel_encrypted(void)
{
#ifdef LIBPQ_HAS_ASYNC_CANCEL
    return true;
#else
    return false;
#endif
}

static void
reap(pid_t child)
{
    /* Somebody who reaps every child may have been first: then the number is not ours any more. */
    if (waitpid(child, NULL, WNOHANG) == 0) {
        kill(child, SIGKILL);
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
        }
    }
}

void
pgconn_cancel_drop(struct pgconn *c)
{
    struct pgconn_cancel *k = &c->cancel;
    loop_watch_free(k->watch);
    k->watch = NULL;
    loop_timer_free(k->timer);
    k->timer = NULL;
#ifdef LIBPQ_HAS_ASYNC_CANCEL
    PQcancelFinish(k->conn);
    k->conn = NULL;
#endif
    if (k->pipe >= 0)
        close(k->pipe);
    k->pipe = -1;
    if (k->child > 0)
        reap(k->child);
    k->child = 0;
    k->active = false;
}

static void
cancel_end(struct pgconn *c, const struct err *e)
{
    pgconn_cb *cb = c->cancel.cb;
    void *arg = c->cancel.arg;
    pgconn_cancel_drop(c);
    cb(c, e, arg);
}

static void
on_cancel_deadline(void *arg)
{
    struct err e = {0};
    err_set(&e, ERR_TIMEOUT, "the cancel request timed out");
    cancel_end(arg, &e);
}

static int
cancel_watch(struct pgconn *c, int fd, loop_watch_cb *cb, int what, struct err *e)
{
    loop_watch_free(c->cancel.watch);
    c->cancel.watch = loop_watch_new(c->loop, fd, cb, c);
    if (!c->cancel.watch || loop_watch_set(c->cancel.watch, what) != 0)
        return err_set(e, ERR_NOMEM, "cannot watch the cancel request");
    return 0;
}

#ifdef LIBPQ_HAS_ASYNC_CANCEL

static int
cancel_error(struct pgconn *c, struct err *e)
{
    char line[ERR_MSG_MAX];
    pgconn_text_clean(PQcancelErrorMessage(c->cancel.conn), line, sizeof(line));
    return err_set(e, ERR_CLOSED, "cannot cancel: %s", line);
}

static void
on_cancel_io(int fd, int what, void *arg)
{
    (void)fd;
    (void)what;
    struct pgconn *c = arg;
    struct err e = {0};
    loop_watch_free(c->cancel.watch); /* as for PQconnectPoll: the socket may change */
    c->cancel.watch = NULL;
    PostgresPollingStatusType next = PQcancelPoll(c->cancel.conn);
    if (next == PGRES_POLLING_OK) {
        cancel_end(c, NULL);
        return;
    }
    if (next == PGRES_POLLING_FAILED)
        cancel_error(c, &e);
    else if (cancel_watch(c, PQcancelSocket(c->cancel.conn), on_cancel_io,
                          next == PGRES_POLLING_READING ? LOOP_READ : LOOP_WRITE, &e) == 0)
        return;
    cancel_end(c, &e);
}

static int
cancel_begin(struct pgconn *c, struct err *e)
{
    c->cancel.conn = PQcancelCreate(c->pg);
    if (!c->cancel.conn)
        return err_nomem(e);
    if (!PQcancelStart(c->cancel.conn))
        return cancel_error(c, e);
    return cancel_watch(c, PQcancelSocket(c->cancel.conn), on_cancel_io, LOOP_WRITE, e);
}

#else

static void
on_cancel_io(int fd, int what, void *arg)
{
    (void)what;
    struct pgconn *c = arg;
    struct err e = {0};
    char text[256];
    ssize_t n = read(fd, text, sizeof(text) - 1);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n == 1 && text[0] == '+') {
        cancel_end(c, NULL);
        return;
    }
    text[n > 0 ? n : 0] = '\0';
    char line[sizeof(text)];
    pgconn_text_clean(text, line, sizeof(line));
    err_set(&e, ERR_CLOSED, "cannot cancel: %s", line[0] ? line : "the request was not delivered");
    cancel_end(c, &e);
}

/* In the child: async-signal-safe calls only, then _exit. */
static void
cancel_child(PGcancel *request, int out)
{
    struct itimerval limit = {.it_value = {.tv_usec = CANCEL_CHILD_MS * 1000L}};
    sigset_t none;
    signal(SIGALRM, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setitimer(ITIMER_REAL, &limit, NULL);
    char text[256] = "";
    ssize_t n;
    if (PQcancel(request, text, sizeof(text)))
        n = write(out, "+", 1);
    else
        n = write(out, text, strlen(text));
    _exit(n > 0 ? 0 : 1);
}

static int
cancel_begin(struct pgconn *c, struct err *e)
{
    PGcancel *request = PQgetCancel(c->pg);
    if (!request)
        return err_set(e, ERR_CLOSED, "nothing to cancel: the connection is gone");
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        PQfreeCancel(request);
        return err_sys(e, errno, "pipe");
    }
    pid_t child = fork();
    if (child == 0)
        cancel_child(request, ends[1]);
    int saved = errno;
    PQfreeCancel(request);
    close(ends[1]);
    c->cancel.pipe = ends[0];
    if (child < 0)
        return err_sys(e, saved, "fork");
    c->cancel.child = child;
    return cancel_watch(c, ends[0], on_cancel_io, LOOP_READ, e);
}

#endif

int
pgconn_cancel_start(struct pgconn *c, uint64_t deadline_ms, pgconn_cb *cb, void *arg, struct err *e)
{
    assert(!c->cancel.active && !c->dead);
    if (!c->pg)
        return err_set(e, ERR_CLOSED, "not connected");
    struct pgconn_cancel *k = &c->cancel;
    k->active = true;
    k->cb = cb;
    k->arg = arg;
    k->timer = loop_timer_new(c->loop, on_cancel_deadline, c);
    if (!k->timer || cancel_begin(c, e) != 0) {
        if (!k->timer)
            err_nomem(e);
        pgconn_cancel_drop(c);
        return -1;
    }
    if (!pgconn_cancel_encrypted())
        deadline_ms = clock_earlier(deadline_ms, clock_deadline(CANCEL_CHILD_MS));
    loop_timer_start_at(k->timer, deadline_ms);
    return 0;
}
