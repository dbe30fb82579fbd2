/* A command as child: status, why exec failed, descriptors, mask and dispositions, group,
 * parent-death signal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/proc/child.h"
#include "common/proc/exec.h"
#include "common/proc/signals.h"

static char *const no_env[] = {NULL};

static int
run(const char *const *argv, int keep_fd, struct child *c)
{
    struct err e;
    struct child_spec spec = {
        .argv = (char *const *)argv, .envp = no_env, .keep_fd = keep_fd, .own_group = true};
    assert_int_equal(child_start(c, &spec, &e), 0);
    int status;
    assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
    return status;
}

static void
test_status(void **state)
{
    (void)state;
    for (int i = 0; i < 256; i += 51) {
        char script[32];
        snprintf(script, sizeof(script), "exit %d", i);
        struct child c;
        int status = run((const char *[]){"sh", "-c", script, NULL}, -1, &c);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), i);
        int ignored = -1;
        assert_int_equal(child_exec_error(&c, "sh", &ignored, NULL), 0);
        assert_int_equal(ignored, -1);
        child_done(&c);
    }
}

static void
test_look(void **state)
{
    (void)state;
    struct err e;
    assert_int_equal(exec_look("sh", &e), 0);
    assert_int_equal(exec_look("/bin/sh", &e), 0);
    assert_int_equal(exec_look("/bin", &e), -1);
    assert_int_equal(exec_look("", &e), -1);
}

/* Its output goes where it is told, and nowhere else. */
static void
test_output(void **state)
{
    (void)state;
    int ends[2];
    char said[64] = "";
    struct child c;
    struct err e;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    struct child_spec spec = {.argv = (char *const[]){"sh", "-c", "echo out; echo err >&2", NULL},
                              .envp = no_env,
                              .keep_fd = -1,
                              .out_fd = ends[1],
                              .err_fd = ends[1],
                              .own_group = true};
    assert_int_equal(child_start(&c, &spec, &e), 0);
    assert_int_equal(waitpid(c.pid, NULL, 0), c.pid);
    close(ends[1]);
    assert_int_equal(read(ends[0], said, sizeof(said)), 8);
    assert_string_equal(said, "out\nerr\n");
    close(ends[0]);
    child_done(&c);
}

static void
check_exec_failure(const char *command, int expected, int sys_errno)
{
    struct child c;
    struct err e;
    int status = run((const char *[]){command, NULL}, -1, &c);
    int said = 0;
    assert_int_equal(child_exec_error(&c, command, &said, &e), -1);
    assert_int_equal(said, expected);
    assert_int_equal(WEXITSTATUS(status), expected);
    assert_int_equal(e.sys_errno, sys_errno);
    assert_non_null(strstr(e.msg, command));
    child_done(&c);
    /* Before it is started the same is said of what is not there, and nothing of what only exec finds out. */
    if (expected == 127 || sys_errno == EACCES) {
        struct err early = {0};
        assert_int_equal(exec_look(command, &early), -1);
        assert_string_equal(early.msg, e.msg);
    }
}

static void
test_exec_failure(void **state)
{
    (void)state;
    check_exec_failure("/nowhere/at/all", 127, ENOENT);
    check_exec_failure("no-such-command-anywhere", 127, ENOENT);
    check_exec_failure("/tmp", 126, EACCES);
    char path[] = "/tmp/test_child_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    fchmod(fd, 0644);
    close(fd);
    check_exec_failure(path, 126, EACCES);
    unlink(path);
}

/* An executable file of these bytes, executed: the status, and what the message has to hold (NULL: no failure). */
static void
check_file(const char *bytes, size_t len, int expected, const char *words)
{
    char path[] = "/tmp/test_child_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), len);
    assert_int_equal(fchmod(fd, 0755), 0);
    close(fd);
    struct child c;
    struct err e = {0};
    int status = run((const char *[]){path, "7", NULL}, -1, &c);
    int said = WEXITSTATUS(status);
    assert_int_equal(child_exec_error(&c, path, &said, &e), words ? -1 : 0);
    unlink(path);
    child_done(&c);
    assert_int_equal(said, expected);
    assert_int_equal(WEXITSTATUS(status), expected);
    if (!words)
        return;
    assert_int_equal(e.code, ERR_SYSTEM);
    assert_non_null(strstr(e.msg, path));
    if (!strstr(e.msg, words))
        fail_msg("\"%s\" is not in: %s", words, e.msg);
}

#define CHECK_FILE(bytes, expected, words) check_file(bytes, sizeof(bytes) - 1, expected, words)

static void
test_no_program(void **state)
{
    (void)state;
    static const char zeros[8192];
    CHECK_FILE("", 126, "the file is empty");
    check_file(zeros, sizeof(zeros), 126, "neither a program nor a script");
    CHECK_FILE("exit 0\n\0\1\2", 126, "neither a program nor a script");
    CHECK_FILE("#\0!\0/\0b\0i\0n\0/\0s\0h\0\n\0", 126, "neither a program nor a script");
    CHECK_FILE("\x7f"
               "ELF",
               126, "another machine");
    CHECK_FILE("\xEF\xBB\xBF#!/bin/sh\nexit 0\n", 126, "byte order mark");
}

