/*
 * The rules of probe.h, over all kinds of checks: told once and never inside start(), freed from anywhere. The peer is a
 * socket of this test that says to each kind what it wants to hear.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/strbuf.h"
#include "common/net/loop.h"
#include "common/net/resolve.h"
#include "common/net/tls.h"
#include "healthd/check/checkline.h"
#include "healthd/probe/probe.h"
#include "healthd/probe/probe_kinds.h"

/* ---- a peer of any kind ---- */

#define LINKS 8

struct link {
    int fd;
    struct loop_watch *watch;
};

static struct {
    struct loop *loop;
    int listener;
    uint16_t port;
    struct loop_watch *accepting;
    struct link links[LINKS];
    bool silent;
} peer;

/* Its versions do not agree about this one. */
/* clang-format off */
#define SAY(word, answer) {word, answer, sizeof(answer) - 1}
/* clang-format on */
/* What is said to bytes that hold a word, in this order. */
static const struct {
    const char *word, *answer;
    size_t len;
} says[] = {
    SAY("GET /", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    SAY("/ping",
        "\x01\x06\0\x01\0\x0c\0\0A: b\r\n\r\npong\x01\x03\0\x01\0\x08\0\0\0\0\0\0\0\0\0\0"),
    SAY("/status", "\x01\x06\0\x01\0\x2c\0\0A: b\n\nidle processes: 1\nactive processes: 0\n"
                   "\x01\x03\0\x01\0\x08\0\0\0\0\0\0\0\0\0\0"),
    SAY("PING", "+PONG\r\n"),
    SAY("CLUSTER", "-ERR no\r\n"),
    SAY("ROLE", "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"),
    SAY("application_name", "R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I"),
    SAY("SELECT 1", "T\0\0\0\x1a\0\x01"
                    "c\0\0\0\0\0\0\0\0\0\0\x17\0\x04\xff\xff\xff\xff\0\0"
                    "D\0\0\0\x0b\0\x01\0\0\0\x01"
                    "1C\0\0\0\x0dSELECT 1\0Z\0\0\0\x05I"),
};

static void
link_close(struct link *l)
{
    loop_watch_free(l->watch);
    if (l->watch)
        close(l->fd);
    *l = (struct link){0};
}

static void
peer_hang_up(void)
{
    for (size_t i = 0; i < LINKS; i++)
        link_close(&peer.links[i]);
}

static void
on_bytes(int fd, int what, void *arg)
{
    char got[4096];
    (void)what;
    ssize_t n = recv(fd, got, sizeof(got), 0);
    if (n <= 0) {
        link_close(arg);
        return;
    }
    for (size_t i = 0; !peer.silent && i < sizeof(says) / sizeof(says[0]); i++)
        if (memmem(got, (size_t)n, says[i].word, strlen(says[i].word)))
            assert_int_equal(send(fd, says[i].answer, says[i].len, MSG_NOSIGNAL), says[i].len);
}

static void
on_accept(int fd, int what, void *arg)
{
    (void)what;
    (void)arg;
    size_t i = 0;
    while (peer.links[i].watch)
        assert_true(++i < LINKS);
    struct link *l = &peer.links[i];
    l->fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    assert_true(l->fd >= 0);
    l->watch = loop_watch_new(peer.loop, l->fd, on_bytes, l);
    assert_int_equal(loop_watch_set(l->watch, LOOP_READ), 0);
}

static void
peer_open(struct loop *loop)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(sin);
    memset(&peer, 0, sizeof(peer));
    peer.loop = loop;
    peer.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(peer.listener, (struct sockaddr *)&sin, sizeof(sin)), 0);
    assert_int_equal(listen(peer.listener, 16), 0);
    assert_int_equal(getsockname(peer.listener, (struct sockaddr *)&sin, &len), 0);
    peer.port = ntohs(sin.sin_port);
    peer.accepting = loop_watch_new(loop, peer.listener, on_accept, NULL);
    assert_int_equal(loop_watch_set(peer.accepting, LOOP_READ), 0);
}

