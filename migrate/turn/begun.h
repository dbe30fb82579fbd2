/*
 * begun.h: migrations that an earlier run began outside a transaction and did not complete.
 */
#ifndef RR_MIGRATE_BEGUN_H
#define RR_MIGRATE_BEGUN_H

#include "common/base/err.h"
#include "migrate/db/ledger.h"
#include "migrate/db/steps.h"

struct begun {
    struct steps steps;
    struct steps_begun *rows;
    size_t n;
};

/* From the table of steps beside the history; none when there is no such table. On error nothing is left. */
MUST_CHECK int
begun_read(struct begun *ret, const struct ledger *l, struct session *s, struct err *e);
void begun_done(struct begun *b);

/* That version's, or that of its way back; NULL: none. Borrowed. */
const struct steps_begun *begun_find(const struct begun *b, const char *version, bool back);

#endif
