/*
 * volatile.h: whether a function gives one value for a whole statement (pure).
 *
 * A column that is added with such a default is a change of the catalogs alone; any other default is computed for each row,
 * and the table is written anew. A function is VOLATILE unless its CREATE FUNCTION says otherwise, so a name that is not
 * known counts as that.
 */
#ifndef RR_MIGRATE_LINT_VOLATILE_H
#define RR_MIGRATE_LINT_VOLATILE_H

#include <stdbool.h>

/* name: in lower case, without its schema. Types and what the grammar writes like a call are among them. */
bool lint_call_is_stable(const char *name);

#endif
