/* test_facts.c: one pass finds what the verdict and the loose digest find by themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "migrate/files/facts.h"

static struct source_text
text_of(const char *text)
{
    return (struct source_text){.data = text, .len = strlen(text), .to = strlen(text)};
}

static int
read_facts(const char *text, struct facts *ret, struct err *e)
{
    const struct layout_header header = {.transaction = VERDICT_AUTO};
    struct source_text t = text_of(text);

    return facts_read(&t, &header, ret, e);
}

static void
test_as_each_alone(void **state)
{
    static const char *const texts[] = {
        "",
        "select 1; -- a\n/* b */ select\r\n 2",
        "begin isolation level serializable; create table a (); commit;",
        "copy t from stdin;\n1\r\n2\n\\.\nselect '\r\n';",
        "vacuum;\n\ncreate index concurrently i on t (a);",
        "set standard_conforming_strings = off; select '\\'; ';",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct source_text t = text_of(texts[i]);
        struct facts f;
        struct verdict_file v;
        uint8_t loose[DIGEST_BYTES];
        struct lexer lx;
        source_text_lexer(&t, &lx);
        assert_int_equal(verdict_file(&lx, VERDICT_AUTO, 0, &v, NULL), 0);
        assert_int_equal(facts_loose(&t, loose, NULL), 0);
        assert_int_equal(read_facts(texts[i], &f, NULL), 0);
        assert_memory_equal(f.loose_sha256, loose, DIGEST_BYTES);
        assert_int_equal(f.verdict.statements, v.statements);
        assert_int_equal(f.verdict.transaction, v.transaction);
        assert_int_equal(f.verdict.begin_n, v.begin_n);
        assert_int_equal(f.verdict.commit_n, v.commit_n);
        assert_int_equal(f.verdict.options_bytes, v.options_bytes);
        assert_int_equal(f.verdict.cannot_line, v.cannot_line);
    }
}

static void
test_refused_at_its_place(void **state)
{
    static const struct {
        const char *text, *rule;
        size_t line, offset;
    } rows[] = {
        {"a;\ncommit;\nb", "transaction", 2, 3},
        {"a;\n\nselect 'b", "splitting", 3, 11},
        {"begin;\na", "transaction", 1, 0},
        {"a;\n-- migrate: phase=contract\nb", "marks", 2, 3},
        {"a;\n-- down\nb", "marks", 2, 3},
        {"a;\nb\xc2\xa0", "characters", 2, 4},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct facts f;
        struct err e;
        assert_int_equal(read_facts(rows[i].text, &f, &e), -1);
        assert_int_equal(e.code, ERR_INPUT);
        assert_string_equal(f.verdict.rule, rows[i].rule);
        assert_int_equal(f.verdict.error_line, rows[i].line);
        assert_int_equal(f.verdict.error_offset, rows[i].offset);
    }
}

/* An applied file may hold what no file may hold any more; where it ends too early, the line is told. */
static void
test_loose_judges_nothing(void **state)
{
    uint8_t loose[DIGEST_BYTES];
    struct source_text t = text_of("a;\ncommit;\n-- down\nb");
    struct err e;

    (void)state;
    assert_int_equal(facts_loose(&t, loose, &e), 0);
    t = text_of("a;\n/*");
    assert_int_equal(facts_loose(&t, loose, &e), -1);
    assert_int_equal(t.error_line, 2);
}

/* What was found in a file that is not the same any more has no place. */
static void
test_loose_of_a_file_that_is_gone(void **state)
{
    uint8_t loose[DIGEST_BYTES];
    struct source_text t = text_of("a;\n/*");
    struct err e;

    (void)state;
    t.mapped = true;
    t.fd = -1;
    assert_int_equal(facts_loose(&t, loose, &e), -1);
    assert_int_equal(e.code, ERR_SYSTEM);
    assert_int_equal(t.error_line, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_each_alone),
        cmocka_unit_test(test_refused_at_its_place),
        cmocka_unit_test(test_loose_judges_nothing),
        cmocka_unit_test(test_loose_of_a_file_that_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
