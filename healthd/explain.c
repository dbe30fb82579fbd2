/* explain.c: `healthd explain`: the settings in force, and what they mean for the one who waits for a verdict. */
#include "healthd/options.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/words.h"
#include "healthd/commands.h"
#include "healthd/config.h"
#include "healthd/page/routes.h"

static int explain_run(void *options, const struct opt_result *given);
static int parse_probe(void *options, const struct opt_row *row, const char *value, struct err *e);

static const struct opt_row explain_rows[] = {
    {.name = "probe",
     .kind = OPT_CUSTOM,
     .arg = "FIELD=VALUE,...",
     .offset = offsetof(struct options, kubelet),
     .flags = OPT_NO_ENV,
     .def = "period=10s,timeout=1s,failures=3,successes=1",
     .parse = parse_probe,
     .help = "explain: the readiness probe that the pod has",
     .more =
         "The fields are those of Kubernetes: period (periodSeconds), timeout (timeoutSeconds), failures "
         "(failureThreshold) and successes (successThreshold); what is left out has Kubernetes' default."},
    {.name = "bound",
     .kind = OPT_DURATION,
     .offset = offsetof(struct options, bound_ms),
     .flags = OPT_NO_ENV | OPT_NONE_OK,
     .def = "none",
     .help =
         "explain: exit with status 1 if a failure may take longer than this to make the pod unready"},
};

const struct opt_command explain_command = {
    .name = "explain",
    .args = "",
    .summary =
        "print the settings in force and the worst time until the pod is unready and ready again",
    .options = OPT_NAMES("listen", "tls-cert", "tls-key", "check", "config", "database", "redis",
                         "health-strict", "alias", "body", "details", "drain"),
    .rows = explain_rows,
    .n_rows = sizeof(explain_rows) / sizeof(explain_rows[0]),
    .run = explain_run,
};

/* ---- --probe ---- */

static int
parse_field(struct bound_probe *p, const char *name, const char *value, struct err *e)
{
    static const char *const known[] = {"period", "timeout", "failures", "successes"};
    uint64_t *const fields[] = {&p->period_ms, &p->timeout_ms, &p->failures, &p->successes};
    size_t i = 0;
    while (i < 4 && strcmp(name, known[i]) != 0)
        i++;
    if (i == 4) {
        const char *nearest = words_nearest(name, known, 4, NULL);
        return err_set(e, ERR_USAGE,
                       "unknown field '%.40s'%s%s; known are period, timeout, failures, successes",
                       words_showable(name), nearest ? "; did you mean " : "",
                       nearest ? nearest : "");
    }
    if (i < 2 && clock_parse_duration(value, fields[i], e) < 0)
        return err_wrap(e, "%s", name);
    if (i >= 2) {
        char *end = NULL;
        *fields[i] = strtoull(value, &end, 10);
        if (*value < '0' || *value > '9' || *end != '\0')
            return err_set(e, ERR_USAGE, "%s: '%.40s' is not a number", name,
                           words_showable(value));
    }
    if (*fields[i] == 0 || *fields[i] > 86400000)
        return err_set(e, ERR_USAGE, "%s: out of range", name);
    return 0;
}

static int
parse_probe(void *options, const struct opt_row *row, const char *value, struct err *e)
{
    struct bound_probe p = {.period_ms = 10000, .timeout_ms = 1000, .failures = 3, .successes = 1};
    cleanup_free char *copy = strdup(value);
    char *rest = copy;
    (void)row;
    if (!copy)
        return err_nomem(e);
    for (char *field; (field = strsep(&rest, ","));) {
        char *number = field;
        strsep(&number, "=");
        if (!number)
            return err_set(e, ERR_USAGE, "'%.40s': expected FIELD=VALUE", words_showable(field));
        if (parse_field(&p, field, number, e) < 0)
            return -1;
    }
    ((struct options *)options)->kubelet = p;
    return 0;
}

/* ---- what is in force ---- */

static int
name_width(const struct config *c)
{
    int width = 5;
    for (size_t i = 0; i < c->n; i++) {
        int len = (int)strlen(c->specs[i]->name);
        width = len > width ? len : width;
    }
    return width;
}

