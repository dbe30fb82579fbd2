/*
 * golang.c: the layout of golang-migrate (pure).
 *
 *     0001_name.up.sql, 0001_name.down.sql
 *     schema_migrations(version, dirty): one row, the highest version
 *
 * Its source is the reference: source/parse.go, database/postgres/postgres.go, database/util.go.
 */
#include <stdio.h>
#include <string.h>

#include "migrate/layout/layouts.h"
#include "migrate/layout/names.h"
#include "migrate/layout/native.h"
#include "migrate/sql/quote.h"

#define SHAPE "VERSION_name.up.sql or VERSION_name.down.sql"
/* Of database/util.go, for crc32 of schema, table and database with NUL bytes between. */
#define LOCK_SALT 1486364155u

static int
name_parse(const char *file, struct layout_name *ret, struct err *e)
{
    struct layout_name n = {.version_offset = 0};
    size_t len;
    if (names_stem(file, &len, e) < 0)
        return -1;
    if (!names_take_direction(file, &len, &n.direction))
        return err_set(e, ERR_INPUT,
                       "the name does not have the form " SHAPE " required by golang-migrate");
    if (names_number_bar(file, len, SHAPE, "golang-migrate", &n, e) < 0)
        return -1;
    *ret = n;
    return 0;
}

static int
header_parse(const struct layout_text *t, struct layout_header *ret, struct err *e)
{
    native_header_init(ret, t->len, t->marks_fine);
    return native_header_keys(t->data, ret, e);
}

static void
sql_create(const struct layout_place *at, struct strbuf *out)
{
    strbuf_addf(out,
                "CREATE TABLE IF NOT EXISTS %s (version pg_catalog.int8 NOT NULL PRIMARY KEY,"
                " dirty pg_catalog.bool NOT NULL)",
                at->quoted);
}

/* In place of all rows that there are. */
static void
write_mark(const char *table, const char *version, const char *dirty, struct strbuf *out)
{
    strbuf_addf(
        out,
        "WITH gone AS (DELETE FROM %s RETURNING 1), written AS (INSERT INTO %s (version, dirty)"
        " SELECT %s, %s FROM (SELECT pg_catalog.count(*) FROM gone) g RETURNING 1)"
        " SELECT 1 OPERATOR(pg_catalog./) pg_catalog.count(*) FROM written",
        table, table, version, dirty);
}

static void
sql_insert(const char *table, const struct layout_row *row, const char *proof, struct strbuf *out)
{
    struct strbuf dirty = STRBUF_INIT;
    if (proof)
        strbuf_addf(&dirty, "CASE WHEN %s THEN false END", proof);
    else
        strbuf_adds(&dirty, "false");
    write_mark(table, migration_stored(row->migration->version, true), strbuf_str(&dirty), out);
    out->failed |= dirty.failed;
    strbuf_done(&dirty);
}

static void
sql_delete(const char *table, const struct migration *m, const struct migration *before,
           struct strbuf *out)
{
    strbuf_addf(out, "WITH gone AS (DELETE FROM %s WHERE version OPERATOR(pg_catalog.=) ", table);
    quote_literal(out, m->version);
    strbuf_adds(out, " RETURNING 1)");
    if (before)
        strbuf_addf(out,
                    ", written AS (INSERT INTO %s (version, dirty) SELECT %s, false FROM gone)",
                    table, migration_stored(before->version, true));
    strbuf_adds(out, " SELECT 1 OPERATOR(pg_catalog./) pg_catalog.count(*) FROM gone");
}

static void
sql_settle(const char *table, const struct migration *m, struct strbuf *out)
{
    strbuf_addf(out, "UPDATE %s SET dirty = false WHERE version OPERATOR(pg_catalog.=) ", table);
    quote_literal(out, m->version);
}

static int64_t
lock_key(const struct layout_place *at, const char *slash, const char *database)
{
    uint32_t crc = digest_crc32(0, at->schema, strlen(at->schema) + 1);
    crc = digest_crc32(crc, at->table, strlen(at->table) + 1);
    crc = digest_crc32(crc, slash, strlen(slash));
    crc = digest_crc32(crc, database, strlen(database));
    return (int64_t)(uint32_t)(crc * LOCK_SALT);
}

/* Its command line takes the path of the URL for the database's name, programs that embed it the name itself. */
static size_t
lock_keys(const struct layout_place *at, const char *database, int64_t ret[LAYOUT_KEYS_MAX])
{
    ret[0] = lock_key(at, "/", database);
    ret[1] = lock_key(at, "", database);
    return 2;
}

const struct layout layout_golang = {
    .name = "golang",
    .tool = "golang-migrate",
    .table = HISTORY_GOLANG_TABLE,
    .names = "VERSION_name.up.sql",
    .name_parse = name_parse,
    .even_numbers = true,
    .header_parse = header_parse,
    .columns = HISTORY_GOLANG_COLUMNS,
    .keeps =
        "only the highest version is recorded: neither when a file was applied nor whether it has changed since then is known",
    .first_types = "bigint",
    .sql_read = history_read_golang,
    .sql_create = sql_create,
    .sql_insert = sql_insert,
    .proof_column = "dirty",
    .unwritten = "22012", /* division_by_zero */
    .sql_delete = sql_delete,
    .sql_settle = sql_settle,
    .lock_keys = lock_keys,
};
