/*
 * nasty.c: a command that behaves badly. Each word of its arguments is done in order; without an end it waits for ever.
 *
 * deaf          ignores TERM, INT, HUP, QUIT, USR1, USR2
 * zero          says 0 when TERM comes
 * setsid        a session of its own
 * owner         becomes the user of its file, which is set-id
 * away          fork; the parent ends, so the rest is an orphan's
 * spawn         fork; the child does the rest, the parent waits for ever
 * left          fork; the child does what follows up to "/", the parent what follows after it
 * many=N        N children do the rest, the parent waits for ever
 * chain=N       N generations: each forks the next one and ends; the last does the rest
 * bomb=N        forks in a tree of depth N (2^N processes), each waits for ever
 * orphans=N     N orphans that end at once
 * stop          stops itself
 * ready         prints "ready PID"
 * stamp=FILE    writes the monotonic time (in ns) to FILE every few milliseconds, until it dies
 * ms=N          sleeps
 * exit=N die=N  the end
 * fds           prints its descriptors
 * masks         prints the blocked and ignored signals
 * catch         prints each signal that comes, by its number
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void
sleep_ms(long ms)
{
    struct timespec left = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&left, &left) < 0) {
    }
}

static _Noreturn void
wait_for_ever(void)
{
    for (;;)
        pause();
}

static void
say_zero(int signo)
{
    (void)signo;
    _exit(0);
}

static void
say_signal(int signo)
{
    char text[16];
    int n = snprintf(text, sizeof(text), "got %d\n", signo);
    ssize_t wrote = write(1, text, (size_t)n);
    (void)wrote;
}

static void
deaf(void)
{
    static const int all[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        signal(all[i], SIG_IGN);
}

static void
bomb(int depth)
{
    for (; depth > 0; depth--)
        if (fork() < 0)
            break;
    wait_for_ever();
}

static void
orphans(int n)
{
    if (fork() != 0)
        return;
    for (int i = 0; i < n; i++)
        if (fork() == 0) {
            sleep_ms(5);
            _exit(i % 256);
        }
    _exit(0);
}

static void
chain(int n)
{
    for (; n > 0; n--)
        if (fork() > 0)
            _exit(0);
}

/* In lines of 64 bytes: what is written across a page is cut off there by SIGKILL. */
static _Noreturn void
stamp(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
    for (;;) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        dprintf(fd, "%-19lld %-43s\n", now.tv_sec * 1000000000LL + now.tv_nsec,
                getenv("CRONRUN_RUN_ID"));
        sleep_ms(3);
    }
}

static void
print_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    printf("fds");
    for (struct dirent *d; (d = readdir(dir));)
        if (d->d_name[0] != '.' && atoi(d->d_name) != dirfd(dir))
            printf(" %s", d->d_name);
    printf("\n");
    fflush(stdout);
    closedir(dir);
}

static void
print_masks(void)
{
    char line[128];
    FILE *f = fopen("/proc/self/status", "r");
    while (fgets(line, sizeof(line), f))
        if (strncmp(line, "SigBlk", 6) == 0 || strncmp(line, "SigIgn", 6) == 0)
            fputs(line, stdout);
    fflush(stdout);
    fclose(f);
}

/* After "word=". */
static const char *
value(const char *word, const char *name)
{
    size_t len = strlen(name);
    return strncmp(word, name, len) == 0 && word[len] == '=' ? word + len + 1 : NULL;
}

static void
do_plain(const char *word)
{
    if (strcmp(word, "deaf") == 0) {
        deaf();
    } else if (strcmp(word, "zero") == 0) {
        signal(SIGTERM, say_zero);
    } else if (strcmp(word, "setsid") == 0) {
        setsid();
    } else if (strcmp(word, "owner") == 0) {
        if (setresuid(geteuid(), geteuid(), geteuid()) < 0)
            _exit(98);
    } else if (strcmp(word, "away") == 0) {
        if (fork() > 0)
            _exit(0);
    } else if (strcmp(word, "spawn") == 0) {
        if (fork() > 0)
            wait_for_ever();
    } else if (strcmp(word, "stop") == 0) {
        raise(SIGSTOP);
    } else if (strcmp(word, "ready") == 0) {
        printf("ready %d\n", (int)getpid());
        fflush(stdout);
    } else if (strcmp(word, "fds") == 0) {
        print_fds();
    } else if (strcmp(word, "masks") == 0) {
        print_masks();
    } else if (strcmp(word, "catch") == 0) {
        for (int signo = 1; signo < 32; signo++)
            signal(signo, say_signal);
    } else {
        fprintf(stderr, "nasty: what is %s?\n", word);
        _exit(99);
    }
}

static void
do_word(const char *word)
{
    const char *v;
    if ((v = value(word, "many"))) {
        for (int n = atoi(v); n >= 0; n--)
            if (n == 0)
                wait_for_ever();
            else if (fork() == 0)
                return;
    } else if ((v = value(word, "chain"))) {
        chain(atoi(v));
    } else if ((v = value(word, "bomb"))) {
        bomb(atoi(v));
    } else if ((v = value(word, "orphans"))) {
        orphans(atoi(v));
    } else if ((v = value(word, "stamp"))) {
        stamp(v);
    } else if ((v = value(word, "ms"))) {
        sleep_ms(atol(v));
    } else if ((v = value(word, "exit"))) {
        exit(atoi(v));
    } else if ((v = value(word, "die"))) {
        signal(atoi(v), SIG_DFL);
        raise(atoi(v));
    } else {
        do_plain(word);
    }
}

int
main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "/") == 0)
            break;
        if (strcmp(argv[i], "left") == 0) {
            fflush(stdout);
            if (fork() > 0)
                while (i + 1 < argc && strcmp(argv[i + 1], "/") != 0)
                    i++;
            if (i + 1 < argc && strcmp(argv[i + 1], "/") == 0)
                i++;
            continue;
        }
        do_word(argv[i]);
    }
    wait_for_ever();
}
