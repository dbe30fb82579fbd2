/* evidence.c: the tool's history table is found, and read. */
#include "migrate/wrap/evidence.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "common/base/strbuf.h"
#include "migrate/db/session.h"
#include "migrate/events.h"
#include "migrate/sql/quote.h"
#include "migrate/wrap/tools.h"

/* For a table that somebody else has locked. */
#define LOCK_TIMEOUT_MS 2000

/*
 * Rows of name, visible: tables of the tool's name, or of its columns where they tell; first those of the name, and those that
 * the search path leads to.
 */
static void
sql_find(const struct tool *t, struct strbuf *out)
{
    strbuf_adds(out,
                "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname),"
                " pg_catalog.pg_table_is_visible(c.oid) FROM pg_catalog.pg_class c"
                " JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace"
                " WHERE c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p}'::pg_catalog.\"char\"[])"
                " AND n.nspname OPERATOR(pg_catalog.!~) '^pg_'"
                " AND (c.relname OPERATOR(pg_catalog.=) ");
    quote_literal(out, t->table);
    if (t->columns) {
        strbuf_adds(
            out,
            " OR (SELECT pg_catalog.string_agg(a.attname::pg_catalog.text, ',' ORDER BY a.attname::pg_catalog.text COLLATE pg_catalog.\"C\")"
            " FROM pg_catalog.pg_attribute a WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid"
            " AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped)"
            " OPERATOR(pg_catalog.=) ");
        quote_literal(out, t->columns);
    }
    strbuf_adds(out, ") ORDER BY c.relname OPERATOR(pg_catalog.=) ");
    quote_literal(out, t->table);
    strbuf_adds(out, " DESC, 2 DESC, 1 LIMIT 2");
}

/* The one table that it can be, for a SELECT; *ret NULL: there is none, or one cannot tell which. */
static int
find_table(const struct tool *t, struct session *s, char **ret, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct pgrows *rows = NULL;
    sql_find(t, &sql);
    int result = session_sql(s, &sql, &rows, e);
    int n = result == 0 ? pgrows_count(rows) : 0;
    const char *visible = n ? pgrows_value(rows, 0, 1) : NULL;
    *ret = NULL;
    if (visible && (n == 1 || *visible == 't'))
        *ret = strdup(pgrows_value(rows, 0, 0));
    pgrows_free(rows);
    return result;
}

static void
take(const struct pgrows *rows, struct evidence *ret)
{
    size_t n = rows ? (size_t)pgrows_count(rows) : 0;
    ret->revisions = calloc(n + 1, sizeof(*ret->revisions));
    for (size_t i = 0; ret->revisions && i < n; i++) {
        const char *value = pgrows_value(rows, (int)i, 0);
        char *copy = value ? strdup(value) : NULL;
        if (copy)
            ret->revisions[ret->n++] = copy;
    }
}

static int
read_table(const struct tool *t, struct session *s, struct evidence *ret, struct err *e)
{
    cleanup_free char *table = NULL;
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct pgrows *rows = NULL;
    if (find_table(t, s, &table, e) != 0)
        return -1;
    if (!table)
        return 0;
    /* One transaction: so the limit ends with it. */
    strbuf_addf(&sql, "SET LOCAL lock_timeout TO %d; %s%s%s", LOCK_TIMEOUT_MS, t->revisions, table,
                t->order);
    int result = session_sql(s, &sql, &rows, e);
    if (result == 0)
        take(pgrows_next(rows), ret); /* behind SET */
    pgrows_free(rows);
    return result;
}

void
evidence_read(const struct tool *t, struct session *s, struct evidence *ret)
{
    struct err e = {0};
    *ret = (struct evidence){0};
    if (t && read_table(t, s, ret, &e) != 0)
        log_debug(&event_evidence, LOG_NONE, "the history of %s cannot be read: %s", t->name,
                  e.msg);
}

void
evidence_done(struct evidence *e)
{
    for (size_t i = 0; i < e->n; i++)
        free(e->revisions[i]);
    free(e->revisions);
    *e = (struct evidence){0};
}

static int
compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void
evidence_compare(const struct evidence *before, const struct evidence *after, evidence_new_fn *fn,
                 void *arg)
{
    cleanup_free char **known = calloc(before->n + 1, sizeof(*known));
    if (!known)
        return;
    for (size_t i = 0; i < before->n; i++)
        known[i] = before->revisions[i];
    qsort(known, before->n, sizeof(*known), compare);
    for (size_t i = 0; i < after->n; i++)
        if (!bsearch(&after->revisions[i], known, before->n, sizeof(*known), compare))
            fn(after->revisions[i], arg);
}
