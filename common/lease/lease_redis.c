/*
 * lease_redis.c: a key in Redis with a life of its own.
 *
 * SET NX PX with a value that nobody else has, renewed each third of the ttl and released by comparing in Lua. How long the
 * lock is certainly ours counts from before the request was sent, on a clock that also runs in suspend; nothing is certain
 * about an answer that is late. Half of the ttl without renewal: UNSURE. A margin before its end: GONE, so that the tree is
 * dead when the key expires. The connection may be made anew meanwhile: renewing compares, it never takes the lock again. A
 * failover or an eviction that loses the key is seen at the next renewal: GONE at once.
 *
 * A request may be carried out long after who sent it has given up: by a server that stood still, or whose answer was lost.
 * So the lock is taken in two steps. What is set first is a claim, marked as one and short: who meets it waits until it is
 * over or is a lock. Only who heard of its claim makes it the lock. An answer that is lost is not taken for a refusal: over
 * another connection, and another address where there is one, the claim or the lock is taken back by comparing, and claimed
 * anew while there is time. So who holds a lock that others are skipped for knew of it and meant to run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/strbuf.h"
#include "common/lease/lease_redis_impl.h"
#include "common/net/loop.h"
#include "common/target/target.h"

#define CLAIM_MS 5000
#define AGAIN_MS 50
#define AGAIN_MOST_MS 500
#define RELEASE_PAUSE_MS 10

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
on_gone(void *arg)
{
    struct lease_redis *p = arg;
    struct err e;
    err_set(&e, ERR_LOST, "the lock was not renewed within its %llu ms%s%s",
            (unsigned long long)p->ttl_ms, p->last.msg[0] ? ": " : "", p->last.msg);
    gone(p, &e);
}

/* Who stood still while the lock ended finds both timers due: then nobody is asked any more. */
static void
on_unsure(void *arg)
{
    struct lease_redis *p = arg;
    struct err e;
    if (clock_boot_ms() >= p->gone_boot_ms) {
        on_gone(p);
        return;
    }
    err_set(&e, ERR_LOST, "the lock has not been renewed for half of its %llu ms%s%s",
            (unsigned long long)p->ttl_ms, p->last.msg[0] ? ": " : "", p->last.msg);
    lease_tell(&p->lease, LEASE_UNSURE, &e);
}

/* ---- taking it ---- */

/* A new value for each claim: what was sent for an older one matches nothing any more. */
static int
make_value(struct lease_redis *p, struct err *e)
{
    uint8_t token[LEASE_REDIS_TOKEN_BYTES];
    if (digest_random(token, sizeof(token), e) < 0)
        return -1;
    digest_hex(p->value, token, sizeof(token));
    struct lease_holder self;
    struct strbuf line = STRBUF_INIT;
    lease_holder_self(&self, &p->lease.owner, 0);
    lease_holder_format(&line, &self);
    snprintf(p->value + strlen(p->value), sizeof(p->value) - strlen(p->value), " %s",
             strbuf_str(&line));
    strbuf_done(&line);
    p->confirm_sent = false;
    return 0;
}

static void
give_up(struct lease_redis *p, const struct err *why)
{
    struct err e = *why;
    if (p->state == REDIS_UNDOING && p->confirm_sent)
        err_set(&e, why->code, "%s; if the lock was set nevertheless, it expires in %llu ms",
                why->msg, (unsigned long long)p->ttl_ms);
    p->state = REDIS_IDLE;
    lease_acquired(&p->lease, &e, 0, NULL);
}

/* What another connection may mend. */
static bool
is_passing(const struct err *e)
{
    return e->code == ERR_CLOSED || e->code == ERR_TIMEOUT;
}

