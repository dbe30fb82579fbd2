/*
 * The splitter against PostgreSQL's own parser (libpg_query), on texts that mostly parse: the input chooses statements,
 * and what stands in their holes: white space and comments, literals of every kind, operators, names that are key words. What the
 * parser refuses is not judged; what it accepts has the same statements at the same places.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pg_query.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "migrate/sql/lexer.h"
#include "tests/oracle/blank.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT_MAX 4096u

struct choices {
    const uint8_t *data;
    size_t left;
};

static unsigned
pick(struct choices *c, unsigned n)
{
    if (c->left == 0)
        return 0;
    c->left--;
    return *c->data++ % n;
}

#define PICK(c, list) ((list)[pick(c, (unsigned)(sizeof(list) / sizeof(*(list))))])

/* ---- holes ---- */

/* What may end something too early, or begin something where nothing begins. */
static void
add_noise(struct choices *c, struct strbuf *out, const char *never)
{
    static const char *const pieces[] = {
        "a",  ";",  "'",     "\"",  "$",    "$$",   "$a$", "(",   ")",    "--", "/*",
        "*/", "\n", "begin", "end", "\\",   "é",    "E'",  " ",   "case", "$1", "atomic",
        "\r", "\t", "U&'",   "''",  "\"\"", "$b1$", ":x",  "\\.", "as",   "0",  "_"};
    for (unsigned n = pick(c, 6); n > 0; n--) {
        const char *piece = PICK(c, pieces);
        if (!strpbrk(piece, never))
            strbuf_adds(out, piece);
    }
}

static void
add_comment(struct choices *c, struct strbuf *out)
{
    strbuf_adds(out, "/*");
    add_noise(c, out, "/*");
    if (pick(c, 3) == 1) {
        strbuf_adds(out, "/*");
        add_noise(c, out, "/*");
        strbuf_adds(out, "*/");
    }
    add_noise(c, out, "/*");
    strbuf_adds(out, "*/");
}

static void
add_space(struct choices *c, struct strbuf *out, bool wanted)
{
    static const char *const plain[] = {" ", "\n", "\t", "\r\n", "\f", "  ", "\v"};
    unsigned kind = pick(c, 8);
    if (kind < 4)
        strbuf_adds(out, wanted || kind > 1 ? PICK(c, plain) : "");
    else if (kind == 4)
        add_comment(c, out);
    else if (kind == 5) {
        strbuf_adds(out, "--");
        add_noise(c, out, "\n\r");
        strbuf_adds(out, pick(c, 4) == 0 ? "\r" : "\n");
    } else if (wanted || kind == 6)
        strbuf_adds(out, " ");
}

static void
add_dollars(struct choices *c, struct strbuf *out)
{
    static const char *const tags[] = {"$$", "$a$", "$_é$", "$b1$", "$A$"};
    const char *tag = PICK(c, tags);
    strbuf_adds(out, tag);
    add_noise(c, out, "");
    strbuf_adds(out, tag);
}

static void
add_quoted(struct choices *c, struct strbuf *out, const char *prefix, const char *quote)
{
    strbuf_adds(out, prefix);
    strbuf_adds(out, quote);
    add_noise(c, out, "'\"\\");
    if (pick(c, 3) == 1)
        strbuf_adds(out, *prefix == 'E' ? "\\'" : *quote == '\'' ? "''" : "\"\"");
    add_noise(c, out, "'\"\\");
    strbuf_adds(out, quote);
}

static void
add_literal(struct choices *c, struct strbuf *out)
{
    static const char *const prefixes[] = {"", "E", "U&", "N", "", "e"};
    switch (pick(c, 6)) {
    case 0:
        strbuf_adds(out, "1");
        break;
    case 1:
        add_dollars(c, out);
        break;
    case 2: /* goes on in the next line */
        add_quoted(c, out, "", "'");
        strbuf_adds(out, pick(c, 2) ? " \n " : "\n--;'\n");
        add_quoted(c, out, "", "'");
        break;
    case 3:
        strbuf_adds(out, pick(c, 2) ? "B'01'" : "x'af'");
        break;
    default:
        add_quoted(c, out, PICK(c, prefixes), "'");
    }
}

static void
add_name(struct choices *c, struct strbuf *out)
{
    static const char *const plain[] = {"t", "atomic", "begin", "_a$b", "é", "copy", "stdin", "a1"};
    if (pick(c, 3) == 1)
        add_quoted(c, out, pick(c, 3) == 1 ? "U&" : "", "\"");
    else
        strbuf_adds(out, PICK(c, plain));
}

static void
add_operator(struct choices *c, struct strbuf *out)
{
    static const char *const operators[] = {"+", "<=",  "||", "@>", "#>>", "*", "/",
                                            "%", "<->", "~~", "&&", "=",   "-"};
    strbuf_adds(out, PICK(c, operators));
    if (pick(c, 4) == 1)
        add_comment(c, out); /* ends the operator */
}

