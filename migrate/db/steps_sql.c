/* steps_sql.c: the statements around the table of steps. No I/O. */
#include <string.h>

#include "migrate/db/steps.h"
#include "migrate/sql/quote.h"

const char *
step_state_text(enum step_state state)
{
    static const char *const names[] = {"intent", "done", "refused"};
    return names[state];
}

void
steps_key(const char *version, bool back, struct strbuf *out)
{
    strbuf_addf(out, "%s%s", version, back ? " down" : "");
}

int
steps_sql_name(const char *table, struct strbuf *out, struct err *e)
{
    return ledger_sql_beside(table, "_step", out, e);
}

static void
add_digest(struct strbuf *out, const uint8_t *sum)
{
    char hex[DIGEST_HEX_MAX];
    strbuf_addf(out, "pg_catalog.decode('%s', 'hex')", digest_hex(hex, sum, DIGEST_BYTES));
}

void
steps_sql_write(const struct steps *s, const struct steps_row *row, struct strbuf *out)
{
    strbuf_addf(
        out,
        "%sINSERT INTO %s AS s (version, n, sha256, pid, backend_start, state, indexes) VALUES (",
        row->first ? "WITH written AS (" : "", s->table.quoted);
    quote_literal(out, row->version);
    strbuf_addf(out, ", %zu, ", row->n);
    add_digest(out, row->sha256);
    if (row->pooled)
        strbuf_adds(out, ", NULL, NULL, ");
    else
        strbuf_adds(
            out,
            ", pg_catalog.pg_backend_pid(), (SELECT a.backend_start FROM pg_catalog.pg_stat_activity a"
            " WHERE a.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()), ");
    strbuf_addf(out, "'%s', ", step_state_text(row->state));
    if (row->indexes)
        quote_literal(out, row->indexes);
    else
        strbuf_adds(out, "NULL");
    strbuf_adds(out, "::pg_catalog.oid[])");
    if (row->first) {
        strbuf_adds(
            out, " ON CONFLICT DO NOTHING RETURNING 1) SELECT pg_catalog.sqrt((pg_catalog.count(*)"
                 " OPERATOR(pg_catalog.-) 1)::pg_catalog.float8) FROM written");
        return;
    }
    strbuf_adds(
        out,
        " ON CONFLICT (version, n) DO UPDATE SET sha256 = EXCLUDED.sha256, pid = EXCLUDED.pid,"
        " backend_start = EXCLUDED.backend_start, state = EXCLUDED.state, indexes = EXCLUDED.indexes");
}

bool
steps_refused(const struct err *e)
{
    return strcmp(e->sqlstate, "2201F") == 0; /* the square root of -1 */
}

void
steps_sql_state(const struct steps *s, const struct steps_row *row, struct strbuf *out)
{
    strbuf_addf(out, "UPDATE %s SET state = '%s', sha256 = ", s->table.quoted,
                step_state_text(row->state));
    add_digest(out, row->sha256);
    strbuf_adds(out, " WHERE version OPERATOR(pg_catalog.=) ");
    quote_literal(out, row->version);
    strbuf_addf(out, " AND n OPERATOR(pg_catalog.=) %zu", row->n);
}

void
steps_sql_forget(const struct steps *s, const char *version, struct strbuf *out)
{
    strbuf_addf(out, "DELETE FROM %s WHERE version OPERATOR(pg_catalog.=) ", s->table.quoted);
    quote_literal(out, version);
}
