/*
 * native.h: the native layout: names, header lines and history (pure).
 *
 *     0001_name.sql, 0001_name.up.sql, 0001_name.down.sql
 *     -- migrate: transaction=off phase=contract lock_timeout=5s statement_timeout=10min
 *     -- migrate: marks=ignore
 *
 * The version is what stands before the first underscore. Header lines stand before the first statement, among other comments.
 */
#ifndef RR_MIGRATE_NATIVE_H
#define RR_MIGRATE_NATIVE_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "migrate/layout/layout.h"

/*
 * ERR_INPUT: not such a name; the message names the layout it belongs to when it is known
 * (V1__x.sql: Flyway; 001.do.x.sql: postgrator). So is a name that speaks of a direction in another
 * way than ours (rollback_0001.sql, 0001_x.undo.sql).
 */
MUST_CHECK int native_name_parse(const char *file, struct layout_name *ret, struct err *e);

/*
 * Reads the comments before the first statement. ERR_INPUT, with the place in *ret: unknown key (the nearest
 * is named), bad value, a key twice, or, without marks=ignore, a mark of another layout (marks.h)
 * among these comments, or tern's separator on any line (of files under 1 MiB).
 */
MUST_CHECK int native_header_parse(const char *text, size_t len, unsigned marks_fine,
                                   struct layout_header *ret, struct err *e);

/* For other layouts: a header that says nothing, of all the text; … */
void native_header_init(struct layout_header *ret, size_t len, unsigned marks_fine);
/* … and our own keys, in the comments from ret->from to the first statement. ERR_INPUT as above, but for marks: those are
 * the layout's own. */
MUST_CHECK int native_header_keys(const char *text, struct layout_header *ret, struct err *e);

/*
 * Durations of header lines, as those of options (clock.h), up to the longest time-out that
 * PostgreSQL knows; none and a bare 0 are no limit. Milliseconds.
 */
MUST_CHECK int native_duration_parse(const char *text, size_t len, uint64_t *ret_ms, struct err *e);

/* The history table, see layout.h. Every name is qualified, so that neither a search_path nor objects of the same name
 * matter. */
#define NATIVE_PROOF_COLUMN "duration_ms"
#define NATIVE_UNWRITTEN "22012" /* division_by_zero */
void native_sql_create(const char *table, struct strbuf *out);
void native_sql_insert(const char *table, const struct layout_row *row, const char *proof,
                       struct strbuf *out);
void native_sql_took(const char *table, const struct layout_row *row, struct strbuf *out);
void native_sql_delete(const char *table, const struct migration *m, const struct migration *before,
                       struct strbuf *out);
void native_sql_accept(const char *table, const struct layout_row *row, const uint8_t *was_sum,
                       struct strbuf *out);

#endif
