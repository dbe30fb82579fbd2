/*
 * hour.h: the last hour of a check: for each half minute the worst state that it was in, and the longest time that a check
 * took. Of a fixed size, whatever happens. Pure.
 */
#ifndef RR_HEALTHD_HOUR_H
#define RR_HEALTHD_HOUR_H

#include <stddef.h>
#include <stdint.h>

#include "healthd/check/verdict.h"

#define HOUR_SLOTS 120
#define HOUR_SLOT_MS 30000u

/* From well to ill. */
enum hour_state { HOUR_NONE, HOUR_UP, HOUR_DEGRADED, HOUR_UNKNOWN, HOUR_DOWN, HOUR_STATES };

struct hour_slot {
    enum hour_state worst; /* NONE: there was no result yet */
    uint32_t longest_us;   /* 0: no check ended */
};

/* All zero: nothing is known. */
struct hour {
    uint32_t longest_us[HOUR_SLOTS];
    uint8_t worst[HOUR_SLOTS];
    uint8_t state;  /* since it was last set */
    uint64_t count; /* of the latest slot that is filled; slots are counted from time 0 */
};

/* From at_ms on the check is in that state. A moment before the latest slot counts as in it. */
void hour_set(struct hour *h, uint64_t at_ms, enum verdict_state state);
/* A check ended that took so long. */
void hour_count(struct hour *h, uint64_t at_ms, uint64_t took_us);
/* i: 0 is an hour ago, HOUR_SLOTS - 1 the slot of now_ms, which is not before the last at_ms. */
struct hour_slot hour_at(const struct hour *h, uint64_t now_ms, size_t i);

#endif
