/* position.c: from bytes and characters to lines and columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "migrate/sql/position.h"

static void
at_byte(const char *text, size_t offset, size_t line, size_t column)
{
    struct position p;

    position_of_byte(text, strlen(text), 0, 1, offset, &p);
    assert_int_equal(p.line, line);
    assert_int_equal(p.column, column);
}

static void
test_bytes(void **state)
{
    static const char text[] = "ab\r\n\xc3\xa9\xe2\x82\xac"
                               "c\n";

    (void)state;
    at_byte(text, 0, 1, 1);
    at_byte(text, 1, 1, 2);
    at_byte(text, 4, 2, 1);
    at_byte(text, 6, 2, 2);
    at_byte(text, 9, 2, 3);
    at_byte(text, 10, 2, 4);
    at_byte(text, 11, 3, 1);
    at_byte(text, 99, 3, 1);
    at_byte("", 0, 1, 1);
    at_byte("\xef\xbb\xbf"
            "ab",
            4, 1, 2);
}

static void
test_line(void **state)
{
    static const char text[] = "a\n\tbc\r\nd";
    struct position p;

    (void)state;
    position_of_byte(text, strlen(text), 0, 1, 4, &p);
    assert_int_equal(p.line_offset, 2);
    assert_int_equal(p.line_bytes, 3);
    position_of_byte(text, strlen(text), 0, 1, 7, &p);
    assert_int_equal(p.line_offset, 7);
    assert_int_equal(p.line_bytes, 1);
}

/* A statement that begins in the middle of a line, after characters of several bytes. */
static void
test_chars(void **state)
{
    static const char text[] = "/* \xc3\xa9\n */ select '\xe2\x82\xac\xf0\x9f\x98\x80',\r\n  foo;";
    size_t from = (size_t)(strstr(text, "select") - text);
    struct position p;

    (void)state;
    position_of_char(text, strlen(text), from, 2, 1, &p);
    assert_int_equal(p.offset, from);
    assert_int_equal(p.line, 2);
    assert_int_equal(p.column, 5);
    position_of_char(text, strlen(text), from, 2, 10, &p);
    assert_int_equal(p.column, 14);
    assert_int_equal((unsigned char)text[p.offset], 0xf0);
    position_of_char(text, strlen(text), from, 2, 17, &p);
    assert_int_equal(p.line, 3);
    assert_int_equal(p.column, 3);
    assert_int_equal(text[p.offset], 'f');
    position_of_char(text, strlen(text), from, 2, 999, &p);
    assert_int_equal(p.offset, strlen(text));
    position_of_byte(text, strlen(text), from, 2, from - 3, &p); /* before the known place */
    assert_int_equal(p.offset, from - 3);
    assert_int_equal(p.line, 2);
    assert_int_equal(p.column, 2);
    position_of_char(text, strlen(text), from, 2, 0, &p);
    assert_int_equal(p.offset, from);
}

static void
body(const char *text, size_t body_line, int rc, size_t line, size_t column)
{
    struct lexer lx;
    struct statement st;
    struct position p = {.line = 0};

    lexer_init(&lx, text, strlen(text));
    assert_int_equal(lexer_next(&lx, &st, NULL), 1);
    assert_int_equal(position_of_body_line(text, strlen(text), &st, body_line, &p), rc);
    assert_int_equal(p.line, line);
    assert_int_equal(p.column, column);
}

static void
test_bodies(void **state)
{
    static const char plain[] = "\n\ndo language 'plpgsql' $$\nbegin\n\t x;\nend $$";

    (void)state;
    body(plain, 1, 0, 3, 23);
    body(plain, 2, 0, 4, 1);
    body(plain, 3, 0, 5, 3);
    body(plain, 5, -1, 0, 0);
    body(plain, 0, -1, 0, 0);
    body("do 'begin\n x; end'", 2, 0, 2, 2);
    body("create function f(a text default 'x') returns int\nas\n$x$\nbegin end $x$", 2, 0, 4, 1);
    body("create function f() returns int return 1", 1, -1, 0, 0);
    body("select 'a\nb'", 2, -1, 0, 0);
}

static void
caret(const char *text, size_t offset, const char *want)
{
    cleanup_strbuf struct strbuf out = STRBUF_INIT;
    struct position p;

    position_of_byte(text, strlen(text), 0, 1, offset, &p);
    position_caret(text, &p, "  ", &out);
    assert_string_equal(strbuf_str(&out), want);
}

static void
test_caret(void **state)
{
    (void)state;
    caret("ab\ncd ef\n", 6, "  cd ef\n     ^\n");
    caret("\tab\tc", 4, "  \tab\tc\n  \t  \t^\n");
    caret("\xc3\xa9\xe2\x82\xac x", 6, "  \xc3\xa9\xe2\x82\xac x\n     ^\n");
    caret("ab\r\n", 2, "  ab\n    ^\n");
    caret("ab", 2, "  ab\n    ^\n");
    caret("a\x01\x7f"
          "b",
          3, "  a  b\n     ^\n");
    caret("", 0, "  \n  ^\n");
}

static void
test_long_lines(void **state)
{
    cleanup_strbuf struct strbuf out = STRBUF_INIT;
    char text[1000];
    struct position p;

    (void)state;
    memset(text, 'a', sizeof(text));
    text[500] = 'X';
    position_of_byte(text, sizeof(text), 0, 1, 500, &p);
    position_caret(text, &p, "", &out);
    const char *line = strbuf_str(&out);
    const char *nl = strchr(line, '\n');
    assert_non_null(nl);
    assert_int_equal(nl - line, 126);
    assert_int_equal(line[strchr(nl, '^') - nl - 1], 'X');
    assert_memory_equal(line, "...a", 4);
    assert_memory_equal(nl - 4, "a...", 4);
}

static void
test_named_bytes(void **state)
{
    (void)state;
    unsigned char b[3];
    assert_int_equal(
        position_bytes_parse("character with byte sequence 0xe2 0x82 0xac in encoding", b, 3), 3);
    assert_memory_equal(b, "\xe2\x82\xac", 3);
    assert_int_equal(position_bytes_parse("ungültige Byte-Sequenz: 0xff", b, 3), 1);
    assert_int_equal(b[0], 0xff);
    assert_int_equal(position_bytes_parse("0xc3 0x28 0x01 0x02", b, 3), 3);
    assert_int_equal(position_bytes_parse("0xc3 or 0x28", b, 3), 1);
    assert_int_equal(position_bytes_parse("none", b, 3), 0);
    assert_int_equal(position_bytes_parse("0x", b, 3), 0);
    assert_int_equal(position_bytes_parse("0xg1", b, 3), 0);
    assert_int_equal(position_bytes_parse("0xc", b, 3), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),       cmocka_unit_test(test_line),
        cmocka_unit_test(test_chars),       cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_caret),       cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_named_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
