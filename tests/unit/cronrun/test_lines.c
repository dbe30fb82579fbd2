/* Lines and their records: nothing is lost, none is too long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/utf8.h"
#include "cronrun/output/lines.h"

static struct lines lines;
static struct strbuf said;   /* "one|two~" */
static struct strbuf joined; /* what a reader makes of the pieces */

static void
take(const struct lines_piece *p)
{
    strbuf_add(&said, p->text, p->len);
    strbuf_addc(&said, p->partial ? '~' : '|');
    strbuf_add(&joined, p->text, p->len);
    if (!p->partial)
        strbuf_addc(&joined, '\n');
}

static void
feed(const char *data, size_t len)
{
    struct lines_piece p;
    for (size_t at = 0; at < len;) {
        size_t n = lines_next(&lines, data + at, len - at, &p);
        assert_in_range(n, 1, len - at);
        at += n;
        if (p.text)
            take(&p);
    }
}

static void
rest(void)
{
    struct lines_piece p;
    lines_rest(&lines, &p);
    if (p.text)
        take(&p);
}

static void
begin(void)
{
    lines = (struct lines){0};
    strbuf_clear(&said);
    strbuf_clear(&joined);
}

static void
test_lines(void **state)
{
    (void)state;
    begin();
    feed("one\ntw", 6);
    feed("o\n\nthr", 6);
    assert_string_equal(strbuf_str(&said), "one|two||");
    rest();
    rest();
    feed("ee\n", 3);
    assert_string_equal(strbuf_str(&said), "one|two||thr~ee|");
    rest();
    assert_string_equal(strbuf_str(&joined), "one\ntwo\n\nthree\n");
}

