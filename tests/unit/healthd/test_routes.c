/* From a request to an answer: paths, methods, forms, words; and what is never shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "healthd/client.h"
#include "healthd/page/routes.h"
#include "tests/unit/fakes/fake_clock.h"
#include "tests/unit/fakes/fake_kinds.h"

struct world {
    struct check_spec specs[3];
    struct view views[3];
    struct history history;
    struct render_facts facts;
    struct routes *routes;
};

static void
on_metrics(struct render_metrics *ret, void *arg)
{
    (void)arg;
    ret->stall_seconds = 0.25;
}

static void
open_world(struct world *w, enum details details)
{
    static const char *const lines[] = {"database postgres://u:c4nary@h groups ready,startup",
                                        "redis redis://h", "extra redis://h groups web optional"};
    struct err e;
    *w = (struct world){0};
    now_ms = 5000;
    wall_at_0_ms = 1795251600000 - 5000;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(checkline_parse(lines[i], fake_kinds, &w->specs[i], &e), 0);
        w->views[i].spec = &w->specs[i];
        w->views[i].now.state = VERDICT_UP;
        w->views[i].any = true;
        w->views[i].result_ms = 4000;
    }
    w->facts = (struct render_facts){.views = w->views, .n = 3, .history = &w->history};
    const struct routes_settings settings = {.details = details};
    w->routes = routes_new(&w->facts, &settings, on_metrics, NULL, &e);
    assert_non_null(w->routes);
}

static void
close_world(struct world *w)
{
    routes_free(w->routes);
    for (size_t i = 0; i < 3; i++)
        check_spec_done(&w->specs[i]);
}

static const struct httpd_answer *
ask(struct world *w, const char *target)
{
    char head[512];
    struct httpd_request r;
    int n = snprintf(head, sizeof(head), "GET %s HTTP/1.1\r\n\r\n", target);
    assert_int_equal(httpd_parse(head, (size_t)n, &r), 0);
    return routes_answer(&r, w->routes);
}

static void
expect(struct world *w, const char *target, int status, const char *body)
{
    const struct httpd_answer *a = ask(w, target);
    assert_string_equal(strbuf_str(&a->body), body);
    assert_int_equal(a->status, status);
    char length[64];
    snprintf(length, sizeof(length), "Content-Length: %zu\r\n", strlen(body));
    assert_non_null(strstr(a->head.data, length));
    assert_non_null(strstr(a->head.data, "Cache-Control: no-store\r\n"));
}

static void
set(struct world *w, size_t i, enum verdict_state s, enum reason reason)
{
    w->views[i].now = (struct verdict_view){s, reason};
    routes_prepare(w->routes);
}

static void
test_bodies(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, DETAILS_NEVER);
    w.facts.service = "todo-chatbot-api";
    w.facts.version = "3.0.0";
    routes_prepare(w.routes);
    expect(&w, "/health/live", 200,
           "{\"status\":\"alive\",\"service\":\"todo-chatbot-api\",\"version\":\"3.0.0\"}");
    expect(&w, "/health/ready", 200,
           "{\"status\":\"ready\",\"database\":\"connected\",\"redis\":\"connected\"}");
    expect(&w, "/health", 200,
           "{\"status\":\"ok\",\"service\":\"todo-chatbot-api\",\"version\":\"3.0.0\","
           "\"timestamp\":\"2026-11-21T09:00:00Z\",\"database\":\"connected\","
           "\"redis\":\"connected\",\"extra\":\"connected\"}");
    expect(&w, "/health/startup", 503, "{\"status\":\"starting\"}");
    expect(&w, "/health/web", 200, "{\"status\":\"ready\",\"extra\":\"connected\"}");
    expect(&w, "/health/check/redis", 200, "{\"status\":\"ready\",\"redis\":\"connected\"}");
    set(&w, 0, VERDICT_DOWN, REASON_REFUSED);
    expect(&w, "/health/ready", 503,
           "{\"status\":\"not_ready\",\"database\":\"disconnected\",\"redis\":\"connected\"}");
    expect(&w, "/health/live/", 200,
           "{\"status\":\"alive\",\"service\":\"todo-chatbot-api\",\"version\":\"3.0.0\"}");
    assert_int_equal(ask(&w, "/health")->status, 200);
    assert_non_null(strstr(ask(&w, "/health")->body.data, "{\"status\":\"degraded\","));
    close_world(&w);
}

static void
test_states(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, DETAILS_ALWAYS);
    set(&w, 0, VERDICT_DEGRADED, REASON_AUTH);
    expect(&w, "/health/ready", 200,
           "{\"status\":\"ready\",\"database\":\"connected\",\"redis\":\"connected\"}");
    expect(&w, "/health/ready?verbose", 200,
           "[+]database degraded: auth\n[+]redis ok\nready check passed\n");
    set(&w, 0, VERDICT_UNKNOWN, REASON_NONE);
    expect(&w, "/health/ready", 503,
           "{\"status\":\"not_ready\",\"database\":\"disconnected\",\"redis\":\"connected\"}");
    expect(&w, "/health/ready?verbose", 503,
           "[-]database failed: not checked yet\n[+]redis ok\nready check failed\n");
    /* An optional check that is not known yet holds nobody up, and yet is not called connected. */
    set(&w, 2, VERDICT_UNKNOWN, REASON_NONE);
    expect(&w, "/health/web", 200, "{\"status\":\"ready\",\"extra\":\"disconnected\"}");
    expect(&w, "/health/web?verbose", 200, "[+]extra unknown: not checked yet\nweb check passed\n");
    expect(&w, "/health/check/extra", 503, "{\"status\":\"not_ready\",\"extra\":\"disconnected\"}");
    close_world(&w);
}

