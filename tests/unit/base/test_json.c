#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/json.h"
#include "common/base/utf8.h"

static void
assert_quoted(const char *s, size_t len, const char *expected)
{
    cleanup_strbuf struct strbuf b = STRBUF_INIT;
    json_quote(&b, s, len);
    assert_string_equal(strbuf_str(&b), expected);
}

static void
objects_are_compact(void **state)
{
    (void)state;
    cleanup_strbuf struct strbuf b = STRBUF_INIT;
    struct json j = json_on(&b);
    json_object(&j);
    json_kstr(&j, "status", "ready");
    json_kstr(&j, "database", "connected");
    json_end(&j);
    assert_string_equal(strbuf_str(&b), "{\"status\":\"ready\",\"database\":\"connected\"}");
    assert_int_equal(j.depth, 0);
}

static void
everything_nests(void **state)
{
    (void)state;
    cleanup_strbuf struct strbuf b = STRBUF_INIT;
    struct json j = json_on(&b);
    json_object(&j);
    json_key(&j, "a");
    json_array(&j);
    json_int(&j, INT64_MIN);
    json_uint(&j, UINT64_MAX);
    json_object(&j);
    json_end(&j);
    json_array(&j);
    json_end(&j);
    json_null(&j);
    json_bool(&j, true);
    json_raw(&j, "[1,2]");
    json_str(&j, NULL);
    json_end(&j);
    json_kbool(&j, "b", false);
    json_kint(&j, "c", -1);
    json_kuint(&j, "d", 1);
    json_key(&j, "e");
    json_object(&j);
    json_kstr(&j, "f", NULL);
    json_end(&j);
    json_kstr(&j, "g", "");
    json_end(&j);
    assert_string_equal(
        strbuf_str(&b),
        "{\"a\":[-9223372036854775808,18446744073709551615,{},[],null,true,[1,2],null],"
        "\"b\":false,\"c\":-1,\"d\":1,\"e\":{\"f\":null},\"g\":\"\"}");
}

static void
doubles(void **state)
{
    (void)state;
    cleanup_strbuf struct strbuf b = STRBUF_INIT;
    struct json j = json_on(&b);
    json_array(&j);
    json_double(&j, 0.25);
    json_double(&j, NAN);
    json_double(&j, INFINITY);
    json_double(&j, 1e21);
    json_end(&j);
    assert_string_equal(strbuf_str(&b), "[0.25,null,null,1e+21]");
}

static void
strings_are_escaped(void **state)
{
    (void)state;
    assert_quoted("", 0, "\"\"");
    assert_quoted("a\"b\\c/", 6, "\"a\\\"b\\\\c/\"");
    assert_quoted("\n\r\t\b\f", 5, "\"\\n\\r\\t\\b\\f\"");
    assert_quoted("\x01\x1f\x7f", 3, "\"\\u0001\\u001f\\u007f\"");
    assert_quoted("x\0y", 3, "\"x\\u0000y\"");
    assert_quoted("gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x98\x80", 15,
                  "\"gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x98\x80\"");
}

static void
invalid_bytes_are_replaced_one_by_one(void **state)
{
    (void)state;
#define R "\xEF\xBF\xBD"
    assert_quoted("\xFF", 1, "\"" R "\"");
    assert_quoted("a\x80z", 3, "\"a" R "z\"");
    assert_quoted("\xC3", 1, "\"" R "\"");       /* cut */
    assert_quoted("\xC0\xAF", 2, "\"" R R "\""); /* overlong */
    assert_quoted("\xE0\x80\xAF", 3, "\"" R R R "\"");
    assert_quoted("\xED\xA0\x80", 3, "\"" R R R "\"");       /* surrogate */
    assert_quoted("\xF4\x90\x80\x80", 4, "\"" R R R R "\""); /* above U+10FFFF */
    assert_quoted("\xF0\x8F\xBF\xBF", 4, "\"" R R R R "\"");
    assert_quoted("\xF4\x8F\xBF\xBF", 4, "\"\xF4\x8F\xBF\xBF\"");
    assert_quoted("\xED\x9F\xBF", 3, "\"\xED\x9F\xBF\"");
    assert_quoted("\xE2\x82\"", 3, "\"" R R "\\\"\"");
}

/* As it was done one character at a time. */
static void
quote_slowly(struct strbuf *out, const char *s, size_t len)
{
    strbuf_addc(out, '"');
    for (size_t i = 0; i < len;) {
        unsigned char c = (unsigned char)s[i];
        size_t n = utf8_char_len(s + i, len - i);
        if (n > 1)
            strbuf_add(out, s + i, n);
        else if (n == 0)
            strbuf_adds(out, R);
        else if (c == '"' || c == '\\')
            strbuf_addf(out, "\\%c", c);
        else if (c >= 0x20 && c != 0x7F)
            strbuf_addc(out, (char)c);
        else if (strchr("\n\r\t\b\f", c) && c)
            strbuf_addf(out, "\\%c", "btn?fr"[c - 8]);
        else
            strbuf_addf(out, "\\u%04x", c);
        i += n ? n : 1;
    }
    strbuf_addc(out, '"');
}

/* Of any length and at any place, beside the eight bytes that are looked at together and the part that is copied together. */
static void
fast_is_as_slow(void **state)
{
    (void)state;
    static const char *const words[] = {"x",
                                        "plain text that is longer than a run of it",
                                        "\"",
                                        "\\",
                                        "\n",
                                        "\x7F",
                                        "\x1F",
                                        " ",
                                        "~",
                                        "\xC3\xA9",
                                        "\xE2\x82\xAC",
                                        "\xF0\x9F\x98\x80",
                                        "\xFF",
                                        "\xC3",
                                        "\x80"};
    unsigned dice = 7;
    for (int round = 0; round < 20000; round++) {
        cleanup_strbuf struct strbuf text = STRBUF_INIT;
        cleanup_strbuf struct strbuf slow = STRBUF_INIT;
        int kinds = round % 3 == 0 ? 2 : 15;
        for (int n = round % 40; n >= 0; n--) {
            dice = dice * 1103515245 + 12345;
            strbuf_adds(&text, words[(dice >> 16) % (unsigned)kinds]);
            if (round % 7 == 0 && n == 3)
                strbuf_add(&text, "", 1); /* NUL */
        }
        quote_slowly(&slow, text.data, text.len);
        assert_quoted(text.data, text.len, strbuf_str(&slow));
        size_t plain = json_plain(text.data, text.len);
        assert_true(plain <= text.len);
        for (size_t i = 0; i < plain; i++)
            assert_true(text.data[i] >= ' ' && text.data[i] < 0x7F && text.data[i] != '"' &&
                        text.data[i] != '\\');
        unsigned char next = (unsigned char)text.data[plain];
        assert_true(plain == text.len || next < ' ' || next >= 0x7F || next == '"' || next == '\\');
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_are_compact),
        cmocka_unit_test(everything_nests),
        cmocka_unit_test(doubles),
        cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(invalid_bytes_are_replaced_one_by_one),
        cmocka_unit_test(fast_is_as_slow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
