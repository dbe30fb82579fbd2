/*
 * PHP-FPM over FastCGI: its ping, and when the line names it, its status page on a listener of its own (pm.status_listen). The
 * ping proves that a worker is free; when none answers in time, the page tells a pool that is at work from one that hangs.
 *
 * A ping that nobody answers stays in the pool's queue and is carried out later, whether we are still there or not. So it is left
 * waiting, and no other is sent meanwhile; its end, whatever it is, is the moment to look.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/http/fcgicall.h"
#include "common/net/loop.h"
#include "common/target/target.h"
#include "healthd/probe/probe.h"
#include "healthd/parse/probe_fcgi_page.h"
#include "healthd/probe/probe_kinds.h"

/* ---- the row ---- */

struct own {
    char *page;     /* URL of the status page, NULL: none */
    char *response; /* NULL: pong */
};

static int
take(char **ret, const char *value, struct err *e)
{
    *ret = strdup(value);
    return *ret ? 0 : err_nomem(e);
}

static int
key_page(struct check_spec *s, const char *value, struct err *e)
{
    return take(&((struct own *)s->own)->page, value, e);
}

static int
key_response(struct check_spec *s, const char *value, struct err *e)
{
    return take(&((struct own *)s->own)->response, value, e);
}

static void
own_done(void *own)
{
    struct own *o = own;
    free(o->page);
    free(o->response);
}

static int
judge_keys(const struct check_spec *s, struct err *e)
{
    return s->each ? 0
                   : err_set(e, ERR_USAGE,
                             "'connection keep' would occupy a worker of PHP-FPM for good");
}

static struct probe *
fcgi_new(const struct probe_context *x, const struct check_spec *spec, void *target, struct err *e);

const struct check_kind probe_fcgi_kind = {
    .title = "PHP-FPM",
    .text = "a FastCGI request for the ping page (ping.path; /ping unless the URL says otherwise)",
    .schemes = (const struct check_scheme[]){{"fcgi", NULL, false}, {NULL, NULL, false}},
    .each = true, /* a held connection would hold a worker */
    .keys =
        (const struct check_key[]){
            {"status-page", "URL",
             "pm.status_path on pm.status_listen, which tells a busy pool from a hung one (none)",
             key_page},
            {"response", "TEXT", "the ping page's text, ping.response (pong)", key_response},
            {"on-full", "degraded|down",
             "state when the status page says that every worker is busy (degraded)",
             checkline_on_full},
            {NULL, NULL, NULL, NULL}},
    .own_size = sizeof(struct own),
    .own_done = own_done,
    .judge = judge_keys,
    .target = &probe_peer_target,
    .probe_new = fcgi_new,
};

/* ---- the probe ---- */

/* How long a ping is left waiting in the queue. */
#define PATIENCE_MS 30000u
/* A reload ends the workers one after the other, and with them what they had taken out of the queue: so often is asked again, at
 * once and then with a growing pause, before a connection that was closed is the answer. */
#define AGAIN_MAX 3u
#define AGAIN_MS 50u

struct probe_fcgi;

struct side {
    struct probe_fcgi *p;
    const char *name;                                           /* in causes */
    const char *script;                                         /* when the URL names none */
    struct target_peer *target;                                 /* NULL: not asked */
    uint64_t patience_ms;                                       /* beyond the look */
    void (*judge)(struct side *s, const struct fcgi_answer *a); /* status 200: the body */
    struct fcgicall *call;
    struct loop_timer *again;
    unsigned tries;
    struct probe_result r;
    bool done; /* r is this look's last word */
};

struct probe_fcgi {
    struct probe base;
    struct probe_context x;
    const struct check_spec *spec;
    struct side ping, page;
    bool full; /* the page's word in this look */
    bool looking;
    uint64_t deadline_ms;
    struct loop_timer *timer;
};

/* ---- what an answer means ---- */

static void
set_body(struct side *s, const char *wanted)
{
    s->r.reason = REASON_BODY;
    snprintf(s->r.cause, sizeof(s->r.cause), "%.160s: the response is not %.40s",
             target_peer_describe(s->target), wanted);
}

static void
judge_ping(struct side *s, const struct fcgi_answer *a)
{
    const struct own *own = s->p->spec->own;
    const char *pong = own->response ? own->response : "pong";
    if (a->body_len != strlen(pong) || memcmp(a->body, pong, a->body_len) != 0)
        set_body(s, pong);
}

