/* What a reason says about whom to ask next, and its word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "healthd/check/reason.h"

static void
test_of_server(void **state)
{
    (void)state;
    for (int r = 0; r < REASONS; r++) {
        bool of_server = r == REASON_WRONG_ROLE || r == REASON_READ_ONLY ||
                         r == REASON_STALE_REPLICA || r == REASON_MASTER_DOWN;
        assert_int_equal(reason_is_of_server((enum reason)r), of_server);
        assert_int_equal(reason_is_setting((enum reason)r),
                         r == REASON_AUTH || r == REASON_NO_DATABASE);
    }
}

static void
test_texts(void **state)
{
    (void)state;
    for (int a = 0; a < REASONS; a++) {
        assert_true(strlen(reason_text((enum reason)a)) > 0);
        for (int b = 0; b < a; b++)
            assert_string_not_equal(reason_text((enum reason)a), reason_text((enum reason)b));
    }
}

/* A sentence for each, which no other has. */
static void
test_meanings(void **state)
{
    (void)state;
    assert_string_equal(reason_meaning(REASON_NONE), "");
    assert_string_equal(reason_meaning(REASONS), reason_meaning(REASON_UNEXPECTED));
    for (int a = REASON_NONE + 1; a < REASONS; a++) {
        const char *text = reason_meaning((enum reason)a);
        assert_int_equal(text[strlen(text) - 1], '.');
        for (int b = 0; b < a; b++)
            assert_string_not_equal(text, reason_meaning((enum reason)b));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meanings),
        cmocka_unit_test(test_of_server),
        cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
