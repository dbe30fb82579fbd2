/* serve.c: healthd itself: checks in the background, answers at once, drains on SIGTERM. */
#include "healthd/options.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/events.h"
#include "common/base/log.h"
#include "common/http/httpd.h"
#include "common/net/loop.h"
#include "common/net/resolve.h"
#include "common/proc/descriptors.h"
#include "common/proc/sandbox.h"
#include "common/proc/termination.h"
#include "healthd/commands.h"
#include "healthd/config.h"
#include "healthd/confine.h"
#include "healthd/events.h"
#include "healthd/lifetime.h"
#include "healthd/page/routes.h"
#include "healthd/schedule.h"

static int serve_run(void *options, const struct opt_result *given);

const struct opt_command serve_command = {
    .name = NULL,
    .args = "",
    .flags = OPT_CMD_DEFAULT,
    .summary = "check in the background and answer probes",
    .options = OPT_NAMES("listen", "tls-cert", "tls-key", "check", "config", "database", "redis",
                         "service-name", "service-version", "health-strict", "alias", "body",
                         "details", "drain", "sandbox", "termination-log"),
    .run = serve_run,
};

#define DESCRIPTORS 4096

struct server {
    const struct options *o;
    struct config config; /* the checks in force */
    struct loop *loop;
    struct resolver *resolver;
    struct schedule *schedule;
    struct history history;
    struct render_facts facts;
    struct routes *routes;
    struct httpd *httpd;
    struct loop_timer *drain;
    struct loop_signal *hup, *child;
    struct confine confine;
    uint64_t refused_calls; /* as told last */
    const char *outcome;
    int status;
};

/* ---- what happens ---- */

static void
on_changed(const struct view *view, struct verdict_view from, bool more, void *arg)
{
    struct server *s = arg;
    history_add(&s->history, view, from);
    if (more) /* the answers are prepared once, with all of it */
        return;
    if (!s->facts.started && render_all_started(&s->facts)) {
        s->facts.started = true;
        log_info(&event_started, LOG_NONE, "every startup check has been healthy");
    }
    routes_prepare(s->routes);
}

/* Told when somebody looks, and at the end: nothing else is to be done about it. */
static uint64_t
tell_refused_calls(struct server *s)
{
    const char *latest = NULL;
    uint64_t n = sandbox_refused(&latest);
    if (n > s->refused_calls)
        log_warn(&event_sandbox_refused, LOG_FIELDS(LF_UINT("calls", n), LF_STR("latest", latest)),
                 "the sandbox has refused %" PRIu64 " system calls so far, the latest was %s", n,
                 latest);
    s->refused_calls = n;
    return n;
}

static void
on_metrics(struct render_metrics *ret, void *arg)
{
    struct server *s = arg;
    ret->http = httpd_stats(s->httpd);
    ret->stall_seconds = loop_stall_seconds(s->loop, true);
    ret->files_confined = s->confine.files > 0;
    ret->calls_confined = s->confine.calls;
    ret->calls_refused = tell_refused_calls(s);
}

static const struct httpd_answer *
on_request(const struct httpd_request *r, void *arg)
{
    struct server *s = arg;
    schedule_age(s->schedule);
    return routes_answer(r, s->routes);
}

static void
on_drained(void *arg)
{
    struct server *s = arg;
    s->outcome = "drained";
    loop_quit(s->loop);
}

static void
on_stop(int signo, int count, void *arg)
{
    struct server *s = arg;
    (void)signo;
    if (count > 1) {
        s->outcome = "stopped";
        loop_quit(s->loop);
        return;
    }
    char text[CLOCK_DURATION_MAX];
    log_info(&event_draining, LOG_FIELDS(LF_UINT("drain_ms", s->o->drain_ms)),
             "draining: ready answers 503; serving for another %s",
             clock_format_duration(text, s->o->drain_ms));
    s->facts.draining = true;
    routes_prepare(s->routes);
    loop_timer_start(s->drain, s->o->drain_ms);
}

static struct routes_settings
settings_of(const struct options *o)
{
    return (struct routes_settings){.details = (enum details)o->details,
                                    .own = {&o->aliases, &o->bodies}};
}

