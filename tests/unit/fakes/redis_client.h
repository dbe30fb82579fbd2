/*
 * redis_client.h: what the tests of Redis connections share beside the server: a connection, and somebody who waits for
 * callbacks.
 */
#ifndef RR_TESTS_REDIS_CLIENT_H
#define RR_TESTS_REDIS_CLIENT_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/redis/redisconn.h"
#include "common/net/resolve.h"
#include "common/target/target.h"
#include "tests/unit/fakes/fake_redis.h"

#define LONG_MS 20000

static struct loop *loop;
static struct resolver *resolver;
struct waiter {
    bool done;
    int calls;
    struct err e;
    char text[256];   /* the reply */
    bool free_it;     /* the callback frees the connection */
    const char *then; /* the callback sends this command */
    struct waiter *then_waiter;
};

static struct target_redis *target;

static inline struct redisconn *
client(const char *url)
{
    char text[256];
    struct err e;
    target_redis_free(target);
    const char *port = strstr(url, "PORT");
    if (port)
        snprintf(text, sizeof(text), "%.*s%u%s", (int)(port - url), url, server.port, port + 4);
    else
        snprintf(text, sizeof(text), "%s", url);
    if (target_redis_parse(text, &target, &e) != 0)
        fail_msg("%s", e.msg);
    struct redisconn *c = redisconn_new(loop, resolver, target, &e);
    assert_non_null(c);
    strbuf_clear(&server.got);
    server.greeting = NULL;
    server.script = NULL;
    server.connections = 0;
    return c;
}

static inline void
note(struct waiter *w, const struct err *e)
{
    w->done = true;
    w->calls++;
    if (e)
        w->e = *e;
}

static inline void
on_connected(struct redisconn *c, const struct err *e, void *arg)
{
    struct waiter *w = arg;
    note(w, e);
    if (w->free_it)
        redisconn_free(c);
}

static inline void
on_reply(struct redisconn *c, const struct err *e, const struct redis_reply *reply, void *arg);

static inline void
start(struct redisconn *c, const char *command, uint64_t ms, struct waiter *w)
{
    char copy[128];
    const char *argv[8];
    int argc = 0;
    char *rest = NULL;
    struct err e;
    snprintf(copy, sizeof(copy), "%s", command);
    for (char *p = strtok_r(copy, " ", &rest); p; p = strtok_r(NULL, " ", &rest))
        argv[argc++] = p;
    assert_int_equal(redisconn_command_start(c, &(struct redis_args){argc, argv, NULL},
                                             clock_deadline(ms), on_reply, w, &e),
                     0);
    assert_false(w->done);
}

static inline void
render(char *out, size_t size, const struct redis_reply *r)
{
    size_t used = strlen(out);
    static const char kinds[] = "_$+-:*";
    if (r->kind == REDIS_ARRAY) {
        snprintf(out + used, size - used, "*%zu(", r->count);
        for (size_t i = 0; i < r->count; i++)
            render(out, size, r->items[i]);
        strncat(out, ")", size - strlen(out) - 1);
    } else if (r->kind == REDIS_INTEGER) {
        snprintf(out + used, size - used, ":%lld ", r->integer);
    } else {
        assert_int_equal(strlen(r->text), r->len);
        snprintf(out + used, size - used, "%c%s ", kinds[r->kind], r->text);
    }
}

static inline void
on_reply(struct redisconn *c, const struct err *e, const struct redis_reply *reply, void *arg)
{
    struct waiter *w = arg;
    note(w, e);
    assert_true(!e == !!reply);
    if (reply)
        render(w->text, sizeof(w->text), reply);
    if (w->then)
        start(c, w->then, LONG_MS, w->then_waiter);
    if (w->free_it)
        redisconn_free(c);
}

static inline void
wait_for(struct waiter *w)
{
    struct err e;
    if (loop_turn_until(loop, &w->done, clock_deadline(LONG_MS), &e) != 0)
        fail_msg("nothing came");
    assert_int_equal(w->calls, 1);
}

static inline struct waiter
try_connect(struct redisconn *c, uint64_t ms)
{
    struct waiter w = {0};
    struct err e;
    assert_int_equal(redisconn_connect_start(c, clock_deadline(ms), on_connected, &w, &e), 0);
    assert_false(w.done);
    wait_for(&w);
    return w;
}

static inline void
must_connect(struct redisconn *c)
{
    struct waiter w = try_connect(c, LONG_MS);
    if (w.e.code != ERR_NONE)
        fail_msg("%s", w.e.msg);
    assert_true(redisconn_connected(c));
}

static inline int
drop_target(void **state)
{
    (void)state;
    target_redis_free(target);
    target = NULL;
    return 0;
}

#define TEST(f) cmocka_unit_test_teardown(f, drop_target)

#endif
