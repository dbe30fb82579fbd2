/*
 * lease_file_pids.c: who holds a flock, read from /proc/<pid>/fdinfo.
 *
 * proc(5): a descriptor whose open file description holds a lock has a line "lock: 1: FLOCK
 * ADVISORY WRITE 123 08:01:77 0 EOF", with the locking process' pid (perhaps gone) and the file as
 * major:minor:inode in hex and decimal.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "common/base/cleanup.h"
#include "common/lease/lease_impl.h"

static bool
descriptor_holds(const char *path, uint64_t dev, uint64_t ino)
{
    cleanup_file FILE *f = fopen(path, "re");
    if (!f)
        return false;
    char line[256];
    while (fgets(line, sizeof line, f)) {
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
process_holds(const char *pid, uint64_t dev, uint64_t ino)
{
    char path[320];
    snprintf(path, sizeof path, "/proc/%.16s/fdinfo", pid);
    cleanup_dir DIR *fds = opendir(path);
    if (!fds)
        return false;
    for (const struct dirent *fd; (fd = readdir(fds));) {
        snprintf(path, sizeof path, "/proc/%.16s/fdinfo/%.200s", pid, fd->d_name);
        if (isdigit((unsigned char)fd->d_name[0]) && descriptor_holds(path, dev, ino))
            return true;
    }
    return false;
}

static void
process_name(const char *pid, char *ret, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%.16s/comm", pid);
    cleanup_file FILE *f = fopen(path, "re");
    if (!f || !fgets(ret, (int)size, f))
        snprintf(ret, size, "?");
    ret[strcspn(ret, "\n")] = '\0';
}

void
lease_file_pids(uint64_t dev, uint64_t ino, char *ret, size_t size)
{
    size_t len = 0;
    ret[0] = '\0';
    cleanup_dir DIR *proc = opendir("/proc");
    if (!proc)
        return;
    for (const struct dirent *entry; (entry = readdir(proc));) {
        if (!isdigit((unsigned char)entry->d_name[0]) || !process_holds(entry->d_name, dev, ino))
            continue;
        char name[32];
        process_name(entry->d_name, name, sizeof name);
        int wrote =
            snprintf(ret + len, size - len, "%s%.16s (%s)", len ? ", " : "", entry->d_name, name);
        if (wrote < 0 || (size_t)wrote >= size - len) {
            ret[len] = '\0';
            return;
        }
        len += (size_t)wrote;
    }
}
