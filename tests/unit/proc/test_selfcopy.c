#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/proc/selfcopy.h"

static char dir[64];

static int
make_dir(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/rr-test-copy-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int
remove_dir(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    return system(command);
}

static const char *
in_dir(const char *name)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static void
assert_copy(const char *path)
{
    struct stat self, copy;
    assert_int_equal(stat("/proc/self/exe", &self), 0);
    assert_int_equal(stat(path, &copy), 0);
    assert_int_equal(copy.st_size, self.st_size);
    assert_int_equal(copy.st_mode & 07777, 0755);
    char command[256];
    snprintf(command, sizeof(command), "cmp -s /proc/%d/exe '%s'", (int)getpid(), path);
    assert_int_equal(system(command), 0);
}

static int
entries(void)
{
    int n = 0;
    DIR *d = opendir(dir);
    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

static void
to_a_name(void **state)
{
    (void)state;
    umask(077);
    assert_int_equal(selfcopy(in_dir("tool"), "tester", NULL), 0);
    assert_copy(in_dir("tool"));
    assert_int_equal(entries(), 1);
}

static void
into_a_directory(void **state)
{
    (void)state;
    assert_int_equal(selfcopy(dir, "tester", NULL), 0);
    assert_copy(in_dir("tester"));
}

static void
over_an_old_one_that_is_in_use(void **state)
{
    (void)state;
    FILE *f = fopen(in_dir("tool"), "w");
    fputs("old", f);
    fflush(f);
    assert_int_equal(selfcopy(in_dir("tool"), "tester", NULL), 0);
    assert_copy(in_dir("tool"));
    fclose(f);
    assert_copy(in_dir("tool"));
    assert_int_equal(entries(), 1);
}

static void
failures_leave_nothing(void **state)
{
    (void)state;
    struct err e = {0};
    assert_int_equal(selfcopy("", "tester", &e), -1);
    assert_int_equal(e.code, ERR_USAGE);
    assert_int_equal(selfcopy(in_dir("no/such/dir"), "tester", &e), -1);
    assert_int_equal(e.code, ERR_SYSTEM);
    assert_int_equal(mkdir(in_dir("tester"), 0755), 0);
    assert_int_equal(selfcopy(dir, "tester", &e), -1); /* a directory of that name is in the way */
    assert_int_equal(e.code, ERR_USAGE);
    assert_int_equal(entries(), 1);
}

static void
what_is_no_file_stays(void **state)
{
    (void)state;
    struct err e = {0};
    assert_int_equal(mkfifo(in_dir("tester"), 0644), 0);
    assert_int_equal(selfcopy(dir, "tester", &e), -1);
    assert_int_equal(e.code, ERR_USAGE);
    assert_non_null(strstr(e.msg, in_dir("tester")));
    struct stat st;
    assert_int_equal(stat(in_dir("tester"), &st), 0);
    assert_true(S_ISFIFO(st.st_mode));
    assert_int_equal(entries(), 1);
}

/* As rename(2) has it: the link gives way, what it pointed to stays. */
static void
a_link_to_a_file_is_replaced(void **state)
{
    (void)state;
    FILE *f = fopen(in_dir("old"), "w");
    fputs("old", f);
    fclose(f);
    assert_int_equal(symlink("old", in_dir("tool")), 0);
    assert_int_equal(selfcopy(in_dir("tool"), "tester", NULL), 0);
    assert_copy(in_dir("tool"));
    struct stat st;
    assert_int_equal(stat(in_dir("old"), &st), 0);
    assert_int_equal(st.st_size, 3);
    assert_int_equal(entries(), 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(to_a_name, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(into_a_directory, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(over_an_old_one_that_is_in_use, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(failures_leave_nothing, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(what_is_no_file_stays, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(a_link_to_a_file_is_replaced, make_dir, remove_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
