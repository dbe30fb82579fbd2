/* When a check is made again, and what reasons are called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "healthd/check/pace.h"

static uint64_t
next(const struct pace *p, enum reason last, uint64_t took, unsigned chance, uint64_t now)
{
    return pace_next_ms(p, last, took, chance, now);
}

static void
test_normal(void **state)
{
    (void)state;
    const struct pace p = {.every_ms = 2000};
    assert_int_equal(next(&p, REASON_NONE, 0, 0, 0), 2000);
    assert_in_range(next(&p, REASON_NONE, 0, 999, 0), 1600, 1601);
    assert_int_equal(next(&p, REASON_NONE, 30, 0, 0), 1970); /* from start to start */
    assert_int_equal(next(&p, REASON_NONE, 5000, 0, 0), 0);
}

static void
test_fast_for_30_s(void **state)
{
    (void)state;
    struct pace p = {.every_ms = 2000};
    pace_result(&p, REASON_TIMEOUT, 1000);
    assert_int_equal(next(&p, REASON_TIMEOUT, 1000, 0, 1000),
                     500); /* every/4 after the end: the bound's last part */
    assert_in_range(next(&p, REASON_REFUSED, 1, 999, 1000), 400, 500);
    pace_result(&p, REASON_REFUSED, 20000);
    assert_int_equal(next(&p, REASON_REFUSED, 0, 0, 30999), 500);
    assert_int_equal(next(&p, REASON_REFUSED, 0, 0, 31000), 2000);
    pace_result(&p, REASON_NONE, 40000);
    pace_result(&p, REASON_REFUSED, 50000);
    assert_int_equal(next(&p, REASON_REFUSED, 0, 0, 60000), 500);
    p.every_ms = 300;
    assert_int_equal(next(&p, REASON_REFUSED, 0, 0, 60000), 200); /* never faster than 200 ms */
}

static void
test_slower_where_hurry_is_no_use(void **state)
{
    (void)state;
    struct pace p = {.every_ms = 2000};
    pace_result(&p, REASON_AUTH, 0);
    assert_int_equal(next(&p, REASON_AUTH, 0, 0, 0), 10000);
    assert_int_equal(next(&p, REASON_NO_DATABASE, 0, 0, 0), 10000);
    assert_true(next(&p, REASON_TOO_MANY_CONNECTIONS, 500, 0, 0) >= 2000);
    assert_true(next(&p, REASON_TOO_MANY_CONNECTIONS, 500, 999, 0) >= 2000);
}

static void
test_asleep(void **state)
{
    (void)state;
    struct pace p = {.every_ms = 0};
    assert_int_equal(next(&p, REASON_NONE, 0, 0, 0), PACE_ASLEEP_MS);
    pace_result(&p, REASON_REFUSED, 0);
    assert_int_equal(next(&p, REASON_REFUSED, 0, 0, 0), 500);
}

/* Whatever chance says, a fault that takes the whole timeout to show is seen within 66 s. */
static void
test_login(void **state)
{
    (void)state;
    const struct pace p = {.every_ms = 2000};
    for (unsigned chance = 0; chance < 1000; chance += 37) {
        for (uint64_t timeout = 100; timeout <= 60000; timeout *= 3) {
            uint64_t ms = pace_login_ms(&p, REASON_NONE, timeout, chance);
            assert_true(ms + timeout <= PACE_LOGIN_BOUND_MS - 500);
            assert_true(ms >= PACE_LOGIN_FROM_MS || timeout > 11500);
        }
    }
    assert_int_equal(pace_login_ms(&p, REASON_NONE, 1000, 0), 54000);
    assert_int_equal(pace_login_ms(&p, REASON_AUTH, 1000, 0), 10000);
    assert_true(pace_login_ms(&p, REASON_TOO_MANY_CONNECTIONS, 1000, 0) >= 2000);
    const struct pace rare = {.every_ms = 600000};
    for (unsigned chance = 0; chance < 1000; chance += 37) { /* a failed one comes no later again */
        assert_true(pace_login_ms(&rare, REASON_AUTH, 1000, chance) <= PACE_LOGIN_BOUND_MS);
        assert_true(pace_login_ms(&rare, REASON_REFUSED, 1000, chance) <= PACE_LOGIN_BOUND_MS);
    }
}

