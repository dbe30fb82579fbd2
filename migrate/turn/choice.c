/* choice.c: files and history side by side, and the one layout of both. */
#include "migrate/turn/choice.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "migrate/db/session.h"
#include "migrate/files/directory.h"
#include "migrate/files/others.h"
#include "migrate/layout/layouts.h"
#include "migrate/sql/quote.h"

#define FOUND_MAX 32

/* A table that may be the history. */
struct place {
    const struct layout *layout;
    char schema[64]; /* NAMEDATALEN */
    char table[64];
};

struct places {
    struct choice *c;
    struct place list[FOUND_MAX];
    size_t n;
    const char *tools[FOUND_MAX]; /* not handled, with a table there; static */
    size_t n_tools;
};

const struct layout *
choice_of_files(const struct options *o, const char *dir)
{
    const struct layout *l =
        o->layout == LAYOUT_AUTO ? source_layout(dir) : layouts_at((size_t)o->layout - 1);
    return l ? l : &layout_native;
}

/* ---- what the database has ---- */

static void
on_found(const struct ledger_found *found, void *arg)
{
    struct places *p = arg;
    struct choice *c = p->c;
    if (found->layout && p->n < FOUND_MAX) {
        struct place *place = &p->list[p->n++];
        place->layout = found->layout;
        snprintf(place->schema, sizeof(place->schema), "%s", found->schema);
        snprintf(place->table, sizeof(place->table), "%s", found->table);
    } else if (found->foreign && !c->foreign[0]) {
        c->remedy = found->foreign->remedy;
        snprintf(c->foreign, sizeof(c->foreign), "%s (%s.%s)", found->foreign->tool, found->schema,
                 found->table);
    }
    if (found->foreign && p->n_tools < FOUND_MAX)
        p->tools[p->n_tools++] = found->foreign->tool;
}

/* The table has the form of that layout, but is another tool's. */
static bool
is_twins(const struct places *p, const struct layout *l)
{
    for (size_t i = 0; l->twin && i < p->n_tools; i++)
        if (strcmp(p->tools[i], l->twin) == 0)
            return true;
    return false;
}

/* Ours is where it is expected, or nowhere. */
static bool
counts(const struct places *p, const struct place *place)
{
    const struct ledger_table *t = &p->c->ledger->table;
    bool there = strcmp(place->schema, t->schema) == 0 && strcmp(place->table, t->table) == 0;
    if (p->c->o->table)
        return there;
    if (place->layout == &layout_native)
        return strcmp(place->schema, "public") == 0;
    return !is_twins(p, place->layout);
}

/*
 * The one that is meant: of the layout that is asked for or that the files have, else any; public goes before other
 * schemas. ERR_INPUT: there are several.
 */
static int
pick(const struct places *p, const struct layout *wanted, const struct place **ret, struct err *e)
{
    const struct place *first = NULL;
    for (size_t i = 0; i < p->n; i++) {
        const struct place *x = &p->list[i];
        if (!counts(p, x) || (wanted && x->layout != wanted))
            continue;
        if (first && (first->layout != x->layout || strcmp(first->schema, "public") != 0))
            return err_set(
                e, ERR_INPUT,
                "the database has more than one history, of %s (%s.%s) and of %s (%s.%s); select one with --layout and --table",
                first->layout->tool, first->schema, first->table, x->layout->tool, x->schema,
                x->table);
        first = first ? first : x;
    }
    *ret = first;
    return 0;
}

/* ---- the exchange ---- */

static int
take_place(struct choice *c, const struct layout *layout, const struct place *place, struct err *e)
{
    struct strbuf name = STRBUF_INIT;
    struct ledger ledger;
    quote_ident(&name, place->schema);
    strbuf_addc(&name, '.');
    quote_ident(&name, place->table);
    int result =
        name.failed ? err_nomem(e) : ledger_init(&ledger, layout, strbuf_str(&name), c->o->role, e);
    strbuf_done(&name);
    if (result != 0)
        return -1;
    ledger_done(c->ledger);
    *c->ledger = ledger;
    return 0;
}

