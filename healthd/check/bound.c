/* bound.c: the worst times that the settings allow (pure). */
#include "healthd/check/bound.h"

#include "common/base/clock.h"
#include "healthd/check/pace.h"

const char *
bound_failure_text(enum bound_failure f)
{
    static const char *const texts[BOUND_FAILURES] = {
        [BOUND_CLOSED] = "session closed",
        [BOUND_ERROR] = "refused or an error",
        [BOUND_SILENCE] = "no answer",
    };
    return texts[f];
}

static uint64_t
sum(uint64_t a, uint64_t b)
{
    return b >= CLOCK_NEVER - a ? CLOCK_NEVER : a + b;
}

static uint64_t
times(uint64_t n, uint64_t ms)
{
    return ms > 0 && n > CLOCK_NEVER / ms ? CLOCK_NEVER : n * ms;
}

/* The longest pause behind a failure that began bad_ms ago, as pace.h has it without chance. */
static uint64_t
pause_ms(const struct check_spec *s, uint64_t bad_ms)
{
    const struct pace p = {.every_ms = s->every_ms, .bad = true};
    return pace_next_ms(&p, REASON_REFUSED, 0, 0, bad_ms);
}

/* One failure seen, the others are found at the quicker pace. A result that grows too old on the way is unknown, and
 * therefore a 503, whatever the next one says. */
static uint64_t
settled_ms(const struct check_spec *s, enum bound_failure f)
{
    const struct verdict_rules *r = &s->rules;
    uint64_t pause = pause_ms(s, 0);
    if (f == BOUND_CLOSED)
        return times(r->fall - 1, pause);
    if (f == BOUND_ERROR)
        return sum(clock_earlier(s->every_ms, r->stale_ms), times(r->fall - 1, pause));
    return sum(clock_earlier(s->every_ms + s->timeout_ms, r->stale_ms),
               times(r->fall_timeout - 1, pause + s->timeout_ms));
}

bool
bound_of(const struct check_spec *s, enum bound_failure f, struct bound *ret)
{
    if (f == BOUND_CLOSED && s->each)
        return false;
    uint64_t begun_ms =
        f == BOUND_SILENCE ? s->timeout_ms : 0; /* one that will hear nothing more */
    uint64_t further_ms = times(s->rules.rise - 1, s->every_ms);
    bool never = s->rules.optional || s->every_ms == 0;
    *ret = (struct bound){
        .down_ms = never ? CLOCK_NEVER : sum(settled_ms(s, f), s->rules.shared_ms),
        .back_ms = sum(begun_ms + pause_ms(s, 0), further_ms),
        .late_ms = sum(begun_ms + pause_ms(s, PACE_FAST_MS), further_ms),
    };
    return true;
}

uint64_t
bound_concluded_ms(uint64_t after_ms, const struct bound_probe *p, uint64_t threshold)
{
    return sum(after_ms, times(threshold, p->period_ms));
}
