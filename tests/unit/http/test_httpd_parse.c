/* The head of a request: what is understood, what is refused, and with which status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/http/httpd_parse.h"

/* The status for a whole head, 0 when it is accepted; a positive head end is required unless it
 * was refused there. */
static int
judge(const char *text, size_t len, struct httpd_request *r)
{
    size_t scanned = 0;
    int n = httpd_head_end(text, len, &scanned);
    if (n < 0)
        return -n;
    assert_int_equal(n, len);
    return httpd_parse(text, len, r);
}

static int
status(const char *text)
{
    struct httpd_request r;
    return judge(text, strlen(text), &r);
}

static struct httpd_request
accepted(const char *text)
{
    struct httpd_request r;
    assert_int_equal(judge(text, strlen(text), &r), 0);
    return r;
}

static void
test_plain_requests(void **state)
{
    (void)state;
    struct httpd_request r = accepted("GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(r.method, HTTPD_GET);
    assert_true(httpd_text_is(r.path, "/health/ready"));
    assert_null(r.query.at);
    assert_int_equal(r.minor, 1);
    assert_true(r.keep_alive);
    assert_false(r.forwarded);
    r = accepted("HEAD /health?verbose&exclude=a HTTP/1.1\r\n\r\n");
    assert_int_equal(r.method, HTTPD_HEAD);
    assert_true(httpd_text_is(r.path, "/health"));
    assert_true(httpd_text_is(r.query, "verbose&exclude=a"));
    r = accepted("GET /? HTTP/1.1\r\n\r\n");
    assert_non_null(r.query.at);
    assert_int_equal(r.query.len, 0);
    assert_int_equal(accepted("DELETE / HTTP/1.1\r\n\r\n").method, HTTPD_OTHER);
    assert_int_equal(accepted("get / HTTP/1.1\r\n\r\n").method, HTTPD_OTHER);
    assert_true(httpd_text_is(accepted("\r\nGET /a HTTP/1.1\r\n\r\n").path, "/a"));
}

static void
test_targets(void **state)
{
    (void)state;
    assert_true(httpd_text_is(accepted("GET http://h:1/a/b?c HTTP/1.1\r\n\r\n").path, "/a/b"));
    assert_true(httpd_text_is(accepted("GET HTTP://h HTTP/1.1\r\n\r\n").path, "/"));
    assert_true(httpd_text_is(accepted("GET https://h/a HTTP/1.1\r\n\r\n").path, "/a"));
    assert_true(httpd_text_is(accepted("GET HTTPS://h?c HTTP/1.1\r\n\r\n").path, "/"));
    assert_true(httpd_text_is(accepted("GET http://h?c/d HTTP/1.1\r\n\r\n").query, "c/d"));
    assert_int_equal(status("GET ftp://h/a HTTP/1.1\r\n\r\n"), 400);
    assert_true(
        httpd_text_is(accepted("GET //health/live HTTP/1.1\r\n\r\n").path, "//health/live"));
    assert_true(httpd_text_is(accepted("OPTIONS * HTTP/1.1\r\n\r\n").path, "*"));
    assert_int_equal(accepted("CONNECT h:443 HTTP/1.1\r\n\r\n").method, HTTPD_OTHER);
    assert_int_equal(status("GET health HTTP/1.1\r\n\r\n"), 400);
    assert_int_equal(status("GET  /a HTTP/1.1\r\n\r\n"), 400);
    assert_int_equal(status("GET /a  HTTP/1.1\r\n\r\n"), 400);
    assert_int_equal(status("GET /a b HTTP/1.1\r\n\r\n"), 400);
    assert_int_equal(status("GET /a#b HTTP/1.1\r\n\r\n"), 400);
    assert_int_equal(status("GET /\x80 HTTP/1.1\r\n\r\n"), 400);
    assert_int_equal(status("GET /\x01 HTTP/1.1\r\n\r\n"), 400);
    assert_int_equal(status("GET\t/ HTTP/1.1\r\n\r\n"), 400);
    assert_int_equal(status("GET /\r\n\r\n"), 400);
    assert_int_equal(status("G@T / HTTP/1.1\r\n\r\n"), 400);
}

static void
test_versions(void **state)
{
    (void)state;
    assert_int_equal(accepted("GET / HTTP/1.0\r\n\r\n").minor, 0);
    const char *const unknown[] = {"HTTP/1.2", "HTTP/1.9", "HTTP/2.0", "HTTP/0.9", "HTTP/9.9"};
    const char *const broken[] = {"HTTP/1",    "HTTP/11",           "http/1.1",   "HTTP/1.1x",
                                  "HTTP/1.10", "HTTP/4294967297.1", "HTCPCP/1.0", "HTTP/1.a"};
    char text[128];
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        snprintf(text, sizeof(text), "GET / %s\r\n\r\n", unknown[i]);
        assert_int_equal(status(text), 505);
    }
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        snprintf(text, sizeof(text), "GET / %s\r\n\r\n", broken[i]);
        assert_int_equal(status(text), 400);
    }
    assert_int_equal(status("PRI * HTTP/2.0\r\n\r\n"), 505);
}

