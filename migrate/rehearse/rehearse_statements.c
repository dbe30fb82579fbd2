/* rehearse_statements.c: the statements of a file, one by one, and what each of them locked. */
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "migrate/rehearse/brief.h"
#include "migrate/rehearse/look.h"
#include "migrate/rehearse/outside.h"
#include "migrate/rehearse/rehearse_impl.h"
#include "migrate/sql/cursor.h"
#include "migrate/tell/progress.h"

/* So much of a statement is shown. */
#define TEXT_CHARS 200u

/* What is sent as one: a statement, or INSERTs into one table that stand side by side. */
struct unit {
    size_t n; /* 0: nothing */
    struct statement first;
    size_t end; /* of the text */
};

static const char *
sql_of(const struct rehearsal *r, const struct statement *st)
{
    return r->a.text.data + st->offset;
}

/* ---- what it locked ---- */

struct named {
    struct brief_names names;
    enum lockmode most;
};

static bool
is_named(const struct relation *rel, enum lockmode *ret_most, void *arg)
{
    const struct named *n = arg;
    *ret_most = n->most;
    return brief_has_name(&n->names, rel->name);
}

static int
find_takings(struct rehearsal *r, const struct statement *st, struct taking **ret, size_t *ret_n,
             struct err *e)
{
    const char *sql = sql_of(r, st);
    struct named n = {.most = brief_most(sql, st->sql_bytes, st->backslashes)};
    if (brief_names_of(sql, st->sql_bytes, st->backslashes, &n.names, e) != 0)
        return -1;
    int result = relations_takings(&r->before, is_named, &n, ret, ret_n, e);
    brief_names_done(&n.names);
    if (result != 0 || !brief_truncates(sql, st->sql_bytes, st->backslashes))
        return result;
    for (size_t i = 0; i < *ret_n; i++)
        (*ret)[i].rewritten = false;
    return 0;
}

/* A record of the statements that were sent; takings NULL: none. */
static int
note(struct rehearsal *r, const struct unit *u, const struct picture_statement *how,
     const struct taking *takings, size_t n, struct err *e)
{
    cleanup_strbuf struct strbuf text = STRBUF_INIT;
    brief_format(sql_of(r, &u->first), u->first.sql_bytes, u->first.backslashes, TEXT_CHARS, &text);
    if (text.failed)
        return err_nomem(e);
    struct picture_statement s = *how;
    s.line = u->first.line;
    s.count = u->n;
    s.text = text.data;
    return picture_statement(r->picture, &s, takings, n, e);
}

/* The INSERTs before it were into the same table, and it locks nothing more. */
static bool
goes_on(const struct rehearsal *r, const struct unit *u, const struct taking *takings, size_t n)
{
    bool same = r->insert.n &&
                brief_same_insert(sql_of(r, &r->insert), r->insert.sql_bytes, sql_of(r, &u->first),
                                  u->first.sql_bytes, u->first.backslashes);
    for (size_t i = 0; same && i < n; i++)
        same = takings[i].again && !takings[i].rewritten && !takings[i].reindexed;
    return same;
}

static int
look(struct rehearsal *r, const struct unit *u, uint64_t us, struct err *e)
{
    struct pgrows *rows = NULL;
    struct taking *takings = NULL;
    size_t n = 0;
    const struct picture_statement how = {.us = us, .state = PICTURE_RAN};
    int result = look_now(r->a.s, &r->before, &rows, e);
    if (result == 0)
        result = find_takings(r, &u->first, &takings, &n, e);
    if (result == 0 && goes_on(r, u, takings, n))
        picture_goes_on(r->picture, u->n, us);
    else if (result == 0)
        result = note(r, u, &how, takings, n, e);
    if (result == 0 && r->before.released)
        picture_released(r->picture, &r->before);
    if (result == 0)
        result = look_renamed(rows, &r->before, e);
    const struct statement *st = &u->first;
    bool insert =
        st->kind == STATEMENT_SQL && brief_same_insert(sql_of(r, st), st->sql_bytes, sql_of(r, st),
                                                       st->sql_bytes, st->backslashes);
    r->insert = insert ? *st : (struct statement){.n = 0};
    free(takings);
    pgrows_free(rows);
    return result;
}

/* ---- what went wrong ---- */

