/* native.c: names and header lines of the native layout, and its row. */
#include "migrate/layout/native.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/base/clock.h"
#include "common/base/utf8.h"
#include "common/base/words.h"
#include "migrate/sql/invisible.h"
#include "migrate/sql/lexer.h"
#include "migrate/sql/marks.h"
#include "migrate/sql/token.h"

/* PostgreSQL keeps time-outs in an int of milliseconds. */
#define TIMEOUT_MAX_MS 2147483647u

#define TERN_MAX ((size_t)1 << 20)

static bool
ends_with(const char *s, size_t len, const char *end)
{
    size_t n = strlen(end);
    return len >= n && memcmp(s + len - n, end, n) == 0;
}

/* V1__x.sql, U1__x.sql, B1__x.sql, R__x.sql */
static bool
is_flyway(const char *file)
{
    const char *two = strstr(file, "__");

    if (!two || !strchr("VURB", file[0]))
        return false;
    if (file[0] == 'R')
        return two == file + 1;
    return file[1] >= '0' && file[1] <= '9';
}

/* 001.do.x.sql, 001.undo.x.sql */
static bool
is_postgrator(const char *file)
{
    const char *rest = file + strspn(file, "0123456789");

    return rest > file &&
           (strncasecmp(rest, ".do.", 4) == 0 || strncasecmp(rest, ".undo.", 6) == 0);
}

/*
 * A direction in a place where we do not look for one: rollback_0001.sql, 0001_x.undo.sql. Taken
 * for a migration it would be applied, and its row would say so.
 */
static bool
is_odd_direction(const char *file, size_t len)
{
    static const char *const words[] = {"up", "down", "do", "undo", "rollback", "revert"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t n = strlen(words[i]);
        if (len > n && strncasecmp(file, words[i], n) == 0 && file[n] == '_')
            return true;
        if (i >= 2 && len > n && file[len - n - 1] == '.' &&
            strncasecmp(file + len - n, words[i], n) == 0)
            return true;
    }
    return false;
}

/* len: without .sql */
static int
refuse_foreign_name(const char *file, size_t len, struct err *e)
{
    if (is_flyway(file))
        return err_set(
            e, ERR_INPUT,
            "the name belongs to Flyway's layout; run with --layout=flyway, or rename the file to VERSION_name.sql");
    if (is_postgrator(file))
        return err_set(
            e, ERR_INPUT,
            "the name belongs to postgrator's layout, which is not supported; rename the file to VERSION_name.up.sql or VERSION_name.down.sql");
    if (is_odd_direction(file, len))
        return err_set(
            e, ERR_INPUT,
            "the name contains a direction, which migrate supports only as VERSION_name.up.sql and VERSION_name.down.sql");
    return 0;
}

int
native_name_parse(const char *file, struct layout_name *ret, struct err *e)
{
    size_t len = strlen(file);
    struct layout_name n = {.direction = MIGRATION_UP};
    const char *bar = strchr(file, '_');

    if (!utf8_valid(file, len, NULL))
        return err_set(e, ERR_INPUT, "the name is not UTF-8; rename the file");
    if (!ends_with(file, len, ".sql"))
        return err_set(e, ERR_INPUT, "the name does not end in .sql (in lower case)");
    len -= 4;
    if (refuse_foreign_name(file, len, e) < 0)
        return -1;
    if (ends_with(file, len, ".down")) {
        n.direction = MIGRATION_DOWN;
        len -= 5;
    } else if (ends_with(file, len, ".up")) {
        len -= 3;
    }
    if (!bar || bar == file || (size_t)(bar - file) + 1 >= len)
        return err_set(
            e, ERR_INPUT,
            "the name does not have the form VERSION_name.sql, VERSION_name.up.sql or VERSION_name.down.sql");
    n.version_bytes = (size_t)(bar - file);
    n.name_offset = n.version_bytes + 1;
    n.name_bytes = len - n.name_offset;
    *ret = n;
    return 0;
}

int
native_duration_parse(const char *text, size_t len, uint64_t *ret_ms, struct err *e)
{
    char buf[64];
    uint64_t ms;
    struct err why;

    if (len == 4 && memcmp(text, "none", 4) == 0) {
        *ret_ms = 0;
        return 0;
    }
    snprintf(buf, sizeof(buf), "%.*s", (int)(len > sizeof(buf) ? sizeof(buf) : len), text);
    if (len >= sizeof(buf) || clock_parse_duration(buf, &ms, &why) < 0)
        return err_set(e, ERR_INPUT, "%.*s is not a duration like 250ms, 5s, 10min or none",
                       (int)(len > 40 ? 40 : len), text);
    if (ms > TIMEOUT_MAX_MS)
        return err_set(e, ERR_INPUT, "%.*s exceeds the longest timeout of PostgreSQL, 24d",
                       (int)(len > 40 ? 40 : len), text);
    *ret_ms = ms;
    return 0;
}

/* --- header lines --- */

