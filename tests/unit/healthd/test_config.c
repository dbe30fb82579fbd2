/* Which checks there are: lines, files, and what the environment names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/strbuf.h"
#include "healthd/config.h"

/* The names of the checks, in order. NULL: refused, *e says why. */
static char *
names(char *line, const char *config, struct err *e)
{
    struct options o = {.config = config, .checks = {.items = &line, .n = line ? 1 : 0}};
    struct config c = {0};
    struct strbuf b = STRBUF_INIT;
    int rc = config_load(&o, &c, e);
    if (rc != 0) {
        assert_int_equal(rc, -1);
        return NULL;
    }
    for (size_t i = 0; i < c.n; i++)
        strbuf_addf(&b, "%s%s", i ? " " : "", c.specs[i]->name);
    config_done(&c);
    return strbuf_steal(&b);
}

/* What the environment names is checked, whatever other servers of its kind are: only a line for it takes its place. */
static void
test_environment(void **state)
{
    (void)state;
    static const struct {
        const char *line, *names;
    } rows[] = {
        {NULL, "database redis"},
        {"analytics postgres://app:p@other/x", "analytics database redis"},
        {"mine postgres:// every 1s", "mine redis"},
        {"database postgres://app:p@other/x", "database redis"},
        {"database tcp://db:5432", "database redis"},
        {"mine postgres://app:other@db/app", "mine redis"}, /* the same server, user and database */
        {"mine postgres://app@db/reports", "mine database redis"},
        {"mine postgres://app:p@db:5432/app?sslmode=prefer", "mine redis"}, /* the defaults, said */
        {"mine postgres://app:p@db/app?target_session_attrs=standby", "mine database redis"},
        {"mine postgres://app:p@db/app?sslmode=require", "mine database redis"},
        {"mine postgres://app:p@db/app?hostaddr=127.0.0.1", "mine database redis"},
        {"sessions redis://other", "sessions database redis"},
        {"mine redis://:p@cache:6379/0", "mine database"},
        {"redis redis://other", "redis database"},
        {"mine redis://cache/1", "mine database redis"},
        {"mine rediss://cache", "mine database redis"},
    };
    setenv("DATABASE_URL", "postgres://app:p@db/app", 1);
    setenv("REDIS_URL", "redis://cache", 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct err e = {0};
        char *line = rows[i].line ? strdup(rows[i].line) : NULL;
        char *found = names(line, NULL, &e);
        if (!found || strcmp(found, rows[i].names) != 0)
            fail_msg("%s: %s %s", rows[i].line, found ? found : "refused", e.msg);
        free(found);
        free(line);
    }
    unsetenv("DATABASE_URL");
    unsetenv("REDIS_URL");
}

/* A line may lead to the same server in a laxer way than the application takes: then both are checked. */
static void
test_same_server_otherwise(void **state)
{
    (void)state;
    static const struct {
        const char *url, *line, *names;
    } rows[] = {
        {"postgres://app:p@a,b/app?target_session_attrs=read-write",
         "mine postgres://app:p@a,b/app?target_session_attrs=standby", "mine database"},
        {"postgres://app:p@a,b/app?target_session_attrs=read-write",
         "mine postgres://app:p@a,b/app", "mine database"},
        {"postgres://app:p@a,b/app?target_session_attrs=read-write",
         "mine postgres://app:p@a,b/app?target_session_attrs=read-write", "mine"},
        {"rediss://:p@cache", "mine rediss://:p@cache?verify=no", "mine redis"},
        {"rediss://:p@cache", "mine rediss://:p@cache?server_name=other", "mine redis"},
        {"rediss://:p@cache", "mine rediss://:p@cache?server_name=cache", "mine"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct err e = {0};
        char *line = strdup(rows[i].line);
        const char *variable = *rows[i].url == 'p' ? "DATABASE_URL" : "REDIS_URL";
        setenv(variable, rows[i].url, 1);
        char *found = names(line, NULL, &e);
        if (!found || strcmp(found, rows[i].names) != 0)
            fail_msg("%s: %s %s", rows[i].line, found ? found : "refused", e.msg);
        unsetenv(variable);
        free(found);
        free(line);
    }
}

/* A line that is no good is told by its place, and nothing of its URL. */
static void
test_places(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"# checks\n\ndb postgres://app:SECRET@db:port/x\n",
         ":3: check 'db': the port at character"},
        {"a tcp://h:1\nb redis://:SECRET@h/x/y", ":2: check 'b': the database is not a number"},
        {"a http://app:SECRET@h:0/\n", ":1: check 'a': the port at character"},
        {"a postgres://h/x?wibble=1\n", ":1: check 'a': unknown parameter wibble"},
        {"\xEF\xBB\xBF"
         "a tcp://h:1\n",
         ":1: the file begins with a byte order mark (U+FEFF)"},
    };
    char path[] = "/tmp/rr-config-XXXXXX";
    int fd = mkstemp(path);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct err e = {0};
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_true(pwrite(fd, rows[i].text, strlen(rows[i].text), 0) > 0);
        assert_null(names(NULL, path, &e));
        if (strncmp(e.msg, path, strlen(path)) != 0 || !strstr(e.msg, rows[i].error) ||
            strstr(e.msg, "SECRET"))
            fail_msg("row %zu: %s", i, e.msg);
    }
    close(fd);
    unlink(path);
    struct err e = {0};
    char line[] = "db postgres://app:SECRET@db:port/x";
    assert_null(names(line, NULL, &e));
    assert_non_null(strstr(e.msg, "--check (HEALTHD_CHECKS) 1: check 'db': the port"));
}

