/* pause: holds the namespaces of a pod, and is process 1 of the node's own. Waits, collects orphans, ends on SIGTERM or
 * SIGINT. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void
end(int signal_number)
{
    (void)signal_number;
    _exit(0);
}

static void
collect(int signal_number)
{
    (void)signal_number;
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
}

int
main(void)
{
    struct sigaction act = {.sa_handler = end};

    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    act.sa_handler = collect;
    act.sa_flags = SA_NOCLDSTOP;
    sigaction(SIGCHLD, &act, NULL);
    collect(0);
    for (;;)
        pause();
}
