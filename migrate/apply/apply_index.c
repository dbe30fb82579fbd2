/*
 * apply_index.c: CREATE INDEX … IF NOT EXISTS passes over an index of that name that is INVALID,
 * the remains of a CREATE INDEX CONCURRENTLY, and the file would count as applied.
 */
#include "common/base/cleanup.h"
#include "migrate/apply/apply.h"
#include "migrate/sql/quote.h"
#include "migrate/sql/task.h"

static void
add_text(struct strbuf *sql, const char *text, size_t bytes)
{
    cleanup_strbuf struct strbuf copy = STRBUF_INIT;
    strbuf_add(&copy, text, bytes);
    quote_literal(sql, strbuf_str(&copy));
}

/* The parent of a partitioned index is INVALID by design until each partition has its own. */
static void
claim_sql(const struct task *t, struct strbuf *sql)
{
    strbuf_adds(sql,
                "SELECT 1 FROM pg_catalog.pg_index i, pg_catalog.pg_class c, pg_catalog.pg_class t"
                " WHERE t.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass(");
    add_text(sql, t->table.text, t->table.bytes);
    strbuf_adds(sql, ") AND c.relnamespace OPERATOR(pg_catalog.=) t.relnamespace"
                     " AND c.relname OPERATOR(pg_catalog.=) (pg_catalog.parse_ident(");
    add_text(sql, t->name.text, t->name.bytes);
    strbuf_adds(sql, "))[1]::pg_catalog.name AND c.oid OPERATOR(pg_catalog.=) i.indexrelid"
                     " AND c.relkind OPERATOR(pg_catalog.=) 'i' AND NOT i.indisvalid");
}

int
apply_check_index(struct apply *a, const struct statement *st, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct pgrows *rows = NULL;
    struct task t;
    task_read(a->text.data + st->offset, st->sql_bytes, st->backslashes, &t);
    if (t.kind != TASK_CREATE_INDEX || !t.unless || !t.name.text)
        return 0;
    claim_sql(&t, &sql);
    int result = session_sql(a->s, &sql, &rows, e);
    if (result == 0 && pgrows_count(rows) > 0)
        result = err_set(
            e, ERR_INPUT,
            "the index %.*s already exists and is INVALID, because a CREATE INDEX CONCURRENTLY failed or is still running; drop it (DROP INDEX CONCURRENTLY) and run migrate again",
            (int)t.name.bytes, t.name.text);
    pgrows_free(rows);
    return result;
}
