/* verdict_file.c: the statements of a file together (pure). */
#include <string.h>
#include <strings.h>

#include "migrate/sql/invisible.h"
#include "migrate/sql/marks.h"
#include "migrate/sql/token.h"
#include "migrate/sql/verdict.h"

static int
refuse(struct verdict_file *f, const struct statement *st, const char *what, const char *why,
       struct err *e)
{
    f->error_offset = st->offset;
    f->error_line = st->line;
    f->rule = "transaction";
    return err_set(e, ERR_INPUT, "%s %s", what, why);
}

static const char in_the_middle[] =
    "inside a file: migrate runs the file in one transaction with its history row; only BEGIN as "
    "the first and COMMIT as the last statement may stand around it, and both around calls of "
    "pg_dump's for large objects";

/* SELECT [pg_catalog.]lo_open(…), lowrite(…): as pg_dump writes out large objects. */
static bool
is_large_object_call(const char *text, const struct statement *st)
{
    struct token_scan ts = token_on(text, st->offset + st->sql_bytes, st->backslashes);
    struct token t;

    ts.pos = st->offset;
    if (!token_next(&ts, &t) || !token_is(&ts, &t, "select") || !token_next(&ts, &t))
        return false;
    if (token_is(&ts, &t, "pg_catalog") &&
        (!token_next(&ts, &t) || !token_is_char(&ts, &t, '.') || !token_next(&ts, &t)))
        return false;
    return token_is(&ts, &t, "lowrite") || token_is(&ts, &t, "loread") ||
           (t.kind == TOKEN_WORD && t.bytes > 3 && strncasecmp(text + t.offset, "lo_", 3) == 0);
}

static int
on_begin_statement(struct verdict_file *f, struct verdict_outer *p, const struct statement *st,
                   const struct verdict *v, struct err *e)
{
    if (p->begin.n || (st->n > 1 && v->options_bytes))
        return refuse(f, st, v->what, in_the_middle, e);
    *p = (struct verdict_outer){.begin = *st};
    if (st->n == 1) {
        f->begin_n = 1;
        f->options_offset = v->options_bytes ? st->offset + v->options_offset : 0;
        f->options_bytes = v->options_bytes;
    }
    return 0;
}

static int
on_control(struct verdict_file *f, struct verdict_outer *p, const struct statement *st,
           const struct verdict *v, enum verdict_wish wish, struct err *e)
{
    if (wish == VERDICT_OFF)
        return refuse(f, st, v->what,
                      "in a file with transaction=off: it runs statement by statement", e);
    if (v->control == VERDICT_BEGIN)
        return on_begin_statement(f, p, st, v, e);
    if (v->control != VERDICT_COMMIT || !p->begin.n)
        return refuse(f, st, v->what, in_the_middle, e);
    if (p->begin.n > 1 && !p->calls)
        return refuse(f, &p->begin, "BEGIN", in_the_middle, e);
    p->commit = *st;
    p->commit_what = v->what;
    return 0;
}

/* Another statement stands behind COMMIT. */
static int
on_more(struct verdict_file *f, struct verdict_outer *p, struct err *e)
{
    if (!p->calls || p->others)
        return refuse(f, &p->commit, p->commit_what, in_the_middle, e);
    f->pairs = true;
    f->begin_n = 0;
    f->options_bytes = 0;
    *p = (struct verdict_outer){.calls = 0};
    return 0;
}

/* A statement that controls nothing. */
static int
on_other(struct verdict_file *f, struct verdict_outer *p, const char *text,
         const struct statement *st, struct err *e)
{
    if (!p->begin.n)
        return 0;
    if (is_large_object_call(text, st))
        p->calls++;
    else
        p->others++;
    return p->others && p->begin.n > 1 ? refuse(f, &p->begin, "BEGIN", in_the_middle, e) : 0;
}

/* Comments between `before` and the offset `to`, behind the first statement. */
static int
look_between(struct verdict_file *f, const struct lexer *lx, const struct statement *before,
             size_t to, unsigned fine, struct err *e)
{
    size_t from = before->offset + before->bytes;
    struct mark mark;

    if (!before->n || !marks_between(lx->text, from, to, fine, &mark))
        return 0;
    f->error_offset = mark.offset;
    f->error_line = before->end_line + lexer_count_lines(lx->text + from, mark.offset - from);
    f->rule = "marks";
    return marks_refuse(lx->text, &mark, e);
}

