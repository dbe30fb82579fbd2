/* run_report.c: the records of a run and the termination message. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/events.h"
#include "common/base/log.h"
#include "common/proc/termination.h"
#include "cronrun/events.h"
#include "cronrun/run/run_impl.h"

/* Of the command's output in the termination message. */
#define TAIL_MAX 3000u

struct texts {
    char scheduled[CLOCK_RFC3339_MAX];
    char started[CLOCK_RFC3339_MAX];
    char signal[SIGNALS_NAME_MAX];
};

static const char *
instant_text(char *buf, int64_t wall_ms, int digits)
{
    return wall_ms < 0 ? NULL : clock_format_rfc3339(buf, wall_ms * 1000, digits);
}

static struct field
lag_field(const struct run *r)
{
    if (r->scheduled_ms < 0 || r->started_ms < 0)
        return LF_OPT("lag_ms", NULL);
    return LF_INT("lag_ms", r->started_ms - r->scheduled_ms);
}

static struct field
fence_field(const struct run *r)
{
    return r->fence ? LF_UINT("fence", r->fence) : LF_OPT("fence", NULL);
}

static void
report_cgroup(const struct run *r)
{
    const char *why;
    const char *path = command_cgroup(r->command, &why);
    log_debug(
        &event_cgroup,
        LOG_FIELDS(LF_STR("job", r->job), LF_STR("run_id", r->run_id), LF_OPT("cgroup", path)),
        "%s: %s%s", r->job,
        path ? "the command has a cgroup of its own" : "the command has no cgroup of its own: ",
        path ? "" : why);
}

void
run_report_start(const struct run *r, bool first)
{
    struct texts t;
    report_cgroup(r);
    if (!first) {
        log_info(&event_retry_start,
                 LOG_FIELDS(LF_STR("job", r->job), LF_STR("run_id", r->run_id),
                            LF_UINT("attempt", r->attempts),
                            LF_INT("pid", command_pid(r->command))),
                 "%s started again, attempt %llu of %lld", r->job, (unsigned long long)r->attempts,
                 (long long)r->o->retries + 1);
        return;
    }
    log_info(&event_run_start,
             LOG_FIELDS(LF_STR("job", r->job), LF_STR("run_id", r->run_id), fence_field(r),
                        LF_OPT("scheduled", instant_text(t.scheduled, r->scheduled_ms, 0)),
                        LF_STR("started", instant_text(t.started, r->started_ms, 3)), lag_field(r),
                        LF_INT("pid", command_pid(r->command))),
             "%s started", r->job);
}

void
run_report_retry(const struct run *r, bool comes, uint64_t pause_ms)
{
    char how[ERR_MSG_MAX], name[SIGNALS_NAME_MAX],
        next[CLOCK_DURATION_MAX + 32] = "no time is left for another";
    char pause[CLOCK_DURATION_MAX];
    int status = r->facts.wait_status;
    bool by_signal = !r->unstarted && WIFSIGNALED(status);
    bool by_itself = !r->unstarted && !by_signal;
    if (r->unstarted)
        snprintf(how, sizeof(how), "%s", r->error.msg);
    else if (by_signal)
        snprintf(how, sizeof(how), "signal %s", signals_name(name, WTERMSIG(status)));
    else
        snprintf(how, sizeof(how), "exit %d", WEXITSTATUS(status));
    if (comes)
        snprintf(next, sizeof(next), "the next follows in %s",
                 clock_format_duration(pause, pause_ms));
    log_warn(&event_retry,
             LOG_FIELDS(LF_STR("job", r->job), LF_STR("run_id", r->run_id),
                        LF_UINT("attempt", r->attempts),
                        by_itself ? LF_INT("command_exit", WEXITSTATUS(status))
                                  : LF_OPT("command_exit", NULL),
                        LF_OPT("signal", by_signal ? name : NULL),
                        comes ? LF_UINT("delay_ms", pause_ms) : LF_OPT("delay_ms", NULL)),
             "%s: attempt %llu of %lld failed (%s); %s", r->job, (unsigned long long)r->attempts,
             (long long)r->o->retries + 1, how, next);
}

/* ---- the command while it lives ---- */

static void
report_stopping(const struct run *r, int signo)
{
    char name[SIGNALS_NAME_MAX];
    log_info(&event_stopping,
             LOG_FIELDS(LF_STR("job", r->job), LF_STR("run_id", r->run_id),
                        LF_STR("signal", signals_name(name, signo)),
                        LF_UINT("grace_ms", r->o->grace_ms)),
             "%s: stopping the command with %s", r->job, name);
}

static void
report_not_dying(const struct run *r, const struct command_note *note)
{
    log_error(&event_not_dying,
              LOG_FIELDS(LF_STR("job", r->job), LF_STR("run_id", r->run_id),
                         LF_STR("processes", note->processes)),
              "%s: %s: %s", r->job,
              note->denied ? "no permission to terminate processes of another user"
                           : "processes are still alive after SIGKILL",
              note->processes);
}

