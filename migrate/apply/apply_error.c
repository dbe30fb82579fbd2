/* apply_error.c: from what the server said to a place in the file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/cleanup.h"
#include "migrate/apply/apply.h"
#include "migrate/sql/token.h"

void
apply_read_sent(const struct apply *a, struct lexer *ret)
{
    source_text_look(&a->text, ret);
    ret->pos = a->sent_offset;
    ret->line = a->sent_line;
    ret->n = a->first_n - 1;
    ret->backslashes = a->sent_backslashes;
}

bool
apply_find_statement(const struct apply *a, size_t n, struct statement *ret)
{
    struct lexer lx;
    source_text_look(&a->text, &lx);
    if (a->first_n && n >= a->first_n)
        apply_read_sent(a, &lx);
    while (lexer_next(&lx, ret, NULL) > 0)
        if (ret->n == n)
            return true;
    return false;
}

/*
 * It counts characters of the database's encoding: those of the text, where that is UTF-8 for it, and single bytes where
 * it converts nothing, or was told another encoding of them.
 */
static bool
counts_bytes(const struct session *s)
{
    const char *server = pgconn_setting(s->work, "server_encoding");
    const char *client = pgconn_setting(s->work, "client_encoding");
    if (strcmp(server, "SQL_ASCII") == 0)
        return true;
    if (strcmp(client, "SQL_ASCII") == 0)
        return strcmp(server, "UTF8") != 0;
    return *client && strcmp(client, "UTF8") != 0;
}

void
apply_note_sent(struct apply *a, const struct statement *st, size_t n)
{
    a->first_n = st->n;
    a->sent_n = n;
    a->heard.n = 0;
    a->long_names = 0;
    a->sent_offset = st->offset;
    a->sent_line = st->line;
    a->sent_backslashes = st->backslashes;
    a->sent_in_bytes = counts_bytes(a->s);
}

size_t
apply_count(const struct apply *a, const char *text, size_t bytes)
{
    size_t n = 0;
    for (size_t i = 0; i < bytes; i++)
        n += a->sent_in_bytes || ((unsigned char)text[i] & 0xc0) != 0x80;
    return n;
}

bool
apply_begins(const struct apply *a, const struct statement *st, const char *word)
{
    struct token_scan scan = token_on(a->text.data + st->offset, st->sql_bytes, st->backslashes);
    struct token t;
    return token_next(&scan, &t) && token_is(&scan, &t, word);
}

bool
apply_find_failed(const struct apply *a, size_t completed, struct statement *ret)
{
    bool answered = a->s->op.done; /* else the server never said how far it came */
    return answered && a->first_n && completed >= a->sent_own &&
           apply_find_statement(a, a->first_n + completed - a->sent_own, ret);
}

static bool
mentions(const char *text, size_t len, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= len; i++)
        if (strncasecmp(text + i, word, n) == 0)
            return true;
    return false;
}

bool
apply_find_unlock(const struct apply *a, struct statement *ret)
{
    struct lexer lx;
    source_text_look(&a->text, &lx);
    while (lexer_next(&lx, ret, NULL) > 0)
        if (mentions(a->text.data + ret->offset, ret->sql_bytes, "advisory_unlock"))
            return true;
    return false;
}

/* ---- places ---- */

/* The number behind "word" in text, 0 when it is not there. */
static size_t
number_behind(const char *text, const char *word)
{
    const char *p = strstr(text, word);
    return p ? strtoul(p + strlen(word), NULL, 10) : 0;
}

/* "COPY t, line 3, column n: …": line 3 of the data. */
static bool
copy_place(const struct apply *a, const struct statement *st, const struct pgdiag *d,
           struct position *ret)
{
    if (st->kind != STATEMENT_COPY || strncmp(d->context, "COPY ", 5) != 0)
        return false;
    size_t line = number_behind(d->context, ", line ");
    size_t at = st->data_offset;
    const size_t end = st->data_offset + st->data_bytes;
    for (size_t i = 1; i < line && at < end; i++) {
        const char *nl = memchr(a->text.data + at, '\n', end - at);
        at = nl ? (size_t)(nl - a->text.data) + 1 : end;
    }
    if (line == 0)
        return false;
    position_of_byte(a->text.data, a->text.len, st->offset, st->line, at, ret);
    return true;
}

