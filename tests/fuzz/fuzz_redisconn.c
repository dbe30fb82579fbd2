/* Replies of a server that may say anything, in pieces: the first byte is the length of a piece. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/redis/redisconn_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
weigh(const struct redis_reply *r)
{
    size_t sum = r->len;
    if (r->text && strlen(r->text) > r->len)
        abort();
    for (size_t i = 0; i < r->count; i++)
        sum += weigh(r->items[i]);
    return sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct redis_parser *p = redis_parser_new();
    size_t piece = size > 0 ? (size_t)*data + 1 : 1;
    size_t total = 0;
    struct err e;
    for (size_t at = 1; p && at < size; at += piece) {
        size_t len = size - at < piece ? size - at : piece;
        struct redis_reply *reply = NULL;
        if (redis_parser_feed(p, data + at, len, &e) != 0)
            break;
        int result;
        while ((result = redis_parser_next(p, &reply, &e)) == 0 && reply) {
            total += weigh(reply);
            redis_reply_free(reply);
        }
        if (result != 0)
            break;
    }
    if (total > size)
        abort();
    redis_parser_free(p);
    return 0;
}
