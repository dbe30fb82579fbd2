/* cgroup.c: where a cgroup may be made, and what is done with it. */
#include "common/proc/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/base/cleanup.h"

#define PATH_BYTES 1024
#define DEEPEST 64 /* folders below each other that are looked at */
#define FOLDER (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

struct cgroup {
    int fd; /* its folder */
    ino_t inode;
    const char *name; /* the end of the path */
    char path[PATH_BYTES];
};

/* ---- files of a cgroup ---- */

static FILE *
open_file(int folder, const char *name)
{
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    FILE *f = fd >= 0 ? fdopen(fd, "r") : NULL;
    if (fd >= 0 && !f) {
        close(fd);
        errno = ENOMEM;
    }
    return f;
}

/* Where that cannot be seen, for want of a descriptor say, somebody may be in it. A group that has been removed is empty. */
static bool
is_populated(int folder)
{
    char line[64];
    cleanup_file FILE *f = open_file(folder, "cgroup.events");
    if (!f)
        return errno != ENOENT && errno != ENODEV;
    while (fgets(line, sizeof(line), f))
        if (strcmp(line, "populated 0\n") == 0)
            return false;
    return !ferror(f) || errno != ENODEV;
}

static void
each_process(int folder, cgroup_member_cb *cb, void *arg)
{
    int pid;
    cleanup_file FILE *f = open_file(folder, "cgroup.procs");
    while (f && fscanf(f, "%d", &pid) == 1)
        cb((pid_t)pid, arg);
}

/* The folders in a folder; an owned stream, NULL when it is gone. */
static DIR *
open_folder(int folder, const char *name)
{
    int fd = openat(folder, name, FOLDER);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (fd >= 0 && !dir)
        close(fd);
    return dir;
}

static const char *
next_folder(DIR *dir)
{
    const struct dirent *entry;
    while ((entry = readdir(dir)))
        if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
            strcmp(entry->d_name, "..") != 0)
            return entry->d_name;
    return NULL;
}

static void
each_below(int folder, const char *name, int depth, cgroup_member_cb *cb, void *arg)
{
    const char *below;
    cleanup_dir DIR *dir = open_folder(folder, name);
    if (!dir)
        return;
    each_process(dirfd(dir), cb, arg);
    while (depth < DEEPEST && (below = next_folder(dir)))
        each_below(dirfd(dir), below, depth + 1, cb, arg);
}

/* Those below first; one that has processes stays, and so does what it is in. */
static void
remove_below(int folder, int depth)
{
    const char *name;
    cleanup_dir DIR *dir = open_folder(folder, ".");
    while (dir && depth < DEEPEST && (name = next_folder(dir))) {
        cleanup_close int below = openat(dirfd(dir), name, FOLDER);
        if (below >= 0)
            remove_below(below, depth + 1);
        unlinkat(dirfd(dir), name, AT_REMOVEDIR);
    }
}

/* ---- where this process is ---- */

/* "0::/app\n": of version 2. False: there is none, or it is not below what our cgroup namespace shows. */
static bool
path_of(const char *process, char *ret, size_t size)
{
    char file[32];
    char line[PATH_BYTES + 8];
    snprintf(file, sizeof(file), "/proc/%s/cgroup", process);
    cleanup_file FILE *f = fopen(file, "re");
    while (f && fgets(line, sizeof(line), f)) {
        size_t len = strcspn(line, "\n");
        if (strncmp(line, "0::/", 4) != 0 || line[len] != '\n')
            continue;
        line[len] = '\0';
        return (size_t)snprintf(ret, size, "%s", line + 3) < size && strcmp(ret, "/..") != 0 &&
               strncmp(ret, "/../", 4) != 0;
    }
    return false;
}

struct search {
    pid_t pid;
    bool found;
};

static void
on_searched(pid_t pid, void *arg)
{
    struct search *s = arg;
    s->found = s->found || pid == s->pid;
}

static bool
is_version_2(int fd)
{
    struct statfs fs;
    return fstatfs(fd, &fs) == 0 && (uint64_t)fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* The mount may show another part of the hierarchy than the path is of: it is ours if we are in it. */
static int
open_own(const char *path)
{
    static const char *const mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
    for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
        char full[PATH_BYTES + 32];
        struct search self = {.pid = getpid()};
        snprintf(full, sizeof(full), "%s%s", mounts[i], path);
        cleanup_close int fd = open(full, FOLDER);
        if (fd < 0 || !is_version_2(fd))
            continue;
        each_process(fd, on_searched, &self);
        if (self.found)
            return steal_fd(&fd);
    }
    return -1;
}

static bool
is_marked(int fd, const char *attribute)
{
    char value;
    return fgetxattr(fd, attribute, &value, 1) == 1 && value == '1';
}

/* Every cgroup is root's, so that says nothing; nor that one below user@UID.service is the user's: his systemd made it. */
static bool
is_delegated(int fd, const char *path)
{
    struct stat st;
    uid_t user = geteuid();
    return strcmp(path, "/") == 0 ||
           (user != 0 && fstat(fd, &st) == 0 && st.st_uid == user && !strstr(path, "/user@")) ||
           is_marked(fd, "user.delegate") || is_marked(fd, "trusted.delegate");
}

bool
cgroup_limited(int folder)
{
    static const char *const files[] = {"memory.max", "cpu.max"};
    char line[64];
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        cleanup_file FILE *f = open_file(folder, files[i]);
        if (f && fgets(line, sizeof(line), f) && strncmp(line, "max", 3) != 0)
            return true;
    }
    return false;
}

