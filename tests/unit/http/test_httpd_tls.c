/* Who speaks no TLS to a listener that does: no limit of time is needed to be rid of him. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/ssl.h>

#include "common/base/clock.h"
#include "common/http/httpd.h"
#include "common/net/loop.h"
#include "tests/unit/fakes/throwaway_ca.h"

#define LONG_MS 20000

static struct loop *loop;
static struct httpd *httpd;
static struct httpd_answer said;

static const struct httpd_answer *
answer(const struct httpd_request *r, void *arg)
{
    (void)r;
    (void)arg;
    strbuf_clear(&said.body);
    strbuf_adds(&said.body, "here");
    httpd_answer_finish(&said, 200, HTTPD_TEXT, "");
    return &said;
}

static int
setup(void **state)
{
    (void)state;
    static const struct httpd_limits wide = {
        .request_ms = 600000, .keep_alive_ms = 600000, .connections = 512};
    struct err e;
    loop = loop_new(&e);
    httpd = httpd_new(loop, &wide, answer, NULL, &e);
    return httpd_use_tls(httpd, ca_path("one.crt"), ca_path("one.key"), &e) ||
           httpd_listen(httpd, "127.0.0.1:0", &e) || httpd_listen(httpd, "plain:127.0.0.1:0", &e);
}

static int
teardown(void **state)
{
    (void)state;
    httpd_free(httpd);
    httpd_answer_done(&said);
    loop_free(loop);
    return 0;
}

static int
ca_setup(void **state)
{
    (void)state;
    return ca_make();
}

static int
ca_teardown(void **state)
{
    (void)state;
    return ca_remove();
}

static int
dial(size_t listener)
{
    const char *port = strrchr(httpd_bound(httpd, listener), ':') + 1;
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons((uint16_t)atoi(port))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

static void
turn(void)
{
    bool never = false;
    loop_turn_until(loop, &never, clock_deadline(1), NULL);
}

/* How many bytes came before the end, or before `enough` of them; -1: 20 s went by. */
static ssize_t
hear(int fd, size_t enough)
{
    char buf[4096];
    size_t len = 0;
    for (uint64_t end_ms = clock_deadline(LONG_MS); clock_left_ms(end_ms) > 0;) {
        ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno == ECONNRESET))
            return (ssize_t)len;
        if (n > 0 && (len += (size_t)n) >= enough)
            return (ssize_t)len;
        turn();
    }
    return -1;
}

/* The request goes with the last piece of the handshake, and waits for no byte more. */
static void
test_answers(void **state)
{
    (void)state;
    char buf[256];
    int n = 0, fd = dial(0);
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(ctx);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    SSL_set_fd(ssl, fd);
    for (uint64_t end_ms = clock_deadline(LONG_MS); SSL_connect(ssl) != 1 && clock_left_ms(end_ms);)
        turn();
    assert_int_equal(SSL_is_init_finished(ssl), 1);
    for (int requests = 1; requests <= 2; requests++) {
        assert_int_equal(SSL_write(ssl, "GET / HTTP/1.1\r\n\r\n", 18), 18);
        for (uint64_t end_ms = clock_deadline(LONG_MS);
             (n = SSL_read(ssl, buf, sizeof(buf))) <= 0 && clock_left_ms(end_ms);)
            turn();
        assert_true(n > 15);
        assert_memory_equal(buf, "HTTP/1.1 200 OK", 15);
        assert_int_equal(httpd_stats(httpd).requests, requests);
    }
    assert_int_equal(httpd_stats(httpd).open, 1);
    assert_int_equal(httpd_stats(httpd).errors, 0);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    close(fd);
}

static void
test_strangers(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
    } rows[] = {
        {"GET / HTTP/1.1\r\n\r\n", 18},
        {"\0\0\0\0\0\0\0\0\0\0\0\0", 12},
        {"\x16\x03\x01\xff\xffxxxxxxxxxxxx", 17},
        {"\x15\x03\x01\0\2\2\x28", 7}, /* an alert comes first */
    };
    const size_t n = sizeof(rows) / sizeof(rows[0]);
    for (size_t i = 0; i < n; i++) {
        int fd = dial(0);
        assert_int_equal(send(fd, rows[i].bytes, rows[i].n, MSG_NOSIGNAL), rows[i].n);
        assert_true(hear(fd, SIZE_MAX) >= 0);
        assert_int_equal(httpd_stats(httpd).errors, i + 1);
        assert_int_equal(httpd_stats(httpd).open, 0);
        close(fd);
    }
    assert_int_equal(httpd_stats(httpd).requests, 0);
}

/* A handshake that has not arrived as a whole is waited for; one that never will, because the peer went, is not. */
static void
test_half_a_handshake(void **state)
{
    (void)state;
    static const char begun[] = "\x16\x03\x01\x02\0\x01\0";
    int fd = dial(0);
    assert_int_equal(send(fd, begun, 7, MSG_NOSIGNAL), 7);
    for (int i = 0; i < 20; i++)
        turn();
    assert_int_equal(httpd_stats(httpd).open, 1);
    assert_int_equal(httpd_stats(httpd).errors, 0);
    shutdown(fd, SHUT_WR);
    assert_true(hear(fd, SIZE_MAX) >= 0);
    assert_int_equal(httpd_stats(httpd).open, 0);
    close(fd);
}

static void
test_plain_beside_it(void **state)
{
    (void)state;
    assert_true(httpd_bound_with_tls(httpd, 0));
    assert_false(httpd_bound_with_tls(httpd, 1));
    int fd = dial(1);
    assert_int_equal(send(fd, "GET / HTTP/1.0\r\n\r\n", 18, MSG_NOSIGNAL), 18);
    assert_true(hear(fd, SIZE_MAX) > 0);
    assert_int_equal(httpd_stats(httpd).requests, 1);
    assert_int_equal(httpd_stats(httpd).errors, 0);
    close(fd);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_strangers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_half_a_handshake, setup, teardown),
        cmocka_unit_test_setup_teardown(test_plain_beside_it, setup, teardown),
    };
    return cmocka_run_group_tests(tests, ca_setup, ca_teardown);
}
