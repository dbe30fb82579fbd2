/*
 * relations.h: the relations that existed before the rehearsal, and what each statement did to them (pure).
 *
 * The server shows the locks of a backend (pg_locks) as a set that only grows until the transaction ends: a lock that is
 * taken once more does not show. What a statement took is therefore
 *
 *     - each lock that is there after it and was not before it, exactly;
 *     - where none such is on a relation that the statement names and that is locked already: the strongest lock held
 *       there, as far as statements of its kind take it (`again`).
 *
 * Indexes and TOAST tables count as their table, for whoever uses the table needs them. A partition counts as its
 * partitioned table where that has a lock at least as strong from the same statement. Relations made meanwhile do not count: nobody
 * else can see them.
 */
#ifndef RR_MIGRATE_RELATIONS_H
#define RR_MIGRATE_RELATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "migrate/rehearse/lockmode.h"

struct relation {
    uint32_t oid;
    uint32_t owner;     /* of an index or TOAST table: its table; 0: none */
    uint32_t parent;    /* of a partition; 0: it is none */
    uint32_t filenode;  /* 0: it has no file */
    char kind;          /* pg_class.relkind */
    int64_t bytes;      /* with indexes and TOAST; -1: not known */
    int64_t rows;       /* as the planner estimates; -1: not known */
    const char *schema; /* as they are now; owned, once it is one of relations */
    const char *name;
    unsigned held;  /* lock modes, when it was looked last */
    unsigned fresh; /* … new since the look before */
    bool moved;     /* its file was another one at the look before */
    bool touched;   /* it was locked at any time */
};

struct relations {
    struct relation *all; /* by oid, once relations_ready() was called */
    size_t n;
    size_t size;
    size_t *touched; /* which of them were locked at any time: few of many */
    size_t touched_n;
    bool released; /* a lock of the look before is gone; as of relations_takings */
};

/* One relation more; copies the names. ERR_NOMEM. */
MUST_CHECK int relations_add(struct relations *r, const struct relation *what, struct err *e);
/* All are there: sorts them, and adds up what partitioned tables hold. ERR_NOMEM. */
MUST_CHECK int relations_ready(struct relations *r, struct err *e);
void relations_done(struct relations *r);
/* NULL: it is not among them. */
struct relation *relations_find(const struct relations *r, uint32_t oid);
/* The table it counts as: itself, or the one that its index or TOAST table belongs to. */
struct relation *relations_table(const struct relations *r, struct relation *rel);

/* A lock that is held now, and the file the relation has now (0: none, or it is dropped). */
struct relations_lock {
    uint32_t oid;
    enum lockmode mode;
    uint32_t filenode;
    const char *schema; /* NULL: not told */
    const char *name;
};

/* A look at the server: begin, each lock, and then the statement's takings can be asked for, once. */
void relations_look(struct relations *r);
void relations_see(struct relations *r, const struct relations_lock *lock);
/* What it is called now, for the statements that follow. ERR_NOMEM. */
MUST_CHECK int
relations_rename(struct relations *r, const struct relations_lock *lock, struct err *e);
/* What a statement took. */
struct taking {
    const struct relation *table; /* as it is shown */
    const struct relation *held;  /* whose lock it is: the table, its index, a partition */
    enum lockmode mode;
    bool again;        /* it was held before, and the server does not show who takes it again */
    bool rewritten;    /* the table has another file than before */
    bool reindexed;    /* one of its indexes has */
    size_t partitions; /* that are locked with it */
};
/* Whether the statement names this relation, and how strong a lock statements of its kind take at most. */
typedef bool relations_named_fn(const struct relation *rel, enum lockmode *ret_most, void *arg);

/*
 * The takings of the statement before the last look, strongest first; *ret is the caller's to free. named may be NULL.
 * ERR_NOMEM.
 */
MUST_CHECK int relations_takings(struct relations *r, relations_named_fn *named, void *arg,
                                 struct taking **ret, size_t *ret_n, struct err *e);

#endif