static void
judge_page(struct side *s, const struct fcgi_answer *a)
{
    struct probe_fcgi_page page;
    if (probe_fcgi_page_parse(a->body, &page))
        s->p->full = probe_fcgi_page_is_full(&page);
    else
        set_body(s, "a status page of PHP-FPM");
}

/* A unix socket whose queue is full refuses at once: connect(2). Over TCP the kernel is silent then. */
static bool
is_queue_full(const struct side *s, const struct err *e)
{
    return e->sys_errno == EAGAIN && s->target->host[0] == '/';
}

static void
judge_error(struct side *s, const struct err *e)
{
    struct err own = *e;
    err_wrap(&own, "%s", s->name);
    probe_result_from(&s->r, &own, s->p->deadline_ms);
    if (e->code == ERR_BUSY || is_queue_full(s, e)) {
        s->r.reason = REASON_BUSY;
        s->r.timed_out = true; /* it may be well the next moment */
    }
}

static void
judge(struct side *s, const struct err *e, const struct fcgi_answer *a)
{
    s->r = (struct probe_result){0};
    if (e) {
        judge_error(s, e);
    } else if (a->status == 200) {
        s->judge(s, a);
    } else {
        s->r.reason = REASON_STATUS;
        snprintf(s->r.cause, sizeof(s->r.cause), "%.160s: the %s answered with status %u",
                 target_peer_describe(s->target), s->name, a->status);
    }
}

/* It waits for a worker, as everybody does who asks now. */
static bool
is_waiting(const struct side *ping)
{
    return ping->r.reason == REASON_TIMEOUT || ping->r.reason == REASON_BUSY;
}

/* What both say together. */
static void
conclude(const struct probe_fcgi *p, struct probe_result *ret)
{
    *ret = p->ping.r;
    if (ret->reason == REASON_NONE && p->page.target) {
        *ret = p->page.r;
        ret->degraded = ret->reason != REASON_NONE;
    } else if (is_waiting(&p->ping) && p->full) {
        ret->reason = REASON_BUSY;
        ret->timed_out = true;
        ret->degraded = !p->spec->rules.on_full_down;
        snprintf(ret->cause, sizeof(ret->cause), "every process of the pool is busy");
    }
}

/* ---- a look ---- */

static void
side_cancel(struct side *s)
{
    loop_timer_cancel(s->again);
    fcgicall_cancel(s->call);
    s->call = NULL;
}

static void
finish(struct probe_fcgi *p)
{
    struct probe_result r;
    conclude(p, &r);
    p->looking = false;
    loop_timer_cancel(p->timer);
    side_cancel(&p->page);
    loop_timer_cancel(p->ping.again);
    p->base.done(&p->base, PROBE_SESSION, &r, p->base.arg);
}

/* Ends the look when no word that is still to come can change it. */
static void
settle(struct probe_fcgi *p)
{
    bool open = p->ping.r.reason == REASON_NONE || is_waiting(&p->ping);
    if (p->ping.done && (!open || p->page.done))
        finish(p);
}

static void on_answer(const struct err *e, const struct fcgi_answer *a, void *arg);

static int
ask(struct side *s, struct err *e)
{
    const struct probe_fcgi *p = s->p;
    const struct fcgicall_to to = {.host = s->target->host,
                                   .port = s->target->port,
                                   .script = s->target->path ? s->target->path : s->script,
                                   .connect_deadline_ms = p->deadline_ms,
                                   .deadline_ms = p->deadline_ms + s->patience_ms};
    s->call = fcgicall_start(p->x.loop, p->x.resolver, &to, on_answer, s, e);
    return s->call ? 0 : -1;
}

static bool
ask_again(struct side *s, const struct err *e)
{
    if (!e || e->code != ERR_CLOSED || s->tries == AGAIN_MAX)
        return false;
    loop_timer_start(s->again, (uint64_t)AGAIN_MS * s->tries++);
    return true;
}

static void
on_answer(const struct err *e, const struct fcgi_answer *a, void *arg)
{
    struct side *s = arg;
    struct probe_fcgi *p = s->p;
    s->call = NULL;
    if (!p->looking) { /* the ping that was left waiting */
        p->base.lost(&p->base, p->base.arg);
        return;
    }
    judge(s, e, a);
    s->done = !ask_again(s, e);
    settle(p);
}

static void
on_again(void *arg)
{
    struct side *s = arg;
    struct err e;
    if (ask(s, &e) == 0)
        return;
    judge(s, &e, NULL);
    s->done = true;
    settle(s->p);
}

