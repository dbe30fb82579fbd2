/*
 * action_read.h: action.c's own: a statement that is being read (pure).
 */
#ifndef RR_MIGRATE_LINT_ACTION_READ_H
#define RR_MIGRATE_LINT_ACTION_READ_H

#include "migrate/lint/action.h"

struct reader {
    struct cursor c;
    action_cb found;
    void *arg;
};

/* It has that, at the token at hand. */
void action_note(struct action *a, enum action_has what, const struct cursor *c);
/* Behind `word`, which it has then; false when it is another one. */
bool action_accept(struct cursor *c, const char *word, struct action *a, enum action_has what);
/* IF [NOT] EXISTS */
void action_skip_if(struct cursor *c);
/* Notes CASCADE, if it is the last word. */
void action_read_cascade(struct cursor c, struct action *a);
/* c without what stands from its next comma outside parentheses on; moves *c behind that comma. */
struct cursor action_piece(struct cursor *c);

/* name type [constraints], to the end of c. */
void action_read_column(struct cursor *c, struct action *a);
/* [CONSTRAINT name] CHECK …, to the end of c. False: no constraint stands here. */
bool action_read_constraint(struct cursor *c, struct action *a);

/* Each behind its first words. */
void action_alter_table(struct reader *r, struct action *a);
void action_alter(struct reader *r, struct action *a);
void action_create(struct reader *r, struct action *a);
void action_drop(struct reader *r, struct action *a);
void action_data(struct reader *r, struct action *a);

#endif
