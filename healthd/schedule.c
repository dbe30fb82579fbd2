/* When each check runs: one timer a check for its looks, one for its logins, one for views that change by themselves. */
#include "healthd/schedule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/log.h"
#include "common/net/loop.h"
#include "common/net/tls.h"
#include "healthd/check/pace.h"
#include "healthd/events.h"

#define LOST_LEAST_MS 200u

struct check {
    struct schedule *schedule;
    const struct check_spec *spec;
    struct view *view; /* what is published */
    struct probe *probe;
    struct verdict verdict;
    struct pace pace;
    struct loop_timer *due, *login_due;
    uint64_t started_us[PROBE_DEPTHS];
    bool running[PROBE_DEPTHS];
    uint64_t hurried_ms;      /* until then looks for the sake of lost sessions are spoken for */
    bool again;               /* the session ended while a look was under way: look again at once */
    bool resting;             /* every 0: nothing to do until another check is down */
    struct verdict_view from; /* what the view said before it was refreshed */
    uint64_t aged_ms;         /* when it changes without a result, as of then */
    char cause[PROBE_CAUSE_MAX];
};

struct schedule {
    struct probe_context x;
    struct tls_client *https;
    struct check **checks;
    struct view *views; /* one for each of them */
    size_t n;
    schedule_cb *changed;
    void *arg;
    struct loop_timer *view_due; /* the next view that changes by itself */
    uint64_t view_due_ms;
    bool started, once;
};

static void look(struct check *c);

/* ---- views ---- */

static void
log_change(const struct check *c)
{
    const struct view *v = c->view;
    enum verdict_state state = v->now.state;
    enum log_level level = state == c->from.state  ? LOG_LEVEL_DEBUG
                           : verdict_passes(state) ? LOG_LEVEL_INFO
                                                   : LOG_LEVEL_WARN;
    bool now_bad = state != VERDICT_UP;
    const char *reason = reason_text(v->now.reason);
    char since[CLOCK_RFC3339_MAX];
    const struct field fields[] = {
        LF_STR("check", c->spec->name),
        LF_STR("state", verdict_text(state)),
        LF_STR("from", verdict_text(c->from.state)),
        LF_OPT("reason", now_bad && v->now.reason != REASON_NONE ? reason : NULL),
        LF_OPT("cause", !now_bad                   ? NULL
                        : state == VERDICT_UNKNOWN ? "the last result is too old"
                                                   : c->cause),
        LF_STR("since", clock_format_rfc3339(since, v->since_ms * 1000, 3)),
    };
    log_write(level, &event_check_changed, fields, sizeof(fields) / sizeof(fields[0]),
              "check %s is %s%s%s", c->spec->name, verdict_text(state), now_bad ? ": " : "",
              now_bad ? reason : "");
}

static bool
has_changed(const struct check *c)
{
    return c->from.state != c->view->now.state || c->from.reason != c->view->now.reason;
}

/* The only place that sets what a view says of the verdict. */
static void
publish(struct check *c, uint64_t now_ms)
{
    struct view *v = c->view;
    if (v->any && c->aged_ms < now_ms) /* a frozen process or a full loop kept the timer waiting */
        hour_set(&v->hour, c->aged_ms,
                 verdict_view(&c->verdict, &c->spec->rules, c->aged_ms).state);
    c->from = v->now;
    v->now = verdict_view(&c->verdict, &c->spec->rules, now_ms);
    v->any = c->verdict.any;
    v->was_up = c->verdict.was_up;
    v->bad = c->verdict.bad;
    v->result_ms = c->verdict.result_ms;
    if (v->any)
        hour_set(&v->hour, now_ms, v->now.state);
    c->aged_ms = verdict_next_change(&c->verdict, &c->spec->rules, now_ms);
    if (c->from.state != v->now.state) {
        v->since_ms = clock_wall_ms();
        v->stats.changes++;
    }
    if (has_changed(c))
        log_change(c);
}

/* One of those that never rest: then the resting are wanted. */
static bool
any_down(const struct schedule *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->checks[i]->spec->every_ms > 0 && s->views[i].now.state == VERDICT_DOWN)
            return true;
    return false;
}

