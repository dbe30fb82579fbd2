/* A client that is freed within each of its callbacks, as is what it borrowed; see the build with the address sanitiser. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/http/httpcall.h"
#include "common/net/resolve.h"
#include "common/target/target.h"
#include "tests/unit/fakes/fake_dns.h"
#include "tests/unit/fakes/fake_http.h"

#define LONG_MS 20000
#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static struct loop *loop;
static struct resolver *resolver;
static struct dns_server dns;
static struct target_peer *target;
static struct httpcall_client *client;
static struct tls_client *tls;
static const struct dns_record zone[] = {{"hush.test", 1, "silent"},
                                         {"hush.test", 28, "silent"},
                                         {"here.test", 1, "127.0.0.1"},
                                         {"here.test", 28, ""},
                                         {NULL, 0, NULL}};

static char frames[65537]; /* what frames a body, without an end */

static int
setup(void **state)
{
    (void)state;
    static const char chunk[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;";
    struct err e;
    memset(frames, 'a', sizeof(frames) - 1);
    memcpy(frames, chunk, sizeof(chunk) - 1);
    loop = loop_new(&e);
    if (dns_start(&dns, loop, zone) != 0)
        return -1;
    dns_conf(&dns, "");
    resolver = resolver_new(loop, &e);
    return resolver ? server_start(loop) : -1;
}

static int
teardown(void **state)
{
    (void)state;
    server_stop();
    resolver_free(resolver);
    dns_stop(&dns);
    loop_free(loop);
    return 0;
}

static void
drop_client(void)
{
    httpcall_client_free(client);
    client = NULL;
    target_peer_free(target);
    target = NULL;
}

/* host: "127.0.0.1:PORT", where PORT is the server's. */
static void
open_client(const char *host, const char *answer, enum fake_after after)
{
    char url[128];
    struct err e;
    const char *port = strstr(host, "PORT");
    if (port)
        snprintf(url, sizeof(url), "http://%.*s%u/", (int)(port - host), host, server.port);
    else
        snprintf(url, sizeof(url), "http://%s/", host);
    server_hang_up_all();
    assert_int_equal(target_peer_parse(url, &target, &e), 0);
    const struct httpcall_setup x = {.loop = loop,
                                     .resolver = resolver,
                                     .target = target,
                                     .user_agent = "healthd/1.2.3",
                                     .tls = &tls};
    client = httpcall_client_new(&x, &e);
    assert_non_null(client);
    server.answer = answer;
    server.after = after;
}

struct seen {
    bool done;
    int calls;
    enum err_code code;
};

static void
on_answer_free(const struct err *e, const struct httpcall_answer *a, void *arg)
{
    struct seen *s = arg;
    (void)a;
    s->done = true;
    s->calls++;
    s->code = e ? e->code : ERR_NONE;
    drop_client();
}

static void
on_lost_free(void *arg)
{
    on_answer_free(NULL, 0, arg);
}

static void
on_answer(const struct err *e, const struct httpcall_answer *a, void *arg)
{
    assert_null(e);
    assert_int_equal(a->status, 200);
    *(bool *)arg = true;
}

static void
turn(void)
{
    bool never = false;
    struct err e;
    assert_int_equal(loop_turn_until(loop, &never, clock_deadline(10), &e), -1);
}

static void
ends_freed(const struct seen *s, enum err_code code)
{
    struct err e;
    assert_int_equal(loop_turn_until(loop, &s->done, clock_deadline(LONG_MS), &e), 0);
    turn();
    assert_int_equal(s->calls, 1);
    assert_int_equal(s->code, code);
    assert_int_equal(server_open(), 0);
}

/* Two requests are under way each time: the second is cancelled by the first one's end. */
static void
test_each_end(void **state)
{
    (void)state;
    static const struct {
        const char *host, *answer;
        enum fake_after after;
        uint64_t ms;
        enum err_code code;
    } rows[] = {
        {"127.0.0.1:PORT", OK, FAKE_KEEP, LONG_MS, ERR_NONE},
        {"here.test:PORT", OK, FAKE_KEEP, LONG_MS, ERR_NONE},
        {"127.0.0.1:PORT", OK, FAKE_CLOSE, LONG_MS, ERR_NONE},
        {"127.0.0.1:PORT", "junk\r\n\r\n", FAKE_CLOSE, LONG_MS, ERR_PROTOCOL},
        {"127.0.0.1:PORT", frames, FAKE_FLOOD_LAST, LONG_MS, ERR_PROTOCOL},
        {"127.0.0.1:PORT", "HTTP/1.1 200 OK\r\n", FAKE_KEEP, 30, ERR_TIMEOUT},
        {"127.0.0.1:1", OK, FAKE_KEEP, LONG_MS, ERR_REFUSED},
        {"gone.test:PORT", OK, FAKE_KEEP, LONG_MS, ERR_DNS},
        {"hush.test:PORT", OK, FAKE_KEEP, 30, ERR_DNS},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct seen s = {0};
        struct err e;
        open_client(rows[i].host, rows[i].answer, rows[i].after);
        for (int k = 0; k < 2; k++)
            assert_non_null(httpcall_start(client, k ? HTTPCALL_EACH : HTTPCALL_KEEP,
                                           clock_deadline(rows[i].ms), on_answer_free, &s, &e));
        ends_freed(&s, rows[i].code);
    }
}

/* The kept connection ends: by its peer, and by bytes that nobody asked for. */
static void
test_lost(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct seen s = {0};
        struct err e;
        bool answered = false;
        open_client("127.0.0.1:PORT", OK, FAKE_KEEP);
        httpcall_client_set_lost_cb(client, on_lost_free, &s);
        assert_non_null(httpcall_start(client, HTTPCALL_KEEP, clock_deadline(LONG_MS), on_answer,
                                       &answered, &e));
        assert_int_equal(loop_turn_until(loop, &answered, clock_deadline(LONG_MS), &e), 0);
        if (i == 0)
            server_hang_up_all();
        for (size_t k = 0; i == 1 && k < FAKE_PEERS; k++)
            if (server.peers[k].bev)
                assert_int_equal(send(server.peers[k].fd, OK, strlen(OK), 0), strlen(OK));
        ends_freed(&s, ERR_NONE);
    }
}

static void
test_twice(void **state)
{
    (void)state;
    open_client("127.0.0.1:PORT", OK, FAKE_KEEP);
    httpcall_client_free(client);
    drop_client();
    turn();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_end),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_twice),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
