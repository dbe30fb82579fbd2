/* pace.c: the pause before the next look at a check (pure). */
#include "healthd/check/pace.h"

void
pace_result(struct pace *p, enum reason reason, uint64_t now_ms)
{
    if (reason == REASON_NONE) {
        p->bad = false;
    } else if (!p->bad) {
        p->bad = true;
        p->bad_since_ms = now_ms;
    }
}

static uint64_t
left_after(uint64_t ms, uint64_t took_ms)
{
    return ms > took_ms ? ms - took_ms : 0;
}

/* ms, 0 to 20 % less by chance. */
static uint64_t
shortened(uint64_t ms, unsigned chance)
{
    return ms - ms / 5 * chance / 1000;
}

uint64_t
pace_next_ms(const struct pace *p, enum reason last, uint64_t took_ms, unsigned chance,
             uint64_t now_ms)
{
    uint64_t every_ms = p->every_ms > 0 ? p->every_ms : PACE_ASLEEP_MS;
    if (!p->bad)
        return left_after(shortened(every_ms, chance), took_ms);
    if (reason_is_setting(last))
        return left_after(shortened(5 * every_ms, chance), took_ms);
    if (last == REASON_TOO_MANY_CONNECTIONS)
        return every_ms + every_ms / 5 * chance / 1000;
    if (now_ms - p->bad_since_ms >= PACE_FAST_MS)
        return left_after(shortened(every_ms, chance), took_ms);
    uint64_t fast_ms = every_ms / 4 > PACE_FAST_LEAST_MS ? every_ms / 4 : PACE_FAST_LEAST_MS;
    return shortened(fast_ms, chance);
}

static uint64_t
fresh_login_ms(uint64_t timeout_ms, unsigned chance)
{
    uint64_t to_ms = left_after(PACE_LOGIN_BOUND_MS - 500, timeout_ms);
    if (to_ms <= PACE_LOGIN_FROM_MS)
        return to_ms;
    return PACE_LOGIN_FROM_MS + (to_ms - PACE_LOGIN_FROM_MS) * chance / 1000;
}

uint64_t
pace_login_ms(const struct pace *p, enum reason last_login, uint64_t timeout_ms, unsigned chance)
{
    uint64_t every_ms = p->every_ms > 0 ? p->every_ms : PACE_ASLEEP_MS;
    uint64_t fresh_ms = fresh_login_ms(timeout_ms, chance);
    uint64_t again_ms = fresh_ms;
    if (reason_is_setting(last_login))
        again_ms = shortened(5 * every_ms, chance);
    else if (last_login != REASON_NONE)
        again_ms = every_ms + every_ms / 5 * chance / 1000;
    return again_ms < fresh_ms ? again_ms : fresh_ms;
}