static struct routes *
new_routes(struct server *s, const struct render_facts *facts, struct err *e)
{
    const struct routes_settings settings = settings_of(s->o);
    return routes_new(facts, &settings, on_metrics, s, e);
}

/* What the answers are made of, after the checks have changed. */
static int
renew_answers(struct server *s, struct err *e)
{
    s->facts.views = schedule_views(s->schedule);
    s->facts.n = s->config.n;
    struct routes *routes = new_routes(s, &s->facts, e);
    if (!routes)
        return -1;
    routes_free(s->routes);
    s->routes = routes;
    return 0;
}

static int
refuse(struct server *s, const struct err *e, int status, const struct log_event *outcome)
{
    log_error(outcome, LOG_FIELDS(LF_INT("exit", status)), "%s", e->msg);
    s->outcome = outcome->name;
    return status;
}

/* Takes fresh, also when it fails. */
static int
adopt(struct server *s, struct config *fresh, struct err *e)
{
    size_t before = s->config.n;
    const struct routes_settings settings = settings_of(s->o);
    if (routes_try(fresh->specs, fresh->n, &settings, e) < 0) {
        config_done(fresh);
        return -1;
    }
    size_t kept = config_keep(fresh, &s->config);
    if (schedule_set(s->schedule, fresh->specs, fresh->n, e) < 0) {
        config_keep(&s->config, fresh); /* as they were */
        config_done(fresh);
        return -1;
    }
    struct config old = s->config;
    s->config = *fresh;
    if (renew_answers(s, e) < 0) { /* no memory for so little: to begin anew is the remedy */
        s->status = refuse(s, e, EXIT_CANNOT_LISTEN, &event_cannot_start);
        loop_quit(s->loop);
        config_done(&old);
        return 0;
    }
    config_done(&old);
    log_info(&event_reloaded,
             LOG_FIELDS(LF_UINT("checks", s->config.n), LF_UINT("added", s->config.n - kept),
                        LF_UINT("removed", before - kept)),
             "configuration read again: %zu checks, %zu new or changed, %zu removed or changed",
             s->config.n, s->config.n - kept, before - kept);
    return 0;
}

static void
on_hup(int signo, void *arg)
{
    struct server *s = arg;
    struct config fresh;
    struct err e;
    (void)signo;
    if (config_load(s->o, &fresh, &e) < 0 || adopt(s, &fresh, &e) < 0)
        log_error(&event_reload_failed, LOG_NONE, "the previous configuration stays in force: %s",
                  e.msg);
}

/* As process 1 of a container: children that others left behind end here. */
static void
on_child(int signo, void *arg)
{
    (void)signo;
    (void)arg;
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
}

/* ---- from start to end ---- */

static int
server_init(struct server *s, struct err *e)
{
    s->loop = loop_new(e);
    if (!s->loop || lifetime_stop_signals(s->loop, e) < 0)
        return -1;
    s->resolver = resolver_new(s->loop, e);
    if (!s->resolver)
        return -1;
    const struct probe_context x = {
        .loop = s->loop, .resolver = s->resolver, .given = {s->o->database, s->o->redis}};
    s->schedule = schedule_new(&x, s->config.specs, s->config.n, on_changed, s, e);
    if (!s->schedule)
        return -1;
    s->facts = (struct render_facts){.views = schedule_views(s->schedule),
                                     .n = s->config.n,
                                     .history = &s->history,
                                     .service = s->o->service,
                                     .version = s->o->version,
                                     .begun_ms = clock_wall_ms(),
                                     .strict = s->o->health_strict};
    s->facts.started = render_all_started(&s->facts);
    s->routes = new_routes(s, &s->facts, e);
    if (!s->routes)
        return -1;
    s->httpd = httpd_new(s->loop, NULL, on_request, s, e);
    s->drain = loop_timer_new(s->loop, on_drained, s);
    s->hup = loop_signal_new(s->loop, SIGHUP, on_hup, s);
    if (getpid() == 1)
        s->child = loop_signal_new(s->loop, SIGCHLD, on_child, s);
    if (!s->httpd || !s->drain || !s->hup || (getpid() == 1 && !s->child))
        return s->httpd ? err_nomem(e) : -1;
    loop_set_stop_cb(s->loop, on_stop, s);
    return 0;
}

