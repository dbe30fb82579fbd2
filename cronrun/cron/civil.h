/*
 * civil.h: the Gregorian calendar as numbers, for all years. Pure. Days count from 1970-01-01.
 */
#ifndef RR_CRONRUN_CIVIL_H
#define RR_CRONRUN_CIVIL_H

#include <stdbool.h>
#include <stdint.h>

#define CIVIL_DAY_S INT64_C(86400)

struct civil {
    int64_t year;
    int month; /* 1 … 12 */
    int day;   /* 1 … 31 */
};

int64_t civil_to_days(struct civil c);
struct civil civil_of_days(int64_t days);
/* 28 … 31 */
int civil_month_days(int64_t year, int month);
bool civil_is_leap(int64_t year);
/* 0: Sunday … 6 */
int civil_weekday(int64_t days);
/* a / b, rounded down; b > 0. */
int64_t civil_floor_div(int64_t a, int64_t b);

#endif
