/*
 * source_text.h: source.c's own: one file, by descriptor of its directory.
 */
#ifndef RR_MIGRATE_SOURCE_TEXT_H
#define RR_MIGRATE_SOURCE_TEXT_H

#include "migrate/files/source.h"

/*
 * Opens and reads or maps; checks nothing but that it is a regular file. ret_stamp may be NULL.
 */
MUST_CHECK int source_text_at(int dir_fd, const char *file, struct source_text *ret,
                              struct source_stamp *ret_stamp, struct err *e);

bool source_stamp_same(const struct source_stamp *a, const struct source_stamp *b);

/*
 * UTF-8 without NUL bytes, and not changed meanwhile, else ERR_INPUT and t->error_line; adds all of
 * it to d unless NULL.
 */
MUST_CHECK int source_text_check(struct source_text *t, struct digest *d, struct err *e);
/* What is left of a text that could not be opened. */
int source_text_refuse(struct source_text *t, struct source_text *ret);

#endif
