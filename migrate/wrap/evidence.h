/*
 * evidence.h: which revisions the wrapped tool's history table has, before and after.
 *
 * Only to tell: what cannot be read (no such table yet, another role's) is an empty answer, and no failure of the run.
 */
#ifndef RR_MIGRATE_EVIDENCE_H
#define RR_MIGRATE_EVIDENCE_H

#include <stddef.h>

struct session;
struct tool;

/* Owned; oldest first, as the tool orders them. */
struct evidence {
    char **revisions;
    size_t n;
};

/* t NULL: nothing. *ret is filled always; what was in it is the caller's to release before. */
void evidence_read(const struct tool *t, struct session *s, struct evidence *ret);
void evidence_done(struct evidence *e);

/* Those of `after` that `before` lacks, one after the other. */
typedef void evidence_new_fn(const char *revision, void *arg);
void evidence_compare(const struct evidence *before, const struct evidence *after,
                      evidence_new_fn *fn, void *arg);

#endif
