/* redisconn_connect.c: from a name to a connected socket. */
#include <event2/bufferevent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/net/dial.h"
#include "common/net/loop.h"
#include "common/redis/redisconn_impl.h"
#include "common/target/target.h"
#include "common/net/tls.h"

/* ---- the connected socket ---- */

static int
tls_context(struct redisconn *c, struct err *e)
{
    const struct target_redis *t = c->target;
    struct redisconn_tls *tls = c->tls;
    bool same_ca =
        (!t->tls_ca && !tls->ca) || (t->tls_ca && tls->ca && strcmp(t->tls_ca, tls->ca) == 0);
    if (tls->client && same_ca && tls->verify == t->tls_verify)
        return 0;
    redisconn_tls_done(tls);
    tls->ca = t->tls_ca ? strdup(t->tls_ca) : NULL;
    if (t->tls_ca && !tls->ca)
        return err_nomem(e);
    tls->verify = t->tls_verify;
    tls->client = tls_client_new(c->loop, t->tls_ca, t->tls_verify, e);
    return tls->client ? 0 : -1;
}

static void
on_opened(const struct err *e, struct bufferevent *bev, void *arg)
{
    struct redisconn *c = arg;
    c->opening = NULL;
    if (e)
        redisconn_fail(c, e);
    else
        redisconn_talk(c, bev, true);
}

static int
open_tls(struct redisconn *c, int fd, struct err *e)
{
    const struct tls_to to = {fd, c->target->tls_name, c->connect_deadline_ms};
    if (tls_context(c, e) != 0) {
        close(fd);
        return -1;
    }
    c->opening = tls_open_start(c->tls->client, &to, on_opened, c, e);
    return c->opening ? 0 : -1;
}

static int
open_plain(struct redisconn *c, int fd, struct err *e)
{
    struct bufferevent *bev = bufferevent_socket_new(
        loop_base(c->loop), fd, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    if (!bev) {
        close(fd);
        return err_nomem(e);
    }
    redisconn_talk(c, bev, false);
    return 0;
}

static void
take_socket(struct redisconn *c, int fd)
{
    struct err e;
    if ((c->target->tls ? open_tls(c, fd, &e) : open_plain(c, fd, &e)) < 0)
        redisconn_fail(c, &e);
}

/* ---- dialling ---- */

static void
note_peer(struct redisconn *c, int fd)
{
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    c->peer = (struct resolve_addr){.sa_len = sizeof(c->peer.sa)};
    if (getpeername(fd, (struct sockaddr *)&c->peer.sa, &c->peer.sa_len) != 0)
        c->peer.sa_len = 0;
    c->shunned.sa_len = 0;
}

static void
on_dialled(const struct err *e, int fd, void *arg)
{
    struct redisconn *c = arg;
    struct err wrapped;
    c->dial = NULL;
    if (!e) {
        note_peer(c, fd);
        take_socket(c, fd);
        return;
    }
    wrapped = *e;
    if (e->code != ERR_DNS)
        err_wrap(&wrapped, "Redis");
    redisconn_fail(c, &wrapped);
}

int
redisconn_dial(struct redisconn *c, struct err *e)
{
    const struct target_redis *t = c->target;
    const struct dial_to to = {t->path ? t->path : t->host, t->port, c->connect_deadline_ms};
    c->dial = dial_start(c->loop, c->resolver, &to, on_dialled, c, e);
    if (!c->dial)
        return -1;
    dial_after(c->dial, &c->shunned);
    redisconn_set_state(c, REDISCONN_CONNECTING);
    return 0;
}

void
redisconn_shun(struct redisconn *c)
{
    c->shunned = c->peer;
}
