/* run_env.c: the command's environment. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/words.h"
#include "cronrun/run/run_impl.h"

#define PREFIX "CRONRUN_"

/* Ours are taken out; a Service that is named cronrun has variables of that prefix too, and they
 * stay. */
static bool
is_ours(const char *variable)
{
    if (strncmp(variable, PREFIX, sizeof(PREFIX) - 1) != 0)
        return false;
    const char *equals = strchr(variable, '=');
    char name[128];
    size_t len = equals ? (size_t)(equals - variable) : strlen(variable);
    if (len >= sizeof(name))
        return true;
    memcpy(name, variable, len);
    name[len] = '\0';
    return !words_is_service_variable(name, equals ? equals + 1 : "");
}

static void
add(struct run_env *env, const char *name, const char *value)
{
    char *text;
    if (asprintf(&text, "%s%s=%s", PREFIX, name, value) < 0)
        text = NULL;
    env->own[env->own_n++] = text;
}

int
run_env_make(const struct run *r, char *const *from, struct run_env *ret, struct err *e)
{
    *ret = (struct run_env){0};
    size_t n = 0;
    while (from[n])
        n++;
    char number[24];
    char instant[CLOCK_RFC3339_MAX];
    add(ret, "RUN_ID", r->run_id);
    add(ret, "JOB", r->job);
    if (r->fence) {
        snprintf(number, sizeof(number), "%llu", (unsigned long long)r->fence);
        add(ret, "FENCE", number);
    }
    if (r->scheduled_ms >= 0)
        add(ret, "SCHEDULED", clock_format_rfc3339(instant, r->scheduled_ms * 1000, 0));
    ret->envp = calloc(n + ret->own_n + 1, sizeof(*ret->envp));
    bool complete = ret->envp != NULL;
    for (size_t i = 0; i < ret->own_n; i++)
        complete = complete && ret->own[i];
    if (!complete) {
        run_env_done(ret);
        return err_nomem(e);
    }
    size_t at = 0;
    for (size_t i = 0; i < n; i++)
        if (!is_ours(from[i]))
            ret->envp[at++] = from[i];
    for (size_t i = 0; i < ret->own_n; i++)
        ret->envp[at++] = ret->own[i];
    return 0;
}

void
run_env_done(struct run_env *env)
{
    for (size_t i = 0; i < env->own_n; i++)
        free(env->own[i]);
    free(env->envp);
    *env = (struct run_env){0};
}
