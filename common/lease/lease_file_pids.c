/*
 * lease_file_pids.c: who holds a flock, read from /proc/<pid>/fdinfo.
 *
 * proc(5): a descriptor whose open file description holds a lock has a line "lock: 1: FLOCK
 * ADVISORY WRITE 123 08:01:77 0 EOF", with the locking process' pid (perhaps gone) and the file as
 * major:minor:inode in hex and decimal.
 */
#include <ctype.h>
#include <stdio.h>
#include <sys/sysmacros.h>

#include "common/base/cleanup.h"
#include "common/lease/lease_impl.h"
#include "common/proc/procfs.h"

static bool
descriptor_holds(const char *path, uint64_t dev, uint64_t ino)
{
    cleanup_file FILE *f = fopen(path, "re");
    if (!f)
        return false;
    char line[256];
    while (fgets(line, sizeof(line), f)) {
        unsigned major_no, minor_no;
        unsigned long long inode;
        if (sscanf(line, "lock: %*d: FLOCK %*s %*s %*d %x:%x:%llu", &major_no, &minor_no, &inode) ==
                3 &&
            inode == ino && makedev(major_no, minor_no) == dev)
            return true;
    }
    return false;
}

static bool
process_holds(pid_t pid, uint64_t dev, uint64_t ino)
{
    char path[320];
    snprintf(path, sizeof(path), "/proc/%d/fdinfo", (int)pid);
    cleanup_dir DIR *fds = opendir(path);
    if (!fds)
        return false;
    for (const struct dirent *fd; (fd = readdir(fds));) {
        snprintf(path, sizeof(path), "/proc/%d/fdinfo/%.200s", (int)pid, fd->d_name);
        if (isdigit((unsigned char)fd->d_name[0]) && descriptor_holds(path, dev, ino))
            return true;
    }
    return false;
}

void
lease_file_pids(uint64_t dev, uint64_t ino, char *ret, size_t size)
{
    size_t len = 0;
    ret[0] = '\0';
    CLEANUP_WITH(procfs_list_done) struct procfs_list all = {0};
    procfs_all(&all); /* what memory allows */
    for (size_t i = 0; i < all.n; i++) {
        const struct procfs_stat *s = &all.items[i];
        if (!process_holds(s->pid, dev, ino))
            continue;
        int wrote =
            snprintf(ret + len, size - len, "%s%d (%s)", len ? ", " : "", (int)s->pid, s->comm);
        if (wrote < 0 || (size_t)wrote >= size - len) {
            ret[len] = '\0';
            return;
        }
        len += (size_t)wrote;
    }
}
