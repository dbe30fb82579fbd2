/* watch.c: the second connection, callbacks only. */
#include "migrate/db/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/net/loop.h"
#include "common/pg/pgconn.h"
#include "migrate/sql/quote.h"
#include "migrate/events.h"
#include "migrate/tell/progress.h"

#define LOOK_AFTER_MS 1000u /* at the latest: half of a lock_timeout that is shorter */
#define LOOK_AFTER_MIN_MS 20u
#define LOOK_EVERY_MS 2000u
#define LOOK_TIMEOUT_MS 2000u
#define LOG_EVERY_MS 10000u

struct watch {
    struct pgconn *conn;
    struct loop_timer *timer;
    struct progress *bar;
    const char *application;
    uint32_t look_after_ms;
    bool busy; /* the connection has an operation */
    int pid;   /* of the watched backend, or WATCH_BY_NAME; 0: nothing runs */
    int server_version;
    int cancel_pid;    /* to be cancelled as soon as connected; 0: none */
    uint64_t since_ms; /* when the statement began */
    uint64_t log_ms;   /* not before */
    char blockers[WATCH_BLOCKERS_MAX];
    char progress[128];
};

static void look(struct watch *w);

static void
on_timer(void *arg)
{
    look(arg);
}

struct watch *
watch_new(struct loop *l, struct resolver *r, struct target_pg *target, const char *application,
          struct progress *bar, uint64_t lock_timeout_ms, struct err *e)
{
    struct watch *w = calloc(1, sizeof(*w));
    if (!w) {
        err_nomem(e);
        return NULL;
    }
    w->bar = bar;
    w->application = application;
    w->look_after_ms = LOOK_AFTER_MS;
    if (lock_timeout_ms > 0 && lock_timeout_ms / 2 < LOOK_AFTER_MS)
        w->look_after_ms = lock_timeout_ms / 2 > LOOK_AFTER_MIN_MS ? (uint32_t)lock_timeout_ms / 2
                                                                   : LOOK_AFTER_MIN_MS;
    w->conn = pgconn_new(l, r, target, "migrate watch", e);
    w->timer = loop_timer_new(l, on_timer, w);
    if (!w->conn || !w->timer) {
        watch_free(w);
        err_nomem(e);
        return NULL;
    }
    return w;
}

void
watch_free(struct watch *w)
{
    if (!w)
        return;
    loop_timer_free(w->timer);
    pgconn_free(w->conn);
    free(w);
}

/* ---- what was seen ---- */

static void
take_blockers(struct watch *w, const struct pgrows *rows)
{
    size_t n = 0;
    w->blockers[0] = '\0';
    for (int i = 0; i < pgrows_count(rows) && n < sizeof(w->blockers); i++) {
        const char *who = pgrows_value(rows, i, 0);
        const char *state = pgrows_value(rows, i, 1);
        const char *age = pgrows_value(rows, i, 2); /* NULL: another role's, hidden from ours */
        int k = snprintf(w->blockers + n, sizeof(w->blockers) - n, "%s%s%s%s%s%s%s", i ? "; " : "",
                         who ? who : "?", age ? ", " : "", age && state ? state : "",
                         age ? " for " : "", age ? age : "", age ? " s" : "");
        n += k > 0 ? (size_t)k : 0;
    }
}

static void
take_progress(struct watch *w, const struct pgrows *rows)
{
    w->progress[0] = '\0';
    if (pgrows_count(rows) < 1)
        return;
    const char *what = pgrows_value(rows, 0, 0);
    const char *percent = pgrows_value(rows, 0, 1);
    snprintf(w->progress, sizeof(w->progress), "%s%s%s%s", what ? what : "", percent ? ", " : "",
             percent ? percent : "", percent ? " %" : "");
}

static void
tell(struct watch *w)
{
    progress_server(w->bar, w->blockers[0] ? w->blockers : w->progress);
    if (clock_left_ms(w->log_ms) > 0)
        return;
    w->log_ms = clock_deadline(LOG_EVERY_MS);
    uint64_t took_ms = clock_mono_ms() - w->since_ms;
    if (w->blockers[0])
        log_info(&event_blocked,
                 LOG_FIELDS(LF_STR("blockers", w->blockers), LF_UINT("duration_ms", took_ms)),
                 "waiting for a lock held by %s", w->blockers);
    else
        log_info(&event_running,
                 LOG_FIELDS(LF_OPT("progress", w->progress), LF_UINT("duration_ms", took_ms)),
                 "a statement has been running for %llu s%s%s", (unsigned long long)took_ms / 1000,
                 w->progress[0] ? ": " : "", w->progress);
}

