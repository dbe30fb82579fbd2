/* probe_pg_sql.c: a statement for each thing that is asked (pure). */
#include "healthd/probe/probe_pg_sql.h"

#include <string.h>

bool
probe_pg_asks_query(const struct probe_pg_own *own)
{
    return own->query || (own->role == PROBE_PG_ANY && own->max_lag_ms == 0 && !own->schema);
}

/*
 * Milliseconds, NULL: not known. What was received may lie behind what was replayed, which then came from an archive. A role without
 * pg_read_all_stats sees that there is a receiver, and NULL for its status.
 */
static const char lag_sql[] =
    "SELECT CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN 0"
    " WHEN NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_wal_receiver"
    " WHERE coalesce(status, 'streaming') OPERATOR(pg_catalog.=) 'streaming') THEN NULL"
    " WHEN pg_catalog.pg_last_wal_receive_lsn() OPERATOR(pg_catalog.<=)"
    " pg_catalog.pg_last_wal_replay_lsn() THEN 0"
    " ELSE (extract(epoch FROM pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-)"
    " pg_catalog.pg_last_xact_replay_timestamp()) OPERATOR(pg_catalog.*) 1000)::pg_catalog.int8 END";

static void
add_statement(struct strbuf *sql, const char *text)
{
    strbuf_addf(sql, "%s%s", sql->len > 0 ? "; " : "", text);
}

#define IS_NUMBER "v.version OPERATOR(pg_catalog.~) '^[0-9]+([.][0-9]+)*$'"
#define AS_NUMBERS(what) "pg_catalog.string_to_array(" what ", '.')::pg_catalog.numeric[]"

/* Versions compare as migrate compares them: as numbers, part by part, or bytewise. */
static void
add_reached(struct strbuf *sql, const char *version, bool ordered)
{
    const char *as_bytes = "v.version COLLATE \"C\" OPERATOR(pg_catalog.>=)";
    if (!ordered)
        strbuf_addf(sql, "v.version OPERATOR(pg_catalog.=) '%s'", version);
    else if (version[strspn(version, "0123456789.")] != '\0' || version[0] == '.' ||
             strstr(version, "..") || version[strlen(version) - 1] == '.')
        strbuf_addf(sql, "%s '%s'", as_bytes, version);
    else
        strbuf_addf(sql,
                    "CASE WHEN " IS_NUMBER
                    " THEN " AS_NUMBERS("v.version") " OPERATOR(pg_catalog.>=) " AS_NUMBERS(
                        "'%s'") " ELSE %s '%s' END",
                    version, as_bytes, version);
}

/* One row of booleans: the wanted version is reached, what is there is known, dirty, and anything is there. */
static void
add_schema(struct strbuf *sql, const char *versions, const struct history *h, const char *table)
{
    const char *comma = strrchr(versions, ',');
    strbuf_adds(sql, sql->len > 0 ? "; SELECT bool_or(" : "SELECT bool_or(");
    add_reached(sql, comma ? comma + 1 : versions, h->ordered);
    strbuf_addf(sql,
                "), %s OR bool_or(v.version OPERATOR(pg_catalog.=) ANY"
                " (pg_catalog.string_to_array('%s', ','))), bool_or(v.begun),"
                " pg_catalog.count(*) OPERATOR(pg_catalog.>) 0 FROM (",
                h->ordered ? "true" : "false", versions);
    h->read(table, sql);
    strbuf_adds(sql, ") AS v (version, name, phase, sum, loose, at, who, took, release, begun,"
                     " baseline, again) WHERE NOT v.again");
}

void
probe_pg_sql(struct strbuf *sql, const struct probe_pg_own *own, const struct history *h,
             const char *table)
{
    strbuf_clear(sql);
    if (own->role != PROBE_PG_ANY)
        add_statement(sql, "SELECT pg_is_in_recovery()");
    if (own->max_lag_ms > 0)
        add_statement(sql, lag_sql);
    if (own->schema)
        add_schema(sql, own->schema, h, table);
    if (probe_pg_asks_query(own))
        add_statement(sql, own->query ? own->query : "SELECT 1");
}
