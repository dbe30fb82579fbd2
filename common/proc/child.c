/* child.c: fork, exec, and the pipe that tells why exec failed. */
#include "common/proc/child.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/proc/cgroup.h"
#include "common/proc/exec.h"
#include "common/proc/guard.h"
#include "common/proc/signals.h"

enum step { STEP_EXEC, STEP_KEEP_FD, STEP_GROUP, STEP_OUTPUT };

struct failure {
    enum step step;
    struct exec_failure exec; /* of the other steps: sys_errno alone */
};

static int
status_of(const struct failure *f)
{
    return f->step == STEP_EXEC ? exec_failure_status(&f->exec) : 125;
}

static _Noreturn void
fail(int fd, const struct failure *f)
{
    ssize_t wrote = write(fd, f, sizeof(*f));
    (void)wrote; /* nobody reads: the supervisor is gone, and so are we */
    _exit(status_of(f));
}

static _Noreturn void
fail_early(int fd, enum step step, int sys_errno)
{
    struct failure f = {.step = step, .exec.sys_errno = sys_errno};
    fail(fd, &f);
}

/* All but the standard ones; the kernel does it in one call since 5.11. */
static void
close_at_exec(void)
{
#ifdef SYS_close_range
    if (syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
        return;
#endif
    DIR *dir = opendir("/proc/self/fd");
    struct dirent *entry;
    while (dir && (entry = readdir(dir))) {
        int fd = (int)strtol(entry->d_name, NULL, 10);
        if (fd > STDERR_FILENO)
            fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
    if (dir)
        closedir(dir);
}

/* In the child, whose one thread is the only one of its parent. */
static _Noreturn void
become(const struct child_spec *spec, pid_t parent, int report_fd)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(125); /* the supervisor died before the line above */
    if (spec->own_group && setpgid(0, 0) < 0)
        fail_early(report_fd, STEP_GROUP, errno);
    if (spec->closes)
        close_at_exec();
    if (spec->keep_fd >= 0 && fcntl(spec->keep_fd, F_SETFD, 0) < 0)
        fail_early(report_fd, STEP_KEEP_FD, errno);
    if ((spec->out_fd && dup2(spec->out_fd, STDOUT_FILENO) < 0) ||
        (spec->err_fd && dup2(spec->err_fd, STDERR_FILENO) < 0))
        fail_early(report_fd, STEP_OUTPUT, errno);
    if (spec->cores)
        setrlimit(RLIMIT_CORE, spec->cores);
    if (spec->signals)
        signals_restore(spec->signals);
    struct failure f = {.step = STEP_EXEC};
    exec_command(spec->argv, spec->envp, &f.exec);
    fail(report_fd, &f);
}

static void
not_in_cgroup(struct child *c, int refused)
{
    err_sys(&c->without_cgroup, refused, "clone3 into the cgroup %s", cgroup_path(c->cgroup));
    child_leave_cgroup(c);
}

static int
start(struct child *c, const struct child_spec *spec, int report_fd, struct err *e)
{
    int refused;
    pid_t parent = getpid();
    pid_t pid = cgroup_fork(c->cgroup, &refused);
    if (pid < 0)
        return err_sys(e, errno, "cannot start a process");
    if (pid == 0)
        become(spec, parent, report_fd);
    if (refused)
        not_in_cgroup(c, refused);
    if (spec->own_group)
        setpgid(pid, pid); /* both sides do it: whoever comes first */
    c->pid = pid;
    return 0;
}

static int
start_guarded(struct child *c, const struct child_spec *spec, int report_fd, struct err *e)
{
    int ends[2], refused;
    if (guard_link(ends, e) < 0)
        return -1;
    cleanup_close int link = ends[0];
    cleanup_close int far_end = ends[1];
    pid_t guard = fork();
    if (guard < 0)
        return err_sys(e, errno, "cannot start a process");
    if (guard == 0) {
        close(link);
        struct guard_command command = {
            .keep_fd = spec->keep_fd, .own_group = spec->own_group, .cgroup = c->cgroup};
        become(spec, guard_become(spec->guard, far_end, &command), report_fd);
    }
    close(steal_fd(&far_end)); /* its end is seen then */
    if (guard_meet(link, &c->pid, &refused, e) < 0)
        return -1;
    if (refused)
        not_in_cgroup(c, refused);
    c->guard = guard;
    c->link = steal_fd(&link);
    return 0;
}

int
child_start(struct child *c, const struct child_spec *spec, struct err *e)
{
    *c = (struct child)CHILD_INIT;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
        return err_sys(e, errno, "pipe");
    cleanup_close int read_end = ends[0];
    cleanup_close int write_end = ends[1];
    if (spec->cgroup)
        c->cgroup = cgroup_new(spec->cgroup, &c->without_cgroup);
    if (spec->guard ? start_guarded(c, spec, write_end, e) : start(c, spec, write_end, e)) {
        child_leave_cgroup(c);
        return -1;
    }
    c->group = spec->own_group ? c->pid : 0;
    c->exec_fd = steal_fd(&read_end);
    return 0;
}

int
child_signal(const struct child *c, int signo)
{
    return kill(c->group ? -c->group : c->pid, signo);
}

int
child_exec_error(struct child *c, const char *command, int *ret_status, struct err *e)
{
    struct failure f;
    ssize_t got;
    do
        got = read(c->exec_fd, &f, sizeof(f));
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof(f))
        return 0;
    *ret_status = status_of(&f);
    if (f.step == STEP_EXEC)
        return exec_failure_explain(&f.exec, command, e);
    static const char *const what[] = {[STEP_KEEP_FD] = "cannot hand the lock to the command",
                                       [STEP_GROUP] = "setpgid",
                                       [STEP_OUTPUT] = "cannot hand its output to the command"};
    return err_sys(e, f.exec.sys_errno, "%s", what[f.step]);
}

void
child_leave_cgroup(struct child *c)
{
    cgroup_free(steal_ptr(&c->cgroup));
}

void
child_done(struct child *c)
{
    child_leave_cgroup(c);
    if (c->exec_fd >= 0)
        close(c->exec_fd);
    if (c->link >= 0)
        close(c->link);
    c->exec_fd = c->link = -1;
}

bool
child_has_terminal(void)
{
    cleanup_close int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    return fd >= 0 && tcgetpgrp(fd) == getpgrp();
}