static void
test_startup(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, DETAILS_NEVER);
    assert_false(render_all_started(&w.facts));
    w.specs[0].rules.optional = true;
    assert_true(render_all_started(&w.facts));
    w.specs[0].rules.optional = false;
    w.views[0].was_up = true;
    assert_true(render_all_started(&w.facts));
    w.facts.started = true;
    set(&w, 0, VERDICT_DOWN, REASON_REFUSED);
    expect(&w, "/health/startup", 200, "{\"status\":\"started\"}");
    close_world(&w);
}

static void
test_draining_and_strict(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, DETAILS_NEVER);
    w.facts.draining = true;
    routes_prepare(w.routes);
    expect(&w, "/health/ready", 503, "{\"status\":\"draining\"}");
    expect(
        &w, "/health/ready?verbose", 503,
        "[+]database ok\n[+]redis ok\n[-]shutdown failed: reason withheld\nready check failed\n");
    assert_int_equal(ask(&w, "/health")->status, 200);
    assert_int_equal(ask(&w, "/health/live")->status, 200);
    assert_int_equal(ask(&w, "/health/web")->status, 200);
    w.facts.strict = true;
    routes_prepare(w.routes);
    assert_int_equal(ask(&w, "/health")->status, 503);
    w.facts.draining = false;
    set(&w, 1, VERDICT_DOWN, REASON_REFUSED);
    assert_int_equal(ask(&w, "/health")->status, 503);
    assert_int_equal(ask(&w, "/health?exclude=redis")->status, 200);
    close_world(&w);
}

