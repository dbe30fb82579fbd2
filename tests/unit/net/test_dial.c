/* From a name to a connected socket, with names from a scripted resolver. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/net/dial.h"
#include "common/net/loop.h"
#include "common/net/resolve.h"
#include "tests/unit/fakes/fake_dns.h"

static struct loop *loop;
static struct resolver *resolver;
static struct dns_server dns;
static const struct dns_record zone[] = {{"two.test", 1, "127.0.0.9 127.0.0.1"},
                                         {"two.test", 28, ""},
                                         {"hush.test", 1, "silent"},
                                         {"hush.test", 28, "silent"},
                                         {NULL, 0, NULL}};

struct waiter {
    bool done;
    int calls;
    int fd;
    struct err e;
};

static int
setup(void **state)
{
    (void)state;
    struct err e;
    loop = loop_new(&e);
    if (dns_start(&dns, loop, zone) != 0)
        return -1;
    dns_conf(&dns, "");
    resolver = resolver_new(loop, &e);
    return resolver ? 0 : -1;
}

static int
teardown(void **state)
{
    (void)state;
    resolver_free(resolver);
    dns_stop(&dns);
    loop_free(loop);
    return 0;
}

/* On 127.0.0.1; room for `backlog` connections that nobody accepts. */
static int
listener(int backlog, uint16_t *ret_port)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(any);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&any, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&any, &len), 0);
    if (backlog >= 0)
        assert_int_equal(listen(fd, backlog), 0);
    *ret_port = ntohs(any.sin_port);
    return fd;
}

static void
on_dialled(const struct err *e, int fd, void *arg)
{
    struct waiter *w = arg;
    w->done = true;
    w->calls++;
    w->fd = fd;
    if (e)
        w->e = *e;
}

static struct waiter
dial(const char *host, uint16_t port, uint64_t ms)
{
    struct waiter w = {.fd = -1};
    struct err e;
    struct dial *d = dial_start(loop, resolver, &(struct dial_to){host, port, clock_deadline(ms)},
                                on_dialled, &w, &e);
    assert_non_null(d);
    assert_false(w.done);
    assert_int_equal(loop_turn_until(loop, &w.done, clock_deadline(20000), &e), 0);
    assert_int_equal(w.calls, 1);
    return w;
}

static void
test_connects(void **state)
{
    (void)state;
    uint16_t port = 0;
    int l = listener(8, &port);
    static const char *const hosts[] = {"127.0.0.1", "two.test"}; /* of two, one refuses */
    for (size_t i = 0; i < 2; i++) {
        struct waiter w = dial(hosts[i], port, 20000);
        assert_int_equal(w.e.code, ERR_NONE);
        assert_true(w.fd >= 0);
        int got = accept4(l, NULL, NULL, SOCK_CLOEXEC);
        assert_true(got >= 0);
        assert_int_equal(write(w.fd, "x", 1), 1);
        close(got);
        close(w.fd);
    }
    close(l);
}

static void
test_fails(void **state)
{
    (void)state;
    uint16_t port = 0;
    int l = listener(-1, &port); /* bound, so that nobody else takes it; not listening */
    assert_int_equal(dial("127.0.0.1", port, 20000).e.code, ERR_REFUSED);
    struct waiter w = dial("two.test", port, 20000);
    assert_int_equal(w.e.code, ERR_REFUSED);
    assert_non_null(strstr(w.e.msg, "Connection refused"));
    assert_int_equal(w.fd, -1);
    assert_int_equal(dial("gone.test", port, 20000).e.code, ERR_DNS);
    assert_int_equal(dial("hush.test", port, 50).e.code, ERR_DNS);
    close(l);
}

static uint64_t
share_ms(uint64_t left_ms, size_t others, uint64_t least_ms)
{
    uint64_t began_ms = clock_mono_ms();
    return dial_share(left_ms == CLOCK_NEVER ? CLOCK_NEVER : began_ms + left_ms, others, least_ms) -
           began_ms;
}

/* Shares are equal, have a least length, and never go beyond the deadline. */
static void
test_share(void **state)
{
    (void)state;
    assert_int_equal(share_ms(600000, 0, 0), 600000);
    assert_in_range(share_ms(600000, 3, 0), 149990, 210000);
    assert_in_range(share_ms(600000, 3, 500000), 500000, 560000);
    assert_int_equal(share_ms(600000, 3, 900000), 600000);
    assert_in_range(share_ms(CLOCK_NEVER, 0, 0), 60000, 120000);
    assert_in_range(share_ms(CLOCK_NEVER, 2, 0), 20000, 80000);
}

