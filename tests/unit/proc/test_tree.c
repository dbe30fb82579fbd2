/* The process tree: who is found, signalled once, reaped; foreign children; a recycled pid is left
 * alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/proc/procfs.h"
#include "common/proc/tree.h"

/* A process that ends when it gets a signal or when the test ends; it has run its first line when
 * this returns. */
static pid_t
spawn(void (*body)(int ready))
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(ends[0]);
        body(ends[1]);
        _exit(0);
    }
    close(ends[1]);
    char c;
    assert_int_equal(read(ends[0], &c, 1), 1);
    close(ends[0]);
    return pid;
}

static void
say_ready(int fd)
{
    ssize_t wrote = write(fd, "x", 1);
    (void)wrote;
    close(fd);
}

static void
body_sleep(int ready)
{
    say_ready(ready);
    for (;;)
        pause();
}

static void
body_deaf(int ready)
{
    signal(SIGTERM, SIG_IGN);
    body_sleep(ready);
}

/* setsid, then twice away. Ready when the one between has ended: the kernel's list of children may miss one whose parent just ends. */
static void
body_daemon(int ready)
{
    if (fork() != 0) {
        close(ready);
        for (;;)
            pause();
    }
    setsid();
    pid_t middle = getpid();
    if (fork() != 0)
        _exit(0);
    while (getppid() == middle)
        usleep(1000);
    body_deaf(ready);
}

/* A child in a session of its own, and stays its parent. */
static void
body_parent(int ready)
{
    if (fork() == 0) {
        setsid();
        body_sleep(ready);
    }
    close(ready);
    for (;;)
        pause();
}

static void *
thread_waits(void *arg)
{
    for (;;)
        pause();
    return arg;
}

/* Its first thread ends, another goes on: /proc shows a zombie. */
static void
body_headless(int ready)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, thread_waits, NULL) != 0)
        _exit(1);
    say_ready(ready);
    pthread_exit(NULL);
}

struct reaped {
    size_t n;
    pid_t pids[512];
    int statuses[512];
};

static void
on_reaped(pid_t pid, int status, void *arg)
{
    struct reaped *r = arg;
    r->pids[r->n] = pid;
    r->statuses[r->n++] = status;
}

/* One that can be reaped; or 20 ms have passed: a signal may have missed one that got another parent while it was sent, and it is
 * to be sent again then. */
static void
wait_a_little(void)
{
    siginfo_t info = {0};
    for (int i = 0; i < 20; i++) {
        if (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT | WNOHANG) < 0 || info.si_pid != 0)
            return;
        usleep(1000);
    }
}

/* Reaps until the tree is empty; hangs when it never is. */
static void
drain(struct tree *t, struct reaped *r)
{
    tree_reap(t, on_reaped, r);
    while (!tree_empty(t)) {
        wait_a_little();
        tree_reap(t, on_reaped, r);
        tree_signal(t, SIGKILL, false, TREE_ALL, 0);
    }
}

static void
test_empty(void **state)
{
    struct tree *t = *state;
    assert_true(tree_sees_all(t));
    assert_true(tree_empty(t));
    assert_int_equal(tree_signal(t, SIGTERM, true, TREE_ALL, 0).alive, 0);
}

static void
test_signals_direct_child(void **state)
{
    struct tree *t = *state;
    pid_t pid = spawn(body_sleep);
    assert_false(tree_empty(t));
    struct tree_count count = tree_signal(t, SIGTERM, false, TREE_ALL, 0);
    assert_int_equal(count.alive, 1);
    assert_int_equal(count.denied, 0);
    struct reaped r = {0};
    drain(t, &r);
    assert_int_equal(r.n, 1);
    assert_int_equal(r.pids[0], pid);
    assert_int_equal(WTERMSIG(r.statuses[0]), SIGTERM);
}

