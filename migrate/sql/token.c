/* token.c: the tokens of PostgreSQL's SQL (pure). */
#include "migrate/sql/token.h"

#include <string.h>

#define SP TOKEN_C_SPACE
#define AL (TOKEN_C_IDENT_START | TOKEN_C_IDENT)
#define DI (TOKEN_C_DIGIT | TOKEN_C_IDENT)
#define OP TOKEN_C_OPERATOR
#define ST TOKEN_C_STOP

const unsigned char token_class[256] = {
    [' '] = SP,
    ['\t'] = SP,
    ['\n'] = SP,
    ['\r'] = SP,
    ['\f'] = SP,
    ['\v'] = SP,
    ['a' ... 'z'] = AL,
    ['A' ... 'Z'] = AL,
    ['_'] = AL,
    [0x80 ... 0xff] = AL,
    ['0' ... '9'] = DI,
    ['~'] = OP,
    ['!'] = OP,
    ['@'] = OP,
    ['#'] = OP,
    ['^'] = OP,
    ['&'] = OP,
    ['|'] = OP,
    ['`'] = OP,
    ['?'] = OP,
    ['+'] = OP,
    ['*'] = OP,
    ['%'] = OP,
    ['<'] = OP,
    ['>'] = OP,
    ['='] = OP,
    ['-'] = OP | ST,
    ['/'] = OP | ST,
    ['\''] = ST,
    ['"'] = ST,
    ['('] = ST,
    [')'] = ST,
    [';'] = ST,
    ['\\'] = ST,
    ['$'] = ST | TOKEN_C_IDENT,
};

static bool
is(const char *text, size_t pos, unsigned class)
{
    return (token_class[(unsigned char)text[pos]] & class) != 0;
}

static bool
is_newline(char c)
{
    return c == '\n' || c == '\r';
}

size_t
token_skip_line(const char *text, size_t len, size_t pos)
{
    const char *nl = memchr(text + pos, '\n', len - pos);
    size_t end = nl ? (size_t)(nl - text) : len;
    const char *cr = memchr(text + pos, '\r', end - pos);
    return cr ? (size_t)(cr - text) : end;
}

static bool
comment_here(const char *text, size_t len, size_t pos, char first, char second)
{
    return pos + 1 < len && text[pos] == first && text[pos + 1] == second;
}

size_t
token_skip_comment(const char *text, size_t len, size_t pos, bool *ret_open)
{
    size_t depth = 1;

    while (pos + 1 < len) {
        if (text[pos] == '*' && text[pos + 1] == '/') {
            pos += 2;
            if (--depth == 0) {
                *ret_open = false;
                return pos;
            }
        } else if (text[pos] == '/' && text[pos + 1] == '*') {
            pos += 2;
            depth++;
        } else {
            pos++;
        }
    }
    *ret_open = true;
    return len;
}

static size_t
skip_escaped(const char *text, size_t len, size_t pos, char quote, bool *ret_open)
{
    while (pos < len) {
        char c = text[pos++];
        if (c == '\\') {
            pos += pos < len;
        } else if (c == quote) {
            if (pos >= len || text[pos] != quote)
                return pos;
            pos++;
        }
    }
    *ret_open = true;
    return len;
}

size_t
token_skip_quoted(const char *text, size_t len, size_t pos, char quote, bool escapes,
                  bool *ret_open)
{
    *ret_open = false;
    if (escapes)
        return skip_escaped(text, len, pos, quote, ret_open);
    while (pos < len) {
        const char *p = memchr(text + pos, quote, len - pos);
        if (!p)
            break;
        pos = (size_t)(p - text) + 1;
        if (pos >= len || text[pos] != quote)
            return pos;
        pos++;
    }
    *ret_open = true;
    return len;
}

size_t
token_skip_dollar(const char *text, size_t len, size_t pos, bool *ret_open)
{
    size_t end = pos + 1;

    *ret_open = false;
    if (end < len && is(text, end, TOKEN_C_IDENT_START))
        while (end < len && is(text, end, TOKEN_C_IDENT) && text[end] != '$')
            end++;
    if (end >= len || text[end] != '$')
        return pos;
    end++;

    size_t tag = end - pos;
    for (size_t at = end; at + tag <= len; at++) {
        const char *p = memchr(text + at, '$', len - tag + 1 - at);
        if (!p)
            break;
        at = (size_t)(p - text);
        if (memcmp(p, text + pos, tag) == 0)
            return at + tag;
    }
    *ret_open = true;
    return len;
}

size_t
token_continued(const char *text, size_t len, size_t pos)
{
    bool newline = false;

    while (pos < len) {
        if (is(text, pos, TOKEN_C_SPACE)) {
            newline |= is_newline(text[pos]);
            pos++;
        } else if (comment_here(text, len, pos, '-', '-')) {
            pos = token_skip_line(text, len, pos);
        } else {
            return newline && text[pos] == '\'' ? pos + 1 : 0;
        }
    }
    return 0;
}

struct token_scan
token_on(const char *text, size_t len, bool backslashes)
{
    return (struct token_scan){.text = text, .len = len, .backslashes = backslashes};
}

