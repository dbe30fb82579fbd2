/*
 * lease_redis_impl.h: what the parts of lease_redis share; nobody else includes it.
 *
 * lease_redis_talk.c asks Redis, lease_redis.c knows what its answers mean.
 */
#ifndef RR_LEASE_LEASE_REDIS_IMPL_H
#define RR_LEASE_LEASE_REDIS_IMPL_H

#include "common/base/backoff.h"
#include "common/net/boottimer.h"
#include "common/lease/lease_impl.h"
#include "common/redis/redisconn.h"

/* Before a claim's value. */
#define LEASE_REDIS_CLAIM_MARK '?'
/* A value is a token in hex, a blank, and the holder's line. */
#define LEASE_REDIS_TOKEN_BYTES 20
#define LEASE_REDIS_TOKEN_TEXT ((size_t)2 * LEASE_REDIS_TOKEN_BYTES + 1)

enum lease_redis_state {
    REDIS_IDLE,
    REDIS_CLAIMING,   /* a claim of the lock: short, and nobody takes it for a holder's */
    REDIS_CONFIRMING, /* it was granted: make it the lock */
    REDIS_UNDOING,    /* nobody knows what became of it: take it back, then claim anew */
    REDIS_HELD,       /* asks for a renewal */
    REDIS_RELEASING,
    REDIS_OVER,
};

struct lease_redis {
    struct lease lease;
    struct redisconn *conn;
    enum lease_redis_state state;
    uint64_t ttl_ms;
    uint64_t deadline_ms;  /* of acquisition and release, clock_mono_ms() */
    uint64_t attempt_ms;   /* what one connection or request gets of it */
    uint64_t sent_boot_ms; /* when the request under way was sent */
    struct backoff again;  /* before the next attempt; reset when one went well */
    bool connecting;
    bool asking;             /* a request is under way */
    bool fresh;              /* the connection is not to be used again */
    bool withdrawn;          /* an acquisition that nobody wants any more */
    bool confirm_sent;       /* of this claim */
    bool unheard;            /* a release was sent, and its answer is lost */
    bool second_chance;      /* a replica was found, and another address is tried */
    bool release_wanted;     /* as soon as no request is under way */
    struct boottimer *renew; /* the next renewal, or the next attempt */
    struct boottimer *unsure;
    struct boottimer *gone;
    uint64_t gone_boot_ms; /* when that one fires */
    struct err last;       /* why the last attempt failed */
    char key_lock[LEASE_NAME_MAX + 24];
    char key_fence[LEASE_NAME_MAX + 24];
    char ttl_text[24];
    char claim_text[24];
    char value[256];
    uint64_t fence;
    struct lease_holder holder;
};

/* ---- lease_redis_talk.c ---- */
/* Makes it the state and asks what belongs to it, over the open connection or a new one. Redis' answer comes to
 * lease_redis_answered(), anything else to lease_redis_failed(); p may be dead afterwards. */
void lease_redis_go(struct lease_redis *p, enum lease_redis_state state);
/* The same after a pause, which grows up to most_ms. */
void lease_redis_go_later(struct lease_redis *p, enum lease_redis_state state, uint32_t most_ms);

/* ---- lease_redis.c ---- */
void lease_redis_answered(struct lease_redis *p, const struct redis_reply *r);
/* sent: the request may have been carried out. */
void lease_redis_failed(struct lease_redis *p, const struct err *e, bool sent);

#endif