static void
test_scripts(void **state)
{
    (void)state;
    CHECK_FILE("#!/bin/sh\nexit $1\n", 7, NULL);
    CHECK_FILE("exit $1\n", 7, NULL); /* POSIX: the shell's */
    CHECK_FILE("# exit\nexit $1", 7, NULL);
    CHECK_FILE("#!\nexit $1\n", 7, NULL);
    CHECK_FILE("#!/bin/sh\r\nexit 0\r\n", 126, "CRLF");
    CHECK_FILE("#! /no/such/php -q\n", 126, "interpreter /no/such/php: No such file");
    CHECK_FILE("#!/etc/passwd\n", 126, "interpreter /etc/passwd: Permission denied");
    CHECK_FILE("#!/no/such/php", 126, "interpreter /no/such/php");
}

/* A script whose interpreter is none: as a script of the shell it would run, and succeed. */
static void
test_interpreter_that_is_none(void **state)
{
    (void)state;
    char path[] = "/tmp/test_child_XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(fchmod(fd, 0755), 0);
    close(fd);
    char script[128];
    int len = snprintf(script, sizeof(script), "#!%s\n", path);
    check_file(script, (size_t)len, 126, "Exec format error");
    unlink(path);
}

/* This program with other bytes in its first block. */
static void
check_changed(const char *find, const char *replace, size_t at, int expected, const char *words)
{
    static char program[64 << 20];
    FILE *f = fopen("/proc/self/exe", "re");
    assert_non_null(f);
    size_t len = fread(program, 1, sizeof(program), f);
    fclose(f);
    char *place = find ? memmem(program, 4096, find, strlen(find)) : program + at;
    assert_non_null(place);
    memcpy(place, replace, strlen(replace));
    check_file(program, len, expected, words);
}

static void
test_program_of_another_machine(void **state)
{
    (void)state;
    check_changed(NULL, "\x7e\x7e", 18, 126, "another machine");
    check_changed("/ld-linux", "/no-linux", 0, 126, "/no-linux");
}

/* As a shell's search: on behind what may not be executed, and that is told when nothing else is there. */
static void
test_search(void **state)
{
    (void)state;
    char dir[] = "/tmp/test_child_XXXXXX";
    assert_non_null(mkdtemp(dir));
    char path[64], dirs[128];
    snprintf(path, sizeof(path), "%s/cmd", dir);
    snprintf(dirs, sizeof(dirs), "/no/such/dir:%s:/etc", dir);
    const char *had = getenv("PATH");
    cleanup_free char *before = strdup(had ? had : "");
    setenv("PATH", dirs, 1);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    assert_int_equal(write(fd, "#!/no/such/php\n", 15), 15);
    check_exec_failure("cmd", 126, EACCES);
    assert_int_equal(fchmod(fd, 0755), 0);
    close(fd);
    check_exec_failure("cmd", 126, ENOENT);
    check_exec_failure("passwd", 126, EACCES);
    check_exec_failure("no-such", 127, ENOENT);
    check_exec_failure("", 127, ENOENT);
    setenv("PATH", before, 1);
    unlink(path);
    rmdir(dir);
}

/* The command sees 0, 1, 2 and the one that was handed to it; the shell's own glob opens one more
 * (the directory). */
static void
test_descriptors(void **state)
{
    (void)state;
    int handed = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int hidden = open("/dev/null", O_RDONLY | O_CLOEXEC);
    char script[128];
    snprintf(script, sizeof(script),
             "test -e /proc/self/fd/%d || exit 1; test -e /proc/self/fd/%d && exit 2; exit 0",
             handed, hidden);
    struct child c;
    int status = run((const char *[]){"sh", "-c", script, NULL}, handed, &c);
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(fcntl(handed, F_GETFD), FD_CLOEXEC);
    child_done(&c);
    close(handed);
    close(hidden);
}

static void
test_group_and_parent_death(void **state)
{
    (void)state;
    struct child c;
    int status = run((const char *[]){"sh", "-c", "test $$ = $(ps -o pgid= -p $$)", NULL}, -1, &c);
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(c.group, c.pid);
    child_done(&c);
}

