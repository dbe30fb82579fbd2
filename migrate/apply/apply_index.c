/*
 * apply_index.c: CREATE INDEX … IF NOT EXISTS passes over an index of that name that is INVALID,
 * the remains of a CREATE INDEX CONCURRENTLY, and the file would count as applied.
 */
#include "common/base/cleanup.h"
#include "migrate/apply/apply.h"
#include "migrate/sql/token.h"
#include "migrate/sql/quote.h"

/* Names as they are written in the statement. */
struct claim {
    const char *name, *table;
    size_t name_bytes, table_bytes;
};

static bool
take_words(struct token_scan *scan, struct token *t, const char *const *words)
{
    for (; *words; words++)
        if (!token_is(scan, t, *words) || !token_next(scan, t))
            return false;
    return true;
}

static void
pass_word(struct token_scan *scan, struct token *t, const char *word)
{
    if (token_is(scan, t, word))
        token_next(scan, t);
}

/* As parse_ident() and to_regclass() read it: not U&"…". */
static bool
is_name(const struct token_scan *scan, const struct token *t)
{
    return t->kind == TOKEN_WORD || (t->kind == TOKEN_IDENT && scan->text[t->offset] == '"');
}

/* CREATE [UNIQUE] INDEX [CONCURRENTLY] IF NOT EXISTS name ON [ONLY] table */
static bool
read_claim(const char *sql, size_t bytes, bool backslashes, struct claim *ret)
{
    static const char *const create[] = {"create", NULL}, *const index[] = {"index", NULL},
                             *const unless[] = {"if", "not", "exists", NULL},
                             *const on[] = {"on", NULL};
    struct token_scan scan = token_on(sql, bytes, backslashes);
    struct token t;
    if (!token_next(&scan, &t) || !take_words(&scan, &t, create))
        return false;
    pass_word(&scan, &t, "unique");
    if (!take_words(&scan, &t, index))
        return false;
    pass_word(&scan, &t, "concurrently");
    if (!take_words(&scan, &t, unless) || !is_name(&scan, &t))
        return false;
    *ret = (struct claim){.name = sql + t.offset, .name_bytes = t.bytes};
    if (!token_next(&scan, &t) || !take_words(&scan, &t, on))
        return false;
    pass_word(&scan, &t, "only");
    bool named = is_name(&scan, &t);
    ret->table = sql + t.offset;
    ret->table_bytes = t.bytes;
    while (named && token_next(&scan, &t) && token_is_char(&scan, &t, '.') &&
           token_next(&scan, &t)) {
        named = is_name(&scan, &t);
        ret->table_bytes = (size_t)(sql + t.offset - ret->table) + t.bytes;
    }
    return named;
}

static void
add_text(struct strbuf *sql, const char *text, size_t bytes)
{
    cleanup_strbuf struct strbuf copy = STRBUF_INIT;
    strbuf_add(&copy, text, bytes);
    quote_literal(sql, strbuf_str(&copy));
}

/* The parent of a partitioned index is INVALID by design until each partition has its own. */
static void
claim_sql(const struct claim *c, struct strbuf *sql)
{
    strbuf_adds(sql,
                "SELECT 1 FROM pg_catalog.pg_index i, pg_catalog.pg_class c, pg_catalog.pg_class t"
                " WHERE t.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass(");
    add_text(sql, c->table, c->table_bytes);
    strbuf_adds(sql, ") AND c.relnamespace OPERATOR(pg_catalog.=) t.relnamespace"
                     " AND c.relname OPERATOR(pg_catalog.=) (pg_catalog.parse_ident(");
    add_text(sql, c->name, c->name_bytes);
    strbuf_adds(sql, "))[1]::pg_catalog.name AND c.oid OPERATOR(pg_catalog.=) i.indexrelid"
                     " AND c.relkind OPERATOR(pg_catalog.=) 'i' AND NOT i.indisvalid");
}

int
apply_check_index(struct apply *a, const struct statement *st, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct pgrows *rows = NULL;
    struct claim c;
    if (!read_claim(a->text.data + st->offset, st->sql_bytes, st->backslashes, &c))
        return 0;
    claim_sql(&c, &sql);
    int result = session_sql(a->s, &sql, &rows, e);
    if (result == 0 && pgrows_count(rows) > 0)
        result =
            err_set(e, ERR_INPUT,
                    "the index %.*s exists already and is INVALID: a CREATE INDEX CONCURRENTLY "
                    "failed, or has not ended; drop it (DROP INDEX CONCURRENTLY) and run again",
                    (int)c.name_bytes, c.name);
    pgrows_free(rows);
    return result;
}
