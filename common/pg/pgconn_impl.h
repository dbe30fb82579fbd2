/*
 * pgconn_impl.h: what the pgconn_*.c files share. Nobody else includes it.
 *
 * One struct, three independent activities: the operation (connect, query, copy), the idle watch
 * (only while there is no operation) and the cancel request (beside an operation). Every operation
 * ends through pgconn_op_end(), which releases what it used, then calls back once. Nothing touches
 * the struct after a callback without asking c->dead.
 */
#ifndef RR_PG_PGCONN_IMPL_H
#define RR_PG_PGCONN_IMPL_H

#include <libpq-fe.h>
#include <sys/types.h>

#include "common/base/clock.h"
#include "common/net/loop.h"
#include "common/pg/pgconn.h"
#include "common/net/resolve.h"
#include "common/target/target.h"

enum pgconn_state {
    PGCONN_CLOSED,     /* no connection, no operation */
    PGCONN_RESOLVING,  /* connect: waiting for addresses, or for the first turn */
    PGCONN_CONNECTING, /* connect: libpq polls */
    PGCONN_ROLE,       /* connect: asking for the role by query */
    PGCONN_READY,      /* connected, no operation */
    PGCONN_QUERY,      /* waiting for results */
    PGCONN_COPY,       /* sending COPY data */
};

enum pgconn_role {
    PGCONN_ANY,
    PGCONN_READ_WRITE,
    PGCONN_READ_ONLY,
    PGCONN_PRIMARY,
    PGCONN_STANDBY,
    PGCONN_PREFER_STANDBY,
};

/* One connect over all hosts and their addresses. */
struct pgconn_attempts {
    size_t host;
    struct resolve_addr addrs[RESOLVE_ADDRS_MAX];
    size_t n_addrs;
    size_t addr;
    bool direct;       /* this host needs no address: socket, or hostaddr given */
    bool wrong_role;   /* a host was met that only has not the wanted role */
    bool second_round; /* prefer-standby: nobody was one, anybody will do */
    enum pgconn_role role;
    ConnStatusType stage; /* what libpq was at before the last poll: tells refused from TLS */
    bool role_answered;   /* the query for the role was: */
    bool in_recovery;
    bool read_only;
    struct err best; /* what is reported when every attempt failed */
};

struct pgconn_cancel {
    bool active;
    pgconn_cb *cb;
    void *arg;
    struct loop_timer *timer;
    struct loop_watch *watch;
#ifdef LIBPQ_HAS_ASYNC_CANCEL
    PGcancelConn *conn;
#endif
    pid_t child; /* 0: none */
    int pipe;    /* -1: none */
};

struct pgconn {
    struct loop *loop;
    struct resolver *resolver;
    struct target_pg *target;
    char *application_name;
    pgconn_notice_cb *notice_cb;
    void *notice_arg;
    struct pgconn_heard *heard; /* notices behind a result that libpq has and nobody took yet */
    struct pgconn_heard **heard_tail;
    bool dead;
    struct loop_later later;

    enum pgconn_state state;
    PGconn *pg;
    struct loop_watch *watch; /* on PQsocket(pg), freed before every PQconnectPoll and PQfinish */
    loop_watch_cb
        *watch_cb; /* its callback: pgconn_on_query_io's stays on from one query to the next */

    /* the operation */
    pgconn_cb *connect_cb; /* exactly one of the two while an operation is under way */
    pgconn_rows_cb *rows_cb;
    void *op_arg;
    uint64_t deadline_ms;
    struct loop_timer *timer;         /* the operation's deadline */
    struct loop_timer *attempt_timer; /* connect: this address' share, and the first turn */
    struct resolve_request *resolving;
    struct pgconn_verify
        *verify; /* an attempt failed for the certificate, and the reason is asked */
    struct pgconn_attempts at;
    struct pgrows *rows;
    struct pgrows **rows_tail;
    bool runs; /* pgconn_run_start: libpq gives one row at a time */
    bool op_failed;
    struct err op_err;
    const char *copy_data;
    size_t copy_done;
    pgconn_copied_cb *copied_cb;
    void *copied_arg;
    size_t copy_left;
    bool copy_wanted; /* pgconn_copy_in_start, and the data has not been asked for yet */
    bool copy_out;    /* rows of a COPY TO STDOUT are being dropped */

