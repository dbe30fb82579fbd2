/*
 * lexer_scan.h: lexer.c's own: from the first token of a statement to its semicolon (pure).
 */
#ifndef RR_MIGRATE_LEXER_SCAN_H
#define RR_MIGRATE_LEXER_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "migrate/sql/lexer.h"

/* How far one statement was read. */
struct scan {
    size_t start; /* of the statement */
    size_t pos;
    size_t floor; /* bytes before it belong to tokens that are closed: nobody looks back over it */
    size_t depth; /* parentheses */
    size_t paren; /* where the outermost one opens */
    bool copy;    /* COPY … FROM STDIN */
};

/* From s->start; leaves s->pos at the semicolon, or at the end of the text. -1 ERR_INPUT. */
MUST_CHECK int lexer_scan(struct lexer *lx, struct scan *s, struct err *e);

/*
 * s->pos is at a - or /: behind the comment that begins there, or one further when none does. -1:
 * not closed.
 */
MUST_CHECK int lexer_over_comment(struct lexer *lx, struct scan *s, struct err *e);

/* Notes the place, ends the text for the lexer, and returns -1 with that message. */
MUST_CHECK int lexer_fail(struct lexer *lx, size_t offset, const char *what, struct err *e);
/* The same for the psql command at offset, named. */
MUST_CHECK int lexer_fail_backslash(struct lexer *lx, size_t offset, bool inside, struct err *e);

#endif
