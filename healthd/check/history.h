/*
 * history.h: the last changes of verdicts: what changed, from what, to what, why and when. Changes are copied, so that they
 * outlive their checks. Pure; no memory beyond the struct.
 */
#ifndef RR_HEALTHD_HISTORY_H
#define RR_HEALTHD_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "healthd/check/view.h"

#define HISTORY_MAX 64

struct history_change {
    char check[CHECK_NAME_MAX + 1];
    enum verdict_state from, state;
    enum reason reason; /* of the new state; NONE: it is up, or nothing is known */
    int64_t at_ms;      /* wall time */
};

struct history {
    struct history_change ring[HISTORY_MAX];
    uint64_t added; /* ever */
};

/* The view is what it is since view->since_ms and was `from`; a change of the reason alone is not kept. */
void history_add(struct history *h, const struct view *view, struct verdict_view from);
size_t history_count(const struct history *h);
/* i below history_count(); 0 is the latest. Borrowed until the next is added. */
const struct history_change *history_at(const struct history *h, size_t i);

#endif