static void
wake_resting(struct schedule *s)
{
    bool down = any_down(s);
    for (size_t i = 0; down && i < s->n; i++) {
        struct check *c = s->checks[i];
        if (c->resting) {
            c->resting = false;
            loop_timer_start(c->due, 0);
        }
    }
}

/* Tells of those that changed. */
static void
tell_changes(const struct schedule *s, size_t left)
{
    for (size_t i = 0; i < s->n && left > 0; i++) {
        const struct check *c = s->checks[i];
        if (has_changed(c))
            s->changed(c->view, c->from, --left > 0, s->arg);
    }
}

/* Views at this moment; and when the next one changes by itself. Returns how many changed. */
static size_t
refresh_views(struct schedule *s, uint64_t now_ms)
{
    uint64_t next_ms = CLOCK_NEVER;
    size_t changed = 0;
    for (size_t i = 0; i < s->n; i++) {
        struct check *c = s->checks[i];
        publish(c, now_ms);
        changed += has_changed(c);
        next_ms = clock_earlier(next_ms, c->aged_ms);
    }
    s->view_due_ms = next_ms;
    loop_timer_start_at(s->view_due, next_ms);
    if (changed > 0)
        wake_resting(s);
    tell_changes(s, changed);
    return changed;
}

static void
on_view_due(void *arg)
{
    refresh_views(arg, clock_mono_ms());
}

void
schedule_age(struct schedule *s)
{
    uint64_t now_ms = clock_mono_ms();
    if (now_ms >= s->view_due_ms)
        refresh_views(s, now_ms);
}

/* ---- results ---- */

static unsigned
chance(void)
{
    return digest_jitter(1000);
}

static void
note_failure(struct check *c, const struct probe_result *r)
{
    snprintf(c->cause, sizeof(c->cause), "%s", r->cause);
    c->view->last_failure = r->reason;
    c->view->last_failure_ms = clock_wall_ms();
    log_debug(&event_check_failed,
              LOG_FIELDS(LF_STR("check", c->spec->name), LF_STR("reason", reason_text(r->reason)),
                         LF_STR("cause", r->cause), LF_BOOL("timed_out", r->timed_out)),
              "check %s failed: %s", c->spec->name, reason_text(r->reason));
}

/* The next look over the session. */
static void
plan_look(struct check *c, uint64_t took_ms, enum reason last, uint64_t now_ms)
{
    if (c->schedule->once)
        return;
    if (c->again) {
        c->again = false;
        loop_timer_start(c->due, 0);
        return;
    }
    c->resting = c->spec->every_ms == 0 && last == REASON_NONE && !any_down(c->schedule);
    if (!c->resting)
        loop_timer_start(c->due, pace_next_ms(&c->pace, last, took_ms, chance(), now_ms));
}

static void
plan_login(struct check *c, enum reason last)
{
    if (!c->schedule->once && !c->spec->each)
        loop_timer_start(c->login_due,
                         pace_login_ms(&c->pace, last, c->spec->timeout_ms, chance()));
}

static void
session_done(struct check *c, const struct probe_result *r, uint64_t took_us, uint64_t now_ms)
{
    view_count(&c->view->stats, (double)took_us / 1e6);
    hour_count(&c->view->hour, now_ms, took_us);
    if (r->reason != REASON_NONE)
        note_failure(c, r);
    pace_result(&c->pace, r->reason, now_ms);
    const struct verdict_result result = {r->reason, r->timed_out, r->degraded};
    verdict_result(&c->verdict, &c->spec->rules, result, now_ms);
    if (r->reason == REASON_NONE && !loop_timer_pending(c->login_due) && !c->running[PROBE_LOGIN])
        plan_login(c, REASON_NONE);
    plan_look(c, took_us / 1000, r->reason, now_ms);
}

/* A login's failure beside a session that answers is degraded; without such a session the looks
 * decide alone. */
