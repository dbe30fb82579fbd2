/* test_origin.c: where a setting comes from, in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "migrate/db/origin.h"

static void
test_text(void **state)
{
    (void)state;
    static const struct {
        const char *source, *text;
    } rows[] = {
        {"user", "ALTER ROLE r SET"},
        {"database", "ALTER DATABASE d SET"},
        {"database user", "ALTER ROLE r IN DATABASE d SET"},
        {"global", "ALTER ROLE ALL SET"},
        {"client", "the connection's own options (options=, PGOPTIONS)"},
        {"configuration file", "the server's configuration (postgresql.conf or ALTER SYSTEM)"},
        {"command line", "the server (command line)"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        cleanup_strbuf struct strbuf out = STRBUF_INIT;
        origin_text(rows[i].source, "r", "d", &out);
        assert_string_equal(strbuf_str(&out), rows[i].text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_text)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
