/* pgconn_query.c: statements out, results in, COPY data in pieces; never a call that waits. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/pg/pgconn_impl.h"

#define COPY_PIECE 65536u
#define COPY_PIECES_A_TURN 16

static void
query_failed(struct pgconn *c, enum err_code code, const char *text)
{
    if (c->op_failed)
        return; /* the first one counts */
    c->op_failed = true;
    err_set(&c->op_err, code, "%s", text);
}

/* The connection is of no use any more: by the server's words, by what we lack, or without a word. */
static void
end_lost(struct pgconn *c)
{
    struct err e = {0};
    enum err_code lack = pgconn_own_lack(PQerrorMessage(c->pg));
    if (c->op_err.sqlstate[0])
        pgconn_ended(&e, c->op_err.sqlstate, c->op_err.msg);
    else if (c->fatal_message[0])
        pgconn_ended(&e, c->fatal_sqlstate, c->fatal_message);
    else if (lack == ERR_NOMEM)
        err_set(&e, ERR_NOMEM, "out of memory for the connection to the server");
    else
        err_set(&e, ERR_CLOSED, "the connection to the server was lost");
    pgconn_close(c);
    pgconn_op_end(c, &e);
}

static void
query_end(struct pgconn *c)
{
    if (PQstatus(c->pg) == CONNECTION_BAD) {
        end_lost(c);
        return;
    }
    if (c->copy_wanted) /* what nobody asked for is not stored */
        query_failed(c, ERR_PROTOCOL,
                     "the server did not ask for the data: the statement is not a COPY FROM STDIN");
    if (c->op_failed) {
        struct err e = c->op_err;
        pgconn_op_end(c, &e);
        return;
    }
    pgconn_op_end(c, NULL);
}

static void
add_error(struct pgconn *c, PGresult *res)
{
    const char *sqlstate = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
    if (sqlstate && !c->op_failed) {
        c->op_failed = true;
        pgdiag_fill(&c->diag, res);
        message = message ? message : "error without a message";
        if (strcmp(sqlstate, PGCONN_POOLER_SQLSTATE) == 0)
            pgconn_pooler_error(&c->op_err, message, message);
        else
            err_sql(&c->op_err, ERR_SERVER, sqlstate, "%s", message);
    } else {
        char line[ERR_MSG_MAX];
        pgconn_text_clean(PQresultErrorMessage(res), line, sizeof(line));
        enum err_code lack = pgconn_own_lack(line);
        query_failed(c, lack == ERR_NONE ? ERR_PROTOCOL : lack, line);
    }
    PQclear(res);
}

/* Rows of COPY … TO STDOUT are nobody's business here. True when the end was seen. */
static bool
drop_copy_out(struct pgconn *c)
{
    for (;;) {
        char *row = NULL;
        int n = PQgetCopyData(c->pg, &row, 1);
        PQfreemem(row);
        if (n == 0)
            return false;
        if (n < 0)
            return true;
    }
}

/* Rules may make several results of one statement: only the last one has a tag, and counts. */
static bool
is_part(PGresult *res)
{
    return PQresultStatus(res) == PGRES_TUPLES_OK && !*PQcmdStatus(res);
}

static void
add_result(struct pgconn *c, PGresult *res)
{
    if (is_part(res))
        PQclear(res);
    else if (pgconn_rows_add(c, res) != 0)
        query_failed(c, ERR_NOMEM, "out of memory");
}

/* False: wait for the socket. */
static bool
handle_result(struct pgconn *c, PGresult *res)
{
    switch (PQresultStatus(res)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_EMPTY_QUERY:
        add_result(c, res);
        return true;
    case PGRES_SINGLE_TUPLE: /* of pgconn_run_start */
        PQclear(res);
        return true;
    case PGRES_COPY_IN:
        PQclear(res);
        if (c->copy_wanted) {
            c->copy_wanted = false;
            pgconn_set_state(c, PGCONN_COPY);
            return false;
        }
        PQputCopyEnd(c->pg, "no data belongs to this COPY");
        return true;
    case PGRES_COPY_OUT:
        PQclear(res);
        c->copy_out = true;
        return drop_copy_out(c);
    case PGRES_COPY_BOTH:
        PQclear(res);
        query_failed(c, ERR_PROTOCOL, "the server began to replicate");
        pgconn_close(c);
        return false;
    default:
        add_error(c, res);
        return true;
    }
}

