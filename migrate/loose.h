/*
 * loose.h: the plan's question whether an applied file changed in more than comments and white
 * space.
 */
#ifndef RR_MIGRATE_LOOSE_H
#define RR_MIGRATE_LOOSE_H

#include "common/base/err.h"
#include "migrate/db/ledger.h"
#include "migrate/files/source.h"

struct loose {
    const struct source *source; /* borrowed */
    const char *file;            /* after an error: the file, … */
    size_t line;                 /* … and the line in it; 0: none */
};

/* A plan_loose_fn: arg is a struct loose, of the source that m belongs to. Reads the file. */
MUST_CHECK int loose_differs(const struct source_migration *m, const struct ledger_row *row,
                             void *arg, struct err *e);

#endif
