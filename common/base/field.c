/* field.c: named values of records and messages. */
#include "common/base/field.h"

#include <string.h>

#include "common/base/utf8.h"

#define ELLIPSIS "\xE2\x80\xA6"

bool
field_skip(const struct field *f)
{
    return f->type == FIELD_OPT && (!f->v.s || !*f->v.s);
}

static bool
is_named(const char *names, const char *name)
{
    size_t len = strlen(name);
    for (const char *s = names; *s;) {
        size_t n = strcspn(s, ",");
        if (n == len && memcmp(s, name, len) == 0)
            return true;
        s += n;
        s += strspn(s, ", ");
    }
    return false;
}

bool
field_all_named(const char *names, const struct field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!is_named(names, fields[i].name))
            return false;
    return true;
}

/* The part of a string that stays: its start and length, and on which side something is missing. */
struct part {
    const char *s;
    size_t len;
    bool cut_front, cut_end;
};

static struct part
keep(const struct field *f, const char *s, size_t max_bytes)
{
    struct part p = {.s = s, .len = strlen(s)};
    if (p.len <= max_bytes)
        return p;
    if (f->type != FIELD_TAIL) {
        p.len = utf8_cut(s, p.len, max_bytes);
        p.cut_end = true;
        return p;
    }
    p.s += p.len - max_bytes;
    p.len = max_bytes;
    while (p.len > 0 && ((unsigned char)*p.s & 0xC0u) == 0x80u) {
        p.s++;
        p.len--;
    }
    p.cut_front = true;
    return p;
}

static void
add_part(struct strbuf *out, struct part p)
{
    if (p.cut_front)
        strbuf_adds(out, ELLIPSIS);
    strbuf_add(out, p.s, p.len);
    if (p.cut_end)
        strbuf_adds(out, ELLIPSIS);
}

static void
string_json(struct json *j, const struct field *f, size_t max_bytes)
{
    if (!f->v.s) {
        json_null(j);
        return;
    }
    struct part p = keep(f, f->v.s, max_bytes);
    if (!p.cut_front && !p.cut_end) {
        json_strn(j, p.s, p.len);
        return;
    }
    struct strbuf b = STRBUF_INIT;
    add_part(&b, p);
    json_strn(j, strbuf_str(&b), b.len);
    j->out->failed |= b.failed;
    strbuf_done(&b);
}

/* How many items stay. */
static size_t
list_keep(const struct field *f, size_t max_bytes)
{
    size_t bytes = 0;
    for (size_t i = 0; i < f->n; i++) {
        size_t len = strlen(f->v.list[i]) + 1;
        if (len > max_bytes - bytes)
            return i;
        bytes += len;
    }
    return f->n;
}

static void
list_json(struct json *j, const struct field *f, size_t max_bytes)
{
    size_t n = list_keep(f, max_bytes);
    json_array(j);
    for (size_t i = 0; i < n; i++)
        json_str(j, f->v.list[i]);
    if (n < f->n)
        json_str(j, ELLIPSIS);
    json_end(j);
}

void
field_json(struct json *j, const struct field *f, size_t max_bytes)
{
    if (field_skip(f))
        return;
    json_key(j, f->name);
    switch (f->type) {
    case FIELD_STR:
    case FIELD_OPT:
    case FIELD_TAIL:
        string_json(j, f, max_bytes);
        break;
    case FIELD_INT:
        json_int(j, f->v.i);
        break;
    case FIELD_UINT:
        json_uint(j, f->v.u);
        break;
    case FIELD_DOUBLE:
        json_double(j, f->v.d);
        break;
    case FIELD_BOOL:
        json_bool(j, f->v.b);
        break;
    case FIELD_LIST:
        list_json(j, f, max_bytes);
        break;
    case FIELD_NULL:
        json_null(j);
        break;
    }
}

static void
list_text(struct strbuf *out, const struct field *f, size_t max_bytes)
{
    size_t n = list_keep(f, max_bytes);
    for (size_t i = 0; i < n; i++) {
        if (i)
            strbuf_addc(out, ',');
        strbuf_adds(out, f->v.list[i]);
    }
    if (n < f->n)
        strbuf_adds(out, n ? "," ELLIPSIS : ELLIPSIS);
}

void
field_text(struct strbuf *out, const struct field *f, size_t max_bytes)
{
    switch (f->type) {
    case FIELD_STR:
    case FIELD_OPT:
    case FIELD_TAIL:
        if (f->v.s)
            add_part(out, keep(f, f->v.s, max_bytes));
        break;
    case FIELD_INT:
        strbuf_addf(out, "%lld", (long long)f->v.i);
        break;
    case FIELD_UINT:
        strbuf_addf(out, "%llu", (unsigned long long)f->v.u);
        break;
    case FIELD_DOUBLE:
        strbuf_addf(out, "%.12g", f->v.d);
        break;
    case FIELD_BOOL:
        strbuf_adds(out, f->v.b ? "true" : "false");
        break;
    case FIELD_LIST:
        list_text(out, f, max_bytes);
        break;
    case FIELD_NULL:
        break;
    }
}