static void
test_keep_alive(void **state)
{
    (void)state;
    assert_false(accepted("GET / HTTP/1.1\r\nConnection: close\r\n\r\n").keep_alive);
    assert_false(accepted("GET / HTTP/1.1\r\nConnection: foo, Close\r\n\r\n").keep_alive);
    assert_false(accepted("GET / HTTP/1.1\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n")
                     .keep_alive);
    assert_true(accepted("GET / HTTP/1.1\r\nConnection: closed\r\n\r\n").keep_alive);
    assert_false(accepted("GET / HTTP/1.0\r\n\r\n").keep_alive);
    assert_true(accepted("GET / HTTP/1.0\r\nconnection:\tKeep-Alive \r\n\r\n").keep_alive);
    assert_true(accepted("GET / HTTP/1.0\r\nConnection:,,keep-alive,\r\n\r\n").keep_alive);
    assert_true(accepted("GET / HTTP/1.0\r\nConnection: keep-alive \t, x\r\n\r\n").keep_alive);
    assert_false(accepted("GET / HTTP/1.1\r\nConnection:\t close\t, x\r\n\r\n").keep_alive);
    assert_false(accepted("GET / HTTP/1.0\r\nConnection: keep alive , x\r\n\r\n").keep_alive);
}

static void
test_forwarded(void **state)
{
    (void)state;
    const char *const yes[] = {
        "Forwarded: for=1.2.3.4", "X-Forwarded-For: 1", "x-forwarded-proto: https",
        "X-REAL-IP: 1",           "Via: 1.1 x",         "X-Forwarded-Anything:"};
    const char *const no[] = {"X-Forwarded: 1", "X-Forwarded-: 1", "Viable: 1", "X-Real: 1",
                              "Forward: 1"};
    char text[128];
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n%s\r\n\r\n", yes[i]);
        assert_true(accepted(text).forwarded);
    }
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
        snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n%s\r\n\r\n", no[i]);
        assert_false(accepted(text).forwarded);
    }
}

