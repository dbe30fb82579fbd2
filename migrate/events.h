/*
 * events.h: what migrate logs; all its rooms may know it.
 */
#ifndef RR_MIGRATE_EVENTS_H
#define RR_MIGRATE_EVENTS_H

#include "common/base/event.h"

/* How a run ends that does not end well: F(event, exit status, text). The record's event is the outcome. */
#define MIGRATE_FAILURES(F)                                                                                              \
    F(unreachable, EXIT_UNREACHABLE,                                                                                     \
      "the database is unreachable, the connection was lost, or it does not have the wanted role; or out of memory")     \
    F(busy, EXIT_BUSY, "another runner held the lock for the whole wait")                                                \
    F(deadline, EXIT_DEADLINE, "deadline exceeded; rolled back")                                                         \
    F(signal, EXIT_SIGNAL, "terminated by a signal; rolled back")                                                        \
    F(refused, EXIT_REFUSED, "the server rejected a statement; rolled back")                                             \
    F(drift, EXIT_DRIFT, "drift: an applied file was changed, or is missing")                                            \
    F(order, EXIT_ORDER, "order: a pending version is lower than an applied one")                                        \
    F(input, EXIT_INPUT,                                                                                                 \
      "invalid input: options, file names, encoding, SQL that cannot be split, or a history table with unknown "         \
      "columns; also: standard output could not be written")                                                             \
    F(partial, EXIT_PARTIAL,                                                                                             \
      "a statement of a file outside a transaction was rejected; earlier statements are kept, and the next run resumes " \
      "with it")                                                                                                         \
    F(findings, EXIT_FINDINGS,                                                                                           \
      "check, rehearse: a finding of level error (rehearse: a rewrite, or reads that wait too long)")                    \
    F(failed, EXIT_COMMAND, "run: the command failed; its own status is in the report")

/* command_…: of `run`. */
#define MIGRATE_FAILURE_FIELDS                                                                     \
    "file, line, column, sqlstate, detail, hint, source, exit, "                                   \
    "command_exit, command_signal"
#define MIGRATE_FAILURE_DECLARE(name, exit, when) EVENT_DECLARE(name, MIGRATE_FAILURE_FIELDS, when)
#define MIGRATE_FAILURE_DEFINE(name, exit, when) EVENT_DEFINE(name, MIGRATE_FAILURE_FIELDS, when)
#define MIGRATE_FAILURE_ENTRY(name, exit, when) EVENT_ENTRY(name, MIGRATE_FAILURE_FIELDS, when)
MIGRATE_FAILURES(MIGRATE_FAILURE_DECLARE)

