/*
 * type.h: the type of a column, and whether another one can take its place without a rewrite (pure).
 *
 * Follows what ALTER TABLE … ALTER COLUMN … TYPE does on the server: no rewrite where the old values are valid as they
 * are stored (varchar to text, a longer varchar, a numeric of more digits and the same scale).
 */
#ifndef RR_MIGRATE_LINT_TYPE_H
#define RR_MIGRATE_LINT_TYPE_H

#include <stdbool.h>

#include "migrate/sql/cursor.h"

struct lint_type {
    char name[64]; /* as pg_type has it: int4, varchar, timestamptz; "": unknown */
    long modifiers[2];
    int n_modifiers;
    bool is_array;
};

/* Moves behind it. */
void lint_type_read(struct cursor *c, struct lint_type *ret);
/* True when values of `from` need not be written anew as `to`; false when it is not known. utc: that is the time zone. */
bool lint_type_fits(const struct lint_type *from, const struct lint_type *to, bool utc);
/* serial and its kin. */
bool lint_type_is_serial(const struct lint_type *t);

#endif