static void
login_done(struct check *c, const struct probe_result *r)
{
    c->view->stats.logins++;
    if (r->reason != REASON_NONE)
        note_failure(c, r);
    plan_login(c, r->reason);
    if (c->verdict.settled == VERDICT_UP)
        verdict_login(&c->verdict, r->reason);
}

static void
done(struct check *c, enum probe_depth depth, const struct probe_result *r)
{
    struct schedule *s = c->schedule;
    uint64_t now_us = clock_mono_us();
    c->running[depth] = false;
    if (depth == PROBE_SESSION)
        session_done(c, r, now_us - c->started_us[depth], now_us / 1000);
    else
        login_done(c, r);
    if (refresh_views(s, now_us / 1000) == 0 && s->once)
        s->changed(c->view, c->view->now, false, s->arg);
}

static void
on_done(struct probe *p, enum probe_depth depth, const struct probe_result *r, void *arg)
{
    (void)p;
    done(arg, depth, r);
}

/* The moment of the next look for the sake of a lost session: now, twice in a row, else a gap later each. Twice, for the
 * first new connection may have got into the queue of a listener that is about to be closed. */
static uint64_t
hurry(struct check *c, uint64_t now_ms)
{
    uint64_t gap_ms = c->spec->every_ms / 4;
    gap_ms = gap_ms > LOST_LEAST_MS ? gap_ms : LOST_LEAST_MS;
    uint64_t at_ms = c->hurried_ms > now_ms + gap_ms ? c->hurried_ms - gap_ms : now_ms;
    c->hurried_ms = (c->hurried_ms > now_ms ? c->hurried_ms : now_ms) + gap_ms;
    return at_ms;
}

/* The idle session ended: not yet a failure, but the moment to look; not in a circle with a
 * server that hangs up on every login. */
static void
on_lost(struct probe *p, void *arg)
{
    (void)p;
    struct check *c = arg;
    log_debug(&event_session_lost, LOG_FIELDS(LF_STR("check", c->spec->name)),
              "check %s: the idle session was closed", c->spec->name);
    uint64_t now_ms = clock_mono_ms();
    uint64_t at_ms = hurry(c, now_ms);
    if (now_ms < at_ms)
        loop_timer_start_at(c->due, at_ms);
    else if (c->running[PROBE_SESSION])
        c->again = true;
    else
        look(c);
}

/* ---- starting ---- */

static void
start(struct check *c, enum probe_depth depth)
{
    uint64_t now_us = clock_mono_us();
    uint64_t deadline_ms = now_us / 1000 + c->spec->timeout_ms;
    struct err e;
    c->started_us[depth] = now_us;
    c->running[depth] = true;
    if (c->probe->ops->start(c->probe, depth, deadline_ms, &e) == 0)
        return;
    struct probe_result r = {0};
    probe_result_from(&r, &e, deadline_ms);
    done(c, depth, &r);
}

static void
look(struct check *c)
{
    loop_timer_cancel(c->due);
    if (!c->running[PROBE_SESSION])
        start(c, PROBE_SESSION);
}

static void
on_due(void *arg)
{
    look(arg);
}

static void
on_login_due(void *arg)
{
    struct check *c = arg;
    if (!c->probe->ops->has_session(c->probe))
        plan_login(c, REASON_NONE); /* the looks are logging in anyway */
    else
        start(c, PROBE_LOGIN);
}

void
schedule_start(struct schedule *s)
{
    s->started = true;
    for (size_t i = 0; i < s->n; i++)
        loop_timer_start(s->checks[i]->due, s->checks[i]->spec->after_ms);
}

void
schedule_once(struct schedule *s)
{
    s->once = true;
    for (size_t i = 0; i < s->n; i++)
        loop_timer_start(s->checks[i]->due, 0);
}

/* ---- making and asking ---- */

static void
check_free(struct check *c)
{
    loop_timer_free(c->due);
    loop_timer_free(c->login_due);
    probe_free(c->probe);
    free(c);
}

