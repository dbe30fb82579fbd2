/* PostgreSQL targets: what is read from files. */
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/fakes/target_pg_fixture.h"

static char dir[] = "/tmp/rr-target-XXXXXX";

static const char *
write_file(const char *name, const char *text)
{
    static char path[256];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    return path;
}

static const char *
line(const char *variable, const char *name)
{
    static char buf[512];
    snprintf(buf, sizeof(buf), "%s=%s/%s\n", variable, dir, name);
    return buf;
}

static void
test_secret_files(void **state)
{
    (void)state;
    struct err e;
    write_file("pw", "hunter2\r\n");
    char env[1024];
    snprintf(env, sizeof(env), "PGHOST=db\nPGUSER=app\n%s", line("DATABASE_PASSWORD_FILE", "pw"));
    struct target_pg *t = load(NULL, env, &e);
    assert_non_null(t);
    assert_string_equal(param(t, "password"), "hunter2");

    write_file("pw", "rotated");
    assert_int_equal(target_pg_refresh(t, &e), 0);
    assert_string_equal(param(t, "password"), "rotated");

    write_file("pw", "\n");
    assert_int_equal(target_pg_refresh(t, &e), -1);
    assert_non_null(strstr(e.msg, "is empty"));
    assert_string_equal(param(t, "password"), "rotated");
    write_file("pw", "one\ntwo\n");
    assert_int_equal(target_pg_refresh(t, &e), -1);
    assert_null(strstr(e.msg, "one\ntwo"));
    write_file("pw", "one\n\n");
    assert_int_equal(target_pg_refresh(t, &e), -1);
    assert_non_null(strstr(e.msg, "more than one line"));
    write_file("pw", "\xEF\xBB\xBFone\n");
    assert_int_equal(target_pg_refresh(t, &e), -1);
    assert_non_null(strstr(e.msg, "byte order mark"));
    target_pg_free(t);

    write_file("url", "postgres://app:x@db/shop\n");
    t = load(NULL, line("DATABASE_URL_FILE", "url"), &e);
    assert_non_null(t);
    assert_string_equal(target_pg_describe(t), "postgres://app@db:5432/shop");
    target_pg_free(t);

    char url[512];
    snprintf(url, sizeof(url), "postgres://app@db/shop?password_file=%s",
             write_file("pw", "three"));
    assert_int_equal(target_pg_parse(url, &t, &e), 0);
    assert_string_equal(param(t, "password"), "three");
    assert_null(target_pg_get(t, "password"));
    target_pg_free(t);
}

static void
test_services(void **state)
{
    (void)state;
    struct err e;
    write_file(
        "services",
        "# mine\n[other]\nhost=no\n[shop]\nhost=db\nport=7\nuser=app\ndbname=s\npassword=pw\n[z]\nhost=z\n");
    char env[1024];
    snprintf(env, sizeof(env), "PGSERVICE=shop\nPGUSER=env\nPGSSLMODE=require\n%s",
             line("PGSERVICEFILE", "services"));
    struct target_pg *t = load(NULL, env, &e);
    assert_non_null(t);
    assert_string_equal(target_pg_describe(t), "postgres://app@db:7/s");
    assert_string_equal(param(t, "sslmode"), "require");
    target_pg_free(t);

    t = load("postgres://me@/?service=shop", line("PGSERVICEFILE", "services"), &e);
    assert_non_null(t);
    assert_string_equal(target_pg_describe(t), "postgres://me@db:7/s");
    assert_string_equal(param(t, "password"), "pw");
    target_pg_free(t);
}

static void
test_home(void **state)
{
    (void)state;
    struct err e;
    char env[1024];
    snprintf(env, sizeof(env), "HOME=%s\n", dir);
    assert_int_equal(chmod(write_file(".pgpass", "*:*:*:*:x\n"), 0600), 0);
    struct target_pg *t = load("postgres://app@db/shop?sslmode=verify-full", env, &e);
    assert_non_null(t);
    char want[256];
    snprintf(want, sizeof(want), "%s/.pgpass", dir);
    assert_string_equal(param(t, "passfile"), want);
    assert_string_equal(param(t, "sslcert"), "/nonexistent/.postgresql/postgresql.crt");
    target_pg_free(t);

    t = load("postgres://app@db/shop", "HOME=/nowhere\nPGPASSFILE=/x/y", &e);
    assert_non_null(t);
    assert_string_equal(param(t, "passfile"), "/x/y");
    assert_string_equal(param(t, "sslrootcert"), "/nonexistent/.postgresql/root.crt");
    target_pg_free(t);
}

/* libpq would leave it out, too, and say so on stderr. */
static void
test_passfile_of_many(void **state)
{
    (void)state;
    struct err e;
    char env[1024];
    write_file(".pgpass", "*:*:*:*:x\n");
    snprintf(env, sizeof(env), "PGUSER=u\nPGHOST=db\n%s", line("PGPASSFILE", ".pgpass"));
    const char *path = line("PGPASSFILE", ".pgpass") + strlen("PGPASSFILE=");
    char file[256];
    snprintf(file, sizeof(file), "%.*s", (int)strcspn(path, "\n"), path);
    static const struct {
        mode_t mode;
        const char *said;
    } rows[] = {{0600, NULL}, {0400, NULL}, {0644, "mode 0644"}, {0640, "mode 0640"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(chmod(file, rows[i].mode), 0);
        struct target_pg *t = load(NULL, env, &e);
        const char *fault = target_pg_passfile_fault(t);
        assert_string_equal(param(t, "passfile"), rows[i].said ? "/nonexistent/.pgpass" : file);
        assert_int_equal(fault != NULL, rows[i].said != NULL);
        if (rows[i].said) {
            assert_non_null(strstr(fault, rows[i].said));
            assert_ptr_equal(target_pg_passfile_news(t), fault);
            assert_int_equal(target_pg_refresh(t, &e), 0);
            assert_null(target_pg_passfile_news(t)); /* once */
            assert_int_equal(chmod(file, 0666), 0);
            assert_int_equal(target_pg_refresh(t, &e), 0);
            assert_non_null(strstr(target_pg_passfile_news(t), "0666"));
        }
        target_pg_free(t);
    }
    struct target_pg *t = load("postgres://u:given@db/x", env, &e); /* is not looked at */
    assert_null(target_pg_passfile_fault(t));
    target_pg_free(t);
    snprintf(env, sizeof(env), "PGUSER=u\nPGHOST=db\nPGPASSFILE=%s", dir);
    t = load(NULL, env, &e);
    assert_non_null(strstr(target_pg_passfile_fault(t), "not a regular file"));
    target_pg_free(t);
}

static int
setup(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int
teardown(void **state)
{
    (void)state;
    static const char *const names[] = {"pw", "url", "services", ".pgpass"};
    char path[256];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
        unlink(path);
    }
    return rmdir(dir);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_secret_files),
        cmocka_unit_test(test_services),
        cmocka_unit_test(test_home),
        cmocka_unit_test(test_passfile_of_many),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
