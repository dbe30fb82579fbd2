/* redisconn.c: the life of a Redis connection: states, deadlines, ends. */
#include "common/redis/redisconn.h"

#include <assert.h>
#include <event2/bufferevent.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/events.h"
#include "common/base/log.h"
#include "common/net/dial.h"
#include "common/net/loop.h"
#include "common/redis/redisconn_impl.h"
#include "common/target/target.h"
#include "common/net/tls.h"

/* ---- ends ---- */

static struct redis_command *
take_commands(struct redisconn *c)
{
    struct redis_command *list = c->first;
    c->first = NULL;
    c->last = &c->first;
    return list;
}

static void
drop_commands(struct redis_command *list)
{
    while (list) {
        struct redis_command *next = list->next;
        free(list);
        list = next;
    }
}

void
redisconn_close(struct redisconn *c)
{
    dial_cancel(c->dial);
    c->dial = NULL;
    tls_open_cancel(c->opening);
    c->opening = NULL;
    if (c->bev) {
        bufferevent_free(c->bev);
        c->bev = NULL;
    }
    redis_parser_free(c->parser);
    c->parser = NULL;
    loop_timer_cancel(c->timer);
    drop_commands(take_commands(c));
    c->connect_cb = NULL;
    redisconn_set_state(c, REDISCONN_IDLE);
}

/* Commands that waited, then who watches. Each may free c, or connect anew. */
static void
tell(struct redisconn *c, struct redis_command *list, const struct err *e)
{
    while (list) {
        struct redis_command *next = list->next;
        if (list->cb && !c->dead)
            list->cb(c, e, NULL, list->arg);
        free(list);
        list = next;
    }
    if (c->lost_due && !c->dead) {
        redisconn_cb *cb = c->lost_cb;
        c->lost_cb = NULL;
        c->lost_due = false;
        cb(c, e, c->lost_arg);
    }
}

void
redisconn_fail(struct redisconn *c, const struct err *e)
{
    struct err copy = *e; /* may lie in c */
    redisconn_cb *connect_cb = c->connect_cb;
    struct redis_command *list = take_commands(c);
    c->lost_due = c->lost_cb && c->state == REDISCONN_READY;
    redisconn_close(c);
    if (connect_cb)
        connect_cb(c, &copy, c->connect_arg);
    tell(c, list, &copy);
}

/* ---- state and deadlines ---- */

void
redisconn_set_state(struct redisconn *c, enum redisconn_state state)
{
    static const char *const names[] = {"idle", "connecting", "handshake", "login", "ready"};
    if (c->state != state) {
        log_debug(&event_redis_state, LOG_NONE, "%s: %s", target_redis_describe(c->target),
                  names[state]);
        c->state = state;
    }
}

static uint64_t
nearest_deadline(const struct redisconn *c)
{
    uint64_t nearest = c->connect_cb ? c->connect_deadline_ms : CLOCK_NEVER;
    for (const struct redis_command *q = c->first; q; q = q->next)
        nearest = clock_earlier(nearest, q->deadline_ms);
    return nearest;
}

void
redisconn_set_timer(struct redisconn *c)
{
    loop_timer_start_at(c->timer, nearest_deadline(c));
}

static void
on_timer(void *arg)
{
    struct redisconn *c = arg;
    static const char *const doing[] = {"idle", "connecting", "TLS handshake", "login",
                                        "waiting for a reply"};
    struct err e;
    err_set(&e, ERR_TIMEOUT, "Redis did not answer in time (%s)", doing[c->state]);
    redisconn_fail(c, &e);
}

/* ---- the calls ---- */

struct redisconn *
redisconn_new(struct loop *l, struct resolver *r, struct target_redis *target, struct err *e)
{
    struct redisconn *c = calloc(1, sizeof(*c));
    if (c)
        c->timer = loop_timer_new(l, on_timer, c);
    if (!c || !c->timer) {
        free(c);
        err_nomem(e);
        return NULL;
    }
    c->loop = l;
    c->resolver = r;
    c->target = target;
    c->last = &c->first;
    c->tls = &c->own_tls;
    return c;
}

void
redisconn_tls_done(struct redisconn_tls *tls)
{
    tls_client_free(tls->client);
    free(tls->ca);
    *tls = (struct redisconn_tls){0};
}

void
redisconn_share_tls(struct redisconn *c, struct redisconn_tls *tls)
{
    c->tls = tls;
}

static void
redisconn_free_now(void *arg)
{
    struct redisconn *c = arg;
    redisconn_tls_done(&c->own_tls);
    free(c);
}

void
redisconn_free(struct redisconn *c)
{
    if (!c || c->dead)
        return;
    redisconn_close(c);
    c->dead = true;
    loop_timer_free(c->timer);
    loop_defer(c->loop, &c->later, redisconn_free_now, c);
}

int
redisconn_connect_start(struct redisconn *c, uint64_t deadline_ms, redisconn_cb *cb, void *arg,
                        struct err *e)
{
    assert(c->state == REDISCONN_IDLE || c->state == REDISCONN_READY);
    redisconn_close(c);
    c->farewell[0] = '\0';
    c->lost_due = false; /* whoever connects anew knows that it was lost */
    if (target_redis_refresh(c->target, e) != 0)
        return -1;
    c->connect_deadline_ms = deadline_ms;
    if (redisconn_dial(c, e) != 0)
        return -1;
    c->connect_cb = cb;
    c->connect_arg = arg;
    return 0;
}

int
redisconn_command_start(struct redisconn *c, const struct redis_args *args, uint64_t deadline_ms,
                        redisconn_reply_cb *cb, void *arg, struct err *e)
{
    if (c->state != REDISCONN_READY)
        return err_set(e, ERR_CLOSED, "not connected to Redis");
    return redisconn_send(c, REDIS_COMMAND_USER, args, deadline_ms, cb, arg, e);
}

void
redisconn_set_lost_cb(struct redisconn *c, redisconn_cb *cb, void *arg)
{
    c->lost_cb = cb;
    c->lost_arg = arg;
    c->lost_due = false;
}

bool
redisconn_connected(const struct redisconn *c)
{
    return c->state == REDISCONN_READY;
}
