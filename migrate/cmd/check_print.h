/*
 * check_print.h: what `check` finds, for people, for machines (a JSON object a line) and as annotations of a pull request on
 * GitHub.
 */
#ifndef RR_MIGRATE_CMD_CHECK_PRINT_H
#define RR_MIGRATE_CMD_CHECK_PRINT_H

#include "common/base/strbuf.h"
#include "migrate/files/source.h"
#include "migrate/lint/lint.h"
#include "migrate/options.h"
#include "migrate/sql/position.h"
#include "migrate/sql/verdict.h"

/* All borrowed. */
struct check_finding {
    const char *file;
    const char *text;   /* of it; NULL: nothing of it can be shown */
    struct position at; /* line 0: no place at all; column 0: the line as a whole */
    enum lint_level level;
    const char *rule;
    const char *message;
    const char *lock; /* NULL: it is no rule of lint.h */
    const char *safe;
    size_t number; /* of that rule */
};

struct check_print {
    enum options_format format;
    const char *dir;    /* as given: annotations name files from the root of the repository */
    uint64_t explained; /* to people: bit by number of the rule */
    struct strbuf out;
};

/* An up file, and what will happen to it. */
void check_print_file(struct check_print *p, const struct source_migration *m,
                      const struct verdict_file *v);
void check_print_finding(struct check_print *p, const struct check_finding *f);
/* docs/migrate-rules.md */
void check_print_rules(struct strbuf *out);

#endif
