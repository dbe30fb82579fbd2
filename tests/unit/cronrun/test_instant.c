/* Instants from text and from pods' names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cronrun/run/instant.h"

static void
test_parse(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-11-21T09:00:00Z", 1795251600000},
        {"2026-11-21T09:00:00.5Z", 1795251600500},
        {"2026-11-21T09:00:00.1239Z", 1795251600123},
        {"2026-11-21T10:00:00+01:00", 1795251600000},
        {"2026-11-21T04:30:00-04:30", 1795251600000},
        {"2026-11-21 09:00:00z", 1795251600000},
        {"2024-02-29T00:00:00Z", 1709164800000},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        int64_t ms = -1;
        struct err e = {0};
        if (instant_parse(good[i].text, &ms, &e) < 0 || ms != good[i].ms)
            fail_msg("%s: %lld %s", good[i].text, (long long)ms, e.msg);
    }
    static const char *const bad[] = {"",
                                      "now",
                                      "2026-11-21",
                                      "2026-11-21T09:00:00",
                                      "2026-11-21T09:00Z",
                                      "2026-13-21T09:00:00Z",
                                      "2026-02-30T09:00:00Z",
                                      "2026-11-21T24:00:00Z",
                                      "2026-11-21T09:60:00Z",
                                      "2026-11-21T09:00:00+1:00",
                                      "2026-11-21T09:00:00+01:00x",
                                      "2026-11-21T09:00:00+24:00",
                                      "2026-11-21T09:00:00.Zx",
                                      "x026-11-21T09:00:00Z"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int64_t ms = 42;
        struct err e;
        if (instant_parse(bad[i], &ms, &e) == 0)
            fail_msg("%s was taken as %lld", bad[i], (long long)ms);
        assert_int_equal(ms, 42);
        assert_int_equal(e.code, ERR_USAGE);
    }
}

static void
test_pod(void **state)
{
    (void)state;
    const int64_t at_ms = 29384756LL * 60000;
    char name[64] = "";
    int64_t ms = 0;
    assert_true(instant_from_pod("email-29384756-x7k2p", at_ms + 5000, name, sizeof(name), &ms));
    assert_string_equal(name, "email");
    assert_true(ms == at_ms);
    assert_true(
        instant_from_pod("my-app-email-29384756-x7k2p", at_ms - 1000, name, sizeof(name), &ms));
    assert_string_equal(name, "my-app-email");
    /* Within a day of now, and no more. */
    assert_true(
        instant_from_pod("email-29384756-x7k2p", at_ms + 86400000, name, sizeof(name), &ms));
    assert_false(
        instant_from_pod("email-29384756-x7k2p", at_ms + 86400001, name, sizeof(name), &ms));
    assert_false(
        instant_from_pod("email-29384756-x7k2p", at_ms - 86400001, name, sizeof(name), &ms));
    static const char *const others[] = {
        "",
        "email",
        "29384756-x7k2p", /* no name */
        "-29384756-x7k2p",
        "email-29384756",      /* the Job, not its pod */
        "email-29384756-x7k2", /* four letters */
        "email-29384756-x7k2pp",
        "email-29384756-a7k2p", /* a vowel */
        "email-29384756-x1k2p", /* 1 is not in the alphabet */
        "email-29384756-X7k2p",
        "email29384756-x7k2p",
        "email-029384756-x7k2p",
        "email-2938475600-x7k2p",
        "web-6d4cf56db6-x7k2p", /* a Deployment's pod */
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (instant_from_pod(others[i], at_ms, name, sizeof(name), &ms))
            fail_msg("%s was taken for a CronJob's pod %s", others[i], name);
    char small[4];
    assert_false(instant_from_pod("email-29384756-x7k2p", at_ms, small, sizeof(small), &ms));
}

static void
test_why_missing(void **state)
{
    (void)state;
    char why[INSTANT_WHY_MAX];
    static const struct {
        const char *host;
        bool lost;
        const char *says;
    } rows[] = {
        /* As the API server cuts them: of 52 characters, of 49, and one that just fits. */
        {"nightly-export-of-everything-that-was-ever-ordered-x-29384x7k2p", true,
         "truncated to 63"},
        {"nightly-export-of-everything-that-was-ever-ordere-29384756x7k2p", true,
         "truncated to 63"},
        {"nightly-export-of-everything-that-was-ever-order-29384756-x7k2p", false, "within a day"},
        {"nightly-export-of-everything-that-was-ever-ordered-2938475x7k21", false,
         "does not belong to a CronJob's pod"},
        {"ightly-export-of-everything-that-was-ever-ordered-2938475x7k2p", false,
         "does not belong"}, /* 62 */
        {"email-29384756-0", true, "Indexed Job"},
        {"email-29384756-117", true, "Indexed Job"},
        {"email-manual-x7k2p", false, "does not belong to a CronJob's pod"},
        {"web-0", false, "does not belong"},
        {"web-12345678", false, "does not belong"},
        {"-29384756-0", false, "does not belong"},
        {"email-29384756-", false, "does not belong"},
        {"email-29384756-0a", false, "does not belong"},
        {"", false, "does not belong"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (instant_why_missing(rows[i].host, why) != rows[i].lost || !strstr(why, rows[i].says) ||
            !strstr(why, rows[i].host))
            fail_msg("%s: %s", rows[i].host, why);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_parse), cmocka_unit_test(test_pod),
                                       cmocka_unit_test(test_why_missing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
