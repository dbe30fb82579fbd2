/* once.c: `healthd check` and `healthd wait`: the checks without a server. */
#include "healthd/options.h"

#include <stddef.h>
#include <stdio.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/net/loop.h"
#include "common/net/resolve.h"
#include "healthd/commands.h"
#include "healthd/config.h"
#include "healthd/events.h"
#include "healthd/lifetime.h"
#include "healthd/schedule.h"

static int once_check_run(void *options, const struct opt_result *given);
static int once_wait_run(void *options, const struct opt_result *given);

const struct opt_command once_check_command = {
    .name = "check",
    .args = "",
    .summary = "run every check once and print a table",
    .options = OPT_NAMES("check", "config", "database", "redis"),
    .run = once_check_run,
};

static const struct opt_row wait_rows[] = {
    {.name = "timeout",
     .kind = OPT_DURATION,
     .offset = offsetof(struct options, wait_timeout_ms),
     .flags = OPT_NO_ENV,
     .def = "60s",
     .min = 1,
     .max = 86400000,
     .help = "wait: how long to wait for all checks"},
};

const struct opt_command once_wait_command = {
    .name = "wait",
    .args = "",
    .summary = "wait until every check is healthy: for init containers and scripts",
    .options = OPT_NAMES("check", "config", "database", "redis"),
    .rows = wait_rows,
    .n_rows = sizeof(wait_rows) / sizeof(wait_rows[0]),
    .run = once_wait_run,
};

struct once {
    struct loop *loop;
    struct resolver *resolver;
    struct schedule *schedule;
    const struct view *views; /* the schedule's */
    size_t n;
    bool waiting; /* for all to be well, not only for all to be seen */
    bool done;
};

static bool
all_well(const struct once *x)
{
    for (size_t i = 0; i < x->n; i++)
        if (!view_is_well(&x->views[i]))
            return false;
    return true;
}

static void
on_changed(const struct view *view, struct verdict_view from, bool more, void *arg)
{
    struct once *o = arg;
    (void)view;
    (void)from;
    (void)more;
    o->done = o->waiting ? all_well(o) : schedule_all_seen(o->schedule);
}

static int
once_init(struct once *x, const struct options *o, const struct config *config, struct err *e)
{
    x->loop = loop_new(e);
    if (!x->loop || lifetime_stop_signals(x->loop, e) < 0)
        return -1;
    x->resolver = resolver_new(x->loop, e);
    if (!x->resolver)
        return -1;
    const struct probe_context context = {
        .loop = x->loop, .resolver = x->resolver, .given = {o->database, o->redis}};
    x->schedule = schedule_new(&context, config->specs, config->n, on_changed, x, e);
    if (!x->schedule)
        return -1;
    x->views = schedule_views(x->schedule);
    x->n = config->n;
    return 0;
}

static void
once_done(struct once *x)
{
    schedule_free(x->schedule);
    if (x->resolver)
        resolver_free(x->resolver);
    loop_free(x->loop);
}

static void
print_table(const struct once *x)
{
    int width = 5;
    for (size_t i = 0; i < x->n; i++) {
        int len = snprintf(NULL, 0, "%s", x->views[i].spec->name);
        width = len > width ? len : width;
    }
    printf("%-*s  %-8s  %-20s  %s\n", width, "CHECK", "STATE", "REASON", "TIME");
    for (size_t i = 0; i < x->n; i++) {
        const struct view *v = &x->views[i];
        const char *reason = v->now.reason == REASON_NONE ? "-" : reason_text(v->now.reason);
        printf("%-*s  %-8s  %-20s  %.1f ms\n", width, v->spec->name, verdict_text(v->now.state),
               reason, v->stats.last_seconds * 1000);
    }
}

static int
run(struct once *x, const struct options *o, const struct config *config, uint64_t within_ms)
{
    struct err e;
    if (once_init(x, o, config, &e) < 0) {
        bool usage = e.code == ERR_USAGE;
        int status = usage ? EXIT_USAGE : EXIT_NOT_READY;
        log_error(usage ? &event_usage : &event_cannot_start, LOG_FIELDS(LF_INT("exit", status)),
                  "%s", e.msg);
        return status;
    }
    if (config->n == 0)
        log_warn(&event_no_checks, LOG_NONE,
                 "nothing to check: neither the environment nor a check names a server");
    x->done = config->n == 0;
    if (x->waiting)
        schedule_start(x->schedule);
    else
        schedule_once(x->schedule);
    int rc = loop_turn_until(x->loop, &x->done, clock_deadline(within_ms), &e);
    return rc == 0 && all_well(x) ? EXIT_OK : EXIT_NOT_READY;
}

/* Every check once, then the table. */
static int
once_check(const struct options *o, struct config *config)
{
    struct once x = {0};
    uint64_t longest_ms = 0;
    for (size_t i = 0; i < config->n; i++) {
        struct check_spec *s = config->specs[i];
        s->rules.rise = s->rules.fall = s->rules.fall_timeout = 1; /* there is only this one look */
        s->rules.shared_ms = 0;
        longest_ms = s->timeout_ms > longest_ms ? s->timeout_ms : longest_ms;
    }
    int status = run(&x, o, config, longest_ms + 1000);
    if (x.schedule)
        print_table(&x);
    once_done(&x);
    return status;
}

static const char *
unready_text(const struct view *v)
{
    if (!v->any)
        return "no result yet";
    if (v->now.reason != REASON_NONE)
        return reason_text(v->now.reason);
    /* Neither the rises nor the falls are enough for a verdict. */
    return v->bad > 0 ? reason_text(v->last_failure) : "not yet healthy often enough";
}

/* What it waited for in vain. */
static void
tell_unready(const struct once *x, uint64_t waited_ms)
{
    cleanup_strbuf struct strbuf list = STRBUF_INIT;
    char text[CLOCK_DURATION_MAX];
    for (size_t i = 0; i < x->n; i++) {
        const struct view *v = &x->views[i];
        if (!view_is_well(v))
            strbuf_addf(&list, "%s%s (%s)", list.len > 0 ? ", " : "", v->spec->name,
                        unready_text(v));
    }
    log_error(&event_gave_up, LOG_FIELDS(LF_UINT("waited_ms", waited_ms)),
              "gave up after %s, not ready: %s", clock_format_duration(text, waited_ms),
              strbuf_str(&list));
}

/* At their pace until all that are not optional are well, or the time is over. */
static int
once_wait(const struct options *o, struct config *config)
{
    struct once x = {.waiting = true};
    uint64_t began_ms = clock_mono_ms();
    int status = run(&x, o, config, o->wait_timeout_ms);
    if (status == EXIT_NOT_READY && x.schedule)
        tell_unready(&x, clock_mono_ms() - began_ms);
    once_done(&x);
    return status;
}

static int
once_check_run(void *options, const struct opt_result *given)
{
    struct config config;
    struct err e;
    if (config_load(options, &config, &e) < 0)
        return opt_usage_failed(given->program, NULL, &e);
    int status = once_check(options, &config);
    config_done(&config);
    return status;
}

static int
once_wait_run(void *options, const struct opt_result *given)
{
    struct config config;
    struct err e;
    if (config_load(options, &config, &e) < 0)
        return opt_usage_failed(given->program, NULL, &e);
    int status = once_wait(options, &config);
    config_done(&config);
    return status;
}
