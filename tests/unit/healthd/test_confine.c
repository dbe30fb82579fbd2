/* What healthd leaves open to itself, and what becomes of a part of the sandbox that cannot be had. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/net/reopen.h"
#include "common/proc/sandbox.h"
#include "healthd/confine.h"

/* ---- the sandbox of a kernel that is a table, and a server that is bound to two sockets and a port ---- */

static struct {
    int version; /* of Landlock; -1: it is refused */
    bool no_calls;
    struct sandbox_rule rules[128];
    size_t n;
    unsigned asked_files, asked_calls;
} kernel;

int
sandbox_files(const struct sandbox_rule *rules, size_t n, int *ret_version, struct err *e)
{
    kernel.asked_files++;
    kernel.n = n;
    memcpy(kernel.rules, rules, n * sizeof(*rules));
    *ret_version = kernel.version > 0 ? kernel.version : 0;
    return kernel.version < 0 ? err_set(e, ERR_SYSTEM, "no files") : 0;
}

int
sandbox_calls(struct err *e)
{
    kernel.asked_calls++;
    return kernel.no_calls ? err_set(e, ERR_SYSTEM, "no calls") : 0;
}

static const char *const bound[] = {"unix:/run/a/s", "[::]:8080", "unix:/run/b/s", NULL};
static const char *const bound_dirs[] = {"/run/a", NULL, "/run/b"};

const char *
httpd_bound(const struct httpd *h, size_t i)
{
    (void)h;
    return bound[i];
}

const char *
httpd_bound_dir(const struct httpd *h, size_t i)
{
    (void)h;
    return bound_dirs[i];
}

/* How often there is such a rule. */
static unsigned
rules(const char *path, enum sandbox_access access)
{
    unsigned found = 0;
    for (size_t i = 0; i < kernel.n; i++)
        found += strcmp(kernel.rules[i].path, path) == 0 && kernel.rules[i].access == access;
    return found;
}

/* ---- the tests ---- */

static void
test_rules(void **state)
{
    (void)state;
    struct options o = {.sandbox = CONFINE_AUTO, .termination_log = "/dev/termination-log"};
    struct confine in;
    struct err e;
    memset(&kernel, 0, sizeof(kernel));
    setenv("SSL_CERT_FILE", "/ca/bundle.pem", 1);
    reopen_forget();
    reopen_note("/secrets/password");
    assert_int_equal(confine_enter(&o, NULL, &in, &e), 0);
    assert_int_equal(rules("/etc", SANDBOX_READ), 1);
    assert_int_equal(rules("/sys/devices/system/cpu", SANDBOX_READ), 1);
    assert_int_equal(rules("/secrets", SANDBOX_READ), 1);
    assert_int_equal(rules("/ca", SANDBOX_READ), 1);
    assert_int_equal(rules("/dev/termination-log", SANDBOX_WRITE), 1);
    assert_int_equal(rules("/run/a", SANDBOX_UNLINK), 1);
    assert_int_equal(rules("/run/b", SANDBOX_UNLINK), 1);
    const size_t n = kernel.n;
    o.termination_log = ""; /* none */
    assert_int_equal(confine_enter(&o, NULL, &in, &e), 0);
    assert_int_equal(kernel.n, n - 1);
    reopen_forget();
    unsetenv("SSL_CERT_FILE");
}

static void
test_parts(void **state)
{
    (void)state;
    static const struct {
        int wanted, version;
        bool no_calls;
        int result;
        struct confine in;
        unsigned asked_files, asked_calls;
        const char *error;
    } rows[] = {
        {CONFINE_OFF, 5, false, 0, {0, false}, 0, 0, NULL},
        {CONFINE_AUTO, 5, false, 0, {5, true}, 1, 1, NULL},
        {CONFINE_AUTO, 0, false, 0, {0, true}, 1, 1, NULL},
        {CONFINE_AUTO, -1, false, 0, {0, true}, 1, 1, NULL},
        {CONFINE_AUTO, 1, true, 0, {1, false}, 1, 1, NULL},
        {CONFINE_AUTO, -1, true, 0, {0, false}, 1, 1, NULL},
        {CONFINE_REQUIRE, 1, false, 0, {1, true}, 1, 1, NULL},
        {CONFINE_REQUIRE, 0, false, -1, {0, false}, 1, 0, "does not offer Landlock"},
        {CONFINE_REQUIRE, -1, false, -1, {0, false}, 1, 0, "no files"},
        {CONFINE_REQUIRE, 5, true, -1, {5, false}, 1, 1, "--sandbox require: no calls"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct options o = {.sandbox = rows[i].wanted};
        struct confine in = {.files = 77, .calls = true};
        struct err e = {0};
        memset(&kernel, 0, sizeof(kernel));
        kernel.version = rows[i].version;
        kernel.no_calls = rows[i].no_calls;
        assert_int_equal(confine_enter(&o, NULL, &in, &e), rows[i].result);
        assert_int_equal(kernel.asked_files, rows[i].asked_files);
        assert_int_equal(kernel.asked_calls, rows[i].asked_calls);
        assert_int_equal(in.files, rows[i].in.files);
        assert_int_equal(in.calls, rows[i].in.calls);
        if (rows[i].error)
            assert_non_null(strstr(e.msg, rows[i].error));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
