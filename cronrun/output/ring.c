/* ring.c: frames in a circle. */
#include "cronrun/output/ring.h"

#include <stdlib.h>
#include <string.h>

#define HEAD 4u
#define STREAM_BIT 0x80000000u

int
ring_init(struct ring *r, size_t size, struct err *e)
{
    *r = (struct ring){.data = malloc(size), .size = size};
    return r->data ? 0 : err_nomem(e);
}

void
ring_done(struct ring *r)
{
    free(r->data);
    *r = (struct ring){0};
}

static void
copy_in(struct ring *r, size_t at, const void *data, size_t len)
{
    at %= r->size;
    size_t first = len < r->size - at ? len : r->size - at;
    memcpy(r->data + at, data, first);
    memcpy(r->data, (const char *)data + first, len - first);
}

static uint32_t
head_at(const struct ring *r, size_t at)
{
    unsigned char b[HEAD];
    uint32_t head;
    for (size_t i = 0; i < HEAD; i++)
        b[i] = (unsigned char)r->data[(at + i) % r->size];
    memcpy(&head, b, HEAD);
    return head;
}

static void
set_head(struct ring *r, size_t at, unsigned stream, size_t len)
{
    uint32_t head = (uint32_t)len | (stream ? STREAM_BIT : 0);
    copy_in(r, at, &head, HEAD);
}

/* The oldest frame, or so much of it. */
static void
drop(struct ring *r, size_t wanted)
{
    uint32_t head = head_at(r, r->at);
    size_t len = head & ~STREAM_BIT;
    if (len <= wanted) {
        r->at = (r->at + HEAD + len) % r->size;
        r->used -= HEAD + len;
        r->bytes -= len;
        return;
    }
    bool only = r->last == r->at;
    r->at = (r->at + wanted) % r->size;
    r->used -= wanted;
    r->bytes -= wanted;
    set_head(r, r->at, head & STREAM_BIT ? 1u : 0u, len - wanted);
    if (only)
        r->last = r->at;
}

void
ring_put(struct ring *r, unsigned stream, const void *data, size_t len)
{
    const char *from = data;
    r->total += len;
    if (len > r->size - HEAD) {
        from += len - (r->size - HEAD);
        len = r->size - HEAD;
    }
    if (len == 0)
        return;
    while (r->size - r->used < len + HEAD)
        drop(r, len + HEAD - (r->size - r->used));
    uint32_t head = r->used > 0 ? head_at(r, r->last) : 0;
    if (r->used == 0 || (head & STREAM_BIT) != (stream ? STREAM_BIT : 0)) {
        r->last = (r->at + r->used) % r->size;
        set_head(r, r->last, stream, len);
        r->used += HEAD;
    } else {
        set_head(r, r->last, stream, (head & ~STREAM_BIT) + len);
    }
    copy_in(r, r->at + r->used, from, len);
    r->used += len;
    r->bytes += len;
}

size_t
ring_next(const struct ring *r, struct ring_cursor *c, unsigned *ret_stream, const char **ret_data)
{
    if (c->left == 0) {
        if (c->seen >= r->used)
            return 0;
        uint32_t head = head_at(r, r->at + c->seen);
        c->stream = head & STREAM_BIT ? 1u : 0u;
        c->left = head & ~STREAM_BIT;
        c->seen += HEAD;
    }
    size_t at = (r->at + c->seen) % r->size;
    size_t n = c->left < r->size - at ? c->left : r->size - at;
    *ret_stream = c->stream;
    *ret_data = r->data + at;
    c->seen += n;
    c->left -= n;
    return n;
}

void
ring_last(const struct ring *r, size_t max_bytes, struct strbuf *out)
{
    struct ring_cursor c = {0};
    size_t skip = r->bytes > max_bytes ? r->bytes - max_bytes : 0;
    unsigned stream;
    const char *data;
    for (size_t n; (n = ring_next(r, &c, &stream, &data)) > 0;) {
        size_t less = skip < n ? skip : n;
        strbuf_add(out, data + less, n - less);
        skip -= less;
    }
}
