/* rules.c: the rules of a rehearsal. Pure. */
#include "migrate/rehearse/rules.h"

#include <string.h>

static const struct {
    const char *name;
    unsigned bit;
} rows[] = {{"rewrite", RULES_REWRITE}, {"max-blocking", RULES_MAX_BLOCKING}};

unsigned
rules_named(const char *name, size_t bytes)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (strlen(rows[i].name) == bytes && memcmp(rows[i].name, name, bytes) == 0)
            return rows[i].bit;
    return 0;
}

unsigned
rules_allowed(const char *text, const struct layout_header *h)
{
    unsigned allowed = 0;
    size_t at = h->allow_offset;
    const size_t end = at + h->allow_bytes;
    while (at < end) {
        const char *comma = memchr(text + at, ',', end - at);
        size_t bytes = comma ? (size_t)(comma - text) - at : end - at;
        allowed |= rules_named(text + at, bytes);
        at += bytes + 1;
    }
    return allowed;
}
