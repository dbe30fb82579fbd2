/* clock_text.c: time as text. */
#include "common/base/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

const char *
clock_format_rfc3339(char *buf, int64_t wall_us, int fraction_digits)
{
    int64_t us = wall_us % 1000000;
    time_t s = (time_t)(wall_us / 1000000);
    if (us < 0) {
        us += 1000000;
        s--;
    }
    struct tm tm;
    if (!gmtime_r(&s, &tm) || tm.tm_year > 9999 - 1900 || tm.tm_year < -1900) {
        snprintf(buf, CLOCK_RFC3339_MAX, "0000-00-00T00:00:00Z");
        return buf;
    }
    size_t n = strftime(buf, CLOCK_RFC3339_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
    if (fraction_digits >= 6)
        snprintf(buf + n, CLOCK_RFC3339_MAX - n, ".%06dZ", (int)us);
    else if (fraction_digits >= 3)
        snprintf(buf + n, CLOCK_RFC3339_MAX - n, ".%03dZ", (int)(us / 1000));
    else
        snprintf(buf + n, CLOCK_RFC3339_MAX - n, "Z");
    return buf;
}

/* Largest first: units have to come in this order, each once. PostgreSQL writes min for m. */
static const struct unit {
    const char *name;
    const char *alias;
    uint64_t ms; /* 0: microseconds */
} units[] = {
    {"d", NULL, 86400000}, {"h", NULL, 3600000}, {"m", "min", 60000},
    {"s", NULL, 1000},     {"ms", NULL, 1},      {"us", NULL, 0},
};
#define N_UNITS (sizeof(units) / sizeof(units[0]))

static int
bad_duration(const char *text, const char *why, struct err *e)
{
    return err_set(e, ERR_USAGE, "'%.64s' is not a duration: %s", text, why);
}

static bool
is_word(const char *word, const char *p, size_t len)
{
    return strlen(word) == len && strncmp(word, p, len) == 0;
}

/* The unit at *p, at least `from` in the table; N_UNITS when there is none. */
static size_t
read_unit(const char **p, size_t from)
{
    size_t len = 0;
    while (isalpha((unsigned char)(*p)[len]))
        len++;
    for (size_t i = from; i < N_UNITS; i++) {
        if (is_word(units[i].name, *p, len) ||
            (units[i].alias && is_word(units[i].alias, *p, len))) {
            *p += len;
            return i;
        }
    }
    return N_UNITS;
}

/* "12" or "1.5" at *p: whole, and the fraction as thousandths of thousandths (six digits at most). */
static bool
read_number(const char **p, uint64_t *ret_whole, uint64_t *ret_millionths)
{
    if (!isdigit((unsigned char)**p))
        return false;
    uint64_t whole = 0;
    for (; isdigit((unsigned char)**p); (*p)++)
        if (__builtin_mul_overflow(whole, 10u, &whole) ||
            __builtin_add_overflow(whole, (uint64_t)(**p - '0'), &whole))
            return false;
    uint64_t millionths = 0;
    if (**p == '.') {
        if (!isdigit((unsigned char)*++*p))
            return false;
        for (uint64_t scale = 100000; isdigit((unsigned char)**p); (*p)++, scale /= 10)
            millionths += (uint64_t)(**p - '0') * scale;
    }
    *ret_whole = whole;
    *ret_millionths = millionths;
    return true;
}

/* So much of a unit, in milliseconds; microseconds are rounded up. */
static bool
to_ms(uint64_t whole, uint64_t millionths, const struct unit *unit, uint64_t *ret_ms)
{
    if (unit->ms == 0) {
        *ret_ms = whole / 1000 + (whole % 1000 || millionths);
        return true;
    }
    return !__builtin_mul_overflow(whole, unit->ms, ret_ms) &&
           !__builtin_add_overflow(*ret_ms, millionths * unit->ms / 1000000u, ret_ms);
}

int
clock_parse_duration(const char *text, uint64_t *ret_ms, struct err *e)
{
    if (strcmp(text, "0") == 0) {
        *ret_ms = 0;
        return 0;
    }
    if (!*text)
        return bad_duration(text, "it is empty", e);
    uint64_t total = 0;
    size_t next = 0;
    for (const char *p = text; *p;) {
        uint64_t whole, millionths, ms;
        if (!read_number(&p, &whole, &millionths))
            return bad_duration(text, "write it as 250ms, 2s, 5m, 1h30m or 2d", e);
        if (!*p || isdigit((unsigned char)*p))
            return bad_duration(text, "it lacks a unit (ms, s, m, h, d)", e);
        size_t unit = read_unit(&p, next);
        if (unit == N_UNITS)
            return bad_duration(text, "units are d, h, m (or min), s, ms, us, the largest first",
                                e);
        if (!to_ms(whole, millionths, &units[unit], &ms) ||
            __builtin_add_overflow(total, ms, &total) || total == CLOCK_NEVER)
            return bad_duration(text, "it is too long", e);
        next = unit + 1;
    }
    *ret_ms = total;
    return 0;
}

const char *
clock_format_duration(char *buf, uint64_t ms)
{
    size_t n = 0;

    if (ms == CLOCK_NEVER) {
        snprintf(buf, CLOCK_DURATION_MAX, "never");
        return buf;
    }
    if (ms < 1000) {
        snprintf(buf, CLOCK_DURATION_MAX, "%ums", (unsigned)ms);
        return buf;
    }
    for (size_t i = 0; units[i].ms >= 1000; i++) {
        uint64_t fraction = units[i].ms == 1000 ? ms % 1000 : 0;
        if (ms < units[i].ms && !fraction)
            continue;
        n += (size_t)snprintf(buf + n, CLOCK_DURATION_MAX - n, "%llu",
                              (unsigned long long)(ms / units[i].ms));
        if (fraction) {
            n += (size_t)snprintf(buf + n, CLOCK_DURATION_MAX - n, ".%03u", (unsigned)fraction);
            while (buf[n - 1] == '0')
                n--;
        }
        n += (size_t)snprintf(buf + n, CLOCK_DURATION_MAX - n, "%s", units[i].name);
        ms %= units[i].ms;
    }
    return buf;
}
