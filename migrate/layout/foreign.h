/*
 * foreign.h: tools whose layout is not handled: what their history tables and the files of their folders look like, and
 * what to do about them (pure).
 *
 * A table is told by its name and its columns, for many tools call theirs "migrations". A file is told by its name, where
 * only one tool has files of that name; else by its ending and a word that stands in it, for most tools' migrations are programs
 * in the application's own language.
 */
#ifndef RR_MIGRATE_FOREIGN_H
#define RR_MIGRATE_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>

struct foreign {
    const char *tool;
    const char *remedy; /* what to do, behind a colon */
};

/* ---- history tables ---- */

/* The name of table i of all of them; NULL behind the last. */
const char *foreign_table_at(size_t i);
/* Whose table of that name with these columns ("a,b,…") is; NULL: not known. */
const struct foreign *foreign_of_table(const char *table, const char *columns);
/* The same for a table of any name, going by the columns; quoted: "schema"."table", which decides where several have the same. */
const struct foreign *foreign_of_columns(const char *quoted, const char *columns);

/* ---- files ---- */

/* Whose file it is, by its name alone; NULL: not known. folder: the name is that of a folder, and file one in it. */
const struct foreign *foreign_of_name(const char *folder, const char *file);
/* Whether the text of a file of that name may tell. */
bool foreign_wants_text(const char *file);
/* Whose file it is, by the beginning of its text, too; NULL: not known. */
const struct foreign *foreign_of_text(const char *file, const char *text, size_t len);

#endif
