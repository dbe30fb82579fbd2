/* The last changes of verdicts: the latest first, and no more than there is room for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "healthd/check/history.h"

static struct check_spec spec = {.name = "database"};
static struct history h;

static void
change(enum verdict_state from, enum verdict_state to, enum reason reason, int64_t at_ms)
{
    const struct view v = {.spec = &spec, .now = {to, reason}, .since_ms = at_ms};
    history_add(&h, &v, (struct verdict_view){from, REASON_NONE});
}

static void
test_history(void **state)
{
    (void)state;
    h = (struct history){0};
    assert_int_equal(history_count(&h), 0);
    change(VERDICT_UNKNOWN, VERDICT_UP, REASON_NONE, 1000);
    change(VERDICT_UP, VERDICT_UP, REASON_NONE, 1500);
    change(VERDICT_UP, VERDICT_DOWN, REASON_REFUSED, 2000);
    change(VERDICT_DOWN, VERDICT_DOWN, REASON_TIMEOUT, 2500); /* its reason alone */
    assert_int_equal(history_count(&h), 2);
    const struct history_change *c = history_at(&h, 0);
    assert_string_equal(c->check, "database");
    assert_int_equal(c->from, VERDICT_UP);
    assert_int_equal(c->state, VERDICT_DOWN);
    assert_int_equal(c->reason, REASON_REFUSED);
    assert_int_equal(c->at_ms, 2000);
    assert_int_equal(history_at(&h, 1)->at_ms, 1000);
    spec.name[0] = 'D'; /* it was copied */
    assert_string_equal(history_at(&h, 0)->check, "database");
    spec.name[0] = 'd';
}

static void
test_ring(void **state)
{
    (void)state;
    h = (struct history){0};
    for (int i = 0; i < 3 * HISTORY_MAX + 5; i++) {
        change(VERDICT_UP, VERDICT_DOWN, REASON_CLOSED, i);
        size_t n = i < HISTORY_MAX ? (size_t)i + 1 : HISTORY_MAX;
        assert_int_equal(history_count(&h), n);
        assert_int_equal(history_at(&h, 0)->at_ms, i);
        assert_int_equal(history_at(&h, n - 1)->at_ms, i - (int)n + 1);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_history),
        cmocka_unit_test(test_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
