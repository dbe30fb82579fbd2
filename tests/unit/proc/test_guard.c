/* A guard between this process and real commands: what it tells, what it keeps, and what it does when its supervisor dies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/proc/child.h"
#include "common/proc/guard.h"
#include "common/proc/procfs.h"
#include "common/proc/tree.h"

static char *const no_env[] = {NULL};
static const struct guard_setup plain = {.name = "a-guard"};

static void
start(struct child *c, const char *script, const struct guard_setup *guard, int keep_fd)
{
    struct err e;
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    struct child_spec spec = {.argv = (char *const *)argv,
                              .envp = no_env,
                              .guard = guard,
                              .keep_fd = keep_fd,
                              .own_group = true};
    assert_int_equal(child_start(c, &spec, &e), 0);
}

static int
heard(const struct child *c)
{
    int status = -1;
    struct pollfd p = {.fd = c->link, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 30000), 1);
    assert_true(guard_hear(c->link, &status));
    assert_false(guard_hear(c->link, &status));
    return status;
}

static void
wait_for_sleep(const struct child *c)
{
    struct procfs_stat s;
    do
        assert_true(procfs_stat(c->pid, &s));
    while (strcmp(s.comm, "sleep") != 0);
}

/* It ends by itself when nothing is left. */
static void
finish(struct child *c)
{
    int status;
    guard_let_go(c->link);
    assert_int_equal(waitpid(c->guard, &status, 0), c->guard);
    assert_int_equal(status, 0);
    child_done(c);
}

static void
test_status(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        int status;
    } cases[] = {{"exit 0", 0},
                 {"exit 255", 255 << 8},
                 {"kill -9 $$", SIGKILL},
                 {"kill -15 $$", SIGTERM},
                 {"exec /no/such", 127 << 8},
                 {"exit 137", 137 << 8}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct child c;
        start(&c, cases[i].script, &plain, -1);
        assert_int_equal(heard(&c), cases[i].status);
        finish(&c);
    }
}

/* Its own group, in our session, so that the command's is no orphaned one; the command is its child, and leads a group. */
static void
test_family(void **state)
{
    (void)state;
    struct child c;
    struct procfs_stat guard, command;
    start(&c, "exec sleep 1000", &plain, -1);
    wait_for_sleep(&c);
    assert_true(procfs_stat(c.guard, &guard));
    assert_true(procfs_stat(c.pid, &command));
    assert_int_equal(guard.ppid, getpid());
    assert_int_equal(guard.pgrp, c.guard);
    assert_int_equal(getsid(c.guard), getsid(0));
    assert_string_equal(guard.comm, "a-guard");
    assert_int_equal(command.ppid, c.guard);
    assert_int_equal(command.pgrp, c.pid);
    assert_int_equal(c.group, c.pid);
    assert_int_equal(getsid(c.pid), getsid(0));
    for (int signo = 1; signo < 32; signo++)
        if (signo != SIGKILL && signo != SIGSTOP)
            kill(c.guard, signo);
    assert_int_equal(child_signal(&c, SIGTERM), 0);
    assert_int_equal(heard(&c), SIGTERM);
    finish(&c);
}

/* Until it is let go the command's pid is held, and nothing is reaped. */
static void
test_it_is_reaped_with_our_leave(void **state)
{
    (void)state;
    struct child c;
    struct procfs_stat s;
    start(&c, "exit 1", &plain, -1);
    assert_int_equal(heard(&c), 1 << 8);
    assert_true(procfs_stat(c.pid, &s));
    assert_int_equal(s.state, 'Z');
    assert_true(guard_command_ended(c.guard, c.pid));
    assert_false(guard_command_ended(getpid(), c.pid));
    finish(&c);
    assert_false(procfs_stat(c.pid, &s));
}

static void
test_orphans_are_its_own(void **state)
{
    (void)state;
    struct child c;
    struct tree_count count;
    struct err e;
    struct tree *t = tree_new(&e);
    assert_non_null(t);
    start(&c, "for i in 1 2 3; do (sleep 1000 & sleep 0) & done; wait; exit 0", &plain, -1);
    tree_set_guard(t, c.guard);
    assert_int_equal(heard(&c), 0);
    guard_let_go(c.link);
    int status;
    do
        count = tree_signal(t, SIGUSR1, false, TREE_ALL, 0);
    while (count.alive > 0 || !waitpid(c.guard, &status, WNOHANG));
    assert_int_equal(status, 0);
    tree_set_guard(t, 0);
    assert_true(tree_empty(t));
    tree_free(t);
    child_done(&c);
}

