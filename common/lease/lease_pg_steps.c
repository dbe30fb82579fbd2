/* lease_pg_steps.c: what is asked of the server. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/strbuf.h"
#include "common/lease/lease_pg_impl.h"

#define BEAT_ANSWER_MS 3000

static void
run_sql(struct lease_pg *p, const char *sql, int n, const char *const *params, uint64_t deadline_ms)
{
    struct err e;
    const struct pgconn_params with = {n, params};
    int rc =
        n < 0 ? pgconn_query_start(p->conn, sql, strlen(sql), deadline_ms, lease_pg_on_rows, p, &e)
              : pgconn_exec_start(p->conn, sql, &with, deadline_ms, lease_pg_on_rows, p, &e);
    if (rc < 0)
        lease_pg_failed(p, &e);
}

static void
on_connected(struct pgconn *c, const struct err *e, void *arg)
{
    (void)c;
    struct lease_pg *p = arg;
    if (e)
        lease_pg_failed(p, e);
    else
        lease_pg_go(p, STEP_CHECK);
}

static void
connect(struct lease_pg *p)
{
    struct err e;
    if (pgconn_connect_start(p->conn, p->deadline_ms, on_connected, p, &e) < 0)
        lease_pg_failed(p, &e);
}

static void
setup(struct lease_pg *p)
{
    int version = pgconn_server_version(p->conn);
    char sql[512];
    snprintf(
        sql, sizeof(sql),
        "SET statement_timeout = 0; SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = 0; "
        "SET synchronous_commit = on; SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; "
        "SET tcp_keepalives_count = 3%s%s",
        version >= 120000 ? "; SET tcp_user_timeout = 10000" : "",
        version >= 140000 ? "; SET idle_session_timeout = 0" : "");
    run_sql(p, sql, -1, NULL, p->deadline_ms);
}

static void
with_key(struct lease_pg *p, const char *before, const char *after, uint64_t deadline_ms)
{
    char sql[768];
    snprintf(sql, sizeof(sql), "%s%" PRId64 "%s", before, p->key, after);
    run_sql(p, sql, 0, NULL, deadline_ms);
}

/* pg_locks shows the key's halves as classid and objid, objsubid 1 (manual, "pg_locks"). */
static void
ask_who(struct lease_pg *p)
{
    with_key(
        p,
        "SELECT coalesce(host(a.client_addr), CASE WHEN a.backend_start IS NOT NULL THEN 'localhost' END), "
        "to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), "
        "to_regclass('cronrun_job') IS NOT NULL "
        "FROM pg_locks l LEFT JOIN pg_stat_activity a USING (pid), (SELECT '",
        "'::bigint AS k) w WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 "
        "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
        "AND l.classid::bigint = (k >> 32) & 4294967295 AND l.objid::bigint = k & 4294967295",
        p->deadline_ms);
}

static void
take(struct lease_pg *p)
{
    struct lease_holder self;
    struct strbuf line = STRBUF_INIT;
    lease_holder_self(&self, &p->lease.owner, 0);
    lease_holder_format(&line, &self);
    run_sql(
        p,
        "INSERT INTO cronrun_job AS j (name, fence, holder, since) VALUES ($1, 1, $2, now()) "
        "ON CONFLICT (name) DO UPDATE SET fence = j.fence + 1, holder = excluded.holder, since = excluded.since, "
        "released_at = NULL RETURNING fence",
        2, (const char *const[]){p->lease.owner.name, strbuf_str(&line)}, p->deadline_ms);
    strbuf_done(&line);
}

static void
take_bare(struct lease_pg *p)
{
    bool newer = pgconn_server_version(p->conn) >= 130000;
    p->former_left = true;
    run_sql(
        p,
        newer
            ? "SELECT pg_current_xact_id()::text, pg_logical_emit_message(true, 'cronrun', $1)::text"
            : "SELECT txid_current()::text, pg_logical_emit_message(true, 'cronrun', $1)::text",
        1, (const char *const[]){p->lease.owner.name}, p->deadline_ms);
}

static void
release(struct lease_pg *p)
{
    char fence[24];
    snprintf(fence, sizeof(fence), "%" PRIu64, p->fence);
    run_sql(
        p,
        "UPDATE cronrun_job SET released_at = now(), last_outcome = $2, last_end = now() WHERE name = $1 AND "
        "fence = $3::bigint",
        3, (const char *const[]){p->lease.owner.name, p->outcome, fence}, p->deadline_ms);
}
/* ---- from step to step ---- */

void
lease_pg_go(struct lease_pg *p, enum lease_pg_step step)
{
    p->step = step;
    switch (step) {
    case STEP_CONNECT:
        connect(p);
        return;
    case STEP_CHECK:
        run_sql(p, "SELECT pg_backend_pid(), pg_is_in_recovery()", 0, NULL, p->deadline_ms);
        return;
    case STEP_SETUP:
        setup(p);
        return;
    case STEP_TRY:
        with_key(p, "SELECT pg_try_advisory_lock('", "'::bigint)", p->deadline_ms);
        return;
    case STEP_WHO:
        ask_who(p);
        return;
    case STEP_WHO_ROW:
        run_sql(p, "SELECT holder, fence FROM cronrun_job WHERE name = $1 AND released_at IS NULL",
                1, (const char *const[]){p->lease.owner.name}, p->deadline_ms);
        return;
    case STEP_TABLE:
        run_sql(p, "SELECT to_regclass('cronrun_job') IS NOT NULL", 0, NULL, p->deadline_ms);
        return;
    case STEP_CREATE:
        run_sql(
            p,
            "CREATE TABLE IF NOT EXISTS cronrun_job (name text PRIMARY KEY, fence bigint NOT NULL, holder text, "
            "since timestamptz, released_at timestamptz, last_outcome text, last_end timestamptz)",
            0, NULL, p->deadline_ms);
        return;
    case STEP_FORMER:
        run_sql(
            p, "SELECT holder IS NOT NULL AND released_at IS NULL FROM cronrun_job WHERE name = $1",
            1, (const char *const[]){p->lease.owner.name}, p->deadline_ms);
        return;
    case STEP_TAKE:
        take(p);
        return;
    case STEP_TAKE_BARE:
        take_bare(p);
        return;
    case STEP_SETTLE:
        lease_pg_settle(p);
        return;
    case STEP_HELD:
        lease_pg_hold(p);
        return;
    case STEP_BEAT:
        run_sql(p, "SELECT 1", 0, NULL, clock_deadline(BEAT_ANSWER_MS));
        return;
    case STEP_RELEASE:
        release(p);
        return;
    case STEP_UNLOCK:
        with_key(p, "SELECT pg_advisory_unlock('", "'::bigint)", p->deadline_ms);
        return;
    case STEP_OVER:
        return;
    }
}