#define MIGRATE_EVENTS(E)                                                                                               \
    E(setting_unused, "setting",                                                                                        \
      "statement_timeout or lock_timeout in a URL is ignored; the options of that name apply")                          \
    E(waiting, "reason, sqlstate",                                                                                      \
      "the database does not accept connections yet: at first, then every 10 s")                                        \
    E(ready, "duration_ms", "wait: the database accepts connections")                                                   \
    E(lock_wait, "holder_pid, holder, holder_age_s",                                                                    \
      "another runner holds the lock: at first, then every 10 s")                                                       \
    E(no_directory, "dir",                                                                                              \
      "the directory of the migrations is missing, which --allow-empty permits")                                        \
    E(folder, "dir, folder", "a folder in the directory contains .sql files, which are ignored")                        \
    E(edited, "version, file",                                                                                          \
      "comments, white space or line ends of an applied file have changed")                                             \
    E(ahead, "ahead", "the history contains versions above the newest file")                                            \
    E(held, "held", "files are waiting for another --phase")                                                            \
    E(half_undone, "version, done",                                                                                     \
      "a version that counts as applied, and of whose way back an interrupted down did that many statements")           \
    E(would_apply, "version, name, file, phase, transaction, statements",                                               \
      "--dry-run: each migration")                                                                                      \
    E(dry_run, "pending", "--dry-run: how many would be applied, or undone")                                            \
    E(rehearsing, "pending", "rehearse: real locks are taken from now on")                                              \
    E(rehearsed, "files, findings, duration_ms", "rehearse: everything was rolled back")                                \
    E(applied, "version, name, file, phase, transaction, statements, attempts, duration_ms",                            \
      "each migration")                                                                                                 \
    E(notice, "severity, file, line, sqlstate",                                                                         \
      "the server sent a notice about a statement; without a line: about none of the file, as at COMMIT")               \
    E(running, "progress, duration_ms", "a statement takes long: at first, then every 10 s")                            \
    E(blocked, "blockers, duration_ms", "the same, and the statement is waiting for a lock")                            \
    E(retry, "version, file, sqlstate, blockers, attempt, pause_ms",                                                    \
      "a lock was not obtained in time: the file is retried after a pause")                                             \
    E(skipped, "version, file",                                                                                         \
      "someone who does not respect the lock has applied the file (down: undone it) in the meantime")                   \
    E(would_undo, "version, name, file, transaction, statements",                                                       \
      "down --dry-run: each migration")                                                                                 \
    E(undoing, "version, file, applied_at", "down: each migration that will be undone")                                 \
    E(drifted, "version, file", "down: the file has changed since it was applied")                                      \
    E(undone, "version, name, file, phase, transaction, statements, attempts, duration_ms",                             \
      "down: each migration")                                                                                           \
    E(outside, "file, sqlstate",                                                                                        \
      "the server requires that the only statement of a file runs outside a transaction")                               \
    E(resumed, "version, file, done, statements",                                                                       \
      "a file outside a transaction that an earlier run did not complete, and how far it has come")                     \
    E(resume, "version, file, statement, line, action",                                                                 \
      "a statement whose outcome an earlier run did not record, and what is done about it: done, again, drop (what it " \
      "left behind, then again), finalize (a partition), stop, drift")                                                  \
    E(step_wait, "version, holder_pid, holder",                                                                         \
      "the server is still executing a statement of an earlier run: at first, then every 10 s")                         \
    E(step_end, "version, holder_pid",                                                                                  \
      "the same, for the whole of --lock-wait: its session is terminated")                                              \
    E(step_drop, "version, index",                                                                                      \
      "an INVALID index that a failed attempt left behind is dropped")                                                  \
    E(connection_lost, "sqlstate",                                                                                      \
      "the connection was lost while no COMMIT was in progress, and several hosts are named: connect again")            \
    E(commit_lost, "version", "the connection was lost during COMMIT")                                                  \
    E(commit_settled, "version", "the history shows that the transaction was committed")                                \
    E(cancel, "", "the statement could not be cancelled on the server")                                                 \
    E(watch, "", "debug: there is no second connection, so what runs or blocks is not reported")                        \
    E(wish, "", "debug: the server rejected a setting that is not essential")                                           \
    E(json, "", "the object of --json could not be composed")                                                           \
    E(begun, "version, file, done",                                                                                     \
      "down: a file outside a transaction was begun and not completed; that many of its statements remain in effect")   \
    E(pooler, "mode, seen",                                                                                             \
      "there is a connection pooler, or --pooler says so; mode is what is used: session or transaction")                \
    E(passed, "version, file",                                                                                          \
      "behind a pooler: another runner has applied the file in the meantime")                                           \
    E(lease, "sqlstate", "behind a pooler: the lease could not be renewed; it is tried again")                          \
    E(would_record, "version, name, file, phase", "baseline --dry-run: each migration")                                 \
    E(recording, "version, name, file, phase",                                                                          \
      "baseline: each migration, before the rows are inserted")                                                         \
    E(would_accept, "version, name, file, was, now, comments",                                                          \
      "repair --dry-run: each edited file, with the beginnings of its digests")                                         \
    E(accepting, "version, name, file, was, now, comments",                                                             \
      "repair: each edited file, before the rows are updated")                                                          \
    E(would_settle, "version, name, file, as",                                                                          \
      "repair --dirty --dry-run: each version that another tool has marked")                                            \
    E(settling, "version, name, file, as",                                                                              \
      "repair --dirty: each version that another tool has marked, before the history is updated")                       \
    E(command_start, "command, pid", "run: the lock is held, and the command was started")                              \
    E(cgroup, "cgroup",                                                                                                 \
      "debug, run: the cgroup of the command's own; without the field it has none, and msg says why")                   \
    E(revision, "tool, revision", "run: a revision that was added to the tool's history table")                         \
    E(tool_ahead, "tool, revision",                                                                                     \
      "run: the tool reports that its files lack a revision that the database has")                                     \
    E(overdue, "deadline_ms", "run: the deadline passed; the command is asked to end")                                  \
    E(stopping, "signal, grace_ms", "run: the command and all its descendants are asked to end")                        \
    E(killing, "",                                                                                                      \
      "run: the processes are killed: they did not end in time, or the lock was lost")                                  \
    E(left_behind, "processes", "run: the command ended, but left these processes behind")                              \
    E(not_dying, "processes", "run: these processes survived KILL, or belong to another user")                          \
    E(lock_lost, "", "run: the lock is no longer known to be held; the command is killed")                              \
    E(blind, "", "run: without a usable /proc, only the command's process group is seen")                               \
    E(evidence, "", "debug, run: the tool's history table could not be read")                                           \
    E(command_done, "outcome, applied, command_exit, duration_ms",                                                      \
      "run: the end of a successful run")                                                                               \
    E(done, "outcome, applied, undone, recorded, accepted, pending, held, ahead, duration_ms",                          \
      "the end of a successful run")
MIGRATE_EVENTS(EVENT_DECLARE)

/* NULL-ended: these, and those of what migrate uses of common/. */
extern const struct log_event *const migrate_events[];

#endif
