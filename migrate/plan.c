/* plan.c: files and history, merged by version. */
#include "migrate/plan.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/words.h"
#include "migrate/tell/report.h"

const char *
plan_state_name(enum plan_state state)
{
    static const char *const names[] = {"applied", "edited", "drifted", "pending", "late",
                                        "held",    "ahead",  "missing", "dirty"};
    return names[state];
}

const struct migration *
plan_item_migration(const struct plan_item *item)
{
    return item->file ? &item->file->id : &item->row->id;
}

const struct migration *
plan_item_recorded(const struct plan_item *item)
{
    return item->row->covers && item->file ? &item->file->id : &item->row->id;
}

const struct migration *
plan_row_before(const struct plan *p, size_t i)
{
    while (i-- > 0)
        if (p->items[i].row)
            return plan_item_recorded(&p->items[i]);
    return NULL;
}

const char *
plan_applied_name(const struct plan_item *item)
{
    bool other =
        item->state == PLAN_DRIFTED && strcmp(item->file->id.name, item->row->id.name) != 0;
    return other ? item->row->id.name : NULL;
}

/* The highest applied versions: of all, and of contract files alone. */
struct tops {
    const char *any;
    const char *contract;
};

static struct tops
find_tops(const struct ledger *ledger)
{
    struct tops t = {NULL, NULL};
    for (size_t i = 0; i < ledger->n; i++) {
        const struct ledger_row *row = &ledger->rows[i];
        if (row->id.repeatable)
            continue;
        t.any = row->id.version;
        if (row->id.phase == MIGRATION_CONTRACT)
            t.contract = row->id.version;
    }
    return t;
}

static bool
phase_wanted(enum options_phase wanted, enum migration_phase phase)
{
    return wanted == PHASE_ALL || (wanted == PHASE_CONTRACT) == (phase == MIGRATION_CONTRACT);
}

/* A contract file waits by design while expand files pass it: only later contract files make it
 * late. */
static enum plan_state
pending_state(const struct source_migration *m, const struct plan_rules *rules,
              const struct tops *tops)
{
    if (!phase_wanted(rules->phase, m->id.phase))
        return PLAN_HELD;
    if (m->id.repeatable)
        return PLAN_PENDING;
    const char *top = m->id.phase == MIGRATION_CONTRACT ? tops->contract : tops->any;
    return top && migration_compare(m->id.version, top) < 0 ? PLAN_LATE : PLAN_PENDING;
}

/* Files and rows on their way into a plan. */
struct merge {
    struct plan *p;
    const struct ledger *ledger;
    const struct plan_rules *rules;
    struct tops tops;
    plan_loose_fn *loose;
    void *arg;
};

static void
add(struct plan *p, struct plan_item item)
{
    p->count[item.state]++;
    p->items[p->n++] = item;
}

/* Only where the history has a digest, and one of this very version. */
static bool
same_sum(const struct merge *m, const struct plan_item *item)
{
    size_t n = m->ledger->layout->sum_bytes;
    return n == 0 || !item->row->has_sum || memcmp(item->file->sum, item->row->sum, n) == 0;
}

static int
add_both(struct merge *m, struct plan_item item, struct err *e)
{
    item.state = PLAN_APPLIED;
    if (item.row->begun) {
        item.state = PLAN_DIRTY;
    } else if (!same_sum(m, &item) && item.file->id.repeatable) {
        item.state = PLAN_PENDING;
        item.row = NULL;
    } else if (!same_sum(m, &item)) {
        int differs = m->ledger->layout->loose ? m->loose(item.file, item.row, m->arg, e) : 1;
        if (differs < 0)
            return -1;
        item.state = differs ? PLAN_DRIFTED : PLAN_EDITED;
    }
    add(m->p, item);
    return 0;
}

/* The file at hand comes before the row at hand (NULL: behind all of them). */
static void
add_file(struct merge *m, const struct source_migration *file, const struct ledger_row *row)
{
    struct plan_item item = {.state = PLAN_APPLIED, .file = file, .row = row};
    if (!row || !row->covers) {
        item.state = pending_state(file, m->rules, &m->tops);
        item.row = NULL;
    }
    add(m->p, item);
}

/* The row at hand comes before the file at hand (NULL: behind all of them). */
static void
add_row(struct merge *m, const struct source_migration *file, const struct ledger_row *row)
{
    struct plan_item item = {.state = PLAN_AHEAD, .row = row};
    if (row->begun)
        item.state = PLAN_DIRTY;
    else if (file && !file->id.repeatable)
        item.state = PLAN_MISSING;
    add(m->p, item);
}

static void
choose_steps(struct plan *p, const struct plan_rules *rules)
{
    for (size_t i = 0; i < p->n; i++) {
        struct plan_item *item = &p->items[i];
        if (item->state != PLAN_PENDING && item->state != PLAN_LATE)
            continue;
        if (rules->to && migration_compare(item->file->id.version, rules->to) > 0)
            break;
        if (rules->steps && p->steps == rules->steps)
            break;
        item->step = true;
        p->steps++;
    }
}

