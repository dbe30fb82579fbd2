/* lines.c: lines and their records. */
#include "cronrun/output/lines.h"

#include <string.h>

#include "common/base/json.h"
#include "common/base/utf8.h"

/* Names, time, job and run id take the rest at their longest. */
#define TEXT_MAX (LINES_RECORD_MAX - 900u)

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

/* So much of the text fits into one record, and whether it is UTF-8. A character that is cut off at the end of the text is none. */
static size_t
fitting(const char *s, size_t len, bool *ret_valid)
{
    size_t at = 0, room = 0;
    *ret_valid = true;
    while (at < len) {
        size_t n = utf8_char_len(s + at, len - at);
        size_t more = room_of((unsigned char)s[at], n);
        bool valid = *ret_valid && n > 0;
        size_t next = at + (n ? n : 1);
        if (room + more + (valid ? 0 : next * 4 / 3 + 4) > TEXT_MAX)
            break;
        *ret_valid = valid;
        room += more;
        at = next;
    }
    return at;
}

static void
format_one(struct lines_head *h, const char *stream, const struct lines_piece *p, bool valid,
           struct strbuf *out)
{
    strbuf_adds(out, "{\"time\":\"");
    strbuf_adds(out, h->time);
    strbuf_adds(out, "\",\"program\":\"cronrun\",\"event\":\"output\",\"job\":");
    json_quote(out, h->job, strlen(h->job));
    strbuf_adds(out, ",\"run_id\":\"");
    strbuf_adds(out, h->run_id);
    strbuf_adds(out, "\",\"stream\":\"");
    strbuf_adds(out, stream);
    strbuf_adds(out, "\",\"msg\":");
    json_quote(out, p->text, p->len);
    if (p->partial)
        strbuf_adds(out, ",\"partial\":true");
    if (!valid) {
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
    if (wall_ms != h->time_ms || !h->time[0])
        clock_format_rfc3339(h->time, wall_ms * 1000, 3);
    h->time_ms = wall_ms;
    size_t at = 0;
    do {
        bool valid;
        struct lines_piece one = {.text = p->text + at};
        one.len = fitting(one.text, p->len - at, &valid);
        at += one.len;
        one.partial = p->partial || at < p->len;
        format_one(h, stream, &one, valid, out);
    } while (at < p->len);
}
