/* backoff.c: pauses that double, less a random part. */
#include "common/base/backoff.h"

#include "common/base/digest.h"

static uint32_t
due_ms(const struct backoff *b)
{
    if (b->last_ms == 0)
        return b->first_ms < b->most_ms ? b->first_ms : b->most_ms;
    return b->last_ms < b->most_ms / 2 ? 2 * b->last_ms : b->most_ms;
}

uint32_t
backoff_next(struct backoff *b)
{
    b->last_ms = due_ms(b);
    return b->last_ms - digest_jitter(b->last_ms / 2 + 1);
}

void
backoff_reset(struct backoff *b)
{
    b->last_ms = 0;
}
