/* The record of a run: what is written is read, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "cronrun/record.h"

static const struct record sample = {.outcome = OUTCOME_DEADLINE,
                                     .reason = "deadline",
                                     .run_id = "0f8fad5b-d9cb-469f-a165-70867728950e",
                                     .exit = 124,
                                     .signal = 9,
                                     .started_ms = 1795251600123,
                                     .ended_ms = -1,
                                     .took_ms = 50004,
                                     .deadline_ms = CLOCK_NEVER,
                                     .fence = 18446744073709551615u,
                                     .max_rss_bytes = 4096};

static void
test_there_and_back(void **state)
{
    (void)state;
    for (enum outcome_kind kind = 0; kind < OUTCOME_KINDS; kind++) {
        cleanup_strbuf struct strbuf line = STRBUF_INIT;
        struct record r = sample, back = {0};
        r.outcome = kind;
        record_format(&line, &r);
        assert_true(line.len < RECORD_BYTES_MAX);
        assert_int_equal(record_parse(line.data, line.len, &back, NULL), 0);
        assert_int_equal(back.outcome, kind);
        assert_string_equal(back.reason, r.reason);
        assert_string_equal(back.run_id, r.run_id);
        assert_int_equal(back.exit, 124);
        assert_int_equal(back.signal, 9);
        assert_int_equal(back.started_ms, r.started_ms);
        assert_int_equal(back.ended_ms, -1);
        assert_int_equal(back.took_ms, 50004);
        assert_true(back.deadline_ms == CLOCK_NEVER);
        assert_true(back.fence == UINT64_MAX);
        assert_int_equal(back.max_rss_bytes, 4096);
        assert_int_equal(record_parse(line.data, line.len - 1, &back, NULL), 0);
    }
}

/* A line that is cut anywhere, and one with another letter anywhere, is refused or harmless. */
static void
test_hostile(void **state)
{
    (void)state;
    cleanup_strbuf struct strbuf line = STRBUF_INIT;
    struct record back;
    struct err e = {0};
    record_format(&line, &sample);
    for (size_t len = 0; len < line.len - 1; len++)
        assert_int_equal(record_parse(line.data, len, &back, &e), -1);
    assert_int_equal(e.code, ERR_INPUT);
    for (size_t i = 0; i < line.len; i++)
        for (int c = 0; c < 256; c++) {
            char old = line.data[i];
            line.data[i] = (char)c;
            if (record_parse(line.data, line.len, &back, NULL) == 0) {
                assert_true(back.outcome < OUTCOME_KINDS);
                assert_true(strlen(back.run_id) < RECORD_ID_MAX);
            }
            line.data[i] = old;
        }
    char huge[RECORD_BYTES_MAX + 1];
    memset(huge, 'x', sizeof(huge));
    assert_int_equal(record_parse(huge, sizeof(huge), &back, NULL), -1);
    static const char *const no[] = {
        "{\"outcome\":\"nonsense\",\"reason\":\"exit\"}",
        "{\"outcome\":\"this-word-is-longer-than-any-word-of-ours-is\",\"reason\":\"exit\"}",
        "{\"outcome\":\"suc\\u0063ess\",\"reason\":\"exit\"}", "[]", "null"};
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
        assert_int_equal(record_parse(no[i], strlen(no[i]), &back, NULL), -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