/* Each on a line of its own: a body is as long as it likes. */
static void
print_list(const char *name, const struct opt_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        printf("%-13s  %s\n", name, list->items[i]);
}

static void
print_options(const struct options *o)
{
    static const char *const details[] = {"never", "local", "always"};
    char drain[CLOCK_DURATION_MAX];
    printf("listen         ");
    for (size_t i = 0; i < o->listen.n; i++)
        printf("%s%s", i > 0 ? ", " : "", o->listen.items[i]);
    printf("%s\n", o->listen.n == 0 ? "[::]:9180" : "");
    printf("health-strict  %s\n", o->health_strict ? "yes" : "no");
    print_list("alias", &o->aliases);
    print_list("body", &o->bodies);
    printf("details        %s\n", details[o->details]);
    printf("drain          %s\n\n", clock_format_duration(drain, o->drain_ms));
}

/* "ready,startup" */
static void
add_groups(struct strbuf *b, const struct check_spec *s)
{
    for (size_t i = 0; i < s->n_groups; i++)
        strbuf_addf(b, "%s%s", i > 0 ? "," : "", s->groups[i]);
    if (s->rules.optional)
        strbuf_addf(b, " (optional)");
}

/* "1", or "1, timeouts 2" */
static const char *
fall_text(char *buf, size_t size, const struct verdict_rules *r)
{
    if (r->fall == r->fall_timeout)
        snprintf(buf, size, "%u", r->fall);
    else
        snprintf(buf, size, "%u, timeouts %u", r->fall, r->fall_timeout);
    return buf;
}

static int
print_check(const struct check_spec *s, const struct check_given *given, int width, struct err *e)
{
    cleanup_strbuf struct strbuf groups = STRBUF_INIT;
    char every[CLOCK_DURATION_MAX], timeout[CLOCK_DURATION_MAX], stale[CLOCK_DURATION_MAX],
        fall[32];
    void *target = NULL;
    if (s->kind->target->parse(s->url, given, &target, e) < 0)
        return err_wrap(e, "check '%s'", s->name);
    add_groups(&groups, s);
    printf("%-*s  %-7s  %-7s  %-4u  %-13s  %-7s  %-4s  %-16s  %s\n", width, s->name,
           clock_format_duration(every, s->every_ms), clock_format_duration(timeout, s->timeout_ms),
           s->rules.rise, fall_text(fall, sizeof(fall), &s->rules),
           clock_format_duration(stale, s->rules.stale_ms), s->each ? "each" : "keep",
           strbuf_str(&groups), target ? s->kind->target->describe(target) : s->kind->not_found);
    s->kind->target->free(target);
    return 0;
}

static int
print_checks(const struct config *c, const struct check_given *given, struct err *e)
{
    int width = name_width(c);
    if (c->n == 0)
        printf("Nothing to check: neither the environment nor a check names a server.\n");
    else
        printf("%-*s  %-7s  %-7s  %-4s  %-13s  %-7s  %-4s  %-16s  %s\n", width, "CHECK", "EVERY",
               "TIMEOUT", "RISE", "FALL", "STALE", "CONN", "GROUPS", "TARGET");
    for (size_t i = 0; i < c->n; i++)
        if (print_check(c->specs[i], given, width, e) < 0)
            return -1;
    return 0;
}

/* ---- what it means ---- */

struct worst {
    uint64_t unready_ms, ready_ms, late_ms;
    const char *check, *failure;
};

