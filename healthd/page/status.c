/* status.c: the page for people, from top to bottom. */
#include "healthd/page/status.h"

#include <math.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/http/html.h"
#include "healthd/page/status_words.h"

#define PROBLEMS_MAX 6 /* named at the top; all are further below */

struct canvas {
    struct strbuf *out;
    const struct render_facts *f;
    const struct status_page *p;
    int64_t wall_ms;
};

struct state_look {
    const char *word, *css_class;
};
static const struct state_look state_looks[VERDICT_STATES] = {
    [VERDICT_UNKNOWN] = {"Unknown", "unknown"},
    [VERDICT_UP] = {"Up", "up"},
    [VERDICT_DEGRADED] = {"Degraded", "degraded"},
    [VERDICT_DOWN] = {"Down", "down"},
};
/* What needs somebody stands first. */
static const enum verdict_state order[VERDICT_STATES] = {VERDICT_DOWN, VERDICT_UNKNOWN,
                                                         VERDICT_DEGRADED, VERDICT_UP};

static void
put(struct canvas *c, const char *text)
{
    strbuf_adds(c->out, text);
}

/* ---- signs: a form for each state, so that nothing depends on its colour ---- */

#define FORM_UP "<circle cx='12' cy='12' r='10'/><path class='in' d='M7.5 12.4l3 3 6-6.4'/>"
#define FORM_DEGRADED "<path d='M12 2.6 22.4 21H1.6z'/><path class='in' d='M12 9v5.4M12 17.4v.4'/>"
#define FORM_UNKNOWN                                                                                \
    "<circle cx='12' cy='12' r='10'/><path class='in' d='M9 9.4a3 3 0 1 1 4.4 2.7c-1 .5-1.4 1-1.4 " \
    "2M12 17v.4'/>"
#define FORM_DOWN                                                                                  \
    "<path d='M8 2h8l6 6v8l-6 6H8l-6-6V8z'/><path class='in' d='M8.4 8.4l7.2 7.2M15.6 "            \
    "8.4l-7.2 7.2'/>"

static const char signs[] =
    "<svg class='signs' aria-hidden='true'>"
    "<symbol id='sign-up' viewBox='0 0 24 24'>" FORM_UP "</symbol>"
    "<symbol id='sign-degraded' viewBox='0 0 24 24'>" FORM_DEGRADED "</symbol>"
    "<symbol id='sign-unknown' viewBox='0 0 24 24'>" FORM_UNKNOWN "</symbol>"
    "<symbol id='sign-down' viewBox='0 0 24 24'>" FORM_DOWN "</symbol>"
    "</svg>";

static void
put_sign(struct canvas *c, const char *css_class)
{
    strbuf_addf(c->out, "<svg class='sign %s' aria-hidden='true'><use href='#sign-%s'/></svg>",
                css_class, css_class);
}

/* The tab's: colours that stand out on light and dark. Within a URL # is %23, and < and > are escaped, too. */
static void
put_icon(struct canvas *c, const char *css_class)
{
    static const struct {
        const char *css_class, *colour, *form;
    } icons[] = {
        {"up", "%2323875a", "%3Ccircle cx='12' cy='12' r='11'/%3E"},
        {"degraded", "%23c27c0e", "%3Cpath d='M12 1 23.5 22H.5z'/%3E"},
        {"unknown", "%23788496", "%3Ccircle cx='12' cy='12' r='7'/%3E"},
        {"down", "%23d13f3f", "%3Cpath d='M1 1h22v22H1z'/%3E"},
    };
    size_t i = 0;
    while (strcmp(icons[i].css_class, css_class) != 0)
        i++;
    strbuf_addf(
        c->out,
        "<link rel=\"icon\" href=\"data:image/svg+xml,%%3Csvg "
        "xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='%s'%%3E%s%%3C/svg%%3E\">",
        icons[i].colour, icons[i].form);
}

