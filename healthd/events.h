/*
 * events.h: what healthd logs; all its rooms may know it.
 */
#ifndef RR_HEALTHD_EVENTS_H
#define RR_HEALTHD_EVENTS_H

#include "common/base/event.h"

#define HEALTHD_EVENTS(E)                                                                           \
    E(listening, "address",                                                                         \
      "an address was bound; for port 0, the port that the kernel chose is shown")                  \
    E(no_checks, "", "there is nothing to check: ready is always 200")                              \
    E(check_changed, "check, state, from, reason, cause, since",                                    \
      "a verdict changed; at level debug: only its reason did")                                     \
    E(gave_up, "waited_ms",                                                                         \
      "wait: the timeout passed or a signal was received while a check was not healthy")            \
    E(check_failed, "check, reason, cause, timed_out", "debug: each failure of a check")            \
    E(session_lost, "check", "debug: a session that was kept open ended while idle")                \
    E(started, "", "every startup check has been up once")                                          \
    E(sandboxed, "landlock, seccomp",                                                               \
      "what healthd has given up: landlock is the version of the kernel's interface, 0 without it") \
    E(sandbox_missing, "part", "a part of the sandbox cannot be had")                               \
    E(sandbox_refused, "calls, latest",                                                             \
      "system calls were refused with EPERM; told with /metrics and at the end")                    \
    E(draining, "drain_ms", "the first SIGTERM, SIGINT or SIGQUIT was received")                    \
    E(stopped, "", "--drain has passed, or a second signal was received")                           \
    E(reloaded, "checks, added, removed",                                                           \
      "SIGHUP was received, and the checks were read again; one that changed counts as both")       \
    E(reload_failed, "", "SIGHUP was received; the configuration is invalid, the old one goes on")  \
    E(usage, "exit", "an option, a variable or a check line is invalid; nothing was started")       \
    E(cannot_listen, "exit", "an address cannot be bound")                                          \
    E(cannot_start, "exit", "out of memory or file descriptors at startup")
HEALTHD_EVENTS(EVENT_DECLARE)

/* NULL-ended: these, and those of what healthd uses of common/. */
extern const struct log_event *const healthd_events[];

#endif
