/* The worst times that `healthd explain` prints, from the settings alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "healthd/check/bound.h"
#include "healthd/check/checkline.h"
#include "healthd/probe/probe_kinds.h"

struct row {
    const char *line;
    enum bound_failure failure;
    uint64_t down_ms, back_ms, late_ms;
};

static const struct row rows[] = {
    {"a redis://h", BOUND_CLOSED, 0, 500, 2000},
    {"a redis://h", BOUND_ERROR, 2000, 500, 2000},
    {"a redis://h", BOUND_SILENCE, 2000 + 1000 + 500 + 1000, 1500, 3000},
    {"a tcp://h:1", BOUND_ERROR, 2000, 500, 2000},
    {"a redis://h every 400ms timeout 300ms", BOUND_SILENCE, 400 + 300 + 200 + 300, 500, 700},
    /* Further failures come at the quicker pace, further successes do not. */
    {"a redis://h fall 3 rise 2", BOUND_CLOSED, 2 * 500, 500 + 2000, 2000 + 2000},
    {"a redis://h fall 3", BOUND_ERROR, 2000 + 2 * 500, 500, 2000},
    {"a redis://h fall 3", BOUND_SILENCE, 3000 + 2 * 1500, 1500, 3000},
    {"a redis://h fall 1", BOUND_SILENCE, 3000, 1500, 3000},
    /* A result that is too old is no longer up. */
    {"a redis://h stale 2500ms", BOUND_SILENCE, 2500 + 1500, 1500, 3000},
    {"a redis://h stale 2500ms fall 1", BOUND_SILENCE, 2500, 1500, 3000},
    {"a redis://h stale 2500ms", BOUND_ERROR, 2000, 500, 2000},
    {"a redis://h shared degrade=30s", BOUND_ERROR, 32000, 500, 2000},
    {"a redis://h shared degrade=30s", BOUND_CLOSED, 30000, 500, 2000},
    {"a redis://h optional", BOUND_CLOSED, CLOCK_NEVER, 500, 2000},
    {"a redis://h optional", BOUND_SILENCE, CLOCK_NEVER, 1500, 3000},
    {"a redis://h every 0", BOUND_ERROR, CLOCK_NEVER, 500, 2000},
};

static void
test_bounds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *r = &rows[i];
        struct check_spec s;
        struct bound b;
        struct err e;
        print_message("%s: %s\n", r->line, bound_failure_text(r->failure));
        assert_int_equal(checkline_parse(r->line, probe_kinds, &s, &e), 0);
        assert_true(bound_of(&s, r->failure, &b));
        assert_int_equal(b.down_ms, r->down_ms);
        assert_int_equal(b.back_ms, r->back_ms);
        assert_int_equal(b.late_ms, r->late_ms);
        check_spec_done(&s);
    }
}

static void
test_no_session_to_close(void **state)
{
    static const char *const lines[] = {"a tcp://h:1", "a redis://h connection each"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct check_spec s;
        struct bound b;
        struct err e;
        assert_int_equal(checkline_parse(lines[i], probe_kinds, &s, &e), 0);
        assert_false(bound_of(&s, BOUND_CLOSED, &b));
        assert_true(bound_of(&s, BOUND_ERROR, &b));
        check_spec_done(&s);
    }
}

static void
test_concluded(void **state)
{
    const struct bound_probe p = {
        .period_ms = 5000, .timeout_ms = 1000, .failures = 3, .successes = 1};
    (void)state;
    assert_int_equal(bound_concluded_ms(250, &p, p.failures), 15250);
    assert_int_equal(bound_concluded_ms(250, &p, p.successes), 5250);
    assert_int_equal(bound_concluded_ms(CLOCK_NEVER, &p, 1), CLOCK_NEVER);
    assert_int_equal(bound_concluded_ms(CLOCK_NEVER - 1, &p, 1), CLOCK_NEVER);
    assert_int_equal(bound_concluded_ms(0, &p, UINT64_MAX), CLOCK_NEVER);
}

/* What a target says of itself in the table, for every kind. */
static void
test_every_target_describes_itself(void **state)
{
    (void)state;
    for (size_t i = 0; probe_kinds[i]; i++)
        assert_non_null(probe_kinds[i]->target->describe);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_no_session_to_close),
        cmocka_unit_test(test_concluded),
        cmocka_unit_test(test_every_target_describes_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
