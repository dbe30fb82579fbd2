/* native_ledger.c: the SQL of the native history table. */
#include <string.h>

#include "migrate/layout/native.h"
#include "migrate/sql/quote.h"

void
native_sql_create(const char *table, struct strbuf *out)
{
    strbuf_addf(
        out,
        "CREATE TABLE IF NOT EXISTS %s (version pg_catalog.text PRIMARY KEY, name pg_catalog.text NOT NULL,"
        " phase pg_catalog.text NOT NULL DEFAULT 'expand', sha256 pg_catalog.bytea NOT NULL,"
        " loose_sha256 pg_catalog.bytea NOT NULL, applied_at pg_catalog.timestamptz NOT NULL,"
        " applied_by pg_catalog.text NOT NULL, duration_ms pg_catalog.int8 NOT NULL,"
        " release pg_catalog.text, tool pg_catalog.text NOT NULL)",
        table);
}

static void
add_bytea(struct strbuf *out, const uint8_t *sum)
{
    char hex[DIGEST_HEX_MAX];
    strbuf_addf(out, "pg_catalog.decode('%s', 'hex')", digest_hex(hex, sum, DIGEST_BYTES));
}

/* Refused unless the statement in `written` wrote its row. */
static void
add_written(struct strbuf *out)
{
    strbuf_adds(out, " SELECT 1 OPERATOR(pg_catalog./) pg_catalog.count(*) FROM written");
}

void
native_sql_insert(const char *table, const struct layout_row *row, const char *proof,
                  struct strbuf *out)
{
    strbuf_addf(
        out,
        "WITH written AS (INSERT INTO %s (version, name, phase, sha256, loose_sha256, applied_at, applied_by,"
        " duration_ms, release, tool) VALUES (",
        table);
    quote_literal(out, row->migration->version);
    strbuf_adds(out, ", ");
    quote_literal(out, row->migration->name);
    strbuf_addf(out, ", '%s', ", migration_phase_text(row->migration->phase));
    add_bytea(out, row->sum);
    strbuf_adds(out, ", ");
    add_bytea(out, row->loose_sha256);
    strbuf_adds(out, ", pg_catalog.clock_timestamp(), SESSION_USER, ");
    if (proof)
        strbuf_addf(out, "CASE WHEN %s THEN %lld END, ", proof, (long long)row->duration_ms);
    else
        strbuf_addf(out, "%lld, ", (long long)row->duration_ms);
    if (row->release && *row->release)
        quote_literal(out, row->release);
    else
        strbuf_adds(out, "NULL");
    strbuf_addf(out, ", 'migrate " RR_VERSION "%s') RETURNING 1)",
                row->baseline ? " baseline" : "");
    add_written(out);
}

static void
add_where(const struct migration *m, struct strbuf *out)
{
    strbuf_adds(out, " WHERE h.version OPERATOR(pg_catalog.=) ");
    quote_literal(out, m->version);
}

/* The rows stand side by side: those below know nothing of this one. */
void
native_sql_delete(const char *table, const struct migration *m, const struct migration *before,
                  struct strbuf *out)
{
    (void)before;
    strbuf_addf(out, "WITH written AS (DELETE FROM %s h", table);
    add_where(m, out);
    strbuf_adds(out, " RETURNING 1)");
    add_written(out);
}

void
native_sql_took(const char *table, const struct layout_row *row, struct strbuf *out)
{
    strbuf_addf(out,
                "WITH written AS (UPDATE %s h SET duration_ms = %lld,"
                " applied_at = pg_catalog.clock_timestamp()",
                table, (long long)row->duration_ms);
    add_where(row->migration, out);
    strbuf_adds(out, " RETURNING 1)");
    add_written(out);
}

void
native_sql_accept(const char *table, const struct layout_row *row, const uint8_t *was_sum,
                  struct strbuf *out)
{
    strbuf_addf(out, "WITH written AS (UPDATE %s h SET sha256 = ", table);
    add_bytea(out, row->sum);
    strbuf_adds(out, ", loose_sha256 = ");
    add_bytea(out, row->loose_sha256);
    add_where(row->migration, out);
    strbuf_adds(out, " AND h.sha256 OPERATOR(pg_catalog.=) ");
    add_bytea(out, was_sum);
    strbuf_adds(out, " RETURNING 1)");
    add_written(out);
}
