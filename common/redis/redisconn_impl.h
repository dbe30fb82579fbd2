/*
 * redisconn_impl.h: the inside of a Redis connection. Private to redisconn*.c.
 *
 * Whatever ends a connection ends it through redisconn_fail(), which tells everybody who waits.
 */
#ifndef RR_REDIS_REDISCONN_IMPL_H
#define RR_REDIS_REDISCONN_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/net/loop.h"
#include "common/redis/redisconn.h"
#include "common/redis/redisconn_reply.h"
#include "common/net/resolve.h"

struct bufferevent;
struct dial;
struct loop_timer;

enum redisconn_state {
    REDISCONN_IDLE,
    REDISCONN_CONNECTING, /* dial is under way, or the CA store is read */
    REDISCONN_HANDSHAKE,  /* TLS */
    REDISCONN_LOGIN,      /* AUTH and SELECT are sent */
    REDISCONN_READY
};

enum redis_command_kind { REDIS_COMMAND_USER, REDIS_COMMAND_AUTH, REDIS_COMMAND_SELECT };

struct redis_command {
    struct redis_command *next;
    enum redis_command_kind kind;
    uint64_t deadline_ms;
    redisconn_reply_cb *cb;
    void *arg;
};

struct redisconn {
    struct loop *loop;
    struct resolver *resolver;
    struct target_redis *target;
    enum redisconn_state state;
    bool dead;
    struct loop_later later;

    /* connecting */
    redisconn_cb *connect_cb;
    void *connect_arg;
    uint64_t connect_deadline_ms;
    struct dial *dial;
    struct tls_open *opening;
    struct resolve_addr peer;    /* that was reached last */
    struct resolve_addr shunned; /* sa_len 0: none */
    struct redisconn_tls *tls, own_tls;

    /* connected */
    struct bufferevent *bev;
    struct redis_parser *parser;
    struct redis_command *first, **last;
    char farewell[200]; /* an error that nobody had asked for */

    struct loop_timer *timer; /* the nearest deadline */
    redisconn_cb *lost_cb;
    void *lost_arg;
    bool lost_due;
};

void redisconn_set_state(struct redisconn *c, enum redisconn_state state);
/* Closes what is open and tells the waiting ones. c may be dead afterwards, or connect anew. */
void redisconn_fail(struct redisconn *c, const struct err *e);
/* Closes without telling anybody; the list of commands is dropped. */
void redisconn_close(struct redisconn *c);
/* Sets the timer to the nearest deadline. */
void redisconn_set_timer(struct redisconn *c);

/* redisconn_connect.c */
MUST_CHECK int redisconn_dial(struct redisconn *c, struct err *e);

/* redisconn_talk.c: connected bufferevents */
void redisconn_talk(struct redisconn *c, struct bufferevent *bev, bool tls); /* takes bev */
MUST_CHECK int
redisconn_send(struct redisconn *c, enum redis_command_kind kind, const struct redis_args *args,
               uint64_t deadline_ms, redisconn_reply_cb *cb, void *arg, struct err *e);

#endif
