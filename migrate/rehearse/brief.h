/*
 * brief.h: a statement in a few words: what is shown of it, what it names, what it can lock (pure).
 */
#ifndef RR_MIGRATE_BRIEF_H
#define RR_MIGRATE_BRIEF_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "common/base/strbuf.h"
#include "migrate/rehearse/lockmode.h"

/*
 * The statement on one line, without comments: at most max_chars characters, the last of them "...". Literals are shown as
 * '...': what a pull request shows holds neither data nor passwords. Control characters become "?".
 */
void
brief_format(const char *sql, size_t len, bool backslashes, size_t max_chars, struct strbuf *out);

/* How strong a lock statements of this kind take at most on a table that they name. */
enum lockmode brief_most(const char *sql, size_t len, bool backslashes);

/* It empties tables: their files are new ones, and nothing is written anew. */
bool brief_truncates(const char *sql, size_t len, bool backslashes);

/* A SELECT that calls setval(): what it sets stays after a rollback. */
bool brief_sets_sequence(const char *sql, size_t len, bool backslashes);
/* The name stands anywhere in the statement, literals too, as a word of its own and in whatever case. */
bool brief_mentions(const char *sql, size_t len, const char *name);

/* Both are plain INSERTs into the same table, up to the list of values. */
bool brief_same_insert(const char *a, size_t a_len, const char *b, size_t b_len, bool backslashes);

/* The names that stand in a statement, and in bodies between dollar signs within it; of a long one, in its beginning. */
struct brief_names {
    char **all; /* in order of bytes */
    size_t n;
};
MUST_CHECK int brief_names_of(const char *sql, size_t len, bool backslashes,
                              struct brief_names *ret, struct err *e);
bool brief_has_name(const struct brief_names *names, const char *name);
void brief_names_done(struct brief_names *names);

#endif
