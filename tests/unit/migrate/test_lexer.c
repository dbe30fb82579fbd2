/* lexer.c and lexer_scan.c: every rule of cutting a file into statements. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "migrate/sql/lexer.h"

/*
 * The statements of a text: "select 1|copy t from stdin{1\n}|!line 3: …". The text stands alone in
 * memory, so that a read behind its end is seen.
 */
static void
split_n(const char *text, size_t len, struct strbuf *out)
{
    cleanup_free char *alone = malloc(len ? len : 1);
    struct lexer lx;
    struct statement st;
    struct err e;
    int rc;

    assert_non_null(alone);
    memcpy(alone, text, len);
    lexer_init(&lx, alone, len);
    while ((rc = lexer_next(&lx, &st, &e)) > 0) {
        if (st.n > 1)
            strbuf_addc(out, '|');
        strbuf_add(out, alone + st.offset, st.sql_bytes);
        if (st.kind == STATEMENT_COPY) {
            strbuf_addc(out, '{');
            strbuf_add(out, alone + st.data_offset, st.data_bytes);
            strbuf_addc(out, '}');
        }
    }
    if (rc < 0) {
        strbuf_addf(out, "!line %zu: %s", lx.error_line, e.msg);
        assert_int_equal(e.code, ERR_INPUT);
        assert_int_equal(lexer_next(&lx, &st, &e), 0);
    }
}

static void
expect_n(const char *text, size_t len, const char *want)
{
    cleanup_strbuf struct strbuf got = STRBUF_INIT;

    split_n(text, len, &got);
    assert_string_equal(strbuf_str(&got), want);
}

static void
expect(const char *text, const char *want)
{
    expect_n(text, strlen(text), want);
}

static void
test_plain(void **state)
{
    (void)state;
    expect("", "");
    expect(" \n\t\r\f\v", "");
    expect(";;; ; -- x\n;/* y */;", "");
    expect("select 1", "select 1");
    expect("select 1;select 2;", "select 1|select 2");
    expect("  select 1 ; select 2 -- tail\n", "select 1 |select 2");
    expect("select 1 /* a */ -- b\n  ; x", "select 1 /* a */ -- b\n  |x");
    expect("\xef\xbb\xbfselect 1;", "select 1");
    expect("+ 1; - 2; / 3; * 4", "+ 1|- 2|/ 3|* 4");
}

static void
test_comments(void **state)
{
    (void)state;
    expect("-- a; b\nselect 1;", "select 1");
    expect("-- a; b\rselect 1;", "select 1");
    expect("select 1 -- it's; here\n;", "select 1 -- it's; here\n");
    expect("select 1 -- ends with \\\n; select 2", "select 1 -- ends with \\\n|select 2");
    expect("/* a; /* b; */ c; */ select 1;", "select 1");
    expect("select /*/ ; */ 1;", "select /*/ ; */ 1");
    expect("select /**/ 1; /***/ select 2", "select /**/ 1|select 2");
    expect("select /* ' \" $$ */ 1;2", "select /* ' \" $$ */ 1|2");
    expect("select 1 +--;\n 2; x", "select 1 +--;\n 2|x");
    expect("select 1 */* ; */ 2; x", "select 1 */* ; */ 2|x");
    expect("select @-/* ; */ 2; x", "select @-/* ; */ 2|x");
    expect("select 4 - -1; select 4 / 2", "select 4 - -1|select 4 / 2");
    expect("select 1 -- no newline;", "select 1");
    expect("select 1 /* x */", "select 1");
}

static void
test_open_comments(void **state)
{
    (void)state;
    expect("a;\n/* b\n\n", "a!line 2: this comment is not closed");
    expect("select /* /* */ 1;", "!line 1: this comment is not closed");
    expect("select 1 /*/", "!line 1: this comment is not closed");
    expect("copy t /*", "!line 1: this comment is not closed");
    expect("create function f() /*", "!line 1: this comment is not closed");
    expect("create function f() begin atomic select 1 /*", "!line 1: this comment is not closed");
}

