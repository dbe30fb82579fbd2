/* test_checkline_memory.c: a check line while memory runs out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "healthd/check/checkline.h"
#include "healthd/probe/probe_kinds.h"
#include "tests/unit/fakes/fake_memory.h"

static const char *line;

/* Whatever is missing, the line is refused for want of memory, not as one that is wrong. */
static int
parse(void)
{
    struct check_spec s;
    struct err e = {0};
    if (checkline_parse(line, probe_kinds, &s, &e) != 0) {
        assert_int_equal(e.code, ERR_NOMEM);
        return -1;
    }
    check_spec_done(&s);
    return 0;
}

static void
test_lines(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "db postgres://h/d groups live,ready words yes,no role primary query 'SELECT 1'",
        "cache redis://h:1/0 every 5s",
        "app http://h/healthz status 204",
        "app tcp://h:1",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
        line = lines[i];
        assert_true(memory_fails_each(parse) > 5);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
