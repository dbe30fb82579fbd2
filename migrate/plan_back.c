/* plan_back.c: what of a plan goes when the history goes back. */
#include "migrate/plan_back.h"

#include <string.h>

#include "migrate/tell/report.h"

const char *
plan_back_target(const struct plan *p, size_t steps)
{
    for (size_t i = p->n; i-- > 0;) {
        const struct plan_item *item = &p->items[i];
        if (item->row && steps-- == 0)
            return plan_item_recorded(item)->version;
    }
    return NULL;
}

static int
not_applied(const struct plan *p, const char *to, struct err *e)
{
    const char *top = plan_back_target(p, 0);
    return err_set(e, ERR_USAGE, "--to %s: that version is not applied; %s%s", to,
                   top ? "the highest that is applied is " : "none is", top ? top : "");
}

int
plan_back_to(const struct plan *p, const char *to, const char **ret, struct err *e)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct plan_item *item = &p->items[i];
        if (migration_compare(plan_item_migration(item)->version, to) != 0)
            continue;
        if (!item->row)
            return not_applied(p, to, e);
        *ret = plan_item_recorded(item)->version;
        return 0;
    }
    if (strcmp(to, "0") != 0)
        return plan_unknown_version(p, "--to", to, e);
    *ret = NULL;
    return 0;
}

static int
no_file(const struct ledger_row *row, struct err *e)
{
    return err_set(
        e, ERR_INPUT,
        "version %s (%s) was applied at %s and has no file here, so it cannot be undone: run down "
        "with the files of the release that applied it",
        row->id.version, row->id.name, row->applied_at);
}

static int
no_way_back(const struct source_migration *m, size_t others, struct err *e)
{
    if (others == 0)
        return err_set(e, ERR_INPUT, "version %s cannot be undone: there is no .down.sql beside it",
                       m->id.version);
    return err_set(
        e, ERR_INPUT,
        "version %s cannot be undone: there is no .down.sql beside it (nor beside %zu more that would be "
        "undone)",
        m->id.version, others);
}

static size_t
count_without_way_back(const struct plan *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++)
        n += p->items[i].step && p->items[i].file && !source_file(p->items[i].file, MIGRATION_DOWN);
    return n;
}

int
plan_back(struct plan *p, const char *target, int *ret_exit, const struct plan_item **ret_item,
          struct err *e)
{
    p->steps = 0;
    for (size_t i = 0; i < p->n; i++) {
        struct plan_item *item = &p->items[i];
        item->step = item->row &&
                     (!target || migration_compare(plan_item_recorded(item)->version, target) > 0);
        p->steps += item->step;
    }
    for (size_t i = p->n; i-- > 0;) {
        const struct plan_item *item = &p->items[i];
        *ret_item = item;
        *ret_exit = EXIT_DRIFT;
        if (item->step && !item->file)
            return no_file(item->row, e);
        *ret_exit = EXIT_INPUT;
        if (item->step && !source_file(item->file, MIGRATION_DOWN))
            return no_way_back(item->file, count_without_way_back(p) - 1, e);
    }
    *ret_item = NULL;
    *ret_exit = EXIT_DONE;
    return 0;
}