static void
test_strings(void **state)
{
    (void)state;
    expect("select ';';x", "select ';'|x");
    expect("select 'it''s;';x", "select 'it''s;'|x");
    expect("select '\\';x", "select '\\'|x");
    expect("select E'\\';x';y", "select E'\\';x'|y");
    expect("select e'\\\\';y", "select e'\\\\'|y");
    expect("select E'a''\\';b';y", "select E'a''\\';b'|y");
    expect("select U&'\\';y", "select U&'\\'|y");
    expect("select B'\\';y", "select B'\\'|y");
    expect("select x'\\';y", "select x'\\'|y");
    expect("select N'\\';y", "select N'\\'|y");
    expect("select namE'\\';y", "select namE'\\'|y");
    expect("select _e'\\';y", "select _e'\\'|y");
    expect("select \xc3\xa9"
           "e'\\';y",
           "select \xc3\xa9"
           "e'\\'|y");
    expect("select a$e'\\';y", "select a$e'\\'|y");
    expect("select 'x'E'\\';';y", "select 'x'E'\\';'|y");
    expect("select $$x$$E'\\';';y", "select $$x$$E'\\';'|y");
    expect("select \"x\"E'\\';';y", "select \"x\"E'\\';'|y");
    expect("select 1E'\\';';y", "select 1E'\\';'|y");
    expect("select 1e5'\\';y", "select 1e5'\\'|y");
    expect("select 1.E'\\';';y", "select 1.E'\\';'|y");
    expect("select 1.e5'\\';y", "select 1.e5'\\'|y");
    expect("select .0xE'\\';y", "select .0xE'\\'|y");
    expect("select (E'\\';');y", "select (E'\\';')|y");
    expect("E'\\';';y", "E'\\';'|y");
    expect("select e '\\';y", "select e '\\'|y");
}

static void
test_continued(void **state)
{
    (void)state;
    expect("select E'a'\n'\\';';y", "select E'a'\n'\\';'|y");
    expect("select E'a' \t\r '\\';';y", "select E'a' \t\r '\\';'|y");
    expect("select E'a' -- c ' ;\n  '\\';';y", "select E'a' -- c ' ;\n  '\\';'|y");
    expect("select E'a' '\\';y", "select E'a' '\\'|y");
    expect("select E'a'\n/* c */'\\';y", "select E'a'\n/* c */'\\'|y");
    expect("select 'a'\n'\\';y", "select 'a'\n'\\'|y");
    expect("select 'a'\n;y", "select 'a'\n|y");
    expect("select 'a'\n\n-- z", "select 'a'");
    expect("select E'a'\n'\\'", "!line 2: this quoted string is not closed");
}

static void
test_identifiers(void **state)
{
    (void)state;
    expect("select \"a;\"\"b;\";x", "select \"a;\"\"b;\"|x");
    expect("select U&\"\\;\";x", "select U&\"\\;\"|x");
    expect("select \"a'\";x", "select \"a'\"|x");
    expect("select \"a\nb", "!line 1: this quoted identifier is not closed");
    expect("copy \"a", "!line 1: this quoted identifier is not closed");
    expect("select a'", "!line 1: this quoted string is not closed");
    expect("select\n'a''", "!line 2: this quoted string is not closed");
    expect("select E'a\\'", "!line 1: this quoted string is not closed");
    expect("select E'\\", "!line 1: this quoted string is not closed");
}

static void
test_dollars(void **state)
{
    (void)state;
    expect("select $$;$$;x", "select $$;$$|x");
    expect("select $a$;$$;$b$;$a$;x", "select $a$;$$;$b$;$a$|x");
    expect("select $a$ x $$a$;x", "select $a$ x $$a$|x");
    expect("select $a$ $b$a$;x", "select $a$ $b$a$|x");
    expect("select $a$ $A$;$a$;x", "select $a$ $A$;$a$|x");
    expect("select $_1$;$_1$;x", "select $_1$;$_1$|x");
    expect("select $\xc3\xa9$;$\xc3\xa9$;x", "select $\xc3\xa9$;$\xc3\xa9$|x");
    expect("select $1;x", "select $1|x");
    expect("select $1$2;x", "select $1$2|x");
    expect("select $1$$;$$;x", "select $1$$;$$|x");
    expect("select $1a$$;x", "select $1a$$|x");
    expect("select 1$$;$$;x", "select 1$$;$$|x");
    expect("select 12$a$;$a$;x", "select 12$a$;$a$|x");
    expect("select 1.e5$a$;$a$;x", "select 1.e5$a$;$a$|x");
    expect("select 1e+5$a$;$a$;x", "select 1e+5$a$;$a$|x");
    expect("select 0x1$a$;$a$;x", "select 0x1$a$;$a$|x");
    expect("select .0xd$a$;x", "select .0xd$a$|x");
    expect("select 1.0xd$a$;x", "select 1.0xd$a$|x");
    expect("select 1e+0xd$a$;x", "select 1e+0xd$a$|x");
    expect("select .01.e5$a$;x", "select .01.e5$a$|x");
    expect("select a.e5$a$;x", "select a.e5$a$|x");
    expect("select a$$;x", "select a$$|x");
    expect("select a$b$;x;select a$b$", "select a$b$|x|select a$b$");
    expect("select a1$b$;x", "select a1$b$|x");
    expect("select \xc3\xa9$b$;x", "select \xc3\xa9$b$|x");
    expect("select $x;y", "select $x|y");
    expect("select $x $y$;$y$;z", "select $x $y$;$y$|z");
    expect("select $1x$;z", "select $1x$|z");
    expect("select 'a'$$;$$;z", "select 'a'$$;$$|z");
    expect("select $$a$$$$;$$;z", "select $$a$$$$;$$|z");
    expect("select $;z", "select $|z");
    expect("select 1;\nselect $a$\n$$", "select 1!line 2: this dollar-quoted string is not closed");
    expect("select $a$ $a", "!line 1: this dollar-quoted string is not closed");
    expect("$$;$$", "$$;$$");
}

