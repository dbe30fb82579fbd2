/*
 * lease_redis.c: a key in Redis with a life of its own.
 *
 * SET NX PX with a value that nobody else has, renewed each third of the ttl and released by
 * comparing in Lua. How long the lock is certainly ours counts from before the request was sent, on
 * a clock that also runs in suspend; nothing is certain about an answer that is late. Half of the
 * ttl without renewal: UNSURE. A margin before its end: GONE, so that the tree is dead when the key
 * expires. The connection may be made anew meanwhile: renewing compares, it never takes the lock
 * again. A failover or an eviction that loses the key is seen at the next renewal: GONE at once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/strbuf.h"
#include "common/net/boottimer.h"
#include "common/net/lease_impl.h"
#include "common/net/loop.h"
#include "common/net/redisconn.h"
#include "common/net/target.h"

#define TOKEN_BYTES 20
#define TOKEN_TEXT ((size_t)2 * TOKEN_BYTES + 1) /* in hex, and the blank behind it */
#define AGAIN_MS 50
#define RELEASE_PAUSE_MS 10

/* KEYS: lock, fence; ARGV: value, ttl. {1, fence} or {0, the holder's value}. TIME makes the fence
 * outlive a lost key. */
static const char acquire_script[] =
    "if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return {0, redis.call('GET', KEYS[1])} end "
    "local t = redis.call('TIME') "
    "local f = math.max((tonumber(redis.call('GET', KEYS[2])) or 0) + 1, t[1] * 1000000 + t[2]) "
    "local s = string.format('%.0f', f) "
    "redis.call('SET', KEYS[2], s) "
    "return {1, s}";
static const char renew_script[] =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0";
static const char release_script[] =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

enum state { REDIS_IDLE, REDIS_ACQUIRING, REDIS_HELD, REDIS_RELEASING, REDIS_OVER };

struct lease_redis {
    struct lease lease;
    struct redisconn *conn;
    enum state state;
    uint64_t ttl_ms;
    uint64_t deadline_ms;  /* of acquisition and release, clock_mono_ms() */
    uint64_t sent_boot_ms; /* when the request under way was sent */
    bool connecting;
    bool asking;             /* a request is under way */
    bool release_wanted;     /* as soon as none is */
    struct boottimer *renew; /* next renewal, or next attempt */
    struct boottimer *unsure;
    struct boottimer *gone;
    uint64_t gone_boot_ms; /* when that one fires */
    struct err last;       /* why the last renewal failed */
    char key_lock[LEASE_NAME_MAX + 24];
    char key_fence[LEASE_NAME_MAX + 24];
    char ttl_text[24];
    char value[256];
    uint64_t fence;
    struct lease_holder holder;
};

static void connect(struct lease_redis *p);
static void ask(struct lease_redis *p);

static struct lease_redis *
of(struct lease *l)
{
    return (struct lease_redis *)l;
}

/* How long before its expiry the lock counts as gone: KILL must have done its work by then. */
static uint64_t
margin_ms(uint64_t ttl_ms)
{
    uint64_t margin = ttl_ms / 5;
    return margin > 2000 ? 2000 : margin;
}

static void
stop_timers(struct lease_redis *p)
{
    boottimer_cancel(p->renew);
    boottimer_cancel(p->unsure);
    boottimer_cancel(p->gone);
}

/* ---- holding ---- */

static void
granted(struct lease_redis *p)
{
    if (p->release_wanted)
        return;
    boottimer_start_at(p->renew, p->sent_boot_ms + p->ttl_ms / 3);
    if (!p->lease.unsure_told)
        boottimer_start_at(p->unsure, p->sent_boot_ms + p->ttl_ms / 2);
    p->gone_boot_ms = p->sent_boot_ms + p->ttl_ms - margin_ms(p->ttl_ms);
    boottimer_start_at(p->gone, p->gone_boot_ms);
}

static void
gone(struct lease_redis *p, const struct err *e)
{
    struct err why = *e;
    why.code = ERR_LOST;
    p->state = REDIS_OVER;
    stop_timers(p);
    lease_tell(&p->lease, LEASE_GONE, &why);
}

static void
on_unsure(void *arg)
{
    struct lease_redis *p = arg;
    struct err e;
    err_set(&e, ERR_LOST, "not renewed for half of its %llu ms%s%s", (unsigned long long)p->ttl_ms,
            p->last.msg[0] ? ": " : "", p->last.msg);
    lease_tell(&p->lease, LEASE_UNSURE, &e);
}

static void
on_gone(void *arg)
{
    struct lease_redis *p = arg;
    struct err e;
    err_set(&e, ERR_LOST, "not renewed in its %llu ms%s%s", (unsigned long long)p->ttl_ms,
            p->last.msg[0] ? ": " : "", p->last.msg);
    gone(p, &e);
}

