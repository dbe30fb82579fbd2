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

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Whether any of eight bytes is less than n, at most 128; and whether one is c. */
static bool
any_below(uint64_t x, uint64_t n)
{
    return ((x - EACH(n)) & ~x & EACH(0x80)) != 0;
}

static bool
any_is(uint64_t x, uint64_t c)
{
    return any_below(x ^ EACH(c), 1);
}

size_t
json_plain(const char *s, size_t len)
{
    size_t i = 0;
    for (uint64_t x; i + sizeof(x) <= len; i += sizeof(x)) {
        memcpy(&x, s + i, sizeof(x));
        if ((x & EACH(0x80)) || any_below(x, 0x20) || any_is(x, '"') || any_is(x, '\\') ||
            any_is(x, 0x7F))
            break;
    }
    for (; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c < 0x20 || c >= 0x7F || c == '"' || c == '\\')
            break;
    }
    return i;
}

#define PART_MAX 256u
/* Those that json_plain() stops at: into part, or behind it when it is long; how many bytes they were. */
static size_t
quote_one(struct strbuf *out, const char *s, size_t len, char *part, size_t *n)
{
    unsigned char c = (unsigned char)*s;
    if (c == '"' || c == '\\') {
        part[(*n)++] = '\\';
        part[(*n)++] = *s;
        return 1;
    }
    size_t foreign = c < 0x80 ? 0 : utf8_foreign_len(s, len);
    strbuf_add(out, part, *n);
    *n = 0;
    if (foreign > 0) {
        strbuf_add(out, s, foreign);
        return foreign;
    }
    if (c >= 0x80)
        strbuf_adds(out, REPLACEMENT);
    else
        quote_char(out, c);
    return 1;
}

/* Below it a run is not worth a copy of its own. */
#define RUN_MIN 32u

void
json_quote(struct strbuf *out, const char *s, size_t len)
{
    char part[PART_MAX]; /* of what follows in `out` */
    size_t n = 0;
    part[n++] = '"';
    for (size_t i = 0; i < len;) {
        size_t run = json_plain(s + i, len - i);
        if (run >= RUN_MIN || n + RUN_MIN + 4 > PART_MAX) {
            strbuf_add(out, part, n);
            n = 0;
        }
        if (run >= RUN_MIN)
            strbuf_add(out, s + i, run);
        for (size_t k = 0; run < RUN_MIN && k < run; k++)
            part[n++] = s[i + k];
        i += run;
        if (i < len)
            i += quote_one(out, s + i, len - i, part, &n);
    }
    strbuf_add(out, part, n);
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
