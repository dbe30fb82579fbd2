#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/digest.h"

static void
assert_sum(const uint8_t *sum, const char *hex)
{
    char buf[DIGEST_HEX_MAX];
    assert_string_equal(digest_hex(buf, sum, DIGEST_BYTES), hex);
}

/* FIPS 180-4 examples. */
static void
known_sums(void **state)
{
    (void)state;
    uint8_t sum[DIGEST_BYTES];
    assert_int_equal(digest_sha256("", 0, sum, NULL), 0);
    assert_sum(sum, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_int_equal(digest_sha256("abc", 3, sum, NULL), 0);
    assert_sum(sum, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void
streaming_equals_one_shot_and_starts_anew(void **state)
{
    (void)state;
    CLEANUP_WITH(digest_done) struct digest d = DIGEST_INIT;
    uint8_t sum[DIGEST_BYTES];
    for (int round = 0; round < 3; round++) {
        assert_int_equal(digest_start(&d, NULL), 0);
        digest_add(&d, "abcdbcdecdefdefgefghfghighij", 28);
        digest_add(&d, "", 0);
        digest_add(&d, "hijkijkljklmklmnlmnomnopnopq", 28);
        assert_int_equal(digest_end(&d, sum, NULL), 0);
        assert_sum(sum, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    }
    digest_start(&d, NULL);
    digest_add(&d, "dropped", 7);
    digest_start(&d, NULL);
    digest_end(&d, sum, NULL);
    assert_sum(sum, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void
a_key_is_the_sums_beginning(void **state)
{
    (void)state;
    int64_t key = 0;
    assert_int_equal(digest_key64("", 0, &key, NULL), 0);
    assert_true(key == (int64_t)UINT64_C(0xe3b0c44298fc1c14));
    assert_int_equal(digest_key64("abc", 3, &key, NULL), 0);
    assert_true(key == (int64_t)UINT64_C(0xba7816bf8f01cfea));
}

static void
done_takes_what_never_began(void **state)
{
    (void)state;
    struct digest d = DIGEST_INIT;
    digest_done(&d);
    digest_done(&d);
}

static void
random_bytes_differ(void **state)
{
    (void)state;
    uint8_t a[32] = {0}, b[32] = {0};
    assert_int_equal(digest_random(a, sizeof(a), NULL), 0);
    assert_int_equal(digest_random(b, sizeof(b), NULL), 0);
    assert_memory_not_equal(a, b, sizeof(a));
}

static void
jitter_stays_below_its_bound(void **state)
{
    (void)state;
    bool seen[4] = {0};
    for (int i = 0; i < 1000; i++) {
        uint32_t r = digest_jitter(4);
        assert_true(r < 4);
        seen[r] = true;
    }
    assert_true(seen[0] && seen[1] && seen[2] && seen[3]);
    assert_int_equal(digest_jitter(1), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_sums),
        cmocka_unit_test(streaming_equals_one_shot_and_starts_anew),
        cmocka_unit_test(a_key_is_the_sums_beginning),
        cmocka_unit_test(done_takes_what_never_began),
        cmocka_unit_test(random_bytes_differ),
        cmocka_unit_test(jitter_stays_below_its_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
