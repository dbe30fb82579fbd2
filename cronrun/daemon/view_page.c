/* view_page.c: the page for people, from top to bottom. */
#include <stdio.h>
#include <string.h>

#include "common/http/html.h"
#include "cronrun/daemon/view.h"

#define PROBLEMS_MAX 6
#define TIMES_TOLD 10
#define NEXT_TOLD 3

struct canvas {
    struct strbuf *out;
    const struct view *v;
};

static void
put(struct canvas *c, const char *text)
{
    strbuf_adds(c->out, text);
}

static void
put_sign(struct canvas *c, const char *css_class)
{
    strbuf_addf(c->out, "<svg class='sign %s' aria-hidden='true'><use href='#mark-%s'/></svg>",
                css_class, css_class);
}

static bool
has_run(const struct job *job)
{
    return job->past.last_end_ms >= 0;
}

/* Its last run went wrong. */
static bool
is_bad(const struct job *job)
{
    return has_run(job) &&
           (job->past.last.kind == PAST_FAILURE || job->past.last.kind == PAST_DEADLINE);
}

static const char *
class_of(const struct job *job)
{
    if (job->running_since_ms >= 0)
        return "running";
    return has_run(job) ? past_name((enum past_kind)job->past.last.kind) : "none";
}

/* ---- all of it in a word ---- */

struct overall {
    const char *css_class, *mark, *title, *text;
};

static size_t
count_bad(const struct view *v)
{
    size_t n = 0;
    for (size_t i = 0; i < v->n; i++)
        n += is_bad(v->jobs[i]);
    return n;
}

static struct overall
judge(const struct view *v, size_t bad)
{
    if (v->draining)
        return (struct overall){"warn", "stopped", "Stopping",
                                "The daemon was told to stop: nothing is started any more."};
    if (bad == 1)
        return (struct overall){"bad", "failure", "A job has failed", "Its last run went wrong."};
    if (bad > 1)
        return (struct overall){"bad", "failure", "Jobs have failed",
                                "Their last runs went wrong."};
    if (v->refused)
        return (struct overall){
            "warn", "stopped", "Crontab refused",
            "The file was changed and has errors; the previous one goes on. The "
            "log names them."};
    if (v->n == 0)
        return (struct overall){"warn", "none", "No jobs", "The crontab has none."};
    return (struct overall){"good", "success", "In order", "No job's last run has failed."};
}

static void
put_head(struct canvas *c, const struct overall *o)
{
    static const char *const colours[][2] = {
        {"good", "%2323875a"}, {"warn", "%23c27c0e"}, {"bad", "%23d13f3f"}};
    size_t i = 0;
    while (strcmp(colours[i][0], o->css_class) != 0)
        i++;
    put(c, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta "
           "name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>");
    strbuf_addf(c->out, "%s: cronrun</title>", o->title);
    strbuf_addf(c->out,
                "<link rel=\"icon\" href=\"data:image/svg+xml,%%3Csvg "
                "xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='%s'%%3E%%3Cpath "
                "d='M1 1h22v22H1z'/%%3E%%3C/svg%%3E\">",
                colours[i][1]);
    put(c, "<style>");
    put(c, view_style);
    put(c, "</style></head>\n<body>");
    put(c, view_marks);
}

static void
put_problems(struct canvas *c, size_t bad)
{
    size_t told = 0;
    if (bad == 0)
        return;
    put(c, "<ul class=\"problems\">");
    for (size_t i = 0; i < c->v->n && told < PROBLEMS_MAX; i++) {
        const struct job *job = c->v->jobs[i];
        if (!is_bad(job))
            continue;
        strbuf_addf(c->out, "<li><a href=\"?from=%zu#job-%zu\">",
                    i / VIEW_JOBS_A_PAGE * VIEW_JOBS_A_PAGE, i);
        html_text(c->out, job->name);
        strbuf_addf(c->out, "</a> %s, ", view_word((enum past_kind)job->past.last.kind));
        html_span(c->out, c->v->now_ms - job->past.last_end_ms);
        put(c, " ago</li>");
        told++;
    }
    if (bad > told)
        strbuf_addf(c->out, "<li>and %zu more</li>", bad - told);
    put(c, "</ul>");
}

