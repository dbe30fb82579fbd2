/*
 * session.h: the working connection of a run: statements that end at a signal or the deadline, and
 * what has to be put right afterwards. connect.h opens it.
 *
 * Straight-line code calls session_query() and its like, which turn the loop. When a stop signal or
 * the deadline comes while a statement runs, it is cancelled on the server and waited for, for a
 * short time; the call then fails with ERR_STOPPED or ERR_DEADLINE, and so does every later one,
 * until session_cleanup() allows the few that roll back and unlock. A second signal ends the
 * process at once.
 */
#ifndef RR_MIGRATE_SESSION_H
#define RR_MIGRATE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/strbuf.h"
#include "common/pg/pgconn.h"
#include "migrate/options.h"

struct loop;
struct resolver;
struct target_pg;
struct watch;
struct progress;

/* What the server says while a statement runs; n: borrowed during the call. */
typedef void session_notice_fn(const struct pgnotice *n, void *arg);

/* The statement that is under way; embedded, for an interrupt leaves it running behind the call. */
struct session_op {
    bool active;
    bool done;
    bool failed;
    struct err err;
    struct pgrows *rows;
};

struct session {
    const struct options *o;
    struct loop *loop;
    struct resolver *resolver;
    struct target_pg *target;
    struct pgconn *work;
    struct watch
        *watch; /* the second connection: only watches, and cancels where TLS is required */
    struct progress *progress;
    char application[64];
    uint64_t deadline_ms;      /* of the whole run; CLOCK_NEVER: none */
    enum err_code interrupted; /* ERR_NONE, ERR_STOPPED, ERR_DEADLINE */
    int signo;
    uint64_t each_ms;    /* of session_steady(); 0: signals and the deadline interrupt */
    unsigned connection; /* which one work is or was last: 1, 2, … */
    struct session_op op;
    session_notice_fn *notice;
    void *notice_arg;
    /* facts about the server, of connect_open */
    char database[64]; /* its name */
    bool in_recovery;
    bool read_only;
    int backend_pid; /* as the server says it; behind a pooler the protocol's is none of the server's */
    bool stateless;          /* behind a pooler: nothing that belongs to a session is used */
    struct err aborted;      /* interrupted by session_abort: why */
    bool pooled;             /* another number than the protocol's: somebody stands between */
    bool limited;            /* statement_timeout or idle_session_timeout came with the login */
    unsigned refused_wishes; /* settings that the server does not know: bits */
    bool pristine;           /* nothing of a script's is left in the session, our settings hold */
};

/* Reads where the database is, makes loop and connections. ERR_USAGE, ERR_NOMEM. On error nothing
 * is left. */
MUST_CHECK int session_init(struct session *s, const struct options *o, struct err *e);
/* The same without catching signals, for an owner who reads them himself, and says loop_stop(). */
MUST_CHECK int session_init_unsignalled(struct session *s, const struct options *o, struct err *e);
void session_done(struct session *s);

/* One attempt, for connect.h. 0: connected anew, and not pristine. */
MUST_CHECK int session_connect(struct session *s, uint64_t deadline_ms, struct err *e);
/* Limits that came with the login. */
MUST_CHECK int session_lift_limits(struct session *s, struct err *e);

/*
 * Back to what a session is at its beginning, and our own settings: what a script sees does not
 * depend on which ones ran before it. All that DISCARD ALL does (PostgreSQL's manual) but for
 * advisory locks, ours among them. The options' search_path is set here, for a SELECT behind BEGIN would
 * take the snapshot that SET TRANSACTION has to come before. Appends to out: statements, each with a semicolon and a space.
 */
void session_sql_reset(const struct session *s, struct strbuf *out);
/*
 * Behind a pooler the same for one transaction: our settings behind BEGIN, *ret_n statements; and before COMMIT, so that
 * whoever has the backend next finds nothing of ours. Nothing without one.
 */
void session_sql_begin(const struct session *s, struct strbuf *out, size_t *ret_n);
size_t session_sql_end(const struct session *s, struct strbuf *out);
/* Sends it where the session is not pristine. Whoever sends something of a script clears that. */
MUST_CHECK int session_reset(struct session *s, struct err *e);

/* Before text of our own that follows a script's: it is UTF-8 with standard strings. Inside a transaction, too. */
MUST_CHECK int session_speak(struct session *s, struct err *e);

/* Statements on the working connection, see pgconn.h. ret NULL: rows are dropped as they come. With an
 * error *ret (not NULL) holds the rows of the statements completed before it, or NULL. */
MUST_CHECK int
session_query(struct session *s, const char *sql, size_t bytes, struct pgrows **ret, struct err *e);
/* Statements of somebody else: what they answer is dropped as it comes, *ret (NULL: nobody wants it) has the tags. */
struct session_text {
    const char *sql;
    size_t bytes;
    pgconn_copied_cb *copied; /* sql is not looked at again; NULL: nobody wants to know */
    void *arg;
};
MUST_CHECK int
session_run(struct session *s, const struct session_text *text, struct pgrows **ret, struct err *e);
/* Whether there is one row, and this value in it; false for NULL, too. */
bool session_is(const struct pgrows *rows, int column, const char *wanted);
MUST_CHECK int
session_sql(struct session *s, const struct strbuf *sql, struct pgrows **ret, struct err *e);
/* Of a table or schema of ours, IF NOT EXISTS: what the server says of that is told nobody. */
MUST_CHECK int session_create(struct session *s, const struct strbuf *sql, struct err *e);
struct session_copy {
    const char *sql;
    size_t sql_bytes;
    const char *data;
    size_t data_bytes;
    pgconn_copied_cb *copied; /* NULL: nobody wants to know */
    void *arg;
};
MUST_CHECK int session_copy(struct session *s, const struct session_copy *copy, struct err *e);

/* Sleeps; 0, or ERR_STOPPED, ERR_DEADLINE. */
MUST_CHECK int session_pause(struct session *s, uint64_t ms, struct err *e);
/* ERR_STOPPED or ERR_DEADLINE when one of them came, else 0. */
MUST_CHECK int session_check(struct session *s, struct err *e);

/* From a callback: what runs is cancelled on the server, and it and all that follows fails with *why, as after an interrupt. */
void session_abort(struct session *s, const struct err *why);

/* From here on statements run in spite of an interrupt, each for a short time. */
void session_cleanup(struct session *s);
/* The same with that time for each: somebody else heeds signals and deadline. ERR_TIMEOUT, and the connection is dropped, when
 * it passes. */
void session_steady(struct session *s, uint64_t each_ms);

#endif
