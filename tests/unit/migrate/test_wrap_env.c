/* test_wrap_env.c: the one variable that is ours, and those that are not. */
#include "tests/unit/fakes/target_pg_fixture.h"

#include "migrate/wrap/wrap_env.h"

static void
parsed(void **state)
{
    (void)state;
    struct wrap_export x;
    struct err e;
    assert_int_equal(wrap_export_parse(NULL, &x, &e), 0);
    assert_string_equal(x.name, "");
    assert_int_equal(wrap_export_parse("DATABASE_URL", &x, &e), 0);
    assert_string_equal(x.name, "DATABASE_URL");
    assert_string_equal(x.scheme, "postgresql");
    assert_int_equal(wrap_export_parse("_a1=pgsql", &x, &e), 0);
    assert_string_equal(x.name, "_a1");
    assert_string_equal(x.scheme, "pgsql");
    static const char *const bad[] = {"", "=", "1A", "A B", "A-B", "A=", "A=mysql", "ü"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(wrap_export_parse(bad[i], &x, &e), -1);
    char longer[200];
    memset(longer, 'A', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    assert_int_equal(wrap_export_parse(longer, &x, &e), -1);
}

static void
made(void **state)
{
    (void)state;
    struct err e = {0};
    struct target_pg *t = load("postgres://app:x@db/shop", "", &e);
    char *from[] = {"A=1", "URL=old", "URLS=kept", "odd", NULL};
    assert_string_equal(param(t, "password"), "x");
    struct wrap_env env;
    struct wrap_export x;
    assert_int_equal(wrap_export_parse("URL", &x, &e), 0);
    assert_int_equal(wrap_env_make(&x, t, from, &env, &e), 0);
    assert_ptr_equal(env.envp[0], from[0]);
    assert_ptr_equal(env.envp[1], from[2]);
    assert_ptr_equal(env.envp[2], from[3]);
    assert_string_equal(env.envp[3], "URL=postgresql://app:x@db:5432/shop");
    assert_null(env.envp[4]);
    wrap_env_done(&env);
    assert_int_equal(wrap_export_parse(NULL, &x, &e), 0);
    assert_int_equal(wrap_env_make(&x, t, from, &env, &e), 0);
    assert_ptr_equal(env.envp[3], from[3]);
    assert_null(env.envp[4]);
    wrap_env_done(&env);
    target_pg_free(t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parsed),
        cmocka_unit_test(made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
