/* brief.c: a statement in a few words. Pure. */
#include "migrate/rehearse/brief.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/cleanup.h"
#include "migrate/rehearse/amount.h"
#include "migrate/sql/cursor.h"
#include "migrate/sql/token.h"

/* Names are looked for in so much of a statement. */
#define NAMES_BYTES 65536u
#define NAME_MAX_BYTES 256

/* ---- what is shown ---- */

/* Cuts it to so many characters. */
static void
cut(struct strbuf *all, size_t max_chars, struct strbuf *out)
{
    size_t at = 0;
    size_t n = 0;
    if (amount_chars(strbuf_str(all), all->len) <= max_chars) {
        strbuf_add(out, strbuf_str(all), all->len);
        return;
    }
    while (at < all->len && n + 3 < max_chars) {
        at++;
        while (at < all->len && ((unsigned char)all->data[at] & 0xc0) == 0x80)
            at++;
        n++;
    }
    while (at > 0 && all->data[at - 1] == ' ')
        at--;
    strbuf_add(out, all->data, at);
    strbuf_adds(out, "...");
}

void
brief_format(const char *sql, size_t len, bool backslashes, size_t max_chars, struct strbuf *out)
{
    cleanup_strbuf struct strbuf all = STRBUF_INIT;
    struct token_scan scan = token_on(sql, len, backslashes);
    struct token t;
    size_t end = 0;
    while (all.len < max_chars * 4 && token_next(&scan, &t)) {
        if (end && t.offset > end)
            strbuf_addc(&all, ' ');
        if (t.kind == TOKEN_STRING)
            strbuf_adds(&all, "'...'");
        else
            amount_shown(sql + t.offset, t.bytes, &all);
        end = t.offset + t.bytes;
    }
    cut(&all, max_chars, out);
    out->failed = out->failed || all.failed;
}

/* ---- what it can lock ---- */

static const struct {
    const char *words[3];
    enum lockmode most;
} kinds[] = {
    {{"select"}, LOCKMODE_ROW_EXCLUSIVE}, /* WITH … INSERT, FOR UPDATE */
    {{"with"}, LOCKMODE_ROW_EXCLUSIVE},
    {{"values"}, LOCKMODE_ROW_EXCLUSIVE},
    {{"insert"}, LOCKMODE_ROW_EXCLUSIVE},
    {{"update"}, LOCKMODE_ROW_EXCLUSIVE},
    {{"delete"}, LOCKMODE_ROW_EXCLUSIVE},
    {{"merge"}, LOCKMODE_ROW_EXCLUSIVE},
    {{"copy"}, LOCKMODE_ROW_EXCLUSIVE},
    {{"explain"}, LOCKMODE_ROW_EXCLUSIVE},
    {{"declare"}, LOCKMODE_ROW_SHARE},
    {{"table"}, LOCKMODE_ACCESS_SHARE},
    {{"grant"}, LOCKMODE_ACCESS_SHARE},
    {{"revoke"}, LOCKMODE_ACCESS_SHARE},
    {{"set"}, LOCKMODE_NONE},
    {{"analyze"}, LOCKMODE_SHARE_UPDATE_EXCLUSIVE},
    {{"comment"}, LOCKMODE_SHARE_UPDATE_EXCLUSIVE},
    {{"create", "statistics"}, LOCKMODE_SHARE_UPDATE_EXCLUSIVE},
    {{"create", "index"}, LOCKMODE_SHARE},
    {{"create", "unique", "index"}, LOCKMODE_SHARE},
    {{"create", "trigger"}, LOCKMODE_SHARE_ROW_EXCLUSIVE},
    {{"create", "table"}, LOCKMODE_SHARE_ROW_EXCLUSIVE}, /* REFERENCES */
    {{"create", "view"}, LOCKMODE_ACCESS_SHARE},
    {{"create", "function"}, LOCKMODE_ACCESS_SHARE},
    {{"create", "procedure"}, LOCKMODE_ACCESS_SHARE},
    {{"create", "sequence"}, LOCKMODE_ACCESS_SHARE},
};

static bool
begins(struct cursor c, const char *const words[3])
{
    for (size_t i = 0; i < 3 && words[i]; i++)
        if (!cursor_accept(&c, words[i]))
            return false;
    return true;
}

enum lockmode
brief_most(const char *sql, size_t len, bool backslashes)
{
    struct cursor c = cursor_on(sql, len, backslashes);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (begins(c, kinds[i].words))
            return kinds[i].most;
    return LOCKMODE_ACCESS_EXCLUSIVE;
}

bool
brief_truncates(const char *sql, size_t len, bool backslashes)
{
    struct cursor c = cursor_on(sql, len, backslashes);
    return cursor_is(&c, "truncate");
}

