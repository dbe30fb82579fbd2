#include "healthd/page/routes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"

struct route {
    char path[96];
    size_t len;
    struct page page;
    struct httpd_answer answer;
    size_t timestamp_at; /* in the answer's body; 0: it holds none */
};

struct routes {
    const struct render_facts *facts;
    enum details details;
    routes_metrics_fn *metrics;
    void *arg;
    struct route *routes;
    size_t n, size;
    struct httpd_answer scratch, not_found, not_allowed, bad_query;
    int64_t timestamp_s; /* what the prepared answers say */
};

/* ---- the table ---- */

static struct route *
find_route(const struct routes *r, const char *path, size_t len)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->routes[i].len == len && memcmp(r->routes[i].path, path, len) == 0)
            return &r->routes[i];
    return NULL;
}

static void
add_route(struct routes *r, const char *prefix, enum page_kind kind, const char *name)
{
    struct route route = {.page = {kind, name}};
    int n =
        snprintf(route.path, sizeof(route.path), "%s%s", prefix, kind == PAGE_HEALTH ? "" : name);
    if (n <= 0 || (size_t)n >= sizeof(route.path) || r->n == r->size ||
        find_route(r, route.path, (size_t)n))
        return;
    route.len = (size_t)n;
    r->routes[r->n++] = route;
}

static int
fill_table(struct routes *r)
{
    const struct render_facts *f = r->facts;
    size_t size = 4;
    for (size_t i = 0; i < f->n; i++)
        size += 1 + f->views[i].spec->n_groups;
    r->routes = calloc(size, sizeof(*r->routes));
    r->size = size;
    if (!r->routes)
        return -1;
    add_route(r, "/health/", PAGE_READY, "ready");
    add_route(r, "/health/", PAGE_LIVE, "live");
    add_route(r, "/health", PAGE_HEALTH, "health");
    add_route(r, "/health/", PAGE_STARTUP, "startup");
    for (size_t i = 0; i < f->n; i++) {
        const struct check_spec *spec = f->views[i].spec;
        add_route(r, "/health/check/", PAGE_CHECK, spec->name);
        for (size_t k = 0; k < spec->n_groups; k++)
            add_route(r, "/health/", PAGE_GROUP, spec->groups[k]);
    }
    return 0;
}

static bool
fixed(struct httpd_answer *a, int status, const char *body, const char *extra)
{
    strbuf_adds(&a->body, body);
    httpd_answer_finish(a, status, HTTPD_JSON, extra);
    return !httpd_answer_is_cut(a);
}

static bool
prepare_fixed(struct routes *r)
{
    return fixed(&r->not_found, 404, "{\"error\":\"not found\"}", "") &&
           fixed(&r->not_allowed, 405, "{\"error\":\"method not allowed\"}",
                 "Allow: GET, HEAD\r\n") &&
           fixed(&r->bad_query, 400, "{\"error\":\"unknown format, known are: json, text\"}", "");
}

struct routes *
routes_new(const struct render_facts *facts, enum details details, routes_metrics_fn *metrics,
           void *arg, struct err *e)
{
    struct routes *r = calloc(1, sizeof(*r));
    if (!r) {
        err_nomem(e);
        return NULL;
    }
    r->facts = facts;
    r->details = details;
    r->metrics = metrics;
    r->arg = arg;
    if (fill_table(r) < 0 || !prepare_fixed(r)) {
        routes_free(r);
        err_nomem(e);
        return NULL;
    }
    routes_prepare(r);
    return r;
}

void
routes_free(struct routes *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->n; i++)
        httpd_answer_done(&r->routes[i].answer);
    httpd_answer_done(&r->scratch);
    httpd_answer_done(&r->not_found);
    httpd_answer_done(&r->not_allowed);
    httpd_answer_done(&r->bad_query);
    free(r->routes);
    free(r);
}

static struct render_facts
facts_now(const struct routes *r)
{
    struct render_facts f = *r->facts;
    f.now_s = clock_wall_ms() / 1000;
    return f;
}

