/* history.c: how each layout's history is read (pure). */
#include "common/pg/history.h"

#include <stddef.h>
#include <string.h>

/* ---- the statements ---- */

void
history_read_native(const char *table, struct strbuf *out)
{
    strbuf_addf(
        out,
        "SELECT version, name, phase, sha256, loose_sha256, applied_at, applied_by, duration_ms, release, false, false, false FROM %s",
        table);
}

void
history_read_golang(const char *table, struct strbuf *out)
{
    strbuf_addf(
        out,
        "SELECT version::pg_catalog.text, '', 'expand', NULL::pg_catalog.text, NULL::pg_catalog.text, '', '', 0,"
        " NULL::pg_catalog.text, dirty, true, false FROM %s",
        table);
}

void
history_read_dbmate(const char *table, struct strbuf *out)
{
    strbuf_addf(
        out,
        "SELECT version::pg_catalog.text, '', 'expand', NULL::pg_catalog.text, NULL::pg_catalog.text, '', '', 0,"
        " NULL::pg_catalog.text, false, false, false FROM %s",
        table);
}

/* A version that was taken back may have a row that says so, behind the one that it was applied by. */
void
history_read_goose(const char *table, struct strbuf *out)
{
    strbuf_addf(
        out,
        "SELECT v.version_id::pg_catalog.text, '', 'expand', NULL::pg_catalog.text, NULL::pg_catalog.text,"
        " coalesce(pg_catalog.to_char(v.tstamp, 'YYYY-MM-DD\"T\"HH24:MI:SS.MS'), ''), '', 0, NULL::pg_catalog.text,"
        " false, false, false FROM (SELECT DISTINCT ON (h.version_id) h.version_id, h.is_applied, h.tstamp FROM %s h"
        " ORDER BY h.version_id, h.id DESC) v WHERE v.is_applied AND v.version_id OPERATOR(pg_catalog.>) 0",
        table);
}

/* Versioned: by its version. Repeatable: by its file. The last row of each counts, unless it takes back. */
void
history_read_flyway(const char *table, struct strbuf *out)
{
    strbuf_addf(
        out,
        "SELECT r.v, r.description, 'expand', pg_catalog.lpad(pg_catalog.to_hex(r.checksum), 8, '0'),"
        " NULL::pg_catalog.text, pg_catalog.to_char(r.installed_on, 'YYYY-MM-DD\"T\"HH24:MI:SS.MS'), r.installed_by,"
        " r.execution_time, NULL::pg_catalog.text, NOT r.success,"
        " r.type OPERATOR(pg_catalog.=) ANY (ARRAY['BASELINE', 'SQL_BASELINE', 'JDBC_BASELINE']), r.version IS NULL"
        " FROM (SELECT DISTINCT ON (coalesce(h.version, h.script)) coalesce(h.version,"
        " pg_catalog.regexp_replace(h.script, '^.*/|\\.sql$', '', 'g'))::pg_catalog.text AS v, h.version, h.description,"
        " h.type::pg_catalog.text AS type, h.checksum, h.installed_on, h.installed_by, h.execution_time, h.success"
        " FROM %s h WHERE h.type OPERATOR(pg_catalog.<>) 'SCHEMA'"
        " ORDER BY coalesce(h.version, h.script), h.installed_rank DESC) r"
        " WHERE r.type OPERATOR(pg_catalog.!~~) 'UNDO%%' AND r.type OPERATOR(pg_catalog.<>) 'DELETE'",
        table);
}

void
history_read_sqlx(const char *table, struct strbuf *out)
{
    strbuf_addf(
        out,
        "SELECT version::pg_catalog.text, description, 'expand', checksum,"
        " NULL::pg_catalog.text, installed_on,"
        " '', execution_time OPERATOR(pg_catalog./) 1000000, NULL::pg_catalog.text, NOT success, false, false FROM %s",
        table);
}

/* The heads: one each, or several where branches have not been merged. */
static void
read_alembic(const char *table, struct strbuf *out)
{
    strbuf_addf(
        out,
        "SELECT version_num::pg_catalog.text, '', 'expand', NULL::pg_catalog.text, NULL::pg_catalog.text, '', '', 0,"
        " NULL::pg_catalog.text, false, false, false FROM %s",
        table);
}

/* ---- whose table it is ---- */

/* One that has the columns of another and more comes first. */
static const struct history rows[] = {
    {HISTORY_NATIVE_TABLE, HISTORY_NATIVE_COLUMNS, true, history_read_native},
    {HISTORY_GOLANG_TABLE, HISTORY_GOLANG_COLUMNS, true, history_read_golang},
    {HISTORY_DBMATE_TABLE, HISTORY_DBMATE_COLUMNS, true, history_read_dbmate},
    {HISTORY_GOOSE_TABLE, HISTORY_GOOSE_COLUMNS, true, history_read_goose},
    {HISTORY_FLYWAY_TABLE, HISTORY_FLYWAY_COLUMNS, true, history_read_flyway},
    {HISTORY_SQLX_TABLE, HISTORY_SQLX_COLUMNS, true, history_read_sqlx},
    {"alembic_version", "version_num", false, read_alembic},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static bool
lists(const char *list, const char *name, size_t len)
{
    for (const char *p = list;; p++) {
        size_t n = strcspn(p, ",");
        if (n == len && memcmp(p, name, n) == 0)
            return true;
        p += n;
        if (*p == '\0')
            return false;
    }
}

static bool
lists_all(const char *list, const char *names)
{
    for (const char *p = names;; p++) {
        size_t n = strcspn(p, ",");
        if (!lists(list, p, n))
            return false;
        p += n;
        if (*p == '\0')
            return true;
    }
}

const struct history *
history_find(const char *table, const char *columns)
{
    for (size_t i = 0; i < ROWS; i++)
        if (strcmp(rows[i].table, table) == 0 && lists_all(columns, rows[i].columns))
            return &rows[i];
    return NULL;
}

void
history_find_sql(struct strbuf *out)
{
    strbuf_adds(out, "SELECT c.oid::pg_catalog.regclass::pg_catalog.text, c.relname,"
                     " pg_catalog.string_agg(a.attname, ',') FROM pg_catalog.pg_class c"
                     " JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) c.oid"
                     " AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped"
                     " WHERE pg_catalog.pg_table_is_visible(c.oid) AND c.relkind IN ('r', 'p', 'v')"
                     " AND c.relname IN (");
    for (size_t i = 0; i < ROWS; i++)
        strbuf_addf(out, "%s'%s'", i > 0 ? ", " : "", rows[i].table);
    strbuf_adds(out, ") GROUP BY c.oid, c.relname ORDER BY c.relname");
}
