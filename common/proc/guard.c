/* guard.c: what the guard does, and what passes between it and its supervisor. */
#include "common/proc/guard.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/proc/cgroup.h"
#include "common/proc/procfs.h"
#include "common/proc/tree.h"

#define PAUSE_FIRST_MS 2
#define PAUSE_MOST_MS 100
#define MEET_MS 30000

enum word { WORD_STARTED, WORD_FAILED, WORD_ENDED };

/* From the guard to its supervisor, which answers the last one with a byte. */
struct said {
    enum word word;
    int value;   /* the command's pid; errno; status of waitpid(2) */
    int refused; /* of the first: cgroup_fork()'s */
};

struct guard {
    const struct guard_setup *setup;
    struct tree *tree;
    struct cgroup *cgroup;
    int link, signal_fd;
    pid_t command;
    pid_t group; /* the command's own, 0 */
    bool told;   /* of the command's end; it is reaped when the supervisor has let it go */
    bool reaped; /* the command */
};

static void
say_all(int link, struct said s)
{
    IGNORED(send(link, &s, sizeof(s), MSG_NOSIGNAL | MSG_DONTWAIT) < 0);
}

static void
say(int link, enum word word, int value)
{
    say_all(link, (struct said){.word = word, .value = value});
}

static _Noreturn void
fail(int link, int sys_errno)
{
    say(link, WORD_FAILED, sys_errno);
    _exit(125);
}

/* ---- descriptors ---- */

static bool
is_kept(const int *kept, size_t n, int fd)
{
    for (size_t i = 0; i < n; i++)
        if (kept[i] == fd)
            return true;
    return false;
}

/* Kernels before 5.9, and sandboxes that do not know the call. */
static void
close_each(const int *kept, size_t n)
{
    cleanup_dir DIR *dir = opendir("/proc/self/fd");
    const struct dirent *entry;
    while (dir && (entry = readdir(dir))) {
        int fd = (int)strtol(entry->d_name, NULL, 10);
        if (entry->d_name[0] != '.' && fd != dirfd(dir) && !is_kept(kept, n, fd))
            close(fd);
    }
}

static bool
close_between(unsigned first, unsigned last)
{
#ifdef SYS_close_range
    return first > last || syscall(SYS_close_range, first, last, 0) == 0;
#else
    return false;
#endif
}

static int
by_number(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void
close_others(int *kept, size_t n)
{
    unsigned next = 0;
    bool closed = true;
    qsort(kept, n, sizeof(*kept), by_number);
    for (size_t i = 0; i < n && closed; i++) {
        if (kept[i] < 0)
            continue;
        closed = kept[i] == 0 || close_between(next, (unsigned)kept[i] - 1);
        next = (unsigned)kept[i] + 1;
    }
    if (!closed || !close_between(next, ~0U))
        close_each(kept, n);
}

/* ---- the guard ---- */

static int
status_of(const siginfo_t *info)
{
    if (info->si_code == CLD_EXITED)
        return (info->si_status & 0xff) << 8;
    return info->si_status | (info->si_code == CLD_DUMPED ? WCOREFLAG : 0);
}

/* Reaps what has ended, as far as it may. False: nothing is left. */
static bool
look(struct guard *g)
{
    while (!g->told || g->reaped) {
        siginfo_t info = {0};
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0)
            return errno != ECHILD || tree_strays(g->tree);
        if (info.si_pid == 0)
            return true;
        if (info.si_pid == g->command && !g->reaped) {
            g->told = true;
            say(g->link, WORD_ENDED, status_of(&info));
        } else {
            waitpid(info.si_pid, NULL, WNOHANG | __WALL);
        }
    }
    return true;
}

/* Of the supervisor. False: it is dead. */
static bool
hear(struct guard *g)
{
    char byte;
    ssize_t n = recv(g->link, &byte, 1, MSG_DONTWAIT);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    if (n > 0 && g->told && !g->reaped) {
        waitpid(g->command, NULL, __WALL);
        g->reaped = true;
    }
    return n > 0;
}

static void
wait_for_signal(const struct guard *g, int timeout_ms)
{
    struct signalfd_siginfo info;
    struct pollfd p = {.fd = g->signal_fd, .events = POLLIN};
    if (poll(&p, 1, timeout_ms) > 0)
        IGNORED(read(g->signal_fd, &info, sizeof(info)) < 0);
}

static void
on_guard_reaped(pid_t pid, int status, void *arg)
{
    (void)status;
    struct guard *g = arg;
    if (pid == g->command)
        g->reaped = true;
}

static void
end_all(struct guard *g)
{
    int pause_ms = PAUSE_FIRST_MS;
    for (;;) {
        tree_signal(g->tree, SIGKILL, false, TREE_ALL, g->reaped ? 0 : g->group);
        tree_reap(g->tree, on_guard_reaped, g);
        if (tree_empty(g->tree))
            return;
        wait_for_signal(g, pause_ms);
        pause_ms = pause_ms * 2 > PAUSE_MOST_MS ? PAUSE_MOST_MS : pause_ms * 2;
    }
}

