/* Which page is where, and what a request may ask of it. */
#include "healthd/page/routes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/http/pages.h"
#include "healthd/page/status.h"

struct route {
    struct routes *routes;
    struct page page;
    struct httpd_answer answer;
    size_t timestamp_at; /* in the answer's body; 0: it holds none */
    struct {
        struct httpd_answer answer;
        bool old; /* it is made anew when somebody asks */
    } text[2];    /* Kubernetes' form, without reasons and with them */
};

/* The page for people; made when somebody asks, at most once a second and once a change. */
struct status {
    struct status_page page;
    struct httpd_answer answer;
    int64_t said_s;
    bool old;
};

/* Selections (?exclude) that are asked for again, each as it stands in the query: there is any number of them, and few are used. */
#define SELECTIONS 8u
#define SELECTION_BYTES 128u

struct selection {
    const struct route *route; /* NULL: free */
    bool details;
    char query[SELECTION_BYTES];
    size_t query_len;
    struct httpd_answer answer;
    bool old;
    bool timed;     /* it holds a time: */
    int64_t said_s; /* this one */
};

struct routes {
    const struct render_facts *facts;
    enum details details;
    routes_metrics_fn *metrics;
    void *arg;
    struct pages *pages;
    struct own_paths *own;
    struct route *routes;
    size_t n;
    struct selection selections[SELECTIONS];
    unsigned next_selection; /* which gives way to a new one */
    struct httpd_answer scratch, bad_query, withheld;
    struct httpd_answer history;
    bool history_old;
    struct strbuf checks; /* their metrics */
    uint64_t checks_of;   /* how many results and changes they tell of */
    bool checks_old;
    struct status status, paused;
    struct httpd_answer status_withheld;
    int64_t timestamp_s; /* what the prepared answers say */
};

static pages_cb answer_page, answer_metrics, answer_status;

/* ---- the table ---- */

#define PATH_BYTES 96

/* Two groups, or a group and a page, may have one name: the first has the path. */
static int
add_route(struct routes *r, const char *prefix, enum page_kind kind, const char *name,
          struct err *e)
{
    struct route *route = &r->routes[r->n];
    char path[PATH_BYTES];
    snprintf(path, sizeof(path), "%s%s", prefix, kind == PAGE_HEALTH ? "" : name);
    if (pages_have(r->pages, path))
        return 0;
    *route = (struct route){.routes = r, .page = {kind, name}};
    r->n++;
    return pages_add(r->pages, path, answer_page, route, e);
}

static int
add_routes_of(struct routes *r, const struct check_spec *spec, struct err *e)
{
    if (add_route(r, "/health/check/", PAGE_CHECK, spec->name, e) < 0)
        return -1;
    for (size_t k = 0; k < spec->n_groups; k++)
        if (add_route(r, "/health/", PAGE_GROUP, spec->groups[k], e) < 0)
            return -1;
    return 0;
}

static int
fill_table(struct routes *r, struct err *e)
{
    const struct render_facts *f = r->facts;
    size_t size = 4;
    for (size_t i = 0; i < f->n; i++)
        size += 1 + f->views[i].spec->n_groups;
    r->routes = calloc(size, sizeof(*r->routes));
    if (!r->routes)
        return err_nomem(e);
    if (add_route(r, "/health/", PAGE_READY, "ready", e) < 0 ||
        add_route(r, "/health/", PAGE_LIVE, "live", e) < 0 ||
        add_route(r, "/health", PAGE_HEALTH, "health", e) < 0 ||
        add_route(r, "/health/", PAGE_STARTUP, "startup", e) < 0)
        return -1;
    for (size_t i = 0; i < f->n; i++)
        if (add_routes_of(r, f->views[i].spec, e) < 0)
            return -1;
    return pages_add(r->pages, "/metrics", answer_metrics, r, e) < 0
               ? -1
               : pages_add(r->pages, "/status", answer_status, r, e);
}

/* It lists the pages of groups. */
static int
init_status(struct routes *r, struct err *e)
{
    struct status_page *p = &r->status.page;
    if (status_page_init(p, e) < 0)
        return -1;
    for (size_t i = 0; i < r->n && p->n_probes < STATUS_PROBES_MAX; i++)
        if (r->routes[i].page.kind != PAGE_CHECK)
            p->probes[p->n_probes++] = &r->routes[i].page;
    r->paused.page = *p;
    r->paused.page.paused = true;
    render_status_withheld(p, r->details == DETAILS_LOCAL, &r->status_withheld);
    return httpd_answer_is_cut(&r->status_withheld) ? err_nomem(e) : 0;
}

