/* token.c: one token at a time, as scan.l has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "migrate/sql/token.h"

/* "W:select N:1 …" with what is not closed marked by !. */
static void
expect_with(const char *text, bool backslashes, const char *want)
{
    cleanup_strbuf struct strbuf got = STRBUF_INIT;
    struct token_scan s = token_on(text, strlen(text), backslashes);
    struct token t;
    size_t before = 0;

    while (token_next(&s, &t)) {
        assert_true(t.offset >= before);
        assert_true(t.bytes > 0);
        before = t.offset + t.bytes;
        assert_int_equal(s.pos, before);
        strbuf_addf(&got, "%s%c%s:%.*s", got.len ? " " : "", "?WISNPOC"[t.kind], t.fault ? "!" : "",
                    (int)t.bytes, text + t.offset);
    }
    assert_int_equal(t.kind, TOKEN_END);
    if (t.fault)
        strbuf_addf(&got, " open comment at %zu", t.offset);
    assert_string_equal(strbuf_str(&got), want);
}

static void
expect(const char *text, const char *want)
{
    expect_with(text, false, want);
}

static void
test_words(void **state)
{
    (void)state;
    expect("select a_1$b, \xc3\xa9 _x", "W:select W:a_1$b C:, W:\xc3\xa9 W:_x");
    expect("\"a b\"\"c\" U&\"d\" u&\"e\" u & \"f\"",
           "I:\"a b\"\"c\" I:U&\"d\" I:u&\"e\" W:u O:& I:\"f\"");
    expect("a.b(c)[1];\\", "W:a C:. W:b C:( W:c C:) C:[ N:1 C:] C:; C:\\");
    expect("\"a", "I!:\"a");
}

static void
test_strings(void **state)
{
    (void)state;
    expect("'a''b' E'c\\'d' b'1' X'f' n'g' U&'h' e 'i'",
           "S:'a''b' S:E'c\\'d' S:b'1' S:X'f' S:n'g' S:U&'h' W:e S:'i'");
    expect("'a'\n'b' 'c'", "S:'a'\n'b' S:'c'");
    expect("'a' -- x\n 'b'", "S:'a' -- x\n 'b'");
    expect("$$a$$ $b$ $c$ $b$ $1 $ $d", "S:$$a$$ S:$b$ $c$ $b$ P:$1 C:$ C:$ W:d");
    expect("'\\' 'a'", "S:'\\' S:'a'");
    expect_with("'\\' 'a'", true, "S:'\\' ' W:a S!:'");
    expect_with("n'\\'' b'\\' 'x'", true, "S:n'\\'' S:b'\\' S:'x'");
    expect("'a", "S!:'a");
    expect("E'a\\", "S!:E'a\\");
    expect("$a$ $b$", "S!:$a$ $b$");
}

static void
test_numbers(void **state)
{
    (void)state;
    expect("1 1.5 .5 1. 1e5 1.5E-3 1e+5", "N:1 N:1.5 N:.5 N:1. N:1e5 N:1.5E-3 N:1e+5");
    expect("1..2 1e x 0xFF 0b101 0o17 1_000 0xg",
           "N:1 C:. N:.2 N:1 W:e W:x N:0xFF N:0b101 N:0o17 N:1_000 N:0 W:xg");
    expect("1a 1__2 0x 1e+", "N:1 W:a N:1 W:__2 N:0 W:x N:1 W:e O:+");
}

static void
test_operators(void **state)
{
    (void)state;
    expect("a<>b a||b 2*-1 a@-b", "W:a O:<> W:b W:a O:|| W:b N:2 O:* O:- N:1 W:a O:@- W:b");
    expect("+-+ ++ - @+-", "O:+ O:- O:+ O:+ O:+ O:- O:@+-");
    expect("a::int x:=1 y=>2 :z", "W:a O::: W:int W:x O::= N:1 W:y O:=> N:2 C:: W:z");
    expect("1+--2\n3", "N:1 O:+ N:3");
    expect("1*/* x */2", "N:1 O:* N:2");
    expect("-- a", "");
    expect("a /* b", "W:a open comment at 2");
}

static void
check_value(const char *text, const char *want)
{
    struct token_scan s = token_on(text, strlen(text), false);
    struct token t;
    char buf[16] = "untouched";

    assert_true(token_next(&s, &t));
    bool got = token_value(&s, &t, buf, sizeof(buf));
    assert_int_equal(got, want != NULL);
    if (want)
        assert_string_equal(buf, want);
}

static void
test_values(void **state)
{
    (void)state;
    check_value("SELect", "select");
    check_value("\"SEL\"\"ect\"", "SEL\"ect");
    check_value("'it''s'", "it's");
    check_value("E'off'", "off");
    check_value("E'o\\x66'", NULL);
    check_value("$x$o'f$x$", "o'f");
    check_value("$$$$", "");
    check_value("''", "");
    check_value("'a'\n'b'", NULL);
    check_value("12", NULL);
    check_value("'open", NULL);
    check_value("'", NULL);
    check_value("\"", NULL);
    check_value("E'", NULL);
    check_value("sixteen_letters_", NULL);
    check_value("'sixteen_letters_'", NULL);
    check_value("$$sixteen_letters_$$", NULL);
    check_value("fifteen_letters", "fifteen_letters");
}

static void
test_is(void **state)
{
    struct token_scan s = token_on("CoPy \"copy\" copyx cop (", 23, false);
    struct token t;

    (void)state;
    token_next(&s, &t);
    assert_true(token_is(&s, &t, "copy"));
    assert_false(token_is(&s, &t, "cop"));
    assert_false(token_is(&s, &t, "copyx"));
    for (int i = 0; i < 3; i++) {
        token_next(&s, &t);
        assert_false(token_is(&s, &t, "copy"));
    }
    token_next(&s, &t);
    assert_true(token_is_char(&s, &t, '('));
    assert_false(token_is_char(&s, &t, ')'));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),   cmocka_unit_test(test_strings),
        cmocka_unit_test(test_numbers), cmocka_unit_test(test_operators),
        cmocka_unit_test(test_values),  cmocka_unit_test(test_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