static void
test_parens(void **state)
{
    (void)state;
    expect("create rule r as on insert to t do (select 1; select 2;); x",
           "create rule r as on insert to t do (select 1; select 2;)|x");
    expect("select ((1);(2)); x", "select ((1);(2))|x");
    expect("select 1); x", "select 1)|x");
    expect("); x", ")|x");
    expect("select ')'(';'); x", "select ')'(';')|x");
    expect("select [1;2]; x", "select [1|2]|x");
    expect("a;\nselect (\n(1;\nx", "a!line 2: this parenthesis is not closed");
    expect("create function f(\n", "!line 1: this parenthesis is not closed");
    expect("copy t (a;", "!line 1: this parenthesis is not closed");
}

#define ATOMIC(x) expect(x "; y", x "|y")

static void
test_bodies(void **state)
{
    (void)state;
    ATOMIC("create function f() returns int begin atomic select 1; select 2; end");
    ATOMIC("create or replace function f() begin atomic end");
    ATOMIC("CREATE OR REPLACE PROCEDURE f() BEGIN/**/ATOMIC ;; END");
    ATOMIC("create function f() begin atomic select case when a then b end; end");
    ATOMIC("create function f() begin atomic select 1 end; select 1 as end; select t.end; end");
    ATOMIC("create function f() begin atomic select 1 case; select case; end");
    ATOMIC("create function f() begin atomic select (select 1; end; ); end");
    ATOMIC("create function f() begin atomic select 'end;'; select \"end\"; end");
    ATOMIC("create function f() begin atomic select begin atomic from t; end");
    ATOMIC("create function f() begin atomic create end; create or end; end");
    ATOMIC(
        "create function f() begin atomic create function g() begin atomic select 1; end; select 2; end");
    ATOMIC("create function f() begin atomic create rule r as on update to t do (a; b); end");
    ATOMIC("create function f() returns begin begin atomic select 1; end");
    ATOMIC("create function atomic(begin atomic) returns int return 1");
    ATOMIC("create function f() returns int return begin");
    ATOMIC("create function begin() returns int as $$ begin atomic ; $$");
    ATOMIC("create function f() returns int as 'begin atomic ;' language sql");
    ATOMIC(
        "create function f() returns int language sql begin atomic insert into t values (1); end");
}

static void
test_no_bodies(void **state)
{
    (void)state;
    expect("begin; atomic; end; x", "begin|atomic|end|x");
    expect("begin atomic; select 1; end; x", "begin atomic|select 1|end|x");
    expect("create function f() \"begin\" atomic; x", "create function f() \"begin\" atomic|x");
    expect("create function f() begin \"atomic\"; x", "create function f() begin \"atomic\"|x");
    expect("create table begin_atomic (a int); x", "create table begin_atomic (a int)|x");
    expect("create view function as select begin atomic; x",
           "create view function as select begin atomic|x");
    expect("create or x function f() begin atomic; x", "create or x function f() begin atomic|x");
    expect("x;\ncreate function f()\nbegin atomic select 1 end; y",
           "x!line 3: this BEGIN ATOMIC body has no END (which stands behind a semicolon)");
    expect("create function f() begin atomic select 1;",
           "!line 1: this BEGIN ATOMIC body has no END (which stands behind a semicolon)");
    expect("create function f() as $$ x", "!line 1: this dollar-quoted string is not closed");
}