/* The text's own line in a DO block: the innermost entry of the context that is in one. */
static bool
body_place(const struct apply *a, const struct statement *st, const struct pgdiag *d,
           struct position *ret)
{
    size_t line = number_behind(d->context, "PL/pgSQL function inline_code_block line ");
    return line > 0 && position_of_body_line(a->text.data, a->text.len, st, line, ret) == 0;
}

static bool
is_encoding_error(const struct pgdiag *d)
{
    return strcmp(d->sqlstate, "22P05") == 0 || strcmp(d->sqlstate, "22021") == 0;
}

/* Where the bytes that an encoding does not know stand first, between two offsets. */
static bool
bytes_place(const struct apply *a, const struct pgdiag *d, size_t from, size_t to,
            struct position *ret)
{
    unsigned char bytes[8];
    size_t n = is_encoding_error(d) ? position_bytes_parse(d->message, bytes, sizeof(bytes)) : 0;
    const char *found = n ? memmem(a->text.data + from, to - from, bytes, n) : NULL;
    if (found)
        position_of_byte(a->text.data, a->text.len, a->sent_offset, a->sent_line,
                         (size_t)(found - a->text.data), ret);
    return found != NULL;
}

static const char *
find_escape(const char *text, size_t len, unsigned char byte)
{
    char hex[8];
    char octal[8];
    snprintf(hex, sizeof(hex), "\\x%02x", byte);
    snprintf(octal, sizeof(octal), "\\%03o", byte);
    for (size_t i = 0; i + 4 <= len; i++)
        if (strncasecmp(text + i, hex, 4) == 0 || strncmp(text + i, octal, 4) == 0)
            return text + i;
    return NULL;
}

static const char *
escape_in_statement(const struct apply *a, const struct statement *st, unsigned char byte)
{
    struct token_scan scan = token_on(a->text.data, st->offset + st->sql_bytes, st->backslashes);
    struct token t;
    scan.pos = st->offset;
    while (token_next(&scan, &t)) {
        const char *text = a->text.data + t.offset;
        bool knows = t.kind == TOKEN_STRING && (st->backslashes || strchr("eE", *text));
        const char *found = knows ? find_escape(text, t.bytes, byte) : NULL;
        if (found)
            return found;
    }
    return NULL;
}

/* The first literal of what was sent that makes the byte by an escape, as in E'\xff'. */
static bool
escape_place(const struct apply *a, const struct pgdiag *d, struct position *ret)
{
    unsigned char byte;
    struct lexer lx;
    struct statement st;
    const char *found = NULL;
    if (position_bytes_parse(d->message, &byte, 1) == 0)
        return false;
    apply_read_sent(a, &lx);
    while (!found && lexer_next(&lx, &st, NULL) > 0)
        found = escape_in_statement(a, &st, byte);
    if (found)
        position_of_byte(a->text.data, a->text.len, a->sent_offset, a->sent_line,
                         (size_t)(found - a->text.data), ret);
    return found != NULL;
}

/* The server could not even read what was sent: it did nothing of it, and knows no position. */
static bool
unread_place(const struct apply *a, const struct pgdiag *d, size_t completed, struct position *ret)
{
    const struct pgconn *c = a->s->work;
    bool converts =
        strcmp(pgconn_setting(c, "client_encoding"), pgconn_setting(c, "server_encoding")) != 0;
    if (completed > 0 || d->position > 0 || d->context[0] || !is_encoding_error(d))
        return false;
    return (converts && bytes_place(a, d, a->sent_offset, a->text.len, ret)) ||
           escape_place(a, d, ret);
}