static void
on_renew(void *arg)
{
    struct lease_redis *p = arg;
    if (!p->asking && !p->connecting)
        connect(p); /* or asks at once when connected */
}

/* ---- requests ---- */

static void
failed(struct lease_redis *p, const struct err *e)
{
    p->last = *e;
    switch (p->state) {
    case REDIS_ACQUIRING:
        p->state = REDIS_IDLE;
        lease_acquired(&p->lease, e, 0, NULL);
        return;
    case REDIS_HELD:
        if (!p->release_wanted)
            boottimer_start_at(p->renew, clock_boot_ms() + AGAIN_MS);
        return;
    case REDIS_RELEASING:
        p->state = REDIS_OVER;
        lease_released(&p->lease, e);
        return;
    case REDIS_IDLE:
    case REDIS_OVER:
        return;
    }
}

static void
got_acquire(struct lease_redis *p, const struct redis_reply *r)
{
    struct err e;
    if (r->kind != REDIS_ARRAY || r->count != 2 || r->items[0]->kind != REDIS_INTEGER) {
        err_set(&e, ERR_PROTOCOL, "Redis answered the lock's script with something else");
        failed(p, &e);
        return;
    }
    const struct redis_reply *second = r->items[1];
    if (r->items[0]->integer == 1) {
        p->fence = second->kind == REDIS_STRING ? strtoull(second->text, NULL, 10) : 0;
        if (clock_boot_ms() >= p->sent_boot_ms + p->ttl_ms / 2) {
            err_set(&e, ERR_TIMEOUT, "Redis took half of the lock's life to answer");
            failed(p, &e);
            return;
        }
        p->state = REDIS_HELD;
        granted(p);
        lease_acquired(&p->lease, NULL, p->fence, NULL);
        return;
    }
    p->holder = (struct lease_holder){0};
    /* The value is the holder's line behind its token. */
    if (second->kind == REDIS_STRING && second->len > TOKEN_TEXT)
        lease_holder_parse(second->text + TOKEN_TEXT, second->len - TOKEN_TEXT, &p->holder);
    p->state = REDIS_IDLE;
    err_set(&e, ERR_BUSY, "the lock is held by another");
    lease_acquired(&p->lease, &e, 0, &p->holder);
}

static void
got_renew(struct lease_redis *p, const struct redis_reply *r)
{
    if (r->kind == REDIS_INTEGER && r->integer == 1) {
        p->last.msg[0] = '\0';
        granted(p);
        return;
    }
    struct err e;
    err_set(&e, ERR_LOST, "Redis does not have the lock any more, or another has it");
    gone(p, &e);
}

static void
got_release(struct lease_redis *p, const struct redis_reply *r)
{
    struct err e;
    bool ours = r->kind == REDIS_INTEGER && r->integer == 1;
    if (!ours)
        err_set(&e, ERR_LOST, "when it was released the lock was not ours any more");
    p->state = REDIS_OVER;
    lease_released(&p->lease, ours ? NULL : &e);
}

static void
on_reply(struct redisconn *c, const struct err *e, const struct redis_reply *r, void *arg)
{
    (void)c;
    struct lease_redis *p = arg;
    struct err said;
    p->asking = false;
    if (!e && r->kind == REDIS_ERROR) {
        err_set(&said, ERR_SERVER, "Redis: %s", r->text);
        e = &said;
    }
    if (e) {
        failed(p, e);
        return;
    }
    switch (p->state) {
    case REDIS_ACQUIRING:
        got_acquire(p, r);
        return;
    case REDIS_HELD:
        got_renew(p, r);
        return;
    case REDIS_RELEASING:
        got_release(p, r);
        return;
    case REDIS_IDLE:
    case REDIS_OVER:
        return;
    }
}

/* A renewal that is not answered in a sixth of the ttl is tried again on a new connection. */
static uint64_t
request_deadline(const struct lease_redis *p)
{
    return p->state == REDIS_HELD ? clock_deadline(p->ttl_ms / 6) : p->deadline_ms;
}

static void
ask(struct lease_redis *p)
{
    const char *script = p->state == REDIS_ACQUIRING ? acquire_script
                         : p->state == REDIS_HELD    ? renew_script
                                                     : release_script;
    const char *const all[] = {"EVAL",       script,   "2",        p->key_lock,
                               p->key_fence, p->value, p->ttl_text};
    struct err e;
    p->asking = true;
    p->sent_boot_ms = clock_boot_ms();
    if (redisconn_command_start(p->conn, 7, all, NULL, request_deadline(p), on_reply, p, &e) < 0) {
        p->asking = false;
        failed(p, &e);
    }
}

static void
on_connected(struct redisconn *c, const struct err *e, void *arg)
{
    (void)c;
    struct lease_redis *p = arg;
    p->connecting = false;
    if (e)
        failed(p, e);
    else if (p->state != REDIS_OVER && p->state != REDIS_IDLE)
        ask(p);
}

