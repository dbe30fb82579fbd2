/* httpcall.c: calls from start to end. */
#include "common/http/httpcall.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/strbuf.h"
#include "common/http/httpcall_impl.h"
#include "common/net/loop.h"
#include "common/net/tls.h"
#include "common/target/target.h"

/* ---- the end of a call ---- */

static void
unlink_call(struct httpcall *q)
{
    struct httpcall **at = &q->client->calls;
    while (*at && *at != q)
        at = &(*at)->next;
    if (*at)
        *at = q->next;
}

void
httpcall_cancel(struct httpcall *q)
{
    if (!q)
        return;
    unlink_call(q);
    resolve_cancel(q->request);
    tls_load_cancel(q->load);
    loop_timer_free(q->deadline);
    if (q->easy) {
        curl_multi_remove_handle(q->client->multi, q->easy);
        curl_easy_cleanup(q->easy);
    }
    curl_slist_free_all(q->headers);
    curl_slist_free_all(q->addresses);
    strbuf_done(&q->body);
    free(q);
}

/* The one way out. q is gone before its callback runs: that may start the next. */
static void
finish(struct httpcall *q, const struct err *e)
{
    struct err copy = e ? *e : (struct err){0};
    struct httpcall_answer a = q->answer;
    cleanup_strbuf struct strbuf body = q->body;
    httpcall_cb *cb = q->cb;
    void *arg = q->arg;
    q->body = (struct strbuf)STRBUF_INIT;
    a.body = strbuf_str(&body);
    a.body_len = body.len;
    httpcall_cancel(q);
    cb(e ? &copy : NULL, &a, arg);
}

void
httpcall_done(struct httpcall *q, CURLcode code)
{
    struct err e;
    int rc = httpcall_judge(q, code, &e);
    if (rc == 0 && q->way != HTTPCALL_EACH)
        httpcall_idle_watch(q);
    finish(q, rc < 0 ? &e : NULL);
}

static void
on_deadline(void *arg)
{
    struct httpcall *q = arg;
    struct err e;
    err_set(&e, ERR_TIMEOUT, "%s did not answer in time",
            target_peer_describe(q->client->x.target));
    finish(q, &e);
}

/* ---- the start ---- */

static int
send_off(struct httpcall *q, struct err *e)
{
    loop_timer_start_at(q->deadline, q->deadline_ms);
    if (curl_multi_add_handle(q->client->multi, q->easy) == CURLM_OK)
        return 0;
    return err_nomem(e);
}

static void
on_loaded(const struct err *e, void *arg)
{
    struct httpcall *q = arg;
    struct err own;
    q->load = NULL;
    if (e)
        finish(q, e);
    else if (send_off(q, &own) < 0)
        finish(q, &own);
}

static int
begin(struct httpcall *q, const struct resolve_addr *addrs, size_t n, struct err *e)
{
    const struct httpcall_setup *x = &q->client->x;
    if (httpcall_prepare(q, addrs, n, e) < 0)
        return -1;
    if (q->reuse || x->target->scheme != TARGET_PEER_HTTPS)
        return send_off(q, e);
    q->load = tls_load_start(*x->tls, q->deadline_ms, on_loaded, q, e);
    return q->load ? 0 : -1;
}

static void
on_resolved(const struct err *e, const struct resolve_addr *addrs, size_t n, void *arg)
{
    struct httpcall *q = arg;
    struct err own;
    q->request = NULL;
    if (e)
        finish(q, e);
    else if (begin(q, addrs, n, &own) < 0)
        finish(q, &own);
}

/* A name is asked for whenever a connection may have to be made. */
static int
start(struct httpcall *q, struct err *e)
{
    struct httpcall_client *c = q->client;
    q->reuse = q->way == HTTPCALL_KEEP && httpcall_idle_take(c);
    if (q->reuse || c->x.target->is_address)
        return begin(q, NULL, 0, e);
    q->request = resolve_start(c->x.resolver, c->x.target->host, c->x.target->port, q->deadline_ms,
                               on_resolved, q, e);
    return q->request ? 0 : -1;
}

struct httpcall *
httpcall_start(struct httpcall_client *c, enum httpcall_way way, uint64_t deadline_ms,
               httpcall_cb *cb, void *arg, struct err *e)
{
    struct httpcall *q = calloc(1, sizeof(*q));
    if (!q) {
        err_nomem(e);
        return NULL;
    }
    *q = (struct httpcall){.next = c->calls,
                           .client = c,
                           .fd = -1,
                           .answer.cert_left_s = INT64_MAX,
                           .way = way,
                           .deadline_ms = deadline_ms,
                           .cb = cb,
                           .arg = arg};
    c->calls = q;
    q->deadline = loop_timer_new(c->x.loop, on_deadline, q);
    if (!q->deadline)
        err_nomem(e);
    if (!q->deadline || start(q, e) < 0) {
        httpcall_cancel(q);
        return NULL;
    }
    return q;
}

/* ---- clients ---- */

static int
set_url(struct httpcall_client *c)
{
    const struct target_peer *t = c->x.target;
    size_t len = strlen(t->host);
    bool v6 = t->is_address && strchr(t->host, ':');
    struct strbuf b = STRBUF_INIT;
    /* The final dot is for the resolver alone: neither Host nor certificates have it. */
    c->host = strndup(t->host, t->host[len - 1] == '.' ? len - 1 : len);
    strbuf_addf(&b, "%s://%s%s%s:%u/", t->scheme == TARGET_PEER_HTTPS ? "https" : "http",
                v6 ? "[" : "", c->host ? c->host : "", v6 ? "]" : "", t->port);
    c->url = strbuf_steal(&b);
    return c->host && c->url ? 0 : -1;
}

struct httpcall_client *
httpcall_client_new(const struct httpcall_setup *x, struct err *e)
{
    struct httpcall_client *c = calloc(1, sizeof(*c));
    if (!c) {
        err_nomem(e);
        return NULL;
    }
    c->x = *x;
    c->idle_fd = -1;
    if (set_url(c) < 0)
        err_nomem(e);
    else if (httpcall_multi_init(c, e) == 0)
        return c;
    httpcall_client_free(c);
    return NULL;
}

void
httpcall_client_free(struct httpcall_client *c)
{
    if (!c || c->dead)
        return;
    c->dead = true;
    while (c->calls)
        httpcall_cancel(c->calls);
    httpcall_multi_done(c);
    free(c->url);
    free(c->host);
    loop_defer(c->x.loop, &c->later, free, c);
}

void
httpcall_client_set_lost_cb(struct httpcall_client *c, httpcall_lost_cb *cb, void *arg)
{
    c->lost = cb;
    c->lost_arg = arg;
}

bool
httpcall_client_connected(const struct httpcall_client *c)
{
    return c->idle != NULL;
}
