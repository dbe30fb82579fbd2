/* history.c: a ring of changes (pure). */
#include "healthd/check/history.h"

#include <string.h>

void
history_add(struct history *h, const struct view *view, struct verdict_view from)
{
    if (view->now.state == from.state)
        return;
    struct history_change *c = &h->ring[h->added++ % HISTORY_MAX];
    *c = (struct history_change){.from = from.state,
                                 .state = view->now.state,
                                 .reason = view->now.reason,
                                 .at_ms = view->since_ms};
    memcpy(c->check, view->spec->name, sizeof(c->check));
}

size_t
history_count(const struct history *h)
{
    return h->added < HISTORY_MAX ? (size_t)h->added : HISTORY_MAX;
}

const struct history_change *
history_at(const struct history *h, size_t i)
{
    return &h->ring[(h->added - 1 - i) % HISTORY_MAX];
}
