/*
 * events.h: what cronrun logs; all its rooms may know it.
 */
#ifndef RR_CRONRUN_EVENTS_H
#define RR_CRONRUN_EVENTS_H

#include "common/base/event.h"

#define CRONRUN_NOT_STARTED                                                                        \
    "job, run_id, scheduled, outcome, reason, exit, holder_host, holder_pid, holder_since, "       \
    "holder_run_id, holder_pids"

#define CRONRUN_EVENTS(E)                                                                          \
    E(run_start, "job, run_id, fence, scheduled, started, lag_ms, pid", "the command was started") \
    E(run_end,                                                                                     \
      "job, run_id, fence, scheduled, started, lag_ms, duration_ms, outcome, reason, exit, "       \
      "command_exit, signal, max_rss_bytes, user_ms, system_ms",                                   \
      "nothing is left of it")                                                                     \
    E(run_skipped, CRONRUN_NOT_STARTED, "busy, and --on-busy is skip")                             \
    E(run_refused, CRONRUN_NOT_STARTED, "not started for another reason")                          \
    E(lock_wait, "job, run_id, holder_host, holder_pid, holder_since, holder_run_id",              \
      "busy, and --on-busy is wait")                                                               \
    E(lock_unsure, "job, run_id", "the lock was not renewed for half its time")                    \
    E(lock_lost, "job, run_id", "the lock cannot be proven any more")                              \
    E(release_failed, "job, run_id", "the lock was not released as it should")                     \
    E(no_instant, "job, run_id",                                                                   \
      "a deadline counts from this start, for no scheduled instant is known")                      \
    E(deadline, "job, run_id, deadline_ms", "the command's time is over")                          \
    E(stopping, "job, run_id, signal, grace_ms", "the command is to end")                          \
    E(left_behind, "job, run_id, processes", "the command ended and left processes")               \
    E(killing, "job, run_id", "KILL goes to what is left")                                         \
    E(not_dying, "job, run_id, processes",                                                         \
      "processes live on after KILL, or may not be signalled")                                     \
    E(blind, "job, run_id", "/proc cannot be used: only the command's process group is seen")      \
    E(state, "job, from, to", "debug: supervision goes from one state to the next")                \
    E(usage, "exit", "an option or a variable is wrong; nothing was started")
CRONRUN_EVENTS(EVENT_DECLARE)

/* NULL-ended: these, and those of what cronrun uses of common/. */
extern const struct log_event *const cronrun_events[];

#endif
