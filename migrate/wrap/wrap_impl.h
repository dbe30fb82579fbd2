/*
 * wrap_impl.h: what the parts of a wrapped run share; nobody else includes it.
 *
 * wrap.c has the way from the first connection to the report, wrap_command.c the command and what keeps it under the lock.
 */
#ifndef RR_MIGRATE_WRAP_IMPL_H
#define RR_MIGRATE_WRAP_IMPL_H

#include "common/proc/command.h"
#include "common/proc/signals.h"
#include "migrate/db/claim.h"
#include "migrate/db/ledger.h"
#include "migrate/db/lock.h"
#include "migrate/db/lock_wait.h"
#include "migrate/db/session.h"
#include "migrate/options.h"
#include "migrate/tell/report.h"
#include "migrate/wrap/evidence.h"
#include "migrate/wrap/wrap.h"

struct loop_watch;
struct output;

/* Why the command is to end: the first reason is the run's. */
enum wrap_cause { CAUSE_NONE, CAUSE_STOP, CAUSE_LOST, CAUSE_DEADLINE };

struct wrap {
    const struct wrap_spec *spec;
    const struct options *o;
    struct report report;
    struct signals signals;
    struct session s;
    struct loop_watch *signal_watch;
    struct ledger_table table;
    struct lock lock;
    struct lock_wait lock_wait;
    struct claim claim; /* to see others' leases; none is taken */
    struct evidence before;
    struct command *command;
    struct output *output;
    enum wrap_cause cause;
    unsigned stops; /* signals that end a run, so far */
    bool started;
    bool news; /* it ended, or the lock is lost: whoever turns the loop looks */
    bool ended;
    struct command_end end;
    bool lost;
    struct err why; /* it is lost */
};

/* ---- wrap_command.c ---- */
/* Signals and the command's supervision, after session_init_unsignalled(). */
MUST_CHECK int wrap_command_init(struct wrap *w, struct err *e);
void wrap_command_done(struct wrap *w);
/* Starts it, and returns when nothing of it is left and all that it wrote has been passed on. -1: it was not started. */
MUST_CHECK int wrap_command_run(struct wrap *w, struct err *e);

#endif
