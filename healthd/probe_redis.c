/* Redis: AUTH and SELECT (redisconn does both), then PING and ROLE in one go. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/net/redisconn.h"
#include "common/net/target.h"
#include "healthd/probe.h"

struct probe_redis;

struct lane {
    struct probe_redis *p;
    enum probe_depth depth;
    struct redisconn *c;
    uint64_t deadline_ms;
    bool running;
    bool kept;
    struct probe_result ping; /* what PING said, until ROLE has answered too */
};

struct probe_redis {
    struct probe base;
    struct probe_context x;
    const struct check_spec *spec;
    struct target_redis *target;
    struct lane lanes[PROBE_DEPTHS];
    struct redisconn *next;
};

static void on_connected(struct redisconn *c, const struct err *e, void *arg);

/* ---- sessions ---- */

static void
on_session_lost(struct redisconn *c, const struct err *e, void *arg)
{
    (void)e;
    struct probe_redis *p = arg;
    redisconn_free(c);
    p->lanes[PROBE_SESSION].c = NULL;
    p->base.lost(&p->base, p->base.arg);
}

static void
session_take(struct probe_redis *p, struct redisconn *c)
{
    struct lane *l = &p->lanes[PROBE_SESSION];
    if (l->running) {
        redisconn_free(p->next);
        p->next = c;
        return;
    }
    redisconn_free(l->c);
    l->c = c;
    redisconn_set_lost_cb(c, on_session_lost, p);
}

