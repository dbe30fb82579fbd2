/*
 * events.h: what healthd logs; all its rooms may know it.
 */
#ifndef RR_HEALTHD_EVENTS_H
#define RR_HEALTHD_EVENTS_H

#include "common/base/event.h"

#define HEALTHD_EVENTS(E)                                                                          \
    E(listening, "address", "an address is bound; port 0 is shown as the kernel chose")            \
    E(no_checks, "", "there is nothing to check: always ready")                                    \
    E(check_changed, "check, state, from, reason, cause, since",                                   \
      "a verdict changes; debug: its reason alone")                                                \
    E(gave_up, "waited_ms", "wait: the time is over, or a signal came, and a check is not well")   \
    E(check_failed, "check, reason, cause, timed_out", "debug: each failure")                      \
    E(session_lost, "check", "debug: a kept session ended while idle")                             \
    E(started, "", "every startup check was up once")                                              \
    E(draining, "drain_ms", "the first SIGTERM, SIGINT or SIGQUIT")                                \
    E(stopped, "", "the drain is over, or a second signal came")                                   \
    E(reload_ignored, "", "SIGHUP")                                                                \
    E(usage, "exit", "an option, a variable or a check line is wrong; nothing was started")        \
    E(cannot_listen, "", "an address cannot be bound")                                             \
    E(cannot_start, "", "there is no memory, or no descriptor, to begin with")
HEALTHD_EVENTS(EVENT_DECLARE)

/* NULL-ended: these, and those of what healthd uses of common/. */
extern const struct log_event *const healthd_events[];

#endif