static int
not_theirs(const struct choice *c, const struct place *place, const char *why, struct err *e)
{
    const struct layout *files = c->source->layout;
    return err_set(
        e, ERR_INPUT,
        "the database has a history of %s (%s.%s), but these are not its files%s%s; if the history belongs to other files, use --layout=%s",
        place->layout->tool, place->schema, place->table, why ? ": " : "", why ? why : "",
        files ? files->name : "native");
}

/* The files once more, read as that layout's. */
static int
reopen(struct choice *c, const struct place *place, struct err *e)
{
    struct source source;
    struct err why = {0};
    if (c->source->layout != &layout_native) /* they say themselves whose they are */
        return not_theirs(c, place, NULL, e);
    if (directory_open(c->o->dir, place->layout, c->o->allow_empty, &source, &why) != 0) {
        if (why.code != ERR_INPUT) {
            *e = why;
            return -1;
        }
        memcpy(c->source->fault_file, source.fault_file, sizeof(source.fault_file));
        c->source->fault_line = source.fault_line;
        return not_theirs(c, place, why.msg, e);
    }
    source_done(c->source);
    *c->source = source;
    return 0;
}

/* *ret_moved: the history is another table than before. */
static int
settle(struct choice *c, bool *ret_moved, struct err *e)
{
    struct places p = {.c = c};
    const struct place *place = NULL;
    const struct layout *files = c->ledger->layout;
    bool sure = c->o->layout != LAYOUT_AUTO;
    if (ledger_search(c->ledger, c->s, on_found, &p, e) != 0)
        return -1;
    if (files != &layout_native || sure) {
        if (pick(&p, files, &place, e) != 0)
            return -1;
        if (sure && !place)
            return 0;
    }
    if (!place && pick(&p, NULL, &place, e) != 0)
        return -1;
    if (!place)
        return 0;
    if (place->layout != files && reopen(c, place, e) != 0)
        return -1;
    *ret_moved = true;
    return take_place(c, place->layout, place, e);
}

static int
name_lock(struct choice *c, struct err *e)
{
    const struct ledger_table *t = &c->ledger->table;
    const struct layout_place at = {.schema = t->schema, .table = t->table, .quoted = t->quoted};
    if (lock_init(c->lock, t->quoted, e) != 0)
        return -1;
    lock_add(c->lock, c->ledger->layout, &at, c->s->database);
    return 0;
}

int
choice_read(struct choice *c, struct err *e)
{
    struct err first = {0};
    int result = ledger_read(c->ledger, c->s, &first);
    bool other_form = result != 0 && first.code == ERR_INPUT;
    if (!c->settled && (result == 0 || other_form)) {
        bool expected = result == 0 && c->ledger->exists;
        bool moved = false;
        if (!expected && settle(c, &moved, e) != 0)
            return -1;
        c->settled = true;
        if (name_lock(c, e) != 0)
            return -1;
        if (moved)
            return ledger_read(c->ledger, c->s, e);
    }
    if (result != 0)
        *e = first;
    return result;
}

/* The first run, and a tool's files among those that would be applied: it would apply others, or in another way. */
static int
no_foreign_files(const struct choice *c, struct err *e)
{
    char file[NAME_MAX + NAME_MAX + 2];
    const struct foreign *tool = others_find(c->source, file, sizeof(file));
    if (!tool)
        return 0;
    return err_set(e, ERR_INPUT, "%s is a file of %s, whose layout is not handled: %s", file,
                   tool->tool, tool->remedy);
}

int
choice_no_foreign(const struct choice *c, struct err *e)
{
    if (c->ledger->exists || c->o->layout != LAYOUT_AUTO)
        return 0;
    if (!c->foreign[0])
        return c->ledger->layout == &layout_native && !c->source->missing ? no_foreign_files(c, e)
                                                                          : 0;
    return err_set(
        e, ERR_INPUT,
        "the database has a history of %s, whose layout is not supported, and none of migrate (%s), so everything would be applied again; %s",
        c->foreign, c->ledger->table.quoted, c->remedy);
}
