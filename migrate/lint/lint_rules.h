/*
 * lint_rules.h: the rows of the rules, by what they are about; and what their matchers may ask (pure).
 */
#ifndef RR_MIGRATE_LINT_RULES_H
#define RR_MIGRATE_LINT_RULES_H

#include "migrate/lint/action.h"
#include "migrate/lint/lint.h"

#define ON(kind_) (1ull << ACTION_##kind_)
#define ON_ANY ((1ull << ACTIONS) - 1)

/* Each ends with a row without a name. */
extern const struct lint_rule lint_rules_index[];
extern const struct lint_rule lint_rules_column[];
extern const struct lint_rule lint_rules_constraint[];
extern const struct lint_rule lint_rules_table[];
extern const struct lint_rule lint_rules_partition[];
extern const struct lint_rule lint_rules_data[];

/* It was created by this file, or by one that is not applied yet, and nobody uses it. */
bool lint_is_new(const struct lint *l, enum known_kind kind, const struct lint_name *name);
/* The action locks action.table against those who write, at least, until the transaction ends. */
bool lint_locks(const struct action *a);
/* A table that is locked so by this file, before the action at hand; NULL: none. */
const struct lint_name *lint_locked(const struct lint *l);

#endif
