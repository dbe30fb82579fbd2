/*
 * goose.c: the layout of goose (pure).
 *
 *     00001_name.sql
 *     -- +goose Up, Down, StatementBegin, StatementEnd, NO TRANSACTION, ENVSUB ON, ENVSUB OFF
 *     goose_db_version(id, version_id, is_applied, tstamp): a row a file, and one of version 0 before all
 *
 * Its source is the reference: internal/sqlparser/parser.go, internal/dialects/postgres.go, lock/. Its annotations
 * count wherever they stand, in bodies and literals, too, for it reads line by line. Statements are cut as PostgreSQL
 * cuts them, so that StatementBegin and StatementEnd mean nothing more here.
 */
#include <string.h>
#include <strings.h>

#include "migrate/layout/layouts.h"
#include "migrate/layout/names.h"
#include "migrate/layout/native.h"
#include "migrate/sql/lexer.h"
#include "migrate/sql/marks.h"
#include "migrate/sql/quote.h"

#define SHAPE "VERSION_name.sql"
/* crc32 of "goose", of its lock/ package. */
#define LOCK_KEY INT64_C(4097083626)

static int
name_parse(const char *file, struct layout_name *ret, struct err *e)
{
    struct layout_name n = {.direction = MIGRATION_UP};
    size_t len;
    if (names_stem(file, &len, e) < 0 || names_number_bar(file, len, SHAPE, "goose", &n, e) < 0)
        return -1;
    *ret = n;
    return 0;
}

/* VERSION_name.go, which is compiled into the program that applies it; VERSION_name_test.go is none. */
static bool
is_program(const char *file)
{
    static const char tests[] = "_test.go";
    struct layout_name n;
    size_t len = strlen(file);
    if (len < 3 || strcmp(file + len - 3, ".go") != 0)
        return false;
    if (len >= sizeof(tests) - 1 && strcmp(file + len - (sizeof(tests) - 1), tests) == 0)
        return false;
    return names_number_bar(file, len - 3, SHAPE, "goose", &n, NULL) == 0;
}

/* ---- annotations ---- */

enum word { UP, DOWN, BEGIN, END, NO_TRANSACTION, ENVSUB_ON, ENVSUB_OFF, WORDS };

static const char *const words[WORDS] = {
    "Up", "Down", "StatementBegin", "StatementEnd", "NO TRANSACTION", "ENVSUB ON", "ENVSUB OFF"};

/* Where the parser is, line by line. */
struct parse {
    const struct layout_text *t;
    struct layout_header *h;
    size_t up;
    size_t down;
    size_t envsub; /* ENVSUB ON since there */
    bool in_up;
    bool in_down;
    bool in_statement;
    bool envsub_on;
};

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static int
refuse(struct parse *p, size_t offset, struct err *e, const char *why)
{
    p->h->error_offset = offset;
    p->h->error_line = lexer_count_lines(p->t->data, offset) + 1;
    return err_set(e, ERR_INPUT, "%s", why);
}

/* What an annotation line says; dashes may stand around it. WORDS: nothing that goose knows. */
static enum word
word_of(const char *line, size_t len)
{
    const char *at = memmem(line, len, "+goose", 6);
    const char *from = at + 6;
    const char *end = line + len;
    while (from < end && (is_blank(*from) || *from == '-'))
        from++;
    while (end > from && (is_blank(end[-1]) || end[-1] == '-'))
        end--;
    for (int i = 0; i < WORDS; i++)
        if (strlen(words[i]) == (size_t)(end - from) &&
            strncasecmp(words[i], from, (size_t)(end - from)) == 0)
            return (enum word)i;
    return WORDS;
}

/* Its variables would have to be put into the text that runs. */
static void
end_envsub(struct parse *p, size_t offset)
{
    const char *from = p->t->data + p->envsub;
    bool wanted = p->t->direction == MIGRATION_UP ? p->in_up : p->in_down;
    const char *found = p->envsub_on && wanted ? memchr(from, '$', offset - p->envsub) : NULL;
    p->envsub_on = false;
    if (!found || p->h->unusable)
        return;
    p->h->unusable =
        "goose would substitute an environment variable here (ENVSUB ON), but migrate does not; write the value itself, or let goose apply this file";
    p->h->error_offset = (size_t)(found - p->t->data);
    p->h->error_line = lexer_count_lines(p->t->data, p->h->error_offset) + 1;
}

static int
take_section(struct parse *p, enum word w, size_t offset, struct err *e)
{
    bool was_on = p->envsub_on;
    if (p->in_statement)
        return refuse(p, offset, e, "-- +goose StatementEnd is missing before this line");
    if (w == UP && (p->in_up || p->in_down))
        return refuse(p, offset, e, "duplicate -- +goose Up");
    if (w == DOWN && !p->in_up)
        return refuse(p, offset, e,
                      p->in_down ? "duplicate -- +goose Down"
                                 : "-- +goose Down precedes -- +goose Up");
    end_envsub(p, offset);
    p->envsub_on = was_on;
    p->envsub = offset;
    *(w == UP ? &p->up : &p->down) = offset;
    p->in_up = w == UP;
    p->in_down = w == DOWN;
    return 0;
}

