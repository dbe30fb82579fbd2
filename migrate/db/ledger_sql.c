/* ledger_sql.c: the SQL of the native history table. No I/O. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "migrate/db/ledger.h"
#include "migrate/sql/quote.h"

/* Read and written with these names. */
static const char *const columns_wanted[] = {
    "version",    "name",       "phase",       "sha256",  "loose_sha256",
    "applied_at", "applied_by", "duration_ms", "release", "tool"};
#define COLUMNS_WANTED (sizeof columns_wanted / sizeof *columns_wanted)

/* ---- names ---- */

/* One part of a name from *p on, folded unless quoted; *p moves behind it. False: not a name. */
static bool
take_part(const char **p, struct strbuf *out)
{
    const char *s = *p;
    if (*s == '"') {
        for (s++; *s && (*s != '"' || s[1] == '"'); s++) {
            strbuf_addc(out, *s);
            s += *s == '"';
        }
        if (*s != '"')
            return false;
        s++;
    } else {
        for (; *s && *s != '.' && *s != '"'; s++) {
            if (!isalnum((unsigned char)*s) && *s != '_' && *s != '$' && (unsigned char)*s < 0x80)
                return false;
            strbuf_addc(out, (char)((unsigned char)*s < 0x80 ? tolower((unsigned char)*s) : *s));
        }
    }
    *p = s;
    return out->len > 0 && out->len < 64; /* NAMEDATALEN: the server would cut it */
}

static int
table_name(struct ledger_table *t)
{
    struct strbuf q = STRBUF_INIT;
    quote_ident(&q, t->schema);
    strbuf_addc(&q, '.');
    quote_ident(&q, t->table);
    t->quoted = strbuf_steal(&q);
    return t->quoted ? 0 : -1;
}

int
ledger_table_parse(const char *text, struct ledger_table *ret, struct err *e)
{
    struct strbuf parts[2] = {STRBUF_INIT, STRBUF_INIT};
    const char *p = text;
    int n = 0;
    bool fine = take_part(&p, &parts[n++]);
    if (fine && *p == '.') {
        p++;
        fine = take_part(&p, &parts[n++]);
    }
    if (!fine || *p) {
        bool nomem = parts[0].failed || parts[1].failed;
        strbuf_done(&parts[0]);
        strbuf_done(&parts[1]);
        if (nomem)
            return err_nomem(e);
        return err_set(e, ERR_USAGE, "--table \"%.100s\" is no table name: [schema.]table", text);
    }
    struct ledger_table t = {0};
    t.schema = n == 2 ? strbuf_steal(&parts[0]) : strdup("public");
    t.table = strbuf_steal(&parts[n - 1]);
    if (!t.schema || !t.table || table_name(&t) < 0) {
        ledger_table_done(&t);
        return err_nomem(e);
    }
    *ret = t;
    return 0;
}

void
ledger_table_done(struct ledger_table *t)
{
    free(t->schema);
    free(t->table);
    free(t->quoted);
    *t = (struct ledger_table){0};
}

/* ---- statements ---- */

static void
add_regclass(const struct ledger_table *t, struct strbuf *out)
{
    strbuf_adds(out, "pg_catalog.to_regclass(");
    quote_literal(out, t->quoted);
    strbuf_addc(out, ')');
}

void
ledger_sql_columns(const struct ledger_table *t, struct strbuf *out)
{
    strbuf_adds(
        out,
        "SELECT pg_catalog.string_agg(a.attname::pg_catalog.text, ',' ORDER BY a.attnum),"
        " pg_catalog.string_agg(a.attname::pg_catalog.text, ',' ORDER BY a.attnum) FILTER (WHERE a.attnotnull"
        " AND NOT a.atthasdef AND coalesce(pg_catalog.to_jsonb(a) OPERATOR(pg_catalog.->>) 'attidentity', '')"
        " OPERATOR(pg_catalog.=) '') FROM pg_catalog.pg_attribute a WHERE a.attrelid OPERATOR(pg_catalog.=) ");
    add_regclass(t, out);
    strbuf_adds(out, " AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped");
}

void
ledger_sql_read(const struct ledger_table *t, struct strbuf *out)
{
    strbuf_addf(
        out,
        "SELECT version, name, phase, pg_catalog.encode(sha256, 'hex'), pg_catalog.encode(loose_sha256, 'hex'),"
        " pg_catalog.to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), applied_by, duration_ms, release FROM %s",
        t->quoted);
}

static void
add_role(const struct ledger_table *t, struct strbuf *out)
{
    strbuf_adds(out, "pg_catalog.set_config('role', ");
    quote_literal(out, t->role);
    strbuf_adds(out, ", true)");
}

size_t
ledger_sql_as(const struct ledger_table *t, struct strbuf *out)
{
    if (!t->role)
        return 0;
    strbuf_adds(out, "SELECT ");
    add_role(t, out);
    strbuf_adds(out, "; ");
    return 1;
}

void
ledger_sql_in_full(const struct ledger_table *t, struct strbuf *out)
{
    strbuf_adds(out, "SELECT pg_catalog.set_config('row_security', 'off', true)");
    if (t->role) {
        strbuf_adds(out, ", ");
        add_role(t, out);
    }
    strbuf_adds(out, "; ");
}

