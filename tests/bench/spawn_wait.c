/*
 * spawn_wait.c: the least that a wrapper can be, for comparison: `spawn_wait COMMAND [ARG…]` starts it, waits for it and passes its
 * status on. `spawn_wait -k COMMAND [ARG…]` puts it into a session of its own, waits for a line on standard input, kills every process
 * that is below it, as fast as a loop that knows nothing of them can, and prints the microseconds that took.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
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

static int
status_of(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The parent of a process, 0 when it has gone. */
static pid_t
parent_of(const char *pid)
{
    char path[64], text[512];
    int ppid = 0;
    snprintf(path, sizeof(path), "/proc/%.16s/stat", pid);
    FILE *f = fopen(path, "r");
    if (!f)
        return 0;
    size_t len = fread(text, 1, sizeof(text) - 1, f);
    text[len] = '\0';
    fclose(f);
    const char *end = strrchr(text, ')');
    if (!end || sscanf(end + 1, " %*c %d", &ppid) != 1)
        return 0;
    return ppid;
}

/* Kills the children of `parent`; we are a subreaper, so that theirs come to us. */
static void
kill_children(pid_t parent)
{
    DIR *proc = opendir("/proc");
    for (const struct dirent *d; proc && (d = readdir(proc));)
        if (isdigit((unsigned char)d->d_name[0]) && parent_of(d->d_name) == parent)
            kill(atoi(d->d_name), SIGKILL);
    if (proc)
        closedir(proc);
}

static int
kill_all(void)
{
    char line[16];
    if (!fgets(line, sizeof(line), stdin))
        return 2;
    long began = now_us();
    for (pid_t pid = 0; pid >= 0 || errno != ECHILD;) {
        if (pid == 0)
            kill_children(getpid());
        pid = waitpid(-1, NULL, WNOHANG);
    }
    printf("%ld\n", now_us() - began);
    return 0;
}

int
main(int argc, char **argv)
{
    int status, kills = argc > 1 && strcmp(argv[1], "-k") == 0;
    if (argc < 2 + kills)
        return 2;
    if (kills)
        prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t pid = fork();
    if (pid == 0) {
        if (kills)
            setsid();
        execvp(argv[1 + kills], argv + 1 + kills);
        _exit(127);
    }
    if (pid < 0)
        return 125;
    if (kills)
        return kill_all();
    return waitpid(pid, &status, 0) < 0 ? 125 : status_of(status);
}
