/* catalog.c: questions to the catalog, and their answers. */
#include "migrate/apply/catalog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/pg/pgconn.h"
#include "migrate/db/session.h"
#include "migrate/sql/quote.h"

static void
add_text(struct strbuf *sql, const char *text, size_t bytes)
{
    cleanup_strbuf struct strbuf copy = STRBUF_INIT;
    strbuf_add(&copy, text, bytes);
    quote_literal(sql, strbuf_str(&copy));
    sql->failed |= copy.failed;
}

static void
add_class(struct strbuf *sql, const struct task_name *name)
{
    strbuf_adds(sql, "pg_catalog.to_regclass(");
    add_text(sql, name->text, name->bytes);
    strbuf_addc(sql, ')');
}

/* ---- indexes ---- */

/* The table itself, its partitions and what is too long for it. */
static void
add_tables(struct strbuf *sql, const struct session *s, const struct strbuf *table)
{
    const char *t = strbuf_str(table);
    strbuf_addf(
        sql,
        "i.indrelid OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT x.oid FROM pg_catalog.pg_class x"
        " WHERE x.oid OPERATOR(pg_catalog.=) %s UNION SELECT x.reltoastrelid FROM pg_catalog.pg_class x"
        " WHERE x.oid OPERATOR(pg_catalog.=) %s",
        t, t);
    if (pgconn_server_version(s->work) >= 120000)
        strbuf_addf(sql,
                    " UNION SELECT p.relid::pg_catalog.oid FROM pg_catalog.pg_partition_tree(%s) p",
                    t);
    strbuf_adds(sql, "))");
}

/* A condition on pg_index i and pg_class c: the indexes that the statement may touch. False: none. */
static bool
add_scope(struct strbuf *sql, const struct session *s, const struct task *t)
{
    cleanup_strbuf struct strbuf table = STRBUF_INIT;
    if (t->kind == TASK_CREATE_INDEX) {
        strbuf_adds(sql, "i.indrelid OPERATOR(pg_catalog.=) ");
        add_class(sql, &t->table);
        return true;
    }
    if (t->kind != TASK_REINDEX)
        return false;
    if (t->object == TASK_SCHEMA && t->name.text) {
        strbuf_adds(sql, "c.relnamespace OPERATOR(pg_catalog.=) pg_catalog.to_regnamespace(");
        add_text(sql, t->name.text, t->name.bytes);
        strbuf_addc(sql, ')');
    } else if (t->object == TASK_TABLE && t->name.text) {
        add_class(&table, &t->name);
        add_tables(sql, s, &table);
    } else if (t->object == TASK_INDEX && t->name.text) {
        strbuf_adds(&table, "(SELECT o.indrelid FROM pg_catalog.pg_index o WHERE o.indexrelid"
                            " OPERATOR(pg_catalog.=) ");
        add_class(&table, &t->name);
        strbuf_addc(&table, ')');
        add_tables(sql, s, &table);
    } else {
        strbuf_adds(sql, "true");
    }
    sql->failed |= table.failed;
    return true;
}

int
catalog_indexes(struct session *s, const struct task *t, struct strbuf *out, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct pgrows *rows = NULL;
    strbuf_adds(
        &sql, "SELECT pg_catalog.array_agg(c.oid) FROM pg_catalog.pg_index i, pg_catalog.pg_class c"
              " WHERE c.oid OPERATOR(pg_catalog.=) i.indexrelid AND ");
    bool any = add_scope(&sql, s, t);
    int result = any ? session_sql(s, &sql, &rows, e) : 0;
    const char *found =
        any && result == 0 && pgrows_count(rows) == 1 ? pgrows_value(rows, 0, 0) : NULL;
    strbuf_adds(out, found ? found : "{}");
    pgrows_free(rows);
    return result;
}

enum { COL_NAME, COL_VALID, COL_OLD, COL_NAMED, COL_NEW_COPY, COL_OLD_COPY };

static void
indexes_sql(struct strbuf *sql, const struct session *s, const struct task *t, const char *indexes)
{
    strbuf_adds(sql, "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), i.indisvalid, c.oid"
                     " OPERATOR(pg_catalog.=) ANY (");
    quote_literal(sql, indexes);
    strbuf_adds(sql, "::pg_catalog.oid[]), ");
    if (t->kind == TASK_CREATE_INDEX && t->name.text) {
        strbuf_adds(sql, "c.relname OPERATOR(pg_catalog.=) (pg_catalog.parse_ident(");
        add_text(sql, t->name.text, t->name.bytes);
        strbuf_adds(sql, "))[1]::pg_catalog.name");
    } else {
        strbuf_adds(sql, "false");
    }
    strbuf_adds(
        sql,
        ", c.relname::pg_catalog.text OPERATOR(pg_catalog.~) '_ccnew[0-9]*$',"
        " c.relname::pg_catalog.text OPERATOR(pg_catalog.~) '_ccold[0-9]*$'"
        " FROM pg_catalog.pg_index i, pg_catalog.pg_class c, pg_catalog.pg_namespace n"
        " WHERE c.oid OPERATOR(pg_catalog.=) i.indexrelid AND n.oid OPERATOR(pg_catalog.=) c.relnamespace"
        " AND c.relkind OPERATOR(pg_catalog.=) 'i' AND ");
    add_scope(sql, s, t);
}

