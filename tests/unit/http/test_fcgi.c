/* FastCGI records: the request, answers in pieces, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/http/fcgi.h"
#include "tests/unit/fakes/fake_memory.h"

enum { STDOUT = 6, STDERR = 7, END = 3 };

struct bytes {
    unsigned char data[80000];
    size_t len;
};

static void
add(struct bytes *b, int type, const char *content, size_t len, unsigned padding)
{
    const unsigned char header[] = {1,
                                    (unsigned char)type,
                                    0,
                                    1,
                                    (unsigned char)(len >> 8),
                                    (unsigned char)len,
                                    (unsigned char)padding,
                                    0};
    memcpy(b->data + b->len, header, sizeof(header));
    if (len > 0)
        memcpy(b->data + b->len + sizeof(header), content, len);
    memset(b->data + b->len + sizeof(header) + len, '?', padding);
    b->len += sizeof(header) + len + padding;
}

static void
add_text(struct bytes *b, const char *text)
{
    add(b, STDOUT, text, strlen(text), 3);
}

static void
add_end(struct bytes *b, char protocol_status)
{
    /* PHP-FPM leaves what it likes in the last three bytes. */
    const char content[] = {0, 0, 0, 9, protocol_status, ' ', 'e', 'r'};
    add(b, END, content, sizeof(content), 0);
}

/* Feeds all in pieces; what the last piece gave. */
static int
feed(struct fcgi_reader *r, const struct bytes *b, size_t piece, struct err *e)
{
    int rc = 0;
    for (size_t at = 0; rc == 0 && at < b->len; at += piece)
        rc = fcgi_reader_feed(r, b->data + at, b->len - at < piece ? b->len - at : piece, e);
    return rc;
}

static void
good(const struct bytes *b, unsigned status, const char *body)
{
    for (size_t piece = 1; piece <= b->len; piece++) {
        struct fcgi_reader r = {0};
        struct fcgi_answer a;
        struct err e;
        assert_int_equal(feed(&r, b, piece, &e), 1);
        if (fcgi_reader_answer(&r, &a, &e) < 0)
            fail_msg("%s", e.msg);
        assert_int_equal(a.status, status);
        assert_int_equal(a.body_len, strlen(body));
        assert_string_equal(a.body, body);
        fcgi_reader_done(&r);
    }
}

static void
bad(const struct bytes *b, const char *message)
{
    for (size_t piece = 1; piece <= 3001; piece += 1000) {
        struct fcgi_reader r = {0};
        struct err e;
        assert_int_equal(feed(&r, b, piece, &e), -1);
        assert_int_equal(e.code, ERR_PROTOCOL);
        if (!strstr(e.msg, message))
            fail_msg("no '%s' in: %s", message, e.msg);
        fcgi_reader_done(&r);
    }
}

static void
bad_response(const char *head, const char *message)
{
    struct bytes b = {0};
    struct fcgi_reader r = {0};
    struct fcgi_answer a;
    struct err e;
    add_text(&b, head);
    add_end(&b, 0);
    assert_int_equal(feed(&r, &b, 7, &e), 1);
    assert_int_equal(fcgi_reader_answer(&r, &a, &e), -1);
    assert_int_equal(e.code, ERR_PROTOCOL);
    if (!strstr(e.msg, message))
        fail_msg("no '%s' in: %s", message, e.msg);
    fcgi_reader_done(&r);
}

static int
read_all(void)
{
    struct bytes b = {0};
    struct fcgi_reader r = {0};
    struct err e = {0};
    add_text(&b, "Status: 200\r\n\r\nok");
    add_end(&b, 0);
    int rc = feed(&r, &b, b.len, &e);
    if (rc < 0)
        assert_int_equal(e.code, ERR_NOMEM);
    fcgi_reader_done(&r);
    return rc < 0 ? -1 : 0;
}

static void
test_out_of_memory(void **state)
{
    (void)state;
    assert_int_equal(memory_fails_each(read_all), 1);
}

/* ---- the request ---- */