void
ledger_sql_create(const struct ledger_table *t, struct strbuf *out)
{
    strbuf_addf(
        out,
        "CREATE TABLE IF NOT EXISTS %s (version pg_catalog.text PRIMARY KEY, name pg_catalog.text NOT NULL,"
        " phase pg_catalog.text NOT NULL DEFAULT 'expand', sha256 pg_catalog.bytea NOT NULL,"
        " loose_sha256 pg_catalog.bytea NOT NULL, applied_at pg_catalog.timestamptz NOT NULL,"
        " applied_by pg_catalog.text NOT NULL, duration_ms pg_catalog.int8 NOT NULL,"
        " release pg_catalog.text, tool pg_catalog.text NOT NULL)",
        t->quoted);
}

static void
add_bytea(struct strbuf *out, const uint8_t sum[DIGEST_BYTES])
{
    char hex[DIGEST_HEX_MAX];
    strbuf_addf(out, "pg_catalog.decode('%s', 'hex')", digest_hex(hex, sum, DIGEST_BYTES));
}

void
ledger_sql_insert(const struct ledger_table *t, const struct source_migration *m,
                  const uint8_t loose_sha256[DIGEST_BYTES], const char *release,
                  int64_t duration_ms, const char *proof, struct strbuf *out)
{
    strbuf_addf(
        out,
        "WITH written AS (INSERT INTO %s (version, name, phase, sha256, loose_sha256, applied_at, applied_by,"
        " duration_ms, release, tool) VALUES (",
        t->quoted);
    quote_literal(out, m->version);
    strbuf_adds(out, ", ");
    quote_literal(out, m->name);
    strbuf_addf(out, ", '%s', ", native_phase_text(m->header.phase));
    add_bytea(out, m->sha256);
    strbuf_adds(out, ", ");
    add_bytea(out, loose_sha256);
    strbuf_adds(out, ", pg_catalog.clock_timestamp(), SESSION_USER, ");
    if (proof)
        strbuf_addf(out, "CASE WHEN %s THEN %lld END, ", proof, (long long)duration_ms);
    else
        strbuf_addf(out, "%lld, ", (long long)duration_ms);
    if (release && *release)
        quote_literal(out, release);
    else
        strbuf_adds(out, "NULL");
    strbuf_adds(out, ", 'migrate " RR_VERSION "') RETURNING 1)"
                     " SELECT 1 OPERATOR(pg_catalog./) pg_catalog.count(*) FROM written");
}

/* ---- whose table is it ---- */

/* Tools whose files may look like ours. */
static const struct {
    const char *table;
    const char *columns;
    const char *tool;
} foreign[] = {
    {"schema_migrations", "version,dirty", "golang-migrate"},
    {"schema_migrations", "version", "dbmate or Rails"},
    {"goose_db_version", "id,version_id,is_applied,tstamp", "goose"},
    {"schema_version", "version", "tern"},
    {"_sqlx_migrations", "version,description,installed_on,success,checksum,execution_time",
     "sqlx"},
    {"pgmigrations", "id,name,run_on", "node-pg-migrate"},
    {"gorp_migrations", "id,applied_at", "sql-migrate"},
    {"flyway_schema_history", NULL, "Flyway"},
    {"refinery_schema_history", NULL, "refinery"},
    {"atlas_schema_revisions", NULL, "Atlas"},
};

const char *
ledger_tool(const char *table, const char *columns)
{
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (strcmp(table, foreign[i].table) == 0 &&
            (!foreign[i].columns || strcmp(columns, foreign[i].columns) == 0))
            return foreign[i].tool;
    return NULL;
}

void
ledger_sql_foreign(const struct ledger_table *t, struct strbuf *out)
{
    strbuf_adds(out,
                "SELECT n.nspname, c.relname,"
                " pg_catalog.string_agg(a.attname::pg_catalog.text, ',' ORDER BY a.attnum)"
                " FROM pg_catalog.pg_class c, pg_catalog.pg_namespace n, pg_catalog.pg_attribute a"
                " WHERE n.oid OPERATOR(pg_catalog.=) c.relnamespace"
                " AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')"
                " AND a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attnum OPERATOR(pg_catalog.>) 0"
                " AND NOT a.attisdropped");
    strbuf_adds(out, " AND c.relname::pg_catalog.text OPERATOR(pg_catalog.=) ANY (ARRAY[");
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        strbuf_addf(out, "%s'%s'", i ? ", " : "", foreign[i].table);
    strbuf_adds(out,
                "]) GROUP BY n.nspname, c.relname ORDER BY n.nspname OPERATOR(pg_catalog.<>) ");
    quote_literal(out, t->schema);
    strbuf_adds(out, ", n.nspname, c.relname");
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
check_needed(const struct ledger_table *t, const char *needed, struct err *e)
{
    size_t len;
    for (const char *p = needed; (len = next_name(&p)) > 0; p += len)
        if (!is_wanted(p, len))
            return err_set(e, ERR_INPUT,
                           "%s has a further column %.*s, which is NOT NULL and has no default, so "
                           "that migrate cannot write a row: give it a default",
                           t->quoted, (int)len, p);
    return 0;
}

int
ledger_check_columns(const struct ledger_table *t, const char *columns, const char *needed,
                     bool *ret_exists, struct err *e)
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
        return check_needed(t, needed ? needed : "", e);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(columns, known[i].columns) == 0) {
            return err_set(
                e, ERR_INPUT,
                "%s is the history table of %s, whose layout is not handled: name another table with --table",
                t->quoted, known[i].tool);
        }
    }
    return err_set(e, ERR_INPUT, "%s is no history table of migrate: its columns are %.200s",
                   t->quoted, columns);
}