static bool
take_result(struct pgconn *c, PGresult *res)
{
    bool more = handle_result(c, res);
    pgconn_tell_heard(c);
    return more;
}

/* Everything that has arrived. True when the operation ended (and c may be dead). */
static bool
take_results(struct pgconn *c)
{
    if (c->copy_out) {
        if (!drop_copy_out(c))
            return false;
        c->copy_out = false;
    }
    while (!PQisBusy(c->pg)) {
        PGresult *res = PQgetResult(c->pg);
        if (!res) {
            query_end(c);
            return true;
        }
        bool more = take_result(c, res);
        if (c->op_err.code == ERR_NOMEM)
            pgconn_close(c); /* what the server did is not known any more */
        if (!c->pg) {
            struct err e = c->op_err;
            pgconn_op_end(c, &e);
            return true;
        }
        if (!more)
            return false;
        c->copy_out = false;
    }
    return false;
}

static void
lost(struct pgconn *c)
{
    /* What the server said before it went is in the buffer: results first. */
    while (!PQisBusy(c->pg)) {
        PGresult *res = PQgetResult(c->pg);
        if (!res)
            break;
        ExecStatusType status = PQresultStatus(res);
        if (status == PGRES_FATAL_ERROR)
            add_error(c, res);
        else if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
            PQclear(res);
        else
            add_result(c, res);
        pgconn_tell_heard(c);
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH)
            break;
    }
    end_lost(c);
}

/* ---- COPY data ---- */

void
pgconn_set_copied_cb(struct pgconn *c, pgconn_copied_cb *cb, void *arg)
{
    c->copied_cb = cb;
    c->copied_arg = arg;
}

/* 1: all is on its way; 0: wait until the socket takes more; -1: the connection is gone. */
static int
copy_step(struct pgconn *c)
{
    for (int i = 0; i < COPY_PIECES_A_TURN; i++) {
        int pending = PQflush(c->pg);
        if (pending != 0)
            return pending < 0 ? -1 : 0;
        if (c->copy_left == 0)
            return PQputCopyEnd(c->pg, NULL) == 1 ? 1 : -1;
        int n = (int)(c->copy_left < COPY_PIECE ? c->copy_left : COPY_PIECE);
        int sent = PQputCopyData(c->pg, c->copy_data, n);
        if (sent < 0)
            return -1;
        if (sent == 0)
            return 0;
        c->copy_data += n;
        c->copy_left -= (size_t)n;
        c->copy_done += (size_t)n;
        if (c->copied_cb)
            c->copied_cb(c->copied_arg, c->copy_done);
    }
    return 0; /* others get their turn; the socket is writable, so it goes on at once */
}

/* A session whose answer nobody would see goes: what the server made of the statement cannot be known. */
static void
wait_for(struct pgconn *c, int what)
{
    if (loop_watch_set(c->watch, what) == 0)
        return;
    struct err e;
    err_set(&e, ERR_NOMEM, "out of memory for watching the connection");
    pgconn_close(c);
    pgconn_op_end(c, &e);
}

void
pgconn_on_query_io(int fd, int what, void *arg)
{
    (void)fd;
    struct pgconn *c = arg;
    if (!pgconn_op_active(
            c)) { /* it is read with the next query, which hears why the session ended */
        IGNORED(loop_watch_set(c->watch, 0));
        return;
    }
    if ((what & LOOP_READ) && !PQconsumeInput(c->pg)) {
        lost(c);
        return;
    }
    pgconn_drop_notifies(c);
    if (c->state == PGCONN_QUERY && take_results(c))
        return;
    if (c->state == PGCONN_COPY) {
        int step = copy_step(c);
        if (step < 0) {
            lost(c);
            return;
        }
        if (step == 0) {
            wait_for(c, LOOP_READ | LOOP_WRITE);
            return;
        }
        pgconn_set_state(c, PGCONN_QUERY);
        /* An error that came while data went out has been read already: the socket stays silent. */
        if (take_results(c))
            return;
    }
    int pending = PQflush(c->pg);
    if (pending < 0) {
        lost(c);
        return;
    }
    wait_for(c, pending ? LOOP_READ | LOOP_WRITE : LOOP_READ);
}

/* ---- starting ---- */

static int
send_failed(struct pgconn *c, struct err *e)
{
    char line[ERR_MSG_MAX];
    pgconn_text_clean(PQerrorMessage(c->pg), line, sizeof(line));
    enum err_code code = pgconn_own_lack(line) == ERR_NOMEM ? ERR_NOMEM : ERR_CLOSED;
    return err_set(e, code, "cannot send the query: %s", line);
}