static void
test_headers_refused(void **state)
{
    (void)state;
    const char *const bad[] = {"Host : x",
                               " Host: x",
                               "Host: x\r\n folded",
                               "Host: x\r\n\tfolded",
                               ": x",
                               "Host",
                               "H\x80: x",
                               "A: b\x01"
                               "c",
                               "A: \x7f",
                               "A: b\rc",
                               "Content-Length: 1\r\nContent-Length: 1",
                               "Content-Length: 0\r\nContent-Length: 0",
                               "Content-Length: 0, 0",
                               "Content-Length: -1",
                               "Content-Length:",
                               "Content-Length: +0",
                               "Content-Length: 0x1",
                               "Content-Length: 1 1",
                               "Transfer-Encoding: chunked",
                               "Transfer-Encoding: identity",
                               "transfer-encoding:"};
    char text[256];
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n%s\r\n\r\n", bad[i]);
        if (status(text) != 400)
            fail_msg("accepted: %s", bad[i]);
    }
    assert_int_equal(status("GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"), 0);
    assert_int_equal(status("GET / HTTP/1.1\r\nContent-Length: 000\r\n\r\n"), 0);
    assert_int_equal(status("GET / HTTP/1.1\r\nA: \x80\xff\tb\r\n\r\n"), 0);
    assert_int_equal(status("POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\n"), 413);
    assert_int_equal(status("GET / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n"),
                     413);
    assert_int_equal(
        status("POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

static void
test_line_ends(void **state)
{
    (void)state;
    struct httpd_request r;
    assert_int_equal(status("GET / HTTP/1.1\n\n"), 400);
    assert_int_equal(status("GET / HTTP/1.1\r\nA: b\n\r\n"), 400);
    assert_int_equal(status("\r\n\r\nGET / HTTP/1.1\r\n\r\n"), 400);
    assert_int_equal(status("\nGET / HTTP/1.1\r\n\r\n"), 400);
    static const char with_nul[] = "GET / HTTP/1.1\r\nA: b\0c\r\n\r\n";
    assert_int_equal(judge(with_nul, sizeof(with_nul) - 1, &r), 400);
    assert_int_equal(status("\x16\x03\x01\x02"), 400); /* a TLS client */
    assert_int_equal(status("\rGET / HTTP/1.1\r\n\r\n"), 400);
}

/* Cut at every place, a request is incomplete and costs no second scan; whole, it ends where it
 * ends. */
static void
test_piecewise(void **state)
{
    (void)state;
    static const char text[] = "\r\nGET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b";
    const size_t whole = strlen("\r\nGET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    size_t scanned = 0;
    for (size_t n = 0; n < whole; n++) {
        assert_int_equal(httpd_head_end(text, n, &scanned), 0);
        assert_true(scanned <= n || n < 2);
    }
    assert_int_equal(httpd_head_end(text, whole, &scanned), whole);
    scanned = 0;
    assert_int_equal(httpd_head_end(text, sizeof(text) - 1, &scanned), whole);
}

static void
test_too_large(void **state)
{
    (void)state;
    char *text = malloc(HTTPD_HEAD_MAX + 64);
    size_t scanned = 0;
    memset(text, 'a', HTTPD_HEAD_MAX + 64);
    memcpy(text, "GET /", 5);
    assert_int_equal(httpd_head_end(text, HTTPD_HEAD_MAX - 1, &scanned), 0);
    assert_int_equal(httpd_head_end(text, HTTPD_HEAD_MAX, &scanned), -414);
    memcpy(text, "GET / HTTP/1.1\r\nA: ", 19);
    scanned = 0;
    assert_int_equal(httpd_head_end(text, HTTPD_HEAD_MAX, &scanned), -431);
    memcpy(text + HTTPD_HEAD_MAX - 4, "\r\n\r\n", 4);
    scanned = 0;
    assert_int_equal(httpd_head_end(text, HTTPD_HEAD_MAX, &scanned), HTTPD_HEAD_MAX);
    memcpy(text + HTTPD_HEAD_MAX - 4, "a\r\n\r", 4);
    scanned = 0;
    text[HTTPD_HEAD_MAX] = '\n';
    assert_int_equal(httpd_head_end(text, HTTPD_HEAD_MAX + 1, &scanned), -431);
    free(text);
}

static void
test_too_many_headers(void **state)
{
    (void)state;
    char text[4096] = "GET / HTTP/1.1\r\n";
    for (unsigned i = 0; i < HTTPD_HEADERS_MAX; i++)
        strcat(text, "A: b\r\n");
    strcat(text, "\r\n");
    assert_int_equal(status(text), 0);
    strcpy(text + strlen(text) - 2, "A: b\r\n\r\n");
    assert_int_equal(status(text), 431);
}

static void
test_query(void **state)
{
    (void)state;
    struct httpd_text q = {.at = "&verbose&&exclude=a=b&x=&", .len = 25};
    struct httpd_text name, value;
    assert_true(httpd_query_next(&q, &name, &value));
    assert_true(httpd_text_is(name, "verbose"));
    assert_null(value.at);
    assert_true(httpd_query_next(&q, &name, &value));
    assert_true(httpd_text_is(name, "exclude") && httpd_text_is(value, "a=b"));
    assert_true(httpd_query_next(&q, &name, &value));
    assert_true(httpd_text_is(name, "x") && value.at && value.len == 0);
    assert_false(httpd_query_next(&q, &name, &value));
    q = (struct httpd_text){0};
    assert_false(httpd_query_next(&q, &name, &value));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_requests), cmocka_unit_test(test_targets),
        cmocka_unit_test(test_versions),       cmocka_unit_test(test_keep_alive),
        cmocka_unit_test(test_forwarded),      cmocka_unit_test(test_headers_refused),
        cmocka_unit_test(test_line_ends),      cmocka_unit_test(test_piecewise),
        cmocka_unit_test(test_too_large),      cmocka_unit_test(test_too_many_headers),
        cmocka_unit_test(test_query),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