/* ---- a job ---- */

static void
put_state(struct canvas *c, const struct job *job)
{
    const struct past_time *last = &job->past.last;
    put(c, "<p class=\"state\"><b>");
    if (job->running_since_ms >= 0) {
        put(c, "Running</b> for ");
        view_took(c->out, c->v->now_ms - job->running_since_ms);
        put(c, job->waits ? "; another start waits</p>" : "</p>");
        return;
    }
    if (job->again) {
        put(c, "Not started yet</b>: no process could be made; it is tried again</p>");
        return;
    }
    if (!has_run(job)) {
        put(c, "Not run yet</b></p>");
        return;
    }
    strbuf_addf(c->out, "Last %s</b>", view_word((enum past_kind)last->kind));
    if (last->kind == PAST_FAILURE)
        strbuf_addf(c->out, " with exit status %u", last->exit);
    put(c, ", ");
    html_span(c->out, c->v->now_ms - job->past.last_end_ms);
    put(c, " ago</p>");
}

/* The times after the next. */
static void
put_later(struct canvas *c, const struct due *d)
{
    int64_t at_s = d->next_s;
    for (int i = 0; i < NEXT_TOLD - 1; i++) {
        if (!cron_next(d->rules.when, d->rules.zone, d->rules.dst, at_s, &at_s))
            return;
        put(c, i == 0 ? ", then " : ", ");
        view_time(c->out, at_s * 1000, c->v->now_ms, d->rules.zone);
    }
}

static void
put_schedule(struct canvas *c, const struct job *job)
{
    static const char *const policies[] = {"forbid", "allow", "replace", "queue"};
    put(c, "<p class=\"facts\"><code>");
    html_text(c->out, job->tab->expression);
    put(c, "</code>, ");
    html_text(c->out, job->zone_name);
    if (job->tab->policy != TAB_FORBID)
        strbuf_addf(c->out, ", policy %s", policies[job->tab->policy]);
    put(c, "</p><p class=\"facts\">");
    if (job->due.next_s == DUE_NEVER) {
        put(c, "It never comes again.</p>");
        return;
    }
    put(c, "Next ");
    view_time(c->out, job->due.next_s * 1000, c->v->now_ms, job->due.rules.zone);
    put(c, " (in ");
    html_span(c->out, job->due.next_s * 1000 - c->v->now_ms + 999);
    put(c, ")");
    put_later(c, &job->due);
    put(c, "</p>");
}

static void
put_durations(struct canvas *c, const struct job *job)
{
    const struct past_time *last = &job->past.last;
    uint32_t longest_ms = 0;
    for (size_t i = 0; i < job->past.n; i++)
        if (past_at(&job->past, i)->took_ms > longest_ms)
            longest_ms = past_at(&job->past, i)->took_ms;
    if (!has_run(job) || last->started_ms < 0)
        return;
    put(c, "<p class=\"facts\">Last run ");
    view_took(c->out, last->took_ms);
    put(c, ", longest ");
    view_took(c->out, longest_ms);
    if (last->deadline_ms > 0) {
        put(c, "; the dashed line is the deadline of ");
        view_took(c->out, last->deadline_ms);
    }
    put(c, ".</p>");
}

static void
put_times(struct canvas *c, const struct job *job)
{
    size_t n = job->past.n, from = n > TIMES_TOLD ? n - TIMES_TOLD : 0;
    if (n == 0)
        return;
    put(c, "<details><summary>Last times</summary><table><thead><tr><th scope=\"col\">Time (");
    html_text(c->out, job->zone_name);
    put(c, ")</th><th scope=\"col\">Result</th><th scope=\"col\">Took</th></tr></thead><tbody>");
    for (size_t i = n; i-- > from;) {
        const struct past_time *t = past_at(&job->past, i);
        put(c, "<tr><th scope=\"row\">");
        view_time(c->out, t->at_s * 1000, c->v->now_ms, job->due.rules.zone);
        put(c, "</th><td>");
        put_sign(c, past_name((enum past_kind)t->kind));
        put(c, view_word((enum past_kind)t->kind));
        put(c, "</td><td>");
        if (t->started_ms >= 0)
            view_took(c->out, t->took_ms);
        put(c, "</td></tr>");
    }
    put(c, "</tbody></table></details>");
}

