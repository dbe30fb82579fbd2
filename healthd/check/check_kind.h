/*
 * check_kind.h: a kind of check is one row: its schemes, the keys that it alone has, its targets, its probe. A kind's file
 * (healthd/probe/probe_X.c) opens with its row and probe_kinds.h lists them; grammar, configuration, help and documents are
 * given that list and know no kind by name.
 */
#ifndef RR_HEALTHD_CHECK_KIND_H
#define RR_HEALTHD_CHECK_KIND_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

struct check_spec;
struct probe;
struct probe_context;

struct check_scheme {
    const char *name;   /* "rediss"; compared in any case */
    const char *remark; /* for the manual, "over TLS"; or NULL */
    bool other;         /* another word for the kind's first scheme: messages leave it out */
};

struct check_key {
    const char *name;  /* "query" */
    const char *value; /* what follows it, for the manual: "SQL"; NULL: nothing */
    const char *text;  /* what it means, its default in parentheses */
    /* Reads value (NULL without one) into *s. ERR_USAGE, the message without the key; ERR_NOMEM. */
    int (*parse)(struct check_spec *s, const char *value, struct err *e);
};

/* What the command line says about targets: --database and --redis, NULL when not given. */
struct check_given {
    const char *database, *redis;
};

/* Where a check of the kind looks. Nothing here waits. */
struct check_target {
    /* url NULL: what the environment names, *ret NULL when it names none. The caller owns *ret. ERR_USAGE, ERR_NOMEM. */
    int (*parse)(const char *url, const struct check_given *given, void **ret, struct err *e);
    void (*free)(void *t);           /* NULL allowed */
    bool (*is_local)(const void *t); /* inside the pod */
    /* As a person reads it, without a secret; borrowed, lives as long as t. */
    const char *(*describe)(const void *t);
    bool (*is_same)(const void *a, const void *b); /* NULL: no environment names one */
};

struct check_kind {
    const char *title;                  /* "PostgreSQL" */
    const char *text;                   /* one line: what is looked at and what is healthy */
    const struct check_scheme *schemes; /* NULL-ended, the first is the kind's */
    bool drivers;                       /* a driver may follow the scheme: postgresql+asyncpg */
    bool path;                          /* a path follows the scheme: file:/PATH */
    bool each;                          /* `connection each` unless the line says keep */
    const struct check_key *keys;       /* of this kind alone, NULL-ended; or NULL */
    const char *const *again;    /* those that may be given several times, NULL-ended; or NULL */
    size_t own_size;             /* of check_spec.own, which holds what the keys say; 0: none */
    const void *own_default;     /* NULL: all zero */
    void (*own_done)(void *own); /* frees what own holds; or NULL */
    /* What the keys mean together, and with the URL; or NULL. ERR_USAGE. */
    int (*judge)(const struct check_spec *s, struct err *e);
    const struct check_target *target;
    const char *found_name; /* of the check that the environment makes; NULL: it names none */
    const char *not_found;  /* told when a line asks for it and it names none */
    /* Takes target when it succeeds; spec is borrowed and outlives the probe. ERR_USAGE, ERR_NOMEM. */
    struct probe *(*probe_new)(const struct probe_context *x, const struct check_spec *spec,
                               void *target, struct err *e);
};

#endif
