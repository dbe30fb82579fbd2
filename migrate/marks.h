/*
 * marks.h: what -- comments say to a migrator: our header keys in the wrong place, and the
 * annotations of other tools. Pure.
 *
 * Most tools keep the way back in the same file, behind a comment: a file that is not known to be
 * theirs would be made and unmade in one go, and counted as applied.
 */
#ifndef RR_MIGRATE_MARKS_H
#define RR_MIGRATE_MARKS_H

#include <stdbool.h>
#include <stddef.h>

/* text: a comment without its dashes. What is wrong with it, static; NULL: nothing. */
const char *marks_foreign(const char *text, size_t len);
/* The same for comments behind the first statement, where a header line comes too late. */
const char *marks_late(const char *text, size_t len);

/*
 * Looks through [from, to) of text, which lies between statements: white space, semicolons,
 * comments. What is wrong, with *ret_at where that comment begins; NULL: nothing.
 */
const char *marks_between(const char *text, size_t from, size_t to, size_t *ret_at);

#endif
