/*
 * names.h: what the file names of several layouts have in common (pure).
 */
#ifndef RR_MIGRATE_NAMES_H
#define RR_MIGRATE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "migrate/layout/layout.h"

/* The length without .sql. ERR_INPUT: it does not end so, or is not UTF-8. */
MUST_CHECK int names_stem(const char *file, size_t *ret_len, struct err *e);

/* Takes .up or .down off the end of the stem: true. */
bool names_take_direction(const char *file, size_t *len, enum migration_direction *ret);

/*
 * The digits that the name begins with: a bigint above zero. ERR_INPUT: there are none, or they are none
 * such; shape and tool are for the message.
 */
MUST_CHECK int names_number(const char *file, const char *shape, const char *tool,
                            size_t *ret_bytes, struct err *e);

/* NUMBER_rest of a stem: version and name. ERR_INPUT. */
MUST_CHECK int names_number_bar(const char *file, size_t len, const char *shape, const char *tool,
                                struct layout_name *ret, struct err *e);

/* Whether the whole name fits: # stands for digits, * for anything but a slash, each for nothing less than one. */
bool names_match(const char *pattern, const char *name);

#endif
