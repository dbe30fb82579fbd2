#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"

static void
empty_is_an_empty_string(void **state)
{
    (void)state;
    cleanup_strbuf struct strbuf b = STRBUF_INIT;
    assert_string_equal(strbuf_str(&b), "");
    strbuf_add(&b, NULL, 0);
    assert_string_equal(strbuf_str(&b), "");
    assert_false(b.failed);
}

static void
it_grows_and_stays_terminated(void **state)
{
    (void)state;
    cleanup_strbuf struct strbuf b = STRBUF_INIT;
    for (size_t i = 0; i < 5000; i++) {
        strbuf_addc(&b, (char)('a' + i % 26));
        assert_int_equal(b.data[b.len], '\0');
        assert_true(b.len < b.size);
    }
    assert_int_equal(b.len, 5000);
    strbuf_add(&b, "x\0y", 3);
    assert_int_equal(b.len, 5003);
    assert_memory_equal(b.data + 5000, "x\0y", 4);
}

static void
formats_short_and_long(void **state)
{
    (void)state;
    cleanup_strbuf struct strbuf b = STRBUF_INIT;
    strbuf_addf(&b, "%d-%s", 7, "x");
    assert_string_equal(strbuf_str(&b), "7-x");
    strbuf_clear(&b);
    strbuf_addf(&b, "%0255d", 1); /* the sizes around the buffer on the stack */
    assert_int_equal(b.len, 255);
    strbuf_addf(&b, "%0256d", 1);
    strbuf_addf(&b, "%03000d|", 1);
    assert_int_equal(b.len, 255 + 256 + 3001);
    assert_int_equal(b.data[b.len - 1], '|');
}

static void
clear_keeps_the_memory(void **state)
{
    (void)state;
    cleanup_strbuf struct strbuf b = STRBUF_INIT;
    strbuf_adds(&b, "something");
    size_t size = b.size;
    strbuf_clear(&b);
    assert_string_equal(strbuf_str(&b), "");
    assert_int_equal(b.size, size);
}

static void
steal_hands_over(void **state)
{
    (void)state;
    struct strbuf b = STRBUF_INIT;
    strbuf_adds(&b, "mine");
    cleanup_free char *s = strbuf_steal(&b);
    assert_string_equal(s, "mine");
    assert_null(b.data);
    cleanup_free char *empty = strbuf_steal(&b);
    assert_string_equal(empty, "");
}

static void
too_much_is_noted_not_crashed(void **state)
{
    (void)state;
    struct strbuf b = STRBUF_INIT;
    strbuf_adds(&b, "kept");
    strbuf_add(&b, "", SIZE_MAX - 2);
    assert_true(b.failed);
    strbuf_adds(&b, " more");
    assert_string_equal(strbuf_str(&b), "kept");
    assert_null(strbuf_steal(&b));
    assert_null(b.data);
    assert_false(b.failed);
}

static void
steal_macros_transfer(void **state)
{
    (void)state;
    char *p = strdup("x");
    char *q = steal_ptr(&p);
    assert_null(p);
    assert_non_null(q);
    free(q);
    int fd = 7;
    assert_int_equal(steal_fd(&fd), 7);
    assert_int_equal(fd, -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_is_an_empty_string), cmocka_unit_test(it_grows_and_stays_terminated),
        cmocka_unit_test(formats_short_and_long),   cmocka_unit_test(clear_keeps_the_memory),
        cmocka_unit_test(steal_hands_over),         cmocka_unit_test(too_much_is_noted_not_crashed),
        cmocka_unit_test(steal_macros_transfer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