/* ---- all of it in a word ---- */

struct overall {
    const char *css_class, *title, *text;
};

static bool
page_ok(const struct canvas *c, enum page_kind kind, const char *name)
{
    const struct page p = {kind, name};
    return render_page_ok(c->f, &p, NULL);
}

static size_t
count_state(const struct canvas *c, enum verdict_state s)
{
    size_t n = 0;
    for (size_t i = 0; i < c->f->n; i++)
        n += c->f->views[i].now.state == s;
    return n;
}

/* Something that readiness depends on has no result yet, and nothing is worse. */
static bool
is_starting(const struct canvas *c)
{
    for (size_t i = 0; i < c->f->n; i++) {
        const struct view *v = &c->f->views[i];
        if (check_spec_in_group(v->spec, "ready") && !view_is_well(v) && v->any)
            return false;
    }
    return true;
}

static struct overall
judge(const struct canvas *c)
{
    if (!page_ok(c, PAGE_LIVE, "live"))
        return (struct overall){"down", "Not alive",
                                "The liveness probe fails: the kubelet restarts the container."};
    if (c->f->draining)
        return (struct overall){"degraded", "Draining",
                                "healthd was told to stop. Readiness is refused, and requests are "
                                "still answered."};
    bool ready = page_ok(c, PAGE_READY, "ready");
    if (!ready && is_starting(c))
        return (struct overall){"unknown", "Starting",
                                "Not ready: some checks have no result yet."};
    if (!ready)
        return (struct overall){"down", "Not ready",
                                "The readiness probe fails: the pod gets no traffic."};
    if (c->f->n == 0)
        return (struct overall){"up", "Ready", "There is nothing to check."};
    if (count_state(c, VERDICT_UP) < c->f->n)
        return (struct overall){"degraded", "Ready, with problems",
                                "The pod gets traffic, although not all checks are healthy."};
    return (struct overall){"up", "Ready", "All checks are healthy."};
}

/* ---- head ---- */

static void
put_head(struct canvas *c, const struct overall *o)
{
    const char *service = c->f->service && c->f->service[0] != '\0' ? c->f->service : "healthd";
    put(c, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta "
           "name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>");
    strbuf_addf(c->out, "%s: ", o->title);
    html_text(c->out, service);
    put(c, "</title>");
    put_icon(c, o->css_class);
    put(c, "<style>");
    put(c, status_style);
    put(c, "</style></head>\n<body>");
    put(c, signs);
}

static void
put_since(struct canvas *c, const struct view *v)
{
    put(c, "since ");
    status_put_time(c->out, v->since_ms, c->wall_ms);
    put(c, " (");
    html_span(c->out, c->wall_ms - v->since_ms);
    put(c, ")");
}

static void
put_problem(struct canvas *c, const struct view *v)
{
    const char *name = v->spec->name;
    strbuf_addf(c->out, "<li><a href=\"#check-%s\">%s</a> ", name, name);
    if (!v->any) {
        put(c, "has not been checked yet</li>");
        return;
    }
    strbuf_addf(c->out, "is %s", verdict_text(v->now.state));
    if (v->now.reason != REASON_NONE)
        strbuf_addf(c->out, ": <b>%s</b>", reason_text(v->now.reason));
    put(c, ", ");
    put_since(c, v);
    put(c, "</li>");
}

static void
put_problems(struct canvas *c)
{
    size_t problems = c->f->n - count_state(c, VERDICT_UP), told = 0;
    if (problems == 0)
        return;
    put(c, "<ul class=\"problems\">");
    for (size_t s = 0; order[s] != VERDICT_UP; s++)
        for (size_t i = 0; i < c->f->n && told < PROBLEMS_MAX; i++)
            if (c->f->views[i].now.state == order[s]) {
                put_problem(c, &c->f->views[i]);
                told++;
            }
    if (problems > told)
        strbuf_addf(c->out, "<li>and %zu more</li>", problems - told);
    put(c, "</ul>");
}

