/*
 * pgconn.h: one PostgreSQL session, libpq stepped by the loop under deadlines. The only room that
 * knows libpq.
 *
 * Starting and cancelling: x_start() returning 0 means its callback fires exactly once, from the
 * loop, never inside x_start(); -1 means never. After pgconn_free() nothing fires. One operation at
 * a time (asserted). A callback may call pgconn_free() or start the next operation. Names are
 * resolved first (resolve.h), libpq gets hostaddr; several hosts and target_session_attrs work; the
 * deadline covers DNS, connect, TLS, login and role check over all hosts. PostgreSQL's manual:
 * "Asynchronous Command Processing", "Database Connection Control Functions".
 */
#ifndef RR_PG_PGCONN_H
#define RR_PG_PGCONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

struct loop;
struct resolver;
struct target_pg;
struct pgconn;
struct pgrows;

/* What the server said about an error, as far as it said it. Strings are "" when absent, never
 * NULL. */
struct pgdiag {
    char severity[12]; /* not translated: ERROR, FATAL, PANIC */
    char sqlstate[6];
    char *message; /* primary message, in the server's language */
    char *detail;
    char *hint;
    char *context;
    char *internal_query;
    char *column;           /* that the error is about: of 23502 */
    char *source_function;  /* of the server, that raised it; never translated */
    unsigned long position; /* 1-based, in characters of the text sent; 0: none */
    unsigned long internal_position;
};

/* e NULL on success; else borrowed during the call. */
typedef void pgconn_cb(struct pgconn *c, const struct err *e, void *arg);
/* rows: a list in the order of the statements (see pgrows_next); owned by the callee. With an
 * error they are those of the statements completed before it (pgrows_count_statements() says how
 * many), or NULL. */
typedef void pgconn_rows_cb(struct pgconn *c, const struct err *e, struct pgrows *rows, void *arg);
/* What the server said beside the results. Strings are "" when absent, never NULL. */
struct pgnotice {
    const char *severity; /* not translated: NOTICE, WARNING … */
    const char *sqlstate;
    const char *message;    /* in the server's language */
    unsigned long position; /* 1-based, in characters of the text sent; 0: none */
};
/* n: borrowed during the call. Often from inside libpq: it may look and note, but neither free c nor start anything. */
typedef void pgconn_notice_cb(struct pgconn *c, const struct pgnotice *n, void *arg);

/* ERR_USAGE when the target has a keyword that this libpq does not know (sslnegotiation before 17): names both. Asked once, when
 * settings are read; connecting would only fail, again and again. */
MUST_CHECK int pgconn_supports(const struct target_pg *target, struct err *e);

/* target is borrowed and must outlive the connection; its secret files are re-read at each connect.
 * A password file that has to be left out is a record `passfile`, once. */
struct pgconn *pgconn_new(struct loop *l, struct resolver *r, struct target_pg *target,
                          const char *application_name, struct err *e);
/* NULL allowed; closes at once (Terminate sent if it fits), cancels. */
void pgconn_free(struct pgconn *c);
void pgconn_set_notice_cb(struct pgconn *c, pgconn_notice_cb *cb, void *arg); /* default: dropped */

/* Errors: ERR_DNS, ERR_REFUSED, ERR_TIMEOUT, ERR_TLS, ERR_AUTH (28xxx, no password),
 * ERR_WRONG_ROLE, ERR_CLOSED, ERR_PROTOCOL, ERR_SYSTEM (descriptors or memory that this side lacks),
 * ERR_SERVER with sqlstate (3D000, 53300, 57P03 …). May
 * be called again after a failure or a loss. */
MUST_CHECK int pgconn_connect_start(struct pgconn *c, uint64_t deadline_ms, pgconn_cb *cb,
                                    void *arg, struct err *e);

/* Simple query protocol, any number of statements in sql (bytes long, not NUL-terminated). No
 * parameters. */
MUST_CHECK int
pgconn_query_start(struct pgconn *c, const char *sql, size_t bytes, uint64_t deadline_ms,
                   pgconn_rows_cb *cb, void *arg, struct err *e);
/* The same for answers whose rows nobody reads: one row is held at a time, and what is left of a result
 * is its tag (pgrows_count() is 0). */
MUST_CHECK int pgconn_run_start(struct pgconn *c, const char *sql, size_t bytes,
                                uint64_t deadline_ms, pgconn_rows_cb *cb, void *arg, struct err *e);
