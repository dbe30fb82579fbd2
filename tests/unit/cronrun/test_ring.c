/* The last bytes of two streams, against a list of all that was ever put in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cronrun/output/ring.h"
#include "tests/unit/fakes/fake_memory.h"

static struct ring ring;
static char all[65536]; /* each byte, and of which stream it is */
static char of[65536];
static size_t all_n;

static void
begin(size_t size)
{
    all_n = 0;
    assert_int_equal(ring_init(&ring, size, NULL), 0);
}

static void
put(unsigned stream, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        all[all_n + i] = (char)('a' + (all_n + i) % 26);
        of[all_n + i] = (char)stream;
    }
    ring_put(&ring, stream, all + all_n, len);
    all_n += len;
}

/* What is in the ring is the end of what was put in, stream by stream. */
static void
agree(void)
{
    struct ring_cursor c = {0};
    size_t at = all_n - ring.bytes;
    unsigned stream;
    const char *data;
    assert_true(ring.total == all_n);
    assert_true(ring.used <= ring.size);
    for (size_t n; (n = ring_next(&ring, &c, &stream, &data)) > 0; at += n)
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(data[i], all[at + i]);
            assert_int_equal(stream, of[at + i]);
        }
    assert_int_equal(at, all_n);
}

static void
test_one_stream(void **state)
{
    (void)state;
    begin(64);
    agree();
    put(0, 0);
    assert_int_equal(ring.used, 0);
    put(0, 10);
    put(0, 10);
    assert_int_equal(ring.bytes, 20);
    assert_int_equal(ring.used, 24); /* one frame */
    agree();
    put(0, 100);
    assert_int_equal(ring.bytes, 60);
    agree();
    put(1, 60);
    assert_int_equal(ring.bytes, 60);
    agree();
    ring_done(&ring);
}

static void
test_by_chance(void **state)
{
    (void)state;
    srandom(7);
    for (size_t size = 17; size < 200; size += 13) {
        begin(size);
        for (int i = 0; i < 300; i++) {
            put((unsigned)random() % 2, (size_t)random() % (i % 10 ? 9 : 150));
            agree();
        }
        ring_done(&ring);
    }
}

static void
test_the_last_of_it(void **state)
{
    (void)state;
    struct strbuf out = STRBUF_INIT;
    begin(64);
    put(0, 7);
    put(1, 5);
    ring_last(&ring, 100, &out);
    assert_string_equal(strbuf_str(&out), "abcdefghijkl");
    strbuf_clear(&out);
    ring_last(&ring, 6, &out);
    assert_string_equal(strbuf_str(&out), "ghijkl");
    strbuf_clear(&out);
    ring_last(&ring, 3, &out);
    assert_string_equal(strbuf_str(&out), "jkl");
    strbuf_done(&out);
    ring_done(&ring);
}

static int
make_ring(void)
{
    struct err e;
    struct ring none;
    int rc = ring_init(&none, 64, &e);
    if (rc < 0)
        assert_int_equal(e.code, ERR_NOMEM);
    ring_done(&none);
    return rc;
}

static void
test_no_memory(void **state)
{
    (void)state;
    assert_int_equal(memory_fails_each(make_ring), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_stream),
        cmocka_unit_test(test_by_chance),
        cmocka_unit_test(test_the_last_of_it),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
