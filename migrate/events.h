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
      "invalid input: options, file names, encoding, SQL that cannot be split, or a history table with unknown columns") \
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

#define MIGRATE_EVENTS(E)                                                                                                  \
    E(setting_unused, "setting",                                                                                           \
      "statement_timeout or lock_timeout of a URL: the options of that name count")                                        \
    E(waiting, "reason, sqlstate", "the database does not accept yet: first, then every 10 s")                             \
    E(ready, "duration_ms", "wait: it accepts")                                                                            \
    E(lock_wait, "holder_pid, holder, holder_age_s",                                                                       \
      "another runner holds the lock: first, then every 10 s")                                                             \
    E(no_directory, "dir",                                                                                                 \
      "the directory of the migrations is not there, which --allow-empty allows")                                          \
    E(folder, "dir, folder",                                                                                               \
      "a folder in the directory holds .sql files, which are not looked at")                                               \
    E(edited, "version, file", "comments, white space or line ends of an applied file changed")                            \
    E(ahead, "ahead", "the history has versions above the newest file")                                                    \
    E(held, "held", "files wait for another --phase")                                                                      \
    E(would_apply, "version, name, file, phase, transaction, statements",                                                  \
      "--dry-run: each migration")                                                                                         \
    E(dry_run, "pending", "--dry-run: so many would be applied, or undone")                                                \
    E(rehearsing, "pending", "rehearse: real locks are taken from here on")                                                \
    E(rehearsed, "files, findings, duration_ms", "rehearse: all of it is rolled back")                                     \
    E(applied, "version, name, file, phase, transaction, statements, attempts, duration_ms",                               \
      "each migration")                                                                                                    \
    E(notice, "severity, file, line, sqlstate", "the server said something about a statement")                             \
    E(running, "progress, duration_ms", "a statement takes long: first, then every 10 s")                                  \
    E(blocked, "blockers, duration_ms", "the same, and it waits for a lock")                                               \
    E(retry, "version, file, sqlstate, blockers, attempt, pause_ms",                                                       \
      "a lock was not got in time: again after a pause")                                                                   \
    E(skipped, "version, file",                                                                                            \
      "somebody else, who does not heed the lock, applied it (down: undid it) meanwhile")                                  \
    E(would_undo, "version, name, file, transaction, statements",                                                          \
      "down --dry-run: each migration")                                                                                    \
    E(undoing, "version, file, applied_at", "down: each migration that will be undone")                                    \
    E(drifted, "version, file", "down: its file changed since it was applied")                                             \
    E(undone, "version, name, file, phase, transaction, statements, attempts, duration_ms",                                \
      "down: each migration")                                                                                              \
    E(outside, "file, sqlstate", "the server wants a file's only statement outside a transaction")                         \
    E(resumed, "version, file, done, statements",                                                                          \
      "a file outside a transaction that an earlier run did not end: how far it came")                                     \
    E(resume, "version, file, statement, line, action",                                                                    \
      "a statement of which an earlier run did not say what became of it: done, again, drop (what it left, then again), "  \
      "finalize (a partition), stop, drift")                                                                               \
    E(step_wait, "version, holder_pid, holder",                                                                            \
      "the server still runs a statement of an earlier run: first, then every 10 s")                                       \
    E(step_end, "version, holder_pid", "the same, for the whole of --lock-wait: it is ended")                              \
    E(step_drop, "version, index", "an INVALID index that a failed attempt left is dropped")                               \
    E(connection_lost, "sqlstate",                                                                                         \
      "the connection was lost, several hosts are named, and nothing uncertain was under way: again, by the server there") \
    E(commit_lost, "version", "the connection was lost during COMMIT")                                                     \
    E(commit_settled, "version", "the history says that it was committed")                                                 \
    E(cancel, "", "the statement could not be cancelled on the server")                                                    \
    E(watch, "", "debug: there is no second connection: what runs or blocks is not told")                                  \
    E(wish, "", "debug: the server refused a setting that is not needed everywhere")                                       \
    E(json, "", "the object of --json could not be made")                                                                  \
    E(begun, "version, file, done",                                                                                        \
      "down: a file that was begun outside a transaction and is not done: so many statements of it stay")                  \
    E(pooler, "mode, seen",                                                                                                \
      "a connection pooler stands before the database, or is said to: mode session or transaction is what is used")        \
    E(passed, "version, file", "behind a pooler: another runner applied it meanwhile")                                     \
    E(lease, "sqlstate", "behind a pooler: the lease was not renewed, and is tried again")                                 \
    E(would_record, "version, name, file, phase", "baseline --dry-run: each migration")                                    \
    E(recording, "version, name, file, phase",                                                                             \
      "baseline: each migration, before the rows are written")                                                             \
    E(would_accept, "version, name, file, was, now, comments",                                                             \
      "repair --dry-run: each edited file, with the heads of its digests")                                                 \
    E(accepting, "version, name, file, was, now, comments",                                                                \
      "repair: each edited file, before the rows are written")                                                             \
    E(would_settle, "version, name, file, as",                                                                             \
      "repair --dirty, --dry-run: each version that another tool marked")                                                  \
    E(settling, "version, name, file, as",                                                                                 \
      "repair --dirty: each version that another tool marked, before the history is written")                              \
    E(command_start, "command, pid", "run: the lock is held, the command was started")                                     \
    E(revision, "tool, revision", "run: the tool's history table has one more than before")                                \
    E(tool_ahead, "tool, revision",                                                                                        \
      "run: the tool says that its files lack a revision which the database has")                                          \
    E(overdue, "deadline_ms", "run: the deadline passed; the command is asked to end")                                     \
    E(stopping, "signal, grace_ms",                                                                                        \
      "run: the command and all that descends from it are asked to end")                                                   \
    E(killing, "", "run: they did not end in time, or the lock was lost")                                                  \
    E(left_behind, "processes", "run: the command ended, these processes did not")                                         \
    E(not_dying, "processes", "run: these live on after KILL, or belong to another user")                                  \
    E(lock_lost, "", "run: the lock cannot be proven any more; the command is ended")                                      \
    E(blind, "", "run: without a usable /proc only the command's process group is seen")                                   \
    E(evidence, "", "debug, run: the tool's history table could not be read")                                              \
    E(command_done, "outcome, applied, command_exit, duration_ms", "run: the end of a good run")                           \
    E(done, "outcome, applied, undone, recorded, accepted, pending, held, ahead, duration_ms",                             \
      "the end of a good run")
MIGRATE_EVENTS(EVENT_DECLARE)

/* NULL-ended: these, and those of what migrate uses of common/. */
extern const struct log_event *const migrate_events[];

#endif