/* Read at once and in small pieces, a long line of characters of each length is never cut within one. */
static void
test_long_lines(void **state)
{
    (void)state;
    static const char *const chars[] = {"x", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    for (size_t kind = 0; kind < 4; kind++)
        for (size_t step = 1; step < 10000; step = step * 3 + 1) {
            struct strbuf text = STRBUF_INIT;
            begin();
            strbuf_adds(&text, "-");
            for (size_t i = 0; i < 4000; i++)
                strbuf_adds(&text, chars[kind]);
            strbuf_adds(&text, "\nend\n");
            for (size_t at = 0; at < text.len; at += step)
                feed(text.data + at, text.len - at < step ? text.len - at : step);
            assert_string_equal(strbuf_str(&joined), strbuf_str(&text));
            assert_true(utf8_valid(said.data, said.len, NULL));
            strbuf_done(&text);
        }
}

/* As long as it can be, and its end in the next read. */
static void
test_at_the_edge(void **state)
{
    (void)state;
    static char x[LINES_PIECE_MAX + 2];
    memset(x, 'x', sizeof(x));
    for (size_t len = LINES_PIECE_MAX - 1; len <= LINES_PIECE_MAX + 1; len++)
        for (int split = 0; split < 2; split++) {
            begin();
            x[len] = '\n';
            feed(x, split ? len : len + 1);
            if (split)
                feed("\n", 1);
            rest();
            assert_int_equal(joined.len, len + 1);
            assert_memory_equal(joined.data, x, len + 1);
            x[len] = 'x';
        }
    begin(); /* bytes that look like a beginning, and no more */
    memset(x, 0xF0, sizeof(x));
    feed(x, sizeof(x));
    rest();
    assert_int_equal(joined.len, sizeof(x));
}

static void
test_a_record(void **state)
{
    (void)state;
    struct lines_head h = {.job = "mail", .run_id = "1-2"};
    struct strbuf out = STRBUF_INIT;
    lines_format(&h, 1795251600123, "stdout", &(struct lines_piece){.text = "a \"b\"\t", .len = 6},
                 &out);
    assert_string_equal(strbuf_str(&out),
                        "{\"time\":\"2026-11-21T09:00:00.123Z\",\"program\":\"cronrun\",\"event\":"
                        "\"output\",\"job\":\"mail\",\"run_id\":\"1-2\",\"stream\":\"stdout\","
                        "\"msg\":\"a \\\"b\\\"\\t\"}\n");
    const struct {
        const char *text;
        size_t len;
        const char *end;
    } rows[] = {
        {"", 0, "\"msg\":\"\",\"partial\":true}\n"},
        {"\0\x7F", 2, "\"msg\":\"\\u0000\\u007f\",\"partial\":true}\n"},
        {"\xFF", 1, "\"msg\":\"\xEF\xBF\xBD\",\"partial\":true,\"base64\":\"/w==\"}\n"},
        {"a\xFF", 2, "\"msg\":\"a\xEF\xBF\xBD\",\"partial\":true,\"base64\":\"Yf8=\"}\n"},
        {"a\xFF\n", 3, "\"msg\":\"a\xEF\xBF\xBD\\n\",\"partial\":true,\"base64\":\"Yf8K\"}\n"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct lines_piece p = {.text = rows[i].text, .len = rows[i].len, .partial = true};
        strbuf_clear(&out);
        lines_format(&h, 1795251600123, "stderr", &p, &out);
        assert_non_null(strstr(strbuf_str(&out), rows[i].end));
    }
    strbuf_done(&out);
}

/* What stands before the text is kept from record to record. */
static void
test_heads(void **state)
{
    (void)state;
    static const char out_name[] = "stdout", err_name[] = "stderr";
    const struct {
        int64_t ms;
        const char *stream, *time;
    } rows[] = {{1795251600123, out_name, "09:00:00.123Z"},
                {1795251600123, out_name, "09:00:00.123Z"},
                {1795251600123, err_name, "09:00:00.123Z"},
                {1795251600124, err_name, "09:00:00.124Z"},
                {1795251600123, out_name, "09:00:00.123Z"}};
    struct lines_head h = {.job = "mail", .run_id = "1-2"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct strbuf out = STRBUF_INIT;
        char expected[256];
        snprintf(expected, sizeof(expected),
                 "{\"time\":\"2026-11-21T%s\",\"program\":\"cronrun\",\"event\":\"output\",\"job\":"
                 "\"mail\",\"run_id\":\"1-2\",\"stream\":\"%s\",\"msg\":\"x\"}\n",
                 rows[i].time, rows[i].stream);
        lines_format(&h, rows[i].ms, rows[i].stream, &(struct lines_piece){.text = "x", .len = 1},
                     &out);
        assert_string_equal(strbuf_str(&out), expected);
        strbuf_done(&out);
    }
}

/* The longest names, and bytes that take the most room: each record is a line, and none is too long. */
static void
test_no_record_is_too_long(void **state)
{
    (void)state;
    static const char *const fills[] = {"x",     "\"",       "\x01",        "\xFF",
                                        "x\xFF", "\x01\xFF", "\xE2\x82\xAC"};
    char job[201], text[LINES_PIECE_MAX];
    memset(job, 0xFF, 200);
    job[200] = '\0';
    struct lines_head h = {.job = job, .run_id = "12345678-1234-1234-1234-123456789012"};
    struct strbuf out = STRBUF_INIT;
    for (size_t i = 0; i < sizeof(fills) / sizeof(fills[0]); i++) {
        for (size_t k = 0; k < sizeof(text); k++)
            text[k] = fills[i][k % strlen(fills[i])];
        strbuf_clear(&out);
        lines_format(&h, 1795251600123, "stdout",
                     &(struct lines_piece){.text = text, .len = sizeof(text)}, &out);
        size_t partial = 0, records = 0;
        for (char *line = out.data, *end; *line; line = end + 1) {
            end = strchr(line, '\n');
            assert_non_null(end);
            assert_in_range(end + 1 - line, 1, LINES_RECORD_MAX);
            *end = '\0';
            records++;
            partial += strstr(line, "\"partial\":true") != NULL;
        }
        assert_int_equal(partial, records - 1); /* the line ends in the last */
        assert_true(i > 0 || records == 1);
    }
    strbuf_done(&out);
}

static int
clean_up(void **state)
{
    (void)state;
    strbuf_done(&said);
    strbuf_done(&joined);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),       cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_at_the_edge), cmocka_unit_test(test_a_record),
        cmocka_unit_test(test_heads),       cmocka_unit_test(test_no_record_is_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, clean_up);
}
