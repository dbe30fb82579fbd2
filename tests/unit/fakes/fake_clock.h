/*
 * fake_clock.h: a clock that stands until the test moves it, in place of clock.c.
 */
#ifndef RR_TESTS_FAKE_CLOCK_H
#define RR_TESTS_FAKE_CLOCK_H

#include <stdint.h>

#include "common/base/clock.h"

static uint64_t now_ms;
static int64_t wall_at_0_ms = 1795251600000; /* the wall clock at now_ms 0: 2026-11-21T09:00:00Z */

uint64_t
clock_mono_ms(void)
{
    return now_ms;
}

uint64_t
clock_mono_us(void)
{
    return now_ms * 1000;
}

uint64_t
clock_boot_ms(void)
{
    return now_ms;
}

int64_t
clock_wall_ms(void)
{
    return wall_at_0_ms + (int64_t)now_ms;
}

#endif
