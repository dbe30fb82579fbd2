/*
 * name.h: the name of a relation as a statement writes it (pure).
 *
 * Folded as PostgreSQL folds it. A name without a schema may be that of any schema: two names are the same when nothing
 * speaks against it. A name that is too long to be one is "".
 */
#ifndef RR_MIGRATE_LINT_NAME_H
#define RR_MIGRATE_LINT_NAME_H

#include <stdbool.h>

#include "common/base/strbuf.h"
#include "migrate/sql/cursor.h"

#define LINT_NAME_MAX 128

struct lint_name {
    char schema[LINT_NAME_MAX]; /* "": not written */
    char name[LINT_NAME_MAX];   /* "": none, or unknown */
};

/* One identifier into buf[LINT_NAME_MAX], "" when there is none; moves behind it. */
void lint_name_part(struct cursor *c, char *buf);
/* a, a.b or a.b.c (then b.c); moves behind it. False when no name stands here: nothing is moved. */
bool lint_name_read(struct cursor *c, struct lint_name *ret);
/* False when one of them is unknown. */
bool lint_name_same(const struct lint_name *a, const struct lint_name *b);
void lint_name_format(const struct lint_name *n, struct strbuf *out);

#endif
