/* marks.c: finds what comments say to migration tools (pure). */
#include "migrate/sql/marks.h"

#include <string.h>
#include <strings.h>

#include "common/base/utf8.h"
#include "migrate/sql/token.h"

#define SHOWN_BYTES 60

#define SPLIT_IT                                                                                   \
    ", which is not handled: split the file into VERSION_name.up.sql and VERSION_name.down.sql"
#define DBMATE                                                                                     \
    "an annotation of dbmate's layout: run with --layout=dbmate, or split the file into "          \
    "VERSION_name.up.sql and VERSION_name.down.sql"

static const struct {
    const char *begins; /* behind dashes and blanks, in any case */
    const char *what;
    unsigned part;    /* what it heads, when it says nothing else */
    const char *ends; /* NULL: anything may follow */
} foreign[] = {
    {"+goose",
     "an annotation of goose's layout: run with --layout=goose, or remove the -- +goose lines and what is for Down",
     0, NULL},
    {"+migrate ", "an annotation of sql-migrate's layout" SPLIT_IT, 0, NULL},
    {"migrate:up", DBMATE, 0, NULL},
    {"migrate:down", DBMATE, 0, NULL},
    {"tern:", "an annotation of tern's layout" SPLIT_IT, 0, NULL},
    {"atlas:",
     "a directive of Atlas's layout, which is not handled: remove the line if the file says all without it, or let Atlas "
     "apply these files: migrate run -- atlas migrate apply",
     0, NULL},
    {"! previous:",
     "the first line of graphile-migrate's layout, which is not handled: remove its --! lines, or let that tool apply its "
     "files: migrate run -- npx graphile-migrate migrate",
     0, NULL},
    {"deploy ",
     "the first line of a script of sqitch, whose order and way back stand elsewhere: let sqitch apply it: migrate run -- "
     "sqitch deploy",
     0, " to pg"},
    {"liquibase formatted sql",
     "the first line of Liquibase's layout, whose contexts and preconditions would be overlooked: give "
     "each changeset a file, VERSION_name.sql, without that line",
     0, NULL},
    {"up migration", "an annotation of node-pg-migrate's layout" SPLIT_IT, MARKS_UP, NULL},
    {"down migration", "an annotation of node-pg-migrate's layout" SPLIT_IT, MARKS_BACK, NULL},
};

static const char heading[] =
    "heads a part of the file that goes up or back, and migrate would run all of it: split the "
    "file into VERSION_name.up.sql and VERSION_name.down.sql; if it is only a comment, begin the "
    "file with -- migrate: marks=ignore";

static const char too_late[] =
    "a -- migrate: line must stand before the first statement: here it would be overlooked";

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\f' || c == '\v';
}

static bool
begins(const char *text, size_t len, const char *word)
{
    size_t n = strlen(word);
    return len >= n && strncasecmp(text, word, n) == 0;
}

static bool
ends(const char *text, size_t len, const char *word)
{
    size_t n = strlen(word);
    while (len && (is_blank(text[len - 1]) || text[len - 1] == '\r'))
        len--;
    return len >= n && strncasecmp(text + len - n, word, n) == 0;
}

static bool
is_foreign(const char *text, size_t len, size_t i)
{
    return begins(text, len, foreign[i].begins) &&
           (!foreign[i].ends || ends(text, len, foreign[i].ends));
}

/* ---- headings ---- */

/* Of a comment: its first words, and what stands around them. */
struct words {
    const char *word[2];
    size_t bytes[2];
    size_t n;    /* all of them, also those that are not kept */
    bool sigil;  /* something like @ or + stands right before the first */
    bool joined; /* the first two are joined by something like : or = */
    bool ends_statement;
};

static bool
is_word(char c)
{
    return (token_class[(unsigned char)c] & TOKEN_C_IDENT) && c != '$';
}

/* The end of the word at pos: a-b and a'b are one. Without letter or digit of ASCII it is none. */
static size_t
word_end(const char *text, size_t len, size_t pos, bool *ret_plain)
{
    *ret_plain = false;
    while (pos < len && (is_word(text[pos]) || ((text[pos] == '-' || text[pos] == '\'') &&
                                                pos + 1 < len && is_word(text[pos + 1])))) {
        *ret_plain |= (unsigned char)text[pos] < 0x80 && is_word(text[pos]);
        pos++;
    }
    return pos;
}

