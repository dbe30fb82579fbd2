/*
 * lockmode.h: the table-level locks of PostgreSQL and who waits for them (pure).
 *
 * PostgreSQL's manual, "Explicit Locking", table "Conflicting Lock Modes": reads take AccessShareLock, writes RowExclusiveLock.
 */
#ifndef RR_MIGRATE_LOCKMODE_H
#define RR_MIGRATE_LOCKMODE_H

/* Weakest first, numbered as the server numbers them. */
enum lockmode {
    LOCKMODE_NONE,
    LOCKMODE_ACCESS_SHARE,
    LOCKMODE_ROW_SHARE,
    LOCKMODE_ROW_EXCLUSIVE,
    LOCKMODE_SHARE_UPDATE_EXCLUSIVE,
    LOCKMODE_SHARE,
    LOCKMODE_SHARE_ROW_EXCLUSIVE,
    LOCKMODE_EXCLUSIVE,
    LOCKMODE_ACCESS_EXCLUSIVE,
};

/* Who has to wait while it is held. */
enum lockmode_waits {
    WAITS_NOBODY,
    WAITS_WRITES, /* INSERT, UPDATE, DELETE … */
    WAITS_READS,  /* SELECT, and writes with it */
};

/* As pg_locks writes it: "AccessShareLock" …; LOCKMODE_NONE for anything else. */
enum lockmode lockmode_parse(const char *name);
const char *lockmode_name(enum lockmode mode); /* LOCKMODE_NONE: "none" */
enum lockmode_waits lockmode_waits(enum lockmode mode);
/* "ok", "BLOCKS WRITES", "BLOCKS READS" */
const char *lockmode_waits_text(enum lockmode_waits waits);

/* A set of modes: a bit each. */
unsigned lockmode_bit(enum lockmode mode); /* LOCKMODE_NONE: 0 */
enum lockmode lockmode_strongest(unsigned set);
/* Those of the set that are not stronger than mode. */
unsigned lockmode_up_to(unsigned set, enum lockmode mode);

#endif
