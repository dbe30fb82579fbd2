/*
 * lease_file.c: flock(2) on a file that is never removed.
 *
 * The lock belongs to the open file description (flock(2)), which the command inherits: the lock is
 * held as long as anything of its tree lives, so nothing here ever unlocks; the last close does.
 * The file holds one line of LINE_BYTES, rewritten in place under the lock: the fence's counter and
 * who holds it. A path that is replaced gives two holders, so what was locked is compared with what
 * the path names now: after the lock was taken, each second while it is held, and when asked.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/lease/lease_file_impl.h"
#include "common/lease/lease_impl.h"
#include "common/net/loop.h"

#define LINE_BYTES 256
#define REPLACED_TRIES 100
#define LOOKED_AT_MS 2000
#define LOOKED_AT_PAUSE_MS 2
#define LOOK_MS 1000

struct lease_file {
    struct lease lease;
    char *path;
    int fd;
    struct loop_timer *look;
    bool looked_at;       /* no run holds it, only somebody who looks: `look` tries again */
    uint64_t patience_ms; /* and gives up then */
    struct err why;
    struct lease_holder holder;
    uint64_t fence;
};

static struct lease_file *
of(struct lease *l)
{
    return (struct lease_file *)l;
}

/* O_CREAT for what is missing only: with fs.protected_regular (proc_sys_fs(5)) the kernel refuses it in /tmp and its like for
 * a file of another user, even to root. Not blocking: a FIFO would wait for its other end. */
static int
open_or_create(const char *path)
{
    const int flags = O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    int fd = open(path, flags);
    return fd < 0 && errno == ENOENT ? open(path, flags | O_CREAT, 0666) : fd;
}

static int
open_file(const char *path, int *ret_fd, struct err *e)
{
    cleanup_close int fd = open_or_create(path);
    if (fd < 0)
        return err_sys(e, errno, "cannot open the lock file %s", path);
    struct stat st;
    if (fstat(fd, &st) < 0)
        return err_sys(e, errno, "cannot stat the lock file %s", path);
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_INPUT, "the lock file %s is not a regular file", path);
    *ret_fd = steal_fd(&fd);
    return 0;
}

int
lease_file_read(int fd, const char *path, struct lease_holder *ret, struct err *e)
{
    char line[LINE_BYTES + 1];
    ssize_t got = pread(fd, line, sizeof(line), 0);
    if (got < 0)
        return err_sys(e, errno, "cannot read the lock file %s", path);
    *ret = (struct lease_holder){0};
    if (got == 0)
        return 0;
    if (got != LINE_BYTES || !lease_holder_parse(line, (size_t)got, ret))
        return err_set(
            e, ERR_INPUT,
            "the lock file %s was not written by cronrun, or is damaged; find out what it is, and remove it while no job is running",
            path);
    return 0;
}

static int
write_line(int fd, const char *path, const struct lease_holder *self, struct err *e)
{
    cleanup_strbuf struct strbuf b = STRBUF_INIT;
    lease_holder_format(&b, self);
    if (b.failed)
        return err_nomem(e);
    if (b.len > LINE_BYTES - 1)
        return err_set(e, ERR_INPUT, "the line for the lock file is too long");
    char line[LINE_BYTES];
    memset(line, ' ', sizeof(line));
    memcpy(line, b.data, b.len);
    line[LINE_BYTES - 1] = '\n';
    ssize_t wrote = pwrite(fd, line, sizeof(line), 0);
    if (wrote != (ssize_t)sizeof(line))
        return err_sys(e, wrote < 0 ? errno : ENOSPC, "cannot write the lock file %s", path);
    if (fdatasync(fd) < 0)
        return err_sys(e, errno, "cannot fsync the lock file %s", path);
    return 0;
}

/* 1: locked, 0: held by another, -1: neither. */
static int
try_once(int fd, int how, const char *path, struct err *e)
{
    while (flock(fd, how | LOCK_NB) < 0) {
        if (errno == EWOULDBLOCK)
            return 0;
        if (errno != EINTR)
            return err_sys(e, errno, "cannot lock %s", path);
    }
    return 1;
}

/*
 * A run's lock is exclusive. One that can be shared is somebody's who only looks (lease_look.h), for a moment; for longer where
 * the kernel stops him meanwhile, as it does with a container that has used up its processor time.
 */
static int
try_lock(int fd, const char *path, bool *ret_looked_at, struct err *e)
{
    int locked = try_once(fd, LOCK_EX, path, e);
    if (locked != 0)
        return locked;
    int shared = try_once(fd, LOCK_SH, path, e); /* until fd is closed, at once */
    *ret_looked_at = shared > 0;
    return shared < 0 ? -1 : 0;
}

