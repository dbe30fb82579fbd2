/* What is found in a body, and what a search may cost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "healthd/parse/pattern.h"

static enum pattern_found
search(const char *expression, const char *text, size_t len)
{
    struct pattern *p = NULL;
    struct err e;
    if (pattern_parse(expression, &p, &e) < 0)
        fail_msg("%s: %s", expression, e.msg);
    enum pattern_found found = pattern_search(p, text, len);
    pattern_free(p);
    return found;
}

#define FOUND(expression, text)                                                                    \
    assert_int_equal(search(expression, text, sizeof(text) - 1), PATTERN_YES)
#define NOT_FOUND(expression, text)                                                                \
    assert_int_equal(search(expression, text, sizeof(text) - 1), PATTERN_NO)

static void
test_found(void **state)
{
    (void)state;
    FOUND("\"db\": *\"(ok|up)\"", "{\"db\":  \"up\", \"cache\": \"down\"}");
    NOT_FOUND("\"db\": *\"(ok|up)\"", "{\"db\": \"down\", \"cache\": \"up\"}");
    FOUND("^a.c$", "a\nc");
    NOT_FOUND("^a.c$", "a\nc\n");
    NOT_FOUND("^c", "a\nc");
    FOUND("x|c$", "a\nc");
    FOUND("[[:space:]]\\d{3}\\b", "HTTP 200");
    FOUND("a\\x00b", "\xff"
                     "a\0b");
    FOUND("(a)\\1", "baa");
    FOUND("^$", "");
}

/* Neither the length of the body nor the expression makes a search long: it gives up. */
static void
test_bounds(void **state)
{
    (void)state;
    enum { LEN = 65536 };
    char *text = malloc(LEN);
    assert_non_null(text);
    memset(text, 'x', LEN);
    assert_int_equal(search("(x+x+)+[yz]", text, LEN), PATTERN_UNKNOWN);
    assert_int_equal(search("(x|xx)*[yz]", text, LEN), PATTERN_UNKNOWN);
    /* What PCRE2 itself counts as one step at each place. */
    assert_int_equal(search("[x-z]+ms", text, LEN), PATTERN_UNKNOWN);
    assert_int_equal(search("x++y", text, LEN), PATTERN_UNKNOWN);
    assert_int_equal(search("(?>x+)y", text, LEN), PATTERN_UNKNOWN);
    assert_int_equal(search("(?=x+y)z", text, LEN), PATTERN_UNKNOWN);
    assert_int_equal(search("\"db\": *\"(ok|up)\"", text, LEN), PATTERN_NO);
    assert_int_equal(search("[yz] *: *(ok|up)", text, LEN), PATTERN_NO);
    text[LEN - 1] = 'y';
    assert_int_equal(search("x[yz]$", text, LEN), PATTERN_YES);
    free(text);
}

static void
refused(const char *expression, const char *why)
{
    struct pattern *p = NULL;
    struct err e;
    assert_int_equal(pattern_parse(expression, &p, &e), -1);
    assert_null(p);
    assert_int_equal(e.code, ERR_USAGE);
    if (!strstr(e.msg, why))
        fail_msg("%.40s: %s", expression, e.msg);
}

static void
test_refused(void **state)
{
    (void)state;
    char text[PATTERN_MAX + 2];
    refused("", "the expression is empty");
    refused("a(b", "missing closing parenthesis (at character 3)");
    refused("a)(b", "not a valid regular expression");
    refused("(*LIMIT_MATCH=4000000000)a", "not a valid regular expression");
    refused("((a{1000}){1000}){1000}", "too large");
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    refused(text, "longer than 512 bytes");
    memset(text, '(', PATTERN_MAX);
    text[PATTERN_MAX] = '\0';
    refused(text, "nested");
    memset(text, '+', PATTERN_MAX); /* each would double what glibc compiles */
    text[0] = 'a';
    refused(text, "does not follow a repeatable item");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
