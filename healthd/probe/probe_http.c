/*
 * HTTP and HTTPS: a GET whose status has to lie in the wanted range, and whose body and certificate have to be as wanted. Over a
 * connection that was there already another answer is not yet a failure: the name may have left for another server by now, or the
 * server has a new certificate, so a fresh connection decides.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/words.h"
#include "common/http/httpcall.h"
#include "common/net/tls.h"
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
    struct probe_http_own *own = s->own;
    own->status_from = from;
    own->status_to = to;
    return 0;
}

static int
key_body(struct check_spec *s, const char *value, struct err *e)
{
    struct probe_http_own *own = s->own;
    if (value[0] == '\0')
        return err_set(e, ERR_USAGE, "the text is empty");
    own->body = strdup(value);
    return own->body ? 0 : err_nomem(e);
}

static int
key_match(struct check_spec *s, const char *value, struct err *e)
{
    struct probe_http_own *own = s->own;
    return pattern_parse(value, &own->match, e);
}

static void
own_done(void *own)
{
    struct probe_http_own *o = own;
    probe_tls_own_done(&o->tls);
    probe_http_headers_done(&o->headers);
    free(o->body);
    pattern_free(o->match);
}

static int
judge_keys(const struct check_spec *s, struct err *e)
{
    return probe_tls_judge_keys(s, "https", e);
}

static struct probe *
http_new(const struct probe_context *x, const struct check_spec *spec, void *target, struct err *e);

const struct check_kind probe_http_kind = {
    .title = "HTTP",
    .text =
        "a GET request returns a status from 200 to 399, and the expected body; redirects are not "
        "followed",
    .schemes = (const struct check_scheme[]){{"http", NULL, false},
                                             {"https", NULL, false},
                                             {NULL, NULL, false}},
    .keys =
        (const struct check_key[]){
            {"status", "FROM-TO", "statuses that count as healthy (200-399, as for the kubelet)",
             key_status},
            {"header", "NAME: VALUE", "header to send; may be given several times; never shown",
             probe_http_key_header},
            {"header-file", "NAME: FILE",
             "the same, with the value that a file contains; read for each request",
             probe_http_key_header_file},
            {"header-env", "NAME: VARIABLE", "the same, with the value of an environment variable",
             probe_http_key_header_env},
            {"body", "TEXT", "text that must occur in the first 64 KiB of the body (any)",
             key_body},
            {"match", "REGEX",
             "Perl-compatible regular expression that must match within them "
             "(any)",
             key_match},
            {"ca", "FILE",
             "https: authorities to trust instead of the system's, in PEM "
             "format",
             probe_tls_key_ca},
            {"days", "N", "https: days for which the certificate must still be valid (0)",
             probe_tls_key_days},
            {"verify", "yes|no", "https: no: any certificate will do (yes)", probe_tls_key_verify},
            {NULL, NULL, NULL, NULL}},
    .own_size = sizeof(struct probe_http_own),
    .own_default = &(const struct probe_http_own){.status_from = 200, .status_to = 399},
    .own_done = own_done,
    .again = (const char *const[]){"header", "header-file", "header-env", NULL},
    .judge = judge_keys,
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
    bool kept;                 /* the call under way may go over the kept connection */
    struct probe_result found; /* what the server said that made this look connect anew */
};

struct probe_http {
    struct probe base;
    const struct check_spec *spec;
    struct target_peer *target;
    struct httpcall_client *client;
    struct tls_client *tls; /* of this line alone */
    struct lane lanes[PROBE_DEPTHS];
    struct probe_http_lines headers;
    bool elsewhere; /* the last answer was not the wanted one: looks connect anew */
};

static void
on_lost(void *arg)
{
    struct probe_http *p = arg;
    p->base.lost(&p->base, p->base.arg);
}

/* ---- what an answer means ---- */

/* NULL: the body is the wanted one. */
static const char *
body_fault(const struct probe_http_own *own, const struct httpcall_answer *a)
{
    if (own->body && !memmem(a->body, a->body_len, own->body, strlen(own->body)))
        return "the body is not as expected";
    switch (own->match ? pattern_search(own->match, a->body, a->body_len) : PATTERN_YES) {
    case PATTERN_YES:
        return NULL;
    case PATTERN_NO:
        return "the body is not as expected";
    case PATTERN_UNKNOWN:
    default:
        return "the expression needs too many steps or too much memory for this body";
    }
}

