/* lexer_scan.c: from the first token of a statement to its semicolon (pure). */
#include "migrate/sql/lexer_scan.h"

#include "migrate/sql/token.h"

/* Where a routine's statement (the outer one, or one inside its body) stands. */
enum routine_at {
    AT_START,
    AT_CREATE,
    AT_OR,
    AT_REPLACE,
    AT_ROUTINE, /* behind CREATE [OR REPLACE] FUNCTION|PROCEDURE */
    AT_BEGIN,   /* … BEGIN */
    AT_OTHER,
};

/* Fills the place of the error; the text ends here for the lexer. */
static void
fail_at(struct lexer *lx, size_t offset)
{
    lx->error_offset = offset;
    lx->error_line = lx->line + lexer_count_lines(lx->text + lx->pos, offset - lx->pos);
    lx->pos = lx->len;
}

int
lexer_fail(struct lexer *lx, size_t offset, const char *what, struct err *e)
{
    fail_at(lx, offset);
    return err_set(e, ERR_INPUT, "%s", what);
}

static int
fail_open(struct lexer *lx, const struct token *t, struct err *e)
{
    switch (t->fault) {
    case TOKEN_OPEN_IDENT:
        return lexer_fail(lx, t->offset, "this quoted identifier is not closed", e);
    case TOKEN_OPEN_DOLLAR:
        return lexer_fail(lx, t->offset, "this dollar-quoted string is not closed", e);
    case TOKEN_OPEN_COMMENT:
        return lexer_fail(lx, t->offset, "this comment is not closed", e);
    default:
        return lexer_fail(lx, t->offset, "this quoted string is not closed", e);
    }
}

/* A backslash outside of quotes at pos: a psql command, refused by name. */
int
lexer_fail_backslash(struct lexer *lx, size_t pos, bool inside, struct err *e)
{
    const char *p = lx->text + pos;
    size_t left = lx->len - pos;
    size_t n = 1;

    while (n < left && n < 40 && p[n] != '\\' && (unsigned char)p[n] > ' ' && p[n] != 0x7f)
        n++;
    if (n == 1 && left > 1 && p[1] == '\\')
        n = 2;
    fail_at(lx, pos);
    if (n == 2 && p[1] == '.')
        return err_set(e, ERR_INPUT,
                       "\\. ends the data of COPY ... FROM STDIN, and there is none before it");
    return err_set(e, ERR_INPUT,
                   "psql command %.*s%s: only \\restrict and \\unrestrict are accepted%s", (int)n,
                   p, inside ? " inside a statement" : "", inside ? ", between statements" : "");
}

/* What a number may have before its last run of letters and digits: 1.e5, .0xd, 1e+0xd. */
static bool
joins_number(char c)
{
    return c == '.' || c == '+' || c == '-';
}

static bool
is_ident(char c)
{
    return (token_class[(unsigned char)c] & TOKEN_C_IDENT) != 0;
}

/*
 * The token that ends at `end` began after s->floor; looks back no further. Its kind, and where
 * it starts. Moves the floor to it when tokens had to be read, so that none is read twice.
 */
static enum token_kind
token_before(const struct lexer *lx, struct scan *s, size_t end, size_t *ret_start)
{
    const char *text = lx->text;
    size_t run = end;

    while (run > s->floor && is_ident(text[run - 1]))
        run--;
    *ret_start = run;
    if (run == end)
        return TOKEN_END;
    if ((token_class[(unsigned char)text[run]] & TOKEN_C_IDENT_START) &&
        (run == s->floor || !joins_number(text[run - 1])))
        return TOKEN_WORD;

    /* Several tokens may follow each other without a gap: read them from where one begins. */
    while (run > s->floor && (is_ident(text[run - 1]) || joins_number(text[run - 1])))
        run--;
    struct token_scan ts = token_on(text, end, false);
    struct token t;
    enum token_kind kind = TOKEN_END;
    ts.pos = run;
    while (token_next(&ts, &t)) {
        kind = t.kind;
        *ret_start = t.offset;
    }
    s->floor = *ret_start;
    return kind;
}

/* Whether the literal whose opening quote is at s->pos knows backslashes. */
static bool
has_escapes(const struct lexer *lx, struct scan *s)
{
    size_t pos = s->pos;
    char prefix;
    size_t start;

    if (pos == s->floor)
        return lx->backslashes;
    prefix = (char)(lx->text[pos - 1] | 0x20);
    if (lx->text[pos - 1] == '&') {
        if (pos - 1 == s->floor || (lx->text[pos - 2] | 0x20) != 'u')
            return lx->backslashes;
        bool alone = token_before(lx, s, pos - 1, &start) == TOKEN_WORD && start == pos - 2;
        return !alone && lx->backslashes;
    }
    if (prefix != 'e' && (!lx->backslashes || (prefix != 'b' && prefix != 'x')))
        return lx->backslashes;
    bool alone = token_before(lx, s, pos, &start) == TOKEN_WORD && start == pos - 1;
    return alone ? prefix == 'e' : lx->backslashes;
}

