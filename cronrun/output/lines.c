/* lines.c: lines and their records. */
#include "cronrun/output/lines.h"

#include <string.h>

#include "common/base/json.h"
#include "common/base/utf8.h"

#define TEXT_MAX (LINES_RECORD_MAX - LINES_HEAD_MAX)

/* ---- lines ---- */

/* Without the beginning of a character whose rest is still to come. */
static size_t
whole(const char *s, size_t len)
{
    for (size_t back = 1; back <= 3 && back < len; back++) {
        unsigned char c = (unsigned char)s[len - back];
        if (c >= 0xC0)
            return back < (c >= 0xF0 ? 4u : c >= 0xE0 ? 3u : 2u) ? len - back : len;
        if (c < 0x80)
            return len;
    }
    return len;
}

/* What was borrowed is gone. */
static void
take_back(struct lines *l)
{
    memmove(l->held, l->held + l->cut, l->n - l->cut);
    l->n -= l->cut;
    l->cut = 0;
}

size_t
lines_next(struct lines *l, const char *data, size_t len, struct lines_piece *ret)
{
    take_back(l);
    *ret = (struct lines_piece){0};
    size_t room = sizeof(l->held) - l->n;
    const char *end = memchr(data, '\n', len < room ? len : room);
    size_t n = end ? (size_t)(end - data) : len < room ? len : room;
    size_t taken = end ? n + 1 : n;
    if (l->n == 0 && (end || n == room)) {
        *ret = (struct lines_piece){.text = data, .len = end ? n : whole(data, n), .partial = !end};
        return end ? taken : ret->len;
    }
    memcpy(l->held + l->n, data, n);
    l->n += n;
    if (end || l->n == sizeof(l->held)) {
        l->cut = end ? l->n : whole(l->held, l->n);
        *ret = (struct lines_piece){.text = l->held, .len = l->cut, .partial = !end};
    }
    return taken;
}

void
lines_rest(struct lines *l, struct lines_piece *ret)
{
    take_back(l);
    l->cut = l->n;
    *ret = (struct lines_piece){.text = l->n > 0 ? l->held : NULL, .len = l->n, .partial = true};
}

/* ---- records ---- */

static void
add_base64(struct strbuf *out, const char *s, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < len; i += 3) {
        size_t n = len - i < 3 ? len - i : 3;
        unsigned b[3] = {0};
        for (size_t k = 0; k < n; k++)
            b[k] = (unsigned char)s[i + k];
        unsigned bits = b[0] << 16 | b[1] << 8 | b[2];
        for (size_t k = 0; k < 4; k++)
            strbuf_addc(out, k <= n ? digits[(bits >> (18 - 6 * k)) & 63] : '=');
    }
}

/* The bytes that json_quote() makes of a character; at most that. */
static size_t
room_of(unsigned char c, size_t char_len)
{
    if (char_len == 0)
        return 3;
    if (c == '"' || c == '\\')
        return 2;
    return c < 0x20 || c == 0x7F ? 6 : char_len;
}

/* What is known of a text that fits into one record. */
struct fit {
    bool valid; /* UTF-8 */
    bool plain; /* ASCII without anything to be escaped */
};

/* All of it fits, and is UTF-8. */
static bool
is_short(const char *s, size_t len)
{
    size_t room = 0;
    for (size_t i = 0; i < len && room <= TEXT_MAX;) {
        unsigned char c = (unsigned char)s[i];
        size_t n = c < 0x80 ? 1 : utf8_foreign_len(s + i, len - i);
        if (n == 0)
            return false;
        room += n + (c == '"' || c == '\\' ? 1u : c < 0x20 || c == 0x7F ? 5u : 0u);
        i += n;
    }
    return room <= TEXT_MAX;
}

/* So much of the text fits into one record. A character that is cut off at the end of the text is none. */
static size_t
fitting(const char *s, size_t len, struct fit *ret)
{
    size_t most = len < TEXT_MAX ? len : TEXT_MAX;
    size_t at = json_plain(s, most), room = at;
    *ret = (struct fit){.valid = true, .plain = at == most};
    if (ret->plain || is_short(s, len))
        return most;
    while (at < len) {
        size_t n = (unsigned char)s[at] < 0x80 ? 1 : utf8_char_len(s + at, len - at);
        size_t more = room_of((unsigned char)s[at], n);
        bool valid = ret->valid && n > 0;
        size_t next = at + (n ? n : 1);
        if (room + more + (valid ? 0 : next * 4 / 3 + 4) > TEXT_MAX)
            break;
        ret->valid = valid;
        room += more;
        at = next;
    }
    return at;
}

/* What stands before the text, again only when the millisecond or the stream is another. */
static void
add_head(struct lines_head *h, int64_t wall_ms, const char *stream, struct strbuf *out)
{
    if (h->text_len > 0 && wall_ms == h->time_ms && stream == h->stream) {
        strbuf_add(out, h->text, h->text_len);
        return;
    }
    char time[CLOCK_RFC3339_MAX];
    size_t from = out->len;
    strbuf_adds(out, "{\"time\":\"");
    strbuf_adds(out, clock_format_rfc3339(time, wall_ms * 1000, 3));
    strbuf_adds(out, "\",\"program\":\"cronrun\",\"event\":\"output\",\"job\":");
    json_quote(out, h->job, strlen(h->job));
    strbuf_adds(out, ",\"run_id\":\"");
    strbuf_adds(out, h->run_id);
    strbuf_adds(out, "\",\"stream\":\"");
    strbuf_adds(out, stream);
    strbuf_adds(out, "\",\"msg\":");
    h->text_len = out->failed || out->len - from > sizeof(h->text) ? 0 : out->len - from;
    if (h->text_len > 0)
        memcpy(h->text, out->data + from, h->text_len);
    h->time_ms = wall_ms;
    h->stream = stream;
}

/* plain: it needs no escape. */
static void
add_text(const struct lines_piece *p, bool plain, struct strbuf *out)
{
    if (!plain) {
        json_quote(out, p->text, p->len);
        return;
    }
    strbuf_addc(out, '"');
    strbuf_add(out, p->text, p->len);
    strbuf_addc(out, '"');
}

static void
format_one(struct lines_head *h, int64_t wall_ms, const char *stream, const struct lines_piece *p,
           struct fit fit, struct strbuf *out)
{
    add_head(h, wall_ms, stream, out);
    add_text(p, fit.plain, out);
    if (p->partial)
        strbuf_adds(out, ",\"partial\":true");
    if (!fit.valid) {
        strbuf_adds(out, ",\"base64\":\"");
        add_base64(out, p->text, p->len);
        strbuf_addc(out, '"');
    }
    strbuf_adds(out, "}\n");
}

void
lines_format(struct lines_head *h, int64_t wall_ms, const char *stream, const struct lines_piece *p,
             struct strbuf *out)
{
    size_t at = 0;
    do {
        struct fit fit;
        struct lines_piece one = {.text = p->text + at};
        one.len = fitting(one.text, p->len - at, &fit);
        at += one.len;
        one.partial = p->partial || at < p->len;
        format_one(h, wall_ms, stream, &one, fit, out);
    } while (at < p->len);
}
