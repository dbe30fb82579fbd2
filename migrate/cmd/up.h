/*
 * up.h: what `up` and `rehearse` need of each other.
 */
#ifndef RR_MIGRATE_UP_H
#define RR_MIGRATE_UP_H

#include "common/opt/opt.h"
#include "migrate/options.h"
#include "migrate/turn/turn.h"

/* Of up's work, see turn.h. */
int up_look(struct turn *t);
void up_show(struct turn *t);
/* What is known of the plan before anything is done: files edited since, held back; a database that is ahead. */
void up_tell_plan(struct turn *t);

/* `rehearse`, and `up --rehearse`; returns the exit status. */
int cmd_rehearse_go(const struct options *o, const struct opt_result *given);

#endif