/* Over white space and comments. False when a comment does not end: pos is where it begins. */
static bool
skip_blank(struct token_scan *s)
{
    const char *text = s->text;
    size_t pos = s->pos;
    size_t len = s->len;
    bool open = false;

    for (;;) {
        while (pos < len && is(text, pos, TOKEN_C_SPACE))
            pos++;
        s->pos = pos;
        if (pos + 1 >= len || (text[pos] != '-' && text[pos] != '/'))
            return true;
        if (comment_here(text, len, pos, '-', '-'))
            pos = token_skip_line(text, len, pos);
        else if (comment_here(text, len, pos, '/', '*'))
            pos = token_skip_comment(text, len, pos + 2, &open);
        else
            return true;
        if (open)
            return false;
    }
}

/* A literal whose opening quote is at `quote`; returns what is behind it and its continuations. */
static size_t
string_end(const struct token_scan *s, size_t quote, bool escapes, struct token *t)
{
    size_t end = quote + 1;
    bool open;

    t->kind = TOKEN_STRING;
    for (;;) {
        end = token_skip_quoted(s->text, s->len, end, '\'', escapes, &open);
        if (open) {
            t->fault = TOKEN_OPEN_STRING;
            return end;
        }
        size_t more = token_continued(s->text, s->len, end);
        if (!more)
            return end;
        end = more;
    }
}

static size_t
ident_end(const struct token_scan *s, size_t quote, struct token *t)
{
    bool open;
    size_t end = token_skip_quoted(s->text, s->len, quote + 1, '"', false, &open);

    t->kind = TOKEN_IDENT;
    if (open)
        t->fault = TOKEN_OPEN_IDENT;
    return end;
}

static size_t
word_end(const struct token_scan *s, size_t pos, struct token *t)
{
    const char *text = s->text;
    char c = (char)(text[pos] | 0x20);
    char next = pos + 1 < s->len ? text[pos + 1] : '\0';

    if (next == '\'' && (c == 'e' || c == 'b' || c == 'x' || c == 'n'))
        return string_end(s, pos + 1, c == 'e' || (c == 'n' && s->backslashes), t);
    if (c == 'u' && next == '&' && pos + 2 < s->len) {
        if (text[pos + 2] == '\'')
            return string_end(s, pos + 2, false, t);
        if (text[pos + 2] == '"')
            return ident_end(s, pos + 2, t);
    }
    t->kind = TOKEN_WORD;
    do
        pos++;
    while (pos < s->len && is(text, pos, TOKEN_C_IDENT));
    return pos;
}

static size_t
skip_digits(const struct token_scan *s, size_t pos)
{
    while (pos < s->len &&
           (is(s->text, pos, TOKEN_C_DIGIT) ||
            (s->text[pos] == '_' && pos + 1 < s->len && is(s->text, pos + 1, TOKEN_C_DIGIT))))
        pos++;
    return pos;
}

static bool
is_hex(char c)
{
    char low = (char)(c | 0x20);
    return (c >= '0' && c <= '9') || (low >= 'a' && low <= 'f');
}

/* 0x, 0o, 0b. */
static bool
is_base(char c)
{
    char low = (char)(c | 0x20);
    return low == 'x' || low == 'o' || low == 'b';
}

/*
 * 12, 1.5e-3, .5, 0xFF, 1_000. What may not follow a number (12abc) is left to the next token and
 * to the server.
 */
static size_t
number_end(const struct token_scan *s, size_t pos)
{
    const char *text = s->text;
    size_t len = s->len;

    if (text[pos] == '0' && pos + 2 < len && is_base(text[pos + 1]) && is_hex(text[pos + 2]) &&
        ((text[pos + 1] | 0x20) == 'x' || is(text, pos + 2, TOKEN_C_DIGIT))) {
        pos += 2;
        while (pos < len && (is_hex(text[pos]) || text[pos] == '_'))
            pos++;
        return pos;
    }
    pos = skip_digits(s, pos);
    if (pos < len && text[pos] == '.' && !(pos + 1 < len && text[pos + 1] == '.'))
        pos = skip_digits(s, pos + 1);
    if (pos + 1 < len && (text[pos] | 0x20) == 'e') {
        size_t exp = pos + 1 + (text[pos + 1] == '+' || text[pos + 1] == '-');
        if (exp < len && is(text, exp, TOKEN_C_DIGIT))
            pos = skip_digits(s, exp);
    }
    return pos;
}

/*
 * A run of operator characters up to a comment; a trailing + or - belongs to it only as scan.l
 * says.
 */
static size_t
operator_end(const struct token_scan *s, size_t pos)
{
    size_t start = pos;
    bool special = false;

    while (pos < s->len && is(s->text, pos, TOKEN_C_OPERATOR)) {
        if (comment_here(s->text, s->len, pos, '-', '-') ||
            comment_here(s->text, s->len, pos, '/', '*'))
            break;
        special |= strchr("~!@#^&|`?%", s->text[pos]) != NULL;
        pos++;
    }
    while (!special && pos > start + 1 && (s->text[pos - 1] == '+' || s->text[pos - 1] == '-'))
        pos--;
    return pos;
}

