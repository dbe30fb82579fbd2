/*
 * others.h: what else stands in a directory of migrations: folders with .sql files, and files of tools that are not handled.
 */
#ifndef RR_MIGRATE_OTHERS_H
#define RR_MIGRATE_OTHERS_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "migrate/files/source.h"
#include "migrate/layout/foreign.h"

/* It ends in .sql. X.SQL is one, too: to be refused, for passed over it would never be applied. */
bool others_is_candidate(const char *file);

/* Keeps the name where it is a folder that holds .sql files, the first by name. ERR_NOMEM. */
MUST_CHECK int others_note_folder(struct source *s, const struct dirent *de, struct err *e);

/*
 * Whose files stand in the directory, of the tools that are not handled; NULL: nobody's that is known. Of several the first
 * by name. *ret_file, of size bytes: which file shows it, "folder/file" for one in a folder.
 */
const struct foreign *others_find(const struct source *s, char *ret_file, size_t size);

/* ERR_INPUT: there are no migrations here, and what there is; returns -1. */
int others_none(const struct source *s, struct err *e);

#endif
