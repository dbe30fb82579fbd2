/*
 * layouts.h: the layouts, a line each, and which of them a table or a file belongs to (pure).
 */
#ifndef RR_MIGRATE_LAYOUTS_H
#define RR_MIGRATE_LAYOUTS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "migrate/layout/layout.h"

/* In the order of --layout's values. */
/* clang-format off */
#define LAYOUTS(L)   \
    L(native)        \
    L(golang)        \
    L(dbmate)        \
    L(goose)         \
    L(flyway)        \
    L(sqlx)
/* clang-format on */
#define LAYOUTS_DECLARE(name) extern const struct layout layout_##name;
LAYOUTS(LAYOUTS_DECLARE)

/* Number i of them; NULL behind the last. */
const struct layout *layouts_at(size_t i);

/* Whose history that table is, by its columns; NULL: of none. */
const struct layout *layouts_of_columns(const struct layout_columns *c);
/* It has that layout's columns and no others: nothing more is to be asked. */
bool layouts_is_exactly(const struct layout *l, const struct layout_columns *c);
/* By a line of a file that no other layout has; NULL: there is none. */
const struct layout *layouts_of_text(const char *text, size_t len);

/*
 * Whether table is a history of that layout. ERR_INPUT: it has another form; the message says whose,
 * as far as it is known, and what to do.
 */
MUST_CHECK int
layouts_check_columns(const struct layout *l, const char *table, const struct layout_columns *c,
                      bool *ret_exists, struct err *e);

#endif
