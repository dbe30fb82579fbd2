/* facts.c: one pass over the statements of a file, for all that is to be known of them. */
#include "migrate/files/facts.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "migrate/sql/token.h"

/* How much COPY data is looked at between giving pages back. */
#define DATA_CHUNK ((size_t)1 << 20)

/*
 * Tokens are short: they are gathered before the library is called. A carriage return before a line
 * feed is left out everywhere, in literals, bodies and data, too: checkouts change it at will.
 */
struct gather {
    struct digest d;
    size_t n;
    bool cr; /* a \r ended the last piece, and may turn out to be one half of a line end */
    char buf[4096];
};

static void
gather_flush(struct gather *g)
{
    digest_add(&g->d, g->buf, g->n);
    g->n = 0;
}

static void
gather_bytes(struct gather *g, const char *p, size_t bytes)
{
    if (g->n + bytes > sizeof(g->buf))
        gather_flush(g);
    if (bytes > sizeof(g->buf)) {
        digest_add(&g->d, p, bytes);
    } else {
        memcpy(g->buf + g->n, p, bytes);
        g->n += bytes;
    }
}

/* A piece of the text, without the \r of its line ends. */
static void
gather_text(struct gather *g, const char *p, size_t bytes)
{
    const char *end = p + bytes;

    while (p < end) {
        if (g->cr && *p != '\n')
            gather_bytes(g, "\r", 1);
        const char *cr = memchr(p, '\r', (size_t)(end - p));
        gather_bytes(g, p, (size_t)((cr ? cr : end) - p));
        g->cr = cr != NULL;
        p = cr ? cr + 1 : end;
    }
}

/* Nothing more of the text is joined to what came. */
static void
gather_end(struct gather *g)
{
    if (g->cr)
        gather_bytes(g, "\r", 1);
    g->cr = false;
}

/* Behind a piece: one byte that no text holds. */
static void
gather_mark(struct gather *g, char mark)
{
    gather_end(g);
    gather_bytes(g, &mark, 1);
}

static void
gather_data(struct gather *g, struct source_text *t, const struct statement *st)
{
    size_t end = st->data_offset + st->data_bytes;

    source_text_rewind(t, st->data_offset); /* the splitter has passed it */
    for (size_t from = st->data_offset; from < end;) {
        size_t to = end - from > DATA_CHUNK ? from + DATA_CHUNK : end;
        gather_text(g, t->data + from, to - from);
        source_text_release(t, to);
        from = to;
    }
    gather_end(g);
}

/* Each token and a NUL, each statement and a 1, the data of COPY. */
static void
gather_statement(struct gather *g, struct source_text *t, const struct statement *st)
{
    struct token_scan ts = token_on(t->data, st->offset + st->sql_bytes, st->backslashes);
    struct token tok;

    ts.pos = st->offset;
    while (token_next(&ts, &tok)) {
        gather_text(g, t->data + tok.offset, tok.bytes);
        gather_mark(g, '\0');
    }
    gather_mark(g, '\1');
    if (st->kind == STATEMENT_COPY)
        gather_data(g, t, st);
}

static void
gather_done(struct gather *g)
{
    digest_done(&g->d);
}

int
facts_read(struct source_text *t, const struct layout_header *h, struct facts *ret, struct err *e)
{
    CLEANUP_WITH(gather_done) struct gather g = {.n = 0};
    struct verdict_pass pass;
    struct lexer lx;
    struct statement st;
    int rc;

    ret->known = false;
    source_text_lexer(t, &lx);
    verdict_begin(&pass, &lx, h->transaction, h->marks_fine, &ret->verdict);
    if (digest_start(&g.d, e) < 0)
        return -1;
    int judged = 0;
    while (judged == 0 && (rc = lexer_next(&lx, &st, e)) > 0) {
        judged = verdict_next(&pass, &st, e);
        if (judged == 0)
            gather_statement(&g, t, &st);
    }
    if (judged == 0)
        judged = verdict_end(&pass, rc, e);
    if (source_text_same(t, e) < 0) { /* whatever was found in it */
        ret->verdict.error_line = 0;
        return -1;
    }
    if (judged < 0)
        return -1;
    gather_flush(&g);
    ret->known = digest_end(&g.d, ret->loose_sha256, e) == 0;
    return ret->known ? 0 : -1;
}

int
facts_loose(struct source_text *t, uint8_t ret_sum[DIGEST_BYTES], struct err *e)
{
    CLEANUP_WITH(gather_done) struct gather g = {.n = 0};
    struct lexer lx;
    struct statement st;
    int rc;

    if (digest_start(&g.d, e) < 0)
        return -1;
    source_text_lexer(t, &lx);
    while ((rc = lexer_next(&lx, &st, e)) > 0)
        gather_statement(&g, t, &st);
    bool same =
        source_text_same(t, e) == 0; /* otherwise that is what is wrong, whatever was found in it */
    t->error_line = same && rc < 0 ? lx.error_line : 0;
    if (!same || rc < 0)
        return -1;
    gather_flush(&g);
    return digest_end(&g.d, ret_sum, e);
}

int
facts_statement(struct source_text *t, const struct statement *st, uint8_t ret_sum[DIGEST_BYTES],
                struct err *e)
{
    CLEANUP_WITH(gather_done) struct gather g = {.n = 0};

    if (digest_start(&g.d, e) < 0)
        return -1;
    gather_statement(&g, t, st);
    gather_flush(&g);
    return digest_end(&g.d, ret_sum, e);
}