bool
brief_sets_sequence(const char *sql, size_t len, bool backslashes)
{
    struct cursor c = cursor_on(sql, len, backslashes);
    if (!cursor_accept(&c, "select") && !cursor_accept(&c, "with"))
        return false;
    for (; !cursor_at_end(&c); cursor_next(&c))
        if (cursor_accept(&c, "setval") && cursor_is_char(&c, '('))
            return true;
    return false;
}

static bool
is_part_of_name(char c)
{
    return token_class[(unsigned char)c] & TOKEN_C_IDENT;
}

bool
brief_mentions(const char *sql, size_t len, const char *name)
{
    size_t bytes = strlen(name);
    for (size_t at = 0; bytes && at + bytes <= len; at++)
        if (strncasecmp(sql + at, name, bytes) == 0 && (at == 0 || !is_part_of_name(sql[at - 1])) &&
            (at + bytes == len || !is_part_of_name(sql[at + bytes])))
            return true;
    return false;
}

bool
brief_same_insert(const char *a, size_t a_len, const char *b, size_t b_len, bool backslashes)
{
    struct cursor x = cursor_on(a, a_len, backslashes);
    struct cursor y = cursor_on(b, b_len, backslashes);
    if (!cursor_accept(&x, "insert") || !cursor_accept(&x, "into") ||
        !cursor_accept(&y, "insert") || !cursor_accept(&y, "into"))
        return false;
    while (!cursor_at_end(&x) && !cursor_is(&x, "values") && !cursor_is_char(&x, '(')) {
        if (x.t.bytes != y.t.bytes || memcmp(a + x.t.offset, b + y.t.offset, x.t.bytes) != 0)
            return false;
        cursor_next(&x);
        cursor_next(&y);
    }
    return !cursor_at_end(&x) && (cursor_is(&y, "values") || cursor_is_char(&y, '('));
}

/* ---- names ---- */

static int
add_name(struct brief_names *names, size_t *size, const char *name, struct err *e)
{
    if (names->n == *size) {
        size_t more = *size ? *size * 2 : 16;
        char **grown = realloc(names->all, more * sizeof(*grown));
        if (!grown)
            return err_nomem(e);
        names->all = grown;
        *size = more;
    }
    names->all[names->n] = strdup(name);
    return names->all[names->n] ? (names->n++, 0) : err_nomem(e);
}

/* The text between the dollar signs of a literal; 0: it is none. */
static size_t
dollar_body(const char *text, size_t bytes, size_t *ret_bytes)
{
    const char *second = *text == '$' ? memchr(text + 1, '$', bytes - 1) : NULL;
    size_t mark = second ? (size_t)(second - text) + 1 : 0;
    if (mark == 0 || bytes < 2 * mark)
        return 0;
    *ret_bytes = bytes - 2 * mark;
    return mark;
}

static int
collect(struct token_scan scan, struct brief_names *names, size_t *size, bool bodies, struct err *e)
{
    char name[NAME_MAX_BYTES];
    struct token t;
    while (token_next(&scan, &t)) {
        size_t bytes = 0;
        size_t mark = t.kind == TOKEN_STRING && bodies
                          ? dollar_body(scan.text + t.offset, t.bytes, &bytes)
                          : 0;
        if (mark && collect(token_on(scan.text + t.offset + mark, bytes, scan.backslashes), names,
                            size, false, e) != 0)
            return -1;
        if ((t.kind == TOKEN_WORD || t.kind == TOKEN_IDENT) &&
            token_value(&scan, &t, name, sizeof(name)) && add_name(names, size, name, e) != 0)
            return -1;
    }
    return 0;
}

static int
by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int
brief_names_of(const char *sql, size_t len, bool backslashes, struct brief_names *ret,
               struct err *e)
{
    struct brief_names names = {0};
    size_t size = 0;
    struct token_scan scan = token_on(sql, len < NAMES_BYTES ? len : NAMES_BYTES, backslashes);
    if (collect(scan, &names, &size, true, e) != 0) {
        brief_names_done(&names);
        return -1;
    }
    if (names.n)
        qsort(names.all, names.n, sizeof(*names.all), by_bytes);
    *ret = names;
    return 0;
}

bool
brief_has_name(const struct brief_names *names, const char *name)
{
    return names->n && bsearch(&name, names->all, names->n, sizeof(*names->all), by_bytes);
}

void
brief_names_done(struct brief_names *names)
{
    for (size_t i = 0; i < names->n; i++)
        free(names->all[i]);
    free(names->all);
    *names = (struct brief_names){0};
}