static void
test_copy(void **state)
{
    (void)state;
    expect("copy t from stdin;\n1\n2\n\\.\nselect 1;", "copy t from stdin{1\n2\n}|select 1");
    expect("COPY t(a,b) FROM STDIN WITH (FORMAT csv);\n';\n\\.\nx",
           "COPY t(a,b) FROM STDIN WITH (FORMAT csv){';\n}|x");
    expect("copy t from stdin;\r\n1\r\n\\.\r\nx;", "copy t from stdin{1\r\n}|x");
    expect("copy t from stdin;\n\\.\nx;", "copy t from stdin{}|x");
    expect("copy t from stdin;\n", "copy t from stdin{}");
    expect("copy t from stdin;", "copy t from stdin{}");
    expect("copy t from stdin", "copy t from stdin{}");
    expect("copy t from stdin;\n1\n2", "copy t from stdin{1\n2}");
    expect("copy t from stdin;\n1\n\\.", "copy t from stdin{1\n}");
    expect("copy t from stdin;\n \\.\n\\. \n\\.x\n\\\\.\n\\.\nx",
           "copy t from stdin{ \\.\n\\. \n\\.x\n\\\\.\n}|x");
    expect("copy t from stdin;  -- note\n1\n\\.\nx", "copy t from stdin{1\n}|x");
    expect("copy t from stdin; /* a */ \n1\n\\.\nx", "copy t from stdin{1\n}|x");
    expect("copy t from stdin\n;\n1\n\\.\nx", "copy t from stdin\n{1\n}|x");
    expect("copy t from stdout;\n1\n\\.\nx", "copy t from stdout{1\n}|x");
    expect("copy \"from\" from /* c */ stdin;\n1\n\\.\nx",
           "copy \"from\" from /* c */ stdin{1\n}|x");
    expect("copy s.from from stdin;\n1\n\\.\nx", "copy s.from from stdin{1\n}|x");
    expect("copy binary t from stdin where a = ';';\n1\n\\.\nx",
           "copy binary t from stdin where a = ';'{1\n}|x");
    expect("copy t from stdin;\n\xff\n\\.\nx", "copy t from stdin{\xff\n}|x");
}

static void
test_no_copy(void **state)
{
    (void)state;
    expect("copy t to stdout; x", "copy t to stdout|x");
    expect("copy t to stdin; x", "copy t to stdin|x");
    expect("copy t from 'stdin'; x", "copy t from 'stdin'|x");
    expect("copy t from \"stdin\"; x", "copy t from \"stdin\"|x");
    expect("copy t from program 'x'; stdin", "copy t from program 'x'|stdin");
    expect("copy (select 1 from stdin) to stdout; x", "copy (select 1 from stdin) to stdout|x");
    expect("copy stdin to 'x'; x", "copy stdin to 'x'|x");
    expect("copyt from stdin; x", "copyt from stdin|x");
    expect("\"copy\" t from stdin; x", "\"copy\" t from stdin|x");
    expect("select 1 from stdin; x", "select 1 from stdin|x");
}

static void
test_copy_line(void **state)
{
    static const char want[] =
        "!line 2: text behind COPY ... FROM STDIN; on its line: the data begins on the next one";

    (void)state;
    expect("\ncopy t from stdin; select 1;\n1\n\\.\n", want);
    expect("\ncopy t from stdin;;\n1\n\\.\n", want);
    expect("\ncopy t from stdin; \\.\n1\n\\.\n", want);
    expect("\ncopy t from stdin; /* \n */\n1\n\\.\n", want);
    expect("\ncopy t from stdin; -- a\rb\n1\n\\.\n", want);
    expect("\ncopy t from stdin; x", want);
}

static void
test_psql(void **state)
{
    (void)state;
    expect("\\restrict abc;def 'x\nselect 1;\n\\unrestrict abc\n", "select 1");
    expect("\\restrict abc", "");
    expect("\\restrict\r\nselect 1", "select 1");
    expect(
        "select 1;\n\\connect db\n",
        "select 1!line 2: psql command \\connect: only \\restrict and \\unrestrict are accepted");
    expect("\\restricted x",
           "!line 1: psql command \\restricted: only \\restrict and \\unrestrict are accepted");
    expect("select 1 \\gset\n",
           "!line 1: psql command \\gset inside a statement: only \\restrict and \\unrestrict are "
           "accepted, between statements");
    expect("select 1 \\; select 2;",
           "!line 1: psql command \\; inside a statement: only \\restrict and \\unrestrict are "
           "accepted, between statements");
    expect("select (\n\\restrict x\n1);",
           "!line 2: psql command \\restrict inside a statement: only \\restrict and "
           "\\unrestrict are accepted, between statements");
    expect(
        "copy t \\x",
        "!line 1: psql command \\x inside a statement: only \\restrict and \\unrestrict are accepted, "
        "between statements");
    expect("\\\\", "!line 1: psql command \\\\: only \\restrict and \\unrestrict are accepted");
    expect("\\", "!line 1: psql command \\: only \\restrict and \\unrestrict are accepted");
    expect("1;\n\\.\n",
           "1!line 2: \\. ends the data of COPY ... FROM STDIN, and there is none before it");
    expect("select :x, :'y', :\"z\", a::int, b[1:2];x",
           "select :x, :'y', :\"z\", a::int, b[1:2]|x");
}

