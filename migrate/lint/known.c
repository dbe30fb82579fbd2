/* known.c: what is known of tables and their like (pure). */
#include "migrate/lint/known.h"

#include <stdlib.h>
#include <string.h>

void
known_done(struct known_set *s)
{
    free(s->items);
    free(s->keys);
    *s = (struct known_set){.n = 0};
}

/* FNV-1a; the schema is left out, for it may not be written. */
static uint64_t
key_of(enum known_kind kind, const char *name, const char *part)
{
    uint64_t h = 14695981039346656037u ^ (uint64_t)kind;

    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 1099511628211u;
    h = (h ^ 0xff) * 1099511628211u;
    for (; *part; part++)
        h = (h ^ (unsigned char)*part) * 1099511628211u;
    return h;
}

static bool
is(const struct known *k, enum known_kind kind, const struct lint_name *name, const char *part)
{
    return k->kind == kind && lint_name_same(&k->name, name) && strcmp(k->part, part) == 0;
}

static struct known *
find(const struct known_set *s, enum known_kind kind, const struct lint_name *name,
     const char *part)
{
    uint64_t key = key_of(kind, name->name, part);

    for (size_t i = s->n; i-- > 0;)
        if (s->keys[i] == key && is(&s->items[i], kind, name, part))
            return &s->items[i];
    return NULL;
}

const struct known *
known_find(const struct known_set *s, enum known_kind kind, const struct lint_name *name,
           const char *part)
{
    return find(s, kind, name, part);
}

const struct known *
known_first(const struct known_set *s, enum known_kind kind)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->items[i].kind == kind)
            return &s->items[i];
    return NULL;
}

static bool
grow(struct known_set *s)
{
    size_t size = s->size ? 2 * s->size : 64;

    if (s->n < s->size)
        return true;
    struct known *items = reallocarray(s->items, size, sizeof(*items));
    if (items)
        s->items = items;
    uint64_t *keys = reallocarray(s->keys, size, sizeof(*keys));
    if (keys)
        s->keys = keys;
    s->failed |= !items || !keys;
    if (items && keys)
        s->size = size;
    return items && keys;
}

struct known *
known_add(struct known_set *s, enum known_kind kind, const struct lint_name *name, const char *part)
{
    struct known *k = find(s, kind, name, part);

    if (!name->name[0])
        return NULL;
    if (!k) {
        if (!grow(s))
            return NULL;
        s->keys[s->n] = key_of(kind, name->name, part);
        k = &s->items[s->n++];
    }
    *k = (struct known){.kind = kind, .name = *name};
    memccpy(k->part, part, '\0', sizeof(k->part) - 1);
    return k;
}

static void
remove_at(struct known_set *s, size_t i)
{
    s->n--;
    s->items[i] = s->items[s->n];
    s->keys[i] = s->keys[s->n];
}

void
known_remove(struct known_set *s, enum known_kind kind, const struct lint_name *name,
             const char *part)
{
    const struct known *k = find(s, kind, name, part);

    if (k)
        remove_at(s, (size_t)(k - s->items));
}

void
known_remove_all(struct known_set *s, enum known_kind kind)
{
    for (size_t i = s->n; i-- > 0;)
        if (s->items[i].kind == kind)
            remove_at(s, i);
}

void
known_rename(struct known_set *s, const struct lint_name *from, const struct lint_name *to)
{
    const struct lint_name old = *from;

    for (size_t i = 0; i < s->n; i++) {
        struct known *k = &s->items[i];
        if (k->kind == KNOWN_INDEX || k->kind == KNOWN_TYPE || k->kind == KNOWN_STABLE ||
            !lint_name_same(&k->name, &old))
            continue;
        memcpy(k->name.name, to->name, sizeof(k->name.name));
        if (to->schema[0])
            memcpy(k->name.schema, to->schema, sizeof(k->name.schema));
        s->keys[i] = key_of(k->kind, k->name.name, k->part);
    }
}
