/*
 * target_env.h: an environment of "NAME=value" lines: struct target_env env = {row_env, lines}.
 */
#ifndef RR_TESTS_TARGET_ENV_H
#define RR_TESTS_TARGET_ENV_H

#include <stdio.h>
#include <string.h>

#include "common/target/target.h"

/* The environment of a row: "NAME=value" lines. */
static const char *
row_env(const char *name, void *arg)
{
    static char buf[4096];
    const char *lines = arg;
    size_t len = strlen(name);
    for (const char *p = lines; p && *p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL) {
        if (strncmp(p, name, len) == 0 && p[len] == '=') {
            snprintf(buf, sizeof(buf), "%.*s", (int)strcspn(p + len + 1, "\n"), p + len + 1);
            return buf;
        }
    }
    return NULL;
}

#endif