/* Whether the path certainly names another file now, or none. One that cannot be looked at is nobody else's lock either. */
static bool
is_replaced(int fd, const char *path)
{
    struct stat locked, named;
    if (stat(path, &named) < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
    return fstat(fd, &locked) == 0 &&
           (locked.st_dev != named.st_dev || locked.st_ino != named.st_ino);
}

static void
file_check(struct lease *l)
{
    struct lease_file *f = of(l);
    struct err e;
    if (f->fd < 0 || !is_replaced(f->fd, f->path))
        return;
    loop_timer_cancel(f->look);
    err_set(
        &e, ERR_LOST,
        "the lock file %s was removed or replaced while it was locked, so another run may have started; do not remove it while cronrun is running",
        f->path);
    lease_tell(l, LEASE_GONE, &e);
}

void
lease_file_who(int fd, const char *host, struct lease_holder *holder)
{
    bool runner_gone = strcmp(holder->host, host) == 0 && holder->pid > 0 &&
                       kill((pid_t)holder->pid, 0) < 0 && errno == ESRCH;
    struct stat st;
    if (runner_gone && fstat(fd, &st) == 0)
        lease_file_pids(st.st_dev, st.st_ino, holder->pids, sizeof(holder->pids));
    holder->unseen = runner_gone && !holder->pids[0];
}

static void
who_holds(struct lease_file *f, int fd)
{
    /* What cannot be read now names nobody; the next holder will say that it is damaged. */
    if (lease_file_read(fd, f->path, &f->holder, NULL) < 0)
        f->holder = (struct lease_holder){0};
    lease_file_who(fd, f->lease.owner.host, &f->holder);
}

static int
take(struct lease_file *f, int fd, struct err *e)
{
    struct lease_holder before = {0};
    struct lease_holder self;
    if (lease_file_read(fd, f->path, &before, e) < 0)
        return -1;
    lease_holder_self(&self, &f->lease.owner, before.fence + 1);
    if (write_line(fd, f->path, &self, e) < 0)
        return -1;
    f->fence = self.fence;
    return 0;
}

static int
acquire(struct lease_file *f, struct err *e)
{
    for (int i = 0; i < REPLACED_TRIES; i++) {
        cleanup_close int fd = -1;
        if (open_file(f->path, &fd, e) < 0)
            return -1;
        int locked = try_lock(fd, f->path, &f->looked_at, e);
        if (locked < 0)
            return -1;
        if (locked == 0) {
            if (!f->looked_at)
                who_holds(f, fd);
            return err_set(e, ERR_BUSY, "the lock file %s is locked", f->path);
        }
        if (is_replaced(fd, f->path))
            continue;
        if (take(f, fd, e) < 0)
            return -1;
        f->fd = steal_fd(&fd);
        loop_timer_start(f->look, LOOK_MS);
        return 0;
    }
    return err_set(
        e, ERR_INPUT,
        "the lock file %s keeps being replaced; do not remove it while cronrun is running",
        f->path);
}

static void
tell_acquired(struct lease *l)
{
    struct lease_file *f = of(l);
    if (f->fd >= 0)
        lease_acquired(l, NULL, f->fence, NULL);
    else
        lease_acquired(l, &f->why, 0, f->why.code == ERR_BUSY ? &f->holder : NULL);
}

static void
try_to_acquire(struct lease_file *f)
{
    f->looked_at = false;
    acquire(f, &f->why);
    if (f->looked_at && clock_left_ms(f->patience_ms) > 0)
        loop_timer_start(f->look, LOOKED_AT_PAUSE_MS);
    else
        lease_soon(&f->lease, tell_acquired);
}

static void
on_look(void *arg)
{
    struct lease_file *f = arg;
    if (f->fd < 0) {
        try_to_acquire(f);
        return;
    }
    loop_timer_start(f->look, LOOK_MS);
    file_check(&f->lease);
}

static int
file_acquire(struct lease *l, uint64_t deadline_ms, struct err *e)
{
    (void)e;
    struct lease_file *f = of(l);
    uint64_t patience_ms = clock_deadline(LOOKED_AT_MS);
    f->holder = (struct lease_holder){0};
    f->patience_ms = deadline_ms < patience_ms ? deadline_ms : patience_ms;
    try_to_acquire(f);
    return 0;
}

static void
file_withdraw(struct lease *l)
{
    struct lease_file *f = of(l);
    loop_timer_cancel(f->look);
    lease_soon(l, tell_acquired); /* what came of it so far */
}

static void
tell_released(struct lease *l)
{
    lease_released(l, NULL);
}

static int
file_release(struct lease *l, const char *outcome, uint64_t deadline_ms, struct err *e)
{
    (void)outcome;
    (void)deadline_ms;
    (void)e;
    struct lease_file *f = of(l);
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
    loop_timer_cancel(f->look);
    lease_soon(l, tell_released);
    return 0;
}

static int
file_keep_fd(const struct lease *l)
{
    return ((const struct lease_file *)l)->fd;
}

static void
file_close(struct lease *l)
{
    struct lease_file *f = of(l);
    if (f->fd >= 0)
        close(f->fd);
    loop_timer_free(f->look);
    free(f->path);
}

struct lease *
lease_file_new(struct loop *loop, const char *path, const struct lease_owner *owner, struct err *e)
{
    static const struct lease_ops ops = {.acquire = file_acquire,
                                         .withdraw = file_withdraw,
                                         .release = file_release,
                                         .keep_fd = file_keep_fd,
                                         .check = file_check,
                                         .close = file_close};
    struct lease_file *f = calloc(1, sizeof(*f));
    if (!f) {
        err_nomem(e);
        return NULL;
    }
    f->fd = -1;
    f->path = strdup(path);
    f->look = loop_timer_new(loop, on_look, f);
    if (lease_init(&f->lease, &ops, loop, owner, e) < 0 || !f->path || !f->look) {
        if (!f->path || !f->look)
            err_nomem(e);
        lease_free(&f->lease);
        return NULL;
    }
    return &f->lease;
}
