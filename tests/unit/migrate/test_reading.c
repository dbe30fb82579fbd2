/* test_reading.c: where the server's settings and the splitter's do not agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "migrate/sql/reading.h"

static void
test_reading(void **state)
{
    (void)state;
    static const struct {
        const char *strings, *encoding, *text;
        bool backslashes;
        const char *says; /* NULL: they agree */
    } rows[] = {
        {"on", "UTF8", "select '\\'", false, NULL},
        {"off", "UTF8", "select '\\''", true, NULL},
        {"off", "UTF8", "select '\\'", false, "strings is off here"},
        {"off", "UTF8", "select '\\'", false, "set it to on"},
        {"on", "UTF8", "select '\\''", true, "strings is on here"},
        {"off", "UTF8", "select 1", false, NULL},
        {"on", "UTF8", "select 1", true, NULL},
        {"", "", "select '\\'", true, NULL},
        {"on", "LATIN1", "select 'é'", false, NULL},
        {"on", "SJIS", "select 'é'", false, "client_encoding is SJIS"},
        {"on", "GB18030", "select 'é'", false, "client_encoding is GB18030"},
        {"on", "SJIS", "select 'e'", false, NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct reading r = {.strings = rows[i].strings, .encoding = rows[i].encoding};
        struct err e = {0};
        int result = reading_check(&r, rows[i].text, strlen(rows[i].text), rows[i].backslashes, &e);
        assert_int_equal(result, rows[i].says ? -1 : 0);
        if (rows[i].says && !strstr(e.msg, rows[i].says))
            fail_msg("%s: %s", rows[i].text, e.msg);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_reading)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
