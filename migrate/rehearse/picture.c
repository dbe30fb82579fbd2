/* picture.c: what a rehearsal found. Pure. */
#include "migrate/rehearse/picture.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "migrate/rehearse/amount.h"
#include "migrate/rehearse/rules.h"

/* ---- life ---- */

static void
statement_done(struct picture_statement *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->locks[i].relation);
    free(s->locks);
    free(s->text);
}

static void
findings_done(struct picture *p)
{
    for (size_t i = 0; i < p->findings_n; i++)
        free(p->findings[i].message);
    free(p->findings);
    p->findings = NULL;
    p->findings_n = 0;
}

void
picture_drop_file(struct picture *p)
{
    struct picture_file *f = &p->files[--p->n];
    for (size_t i = 0; i < f->n; i++)
        statement_done(&f->statements[i]);
    free(f->statements);
}

void
picture_again(struct picture *p)
{
    while (p->n)
        picture_drop_file(p);
    free(p->files);
    p->files = NULL;
    findings_done(p);
}

void
picture_done(struct picture *p)
{
    picture_again(p);
    for (size_t i = 0; i < p->waits_n; i++)
        free(p->waits[i].what);
    free(p->waits);
    free(p->database);
    *p = (struct picture){0};
}

/* ---- as it comes ---- */

int
picture_file(struct picture *p, const struct source_migration *m, const char *cannot, struct err *e)
{
    struct picture_file *grown = realloc(p->files, (p->n + 1) * sizeof(*grown));
    if (!grown)
        return err_nomem(e);
    p->files = grown;
    p->files[p->n++] = (struct picture_file){.m = m, .cannot = cannot};
    return 0;
}

static const char *
kind_text(char kind)
{
    switch (kind) {
    case 'v':
        return "view";
    case 'm':
        return "materialized view";
    case 'S':
        return "sequence";
    case 'f':
        return "foreign table";
    case 'p':
        return "partitioned table";
    case 'c':
        return "composite type";
    default:
        return "table";
    }
}

static int
take_lock(const struct taking *t, struct picture_lock *ret, struct err *e)
{
    cleanup_strbuf struct strbuf name = STRBUF_INIT;
    amount_relation(t->table->schema, t->table->name, &name);
    *ret = (struct picture_lock){.kind = kind_text(t->table->kind),
                                 .mode = t->mode,
                                 .again = t->again,
                                 .rewritten = t->rewritten,
                                 .reindexed = t->reindexed,
                                 .partitions = t->partitions,
                                 .bytes = t->table->bytes,
                                 .rows = t->table->rows,
                                 .held = t->held ? t->held->oid : 0,
                                 .released = SIZE_MAX};
    ret->relation = strbuf_steal(&name);
    return ret->relation ? 0 : err_nomem(e);
}

static int
grow_statements(struct picture_file *f, struct err *e)
{
    if (f->n < f->size)
        return 0;
    size_t size = f->size ? f->size * 2 : 16;
    struct picture_statement *grown = realloc(f->statements, size * sizeof(*grown));
    if (!grown)
        return err_nomem(e);
    f->statements = grown;
    f->size = size;
    return 0;
}

int
picture_statement(struct picture *p, const struct picture_statement *what,
                  const struct taking *takings, size_t n, struct err *e)
{
    struct picture_file *f = &p->files[p->n - 1];
    struct picture_statement s = *what;
    s.text = strdup(what->text);
    s.locks = calloc(n + 1, sizeof(*s.locks));
    s.n = 0;
    s.at_us = f->us;
    if (!s.text || !s.locks) {
        statement_done(&s);
        return err_nomem(e);
    }
    int result = grow_statements(f, e);
    while (result == 0 && s.n < n) {
        result = take_lock(&takings[s.n], &s.locks[s.n], e);
        s.n += result == 0;
    }
    if (result != 0) {
        statement_done(&s);
        return -1;
    }
    f->statements[f->n++] = s;
    f->us += s.us;
    return 0;
}

void
picture_goes_on(struct picture *p, size_t count, uint64_t us)
{
    struct picture_file *f = &p->files[p->n - 1];
    f->statements[f->n - 1].count += count;
    f->statements[f->n - 1].us += us;
    f->us += us;
}

void
picture_released(struct picture *p, const struct relations *r)
{
    struct picture_file *f = &p->files[p->n - 1];
    for (size_t i = 0; i < f->n; i++) {
        for (size_t k = 0; k < f->statements[i].n; k++) {
            struct picture_lock *lock = &f->statements[i].locks[k];
            const struct relation *rel = relations_find(r, lock->held);
            if (lock->released == SIZE_MAX && rel && !(rel->held & lockmode_bit(lock->mode)))
                lock->released = f->n;
        }
    }
}

int
picture_waited(struct picture *p, const char *file, size_t line, const char *what, struct err *e)
{
    struct picture_wait *grown = realloc(p->waits, (p->waits_n + 1) * sizeof(*grown));
    if (!grown)
        return err_nomem(e);
    p->waits = grown;
    struct picture_wait w = {.file = file, .line = line, .what = strdup(what)};
    if (!w.what)
        return err_nomem(e);
    p->waits[p->waits_n++] = w;
    return 0;
}

