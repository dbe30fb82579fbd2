/*
 * flyway.c: the layout of Flyway (pure).
 *
 *     V1__name.sql, V1_1__name.sql, V1.1__name.sql; U1__name.sql: the way back; R__name.sql: repeatable
 *     flyway_schema_history: a row for each time that a file ran
 *
 * The checksum is the CRC-32 of the lines without their ends. Reference: Flyway's documentation and its
 * open source (LoadableResource, AdvisoryLockTemplate, JdbcTableSchemaHistory).
 */
#include <string.h>

#include "common/base/utf8.h"
#include "migrate/layout/layouts.h"
#include "migrate/layout/names.h"
#include "migrate/layout/native.h"
#include "migrate/sql/lexer.h"
#include "migrate/sql/quote.h"

#define SHAPE "VVERSION__name.sql or R__name.sql"
/* "Flyway" and its like, of AdvisoryLockTemplate. */
#define LOCK_BASE INT64_C(77431708279161)

/* ---- names ---- */

/* Numbers, one dot or underscore between two of them. */
static bool
is_version(const char *text, const char *end)
{
    for (;; text++) {
        size_t digits = strspn(text, "0123456789");
        text += digits;
        if (digits == 0 || text >= end)
            return digits > 0 && text == end;
        if (*text != '.' && *text != '_')
            return false;
    }
}

/* V1_1__x, U1.1__x: version and name. */
static int
parse_version(const char *file, size_t len, const char *bars, struct layout_name *n, struct err *e)
{
    n->version_offset = 1;
    n->version_bytes = (size_t)(bars - file) - 1;
    n->name_offset = (size_t)(bars - file) + 2;
    n->name_bytes = len - n->name_offset;
    if (n->version_bytes > 50 || !is_version(file + 1, bars))
        return err_set(
            e, ERR_INPUT,
            "the version is not a number or a sequence of numbers separated by dots or underscores");
    return 0;
}

static int
name_parse(const char *file, struct layout_name *ret, struct err *e)
{
    struct layout_name n = {.direction = MIGRATION_UP};
    size_t len;
    if (names_stem(file, &len, e) < 0)
        return -1;
    const char *bars = strstr(file, "__");
    if (strncmp(file, "before", 6) == 0 || strncmp(file, "after", 5) == 0)
        return err_set(
            e, ERR_INPUT,
            "the file is a Flyway callback, which migrate does not execute; turn it into a migration, or let Flyway apply these files");
    if (!bars || !strchr("VURB", *file) || bars + 2 >= file + len ||
        (*file == 'R') != (bars == file + 1))
        return err_set(e, ERR_INPUT,
                       "the name does not have the form " SHAPE " required by Flyway");
    if (*file == 'B')
        return err_set(
            e, ERR_INPUT,
            "the file is a Flyway baseline script, which migrate does not execute; apply it with psql and record it with \"migrate baseline V\", or let Flyway apply these files");
    if (*file == 'R') {
        n.repeatable = true;
        n.version_bytes = len;
        n.name_offset = 3;
        n.name_bytes = len - 3;
    } else if (parse_version(file, len, bars, &n, e) < 0) {
        return -1;
    }
    n.direction = *file == 'U' ? MIGRATION_DOWN : MIGRATION_UP;
    *ret = n;
    return 0;
}

/* Java-based migrations, and the scripts that Flyway Teams runs. */
static bool
is_program(const char *file)
{
    static const char *const shapes[] = {"V#__*",   "V#_*__*", "V#.*__*", "U#__*",
                                         "U#_*__*", "U#.*__*", "R__*"};
    static const char *const ends[] = {".java", ".kt",  ".groovy", ".scala", ".class", ".sh",
                                       ".bash", ".ps1", ".bat",    ".cmd",   ".py"};
    const char *dot = strrchr(file, '.');
    bool shape = false;
    bool end = false;
    for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++)
        shape = shape || names_match(shapes[i], file);
    for (size_t i = 0; dot && i < sizeof(ends) / sizeof(*ends); i++)
        end = end || strcmp(dot, ends[i]) == 0;
    return shape && end;
}

