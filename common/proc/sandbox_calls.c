/* sandbox_calls.c: which system calls can still be made: seccomp. */
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <ucontext.h>

#include "common/proc/sandbox.h"

/* What glibc, libevent, libpq, hiredis, libcurl, c-ares and OpenSSL need to serve, to connect and to end, and a forked child
 * to cancel a query. Names that an architecture does not have are left out. */
/* clang-format off */
static const char *const free_calls[] = {
    /* descriptors */
    "read", "readv", "pread64", "write", "writev", "pwrite64", "close", "close_range", "dup", "dup2", "dup3", "fcntl",
    "fcntl64", "ioctl", "lseek", "_llseek", "pipe", "pipe2", "poll", "ppoll", "ppoll_time64", "select", "_newselect",
    "pselect6", "pselect6_time64", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait",
    "epoll_pwait2", "eventfd", "eventfd2", "timerfd_create", "timerfd_settime", "timerfd_settime64", "timerfd_gettime",
    "signalfd", "signalfd4",
    /* files; which of them is Landlock's business */
    "open", "openat", "stat", "stat64", "fstat", "fstat64", "lstat", "lstat64", "newfstatat", "fstatat64", "statx",
    "statfs", "statfs64", "fstatfs", "fstatfs64", "access", "faccessat", "faccessat2", "readlink", "readlinkat",
    "getcwd", "getdents", "getdents64", "unlink", "unlinkat", "ftruncate", "fsync", "umask", "fadvise64",
    /* sockets */
    "socket", "socketpair", "socketcall", "connect", "bind", "listen", "accept", "accept4", "getsockname",
    "getpeername", "getsockopt", "setsockopt", "send", "sendto", "sendmsg", "sendmmsg", "recv", "recvfrom", "recvmsg",
    "recvmmsg", "recvmmsg_time64", "shutdown",
    /* memory */
    "brk", "mmap", "mmap2", "munmap", "mprotect", "mremap", "madvise", "membarrier", "mlock", "munlock",
    /* time and chance */
    "clock_gettime", "clock_gettime64", "clock_getres", "clock_getres_time64", "clock_nanosleep",
    "clock_nanosleep_time64", "nanosleep", "gettimeofday", "time", "times", "getrandom", "restart_syscall",
    /* threads, children that do not execute, signals; clone: add_clone() */
    "futex", "futex_time64", "set_robust_list", "get_robust_list", "rseq", "set_tid_address", "gettid", "fork",
    "vfork", "wait4", "waitid", "waitpid", "exit", "exit_group", "sched_yield", "sched_getaffinity", "rt_sigaction",
    "rt_sigprocmask", "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait", "rt_sigpending", "sigreturn", "sigaltstack",
    "kill", "tgkill", "tkill", "arch_prctl", "set_thread_area", "prctl",
    /* asking who and where */
    "getpid", "getppid", "getpgrp", "getpgid", "getsid", "getuid", "getuid32", "geteuid", "geteuid32", "getgid",
    "getgid32", "getegid", "getegid32", "getgroups", "getgroups32", "getrlimit", "ugetrlimit", "prlimit64", "getrusage",
    "uname", "sysinfo",
};

static const char *const deadly_calls[] = {
    "execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "setuid", "setuid32",
    "setgid", "setgid32", "setreuid", "setreuid32", "setregid", "setregid32", "setresuid", "setresuid32", "setresgid",
    "setresgid32", "setfsuid", "setfsuid32", "setfsgid", "setfsgid32", "setgroups", "setgroups32", "capset", "unshare",
    "setns", "mount", "umount2", "pivot_root", "chroot", "init_module", "finit_module", "delete_module", "kexec_load",
    "bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key", "request_key", "io_uring_setup",
};
/* clang-format on */

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- what was refused ---- */

static atomic_uint_fast64_t refused;
static atomic_int latest = -1;

/* The call returns EPERM: the handler puts that where the kernel would have put its answer. */
static void
on_refused(int signo, siginfo_t *info, void *arg)
{
    ucontext_t *context = arg;
    (void)signo;
    atomic_fetch_add(&refused, 1);
    atomic_store(&latest, info->si_syscall);
#if defined(__x86_64__)
    context->uc_mcontext.gregs[REG_RAX] = -EPERM;
#elif defined(__aarch64__)
    context->uc_mcontext.regs[0] = (unsigned long long)-EPERM;
#else
    (void)context;
#endif
}

uint64_t
sandbox_refused(const char **ret_name)
{
    static char *name;
    static int named = -1;
    int number = atomic_load(&latest);
    if (number != named) {
        free(name);
        name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
        named = number;
    }
    if (ret_name)
        *ret_name = name ? name : "?";
    return atomic_load(&refused);
}

/* ---- the filter ---- */

#if defined(__x86_64__) || defined(__aarch64__)
#define OTHER_CALLS SCMP_ACT_TRAP
#else
#define OTHER_CALLS SCMP_ACT_ERRNO(EPERM) /* not counted */
#endif

/* 0, or a negative errno. */
static int
add_calls(scmp_filter_ctx filter, uint32_t action, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int number = seccomp_syscall_resolve_name(names[i]);
        int rc = number >= 0 ? seccomp_rule_add(filter, action, number, 0) : 0;
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Threads and children, but no namespaces: clone's flags can be seen, those of clone3 cannot, and glibc takes clone instead. */
static int
add_clone(scmp_filter_ctx filter)
{
    const uint64_t namespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
    int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                              SCMP_A0(SCMP_CMP_MASKED_EQ, namespaces, 0));
    return rc == 0 ? seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) : rc;
}

static int
load(scmp_filter_ctx filter)
{
    int rc = add_calls(filter, SCMP_ACT_ALLOW, free_calls, COUNT(free_calls));
    if (rc == 0)
        rc = add_clone(filter);
    if (rc == 0)
        rc = add_calls(filter, SCMP_ACT_KILL_PROCESS, deadly_calls, COUNT(deadly_calls));
    if (rc == 0)
        rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a binary tree */
    return rc == 0 ? seccomp_load(filter) : rc;
}

/* Their runtimes trace and execute. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#elif defined(__has_feature)
#define SANITIZED __has_feature(address_sanitizer)
#else
#define SANITIZED false
#endif

int
sandbox_calls(struct err *e)
{
    struct sigaction act = {.sa_sigaction = on_refused, .sa_flags = SA_SIGINFO | SA_NODEFER};
    if (SANITIZED)
        return err_set(e, ERR_SYSTEM, "system calls are not filtered in a build with sanitizers");
    scmp_filter_ctx filter = seccomp_init(OTHER_CALLS);
    if (!filter)
        return err_nomem(e);
    int rc = sigaction(SIGSYS, &act, NULL) < 0 ? -errno : load(filter);
    seccomp_release(filter);
    return rc < 0 ? err_sys(e, -rc, "the kernel refuses the filter of system calls") : 0;
}