void
run_report_note(const struct run *r, const struct command_note *note)
{
    switch (note->news) {
    case COMMAND_STATE:
        log_debug(&event_state,
                  LOG_FIELDS(LF_STR("job", r->job),
                             LF_STR("from", supervise_state_name(note->from)),
                             LF_STR("to", supervise_state_name(note->to))),
                  "%s: %s", r->job, supervise_state_name(note->to));
        return;
    case COMMAND_OVERDUE:
        log_warn(&event_deadline,
                 LOG_FIELDS(LF_STR("job", r->job), LF_STR("run_id", r->run_id),
                            LF_UINT("deadline_ms", note->deadline_ms)),
                 "%s: deadline exceeded", r->job);
        return;
    case COMMAND_STOPPING:
        report_stopping(r, note->signo);
        return;
    case COMMAND_LEFT_BEHIND:
        log_warn(&event_left_behind,
                 LOG_FIELDS(LF_STR("job", r->job), LF_STR("run_id", r->run_id),
                            LF_STR("processes", note->processes)),
                 "%s ended and left %s behind", r->job, note->processes);
        return;
    case COMMAND_KILLING:
        log_warn(&event_killing, LOG_FIELDS(LF_STR("job", r->job), LF_STR("run_id", r->run_id)),
                 "%s: killing the remaining processes", r->job);
        return;
    case COMMAND_GUARD_LOST:
        log_error(&event_guard_lost, LOG_FIELDS(LF_STR("job", r->job), LF_STR("run_id", r->run_id)),
                  "%s: the guard was killed; killing the command", r->job);
        return;
    case COMMAND_NOT_DYING:
        report_not_dying(r, note);
        return;
    }
}

void
run_report_bereaved(const struct run *r, pid_t runner)
{
    log_error(&event_runner_killed,
              LOG_FIELDS(LF_STR("job", r->job), LF_STR("run_id", r->run_id), LF_INT("pid", runner)),
              "%s: cronrun (pid %d) was killed, and so was all that was left of the command",
              r->job, (int)runner);
}

/* ---- the end ---- */

static enum log_level
level_of(enum outcome_kind kind)
{
    return kind == OUTCOME_SUCCESS || kind == OUTCOME_SKIPPED ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR;
}

/* "signal KILL", "exit 3": how the command itself ended. */
static void
say_end(const struct run *r, char *buf, size_t size)
{
    char name[SIGNALS_NAME_MAX];
    if (r->outcome.child_signal)
        snprintf(buf, size, "signal %s", signals_name(name, r->outcome.child_signal));
    else
        snprintf(buf, size, "exit %d", r->outcome.child_exit);
}

static void
describe_started(const struct run *r, char *buf, size_t size)
{
    char end[32];
    say_end(r, end, sizeof(end));
    switch (r->outcome.kind) {
    case OUTCOME_SUCCESS:
        snprintf(buf, size, "%s succeeded", r->job);
        return;
    case OUTCOME_LOCK_LOST:
        snprintf(buf, size, "%s stopped because its lock was lost: %s", r->job, r->error.msg);
        return;
    case OUTCOME_DEADLINE:
        snprintf(buf, size, "%s took longer than its deadline (%s)", r->job, end);
        return;
    case OUTCOME_STOPPED:
        snprintf(buf, size, "%s was stopped from outside (%s)", r->job, end);
        return;
    case OUTCOME_NOT_EXECUTED:
    case OUTCOME_ERROR:
        snprintf(buf, size, "%s: %s", r->job, r->error.msg);
        return;
    default:
        snprintf(buf, size, "%s failed (%s)", r->job, end);
        return;
    }
}

static struct field
signal_field(const struct run *r, struct texts *t)
{
    return LF_OPT("signal", r->outcome.child_signal
                                ? signals_name(t->signal, r->outcome.child_signal)
                                : NULL);
}

static void
report_started(const struct run *r, const char *msg)
{
    struct texts t;
    struct rusage used = {0};
    getrusage(RUSAGE_CHILDREN, &used);
    struct field own_exit = r->outcome.child_exit >= 0
                                ? LF_INT("command_exit", r->outcome.child_exit)
                                : LF_OPT("command_exit", NULL);
    log_write(
        level_of(r->outcome.kind), &event_run_end,
        LOG_FIELDS(LF_STR("job", r->job), LF_STR("run_id", r->run_id), fence_field(r),
                   LF_OPT("scheduled", instant_text(t.scheduled, r->scheduled_ms, 0)),
                   LF_STR("started", instant_text(t.started, r->started_ms, 3)), lag_field(r),
                   LF_UINT("duration_ms", r->took_ms),
                   r->o->retries ? LF_UINT("attempts", r->attempts) : LF_OPT("attempts", NULL),
                   LF_STR("outcome", outcome_name(r->outcome.kind)),
                   LF_STR("reason", r->outcome.reason), LF_INT("exit", r->outcome.exit), own_exit,
                   signal_field(r, &t), LF_UINT("max_rss_bytes", (uint64_t)used.ru_maxrss * 1024),
                   LF_INT("user_ms", used.ru_utime.tv_sec * 1000 + used.ru_utime.tv_usec / 1000),
                   LF_INT("system_ms", used.ru_stime.tv_sec * 1000 + used.ru_stime.tv_usec / 1000)),
        "%s", msg);
}

