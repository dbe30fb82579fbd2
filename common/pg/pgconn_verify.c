/* pgconn_verify.c: why a server's certificate is not accepted. libpq knows that, and says "certificate verify failed". */
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/net/dial.h"
#include "common/pg/pgconn_impl.h"
#include "common/net/tls.h"

/* PostgreSQL's manual, "Message Formats": SSLRequest. */
static const unsigned char ssl_request[8] = {0, 0, 0, 8, 4, 210, 22, 47};

struct pgconn_verify {
    struct pgconn *c;
    struct err e; /* what libpq said, and what is found */
    char *name;
    struct dial *dial;
    int fd;
    struct loop_watch *watch;
    struct tls_client *tls;
    struct tls_open *opening;
    struct bufferevent *bev;
};

void
pgconn_verify_drop(struct pgconn *c)
{
    struct pgconn_verify *v = c->verify;
    c->verify = NULL;
    if (!v)
        return;
    dial_cancel(v->dial);
    loop_watch_free(v->watch);
    if (v->fd >= 0)
        close(v->fd);
    tls_open_cancel(v->opening);
    if (v->bev)
        bufferevent_free(v->bev);
    tls_client_free(v->tls);
    free(v->name);
    free(v);
}

void
pgconn_verify_end(struct pgconn *c)
{
    struct err e = c->verify->e;
    pgconn_verify_drop(c);
    pgconn_attempt_failed(c, &e);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
    struct pgconn_verify *v = arg;
    struct err found = {0};
    if (what & BEV_EVENT_ERROR) {
        tls_bufferevent_error(bev, &found);
        err_set(&v->e, ERR_TLS, "%s (%s)", v->e.msg, found.msg);
    }
    if (what & (BEV_EVENT_CONNECTED | BEV_EVENT_ERROR | BEV_EVENT_EOF))
        pgconn_verify_end(v->c);
}

static void
on_opened(const struct err *e, struct bufferevent *bev, void *arg)
{
    struct pgconn_verify *v = arg;
    v->opening = NULL;
    v->bev = bev;
    if (e || bufferevent_enable(bev, EV_READ | EV_WRITE) != 0)
        pgconn_verify_end(v->c);
    else
        bufferevent_setcb(bev, NULL, NULL, on_event, v);
}

static void
on_answer(int fd, int what, void *arg)
{
    struct pgconn_verify *v = arg;
    struct err ignored;
    char answer = 0;
    (void)what;
    ssize_t n = recv(fd, &answer, 1, 0);
    loop_watch_free(v->watch);
    v->watch = NULL;
    if (n == 1 && answer == 'S')
        v->tls =
            tls_client_new(v->c->loop, target_pg_get(v->c->target, "sslrootcert"), true, &ignored);
    if (v->tls) {
        const struct tls_to to = {fd, v->name, v->c->deadline_ms};
        tls_client_any_name(v->tls); /* libpq tells a wrong name in other words */
        v->fd = -1;
        v->opening = tls_open_start(v->tls, &to, on_opened, v, &ignored);
    }
    if (!v->opening)
        pgconn_verify_end(v->c);
}

static void
on_dialed(const struct err *e, int fd, void *arg)
{
    struct pgconn_verify *v = arg;
    v->dial = NULL;
    v->fd = fd;
    if (!e && send(fd, ssl_request, sizeof(ssl_request), MSG_NOSIGNAL) == sizeof(ssl_request))
        v->watch = loop_watch_new(v->c->loop, fd, on_answer, v);
    if (!v->watch || loop_watch_set(v->watch, LOOP_READ) != 0)
        pgconn_verify_end(v->c);
}

bool
pgconn_verify_start(struct pgconn *c, const struct err *e)
{
    const char *host = PQhost(c->pg);
    const char *address = PQhostaddr(c->pg);
    uint16_t port = (uint16_t)atoi(PQport(c->pg));
    if (e->code != ERR_TLS || !strstr(e->msg, "certificate verify failed") || !host || !address ||
        !*address)
        return false;
    struct pgconn_verify *v = calloc(1, sizeof(*v));
    if (!v)
        return false;
    c->verify = v;
    *v = (struct pgconn_verify){.c = c, .e = *e, .fd = -1, .name = strdup(host)};
    if (v->name)
        v->dial = dial_start(c->loop, c->resolver, &(struct dial_to){address, port, c->deadline_ms},
                             on_dialed, v, NULL);
    if (v->dial)
        return true;
    pgconn_verify_drop(c);
    return false;
}
