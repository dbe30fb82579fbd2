/* What was printed has got out, or it is told: once, and with the reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "common/opt/opt_rows.h"

static FILE *before;

static int
keep_stdout(void **state)
{
    (void)state;
    before = stdout;
    return 0;
}

static int
restore_stdout(void **state)
{
    (void)state;
    fclose(stdout);
    stdout = before;
    return 0;
}

static void
expect(int sys_errno, const char *msg)
{
    struct err e;
    assert_int_equal(opt_output_end(&e), -1);
    assert_int_equal(e.sys_errno, sys_errno);
    assert_string_equal(e.msg, msg);
    assert_int_equal(opt_output_end(&e), 0);
}

static void
test_written(void **state)
{
    (void)state;
    struct err e;
    stdout = fopen("/dev/null", "w");
    assert_int_equal(opt_output_end(&e), 0);
    puts("text");
    assert_int_equal(opt_output_end(&e), 0);
}

static void
test_full(void **state)
{
    (void)state;
    static const char msg[] = "cannot write to standard output: No space left on device";
    stdout = fopen("/dev/full", "w");
    puts("text");
    expect(ENOSPC, msg);
    puts("more");
    expect(ENOSPC, msg);
    for (int i = 0; i < 10000; i++) /* more than the buffer takes: it shows before the end */
        puts("a line");
    fflush(stdout);
    errno = 0;
    expect(ENOSPC, msg);
}

static void
test_closed(void **state)
{
    (void)state;
    opt_output_none();
    struct err e;
    assert_int_equal(opt_output_end(&e), 0);
    puts("text");
    expect(EBADF, "cannot write to standard output: Bad file descriptor");
    printf("%d\n", 1);
    expect(EBADF, "cannot write to standard output: Bad file descriptor");
}

/* ---- a disk that has room again ---- */

struct disk {
    unsigned failures;
};

static ssize_t
write_disk(void *cookie, const char *data, size_t len)
{
    struct disk *d = cookie;
    (void)data;
    if (d->failures == 0)
        return (ssize_t)len;
    d->failures--;
    errno = ENOSPC;
    return 0;
}

static void
test_room_again(void **state)
{
    (void)state;
    struct disk d = {.failures = 1};
    stdout = fopencookie(&d, "w", (cookie_io_functions_t){.write = write_disk});
    puts("text");
    fflush(stdout);
    expect(0, "cannot write to standard output: a part of it is lost");
    struct err e;
    puts("more");
    assert_int_equal(opt_output_end(&e), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_written, keep_stdout, restore_stdout),
        cmocka_unit_test_setup_teardown(test_full, keep_stdout, restore_stdout),
        cmocka_unit_test_setup_teardown(test_closed, keep_stdout, restore_stdout),
        cmocka_unit_test_setup_teardown(test_room_again, keep_stdout, restore_stdout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
