/*
 * apply.h: one migration onto the server.
 *
 * A file in a transaction: begin, statements in batches, the history row with proof of the lock, commit. A file outside
 * one: statement by statement, each with its step, the history row behind the last. What the
 * server refuses is rolled back, tried again where that may help (locks, deadlocks, serialization),
 * or reported with its place in the file.
 */
#ifndef RR_MIGRATE_APPLY_H
#define RR_MIGRATE_APPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/backoff.h"
#include "common/base/err.h"
#include "migrate/sql/position.h"
#include "migrate/tell/report.h"
#include "migrate/db/ledger.h"
#include "migrate/db/lock.h"
#include "migrate/db/session.h"
#include "migrate/files/facts.h"
#include "migrate/files/source.h"
#include "migrate/sql/verdict.h"
#include "migrate/db/watch.h"

/* Statements travel together up to this size. */
#define APPLY_BATCH_BYTES 262144u
#define APPLY_BATCH_STATEMENTS 2000u

/* A file that goes back: its row, as the history has it, goes, too. Borrowed. */
struct apply_back {
    const struct migration *row;
    const struct migration *before; /* the highest of the rows below it; NULL: none */
};

enum apply_result {
    APPLY_DONE,
    APPLY_SKIPPED, /* its history row was there already; on the way back: was gone */
    APPLY_RETRY,   /* rolled back; another attempt may do */
    APPLY_OUTSIDE, /* rolled back; it has to run outside a transaction */
    APPLY_UNKNOWN, /* the connection was lost during COMMIT: the history knows */
    APPLY_BUSY,    /* behind a pooler: another runner works; nothing was done */
    APPLY_LAST,    /* done, but the run ends here: the report knows */
    APPLY_FAILED,  /* the report knows */
};

struct apply {
    /* set by the caller, borrowed */
    struct session *s;
    const struct ledger *ledger;
    struct lock *lock;
    struct claim *claim; /* behind a pooler, outside a transaction */
    struct report *report;
    const struct source *source;
    /* an earlier run began the file outside a transaction: it ends there, whatever its text says now */
    bool rest;
    bool moves; /* another server may take over: a lost connection is not reported, but kept … */
    struct err lost; /* … here, and the file FAILED; code ERR_NONE: not lost */
    /* the file at hand */
    const struct source_migration *m;
    const struct apply_back *back; /* NULL: the way up */
    const char *file;              /* that is run: of m, for the direction */
    const struct facts *facts;     /* of that file */
    struct verdict_file verdict;   /* of the facts, until the server says otherwise */
    struct source_text text;
    uint64_t start_ms;
    unsigned attempts;
    struct backoff
        again; /* between attempts at the file, or at one statement outside a transaction */
    size_t
        first_n;   /* number of the first statement of what was sent last; 0: nothing of the file */
    size_t sent_n; /* how many statements of the file it has */
    size_t sent_offset; /* where that begins, and its line */
    size_t sent_line;
    struct statement heard; /* of it, that the last notice was about; n 0: none yet */
    size_t long_names;      /* of it, that the server said it cut off */
    bool sent_backslashes;
    bool sent_commits;     /* outside a transaction: a CALL or DO, which may commit by itself */
    bool sent_in_bytes;    /* the server counts its bytes, not characters */
    size_t sent_own;       /* statements of ours before it in the same text, and their characters */
    size_t sent_own_chars; /* or bytes */
    size_t copy_offset;    /* where the COPY data under way begins */
    bool begun;            /* the transaction is open */
    bool
        opening; /* behind a pooler: what was sent last begins with the way into the transaction … */
    size_t guard_at; /* … and these of its statements are the guard and the history row */
    size_t row_at;
    char busy[96];     /* BUSY: who has the lease; "": who has the lock */
    bool outright;     /* OUTSIDE: that the only statement cannot run in a transaction is known */
    struct err why;    /* RETRY, OUTSIDE: what the server said */
    bool waited;       /* RETRY: for a lock, until lock_timeout */
    unsigned unwaited; /* retries of the file for other reasons */
    bool why_found;    /* RETRY: the statement is known: why_at */
    struct statement why_at;
    char blockers[WATCH_BLOCKERS_MAX]; /* RETRY: who held the lock, as far as it was seen */
    uint64_t duration_ms;              /* of the last file that was applied */
};