/* ---- what it means ---- */

uint64_t
picture_held_us(const struct picture_file *f, size_t statement, const struct picture_lock *lock)
{
    uint64_t end_us = lock->released < f->n ? f->statements[lock->released].at_us : f->us;
    return lock->released > statement ? end_us - f->statements[statement].at_us : 0;
}

enum lockmode_waits
picture_waits(const struct picture_statement *s)
{
    enum lockmode_waits most = lockmode_waits(s->would);
    for (size_t i = 0; i < s->n; i++) {
        enum lockmode_waits waits = lockmode_waits(s->locks[i].mode);
        most = waits > most ? waits : most;
    }
    return most;
}

static int
find(struct picture *p, const struct picture_finding *what, struct strbuf *message, struct err *e)
{
    struct picture_finding *grown =
        realloc(p->findings, (p->findings_n + 1) * sizeof(*p->findings));
    if (!grown)
        return err_nomem(e);
    p->findings = grown;
    struct picture_finding f = *what;
    f.message = strbuf_steal(message);
    if (!f.message)
        return err_nomem(e);
    p->findings[p->findings_n++] = f;
    return 0;
}

static int
judge_rewrite(struct picture *p, const struct picture_file *f, size_t statement,
              const struct picture_lock *lock, struct err *e)
{
    cleanup_strbuf struct strbuf text = STRBUF_INIT;
    const struct picture_finding what = {
        .file = f->m->file, .line = f->statements[statement].line, .rule = "rewrite"};
    char size[AMOUNT_MAX];
    strbuf_addf(&text, "the statement rewrites all of %s (%s)", lock->relation,
                amount_bytes(size, lock->bytes));
    if (lockmode_waits(lock->mode) == WAITS_READS)
        strbuf_adds(&text, "; reads and writes wait until its file commits");
    return find(p, &what, &text, e);
}

/* The longest of the statements that run under the lock. */
static size_t
longest(const struct picture_file *f, size_t statement, const struct picture_lock *lock)
{
    size_t most = statement;
    for (size_t i = statement; i < f->n && i < lock->released; i++)
        if (f->statements[i].us > f->statements[most].us)
            most = i;
    return most;
}

static int
judge_held(struct picture *p, const struct picture_file *f, size_t statement,
           const struct picture_lock *lock, struct err *e)
{
    cleanup_strbuf struct strbuf text = STRBUF_INIT;
    const struct picture_finding what = {
        .file = f->m->file, .line = f->statements[statement].line, .rule = "max-blocking"};
    char held[AMOUNT_MAX];
    char most[CLOCK_DURATION_MAX];
    strbuf_addf(&text, "reads and writes of %s wait for %s, longer than --max-blocking %s",
                lock->relation, amount_us(held, picture_held_us(f, statement, lock)),
                clock_format_duration(most, p->max_blocking_ms));
    size_t slow = longest(f, statement, lock);
    if (slow != statement)
        strbuf_addf(
            &text, "; most of this is caused by line %zu; move that statement to a file of its own",
            f->statements[slow].line);
    return find(p, &what, &text, e);
}

/* An earlier statement of the file holds that lock on it already. */
static bool
locked_before(const struct picture_file *f, size_t statement, const struct picture_lock *lock)
{
    for (size_t i = 0; i < statement; i++) {
        const struct picture_statement *s = &f->statements[i];
        for (size_t k = 0; k < s->n; k++)
            if (s->locks[k].mode == lock->mode && s->locks[k].released == lock->released &&
                strcmp(s->locks[k].relation, lock->relation) == 0)
                return true;
    }
    return false;
}

static bool
held_too_long(const struct picture *p, const struct picture_file *f, size_t statement,
              const struct picture_lock *lock)
{
    return !(f->allowed & RULES_MAX_BLOCKING) && lockmode_waits(lock->mode) == WAITS_READS &&
           p->max_blocking_ms != CLOCK_NEVER &&
           picture_held_us(f, statement, lock) / 1000 > p->max_blocking_ms &&
           !locked_before(f, statement, lock);
}

static int
judge_statement(struct picture *p, const struct picture_file *f, size_t statement, struct err *e)
{
    const struct picture_statement *s = &f->statements[statement];
    for (size_t i = 0; i < s->n; i++) {
        const struct picture_lock *lock = &s->locks[i];
        bool anew = lock->rewritten && !(f->allowed & RULES_REWRITE);
        if (anew && judge_rewrite(p, f, statement, lock, e) != 0)
            return -1;
        if (held_too_long(p, f, statement, lock) && judge_held(p, f, statement, lock, e) != 0)
            return -1;
    }
    return 0;
}

int
picture_judge(struct picture *p, struct err *e)
{
    findings_done(p);
    for (size_t i = 0; i < p->n; i++)
        for (size_t k = 0; k < p->files[i].n; k++)
            if (judge_statement(p, &p->files[i], k, e) != 0)
                return -1;
    return 0;
}
