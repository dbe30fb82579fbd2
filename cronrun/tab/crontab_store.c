/* crontab_store.c: memory that goes with the crontab (pure). */
#include <stdlib.h>
#include <string.h>

#include "cronrun/tab/crontab_impl.h"

/* Blocks, one behind the other. */
struct crontab_store {
    void **items;
    size_t n, size;
};

void *
crontab_keep(struct crontab_reader *r, void *allocated)
{
    struct crontab_store *s = r->tab->store;
    if (!s)
        s = r->tab->store = calloc(1, sizeof(*s));
    if (allocated && s && s->n == s->size) {
        size_t size = s->size ? 2 * s->size : 64;
        void **items = realloc(s->items, size * sizeof(*items));
        s->items = items ? items : s->items;
        s->size = items ? size : s->size;
    }
    if (!allocated || !s || s->n == s->size) {
        free(allocated);
        r->failed = true;
        return NULL;
    }
    s->items[s->n++] = allocated;
    return allocated;
}

char *
crontab_keep_text(struct crontab_reader *r, const char *at, size_t len)
{
    return crontab_keep(r, strndup(at, len));
}

void
crontab_store_free(struct crontab_store *store)
{
    if (!store)
        return;
    for (size_t i = 0; i < store->n; i++)
        free(store->items[i]);
    free(store->items);
    free(store);
}
