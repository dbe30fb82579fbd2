/*
 * resume.h: what to do about a statement that an earlier run began outside a transaction, and of which nobody knows
 * whether it came to its end (pure).
 *
 * Only the catalog can tell. The table of kinds by what the catalog says is in resume.c.
 */
#ifndef RR_MIGRATE_RESUME_H
#define RR_MIGRATE_RESUME_H

#include <stdbool.h>
#include <stddef.h>

#include "migrate/sql/task.h"

/* What its row and the catalog say. Of an index without a name: of all those of the table. */
struct resume_seen {
    bool same; /* the file still has the text that was begun */
    bool
        refused; /* the server answered it with an error: it is not done, but may have left something */
    bool exists;      /* the index, the partition as one of the table, the object */
    bool valid;       /* the index */
    bool old;         /* it was there before the statement began */
    bool pending;     /* the partition: DETACH … CONCURRENTLY did its first half */
    size_t leftovers; /* INVALID indexes that only the statement can have left */
    size_t fresh;     /* indexes without a name in the statement: valid, and not there before */
};

enum resume_action {
    RESUME_DONE,     /* its work is there */
    RESUME_REDO,     /* it runs (again) */
    RESUME_DROP,     /* what it left is dropped, then it runs again */
    RESUME_FINALIZE, /* DETACH PARTITION … FINALIZE is what is left to do */
    RESUME_STOP,     /* a person has to look */
    RESUME_DRIFT,    /* the text was changed, and what the old one made is there */
};

enum resume_action resume_decide(enum task_kind kind, const struct resume_seen *seen);

/* "done", "again" …: the field `action` of a record. */
const char *resume_action_text(enum resume_action action);

#endif