/* A socket's path in the place of a name: it is there, nobody listens, it is not there. */
static void
test_unix(void **state)
{
    (void)state;
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    char dir[] = "/tmp/test_dial.XXXXXX";
    assert_non_null(mkdtemp(dir));
    snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/s", dir);
    int l = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(l, (struct sockaddr *)&sa, sizeof(sa)), 0);
    assert_int_equal(dial(sa.sun_path, 0, 20000).e.code, ERR_REFUSED);
    assert_int_equal(listen(l, 8), 0);
    struct waiter w = dial(sa.sun_path, 0, 20000);
    assert_int_equal(w.e.code, ERR_NONE);
    assert_int_equal(write(w.fd, "x", 1), 1);
    assert_int_equal(listen(l, 0), 0); /* that connection fills the queue now */
    assert_int_equal(dial(sa.sun_path, 0, 20000).e.code, ERR_TIMEOUT);
    close(w.fd);
    close(l);
    unlink(sa.sun_path);
    w = dial(sa.sun_path, 0, 20000);
    assert_int_equal(w.e.code, ERR_REFUSED);
    assert_int_equal(w.e.sys_errno, ENOENT);
    assert_non_null(strstr(w.e.msg, sa.sun_path));
    assert_null(strstr(w.e.msg, "port"));
    rmdir(dir);
}

/* A listener whose queue is full does not answer: the kernel drops what comes. */
static void
test_times_out(void **state)
{
    (void)state;
    uint16_t port = 0;
    int l = listener(0, &port);
    struct waiter filler = dial("127.0.0.1", port, 20000);
    uint64_t began_ms = clock_mono_ms();
    assert_int_equal(dial("127.0.0.1", port, 60).e.code, ERR_TIMEOUT);
    assert_true(clock_mono_ms() - began_ms >= 60);
    close(filler.fd);
    close(l);
}

static int
listener_at(const char *host, uint16_t port, int backlog)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(inet_pton(AF_INET, host, &at.sin_addr), 1);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(fd, backlog), 0);
    return fd;
}

/* Who got nowhere with an address begins with the one after it. */
static void
test_after(void **state)
{
    (void)state;
    static const char *const hosts[] = {"127.0.0.9", "127.0.0.1"};
    uint16_t port = 0;
    int l = listener(8, &port);
    int other = listener_at(hosts[0], port, 8);
    for (size_t i = 0; i < 2; i++) {
        struct sockaddr_in last = {.sin_family = AF_INET, .sin_port = htons(port)};
        struct sockaddr_in peer = {0};
        socklen_t len = sizeof(peer);
        struct resolve_addr addr = {.sa_len = sizeof(last)};
        struct waiter w = {.fd = -1};
        struct err e;
        inet_pton(AF_INET, hosts[i], &last.sin_addr);
        memcpy(&addr.sa, &last, sizeof(last));
        dial_after(dial_start(loop, resolver,
                              &(struct dial_to){"two.test", port, clock_deadline(20000)},
                              on_dialled, &w, &e),
                   &addr);
        assert_int_equal(loop_turn_until(loop, &w.done, clock_deadline(20000), &e), 0);
        assert_int_equal(getpeername(w.fd, (struct sockaddr *)&peer, &len), 0);
        inet_pton(AF_INET, hosts[1 - i], &last.sin_addr);
        assert_memory_equal(&peer, &last, sizeof(last));
        close(w.fd);
    }
    close(other);
    close(l);
}

static void
test_cancel(void **state)
{
    (void)state;
    uint16_t port = 0;
    int l = listener(0, &port);
    struct waiter filler = dial("127.0.0.1", port, 20000);
    struct waiter w = {.fd = -1};
    struct err e;
    static const char *const hosts[] = {"127.0.0.1", "two.test", "hush.test"};
    for (size_t i = 0; i < 3; i++) {
        bool never = false;
        dial_cancel(dial_start(loop, resolver,
                               &(struct dial_to){hosts[i], port, clock_deadline(30)}, on_dialled,
                               &w, &e));
        assert_int_equal(loop_turn_until(loop, &never, clock_deadline(60), &e), -1);
        struct dial *d =
            dial_start(loop, resolver, &(struct dial_to){hosts[i], port, clock_deadline(20000)},
                       on_dialled, &w, &e);
        assert_non_null(d);
        assert_int_equal(loop_turn_until(loop, &never, clock_deadline(10), &e), -1);
        dial_cancel(d);
        assert_int_equal(loop_turn_until(loop, &never, clock_deadline(10), &e), -1);
        assert_int_equal(w.calls, 0);
    }
    dial_cancel(NULL);
    close(filler.fd);
    close(l);
}

/* Nobody listens, and the kernel gives the socket that very port as its own: that is no peer. connect() takes ports of one
 * parity first, bind() those of the other: both neighbours are tried. */
static void
test_self(void **state)
{
    (void)state;
    uint16_t port = 0;
    close(listener(-1, &port));
    for (unsigned i = 0; i < 60000; i++) {
        struct waiter w = dial("127.0.0.1", (uint16_t)(port ^ (i & 1)), 20000);
        if (w.e.code == ERR_NONE)
            fail_msg("connected to itself");
        assert_int_equal(w.e.code, ERR_REFUSED);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connects),  cmocka_unit_test(test_fails),
        cmocka_unit_test(test_times_out), cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_share),     cmocka_unit_test(test_after),
        cmocka_unit_test(test_self),      cmocka_unit_test(test_unix),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
