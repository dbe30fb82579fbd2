/* Redis targets: one row per spelling. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/target/target.h"
#include "tests/unit/fakes/target_env.h"

static struct target_redis *
load(const char *url, const char *env_lines, struct err *e)
{
    struct target_env env = {row_env, (void *)(uintptr_t)env_lines};
    struct target_redis *t = NULL;
    e->msg[0] = '\0';
    if (target_redis_load(url, &env, &t, e) == 0 && !t)
        snprintf(e->msg, sizeof(e->msg), "nothing named");
    return t;
}

struct good {
    const char *url;
    const char *env;
    const char *describe;
    const char *username, *password; /* NULL: none */
    bool tls, verify;
    const char *ca, *name;
};

static const struct good goods[] = {
    {"redis://cache", "", "redis://cache:6379/0", NULL, NULL, false, true, NULL, "cache"},
    {"redis://cache:7000/3", "", "redis://cache:7000/3", NULL, NULL, false, true, NULL, "cache"},
    {"redis://cache/", "", "redis://cache:6379/0", NULL, NULL, false, true, NULL, "cache"},
    {"redis://:pw@cache", "", "redis://cache:6379/0", NULL, "pw", false, true, NULL, "cache"},
    {"redis://me:p%40w@cache/1", "", "redis://me@cache:6379/1", "me", "p@w", false, true, NULL,
     "cache"},
    {"redis://default@cache/1", "", "redis://default@cache:6379/1", "default", NULL, false, true,
     NULL, "cache"},
    {"redis://[::1]:7000", "", "redis://[::1]:7000/0", NULL, NULL, false, true, NULL, "::1"},
    {"redis://cache?db=4&socket_timeout=5", "", "redis://cache:6379/4", NULL, NULL, false, true,
     NULL, "cache"},
    {"rediss://cache", "", "rediss://cache:6379/0", NULL, NULL, true, true, NULL, "cache"},
    {"rediss://cache?ssl_cert_reqs=none", "", "rediss://cache:6379/0", NULL, NULL, true, false,
     NULL, "cache"},
    {"rediss://cache?skip_verify=true", "", "rediss://cache:6379/0", NULL, NULL, true, false, NULL,
     "cache"},
    {"rediss://cache?skip_verify=false", "", "rediss://cache:6379/0", NULL, NULL, true, true, NULL,
     "cache"},
    {"rediss://cache?skip_verify=maybe", "", "rediss://cache:6379/0", NULL, NULL, true, true, NULL,
     "cache"},
    {"rediss://cache?ssl_cert_reqs=CERT_NONE", "", "rediss://cache:6379/0", NULL, NULL, true, false,
     NULL, "cache"},
    {"rediss://cache?ssl_cert_reqs=optional", "", "rediss://cache:6379/0", NULL, NULL, true, true,
     NULL, "cache"},
    {"rediss://10.0.0.1?ca_file=/ca.pem&server_name=cache.example", "", "rediss://10.0.0.1:6379/0",
     NULL, NULL, true, true, "/ca.pem", "cache.example"},
    {"valkeys://cache", "", "rediss://cache:6379/0", NULL, NULL, true, true, NULL, "cache"},
    {"unix:///run/redis.sock?db=2", "", "unix:///run/redis.sock?db=2", NULL, NULL, false, true,
     NULL, ""},
    {"redis+socket://:pw@/run/r%20s.sock", "", "unix:///run/r s.sock?db=0", NULL, "pw", false, true,
     NULL, ""},
    {NULL, "REDIS_URL=redis://cache/2", "redis://cache:6379/2", NULL, NULL, false, true, NULL,
     "cache"},
    {NULL,
     "REDIS_URL=redis://me@cache\nREDIS_PASSWORD=pw\nREDIS_HOST=other\nREDIS_PORT=1\nREDIS_TLS=true",
     "redis://me@cache:1/0", "me", "pw", false, true, NULL, "cache"},
    {NULL,
     "REDIS_HOST=cache\nREDIS_PORT=7\nREDIS_USERNAME=me\nREDIS_PASSWORD=pw\nREDIS_DB=9\nREDIS_TLS=yes",
     "rediss://me@cache:7/9", "me", "pw", true, true, NULL, "cache"},
    {NULL, "REDIS_HOST=cache\nREDIS_PORT=tcp://10.0.0.7:6379", "redis://cache:6379/0", NULL, NULL,
     false, true, NULL, "cache"},
    {NULL, "REDIS_URL=redis://cache\nREDIS_HOST=/run/redis.sock", "redis://cache:6379/0", NULL,
     NULL, false, true, NULL, "cache"},
    {NULL, "REDIS_HOST=/run/redis.sock", "unix:///run/redis.sock?db=0", NULL, NULL, false, true,
     NULL, ""},
};

static void
assert_text(size_t row, const char *what, const char *got, const char *want)
{
    if ((got == NULL) != (want == NULL) || (got && strcmp(got, want) != 0)) {
        fail_msg("row %zu: %s is \"%s\", not \"%s\"", row, what, got ? got : "(none)",
                 want ? want : "(none)");
    }
}

static void
test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(goods) / sizeof(goods[0]); i++) {
        const struct good *g = &goods[i];
        struct err e;
        struct target_redis *t = load(g->url, g->env, &e);
        if (!t)
            fail_msg("row %zu (%s): %s", i, g->describe, e.msg);
        assert_text(i, "description", target_redis_describe(t), g->describe);
        assert_text(i, "username", t->username, g->username);
        assert_text(i, "password", t->password, g->password);
        assert_text(i, "CA", t->tls_ca, g->ca);
        assert_text(i, "TLS name", t->tls_name, g->name);
        assert_int_equal(t->tls, g->tls);
        assert_int_equal(t->tls_verify, g->verify);
        target_redis_free(t);
    }
}

