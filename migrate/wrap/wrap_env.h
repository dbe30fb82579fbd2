/*
 * wrap_env.h: the environment of a wrapped command: ours, plus one URL of all connection parts if requested.
 */
#ifndef RR_MIGRATE_WRAP_ENV_H
#define RR_MIGRATE_WRAP_ENV_H

#include "common/base/err.h"

struct target_pg;

#define WRAP_ENV_NAME_MAX 128
#define WRAP_ENV_SCHEME_MAX 64

/* --export-url VAR or VAR=SCHEME. ERR_USAGE. */
struct wrap_export {
    char name[WRAP_ENV_NAME_MAX]; /* "": none */
    char scheme[WRAP_ENV_SCHEME_MAX];
};
MUST_CHECK int wrap_export_parse(const char *text, struct wrap_export *ret, struct err *e);

struct wrap_env {
    char *
        *envp; /* NULL-ended "NAME=value"; its strings are borrowed from the process', but for … */
    char *own; /* … this one. Secret */
};
/* ERR_NOMEM; ERR_USAGE where the URL cannot say what the connection has. */
MUST_CHECK int wrap_env_make(const struct wrap_export *x, const struct target_pg *t,
                             char *const *from, struct wrap_env *ret, struct err *e);
void wrap_env_done(struct wrap_env *env);

#endif
