/* civil.c: days and dates (pure). The years begin in March, so that the leap day is a year's last. */
#include "cronrun/cron/civil.h"

#define ERA_DAYS 146097   /* 400 years */
#define EPOCH_DAYS 719468 /* from 0000-03-01 to 1970-01-01 */

int64_t
civil_floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

int64_t
civil_to_days(struct civil c)
{
    int64_t year = c.month <= 2 ? c.year - 1 : c.year;
    int64_t era = civil_floor_div(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (c.month + (c.month > 2 ? -3 : 9)) + 2) / 5 + c.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * ERA_DAYS + day_of_era - EPOCH_DAYS;
}

struct civil
civil_of_days(int64_t days)
{
    int64_t shifted = days + EPOCH_DAYS;
    int64_t era = civil_floor_div(shifted, ERA_DAYS);
    int64_t day_of_era = shifted - era * ERA_DAYS;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int month = (int)((5 * day_of_year + 2) / 153);
    return (struct civil){
        .year = year_of_era + era * 400 + (month >= 10),
        .month = month < 10 ? month + 3 : month - 9,
        .day = (int)(day_of_year - (153 * month + 2) / 5 + 1),
    };
}

bool
civil_is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int
civil_month_days(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && civil_is_leap(year) ? 29 : days[month - 1];
}

int
civil_weekday(int64_t days)
{
    int64_t shifted = days + 4; /* 1970-01-01 was a Thursday */
    return (int)(shifted - civil_floor_div(shifted, 7) * 7);
}
