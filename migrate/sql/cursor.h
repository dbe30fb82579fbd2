/*
 * cursor.h: reads a statement word by word (pure).
 *
 *     struct cursor c = cursor_on(sql, len, backslashes);
 *     if (cursor_accept(&c, "drop") && cursor_accept(&c, "index")) …
 *
 * The token at hand is c.t: TOKEN_END behind the last. White space and comments are never seen. A cursor is a value: a
 * copy of it is a place to come back to. Words are given in lower case.
 */
#ifndef RR_MIGRATE_CURSOR_H
#define RR_MIGRATE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>

#include "migrate/sql/token.h"

struct cursor {
    struct token_scan ts;
    struct token t;
};

/* On the first token of text[0, len), which is borrowed. */
struct cursor cursor_on(const char *text, size_t len, bool backslashes);

void cursor_next(struct cursor *c);
bool cursor_at_end(const struct cursor *c);
/* The token at hand is that unquoted word, or that single character. */
bool cursor_is(const struct cursor *c, const char *word);
bool cursor_is_char(const struct cursor *c, char ch);
/* The same, and moves behind it. */
bool cursor_accept(struct cursor *c, const char *word);
bool cursor_accept_char(struct cursor *c, char ch);

/* Over a.b.c */
void cursor_skip_name(struct cursor *c);
/* At an opening parenthesis: behind the one that closes it, or at the end. */
void cursor_skip_parens(struct cursor *c);

/* One option of a list in parentheses. */
struct cursor_pair {
    char name[32];
    bool off; /* = false, off, 0 */
};

/* Within ( … ): the next option. False behind the closing parenthesis. */
bool cursor_next_pair(struct cursor *c, struct cursor_pair *ret);

#endif
