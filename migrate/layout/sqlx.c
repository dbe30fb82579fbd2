/*
 * sqlx.c: the layout of sqlx (pure).
 *
 *     0001_name.sql, or 0001_name.up.sql and 0001_name.down.sql
 *     -- no-transaction                        at the very beginning of a file
 *     _sqlx_migrations(version, description, installed_on, success, checksum, execution_time)
 *
 * The checksum is the SHA-384 of the file. Its source is the reference: sqlx-core/src/migrate/,
 * sqlx-postgres/src/migrate.rs.
 */
#include <string.h>

#include "migrate/layout/layouts.h"
#include "migrate/layout/names.h"
#include "migrate/layout/native.h"
#include "migrate/sql/quote.h"

#define SHAPE "VERSION_name.sql, VERSION_name.up.sql or VERSION_name.down.sql"
#define LOCK_FACTOR INT64_C(0x3d32ad9e)
#define NS_PER_MS 1000000LL

static int
name_parse(const char *file, struct layout_name *ret, struct err *e)
{
    struct layout_name n = {.version_offset = 0};
    size_t len;
    if (names_stem(file, &len, e) < 0)
        return -1;
    (void)names_take_direction(file, &len, &n.direction);
    if (names_number_bar(file, len, SHAPE, "sqlx", &n, e) < 0)
        return -1;
    *ret = n;
    return 0;
}

static int
header_parse(const struct layout_text *t, struct layout_header *ret, struct err *e)
{
    static const char off[] = "-- no-transaction";
    native_header_init(ret, t->len, t->marks_fine);
    if (native_header_keys(t->data, ret, e) < 0)
        return -1;
    if (t->len >= sizeof(off) - 1 && memcmp(t->data, off, sizeof(off) - 1) == 0)
        ret->transaction = VERDICT_OFF;
    return 0;
}

static int
sum(const char *text, size_t len, uint8_t *ret, struct err *e)
{
    return digest_sha384(text, len, ret, e);
}

static void
sql_create(const struct layout_place *at, struct strbuf *out)
{
    strbuf_addf(
        out,
        "CREATE TABLE IF NOT EXISTS %s (version pg_catalog.int8 PRIMARY KEY, description pg_catalog.text NOT NULL,"
        " installed_on pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.now(), success pg_catalog.bool NOT NULL,"
        " checksum pg_catalog.bytea NOT NULL, execution_time pg_catalog.int8 NOT NULL)",
        at->quoted);
}

static void
sql_insert(const char *table, const struct layout_row *row, const char *proof, struct strbuf *out)
{
    char hex[2 * DIGEST_SHA384_BYTES + 1];
    strbuf_addf(
        out,
        "WITH written AS (INSERT INTO %s (version, description, success, checksum, execution_time)"
        " VALUES (%s, ",
        table, migration_stored(row->migration->version, true));
    quote_literal(out, row->migration->name);
    if (proof)
        strbuf_addf(out, ", CASE WHEN %s THEN true END, ", proof);
    else
        strbuf_adds(out, ", true, ");
    strbuf_addf(out,
                "pg_catalog.decode('%s', 'hex'), %lld) RETURNING 1)"
                " SELECT 1 OPERATOR(pg_catalog./) pg_catalog.count(*) FROM written",
                digest_hex(hex, row->sum, DIGEST_SHA384_BYTES),
                (long long)row->duration_ms * NS_PER_MS);
}

static void
sql_accept(const char *table, const struct layout_row *row, const uint8_t *was_sum,
           struct strbuf *out)
{
    char hex[2 * DIGEST_SHA384_BYTES + 1];
    strbuf_addf(
        out,
        "WITH written AS (UPDATE %s SET checksum = pg_catalog.decode('%s', 'hex') WHERE version"
        " OPERATOR(pg_catalog.=) ",
        table, digest_hex(hex, row->sum, DIGEST_SHA384_BYTES));
    quote_literal(out, row->migration->version);
    strbuf_addf(out,
                " AND checksum OPERATOR(pg_catalog.=) pg_catalog.decode('%s', 'hex') RETURNING 1)"
                " SELECT 1 OPERATOR(pg_catalog./) pg_catalog.count(*) FROM written",
                digest_hex(hex, was_sum, DIGEST_SHA384_BYTES));
}

static void
sql_settle(const char *table, const struct migration *m, struct strbuf *out)
{
    strbuf_addf(out, "UPDATE %s SET success = true WHERE version OPERATOR(pg_catalog.=) ", table);
    quote_literal(out, m->version);
}

static size_t
lock_keys(const struct layout_place *at, const char *database, int64_t ret[LAYOUT_KEYS_MAX])
{
    (void)at;
    ret[0] = LOCK_FACTOR * (int64_t)digest_crc32(0, database, strlen(database));
    return 1;
}

const struct layout layout_sqlx = {
    .name = "sqlx",
    .tool = "sqlx",
    .table = HISTORY_SQLX_TABLE,
    .names = "VERSION_name.sql",
    .name_parse = name_parse,
    .underscores = true,
    .even_numbers = true,
    .header_parse = header_parse,
    .sum_bytes = DIGEST_SHA384_BYTES,
    .sum = sum,
    .columns = HISTORY_SQLX_COLUMNS,
    .first_types = "bigint",
    .sql_read = history_read_sqlx,
    .sql_create = sql_create,
    .sql_insert = sql_insert,
    .proof_column = "success",
    .unwritten = "22012", /* division_by_zero */
    .sql_delete = native_sql_delete,
    .sql_accept = sql_accept,
    .sql_settle = sql_settle,
    .lock_keys = lock_keys,
};
