/* relations.c: what a statement did to the relations that existed before. Pure. */
#include "migrate/rehearse/relations.h"

#include <stdlib.h>
#include <string.h>

static int
copy_names(struct relation *ret, const char *schema, const char *name, struct err *e)
{
    char *schema_copy = strdup(schema);
    char *name_copy = strdup(name);
    if (!schema_copy || !name_copy) {
        free(schema_copy);
        free(name_copy);
        return err_nomem(e);
    }
    ret->schema = schema_copy;
    ret->name = name_copy;
    return 0;
}

static void
free_names(const struct relation *rel)
{
    free((void *)rel->schema);
    free((void *)rel->name);
}

int
relations_add(struct relations *r, const struct relation *what, struct err *e)
{
    if (r->n == r->size) {
        size_t size = r->size ? r->size * 2 : 64;
        struct relation *grown = realloc(r->all, size * sizeof(*grown));
        if (!grown)
            return err_nomem(e);
        r->all = grown;
        r->size = size;
    }
    struct relation rel = *what;
    if (copy_names(&rel, what->schema, what->name, e) != 0)
        return -1;
    r->all[r->n++] = rel;
    return 0;
}

void
relations_done(struct relations *r)
{
    for (size_t i = 0; i < r->n; i++)
        free_names(&r->all[i]);
    free(r->all);
    free(r->touched);
    *r = (struct relations){0};
}

static int
by_oid(const void *a, const void *b)
{
    uint32_t x = ((const struct relation *)a)->oid;
    uint32_t y = ((const struct relation *)b)->oid;
    return (x > y) - (x < y);
}

struct relation *
relations_find(const struct relations *r, uint32_t oid)
{
    const struct relation key = {.oid = oid};
    return r->n ? bsearch(&key, r->all, r->n, sizeof(*r->all), by_oid) : NULL;
}

static struct relation *
parent_of(const struct relations *r, const struct relation *rel)
{
    return rel->parent ? relations_find(r, rel->parent) : NULL;
}

/* What is in the partitions is in the table; where one of them is not known, neither is the sum. */
static void
add_up(const struct relations *r, const struct relation *part)
{
    size_t depth = 0; /* the catalog has no circles; a hostile answer may */
    for (struct relation *p = parent_of(r, part); p && depth < 64; p = parent_of(r, p), depth++) {
        p->bytes = p->bytes < 0 || part->bytes < 0 ? -1 : p->bytes + part->bytes;
        p->rows = p->rows < 0 || part->rows < 0 ? -1 : p->rows + part->rows;
    }
}

int
relations_ready(struct relations *r, struct err *e)
{
    r->touched = calloc(r->n + 1, sizeof(*r->touched));
    if (!r->touched)
        return err_nomem(e);
    if (r->n)
        qsort(r->all, r->n, sizeof(*r->all), by_oid);
    for (size_t i = 0; i < r->n; i++)
        if (r->all[i].kind == 'p')
            r->all[i].bytes = r->all[i].rows = 0;
    for (size_t i = 0; i < r->n; i++)
        if (r->all[i].parent && r->all[i].kind != 'p')
            add_up(r, &r->all[i]);
    return 0;
}

struct relation *
relations_table(const struct relations *r, struct relation *rel)
{
    for (int depth = 0; rel->owner && depth < 4; depth++) { /* the index of a TOAST table */
        struct relation *owner = relations_find(r, rel->owner);
        if (!owner)
            break;
        rel = owner;
    }
    return rel;
}

/* ---- looks ---- */

void
relations_look(struct relations *r)
{
    for (size_t i = 0; i < r->touched_n; i++) {
        struct relation *rel = &r->all[r->touched[i]];
        rel->fresh = rel->held; /* until it is seen: what was held before */
        rel->held = 0;
        rel->moved = false;
    }
}

void
relations_see(struct relations *r, const struct relations_lock *lock)
{
    struct relation *rel = relations_find(r, lock->oid);
    if (!rel)
        return;
    if (!rel->touched)
        r->touched[r->touched_n++] = (size_t)(rel - r->all);
    rel->touched = true;
    rel->held |= lockmode_bit(lock->mode);
    if (lock->filenode && rel->filenode && lock->filenode != rel->filenode)
        rel->moved = true;
    if (lock->filenode)
        rel->filenode = lock->filenode;
}