/* Its view is *view, which is filled. */
static struct check *
check_new(struct schedule *s, const struct check_spec *spec, struct view *view, struct err *e)
{
    struct check *c = calloc(1, sizeof(*c));
    if (!c) {
        err_nomem(e);
        return NULL;
    }
    *view = (struct view){.spec = spec, .since_ms = clock_wall_ms()};
    *c = (struct check){.schedule = s, .spec = spec, .view = view, .pace.every_ms = spec->every_ms};
    c->probe = probe_new(&s->x, spec, e);
    if (!c->probe) {
        check_free(c);
        return NULL;
    }
    c->probe->done = on_done;
    c->probe->lost = on_lost;
    c->probe->arg = c;
    c->due = loop_timer_new(s->x.loop, on_due, c);
    c->login_due = loop_timer_new(s->x.loop, on_login_due, c);
    if (c->due && c->login_due)
        return c;
    err_nomem(e);
    check_free(c);
    return NULL;
}

static struct check *
find_check(const struct schedule *s, const struct check_spec *spec)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->checks[i]->spec == spec)
            return s->checks[i];
    return NULL;
}

/* Those of checks that the schedule does not have, which has them from now on; the others of its own end. */
static void
exchange(struct schedule *s, struct check **checks, struct view *views, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct check *c = checks[i];
        if (c->view != &views[i])
            views[i] = *c->view;
        else if (s->started)
            loop_timer_start(c->due, c->spec->after_ms);
        c->view = &views[i];
    }
    for (size_t i = 0; i < s->n; i++) {
        bool stays = false;
        for (size_t k = 0; k < n && !stays; k++)
            stays = checks[k] == s->checks[i];
        if (!stays)
            check_free(s->checks[i]);
    }
    free(s->checks);
    free(s->views);
    s->checks = checks;
    s->views = views;
    s->n = n;
}

int
schedule_set(struct schedule *s, struct check_spec *const *specs, size_t n, struct err *e)
{
    struct check **checks = calloc(n + 1, sizeof(struct check *));
    struct view *views = calloc(n + 1, sizeof(*views));
    size_t made = 0;
    while (checks && views && made < n) {
        struct check *c = find_check(s, specs[made]);
        checks[made] = c ? c : check_new(s, specs[made], &views[made], e);
        if (!checks[made])
            break;
        made++;
    }
    if (checks && views && made == n) {
        exchange(s, checks, views, n);
        s->view_due_ms = 0; /* some may have grown old; told from the loop */
        loop_timer_start(s->view_due, 0);
        return 0;
    }
    for (size_t i = 0; i < made; i++)
        if (!find_check(s, specs[i]))
            check_free(checks[i]);
    int rc = checks && views ? -1 : err_nomem(e);
    free(checks);
    free(views);
    return rc;
}

struct schedule *
schedule_new(const struct probe_context *x, struct check_spec *const *specs, size_t n,
             schedule_cb *changed, void *arg, struct err *e)
{
    struct schedule *s = calloc(1, sizeof(*s));
    if (!s) {
        err_nomem(e);
        return NULL;
    }
    s->x = *x;
    s->x.https = &s->https;
    s->view_due_ms = CLOCK_NEVER;
    s->changed = changed;
    s->arg = arg;
    s->view_due = loop_timer_new(x->loop, on_view_due, s);
    if (!s->view_due)
        err_nomem(e);
    else if (schedule_set(s, specs, n, e) == 0)
        return s;
    schedule_free(s);
    return NULL;
}

void
schedule_free(struct schedule *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n; i++)
        check_free(s->checks[i]);
    loop_timer_free(s->view_due);
    tls_client_free(s->https);
    free(s->checks);
    free(s->views);
    free(s);
}

const struct view *
schedule_views(const struct schedule *s)
{
    return s->views;
}

bool
schedule_all_seen(const struct schedule *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (!s->views[i].any)
            return false;
    return true;
}

const struct view *
schedule_last_failure(const struct schedule *s)
{
    const struct view *last = NULL;
    for (size_t i = 0; i < s->n; i++) {
        const struct view *v = &s->views[i];
        if (v->last_failure != REASON_NONE &&
            (!last || v->last_failure_ms >= last->last_failure_ms))
            last = v;
    }
    return last;
}
