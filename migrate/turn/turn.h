/*
 * turn.h: one turn at the database: read files and history, plan, take the lock, read and plan again, act, clean up.
 *
 * What up and down have in common with whatever else changes the history. A command is a struct turn_work, which says
 * what the plan means for it and does it; the turn knows when. Every copy that starts reads first and takes the lock
 * only when there is something to do, so that any number of them end well.
 *
 *     struct turn t;
 *     turn_init(&t, "up", &work, o);
 *     turn_run(&t);
 *     return turn_done(&t);
 *
 * What failed is in t.report, and so is what was done.
 */
#ifndef RR_MIGRATE_TURN_H
#define RR_MIGRATE_TURN_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "migrate/db/claim.h"
#include "migrate/db/ledger.h"
#include "migrate/db/lock.h"
#include "migrate/db/lock_wait.h"
#include "migrate/db/session.h"
#include "migrate/files/facts.h"
#include "migrate/files/source.h"
#include "migrate/options.h"
#include "migrate/plan.h"
#include "migrate/tell/report.h"
#include "migrate/turn/begun.h"
#include "migrate/turn/choice.h"

enum turn_step { TURN_AGAIN, TURN_END };

struct turn;

struct turn_work {
    /*
     * Files and history were read, and t->plan is what they mean. 1: there is something to do; 0: there is nothing, and
     * that is said; -1: refused, which is in the report. Called without the lock, and again under it.
     */
    int (*look)(struct turn *t);
    /* --dry-run: says what act would do. */
    void (*show)(struct turn *t);
    /* Does it, under the lock. TURN_AGAIN: from reading on, as after a lost connection. */
    enum turn_step (*act)(struct turn *t);
    /* Behind a pooler there is no lock to act under: act guards each step by itself (turn_apply does). False: it is refused there. */
    bool stateless;
};

struct turn {
    const struct turn_work *work;
    const struct options *o;
    void *arg; /* the command's own */
    struct report report;
    struct session s;
    struct source source;
    struct ledger ledger;
    struct lock lock;
    struct choice choice;
    struct lock_wait lock_wait;
    struct claim claim; /* behind a pooler; made with the first step */
    struct err
        lost;      /* the connection, and another server may have taken over; code ERR_NONE: not */
    char busy[96]; /* who has it, as it was seen last; "": it is the lock that somebody has */
    struct plan_rules rules;
    struct plan plan;
    struct begun begun;                 /* what is half done; read with the history */
    enum migration_direction direction; /* of the steps: up, or down from the highest on */
    struct facts *facts;   /* of the files that go there, for source.migrations, where known */
    unsigned losses;       /* of the connection, during COMMIT */
    const char *uncertain; /* version whose COMMIT was not answered; borrowed from source */
    bool unsettled;        /* the same of turn_write() */
    bool ready;            /* the session is made */
};

/* Everything is made ready; a failure is in the report. o and work are borrowed. rules: as the options say. */
void turn_init(struct turn *t, const char *command, const struct turn_work *work,
               const struct options *o);
/* The turn, unless something failed already. */
void turn_run(struct turn *t);
/* Logs the failure, if any, writes the termination message, frees everything; returns the exit status. */
int turn_done(struct turn *t);

/* ---- for the commands ---- */
/* A failure of the connection, the database or the run, with who was in the way. */
void turn_fail(struct turn *t, const struct err *e);
/* What is known of the file; filled by turn_check_files(). */
struct facts *turn_facts(const struct turn *t, const struct source_migration *m);
/* Every file that is a step of the plan is read before the first one runs; while the lock is waited for, once. -1: the report knows. */
int turn_check_files(struct turn *t);
/* Of every file that is a step of the plan, for a row that is written without running it: its digests alone. -1: the report knows. */
int turn_read_digests(struct turn *t);
/*
 * The steps of the plan, in their order, each with its row. TURN_AGAIN: the connection went during a COMMIT, and the next
 * look says what became of it. all_done: every step was done.
 */
enum turn_step turn_apply(struct turn *t, bool *ret_all_done);
/* In look: where the history says that the version whose COMMIT was not answered is done, that is said and reported. */
void turn_settle(struct turn *t);

/*
 * Statements that write rows of the history, each with "; " behind it, in one transaction, as the history's role; locks
 * are waited for as a file's are. TURN_AGAIN: the connection went during it, and the next look asks turn_settle_write().
 * version: for messages; borrowed until then. *ret_done: committed. Otherwise the report knows.
 */
enum turn_step
turn_write(struct turn *t, const struct strbuf *rows, const char *version, bool *ret_done);
/* In look, with the steps of the plan counted: none is left, so that it was committed, which is said; else what was reported
 * of it is forgotten. */
void turn_settle_write(struct turn *t);
/* Makes the history's table where there is none. -1: the report knows. */
int turn_create(struct turn *t);

/* ---- for turn_*.c ---- */
/* t->claim, where it is not made yet: for the history as it is known now. */
MUST_CHECK int turn_make_claim(struct turn *t, struct err *e);
/* t->busy says who works. AGAIN after a pause; else the report knows. */
enum turn_step turn_wait_for_others(struct turn *t);
/* The connection went, and t->uncertain was under way: AGAIN with a new one, else the report knows. */
enum turn_step turn_read_after_loss(struct turn *t);

#endif
