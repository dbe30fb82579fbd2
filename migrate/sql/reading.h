/*
 * reading.h: whether the server is going to read a text as the splitter has read it (pure).
 *
 * The splitter follows SET and its kin as they stand in the file. A DO block, a function, UPDATE pg_settings, ROLLBACK TO
 * SAVEPOINT or a default of the role change what the text does not show; the server says
 * what its settings are. Where a text has nothing that they would change, they do not matter.
 */
#ifndef RR_MIGRATE_READING_H
#define RR_MIGRATE_READING_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

/* As the server reported them last; "" when it did not. */
struct reading {
    const char *strings;  /* standard_conforming_strings: "on", "off" */
    const char *encoding; /* client_encoding */
};

/* backslashes: the splitter took standard_conforming_strings for off in there. ERR_INPUT: it would be read otherwise. */
MUST_CHECK int reading_check(const struct reading *r, const char *text, size_t len,
                             bool backslashes, struct err *e);

#endif
