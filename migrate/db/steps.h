/*
 * steps.h: how far a file outside a transaction has come: a row for each of its statements, until its history row is there.
 *
 *     schema_history_step(version text, n int, sha256 bytea, pid int, backend_start timestamptz, state text,
 *                         indexes oid[], primary key (version, n))
 *
 * The table stands beside the history, whatever the layout of that, and has its name with _step behind it. It is made,
 * read and written as the history's role. A row is an *intent*, committed before a statement that cannot run in a
 * transaction, or says that a statement is *done*; of the two a statement has one, *refused* where the server answered
 * with an error. sha256 is the digest of the statement that ignores comments and white space (facts.h).
 */
#ifndef RR_MIGRATE_STEPS_H
#define RR_MIGRATE_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/digest.h"
#include "common/base/err.h"
#include "common/base/strbuf.h"
#include "migrate/db/ledger.h"

struct session;

enum step_state { STEP_INTENT, STEP_DONE, STEP_REFUSED };

struct step {
    size_t n; /* of the statement */
    enum step_state state;
    char sha256[DIGEST_HEX_MAX]; /* in hex; "": of another length */
    int pid;                     /* of the backend that runs it; 0: behind a pooler nobody knows */
    int64_t since_us;            /* when that backend began; of no meaning but to be equal */
    char *indexes;               /* oids as PostgreSQL writes an array: "{16385,16390}"; owned */
};

struct steps {
    struct ledger_table table; /* of the steps; role borrowed */
    struct step *rows;         /* of the version that was read last; by n */
    size_t n;
};

/* The table beside that of l. ERR_NOMEM. */
MUST_CHECK int steps_init(struct steps *s, const struct ledger *l, struct err *e);
void steps_done(struct steps *s);

/* ---- on the server ---- */
/* Makes the table when it is missing; ERR_INPUT: it is one of another form. */
MUST_CHECK int steps_create(const struct steps *s, struct session *session, struct err *e);
/* The rows of the version (steps_key), anew. The table exists. */
MUST_CHECK int
steps_read(struct steps *s, struct session *session, const char *version, struct err *e);
/* That of statement n, or NULL. */
const struct step *steps_find(const struct steps *s, size_t n);

/* Versions that are begun and not done. */
struct steps_begun {
    char *version; /* owned */
    size_t done;   /* statements */
    size_t open;   /* the one that was begun and is not known to be done; 0: none */
};
/* All of them; none when there is no such table. *ret is owned. */
MUST_CHECK int steps_find_begun(const struct steps *s, struct session *session,
                                struct steps_begun **ret, size_t *ret_n, struct err *e);
void steps_begun_free(struct steps_begun *begun, size_t n);

/* ---- SQL, appended to out (pure) ---- */
/* What stands in the column version: the version; its way back has " down" behind it. */
void steps_key(const char *version, bool back, struct strbuf *out);
/* table_step, cut where a name would be too long for PostgreSQL and then told apart by a digest. */
MUST_CHECK int steps_sql_name(const char *table, struct strbuf *out, struct err *e);
/* A statement each, without semicolon; who sends them has set the role (ledger_sql_as of s->table). */
struct steps_row {
    const char *version;
    size_t n;
    const uint8_t *sha256;
    enum step_state state;
    bool pooled;         /* the backend at hand is not the one that will run the statement */
    const char *indexes; /* NULL: none */
    bool
        first; /* refused (steps_refused) when there is one already: another runner did the statement */
};
void steps_sql_write(const struct steps *s, const struct steps_row *row, struct strbuf *out);
bool steps_refused(const struct err *e);
void steps_sql_state(const struct steps *s, const struct steps_row *row, struct strbuf *out);
/* All rows of the version. */
void steps_sql_forget(const struct steps *s, const char *version, struct strbuf *out);

const char *step_state_text(enum step_state state); /* "intent", "done", "refused" */

#endif
