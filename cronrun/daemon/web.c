/* web.c: the pages, made when somebody asks, at most once a second. */
#include "cronrun/daemon/web.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/prom.h"
#include "common/http/html.h"
#include "common/http/httpd.h"
#include "common/http/pages.h"

#define DEFAULT_ADDRESS "[::]:9181"
/* Each that reads slowly holds a copy of an answer. */
static const struct httpd_limits limits = {
    .request_ms = 2000, .keep_alive_ms = 5000, .connections = 32};

struct web {
    struct loop *loop;
    web_view_cb *cb;
    void *arg;
    struct httpd *httpd;
    struct pages *pages;
    struct httpd_answer live, ready, draining, metrics, page;
    int64_t page_s; /* second, part and way that `page` shows */
    size_t page_from;
    bool page_paused;
    char style_hash[HTML_CSP_HASH_MAX];
};

static struct view
view_now(struct web *w)
{
    struct view v = {0};
    w->cb(&v, w->arg);
    return v;
}

static const struct httpd_answer *
answer_live(const struct httpd_request *q, void *arg)
{
    (void)q;
    return &((struct web *)arg)->live;
}

static const struct httpd_answer *
answer_ready(const struct httpd_request *q, void *arg)
{
    struct web *w = arg;
    (void)q;
    return view_now(w).draining ? &w->draining : &w->ready;
}

static const struct httpd_answer *
answer_metrics(const struct httpd_request *q, void *arg)
{
    struct web *w = arg;
    (void)q;
    struct view v = view_now(w);
    v.stall_seconds = loop_stall_seconds(w->loop, true);
    v.http_requests = httpd_stats(w->httpd).requests;
    strbuf_clear(&w->metrics.body);
    view_metrics(&v, &w->metrics.body);
    httpd_answer_finish(&w->metrics, 200, PROM_CONTENT_TYPE, "");
    return &w->metrics;
}

/* ---- the page ---- */

static size_t
read_number(struct httpd_text text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len && i < 9; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return 0;
        n = n * 10 + (size_t)(text.at[i] - '0');
    }
    return n;
}

static void
make_page(struct web *w, const struct view *v)
{
    struct strbuf extra = STRBUF_INIT;
    strbuf_clear(&w->page.body);
    view_page(v, w->page_from, w->page_paused, &w->page.body);
    strbuf_addf(&extra,
                "Content-Security-Policy: default-src 'none'; style-src %s; img-src data:; "
                "base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
                "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n",
                w->style_hash);
    if (!w->page_paused)
        strbuf_addf(&extra, "Refresh: %d\r\n", VIEW_REFRESH_S);
    httpd_answer_finish(&w->page, 200, HTTPD_HTML, strbuf_str(&extra));
    w->page.head.failed |= extra.failed;
    strbuf_done(&extra);
}

static const struct httpd_answer *
answer_page(const struct httpd_request *q, void *arg)
{
    struct web *w = arg;
    struct httpd_text query = q->query, name, value;
    size_t from = 0;
    bool paused = false;
    while (httpd_query_next(&query, &name, &value)) {
        if (httpd_text_is(name, "pause"))
            paused = true;
        else if (httpd_text_is(name, "from") && value.at)
            from = read_number(value);
    }
    struct view v = view_now(w);
    if (w->page_s != v.now_ms / 1000 || w->page_from != from || w->page_paused != paused ||
        httpd_answer_is_cut(&w->page)) {
        w->page_s = v.now_ms / 1000;
        w->page_from = from;
        w->page_paused = paused;
        make_page(w, &v);
    }
    return &w->page;
}

/* ---- from start to end ---- */

static void
prepare(struct httpd_answer *a, int status, const char *body)
{
    strbuf_adds(&a->body, body);
    httpd_answer_finish(a, status, HTTPD_JSON, "");
}

static int
init(struct web *w, struct err *e)
{
    static const struct {
        const char *path;
        pages_cb *cb;
    } table[] = {
        {"/health/live", answer_live},
        {"/health/ready", answer_ready},
        {"/metrics", answer_metrics},
        {"/", answer_page},
    };
    prepare(&w->live, 200, "{\"status\":\"live\"}");
    prepare(&w->ready, 200, "{\"status\":\"ready\"}");
    prepare(&w->draining, 503, "{\"status\":\"draining\"}");
    w->page_s = -1;
    w->pages = pages_new(e);
    if (!w->pages || html_csp_hash(view_style, w->style_hash, e) < 0)
        return -1;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (pages_add(w->pages, table[i].path, table[i].cb, w, e) < 0)
            return -1;
    w->httpd = httpd_new(w->loop, &limits, pages_answer, w->pages, e);
    return w->httpd ? 0 : -1;
}

static int
listen_all(struct web *w, const struct opt_list *addresses, struct err *e)
{
    if (addresses->n == 0)
        return httpd_listen(w->httpd, DEFAULT_ADDRESS, e);
    for (size_t i = 0; i < addresses->n; i++)
        if (httpd_listen(w->httpd, addresses->items[i], e) < 0)
            return -1;
    return 0;
}

struct web *
web_new(struct loop *l, const struct opt_list *addresses, web_view_cb *cb, void *arg, struct err *e)
{
    err_clear(e);
    if (addresses->n == 1 && strcmp(addresses->items[0], "none") == 0)
        return NULL;
    struct web *w = calloc(1, sizeof(*w));
    if (!w) {
        err_nomem(e);
        return NULL;
    }
    w->loop = l;
    w->cb = cb;
    w->arg = arg;
    if (init(w, e) < 0 || listen_all(w, addresses, e) < 0) {
        web_free(w);
        return NULL;
    }
    return w;
}

void
web_free(struct web *w)
{
    if (!w)
        return;
    httpd_free(w->httpd);
    pages_free(w->pages);
    httpd_answer_done(&w->live);
    httpd_answer_done(&w->ready);
    httpd_answer_done(&w->draining);
    httpd_answer_done(&w->metrics);
    httpd_answer_done(&w->page);
    free(w);
}

const char *
web_bound(const struct web *w, size_t i)
{
    return httpd_bound(w->httpd, i);
}
