/*
 * Redis: AUTH and SELECT (redisconn does both), then PING and ROLE in one go; and between them CLUSTER INFO: at each login,
 * and with each look once a login found a cluster, whose nodes answer PING in state fail, too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/redis/redisconn.h"
#include "common/target/target.h"
#include "healthd/probe/probe_kinds.h"
#include "healthd/probe/probe_redis.h"
#include "healthd/probe/probe_session.h"

/* ---- the row ---- */

static int
key_role(struct check_spec *s, const char *value, struct err *e)
{
    static const char *const known[] = {"any", "master", "replica"};
    size_t i = 0;
    if (checkline_choice("role", value, known, 3, &i, e) < 0)
        return -1;
    ((struct probe_redis_own *)s->own)->role = (enum probe_redis_role)i;
    return 0;
}

static int
target_parse(const char *url, const struct check_given *given, void **ret, struct err *e)
{
    struct target_redis *t = NULL;
    if ((url ? target_redis_parse(url, &t, e) : target_redis_load(given->redis, NULL, &t, e)) < 0)
        return -1;
    *ret = t;
    return 0;
}

static void
target_free(void *t)
{
    target_redis_free(t);
}

static bool
target_is_local(const void *t)
{
    return target_is_loopback(((const struct target_redis *)t)->host);
}

static const char *
target_describe(const void *t)
{
    return target_redis_describe(t);
}

static bool
target_is_same(const void *a, const void *b)
{
    return target_redis_same(a, b);
}

static struct probe *redis_new(const struct probe_context *x, const struct check_spec *spec,
                               void *target, struct err *e);

const struct check_kind probe_redis_kind = {
    .title = "Redis",
    .text = "a login, then PING, ROLE and, on a cluster node, the cluster's state",
    .schemes = (const struct check_scheme[]){{"redis", NULL, false},
                                             {"rediss", "over TLS", true},
                                             {"unix", "Redis", true},
                                             {NULL, NULL, false}},
    .keys = (const struct check_key[]){{"role", "any|master|replica",
                                        "the role that the server must have (any)", key_role},
                                       {NULL, NULL, NULL, NULL}},
    .own_size = sizeof(struct probe_redis_own),
    .target = &(const struct check_target){target_parse, target_free, target_is_local,
                                           target_describe, target_is_same},
    .found_name = "redis",
    .not_found = "no variable names a Redis server (REDIS_URL, REDIS_HOST)",
    .probe_new = redis_new,
};

/* ---- the probe ---- */

struct probe_redis {
    struct probe_session session;
    struct target_redis *target;
    struct redisconn_tls tls;
    bool cluster;                            /* the server is a node of one */
    struct probe_result found[PROBE_DEPTHS]; /* what the replies said so far; ROLE's is the last */
};

static void
set_reason(struct probe_result *r, enum reason reason, const char *cause)
{
    r->reason = reason;
    snprintf(r->cause, sizeof(r->cause), "%s", cause);
}

static enum reason
reason_of_reply(const struct redis_reply *reply)
{
    char word[ERR_WORD_MAX];
    redisconn_word(reply->text, word);
    return reason_of_redis(word);
}

/* ---- ROLE ---- */

static bool
item_is(const struct redis_reply *reply, size_t i, const char *word)
{
    return i < reply->count && reply->items[i]->text && strcmp(reply->items[i]->text, word) == 0;
}

/* ["master", offset, [...]], ["slave", host, port, state, offset] (state: connect, connecting, sync,
 * connected) or ["sentinel", [...]]. */
static void
judge_role(enum probe_redis_role role, const struct redis_reply *reply, struct probe_result *r)
{
    if (reply->kind == REDIS_ERROR) { /* a user who may only PING, or a server older than 2.8.12 */
        if (role != PROBE_REDIS_ANY)
            set_reason(r, reason_of_reply(reply), reply->text);
        return;
    }
    bool master = reply->kind == REDIS_ARRAY && item_is(reply, 0, "master");
    bool replica = reply->kind == REDIS_ARRAY && item_is(reply, 0, "slave");
    if (reply->kind == REDIS_ARRAY && item_is(reply, 0, "sentinel"))
        set_reason(r, REASON_WRONG_ROLE, "the server is a Sentinel, not a Redis data server");
    else if (role == PROBE_REDIS_MASTER && !master)
        set_reason(r, REASON_WRONG_ROLE, "the server is not a master");
    else if (role == PROBE_REDIS_REPLICA && !replica)
        set_reason(r, REASON_WRONG_ROLE, "the server is not a replica");
    else if (replica && !item_is(reply, 3, "connected"))
        set_reason(r, REASON_STALE_REPLICA, "the replica is not connected to its master");
}

/* ---- asking ---- */

static struct probe_result *
found_of(const struct session_lane *l)
{
    return &((struct probe_redis *)l->s)->found[l->depth];
}

