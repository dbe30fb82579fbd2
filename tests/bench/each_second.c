/*
 * each_second.c: the least that a daemon can be, for comparison: `each_second COMMAND [ARG…]` starts it at each whole second, with
 * nothing between the clock and posix_spawn(3), until it is killed.
 */
#include <signal.h>
#include <spawn.h>
#include <time.h>

extern char **environ;

int
main(int argc, char **argv)
{
    struct timespec at;
    if (argc < 2)
        return 2;
    signal(SIGCHLD, SIG_IGN);
    clock_gettime(CLOCK_REALTIME, &at);
    at.tv_nsec = 0;
    for (;;) {
        pid_t pid;
        at.tv_sec++;
        while (clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &at, NULL) != 0)
            continue;
        if (posix_spawnp(&pid, argv[1], NULL, NULL, argv + 1, environ) != 0)
            return 1;
    }
}