static void
add_word(struct words *w, const char *p, size_t bytes)
{
    if (w->n < 2) {
        w->word[w->n] = p;
        w->bytes[w->n] = bytes;
    }
    w->n++;
}

static struct words
read_words(const char *text, size_t len)
{
    struct words w = {.n = 0};
    size_t pos = 0;

    while (pos < len && w.n < 3) {
        bool plain = false;
        size_t end = is_word(text[pos]) ? word_end(text, len, pos, &plain) : pos + 1;
        char c = text[pos];
        if (plain) {
            w.sigil |= w.n == 0 && pos > 0 && strchr("!@+{[<%", text[pos - 1]);
            add_word(&w, text + pos, end - pos);
        } else if (w.n == 1 && c && strchr(":=./@!|>+", c)) {
            w.joined = true;
        }
        if (plain || !is_blank(c))
            w.ends_statement = !plain && c == ';';
        pos = end;
    }
    return w;
}

static bool
is_one_of(const struct words *w, size_t i, const char *const *list)
{
    for (; *list; list++)
        if (strlen(*list) == w->bytes[i] && strncasecmp(*list, w->word[i], w->bytes[i]) == 0)
            return true;
    return false;
}

static const char *const ups[] = {"up", "ups", NULL};
static const char *const backs[] = {"down", "downs", "undo", "rollback", "revert", NULL};
static const char *const things[] = {"migration", "migrations", "migrate",    "script",
                                     "scripts",   "section",    "part",       "sql",
                                     "block",     "statement",  "statements", NULL};
/* Before "down" or "rollback" these make a sentence of it. */
static const char *const small[] = {
    "a",   "an",   "and", "as",   "at", "be",    "before", "after",   "by",     "can",
    "for", "from", "if",  "in",   "is", "never", "no",     "non",     "not",    "of",
    "on",  "or",   "the", "this", "to", "when",  "with",   "without", "cannot", NULL};

static unsigned
direction_of(const struct words *w, size_t i)
{
    return is_one_of(w, i, ups) ? MARKS_UP : is_one_of(w, i, backs) ? MARKS_BACK : 0;
}

/* Which direction a comment heads: MARKS_UP, MARKS_BACK, 0: none. In a block comment a word alone, for sentences stand
 * there, too. */
static unsigned
heads(const char *text, size_t len, bool block)
{
    static const char *const roll[] = {"roll", NULL};
    static const char *const back[] = {"back", NULL};
    struct words w = read_words(text, len);

    if (w.n == 0 || w.n > 2 || w.ends_statement || (block && w.n > 1))
        return 0;
    unsigned first = direction_of(&w, 0);
    unsigned second = w.n > 1 ? direction_of(&w, 1) : 0;
    if (w.n == 1)
        return first;
    if (second == MARKS_BACK)
        return is_one_of(&w, 0, small) ? 0 : first | second;
    if (second == MARKS_UP)
        return first || w.sigil || w.joined || is_one_of(&w, 0, things) ? first | second : 0;
    if (is_one_of(&w, 0, roll) && is_one_of(&w, 1, back))
        return MARKS_BACK;
    return is_one_of(&w, 1, things) ? first : 0;
}

/* Nothing but blanks, or a byte order mark, stands before it on its line. */
static bool
begins_line(const char *text, size_t at)
{
    while (at > 0 && is_blank(text[at - 1]))
        at--;
    return at == 0 || text[at - 1] == '\n' || text[at - 1] == '\r' ||
           (at == 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0);
}

/* ---- comments ---- */

unsigned
marks_fine_for(const char *file)
{
    size_t len = strlen(file);
    if (len > 7 && strcmp(file + len - 7, ".up.sql") == 0)
        return MARKS_UP;
    return len > 9 && strcmp(file + len - 9, ".down.sql") == 0 ? MARKS_BACK : 0;
}

