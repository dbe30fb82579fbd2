/* again.c: what passes, and how long it is waited for (pure). */
#include "cronrun/again/again.h"

#include <errno.h>

#include "common/base/clock.h"

bool
again_passes(const struct err *why)
{
    if (why->code == ERR_NOMEM)
        return true;
    return why->code == ERR_SYSTEM && (why->sys_errno == EMFILE || why->sys_errno == ENFILE ||
                                       why->sys_errno == EAGAIN || why->sys_errno == ENOMEM);
}

int64_t
again_delay_ms(const struct again_failure *f)
{
    int64_t delay_ms = AGAIN_FIRST_MS;
    for (unsigned i = 1; i < f->attempts && delay_ms < AGAIN_MOST_MS; i++)
        delay_ms *= 2;
    int64_t late_ms = f->now_ms + delay_ms - f->at_ms;
    bool too_late = f->starting_deadline_ms != CLOCK_NEVER && late_ms > 0 &&
                    (uint64_t)late_ms > f->starting_deadline_ms;
    if (f->newer || too_late || f->now_ms + delay_ms >= f->next_ms || !again_passes(f->why))
        return AGAIN_NEVER;
    return delay_ms;
}
