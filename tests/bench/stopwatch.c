/*
 * stopwatch.c: runs a command and prints its wall time in microseconds and its peak of resident memory in KiB, on fd 3. A
 * process keeps its parent's peak until exec, so that the parent has to be a small one.
 *
 *     stopwatch COMMAND [ARG…]      the status is the command's, 128 + N for a signal
 */
#include <spawn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static long
now_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000000L + ts.tv_nsec / 1000;
}

int
main(int argc, char **argv)
{
    struct rusage usage;
    pid_t pid;
    int status;
    if (argc < 2)
        return 2;
    long began = now_us();
    if (posix_spawnp(&pid, argv[1], NULL, NULL, argv + 1, environ) != 0) {
        perror(argv[1]);
        return 127;
    }
    if (wait4(pid, &status, 0, &usage) < 0)
        return 127;
    dprintf(3, "%ld %ld\n", now_us() - began, usage.ru_maxrss);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