static void
judge(const struct probe_http *p, const struct httpcall_answer *a, struct probe_result *ret)
{
    const struct probe_http_own *own = p->spec->own;
    const char *who = target_peer_describe(p->target);
    const char *fault = NULL;
    if (a->status < own->status_from || a->status > own->status_to) {
        ret->reason = REASON_STATUS;
        snprintf(ret->cause, sizeof(ret->cause), "%.200s answered with status %u", who, a->status);
    } else if ((fault = body_fault(own, a))) {
        ret->reason = REASON_BODY;
        snprintf(ret->cause, sizeof(ret->cause), "%.150s: %s", who, fault);
    } else {
        probe_tls_judge(&own->tls, a->cert_left_s, who, ret);
    }
}

/* ---- looking ---- */

static void on_answer(const struct err *e, const struct httpcall_answer *a, void *arg);

static int
call(struct lane *l, enum httpcall_way way, struct err *e)
{
    l->kept = way == HTTPCALL_KEEP && httpcall_client_connected(l->p->client);
    l->call = httpcall_start(l->p->client, way, l->deadline_ms, on_answer, l, e);
    return l->call ? 0 : -1;
}

static bool
look_elsewhere(struct lane *l, const struct probe_result *r)
{
    struct err e;
    if (!l->kept)
        return false;
    l->found = *r;
    return call(l, HTTPCALL_FRESH, &e) == 0;
}

static void
on_answer(const struct err *e, const struct httpcall_answer *a, void *arg)
{
    struct lane *l = arg;
    struct probe_http *p = l->p;
    struct probe_result r = {0};
    l->call = NULL;
    if (!e) {
        judge(p, a, &r);
        if (r.reason != REASON_NONE && look_elsewhere(l, &r))
            return;
        p->elsewhere = r.reason != REASON_NONE;
    } else if (l->found.reason != REASON_NONE) {
        r = l->found; /* a fresh connection that fails takes nothing back of what the server said */
        p->elsewhere = true;
    } else {
        probe_result_from(&r, e, l->deadline_ms);
        if (a->expired)
            r.reason = REASON_EXPIRED;
        p->elsewhere = false;
    }
    p->base.done(&p->base, l->depth, &r, p->base.arg);
}

static int
http_start(struct probe *base, enum probe_depth depth, uint64_t deadline_ms, struct err *e)
{
    struct probe_http *p = (struct probe_http *)base;
    struct lane *l = &p->lanes[depth];
    bool fresh = depth == PROBE_LOGIN || p->elsewhere;
    l->deadline_ms = deadline_ms;
    l->found = (struct probe_result){0};
    const struct probe_http_own *own = p->spec->own;
    if (probe_http_lines_read(&own->headers, &p->headers, e) < 0)
        return -1;
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
    struct probe_http *p = (struct probe_http *)base;
    httpcall_client_free(p->client);
    tls_client_free(p->tls);
}

static void
http_release(struct probe *base)
{
    struct probe_http *p = (struct probe_http *)base;
    target_peer_free(p->target);
    probe_http_lines_done(&p->headers);
    free(p);
}

static const struct probe_ops ops = {.start = http_start,
                                     .has_session = http_has_session,
                                     .close = http_close,
                                     .release = http_release};

static struct probe *
http_new(const struct probe_context *x, const struct check_spec *spec, void *target, struct err *e)
{
    const struct probe_http_own *own = spec->own;
    struct probe_http *p = calloc(1, sizeof(*p));
    if (!p) {
        err_nomem(e);
        return NULL;
    }
    const struct httpcall_setup setup = {.loop = x->loop,
                                         .resolver = x->resolver,
                                         .target = target,
                                         .user_agent = "healthd/" RR_VERSION,
                                         .tls = probe_tls_place(x, &own->tls, &p->tls),
                                         .ca_file = own->tls.ca,
                                         .unverified = own->tls.unverified,
                                         .headers = p->headers.all,
                                         .body = own->body || own->match};
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
