/* settings.c: which statements change how the rest is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "migrate/sql/settings.h"

/*
 * Begins with standard_conforming_strings on (off: true): whether it changes, and what it is then.
 */
static void
expect(bool off, const char *sql, bool changes, bool off_after)
{
    bool backslashes = off;

    assert_int_equal(settings_change(sql, strlen(sql), &backslashes), changes);
    assert_int_equal(backslashes, off_after);
}

#define SCS "standard_conforming_strings"

static void
test_set(void **state)
{
    (void)state;
    expect(false, "set " SCS " = off", true, true);
    expect(false, "SET SESSION Standard_Conforming_Strings TO Off", true, true);
    expect(false, "set local \"" SCS "\" to 'false'", true, true);
    expect(false, "set " SCS " = 0", true, true);
    expect(false, "set " SCS " = no", true, true);
    expect(false, "set " SCS " = of", true, true);
    expect(false, "set " SCS " = fal", true, true);
    expect(true, "set " SCS " = tru", true, false);
    expect(true, "set " SCS " = o", true, true);
    expect(true, "set " SCS " = truely", true, true);
    expect(true, "set " SCS " = on", true, false);
    expect(true, "set " SCS " to default", true, false);
    expect(true, "set " SCS " = 1", true, false);
    expect(true, "set/**/" SCS "=--\ntrue", true, false);
    expect(true, "set " SCS " = :x", true, true);
    expect(true, "set " SCS " =", true, true);
}

static void
test_update(void **state)
{
    (void)state;
    expect(false, "update pg_settings set setting = 'off'", true, false);
    expect(true, "UPDATE ONLY pg_catalog.pg_settings SET setting = 'off'", true, true);
    expect(false, "update pg_catalog", false, false);
    expect(false, "update a set b = 1", false, false);
    expect(false, "update", false, false);
    expect(false, "update only", false, false);
    expect(false, "update pg_catalog.", false, false);
    expect(false, "update x.pg_settings set setting = 'off'", false, false);
}

static void
test_reset(void **state)
{
    (void)state;
    expect(true, "reset " SCS, true, false);
    expect(true, "reset all", true, false);
    expect(true, "discard all", true, false);
    expect(true, "reset client_encoding", true, true);
    expect(true, "discard plans", false, true);
    expect(true, "reset role", false, true);
    expect(true, "reset", false, true);
    expect(true, "reset 1", false, true);
    expect(true, "RESET \"CLIENT_ENCODING\"", true, true);
    expect(true, "discard", false, true);
}

static void
test_set_config(void **state)
{
    (void)state;
    expect(false, "select set_config('" SCS "', 'off', false)", true, true);
    expect(false, "SELECT pg_catalog.set_config('Standard_Conforming_Strings', 'off', true)", true,
           true);
    expect(true, "select set_config('" SCS "', 'on', false)", true, false);
    expect(false, "select pg_catalog.set_config('search_path', '', false)", false, false);
    expect(false, "select x.set_config('" SCS "', 'off', false)", false, false);
    expect(false, "select set_config(a, 'off', false)", false, false);
    expect(false, "select set_config", false, false);
    expect(false, "select pg_catalog", false, false);
    expect(false, "select", false, false);
    expect(false, "select set_config('" SCS "'", false, false);
    expect(false, "select set_config('a' '" SCS "', 'off', false)", false, false);
    expect(false, "select set_config(E'\\x" SCS "', 'off', false)", false, false);
}

static void
test_others(void **state)
{
    (void)state;
    expect(false, "set client_encoding = 'UTF8'", true, false);
    expect(false, "set names 'UTF8'", true, false);
    expect(false, "set backslash_quote = on", true, false);
    expect(false, "set search_path = " SCS, false, false);
    expect(false, "set search_path to x", false, false);
    expect(false, "set", false, false);
    expect(false, "set session", false, false);
    expect(false, "set local", false, false);
    expect(false, "set 'client_encoding' = 1", true, false);
    expect(false, "set client_encoding", false, false);
    expect(false, "set a123456789012345678901234567890123456789012345678901234567890123 = 1", false,
           false); /* longer than any name */
    expect(false, "show client_encoding", false, false);
    expect(false, "s", false, false);
    expect(false, "select 1", false, false);
    expect(false, "update t set " SCS " = off", false, false);
    expect(false, "", false, false);
    expect(false, "'set'", false, false);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set),    cmocka_unit_test(test_update),
        cmocka_unit_test(test_reset),  cmocka_unit_test(test_set_config),
        cmocka_unit_test(test_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
