/*
 * HTTP and HTTPS: a GET whose status has to lie in the wanted range. Over a connection that was there already another status is
 * not yet a failure: the name may have left for another server by now, so a fresh connection decides.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/words.h"
#include "common/http/httpcall.h"
#include "common/target/target.h"
#include "healthd/probe/probe.h"
#include "healthd/probe/probe_http.h"
#include "healthd/probe/probe_kinds.h"

/* ---- the row ---- */

/* Three digits. */
static bool
take_status(const char **at, unsigned *ret)
{
    const char *p = *at;
    for (int i = 0; i < 3; i++)
        if (p[i] < '0' || p[i] > '9')
            return false;
    *ret = (unsigned)(100 * (p[0] - '0') + 10 * (p[1] - '0') + (p[2] - '0'));
    *at = p + 3;
    return *ret >= 100 && *ret <= 599;
}

static int
key_status(struct check_spec *s, const char *value, struct err *e)
{
    const char *at = value;
    unsigned from = 0;
    bool good = take_status(&at, &from);
    unsigned to = from;
    if (good && *at == '-') {
        at++;
        good = take_status(&at, &to);
    }
    if (!good || *at != '\0' || to < from)
        return err_set(e, ERR_USAGE, "'%.40s' is neither a status (204) nor a range (200-399)",
                       words_showable(value));
    *(struct probe_http_own *)s->own = (struct probe_http_own){from, to};
    return 0;
}

static struct probe *
http_new(const struct probe_context *x, const struct check_spec *spec, void *target, struct err *e);

const struct check_kind probe_http_kind = {
    .title = "HTTP",
    .text = "a GET request returns a status from 200 to 399; redirects are not followed",
    .schemes = (const struct check_scheme[]){{"http", NULL, false},
                                             {"https", NULL, false},
                                             {NULL, NULL, false}},
    .keys =
        (const struct check_key[]){{"status", "FROM-TO",
                                    "statuses that count as healthy (200-399, as for the kubelet)",
                                    key_status},
                                   {NULL, NULL, NULL, NULL}},
    .own_size = sizeof(struct probe_http_own),
    .own_default = &(const struct probe_http_own){200, 399},
    .target = &probe_peer_target,
    .probe_new = http_new,
};

/* ---- the probe ---- */

struct probe_http;

struct lane {
    struct probe_http *p;
    enum probe_depth depth;
    struct httpcall *call;
    uint64_t deadline_ms;
    bool kept;      /* the call under way may go over the kept connection */
    unsigned found; /* the status that made this look connect anew, 0: none */
};

struct probe_http {
    struct probe base;
    const struct check_spec *spec;
    struct target_peer *target;
    struct httpcall_client *client;
    struct lane lanes[PROBE_DEPTHS];
    bool elsewhere; /* the last status was not the wanted one: looks connect anew */
};

static void
on_lost(void *arg)
{
    struct probe_http *p = arg;
    p->base.lost(&p->base, p->base.arg);
}

static bool
is_wanted(const struct lane *l, unsigned status)
{
    const struct probe_http_own *own = l->p->spec->own;
    return status >= own->status_from && status <= own->status_to;
}

static void on_answer(const struct err *e, unsigned status, void *arg);

static int
call(struct lane *l, enum httpcall_way way, struct err *e)
{
    l->kept = way == HTTPCALL_KEEP && httpcall_client_connected(l->p->client);
    l->call = httpcall_start(l->p->client, way, l->deadline_ms, on_answer, l, e);
    return l->call ? 0 : -1;
}

static bool
look_elsewhere(struct lane *l, unsigned status)
{
    struct err e;
    if (!l->kept)
        return false;
    l->found = status;
    return call(l, HTTPCALL_FRESH, &e) == 0;
}

static void
on_answer(const struct err *e, unsigned status, void *arg)
{
    struct lane *l = arg;
    struct probe_http *p = l->p;
    struct probe_result r = {0};
    l->call = NULL;
    if (!e && !is_wanted(l, status) && look_elsewhere(l, status))
        return;
    /* A fresh connection that fails takes nothing back of what the server said itself. */
    unsigned said = e ? l->found : status;
    if (said == 0) {
        probe_result_from(&r, e, l->deadline_ms);
    } else if (!is_wanted(l, said)) {
        r.reason = REASON_STATUS;
        snprintf(r.cause, sizeof(r.cause), "%.200s answered with status %u",
                 target_peer_describe(p->target), said);
    }
    p->elsewhere = r.reason == REASON_STATUS;
    p->base.done(&p->base, l->depth, &r, p->base.arg);
}

static int
http_start(struct probe *base, enum probe_depth depth, uint64_t deadline_ms, struct err *e)
{
    struct probe_http *p = (struct probe_http *)base;
    struct lane *l = &p->lanes[depth];
    bool fresh = depth == PROBE_LOGIN || p->elsewhere;
    l->deadline_ms = deadline_ms;
    l->found = 0;
    return call(l, p->spec->each ? HTTPCALL_EACH : fresh ? HTTPCALL_FRESH : HTTPCALL_KEEP, e);
}

static bool
http_has_session(const struct probe *base)
{
    const struct probe_http *p = (const struct probe_http *)base;
    return httpcall_client_connected(p->client);
}

static void
http_close(struct probe *base)
{
    httpcall_client_free(((struct probe_http *)base)->client);
}

static void
http_release(struct probe *base)
{
    struct probe_http *p = (struct probe_http *)base;
    target_peer_free(p->target);
    free(p);
}

static const struct probe_ops ops = {.start = http_start,
                                     .has_session = http_has_session,
                                     .close = http_close,
                                     .release = http_release};

static struct probe *
http_new(const struct probe_context *x, const struct check_spec *spec, void *target, struct err *e)
{
    const struct httpcall_setup setup = {.loop = x->loop,
                                         .resolver = x->resolver,
                                         .target = target,
                                         .user_agent = "healthd/" RR_VERSION,
                                         .tls = x->https};
    struct probe_http *p = calloc(1, sizeof(*p));
    if (!p) {
        err_nomem(e);
        return NULL;
    }
    *p =
        (struct probe_http){.base = {.ops = &ops, .loop = x->loop}, .spec = spec, .target = target};
    for (int i = 0; i < PROBE_DEPTHS; i++)
        p->lanes[i] = (struct lane){.p = p, .depth = (enum probe_depth)i};
    p->client = httpcall_client_new(&setup, e);
    if (!p->client) {
        free(p);
        return NULL;
    }
    httpcall_client_set_lost_cb(p->client, on_lost, p);
    return &p->base;
}
