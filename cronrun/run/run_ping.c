/*
 * run_ping.c: a run is reported to a monitor that speaks the protocol of healthchecks.io (https://healthchecks.io/docs/http_api/): GET
 * URL/start, then POST URL, URL/<exit status> or URL/fail, each with the run's id as rid, the last one with the end of the output.
 *
 * Nothing waits for the first, and nothing for longer than END_MS for the last. The URL is a secret: no message holds any of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/http/httpcall.h"
#include "common/net/resolve.h"
#include "common/net/tls.h"
#include "common/target/target.h"
#include "cronrun/events.h"
#include "cronrun/run/run_impl.h"

#define START_MS 10000
#define END_MS 1900
#define HANDOVER_MS 500 /* of these, for a first ping that is still under way */
#define AGAIN_MS 100
#define AGAIN_MOST_MS 1000
#define BODY_MAX 10000u /* what older servers keep */

struct call {
    struct run_ping *p;
    const char *what;
    struct target_peer *target;
    struct httpcall_client *client;
    struct httpcall *call;
    struct strbuf body;
    struct loop_timer *again_timer;
    struct backoff again;
    uint64_t until_ms;
    bool over;
};

struct run_ping {
    struct run *r;
    char *url;
    struct tls_client *tls;
    struct call start, end;
    struct loop_timer *handover;
    char suffix[8];
    bool waits; /* the last one, for the first */
};

static void try(struct call *c);
static void begin_end(struct run_ping *p);

/* ---- one ping ---- */

static void
clear_call(struct call *c)
{
    httpcall_client_free(c->client);
    target_peer_free(c->target);
    c->client = NULL;
    c->target = NULL;
    c->call = NULL;
    loop_timer_cancel(c->again_timer);
}

static void
call_over(struct call *c)
{
    struct run_ping *p = c->p;
    clear_call(c);
    c->over = true;
    if (c == &p->end)
        run_after_pinged(p->r);
    else if (p->waits)
        begin_end(p);
}

/* why: words of ours; what a library says may hold the URL's host. */
static void
call_failed(struct call *c, const char *why)
{
    const struct run *r = c->p->r;
    log_warn(
        &event_ping_failed,
        LOG_FIELDS(LF_STR("job", r->job), LF_STR("run_id", r->run_id), LF_STR("ping", c->what)),
        "%s: the %s ping could not be delivered: %s", r->job, c->what, why);
    call_over(c);
}

static bool
try_later(struct call *c)
{
    uint32_t pause_ms = backoff_next(&c->again);
    if (pause_ms >= clock_left_ms(c->until_ms))
        return false;
    loop_timer_start(c->again_timer, pause_ms);
    return true;
}

static void
on_ping_answer(const struct err *e, const struct httpcall_answer *a, void *arg)
{
    struct call *c = arg;
    char why[64];
    c->call = NULL;
    if (!e && a->status >= 200 && a->status < 300) {
        call_over(c);
        return;
    }
    bool again = e ? e->code == ERR_REFUSED || e->code == ERR_CLOSED || e->code == ERR_DNS
                   : a->status == 408 || a->status == 429 || a->status >= 500;
    if (again && try_later(c))
        return;
    if (e)
        snprintf(why, sizeof(why), "%s", err_name(e->code));
    else
        snprintf(why, sizeof(why), "the answer's status is %u", a->status);
    call_failed(c, why);
}

static void
try(struct call *c)
{
    struct err e;
    c->call = httpcall_start(c->client, HTTPCALL_EACH, c->until_ms, on_ping_answer, c, &e);
    if (!c->call)
        call_failed(c, err_name(e.code));
}

static void
on_ping_again(void *arg)
{
    try(arg);
}

/* The URL's path with the suffix behind it, and the run's id among its parameters. */
static int
make_target(struct run_ping *p, const char *suffix, struct target_peer **ret, struct err *e)
{
    struct strbuf url = STRBUF_INIT;
    size_t path = strcspn(p->url, "?");
    const char *query = p->url + path;
    while (path > 0 && p->url[path - 1] == '/')
        path--;
    strbuf_addf(&url, "%.*s%s%s%srid=%s", (int)path, p->url, suffix, *query ? query : "?",
                *query ? "&" : "", p->r->run_id);
    char *text = strbuf_steal(&url);
    if (!text)
        return err_nomem(e);
    int rc = target_peer_parse(text, ret, e);
    target_secret_free(text);
    if (rc < 0)
        return -1;
    if ((*ret)->scheme == TARGET_PEER_HTTP || (*ret)->scheme == TARGET_PEER_HTTPS)
        return 0;
    target_peer_free(steal_ptr(ret));
    return err_set(e, ERR_USAGE, "the URL must begin with https:// or http://");
}

