/* hour.c: a ring of half minutes (pure). */
#include "healthd/check/hour.h"

static const uint8_t hour_states[VERDICT_STATES] = {
    [VERDICT_UNKNOWN] = HOUR_UNKNOWN,
    [VERDICT_UP] = HOUR_UP,
    [VERDICT_DEGRADED] = HOUR_DEGRADED,
    [VERDICT_DOWN] = HOUR_DOWN,
};

/* Makes the slot of that moment the latest; the state went on through those between. Returns its place. */
static size_t
move_to(struct hour *h, uint64_t at_ms)
{
    uint64_t count = at_ms / HOUR_SLOT_MS;
    if (count > h->count + HOUR_SLOTS)
        h->count = count - HOUR_SLOTS;
    while (h->count < count) {
        size_t at = ++h->count % HOUR_SLOTS;
        h->worst[at] = h->state;
        h->longest_us[at] = 0;
    }
    return h->count % HOUR_SLOTS;
}

void
hour_set(struct hour *h, uint64_t at_ms, enum verdict_state state)
{
    size_t at = move_to(h, at_ms);
    h->state = hour_states[state];
    if (h->worst[at] < h->state)
        h->worst[at] = h->state;
}

void
hour_count(struct hour *h, uint64_t at_ms, uint64_t took_us)
{
    size_t at = move_to(h, at_ms);
    uint32_t us = took_us < 1 ? 1 : took_us > UINT32_MAX ? UINT32_MAX : (uint32_t)took_us;
    if (h->longest_us[at] < us)
        h->longest_us[at] = us;
}

struct hour_slot
hour_at(const struct hour *h, uint64_t now_ms, size_t i)
{
    uint64_t last = now_ms / HOUR_SLOT_MS;
    uint64_t back = HOUR_SLOTS - 1 - i;
    if (back > last)
        return (struct hour_slot){HOUR_NONE, 0};
    uint64_t count = last - back;
    if (count > h->count)
        return (struct hour_slot){(enum hour_state)h->state, 0};
    if (count + HOUR_SLOTS <= h->count)
        return (struct hour_slot){HOUR_NONE, 0};
    return (struct hour_slot){(enum hour_state)h->worst[count % HOUR_SLOTS],
                              h->longest_us[count % HOUR_SLOTS]};
}