static void
finish(struct lane *l, const struct probe_result *r)
{
    struct probe_redis *p = l->p;
    struct redisconn *c = l->c;
    l->running = false;
    l->c = NULL;
    bool usable = c && redisconn_connected(c);
    if (p->next && l->depth == PROBE_SESSION) {
        redisconn_free(c);
        c = p->next;
        p->next = NULL;
        usable = true;
    }
    if (usable && !p->spec->each && (l->depth == PROBE_SESSION || r->reason == REASON_NONE))
        session_take(p, c);
    else
        redisconn_free(c);
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
set_reason(struct probe_result *r, enum reason reason, const char *cause)
{
    r->reason = reason;
    snprintf(r->cause, sizeof(r->cause), "%s", cause);
}

/* ---- ROLE ---- */

static bool
item_is(const struct redis_reply *reply, size_t i, const char *word)
{
    return i < reply->count && reply->items[i]->text && strcmp(reply->items[i]->text, word) == 0;
}

/* ["master", offset, [...]] or ["slave", host, port, state, offset]; state: connect, connecting,
 * sync, connected. */
static void
judge_role(const struct check_spec *spec, const struct redis_reply *reply, struct probe_result *r)
{
    if (reply->kind == REDIS_ERROR) { /* a user who may only PING, or a server older than 2.8.12 */
        if (spec->role != CHECK_ROLE_ANY)
            set_reason(r, reason_of_redis(reply->text), reply->text);
        return;
    }
    bool master = reply->kind == REDIS_ARRAY && item_is(reply, 0, "master");
    bool replica = reply->kind == REDIS_ARRAY && item_is(reply, 0, "slave");
    if (spec->role == CHECK_ROLE_PRIMARY && !master)
        set_reason(r, REASON_WRONG_ROLE, "the server is not a master");
    else if (spec->role == CHECK_ROLE_REPLICA && !replica)
        set_reason(r, REASON_WRONG_ROLE, "the server is not a replica");
    else if (replica && !item_is(reply, 3, "connected"))
        set_reason(r, REASON_STALE_REPLICA, "the replica is not connected to its master");
}

/* ---- asking ---- */

static int
connect_start(struct lane *l, struct err *e)
{
    struct probe_redis *p = l->p;
    redisconn_free(l->c);
    l->kept = false;
    l->c = redisconn_new(p->x.loop, p->x.resolver, p->target, e);
    return l->c ? redisconn_connect_start(l->c, l->deadline_ms, on_connected, l, e) : -1;
}

/* A session that was there already is closed: that is no failure yet, connecting again decides. */
static void
asking_failed(struct lane *l, const struct err *e)
{
    struct err own;
    if (!l->kept || e->code != ERR_CLOSED || clock_mono_ms() >= l->deadline_ms)
        finish_err(l, e);
    else if (connect_start(l, &own) < 0)
        finish_err(l, &own);
}

static void
on_role(struct redisconn *c, const struct err *e, const struct redis_reply *reply, void *arg)
{
    (void)c;
    struct lane *l = arg;
    struct probe_result r = l->ping;
    if (e && r.reason == REASON_NONE) {
        asking_failed(l, e);
        return;
    }
    if (!e && r.reason == REASON_NONE)
        judge_role(l->p->spec, reply, &r);
    finish(l, &r);
}

static void
on_ping(struct redisconn *c, const struct err *e, const struct redis_reply *reply, void *arg)
{
    (void)c;
    struct lane *l = arg;
    if (e)
        asking_failed(l, e); /* frees the connection, and with it ROLE's answer */
    else if (reply->kind == REDIS_ERROR)
        set_reason(&l->ping, reason_of_redis(reply->text), reply->text);
    else if (reply->kind != REDIS_STATUS || strcmp(reply->text, "PONG") != 0)
        set_reason(&l->ping, REASON_PROTOCOL, "PING was not answered with PONG");
}

static int
ask_start(struct lane *l, struct err *e)
{
    const char *const ping[] = {"PING"};
    const char *const role[] = {"ROLE"};
    l->ping = (struct probe_result){0};
    if (redisconn_command_start(l->c, 1, ping, NULL, l->deadline_ms, on_ping, l, e) < 0)
        return -1;
    return redisconn_command_start(l->c, 1, role, NULL, l->deadline_ms, on_role, l, e);
}

static void
on_connected(struct redisconn *c, const struct err *e, void *arg)
{
    (void)c;
    struct lane *l = arg;
    struct err own;
    if (e) {
        finish_err(l, e);
    } else if (ask_start(l, &own) < 0) {
        redisconn_free(l->c); /* half of the question may be under way */
        l->c = NULL;
        finish_err(l, &own);
    }
}

static int
redis_start(struct probe *base, enum probe_depth depth, uint64_t deadline_ms, struct err *e)
{
    struct probe_redis *p = (struct probe_redis *)base;
    struct lane *l = &p->lanes[depth];
    l->deadline_ms = deadline_ms;
    int rc = -1;
    if (l->c && redisconn_connected(l->c)) {
        redisconn_set_lost_cb(l->c, NULL, NULL);
        l->kept = true;
        rc = ask_start(l, e);
    }
    if (rc < 0)
        rc = connect_start(l, e);
    l->running = rc == 0;
    return rc;
}

static bool
redis_has_session(const struct probe *base)
{
    const struct probe_redis *p = (const struct probe_redis *)base;
    return p->lanes[PROBE_SESSION].c != NULL;
}

static void
redis_free(struct probe *base)
{
    struct probe_redis *p = (struct probe_redis *)base;
    for (int i = 0; i < PROBE_DEPTHS; i++)
        redisconn_free(p->lanes[i].c);
    redisconn_free(p->next);
    target_redis_free(p->target);
    free(p);
}

static const struct probe_ops ops = {
    .start = redis_start, .has_session = redis_has_session, .free = redis_free};

struct probe *
probe_redis_new(const struct probe_context *x, const struct check_spec *spec, struct err *e)
{
    struct target_redis *target = NULL;
    int rc = spec->url ? target_redis_parse(spec->url, &target, e)
                       : target_redis_load(x->redis, NULL, &target, e);
    if (rc < 0) {
        err_wrap(e, "check '%s'", spec->name);
        return NULL;
    }
    if (!target) {
        err_set(e, ERR_USAGE,
                "check '%s': no variable names a Redis server (REDIS_URL, REDIS_HOST)", spec->name);
        return NULL;
    }
    struct probe_redis *p = calloc(1, sizeof(*p));
    if (!p) {
        target_redis_free(target);
        err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    *p = (struct probe_redis){.base.ops = &ops, .x = *x, .spec = spec, .target = target};
    for (int i = 0; i < PROBE_DEPTHS; i++)
        p->lanes[i] = (struct lane){.p = p, .depth = (enum probe_depth)i};
    return &p->base;
}
