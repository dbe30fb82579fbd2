/*
 * oracle_split.c: does lexer.c cut SQL files where PostgreSQL's parser does?
 *
 *     oracle_split FILE…
 *
 * The judge is pg_query_split_with_parser of libpg_query: the server's own grammar. It knows
 * neither psql's commands nor the data of COPY, so these are blanked for it first, by means that
 * share nothing with the lexer: COPY data by a regular expression on lines, psql's commands and
 * variables where the parser itself stumbles over them. The lexer sees the text with its COPY
 * data.
 *
 * A file that the parser still refuses (the suite is full of wrong SQL) is judged without the
 * statements that it refuses one by one; such files are counted apart. Prints the counts; exit
 * status 1 when any file differs.
 */
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <pg_query.h>

#include "common/base/err.h"
#include "migrate/sql/lexer.h"
#include "tests/oracle/blank.h"

struct counts {
    size_t files, statements, differ;
    size_t skipped; /* not text that the parser reads at all */
    size_t mended;  /* files judged without some statements */
    size_t refused; /* statements that the parser refuses */
    size_t unsplit; /* files that the lexer refuses */
    size_t copies;
};

struct subject {
    const char *path;
    char *text;  /* what the lexer reads */
    char *judge; /* the same, COPY data blanked */
    size_t len;
};

static char *
read_all(const char *path, size_t *ret_len)
{
    FILE *f = fopen(path, "rb");
    char *text = NULL;
    size_t size = 0;
    size_t len = 0;

    if (!f)
        return NULL;
    do {
        size += 1u << 20;
        text = realloc(text, size + 1);
        if (!text)
            abort();
        len += fread(text + len, 1, size - len, f);
    } while (len == size);
    fclose(f);
    text[len] = '\0';
    *ret_len = len;
    return text;
}

static void
blank(char *text, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (text[i] != '\n')
            text[i] = ' ';
}

/* At the start of a line, so that bodies of functions do not match; \copy needs no semicolon. */
#define COPY_LINE                                                                                  \
    "^(copy[ \t].*[ \t])?from[ \t]+(stdin|stdout)([ \t(]([^;'\\]|'[^']*')*)?;[ \t]*(--.*)?$|"      \
    "^\\\\copy[ \t].*[ \t]from[ \t]+stdin"

/* The lines behind "copy … from stdin …;" to the line \. */
static void
blank_copy_data(struct subject *s, const regex_t *copy)
{
    char *text = s->judge;
    bool data = false;
    bool psql = false; /* of \copy, which the lexer is not to see */
    size_t at = 0;

    while (at < s->len) {
        size_t end = at + strcspn(text + at, "\n");
        char saved = text[end];
        text[end] = '\0';
        bool last = strcmp(text + at, "\\.") == 0;
        bool starts = !data && regexec(copy, text + at, 0, NULL, 0) == 0;
        text[end] = saved;
        if (data)
            blank(text, at, end);
        if (data && psql)
            blank(s->text, at, end);
        data = starts || (data && !last);
        psql = data && (psql || (starts && text[at] == '\\'));
        at = end + 1;
    }
}

/* Where the parser stumbles, from 0; -1 when it accepts the text. */
static long
stumble(const char *text, size_t len)
{
    PgQuerySplitResult r = pg_query_split_with_parser(text);
    long at = -1;

    if (r.error) {
        /* cursorpos counts characters */
        long chars = r.error->cursorpos;
        size_t i = 0;
        while (i < len && chars > 1) {
            i++;
            while (i < len && ((unsigned char)text[i] & 0xc0) == 0x80)
                i++;
            chars--;
        }
        at = r.error->cursorpos > 0 ? (long)i : (long)len;
    }
    pg_query_free_split_result(r);
    return at;
}

/* "copy t from stdin \;": its data stands behind the whole line, which psql alone can do. */
static void
hide_stdin(struct subject *s, size_t at)
{
    for (size_t i = at; i >= 5 && s->text[i] != '\n'; i--) {
        if (strncasecmp(s->text + i - 5, "stdin", 5) == 0) {
            memcpy(s->text + i - 5, "'xxx'", 5);
            memcpy(s->judge + i - 5, "'xxx'", 5);
        }
    }
}

/* A command of psql at `at`: those that send what was typed so far become a semicolon. */
static void
blank_command(struct subject *s, size_t at)
{
    static const char *const senders[] = {"\\g",     "\\gx",           "\\gset",  "\\gexec",
                                          "\\gdesc", "\\crosstabview", "\\watch", "\\;"};
    size_t end = at + strcspn(s->text + at, "\n");
    size_t word = 1 + strcspn(s->text + at + 1, " \t\n\\");
    bool sends = false;

    for (size_t i = 0; i < sizeof(senders) / sizeof(senders[0]); i++)
        sends |= strlen(senders[i]) == word && memcmp(senders[i], s->text + at, word) == 0;
    if (s->text[at + 1] == ';') {
        sends = true;
        end = at + 2;
        hide_stdin(s, at);
    }
    blank(s->text, at, end);
    blank(s->judge, at, end);
    if (sends)
        s->text[at] = s->judge[at] = ';';
}

static void
blank_psql(struct subject *s)
{
    long at;

    for (int rounds = 0;
         rounds < 2000 && (at = stumble(s->judge, s->len)) >= 0 && (size_t)at < s->len; rounds++) {
        if (s->judge[at] == '\\') {
            blank_command(s, (size_t)at);
        } else if (s->judge[at] == ':') {
            s->text[at] = s->judge[at] = ' ';
            if (s->judge[at + 1] == '{') {
                size_t end = (size_t)at + strcspn(s->judge + at, "}") + 1;
                blank(s->text, (size_t)at, end);
                blank(s->judge, (size_t)at, end);
            }
        } else {
            return;
        }
    }
}

