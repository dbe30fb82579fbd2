/*
 * plan_back.h: what a plan reverts when the history goes back to a version (pure).
 *
 * A version goes by its own way back, from the highest down, so each that goes needs its file here. What was edited since
 * it was applied goes all the same: the way back is what counts, and editing, undoing and applying again is what a
 * directory of migrations is worked on with.
 */
#ifndef RR_MIGRATE_PLAN_BACK_H
#define RR_MIGRATE_PLAN_BACK_H

#include <stddef.h>

#include "common/base/err.h"
#include "migrate/plan.h"

/* The version that is the highest one when that many are gone; NULL: none is left. Borrowed from the plan. */
const char *plan_back_target(const struct plan *p, size_t steps);

/*
 * Whether there is a way to that version, as --to names it: it has a row, or it is "0" and there is no such version, which is
 * before the first. ERR_USAGE: unknown or not applied. *ret: the version, as the history has it, NULL before the first.
 * Borrowed from the plan.
 */
MUST_CHECK int plan_back_to(const struct plan *p, const char *to, const char **ret, struct err *e);

/*
 * Makes the rows above target the steps of the plan, and no others; NULL: all of them. -1, with *ret_exit, an exit status of
 * report.h, and the highest offender in *ret_item: 21 one has no file here, 23 one has no way back.
 */
MUST_CHECK int plan_back(struct plan *p, const char *target, int *ret_exit,
                         const struct plan_item **ret_item, struct err *e);

#endif