static void
test_finds_daemons(void **state)
{
    struct tree *t = *state;
    spawn(body_daemon);
    struct strbuf text = STRBUF_INIT;
    /* The middle one is a zombie: the first and the last are alive. */
    struct tree_count count = tree_signal(t, SIGTERM, false, TREE_ALL, 0);
    assert_int_equal(count.alive, 2);
    tree_describe(t, 8, &text);
    assert_non_null(strstr(strbuf_str(&text), "(test_tree)"));
    strbuf_done(&text);
    struct reaped r = {0};
    tree_signal(t, SIGKILL, false, TREE_ALL, 0);
    drain(t, &r);
    assert_true(tree_empty(t));
    tree_describe(t, 8, &text); /* never an empty list */
    assert_string_equal(strbuf_str(&text), "processes that have ended since");
    strbuf_done(&text);
    assert_in_range(r.n, 2, 3);
}

static void
test_asks_each_once(void **state)
{
    struct tree *t = *state;
    spawn(body_deaf);
    assert_int_equal(tree_signal(t, SIGTERM, true, TREE_UNASKED, 0).alive, 1);
    /* A second TERM would end nobody either, so USR1, which would: it is for the unasked alone. */
    pid_t fresh = spawn(body_sleep);
    assert_int_equal(tree_signal(t, SIGUSR1, true, TREE_UNASKED, 0).alive, 2);
    int status;
    assert_int_equal(waitpid(fresh, &status, 0), fresh);
    assert_int_equal(WTERMSIG(status), SIGUSR1);
    assert_int_equal(tree_signal(t, SIGKILL, false, TREE_ALL, 0).alive, 1);
    struct reaped r = {0};
    drain(t, &r);
    assert_int_equal(WTERMSIG(r.statuses[0]), SIGKILL);
}

static void
test_first_thread_ended(void **state)
{
    struct tree *t = *state;
    pid_t pid = spawn(body_headless);
    struct procfs_stat s;
    do
        assert_true(procfs_stat(pid, &s));
    while (s.state != 'Z');
    assert_int_equal(tree_signal(t, SIGKILL, false, TREE_ALL, 0).alive, 1);
    struct reaped r = {0};
    drain(t, &r);
    assert_int_equal(r.n, 1);
    assert_int_equal(WTERMSIG(r.statuses[0]), SIGKILL);
}

static void
test_wakes_stopped(void **state)
{
    struct tree *t = *state;
    pid_t pid = spawn(body_sleep);
    kill(pid, SIGSTOP);
    int status;
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    tree_signal(t, SIGTERM, true, TREE_ALL, 0);
    struct reaped r = {0};
    drain(t, &r);
    assert_int_equal(WTERMSIG(r.statuses[0]), SIGTERM);
}

static void
test_group_in_one_call(void **state)
{
    struct tree *t = *state;
    pid_t pid = spawn(body_deaf);
    setpgid(pid, pid);
    pid_t other = spawn(body_deaf);
    assert_int_equal(tree_signal(t, SIGKILL, false, TREE_ALL, pid).alive, 2);
    struct reaped r = {0};
    drain(t, &r);
    assert_int_equal(r.n, 2);
    assert_true(r.pids[0] == pid || r.pids[1] == pid);
    assert_true(r.pids[0] == other || r.pids[1] == other);
    /* The group is gone: its number may be anybody's now, so nothing happens. */
    assert_int_equal(tree_signal(t, SIGKILL, false, TREE_ALL, pid).alive, 0);
}

static void
test_foreign_child(void **state)
{
    (void)state;
    pid_t foreign = spawn(body_sleep);
    struct err e;
    struct tree *t = tree_new(&e);
    assert_non_null(t);
    assert_true(tree_empty(t));
    pid_t own = spawn(body_sleep);
    assert_false(tree_empty(t));
    assert_int_equal(tree_signal(t, SIGKILL, false, TREE_ALL, 0).alive, 1);
    int status;
    assert_int_equal(waitpid(own, &status, 0), own);
    assert_true(tree_empty(t));
    assert_int_equal(kill(foreign, SIGKILL), 0);
    assert_int_equal(waitpid(foreign, &status, 0), foreign);
    assert_int_equal(WTERMSIG(status), SIGKILL);
    tree_free(t);
}