/* Each of these moves over what begins at s->pos; -1 when it is not closed. */
static int
over_string(struct lexer *lx, struct scan *s, struct err *e)
{
    bool escapes = has_escapes(lx, s);
    size_t end = s->pos + 1;
    bool open;

    do {
        size_t from = end;
        end = token_skip_quoted(lx->text, lx->len, from, '\'', escapes, &open);
        if (open)
            return lexer_fail(lx, from - 1, "this quoted string is not closed", e);
        s->pos = end;
        end = token_continued(lx->text, lx->len, end);
    } while (end);
    s->floor = s->pos;
    return 0;
}

static int
over_ident(struct lexer *lx, struct scan *s, struct err *e)
{
    bool open;
    size_t end = token_skip_quoted(lx->text, lx->len, s->pos + 1, '"', false, &open);

    if (open)
        return lexer_fail(lx, s->pos, "this quoted identifier is not closed", e);
    s->pos = s->floor = end;
    return 0;
}

static int
over_dollar(struct lexer *lx, struct scan *s, struct err *e)
{
    size_t start;
    bool open;

    if (token_before(lx, s, s->pos, &start) == TOKEN_WORD) {
        do /* a$b is a name */
            s->pos++;
        while (s->pos < lx->len && (token_class[(unsigned char)lx->text[s->pos]] & TOKEN_C_IDENT));
        return 0;
    }
    size_t end = token_skip_dollar(lx->text, lx->len, s->pos, &open);
    if (open)
        return lexer_fail(lx, s->pos, "this dollar-quoted string is not closed", e);
    if (end == s->pos)
        s->floor = s->pos++; /* a parameter, or alone: a token begins here */
    else
        s->pos = s->floor = end;
    return 0;
}

int
lexer_over_comment(struct lexer *lx, struct scan *s, struct err *e)
{
    const char *text = lx->text;
    size_t pos = s->pos;
    bool open = false;

    if (pos + 1 < lx->len && text[pos] == '-' && text[pos + 1] == '-')
        s->pos = token_skip_line(text, lx->len, pos + 2);
    else if (pos + 1 < lx->len && text[pos] == '/' && text[pos + 1] == '*')
        s->pos = token_skip_comment(text, lx->len, pos + 2, &open);
    else
        s->pos = pos + 1;
    return open ? lexer_fail(lx, pos, "this comment is not closed", e) : 0;
}

static void
over_paren(struct scan *s, char c)
{
    if (c == '(') {
        if (s->depth++ == 0)
            s->paren = s->pos;
    } else if (s->depth) {
        s->depth--; /* one too many is for the server to refuse */
    }
    s->pos++;
}

/*
 * To the semicolon or the end of the text. Only bytes that open or close something are looked at;
 * what they mean may depend on the token before them, which is found by looking back.
 */
static int
scan_plain(struct lexer *lx, struct scan *s, struct err *e)
{
    const unsigned char *text = (const unsigned char *)lx->text;
    size_t len = lx->len;

    for (;;) {
        size_t pos = s->pos;
        while (pos < len && !(token_class[text[pos]] & TOKEN_C_STOP))
            pos++;
        s->pos = pos;
        if (pos >= len)
            return 0;

        int rc = 0;
        switch (text[pos]) {
        case ';':
            if (s->depth == 0)
                return 0;
            s->pos++;
            break;
        case '(':
        case ')':
            over_paren(s, (char)text[pos]);
            break;
        case '\'':
            rc = over_string(lx, s, e);
            break;
        case '"':
            rc = over_ident(lx, s, e);
            break;
        case '$':
            rc = over_dollar(lx, s, e);
            break;
        case '\\':
            return lexer_fail_backslash(lx, pos, true, e);
        default:
            rc = lexer_over_comment(lx, s, e);
            break;
        }
        if (rc < 0)
            return -1;
    }
}