static void
put_job(struct canvas *c, size_t i)
{
    const struct job *job = c->v->jobs[i];
    char id[32];
    snprintf(id, sizeof(id), "job-%zu", i);
    strbuf_addf(
        c->out,
        "<article id=\"%s\" class=\"job is-%s\" aria-labelledby=\"%s-n\"><div><h3 id=\"%s-n\">", id,
        class_of(job), id, id);
    put_sign(c, class_of(job));
    html_text(c->out, job->name);
    put(c, "</h3>");
    put_state(c, job);
    put_schedule(c, job);
    put(c, "</div><div>");
    view_timeline(c->out, job, id, c->v->now_ms);
    put_durations(c, job);
    put_times(c, job);
    put(c, "</div></article>\n");
}

/* ---- all of it ---- */

static void
put_legend(struct canvas *c)
{
    put(c, "<h2>Signs <small>a column is a time, its height how long it took, the newest at the "
           "right</small></h2><ul class=\"legend\">");
    for (enum past_kind kind = 0; kind < PAST_KINDS; kind++) {
        put(c, "<li>");
        put_sign(c, past_name(kind));
        put(c, view_word(kind));
        put(c, "</li>");
    }
    put(c, "<li>");
    put_sign(c, "running");
    put(c, "running</li><li>");
    put_sign(c, "none");
    put(c, "next, or not run yet</li></ul>");
}

static void
put_pages(struct canvas *c, size_t from)
{
    size_t n = c->v->n;
    if (n <= VIEW_JOBS_A_PAGE)
        return;
    size_t to = from + VIEW_JOBS_A_PAGE < n ? from + VIEW_JOBS_A_PAGE : n;
    strbuf_addf(c->out, "<nav class=\"pages\" aria-label=\"Pages\">Jobs %zu to %zu of %zu.",
                from + 1, to, n);
    if (from > 0)
        strbuf_addf(c->out, " <a href=\"?from=%zu\">Previous</a>", from - VIEW_JOBS_A_PAGE);
    if (to < n)
        strbuf_addf(c->out, " <a href=\"?from=%zu\">Next</a>", to);
    put(c, "</nav>");
}

static void
put_footer(struct canvas *c, size_t from, bool paused)
{
    const struct view *v = c->v;
    put(c, "</main>\n<footer><p>As of ");
    view_time(c->out, v->now_ms, v->now_ms, NULL);
    put(c, " UTC. ");
    if (paused)
        strbuf_addf(c->out,
                    "This page stands still. <a href=\"?from=%zu\">Refresh it again</a></p>", from);
    else
        strbuf_addf(c->out,
                    "This page is refreshed every %d s. <a href=\"?from=%zu&amp;pause\">Let it "
                    "stand still</a></p>",
                    VIEW_REFRESH_S, from);
    put(c, "<p>cronrun " RR_VERSION ", started ");
    html_span(c->out, v->now_ms - v->begun_ms);
    put(c, " ago; crontab read ");
    html_span(c->out, v->now_ms - v->loaded_ms);
    put(c, " ago</p></footer></body></html>\n");
}

void
view_page(const struct view *v, size_t from, bool paused, struct strbuf *out)
{
    struct canvas c = {.out = out, .v = v};
    size_t bad = count_bad(v);
    struct overall o = judge(v, bad);
    from = from < v->n ? from / VIEW_JOBS_A_PAGE * VIEW_JOBS_A_PAGE : 0;
    put_head(&c, &o);
    strbuf_addf(out, "<header class=\"overall %s\">", o.css_class);
    put_sign(&c, o.mark);
    strbuf_addf(out, "<div><h1>%s</h1><p>%s</p>", o.title, o.text);
    put_problems(&c, bad);
    strbuf_addf(out,
                "</div></header>\n<main><h2>Jobs <small>%zu, of them %zu running</small></h2>\n",
                v->n, v->running);
    for (size_t i = from; i < v->n && i < from + VIEW_JOBS_A_PAGE; i++)
        put_job(&c, i);
    put_pages(&c, from);
    put_legend(&c);
    put_footer(&c, from, paused);
}
