/* session.c: the working connection. */
#include "migrate/db/session.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/backoff.h"
#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/net/loop.h"
#include "common/net/resolve.h"
#include "common/target/target.h"
#include "migrate/tell/progress.h"
#include "migrate/tell/report.h"
#include "migrate/db/watch.h"
#include "migrate/sql/quote.h"

/* A cancelled statement gets this long to end, statements of the cleanup as much; then the
 * connection is dropped. */
#define CANCEL_GRACE_MS 500u
#define CLEANUP_MS 250u

#define ATTEMPT_MS 10000u
#define RETRY_FIRST_MS 100u
#define RETRY_MAX_MS 1000u
#define RETRY_LOG_MS 10000u

/* ---- life ---- */

static void
on_stop(int signo, int count, void *arg)
{
    (void)arg;
    (void)signo;
    if (count > 1)
        _exit(EXIT_SIGNAL);
}

static void
on_notice(struct pgconn *c, const char *severity, const char *sqlstate, const char *message,
          void *arg)
{
    (void)c;
    struct session *s = arg;
    if (s->notice)
        s->notice(severity, sqlstate, message, s->notice_arg);
}

static int
init_connections(struct session *s, struct err *e)
{
    s->resolver = resolver_new(s->loop, e);
    if (!s->resolver)
        return -1;
    s->work = pgconn_new(s->loop, s->resolver, s->target, s->application, e);
    if (!s->work)
        return -1;
    pgconn_set_notice_cb(s->work, on_notice, s);
    s->progress = progress_new(s->loop, STDERR_FILENO, e);
    if (!s->progress)
        return -1;
    s->watch = watch_new(s->loop, s->resolver, s->target, s->progress, s->o->lock_timeout_ms, e);
    return s->watch ? 0 : -1;
}