/* One token of a statement that is read token by token; -1, or 0 at its end, or 1. */
static int
step_token(struct lexer *lx, struct scan *s, struct token_scan *ts, struct token *t, struct err *e)
{
    if (!token_next(ts, t)) {
        s->pos = lx->len;
        return t->fault ? fail_open(lx, t, e) : 0;
    }
    if (t->fault)
        return fail_open(lx, t, e);
    s->pos = t->offset;
    if (t->kind != TOKEN_CHAR || t->bytes != 1)
        return 1;
    char c = lx->text[t->offset];
    if (c == '\\')
        return lexer_fail_backslash(lx, t->offset, true, e);
    if (c == '(' || c == ')')
        over_paren(s, c);
    return 1;
}

static enum routine_at
routine_next(enum routine_at at, const struct token_scan *ts, const struct token *t)
{
    switch (at) {
    case AT_START:
        return token_is(ts, t, "create") ? AT_CREATE : AT_OTHER;
    case AT_CREATE:
        if (token_is(ts, t, "or"))
            return AT_OR;
        return token_is(ts, t, "function") || token_is(ts, t, "procedure") ? AT_ROUTINE : AT_OTHER;
    case AT_OR:
        return token_is(ts, t, "replace") ? AT_REPLACE : AT_OTHER;
    case AT_REPLACE:
        return token_is(ts, t, "function") || token_is(ts, t, "procedure") ? AT_ROUTINE : AT_OTHER;
    case AT_ROUTINE:
    case AT_BEGIN:
        return token_is(ts, t, "begin") ? AT_BEGIN : AT_ROUTINE;
    default: /* uncovered: of another statement nothing but its semicolon is read */
        return AT_OTHER;
    }
}

/*
 * CREATE [OR REPLACE] FUNCTION|PROCEDURE, whose body may be BEGIN ATOMIC … END; so may be the
 * bodies inside.
 */
static int
scan_routine(struct lexer *lx, struct scan *s, struct err *e)
{
    struct token_scan ts = token_on(lx->text, lx->len, lx->backslashes);
    enum routine_at at = AT_START;
    size_t bodies = 0;
    size_t body = 0; /* where the outermost begins */
    struct token t;
    int rc;

    ts.pos = s->start;
    while ((rc = step_token(lx, s, &ts, &t, e)) > 0) {
        if (s->depth > 0)
            continue;
        if (token_is_char(&ts, &t, ';')) {
            if (bodies == 0)
                return 0;
            at = AT_START;
        } else if (at == AT_BEGIN && token_is(&ts, &t, "atomic")) {
            if (bodies++ == 0)
                body = t.offset;
            at = AT_START;
        } else if (at == AT_START && bodies && token_is(&ts, &t, "end")) {
            bodies--;
            at = AT_OTHER;
        } else {
            at = routine_next(at, &ts, &t);
        }
        if (at == AT_OTHER) { /* nothing but the semicolon matters */
            s->pos = s->floor = ts.pos;
            if (scan_plain(lx, s, e) < 0)
                return -1;
            ts.pos = s->pos;
        }
    }
    if (rc == 0 && bodies)
        return lexer_fail(lx, body,
                          "this BEGIN ATOMIC body has no END (which stands behind a semicolon)", e);
    return rc;
}

/*
 * COPY: from the client when FROM is followed by STDIN (or STDOUT, which the grammar takes for the
 * same).
 */
static int
scan_copy(struct lexer *lx, struct scan *s, struct err *e)
{
    struct token_scan ts = token_on(lx->text, lx->len, lx->backslashes);
    bool decided = false;
    bool from = false;
    bool dot = false;
    struct token t;
    int rc;

    ts.pos = s->start;
    while ((rc = step_token(lx, s, &ts, &t, e)) > 0) {
        if (s->depth > 0)
            continue;
        if (token_is_char(&ts, &t, ';'))
            return 0;
        if (from && !decided) {
            s->copy = token_is(&ts, &t, "stdin") || token_is(&ts, &t, "stdout");
            decided = true;
        }
        from = !dot && token_is(&ts, &t, "from");
        dot = token_is_char(&ts, &t, '.');
    }
    return rc;
}

/* What decides how the statement is read: its first words. */
int
lexer_scan(struct lexer *lx, struct scan *s, struct err *e)
{
    char c = (char)(lx->text[s->start] | 0x20);

    if (c == 'c') {
        struct token_scan ts = token_on(lx->text, lx->len, lx->backslashes);
        struct token t;
        enum routine_at at = AT_START;
        ts.pos = s->start;
        if (token_next(&ts, &t) && token_is(&ts, &t, "copy"))
            return scan_copy(lx, s, e);
        for (at = routine_next(at, &ts, &t); at < AT_ROUTINE && token_next(&ts, &t);)
            at = routine_next(at, &ts, &t);
        if (at == AT_ROUTINE)
            return scan_routine(lx, s, e);
    }
    return scan_plain(lx, s, e);
}
