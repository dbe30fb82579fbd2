/*
 * outside.h: what statements do that cannot run in a transaction, and so not in a rehearsal (pure).
 *
 * PostgreSQL's manual, "Explicit Locking" and the pages of the statements.
 */
#ifndef RR_MIGRATE_REHEARSE_OUTSIDE_H
#define RR_MIGRATE_REHEARSE_OUTSIDE_H

#include <stdbool.h>
#include <stddef.h>

#include "migrate/rehearse/lockmode.h"

struct outside {
    enum lockmode mode; /* the strongest on a table that it takes for long; LOCKMODE_NONE: none */
    const char *does;   /* one line, static */
};

/* what: as verdict.h names it, NULL: any other; sql: the statement itself. */
struct outside outside_of(const char *what, const char *sql, size_t len, bool backslashes);

#endif
