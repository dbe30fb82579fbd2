/* strbuf.c: a growing byte string. */
#include "common/base/strbuf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
strbuf_done(struct strbuf *b)
{
    free(b->data);
    *b = (struct strbuf)STRBUF_INIT;
}

void
strbuf_clear(struct strbuf *b)
{
    b->len = 0;
    b->failed = false;
    if (b->data)
        b->data[0] = '\0';
}

/* Room for `more` bytes and the NUL. */
static bool
grow(struct strbuf *b, size_t more)
{
    if (b->failed)
        return false;
    if (b->data && more < b->size - b->len)
        return true;
    if (more > SIZE_MAX / 2 - b->len - 1) {
        b->failed = true;
        return false;
    }
    size_t size = b->size ? b->size : 64;
    while (size - b->len <= more)
        size *= 2;
    char *data = realloc(b->data, size);
    if (!data) {
        b->failed = true;
        return false;
    }
    b->data = data;
    b->size = size;
    return true;
}

void
strbuf_add(struct strbuf *b, const void *data, size_t len)
{
    if (!grow(b, len))
        return;
    if (len)
        memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = '\0';
}

void
strbuf_adds(struct strbuf *b, const char *s)
{
    strbuf_add(b, s, strlen(s));
}

void
strbuf_addc(struct strbuf *b, char c)
{
    strbuf_add(b, &c, 1);
}

void
strbuf_addv(struct strbuf *b, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    char small[256];
    int n = vsnprintf(small, sizeof(small), fmt, ap);
    if (n < 0) {
        b->failed = true;
    } else if ((size_t)n < sizeof(small)) {
        strbuf_add(b, small, (size_t)n);
    } else if (grow(b, (size_t)n)) {
        vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    }
    va_end(again);
}

void
strbuf_addf(struct strbuf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    strbuf_addv(b, fmt, ap);
    va_end(ap);
}

const char *
strbuf_str(const struct strbuf *b)
{
    return b->data ? b->data : "";
}

char *
strbuf_steal(struct strbuf *b)
{
    if (!b->data)
        strbuf_add(b, "", 0);
    char *data = b->data;
    if (b->failed) {
        strbuf_done(b);
        return NULL;
    }
    *b = (struct strbuf)STRBUF_INIT;
    return data;
}
