/*
 * picture.h: what a rehearsal found: statements, what each locked and for how long, and what that means (pure).
 *
 * A lock lasts until the end of its transaction: `held` counts from the beginning of its statement to the end of the file, by
 * the time that the statements took. A statement is a record of its own, but for INSERTs that stand side by side.
 */
#ifndef RR_MIGRATE_PICTURE_H
#define RR_MIGRATE_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/strbuf.h"
#include "migrate/files/source.h"
#include "migrate/rehearse/lockmode.h"
#include "migrate/rehearse/relations.h"

struct picture_lock {
    char *relation;   /* as SQL names it, without the schema where that is public */
    const char *kind; /* "table", "view" …; static */
    enum lockmode mode;
    bool again; /* held before, and named once more: see relations.h */
    bool rewritten;
    bool reindexed;
    size_t partitions;
    int64_t bytes; /* -1: not known */
    int64_t rows;
    uint32_t held; /* the relation whose lock it is */
    size_t
        released; /* behind statement number so many of the file (ROLLBACK TO); SIZE_MAX: at its end */
};

enum picture_state { PICTURE_RAN, PICTURE_FAILED, PICTURE_NOT_RUN };

struct picture_statement {
    size_t line;
    size_t count; /* statements that were sent as one; 1 */
    char *text;   /* brief */
    uint64_t us;
    uint64_t at_us; /* of the statements before it in the file; picture_statement() fills it */
    enum picture_state state;
    struct picture_lock *locks; /* strongest first */
    size_t n;
    enum lockmode would; /* NOT_RUN: the strongest that it takes for long */
    const char *does;    /* NOT_RUN: one line, static; else NULL */
};

struct picture_file {
    const struct source_migration *m; /* borrowed */
    const char
        *cannot; /* what of it cannot run in a transaction, static: it was not run. NULL: it was */
    struct picture_statement *statements;
    size_t n;
    size_t size;
    uint64_t us;      /* all of them */
    unsigned allowed; /* rules.h: what its header allows is no finding */
};

/* A lock that was not got in time: the rehearsal began anew. */
struct picture_wait {
    const char *file; /* borrowed */
    size_t line;
    char *what; /* what the server said, and who was in the way */
};

struct picture_finding {
    const char *file; /* borrowed */
    size_t line;
    const char *rule; /* static */
    char *message;
};

struct picture {
    char *database; /* NULL: not known */
    int server_version;
    uint64_t max_blocking_ms; /* CLOCK_NEVER: as long as it likes */
    uint64_t took_ms;
    struct picture_file *files;
    size_t n;
    struct picture_wait *waits;
    size_t waits_n;
    struct picture_finding *findings; /* of picture_judge */
    size_t findings_n;
};

void picture_done(struct picture *p);
/* What was rehearsed goes; what was waited for stays. */
void picture_again(struct picture *p);

/* All give ERR_NOMEM; a pointer they return is valid until the next call. */
MUST_CHECK int picture_file(struct picture *p, const struct source_migration *m, const char *cannot,
                            struct err *e);
/* To the last file. text is copied, takings too. */
MUST_CHECK int picture_statement(struct picture *p, const struct picture_statement *what,
                                 const struct taking *takings, size_t n, struct err *e);
/* More INSERTs like the last statement. */
void picture_goes_on(struct picture *p, size_t count, uint64_t us);
/* The last file, again: it will be shown in another way. */
void picture_drop_file(struct picture *p);
/* Locks of the last file that are not held any more (relations.h: the last look). */
void picture_released(struct picture *p, const struct relations *r);
MUST_CHECK int
picture_waited(struct picture *p, const char *file, size_t line, const char *what, struct err *e);

/* How long the lock of a statement was held. */
uint64_t
picture_held_us(const struct picture_file *f, size_t statement, const struct picture_lock *lock);
/* The strongest that waits for any lock of the statement. */
enum lockmode_waits picture_waits(const struct picture_statement *s);

/* Fills findings: every rewrite, and every AccessExclusiveLock held longer than max_blocking_ms, but for what the file allows. */
MUST_CHECK int picture_judge(struct picture *p, struct err *e);

/* For people, at most about 100 columns wide; colours: with the escapes of a terminal. */
void picture_text(const struct picture *p, bool colours, struct strbuf *out);
/* One object, on one line. */
void picture_json(const struct picture *p, struct strbuf *out);

#endif
