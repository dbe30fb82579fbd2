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
    tls->client = tls_client_new(t->tls_ca, t->tls_verify, e);
    return tls->client ? 0 : -1;
}

static void
take_socket(struct redisconn *c, int fd)
{
    struct event_base *base = loop_base(c->loop);
    struct bufferevent *bev = NULL;
    struct err e;
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
    if (bev)
        redisconn_talk(c, bev, c->target->tls);
    else
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
