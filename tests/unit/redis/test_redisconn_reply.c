/* Redis' replies as bytes, in pieces and out of shape. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/redis/redisconn_reply.h"

static void
test_in_pieces(void **state)
{
    (void)state;
    static const char good[] = "*2\r\n*1\r\n:7\r\n$5\r\na\0b\r\n\r\n+x\r\n";
    struct redis_parser *p = redis_parser_new();
    struct redis_reply *r;
    struct err e;
    const size_t end = sizeof(good) - 1 - strlen("+x\r\n");
    for (size_t i = 0; i < end; i++) { /* byte by byte */
        assert_int_equal(redis_parser_feed(p, good + i, 1, &e), 0);
        assert_int_equal(redis_parser_next(p, &r, &e), 0);
        assert_true(!r == (i + 1 < end));
    }
    assert_int_equal(r->count, 2);
    assert_int_equal(r->items[0]->items[0]->integer, 7);
    assert_int_equal(r->items[1]->len, 5);
    assert_memory_equal(r->items[1]->text, "a\0b\r\n", 6);
    redis_reply_free(r);
    redis_parser_free(p);
}

static void
test_out_of_shape(void **state)
{
    (void)state;
    static const char *const bad[] = {"*9999999\r\n", "?\r\n", "$-7\r\n",
                                      "*2\r\n:1\r\n*9999999\r\n", "HTTP/1.1 400 Bad Request\r\n"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct redis_parser *p = redis_parser_new();
        struct redis_reply *r;
        struct err e;
        assert_int_equal(redis_parser_feed(p, bad[i], strlen(bad[i]), &e), 0);
        assert_int_equal(redis_parser_next(p, &r, &e), -1);
        assert_int_equal(e.code, ERR_PROTOCOL);
        redis_parser_free(p);
    }
}

static void
test_too_large(void **state)
{
    (void)state;
    struct err e;
    struct redis_parser *p = redis_parser_new();
    char *big = calloc(1, REDIS_REPLY_BYTES_MAX);
    assert_int_equal(redis_parser_feed(p, "$99999999\r\n", 11, &e), 0);
    assert_int_equal(redis_parser_feed(p, big, REDIS_REPLY_BYTES_MAX - 11, &e), 0);
    assert_int_equal(redis_parser_feed(p, big, 1, &e), -1);
    assert_int_equal(e.code, ERR_PROTOCOL);
    free(big);
    redis_parser_free(p);
}

/* hiredis 1.x builds them all, and freeing them takes a stack frame for each. */
static void
test_too_deep(void **state)
{
    (void)state;
    struct err e;
    struct redis_reply *r;
    struct redis_parser *p = redis_parser_new();
    for (int i = 0; i < 500000; i++)
        assert_int_equal(redis_parser_feed(p, "*1\r\n", 4, &e), 0);
    assert_int_equal(redis_parser_next(p, &r, &e), -1);
    assert_int_equal(e.code, ERR_PROTOCOL);
    redis_parser_free(p);
}

/* What the limits allow to the last one, and what is one more. */
static void
test_limits(void **state)
{
    (void)state;
    static const struct {
        unsigned arrays;
        const char *rest;
        int status;
    } rows[] = {
        {REDIS_REPLY_DEPTH_MAX, ":7\r\n", 0},
        {REDIS_REPLY_DEPTH_MAX + 1, ":7\r\n", -1},
        {0, "*1048576\r\n", 0},
        {0, "*1048577\r\n", -1},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct err e;
        struct redis_reply *r = NULL;
        struct redis_parser *p = redis_parser_new();
        for (unsigned k = 0; k < rows[i].arrays; k++)
            assert_int_equal(redis_parser_feed(p, "*1\r\n", 4, &e), 0);
        assert_int_equal(redis_parser_feed(p, rows[i].rest, strlen(rows[i].rest), &e), 0);
        assert_int_equal(redis_parser_next(p, &r, &e), rows[i].status);
        assert_int_equal(r != NULL, rows[i].status == 0 && rows[i].arrays > 0);
        redis_reply_free(r);
        redis_parser_free(p);
    }
}

static void
test_words(void **state)
{
    (void)state;
    static const struct {
        const char *text, *word;
    } rows[] = {
        {"LOADING Redis is loading the dataset in memory", "LOADING"},
        {"BUSYKEY x", "BUSYKEY"},
        {"NOPERM", "NOPERM"},
        {"NOAUTH: x", "NOAUTH"},
        {"ERR unknown command", "ERR"},
        {"ERR max number of clients reached", "MAXCLIENTS"},
        {"ERR max number of clientsx", "ERR"},
        {"ERR DB index is out of range", "DBRANGE"},
        {"ERR invalid password", "WRONGPASS"},
        {"ERR Client sent AUTH, but no password is set", "WRONGPASS"},
        {"ERR AUTH <password> called without any password configured", "WRONGPASS"},
        {"ERR AUTHENTICATE", "ERR"},
        {"", ""},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "ABCDEFGHIJKLMNOPQRSTUVW"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char word[ERR_WORD_MAX];
        redisconn_word(rows[i].text, word);
        assert_string_equal(word, rows[i].word);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_pieces), cmocka_unit_test(test_out_of_shape),
        cmocka_unit_test(test_too_large), cmocka_unit_test(test_too_deep),
        cmocka_unit_test(test_limits),    cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