/* The next attempt at a claim, or at taking one back, while there is time. */
static void
try_again(struct lease_redis *p, enum lease_redis_state state)
{
    /* A claim may be left alone; what may be ours in Redis has to be taken back, whatever the answer was. */
    bool may_stop = state == REDIS_CLAIMING && (p->withdrawn || !is_passing(&p->last));
    p->state = state;
    if (may_stop || clock_left_ms(p->deadline_ms) == 0)
        give_up(p, &p->last);
    else
        lease_redis_go_later(p, state, AGAIN_MOST_MS);
}

static void
claim_anew(struct lease_redis *p)
{
    struct err e;
    if (make_value(p, &e) < 0)
        give_up(p, &e);
    else if (p->withdrawn || clock_left_ms(p->deadline_ms) == 0)
        give_up(p, &p->last);
    else
        lease_redis_go_later(p, REDIS_CLAIMING, AGAIN_MOST_MS);
}

static void
claim_granted(struct lease_redis *p)
{
    if (!p->withdrawn) {
        lease_redis_go(p, REDIS_CONFIRMING);
        return;
    }
    p->state = REDIS_HELD; /* only to be released */
    lease_acquired(&p->lease, NULL, p->fence, NULL);
}

static void
claim_denied(struct lease_redis *p, const struct redis_reply *held)
{
    if (held->len > 0 && held->text[0] == LEASE_REDIS_CLAIM_MARK) {
        err_set(&p->last, ERR_TIMEOUT,
                "other runs keep claiming the lock, but none confirms its claim");
        try_again(p, REDIS_CLAIMING);
        return;
    }
    struct err e;
    p->holder = (struct lease_holder){0};
    /* The value is the holder's line behind its token. */
    if (held->len > LEASE_REDIS_TOKEN_TEXT)
        lease_holder_parse(held->text + LEASE_REDIS_TOKEN_TEXT, held->len - LEASE_REDIS_TOKEN_TEXT,
                           &p->holder);
    p->state = REDIS_IDLE;
    err_set(&e, ERR_BUSY, "the lock is held by another run");
    lease_acquired(&p->lease, &e, 0, &p->holder);
}

static void
got_claim(struct lease_redis *p, const struct redis_reply *r)
{
    const struct redis_reply *second =
        r->kind == REDIS_ARRAY && r->count == 2 && r->items[0]->kind == REDIS_INTEGER ? r->items[1]
                                                                                      : NULL;
    bool granted = second && r->items[0]->integer == 1;
    if (second && second->kind == REDIS_STRING)
        p->fence = granted ? strtoull(second->text, NULL, 10) : 0;
    if (!second || second->kind != REDIS_STRING || (granted && p->fence == 0)) {
        err_set(&p->last, ERR_PROTOCOL, "unexpected reply from Redis to the lock script");
        give_up(p, &p->last);
        return;
    }
    if (granted)
        claim_granted(p);
    else
        claim_denied(p, second);
}

static void
got_confirm(struct lease_redis *p, const struct redis_reply *r)
{
    if (r->kind != REDIS_INTEGER || r->integer != 1) {
        err_set(&p->last, ERR_TIMEOUT,
                "the claim to the lock expired before it could be confirmed");
        claim_anew(p);
        return;
    }
    if (clock_boot_ms() >= p->sent_boot_ms + p->ttl_ms / 2) {
        err_set(&p->last, ERR_TIMEOUT, "Redis took half of the lock's lifetime to answer");
        try_again(p, REDIS_UNDOING);
        return;
    }
    p->state = REDIS_HELD;
    p->last.msg[0] = '\0';
    granted(p);
    lease_acquired(&p->lease, NULL, p->fence, NULL);
}

/* ---- answers ---- */

static void
got_renew(struct lease_redis *p, const struct redis_reply *r)
{
    if (r->kind == REDIS_INTEGER && r->integer == 1) {
        p->last.msg[0] = '\0';
        granted(p);
        return;
    }
    struct err e;
    err_set(&e, ERR_LOST, "the lock is no longer in Redis, or is held by another run");
    gone(p, &e);
}

