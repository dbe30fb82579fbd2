/*
 * task.h: what a statement outside a transaction is to bring about, so that a later run can look whether it did (pure).
 *
 * The words of the statement alone decide. Names are pieces of its text, as to_regclass() and parse_ident() read
 * them; U&"…" is not one of them.
 */
#ifndef RR_MIGRATE_TASK_H
#define RR_MIGRATE_TASK_H

#include <stdbool.h>
#include <stddef.h>

enum task_kind {
    TASK_UNKNOWN, /* CALL, DO, and whatever is not below: nothing tells from outside whether it was done */
    TASK_SESSION,      /* of the session (SET, RESET, PREPARE), to be said again in another one */
    TASK_CREATE_INDEX, /* table; name, unless the server chooses it */
    TASK_DROP_INDEX,   /* CONCURRENTLY: name */
    TASK_REINDEX,      /* name, and what it is the name of; none: the current database */
    TASK_DETACH,       /* CONCURRENTLY: table is the parent, name the partition */
    TASK_AGAIN,        /* VACUUM, CLUSTER, ALTER SYSTEM: running it twice is running it once */
    TASK_CREATE,       /* DATABASE, TABLESPACE, SUBSCRIPTION: name */
    TASK_DROP,         /* the same, and COMMIT PREPARED or ROLLBACK PREPARED: name */
};

enum task_object {
    TASK_NOTHING,
    TASK_INDEX,
    TASK_TABLE,
    TASK_SCHEMA,
    TASK_DATABASE,
    TASK_TABLESPACE,
    TASK_SUBSCRIPTION,
    TASK_PREPARED,
};

/* A piece of the statement; text NULL: none. */
struct task_name {
    const char *text;
    size_t bytes;
};

struct task {
    enum task_kind kind;
    enum task_object object;
    struct task_name name;
    struct task_name table;
    bool unless; /* CREATE INDEX … IF NOT EXISTS */
    bool calls;  /* CALL or DO: what it does may commit by itself */
};

/* sql: one statement without its semicolon, borrowed by *ret. */
void task_read(const char *sql, size_t len, bool backslashes, struct task *ret);

/* "CREATE INDEX", "VACUUM and its like" …, for messages. */
const char *task_kind_text(enum task_kind kind);

#endif
