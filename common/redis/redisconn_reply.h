/*
 * redisconn_reply.h: RESP2, hiredis' reader building our replies. Private to redisconn*.c and their tests.
 */
#ifndef RR_REDIS_REDISCONN_REPLY_H
#define RR_REDIS_REDISCONN_REPLY_H

#include <stddef.h>

#include "common/base/err.h"
#include "common/redis/redisconn.h"

struct redis_parser;

/* A reply may have so many bytes, an array so many items, so many arrays may be within each other (hiredis 1.x has no bound, and
 * replies are freed by recursion): nothing that we ask for comes near. */
#define REDIS_REPLY_BYTES_MAX (16u << 20)
#define REDIS_REPLY_ITEMS_MAX (1u << 20)
#define REDIS_REPLY_DEPTH_MAX 8u

struct redis_parser *redis_parser_new(void); /* NULL: out of memory */
void redis_parser_free(struct redis_parser *p);
/* ERR_PROTOCOL when the unfinished reply grows too large, ERR_NOMEM. */
MUST_CHECK int
redis_parser_feed(struct redis_parser *p, const void *data, size_t len, struct err *e);
/* The next whole reply, owned: redis_reply_free(); *ret NULL when there is none yet. ERR_PROTOCOL: the parser is of no use
 * any more. */
MUST_CHECK int redis_parser_next(struct redis_parser *p, struct redis_reply **ret, struct err *e);
void redis_reply_free(struct redis_reply *reply); /* NULL allowed */

/* A command as bytes, owned (malloc). NULL: out of memory. */
char *redis_command_format(int argc, const char *const *argv, const size_t *lens, size_t *ret_len);

#endif