/* Time is over: what is still being asked did not answer. What was closed, and was about to be asked again, stays closed. */
static void
give_up(struct side *s)
{
    struct err e;
    if (s->done || loop_timer_pending(s->again))
        return;
    err_set(&e, ERR_TIMEOUT, "no response in time");
    judge(s, &e, NULL);
}

static void
on_deadline(void *arg)
{
    struct probe_fcgi *p = arg;
    give_up(&p->ping);
    give_up(&p->page);
    if (p->ping.call && !fcgicall_sent(p->ping.call))
        side_cancel(&p->ping);
    finish(p);
}

static void
side_begin(struct side *s)
{
    s->tries = 0;
    s->done = !s->target;
    s->r = (struct probe_result){0};
}

static int
fcgi_start(struct probe *base, enum probe_depth depth, uint64_t deadline_ms, struct err *e)
{
    struct probe_fcgi *p = (struct probe_fcgi *)base;
    struct err own;
    (void)depth; /* each look is a fresh connection: none is beside a session */
    p->deadline_ms = deadline_ms;
    p->full = false;
    side_begin(&p->ping);
    side_begin(&p->page);
    if (!p->ping.call && ask(&p->ping, e) < 0)
        return -1;
    if (p->page.target && ask(&p->page, &own) < 0) {
        judge(&p->page, &own, NULL);
        p->page.done = true;
    }
    p->looking = true;
    loop_timer_start_at(p->timer, deadline_ms);
    return 0;
}

static bool
fcgi_has_session(const struct probe *base)
{
    (void)base;
    return false;
}

static void
side_close(struct side *s)
{
    fcgicall_cancel(s->call);
    loop_timer_free(s->again);
}

static void
fcgi_close(struct probe *base)
{
    struct probe_fcgi *p = (struct probe_fcgi *)base;
    side_close(&p->ping);
    side_close(&p->page);
    loop_timer_free(p->timer);
}

static void
fcgi_release(struct probe *base)
{
    struct probe_fcgi *p = (struct probe_fcgi *)base;
    target_peer_free(p->ping.target);
    target_peer_free(p->page.target);
    free(p);
}

static const struct probe_ops ops = {.start = fcgi_start,
                                     .has_session = fcgi_has_session,
                                     .close = fcgi_close,
                                     .release = fcgi_release};

/* ---- making it ---- */

static int
page_parse(const struct check_spec *spec, struct target_peer **ret, struct err *e)
{
    const char *url = ((const struct own *)spec->own)->page;
    struct target_peer *t = NULL;
    if (!url)
        return 0;
    if (target_peer_parse(url, &t, e) < 0)
        return err_wrap(e, "status-page");
    int rc = 0;
    if (t->scheme != TARGET_PEER_FCGI)
        rc = err_set(e, ERR_USAGE, "status-page: not a fcgi:// URL");
    else if (check_spec_in_group(spec, "live") && !target_is_loopback(t->host))
        rc = err_set(e, ERR_USAGE,
                     "status-page: the group live cannot contain a target outside the pod");
    if (rc < 0)
        target_peer_free(t);
    else
        *ret = t;
    return rc;
}

static struct probe_fcgi *
probe_alloc(const struct probe_context *x, const struct check_spec *spec)
{
    struct probe_fcgi *p = calloc(1, sizeof(*p));
    if (!p)
        return NULL;
    *p = (struct probe_fcgi){
        .base = {.ops = &ops, .loop = x->loop},
        .x = *x,
        .spec = spec,
        .ping = {.name = "ping",
                 .script = "/ping",
                 .patience_ms = PATIENCE_MS,
                 .judge = judge_ping},
        .page = {.name = "status page", .script = "/status", .judge = judge_page}};
    p->ping.p = p;
    p->page.p = p;
    p->ping.again = loop_timer_new(x->loop, on_again, &p->ping);
    p->page.again = loop_timer_new(x->loop, on_again, &p->page);
    p->timer = loop_timer_new(x->loop, on_deadline, p);
    if (p->timer && p->ping.again && p->page.again)
        return p;
    fcgi_close(&p->base);
    free(p);
    return NULL;
}

static struct probe *
fcgi_new(const struct probe_context *x, const struct check_spec *spec, void *target, struct err *e)
{
    struct target_peer *page = NULL;
    if (page_parse(spec, &page, e) < 0)
        return NULL;
    struct probe_fcgi *p = probe_alloc(x, spec);
    if (!p) {
        target_peer_free(page);
        err_nomem(e);
        return NULL;
    }
    p->ping.target = target;
    p->page.target = page;
    return &p->base;
}
