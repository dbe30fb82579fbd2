/* What is JSON and what only looks like it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "healthd/page/json_check.h"

static void
test_valid(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{}",
        "[]",
        " [ ] ",
        "\t{ }\r\n",
        "true",
        "false",
        "null",
        "\"\"",
        "\"a\\\"b\\\\c\\/\\b\\f\\n\\r\\t\\u00e9\\uD834\"",
        "\"\xc3\xa4\"",
        "0",
        "-0",
        "10",
        "-1.50e+10",
        "1E-2",
        "0e1",
        "{\"a\":1}",
        "{ \"a\" : [ 1 , {\"b\":null} ] , \"c\" : \"d\" }",
        "[[],[[]],{}]",
        "{\"status\":\"ok\",\"service\":\"todo-frontend\",\"timestamp\":\"2026-11-21T09:00:00Z\"}",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (!json_is_valid(texts[i], strlen(texts[i])))
            fail_msg("refused: %s", texts[i]);
}

static void
test_invalid(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        " ",
        "ok",
        "tru",
        "truex",
        "True",
        "{",
        "}",
        "[",
        "]",
        "{]",
        "[}",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "{\"a\" 1}",
        "{1:2}",
        "\"",
        "\"a",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"\\u123",
        "\"\\",
        "\"a\nb\"",
        "01",
        "-",
        "+1",
        "1.",
        ".5",
        "1e",
        "1e+",
        "-x",
        "0x1",
        "NaN",
        "1 1",
        "{} {}",
        "//",
        "[1]//",
        "\"\xe4\"",
        "[\"a\" \"b\"]",
        "nul",
        "{\"a\":1 \"b\":2}",
        "fals\xc3\xa9",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (json_is_valid(texts[i], strlen(texts[i])))
            fail_msg("accepted: %s", texts[i]);
    assert_false(json_is_valid("1\0", 2));
    assert_true(json_is_valid("1\0", 1));
}

static void
test_depth(void **state)
{
    (void)state;
    char text[2 * (JSON_CHECK_DEPTH + 1)];
    memset(text, '[', JSON_CHECK_DEPTH + 1);
    memset(text + JSON_CHECK_DEPTH + 1, ']', JSON_CHECK_DEPTH + 1);
    assert_false(json_is_valid(text, sizeof(text)));
    assert_true(json_is_valid(text + 1, sizeof(text) - 2));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_invalid),
        cmocka_unit_test(test_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