static void
put_header(struct canvas *c, const struct overall *o)
{
    const struct render_facts *f = c->f;
    put(c, "<header><p class=\"service\">");
    if (f->service && f->service[0] != '\0') {
        put(c, "<b>");
        html_text(c->out, f->service);
        put(c, "</b> ");
    }
    if (f->version && f->version[0] != '\0')
        html_text(c->out, f->version);
    strbuf_addf(c->out, "</p><div class=\"overall %s\">", o->css_class);
    put_sign(c, o->css_class);
    strbuf_addf(c->out, "<div><h1>%s</h1><p>%s</p>", o->title, o->text);
    put_problems(c);
    put(c, "</div></div></header>\n<main>");
}

/* ---- checks ---- */

/* Ten times as long is a fifth of the height more: 0.1 ms at the foot, 10 s at the top. */
static uint8_t
level_of(uint32_t us)
{
    if (us == 0)
        return 0;
    double level = 20 * (log10(us) - 2);
    return (uint8_t)(level < 2 ? 2 : level > HTML_LEVEL_MAX ? HTML_LEVEL_MAX : level);
}

static const struct html_band bands[HOUR_STATES] = {
    [HOUR_NONE] = {"none", 0},          [HOUR_UP] = {"up", 0},
    [HOUR_DEGRADED] = {"degraded", 50}, [HOUR_UNKNOWN] = {"unknown", 100},
    [HOUR_DOWN] = {"down", 100},
};

/* Returns the longest time that a check took. */
static uint64_t
put_picture(struct canvas *c, const struct view *v)
{
    struct html_slot slots[HOUR_SLOTS];
    uint64_t longest_us = 0;
    for (size_t i = 0; i < HOUR_SLOTS; i++) {
        struct hour_slot s = hour_at(&v->hour, c->f->mono_ms, i);
        slots[i] = (struct html_slot){(uint8_t)s.worst, level_of(s.longest_us)};
        longest_us = s.longest_us > longest_us ? s.longest_us : longest_us;
    }
    struct strbuf title = STRBUF_INIT, text = STRBUF_INIT, id = STRBUF_INIT;
    strbuf_addf(&title, "The last hour of %s", v->spec->name);
    status_put_hour(&text, &v->hour, c->f->mono_ms, c->wall_ms);
    strbuf_addf(&id, "hour-%s", v->spec->name);
    const struct html_timeline t = {.title = strbuf_str(&title),
                                    .description = strbuf_str(&text),
                                    .id = strbuf_str(&id),
                                    .bands = bands,
                                    .n_bands = HOUR_STATES,
                                    .slots = slots,
                                    .n = HOUR_SLOTS};
    html_timeline(c->out, &t);
    c->out->failed |= title.failed || text.failed || id.failed;
    strbuf_done(&title);
    strbuf_done(&text);
    strbuf_done(&id);
    return longest_us;
}

static void
put_axis(struct canvas *c)
{
    put(c, "<p class=\"axis\" aria-hidden=\"true\">");
    for (int64_t minutes = 60; minutes >= 0; minutes -= 20) {
        put(c, "<span>");
        status_put_minute(c->out, c->wall_ms - minutes * 60000);
        put(c, "</span>");
    }
    put(c, "</p>");
}

static void
put_hour(struct canvas *c, const struct view *v)
{
    put(c,
        "<div class=\"hour\"><div class=\"picture\"><i class=\"s\" aria-hidden=\"true\">1 s</i><i "
        "class=\"ms\" aria-hidden=\"true\">1 ms</i>");
    uint64_t longest_us = put_picture(c, v);
    put(c, "</div>");
    put_axis(c);
    put(c, "<p class=\"facts\">");
    if (v->any) {
        put(c, "Last check ");
        html_span(c->out, (int64_t)(c->f->mono_ms - v->result_ms));
        put(c, " ago: ");
        status_put_took(c->out, (uint64_t)(v->stats.last_seconds * 1e6));
        put(c, ". Longest: ");
        status_put_took(c->out, longest_us);
        put(c, ".");
    }
    put(c, "</p></div>");
}

