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
    E(guard_lost, "job, run_id",                                                                   \
      "--guard: the guard was killed, so the command is killed as well")                           \
    E(runner_killed, "job, run_id, pid",                                                           \
      "--guard: cronrun was killed, and no process of the command is left; there is no run_end")   \
    E(blind, "job, run_id", "without a usable /proc, only the command's process group is seen")    \
    E(cgroup, "job, run_id, cgroup",                                                               \
      "debug: the cgroup of the command's own; without the field it has none, and msg says why")   \
    E(retry, "job, run_id, attempt, command_exit, signal, delay_ms",                               \
      "an attempt failed; the next follows after delay_ms, or none where that is missing")         \
    E(retry_start, "job, run_id, attempt, pid", "the command was started again")                   \
    E(ping_failed, "job, run_id, ping",                                                            \
      "--ping: the start or the end of the run could not be reported")                             \
    E(output_dropped, "job, run_id, bytes",                                                        \
      "--output on-failure: so many bytes between beginning and end of the output are not kept")   \
    E(output_lost, "job, run_id, bytes",                                                           \
      "--output: its reader took nothing for too long, or it could not be written")                \
    E(spool_failed, "job, run_id",                                                                 \
      "--output on-failure: the output cannot be written to a file; only its end is kept")         \
    E(state, "job, from, to", "debug: supervision changed its state")                              \
    E(usage, "exit", "an option or a variable is invalid; nothing was started")

/* Of `cronrun daemon` itself; its runs have those above. */
#define DAEMON_EVENTS(E)                                                                                     \
    E(crontab_loaded, "file, jobs, added, changed, removed", "the crontab is in force")                      \
    E(crontab_fault, "file, line, column", "a fault of the crontab: one record each")                        \
    E(crontab_refused, "file, errors", "a changed crontab has faults; the previous one goes on")             \
    E(not_watched, "file",                                                                                   \
      "a change of the crontab will be noticed within ten seconds, or on SIGHUP")                            \
    E(start_skipped, "job, scheduled, reason, running_since",                                                \
      "a start did not take place; reason: running, waiting, replaced (by a newer one), "                    \
      "draining, removed (from the crontab)")                                                                \
    E(start_waits, "job, scheduled", "an earlier run is there, and the policy is queue")                     \
    E(start_replaces, "job, scheduled", "an earlier run is ended, because the policy is replace")            \
    E(recalled, "file, jobs",                                                                                \
      "at the start, it was asked when so many jobs with catchup=one ran last; a warning: not all is known") \
    E(start_missed, "job, scheduled, missed, late_ms", "times have passed without a start")                  \
    E(start_late, "job, scheduled, late_ms", "a start takes place although its time has passed")             \
    E(start_retries, "job, scheduled",                                                                       \
      "descriptors, processes or memory were lacking for a run; it is tried again")                          \
    E(start_retried, "job, scheduled, attempts, late_ms",                                                    \
      "a start that was tried again has worked")                                                             \
    E(start_failed, "job, scheduled, attempts",                                                              \
      "no process could be made for a run, and it is not tried again")                                       \
    E(run_vanished, "job, pid, signal", "the cronrun of a run was killed")                                   \
    E(clock_set, "step_ms", "the wall clock was set")                                                        \
    E(listening, "address", "an address was bound")                                                          \
    E(draining, "running, drain_ms", "a signal to stop came; nothing is started any more")                   \
    E(drain_over, "running", "runs that are still there are told to end")                                    \
    E(cannot_start, "exit", "the daemon cannot start")                                                       \
    E(stopped, "", "the daemon ends")

CRONRUN_EVENTS(EVENT_DECLARE)
DAEMON_EVENTS(EVENT_DECLARE)

/* NULL-ended: these, and those of what cronrun uses of common/. */
extern const struct log_event *const cronrun_events[];

#endif
