/*
 * err.h: a caller-owned error.
 *
 * Functions that can fail take a trailing `struct err *e` (NULL allowed: the error is dropped) and return -1
 * (or NULL) after filling it. Nothing is allocated, so out-of-memory can be reported too. Messages are for
 * people; they never hold a secret. Leaves return errors, orchestrators log once.
 */
#ifndef RR_BASE_ERR_H
#define RR_BASE_ERR_H

#include <stdarg.h>
#include <stdbool.h>

/* Every kind of failure that some caller decides on. err.c holds one row per code: name, retryable. */
enum err_code {
    ERR_NONE = 0,
    ERR_NOMEM,
    ERR_SYSTEM,     /* a system call failed: sys_errno */
    ERR_USAGE,      /* bad option, variable or configuration */
    ERR_INPUT,      /* bad input data: a file, a crontab, SQL text */
    ERR_TIMEOUT,    /* this step took longer than its own limit */
    ERR_DEADLINE,   /* the overall deadline of the program passed */
    ERR_STOPPED,    /* a stop signal arrived while waiting */
    ERR_DNS,        /* a name does not resolve, or the resolver does not answer */
    ERR_REFUSED,    /* connection refused, no such socket, no route */
    ERR_TLS,        /* handshake or certificate */
    ERR_AUTH,       /* login refused */
    ERR_CLOSED,     /* the peer ended the connection */
    ERR_PROTOCOL,   /* the peer said something that its protocol does not know */
    ERR_SERVER,     /* the server answered with an error: sqlstate, or text */
    ERR_WRONG_ROLE, /* connected, but not the wanted role (target_session_attrs) */
    ERR_BUSY,       /* a lock is held by another */
    ERR_LOST,       /* a lock cannot be proven held any more */
    ERR_CODES
};

/*
 * On every function that starts something or can fail with a `struct err *`: whoever has nothing to do about the failure says
 * so by IGNORED().
 */
#define MUST_CHECK __attribute__((warn_unused_result))
#define IGNORED(call) ((void)!(call))

#define ERR_MSG_MAX 768
#define ERR_WORD_MAX 24

struct err {
    enum err_code code;
    int sys_errno;           /* 0 unless a system call failed */
    char sqlstate[6];        /* "" unless PostgreSQL sent one */
    char word[ERR_WORD_MAX]; /* "" unless Redis sent one: LOADING, NOPERM … */
    char msg[ERR_MSG_MAX];   /* one line, no newline at the end */
};

/* Fills e and returns -1. The message replaces what was there; sys_errno, sqlstate and word are cleared. */
int err_set(struct err *e, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* "out of memory", as ERR_NOMEM. Returns -1. */
int err_nomem(struct err *e);

/* As err_set with ERR_SYSTEM (ERR_NOMEM for ENOMEM), appending ": strerror". Returns -1. */
int
err_sys(struct err *e, int sys_errno, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* As err_set, and records the five-character SQLSTATE. Returns -1. */
int err_sql(struct err *e, enum err_code code, const char *sqlstate, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* As err_set, and records the word by which a server names the error. Returns -1. */
int err_word(struct err *e, enum err_code code, const char *word, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Puts "context: " before the message; keeps code, sys_errno, sqlstate, word. Returns -1. */
int err_wrap(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void err_clear(struct err *e);

/* "timeout", "refused" …; never NULL. */
const char *err_name(enum err_code code);

/* True when another attempt later may succeed without anybody changing anything. */
bool err_retryable(enum err_code code);

#endif
