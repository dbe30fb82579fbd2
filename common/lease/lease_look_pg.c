/*
 * lease_look_pg.c: the rows of cronrun_job, and the advisory locks that are really held.
 *
 * One statement asks for both, so that a lock that changes hands meanwhile is seen at about one moment. pg_locks shows the key's
 * halves as classid and objid, objsubid 1 (PostgreSQL's manual, "pg_locks"). A row that nobody has released belongs to the session
 * that holds the lock if it is not older than that session; an older one is of a holder that has gone.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "common/lease/lease_look_impl.h"
#include "common/lease/lease_impl.h"
#include "common/pg/pgconn.h"

/* Columns of the answer. */
enum { KIND, NAME, FENCE, HOLDER, OPEN, SINCE, SINCE_MS, OUTCOME, END };

static const char jobs_sql[] =
    "(SELECT 'job', name, fence::text, left(holder, 500), (released_at IS NULL)::text, "
    "to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), "
    "(extract(epoch FROM since) * 1000)::bigint::text, left(last_outcome, 31), "
    "to_char(last_end AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') "
    "FROM cronrun_job WHERE octet_length(name) <= 200 AND ($1::text[] IS NULL OR name = ANY ($1::text[])) "
    "ORDER BY name LIMIT 10001) UNION ALL ";
static const char locks_sql[] =
    "SELECT 'lock', ((l.classid::bigint << 32) | l.objid::bigint)::text, NULL, "
    "coalesce(host(a.client_addr), CASE WHEN a.backend_start IS NOT NULL THEN 'localhost' END), NULL, "
    "to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), "
    "(extract(epoch FROM a.backend_start) * 1000)::bigint::text, NULL, NULL "
    "FROM pg_locks l LEFT JOIN pg_stat_activity a USING (pid) "
    "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND $1::text[] IS NOT DISTINCT FROM $1::text[] "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())";

struct talk {
    struct look_wait wait;
    struct pgconn *conn;
    struct pgrows *rows; /* owned */
};

static void
on_connected(struct pgconn *c, const struct err *e, void *arg)
{
    (void)c;
    look_wait_end(&((struct talk *)arg)->wait, e);
}

static void
on_rows(struct pgconn *c, const struct err *e, struct pgrows *rows, void *arg)
{
    pgrows_free(((struct talk *)arg)->rows);
    ((struct talk *)arg)->rows = rows;
    on_connected(c, e, arg);
}

static int
ask(struct talk *t, const char *sql, const struct pgconn_params *params, struct err *e)
{
    look_wait_begin(&t->wait);
    if (pgconn_exec_start(t->conn, sql, params, t->wait.deadline_ms, on_rows, t, e) < 0)
        return -1;
    return look_wait_for(&t->wait, e);
}

static bool
is_true(const struct pgrows *rows, int row, int column)
{
    const char *value = pgrows_value(rows, row, column);
    return value && value[0] == 't';
}

static const char *
text_of(const struct pgrows *rows, int row, int column)
{
    const char *value = pgrows_value(rows, row, column);
    return value ? value : "";
}

/* "{a,b}": names have no letter that an array would need to have quoted. Owned; NULL: all of them, or no memory. */
static char *
array_of(const struct lease_asked *asked)
{
    struct strbuf b = STRBUF_INIT;
    strbuf_addc(&b, '{');
    for (size_t i = 0; i < asked->n; i++)
        strbuf_addf(&b, "%s\"%s\"", i ? "," : "", asked->names[i]);
    strbuf_addc(&b, '}');
    return strbuf_steal(&b);
}

/* ---- what it means ---- */

static void
read_row(const struct pgrows *rows, int row, struct lease_look *look)
{
    const char *line = text_of(rows, row, HOLDER);
    look->fence = strtoull(text_of(rows, row, FENCE), NULL, 10);
    if (!lease_holder_parse(line, strlen(line), &look->holder))
        snprintf(look->holder.since, sizeof(look->holder.since), "%s", text_of(rows, row, SINCE));
    snprintf(look->last_outcome, sizeof(look->last_outcome), "%s", text_of(rows, row, OUTCOME));
    snprintf(look->last_end, sizeof(look->last_end), "%s", text_of(rows, row, END));
    look->state = is_true(rows, row, OPEN) ? LEASE_LEFT : LEASE_FREE;
}

/* The locks that are held, by key. */
struct held {
    int64_t key;
    int row;
};
struct locks {
    struct held *items; /* owned */
    size_t n;
};

static int
by_key(const void *a, const void *b)
{
    int64_t x = ((const struct held *)a)->key, y = ((const struct held *)b)->key;
    return x < y ? -1 : x > y;
}

static int
locks_read(const struct pgrows *rows, struct locks *ret, struct err *e)
{
    ret->items = calloc((size_t)pgrows_count(rows) + 1, sizeof(*ret->items));
    if (!ret->items)
        return err_nomem(e);
    for (int i = 0; i < pgrows_count(rows); i++)
        if (strcmp(text_of(rows, i, KIND), "lock") == 0)
            ret->items[ret->n++] = (struct held){strtoll(text_of(rows, i, NAME), NULL, 10), i};
    qsort(ret->items, ret->n, sizeof(*ret->items), by_key);
    return 0;
}

