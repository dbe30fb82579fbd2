/* Outgoing requests: against a scripted server in this loop, with names from a scripted resolver. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/http/httpcall.h"
#include "common/net/resolve.h"
#include "common/net/tls.h"
#include "common/target/target.h"
#include "tests/unit/fakes/fake_dns.h"
#include "tests/unit/fakes/fake_http.h"
#include "tests/unit/fakes/throwaway_ca.h"

#define LONG_MS 20000
#define URL "http://127.0.0.1:PORT/"
#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static struct loop *loop;
static struct resolver *resolver;
static struct dns_server dns;
static struct target_peer *target;
static struct httpcall_client *client;
static struct tls_client *tls;
static int lost;
static const struct dns_record zone[] = {
    {"two.test", 1, "127.0.0.9 127.0.0.1"},
    {"two.test", 28, ""},
    {"moved.test", 1, "127.0.0.1"},
    {"moved.test", 28, ""},
    {"db.test", 1, "127.0.0.1"},
    {"db.test", 28, ""},
    {"hush.test", 1, "silent"},
    {"hush.test", 28, "silent"},
    {NULL, 0, NULL},
};

struct waiter {
    bool done;
    int calls;
    unsigned status;
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
    return resolver && server_start(loop) == 0 ? ca_make() : -1;
}

static int
teardown(void **state)
{
    (void)state;
    server_stop();
    resolver_free(resolver);
    dns_stop(&dns);
    loop_free(loop);
    return ca_remove();
}

/* ---- a client, and somebody who waits ---- */

static void
on_lost(void *arg)
{
    (void)arg;
    lost++;
}

static void
turn(uint64_t ms)
{
    bool never = false;
    struct err e;
    assert_int_equal(loop_turn_until(loop, &never, clock_deadline(ms), &e), -1);
}

static void
drop_client(void)
{
    httpcall_client_free(client);
    client = NULL;
    target_peer_free(target);
    target = NULL;
    tls_client_free(tls);
    tls = NULL;
}

/* PORT in the URL is the server's. */
static void
open_client(const char *url, const char *answer, enum fake_after after)
{
    char text[256];
    struct err e;
    const char *port = strstr(url, "PORT");
    assert_non_null(port);
    snprintf(text, sizeof(text), "%.*s%u%s", (int)(port - url), url, server.port, port + 4);
    drop_client();
    server_hang_up_all();
    turn(1);
    if (target_peer_parse(text, &target, &e) < 0)
        fail_msg("%s", e.msg);
    const struct httpcall_setup x = {.loop = loop,
                                     .resolver = resolver,
                                     .target = target,
                                     .user_agent = "healthd/1.2.3",
                                     .tls = &tls};
    assert_non_null(client = httpcall_client_new(&x, &e));
    httpcall_client_set_lost_cb(client, on_lost, NULL);
    server.answer = answer;
    server.after = after;
    server.accepted = server.requests = 0;
    server.flooded = 0;
    lost = 0;
}

static void
on_answer(const struct err *e, const struct httpcall_answer *a, void *arg)
{
    struct waiter *w = arg;
    w->done = true;
    w->calls++;
    w->status = a->status;
    if (e)
        w->e = *e;
}

static struct waiter
ask_for(enum httpcall_way way, uint64_t ms)
{
    struct waiter w = {0};
    struct err e;
    struct httpcall *q = httpcall_start(client, way, clock_deadline(ms), on_answer, &w, &e);
    if (!q)
        fail_msg("%s", e.msg);
    assert_false(w.done);
    assert_int_equal(loop_turn_until(loop, &w.done, clock_deadline(LONG_MS), &e), 0);
    assert_int_equal(w.calls, 1);
    assert_null(strstr(w.e.msg, "c4nary"));
    return w;
}

static struct waiter
ask(enum httpcall_way way)
{
    return ask_for(way, LONG_MS);
}

static void
must(enum httpcall_way way, unsigned status)
{
    struct waiter w = ask(way);
    if (w.e.code != ERR_NONE)
        fail_msg("%s", w.e.msg);
    assert_int_equal(w.status, status);
}

