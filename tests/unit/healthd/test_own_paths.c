/* Paths that the configuration adds: where they lead, what they say, and what is refused at the start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "healthd/page/own_paths.h"
#include "tests/unit/fakes/fake_clock.h"

#define LINES_MAX 4

struct world {
    struct pages *pages;
    struct own_paths *own;
};

static struct httpd_answer health = {.status = 200};
static struct httpd_text asked_query;

static const struct httpd_answer *
on_health(const struct httpd_request *q, void *arg)
{
    (void)arg;
    asked_query = q->query;
    return &health;
}

static struct opt_list
list_of(const char *const *lines)
{
    struct opt_list list = {.items = (char **)(uintptr_t)lines};
    while (lines[list.n])
        list.n++;
    return list;
}

/* NULL-ended lines. Returns 0, or -1 with the message in e. */
static int
open_world(struct world *w, const char *const *aliases, const char *const *bodies, struct err *e)
{
    const struct opt_list a = list_of(aliases), b = list_of(bodies);
    const struct own_paths_lines lines = {&a, &b};
    now_ms = 0;
    wall_at_0_ms = 1795251600000;
    w->pages = pages_new(e);
    assert_non_null(w->pages);
    assert_int_equal(pages_add(w->pages, "/health", on_health, NULL, e), 0);
    assert_int_equal(pages_add(w->pages, "/health/ready", on_health, NULL, e), 0);
    w->own = own_paths_new(&lines, w->pages, e);
    if (!w->own)
        pages_free(w->pages);
    return w->own ? 0 : -1;
}

static void
close_world(struct world *w)
{
    pages_free(w->pages);
    own_paths_free(w->own);
}

static const struct httpd_answer *
ask(struct world *w, const char *target)
{
    char head[256];
    struct httpd_request r;
    int n = snprintf(head, sizeof(head), "GET %s HTTP/1.1\r\n\r\n", target);
    assert_int_equal(httpd_parse(head, (size_t)n, &r), 0);
    return pages_answer(&r, w->pages);
}

static const char *const none[] = {NULL};

static void
test_aliases(void **state)
{
    (void)state;
    struct world w;
    struct err e;
    /* A chain, against the order of the lines. */
    static const char *const aliases[] = {"/=/a", "/a=/api/health", "/api/health=/health",
                                          "/b=/ping", NULL};
    static const char *const bodies[] = {"/ping=pong", NULL};
    assert_int_equal(open_world(&w, aliases, bodies, &e), 0);
    assert_ptr_equal(ask(&w, "/api/health?verbose&x=1"), &health);
    assert_int_equal(asked_query.len, strlen("verbose&x=1"));
    assert_ptr_equal(ask(&w, "/api/health/"), &health);
    assert_ptr_equal(ask(&w, "/"), &health);
    assert_string_equal(strbuf_str(&ask(&w, "/b")->body), "pong");
    assert_int_equal(ask(&w, "/c")->status, 404);
    close_world(&w);
}

static void
test_bodies(void **state)
{
    (void)state;
    struct world w;
    struct err e;
    static const char *const bodies[] = {
        "/api/health={\"status\":\"ok\",\"service\":\"todo-frontend\",\"timestamp\":\"{now}\"}",
        "/twice={now} {then} {now}",
        "/number={now}",
        "/empty=",
        "/e=a=b",
        NULL};
    assert_int_equal(open_world(&w, none, bodies, &e), 0);
    const struct httpd_answer *a = ask(&w, "/api/health");
    assert_int_equal(a->status, 200);
    assert_string_equal(a->body.data, "{\"status\":\"ok\",\"service\":\"todo-frontend\","
                                      "\"timestamp\":\"2026-11-21T09:00:00Z\"}");
    assert_non_null(strstr(a->head.data, "Content-Type: application/json\r\n"));
    assert_non_null(strstr(a->head.data, "Cache-Control: no-store\r\n"));
    a = ask(&w, "/twice");
    assert_string_equal(a->body.data, "2026-11-21T09:00:00Z {then} 2026-11-21T09:00:00Z");
    assert_non_null(strstr(a->head.data, "Content-Type: text/plain; charset=utf-8\r\n"));
    assert_non_null(strstr(ask(&w, "/number")->head.data, "Content-Type: text/plain"));
    assert_non_null(strstr(ask(&w, "/empty")->head.data, "Content-Length: 0\r\n"));
    assert_string_equal(ask(&w, "/e")->body.data, "a=b");
    now_ms = 61999;
    assert_string_equal(ask(&w, "/number")->body.data, "2026-11-21T09:01:01Z");
    assert_non_null(strstr(ask(&w, "/api/health")->body.data, "\"2026-11-21T09:01:01Z\""));
    close_world(&w);
}

