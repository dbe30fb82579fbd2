#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/field.h"

#define DOTS "\xE2\x80\xA6"

static void
assert_json(struct field f, size_t max_bytes, const char *expected)
{
    cleanup_strbuf struct strbuf b = STRBUF_INIT;
    struct json j = json_on(&b);
    json_object(&j);
    field_json(&j, &f, max_bytes);
    json_end(&j);
    assert_string_equal(strbuf_str(&b), expected);
}

static void
assert_text(struct field f, size_t max_bytes, const char *expected)
{
    cleanup_strbuf struct strbuf b = STRBUF_INIT;
    field_text(&b, &f, max_bytes);
    assert_string_equal(strbuf_str(&b), expected);
}

static void
each_type_as_json(void **state)
{
    (void)state;
    const char *const items[] = {"a", "b"};
    assert_json(LF_STR("k", "v"), 99, "{\"k\":\"v\"}");
    assert_json(LF_STR("k", ""), 99, "{\"k\":\"\"}");
    assert_json(LF_STR("k", NULL), 99, "{\"k\":null}");
    assert_json(LF_OPT("k", "v"), 99, "{\"k\":\"v\"}");
    assert_json(LF_OPT("k", ""), 99, "{}");
    assert_json(LF_OPT("k", NULL), 99, "{}");
    assert_json(LF_TAIL("k", "v"), 99, "{\"k\":\"v\"}");
    assert_json(LF_INT("k", -3), 99, "{\"k\":-3}");
    assert_json(LF_UINT("k", UINT64_MAX), 99, "{\"k\":18446744073709551615}");
    assert_json(LF_DOUBLE("k", 0.5), 99, "{\"k\":0.5}");
    assert_json(LF_BOOL("k", true), 99, "{\"k\":true}");
    assert_json(LF_NULL("k"), 99, "{\"k\":null}");
    assert_json(LF_LIST("k", items, 2), 99, "{\"k\":[\"a\",\"b\"]}");
    assert_json(LF_LIST("k", NULL, 0), 99, "{\"k\":[]}");
}

static void
each_type_as_text(void **state)
{
    (void)state;
    const char *const items[] = {"a", "b"};
    assert_text(LF_STR("k", "v w"), 99, "v w");
    assert_text(LF_STR("k", NULL), 99, "");
    assert_text(LF_INT("k", -3), 99, "-3");
    assert_text(LF_UINT("k", 3), 99, "3");
    assert_text(LF_DOUBLE("k", 0.5), 99, "0.5");
    assert_text(LF_BOOL("k", false), 99, "false");
    assert_text(LF_NULL("k"), 99, "");
    assert_text(LF_LIST("k", items, 2), 99, "a,b");
}

static void
long_strings_are_cut_at_the_end_that_matters_less(void **state)
{
    (void)state;
    assert_text(LF_STR("k", "abcdef"), 6, "abcdef");
    assert_text(LF_STR("k", "abcdef"), 5, "abcde" DOTS);
    assert_text(LF_TAIL("k", "abcdef"), 6, "abcdef");
    assert_text(LF_TAIL("k", "abcdef"), 2, DOTS "ef");
    assert_text(LF_STR("k", "a\xC3\xBC"), 2, "a" DOTS);
    assert_text(LF_TAIL("k", "\xC3\xBC"
                             "a"),
                2, DOTS "a");
    assert_json(LF_STR("k", "abcdef"), 2, "{\"k\":\"ab" DOTS "\"}");
    assert_json(LF_TAIL("k", "abcdef"), 2, "{\"k\":\"" DOTS "ef\"}");
}

static void
long_lists_keep_their_first_items(void **state)
{
    (void)state;
    const char *const items[] = {"0001", "0002", "0003"};
    assert_json(LF_LIST("k", items, 3), 15, "{\"k\":[\"0001\",\"0002\",\"0003\"]}");
    assert_json(LF_LIST("k", items, 3), 14, "{\"k\":[\"0001\",\"0002\",\"" DOTS "\"]}");
    assert_json(LF_LIST("k", items, 3), 1, "{\"k\":[\"" DOTS "\"]}");
    assert_text(LF_LIST("k", items, 3), 5, "0001," DOTS);
    assert_text(LF_LIST("k", items, 3), 0, DOTS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_type_as_json),
        cmocka_unit_test(each_type_as_text),
        cmocka_unit_test(long_strings_are_cut_at_the_end_that_matters_less),
        cmocka_unit_test(long_lists_keep_their_first_items),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
