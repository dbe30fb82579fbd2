/*
 * position.h: from a position that the server reports to line and column of the file (pure).
 *
 * PG_DIAG_STATEMENT_POSITION counts characters from 1 in the text that was sent. Lines end at \n
 * (a \r before it is not part of the line); columns count characters from 1.
 */
#ifndef RR_MIGRATE_POSITION_H
#define RR_MIGRATE_POSITION_H

#include <stddef.h>

#include "common/base/strbuf.h"
#include "migrate/sql/lexer.h"

struct position {
    size_t offset;      /* bytes, in the file */
    size_t line;        /* from 1 */
    size_t column;      /* characters, from 1 */
    size_t line_offset; /* where the line begins */
    size_t line_bytes;  /* without \n or \r\n */
};

/*
 * The place of a byte. from, from_line: a known place before it (0 and 1, or a statement's offset
 * and line).
 */
void position_of_byte(const char *text, size_t len, size_t from, size_t from_line, size_t offset,
                      struct position *ret);

/* Bytes that stand for a character in an encoding, as in "0xe2 0x82 0xac": how many of them text holds, at most size.
 * 0: none. */
size_t position_bytes_parse(const char *text, unsigned char *buf, size_t size);

/*
 * The place of character number `chars` (from 1) of what was sent, which is the file's text from
 * `from` (line from_line) on: a statement, or a batch that stands in the file as it was sent.
 * Behind the end: the end.
 */
void position_of_char(const char *text, size_t len, size_t from, size_t from_line, size_t chars,
                      struct position *ret);

/*
 * Line `body_line` (from 1) of the body of a DO or CREATE FUNCTION statement, as in "PL/pgSQL
 * function inline_code_block line 3 at …": -1 when the statement has no body. The column is that
 * of the line's first character that is no space.
 */
int position_of_body_line(const char *text, size_t len, const struct statement *st,
                          size_t body_line, struct position *ret);

/*
 * The line and below it a caret:
 *
 *     CREATE TABLE t (id int primry key);
 *                            ^
 *
 * each with the prefix and a newline. Long lines are cut around the place; tabs stay, control
 * characters become spaces.
 */
void
position_caret(const char *text, const struct position *at, const char *prefix, struct strbuf *out);

#endif
