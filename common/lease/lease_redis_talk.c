/* lease_redis_talk.c: what is asked of Redis, and over which connection. */
#include "common/base/clock.h"
#include "common/lease/lease_redis_impl.h"

/*
 * KEYS: lock, fence; ARGV: value, ttl, a claim's ttl. A script that fails half-way keeps what it wrote (Redis' manual,
 * "Scripting with Lua"), so each begins with what may fail and ends with what sets the lock.
 */

/* What a replica has, or lacks, is of the past: before "not yours" is said, a write that changes nothing is tried, and a replica
 * refuses it. */
#define ON_PRIMARY                                                                                 \
    "if held then redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', 1) "                             \
    "else redis.call('PEXPIRE', KEYS[1], ARGV[2]) end "

/* {1, fence} or {0, the holder's value}. TIME makes the fence outlive a lost key. */
static const char claim_script[] =
    "local held = redis.call('GET', KEYS[1]) "
    "local last = redis.call('GET', KEYS[2]) or '0' "
    "local n = string.find(last, '^%d+$') and tonumber(last) "
    "if not n or n > 9007199254740000 then return redis.error_reply('ERR the fence was not written by cronrun') end "
    "if held then " ON_PRIMARY "return {0, held} end "
    "local t = redis.call('TIME') "
    "local fence = string.format('%.0f', math.max(n + 1, t[1] * 1000000 + t[2])) "
    "redis.call('SET', KEYS[2], fence) "
    "if redis.call('SET', KEYS[1], '?' .. ARGV[1], 'NX', 'PX', ARGV[3]) then return {1, fence} end "
    "return {0, redis.call('GET', KEYS[1])}";
/* PEXPIRE shows that the lock can be renewed and released, too. */
static const char confirm_script[] = "local held = redis.call('GET', KEYS[1]) "
                                     "if held ~= '?' .. ARGV[1] then " ON_PRIMARY "return 0 end "
                                     "redis.call('PEXPIRE', KEYS[1], ARGV[3]) "
                                     "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) "
                                     "return 1";
static const char renew_script[] =
    "local held = redis.call('GET', KEYS[1]) "
    "if held == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end " ON_PRIMARY
    "return 0";
static const char release_script[] =
    "local held = redis.call('GET', KEYS[1]) "
    "if held == ARGV[1] or held == '?' .. ARGV[1] then return redis.call('PEXPIRE', KEYS[1], 0) end " ON_PRIMARY
    "return 0";

static const char *
script_of(enum lease_redis_state state)
{
    switch (state) {
    case REDIS_CLAIMING:
        return claim_script;
    case REDIS_CONFIRMING:
        return confirm_script;
    case REDIS_HELD:
        return renew_script;
    default:
        return release_script;
    }
}

/* A renewal that is not answered in a sixth of the ttl is tried again on a new connection. */
static uint64_t
request_deadline(const struct lease_redis *p)
{
    return p->state == REDIS_HELD ? clock_deadline(p->ttl_ms / 6)
                                  : clock_earlier(p->deadline_ms, clock_deadline(p->attempt_ms));
}

static void
on_reply(struct redisconn *c, const struct err *e, const struct redis_reply *r, void *arg)
{
    (void)c;
    struct lease_redis *p = arg;
    p->asking = false;
    if (e) {
        lease_redis_failed(p, e, true);
        return;
    }
    lease_redis_answered(p, r);
}

static void
ask(struct lease_redis *p)
{
    const char *const all[] = {"EVAL",      script_of(p->state), "2",
                               p->key_lock, p->key_fence,        p->value,
                               p->ttl_text, p->claim_text};
    struct err e;
    if (p->withdrawn && p->state == REDIS_CLAIMING) {
        err_set(&e, ERR_STOPPED, "the request for the lock was withdrawn");
        lease_redis_failed(p, &e, false);
        return;
    }
    p->asking = true;
    p->confirm_sent |= p->state == REDIS_CONFIRMING;
    p->sent_boot_ms = clock_boot_ms();
    const struct redis_args args = {.argc = 8, .argv = all};
    if (redisconn_command_start(p->conn, &args, request_deadline(p), on_reply, p, &e) < 0) {
        p->asking = false;
        lease_redis_failed(p, &e, false);
    }
}

static void
on_connected(struct redisconn *c, const struct err *e, void *arg)
{
    (void)c;
    struct lease_redis *p = arg;
    p->connecting = false;
    if (e)
        lease_redis_failed(p, e, false);
    else if (p->state != REDIS_OVER && p->state != REDIS_IDLE)
        ask(p);
}

void
lease_redis_go(struct lease_redis *p, enum lease_redis_state state)
{
    struct err e;
    p->state = state;
    if (redisconn_connected(p->conn) && !p->fresh) {
        ask(p);
        return;
    }
    p->fresh = false;
    p->connecting = true;
    if (redisconn_connect_start(p->conn, request_deadline(p), on_connected, p, &e) < 0) {
        p->connecting = false;
        lease_redis_failed(p, &e, false);
    }
}

void
lease_redis_go_later(struct lease_redis *p, enum lease_redis_state state, uint32_t most_ms)
{
    p->state = state;
    p->again.most_ms = most_ms;
    boottimer_start_at(p->renew, clock_boot_ms() + backoff_next(&p->again));
}