/* Placeholders would have to be put into the text that runs. */
static int
header_parse(const struct layout_text *t, struct layout_header *ret, struct err *e)
{
    native_header_init(ret, t->len, t->marks_fine);
    if (native_header_keys(t->data, ret, e) < 0)
        return -1;
    const char *found = memmem(t->data, t->len, "${", 2);
    if (!found)
        return 0;
    ret->unusable =
        "Flyway would replace a placeholder here, but migrate does not; write the value itself, or let Flyway apply this file";
    ret->error_offset = (size_t)(found - t->data);
    ret->error_line = lexer_count_lines(t->data, ret->error_offset) + 1;
    return 0;
}

/* The text without its line ends, and without a byte order mark. */
static int
sum(const char *text, size_t len, uint8_t *ret, struct err *e)
{
    uint32_t crc = 0;
    size_t at = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    (void)e;
    while (at < len) {
        size_t end = at;
        while (end < len && text[end] != '\n' && text[end] != '\r')
            end++;
        crc = digest_crc32(crc, text + at, end - at);
        at = end + 1;
    }
    for (int i = 0; i < 4; i++)
        ret[i] = (uint8_t)(crc >> (24 - 8 * i));
    return 0;
}

/* ---- history ---- */

static void
sql_create(const struct layout_place *at, struct strbuf *out)
{
    struct strbuf index = STRBUF_INIT;
    struct strbuf key = STRBUF_INIT;
    strbuf_addf(&index, "%s_s_idx", at->table);
    strbuf_addf(&key, "%s_pk", at->table);
    strbuf_addf(
        out,
        "CREATE TABLE IF NOT EXISTS %s (installed_rank pg_catalog.int4 NOT NULL, version pg_catalog.varchar(50),"
        " description pg_catalog.varchar(200) NOT NULL, type pg_catalog.varchar(20) NOT NULL,"
        " script pg_catalog.varchar(1000) NOT NULL, checksum pg_catalog.int4,"
        " installed_by pg_catalog.varchar(100) NOT NULL,"
        " installed_on pg_catalog.timestamp NOT NULL DEFAULT pg_catalog.now(),"
        " execution_time pg_catalog.int4 NOT NULL, success pg_catalog.bool NOT NULL, CONSTRAINT ",
        at->quoted);
    quote_ident(out, strbuf_str(&key));
    strbuf_adds(out, " PRIMARY KEY (installed_rank)); CREATE INDEX IF NOT EXISTS ");
    quote_ident(out, strbuf_str(&index));
    strbuf_addf(out, " ON %s (success)", at->quoted);
    out->failed |= index.failed || key.failed;
    strbuf_done(&index);
    strbuf_done(&key);
}

static int32_t
signed_sum(const uint8_t *sum_bytes)
{
    uint32_t crc = 0;
    for (int i = 0; i < 4; i++)
        crc = crc << 8 | sum_bytes[i];
    return (int32_t)crc;
}

static void
sql_insert(const char *table, const struct layout_row *row, const char *proof, struct strbuf *out)
{
    const struct migration *m = row->migration;
    strbuf_addf(
        out,
        "WITH written AS (INSERT INTO %s (installed_rank, version, description, type, script, checksum,"
        " installed_by, execution_time, success) SELECT"
        " coalesce(pg_catalog.max(h.installed_rank), 0) OPERATOR(pg_catalog.+) 1, ",
        table);
    if (m->repeatable)
        strbuf_adds(out, "NULL");
    else
        quote_literal(out, m->version);
    strbuf_adds(out, ", pg_catalog.\"left\"(");
    quote_literal(out, m->name);
    strbuf_adds(out, ", 200), 'SQL', ");
    quote_literal(out, row->file);
    strbuf_addf(out, ", %d, CURRENT_USER, %lld, ", (int)signed_sum(row->sum),
                (long long)(row->duration_ms < INT32_MAX ? row->duration_ms : INT32_MAX));
    if (proof)
        strbuf_addf(out, "CASE WHEN %s THEN true END", proof);
    else
        strbuf_adds(out, "true");
    strbuf_addf(
        out,
        " FROM %s h RETURNING 1) SELECT 1 OPERATOR(pg_catalog./) pg_catalog.count(*) FROM written",
        table);
}

