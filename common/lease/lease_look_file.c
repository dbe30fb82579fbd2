/* lease_look_file.c: the line of a lock's file, and whether anybody holds it. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/lease/lease_file_impl.h"
#include "common/lease/lease_look.h"

/*
 * 1: somebody holds it, 0: nobody, -1: it cannot be told. /proc/locks and fdinfo would not do: they name the process that locked, and
 * leave the lock out when that has ended while the command holds it still.
 */
static int
is_held(int fd, const char *path, struct err *e)
{
    while (flock(fd, LOCK_SH | LOCK_NB) < 0) {
        if (errno == EWOULDBLOCK)
            return 1;
        if (errno != EINTR)
            return err_sys(e, errno, "cannot look at the lock of %s", path);
    }
    flock(fd, LOCK_UN);
    return 0;
}

int
lease_look_file(const char *path, const char *host, struct lease_look *ret, struct err *e)
{
    struct lease_look look = {.state = LEASE_NEVER};
    struct stat st;
    cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT) {
        *ret = look;
        return 0;
    }
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_sys(e, errno, "cannot open the lock file %s", path);
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_INPUT, "the lock file %s is not a regular file", path);
    int held = is_held(fd, path, e);
    if (held < 0 || lease_file_read(fd, path, &look.holder, e) < 0)
        return -1;
    if (held)
        lease_file_who(fd, host, &look.holder);
    look.fence = look.holder.fence;
    look.state = held ? LEASE_HELD : look.holder.since[0] ? LEASE_FREE : LEASE_NEVER;
    *ret = look;
    return 0;
}
