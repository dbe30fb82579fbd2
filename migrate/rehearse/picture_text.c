/* picture_text.c: what a rehearsal found, for people: on a terminal, or in a pull request. Pure. */
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "migrate/rehearse/amount.h"
#include "migrate/rehearse/picture.h"

#define STATEMENT_CHARS 80u
#define RELATION_CHARS_MIN 14u
#define RELATION_CHARS_MAX 32u
#define BAR_CHARS 50u

struct page {
    const struct picture *p;
    struct strbuf *out;
    bool colours;
    size_t relation_chars; /* width of that column */
};

/* ---- words ---- */

static const char *
colour_of(enum lockmode_waits waits)
{
    static const char *const colours[] = {"\033[32m", "\033[33m", "\033[1;31m"};
    return colours[waits];
}

static void
add_coloured(const struct page *g, const char *colour, const char *text)
{
    strbuf_addf(g->out, "%s%s%s", g->colours ? colour : "", text, g->colours ? "\033[0m" : "");
}

/* A name or message of somebody else's. */
static void
add_shown(struct strbuf *out, const char *text)
{
    amount_shown(text, strlen(text), out);
}

static void
add_spaces(const struct page *g, size_t n)
{
    strbuf_addf(g->out, "%*s", (int)n, "");
}

/* Left-aligned, by characters; a longer text is cut. */
static void
add_cell(const struct page *g, const char *text, size_t chars)
{
    size_t len = strlen(text);
    size_t have = amount_chars(text, len);
    if (have <= chars) {
        strbuf_adds(g->out, text);
        add_spaces(g, chars - have);
        return;
    }
    size_t at = 0;
    for (size_t n = 0; n + 3 < chars; n++) {
        at++;
        while (((unsigned char)text[at] & 0xc0) == 0x80)
            at++;
    }
    strbuf_add(g->out, text, at);
    strbuf_adds(g->out, "...");
}

static const char *
plural(size_t n)
{
    return n == 1 ? "" : "s";
}

static void
find_width(struct page *g)
{
    g->relation_chars = RELATION_CHARS_MIN;
    for (size_t i = 0; i < g->p->n; i++) {
        for (size_t k = 0; k < g->p->files[i].n; k++) {
            const struct picture_statement *s = &g->p->files[i].statements[k];
            for (size_t m = 0; m < s->n; m++) {
                size_t chars = amount_chars(s->locks[m].relation, strlen(s->locks[m].relation));
                g->relation_chars = chars > g->relation_chars ? chars : g->relation_chars;
            }
        }
    }
    if (g->relation_chars > RELATION_CHARS_MAX)
        g->relation_chars = RELATION_CHARS_MAX;
}

/* ---- statements ---- */

#define INDENT 19u /* of what stands below a statement */

static void
add_lock(const struct page *g, const struct picture_file *f, size_t statement,
         const struct picture_lock *lock)
{
    char bytes[AMOUNT_MAX];
    char rows[AMOUNT_MAX];
    char held[AMOUNT_MAX];
    enum lockmode_waits waits = lockmode_waits(lock->mode);
    const char *verdict = lockmode_waits_text(waits);
    add_spaces(g, INDENT);
    add_coloured(g, colour_of(waits), verdict);
    add_spaces(g, 15 - strlen(verdict));
    add_cell(g, lock->relation, g->relation_chars);
    strbuf_addf(g->out, "  %-25s%8s %8s %10s", lockmode_name(lock->mode),
                amount_bytes(bytes, lock->bytes), amount_rows(rows, lock->rows),
                amount_us(held, picture_held_us(f, statement, lock)));
    if (lock->rewritten)
        add_coloured(g, colour_of(WAITS_READS), "  REWRITTEN");
    if (lock->reindexed)
        strbuf_adds(g->out, "  index rebuilt");
    if (lock->partitions)
        strbuf_addf(g->out, "  with %zu partition%s", lock->partitions, plural(lock->partitions));
    if (lock->again)
        strbuf_adds(g->out, "  held before");
    strbuf_addc(g->out, '\n');
}

