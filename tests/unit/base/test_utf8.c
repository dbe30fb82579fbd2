/* Where characters begin and end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/utf8.h"

/* The first and the last character of each length, and what is next to them and none. */
static void
characters_have_one_to_four_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *s;
        size_t len, expected;
    } rows[] = {
        {"", 0, 0},
        {"\0", 1, 1},
        {"\x7F", 1, 1},
        {"\x80", 1, 0},
        {"\xC1\xBF", 2, 0},
        {"\xC2\x80", 2, 2},
        {"\xC2\x80", 1, 0},
        {"\xC2\xC0", 2, 0},
        {"\xDF\xBFz", 3, 2},
        {"\xE0\x9F\xBF", 3, 0},
        {"\xE0\xA0\x80", 3, 3},
        {"\xE0\xA0\x80", 2, 0},
        {"\xED\x9F\xBF", 3, 3},
        {"\xED\xA0\x80", 3, 0},
        {"\xEF\xBF\xBF", 3, 3},
        {"\xEF\xBFz", 3, 0},
        {"\xF0\x8F\xBF\xBF", 4, 0},
        {"\xF0\x90\x80\x80", 4, 4},
        {"\xF0\x90\x80\x80", 3, 0},
        {"\xF0\x90\x80z", 4, 0},
        {"\xF4\x8F\xBF\xBFz", 5, 4},
        {"\xF4\x90\x80\x80", 4, 0},
        {"\xF5\x80\x80\x80", 4, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(utf8_char_len(rows[i].s, rows[i].len), rows[i].expected);
}

static void
validity_names_the_first_wrong_byte(void **state)
{
    (void)state;
    size_t bad = 99;
    assert_true(utf8_valid("gr\xC3\xBCn", 5, &bad));
    assert_int_equal(bad, 99);
    assert_false(utf8_valid("abc\xC3(", 5, &bad));
    assert_int_equal(bad, 3);
    assert_true(utf8_valid("", 0, NULL));
}

static void
cuts_fall_between_characters(void **state)
{
    (void)state;
    const char *s = "a\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80z"; /* 1 + 2 + 3 + 4 + 1 */
    static const size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
    for (size_t max = 0; max < sizeof(expected) / sizeof(expected[0]); max++)
        assert_int_equal(utf8_cut(s, strlen(s), max), expected[max]);
    assert_int_equal(utf8_cut("\xFF\xFF\xFF\xFF", 4, 2),
                     1); /* not UTF-8: somewhere near, never beyond */
    assert_int_equal(utf8_cut("\x80\x80\x80\x80\x80", 5, 4), 4);
    assert_int_equal(utf8_cut("ab\xE2\x82", 4, 4), 2);
    assert_int_equal(utf8_cut("", 0, 5), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_have_one_to_four_bytes),
        cmocka_unit_test(validity_names_the_first_wrong_byte),
        cmocka_unit_test(cuts_fall_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
