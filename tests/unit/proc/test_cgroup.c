/* What a cgroup's folder says of its limits: kernel's admin-guide/cgroup-v2, "memory.max" and "cpu.max". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/proc/cgroup.h"

static void
put(int folder, const char *name, const char *text)
{
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    dprintf(fd, "%s", text);
    close(fd);
}

static bool
limited(const char *memory, const char *cpu)
{
    char path[] = "/tmp/rr-cgroup-XXXXXX";
    assert_non_null(mkdtemp(path));
    int folder = open(path, O_RDONLY | O_DIRECTORY);
    assert_true(folder >= 0);
    if (memory)
        put(folder, "memory.max", memory);
    if (cpu)
        put(folder, "cpu.max", cpu);
    bool found = cgroup_limited(folder);
    unlinkat(folder, "memory.max", 0);
    unlinkat(folder, "cpu.max", 0);
    close(folder);
    rmdir(path);
    return found;
}

static void
test_limits(void **state)
{
    (void)state;
    assert_true(limited("268435456\n", "max 100000\n"));
    assert_true(limited("max\n", "150000 100000\n"));
    assert_true(limited("0\n", NULL));
    assert_false(limited("max\n", "max 100000\n"));
    assert_false(limited(NULL, NULL)); /* no controllers */
    assert_false(limited("", NULL));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_limits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
