/* redisconn_connect.c: from a name to a connected socket. */
#include <errno.h>
#include <event2/bufferevent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/net/dial.h"
#include "common/net/loop.h"
#include "common/redis/redisconn_impl.h"
#include "common/target/target.h"
#include "common/net/tls.h"

static void
note_error(struct redisconn *c, int sys_errno)
{
    char text[RESOLVE_TEXT_MAX];
    const struct resolve_addr *a = &c->addrs[c->addr_next - 1];
    enum err_code code = dial_code(sys_errno);
    resolve_addr_text(a, text);
    if (c->target->path)
        err_set(&c->last_error, code, "cannot connect to Redis at %s: %s", text,
                strerror(sys_errno));
    else
        err_set(&c->last_error, code, "cannot connect to Redis at %s, port %u: %s", text,
                c->target->port, strerror(sys_errno));
    c->last_error.sys_errno = sys_errno;
}

/* ---- the connected socket ---- */

static int
tls_context(struct redisconn *c, struct err *e)
{
    const struct target_redis *t = c->target;
    struct redisconn_tls *tls = c->tls;
    bool same_ca =
        (!t->tls_ca && !tls->ca) || (t->tls_ca && tls->ca && strcmp(t->tls_ca, tls->ca) == 0);
    if (tls->client && same_ca && tls->verify == t->tls_verify) {
        return 0;
    }
    redisconn_tls_done(tls);
    tls->ca = t->tls_ca ? strdup(t->tls_ca) : NULL;
    if (t->tls_ca && !tls->ca) {
        return err_nomem(e);
    }
    tls->verify = t->tls_verify;
    tls->client = tls_client_new(t->tls_ca, t->tls_verify, e);
    return tls->client ? 0 : -1;
}

static void
take_socket(struct redisconn *c)
{
    struct event_base *base = loop_base(c->loop);
    struct bufferevent *bev = NULL;
    struct err e;
    int fd = c->fd;
    c->fd = -1;
    loop_watch_free(c->watch);
    c->watch = NULL;
    if (!c->target->tls) {
        bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
        if (!bev) {
            close(fd);
            err_nomem(&e);
        }
    } else if (tls_context(c, &e) != 0) {
        close(fd);
    } else {
        bev = tls_client_bufferevent(c->tls->client, base, fd, c->target->tls_name, &e);
    }
    if (bev) {
        redisconn_talk(c, bev, c->target->tls);
    } else {
        redisconn_fail(c, &e);
    }
}

/* ---- one address after the other ---- */

static void
on_writable(int fd, int what, void *arg)
{
    (void)what;
    struct redisconn *c = arg;
    int sys_errno = 0;
    socklen_t len = sizeof sys_errno;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &sys_errno, &len) != 0) {
        sys_errno = errno;
    }
    if (sys_errno == 0 && dial_is_self(fd)) {
        sys_errno = ECONNREFUSED; /* or AUTH would go to ourselves */
    }
    if (sys_errno) {
        note_error(c, sys_errno);
        redisconn_next_address(c);
    } else {
        take_socket(c);
    }
}

static void
close_attempt(struct redisconn *c)
{
    loop_watch_free(c->watch);
    c->watch = NULL;
    if (c->fd >= 0) {
        close(c->fd);
        c->fd = -1;
    }
}

static bool
attempt(struct redisconn *c, const struct resolve_addr *a)
{
    int on = 1;
    c->fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (c->fd < 0) {
        return false;
    }
    if (a->sa.ss_family != AF_UNIX) {
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(c->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    }
    if (connect(c->fd, (const struct sockaddr *)&a->sa, a->sa_len) != 0 && errno != EINPROGRESS) {
        return false;
    }
    c->watch = loop_watch_new(c->loop, c->fd, on_writable, c);
    errno = ENOMEM;
    return c->watch && loop_watch_set(c->watch, LOOP_WRITE) == 0;
}

void
redisconn_next_address(struct redisconn *c)
{
    if (c->fd >= 0) {
        close_attempt(c);
    }
    while (c->addr_next < c->addrs_n) {
        if (attempt(c, &c->addrs[c->addr_next++])) {
            redisconn_set_timer(c);
            return;
        }
        note_error(c, errno);
        close_attempt(c);
    }
    redisconn_fail(c, &c->last_error);
}

/* In their order, from the one after the shunned one round to it. */
static void
take_addresses(struct redisconn *c, const struct resolve_addr *addrs, size_t n)
{
    const struct resolve_addr *shunned = &c->shunned;
    size_t first = 0;
    for (size_t i = 0; i < n; i++)
        if (shunned->sa_len > 0 && addrs[i].sa_len == shunned->sa_len &&
            memcmp(&addrs[i].sa, &shunned->sa, shunned->sa_len) == 0)
            first = i + 1;
    for (size_t i = 0; i < n; i++)
        c->addrs[i] = addrs[(first + i) % n];
    c->addrs_n = n;
    c->addr_next = 0;
    c->shunned.sa_len = 0;
}

void
redisconn_shun(struct redisconn *c)
{
    if (c->addr_next > 0)
        c->shunned = c->addrs[c->addr_next - 1];
}

static void
on_resolved(const struct err *e, const struct resolve_addr *addrs, size_t n, void *arg)
{
    struct redisconn *c = arg;
    c->request = NULL;
    if (e) {
        redisconn_fail(c, e);
        return;
    }
    take_addresses(c, addrs, n);
    err_set(&c->last_error, ERR_TIMEOUT, "Redis did not answer in time (connecting)");
    redisconn_set_state(c, REDISCONN_CONNECTING);
    redisconn_next_address(c);
}

int
redisconn_resolve(struct redisconn *c, struct err *e)
{
    const struct target_redis *t = c->target;
    c->request = resolve_start(c->resolver, t->path ? t->path : t->host, t->port,
                               c->connect_deadline_ms, on_resolved, c, e);
    if (!c->request) {
        return -1;
    }
    redisconn_set_state(c, REDISCONN_RESOLVING);
    return 0;
}