/* since_ms: of the row. A session whose start is hidden from this role may be the row's. */
static void
read_lock(const struct pgrows *rows, int lock, int64_t since_ms, struct lease_look *look)
{
    const char *begun = text_of(rows, lock, SINCE_MS);
    bool same = look->state == LEASE_LEFT && since_ms >= strtoll(begun, NULL, 10);
    look->state = LEASE_HELD;
    if (same)
        return;
    look->holder = (struct lease_holder){0};
    snprintf(look->holder.host, sizeof(look->holder.host), "%s", text_of(rows, lock, HOLDER));
    snprintf(look->holder.since, sizeof(look->holder.since), "%s", text_of(rows, lock, SINCE));
}

static struct lease_look *
look_for(struct lease_looks *looks, const char *name, bool all, struct err *e)
{
    if (all)
        return lease_looks_add(looks, name, strlen(name), e);
    return (struct lease_look *)lease_looks_find(looks, name);
}

static int
read_jobs(const struct pgrows *rows, const struct lease_asked *asked, int64_t *since_ms,
          struct lease_looks *looks, struct err *e)
{
    if (lease_looks_asked(looks, asked, e) < 0)
        return -1;
    for (int i = 0; i < pgrows_count(rows); i++) {
        if (strcmp(text_of(rows, i, KIND), "job") != 0)
            break;
        struct lease_look *look = look_for(looks, text_of(rows, i, NAME), !asked->names, e);
        if (!look && !asked->names)
            return -1;
        if (!look)
            continue;
        read_row(rows, i, look);
        since_ms[look - looks->items] = strtoll(text_of(rows, i, SINCE_MS), NULL, 10);
    }
    return 0;
}

static int
read_answer(const struct pgrows *rows, const struct lease_asked *asked, struct lease_looks *looks,
            struct err *e)
{
    struct locks locks = {0};
    cleanup_free int64_t *since_ms = calloc(LEASE_LOOKS_MAX, sizeof(*since_ms));
    if (!since_ms)
        return err_nomem(e);
    int status = locks_read(rows, &locks, e);
    if (status == 0)
        status = read_jobs(rows, asked, since_ms, looks, e);
    for (size_t i = 0; status == 0 && i < looks->n; i++) {
        struct held wanted = {0};
        status = lease_pg_key(looks->items[i].name, &wanted.key, e);
        const struct held *found =
            locks.n ? bsearch(&wanted, locks.items, locks.n, sizeof(wanted), by_key) : NULL;
        if (status == 0 && found)
            read_lock(rows, found->row, since_ms[i], &looks->items[i]);
    }
    free(locks.items);
    if (status == 0)
        lease_looks_sort(looks);
    return status;
}

/* ---- asking ---- */

static int
ask_all(struct talk *t, const struct lease_asked *asked, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    cleanup_free char *array = asked->names ? array_of(asked) : NULL;
    if (asked->names && !array)
        return err_nomem(e);
    if (ask(t, "SELECT pg_is_in_recovery(), to_regclass('cronrun_job') IS NOT NULL",
            &(struct pgconn_params){0}, e) < 0)
        return -1;
    if (is_true(t->rows, 0, 0))
        return err_set(e, ERR_SERVER,
                       "this is a standby, which does not show the locks of its primary");
    bool has_table = is_true(t->rows, 0, 1);
    if (!has_table && !asked->names)
        return err_set(
            e, ERR_SERVER,
            "there is no table cronrun_job that names the jobs; use --name to ask about one");
    strbuf_adds(&sql, has_table ? jobs_sql : "");
    strbuf_adds(&sql, locks_sql);
    if (sql.failed)
        return err_nomem(e);
    const char *const values[] = {array};
    return ask(t, strbuf_str(&sql), &(struct pgconn_params){1, values}, e);
}

static int
talk(struct talk *t, const struct lease_asked *asked, struct lease_looks *ret, struct err *e)
{
    struct lease_looks looks = {0};
    if (pgconn_connect_start(t->conn, t->wait.deadline_ms, on_connected, t, e) < 0 ||
        look_wait_for(&t->wait, e) < 0 || ask_all(t, asked, e) < 0)
        return -1;
    if (read_answer(t->rows, asked, &looks, e) < 0) {
        lease_looks_done(&looks);
        return -1;
    }
    *ret = looks;
    return 0;
}

int
lease_look_pg(struct loop *l, struct resolver *r, struct target_pg *target,
              const struct lease_asked *asked, uint64_t deadline_ms, struct lease_looks *ret,
              struct err *e)
{
    struct talk t = {.wait = {.loop = l, .deadline_ms = deadline_ms}};
    t.conn = pgconn_new(l, r, target, "cronrun status", e);
    if (!t.conn)
        return -1;
    int status = talk(&t, asked, ret, e);
    pgconn_free(t.conn);
    pgrows_free(t.rows);
    return status;
}