struct routes *
routes_new(const struct render_facts *facts, const struct routes_settings *settings,
           routes_metrics_fn *metrics, void *arg, struct err *e)
{
    struct routes *r = calloc(1, sizeof(*r));
    if (!r) {
        err_nomem(e);
        return NULL;
    }
    r->facts = facts;
    r->details = settings->details;
    r->metrics = metrics;
    r->arg = arg;
    r->pages = pages_new(e);
    if (r->pages && fill_table(r, e) == 0 && init_status(r, e) == 0)
        r->own = own_paths_new(&settings->own, r->pages, e);
    if (!r->own ||
        pages_prepare_error(&r->withheld, 403, "{\"error\":\"details withheld\"}", "", e) < 0 ||
        pages_prepare_error(&r->bad_query, 400,
                            "{\"error\":\"unknown format, known are: json, text\"}", "", e) < 0) {
        routes_free(r);
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
    for (size_t i = 0; i < r->n; i++) {
        httpd_answer_done(&r->routes[i].answer);
        httpd_answer_done(&r->routes[i].text[false].answer);
        httpd_answer_done(&r->routes[i].text[true].answer);
    }
    for (size_t i = 0; i < SELECTIONS; i++)
        httpd_answer_done(&r->selections[i].answer);
    strbuf_done(&r->checks);
    httpd_answer_done(&r->scratch);
    httpd_answer_done(&r->bad_query);
    httpd_answer_done(&r->withheld);
    httpd_answer_done(&r->history);
    httpd_answer_done(&r->status.answer);
    httpd_answer_done(&r->paused.answer);
    httpd_answer_done(&r->status_withheld);
    pages_free(r->pages);
    own_paths_free(r->own);
    free(r->routes);
    free(r);
}

int
routes_try(struct check_spec *const *specs, size_t n, const struct routes_settings *settings,
           struct err *e)
{
    const struct history none = {0};
    cleanup_free struct view *views = calloc(n + 1, sizeof(*views));
    if (!views)
        return err_nomem(e);
    for (size_t i = 0; i < n; i++)
        views[i].spec = specs[i];
    const struct render_facts facts = {.views = views, .n = n, .history = &none};
    struct routes *routes = routes_new(&facts, settings, NULL, NULL, e);
    routes_free(routes);
    return routes ? 0 : -1;
}

static struct render_facts
facts_now(const struct routes *r)
{
    struct render_facts f = *r->facts;
    f.now_s = clock_wall_ms() / 1000;
    f.mono_ms = clock_mono_ms();
    return f;
}

void
routes_prepare(struct routes *r)
{
    struct render_facts f = facts_now(r);
    for (size_t i = 0; i < r->n; i++) {
        struct route *route = &r->routes[i];
        route->timestamp_at = render_page(&f, &route->page, NULL, &route->answer);
        route->text[false].old = route->text[true].old = true;
    }
    for (size_t i = 0; i < SELECTIONS; i++)
        r->selections[i].old = true;
    r->timestamp_s = f.now_s;
    r->checks_old = r->history_old = r->status.old = r->paused.old = true;
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

enum asked { ASKED_NOTHING, ASKED_HISTORY, ASKED_NONSENSE };

/* verbose, exclude, format and history; what else there is is ignored. */
static enum asked
read_query(struct httpd_text query, struct render_query *ret)
{
    struct httpd_text name, value;
    bool verbose = false, json = false, history = false;
    while (httpd_query_next(&query, &name, &value)) {
        bool is_format = httpd_text_is(name, "format");
        if (httpd_text_is(name, "verbose"))
            verbose = true;
        else if (httpd_text_is(name, "history"))
            history = true;
        else if (httpd_text_is(name, "exclude") && value.len > 0 &&
                 ret->n_excludes < RENDER_EXCLUDES_MAX)
            ret->excludes[ret->n_excludes++] = value;
        else if (is_format && value.at && httpd_text_is(value, "json"))
            json = true;
        else if (is_format && value.at && httpd_text_is(value, "text"))
            ret->text = true;
        else if (is_format)
            return ASKED_NONSENSE;
    }
    ret->text = !json && (ret->text || verbose);
    return history ? ASKED_HISTORY : ASKED_NOTHING;
}

static const struct httpd_answer *
answer_history(struct routes *r, bool details)
{
    if (!details)
        return &r->withheld;
    if (r->history_old || httpd_answer_is_cut(&r->history))
        render_history(r->facts, &r->history);
    r->history_old = false;
    return &r->history;
}

static const struct httpd_answer *
answer_text(struct routes *r, struct route *route, bool details)
{
    struct httpd_answer *a = &route->text[details].answer;
    if (route->text[details].old || httpd_answer_is_cut(a)) {
        struct render_facts f = facts_now(r);
        render_page(&f, &route->page, &(struct render_query){.text = true, .details = details}, a);
    }
    route->text[details].old = false;
    return a;
}

static struct selection *
find_selection(struct routes *r, const struct route *route, struct httpd_text query, bool details)
{
    for (size_t i = 0; i < SELECTIONS; i++) {
        struct selection *s = &r->selections[i];
        if (s->route == route && s->details == details && s->query_len == query.len &&
            memcmp(s->query, query.at, query.len) == 0)
            return s;
    }
    struct selection *s = &r->selections[r->next_selection++ % SELECTIONS];
    s->route = route;
    s->details = details;
    memcpy(s->query, query.at, query.len);
    s->query_len = query.len;
    s->old = true;
    return s;
}

/* The only answer that a client can have any number of. text: the query as it came. */
static const struct httpd_answer *
answer_without(struct routes *r, const struct route *route, struct httpd_text text,
               const struct render_query *query)
{
    struct render_facts f = facts_now(r);
    if (text.len > SELECTION_BYTES) {
        render_page(&f, &route->page, query, &r->scratch);
        return &r->scratch;
    }
    struct selection *s = find_selection(r, route, text, query->details);
    if (s->old || (s->timed && s->said_s != f.now_s) || httpd_answer_is_cut(&s->answer))
        s->timed = render_page(&f, &route->page, query, &s->answer) > 0;
    s->old = false;
    s->said_s = f.now_s;
    return &s->answer;
}

static const struct httpd_answer *
answer_page(const struct httpd_request *q, void *arg)
{
    struct route *route = arg;
    struct routes *r = route->routes;
    struct render_query query = {.details = may_see_details(r, q)};
    enum asked asked = q->query.len > 0 ? read_query(q->query, &query) : ASKED_NOTHING;
    if (asked == ASKED_NONSENSE)
        return &r->bad_query;
    if (asked == ASKED_HISTORY && route->page.kind == PAGE_HEALTH)
        return answer_history(r, query.details);
    if (query.n_excludes > 0)
        return answer_without(r, route, q->query, &query);
    if (query.text)
        return answer_text(r, route, query.details);
    if (httpd_answer_is_cut(&route->answer))
        routes_prepare(r); /* perhaps there is memory again */
    patch_timestamp(r, route);
    return &route->answer;
}

/* It rises with each of them. */
static uint64_t
results_and_changes(const struct render_facts *f)
{
    uint64_t n = 0;
    for (size_t i = 0; i < f->n; i++) {
        const struct view_stats *s = &f->views[i].stats;
        n += s->checks + s->logins + s->changes;
    }
    return n;
}

static const struct httpd_answer *
answer_metrics(const struct httpd_request *q, void *arg)
{
    struct routes *r = arg;
    (void)q;
    struct render_facts f = facts_now(r);
    struct render_metrics m = {0};
    const struct page ready = {PAGE_READY, "ready"};
    uint64_t now = results_and_changes(&f);
    if (r->checks_old || r->checks_of != now || r->checks.failed)
        render_metrics_of_checks(&f, &r->checks);
    r->checks_old = false;
    r->checks_of = now;
    m.ready = render_page_ok(&f, &ready, NULL);
    r->metrics(&m, r->arg);
    render_metrics(&f, &m, &r->checks, &r->scratch);
    return &r->scratch;
}

static bool
asks_for_pause(struct httpd_text query)
{
    struct httpd_text name, value;
    while (httpd_query_next(&query, &name, &value))
        if (httpd_text_is(name, "pause"))
            return true;
    return false;
}

static const struct httpd_answer *
answer_status(const struct httpd_request *q, void *arg)
{
    struct routes *r = arg;
    struct status *s = asks_for_pause(q->query) ? &r->paused : &r->status;
    if (!may_see_details(r, q))
        return &r->status_withheld;
    struct render_facts f = facts_now(r);
    if (s->old || s->said_s != f.now_s || httpd_answer_is_cut(&s->answer))
        render_status(&f, &s->page, &s->answer);
    s->old = false;
    s->said_s = f.now_s;
    return &s->answer;
}

const struct httpd_answer *
routes_answer(const struct httpd_request *q, void *arg)
{
    return pages_answer(q, ((struct routes *)arg)->pages);
}
