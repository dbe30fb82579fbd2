/* look.c: our own locks, as the server shows them. */
#include "migrate/rehearse/look.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "migrate/db/ledger.h"
#include "migrate/db/session.h"
#include "migrate/sql/quote.h"

/* Objects of the server's own are below (PostgreSQL: FirstNormalObjectId). */
#define FIRST_OID "16384::pg_catalog.oid"

static uint32_t
oid_of(const struct pgrows *rows, int row, int column)
{
    const char *value = pgrows_value(rows, row, column);
    return value ? (uint32_t)strtoul(value, NULL, 10) : 0;
}

static int64_t
number_of(const struct pgrows *rows, int row, int column)
{
    const char *value = pgrows_value(rows, row, column);
    return value ? strtoll(value, NULL, 10) : -1;
}

/* ---- before ---- */

/*
 * The size asks for the weakest lock on table and indexes, which waits only for AccessExclusiveLock: of those that are held or
 * waited for now no size is asked.
 */
static void
sql_before(const struct ledger_table *ours, struct strbuf *sql)
{
    strbuf_adds(
        sql,
        "SELECT c.oid, n.nspname, c.relname, c.relkind, pg_catalog.pg_relation_filenode(c.oid),"
        " coalesce(x.indrelid, o.oid), CASE WHEN x.indrelid IS NULL THEN h.inhparent END,"
        " CASE WHEN c.reltuples OPERATOR(pg_catalog.>=) 0 THEN c.reltuples::pg_catalog.int8 END,"
        " CASE WHEN c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'm']::pg_catalog.\"char\"[])"
        " AND NOT c.oid OPERATOR(pg_catalog.=) ANY (SELECT coalesce(i.indrelid, l.relation)"
        " FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_index i ON i.indexrelid OPERATOR(pg_catalog.=) l.relation"
        " WHERE l.mode OPERATOR(pg_catalog.=) 'AccessExclusiveLock' AND l.relation IS NOT NULL)"
        " THEN pg_catalog.pg_total_relation_size(c.oid) END, pg_catalog.current_database()"
        " FROM pg_catalog.pg_class c"
        " JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace"
        " LEFT JOIN pg_catalog.pg_index x ON x.indexrelid OPERATOR(pg_catalog.=) c.oid"
        " LEFT JOIN pg_catalog.pg_class o ON o.reltoastrelid OPERATOR(pg_catalog.=) c.oid"
        " LEFT JOIN pg_catalog.pg_inherits h ON h.inhrelid OPERATOR(pg_catalog.=) c.oid AND c.relispartition"
        " WHERE c.oid OPERATOR(pg_catalog.>=) " FIRST_OID
        " AND c.relpersistence OPERATOR(pg_catalog.<>) 't'"
        " AND NOT (n.nspname OPERATOR(pg_catalog.=) ");
    quote_literal(sql, ours->schema);
    strbuf_adds(sql, " AND c.relname OPERATOR(pg_catalog.=) ANY (ARRAY[");
    quote_literal(sql, ours->table);
    strbuf_adds(sql, ", ");
    cleanup_strbuf struct strbuf steps = STRBUF_INIT;
    strbuf_addf(&steps, "%s_step", ours->table);
    quote_literal(sql, strbuf_str(&steps));
    strbuf_adds(sql, "]::pg_catalog.name[]))");
    sql->failed = sql->failed || steps.failed;
}

static int
add_relation(const struct pgrows *rows, int row, struct relations *ret, struct err *e)
{
    const char *schema = pgrows_value(rows, row, 1);
    const char *name = pgrows_value(rows, row, 2);
    const char *kind = pgrows_value(rows, row, 3);
    if (!schema || !name || !kind)
        return err_set(e, ERR_PROTOCOL, "the server did not return the names of the relations");
    const struct relation rel = {.oid = oid_of(rows, row, 0),
                                 .schema = schema,
                                 .name = name,
                                 .kind = *kind,
                                 .filenode = oid_of(rows, row, 4),
                                 .owner = oid_of(rows, row, 5),
                                 .parent = oid_of(rows, row, 6),
                                 .rows = number_of(rows, row, 7),
                                 .bytes = number_of(rows, row, 8)};
    return relations_add(ret, &rel, e);
}

int
look_before(struct session *s, const struct ledger_table *ours, struct relations *ret,
            char **ret_database, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct relations all = {0};
    struct pgrows *rows = NULL;
    char *database = NULL;
    sql_before(ours, &sql);
    int result = session_sql(s, &sql, &rows, e);
    for (int i = 0; result == 0 && i < pgrows_count(rows); i++)
        result = add_relation(rows, i, &all, e);
    const char *name = result == 0 && pgrows_count(rows) ? pgrows_value(rows, 0, 9) : NULL;
    if (name && !(database = strdup(name)))
        result = err_nomem(e);
    pgrows_free(rows);
    if (result == 0)
        result = relations_ready(&all, e);
    if (result != 0) {
        free(database);
        relations_done(&all);
        return err_wrap(e, "cannot read the relations of the database");
    }
    *ret = all;
    *ret_database = database;
    return 0;
}

/* ---- behind a statement ---- */

static bool
can_name(const struct session *s)
{
    return strcmp(pgconn_setting(s->work, "client_encoding"), "UTF8") == 0;
}

static void
sql_now(bool names, struct strbuf *sql)
{
    strbuf_adds(sql, "SELECT l.relation, l.mode, pg_catalog.pg_relation_filenode(l.relation)");
    strbuf_adds(sql, names ? ", n.nspname, c.relname" : ", NULL, NULL");
    strbuf_adds(sql, " FROM pg_catalog.pg_locks l");
    if (names)
        strbuf_adds(
            sql,
            " LEFT JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) l.relation"
            " LEFT JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace");
    strbuf_adds(sql, " WHERE l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid() AND l.granted"
                     " AND l.locktype OPERATOR(pg_catalog.=) 'relation'"
                     " AND l.relation OPERATOR(pg_catalog.>=) " FIRST_OID);
}

static struct relations_lock
lock_of(const struct pgrows *rows, int row)
{
    const char *mode = pgrows_value(rows, row, 1);
    return (struct relations_lock){.oid = oid_of(rows, row, 0),
                                   .mode = mode ? lockmode_parse(mode) : LOCKMODE_NONE,
                                   .filenode = oid_of(rows, row, 2),
                                   .schema = pgrows_value(rows, row, 3),
                                   .name = pgrows_value(rows, row, 4)};
}

int
look_now(struct session *s, struct relations *r, struct pgrows **ret, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    sql_now(can_name(s), &sql);
    if (session_sql(s, &sql, ret, e) != 0)
        return err_wrap(e, "cannot read the locks");
    relations_look(r);
    for (int i = 0; i < pgrows_count(*ret); i++) {
        const struct relations_lock lock = lock_of(*ret, i);
        relations_see(r, &lock);
    }
    return 0;
}

int
look_renamed(const struct pgrows *rows, struct relations *r, struct err *e)
{
    for (int i = 0; i < pgrows_count(rows); i++) {
        const struct relations_lock lock = lock_of(rows, i);
        if (relations_rename(r, &lock, e) != 0)
            return -1;
    }
    return 0;
}
