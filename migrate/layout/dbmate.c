/*
 * dbmate.c: the layout of dbmate (pure).
 *
 *     20240101_name.sql
 *     -- migrate:up [transaction:false]
 *     -- migrate:down [transaction:false]
 *     schema_migrations(version): a row a file
 *
 * Its source is the reference: pkg/dbmate/migration.go, pkg/driver/postgres/postgres.go. It takes no lock.
 */
#include <string.h>

#include "migrate/layout/layouts.h"
#include "migrate/layout/names.h"
#include "migrate/layout/native.h"
#include "migrate/sql/lexer.h"
#include "migrate/sql/marks.h"
#include "migrate/sql/quote.h"

#define SHAPE "VERSION_name.sql"

static int
name_parse(const char *file, struct layout_name *ret, struct err *e)
{
    struct layout_name n = {.direction = MIGRATION_UP};
    size_t len;
    if (names_stem(file, &len, e) < 0)
        return -1;
    n.version_bytes = strspn(file, "0123456789");
    if (n.version_bytes == 0)
        return err_set(e, ERR_INPUT,
                       "the name does not have the form " SHAPE " required by dbmate");
    n.name_offset =
        n.version_bytes + (n.version_bytes < len && strchr("_-", file[n.version_bytes]));
    n.name_bytes = len - n.name_offset;
    *ret = n;
    return 0;
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

/* A line of the file that says something. */
struct directive {
    size_t offset;       /* of the line */
    const char *options; /* behind its word */
    size_t bytes;        /* of those, to the end of the line */
    bool found;
};

/* "--", blanks, word, and the end or a blank. */
static bool
is_directive(const char *line, size_t len, const char *word, struct directive *ret)
{
    size_t at = 2;
    size_t n = strlen(word);
    if (len < 2 || line[0] != '-' || line[1] != '-')
        return false;
    while (at < len && is_blank(line[at]))
        at++;
    if (len - at < n || memcmp(line + at, word, n) != 0)
        return false;
    at += n;
    ret->options = line + at;
    ret->bytes = len - at;
    ret->found = at == len || is_blank(line[at]);
    return ret->found;
}

static struct directive
find_directive(const char *text, size_t len, const char *word)
{
    struct directive d = {.offset = 0};
    size_t at = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (at < len) {
        const char *nl = memchr(text + at, '\n', len - at);
        size_t end = nl ? (size_t)(nl - text) : len;
        if (is_directive(text + at, end - at, word, &d)) {
            d.offset = at;
            return d;
        }
        at = end + 1;
    }
    return d;
}

static int
fail_at(const char *text, size_t offset, struct layout_header *h)
{
    h->error_offset = offset;
    h->error_line = lexer_count_lines(text, offset) + 1;
    return -1;
}

/* Before the first section only comments and empty lines may stand. */
static int
check_before(const char *text, size_t len, struct layout_header *h, struct err *e)
{
    size_t at = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (at < len) {
        const char *nl = memchr(text + at, '\n', len - at);
        size_t end = nl ? (size_t)(nl - text) : len;
        size_t word = at;
        while (word < end && is_blank(text[word]))
            word++;
        if (word < end && (end - word < 2 || memcmp(text + word, "--", 2) != 0)) {
            err_set(
                e, ERR_INPUT,
                "a statement precedes the line -- migrate:up, so dbmate does not execute it; move it below that line");
            return fail_at(text, word, h);
        }
        at = end + 1;
    }
    return 0;
}

static void
take_options(const struct directive *d, struct layout_header *h)
{
    static const char off[] = "transaction:false";
    for (size_t at = 0; at < d->bytes;) {
        size_t n = 0;
        while (at < d->bytes && is_blank(d->options[at]))
            at++;
        while (at + n < d->bytes && !is_blank(d->options[at + n]))
            n++;
        if (n == sizeof(off) - 1 && memcmp(d->options + at, off, n) == 0)
            h->transaction = VERDICT_OFF;
        at += n;
    }
}

static int
no_section(const char *what, struct layout_header *h, struct err *e)
{
    err_set(e, ERR_INPUT, "the line -- migrate:%s is missing, which dbmate requires in every file",
            what);
    h->error_line = 1;
    return -1;
}

static int
header_parse(const struct layout_text *t, struct layout_header *ret, struct err *e)
{
    struct directive up = find_directive(t->data, t->len, "migrate:up");
    struct directive down = find_directive(t->data, t->len, "migrate:down");
    native_header_init(ret, t->len, t->marks_fine | MARKS_ALL);
    if (!up.found)
        return no_section("up", ret, e);
    if (down.found && down.offset < up.offset) {
        err_set(e, ERR_INPUT, "-- migrate:down precedes -- migrate:up; exchange the two sections");
        return fail_at(t->data, down.offset, ret);
    }
    if (check_before(t->data, up.offset, ret, e) < 0)
        return -1;
    ret->back = down.found;
    if (t->direction == MIGRATION_DOWN && !down.found)
        return no_section("down", ret, e);
    ret->from = t->direction == MIGRATION_UP ? up.offset : down.offset;
    ret->to = t->direction == MIGRATION_UP && down.found ? down.offset : t->len;
    take_options(t->direction == MIGRATION_UP ? &up : &down, ret);
    return 0;
}

static void
sql_create(const struct layout_place *at, struct strbuf *out)
{
    strbuf_addf(out, "CREATE TABLE IF NOT EXISTS %s (version pg_catalog.varchar PRIMARY KEY)",
                at->quoted);
}

static void
sql_insert(const char *table, const struct layout_row *row, const char *proof, struct strbuf *out)
{
    strbuf_addf(out, "WITH written AS (INSERT INTO %s (version) VALUES (", table);
    if (proof)
        strbuf_addf(out, "CASE WHEN %s THEN ", proof);
    quote_literal(out, row->migration->version);
    strbuf_adds(out, proof ? " END" : "");
    strbuf_adds(out,
                ") RETURNING 1) SELECT 1 OPERATOR(pg_catalog./) pg_catalog.count(*) FROM written");
}

const struct layout layout_dbmate = {
    .name = "dbmate",
    .tool = "dbmate",
    .table = HISTORY_DBMATE_TABLE,
    .names = SHAPE,
    .name_parse = name_parse,
    .header_parse = header_parse,
    .sign = "migrate:up",
    .columns = HISTORY_DBMATE_COLUMNS,
    .keeps =
        "only versions are recorded: neither when a file was applied nor whether it has changed since then is known",
    .first_types = "character varying,text",
    .twin = "Rails",
    .sql_read = history_read_dbmate,
    .sql_create = sql_create,
    .sql_insert = sql_insert,
    .proof_column = "version",
    .unwritten = "22012", /* division_by_zero */
    .sql_delete = native_sql_delete,
};
