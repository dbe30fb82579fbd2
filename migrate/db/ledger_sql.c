/* ledger_sql.c: the name of the history table, and SQL around it of any layout. No I/O. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "migrate/db/ledger.h"
#include "migrate/sql/quote.h"

#define NAME_MAX_BYTES 63u /* NAMEDATALEN: the server would cut it */
#define NAME_DIGITS 8u

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
        return err_set(e, ERR_USAGE, "--table \"%.100s\" is not a table name ([schema.]table)",
                       text);
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

int
ledger_sql_beside(const char *table, const char *suffix, struct strbuf *out, struct err *e)
{
    const size_t tail = strlen(suffix);
    size_t len = strlen(table);
    uint8_t sum[DIGEST_BYTES];
    char hex[DIGEST_HEX_MAX];
    if (len + tail > NAME_MAX_BYTES) {
        if (digest_sha256(table, len, sum, e) != 0)
            return -1;
        len = NAME_MAX_BYTES - tail - NAME_DIGITS - 1;
        while (len > 0 && ((unsigned char)table[len] & 0xc0) == 0x80)
            len--; /* no half of a character */
        strbuf_add(out, table, len);
        strbuf_addf(out, "_%.*s", (int)NAME_DIGITS, digest_hex(hex, sum, sizeof(sum)));
    } else {
        strbuf_add(out, table, len);
    }
    strbuf_adds(out, suffix);
    return 0;
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
        " OPERATOR(pg_catalog.=) ''), (pg_catalog.array_agg(pg_catalog.format_type(a.atttypid, NULL) ORDER BY a.attnum))[1]"
        " FROM pg_catalog.pg_attribute a WHERE a.attrelid OPERATOR(pg_catalog.=) ");
    add_regclass(t, out);
    strbuf_adds(out, " AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped");
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

static void
add_in_full(const struct ledger_table *t, const char *more, struct strbuf *out)
{
    strbuf_addf(out, "SELECT pg_catalog.set_config('row_security', 'off', true)%s", more);
    if (t->role) {
        strbuf_adds(out, ", ");
        add_role(t, out);
    }
    strbuf_adds(out, "; ");
}

void
ledger_sql_in_full(const struct ledger_table *t, struct strbuf *out)
{
    add_in_full(t, "", out);
}

void
ledger_sql_there(const struct ledger_table *t, struct strbuf *out)
{
    ledger_sql_in_full(t, out);
    strbuf_adds(out, "SELECT ");
    add_regclass(t, out);
    strbuf_adds(out, " IS NOT NULL");
}

/* GMT is the one zone whose file the server need not read. */
void
ledger_sql_read(const struct ledger *l, struct strbuf *out)
{
    add_in_full(&l->table,
                ", pg_catalog.set_config('bytea_output', 'hex', true),"
                " pg_catalog.set_config('datestyle', 'ISO', true),"
                " pg_catalog.set_config('timezone', 'GMT', true)",
                out);
    strbuf_addf(out, "SELECT * FROM %s LIMIT 0; ", l->table.quoted);
    l->layout->sql_read(l->table.quoted, out);
}

char *
ledger_time(const char *text)
{
    static const char form[] = "YYYY-MM-DDTHH:MM:SS.mmmZ";
    enum { SECONDS_END = 19, FRACTION = 3 };
    size_t n = text ? strlen(text) : 0;
    size_t digits = n > SECONDS_END ? strspn(text + SECONDS_END + 1, "0123456789") : 0;
    bool whole = n == SECONDS_END + 3;
    if (n <= SECONDS_END + 2 || text[10] != ' ' || strcmp(text + n - 3, "+00") != 0 ||
        !(whole || (text[SECONDS_END] == '.' && n == SECONDS_END + 1 + digits + 3)))
        return strdup(text ? text : "");
    char *ret = strdup(form);
    if (!ret)
        return NULL;
    memcpy(ret, text, SECONDS_END);
    ret[10] = 'T';
    for (size_t i = 0; i < FRACTION; i++)
        ret[SECONDS_END + 1 + i] = !whole && i < digits ? text[SECONDS_END + 1 + i] : '0';
    return ret;
}

/* ---- whose table is it ---- */

/* Compared as names, by the catalog's own index. */
static void
add_is_known(struct strbuf *out)
{
    strbuf_adds(out, "c.relname OPERATOR(pg_catalog.=) ANY (ARRAY[");
    for (size_t i = 0; layouts_at(i); i++)
        strbuf_addf(out, "'%s', ", layouts_at(i)->table);
    for (size_t i = 0; foreign_table_at(i); i++)
        strbuf_addf(out, "%s'%s'", i ? ", " : "", foreign_table_at(i));
    strbuf_adds(out, "]::pg_catalog.name[])");
}

void
ledger_sql_any_known(struct strbuf *out)
{
    strbuf_adds(out, "SELECT 1 FROM pg_catalog.pg_class c WHERE ");
    add_is_known(out);
    strbuf_adds(out, " LIMIT 1");
}

void
ledger_sql_known(const struct ledger_table *t, struct strbuf *out)
{
    strbuf_adds(
        out,
        "SELECT n.nspname, c.relname,"
        " pg_catalog.string_agg(a.attname::pg_catalog.text, ',' ORDER BY a.attnum),"
        " (pg_catalog.array_agg(pg_catalog.format_type(a.atttypid, NULL) ORDER BY a.attnum))[1]"
        " FROM pg_catalog.pg_class c, pg_catalog.pg_namespace n, pg_catalog.pg_attribute a"
        " WHERE n.oid OPERATOR(pg_catalog.=) c.relnamespace"
        " AND c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'p', 'v', 'f']::pg_catalog.\"char\"[])"
        " AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')"
        " AND a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attnum OPERATOR(pg_catalog.>) 0"
        " AND NOT a.attisdropped");
    strbuf_adds(out, " AND ");
    add_is_known(out);
    strbuf_adds(
        out, " GROUP BY n.nspname, c.relname ORDER BY n.nspname OPERATOR(pg_catalog.<>) 'public', "
             "n.nspname OPERATOR(pg_catalog.<>) ");
    quote_literal(out, t->schema);
    strbuf_adds(out, ", n.nspname, c.relname");
}
