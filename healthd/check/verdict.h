/*
 * verdict.h: from results to a verdict: rise, fall, staleness, degraded. Pure: time comes in,
 * nothing goes out.
 *
 * Two things are known about a check: what the session says (settled by rise and fall) and what
 * fresh logins beside a kept session say. verdict_view() joins them at a moment. Unknown is never
 * up: before the first result, and once an up is older than `stale`.
 */
#ifndef RR_HEALTHD_VERDICT_H
#define RR_HEALTHD_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "healthd/check/reason.h"

enum verdict_state { VERDICT_UNKNOWN, VERDICT_UP, VERDICT_DEGRADED, VERDICT_DOWN, VERDICT_STATES };

/* "unknown", "up", "degraded", "down" */
const char *verdict_text(enum verdict_state s);
/* Up or degraded: what the answers call connected. */
bool verdict_passes(enum verdict_state s);

struct verdict_rules {
    unsigned rise;
    unsigned fall;         /* results in a row until down, for a decisive failure */
    unsigned fall_timeout; /* the same, for a time-out */
    uint64_t stale_ms;     /* CLOCK_NEVER: no age is too great (a database that may sleep) */
    uint64_t shared_ms;    /* down counts as degraded for so long; 0: off */
    bool optional;         /* down counts as degraded */
    bool on_full_down;     /* a full server (53300, busy workers) is down although it answers */
};

/* One result: of a query over the session, or of a fresh login. */
struct verdict_result {
    enum reason reason; /* REASON_NONE: it went well */
    bool timed_out;     /* it ended because time was over, whatever the reason is called */
    bool degraded;      /* it counts as good: degraded for this reason */
};

struct verdict {
    enum verdict_state settled; /* UNKNOWN, UP or DOWN */
    enum reason reason;         /* of the last failure while settled is DOWN, else NONE */
    enum reason login_reason;   /* of the last fresh login, NONE when it went well */
    enum reason good_reason;    /* of the last result, when that was good but degraded */
    unsigned good, bad;         /* results in a row */
    uint64_t result_ms;         /* when the last result came that did not find it too old */
    uint64_t down_ms;           /* when settled became DOWN */
    bool any;                   /* a result has come */
    bool was_up;                /* was up once */
};

struct verdict_view {
    enum verdict_state state;
    enum reason reason; /* NONE when up, or when nothing is known yet */
};

void verdict_result(struct verdict *v, const struct verdict_rules *r, struct verdict_result result,
                    uint64_t now_ms);
/* A fresh login beside the session ended. */
void verdict_login(struct verdict *v, enum reason reason);

struct verdict_view
verdict_view(const struct verdict *v, const struct verdict_rules *r, uint64_t now_ms);
/* The next moment at which verdict_view() would change without a result; CLOCK_NEVER when there
 * is none. */
uint64_t
verdict_next_change(const struct verdict *v, const struct verdict_rules *r, uint64_t now_ms);

#endif
