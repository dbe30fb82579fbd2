/* pgconn_connect.c: hosts and addresses one after the other, each with its share of the deadline.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/events.h"
#include "common/net/dial.h"
#include "common/pg/pgconn_impl.h"

/* An attempt never gets less than this, however many others wait behind it. */
#define SHARE_MIN_MS 500u

static void connect_host(struct pgconn *c);
static void connect_addr(struct pgconn *c);

static void
connect_fail(struct pgconn *c, const struct err *e)
{
    struct err copy = *e;
    pgconn_close(c);
    pgconn_op_end(c, &copy);
}

/* Asked for each time, never kept: another connection on this target re-reads it when it connects. */
static const struct target_pg_host *
host_now(const struct pgconn *c)
{
    const struct target_pg_host *hosts;
    size_t n = target_pg_hosts(c->target, &hosts);
    return c->at.host < n ? &hosts[c->at.host] : NULL;
}

static size_t
hosts_behind(const struct pgconn *c)
{
    const struct target_pg_host *hosts;
    size_t all = target_pg_hosts(c->target, &hosts);
    size_t n = all > c->at.host ? all - c->at.host - 1 : 0;
    if (c->at.role == PGCONN_PREFER_STANDBY && !c->at.second_round)
        n += all;
    return n;
}

/* The attempt is over without success. */
void
pgconn_attempt_failed(struct pgconn *c, const struct err *e)
{
    struct err copy = *e;
    loop_timer_cancel(c->attempt_timer);
    pgconn_close(c);
    pgconn_set_state(c, PGCONN_RESOLVING);
    pgconn_note_error(&c->at.best, &copy);
    if (!pgconn_try_next(&copy)) {
        connect_fail(c, &copy);
        return;
    }
    c->at.addr++;
    connect_addr(c);
}

static void
attempt_failed_text(struct pgconn *c)
{
    struct err e = {0};
    pgconn_connect_error(&e, PQerrorMessage(c->pg), c->at.stage, PQconnectionNeedsPassword(c->pg));
    const char *fault = target_pg_passfile_fault(c->target);
    if (fault && PQconnectionNeedsPassword(c->pg))
        err_set(&e, e.code, "%s; %s", e.msg, fault);
    const struct target_pg_host *h = host_now(c);
    const char *host = h ? h->host : NULL;
    if (host && !strstr(e.msg, host)) /* libpq names the address we gave it */
        err_wrap(&e, "%s", host);
    if (pgconn_verify_start(c, &e))
        pgconn_close(c);
    else
        pgconn_attempt_failed(c, &e);
}

/* ---- the role ---- */

static void
role_known(struct pgconn *c, bool in_recovery, bool read_only)
{
    enum pgconn_role wanted = c->at.second_round ? PGCONN_ANY : c->at.role;
    if (pgconn_role_ok(wanted, in_recovery, read_only)) {
        pgconn_op_end(c, NULL);
        return;
    }
    struct err e = {0};
    const char *host = PQhost(c->pg);
    c->at.wrong_role = true;
    err_set(&e, ERR_WRONG_ROLE, "%s is %s%s, but target_session_attrs is %s",
            host && *host ? host : "the server", in_recovery ? "a standby" : "a primary",
            !in_recovery && read_only ? " that is read-only" : "",
            target_pg_get(c->target, "target_session_attrs"));
    pgconn_attempt_failed(c, &e);
}

static void
role_result(struct pgconn *c, PGresult *res)
{
    if (PQresultStatus(res) == PGRES_TUPLES_OK && PQntuples(res) == 1 && PQnfields(res) == 2) {
        c->at.role_answered = true;
        c->at.in_recovery = PQgetvalue(res, 0, 0)[0] == 't';
        c->at.read_only = strcmp(PQgetvalue(res, 0, 1), "on") == 0;
    }
    PQclear(res);
}

