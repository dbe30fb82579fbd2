/* test_output.c: a command's output on its way through real pipes. Standard output and error of the test are put aside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/net/loop.h"
#include "migrate/wrap/output.h"

#define LONG_MS 20000

static struct loop *loop;
static struct output *output;
static int saved[2], reader[2]; /* what was passed on of the two streams */
static bool ended;

static void
on_ended(void *arg)
{
    (void)arg;
    ended = true;
}

/* Standard output and error become pipes; one: the same. */
static void
begin(bool one)
{
    struct err e;
    int ends[2];
    fflush(stdout);
    for (int i = 0; i < 2; i++) {
        saved[i] = dup(i + 1);
        if (i == 0 || !one)
            assert_int_equal(pipe(ends), 0);
        else
            ends[0] = dup(reader[0]), ends[1] = dup(1);
        reader[i] = ends[0];
        dup2(ends[1], i + 1);
        close(ends[1]);
    }
    ended = false;
    loop = loop_new(&e);
    output = output_new(loop, on_ended, NULL, &e);
    assert_non_null(output);
}

static void
end(void)
{
    output_free(output);
    loop_free(loop);
    for (int i = 0; i < 2; i++) {
        dup2(saved[i], i + 1);
        close(saved[i]);
        close(reader[i]);
    }
}

static void
write_all(int fd, const char *text, size_t len)
{
    if (write(fd, text, len) != (ssize_t)len)
        fail_msg("a short write");
}

static void
wait_for_end(void)
{
    struct err e;
    assert_int_equal(loop_turn_until(loop, &ended, clock_deadline(LONG_MS), &e), 0);
}

static void
assert_read(int i, const char *wanted)
{
    char buf[256] = "";
    ssize_t n = read(reader[i], buf, sizeof(buf) - 1);
    assert_true(n >= 0);
    assert_string_equal(buf, wanted);
}

static void
two_streams(void **state)
{
    (void)state;
    int out, err;
    begin(false);
    assert_true(output_fds(output, &out, &err));
    write_all(out, "to out\0x\n", 9);
    write_all(err, "to err\n", 7);
    output_begin(output);
    wait_for_end();
    bool idle = output_idle(output);
    cleanup_strbuf struct strbuf kept = STRBUF_INIT;
    output_kept(output, &kept);
    char first[16] = "";
    ssize_t n = read(reader[0], first, sizeof(first));
    char second[16] = "";
    ssize_t m = read(reader[1], second, sizeof(second));
    end();
    assert_true(idle);
    assert_int_equal(n, 9);
    assert_memory_equal(first, "to out\0x\n", 9);
    assert_int_equal(m, 7);
    assert_string_equal(second, "to err\n");
    assert_int_equal(kept.len, 16);
    assert_null(memchr(kept.data, '\0', kept.len));
}

static void
one_stream(void **state)
{
    (void)state;
    int out, err;
    begin(true);
    bool read_at_all = output_fds(output, &out, &err);
    bool same = out == err;
    write_all(out, "a", 1);
    write_all(err, "b", 1);
    write_all(out, "c", 1);
    output_begin(output);
    wait_for_end();
    assert_read(0, "abc");
    end();
    assert_true(read_at_all && same);
}

static void
a_slow_reader(void **state)
{
    (void)state;
    enum { PIPE = 65536 };
    static char text[PIPE];
    struct err e;
    int out, err;
    bool never = false;
    begin(false);
    output_fds(output, &out, &err);
    memset(text, 'x', sizeof(text));
    write_all(out, text, sizeof(text)); /* fills the reader's pipe */
    int again = dup(out);
    output_begin(output);
    IGNORED(loop_turn_until(loop, &never, clock_deadline(50), &e));
    write_all(again, "more\n", 5);
    close(again);
    IGNORED(loop_turn_until(loop, &never, clock_deadline(50), &e));
    bool idle = output_idle(output), early = ended;
    ssize_t got = 0;
    for (ssize_t n; got < PIPE && (n = read(reader[0], text, sizeof(text))) > 0;)
        got += n;
    wait_for_end();
    assert_read(0, "more\n");
    end();
    assert_false(idle);
    assert_false(early);
    assert_int_equal(got, PIPE);
}

static void
no_reader(void **state)
{
    (void)state;
    int out, err;
    begin(false);
    signal(SIGPIPE, SIG_IGN);
    output_fds(output, &out, &err);
    int again = dup(out);
    output_begin(output);
    close(reader[0]);
    reader[0] = dup(reader[1]);
    write_all(again, "x", 1);
    wait_for_end();
    bool gone = write(again, "x", 1) < 0;
    close(again);
    end();
    assert_true(gone);
}

static void
last_lines(void **state)
{
    (void)state;
    static char text[3 * OUTPUT_KEPT_BYTES];
    int out, err;
    int file = open("/dev/null", O_WRONLY | O_CLOEXEC);
    begin(false);
    dup2(file, 1); /* after the pipes: only what is kept matters, and its reader takes all */
    close(file);
    output_free(output);
    struct err e;
    output = output_new(loop, on_ended, NULL, &e);
    output_fds(output, &out, &err);
    int again = dup(out);
    output_begin(output);
    memset(text, 'x', sizeof(text));
    for (size_t at = 0; at < sizeof(text); at += OUTPUT_KEPT_BYTES / 2) {
        bool never = false;
        write_all(again, text + at, OUTPUT_KEPT_BYTES / 2);
        IGNORED(loop_turn_until(loop, &never, clock_deadline(5), &e));
    }
    write_all(again, "\nfirst line\nsecond\r\n\n", 21);
    close(again);
    wait_for_end();
    cleanup_strbuf struct strbuf kept = STRBUF_INIT;
    cleanup_strbuf struct strbuf both = STRBUF_INIT, one = STRBUF_INIT, cut = STRBUF_INIT;
    output_kept(output, &kept);
    output_last(strbuf_str(&kept), 20, &both);
    output_last(strbuf_str(&kept), 12, &one);
    output_last(strbuf_str(&kept), 3, &cut);
    end();
    assert_int_equal(kept.len, OUTPUT_KEPT_BYTES);
    assert_string_equal(kept.data + kept.len - 8, "second\r\n\n" + 1);
    assert_string_equal(strbuf_str(&both), "first line\nsecond");
    assert_string_equal(strbuf_str(&one), "second");
    assert_string_equal(strbuf_str(&cut), "ond");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_streams),   cmocka_unit_test(one_stream),
        cmocka_unit_test(a_slow_reader), cmocka_unit_test(no_reader),
        cmocka_unit_test(last_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