static size_t
dollar_end(const struct token_scan *s, size_t pos, struct token *t)
{
    bool open;
    size_t end = token_skip_dollar(s->text, s->len, pos, &open);

    if (end != pos) {
        t->kind = TOKEN_STRING;
        if (open)
            t->fault = TOKEN_OPEN_DOLLAR;
        return end;
    }
    end = pos + 1;
    while (end < s->len && is(s->text, end, TOKEN_C_DIGIT))
        end++;
    t->kind = end > pos + 1 ? TOKEN_PARAM : TOKEN_CHAR;
    return end;
}

/* Of the token that begins at pos; sets its kind. */
static size_t
token_end(const struct token_scan *s, size_t pos, struct token *t)
{
    const char *text = s->text;
    char c = text[pos];
    char next = pos + 1 < s->len ? text[pos + 1] : '\0';

    if (is(text, pos, TOKEN_C_IDENT_START))
        return word_end(s, pos, t);
    if (is(text, pos, TOKEN_C_DIGIT) ||
        (c == '.' && pos + 1 < s->len && is(text, pos + 1, TOKEN_C_DIGIT))) {
        t->kind = TOKEN_NUMBER;
        return number_end(s, pos);
    }
    if (c == '\'')
        return string_end(s, pos, s->backslashes, t);
    if (c == '"')
        return ident_end(s, pos, t);
    if (c == '$')
        return dollar_end(s, pos, t);
    if (is(text, pos, TOKEN_C_OPERATOR)) {
        t->kind = TOKEN_OPERATOR;
        return operator_end(s, pos);
    }
    t->kind = TOKEN_CHAR;
    if (c == ':' && (next == ':' || next == '=')) {
        t->kind = TOKEN_OPERATOR;
        return pos + 2;
    }
    return pos + 1;
}

bool
token_next(struct token_scan *s, struct token *ret)
{
    bool closed = skip_blank(s);

    *ret = (struct token){.kind = TOKEN_END, .offset = s->pos, .bytes = 0};
    if (!closed) {
        ret->fault = TOKEN_OPEN_COMMENT;
        ret->bytes = s->len - s->pos;
        s->pos = s->len;
    }
    if (s->pos >= s->len)
        return false;
    s->pos = token_end(s, s->pos, ret);
    ret->bytes = s->pos - ret->offset;
    return true;
}

bool
token_is(const struct token_scan *s, const struct token *t, const char *word)
{
    const char *p = s->text + t->offset;

    if (t->kind != TOKEN_WORD)
        return false;
    for (size_t i = 0; i < t->bytes; i++) {
        char c = p[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c | 0x20);
        if (word[i] == '\0' || c != word[i])
            return false;
    }
    return word[t->bytes] == '\0';
}

bool
token_is_char(const struct token_scan *s, const struct token *t, char c)
{
    return t->bytes == 1 && (t->kind == TOKEN_CHAR || t->kind == TOKEN_OPERATOR) &&
           s->text[t->offset] == c;
}

static bool
value_of_word(const char *p, size_t bytes, char *buf, size_t size)
{
    if (bytes >= size)
        return false;
    for (size_t i = 0; i < bytes; i++)
        buf[i] = (p[i] >= 'A' && p[i] <= 'Z') ? (char)(p[i] | 0x20) : p[i];
    buf[bytes] = '\0';
    return true;
}

/* 'it''s', "a""b": one piece, without backslashes. Both quotes are there. */
static bool
value_of_quoted(const char *p, size_t bytes, char *buf, size_t size)
{
    size_t n = 0;
    size_t i = 0;

    while (p[i] != '\'' && p[i] != '"')
        i++; /* the prefix */
    char quote = p[i++];
    for (; i + 1 < bytes; i++) {
        if (p[i] == '\\' || n + 1 >= size)
            return false;
        if (p[i] == quote && p[++i] != quote)
            return false; /* continued */
        buf[n++] = p[i];
    }
    buf[n] = '\0';
    return true;
}

static bool
value_of_dollar(const char *p, size_t bytes, char *buf, size_t size)
{
    const char *second = memchr(p + 1, '$', bytes - 1);
    size_t tag = second ? (size_t)(second - p) + 1 : bytes;

    if (2 * tag > bytes || bytes - 2 * tag >= size)
        return false;
    memcpy(buf, p + tag, bytes - 2 * tag);
    buf[bytes - 2 * tag] = '\0';
    return true;
}

bool
token_value(const struct token_scan *s, const struct token *t, char *buf, size_t size)
{
    const char *p = s->text + t->offset;

    if (size == 0 || t->fault != TOKEN_FINE)
        return false;
    if (t->kind == TOKEN_WORD)
        return value_of_word(p, t->bytes, buf, size);
    if (t->kind != TOKEN_IDENT && t->kind != TOKEN_STRING)
        return false;
    if (*p == '$')
        return value_of_dollar(p, t->bytes, buf, size);
    return value_of_quoted(p, t->bytes, buf, size);
}
