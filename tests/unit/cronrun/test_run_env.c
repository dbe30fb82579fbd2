/* The command's environment: ours out, four in, everything else as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cronrun/run/run_impl.h"

static const char *
find(const struct run_env *env, const char *name)
{
    size_t len = strlen(name);
    const char *found = NULL;
    for (char **v = env->envp; *v; v++)
        if (strncmp(*v, name, len) == 0 && (*v)[len] == '=') {
            assert_null(found);
            found = *v + len + 1;
        }
    return found;
}

static void
test_env(void **state)
{
    (void)state;
    char *from[] = {(char *)"PATH=/bin",
                    (char *)"CRONRUN_LOCK=postgres://a:secret@b/c",
                    (char *)"CRONRUN_RUN_ID=outer",
                    (char *)"CRONRUN_FENCE=1",
                    (char *)"CRONRUN_SERVICE_HOST=10.0.0.1",
                    (char *)"CRONRUN_PORT=tcp://10.0.0.1:80",
                    (char *)"DATABASE_URL=postgres://b/c",
                    (char *)"EMPTY=",
                    (char *)"CRONRUN",
                    NULL};
    struct run r = {.job = "mail", .run_id = "abc", .scheduled_ms = -1};
    struct run_env env;
    assert_int_equal(run_env_make(&r, from, &env, NULL), 0);
    assert_string_equal(find(&env, "PATH"), "/bin");
    assert_string_equal(find(&env, "EMPTY"), "");
    assert_string_equal(find(&env, "DATABASE_URL"), "postgres://b/c");
    assert_string_equal(find(&env, "CRONRUN_RUN_ID"), "abc");
    assert_string_equal(find(&env, "CRONRUN_JOB"), "mail");
    assert_string_equal(find(&env, "CRONRUN_SERVICE_HOST"), "10.0.0.1");
    assert_string_equal(find(&env, "CRONRUN_PORT"), "tcp://10.0.0.1:80");
    assert_null(find(&env, "CRONRUN_LOCK"));
    assert_null(find(&env, "CRONRUN_FENCE"));
    assert_null(find(&env, "CRONRUN_SCHEDULED"));
    run_env_done(&env);
    r.fence = 18446744073709551615u;
    r.scheduled_ms = 1795251600000;
    assert_int_equal(run_env_make(&r, from, &env, NULL), 0);
    assert_string_equal(find(&env, "CRONRUN_FENCE"), "18446744073709551615");
    assert_string_equal(find(&env, "CRONRUN_SCHEDULED"), "2026-11-21T09:00:00Z");
    run_env_done(&env);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_env)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