void
apply_counted_place(const struct apply *a, size_t count, struct position *ret)
{
    count -= a->sent_own_chars;
    if (a->sent_in_bytes)
        position_of_byte(a->text.data, a->text.len, a->sent_offset, a->sent_line,
                         a->sent_offset + count - 1, ret);
    else
        position_of_char(a->text.data, a->text.len, a->sent_offset, a->sent_line, count, ret);
}

static void
find_place(const struct apply *a, const struct statement *st, const struct pgdiag *d,
           struct position *ret)
{
    if (d->position > 0)
        apply_counted_place(a, d->position, ret);
    else if (!copy_place(a, st, d, ret) && !body_place(a, st, d, ret) &&
             !bytes_place(a, d, st->offset, st->offset + st->bytes, ret))
        position_of_byte(a->text.data, a->text.len, st->offset, st->line, st->offset, ret);
}

/* ---- reports ---- */

static void
report_position(struct apply *a, const struct position *at)
{
    cleanup_strbuf struct strbuf caret = STRBUF_INIT;
    position_caret(a->text.data, at, "    ", &caret);
    report_place(a->report, a->file, at->line, at->column);
    report_source(a->report, strbuf_str(&caret));
}

/* What the server said beside its message, and what we know better. */
static void
add_hint(struct apply *a, const struct err *e, const struct pgdiag *d, const struct statement *st)
{
    cleanup_strbuf struct strbuf own = STRBUF_INIT;
    apply_hint(a, e, st, &own);
    report_detail(a->report, d->detail);
    report_hint(a->report, d->hint);
    report_add_hint(a->report, strbuf_str(&own));
}

void
apply_report(struct apply *a, enum exit_status exit, const struct err *e, size_t completed)
{
    if (a->report->failed)
        return;
    const struct pgdiag *d = pgconn_diag(a->s->work);
    struct statement st;
    struct position at;
    report_fail(a->report, exit, e);
    report_place(a->report, a->file, 0, 0);
    if (a->first_n && unread_place(a, d, completed, &at)) {
        report_position(a, &at);
        add_hint(a, e, d, NULL);
        return;
    }
    /* A syntax error comes before anything of the text is done, and has a position. */
    bool ours = d->position > 0 ? d->position <= a->sent_own_chars : completed < a->sent_own;
    size_t done = completed > a->sent_own ? completed - a->sent_own : 0;
    bool found = a->first_n && !ours && apply_find_statement(a, a->first_n + done, &st);
    if (found) {
        find_place(a, &st, d, &at);
        report_position(a, &at);
    }
    add_hint(a, e, d, found ? &st : NULL);
}

void
apply_report_at(struct apply *a, enum exit_status exit, const struct err *e,
                const struct statement *st)
{
    if (a->report->failed)
        return;
    report_fail(a->report, exit, e);
    report_place(a->report, a->file, 0, 0);
    if (st) {
        struct position at;
        position_of_byte(a->text.data, a->text.len, st->offset, st->line, st->offset, &at);
        report_position(a, &at);
    }
}

/* Who blocked the statement: as it was seen now, else when it was tried before. */
static const char *
last_blockers(const struct apply *a, const struct statement *st)
{
    const char *now = watch_blockers(a->s->watch);
    bool again = st && a->why_found && a->why_at.n == st->n;
    return *now || !again ? now : a->blockers;
}

void
apply_report_run(struct apply *a, const struct err *e, size_t completed)
{
    struct err said = *e;
    struct statement st;
    bool interrupted = e->code == ERR_DEADLINE || e->code == ERR_STOPPED || e->code == ERR_BUSY;
    if (a->moves && !interrupted && !pgconn_connected(a->s->work) && !a->report->failed) {
        a->lost = *e;
        return;
    }
    bool found = apply_find_failed(a, completed, &st);
    const char *blockers = last_blockers(a, found ? &st : NULL);
    if ((e->code == ERR_DEADLINE || e->code == ERR_STOPPED) && *blockers)
        err_set(&said, e->code, "%s; blocked by %s", e->msg, blockers);
    apply_report_at(a, report_exit_for(e), &said, found ? &st : NULL);
}
