/* dial.c: one address after the other, each with its share of the time. */
#include "common/net/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/net/loop.h"
#include "common/net/resolve.h"

#define NO_DEADLINE_MS 60000

struct dial {
    struct loop *loop;
    struct resolve_request *request;
    struct resolve_addr addrs[RESOLVE_ADDRS_MAX];
    size_t n, next;                /* next: the one after the one under way */
    struct resolve_addr last_used; /* sa_len 0: none */
    int fd;
    struct loop_watch *watch;
    struct loop_timer *timer;
    uint16_t port;
    uint64_t deadline_ms;
    struct err last; /* of the last address */
    dial_cb *cb;
    void *arg;
};

static void next_address(struct dial *d);

static void
close_attempt(struct dial *d)
{
    loop_watch_free(d->watch);
    d->watch = NULL;
    if (d->fd >= 0)
        close(d->fd);
    d->fd = -1;
}

void
dial_cancel(struct dial *d)
{
    if (!d)
        return;
    resolve_cancel(d->request);
    close_attempt(d);
    loop_timer_free(d->timer);
    free(d);
}

/* The one way out. d is gone before cb runs: it may dial again. */
static void
finish(struct dial *d, const struct err *e)
{
    struct err copy = e ? *e : (struct err){0};
    dial_cb *cb = d->cb;
    void *arg = d->arg;
    int fd = -1;
    if (!e) {
        fd = d->fd;
        d->fd = -1;
    }
    dial_cancel(d);
    cb(e ? &copy : NULL, fd, arg);
}

/* ---- one address after the other ---- */

enum err_code
dial_code(int sys_errno)
{
    switch (sys_errno) {
    case ETIMEDOUT:
    case EAGAIN: /* a unix socket whose queue is full: the server is there and does not accept */
        return ERR_TIMEOUT;
    case ENOMEM:
        return ERR_NOMEM;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
        return ERR_SYSTEM; /* of this side: it says nothing about the peer */
    default:
        return ERR_REFUSED;
    }
}

#define PLACE_MAX (RESOLVE_TEXT_MAX + 16)

/* "127.0.0.1, port 80" or a socket's path: where the attempt under way goes. */
static const char *
place(const struct dial *d, char buf[PLACE_MAX])
{
    const struct resolve_addr *a = &d->addrs[d->next - 1];
    resolve_addr_text(a, buf);
    size_t used = strlen(buf);
    if (a->sa.ss_family != AF_UNIX)
        snprintf(buf + used, PLACE_MAX - used, ", port %u", d->port);
    return buf;
}

static void
note_error(struct dial *d, int sys_errno)
{
    char text[PLACE_MAX];
    err_set(&d->last, dial_code(sys_errno), "cannot connect to %s: %s", place(d, text),
            strerror(sys_errno));
    d->last.sys_errno = sys_errno;
}

/* A port of the ephemeral range on which nobody listens may become our own end: TCP then connects the socket to itself
 * (RFC 9293, simultaneous open). */
static bool
is_self(int fd)
{
    struct sockaddr_storage own = {0};
    struct sockaddr_storage peer = {0};
    socklen_t own_len = sizeof(own);
    socklen_t peer_len = sizeof(peer);
    return getsockname(fd, (struct sockaddr *)&own, &own_len) == 0 &&
           getpeername(fd, (struct sockaddr *)&peer, &peer_len) == 0 && own_len == peer_len &&
           memcmp(&own, &peer, own_len) == 0;
}

static void
on_writable(int fd, int what, void *arg)
{
    struct dial *d = arg;
    int sys_errno = 0;
    socklen_t len = sizeof(sys_errno);
    (void)what;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &sys_errno, &len) != 0)
        sys_errno = errno;
    if (sys_errno == 0 && is_self(fd))
        sys_errno = ECONNREFUSED;
    if (sys_errno == 0) {
        loop_watch_free(d->watch);
        d->watch = NULL;
        finish(d, NULL);
        return;
    }
    note_error(d, sys_errno);
    next_address(d);
}

static bool
attempt(struct dial *d, const struct resolve_addr *a)
{
    int on = 1;
    d->fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (d->fd < 0)
        return false;
    setsockopt(d->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(d->fd, (const struct sockaddr *)&a->sa, a->sa_len) != 0 && errno != EINPROGRESS)
        return false;
    d->watch = loop_watch_new(d->loop, d->fd, on_writable, d);
    errno = ENOMEM;
    return d->watch && loop_watch_set(d->watch, LOOP_WRITE) == 0;
}

uint64_t
dial_share(uint64_t deadline_ms, size_t others, uint64_t least_ms)
{
    uint64_t left_ms = clock_left_ms(deadline_ms);
    if (left_ms == CLOCK_NEVER)
        left_ms = NO_DEADLINE_MS;
    else if (others == 0)
        return deadline_ms;
    uint64_t share_ms = left_ms / (others + 1);
    return clock_earlier(clock_deadline(share_ms < least_ms ? least_ms : share_ms), deadline_ms);
}

static void
next_address(struct dial *d)
{
    close_attempt(d);
    while (d->next < d->n) {
        if (attempt(d, &d->addrs[d->next++])) {
            loop_timer_start_at(d->timer, dial_share(d->deadline_ms, d->n - d->next, 0));
            return;
        }
        note_error(d, errno);
        close_attempt(d);
    }
    finish(d, &d->last);
}

static void
on_timer(void *arg)
{
    struct dial *d = arg;
    char text[PLACE_MAX];
    err_set(&d->last, ERR_TIMEOUT, "%s did not answer in time", place(d, text));
    next_address(d);
}

/* In their order, from the one after the one that was used last round to it. */
static void
take_addresses(struct dial *d, const struct resolve_addr *addrs, size_t n)
{
    const struct resolve_addr *last = &d->last_used;
    size_t first = 0;
    for (size_t i = 0; i < n; i++)
        if (last->sa_len > 0 && addrs[i].sa_len == last->sa_len &&
            memcmp(&addrs[i].sa, &last->sa, last->sa_len) == 0)
            first = i + 1;
    for (size_t i = 0; i < n; i++)
        d->addrs[i] = addrs[(first + i) % n];
    d->n = n;
}

static void
on_resolved(const struct err *e, const struct resolve_addr *addrs, size_t n, void *arg)
{
    struct dial *d = arg;
    d->request = NULL;
    if (e) {
        finish(d, e);
        return;
    }
    take_addresses(d, addrs, n);
    next_address(d);
}

struct dial *
dial_start(struct loop *l, struct resolver *r, const struct dial_to *to, dial_cb *cb, void *arg,
           struct err *e)
{
    struct dial *d = calloc(1, sizeof(*d));
    if (d)
        d->timer = loop_timer_new(l, on_timer, d);
    if (!d || !d->timer) {
        free(d);
        err_nomem(e);
        return NULL;
    }
    d->loop = l;
    d->fd = -1;
    d->port = to->port;
    d->deadline_ms = to->deadline_ms;
    d->cb = cb;
    d->arg = arg;
    d->request = resolve_start(r, to->host, to->port, to->deadline_ms, on_resolved, d, e);
    if (!d->request) {
        dial_cancel(d);
        return NULL;
    }
    return d;
}

void
dial_after(struct dial *d, const struct resolve_addr *last)
{
    d->last_used = *last;
}
