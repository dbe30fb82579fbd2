/*
 * lint.h: statements that keep others waiting, or break what still runs (pure).
 *
 *     struct lint l = LINT_INIT(found, arg);
 *     lint_file(&l, &(struct lint_file){.text = text, .transaction = true});
 *     … for each statement: lint_statement(&l, &st);
 *     lint_done(&l);
 *
 * Rules are rows (lint_rule). A table is taken to be full and in use, unless the files say otherwise: it was created by the
 * same file, or by an earlier one of those that are not applied yet (lint.since); what is done to such a table keeps nobody
 * waiting. What a function or a DO block executes is not looked at. Works on borrowed text; want of memory shows in
 * l.known.failed.
 */
#ifndef RR_MIGRATE_LINT_LINT_H
#define RR_MIGRATE_LINT_LINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/strbuf.h"
#include "migrate/lint/known.h"
#include "migrate/sql/lexer.h"

enum lint_level {
    LINT_WARNING,
    LINT_ERROR, /* others wait for as long as the table is large; or the statement cannot succeed */
};

struct lint;
struct action;

/* Flags of a rule. */
enum {
    LINT_NEW_TOO = 1u << 0,         /* of tables that are new, too */
    LINT_UNLESS_CONTRACT = 1u << 1, /* fine in a file of the phase contract */
    LINT_ONCE = 1u << 2,            /* the first one of a file is enough */
    LINT_ABOUT_OTHER = 1u << 3,     /* it names action.other … */
    LINT_ABOUT_LOCKED = 1u << 4,    /* … or the table that the file locked first */
};

struct lint_rule {
    const char *name; /* "index-create" */
    enum lint_level level;
    const char *what; /* what happens; @ stands for the name of the table */
    const char *lock; /* which lock, what waits for it, and for how long */
    const char *safe; /* the safe way to write it */
    const char *bad;  /* an example, … */
    const char *good; /* … and the same, safely; "-- next file" parts files */
    unsigned flags;
    uint64_t kinds; /* bit by enum action_kind: what it looks at */
    int place;      /* enum action_has: where it points to; HASES: the action itself */
    /* NULL: always. *at may be moved to another place in the statement. */
    bool (*match)(const struct lint *l, const struct action *a, size_t *at);
};

/* There are fewer: a number fits a bit of uint64_t. */
#define LINT_RULES_MAX 64

/* Row number i; NULL: there are not so many. */
const struct lint_rule *lint_rule(size_t i);
const char *lint_level_text(enum lint_level level);

struct lint_finding {
    const struct lint_rule *rule;
    size_t number;                 /* of the row */
    size_t offset;                 /* in the text */
    size_t line;                   /* of the statement, with … */
    size_t from;                   /* … its offset: a place to count from */
    const struct lint_name *about; /* borrowed while the callback runs */
};

/* What happens, with the name in it. */
void lint_finding_text(const struct lint_finding *f, struct strbuf *out);

typedef void (*lint_found_cb)(void *arg, const struct lint_finding *f);

struct lint_file {
    const char *text;
    bool transaction; /* it runs in one */
    bool told;        /* it says so itself: transaction=off */
    bool contract;    /* its phase */
    bool old;         /* learned from, but nothing is found in it */
};

struct lint {
    lint_found_cb found;
    void *arg;
    bool since; /* files that are not old are not applied yet */
    struct known_set known;
    struct lint_file file;
    size_t n_files;
    const struct statement *st; /* at hand, with … */
    bool alone;                 /* … it cannot run in a transaction, … */
    bool sets;                  /* … it is a SET, … */
    size_t n_actions;           /* … and so many of its actions were seen before */
    bool utc;                   /* of the file: SET timezone TO 'UTC' stands before, … */
    bool seen_alone;            /* … one that cannot, … */
    bool seen_others;           /* … and one that can */
    uint64_t told;              /* LINT_ONCE: bit by number of the rule */
};

/* clang-format off */
#define LINT_INIT(found_, arg_) { .found = (found_), .arg = (arg_) }
/* clang-format on */

/* Begins a file; f is copied, its text borrowed until the next one. */
void lint_file(struct lint *l, const struct lint_file *f);
/* Its statements, in order. */
void lint_statement(struct lint *l, const struct statement *st);
void lint_done(struct lint *l);

#endif
