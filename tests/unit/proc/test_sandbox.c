/* Breaking out of the sandbox on purpose: each attempt in a child that has entered it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/net/loop.h"
#include "common/net/offload.h"
#include "common/net/reopen.h"
#include "common/proc/sandbox.h"

static char dir[] = "/tmp/rr-sandbox-XXXXXX";
static char path_open[64], path_shut[64], path_log[64], dir_open[64], dir_socket[64],
    path_socket[64];

static void
put(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "x", 1), 1);
    close(fd);
}

static int
setup(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(dir_open, sizeof(dir_open), "%s/open", dir);
    snprintf(dir_socket, sizeof(dir_socket), "%s/socket", dir);
    snprintf(path_open, sizeof(path_open), "%s/open/file", dir);
    snprintf(path_socket, sizeof(path_socket), "%s/socket/file", dir);
    snprintf(path_shut, sizeof(path_shut), "%s/shut", dir);
    snprintf(path_log, sizeof(path_log), "%s/log", dir);
    assert_int_equal(mkdir(dir_open, 0755), 0);
    assert_int_equal(mkdir(dir_socket, 0755), 0);
    put(path_open);
    put(path_socket);
    put(path_shut);
    put(path_log);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    const char *const files[] = {path_open, path_socket, path_shut, path_log};
    for (size_t i = 0; i < 4; i++)
        unlink(files[i]);
    rmdir(dir_open);
    rmdir(dir_socket);
    return rmdir(dir);
}

/* The status with which a child ends that enters and then tries it: what tries() returns, 200 when it cannot enter, 100 + a
 * signal. */
static int
enter_and(int (*enter)(void), int (*tries)(void))
{
    int status = 0;
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_DUMPABLE, 0);
        _exit(enter() == 0 ? tries() : 200);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? 100 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* ---- files ---- */

static int
enter_files(void)
{
    const struct sandbox_rule rules[] = {{dir_open, SANDBOX_READ},
                                         {"/nowhere", SANDBOX_READ},
                                         {path_log, SANDBOX_WRITE},
                                         {dir_socket, SANDBOX_UNLINK}};
    int version = 0;
    struct err e;
    return sandbox_files(rules, 4, &version, &e) == 0 && version > 0 ? 0 : -1;
}

/* 0 when the call worked, else its errno. */
static int
opens(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0644);
    int sys_errno = errno;
    if (fd >= 0)
        close(fd);
    return fd >= 0 ? 0 : sys_errno;
}

static int
try_read(void)
{
    return opens(path_open, O_RDONLY);
}

static int
try_log(void)
{
    return opens(path_log, O_WRONLY | O_TRUNC);
}

static int
try_unlink_socket(void)
{
    int rc = unlink(path_socket);
    return rc == 0 ? opens(path_socket, O_RDONLY) : errno; /* gone, but not to be read either way */
}

static int
try_read_other(void)
{
    return opens(path_shut, O_RDONLY);
}

static int
try_write(void)
{
    return opens(path_open, O_WRONLY);
}

static int
try_make(void)
{
    char path[80];
    snprintf(path, sizeof(path), "%s/new", dir_open);
    return opens(path, O_WRONLY | O_CREAT);
}

static int
try_unlink(void)
{
    return unlink(path_open) == 0 ? 0 : errno;
}

static int
try_execute(void)
{
    char *const argv[] = {"true", NULL};
    execv("/bin/true", argv);
    return errno;
}

static int
try_list(void)
{
    return opens(dir, O_RDONLY | O_DIRECTORY);
}

static void
test_files(void **state)
{
    (void)state;
    if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) <= 0)
        skip();
    assert_int_equal(enter_and(enter_files, try_read), 0);
    assert_int_equal(enter_and(enter_files, try_log), 0);
    assert_int_equal(enter_and(enter_files, try_read_other), EACCES);
    assert_int_equal(enter_and(enter_files, try_write), EACCES);
    assert_int_equal(enter_and(enter_files, try_make), EACCES);
    assert_int_equal(enter_and(enter_files, try_unlink), EACCES);
    assert_int_equal(enter_and(enter_files, try_execute), EACCES);
    assert_int_equal(enter_and(enter_files, try_list), EACCES);
    assert_int_equal(enter_and(enter_files, try_unlink_socket), ENOENT);
}

/* ---- calls ---- */

static int
enter_calls(void)
{
    struct err e;
    return sandbox_calls(&e);
}

static int
try_setuid(void)
{
    return setuid(getuid()) == 0 ? 0 : errno;
}

static int
try_ptrace(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? 0 : errno;
}

static int
try_unshare(void)
{
    return unshare(CLONE_NEWUSER) == 0 ? 0 : errno;
}

