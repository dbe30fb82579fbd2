/* outcome.c: the decision, in the order of its weight. */
#include "cronrun/run/outcome.h"

#include <sys/wait.h>

#include "cronrun/options.h"

static struct outcome
outcome_with(enum outcome_kind kind, const char *reason, int status)
{
    return (struct outcome){.kind = kind, .reason = reason, .exit = status, .child_exit = -1};
}

static struct outcome
before_start(const struct outcome_facts *f, const struct outcome_rules *r)
{
    if (f->own_failure)
        return outcome_with(OUTCOME_ERROR, "own_failure", STATUS_OWN);
    if (f->stop_signo)
        return outcome_with(OUTCOME_STOPPED, "stopped_before_start", STATUS_STOPPED);
    if (f->late)
        return outcome_with(OUTCOME_LATE, "late", r->late_status);
    if (f->busy)
        return outcome_with(OUTCOME_SKIPPED, "busy", r->busy_status);
    if (f->busy_failed)
        return outcome_with(OUTCOME_BUSY, "busy", STATUS_BUSY);
    if (f->unreachable)
        return outcome_with(OUTCOME_UNREACHABLE, "lock_unreachable", STATUS_UNREACHABLE);
    return outcome_with(OUTCOME_ERROR, "own_failure", STATUS_OWN);
}

/* The command's own status, or what the options make of it. */
static struct outcome
by_itself(const struct outcome_facts *f, const struct outcome_rules *r)
{
    bool by_signal = WIFSIGNALED(f->wait_status);
    int own = by_signal ? 128 + WTERMSIG(f->wait_status) : WEXITSTATUS(f->wait_status);
    if (f->stop_signo) {
        int status = own == 0 ? STATUS_STOPPED : r->child_status >= 0 ? r->child_status : own;
        return outcome_with(OUTCOME_STOPPED, "stopped", status);
    }
    if (own == 0)
        return outcome_with(OUTCOME_SUCCESS, "exit", 0);
    return outcome_with(OUTCOME_FAILURE, by_signal ? "signal" : "exit",
                        r->child_status >= 0 ? r->child_status : own);
}

struct outcome
outcome_of(const struct outcome_facts *f, const struct outcome_rules *r)
{
    if (!f->started)
        return before_start(f, r);
    struct outcome o;
    if (f->exec_status)
        o = outcome_with(f->exec_status == STATUS_OWN ? OUTCOME_ERROR : OUTCOME_NOT_EXECUTED,
                         f->exec_status == STATUS_NOT_FOUND ? "not_found"
                         : f->exec_status == STATUS_OWN     ? "own_failure"
                                                            : "cannot_execute",
                         f->exec_status);
    else if (f->own_failure)
        o = outcome_with(OUTCOME_ERROR, "own_failure", STATUS_OWN);
    else if (f->lost)
        o = outcome_with(OUTCOME_LOCK_LOST, "lock_lost", STATUS_LOCK_LOST);
    else if (f->deadline)
        o = outcome_with(OUTCOME_DEADLINE, "deadline", STATUS_DEADLINE);
    else
        o = by_itself(f, r);
    if (!f->exec_status && WIFEXITED(f->wait_status))
        o.child_exit = WEXITSTATUS(f->wait_status);
    if (!f->exec_status && WIFSIGNALED(f->wait_status))
        o.child_signal = WTERMSIG(f->wait_status);
    return o;
}

const char *
outcome_name(enum outcome_kind kind)
{
    static const char *const names[OUTCOME_KINDS] = {
        "success", "failure", "skipped",  "busy",  "lock_unreachable", "lock_lost",
        "late",    "stopped", "deadline", "error", "not_executed"};
    return names[kind];
}
