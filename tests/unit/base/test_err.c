#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/err.h"
#include "common/base/utf8.h"

static void
set_fills_and_returns_minus_one(void **state)
{
    (void)state;
    struct err e = {.sys_errno = 5, .sqlstate = "57P01"};
    assert_int_equal(err_set(&e, ERR_TIMEOUT, "no answer in %d s", 3), -1);
    assert_int_equal(e.code, ERR_TIMEOUT);
    assert_string_equal(e.msg, "no answer in 3 s");
    assert_int_equal(e.sys_errno, 0);
    assert_string_equal(e.sqlstate, "");
}

static void
null_is_allowed_everywhere(void **state)
{
    (void)state;
    assert_int_equal(err_set(NULL, ERR_DNS, "x"), -1);
    assert_int_equal(err_sys(NULL, EIO, "x"), -1);
    assert_int_equal(err_sql(NULL, ERR_SERVER, "42P01", "x"), -1);
    assert_int_equal(err_wrap(NULL, "x"), -1);
    assert_int_equal(err_nomem(NULL), -1);
    assert_int_equal(err_word(NULL, ERR_SERVER, "OOM", "x"), -1);
    err_clear(NULL);
}

static void
nomem_is_a_code_of_its_own(void **state)
{
    (void)state;
    struct err e;
    assert_int_equal(err_nomem(&e), -1);
    assert_int_equal(e.code, ERR_NOMEM);
    assert_string_equal(e.msg, "out of memory");
}

static void
word_is_kept_and_cut(void **state)
{
    (void)state;
    struct err e;
    assert_int_equal(err_word(&e, ERR_SERVER, "LOADING", "LOADING %d", 1), -1);
    err_wrap(&e, "cache");
    assert_string_equal(e.word, "LOADING");
    assert_string_equal(e.msg, "cache: LOADING 1");
    err_word(&e, ERR_SERVER, "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "x");
    assert_string_equal(e.word, "ABCDEFGHIJKLMNOPQRSTUVW");
    err_set(&e, ERR_SERVER, "y");
    assert_string_equal(e.word, "");
}

static void
sys_adds_the_reason(void **state)
{
    (void)state;
    struct err e;
    err_sys(&e, ENOENT, "cannot open %s", "x");
    assert_string_equal(e.msg, "cannot open x: No such file or directory");
    assert_int_equal(e.code, ERR_SYSTEM);
    assert_int_equal(e.sys_errno, ENOENT);
    err_sys(&e, ENOMEM, "x");
    assert_int_equal(e.code, ERR_NOMEM);
}

static void
sql_keeps_five_characters(void **state)
{
    (void)state;
    struct err e;
    err_sql(&e, ERR_SERVER, "57P01 and more", "gone");
    assert_string_equal(e.sqlstate, "57P01");
    err_sql(&e, ERR_SERVER, NULL, "gone");
    assert_string_equal(e.sqlstate, "");
}

static void
wrap_keeps_the_rest(void **state)
{
    (void)state;
    struct err e;
    err_sql(&e, ERR_AUTH, "28P01", "password refused");
    err_wrap(&e, "login to %s", "db");
    assert_string_equal(e.msg, "login to db: password refused");
    assert_int_equal(e.code, ERR_AUTH);
    assert_string_equal(e.sqlstate, "28P01");
}

static void
arguments_may_be_the_old_message(void **state)
{
    (void)state;
    struct err e;
    err_set(&e, ERR_INPUT, "inner");
    err_set(&e, ERR_USAGE, "outer(%s)", e.msg);
    assert_string_equal(e.msg, "outer(inner)");
}

static void
messages_are_one_line(void **state)
{
    (void)state;
    struct err e;
    err_set(&e, ERR_SERVER, "FATAL: no\n\tmore\r\n");
    assert_string_equal(e.msg, "FATAL: no \tmore");
}

static void
a_long_message_is_cut_between_characters(void **state)
{
    (void)state;
    char text[2000] = "x";
    for (size_t i = 0; i < 600; i++)
        memcpy(text + 1 + 2 * i, "\xC3\xA4", 3);
    struct err e;
    err_set(&e, ERR_INPUT, "%s", text);
    assert_true(strlen(e.msg) > ERR_MSG_MAX - 4);
    assert_true(utf8_valid(e.msg, strlen(e.msg), NULL));
    err_wrap(&e, "%s", "around it");
    assert_true(utf8_valid(e.msg, strlen(e.msg), NULL));
    assert_memory_equal(e.msg, "around it: x", 12);
}

static void
every_code_has_a_row(void **state)
{
    (void)state;
    for (int i = 0; i < ERR_CODES; i++) {
        assert_non_null(err_name((enum err_code)i));
        assert_string_not_equal(err_name((enum err_code)i), "unknown");
    }
    assert_string_equal(err_name(ERR_CODES), "unknown");
    assert_string_equal(err_name((enum err_code) - 1), "unknown");
    assert_true(err_retryable(ERR_REFUSED));
    assert_true(err_retryable(ERR_BUSY));
    assert_false(err_retryable(ERR_AUTH));
    assert_false(err_retryable(ERR_USAGE));
    assert_false(err_retryable((enum err_code)99));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_fills_and_returns_minus_one),
        cmocka_unit_test(null_is_allowed_everywhere),
        cmocka_unit_test(word_is_kept_and_cut),
        cmocka_unit_test(nomem_is_a_code_of_its_own),
        cmocka_unit_test(sys_adds_the_reason),
        cmocka_unit_test(sql_keeps_five_characters),
        cmocka_unit_test(wrap_keeps_the_rest),
        cmocka_unit_test(arguments_may_be_the_old_message),
        cmocka_unit_test(messages_are_one_line),
        cmocka_unit_test(a_long_message_is_cut_between_characters),
        cmocka_unit_test(every_code_has_a_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
