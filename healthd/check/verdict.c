/* verdict.c: from results to a verdict (pure). */
#include "healthd/check/verdict.h"

#include "common/base/clock.h"

const char *
verdict_text(enum verdict_state s)
{
    static const char *const texts[VERDICT_STATES] = {
        [VERDICT_UNKNOWN] = "unknown",
        [VERDICT_UP] = "up",
        [VERDICT_DEGRADED] = "degraded",
        [VERDICT_DOWN] = "down",
    };
    return s < VERDICT_STATES ? texts[s] : "unknown";
}

bool
verdict_passes(enum verdict_state s)
{
    return s == VERDICT_UP || s == VERDICT_DEGRADED;
}

static uint64_t
after(uint64_t at_ms, uint64_t term_ms)
{
    return term_ms >= CLOCK_NEVER - at_ms ? CLOCK_NEVER : at_ms + term_ms;
}

static void
count_good(struct verdict *v, const struct verdict_rules *r)
{
    v->bad = 0;
    v->good++;
    if (v->settled == VERDICT_UP || v->good < r->rise)
        return;
    v->settled = VERDICT_UP;
    v->reason = REASON_NONE;
    v->was_up = true;
}

static void
count_bad(struct verdict *v, const struct verdict_rules *r, struct verdict_result result,
          uint64_t now_ms)
{
    v->good = 0;
    v->bad++;
    if (v->settled == VERDICT_DOWN) {
        v->reason = result.reason;
        return;
    }
    if (v->bad < (result.timed_out ? r->fall_timeout : r->fall))
        return;
    v->settled = VERDICT_DOWN;
    v->reason = result.reason;
    v->login_reason = REASON_NONE; /* there is no session any more that a login could be beside */
    v->down_ms = now_ms;
}

static bool
is_stale(const struct verdict *v, const struct verdict_rules *r, uint64_t now_ms)
{
    return v->settled == VERDICT_UP && now_ms >= after(v->result_ms, r->stale_ms);
}

void
verdict_result(struct verdict *v, const struct verdict_rules *r, struct verdict_result result,
               uint64_t now_ms)
{
    bool good = result.reason == REASON_NONE || result.degraded;
    v->good_reason = good ? result.reason : REASON_NONE;
    if (good) {
        count_good(v, r);
        v->result_ms = now_ms;
    } else {
        count_bad(v, r, result, now_ms);
    }
    v->any = true;
    if (!is_stale(v, r, now_ms)) /* a failure does not make an aged up young again */
        v->result_ms = now_ms;
}

void
verdict_login(struct verdict *v, enum reason reason)
{
    v->login_reason = reason;
}

static bool
is_forgiven(const struct verdict *v, const struct verdict_rules *r, uint64_t now_ms)
{
    return r->optional ||
           (r->shared_ms > 0 && v->was_up && now_ms < after(v->down_ms, r->shared_ms));
}

struct verdict_view
verdict_view(const struct verdict *v, const struct verdict_rules *r, uint64_t now_ms)
{
    if (!v->any || v->settled == VERDICT_UNKNOWN)
        return (struct verdict_view){VERDICT_UNKNOWN, REASON_NONE};
    if (is_stale(v, r, now_ms))
        return (struct verdict_view){VERDICT_UNKNOWN, REASON_TIMEOUT};
    if (v->settled == VERDICT_DOWN)
        return (struct verdict_view){is_forgiven(v, r, now_ms) ? VERDICT_DEGRADED : VERDICT_DOWN,
                                     v->reason};
    if (r->on_full_down && !r->optional && v->login_reason == REASON_TOO_MANY_CONNECTIONS)
        return (struct verdict_view){VERDICT_DOWN, v->login_reason};
    if (v->login_reason != REASON_NONE)
        return (struct verdict_view){VERDICT_DEGRADED, v->login_reason};
    if (v->good_reason != REASON_NONE)
        return (struct verdict_view){VERDICT_DEGRADED, v->good_reason};
    return (struct verdict_view){VERDICT_UP, REASON_NONE};
}

uint64_t
verdict_next_change(const struct verdict *v, const struct verdict_rules *r, uint64_t now_ms)
{
    if (v->settled == VERDICT_UP && !is_stale(v, r, now_ms))
        return after(v->result_ms, r->stale_ms);
    if (v->settled == VERDICT_DOWN && !r->optional && is_forgiven(v, r, now_ms))
        return after(v->down_ms, r->shared_ms);
    return CLOCK_NEVER;
}