static void
test_queries(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, DETAILS_NEVER);
    set(&w, 1, VERDICT_DOWN, REASON_LOADING);
    expect(&w, "/health/ready?exclude=redis", 200,
           "{\"status\":\"ready\",\"database\":\"connected\"}");
    expect(&w, "/health/ready?verbose&exclude=redis&exclude=x%22&exclude=extra", 200,
           "[+]database ok\n[+]redis excluded: ok\nwarn: some health checks cannot be excluded: no "
           "matches for \"x%22\",\"extra\"\nready check passed\n");
    expect(&w, "/health/ready?verbose&format=json", 503,
           "{\"status\":\"not_ready\",\"database\":\"connected\",\"redis\":\"disconnected\"}");
    expect(&w, "/health/ready?format=text", 503,
           "[+]database ok\n[-]redis failed: reason withheld\nready check failed\n");
    assert_int_equal(ask(&w, "/health/ready?format=yaml")->status, 400);
    assert_int_equal(ask(&w, "/health/ready?format")->status, 400);
    expect(&w, "/health/ready?exclude=&exclude&unknown=1", 503,
           "{\"status\":\"not_ready\",\"database\":\"connected\",\"redis\":\"disconnected\"}");
    assert_non_null(
        strstr(ask(&w, "/health/ready?verbose=1")->head.data, "Content-Type: text/plain"));
    /* What a client sends cannot make a second header line or leave the quotes. */
    const char *head = ask(&w, "/health/ready?exclude=a\"b\\c<d>")->head.data;
    assert_non_null(strstr(head, "Warning: 299 healthd \"some health checks cannot be excluded: no "
                                 "matches for 'a?b?c?d?'\"\r\n"));
    close_world(&w);
}

static void
test_timestamp_moves_on(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, DETAILS_NEVER);
    assert_non_null(strstr(ask(&w, "/health")->body.data, "\"2026-11-21T09:00:00Z\""));
    wall_at_0_ms += 61000; /* the clock on the wall alone */
    assert_non_null(strstr(ask(&w, "/health")->body.data, "\"2026-11-21T09:01:01Z\""));
    assert_non_null(strstr(ask(&w, "/health?exclude=x")->body.data, "\"2026-11-21T09:01:01Z\""));
    close_world(&w);
}

static void
test_details(void **state)
{
    (void)state;
    static const struct {
        enum details details;
        bool local, forwarded, shown;
    } rows[] = {
        {DETAILS_NEVER, true, false, false},  {DETAILS_LOCAL, true, false, true},
        {DETAILS_LOCAL, false, false, false}, {DETAILS_LOCAL, true, true, false},
        {DETAILS_ALWAYS, false, true, true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct world w;
        open_world(&w, rows[i].details);
        set(&w, 1, VERDICT_DOWN, REASON_LOADING);
        struct httpd_request r = {.method = HTTPD_GET,
                                  .path = {"/health/check/redis", 19},
                                  .query = {"verbose", 7},
                                  .local = rows[i].local,
                                  .forwarded = rows[i].forwarded};
        const char *body = routes_answer(&r, w.routes)->body.data;
        assert_int_equal(strstr(body, "failed: loading") != NULL, rows[i].shown);
        assert_int_equal(strstr(body, "failed: reason withheld") != NULL, !rows[i].shown);
        r.path = (struct httpd_text){"/health", 7};
        r.query = (struct httpd_text){"x&history=", 10};
        const struct httpd_answer *a = routes_answer(&r, w.routes);
        assert_int_equal(a->status, rows[i].shown ? 200 : 403);
        r.query = (struct httpd_text){0};
        r.path = (struct httpd_text){"/status", 7};
        assert_int_equal(routes_answer(&r, w.routes)->status, rows[i].shown ? 200 : 403);
        assert_string_equal(a->body.data, rows[i].shown ? "{\"history\":[]}"
                                                        : "{\"error\":\"details withheld\"}");
        close_world(&w);
    }
}

static void
test_history(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, DETAILS_ALWAYS);
    expect(&w, "/health?history", 200, "{\"history\":[]}");
    w.views[1].since_ms = 1795251600123;
    set(&w, 1, VERDICT_DOWN, REASON_LOADING);
    history_add(&w.history, &w.views[1], (struct verdict_view){VERDICT_UP, REASON_NONE});
    w.views[1].since_ms += 2000;
    set(&w, 1, VERDICT_UP, REASON_NONE);
    history_add(&w.history, &w.views[1], (struct verdict_view){VERDICT_DOWN, REASON_LOADING});
    expect(&w, "/health?history&format=text", 200,
           "{\"history\":[{\"time\":\"2026-11-21T09:00:02.123Z\",\"check\":\"redis\","
           "\"from\":\"down\",\"state\":\"up\",\"reason\":null},"
           "{\"time\":\"2026-11-21T09:00:00.123Z\",\"check\":\"redis\",\"from\":\"up\","
           "\"state\":\"down\",\"reason\":\"loading\"}]}");
    /* Elsewhere the word means nothing. */
    expect(&w, "/health/web?history", 200, "{\"status\":\"ready\",\"extra\":\"connected\"}");
    assert_int_equal(ask(&w, "/health?history&format=x")->status, 400);
    close_world(&w);
}