static bool
is_true(const struct pgrows *rows, int i, int column)
{
    const char *value = pgrows_value(rows, i, column);
    return value && *value == 't';
}

/* PostgreSQL's manual, "REINDEX": what a failed REINDEX CONCURRENTLY leaves, and that both may be dropped. */
static bool
is_left_by_reindex(const struct pgrows *rows, int i)
{
    return !is_true(rows, i, COL_VALID) &&
           ((is_true(rows, i, COL_NEW_COPY) && !is_true(rows, i, COL_OLD)) ||
            is_true(rows, i, COL_OLD_COPY));
}

/* One index of the table; true: the statement left it. */
static bool
take_index(const struct task *t, const struct pgrows *rows, int i, struct resume_seen *seen)
{
    bool valid = is_true(rows, i, COL_VALID);
    bool old = is_true(rows, i, COL_OLD);
    bool named = is_true(rows, i, COL_NAMED);
    if (t->kind == TASK_REINDEX)
        return is_left_by_reindex(rows, i);
    if (named) {
        seen->exists = true;
        seen->valid = valid;
        seen->old = old;
    }
    bool ours = named || !t->name.text || !seen->same; /* another text may have had another name */
    seen->fresh += !t->name.text && valid && !old;
    return ours && !valid && !old;
}

static int
look_at_indexes(struct session *s, const struct task *t, const char *indexes,
                struct resume_seen *seen, struct strbuf **ret_drop, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct pgrows *rows = NULL;
    indexes_sql(&sql, s, t, indexes);
    if (session_sql(s, &sql, &rows, e) != 0) {
        pgrows_free(rows);
        return -1;
    }
    struct strbuf *drop = calloc((size_t)pgrows_count(rows) + 1, sizeof(*drop));
    bool failed = drop == NULL;
    for (int i = 0; drop && i < pgrows_count(rows); i++) {
        if (!take_index(t, rows, i, seen))
            continue;
        const char *name = pgrows_value(rows, i, COL_NAME);
        strbuf_adds(&drop[seen->leftovers], name ? name : "");
        failed |= drop[seen->leftovers++].failed;
    }
    pgrows_free(rows);
    *ret_drop = drop;
    return failed ? err_nomem(e) : 0;
}

void
catalog_drop_free(struct strbuf *drop, size_t n)
{
    for (size_t i = 0; drop && i < n; i++)
        strbuf_done(&drop[i]);
    free(drop);
}

/* ---- everything else ---- */

