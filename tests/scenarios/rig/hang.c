/*
 * hang.c: a file system that hangs. Preloaded into a program (LD_PRELOAD): stat() and statvfs() of a path below RR_HANG_BELOW
 * do not return while the file RR_HANG_GATE exists. Each such call adds a byte to the file RR_HANG_CALLS.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static void
hang(const char *path)
{
    const char *below = getenv("RR_HANG_BELOW");
    const char *gate = getenv("RR_HANG_GATE");
    const char *calls = getenv("RR_HANG_CALLS");
    if (!below || !gate || !calls || strncmp(path, below, strlen(below)) != 0)
        return;
    int fd = open(calls, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd >= 0) {
        (void)!write(fd, ".", 1);
        close(fd);
    }
    while (access(gate, F_OK) == 0)
        usleep(1000);
}

#define HANGING(name, type)                                                                        \
    int name(const char *path, struct type *ret)                                                   \
    {                                                                                              \
        int (*real)(const char *, struct type *);                                                  \
        *(void **)&real = dlsym(RTLD_NEXT, #name);                                                 \
        hang(path);                                                                                \
        return real(path, ret);                                                                    \
    }

HANGING(stat, stat)
HANGING(statvfs, statvfs)
HANGING(stat64, stat64)
HANGING(statvfs64, statvfs64)