static void
add_statement(const struct page *g, const struct picture_file *f, size_t index)
{
    const struct picture_statement *s = &f->statements[index];
    char line[24] = "";
    char took[AMOUNT_MAX] = "not run";
    if (s->line)
        snprintf(line, sizeof(line), "%zu", s->line);
    if (s->state != PICTURE_NOT_RUN)
        amount_us(took, s->us);
    strbuf_addf(g->out, "%6s %10s  ", line, took);
    if (s->count > 1)
        strbuf_addf(g->out, "%zu x ", s->count);
    size_t chars = amount_chars(s->text, strlen(s->text));
    add_cell(g, s->text, chars < STATEMENT_CHARS ? chars : STATEMENT_CHARS);
    if (s->state == PICTURE_FAILED)
        add_coloured(g, colour_of(WAITS_READS), "  FAILED");
    strbuf_addc(g->out, '\n');
    for (size_t i = 0; i < s->n; i++)
        add_lock(g, f, index, &s->locks[i]);
    if (!s->does)
        return;
    add_spaces(g, INDENT);
    if (s->would != LOCKMODE_NONE) {
        enum lockmode_waits waits = lockmode_waits(s->would);
        const char *verdict = lockmode_waits_text(waits);
        add_coloured(g, colour_of(waits), verdict);
        add_spaces(g, 15 - strlen(verdict));
        strbuf_addf(g->out, "%s; ", lockmode_name(s->would));
    }
    strbuf_addf(g->out, "%s\n", s->does);
}

static void
add_head(const struct page *g)
{
    strbuf_adds(g->out, "  LINE       TIME  STATEMENT\n");
    add_spaces(g, INDENT);
    strbuf_adds(g->out, "VERDICT        ");
    add_cell(g, "RELATION", g->relation_chars);
    strbuf_addf(g->out, "  %-25s%8s %8s %10s\n", "LOCK", "SIZE", "ROWS", "HELD FOR");
}

/* ---- who waits, over time ---- */

/* The cells of the file's time in which the lock is held. */
static void
mark(enum lockmode_waits cells[BAR_CHARS], const struct picture_file *f, size_t statement,
     const struct picture_lock *lock)
{
    enum lockmode_waits waits = lockmode_waits(lock->mode);
    uint64_t from_us = f->statements[statement].at_us;
    uint64_t to_us = from_us + picture_held_us(f, statement, lock);
    for (size_t i = 0; i < BAR_CHARS; i++)
        if (waits > cells[i] && from_us < f->us * (i + 1) / BAR_CHARS &&
            to_us > f->us * i / BAR_CHARS)
            cells[i] = waits;
}

static void
add_bar(const struct page *g, const struct picture_file *f, const char *relation)
{
    static const char marks[] = {'.', '=', '#'};
    enum lockmode_waits cells[BAR_CHARS] = {WAITS_NOBODY};
    enum lockmode_waits before = WAITS_NOBODY;
    for (size_t i = 0; i < f->n; i++)
        for (size_t k = 0; k < f->statements[i].n; k++)
            if (strcmp(f->statements[i].locks[k].relation, relation) == 0)
                mark(cells, f, i, &f->statements[i].locks[k]);
    for (size_t i = 0; i < BAR_CHARS; i++) {
        if (g->colours && cells[i] != before)
            strbuf_adds(g->out, cells[i] ? colour_of(cells[i]) : "\033[0m");
        strbuf_addc(g->out, marks[cells[i]]);
        before = cells[i];
    }
    if (g->colours && before)
        strbuf_adds(g->out, "\033[0m");
}

/* Where the strongest that waits for it begins. */
struct worst {
    const struct picture_lock *lock;
    size_t statement;
};

static struct worst
find_worst(const struct picture_file *f, const char *relation)
{
    struct worst worst = {0};
    for (size_t i = 0; i < f->n; i++) {
        for (size_t k = 0; k < f->statements[i].n; k++) {
            const struct picture_lock *lock = &f->statements[i].locks[k];
            if (strcmp(lock->relation, relation) == 0 &&
                (!worst.lock || lockmode_waits(lock->mode) > lockmode_waits(worst.lock->mode)))
                worst = (struct worst){lock, i};
        }
    }
    return worst;
}

