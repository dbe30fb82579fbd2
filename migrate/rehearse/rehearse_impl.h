/*
 * rehearse_impl.h: rehearse_*.c's own: a rehearsal under way.
 */
#ifndef RR_MIGRATE_REHEARSE_IMPL_H
#define RR_MIGRATE_REHEARSE_IMPL_H

#include "migrate/apply/apply.h"
#include "migrate/rehearse/picture.h"
#include "migrate/rehearse/relations.h"
#include "migrate/turn/turn.h"

struct rehearsal {
    struct turn *t;
    struct apply a; /* the file at hand */
    struct relations before;
    struct picture *picture;
    struct statement insert; /* the last one that was sent was such an INSERT; n 0: it was none */
};

/* The statements of the file of r->a, each with what it locked: DONE, RETRY (roll back and begin anew), OUTSIDE (roll back to the
 * savepoint: it has to run outside a transaction), FAILED. */
enum apply_result rehearse_statements(struct rehearsal *r);
/* What COMMIT would check, and the history row: DONE, RETRY, FAILED. */
enum apply_result rehearse_end(struct rehearsal *r);
/* Something that was sent failed; completed: statements of it that were done. */
enum apply_result rehearse_failed(struct rehearsal *r, const struct err *e, size_t completed);
/* A file that is not run, statement by statement. -1: the report knows. */
int rehearse_list(struct rehearsal *r, const char *cannot);
/* For failures that are nobody's statement. */
enum apply_result rehearse_broken(struct rehearsal *r, const struct err *e);

#endif
