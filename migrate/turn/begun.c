/* begun.c: what is half done. */
#include "migrate/turn/begun.h"

#include <string.h>

#include "common/base/cleanup.h"

int
begun_read(struct begun *ret, const struct ledger *l, struct session *s, struct err *e)
{
    *ret = (struct begun){.n = 0};
    if (steps_init(&ret->steps, l, e) != 0)
        return -1;
    if (steps_find_begun(&ret->steps, s, &ret->rows, &ret->n, e) == 0)
        return 0;
    begun_done(ret);
    return -1;
}

void
begun_done(struct begun *b)
{
    steps_begun_free(b->rows, b->n);
    steps_done(&b->steps);
    *b = (struct begun){.n = 0};
}

const struct steps_begun *
begun_find(const struct begun *b, const char *version, bool back)
{
    cleanup_strbuf struct strbuf key = STRBUF_INIT;
    steps_key(version, back, &key);
    for (size_t i = 0; i < b->n; i++)
        if (strcmp(b->rows[i].version, strbuf_str(&key)) == 0)
            return &b->rows[i];
    return NULL;
}