static bool
is_first(const struct picture_file *f, size_t statement, size_t lock)
{
    const char *relation = f->statements[statement].locks[lock].relation;
    for (size_t i = 0; i <= statement; i++)
        for (size_t k = 0; k < (i < statement ? f->statements[i].n : lock); k++)
            if (strcmp(f->statements[i].locks[k].relation, relation) == 0)
                return false;
    return true;
}

static void
add_waiting(const struct page *g, const struct picture_file *f, const char *relation)
{
    char held[AMOUNT_MAX];
    const struct worst worst = find_worst(f, relation);
    if (!worst.lock || lockmode_waits(worst.lock->mode) == WAITS_NOBODY)
        return;
    enum lockmode_waits waits = lockmode_waits(worst.lock->mode);
    strbuf_adds(g->out, "  ");
    add_cell(g, relation, g->relation_chars);
    strbuf_adds(g->out, " [");
    add_bar(g, f, relation);
    strbuf_addf(g->out, "] %s wait %s, from line %zu on\n",
                waits == WAITS_READS ? "reads and writes" : "writes",
                amount_us(held, picture_held_us(f, worst.statement, worst.lock)),
                f->statements[worst.statement].line);
}

static void
add_picture(const struct page *g, const struct picture_file *f)
{
    char took[AMOUNT_MAX];
    bool any = false;
    for (size_t i = 0; i < f->n; i++)
        any = any || (f->statements[i].n && picture_waits(&f->statements[i]) != WAITS_NOBODY);
    if (!any) {
        strbuf_adds(g->out, f->n ? "\n  nobody waits\n" : "  no statements\n");
        return;
    }
    strbuf_adds(g->out, "\n  ");
    add_cell(g, "WHO WAITS", g->relation_chars);
    strbuf_addf(g->out, "  0 s%*s\n", (int)BAR_CHARS - 3, amount_us(took, f->us));
    for (size_t i = 0; i < f->n; i++)
        for (size_t k = 0; k < f->statements[i].n; k++)
            if (is_first(f, i, k))
                add_waiting(g, f, f->statements[i].locks[k].relation);
}

/* ---- the page ---- */

static void
add_file(const struct page *g, const struct picture_file *f)
{
    char took[AMOUNT_MAX];
    strbuf_addc(g->out, '\n');
    strbuf_adds(g->out, g->colours ? "\033[1m" : "");
    add_shown(g->out, f->m->file);
    strbuf_adds(g->out, g->colours ? "\033[0m" : "");
    if (f->cannot) {
        strbuf_addf(g->out, ": not rehearsed because it cannot run in a transaction (%s)\n",
                    f->cannot);
        strbuf_adds(g->out, "  LINE             STATEMENT\n");
    } else {
        size_t n = 0;
        for (size_t i = 0; i < f->n; i++)
            n += f->statements[i].line ? f->statements[i].count : 0;
        strbuf_addf(g->out, ": %zu statement%s in one transaction, %s\n", n, plural(n),
                    amount_us(took, f->us));
        add_head(g);
    }
    for (size_t i = 0; i < f->n; i++)
        add_statement(g, f, i);
    if (!f->cannot)
        add_picture(g, f);
}

/* ---- a line for each file ---- */

/* What is worst in a file: who waits, for what, and how long at most. */
struct summary {
    enum lockmode_waits waits;
    uint64_t held_us;
    const char *relation; /* the first of them; NULL: none */
    size_t others;
    bool rewritten;
    bool failed;
};

static void
sum_up(const struct picture_file *f, struct summary *ret)
{
    *ret = (struct summary){.waits = WAITS_NOBODY};
    for (size_t i = 0; i < f->n; i++) {
        enum lockmode_waits waits = picture_waits(&f->statements[i]);
        ret->waits = waits > ret->waits ? waits : ret->waits;
        ret->failed = ret->failed || f->statements[i].state == PICTURE_FAILED;
    }
    for (size_t i = 0; i < f->n; i++) {
        for (size_t k = 0; k < f->statements[i].n; k++) {
            const struct picture_lock *lock = &f->statements[i].locks[k];
            uint64_t held_us = picture_held_us(f, i, lock);
            ret->rewritten = ret->rewritten || lock->rewritten;
            if (lockmode_waits(lock->mode) != ret->waits || ret->waits == WAITS_NOBODY)
                continue;
            ret->held_us = held_us > ret->held_us ? held_us : ret->held_us;
            ret->others += ret->relation && is_first(f, i, k);
            ret->relation = ret->relation ? ret->relation : lock->relation;
        }
    }
}