static void
print_bound(const struct check_spec *s, enum bound_failure f, const struct bound_probe *p,
            int width, struct worst *w)
{
    struct bound b;
    char down[CLOCK_DURATION_MAX], unready[CLOCK_DURATION_MAX], back[CLOCK_DURATION_MAX],
        ready[CLOCK_DURATION_MAX];
    if (!bound_of(s, f, &b))
        return;
    uint64_t unready_ms = bound_concluded_ms(b.down_ms, p, p->failures);
    uint64_t ready_ms = bound_concluded_ms(b.back_ms, p, p->successes);
    bool counts = unready_ms != CLOCK_NEVER;
    printf("%-*s  %-19s  %-9s  %-13s  %-9s  %s\n", width, s->name, bound_failure_text(f),
           clock_format_duration(down, b.down_ms), clock_format_duration(unready, unready_ms),
           counts ? clock_format_duration(back, b.back_ms) : "-",
           counts ? clock_format_duration(ready, ready_ms) : "-");
    if (!counts)
        return;
    uint64_t late_ms = bound_concluded_ms(b.late_ms, p, p->successes);
    w->late_ms = late_ms > w->late_ms ? late_ms : w->late_ms;
    w->ready_ms = ready_ms > w->ready_ms ? ready_ms : w->ready_ms;
    if (!w->check || unready_ms > w->unready_ms) {
        w->unready_ms = unready_ms;
        w->check = s->name;
        w->failure = bound_failure_text(f);
    }
}

static struct worst
print_bounds(const struct config *c, const struct bound_probe *p)
{
    int width = name_width(c);
    struct worst w = {0};
    char period[CLOCK_DURATION_MAX];
    if (c->n == 0)
        return w;
    printf(
        "\nThe worst times, with a readiness probe of /health/ready whose periodSeconds is %s, failureThreshold %" PRIu64
        " and successThreshold %" PRIu64 ":\n\n",
        clock_format_duration(period, p->period_ms), p->failures, p->successes);
    printf("%-*s  %-19s  %-9s  %-13s  %-9s  %s\n", width, "CHECK", "FAILURE", "503 AFTER",
           "UNREADY AFTER", "200 AFTER", "READY AFTER");
    for (size_t i = 0; i < c->n; i++)
        for (int f = 0; check_spec_in_group(c->specs[i], "ready") && f < BOUND_FAILURES; f++)
            print_bound(c->specs[i], (enum bound_failure)f, p, width, &w);
    return w;
}

/* The exit status. */
static int
conclude(const struct worst *w, const struct bound_probe *p, uint64_t bound_ms)
{
    char unready[CLOCK_DURATION_MAX], ready[CLOCK_DURATION_MAX], late[CLOCK_DURATION_MAX],
        bound[CLOCK_DURATION_MAX], silent[CLOCK_DURATION_MAX];
    printf("\nIf healthd itself does not answer, the pod is unready after %s at worst.\n",
           clock_format_duration(silent, bound_concluded_ms(p->timeout_ms, p, p->failures)));
    if (!w->check) {
        printf("No check of the group ready can make the pod unready.\n");
        return EXIT_OK;
    }
    printf(
        "Unready after %s at worst (%s: %s); ready again within %s, or %s after an outage of more than "
        "30s.\nEndpoints and load balancers follow once the kubelet has reported it.\n",
        clock_format_duration(unready, w->unready_ms), w->check, w->failure,
        clock_format_duration(ready, w->ready_ms), clock_format_duration(late, w->late_ms));
    if (bound_ms == CLOCK_NEVER)
        return EXIT_OK;
    bool holds = w->unready_ms <= bound_ms;
    printf("The bound of %s %s.\n", clock_format_duration(bound, bound_ms),
           holds ? "holds" : "is broken");
    return holds ? EXIT_OK : EXIT_NOT_READY;
}

static int
explain_run(void *options, const struct opt_result *given)
{
    const struct options *o = options;
    const struct check_given checks = {.database = o->database, .redis = o->redis};
    struct config config;
    struct err e;
    if (config_load(o, &config, &e) < 0)
        return opt_usage_failed(given->program, NULL, &e);
    const struct routes_settings paths = {.own = {&o->aliases, &o->bodies}};
    if (routes_try(config.specs, config.n, &paths, &e) < 0) {
        config_done(&config);
        return opt_usage_failed(given->program, NULL, &e);
    }
    print_options(o);
    int status = EXIT_OK;
    if (print_checks(&config, &checks, &e) < 0) {
        status = opt_usage_failed(given->program, NULL, &e);
    } else {
        const struct worst w = print_bounds(&config, &o->kubelet);
        status = conclude(&w, &o->kubelet, o->bound_ms);
    }
    config_done(&config);
    return status;
}