/* A file's lines come before those of the command line; nothing but a name and a target makes a check. */
static void
test_file(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t bytes;
        const char *names, *error;
    } rows[] = {
        {"", 0, "own", NULL},
        {"\n \t\n# a tcp://h:1\n  # b tcp://h:1\n", 0, "own", NULL},
        {"a tcp://h:1\n\tb tcp://h:2\n", 0, "a b own", NULL},
        {"a tcp://h:1\r\n\r\nb tcp://h:2\r\n", 0, "a b own", NULL},
        {"a tcp://h:1\r\r\n\nb tcp://h:2", 0, "a b own", NULL},
        {"a tcp://h:1\n\nb\0 tcp://h:2\n", 25, NULL, ":3: a NUL byte"},
        {"a tcp://h:1\0\n", 13, NULL, ":1: a NUL byte"},
        {"a tcp://h:1\nown tcp://h:2\n", 0, NULL, "--check (HEALTHD_CHECKS) 1: "},
        {"a tcp://h:1\n\na tcp://h:2\n", 0, NULL, ":3: "},
    };
    char path[] = "/tmp/rr-config-XXXXXX";
    int fd = mkstemp(path);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct err e = {0};
        char line[] = "own tcp://h:3";
        size_t bytes = rows[i].bytes ? rows[i].bytes : strlen(rows[i].text);
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, rows[i].text, bytes, 0), (ssize_t)bytes);
        char *found = names(line, path, &e);
        if (!found != !rows[i].names || (found && strcmp(found, rows[i].names) != 0) ||
            (!found && !strstr(e.msg, rows[i].error)))
            fail_msg("row %zu: %s %s", i, found ? found : "refused", e.msg);
        free(found);
    }
    close(fd);
    unlink(path);
    struct err e = {0};
    assert_null(names(NULL, path, &e));
    assert_non_null(strstr(e.msg, "--config: cannot read /tmp/rr-config-"));
    e = (struct err){0};
    assert_null(names(NULL, "/tmp", &e));
    assert_string_equal(e.msg, "--config: cannot read /tmp");
}

static struct config
load(char *line)
{
    struct options o = {.checks = {.items = &line, .n = 1}};
    struct config c = {0};
    struct err e;
    assert_int_equal(config_load(&o, &c, &e), 0);
    return c;
}

/* What is written alike changes places, and back. */
static void
test_keep(void **state)
{
    (void)state;
    char one[] = "mine redis://other every 1s", two[] = "mine redis://other every 2s";
    char three[] = "mine redis://other every 1s";
    setenv("DATABASE_URL", "postgres://app:p@db/app", 1);
    setenv("REDIS_URL", "redis://cache", 1);
    struct config a = load(one), b = load(two), c = load(three);
    const struct check_spec *mine = a.specs[0], *database = a.specs[1], *redis = a.specs[2];
    assert_int_equal(config_keep(&b, &a), 2);
    assert_ptr_not_equal(b.specs[0], mine);
    assert_ptr_equal(b.specs[1], database);
    assert_ptr_equal(b.specs[2], redis);
    assert_int_equal(config_keep(&a, &b), 2);
    assert_ptr_equal(a.specs[1], database);
    assert_int_equal(config_keep(&c, &a), 3);
    assert_ptr_equal(c.specs[0], mine);
    config_done(&a);
    config_done(&b);
    config_done(&c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_environment), cmocka_unit_test(test_same_server_otherwise),
        cmocka_unit_test(test_places),      cmocka_unit_test(test_file),
        cmocka_unit_test(test_keep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