/* Before PQsend…(): what is out cannot be taken back for want of memory to wait for its answer. The one of the last query
 * serves again. NULL: nothing may be sent. */
static struct loop_watch *
watch_answer(struct pgconn *c, struct err *e)
{
    assert(!pgconn_op_active(c));
    if (!c->pg || PQsocket(c->pg) < 0) {
        err_set(e, ERR_CLOSED, "not connected");
        return NULL;
    }
    bool again = c->watch && c->watch_cb == pgconn_on_query_io;
    struct loop_watch *w =
        again ? c->watch : loop_watch_new(c->loop, PQsocket(c->pg), pgconn_on_query_io, c);
    if (w && loop_watch_set(w, LOOP_READ) == 0)
        return w;
    if (!again)
        loop_watch_free(w);
    err_nomem(e);
    return NULL;
}

/* After PQsend…(): the answer is waited for, or nothing was sent. */
static int
sent(struct pgconn *c, struct loop_watch *w, int rc, struct err *e)
{
    if (rc != 0) {
        if (w != c->watch)
            loop_watch_free(w);
        return -1;
    }
    if (w != c->watch) {
        loop_watch_free(c->watch);
        c->watch = w;
        c->watch_cb = pgconn_on_query_io;
    }
    if (PQflush(c->pg) == 0 || loop_watch_set(w, LOOP_READ | LOOP_WRITE) == 0)
        return 0;
    pgconn_close(c); /* the server has no whole message, and does nothing */
    return err_nomem(e);
}

static int
begin(struct pgconn *c, pgconn_rows_cb *cb, void *arg, uint64_t deadline_ms)
{
    pgconn_op_begin(c, NULL, cb, arg, deadline_ms);
    c->copy_out = false;
    pgconn_set_state(c, PGCONN_QUERY);
    return 0;
}

static int
send_query(struct pgconn *c, const char *sql, size_t bytes, pgconn_copied_cb *copied, struct err *e)
{
    if (memchr(sql, '\0',
               bytes)) /* libpq takes a C string: the rest would be left out, and called done */
        return err_set(e, ERR_INPUT, "the query contains a zero byte");
    char *text = strndup(sql, bytes);
    if (!text)
        return err_nomem(e);
    struct loop_watch *w = watch_answer(c, e);
    if (w && copied)
        copied(c->copied_arg, bytes); /* before libpq makes a copy of its own */
    int ok = w && PQsendQuery(c->pg, text);
    free(text);
    return w ? sent(c, w, ok ? 0 : send_failed(c, e), e) : -1;
}

int
pgconn_query_start(struct pgconn *c, const char *sql, size_t bytes, uint64_t deadline_ms,
                   pgconn_rows_cb *cb, void *arg, struct err *e)
{
    if (send_query(c, sql, bytes, NULL, e) != 0)
        return -1;
    return begin(c, cb, arg, deadline_ms);
}

int
pgconn_run_start(struct pgconn *c, const char *sql, size_t bytes, uint64_t deadline_ms,
                 pgconn_rows_cb *cb, void *arg, struct err *e)
{
    if (send_query(c, sql, bytes, c->copied_cb, e) != 0)
        return -1;
    bool single = PQsetSingleRowMode(c->pg);
    int begun = begin(c, cb, arg, deadline_ms);
    c->runs = single;
    return begun;
}

int
pgconn_exec_start(struct pgconn *c, const char *sql, const struct pgconn_params *params,
                  uint64_t deadline_ms, pgconn_rows_cb *cb, void *arg, struct err *e)
{
    struct loop_watch *w = watch_answer(c, e);
    if (!w)
        return -1;
    int ok = PQsendQueryParams(c->pg, sql, params->n, NULL, params->values, NULL, NULL, 0);
    return sent(c, w, ok ? 0 : send_failed(c, e), e) == 0 ? begin(c, cb, arg, deadline_ms) : -1;
}

int
pgconn_copy_in_start(struct pgconn *c, const struct pgconn_copy *copy, uint64_t deadline_ms,
                     pgconn_rows_cb *cb, void *arg, struct err *e)
{
    if (pgconn_query_start(c, copy->sql, copy->sql_bytes, deadline_ms, cb, arg, e) != 0)
        return -1;
    c->copy_data = copy->data;
    c->copy_done = 0;
    c->copy_left = copy->data_bytes;
    c->copy_wanted = true;
    return 0;
}
