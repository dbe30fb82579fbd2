/*
 * apply_outside.h: a file outside a transaction, for the files that work at it.
 *
 * apply_outside.c has the file: what is done, what is next, its history row. apply_step.c runs one statement: in a
 * transaction together with its step where the server allows it, else behind an intent. apply_resume.c finds out what
 * became of one that an earlier run began.
 */
#ifndef RR_MIGRATE_APPLY_OUTSIDE_H
#define RR_MIGRATE_APPLY_OUTSIDE_H

#include <stdbool.h>

#include "migrate/apply/apply.h"
#include "migrate/db/steps.h"
#include "migrate/sql/task.h"

struct outside {
    struct apply *a;
    struct steps steps;
    const char *key;   /* of the file's steps */
    bool resumed;      /* an earlier run did a part of it */
    bool limits_self;  /* the file has set lock_timeout */
    bool limited;      /* the session has our lock_timeout, else none */
    bool outright;     /* the server refused the only statement in a transaction already */
    size_t commit_at;  /* which statement of what was sent last is its COMMIT */
    char encoding[32]; /* what the file has set, while our own texts are UTF-8; "": nothing */
    char strings[8];   /* the same of standard_conforming_strings */
};

/* The statement at hand. */
struct outside_work {
    struct statement st;
    struct task task;
    bool transaction; /* it can run in one, as far as its text says */
    uint8_t sha256[DIGEST_BYTES];
    const struct step *step; /* what an earlier run left of it; NULL: nothing */
};

/* What the session's settings would be needed for, and a pooler does not keep: NULL, or in words. */
const char *outside_needs_session(const struct outside *o, const struct outside_work *w);

/* Runs it, and says so in its step. DONE, OUTSIDE never, FAILED (the report knows), LOST. */
enum apply_result outside_run(struct outside *o, struct outside_work *w);

/*
 * What an earlier run began: *ret_done, or it has to run (again), and nothing is in its way. FAILED: the report knows;
 * 24 when a person has to look, 21 when the text was changed and what the old one made is there.
 */
enum apply_result outside_resume(struct outside *o, const struct outside_work *w, bool *ret_done);
/* The same between two attempts of this run; reads the steps anew. */
enum apply_result outside_mend(struct outside *o, const struct outside_work *w, bool *ret_done);

/* Writes the step's state, committed by itself. */
MUST_CHECK int outside_note(struct outside *o, const struct outside_work *w, enum step_state state,
                            const char *indexes, struct err *e);

/* Our own text is UTF-8 with standard strings; the file's statements find what the file has set. */
MUST_CHECK int outside_speak(struct outside *o, struct err *e);
MUST_CHECK int outside_hand_back(struct outside *o, struct err *e);

/* A statement, without semicolon, that is refused (lock_guard_refused) when the lease is not ours any more; and what is said then. */
void outside_sql_lease(const struct apply *a, struct strbuf *sql);
enum apply_result outside_lease_lost(struct outside *o);

/* lock_timeout of the session: ours, or none; unless the file has set one. */
MUST_CHECK int outside_limit(struct outside *o, bool limited, struct err *e);

/* A statement was refused, or not answered: reported, with what stays. completed: as for apply_report(). */
enum apply_result outside_refused(struct outside *o, const struct err *e, size_t completed);

#endif
