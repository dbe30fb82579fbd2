/*
 * plan.h: what files and history together mean: what is applied, pending, held, late, ahead,
 * drifted (pure).
 */
#ifndef RR_MIGRATE_PLAN_H
#define RR_MIGRATE_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "migrate/db/ledger.h"
#include "migrate/options.h"
#include "migrate/files/source.h"

enum plan_state {
    PLAN_APPLIED,
    PLAN_EDITED,  /* applied; comments or white space were changed since: reported, no drift */
    PLAN_DRIFTED, /* applied; its statements were changed since */
    PLAN_PENDING,
    PLAN_LATE,    /* pending below an applied version */
    PLAN_HELD,    /* pending, but of a phase that is not wanted now */
    PLAN_AHEAD,   /* in the history above the newest file: no file */
    PLAN_MISSING, /* in the history, not above the newest file, and no file */
    PLAN_DIRTY,   /* begun by the layout's own tool, and not ended */
};

struct plan_item {
    enum plan_state state;
    const struct source_migration *file; /* NULL: AHEAD, MISSING. Borrowed */
    const struct ledger_row *row;        /* NULL: PENDING, LATE, HELD. Borrowed; of another version
                                            where one row stands for all below it */
    bool step;                           /* to be applied in this run */
};

struct plan {
    struct plan_item *items; /* by version */
    size_t n;
    size_t count[PLAN_DIRTY + 1]; /* by state */
    size_t steps;                 /* items with step */
};

/* What of the options matters here. */
struct plan_rules {
    enum options_phase phase;
    enum options_order out_of_order;
    enum options_ahead ahead;
    const char *to; /* NULL: no limit */
    size_t steps;   /* 0: no limit */
};

/* Whether a file differs from its row in more than comments and white space. 1: it does, 0: no, -1:
 * *e. Called only where the digests differ. */
typedef int plan_loose_fn(const struct source_migration *m, const struct ledger_row *row, void *arg,
                          struct err *e);

/* ERR_NOMEM, or what loose said. Both lists are borrowed and must outlive the plan. */
MUST_CHECK int
plan_make(const struct source *files, const struct ledger *ledger, const struct plan_rules *rules,
          plan_loose_fn *loose, void *arg, struct plan *ret, struct err *e);
void plan_done(struct plan *p);

/*
 * Whether the plan may run: 0, or -1 and *ret_exit (an exit status of report.h) with the cause in
 * *e, the first offender in *ret_item: 24 dirty, 21 drifted or missing (or ahead where that is refused), 22
 * late, or a contract file before a pending expand file, 23 a --to that no file has.
 */
MUST_CHECK int plan_verdict(const struct plan *p, const struct plan_rules *rules, int *ret_exit,
                            const struct plan_item **ret_item, struct err *e);

/* ERR_INPUT that names the first version that was begun and not ended. */
MUST_CHECK int
plan_not_dirty(const struct plan *p, const struct plan_item **ret_item, struct err *e);

const char *
plan_state_name(enum plan_state state); /* "applied", "edited", "drifted", "pending" … */
/* As its file has it, else its row. */
const struct migration *plan_item_migration(const struct plan_item *item);
/* ERR_USAGE: neither files nor history know that version, which `what` gave; the nearest is named. */
int
plan_unknown_version(const struct plan *p, const char *what, const char *version, struct err *e);
/* As the history has it; of a file that another row stands for, as the file has it. The item has a row. */
const struct migration *plan_item_recorded(const struct plan_item *item);
/* The highest one below item i that has a row, on the way back the one that stays; NULL: none. */
const struct migration *plan_row_before(const struct plan *p, size_t i);
/* Drifted, and its version was applied as a file of that other name; NULL: it was not. */
const char *plan_applied_name(const struct plan_item *item);

#endif