static void
watch(struct guard *g)
{
    while (look(g)) {
        struct pollfd p[] = {{.fd = g->link, .events = POLLIN},
                             {.fd = g->signal_fd, .events = POLLIN}};
        if (poll(p, 2, tree_strays(g->tree) ? PAUSE_MOST_MS : -1) < 0)
            continue;
        wait_for_signal(g, 0);
        if (p[0].revents == 0 || hear(g))
            continue;
        end_all(g);
        cgroup_free(g->cgroup);
        if (g->setup->bereaved)
            g->setup->bereaved(g->setup->arg);
        return;
    }
}

/* In the command's process, until the supervisor can hear of it: a guard that is killed before then leaves nobody behind. */
static void
wait_to_be_told(int gate[2])
{
    char byte;
    ssize_t n;
    close(gate[1]);
    do
        n = read(gate[0], &byte, 1);
    while (n < 0 && errno == EINTR);
    if (n != 1)
        _exit(125);
    close(gate[0]);
}

/* In the new one: 0. */
static pid_t
fork_command(struct guard *g, const struct guard_command *command, int *ret_refused)
{
    pid_t pid = cgroup_fork(command->cgroup, ret_refused);
    if (pid > 0 && command->cgroup && !*ret_refused) {
        g->cgroup = command->cgroup;
        tree_set_cgroup(g->tree, g->cgroup);
    }
    return pid;
}

pid_t
guard_become(const struct guard_setup *setup, int link, const struct guard_command *command)
{
    int refused, gate[2];
    struct guard g = {.setup = setup, .link = link};
    pid_t self = getpid(), supervisor = getppid();
    sigset_t chld, all;
    struct err e;
    sigemptyset(&chld);
    sigaddset(&chld, SIGCHLD);
    sigfillset(&all);
    g.signal_fd = signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
    if (g.signal_fd < 0 || pipe2(gate, O_CLOEXEC) < 0)
        fail(link, errno);
    g.tree = tree_new(&e);
    if (!g.tree)
        fail(link, e.sys_errno ? e.sys_errno : ENOMEM);
    tree_set_supervisor(g.tree, supervisor);
    prctl(PR_SET_NAME, setup->name); /* before the command can look; it loses it with its exec */
    g.command = fork_command(&g, command, &refused);
    if (g.command < 0)
        fail(link, errno);
    if (g.command == 0) {
        wait_to_be_told(gate);
        return self;
    }
    sigprocmask(SIG_SETMASK, &all, NULL);
    if (command->own_group) {
        setpgid(g.command, g.command); /* as child_start() does it */
        g.group = g.command;
    }
    setpgid(0, 0);
    int kept[] = {STDERR_FILENO, link, g.signal_fd, gate[1], command->keep_fd, cgroup_fd(g.cgroup)};
    close_others(kept, sizeof(kept) / sizeof(kept[0]));
    say_all(link, (struct said){.word = WORD_STARTED, .value = g.command, .refused = refused});
    IGNORED(write(gate[1], "", 1) < 0);
    close(gate[1]);
    watch(&g);
    _exit(0);
}

/* ---- the supervisor ---- */

int
guard_link(int ret_ends[2], struct err *e)
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_ends) < 0)
        return err_sys(e, errno, "socketpair");
    return 0;
}

int
guard_meet(int link, pid_t *ret_command, int *ret_refused, struct err *e)
{
    struct said s;
    struct pollfd p = {.fd = link, .events = POLLIN};
    ssize_t n = poll(&p, 1, MEET_MS) > 0 ? recv(link, &s, sizeof(s), MSG_DONTWAIT) : -1;
    if (n != (ssize_t)sizeof(s) || s.word == WORD_ENDED)
        return err_set(e, ERR_SYSTEM, "the guard ended before the command was started");
    if (s.word == WORD_FAILED)
        return err_sys(e, s.value, "cannot start a process");
    *ret_command = s.value;
    *ret_refused = s.refused;
    return 0;
}

bool
guard_hear(int link, int *ret_status)
{
    struct said s;
    if (recv(link, &s, sizeof(s), MSG_DONTWAIT) != (ssize_t)sizeof(s) || s.word != WORD_ENDED)
        return false;
    *ret_status = s.value;
    return true;
}

void
guard_let_go(int link)
{
    IGNORED(send(link, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0);
}

bool
guard_command_ended(pid_t guard, pid_t command)
{
    struct procfs_stat s;
    return procfs_stat(command, &s) && s.ppid == guard && procfs_is_dead(&s);
}

void
guard_wake(pid_t guard)
{
    siginfo_t info = {0};
    if (waitid(P_PID, (id_t)guard, &info, WSTOPPED | WNOHANG) == 0 && info.si_pid == guard)
        kill(guard, SIGCONT);
}