static bool
is_copy(const PGresult *res)
{
    ExecStatusType status = PQresultStatus(res);
    return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

static void
on_role_io(int fd, int what, void *arg)
{
    (void)fd;
    (void)what;
    struct pgconn *c = arg;
    struct err e = {0};
    bool alive = PQflush(c->pg) >= 0 && PQconsumeInput(c->pg);
    while (alive && !PQisBusy(c->pg)) {
        PGresult *res = PQgetResult(c->pg);
        if (res && is_copy(res)) { /* libpq would give the same again, without end */
            PQclear(res);
            err_set(&e, ERR_PROTOCOL, "the server responded with COPY to the query for its role");
            pgconn_attempt_failed(c, &e);
            return;
        }
        if (res) {
            role_result(c, res);
            continue;
        }
        if (!c->at.role_answered)
            break;
        role_known(c, c->at.in_recovery, c->at.read_only);
        return;
    }
    if (alive && PQstatus(c->pg) == CONNECTION_OK && PQisBusy(c->pg))
        return;
    attempt_failed_text(c);
}

static void
ask_role(struct pgconn *c)
{
    struct err e = {0};
    pgconn_set_state(c, PGCONN_ROLE);
    c->at.role_answered = false;
    if (!PQsendQuery(c->pg, "SELECT pg_catalog.pg_is_in_recovery(), "
                            "pg_catalog.current_setting('default_transaction_read_only')")) {
        attempt_failed_text(c);
        return;
    }
    if (pgconn_watch_socket(c, on_role_io, LOOP_READ, &e) != 0)
        pgconn_attempt_failed(c, &e);
}

static void
attempt_connected(struct pgconn *c)
{
    PQsetnonblocking(c->pg, 1);
    enum pgconn_role wanted = c->at.second_round ? PGCONN_ANY : c->at.role;
    const char *standby = PQparameterStatus(c->pg, "in_hot_standby");
    const char *read_only = PQparameterStatus(c->pg, "default_transaction_read_only");
    if (wanted == PGCONN_ANY)
        pgconn_op_end(c, NULL);
    else if (standby && read_only)
        role_known(c, strcmp(standby, "on") == 0, strcmp(read_only, "on") == 0);
    else
        ask_role(c); /* servers before 14, and poolers that keep it to themselves */
}

/* ---- one attempt ---- */

static void
on_connect_io(int fd, int what, void *arg)
{
    (void)fd;
    (void)what;
    struct pgconn *c = arg;
    struct err e = {0};
    /* libpq may close the socket and open another with the same number: the watch must be gone
     * before. */
    loop_watch_free(c->watch);
    c->watch = NULL;
    c->at.stage = PQstatus(c->pg);
    PostgresPollingStatusType next = PQconnectPoll(c->pg);
    if (next == PGRES_POLLING_OK) {
        if (pgconn_watch_socket(c, pgconn_on_query_io, 0, &e) != 0)
            pgconn_attempt_failed(c, &e);
        else
            attempt_connected(c);
        return;
    }
    if (next == PGRES_POLLING_FAILED) {
        attempt_failed_text(c);
        return;
    }
    if (pgconn_watch_socket(c, on_connect_io,
                            next == PGRES_POLLING_READING ? LOOP_READ : LOOP_WRITE, &e) != 0)
        pgconn_attempt_failed(c, &e);
}

/* The options that are our business alone. */
static bool
is_ours(const char *keyword)
{
    return strcmp(keyword, "target_session_attrs") == 0 ||
           strcmp(keyword, "connect_timeout") == 0 || strcmp(keyword, "load_balance_hosts") == 0;
}

static PGconn *
connect_begin(struct pgconn *c, const char *hostaddr, struct err *e)
{
    struct target_pg_params p = {0};
    if (target_pg_params(c->target, c->at.host, hostaddr, c->application_name, &p, e) != 0)
        return NULL;
    size_t n = 0;
    while (p.keywords[n])
        n++;
    const char **keywords = calloc(n + 1, sizeof(*keywords));
    const char **values = calloc(n + 1, sizeof(*values));
    PGconn *pg = NULL;
    if (keywords && values) {
        for (size_t i = 0, k = 0; i < n; i++) {
            if (!is_ours(p.keywords[i])) {
                keywords[k] = p.keywords[i];
                values[k++] = p.values[i];
            }
        }
        pg = PQconnectStartParams(keywords, values, 0);
    }
    free(keywords);
    free(values);
    target_pg_params_free(&p);
    if (!pg)
        err_nomem(e);
    return pg;
}

static bool
is_known(const PQconninfoOption *known, const char *keyword)
{
    for (; known->keyword; known++)
        if (strcmp(known->keyword, keyword) == 0)
            return true;
    return false;
}

int
pgconn_supports(const struct target_pg *target, struct err *e)
{
    struct target_pg_params p = {0};
    PQconninfoOption *known = PQconninfoParse("", NULL);
    if (!known)
        return err_nomem(e);
    int result = target_pg_params(target, 0, NULL, "", &p, e);
    for (size_t i = 0; result == 0 && p.keywords[i]; i++) {
        int version = PQlibVersion();
        if (!is_ours(p.keywords[i]) && !is_known(known, p.keywords[i]))
            result = err_set(e, ERR_USAGE, "%s is not supported by libpq %d.%d, the version in use",
                             p.keywords[i], version / 10000, version % 10000);
    }
    target_pg_params_free(&p);
    PQconninfoFree(known);
    return result;
}

static void
attempt_start(struct pgconn *c, const char *hostaddr)
{
    struct err e = {0};
    pgconn_set_state(c, PGCONN_CONNECTING);
    c->at.stage = CONNECTION_STARTED;
    c->pg = connect_begin(c, hostaddr, &e);
    if (!c->pg) {
        connect_fail(c, &e);
        return;
    }
    PQsetErrorVerbosity(
        c->pg, PQERRORS_VERBOSE); /* the text of a refused login then carries its SQLSTATE */
    pgconn_hear(c);
    if (PQstatus(c->pg) == CONNECTION_BAD) {
        attempt_failed_text(c);
        return;
    }
    size_t others = c->at.n_addrs - c->at.addr - 1 + hosts_behind(c);
    loop_timer_start_at(c->attempt_timer, dial_share(c->deadline_ms, others, SHARE_MIN_MS));
    if (pgconn_watch_socket(c, on_connect_io, LOOP_WRITE, &e) != 0)
        pgconn_attempt_failed(c, &e);
}

static void
on_attempt_timer(void *arg)
{
    struct pgconn *c = arg;
    if (c->verify) {
        pgconn_verify_end(c);
        return;
    }
    if (c->state == PGCONN_RESOLVING) {
        connect_host(c);
        return;
    }
    struct err e = {0};
    const char *host = PQhost(c->pg);
    const char *addr = PQhostaddr(c->pg);
    err_set(&e, ERR_TIMEOUT, "no answer from %s%s%s%s, port %s, in time",
            host && *host ? host : "the server", addr && *addr ? " (" : "", addr ? addr : "",
            addr && *addr ? ")" : "", PQport(c->pg));
    pgconn_attempt_failed(c, &e);
}

struct loop_timer *
pgconn_attempt_timer(struct pgconn *c)
{
    return loop_timer_new(c->loop, on_attempt_timer, c);
}

/* ---- hosts and their addresses ---- */

static void
on_resolved(const struct err *e, const struct resolve_addr *addrs, size_t n, void *arg)
{
    struct pgconn *c = arg;
    c->resolving = NULL;
    if (e) {
        pgconn_note_error(&c->at.best, e);
        c->at.host++;
        connect_host(c);
        return;
    }
    c->at.n_addrs = n < RESOLVE_ADDRS_MAX ? n : RESOLVE_ADDRS_MAX;
    memcpy(c->at.addrs, addrs, c->at.n_addrs * sizeof(*addrs));
    connect_addr(c);
}

static void
connect_addr(struct pgconn *c)
{
    if (c->at.addr >= c->at.n_addrs) {
        c->at.host++;
        connect_host(c);
        return;
    }
    char text[RESOLVE_TEXT_MAX];
    attempt_start(c, c->at.direct ? NULL : resolve_addr_text(&c->at.addrs[c->at.addr], text));
}

static void
out_of_hosts(struct pgconn *c)
{
    if (c->at.role == PGCONN_PREFER_STANDBY && !c->at.second_round && c->at.wrong_role) {
        c->at.second_round = true;
        c->at.host = 0;
        connect_host(c);
        return;
    }
    connect_fail(c, &c->at.best);
}

static void
connect_host(struct pgconn *c)
{
    pgconn_set_state(c, PGCONN_RESOLVING);
    const struct target_pg_host *h = host_now(c);
    if (!h) {
        out_of_hosts(c);
        return;
    }
    c->at.addr = 0;
    c->at.n_addrs = 1;
    c->at.direct = !h->host || h->hostaddr || h->host[0] == '/' || h->host[0] == '@';
    if (c->at.direct) {
        connect_addr(c);
        return;
    }
    struct err e = {0};
    uint64_t deadline = dial_share(c->deadline_ms, hosts_behind(c), SHARE_MIN_MS);
    uint64_t left = clock_left_ms(deadline);
    if (left != CLOCK_NEVER &&
        left > 16) /* the resolver's silence shall be told as such, before our own deadline */
        deadline = clock_deadline(left - left / 8);
    c->resolving = resolve_start(c->resolver, h->host, h->port, deadline, on_resolved, c, &e);
    if (!c->resolving) {
        pgconn_note_error(&c->at.best, &e);
        c->at.host++;
        connect_host(c);
    }
}

int
pgconn_connect_start(struct pgconn *c, uint64_t deadline_ms, pgconn_cb *cb, void *arg,
                     struct err *e)
{
    assert(!pgconn_op_active(c));
    enum pgconn_role role;
    if (target_pg_refresh(c->target, e) != 0 ||
        pgconn_role_parse(target_pg_get(c->target, "target_session_attrs"), &role, e) != 0)
        return -1;
    const char *news = target_pg_passfile_news(c->target);
    if (news)
        log_warn(&event_passfile, LOG_NONE, "%s", news);
    pgconn_cancel_drop(c);
    pgconn_close(c);
    pgconn_op_begin(c, cb, NULL, arg, deadline_ms);
    c->at = (struct pgconn_attempts){.role = role};
    pgconn_set_state(c, PGCONN_RESOLVING);
    loop_timer_start(c->attempt_timer,
                     0); /* nothing fires, and nothing slow happens, inside _start */
    return 0;
}