/* The page for people is made once a second, and once a change, whoever asks how often. */
static void
test_status(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, DETAILS_ALWAYS);
    const struct httpd_answer *a = ask(&w, "/status");
    assert_int_equal(a->status, 200);
    assert_non_null(strstr(a->head.data, "Content-Type: text/html; charset=utf-8\r\n"));
    assert_non_null(strstr(a->body.data, "<h1>Ready</h1>"));
    assert_non_null(strstr(a->body.data, "/health/startup</th>"));
    assert_non_null(strstr(a->body.data, "/health/web</th>"));
    assert_null(strstr(a->body.data, "/health/redis</th>"));
    w.views[1].now.state = VERDICT_DOWN; /* nobody was told */
    assert_non_null(strstr(ask(&w, "/status/?x=1")->body.data, "<h1>Ready</h1>"));
    now_ms += 1000;
    assert_non_null(strstr(ask(&w, "/status")->body.data, "<h1>Not ready</h1>"));
    set(&w, 1, VERDICT_UP, REASON_NONE);
    assert_non_null(strstr(ask(&w, "/status")->body.data, "<h1>Ready</h1>"));
    assert_non_null(strstr(ask(&w, "/status")->head.data, "Refresh: "));
    assert_null(strstr(ask(&w, "/status?x&pause")->head.data, "Refresh: "));
    w.facts.draining = true;
    routes_prepare(w.routes);
    assert_non_null(strstr(ask(&w, "/status?pause")->body.data, "<h1>Draining</h1>"));
    close_world(&w);
}

/* What is prepared stays until somebody says that something changed, or a result is counted, however often it is asked for: here
 * a view changes and nobody is told. */
static void
test_made_once(void **state)
{
    (void)state;
    static const struct {
        const char *target, *up, *down;
    } rows[] = {
        {"/health/ready", "\"redis\":\"connected\"", "\"redis\":\"disconnected\""},
        {"/health?format=json&x=1", "\"redis\":\"connected\"", "\"redis\":\"disconnected\""},
        {"/health/ready?verbose", "[+]redis ok", "[-]redis failed: loading"},
        {"/health/check/redis?format=text", "[+]redis ok", "[-]redis failed: loading"},
        {"/metrics", "healthd_check_up{check=\"redis\"} 1\n",
         "healthd_check_reason{check=\"redis\",reason=\"loading\"} 1\n"},
        {"/health/ready?exclude=database", "\"redis\":\"connected\"", "\"redis\":\"disconnected\""},
        {"/health/ready?verbose&exclude=database", "[+]redis ok", "[-]redis failed: loading"},
        {"/health/ready?exclude=nobody", "\"redis\":\"connected\"", "\"redis\":\"disconnected\""},
    };
    const size_t n = sizeof(rows) / sizeof(rows[0]);
    struct world w;
    open_world(&w, DETAILS_ALWAYS);
    for (size_t i = 0; i < n; i++)
        assert_non_null(strstr(ask(&w, rows[i].target)->body.data, rows[i].up));
    w.views[1].now = (struct verdict_view){VERDICT_DOWN, REASON_LOADING};
    for (size_t i = 0; i < 2 * n; i++)
        assert_non_null(strstr(ask(&w, rows[i % n].target)->body.data, rows[i % n].up));
    /* The ages move all the same. */
    now_ms += 1000;
    assert_non_null(
        strstr(ask(&w, "/metrics")->body.data, "healthd_check_age_seconds{check=\"redis\"} 2\n"));
    /* A result that changes nothing makes the metrics anew, and them alone. */
    w.views[1].stats.checks++;
    assert_non_null(strstr(ask(&w, "/metrics")->body.data, rows[4].down));
    for (size_t i = 0; i < n; i++)
        if (i != 4)
            assert_non_null(strstr(ask(&w, rows[i].target)->body.data, rows[i].up));
    routes_prepare(w.routes);
    for (size_t i = 0; i < n; i++)
        assert_non_null(strstr(ask(&w, rows[i].target)->body.data, rows[i].down));
    close_world(&w);
}

