/* amount.c: sizes, rows, times and names. Pure. */
#include "migrate/rehearse/amount.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* value in the largest unit that it fills, with one digit behind the point below ten. */
static const char *
scaled(char *buf, int64_t value, int64_t step, const char *const *units)
{
    double v = (double)value;
    size_t u = 0;
    while (v >= (double)step && units[u + 1]) {
        v /= (double)step;
        u++;
    }
    const char *gap = *units[u] ? " " : "";
    if (u > 0 && v < 9.95)
        snprintf(buf, AMOUNT_MAX, "%.1f%s%s", v, gap, units[u]);
    else
        snprintf(buf, AMOUNT_MAX, "%.0f%s%s", v, gap, units[u]);
    return buf;
}

const char *
amount_bytes(char *buf, int64_t bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", NULL};
    return bytes < 0 ? strcpy(buf, "-") : scaled(buf, bytes, 1024, units);
}

const char *
amount_rows(char *buf, int64_t rows)
{
    static const char *const units[] = {"", "k", "M", "G", NULL};
    return rows < 0 ? strcpy(buf, "-") : scaled(buf, rows, 1000, units);
}

const char *
amount_us(char *buf, uint64_t us)
{
    unsigned long long ms = us / 1000;
    unsigned long long s = ms / 1000;
    if (ms == 0)
        snprintf(buf, AMOUNT_MAX, "<1 ms");
    else if (s == 0)
        snprintf(buf, AMOUNT_MAX, "%llu ms", ms);
    else if (s < 100)
        snprintf(buf, AMOUNT_MAX, "%llu.%02llu s", s, ms % 1000 / 10);
    else
        snprintf(buf, AMOUNT_MAX, "%llu min %llu s", s / 60, s % 60);
    return buf;
}

static bool
is_plain(const char *name)
{
    if (*name >= '0' && *name <= '9')
        return false;
    for (const char *p = name; *p; p++)
        if (!(*p >= 'a' && *p <= 'z') && !(*p >= '0' && *p <= '9') && *p != '_' &&
            (unsigned char)*p < 0x80)
            return false;
    return *name != '\0';
}

void
amount_shown(const char *text, size_t bytes, struct strbuf *out)
{
    for (size_t i = 0; i < bytes; i++) {
        unsigned char c = (unsigned char)text[i];
        /* U+0080 to U+009F, which terminals obey, too */
        bool c1 = c == 0xc2 && i + 1 < bytes && (unsigned char)text[i + 1] < 0xa0;
        strbuf_addc(out, c1 || c < ' ' || c == 0x7f ? '?' : text[i]);
        i += c1;
    }
}

size_t
amount_chars(const char *text, size_t bytes)
{
    size_t n = 0;
    for (size_t i = 0; i < bytes; i++)
        n += ((unsigned char)text[i] & 0xc0) != 0x80;
    return n;
}

static void
add_name(const char *name, struct strbuf *out)
{
    if (is_plain(name)) {
        amount_shown(name, strlen(name), out);
        return;
    }
    strbuf_addc(out, '"');
    for (const char *quote = strchr(name, '"'); quote; quote = strchr(name, '"')) {
        amount_shown(name, (size_t)(quote - name), out);
        strbuf_adds(out, "\"\"");
        name = quote + 1;
    }
    amount_shown(name, strlen(name), out);
    strbuf_addc(out, '"');
}

void
amount_relation(const char *schema, const char *name, struct strbuf *out)
{
    if (strcmp(schema, "public") != 0) {
        add_name(schema, out);
        strbuf_addc(out, '.');
    }
    add_name(name, out);
}