int
relations_rename(struct relations *r, const struct relations_lock *lock, struct err *e)
{
    struct relation *rel = relations_find(r, lock->oid);
    if (!rel || !lock->schema || !lock->name)
        return 0;
    if (strcmp(rel->schema, lock->schema) == 0 && strcmp(rel->name, lock->name) == 0)
        return 0;
    const struct relation before = *rel;
    if (copy_names(rel, lock->schema, lock->name, e) != 0)
        return -1;
    free_names(&before);
    return 0;
}

/* ---- takings ---- */

struct takings {
    struct relations *r;
    struct taking *all;
    size_t n;
};

/* A lock of rel, for the table it counts as. */
static void
take(struct takings *t, struct relation *rel, enum lockmode mode, bool again)
{
    const struct relation *table = relations_table(t->r, rel);
    struct taking *found = NULL;
    for (size_t i = 0; i < t->n && !found; i++)
        if (t->all[i].table == table)
            found = &t->all[i];
    if (!found) {
        found = &t->all[t->n++];
        *found = (struct taking){.table = table, .held = rel, .mode = LOCKMODE_NONE};
    }
    if (mode > found->mode || (mode == found->mode && found->again && !again)) {
        found->mode = mode;
        found->held = rel;
        found->again = again;
    }
    bool index = rel->kind == 'i' || rel->kind == 'I';
    bool toast = rel != table && !index;
    if (rel->moved && !toast && (!index || rel->owner == table->oid)) {
        found->rewritten = found->rewritten || !index;
        found->reindexed = found->reindexed || index;
    }
}

static struct taking *
taking_of(const struct takings *t, uint32_t table)
{
    for (size_t i = 0; table && i < t->n; i++)
        if (t->all[i].table->oid == table)
            return &t->all[i];
    return NULL;
}

/* The partitioned table above it that has a lock at least as strong. */
static struct taking *
above(const struct takings *t, const struct taking *of)
{
    const struct relation *rel = of->table;
    struct taking *found = NULL;
    for (int depth = 0; rel && rel->parent && depth < 64; depth++) {
        struct taking *up = taking_of(t, rel->parent);
        if (up && up->mode >= of->mode)
            found = up;
        rel = relations_find(t->r, rel->parent);
    }
    return found;
}

static void
fold_partitions(struct takings *t)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->n; i++) {
        struct taking *up = above(t, &t->all[i]);
        if (!up)
            continue;
        up->partitions++;
        up->rewritten = up->rewritten || t->all[i].rewritten;
        up->reindexed = up->reindexed || t->all[i].reindexed;
        t->all[i].held = NULL; /* it goes, once nobody is looked for any more */
    }
    for (size_t i = 0; i < t->n; i++)
        if (t->all[i].held)
            t->all[kept++] = t->all[i];
    t->n = kept;
}

static int
strongest_first(const void *a, const void *b)
{
    const struct taking *x = a;
    const struct taking *y = b;
    if (x->mode != y->mode)
        return x->mode < y->mode ? 1 : -1;
    return by_oid(x->table, y->table);
}

static void
take_all(struct takings *t, relations_named_fn *named, void *arg)
{
    for (size_t i = 0; i < t->r->touched_n; i++) {
        struct relation *rel = &t->r->all[t->r->touched[i]];
        enum lockmode most = LOCKMODE_ACCESS_EXCLUSIVE;
        unsigned before = rel->fresh;
        rel->fresh = rel->held & ~before;
        t->r->released = t->r->released || (before & ~rel->held);
        if (rel->fresh || rel->moved) {
            take(t, rel, lockmode_strongest(rel->fresh ? rel->fresh : rel->held), !rel->fresh);
            continue;
        }
        unsigned could = 0;
        if (rel->held && named && named(rel, &most, arg))
            could = lockmode_up_to(rel->held, most);
        if (could)
            take(t, rel, lockmode_strongest(could), true);
    }
}

int
relations_takings(struct relations *r, relations_named_fn *named, void *arg, struct taking **ret,
                  size_t *ret_n, struct err *e)
{
    struct takings t = {.r = r, .all = calloc(r->touched_n + 1, sizeof(*t.all))};
    if (!t.all)
        return err_nomem(e);
    r->released = false;
    take_all(&t, named, arg);
    fold_partitions(&t);
    if (t.n)
        qsort(t.all, t.n, sizeof(*t.all), strongest_first);
    *ret = t.all;
    *ret_n = t.n;
    return 0;
}
