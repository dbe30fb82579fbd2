/* test_target_pg_url.c: one URL of all the parts, read back by ourselves, and texts without the password. */
#include "tests/unit/fakes/target_pg_fixture.h"

#include "common/base/cleanup.h"

static void
check(const char *env_lines, const char *scheme, const char *wanted)
{
    struct err e = {0};
    struct target_pg *t = load(NULL, env_lines, &e);
    char *url = NULL;
    if (!t || target_pg_url(t, scheme, &url, &e) != 0)
        fail_msg("%s: %s", env_lines, e.msg);
    assert_string_equal(url, wanted);
    /* What it says leads to the same place, with the same secret. */
    if (!strchr(scheme, '+') && strcmp(scheme, "pdo-pgsql") != 0) {
        struct target_pg *back = load(url, "", &e);
        if (!back || (!strstr(url, "options") && !target_pg_same(t, back)))
            fail_msg("%s: %s", url, back ? target_pg_describe(back) : e.msg);
        cleanup_free char *password = strdup(param(t, "password"));
        assert_string_equal(param(back, "password"), password);
        assert_string_equal(param(back, "options"), param(t, "options"));
        target_pg_free(back);
    }
    target_pg_url_free(url);
    target_pg_free(t);
}

static void
forms(void **state)
{
    (void)state;
    check("DATABASE_HOST=db\nDATABASE_NAME=shop\nDATABASE_USER=app\nDATABASE_PASSWORD=p@:/ ?#%&+\n",
          "postgresql", "postgresql://app:p%40%3A%2F%20%3F%23%25%26%2B@db:5432/shop");
    check("DATABASE_HOST=db\nDATABASE_PORT=6000\nDATABASE_NAME=s/h\nDATABASE_USER=a p\n", "pgsql",
          "pgsql://a%20p@db:6000/s%2Fh");
    check("DATABASE_URL=postgres://app@[::1]:5433/shop?sslmode=require\n", "postgres",
          "postgres://app@[::1]:5433/shop?sslmode=require");
    check("DATABASE_URL=postgres://app:x@/shop?host=/run/pg\n", "postgresql",
          "postgresql://app:x@/shop?host=%2Frun%2Fpg");
    check("DATABASE_URL=postgres://app:x@/shop?host=/run/pg&port=5433\n", "postgresql+psycopg2",
          "postgresql+psycopg2://app:x@/shop?host=%2Frun%2Fpg&port=5433");
    check("DATABASE_URL=postgres://app@a:1,b:2/shop?target_session_attrs=read-write\n",
          "postgresql", "postgresql://app@a:1,b:2/shop?target_session_attrs=read-write");
    check("DATABASE_URL=postgres://app@a:1,b:2/shop\n", "postgresql+psycopg",
          "postgresql+psycopg://app@/shop?host=a%3A1&host=b%3A2");
    check("DATABASE_URL=postgres://app@db/shop?options=-c%20a.b%3Dc&currentSchema=s\n",
          "postgresql",
          "postgresql://app@db:5432/shop?options=-c%20a.b%3Dc%20-c%20search_path%3Ds");
    check("DATABASE_URL=postgres://app@db/shop?sslmode=prefer\n", "postgresql",
          "postgresql://app@db:5432/shop");
    check("DATABASE_URL=postgres://app@db/shop?sslmode=disable&sslrootcert=/etc/passwd\n",
          "postgresql+asyncpg", "postgresql+asyncpg://app@db:5432/shop?ssl=disable");
    check("DATABASE_URL=postgres://app@db/shop?sslmode=verify-full&sslrootcert=/etc/passwd\n",
          "pdo-pgsql",
          "pdo-pgsql://app@db:5432/shop?sslmode=verify-full&sslrootcert=%2Fetc%2Fpasswd");
}

static void
what_a_driver_cannot_say(void **state)
{
    (void)state;
    struct err e = {0};
    char *url = NULL;
    struct target_pg *t = load("postgres://app:secret@db/shop?options=-cwork_mem%3D1MB", "", &e);
    assert_non_null(t);
    assert_int_equal(target_pg_url(t, "postgresql+asyncpg", &url, &e), -1);
    assert_int_equal(e.code, ERR_USAGE);
    assert_non_null(strstr(e.msg, "options"));
    assert_null(strstr(e.msg, "secret"));
    target_pg_free(t);
}

static void
schemes(void **state)
{
    (void)state;
    static const char *const good[] = {
        "postgresql", "postgres", "pgsql", "pdo-pgsql", "postgresql+psycopg2", "postgresql+pg8000"};
    static const char *const bad[] = {"",           "mysql",        "postgresql+",    "postgresql:",
                                      "Postgresql", "postgresql+A", "postgresql+a+b", "post",
                                      "+psycopg2"};
    struct err e;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_int_equal(target_pg_url_scheme(good[i], &e), 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(target_pg_url_scheme(bad[i], &e), -1);
}

static void
check_redacted(const struct target_pg *t, const char *text, const char *wanted)
{
    char *said = target_pg_redact(t, text);
    assert_string_equal(said, wanted);
    free(said);
}

static void
redacted(void **state)
{
    (void)state;
    struct err e = {0};
    struct target_pg *t = load("postgres://app:p%25w@db/shop", "", &e);
    assert_non_null(t);
    check_redacted(t, "", "");
    check_redacted(t, "nothing", "nothing");
    check_redacted(t, "p%w and p%25w, p%wp%w", "*** and ***, ******");
    target_pg_free(t);
    t = load("postgres://app@db/shop", "", &e);
    check_redacted(t, "no password", "no password");
    target_pg_free(t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms),
        cmocka_unit_test(what_a_driver_cannot_say),
        cmocka_unit_test(schemes),
        cmocka_unit_test(redacted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