static void
peer_stop_listening(void)
{
    loop_watch_free(peer.accepting);
    if (peer.accepting)
        close(peer.listener);
    peer.accepting = NULL;
}

/* ---- the world ---- */

/* Each is of the kind in its place: # stands for the port. Those behind the peers' look at what cannot refuse, hang or get lost. */
static const char *const lines[] = {
    "a postgres://app@127.0.0.1:#/app?sslmode=disable",
    "a redis://127.0.0.1:#",
    "a http://127.0.0.1:#/",
    "a fcgi://127.0.0.1:#/ping status-page fcgi://127.0.0.1:#",
    "a tcp://127.0.0.1:# connection keep",
    "a file:/",
    "a disk:/ min-free 0 min-inodes 0",
};
#define KINDS (sizeof(lines) / sizeof(lines[0]))
#define PEERS 5u

struct world {
    struct loop *loop;
    struct resolver *resolver;
    struct tls_client *https;
    struct check_spec spec;
    struct probe *probe;
    struct probe_result last;
    unsigned done, lost;
    bool free_in_done, free_in_lost, starting, told;
};

static void
on_done(struct probe *p, enum probe_depth depth, const struct probe_result *r, void *arg)
{
    struct world *w = arg;
    (void)depth;
    assert_ptr_equal(p, w->probe);
    assert_false(w->starting);
    w->done++;
    w->last = *r;
    w->told = true;
    if (w->free_in_done) {
        probe_free(p);
        probe_free(p); /* dead already */
    }
}

static void
on_lost(struct probe *p, void *arg)
{
    struct world *w = arg;
    w->lost++;
    w->told = true;
    if (w->free_in_lost)
        probe_free(p);
}

static void
open_world(struct world *w, size_t kind)
{
    struct err e;
    *w = (struct world){0};
    w->loop = loop_new(&e);
    w->resolver = resolver_new(w->loop, &e);
    assert_non_null(w->resolver);
    peer_open(w->loop);
    cleanup_strbuf struct strbuf line = STRBUF_INIT;
    for (const char *at = lines[kind]; *at; at++)
        if (*at == '#')
            strbuf_addf(&line, "%u", peer.port);
        else
            strbuf_addc(&line, *at);
    assert_int_equal(checkline_parse(strbuf_str(&line), probe_kinds, &w->spec, &e), 0);
    assert_ptr_equal(w->spec.kind, probe_kinds[kind]);
    const struct probe_context x = {.loop = w->loop, .resolver = w->resolver, .https = &w->https};
    w->probe = probe_new(&x, &w->spec, &e);
    assert_non_null(w->probe);
    w->probe->done = on_done;
    w->probe->lost = on_lost;
    w->probe->arg = w;
}

/* The spec, the resolver and all else that the probe borrowed goes right after it. */
static void
close_world(struct world *w)
{
    probe_free(w->probe);
    check_spec_done(&w->spec);
    tls_client_free(w->https);
    peer_hang_up();
    peer_stop_listening();
    resolver_free(w->resolver);
    loop_free(w->loop);
}

static void
start(struct world *w, uint64_t timeout_ms)
{
    struct err e;
    w->starting = true;
    assert_int_equal(w->probe->ops->start(w->probe, PROBE_SESSION, clock_deadline(timeout_ms), &e),
                     0);
    w->starting = false;
}

static void
until_told(struct world *w)
{
    struct err e;
    w->told = false;
    assert_int_equal(loop_turn_until(w->loop, &w->told, clock_deadline(60000), &e), 0);
}

/* What would still come has come: the loop has nothing to do for a while. */
static void
let_pass(struct world *w)
{
    bool never = false;
    struct err e;
    loop_turn_until(w->loop, &never, clock_deadline(50), &e);
}