/* Extended protocol, one statement, text parameters (NULL entry: SQL NULL). */
struct pgconn_params {
    int n;
    const char *const *values;
};
MUST_CHECK int
pgconn_exec_start(struct pgconn *c, const char *sql, const struct pgconn_params *params,
                  uint64_t deadline_ms, pgconn_rows_cb *cb, void *arg, struct err *e);
/* COPY … FROM STDIN: data (borrowed until the callback) is streamed in pieces; memory stays
 * constant. */
struct pgconn_copy {
    const char *sql;
    size_t sql_bytes;
    const char *data;
    size_t data_bytes;
};
MUST_CHECK int
pgconn_copy_in_start(struct pgconn *c, const struct pgconn_copy *copy, uint64_t deadline_ms,
                     pgconn_rows_cb *cb, void *arg, struct err *e);

/* Called while COPY data goes out, and once the text of pgconn_run_start was copied: so many bytes of it are not
 * looked at again. cb NULL: nobody. */
typedef void pgconn_copied_cb(void *arg, size_t bytes);
void pgconn_set_copied_cb(struct pgconn *c, pgconn_copied_cb *cb, void *arg);

/* Asks the server to cancel what this connection runs (the operation itself then ends through its
 * own callback, 57014). libpq 17: PQcancelStart; older: PQcancel in a forked child with a 500 ms
 * deadline. Fires cb when the request was delivered or could not be. May be called while an
 * operation is under way. */
MUST_CHECK int pgconn_cancel_start(struct pgconn *c, uint64_t deadline_ms, pgconn_cb *cb, void *arg,
                                   struct err *e);

/* Watches an idle session: cb fires once when it ends (ERR_CLOSED, sqlstate 57P01 … if the server
 * said so). Ends when the next operation starts or when cb is NULL; call again after it. */
MUST_CHECK int pgconn_watch_start(struct pgconn *c, pgconn_cb *cb, void *arg, struct err *e);

/* A deadline that passes ends the operation with ERR_TIMEOUT, memory that runs out while the answer is
 * read with ERR_NOMEM, and both close the connection (its state is unknown). */

/* State. */
bool pgconn_connected(const struct pgconn *c);
enum pgconn_tx {
    PGCONN_TX_IDLE,
    PGCONN_TX_ACTIVE,
    PGCONN_TX_INTRANS,
    PGCONN_TX_INERROR,
    PGCONN_TX_UNKNOWN
};
enum pgconn_tx pgconn_tx_state(const struct pgconn *c);
/* As the protocol said it; a pooler's own number behind one. */
int pgconn_backend_pid(const struct pgconn *c);
/* What the server told of its own accord and tells anew whenever it changes: server_encoding, client_encoding,
 * standard_conforming_strings and their like (PostgreSQL's manual, "Asynchronous Operations"); "" unknown. Borrowed. */
const char *pgconn_setting(const struct pgconn *c, const char *name);
/* 150004; 0 unknown. */
int pgconn_server_version(const struct pgconn *c);
/* The session is encrypted. */
bool pgconn_tls(const struct pgconn *c);
/* False: pgconn_cancel_start speaks in the clear whatever the session does (libpq before 17); where
 * TLS is required the caller uses pg_cancel_backend over another session instead. */
bool pgconn_cancel_encrypted(void);
/* Of the last failed operation; valid until the next start. */
const struct pgdiag *pgconn_diag(const struct pgconn *c);

/*
 * Statements of the running operation that were completed so far. In a notice callback the notice is about the one behind
 * them, when the operation is one of pgconn_run_start(); but what is said between the names of a statement's columns
 * and its end, without a row, is told to the next. What the parser says of a text comes before any statement of it is done.
 */
size_t pgconn_statements_done(const struct pgconn *c);

/* ---- results: owned lists ---- */
/* The whole list; NULL allowed. */
void pgrows_free(struct pgrows *r);
/* The next statement's result; NULL at the end, and for NULL. */
const struct pgrows *pgrows_next(const struct pgrows *r);
/* Results in the list; 0 for NULL. */
size_t pgrows_count_statements(const struct pgrows *r);
/* Tuples and columns of this one result. */
int pgrows_count(const struct pgrows *r);
int pgrows_columns(const struct pgrows *r);
/* Of a column: its name, borrowed, and the oid of its type; NULL and 0: there is no such column. */
const char *pgrows_name(const struct pgrows *r, int column);
unsigned pgrows_type(const struct pgrows *r, int column);
/* Text; NULL for SQL NULL; borrowed. */
const char *pgrows_value(const struct pgrows *r, int row, int column);
/* The command tag: "INSERT 0 1", "COMMIT", "ROLLBACK" … */
const char *pgrows_tag(const struct pgrows *r);

#endif
