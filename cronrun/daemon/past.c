/* past.c: a ring of times (pure). */
#include "cronrun/daemon/past.h"

#include <stdlib.h>

#define SIZE_FIRST 8

void
past_init(struct past *p)
{
    *p = (struct past){.last_end_ms = -1, .last_success_ms = -1};
}

void
past_done(struct past *p)
{
    free(p->times);
    *p = (struct past){0};
}

/* Only while the oldest stands first. */
static void
grow(struct past *p)
{
    uint16_t size = p->size == 0 ? SIZE_FIRST : (uint16_t)(p->size * 2);
    if (size > PAST_MOST)
        size = PAST_MOST;
    struct past_time *times = reallocarray(p->times, size, sizeof(*times));
    if (!times)
        return; /* uncovered: out of memory */
    p->times = times;
    p->size = size;
}

static void
keep(struct past *p, const struct past_time *t)
{
    if (p->n == p->size && p->size < PAST_MOST && p->first == 0)
        grow(p);
    if (p->size == 0)
        return; /* uncovered: out of memory */
    if (p->n < p->size) {
        p->times[(p->first + p->n++) % p->size] = *t;
        return;
    }
    p->times[p->first] = *t;
    p->first = (uint16_t)((p->first + 1) % p->size);
}

void
past_add(struct past *p, const struct past_time *t)
{
    keep(p, t);
    p->count[t->kind]++;
    if (t->kind > PAST_STOPPED)
        return;
    p->last = *t;
    p->last_end_ms = t->started_ms < 0 ? t->failed_ms : t->started_ms + t->took_ms;
    if (t->kind == PAST_SUCCESS)
        p->last_success_ms = p->last_end_ms;
}

void
past_add_missed(struct past *p, uint64_t n)
{
    p->count[PAST_MISSED] += n;
}

const struct past_time *
past_at(const struct past *p, size_t i)
{
    return &p->times[(p->first + i) % p->size];
}

enum past_kind
past_kind_of(enum outcome_kind outcome)
{
    switch (outcome) {
    case OUTCOME_SUCCESS:
        return PAST_SUCCESS;
    case OUTCOME_SKIPPED:
        return PAST_SKIPPED;
    case OUTCOME_LATE:
        return PAST_MISSED;
    case OUTCOME_DEADLINE:
        return PAST_DEADLINE;
    case OUTCOME_STOPPED:
        return PAST_STOPPED;
    default:
        return PAST_FAILURE;
    }
}

const char *
past_name(enum past_kind kind)
{
    static const char *const names[PAST_KINDS] = {"success", "failure", "deadline",
                                                  "stopped", "skipped", "missed"};
    return names[kind];
}