/*
 * Reads the file of that direction for what apply_file must know, and whether it can be run at all. *facts is zero, or
 * known from an earlier call: then the file is looked at only for whether it is still the same. -1: bad input, which is
 * in the report with its place.
 */
int apply_check(const struct source *source, const struct source_migration *m,
                enum migration_direction direction, struct facts *facts, struct report *report);

/*
 * Applies m, or (back not NULL) runs its way back and takes its row away: DONE, SKIPPED, LAST, UNKNOWN or FAILED. The
 * session holds the lock.
 */
enum apply_result apply_file(struct apply *a, const struct source_migration *m,
                             const struct apply_back *back, const struct facts *facts);

/*
 * The same without applying anything, for who sends the statements himself: the text of m is opened (its way back where
 * a->back says so), what the server says
 * is logged with its place. -1: the report knows. apply_close() in either case.
 */
int apply_open(struct apply *a, const struct source_migration *m, const struct facts *facts);
void apply_close(struct apply *a);

/* ---- for apply_*.c, and who sends the statements himself ---- */
enum apply_result apply_in_transaction(struct apply *a);
enum apply_result apply_outside(struct apply *a);

/* A failed statement of the file: into the report, with its place. completed: statements of what
 * was sent that were done. */
void apply_report(struct apply *a, enum exit_status exit, const struct err *e, size_t completed);
/* The same for a place that is known, or (st NULL) for the file as a whole. */
void apply_report_at(struct apply *a, enum exit_status exit, const struct err *e,
                     const struct statement *st);
/* A failure of the connection or of the run, in the statement behind the completed ones. */
void apply_report_run(struct apply *a, const struct err *e, size_t completed);

/* ---- the history's side (apply_row.c) ---- */
/*
 * The row of the file comes, or goes. proof NULL: unproven; it is made sure that there is
 * none, then. Returns how many statements it begins with that are proof, or that look, and no more.
 */
size_t
apply_sql_row(const struct apply *a, int64_t duration_ms, const char *proof, struct strbuf *out);
/* The row was written first, as it is behind a pooler: how long it took. Returns how many statements that are. */
size_t apply_sql_took(const struct apply *a, int64_t duration_ms, struct strbuf *out);
/* Of the statement that holds the proof: it was refused because the proof is false. */
bool apply_proof_failed(const struct apply *a, const struct err *e);
/* The row is there already, or not there any more, as the server says: apply_duplicate() tells by whom. */
bool apply_row_refused(const struct apply *a, const struct err *e);
/* What was open is rolled back. SKIPPED when somebody else wrote the row, or took it away; else reported with exit. */
enum apply_result apply_duplicate(struct apply *a, enum exit_status exit, const struct err *e);
/* *e, of apply_sql_row, in words: what was tried, and why the row is not written where the server does not say it. */
void apply_wrap_row(const struct apply *a, const char *what, struct err *e);
/* The file is done: for the log and the report. */
void apply_tell(struct apply *a);

/* ---- the file's side ---- */

