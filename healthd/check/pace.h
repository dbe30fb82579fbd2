/*
 * pace.h: when a check is made again. Pure: chance comes in as a number.
 *
 * Normally `every`, shortened by chance by up to a fifth, so that pods do not check in step and yet
 * the worst time to see a failure stays what `every` says. From the first failure on every/4 (at
 * least 200 ms, shortened alike) for 30 s, then `every` again until it is well. Where only a
 * changed setting helps (auth, no_database) 5 x every; a full server (53300) is never asked faster
 * than `every`.
 */
#ifndef RR_HEALTHD_PACE_H
#define RR_HEALTHD_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "healthd/check/reason.h"

#define PACE_FAST_MS 30000u
#define PACE_FAST_LEAST_MS 200u
#define PACE_ASLEEP_MS 2000u /* a check with `every 0`, while it is wanted */

#define PACE_LOGIN_FROM_MS 54000u
#define PACE_LOGIN_BOUND_MS 66000u

struct pace {
    uint64_t every_ms;
    uint64_t bad_since_ms; /* the first failure of the present row */
    bool bad;
};

void pace_result(struct pace *p, enum reason reason, uint64_t now_ms);

/* Milliseconds from the end of the last check, which took took_ms, to the next start. chance: 0
 * … 999. */
uint64_t pace_next_ms(const struct pace *p, enum reason last, uint64_t took_ms, unsigned chance,
                      uint64_t now_ms);

/*
 * Milliseconds from a login to the next fresh one: 60 s, 10 % less up to what keeps a failure that
 * takes the whole timeout to show within 66 s; after a failed one at the pace of `every`, if that
 * is sooner.
 */
uint64_t
pace_login_ms(const struct pace *p, enum reason last_login, uint64_t timeout_ms, unsigned chance);

#endif
