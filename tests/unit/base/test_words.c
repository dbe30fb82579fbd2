#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/words.h"

static void
service_variables(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
        bool is;
    } cases[] = {
        {"REDIS_PORT", "tcp://10.0.0.7:6379", true},
        {"REDIS_PORT", "udp://10.0.0.7:6379", true},
        {"REDIS_PORT", "sctp://10.0.0.7:6379", true},
        {"REDIS_PORT", "6379", false},
        {"REDIS_PORT", "", false},
        {"REDIS_PORT", "http://x", false},
        {"DATABASE_SERVICE_HOST", "10.0.0.7", true},
        {"DATABASE_SERVICE_PORT", "5432", true},
        {"DATABASE_SERVICE_PORT_PG", "5432", true},
        {"DATABASE_SERVICE_PORTAL", "x", false},
        {"DATABASE_PORT_5432_TCP", "tcp://x", true},
        {"DATABASE_PORT_5432_TCP_ADDR", "x", true},
        {"DATABASE_PORT_5432", "x", false},
        {"DATABASE_PORT_X_TCP", "x", false},
        {"A_PORT_X_PORT_80_TCP", "x", true},
        {"DATABASE_PORT", "5432", false},
        {"DATABASE_URL", "tcp://x", false},
        {"_PORT", "tcp://x", false},
        {"_SERVICE_HOST", "x", false},
        {"_SERVICE_PORT", "x", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (words_is_service_variable(cases[i].name, cases[i].value) != cases[i].is)
            fail_msg("%s=%s", cases[i].name, cases[i].value);
    assert_false(words_is_service_variable("X_PORT", NULL));
}

static void
nearest(void **state)
{
    (void)state;
    static const char *const known[] = {"every", "timeout", "rise", "fall", "stale"};
    unsigned d = 99;
    assert_string_equal(words_nearest("evrey", known, 5, &d), "every");
    assert_int_equal(d, 1); /* a swap is one edit */
    assert_string_equal(words_nearest("timeout", known, 5, &d), "timeout");
    assert_int_equal(d, 0);
    assert_string_equal(words_nearest("timout", known, 5, &d), "timeout");
    assert_int_equal(d, 1);
    assert_string_equal(words_nearest("ries", known, 5, NULL), "rise");
    assert_null(words_nearest("zzzzzz", known, 5, NULL));
    assert_null(words_nearest("", known, 5, NULL));
    assert_null(words_nearest("x", known, 0, NULL));
    char longest[300];
    memset(longest, 'a', sizeof(longest) - 1);
    longest[299] = '\0';
    assert_null(words_nearest(longest, known, 5, NULL));
}

static void
showable(void **state)
{
    (void)state;
    static const char *const shown[] = {"", "every", "2s", "/etc/checks", "ready,startup"};
    static const char *const hidden[] = {"postgres://app:secret@db", "app:secret@db",
                                         "password=secret",
                                         "8f14e45fceea167a5a36dedd4bea2543c9f0f895fb"};
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
        assert_ptr_equal(words_showable(shown[i]), shown[i]);
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
        assert_string_equal(words_showable(hidden[i]), "…");
}

/* The line's own end goes; a second line, or what is no text, is refused and named, never shown. */
static void
one_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *line, *error;
    } rows[] = {
        {"", "", NULL},
        {"\n", "", NULL},
        {"\r\n", "", NULL},
        {"\r", "", NULL},
        {"db", "db", NULL},
        {"db\n", "db", NULL},
        {"db\r\n", "db", NULL},
        {"a b ~\n", "a b ~", NULL},
        {" \xc3\xbc", " \xc3\xbc", NULL},
        {"a\n\n", NULL, "X contains more than one line of text"},
        {"a\r\r\n", NULL, "X contains more than one line of text"},
        {"\na", NULL, "X contains more than one line of text"},
        {"\ta", NULL, "X holds a control character (U+0009) at byte 1"},
        {"ab\x1f", NULL, "X holds a control character (U+001F) at byte 3"},
        {"a\x7f\n", NULL, "X holds a control character (U+007F) at byte 2"},
        {"\xEF\xBB\xBFx", NULL, "X begins with a byte order mark (U+FEFF); remove it"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[16];
        struct err e;
        strcpy(text, rows[i].text);
        int status = words_one_line("X", text, &e);
        assert_int_equal(status, rows[i].error ? -1 : 0);
        assert_string_equal(status < 0 ? e.msg : text,
                            rows[i].error ? rows[i].error : rows[i].line);
    }
}

static void
holds_password(void **state)
{
    (void)state;
    static const char *const held[] = {"postgres://app:secret@db/x",
                                       "redis://:secret@cache",
                                       "app:secret@127.0.0.1:1",
                                       "postgres:/app:secret@h",
                                       "https://token@host",
                                       "host=x password=secret",
                                       "//app:secret@h",
                                       "x?PASSWORD=secret"};
    static const char *const free_of[] = {"",
                                          "db",
                                          "app@server",
                                          "unix:@name",
                                          "unix:/run/a@b/c",
                                          "[::]:9180",
                                          "/cloudsql/p:r:i",
                                          "http://127.0.0.1:9180/health",
                                          "a@b:c",
                                          "2026-11-28T10:00:00Z"};
    for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
        if (!words_hold_password(held[i]))
            fail_msg("%s", held[i]);
    for (size_t i = 0; i < sizeof(free_of) / sizeof(free_of[0]); i++)
        if (words_hold_password(free_of[i]))
            fail_msg("%s", free_of[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(service_variables), cmocka_unit_test(nearest),
        cmocka_unit_test(showable),          cmocka_unit_test(one_line),
        cmocka_unit_test(holds_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
