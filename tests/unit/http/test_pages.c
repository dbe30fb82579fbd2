/* From a path to an answer: what is a page, and what is said of the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/http/pages.h"

static struct httpd_answer prepared = {.status = 200};

static const struct httpd_answer *
on_page(const struct httpd_request *q, void *arg)
{
    assert_int_not_equal(q->method, HTTPD_OTHER);
    ++*(unsigned *)arg;
    return &prepared;
}

static const struct httpd_answer *
ask(struct pages *p, const char *request)
{
    char head[256];
    struct httpd_request q;
    int n = snprintf(head, sizeof(head), "%s HTTP/1.1\r\n\r\n", request);
    assert_int_equal(httpd_parse(head, (size_t)n, &q), 0);
    return pages_answer(&q, p);
}

static void
test_pages(void **state)
{
    (void)state;
    struct err e;
    unsigned a = 0, ab = 0;
    struct pages *p = pages_new(&e);
    assert_non_null(p);
    assert_int_equal(pages_add(p, "/a", on_page, &a, &e), 0);
    assert_int_equal(pages_add(p, "/a/b", on_page, &ab, &e), 0);
    assert_true(pages_have(p, "/a/b"));
    assert_false(pages_have(p, "/a/"));

    static const char *const good[] = {"GET /a", "GET /a/", "HEAD /a", "GET /a?x=1"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_ptr_equal(ask(p, good[i]), &prepared);
    assert_int_equal(a, 4);
    assert_ptr_equal(ask(p, "GET /a/b"), &prepared);
    assert_int_equal(ab, 1);

    static const char *const none[] = {"GET /",    "GET //", "GET /b",
                                       "GET /a//", "GET /A", "POST /b"};
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        const struct httpd_answer *said = ask(p, none[i]);
        assert_int_equal(said->status, 404);
        assert_string_equal(strbuf_str(&said->body), "{\"error\":\"not found\"}");
    }
    const struct httpd_answer *said = ask(p, "POST /a");
    assert_int_equal(said->status, 405);
    assert_string_equal(strbuf_str(&said->body), "{\"error\":\"method not allowed\"}");
    assert_non_null(strstr(said->head.data, "Allow: GET, HEAD\r\n"));
    assert_int_equal(a + ab, 5);
    pages_free(p);
    pages_free(NULL);
}

static void
test_aliases(void **state)
{
    (void)state;
    struct err e;
    unsigned n = 0;
    struct pages *p = pages_new(&e);
    assert_non_null(p);
    assert_null(pages_nearest(p, "/health"));
    assert_int_equal(pages_add(p, "/health", on_page, &n, &e), 0);
    assert_int_equal(pages_add(p, "/health/ready", on_page, &n, &e), 0);
    assert_int_equal(pages_add_alias(p, "/a", "/health", &e), 0);
    assert_int_equal(pages_add_alias(p, "/b", "/a", &e), 0);
    assert_ptr_equal(ask(p, "GET /b/?x"), &prepared);
    assert_int_equal(n, 1);
    assert_int_equal(ask(p, "POST /b")->status, 405);
    assert_int_equal(pages_add_alias(p, "/c", "/nowhere", &e), -1);
    assert_int_equal(e.code, ERR_USAGE);
    assert_string_equal(pages_nearest(p, "/health/redy"), "/health/ready");
    assert_null(pages_nearest(p, "/something/else"));
    pages_free(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pages),
                                       cmocka_unit_test(test_aliases)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