static void
note_wait(struct rehearsal *r)
{
    cleanup_strbuf struct strbuf what = STRBUF_INIT;
    struct err ignored = {0};
    const struct apply *a = &r->a;
    strbuf_addf(&what, "%s%s%s", a->why.msg, a->blockers[0] ? "; blocked by " : "", a->blockers);
    IGNORED(picture_waited(r->picture, a->m->file, a->why_found ? a->why_at.line : 0,
                           strbuf_str(&what), &ignored));
}

/* What a file that was only listed would have made may be what this one misses. */
static void
hint_at_missing(struct rehearsal *r)
{
    for (size_t i = 0; i < r->picture->n; i++) {
        if (!r->picture->files[i].cannot)
            continue;
        cleanup_strbuf struct strbuf hint = STRBUF_INIT;
        strbuf_addf(
            &hint,
            "%s cannot run in a transaction and was not rehearsed; if this file depends on it, apply the files up to it (--to) and rehearse the rest",
            r->picture->files[i].m->file);
        report_add_hint(r->a.report, strbuf_str(&hint));
        return;
    }
}

enum apply_result
rehearse_failed(struct rehearsal *r, const struct err *e, size_t completed)
{
    struct apply *a = &r->a;
    if (e->code != ERR_SERVER && e->code != ERR_PROTOCOL) {
        apply_report_run(a, e, completed);
        return APPLY_FAILED;
    }
    if (apply_may_retry(a, e)) {
        apply_note_retry(a, e, completed);
        note_wait(r);
        return APPLY_RETRY;
    }
    if (apply_wants_outside(a, e)) {
        apply_note_retry(a, e, completed);
        return APPLY_OUTSIDE;
    }
    apply_report(a, EXIT_REFUSED, e, completed);
    hint_at_missing(r);
    return APPLY_FAILED;
}

enum apply_result
rehearse_broken(struct rehearsal *r, const struct err *e)
{
    r->a.first_n = 0;
    apply_report_run(&r->a, e, 0);
    return APPLY_FAILED;
}

/* The statement that failed is the last one of the picture. */
static enum apply_result
unit_failed(struct rehearsal *r, const struct unit *u, const struct err *e, size_t completed,
            uint64_t us)
{
    struct err ignored = {0};
    struct unit one = {.n = 1, .first = u->first};
    const struct picture_statement how = {.us = us, .state = PICTURE_FAILED};
    enum apply_result result = rehearse_failed(r, e, completed);
    if (completed)
        IGNORED(apply_find_statement(&r->a, u->first.n + completed, &one.first));
    if (result == APPLY_FAILED)
        IGNORED(note(r, &one, &how, NULL, 0, &ignored));
    return result;
}

/* ---- sending ---- */

static int
send_text(struct rehearsal *r, const struct unit *u, size_t *ret_completed, struct err *e)
{
    struct pgrows *rows = NULL;
    *ret_completed = 0;
    if (u->first.kind == STATEMENT_COPY)
        return apply_copy(&r->a, &u->first, e);
    int result = apply_text(&r->a, u->first.offset, u->end, &rows, e);
    *ret_completed = pgrows_count_statements(rows);
    pgrows_free(rows);
    return result;
}

static enum apply_result
send_unit(struct rehearsal *r, struct unit *u)
{
    struct err e = {0};
    struct apply *a = &r->a;
    size_t completed;
    if (u->n == 0)
        return APPLY_DONE;
    if (apply_check_reading(a, &u->first,
                            u->first.kind == STATEMENT_COPY ? u->first.offset + u->first.sql_bytes
                                                            : u->end,
                            &e) != 0) {
        apply_report_at(a, EXIT_REFUSED, &e, &u->first);
        return APPLY_FAILED;
    }
    apply_note_sent(a, &u->first, u->n);
    progress_statement(a->s->progress, u->first.n);
    uint64_t since_us = clock_mono_us();
    int sent = send_text(r, u, &completed, &e);
    uint64_t us = clock_mono_us() - since_us;
    if (sent != 0)
        return unit_failed(r, u, &e, completed, us);
    enum apply_result result = apply_check_open(a, 0);
    if (result == APPLY_DONE && apply_check_index(a, &u->first, &e) != 0) {
        if (e.code != ERR_INPUT)
            return rehearse_failed(r, &e, 0);
        apply_report_at(a, EXIT_REFUSED, &e, &u->first);
        return APPLY_FAILED;
    }
    if (result == APPLY_DONE && look(r, u, us, &e) != 0)
        return rehearse_broken(r, &e);
    u->n = 0;
    return result;
}

/* What stands between them goes out, too. */
static bool
is_quiet(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if ((unsigned char)text[i] >= 0x80 || text[i] == '\\')
            return false;
    return true;
}