/* piece: of the message. */
static void
must_fail(const char *answer, enum fake_after after, enum err_code code, const char *piece)
{
    open_client(URL, answer, after);
    struct waiter w = ask(HTTPCALL_KEEP);
    if (w.e.code != code || !strstr(w.e.msg, piece))
        fail_msg("%s for %.40s: %s", err_name(w.e.code), answer, w.e.msg);
    assert_false(httpcall_client_connected(client));
}

/* ---- what is asked ---- */

static void
test_request(void **state)
{
    (void)state;
    char wanted[256];
    open_client("http://127.0.0.1:PORT/a/../b?c=%2e&d", OK, FAKE_KEEP);
    must(HTTPCALL_KEEP, 200);
    snprintf(wanted, sizeof(wanted),
             "GET /a/../b?c=%%2e&d HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUser-Agent: "
             "healthd/1.2.3\r\nAccept: */*\r\n\r\n",
             server.port);
    assert_string_equal(strbuf_str(&server.got), wanted);
    must(HTTPCALL_EACH, 200);
    assert_non_null(strstr(strbuf_str(&server.got), "\r\nConnection: close\r\n"));
}

static void
test_user(void **state)
{
    (void)state;
    open_client("http://me:c4n%3Aary@127.0.0.1:PORT/", OK, FAKE_KEEP);
    must(HTTPCALL_KEEP, 200);
    assert_non_null(
        strstr(strbuf_str(&server.got), "\r\nAuthorization: Basic bWU6YzRuOmFyeQ==\r\n"));
}

/* A proxy of the environment would see what is asked inside the pod, and would answer for the dead. */
static void
test_no_proxy(void **state)
{
    (void)state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    open_client(URL, OK, FAKE_KEEP);
    must(HTTPCALL_KEEP, 200);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
}

