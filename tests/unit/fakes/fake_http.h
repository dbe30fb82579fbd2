/*
 * fake_http.h: an HTTP server that says what a script says, in the test's own loop, on 127.0.0.1, to any number of
 * connections. Included by tests of outgoing requests.
 */
#ifndef RR_TESTS_FAKE_HTTP_H
#define RR_TESTS_FAKE_HTTP_H

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "common/base/strbuf.h"
#include "common/net/loop.h"
#include "tests/unit/fakes/tls_server.h"

#define FAKE_PEERS 32

enum fake_after { FAKE_KEEP, FAKE_CLOSE, FAKE_FLOOD, FAKE_FLOOD_LAST };

struct fake_peer {
    int fd;
    struct bufferevent *bev;
};

static struct fake_http {
    struct loop *loop;
    int listener;
    uint16_t port;
    struct loop_watch *accepting;
    SSL_CTX *tls;
    const char *answer; /* to each request; NULL: none; "": the end of the connection */
    enum fake_after
        after; /* FAKE_FLOOD: `answer` again and again, without an end; _LAST: its last line */
    struct fake_peer peers[FAKE_PEERS];
    struct strbuf got; /* the last request's head */
    unsigned accepted, requests;
    size_t flooded;
} server;

static inline unsigned
server_open(void)
{
    unsigned n = 0;
    for (size_t i = 0; i < FAKE_PEERS; i++)
        n += server.peers[i].bev != NULL;
    return n;
}

static inline void
server_hang_up(struct fake_peer *p)
{
    if (p->bev)
        bufferevent_free(p->bev);
    p->bev = NULL;
}

static inline void
server_hang_up_all(void)
{
    for (size_t i = 0; i < FAKE_PEERS; i++)
        server_hang_up(&server.peers[i]);
}

static inline void
server_on_written(struct bufferevent *bev, void *arg)
{
    if (server.after == FAKE_CLOSE) {
        server_hang_up(arg);
    } else if (server.after != FAKE_KEEP) {
        const char *last = strrchr(server.answer, '\n');
        const char *again = server.after == FAKE_FLOOD_LAST ? last + 1 : server.answer;
        server.flooded += strlen(again);
        bufferevent_write(bev, again, strlen(again));
    }
}

static inline void
server_on_event(struct bufferevent *bev, short what, void *arg)
{
    (void)bev;
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
        server_hang_up(arg);
}

static inline void
server_on_read(struct bufferevent *bev, void *arg)
{
    struct evbuffer *in = bufferevent_get_input(bev);
    struct evbuffer_ptr end = evbuffer_search(in, "\r\n\r\n", 4, NULL);
    if (end.pos < 0)
        return;
    size_t len = (size_t)end.pos + 4;
    strbuf_clear(&server.got);
    strbuf_add(&server.got, (const char *)evbuffer_pullup(in, (ssize_t)len), len);
    evbuffer_drain(in, len);
    server.requests++;
    if (!server.answer)
        return;
    if (server.answer[0] == '\0') {
        server_hang_up(arg);
        return;
    }
    bufferevent_setcb(bev, server_on_read, server_on_written, server_on_event, arg);
    bufferevent_write(bev, server.answer, strlen(server.answer));
}

static inline void
server_on_accept(int listener, int what, void *arg)
{
    (void)what;
    (void)arg;
    struct fake_peer *p = server.peers;
    while (p->bev)
        assert_true(++p < server.peers + FAKE_PEERS);
    p->fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    assert_true(p->fd >= 0);
    server.accepted++;
    struct event_base *base = loop_base(server.loop);
    p->bev = server.tls ? tls_server_bufferevent(server.tls, base, p->fd)
                        : bufferevent_socket_new(base, p->fd, BEV_OPT_CLOSE_ON_FREE);
    assert_non_null(p->bev);
    bufferevent_setcb(p->bev, server_on_read, NULL, server_on_event, p);
    bufferevent_enable(p->bev, EV_READ | EV_WRITE);
}

static inline int
server_start(struct loop *loop)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(any);
    server = (struct fake_http){.loop = loop};
    server.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (bind(server.listener, (struct sockaddr *)&any, len) != 0 ||
        listen(server.listener, 16) != 0 ||
        getsockname(server.listener, (struct sockaddr *)&any, &len) != 0)
        return -1;
    server.port = ntohs(any.sin_port);
    server.accepting = loop_watch_new(loop, server.listener, server_on_accept, NULL);
    return loop_watch_set(server.accepting, LOOP_READ);
}

static inline void
server_stop(void)
{
    server_hang_up_all();
    loop_watch_free(server.accepting);
    close(server.listener);
    strbuf_done(&server.got);
}

#endif
