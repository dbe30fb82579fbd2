/*
 * stamp_start.c: a command that notes when it began: `stamp_start FILE [MS]` appends the wall clock and the monotonic one, in ns, to
 * FILE; with MS it then sleeps so long.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static long long
now_ns(clockid_t clock)
{
    struct timespec ts;
    clock_gettime(clock, &ts);
    return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

int
main(int argc, char **argv)
{
    long long wall = now_ns(CLOCK_REALTIME), monotonic = now_ns(CLOCK_MONOTONIC);
    int fd = argc > 1 ? open(argv[1], O_WRONLY | O_CREAT | O_APPEND, 0666) : -1;
    if (fd < 0)
        return 2;
    dprintf(fd, "%lld %lld\n", wall, monotonic);
    if (argc > 2)
        usleep((useconds_t)atoi(argv[2]) * 1000);
    return 0;
}