static int
differ(const struct subject *s, const struct statement *st, const char *what)
{
    printf("%s:%zu: %s: %.*s\n", s->path, st->line, what,
           (int)(st->sql_bytes > 70 ? 70 : st->sql_bytes), s->text + st->offset);
    return -1;
}

/* One of ours against the judge's next one. */
static int
compare_one(const struct subject *s, const struct statement *st, const PgQuerySplitStmt *theirs)
{
    size_t to = (size_t)theirs->stmt_location + (size_t)theirs->stmt_len;
    size_t from = skip_blank(s->judge, (size_t)theirs->stmt_location, to);
    size_t end = st->offset + st->sql_bytes;

    if (from != st->offset)
        return differ(s, st, "begins elsewhere");
    if (to != end && !(to == s->len && skip_blank(s->judge, end, s->len) == s->len))
        return differ(s, st, "ends elsewhere");
    if (st->kind == STATEMENT_COPY) {
        for (size_t i = 0; i < st->data_bytes; i++)
            if (!strchr(" \n", s->judge[st->data_offset + i]))
                return differ(s, st, "other data");
    }
    return 0;
}

/* -1: differs; 1: the parser refuses the file. */
static int
compare(const struct subject *s, struct counts *c)
{
    PgQuerySplitResult r = pg_query_split_with_parser(s->judge);
    struct lexer lx;
    struct statement st;
    struct err e;
    int rc = 0;
    int got;
    size_t n = 0;

    if (r.error) {
        pg_query_free_split_result(r);
        return 1;
    }
    lexer_init(&lx, s->text, s->len);
    while (rc == 0 && (got = lexer_next(&lx, &st, &e)) != 0) {
        if (got < 0) {
            printf("%s: refused: %s\n", s->path, e.msg);
            rc = -1;
        } else if (n >= (size_t)r.n_stmts) {
            rc = differ(s, &st, "one too many");
        } else {
            c->copies += st.kind == STATEMENT_COPY;
            rc = compare_one(s, &st, r.stmts[n++]);
        }
    }
    if (rc == 0 && n != (size_t)r.n_stmts) {
        printf("%s: %zu statements, the parser has %d\n", s->path, n, r.n_stmts);
        rc = -1;
    }
    c->statements += n;
    pg_query_free_split_result(r);
    return rc;
}

/*
 * Blanks the statements that the parser refuses when they stand alone, and psql's commands behind
 * the first of them.
 */
static int
mend(struct subject *s, struct counts *c)
{
    struct lexer lx;
    struct statement st;
    struct err e;
    int got;

    lexer_init(&lx, s->text, s->len);
    while ((got = lexer_next(&lx, &st, &e)) != 0) {
        if (got < 0) {
            if (s->judge[lx.error_offset] == '\\')
                blank_command(s, lx.error_offset);
            else if (s->judge[lx.error_offset] == '(')
                s->judge[lx.error_offset] = s->text[lx.error_offset] = ' ';
            else
                break;
            lexer_init(&lx, s->text, s->len);
            continue;
        }
        size_t end = st.offset + st.sql_bytes;
        char saved = s->judge[end];
        s->judge[end] = '\0';
        bool fine = stumble(s->judge + st.offset, st.sql_bytes) < 0;
        s->judge[end] = saved;
        if (!fine) {
            c->refused++;
            blank(s->judge, st.offset, end);
            blank(s->text, st.offset, st.kind == STATEMENT_COPY ? lx.pos : end);
        }
    }
    if (got < 0)
        printf("%s: not judged: %s\n", s->path, e.msg);
    return got;
}

static void
judge_file(struct subject *s, const regex_t *copy, struct counts *c)
{
    c->files++;
    blank_copy_data(s, copy);
    blank_psql(s);
    int rc = compare(s, c);
    if (rc == 1) {
        c->mended++;
        rc = mend(s, c);
        if (rc < 0) {
            c->unsplit++;
            return;
        }
        rc = compare(s, c);
        if (rc == 1)
            printf("%s: the parser refuses what it accepts in pieces\n", s->path);
    }
    c->differ += rc != 0;
}

int
main(int argc, char **argv)
{
    struct counts c = {0};
    regex_t copy;

    if (regcomp(&copy, COPY_LINE, REG_EXTENDED | REG_ICASE | REG_NOSUB))
        return 2;
    for (int i = 1; i < argc; i++) {
        struct subject s = {.path = argv[i]};
        s.text = read_all(argv[i], &s.len);
        s.judge = s.text ? strdup(s.text) : NULL;
        if (s.judge && strlen(s.text) == s.len)
            judge_file(&s, &copy, &c);
        else
            c.skipped++;
        free(s.text);
        free(s.judge);
    }
    regfree(&copy);
    pg_query_exit();
    printf("%zu files, %zu statements (%zu COPY with data), %zu differ\n", c.files, c.statements,
           c.copies, c.differ);
    printf(
        "of these files the parser refuses %zu as they are: judged without %zu statements that it refuses alone; "
        "%zu of them not judged, %zu not text\n",
        c.mended, c.refused, c.unsplit, c.skipped);
    return c.differ || c.unsplit || c.statements == 0;
}