static void
on_seen(struct pgconn *c, const struct err *e, struct pgrows *rows, void *arg)
{
    (void)c;
    struct watch *w = arg;
    w->busy = false;
    if (!e && w->pid && pgrows_count_statements(rows) == 2) {
        take_blockers(w, rows);
        take_progress(w, pgrows_next(rows));
        tell(w);
    }
    pgrows_free(rows);
    if (w->cancel_pid)
        look(w);
    else if (w->pid)
        loop_timer_start(w->timer, LOOK_EVERY_MS);
}

/* The backends that are watched: mine (pid, blockers). A pooler may put something behind the name. */
static void
mine_sql(const struct watch *w, struct strbuf *sql)
{
    if (w->pid != WATCH_BY_NAME) {
        strbuf_addf(sql,
                    "WITH mine (pid, blockers) AS (SELECT %d, pg_catalog.pg_blocking_pids(%d)) ",
                    w->pid, w->pid);
        return;
    }
    strbuf_adds(sql,
                "WITH mine (pid, blockers) AS (SELECT a.pid, pg_catalog.pg_blocking_pids(a.pid)"
                " FROM pg_catalog.pg_stat_activity a WHERE a.state OPERATOR(pg_catalog.=) 'active'"
                " AND a.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()"
                " AND a.pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid()"
                " AND pg_catalog.\"left\"(a.application_name, pg_catalog.length(");
    quote_literal(sql, w->application);
    strbuf_adds(sql, ")) OPERATOR(pg_catalog.=) ");
    quote_literal(sql, w->application);
    strbuf_adds(sql, ") ");
}

/* Who holds what the backend waits for: sessions, and prepared transactions, which have none
 * (pg_blocking_pids gives 0 for each). */
static void
blockers_sql(const struct watch *w, struct strbuf *sql)
{
    mine_sql(w, sql);
    strbuf_adds(
        sql,
        "SELECT b.who, b.state, pg_catalog.floor(pg_catalog.date_part('epoch',"
        " pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) b.since)) FROM (SELECT"
        " pg_catalog.format('pid %s (%s)', a.pid, CASE WHEN a.application_name OPERATOR(pg_catalog.<>) '' THEN a.application_name ELSE 'no name' END),"
        " coalesce(a.state, 'running'), coalesce(a.xact_start, a.query_start, a.backend_start)"
        " FROM pg_catalog.pg_stat_activity a WHERE EXISTS (SELECT 1 FROM mine m"
        " WHERE a.pid OPERATOR(pg_catalog.=) ANY (m.blockers))"
        " UNION ALL SELECT pg_catalog.format('prepared transaction \"%s\" of %s"
        " (it ends by COMMIT PREPARED or ROLLBACK PREPARED)', p.gid, p.owner), 'open', p.prepared"
        " FROM pg_catalog.pg_prepared_xacts p WHERE EXISTS (SELECT 1"
        " FROM mine m, pg_catalog.pg_locks w, pg_catalog.pg_locks h, pg_catalog.pg_locks x"
        " WHERE NOT w.granted AND h.granted AND h.pid IS NULL AND x.pid IS NULL"
        " AND h.virtualtransaction OPERATOR(pg_catalog.=) x.virtualtransaction"
        " AND x.locktype OPERATOR(pg_catalog.=) 'transactionid'"
        " AND x.transactionid OPERATOR(pg_catalog.=) p.transaction"
        " AND pg_catalog.json_build_array(w.locktype, w.database, w.relation, w.page, w.tuple,"
        " w.transactionid, w.classid, w.objid, w.objsubid)::pg_catalog.text OPERATOR(pg_catalog.=)"
        " pg_catalog.json_build_array(h.locktype, h.database, h.relation, h.page, h.tuple,"
        " h.transactionid, h.classid, h.objid, h.objsubid)::pg_catalog.text"
        " AND w.pid OPERATOR(pg_catalog.=) m.pid AND 0 OPERATOR(pg_catalog.=) ANY (m.blockers)))"
        " b (who, state, since); ");
}

