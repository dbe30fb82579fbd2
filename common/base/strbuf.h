/*
 * strbuf.h: a growing byte string, always NUL-terminated once something was added.
 *
 * Appending never fails loudly: when memory runs out `failed` is set, later appends do nothing, and the user
 * checks once at the end. Embedded, not allocated: `struct strbuf b = STRBUF_INIT;`.
 */
#ifndef RR_BASE_STRBUF_H
#define RR_BASE_STRBUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct strbuf {
    char *data;  /* NULL until the first append */
    size_t len;  /* without the NUL */
    size_t size; /* allocated bytes */
    bool failed; /* memory ran out: the content is cut */
};

/* clang-format off */
#define STRBUF_INIT { 0 }
/* clang-format on */

void strbuf_done(struct strbuf *b);  /* frees; b is as new */
void strbuf_clear(struct strbuf *b); /* len 0, keeps the memory */
void strbuf_add(struct strbuf *b, const void *data, size_t len);
void strbuf_adds(struct strbuf *b, const char *s); /* s NUL-terminated, not NULL */
void strbuf_addc(struct strbuf *b, char c);
void strbuf_addf(struct strbuf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void
strbuf_addv(struct strbuf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/* The content, "" when empty; owned by b. */
const char *strbuf_str(const struct strbuf *b);
/* Takes the content out: the caller frees it. NULL when memory ran out. b is as new. */
char *strbuf_steal(struct strbuf *b);

#endif
