/*
 * target_pg_fixture.h: a target of PostgreSQL from an environment of lines, and what libpq gets of it.
 */
#ifndef RR_TESTS_TARGET_PG_FIXTURE_H
#define RR_TESTS_TARGET_PG_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/target/target.h"
#include "tests/unit/fakes/target_env.h"

static struct target_pg *
load(const char *database, const char *env_lines, struct err *e)
{
    struct target_env env = {row_env, (void *)(uintptr_t)env_lines};
    struct target_pg *t = NULL;
    e->msg[0] = '\0';
    if (target_pg_load(database, &env, &t, e) == 0 && !t)
        snprintf(e->msg, sizeof(e->msg), "nothing named");
    return t;
}

/* A parameter as libpq gets it for the first host; "" when open. */
static const char *
param(const struct target_pg *t, const char *keyword)
{
    static char buf[1024];
    struct target_pg_params p;
    struct err e;
    assert_int_equal(target_pg_params(t, 0, NULL, "test", &p, &e), 0);
    buf[0] = '\0';
    for (size_t i = 0; p.keywords[i]; i++)
        if (strcmp(p.keywords[i], keyword) == 0)
            snprintf(buf, sizeof(buf), "%s", p.values[i]);
    target_pg_params_free(&p);
    return buf;
}

#endif