/* The tree is what it was without it: the guard is neither found nor signalled, and nothing is empty while it is there. */
static void
test_tree_sees_through_it(void **state)
{
    (void)state;
    struct child c;
    struct err e;
    struct tree *t = tree_new(&e);
    struct strbuf who = STRBUF_INIT;
    char expected[64];
    start(&c, "exec sleep 1000", &plain, -1);
    tree_set_guard(t, c.guard);
    wait_for_sleep(&c);
    tree_describe(t, 8, &who);
    snprintf(expected, sizeof(expected), "%d (sleep)", (int)c.pid);
    assert_string_equal(strbuf_str(&who), expected);
    strbuf_done(&who);
    struct tree_count count = tree_signal(t, SIGKILL, false, TREE_ALL, c.group);
    assert_int_equal(count.alive, 1);
    assert_int_equal(heard(&c), SIGKILL);
    assert_false(tree_empty(t));
    finish(&c);
    tree_set_guard(t, 0);
    assert_true(tree_empty(t));
    tree_free(t);
}

/* What it has open: standard error, the link, its signals, and what it is to keep. */
static void
test_descriptors(void **state)
{
    (void)state;
    struct child c;
    char path[64];
    int n = 0, kept = 0;
    int extra = dup(1), keep = dup(0);
    start(&c, "exit 0", &plain, keep);
    snprintf(path, sizeof(path), "/proc/%d/fd", (int)c.guard);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (const struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] == '.')
            continue;
        n++;
        kept += atoi(entry->d_name) == keep;
        assert_int_not_equal(atoi(entry->d_name), extra);
    }
    closedir(dir);
    assert_int_equal(n, 4);
    assert_int_equal(kept, 1);
    close(extra);
    close(keep);
    heard(&c);
    finish(&c);
}

static void
test_stopped_guard_goes_on(void **state)
{
    (void)state;
    struct child c;
    siginfo_t info;
    start(&c, "exit 2", &plain, -1);
    kill(c.guard, SIGSTOP);
    assert_int_equal(waitid(P_PID, (id_t)c.guard, &info, WSTOPPED | WNOWAIT), 0);
    guard_wake(c.guard);
    assert_int_equal(heard(&c), 2 << 8);
    guard_wake(c.guard);
    finish(&c);
}

static void
test_no_process(void **state)
{
    (void)state;
    struct err e;
    int ends[2];
    pid_t pid = 7;
    int refused;
    assert_int_equal(guard_link(ends, &e), 0);
    close(ends[1]);
    assert_int_equal(guard_meet(ends[0], &pid, &refused, &e), -1);
    assert_int_equal(e.code, ERR_SYSTEM);
    assert_int_equal(pid, 7);
    close(ends[0]);
}

/* ---- the supervisor dies ---- */

struct witness {
    int fd;
};

static void
on_bereaved(void *arg)
{
    const struct witness *w = arg;
    dup2(w->fd, STDERR_FILENO);
    IGNORED(write(w->fd, "bereaved", 8) < 0);
}

#define DEAF                                                                                       \
    "trap '' TERM INT HUP; (setsid sleep 1000 & setsid sh -c 'sleep 1000 & sleep 1000' &) ; echo >&%d; sleep 1000"

