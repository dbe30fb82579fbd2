/*
 * backoff.h: how long to wait before another attempt.
 *
 *     struct backoff again = {.first_ms = 50, .most_ms = 1000};
 *     … wait backoff_next(&again) ms, try; when it went well: backoff_reset(&again);
 *
 * The pause doubles with each attempt, up to most_ms. Up to half of it is left out by chance, so that those who failed together
 * do not come back together.
 */
#ifndef RR_BASE_BACKOFF_H
#define RR_BASE_BACKOFF_H

#include <stdint.h>

struct backoff {
    uint32_t first_ms, most_ms; /* either may be changed between attempts */
    uint32_t last_ms;           /* the whole of the last pause; 0: none yet */
};

/* From half of the pause that is due to all of it; never above most_ms. */
uint32_t backoff_next(struct backoff *b);
/* The next pause is the first again. */
void backoff_reset(struct backoff *b);

#endif
