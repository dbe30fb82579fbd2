/* What counts as an answer to `healthd probe`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "healthd/client_answer.h"

static struct client_answer
read_text(const char *text, bool ended)
{
    return client_answer_read(text, strlen(text), ended);
}

static void
test_status(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int status;
    } rows[] = {
        {"HTTP/1.1 200 OK\r\n\r\n", 200},
        {"HTTP/1.0 503\r\n\r\n", 503},
        {"HTTP/1.1 204", 204},
        {"HTTP/1.1 20", 0},
        {"HTTP/1.1 20x \r\n\r\n", 0},
        {"HTTP/1.1  200\r\n\r\n", 0},
        {"HTTP/1.1", 0},
        {"HTTP/1.1 2000 OK\r\n\r\n", 0},
        {"HTTP/2 200\r\n\r\n", 0},
        {"SSH-2.0-OpenSSH_9.2\r\n\r\n", 0},
        {"", 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(read_text(rows[i].text, true).status, rows[i].status);
}

static void
test_cut_short_is_not_whole(void **state)
{
    (void)state;
    static const char whole[] = "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 3\r\n\r\nabc";
    for (size_t n = 0; n < sizeof(whole) - 1; n++) {
        assert_false(client_answer_read(whole, n, false).whole);
        assert_false(client_answer_read(whole, n, true).whole);
    }
    assert_true(read_text(whole, false).whole); /* whether or not the peer closes */
    assert_int_equal(read_text(whole, false).body_at, sizeof(whole) - 1 - 3);
    assert_true(read_text("HTTP/1.1 200 OK\r\ncontent-length:0\r\n\r\n", false).whole);
    assert_false(
        read_text("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nx", true)
            .whole);
}

static void
test_without_a_length_the_end_counts(void **state)
{
    (void)state;
    static const char text[] = "HTTP/1.1 200 OK\r\nX-Content-Length: 9\r\n\r\nabc";
    assert_false(read_text(text, false).whole);
    assert_true(read_text(text, true).whole);
    assert_true(read_text("HTTP/1.1 204 No Content\r\n\r\n", false).whole);
    assert_false(read_text("HTTP/1.1 200 OK\r\nA: b\r\n", true).whole);
}

static void
test_interim_answers_are_skipped(void **state)
{
    (void)state;
    static const char text[] = "HTTP/1.1 103 Early Hints\r\nContent-Length: 9\r\n\r\nHTTP/1.1 503 "
                               "No\r\nContent-Length: 1\r\n\r\nx";
    struct client_answer a = read_text(text, false);
    assert_int_equal(a.status, 503);
    assert_true(a.whole);
    assert_int_equal(a.body_at, sizeof(text) - 2);
    assert_false(read_text("HTTP/1.1 100 Continue\r\n\r\n", true).whole);
}

#define CHUNKED "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: gzip, Chunked \r\n\r\n"

/* The body of all pieces; the answer is read as a whole. */
static void
assert_body(const char *text, const char *body)
{
    struct client_answer a = read_text(text, true);
    char got[64] = "";
    const char *part = NULL;
    size_t at = a.body_at;
    for (size_t n; (n = client_answer_piece(&a, text, strlen(text), &at, &part)) > 0;)
        strncat(got, part, n);
    assert_string_equal(got, body);
}

static void
test_chunks(void **state)
{
    (void)state;
    static const char whole[] =
        CHUNKED "3\r\nabc\r\n0A ;x=y\r\n0123456789\r\n000\r\nTrailer: x\r\n\r\n";
    for (size_t n = 0; n < sizeof(whole) - 1; n++) {
        assert_false(client_answer_read(whole, n, true).whole); /* cut anywhere */
        assert_false(client_answer_read(whole, n, true).malformed);
    }
    assert_true(read_text(whole, false).whole);
    assert_true(read_text(CHUNKED "0\r\n\r\n", false).whole);
    assert_body(whole, "abc0123456789");
    assert_body(CHUNKED "3\r\nab", "ab");
    assert_body(CHUNKED "0\r\n\r\nrest", "");
    assert_body("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "abc");
}

static void
test_malformed_chunks(void **state)
{
    (void)state;
    static const char *const rows[] = {
        CHUNKED "x\r\nabc\r\n", CHUNKED "\r\n\r\n",       CHUNKED "3\r\nabcd\r\n0\r\n",
        CHUNKED "-1\r\n",       CHUNKED "0x3\r\nabc\r\n", CHUNKED "fffffffffffffffffffffff\r\nabc",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_true(read_text(rows[i], true).malformed);
        assert_false(read_text(rows[i], true).whole);
    }
    assert_false(read_text("HTTP/1.1 304 No\r\nTransfer-Encoding: chunked\r\n\r\n", false).chunked);
    assert_false(
        read_text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, x\r\n\r\n", false).chunked);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_cut_short_is_not_whole),
        cmocka_unit_test(test_without_a_length_the_end_counts),
        cmocka_unit_test(test_interim_answers_are_skipped),
        cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_malformed_chunks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
