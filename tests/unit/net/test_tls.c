/* The connecting side of TLS, with a certificate authority made for the occasion. */
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

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "common/base/clock.h"
#include "common/net/loop.h"
#include "common/net/tls.h"
#include "tests/unit/fakes/throwaway_ca.h"
#include "tests/unit/fakes/tls_server.h"

#define LONG_MS 20000

static struct loop *l;

static int
setup(void **state)
{
    (void)state;
    struct err e;
    l = loop_new(&e);
    return l ? ca_make() : -1;
}

static int
teardown(void **state)
{
    (void)state;
    loop_free(l);
    return ca_remove();
}

/* ---- one connection over a socket pair ---- */

struct end {
    struct bufferevent *bev;
    bool up, failed;
    bool *done;
    char got[32];
};

static void
on_read(struct bufferevent *bev, void *arg)
{
    struct end *end = arg;
    size_t n = bufferevent_read(bev, end->got, sizeof(end->got) - 1);
    end->got[n] = '\0';
    *end->done = true;
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
    (void)bev;
    struct end *end = arg;
    if (what & BEV_EVENT_CONNECTED) {
        end->up = true;
    } else {
        end->failed = true;
        *end->done = true;
    }
}

static void
use(struct end *end, struct bufferevent *bev, bool *done)
{
    assert_non_null(bev);
    *end = (struct end){.bev = bev, .done = done};
    bufferevent_setcb(bev, on_read, NULL, on_event, end);
    bufferevent_enable(bev, EV_READ | EV_WRITE);
}

/* The client says hello; 0 when the server heard it, else -1 with the client's error. */
static int
talk(struct tls_client *client, SSL_CTX *server, const char *name, struct err *e)
{
    int fds[2];
    bool client_done = false;
    bool server_done = false;
    struct end near;
    struct end far;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    use(&far, tls_server_bufferevent(server, loop_base(l), fds[1]), &server_done);
    use(&near, tls_client_bufferevent(client, loop_base(l), fds[0], name, e), &client_done);
    bufferevent_write(near.bev, "hello", 5);
    bufferevent_write(far.bev, "there", 5);
    assert_int_equal(loop_turn_until(l, &client_done, clock_deadline(LONG_MS), NULL), 0);
    int result = 0;
    int64_t left_s = 0;
    if (near.failed) {
        result = tls_bufferevent_error(near.bev, e);
        assert_false(tls_bufferevent_expired(near.bev));
    } else {
        assert_int_equal(tls_bufferevent_seconds_left(near.bev, &left_s), 0);
        assert_in_range(left_s, 86000, 86400);
        assert_int_equal(loop_turn_until(l, &server_done, clock_deadline(LONG_MS), NULL), 0);
        assert_string_equal(far.got, "hello");
        assert_string_equal(near.got, "there");
    }
    bufferevent_free(near.bev);
    bufferevent_free(far.bev);
    return result;
}

static void
test_good(void **state)
{
    (void)state;
    struct err e;
    SSL_CTX *server = tls_server_new(ca_path("one.crt"), ca_path("one.key"));
    struct tls_client *client = tls_client_new(ca_path("one.ca"), true, &e);
    assert_int_equal(talk(client, server, "db.test", &e), 0);
    assert_int_equal(talk(client, server, "127.0.0.1", &e), 0);
    /* A final dot only keeps the resolver from its search list: certificates have none. */
    assert_int_equal(talk(client, server, "db.test.", &e), 0);
    tls_client_free(client);
    tls_server_free(server);
}

static void
assert_refused(const char *ca, const char *name, const char *reason)
{
    struct err e;
    SSL_CTX *server = tls_server_new(ca_path("one.crt"), ca_path("one.key"));
    struct tls_client *client = tls_client_new(ca_path(ca), true, &e);
    assert_int_equal(talk(client, server, name, &e), -1);
    assert_int_equal(e.code, ERR_TLS);
    if (!strstr(e.msg, reason))
        fail_msg("%s: got \"%s\"", reason, e.msg);
    tls_client_free(client);
    tls_server_free(server);
}