static int
listen_all(struct server *s, struct err *e)
{
    const struct options *o = s->o;
    if (!o->tls_cert != !o->tls_key)
        return err_set(e, ERR_USAGE, "%s is missing: a certificate and its key are needed together",
                       o->tls_cert ? "--tls-key" : "--tls-cert");
    if (o->tls_cert && httpd_use_tls(s->httpd, o->tls_cert, o->tls_key, e) < 0) {
        e->code = ERR_USAGE; /* nothing that a restart would mend */
        return -1;
    }
    if (s->o->listen.n == 0 && httpd_listen(s->httpd, "[::]:9180", e) < 0)
        return -1;
    for (size_t i = 0; i < s->o->listen.n; i++)
        if (httpd_listen(s->httpd, s->o->listen.items[i], e) < 0)
            return -1;
    for (size_t i = 0; httpd_bound(s->httpd, i); i++)
        log_info(&event_listening, LOG_FIELDS(LF_STR("address", httpd_bound(s->httpd, i))),
                 "listening on %s%s", httpd_bound(s->httpd, i),
                 httpd_bound_with_tls(s->httpd, i) ? " with TLS" : "");
    return 0;
}

static void
server_done(struct server *s)
{
    httpd_free(s->httpd);
    routes_free(s->routes);
    schedule_free(s->schedule);
    if (s->resolver)
        resolver_free(s->resolver);
    loop_timer_free(s->drain);
    if (s->hup)
        loop_signal_free(s->hup);
    if (s->child)
        loop_signal_free(s->child);
    loop_free(s->loop);
    config_done(&s->config);
}

static void
leave_message(const struct server *s, int status)
{
    const struct view *v = s->schedule ? schedule_last_failure(s->schedule) : NULL;
    char since[CLOCK_RFC3339_MAX];
    struct err e;
    const struct field fields[] = {
        LF_STR("program", "healthd"),
        LF_STR("outcome", s->outcome),
        LF_INT("exit", status),
        LF_STR("check", v ? v->spec->name : NULL),
        LF_STR("reason", v ? reason_text(v->last_failure) : NULL),
        LF_STR("since", v ? clock_format_rfc3339(since, v->last_failure_ms * 1000, 0) : NULL),
    };
    if (termination_write(s->o->termination_log, fields, sizeof(fields) / sizeof(fields[0]), &e) <
        0)
        log_warn(&event_termination_log, LOG_NONE, "%s", e.msg);
}

static int
serve(struct server *s)
{
    struct err e;
    if (server_init(s, &e) < 0)
        return refuse(s, &e, e.code == ERR_USAGE ? EXIT_USAGE : EXIT_CANNOT_LISTEN,
                      e.code == ERR_USAGE ? &event_usage : &event_cannot_start);
    if (listen_all(s, &e) < 0)
        return refuse(s, &e, e.code == ERR_USAGE ? EXIT_USAGE : EXIT_CANNOT_LISTEN,
                      e.code == ERR_USAGE ? &event_usage : &event_cannot_listen);
    if (confine_enter(s->o, s->httpd, &s->confine, &e) < 0)
        return refuse(s, &e, EXIT_CANNOT_LISTEN, &event_cannot_start);
    if (s->config.n == 0)
        log_warn(&event_no_checks, LOG_NONE,
                 "nothing to check: neither the environment nor a check names a server; always "
                 "ready");
    schedule_start(s->schedule);
    loop_run(s->loop);
    tell_refused_calls(s);
    log_info(&event_stopped, LOG_NONE, "%s", s->outcome);
    return s->status;
}

static int
serve_run(void *options, const struct opt_result *given)
{
    const struct options *o = options;
    struct server s = {.o = o, .outcome = "stopped", .status = EXIT_OK};
    struct err e;
    if (config_load(o, &s.config, &e) < 0)
        return opt_usage_failed(given->program, o->termination_log, &e);
    descriptors_raise(DESCRIPTORS);
    int status = serve(&s);
    leave_message(&s, status);
    server_done(&s);
    return status;
}
