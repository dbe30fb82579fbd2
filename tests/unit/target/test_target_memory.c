/* test_target_memory.c: where to connect, while memory runs out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/target/target.h"
#include "tests/unit/fakes/fake_memory.h"

/* Whatever is missing, there is no target with a host left out, and its URL is not called wrong. */
static bool
pg_is_whole(const struct target_pg *t, const char *hosts)
{
    const struct target_pg_host *h;
    const size_t n = target_pg_hosts(t, &h);
    char all[256] = "";
    for (size_t i = 0; i < n; i++)
        snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s/%s/%u ",
                 h[i].host ? h[i].host : "", h[i].hostaddr ? h[i].hostaddr : "", h[i].port);
    return strcmp(all, hosts) == 0;
}

static const char *url;

static int
parse_redis(void)
{
    struct target_redis *t = NULL;
    struct err e = {0};
    if (target_redis_parse(url, &t, &e) != 0) {
        assert_int_equal(e.code, ERR_NOMEM);
        assert_null(t);
        return -1;
    }
    target_redis_free(t);
    return 0;
}

static void
test_pg(void **state)
{
    (void)state;
    static const struct {
        const char *url, *hosts;
    } rows[] = {
        {"postgres://u:p%20w@h:1/d", "h//1 "},
        {"postgres://u@a:5433,b:5434/d?sslmode=require&connect_timeout=3", "a//5433 b//5434 "},
        {"postgres://u@a:1,b:2/d?hostaddr=127.0.0.1,::1", "a/127.0.0.1/1 b/::1/2 "},
        {"postgres://u@%2Frun%2Fpostgresql/d", "/run/postgresql//5432 "},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        bool failed = true;
        for (size_t at = 1; failed; at++) {
            struct target_pg *t = NULL;
            struct err e = {0};
            memory_fails_at = at;
            int rc = target_pg_parse(rows[i].url, &t, &e);
            failed = memory_fails_at == 0;
            memory_fails_at = 0;
            if (rc == 0) {
                assert_true(pg_is_whole(t, rows[i].hosts));
                target_pg_free(t);
            } else {
                assert_true(failed);
                assert_int_equal(e.code, ERR_NOMEM);
                assert_null(t);
            }
        }
    }
}

static void
test_redis(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "redis://h",
        "rediss://user:p%20w@h:1/3?server_name=x",
        "unix:///run/redis.sock?db=2",
    };
    for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
        url = urls[i];
        assert_true(memory_fails_each(parse_redis) > 1);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pg), cmocka_unit_test(test_redis)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
