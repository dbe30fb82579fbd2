/* lexer.c: statements of a file, one at a time (pure). */
#include "migrate/sql/lexer.h"

#include <string.h>

#include "migrate/sql/lexer_scan.h"
#include "migrate/sql/settings.h"
#include "migrate/sql/token.h"

void
lexer_init(struct lexer *lx, const char *text, size_t len)
{
    *lx = (struct lexer){.text = text, .len = len, .line = 1};
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        lx->pos = 3;
}

size_t
lexer_count_lines(const char *text, size_t len)
{
    size_t n = 0;
    const char *end = text + len;

    while (text < end && (text = memchr(text, '\n', (size_t)(end - text))) != NULL) {
        n++;
        text++;
    }
    return n;
}

/* Behind the last token of a statement that no semicolon ends. */
static size_t
last_token_end(const struct lexer *lx, size_t start)
{
    struct token_scan ts = token_on(lx->text, lx->len, lx->backslashes);
    struct token t;
    size_t end = start;

    ts.pos = start;
    while (token_next(&ts, &t))
        end = t.offset + t.bytes;
    return end;
}

static bool
word_at(const char *p, size_t left, const char *word)
{
    size_t n = strlen(word);
    return left >= n && memcmp(p, word, n) == 0 &&
           (left == n || p[n] == ' ' || p[n] == '\t' || p[n] == '\r' || p[n] == '\n');
}

/*
 * White space, comments, empty statements, \restrict and \unrestrict. 1: a statement begins at
 * s->pos.
 */
static int
skip_between(struct lexer *lx, struct scan *s, struct err *e)
{
    const char *text = lx->text;
    size_t len = lx->len;

    while (s->pos < len) {
        unsigned char c = (unsigned char)text[s->pos];
        if ((token_class[c] & TOKEN_C_SPACE) || c == ';') {
            s->pos++;
        } else if (c == '-' || c == '/') {
            size_t before = s->pos;
            if (lexer_over_comment(lx, s, e) < 0)
                return -1;
            if (s->pos == before + 1) {
                s->pos = before;
                return 1; /* an operator */
            }
        } else if (c == '\\') {
            const char *p = text + s->pos + 1;
            size_t left = len - s->pos - 1;
            if (!word_at(p, left, "restrict") && !word_at(p, left, "unrestrict"))
                return lexer_fail_backslash(lx, s->pos, false, e);
            const char *nl = memchr(p, '\n', left);
            s->pos = nl ? (size_t)(nl - text) : len;
        } else {
            return 1;
        }
    }
    return 0;
}

/* Behind the semicolon of a COPY: nothing but white space and comments to the end of the line. */
static int
copy_line_rest(struct lexer *lx, size_t *pos, struct err *e)
{
    const char *text = lx->text;
    const char *nl = memchr(text + *pos, '\n', lx->len - *pos);
    size_t end = nl ? (size_t)(nl - text) : lx->len;
    struct token_scan ts = token_on(text, end, false);
    struct token t;

    ts.pos = *pos;
    if (token_next(&ts, &t) || t.fault)
        return lexer_fail(
            lx, t.offset,
            "text behind COPY ... FROM STDIN; on its line: the data begins on the next one", e);
    *pos = nl ? end + 1 : lx->len;
    return 0;
}

static void
note_passed(struct lexer *lx, size_t upto)
{
    if (!lx->passed || upto < lx->passed_to + LEXER_PASSED_BYTES)
        return;
    lx->passed_to = upto;
    lx->passed(lx->passed_arg, upto);
}

/*
 * From *pos to the line \. or the end of the text; counts the lines, as the data is to be looked
 * at only once.
 */
static void
read_copy_data(struct lexer *lx, size_t *pos, struct statement *st)
{
    const char *text = lx->text;
    size_t at = *pos;

    st->data_offset = at;
    *pos = lx->len;
    while (at < lx->len) {
        const char *nl = memchr(text + at, '\n', lx->len - at);
        size_t end = nl ? (size_t)(nl - text) : lx->len;
        size_t bytes = end - at;
        if (bytes >= 2 && text[at] == '\\' && text[at + 1] == '.' &&
            (bytes == 2 || (bytes == 3 && text[at + 2] == '\r'))) {
            *pos = end;
            break;
        }
        st->end_line += nl != NULL;
        at = nl ? end + 1 : lx->len;
        note_passed(lx, at);
    }
    st->data_bytes = at - st->data_offset;
}

/* After its SQL was scanned: the statement, its data when it is a COPY. */
static int
finish(struct lexer *lx, struct scan *s, struct statement *st, struct err *e)
{
    bool ended = s->pos < lx->len;
    size_t end = ended ? s->pos : last_token_end(lx, s->start);
    size_t pos = ended ? s->pos + 1 : lx->len;

    st->n = ++lx->n;
    st->offset = s->start;
    st->sql_bytes = st->bytes = end - s->start;
    st->backslashes = lx->backslashes;
    st->line = lx->line + lexer_count_lines(lx->text + lx->pos, s->start - lx->pos);
    st->end_line = st->line + lexer_count_lines(lx->text + s->start, st->bytes);
    if (s->copy) {
        st->kind = STATEMENT_COPY;
        st->data_offset = pos;
    }
    if (s->copy && ended) {
        if (copy_line_rest(lx, &pos, e) < 0)
            return -1;
        st->end_line += lexer_count_lines(lx->text + end, pos - end);
        read_copy_data(lx, &pos, st);
        st->bytes = st->data_offset + st->data_bytes - s->start;
    }
    size_t rest = st->offset + st->bytes;
    lx->line = st->end_line + lexer_count_lines(lx->text + rest, pos - rest);
    lx->pos = pos;
    note_passed(lx, s->start);
    st->ends_batch = settings_change(lx->text + s->start, st->sql_bytes, &lx->backslashes);
    return 1;
}

int
lexer_next(struct lexer *lx, struct statement *ret, struct err *e)
{
    struct scan s = {.pos = lx->pos, .floor = lx->pos};
    struct statement st = {.kind = STATEMENT_SQL};
    int rc = skip_between(lx, &s, e);

    if (rc == 0) {
        lx->line += lexer_count_lines(lx->text + lx->pos, lx->len - lx->pos);
        lx->pos = lx->len;
    }
    if (rc <= 0)
        return rc;
    s.start = s.floor = s.pos;
    if (lexer_scan(lx, &s, e) < 0)
        return -1;
    if (s.pos >= lx->len && s.depth > 0)
        return lexer_fail(lx, s.paren, "this parenthesis is not closed", e);
    rc = finish(lx, &s, &st, e);
    if (rc > 0)
        *ret = st;
    return rc;
}