static void
add_summary(const struct page *g, const struct picture_file *f, size_t file_chars)
{
    cleanup_strbuf struct strbuf file = STRBUF_INIT;
    char held[AMOUNT_MAX] = "";
    struct summary sum;
    sum_up(f, &sum);
    const char *verdict = sum.failed ? "FAILED" : lockmode_waits_text(sum.waits);
    strbuf_adds(g->out, "  ");
    add_coloured(g, colour_of(sum.failed ? WAITS_READS : sum.waits), verdict);
    add_spaces(g, 15 - strlen(verdict));
    add_shown(&file, f->m->file);
    add_cell(g, strbuf_str(&file), file_chars);
    if (sum.relation)
        amount_us(held, sum.held_us);
    strbuf_addf(g->out, " %10s  ", held);
    if (f->cannot)
        strbuf_adds(g->out, "not rehearsed");
    else if (sum.relation)
        strbuf_adds(g->out, sum.relation);
    if (sum.others)
        strbuf_addf(g->out, " and %zu more", sum.others);
    if (sum.rewritten)
        add_coloured(g, colour_of(WAITS_READS), "  REWRITTEN");
    while (g->out->len && g->out->data[g->out->len - 1] == ' ')
        g->out->data[--g->out->len] = '\0';
    strbuf_addc(g->out, '\n');
}

static void
add_summaries(const struct page *g)
{
    size_t file_chars = 0;
    for (size_t i = 0; i < g->p->n; i++) {
        size_t chars = amount_chars(g->p->files[i].m->file, strlen(g->p->files[i].m->file));
        file_chars = chars > file_chars ? chars : file_chars;
    }
    strbuf_addc(g->out, '\n');
    for (size_t i = 0; i < g->p->n; i++)
        add_summary(g, &g->p->files[i], file_chars < 60 ? file_chars : 60);
}

static void
add_end(const struct page *g)
{
    const struct picture *p = g->p;
    if (p->waits_n)
        strbuf_addc(g->out, '\n');
    for (size_t i = 0; i < p->waits_n; i++) {
        strbuf_adds(g->out, "waited: ");
        add_shown(g->out, p->waits[i].file);
        strbuf_addf(g->out, ":%zu: ", p->waits[i].line);
        add_shown(g->out, p->waits[i].what);
        strbuf_adds(g->out, "; everything was rolled back and started again\n");
    }
    strbuf_addc(g->out, '\n');
    for (size_t i = 0; i < p->findings_n; i++) {
        add_coloured(g, colour_of(WAITS_READS), "error");
        strbuf_adds(g->out, ": ");
        add_shown(g->out, p->findings[i].file);
        strbuf_addf(g->out, ":%zu: %s [%s]\n", p->findings[i].line, p->findings[i].message,
                    p->findings[i].rule);
    }
    strbuf_addf(g->out, "%zu finding%s of level error; ", p->findings_n, plural(p->findings_n));
    strbuf_adds(g->out, "# reads and writes wait, = writes wait, . nobody waits\n");
}

void
picture_text(const struct picture *p, bool colours, struct strbuf *out)
{
    struct page g = {.p = p, .out = out, .colours = colours};
    char took[AMOUNT_MAX];
    find_width(&g);
    strbuf_addf(out, "rehearsed %zu file%s", p->n, plural(p->n));
    if (p->database) {
        strbuf_adds(out, " on ");
        amount_shown(p->database, strlen(p->database), out);
    }
    if (p->server_version)
        strbuf_addf(out, " (PostgreSQL %d.%d)", p->server_version / 10000,
                    p->server_version % 10000);
    strbuf_addf(out, " in %s, rolled back\n", amount_us(took, p->took_ms * 1000));
    if (p->n)
        add_summaries(&g);
    for (size_t i = 0; i < p->n; i++)
        add_file(&g, &p->files[i]);
    if (p->n)
        add_end(&g);
}
