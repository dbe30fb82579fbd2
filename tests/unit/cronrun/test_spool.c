/* What a failing run shows: all of it, or its beginning and its end, whatever the disk does. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "cronrun/output/spool.h"

#define PIECE 50000u
#define AT_ALL ((size_t)SPOOL_FILE_MAX + 2 * SPOOL_RING_BYTES)

static struct spool spool;

/* Byte number i of all that is written: it is told by its place. */
static char
byte_at(uint64_t i)
{
    return (char)(i * 2654435761u >> 24);
}

static unsigned
put(uint64_t from, size_t len, unsigned stream)
{
    static char data[PIECE];
    struct err e;
    unsigned faults = 0;
    for (uint64_t at = from; at < from + len; at += sizeof(data)) {
        size_t n = from + len - at < sizeof(data) ? (size_t)(from + len - at) : sizeof(data);
        for (size_t i = 0; i < n; i++)
            data[i] = byte_at(at + i);
        faults += spool_put(&spool, stream, data, n, &e) < 0;
    }
    return faults;
}

/* The ring is full, but for the heads of its frames. */
static uint64_t
in_memory(void)
{
    assert_in_range(spool.ring.bytes, SPOOL_RING_BYTES - 64, SPOOL_RING_BYTES);
    return spool.ring.bytes;
}

/* What is shown: the first bytes, a gap, and the last. */
static void
shows(uint64_t total, uint64_t dropped)
{
    char buf[7777];
    unsigned stream;
    bool gap;
    uint64_t at = 0, skipped = 0;
    assert_true(spool_dropped(&spool) == dropped);
    for (size_t n; (n = spool_next(&spool, buf, sizeof(buf), &stream, &gap)) > 0; at += n) {
        if (gap)
            at += skipped = dropped;
        for (size_t i = 0; i < n; i++)
            if (buf[i] != byte_at(at + i))
                fail_msg("byte %llu is another", (unsigned long long)(at + i));
    }
    assert_true(at == total);
    assert_true(skipped == dropped);
    spool_done(&spool);
}

static void
test_all_of_it(void **state)
{
    (void)state;
    assert_int_equal(spool_init(&spool, "/tmp", NULL), 0);
    shows(0, 0);
    assert_int_equal(spool_init(&spool, "/tmp", NULL), 0);
    assert_int_equal(put(0, 3 * SPOOL_RING_BYTES, 0), 0);
    shows(3 * SPOOL_RING_BYTES, 0);
}

static void
test_more_than_the_file_holds(void **state)
{
    (void)state;
    assert_int_equal(spool_init(&spool, "/tmp", NULL), 0);
    assert_int_equal(put(0, (size_t)SPOOL_FILE_MAX + 1000, 0), 0);
    shows(SPOOL_FILE_MAX + 1000, 0);
    assert_int_equal(spool_init(&spool, "/tmp", NULL), 0);
    assert_int_equal(put(0, AT_ALL, 0), 0);
    shows(AT_ALL, AT_ALL - SPOOL_FILE_MAX - in_memory());
}

/* Frames of both streams come back as such. */
static void
test_streams(void **state)
{
    (void)state;
    char buf[100];
    unsigned stream;
    bool gap;
    for (int file = 0; file < 2; file++) {
        struct err e;
        assert_int_equal(spool_init(&spool, file ? "/tmp" : "/no/such/dir", &e), file ? 0 : -1);
        assert_int_equal(put(0, 5, 0) + put(5, 6, 1) + put(11, 7, 0), 0);
        assert_int_equal(spool_next(&spool, buf, sizeof(buf), &stream, &gap), 5);
        assert_int_equal(stream, 0);
        assert_int_equal(spool_next(&spool, buf, 4, &stream, &gap), 4);
        assert_int_equal(spool_next(&spool, buf, sizeof(buf), &stream, &gap), 2);
        assert_int_equal(buf[1], byte_at(10));
        assert_int_equal(stream, 1);
        assert_int_equal(spool_next(&spool, buf, sizeof(buf), &stream, &gap), 7);
        assert_int_equal(stream, 0);
        assert_int_equal(spool_next(&spool, buf, sizeof(buf), &stream, &gap), 0);
        spool_done(&spool);
    }
}

static void
test_without_a_file(void **state)
{
    (void)state;
    struct err e;
    assert_int_equal(spool_init(&spool, "/no/such/dir", &e), -1);
    assert_int_equal(e.code, ERR_SYSTEM);
    assert_non_null(strstr(e.msg, "/no/such/dir"));
    assert_int_equal(put(0, 2 * SPOOL_RING_BYTES, 0), 0); /* it is told once, and was */
    shows(2 * SPOOL_RING_BYTES, 2 * SPOOL_RING_BYTES - in_memory());
}

/* The file may not grow: what was written stays, the end of the rest does, too, and it is told once. */
static void
test_a_full_disk(void **state)
{
    (void)state;
    struct rlimit before, small = {.rlim_cur = 2 * SPOOL_RING_BYTES, .rlim_max = RLIM_INFINITY};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(spool_init(&spool, "/tmp", NULL), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    unsigned faults = put(0, 4 * SPOOL_RING_BYTES, 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(faults, 1);
    assert_in_range(spool.bytes, SPOOL_RING_BYTES, 2 * SPOOL_RING_BYTES);
    shows(4 * SPOOL_RING_BYTES, 4 * SPOOL_RING_BYTES - spool.bytes - in_memory());
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_of_it),   cmocka_unit_test(test_more_than_the_file_holds),
        cmocka_unit_test(test_streams),     cmocka_unit_test(test_without_a_file),
        cmocka_unit_test(test_a_full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