static void
look(struct world *w)
{
    start(w, 60000);
    until_told(w);
    if (w->last.reason != REASON_NONE)
        fail_msg("%s: %s: %s", w->spec.kind->title, reason_text(w->last.reason), w->last.cause);
}

/* What ends unasked, and is told as lost: a kept session; fcgi:// keeps none, but leaves a ping waiting. */
static void
have_something_to_lose(struct world *w, size_t kind)
{
    look(w);
    if (probe_kinds[kind] != &probe_fcgi_kind)
        return;
    peer.silent = true;
    start(w, 100);
    until_told(w);
    peer.silent = false;
}

/* ---- the rules ---- */

static void
test_told_once(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct world w;
        open_world(&w, kind);
        look(&w);
        look(&w);
        let_pass(&w);
        assert_int_equal(w.done, 2);
        assert_int_equal(w.lost, 0);
        close_world(&w);
    }
}

static void
test_refused(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < PEERS; kind++) {
        struct world w;
        open_world(&w, kind);
        peer_stop_listening();
        start(&w, 60000);
        until_told(&w);
        assert_int_equal(w.last.reason, REASON_REFUSED);
        assert_false(w.last.timed_out);
        assert_true(w.last.cause[0] != '\0');
        close_world(&w);
    }
}

/* A peer that accepts and says nothing: tcp:// is content with it. */
static void
test_silent(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < PEERS; kind++) {
        struct world w;
        bool speaks = probe_kinds[kind] != &probe_tcp_kind;
        open_world(&w, kind);
        peer.silent = true;
        start(&w, speaks ? 100 : 60000);
        until_told(&w);
        assert_int_equal(w.last.timed_out, speaks);
        assert_int_equal(w.last.reason, speaks ? REASON_TIMEOUT : REASON_NONE);
        close_world(&w);
    }
}

static void
test_lost_once(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < PEERS; kind++) {
        struct world w;
        open_world(&w, kind);
        have_something_to_lose(&w, kind);
        let_pass(&w);
        unsigned done = w.done;
        peer_hang_up();
        until_told(&w);
        let_pass(&w);
        assert_int_equal(w.lost, 1);
        look(&w); /* over a new one */
        assert_int_equal(w.done, done + 1);
        close_world(&w);
    }
}

static void
test_freed_before_the_answer(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct world w;
        open_world(&w, kind);
        start(&w, 60000);
        probe_free(w.probe);
        probe_free(w.probe);
        w.probe = NULL;
        let_pass(&w);
        assert_int_equal(w.done, 0);
        close_world(&w);
    }
}

static void
test_freed_in_done(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < 2 * KINDS; kind++) {
        struct world w;
        open_world(&w, kind % KINDS);
        if (kind >= KINDS) /* a failure takes other ways */
            peer_stop_listening();
        w.free_in_done = true;
        start(&w, 60000);
        until_told(&w);
        w.probe = NULL;
        let_pass(&w);
        assert_int_equal(w.done, 1);
        close_world(&w);
    }
}

static void
test_freed_in_lost(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < PEERS; kind++) {
        struct world w;
        open_world(&w, kind);
        have_something_to_lose(&w, kind);
        let_pass(&w);
        w.free_in_lost = true;
        peer_hang_up();
        until_told(&w);
        w.probe = NULL;
        let_pass(&w);
        assert_int_equal(w.lost, 1);
        close_world(&w);
    }
}

/* A new kind needs a line. */
static void
test_all_kinds(void **state)
{
    (void)state;
    assert_null(probe_kinds[KINDS]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_kinds),     cmocka_unit_test(test_told_once),
        cmocka_unit_test(test_refused),       cmocka_unit_test(test_silent),
        cmocka_unit_test(test_lost_once),     cmocka_unit_test(test_freed_before_the_answer),
        cmocka_unit_test(test_freed_in_done), cmocka_unit_test(test_freed_in_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
