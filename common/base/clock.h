/*
 * clock.h: what time it is, and durations as people write them.
 *
 * Intervals and deadlines are monotonic milliseconds; a deadline is a point on clock_mono_ms(), CLOCK_NEVER
 * means none. Wall time is for timestamps and cron expressions only. Tests replace the readings at link
 * time (the functions marked R).
 */
#ifndef RR_BASE_CLOCK_H
#define RR_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

#define CLOCK_NEVER UINT64_MAX

uint64_t clock_mono_ms(void); /* R: CLOCK_MONOTONIC */
uint64_t clock_mono_us(void); /* R */
uint64_t clock_boot_ms(void); /* R: CLOCK_BOOTTIME, runs in suspend: leases, job deadlines */
int64_t clock_wall_ms(void);  /* R: CLOCK_REALTIME since the epoch */

/* now + ms, saturating at CLOCK_NEVER. */
static inline uint64_t
clock_deadline(uint64_t ms)
{
    uint64_t now = clock_mono_ms();
    return ms >= CLOCK_NEVER - now ? CLOCK_NEVER : now + ms;
}

/* The earlier of two deadlines. */
static inline uint64_t
clock_earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Milliseconds from now until the deadline, 0 when it passed, CLOCK_NEVER when there is none. */
static inline uint64_t
clock_left_ms(uint64_t deadline_ms)
{
    if (deadline_ms == CLOCK_NEVER)
        return CLOCK_NEVER;
    uint64_t now = clock_mono_ms();
    return deadline_ms > now ? deadline_ms - now : 0;
}

#define CLOCK_RFC3339_MAX 32
/* "2026-11-21T09:00:00Z" (fraction_digits 0) or with 3 or 6 digits, into buf of CLOCK_RFC3339_MAX; returns buf. */
const char *clock_format_rfc3339(char *buf, int64_t wall_us, int fraction_digits);

/* "250ms", "2s", "5m", "1h30m", "2d", "1.5s", "0", and PostgreSQL's "10min" and "500us" (rounded up); a bare number
 * other than 0 is refused (ERR_USAGE). */
MUST_CHECK int clock_parse_duration(const char *text, uint64_t *ret_ms, struct err *e);
#define CLOCK_DURATION_MAX 32
/* Such a text, for people: 90000 -> "1m30s", 1349 -> "1.349s", 0 -> "0ms", CLOCK_NEVER -> "never"; buf of
 * CLOCK_DURATION_MAX; returns buf. */
const char *clock_format_duration(char *buf, uint64_t ms);

#endif
