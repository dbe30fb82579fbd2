/*
 * fake_redisconn.h: a scripted connection to Redis, in place of redisconn.c: what was asked lies in `conn`, and the test answers.
 */
#ifndef RR_TESTS_FAKE_REDISCONN_H
#define RR_TESTS_FAKE_REDISCONN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/redis/redisconn.h"

struct redisconn {
    bool connected;
    bool freed;
    redisconn_cb *connect_cb;
    void *connect_arg;
    redisconn_reply_cb *reply_cb;
    void *reply_arg;
    char script[1024];
    unsigned shunned;
    char value[256];
    uint64_t deadline_ms;
};

static struct redisconn conn;

struct redisconn *
redisconn_new(struct loop *l, struct resolver *r, struct target_redis *target, struct err *e)
{
    (void)l;
    (void)r;
    (void)target;
    (void)e;
    conn = (struct redisconn){0};
    return &conn;
}

void
redisconn_free(struct redisconn *c)
{
    if (c)
        c->freed = true;
}

bool
redisconn_connected(const struct redisconn *c)
{
    return c->connected;
}

void
redisconn_shun(struct redisconn *c)
{
    c->shunned++;
}

int
redisconn_connect_start(struct redisconn *c, uint64_t deadline_ms, redisconn_cb *cb, void *arg,
                        struct err *e)
{
    (void)e;
    assert_null(c->connect_cb);
    c->deadline_ms = deadline_ms;
    c->connected = false;
    c->reply_cb = NULL; /* what was under way is dropped */
    c->connect_cb = cb;
    c->connect_arg = arg;
    return 0;
}

int
redisconn_command_start(struct redisconn *c, const struct redis_args *args, uint64_t deadline_ms,
                        redisconn_reply_cb *cb, void *arg, struct err *e)
{
    (void)e;
    const char *const *argv = args->argv;
    assert_null(c->reply_cb);
    assert_int_equal(args->argc, 8);
    assert_string_equal(argv[0], "EVAL");
    assert_string_equal(argv[3], "cronrun:{mail}:lock");
    assert_string_equal(argv[4], "cronrun:{mail}:fence");
    assert_string_equal(argv[6], "3000");
    assert_string_equal(argv[7], "3000");
    strcpy(c->script, argv[1]);
    strcpy(c->value, argv[5]);
    c->deadline_ms = deadline_ms;
    c->reply_cb = cb;
    c->reply_arg = arg;
    return 0;
}

#endif
