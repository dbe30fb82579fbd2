/* json.c: a writer of compact JSON. */
#include "common/base/json.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "common/base/utf8.h"

#define MAX_DEPTH 63u
#define REPLACEMENT "\xEF\xBF\xBD"

static void
quote_char(struct strbuf *out, unsigned char c)
{
    switch (c) {
    case '"':
        strbuf_adds(out, "\\\"");
        break;
    case '\\':
        strbuf_adds(out, "\\\\");
        break;
    case '\n':
        strbuf_adds(out, "\\n");
        break;
    case '\r':
        strbuf_adds(out, "\\r");
        break;
    case '\t':
        strbuf_adds(out, "\\t");
        break;
    case '\b':
        strbuf_adds(out, "\\b");
        break;
    case '\f':
        strbuf_adds(out, "\\f");
        break;
    default:
        strbuf_addf(out, "\\u%04x", c);
    }
}

void
json_quote(struct strbuf *out, const char *s, size_t len)
{
    strbuf_addc(out, '"');
    size_t plain = 0; /* s[plain … i) goes out as it is */
    for (size_t i = 0; i < len;) {
        unsigned char c = (unsigned char)s[i];
        size_t n = utf8_char_len(s + i, len - i);
        if (n > 0 && c >= 0x20 && c != '"' && c != '\\' && c != 0x7F) {
            i += n;
            continue;
        }
        strbuf_add(out, s + plain, i - plain);
        if (n == 0)
            strbuf_adds(out, REPLACEMENT);
        else
            quote_char(out, c);
        plain = ++i;
    }
    strbuf_add(out, s + plain, len - plain);
    strbuf_addc(out, '"');
}

struct json
json_on(struct strbuf *out)
{
    return (struct json){.out = out};
}

/* Before a value: the comma, unless a key stands there already. */
static void
separate(struct json *j)
{
    uint64_t bit = UINT64_C(1) << j->depth;
    if (j->after_key) {
        j->after_key = false;
        return;
    }
    if (j->filled & bit)
        strbuf_addc(j->out, ',');
    j->filled |= bit;
}

static void
begin(struct json *j, bool array)
{
    separate(j);
    assert(j->depth < MAX_DEPTH);
    j->depth++;
    uint64_t bit = UINT64_C(1) << j->depth;
    j->filled &= ~bit;
    j->arrays = array ? j->arrays | bit : j->arrays & ~bit;
    strbuf_addc(j->out, array ? '[' : '{');
}

void
json_object(struct json *j)
{
    begin(j, false);
}

void
json_array(struct json *j)
{
    begin(j, true);
}

void
json_end(struct json *j)
{
    assert(j->depth > 0 && !j->after_key);
    bool array = j->arrays >> j->depth & 1u;
    j->depth--;
    strbuf_addc(j->out, array ? ']' : '}');
}

void
json_key(struct json *j, const char *key)
{
    assert(j->depth > 0 && !j->after_key && !(j->arrays >> j->depth & 1u));
    separate(j);
    json_quote(j->out, key, strlen(key));
    strbuf_addc(j->out, ':');
    j->after_key = true;
}

void
json_raw(struct json *j, const char *text)
{
    separate(j);
    strbuf_adds(j->out, text);
}

void
json_strn(struct json *j, const char *s, size_t len)
{
    separate(j);
    json_quote(j->out, s, len);
}

void
json_str(struct json *j, const char *s)
{
    if (s)
        json_strn(j, s, strlen(s));
    else
        json_null(j);
}

void
json_int(struct json *j, int64_t v)
{
    separate(j);
    strbuf_addf(j->out, "%lld", (long long)v);
}

void
json_uint(struct json *j, uint64_t v)
{
    separate(j);
    strbuf_addf(j->out, "%llu", (unsigned long long)v);
}

void
json_double(struct json *j, double v)
{
    if (!isfinite(v)) {
        json_null(j);
        return;
    }
    separate(j);
    strbuf_addf(j->out, "%.12g", v);
}

void
json_bool(struct json *j, bool v)
{
    json_raw(j, v ? "true" : "false");
}

void
json_null(struct json *j)
{
    json_raw(j, "null");
}

void
json_kstr(struct json *j, const char *key, const char *s)
{
    json_key(j, key);
    json_str(j, s);
}

void
json_kint(struct json *j, const char *key, int64_t v)
{
    json_key(j, key);
    json_int(j, v);
}

void
json_kuint(struct json *j, const char *key, uint64_t v)
{
    json_key(j, key);
    json_uint(j, v);
}

void
json_kbool(struct json *j, const char *key, bool v)
{
    json_key(j, key);
    json_bool(j, v);
}
