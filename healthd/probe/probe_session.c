/* probe_session.c: kept sessions: asked, watched, and logged in beside now and then. */
#include "healthd/probe/probe_session.h"

#include "common/base/clock.h"

/* ---- keeping ---- */

static void
keep(struct probe_session *s, void *conn)
{
    struct session_lane *l = &s->lanes[PROBE_SESSION];
    if (l->running) {
        s->steps->conn_free(s->next);
        s->next = conn;
        return;
    }
    s->steps->conn_free(l->conn);
    l->conn = conn;
    if (s->steps->watch(s, conn) < 0) {
        s->steps->conn_free(conn);
        l->conn = NULL;
    }
}

void
probe_session_lost(struct probe_session *s)
{
    struct session_lane *l = &s->lanes[PROBE_SESSION];
    s->steps->conn_free(l->conn);
    l->conn = NULL;
    s->base.lost(&s->base, s->base.arg);
}

/* ---- the end of a look ---- */

/* The session is at the wrong server, which its name may have left: a fresh connection decides. */
static bool
look_elsewhere(struct session_lane *l, const struct probe_result *r)
{
    if (l->found.reason != REASON_NONE || !reason_is_of_server(r->reason))
        return false;
    l->found = *r;
    return probe_session_again(l);
}

void
probe_session_finish(struct session_lane *l, const struct probe_result *r)
{
    struct probe_session *s = l->s;
    if (look_elsewhere(l, r))
        return;
    /* A fresh connection that fails takes nothing back of what the server said itself. */
    if (r->reason != REASON_NONE && l->found.reason != REASON_NONE)
        r = &l->found;
    void *conn = l->conn;
    l->running = false;
    l->conn = NULL;
    bool usable = conn && s->steps->usable(conn) && !reason_is_of_server(r->reason);
    if (s->next && l->depth == PROBE_SESSION) {
        s->steps->conn_free(conn);
        conn = s->next;
        s->next = NULL;
        usable = true;
    }
    if (usable && !s->spec->each && (l->depth == PROBE_SESSION || r->reason == REASON_NONE))
        keep(s, conn);
    else
        s->steps->conn_free(conn);
    s->base.done(&s->base, l->depth, r, s->base.arg);
}

void
probe_session_finish_err(struct session_lane *l, const struct err *e)
{
    struct probe_result r = {0};
    probe_result_from(&r, e, l->deadline_ms);
    probe_session_finish(l, &r);
}

/* ---- the start of a look ---- */

static int
connect_start(struct session_lane *l, struct err *e)
{
    struct probe_session *s = l->s;
    s->steps->conn_free(l->conn);
    l->kept = false;
    l->conn = s->steps->conn_new(s, e);
    return l->conn ? s->steps->connect(l, e) : -1;
}

bool
probe_session_again(struct session_lane *l)
{
    struct err e;
    if (!l->kept || clock_mono_ms() >= l->deadline_ms)
        return false;
    if (connect_start(l, &e) < 0)
        probe_session_finish_err(l, &e);
    return true;
}

static int
start(struct probe *base, enum probe_depth depth, uint64_t deadline_ms, struct err *e)
{
    struct probe_session *s = (struct probe_session *)base;
    struct session_lane *l = &s->lanes[depth];
    l->deadline_ms = deadline_ms;
    l->found = (struct probe_result){0};
    int rc = -1;
    if (l->conn && s->steps->usable(l->conn)) {
        s->steps->unwatch(l->conn);
        l->kept = true;
        rc = s->steps->ask(l, e);
    }
    if (rc < 0)
        rc = connect_start(l, e);
    l->running = rc == 0;
    return rc;
}

static bool
has_session(const struct probe *base)
{
    const struct probe_session *s = (const struct probe_session *)base;
    return s->lanes[PROBE_SESSION].conn != NULL;
}

static void
close_sessions(struct probe *base)
{
    struct probe_session *s = (struct probe_session *)base;
    for (int i = 0; i < PROBE_DEPTHS; i++)
        s->steps->conn_free(s->lanes[i].conn);
    s->steps->conn_free(s->next);
}

static void
release(struct probe *base)
{
    struct probe_session *s = (struct probe_session *)base;
    s->steps->free(s);
}

void
probe_session_init(struct probe_session *s, const struct session_steps *steps,
                   const struct probe_context *x, const struct check_spec *spec)
{
    static const struct probe_ops ops = {
        .start = start, .has_session = has_session, .close = close_sessions, .release = release};
    *s = (struct probe_session){
        .base = {.ops = &ops, .loop = x->loop}, .x = *x, .spec = spec, .steps = steps};
    for (int i = 0; i < PROBE_DEPTHS; i++)
        s->lanes[i] = (struct session_lane){.s = s, .depth = (enum probe_depth)i};
}