struct word {
    const char *text;
    size_t len;
};

static bool
word_is(struct word w, const char *s)
{
    return w.len == strlen(s) && memcmp(w.text, s, w.len) == 0;
}

static int
parse_choice(struct word value, const char *key, const char *first, const char *second,
             bool *ret_second, struct err *e)
{
    if (!word_is(value, first) && !word_is(value, second))
        return err_set(e, ERR_INPUT, "%s must be %s or %s, not %.*s", key, first, second,
                       (int)(value.len > 40 ? 40 : value.len), value.text);
    *ret_second = word_is(value, second);
    return 0;
}

static int
parse_time(struct word value, const char *key, uint64_t *ret_ms, struct err *e)
{
    return native_duration_parse(value.text, value.len, ret_ms, e) < 0 ? err_wrap(e, "%s", key) : 0;
}

static const char *const keys[] = {"transaction",       "phase", "lock_timeout",
                                   "statement_timeout", "marks", "allow"};
enum {
    KEY_TRANSACTION,
    KEY_PHASE,
    KEY_LOCK_TIMEOUT,
    KEY_STATEMENT_TIMEOUT,
    KEY_MARKS,
    KEY_ALLOW,
    KEYS
};

/* The header lines of a file, as far as they were read. */
struct lines {
    struct layout_header *header;
    const char *text; /* of the file */
    unsigned seen;    /* keys: each stands once */
};

