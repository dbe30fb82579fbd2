/* zone_rule.c: rules of POSIX's TZ variable, as RFC 8536 widens them (pure). */
#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cronrun/cron/civil.h"
#include "cronrun/cron/zone_impl.h"

#define YEAR_FIRST 1970
#define YEAR_LAST 2500

/* A day of the year and a time of that day. */
struct moment {
    char kind; /* 'M', 'J', or 'n': days from 0 with the leap day */
    int month, week, day;
    int32_t time_s;
};

struct rule {
    int32_t std_s, dst_s; /* offsets from UTC */
    bool has_dst;
    struct moment start, end;
};

/* ---- reading ---- */

static bool
take_name(const char **at)
{
    const char *p = *at;
    if (*p == '<') {
        p = strchr(p, '>');
        *at = p ? p + 1 : *at;
        return p != NULL;
    }
    while (isalpha((unsigned char)*p))
        p++;
    bool long_enough = p - *at >= 3;
    *at = p;
    return long_enough;
}

static bool
take_number(const char **at, int max, int *ret)
{
    int n = 0;
    const char *p = *at;
    while (isdigit((unsigned char)*p) && n <= max)
        n = n * 10 + (*p++ - '0');
    bool ok = p > *at && n <= max;
    *at = p;
    *ret = n;
    return ok;
}

/* [+-]h[h][:mm[:ss]] */
static bool
take_time(const char **at, int max_hours, int32_t *ret_s)
{
    int sign = **at == '-' ? -1 : 1;
    int hours = 0, minutes = 0, seconds = 0;
    *at += **at == '-' || **at == '+';
    if (!take_number(at, max_hours, &hours))
        return false;
    if (**at == ':' && (++*at, !take_number(at, 59, &minutes)))
        return false;
    if (**at == ':' && (++*at, !take_number(at, 59, &seconds)))
        return false;
    *ret_s = sign * (hours * 3600 + minutes * 60 + seconds);
    return true;
}

static bool
take_char(const char **at, char c)
{
    bool is = **at == c;
    *at += is;
    return is;
}

static bool
take_moment(const char **at, struct moment *ret)
{
    bool ok = false;
    *ret = (struct moment){.kind = 'n', .time_s = 2 * 3600};
    if (!take_char(at, ','))
        return false;
    if (take_char(at, 'M')) {
        ret->kind = 'M';
        ok = take_number(at, 12, &ret->month) && ret->month > 0 && take_char(at, '.') &&
             take_number(at, 5, &ret->week) && ret->week > 0 && take_char(at, '.') &&
             take_number(at, 6, &ret->day);
    } else {
        bool julian = take_char(at, 'J');
        ret->kind = julian ? 'J' : 'n';
        ok = take_number(at, 365, &ret->day) && (!julian || ret->day > 0);
    }
    return ok && (!take_char(at, '/') || take_time(at, 167, &ret->time_s));
}

static bool
read_rule(const char *at, struct rule *ret)
{
    int32_t west_s = 0;
    if (!take_name(&at) || !take_time(&at, 24, &west_s))
        return false;
    *ret = (struct rule){.std_s = -west_s, .dst_s = -west_s + 3600};
    if (*at == '\0')
        return true;
    ret->has_dst = true;
    if (!take_name(&at))
        return false;
    if (*at != ',' && *at != '\0') {
        if (!take_time(&at, 24, &west_s))
            return false;
        ret->dst_s = -west_s;
    }
    if (*at == '\0')
        at = ",M3.2.0,M11.1.0"; /* as the C library */
    return take_moment(&at, &ret->start) && take_moment(&at, &ret->end) && *at == '\0';
}

/* ---- following ---- */

/* The day of that year, from 1970-01-01. */
static int64_t
day_of(const struct moment *m, int64_t year)
{
    int64_t first = civil_to_days((struct civil){year, 1, 1});
    if (m->kind == 'n')
        return first + m->day;
    if (m->kind == 'J')
        return first + m->day - 1 + (civil_is_leap(year) && m->day > 59);
    int64_t month = civil_to_days((struct civil){year, m->month, 1});
    int64_t day = (m->day - civil_weekday(month) + 7) % 7 + 7 * (m->week - 1);
    while (day >= civil_month_days(year, m->month))
        day -= 7;
    return month + day;
}

static int
add_if_later(struct zone *z, int64_t last_s, int64_t from_s, int32_t offset_s, struct err *e)
{
    return from_s > last_s ? zone_add(z, from_s, offset_s, e) : 0;
}

static int
follow(struct zone *z, const struct rule *r, int64_t last_s, struct err *e)
{
    int64_t last_year =
        last_s == INT64_MIN ? YEAR_FIRST : civil_of_days(civil_floor_div(last_s, CIVIL_DAY_S)).year;
    for (int64_t year = last_year; year <= YEAR_LAST; year++) {
        int64_t start_s = day_of(&r->start, year) * CIVIL_DAY_S + r->start.time_s - r->std_s;
        int64_t end_s = day_of(&r->end, year) * CIVIL_DAY_S + r->end.time_s - r->dst_s;
        bool north = start_s < end_s;
        int rc = add_if_later(z, last_s, north ? start_s : end_s, north ? r->dst_s : r->std_s, e);
        if (rc == 0)
            rc = add_if_later(z, last_s, north ? end_s : start_s, north ? r->std_s : r->dst_s, e);
        if (rc < 0)
            return -1; /* uncovered: no test takes memory away */
    }
    return 0;
}

int
zone_add_rule(struct zone *z, const char *rule, struct err *e)
{
    struct rule r;
    if (!read_rule(rule, &r))
        return err_set(e, ERR_USAGE, "not a time zone's rule");
    if (z->n == 0 && zone_add(z, INT64_MIN, r.std_s, e) < 0)
        return -1; /* uncovered: no test takes memory away */
    int64_t last_s = z->n > 1 ? z->starts[z->n - 1].from_s : INT64_MIN;
    return r.has_dst ? follow(z, &r, last_s, e) : 0;
}