static void
put_about(struct canvas *c, const struct view *v)
{
    const struct check_spec *s = v->spec;
    put(c, "<p class=\"facts\">");
    html_text(c->out, s->kind->title);
    if (s->rules.optional)
        put(c, ", optional");
    for (size_t i = 0; i < s->n_groups; i++) {
        put(c, i == 0 ? " · group " : ", ");
        html_text(c->out, s->groups[i]);
    }
    put(c, "</p>");
}

static void
put_check(struct canvas *c, const struct view *v)
{
    const struct state_look *look = &state_looks[v->now.state];
    const char *name = v->spec->name;
    strbuf_addf(c->out,
                "<article id=\"check-%s\" class=\"check %s\" aria-labelledby=\"name-%s\"><div "
                "class=\"what\"><h3 id=\"name-%s\">",
                name, look->css_class, name, name);
    put_sign(c, look->css_class);
    strbuf_addf(c->out, "%s</h3><p class=\"state\"><b>%s", name, look->word);
    if (v->now.reason != REASON_NONE)
        strbuf_addf(c->out, ": %s", reason_text(v->now.reason));
    put(c, "</b>");
    if (v->any) {
        put(c, " <span class=\"since\">");
        put_since(c, v);
        put(c, "</span>");
    }
    put(c, "</p>");
    if (v->now.reason != REASON_NONE) {
        put(c, "<p class=\"why\">");
        html_text(c->out, reason_meaning(v->now.reason));
        put(c, "</p>");
    }
    put_about(c, v);
    put(c, "</div>");
    put_hour(c, v);
    put(c, "</article>");
}

static void
put_checks(struct canvas *c)
{
    put(c, "<section aria-labelledby=\"checks\"><h2 id=\"checks\">Checks <small>and their last "
           "hour</small></h2>");
    if (c->f->n == 0)
        put(c, "<p>Neither the environment nor a check names a server.</p>");
    for (size_t s = 0; s < VERDICT_STATES; s++)
        for (size_t i = 0; i < c->f->n; i++)
            if (c->f->views[i].now.state == order[s])
                put_check(c, &c->f->views[i]);
    put(c, "</section>\n");
}

/* ---- tables ---- */

static void
put_probes(struct canvas *c)
{
    put(c,
        "<section class=\"probes\" aria-labelledby=\"probes\"><h2 id=\"probes\">Probes</h2><table><thead><tr><th "
        "scope=\"col\">Path</th><th scope=\"col\">Answer</th></tr></thead><tbody>");
    for (size_t i = 0; i < c->p->n_probes; i++) {
        const struct page *p = c->p->probes[i];
        bool ok = render_page_ok(c->f, p, NULL);
        put(c, "<tr><th scope=\"row\">/health");
        if (p->kind != PAGE_HEALTH) {
            put(c, "/");
            html_text(c->out, p->name);
        }
        put(c, "</th><td>");
        put_sign(c, ok ? "up" : "down");
        put(c, ok ? "200</td></tr>" : "503</td></tr>");
    }
    put(c, "</tbody></table></section>\n");
}

static void
put_change(struct canvas *c, const struct history_change *h)
{
    put(c, "<tr><td>");
    status_put_time(c->out, h->at_ms, c->wall_ms);
    strbuf_addf(c->out, "</td><th scope=\"row\">%s</th><td>", h->check);
    put_sign(c, state_looks[h->state].css_class);
    strbuf_addf(c->out, "%s <span class=\"from\">from %s</span>", verdict_text(h->state),
                verdict_text(h->from));
    if (h->reason != REASON_NONE)
        strbuf_addf(c->out, ": <b>%s</b>", reason_text(h->reason));
    put(c, "</td></tr>");
}

