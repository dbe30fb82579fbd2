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
      "job, run_id, fence, scheduled, started, lag_ms, duration_ms, attempts, outcome, reason, "   \
      "exit, command_exit, signal, max_rss_bytes, user_ms, system_ms",                             \
      "no process of the command is left")                                                         \
    E(run_skipped, CRONRUN_NOT_STARTED, "the lock is busy, and --on-busy is skip")                 \
    E(run_refused, CRONRUN_NOT_STARTED, "the command was not started for another reason")          \
    E(lock_wait, "job, run_id, holder_host, holder_pid, holder_since, holder_run_id",              \
      "the lock is busy, and --on-busy is wait")                                                   \
    E(lock_unsure, "job, run_id", "the lock could not be renewed for half of --lock-ttl")          \
    E(lock_lost, "job, run_id", "the lock is no longer known to be held")                          \
    E(release_failed, "job, run_id", "the lock could not be released")                             \
    E(no_instant, "job, run_id",                                                                   \
      "a deadline counts from this start, because the scheduled time is unknown")                  \
    E(deadline, "job, run_id, deadline_ms", "the command exceeded its deadline")                   \
    E(stopping, "job, run_id, signal, grace_ms", "the command is asked to end")                    \
    E(left_behind, "job, run_id, processes", "the command ended, but left processes behind")       \
    E(killing, "job, run_id", "KILL is sent to what is left")                                      \
    E(not_dying, "job, run_id, processes",                                                         \
      "processes survived KILL, or cronrun may not signal them")                                   \
    E(blind, "job, run_id", "without a usable /proc, only the command's process group is seen")    \
    E(retry, "job, run_id, attempt, command_exit, signal, delay_ms",                               \
      "an attempt failed; the next follows after delay_ms, or none where that is missing")         \
    E(retry_start, "job, run_id, attempt, pid", "the command was started again")                   \
    E(output_dropped, "job, run_id, bytes",                                                        \
      "--output on-failure: so many bytes between beginning and end of the output are not kept")   \
    E(output_lost, "job, run_id, bytes",                                                           \
      "--output: the reader of the output took nothing for too long; the rest of it is lost")      \
    E(spool_failed, "job, run_id",                                                                 \
      "--output on-failure: the output cannot be written to a file; only its end is kept")         \
    E(state, "job, from, to", "debug: supervision changed its state")                              \
    E(usage, "exit", "an option or a variable is invalid; nothing was started")
CRONRUN_EVENTS(EVENT_DECLARE)

/* NULL-ended: these, and those of what cronrun uses of common/. */
extern const struct log_event *const cronrun_events[];

#endif