/* Those that are not asked for again give way, a query of any length is answered, and who may see reasons has bodies of his own. */
static void
test_more_selections_than_are_kept(void **state)
{
    (void)state;
    char target[400];
    struct world w;
    open_world(&w, DETAILS_LOCAL);
    set(&w, 1, VERDICT_DOWN, REASON_LOADING);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 20; i++) {
            snprintf(target, sizeof(target), "/health/ready?verbose&exclude=x%d", i);
            snprintf(target + 200, 100, "no matches for \"x%d\"\n", i);
            assert_non_null(strstr(ask(&w, target)->body.data, target + 200));
        }
    }
    snprintf(target, sizeof(target), "/health/ready?verbose&exclude=redis&y=%0300d", 0);
    assert_int_equal(ask(&w, target)->status, 200);
    struct httpd_request r = {.method = HTTPD_GET,
                              .path = {"/health/ready", 13},
                              .query = {"verbose&exclude=database", 24}};
    for (int i = 0; i < 4; i++) {
        r.local = i % 2 == 0;
        assert_non_null(strstr(routes_answer(&r, w.routes)->body.data,
                               r.local ? "failed: loading" : "failed: reason withheld"));
    }
    close_world(&w);
}

static void
test_methods_and_unknown_paths(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, DETAILS_NEVER);
    static const char *const unknown[] = {"/",
                                          "/healt",
                                          "/health/x",
                                          "/health/check",
                                          "/health/check/x",
                                          "/health//ready",
                                          "/health/ready//",
                                          "/metrics/x",
                                          "/x?verbose"};
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
        assert_int_equal(ask(&w, unknown[i])->status, 404);
    static const char *const known[] = {"/health", "/health/", "/health/live", "/metrics",
                                        "/metrics/"};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        assert_int_equal(ask(&w, known[i])->status, 200);
        struct httpd_request r = {.method = HTTPD_OTHER, .path = {known[i], strlen(known[i])}};
        const struct httpd_answer *a = routes_answer(&r, w.routes);
        assert_int_equal(a->status, 405);
        assert_non_null(strstr(a->head.data, "Allow: GET, HEAD\r\n"));
        r.path = (struct httpd_text){"/nope", 5};
        assert_int_equal(routes_answer(&r, w.routes)->status, 404);
    }
    close_world(&w);
}

