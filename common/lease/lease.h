/*
 * lease.h: a lock that can be lost: a file's, PostgreSQL's, Redis', or none.
 *
 * The rules of pgconn.h hold: x_start() returning 0 means its callback fires exactly once, from the
 * loop, never inside x_start(); after lease_free() nothing fires. "Cannot be proven" is lost: a
 * lease that was told to be lost never comes back, it can only be released. What a holder leaves
 * for others to read (host, pid, since, run id) holds no secret.
 */
#ifndef RR_LEASE_LEASE_H
#define RR_LEASE_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"

struct loop;
struct resolver;
struct lease;
struct target_pg;
struct target_redis;

/* The longest name of a lock, in bytes: letters, digits and "._-:/@+" (lease_name_check). */
#define LEASE_NAME_MAX 200
#define LEASE_HOST_MAX 65
#define LEASE_RUN_ID_MAX 40
#define LEASE_SINCE_MAX 32

struct lease_holder {
    char host[LEASE_HOST_MAX];   /* "" unknown */
    long pid;                    /* in its own PID namespace; 0 unknown */
    char since[LEASE_SINCE_MAX]; /* RFC 3339, UTC */
    char run_id[LEASE_RUN_ID_MAX];
    uint64_t fence; /* 0 unknown */
    /* Of a file's lock, when this PID namespace has no runner of that pid: who holds the lock all the same; or that nobody
     * is seen to, for runner and all are in another container, or hidden. */
    char pids[128];
    bool unseen;
};

/* Who asks. */
struct lease_owner {
    const char *name; /* the job; NULL allowed for files */
    const char *host;
    const char *run_id;
};

enum lease_grade {
    LEASE_UNSURE, /* not renewed for half its time: end the work politely */
    LEASE_GONE,   /* lost, or so near to its end that no grace is left: KILL at once */
};

/*
 * e NULL: held, *fence (0: this kind has none) is valid. ERR_BUSY: holder says who (as far as
 * known). Else it could not be had: ERR_DNS … as pgconn.h and redisconn.h say, ERR_SERVER for a
 * pooler or a standby, ERR_INPUT for a file that is none of ours. After ERR_BUSY it may be started
 * again on the same lease (the connection is kept).
 */
typedef void lease_acquired_cb(struct lease *l, const struct err *e, uint64_t fence,
                               const struct lease_holder *holder, void *arg);
/* UNSURE at most once, GONE at most once, in this order; GONE may come alone. why: borrowed. */
typedef void
lease_lost_cb(struct lease *l, enum lease_grade grade, const struct err *why, void *arg);
/* e: not released as it should; the lock is free all the same, or will be by itself. */
typedef void lease_released_cb(struct lease *l, const struct err *e, void *arg);

/* Constructors borrow the strings, the loop, the resolver and the target, all of which outlive the
 * lease. NULL with *e filled. */
struct lease *lease_none_new(struct loop *l, struct err *e);
/* flock(2) on path, which is made when missing and never removed. Local file systems. */
struct lease *
lease_file_new(struct loop *l, const char *path, const struct lease_owner *owner, struct err *e);
/* Session advisory lock; settle_ms: see lease_pg.c. */
struct lease *lease_pg_new(struct loop *l, struct resolver *r, struct target_pg *target,
                           const struct lease_owner *owner, uint64_t settle_ms, struct err *e);
/* A key that is renewed each third of ttl_ms (at least 1000): see lease_redis.c. */
struct lease *lease_redis_new(struct loop *l, struct resolver *r, struct target_redis *target,
                              const struct lease_owner *owner, uint64_t ttl_ms, struct err *e);
/* NULL allowed; from anywhere; lets go without a word when not released. */
void lease_free(struct lease *l);

MUST_CHECK int lease_acquire_start(struct lease *l, uint64_t deadline_ms, lease_acquired_cb *cb,
                                   void *arg, struct err *e);
/* While an acquisition is under way: nobody wants it any more. What may be granted already is told as such, to be released;
 * nothing new is asked for. */
void lease_withdraw(struct lease *l);
/* May fire from the moment the lock is held; set it before lease_acquire_start(). */
void lease_set_lost_cb(struct lease *l, lease_lost_cb *cb, void *arg);
/* After this process was stopped or suspended, before anything goes on, and when the work has ended: tells now what its
 * timers would tell a moment later. */
void lease_check(struct lease *l);
/* outcome: the word for last_outcome. May be called after a loss: then it only tidies up. */
MUST_CHECK int lease_release_start(struct lease *l, const char *outcome, uint64_t deadline_ms,
                                   lease_released_cb *cb, void *arg, struct err *e);

/* The descriptor that the command is to inherit, so that the lock lives as long as anything of its
 * tree; -1: none. */
int lease_keep_fd(const struct lease *l);

/* 0 when name can be one: 1 to LEASE_NAME_MAX bytes of the letters above. ERR_USAGE. */
MUST_CHECK int lease_name_check(const char *name, struct err *e);

/* The advisory lock's key: the first 8 bytes of SHA-256 of "cronrun:NAME", big endian, as the
 * server's int8. */
MUST_CHECK int lease_pg_key(const char *name, int64_t *ret_key, struct err *e);

#endif