static void
test_hundred_orphans(void **state)
{
    struct tree *t = *state;
    pid_t parent = fork();
    assert_true(parent >= 0);
    if (parent == 0) {
        for (int i = 0; i < 100; i++)
            if (fork() == 0)
                for (;;)
                    pause();
        _exit(7);
    }
    struct reaped r = {0};
    int status;
    assert_int_equal(waitpid(parent, &status, 0), parent);
    assert_int_equal(tree_signal(t, SIGTERM, true, TREE_ALL, 0).alive, 100);
    drain(t, &r);
    assert_int_equal(r.n, 100);
}

/* Asked from below: this process may be the first one of its namespace, and have no parent. */
static void
test_ancestors(void **state)
{
    (void)state;
    pid_t self = getpid();
    pid_t below = fork();
    if (below == 0) {
        pid_t lowest = fork();
        if (lowest == 0)
            _exit(tree_is_ancestor(getppid()) && tree_is_ancestor(self) ? 0 : 1);
        int status;
        _exit(waitpid(lowest, &status, 0) == lowest && status == 0 ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(below, &status, 0), below);
    assert_int_equal(status, 0);
    assert_false(tree_is_ancestor(getpid()));
    pid_t child = spawn(body_sleep);
    assert_false(tree_is_ancestor(child));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

/* From here on these two calls fail; one of them may stand in both places. */
static bool
forbid(int first, int second, int sys_errno)
{
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)first, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)second, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)sys_errno),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof(rules) / sizeof(rules[0]), .filter = rules};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* In a process of its own: TERM reaches a child's child in another session, and nobody is blamed. */
static int
under_filter(int first, int second, int sys_errno)
{
    if (!forbid(first, second, sys_errno))
        return 10;
    struct tree *t = tree_new(NULL);
    if (!t)
        return 11;
    spawn(body_parent);
    struct tree_count count = tree_signal(t, SIGTERM, true, TREE_ALL, 0);
    int left = 0;
    for (int i = 0; i < 2 && count.denied == 0; i++) {
        int status;
        if (waitpid(-1, &status, 0) < 0 || !WIFSIGNALED(status) || WTERMSIG(status) != SIGTERM)
            left++;
    }
    struct reaped r = {0};
    tree_signal(t, SIGKILL, false, TREE_ALL, 0);
    drain(t, &r);
    tree_free(t);
    return count.alive != 2 ? 12 : count.denied > 0 ? 13 : left > 0 ? 14 : 0;
}

static void
test_pidfds_forbidden(void **state)
{
    (void)state;
    static const int calls[][2] = {{SYS_pidfd_open, SYS_pidfd_open},
                                   {SYS_pidfd_send_signal, SYS_pidfd_send_signal},
                                   {SYS_pidfd_open, SYS_pidfd_send_signal}};
    static const int errors[] = {EPERM, ENOSYS};
    for (size_t i = 0; i < 6; i++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
            _exit(under_filter(calls[i / 2][0], calls[i / 2][1], errors[i % 2]));
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

static int
setup(void **state)
{
    struct err e;
    *state = tree_new(&e);
    return *state ? 0 : -1;
}

static int
teardown(void **state)
{
    tree_free(*state);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_empty, setup, teardown),
        cmocka_unit_test_setup_teardown(test_signals_direct_child, setup, teardown),
        cmocka_unit_test_setup_teardown(test_finds_daemons, setup, teardown),
        cmocka_unit_test_setup_teardown(test_asks_each_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_first_thread_ended, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wakes_stopped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_group_in_one_call, setup, teardown),
        cmocka_unit_test(test_foreign_child),
        cmocka_unit_test_setup_teardown(test_hundred_orphans, setup, teardown),
        cmocka_unit_test(test_ancestors),
        cmocka_unit_test(test_pidfds_forbidden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