/* A word of the statement that holds a character that nobody sees. */
static int
look_within(struct verdict_file *f, const char *text, const struct statement *st, struct err *e)
{
    size_t end = st->offset + st->sql_bytes;
    struct token_scan ts = token_on(text, end, st->backslashes);
    struct token t;
    char what[INVISIBLE_TEXT_MAX];

    if (invisible_find(text, st->offset, end) == end)
        return 0;
    ts.pos = st->offset;
    while (token_next(&ts, &t)) {
        size_t at = invisible_find(text, t.offset, t.offset + t.bytes);
        if (t.kind != TOKEN_WORD || at == t.offset + t.bytes)
            continue;
        f->error_offset = at;
        f->error_line = st->line + lexer_count_lines(text + st->offset, at - st->offset);
        f->rule = "characters";
        return err_set(
            e, ERR_INPUT,
            "%s outside quotes, where PostgreSQL takes it for a letter of a name: remove "
            "it, or write a plain space",
            invisible_describe(text + at, what));
    }
    return 0;
}

static int
conclude(struct verdict_file *f, const struct verdict_outer *p, const struct statement *odd,
         enum verdict_wish wish, struct err *e)
{
    if (p->begin.n && !p->commit.n)
        return refuse(f, &p->begin, "BEGIN", "without a COMMIT as the last statement", e);
    f->commit_n = f->begin_n ? p->commit.n : 0;
    f->pairs |= p->begin.n > 1;
    if (f->cannot && (f->begin_n || f->pairs))
        return refuse(f, odd, f->cannot, "cannot run in a transaction, and the file begins one", e);
    if (f->cannot && wish == VERDICT_ON)
        return refuse(f, odd, f->cannot,
                      "cannot run in a transaction, and the header says transaction=on", e);
    f->transaction = wish == VERDICT_ON || (wish == VERDICT_AUTO && !f->cannot);
    return 0;
}

void
verdict_begin(struct verdict_pass *p, const struct lexer *lx, enum verdict_wish wish,
              unsigned marks_fine, struct verdict_file *ret)
{
    *p = (struct verdict_pass){.file = ret, .lx = lx, .wish = wish};
    *ret = (struct verdict_file){.marks_fine = marks_fine};
}

int
verdict_next(struct verdict_pass *p, const struct statement *st, struct err *e)
{
    struct verdict_file *f = p->file;
    const char *text = p->lx->text;
    struct verdict v;

    f->statements++;
    if (look_between(f, p->lx, &p->before, st->offset, f->marks_fine, e) < 0 ||
        look_within(f, text, st, e) < 0)
        return -1;
    p->before = *st;
    if (p->outer.commit.n && on_more(f, &p->outer, e) < 0)
        return -1;
    verdict_statement(text + st->offset, st->sql_bytes, st->backslashes, &v);
    if (v.unlocks)
        return refuse(f, st, v.what,
                      "would release migrate's lock: leave it out, each file finds a session as "
                      "at its beginning",
                      e);
    if ((v.control ? on_control(f, &p->outer, st, &v, p->wish, e)
                   : on_other(f, &p->outer, text, st, e)) < 0)
        return -1;
    if (!v.transaction && !f->cannot) {
        p->odd = *st;
        f->cannot = v.what;
        f->cannot_line = st->line;
    }
    return 0;
}

int
verdict_end(struct verdict_pass *p, int split, struct err *e)
{
    struct verdict_file *f = p->file;

    if (split < 0) {
        f->error_offset = p->lx->error_offset;
        f->error_line = p->lx->error_line;
        f->rule = "splitting";
        return -1;
    }
    /* No statement is behind them: what they head would not run. */
    if (look_between(f, p->lx, &p->before, p->lx->len, f->marks_fine | MARKS_UP | MARKS_BACK, e) <
        0)
        return -1;
    return conclude(f, &p->outer, &p->odd, p->wish, e);
}

int
verdict_file(struct lexer *lx, enum verdict_wish wish, unsigned marks_fine,
             struct verdict_file *ret, struct err *e)
{
    struct verdict_pass p;
    struct statement st;
    int rc;

    verdict_begin(&p, lx, wish, marks_fine, ret);
    while ((rc = lexer_next(lx, &st, e)) > 0)
        if (verdict_next(&p, &st, e) < 0)
            return -1;
    return verdict_end(&p, rc, e);
}

bool
verdict_elides(const struct verdict_file *f, const char *text, const struct statement *st)
{
    struct verdict v;

    if (st->n == f->begin_n || st->n == f->commit_n)
        return true;
    if (!f->pairs)
        return false;
    verdict_statement(text + st->offset, st->sql_bytes, st->backslashes, &v);
    return v.control == VERDICT_BEGIN || v.control == VERDICT_COMMIT;
}