/* Of a function with a body, or of a rule. */
static void
add_body(struct choices *c, struct strbuf *out)
{
    static const char *const statements[] = {
        "SELECT %s;",
        "SELECT CASE WHEN %s IS NULL THEN %s ELSE (%s) END;",
        "SELECT 1 AS end;",
        "SELECT 1 AS \"end\", 2 AS case;",
        "SELECT t.end, t.case, t.begin FROM t;",
        "INSERT INTO %n VALUES (%s);",
        "RETURN %s;",
        ";",
        "SELECT begin FROM t AS begin;",
        "SELECT (SELECT CASE %s WHEN %s THEN 1 END);",
        "SELECT end_ FROM t; SELECT case_ FROM t;",
    };
    for (unsigned n = pick(c, 4); n > 0; n--) {
        for (const char *p = PICK(c, statements); *p; p++) {
            if (*p == '%' && *++p == 's')
                add_literal(c, out);
            else if (*p == 'n' && p[-1] == '%')
                add_name(c, out);
            else if (*p == ' ')
                add_space(c, out, true);
            else
                strbuf_addc(out, *p);
        }
    }
}

/* %s a literal, %n a name, %o an operator, %b statements; a space: white space, ~: perhaps. */
static const char *const templates[] = {
    "SELECT %s",
    "SELECT %s AS %n ,~%s",
    "SELECT 1~%o~%s",
    "SELECT $1~,~$2",
    "BEGIN",
    "COMMIT",
    "END",
    "CREATE FUNCTION %n~() RETURNS int LANGUAGE sql AS %s",
    "CREATE FUNCTION %n~() RETURNS int LANGUAGE sql BEGIN ATOMIC %b END",
    "CREATE OR REPLACE PROCEDURE %n~() LANGUAGE sql BEGIN ATOMIC %b END",
    "CREATE OR REPLACE FUNCTION f(a int DEFAULT (1)) RETURNS int RETURN CASE WHEN a~%o~1 THEN %s END",
    "CREATE RULE %n AS ON INSERT TO t DO ALSO (INSERT INTO t VALUES (%s)~;~DELETE FROM %n~;)",
    "CREATE TABLE %n~(a int, %n text DEFAULT %s, CHECK (a~%o~1))",
    "INSERT INTO %n VALUES~(%s, (%s)),~(1, ARRAY[1,2])",
    "DO %s",
    "DO LANGUAGE plpgsql %s",
    "COMMENT ON TABLE %n IS %s",
    "SELECT CASE WHEN true THEN %s ELSE %s END",
    "SELECT a.begin, b.end, c.case FROM a, b, c",
    "SELECT 1 AS begin, 2 AS end, 3 AS case",
    "CREATE SCHEMA %n CREATE TABLE begin (i int) CREATE VIEW v AS SELECT %s",
    "CREATE VIEW %n AS SELECT f(%s)~::~text",
    "PREPARE %n AS SELECT %s",
    "ALTER TABLE %n ADD COLUMN %n int DEFAULT %s, ALTER COLUMN b DROP NOT NULL",
    "CREATE TRIGGER %n BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(%s)",
    "COPY t TO STDOUT",
    "SELECT 1.5e3, .5, 0x_",
    "",
};

static void
add_statement(struct choices *c, struct strbuf *out)
{
    for (const char *p = PICK(c, templates); *p; p++) {
        if (*p == ' ' || *p == '~')
            add_space(c, out, *p == ' ');
        else if (*p != '%')
            strbuf_addc(out, *p);
        else if (*++p == 's')
            add_literal(c, out);
        else if (*p == 'n')
            add_name(c, out);
        else if (*p == 'o')
            add_operator(c, out);
        else
            add_body(c, out);
    }
}

/* ---- the comparison ---- */

static void
differ(const char *text, const char *what, const struct statement *st)
{
    fprintf(stderr, "%s: statement %zu at %zu, %zu bytes:\n%s\n", what, st->n, st->offset,
            st->sql_bytes, text);
    abort();
}

static void
compare(const char *text, size_t len, const PgQuerySplitResult *theirs)
{
    struct lexer lx;
    struct statement st;
    int got;
    int n = 0;
    lexer_init(&lx, text, len);
    while ((got = lexer_next(&lx, &st, NULL)) > 0) {
        if (n == theirs->n_stmts)
            differ(text, "one too many", &st);
        const PgQuerySplitStmt *other = theirs->stmts[n++];
        size_t from = (size_t)other->stmt_location;
        size_t to = other->stmt_len > 0 ? from + (size_t)other->stmt_len : len;
        size_t end = st.offset + st.sql_bytes;
        if (st.offset < from || skip_blank(text, from, st.offset) != st.offset)
            differ(text, "begins elsewhere", &st);
        if (end > to || skip_blank(text, end, to) != to)
            differ(text, "ends elsewhere", &st);
    }
    if (got < 0)
        differ(text, "refused", &st);
    if (n != theirs->n_stmts)
        differ(text, "too few", &st);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct choices c = {.data = data, .left = size};
    cleanup_strbuf struct strbuf text = STRBUF_INIT;
    do {
        add_space(&c, &text, false);
        add_statement(&c, &text);
        add_space(&c, &text, false);
        strbuf_addc(&text, ';');
    } while (c.left > 0 && text.len < TEXT_MAX);
    if (pick(&c, 2))
        add_space(&c, &text, false);
    PgQuerySplitResult theirs = pg_query_split_with_parser(strbuf_str(&text));
    if (!theirs.error)
        compare(strbuf_str(&text), text.len, &theirs);
    pg_query_free_split_result(theirs);
    return 0;
}