static void
test_refused(void **state)
{
    (void)state;
    assert_refused("two.ca", "db.test",
                   "verification failed: unable to get local issuer certificate");
    assert_refused("one.ca", "other.test", "ostname mismatch");
    assert_refused("one.ca", "127.0.0.2", "IP address mismatch");
}

static void
test_unverified(void **state)
{
    (void)state;
    struct err e;
    SSL_CTX *server = tls_server_new(ca_path("one.crt"), ca_path("one.key"));
    struct tls_client *client = tls_client_new("/nonexistent", false, &e);
    assert_non_null(client);
    assert_int_equal(talk(client, server, "other.test", &e), 0);
    tls_client_free(client);
    tls_server_free(server);
}

static void
put(const char *from, const char *to)
{
    char command[256];
    snprintf(command, sizeof(command), "cp %s %s.new && mv %s.new %s", ca_path(from), ca_path(to),
             ca_path(to), ca_path(to));
    assert_int_equal(system(command), 0);
}

static void
test_reload(void **state)
{
    (void)state;
    struct err e;
    put("one.ca", "now.ca");
    SSL_CTX *one = tls_server_new(ca_path("one.crt"), ca_path("one.key"));
    SSL_CTX *two = tls_server_new(ca_path("two.crt"), ca_path("two.key"));
    struct tls_client *client = tls_client_new(ca_path("now.ca"), true, &e);
    assert_int_equal(talk(client, one, "db.test", &e), 0);
    assert_int_equal(talk(client, two, "db.test", &e), -1);
    put("make", "now.ca"); /* no certificates in it: the old ones stay */
    assert_int_equal(talk(client, one, "db.test", &e), 0);
    assert_int_equal(talk(client, two, "db.test", &e), -1);
    put("two.ca", "now.ca");
    assert_int_equal(talk(client, two, "db.test", &e), 0);
    assert_int_equal(talk(client, one, "db.test", &e), -1);
    tls_client_free(client);
    tls_server_free(one);
    tls_server_free(two);
}

static void
test_bad_files(void **state)
{
    (void)state;
    struct err e;
    assert_null(tls_client_new(ca_path("none"), true, &e));
    assert_int_equal(e.code, ERR_TLS);
    assert_non_null(strstr(e.msg, "No such file"));
    assert_null(tls_client_new(ca_path("make"), true, &e));
    tls_client_free(NULL);
}

static void
test_not_tls(void **state)
{
    (void)state;
    struct err e;
    int fds[2];
    bool done = false;
    struct end near;
    struct tls_client *client = tls_client_new(ca_path("one.ca"), true, &e);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    use(&near, tls_client_bufferevent(client, loop_base(l), fds[0], "db.test", &e), &done);
    assert_int_equal(write(fds[1], "-ERR Protocol error\r\n", 21), 21);
    assert_int_equal(loop_turn_until(l, &done, clock_deadline(LONG_MS), &e), 0);
    assert_true(near.failed);
    assert_int_equal(tls_bufferevent_error(near.bev, &e), -1);
    assert_int_equal(e.code, ERR_TLS);
    bufferevent_free(near.bev);
    close(fds[1]);
    tls_client_free(client);
}

static void
test_system_store(void **state)
{
    (void)state;
    setenv("SSL_CERT_FILE", ca_path("one.ca"), 1);
    assert_string_equal(tls_system_ca_file(), ca_path("one.ca"));
    unsetenv("SSL_CERT_FILE");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),         cmocka_unit_test(test_refused),
        cmocka_unit_test(test_unverified),   cmocka_unit_test(test_reload),
        cmocka_unit_test(test_bad_files),    cmocka_unit_test(test_not_tls),
        cmocka_unit_test(test_system_store),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
