/* What a caller wants of a request beyond its status: headers, the body, the certificate. */
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
#include "tests/unit/fakes/fake_http.h"
#include "tests/unit/fakes/throwaway_ca.h"

#define LONG_MS 60000

static struct loop *loop;
static struct resolver *resolver;

struct waiter {
    bool done;
    enum err_code code;
    struct httpcall_answer a; /* but its body */
    struct strbuf body;
};

static int
setup(void **state)
{
    (void)state;
    struct err e;
    loop = loop_new(&e);
    resolver = resolver_new(loop, &e);
    return resolver && server_start(loop) == 0 ? ca_make() : -1;
}

static int
teardown(void **state)
{
    (void)state;
    server_stop();
    resolver_free(resolver);
    loop_free(loop);
    return ca_remove();
}

static void
on_answer(const struct err *e, const struct httpcall_answer *a, void *arg)
{
    struct waiter *w = arg;
    w->done = true;
    w->code = e ? e->code : ERR_NONE;
    w->a = *a;
    if (a->body_len > 0)
        strbuf_add(&w->body, a->body, a->body_len);
}

/* One request with `wanted`; the caller frees the body. */
static struct waiter
ask(const char *scheme, const struct httpcall_setup *wanted, const char *answer,
    enum fake_after after)
{
    char url[64];
    struct err e;
    struct tls_client *tls = NULL;
    struct target_peer *target = NULL;
    struct waiter w = {0};
    server.answer = answer;
    server.after = after;
    snprintf(url, sizeof(url), "%s://127.0.0.1:%u/", scheme, server.port);
    assert_int_equal(target_peer_parse(url, &target, &e), 0);
    struct httpcall_setup x = *wanted;
    x.loop = loop;
    x.resolver = resolver;
    x.target = target;
    x.user_agent = "test";
    x.tls = &tls;
    struct httpcall_client *c = httpcall_client_new(&x, &e);
    assert_non_null(httpcall_start(c, HTTPCALL_EACH, clock_deadline(LONG_MS), on_answer, &w, &e));
    assert_int_equal(loop_turn_until(loop, &w.done, clock_deadline(LONG_MS), &e), 0);
    httpcall_client_free(c);
    target_peer_free(target);
    tls_client_free(tls);
    server_hang_up_all();
    return w;
}

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

static void
test_headers(void **state)
{
    (void)state;
    const char *const lines[] = {"X-Token: a b", "Host: shop.test", "User-Agent: me", NULL};
    struct waiter w = ask("http", &(struct httpcall_setup){.headers = lines}, OK, FAKE_KEEP);
    assert_int_equal(w.a.status, 200);
    const char *got = strbuf_str(&server.got);
    for (size_t i = 0; i < 3; i++)
        assert_non_null(strstr(got, lines[i]));
    assert_non_null(strstr(got, "Connection: close\r\n"));
    assert_null(strstr(got, "127.0.0.1"));
    assert_int_equal(w.body.len, 0); /* it was not wanted */
    assert_true(w.a.cert_left_s == INT64_MAX);
}

static void
test_post(void **state)
{
    (void)state;
    const char *const lines[] = {"Expect:", NULL};
    struct waiter w =
        ask("http", &(struct httpcall_setup){.headers = lines, .post = "a\nb", .post_bytes = 3}, OK,
            FAKE_KEEP);
    assert_int_equal(w.a.status, 200);
    assert_ptr_equal(strstr(strbuf_str(&server.got), "POST / HTTP/1.1\r\n"), server.got.data);
    assert_non_null(strstr(strbuf_str(&server.got), "Content-Length: 3\r\n"));
    assert_null(strstr(strbuf_str(&server.got), "Expect"));
    w = ask("http", &(struct httpcall_setup){.post = ""}, OK, FAKE_KEEP);
    assert_non_null(strstr(strbuf_str(&server.got), "Content-Length: 0\r\n"));
    w = ask("http", &(struct httpcall_setup){0}, OK, FAKE_KEEP);
    assert_ptr_equal(strstr(strbuf_str(&server.got), "GET / HTTP/1.1\r\n"), server.got.data);
}

static void
test_body(void **state)
{
    (void)state;
    struct waiter w = ask("http", &(struct httpcall_setup){.body = true}, OK, FAKE_KEEP);
    assert_string_equal(strbuf_str(&w.body), "hello");
    strbuf_done(&w.body);
    w = ask("http", &(struct httpcall_setup){.body = true},
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n",
            FAKE_KEEP);
    assert_string_equal(strbuf_str(&w.body), "abcde");
    strbuf_done(&w.body);
}

/* As far as the bound, and no further; the rest is left unread. */
static void
test_endless_body(void **state)
{
    (void)state;
    struct waiter w = ask("http", &(struct httpcall_setup){.body = true},
                          "HTTP/1.1 200 OK\r\n\r\n0123456789abcdef", FAKE_FLOOD_LAST);
    assert_int_equal(w.code, ERR_NONE);
    assert_int_equal(w.a.status, 200);
    assert_int_equal(w.body.len, HTTPCALL_TEXT_MAX);
    assert_memory_equal(w.body.data, "0123456789abcdef0123", 20);
    strbuf_done(&w.body);
}

static void
test_certificate(void **state)
{
    (void)state;
    server.tls = tls_server_new(ca_path("one.crt"), ca_path("one.key"));
    struct httpcall_setup x = {.ca_file = ca_path("one.ca")};
    struct waiter w = ask("https", &x, OK, FAKE_KEEP);
    assert_int_equal(w.code, ERR_NONE);
    assert_in_range(w.a.cert_left_s, 86000, 86400);
    x.ca_file = ca_path("two.ca");
    w = ask("https", &x, OK, FAKE_KEEP);
    assert_int_equal(w.code, ERR_TLS);
    assert_false(w.a.expired);
    x = (struct httpcall_setup){.unverified = true};
    w = ask("https", &x, OK, FAKE_KEEP);
    assert_int_equal(w.code, ERR_NONE);
    assert_in_range(w.a.cert_left_s, 86000, 86400);
    x.ca_file = "/nowhere"; /* not looked at */
    w = ask("https", &x, OK, FAKE_KEEP);
    assert_int_equal(w.code, ERR_NONE);
    tls_server_free(server.tls);
    server.tls = NULL;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers), cmocka_unit_test(test_post), cmocka_unit_test(test_body),
        cmocka_unit_test(test_endless_body), cmocka_unit_test(test_certificate)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
