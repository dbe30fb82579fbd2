/* The status page: what it says at the top, of a check, and of an hour; and what never gets into it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/http/html.h"
#include "healthd/page/status.h"
#include "healthd/page/status_words.h"
#include "tests/unit/fakes/fake_kinds.h"

#define WALL_MS 1795251600000 /* 2026-11-21T09:00:00Z */
#define MINUTE_MS 60000
#define N 8

static struct check_spec specs[N];
static struct view views[N];
static struct history history;
static struct render_facts facts;
static struct status_page page;
static struct httpd_answer answer;
static const struct page ready = {PAGE_READY, "ready"}, live = {PAGE_LIVE, "live"};

static int
set_up(void **state)
{
    static const char *const lines[N] = {
        "database postgres://u:c4nary@h",
        "redis redis://h groups ready,live",
        "extra redis://h groups web optional",
        "d redis://h",
        "e redis://h",
        "f redis://h",
        "g redis://h",
        "h redis://h",
    };
    struct err e;
    (void)state;
    history = (struct history){0};
    page = (struct status_page){.probes = {&ready, &live}, .n_probes = 2};
    assert_int_equal(status_page_init(&page, &e), 0);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(checkline_parse(lines[i], fake_kinds, &specs[i], &e), 0);
        views[i] = (struct view){.spec = &specs[i],
                                 .now = {VERDICT_UP, REASON_NONE},
                                 .any = true,
                                 .since_ms = WALL_MS - 90 * MINUTE_MS,
                                 .result_ms = 3600000};
    }
    facts = (struct render_facts){.views = views,
                                  .n = 3,
                                  .history = &history,
                                  .now_s = WALL_MS / 1000,
                                  .mono_ms = 3601000,
                                  .begun_ms = WALL_MS - 2 * MINUTE_MS};
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < N; i++)
        check_spec_done(&specs[i]);
    httpd_answer_done(&answer);
    return 0;
}

static const char *
render(void)
{
    render_status(&facts, &page, &answer);
    assert_int_equal(answer.status, 200);
    return answer.body.data;
}

static void
expect(const char *text)
{
    if (!strstr(answer.body.data, text))
        fail_msg("not there: %s\n%s", text, answer.body.data);
}

static void
expect_order(const char *first, const char *second)
{
    const char *a = strstr(answer.body.data, first);
    const char *b = strstr(answer.body.data, second);
    assert_non_null(a);
    assert_non_null(b);
    assert_true(a < b);
}

static void
fails(size_t i, enum verdict_state s, enum reason reason)
{
    views[i].now = (struct verdict_view){s, reason};
    views[i].since_ms = WALL_MS - 12 * MINUTE_MS;
}

static void
test_overall(void **state)
{
    (void)state;
    render();
    expect("<h1>Ready</h1><p>All checks are healthy.</p>");
    expect("<title>Ready: healthd</title>");
    assert_null(strstr(answer.body.data, "class=\"problems\""));
    fails(2, VERDICT_DEGRADED, REASON_REFUSED);
    render();
    expect("<div class=\"overall degraded\">");
    expect("<h1>Ready, with problems</h1>");
    fails(0, VERDICT_DOWN, REASON_REFUSED);
    render();
    expect("<div class=\"overall down\">");
    expect("<h1>Not ready</h1>");
    expect("<li><a href=\"#check-database\">database</a> is down: <b>refused</b>, since <time "
           "datetime=\"2026-11-21T08:48:00Z\">08:48:00</time> (12 min)</li>");
    expect("<th scope=\"row\">/health/ready</th><td><svg class='sign down' "
           "aria-hidden='true'><use href='#sign-down'/></svg>503</td>");
    facts.draining = true;
    render();
    expect("<h1>Draining</h1>");
    fails(1, VERDICT_DOWN, REASON_CLOSED);
    render();
    expect("<h1>Not alive</h1>");
    facts.n = 0;
    facts.draining = false;
    render();
    expect("There is nothing to check.");
}

static void
test_starting(void **state)
{
    (void)state;
    views[0].any = false;
    views[0].now.state = VERDICT_UNKNOWN;
    render();
    expect("<h1>Starting</h1>");
    expect("database</a> has not been checked yet</li>");
    fails(1, VERDICT_UNKNOWN, REASON_TIMEOUT); /* too old is another matter */
    render();
    expect("<h1>Not ready</h1>");
}

static void
test_worst_first(void **state)
{
    (void)state;
    facts.n = N;
    fails(2, VERDICT_DEGRADED, REASON_BUSY);
    fails(1, VERDICT_UNKNOWN, REASON_TIMEOUT);
    fails(7, VERDICT_DOWN, REASON_DNS);
    render();
    expect_order("<article id=\"check-h\"", "<article id=\"check-redis\"");
    expect_order("<article id=\"check-redis\"", "<article id=\"check-extra\"");
    expect_order("<article id=\"check-extra\"", "<article id=\"check-database\"");
    expect_order("href=\"#check-h\"", "href=\"#check-redis\"");
    expect("<p class=\"state\"><b>Down: dns</b>");
    expect("<p class=\"why\">The host name could not be resolved.</p>");
    assert_null(strstr(answer.body.data, " more</li>"));
    for (size_t i = 0; i < N; i++)
        fails(i, VERDICT_DOWN, REASON_DNS);
    render();
    expect("<li>and 2 more</li>");
}