static void
connect(struct lease_redis *p)
{
    struct err e;
    if (redisconn_connected(p->conn)) {
        ask(p);
        return;
    }
    p->connecting = true;
    if (redisconn_connect_start(p->conn, request_deadline(p), on_connected, p, &e) < 0) {
        p->connecting = false;
        failed(p, &e);
    }
}

/* ---- the interface ---- */

static int
make_value(struct lease_redis *p, struct err *e)
{
    uint8_t token[TOKEN_BYTES];
    if (digest_random(token, sizeof token, e) < 0)
        return -1;
    digest_hex(p->value, token, sizeof token);
    struct lease_holder self;
    struct strbuf line = STRBUF_INIT;
    lease_holder_self(&self, &p->lease.owner, 0);
    lease_holder_format(&line, &self);
    snprintf(p->value + strlen(p->value), sizeof p->value - strlen(p->value), " %s",
             strbuf_str(&line));
    strbuf_done(&line);
    return 0;
}

static void
begin_acquire(struct lease *l)
{
    connect(of(l));
}

static int
redis_acquire(struct lease *l, uint64_t deadline_ms, struct err *e)
{
    struct lease_redis *p = of(l);
    if (make_value(p, e) < 0)
        return -1;
    p->deadline_ms = deadline_ms;
    p->state = REDIS_ACQUIRING;
    lease_soon(l, begin_acquire);
    return 0;
}

static void
begin_release(struct lease *l)
{
    struct lease_redis *p = of(l);
    if (p->state == REDIS_OVER) {
        lease_released(l, NULL); /* lost: the key is gone or will be */
        return;
    }
    if (p->asking || p->connecting) {
        /* A renewal hangs: what matters now is the release, and it compares. */
        if (clock_left_ms(p->deadline_ms) > 0) {
            loop_timer_start(l->soon, RELEASE_PAUSE_MS);
            return;
        }
        struct err e;
        err_set(&e, ERR_TIMEOUT, "Redis does not answer; the lock ends by itself");
        p->state = REDIS_OVER;
        lease_released(l, &e);
        return;
    }
    p->state = REDIS_RELEASING;
    connect(p);
}

static int
redis_release(struct lease *l, const char *outcome, uint64_t deadline_ms, struct err *e)
{
    (void)outcome;
    (void)e;
    struct lease_redis *p = of(l);
    stop_timers(p);
    p->release_wanted = true;
    p->deadline_ms = deadline_ms;
    lease_soon(l, begin_release);
    return 0;
}

static void
redis_check(struct lease *l)
{
    struct lease_redis *p = of(l);
    if (p->state == REDIS_HELD && boottimer_pending(p->gone) && clock_boot_ms() >= p->gone_boot_ms)
        on_gone(p);
}

static void
redis_free(struct lease *l)
{
    struct lease_redis *p = of(l);
    redisconn_free(p->conn);
    boottimer_free(p->renew);
    boottimer_free(p->unsure);
    boottimer_free(p->gone);
    lease_done(l);
    free(p);
}

static int
init(struct lease_redis *p, struct loop *loop, struct resolver *r, struct target_redis *target,
     const struct lease_owner *owner, struct err *e)
{
    static const struct lease_ops ops = {.acquire = redis_acquire,
                                         .release = redis_release,
                                         .check = redis_check,
                                         .free = redis_free};
    if (lease_init(&p->lease, &ops, loop, owner, e) < 0)
        return -1;
    snprintf(p->key_lock, sizeof p->key_lock, "cronrun:{%s}:lock", owner->name);
    snprintf(p->key_fence, sizeof p->key_fence, "cronrun:{%s}:fence", owner->name);
    snprintf(p->ttl_text, sizeof p->ttl_text, "%llu", (unsigned long long)p->ttl_ms);
    p->conn = redisconn_new(loop, r, target, e);
    p->renew = p->conn ? boottimer_new(loop, on_renew, p, e) : NULL;
    p->unsure = p->renew ? boottimer_new(loop, on_unsure, p, e) : NULL;
    p->gone = p->unsure ? boottimer_new(loop, on_gone, p, e) : NULL;
    return p->gone ? 0 : -1;
}

struct lease *
lease_redis_new(struct loop *loop, struct resolver *r, struct target_redis *target,
                const struct lease_owner *owner, uint64_t ttl_ms, struct err *e)
{
    struct lease_redis *p = calloc(1, sizeof *p);
    if (!p) {
        err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    p->ttl_ms = ttl_ms;
    if (init(p, loop, r, target, owner, e) < 0) {
        if (p->lease.ops)
            redis_free(&p->lease);
        else
            free(p);
        return NULL;
    }
    return &p->lease;
}
