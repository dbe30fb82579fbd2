/* fcgicall.c: dial, send, read to the end of the answer, close. */
#include "common/http/fcgicall.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/strbuf.h"
#include "common/net/dial.h"
#include "common/net/loop.h"

/* A peer that is gone without a word is noticed so soon, although nothing is sent any more. */
#define GONE_MS 3000

struct fcgicall {
    struct loop *loop;
    struct dial *dial;
    int fd; /* -1: not connected */
    struct loop_watch *watch;
    struct loop_timer *timer;
    uint64_t deadline_ms;
    struct strbuf request;
    size_t sent;
    struct fcgi_reader reader;
    fcgicall_cb *cb;
    void *arg;
};

void
fcgicall_cancel(struct fcgicall *c)
{
    if (!c)
        return;
    dial_cancel(c->dial);
    loop_watch_free(c->watch);
    loop_timer_free(c->timer);
    if (c->fd >= 0)
        close(c->fd);
    strbuf_done(&c->request);
    fcgi_reader_done(&c->reader);
    free(c);
}

bool
fcgicall_sent(const struct fcgicall *c)
{
    return c->fd >= 0;
}

/* The one way out. The connection is closed before cb runs, and c is gone: it may call again. */
static void
finish(struct fcgicall *c, const struct err *e)
{
    struct err own;
    struct fcgi_answer a;
    struct fcgi_reader reader = c->reader;
    fcgicall_cb *cb = c->cb;
    void *arg = c->arg;
    c->reader = (struct fcgi_reader){0};
    if (e)
        own = *e;
    bool good = !e && fcgi_reader_answer(&reader, &a, &own) == 0;
    fcgicall_cancel(c);
    cb(good ? NULL : &own, good ? &a : NULL, arg);
    fcgi_reader_done(&reader);
}

/* ---- the connection ---- */

static void
on_timer(void *arg)
{
    struct err e;
    err_set(&e, ERR_TIMEOUT, "no complete response in time");
    finish(arg, &e);
}

static void
broke(struct fcgicall *c, int sys_errno)
{
    struct err e;
    if (sys_errno == ETIMEDOUT)
        err_set(&e, ERR_TIMEOUT, "the host does not answer any more");
    else
        err_set(&e, ERR_CLOSED, "the connection broke: %s", strerror(sys_errno));
    e.sys_errno = sys_errno;
    finish(c, &e);
}

static bool
is_for_later(int sys_errno)
{
    return sys_errno == EAGAIN || sys_errno == EINTR;
}

/* False: c is gone. */
static bool
write_request(struct fcgicall *c)
{
    while (c->sent < c->request.len) {
        ssize_t n = send(c->fd, c->request.data + c->sent, c->request.len - c->sent, MSG_NOSIGNAL);
        if (n < 0 && is_for_later(errno))
            return true;
        if (n < 0) {
            broke(c, errno);
            return false;
        }
        c->sent += (size_t)n;
    }
    if (loop_watch_set(c->watch, LOOP_READ) == 0)
        return true;
    broke(c, ENOMEM);
    return false;
}

/* One piece a turn: a peer that never ends its answer keeps nobody else waiting. */
static void
read_answer(struct fcgicall *c)
{
    char piece[4096];
    struct err e;
    ssize_t n = read(c->fd, piece, sizeof(piece));
    if (n < 0 && is_for_later(errno))
        return;
    if (n < 0) {
        broke(c, errno);
        return;
    }
    if (n == 0) {
        err_set(&e, ERR_CLOSED, "the connection was closed before the response was complete");
        finish(c, &e);
        return;
    }
    int rc = fcgi_reader_feed(&c->reader, piece, (size_t)n, &e);
    if (rc != 0)
        finish(c, rc < 0 ? &e : NULL);
}

static void
on_event(int fd, int what, void *arg)
{
    struct fcgicall *c = arg;
    (void)fd;
    if (what & LOOP_WRITE && !write_request(c))
        return;
    if (what & LOOP_READ)
        read_answer(c);
}

/* ---- the way there ---- */

/* On a unix socket these are errors, and no matter. */
static void
notice_its_end(int fd)
{
    int on = 1;
    int seconds = 1;
    int gone_ms = GONE_MS;
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof(seconds));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof(seconds));
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &gone_ms, sizeof(gone_ms));
}

static void
on_dialled(const struct err *e, int fd, void *arg)
{
    struct fcgicall *c = arg;
    struct err own;
    c->dial = NULL;
    if (e) {
        finish(c, e);
        return;
    }
    c->fd = fd;
    notice_its_end(fd);
    c->watch = loop_watch_new(c->loop, fd, on_event, c);
    if (!c->watch || loop_watch_set(c->watch, LOOP_READ | LOOP_WRITE) < 0) {
        err_nomem(&own);
        finish(c, &own);
        return;
    }
    loop_timer_start_at(c->timer, c->deadline_ms);
}

struct fcgicall *
fcgicall_start(struct loop *l, struct resolver *r, const struct fcgicall_to *to, fcgicall_cb *cb,
               void *arg, struct err *e)
{
    const struct dial_to where = {to->host, to->port, to->connect_deadline_ms};
    struct fcgicall *c = calloc(1, sizeof(*c));
    if (!c) {
        err_nomem(e);
        return NULL;
    }
    *c = (struct fcgicall){
        .loop = l, .fd = -1, .deadline_ms = to->deadline_ms, .cb = cb, .arg = arg};
    c->timer = loop_timer_new(l, on_timer, c);
    fcgi_request_format(&c->request, to->script);
    if (c->timer && !c->request.failed)
        c->dial = dial_start(l, r, &where, on_dialled, c, e);
    else
        err_nomem(e);
    if (c->dial)
        return c;
    fcgicall_cancel(c);
    return NULL;
}
