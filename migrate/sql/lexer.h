/*
 * lexer.h: cuts a file into the statements that PostgreSQL's parser would see (pure).
 *
 *     struct lexer lx;
 *     struct statement st;
 *     int rc;
 *     lexer_init(&lx, text, len);
 *     while ((rc = lexer_next(&lx, &st, e)) > 0)
 *         …  text + st.offset, st.sql_bytes …
 *
 * Works on one borrowed piece of memory (read or mapped), forwards only, allocates nothing, copies
 * nothing: pages before the statement at hand may be given back while it runs.
 *
 * A semicolon ends a statement outside parentheses (CREATE RULE … DO (a; b)) and outside the body
 * of a CREATE FUNCTION|PROCEDURE … BEGIN ATOMIC … END. Such a body ends at the END that follows a
 * semicolon or ATOMIC, as the grammar has it, so that CASE … END and columns called "end" need no
 * guess.
 *
 * Of psql's commands \restrict and \unrestrict (pg_dump) are skipped between statements; any other
 * unquoted backslash is an error that names it. A byte order mark at the start is skipped. :name
 * is never expanded.
 *
 * standard_conforming_strings decides how '…' reads. It is on at the start, and follows SET, RESET
 * and SELECT set_config(…) with a plain value that stand as statements of their own in the file:
 * the session must start with it on.
 */
#ifndef RR_MIGRATE_LEXER_H
#define RR_MIGRATE_LEXER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

enum statement_kind {
    STATEMENT_SQL,
    STATEMENT_COPY, /* COPY … FROM STDIN with its data */
};

struct statement {
    size_t n;         /* 1, 2, … */
    size_t offset;    /* of its first token */
    size_t bytes;     /* to before its semicolon; STATEMENT_COPY: to the end of its data */
    size_t sql_bytes; /* of the SQL alone: what is sent as a query */
    size_t line;      /* of the first token; lines count \n, from 1 */
    size_t end_line;  /* of the place where it ends (offset + bytes) */
    enum statement_kind kind;
    size_t data_offset; /* STATEMENT_COPY: begins on the line after the semicolon */
    size_t data_bytes;  /* without the line \. ; 0 otherwise */
    bool backslashes;   /* standard_conforming_strings was off when it was read */
    bool ends_batch;    /* sets standard_conforming_strings, client_encoding or backslash_quote */
};

/*
 * Called now and then: nothing before `upto` is looked at again (but by the user, in the statement
 * at hand).
 */
typedef void (*lexer_passed_cb)(void *arg, size_t upto);

struct lexer {
    const char *text; /* borrowed */
    size_t len;
    size_t pos;
    size_t line; /* of pos */
    size_t n;    /* statements so far */
    bool backslashes;
    size_t error_offset; /* after -1: where it is wrong; and its line */
    size_t error_line;
    lexer_passed_cb
        passed; /* may be set after lexer_init: each LEXER_PASSED_BYTES, in COPY data too */
    void *passed_arg;
    size_t passed_to;
};

#define LEXER_PASSED_BYTES ((size_t)1 << 20)

void lexer_init(struct lexer *lx, const char *text, size_t len);

/*
 * The next statement: 1 and *ret filled, 0 at the end of the text, -1 ERR_INPUT: unterminated
 * quote, comment, parenthesis or body, a psql command, text behind COPY … FROM STDIN; on its line.
 * The place is in error_offset and error_line; after an error the next call gives 0.
 */
MUST_CHECK int lexer_next(struct lexer *lx, struct statement *ret, struct err *e);

/* Number of \n in the piece. */
size_t lexer_count_lines(const char *text, size_t len);

#endif
