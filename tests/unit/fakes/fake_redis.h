/*
 * fake_redis.h: a Redis server that says what a script says, in the test's own loop, on 127.0.0.1; one connection at a
 * time. Included by tests of Redis connections.
 */
#ifndef RR_TESTS_FAKE_REDIS_H
#define RR_TESTS_FAKE_REDIS_H

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "common/base/strbuf.h"
#include "common/net/loop.h"
#include "common/redis/redisconn_reply.h"
#include "tests/unit/fakes/tls_server.h"

struct line {
    const char *command; /* "GET a"; NULL: the end */
    const char *reply;   /* bytes; "" silent; "close" */
};

static struct fake_redis {
    struct loop *loop;
    int listener, fd;
    uint16_t port;
    struct loop_watch *accepting, *reading;
    const struct line *script;
    const char *greeting;    /* sent at once, then the connection is closed */
    SSL_CTX *tls;            /* each command is answered with +OK */
    struct bufferevent *bev; /* then */
    struct redis_parser *parser;
    struct strbuf got; /* the commands, one a line */
    unsigned connections;
} server;

static inline void
server_hang_up(void)
{
    loop_watch_free(server.reading);
    server.reading = NULL;
    if (server.fd >= 0)
        close(server.fd);
    server.fd = -1;
    if (server.bev)
        bufferevent_free(server.bev);
    server.bev = NULL;
    redis_parser_free(server.parser);
    server.parser = NULL;
}

static inline void
server_send(const char *text)
{
    assert_int_equal(write(server.fd, text, strlen(text)), (ssize_t)strlen(text));
}

static inline void
server_answer(const struct redis_reply *command)
{
    struct strbuf b = STRBUF_INIT;
    for (size_t i = 0; i < command->count; i++)
        strbuf_addf(&b, "%s%s", i ? " " : "", command->items[i]->text);
    strbuf_addf(&server.got, "%s\n", strbuf_str(&b));
    const struct line *l = server.script;
    while (l && l->command && strcmp(l->command, strbuf_str(&b)) != 0)
        l++;
    const char *reply = l && l->command ? l->reply : "-ERR not in the script\r\n";
    if (strcmp(reply, "close") == 0)
        server_hang_up();
    else
        server_send(reply);
    strbuf_done(&b);
}

static inline void
on_server_read(int fd, int what, void *arg)
{
    (void)what;
    (void)arg;
    char buf[4096];
    struct err e;
    ssize_t n = read(fd, buf, sizeof(buf));
    if (n <= 0) {
        server_hang_up();
        return;
    }
    assert_int_equal(redis_parser_feed(server.parser, buf, (size_t)n, &e), 0);
    while (server.parser) {
        struct redis_reply *command;
        assert_int_equal(redis_parser_next(server.parser, &command, &e), 0);
        if (!command)
            return;
        server_answer(command);
        redis_reply_free(command);
    }
}

static inline void
on_tls_read(struct bufferevent *bev, void *arg)
{
    (void)arg;
    char buf[4096];
    struct err e;
    struct redis_reply *command;
    size_t n = bufferevent_read(bev, buf, sizeof(buf));
    assert_int_equal(redis_parser_feed(server.parser, buf, n, &e), 0);
    while (redis_parser_next(server.parser, &command, &e) == 0 && command) {
        redis_reply_free(command);
        bufferevent_write(bev, "+OK\r\n", 5);
    }
}

static inline void
on_server_accept(int fd, int what, void *arg)
{
    (void)what;
    (void)arg;
    server_hang_up();
    server.connections++;
    server.fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    assert_true(server.fd >= 0);
    if (server.greeting) {
        server_send(server.greeting);
        server_hang_up();
        return;
    }
    server.parser = redis_parser_new();
    if (server.tls) {
        int own = server.fd;
        server.fd = -1;
        server.bev = tls_server_bufferevent(server.tls, loop_base(server.loop), own);
        bufferevent_setcb(server.bev, on_tls_read, NULL, NULL, NULL);
        bufferevent_enable(server.bev, EV_READ | EV_WRITE);
        return;
    }
    server.reading = loop_watch_new(server.loop, server.fd, on_server_read, NULL);
    loop_watch_set(server.reading, LOOP_READ);
}

static inline int
server_start(struct loop *loop)
{
    server.loop = loop;
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(any);
    server.fd = -1;
    server.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (bind(server.listener, (struct sockaddr *)&any, len) != 0 ||
        listen(server.listener, 16) != 0 ||
        getsockname(server.listener, (struct sockaddr *)&any, &len) != 0)
        return -1;
    server.port = ntohs(any.sin_port);
    server.accepting = loop_watch_new(server.loop, server.listener, on_server_accept, NULL);
    return loop_watch_set(server.accepting, LOOP_READ);
}

static inline void
server_stop(void)
{
    server_hang_up();
    loop_watch_free(server.accepting);
    close(server.listener);
    strbuf_done(&server.got);
}

#endif