/* A URL of the application's may bring limits for its own queries. */
static void
tell_unused_limits(const struct session *s)
{
    static const char *const names[] = {"statement_timeout", "lock_timeout"};
    static const char *const options[] = {"--statement-timeout", "--lock-timeout"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (target_pg_get(s->target, names[i]))
            log_info("setting_unused", LOG_FIELDS(LF_STR("setting", names[i])),
                     "the %s of the connection settings is not used: %s is what counts here",
                     names[i], options[i]);
}

int
session_init(struct session *s, const struct options *o, struct err *e)
{
    *s = (struct session){.o = o, .deadline_ms = clock_deadline(o->deadline_ms)};
    char host[32] = "";
    gethostname(host, sizeof host - 1);
    snprintf(s->application, sizeof s->application, "migrate %s",
             host); /* in Kubernetes: the pod's name */
    if (target_pg_load(o->database, NULL, &s->target, e) != 0)
        goto fail;
    if (!s->target) {
        err_set(e, ERR_USAGE,
                "no database is named: --database, DATABASE_URL, DATABASE_HOST or PGHOST");
        goto fail;
    }
    if (pgconn_supports(s->target, e) != 0)
        goto fail;
    target_pg_send_settings(s->target);
    tell_unused_limits(s);
    s->loop = loop_new(e);
    if (!s->loop || loop_stop_on(s->loop, SIGTERM, e) != 0 || loop_stop_on(s->loop, SIGINT, e) != 0)
        goto fail;
    loop_set_stop_cb(s->loop, on_stop, s);
    if (init_connections(s, e) == 0)
        return 0;
fail:
    session_done(s);
    return -1;
}

void
session_done(struct session *s)
{
    watch_free(s->watch);
    progress_free(s->progress);
    pgconn_free(s->work);
    pgrows_free(s->op.rows);
    if (s->resolver)
        resolver_free(s->resolver);
    loop_free(s->loop);
    target_pg_free(s->target);
    *s = (struct session){0};
}

/* ---- interrupts ---- */

static int
interrupted(const struct session *s, struct err *e)
{
    if (s->interrupted == ERR_STOPPED)
        return err_set(e, ERR_STOPPED, "ended by %s", s->signo == SIGINT ? "SIGINT" : "SIGTERM");
    return err_set(e, ERR_DEADLINE, "the deadline passed");
}

static void
note_interrupt(struct session *s, const struct err *e)
{
    if (s->interrupted != ERR_NONE)
        return;
    s->interrupted = e->code == ERR_STOPPED ? ERR_STOPPED : ERR_DEADLINE;
    s->signo = loop_stopped(s->loop);
    loop_clear_stop(s->loop);
}

int
session_check(struct session *s, struct err *e)
{
    bool never = false;
    struct err waited = {0};
    if (s->interrupted == ERR_NONE &&
        (loop_stopped(s->loop) || clock_left_ms(s->deadline_ms) == 0)) {
        loop_turn_until(s->loop, &never, s->deadline_ms, &waited);
        note_interrupt(s, &waited);
    }
    if (s->interrupted == ERR_NONE || s->cleanup)
        return 0;
    return interrupted(s, e);
}

int
session_pause(struct session *s, uint64_t ms, struct err *e)
{
    if (session_check(s, e) != 0)
        return -1;
    bool never = false;
    struct err waited = {0};
    loop_turn_until(s->loop, &never, clock_earlier(clock_deadline(ms), s->deadline_ms), &waited);
    return session_check(s, e);
}

void
session_cleanup(struct session *s)
{
    s->cleanup = true;
}

/* ---- operations ---- */

static void
on_simple(struct pgconn *c, const struct err *e, void *arg)
{
    (void)c;
    struct session_op *op = arg;
    op->failed = e != NULL;
    if (e)
        op->err = *e;
    op->done = true;
}

static void
on_rows(struct pgconn *c, const struct err *e, struct pgrows *rows, void *arg)
{
    struct session_op *op = arg;
    op->rows = rows;
    on_simple(c, e, op);
}

static void
on_cancel_sent(struct pgconn *c, const struct err *e, void *arg)
{
    (void)c;
    (void)arg;
    if (e)
        log_warn("cancel", LOG_NONE, "%s", e->msg);
}

/* Asks the server to stop, in the clear only where the session is, too. */
static void
cancel(struct session *s)
{
    struct err e = {0};
    uint64_t deadline = clock_deadline(CANCEL_GRACE_MS);
    if (pgconn_tls(s->work) && !pgconn_cancel_encrypted() &&
        watch_cancel_start(s->watch, pgconn_backend_pid(s->work)) == 0)
        return;
    if (pgconn_cancel_start(s->work, deadline, on_cancel_sent, s, &e) != 0)
        log_warn("cancel", LOG_NONE, "%s", e.msg);
}

/* The connection's state is unknown: a new object, not connected. The server sees the end and rolls
 * back. */
static int
drop_connection(struct session *s, struct err *e)
{
    pgconn_free(s->work);
    s->op.active = false;
    s->work = pgconn_new(s->loop, s->resolver, s->target, s->application, e);
    if (!s->work)
        return -1;
    pgconn_set_notice_cb(s->work, on_notice, s);
    return 0;
}

/* What goes on while the loop is left: a statement is stopped, and waited for a little; connecting is given up. */
static int
interrupt_op(struct session *s, struct err *e)
{
    struct err waited = {0};
    bool ended = false;
    if (pgconn_connected(s->work)) {
        cancel(s);
        ended =
            loop_turn_until(s->loop, &s->op.done, clock_deadline(CANCEL_GRACE_MS), &waited) == 0;
    }
    if (!ended && drop_connection(s, e) != 0)
        return -1;
    return interrupted(s, e);
}

static int
op_wait(struct session *s, uint64_t deadline_ms, struct pgrows **ret, struct err *e)
{
    struct err waited = {0};
    int result = loop_turn_until(s->loop, &s->op.done, deadline_ms, &waited);
    if (result != 0 && s->cleanup) {
        err_set(e, ERR_TIMEOUT, "the server does not answer");
        drop_connection(s, e);
    } else if (result != 0) {
        note_interrupt(s, &waited);
        result = interrupt_op(s, e);
    } else if (s->op.failed) {
        result = -1;
        if (e)
            *e = s->op.err;
    }
    s->op.active = false;
    if (ret)
        *ret = s->op.rows;
    else
        pgrows_free(s->op.rows);
    s->op.rows = NULL;
    return result;
}

static int
op_begin(struct session *s, struct err *e)
{
    assert(!s->op.active);
    if (session_check(s, e) != 0)
        return -1;
    s->op = (struct session_op){.active = true};
    return 0;
}

static uint64_t
op_deadline(const struct session *s)
{
    return s->cleanup ? clock_deadline(CLEANUP_MS) : s->deadline_ms;
}

static int
op_finish(struct session *s, int started, struct pgrows **ret, struct err *e)
{
    if (started != 0) {
        s->op.active = false;
        return -1;
    }
    uint64_t deadline_ms = op_deadline(s);
    watch_begin(s->watch, pgconn_backend_pid(s->work), pgconn_server_version(s->work),
                clock_left_ms(deadline_ms));
    int result = op_wait(s, deadline_ms, ret, e);
    watch_end(s->watch);
    return result;
}

int
session_query(struct session *s, const char *sql, size_t bytes, struct pgrows **ret, struct err *e)
{
    if (ret)
        *ret = NULL;
    if (op_begin(s, e) != 0)
        return -1;
    int started = ret ? pgconn_query_start(s->work, sql, bytes, CLOCK_NEVER, on_rows, &s->op, e)
                      : pgconn_run_start(s->work, sql, bytes, CLOCK_NEVER, on_rows, &s->op, e);
    return op_finish(s, started, ret, e);
}

int
session_run(struct session *s, const struct session_text *text, struct pgrows **ret, struct err *e)
{
    if (ret)
        *ret = NULL;
    if (op_begin(s, e) != 0)
        return -1;
    pgconn_set_copied_cb(s->work, text->copied, text->arg);
    int started =
        pgconn_run_start(s->work, text->sql, text->bytes, CLOCK_NEVER, on_rows, &s->op, e);
    pgconn_set_copied_cb(s->work, NULL, NULL);
    return op_finish(s, started, ret, e);
}

int
session_sql(struct session *s, const struct strbuf *sql, struct pgrows **ret, struct err *e)
{
    if (sql->failed)
        return err_nomem(e);
    return session_query(s, strbuf_str(sql), sql->len, ret, e);
}

int
session_copy(struct session *s, const struct session_copy *copy, struct err *e)
{
    if (op_begin(s, e) != 0)
        return -1;
    pgconn_set_copied_cb(s->work, copy->copied, copy->arg);
    int started = pgconn_copy_in_start(s->work, copy->sql, copy->sql_bytes, copy->data,
                                       copy->data_bytes, CLOCK_NEVER, on_rows, &s->op, e);
    int result = op_finish(s, started, NULL, e);
    pgconn_set_copied_cb(s->work, NULL, NULL);
    return result;
}

/* ---- connecting ---- */

bool
session_retryable(const struct err *e)
{
    if (e->code == ERR_SYSTEM) /* of a connection: descriptors or memory that this machine lacks */
        return true;
    if (e->code != ERR_SERVER)
        return err_retryable(e->code) && e->code != ERR_STOPPED && e->code != ERR_DEADLINE;
    return strncmp(e->sqlstate, "57P0", 4) == 0 || strncmp(e->sqlstate, "53", 2) == 0 ||
           strncmp(e->sqlstate, "08", 2) == 0;
}

static int
connect_once(struct session *s, uint64_t until_ms, struct err *e)
{
    if (op_begin(s, e) != 0)
        return -1;
    uint64_t deadline = clock_earlier(until_ms, clock_deadline(ATTEMPT_MS));
    if (clock_left_ms(deadline) < 1000) /* --wait=0 is one attempt, not none */
        deadline = clock_deadline(1000);
    if (pgconn_connect_start(s->work, deadline, on_simple, &s->op, e) != 0) {
        s->op.active = false;
        return -1;
    }
    return op_wait(s, s->deadline_ms, NULL, e);
}

/* The deadline, or a signal, ended the wait: for what, is what the last attempt said. */
static int
add_last(const struct err *last, struct err *e)
{
    struct err end = *e;
    if ((end.code != ERR_DEADLINE && end.code != ERR_STOPPED) || !last->msg[0])
        return -1;
    return err_set(e, end.code, "%s while migrate waited for the database: %s", end.msg, last->msg);
}

static int
connect_retrying(struct session *s, struct err *e)
{
    struct err last = {0};
    uint64_t until_ms = clock_deadline(s->o->wait_ms);
    uint64_t log_again_ms = 0;
    struct backoff again = {.first_ms = RETRY_FIRST_MS, .most_ms = RETRY_MAX_MS};
    while (connect_once(s, until_ms, e) != 0) {
        if (!session_retryable(e) || clock_left_ms(until_ms) == 0) {
            session_tell_wait(s, e);
            return add_last(&last, e);
        }
        last = *e;
        if (clock_left_ms(log_again_ms) == 0) {
            log_info(
                "waiting",
                LOG_FIELDS(LF_STR("reason", err_name(e->code)), LF_OPT("sqlstate", e->sqlstate)),
                "waiting for the database: %s", e->msg);
            log_again_ms = clock_deadline(RETRY_LOG_MS);
        }
        if (session_pause(s, backoff_next(&again), e) != 0)
            return add_last(&last, e);
    }
    return 0;
}

bool
session_is(const struct pgrows *rows, int column, const char *wanted)
{
    const char *value = pgrows_count(rows) == 1 ? pgrows_value(rows, 0, column) : NULL;
    return value && strcmp(value, wanted) == 0;
}

static int
ask_facts(struct session *s, struct err *e)
{
    static const char sql[] =
        "SELECT pg_catalog.pg_backend_pid(), pg_catalog.pg_is_in_recovery(),"
        " pg_catalog.current_setting('transaction_read_only'),"
        " pg_catalog.current_setting('statement_timeout') OPERATOR(pg_catalog.<>) '0' OR"
        " pg_catalog.current_setting('idle_session_timeout', true) OPERATOR(pg_catalog.<>) '0'";
    struct pgrows *rows = NULL;
    if (session_query(s, sql, sizeof sql - 1, &rows, e) != 0) {
        pgrows_free(rows);
        return -1;
    }
    int result = 0;
    const char *pid = pgrows_count(rows) == 1 ? pgrows_value(rows, 0, 0) : NULL;
    if (pid) {
        char own[16];
        snprintf(own, sizeof own, "%d", pgconn_backend_pid(s->work));
        s->pooled = strcmp(own, pid) != 0;
        s->in_recovery = session_is(rows, 1, "t");
        s->read_only = session_is(rows, 2, "on");
        s->limited = session_is(rows, 3, "t");
    } else {
        result = err_set(e, ERR_PROTOCOL, "the server does not say which backend it is");
    }
    pgrows_free(rows);
    return result;
}

/* That may come with the login, and would end a migration, or the session in a pause. */
static void
sql_no_limits(const struct session *s, struct strbuf *out)
{
    int version = pgconn_server_version(s->work);
    strbuf_adds(out, "SET statement_timeout TO 0; ");
    if (version >= 140000)
        strbuf_adds(out, "SET idle_session_timeout TO 0; ");
    if (version >= 170000)
        strbuf_adds(out, "SET transaction_timeout TO 0; ");
}

static int
lift_limits(struct session *s, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    sql_no_limits(s, &sql);
    return session_sql(s, &sql, NULL, e);
}

int
session_open(struct session *s, struct err *e)
{
    s->pristine = false;
    if (connect_retrying(s, e) != 0)
        return -1;
    s->connection++;
    if (ask_facts(s, e) != 0)
        return -1;
    return s->limited && !s->pooled ? lift_limits(s, e) : 0;
}

/*
 * What bounds a backend whose client is gone. Not every server has all of it (a PostgreSQL on Windows refuses
 * client_connection_check_interval): what it refuses once is left out.
 */
static const struct {
    int version; /* since */
    const char *sql;
} wishes[] = {
    {0, "SET tcp_keepalives_idle TO 10; "},
    {0, "SET tcp_keepalives_interval TO 5; "},
    {0, "SET tcp_keepalives_count TO 3; "},
    {120000, "SET tcp_user_timeout TO '20s'; "},
    {140000, "SET client_connection_check_interval TO '2s'; "},
};
#define WISHES (sizeof wishes / sizeof *wishes)

void
session_sql_reset(const struct session *s, struct strbuf *out)
{
    int version = pgconn_server_version(s->work);
    strbuf_adds(out, "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; CLOSE ALL; UNLISTEN *; "
                     "DEALLOCATE ALL; DISCARD TEMP; DISCARD SEQUENCES; ");
    strbuf_adds(out, "SET client_encoding TO 'UTF8'; SET standard_conforming_strings TO on; ");
    sql_no_limits(s, out);
    if (s->o->search_path) {
        strbuf_adds(out, "SELECT pg_catalog.set_config('search_path', ");
        quote_literal(out, s->o->search_path);
        strbuf_adds(out, ", false); ");
    }
    for (size_t i = 0; i < WISHES; i++)
        if (version >= wishes[i].version && !(s->refused_wishes & 1u << i))
            strbuf_adds(out, wishes[i].sql);
}

static int
try_wishes(struct session *s, struct err *e)
{
    for (size_t i = 0; i < WISHES; i++) {
        if (pgconn_server_version(s->work) < wishes[i].version ||
            session_query(s, wishes[i].sql, strlen(wishes[i].sql), NULL, e) == 0)
            continue;
        if (e->code != ERR_SERVER)
            return -1;
        log_debug("wish", LOG_NONE, "the server refused: %s%s", wishes[i].sql, e->msg);
        s->refused_wishes |= 1u << i;
    }
    return 0;
}

int
session_speak(struct session *s, struct err *e)
{
    static const char sql[] =
        "SET client_encoding TO 'UTF8'; SET standard_conforming_strings TO on";
    const char *encoding = pgconn_setting(s->work, "client_encoding");
    const char *strings = pgconn_setting(s->work, "standard_conforming_strings");
    /* It is read as a whole before any of it runs: what sets them cannot travel with what needs them. */
    if (strcmp(encoding, "UTF8") == 0 && strcmp(strings, "on") == 0)
        return 0;
    return session_query(s, sql, sizeof sql - 1, NULL, e);
}

static int
send_reset(struct session *s, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    if (session_speak(s, e) != 0)
        return -1;
    session_sql_reset(s, &sql);
    return session_sql(s, &sql, NULL, e);
}

int
session_reset(struct session *s, struct err *e)
{
    if (s->pristine)
        return 0;
    if (send_reset(s, e) != 0 &&
        (e->code != ERR_SERVER || try_wishes(s, e) != 0 || send_reset(s, e) != 0))
        return -1;
    s->pristine = true;
    return 0;
}