/* ---- make and remove ---- */

/* Of processes that were killed: PROGRAM-PID, and the process is gone. An older one of our own, too. */
static void
remove_forsaken(int parent, const char *program)
{
    const char *name;
    size_t len = strlen(program);
    cleanup_dir DIR *dir = open_folder(parent, ".");
    while (dir && (name = next_folder(dir))) {
        if (strncmp(name, program, len) != 0 || name[len] != '-')
            continue;
        char *end;
        long pid = strtol(name + len + 1, &end, 10);
        if (*end || pid <= 0 || (pid != getpid() && (kill((pid_t)pid, 0) == 0 || errno != ESRCH)))
            continue;
        cleanup_close int fd = openat(parent, name, FOLDER);
        if (fd < 0 || is_populated(fd))
            continue;
        remove_below(fd, 0);
        unlinkat(parent, name, AT_REMOVEDIR);
    }
}

/* What was opened is what was made: empty, of our user, and with a kill file. */
static int
check(struct cgroup *g, int parent, struct err *e)
{
    struct stat st;
    g->fd = openat(parent, g->name, FOLDER);
    if (g->fd < 0 || fstat(g->fd, &st) < 0)
        return err_sys(e, errno, "cannot open the cgroup %s", g->path);
    g->inode = st.st_ino;
    if (!is_version_2(g->fd) || st.st_uid != geteuid() || is_populated(g->fd))
        return err_set(e, ERR_SYSTEM, "the cgroup %s is not the one that was made", g->path);
    cleanup_close int kill_fd = openat(g->fd, "cgroup.kill", O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    if (kill_fd < 0)
        return err_sys(e, errno, "the cgroup %s cannot be killed", g->path);
    return 0;
}

static int
make(struct cgroup *g, const char *program, struct err *e)
{
    char own[PATH_BYTES - 64];
    if (!path_of("self", own, sizeof(own)))
        return err_set(e, ERR_SYSTEM, "no cgroup of version 2");
    cleanup_close int parent = open_own(own);
    if (parent < 0)
        return err_set(e, ERR_SYSTEM, "the cgroup %s is not mounted", own);
    if (faccessat(parent, "cgroup.events", F_OK, 0) < 0)
        return err_set(e, ERR_SYSTEM, "the root of all cgroups");
    if (!is_delegated(parent, own))
        return err_set(e, ERR_SYSTEM, "the cgroup %s is not delegated", own);
    if (cgroup_limited(parent))
        return err_set(e, ERR_SYSTEM, "the cgroup %s has limits that one below it would not show",
                       own);
    remove_forsaken(parent, program);
    snprintf(g->path, sizeof(g->path), "%s/%s-%d", strcmp(own, "/") == 0 ? "" : own, program,
             (int)getpid());
    g->name = strrchr(g->path, '/') + 1;
    if (mkdirat(parent, g->name, 0755) < 0)
        return err_sys(e, errno, "cannot make the cgroup %s", g->path);
    if (check(g, parent, e) == 0)
        return 0;
    unlinkat(parent, g->name, AT_REMOVEDIR);
    return -1;
}

static void
release(struct cgroup *g)
{
    if (g->fd >= 0)
        close(g->fd);
    free(g);
}

struct cgroup *
cgroup_new(const char *program, struct err *e)
{
    struct cgroup *g = malloc(sizeof(*g));
    if (!g) {
        err_nomem(e);
        return NULL;
    }
    *g = (struct cgroup){.fd = -1};
    if (make(g, program, e) < 0) {
        release(g);
        return NULL;
    }
    /* A run within this one can have its own. */
    IGNORED(fsetxattr(g->fd, "user.delegate", "1", 1, 0));
    return g;
}

void
cgroup_free(struct cgroup *g)
{
    struct stat st;
    if (!g)
        return;
    cleanup_close int parent = openat(g->fd, "..", FOLDER);
    if (parent >= 0 && !is_populated(g->fd) &&
        fstatat(parent, g->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_ino == g->inode) {
        remove_below(g->fd, 0);
        unlinkat(parent, g->name, AT_REMOVEDIR);
    }
    release(g);
}

/* ---- the processes ---- */

const char *
cgroup_path(const struct cgroup *g)
{
    return g->path;
}

int
cgroup_fd(const struct cgroup *g)
{
    return g ? g->fd : -1;
}

pid_t
cgroup_fork(const struct cgroup *g, int *ret_refused)
{
    *ret_refused = 0;
    if (g) {
        struct clone_args args = {
            .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (unsigned)g->fd};
        pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
        if (pid >= 0)
            return pid;
        *ret_refused = errno;
    }
    return fork();
}

bool
cgroup_kill(const struct cgroup *g)
{
    if (cgroup_holds(g, getpid()))
        return false;
    cleanup_close int fd = openat(g->fd, "cgroup.kill", O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    return fd >= 0 && write(fd, "1", 1) == 1;
}

bool
cgroup_populated(const struct cgroup *g)
{
    return is_populated(g->fd);
}

bool
cgroup_holds(const struct cgroup *g, pid_t pid)
{
    char process[16];
    char path[PATH_BYTES];
    size_t len = strlen(g->path);
    snprintf(process, sizeof(process), "%d", (int)pid);
    return path_of(process, path, sizeof(path)) && strncmp(path, g->path, len) == 0 &&
           (path[len] == '\0' || path[len] == '/' || path[len] == ' ');
}

void
cgroup_members(const struct cgroup *g, cgroup_member_cb *cb, void *arg)
{
    each_below(g->fd, ".", 0, cb, arg);
}
