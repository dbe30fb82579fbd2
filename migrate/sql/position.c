/* position.c: line and column of a byte or character of the file (pure). */
#include "migrate/sql/position.h"

#include <string.h>

#include "migrate/sql/token.h"

/* What a reader of logs can still take in at a glance. */
#define CARET_CHARS 120

static bool
is_lead(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

static size_t
count_chars(const char *text, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++)
        n += is_lead(text[i]);
    return n;
}

/* The start of character number n (from 0) after p, at most end. */
static size_t
skip_chars(const char *text, size_t pos, size_t end, size_t n)
{
    while (n > 0 && pos < end) {
        pos++;
        while (pos < end && !is_lead(text[pos]))
            pos++;
        n--;
    }
    return pos;
}

void
position_of_byte(const char *text, size_t len, size_t from, size_t from_line, size_t offset,
                 struct position *ret)
{
    if (offset > len)
        offset = len;
    if (from > offset)
        from = offset;
    size_t start = offset;
    while (start > 0 && text[start - 1] != '\n')
        start--;
    const char *nl = memchr(text + start, '\n', len - start);
    size_t end = nl ? (size_t)(nl - text) : len;

    if (start == 0 && len >= 3 && offset >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        start = 3;
    if (nl && end > start && text[end - 1] == '\r')
        end--;
    ret->offset = offset;
    ret->line = from_line + lexer_count_lines(text + from, offset - from);
    ret->column = count_chars(text + start, offset - start) + 1;
    ret->line_offset = start;
    ret->line_bytes = end - start;
}

void
position_of_char(const char *text, size_t len, size_t from, size_t from_line, size_t chars,
                 struct position *ret)
{
    size_t offset = skip_chars(text, from, len, chars ? chars - 1 : 0);

    position_of_byte(text, len, from, from_line, offset, ret);
}

static int
hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t
position_bytes_parse(const char *text, unsigned char *buf, size_t size)
{
    const char *p = strstr(text, "0x");
    size_t n = 0;

    while (p && n < size && strncmp(p, "0x", 2) == 0) {
        int high = hex_value(p[2]);
        int low = high < 0 ? -1 : hex_value(p[3]);
        if (low < 0)
            break;
        buf[n++] = (unsigned char)(high * 16 + low);
        p += p[4] == ' ' ? 5 : 4;
    }
    return n;
}

/* The string that is the body: that of DO, or what follows AS. */
static bool
find_body(const char *text, const struct statement *st, struct token *ret)
{
    struct token_scan ts = token_on(text, st->offset + st->sql_bytes, st->backslashes);
    struct token t;
    bool is_do;
    bool ready;

    ts.pos = st->offset;
    is_do = ready = token_next(&ts, &t) && token_is(&ts, &t, "do");
    if (!is_do && !token_is(&ts, &t, "create"))
        return false;
    while (token_next(&ts, &t)) {
        if (t.kind == TOKEN_STRING && ready) {
            *ret = t;
            return true;
        }
        ready = is_do ? !token_is(&ts, &t, "language") : token_is(&ts, &t, "as");
    }
    return false;
}

int
position_of_body_line(const char *text, size_t len, const struct statement *st, size_t body_line,
                      struct position *ret)
{
    struct token t;

    if (body_line == 0 || !find_body(text, st, &t))
        return -1;
    size_t pos = t.offset;
    size_t end = t.offset + t.bytes;
    for (size_t n = 1; n < body_line; n++) {
        const char *nl = memchr(text + pos, '\n', end - pos);
        if (!nl)
            return -1;
        pos = (size_t)(nl - text) + 1;
    }
    while (pos < end && (text[pos] == ' ' || text[pos] == '\t'))
        pos++;
    position_of_byte(text, len, st->offset, st->line, pos, ret);
    return 0;
}

static void
add_shown(struct strbuf *out, const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        unsigned char c = (unsigned char)text[i];
        strbuf_addc(out, (c < ' ' && c != '\t') || c == 0x7f ? ' ' : (char)c);
    }
}

void
position_caret(const char *text, const struct position *at, const char *prefix, struct strbuf *out)
{
    size_t line_end = at->line_offset + at->line_bytes;
    size_t caret = at->offset < line_end ? at->offset : line_end;
    size_t before = at->column - 1;
    size_t skip = before > CARET_CHARS * 2 / 3 ? before - CARET_CHARS / 2 : 0;
    size_t from = skip_chars(text, at->line_offset, line_end, skip);
    size_t to = skip_chars(text, from, line_end, CARET_CHARS);
    const char *cut = skip ? "..." : "";

    strbuf_addf(out, "%s%s", prefix, cut);
    add_shown(out, text + from, to - from);
    strbuf_addf(out, "%s\n%s", to < line_end ? "..." : "", prefix);
    strbuf_adds(out, skip ? "   " : "");
    for (size_t i = from; i < caret; i++)
        if (is_lead(text[i]))
            strbuf_addc(out, text[i] == '\t' ? '\t' : ' ');
    strbuf_adds(out, "^\n");
}
