/*
 * redisconn.h: one Redis connection: hiredis' reader and formatter over a bufferevent (plain, TLS, unix socket).
 *
 * The rules of pgconn.h hold: callbacks fire exactly once, from the loop; after redisconn_free() nothing fires; every
 * start has a deadline; a deadline that passes closes the connection. Commands may be pipelined: replies come in order.
 * The only room that knows hiredis. hiredis' own async layer is not used (it resolves with getaddrinfo and knows no time-outs).
 */
#ifndef RR_REDIS_REDISCONN_H
#define RR_REDIS_REDISCONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

struct loop;
struct resolver;
struct target_redis;
struct tls_client;
struct redisconn;

enum redis_reply_kind {
    REDIS_NIL,
    REDIS_STRING,
    REDIS_STATUS,
    REDIS_ERROR,
    REDIS_INTEGER,
    REDIS_ARRAY
};
struct redis_reply {
    enum redis_reply_kind kind;
    long long integer;
    const char *text; /* STRING, STATUS, ERROR: NUL-terminated besides len */
    size_t len;
    size_t count;                           /* ARRAY */
    const struct redis_reply *const *items; /* ARRAY */
};

typedef void redisconn_cb(struct redisconn *c, const struct err *e, void *arg);
/* e NULL: reply valid during the call (an error reply of the server is a reply of kind REDIS_ERROR, not e). */
typedef void redisconn_reply_cb(struct redisconn *c, const struct err *e,
                                const struct redis_reply *reply, void *arg);

/* The word by which an error reply names itself: its first, LOADING or NOPERM. Where that is but ERR, and the sentence is a known
 * one, the word that stands for it: WRONGPASS (servers before 6), MAXCLIENTS, DBRANGE. */
void redisconn_word(const char *text, char ret_word[ERR_WORD_MAX]);

/* The CA store of connections to one target: loading the system's takes tens of milliseconds. Zero: nothing loaded yet. */
struct redisconn_tls {
    struct tls_client *client;
    char *ca; /* what it was made from */
    bool verify;
};
void redisconn_tls_done(struct redisconn_tls *tls);

/* target is borrowed and must outlive the connection; its secret files are re-read at each connect. */
struct redisconn *
redisconn_new(struct loop *l, struct resolver *r, struct target_redis *target, struct err *e);
/* Takes the place of a store of c's own: several connections, also one after the other, load it once. Borrowed; outlives c. */
void redisconn_share_tls(struct redisconn *c, struct redisconn_tls *tls);
void redisconn_free(
    struct redisconn *c); /* NULL allowed; from anywhere; closes at once; nothing fires any more */

/* Resolve, connect, TLS, AUTH (if any), SELECT (if db != 0), in one deadline; a connection that is open is closed first. -1 also
 * when a secret file cannot be read (ERR_USAGE). Errors: ERR_DNS, ERR_REFUSED, ERR_TIMEOUT, ERR_TLS,
 * ERR_AUTH (NOAUTH, WRONGPASS, NOPERM), ERR_CLOSED, ERR_PROTOCOL, ERR_SYSTEM (descriptors or memory that this side lacks), ERR_SERVER; the latter and ERR_AUTH
 * with the server's word in e->word. */
MUST_CHECK int redisconn_connect_start(struct redisconn *c, uint64_t deadline_ms, redisconn_cb *cb,
                                       void *arg, struct err *e);

/* The address that was used last does not do what is asked: the next redisconn_connect_start() begins with the one after it,
 * where the name has several. */
void redisconn_shun(struct redisconn *c);

struct redis_args {
    int argc;
    const char *const *argv;
    const size_t *lens; /* binary-safe; NULL: C strings */
};

/* args: borrowed during the call. MOVED and ASK are refused by name: ERR_SERVER. */
MUST_CHECK int
redisconn_command_start(struct redisconn *c, const struct redis_args *args, uint64_t deadline_ms,
                        redisconn_reply_cb *cb, void *arg, struct err *e);

/* Watches a connection: cb fires once when it ends, after the callbacks of the commands under way; not when it was never
 * established, nor for redisconn_free(). Stays across commands until it fired or cb NULL is given. An error that the server
 * sent unasked before it closed ("ERR max number of clients reached") is in e, as ERR_SERVER. */
void redisconn_set_lost_cb(struct redisconn *c, redisconn_cb *cb, void *arg);
bool redisconn_connected(const struct redisconn *c);

#endif