static void
put_changes(struct canvas *c)
{
    size_t n = history_count(c->f->history);
    put(c, "<section class=\"changes\" aria-labelledby=\"changes\"><h2 id=\"changes\">Changes "
           "<small>the latest first</small></h2>");
    if (n == 0) {
        put(c, "<p>Nothing has changed since healthd was started.</p></section>\n");
        return;
    }
    put(c, "<table><thead><tr><th scope=\"col\">Time (UTC)</th><th scope=\"col\">Check</th><th "
           "scope=\"col\">Change</th></tr></thead><tbody>");
    for (size_t i = 0; i < n; i++)
        put_change(c, history_at(c->f->history, i));
    put(c, "</tbody></table></section>\n");
}

static void
put_footer(struct canvas *c)
{
    put(c, "</main>\n<footer><p>");
    put(c, "As of ");
    status_put_time(c->out, c->wall_ms, c->wall_ms);
    put(c, " UTC. ");
    if (c->p->paused)
        put(c, "This page stands still. <a href=\"?\">Refresh it again</a>");
    else
        strbuf_addf(c->out,
                    "This page is refreshed every %d s. <a href=\"?pause\">Let it stand still</a>",
                    STATUS_REFRESH_S);
    put(c, "</p><p>healthd " RR_VERSION ", started ");
    html_span(c->out, c->wall_ms - c->f->begun_ms);
    put(c, " ago</p></footer></body></html>\n");
}

/* ---- all of it ---- */

static void
finish(const struct status_page *p, int status, bool refresh, struct httpd_answer *ret)
{
    struct strbuf extra = STRBUF_INIT;
    strbuf_addf(&extra,
                "Content-Security-Policy: default-src 'none'; style-src %s; img-src data:; "
                "base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
                "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n",
                p->style_hash);
    if (refresh)
        strbuf_addf(&extra, "Refresh: %d\r\n", STATUS_REFRESH_S);
    httpd_answer_finish(ret, status, HTTPD_HTML, strbuf_str(&extra));
    ret->head.failed |= extra.failed;
    strbuf_done(&extra);
}

int
status_page_init(struct status_page *p, struct err *e)
{
    return html_csp_hash(status_style, p->style_hash, e);
}

void
render_status(const struct render_facts *f, const struct status_page *p, struct httpd_answer *ret)
{
    strbuf_clear(&ret->body);
    struct canvas c = {.out = &ret->body, .f = f, .p = p, .wall_ms = f->now_s * 1000};
    struct overall o = judge(&c);
    put_head(&c, &o);
    put_header(&c, &o);
    put_checks(&c);
    put(&c, "<div class=\"tables\">");
    put_changes(&c);
    put_probes(&c);
    put(&c, "</div>");
    put_footer(&c);
    finish(p, 200, !p->paused, ret);
}

void
render_status_withheld(const struct status_page *p, bool local, struct httpd_answer *ret)
{
    struct render_facts nothing = {0};
    strbuf_clear(&ret->body);
    struct canvas c = {.out = &ret->body, .f = &nothing, .p = p};
    const struct overall o = {"unknown", "Details withheld", NULL};
    put_head(&c, &o);
    put(&c, "<main><div class=\"overall unknown\">");
    put_sign(&c, o.css_class);
    put(&c, "<div><h1>Details withheld</h1><p>");
    put(&c, local
                ? "This page is shown to direct connections from within the pod alone, for example "
                  "those of <code>kubectl port-forward</code>, and not to a proxy's."
                : "This page is shown to nobody. It is with <code>--details local</code>: then to "
                  "direct connections from within the pod, such as those of <code>kubectl "
                  "port-forward</code>.");
    put(&c, "</p></div></div></main></body></html>\n");
    finish(p, 403, false, ret);
}