static void
got_release(struct lease_redis *p, const struct redis_reply *r)
{
    struct err e;
    /* What an unheard release did, the next one cannot do again. */
    bool done = r->kind == REDIS_INTEGER && (r->integer == 1 || p->unheard);
    if (!done)
        err_set(&e, ERR_LOST, "the lock had already been lost when it was released");
    p->state = REDIS_OVER;
    lease_released(&p->lease, done ? NULL : &e);
}

static bool
begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Of a command, and of one within a script, whose words are those of Redis 6 and of Redis 8. */
static bool
lacks_right(const char *text)
{
    return begins(text, "NOPERM") || strstr(text, "The user executing the script") ||
           strstr(text, "ACL failure in script");
}

static void
name_error(const struct lease_redis *p, const char *text, struct err *e)
{
    if (begins(text, "WRONGTYPE") || strstr(text, "the fence was not written by cronrun"))
        err_set(
            e, ERR_SERVER,
            "Redis: %s or %s was not written by cronrun; find out what it is, and remove it while no job is running (%s)",
            p->key_lock, p->key_fence, text);
    else if (lacks_right(text))
        err_set(
            e, ERR_SERVER,
            "Redis: the user needs permission for EVAL, GET, SET, PEXPIRE and TIME on %s and %s (%s)",
            p->key_lock, p->key_fence, text);
    else
        err_set(e, ERR_SERVER, "Redis: %s", text);
}

/* An error of the script: it did nothing that lasts. */
static void
server_error(struct lease_redis *p, const char *text)
{
    struct err e;
    bool replica = begins(text, "READONLY");
    name_error(p, text, &e);
    p->fresh = true; /* whoever answers so may not be who is to be asked */
    switch (p->state) {
    case REDIS_CLAIMING:
    case REDIS_CONFIRMING:
        p->last = e;
        if (!replica || p->second_chance || p->withdrawn) {
            give_up(p, &e);
            return;
        }
        p->second_chance = true;
        redisconn_shun(p->conn);
        lease_redis_go_later(p, REDIS_CLAIMING, AGAIN_MOST_MS);
        return;
    default:
        lease_redis_failed(p, &e, false);
        return;
    }
}

