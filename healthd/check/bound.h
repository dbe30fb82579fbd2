/*
 * bound.h: how long it takes at worst until a failure is a 503, until the end of the failure is a 200 again, and until the
 * kubelet, which only asks now and then, has drawn its conclusion from either. Pure: follows from a check's settings, from
 * pace.h and from verdict.h; milliseconds, CLOCK_NEVER: not at all.
 */
#ifndef RR_HEALTHD_BOUND_H
#define RR_HEALTHD_BOUND_H

#include <stdbool.h>
#include <stdint.h>

#include "healthd/check/checkline.h"

enum bound_failure {
    BOUND_CLOSED,  /* the server ends the kept session and refuses a new one */
    BOUND_ERROR,   /* it refuses, or answers with an error */
    BOUND_SILENCE, /* it answers nothing */
    BOUND_FAILURES
};

/* "session closed", "refused or an error", "no answer" */
const char *bound_failure_text(enum bound_failure f);

struct bound {
    uint64_t down_ms; /* from the failure to the 503 */
    uint64_t back_ms; /* from its end to the 200, after an outage of up to 30 s */
    uint64_t late_ms; /* the same after a longer one */
};

/* False: the failure cannot happen to this check (it keeps no session that could be closed). */
bool bound_of(const struct check_spec *s, enum bound_failure f, struct bound *ret);

/* A probe of the kubelet: its fields periodSeconds, timeoutSeconds, failureThreshold and successThreshold. */
struct bound_probe {
    uint64_t period_ms, timeout_ms;
    uint64_t failures, successes;
};

/* From the 503 or the 200 that came after_ms to the conclusion: as many probes as the threshold says, the first of them a
 * whole period later at worst. */
uint64_t bound_concluded_ms(uint64_t after_ms, const struct bound_probe *p, uint64_t threshold);

#endif