    /* the last words of the server while idle or while a query ran */
    char fatal_sqlstate[6];
    char fatal_message[256];

    struct pgdiag diag;

    pgconn_cb *idle_cb;
    void *idle_arg;

    struct pgconn_cancel cancel;
};

/* pgconn.c */
void pgconn_set_state(struct pgconn *c, enum pgconn_state state);
bool pgconn_op_active(const struct pgconn *c);
/* Begins an operation: takes over from the idle watch, clears the diagnosis, starts the deadline.
 */
void pgconn_op_begin(struct pgconn *c, pgconn_cb *connect_cb, pgconn_rows_cb *rows_cb, void *arg,
                     uint64_t deadline_ms);
/* Ends it: e NULL for success. Calls back as the last thing. */
void pgconn_op_end(struct pgconn *c, const struct err *e);
void pgconn_close(struct pgconn *c); /* the libpq object and its watch, at once */
MUST_CHECK int pgconn_watch_socket(struct pgconn *c, loop_watch_cb *cb, int what, struct err *e);
void pgconn_hear(struct pgconn *c);       /* notices of a new libpq object come here */
void pgconn_tell_heard(struct pgconn *c); /* the result that stood before them was taken */
void pgconn_drop_heard(struct pgconn *c);
/* NOTIFY's messages, which nobody reads: libpq keeps them until they are asked for. */
void pgconn_drop_notifies(struct pgconn *c);

/* pgconn_connect.c */
void pgconn_attempt_failed(struct pgconn *c, const struct err *e);
struct loop_timer *pgconn_attempt_timer(struct pgconn *c);

/* pgconn_verify.c */
/* True: *e is a certificate that is not accepted, and a handshake of our own asks why, in what is left of the attempt's time;
 * pgconn_attempt_failed() follows. The libpq object is not needed any more. */
MUST_CHECK bool pgconn_verify_start(struct pgconn *c, const struct err *e);
void pgconn_verify_end(struct pgconn *c); /* now, with what is known */
void pgconn_verify_drop(struct pgconn *c);

/* pgconn_error.c: pure */
/* The SQLSTATE in libpq's verbose text ("FATAL:  57P03: …"), the last one; "" when there is none.
 */
void pgconn_text_sqlstate(const char *text, char ret_sqlstate[6]);
/* One line for people: the last attempt's words without LOCATION and SQLSTATE. */
void pgconn_text_clean(const char *text, char *buf, size_t size);
/* PgBouncer gives all its errors this SQLSTATE: its own, and those that it hands on from the server. */
#define PGCONN_POOLER_SQLSTATE "08P01"
/* Such an error, with the SQLSTATE that the server itself would have sent where `said` begins with one of the fixed words. line: the
 * message. Returns -1. */
int pgconn_pooler_error(struct err *e, const char *said, const char *line);
/* What this machine lacks says nothing about the server; libpq's own words, and strerror() behind them. ERR_NOMEM, ERR_SYSTEM
 * (descriptors, buffers), or ERR_NONE. */
enum err_code pgconn_own_lack(const char *text);
/* Fills *e from a failed connection attempt. stage: PQstatus before the last poll. Returns -1. */
int
pgconn_connect_error(struct err *e, const char *text, ConnStatusType stage, bool needs_password);
/* The session is over, and the server said why: ERR_CLOSED. Returns -1. */
int pgconn_ended(struct err *e, const char *sqlstate, const char *said);
/* Another address or host may do better. */
bool pgconn_try_next(const struct err *e);
/* The worse known of two errors stays: what a server said beats what the network did. */
void pgconn_note_error(struct err *best, const struct err *e);
MUST_CHECK int pgconn_role_parse(const char *text, enum pgconn_role *ret, struct err *e);
bool pgconn_role_ok(enum pgconn_role wanted, bool in_recovery, bool read_only);

/* pgconn_rows.c */
int pgconn_rows_add(struct pgconn *c, PGresult *res); /* takes res; -1: out of memory */
struct pgrows *pgconn_rows_take(struct pgconn *c);
void pgdiag_fill(struct pgdiag *d, const PGresult *res);
void pgdiag_done(struct pgdiag *d);

/* pgconn_query.c */
void pgconn_on_query_io(int fd, int what, void *arg);

/* pgconn_cancel.c */
void pgconn_cancel_drop(struct pgconn *c);

#endif