/* A COPY with its data, whose pages are given back as they go out. */
MUST_CHECK int apply_copy(struct apply *a, const struct statement *st, struct err *e);
/* What is sent next are so many statements, beginning with this one: for the places of errors and notices. */
void apply_note_sent(struct apply *a, const struct statement *st, size_t n);
/* A session_notice_fn, arg the apply: into the log, with its place. */
void apply_on_notice(const struct pgnotice *n, void *arg);
/* The server reads that as the splitter did: from the statement to `to`. ERR_INPUT: not, see reading.h. */
MUST_CHECK int
apply_check_reading(const struct apply *a, const struct statement *st, size_t to, struct err *e);
/* How the server counts them in our own text. */
size_t apply_count(const struct apply *a, const char *text, size_t bytes);
/* The file's text from `from` to `to`, whose pages are given back as soon as it is copied. */
MUST_CHECK int
apply_text(struct apply *a, size_t from, size_t to, struct pgrows **ret, struct err *e);

/* What the error means in a migration, and what to do; st NULL: not known. Appends nothing when the server said it all. */
void apply_hint(const struct apply *a, const struct err *e, const struct statement *st,
                struct strbuf *out);
/* Of the last error, in the statement: it came from within a function or block that the statement calls. */
bool apply_function_asked(const struct apply *a, const struct statement *st);
/* Its first word, given in lower case. */
bool apply_begins(const struct apply *a, const struct statement *st, const char *word);
/* Behind a statement that was done. ERR_INPUT: it is a CREATE INDEX … IF NOT EXISTS, and the index
 * that exists is INVALID. */
MUST_CHECK int apply_check_index(struct apply *a, const struct statement *st, struct err *e);

/* At the first statement of what was sent last: no need to read what stands before it. */
void apply_read_sent(const struct apply *a, struct lexer *ret);
/* Statement number n of the file; false: there is none. */
bool apply_find_statement(const struct apply *a, size_t n, struct statement *ret);
/* The place that the server gave in what was sent last, counted from 1. */
void apply_counted_place(const struct apply *a, size_t count, struct position *ret);
/* The statement that looks as if it released our lock. */
bool apply_find_unlock(const struct apply *a, struct statement *ret);
/* The timeouts for the file: header, else options. *ret_ms, 0: no limit; false: nothing is asked, and the session has
 * none. */
bool apply_lock_timeout(const struct apply *a, uint64_t *ret_ms);
bool apply_statement_timeout(const struct apply *a, uint64_t *ret_ms);
/* "SET [LOCAL] ROLE …; " as the options want it. Returns how many statements that are. */
size_t apply_sql_role(const struct apply *a, bool local, struct strbuf *out);
/* What was sent may have been done: the answer did not come, or there was no memory to read it. */
bool apply_answer_lost(const struct apply *a, const struct err *e);
/* The file's only statement was refused (*e), and can run outside a transaction. */
bool apply_wants_outside(const struct apply *a, const struct err *e);
/* Behind what was sent: the transaction is still open; else FAILED, which is in the report. culprit_index: which statement of it
 * ended it, ours counted, too. */
enum apply_result apply_check_open(struct apply *a, size_t culprit_index);
/* Whether the server's answer means: try again. */
bool apply_lock_failure(const struct err *e);
/* Ends what is open on the server; result, or FAILED where that did not work. */
enum apply_result apply_roll_back(struct apply *a, enum apply_result result);
/* Keeps *e, its place and the blockers for the retry, before another statement wipes them. */
void apply_note_retry(struct apply *a, const struct err *e, size_t completed);
/* The statement of the file behind the completed ones of what was sent; false: it is one of ours, or
 * nobody knows which. */
bool apply_find_failed(const struct apply *a, size_t completed, struct statement *ret);
/* Until the next attempt, by what apply_note_retry() noted. */
uint32_t apply_next_pause(struct apply *a);
/* The deadline, or a signal, came in it (*e): into the report, with what the last attempt met. */
void apply_give_up(struct apply *a, const struct err *e);
/* That pause, which is said. -1: the deadline or a signal came; the report knows. */
int apply_back_off(struct apply *a);
/* The last error means it, and it is no use to give up: a deadline ends the attempts, or a lock's holder lets go, or it
 * was not said too often yet. */
bool apply_may_retry(const struct apply *a, const struct err *e);

#endif
