/*
 * TCP, and TLS over it: whether somebody accepts, whose certificate it is, and what is said. Each look connects anew, for a
 * connection that is there already proves nothing about the next one; with `connection keep` the newest is held and watched,
 * so that its end is noticed when it happens.
 */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/net/dial.h"
#include "common/net/loop.h"
#include "common/net/tls.h"
#include "common/target/target.h"
#include "healthd/parse/probe_tcp_text.h"
#include "healthd/probe/probe.h"
#include "healthd/probe/probe_kinds.h"
#include "healthd/probe/probe_tls_keys.h"

/* ---- the row ---- */

struct own {
    struct probe_tls_own tls;
    char *server_name; /* NULL: the host */
    struct probe_bytes send, expect;
};

/* So much is read while what is expected does not come. */
#define EXPECT_MAX 65536u

static int
key_name(struct check_spec *s, const char *value, struct err *e)
{
    struct own *own = s->own;
    size_t n = strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:");
    if (n == 0 || n > 253 || value[n] != '\0')
        return err_set(e, ERR_USAGE, "neither a host name nor an address");
    own->tls.given = "server-name";
    own->server_name = strdup(value);
    return own->server_name ? 0 : err_nomem(e);
}

static int
take_bytes(struct probe_bytes *b, const char *value, struct err *e)
{
    if (probe_tcp_text(value, b, e) < 0)
        return -1;
    if (b->len == 0 || b->len > EXPECT_MAX)
        return err_set(e, ERR_USAGE, "the text is empty or too long");
    return 0;
}

static int
key_send(struct check_spec *s, const char *value, struct err *e)
{
    return take_bytes(&((struct own *)s->own)->send, value, e);
}

static int
key_expect(struct check_spec *s, const char *value, struct err *e)
{
    return take_bytes(&((struct own *)s->own)->expect, value, e);
}

static void
own_done(void *own)
{
    struct own *o = own;
    probe_tls_own_done(&o->tls);
    free(o->server_name);
    free(o->send.data);
    free(o->expect.data);
}

static int
judge_keys(const struct check_spec *s, struct err *e)
{
    const struct own *own = s->own;
    if (own->send.data && !own->expect.data)
        return err_set(e, ERR_USAGE, "'send' is of no use without 'expect'");
    return probe_tls_judge_keys(s, "tls", e);
}

static struct probe *
tcp_new(const struct probe_context *x, const struct check_spec *spec, void *target, struct err *e);

const struct check_kind probe_tcp_kind = {
    .title = "TCP",
    .text = "HOST:PORT accepts a connection, and gives the expected answer; over TLS, its "
            "certificate is verified; `connection each` unless the line says keep",
    .schemes = (const struct check_scheme[]){{"tcp", NULL, false},
                                             {"tls", "over TLS", false},
                                             {NULL, NULL, false}},
    /* An application may spend one worker on each connection: it is not held without being asked. */
    .each = true,
    .keys =
        (const struct check_key[]){
            {"send", "TEXT", "bytes to send once connected, with the escapes of C: \"PING\\r\\n\"",
             key_send},
            {"expect", "TEXT",
             "bytes that must occur in the answer, within its first 64 KiB (nothing is read)",
             key_expect},
            {"ca", "FILE", "over TLS: authorities to trust instead of the system's, in PEM format",
             probe_tls_key_ca},
            {"days", "N", "over TLS: days for which the certificate must still be valid (0)",
             probe_tls_key_days},
            {"verify", "yes|no", "over TLS: no: any certificate will do (yes)",
             probe_tls_key_verify},
            {"server-name", "NAME",
             "over TLS: the name to request and to find in the certificate (the host)", key_name},
            {NULL, NULL, NULL, NULL}},
    .own_size = sizeof(struct own),
    .own_done = own_done,
    .judge = judge_keys,
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
    struct tls_open *opening;
    struct bufferevent *bev;
    struct loop_timer *timer;
    bool secured; /* by TLS, where that is wanted */
    uint64_t deadline_ms;
};

struct probe_tcp {
    struct probe base;
    struct probe_context x;
    const struct check_spec *spec;
    struct target_peer *target;
    struct tls_client *tls; /* of the line's own CA file */
    struct lane lanes[PROBE_DEPTHS];
    struct bufferevent *held; /* NULL: none */
    size_t greeted;
};

static const struct own *
own_of(const struct probe_tcp *p)
{
    return p->spec->own;
}

