/*
 * rules.h: the rules of a rehearsal, which a file's header may allow (allow=), as it may those of `check` (pure).
 */
#ifndef RR_MIGRATE_REHEARSE_RULES_H
#define RR_MIGRATE_REHEARSE_RULES_H

#include <stddef.h>

#include "migrate/layout/layout.h"

enum {
    RULES_REWRITE = 1u << 0,      /* "rewrite": a table is written anew */
    RULES_MAX_BLOCKING = 1u << 1, /* "max-blocking": reads of it wait too long */
};

/* The bit of the rule of that name; 0: there is none. */
unsigned rules_named(const char *name, size_t bytes);
/* Those that the header of the file allows; text: of the file. Names of other rules are not looked at. */
unsigned rules_allowed(const char *text, const struct layout_header *h);

#endif