static void
begin_call(struct call *c, const char *suffix, uint64_t for_ms)
{
    static const char *const plain[] = {"Content-Type: text/plain; charset=utf-8", "Expect:", NULL};
    struct run_ping *p = c->p;
    struct run *r = p->r;
    struct err e;
    if (!r->resolver)
        r->resolver = resolver_new(r->loop, &e);
    c->until_ms = clock_deadline(for_ms);
    c->again = (struct backoff){.first_ms = AGAIN_MS, .most_ms = AGAIN_MOST_MS};
    if (!r->resolver || make_target(p, suffix, &c->target, &e) < 0) {
        call_failed(c, err_name(ERR_NOMEM));
        return;
    }
    struct httpcall_setup x = {.loop = r->loop,
                               .resolver = r->resolver,
                               .target = c->target,
                               .user_agent = "cronrun/" RR_VERSION,
                               .tls = &p->tls,
                               .headers = c == &p->end ? plain : NULL,
                               .post = c == &p->end ? strbuf_str(&c->body) : NULL,
                               .post_bytes = c->body.len};
    c->client = httpcall_client_new(&x, &e);
    if (c->client)
        try(c);
    else
        call_failed(c, err_name(e.code));
}

/* ---- both of them ---- */

void
run_ping_start(struct run *r)
{
    if (r->ping)
        begin_call(&r->ping->start, "/start", START_MS);
}

static void
begin_end(struct run_ping *p)
{
    p->waits = false;
    loop_timer_cancel(p->handover);
    if (p->start.client)
        call_failed(&p->start, "it was not answered before the run ended");
    begin_call(&p->end, p->suffix, clock_left_ms(p->end.until_ms));
}

static void
on_ping_handover(void *arg)
{
    begin_end(arg);
}

bool
run_ping_end(struct run *r)
{
    struct run_ping *p = r->ping;
    char msg[LOG_LINE_MAX / 2];
    if (!p || r->outcome.kind == OUTCOME_SKIPPED)
        return false;
    if (r->outcome.kind == OUTCOME_FAILURE)
        snprintf(p->suffix, sizeof(p->suffix), "/%d", r->outcome.exit);
    else
        snprintf(p->suffix, sizeof(p->suffix), "%s",
                 r->outcome.kind == OUTCOME_SUCCESS ? "" : "/fail");
    run_report_message(r, msg, sizeof(msg));
    run_report_tail(r, BODY_MAX, msg, &p->end.body);
    p->end.until_ms = clock_deadline(END_MS);
    p->waits = p->start.client != NULL; /* or the monitor might hear of the end before the start */
    loop_timer_start(p->handover, p->waits ? HANDOVER_MS : 0);
    return true;
}

void
run_ping_give_up(struct run *r)
{
    if (!r->ping || r->ping->end.over)
        return;
    loop_timer_cancel(r->ping->handover);
    r->ping->waits = false;
    call_failed(&r->ping->end, "cronrun was told to stop");
}

int
run_ping_init(struct run *r, struct err *e)
{
    char *loaded = NULL;
    const char *given = r->o->ping;
    if (!given && target_secret_load("CRONRUN_PING", &loaded, e) < 0)
        return -1;
    if (!given && !loaded)
        return 0;
    struct run_ping *p = calloc(1, sizeof(*p));
    struct target_peer *target = NULL;
    r->ping = p;
    if (!p) {
        target_secret_free(loaded);
        return err_nomem(e);
    }
    p->r = r;
    p->url = loaded ? loaded : strdup(given);
    p->start = (struct call){.p = p, .what = "start"};
    p->end = (struct call){.p = p, .what = "end"};
    p->start.again_timer = loop_timer_new(r->loop, on_ping_again, &p->start);
    p->end.again_timer = loop_timer_new(r->loop, on_ping_again, &p->end);
    p->handover = loop_timer_new(r->loop, on_ping_handover, p);
    if (!p->url || !p->start.again_timer || !p->end.again_timer || !p->handover)
        return err_nomem(e);
    if (loaded && options_check_ping(loaded, e) < 0)
        return -1;
    if (make_target(p, "", &target, e) < 0)
        return e->code == ERR_USAGE ? err_wrap(e, "--ping") : -1;
    target_peer_free(target);
    return 0;
}

void
run_ping_done(struct run *r)
{
    struct run_ping *p = r->ping;
    if (!p)
        return;
    struct call *calls[] = {&p->start, &p->end};
    for (size_t i = 0; i < 2; i++) {
        clear_call(calls[i]);
        loop_timer_free(calls[i]->again_timer);
        strbuf_done(&calls[i]->body);
    }
    loop_timer_free(p->handover);
    tls_client_free(p->tls);
    target_secret_free(p->url);
    free(p);
    r->ping = NULL;
}
