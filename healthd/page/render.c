/* render.c: bodies in JSON and in the text form of Kubernetes. */
#include "healthd/page/render.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/base/json.h"

static const struct render_query plain = {0};

/* ---- which checks, and whether that is well ---- */

static bool
is_excluded(const struct render_query *q, const char *name)
{
    for (size_t i = 0; i < q->n_excludes; i++)
        if (httpd_text_is(q->excludes[i], name))
            return true;
    return false;
}

static bool
on_page(const struct page *p, const struct view *v)
{
    switch (p->kind) {
    case PAGE_HEALTH:
        return true;
    case PAGE_CHECK:
        return strcmp(v->spec->name, p->name) == 0;
    default:
        return check_spec_in_group(v->spec, p->name);
    }
}

static bool
check_ok(const struct page *p, const struct view *v)
{
    switch (p->kind) {
    case PAGE_LIVE: /* not known yet is no reason to kill */
        return v->now.state != VERDICT_DOWN;
    case PAGE_STARTUP:
        return v->was_up || v->spec->rules.optional;
    case PAGE_CHECK:
        return verdict_passes(v->now.state);
    default:
        return verdict_passes(v->now.state) || v->spec->rules.optional;
    }
}

static bool
all_ok(const struct render_facts *f, const struct page *p, const struct render_query *q)
{
    for (size_t i = 0; i < f->n; i++) {
        const struct view *v = &f->views[i];
        if (on_page(p, v) && !is_excluded(q, v->spec->name) && !check_ok(p, v))
            return false;
    }
    return true;
}

static bool
ready_ok(const struct render_facts *f, const struct render_query *q)
{
    const struct page ready = {PAGE_READY, "ready"};
    return !f->draining && all_ok(f, &ready, q);
}

bool
render_page_ok(const struct render_facts *f, const struct page *p, const struct render_query *query)
{
    const struct render_query *q = query ? query : &plain;
    switch (p->kind) {
    case PAGE_HEALTH:
        return !f->strict || ready_ok(f, q);
    case PAGE_READY:
        return ready_ok(f, q);
    case PAGE_STARTUP:
        return f->started || all_ok(f, p, q);
    default:
        return all_ok(f, p, q);
    }
}

bool
render_all_started(const struct render_facts *f)
{
    const struct page startup = {PAGE_STARTUP, "startup"};
    return all_ok(f, &startup, &plain);
}

/* ---- JSON ---- */

static const char *
health_word(const struct render_facts *f, const struct render_query *q)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->views[i].now.state != VERDICT_UP && !is_excluded(q, f->views[i].spec->name))
            return "degraded";
    return f->strict && !ready_ok(f, q) ? "degraded" : "ok";
}

static const char *
status_word(const struct render_facts *f, const struct page *p, const struct render_query *q,
            bool ok)
{
    switch (p->kind) {
    case PAGE_HEALTH:
        return health_word(f, q);
    case PAGE_LIVE:
        return ok ? "alive" : "dead";
    case PAGE_STARTUP:
        return ok ? "started" : "starting";
    case PAGE_READY:
        if (f->draining)
            return "draining";
        return ok ? "ready" : "not_ready";
    default:
        return ok ? "ready" : "not_ready";
    }
}

static void
put_identity(struct json *j, const struct render_facts *f)
{
    if (f->service && f->service[0] != '\0')
        json_kstr(j, "service", f->service);
    if (f->version && f->version[0] != '\0')
        json_kstr(j, "version", f->version);
}

static void
put_words(struct json *j, const struct render_facts *f, const struct page *p,
          const struct render_query *q)
{
    for (size_t i = 0; i < f->n; i++) {
        const struct view *v = &f->views[i];
        if (on_page(p, v) && !is_excluded(q, v->spec->name))
            json_kstr(j, v->spec->name,
                      verdict_passes(v->now.state) ? v->spec->word_up : v->spec->word_down);
    }
}

/* The time of the answer; returns where its text stands. */
static size_t
put_timestamp(struct json *j, const struct render_facts *f)
{
    char time[CLOCK_RFC3339_MAX];
    json_kstr(j, "timestamp", clock_format_rfc3339(time, f->now_s * 1000000, 0));
    return j->out->len - RENDER_TIMESTAMP_BYTES - 1; /* the quote is behind it */
}

static size_t
put_json(struct strbuf *out, const struct render_facts *f, const struct page *p,
         const struct render_query *q, bool ok)
{
    struct json j = json_on(out);
    size_t timestamp_at = 0;
    json_object(&j);
    json_kstr(&j, "status", status_word(f, p, q, ok));
    if (p->kind == PAGE_LIVE || p->kind == PAGE_HEALTH)
        put_identity(&j, f);
    if (p->kind == PAGE_HEALTH)
        timestamp_at = put_timestamp(&j, f);
    bool bare =
        p->kind == PAGE_LIVE || p->kind == PAGE_STARTUP || (p->kind == PAGE_READY && f->draining);
    if (!bare)
        put_words(&j, f, p, q);
    json_end(&j);
    return timestamp_at;
}