static void
test_conforming(void **state)
{
    (void)state;
    expect("set standard_conforming_strings = off; select '\\';x';y",
           "set standard_conforming_strings = off|select '\\';x'|y");
    expect("SET SESSION standard_conforming_strings TO 'off'; select '\\';';y",
           "SET SESSION standard_conforming_strings TO 'off'|select '\\';'|y");
    expect(
        "set standard_conforming_strings = off; set standard_conforming_strings = on; select '\\';y",
        "set standard_conforming_strings = off|set standard_conforming_strings = on|select '\\'|y");
    expect("set standard_conforming_strings = off; reset all; select '\\';y",
           "set standard_conforming_strings = off|reset all|select '\\'|y");
    expect("set standard_conforming_strings = off; select b'\\', x'\\', U&'\\';y",
           "set standard_conforming_strings = off|select b'\\', x'\\', U&'\\'|y");
    expect("set standard_conforming_strings = off; select n'\\';', au&'\\';';y",
           "set standard_conforming_strings = off|select n'\\';', au&'\\';'|y");
    expect("set standard_conforming_strings = off; select a&'\\';', &'\\';';y",
           "set standard_conforming_strings = off|select a&'\\';', &'\\';'|y");
    expect("set standard_conforming_strings = off; copy t from stdin delimiter '\\';';\n1\n\\.\ny",
           "set standard_conforming_strings = off|copy t from stdin delimiter '\\';'{1\n}|y");
    expect("set standard_conforming_strings = off; create function f() as '\\';';y",
           "set standard_conforming_strings = off|create function f() as '\\';'|y");
}

static void
test_hostile(void **state)
{
    (void)state;
    expect_n("a\0b;c", 5, "a"); /* shown to its NUL; the source refuses it before */
    expect("\x80\xff;\xc3", "\x80\xff|\xc3");
    expect("'", "!line 1: this quoted string is not closed");
    expect("create function f() as 'a;", "!line 1: this quoted string is not closed");
    expect("E'", "!line 1: this quoted string is not closed");
    expect("U&'", "!line 1: this quoted string is not closed");
    expect("u&", "u&");
    expect("--", "");
    expect("-", "-");
    expect("/", "/");
    expect("$", "$");
    expect("$$", "!line 1: this dollar-quoted string is not closed");
}

/* --- places --- */

static void
test_places(void **state)
{
    static const char text[] =
        "\xef\xbb\xbf-- c\n\nselect\n 1\n; x;y;\ncopy t from stdin;\n1\n2\n\\.\n\nz -- t\n";
    struct {
        size_t offset, bytes, line, end_line;
    } want[] = {{9, 10, 3, 5}, {21, 1, 5, 5}, {23, 1, 5, 5}, {26, 23, 6, 9}, {53, 1, 11, 11}};
    struct lexer lx;
    struct statement st;

    (void)state;
    lexer_init(&lx, text, sizeof(text) - 1);
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        assert_int_equal(lexer_next(&lx, &st, NULL), 1);
        assert_int_equal(st.n, i + 1);
        assert_int_equal(st.offset, want[i].offset);
        assert_int_equal(st.bytes, want[i].bytes);
        assert_int_equal(st.line, want[i].line);
        assert_int_equal(st.end_line, want[i].end_line);
    }
    assert_int_equal(lexer_next(&lx, &st, NULL), 0);
    assert_int_equal(lx.line, 12);
    assert_int_equal(lexer_next(&lx, &st, NULL), 0);
}

