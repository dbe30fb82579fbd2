/*
 * directory.h: opening the directory of migrations for a command.
 */
#ifndef RR_MIGRATE_DIRECTORY_H
#define RR_MIGRATE_DIRECTORY_H

#include "migrate/files/source.h"

/* source_open, and a warning for what is no error, but may not be meant: a folder with .sql files in
 * it, a directory that is not there. */
MUST_CHECK int directory_open(const char *dir, const struct layout *layout, bool allow_empty,
                              struct source *ret, struct err *e);

#endif