static bool
wants_tls(const struct probe_tcp *p)
{
    return p->target->scheme == TARGET_PEER_TLS;
}

static void
drop(struct bufferevent **bev)
{
    if (*bev)
        bufferevent_free(*bev);
    *bev = NULL;
}

/* ---- the held connection ---- */

static void
on_held_bytes(struct bufferevent *bev, void *arg)
{
    struct probe_tcp *p = arg;
    struct evbuffer *in = bufferevent_get_input(bev);
    p->greeted += evbuffer_get_length(in);
    evbuffer_drain(in, evbuffer_get_length(in));
    if (p->greeted > GREETING_MAX)
        bufferevent_disable(bev, EV_READ);
}

static void
on_held_event(struct bufferevent *bev, short what, void *arg)
{
    struct probe_tcp *p = arg;
    (void)bev;
    if (!(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)))
        return;
    drop(&p->held);
    p->base.lost(&p->base, p->base.arg);
}

/* Takes bev. */
static void
hold(struct probe_tcp *p, struct bufferevent *bev)
{
    drop(&p->held);
    p->held = bev;
    p->greeted = 0;
    bufferevent_setcb(bev, on_held_bytes, NULL, on_held_event, p);
    if (bufferevent_enable(bev, EV_READ) != 0)
        drop(&p->held);
}

/* ---- the end of a look ---- */

static void
finish(struct lane *l, const struct probe_result *r)
{
    struct probe_tcp *p = l->p;
    loop_timer_cancel(l->timer);
    if (l->bev && r->reason == REASON_NONE && !p->spec->each) {
        hold(p, l->bev);
        l->bev = NULL;
    }
    drop(&l->bev);
    p->base.done(&p->base, l->depth, r, p->base.arg);
}

static void
finish_err(struct lane *l, const struct err *e)
{
    struct probe_result r = {0};
    probe_result_from(&r, e, l->deadline_ms);
    finish(l, &r);
}

static void
finish_fine(struct lane *l)
{
    const struct probe_result r = {0};
    finish(l, &r);
}

/* Something came, and not what was expected. */
static void
finish_body(struct lane *l, bool timed_out)
{
    struct probe_result r = {.reason = REASON_BODY, .timed_out = timed_out};
    snprintf(r.cause, sizeof(r.cause), "%.160s: the answer does not contain the expected text",
             target_peer_describe(l->p->target));
    finish(l, &r);
}

static size_t
answered(const struct lane *l)
{
    return l->bev ? evbuffer_get_length(bufferevent_get_input(l->bev)) : 0;
}

static void
on_deadline(void *arg)
{
    struct lane *l = arg;
    struct err e;
    if (answered(l) > 0) {
        finish_body(l, true);
        return;
    }
    err_set(&e, ERR_TIMEOUT, "%s did not answer in time", target_peer_describe(l->p->target));
    finish_err(l, &e);
}

/* ---- a look ---- */

/* False: it is too short. */
static bool
is_valid_for_long(struct lane *l)
{
    struct probe_result r = {0};
    int64_t left_s = 0;
    if (tls_bufferevent_seconds_left(l->bev, &left_s) == 0)
        probe_tls_judge(&own_of(l->p)->tls, left_s, target_peer_describe(l->p->target), &r);
    if (r.reason != REASON_NONE)
        finish(l, &r);
    return r.reason == REASON_NONE;
}

/* Connected, and over TLS when that is wanted. */
static void
talk(struct lane *l)
{
    const struct own *own = own_of(l->p);
    struct err e;
    l->secured = true;
    if (wants_tls(l->p) && !is_valid_for_long(l))
        return;
    if (!own->expect.data) {
        finish_fine(l);
        return;
    }
    if (own->send.data && bufferevent_write(l->bev, own->send.data, own->send.len) != 0) {
        err_nomem(&e);
        finish_err(l, &e);
    }
}

static void
on_bytes(struct bufferevent *bev, void *arg)
{
    struct lane *l = arg;
    const struct probe_bytes *wanted = &own_of(l->p)->expect;
    uint64_t began_us = clock_mono_us();
    if (!l->secured)
        return;
    const struct evbuffer_ptr found =
        evbuffer_search(bufferevent_get_input(bev), wanted->data, wanted->len, NULL);
    if (found.pos >= 0)
        finish_fine(l);
    else if (answered(l) >= EXPECT_MAX)
        finish_body(l, false);
    loop_meter(l->p->x.loop, began_us);
}

