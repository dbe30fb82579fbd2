/*
 * token.h: one token of PostgreSQL's SQL at a time (pure).
 *
 * Follows src/backend/parser/scan.l: quoting, dollar quoting, nested comments, operators that end
 * where a comment starts, literals continued on the next line. Works on a borrowed piece of
 * memory, allocates nothing, and never fails: what is not terminated ends with the text and says
 * so.
 */
#ifndef RR_MIGRATE_TOKEN_H
#define RR_MIGRATE_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

enum token_kind {
    TOKEN_END,    /* of the text */
    TOKEN_WORD,   /* keyword or identifier, unquoted */
    TOKEN_IDENT,  /* "…" or U&"…" */
    TOKEN_STRING, /* '…' of any kind, $tag$…$tag$; continued literals are one token */
    TOKEN_NUMBER,
    TOKEN_PARAM,    /* $1 */
    TOKEN_OPERATOR, /* a run of operator characters */
    TOKEN_CHAR,     /* one of , ( ) [ ] . ; : \ and whatever else stands alone */
};

/* What is wrong with a token that reaches the end of the text. */
enum token_fault {
    TOKEN_FINE,
    TOKEN_OPEN_STRING,
    TOKEN_OPEN_IDENT,
    TOKEN_OPEN_DOLLAR,
    TOKEN_OPEN_COMMENT, /* kind is TOKEN_END; offset is where the comment begins */
};

struct token {
    enum token_kind kind;
    enum token_fault fault;
    size_t offset; /* in the text */
    size_t bytes;
};

struct token_scan {
    const char *text; /* borrowed */
    size_t len;
    size_t pos;       /* where the next token is looked for */
    bool backslashes; /* standard_conforming_strings is off: plain '…' knows escapes */
};

struct token_scan token_on(const char *text, size_t len, bool backslashes);

/*
 * Skips white space and comments, fills *ret and moves behind the token. False at the end of the
 * text.
 */
bool token_next(struct token_scan *s, struct token *ret);

/* True when t is the unquoted word (given in lower case), whatever its case in the text. */
bool token_is(const struct token_scan *s, const struct token *t, const char *word);
/* True when t is the single character c. */
bool token_is_char(const struct token_scan *s, const struct token *t, char c);
/*
 * The value of a word (folded to lower case), a quoted identifier or a plain literal ('' and ""
 * undoubled; escapes are not resolved) into buf; false when it has no place or the token is of
 * another kind.
 */
bool token_value(const struct token_scan *s, const struct token *t, char *buf, size_t size);

/*
 * The parts, for the splitter. Each takes the offset just behind what opened it and returns the
 * offset behind what closes it, or len with *ret_open set.
 */
size_t token_skip_quoted(const char *text, size_t len, size_t pos, char quote, bool escapes,
                         bool *ret_open);
size_t token_skip_comment(const char *text, size_t len, size_t pos, bool *ret_open);
/* pos is behind the dashes: the offset of the \n or \r that ends the comment, or len. */
size_t token_skip_line(const char *text, size_t len, size_t pos);
/* pos is at the $; returns pos when no dollar quote begins here. */
size_t token_skip_dollar(const char *text, size_t len, size_t pos, bool *ret_open);
/*
 * pos is behind the closing quote of a literal: the offset behind the quote that continues it on a
 * later line, or 0.
 */
size_t token_continued(const char *text, size_t len, size_t pos);

/* Classes of bytes. */
enum {
    TOKEN_C_SPACE = 1u << 0,
    TOKEN_C_IDENT_START = 1u << 1,
    TOKEN_C_IDENT = 1u << 2, /* letters, digits, _, $, bytes above 127 */
    TOKEN_C_DIGIT = 1u << 3,
    TOKEN_C_OPERATOR = 1u << 4,
    TOKEN_C_STOP = 1u << 5, /* the splitter looks at it */
};
extern const unsigned char token_class[256];

#endif