static int
try_mount(void)
{
    return mount("none", "/", "tmpfs", 0, NULL) == 0 ? 0 : errno;
}

/* Namespaces by clone are one of the other calls; so is one that this kernel may not even have. */
static int
try_clone(void)
{
    return syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL) >= 0 ? 0 : errno;
}

/* Fails, is counted and named; all else goes on. */
static int
try_other(void)
{
    const char *name = NULL;
    errno = 0;
    if (sandbox_refused(NULL) != 0 || sethostname("x", 1) == 0 || errno != EPERM)
        return 1;
    if (syscall(SYS_swapoff, "x") == 0 || errno != EPERM || sandbox_refused(&name) != 2)
        return 2;
    return strcmp(name, "swapoff") == 0 ? 0 : 3;
}

static void
other_in_thread(void *data)
{
    *(int *)data = sethostname("x", 1) < 0 && errno == EPERM;
}

static void
on_thread_back(void *data, void *arg)
{
    *(int *)arg = *(int *)data ? 0 : 1;
}

/* The same in a thread of offload.h, which hears no other signal. */
static int
try_other_in_thread(void)
{
    struct err e;
    bool never = false;
    int result = 2;
    struct loop *l = loop_new(&e);
    int *data = calloc(1, sizeof(*data));
    if (!offload_start(l, other_in_thread, data, on_thread_back, &result, &e))
        return 3;
    for (int i = 0; i < 100 && result == 2; i++)
        IGNORED(loop_turn_until(l, &never, clock_deadline(100), &e));
    return result;
}

/* What serving needs: a child that connects and ends, a thread would be the same. */
static int
try_work(void)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        _exit(socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 0 : 1);
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
        return 1;
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    struct sockaddr_in6 sa = {.sin6_family = AF_INET6, .sin6_port = htons(9)};
    connect(fd, (struct sockaddr *)&sa, sizeof(sa));
    free(malloc(1 << 20));
    return opens("/dev/null", O_RDONLY) + (int)sandbox_refused(NULL);
}

static void
test_calls(void **state)
{
    (void)state;
    int (*const deadly[])(void) = {try_execute, try_setuid, try_ptrace, try_unshare, try_mount};
#if defined(__SANITIZE_ADDRESS__)
    assert_int_equal(enter_and(enter_calls, try_work), 200);
    return;
#endif
    assert_int_equal(enter_and(enter_calls, try_work), 0);
    assert_int_equal(enter_and(enter_calls, try_other), 0);
    assert_int_equal(enter_and(enter_calls, try_other_in_thread), 0);
    assert_int_equal(enter_and(enter_calls, try_clone), EPERM);
    for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
        assert_int_equal(enter_and(enter_calls, deadly[i]), 100 + SIGSYS);
}

/* ---- what stays open ---- */

static void
test_places(void **state)
{
    (void)state;
    char link[80], home[32] = "/tmp/home";
    setenv("HOME", home, 1);
    snprintf(link, sizeof(link), "%s/link", dir);
    assert_int_equal(symlink(path_open, link), 0);
    const char *const noted[] = {"/a/b/c", NULL, "", "/a/b/d", "e", "/f", "/tmp/home/.pgpass",
                                 link};
    const char *const places[] = {"/a/b", ".", "/f", "/tmp/home/.pgpass", dir, dir_open};
    for (size_t i = 0; i < sizeof(noted) / sizeof(noted[0]); i++)
        reopen_note(noted[i]);
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        assert_string_equal(reopen_place(i), places[i]);
    assert_null(reopen_place(6));
    for (int i = 0; i < 2 * REOPEN_MAX; i++) {
        char path[32];
        snprintf(path, sizeof(path), "/many/%d/x", i);
        reopen_note(path);
    }
    assert_non_null(reopen_place(REOPEN_MAX - 1));
    assert_null(reopen_place(REOPEN_MAX));
    reopen_forget();
    assert_null(reopen_place(0));
    unlink(link);
}

/* /volume/folder is a link to ..data/folder; others lead out of their directory, or are none. */
static void
test_links_above(void **state)
{
    (void)state;
    char path[160];
    const char *const links[][2] = {
        {"folder", "..data/folder"}, {"out", "../x"}, {"up", ".."}, {"far", "/x"}};
    reopen_forget();
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, links[i][0]);
        assert_int_equal(symlink(links[i][1], path), 0);
        snprintf(path, sizeof(path), "%s/%s/deep/file", dir, links[i][0]);
        reopen_note(path);
        assert_non_null(strstr(reopen_place(i == 0 ? 0 : i + 1), links[i][0]));
        assert_string_equal(reopen_place(1), dir);
    }
    assert_null(reopen_place(5));
    reopen_forget();
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, links[i][0]);
        unlink(path);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_links_above),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_places),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
