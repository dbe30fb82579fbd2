/* The metrics page. Names are contract. */
#include "common/base/prom.h"
#include "healthd/page/render.h"

struct page_on {
    struct strbuf *out;
    const struct render_facts *f;
};

/* One gauge or counter with a sample per check. */
static void
per_check(struct page_on *o, const char *name, const char *type, const char *help,
          double (*value)(const struct view *v, uint64_t now_ms), uint64_t now_ms)
{
    prom_family(o->out, name, type, help);
    for (size_t i = 0; i < o->f->n; i++) {
        const struct view *v = &o->f->views[i];
        prom_sample(o->out, name, &(struct prom_label){"check", v->spec->name}, 1,
                    value(v, now_ms));
    }
}

static double
check_up(const struct view *v, uint64_t now_ms)
{
    (void)now_ms;
    return verdict_passes(v->now.state) ? 1 : 0;
}

static double
check_age(const struct view *v, uint64_t now_ms)
{
    return v->any ? (double)(now_ms - v->result_ms) / 1000 : -1;
}

static double
check_transitions(const struct view *v, uint64_t now_ms)
{
    (void)now_ms;
    return (double)v->stats.changes;
}

static double
check_logins(const struct view *v, uint64_t now_ms)
{
    (void)now_ms;
    return (double)v->stats.logins;
}

static void
put_states(struct page_on *o)
{
    prom_family(o->out, "healthd_check_state", "gauge", "1 for the state that the check is in.");
    for (size_t i = 0; i < o->f->n; i++) {
        const struct view *v = &o->f->views[i];
        for (int s = 0; s < VERDICT_STATES; s++) {
            const struct prom_label labels[] = {{"check", v->spec->name},
                                                {"state", verdict_text((enum verdict_state)s)}};
            prom_sample(o->out, "healthd_check_state", labels, 2,
                        v->now.state == (enum verdict_state)s ? 1 : 0);
        }
    }
    prom_family(o->out, "healthd_check_reason", "gauge",
                "1 for the reason of the present state, none when it is up.");
    for (size_t i = 0; i < o->f->n; i++) {
        const struct view *v = &o->f->views[i];
        const struct prom_label labels[] = {{"check", v->spec->name},
                                            {"reason", reason_text(v->now.reason)}};
        prom_sample(o->out, "healthd_check_reason", labels, 2, 1);
    }
}

static void
put_durations(struct page_on *o)
{
    static const char name[] = "healthd_check_duration_seconds";
    prom_family(o->out, name, "histogram", "Time from the start of a check to its result.");
    for (size_t i = 0; i < o->f->n; i++) {
        const struct view *v = &o->f->views[i];
        const struct prom_label check = {"check", v->spec->name};
        const struct prom_buckets buckets = {.n = VIEW_BUCKETS - 1,
                                             .bounds = view_bucket_bounds,
                                             .counts = v->stats.buckets,
                                             .sum = v->stats.seconds};
        prom_histogram(o->out, name, &check, 1, &buckets);
    }
}

static void
put_one(struct page_on *o, const char *name, const char *type, const char *help, double value)
{
    prom_family(o->out, name, type, help);
    prom_sample(o->out, name, NULL, 0, value);
}

static void
put_sandbox(struct page_on *o, const struct render_metrics *m)
{
    prom_family(o->out, "healthd_sandbox", "gauge",
                "1 for each part of the sandbox that is in force.");
    prom_sample(o->out, "healthd_sandbox", &(struct prom_label){"part", "landlock"}, 1,
                m->files_confined ? 1 : 0);
    prom_sample(o->out, "healthd_sandbox", &(struct prom_label){"part", "seccomp"}, 1,
                m->calls_confined ? 1 : 0);
    put_one(o, "healthd_sandbox_refused_calls_total", "counter",
            "System calls that the sandbox answered with EPERM.", (double)m->calls_refused);
}

static void
put_process(struct page_on *o, const struct render_metrics *m)
{
    put_one(o, "healthd_ready", "gauge", "1 while /health/ready is 200.", m->ready ? 1 : 0);
    put_one(o, "healthd_draining", "gauge", "1 after SIGTERM.", o->f->draining ? 1 : 0);
    put_one(o, "healthd_http_requests_total", "counter", "Requests answered.",
            (double)m->http.requests);
    put_one(o, "healthd_http_errors_total", "counter",
            "Requests that were not HTTP, too large or too slow.", (double)m->http.errors);
    put_one(o, "healthd_http_accepted_total", "counter", "Connections accepted.",
            (double)m->http.accepted);
    put_one(o, "healthd_http_evicted_total", "counter",
            "Connections closed to make room for new ones.", (double)m->http.evicted);
    put_one(o, "healthd_http_connections", "gauge", "Connections open now.", (double)m->http.open);
    put_one(o, "healthd_loop_stall_seconds", "gauge",
            "Longest stretch without a turn of the loop since the last scrape.", m->stall_seconds);
    put_sandbox(o, m);
    prom_family(o->out, "healthd_build_info", "gauge", "1, with the version.");
    prom_sample(o->out, "healthd_build_info", &(struct prom_label){"version", RR_VERSION}, 1, 1);
}

/* What results change. */
void
render_metrics_of_checks(const struct render_facts *f, struct strbuf *ret)
{
    strbuf_clear(ret);
    struct page_on o = {.out = ret, .f = f};
    per_check(&o, "healthd_check_up", "gauge", "1 when the check is up or degraded.", check_up,
              f->mono_ms);
    put_states(&o);
    put_durations(&o);
    per_check(&o, "healthd_check_transitions_total", "counter", "Changes of state.",
              check_transitions, f->mono_ms);
    per_check(&o, "healthd_check_logins_total", "counter", "Fresh logins beside a kept session.",
              check_logins, f->mono_ms);
}

void
render_metrics(const struct render_facts *f, const struct render_metrics *m,
               const struct strbuf *checks, struct httpd_answer *ret)
{
    strbuf_clear(&ret->body);
    struct page_on o = {.out = &ret->body, .f = f};
    strbuf_add(&ret->body, strbuf_str(checks), checks->len);
    ret->body.failed = ret->body.failed || checks->failed;
    per_check(&o, "healthd_check_age_seconds", "gauge",
              "Age of the last result, -1 before the first.", check_age, f->mono_ms);
    put_process(&o, m);
    httpd_answer_finish(ret, 200, PROM_CONTENT_TYPE, "");
}
