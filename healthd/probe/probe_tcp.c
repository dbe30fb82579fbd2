/*
 * TCP: whether somebody accepts. Each look connects anew, for a connection that is there already proves nothing about the
 * next one; with `connection keep` the newest is held and watched, so that its end is noticed when it happens.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/net/dial.h"
#include "common/net/loop.h"
#include "common/target/target.h"
#include "healthd/probe/probe.h"
#include "healthd/probe/probe_kinds.h"

static struct probe *
tcp_new(const struct probe_context *x, const struct check_spec *spec, void *target, struct err *e);

const struct check_kind probe_tcp_kind = {
    .title = "TCP",
    .text = "HOST:PORT accepts a connection; `connection each` unless the line says keep",
    .schemes = (const struct check_scheme[]){{"tcp", NULL, false}, {NULL, NULL, false}},
    /* An application may spend one worker on each connection: it is not held without being asked. */
    .each = true,
    .target = &probe_peer_target,
    .probe_new = tcp_new,
};

/* What a peer says unasked (a greeting) is read away; one that never ends is left unread, and the peer in its own time. */
#define GREETING_MAX 65536u

struct probe_tcp;

struct lane {
    struct probe_tcp *p;
    enum probe_depth depth;
    struct dial *dial;
    uint64_t deadline_ms;
};

struct probe_tcp {
    struct probe base;
    struct probe_context x;
    const struct check_spec *spec;
    struct target_peer *target;
    struct lane lanes[PROBE_DEPTHS];
    int fd; /* the held connection, -1: none */
    struct loop_watch *watch;
    size_t greeted;
};

/* ---- the held connection ---- */

static void
drop(struct probe_tcp *p)
{
    loop_watch_free(p->watch);
    p->watch = NULL;
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
}

static void
on_readable(int fd, int what, void *arg)
{
    struct probe_tcp *p = arg;
    char ignored[4096];
    (void)what;
    ssize_t n = read(fd, ignored, sizeof(ignored));
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0) {
        p->greeted += (size_t)n;
        if (p->greeted > GREETING_MAX)
            IGNORED(loop_watch_set(p->watch, 0));
        return;
    }
    drop(p);
    p->base.lost(&p->base, p->base.arg);
}

/* Takes fd. */
static void
hold(struct probe_tcp *p, int fd)
{
    drop(p);
    p->fd = fd;
    p->greeted = 0;
    p->watch = loop_watch_new(p->x.loop, fd, on_readable, p);
    if (!p->watch || loop_watch_set(p->watch, LOOP_READ) < 0)
        drop(p);
}

/* ---- looking ---- */

static void
on_dialled(const struct err *e, int fd, void *arg)
{
    struct lane *l = arg;
    struct probe_tcp *p = l->p;
    struct probe_result r = {0};
    l->dial = NULL;
    if (e)
        probe_result_from(&r, e, l->deadline_ms);
    else if (p->spec->each)
        close(fd);
    else
        hold(p, fd);
    p->base.done(&p->base, l->depth, &r, p->base.arg);
}

static int
tcp_start(struct probe *base, enum probe_depth depth, uint64_t deadline_ms, struct err *e)
{
    struct probe_tcp *p = (struct probe_tcp *)base;
    struct lane *l = &p->lanes[depth];
    l->deadline_ms = deadline_ms;
    const struct dial_to to = {p->target->host, p->target->port, deadline_ms};
    l->dial = dial_start(p->x.loop, p->x.resolver, &to, on_dialled, l, e);
    return l->dial ? 0 : -1;
}

static bool
tcp_has_session(const struct probe *base)
{
    (void)base;
    return false; /* every look is a fresh connection already */
}

static void
tcp_close(struct probe *base)
{
    struct probe_tcp *p = (struct probe_tcp *)base;
    for (int i = 0; i < PROBE_DEPTHS; i++)
        dial_cancel(p->lanes[i].dial);
    drop(p);
}

static void
tcp_release(struct probe *base)
{
    struct probe_tcp *p = (struct probe_tcp *)base;
    target_peer_free(p->target);
    free(p);
}

static const struct probe_ops ops = {
    .start = tcp_start, .has_session = tcp_has_session, .close = tcp_close, .release = tcp_release};

static struct probe *
tcp_new(const struct probe_context *x, const struct check_spec *spec, void *target, struct err *e)
{
    struct probe_tcp *p = calloc(1, sizeof(*p));
    if (!p) {
        err_nomem(e);
        return NULL;
    }
    *p = (struct probe_tcp){
        .base = {.ops = &ops, .loop = x->loop}, .x = *x, .spec = spec, .target = target, .fd = -1};
    for (int i = 0; i < PROBE_DEPTHS; i++)
        p->lanes[i] = (struct lane){.p = p, .depth = (enum probe_depth)i};
    return &p->base;
}