/* Memory ran out when it was made anew: it is made once more when somebody asks. */
static void
test_cut_body(void **state)
{
    (void)state;
    struct world w;
    struct err e;
    static const char *const bodies[] = {"/ping=pong", NULL};
    assert_int_equal(open_world(&w, none, bodies, &e), 0);
    struct httpd_answer *a = (struct httpd_answer *)(uintptr_t)ask(&w, "/ping");
    strbuf_clear(&a->body);
    a->body.failed = true;
    assert_string_equal(ask(&w, "/ping")->body.data, "pong");
    assert_false(httpd_answer_is_cut(a));
    close_world(&w);
}

static void
test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *aliases[LINES_MAX], *bodies[LINES_MAX];
        const char *message;
    } rows[] = {
        {{"/a"}, {NULL}, "--alias (HEALTHD_ALIAS) 1: '=' is missing after the path"},
        {{"/b=/health", "a=/health"},
         {NULL},
         "--alias (HEALTHD_ALIAS) 2: 'a' is not a path, which"},
        {{"=/health"}, {NULL}, "'' is not a path"},
        {{"/a/=/health"}, {NULL}, "'/a/' is not a path"},
        {{"/a?b=/health"}, {NULL}, "'/a?b' is not a path"},
        {{"/a#=/health"}, {NULL}, "'/a#' is not a path"},
        {{"/a b=/health"}, {NULL}, "'/a b' is not a path"},
        {{"/\xc3\xa4=/health"}, {NULL}, "is not a path"},
        {{"/health=/health/ready"}, {NULL}, "there is already a page '/health'"},
        {{"/a=/health", "/a=/health/ready"}, {NULL}, "there is already an alias '/a'"},
        {{"/a=/health"}, {"/a=x"}, "--alias (HEALTHD_ALIAS) 1: there is already a page '/a'"},
        {{NULL}, {"/a=x", "/a=y"}, "--body (HEALTHD_BODY) 2: there is already a page '/a'"},
        {{NULL}, {"/health=x"}, "there is already a page '/health'"},
        {{NULL}, {"/a=\xff"}, "--body (HEALTHD_BODY) 1: the body is not valid UTF-8"},
        {{"/a=/health/redy"}, {NULL}, "no page '/health/redy'; did you mean '/health/ready'?"},
        {{"/a=/health?verbose"}, {NULL}, "there is no page '/health?verbose'"},
        {{"/a="}, {NULL}, "there is no page ''"},
        {{"/a=/b", "/b=/nowhere"},
         {NULL},
         "--alias (HEALTHD_ALIAS) 1: there is no page '/nowhere'"},
        {{"/a=/a"}, {NULL}, "'/a' leads back to itself and never to a page"},
        {{"/a=/health", "/b=/c", "/c=/b"}, {NULL}, "(HEALTHD_ALIAS) 2: '/b' leads back to itself"},
        {{"/d=/b", "/b=/c", "/c=/b"}, {NULL}, "and never to a page"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct world w;
        struct err e;
        assert_int_equal(open_world(&w, rows[i].aliases, rows[i].bodies, &e), -1);
        assert_int_equal(e.code, ERR_USAGE);
        if (!strstr(e.msg, rows[i].message))
            fail_msg("%s\ndoes not say %s", e.msg, rows[i].message);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_aliases),
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_cut_body),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
