/* lease_look.c: what the stores' answers have in common. */
#include "common/lease/lease_look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/lease/lease_look_impl.h"
#include "common/net/loop.h"

void
look_wait_begin(struct look_wait *w)
{
    w->done = false;
    err_clear(&w->e);
}

void
look_wait_end(struct look_wait *w, const struct err *e)
{
    w->done = true;
    if (e)
        w->e = *e;
}

int
look_wait_for(struct look_wait *w, struct err *e)
{
    if (loop_turn_until(w->loop, &w->done, w->deadline_ms, e) < 0)
        return -1;
    if (w->e.code != ERR_NONE)
        *e = w->e;
    return w->e.code == ERR_NONE ? 0 : -1;
}

void
lease_looks_done(struct lease_looks *looks)
{
    free(looks->items);
    *looks = (struct lease_looks){0};
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(((const struct lease_look *)a)->name, ((const struct lease_look *)b)->name);
}

const struct lease_look *
lease_looks_find(const struct lease_looks *looks, const char *name)
{
    for (size_t low = 0, high = looks->n; low < high;) {
        size_t mid = low + (high - low) / 2;
        int order = strcmp(name, looks->items[mid].name);
        if (order == 0)
            return &looks->items[mid];
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return NULL;
}

struct lease_look *
lease_looks_add(struct lease_looks *looks, const char *name, size_t len, struct err *e)
{
    if (looks->n == LEASE_LOOKS_MAX) {
        err_set(e, ERR_SERVER, "there are more than %d jobs; use --name to ask about one of them",
                LEASE_LOOKS_MAX);
        return NULL;
    }
    if ((looks->n & (looks->n - 1)) == 0) { /* none yet, or a power of two: all places are taken */
        struct lease_look *items =
            reallocarray(looks->items, looks->n ? 2 * looks->n : 1, sizeof(*items));
        if (!items) {
            err_nomem(e);
            return NULL;
        }
        looks->items = items;
    }
    struct lease_look *added = &looks->items[looks->n++];
    *added = (struct lease_look){0};
    snprintf(added->name, sizeof(added->name), "%.*s", (int)len, name);
    return added;
}

int
lease_looks_asked(struct lease_looks *looks, const struct lease_asked *asked, struct err *e)
{
    for (size_t i = 0; asked->names && i < asked->n; i++)
        if (!lease_looks_add(looks, asked->names[i], strlen(asked->names[i]), e))
            return -1;
    lease_looks_sort(looks);
    return 0;
}

void
lease_looks_sort(struct lease_looks *looks)
{
    size_t kept = 0;
    if (looks->n == 0)
        return;
    qsort(looks->items, looks->n, sizeof(*looks->items), by_name);
    for (size_t i = 1; i < looks->n; i++)
        if (strcmp(looks->items[i].name, looks->items[kept].name) != 0)
            looks->items[++kept] = looks->items[i];
    looks->n = kept + 1;
}

const char *
lease_state_name(enum lease_state state)
{
    static const char *const names[] = {"never", "free", "left", "held"};
    return names[state];
}