void
run_report_holder(const struct lease_holder *h, char *buf, size_t size)
{
    char pid[32] = "";
    if (h->pid)
        snprintf(pid, sizeof(pid), ", pid %ld", h->pid);
    snprintf(buf, size, "%s%s%s%s%s%s%s", h->host[0] ? h->host : "another", pid,
             h->since[0] ? ", since " : "", h->since, h->run_id[0] ? ", run " : "", h->run_id,
             h->unseen ? ", which cannot be seen from here (it is in another container, or gone)"
                       : "");
}

/* "busy: held by web-1, pid 12, since …, run …". */
static void
describe_not_started(const struct run *r, char *buf, size_t size)
{
    const struct lease_holder *h = &r->holder;
    bool busy = r->outcome.kind == OUTCOME_SKIPPED || r->outcome.kind == OUTCOME_BUSY;
    if (!busy) {
        snprintf(buf, size, "%s not started: %s", r->job,
                 r->error.msg[0] ? r->error.msg : outcome_name(r->outcome.kind));
        return;
    }
    const char *word = r->outcome.kind == OUTCOME_SKIPPED ? "skipped" : "not started";
    if (h->host[0] && h->pids[0])
        snprintf(buf, size,
                 "%s %s: the runner on %s with pid %ld is gone, but these still hold its lock: %s",
                 r->job, word, h->host, h->pid, h->pids);
    else {
        char who[HOLDER_MAX];
        run_report_holder(h, who, sizeof(who));
        snprintf(buf, size, "%s %s: held by %s", r->job, word, who);
    }
}

static void
report_not_started(const struct run *r, const char *msg)
{
    struct texts t;
    const struct lease_holder *h = &r->holder;
    log_write(level_of(r->outcome.kind),
              r->outcome.kind == OUTCOME_SKIPPED ? &event_run_skipped : &event_run_refused,
              LOG_FIELDS(LF_STR("job", r->job), LF_STR("run_id", r->run_id),
                         LF_OPT("scheduled", instant_text(t.scheduled, r->scheduled_ms, 0)),
                         LF_STR("outcome", outcome_name(r->outcome.kind)),
                         LF_STR("reason", r->outcome.reason), LF_INT("exit", r->outcome.exit),
                         LF_OPT("holder_host", h->host),
                         h->pid ? LF_INT("holder_pid", h->pid) : LF_OPT("holder_pid", NULL),
                         LF_OPT("holder_since", h->since), LF_OPT("holder_run_id", h->run_id),
                         LF_OPT("holder_pids", h->pids)),
              "%s", msg);
}

void
run_report_tail(const struct run *r, size_t max_bytes, const char *msg, struct strbuf *out)
{
    if (r->output)
        output_last(r->output, max_bytes, out);
    char *line = out->len == max_bytes ? memchr(out->data, '\n', out->len) : NULL;
    if (line) { /* the first one is cut */
        size_t cut = (size_t)(line + 1 - out->data);
        memmove(out->data, line + 1, out->len - cut + 1);
        out->len -= cut;
    }
    if (out->len > 0 && out->data[out->len - 1] != '\n')
        strbuf_addc(out, '\n');
    strbuf_adds(out, msg);
}

void
run_report_message(const struct run *r, char *buf, size_t size)
{
    if (r->started_ms >= 0)
        describe_started(r, buf, size);
    else
        describe_not_started(r, buf, size);
}

void
run_report_end(const struct run *r)
{
    struct texts t;
    cleanup_strbuf struct strbuf tail = STRBUF_INIT;
    char msg[LOG_LINE_MAX / 2];
    run_report_message(r, msg, sizeof(msg));
    if (r->started_ms >= 0)
        report_started(r, msg);
    else
        report_not_started(r, msg);
    run_report_tail(r, TAIL_MAX, msg, &tail);
    struct field fence = fence_field(r);
    struct field signal = signal_field(r, &t);
    const struct field fields[] = {
        LF_STR("program", "cronrun"),
        LF_STR("job", r->job),
        LF_STR("run_id", r->run_id),
        LF_STR("outcome", outcome_name(r->outcome.kind)),
        LF_STR("reason", r->outcome.reason),
        LF_INT("exit", r->outcome.exit),
        LF_STR("signal", signal.v.s),
        fence.type == FIELD_OPT ? LF_NULL("fence") : fence,
        LF_STR("scheduled", instant_text(t.scheduled, r->scheduled_ms, 0)),
        LF_STR("started", instant_text(t.started, r->started_ms, 3)),
        LF_UINT("duration_ms", r->took_ms),
        LF_TAIL("tail", strbuf_str(&tail)),
    };
    struct err e;
    if (termination_write(r->o->termination_log, fields, sizeof(fields) / sizeof(fields[0]), &e) <
        0)
        log_warn(&event_termination_log, LOG_NONE, "%s", e.msg);
}
