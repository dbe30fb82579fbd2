/* ending.c: the decision, in the order of its weight. */
#include "migrate/wrap/ending.h"

#include <stdio.h>
#include <sys/wait.h>

#include "common/proc/signals.h"

#define HOW_MAX 64

/* "exited with status 1", "was ended by SIGKILL". */
static const char *
how(const struct ending_facts *f, char buf[HOW_MAX])
{
    char name[SIGNALS_NAME_MAX];
    if (WIFSIGNALED(f->wait_status))
        snprintf(buf, HOW_MAX, "was terminated by SIG%s",
                 signals_name(name, WTERMSIG(f->wait_status)));
    else
        snprintf(buf, HOW_MAX, "exited with status %d", WEXITSTATUS(f->wait_status));
    return buf;
}

enum exit_status
ending_of(const struct ending_facts *f, struct err *e)
{
    char buf[HOW_MAX];
    char name[SIGNALS_NAME_MAX];
    if (f->exec_status) {
        *e = *f->why;
        return EXIT_INPUT;
    }
    if (f->stop_signo) {
        err_set(e, ERR_STOPPED, "terminated by SIG%s; %s %s", signals_name(name, f->stop_signo),
                f->command, how(f, buf));
        return EXIT_SIGNAL;
    }
    if (f->lost) {
        err_set(e, ERR_LOST, "the lock was lost while %s was running: %s", f->command, f->why->msg);
        return EXIT_UNREACHABLE;
    }
    if (f->deadline) {
        err_set(e, ERR_DEADLINE, "deadline exceeded; %s %s", f->command, how(f, buf));
        return EXIT_DEADLINE;
    }
    if (f->lacks && !f->refuse_ahead)
        return EXIT_DONE;
    if (f->lacks) {
        err_set(e, ERR_INPUT, "the database is ahead: %s does not know its revision", f->command);
        return EXIT_DRIFT;
    }
    if (f->wait_status == 0)
        return EXIT_DONE;
    err_set(e, ERR_INPUT, "%s %s", f->command, how(f, buf));
    return EXIT_COMMAND;
}
