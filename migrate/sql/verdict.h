/*
 * verdict.h: what a statement means for the transaction around it (pure).
 *
 * The text alone decides here. What it cannot tell (REINDEX or CLUSTER of a partitioned table, a
 * CALL that commits) the server answers with 25001 or 2D000 when it runs.
 */
#ifndef RR_MIGRATE_VERDICT_H
#define RR_MIGRATE_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "migrate/sql/lexer.h"

/* What the statement does to the transaction itself. */
enum verdict_control {
    VERDICT_NONE,     /* SAVEPOINT, RELEASE, ROLLBACK TO too */
    VERDICT_BEGIN,    /* BEGIN, START TRANSACTION */
    VERDICT_COMMIT,   /* COMMIT, END */
    VERDICT_CHAIN,    /* COMMIT AND CHAIN */
    VERDICT_ROLLBACK, /* ROLLBACK, ABORT */
    VERDICT_PREPARE,  /* PREPARE TRANSACTION */
};

struct verdict {
    bool transaction; /* it can run inside a transaction */
    bool unlocks;     /* it releases all advisory locks of the session, migrate's among them */
    enum verdict_control control;
    const char *
        what; /* "CREATE INDEX CONCURRENTLY", "COMMIT": static; NULL when transaction && !control */
    size_t
        options_offset; /* VERDICT_BEGIN: its modes ("isolation level serializable"), within the statement */
    size_t options_bytes; /* 0: none */
};

/* sql: one statement without its semicolon (text + st->offset, st->sql_bytes). */
void verdict_statement(const char *sql, size_t len, bool backslashes, struct verdict *ret);

/* What the file's header says. */
enum verdict_wish {
    VERDICT_AUTO, /* nothing: the statements decide */
    VERDICT_ON,
    VERDICT_OFF,
};

struct verdict_file {
    unsigned marks_fine; /* as given */
    size_t statements;   /* all, with an outer BEGIN and COMMIT */
    bool transaction;    /* the file runs in one transaction */
    size_t cannot_line;  /* the first statement that cannot be in one; 0: none */
    const char *cannot;  /* its name, static */
    size_t begin_n;      /* the outer BEGIN and COMMIT: statements that are not sent; 0: none */
    size_t commit_n;
    bool
        pairs; /* it has BEGIN … COMMIT around calls for large objects (pg_dump), not sent either */
    size_t
        options_offset; /* modes of the outer BEGIN, in the text: to be sent as SET TRANSACTION … */
    size_t options_bytes;
    size_t error_offset; /* after -1 */
    size_t error_line;
    const char *rule; /* … what was broken: "splitting", "transaction", "marks", "characters" */
};

/*
 * Reads the rest of lx (from lexer_init: the whole file). -1 ERR_INPUT, with the place in *ret: what the
 * lexer refuses; COMMIT, END, ROLLBACK, ABORT, PREPARE TRANSACTION or BEGIN other than one outer
 * pair, or pairs with nothing but calls of lo_open and its like between them; DISCARD ALL, which releases migrate's lock; a statement that cannot run in a transaction where the header, or the file's own BEGIN,
 * asks for one; an outer BEGIN where the header says transaction=off; a header line behind the
 * first statement; a mark of another layout (marks.h) there, unless marks_fine says
 * that it is fine; an invisible
 * character (invisible.h) outside quotes and comments.
 */
MUST_CHECK int verdict_file(struct lexer *lx, enum verdict_wish wish, unsigned marks_fine,
                            struct verdict_file *ret, struct err *e);

/* BEGIN and COMMIT of the file, as far as it was read. */
struct verdict_outer {
    struct statement begin;  /* n 0: none is open */
    struct statement commit; /* n 0: not yet */
    const char *commit_what;
    size_t calls; /* statements between them that call functions of large objects … */
    size_t others;
};

struct verdict_pass {
    struct verdict_file *file;
    const struct lexer *lx;
    enum verdict_wish wish;
    struct verdict_outer outer;
    struct statement before; /* the last one */
    struct statement odd;    /* the one that f->cannot names */
};

/*
 * The same, for who reads the statements for more than this: each one in its order, then the end, with what lexer_next
 * gave last (0, or -1 and its error in *e). After a -1 nothing more is asked.
 */
void verdict_begin(struct verdict_pass *p, const struct lexer *lx, enum verdict_wish wish,
                   unsigned marks_fine, struct verdict_file *ret);
MUST_CHECK int verdict_next(struct verdict_pass *p, const struct statement *st, struct err *e);
MUST_CHECK int verdict_end(struct verdict_pass *p, int split, struct err *e);

/* st, of a file that verdict_file accepted, is a BEGIN or COMMIT that is not sent. */
bool verdict_elides(const struct verdict_file *f, const char *text, const struct statement *st);

#endif