static void
test_metrics(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, DETAILS_NEVER);
    set(&w, 1, VERDICT_DOWN, REASON_LOADING);
    w.views[0].stats.buckets[1] = 3;
    w.views[0].stats.buckets[VIEW_BUCKETS - 1] = 1;
    w.views[0].stats.seconds = 2.5;
    const char *body = ask(&w, "/metrics")->body.data;
    static const char *const lines[] = {
        "healthd_check_up{check=\"database\"} 1\n",
        "healthd_check_up{check=\"redis\"} 0\n",
        "healthd_check_state{check=\"redis\",state=\"down\"} 1\n",
        "healthd_check_state{check=\"redis\",state=\"up\"} 0\n",
        "healthd_check_reason{check=\"redis\",reason=\"loading\"} 1\n",
        "healthd_check_duration_seconds_bucket{check=\"database\",le=\"0.001\"} 0\n",
        "healthd_check_duration_seconds_bucket{check=\"database\",le=\"1\"} 3\n",
        "healthd_check_duration_seconds_bucket{check=\"database\",le=\"+Inf\"} 4\n",
        "healthd_check_duration_seconds_sum{check=\"database\"} 2.5\n",
        "healthd_check_duration_seconds_count{check=\"database\"} 4\n",
        "healthd_check_age_seconds{check=\"database\"} 1\n",
        "healthd_loop_stall_seconds 0.25\n",
        "healthd_ready 0\n",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        if (!strstr(body, lines[i]))
            fail_msg("not there: %s", lines[i]);
    assert_null(strstr(body, "LOADING"));
    assert_null(strstr(body, "c4nary"));
    close_world(&w);
}

/* ---- the other side: what `healthd probe` reads ---- */

static void
test_probe_urls(void **state)
{
    (void)state;
    struct client_url u;
    struct err e;
    assert_int_equal(client_url_parse("http://127.0.0.1:9180/health/live?a#b", &u, &e), 0);
    assert_string_equal(u.host, "127.0.0.1");
    assert_int_equal(u.port, 9180);
    assert_int_equal(u.uri_len, strlen("/health/live?a"));
    assert_int_equal(client_url_parse("http://[::1]:80", &u, &e), 0);
    assert_string_equal(u.host, "::1");
    assert_int_equal(u.uri_len, 1);
    assert_int_equal(client_url_parse("HTTP://name/x", &u, &e), 0);
    assert_int_equal(u.port, 80);
    assert_int_equal(client_url_parse("http://unix:/run/h.sock:/health", &u, &e), 0);
    assert_string_equal(u.path, "/run/h.sock");
    assert_int_equal(u.uri_len, 7);
    assert_int_equal(client_url_parse("unix:/run/h.sock", &u, &e), 0);
    static const char *const bad[] = {"",
                                      "ftp://h",
                                      "https://h",
                                      "http://",
                                      "http:///x",
                                      "http://h:",
                                      "http://h:0/",
                                      "http://h:65536/",
                                      "http://h:8x/",
                                      "http://u:p@h/",
                                      "http://h/a b",
                                      "http://[::1/",
                                      "unix:",
                                      "unix:run/h.sock",
                                      "unix:@h",
                                      "http://h?x",
                                      "http://h/\x80"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (client_url_parse(bad[i], &u, &e) == 0)
            fail_msg("accepted: %s", bad[i]);
}

/* Memory ran out while the answers were prepared: they are prepared anew when somebody asks. */
static void
test_cut_answers(void **state)
{
    (void)state;
    static const char *const paths[] = {"/health", "/health/ready", "/health/check/redis",
                                        "/health?history", "/health/ready?verbose"};
    struct world w;
    open_world(&w, DETAILS_ALWAYS);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct httpd_answer *a = (struct httpd_answer *)(uintptr_t)ask(&w, paths[i]);
        struct strbuf *part = i == 0 ? &a->head : &a->body;
        strbuf_clear(part);
        part->failed = true;
        assert_false(httpd_answer_is_cut(ask(&w, paths[i])));
        assert_int_equal(ask(&w, paths[i])->status, 200);
    }
    close_world(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_startup),
        cmocka_unit_test(test_draining_and_strict),
        cmocka_unit_test(test_queries),
        cmocka_unit_test(test_timestamp_moves_on),
        cmocka_unit_test(test_details),
        cmocka_unit_test(test_methods_and_unknown_paths),
        cmocka_unit_test(test_metrics),
        cmocka_unit_test(test_cut_answers),
        cmocka_unit_test(test_probe_urls),
        cmocka_unit_test(test_history),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_made_once),
        cmocka_unit_test(test_more_selections_than_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