static int
take_word(struct parse *p, enum word w, size_t offset, struct err *e)
{
    switch (w) {
    case UP:
    case DOWN:
        return take_section(p, w, offset, e);
    case BEGIN:
        if (p->in_statement || !(p->in_up || p->in_down))
            return refuse(p, offset, e, "-- +goose StatementBegin is not allowed here");
        p->in_statement = true;
        return 0;
    case END:
        if (!p->in_statement)
            return refuse(p, offset, e, "-- +goose StatementEnd has no matching StatementBegin");
        p->in_statement = false;
        return 0;
    case NO_TRANSACTION:
        p->h->transaction = VERDICT_OFF;
        return 0;
    case ENVSUB_ON:
        p->envsub_on = true;
        p->envsub = offset;
        return 0;
    case ENVSUB_OFF:
        end_envsub(p, offset);
        return 0;
    default:
        return refuse(p, offset, e, "goose has no such annotation");
    }
}

static int
take_line(struct parse *p, size_t offset, size_t len, struct err *e)
{
    const char *line = p->t->data + offset;
    size_t at = 0;
    while (at < len && is_blank(line[at]))
        at++;
    if (at == len)
        return 0;
    bool comment = len - at >= 2 && line[at] == '-' && line[at + 1] == '-';
    if (comment && memmem(line, len, "+goose", 6)) {
        if (at > 0)
            return refuse(p, offset + at, e, "goose annotations must be at the start of the line");
        return take_word(p, word_of(line, len), offset, e);
    }
    if (!comment && !p->in_up && !p->in_down)
        return refuse(p, offset + at, e,
                      "a statement precedes the line -- +goose Up; move it below that line");
    return 0;
}

static int
take_lines(struct parse *p, struct err *e)
{
    const char *text = p->t->data;
    size_t len = p->t->len;
    size_t at = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (at < len) {
        const char *nl = memchr(text + at, '\n', len - at);
        size_t end = nl ? (size_t)(nl - text) : len;
        if (take_line(p, at, end - at, e) < 0)
            return -1;
        at = end + 1;
    }
    if (p->in_statement)
        return refuse(p, len, e, "-- +goose StatementEnd is missing at the end of the file");
    end_envsub(p, len);
    return 0;
}

static int
header_parse(const struct layout_text *t, struct layout_header *ret, struct err *e)
{
    struct parse p = {.t = t, .h = ret};
    native_header_init(ret, t->len, t->marks_fine);
    if (native_header_keys(t->data, ret, e) < 0 || take_lines(&p, e) < 0)
        return -1;
    if (!p.in_up && !p.in_down)
        return refuse(&p, 0, e,
                      "the line -- +goose Up is missing, which goose requires in every file");
    ret->back = p.in_down;
    if (t->direction == MIGRATION_DOWN) {
        if (!p.in_down)
            return refuse(&p, 0, e, "the line -- +goose Down is missing");
        ret->from = p.down;
    } else {
        ret->from = p.up;
        ret->to = p.in_down ? p.down : t->len;
    }
    return 0;
}

/* ---- history ---- */

static void
sql_create(const struct layout_place *at, struct strbuf *out)
{
    strbuf_addf(
        out,
        "CREATE TABLE IF NOT EXISTS %s (id pg_catalog.int4 PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY,"
        " version_id pg_catalog.int8 NOT NULL, is_applied pg_catalog.bool NOT NULL,"
        " tstamp pg_catalog.timestamp NOT NULL DEFAULT pg_catalog.now());"
        " INSERT INTO %s (version_id, is_applied) SELECT 0, true WHERE NOT EXISTS (SELECT 1 FROM %s)",
        at->quoted, at->quoted, at->quoted);
}

static void
sql_insert(const char *table, const struct layout_row *row, const char *proof, struct strbuf *out)
{
    strbuf_addf(out, "WITH written AS (INSERT INTO %s (version_id, is_applied) VALUES (%s, ", table,
                migration_stored(row->migration->version, true));
    if (proof)
        strbuf_addf(out, "CASE WHEN %s THEN true END", proof);
    else
        strbuf_adds(out, "true");
    strbuf_adds(out,
                ") RETURNING 1) SELECT 1 OPERATOR(pg_catalog./) pg_catalog.count(*) FROM written");
}

static void
sql_delete(const char *table, const struct migration *m, const struct migration *before,
           struct strbuf *out)
{
    (void)before;
    strbuf_addf(out, "WITH gone AS (DELETE FROM %s WHERE version_id OPERATOR(pg_catalog.=) ",
                table);
    quote_literal(out, m->version);
    strbuf_adds(out, " RETURNING 1) SELECT 1 OPERATOR(pg_catalog./)"
                     " pg_catalog.count(*) FROM gone");
}

static size_t
lock_keys(const struct layout_place *at, const char *database, int64_t ret[LAYOUT_KEYS_MAX])
{
    (void)at;
    (void)database;
    ret[0] = LOCK_KEY;
    return 1;
}

const struct layout layout_goose = {
    .name = "goose",
    .tool = "goose",
    .table = HISTORY_GOOSE_TABLE,
    .names = SHAPE,
    .name_parse = name_parse,
    .is_program = is_program,
    .even_numbers = true,
    .header_parse = header_parse,
    .sign = "+goose",
    .columns = HISTORY_GOOSE_COLUMNS,
    .keeps =
        "no digests are recorded: whether a file has changed since it was applied is not known",
    .first_types = "integer,bigint",
    .sql_read = history_read_goose,
    .sql_create = sql_create,
    .sql_insert = sql_insert,
    .proof_column = "is_applied",
    .unwritten = "22012", /* division_by_zero */
    .sql_delete = sql_delete,
    .lock_keys = lock_keys,
};