static bool
joins(const struct rehearsal *r, const struct unit *u, const struct statement *st)
{
    return u->n && u->n < APPLY_BATCH_STATEMENTS && u->first.kind == STATEMENT_SQL &&
           st->offset + st->sql_bytes - u->first.offset <= APPLY_BATCH_BYTES &&
           is_quiet(r->a.text.data + u->end, st->offset - u->end) &&
           brief_same_insert(sql_of(r, &u->first), u->first.sql_bytes, sql_of(r, st), st->sql_bytes,
                             st->backslashes);
}

/* SET TRANSACTION is for the first statement of a transaction, which is not the file's here. */
static bool
sets_transaction(const struct rehearsal *r, const struct statement *st)
{
    struct cursor c = cursor_on(sql_of(r, st), st->sql_bytes, st->backslashes);
    return cursor_accept(&c, "set") && cursor_is(&c, "transaction");
}

/* setval() on a sequence that was there before: by its name, or its table's. It would stay. */
static bool
sets_sequence(const struct rehearsal *r, const struct statement *st)
{
    const char *sql = sql_of(r, st);
    if (!brief_sets_sequence(sql, st->sql_bytes, st->backslashes))
        return false;
    for (size_t i = 0; i < r->before.n; i++) {
        const struct relation *rel = &r->before.all[i];
        if (strchr("Srp", rel->kind) && brief_mentions(sql, st->sql_bytes, rel->name))
            return true;
    }
    return false;
}

static enum apply_result
list_one(struct rehearsal *r, const struct statement *st, const struct picture_statement *how)
{
    struct err e = {0};
    const struct unit u = {.n = 1, .first = *st};
    return note(r, &u, how, NULL, 0, &e) == 0 ? APPLY_DONE : rehearse_broken(r, &e);
}

/* One more: into the unit, or the unit goes before it. */
static enum apply_result
take(struct rehearsal *r, struct unit *u, const struct statement *st)
{
    static const struct picture_statement mode = {
        .state = PICTURE_NOT_RUN,
        .does =
            "its transaction modes are not rehearsed, because the transaction is not the file's own"};
    static const struct picture_statement sequence = {
        .state = PICTURE_NOT_RUN,
        .does = "not rehearsed: a rollback does not undo what it does to a sequence"};
    if (joins(r, u, st)) {
        u->n++;
        u->end = st->offset + st->sql_bytes;
        return APPLY_DONE;
    }
    enum apply_result result = send_unit(r, u);
    if (result != APPLY_DONE || verdict_elides(&r->a.verdict, r->a.text.data, st))
        return result;
    if (sets_transaction(r, st))
        return list_one(r, st, &mode);
    if (sets_sequence(r, st))
        return list_one(r, st, &sequence);
    *u = (struct unit){.n = 1, .first = *st, .end = st->offset + st->sql_bytes};
    return APPLY_DONE;
}

enum apply_result
rehearse_statements(struct rehearsal *r)
{
    struct lexer lx;
    struct statement st;
    struct err e = {0};
    struct unit u = {0};
    int rc;
    r->insert.n = 0;
    source_text_lexer(&r->a.text, &lx);
    while ((rc = lexer_next(&lx, &st, &e)) > 0) {
        enum apply_result result = take(r, &u, &st);
        if (result != APPLY_DONE)
            return result;
    }
    if (source_text_same(&r->a.text, &e) != 0 || rc < 0)
        return rehearse_broken(r, &e);
    return send_unit(r, &u);
}

/* ---- what is not run ---- */

int
rehearse_list(struct rehearsal *r, const char *cannot)
{
    struct lexer lx;
    struct statement st;
    struct verdict v;
    struct err e = {0};
    if (picture_file(r->picture, r->a.m, cannot, &e) != 0)
        return rehearse_broken(r, &e), -1;
    source_text_lexer(&r->a.text, &lx);
    while (lexer_next(&lx, &st, &e) > 0) {
        verdict_statement(sql_of(r, &st), st.sql_bytes, st.backslashes, &v);
        const struct outside does =
            outside_of(v.transaction ? NULL : v.what, sql_of(r, &st), st.sql_bytes, st.backslashes);
        const struct picture_statement how = {
            .state = PICTURE_NOT_RUN, .would = does.mode, .does = does.does};
        if (list_one(r, &st, &how) != APPLY_DONE)
            return -1;
    }
    return 0;
}
