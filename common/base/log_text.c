/* A record as one line, in each format; log.c sends it. */
#include "common/base/log.h"

#include <string.h>
#include <time.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/utf8.h"

#define SMALLEST_VALUE 16u

const char *const log_level_names[] = {"debug", "info", "warn", "error", NULL};
const char *const log_format_names[] = {"auto", "text", "kv", "json", NULL};

static const struct field *
as_field(struct field *f, const char *name, const char *s)
{
    *f = LF_STR(name, s);
    return f;
}

static void
record_json(struct strbuf *out, const struct log_record *r, size_t max_bytes)
{
    char time[CLOCK_RFC3339_MAX];
    struct field msg;
    struct json j = json_on(out);
    json_object(&j);
    json_kstr(&j, "time", clock_format_rfc3339(time, r->wall_us, 3));
    json_kstr(&j, "level", log_level_names[r->level]);
    json_kstr(&j, "program", r->program);
    json_kstr(&j, "event", r->event);
    field_json(&j, as_field(&msg, "msg", r->msg), max_bytes);
    for (size_t i = 0; i < r->n; i++)
        field_json(&j, &r->fields[i], max_bytes);
    json_end(&j);
    strbuf_addc(out, '\n');
}

static bool
is_plain_word(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7F)
            return false;
    }
    return len > 0 && utf8_valid(s, len, NULL);
}

/* " name=value", the value quoted when it has to be. */
static void
add_pair(struct strbuf *out, const struct field *f, size_t max_bytes)
{
    if (field_skip(f) || f->type == FIELD_NULL || (f->type == FIELD_STR && !f->v.s))
        return;
    struct strbuf value = STRBUF_INIT;
    field_text(&value, f, max_bytes);
    strbuf_addf(out, " %s=", f->name);
    if (is_plain_word(strbuf_str(&value), value.len))
        strbuf_adds(out, strbuf_str(&value));
    else
        json_quote(out, strbuf_str(&value), value.len);
    out->failed |= value.failed;
    strbuf_done(&value);
}

static void
record_kv(struct strbuf *out, const struct log_record *r, size_t max_bytes)
{
    char time[CLOCK_RFC3339_MAX];
    struct field msg;
    strbuf_addf(out, "time=%s level=%s program=%s event=%s",
                clock_format_rfc3339(time, r->wall_us, 3), log_level_names[r->level], r->program,
                r->event);
    add_pair(out, as_field(&msg, "msg", r->msg), max_bytes);
    for (size_t i = 0; i < r->n; i++)
        add_pair(out, &r->fields[i], max_bytes);
    strbuf_addc(out, '\n');
}

/* For a terminal: nothing that it would obey, so no control character of either set (ECMA-48). */
static void
add_harmless(struct strbuf *out, const char *s)
{
    size_t len = strlen(s);
    for (size_t i = 0; i < len;) {
        unsigned char c = (unsigned char)s[i];
        size_t n = utf8_char_len(s + i, len - i);
        if (n == 0)
            strbuf_adds(out, "\xEF\xBF\xBD");
        else if (c == '\n' || c == '\t')
            strbuf_adds(out, c == '\n' ? "\\n" : "\\t");
        else if (c < 0x20 || c == 0x7F)
            strbuf_addf(out, "\\x%02x", c);
        else if (n == 2 && c == 0xC2 && (unsigned char)s[i + 1] < 0xA0)
            strbuf_addf(out, "\\x%02x", (unsigned char)s[i + 1]);
        else
            strbuf_add(out, s + i, n);
        i += n ? n : 1;
    }
}

static void
record_text(struct strbuf *out, const struct log_record *r, size_t max_bytes)
{
    time_t s = (time_t)(r->wall_us / 1000000);
    struct tm tm;
    char time[16] = "";
    if (localtime_r(&s, &tm))
        strftime(time, sizeof(time), "%H:%M:%S", &tm);
    strbuf_addf(out, "%s %-5s ", time, log_level_names[r->level]);
    struct field msg;
    struct strbuf b = STRBUF_INIT;
    field_text(&b, as_field(&msg, "msg", r->msg), max_bytes);
    add_harmless(out, strbuf_str(&b));
    strbuf_clear(&b);
    for (size_t i = 0; i < r->n; i++)
        add_pair(&b, &r->fields[i], max_bytes);
    if (b.len) {
        strbuf_addc(out, ' ');
        add_harmless(out, strbuf_str(&b));
    }
    out->failed |= b.failed;
    strbuf_done(&b);
    strbuf_addc(out, '\n');
}

static void
record_once(struct strbuf *out, enum log_format format, const struct log_record *r,
            size_t max_bytes)
{
    if (format == LOG_FORMAT_JSON)
        record_json(out, r, max_bytes);
    else if (format == LOG_FORMAT_KV)
        record_kv(out, r, max_bytes);
    else
        record_text(out, r, max_bytes);
}

void
log_format_record(struct strbuf *out, enum log_format format, const struct log_record *r)
{
    struct log_record fewer = *r;
    size_t start = out->len;
    size_t max_bytes = LOG_LINE_MAX;
    for (;;) {
        record_once(out, format, &fewer, max_bytes);
        if (out->failed || out->len - start <= LOG_LINE_MAX)
            return;
        out->len = start;
        out->data[start] = '\0';
        if (max_bytes > SMALLEST_VALUE)
            max_bytes /= 2;
        else if (fewer.n > 0)
            fewer.n /= 2;
        else
            return; /* an event name of 4 KiB: nobody writes that */
    }
}