/* A supervisor of its own, which is killed: the pipe that all of them hold ends when the last of them has. */
static void
test_supervisor_is_killed(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        int alive_fds[2], told_fds[2];
        assert_int_equal(pipe(alive_fds), 0);
        assert_int_equal(pipe(told_fds), 0);
        pid_t supervisor = fork();
        if (supervisor == 0) {
            struct child c;
            char script[256];
            struct witness w = {.fd = STDERR_FILENO};
            const struct guard_setup guard = {.name = "g", .bereaved = on_bereaved, .arg = &w};
            close(alive_fds[0]);
            dup2(told_fds[1], STDERR_FILENO);
            snprintf(script, sizeof(script), DEAF, alive_fds[1]);
            start(&c, script, &guard, alive_fds[1]);
            for (;;)
                pause();
        }
        close(alive_fds[1]);
        close(told_fds[1]);
        char got[16] = "";
        assert_int_equal(read(alive_fds[0], got, 1), 1);
        kill(supervisor, SIGKILL);
        assert_int_equal(read(alive_fds[0], got, 1), 0); /* nobody is left, the guard included */
        assert_int_equal(waitpid(supervisor, NULL, 0), supervisor);
        assert_int_equal(read(told_fds[0], got, sizeof(got)), 8);
        assert_memory_equal(got, "bereaved", 8);
        close(alive_fds[0]);
        close(told_fds[0]);
    }
}

/* The command has ended, nobody has let it go, and it has left something. */
static void
test_supervisor_is_killed_late(void **state)
{
    (void)state;
    int alive_fds[2];
    assert_int_equal(pipe(alive_fds), 0);
    pid_t supervisor = fork();
    if (supervisor == 0) {
        struct child c;
        char script[128];
        close(alive_fds[0]);
        snprintf(script, sizeof(script), "setsid sleep 1000 & echo >&%d; exit 0", alive_fds[1]);
        start(&c, script, &plain, alive_fds[1]);
        heard(&c);
        kill(getpid(), SIGKILL);
    }
    close(alive_fds[1]);
    char got;
    assert_int_equal(waitpid(supervisor, NULL, 0), supervisor);
    assert_int_equal(read(alive_fds[0], &got, 1), 1);
    assert_int_equal(read(alive_fds[0], &got, 1), 0);
    close(alive_fds[0]);
}

/* Then the kernel has ended the command, and what is left comes to the supervisor. */
static void
test_guard_is_killed(void **state)
{
    (void)state;
    struct child c;
    int status;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    start(&c, "exec sleep 1000", &plain, -1);
    wait_for_sleep(&c);
    kill(c.guard, SIGKILL);
    assert_int_equal(waitpid(c.guard, &status, 0), c.guard);
    assert_int_equal(status, SIGKILL);
    assert_int_equal(waitpid(c.pid, &status, 0), c.pid); /* from the kernel */
    assert_int_equal(status, SIGKILL);
    assert_false(guard_hear(c.link, &status));
    child_done(&c);
}

/* The kernel kills it where it enters its own process group. */
static void
become_guard_and_die(int link, int said)
{
    const struct guard_command command = {.keep_fd = -1};
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (!filter || seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(setpgid), 0) < 0 ||
        seccomp_load(filter) < 0)
        _exit(99);
    guard_become(&plain, link, &command);
    IGNORED(write(said, "runs", 4) < 0);
    _exit(0);
}

/* When nobody knows of the command yet, that one never runs. */
static void
test_guard_is_killed_before_it_has_told(void **state)
{
    (void)state;
    struct err e;
    int link[2], said[2], status, refused;
    char text[8];
    pid_t command = 0;
    assert_int_equal(guard_link(link, &e), 0);
    assert_int_equal(pipe(said), 0);
    pid_t guard = fork();
    assert_true(guard >= 0);
    if (guard == 0) {
        close(link[0]);
        close(said[0]);
        become_guard_and_die(link[1], said[1]);
    }
    close(link[1]);
    close(said[1]);
    assert_int_equal(waitpid(guard, &status, 0), guard);
    assert_int_equal(WTERMSIG(status), SIGSYS);
    assert_int_equal(guard_meet(link[0], &command, &refused, &e), -1);
    assert_int_equal(read(said[0], text, sizeof(text)), 0);
    while (waitpid(-1, NULL, 0) > 0)
        ;
    close(link[0]);
    close(said[0]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_family),
        cmocka_unit_test(test_it_is_reaped_with_our_leave),
        cmocka_unit_test(test_orphans_are_its_own),
        cmocka_unit_test(test_tree_sees_through_it),
        cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_stopped_guard_goes_on),
        cmocka_unit_test(test_no_process),
        cmocka_unit_test(test_supervisor_is_killed),
        cmocka_unit_test(test_supervisor_is_killed_late),
        cmocka_unit_test(test_guard_is_killed),
        cmocka_unit_test(test_guard_is_killed_before_it_has_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
