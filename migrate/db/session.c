/* session.c: the working connection. */
#include "migrate/db/session.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/net/loop.h"
#include "common/net/resolve.h"
#include "common/target/target.h"
#include "migrate/events.h"
#include "migrate/tell/progress.h"
#include "migrate/tell/report.h"
#include "migrate/db/watch.h"

/* A cancelled statement gets this long to end, statements of the cleanup as much; then the
 * connection is dropped. */
#define CANCEL_GRACE_MS 500u
#define CLEANUP_MS 250u

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
on_notice(struct pgconn *c, const struct pgnotice *n, void *arg)
{
    (void)c;
    struct session *s = arg;
    if (s->notice)
        s->notice(n, s->notice_arg);
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
    s->watch = watch_new(s->loop, s->resolver, s->target, s->application, s->progress,
                         s->o->lock_timeout_ms, e);
    return s->watch ? 0 : -1;
}

/* A URL of the application's may bring limits for its own queries. */
static void
tell_unused_limits(const struct session *s)
{
    static const char *const names[] = {"statement_timeout", "lock_timeout"};
    static const char *const options[] = {"--statement-timeout", "--lock-timeout"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (target_pg_get(s->target, names[i]))
            log_info(&event_setting_unused, LOG_FIELDS(LF_STR("setting", names[i])),
                     "the %s of the connection settings is ignored; %s applies instead", names[i],
                     options[i]);
}

int
session_init_unsignalled(struct session *s, const struct options *o, struct err *e)
{
    *s = (struct session){.o = o, .deadline_ms = clock_deadline(o->deadline_ms)};
    char host[32] = "";
    gethostname(host, sizeof(host) - 1);
    snprintf(s->application, sizeof(s->application), "migrate %s",
             host); /* in Kubernetes: the pod's name */
    if (target_pg_load(o->database, NULL, &s->target, e) != 0)
        goto fail;
    if (!s->target) {
        err_set(e, ERR_USAGE,
                "no database given: use --database, DATABASE_URL, DATABASE_HOST or PGHOST");
        goto fail;
    }
    if (pgconn_supports(s->target, e) != 0)
        goto fail;
    target_pg_send_settings(s->target);
    tell_unused_limits(s);
    s->loop = loop_new(e);
    if (s->loop && init_connections(s, e) == 0)
        return 0;
fail:
    session_done(s);
    return -1;
}

int
session_init(struct session *s, const struct options *o, struct err *e)
{
    if (session_init_unsignalled(s, o, e) != 0)
        return -1;
    loop_set_stop_cb(s->loop, on_stop, s);
    if (loop_stop_on(s->loop, SIGTERM, e) == 0 && loop_stop_on(s->loop, SIGINT, e) == 0)
        return 0;
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
    if (s->aborted.code != ERR_NONE) {
        *e = s->aborted;
        return -1;
    }
    if (s->interrupted == ERR_STOPPED)
        return err_set(e, ERR_STOPPED, "terminated by %s",
                       s->signo == SIGINT ? "SIGINT" : "SIGTERM");
    return err_set(e, ERR_DEADLINE, "deadline exceeded");
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
        IGNORED(loop_turn_until(s->loop, &never, s->deadline_ms, &waited));
        note_interrupt(s, &waited);
    }
    if (s->interrupted == ERR_NONE || s->each_ms)
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
    IGNORED(loop_turn_until(s->loop, &never, clock_earlier(clock_deadline(ms), s->deadline_ms),
                            &waited));
    return session_check(s, e);
}

void
session_cleanup(struct session *s)
{
    session_steady(s, CLEANUP_MS);
}

void
session_steady(struct session *s, uint64_t each_ms)
{
    s->each_ms = each_ms;
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
        log_warn(&event_cancel, LOG_NONE, "%s", e->msg);
}

/* Asks the server to stop, in the clear only where the session is, too. */
static void
cancel(struct session *s)
{
    struct err e = {0};
    uint64_t deadline = clock_deadline(CANCEL_GRACE_MS);
    if (pgconn_tls(s->work) && !pgconn_cancel_encrypted() &&
        (s->stateless || watch_cancel_start(s->watch, s->backend_pid) == 0))
        return;
    if (pgconn_cancel_start(s->work, deadline, on_cancel_sent, s, &e) != 0)
        log_warn(&event_cancel, LOG_NONE, "%s", e.msg);
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

void
session_abort(struct session *s, const struct err *why)
{
    if (s->interrupted != ERR_NONE)
        return;
    s->interrupted = why->code;
    s->aborted = *why;
    if (s->op.active && !s->op.done && pgconn_connected(s->work))
        cancel(s);
}

static int
op_wait(struct session *s, uint64_t deadline_ms, struct pgrows **ret, struct err *e)
{
    struct err waited = {0};
    int result = loop_turn_until(s->loop, &s->op.done, deadline_ms, &waited);
    if (result != 0 && s->each_ms) {
        err_set(e, ERR_TIMEOUT, "the server does not answer");
        drop_connection(s, e);
    } else if (result != 0) {
        note_interrupt(s, &waited);
        result = interrupt_op(s, e);
    } else if (s->op.failed) {
        result = s->aborted.code != ERR_NONE && !s->each_ms ? interrupted(s, e) : -1;
        if (e && (s->aborted.code == ERR_NONE || s->each_ms))
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
    return s->each_ms ? clock_deadline(s->each_ms) : s->deadline_ms;
}

static int
op_finish(struct session *s, int started, struct pgrows **ret, struct err *e)
{
    if (started != 0) {
        s->op.active = false;
        return -1;
    }
    uint64_t deadline_ms = op_deadline(s);
    watch_begin(s->watch, s->stateless ? WATCH_BY_NAME : s->backend_pid,
                pgconn_server_version(s->work), clock_left_ms(deadline_ms));
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
session_create(struct session *s, const struct strbuf *sql, struct err *e)
{
    session_notice_fn *told = s->notice;
    s->notice = NULL;
    int result = session_sql(s, sql, NULL, e);
    s->notice = told;
    return result;
}

int
session_copy(struct session *s, const struct session_copy *copy, struct err *e)
{
    if (op_begin(s, e) != 0)
        return -1;
    pgconn_set_copied_cb(s->work, copy->copied, copy->arg);
    const struct pgconn_copy in = {copy->sql, copy->sql_bytes, copy->data, copy->data_bytes};
    int started = pgconn_copy_in_start(s->work, &in, CLOCK_NEVER, on_rows, &s->op, e);
    int result = op_finish(s, started, NULL, e);
    pgconn_set_copied_cb(s->work, NULL, NULL);
    return result;
}

int
session_connect(struct session *s, uint64_t deadline_ms, struct err *e)
{
    s->pristine = false;
    if (op_begin(s, e) != 0)
        return -1;
    if (pgconn_connect_start(s->work, deadline_ms, on_simple, &s->op, e) != 0) {
        s->op.active = false;
        return -1;
    }
    if (op_wait(s, s->deadline_ms, NULL, e) != 0)
        return -1;
    s->connection++;
    return 0;
}

bool
session_is(const struct pgrows *rows, int column, const char *wanted)
{
    const char *value = pgrows_count(rows) == 1 ? pgrows_value(rows, 0, column) : NULL;
    return value && strcmp(value, wanted) == 0;
}