static unsigned
threads(void)
{
    unsigned n = 0;
    DIR *d = opendir("/proc/self/task");
    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

/* Names are ours to resolve: curl has no resolver that would know these, and starts no thread. */
static void
test_names(void **state)
{
    (void)state;
    static const char *const urls[] = {"http://two.test:PORT/", "http://Two.Test.:PORT/",
                                       "http://localhost:PORT/"};
    for (size_t i = 0; i < 3; i++) {
        open_client(urls[i], OK, FAKE_KEEP);
        must(HTTPCALL_KEEP, 200);
        must(HTTPCALL_FRESH, 200);
        assert_null(strstr(strbuf_str(&server.got), ".:"));
        assert_int_equal(threads(), 1);
    }
    open_client("http://gone.test:PORT/", OK, FAKE_KEEP);
    assert_int_equal(ask(HTTPCALL_KEEP).e.code, ERR_DNS);
    open_client("http://hush.test:PORT/", OK, FAKE_KEEP);
    assert_int_equal(ask_for(HTTPCALL_KEEP, 50).e.code, ERR_DNS);
}

/* A Service that moved is followed by the next connection. */
static void
test_moved(void **state)
{
    (void)state;
    static const struct dns_record moved[] = {
        {"moved.test", 1, "127.0.0.9"}, {"moved.test", 28, ""}, {NULL, 0, NULL}};
    open_client("http://moved.test:PORT/", OK, FAKE_KEEP);
    must(HTTPCALL_KEEP, 200);
    dns.zone = moved;
    must(HTTPCALL_KEEP, 200); /* over the connection */
    assert_int_equal(ask(HTTPCALL_FRESH).e.code, ERR_REFUSED);
    dns.zone = zone;
    must(HTTPCALL_FRESH, 200);
}

/* ---- connections ---- */

static void
test_keep(void **state)
{
    (void)state;
    open_client(URL, OK, FAKE_KEEP);
    assert_false(httpcall_client_connected(client));
    for (int i = 0; i < 5; i++) {
        must(HTTPCALL_KEEP, 200);
        assert_true(httpcall_client_connected(client));
    }
    assert_int_equal(server.accepted, 1);
    must(HTTPCALL_FRESH, 200); /* takes the place of the first */
    assert_int_equal(server.accepted, 2);
    turn(20);
    assert_int_equal(server_open(), 1);
    assert_int_equal(lost, 0);
    must(HTTPCALL_KEEP, 200);
    assert_int_equal(server.accepted, 2);
}

static void
test_each(void **state)
{
    (void)state;
    open_client(URL, OK, FAKE_KEEP);
    for (unsigned i = 1; i <= 3; i++) {
        must(HTTPCALL_EACH, 200);
        assert_int_equal(server.accepted, i);
        turn(20);
        assert_int_equal(server_open(), 0);
        assert_false(httpcall_client_connected(client));
    }
    assert_int_equal(lost, 0);
}

static void
test_lost(void **state)
{
    (void)state;
    open_client(URL, OK, FAKE_KEEP);
    for (int i = 1; i <= 3; i++) {
        must(HTTPCALL_KEEP, 200);
        server_hang_up_all();
        turn(20);
        assert_int_equal(lost, i);
        assert_false(httpcall_client_connected(client));
    }
    must(HTTPCALL_KEEP, 200);
    server_hang_up_all(); /* and asked at once: what was closed is no failure */
    must(HTTPCALL_KEEP, 200);
    assert_int_equal(server.accepted, 5);
}

/* An answer that nobody asked for is never taken for the next one's. */
static void
test_unasked(void **state)
{
    (void)state;
    for (int noticed = 0; noticed < 2; noticed++) {
        open_client(URL, OK, FAKE_KEEP);
        must(HTTPCALL_KEEP, 200);
        for (size_t i = 0; i < FAKE_PEERS; i++)
            if (server.peers[i].bev)
                assert_int_equal(send(server.peers[i].fd, OK, strlen(OK), 0), strlen(OK));
        if (noticed)
            turn(20);
        assert_int_equal(lost, noticed);
        server.answer = "HTTP/1.1 503 Away\r\nContent-Length: 0\r\n\r\n";
        must(HTTPCALL_KEEP, 503);
        assert_int_equal(server.accepted, 2);
        must(HTTPCALL_KEEP, 503);
        assert_int_equal(server_open(), 1);
    }
}

static void
test_at_once(void **state)
{
    (void)state;
    struct waiter w[2] = {0};
    struct err e;
    open_client(URL, OK, FAKE_KEEP);
    must(HTTPCALL_KEEP, 200);
    assert_non_null(
        httpcall_start(client, HTTPCALL_KEEP, clock_deadline(LONG_MS), on_answer, &w[0], &e));
    assert_non_null(
        httpcall_start(client, HTTPCALL_FRESH, clock_deadline(LONG_MS), on_answer, &w[1], &e));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(loop_turn_until(loop, &w[i].done, clock_deadline(LONG_MS), &e), 0);
        assert_int_equal(w[i].status, 200);
    }
    turn(20);
    assert_int_equal(w[0].calls + w[1].calls, 2);
    assert_int_equal(server_open(), 1);
    assert_true(httpcall_client_connected(client));
}

static void
test_cancel(void **state)
{
    (void)state;
    struct waiter w = {0};
    struct err e;
    static const char *const urls[] = {"http://127.0.0.1:PORT/", "http://two.test:PORT/",
                                       "http://hush.test:PORT/"};
    for (int i = 0; i < 3; i++) {
        open_client(urls[i], NULL, FAKE_KEEP);
        httpcall_cancel(
            httpcall_start(client, HTTPCALL_KEEP, clock_deadline(30), on_answer, &w, &e));
        turn(60); /* its deadline does not fire */
        struct httpcall *q =
            httpcall_start(client, HTTPCALL_KEEP, clock_deadline(LONG_MS), on_answer, &w, &e);
        assert_non_null(q);
        turn(20);
        httpcall_cancel(q);
        turn(20);
        assert_int_equal(server_open(), 0);
        assert_non_null(
            httpcall_start(client, HTTPCALL_KEEP, clock_deadline(LONG_MS), on_answer, &w, &e));
        turn(20);
        drop_client(); /* cancels too */
        turn(20);
        assert_int_equal(w.calls, 0);
    }
    httpcall_cancel(NULL);
}

