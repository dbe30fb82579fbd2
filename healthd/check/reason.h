/*
 * reason.h: why a check failed: one word, the same in answer, metric and log. The list is contract.
 * Pure.
 */
#ifndef RR_HEALTHD_REASON_H
#define RR_HEALTHD_REASON_H

#include <stdbool.h>

#include "common/base/err.h"

enum reason {
    REASON_NONE = 0,
    REASON_REFUSED,
    REASON_TIMEOUT,
    REASON_DNS,
    REASON_TLS,
    REASON_AUTH,
    REASON_NO_DATABASE,
    REASON_PRIVILEGE,
    REASON_TOO_MANY_CONNECTIONS,
    REASON_STARTING_UP,
    REASON_SHUTTING_DOWN,
    REASON_CLOSED,
    REASON_READ_ONLY,
    REASON_WRONG_ROLE,
    REASON_LAGGING,
    REASON_SCHEMA_BEHIND,
    REASON_LOADING,
    REASON_BUSY,
    REASON_MASTER_DOWN,
    REASON_STALE_REPLICA,
    REASON_STORAGE,
    REASON_STATUS,
    REASON_BODY,
    REASON_EXPIRED,
    REASON_ABSENT,
    REASON_PRESENT,
    REASON_FULL,
    REASON_PROTOCOL,
    REASON_UNEXPECTED,
    REASONS
};

/* "refused" …; "none" for REASON_NONE; never NULL. */
const char *reason_text(enum reason r);

/* The same for people: a sentence. "" for REASON_NONE. */
const char *reason_meaning(enum reason r);

/* What the connection layers said: by SQLSTATE when the server gave one, else by code. Never
 * REASON_NONE. */
enum reason reason_of_err(const struct err *e);

/* By SQLSTATE alone (PostgreSQL's manual, appendix A); REASON_UNEXPECTED for those without a
 * word of their own. */
enum reason reason_of_sqlstate(const char *sqlstate);

/* By the word of a Redis error (redisconn_word()). */
enum reason reason_of_redis(const char *word);

/* True when the server answers and is not the one that is wanted: after a failover the name may lead
 * to another by now, which only a fresh connection shows. */
bool reason_is_of_server(enum reason r);

/* True when only somebody's change of a setting helps: looked at less often. */
bool reason_is_setting(enum reason r);

#endif