void
routes_prepare(struct routes *r)
{
    struct render_facts f = facts_now(r);
    for (size_t i = 0; i < r->n; i++) {
        struct route *route = &r->routes[i];
        route->timestamp_at = render_page(&f, &route->page, NULL, &route->answer);
    }
    r->timestamp_s = f.now_s;
}

/* ---- requests ---- */

/* The prepared answer with this second's time in it. Only one of them holds a time. */
static void
patch_timestamp(struct routes *r, struct route *route)
{
    int64_t now_s = clock_wall_ms() / 1000;
    char time[CLOCK_RFC3339_MAX];
    if (now_s == r->timestamp_s || route->timestamp_at == 0)
        return;
    clock_format_rfc3339(time, now_s * 1000000, 0);
    memcpy(route->answer.body.data + route->timestamp_at, time, RENDER_TIMESTAMP_BYTES);
    r->timestamp_s = now_s;
}

static bool
may_see_details(const struct routes *r, const struct httpd_request *q)
{
    return r->details == DETAILS_ALWAYS ||
           (r->details == DETAILS_LOCAL && q->local && !q->forwarded);
}

enum asked { ASKED_NOTHING, ASKED_SOMETHING, ASKED_NONSENSE };

/* verbose, exclude and format; what else there is is ignored. */
static enum asked
read_query(struct httpd_text query, struct render_query *ret)
{
    enum asked asked = ASKED_NOTHING;
    struct httpd_text name, value;
    bool verbose = false, json = false;
    while (httpd_query_next(&query, &name, &value)) {
        bool is_format = httpd_text_is(name, "format");
        if (httpd_text_is(name, "verbose"))
            verbose = true;
        else if (httpd_text_is(name, "exclude") && value.len > 0 &&
                 ret->n_excludes < RENDER_EXCLUDES_MAX)
            ret->excludes[ret->n_excludes++] = value;
        else if (is_format && value.at && httpd_text_is(value, "json"))
            json = true;
        else if (is_format && value.at && httpd_text_is(value, "text"))
            ret->text = true;
        else if (is_format)
            return ASKED_NONSENSE;
        else
            continue;
        asked = ASKED_SOMETHING;
    }
    ret->text = !json && (ret->text || verbose);
    return asked;
}

static const struct httpd_answer *
answer_page(struct routes *r, struct route *route, const struct httpd_request *q)
{
    struct render_query query = {.details = may_see_details(r, q)};
    enum asked asked = q->query.len > 0 ? read_query(q->query, &query) : ASKED_NOTHING;
    if (asked == ASKED_NONSENSE)
        return &r->bad_query;
    if (asked == ASKED_SOMETHING) {
        struct render_facts f = facts_now(r);
        render_page(&f, &route->page, &query, &r->scratch);
        return &r->scratch;
    }
    if (httpd_answer_is_cut(&route->answer))
        routes_prepare(r); /* perhaps there is memory again */
    patch_timestamp(r, route);
    return &route->answer;
}

static const struct httpd_answer *
answer_metrics(struct routes *r)
{
    struct render_facts f = facts_now(r);
    struct render_metrics m = {0};
    const struct page ready = {PAGE_READY, "ready"};
    m.ready = render_page_ok(&f, &ready, NULL);
    r->metrics(&m, r->arg);
    render_metrics(&f, &m, &r->scratch);
    return &r->scratch;
}

const struct httpd_answer *
routes_answer(const struct httpd_request *q, void *arg)
{
    struct routes *r = arg;
    struct httpd_text path = q->path;
    if (path.len > 1 && path.at[path.len - 1] == '/')
        path.len--;
    struct route *route = find_route(r, path.at, path.len);
    bool metrics = !route && httpd_text_is(path, "/metrics");
    if (!route && !metrics)
        return &r->not_found;
    if (q->method == HTTPD_OTHER)
        return &r->not_allowed;
    return metrics ? answer_metrics(r) : answer_page(r, route, q);
}