/* What the configuration says is text, and a target is not shown at all. */
static void
test_escaped(void **state)
{
    (void)state;
    facts.service = "<script>alert(1)</script>";
    facts.version = "\"'&";
    render();
    expect("<title>Ready: &lt;script&gt;alert(1)&lt;/script&gt;</title>");
    expect("<b>&lt;script&gt;alert(1)&lt;/script&gt;</b> &quot;&#39;&amp;</p>");
    assert_null(strstr(answer.body.data, "<script"));
    assert_null(strstr(answer.body.data, "c4nary"));
    assert_null(strstr(answer.body.data, "style="));
}

static void
test_head(void **state)
{
    (void)state;
    render();
    const char *head = answer.head.data;
    assert_non_null(strstr(head, "Content-Type: text/html; charset=utf-8\r\n"));
    assert_non_null(
        strstr(head, "Content-Security-Policy: default-src 'none'; style-src 'sha256-"));
    assert_null(strstr(head, "unsafe"));
    assert_non_null(strstr(head, "Refresh: 5\r\n"));
    expect("<a href=\"?pause\">");
    page.paused = true;
    render();
    assert_null(strstr(answer.head.data, "Refresh:"));
    expect("<a href=\"?\">");
    render_status_withheld(&page, false, &answer);
    assert_int_equal(answer.status, 403);
    expect("--details local");
    assert_null(strstr(answer.body.data, "database"));
    render_status_withheld(&page, true, &answer);
    expect("kubectl port-forward");
    assert_null(strstr(answer.head.data, "Refresh:"));
}

static void
test_hour_and_changes(void **state)
{
    (void)state;
    facts.n = 1;
    hour_set(&views[0].hour, 1000, VERDICT_UP);
    hour_count(&views[0].hour, 1000, 1000);
    hour_set(&views[0].hour, 1800000, VERDICT_DOWN);
    hour_count(&views[0].hour, 1800000, 2500000);
    hour_set(&views[0].hour, 1859000, VERDICT_UP);
    views[0].stats.last_seconds = 0.0123;
    render();
    expect("<desc id=\"hour-database-text\">Down from 08:29 to 08:30, otherwise up.</desc>");
    expect("class=\"band down\"");
    expect("Last check 1 s ago: 12 ms. Longest: 2.5 s.");
    expect("Nothing has changed");
    views[0].since_ms = WALL_MS - 86400000;
    history_add(&history, &views[0], (struct verdict_view){VERDICT_DOWN, REASON_DNS});
    fails(0, VERDICT_DOWN, REASON_DNS);
    history_add(&history, &views[0], (struct verdict_view){VERDICT_UP, REASON_NONE});
    render();
    expect("20 Nov 09:00:00</time></td><th scope=\"row\">database</th>");
    expect("down <span class=\"from\">from up</span>: <b>dns</b></td>");
    expect_order("08:48:00</time></td>", "20 Nov 09:00:00</time></td>");
}

/* ---- words ---- */

static void
expect_span(int64_t ms, const char *words)
{
    cleanup_strbuf struct strbuf out = STRBUF_INIT;
    html_span(&out, ms);
    assert_string_equal(strbuf_str(&out), words);
}

static void
expect_took(uint64_t us, const char *words)
{
    cleanup_strbuf struct strbuf out = STRBUF_INIT;
    status_put_took(&out, us);
    assert_string_equal(strbuf_str(&out), words);
}

static void
test_words(void **state)
{
    (void)state;
    expect_span(-5, "0 s");
    expect_span(59999, "59 s");
    expect_span(60000, "1 min");
    expect_span(3599999, "59 min");
    expect_span(3600000, "1 h 0 min");
    expect_span(86399999, "23 h 59 min");
    expect_span(90000000, "1 d 1 h");
    expect_took(840, "0.8 ms");
    expect_took(9999, "10.0 ms");
    expect_took(10000, "10 ms");
    expect_took(999999, "999 ms");
    expect_took(1000000, "1.0 s");
}

static void
expect_hour(const struct hour *h, const char *words)
{
    cleanup_strbuf struct strbuf out = STRBUF_INIT;
    status_put_hour(&out, h, 7200000, WALL_MS);
    assert_string_equal(strbuf_str(&out), words);
}

static void
test_hour_in_words(void **state)
{
    (void)state;
    struct hour h = {0};
    expect_hour(&h, "No result from 08:00 to now.");
    hour_set(&h, 7200000 - 50 * MINUTE_MS, VERDICT_UP);
    expect_hour(&h, "No result from 08:00 to 08:10, otherwise up.");
    hour_set(&h, 7200000 - MINUTE_MS, VERDICT_DEGRADED);
    expect_hour(&h, "No result from 08:00 to 08:10, degraded from 08:59 to now, otherwise up.");
    h = (struct hour){0};
    hour_set(&h, 1000, VERDICT_UP);
    expect_hour(&h, "Up during the whole hour.");
    for (uint64_t t = 3600000; t < 7200000; t += 6 * MINUTE_MS) {
        hour_set(&h, t + 30000, VERDICT_DOWN);
        hour_set(&h, t + 60000, VERDICT_UNKNOWN);
        hour_set(&h, t + 90000, VERDICT_UP);
    }
    cleanup_strbuf struct strbuf out = STRBUF_INIT;
    status_put_hour(&out, &h, 7200000, WALL_MS);
    assert_non_null(strstr(strbuf_str(&out), " earlier stretches, then: "));
    assert_non_null(strstr(out.data, ", otherwise up."));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_overall, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_starting, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_worst_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_escaped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_head, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hour_and_changes, set_up, tear_down),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_hour_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