static int
unknown_key(struct word key, struct err *e)
{
    char name[40];
    size_t n = key.len < sizeof(name) - 1 ? key.len : sizeof(name) - 1;

    memcpy(name, key.text, n);
    name[n] = '\0';
    const char *near = words_nearest(name, keys, KEYS, NULL);
    return err_set(e, ERR_INPUT, "unknown key %s in a -- migrate: line%s%s%s", name,
                   near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

static int
parse_pair(struct word w, struct lines *lines, struct err *e)
{
    struct layout_header *h = lines->header;
    const char *eq = memchr(w.text, '=', w.len);
    struct word key = {w.text, eq ? (size_t)(eq - w.text) : w.len};
    struct word value = {eq ? eq + 1 : "", eq ? w.len - key.len - 1 : 0};
    size_t k = 0;
    bool second = false;

    while (k < KEYS && !word_is(key, keys[k]))
        k++;
    if (k == KEYS)
        return unknown_key(key, e);
    if (value.len == 0)
        return err_set(e, ERR_INPUT, "%s needs a value: %s=...", keys[k], keys[k]);
    if (lines->seen & (1u << k))
        return err_set(e, ERR_INPUT, "%s is given twice in the -- migrate: lines", keys[k]);
    lines->seen |= 1u << k;
    switch (k) {
    case KEY_TRANSACTION:
        if (parse_choice(value, keys[k], "on", "off", &second, e) < 0)
            return -1;
        h->transaction = second ? VERDICT_OFF : VERDICT_ON;
        return 0;
    case KEY_PHASE:
        if (parse_choice(value, keys[k], "expand", "contract", &second, e) < 0)
            return -1;
        h->phase = second ? MIGRATION_CONTRACT : MIGRATION_EXPAND;
        return 0;
    case KEY_MARKS:
        if (parse_choice(value, keys[k], "refuse", "ignore", &second, e) < 0)
            return -1;
        h->marks_fine |= second ? MARKS_ALL : 0;
        return 0;
    case KEY_ALLOW:
        h->allow_offset = (size_t)(value.text - lines->text);
        h->allow_bytes = value.len;
        return 0;
    case KEY_LOCK_TIMEOUT:
        return parse_time(value, keys[k], &h->lock_timeout_ms, e);
    default:
        return parse_time(value, keys[k], &h->statement_timeout_ms, e);
    }
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\f' || c == '\v';
}

static bool
begins(struct word w, const char *s)
{
    size_t n = strlen(s);
    return w.len >= n && memcmp(w.text, s, n) == 0;
}

/* In a header line everything is to be seen, for one that is overlooked is worse than none. */
static int
refuse_invisible(struct word w, struct err *e)
{
    char what[INVISIBLE_TEXT_MAX];
    size_t at = invisible_find(w.text, 0, w.len);

    if (at == w.len)
        return 0;
    return err_set(e, ERR_INPUT, "a -- migrate: line contains %s; write a plain space instead",
                   invisible_describe(w.text + at, what));
}

/* One -- comment, without the dashes. */
static int
parse_comment(struct word w, struct lines *lines, struct err *e)
{
    static const char ours[] = "migrate:";
    const struct word whole = w;

    while (w.len && (is_blank(*w.text) || invisible_find(w.text, 0, w.len) == 0)) {
        size_t n = utf8_char_len(w.text, w.len);
        w.text += n ? n : 1;
        w.len -= n ? n : 1;
    }
    if (!begins(w, ours))
        return 0;
    if (refuse_invisible(whole, e) < 0)
        return -1;
    w.text += sizeof(ours) - 1;
    w.len -= sizeof(ours) - 1;
    while (w.len) {
        size_t n = 0;
        while (w.len && is_blank(*w.text))
            w.text++, w.len--;
        while (n < w.len && !is_blank(w.text[n]))
            n++;
        if (n && parse_pair((struct word){w.text, n}, lines, e) < 0)
            return -1;
        w.text += n;
        w.len -= n;
    }
    return 0;
}

static int
fail_at(struct layout_header *h, const char *text, size_t offset)
{
    h->error_offset = offset;
    h->error_line = lexer_count_lines(text, offset) + 1;
    return -1;
}

/*
 * tern puts what goes up and what goes down into one file, parted by this line. Run whole, it would
 * undo itself, so it is looked for where a person may have written it: not in large files of data.
 */
static int
refuse_tern(const char *text, size_t len, struct layout_header *h, struct err *e)
{
    static const char mark[] = "---- create above / drop below ----";
    const char *p = len < TERN_MAX ? memmem(text, len, mark, sizeof(mark) - 1) : NULL;

    if (!p || (p > text && p[-1] != '\n'))
        return 0;
    err_set(
        e, ERR_INPUT,
        "the line belongs to tern's layout, which is not supported; split the file into VERSION_name.up.sql and VERSION_name.down.sql");
    return fail_at(h, text, (size_t)(p - text));
}

/* The comments before the first statement; ret_mark: the first mark among them. */
static int
parse_comments(const char *text, size_t len, struct layout_header *h, struct mark *ret_mark,
               struct err *e)
{
    size_t bom = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    size_t pos = h->from > bom ? h->from : bom;
    struct lines lines = {.header = h, .text = text};

    while (pos < len) {
        size_t end;
        bool open = false;
        struct mark mark = {.what = NULL};
        if (token_class[(unsigned char)text[pos]] & TOKEN_C_SPACE) {
            pos++;
            continue;
        }
        if (pos + 1 < len && text[pos] == '-' && text[pos + 1] == '-')
            end = token_skip_line(text, len, pos + 2);
        else if (pos + 1 < len && text[pos] == '/' && text[pos + 1] == '*')
            end = token_skip_comment(text, len, pos + 2, &open);
        else
            break;
        if (open)
            break;
        if (marks_look(text, pos, end, h->marks_fine, &mark) && !marks_is_note(text, len, &mark))
            *ret_mark = ret_mark->what ? *ret_mark : mark;
        else if (text[pos] == '-' &&
                 parse_comment((struct word){text + pos + 2, end - pos - 2}, &lines, e) < 0)
            return fail_at(h, text, pos);
        pos = end;
    }
    return 0;
}

void
native_header_init(struct layout_header *ret, size_t len, unsigned marks_fine)
{
    *ret = (struct layout_header){.transaction = VERDICT_AUTO,
                                  .phase = MIGRATION_EXPAND,
                                  .marks_fine = marks_fine,
                                  .to = len,
                                  .lock_timeout_ms = LAYOUT_UNSET,
                                  .statement_timeout_ms = LAYOUT_UNSET};
}

int
native_header_keys(const char *text, struct layout_header *ret, struct err *e)
{
    struct mark none = {.what = NULL};

    ret->marks_fine |= MARKS_ALL;
    return parse_comments(text, ret->to, ret, &none, e);
}

int
native_header_parse(const char *text, size_t len, unsigned marks_fine, struct layout_header *ret,
                    struct err *e)
{
    struct mark mark = {.what = NULL};

    native_header_init(ret, len, marks_fine);
    if (parse_comments(text, len, ret, &mark, e) < 0)
        return -1;
    if (ret->marks_fine & MARKS_ALL)
        return 0;
    if (!mark.what)
        return refuse_tern(text, len, ret, e);
    marks_refuse(text, &mark, e);
    return fail_at(ret, text, mark.offset);
}

static int
header_parse(const struct layout_text *t, struct layout_header *ret, struct err *e)
{
    return native_header_parse(t->data, t->len, t->marks_fine, ret, e);
}

static void
sql_create(const struct layout_place *at, struct strbuf *out)
{
    native_sql_create(at->quoted, out);
}

const struct layout layout_native = {
    .name = "native",
    .tool = "migrate",
    .table = HISTORY_NATIVE_TABLE,
    .names = "VERSION_name.sql",
    .name_parse = native_name_parse,
    .header_parse = header_parse,
    .sum_bytes = DIGEST_BYTES,
    .loose = true,
    .columns = HISTORY_NATIVE_COLUMNS,
    .more_columns = true,
    .sql_read = history_read_native,
    .sql_create = sql_create,
    .sql_insert = native_sql_insert,
    .proof_column = NATIVE_PROOF_COLUMN,
    .unwritten = NATIVE_UNWRITTEN,
    .sql_took = native_sql_took,
    .sql_delete = native_sql_delete,
    .sql_accept = native_sql_accept,
};
