/* native_ledger.c: the SQL of the native history table. */
#include <string.h>

#include "migrate/layout/native.h"
#include "migrate/sql/quote.h"

/* Read and written with these names. */
static const char *const columns_wanted[] = {
    "version",    "name",       "phase",       "sha256",  "loose_sha256",
    "applied_at", "applied_by", "duration_ms", "release", "tool"};
#define COLUMNS_WANTED (sizeof(columns_wanted) / sizeof(*columns_wanted))

void
native_sql_read(const char *table, struct strbuf *out)
{
    strbuf_addf(
        out,
        "SELECT version, name, phase, pg_catalog.encode(sha256, 'hex'), pg_catalog.encode(loose_sha256, 'hex'),"
        " pg_catalog.to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), applied_by, duration_ms, release FROM %s",
        table);
}

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
    add_bytea(out, row->sha256);
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
native_sql_accept(const char *table, const struct layout_row *row, const uint8_t *was_sha256,
                  struct strbuf *out)
{
    strbuf_addf(out, "WITH written AS (UPDATE %s h SET sha256 = ", table);
    add_bytea(out, row->sha256);
    strbuf_adds(out, ", loose_sha256 = ");
    add_bytea(out, row->loose_sha256);
    add_where(row->migration, out);
    strbuf_adds(out, " AND h.sha256 OPERATOR(pg_catalog.=) ");
    add_bytea(out, was_sha256);
    strbuf_adds(out, " RETURNING 1)");
    add_written(out);
}

/* The names of a list "a,b,c", one by one: its bytes, 0 at the end. */
static size_t
next_name(const char **list)
{
    if (**list == ',')
        (*list)++;
    return strcspn(*list, ",");
}

static bool
is_wanted(const char *name, size_t len)
{
    for (size_t i = 0; i < COLUMNS_WANTED; i++)
        if (strlen(columns_wanted[i]) == len && memcmp(columns_wanted[i], name, len) == 0)
            return true;
    return false;
}

static bool
has_all_wanted(const char *columns)
{
    size_t found = 0;
    size_t len;
    for (const char *p = columns; (len = next_name(&p)) > 0; p += len)
        found += is_wanted(p, len);
    return found == COLUMNS_WANTED;
}

static int
check_needed(const char *table, const char *needed, struct err *e)
{
    size_t len;
    for (const char *p = needed; (len = next_name(&p)) > 0; p += len)
        if (!is_wanted(p, len))
            return err_set(e, ERR_INPUT,
                           "%s has a further column %.*s, which is NOT NULL and has no default, so "
                           "that migrate cannot write a row: give it a default",
                           table, (int)len, p);
    return 0;
}

int
native_columns_check(const char *table, const char *columns, const char *needed, bool *ret_exists,
                     struct err *e)
{
    static const struct {
        const char *columns;
        const char *tool;
    } known[] = {
        {"version,dirty", "golang-migrate"},
        {"version", "dbmate, Rails, tern or refinery"},
        {"id,version_id,is_applied,tstamp", "goose"},
        {"installed_rank,version,description,type,script,checksum,installed_by,installed_on,execution_time,success",
         "Flyway"},
        {"version,description,installed_on,success,checksum,execution_time", "sqlx"},
        {"id,name,run_on", "node-pg-migrate"},
        {"version_num", "alembic"},
        {"version,name,applied_on,checksum", "refinery"},
    };
    *ret_exists = columns != NULL;
    if (!columns)
        return 0;
    if (has_all_wanted(columns))
        return check_needed(table, needed ? needed : "", e);
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        if (strcmp(columns, known[i].columns) == 0) {
            return err_set(
                e, ERR_INPUT,
                "%s is the history table of %s, whose layout is not handled: name another table with --table",
                table, known[i].tool);
        }
    }
    return err_set(e, ERR_INPUT, "%s is no history table of migrate: its columns are %.200s", table,
                   columns);
}