static size_t
length_of(const unsigned char **at)
{
    const unsigned char *p = *at;
    if (p[0] < 128) {
        *at += 1;
        return p[0];
    }
    *at += 4;
    return (size_t)(p[0] & 0x7f) << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

/* The value of a parameter in a record's content, owned. */
static char *
param(const unsigned char *content, size_t len, const char *name)
{
    for (const unsigned char *at = content; at < content + len;) {
        size_t name_len = length_of(&at);
        size_t value_len = length_of(&at);
        if (name_len == strlen(name) && memcmp(at, name, name_len) == 0)
            return strndup((const char *)at + name_len, value_len);
        at += name_len + value_len;
    }
    return NULL;
}

static void
check_request(const char *script)
{
    static const char *const names[] = {"SCRIPT_NAME", "SCRIPT_FILENAME", "REQUEST_METHOD"};
    static const unsigned char begin[] = {1, 1, 0, 1, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0};
    static const unsigned char ends[] = {1, 4, 0, 1, 0, 0, 0, 0, 1, 5, 0, 1, 0, 0, 0, 0};
    struct strbuf b = STRBUF_INIT;
    fcgi_request_format(&b, script);
    const unsigned char *p = (const unsigned char *)b.data;
    assert_memory_equal(p, begin, sizeof(begin));
    p += sizeof(begin);
    size_t len = (size_t)p[4] << 8 | p[5];
    assert_int_equal(p[1], 4);
    assert_int_equal(b.len, sizeof(begin) + 8 + len + sizeof(ends));
    for (size_t i = 0; i < 3; i++) {
        char *value = param(p + 8, len, names[i]);
        assert_non_null(value);
        assert_string_equal(value, i < 2 ? script : "GET");
        free(value);
    }
    assert_memory_equal(p + 8 + len, ends, sizeof(ends));
    strbuf_done(&b);
}

static void
test_request(void **state)
{
    (void)state;
    char script[4097] = "/";
    check_request("/ping");
    memset(script, 'x', 127);
    check_request(script);
    memset(script, 'x', 128);
    check_request(script);
    memset(script, 'x', sizeof(script) - 1);
    check_request(script);
}

/* ---- answers ---- */

static void
test_answers(void **state)
{
    (void)state;
    struct bytes b = {0};
    add_text(&b, "Content-type: text/plain\r\n\r\npong");
    add_end(&b, 0);
    good(&b, 200, "pong");

    b.len = 0;
    add(&b, STDERR, "Primary script unknown", 22, 2);
    add_text(&b, "Status: 404 Not Found\r\nContent-type: text/html\r\n");
    add_text(&b, "\r\nFile not ");
    add(&b, STDERR, "", 0, 0);
    add_text(&b, "found.\n");
    add(&b, STDOUT, "", 0, 0);
    add_end(&b, 0);
    good(&b, 404, "File not found.\n");

    b.len = 0;
    add_text(&b, "X-Powered-By: PHP/8\nSTATUS:\t503\n\n");
    add_end(&b, 0);
    good(&b, 503, "");

    b.len = 0;
    add_text(&b, "\n");
    add_end(&b, 0);
    good(&b, 200, "");
}

static void
test_nothing_is_read_behind_the_end(void **state)
{
    (void)state;
    struct bytes b = {0};
    struct fcgi_reader r = {0};
    struct fcgi_answer a;
    struct err e;
    add_text(&b, "A: b\n\npong");
    add_end(&b, 0);
    add(&b, 99, "no record", 9, 0);
    assert_int_equal(fcgi_reader_feed(&r, b.data, b.len, &e), 1);
    assert_int_equal(fcgi_reader_answer(&r, &a, &e), 0);
    assert_string_equal(a.body, "pong");
    fcgi_reader_done(&r);
}

static void
test_rejected(void **state)
{
    (void)state;
    static const enum err_code codes[] = {ERR_NONE, ERR_PROTOCOL, ERR_BUSY, ERR_PROTOCOL,
                                          ERR_PROTOCOL};
    for (char status = 1; status <= 4; status++) {
        struct bytes b = {0};
        struct fcgi_reader r = {0};
        struct fcgi_answer a;
        struct err e;
        add_end(&b, status);
        assert_int_equal(feed(&r, &b, 5, &e), 1);
        assert_int_equal(fcgi_reader_answer(&r, &a, &e), -1);
        assert_int_equal(e.code, codes[(int)status]);
        fcgi_reader_done(&r);
    }
}

static void
test_no_records(void **state)
{
    (void)state;
    struct bytes b = {.len = 8};
    memcpy(b.data, "HTTP/1.1 400 Bad Request", 8);
    bad(&b, "not FastCGI");
    b.len = 0;
    add(&b, STDOUT, "x", 1, 0);
    b.data[3] = 2;
    bad(&b, "not FastCGI");
    b.data[3] = 1;
    b.data[2] = 1;
    bad(&b, "not FastCGI");
    b.len = 0;
    add(&b, 11, "unknown", 8, 0);
    bad(&b, "unexpected type 11");
    b.len = 0;
    add(&b, END, "short", 5, 0);
    bad(&b, "end record of 5 bytes");
}

static void
test_bounds(void **state)
{
    (void)state;
    static char much[65535];
    struct bytes b = {0};
    memset(much, '\n', sizeof(much));
    add(&b, STDOUT, much, FCGI_OUTPUT_MAX + 1, 0);
    bad(&b, "more than 16384 bytes of output");
    b.len = 0;
    add(&b, STDOUT, much, FCGI_OUTPUT_MAX, 0);
    add(&b, STDOUT, much, 1, 0);
    bad(&b, "more than 16384 bytes of output");
    b.len = 0;
    add(&b, STDERR, much, sizeof(much), 0);
    bad(&b, "more than 65536 bytes");
}

static void
test_no_responses(void **state)
{
    (void)state;
    bad_response("", "no end of its header");
    bad_response("A: b\r\nC: d", "no end of its header");
    bad_response("pong\n\n", "no colon");
    bad_response("Status: OK\n\n", "Status");
    bad_response("Status: 20\n\n", "Status");
    bad_response("Status:\n\n", "Status");
    bad_response("Status: 2000\n\n", "Status");
    bad_response("Status: 099\n\n", "Status");
    bad_response("Status: 600\n\n", "Status");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),      cmocka_unit_test(test_answers),
        cmocka_unit_test(test_rejected),     cmocka_unit_test(test_nothing_is_read_behind_the_end),
        cmocka_unit_test(test_no_records),   cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_no_responses), cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