/* How far the server is. */
static void
progress_sql(const struct watch *w, struct strbuf *sql)
{
    mine_sql(w, sql);
    strbuf_adds(sql,
                "SELECT pg_catalog.format('VACUUM: %s', p.phase),"
                " CASE WHEN p.heap_blks_total OPERATOR(pg_catalog.>) 0 THEN p.heap_blks_scanned"
                " OPERATOR(pg_catalog.*) 100 OPERATOR(pg_catalog./) p.heap_blks_total END"
                " FROM pg_catalog.pg_stat_progress_vacuum p, mine m"
                " WHERE p.pid OPERATOR(pg_catalog.=) m.pid");
    if (w->server_version >= 120000)
        strbuf_adds(sql, " UNION ALL SELECT pg_catalog.format('%s: %s', p.command, p.phase),"
                         " CASE WHEN p.blocks_total OPERATOR(pg_catalog.>) 0 THEN p.blocks_done"
                         " OPERATOR(pg_catalog.*) 100 OPERATOR(pg_catalog./) p.blocks_total END"
                         " FROM pg_catalog.pg_stat_progress_create_index p, mine m"
                         " WHERE p.pid OPERATOR(pg_catalog.=) m.pid");
}

static void
ask(struct watch *w)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    blockers_sql(w, &sql);
    progress_sql(w, &sql);
    w->busy =
        !sql.failed && pgconn_query_start(w->conn, strbuf_str(&sql), sql.len,
                                          clock_deadline(LOOK_TIMEOUT_MS), on_seen, w, NULL) == 0;
}

static void
ask_cancel(struct watch *w)
{
    char sql[64];
    int n = snprintf(sql, sizeof(sql), "SELECT pg_catalog.pg_cancel_backend(%d)", w->cancel_pid);
    w->cancel_pid = 0;
    w->busy = pgconn_query_start(w->conn, sql, (size_t)n, clock_deadline(LOOK_TIMEOUT_MS), on_seen,
                                 w, NULL) == 0;
}

static void
on_connected(struct pgconn *c, const struct err *e, void *arg)
{
    (void)c;
    struct watch *w = arg;
    w->busy = false;
    if (e)
        log_debug(&event_watch, LOG_NONE, "no second connection: %s", e->msg);
    if (!e)
        look(w);
    else if (w->pid)
        loop_timer_start(w->timer, LOOK_EVERY_MS);
    if (e)
        w->cancel_pid = 0; /* later it might be another statement's turn */
}

static void
look(struct watch *w)
{
    if (w->busy || (!w->pid && !w->cancel_pid))
        return;
    if (!pgconn_connected(w->conn))
        w->busy = pgconn_connect_start(w->conn, clock_deadline(LOOK_TIMEOUT_MS), on_connected, w,
                                       NULL) == 0;
    else if (w->cancel_pid)
        ask_cancel(w);
    else
        ask(w);
}

void
watch_begin(struct watch *w, int pid, int server_version, uint64_t left_ms)
{
    uint64_t half_ms = left_ms / 2 > LOOK_AFTER_MIN_MS ? left_ms / 2 : LOOK_AFTER_MIN_MS;
    w->pid = pid;
    w->server_version = server_version;
    w->since_ms = clock_mono_ms();
    w->log_ms = w->since_ms;
    w->blockers[0] = '\0';
    w->progress[0] = '\0';
    loop_timer_start(w->timer, half_ms < w->look_after_ms ? (uint32_t)half_ms : w->look_after_ms);
}

void
watch_end(struct watch *w)
{
    w->pid = 0;
    w->cancel_pid = 0;
    progress_server(w->bar, "");
    loop_timer_cancel(w->timer);
}

const char *
watch_blockers(const struct watch *w)
{
    return w->blockers;
}

int
watch_cancel_start(struct watch *w, int pid)
{
    w->cancel_pid = pid;
    look(w);
    if (!w->busy)
        w->cancel_pid = 0;
    return w->busy ? 0 : -1;
}
