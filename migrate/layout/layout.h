/*
 * layout.h: a bookkeeping layout is a row: how its files are named and annotated, and the SQL of its
 * history table (pure).
 *
 * Rows describe; whoever works with one does not ask which it is. Each is a file of its own; layouts.h
 * lists them.
 */
#ifndef RR_MIGRATE_LAYOUT_H
#define RR_MIGRATE_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/digest.h"
#include "common/base/err.h"
#include "common/base/strbuf.h"
#include "common/pg/history.h"
#include "migrate/layout/migration.h"
#include "migrate/sql/verdict.h"

/* What the name of a file says. */
struct layout_name {
    size_t version_offset; /* of the file name */
    size_t version_bytes;
    size_t name_offset;
    size_t name_bytes;
    enum migration_direction direction;
    bool
        repeatable; /* it has no number: it runs behind all that have one, again whenever it changed */
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
    size_t from;         /* what is to be run is text[from, to): all of it, or a section */
    size_t to;
    bool back;            /* of a file read upwards: it holds the way back, too */
    const char *unusable; /* static: why it must not be run, at error_offset; it may be applied
                             already, so that this matters only when it is to run. NULL: it may */
    size_t error_offset;  /* after an error: where it is wrong, … */
    size_t error_line;    /* … and its line; 0 otherwise */
};

/* The text of a file, for its header. */
struct layout_text {
    const char *data;
    size_t len;
    enum migration_direction direction; /* which section is wanted */
    unsigned marks_fine;                /* marks_fine_for(its name) */
};

#define LAYOUT_READ 12

/* The longest digest of a file that a layout keeps. */
#define LAYOUT_SUM_MAX 48

/* A row of the history, to be written. All borrowed. */
struct layout_row {
    const struct migration *migration;
    const char *file;            /* its name in the directory */
    const uint8_t *sum;          /* the layout's own: sum_bytes of them */
    const uint8_t *loose_sha256; /* DIGEST_BYTES */
    const char *release;         /* NULL: none */
    int64_t duration_ms;
    bool baseline; /* recorded only: what the file does was there before */
};

/* The history table. All borrowed. */
struct layout_place {
    const char *schema; /* as stored in the catalog */
    const char *table;
    const char *quoted; /* "schema"."table" */
};

/* What the catalog says of a table: lists of names ("version,name,…"); names NULL: there is no such table. */
struct layout_columns {
    const char *names;
    const char *needed;     /* of those that need a value; NULL: none */
    const char *first_type; /* "bigint"; NULL: not known, and not asked */
};

/* Keys that a layout's own tool may lock with. */
#define LAYOUT_KEYS_MAX 2

struct layout {
    const char *name;  /* of --layout */
    const char *tool;  /* whose it is, for messages */
    const char *table; /* the history's name, where nobody gives another; its schema is public */
    const char *names; /* how files are called, for messages: "VERSION_name.sql" */

    /* ---- its files ---- */
    /* ERR_INPUT: not such a name; the message names the layout it belongs to when it is known. */
    int (*name_parse)(const char *file, struct layout_name *ret, struct err *e);
    /* A migration written as a program, which stands among the files and which the tool would apply; NULL: it has none such. */
    bool (*is_program)(const char *file);
    bool underscores;  /* in names they stand for spaces … */
    bool dots;         /* … in versions for dots */
    bool even_numbers; /* only numbers are versions: 0001 and 1 are stored as 1 */
    /* ERR_INPUT, with the place in *ret. */
    int (*header_parse)(const struct layout_text *t, struct layout_header *ret, struct err *e);
    /* A line that no other layout's files have: NULL, or how it begins behind dashes and blanks. */
    const char *sign;
    /* The digest that the history keeps of a file; 0 bytes: none, so that nobody can say whether it
     * changed. NULL: SHA-256. */
    size_t sum_bytes;
    int (*sum)(const char *text, size_t len, uint8_t *ret, struct err *e);
    bool loose; /* and a second one, which comments and white space do not change */

    /* ---- its history; table: as it is quoted in SQL. Statements are appended to out. ---- */
    const char *columns; /* their names */
    const char
        *keeps; /* for people: what it says beside versions; NULL: all that there is to say */
    const char *first_types; /* what the first of them may be ("bigint,integer"); NULL: anything */
    /* A tool that is not handled whose table has the same form: it is that one's where others of its tables are beside
     * it. NULL: none. */
    const char *twin;
    bool more_columns;      /* further ones are allowed, where a row can be written without them */
    history_read *sql_read; /* LAYOUT_READ columns */
    /* Statements; they do no harm to a table that is there. */
    void (*sql_create)(const struct layout_place *at, struct strbuf *out);
    /*
     * One statement. proof: a boolean expression, or NULL. Where it is false the row is refused with 23502
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
     * The digests of row in place of was_sum, and nothing else; a row that has another one by now is refused as
     * above. NULL: the layout keeps no digests.
     */
    void (*sql_accept)(const char *table, const struct layout_row *row, const uint8_t *was_sum,
                       struct strbuf *out);
    /*
     * One statement, for a version that was begun and not ended (a dirty mark), after somebody looked:
     * it is as good as applied, or (sql_delete) to be run again. NULL: the tool leaves no such mark.
     */
    void (*sql_settle)(const char *table, const struct migration *m, struct strbuf *out);

    /* The tool's own advisory locks, session-level and on one bigint, taken beside ours; how many, up to
     * LAYOUT_KEYS_MAX. NULL: it takes none. */
    size_t (*lock_keys)(const struct layout_place *at, const char *database,
                        int64_t ret[LAYOUT_KEYS_MAX]);
};

#endif
