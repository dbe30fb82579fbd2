/*
 * layout.h: a bookkeeping layout is a row: how its files are named and annotated, and the SQL of its
 * history table (pure).
 *
 * Rows describe; whoever works with one does not ask which it is.
 */
#ifndef RR_MIGRATE_LAYOUT_H
#define RR_MIGRATE_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/digest.h"
#include "common/base/err.h"
#include "common/base/strbuf.h"
#include "migrate/layout/migration.h"
#include "migrate/sql/verdict.h"

/* What the name of a file says. */
struct layout_name {
    size_t version_bytes; /* of the file name, from its start */
    size_t name_offset;
    size_t name_bytes;
    enum migration_direction direction;
};

#define LAYOUT_UNSET UINT64_MAX

/* What the annotations of a file say. */
struct layout_header {
    enum verdict_wish transaction; /* auto unless the file asks for one or none */
    enum migration_phase phase;    /* expand */
    uint64_t lock_timeout_ms;      /* LAYOUT_UNSET unless given; 0: none, as in PostgreSQL */
    uint64_t statement_timeout_ms;
    size_t allow_offset; /* allow=: names of rules parted by commas, as they stand in the text … */
    size_t allow_bytes;  /* … 0: none */
    unsigned marks_fine; /* of marks.h: as the caller says, and what the file adds */
    size_t error_offset; /* after an error: where it is wrong, … */
    size_t error_line;   /* … and its line; 0 otherwise */
};

/* A row of the history, to be written. All borrowed. */
struct layout_row {
    const struct migration *migration;
    const uint8_t *sha256; /* DIGEST_BYTES each */
    const uint8_t *loose_sha256;
    const char *release; /* NULL: none */
    int64_t duration_ms;
    bool baseline; /* recorded only: what the file does was there before */
};

struct layout {
    /* ERR_INPUT: not such a name; the message names the layout it belongs to when it is known. */
    int (*name_parse)(const char *file, struct layout_name *ret, struct err *e);
    /* ERR_INPUT, with the place in *ret. */
    int (*header_parse)(const char *text, size_t len, unsigned marks_fine,
                        struct layout_header *ret, struct err *e);

    /* The history; table: as it is quoted in SQL. Statements are appended to out. */
    /*
     * columns, needed: the names of its columns and of those that need a value ("version,name,…"),
     * NULL for none; without columns there is no such table. Further columns are allowed, where a
     * row can be written without them. ERR_INPUT: a table of another form; the message says whose,
     * as far as it is known.
     */
    int (*columns_check)(const char *table, const char *columns, const char *needed,
                         bool *ret_exists, struct err *e);
    /* Version, name, phase, sha256, loose_sha256 (in hex), applied_at, applied_by, duration_ms, release. */
    void (*sql_read)(const char *table, struct strbuf *out);
    void (*sql_create)(const char *table, struct strbuf *out);
    /*
     * proof: a boolean expression, or NULL. Where it is false the row is refused with 23502
     * (not_null_violation) of proof_column, and so is the transaction around it. A row that a
     * trigger leaves out is refused, too, with the SQLSTATE `unwritten` and no context.
     */
    void (*sql_insert)(const char *table, const struct layout_row *row, const char *proof,
                       struct strbuf *out);
    const char *proof_column;
    const char *unwritten;
    /*
     * The row that sql_insert wrote in this transaction, before it was known how long the file takes; refused as above when it is
     * gone. NULL: the layout does not keep it.
     */
    void (*sql_took)(const char *table, const struct layout_row *row, struct strbuf *out);
    /*
     * The way back: the row of m, as it is in the history, goes; before: the highest of those below it that stay, NULL:
     * none does. No such row, or one that a trigger keeps, is refused as sql_insert refuses.
     */
    void (*sql_delete)(const char *table, const struct migration *m, const struct migration *before,
                       struct strbuf *out);
    /*
     * The digests of row in place of was_sha256, and nothing else; a row that has another one by now is refused as
     * above. NULL: the layout keeps no digests.
     */
    void (*sql_accept)(const char *table, const struct layout_row *row, const uint8_t *was_sha256,
                       struct strbuf *out);
};

extern const struct layout layout_native;

#endif