static void
test_copy_place(void **state)
{
    static const char text[] = "copy t from stdin;\r\na\r\nb";
    struct lexer lx;
    struct statement st;

    (void)state;
    lexer_init(&lx, text, sizeof(text) - 1);
    assert_int_equal(lexer_next(&lx, &st, NULL), 1);
    assert_int_equal(st.kind, STATEMENT_COPY);
    assert_int_equal(st.sql_bytes, 17);
    assert_int_equal(st.data_offset, 20);
    assert_int_equal(st.data_bytes, 4);
    assert_int_equal(st.bytes, 24);
    assert_int_equal(st.end_line, 3);
}

static void
test_error_place(void **state)
{
    static const char text[] = "a;\r\nselect\r\n 'x";
    struct lexer lx;
    struct statement st;

    (void)state;
    lexer_init(&lx, text, sizeof(text) - 1);
    assert_int_equal(lexer_next(&lx, &st, NULL), 1);
    assert_int_equal(lexer_next(&lx, &st, NULL), -1);
    assert_int_equal(lx.error_line, 3);
    assert_int_equal(lx.error_offset, 13);
}

static void
test_batches(void **state)
{
    static const char text[] =
        "select 1; set client_encoding = 'x'; set names utf8; reset backslash_quote; discard all; set a=1";
    static const bool want[] = {false, true, true, true, true, false};
    struct lexer lx;
    struct statement st;

    (void)state;
    lexer_init(&lx, text, sizeof(text) - 1);
    for (size_t i = 0; i < sizeof(want); i++) {
        assert_int_equal(lexer_next(&lx, &st, NULL), 1);
        assert_int_equal(st.ends_batch, want[i]);
    }
}

static void
note(void *arg, size_t upto)
{
    size_t *last = arg;
    assert_true(upto >= *last + LEXER_PASSED_BYTES);
    *last = upto;
}

/* Both many statements and the data of one COPY let go of what is behind them. */
static void
test_passed(void **state)
{
    size_t len = 4 * LEXER_PASSED_BYTES;
    cleanup_free char *text = malloc(len);
    struct lexer lx;
    struct statement st;
    size_t last = 0;
    size_t n = 0;

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < len; i += 8)
        memcpy(text + i, "select1;", 8);
    lexer_init(&lx, text, len);
    lx.passed = note;
    lx.passed_arg = &last;
    while (lexer_next(&lx, &st, NULL) > 0)
        n++;
    assert_int_equal(n, len / 8);
    assert_true(last >= len - LEXER_PASSED_BYTES - 8);

    last = 0;
    memset(text, '\n', len);
    memcpy(text, "copy t from stdin;", 18);
    lexer_init(&lx, text, len);
    lx.passed = note;
    lx.passed_arg = &last;
    assert_int_equal(lexer_next(&lx, &st, NULL), 1);
    assert_int_equal(st.end_line, len - 18 + 1);
    assert_true(last >= len - LEXER_PASSED_BYTES);
}

/* No text makes it look back over the same bytes again and again. */
static void
test_linear(void **state)
{
    static const char *const pieces[] = {"$",    "a$",  "1$",    "$1",  "e'",   "'",
                                         "\"\"", "(",   "$a$",   "1e",  "'a' ", "E'\\'",
                                         "1.1$", ".e$", "1e+1$", "+e'", ".0x$"};
    size_t len = (size_t)1 << 20;
    cleanup_free char *text = malloc(len);
    struct lexer lx;
    struct statement st;

    (void)state;
    assert_non_null(text);
    for (size_t p = 0; p < sizeof(pieces) / sizeof(pieces[0]); p++) {
        size_t n = strlen(pieces[p]);
        for (size_t i = 0; i < len; i++)
            text[i] = pieces[p][i % n];
        lexer_init(&lx, text, len);
        while (lexer_next(&lx, &st, NULL) > 0)
            assert_true(st.offset + st.bytes <= len);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),         cmocka_unit_test(test_comments),
        cmocka_unit_test(test_open_comments), cmocka_unit_test(test_strings),
        cmocka_unit_test(test_continued),     cmocka_unit_test(test_identifiers),
        cmocka_unit_test(test_dollars),       cmocka_unit_test(test_parens),
        cmocka_unit_test(test_bodies),        cmocka_unit_test(test_no_bodies),
        cmocka_unit_test(test_copy),          cmocka_unit_test(test_no_copy),
        cmocka_unit_test(test_copy_line),     cmocka_unit_test(test_psql),
        cmocka_unit_test(test_conforming),    cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_places),        cmocka_unit_test(test_copy_place),
        cmocka_unit_test(test_error_place),   cmocka_unit_test(test_batches),
        cmocka_unit_test(test_passed),        cmocka_unit_test(test_linear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