static void
fail(struct lane *l)
{
    struct probe_result r = {0};
    struct err e;
    bool in_tls = wants_tls(l->p);
    if (in_tls && !l->secured)
        tls_bufferevent_error(l->bev, &e);
    else if (!in_tls || !tls_bufferevent_alert(l->bev, &e))
        err_set(&e, ERR_CLOSED, "the connection was closed before the expected text came");
    err_wrap(&e, "%s", target_peer_describe(l->p->target));
    probe_result_from(&r, &e, l->deadline_ms);
    if (in_tls && !l->secured && tls_bufferevent_expired(l->bev))
        r.reason = REASON_EXPIRED;
    finish(l, &r);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
    struct lane *l = arg;
    uint64_t began_us = clock_mono_us();
    (void)bev;
    if (what & BEV_EVENT_CONNECTED)
        talk(l);
    else if (l->secured && answered(l) > 0)
        finish_body(l, false);
    else
        fail(l);
    loop_meter(l->p->x.loop, began_us);
}

/* Takes bev. */
static void
take(struct lane *l, struct bufferevent *bev)
{
    struct err own;
    l->bev = bev;
    bufferevent_setcb(l->bev, on_bytes, NULL, on_event, l);
    bufferevent_setwatermark(l->bev, EV_READ, 0, EXPECT_MAX);
    if (bufferevent_enable(l->bev, EV_READ | EV_WRITE) != 0) {
        err_nomem(&own);
        finish_err(l, &own);
        return;
    }
    loop_timer_start_at(l->timer, l->deadline_ms);
    if (!wants_tls(l->p))
        talk(l);
}

static void
on_opened(const struct err *e, struct bufferevent *bev, void *arg)
{
    struct lane *l = arg;
    l->opening = NULL;
    if (e)
        finish_err(l, e);
    else
        take(l, bev);
}

/* Takes fd. */
static int
open_tls(struct lane *l, int fd, struct err *e)
{
    struct probe_tcp *p = l->p;
    const char *name = own_of(p)->server_name ? own_of(p)->server_name : p->target->host;
    struct tls_client *tls = probe_tls_client(&p->x, &own_of(p)->tls, &p->tls, e);
    if (!tls) {
        evutil_closesocket(fd);
        return -1;
    }
    l->opening = tls_open_start(tls, &(struct tls_to){fd, name, l->deadline_ms}, on_opened, l, e);
    return l->opening ? 0 : -1;
}

/* Takes fd. */
static int
open_plain(struct lane *l, int fd, struct err *e)
{
    struct bufferevent *bev = bufferevent_socket_new(
        loop_base(l->p->x.loop), fd, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    if (!bev) {
        evutil_closesocket(fd);
        return err_nomem(e);
    }
    take(l, bev);
    return 0;
}

static void
on_dialled(const struct err *e, int fd, void *arg)
{
    struct lane *l = arg;
    struct err own;
    l->dial = NULL;
    if (e)
        finish_err(l, e);
    else if ((wants_tls(l->p) ? open_tls(l, fd, &own) : open_plain(l, fd, &own)) < 0)
        finish_err(l, &own);
}

static int
tcp_start(struct probe *base, enum probe_depth depth, uint64_t deadline_ms, struct err *e)
{
    struct probe_tcp *p = (struct probe_tcp *)base;
    struct lane *l = &p->lanes[depth];
    l->deadline_ms = deadline_ms;
    l->secured = false;
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
    for (int i = 0; i < PROBE_DEPTHS; i++) {
        dial_cancel(p->lanes[i].dial);
        tls_open_cancel(p->lanes[i].opening);
        drop(&p->lanes[i].bev);
        loop_timer_free(p->lanes[i].timer);
    }
    drop(&p->held);
    tls_client_free(p->tls);
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
    *p = (struct probe_tcp){.base = {.ops = &ops, .loop = x->loop}, .x = *x, .spec = spec};
    bool made = true;
    for (int i = 0; i < PROBE_DEPTHS; i++) {
        struct lane *l = &p->lanes[i];
        *l = (struct lane){.p = p, .depth = (enum probe_depth)i};
        l->timer = loop_timer_new(x->loop, on_deadline, l);
        made = made && l->timer;
    }
    if (!made) {
        tcp_close(&p->base);
        free(p);
        err_nomem(e);
        return NULL;
    }
    p->target = target;
    return &p->base;
}