bool
marks_look(const char *text, size_t at, size_t end, unsigned fine, struct mark *ret)
{
    const char *p = text + at + 2;
    size_t len = end - at - 2;
    bool block = text[at] == '/';

    *ret = (struct mark){.offset = at, .bytes = end - at};
    if (fine & MARKS_ALL)
        return false;
    unsigned part = begins_line(text, at) ? heads(p, len, block) : 0;
    if (part & ~fine) {
        ret->what = heading;
        ret->part = part;
        ret->heading = true;
    }
    while (!block && len && (is_blank(*p) || *p == '-'))
        p++, len--;
    for (size_t i = 0; !block && i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        if (is_foreign(p, len, i) && !(foreign[i].part & fine)) {
            ret->what = foreign[i].what;
            ret->part = foreign[i].part;
            ret->heading = false;
        }
    }
    return ret->what != NULL;
}

/* The last byte of [at, end) that is not blank; 0: there is none. */
static char
last_byte(const char *text, size_t at, size_t end)
{
    while (end > at && is_blank(text[end - 1]))
        end--;
    return end > at ? text[end - 1] : '\0';
}

/* The comment on the line below: *at and *end are those of the one above. */
static bool
comment_below(const char *text, size_t len, size_t *at, size_t *end)
{
    size_t pos = *end;

    pos += pos < len && text[pos] == '\r';
    pos += pos < len && text[pos] == '\n';
    while (pos < len && is_blank(text[pos]))
        pos++;
    if (len - pos < 2 || text[pos] != '-' || text[pos + 1] != '-')
        return false;
    *at = pos + 2;
    *end = token_skip_line(text, len, *at);
    return true;
}

bool
marks_is_note(const char *text, size_t len, const struct mark *m)
{
    size_t at = m->offset;
    size_t end = m->offset + m->bytes;

    if (m->part != MARKS_BACK || text[at] != '-')
        return false;
    while (comment_below(text, len, &at, &end))
        if (last_byte(text, at, end) == ';')
            return true;
    return false;
}

/* -- migrate: with a key of ours. */
static bool
is_header(const char *text, size_t at, size_t end)
{
    static const char ours[] = "migrate:";
    static const char *const keys[] = {
        "transaction=", "phase=", "lock_timeout=", "statement_timeout=", "marks="};

    at += 2;
    while (at < end && is_blank(text[at]))
        at++;
    if (!begins(text + at, end - at, ours))
        return false;
    at += sizeof(ours) - 1;
    while (at < end && is_blank(text[at]))
        at++;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (begins(text + at, end - at, keys[i]))
            return true;
    return false;
}

bool
marks_between(const char *text, size_t from, size_t to, unsigned fine, struct mark *ret)
{
    size_t pos = from;

    while (pos + 1 < to) {
        bool open = false;
        size_t end = pos;
        if (text[pos] == '/' && text[pos + 1] == '*') {
            end = token_skip_comment(text, to, pos + 2, &open);
        } else if (text[pos] == '-' && text[pos + 1] == '-') {
            end = token_skip_line(text, to, pos + 2);
            if (is_header(text, pos, end)) {
                *ret = (struct mark){.offset = pos, .bytes = end - pos, .what = too_late};
                return true;
            }
        }
        if (end > pos && !open && marks_look(text, pos, end, fine, ret))
            return true;
        pos = end > pos ? end : pos + 1;
    }
    return false;
}

/* The first line of the comment, as far as it is short. */
int
marks_refuse(const char *text, const struct mark *m, struct err *e)
{
    char shown[SHOWN_BYTES + 1];
    size_t n = 0;

    if (!m->heading)
        return err_set(e, ERR_INPUT, "%s", m->what);
    size_t cut = utf8_cut(text + m->offset, m->bytes, SHOWN_BYTES);
    for (size_t i = 0; i < cut; i++) {
        unsigned char c = (unsigned char)text[m->offset + i];
        if (n == 0 || c > ' ' || shown[n - 1] != ' ')
            shown[n++] = c > ' ' && c != 0x7f ? (char)c : ' ';
    }
    while (n && shown[n - 1] == ' ')
        n--;
    return err_set(e, ERR_INPUT, "\"%.*s\" %s", (int)n, shown, m->what);
}
