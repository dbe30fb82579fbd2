/*
 * rehearse.h: what `up` would do, done on the real server and rolled back.
 *
 * One transaction for all files, a savepoint for each, so that later files see what earlier ones did. Statements go out one by
 * one; behind each the locks of the transaction are looked at (look.h). What runs outside a transaction in `up` is listed. A lock
 * that is not got in time rolls back all of it, and it begins anew, until the deadline.
 */
#ifndef RR_MIGRATE_REHEARSE_H
#define RR_MIGRATE_REHEARSE_H

#include "common/base/err.h"
#include "migrate/rehearse/picture.h"
#include "migrate/turn/turn.h"

/*
 * The steps of the turn's plan, under the lock. 0: the picture is complete, and nothing is left in the database. -1: the report knows
 * why not; the picture shows how far it came.
 */
int rehearse(struct turn *t, struct picture *picture);

#endif