int
plan_make(const struct source *files, const struct ledger *ledger, const struct plan_rules *rules,
          plan_loose_fn *loose, void *arg, struct plan *ret, struct err *e)
{
    struct plan p = {.items = calloc(files->n + ledger->n + 1, sizeof(*p.items))};
    if (!p.items)
        return err_nomem(e);
    struct merge m = {.p = &p,
                      .ledger = ledger,
                      .rules = rules,
                      .tops = find_tops(ledger),
                      .loose = loose,
                      .arg = arg};
    size_t f = 0;
    size_t r = 0;
    while (f < files->n || r < ledger->n) {
        const struct source_migration *file = f < files->n ? &files->migrations[f] : NULL;
        const struct ledger_row *row = r < ledger->n ? &ledger->rows[r] : NULL;
        assert(file || row);
        int order = !row ? -1 : !file ? 1 : migration_compare(file->id.version, row->id.version);
        if (order < 0) {
            add_file(&m, file, row);
        } else if (order > 0) {
            add_row(&m, file, row);
        } else if (add_both(&m, (struct plan_item){.file = file, .row = row}, e) != 0) {
            plan_done(&p);
            return -1;
        }
        f += order <= 0;
        r += order >= 0;
    }
    choose_steps(&p, rules);
    *ret = p;
    return 0;
}

void
plan_done(struct plan *p)
{
    free(p->items);
    *p = (struct plan){0};
}

/* ---- may it run ---- */

static const struct plan_item *
first_of(const struct plan *p, enum plan_state state)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->items[i].state == state)
            return &p->items[i];
    return NULL;
}

static int
drifted(const struct plan_item *item, struct err *e)
{
    const char *other = plan_applied_name(item);
    if (other)
        return err_set(
            e, ERR_INPUT,
            "this is not what was applied as version %s at %s: that was \"%s\"; give the new file "
            "a version of its own",
            item->row->id.version, item->row->applied_at, other);
    return err_set(e, ERR_INPUT, "the file was applied at %s and has been changed since",
                   item->row->applied_at);
}

static int
drift(const struct plan *p, const struct plan_rules *rules, const struct plan_item **ret_item,
      struct err *e)
{
    const struct plan_item *item = first_of(p, PLAN_DRIFTED);
    if (item) {
        *ret_item = item;
        return drifted(item, e);
    }
    item = first_of(p, PLAN_MISSING);
    if (item) {
        *ret_item = item;
        return err_set(
            e, ERR_INPUT,
            "version %s (%s) was applied at %s, but its file is missing below the newest file",
            item->row->id.version, item->row->id.name, item->row->applied_at);
    }
    item = first_of(p, PLAN_AHEAD);
    if (item && rules->ahead == AHEAD_REFUSE) {
        *ret_item = item;
        return err_set(e, ERR_INPUT,
                       "the database is ahead: version %s (%s) was applied at %s and has no file",
                       item->row->id.version, item->row->id.name, item->row->applied_at);
    }
    return 0;
}

static int
late(const struct plan *p, const struct plan_rules *rules, const struct plan_item **ret_item,
     struct err *e)
{
    if (rules->out_of_order == ORDER_APPLY)
        return 0;
    for (size_t i = 0; i < p->n; i++) {
        if (p->items[i].state != PLAN_LATE)
            continue;
        *ret_item = &p->items[i];
        return err_set(e, ERR_INPUT, "pending, but a higher version is already applied");
    }
    return 0;
}

/* A contract file takes away what expand files before it may still need. */
static int
contract_first(const struct plan *p, const struct plan_rules *rules,
               const struct plan_item **ret_item, struct err *e)
{
    const struct plan_item *held = NULL;
    for (size_t i = 0; rules->phase == PHASE_CONTRACT && i < p->n; i++) {
        const struct plan_item *item = &p->items[i];
        if (item->state == PLAN_HELD && !held)
            held = item;
        if (item->step && held) {
            *ret_item = held;
            return err_set(e, ERR_INPUT,
                           "pending, and comes before %s: apply it first (--phase expand, or all)",
                           item->file->file);
        }
    }
    return 0;
}

/* The highest below it, else the lowest. */
int
plan_unknown_version(const struct plan *p, const char *what, const char *version, struct err *e)
{
    const char *near = NULL;
    for (size_t i = 0; i < p->n; i++) {
        const char *other = plan_item_migration(&p->items[i])->version;
        if (!near || migration_compare(other, version) < 0)
            near = other;
    }
    return err_set(e, ERR_USAGE, "%s %s: no such version%s%s", what, words_showable(version),
                   near ? "; the nearest is " : "", near ? near : "");
}

static int
known_to(const struct plan *p, const struct plan_rules *rules, struct err *e)
{
    for (size_t i = 0; rules->to && i < p->n; i++)
        if (migration_compare(plan_item_migration(&p->items[i])->version, rules->to) == 0)
            return 0;
    return rules->to ? plan_unknown_version(p, "--to", rules->to, e) : 0;
}

/* Somebody has to look: the file may have done all, some or nothing of its work. */
int
plan_not_dirty(const struct plan *p, const struct plan_item **ret_item, struct err *e)
{
    const struct plan_item *item = first_of(p, PLAN_DIRTY);
    if (!item)
        return 0;
    *ret_item = item;
    return err_set(
        e, ERR_INPUT,
        "version %s was begun and not ended: the history says that it is dirty, or failed",
        item->row->id.version);
}

int
plan_verdict(const struct plan *p, const struct plan_rules *rules, int *ret_exit,
             const struct plan_item **ret_item, struct err *e)
{
    *ret_item = NULL;
    *ret_exit = EXIT_INPUT;
    if (known_to(p, rules, e) != 0)
        return -1;
    *ret_exit = EXIT_PARTIAL;
    if (plan_not_dirty(p, ret_item, e) != 0)
        return -1;
    *ret_exit = EXIT_DRIFT;
    if (drift(p, rules, ret_item, e) != 0)
        return -1;
    *ret_exit = EXIT_ORDER;
    if (late(p, rules, ret_item, e) != 0 || contract_first(p, rules, ret_item, e) != 0)
        return -1;
    *ret_exit = EXIT_DONE;
    return 0;
}
