/* lock.c: the advisory lock. */
#include "migrate/db/lock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/digest.h"
#include "migrate/db/session.h"

int
lock_init(struct lock *l, const char *table, struct err *e)
{
    cleanup_strbuf struct strbuf seed = STRBUF_INIT;
    strbuf_addf(&seed, "release-runtime migrate %s", table);
    *l = (struct lock){0};
    if (seed.failed) /* or the key would be another one */
        return err_nomem(e);
    return digest_key64(strbuf_str(&seed), seed.len, &l->key, e);
}

/* How pg_locks shows a lock on one bigint. */
static void
add_key(const struct lock *l, struct strbuf *out)
{
    uint64_t key = (uint64_t)l->key;
    strbuf_addf(out,
                "l.locktype OPERATOR(pg_catalog.=) 'advisory' AND l.granted"
                " AND l.classid OPERATOR(pg_catalog.=) %u::pg_catalog.oid"
                " AND l.objid OPERATOR(pg_catalog.=) %u::pg_catalog.oid"
                " AND l.objsubid OPERATOR(pg_catalog.=) 1",
                (uint32_t)(key >> 32), (uint32_t)key);
}

/* The database goes without saying: this session's locks are in its own. */
void
lock_sql_proof(const struct lock *l, struct strbuf *out)
{
    strbuf_adds(out, "EXISTS (SELECT 1 FROM pg_catalog.pg_locks l WHERE l.pid"
                     " OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid() AND ");
    add_key(l, out);
    strbuf_addc(out, ')');
}

void
lock_sql_guard(const struct lock *l, struct strbuf *out)
{
    strbuf_addf(
        out,
        "SELECT 1 OPERATOR(pg_catalog./) CASE WHEN pg_catalog.pg_try_advisory_xact_lock(%lld)"
        " THEN 1 ELSE 0 END",
        (long long)l->key);
}

bool
lock_guard_refused(const struct err *e)
{
    return strcmp(e->sqlstate, "22012") == 0; /* division_by_zero */
}

int
lock_try(struct lock *l, struct session *s, struct err *e)
{
    char sql[96];
    int n = snprintf(sql, sizeof(sql), "SELECT pg_catalog.pg_try_advisory_lock(%lld)",
                     (long long)l->key);
    struct pgrows *rows = NULL;
    int result = session_query(s, sql, (size_t)n, &rows, e);
    if (result == 0)
        l->connection = session_is(rows, 0, "t") ? s->connection : 0;
    pgrows_free(rows);
    return result;
}

bool
lock_held(const struct lock *l, const struct session *s)
{
    return l->connection && l->connection == s->connection && pgconn_connected(s->work);
}

void
lock_forget(struct lock *l)
{
    l->connection = 0;
}

int
lock_find_holder(const struct lock *l, struct session *s, struct lock_holder *ret, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    strbuf_adds(
        &sql,
        "SELECT l.pid, coalesce(a.application_name, ''), pg_catalog.floor(pg_catalog.date_part('epoch',"
        " pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) a.backend_start))"
        " FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a"
        " ON a.pid OPERATOR(pg_catalog.=) l.pid WHERE ");
    add_key(l, &sql);
    strbuf_adds(&sql,
                " AND l.database OPERATOR(pg_catalog.=) (SELECT d.oid FROM pg_catalog.pg_database d"
                " WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())");
    struct pgrows *rows = NULL;
    int result = session_sql(s, &sql, &rows, e);
    *ret = (struct lock_holder){0};
    if (result == 0 && pgrows_count(rows) > 0) {
        const char *pid = pgrows_value(rows, 0, 0);
        const char *age = pgrows_value(rows, 0, 2);
        ret->pid = pid ? atoi(pid) : 0;
        ret->age_s = age ? strtoll(age, NULL, 10) : -1;
        const char *name = pgrows_value(rows, 0, 1);
        snprintf(ret->application, sizeof(ret->application), "%s", name ? name : "");
    }
    pgrows_free(rows);
    return result;
}

const char *
lock_describe(const struct lock_holder *h, char *buf, size_t size)
{
    const char *name = h->application[0] ? h->application : "no name";
    if (h->pid == 0)
        snprintf(buf, size, "just released");
    else if (h->age_s < 0)
        snprintf(buf, size, "%s (pid %d)", name, h->pid);
    else
        snprintf(buf, size, "%s (pid %d, since %lld s)", name, h->pid, (long long)h->age_s);
    return buf;
}

void
lock_release(struct lock *l, struct session *s)
{
    if (!lock_held(l, s))
        return;
    char sql[96];
    int n =
        snprintf(sql, sizeof(sql), "SELECT pg_catalog.pg_advisory_unlock(%lld)", (long long)l->key);
    struct err ignored = {0};
    IGNORED(session_query(s, sql, (size_t)n, NULL, &ignored));
    lock_forget(l);
}
