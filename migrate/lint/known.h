/*
 * known.h: what the files read so far say about tables, columns and their like (pure).
 *
 * Learned from the statements alone, so it may be little: what is not here is not known, which is never taken for proof of
 * anything. Want of memory shows in `failed`; what was learned until then stays.
 */
#ifndef RR_MIGRATE_LINT_KNOWN_H
#define RR_MIGRATE_LINT_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "migrate/lint/name.h"
#include "migrate/lint/type.h"

enum known_kind {
    KNOWN_TABLE,    /* it was created */
    KNOWN_INDEX,    /* … and that index: name */
    KNOWN_TYPE,     /* … and that type or domain: name */
    KNOWN_COLUMN,   /* part: of that type */
    KNOWN_NOT_NULL, /* part: the column has no nulls, as the server can tell without looking */
    KNOWN_CHECK,    /* part: a constraint; column: it says that this one is not null; "" else */
    KNOWN_CHECKED,  /* the table has a constraint that was validated */
    KNOWN_STABLE,   /* a function that is STABLE or IMMUTABLE */
    KNOWN_LOCK,     /* of this file: the table is locked until it ends */
    KNOWN_EMPTY,    /* of this file: TRUNCATE took its rows */
    KNOWN_VALUE,    /* of this file: part was added to the enum */
};

struct known {
    enum known_kind kind;
    struct lint_name name;
    char part[LINT_NAME_MAX];
    char column[LINT_NAME_MAX];
    struct lint_type type;
    size_t file; /* where it was learned; 0: long ago */
    bool filled; /* KNOWN_TABLE: it was made with rows in it; KNOWN_INDEX: its table was in use */
};

struct known_set {
    struct known *items;
    uint64_t *keys; /* of each: what is not it is seen at a glance */
    size_t n, size;
    bool failed;
};

void known_done(struct known_set *s);
/* The latest of that kind, name and part ("": none); NULL: there is none. Borrowed until the next change. */
const struct known *known_find(const struct known_set *s, enum known_kind kind,
                               const struct lint_name *name, const char *part);
/* The first of a kind, whatever its name. */
const struct known *known_first(const struct known_set *s, enum known_kind kind);
/* Takes the place of the same one. NULL: out of memory, or without a name. */
struct known *known_add(struct known_set *s, enum known_kind kind, const struct lint_name *name,
                        const char *part);
void known_remove(struct known_set *s, enum known_kind kind, const struct lint_name *name,
                  const char *part);
void known_remove_all(struct known_set *s, enum known_kind kind);
/* Everything that is said of a table is said of its new name (schema "": it stays). */
void known_rename(struct known_set *s, const struct lint_name *from, const struct lint_name *to);

#endif