static void
add_where(const char *version, struct strbuf *out)
{
    strbuf_adds(
        out, " WHERE coalesce(version, pg_catalog.regexp_replace(script, '^.*/|\\.sql$', '', 'g'))"
             " OPERATOR(pg_catalog.=) ");
    quote_literal(out, version);
}

static void
sql_delete(const char *table, const struct migration *m, const struct migration *before,
           struct strbuf *out)
{
    (void)before;
    strbuf_addf(out, "WITH gone AS (DELETE FROM %s", table);
    add_where(m->version, out);
    strbuf_adds(out, " RETURNING 1) SELECT 1 OPERATOR(pg_catalog./) pg_catalog.count(*) FROM gone");
}

static void
sql_accept(const char *table, const struct layout_row *row, const uint8_t *was_sum,
           struct strbuf *out)
{
    strbuf_addf(out, "WITH written AS (UPDATE %s SET checksum = %d", table,
                (int)signed_sum(row->sum));
    add_where(row->migration->version, out);
    strbuf_addf(out,
                " AND checksum OPERATOR(pg_catalog.=) %d RETURNING 1)"
                " SELECT 1 OPERATOR(pg_catalog./) pg_catalog.count(*) FROM written",
                (int)signed_sum(was_sum));
}

static void
sql_settle(const char *table, const struct migration *m, struct strbuf *out)
{
    strbuf_addf(out, "UPDATE %s SET success = true", table);
    add_where(m->version, out);
    strbuf_adds(out, " AND NOT success");
}

/* String.hashCode() of Java: over UTF-16, in 32 bits that wrap. */
static int32_t
java_hash(const char *text)
{
    uint32_t hash = 0;
    size_t len = strlen(text);
    for (size_t at = 0; at < len;) {
        size_t n = utf8_char_len(text + at, len - at);
        uint32_t c = (unsigned char)text[at];
        if (n > 1)
            c &= 0x7fu >> n;
        for (size_t i = 1; i < n; i++)
            c = c << 6 | ((unsigned char)text[at + i] & 0x3fu);
        if (c >= 0x10000) {
            hash = hash * 31 + (0xd800 + ((c - 0x10000) >> 10));
            c = 0xdc00 + ((c - 0x10000) & 0x3ff);
        }
        hash = hash * 31 + c;
        at += n ? n : 1;
    }
    return (int32_t)hash;
}

static size_t
lock_keys(const struct layout_place *at, const char *database, int64_t ret[LAYOUT_KEYS_MAX])
{
    (void)database;
    ret[0] = LOCK_BASE + java_hash(at->quoted);
    return 1;
}

const struct layout layout_flyway = {
    .name = "flyway",
    .tool = "Flyway",
    .table = HISTORY_FLYWAY_TABLE,
    .names = "V1__name.sql",
    .name_parse = name_parse,
    .is_program = is_program,
    .underscores = true,
    .dots = true,
    .header_parse = header_parse,
    .sum_bytes = 4,
    .sum = sum,
    .columns = HISTORY_FLYWAY_COLUMNS,
    .first_types = "integer",
    .sql_read = history_read_flyway,
    .sql_create = sql_create,
    .sql_insert = sql_insert,
    .proof_column = "success",
    .unwritten = "22012", /* division_by_zero */
    .sql_delete = sql_delete,
    .sql_accept = sql_accept,
    .sql_settle = sql_settle,
    .lock_keys = lock_keys,
};