/* In a process of its own: entry mask and dispositions reach the command unchanged. */
static void
test_signals_unchanged(void **state)
{
    (void)state;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        for (int signo = 1; signo <= SIGRTMAX; signo++)
            signal(signo, SIG_DFL); /* whatever we were started with */
        signal(SIGCHLD, SIG_IGN);
        signal(SIGUSR2, SIG_IGN);
        sigset_t mask;
        sigemptyset(&mask);
        sigaddset(&mask, SIGALRM);
        sigprocmask(SIG_SETMASK, &mask, NULL);
        struct signals s;
        if (signals_init(&s, NULL) < 0)
            _exit(10);
        /* Masks of /proc/self/status: CHLD 17 ignored, USR2 12 ignored, PIPE 13 not, ALRM 14
         * blocked and nothing else, but 32 and 33: glibc's own, which a threaded parent may leave
         * ignored. */
        const char *argv[] = {"grep", "-Pzq",
                              "SigBlk:\\s0000000000002000\\nSigIgn:\\s0000000[01][08]0010800",
                              "/proc/self/status", NULL};
        char *const envp[] = {"PATH=/usr/bin:/bin", NULL};
        struct child_spec spec = {
            .argv = (char *const *)argv, .envp = envp, .signals = &s, .keep_fd = -1};
        struct child c;
        if (child_start(&c, &spec, NULL) < 0)
            _exit(11);
        int status;
        if (waitpid(c.pid, &status, 0) != c.pid)
            _exit(12);
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 13);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* 0: all as it should be. In a session of its own, so that no terminal of the tests' is touched. */
static int
look_for_terminal(void)
{
    if (setsid() < 0 || child_has_terminal())
        return 1; /* a new session has none */
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0 ||
        open(ptsname(master), O_RDWR | O_CLOEXEC) < 0)
        return 2;
    if (!child_has_terminal())
        return 3; /* the first one that its leader opens is it */
    pid_t background = fork();
    if (background == 0) {
        setpgid(0, 0);
        _exit(child_has_terminal() ? 4 : 0);
    }
    int status;
    return waitpid(background, &status, 0) == background ? WEXITSTATUS(status) : 5;
}

static void
test_has_terminal(void **state)
{
    (void)state;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(look_for_terminal());
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* The whole group while it has one of its own, else it alone. */
static void
test_child_signal(void **state)
{
    (void)state;
    const char *argv[] = {"sh", "-c", "exec sleep 60", NULL};
    for (int own_group = 0; own_group < 2; own_group++) {
        struct child c;
        struct child_spec spec = {.argv = (char *const *)argv,
                                  .envp = no_env,
                                  .keep_fd = -1,
                                  .own_group = own_group == 1};
        assert_int_equal(child_start(&c, &spec, NULL), 0);
        assert_int_equal(c.group, own_group ? c.pid : 0);
        assert_int_equal(child_signal(&c, SIGKILL), 0);
        int status;
        assert_int_equal(waitpid(c.pid, &status, 0), c.pid);
        assert_int_equal(WTERMSIG(status), SIGKILL);
        child_done(&c);
    }
}

static void
test_signal_names(void **state)
{
    (void)state;
    int signo;
    struct err e;
    assert_int_equal(signals_parse("TERM", &signo, &e), 0);
    assert_int_equal(signo, SIGTERM);
    assert_int_equal(signals_parse("sigquit", &signo, &e), 0);
    assert_int_equal(signo, SIGQUIT);
    assert_int_equal(signals_parse("10", &signo, &e), 0);
    assert_int_equal(signo, SIGUSR1);
    assert_int_equal(signals_parse("SIGRTMIN+3", &signo, &e), 0);
    assert_int_equal(signo, SIGRTMIN + 3);
    assert_int_equal(signals_parse("rtmax-1", &signo, &e), 0);
    assert_int_equal(signo, SIGRTMAX - 1);
    assert_int_equal(signals_parse("RTMIN", &signo, &e), 0);
    assert_int_equal(signo, SIGRTMIN);
    static const char *const none[] = {"RTMIN+",   "RTMIN-1", "RTMAX+1",
                                       "RTMIN+3x", "RTMIN++", "RTMIN+ 3",
                                       "RTMINUS",  "RTMAX-",  "RTMIN+9223372036854775807"};
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        assert_int_equal(signals_parse(none[i], &signo, &e), -1);
    for (signo = 1; signo <= SIGRTMAX; signo++) { /* what is printed is understood */
        char name[SIGNALS_NAME_MAX];
        int again;
        assert_int_equal(signals_parse(signals_name(name, signo), &again, &e), 0);
        assert_int_equal(again, signo);
    }
    assert_int_equal(signals_parse("TERMINATE", &signo, &e), -1);
    assert_int_equal(signals_parse("0", &signo, &e), -1);
    assert_int_equal(signals_parse("65", &signo, &e), -1);
    char name[SIGNALS_NAME_MAX];
    assert_string_equal(signals_name(name, SIGKILL), "KILL");
    assert_string_equal(signals_name(name, SIGRTMIN + 2), "RTMIN+2");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_look),
        cmocka_unit_test(test_output),
        cmocka_unit_test(test_exec_failure),
        cmocka_unit_test(test_no_program),
        cmocka_unit_test(test_scripts),
        cmocka_unit_test(test_interpreter_that_is_none),
        cmocka_unit_test(test_program_of_another_machine),
        cmocka_unit_test(test_search),
        cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_group_and_parent_death),
        cmocka_unit_test(test_signals_unchanged),
        cmocka_unit_test(test_has_terminal),
        cmocka_unit_test(test_child_signal),
        cmocka_unit_test(test_signal_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