static void
object_sql(struct strbuf *sql, const struct task *t)
{
    static const struct {
        enum task_object object;
        const char *from;
    } rows[] = {
        {TASK_DATABASE, "pg_catalog.pg_database o WHERE o.datname"},
        {TASK_TABLESPACE, "pg_catalog.pg_tablespace o WHERE o.spcname"},
        {TASK_SUBSCRIPTION,
         "pg_catalog.pg_subscription o, pg_catalog.pg_database d WHERE d.oid OPERATOR(pg_catalog.=) o.subdbid"
         " AND d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database() AND o.subname"},
    };
    if (t->object == TASK_PREPARED) {
        strbuf_adds(
            sql,
            "SELECT false FROM pg_catalog.pg_prepared_xacts o WHERE o.gid OPERATOR(pg_catalog.=) ");
        strbuf_add(sql, t->name.text, t->name.bytes); /* a literal already */
        return;
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (rows[i].object == t->object)
            strbuf_addf(sql, "SELECT false FROM %s OPERATOR(pg_catalog.=) (pg_catalog.parse_ident(",
                        rows[i].from);
    add_text(sql, t->name.text, t->name.bytes);
    strbuf_adds(sql, "))[1]::pg_catalog.name");
}

static void
partition_sql(struct strbuf *sql, const struct task *t)
{
    strbuf_adds(
        sql,
        "SELECT coalesce(pg_catalog.to_jsonb(h) OPERATOR(pg_catalog.->>) 'inhdetachpending', 'false')"
        " OPERATOR(pg_catalog.=) 'true' FROM pg_catalog.pg_inherits h WHERE h.inhparent"
        " OPERATOR(pg_catalog.=) ");
    add_class(sql, &t->table);
    strbuf_adds(sql, " AND h.inhrelid OPERATOR(pg_catalog.=) ");
    add_class(sql, &t->name);
}

static int
look_at_object(struct session *s, const struct task *t, struct resume_seen *seen, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct pgrows *rows = NULL;
    if (t->kind == TASK_DETACH) {
        partition_sql(&sql, t);
    } else if (t->kind == TASK_DROP_INDEX) {
        strbuf_adds(&sql, "SELECT false WHERE ");
        add_class(&sql, &t->name);
        strbuf_adds(&sql, " IS NOT NULL");
    } else {
        object_sql(&sql, t);
    }
    int result = session_sql(s, &sql, &rows, e);
    if (result == 0 && pgrows_count(rows) > 0) {
        seen->exists = true;
        seen->pending = is_true(rows, 0, 0);
    }
    pgrows_free(rows);
    return result;
}

int
catalog_look(struct session *s, const struct task *t, const char *indexes, struct resume_seen *ret,
             struct strbuf **ret_drop, struct err *e)
{
    *ret_drop = NULL;
    switch (t->kind) {
    case TASK_CREATE_INDEX:
    case TASK_REINDEX:
        return look_at_indexes(s, t, indexes, ret, ret_drop, e);
    case TASK_DROP_INDEX:
    case TASK_DETACH:
    case TASK_CREATE:
    case TASK_DROP:
        return look_at_object(s, t, ret, e);
    case TASK_UNKNOWN:
    case TASK_SESSION:
    case TASK_AGAIN:
        break;
    }
    return 0;
}

/* ---- who is at it ---- */

/* It runs the statement, word for word: the server keeps the beginning of a query. */
static void
add_same(struct strbuf *sql, const struct catalog_question *q)
{
    if (!q->text) {
        strbuf_adds(sql, "false");
        return;
    }
    strbuf_adds(sql, "coalesce(a.query OPERATOR(pg_catalog.<>) '' AND pg_catalog.strpos(");
    add_text(sql, q->text, q->bytes);
    strbuf_adds(sql, ", a.query) OPERATOR(pg_catalog.=) 1, false)");
}

/* It is the backend of the intent, or whichever runs the statement; or it builds an index on the same table. */
static void
add_suspects(struct strbuf *sql, const struct session *s, const struct catalog_question *q)
{
    if (q->pid)
        strbuf_addf(
            sql,
            "(a.pid OPERATOR(pg_catalog.=) %d AND (pg_catalog.date_part('epoch', a.backend_start)"
            " OPERATOR(pg_catalog.*) 1000000)::pg_catalog.int8 OPERATOR(pg_catalog.=) %lld)",
            q->pid, (long long)q->since_us);
    else
        add_same(sql, q);
    if (q->task->kind == TASK_CREATE_INDEX && pgconn_server_version(s->work) >= 120000) {
        strbuf_adds(
            sql,
            " OR a.pid OPERATOR(pg_catalog.=) ANY (SELECT p.pid FROM"
            " pg_catalog.pg_stat_progress_create_index p WHERE p.relid OPERATOR(pg_catalog.=) ");
        add_class(sql, &q->task->table);
        strbuf_addc(sql, ')');
    }
}

static void
worker_sql(struct strbuf *sql, const struct session *s, const struct catalog_question *q)
{
    strbuf_adds(
        sql,
        "SELECT a.pid, coalesce(a.application_name, ''), pg_catalog.floor(pg_catalog.date_part('epoch',"
        " pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) a.query_start)), ");
    add_same(sql, q);
    strbuf_adds(
        sql,
        " FROM pg_catalog.pg_stat_activity a WHERE a.pid OPERATOR(pg_catalog.<>)"
        " pg_catalog.pg_backend_pid() AND coalesce(a.state, 'active') OPERATOR(pg_catalog.=) 'active'"
        " AND a.datname OPERATOR(pg_catalog.=) pg_catalog.current_database() AND (");
    add_suspects(sql, s, q);
    strbuf_adds(sql, ") LIMIT 1");
}

int
catalog_find_worker(struct session *s, const struct catalog_question *q, struct catalog_worker *ret,
                    struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct pgrows *rows = NULL;
    *ret = (struct catalog_worker){.age_s = -1};
    worker_sql(&sql, s, q);
    int result = session_sql(s, &sql, &rows, e);
    if (result == 0 && pgrows_count(rows) > 0) {
        const char *pid = pgrows_value(rows, 0, 0);
        const char *name = pgrows_value(rows, 0, 1);
        const char *age = pgrows_value(rows, 0, 2);
        ret->pid = pid ? atoi(pid) : 0;
        ret->age_s = age ? strtoll(age, NULL, 10) : -1;
        ret->certain = is_true(rows, 0, 3);
        snprintf(ret->application, sizeof(ret->application), "%s", name ? name : "");
    }
    pgrows_free(rows);
    return result;
}
