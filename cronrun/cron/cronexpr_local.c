/* cronexpr_local.c: the next local time that fits, by months, days, hours and minutes (pure). */
#include "cronrun/cron/civil.h"
#include "cronrun/cron/cronexpr.h"

/* The lowest bit of bits that is not below from; -1: none. from < 64. */
static int
lowest_from(uint64_t bits, unsigned from)
{
    uint64_t left = bits & (UINT64_MAX << (from % 64));
    return left ? __builtin_ctzll(left) : -1;
}

/* The days of a month that fit, as bits 1 … 31. */
static uint32_t
fitting_days(const struct cronexpr *x, int64_t year, int month)
{
    int first = civil_weekday(civil_to_days((struct civil){year, month, 1}));
    uint64_t weeks = 0; /* the weekdays from the one of day 1 on, over and over */
    for (int i = 0; i < 6; i++)
        weeks |= (uint64_t)x->weekdays << (7 * i);
    uint32_t by_weekday = (uint32_t)(weeks >> first << 1);
    uint32_t fit = x->either_day ? x->days | by_weekday : x->days & by_weekday;
    uint32_t real = (uint32_t)(UINT32_MAX >> (31 - civil_month_days(year, month))) & ~1u;
    return fit & real;
}

/* The first fitting day from c on, within c's month; 0: none. */
static int
day_in_month(const struct cronexpr *x, struct civil c)
{
    if (!(x->months >> c.month & 1) || c.day > 31)
        return 0;
    int day = lowest_from(fitting_days(x, c.year, c.month), (unsigned)c.day);
    return day < 0 ? 0 : day;
}

/* Minutes of the day, from minute on; -1: none that day. */
static int
minute_of_day(const struct cronexpr *x, unsigned minute)
{
    unsigned hour = minute / 60;
    int rest = x->hours >> hour & 1 ? lowest_from(x->minutes, minute % 60) : -1;
    if (rest >= 0)
        return (int)hour * 60 + rest;
    int later = lowest_from(x->hours, hour + 1);
    return later < 0 ? -1 : later * 60 + lowest_from(x->minutes, 0);
}

#define DAY_MINUTES (CIVIL_DAY_S / 60)

bool
cronexpr_local(const struct cronexpr *x, int64_t from_s, int64_t until_s, int64_t *ret_s)
{
    int64_t minutes = civil_floor_div(from_s + 59, 60);
    int64_t days = civil_floor_div(minutes, DAY_MINUTES);
    struct civil c = civil_of_days(days);
    int minute = minute_of_day(x, (unsigned)(minutes - days * DAY_MINUTES));
    if (minute < 0 || day_in_month(x, c) != c.day) {
        minute = minute_of_day(x, 0);
        c.day++;
    }
    for (;;) {
        int day = day_in_month(x, c);
        int64_t at_s =
            (civil_to_days((struct civil){c.year, c.month, day > 0 ? day : 1}) * DAY_MINUTES +
             minute) *
            60;
        if (day == 0 && at_s - 32 * CIVIL_DAY_S >= until_s)
            return false;
        if (day > 0) {
            *ret_s = at_s;
            return at_s < until_s;
        }
        c = (struct civil){c.month == 12 ? c.year + 1 : c.year, c.month % 12 + 1, 1};
    }
}