/* ---- Kubernetes' text form ---- */

static void
put_line(struct strbuf *out, const struct page *p, const struct render_query *q,
         const struct view *v)
{
    const char *name = v->spec->name;
    if (is_excluded(q, name)) {
        strbuf_addf(out, "[+]%s excluded: ok\n", name);
        return;
    }
    const char *why = !q->details                    ? "reason withheld"
                      : v->now.reason != REASON_NONE ? reason_text(v->now.reason)
                                                     : "not checked yet";
    bool startup = p->kind == PAGE_STARTUP;
    bool well = startup ? check_ok(p, v) : v->now.state == VERDICT_UP;
    if (well)
        strbuf_addf(out, "[+]%s ok\n", name);
    else if (!startup && v->now.state == VERDICT_DEGRADED)
        strbuf_addf(out, "[+]%s degraded: %s\n", name, why);
    else if (check_ok(p, v))
        strbuf_addf(out, "[+]%s unknown: %s\n", name, why);
    else
        strbuf_addf(out, "[-]%s failed: %s\n", name, why);
}

static bool
is_known(const struct render_facts *f, const struct page *p, struct httpd_text name)
{
    for (size_t i = 0; i < f->n; i++)
        if (on_page(p, &f->views[i]) && httpd_text_is(name, f->views[i].spec->name))
            return true;
    return false;
}

/* The names that exclude nothing, quoted and parted by commas, as the API server reports them. */
static void
put_unmatched(struct strbuf *out, const struct render_facts *f, const struct page *p,
              const struct render_query *q)
{
    bool any = false;
    for (size_t i = 0; i < q->n_excludes; i++) {
        struct httpd_text x = q->excludes[i];
        if (is_known(f, p, x))
            continue;
        strbuf_adds(out, any ? ",\"" : "\"");
        any = true;
        for (size_t k = 0; k < x.len && k < CHECK_NAME_MAX; k++)
            strbuf_addc(out, strchr("\"\\<>&", x.at[k]) ? '?' : x.at[k]);
        strbuf_addc(out, '"');
    }
}

static void
put_text(struct strbuf *out, const struct render_facts *f, const struct page *p,
         const struct render_query *q, bool ok)
{
    struct strbuf unmatched = STRBUF_INIT;
    for (size_t i = 0; i < f->n; i++)
        if (on_page(p, &f->views[i]))
            put_line(out, p, q, &f->views[i]);
    if (f->draining && (p->kind == PAGE_READY || (p->kind == PAGE_HEALTH && f->strict)))
        strbuf_addf(out, "[-]shutdown failed: %s\n", q->details ? "draining" : "reason withheld");
    put_unmatched(&unmatched, f, p, q);
    if (unmatched.len > 0)
        strbuf_addf(out, "warn: some health checks cannot be excluded: no matches for %s\n",
                    strbuf_str(&unmatched));
    strbuf_done(&unmatched);
    strbuf_addf(out, "%s check %s\n", p->name, ok ? "passed" : "failed");
}

/*
 * The same in JSON's case: a header line (RFC 7234, 5.5). Its text is a quoted string, so the
 * quotes within become single ones.
 */
static void
put_warning(struct strbuf *out, const struct render_facts *f, const struct page *p,
            const struct render_query *q)
{
    struct strbuf names = STRBUF_INIT;
    put_unmatched(&names, f, p, q);
    for (size_t i = 0; i < names.len; i++)
        names.data[i] = names.data[i] == '"' ? '\'' : names.data[i];
    if (names.len > 0)
        strbuf_addf(out,
                    "Warning: 299 healthd \"some health checks cannot be excluded: no matches for "
                    "%s\"\r\n",
                    names.data);
    strbuf_done(&names);
}

size_t
render_page(const struct render_facts *f, const struct page *p, const struct render_query *query,
            struct httpd_answer *ret)
{
    const struct render_query *q = query ? query : &plain;
    struct strbuf extra = STRBUF_INIT;
    bool ok = render_page_ok(f, p, q);
    size_t timestamp_at = 0;
    strbuf_clear(&ret->body);
    if (q->text)
        put_text(&ret->body, f, p, q, ok);
    else
        timestamp_at = put_json(&ret->body, f, p, q, ok);
    if (!q->text && q->n_excludes > 0)
        put_warning(&extra, f, p, q);
    httpd_answer_finish(ret, ok ? 200 : 503, q->text ? HTTPD_TEXT : HTTPD_JSON, strbuf_str(&extra));
    strbuf_done(&extra);
    return httpd_answer_is_cut(ret) ? 0 : timestamp_at;
}
