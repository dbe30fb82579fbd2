/* connect.c: a database that may not be there yet. */
#include "migrate/db/connect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/backoff.h"
#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "migrate/db/session.h"
#include "migrate/events.h"

#define ATTEMPT_MS 10000u
#define RETRY_FIRST_MS 100u
#define RETRY_MAX_MS 1000u
#define RETRY_LOG_MS 10000u

bool
connect_retryable(const struct err *e)
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
    uint64_t deadline = clock_earlier(until_ms, clock_deadline(ATTEMPT_MS));
    if (clock_left_ms(deadline) < 1000) /* --wait=0 is one attempt, not none */
        deadline = clock_deadline(1000);
    return session_connect(s, deadline, e);
}

/* What has to be done, where waiting does not help. */
static const char *
remedy(const struct err *e)
{
    if (strcmp(e->sqlstate, "3D000") == 0)
        return ": create the database, or correct its name";
    if (e->code == ERR_AUTH)
        return ": create the role, or correct its name, password or LOGIN privilege";
    if (e->code == ERR_TLS)
        return ": correct the server's TLS configuration or certificate, or set sslmode to a mode that it supports";
    return "";
}

/* Behind the message of the last attempt: for how long it was waited for, or why not. */
static void
tell_wait(const struct session *s, struct err *e)
{
    char waited[CLOCK_DURATION_MAX];
    size_t n = strlen(e->msg);
    char *end = e->msg + n;
    const size_t room = sizeof(e->msg) - n;
    if (e->code == ERR_STOPPED || e->code == ERR_DEADLINE)
        return;
    if (!connect_retryable(e))
        snprintf(end, room, " (not retried%s)", remedy(e));
    else if (s->o->wait_ms == 0)
        snprintf(end, room, " (not retried: --wait is 0)");
    else
        snprintf(end, room, " (waited for %s)", clock_format_duration(waited, s->o->wait_ms));
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
        if (!connect_retryable(e) || clock_left_ms(until_ms) == 0) {
            tell_wait(s, e);
            return add_last(&last, e);
        }
        last = *e;
        if (clock_left_ms(log_again_ms) == 0) {
            log_info(
                &event_waiting,
                LOG_FIELDS(LF_STR("reason", err_name(e->code)), LF_OPT("sqlstate", e->sqlstate)),
                "waiting for the database: %s", e->msg);
            log_again_ms = clock_deadline(RETRY_LOG_MS);
        }
        if (session_pause(s, backoff_next(&again), e) != 0)
            return add_last(&last, e);
    }
    return 0;
}

/* SHOW takes a fraction of what a function costs a session that has called none yet. */
static size_t
facts_sql(const struct session *s, struct strbuf *out)
{
    strbuf_adds(
        out,
        "SELECT pg_catalog.pg_backend_pid(), pg_catalog.pg_is_in_recovery(),"
        " pg_catalog.current_database(); SHOW transaction_read_only; SHOW statement_timeout; ");
    if (pgconn_server_version(s->work) < 140000)
        return 3;
    strbuf_adds(out, "SHOW idle_session_timeout; ");
    return 4;
}

/* Those of facts_sql. */
static int
take_facts(struct session *s, const struct pgrows *rows, size_t n, struct err *e)
{
    const char *pid = pgrows_count(rows) == 1 ? pgrows_value(rows, 0, 0) : NULL;
    char own[16];
    if (!pid)
        return err_set(e, ERR_PROTOCOL, "the server does not say which backend it is");
    snprintf(own, sizeof(own), "%d", pgconn_backend_pid(s->work));
    s->backend_pid = atoi(pid);
    s->pooled = strcmp(own, pid) != 0;
    s->stateless =
        s->o->pooler == POOLER_TRANSACTION || (s->pooled && s->o->pooler != POOLER_SESSION);
    const char *database = pgrows_value(rows, 0, 2);
    snprintf(s->database, sizeof(s->database), "%s", database ? database : "");
    s->in_recovery = session_is(rows, 1, "t");
    rows = pgrows_next(rows);
    s->read_only = session_is(rows, 0, "on");
    s->limited = false;
    for (size_t i = 2; i < n; i++) {
        rows = pgrows_next(rows);
        s->limited |= !session_is(rows, 0, "0");
    }
    return 0;
}

static const struct pgrows *
last_of(const struct pgrows *rows)
{
    while (pgrows_next(rows))
        rows = pgrows_next(rows);
    return rows;
}

/* The question is asked beside the facts, and may be refused without harm to them. */
static int
ask_facts(struct session *s, const struct strbuf *question, enum connect_answer *ret, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct pgrows *rows = NULL;
    const size_t n = facts_sql(s, &sql);
    if (question)
        strbuf_add(&sql, strbuf_str(question), question->len);
    sql.failed = sql.failed || (question && question->failed);
    int result = session_sql(s, &sql, &rows, e);
    *ret = CONNECT_REFUSED;
    if (result == 0 && question)
        *ret = session_is(last_of(rows), 0, "t") ? CONNECT_YES : CONNECT_NO;
    if (pgrows_count_statements(rows) >= n && (result == 0 || e->code == ERR_SERVER))
        result = take_facts(s, rows, n, e);
    else if (result == 0)
        result = err_set(e, ERR_PROTOCOL, "the server does not answer what it was asked");
    pgrows_free(rows);
    return result;
}

int
connect_open_asking(struct session *s, const struct strbuf *question, enum connect_answer *ret,
                    struct err *e)
{
    if (connect_retrying(s, e) != 0 || ask_facts(s, question, ret, e) != 0)
        return -1;
    return s->limited && !s->stateless ? session_lift_limits(s, e) : 0;
}

int
connect_open(struct session *s, struct err *e)
{
    enum connect_answer nothing;
    return connect_open_asking(s, NULL, &nothing, e);
}