void
lease_redis_answered(struct lease_redis *p, const struct redis_reply *r)
{
    if (r->kind == REDIS_ERROR) {
        server_error(p, r->text);
        return;
    }
    backoff_reset(&p->again);
    switch (p->state) {
    case REDIS_CLAIMING:
        got_claim(p, r);
        return;
    case REDIS_CONFIRMING:
        got_confirm(p, r);
        return;
    case REDIS_UNDOING:
        claim_anew(p);
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

static void
release_failed(struct lease_redis *p, const struct err *e)
{
    if (clock_left_ms(p->deadline_ms) > 0) {
        lease_redis_go_later(p, REDIS_RELEASING, AGAIN_MOST_MS);
        return;
    }
    p->state = REDIS_OVER;
    lease_released(&p->lease, e);
}

void
lease_redis_failed(struct lease_redis *p, const struct err *e, bool sent)
{
    p->last = *e;
    if (is_passing(e))
        redisconn_shun(p->conn);
    switch (p->state) {
    case REDIS_CLAIMING:
        try_again(p, sent ? REDIS_UNDOING : REDIS_CLAIMING);
        return;
    case REDIS_CONFIRMING:
    case REDIS_UNDOING:
        try_again(p, REDIS_UNDOING);
        return;
    case REDIS_HELD:
        if (!p->release_wanted)
            lease_redis_go_later(p, REDIS_HELD, (uint32_t)(p->ttl_ms / 10));
        return;
    case REDIS_RELEASING:
        p->unheard |= sent;
        release_failed(p, e);
        return;
    case REDIS_IDLE:
    case REDIS_OVER:
        return;
    }
}

/* The next renewal, or the next attempt at something else. */
static void
on_renew(void *arg)
{
    struct lease_redis *p = arg;
    if (p->asking || p->connecting)
        return;
    if (p->state != REDIS_HELD && clock_left_ms(p->deadline_ms) == 0)
        lease_redis_failed(p, &p->last, false);
    else
        lease_redis_go(p, p->state);
}

/* ---- the interface ---- */

static void
begin_acquire(struct lease *l)
{
    lease_redis_go(of(l), REDIS_CLAIMING);
}

static int
redis_acquire(struct lease *l, uint64_t deadline_ms, struct err *e)
{
    struct lease_redis *p = of(l);
    if (make_value(p, e) < 0)
        return -1;
    p->deadline_ms = deadline_ms;
    p->attempt_ms = clock_left_ms(deadline_ms) / 3;
    backoff_reset(&p->again);
    p->withdrawn = false;
    p->second_chance = false;
    p->state = REDIS_CLAIMING;
    lease_soon(l, begin_acquire);
    return 0;
}

static void
redis_withdraw(struct lease *l)
{
    struct lease_redis *p = of(l);
    p->withdrawn = true;
    if (boottimer_pending(p->renew)) /* between two attempts */
        boottimer_start_at(p->renew, clock_boot_ms());
}

static void
begin_release(struct lease *l)
{
    struct lease_redis *p = of(l);
    uint64_t left_ms = clock_left_ms(p->deadline_ms);
    struct err e;
    if (p->state == REDIS_OVER) {
        lease_released(l, NULL); /* lost: the key is gone or will be */
        return;
    }
    if ((p->connecting || p->asking) && left_ms == 0) {
        err_set(&e, ERR_TIMEOUT, "Redis does not answer; the lock will expire by itself");
        p->state = REDIS_OVER;
        lease_released(l, &e);
        return;
    }
    if (p->connecting || (p->asking && left_ms > 2 * p->attempt_ms)) {
        loop_timer_start(l->soon, RELEASE_PAUSE_MS);
        return;
    }
    /* A renewal that hangs: what matters now is the release, and it compares. */
    p->fresh |= p->asking;
    p->asking = false;
    lease_redis_go(p, REDIS_RELEASING);
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
    p->attempt_ms = clock_left_ms(deadline_ms) / 3;
    backoff_reset(&p->again);
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
redis_close(struct lease *l)
{
    struct lease_redis *p = of(l);
    redisconn_free(p->conn);
    boottimer_free(p->renew);
    boottimer_free(p->unsure);
    boottimer_free(p->gone);
}

static int
init(struct lease_redis *p, struct loop *loop, struct resolver *r, struct target_redis *target,
     const struct lease_owner *owner, struct err *e)
{
    static const struct lease_ops ops = {.acquire = redis_acquire,
                                         .withdraw = redis_withdraw,
                                         .release = redis_release,
                                         .check = redis_check,
                                         .close = redis_close};
    if (lease_init(&p->lease, &ops, loop, owner, e) < 0)
        return -1;
    snprintf(p->key_lock, sizeof(p->key_lock), "cronrun:{%s}:lock", owner->name);
    snprintf(p->key_fence, sizeof(p->key_fence), "cronrun:{%s}:fence", owner->name);
    snprintf(p->claim_text, sizeof(p->claim_text), "%llu",
             (unsigned long long)(p->ttl_ms < CLAIM_MS ? p->ttl_ms : CLAIM_MS));
    snprintf(p->ttl_text, sizeof(p->ttl_text), "%llu", (unsigned long long)p->ttl_ms);
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
    struct lease_redis *p = calloc(1, sizeof(*p));
    if (!p) {
        err_nomem(e);
        return NULL;
    }
    p->ttl_ms = ttl_ms;
    p->again = (struct backoff){.first_ms = AGAIN_MS};
    if (init(p, loop, r, target, owner, e) < 0) {
        lease_free(&p->lease);
        return NULL;
    }
    return &p->lease;
}
