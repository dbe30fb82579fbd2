/*
 * The splitter and what reads its statements. Whatever the bytes are: statements stand inside the
 * text, in order and apart; they begin with their first token and end where the token scanner
 * (which looks at every token, while the splitter jumps) finds the semicolon; a statement read
 * alone is itself; lines are the lines.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "migrate/sql/lexer.h"
#include "migrate/layout/native.h"
#include "migrate/sql/position.h"
#include "migrate/sql/token.h"
#include "migrate/sql/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

static bool
is_routine(const struct token_scan *ts, size_t offset)
{
    struct token_scan s = *ts;
    struct token t;

    s.pos = offset;
    if (!token_next(&s, &t) || !token_is(&s, &t, "create") || !token_next(&s, &t))
        return false;
    if (token_is(&s, &t, "or") &&
        !(token_next(&s, &t) && token_is(&s, &t, "replace") && token_next(&s, &t)))
        return false;
    return token_is(&s, &t, "function") || token_is(&s, &t, "procedure");
}

/* The same end by looking at each token. */
static void
check_tokens(const char *text, size_t len, const struct statement *st)
{
    struct token_scan ts = token_on(text, len, st->backslashes);
    bool routine = is_routine(&ts, st->offset);
    size_t end = st->offset + st->sql_bytes;
    size_t depth = 0;
    struct token t;
    bool more;

    ts.pos = st->offset;
    while ((more = token_next(&ts, &t)) && t.offset < end) {
        if (t.offset + t.bytes > end)
            abort();
        MUST(t.fault == TOKEN_FINE);
        MUST(!token_is_char(&ts, &t, '\\'));
        depth += token_is_char(&ts, &t, '(');
        depth -= depth && token_is_char(&ts, &t, ')');
        MUST(depth || routine || !token_is_char(&ts, &t, ';'));
    }
    MUST(depth == 0);
    MUST(t.fault == TOKEN_FINE);
    if (more)
        MUST(t.offset == end && token_is_char(&ts, &t, ';'));
}

/*
 * Alone it is one statement, without what stood behind its last token. (Where a text begins,
 * U+FEFF is no name.)
 */
static void
check_alone(const char *text, const struct statement *st)
{
    cleanup_free char *alone = malloc(st->bytes);
    struct lexer lx;
    struct statement again;

    if (st->bytes >= 3 && memcmp(text + st->offset, "\xef\xbb\xbf", 3) == 0)
        return;
    MUST(alone);
    memcpy(alone, text + st->offset, st->bytes);
    lexer_init(&lx, alone, st->bytes);
    lx.backslashes = st->backslashes;
    MUST(lexer_next(&lx, &again, NULL) == 1);
    MUST(again.offset == 0 && again.bytes <= st->bytes && again.kind == st->kind);
    MUST(again.data_bytes == st->data_bytes && again.line == 1 &&
         again.ends_batch == st->ends_batch);
    if (st->kind == STATEMENT_COPY && st->data_bytes)
        MUST(again.bytes == st->bytes && again.end_line - again.line == st->end_line - st->line);
    MUST(lexer_next(&lx, &again, NULL) == 0);
}

/* from, line: a place before it, so that lines are counted once. */
static void
check_places(const char *text, size_t len, size_t from, size_t line, const struct statement *st)
{
    cleanup_strbuf struct strbuf out = STRBUF_INIT;
    struct position p;

    MUST(st->line == lexer_count_lines(text + from, st->offset - from) + line);
    MUST(st->end_line == lexer_count_lines(text + st->offset, st->bytes) + st->line);
    position_of_char(text, len, st->offset, st->line, st->bytes / 2 + 1, &p);
    MUST(p.offset >= st->offset && p.offset <= len && p.line >= st->line && p.column >= 1);
    MUST(p.line_offset <= p.offset && p.line_offset + p.line_bytes <= len);
    position_caret(text, &p, "", &out);
    if (position_of_body_line(text, len, st, 2, &p) == 0)
        MUST(p.line > st->line && p.offset < st->offset + st->bytes);
}

static void
check_statement(const char *text, size_t len, size_t from, size_t line, const struct statement *st)
{
    struct verdict v;

    MUST(st->sql_bytes > 0 && st->sql_bytes <= st->bytes);
    MUST(st->offset + st->bytes <= len);
    if (st->kind == STATEMENT_COPY)
        MUST(st->data_offset >= st->offset + st->sql_bytes &&
             st->data_offset + st->data_bytes <= len);
    check_tokens(text, len, st);
    check_alone(text, st);
    check_places(text, len, from, line, st);
    verdict_statement(text + st->offset, st->sql_bytes, st->backslashes, &v);
    MUST(v.options_offset + v.options_bytes <= st->sql_bytes);
    MUST((v.what != NULL) == (!v.transaction || v.control));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_free char *text = malloc(size ? size : 1);
    struct lexer lx;
    struct statement st;
    struct layout_header h;
    struct verdict_file f;
    struct err e;
    size_t behind = 0;
    size_t line = 1;
    size_t n = 0;
    int rc;

    MUST(text);
    memcpy(text, data, size);
    lexer_init(&lx, text, size);
    while ((rc = lexer_next(&lx, &st, &e)) > 0) {
        MUST(st.n == ++n && st.offset >= behind);
        check_statement(text, size, behind, line, &st);
        behind = st.offset + st.bytes;
        line = st.end_line;
        MUST(lx.pos >= behind);
    }
    if (rc < 0)
        MUST(lx.error_offset < size &&
             lx.error_line == lexer_count_lines(text, lx.error_offset) + 1);
    else
        MUST(lx.line == lexer_count_lines(text, size) + 1);
    lexer_init(&lx, text, size);
    if (verdict_file(&lx, VERDICT_AUTO, 0, &f, &e) == 0)
        MUST(rc == 0 && f.statements == n);
    if (native_header_parse(text, size, 0, &h, &e) == 0)
        MUST(h.lock_timeout_ms == LAYOUT_UNSET || h.lock_timeout_ms <= INT32_MAX);
    return 0;
}
