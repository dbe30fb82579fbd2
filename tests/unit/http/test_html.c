/* HTML: what is escaped, the hash that lets a style in, and the line of time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/http/html.h"

static void
expect_text(const char *text, const char *html)
{
    cleanup_strbuf struct strbuf out = STRBUF_INIT;
    html_text(&out, text);
    assert_string_equal(strbuf_str(&out), html);
}

static void
test_text(void **state)
{
    (void)state;
    expect_text("", "");
    expect_text("plain \xc3\xa4\n\t", "plain \xc3\xa4\n\t");
    expect_text("<script>alert('x' & \"y\")</script>",
                "&lt;script&gt;alert(&#39;x&#39; &amp; &quot;y&quot;)&lt;/script&gt;");
    expect_text("a\x01\x7f\xff\xc3z\xc0\xaf", "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
                                              "z\xEF\xBF\xBD\xEF\xBF\xBD");
}

/* As `openssl dgst -sha256 -binary | base64` has it. */
static void
test_hash(void **state)
{
    (void)state;
    char buf[HTML_CSP_HASH_MAX];
    struct err e;
    assert_int_equal(html_csp_hash("", buf, &e), 0);
    assert_string_equal(buf, "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='");
    assert_int_equal(html_csp_hash("a{b:c}", buf, &e), 0);
    assert_string_equal(buf, "'sha256-0cRUVYRKwNwnl1hkfkPGjkht16b039TjFdJzmXfFK2o='");
}

static const struct html_band bands[] = {{"none", 0}, {"up", 0}, {"half", 50}, {"down", 100}};

static void
expect_picture(const struct html_slot *slots, size_t n, const char *paths)
{
    cleanup_strbuf struct strbuf out = STRBUF_INIT;
    const struct html_timeline t = {.title = "<t>",
                                    .description = "d&d",
                                    .id = "x",
                                    .bands = bands,
                                    .n_bands = 4,
                                    .slots = slots,
                                    .n = n};
    html_timeline(&out, &t);
    assert_non_null(strstr(strbuf_str(&out), "<title id=\"x-title\">&lt;t&gt;</title>"
                                             "<desc id=\"x-text\">d&amp;d</desc>"));
    const char *at = strstr(out.data, "</desc>");
    assert_string_equal(at + strlen("</desc>"), paths);
}

static void
test_timeline(void **state)
{
    (void)state;
    static const struct html_slot quiet[] = {{1, 20}, {1, 20}, {1, 20}};
    expect_picture(
        quiet, 3,
        "<path class=\"area\" d=\"M0 80H30V100H0z\"/><path class=\"line\" d=\"M0 80H30\"/>"
        "<path class=\"lane up\" d=\"M0 106H30v10H0z\"/></svg>");
    static const struct html_slot busy[] = {{0, 0}, {2, 10}, {2, 10}, {3, 30},
                                            {3, 0}, {1, 0},  {3, 99}, {2, 100}};
    expect_picture(busy, 8,
                   "<path class=\"band half\" d=\"M10 50H30v50H10zM70 50H80v50H70z\"/>"
                   "<path class=\"band down\" d=\"M30 0H50v100H30zM60 0H70v100H60z\"/>"
                   "<path class=\"area\" d=\"M10 90H30V70H40V100H10zM60 1H70V0H80V100H60z\"/>"
                   "<path class=\"line\" d=\"M10 90H30V70H40M60 1H70V0H80\"/>"
                   "<path class=\"lane none\" d=\"M0 106H10v10H0z\"/>"
                   "<path class=\"lane up\" d=\"M50 106H60v10H50z\"/>"
                   "<path class=\"lane half\" d=\"M10 106H30v10H10zM70 106H80v10H70z\"/>"
                   "<path class=\"lane down\" d=\"M30 106H50v10H30zM60 106H70v10H60z\"/></svg>");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_timeline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
