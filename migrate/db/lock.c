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

void
lock_add(struct lock *l, const struct layout *layout, const struct layout_place *at,
         const char *database)
{
    l->also_n = layout->lock_keys ? layout->lock_keys(at, database, l->also) : 0;
}

/* How pg_locks shows a lock on one bigint. */
static void
add_key(int64_t signed_key, struct strbuf *out)
{
    uint64_t key = (uint64_t)signed_key;
    strbuf_addf(out,
                "(l.locktype OPERATOR(pg_catalog.=) 'advisory' AND l.granted"
                " AND l.classid OPERATOR(pg_catalog.=) %u::pg_catalog.oid"
                " AND l.objid OPERATOR(pg_catalog.=) %u::pg_catalog.oid"
                " AND l.objsubid OPERATOR(pg_catalog.=) 1)",
                (uint32_t)(key >> 32), (uint32_t)key);
}

/* The database goes without saying: this session's locks are in its own. */
static void
add_proof(int64_t key, struct strbuf *out)
{
    strbuf_adds(out, "EXISTS (SELECT 1 FROM pg_catalog.pg_locks l WHERE l.pid"
                     " OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid() AND ");
    add_key(key, out);
    strbuf_addc(out, ')');
}

void
lock_sql_guard(const struct lock *l, struct strbuf *out)
{
    strbuf_addf(
        out, "SELECT 1 OPERATOR(pg_catalog./) CASE WHEN pg_catalog.pg_try_advisory_xact_lock(%lld)",
        (long long)l->key);
    for (size_t i = 0; i < l->also_n; i++)
        strbuf_addf(out, " AND pg_catalog.pg_try_advisory_xact_lock(%lld)", (long long)l->also[i]);
    strbuf_adds(out, " THEN 1 ELSE 0 END");
}

bool
lock_guard_refused(const struct err *e)
{
    return strcmp(e->sqlstate, "22012") == 0; /* division_by_zero */
}

void
lock_sql_proof(const struct lock *l, struct strbuf *out)
{
    add_proof(l->key, out);
    for (size_t i = 0; i < l->also_n; i++) {
        strbuf_adds(out, " AND ");
        add_proof(l->also[i], out);
    }
}

static int
try_key(int64_t key, struct session *s, bool *ret, struct err *e)
{
    char sql[96];
    int n =
        snprintf(sql, sizeof(sql), "SELECT pg_catalog.pg_try_advisory_lock(%lld)", (long long)key);
    struct pgrows *rows = NULL;
    int result = session_query(s, sql, (size_t)n, &rows, e);
    *ret = result == 0 && session_is(rows, 0, "t");
    pgrows_free(rows);
    return result;
}

static int
release_key(int64_t key, struct session *s, struct err *e)
{
    char sql[96];
    int n =
        snprintf(sql, sizeof(sql), "SELECT pg_catalog.pg_advisory_unlock(%lld)", (long long)key);
    return session_query(s, sql, (size_t)n, NULL, e);
}

/* *ret: how many of them are held now; fewer than all, when somebody has the next. */
static int
try_also(const struct lock *l, struct session *s, size_t *ret, struct err *e)
{
    bool held = true;
    *ret = 0;
    while (held && *ret < l->also_n) {
        if (try_key(l->also[*ret], s, &held, e) != 0)
            return -1;
        *ret += held;
    }
    return 0;
}

/* Ours comes first, so that of many runners one alone asks for the others. */
int
lock_try(struct lock *l, struct session *s, struct err *e)
{
    bool held;
    size_t n;
    l->connection = 0;
    if (try_key(l->key, s, &held, e) != 0)
        return -1;
    if (!held)
        return 0;
    if (try_also(l, s, &n, e) != 0)
        return -1;
    if (n == l->also_n) {
        l->connection = s->connection;
        return 0;
    }
    while (n > 0)
        if (release_key(l->also[--n], s, e) != 0)
            return -1;
    return release_key(l->key, s, e);
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
        " ON a.pid OPERATOR(pg_catalog.=) l.pid WHERE (");
    add_key(l->key, &sql);
    for (size_t i = 0; i < l->also_n; i++) {
        strbuf_adds(&sql, " OR ");
        add_key(l->also[i], &sql);
    }
    strbuf_adds(
        &sql, ") AND l.database OPERATOR(pg_catalog.=) (SELECT d.oid FROM pg_catalog.pg_database d"
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
        snprintf(buf, size, "%s (pid %d, for %lld s)", name, h->pid, (long long)h->age_s);
    return buf;
}

void
lock_release(struct lock *l, struct session *s)
{
    if (!lock_held(l, s))
        return;
    struct err ignored = {0};
    for (size_t i = 0; i < l->also_n; i++)
        IGNORED(release_key(l->also[i], s, &ignored));
    IGNORED(release_key(l->key, s, &ignored));
    lock_forget(l);
}
