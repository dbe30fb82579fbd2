/*
 * action.h: what a statement does, one action at a time (pure).
 *
 * ALTER TABLE … is one action for each of its sub-commands, DROP TABLE a, b one for each table. Only what the rules ask for
 * is read, token by token; what is not understood is no action. Comments, literals, quoted identifiers and the bodies of
 * functions are never taken for SQL.
 */
#ifndef RR_MIGRATE_LINT_ACTION_H
#define RR_MIGRATE_LINT_ACTION_H

#include <stdbool.h>
#include <stddef.h>

#include "migrate/lint/name.h"
#include "migrate/lint/type.h"

enum action_kind {
    ACTION_CREATE_TABLE, /* a materialized view, too; its columns follow as ACTION_COLUMN */
    ACTION_COLUMN,       /* of a CREATE TABLE */
    ACTION_CREATE_INDEX,
    ACTION_DROP_INDEX,
    ACTION_REINDEX,
    ACTION_ADD_COLUMN,
    ACTION_DROP_COLUMN,
    ACTION_COLUMN_TYPE,
    ACTION_SET_NOT_NULL,
    ACTION_DROP_NOT_NULL,
    ACTION_SET_EXPRESSION,
    ACTION_ADD_CONSTRAINT,
    ACTION_VALIDATE,
    ACTION_RENAME_COLUMN,
    ACTION_RENAME_TABLE, /* or SET SCHEMA */
    ACTION_SET_LOGGED,   /* or SET UNLOGGED */
    ACTION_SET_TABLESPACE,
    ACTION_SET_ACCESS_METHOD,
    ACTION_ATTACH,
    ACTION_DETACH,
    ACTION_SWITCH_TRIGGER,
    ACTION_ALTER,      /* another sub-command that locks the table against everybody */
    ACTION_ALTER_SOFT, /* … that lets readers and writers go on */
    ACTION_CREATE_TRIGGER,
    ACTION_DROP_TRIGGER,
    ACTION_DROP_TABLE, /* or a schema: table is its name */
    ACTION_DROP_OTHER,
    ACTION_TRUNCATE,
    ACTION_LOCK,
    ACTION_REFRESH,
    ACTION_CLUSTER,
    ACTION_VACUUM,
    ACTION_CREATE_TYPE, /* or a domain: table is its name */
    ACTION_ADD_VALUE,
    ACTION_ALTER_DOMAIN,
    ACTION_CREATE_FUNCTION, /* table is its name */
    ACTION_UPDATE,          /* MERGE, too, whose condition counts as a WHERE */
    ACTION_DELETE,
    ACTION_INSERT,
    ACTION_SET,
    ACTION_OTHER, /* nothing of the above */
    ACTIONS,
};

/* What its text has; each with the place where it stands. */
enum action_has {
    HAS_CONCURRENTLY,
    HAS_ONLY,
    HAS_NOT_VALID,
    HAS_USING_INDEX,
    HAS_DEFAULT,
    HAS_CALLS, /* the default calls functions that are not known to be stable: the first of them is `call` */
    HAS_NOT_NULL,
    HAS_SERIAL, /* or an identity */
    HAS_STORED, /* GENERATED ALWAYS AS (…) STORED */
    HAS_CHECK,
    HAS_REFERENCES,
    HAS_UNIQUE,
    HAS_PRIMARY,
    HAS_EXCLUDE,
    HAS_USING, /* of ALTER COLUMN TYPE, other than a plain cast; or COLLATE */
    HAS_CASCADE,
    HAS_WHERE,
    HAS_FROM,
    HAS_NO_DATA,
    HAS_FULL,
    HAS_WEAK,     /* LOCK … IN a mode that stops neither readers nor writers */
    HAS_LOCAL,    /* SET LOCAL; SET of the transaction or its constraints */
    HAS_QUERY,    /* CREATE TABLE … AS */
    HAS_NULLNESS, /* CHECK (column IS NOT NULL): column */
    HAS_STABLE,   /* CREATE FUNCTION … IMMUTABLE or STABLE */
    HASES,
};

struct action {
    enum action_kind kind;
    size_t offset;          /* where it begins, in the statement */
    struct lint_name table; /* what it is about */
    struct lint_name other; /* the table referenced, the partition, the new name */
    char column[LINT_NAME_MAX];
    char part[LINT_NAME_MAX]; /* the constraint, the new column, the value; the setting, … */
    char value[32];           /* … and what it is set to */
    char call[LINT_NAME_MAX];
    struct lint_type type;
    unsigned has;     /* bit by enum action_has */
    size_t at[HASES]; /* where it stands */
};

typedef void (*action_cb)(void *arg, const struct action *a);

/* Calls found for each action of the statement, at least once. sql: without its semicolon. */
void action_read(const char *sql, size_t len, bool backslashes, action_cb found, void *arg);

static inline bool
action_has(const struct action *a, enum action_has what)
{
    return (a->has & (1u << what)) != 0;
}

#endif
