/* apply_notice.c: what the server says while it works, and which statement of what was sent it is about. */
#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "migrate/apply/apply.h"
#include "migrate/events.h"
#include "migrate/sql/token.h"

#define NAME_BYTES 64u /* NAMEDATALEN of PostgreSQL, its end included */

/* Notices come in the order of the statements: no need to read again what stands before the last one's. */
static bool
find_statement(struct apply *a, size_t n)
{
    struct lexer lx;
    if (a->heard.n == n)
        return true;
    apply_read_sent(a, &lx);
    if (a->heard.n && a->heard.n < n) {
        lx.pos = a->heard.offset;
        lx.line = a->heard.line;
        lx.n = a->heard.n - 1;
    }
    while (lexer_next(&lx, &a->heard, NULL) > 0)
        if (a->heard.n == n)
            return true;
    a->heard.n = 0;
    return false;
}

static size_t
count_long_names(const struct apply *a, const struct statement *st)
{
    struct token_scan scan = token_on(a->text.data + st->offset, st->sql_bytes, st->backslashes);
    struct token t;
    char name[NAME_BYTES];
    size_t n = 0;
    while (token_next(&scan, &t))
        n += (t.kind == TOKEN_WORD || t.kind == TOKEN_IDENT) &&
             !token_value(&scan, &t, name, sizeof(name));
    return n;
}

/* The parser cuts off the long names of all that was sent before any of it is run: the first notice is about the first. */
static bool
find_long_name(struct apply *a)
{
    struct lexer lx;
    struct statement st;
    size_t met = 0;
    a->long_names++;
    apply_read_sent(a, &lx);
    while (lexer_next(&lx, &st, NULL) > 0 && st.n < a->first_n + a->sent_n) {
        met += count_long_names(a, &st);
        if (met >= a->long_names) {
            a->heard = st;
            return true;
        }
    }
    return false;
}

static bool
find_heard(struct apply *a, const struct pgnotice *n)
{
    size_t done = pgconn_statements_done(a->s->work);
    if (strcmp(n->sqlstate, "42622") == 0 && done == 0 && find_long_name(a)) /* name_too_long */
        return true;
    size_t before = done > a->sent_own ? done - a->sent_own : 0; /* ours say nothing */
    size_t last = a->sent_n - 1; /* a row may stand before what is about its own statement */
    return find_statement(a, a->first_n + (before < last ? before : last));
}

static size_t
line_of(struct apply *a, const struct pgnotice *n)
{
    struct position at;
    if (!a->first_n)
        return 0;
    if (n->position > a->sent_own_chars) {
        apply_counted_place(a, n->position, &at);
        return at.line;
    }
    return find_heard(a, n) ? a->heard.line : 0;
}

/* What is said to a statement of ours (by a deferred trigger to COMMIT) is of no line. */
void
apply_on_notice(const struct pgnotice *n, void *arg)
{
    struct apply *a = arg;
    size_t line = line_of(a, n);
    bool warning = strcmp(n->severity, "WARNING") == 0;
    char place[32] = "";
    if (line)
        snprintf(place, sizeof(place), ":%zu", line);
    log_write(warning ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, &event_notice,
              LOG_FIELDS(LF_STR("severity", n->severity), LF_STR("file", a->file),
                         line ? LF_UINT("line", line) : LF_OPT("line", ""),
                         LF_OPT("sqlstate", strcmp(n->sqlstate, "00000") == 0 ? "" : n->sqlstate)),
              "%s%s: %s: %s", a->file, place, n->severity, n->message);
}
