/* What Landlock is asked for, version by version: here the kernel is a table, so that it need not have any of them. */
#include <dlfcn.h>
#include <errno.h>
#include <linux/landlock.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/proc/sandbox.h"

#define REFER (1ULL << 13)    /* version 2 */
#define TRUNCATE (1ULL << 14) /* version 3 */
#define FIRST ((1ULL << 13) - 1)
#define SET_FD 1000 /* no descriptor: closing it fails */

enum refused { NOTHING, SET, RULE, SELF };

static struct {
    long version;
    enum refused refused;
    size_t set_bytes;
    uint64_t set[3]; /* files, net, scope */
    uint64_t rules[4];
    size_t rules_n;
    bool restricted;
} kernel;

static long
refuse_or(enum refused what, long good)
{
    if (kernel.refused != what)
        return good;
    errno = EINVAL;
    return -1;
}

static long
create_ruleset(const uint64_t *set, size_t bytes, unsigned long flags)
{
    if (flags == LANDLOCK_CREATE_RULESET_VERSION) {
        assert_null(set);
        return kernel.version;
    }
    assert_true(bytes <= sizeof(kernel.set));
    memcpy(kernel.set, set, bytes);
    kernel.set_bytes = bytes;
    return refuse_or(SET, SET_FD);
}

static long
add_rule(int set, unsigned long type, const struct landlock_path_beneath_attr *rule)
{
    assert_int_equal(set, SET_FD);
    assert_int_equal(type, LANDLOCK_RULE_PATH_BENEATH);
    kernel.rules[kernel.rules_n++] = rule->allowed_access;
    return refuse_or(RULE, 0);
}

/* syscall(2) of this program: what is not Landlock's goes to the C library. */
long
syscall(long number, ...)
{
    static long (*real)(long, ...);
    unsigned long a[6];
    va_list ap;
    va_start(ap, number);
    for (size_t i = 0; i < 6; i++)
        a[i] = va_arg(ap, unsigned long);
    va_end(ap);
    switch (number) {
    case SYS_landlock_create_ruleset:
        return create_ruleset((const uint64_t *)a[0], a[1], a[2] & UINT32_MAX);
    case SYS_landlock_add_rule:
        return add_rule((int)a[0], a[1] & UINT32_MAX, (const void *)a[2]);
    case SYS_landlock_restrict_self:
        assert_int_equal((int)a[0], SET_FD);
        kernel.restricted = true;
        return refuse_or(SELF, 0);
    default:
        if (!real)
            *(void **)&real = dlsym(RTLD_NEXT, "syscall");
        return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    }
}

static char dir[] = "/tmp/test_sandbox_files_XXXXXX";
static char file[sizeof(dir) + 8];

static int
make_files(void **state)
{
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    strcat(strcpy(file, dir), "/file");
    return mknod(file, S_IFREG | 0600, 0);
}

static int
remove_files(void **state)
{
    (void)state;
    return unlink(file) | rmdir(dir);
}

/* A version is asked for what it knows, all of it and nothing else, in a structure as long as its own. */
static void
test_versions(void **state)
{
    (void)state;
    static const struct {
        long version;
        size_t bytes;
        uint64_t set[3];
    } rows[] = {
        {1, 8, {FIRST, 0, 0}},
        {2, 8, {FIRST | REFER, 0, 0}},
        {3, 8, {FIRST | REFER | TRUNCATE, 0, 0}},
        {4, 16, {FIRST | REFER | TRUNCATE, 1, 0}},
        {5, 16, {FIRST | REFER | TRUNCATE, 1, 0}},
        {6, 24, {FIRST | REFER | TRUNCATE, 1, 2}},
        {9, 24, {FIRST | REFER | TRUNCATE, 1, 2}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct err e = {0};
        int version = -1;
        memset(&kernel, 0, sizeof(kernel));
        kernel.version = rows[i].version;
        assert_int_equal(sandbox_files(NULL, 0, &version, &e), 0);
        assert_int_equal(version, rows[i].version);
        assert_int_equal(kernel.set_bytes, rows[i].bytes);
        assert_memory_equal(kernel.set, rows[i].set, sizeof(kernel.set));
        assert_true(kernel.restricted);
    }
}

/* Without Landlock nothing is asked for. */
static void
test_none(void **state)
{
    (void)state;
    for (long none = -1; none <= 0; none++) {
        struct err e = {0};
        int version = -1;
        memset(&kernel, 0, sizeof(kernel));
        kernel.version = none;
        assert_int_equal(sandbox_files(NULL, 0, &version, &e), 0);
        assert_int_equal(version, 0);
        assert_int_equal(kernel.set_bytes, 0);
        assert_false(kernel.restricted);
    }
}

/* Of files and directories that are there; nothing that this version does not know. */
static void
test_rules(void **state)
{
    (void)state;
    const struct sandbox_rule rules[] = {
        {file, SANDBOX_READ},  {dir, SANDBOX_READ},   {"/no/such/file", SANDBOX_READ},
        {file, SANDBOX_WRITE}, {dir, SANDBOX_UNLINK},
    };
    for (long v = 1; v <= 3; v++) {
        const uint64_t wanted[] = {
            LANDLOCK_ACCESS_FS_READ_FILE,
            LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
            LANDLOCK_ACCESS_FS_WRITE_FILE | (v >= 3 ? TRUNCATE : 0),
            LANDLOCK_ACCESS_FS_REMOVE_FILE,
        };
        struct err e = {0};
        int version = -1;
        memset(&kernel, 0, sizeof(kernel));
        kernel.version = v;
        assert_int_equal(sandbox_files(rules, 5, &version, &e), 0);
        assert_int_equal(kernel.rules_n, 4);
        assert_memory_equal(kernel.rules, wanted, sizeof(wanted));
        assert_true(kernel.restricted);
    }
}

/* What the kernel refuses is an error, and no version is in force. */
static void
test_refused(void **state)
{
    (void)state;
    const struct sandbox_rule rule = {dir, SANDBOX_READ};
    static const char *const words[] = {
        [SET] = "Landlock refuses the set of rules",
        [RULE] = "Landlock refuses a rule for /tmp/test_sandbox_files_",
        [SELF] = "Landlock refuses to be applied",
    };
    for (enum refused what = SET; what <= SELF; what++) {
        struct err e = {0};
        int version = -1;
        memset(&kernel, 0, sizeof(kernel));
        kernel.version = 4;
        kernel.refused = what;
        assert_int_equal(sandbox_files(&rule, 1, &version, &e), -1);
        assert_int_equal(version, 0);
        assert_int_equal(e.code, ERR_SYSTEM);
        assert_int_equal(e.sys_errno, EINVAL);
        assert_int_equal(strncmp(e.msg, words[what], strlen(words[what])), 0);
        assert_int_equal(kernel.restricted, what == SELF);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