struct bad {
    const char *url;
    const char *env;
    const char *error;
};

static const struct bad bads[] = {
    {NULL, "", "nothing named"},
    {NULL, "REDIS_PASSWORD=SECRET\nREDIS_PORT=tcp://1.2.3.4:6379\nREDIS_SERVICE_HOST=1.2.3.4",
     "nothing named"},
    {"redis+sentinel://:SECRET@a,b/mymaster", "", "redis+sentinel is not supported"},
    {"redis-sentinel://a", "", "redis-sentinel is not supported"},
    {"http://:SECRET@h", "", "http is not a scheme of Redis"},
    {"SECRET", "", "not a URL"},
    {"redis://:SECRET@a,b", "", "several servers at character 19"},
    {"redis://:SECRET@/0", "", "host is missing at character 17"},
    {"redis://SECRET@h", "", "a Redis user name requires a password"},
    {"redis://:SEC/RET@h", "", "host is missing"},
    {"redis://u:SEC/RET@h", "", "port at character 11"},
    {"redis://:a@SECRET@h", "", "more than one @"},
    {"redis://:SECRET@h:0", "", "port at character 19"},
    {"redis://h/SECRET", "", "database is not a number"},
    {"redis://h/1234567", "", "database is not a number"},
    {"redis://h?password=x&SECRETSECRET=1", "", "unknown parameter at character 22"},
    {"redis://:p@h?wibble=1", "", "unknown parameter wibble at character 14"},
    {"redis://h?pasword=SECRET", "", "did you mean password?"},
    {"redis://h?db", "", "has no \"=\""},
    {"unix://SECRET", "", "cannot contain a host"},
    {"unix:///", "", "the path of the Unix socket is missing"},
    {NULL, "REDIS_URL=mysql://SECRET", "REDIS_URL: mysql is not"},
    {NULL, "REDIS_URL=redis://h\nREDIS_URL_FILE=/x", "REDIS_URL and REDIS_URL_FILE are both set"},
    {NULL, "REDIS_HOST=h\nREDIS_PASSWORD_FILE=/nonexistent/x",
     "REDIS_PASSWORD_FILE: cannot read /nonexistent/x"},
    {NULL, "REDIS_HOST=h\nREDIS_PORT=SECRET", "REDIS_PORT: the port is not a number"},
    {NULL, "REDIS_HOST=h\nREDIS_TLS=SECRET", "REDIS_TLS: TLS must be true or false"},
    {NULL, "REDIS_HOST=h\nREDIS_DB=SECRET", "REDIS_DB: the database is not a number"},
    /* in the wrong place */
    {NULL, "REDIS_HOST=redis://:SECRET@h:1", "REDIS_HOST: the host is a URL or part of one"},
    {NULL, "REDIS_HOST=:SECRET@h", "REDIS_HOST: the host is a URL"},
    {NULL, "REDIS_HOST=h/SECRET", "REDIS_HOST: the host is neither"},
    {NULL, "REDIS_HOST=cache:6379",
     "REDIS_HOST: the host is followed by a port, which belongs in REDIS_PORT"},
    {NULL, "REDIS_HOST=[::1]", "REDIS_HOST: the host is in brackets"},
    {NULL, "REDIS_HOST=//:SECRET@h", "REDIS_HOST: the socket's path is a connection string"},
    {NULL, "REDIS_HOST=h\nREDIS_PASSWORD=x\nREDIS_USERNAME=redis://:SECRET@h",
     "REDIS_USERNAME: the user is a connection string"},
    {"redis://h?ca_file=redis://:SECRET@h", "", "the CA file's path is a connection string"},
    {"redis://SEC%40RET", "", "the host is a URL"},
};

static void
test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
        struct err e;
        struct target_redis *t = load(bads[i].url, bads[i].env, &e);
        if (t || !strstr(e.msg, bads[i].error) || strstr(e.msg, "SEC") || strstr(e.msg, "RET"))
            fail_msg("row %zu (%s): got \"%s\"", i, bads[i].error, e.msg);
    }
}

static void
test_files(void **state)
{
    (void)state;
    char path[] = "/tmp/rr-redis-XXXXXX";
    char env[128];
    char url[128];
    struct err e;
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "first\n", 6), 6);
    snprintf(env, sizeof(env), "REDIS_HOST=h\nREDIS_PASSWORD_FILE=%s", path);
    struct target_redis *t = load(NULL, env, &e);
    assert_non_null(t);
    assert_string_equal(t->password, "first");
    assert_int_equal(pwrite(fd, "other\n", 6, 0), 6);
    assert_int_equal(target_redis_refresh(t, &e), 0);
    assert_string_equal(t->password, "other");
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(target_redis_refresh(t, &e), -1);
    assert_string_equal(t->password, "other");
    assert_string_equal(target_redis_describe(t), "redis://h:6379/0");
    target_redis_free(t);

    assert_int_equal(pwrite(fd, "third\n", 6, 0), 6);
    snprintf(url, sizeof(url), "redis://h?password_file=%s", path);
    assert_int_equal(target_redis_parse(url, &t, &e), 0);
    assert_string_equal(t->password, "third");
    target_redis_free(t);
    close(fd);
    unlink(path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