/* The first reply that fails frees the connection, and with it the later ones. */
static void
asking_failed(struct session_lane *l, const struct err *e)
{
    struct probe_result r = *found_of(l);
    if (r.reason != REASON_NONE)
        probe_session_finish(l, &r);
    else if (e->code != ERR_CLOSED || !probe_session_again(l))
        probe_session_finish_err(l, e);
}

static void
on_ping(struct redisconn *c, const struct err *e, const struct redis_reply *reply, void *arg)
{
    (void)c;
    struct session_lane *l = arg;
    if (e)
        asking_failed(l, e);
    else if (reply->kind == REDIS_ERROR)
        set_reason(found_of(l), reason_of_reply(reply), reply->text);
    else if (reply->kind != REDIS_STATUS || strcmp(reply->text, "PONG") != 0)
        set_reason(found_of(l), REASON_PROTOCOL, "PING was not answered with PONG");
}

/* An error: no cluster, or a user who may not ask. */
static void
on_cluster(struct redisconn *c, const struct err *e, const struct redis_reply *reply, void *arg)
{
    (void)c;
    struct session_lane *l = arg;
    struct probe_result *found = found_of(l);
    if (e) {
        asking_failed(l, e);
        return;
    }
    bool cluster = reply->kind == REDIS_STRING;
    ((struct probe_redis *)l->s)->cluster = cluster;
    if (cluster && found->reason == REASON_NONE && strstr(reply->text, "cluster_state:fail"))
        set_reason(found, REASON_MASTER_DOWN, "the Redis Cluster is in state fail");
}

static void
on_role(struct redisconn *c, const struct err *e, const struct redis_reply *reply, void *arg)
{
    (void)c;
    struct session_lane *l = arg;
    if (e) {
        asking_failed(l, e);
        return;
    }
    struct probe_result r = *found_of(l);
    if (r.reason == REASON_NONE)
        judge_role(((const struct probe_redis_own *)l->s->spec->own)->role, reply, &r);
    probe_session_finish(l, &r);
}

static int
ask(struct session_lane *l, struct err *e)
{
    static const char *const words[] = {"PING", "ROLE", "CLUSTER", "INFO"};
    static const struct redis_args ping = {.argc = 1, .argv = words};
    static const struct redis_args role = {.argc = 1, .argv = words + 1};
    static const struct redis_args cluster = {.argc = 2, .argv = words + 2};
    bool ask_cluster = !l->kept || ((struct probe_redis *)l->s)->cluster;
    *found_of(l) = (struct probe_result){0};
    if (redisconn_command_start(l->conn, &ping, l->deadline_ms, on_ping, l, e) < 0)
        return -1;
    if (ask_cluster &&
        redisconn_command_start(l->conn, &cluster, l->deadline_ms, on_cluster, l, e) < 0)
        return -1;
    return redisconn_command_start(l->conn, &role, l->deadline_ms, on_role, l, e);
}

/* ---- sessions ---- */

static void
on_connected(struct redisconn *c, const struct err *e, void *arg)
{
    (void)c;
    struct session_lane *l = arg;
    struct err own;
    if (e) {
        probe_session_finish_err(l, e);
    } else if (ask(l, &own) < 0) {
        redisconn_free(l->conn); /* half of the question may be under way */
        l->conn = NULL;
        probe_session_finish_err(l, &own);
    }
}

static void *
conn_new(struct probe_session *s, struct err *e)
{
    struct probe_redis *p = (struct probe_redis *)s;
    struct redisconn *c = redisconn_new(s->x.loop, s->x.resolver, p->target, e);
    if (c)
        redisconn_share_tls(c, &p->tls);
    return c;
}

static void
conn_free(void *conn)
{
    redisconn_free(conn);
}

static bool
usable(const void *conn)
{
    return redisconn_connected(conn);
}

static int
connect_start(struct session_lane *l, struct err *e)
{
    return redisconn_connect_start(l->conn, l->deadline_ms, on_connected, l, e);
}

static void
on_session_lost(struct redisconn *c, const struct err *e, void *arg)
{
    (void)c;
    (void)e;
    probe_session_lost(arg);
}

static int
watch(struct probe_session *s, void *conn)
{
    redisconn_set_lost_cb(conn, on_session_lost, s);
    return 0;
}

static void
unwatch(void *conn)
{
    redisconn_set_lost_cb(conn, NULL, NULL);
}

static void
redis_free(struct probe_session *s)
{
    struct probe_redis *p = (struct probe_redis *)s;
    redisconn_tls_done(&p->tls);
    target_redis_free(p->target);
    free(p);
}

static const struct session_steps steps = {
    .conn_new = conn_new,
    .conn_free = conn_free,
    .usable = usable,
    .connect = connect_start,
    .ask = ask,
    .watch = watch,
    .unwatch = unwatch,
    .free = redis_free,
};

static struct probe *
redis_new(const struct probe_context *x, const struct check_spec *spec, void *target, struct err *e)
{
    struct probe_redis *p = calloc(1, sizeof(*p));
    if (!p) {
        err_nomem(e);
        return NULL;
    }
    p->target = target;
    probe_session_init(&p->session, &steps, x, spec);
    return &p->session.base;
}