/* ---- what is answered ---- */

static void
test_status(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        unsigned status;
    } rows[] = {
        {"HTTP/1.1 204 No Content\r\n\r\n", 204},
        {"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", 302},
        {"HTTP/1.1 304 Not Modified\r\n\r\n", 304},
        {"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n", 401},
        {"HTTP/1.1 500 Oh\r\nContent-Length: 3\r\n\r\nno\n", 500},
        {"HTTP/1.1 503\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n", 503},
        {"HTTP/1.1 102 Wait\r\n\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\n"
         "Content-Length: 0\r\n\r\n",
         200},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        open_client(URL, rows[i].answer, FAKE_KEEP);
        must(HTTPCALL_KEEP, rows[i].status);
        assert_int_equal(server.requests, 1);
        assert_true(httpcall_client_connected(client));
    }
    open_client(URL, "HTTP/1.0 200 OK\r\n\r\nuntil the end", FAKE_CLOSE);
    must(HTTPCALL_KEEP, 200);
    assert_false(httpcall_client_connected(client));
}

static void
test_no_answer(void **state)
{
    (void)state;
    static const char *const closed[] = {
        "",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"};
    static const char *const wrong[] = {"hello\r\n", "220 mail.test ESMTP\r\n",
                                        "HTTP/9.9 200 OK\r\n\r\n",
                                        "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"};
    for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++)
        must_fail(closed[i], FAKE_CLOSE, ERR_CLOSED, "");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        must_fail(wrong[i], FAKE_CLOSE, ERR_PROTOCOL, "");
    must_fail("HTTP/1.1 101 S\r\nUpgrade: x\r\n\r\n", FAKE_CLOSE, ERR_PROTOCOL, "with status 101");
    open_client(URL, NULL, FAKE_KEEP);
    uint64_t began_ms = clock_mono_ms();
    assert_int_equal(ask_for(HTTPCALL_KEEP, 60).e.code, ERR_TIMEOUT);
    assert_true(clock_mono_ms() - began_ms >= 60);
    turn(20);
    assert_int_equal(server_open(), 0);
    open_client(URL, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", FAKE_KEEP);
    assert_int_equal(ask_for(HTTPCALL_KEEP, 60).e.code, ERR_TIMEOUT);
}

static void
test_refused(void **state)
{
    (void)state;
    struct err e;
    assert_int_equal(target_peer_parse("http://127.0.0.1:1/c4?t=c4nary", &target, &e), 0);
    const struct httpcall_setup x = {
        .loop = loop, .resolver = resolver, .target = target, .user_agent = "t", .tls = &tls};
    client = httpcall_client_new(&x, &e);
    struct waiter w = ask(HTTPCALL_KEEP);
    assert_int_equal(w.e.code, ERR_REFUSED);
    assert_string_equal(w.e.msg, "cannot connect to http://127.0.0.1:1/c4: Connection refused");
}

/* ---- those who mean harm ---- */

static void
test_endless(void **state)
{
    (void)state;
    static const char *const heads[] = {"HTTP/1.1 200 OK\r\nA: bcdefghijklmnopq\r\n",
                                        "HTTP/1.1 100 Continue\r\n\r\n"};
    for (size_t i = 0; i < 2; i++) {
        must_fail(heads[i], FAKE_FLOOD, ERR_PROTOCOL, "");
        assert_true(server.flooded < 64u << 20);
    }
    /* One header without an end. */
    char *line = malloc(65537);
    memset(line, 'a', 65536);
    line[65536] = '\0';
    memcpy(line, "HTTP/1.1 200 OK\r\nA: ", 20);
    must_fail(line, FAKE_FLOOD, ERR_PROTOCOL, "");
    /* What frames a body, without an end: neither head nor body to curl. */
    static const char chunk[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;";
    memcpy(line, chunk, sizeof(chunk) - 1);
    must_fail(line, FAKE_FLOOD_LAST, ERR_PROTOCOL, "");
    assert_true(server.flooded < 64u << 20);
    free(line);
    must_fail("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", FAKE_FLOOD, ERR_PROTOCOL, "");
    must_fail("HTTP/1.1 200 xxxxxxxxxxxxxxxxxxxxxxxxxxx", FAKE_FLOOD, ERR_PROTOCOL, "");
    /* A body without an end: enough of it is enough. */
    open_client(URL, "HTTP/1.1 200 OK\r\n\r\nxxxxxxxxxxxxxxxxxxxxxxxxxx", FAKE_FLOOD);
    must(HTTPCALL_KEEP, 200);
    assert_false(httpcall_client_connected(client));
    assert_true(server.flooded < 64u << 20);
    turn(20);
    assert_int_equal(server_open(), 0);
}

/* Neither asked for nor unpacked: what is in it does not matter. */
static void
test_encoded(void **state)
{
    (void)state;
    open_client(URL, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nJUNK",
                FAKE_KEEP);
    must(HTTPCALL_KEEP, 200);
    assert_null(strstr(strbuf_str(&server.got), "Accept-Encoding"));
}

/* ---- TLS ---- */

static void
test_tls(void **state)
{
    (void)state;
    server.tls = tls_server_new(ca_path("one.crt"), ca_path("one.key"));
    assert_non_null(server.tls);
    setenv("SSL_CERT_FILE", ca_path("one.ca"), 1);
    static const char *const names[] = {"https://db.test:PORT/", "https://db.test.:PORT/",
                                        "https://127.0.0.1:PORT/"};
    for (size_t i = 0; i < 3; i++) {
        open_client(names[i], OK, FAKE_KEEP);
        must(HTTPCALL_KEEP, 200);
        must(HTTPCALL_KEEP, 200);
        assert_int_equal(server.accepted, 1);
        must(HTTPCALL_FRESH, 200);
    }
    open_client("https://two.test:PORT/", OK, FAKE_KEEP); /* not in the certificate */
    assert_int_equal(ask(HTTPCALL_KEEP).e.code, ERR_TLS);
    static const char *const strangers[] = {"two.ca", "make", "nowhere"};
    for (size_t i = 0; i < 3; i++) {
        setenv("SSL_CERT_FILE", ca_path(strangers[i]), 1);
        open_client("https://db.test:PORT/", OK, FAKE_KEEP);
        assert_int_equal(ask(HTTPCALL_KEEP).e.code, ERR_TLS);
        assert_int_equal(server.requests, 0);
    }
    unsetenv("SSL_CERT_FILE");
    drop_client();
    server_hang_up_all();
    tls_server_free(server.tls);
    server.tls = NULL;
}

/* The store is read again when its file changed, and only then. */
static void
test_new_authority(void **state)
{
    (void)state;
    char command[256];
    server.tls = tls_server_new(ca_path("one.crt"), ca_path("one.key"));
    snprintf(command, sizeof(command), "cp %s %s", ca_path("two.ca"), ca_path("store"));
    assert_int_equal(system(command), 0);
    setenv("SSL_CERT_FILE", ca_path("store"), 1);
    open_client("https://db.test:PORT/", OK, FAKE_KEEP);
    assert_int_equal(ask(HTTPCALL_KEEP).e.code, ERR_TLS);
    snprintf(command, sizeof(command), "cat %s >>%s", ca_path("one.ca"), ca_path("store"));
    assert_int_equal(system(command), 0);
    must(HTTPCALL_KEEP, 200);
    unsetenv("SSL_CERT_FILE");
    drop_client();
    server_hang_up_all();
    tls_server_free(server.tls);
    server.tls = NULL;
}

static int
drop(void **state)
{
    (void)state;
    drop_client();
    return 0;
}

#define TEST(f) cmocka_unit_test_teardown(f, drop)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_request),       TEST(test_user),    TEST(test_no_proxy), TEST(test_names),
        TEST(test_moved),         TEST(test_keep),    TEST(test_each),     TEST(test_lost),
        TEST(test_at_once),       TEST(test_cancel),  TEST(test_status),   TEST(test_no_answer),
        TEST(test_refused),       TEST(test_endless), TEST(test_encoded),  TEST(test_tls),
        TEST(test_new_authority), TEST(test_unasked),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