static void
test_reasons(void **state)
{
    (void)state;
    static const char *const list[] = {
        "refused",     "timeout",       "dns",           "tls",
        "auth",        "no_database",   "privilege",     "too_many_connections",
        "starting_up", "shutting_down", "closed",        "read_only",
        "wrong_role",  "lagging",       "schema_behind", "loading",
        "busy",        "master_down",   "stale_replica", "storage",
        "status",      "body",          "expired",       "absent",
        "present",     "full",          "protocol",      "unexpected"};
    assert_int_equal(REASONS - 1, sizeof(list) / sizeof(list[0]));
    for (int i = 1; i < REASONS; i++)
        assert_string_equal(reason_text((enum reason)i), list[i - 1]);
    assert_string_equal(reason_text(REASONS), "unexpected");
}

static void
test_reason_of_errors(void **state)
{
    (void)state;
    static const struct {
        enum err_code code;
        const char *sqlstate, *word;
        enum reason reason;
    } rows[] = {
        {ERR_AUTH, "28P01", "", REASON_AUTH},
        {ERR_AUTH, "28000", "", REASON_AUTH},
        {ERR_AUTH, "", "", REASON_AUTH},
        {ERR_SERVER, "3D000", "", REASON_NO_DATABASE},
        {ERR_SERVER, "42501", "", REASON_PRIVILEGE},
        {ERR_SERVER, "53300", "", REASON_TOO_MANY_CONNECTIONS},
        {ERR_SERVER, "57P03", "", REASON_STARTING_UP},
        {ERR_CLOSED, "57P01", "", REASON_SHUTTING_DOWN},
        {ERR_CLOSED, "57P05", "", REASON_CLOSED},
        {ERR_SERVER, "57014", "", REASON_TIMEOUT},
        {ERR_SERVER, "25006", "", REASON_READ_ONLY},
        {ERR_SERVER, "53100", "", REASON_STORAGE},
        {ERR_SERVER, "58030", "", REASON_STORAGE},
        {ERR_SERVER, "08P01", "", REASON_PROTOCOL},
        {ERR_SERVER, "08006", "", REASON_CLOSED},
        {ERR_SERVER, "42P01", "", REASON_UNEXPECTED},
        {ERR_TIMEOUT, "", "", REASON_TIMEOUT},
        {ERR_DNS, "", "", REASON_DNS},
        {ERR_REFUSED, "", "", REASON_REFUSED},
        {ERR_TLS, "", "", REASON_TLS},
        {ERR_CLOSED, "", "", REASON_CLOSED},
        {ERR_PROTOCOL, "", "", REASON_PROTOCOL},
        {ERR_WRONG_ROLE, "", "", REASON_WRONG_ROLE},
        {ERR_NOMEM, "", "", REASON_UNEXPECTED},
        {ERR_SERVER, "", "LOADING", REASON_LOADING},
        {ERR_SERVER, "", "BUSY", REASON_BUSY},
        {ERR_SERVER, "", "BUSYKEY", REASON_UNEXPECTED},
        {ERR_SERVER, "", "MASTERDOWN", REASON_MASTER_DOWN},
        {ERR_SERVER, "", "NOAUTH", REASON_AUTH},
        {ERR_SERVER, "", "NOPERM", REASON_PRIVILEGE},
        {ERR_AUTH, "", "NOPERM", REASON_PRIVILEGE},
        {ERR_AUTH, "", "WRONGPASS", REASON_AUTH},
        {ERR_SERVER, "", "MAXCLIENTS", REASON_TOO_MANY_CONNECTIONS},
        {ERR_SERVER, "", "DBRANGE", REASON_NO_DATABASE},
        {ERR_SERVER, "", "ERR", REASON_UNEXPECTED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct err e = {.code = rows[i].code};
        strcpy(e.sqlstate, rows[i].sqlstate);
        strcpy(e.word, rows[i].word);
        if (reason_of_err(&e) != rows[i].reason)
            fail_msg("row %zu: %s", i, reason_text(reason_of_err(&e)));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_normal),
        cmocka_unit_test(test_fast_for_30_s),
        cmocka_unit_test(test_slower_where_hurry_is_no_use),
        cmocka_unit_test(test_asleep),
        cmocka_unit_test(test_login),
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_reason_of_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
