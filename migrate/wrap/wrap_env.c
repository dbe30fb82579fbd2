/* wrap_env.c: one variable, and the rest as it is. */
#include "migrate/wrap/wrap_env.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/target/target.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"

int
wrap_export_parse(const char *text, struct wrap_export *ret, struct err *e)
{
    *ret = (struct wrap_export){0};
    if (!text)
        return 0;
    size_t len = strcspn(text, "=");
    const char *scheme = text[len] ? text + len + 1 : "postgresql";
    bool is_name = len > 0 && len < sizeof(ret->name) && strspn(text, LETTERS) > 0 &&
                   strspn(text, LETTERS "0123456789") == len;
    if (!is_name)
        return err_set(
            e, ERR_USAGE,
            "--export-url requires the name of a variable, optionally with a scheme, as in DATABASE_URL or DATABASE_URL=postgresql+psycopg2");
    if (strlen(scheme) >= sizeof(ret->scheme) || target_pg_url_scheme(scheme, e) != 0)
        return err_set(
            e, ERR_USAGE,
            "--export-url: the scheme must be postgresql, postgres, pgsql or pdo-pgsql, optionally with a driver as in postgresql+psycopg2");
    snprintf(ret->name, sizeof(ret->name), "%.*s", (int)len, text);
    snprintf(ret->scheme, sizeof(ret->scheme), "%s", scheme);
    return 0;
}

static int
make_own(const struct wrap_export *x, const struct target_pg *t, char **ret, struct err *e)
{
    char *url;
    if (target_pg_url(t, x->scheme, &url, e) != 0)
        return -1;
    int n = asprintf(ret, "%s=%s", x->name, url);
    target_pg_url_free(url);
    if (n >= 0)
        return 0;
    *ret = NULL;
    return err_nomem(e);
}

static bool
is_named(const char *variable, const char *name)
{
    size_t len = strlen(name);
    return len > 0 && strncmp(variable, name, len) == 0 && variable[len] == '=';
}

int
wrap_env_make(const struct wrap_export *x, const struct target_pg *t, char *const *from,
              struct wrap_env *ret, struct err *e)
{
    size_t n = 0, at = 0;
    *ret = (struct wrap_env){0};
    if (x->name[0] && make_own(x, t, &ret->own, e) != 0)
        return -1;
    while (from[n])
        n++;
    ret->envp = calloc(n + 2, sizeof(*ret->envp));
    if (!ret->envp) {
        wrap_env_done(ret);
        return err_nomem(e);
    }
    for (size_t i = 0; i < n; i++)
        if (!is_named(from[i], x->name))
            ret->envp[at++] = from[i];
    ret->envp[at] = ret->own;
    return 0;
}

void
wrap_env_done(struct wrap_env *env)
{
    target_pg_url_free(env->own);
    free(env->envp);
    *env = (struct wrap_env){0};
}
